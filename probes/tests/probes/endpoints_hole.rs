//! What is a black hole of path MTU discovery and what is not: real TLS servers on the loopback that let a connection through or
//! hang by the segments its SYN asked for, as a narrow link does with what is too large. A real narrow link: the worlds
//! (tests/worlds, 130 and on).
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{self, Authority, Validity, dialing, endpoint, env, page, read_head};
use sonde_probes::endpoints::{Config, run};
use sonde_report::values::{EndpointState as State, EndpointValue};
use sonde_report::{Cause, Stage};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// What the built-in plan allows a service.
const LIMIT: Duration = Duration::from_secs(6);

/// Segments that a link of 1280 bytes lets through.
const FITS: u32 = 1240;

/// How far a connection is let.
#[derive(Clone, Copy)]
enum Let {
    /// It hangs as soon as it is accepted.
    Nowhere,
    /// The handshake passes, the request is swallowed.
    ToTheRequest,
    Through,
}

/// Reaches a server that lets each connection, by its number and its segments' size, so far; how many requests came is
/// told beside.
async fn reach(decide: impl Fn(usize, u32) -> Let + Copy + Send + Sync + 'static) -> (EndpointValue, usize) {
    let public = Authority::new("public");
    // As large as certificates are on the web: no handshake fits into one small segment.
    let more = (0..60).map(|number| format!("site-{number}.ailleurs.test"));
    let names = std::iter::once("ent.test".to_owned()).chain(more).collect();
    let acceptor = public.acceptor_for(names, Validity::Now);
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&requests);
    let address = support::tcp(move |stream: TcpStream| {
        let (acceptor, requests) = (acceptor.clone(), Arc::clone(&count));
        let number = connections.fetch_add(1, Ordering::SeqCst);
        let far = decide(number, socket2::SockRef::from(&stream).tcp_mss().unwrap());
        async move {
            if matches!(far, Let::Nowhere) {
                let _open = stream;
                return std::future::pending().await;
            }
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if read_head(&mut stream).await.starts_with("GET ") {
                requests.fetch_add(1, Ordering::SeqCst);
                if matches!(far, Let::ToTheRequest) {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(page("200 OK", "", "x").as_bytes()).await;
            }
        }
    })
    .await;
    let url = format!("https://ent.test:{}/", address.port());
    let config = Config { endpoints: vec![endpoint("one", url)], timeout: LIMIT };
    let found = run(&config, &env(dialing(&public, &["ent.test"]))).await.endpoints.remove(0);
    assert!(found.elapsed_us < 6_500_000, "{found:?}");
    (found.value().expect("a value").clone(), requests.load(Ordering::SeqCst))
}

fn why(value: &EndpointValue) -> (State, Option<(Stage, Cause)>) {
    (value.state, value.failure.as_ref().map(|failure| (failure.stage, failure.cause)))
}

#[tokio::test]
async fn where_only_clamped_connections_get_through_it_is_a_hole() {
    let (value, requests) = reach(|_, mss| if mss <= FITS { Let::Through } else { Let::Nowhere }).await;
    assert_eq!(why(&value), (State::Unreachable, Some((Stage::Tls, Cause::MtuBlackHole))), "{value:?}");
    assert_eq!(requests, 0, "handshakes are enough");
}

#[tokio::test]
async fn a_server_that_hangs_whatever_the_size_is_no_hole() {
    let (value, _) = reach(|_, _| Let::Nowhere).await;
    assert_eq!(why(&value), (State::Unreachable, Some((Stage::Tls, Cause::Timeout))), "{value:?}");
}

#[tokio::test]
async fn a_server_that_hangs_once_is_no_hole() {
    let (value, _) = reach(|number, _| if number == 0 { Let::Nowhere } else { Let::Through }).await;
    assert_eq!(why(&value), (State::Unreachable, Some((Stage::Tls, Cause::Timeout))), "{value:?}");
}

#[tokio::test]
async fn one_clamped_connection_that_hangs_too_is_no_hole() {
    let (value, _) = reach(|number, _| if number == 1 { Let::Through } else { Let::Nowhere }).await;
    assert_eq!(why(&value), (State::Unreachable, Some((Stage::Tls, Cause::Timeout))), "{value:?}");
}

/// The handshake came in segments larger than the clamped ones: the request may be asked once, and is.
#[tokio::test]
async fn a_service_that_thinks_too_long_is_not_asked_twice() {
    let (value, requests) = reach(|_, _| Let::ToTheRequest).await;
    assert_eq!(why(&value), (State::RemoteError, Some((Stage::Http, Cause::Timeout))), "{value:?}");
    assert_eq!(requests, 1);
}
