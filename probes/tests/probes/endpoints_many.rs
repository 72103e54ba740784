//! Fifty hosts side by side, whatever some of them do: none delays the others, and all are done in time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::{self, Authority, Validity, dialing, endpoint, env, page};
use sonde_probes::endpoints::{Config, run};
use sonde_report::values::{EndpointState as State, EndpointValue};
use sonde_report::{Cause, Stage};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

/// The time the plan allows each service.
const LIMIT: Duration = Duration::from_secs(6);

/// A server over TLS that goes on as `then` says once a request has come.
async fn https_then<F, R>(acceptor: &TlsAcceptor, then: F) -> SocketAddr
where
    F: Fn(tokio_rustls::server::TlsStream<tokio::net::TcpStream>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let acceptor = acceptor.clone();
    support::tcp(move |stream| {
        let (acceptor, then) = (acceptor.clone(), then.clone());
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                support::read_head(&mut stream).await;
                then(stream).await;
            }
        }
    })
    .await
}

/// Sends `piece` for ever, ten times a second.
async fn drip<S: tokio::io::AsyncWrite + Unpin>(mut stream: S, head: &str, piece: &str) {
    let _ = stream.write_all(head.as_bytes()).await;
    while stream.write_all(piece.as_bytes()).await.is_ok() {
        let _ = stream.flush().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The hosts that misbehave, each with what must be said of it.
async fn bad_hosts(tls: &TlsAcceptor) -> Vec<(&'static str, SocketAddr, State, Option<(Stage, Cause)>)> {
    let filler = format!("X-Filler: {}\r\n", "x".repeat(1000));
    let headers = filler.repeat(64);
    let endless = https_then(tls, |mut stream| async move {
        // Each answer leads to a path that was not seen before.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
        let to = format!("Location: /{}\r\n", now.as_nanos());
        let _ = stream.write_all(page("302 Found", &to, "").as_bytes()).await;
        let _ = stream.shutdown().await;
    })
    .await;
    let body =
        https_then(tls, |stream| drip(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", "x"))
            .await;
    let head = https_then(tls, |stream| drip(stream, "HTTP/1.1 200 OK\r\nX-Drip: ", "x")).await;
    let silent = https_then(tls, |stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    vec![
        ("silent TLS", support::black_hole().await, State::Unreachable, Some((Stage::Tls, Cause::Timeout))),
        ("silent HTTP", silent, State::RemoteError, Some((Stage::Http, Cause::Timeout))),
        ("dripping body", body, State::Reachable, Some((Stage::Content, Cause::Timeout))),
        ("dripping head", head, State::RemoteError, Some((Stage::Http, Cause::Timeout))),
        ("endless redirects", endless, State::Reachable, Some((Stage::Http, Cause::ProtocolError))),
        (
            "64 kB of headers",
            support::https(tls.clone(), page("200 OK", &headers, "x")).await,
            State::Reachable,
            None,
        ),
        (
            "closed port",
            support::closed_port().await,
            State::Unreachable,
            Some((Stage::Tcp, Cause::ConnectionRefused)),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_hosts_take_as_long_as_the_slowest_whatever_they_do() {
    let public = Authority::new("public");
    let tls = public.acceptor("ent.test", Validity::Now);
    let env = env(dialing(&public, &["ent.test"]));
    let good = support::https(tls.clone(), page("200 OK", "", "x")).await;
    let bad = bad_hosts(&tls).await;
    let url = |address: SocketAddr| format!("https://ent.test:{}/", address.port());
    let mut endpoints: Vec<_> = bad.iter().map(|(name, address, ..)| endpoint(name, url(*address))).collect();
    // Several black holes: not even a handful holds up a good one.
    endpoints.extend((0..10).map(|n| endpoint(&format!("hole {n}"), url(bad[0].1))));
    endpoints.extend((endpoints.len()..50).map(|n| endpoint(&format!("good {n}"), url(good))));
    assert_eq!(endpoints.len(), 50);
    let start = Instant::now();
    let found = run(&Config { endpoints, timeout: LIMIT }, &env).await;
    let total = start.elapsed();

    let elapsed = |id: &str| {
        let of =
            |one: &&sonde_report::Measurement<EndpointValue>| one.value().is_some_and(|value| value.id == id);
        Duration::from_micros(found.endpoints.iter().find(of).expect(id).elapsed_us)
    };
    let slowest =
        found.endpoints.iter().map(|one| Duration::from_micros(one.elapsed_us)).max().expect("50 hosts");
    println!("total {total:?}, slowest {slowest:?}");
    // Side by side: the whole is the slowest, not a sum; and the slowest ends with its time.
    assert!(total.as_secs_f64() < slowest.as_secs_f64() * 1.05, "{total:?} {slowest:?}");
    assert!(slowest.as_secs_f64() < LIMIT.as_secs_f64() * 1.1, "{slowest:?}");
    for (name, _, state, why) in &bad {
        let value = found.endpoints.iter().filter_map(|one| one.value()).find(|value| value.id == *name);
        let value = value.expect(name);
        let seen = value.failure.as_ref().map(|failure| (failure.stage, failure.cause));
        assert_eq!((value.state, seen), (*state, *why), "{name}: {value:?}");
    }
    let good: Vec<_> = found
        .endpoints
        .iter()
        .filter_map(|one| one.value())
        .filter(|value| value.id.starts_with("good"))
        .collect();
    assert_eq!(good.len(), 33);
    for value in good {
        assert_eq!((value.state, &value.failure), (State::Reachable, &None), "{value:?}");
        assert!(elapsed(&value.id) < slowest / 2, "{}: {:?}", value.id, elapsed(&value.id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_black_holes_are_as_quick_as_one() {
    let public = Authority::new("public");
    let env = env(dialing(&public, &["ent.test"]));
    let hole = format!("https://ent.test:{}/", support::black_hole().await.port());
    let limit = Duration::from_secs(2);
    let time = async |count: usize| {
        let endpoints = (0..count).map(|n| endpoint(&n.to_string(), hole.clone())).collect();
        let start = Instant::now();
        let found = run(&Config { endpoints, timeout: limit }, &env).await;
        assert!(found.endpoints.iter().all(|one| one.value().is_some_and(|v| v.state == State::Unreachable)));
        start.elapsed()
    };
    let (one, fifty) = (time(1).await, time(50).await);
    assert!(fifty.as_secs_f64() < one.as_secs_f64() * 1.25, "one {one:?}, fifty {fifty:?}");
}
