//! The traps that throughput tests fell into, end to end: the real binary against mires that lie, stall or hide behind
//! something, beside a clock that steps and a machine that sleeps. Asserted are verdicts, causes, caveats and ratios.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use common::crooked::{self, Server};
use common::{Mire, agent, clean, validated};

/// Asserts that an upload's value holds no more than its mire got, and claims no more with any certainty: what the
/// mire's program read, and what its system had taken in by then (the doubled 64 KiB of each stream's receive buffer).
fn assert_no_more_than_it_got(value: &Value, server: &Server, mbit_s: f64) {
    let number = |of: &Value| of.as_u64().unwrap();
    let (bytes, got) = (number(&value["bytes"]), server.line.moved());
    println!("{bytes} counted, {got} read, {} bit/s at the least", value["ci95_bps"][0]);
    assert!(bytes <= got + number(&value["streams"]) * (128 << 10), "{bytes} counted, {got} read");
    assert!(bytes > got / 2, "{bytes} counted, {got} read");
    assert!(number(&value["ci95_bps"][0]) as f64 <= mbit_s * 1.1e6, "{value:#}");
}

/// One probe against these mires.
fn arguments<'a>(probe: &'a str, size: &'a str, mires: &'a [String]) -> Vec<&'a str> {
    let mut arguments = vec!["run", "--only", probe, "--size", size, "--format", "json"];
    arguments.extend(mires.iter().flat_map(|mire| ["--mire", mire.as_str()]));
    arguments
}

/// The report and the exit code of such a run.
fn run(probe: &str, size: &str, mires: &[String]) -> (Value, i32) {
    let state = tempfile::tempdir().unwrap();
    read(&agent(state.path()).args(arguments(probe, size, mires)).output().unwrap())
}

/// The report and the exit code that a run left. The curve's points would hide everything else in a failed test's words.
fn read(output: &Output) -> (Value, i32) {
    let mut report = validated(output);
    for probe in ["download", "upload"] {
        if let Some(value) =
            report["measurements"].get_mut(probe).and_then(|one| one["outcome"].get_mut("value"))
        {
            value["samples"] = Value::Null;
        }
    }
    (report, output.status.code().unwrap())
}

fn outcome<'a>(report: &'a Value, probe: &str) -> &'a Value {
    &report["measurements"][probe]["outcome"]
}

fn measured<'a>(report: &'a Value, probe: &str) -> &'a Value {
    let outcome = outcome(report, probe);
    assert_eq!(outcome["status"], "measured", "{outcome:#}");
    &outcome["value"]
}

fn has_caveat(report: &Value, probe: &str, code: &str) -> bool {
    let caveats = outcome(report, probe)["caveats"].as_array();
    caveats.is_some_and(|caveats| caveats.iter().any(|caveat| caveat["code"] == code))
}

/// The verdict on the rate.
fn verdict(report: &Value) -> &str {
    let verdicts = report["assessment"]["verdicts"].as_array().unwrap();
    let rate = verdicts.iter().find(|verdict| verdict["requirement"] == "download-rate").unwrap();
    rate["verdict"].as_str().unwrap()
}

/// Whether a rate is what it should be, within a tenth.
fn assert_rate(value: &Value, mbit_s: f64) {
    let rate = value["goodput_bps"].as_f64().unwrap() / 1e6;
    println!("{rate:.2} Mbit/s of {mbit_s}");
    assert!((rate / mbit_s - 1.0).abs() <= 0.1, "{rate} Mbit/s of {mbit_s}: {value:#}");
}

#[test]
fn a_mire_that_claims_more_than_it_got_gives_no_rate_above_what_it_got() {
    for claim in [|_| 1e15, |has| 2.0 * has as f64] as [fn(u64) -> f64; 2] {
        let server =
            Server::start(10.0, move |stream, line| crooked::ndt7_upload(stream, line, u64::MAX, claim));
        let (report, _) = run("upload", "large", &[format!("ndt7+http://{}/", server.address)]);
        let value = measured(&report, "upload");
        assert!(has_caveat(&report, "upload", "mire_count_mismatch"), "{:#}", outcome(&report, "upload"));
        assert_no_more_than_it_got(value, &server, 10.0);
        // What the mire tells weakens what is said of the upload, too.
        let call = report["assessment"]["usage"]["uses"]
            .as_array()
            .and_then(|uses| uses.iter().find(|one| one["use"] == "video_call"));
        if let Some(call) = call {
            assert_ne!(call["bound"], "exact", "{call:#}");
        }
    }
}

