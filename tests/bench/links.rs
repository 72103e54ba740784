//! The parts measured behind emulated links: the rate's error, the verdict and what it cost, the upload, the burst.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::Asked;
use crate::common::lab::{Kind, Link, Run, agent_behind};
use crate::store::Store;

/// The mire behind every link.
const MIRE: &str = "ndt7+http://{BASE}:8080/";

/// The threshold of a small school, bit/s: what the verdict part is about.
pub(crate) const THRESHOLD_BPS: f64 = 8e6;

/// The packet loss of the lossy links.
const LOSS: f64 = 0.01;

/// A rule file whose thresholds every link passes, so that a rate is measured once and not for a verdict's sake.
fn easy_rules() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let rules = fs::read_to_string(root.join("report/rules/socle-1d-2021.toml")).unwrap();
    let asked = "small = 8_000_000, medium = 10_000_000, large = 15_000_000";
    assert!(rules.contains(asked), "the rule file's thresholds moved");
    let path = std::env::temp_dir().join(format!("sonde-ecole-bench-{}.toml", std::process::id()));
    fs::write(&path, rules.replace(asked, "small = 1_000, medium = 2_000, large = 3_000")).unwrap();
    path
}

/// What every result says of its link.
fn described(link: Link, loss: f64) -> Value {
    json!({ "down_mbps": link.down_mbps, "up_mbps": link.up_mbps, "rtt_ms": link.rtt_ms, "loss": loss })
}

/// Puts `more` into `result`.
fn with(mut result: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        result[key] = value.clone();
    }
    result
}

/// The reported rate beside the counters'.
fn compared(run: &Run, probe: &str) -> Value {
    let measurement = &run.report["measurements"][probe];
    let value = &measurement["outcome"]["value"];
    let Some(measured) = value["ip_rate_bps"].as_f64() else {
        return json!({ "failed": measurement["outcome"].to_string() });
    };
    let truth = run.counted_bps(probe);
    json!({
        "measured_bps": measured,
        "truth_bps": truth,
        "error_percent": truth.map(|truth| (measured / truth - 1.0) * 100.0),
        "ci95_bps": value["ci95_bps"],
        "bytes": value["bytes"],
        "elapsed_ms": value["elapsed_ms"],
        "streams": value["streams"],
        "stop": value["stop"],
        "limited_by": value["limited_by"],
    })
}

/// One case: runs it so many times and keeps what `read` makes of each run.
fn case(
    (store, part, name): (&Store, &str, &str),
    (kind, link): (Kind, Link),
    times: usize,
    arguments: &[&str],
    read: impl Fn(&Run) -> Value,
) {
    let loss = if let Kind::Rattan { loss } = kind { loss } else { 0.0 };
    let results = (0..times).map(|_| {
        let result = match agent_behind(kind, link, arguments) {
            Ok(run) => read(&run),
            Err(error) => json!({ "failed": error }),
        };
        with(described(link, loss), &result)
    });
    store.replace(part, name, results.collect());
}

/// The links of the accuracy matrix: Mbit/s down, round trip in ms, loss; and whether the quick run has them.
pub(crate) const ACCURACY: [(f64, u32, f64, bool); 22] = [
    (2.0, 20, 0.0, false),
    (2.0, 60, 0.0, true),
    (4.0, 60, 0.0, false),
    (8.0, 10, 0.0, false),
    (8.0, 20, 0.0, true),
    (8.0, 150, 0.0, true),
    (15.0, 60, 0.0, true),
    (15.0, 150, 0.0, false),
    (30.0, 20, 0.0, false),
    (30.0, 150, 0.0, true),
    (100.0, 20, 0.0, true),
    (100.0, 60, 0.0, false),
    // Above what rattan forwards faithfully: the kernel's token bucket, without a delay.
    (200.0, 0, 0.0, true),
    (500.0, 0, 0.0, true),
    (2.0, 600, 0.0, false),
    (8.0, 600, 0.0, true),
    (30.0, 600, 0.0, true),
    (4.0, 60, LOSS, false),
    (8.0, 20, LOSS, true),
    (8.0, 60, LOSS, true),
    (20.0, 20, LOSS, true),
    (20.0, 60, LOSS, false),
];

/// The rate reported against the link's counters.
pub(crate) fn accuracy(asked: &Asked, store: &Store) {
    let rules = easy_rules();
    for (down, rtt, loss, quick) in ACCURACY {
        let link = Link { down_mbps: down, up_mbps: (down / 4.0).max(1.0), rtt_ms: rtt };
        let kind = if rtt == 0 { Kind::TokenBucket } else { Kind::Rattan { loss } };
        let lossy = if loss > 0.0 { ", 1 % loss" } else { "" };
        let name = format!("{down} Mbit/s, {rtt} ms{lossy}");
        if (quick || asked.full) && asked.wants(&name) {
            let arguments = ["run", "--format", "json", "--only", "link,download", "--until", "stable"];
            // Room for eight seconds at the fastest of these links.
            let more = ["--max-bytes", "1G", "--mire", MIRE, "--rules", rules.to_str().unwrap()];
            let arguments = [&arguments[..], &more[..]].concat();
            case((store, "accuracy", &name), (kind, link), asked.times(1, 5), &arguments, |run| {
                compared(run, "download")
            });
        }
    }
    // Only a scratch file: left behind, it harms nobody.
    let _ = fs::remove_file(rules);
}

