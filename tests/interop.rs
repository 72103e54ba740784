//! Other people's clients against this mire, on loopback: the official ndt7, LibreSpeed and responsiveness clients and
//! curl. One is taken from `$SONDE_ECOLE_PEERS` (a directory) or `PATH`; without it a test says that it was skipped.
//! Nothing here reaches for the Internet: each client is told the one server to use.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Certificate, Mire, free_address, peer_or_say, wait_for};
use serde_json::{Value, json};

/// The mire's limit, Mbit/s: enough that what a client's sockets hold at the end is little beside it, for some clients
/// count what they handed to the system.
const LIMIT: f64 = 40.0;
/// How far a client's own figure may lie from the limit.
const TOLERANCE: f64 = 0.15;

fn ndt7_client() -> Option<PathBuf> {
    peer_or_say("ndt7-client", "https://github.com/m-lab/ndt7-client-go")
}

fn librespeed_cli() -> Option<PathBuf> {
    peer_or_say("librespeed-cli", "https://github.com/librespeed/speedtest-cli")
}

/// Runs a client and reads its one JSON document.
fn answer(mut command: Command) -> Value {
    let output = command.output().expect("the client starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}\n{errors}", output.status);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{errors}"))
}

/// Whether a figure in Mbit/s is the limit.
fn assert_limit(what: &str, figure: &Value) {
    let rate = figure.as_f64().unwrap_or_else(|| panic!("{what}: {figure}"));
    println!("{what}: {rate:.2} Mbit/s of {LIMIT}");
    assert!((rate / LIMIT - 1.0).abs() <= TOLERANCE, "{what}: {rate} Mbit/s of {LIMIT}");
}

/// A mire with the limit, in clear and over TLS with a certificate of an authority made for it.
struct Peered {
    mire: Mire,
    tls: SocketAddr,
    authority: PathBuf,
}

impl Peered {
    fn start(directory: &Path) -> Self {
        let Certificate { cert, key, authority } = Certificate::issue(directory);
        let [cert, key] = [&cert, &key].map(|file| file.to_str().unwrap());
        let tls = free_address();
        let rate = format!("{LIMIT}M");
        let listen = tls.to_string();
        let arguments = ["--rate", &rate, "--listen-tls", &listen, "--cert", cert, "--key", key];
        // A responsiveness client opens a hundred connections a second and leaves them; refused ones count as fast.
        let arguments = [&arguments[..], &["--max-connections", "2000"]].concat();
        let mire = Mire::start(directory, &arguments);
        wait_for(tls);
        Self { mire, tls, authority }
    }
}

/// Runs the official ndt7 client both ways.
fn ndt7(over_tls: bool) {
    let Some(client) = ndt7_client() else { return };
    let directory = tempfile::tempdir().unwrap();
    let peered = Peered::start(directory.path());
    let (scheme, server) = if over_tls { ("wss", peered.tls) } else { ("ws", peered.mire.address) };
    let mut command = Command::new(client);
    command
        .args(["-server", &server.to_string(), "-scheme", scheme, "-format", "json", "-quiet"])
        // Where its TLS library looks for roots.
        .env("SSL_CERT_FILE", &peered.authority);
    let summary = answer(command);
    for direction in ["Download", "Upload"] {
        assert_eq!(summary[direction]["Throughput"]["Unit"], "Mbit/s", "{summary:#}");
        assert_limit(
            &format!("ndt7-client {scheme} {direction}"),
            &summary[direction]["Throughput"]["Value"],
        );
    }
    assert_eq!(summary["ClientIP"], "127.0.0.1", "{summary:#}");
}

#[test]
fn the_official_ndt7_client_measures_both_ways() {
    ndt7(false);
}

#[test]
fn the_official_ndt7_client_measures_both_ways_over_tls() {
    ndt7(true);
}