#[test]
fn a_mire_that_tells_the_truth_is_not_called_a_liar() {
    let state = tempfile::tempdir().unwrap();
    let mire = Mire::start(state.path(), &["--rate", "10M"]);
    for scheme in ["ndt7+http", "librespeed+http"] {
        let (report, _) = run("upload", "small", &[format!("{scheme}://{}/", mire.address)]);
        measured(&report, "upload");
        assert!(!has_caveat(&report, "upload", "mire_count_mismatch"), "{:#}", outcome(&report, "upload"));
    }
}

#[test]
fn a_mire_that_thanks_for_a_body_before_it_came_gives_no_rate_above_what_it_got() {
    let server = Server::start(10.0, |mut stream, line| {
        loop {
            let (length, already) = crooked::head(&mut stream)?;
            crooked::answer(&mut stream, line, "200 OK\r\nContent-Length: 0", 0)?;
            crooked::swallow(&mut stream, line, length - already)?;
        }
    });
    let (report, _) = run("upload", "small", &[format!("librespeed+http://{}/", server.address)]);
    let told = outcome(&report, "upload");
    println!("{told:#}");
    if told["status"] == "measured" {
        assert!(has_caveat(&report, "upload", "mire_count_mismatch"), "{told:#}");
        assert_no_more_than_it_got(&told["value"], &server, 10.0);
    } else {
        assert_eq!(told["failure"]["cause"], "unexpected_content", "{told:#}");
    }
}

#[test]
fn what_a_box_on_the_way_takes_in_advance_is_not_counted_as_received() {
    let state = tempfile::tempdir().unwrap();
    let mire = Mire::start(state.path(), &[]);
    for scheme in ["ndt7+http", "librespeed+http"] {
        let taker = crooked::taking_in_advance(8.0, 3 << 20, mire.address);
        let (report, _) = run("upload", "small", &[format!("{scheme}://{}/", taker.address)]);
        let value = measured(&report, "upload");
        let (bytes, passed) = (value["bytes"].as_u64().unwrap(), taker.line.moved());
        assert!(bytes <= passed, "{scheme}: {bytes} counted, {passed} passed");
        assert_rate(value, 8.0);
        // What the box takes in comes in fits: a rate drawn from them would be right by luck, and its interval wide.
        for end in [0, 1] {
            let bound = value["ci95_bps"][end].as_f64().unwrap() / 8e6;
            assert!((0.85..1.15).contains(&bound), "{scheme}: {value:#}");
        }
    }
}

#[test]
fn a_downloads_bytes_are_counted_here_whatever_the_mire_claims() {
    let server = Server::start(12.0, |stream, line| crooked::ndt7_download(stream, line, 1e15));
    let (report, status) = run("download", "large", &[format!("ndt7+http://{}/", server.address)]);
    assert_rate(measured(&report, "download"), 12.0);
    assert_ne!((verdict(&report), status), ("met", 0));
}

#[test]
fn what_is_no_measuring_file_gives_no_number_however_long_it_is() {
    const LONG: u64 = 50_000_000;
    let plain = format!("Content-Type: application/octet-stream\r\nContent-Length: {LONG}");
    for (name, head, body, causes) in [
        ("an error's body", format!("503 Service Unavailable\r\n{plain}"), LONG, &["http_status"][..]),
        (
            "a page",
            format!("200 OK\r\nContent-Type: text/html\r\nContent-Length: {LONG}"),
            LONG,
            &["unexpected_content"],
        ),
        ("gzip", format!("200 OK\r\nContent-Encoding: gzip\r\n{plain}"), LONG, &["unexpected_content"]),
        ("a portal", format!("200 OK\r\n{plain}\r\n\r\n<!DOCTYPE html>"), LONG, &["unexpected_content"]),
        (
            "more than announced",
            "200 OK\r\nContent-Length: 1000000".to_owned(),
            LONG,
            &["protocol_error", "truncated"],
        ),
        ("less than announced", format!("200 OK\r\n{plain}"), 1_000_000, &["truncated"]),
    ] {
        let server = Server::start(200.0, move |mut stream, line| {
            crooked::head(&mut stream)?;
            crooked::answer(&mut stream, line, &head, body)
        });
        let (report, status) = run("download", "small", &[format!("http://{}/file", server.address)]);
        let told = outcome(&report, "download");
        assert_eq!(told["status"], "failed", "{name}: {told:#}");
        assert!(causes.iter().any(|cause| told["failure"]["cause"] == *cause), "{name}: {told:#}");
        assert_eq!((verdict(&report), status), ("inconclusive", 3), "{name}");
    }
}

