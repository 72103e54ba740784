//! IPv4 and IPv6 apart, and the second attempt: real servers on both loopbacks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{self, Authority, LOOPBACK, Validity, dialing, endpoint, env, page};
use sonde_probes::dial::{DialConfig, Family};
use sonde_probes::endpoints::{Config, run};
use sonde_report::values::{EndpointState as State, EndpointValue, FamilyOutcome};
use sonde_report::{Cause, CaveatCode, Measurement, Stage};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

const SIX: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// The time allowed where one family is silent.
const LIMIT: Duration = Duration::from_secs(6);

async fn reach(config: DialConfig, url: String) -> Measurement<EndpointValue> {
    let config_of_survey = Config { endpoints: vec![endpoint("one", url)], timeout: LIMIT };
    run(&config_of_survey, &env(config)).await.endpoints.remove(0)
}

/// A name with both addresses.
fn dual(public: &Authority) -> DialConfig {
    let pinned_names = vec![("ent.test".to_owned(), SIX), ("ent.test".to_owned(), LOOPBACK)];
    DialConfig { pinned_names, ..dialing(public, &[]) }
}

/// Two listeners with one port, over IPv4 and IPv6; `None` (and a word) on a machine without IPv6.
async fn both() -> Option<(TcpListener, TcpListener)> {
    for _ in 0..20 {
        let four = TcpListener::bind((LOOPBACK, 0)).await.expect("a port");
        let port = four.local_addr().expect("an address").port();
        match TcpListener::bind((SIX, port)).await {
            Ok(six) => return Some((four, six)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => {
                println!("skipped: no IPv6 loopback ({error})");
                return None;
            }
        }
    }
    panic!("no port is free on both loopbacks");
}

/// A server that counts the requests it gets.
fn counting(listener: TcpListener, count: &Arc<AtomicUsize>) -> SocketAddr {
    let count = Arc::clone(count);
    support::serve_on(listener, move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let head = support::read_head(&mut stream).await;
            if head.starts_with("GET ") {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = page("200 OK", "", "x");
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await;
            }
        }
    })
}

fn of(value: &EndpointValue, family: u8) -> Option<&FamilyOutcome> {
    value.families.iter().find(|reach| reach.family == family).map(|reach| &reach.outcome)
}

fn failed_with(outcome: Option<&FamilyOutcome>) -> Option<(Stage, Cause)> {
    match outcome {
        Some(FamilyOutcome::Failed { failure }) => Some((failure.stage, failure.cause)),
        _ => None,
    }
}

fn is_broken(measurement: &Measurement<EndpointValue>) -> bool {
    measurement.caveats().iter().any(|caveat| caveat.code == CaveatCode::Ipv6Broken)
}

#[tokio::test]
async fn both_families_are_connected_to_and_one_request_is_sent() {
    let Some((four, six)) = both().await else { return };
    let requests = Arc::new(AtomicUsize::new(0));
    let port = counting(four, &requests).port();
    counting(six, &requests);
    let found = reach(dual(&Authority::new("public")), format!("http://ent.test:{port}/")).await;
    let value = found.value().expect("a value");
    assert_eq!(value.state, State::Reachable, "{value:?}");
    assert_eq!([of(value, 4), of(value, 6)], [Some(&FamilyOutcome::Connected); 2], "{value:?}");
    assert_eq!(requests.load(Ordering::SeqCst), 1, "one GET for each host and run");
    assert!(!is_broken(&found));
}

