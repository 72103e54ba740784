//! A command behind an emulated link, with the link's own byte counters: what the link lab and the benchmark share.
//! The link itself is made by `tests/lab/link.sh`.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// An emulated link.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub down_mbps: f64,
    pub up_mbps: f64,
    pub rtt_ms: u32,
}

impl Link {
    /// Packets the bottleneck's queue holds: one bandwidth-delay product, at least 40 (a small box's buffer).
    fn queue(self) -> u32 {
        let bdp = self.down_mbps * 1e6 * f64::from(self.rtt_ms) / 1e3 / 8.0 / 1500.0;
        (bdp as u32).max(40)
    }
}

/// What makes the link.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// rattan: rate, delay and a queue in user space, and this ratio of packets lost each way. True up to 100 Mbit/s.
    Rattan { loss: f64 },
    /// The kernel's token bucket on a veth pair, for what is faster; the delay is not emulated.
    TokenBucket,
    /// A token bucket of so many bytes, that pass at this rate before the link's own holds.
    Burst { bytes: u32, peak_mbps: f64 },
}

impl Kind {
    /// rattan without loss.
    pub const RATTAN: Self = Self::Rattan { loss: 0.0 };
}

/// Time (s), received bytes and packets of the interface, sent bytes and packets.
pub type Counters = [f64; 5];

/// Ethernet's header, counted by the interface's byte counter and no part of the IP packet.
const ETHERNET_HEADER: f64 = 14.0;

/// What a command behind a link left behind.
#[derive(Debug)]
pub struct Finished {
    pub stdout: String,
    pub stderr: String,
    pub status: i32,
    pub wall_s: f64,
    /// The most it ever had resident, kB, as last read before its end.
    pub resident_kb: Option<f64>,
    /// The link's counters at the school's end and at the mire's.
    pub school: Vec<Counters>,
    pub mire: Vec<Counters>,
    /// What the link, the mire and the scripts wrote.
    pub logs: String,
}

/// What one run of the agent left behind, its report read.
#[derive(Debug)]
pub struct Run {
    pub report: Value,
    finished: Finished,
}

impl Deref for Run {
    type Target = Finished;

    fn deref(&self) -> &Finished {
        &self.finished
    }
}

impl Run {
    pub fn verdict<'a>(&'a self, requirement: &str) -> &'a Value {
        self.report["assessment"]["verdicts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|verdict| verdict["requirement"] == requirement)
            .unwrap_or_else(|| panic!("no verdict on {requirement}: {}", self.report))
    }

    pub fn value(&self, probe: &str) -> &Value {
        let measurement = &self.report["measurements"][probe];
        assert_eq!(measurement["outcome"]["status"], "measured", "{probe}: {measurement:#}\n{}", self.stderr);
        &measurement["outcome"]["value"]
    }

    /// The IP-layer rate that the link's counters saw while `probe` measured, bit/s. The ramp and its tail
    /// (half a second: the queue filling) are left out. Of several transfers, the window is the first one's.
    pub fn truth_bps(&self, probe: &str) -> f64 {
        self.counted_bps(probe).expect("samples in the window")
    }

    /// The same; nothing when the window holds fewer than two samples.
    pub fn counted_bps(&self, probe: &str) -> Option<f64> {
        self.counted_after(probe, 0.5)
    }

    /// The same from so many seconds after the ramp.
    pub fn counted_after(&self, probe: &str, tail_s: f64) -> Option<f64> {
        let measurement = &self.report["measurements"][probe];
        let start: jiff::Timestamp = measurement["started_at"].as_str()?.parse().ok()?;
        let value = &measurement["outcome"]["value"];
        let elapsed_s = value["elapsed_ms"].as_f64()? / 1e3;
        // A measurement starts with the opening of a connection, three or four round trips before the transfer.
        let whole_s = measurement["elapsed_us"].as_f64()? / 1e6;
        let alone = probe == "download" && value["repetitions"].as_array()?.len() == 1;
        let opening_s = if alone { whole_s - elapsed_s } else { 0.0 };
        let start = start.as_millisecond() as f64 / 1e3 + opening_s;
        let from = start + value["ramp_ms"].as_f64()? / 1e3 + tail_s;
        let to = start + elapsed_s;
        // Where the bytes arrive: what a sender's interface counts may still be dropped by the link's queue.
        let counters = if probe == "download" { &self.school } else { &self.mire };
        let steady: Vec<_> = counters.iter().filter(|row| row[0] >= from && row[0] <= to).collect();
        let (first, last) = (steady.first()?, steady.last()?);
        let octets = last[1] - first[1] - ETHERNET_HEADER * (last[2] - first[2]);
        let seconds = last[0] - first[0];
        (seconds > 0.0).then(|| octets * 8.0 / seconds)
    }
}

/// Another project's server beside the mire on the far side.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// What a shell runs.
    pub command: &'a str,
    /// The TCP port it listens on: waited for.
    pub port: u16,
}

/// Why the lab cannot run here, if it cannot.
pub fn missing() -> Option<String> {
    missing_for(Kind::RATTAN)
}

