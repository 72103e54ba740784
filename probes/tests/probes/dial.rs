//! The dialler against real servers: each stage names its own failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{self, Authority, Validity, dialing, env, page};
use sonde_probes::dial::{DialConfig, DialError, Exchange, Target};
use sonde_report::{Cause, Stage};

fn target(scheme: &str, address: SocketAddr) -> Target {
    format!("{scheme}://ent.test:{}/", address.port()).parse().expect("a target")
}

async fn get(config: DialConfig, target: &Target) -> Result<Exchange, DialError> {
    env(config).dialer.get(target, 8).await
}

fn why(outcome: Result<Exchange, DialError>) -> (Stage, Cause) {
    let failure = outcome.expect_err("a failure").failure;
    (failure.stage, failure.cause)
}

#[tokio::test]
async fn a_good_exchange_times_every_phase_and_cuts_the_body() {
    let public = Authority::new("public");
    let server =
        support::https(public.acceptor("ent.test", Validity::Now), page("200 OK", "", "0123456789")).await;
    let got = get(dialing(&public, &["ent.test"]), &target("https", server)).await.expect("an answer");
    assert_eq!((got.status, got.body.as_ref(), got.cut), (200, &b"01234567"[..], true));
    let phases = got.phases;
    assert!(phases.dns_us.is_some() && phases.tcp_us.is_some() && phases.tls_us.is_some());
    assert!(phases.ttfb_us.is_some() && phases.proxy_us.is_none());
    assert!(got.tls.is_some_and(|tls| tls.public_root));
}

#[tokio::test]
async fn the_local_roots_let_a_run_go_on_and_are_not_public() {
    let (public, filter) = (Authority::new("public"), Authority::new("Filtre"));
    let server = support::https(filter.acceptor("ent.test", Validity::Now), page("200 OK", "", "x")).await;
    let refused = get(dialing(&public, &["ent.test"]), &target("https", server)).await;
    assert_eq!(why(refused), (Stage::Tls, Cause::UnknownIssuer));
    let trusting = DialConfig { extra_roots: vec![filter.root()], ..dialing(&public, &["ent.test"]) };
    let got = get(trusting, &target("https", server)).await.expect("an answer");
    assert!(got.tls.is_some_and(|tls| !tls.public_root));
}

#[tokio::test]
async fn the_set_of_roots_that_knows_the_chain_says_what_is_wrong() {
    let (public, filter) = (Authority::new("public"), Authority::new("Filtre"));
    for (issuer, validity, name, cause) in [
        (&public, Validity::Now, "autre.test", Cause::CertificateNameMismatch),
        (&public, Validity::Expired, "ent.test", Cause::CertificateExpired),
        (&filter, Validity::NotYet, "ent.test", Cause::CertificateNotYetValid),
        (&filter, Validity::Now, "autre.test", Cause::CertificateNameMismatch),
    ] {
        let server = support::https(issuer.acceptor(name, validity), page("200 OK", "", "x")).await;
        let config = DialConfig { extra_roots: vec![filter.root()], ..dialing(&public, &["ent.test"]) };
        assert_eq!(why(get(config, &target("https", server)).await), (Stage::Tls, cause));
    }
}

#[tokio::test]
async fn each_stage_names_its_failure() {
    let public = Authority::new("public");
    let config = || dialing(&public, &["ent.test"]);
    let closed = get(config(), &target("http", support::closed_port().await)).await;
    assert_eq!(why(closed), (Stage::Tcp, Cause::ConnectionRefused));
    let reset = get(config(), &target("http", support::reset().await)).await;
    assert_eq!(why(reset), (Stage::Http, Cause::ConnectionReset));
    let garbage = get(config(), &target("http", support::http("SSH-2.0-x\r\n\r\n").await)).await;
    assert_eq!(why(garbage), (Stage::Http, Cause::ProtocolError));
    let truncated = support::http("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").await;
    assert_eq!(why(get(config(), &target("http", truncated)).await).0, Stage::Content);
    let plain = get(config(), &target("https", support::plain_at_once(page("400 No", "", "")).await)).await;
    assert_eq!(why(plain), (Stage::Tls, Cause::TlsHandshake));
}

#[tokio::test]
async fn silence_ends_with_the_stage_that_waited() {
    let public = Authority::new("public");
    let short = Duration::from_millis(300);
    let config =
        || DialConfig { connect_timeout: short, answer_timeout: short, ..dialing(&public, &["ent.test"]) };
    let hole = support::black_hole().await;
    assert_eq!(why(get(config(), &target("http", hole)).await), (Stage::Http, Cause::Timeout));
    assert_eq!(why(get(config(), &target("https", hole)).await), (Stage::Tls, Cause::Timeout));
    let proxy = Some(format!("127.0.0.1:{}", hole.port()).parse().expect("a proxy"));
    let through = get(DialConfig { proxy, ..config() }, &target("https", hole)).await;
    assert_eq!(why(through), (Stage::Proxy, Cause::Timeout));
}
