//! Bad input and hard cases, end to end: the real binary against real, badly behaved servers on loopback. In every
//! one of them the report is one JSON document that validates against the committed schema.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::{Mire, agent, clean, validated};

/// How a server misbehaves once a request has come.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// 200 with a web page in the place of data.
    WebPage,
    /// 503.
    ErrorStatus,
    /// Announces a gigabyte, sends 64 KiB, closes.
    Truncated,
    /// Never answers.
    Silent,
    /// Resets the connection.
    Reset,
    /// Answers something that is not HTTP.
    Garbage,
    /// Closes at once.
    Closes,
}

/// Starts such a server; it ends with the process.
fn server(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || misbehave(stream, manner));
        }
    });
    address
}

fn misbehave(mut stream: TcpStream, manner: Manner) {
    let mut request = [0; 4096];
    if !matches!(manner, Manner::Closes) && stream.read(&mut request).unwrap_or(0) == 0 {
        return;
    }
    let answer = match manner {
        Manner::WebPage => {
            let page = "<!doctype html><title>Portail</title>".repeat(2000);
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            )
        }
        Manner::ErrorStatus => "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_owned(),
        Manner::Truncated => format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000\r\n\r\n{}",
            "x".repeat(65536)
        ),
        Manner::Garbage => "\u{1}\u{2}not http at all\r\n\r\n".to_owned(),
        Manner::Silent => {
            // Holds the connection open until the other side gives up.
            while stream.read(&mut request).is_ok_and(|read| read > 0) {}
            return;
        }
        Manner::Reset => {
            // Closing with unread data makes the kernel send a reset.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            return;
        }
        Manner::Closes => return,
    };
    let _ = stream.write_all(answer.as_bytes());
}

#[test]
fn a_mire_that_misbehaves_is_named_and_never_gives_a_number() {
    let state = tempfile::tempdir().unwrap();
    for (manner, causes) in [
        (Manner::WebPage, &["unexpected_content"][..]),
        (Manner::ErrorStatus, &["http_status"]),
        (Manner::Truncated, &["truncated"]),
        (Manner::Silent, &["timeout"]),
        (Manner::Reset, &["connection_reset"]),
        (Manner::Garbage, &["protocol_error"]),
        (Manner::Closes, &["connection_closed", "connection_reset"]),
    ] {
        for scheme in ["http", "librespeed+http", "ndt7+http"] {
            let url = format!("{scheme}://{}/", server(manner));
            let output = agent(state.path())
                .args(["run", "--only", "download", "--size", "small", "--format", "json", "--mire", &url])
                .output()
                .unwrap();
            let report = validated(&output);
            let outcome = &report["measurements"]["download"]["outcome"];
            assert_eq!(outcome["status"], "failed", "{manner:?} {url}: {outcome:#}");
            let cause = outcome["failure"]["cause"].as_str().unwrap();
            // A WebSocket handshake answered by a short body: any named refusal is right, a number never.
            let named = causes.contains(&cause)
                || (scheme == "ndt7+http"
                    && matches!(cause, "unexpected_content" | "http_status" | "protocol_error"));
            assert!(named, "{manner:?} {url}: {outcome:#}");
            assert_eq!(output.status.code(), Some(3), "{manner:?} {url}");
        }
    }
}

#[test]
fn the_next_mire_is_tried_and_the_skipped_one_named() {
    let state = tempfile::tempdir().unwrap();
    let mire = Mire::start(state.path(), &["--rate", "20M"]);
    let bad = format!("http://{}/file", server(Manner::WebPage));
    let good = format!("ndt7+http://{}/", mire.address);
    let output = agent(state.path())
        .args(["run", "--only", "download", "--size", "large", "--format", "json"])
        .args(["--mire", &bad, "--mire", &good])
        .output()
        .unwrap();
    let report = validated(&output);
    let outcome = &report["measurements"]["download"]["outcome"];
    assert_eq!(outcome["status"], "measured", "{outcome:#}");
    assert_eq!(outcome["value"]["server"]["url"], good.as_str());
    let caveats = outcome["caveats"].as_array().unwrap();
    assert!(caveats.iter().any(|caveat| caveat["code"] == "mire_skipped"), "{caveats:#?}");
    let verdict = &report["assessment"]["verdicts"][0];
    assert_eq!(verdict["verdict"], "met", "{verdict:#}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn without_a_size_three_comparisons_are_made() {
    let state = tempfile::tempdir().unwrap();
    let mire = Mire::start(state.path(), &["--rate", "12M"]);
    let url = format!("ndt7+http://{}/", mire.address);
    let output = agent(state.path())
        .args(["run", "--only", "download", "--format", "json", "--mire", &url])
        .output()
        .unwrap();
    let report = validated(&output);
    let verdict = &report["assessment"]["verdicts"][0];
    assert_eq!(verdict["verdict"], "inconclusive", "{verdict:#}");
    let said: Vec<_> =
        verdict["comparisons"].as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
    assert_eq!(said[0], "met", "{verdict:#}");
    assert_eq!(said[1], "met", "{verdict:#}");
    assert_ne!(said[2], "met", "{verdict:#}");
    assert_eq!(output.status.code(), Some(3));
}

/// Runs a command in a network namespace without any network; `None` where that is not possible.
fn without_network(state: &Path) -> Option<Command> {
    let possible =
        Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|status| status.success());
    if !possible {
        println!("skipped: a machine without network needs a network namespace (root and util-linux)");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["--net", env!("CARGO_BIN_EXE_sonde-ecole")]);
    clean(&mut command, state);
    Some(command)
}

