//! Worlds: what stands between a school and its services, built of real parts in network namespaces, and what the
//! agent must say of it. Each world is a file beside this one; `README.md` explains the format.
//!
//! A part of the binary's own tests, since only tests may put a root in the place of the public ones: the harness runs
//! its own executable again inside each world (`agent.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
// Configuration files are put together line by line.
#![allow(clippy::format_collect, clippy::format_push_string, clippy::unchecked_time_subtraction)]

mod agent;
mod certificates;
mod file;
mod judge;
mod parts;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use certificates::Authorities;
use file::{Resolver, World};
use parts::{ENT, Parts, profile};

/// After this a world is ended, seconds: the run's own limit, and the start of its parts.
const LIMIT_S: &str = "60";
/// What `--timeout` gives the agent, seconds.
const AGENT_LIMIT_S: &str = "30";
/// Worlds at one time for each core: most of a world's time is waiting.
const WORLDS_PER_CORE: usize = 2;
/// What every world needs.
const ALWAYS: [&str; 9] = ["unshare", "timeout", "bash", "ip", "ss", "sysctl", "nft", "nginx", "dnsmasq"];

/// What came of one world.
enum Outcome {
    /// A part is missing.
    Skipped(String),
    /// There is no report, and why.
    Broken(String),
    /// The report; what it says otherwise than the file, and who is accused wrongly.
    Judged { differences: Vec<String>, misplaced: Vec<String> },
}

#[test]
fn every_world_is_named() {
    let worlds = chosen();
    if let Some(missing) = unable() {
        println!("skipped: {} worlds need {missing}", worlds.len());
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // Squid has no root's rights and must come in.
    fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let authorities = Authorities::make(directory.path());
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let at_once = thread::available_parallelism().map_or(1, usize::from) * WORLDS_PER_CORE;
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((name, world)) = worlds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let outcome = live(name, world, &authorities, directory.path());
                    outcomes.lock().unwrap().insert(name.clone(), (outcome, start.elapsed().as_secs_f64()));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    if std::env::var_os("WORLDS_KEEP").is_some() {
        println!("kept: {}", directory.keep().display());
    }
    let wrong = tell(&worlds, &outcomes);
    assert!(wrong.is_empty(), "{} worlds: {}", wrong.len(), wrong.join(", "));
}

/// Tells of each world and counts them; returns the names of those that are not as they must be.
fn tell(worlds: &[(String, World)], outcomes: &BTreeMap<String, (Outcome, f64)>) -> Vec<String> {
    let (mut named, mut known, mut accused, mut wrong) = (0, 0, 0, Vec::new());
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, world) in worlds {
        let Some((outcome, seconds)) = outcomes.get(name) else {
            wrong.push(name.clone());
            continue;
        };
        match outcome {
            Outcome::Skipped(missing) => skipped.entry(missing).or_default().push(name),
            Outcome::Broken(why) => {
                println!("broken  {name}: {why}");
                wrong.push(name.clone());
            }
            Outcome::Judged { differences, misplaced } => {
                accused += usize::from(!misplaced.is_empty());
                let right = differences.is_empty() && misplaced.is_empty();
                let word = match (right, &world.known_wrong) {
                    (true, None) => {
                        named += 1;
                        "named"
                    }
                    (false, Some(_)) => {
                        known += 1;
                        "known"
                    }
                    (true, Some(_)) => {
                        wrong.push(format!("{name} (is right now: take its known_wrong out)"));
                        "right"
                    }
                    (false, None) => {
                        wrong.push(name.clone());
                        "wrong"
                    }
                };
                println!("{word}   {name} ({seconds:.1} s): {}", world.title);
                for line in differences.iter().chain(misplaced) {
                    println!("        {line}");
                }
            }
        }
    }
    for (missing, names) in &skipped {
        println!("skipped: {} worlds need {missing}: {}", names.len(), names.join(", "));
    }
    let skipped: usize = skipped.values().map(Vec::len).sum();
    println!(
        "{} worlds: {named} named correctly, {known} known wrong, {} wrong, {skipped} skipped; {accused} accuse the wrong side",
        worlds.len(),
        wrong.len(),
    );
    wrong
}

/// Builds one world, runs the agent in it, and judges its report.
fn live(name: &str, world: &World, authorities: &Authorities, directory: &Path) -> Outcome {
    if let Some(missing) = missing_part(world) {
        return Outcome::Skipped(missing);
    }
    let directory = directory.join(name);
    fs::create_dir(&directory).unwrap();
    let parts = Parts::new(world, authorities, &directory);
    // The box's answers belong to the latency probe, which has no mire here: only worlds that ask for it pay its time.
    let only =
        if world.latency { "link,internet,dns,endpoints,latency" } else { "link,internet,dns,endpoints" };
    let arguments: Vec<String> = ["--only", only, "--ent", ENT]
        .into_iter()
        .chain(["--timeout", AGENT_LIMIT_S])
        .map(str::to_owned)
        .chain(world.arguments.iter().map(|argument| parts.filled(argument)))
        .collect();
    fs::write(directory.join("arguments"), arguments.join("\n")).unwrap();
    let environment: Vec<String> =
        world.environment.iter().map(|(name, value)| format!("{name}={}", parts.filled(value))).collect();
    parts.write();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", LIMIT_S]);
    command.args(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash"]);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/worlds/world.sh")).arg(&directory);
    command.arg("env").arg(format!("{}={}", agent::DIRECTORY, directory.display())).args(environment);
    if let (Some(clock), Some(library)) = (&world.clock, faketime()) {
        command.arg(format!("LD_PRELOAD={}", library.display())).arg(format!("FAKETIME={clock}"));
        // The wall clock alone: durations stay true.
        command.arg("FAKETIME_DONT_FAKE_MONOTONIC=1");
    }
    command.arg(std::env::current_exe().unwrap()).args(["--exact", agent::NAME, "--nocapture"]);
    command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    let ended = command.output().unwrap();
    let read = |file: &str| fs::read_to_string(directory.join(file)).unwrap_or_default();
    match serde_json::from_str(&read("report.json")) {
        Ok(report) => Outcome::Judged {
            differences: judge::differences(world, &report),
            misplaced: judge::misplaced(world, &report),
        },
        Err(error) => Outcome::Broken(format!(
            "no report: {error} ({})\n{}{}\n{}",
            ended.status,
            String::from_utf8_lossy(&ended.stderr),
            read("agent.log"),
            read("daemons.log"),
        )),
    }
}

