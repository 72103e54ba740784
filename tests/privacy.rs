//! What leaves the machine in a full run, read off the wire: nothing of the school, of the person or of the machine, and the
//! proxy's password no further than the proxy.
//!
//! Everything is in clear (HTTP services, mires without TLS), so that the capture shows it all; TLS would only hide what is
//! looked for. Needs root (network namespaces), iproute2, util-linux, tcpdump, dnsmasq, tinyproxy; says `skipped: …` where
//! one is missing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use common::lab::{Kind, binary, missing_for, missing_tool};
use serde_json::Value;

const UAI: &str = "9999991F";
const SITE: &str = "Batiment-des-Tilleuls";
const REQUESTER: &str = "Camille-Personne";
const SSID: &str = "ecole-tilleuls";
const LOGIN: &str = "login-de-camille";
const HOST: &str = "poste-de-camille";
const PASSWORD: &str = "un-secret-de-proxy";
/// `ecole:` and the password as Basic authentication writes them (RFC 7617).
const BASIC: &str = "ZWNvbGU6dW4tc2VjcmV0LWRlLXByb3h5";

/// A service in clear beside the catalogue's.
const SERVICES: &str = r#"
[[endpoint]]
id = "ent-local"
label = "ENT"
kind = "ent"
urls = ["http://ent.example:8080/"]
source = "test"
"#;
/// A control target that answers in this school.
const CONTROL: &str = r#"
[[control]]
url = "http://mire.example:8080/nothing"
status = 404
"#;

/// What one run in the school left behind.
struct Seen {
    /// On the machine's cable.
    cable: Vec<u8>,
    /// Beyond the box.
    line: Vec<u8>,
    report: Value,
}

/// One school at a time: three would share the machine's cores, and a capture must be whole.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs the agent in a school, every probe, with all that it may be told about school and person; what was on the wire.
fn watched(arguments: &[&str], environment: &[(&str, &str)]) -> Seen {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().unwrap();
    let services = written(out.path(), "services.toml", SERVICES);
    let configuration = written(out.path(), "config.toml", CONTROL);
    let finished = Command::new("unshare")
        .args(["--net", "--mount", "--uts", "bash", "-c", "hostname \"$0\" && exec bash \"$@\"", HOST])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/school.sh"))
        .arg(out.path())
        .arg(binary())
        .args(["run", "--format", "json", "--uai", UAI, "--site", SITE, "--size", "small", "--ssid", SSID])
        .args(["--mire", "ndt7+http://mire.example:8080/", "--mire", "librespeed+http://mire.example:8080/"])
        .args(["--until", "1", "--max-bytes", "8M", "--dns-reference", "10.2.0.2"])
        .arg("--endpoints")
        .arg(services)
        .arg("--config")
        .arg(configuration)
        .args(arguments)
        .env("SCHOOL_MIRE", binary())
        .envs([("SCHOOL_LAN", "0"), ("SCHOOL_LINE", "0"), ("SCHOOL_FAULT", "none")])
        .envs([("SCHOOL_DNS", "1"), ("SCHOOL_PROXY", PASSWORD), ("SCHOOL_CAPTURE", "1")])
        .envs([("USER", LOGIN), ("LOGNAME", LOGIN), ("SONDE_ECOLE_REQUESTER", REQUESTER)])
        .envs(environment.iter().copied())
        .env("SONDE_ECOLE_STATE", out.path())
        .output()
        .unwrap();
    let read = |name: &str| fs::read(out.path().join(name)).unwrap_or_default();
    for said in ["school.tcpdump", "line.tcpdump"] {
        let said = String::from_utf8_lossy(&read(said)).into_owned();
        assert!(said.contains("\n0 packets dropped by kernel"), "the capture is not whole: {said}");
    }
    let text = String::from_utf8_lossy(&read("stdout")).into_owned();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| {
        let (ours, outer) = (read("stderr"), String::from_utf8_lossy(&finished.stderr).into_owned());
        panic!("no report ({error}): {}\n{outer}", String::from_utf8_lossy(&ours))
    });
    // Shown where a test fails: what the box's parts had to say.
    for log in ["dnsmasq.log", "tinyproxy.log", "mire.log"] {
        println!("{log}: {}", String::from_utf8_lossy(&read(log)));
    }
    Seen { cable: read("school.pcap"), line: read("line.pcap"), report }
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file
}

/// Whether a text is in the bytes, whatever its case.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

fn skipped() -> bool {
    let missing =
        missing_for(Kind::TokenBucket).or_else(|| missing_tool(&["tcpdump", "dnsmasq", "tinyproxy"]));
    if let Some(missing) = &missing {
        println!("skipped: {missing}");
    }
    missing.is_some()
}

/// Each probe that found something to measure, so that a run that sent nothing proves nothing.
fn assert_that_it_ran(report: &Value) {
    let measurements = &report["measurements"];
    for probe in ["link", "latency", "download", "upload"] {
        assert_eq!(
            measurements[probe]["outcome"]["status"], "measured",
            "{probe}: {:#}",
            measurements[probe]
        );
    }
    for (probe, least) in [("dns", 2), ("endpoints", 7)] {
        let found = measurements[probe].as_array().map_or(0, Vec::len);
        assert!(found >= least, "{probe}: {found}");
    }
}

