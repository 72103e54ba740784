//! The school's resolver beside one outside: what is blocked, what is altered, and what is only another address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use crate::support::dns::{Act, Asked, Options, address, on_stream, reply, serve};
use crate::support::{self, Authority, LOOPBACK, Validity, closed_port, dialing, env};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use sonde_probes::Env;
use sonde_probes::dns::{Config, Reference, TestNames, run};
use sonde_report::values::{DnsBlock, DnsComparison, DnsPath, DnsValue};
use sonde_report::{Cause, CaveatCode, Measurement, Outcome};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The name everything is about.
const NAME: &str = "cas.ent.exemple.fr";
/// A name that everybody answers.
const OTHER: &str = "gar.exemple.fr";

/// A server that answers `NAME` by `act` and the other name properly.
async fn knows(act: impl Fn() -> Act + Send + Sync + 'static) -> SocketAddr {
    let rules = move |asked: &Asked| match asked.name.as_str() {
        NAME if asked.kind == RecordType::A => act(),
        NAME => Act::Records(Vec::new()),
        OTHER => Act::Records(vec![address("192.0.2.8")]),
        _ => Act::Code(ResponseCode::NXDomain),
    };
    serve(Options::default(), rules).await.address
}

async fn answers(text: &'static str) -> SocketAddr {
    knows(move || Act::Records(vec![address(text)])).await
}

fn config(own: SocketAddr, reference: Reference) -> Config {
    Config {
        references: vec![reference],
        test_names: TestNames::default(),
        // Not an address outside this machine.
        nowhere: None,
        ..Config::new(vec![own], vec![OTHER.to_owned(), NAME.to_owned()], Duration::from_secs(5))
    }
}

/// What was found of `NAME` at the school's resolver.
fn of_name(found: &[Measurement<DnsValue>]) -> (Option<DnsComparison>, Option<DnsBlock>, Option<Cause>) {
    assert_eq!(found.len(), 3, "the system's path, the server, the reference");
    let questions = &found[1].value().expect("measured").questions;
    let asked = questions.iter().find(|asked| asked.name == NAME).expect("asked");
    (asked.compared, asked.blocked, asked.failure.as_ref().map(|failure| failure.cause))
}

fn plain_env() -> Env {
    env(dialing(&Authority::new("public"), &[NAME, OTHER]))
}

#[tokio::test]
async fn a_name_blocked_here_and_known_there_is_said_to_be_blocked_and_how() {
    let there = answers("192.0.2.1").await;
    for (act, compared, blocked, cause) in [
        (
            Act::Code(ResponseCode::NXDomain),
            DnsComparison::BlockedHere,
            Some(DnsBlock::NameDenied),
            Some(Cause::NameNotFound),
        ),
        (
            Act::Records(Vec::new()),
            DnsComparison::BlockedHere,
            Some(DnsBlock::AddressDenied),
            Some(Cause::NoAddress),
        ),
        (
            Act::Code(ResponseCode::ServFail),
            DnsComparison::BlockedHere,
            Some(DnsBlock::ServerFailure),
            Some(Cause::ResolverFailure),
        ),
        (
            Act::Code(ResponseCode::Refused),
            DnsComparison::BlockedHere,
            Some(DnsBlock::Refused),
            Some(Cause::ResolverFailure),
        ),
        (
            Act::Records(vec![address("0.0.0.0")]),
            DnsComparison::Altered,
            Some(DnsBlock::NullAddress),
            Some(Cause::DnsAltered),
        ),
        (
            Act::Records(vec![address("10.66.0.1")]),
            DnsComparison::Altered,
            Some(DnsBlock::PrivateAddress),
            Some(Cause::DnsAltered),
        ),
        (Act::Records(vec![address("192.0.2.1")]), DnsComparison::Same, None, None),
    ] {
        let shown = format!("{act:?}");
        let own = knows(move || act.clone()).await;
        let found = run(&config(own, Reference::Plain(there)), &plain_env()).await;
        assert_eq!(of_name(&found), (Some(compared), blocked, cause), "{shown}");
        let shown_as = DnsPath::Reference { address: there.to_string() };
        assert_eq!(found[2].value().map(|value| &value.resolver), Some(&shown_as));
    }
}

#[tokio::test]
async fn a_name_that_neither_knows_is_blocked_by_nobody() {
    let nobody = || knows(|| Act::Code(ResponseCode::NXDomain));
    let found = run(&config(nobody().await, Reference::Plain(nobody().await)), &plain_env()).await;
    assert_eq!(of_name(&found), (Some(DnsComparison::Same), None, Some(Cause::NameNotFound)));
    let found =
        run(&config(answers("192.0.2.1").await, Reference::Plain(nobody().await)), &plain_env()).await;
    assert_eq!(of_name(&found), (Some(DnsComparison::UnknownThere), None, None));
}

