//! The link lab: the real agent and the real mire on emulated links, the truth read from the link's own counters.
//!
//! Needs root (network namespaces), iproute2, util-linux and rattan; says `skipped: …` where one is missing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// An emulated link.
#[derive(Debug, Clone, Copy)]
struct Link {
    down_mbps: f64,
    up_mbps: f64,
    rtt_ms: u32,
}

impl Link {
    /// Packets the bottleneck's queue holds: one bandwidth-delay product, at least 40 (a small box's buffer).
    fn queue(self) -> u32 {
        let bdp = self.down_mbps * 1e6 * f64::from(self.rtt_ms) / 1e3 / 8.0 / 1500.0;
        (bdp as u32).max(40)
    }
}

/// What one run left behind.
struct Run {
    report: Value,
    stderr: String,
    status: i32,
    wall_s: f64,
    /// The link's counters at the school's end and at the mire's.
    school: Vec<Counters>,
    mire: Vec<Counters>,
}

/// Time (s), received bytes and packets of the interface, sent bytes and packets.
type Counters = [f64; 5];

/// Ethernet's header, counted by the interface's byte counter and no part of the IP packet.
const ETHERNET_HEADER: f64 = 14.0;

impl Run {
    fn verdict<'a>(&'a self, requirement: &str) -> &'a Value {
        self.report["assessment"]["verdicts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|verdict| verdict["requirement"] == requirement)
            .unwrap_or_else(|| panic!("no verdict on {requirement}: {}", self.report))
    }

    fn value(&self, probe: &str) -> &Value {
        let measurement = &self.report["measurements"][probe];
        assert_eq!(measurement["outcome"]["status"], "measured", "{probe}: {measurement:#}\n{}", self.stderr);
        &measurement["outcome"]["value"]
    }

    /// The IP-layer rate that the link's counters saw while `probe` measured, bit/s. The ramp and its tail
    /// (half a second: the queue filling) are left out.
    fn truth_bps(&self, probe: &str) -> f64 {
        let measurement = &self.report["measurements"][probe];
        let start: jiff::Timestamp = measurement["started_at"].as_str().unwrap().parse().unwrap();
        let start = start.as_millisecond() as f64 / 1e3;
        let value = self.value(probe);
        let from = start + value["ramp_ms"].as_f64().unwrap() / 1e3 + 0.5;
        let to = start + value["elapsed_ms"].as_f64().unwrap() / 1e3;
        // Where the bytes arrive: what a sender's interface counts may still be dropped by the link's queue.
        let counters = if probe == "download" { &self.school } else { &self.mire };
        let steady: Vec<_> = counters.iter().filter(|row| row[0] >= from && row[0] <= to).collect();
        let (first, last) = (steady.first().expect("samples in the window"), steady.last().unwrap());
        let octets = last[1] - first[1] - ETHERNET_HEADER * (last[2] - first[2]);
        octets * 8.0 / (last[0] - first[0])
    }
}

/// Why the lab cannot run here, if it cannot.
fn missing() -> Option<String> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !root {
        return Some("the link lab needs root (network namespaces)".into());
    }
    for tool in ["rattan", "unshare", "ip", "bash", "sysctl"] {
        if Command::new(tool).arg("--help").output().is_err() {
            return Some(format!("the link lab needs {tool}"));
        }
    }
    let probe = Command::new("unshare")
        .args(["--net", "sysctl", "-qw", "net.ipv4.tcp_congestion_control=cubic"])
        .output()
        .unwrap();
    (!probe.status.success())
        .then(|| "the link lab pins cubic: net.ipv4.tcp_allowed_congestion_control must list it".into())
}

fn binary() -> PathBuf {
    std::env::var_os("SONDE_ECOLE_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_sonde-ecole").into(), PathBuf::from)
}

/// One link at a time: two would share the machine's cores and measure each other.
static LAB: Mutex<()> = Mutex::new(());

/// Runs the agent behind a link made by `script`; `{BASE}` in an argument is the mire's host.
fn behind(script: &str, link: Link, arguments: &[&str]) -> Run {
    let _alone = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(script);
    let finished = Command::new("unshare")
        .args(["--net", "--mount", "bash"])
        .arg(script)
        .arg(binary())
        .arg(out.path())
        .args([format!("{}Mbps", link.down_mbps), format!("{}Mbps", link.up_mbps)])
        .args([(link.rtt_ms / 2).to_string(), link.queue().to_string(), "--".to_owned()])
        .args(arguments)
        .env("SONDE_ECOLE_STATE", out.path())
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap_or_default();
    let logs = || {
        format!(
            "{}\n{}\n{}\n{}",
            read("stderr"),
            read("mire.log"),
            read("rattan.log"),
            String::from_utf8_lossy(&finished.stderr)
        )
    };
    let report = serde_json::from_str(&read("report.json")).unwrap_or_else(|error| {
        panic!("{link:?}: no report ({error}):\n{}\n{}", read("report.json"), logs())
    });
    let counters = |name: &str| -> Vec<Counters> {
        let row = |line: &str| {
            let mut cells = line.split(' ').map(|text| text.parse().unwrap());
            std::array::from_fn(|_| cells.next().unwrap_or_default())
        };
        read(name).lines().map(row).collect()
    };
    Run {
        report,
        stderr: read("stderr"),
        status: read("status").trim().parse().unwrap_or_else(|_| panic!("no exit status: {}", logs())),
        wall_s: read("wall").trim().parse().unwrap(),
        school: counters("counters.school"),
        mire: counters("counters.mire"),
    }
}