/// Runs LibreSpeed's own client both ways.
fn librespeed(over_tls: bool) {
    let Some(client) = librespeed_cli() else { return };
    let directory = tempfile::tempdir().unwrap();
    let peered = Peered::start(directory.path());
    let server = if over_tls {
        format!("https://{}/backend/", peered.tls)
    } else {
        format!("http://{}", peered.mire.address)
    };
    let servers = json!([{
        "id": 1, "name": "mire", "server": server,
        "dlURL": "garbage.php", "ulURL": "empty.php", "pingURL": "empty.php", "getIpURL": "getIP.php",
    }]);
    let list = directory.path().join("servers.json");
    std::fs::write(&list, servers.to_string()).unwrap();
    let mut command = Command::new(client);
    command.arg("--local-json").arg(&list).arg("--ca-cert").arg(&peered.authority);
    command.args(["--server", "1", "--json", "--no-icmp", "--duration", "8"]);
    let results = answer(command);
    let result = &results[0];
    for direction in ["download", "upload"] {
        assert_limit(&format!("librespeed-cli {server} {direction}"), &result[direction]);
    }
    assert_eq!(result["client"]["ip"], "127.0.0.1", "{results:#}");
    assert!(result["ping"].as_f64().is_some_and(|ping| ping > 0.0), "{results:#}");
}

#[test]
fn librespeeds_own_client_measures_both_ways() {
    librespeed(false);
}

#[test]
fn librespeeds_own_client_measures_both_ways_over_tls() {
    librespeed(true);
}

/// The number that follows `label` in a text, the first time after `after`.
fn number_after(text: &str, after: &str, label: &str) -> Value {
    let number = text
        .split_once(after)
        .and_then(|(_, rest)| rest.split_once(label))
        .and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<f64>().ok());
    number.map_or_else(|| panic!("no {after} {label} in: {text}"), Value::from)
}

#[test]
fn the_official_responsiveness_client_measures_both_ways() {
    let home = "https://github.com/network-quality/goresponsiveness";
    let Some(client) = peer_or_say("networkQuality", home) else { return };
    let directory = tempfile::tempdir().unwrap();
    let peered = Peered::start(directory.path());
    let output = Command::new(client)
        .args(["-url", &format!("https://{}/.well-known/nq", peered.tls), "-insecure-skip-verify=false"])
        .env("SSL_CERT_FILE", &peered.authority)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}\n{errors}", output.status);
    println!("{text}\n{errors}");
    assert_limit("networkQuality download", &number_after(&text, "Download:", "Throughput: "));
    // The upload's figure is there and not compared: the client counts what its system takes from it, a megabyte and a
    // half for each new connection and then half a megabyte at a time, and prints its last second alone.
    let upload = number_after(&text, "Upload:", "Throughput: ");
    assert!(upload.as_f64().is_some_and(|rate| rate > 0.0), "{text}");
    for after in ["Download:", "Final"] {
        let rpm = number_after(&text, after, "RPM: ");
        assert!(rpm.as_f64().is_some_and(|rpm| rpm > 0.0), "{text}");
    }
}

#[test]
fn curl_speaks_both_versions_of_http_with_it() {
    let Some(curl) = peer_or_say("curl", "https://curl.se") else { return };
    let about = Command::new(&curl).arg("--version").output().unwrap();
    if !String::from_utf8_lossy(&about.stdout).contains("HTTP2") {
        println!("skipped: this curl was built without HTTP/2");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let peered = Peered::start(directory.path());
    let body = directory.path().join("body.bin");
    std::fs::write(&body, vec![7; 2_000_000]).unwrap();
    let body = format!("@{}", body.display());
    let figures = "%{response_code} %{http_version} %{size_download} %{size_upload}";
    for (version, path, data, expected) in [
        ("--http2", "/nq/small", None, "200 2 1 0"),
        ("--http2", "/file/2M.bin", None, "200 2 2000000 0"),
        ("--http2", "/nq/upload", Some(&body), "200 2 0 2000000"),
        ("--http1.1", "/nq/small", None, "200 1.1 1 0"),
        ("--http1.1", "/nq/upload", Some(&body), "200 1.1 0 2000000"),
    ] {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--show-error", "--noproxy", "*", version, "--write-out", figures]);
        command.arg("--output").arg(directory.path().join("answer")).arg("--cacert").arg(&peered.authority);
        command.args(data.into_iter().flat_map(|data| ["--data-binary", data]));
        let output = command.arg(format!("https://{}{path}", peered.tls)).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{version} {path}: {errors}");
    }
}