/// The worlds beside this file, in order; with `WORLDS`, those whose names hold one of its words.
fn chosen() -> Vec<(String, World)> {
    let wanted = std::env::var("WORLDS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|word| !word.is_empty()).collect();
    let all = every_file().into_iter();
    let all = all.filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|word| name.contains(word)));
    all.map(|(name, text)| {
        let world = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, world)
    })
    .collect()
}

/// Every world's name and text, by name.
fn every_file() -> BTreeMap<String, String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/worlds");
    let files = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Why no world at all can be built here.
fn unable() -> Option<String> {
    if let Some(tool) = ALWAYS.iter().find(|tool| find(tool).is_none()) {
        return Some((*tool).to_owned());
    }
    let able = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "nft", "list", "tables"])
        .output()
        .is_ok_and(|ended| ended.status.success());
    (!able).then(|| "root (namespaces and nftables)".to_owned())
}

/// A part this world needs and the machine has not.
fn missing_part(world: &World) -> Option<String> {
    let wanted = [
        (world.dns.by == Resolver::Unbound, "unbound"),
        (world.squid.is_some(), "squid"),
        (world.squid.as_ref().is_some_and(|squid| squid.password.is_some()), "openssl"),
        (world.tinyproxy.is_some(), "tinyproxy"),
        (world.mitmproxy.is_some(), "mitmdump"),
        (world.microsocks.is_some(), "microsocks"),
    ];
    let missing = wanted.into_iter().find(|(wanted, tool)| *wanted && find(tool).is_none());
    let decrypts = world.squid.as_ref().is_some_and(|squid| squid.bump || squid.transparent);
    let certgen = Path::new("/usr/lib/squid/security_file_certgen");
    match missing {
        Some((_, tool)) => Some(tool.to_owned()),
        None if decrypts && !certgen.exists() => Some("a squid that can decrypt (squid-openssl)".to_owned()),
        None if !world.system.is_empty() && !Path::new("/etc/environment").exists() => {
            Some("/etc/environment (to put the world's in its place)".to_owned())
        }
        None if world.clock.is_some() && faketime().is_none() => Some("libfaketime (faketime)".to_owned()),
        None => None,
    }
}

/// A program, also where only root looks.
fn find(tool: &str) -> Option<PathBuf> {
    let places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    places.iter().map(|place| Path::new(place).join(tool)).find(|file| file.is_file())
}

/// The library that lets a program believe another date.
fn faketime() -> Option<PathBuf> {
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        .map(|place| Path::new(place).join("faketime/libfaketime.so.1"))
        .into_iter()
        .find(|library| library.is_file())
}

#[test]
fn the_files_are_well_formed() {
    let ids: Vec<&String> = profile().iter().map(|(id, _)| id).collect();
    let files = every_file();
    assert!(files.len() >= 40, "{}", files.len());
    let mut numbers = BTreeMap::new();
    for (name, text) in files {
        let world: World = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let number: u32 =
            name.split('-').next().unwrap().parse().unwrap_or_else(|_| panic!("{name}: no number"));
        assert_eq!(numbers.insert(number, name.clone()), None, "{name}: the number is taken");
        let unknown: Vec<_> = world.expect.hosts.keys().filter(|id| !ids.contains(id)).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?} are in no profile");
    }
}

#[test]
fn a_wrong_report_is_noticed() {
    let text = "title = 'x'\nfault = 'service'\n[expect]\naccess = 'open'\n";
    let world: World = toml::from_str(text).unwrap();
    let (endpoints, verdicts): (Vec<_>, Vec<_>) = profile()
        .iter()
        .map(|(id, _)| {
            let value = serde_json::json!({ "id": id, "state": "reachable" });
            let verdict = serde_json::json!({ "requirement": "service-access", "subject": id, "verdict": "met", "reasons": [] });
            (serde_json::json!({ "outcome": { "value": value } }), verdict)
        })
        .unzip();
    let internet = serde_json::json!({ "outcome": { "status": "measured", "value": { "access": "open" } } });
    let mut report = serde_json::json!({
        "measurements": { "internet": internet, "endpoints": endpoints },
        "assessment": { "verdicts": verdicts },
    });
    assert!(judge::differences(&world, &report).is_empty() && judge::misplaced(&world, &report).is_empty());
    let verdict = &mut report["assessment"]["verdicts"][0];
    verdict["verdict"] = "not_met".into();
    verdict["reasons"] = serde_json::json!(["unreachable"]);
    verdict["act"] = "filter_administrator".into();
    assert_eq!(judge::differences(&world, &report).len(), 2);
    assert_eq!(judge::misplaced(&world, &report).len(), 1);
}
