//! The probes against real servers: on loopback, and where bytes are counted, in a network namespace of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sonde_report::values::{CountedAt, LimitedBy, MireProtocol, MireServer, StopReason, TransferValue};
use sonde_report::{Cause, CaveatCode, Stage};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::dial::{DialConfig, Dialer};
use crate::throughput::MireUrl;

const NAME: &str = "mire.example";
/// The rate that the issue names.
const RATE: u64 = 8_000_000;

/// What a mire says to anything: headers as long as our own mire's.
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store, no-cache, must-revalidate, max-age=0, no-transform\r\nPragma: no-cache\r\nX-Content-Type-Options: nosniff\r\nServer: some-mire\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\nConnection: close\r\n\r\n";

fn env(config: DialConfig) -> Env {
    let pinned_names = vec![(NAME.to_owned(), Ipv4Addr::LOCALHOST.into())];
    Env { dialer: Arc::new(Dialer::new(DialConfig { pinned_names, ..config }).unwrap()), events: None }
}

/// A chain as long as a public authority's (two certificates of some 2 kB each).
fn identity() -> (CertificateDer<'static>, TlsAcceptor) {
    let long = || CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![7; 1_400]);
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.custom_extensions = vec![long()];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.custom_extensions = vec![long()];
    let leaf = params.signed_by(&key, &authority).unwrap();
    let chain = vec![leaf.der().clone(), authority.der().clone()];
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (authority.der().clone(), TlsAcceptor::from(Arc::new(tls)))
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let _ = stream.write_all(ANSWER.as_bytes()).await;
    let _ = stream.shutdown().await;
    let _ = stream.read(&mut [0; 64]).await;
}

/// A server that answers every request; gives its address.
async fn server(tls: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => answer(stream).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            answer(stream).await;
                        }
                    }
                }
            });
        }
    });
    address
}

/// The load of a transfer that goes there at [`RATE`].
fn load(mire: &MireUrl, via_proxy: bool) -> Arc<Load> {
    let load = Arc::new(Load::default());
    load.opened(mire, Ipv4Addr::LOCALHOST.into(), via_proxy);
    load.goes_at(RATE);
    load
}

/// A transfer so long, without a ramp.
fn transfer(mire: &MireUrl, elapsed: Duration) -> TransferValue {
    TransferValue {
        goodput_bps: RATE,
        ip_rate_bps: RATE,
        ci95_bps: [RATE, RATE],
        bytes: 1,
        held_bytes: None,
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap(),
        ramp_ms: 0,
        streams: 1,
        protocol: MireProtocol::Http,
        server: MireServer { url: mire.shown(), address: "127.0.0.1".to_owned(), family: 4 },
        stop: StopReason::Stable,
        limited_by: LimitedBy::Unknown,
        counted_at: CountedAt::Receiver,
        samples: Vec::new(),
        repetitions: Vec::new(),
    }
}

/// Probes for so long.
async fn probed(mire: &MireUrl, env: &Env, length: Duration) -> Outcome<LoadedLatency> {
    let start = Instant::now();
    let probing = start_on(mire, env);
    tokio::time::sleep(length).await;
    probing.finish(Some(&transfer(mire, start.elapsed())), None)
}

fn start_on(mire: &MireUrl, env: &Env) -> Probing {
    start(load(mire, false), env)
}

/// Bytes and packets that passed this thread's loopback: each once.
fn passed() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("lo:")).unwrap();
    let mut columns = line.split_whitespace().map(|cell| cell.parse().unwrap());
    (columns.next().unwrap(), columns.next().unwrap())
}

/// Runs `work` in a network namespace of its own where only a loopback is; `None` where that is not permitted.
fn alone<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let inside = std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).ok()?;
        let up = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status();
        up.is_ok_and(|status| status.success()).then(work)
    });
    inside.join().unwrap()
}