#[tokio::test]
async fn tls_is_part_of_what_each_family_must_do() {
    let Some((four, six)) = both().await else { return };
    let public = Authority::new("public");
    let acceptor = public.acceptor("ent.test", Validity::Now);
    let port = support::serve_on(four, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                support::answer(stream, &page("200 OK", "", "x")).await;
            }
        }
    })
    .port();
    // IPv6 accepts, and its packets with certificates get lost: a path MTU black hole.
    support::serve_on(six, |stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    });
    // The visit's own connection goes over IPv4: a first name that has only that one.
    let pinned_names = vec![("ent.test".to_owned(), LOOPBACK), ("ent.test".to_owned(), SIX)];
    let config = DialConfig { pinned_names, ..dialing(&public, &[]) };
    let found = reach(config, format!("https://ent.test:{port}/")).await;
    let value = found.value().expect("a value");
    assert_eq!(value.state, State::Reachable, "{value:?}");
    assert_eq!(failed_with(of(value, 6)), Some((Stage::Tls, Cause::Timeout)), "{value:?}");
    assert!(is_broken(&found));
}

#[tokio::test]
async fn broken_ipv6_beside_ipv4_is_a_caveat_and_the_service_is_reachable() {
    let Some((four, six)) = both().await else { return };
    let requests = Arc::new(AtomicUsize::new(0));
    let port = counting(four, &requests).port();
    drop(six);
    let found = reach(dual(&Authority::new("public")), format!("http://ent.test:{port}/")).await;
    let value = found.value().expect("a value");
    assert_eq!((value.state, of(value, 4)), (State::Reachable, Some(&FamilyOutcome::Connected)));
    assert_eq!(failed_with(of(value, 6)), Some((Stage::Tcp, Cause::ConnectionRefused)), "{value:?}");
    assert!(is_broken(&found));
}

/// Fills a listener's queue, so that it answers no further SYN; what is returned keeps it so.
async fn fill(listener: &TcpListener) -> Vec<TcpStream> {
    let address = listener.local_addr().expect("an address");
    let mut held = Vec::new();
    // Far more than any queue that was asked for below.
    for _ in 0..64 {
        match tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => held.push(stream),
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => return held,
        }
    }
    panic!("the queue does not fill");
}

