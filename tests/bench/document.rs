//! Writes `docs/performance.md` and its plots from what is kept. Every figure in it comes from a kept result; the
//! discussion is a file of its own, written by people and included as it is.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::PARTS;
use crate::stats::{median, worst};
use crate::store::{Store, first_line};
use crate::svg::Dots;
use crate::tables::{by_case, goals, number, numbers};

/// How far the axis of an error reaches, per cent.
const ERROR_AXIS: [f64; 2] = [-5.0, 5.0];

/// Writes the document and the plots.
pub(crate) fn write(store: &Store) {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    let plots = docs.join("performance");
    fs::create_dir_all(&plots).unwrap();
    let discussion = fs::read_to_string(plots.join("discussion.md")).unwrap_or_default();
    let mut text = head(store);
    text += &goals_table(store);
    for (plot, section) in
        [accuracy(store), upload(store), verdict(store), burst(store), peak(store), footprint(store)]
            .into_iter()
            .chain([peers(store)])
    {
        text += &section;
        if let Some((name, dots)) = plot.filter(|(_, dots)| !dots.rows.is_empty()) {
            fs::write(plots.join(format!("{name}.svg")), dots.draw()).unwrap();
            let _ = writeln!(text, "\n![{}](performance/{name}.svg)", dots.title);
        }
    }
    if !discussion.is_empty() {
        let _ = write!(text, "\n{discussion}");
    }
    fs::write(docs.join("performance.md"), text).unwrap();
    println!("written: docs/performance.md");
}

/// A section and, where one helps, its plot.
type Section<'a> = (Option<(&'a str, Dots<'a>)>, String);

/// The title, the machine, the day, the versions.
fn head(store: &Store) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.split('-').next().unwrap_or_default().trim().to_owned();
    let mut text = format!(
        "# Performance\n\n<!-- Written by tests/bench/run: change the benchmark, or docs/performance/discussion.md. -->\n\n\
         What the released agent measures against what the link's own byte counters say, what a verdict costs, and how \
         other instruments do on the same links. `tests/bench/run` measures it again (`--full` for every case); \
         `tests/bench/` holds the method.\n\n\
         Machine: {model}, {cores} cores, Linux {kernel}; client, server and emulated link share it. TCP: cubic behind \
         the links, the system's own on loopback. rattan {}, {}, {}.\n\n\
         | Part | Measured | Revision | Runs | Load at most |\n|---|---|---|--:|--:|\n",
        first_line("rattan", &["--version"]).trim_start_matches("rattan "),
        first_line("curl", &["--version"]).split(" (").next().unwrap_or_default(),
        first_line("iperf3", &["--version"]).split(" (").next().unwrap_or_default(),
    );
    for part in PARTS {
        let results = store.read(part);
        let mut revisions: Vec<&str> = results.iter().filter_map(|one| one["revision"].as_str()).collect();
        revisions.dedup();
        let at = results.iter().filter_map(|one| one["at"].as_i64()).max();
        let at = at.and_then(|at| jiff::Timestamp::from_second(at).ok());
        let at =
            at.map_or_else(|| "not measured".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
        let load = shown(worst(&numbers(&results, "load")), 1.0, 1);
        let _ = writeln!(text, "| {part} | {at} | {} | {} | {load} |", revisions.join(", "), results.len());
    }
    text += "\nLoad is the machine's load average of the last minute after a case. The benchmark alone makes about one per \
             program at work; much above the number of cores, other work disturbed the measurement.\n";
    text
}

fn goals_table(store: &Store) -> String {
    let mut text = "\n## Goals\n\n| Goal | Result | |\n|---|---|---|\n".to_owned();
    for goal in goals(store) {
        let met = match goal.met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        };
        let (links, partly) = match goal.links.filter(|_| goal.met.is_some()) {
            Some((measured, all)) => (format!("; {measured} of {all} links"), measured < all),
            None => (String::new(), false),
        };
        // Half a matrix proves half a goal.
        let met = if partly && goal.met == Some(true) { "met on those links" } else { met };
        let _ = writeln!(text, "| {} | {}{links} | {met} |", goal.text, goal.result);
    }
    text
}

/// A figure or a dash.
fn shown(value: Option<f64>, scale: f64, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.digits$}", value / scale))
}

/// A text of a result, or a dash.
fn word<'a>(result: &'a Value, key: &str) -> &'a str {
    result[key].as_str().unwrap_or("–")
}

/// The first line of why a run gave no figure.
fn failure(result: &Value) -> Option<String> {
    let why = result["failed"].as_str()?.lines().next().unwrap_or_default();
    let cut: String = why.chars().take(90).collect();
    Some(cut.replace('|', "/"))
}

