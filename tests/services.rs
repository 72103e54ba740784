//! `endpoints list`, `endpoints check` and the sheet for the filter's administrator: the real binary against servers on
//! 127.0.0.0/8 that answer, block, refuse or fail. Nothing leaves the machine: every host is an address of loopback.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
// Only Linux answers on the whole of 127.0.0.0/8.
#![cfg(target_os = "linux")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use common::{agent, validated};
use serde_json::Value;

/// A server at an address of loopback that gives every request this answer; it ends with the process.
fn server(address: &str, answer: &'static str) -> String {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}:{port}/")
}

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const BLOCKED: &str = "HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 3\r\nConnection: close\r\n\r\nnon";
const BROKEN: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A port that refuses.
fn closed(address: &str) -> String {
    let listener = TcpListener::bind((address, 0)).unwrap();
    format!("tcp://{address}:{}", listener.local_addr().unwrap().port())
}

/// The agent on these services (id and URL) alone, its control target on loopback as well.
fn check(directory: &Path, services: &[(&str, &str)], arguments: &[&str]) -> Output {
    let control = server("127.0.0.1", FINE);
    let config = directory.join("config.toml");
    std::fs::write(&config, format!("[[control]]\nurl = \"{control}\"\nstatus = 200\nbody = \"ok\"\n"))
        .unwrap();
    let table = |(id, url): &(&str, &str)| {
        format!("[[endpoint]]\nid = \"{id}\"\nlabel = \"Service {id}\"\nkind = \"ent\"\nurls = [\"{url}\"]\n")
    };
    let file = directory.join("services.toml");
    std::fs::write(&file, services.iter().map(table).collect::<String>()).unwrap();
    agent(directory)
        .args(["endpoints", "check", "--no-catalogue", "--endpoints"])
        .arg(file)
        .arg("--config")
        .arg(config)
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Exit 2, nothing on standard output, and the message.
fn refused(arguments: &[&str]) -> String {
    let state = tempfile::tempdir().unwrap();
    let output = agent(state.path()).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    stderr(&output)
}

fn list(arguments: &[&str]) -> String {
    let state = tempfile::tempdir().unwrap();
    let output = agent(state.path()).args(["endpoints", "list"]).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_check_has_the_verdicts_and_exit_codes_of_a_run() {
    let state = tempfile::tempdir().unwrap();
    let (fine, blocked, broken) =
        (server("127.0.0.2", FINE), server("127.0.0.3", BLOCKED), server("127.0.0.4", BROKEN));
    let cases = [
        (vec![("fine", fine.as_str())], 0, "met"),
        (vec![("fine", fine.as_str()), ("blocked", blocked.as_str())], 1, "not_met"),
        (vec![("fine", fine.as_str()), ("broken", broken.as_str())], 3, "inconclusive"),
    ];
    for (services, code, overall) in cases {
        let output = check(state.path(), &services, &["--format", "json"]);
        let report = validated(&output);
        assert_eq!(report["assessment"]["overall"], overall, "{report:#}");
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(report["measurements"]["endpoints"].as_array().unwrap().len(), services.len());
        for absent in ["download", "upload", "latency", "wifi", "path"] {
            assert_eq!(report["measurements"][absent], Value::Null, "{absent}");
        }
    }
    let text = stdout(&check(state.path(), &[("fine", &fine), ("blocked", &blocked)], &[]));
    assert!(text.contains("Service blocked") && text.contains("Squid"), "{text}");
    assert!(!text.contains("Débit"), "{text}");
}

#[test]
fn the_sheet_asks_for_what_the_network_refuses_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let fine = server("127.0.0.2", FINE);
    let blocked = server("127.0.0.3", BLOCKED);
    let broken = server("127.0.0.4", BROKEN);
    let refused = closed("127.0.0.5");
    let services =
        [("fine", fine.as_str()), ("blocked", &blocked), ("broken", &broken), ("refused", &refused)];
    let asked = ["--allowlist", "--uai", "9999991F", "--site", "Bâtiment A", "--requester", "Mairie, 01 02"];
    let output = check(state.path(), &services, &asked);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for due in ["127.0.0.3", "127.0.0.5", "9999991F", "Bâtiment A", "Mairie, 01 02", "Squid", "503"] {
        assert!(text.contains(due), "{due}: {text}");
    }
    assert!(!text.contains("127.0.0.2") && !text.contains("127.0.0.4"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    let all = stdout(&check(state.path(), &services, &["--allowlist", "--all"]));
    for due in ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"] {
        assert!(all.contains(due), "{due}: {all}");
    }
}

#[test]
fn the_csv_opens_in_a_spreadsheet_and_can_go_to_a_file() {
    let state = tempfile::tempdir().unwrap();
    let (fine, blocked) = (server("127.0.0.2", FINE), server("127.0.0.3", BLOCKED));
    let services = [("fine", fine.as_str()), ("blocked", &blocked)];
    let saved = state.path().join("acces.csv");
    let asked = ["--allowlist", "--format", "csv", "--output", saved.to_str().unwrap()];
    let output = check(state.path(), &services, &asked);
    assert!(output.stdout.is_empty() && stderr(&output).contains("acces.csv"), "{}", stderr(&output));
    let text = std::fs::read_to_string(&saved).unwrap();
    assert!(text.starts_with("\u{feff}demande;service;"), "{text}");
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].starts_with("à ouvrir;Service blocked;ENT;127.0.0.3;"), "{text}");
    // A directory that is not there is told before anything is tried.
    let output = check(state.path(), &services, &["--allowlist", "--output", "/absent/dossier/acces.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && stderr(&output).contains("/absent/dossier"), "{}", stderr(&output));
    // One that cannot be written leaves the sheet on standard output.
    let directory = state.path().to_str().unwrap();
    let output = check(state.path(), &services, &["--allowlist", "--output", directory]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stdout(&output).contains("127.0.0.3"));
}

#[test]
fn without_a_network_the_sheet_is_empty_and_says_why() {
    let possible =
        Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|made| made.status.success());
    if !possible {
        println!("skipped: no unprivileged network namespace here (unshare -rn)");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .arg("-rn")
        .arg(env!("CARGO_BIN_EXE_sonde-ecole"))
        .args(["endpoints", "check", "--territory", "44", "--allowlist"])
        .env("SONDE_ECOLE_STATE", state.path())
        .env_remove("HTTPS_PROXY")
        .env_remove("HTTP_PROXY")
        .output()
        .unwrap();
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}{}", stderr(&output));
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains("pas de réseau") && !joined.contains("TCP 443"), "{text}");
}

