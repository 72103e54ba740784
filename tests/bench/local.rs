//! What needs no slow link: the peak rate on loopback and at a gigabit beside curl and iperf3, and the footprint.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::Asked;
use crate::common::lab::{Kind, Link, agent_behind, binary, command_behind};
use crate::common::{Certificate, clean, free_address, wait_for};
use crate::stats::median;
use crate::store::Store;

/// Length of each transfer on loopback, seconds.
const PEAK_SECONDS: &str = "3";
/// A file that lasts, at loopback's rate.
const FILE: &str = "file/10000M.bin";
/// More than any of these transfers moves.
const NO_BYTE_CAP: &str = "100G";

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A quiet command with nothing of the caller's environment that counts.
fn quiet(mut command: Command, state: &std::path::Path) -> Command {
    clean(&mut command, state);
    command.stderr(Stdio::null());
    command
}

/// The application-layer rate the agent reports.
fn agent_bps(report: &[u8]) -> Value {
    let report: Value = serde_json::from_slice(report).unwrap_or_default();
    let outcome = &report["measurements"]["download"]["outcome"];
    let rate = &outcome["value"]["goodput_bps"];
    if rate.is_null() { json!({ "failed": outcome.to_string() }) } else { json!({ "bps": rate }) }
}

/// curl's own mean, bit/s, from what `-w %{speed_download}` printed; zero is what it prints when nothing came.
fn curl_bps(printed: &[u8]) -> Value {
    match String::from_utf8_lossy(printed).trim().parse::<f64>() {
        Ok(speed) if speed > 0.0 => json!({ "bps": speed * 8.0 }),
        _ => json!({ "failed": "curl received nothing" }),
    }
}

/// iperf3's rate at the receiver.
fn iperf3_bps(printed: &[u8]) -> Value {
    let result: Value = serde_json::from_slice(printed).unwrap_or_default();
    let rate = &result["end"]["sum_received"]["bits_per_second"];
    if rate.is_null() { json!({ "failed": result["error"] }) } else { json!({ "bps": rate }) }
}

/// One result of the peak part.
fn told(tool: &str, rate: &Value) -> Value {
    json!({ "tool": tool, "bps": rate["bps"], "failed": rate["failed"] })
}

/// The instruments in turn on loopback, in clear or over TLS, so many rounds.
fn loopback(asked: &Asked, tls: bool) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let certificate = Certificate::issue(directory.path());
    let (plain, secure) = (free_address(), free_address());
    let mut mire = quiet(Command::new(binary()), directory.path());
    mire.args(["mire", "--listen", &plain.to_string(), "--listen-tls", &secure.to_string()]);
    mire.arg("--cert").arg(&certificate.cert).arg("--key").arg(&certificate.key).stdout(Stdio::null());
    let _mire = Running(mire.spawn().unwrap());
    wait_for(plain);
    wait_for(secure);
    let (scheme, address) = if tls { ("https", secure) } else { ("http", plain) };
    let mut results = Vec::new();
    for _ in 0..asked.times(3, 7) {
        for (name, url) in [
            ("agent, ndt7", format!("ndt7+{scheme}://{address}/")),
            ("agent, LibreSpeed", format!("librespeed+{scheme}://{address}/backend/")),
            ("agent, file", format!("{scheme}://{address}/{FILE}")),
        ] {
            let mut agent = quiet(Command::new(binary()), directory.path());
            agent.args(["run", "--format", "json", "--only", "link,download", "--until", PEAK_SECONDS]);
            agent.args(["--max-bytes", NO_BYTE_CAP, "--mire", &url]).arg("--ca").arg(&certificate.authority);
            results.push(told(name, &agent_bps(&agent.output().unwrap().stdout)));
        }
        let mut curl = quiet(Command::new("curl"), directory.path());
        curl.args(["-s", "-o", "/dev/null", "--max-time", PEAK_SECONDS, "-w", "%{speed_download}"]);
        curl.arg("--cacert").arg(&certificate.authority).arg(format!("{scheme}://{address}/{FILE}"));
        results.push(told("curl", &curl.output().map_or(json!({}), |done| curl_bps(&done.stdout))));
        if !tls {
            results.push(told("iperf3", &iperf3_on_loopback(directory.path())));
        }
    }
    results
}

