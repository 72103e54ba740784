//! Service hosts and what stands in their place, each a real server on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use sonde_probes::catalogue::Endpoint;
use sonde_probes::endpoints::{Config, Survey, run};
use sonde_probes::{Env, dial};
use sonde_report::values::{EndpointState as State, EndpointValue};
use sonde_report::{Cause, CaveatCode, Stage};
use support::{Authority, Validity, dialing, endpoint, env, page};

/// Long enough for a busy machine; only the black holes wait for it.
const LIMIT: Duration = Duration::from_secs(20);

async fn survey(env: &Env, endpoints: Vec<Endpoint>, timeout: Duration) -> Survey {
    run(&Config { endpoints, timeout }, env).await
}

fn url(scheme: &str, name: &str, address: SocketAddr) -> String {
    format!("{scheme}://{name}:{}/", address.port())
}

async fn reach(env: &Env, url: String) -> (EndpointValue, Vec<CaveatCode>) {
    let found = survey(env, vec![endpoint("one", url)], LIMIT).await;
    let caveats = found.endpoints[0].caveats().iter().map(|caveat| caveat.code).collect();
    (found.endpoints[0].value().expect("a value").clone(), caveats)
}

fn cause(value: &EndpointValue) -> (State, Option<(Stage, Cause)>) {
    (value.state, value.failure.as_ref().map(|failure| (failure.stage, failure.cause)))
}

#[tokio::test]
async fn a_genuine_host_is_reachable_whatever_it_answers_below_500() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["gar.test"]));
    for (status, state) in
        [("200 OK", State::Reachable), ("404 Not Found", State::Reachable), ("500 Oops", State::RemoteError)]
    {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        let server =
            support::https(public.acceptor("gar.test", Validity::Now), page(status, date, "x")).await;
        let found = survey(&env, vec![endpoint("gar", url("https", "gar.test", server))], LIMIT).await;
        let value = found.endpoints[0].value().expect("a value");
        assert_eq!(value.state, state, "{value:?}");
        assert!(
            value.phases.tcp_us.is_some() && value.phases.tls_us.is_some() && value.phases.ttfb_us.is_some()
        );
        assert!(value.tls.as_ref().is_some_and(|tls| tls.public_root));
        assert!(
            found.clock_offset_ms.is_some_and(|offset| offset > 1_000_000_000),
            "the server's year is 1994"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_the_hosts_public_one_is_told_apart() {
    let (public, other) = (Authority::new("public"), Authority::new("Filtre"));
    let env = env(dialing(&public, &["ent.test"]));
    let intercepted = State::Intercepted;
    let cases = [
        (public.acceptor("ent.test", Validity::Expired), State::RemoteError, Cause::CertificateExpired),
        (public.acceptor("ent.test", Validity::NotYet), State::RemoteError, Cause::CertificateNotYetValid),
        (public.acceptor("autre.test", Validity::Now), intercepted, Cause::CertificateNameMismatch),
        (other.acceptor("ent.test", Validity::Now), intercepted, Cause::UnknownIssuer),
    ];
    for (acceptor, state, why) in cases {
        let server = support::https(acceptor, page("200 OK", "", "x")).await;
        let (value, _) = reach(&env, url("https", "ent.test", server)).await;
        assert_eq!(cause(&value), (state, Some((Stage::Tls, why))), "{value:?}");
    }
    let server = support::https(support::self_signed("ent.test"), page("200 OK", "", "x")).await;
    let (value, _) = reach(&env, url("https", "ent.test", server)).await;
    assert_eq!(value.state, intercepted, "{value:?}");
}

#[tokio::test]
async fn a_trusted_interception_goes_on_and_is_marked() {
    let (public, filter) = (Authority::new("public"), Authority::new("Filtre"));
    let env = env(dial::DialConfig { extra_roots: vec![filter.root()], ..dialing(&public, &["ent.test"]) });
    let server = support::https(filter.acceptor("ent.test", Validity::Now), page("200 OK", "", "x")).await;
    let (value, caveats) = reach(&env, url("https", "ent.test", server)).await;
    assert_eq!((value.state, value.http_status), (State::Intercepted, Some(200)));
    assert!(caveats.contains(&CaveatCode::TlsIntercepted));
    assert!(value.tls.and_then(|tls| tls.issuer).is_some_and(|issuer| issuer.contains("Filtre")));
}

#[tokio::test]
async fn a_decrypting_filters_block_page_is_blocked_and_named() {
    let (public, filter) = (Authority::new("public"), Authority::new("Filtre"));
    let env = env(dial::DialConfig { extra_roots: vec![filter.root()], ..dialing(&public, &["ent.test"]) });
    for (answer, name) in [
        (page("403 Forbidden", "X-Squid-Error: ERR_ACCESS_DENIED 0\r\n", "non"), "Squid"),
        (page("200 OK", "", "<h1>FortiGuard Intrusion Prevention - Access Blocked</h1>"), "FortiGuard"),
    ] {
        let server = support::https(filter.acceptor("ent.test", Validity::Now), answer).await;
        let (value, _) = reach(&env, url("https", "ent.test", server)).await;
        assert_eq!(value.state, State::Blocked);
        assert!(
            value.failure.and_then(|failure| failure.detail).is_some_and(|detail| detail.starts_with(name))
        );
    }
}

#[tokio::test]
async fn an_identity_providers_redirect_to_another_site_is_reachable() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["gar.test", "educonnect.other"]));
    let far =
        support::https(public.acceptor("educonnect.other", Validity::Now), page("200 OK", "", "x")).await;
    let to = format!("Location: {}login?session=secret\r\n", url("https", "educonnect.other", far));
    let near = support::https(public.acceptor("gar.test", Validity::Now), page("302 Found", &to, "")).await;
    let (value, _) = reach(&env, url("https", "gar.test", near)).await;
    assert_eq!((value.state, value.http_status), (State::Reachable, Some(200)), "{value:?}");
    assert_eq!(value.redirects, [format!("{}login", url("https", "educonnect.other", far))]);
}

