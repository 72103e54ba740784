//! From an accepted connection to its end: the cap, TLS, HTTP/1.1 (HTTP/2 is in `http2`), and ndt7 once HTTP/1.1 has
//! stepped aside.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::http2;
use super::ndt7::{self, Agreed, Line};
use super::nq::Scheme;
use super::payload::Pool;
use super::routes::{self, Answer, Route};
use super::stream::{Limited, Lines};
use super::tls;

/// The head of a request, from its first moment or from the end of the one before (slow senders hold a place).
pub(super) const HEAD_ALLOWED: Duration = Duration::from_secs(10);
/// A TLS handshake.
const TLS_ALLOWED: Duration = Duration::from_secs(10);
/// A connection, whatever it does.
const CONNECTION_ALLOWED: Duration = Duration::from_secs(300);
/// A connection that gets nothing but a 503.
const REFUSAL_ALLOWED: Duration = Duration::from_secs(5);
/// So many refusals are said politely at a time; beyond, connections are just closed.
const REFUSALS: usize = 64;
/// After an error of `accept` (no file descriptor left, mostly): trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What HTTP may hold of one connection: hyper's default of 400 KiB, less, for there may be many.
const HTTP_BUFFER: usize = 128 * 1024;

/// What all connections of a mire share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pool: Arc<Pool>,
    pub(super) lines: Option<Lines>,
    pub(super) max_connections: usize,
    pub(super) connections: AtomicUsize,
}

/// A place among the connections, given back when dropped.
#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
    /// Whether it is one beyond the cap.
    refused: bool,
}

impl Place {
    /// Takes a place; `None` when not even a refusal has room.
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let before = shared.connections.fetch_add(1, Ordering::Relaxed);
        let place = Self { shared: Arc::clone(shared), refused: before >= shared.max_connections };
        (before < shared.max_connections.saturating_add(REFUSALS)).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Accepts for ever. Dropping the future ends the connections, too.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // What has ended is cleared away on the way.
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, client)) => {
                if let Some(place) = Place::take(&shared) {
                    connections.spawn(serve(stream, client, tls.clone(), place));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the mire cannot accept");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Who is at the other end, and what answering them needs.
#[derive(Debug, Clone)]
pub(super) struct Client {
    shared: Arc<Shared>,
    line: Line,
    scheme: Scheme,
    /// Whether it is one beyond the cap.
    refused: bool,
}

impl Client {
    /// Answers a request that is no WebSocket.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        if self.refused {
            return routes::busy();
        }
        routes::answer(request, self.line.client.ip(), self.scheme, &self.shared.pool).await
    }

    /// Answers a request of HTTP/1.1; says which ndt7 test begins with it, if one does.
    async fn answer_or_upgrade(&self, mut request: Request<Incoming>) -> (Answer, Option<Agreed>) {
        let route = Route::of(request.uri().path(), request.uri().query());
        if let (Route::Ndt7(test), false) = (route, self.refused) {
            match ndt7::handshake(&request) {
                Some(Ok(answer)) => {
                    let received_before = self.line.counters.received();
                    let on_upgrade = hyper::upgrade::on(&mut request);
                    return (answer, Some(Agreed { test, on_upgrade, received_before }));
                }
                Some(Err(answer)) => return (answer, None),
                None => {}
            }
        }
        (self.answer(request).await, None)
    }
}

/// One connection. How it ends is nobody's business: clients come and go.
async fn serve(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, place: Place) {
    let Ok(server) = stream.local_addr() else { return };
    // Small answers (pings) must not wait for an acknowledgement (RFC 896).
    let _ = stream.set_nodelay(true);
    // A refusal is not worth waiting in the line for.
    let lines = place.shared.lines.as_ref().filter(|_| !place.refused);
    let stream = Limited::new(stream, lines);
    let client = Client {
        shared: Arc::clone(&place.shared),
        line: Line { client: peer, server, counters: stream.counters() },
        scheme: if tls.is_some() { Scheme::Https } else { Scheme::Http },
        refused: place.refused,
    };
    let allowed = if place.refused { REFUSAL_ALLOWED } else { CONNECTION_ALLOWED };
    let whole = async {
        match tls {
            None => http1(stream, client).await,
            Some(acceptor) => match timeout(TLS_ALLOWED, acceptor.accept(stream)).await {
                Ok(Ok(stream)) if tls::agreed_on_http2(&stream) => http2::serve(stream, client).await,
                Ok(Ok(stream)) => http1(stream, client).await,
                _ => {}
            },
        }
    };
    let _ = timeout(allowed, whole).await;
}

/// HTTP/1.1, then ndt7 when a request asked for it.
async fn http1<S>(stream: S, client: Client)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let upgrade: Mutex<Option<Agreed>> = Mutex::new(None);
    let service = service_fn(|request| async {
        let (answer, asked) = client.answer_or_upgrade(request).await;
        if asked.is_some() {
            *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        }
        Ok::<_, Infallible>(answer)
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_ALLOWED)
        .max_buf_size(HTTP_BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    let asked = upgrade.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Ok(()), Some(agreed)) = (served, asked) {
        ndt7::run(agreed, client.line, &client.shared.pool).await;
    }
}