/// The arguments of a run that measures the rate alone.
fn rate_only(size: &str) -> Vec<&str> {
    let mut arguments = vec!["run", "--format", "json", "--only", "link,latency,download"];
    arguments.extend(["--mire", "ndt7+http://{BASE}:8080/"]);
    if !size.is_empty() {
        arguments.extend(["--size", size]);
    }
    arguments
}

/// Whether a verdict gives this reason.
fn gives(verdict: &Value, reason: &str) -> bool {
    verdict["reasons"].as_array().unwrap().iter().any(|code| code == reason)
}

/// Asserts that the reported rate is the link's own within `tolerance`, and prints both.
fn assert_true_rate(run: &Run, probe: &str, link: Link, tolerance: f64) {
    let truth = run.truth_bps(probe);
    let measured = run.value(probe)["ip_rate_bps"].as_f64().unwrap();
    let error = measured / truth - 1.0;
    println!(
        "{probe} {link:?}: counters {:.3} Mbit/s, reported {:.3} ({:+.2} %)",
        truth / 1e6,
        measured / 1e6,
        error * 100.0
    );
    assert!(error.abs() <= tolerance, "{probe} {link:?}: {measured} against {truth}: {:#}", run.value(probe));
}

#[test]
fn the_lab_tells_the_links_rate_and_the_schools_verdict() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    // Size, what must be said of the rate, and the exit code that goes with it when nothing else is asked.
    let table = [
        (Link { down_mbps: 4.0, up_mbps: 1.0, rtt_ms: 60 }, "small", "not_met", 1),
        (Link { down_mbps: 10.0, up_mbps: 2.0, rtt_ms: 50 }, "small", "met", 0),
        (Link { down_mbps: 10.0, up_mbps: 2.0, rtt_ms: 50 }, "large", "not_met", 1),
        // At the limit: the threshold is the link's own rate.
        (Link { down_mbps: 10.0, up_mbps: 2.0, rtt_ms: 20 }, "medium", "inconclusive", 3),
        (Link { down_mbps: 12.0, up_mbps: 4.0, rtt_ms: 30 }, "medium", "met", 0),
        (Link { down_mbps: 30.0, up_mbps: 10.0, rtt_ms: 150 }, "large", "met", 0),
        (Link { down_mbps: 100.0, up_mbps: 50.0, rtt_ms: 10 }, "large", "met", 0),
        // Without a size: above every threshold, below every one, and between two of them.
        (Link { down_mbps: 20.0, up_mbps: 5.0, rtt_ms: 20 }, "", "met", 0),
        (Link { down_mbps: 12.0, up_mbps: 4.0, rtt_ms: 20 }, "", "inconclusive", 3),
    ];
    for (link, size, verdict, status) in table {
        let run = behind("link.sh", link, &rate_only(size));
        assert_true_rate(&run, "download", link, 0.03);
        let said = run.verdict("download-rate");
        if verdict == "not_met" && gives(said, "cpu_busy") {
            // Then the rate is a lower bound, and saying "not met" would be the fault.
            assert_eq!(said["verdict"], "inconclusive", "{said:#}");
            println!(
                "skipped: a verdict \"not met\" needs a machine that is not saturated by others ({link:?})"
            );
            continue;
        }
        assert_eq!(
            said["verdict"], verdict,
            "{link:?} {size}: {said:#}\n{:#}",
            run.report["measurements"]["download"]
        );
        assert_eq!(run.status, status, "{link:?} {size}: {said:#}");
        if verdict == "inconclusive" && !size.is_empty() {
            assert!(gives(said, "near_threshold"), "{said:#}");
        }
    }
}

#[test]
fn a_default_run_on_ten_megabits_and_fifty_milliseconds_ends_within_thirty_seconds() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    let link = Link { down_mbps: 10.0, up_mbps: 2.0, rtt_ms: 50 };
    let run = behind(
        "link.sh",
        link,
        &["run", "--format", "json", "--size", "small", "--mire", "ndt7+http://{BASE}:8080/"],
    );
    println!("a default run took {} s", run.wall_s);
    assert!(run.wall_s <= 30.0, "took {} s", run.wall_s);
    assert_true_rate(&run, "download", link, 0.03);
    assert_true_rate(&run, "upload", link, 0.03);
    assert_eq!(run.verdict("download-rate")["verdict"], "met");
    let latency = run.value("latency");
    let median_ms = latency["median_us"].as_f64().unwrap() / 1e3;
    assert!((50.0..60.0).contains(&median_ms), "median {median_ms} ms on a 50 ms link");
    // Nothing resolves names here and there is no Wi-Fi: said, never counted as zero.
    assert_eq!(run.report["measurements"]["wifi"]["outcome"]["status"], "not_measured");
    assert_eq!(run.verdict("access-points")["verdict"], "inconclusive");
}

#[test]
fn the_kernels_token_bucket_is_measured_too() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    if !Command::new("tc").arg("-V").output().is_ok_and(|tc| tc.status.success()) {
        println!("skipped: the token bucket needs tc (iproute2)");
        return;
    }
    let link = Link { down_mbps: 200.0, up_mbps: 50.0, rtt_ms: 0 };
    let run = behind("tbf.sh", link, &rate_only("large"));
    assert_true_rate(&run, "download", link, 0.03);
    assert_eq!(run.verdict("download-rate")["verdict"], "met");
}