/// The links of the upload part: Mbit/s up, round trip in ms, and whether the quick run has them.
pub(crate) const UPLOAD: [(f64, u32, bool); 6] =
    [(0.5, 60, true), (1.0, 20, true), (1.0, 60, false), (2.0, 60, true), (5.0, 20, false), (10.0, 20, true)];

/// The rate upstream against what arrived at the mire.
pub(crate) fn upload(asked: &Asked, store: &Store) {
    for (up, rtt, quick) in UPLOAD {
        let link = Link { down_mbps: 20.0, up_mbps: up, rtt_ms: rtt };
        let name = format!("{up} Mbit/s up, {rtt} ms");
        if (quick || asked.full) && asked.wants(&name) {
            let arguments = ["run", "--format", "json", "--only", "link,upload", "--mire", MIRE];
            case((store, "upload", &name), (Kind::RATTAN, link), asked.times(1, 5), &arguments, |run| {
                compared(run, "upload")
            });
        }
    }
}

/// The verdict of a run, and what it cost: application bytes and milliseconds of all its downloads.
fn judged(run: &Run, truth_bps: f64, threshold_bps: f64) -> Value {
    let verdicts = run.report["assessment"]["verdicts"].as_array();
    let verdict = verdicts.and_then(|all| all.iter().find(|one| one["requirement"] == "download-rate"));
    let Some(verdict) = verdict else { return json!({ "failed": "no verdict on the rate" }) };
    let download = &run.report["measurements"]["download"];
    let value = &download["outcome"]["value"];
    let said = verdict["verdict"].as_str().unwrap_or_default();
    let wrong =
        (said == "met" && truth_bps < threshold_bps) || (said == "not_met" && truth_bps >= threshold_bps);
    json!({
        "verdict": said,
        "reasons": verdict["reasons"],
        "wrong": wrong,
        "measured_bps": value["ip_rate_bps"],
        "stop": value["stop"],
        "transfers": value["repetitions"].as_array().map(Vec::len),
        "bytes": run.report["data_used"]["received_bytes"],
        "elapsed_ms": download["elapsed_us"].as_f64().map(|us| us / 1e3),
        "wall_s": run.wall_s,
    })
}

/// Link rate over threshold, and whether the quick run has it.
pub(crate) const RATIOS: [(f64, bool); 12] = [
    (0.5, true),
    (0.8, false),
    (0.9, true),
    (0.95, true),
    (0.98, false),
    (1.0, true),
    (1.02, false),
    (1.05, true),
    (1.1, false),
    (1.25, true),
    (2.0, true),
    (4.0, true),
];

/// Round trips of the verdict part, ms, and whether the quick run has them.
pub(crate) const ROUND_TRIPS: [(u32, bool); 3] = [(20, true), (60, false), (600, true)];

/// The verdict on links around the threshold of a small school.
pub(crate) fn verdict(asked: &Asked, store: &Store) {
    for (rtt, quick_rtt) in ROUND_TRIPS {
        for (ratio, quick) in RATIOS {
            // Of the satellite's links the quick run has three.
            let quick = quick && quick_rtt && (rtt < 600 || [0.9, 1.25, 4.0].contains(&ratio));
            let name = format!("{ratio} x threshold, {rtt} ms");
            if !(quick || asked.full) || !asked.wants(&name) {
                continue;
            }
            let link = Link { down_mbps: THRESHOLD_BPS / 1e6 * ratio, up_mbps: 2.0, rtt_ms: rtt };
            let arguments = ["run", "--format", "json", "--only", "link,download", "--size", "small"];
            let arguments = [&arguments[..], &["--until", "verdict", "--mire", MIRE]].concat();
            case((store, "verdict", &name), (Kind::RATTAN, link), asked.times(1, 5), &arguments, |run| {
                with(judged(run, link.down_mbps * 1e6, THRESHOLD_BPS), &json!({ "ratio": ratio }))
            });
        }
    }
}

/// A line of 8 Mbit/s whose first 4 MB pass faster, asked for 10: never met.
pub(crate) fn burst(asked: &Asked, store: &Store) {
    let link = Link { down_mbps: 8.0, up_mbps: 2.0, rtt_ms: 20 };
    for (peak_mbps, until) in [(100.0, "verdict"), (100.0, "stable"), (30.0, "verdict")] {
        let name = format!("4 MB at {peak_mbps} Mbit/s, until {until}");
        if asked.wants(&name) {
            let arguments = ["run", "--format", "json", "--only", "link,download", "--size", "medium"];
            let arguments = [&arguments[..], &["--until", until, "--mire", MIRE]].concat();
            let kind = Kind::Burst { bytes: 4_000_000, peak_mbps };
            case((store, "burst", &name), (kind, link), asked.times(1, 5), &arguments, |run| {
                with(judged(run, 8e6, 10e6), &json!({ "peak_mbps": peak_mbps, "until": until }))
            });
        }
    }
}
