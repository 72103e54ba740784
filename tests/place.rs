//! Where the problem is: a school, a box and a line in network namespaces, each slow or broken in turn; the report must
//! name the one that is.
//!
//! Needs root (network namespaces), iproute2 and util-linux; says `skipped: …` where one is missing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use common::lab::{Kind, binary, missing_for};
use serde_json::Value;

/// A school and what is wrong with it.
#[derive(Debug, Clone, Copy)]
struct School {
    lan_kbit: u32,
    line_kbit: u32,
    fault: &'static str,
}

const SOUND: School = School { lan_kbit: 0, line_kbit: 0, fault: "none" };

/// One school at a time: two would share the machine's cores and measure each other.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs the agent in a school; its report.
fn in_school(school: School, arguments: &[&str]) -> Value {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/school.sh");
    let finished = Command::new("unshare")
        .args(["--net", "--mount", "bash"])
        .arg(script)
        .arg(out.path())
        .arg(binary())
        .args(["run", "--format", "json", "--size", "small", "--mire", "ndt7+http://10.2.0.2:8080/"])
        .args(arguments)
        .env("SCHOOL_MIRE", binary())
        .env("SCHOOL_LAN", school.lan_kbit.to_string())
        .env("SCHOOL_LINE", school.line_kbit.to_string())
        .env("SCHOOL_FAULT", school.fault)
        .env("SONDE_ECOLE_STATE", out.path())
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap_or_default();
    serde_json::from_str(&read("stdout")).unwrap_or_else(|error| {
        let errors = String::from_utf8_lossy(&finished.stderr);
        panic!("{school:?}: no report ({error}): {}\n{errors}", read("stderr"))
    })
}

/// What is placed: about what, where, and by which evidence.
fn located(report: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |one: &Value| {
        let evidence = one["evidence"].as_array().unwrap().iter().map(|e| text(&e["code"])).collect();
        (text(&one["about"]), text(&one["place"]), evidence)
    };
    report["assessment"]["located"].as_array().map(|all| all.iter().map(one).collect()).unwrap_or_default()
}

/// What must be placed.
fn placed(about: &str, place: &str, evidence: &[&str]) -> Vec<(String, String, Vec<String>)> {
    let evidence = evidence.iter().map(|&code| code.to_owned()).collect();
    vec![(about.to_owned(), place.to_owned(), evidence)]
}

fn skipped() -> bool {
    let missing = missing_for(Kind::TokenBucket);
    if let Some(missing) = &missing {
        println!("skipped: {missing}");
    }
    missing.is_some()
}

/// Whether the machine was too busy for a rate to be judged.
fn busy(report: &Value) -> bool {
    let caveats = &report["measurements"]["download"]["outcome"]["caveats"];
    caveats.as_array().is_some_and(|all| all.iter().any(|caveat| caveat["code"] == "cpu_busy"))
}

#[test]
fn a_slow_line_and_a_slow_cable_are_told_apart() {
    if skipped() {
        return;
    }
    let only = ["--only", "link,latency,responsiveness,download", "--until", "verdict"];
    let lan_mire = ["--lan-mire", "ndt7+http://10.1.0.1:8081/"];
    let with = [&only[..], &lan_mire[..]].concat();
    let slow_line = School { line_kbit: 5_000, ..SOUND };
    let slow_cable = School { lan_kbit: 5_000, ..SOUND };
    for (school, arguments, expected) in [
        (slow_line, &only[..], placed("download", "operator", &["wired_and_repeated", "gateway_steady"])),
        (slow_cable, &only[..], placed("download", "lan", &["gateway_slow_under_load"])),
        (slow_line, &with[..], placed("download", "operator", &["lan_faster"])),
        (slow_cable, &with[..], placed("download", "lan", &["lan_as_slow"])),
        (SOUND, &only[..], vec![]),
    ] {
        let report = in_school(school, arguments);
        println!("{school:?} {:?}: {}", arguments.last(), report["assessment"]["located"]);
        if busy(&report) {
            println!("skipped: a place for a slow rate needs a machine that is not saturated by others");
            continue;
        }
        let told =
            [&report["measurements"]["gateway"], &report["measurements"]["download"]["outcome"]["caveats"]];
        assert_eq!(located(&report), expected, "{school:?}: {told:#?}");
        // What the school's own network limits is never laid to the line.
        let said = &report["assessment"]["verdicts"][0];
        let verdict = match expected.first() {
            None => "met",
            Some((_, place, _)) if place == "lan" => "inconclusive",
            Some(_) => "not_met",
        };
        assert_eq!(said["verdict"], verdict, "{school:?}: {said:#}");
    }
}

#[test]
fn without_internet_the_report_says_on_which_side_of_the_box() {
    if skipped() {
        return;
    }
    let only = ["--only", "link,internet,latency,dns"];
    for (fault, place, first) in
        [("box_gone", "box", "gateway_silent"), ("line_cut", "unknown", "gateway_answers")]
    {
        let report = in_school(School { fault, ..SOUND }, &only);
        println!("{fault}: {}", report["assessment"]["located"]);
        let located = located(&report);
        assert_eq!(located.len(), 1, "{located:?}");
        let (about, where_, evidence) = &located[0];
        assert_eq!((about.as_str(), where_.as_str()), ("internet", place), "{fault}: {evidence:?}");
        assert_eq!(evidence[0], first, "{fault}");
    }
}
