//! The demonstration, end to end: what it says must match what it emulates.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;
use std::time::Instant;

use serde_json::Value;

/// The rate the embedded mire limits itself to, bit/s at the IP layer.
const EMULATED_BPS: f64 = 12e6;

fn demo(arguments: &[&str]) -> (Value, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_sonde-ecole"))
        .args(["demo", "--format", "json"])
        .args(arguments)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

fn verdicts<'a>(report: &'a Value, requirement: &str) -> Vec<&'a Value> {
    let all = report["assessment"]["verdicts"].as_array().unwrap();
    all.iter().filter(|verdict| verdict["requirement"] == requirement).collect()
}

#[test]
fn it_measures_what_it_emulates_and_judges_it_so() {
    let start = Instant::now();
    let (report, status) = demo(&[]);
    assert!(start.elapsed().as_secs() < 40, "took {:?}", start.elapsed());
    assert_eq!(status, 0);
    assert_eq!(report["demonstration"], true);
    for transfer in ["download", "upload"] {
        let value = &report["measurements"][transfer]["outcome"]["value"];
        let rate = value["ip_rate_bps"].as_f64().unwrap_or_else(|| panic!("{transfer}: {report:#}"));
        assert!((rate / EMULATED_BPS - 1.0).abs() < 0.05, "{transfer}: {rate}");
    }
    // 12 Mbit/s for a medium school's 10: a lower bound or not, it is met.
    assert_eq!(verdicts(&report, "download-rate")[0]["verdict"], "met", "{report:#}");
    let services = verdicts(&report, "service-access");
    assert_eq!(services.len(), 5, "{services:#?}");
    assert!(services.iter().all(|service| service["verdict"] == "met"), "{services:#?}");
    for dns in report["measurements"]["dns"].as_array().unwrap() {
        let value = &dns["outcome"]["value"];
        assert_eq!(value["answered"], value["asked"], "{dns:#}");
        assert_eq!(dns["outcome"]["caveats"].as_array().map(Vec::len), Some(0), "{dns:#}");
    }
}

#[test]
fn a_large_school_is_never_told_that_twelve_megabits_are_enough() {
    let (report, status) = demo(&["--size", "large"]);
    assert_eq!(status, 0);
    let verdict = verdicts(&report, "download-rate")[0];
    assert_ne!(verdict["verdict"], "met", "{verdict:#}");
    // Below the threshold it is measured a second time before anything is concluded.
    let repetitions = &report["measurements"]["download"]["outcome"]["value"]["repetitions"];
    assert_eq!(repetitions.as_array().unwrap().len(), 2, "{repetitions:#}");
}