/// Why this kind of link cannot be made here, if it cannot.
pub fn missing_for(kind: Kind) -> Option<String> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !root {
        return Some("the link lab needs root (network namespaces)".into());
    }
    let makers: &[&str] = match kind {
        Kind::Rattan { .. } => &["rattan"],
        Kind::TokenBucket => &["tc"],
        Kind::Burst { .. } => &["rattan", "tc"],
    };
    let always = ["unshare", "ip", "ss", "bash", "sysctl"];
    if let Some(missing) = missing_tool(&[makers, &always[..]].concat()) {
        return Some(missing);
    }
    let probe = Command::new("unshare")
        .args(["--net", "sysctl", "-qw", "net.ipv4.tcp_congestion_control=cubic"])
        .output()
        .unwrap();
    (!probe.status.success())
        .then(|| "the link lab pins cubic: net.ipv4.tcp_allowed_congestion_control must list it".into())
}

/// The first of these commands that is not there, in words.
pub fn missing_tool(tools: &[&str]) -> Option<String> {
    let missing = tools.iter().find(|tool| Command::new(tool).arg("--help").output().is_err())?;
    Some(format!("the link lab needs {missing}"))
}

/// The agent under test: `SONDE_ECOLE_BIN`, or the one cargo built.
pub fn binary() -> PathBuf {
    let built = || env!("CARGO_BIN_EXE_sonde-ecole").into();
    let named = std::env::var_os("SONDE_ECOLE_BIN").map_or_else(built, PathBuf::from);
    // The link's scripts run elsewhere.
    named.canonicalize().unwrap_or(named)
}

/// One link at a time: two would share the machine's cores and measure each other.
static LAB: Mutex<()> = Mutex::new(());

/// Runs the agent behind a link; `{BASE}` in an argument is the mire's host. Panics without a report.
pub fn behind(kind: Kind, link: Link, arguments: &[&str]) -> Run {
    agent_behind(kind, link, arguments).unwrap_or_else(|error| panic!("{link:?}: {error}"))
}

/// The same; an error says why there is no report.
pub fn agent_behind(kind: Kind, link: Link, arguments: &[&str]) -> Result<Run, String> {
    agent_with(kind, link, None, arguments)
}

/// The same, with another server for it on the far side.
pub fn agent_with(
    kind: Kind,
    link: Link,
    beside: Option<Beside<'_>>,
    arguments: &[&str],
) -> Result<Run, String> {
    let binary = binary();
    let mut command = vec![binary.to_str().ok_or("the binary's path is no text")?];
    command.extend(arguments);
    let finished = command_behind(kind, link, beside, &command)?;
    let report = serde_json::from_str(&finished.stdout).map_err(|error| {
        format!("no report ({error}):\n{}\n{}\n{}", finished.stdout, finished.stderr, finished.logs)
    })?;
    Ok(Run { report, finished })
}

/// Runs any command behind a link.
pub fn command_behind(
    kind: Kind,
    link: Link,
    beside: Option<Beside<'_>>,
    command: &[&str],
) -> Result<Finished, String> {
    let _alone = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().map_err(|error| error.to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/link.sh");
    let kbps = |mbps: f64| format!("{:.0}", mbps * 1e3);
    let (name, loss, burst, peak) = match kind {
        Kind::Rattan { loss } => ("rattan", loss, 0, 0.0),
        Kind::TokenBucket => ("tbf", 0.0, 0, 0.0),
        Kind::Burst { bytes, peak_mbps } => ("burst", 0.0, bytes, peak_mbps),
    };
    let finished = Command::new("unshare")
        .args(["--net", "--mount", "bash"])
        .arg(script)
        .arg(out.path())
        .args(command)
        .env("LAB_MIRE", binary())
        .env("LAB_KIND", name)
        .env("LAB_DOWN", kbps(link.down_mbps))
        .env("LAB_UP", kbps(link.up_mbps))
        .env("LAB_DELAY_MS", (link.rtt_ms / 2).to_string())
        .env("LAB_QUEUE", link.queue().to_string())
        .env("LAB_LOSS", loss.to_string())
        .env("LAB_BURST", burst.to_string())
        .env("LAB_PEAK", kbps(peak))
        .env("LAB_SERVER", beside.map_or("", |server| server.command))
        .env("LAB_SERVER_PORT", beside.map_or(0, |server| server.port).to_string())
        .env("SONDE_ECOLE_STATE", out.path())
        .output()
        .map_err(|error| error.to_string())?;
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap_or_default();
    let errors = String::from_utf8_lossy(&finished.stderr);
    let written = format!("{}\n{}\n{}\n{errors}", read("mire.log"), read("server.log"), read("rattan.log"));
    let number = |name: &str| read(name).trim().parse::<f64>().ok();
    let status = number("status").ok_or_else(|| format!("no exit status: {}\n{written}", read("stderr")))?;
    Ok(Finished {
        stdout: read("stdout"),
        stderr: read("stderr"),
        status: status as i32,
        wall_s: number("wall").ok_or("no duration")?,
        resident_kb: number("resident"),
        school: counters(&read("counters.school")),
        mire: counters(&read("counters.mire")),
        logs: written,
    })
}

/// Reads what `sample.sh` wrote; a line cut by its end is left out.
fn counters(text: &str) -> Vec<Counters> {
    let row = |line: &str| -> Option<Counters> {
        let cells: Vec<f64> = line.split(' ').map_while(|cell| cell.parse().ok()).collect();
        cells.try_into().ok()
    };
    text.lines().filter_map(row).collect()
}