/// iperf3 with a server of its own: one TCP connection.
fn iperf3_on_loopback(state: &std::path::Path) -> Value {
    let port = free_address().port().to_string();
    let mut server = quiet(Command::new("iperf3"), state);
    let Ok(server) = server.args(["-s", "-p", &port]).stdout(Stdio::null()).spawn() else {
        return json!({ "failed": "iperf3 is missing" });
    };
    let _server = Running(server);
    wait_for(format!("127.0.0.1:{port}").parse().unwrap());
    let mut client = quiet(Command::new("iperf3"), state);
    client.args(["-c", "127.0.0.1", "-p", &port, "-R", "-J", "-t", PEAK_SECONDS]);
    client.output().map_or(json!({}), |done| iperf3_bps(&done.stdout))
}

/// What the gigabit link lets through at the IP layer, bit/s: the token bucket counts Ethernet's header.
pub(crate) const GIGABIT_IP_BPS: f64 = 1e9 * 1500.0 / 1514.0;

/// The agent and curl on the kernel's token bucket of 1 Gbit/s, as rates of the IP layer.
fn gigabit(asked: &Asked) -> Vec<Value> {
    let link = Link { down_mbps: 1000.0, up_mbps: 1000.0, rtt_ms: 0 };
    let url = format!("http://{{BASE}}:8080/{FILE}");
    let mut results = Vec::new();
    for _ in 0..asked.times(2, 5) {
        let arguments = ["run", "--format", "json", "--only", "link,download", "--until", "5"];
        let more = ["--max-bytes", NO_BYTE_CAP, "--mire", "ndt7+http://{BASE}:8080/"];
        let agent = match agent_behind(Kind::TokenBucket, link, &[&arguments[..], &more[..]].concat()) {
            Ok(run) => {
                json!({ "bps": run.report["measurements"]["download"]["outcome"]["value"]["ip_rate_bps"] })
            }
            Err(error) => json!({ "failed": error }),
        };
        results.push(told("agent, ndt7", &agent));
        let curl = ["curl", "-s", "-o", "/dev/null", "--max-time", "5", "-w", "%{speed_download}", &url];
        let mut rate = match command_behind(Kind::TokenBucket, link, None, &curl) {
            Ok(done) => curl_bps(done.stdout.as_bytes()),
            Err(error) => json!({ "failed": error }),
        };
        // Headers of IPv4 and TCP with timestamps: 1448 of 1500 bytes are curl's.
        if let Some(bps) = rate["bps"].as_f64() {
            rate["bps"] = json!(bps * 1500.0 / 1448.0);
        }
        results.push(told("curl", &rate));
    }
    results
}

/// The peak rate beside curl and iperf3 in the same minute on the same machine.
pub(crate) fn peak(asked: &Asked, store: &Store, lab: bool) {
    for (name, tls) in [("loopback, plain", false), ("loopback, TLS", true)] {
        if asked.wants(name) {
            store.replace("peak", name, loopback(asked, tls));
        }
    }
    let name = "1 Gbit/s, shaped";
    if lab && asked.wants(name) {
        store.replace("peak", name, gigabit(asked));
    }
}

/// Size, start-up, time from process start to verdict, memory.
pub(crate) fn footprint(asked: &Asked, store: &Store) {
    let directory = tempfile::tempdir().unwrap();
    let size = fs::metadata(binary()).unwrap().len();
    let starts: Vec<f64> = (0..asked.times(20, 50))
        .map(|_| {
            let mut command = quiet(Command::new(binary()), directory.path());
            let start = Instant::now();
            assert!(command.arg("--version").output().unwrap().status.success());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    store.replace("footprint", "binary", vec![json!({ "size_bytes": size, "start_ms": median(&starts) })]);
    let base = ["run", "--format", "json", "--size", "small", "--mire", "ndt7+http://{BASE}:8080/"];
    let verdict = &["--only", "link,download", "--until", "verdict"][..];
    for (name, down_mbps, more) in [
        ("verdict at 10 Mbit/s", 10.0, verdict),
        ("verdict at 20 Mbit/s", 20.0, verdict),
        ("verdict at 100 Mbit/s", 100.0, verdict),
        ("default run at 20 Mbit/s", 20.0, &[][..]),
    ] {
        let link = Link { down_mbps, up_mbps: 5.0, rtt_ms: 20 };
        let results = (0..asked.times(2, 5)).map(|_| {
            match agent_behind(Kind::RATTAN, link, &[&base[..], more].concat()) {
                Ok(run) => json!({
                    "wall_s": run.wall_s,
                    "resident_kb": run.resident_kb,
                    "verdict": run.verdict("download-rate")["verdict"],
                }),
                Err(error) => json!({ "failed": error }),
            }
        });
        store.replace("footprint", name, results.collect());
    }
}
