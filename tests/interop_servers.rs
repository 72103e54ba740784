//! This agent against other people's servers: the official ndt7 server and LibreSpeed's, each behind a link shaped by the
//! kernel, the truth read from the link's own counters.
//!
//! Needs root (network namespaces), iproute2 and util-linux, and the servers in `$SONDE_ECOLE_PEERS` (a directory) or on
//! `PATH`; says `skipped: …` where one is missing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fs;

use common::lab::{Beside, Kind, Link, agent_with, missing_for};
use common::peer_or_say;

/// The server's port: the mire's own is 8080.
const PORT: u16 = 8081;
/// Fast enough for several streams, slow enough that this machine is no bottleneck.
const LINK: Link = Link { down_mbps: 40.0, up_mbps: 20.0, rtt_ms: 0 };
/// How far the reported rate may lie from the link's counters over the same time.
const TOLERANCE: f64 = 0.02;

/// Measures both ways against a server that `command` starts.
fn agrees(command: &str, protocol: &str, path: &str) {
    if let Some(missing) = missing_for(Kind::TokenBucket) {
        println!("skipped: {missing}");
        return;
    }
    let mire = format!("{protocol}+http://{{BASE}}:{PORT}{path}");
    let arguments = ["run", "--format", "json", "--only", "link,latency,download,upload", "--mire", &mire];
    let run = agent_with(Kind::TokenBucket, LINK, Some(Beside { command, port: PORT }), &arguments)
        .unwrap_or_else(|error| panic!("{error}"));
    println!("round trip: {} µs", run.value("latency")["median_us"]);
    for probe in ["download", "upload"] {
        let value = run.value(probe);
        assert_eq!(value["protocol"], protocol, "{value:#}");
        let (measured, truth) = (value["ip_rate_bps"].as_f64().unwrap(), run.truth_bps(probe));
        let error = measured / truth - 1.0;
        println!(
            "{protocol} {probe}: counters {:.3} Mbit/s, reported {:.3} ({:+.2} %), {} streams, counted at {}, stop {}",
            truth / 1e6,
            measured / 1e6,
            error * 100.0,
            value["streams"],
            value["counted_at"],
            value["stop"],
        );
        println!("caveats: {}", run.report["measurements"][probe]["outcome"]["caveats"]);
        assert!(error.abs() <= TOLERANCE, "{probe}: {measured} against {truth}: {value:#}\n{}", run.logs);
    }
}

#[test]
fn the_agent_tells_the_links_rate_against_the_official_ndt7_server() {
    let Some(server) = peer_or_say("ndt-server", "https://github.com/m-lab/ndt-server") else { return };
    let directory = tempfile::tempdir().unwrap();
    // What it listens on besides is kept to loopback.
    let others = ["ndt7_addr", "ndt5_addr", "ndt5_ws_addr", "ndt5_wss_addr", "health_addr"];
    let others = others.map(|name| format!("-{name} 127.0.0.1:0")).join(" ");
    let command = format!(
        "'{}' -ndt7_addr_cleartext :{PORT} {others} -prometheusx.listen-address 127.0.0.1:0 -datadir '{}'",
        server.display(),
        directory.path().display(),
    );
    agrees(&command, "ndt7", "/");
}

#[test]
fn the_agent_tells_the_links_rate_against_librespeeds_own_server() {
    let home = "https://github.com/librespeed/speedtest-go";
    let Some(server) = peer_or_say("speedtest-go", home) else { return };
    let directory = tempfile::tempdir().unwrap();
    let settings = directory.path().join("settings.toml");
    // A place of its own, so that it asks nobody where it is.
    let text = format!(
        "bind_address=\"\"\nlisten_port={PORT}\nproxyprotocol_port=0\nserver_lat=1\nserver_lng=1\n\
         database_type=\"none\"\nenable_tls=false\nenable_http2=false\n"
    );
    fs::write(&settings, text).unwrap();
    let command = format!("'{}' -c '{}'", server.display(), settings.display());
    agrees(&command, "librespeed", "/backend/");
}
