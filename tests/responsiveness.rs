//! The line under load, end to end: the real agent against a real mire with a limited rate, every kind of it, both ways.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use serde_json::Value;

/// The report of a run with these arguments.
fn report(state: &Path, arguments: &[&str]) -> Value {
    let output = common::agent(state).args(["run", "--format", "json"]).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn codes(outcome: &Value) -> Vec<&str> {
    outcome["caveats"].as_array().unwrap().iter().map(|caveat| caveat["code"].as_str().unwrap()).collect()
}

#[test]
fn every_kind_of_mire_tells_the_added_latency_and_ndt7_the_rpm_too() {
    let state = tempfile::tempdir().unwrap();
    let mire = common::Mire::start(state.path(), &["--rate", "20M"]);
    for (protocol, path) in [("ndt7+", "/"), ("librespeed+", "/"), ("", "/file/100M.bin")] {
        let url = format!("{protocol}http://{}{path}", mire.address);
        let report = report(
            state.path(),
            &["--only", "latency,download,upload,responsiveness", "--until", "4", "--mire", &url],
        );
        let measurement = &report["measurements"]["responsiveness"];
        assert_eq!(measurement["outcome"]["status"], "measured", "{url}: {measurement:#}");
        for way in ["download", "upload"] {
            let outcome = &measurement["outcome"]["value"][way];
            assert_eq!(outcome["status"], "measured", "{url} {way}: {outcome:#}");
            let value = &outcome["value"];
            let ndt7 = protocol == "ndt7+";
            assert_eq!(value["rpm"].is_u64(), ndt7, "{url} {way}: {outcome:#}");
            assert_eq!(codes(outcome).contains(&"no_loaded_probe"), !ndt7, "{outcome:#}");
            // In clear: no TLS phase, and that is said; the others are there.
            assert!(codes(outcome).contains(&"no_tls_phase") && value["tls_us"].is_null(), "{outcome:#}");
            assert!(value["http_us"].as_u64().unwrap() > 0 && value["foreign_probes"].as_u64() >= Some(5));
            let (idle, median) = (value["idle_us"].as_u64().unwrap(), value["median_us"].as_u64().unwrap());
            assert_eq!(value["added_us"].as_u64(), Some(median.saturating_sub(idle)));
            assert!(value["grade"].is_string(), "{outcome:#}");
            let transfer = &report["measurements"][way]["outcome"]["value"];
            let moved =
                transfer["ip_rate_bps"].as_f64().unwrap() * transfer["elapsed_ms"].as_f64().unwrap() / 8e3;
            let share = value["probe_bytes"].as_f64().unwrap() / moved;
            assert!(share <= 0.05, "{url} {way}: the probes took {share}");
        }
    }
}

#[test]
fn it_is_left_out_when_skipped_and_says_so_without_a_transfer() {
    let state = tempfile::tempdir().unwrap();
    let mire = common::Mire::start(state.path(), &["--rate", "20M"]);
    let url = format!("ndt7+http://{}/", mire.address);
    let skipped = report(state.path(), &["--only", "latency,download", "--until", "1", "--mire", &url]);
    assert!(skipped["measurements"].get("responsiveness").is_none(), "{:#}", skipped["measurements"]);
    let alone = report(state.path(), &["--only", "latency,responsiveness", "--mire", &url]);
    let outcome = &alone["measurements"]["responsiveness"]["outcome"];
    assert_eq!(
        (&outcome["status"], &outcome["reason"]["code"]),
        (&"not_measured".into(), &"no_transfer".into())
    );
}

#[test]
fn a_transfer_too_short_for_enough_probes_gives_no_number() {
    let state = tempfile::tempdir().unwrap();
    let mire = common::Mire::start(state.path(), &["--rate", "20M"]);
    let url = format!("ndt7+http://{}/", mire.address);
    let report = report(
        state.path(),
        &["--only", "latency,download,responsiveness", "--until", "4", "--max-bytes", "600k", "--mire", &url],
    );
    let measurements = &report["measurements"];
    assert_eq!(measurements["download"]["outcome"]["status"], "measured", "{measurements:#}");
    let outcome = &measurements["responsiveness"]["outcome"];
    assert_eq!(
        (&outcome["status"], &outcome["reason"]["code"]),
        (&"not_measured".into(), &"too_few_samples".into())
    );
}