#[test]
fn a_mire_that_stalls_half_way_leaves_the_rate_so_far_with_a_label() {
    // 20 Mbit/s for 3.4 s, then silence on open connections.
    let server = Server::start(20.0, |mut stream, line| {
        crooked::head(&mut stream)?;
        crooked::answer(&mut stream, line, "200 OK\r\nContent-Length: 1000000000", 8_500_000)?;
        crooked::hold(&mut stream)
    });
    let (report, _) = run("download", "large", &[format!("http://{}/file", server.address)]);
    let value = measured(&report, "download");
    assert!(has_caveat(&report, "download", "broke_off"), "{:#}", outcome(&report, "download"));
    assert_eq!(value["stop"], "far_end");
    assert_rate(value, 20.0);
    assert_ne!(verdict(&report), "not_met");
}

#[test]
fn a_mire_that_stalls_soon_leaves_no_verdict() {
    for (mbit_s, size, until) in
        [(20.0, "small", "stable"), (20.0, "small", "verdict"), (4.0, "large", "stable")]
    {
        // A second and a half, the ramp included.
        let all = (mbit_s * 1e6 / 8.0 * 1.5) as u64;
        let server = Server::start(mbit_s, move |mut stream, line| {
            crooked::head(&mut stream)?;
            crooked::answer(&mut stream, line, "200 OK\r\nContent-Length: 1000000000", all)?;
            crooked::hold(&mut stream)
        });
        let state = tempfile::tempdir().unwrap();
        let mires = [format!("http://{}/file", server.address)];
        let mut command = agent(state.path());
        command.args(arguments("download", size, &mires)).args(["--until", until]);
        let (report, status) = read(&command.output().unwrap());
        let told = outcome(&report, "download");
        assert_eq!(told["status"], "failed", "{mbit_s} {until}: {told:#}");
        assert_eq!(told["failure"]["cause"], "timeout", "{mbit_s} {until}: {told:#}");
        assert_eq!((verdict(&report), status), ("inconclusive", 3), "{mbit_s} {until}");
    }
}

#[test]
fn an_upload_that_stalls_half_way_leaves_the_rate_so_far_with_a_label() {
    let server =
        Server::start(20.0, |stream, line| crooked::ndt7_upload(stream, line, 9_000_000, |has| has as f64));
    let (report, _) = run("upload", "small", &[format!("ndt7+http://{}/", server.address)]);
    let value = measured(&report, "upload");
    assert!(has_caveat(&report, "upload", "broke_off"), "{:#}", outcome(&report, "upload"));
    assert!(!has_caveat(&report, "upload", "mire_count_mismatch"), "{:#}", outcome(&report, "upload"));
    assert_eq!(value["stop"], "far_end");
    assert_rate(value, 20.0);
}

#[test]
fn a_slow_mire_is_no_slow_line_a_second_one_is_asked_before_a_fail() {
    let state = tempfile::tempdir().unwrap();
    let (slow, fast) =
        (Mire::start(state.path(), &["--rate", "5M"]), Mire::start(state.path(), &["--rate", "20M"]));
    let mires = [&slow, &fast].map(|mire| format!("ndt7+http://{}/", mire.address));
    let (report, _) = run("download", "medium", &mires);
    let repetitions = measured(&report, "download")["repetitions"].as_array().unwrap();
    let asked: Vec<_> = repetitions.iter().map(|one| one["url"].as_str().unwrap()).collect();
    assert_eq!(asked, mires, "{repetitions:#?}");
    assert_ne!(verdict(&report), "not_met");
    assert_rate(measured(&report, "download"), 20.0);
}

#[test]
fn a_transfer_that_is_over_in_a_moment_has_the_rate_of_that_moment() {
    let state = tempfile::tempdir().unwrap();
    // As fast as the machine: the data allowed is used up before anyone has looked at the curve.
    let mire = Mire::start(state.path(), &[]);
    for scheme in ["ndt7+http", "librespeed+http"] {
        let (report, _) = run("upload", "small", &[format!("{scheme}://{}/", mire.address)]);
        let value = measured(&report, "upload");
        let (bytes, elapsed) = (value["bytes"].as_f64().unwrap(), value["elapsed_ms"].as_f64().unwrap());
        assert_eq!((bytes as u64, &value["stop"]), (60_000_000, &"byte_cap".into()), "{value:#}");
        let ratio = value["goodput_bps"].as_f64().unwrap() / (bytes * 8e3 / elapsed);
        println!("{scheme}: {ratio:.2} of the mean in {elapsed} ms");
        assert!((0.3..=4.0).contains(&ratio), "{ratio} of the mean: {value:#}");
    }
}

