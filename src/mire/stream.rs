//! A TCP stream that keeps to the mire's rate, counts what passes, and gives up on a peer that no longer takes
//! anything. It stands below TLS, so that what it counts is what the line carries.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::limit::{CATCH_UP, Line, ip_factor};
use super::queue;
use super::unsent::Unsent;

/// A write that makes no progress for so long has no reader any more. Longer than any retransmission pause a usable
/// line shows (RFC 6298: 1 + 2 + 4 + 8 s).
const STALL: Duration = Duration::from_secs(15);

/// What passed on one connection, TCP payload in bytes.
#[derive(Debug, Default)]
pub(super) struct Counters {
    received: AtomicU64,
}

impl Counters {
    fn count(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// Both lines of a mire that limits itself.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    /// Towards the clients.
    pub(super) down: Arc<Line>,
    /// From them.
    pub(super) up: Arc<Line>,
}

/// One direction of one connection.
#[derive(Debug)]
struct Pace {
    line: Arc<Line>,
    /// IP-layer bytes per byte of payload.
    factor: f64,
    /// Nothing moves before.
    not_before: Instant,
    /// Whether the line, and not the peer, held this direction up last. The line counts those.
    paced: bool,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    fn new(line: Arc<Line>, factor: f64) -> Self {
        let not_before = line.end();
        Self { line, factor, not_before, paced: false, timer: Box::pin(tokio::time::sleep(Duration::ZERO)) }
    }

    /// Ready when it is this connection's turn; gives the bytes it may move.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.not_before > Instant::now() {
            self.set_paced(true);
            self.timer.as_mut().reset(self.not_before.into());
            ready!(self.timer.as_mut().poll(cx));
        }
        Poll::Ready(self.line.turn())
    }

    fn moved(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let now = Instant::now();
        // After a longer pause than lateness explains there was nothing to move: that is no arrears.
        let paced = self.paced && now.saturating_duration_since(self.not_before) <= CATCH_UP;
        self.not_before = self.line.book(bytes as f64 * self.factor, paced, now);
    }

    /// The peer held this direction up: what it did not use is not owed to it.
    fn held_by_peer(&mut self) {
        self.set_paced(false);
    }

    fn set_paced(&mut self, paced: bool) {
        if self.paced != paced {
            self.paced = paced;
            self.line.hold(paced);
        }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.set_paced(false);
    }
}

/// The stream.
#[derive(Debug)]
pub(super) struct Limited {
    inner: TcpStream,
    counters: Arc<Counters>,
    down: Option<Pace>,
    up: Option<Pace>,
    unsent: Unsent,
    /// Runs while a write waits for the peer.
    stall: Option<Pin<Box<Sleep>>>,
}

impl Limited {
    /// Wraps a stream just accepted.
    pub(super) fn new(inner: TcpStream, lines: Option<&Lines>) -> Self {
        let factor = lines.map_or(1.0, |_| {
            let ipv6 = inner.peer_addr().is_ok_and(|peer| match peer.ip() {
                std::net::IpAddr::V6(address) => address.to_ipv4_mapped().is_none(),
                std::net::IpAddr::V4(_) => false,
            });
            ip_factor(queue::segment_size(&inner), ipv6)
        });
        if let Some(lines) = lines {
            queue::bound(&inner, lines.up.queue_share());
        }
        let pace = |line: &Arc<Line>| Pace::new(Arc::clone(line), factor);
        Self {
            down: lines.map(|lines| pace(&lines.down)),
            up: lines.map(|lines| pace(&lines.up)),
            unsent: Unsent::new(&inner),
            inner,
            counters: Arc::default(),
            stall: None,
        }
    }

    /// What passes, to be looked at while it passes.
    pub(super) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Turns a write that waits into an error once it has waited too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let timer = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing any more")))
    }
}

impl AsyncRead for Limited {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(pace) = &mut this.up else {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
            this.counters.count(buf.filled().len() - before);
            return Poll::Ready(Ok(()));
        };
        let room = ready!(pace.poll_turn(cx)).min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
        match Pin::new(&mut this.inner).poll_read(cx, &mut part) {
            Poll::Pending => {
                pace.held_by_peer();
                return Poll::Pending;
            }
            Poll::Ready(result) => result?,
        }
        let read = part.filled().len();
        buf.advance(read);
        pace.moved(read);
        this.counters.count(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Limited {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let room = match &mut this.down {
            Some(pace) => ready!(pace.poll_turn(cx)).min(data.len()),
            None => data.len(),
        };
        let result = Pin::new(&mut this.inner).poll_write(cx, data.get(..room).unwrap_or(data));
        if let Poll::Ready(Ok(written)) = &result {
            this.unsent.wrote(*written, &this.inner);
        }
        if let Some(pace) = &mut this.down {
            match &result {
                Poll::Ready(Ok(written)) => pace.moved(*written),
                Poll::Ready(Err(_)) => {}
                Poll::Pending => pace.held_by_peer(),
            }
        }
        this.watch(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.down.is_some() {
            let first = data.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            return Pin::new(this).poll_write(cx, first);
        }
        let result = Pin::new(&mut this.inner).poll_write_vectored(cx, data);
        if let Poll::Ready(Ok(written)) = &result {
            this.unsent.wrote(*written, &this.inner);
        }
        this.watch(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.down.is_none() && self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
