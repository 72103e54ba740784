//! From the command to where the report ends up, end to end: files, formats, exit codes, collector, spool, lock. The
//! real binary against real servers on loopback; no test names, or could reach, anything else.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::Mire;
use serde_json::Value;
use tempfile::TempDir;

const SECRET: &str = "jeton-de-test-0123456789";

/// What must be seen within this is not a matter of speed, but of happening at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place of its own for every test: state, files, and one service to look at that is quickly looked at.
struct Place {
    directory: TempDir,
    /// Accepts connections, and says nothing: all that a `tcp://` service has to do.
    service: TcpListener,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), service: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The agent with its state here.
    fn agent(&self, args: &[&str]) -> Command {
        let mut command = common::agent(&self.path("state"));
        command.args(args);
        command
    }

    /// `run` looking at this place's service alone: the shortest run there is.
    fn short_run(&self, args: &[&str]) -> Command {
        let service = self.service.local_addr().unwrap();
        let services = self.file(
            "services.toml",
            &format!(
                "[[endpoint]]\nid = 'here'\nlabel = 'Here'\nkind = 'resource'\nurls = ['tcp://{service}']\n"
            ),
        );
        let mut command = self.agent(&["run", "--only", "endpoints", "--no-catalogue", "--endpoints"]);
        command.arg(services).args(args);
        command
    }

    fn spooled(&self) -> Value {
        let output = self.agent(&["spool", "status", "--format", "json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn waiting(&self) -> usize {
        self.spooled()["waiting"].as_array().unwrap().len()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// The exit code that a report's own verdict asks for.
fn code_of(report: &Value) -> i32 {
    match report["assessment"]["overall"].as_str().unwrap() {
        "met" => 0,
        "not_met" => 1,
        _ => 3,
    }
}

/// One request as a collector got it.
#[derive(Debug, Clone)]
struct Request {
    head: String,
    body: Vec<u8>,
}

/// A collector on loopback: answers every request with the status it is set to; 0 is no answer at all.
struct Collector {
    address: SocketAddr,
    status: Arc<Mutex<u16>>,
    requests: Receiver<Request>,
}

impl Collector {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let status = Arc::new(Mutex::new(status));
        let (sender, requests) = channel();
        let shared = Arc::clone(&status);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (sender, shared) = (sender.clone(), Arc::clone(&shared));
                thread::spawn(move || converse(&stream, &sender, &shared));
            }
        });
        Self { address, status, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/v1/reports", self.address)
    }

    fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    fn seen(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn converse(stream: &TcpStream, sender: &Sender<Request>, status: &Mutex<u16>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        if sender.send(Request { head, body }).is_err() {
            return;
        }
        let status = *status.lock().unwrap();
        if status == 0 {
            let _ = reader.read(&mut [0]);
            return;
        }
        let mut stream = stream;
        if write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// A run that is certainly under way: it has connected to a mire that never answers.
#[cfg(unix)]
fn run_under_way(place: &Place) -> (Child, TcpStream) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ndt7+http://{}/", silent.local_addr().unwrap());
    let child = place
        .agent(&["run", "--only", "download", "--format", "json", "--mire", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stream, _) = silent.accept().unwrap();
    (child, stream)
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_rate_below_the_threshold_is_measured_twice_and_fits_the_half_minute() {
    let place = Place::new();
    let mire = Mire::start(&place.path("mire"), &["--rate", "5M"]);
    let output = place
        .agent(&["run", "--only", "latency,download,upload", "--size", "large", "--format", "json"])
        .args(["--mire", &mire.url()])
        .output()
        .unwrap();
    let report = report(&output);
    let value = &report["measurements"]["download"]["outcome"]["value"];
    assert_eq!(value["repetitions"].as_array().unwrap().len(), 2, "{value:#}");
    let verdict = &report["assessment"]["verdicts"][0];
    // On a busy machine the processor may be what limits: then there is no verdict, but never a good one.
    assert_ne!(verdict["verdict"], "met", "{verdict:#}");
    assert_eq!(output.status.code(), Some(code_of(&report)));
    // The bytes of both transfers are told.
    let both: u64 =
        value["repetitions"].as_array().unwrap().iter().map(|one| one["bytes"].as_u64().unwrap()).sum();
    assert!(report["data_used"]["received_bytes"].as_u64().unwrap() >= both);
    // Services (side by side, about 4 s) and the path (3 s) have no part in it here. The wait for the queues before the
    // repetition has: on the loopback that all tests share, what the others send makes it last to its cap of 2 s.
    assert!(report["elapsed_ms"].as_u64().unwrap() < 25_000, "{}", report["elapsed_ms"]);
}

#[test]
fn the_time_limit_gives_a_partial_report_that_says_so() {
    let place = Place::new();
    let mire = Mire::start(&place.path("mire"), &["--rate", "5M"]);
    let output = place
        .agent(&["run", "--only", "download,upload", "--timeout", "3", "--format", "json"])
        .args(["--size", "small", "--mire", &mire.url()])
        .output()
        .unwrap();
    let report = report(&output);
    assert_eq!(report["partial"], true);
    for probe in ["download", "upload"] {
        let outcome = &report["measurements"][probe]["outcome"];
        assert_eq!(outcome["reason"]["code"], "out_of_time", "{outcome:#}");
    }
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("--timeout"), "{}", said(&output));
}

#[test]
fn a_run_sends_its_report_with_the_token_of_a_file_or_of_the_environment() {
    let place = Place::new();
    let collector = Collector::start(201);
    let token = place.file("token", &format!("{SECRET}\n"));
    for from_file in [true, false] {
        let mut run = place.short_run(&["--format", "json", "--upload", &collector.url()]);
        if from_file {
            run.args(["--upload-token-file", &token]);
        } else {
            run.env("SONDE_ECOLE_UPLOAD_TOKEN", SECRET);
        }
        let output = run.output().unwrap();
        let report = report(&output);
        assert_eq!(output.status.code(), Some(code_of(&report)), "{}", said(&output));
        let seen = collector.seen();
        let [request] = seen.as_slice() else { panic!("{seen:?}") };
        let id = report["report_id"].as_str().unwrap();
        assert!(request.head.starts_with(&format!("PUT /v1/reports/{id} HTTP/1.1\r\n")), "{}", request.head);
        let bearer = format!("authorization: Bearer {SECRET}\r\n");
        assert!(request.head.contains(&bearer), "{}", request.head);
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), report);
        assert_eq!(place.waiting(), 0);
        assert!(!said(&output).contains(SECRET));
    }
    // With --no-upload nothing is sent nor kept, whatever the configuration says.
    let output =
        place.short_run(&["--no-upload"]).env("SONDE_ECOLE_UPLOAD_URL", collector.url()).output().unwrap();
    assert!(output.status.code() != Some(2), "{}", said(&output));
    assert!(collector.seen().is_empty() && place.waiting() == 0);
}

#[test]
fn a_report_the_collector_does_not_take_is_kept_with_the_reason_and_sent_next_time() {
    let place = Place::new();
    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let first =
        place.short_run(&["--format", "json", "--upload", &format!("http://{down}/")]).output().unwrap();
    // The verdict's code: sending is not what the run was asked to judge.
    assert_eq!(first.status.code(), Some(code_of(&report(&first))), "{}", said(&first));
    let spooled = place.spooled();
    assert_eq!(spooled["waiting"][0]["last_attempt"]["why"], "unreachable", "{spooled:#}");
    let id = report(&first)["report_id"].as_str().unwrap().to_owned();
    let status = place.agent(&["spool", "status"]).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains(&id) && status.contains("injoignable"), "{status}");

    let collector = Collector::start(500);
    for (answer, why) in [(500, "busy"), (401, "unauthorised")] {
        collector.answers(answer);
        let upload = place.agent(&["upload", "--upload", &collector.url()]).output().unwrap();
        assert_eq!(upload.status.code(), Some(3), "{}", said(&upload));
        let spooled = place.spooled();
        assert_eq!(spooled["waiting"][0]["last_attempt"]["why"], why, "{spooled:#}");
    }
    // A refused token needs somebody: told even under --quiet, on standard error.
    let refused = place.short_run(&["--quiet", "--upload", &collector.url()]).output().unwrap();
    assert!(refused.stdout.is_empty() && !refused.stderr.is_empty());
    assert_eq!(place.waiting(), 2);
    collector.seen();

    collector.answers(204);
    let next = place.short_run(&["--format", "json", "--upload", &collector.url()]).output().unwrap();
    let sent: Vec<String> = collector.seen().into_iter().map(|request| request.head).collect();
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(sent.iter().any(|head| head.contains(&id)), "{sent:?}");
    assert_eq!(place.waiting(), 0, "{}", said(&next));
    let empty = place.agent(&["upload", "--upload", &collector.url()]).output().unwrap();
    assert_eq!(empty.status.code(), Some(0), "{}", said(&empty));
}

