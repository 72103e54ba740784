//! Service hosts and what stands in their place, each a real server on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{self, Authority, Validity, dialing, endpoint, env, page};
use sonde_probes::catalogue::Endpoint;
use sonde_probes::endpoints::{Config, Survey, run};
use sonde_probes::{Env, dial};
use sonde_report::values::{EndpointState as State, EndpointValue, FilterPlace};
use sonde_report::{Cause, CaveatCode, Stage};

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

#[tokio::test]
async fn block_pages_are_named_by_header_title_body_and_redirect() {
    let env = env(dialing(&Authority::new("public"), &["ent.test", "filtre.test"]));
    let no_server = support::closed_port().await.port();
    let olfeo = format!("Location: http://filtre.test:{no_server}/block/?SessionID=4242\r\n");
    let sophos = format!("Location: https://127.0.0.1:{no_server}/ips/block/webcat?cat=71\r\n");
    for (answer, name) in [
        (page("403 Forbidden", "X-Squid-Error: ERR_ACCESS_DENIED 0\r\n", ""), "Squid"),
        (page("200 OK", "Server: Olfeo/6\r\n", "<html>"), "Olfeo"),
        (page("302 Found", &olfeo, ""), "Olfeo"),
        (page("307 Temporary Redirect", &sophos, ""), "Sophos Firewall"),
        (page("200 OK", "", "<title>e2guardian - Acc&egrave;s interdit</title>"), "e2guardian"),
        (page("200 OK", "", "<TITLE>\n Site blocked via DNSBL</TITLE>"), "pfBlockerNG (pfSense)"),
        (page("200 OK", "X-Pi-hole: A black hole\r\n", ""), "Pi-hole"),
        (
            page("200 OK", "", "<p>This web page is blocked</b> because it violates network policy."),
            "Untangle",
        ),
    ] {
        let server = support::http(answer.clone()).await;
        let (value, _) = reach(&env, url("http", "ent.test", server)).await;
        assert_eq!(value.state, State::Blocked, "{answer}: {value:?}");
        let filter = value.filter.expect(name);
        assert_eq!((filter.name.as_str(), filter.place), (name, FilterPlace::Network), "{answer}");
    }
}

#[tokio::test]
async fn a_genuine_page_that_speaks_of_filters_is_reachable() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["ent.test", "doc.test"]));
    // Word for word what the filters write, in a page that the service itself vouches for.
    let words = "<title>e2guardian - Access Denied</title>Powered By FortiGuard, \
                 FortiGuard Intrusion Prevention - Access Blocked, ://notify.bluecoat.com";
    let headers = "Server: Olfeo\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n";
    let doc = support::https(public.acceptor("doc.test", Validity::Now), page("200 OK", "", "x")).await;
    let to = format!("Location: {}block/?SessionID=1\r\n", url("https", "doc.test", doc));
    for answer in [page("200 OK", headers, words), page("302 Found", &to, "")] {
        let server = support::https(public.acceptor("ent.test", Validity::Now), answer.clone()).await;
        let (value, _) = reach(&env, url("https", "ent.test", server)).await;
        assert_eq!((value.state, &value.filter), (State::Reachable, &None), "{answer}: {value:?}");
    }
    // Without TLS nobody vouches for a page: mentioning a product is still no mark.
    let words = "<title>Les filtres : Fortinet, Olfeo, Sophos, Squid</title>Notre pare-feu est un FortiGate, \
                 le proxy un Squid ; Access Denied, blocked, filtrage.";
    let server = support::http(page("200 OK", "Server: nginx\r\nVia: 1.1 squid\r\n", words)).await;
    let (value, _) = reach(&env, url("http", "ent.test", server)).await;
    assert_eq!((value.state, &value.filter), (State::Reachable, &None), "{value:?}");
    // A cache in front of the service fails: the service's own fault, not a proxy of the school.
    let answer = page("503 Service Unavailable", "X-Squid-Error: ERR_CONNECT_FAIL 111\r\n", "");
    let server = support::https(public.acceptor("ent.test", Validity::Now), answer).await;
    assert_eq!(reach(&env, url("https", "ent.test", server)).await.0.state, State::RemoteError);
}

#[tokio::test]
async fn what_decrypts_is_named_by_its_issuer_and_placed() {
    let public = Authority::new("public");
    for (issuer, named) in [
        ("Sophos SSL CA_C4005CM7MF2DV28", Some(("Sophos", FilterPlace::Network))),
        ("Kaspersky Anti-Virus Personal Root Certificate", Some(("Kaspersky", FilterPlace::Machine))),
        ("Autorité de la commune", None),
    ] {
        let filter = Authority::new(issuer);
        for trusted in [false, true] {
            let roots = if trusted { vec![filter.root()] } else { Vec::new() };
            let env = env(dial::DialConfig { extra_roots: roots, ..dialing(&public, &["ent.test"]) });
            let server =
                support::https(filter.acceptor("ent.test", Validity::Now), page("200 OK", "", "x")).await;
            let (value, _) = reach(&env, url("https", "ent.test", server)).await;
            assert_eq!(value.state, State::Intercepted, "{value:?}");
            let found = value.filter.as_ref().map(|filter| (filter.name.as_str(), filter.place));
            assert_eq!(found, named, "{issuer}, trusted: {trusted}");
        }
    }
}

#[tokio::test]
async fn a_password_is_asked_before_a_filter_is_named() {
    let env = env(dialing(&Authority::new("public"), &["ent.test"]));
    let answer = page("407 Proxy Authentication Required", "Server: Olfeo\r\n", "");
    let server = support::http(answer).await;
    let (value, _) = reach(&env, url("http", "ent.test", server)).await;
    assert_eq!(value.state, State::ProxyAuthRequired);
}

#[tokio::test]
async fn every_form_of_url_is_reached_or_refused_with_its_problem() {
    let public = Authority::new("public");
    let ascii = "xn--cole-9oa.test";
    let env = env(dialing(&public, &["ent.test", ascii]));
    let over_tls = support::https(public.acceptor(ascii, Validity::Now), page("200 OK", "", "x")).await;
    let plain = support::http(page("200 OK", "", "x")).await;
    for url in [
        format!("https://école.test:{}/accueil", over_tls.port()),
        format!("http://ent.test:{}", plain.port()),
        format!("tcp://ent.test:{}", plain.port()),
        format!("http://127.0.0.1:{}/?q=é", plain.port()),
    ] {
        let (value, _) = reach(&env, url.clone()).await;
        assert_eq!(value.state, State::Reachable, "{url}: {value:?}");
    }
    if let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await {
        let six = support::serve_on(listener, |stream| async move {
            support::answer(stream, &page("200 OK", "", "x")).await;
        });
        let (value, _) = reach(&env, format!("http://[::1]:{}/", six.port())).await;
        assert_eq!((value.state, value.address.as_deref()), (State::Reachable, Some("::1")), "{value:?}");
    }
    for bad in
        ["ent.test", "ftp://ent.test/", "https://ent.test:99999/", "tcp://ent.test", "https://\u{ad}/", ""]
    {
        let (value, _) = reach(&env, bad.to_owned()).await;
        assert_eq!(cause(&value), (State::Unreachable, Some((Stage::Http, Cause::ProtocolError))), "{bad}");
        let detail = value.failure.and_then(|failure| failure.detail).unwrap_or_default();
        assert!(detail.contains("no usable URL"), "{bad}: {detail}");
    }
}
