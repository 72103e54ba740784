//! The spool and lock on real file systems; processes that die are real processes, killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::place::choose;
use super::spool::Limits;
use super::*;

const CHILD_STATE: &str = "SONDE_ECOLE_TEST_CHILD_STATE";

fn report(id: Uuid, filling: usize) -> String {
    format!("{{\"report_id\":\"{id}\",\"filling\":\"{}\"}}", "x".repeat(filling))
}

fn id(millis: u64) -> Uuid {
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000 + millis, 0))
}

fn ids(spool: &Spool) -> Vec<Uuid> {
    spool.waiting().unwrap().iter().map(|one| one.report_id).collect()
}

/// This test program again, running one of the children below on `state`.
fn child(name: &str, state: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("store::tests::{name}"), "--nocapture"])
        .env(CHILD_STATE, state)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).find_map(|line| Some(line.split_once("SAID ")?.1.to_owned()));
    let said = said.unwrap_or_else(|| {
        let _ = child.kill();
        panic!("the child said nothing")
    });
    (child, said)
}

/// Does nothing unless started by the test below; then puts a report, says so, and waits to be killed.
#[test]
fn child_puts() {
    let Some(state) = std::env::var_os(CHILD_STATE) else { return };
    let id = Uuid::now_v7();
    Spool::open(Path::new(&state)).unwrap().put(id, &report(id, 1000)).unwrap();
    println!("SAID {id}");
    std::thread::sleep(Duration::from_secs(60));
}

/// The same with the lock.
#[test]
fn child_locks() {
    let Some(state) = std::env::var_os(CHILD_STATE) else { return };
    let lock = RunLock::take(Path::new(&state)).unwrap();
    println!("SAID {}", lock.is_some());
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_report_put_survives_the_death_of_its_process() {
    let state = tempfile::tempdir().unwrap();
    let (mut process, said) = child("child_puts", state.path());
    process.kill().unwrap();
    process.wait().unwrap();
    let id: Uuid = said.parse().unwrap();
    let content = Spool::open(state.path()).unwrap().read(id).unwrap();
    assert_eq!(content, Content::Report(report(id, 1000).into_bytes()));
}

#[test]
fn one_run_at_a_time_until_it_ends_or_dies() {
    let state = tempfile::tempdir().unwrap();
    let first = RunLock::take(state.path()).unwrap();
    assert!(first.is_some());
    assert!(RunLock::take(state.path()).unwrap().is_none());
    assert_eq!(RunLock::last_holder(state.path()), Some(std::process::id()));
    drop(first);
    let (mut process, said) = child("child_locks", state.path());
    assert_eq!(said, "true");
    assert!(RunLock::take(state.path()).unwrap().is_none(), "the child holds it");
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(RunLock::take(state.path()).unwrap().is_some(), "the system released it");
}

#[test]
fn waits_in_the_order_of_making_whatever_the_order_of_putting() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(state.path()).unwrap();
    let made: Vec<_> = (0..5).map(id).collect();
    for &one in made.iter().rev() {
        spool.put(one, &report(one, 10)).unwrap();
    }
    assert_eq!(ids(&spool), made);
    assert_eq!(spool.waiting().unwrap()[3].made_at().unwrap().as_second(), 1_700_000_003);
    spool.remove(made[2]).unwrap();
    spool.remove(made[2]).unwrap();
    assert_eq!(ids(&spool).len(), 4);
    assert_eq!(spool.read(made[2]).unwrap(), Content::Gone);
}

