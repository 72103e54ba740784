//! The link lab: the real agent and the real mire on emulated links, the truth read from the link's own counters.
//!
//! Needs root (network namespaces), iproute2, util-linux and rattan; says `skipped: …` where one is missing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::process::Command;

use common::lab::{Kind, Link, Run, behind, missing};
use serde_json::Value;

/// Whether the lab cannot run here; says why.
fn skipped() -> bool {
    let missing = missing();
    if let Some(missing) = &missing {
        println!("skipped: {missing}");
    }
    missing.is_some()
}

/// The arguments of a run that measures the rate alone.
fn rate_only(size: &str) -> Vec<&str> {
    let mut arguments = vec!["run", "--format", "json", "--only", "link,download"];
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
    if skipped() {
        return;
    }
    // Size, what must be said of the rate, and the exit code that goes with it when nothing else is asked.
    let table = [
        (Link { down_mbps: 4.0, up_mbps: 1.0, rtt_ms: 60 }, "small", "not_met", 1),
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
        let run = behind(Kind::RATTAN, link, &rate_only(size));
        assert_true_rate(&run, "download", link, 0.02);
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
    if skipped() {
        return;
    }
    let link = Link { down_mbps: 10.0, up_mbps: 2.0, rtt_ms: 50 };
    let run = behind(
        Kind::RATTAN,
        link,
        &["run", "--format", "json", "--size", "small", "--mire", "ndt7+http://{BASE}:8080/"],
    );
    println!("a default run took {} s", run.wall_s);
    assert!(run.wall_s <= 30.0, "took {} s", run.wall_s);
    assert_true_rate(&run, "download", link, 0.02);
    assert_true_rate(&run, "upload", link, 0.02);
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
    if skipped() {
        return;
    }
    if !Command::new("tc").arg("-V").output().is_ok_and(|tc| tc.status.success()) {
        println!("skipped: the token bucket needs tc (iproute2)");
        return;
    }
    let link = Link { down_mbps: 200.0, up_mbps: 50.0, rtt_ms: 0 };
    let run = behind(Kind::TokenBucket, link, &rate_only("large"));
    assert_true_rate(&run, "download", link, 0.02);
    assert_eq!(run.verdict("download-rate")["verdict"], "met");
}

/// The arguments of a run that wants the verdict alone.
fn verdict_only(size: &str) -> Vec<&str> {
    let mut arguments = rate_only(size);
    arguments.extend(["--until", "verdict"]);
    arguments
}

#[test]
fn a_verdict_stops_early_and_costs_little() {
    if skipped() {
        return;
    }
    // Bytes of each transfer at the most; above twice the threshold, what excluding a burst costs.
    for (mbps, size, verdict, most) in [
        (8.0, "medium", "not_met", 1_500_000),
        (8.0, "large", "not_met", 1_500_000),
        (20.0, "medium", "met", 9_500_000),
    ] {
        let link = Link { down_mbps: mbps, up_mbps: 4.0, rtt_ms: 60 };
        let run = behind(Kind::RATTAN, link, &verdict_only(size));
        let (value, said) = (run.value("download"), run.verdict("download-rate"));
        let transfers: Vec<u64> = value["repetitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["bytes"].as_u64().unwrap())
            .collect();
        println!("{link:?} {size}: {} after {transfers:?} bytes", said["verdict"]);
        if gives(said, "cpu_busy") {
            println!("skipped: an early verdict needs a machine that is not saturated by others ({link:?})");
            continue;
        }
        assert_eq!(value["stop"], "decided", "{value:#}");
        assert!(transfers.iter().all(|bytes| *bytes <= most), "{transfers:?}");
        assert_eq!(said["verdict"], verdict, "{said:#}");
    }
}

#[test]
fn four_megabytes_of_burst_before_eight_megabits_are_never_met_for_ten() {
    if skipped() {
        return;
    }
    let link = Link { down_mbps: 8.0, up_mbps: 4.0, rtt_ms: 20 };
    for peak_mbps in [20.0, 100.0] {
        let kind = Kind::Burst { bytes: 4 << 20, peak_mbps };
        // A verdict stops early; a capacity is looked at for longer, where the higher peak misleads most.
        let goals = if peak_mbps < 50.0 {
            vec![verdict_only("medium")]
        } else {
            vec![verdict_only("medium"), rate_only("medium")]
        };
        for arguments in goals {
            let run = behind(kind, link, &arguments);
            let (value, said) = (run.value("download"), run.verdict("download-rate"));
            println!(
                "peak {peak_mbps}: {} at {} bit/s, {}",
                said["verdict"], value["ip_rate_bps"], value["stop"]
            );
            assert_ne!(said["verdict"], "met", "{said:#}");
        }
    }
}

/// The arguments of a run of one transfer and what it needs, nothing else.
fn only(probe: &str) -> Vec<&str> {
    vec!["run", "--format", "json", "--only", probe, "--mire", "ndt7+http://{BASE}:8080/"]
}

#[test]
fn a_satellites_round_trip_leaves_the_rate_and_the_verdict_true() {
    if skipped() {
        return;
    }
    let link = Link { down_mbps: 8.0, up_mbps: 2.0, rtt_ms: 600 };
    let mut arguments = only("link,download");
    arguments.extend(["--size", "medium", "--until", "verdict"]);
    let run = behind(Kind::RATTAN, link, &arguments);
    let (value, said) = (run.value("download"), run.verdict("download-rate"));
    println!("{} after {} ms, {}", said["verdict"], value["elapsed_ms"], value["repetitions"]);
    for transfer in value["repetitions"].as_array().unwrap() {
        let (bytes, rate) = (transfer["bytes"].as_u64().unwrap(), transfer["ip_rate_bps"].as_f64().unwrap());
        assert!(bytes <= 2_500_000, "half of what both may cost: {transfer}");
        assert!((rate / 8e6 - 1.0).abs() < 0.02, "each of the two is true: {transfer}");
    }
    assert_ne!(said["verdict"], "met", "{said:#}");
    if !gives(said, "cpu_busy") {
        assert_eq!((&said["verdict"], &value["stop"]), (&"not_met".into(), &"decided".into()), "{said:#}");
    }
}

#[test]
fn a_faster_satellite_is_measured_with_four_streams_and_not_accused() {
    if skipped() {
        return;
    }
    // One stream's buffers do not fill it, and streams opened one after the other come too late.
    let link = Link { down_mbps: 30.0, up_mbps: 10.0, rtt_ms: 600 };
    let mut arguments = only("link,download");
    arguments.extend(["--size", "large"]);
    let run = behind(Kind::RATTAN, link, &arguments);
    let (value, said) = (run.value("download"), run.verdict("download-rate"));
    // Slow start ends in a burst of losses, and seven round trips are left: the rate is not even, so the counters are read over
    // the very window of the estimate.
    let truth = run.counted_after("download", 0.0).expect("samples in the window");
    let measured = value["ip_rate_bps"].as_f64().unwrap();
    let ends: Vec<f64> = value["ci95_bps"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    println!(
        "counters {:.3} Mbit/s, reported {:.3} {ends:?}, {} streams, {} limited by {}",
        truth / 1e6,
        measured / 1e6,
        value["streams"],
        said["verdict"],
        value["limited_by"]
    );
    assert!((measured / truth - 1.0).abs() <= 0.10, "{measured} against {truth}: {value:#}");
    assert!(ends[0] <= truth && truth <= ends[1], "{truth} outside {ends:?}");
    // What four streams get is TCP's affair after such losses, and this machine's: 13 to 26 Mbit/s by the counters in fifteen
    // transfers of November 2026, 11 to 17 with one stream in eight. The verdict must not accuse the line for it.
    assert_eq!(value["streams"], 4, "{value:#}");
    assert!(measured > 0.4 * 30e6, "{value:#}");
    assert_ne!(said["verdict"], "not_met", "{said:#}");
}

#[test]
fn one_loss_in_a_hundred_is_measured_through_or_named() {
    if skipped() {
        return;
    }
    let lossy = Kind::Rattan { loss: 0.01 };
    for (down_mbps, rtt_ms, filled) in [(10.0, 60, true), (20.0, 20, true), (100.0, 150, false)] {
        let link = Link { down_mbps, up_mbps: 4.0, rtt_ms };
        let run = behind(lossy, link, &only("link,download"));
        let value = run.value("download");
        let share = value["ip_rate_bps"].as_f64().unwrap() / (down_mbps * 1e6);
        let figure = |name: &str| value[name].as_f64().unwrap_or(f64::NAN);
        let ends = value["ci95_bps"].as_array().unwrap();
        let spread = (ends[1].as_f64().unwrap() - ends[0].as_f64().unwrap()) / 2.0 / figure("ip_rate_bps");
        println!(
            "{link:?}: {share:.3} of the link, even to {:.2} %, {} streams, limited by {}",
            spread * 100.0,
            figure("streams"),
            value["limited_by"]
        );
        if filled {
            assert_true_rate(&run, "download", link, 0.03);
            continue;
        }
        // No number of streams this agent opens fills that line: said, never blamed on the line.
        assert!(share < 0.6, "{value:#}");
        let busy = run.report["measurements"]["download"]["outcome"]["caveats"]
            .as_array()
            .unwrap()
            .iter()
            .any(|caveat| caveat["code"] == "cpu_busy");
        if busy {
            println!("skipped: who limits is asked of a machine that is not saturated by others ({link:?})");
            continue;
        }
        assert_eq!(value["limited_by"], "loss", "{value:#}");
    }
}

#[test]
fn slow_uploads_are_measured_to_the_per_cent() {
    if skipped() {
        return;
    }
    for (up_mbps, rtt_ms) in [(0.5, 60), (1.0, 20), (4.0, 60), (10.0, 20)] {
        let link = Link { down_mbps: 20.0, up_mbps, rtt_ms };
        let run = behind(Kind::RATTAN, link, &only("link,upload"));
        assert_true_rate(&run, "upload", link, 0.02);
    }
}

#[test]
fn an_upload_in_requests_fills_a_long_path_too() {
    if skipped() {
        return;
    }
    let mut arguments = vec!["run", "--format", "json", "--only", "link,upload"];
    arguments.extend(["--mire", "librespeed+http://{BASE}:8080/"]);
    for (rtt_ms, least) in [(60, 0.9), (600, 0.6)] {
        let link = Link { down_mbps: 20.0, up_mbps: 4.0, rtt_ms };
        let run = behind(Kind::RATTAN, link, &arguments);
        if rtt_ms < 600 {
            // By satellite the transfer's start, three or four round trips after the measurement's, is not known to the counters.
            assert_true_rate(&run, "upload", link, 0.03);
        }
        // Each request waits for its answer: with small ones a satellite's round trips would be measured, not the line.
        let share = run.value("upload")["ip_rate_bps"].as_f64().unwrap() / (link.up_mbps * 1e6);
        println!("{share:.3} of {link:?}");
        assert!((least..1.02).contains(&share), "{share} of {link:?}: {:#}", run.value("upload"));
    }
}

#[test]
fn a_cap_on_the_data_holds_on_the_links_own_counters() {
    if skipped() {
        return;
    }
    let link = Link { down_mbps: 50.0, up_mbps: 10.0, rtt_ms: 40 };
    for (probe, capped) in [("download", 8e6), ("upload", 2e6)] {
        let mut arguments = only(if probe == "download" { "link,download" } else { "link,upload" });
        arguments.extend(["--max-bytes", "10M"]);
        let run = behind(Kind::RATTAN, link, &arguments);
        assert_eq!(run.value(probe)["stop"], "byte_cap", "{:#}", run.value(probe));
        let counters = if probe == "download" { &run.school } else { &run.mire };
        let (first, last) = (counters.first().unwrap(), counters.last().unwrap());
        let moved = last[1] - first[1];
        // Headers of every layer, one round trip's worth with a full queue behind it, and the first exchanges.
        let rate = if probe == "download" { link.down_mbps } else { link.up_mbps } * 1e6;
        let under_way = 2.0 * f64::from(link.rtt_ms) / 1e3 * rate / 8.0;
        println!("{probe}: {moved:.0} bytes on the link, {capped:.0} allowed, {under_way:.0} under way");
        assert!(moved <= capped * 1.06 + under_way + 100e3, "{probe}: {moved}");
        assert!(moved >= capped, "{probe}: the cap was reached: {moved}");
    }
}
