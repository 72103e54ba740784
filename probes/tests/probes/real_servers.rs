//! The resolvers and time servers that schools have, where they are installed: dnsmasq, unbound, chrony.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::dns::test_names;
use crate::support::{Authority, LOOPBACK, dialing, env};
use sonde_probes::dns::{Config, TestNames, run};
use sonde_probes::ntp;
use sonde_report::values::{DnsBlock, DnsConduct, DnsDeliveryState, DnsSearchList, DnssecValidation};
use sonde_report::{CaveatCode, Measurement, Outcome};

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether every command is there; says what is missing.
fn have(commands: &[&str]) -> bool {
    let dirs: Vec<_> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .collect();
    let missing: Vec<_> =
        commands.iter().filter(|command| !dirs.iter().any(|dir| dir.join(command).is_file())).collect();
    for command in &missing {
        eprintln!("skipped: {command}");
    }
    missing.is_empty()
}

fn command(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()));
    command
}

fn start(command: &mut Command) -> Program {
    Program(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
}

/// A port that was free for UDP a moment ago.
fn port() -> u16 {
    UdpSocket::bind((LOOPBACK, 0)).unwrap().local_addr().unwrap().port()
}

fn config(server: SocketAddr, names: &[&str]) -> Config {
    Config {
        test_names: TestNames::default(),
        ..Config::new(
            vec![server],
            names.iter().map(|name| (*name).to_owned()).collect(),
            Duration::from_secs(2),
        )
    }
}

/// Waits until the server answers a first question: it needs a moment to start and says nothing when it has, and a run
/// that began before would hold questions that nobody heard.
fn listening(server: SocketAddr) {
    // RFC 1035, 4.1: number 1, recursion desired, one question: the address of "pret.".
    const QUESTION: &[u8] = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04pret\x00\x00\x01\x00\x01";
    let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let start = Instant::now();
    let mut answer = [0; 512];
    // Until it listens the system answers in its place, and both calls may fail with that.
    while socket.send(QUESTION).and_then(|_| socket.recv(&mut answer)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "{server} does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What the probe finds of the server, once that listens.
async fn watched(config: &Config) -> Measurement<sonde_report::values::DnsValue> {
    let names: Vec<&str> = config.names.iter().map(String::as_str).collect();
    let env = env(dialing(&Authority::new("public"), &names));
    listening(config.resolvers[0]);
    run(config, &env).await.pop().unwrap()
}

fn conduct(measurement: &Measurement<sonde_report::values::DnsValue>) -> &DnsConduct {
    let value = measurement.value().unwrap_or_else(|| panic!("{measurement:?}"));
    value.conduct.as_ref().expect("watched")
}

fn dnsmasq(port: u16, rules: &[&str]) -> Program {
    let mut dnsmasq = command("dnsmasq");
    dnsmasq.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
    ]);
    dnsmasq.args(["--listen-address=127.0.0.1", "--pid-file=", "--no-ping"]).arg(format!("--port={port}"));
    // A user that is there everywhere, whoever starts the test.
    dnsmasq.arg("--user=").args(rules);
    start(&mut dnsmasq)
}

#[tokio::test]
async fn a_dnsmasq_sinkhole_is_told_by_name() {
    if !have(&["dnsmasq"]) {
        return;
    }
    let port = port();
    let _dnsmasq = dnsmasq(
        port,
        &[
            "--address=/gar.exemple.fr/192.0.2.1",
            "--address=/nul.exemple.fr/0.0.0.0",
            "--address=/page.exemple.fr/192.168.77.1",
            "--address=/piege.exemple/10.0.0.9",
            // Everything else: no such name.
            "--address=/#/",
        ],
    );
    let server = SocketAddr::new(LOOPBACK, port);
    let mut config = config(server, &["gar.exemple.fr", "nul.exemple.fr", "page.exemple.fr"]);
    config.search = Some(DnsSearchList { domains: vec!["piege.exemple".to_owned()], ndots: Some(1) });
    let found = watched(&config).await;
    let seen = conduct(&found);
    let blocked: Vec<_> = found.value().unwrap().questions.iter().map(|asked| asked.blocked).collect();
    assert_eq!(blocked, [None, Some(DnsBlock::NullAddress), Some(DnsBlock::PrivateAddress)]);
    assert_eq!(seen.rewrites_nxdomain, Some(false), "{found:#?}");
    assert_eq!(seen.search[0].wildcard, Some(true), "{found:#?}");
    let tcp = seen.transport.tcp.as_ref().map(|delivery| delivery.state);
    assert_eq!((tcp, seen.transport.edns), (Some(DnsDeliveryState::Whole), Some(true)), "{found:#?}");
    let codes: Vec<_> = found.caveats().iter().map(|caveat| caveat.code).collect();
    assert_eq!(codes, [CaveatCode::SearchDomainWildcard]);
}

#[tokio::test]
async fn a_dnsmasq_that_lies_about_everything_is_told() {
    if !have(&["dnsmasq"]) {
        return;
    }
    let port = port();
    let _dnsmasq = dnsmasq(port, &["--address=/#/192.0.2.66"]);
    let found = watched(&config(SocketAddr::new(LOOPBACK, port), &["gar.exemple.fr"])).await;
    let seen = conduct(&found);
    assert_eq!(
        (seen.rewrites_nxdomain, &seen.rewritten_to[..]),
        (Some(true), &["192.0.2.66".to_owned()][..])
    );
}

/// A signed zone: keys of two kinds, a good name, a broken one, a large one. Returns the trust anchor's file.
fn signed_zone(dir: &Path) -> String {
    let run = |name: &str, arguments: &[&str]| {
        let output = command(name).args(arguments).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let zone = dir.join("zone");
    let text = "long-text ".repeat(20);
    let records = format!(
        "$ORIGIN exemple.fr.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n\
         gar A 192.0.2.1\ncasse A 192.0.2.7\n{}",
        (0..8).map(|n| format!("long TXT \"{n} {text}\"")).collect::<Vec<_>>().join("\n") + "\n"
    );
    std::fs::write(&zone, records).unwrap();
    let zsk = run("ldns-keygen", &["-a", "RSASHA256", "-b", "2048", "exemple.fr."]);
    let ksk = run("ldns-keygen", &["-k", "-a", "RSASHA256", "-b", "2048", "exemple.fr."]);
    run("ldns-signzone", &["zone", &zsk, &ksk]);
    // The signature is of another address than the one that now stands there.
    let signed = std::fs::read_to_string(dir.join("zone.signed")).unwrap();
    assert!(signed.contains("192.0.2.7"));
    std::fs::write(dir.join("zone.signed"), signed.replace("192.0.2.7", "192.0.2.8")).unwrap();
    format!("{ksk}.key")
}

fn unbound(dir: &Path, port: u16, anchor: &str, modules: &str) -> Program {
    let configuration = format!(
        "server:\n interface: 127.0.0.1\n port: {port}\n do-daemonize: no\n chroot: \"\"\n username: \"\"\n directory: \"{dir}\"\n \
         pidfile: \"\"\n use-syslog: no\n logfile: \"\"\n module-config: \"{modules}\"\n trust-anchor-file: \"{dir}/{anchor}\"\n \
         local-zone: \".\" always_nxdomain\n local-zone: \"exemple.fr.\" transparent\n do-not-query-address: 0.0.0.0/0\n \
         do-not-query-address: ::/0\n edns-buffer-size: 1232\n max-udp-size: 1232\n\
         auth-zone:\n name: \"exemple.fr.\"\n zonefile: \"{dir}/zone.signed\"\n for-downstream: no\n for-upstream: yes\n \
         fallback-enabled: no\nremote-control:\n control-enable: no\n",
        dir = dir.display()
    );
    let file = dir.join("unbound.conf");
    std::fs::write(&file, configuration).unwrap();
    start(command("unbound").arg("-d").arg("-c").arg(file))
}

#[tokio::test]
async fn an_unbound_that_checks_signatures_and_one_that_does_not_are_told_apart() {
    if !have(&["unbound", "ldns-keygen", "ldns-signzone"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let anchor = signed_zone(dir.path());
    for (modules, validation, authentic) in [
        ("validator iterator", DnssecValidation::Validating, true),
        ("iterator", DnssecValidation::NotValidating, false),
    ] {
        let port = port();
        let _unbound = unbound(dir.path(), port, &anchor, modules);
        let mut config = config(SocketAddr::new(LOOPBACK, port), &["gar.exemple.fr"]);
        config.test_names = test_names("exemple.fr", "casse.exemple.fr", "long.exemple.fr");
        let found = watched(&config).await;
        let seen = conduct(&found);
        assert_eq!(seen.dnssec.validation, validation, "{modules}: {seen:#?}");
        assert_eq!(seen.dnssec.authentic_data, Some(authentic), "{modules}: {seen:#?}");
        assert_eq!(seen.dnssec.signatures, Some(true), "{modules}: {seen:#?}");
        let ways = &seen.transport;
        let states = [&ways.tcp, &ways.above_512, &ways.above_1232]
            .map(|delivery| delivery.as_ref().map(|delivery| delivery.state));
        let expected = [DnsDeliveryState::Whole, DnsDeliveryState::Whole, DnsDeliveryState::Truncated];
        assert_eq!(states, expected.map(Some), "{modules}: {ways:#?}");
        assert_eq!((ways.edns, ways.truncation_falls_back), (Some(true), Some(true)));
        assert!(found.caveats().is_empty(), "{:?}", found.caveats());
    }
}

#[tokio::test]
async fn chrony_on_this_machine_s_own_clock_says_that_it_is_right() {
    if !have(&["chronyd"]) {
        return;
    }
    let port = port();
    // A file of its own: chronyd takes away whatever stands there when it ends, and root's would take a device, too.
    let dir = tempfile::tempdir().unwrap();
    let pid_file = format!("pidfile {}", dir.path().join("pid").display());
    let mut chronyd = command("chronyd");
    // -x: it never touches the clock. Its own is the system's.
    chronyd.args(["-x", "-d", "-U"]).arg(format!("port {port}"));
    chronyd.args([
        "local stratum 8",
        "allow 127.0.0.0/8",
        "bindaddress 127.0.0.1",
        "cmdport 0",
        pid_file.as_str(),
    ]);
    let _chronyd = start(&mut chronyd);
    let config = ntp::Config { host: "127.0.0.1".to_owned(), port, timeout: Duration::from_millis(500) };
    let env = env(dialing(&Authority::new("public"), &[]));
    let start = Instant::now();
    let value = loop {
        match ntp::run(&config, &env).await.outcome {
            Outcome::Measured { value, .. } => break value,
            other => assert!(start.elapsed() < Duration::from_secs(30), "{other:?}"),
        }
    };
    assert_eq!((value.stratum, value.address.as_str()), (8, "127.0.0.1"));
    // One clock: what is left is at most half the way there and back, and the fraction's rounding.
    assert!(value.offset_us.unsigned_abs() <= value.delay_us / 2 + 1, "{value:?}");
}