#[test]
fn what_is_no_report_is_moved_aside_and_blocks_nothing() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(state.path()).unwrap();
    let good = id(9);
    spool.put(good, &report(good, 10)).unwrap();
    let (empty, torn, flipped, other) = (id(1), id(2), id(3), id(4));
    let place =
        |id: Uuid, bytes: &[u8]| fs::write(spool.directory().join(format!("{id}.json")), bytes).unwrap();
    place(empty, b"");
    place(torn, &report(torn, 10).as_bytes()[..30]);
    let mut bytes = report(flipped, 10).into_bytes();
    bytes[0] ^= 0x10;
    place(flipped, &bytes);
    place(other, report(good, 10).as_bytes());
    fs::write(spool.directory().join("notes.txt"), "hello").unwrap();

    assert_eq!(ids(&spool), [torn, flipped, other, good]);
    assert_eq!(spool.read(torn).unwrap(), Content::Quarantined(Why::NotJson));
    assert_eq!(spool.read(flipped).unwrap(), Content::Quarantined(Why::NotJson));
    assert_eq!(spool.read(other).unwrap(), Content::Quarantined(Why::OtherReport));
    assert_eq!(ids(&spool), [good]);
    let mut why: Vec<_> = spool.quarantined().unwrap().iter().map(|one| one.why.unwrap() as u8).collect();
    why.sort_unstable();
    assert_eq!(
        why,
        [Why::Empty, Why::NotJson, Why::NotJson, Why::OtherReport, Why::Foreign].map(|why| why as u8)
    );
    // The same name a second time does not overwrite the first.
    fs::write(spool.directory().join("notes.txt"), "again").unwrap();
    spool.waiting().unwrap();
    assert_eq!(spool.quarantined().unwrap().len(), 6);
    assert_eq!(fs::read_to_string(spool.directory().join("quarantine/notes.txt")).unwrap(), "hello");
}

#[test]
fn unfinished_files_are_ignored_and_swept_when_old() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(state.path()).unwrap();
    let (fresh, old) =
        (spool.directory().join(".sonde-ecole-a.tmp"), spool.directory().join(".sonde-ecole-b.tmp"));
    for path in [&fresh, &old] {
        fs::write(path, "{").unwrap();
    }
    let file = fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    assert!(ids(&spool).is_empty());
    assert!(fresh.exists() && !old.exists());
    assert!(spool.quarantined().unwrap().is_empty());
}

#[test]
fn one_id_is_one_report() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(state.path()).unwrap();
    let one = id(1);
    spool.put(one, &report(one, 10)).unwrap();
    spool.put(one, &report(one, 10)).unwrap();
    let error = spool.put(one, &report(one, 11)).unwrap_err().to_string();
    assert!(error.contains("write") && error.contains(&one.to_string()), "{error}");
    assert_eq!(spool.read(one).unwrap(), Content::Report(report(one, 10).into_bytes()));
}

#[test]
fn drops_the_oldest_and_counts_them_but_never_the_one_just_put() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open_limited(state.path(), Limits { bytes: 1 << 20, reports: 3 }).unwrap();
    let made: Vec<_> = (10..15).map(id).collect();
    for &one in &made {
        spool.put(one, &report(one, 10)).unwrap();
    }
    assert_eq!(ids(&spool), made[2..]);
    assert_eq!(spool.dropped().unwrap().reports, 2);
    let of_a_wrong_clock = id(0);
    spool.put(of_a_wrong_clock, &report(of_a_wrong_clock, 10)).unwrap();
    assert_eq!(ids(&spool), [of_a_wrong_clock, made[3], made[4]]);
    let reopened = Spool::open(state.path()).unwrap().dropped().unwrap();
    let size = report(made[0], 10).len() as u64;
    assert_eq!((reopened.reports, reopened.bytes), (3, 3 * size));
    let small = Spool::open_limited(state.path(), Limits { bytes: 2 * size, reports: 100 }).unwrap();
    let last = id(20);
    small.put(last, &report(last, 10)).unwrap();
    assert_eq!(ids(&small), [made[4], last], "by bytes too");
    assert!(small.put(id(21), &"x".repeat(10_000)).is_err());
    assert_eq!(ids(&small).len(), 2, "one too large drops nothing");
}

#[test]
fn a_write_that_fails_leaves_the_old_file_whole() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.json");
    write_atomic(&path, b"old").unwrap();
    write_atomic(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    let error = write_atomic(&place.path().join("missing/a.json"), b"x").unwrap_err().to_string();
    assert!(error.contains("missing"), "{error}");
    let error = state_dir(Some(&path.join("state"))).unwrap_err();
    let said = format!("{error:#}");
    assert_eq!(said.matches("os error").count(), 1, "{said}");
    assert!(!answer(&error).contains("a.json"), "{}", answer(&error));
    assert!(write_atomic(place.path(), b"x").is_err(), "a directory is no file");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing unfinished is left");
}

