//! What is kept of every run: `target/bench/PART.jsonl`, one JSON object a line.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

/// The results' directory and what is written beside each result.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    revision: String,
}

impl Store {
    /// Beside the other things cargo builds.
    pub(crate) fn open() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let directory = target.join("bench");
        fs::create_dir_all(&directory).unwrap();
        // The binary need not be built from what is checked out: whoever names one may name its revision.
        let revision = std::env::var("SONDE_ECOLE_REVISION")
            .unwrap_or_else(|_| first_line("git", &["describe", "--always", "--dirty"]));
        Self { directory, revision }
    }

    fn file(&self, part: &str) -> PathBuf {
        self.directory.join(format!("{part}.jsonl"))
    }

    /// Every result of a part, oldest first.
    pub(crate) fn read(&self, part: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.file(part)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Replaces the results of one case.
    pub(crate) fn replace(&self, part: &str, case: &str, results: Vec<Value>) {
        let mut kept = self.read(part);
        kept.retain(|result| result["case"] != case);
        let at = jiff::Timestamp::now().as_second();
        // The machine's load over the last minute: more than the benchmark's own means that others measured along.
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Option<f64> = load.split(' ').next().and_then(|text| text.parse().ok());
        kept.extend(results.into_iter().map(|mut result| {
            result["case"] = json!(case);
            result["at"] = json!(at);
            result["revision"] = json!(self.revision);
            result["load"] = json!(load);
            println!("{part}: {result}");
            result
        }));
        let lines: Vec<String> = kept.iter().map(Value::to_string).collect();
        fs::write(self.file(part), lines.join("\n") + "\n").unwrap();
    }
}

/// The first line a command prints, or why there is none.
pub(crate) fn first_line(command: &str, arguments: &[&str]) -> String {
    match Command::new(command).args(arguments).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let text =
                if text.trim().is_empty() { String::from_utf8_lossy(&output.stderr).into() } else { text };
            text.lines().next().unwrap_or("unknown").trim().to_owned()
        }
        Err(_) => "missing".to_owned(),
    }
}