#[test]
fn the_list_says_what_a_run_would_reach() {
    let document: Value =
        serde_json::from_str(&list(&["--territory", "Loire-Atlantique", "--format", "json"])).unwrap();
    assert_eq!((&document["territory"], &document["academy"]), (&"44".into(), &"ac-nantes".into()));
    assert_eq!(document["proposed_ent"], serde_json::json!(["e-primo"]));
    let reached = |document: &Value| {
        let endpoints = document["endpoints"].as_array().unwrap();
        let reached = endpoints.iter().filter(|endpoint| endpoint["reached"] == true);
        reached.map(|endpoint| endpoint["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reached(&document), ["gar", "gar-idp", "gar-vignette", "educonnect", "portail-nantes"]);
    let ids: Vec<&str> =
        document["endpoints"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"one") && !ids.contains(&"essonne"), "the ENTs of elsewhere are left out: {ids:?}");
    let text = list(&["--territory", "44"]);
    assert!(text.contains("* portail-nantes") && text.contains("--ent e-primo"), "{text}");
    let managed = list(&["--kind", "gestion", "--profile", "management"]);
    assert!(managed.contains("courier.push.apple.com:5223") && managed.contains("UDP 123"), "{managed}");
    assert!(!managed.contains("gar.education.fr\n"), "{managed}");
    let csv = list(&["--kind", "guichets", "--territory", "44", "--format", "csv"]);
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(rows.len(), 1, "{csv}");
    assert!(rows[0].contains(";aaa-idp.ac-nantes.fr;443;HTTPS;ac-nantes;non;"), "{csv}");
}

#[test]
fn a_school_without_a_known_guichet_is_told_so() {
    let text = list(&["--territory", "75"]);
    assert!(text.contains("académie de Paris") && text.contains("paris-classe-numerique"), "{text}");
    let none = list(&["--territory", "33"]);
    assert!(none.contains("n’en connaît pas"), "{none}");
}

#[test]
fn what_a_hurried_technician_gets_wrong_is_named() {
    for (arguments, due) in [
        (&["endpoints", "list", "--territory", "96"][..], &["territoire inconnu", "96"][..]),
        (&["endpoints", "list", "--territory", "ac-nante"], &["ac-nantes"]),
        (&["endpoints", "list", "--territory", "44000"], &["dire « 44 »"]),
        (&["endpoints", "check", "--uai", "0940176A"], &["0940176F"]),
        (&["endpoints", "check", "--ent", "e-prmo"], &["e-primo", "--kind ent"]),
        (&["endpoints", "check", "--ent", "pronote"], &["--uai"]),
        (&["endpoints", "list", "--profile", "resource-s"], &["resources"]),
        (&["endpoints", "list", "--kind", "garr"], &["gar, ent"]),
        (&["endpoints", "list", "--format", "xls"], &["csv"]),
        (&["endpoints", "check", "--format", "csv"], &["--allowlist"]),
        (&["endpoints", "check", "--allowlist", "--format", "json"], &["csv"]),
        (&["endpoints", "check", "--all"], &["--allowlist"]),
        (&["endpoints"], &["commande"]),
        (&["endpoints", "lst"], &["list"]),
    ] {
        let message = refused(arguments);
        for text in due {
            assert!(message.replace('\u{202f}', " ").contains(text), "{arguments:?}: {text:?} in {message}");
        }
    }
}

#[test]
fn a_file_of_services_is_refused_with_line_and_nearest_in_the_users_language() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("mine.toml");
    let head = "[[endpoint]]\nid = \"a\"\nlabel = \"A\"\nkind = \"ent\"\n";
    for (text, due) in [
        (
            format!("{head}urls = [\"https://a.example/\"]\nteritory = [\"44\"]\n"),
            &["ligne 6", "territory"][..],
        ),
        (format!("{head}urls = [\"ftp://a.example/\"]\n"), &["ligne 5", "http://"]),
        (format!("{head}urls = [\"https://a.example/\"]\nterritory = [\"96\"]\n"), &["ligne 6", "96"]),
        ("[[endpoint]]\nid = \"gar-ipd\"\nremove = true\n".to_owned(), &["ligne 2", "gar-idp"]),
    ] {
        std::fs::write(&file, text).unwrap();
        let message = refused(&["endpoints", "list", "--endpoints", file.to_str().unwrap()]);
        for text in due {
            assert!(message.contains(text), "{text:?} in {message}");
        }
        assert!(!message.contains("unknown") && !message.contains("nothing to"), "{message}");
    }
    // A host under a second id is no error, and said.
    std::fs::write(&file, format!("{head}urls = [\"https://gar.education.fr/\"]\n")).unwrap();
    let output = agent(state.path()).args(["endpoints", "list", "--endpoints"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("deux identifiants"), "{}", stderr(&output));
}
