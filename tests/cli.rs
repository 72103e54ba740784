//! The command line as a new user meets it: every refusal names what is wrong and what to do, in both languages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::process::{Command as Process, Output};

use assert_cmd::Command;

/// The agent, with nothing of this machine's environment that could change its answers.
fn agent(args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("sonde-ecole").unwrap();
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("SONDE_ECOLE_") || name.to_uppercase().ends_with("_PROXY"))
    {
        command.env_remove(name);
    }
    command.args(args).output().unwrap()
}

/// Exit 2, nothing on standard output, and the message on standard error.
fn refused(args: &[&str]) -> String {
    let output = agent(args);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(output.stdout.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    message
}

#[test]
fn an_unknown_flag_names_the_nearest() {
    let message = refused(&["run", "--siz", "small"]);
    assert!(message.contains("option inconnue") && message.contains("--size"), "{message}");
    let message = refused(&["--lang", "en", "run", "--siz", "small"]);
    assert!(message.contains("unknown option") && message.contains("--size"), "{message}");
}

#[test]
fn a_wrong_uai_shows_the_letter_that_fits() {
    let message = refused(&["run", "--uai", "0940176A"]);
    assert!(message.contains("0940176F"), "{message}");
}

#[test]
fn an_unknown_configuration_key_shows_file_line_and_nearest() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("c.toml");
    std::fs::write(&file, "uai = \"0940176F\"\nszie = \"medium\"\n").unwrap();
    let message = refused(&["run", "--config", file.to_str().unwrap()]);
    assert!(message.contains("ligne 2") && message.contains("szie") && message.contains("size"), "{message}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for args in [
        ["run", "--config", "absent.toml"],
        ["run", "--rules", "absent.toml"],
        ["run", "--endpoints", "absent.toml"],
        ["run", "--ca", "absent.toml"],
    ] {
        let message = refused(&args);
        assert!(message.contains("absent.toml") && message.contains("fichier absent"), "{message}");
    }
    assert!(refused(&["report", "absent.json"]).contains("absent.json"));
}

#[test]
fn an_unknown_ent_or_probe_names_the_nearest() {
    assert!(refused(&["run", "--ent", "e-prmo"]).contains("e-primo"));
    assert!(refused(&["run", "--only", "downlaod"]).contains("download"));
}

#[test]
fn a_password_in_the_arguments_is_refused_and_not_repeated() {
    let message = refused(&["run", "--proxy", "http://user:hunter2@proxy:3128"]);
    assert!(message.contains("--proxy-password-file") && !message.contains("hunter2"), "{message}");
    let message = refused(&["run", "--proxy", "http://proxy:3128", "--proxy-user", "user:hunter2"]);
    assert!(message.contains("--proxy-password-file") && !message.contains("hunter2"), "{message}");
}

#[test]
fn without_a_command_and_a_terminal_the_usage_is_short() {
    let message = refused(&[]);
    assert!(message.contains("sonde-ecole run") && message.lines().count() <= 3, "{message}");
}

#[test]
fn help_speaks_the_users_language() {
    let help = |args: &[&str]| {
        let output = agent(args);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let french = help(&["run", "--help"]);
    assert!(french.contains("Utilisation") && french.contains("Mesure l’école"), "{french}");
    assert!(!french.contains("Usage:") && !french.contains("Print help"), "{french}");
    let english = help(&["run", "--help", "--lang", "en"]);
    assert!(english.contains("Usage:") && english.contains("Measure the school"), "{english}");
}

/// In a network namespace of its own, where not even the loopback is up.
#[test]
fn without_a_network_the_report_is_whole_and_quick() {
    let possible =
        Process::new("unshare").args(["-rn", "true"]).output().is_ok_and(|made| made.status.success());
    if !possible {
        eprintln!("skipped: no unprivileged network namespace here (unshare -rn)");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let output = Process::new("unshare")
        .arg("-rn")
        .arg(assert_cmd::cargo::cargo_bin("sonde-ecole"))
        .args(["run", "--format", "json", "--skip", "wifi"])
        .env("SONDE_ECOLE_STATE", state.path())
        .env_remove("HTTPS_PROXY")
        .env_remove("HTTP_PROXY")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../docs/schema/report-1.json")).unwrap();
    let checked = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = checked.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(document["assessment"]["overall"], "inconclusive");
    assert_eq!(document["measurements"]["link"]["outcome"]["failure"]["cause"], "no_network");
    // "A few seconds": the whole point is not to wait for what cannot come.
    assert!(document["elapsed_ms"].as_u64().unwrap() < 10_000);
}