#[test]
fn no_network_at_all_is_a_full_report_that_says_so() {
    let state = tempfile::tempdir().unwrap();
    let Some(mut command) = without_network(state.path()) else { return };
    let start = Instant::now();
    let output = command.args(["run", "--format", "json", "--size", "small"]).output().unwrap();
    let report = validated(&output);
    assert_eq!(output.status.code(), Some(3), "{report:#}");
    assert_eq!(report["assessment"]["overall"], "inconclusive");
    assert_eq!(report["measurements"]["link"]["outcome"]["failure"]["cause"], "no_network", "{report:#}");
    for probe in ["internet", "latency", "download", "upload"] {
        let status = &report["measurements"][probe]["outcome"]["status"];
        assert!(
            status == "failed" || status == "not_measured",
            "{probe}: {:#}",
            report["measurements"][probe]
        );
    }
    assert!(start.elapsed() < Duration::from_secs(15), "a machine without network answers soon");
}

#[test]
fn no_network_is_said_in_french_and_in_english() {
    let state = tempfile::tempdir().unwrap();
    for (lang, sentence) in [("fr", "réseau"), ("en", "network")] {
        let Some(mut command) = without_network(state.path()) else { return };
        let output = command.args(["run", "--lang", lang, "--size", "small"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.to_lowercase().contains(sentence), "{text}");
        assert!(!text.contains('\u{1b}'), "no colour outside a terminal: {text:?}");
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_prints_the_partial_report_and_marks_it() {
    let state = tempfile::tempdir().unwrap();
    let mire = Mire::start(state.path(), &["--rate", "2M"]);
    let url = format!("ndt7+http://{}/", mire.address);
    let child = agent(state.path())
        .args([
            "run",
            "--only",
            "link,download,upload",
            "--size",
            "small",
            "--format",
            "json",
            "--mire",
            &url,
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Interrupted once it transfers: the mire's port has a second connection then.
    let start = Instant::now();
    while established(mire.address.port()) == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "the run never reached the mire");
        thread::yield_now();
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    let report = validated(&output);
    assert_eq!(report["partial"], true, "{report:#}");
    assert_eq!(report["measurements"]["upload"]["outcome"]["reason"]["code"], "interrupted", "{report:#}");
    assert_eq!(output.status.code(), Some(3));
}

/// Established TCP connections to a local port, as the kernel lists them.
#[cfg(unix)]
fn established(port: u16) -> usize {
    let hex = format!(":{port:04X}");
    std::fs::read_to_string("/proc/self/net/tcp")
        .unwrap_or_default()
        .lines()
        .filter(|line| {
            let mut fields = line.split_whitespace();
            fields.nth(1).is_some_and(|local| local.ends_with(&hex)) && fields.nth(1) == Some("01")
        })
        .count()
}

#[cfg(unix)]
#[test]
fn without_rights_for_icmp_and_wifi_the_rest_runs() {
    let unprivileged =
        ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
    if !Command::new("setpriv").args(unprivileged).arg("true").status().is_ok_and(|status| status.success()) {
        println!("skipped: giving rights up needs setpriv and root");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mire = Mire::start(state.path(), &["--rate", "20M"]);
    // A place that the unprivileged user may read: the build directory may not be.
    let public = tempfile::Builder::new().prefix("sonde-").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(public.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let copy = public.path().join("sonde-ecole");
    std::fs::copy(env!("CARGO_BIN_EXE_sonde-ecole"), &copy).unwrap();
    let mut command = Command::new("setpriv");
    command.args(unprivileged).arg(&copy);
    clean(&mut command, &public.path().join("state"));
    let url = format!("ndt7+http://{}/", mire.address);
    let output = command
        .args([
            "run",
            "--only",
            "link,latency,download,wifi,path",
            "--size",
            "large",
            "--format",
            "json",
            "--mire",
            &url,
        ])
        .output()
        .unwrap();
    let report = validated(&output);
    assert_eq!(report["measurements"]["latency"]["outcome"]["status"], "measured", "{report:#}");
    assert_eq!(report["measurements"]["download"]["outcome"]["status"], "measured", "{report:#}");
    assert_eq!(report["measurements"]["wifi"]["outcome"]["status"], "not_measured", "{report:#}");
    let rate = report["assessment"]["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["requirement"] == "download-rate");
    assert_eq!(rate.unwrap()["verdict"], "met", "{report:#}");
}