/// Every refusal comes before anything is measured or sent.
#[test]
fn an_upload_that_cannot_be_safe_is_refused_at_once() {
    let place = Place::new();
    let (empty, wrong) = (place.file("empty", "\n"), place.file("wrong", "deux mots secrets\n"));
    let collector = Collector::start(201);
    let url = collector.url();
    for (args, word) in [
        (&["--upload", "http://192.0.2.1/"][..], "https://"),
        (&["--upload", "https://collecteur.test/?jeton=s3cret"][..], "paramètres"),
        (&["--upload", "https://moi:s3cret@collecteur.test/"][..], "mot de passe"),
        (&["--upload", &url, "--upload-token-file", &empty][..], "vide"),
        (&["--upload", &url, "--upload-token-file", &wrong][..], "interdit"),
        (&["--upload", &url, "--upload-token-file", "absent"][..], "absent"),
    ] {
        for mut command in [place.short_run(args), {
            let mut upload = place.agent(&["upload"]);
            upload.args(args);
            upload
        }] {
            let output = command.output().unwrap();
            let message = said(&output);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
            assert!(message.contains(word) && message.contains("--upload"), "{args:?}: {message}");
            assert!(!message.contains("s3cret") && !message.contains("mots"), "{message}");
            assert!(output.stdout.is_empty());
        }
    }
    assert!(collector.seen().is_empty());
    let nowhere = place.agent(&["upload"]).output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2), "{}", said(&nowhere));
}

