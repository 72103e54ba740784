//! The counters that the streams of one transfer share with the engine.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::series::Span;
use super::tcp_info::{Kernel, Received, Sent};
use crate::clock::micros;

/// One stream's handle on the counters of a transfer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    shared: Arc<Shared>,
    /// Which stream this is.
    stream: usize,
    /// Payload this stream has handed to its connection.
    handed: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    cap: u64,
    counted: AtomicU64,
    reserved: AtomicU64,
    handed: AtomicU64,
    waited_us: AtomicU64,
    stopping: AtomicBool,
    /// Told when received bytes reach the cap.
    spent: Notify,
    acks: Mutex<Acks>,
    /// What the system knows of the connections.
    watched: Mutex<Vec<Watched>>,
}

/// A connection and what its kernel has told.
#[derive(Debug)]
struct Watched {
    kernel: Kernel,
    /// What it had delivered before it carried payload.
    delivered_before: u64,
}

/// What the far end has acknowledged.
#[derive(Debug, Default)]
struct Acks {
    spans: Vec<Span>,
    /// For each stream, until when its bytes are known; infinity once it is over.
    known_until: Vec<f64>,
}

impl Meter {
    /// Starts counting now; `cap` application bytes may be moved.
    pub(crate) fn start(cap: u64) -> Self {
        let shared = Shared {
            start: Instant::now(),
            cap,
            counted: AtomicU64::new(0),
            reserved: AtomicU64::new(0),
            handed: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            spent: Notify::new(),
            acks: Mutex::default(),
            watched: Mutex::default(),
        };
        Self { shared: Arc::new(shared), stream: 0, handed: Arc::default() }
    }

    /// The handle of another stream, which begins now.
    pub(crate) fn stream(&self, stream: usize) -> Self {
        let now = self.now();
        let mut acks = self.acks();
        if acks.known_until.len() <= stream {
            acks.known_until.resize(stream + 1, f64::INFINITY);
        }
        if let Some(known) = acks.known_until.get_mut(stream) {
            *known = now;
        }
        drop(acks);
        Self { shared: Arc::clone(&self.shared), stream, handed: Arc::default() }
    }

    fn acks(&self) -> MutexGuard<'_, Acks> {
        self.shared.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the start.
    pub(crate) fn now(&self) -> f64 {
        self.shared.start.elapsed().as_secs_f64()
    }

    /// Bytes received, or acknowledged by the far end.
    pub(crate) fn counted(&self) -> u64 {
        self.shared.counted.load(Ordering::Relaxed)
    }

    /// Anything that changes while the transfer makes progress.
    pub(crate) fn activity(&self) -> u64 {
        self.counted().wrapping_add(self.shared.handed.load(Ordering::Relaxed))
    }

    /// Whether the data allowed is used up.
    pub(crate) fn exhausted(&self) -> bool {
        self.counted().max(self.shared.reserved.load(Ordering::Relaxed)) >= self.shared.cap
    }

    /// Share of the data allowed that is used.
    pub(crate) fn used(&self) -> f64 {
        self.counted() as f64 / self.shared.cap.max(1) as f64
    }

    /// Counts received bytes.
    pub(crate) fn received(&self, bytes: u64) {
        let before = self.shared.counted.fetch_add(bytes, Ordering::Relaxed);
        if before < self.shared.cap && before.saturating_add(bytes) >= self.shared.cap {
            self.shared.spent.notify_one();
        }
    }

    /// Waits until received bytes reach the cap: at once, since a tick of a fast line is megabytes.
    pub(crate) async fn spent(&self) {
        self.shared.spent.notified().await;
    }

    fn watched(&self) -> MutexGuard<'_, Vec<Watched>> {
        self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a fresh connection's kernel state.
    pub(crate) fn watch(&self, kernel: Kernel) {
        let delivered_before = kernel.delivered().unwrap_or(0);
        self.watched().push(Watched { kernel, delivered_before });
    }

