//! Round trips against fping's, idle and under load, on emulated links and on the loopback, at the same time on the same
//! line; and what stands in the report of a line under load.
//!
//! Needs root (network namespaces), iproute2, util-linux, fping and rattan; says `skipped: …` where one is missing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use common::lab;
use serde_json::Value;

/// Why the lab cannot run here, if it cannot.
fn missing() -> Option<String> {
    lab::missing().or_else(|| {
        let absent =
            ["stdbuf", "fping"].iter().find(|tool| Command::new(tool).arg("--help").output().is_err())?;
        Some(format!("the latency lab needs {absent}"))
    })
}

/// One link at a time: two would share the machine's cores and measure each other.
static LAB: Mutex<()> = Mutex::new(());

struct Run {
    report: Value,
    /// fping's answers: Unix time of each, s, and its round trip, ms.
    answers: Vec<(f64, f64)>,
    /// What fping complained of.
    complaint: String,
}

/// Runs the agent and fping side by side; `link` as the script wants it.
fn beside_fping(link: &[&str], arguments: &[&str]) -> Run {
    let _alone = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/latency.sh");
    let finished = Command::new("unshare")
        .args(["--net", "--mount", "bash"])
        .arg(script)
        .arg(lab::binary())
        .arg(out.path())
        .args(link)
        .arg("--")
        .args(arguments)
        .env("SONDE_ECOLE_STATE", out.path())
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap_or_default();
    let report = serde_json::from_str(&read("report.json")).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&finished.stderr);
        panic!("no report ({error}): {}\n{}\n{said}", read("stderr"), read("rattan.log"))
    });
    // `[1764072000.12345] 10.0.0.1 : [3], 64 bytes, 50.7 ms (50.6 avg, 0% loss)`
    let answer = |line: &str| {
        let at = line.strip_prefix('[')?.split(']').next()?.parse().ok()?;
        let ms = line.split(" bytes, ").nth(1)?.split(" ms").next()?.parse().ok()?;
        Some((at, ms))
    };
    Run { report, answers: read("fping").lines().filter_map(answer).collect(), complaint: read("fping.err") }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

impl Run {
    fn value(&self, probe: &str) -> &Value {
        let measurement = &self.report["measurements"][probe];
        assert_eq!(measurement["outcome"]["status"], "measured", "{probe}: {measurement:#}");
        &measurement["outcome"]["value"]
    }

    /// A probe's start, Unix time, s.
    fn started(&self, probe: &str) -> f64 {
        let text = self.report["measurements"][probe]["started_at"].as_str().unwrap();
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond() as f64 / 1e3
    }

    /// fping's median of what was asked and answered from `from` to `to`, ms.
    fn by_fping(&self, from: f64, to: f64) -> f64 {
        let within = |(at, ms): &&(f64, f64)| at - ms / 1e3 >= from && *at < to;
        let during: Vec<f64> = self.answers.iter().filter(within).map(|(_, ms)| *ms).collect();
        assert!(
            during.len() >= 10,
            "{} answers of fping from {from} to {to}, of {} from {:?} to {:?}; {}",
            during.len(),
            self.answers.len(),
            self.answers.first(),
            self.answers.last(),
            self.complaint
        );
        median(during)
    }

    /// How far the idle figure by ICMP is from fping's, ms. A user-space link delays one packet a tenth of a millisecond
    /// more than the next, and from 10 ms on fping prints one decimal: one comparison of two dozen packets each is
    /// asserted to 0.3 ms, the median of several to the 0.1 ms asked for.
    fn assert_idle(&self, name: &str) -> f64 {
        let latency = self.value("latency");
        let series = latency["series"].as_array().unwrap();
        let of = |method: &str| {
            let found = series.iter().find(|series| series["method"] == method).unwrap();
            found["median_us"].as_f64().unwrap() / 1e3
        };
        let from = self.started("latency");
        let elapsed = self.report["measurements"]["latency"]["elapsed_us"].as_f64().unwrap() / 1e6;
        let fping = self.by_fping(from, from + elapsed);
        println!("{name}: fping {fping:.3} ms, ICMP {:.3}, TCP {:.3}", of("icmp"), of("tcp"));
        let difference = (of("icmp") - fping).abs();
        assert!(difference <= 0.3, "{name}: {} against fping's {fping}", of("icmp"));
        difference
    }
}

#[test]
fn the_idle_latency_is_fpings_within_a_tenth_of_a_millisecond() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    let arguments = ["run", "--format", "json", "--only", "latency", "--mire", "ndt7+http://{BASE}:8080/"];
    let loopback = beside_fping(&["loopback"], &arguments).assert_idle("loopback");
    assert!(loopback <= 0.1, "nothing wanders on the loopback: {loopback}");
    let differences: Vec<f64> = ["3", "4", "5", "15", "25"]
        .iter()
        .map(|delay| {
            let link = ["20Mbps", "20Mbps", delay, "100"];
            beside_fping(&link, &arguments).assert_idle(&format!("a link of 2 x {delay} ms"))
        })
        .collect();
    assert!(median(differences.clone()) <= 0.1, "{differences:?}");
}

#[test]
fn the_latency_under_load_is_fpings_both_ways() {
    if let Some(missing) = missing() {
        println!("skipped: {missing}");
        return;
    }
    // Queues of 36 and 120 ms downstream, 72 and 240 upstream: two small boxes, a good and a bad one.
    for queue in ["30", "100"] {
        let run = beside_fping(
            &["10Mbps", "5Mbps", "15", queue],
            &[
                "run",
                "--format",
                "json",
                "--only",
                "link,latency,download,upload,responsiveness",
                "--until",
                "6",
                "--size",
                "small",
                "--mire",
                "ndt7+http://{BASE}:8080/",
            ],
        );
        run.assert_idle(&format!("a link with a queue of {queue}, idle"));
        for way in ["download", "upload"] {
            let (transfer, loaded) = (run.value(way), &run.value("responsiveness")[way]);
            assert_eq!(loaded["status"], "measured", "{loaded:#}");
            let value = &loaded["value"];
            // The transfer's own zero is when its first connection was open: TCP's and the greeting's round trip later.
            let zero = run.started(way) + 2.0 * value["idle_us"].as_f64().unwrap() / 1e6;
            let from = zero + transfer["ramp_ms"].as_f64().unwrap() / 1e3;
            let to = zero + transfer["elapsed_ms"].as_f64().unwrap() / 1e3;
            let fping = run.by_fping(from, to);
            let ours = value["median_us"].as_f64().unwrap() / 1e3;
            let ip = transfer["ip_rate_bps"].as_f64().unwrap();
            let share = value["probe_bytes"].as_f64().unwrap() * 8.0 / (to - run.started(way)) / ip;
            println!(
                "{way}, queue {queue}: fping {fping:.2} ms, ours {ours:.2}; added {} us, grade {}, RPM {}, probes {:.2} %",
                value["added_us"],
                value["grade"],
                value["rpm"],
                share * 100.0
            );
            assert_eq!(value["method"], "icmp");
            assert!(
                (ours - fping).abs() <= f64::max(2.0, 0.05 * fping),
                "{way}: {ours} against fping's {fping}"
            );
            assert!(share <= 0.05, "{way}: the probes took {share} of the rate");
            assert!(value["rpm"].as_u64().is_some(), "{value:#}");
        }
    }
}