#[tokio::test]
async fn silent_ipv6_delays_the_visit_by_its_head_start_and_no_more() {
    let Some((four, six)) = both().await else { return };
    let port = six.local_addr().expect("an address").port();
    drop(six);
    let socket = tokio::net::TcpSocket::new_v6().expect("a socket");
    socket.set_reuseaddr(true).expect("the option");
    socket.bind((SIX, port).into()).expect("the port again");
    let six = socket.listen(1).expect("a listener");
    let held = fill(&six).await;
    let requests = Arc::new(AtomicUsize::new(0));
    counting(four, &requests);
    let found = reach(dual(&Authority::new("public")), format!("http://ent.test:{port}/")).await;
    drop(held);
    let value = found.value().expect("a value");
    assert_eq!((value.state, of(value, 4)), (State::Reachable, Some(&FamilyOutcome::Connected)));
    assert_eq!(value.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(failed_with(of(value, 6)), Some((Stage::Tcp, Cause::Timeout)), "{value:?}");
    assert_eq!(value.first_attempt, None, "the visit's own attempt was taken");
    assert!(is_broken(&found) && Duration::from_micros(found.elapsed_us) < LIMIT);
}

#[tokio::test]
async fn a_family_without_address_or_route_is_information() {
    let four = TcpListener::bind((LOOPBACK, 0)).await.expect("a port");
    let requests = Arc::new(AtomicUsize::new(0));
    let port = counting(four, &requests).port();
    let public = Authority::new("public");
    let found = reach(dialing(&public, &["ent.test"]), format!("http://ent.test:{port}/")).await;
    let value = found.value().expect("a value");
    assert_eq!(of(value, 6), Some(&FamilyOutcome::NoAddress), "{value:?}");
    assert!(!is_broken(&found));
    // An address of the documentation's network (RFC 3849), through the loopback: there is no route that way, and no
    // packet may leave.
    if !cfg!(target_os = "linux") {
        println!("skipped: the loopback's name is known on Linux");
        return;
    }
    let nowhere: IpAddr = "2001:db8::1".parse().expect("an address");
    let pinned_names = vec![("ent.test".to_owned(), nowhere), ("ent.test".to_owned(), LOOPBACK)];
    let config = DialConfig { pinned_names, interface: Some("lo".to_owned()), ..dialing(&public, &[]) };
    let found = reach(config, format!("http://ent.test:{port}/")).await;
    let value = found.value().expect("a value");
    assert_eq!((value.state, of(value, 6)), (State::Reachable, Some(&FamilyOutcome::NoRoute)), "{value:?}");
    assert!(!is_broken(&found));
}

#[tokio::test]
async fn only_the_family_asked_for_is_tried_and_none_through_a_proxy() {
    let Some((four, six)) = both().await else { return };
    let requests = Arc::new(AtomicUsize::new(0));
    let port = counting(four, &requests).port();
    counting(six, &requests);
    let public = Authority::new("public");
    let url = format!("http://[::1]:{port}/");
    let found = reach(DialConfig { family: Family::V6, ..dialing(&public, &[]) }, url).await;
    let families: Vec<u8> =
        found.value().expect("a value").families.iter().map(|reach| reach.family).collect();
    assert_eq!(families, [6]);
    let proxy = support::proxy(None).await;
    let proxy = Some(format!("http://127.0.0.1:{}", proxy.port()).parse().expect("a proxy"));
    let server = support::https(public.acceptor("ent.test", Validity::Now), page("200 OK", "", "x")).await;
    let url = format!("https://ent.test:{}/", server.port());
    let found = reach(DialConfig { proxy, ..dialing(&public, &[]) }, url).await;
    let value = found.value().expect("a value");
    assert_eq!((value.state, value.families.as_slice()), (State::ReachableViaProxy, &[][..]));
}

#[tokio::test]
async fn a_lone_reset_is_tried_again_and_noted() {
    let public = Authority::new("public");
    let acceptor = public.acceptor("ent.test", Validity::Now);
    let seen = Arc::new(AtomicUsize::new(0));
    let server = support::tcp(move |mut stream| {
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        async move {
            if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                // Dropped with data unread: the kernel resets.
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
            if let Ok(stream) = acceptor.accept(stream).await {
                support::answer(stream, &page("200 OK", "", "x")).await;
            }
        }
    })
    .await;
    let found = reach(dialing(&public, &["ent.test"]), format!("https://ent.test:{}/", server.port())).await;
    let value = found.value().expect("a value");
    assert_eq!((value.state, &value.failure), (State::Reachable, &None), "{value:?}");
    let first = value.first_attempt.as_ref().map(|failure| (failure.stage, failure.cause));
    assert_eq!(first, Some((Stage::Tls, Cause::ConnectionReset)), "{value:?}");
}

#[tokio::test]
async fn what_fails_twice_has_failed_and_a_request_is_never_sent_twice() {
    let public = Authority::new("public");
    let closed = support::closed_port().await;
    let found = reach(dialing(&public, &["ent.test"]), format!("http://ent.test:{}/", closed.port())).await;
    let value = found.value().expect("a value");
    let why = |failure: &Option<sonde_report::Failure>| failure.as_ref().map(|f| (f.stage, f.cause));
    let refused = Some((Stage::Tcp, Cause::ConnectionRefused));
    assert_eq!((value.state, why(&value.failure)), (State::Unreachable, refused));
    assert_eq!(why(&value.first_attempt), refused, "both attempts stand in the report");
    assert_eq!(failed_with(of(value, 4)), refused);
    // A reset after the request: another GET would be one too many.
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let server = support::tcp(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            let _ = stream.read(&mut [0; 1]).await;
        }
    })
    .await;
    let found = reach(dialing(&public, &["ent.test"]), format!("http://ent.test:{}/", server.port())).await;
    let value = found.value().expect("a value");
    assert_eq!((value.first_attempt.as_ref(), seen.load(Ordering::SeqCst)), (None, 1), "{value:?}");
}