    /// TCP's bytes on all connections that the far end's system has said to have since they carry payload; `None` where
    /// this system does not tell.
    pub(crate) fn delivered(&self) -> Option<u64> {
        let delivered = |one: &Watched| Some(one.kernel.delivered()?.saturating_sub(one.delivered_before));
        self.watched().iter().map(delivered).try_fold(0_u64, |sum, bytes| Some(sum.saturating_add(bytes?)))
    }

    /// What was received on all connections; `None` where the system does not tell.
    pub(crate) fn kernel_received(&self) -> Option<Received> {
        self.watched().iter().filter_map(|one| one.kernel.received()).reduce(|a, b| Received {
            bytes: a.bytes.saturating_add(b.bytes),
            segments: a.segments.saturating_add(b.segments),
            out_of_order: a.out_of_order.saturating_add(b.out_of_order),
            segment: a.segment.max(b.segment),
        })
    }

    /// The longest smoothed round trip of the connections, load included, seconds; 0 where the system does not tell.
    pub(crate) fn loaded_rtt(&self) -> f64 {
        self.watched().iter().filter_map(|one| one.kernel.smoothed_rtt()).fold(0.0, f64::max)
    }

    /// What was sent on all connections; `None` where the system does not tell.
    pub(crate) fn kernel_sent(&self) -> Option<Sent> {
        self.watched().iter().filter_map(|one| one.kernel.sent()).reduce(|a, b| Sent {
            bytes: a.bytes.saturating_add(b.bytes),
            segments: a.segments.saturating_add(b.segments),
            busy_us: a.busy_us.saturating_add(b.busy_us),
            window_limited_us: a.window_limited_us.saturating_add(b.window_limited_us),
        })
    }

    /// Asks to send up to `wanted` bytes; returns how many are allowed.
    pub(crate) fn reserve(&self, wanted: u64) -> u64 {
        let mut granted = 0;
        let _ = self.shared.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |reserved| {
            granted = wanted.min(self.shared.cap.saturating_sub(reserved));
            Some(reserved + granted)
        });
        granted
    }

    /// Notes payload handed to the connection (not yet known to have arrived).
    pub(crate) fn handed_over(&self, bytes: u64) {
        self.handed.fetch_add(bytes, Ordering::Relaxed);
        self.shared.handed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Payload this stream has handed to its connection so far.
    pub(crate) fn handed_by_stream(&self) -> u64 {
        self.handed.load(Ordering::Relaxed)
    }

    /// Counts bytes that the far end acknowledged now, having received them since `from` (seconds).
    pub(crate) fn acknowledged(&self, from: f64, bytes: u64) {
        self.shared.counted.fetch_add(bytes, Ordering::Relaxed);
        let to = self.now();
        let mut acks = self.acks();
        acks.spans.push(Span { from, to, bytes });
        if let Some(known) = acks.known_until.get_mut(self.stream) {
            *known = to;
        }
    }

    /// This stream is over: it holds up the others' curve no more.
    pub(crate) fn over(&self) {
        if !self.stopping()
            && let Some(known) = self.acks().known_until.get_mut(self.stream)
        {
            *known = f64::INFINITY;
        }
    }

    /// What was acknowledged, and until when that is complete, seconds.
    pub(crate) fn spans(&self) -> (Vec<Span>, f64) {
        let acks = self.acks();
        let until = acks.known_until.iter().copied().fold(self.now(), f64::min);
        (acks.spans.clone(), until)
    }

    /// Notes time that a stream spent waiting for the next answer instead of receiving.
    pub(crate) fn waited(&self, time: Duration) {
        self.shared.waited_us.fetch_add(micros(time), Ordering::Relaxed);
    }

    /// Time that all streams together spent waiting for the next answer, seconds.
    pub(crate) fn waited_s(&self) -> f64 {
        self.shared.waited_us.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// Asks the streams to begin nothing new.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether nothing new is to be begun.
    pub(crate) fn stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed)
    }
}