/// Runs the agent from inside namespaces of its own, where `mire.test` has an IPv6 address that swallows everything and
/// an IPv4 one with a mire behind it; gives the report and how many IPv6 connections were tried.
fn beside_broken_ipv6(probe: &str) -> Option<(Value, u64)> {
    const SCRIPT: &str = r#"
        set -eu
        out=$1; shift
        ip link set lo up
        ip link add school type veth peer name far
        ip link set school up; ip link set far up
        ip -6 address add 2001:db8::1/64 dev school nodad
        ip -6 neighbour add 2001:db8::2 lladdr 02:00:00:00:00:02 dev school nud permanent
        nft add table ip6 lab
        nft add chain ip6 lab out '{ type filter hook output priority 0; }'
        nft add rule ip6 lab out ip6 daddr 2001:db8::2 tcp flags syn counter drop
        printf '127.0.0.1 mire.test\n2001:db8::2 mire.test\n' >"$out/hosts"
        mount --bind "$out/hosts" /etc/hosts
        "$1" mire --listen 127.0.0.1:8080 --rate 40M >"$out/mire.log" 2>&1 &
        trap "kill $!" EXIT
        for _ in $(seq 100); do
            bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' 2>/dev/null && break
            sleep 0.05
        done
        code=0
        "$@" || code=$?
        nft list chain ip6 lab out >"$out/counted"
        exit $code
    "#;
    let able = Command::new("unshare").args(["--net", "--mount", "nft", "list", "tables"]).output();
    if !able.is_ok_and(|able| able.status.success()) {
        println!("skipped: IPv6 that swallows everything needs root, unshare and nft (nftables)");
        return None;
    }
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "bash", "-c", SCRIPT, "bash"]).arg(state.path());
    command.arg(env!("CARGO_BIN_EXE_sonde-ecole"));
    clean(&mut command, state.path());
    let output =
        command.args(arguments(probe, "large", &["ndt7+http://mire.test:8080/".into()])).output().unwrap();
    let (report, _) = read(&output);
    let counted = std::fs::read_to_string(state.path().join("counted")).unwrap();
    let packets = counted.split_once("packets ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    Some((report, packets.unwrap_or_else(|| panic!("{counted}"))))
}

#[test]
fn ipv6_that_is_broken_beside_ipv4_costs_a_head_start_once() {
    for probe in ["download", "upload"] {
        let Some((report, tried)) = beside_broken_ipv6(probe) else { return };
        let value = measured(&report, probe);
        assert_eq!(value["server"]["family"], 4, "{value:#}");
        assert_rate(value, 40.0);
        assert!(value["streams"].as_u64().unwrap() >= 4, "{value:#}");
        assert!(!has_caveat(&report, probe, "broke_off"), "{:#}", outcome(&report, probe));
        // The first stream's try, and none of the others'.
        assert_eq!(tried, 1, "{probe}");
        let whole = report["measurements"][probe]["elapsed_us"].as_f64().unwrap() / 1e6;
        let before = whole - value["elapsed_ms"].as_f64().unwrap() / 1e3;
        println!("{probe}: {before:.2} s before the transfer and after it");
        // An address by itself is given four seconds.
        assert!(before < 2.0, "{before} s");
    }
}

/// Lets a command believe another date, told by the file: only the wall clock is changed, not the one that measures.
fn with_another_date(command: &mut Command, file: &Path) -> Option<()> {
    let found = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        .map(|place| Path::new(place).join("faketime/libfaketime.so.1"))
        .into_iter()
        .find(|library| library.is_file());
    let Some(library) = found else {
        println!("skipped: a clock that steps needs libfaketime (faketime)");
        return None;
    };
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Some(())
}