#[tokio::test]
async fn a_reference_out_of_reach_leaves_everything_uncompared() {
    let own = knows(|| Act::Code(ResponseCode::NXDomain)).await;
    let found = run(&config(own, Reference::Plain(closed_port().await)), &plain_env()).await;
    assert_eq!(of_name(&found), (None, None, Some(Cause::NameNotFound)));
    assert!(matches!(found[2].outcome, Outcome::Failed { .. }), "{:?}", found[2].outcome);
    assert!(found[2].target.starts_with("dns://"), "told apart from the machine's own: {}", found[2].target);
}

#[tokio::test]
async fn a_reference_that_something_answers_for_proves_nothing() {
    let own = knows(|| Act::Code(ResponseCode::NXDomain)).await;
    let reference = Reference::Plain(answers("192.0.2.1").await);
    let config = Config { nowhere: Some(answers("192.0.2.1").await), ..config(own, reference) };
    let found = run(&config, &plain_env()).await;
    assert_eq!(of_name(&found), (None, None, Some(Cause::NameNotFound)));
    assert_eq!(found[2].caveats()[0].code, CaveatCode::DnsIntercepted);
}

/// TLS servers on one port of two loopback addresses, each with its certificate.
async fn two_homes(one: TlsAcceptor, other: TlsAcceptor) -> u16 {
    let second = IpAddr::from([127, 0, 0, 2]);
    let (first, second) = loop {
        let first = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        if let Ok(second) = TcpListener::bind((second, port)).await {
            break (first, second);
        }
    };
    let port = first.local_addr().unwrap().port();
    for (listener, acceptor) in [(first, one), (second, other)] {
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(mut open) = acceptor.accept(stream).await {
                        let _ = open.shutdown().await;
                    }
                });
            }
        });
    }
    port
}

#[tokio::test]
async fn another_address_is_altered_only_when_it_lacks_the_name_s_certificate() {
    let public = Authority::new("public");
    let filter = Authority::new("filter");
    let certificate = |authority: &Authority| authority.acceptor(NAME, Validity::Now);
    for (here, there, expected) in [
        // A content network: both hold the certificate.
        (certificate(&public), certificate(&public), (DnsComparison::OtherAddresses, None, None)),
        // A sinkhole with a public address.
        (
            certificate(&filter),
            certificate(&public),
            (DnsComparison::Altered, Some(DnsBlock::OtherAddress), Some(Cause::DnsAltered)),
        ),
        // A filter opens TLS on every way: nothing can be told.
        (certificate(&filter), certificate(&filter), (DnsComparison::OtherAddresses, None, None)),
    ] {
        let port = two_homes(there, here).await;
        let mut dial = dialing(&public, &[NAME, OTHER]);
        // Both stand for public addresses.
        dial.pinned_names.push((NAME.to_owned(), IpAddr::from([127, 0, 0, 2])));
        let (own, reference) = (answers("127.0.0.2").await, answers("127.0.0.1").await);
        let config = Config { tls_port: port, ..config(own, Reference::Plain(reference)) };
        let (compared, blocked, cause) = expected;
        assert_eq!(of_name(&run(&config, &env(dial)).await), (Some(compared), blocked, cause));
    }
}

/// What the encrypted references answer.
fn outside(asked: &Asked) -> Act {
    match (asked.name.as_str(), asked.kind) {
        (NAME | OTHER, RecordType::A) => Act::Records(vec![address("192.0.2.1")]),
        _ => Act::Records(Vec::new()),
    }
}

/// A resolver over TLS or HTTPS, on loopback.
async fn encrypted(acceptor: TlsAcceptor, https: bool) -> SocketAddr {
    support::tcp(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let log = Mutex::default();
            if !https {
                on_stream(stream, Options::default(), &log, &outside).await;
                return;
            }
            let head = support::read_head(&mut stream).await;
            let encoded = head.split(['=', ' ']).nth(2).expect("dns=");
            let question = URL_SAFE_NO_PAD.decode(encoded).expect("base64url");
            let body = reply(&question, true, Options::default(), &log, &outside).expect("an answer");
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

#[tokio::test]
async fn an_encrypted_reference_is_believed_only_under_a_public_certificate() {
    let public = Authority::new("public");
    for (authority, believed) in [(&public, true), (&Authority::new("filter"), false)] {
        for https in [false, true] {
            let port = encrypted(authority.acceptor("dns.exemple.fr", Validity::Now), https).await.port();
            let url = if https {
                format!("https://dns.exemple.fr:{port}/dns-query")
            } else {
                format!("tls://dns.exemple.fr:{port}")
            };
            let own = knows(|| Act::Code(ResponseCode::NXDomain)).await;
            let env = env(dialing(&public, &[NAME, OTHER, "dns.exemple.fr"]));
            let found = run(&config(own, url.parse().expect("a reference")), &env).await;
            let expected = believed.then_some(DnsComparison::BlockedHere);
            assert_eq!(of_name(&found).0, expected, "{url}: {:?}", found[2].outcome);
            assert_eq!(found[2].value().is_some(), believed, "{url}");
        }
    }
}
