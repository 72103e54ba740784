//! Other people's instruments beside this agent, one after the other behind the same links, against the same mire.

use std::path::Path;

use serde_json::{Value, json};

use crate::Asked;
use crate::common::lab::{Beside, Finished, Kind, Link, binary, command_behind};
use crate::common::peer;
use crate::store::Store;

/// Application bytes of a full packet (IPv4, TCP with timestamps): what each of these instruments reports at best, over
/// the rate of the IP layer that the link lets through.
pub(crate) const GOODPUT_SHARE: f64 = 1448.0 / 1500.0;

/// An instrument: its name, its command, and how its figure in bit/s is read.
struct Instrument {
    name: &'static str,
    command: Vec<String>,
    read: fn(&Finished) -> Option<f64>,
}

/// The server that iperf3 speaks to: one test, at its own port.
const IPERF3: Beside<'static> = Beside { command: "iperf3 -s -1", port: 5201 };

/// What curl and the mean-over-a-time instruments are given: ten seconds, their common default.
const SECONDS: &str = "10";

fn json_of(done: &Finished) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_default()
}

/// The agent's application-layer rate, or what stands in its place.
fn agent(done: &Finished) -> Option<f64> {
    json_of(done)["measurements"]["download"]["outcome"]["value"]["goodput_bps"].as_f64()
}

/// Every instrument that is here, and the names of those that are not.
fn instruments(scratch: &Path) -> (Vec<Instrument>, Vec<&'static str>) {
    let own = binary().to_str().unwrap().to_owned();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let run = |until: &str| {
        let base = [&own, "run", "--format", "json", "--only", "link,download", "--size", "small"];
        words(&[&base[..], &["--until", until, "--mire", "ndt7+http://{BASE}:8080/"]].concat())
    };
    let curl = ["curl", "-s", "-o", "/dev/null", "--max-time", SECONDS, "-w", "%{speed_download}"];
    let mut here = vec![
        Instrument { name: "sonde-ecole, until verdict", command: run("verdict"), read: agent },
        Instrument { name: "sonde-ecole, until stable", command: run("stable"), read: agent },
        Instrument {
            name: "curl",
            command: words(&[&curl[..], &["http://{BASE}:8080/file/10000M.bin"]].concat()),
            read: |done| Some(done.stdout.trim().parse::<f64>().ok()? * 8.0),
        },
        Instrument {
            name: "iperf3",
            command: words(&["iperf3", "-c", "{BASE}", "-R", "-J", "-t", SECONDS]),
            read: |done| json_of(done)["end"]["sum_received"]["bits_per_second"].as_f64(),
        },
    ];
    let mut missing = Vec::new();
    match peer("ndt7-client") {
        Some(client) => here.push(Instrument {
            name: "ndt7-client",
            command: {
                let client = client.to_str().unwrap();
                let base = [client, "-server", "{BASE}:8080", "-scheme", "ws"];
                words(&[&base[..], &["-format", "json", "-quiet", "-upload=false"]].concat())
            },
            read: |done| Some(json_of(done)["Download"]["Throughput"]["Value"].as_f64()? * 1e6),
        }),
        None => missing.push("ndt7-client"),
    }
    // The client of the Rust registry; it installs itself under the official one's name.
    match peer("ndt7-client-rust") {
        Some(client) => here.push(Instrument {
            name: "ndt7-client (Rust)",
            command: {
                let client = client.to_str().unwrap();
                let base = [client, "--server", "{BASE}:8080", "--no-locate", "--no-tls"];
                words(&[&base[..], &["--no-upload", "--quiet", "--format", "json"]].concat())
            },
            // One JSON object a line; the last is the summary.
            read: |done| {
                let last = done.stdout.lines().rfind(|line| !line.trim().is_empty())?;
                let summary: Value = serde_json::from_str(last).ok()?;
                Some(summary["Summary"]["Download"]["ThroughputMbps"].as_f64()? * 1e6)
            },
        }),
        None => missing.push("ndt7-client (Rust)"),
    }
    match peer("librespeed-cli") {
        Some(client) => here.push(Instrument {
            name: "librespeed-cli",
            command: {
                let servers = json!([{
                    "id": 1, "name": "mire", "server": "http://{BASE}:8080", "dlURL": "garbage.php",
                    "ulURL": "empty.php", "pingURL": "empty.php", "getIpURL": "getIP.php",
                }]);
                let list = scratch.join("servers.json");
                let (client, list) = (client.display(), list.display());
                let script = format!(
                    "printf %s '{servers}' >'{list}' && exec '{client}' --local-json '{list}' --server 1 --json \
                     --no-icmp --no-upload --duration {SECONDS}"
                );
                words(&["bash", "-c", &script])
            },
            read: |done| Some(json_of(done)[0]["download"].as_f64()? * 1e6),
        }),
        None => missing.push("librespeed-cli"),
    }
    (here, missing)
}

/// What arrived over the link, bytes with their Ethernet headers.
fn received(done: &Finished) -> Option<f64> {
    Some(done.school.last()?[1] - done.school.first()?[1])
}

/// The instruments on each link.
pub(crate) fn measure(asked: &Asked, store: &Store) {
    let scratch = tempfile::tempdir().unwrap();
    let (here, missing) = instruments(scratch.path());
    for (down_mbps, rtt_ms, loss, quick) in [
        (8.0, 20, 0.0, true),
        (100.0, 20, 0.0, true),
        (8.0, 600, 0.0, true),
        (8.0, 60, 0.01, false),
        (30.0, 60, 0.0, false),
    ] {
        let lossy = if loss > 0.0 { ", 1 % loss" } else { "" };
        let name = format!("{down_mbps} Mbit/s, {rtt_ms} ms{lossy}");
        if !(quick || asked.full) || !asked.wants(&name) {
            continue;
        }
        let link = Link { down_mbps, up_mbps: (down_mbps / 4.0).max(1.0), rtt_ms };
        let truth = down_mbps * 1e6 * GOODPUT_SHARE;
        let mut results = Vec::new();
        for instrument in &here {
            for _ in 0..asked.times(1, 3) {
                let command: Vec<&str> = instrument.command.iter().map(String::as_str).collect();
                let server = (instrument.name == "iperf3").then_some(IPERF3);
                results.push(match command_behind(Kind::Rattan { loss }, link, server, &command) {
                    Ok(done) => {
                        let rate = (instrument.read)(&done);
                        json!({
                            "tool": instrument.name,
                            "bps": rate,
                            "error_percent": rate.map(|rate| (rate / truth - 1.0) * 100.0),
                            "wall_s": done.wall_s,
                            "bytes": received(&done),
                            "resident_kb": done.resident_kb,
                            "failed": rate.is_none().then(|| format!("{}{}", done.stdout, done.stderr)),
                        })
                    }
                    Err(error) => json!({ "tool": instrument.name, "failed": error }),
                });
            }
        }
        results.extend(missing.iter().map(|tool| json!({ "tool": tool, "missing": true })));
        store.replace("peers", &name, results);
    }
}