/// The agent at work, ended with this value.
struct Running(Option<Child>);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn finish(mut self) -> (Value, i32) {
        read(&self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until a server has moved so many bytes.
fn wait_for(server: &Server, bytes: u64) {
    let start = Instant::now();
    while server.line.moved() < bytes {
        assert!(start.elapsed() < Duration::from_secs(30), "the transfer never got so far");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A server of endless files, for both directions.
fn honest(mbit_s: f64) -> Server {
    Server::start(mbit_s, |mut stream, line| {
        loop {
            let (length, already) = crooked::head(&mut stream)?;
            if length == 0 {
                crooked::answer(&mut stream, line, "200 OK\r\nContent-Length: 1000000000", u64::MAX)?;
            }
            crooked::swallow(&mut stream, line, length - already)?;
            crooked::answer(&mut stream, line, "200 OK\r\nContent-Length: 0", 0)?;
        }
    })
}

#[test]
fn a_clock_that_steps_changes_no_rate_and_no_duration() {
    const DAY: i64 = 86_400;
    for step in [10 * DAY, -10 * DAY] {
        let state = tempfile::tempdir().unwrap();
        let server = honest(16.0);
        let date = state.path().join("date");
        std::fs::write(&date, format!("{:+}\n", -step)).unwrap();
        let mut command = agent(state.path());
        if with_another_date(&mut command, &date).is_none() {
            return;
        }
        command.args(arguments("download,upload", "medium", &[format!("http://{}/file", server.address)]));
        let (real, start) = (jiff::Timestamp::now(), Instant::now());
        let running = Running::start(command);
        // Two seconds into the download.
        wait_for(&server, 4_000_000);
        std::fs::write(&date, format!("{step:+}\n")).unwrap();
        let (report, status) = running.finish();
        let all = start.elapsed().as_secs_f64();
        for probe in ["download", "upload"] {
            let value = measured(&report, probe);
            assert_rate(value, 16.0);
            let (bytes, elapsed) = (value["bytes"].as_f64().unwrap(), value["elapsed_ms"].as_f64().unwrap());
            let mean = bytes * 8e-3 / elapsed;
            assert!((mean / 16.0 - 1.0).abs() < 0.15, "{probe}: {mean} Mbit/s over the duration told");
            assert!(!has_caveat(&report, probe, "suspended"), "{:#}", outcome(&report, probe));
            let whole = report["measurements"][probe]["elapsed_us"].as_f64().unwrap() / 1e6;
            assert!(whole < all, "{probe}: {whole} s of {all}");
        }
        assert_eq!((verdict(&report), status), ("met", 0));
        // Each date is what the clock said then: the step did happen, within the download.
        let off = |date: &Value| {
            let told: jiff::Timestamp = date.as_str().unwrap().parse().unwrap();
            told.as_second() - real.as_second()
        };
        for (date, expected) in [
            (&report["started_at"], -step),
            (&report["measurements"]["download"]["started_at"], -step),
            (&report["measurements"]["upload"]["started_at"], step),
        ] {
            assert!((off(date) - expected).abs() < 120, "{date} is {} s off, not {expected}", off(date));
        }
    }
}

/// Stops the agent for three seconds once the server has moved so many bytes.
#[cfg(unix)]
fn stopped_after(server: &Server, bytes: u64, size: &str) -> (Value, i32) {
    let state = tempfile::tempdir().unwrap();
    let mut command = agent(state.path());
    command.args(arguments("download", size, &[format!("http://{}/file", server.address)]));
    let running = Running::start(command);
    wait_for(server, bytes);
    running.signal("-STOP");
    // What the agent takes for sleep is two seconds and more.
    thread::sleep(Duration::from_secs(3));
    running.signal("-CONT");
    running.finish()
}

#[test]
#[cfg(unix)]
fn a_machine_that_sleeps_half_way_keeps_what_came_before() {
    // Over the threshold, and the gap would have brought it below: 20 Mbit/s of 3.6 s in 6.6 s are 11.
    let (report, status) = stopped_after(&honest(20.0), 9_000_000, "large");
    let value = measured(&report, "download");
    assert!(has_caveat(&report, "download", "suspended"), "{:#}", outcome(&report, "download"));
    assert_rate(value, 20.0);
    assert_eq!((verdict(&report), status), ("met", 0), "{:#}", report["assessment"]["verdicts"]);
}

#[test]
#[cfg(unix)]
fn a_machine_that_sleeps_soon_leaves_no_verdict() {
    for (mbit_s, size) in [(20.0, "large"), (5.0, "large")] {
        let bytes = (mbit_s * 1e6 / 8.0) as u64;
        let (report, status) = stopped_after(&honest(mbit_s), bytes, size);
        assert_eq!((verdict(&report), status), ("inconclusive", 3), "{:#}", outcome(&report, "download"));
    }
}