#[tokio::test]
async fn a_redirect_loop_over_a_public_chain_is_reachable_with_a_note() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["gar.test"]));
    let answer = page("302 Found", "Location: /\r\n", "");
    let server = support::https(public.acceptor("gar.test", Validity::Now), answer).await;
    let (value, _) = reach(&env, url("https", "gar.test", server)).await;
    assert_eq!(cause(&value), (State::Reachable, Some((Stage::Http, Cause::ProtocolError))));
}

#[tokio::test]
async fn plain_http_where_tls_is_due_is_blocked() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["ent.test"]));
    let answer = page("302 Found", "Location: http://filtre.mairie.test/non\r\n", "");
    let server = support::plain_at_once(answer).await;
    let (value, _) = reach(&env, url("https", "ent.test", server)).await;
    assert_eq!(cause(&value), (State::Blocked, Some((Stage::Tls, Cause::UnexpectedContent))), "{value:?}");
    assert_eq!(value.redirects, ["http://filtre.mairie.test/non"]);
}

#[tokio::test]
async fn what_breaks_below_http_is_unreachable_with_its_stage() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["ent.test"]));
    let refused = reach(&env, url("https", "ent.test", support::closed_port().await)).await.0;
    assert_eq!(cause(&refused), (State::Unreachable, Some((Stage::Tcp, Cause::ConnectionRefused))));
    let reset = reach(&env, url("https", "ent.test", support::reset().await)).await.0;
    assert_eq!(reset.state, State::Unreachable, "{reset:?}");
    assert_eq!(reset.failure.map(|failure| failure.stage), Some(Stage::Tls));
}

#[tokio::test]
async fn what_breaks_after_a_public_chain_is_the_services_fault() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["ent.test"]));
    let garbage = support::https(public.acceptor("ent.test", Validity::Now), "SSH-2.0-x\r\n\r\n").await;
    assert_eq!(reach(&env, url("https", "ent.test", garbage)).await.0.state, State::RemoteError);
    let truncated = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort";
    let truncated = support::https(public.acceptor("ent.test", Validity::Now), truncated).await;
    let value = reach(&env, url("https", "ent.test", truncated)).await.0;
    assert_eq!((value.state, value.http_status), (State::Reachable, Some(200)));
    assert_eq!(value.failure.map(|failure| failure.stage), Some(Stage::Content));
}

