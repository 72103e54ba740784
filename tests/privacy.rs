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
    let services = services(out.path());
    let finished = Command::new("unshare")
        .args(["--net", "--mount", "--uts", "bash", "-c", "hostname \"$0\" && exec bash \"$@\"", HOST])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/school.sh"))
        .arg(out.path())
        .arg(binary())
        .args(["run", "--format", "json", "--uai", UAI, "--site", SITE, "--size", "small", "--ssid", SSID])
        .args(["--mire", "ndt7+http://mire.example:8080/", "--mire", "librespeed+http://mire.example:8080/"])
        .args(["--until", "1", "--max-bytes", "8M", "--ntp", "gateway", "--dns-reference", "10.2.0.2"])
        .arg("--endpoints")
        .arg(services)
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

/// Services in clear beside the catalogue's.
fn services(folder: &Path) -> PathBuf {
    let file = folder.join("services.toml");
    let text = "[[endpoint]]\nid = \"ent-local\"\nlabel = \"ENT\"\nkind = \"ent\"\n\
                urls = [\"http://ent.example:8080/\"]\nsource = \"test\"\n";
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
    let seen = watched(&["--profile", "resources"], &[]);
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

#[test]
fn the_proxys_password_goes_to_the_proxy_and_no_further() {
    if skipped() {
        return;
    }
    let address = format!("http://ecole:{PASSWORD}@10.1.0.1:8888");
    let seen = watched(&[], &[("HTTPS_PROXY", address.as_str())]);
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