/// One line for each run: the counters' rate, the reported one, the error.
fn rates(store: &Store, part: &'static str, title: &'static str, intro: &str) -> Section<'static> {
    let results = store.read(part);
    let mut text = format!("\n## {title}\n\n{intro}\n\n");
    if results.is_empty() {
        return (None, text + "Not measured.\n");
    }
    text += "| Link | Counters, Mbit/s | Reported, Mbit/s | Error, % | Time, s | Data, MB | Streams | Stopped |\n\
             |---|--:|--:|--:|--:|--:|--:|---|\n";
    for result in &results {
        let _ = write!(text, "| {} ", word(result, "case"));
        if let Some(why) = failure(result) {
            let _ = writeln!(text, "| no figure: {why} | | | | | | |");
            continue;
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            shown(number(result, "truth_bps"), 1e6, 3),
            shown(number(result, "measured_bps"), 1e6, 3),
            number(result, "error_percent").map_or_else(|| "–".to_owned(), |error| format!("{error:+.2}")),
            shown(number(result, "elapsed_ms"), 1e3, 1),
            shown(number(result, "bytes"), 1e6, 1),
            shown(number(result, "streams"), 1.0, 0),
            word(result, "stop"),
        );
    }
    let rows =
        by_case(&results).into_iter().map(|(name, runs)| (name, numbers(runs, "error_percent"))).collect();
    let dots =
        Dots { title, unit: "error against the link's counters, %", axis: ERROR_AXIS, goal: None, rows };
    (Some((part, dots)), text)
}

fn accuracy(store: &Store) -> Section<'static> {
    rates(
        store,
        "accuracy",
        "Accuracy of the download",
        "`run --until stable`, ndt7. The truth is the rate of the IP layer that the link's byte counters saw at the \
         school's end, from half a second after the ramp to the end of the transfer. RTT 0: the kernel's token bucket \
         (this kernel has no netem); the others: rattan.",
    )
}

fn upload(store: &Store) -> Section<'static> {
    rates(
        store,
        "upload",
        "Accuracy of the upload",
        "The same upstream; the truth is what arrived at the mire's end of the link.",
    )
}

/// Runs with a verdict: what was said, what it cost.
fn verdicts(results: &[Value]) -> String {
    let mut text = "| Link | Verdict | Wrong | Transfers | Time, s | Data, MB | Stopped |\n|---|---|---|--:|--:|--:|---|\n"
        .to_owned();
    for result in results {
        let _ = write!(text, "| {} ", word(result, "case"));
        if let Some(why) = failure(result) {
            let _ = writeln!(text, "| no verdict: {why} | | | | | |");
            continue;
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            word(result, "verdict").replace('_', " "),
            if result["wrong"] == true { "**yes**" } else { "no" },
            shown(number(result, "transfers"), 1.0, 0),
            shown(number(result, "elapsed_ms"), 1e3, 2),
            shown(number(result, "bytes"), 1e6, 2),
            word(result, "stop"),
        );
    }
    text
}

fn verdict(store: &Store) -> Section<'static> {
    let results = store.read("verdict");
    let title = "Data to verdict at 8 Mbit/s";
    let mut text = "\n## Verdicts near the threshold, time and data to verdict\n\n`run --size small --until verdict` on links of a \
         multiple of the threshold (8 Mbit/s). *Wrong* is “met” below the threshold or “not met” at or above it. Time \
         and data are those of all downloads of the run: “not met” wants a second one that agrees.\n\n"
        .to_owned();
    if results.is_empty() {
        text += "Not measured.\n";
        return (None, text);
    }
    text += &verdicts(&results);
    let rows = by_case(&results)
        .into_iter()
        .map(|(name, runs)| (name, numbers(runs, "bytes").iter().map(|bytes| bytes / 1e6).collect()))
        .collect();
    let dots = Dots { title, unit: "application bytes, MB", axis: [0.0, 12.0], goal: Some([0.0, 1.5]), rows };
    (Some(("verdict", dots)), text)
}

fn burst(store: &Store) -> Section<'static> {
    let results = store.read("burst");
    let mut text =
        "\n## A burst before the rate\n\nA token bucket of 4 MB before 8 Mbit/s, RTT 20 ms, asked for \
                    10 Mbit/s (`--size medium`): “met” would be wrong.\n\n"
            .to_owned();
    text += &if results.is_empty() { "Not measured.\n".to_owned() } else { verdicts(&results) };
    (None, text)
}