#[test]
fn what_the_probes_move_is_known_and_at_most_a_twentieth_of_eight_megabits() {
    for tls in [false, true] {
        let counted = alone(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let (authority, acceptor) = identity();
                let env =
                    env(DialConfig { stand_in_public_roots: Some(vec![authority]), ..DialConfig::default() });
                let address = server(tls.then_some(acceptor)).await;
                let scheme = if tls { "https" } else { "http" };
                let mire: MireUrl = format!("{scheme}://{NAME}:{}/file", address.port()).parse().unwrap();
                let (before, start) = (passed(), Instant::now());
                let outcome = probed(&mire, &env, Duration::from_secs(5)).await;
                let (after, seconds) = (passed(), start.elapsed().as_secs_f64());
                // The loopback counts an Ethernet header, too.
                let bytes = (after.0 - before.0) - 14 * (after.1 - before.1);
                (outcome, bytes, seconds)
            })
        });
        let Some((outcome, bytes, seconds)) = counted else {
            eprintln!("skipped: counting the probes' bytes needs root (a network namespace) and iproute2");
            return;
        };
        let Outcome::Measured { value, caveats } = outcome else { panic!("{outcome:?}") };
        let share = bytes as f64 * 8.0 / (RATE as f64 * seconds);
        eprintln!(
            "tls {tls}: {} probes, {} echoes or connections, {bytes} bytes in {seconds:.1} s: {:.2} % of 8 Mbit/s, told {}",
            value.foreign_probes,
            value.rtt_probes,
            share * 100.0,
            value.probe_bytes
        );
        assert!(share <= 0.05, "{share}");
        assert!(value.foreign_probes >= 5 && value.foreign_failed == 0, "{value:?}");
        assert_eq!(value.tls_us.is_some(), tls);
        let told = value.probe_bytes as f64 / bytes as f64;
        assert!((0.85..1.35).contains(&told), "told {told:.2} of what passed");
        assert!(caveats.iter().any(|caveat| caveat.code == CaveatCode::NoLoadedProbe), "{caveats:?}");
    }
}

#[tokio::test]
async fn a_mire_that_refuses_more_connections_is_named_and_gives_no_zero() {
    // Nobody listens there any more.
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let mire: MireUrl = format!("ndt7+http://127.0.0.1:{}/", gone.port()).parse().unwrap();
    match probed(&mire, &env(DialConfig::default()), Duration::from_millis(1_500)).await {
        // Where ICMP is permitted, the added latency is still known.
        Outcome::Measured { value, caveats } => {
            assert_eq!((value.foreign_probes, value.rpm, value.tcp_us, value.http_us), (0, None, None, None));
            let named = caveats.iter().find(|caveat| caveat.code == CaveatCode::ForeignProbesFailed).unwrap();
            assert!(named.detail.as_ref().unwrap().contains("tcp/connection_refused"), "{named:?}");
        }
        Outcome::Failed { failure } => {
            assert_eq!((failure.stage, failure.cause), (Stage::Tcp, Cause::ConnectionRefused));
        }
        Outcome::NotMeasured { reason } => panic!("{reason:?}"),
    }
}

#[tokio::test]
async fn beside_no_transfer_or_through_a_proxy_nothing_is_said() {
    let mire: MireUrl = "http://127.0.0.1:9/".parse().unwrap();
    let env = env(DialConfig::default());
    let code = |outcome: Outcome<LoadedLatency>| match outcome {
        Outcome::NotMeasured { reason } => reason.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(start_on(&mire, &env).finish(None, None)), ReasonCode::NoTransfer);
    let value = transfer(&mire, Duration::from_secs(5));
    let never_opened = start(Arc::new(Load::default()), &env);
    assert_eq!(code(never_opened.finish(Some(&value), None)), ReasonCode::NoTransfer);
    let proxied = start(load(&mire, true), &env);
    assert_eq!(code(proxied.finish(Some(&value), None)), ReasonCode::NotThroughProxy);
}