#[cfg(unix)]
#[test]
fn state_is_private_and_links_are_followed() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(&state.path().join("deep/state")).unwrap();
    let one = id(1);
    spool.put(one, &report(one, 1)).unwrap();
    assert_eq!(mode(spool.directory()), 0o700);
    assert_eq!(mode(&spool.directory().join(format!("{one}.json"))), 0o600);
    let (real, link) = (state.path().join("real"), state.path().join("link"));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    write_atomic(&link, b"new").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!((fs::read(&real).unwrap().as_slice(), mode(&real)), (&b"new"[..], 0o640));
    // What is nobody else's business takes the rights of the file it replaces away.
    write_atomic_private(&link, b"names").unwrap();
    assert_eq!((fs::read(&real).unwrap().as_slice(), mode(&real)), (&b"names"[..], 0o600));
}

#[test]
fn the_state_directory_asked_for_is_used_or_refused() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let set = |name: &'static str, value: std::path::PathBuf| {
        move |asked: &str| (asked == name).then(|| value.clone().into_os_string())
    };
    assert_eq!(choose(Some(&at("c")), set("SONDE_ECOLE_STATE", at("e")), None).unwrap(), at("c"));
    assert_eq!(choose(None, set("SONDE_ECOLE_STATE", at("e")), Some(&at("s"))).unwrap(), at("e"));
    assert_eq!(choose(None, |_| None, Some(&at("s"))).unwrap(), at("s"));
    fs::write(at("file"), "").unwrap();
    assert!(choose(Some(&at("file/below")), |_| None, Some(&at("s"))).is_err());
    assert!(choose(None, |_| None, Some(&at("file/below"))).is_err());
    #[cfg(not(windows))]
    assert_eq!(
        choose(None, set("HOME", at("h")), Some(&at("file/below"))).unwrap(),
        at("h/.local/state/sonde-ecole")
    );
}

/// Does nothing unless started in a mount namespace of its own by the test below.
#[cfg(target_os = "linux")]
#[test]
fn child_on_a_bad_disk() {
    let Some(place) = std::env::var_os(CHILD_STATE) else { return };
    let spool = Spool::open(Path::new(&place)).unwrap();
    let mut put = Vec::new();
    let error = loop {
        let one = id(put.len() as u64);
        match spool.put(one, &report(one, 20_000)) {
            Ok(()) => put.push(one),
            Err(error) => break error.to_string(),
        }
        assert!(put.len() < 100, "the disk is never full");
    };
    assert!(error.contains("No space left"), "{error}");
    assert_eq!(ids(&spool), put, "what was there is there, and nothing else");
    let remount = Command::new("mount").args(["-o", "remount,ro"]).arg(&place).status().unwrap();
    assert!(remount.success());
    let spool = Spool::open(Path::new(&place)).unwrap();
    assert_eq!(ids(&spool), put, "still readable");
    let error = spool.put(id(99), &report(id(99), 1)).unwrap_err().to_string();
    assert!(error.contains("Read-only"), "{error}");
    assert!(status::status(&spool, crate::text::Lang::Fr).is_ok());
    println!("SAID done");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_or_read_only_disk_is_an_error_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=128k tmpfs \"$1\" || exit 77; exec \"$2\" --exact store::tests::child_on_a_bad_disk --nocapture";
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
        .arg(place.path())
        .arg(std::env::current_exe().unwrap())
        .env(CHILD_STATE, place.path())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            assert!(String::from_utf8_lossy(&output.stdout).contains("SAID done"));
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        _ => println!("skipped: no mount namespace with a tmpfs of its own (needs root)"),
    }
}

#[test]
fn the_status_says_what_waits_and_why() {
    use crate::text::Lang;
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(state.path()).unwrap();
    assert!(status::status(&spool, Lang::Fr).unwrap().contains("Aucun rapport"));
    let one = id(1);
    spool.put(one, &report(one, 1500)).unwrap();
    let attempt = crate::upload::Attempt {
        at: sonde_probes::clock::now(),
        count: 3,
        why: crate::upload::Kept::Unauthorised,
        detail: Some("401 Unauthorized".to_owned()),
        retry_after_s: None,
    };
    spool.record_attempt(one, &attempt).unwrap();
    fs::write(spool.directory().join("bad\u{1b}[31m"), "x").unwrap();
    let text = status::status(&spool, Lang::Fr).unwrap();
    for part in
        [&one.to_string(), "1,6\u{202f}ko", "3 essais", "refuse le jeton", "401 Unauthorized", "étranger"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    let json = status::status_json(&spool).unwrap();
    assert_eq!(json["waiting"][0]["last_attempt"]["why"], "unauthorised");
    assert_eq!(json["dropped"]["reports"], 0);
}