#[test]
#[cfg(unix)]
fn a_second_run_is_kept_out_and_the_first_one_is_not_harmed() {
    let place = Place::new();
    let (first, _open) = run_under_way(&place);
    let second = place.short_run(&[]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(second.stdout.is_empty());
    assert!(said(&second).contains(&first.id().to_string()), "{}", said(&second));
    interrupt(&first);
    let first = first.wait_with_output().unwrap();
    assert_eq!(report(&first)["measurements"]["download"]["outcome"]["reason"]["code"], "interrupted");
    assert_eq!(first.status.code(), Some(3));
    // Released with the process.
    assert_ne!(place.short_run(&[]).output().unwrap().status.code(), Some(2));
}

#[test]
#[cfg(unix)]
fn ctrl_c_while_sending_leaves_at_once_and_keeps_the_report() {
    let place = Place::new();
    let collector = Collector::start(0);
    let child = place
        .short_run(&["--format", "json", "--upload", &collector.url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    collector.requests.recv_timeout(PATIENCE).unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{:?} {}", output.status, said(&output));
    assert_eq!(place.spooled()["waiting"][0]["report_id"], report(&output)["report_id"]);
}

/// The report is stuck in a pipe that nobody reads: only the second Ctrl-C can end the program.
#[test]
#[cfg(target_os = "linux")]
fn a_second_ctrl_c_leaves_at_once() {
    /// What a pipe holds (pipe(7)).
    const PIPE: usize = 65_536;
    let place = Place::new();
    let (_reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b' '; PIPE]).unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ndt7+http://{}/", silent.local_addr().unwrap());
    let mut child = place
        .agent(&["run", "--only", "download", "--mire", &url])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _open = silent.accept().unwrap();
    interrupt(&child);
    let told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).next();
    assert!(told.is_some_and(|line| line.contains("Ctrl-C")));
    assert!(child.try_wait().unwrap().is_none());
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_is_kept_but_not_sent() {
    let place = Place::new();
    let collector = Collector::start(201);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ndt7+http://{}/", silent.local_addr().unwrap());
    let child = place
        .agent(&["run", "--only", "download", "--mire", &url, "--upload", &collector.url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _open = silent.accept().unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(collector.seen().is_empty());
    assert_eq!(place.waiting(), 1);
}

#[test]
fn quiet_with_a_file_says_nothing_at_all() {
    let place = Place::new();
    let path = place.path("rapport.json");
    let output = place.short_run(&["--quiet", "--json", path.to_str().unwrap()]).output().unwrap();
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((said(&output).as_str(), output.stdout.len()), ("", 0));
    assert_eq!(output.status.code(), Some(code_of(&written)));
    // And so does it with a collector that took the report.
    let collector = Collector::start(201);
    let output = place.short_run(&["--quiet", "--upload", &collector.url()]).output().unwrap();
    assert_eq!((said(&output).as_str(), output.stdout.len()), ("", 0));
    assert_eq!(collector.seen().len(), 1);
    // Without any other way out, the report is printed all the same.
    assert!(!place.short_run(&["--quiet"]).output().unwrap().stdout.is_empty());
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_loses_nothing() {
    let place = Place::new();
    let nowhere = place.path("absent").join("rapport.json");
    for quiet in [&[][..], &["--quiet"][..]] {
        let output = place.short_run(&["--json", nowhere.to_str().unwrap()]).args(quiet).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("rapport.json"), "{}", said(&output));
        assert!(!output.stdout.is_empty(), "the report is printed instead");
    }
}

#[test]
fn a_report_that_cannot_be_kept_before_sending_is_an_error_printed_and_not_sent() {
    let place = Place::new();
    let collector = Collector::start(201);
    std::fs::create_dir(place.path("state")).unwrap();
    std::fs::write(place.path("state").join("spool"), "a file where the directory should be").unwrap();
    for args in [&["--format", "json"][..], &["--quiet"][..]] {
        let output = place.short_run(args).args(["--upload", &collector.url()]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(!output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    assert!(collector.seen().is_empty());
}

/// The plugins' CRITICAL is 2 as well: the demonstration must not take it for a failure of its own.
#[test]
fn the_demonstrations_code_says_whether_it_ran() {
    let place = Place::new();
    let output = place.agent(&["demo", "--size", "large", "--format", "nagios"]).output().unwrap();
    let line = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{line} {}", said(&output));
    assert!(line.contains("[DEMO]") && !line.contains(" OK"), "{line}");
    let nowhere = place.path("absent").join("demo.json");
    let mut failed = place.agent(&["demo", "--json", nowhere.to_str().unwrap()]);
    let failed = failed.output().unwrap();
    assert_eq!(failed.status.code(), Some(2), "{}", said(&failed));
    assert!(!place.path("state").join("spool").exists());
}

fn golden(name: &str) -> String {
    format!("{}/report/tests/golden/report-1-{name}.json", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_form_of_a_report_has_its_exit_code() {
    let place = Place::new();
    for (name, ours, plugin) in [("met", 0, 0), ("not-met", 1, 2), ("no-network", 3, 3)] {
        for (format, code) in [("text", ours), ("json", ours), ("prometheus", ours), ("nagios", plugin)] {
            let output = place.agent(&["report", &golden(name), "--format", format]).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{name} {format}: {}", said(&output));
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.ends_with('\n') && text.trim().len() > 20, "{name} {format}: {text}");
            match format {
                "nagios" => assert!(text.lines().count() == 1 && text.starts_with("SONDE-ECOLE "), "{text}"),
                "prometheus" => assert!(text.contains("# TYPE sonde_ecole_"), "{text}"),
                _ => {}
            }
        }
    }
    let output = place.short_run(&["--format", "nagios"]).output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    let word = line.split_whitespace().nth(1).unwrap().to_owned();
    let code = ["OK", "WARNING", "CRITICAL", "UNKNOWN"].iter().position(|known| *known == word).unwrap();
    assert_eq!(output.status.code(), Some(i32::try_from(code).unwrap()), "{line}");
}

/// `| head -1`: the reader goes after a line, or before any.
#[test]
fn a_reader_that_goes_is_no_error() {
    let place = Place::new();
    for args in [
        &["report", &golden("full"), "--format", "json"][..],
        &["report", &golden("full")][..],
        &["schema"][..],
        &["endpoints", "list"][..],
        &["run", "--help"][..],
    ] {
        let mut child = place.agent(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 4), "{args:?}: {:?}", output.status);
        assert!(!said(&output).contains("panicked"), "{args:?}: {}", said(&output));
    }
}

#[test]
fn an_interface_that_is_not_there_is_refused_with_those_that_are() {
    let place = Place::new();
    let output = place.short_run(&["--interface", "nosuch0"]).output().unwrap();
    let message = said(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("--interface") && message.contains("nosuch0"), "{message}");
    // The loopback of the tests' own machine is one of them.
    let names = message.rsplit(": ").next().unwrap();
    assert!(names.split(", ").any(|name| name.trim().starts_with("lo")), "{message}");
    assert!(output.stdout.is_empty());
}

/// A CONNECT proxy on loopback. It reaches nothing: what it was asked is all that counts.
#[test]
fn the_environments_proxy_is_used_and_its_password_sent_and_never_shown() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    let (sender, asked) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let _ = sender.send(head);
            let _ =
                stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        }
    });
    // A name that exists nowhere (RFC 6761): only the proxy is asked about it.
    let services = place.file(
        "far.toml",
        "[[endpoint]]\nid = 'far'\nlabel = 'Far'\nkind = 'resource'\nurls = ['https://ent.test/']\n",
    );
    let output = place
        .agent(&[
            "run",
            "--only",
            "endpoints",
            "--no-catalogue",
            "--format",
            "json",
            "--endpoints",
            &services,
        ])
        .env("HTTPS_PROXY", format!("http://moi:hunter2@{proxy}"))
        .output()
        .unwrap();
    let head = asked.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("CONNECT ent.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
    let report = report(&output);
    let state = &report["measurements"]["endpoints"][0]["outcome"]["value"]["state"];
    assert_eq!(state, "proxy_auth_required", "{report:#}");
    let everything = format!("{report}{}", said(&output));
    assert!(!everything.contains("hunter2") && !everything.contains("moi:"), "{everything}");
    // The same password as an argument is refused.
    let url = format!("http://moi:hunter2@{proxy}");
    let refused = place.short_run(&["--proxy", &url]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(!said(&refused).contains("hunter2"), "{}", said(&refused));
}

/// Loopback is reached without a proxy, also when the environment names one.
#[test]
fn this_machine_is_reached_without_the_proxy() {
    let place = Place::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = place
        .short_run(&["--format", "json"])
        .env("HTTPS_PROXY", format!("http://{closed}"))
        .output()
        .unwrap();
    let report = report(&output);
    let value = &report["measurements"]["endpoints"][0]["outcome"]["value"];
    assert_eq!(value["state"], "reachable", "{report:#}");
}

/// A file named for reading, left as it is by every command.
#[test]
fn a_report_is_shown_from_standard_input_too() {
    let place = Place::new();
    let file = std::fs::File::open(golden("not-met")).unwrap();
    let output = place.agent(&["report", "-", "--format", "json"]).stdin(file).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let original: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&golden("not-met"))).unwrap()).unwrap();
    assert_eq!(report(&output), original);
}