#[test]
fn a_full_run_tells_the_network_nothing_about_school_person_or_machine() {
    if skipped() {
        return;
    }
    let seen = watched(&["--profile", "resources", "--ntp", "gateway"], &[]);
    assert_that_it_ran(&seen.report);
    assert_eq!(seen.report["site"]["uai"], UAI, "it was told: {:#}", seen.report["site"]);
    for (side, bytes) in [("cable", &seen.cable), ("line", &seen.line)] {
        assert!(holds(bytes, "User-Agent: sonde-ecole/"), "the {side}'s capture holds the agent's requests");
        for secret in [UAI, SITE, REQUESTER, SSID, LOGIN, HOST, "9999991", "tilleuls", "camille"] {
            assert!(!holds(bytes, secret), "{secret} was sent over the {side}");
        }
    }
    assert!(holds(&seen.cable, "\u{3}ent\u{7}example"), "the capture holds the questions for names");
}

#[test]
fn the_code_of_the_school_is_seen_where_the_user_asked_for_a_name_that_holds_it() {
    if skipped() {
        return;
    }
    // The same search finds what is there: Pronote's host is named after the school, and only asked for when wanted.
    let seen = watched(&["--ent", "pronote", "--only", "dns,endpoints"], &[]);
    assert!(holds(&seen.cable, UAI));
}

/// Packets in a capture (libpcap's format, Ethernet) that go to the DNS port, over UDP or TCP, IPv4.
fn questions(capture: &[u8]) -> usize {
    /// The capture's own header, then each packet's, then Ethernet's.
    const HEADERS: [usize; 3] = [24, 16, 14];
    let mut packets = &capture[HEADERS[0]..];
    let mut found = 0;
    while packets.len() > HEADERS[1] {
        // tcpdump writes in the machine's byte order.
        let length = u32::from_ne_bytes(packets[8..12].try_into().unwrap()) as usize;
        let frame = &packets[HEADERS[1]..HEADERS[1] + length];
        let ip = &frame[HEADERS[2].min(length)..];
        let is_ipv4 = frame.len() > HEADERS[2] && frame[12..14] == [8, 0];
        let transport = ip.first().map_or(0, |first| usize::from(first & 0xf) * 4);
        let port = ip.get(transport + 2..transport + 4).map(|port| u16::from_be_bytes([port[0], port[1]]));
        found += usize::from(is_ipv4 && matches!(ip[9], 6 | 17) && port == Some(53));
        packets = &packets[HEADERS[1] + length..];
    }
    found
}

#[test]
fn behind_a_proxy_no_name_is_asked_and_every_probe_goes_through_or_says_that_it_cannot() {
    if skipped() {
        return;
    }
    let address = format!("http://ecole:{PASSWORD}@10.1.0.1:8888");
    let seen =
        watched(&["--skip", "dns,wifi", "--ntp", "temps.example"], &[("HTTPS_PROXY", address.as_str())]);
    assert!(holds(&seen.cable, "http://mire.example:8080/"), "names are handed to the proxy");
    assert_eq!(questions(&seen.cable), 0, "a name was asked of the school's resolver");
    assert!(questions(&seen.line) == 0 && seen.line.len() > 10_000, "the box resolves by itself");
    let measurements = &seen.report["measurements"];
    let outcome = |probe: &str| &measurements[probe]["outcome"];
    for probe in ["internet", "download", "upload"] {
        let caveats =
            outcome(probe)["caveats"].as_array().unwrap_or_else(|| panic!("{probe}: {:#}", outcome(probe)));
        assert!(caveats.iter().any(|caveat| caveat["code"] == "through_proxy"), "{probe}: {caveats:?}");
    }
    for probe in ["latency", "path", "responsiveness", "ntp"] {
        assert_eq!(
            outcome(probe)["reason"]["code"],
            "not_through_proxy",
            "{probe}: {:#}",
            measurements[probe]
        );
    }
    // The box stands before the proxy, and needs no name.
    for probe in ["link", "gateway"] {
        assert_eq!(outcome(probe)["status"], "measured", "{probe}: {:#}", measurements[probe]);
    }
    let services = measurements["endpoints"].as_array().unwrap();
    let local = services.iter().find(|one| one["outcome"]["value"]["id"] == "ent-local").unwrap();
    assert_eq!(local["outcome"]["value"]["state"], "reachable_via_proxy", "{local:#}");
    for service in services {
        let caveats = service["outcome"]["caveats"].as_array().unwrap();
        assert!(caveats.iter().any(|caveat| caveat["code"] == "through_proxy"), "{service:#}");
    }
    // None is left out: what else a run may hold was not asked for (the school's own mire, resolvers, radios) or is not
    // there (announced proxies).
    let known = [
        "link",
        "internet",
        "latency",
        "gateway",
        "download",
        "upload",
        "responsiveness",
        "endpoints",
        "path",
        "ntp",
        "dns",
        "wifi",
    ];
    let held = measurements.as_object().unwrap();
    let more: Vec<_> = held.keys().filter(|probe| !known.contains(&probe.as_str())).collect();
    assert!(more.is_empty(), "{more:?}");
}

#[test]
fn the_proxys_password_goes_to_the_proxy_and_no_further() {
    if skipped() {
        return;
    }
    let address = format!("http://ecole:{PASSWORD}@10.1.0.1:8888");
    let seen = watched(&["--ntp", "gateway"], &[("HTTPS_PROXY", address.as_str())]);
    let measurements = &seen.report["measurements"];
    assert_eq!(measurements["download"]["outcome"]["status"], "measured", "{:#}", measurements["download"]);
    assert!(holds(&seen.cable, BASIC), "the proxy was given it");
    assert!(holds(&seen.line, "User-Agent: sonde-ecole/"), "requests went on");
    for secret in [BASIC, PASSWORD, "Proxy-Authorization"] {
        assert!(!holds(&seen.line, secret), "{secret} went beyond the proxy");
    }
    let report = seen.report.to_string();
    for secret in [BASIC, PASSWORD] {
        assert!(!report.contains(secret), "{secret} stands in the report");
    }
}