fn peak(store: &Store) -> Section<'static> {
    let results = store.read("peak");
    let mut text = "\n## Peak rate beside curl and iperf3\n\nIn turn, in the same run, against the same mire; one \
                    iperf3 server of its own. Loopback: rates of the application layer; the gigabit: of the IP layer.\n\n"
        .to_owned();
    if results.is_empty() {
        text += "Not measured.\n";
        return (None, text);
    }
    text += "| Case | Tool | Median, Gbit/s | Lowest | Highest | Runs |\n|---|---|--:|--:|--:|--:|\n";
    let mut rows = Vec::new();
    for (case, runs) in by_case(&results) {
        let mut tools: Vec<&str> = Vec::new();
        for tool in runs.iter().map(|one| word(one, "tool")) {
            if !tools.contains(&tool) {
                tools.push(tool);
            }
        }
        for tool in tools {
            let of_tool = || runs.iter().copied().filter(|one| one["tool"] == tool);
            let rates = numbers(of_tool(), "bps");
            let lowest = rates.iter().copied().reduce(f64::min);
            let _ = writeln!(
                text,
                "| {case} | {tool} | {} | {} | {} | {} of {} |",
                shown(median(&rates), 1e9, 2),
                shown(lowest, 1e9, 2),
                shown(worst(&rates), 1e9, 2),
                rates.len(),
                of_tool().count()
            );
            rows.push((format!("{case}: {tool}"), rates.iter().map(|rate| rate / 1e9).collect::<Vec<_>>()));
        }
    }
    let top = rows.iter().flat_map(|(_, rates)| rates.iter().copied()).fold(1.0, f64::max);
    let dots =
        Dots { title: "Peak rate", unit: "Gbit/s", axis: [0.0, (top / 4.0).ceil() * 4.0], goal: None, rows };
    (Some(("peak", dots)), text)
}

fn footprint(store: &Store) -> Section<'static> {
    let results = store.read("footprint");
    let mut text =
        "\n## Footprint\n\nThe release binary; runs on links of 20 ms, from process start to process end, with the \
                    most memory ever resident. The verdict is that of a small school, 8 Mbit/s.\n\n"
            .to_owned();
    if results.is_empty() {
        text += "Not measured.\n";
        return (None, text);
    }
    text += "| What | Time | Resident, MiB | |\n|---|--:|--:|---|\n";
    for result in &results {
        let case = word(result, "case");
        let _ = if let Some(size) = number(result, "size_bytes") {
            let start = shown(number(result, "start_ms"), 1.0, 1);
            writeln!(text, "| `--version` | {start} ms | | binary {:.2} MB |", size / 1e6)
        } else if let Some(why) = failure(result) {
            writeln!(text, "| {case} | | | failed: {why} |")
        } else {
            let resident = shown(number(result, "resident_kb"), 1024.0, 1);
            let wall = shown(number(result, "wall_s"), 1.0, 2);
            writeln!(text, "| {case} | {wall} s | {resident} | {} |", word(result, "verdict"))
        };
    }
    (None, text)
}

fn peers(store: &Store) -> Section<'static> {
    let results = store.read("peers");
    let mut text = "\n## Beside other instruments\n\nOne after the other behind the same links, against the same mire \
                    (iperf3 against its own server). Each is shown as it reports itself, at the application layer; the \
                    error is against the link's rate less the headers of full packets (1448 of 1500 bytes). Data is what \
                    crossed the link downstream, Ethernet headers included. speedtest-cli was not measured: it starts by \
                    fetching its configuration from its maker's site, and nothing here reaches the Internet.\n\n"
        .to_owned();
    if results.is_empty() {
        text += "Not measured.\n";
        return (None, text);
    }
    text += "| Link | Instrument | Reported, Mbit/s | Error, % | Time, s | Data, MB | Resident, MiB |\n\
             |---|---|--:|--:|--:|--:|--:|\n";
    let mut rows = Vec::new();
    for result in &results {
        let (case, tool) = (word(result, "case"), word(result, "tool"));
        if result["missing"] == true {
            let _ = writeln!(text, "| {case} | {tool} | not measured: not installed | | | | |");
            continue;
        }
        if let Some(why) = failure(result) {
            let _ = writeln!(text, "| {case} | {tool} | no figure: {why} | | | | |");
            continue;
        }
        let error = number(result, "error_percent");
        let _ = writeln!(
            text,
            "| {case} | {tool} | {} | {} | {} | {} | {} |",
            shown(number(result, "bps"), 1e6, 2),
            error.map_or_else(|| "–".to_owned(), |error| format!("{error:+.1}")),
            shown(number(result, "wall_s"), 1.0, 1),
            shown(number(result, "bytes"), 1e6, 1),
            shown(number(result, "resident_kb"), 1024.0, 1),
        );
        rows.push((format!("{case}: {tool}"), error.into_iter().collect()));
    }
    let axis = [-20.0, 20.0];
    let dots = Dots { title: "Other instruments", unit: "error, %", axis, goal: None, rows };
    (Some(("peers", dots)), text)
}