#[tokio::test]
async fn through_a_proxy_the_password_makes_the_difference() {
    let public = Authority::new("public");
    let server = support::https(public.acceptor("ent.test", Validity::Now), page("200 OK", "", "x")).await;
    let proxy = support::proxy(Some("Basic amVhbjpzZWNyZXQ=")).await;
    let with = |user: &str| dial::DialConfig {
        proxy: Some(format!("http://{user}127.0.0.1:{}", proxy.port()).parse().expect("a proxy")),
        ..dialing(&public, &[])
    };
    let (value, caveats) = reach(&env(with("jean:secret@")), url("https", "ent.test", server)).await;
    assert_eq!(value.state, State::ReachableViaProxy, "{value:?}");
    assert!(value.phases.proxy_us.is_some() && caveats.contains(&CaveatCode::ThroughProxy));
    let (value, _) = reach(&env(with("")), url("https", "ent.test", server)).await;
    assert_eq!(cause(&value), (State::ProxyAuthRequired, Some((Stage::Proxy, Cause::ProxyAuthRequired))));
    // The proxy cannot connect: 503 to CONNECT.
    let closed = support::closed_port().await;
    let (value, _) = reach(&env(with("jean:secret@")), url("https", "ent.test", closed)).await;
    assert_eq!(cause(&value), (State::Unreachable, Some((Stage::Proxy, Cause::ProxyRefused))));
}

#[tokio::test]
async fn when_every_host_is_answered_by_one_other_it_is_a_captive_portal() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["a.test", "b.example", "portail.box"]));
    let portal = support::http(page("200 OK", "", "<html>Bienvenue")).await;
    let to = format!("Location: {}\r\n", url("http", "portail.box", portal));
    let server = support::http(page("302 Found", &to, "")).await;
    let hosts = ["a.test", "b.example"].map(|name| endpoint(name, url("http", name, server)));
    let found = survey(&env, hosts.to_vec(), LIMIT).await;
    for one in &found.endpoints {
        assert_eq!(one.value().expect("a value").state, State::CaptivePortal);
    }
}

#[tokio::test]
async fn tcp_targets_are_connected_to_and_nothing_more() {
    let env = env(dialing(&Authority::new("public"), &["push.test"]));
    let open = url("tcp", "push.test", support::black_hole().await);
    let (value, _) = reach(&env, open.trim_end_matches('/').to_owned()).await;
    assert_eq!((value.state, value.http_status), (State::Reachable, None));
}

#[tokio::test]
async fn a_black_hole_delays_no_other_of_twenty() {
    let limit = Duration::from_secs(8);
    let public = Authority::new("public");
    let env = env(dialing(&public, &["ent.test"]));
    let server = support::https(public.acceptor("ent.test", Validity::Now), page("200 OK", "", "x")).await;
    let hole = support::black_hole().await;
    let hosts = (0..20)
        .map(|index| {
            endpoint(&index.to_string(), url("https", "ent.test", if index == 7 { hole } else { server }))
        })
        .collect();
    let start = std::time::Instant::now();
    let found = survey(&env, hosts, limit).await;
    assert!(start.elapsed() < limit * 3 / 2, "{:?}", start.elapsed());
    for (index, one) in found.endpoints.iter().enumerate() {
        let value = one.value().expect("a value");
        assert_eq!(value.id, index.to_string(), "the order is kept");
        if index == 7 {
            assert_eq!(cause(value), (State::Unreachable, Some((Stage::Tls, Cause::Timeout))));
        } else {
            assert_eq!(value.state, State::Reachable, "{value:?}");
            assert!(one.elapsed_us < found.endpoints[7].elapsed_us);
        }
    }
}
