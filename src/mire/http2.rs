//! HTTP/2 (RFC 9113), for those who ask for it by ALPN: what a responsiveness test needs to send its probes over the
//! very connection that carries the load.
//!
//! A connection holds many requests here, so the bounds that HTTP/1.1 has per connection are kept per stream, and a
//! connection without any stream ends. What is not set is hyper's: a header block of 16 KiB, frames of 16 KiB, 20
//! streams reset before they were answered (CVE-2023-44487), 1024 reset for the client's errors.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, header};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connection::{Client, HEAD_ALLOWED};
use super::routes::{Answer, TRANSFER_ALLOWED};

/// What a client may send before it is told that it may go on, per stream and per connection. The permission comes
/// when half is used and takes a round trip: twice 1 Gbit/s times 50 ms (12.5 MB), and the next power of two. Bytes are
/// forgotten as they come, so this much is never held unless this machine cannot follow.
const WINDOW: u32 = 16 * 1024 * 1024;
/// Requests at a time on one connection: the least that RFC 9113 (6.5.2) recommends, and far beyond any client here
/// (LibreSpeed in a browser: 7).
const STREAMS: u32 = 100;
/// A stream, from its head to its last byte: a transfer, and a little so that its own end comes first. This is what
/// ends one whose reader gives no window.
const STREAM_ALLOWED: Duration = TRANSFER_ALLOWED.saturating_add(Duration::from_secs(2));
/// From "no more requests" to the end of the connection.
const GOODBYE_ALLOWED: Duration = Duration::from_secs(2);

/// The streams of one connection: each a task that is bounded in time.
#[derive(Debug, Clone)]
struct Streams {
    tasks: Arc<Mutex<JoinSet<()>>>,
    running: Arc<watch::Sender<usize>>,
}

impl Streams {
    fn new() -> Self {
        Self { tasks: Arc::default(), running: Arc::new(watch::Sender::new(0)) }
    }

    /// Returns once no stream has run for as long as a request's head may take.
    async fn idle(&self) {
        let mut running = self.running.subscribe();
        // The sender is ours: waiting for it cannot fail.
        while running.wait_for(|count| *count == 0).await.is_ok()
            && timeout(HEAD_ALLOWED, running.wait_for(|count| *count > 0)).await.is_ok()
        {}
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let running = Running::new(&self.running);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended is cleared away on the way.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let _running = running;
            let _ = timeout(STREAM_ALLOWED, stream).await;
        });
    }
}

/// One stream among those that run.
#[derive(Debug)]
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn new(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Ends the streams with their connection. (They hold the set that holds them: dropping it would not be enough.)
#[derive(Debug)]
struct EndsWithIt(Streams);

impl Drop for EndsWithIt {
    fn drop(&mut self) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// Serves one connection until the client has gone, has had nothing to ask for a while, or broke the protocol.
pub(super) async fn serve<S>(stream: S, client: Client)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let streams = EndsWithIt(Streams::new());
    let service = service_fn(move |request| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(respond(request, &client).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(streams.0.clone())
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(STREAMS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // How it ended is nobody's business.
        _ = connection.as_mut() => {}
        () = streams.0.idle() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(GOODBYE_ALLOWED, connection).await;
        }
    }
}

/// Answers one request. There is no upgrade in HTTP/2, so that ndt7's paths only say what they want.
async fn respond(request: Request<Incoming>, client: &Client) -> Answer {
    let mut answer = client.answer(request).await;
    // Not a header of this version (RFC 9113, 8.2.2).
    answer.headers_mut().remove(header::CONNECTION);
    answer
}
