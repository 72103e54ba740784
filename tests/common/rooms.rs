//! A school whose rooms are recordings, and a person at a terminal: what the tests of `wifi survey` share.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::agent;

/// A neighbour's network, whose name and address must appear nowhere.
pub const NEIGHBOUR: &str = "Livebox-Martin";
pub const NEIGHBOUR_BSSID: &str = "0a00de01beef";
/// A box of the school, whose address must appear in no output.
pub const BOX: &str = "001122334410";

/// An entry of a scan list, its elements built byte by byte (IEEE 802.11-2020, 9.4.2.2).
pub fn entry(bssid: &str, ssid: &str, mhz: u32, signal: i16) -> Value {
    let bytes = [&[0, u8::try_from(ssid.len()).unwrap()], ssid.as_bytes()].concat();
    json!({ "bssid": bssid, "mhz": mhz, "signal_dbm": signal, "seen_ms_ago": 40, "elements": hex(&bytes) })
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn neighbour() -> Value {
    entry(NEIGHBOUR_BSSID, NEIGHBOUR, 2437, -80)
}

/// A directory with the state and the recordings of one test.
pub struct School {
    pub directory: tempfile::TempDir,
}

impl School {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn state_file(&self) -> PathBuf {
        self.path("state/wifi-survey.json")
    }

    /// The unfinished survey, as it is on the disk.
    pub fn kept(&self) -> Value {
        serde_json::from_slice(&fs::read(self.state_file()).unwrap()).unwrap()
    }

    /// Says of a room that it was measured then.
    pub fn measured_at(&self, room: usize, time: &str) -> Value {
        let mut kept = self.kept();
        kept["rooms"][room]["at"] = time.into();
        fs::write(self.state_file(), kept.to_string()).unwrap();
        kept
    }

    /// Says of a room that it was measured so many hours before it was.
    pub fn measured_hours_ago(&self, room: usize, hours: i64) -> Value {
        let at: sonde_report::Timestamp = self.kept()["rooms"][room]["at"].as_str().unwrap().parse().unwrap();
        let earlier = at.instant().checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap();
        self.measured_at(room, &earlier.to_string())
    }

    /// A recording, made here; `changed` may alter it.
    pub fn recording(&self, name: &str, sightings: &[Value], changed: impl FnOnce(&mut Value)) -> String {
        let mut recording = json!({ "format": "sonde-ecole/wifi-recording/1", "interface": "wlan0", "fresh": true,
            "bands": ["2.4", "5"], "sightings": sightings });
        changed(&mut recording);
        let path = self.path(name);
        fs::write(&path, recording.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Two rooms, one box near each.
    pub fn two_rooms(&self) -> [String; 2] {
        let near = |bssid, signal| entry(bssid, "ecole-prof", 2412, signal);
        [
            self.recording("cp.json", &[near(BOX, -50), neighbour()], |_| {}),
            self.recording("ce1.json", &[near(BOX, -72), neighbour()], |_| {}),
        ]
    }

    pub fn survey(&self, arguments: &[&str]) -> Output {
        agent(&self.path("state")).args(["wifi", "survey"]).args(arguments).output().unwrap()
    }

    /// One room; its line.
    pub fn room(&self, name: &str, from: &str, more: &[&str]) -> String {
        let output = self.survey(&[&["--ssid", "ecole-*", "--room", name, "--from", from], more].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    }

    /// Exit 2 and nothing on standard output; the message.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.survey(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        stderr(&output)
    }
}

/// With ordinary spaces, so that tests read well.
pub fn plain(text: &[u8]) -> String {
    String::from_utf8(text.to_vec()).unwrap().replace('\u{202f}', " ")
}

pub fn stderr(output: &Output) -> String {
    plain(&output.stderr)
}

pub fn measurement(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

/// Asks again until it holds; 20 s is a machine that hangs.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A person at a terminal: a pseudo-terminal of util-linux's `script`.
#[cfg(target_os = "linux")]
pub struct Person {
    child: std::process::Child,
    keys: std::process::ChildStdin,
    seen: std::sync::Arc<std::sync::Mutex<String>>,
    read: usize,
}

#[cfg(target_os = "linux")]
impl Person {
    /// Sits down at the survey; `None` where there is no `script`.
    pub fn at(school: &School, from: &Path) -> Option<Self> {
        Self::with(school, from, "")
    }

    /// The same, with more flags.
    pub fn with(school: &School, from: &Path, flags: &str) -> Option<Self> {
        use std::io::Read as _;
        super::peer_or_say("script", "util-linux")?;
        let binary = env!("CARGO_BIN_EXE_sonde-ecole");
        let command = format!("{binary} wifi survey --from {} {flags}", from.display());
        let mut script = std::process::Command::new("script");
        super::clean(&mut script, &school.path("state"));
        let mut child = script
            .args(["--quiet", "--return", "--flush", "--command", &command, "/dev/null"])
            .env("TERM", "xterm")
            .current_dir(school.directory.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut screen = child.stdout.take().unwrap();
        let keys = child.stdin.take().unwrap();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let growing = std::sync::Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut part) {
                bytes.extend_from_slice(&part[..count]);
                // The whole again: a part may end within a character.
                *growing.lock().unwrap() = String::from_utf8_lossy(&bytes).replace('\u{202f}', " ");
            }
        });
        Some(Self { child, keys, seen, read: 0 })
    }

    /// Waits until this is on the screen, after what was waited for before.
    pub fn sees(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let all = self.seen.lock().unwrap().clone();
            if let Some(at) = all.get(self.read..).and_then(|rest| rest.find(text)) {
                self.read += at + text.len();
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{text:?} is not shown in {all}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn types(&mut self, keys: &str) {
        use std::io::Write as _;
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn leaves_with(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}
