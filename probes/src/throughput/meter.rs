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
    /// How much the far end may claim of this stream.
    believed: Arc<Mutex<Believed>>,
}

/// What the far end claims to have of one stream, and what its system's acknowledgements allow: no program can have
/// read what its system has not received.
#[derive(Debug, Default)]
struct Believed {
    claimed: u64,
    counted: u64,
    kernel: Kernel,
    /// What the system had acknowledged on this connection before it carried payload.
    base: u64,
    /// What was counted on connections before this one.
    earlier: u64,
}

impl Believed {
    /// A fresh connection carries on.
    fn watch(&mut self, kernel: Kernel) {
        self.base = kernel.delivered().unwrap_or(0);
        self.kernel = kernel;
        self.earlier = self.counted;
        self.claimed = self.counted;
    }

    /// How many of the bytes claimed now count, and whether all do.
    fn take(&mut self, bytes: u64) -> (u64, bool) {
        self.claimed = self.claimed.saturating_add(bytes);
        // A request was sent, or nothing could be claimed: a system that knows of no byte does not tell.
        let arrived = self.kernel.delivered().filter(|&bytes| bytes > 0);
        let arrived = arrived.map(|bytes| bytes.saturating_sub(self.base));
        let most = arrived.map_or(u64::MAX, |arrived| self.earlier.saturating_add(arrived));
        let counted = self.claimed.min(most).max(self.counted);
        let granted = counted - self.counted;
        self.counted = counted;
        (granted, self.claimed <= most)
    }
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
    /// Whether the far end claimed bytes it cannot have.
    contradicted: AtomicBool,
    /// Told when received bytes reach the cap.
    spent: Notify,
    acks: Mutex<Acks>,
    /// What the system knows of the connections.
    watched: Mutex<Vec<Watched>>,
}

/// A connection and what its kernel has told.
#[derive(Debug)]
struct Watched {
    /// Whose it is.
    stream: usize,
    kernel: Kernel,
    /// What it had delivered before it carried payload.
    delivered_before: u64,
    /// What the stream's connections before it delivered, received and sent.
    earlier: (u64, Received, Sent),
    /// What the stream had delivered when it was looked at last, and the first look that saw as much, seconds.
    reached: (u64, f64),
}

impl Watched {
    /// TCP's bytes of the stream that the far end's system has said to have since it carries payload.
    fn delivered(&self) -> Option<u64> {
        let here = self.kernel.delivered()?.saturating_sub(self.delivered_before);
        Some(self.earlier.0.saturating_add(here))
    }

    /// The same, and takes note of when it grew; `now` in seconds.
    fn look(&mut self, now: f64) -> Option<u64> {
        let delivered = self.delivered()?;
        if delivered > self.reached.0 {
            self.reached = (delivered, now);
        }
        Some(delivered)
    }

    fn received(&self) -> Option<Received> {
        Some(self.earlier.1.and(self.kernel.received()?))
    }

    fn sent(&self) -> Option<Sent> {
        Some(self.earlier.2.and(self.kernel.sent()?))
    }
}

/// What the far end has acknowledged.
#[derive(Debug, Default)]
struct Acks {
    spans: Vec<Span>,
    /// For each stream, until when its bytes are known; infinity once it is over.
    known_until: Vec<f64>,
    /// Time in which the far end's program owed an answer, all streams together, seconds…
    owed_s: f64,
    /// …and how much of it lay after the last byte that its system, or a box in its place, had acknowledged.
    silent_s: f64,
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
            contradicted: AtomicBool::new(false),
            spent: Notify::new(),
            acks: Mutex::default(),
            watched: Mutex::default(),
        };
        Self { shared: Arc::new(shared), stream: 0, handed: Arc::default(), believed: Arc::default() }
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
        Self { shared: Arc::clone(&self.shared), stream, handed: Arc::default(), believed: Arc::default() }
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

    /// Keeps a fresh connection's kernel state: against claims of what cannot have arrived, too. It takes the place of the
    /// stream's one before, which is let go: a mire that closes after each file would otherwise use up the sockets a
    /// process may have.
    pub(crate) fn watch(&self, kernel: Kernel) {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner).watch(kernel.clone());
        let mut watched = self.watched();
        let place = watched.iter().position(|one| one.stream == self.stream);
        let before = place.map(|place| watched.swap_remove(place));
        let earlier = before.map(|one| {
            (one.delivered().unwrap_or(0), one.received().unwrap_or_default(), one.sent().unwrap_or_default())
        });
        let delivered_before = kernel.delivered().unwrap_or(0);
        let earlier = earlier.unwrap_or_default();
        let reached = (earlier.0, self.now());
        watched.push(Watched { stream: self.stream, kernel, delivered_before, earlier, reached });
    }

    /// TCP's bytes on all connections that the far end's system has said to have since they carry payload; `None` where
    /// this system does not tell.
    pub(crate) fn delivered(&self) -> Option<u64> {
        let now = self.now();
        self.watched()
            .iter_mut()
            .map(|one| one.look(now))
            .try_fold(0_u64, |sum, bytes| Some(sum.saturating_add(bytes?)))
    }

    /// What was received on all connections; `None` where the system does not tell.
    pub(crate) fn kernel_received(&self) -> Option<Received> {
        self.watched().iter().filter_map(Watched::received).reduce(Received::and)
    }

    /// The longest smoothed round trip of the connections, load included, seconds; 0 where the system does not tell.
    pub(crate) fn loaded_rtt(&self) -> f64 {
        self.watched().iter().filter_map(|one| one.kernel.smoothed_rtt()).fold(0.0, f64::max)
    }

    /// What was sent on all connections; `None` where the system does not tell.
    pub(crate) fn kernel_sent(&self) -> Option<Sent> {
        self.watched().iter().filter_map(Watched::sent).reduce(Sent::and)
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

    /// Gives back what was reserved and will not be sent.
    pub(crate) fn give_back(&self, unsent: u64) {
        self.shared.reserved.fetch_sub(unsent, Ordering::Relaxed);
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

    /// Counts bytes that the far end says now to have received since `from` (seconds); of those its own system has not
    /// acknowledged, none before it has. Gives how many count now.
    pub(crate) fn acknowledged(&self, from: f64, bytes: u64) -> u64 {
        let (bytes, all) = self.believed.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
        if !all {
            self.contradicted();
        }
        if bytes == 0 {
            return 0;
        }
        self.shared.counted.fetch_add(bytes, Ordering::Relaxed);
        let to = self.now();
        let silent = self.silent_since(to).map(|since| (to - since.max(from)).max(0.0));
        let mut acks = self.acks();
        if let Some(silent) = silent {
            acks.owed_s += to - from;
            acks.silent_s += silent;
        }
        acks.spans.push(Span { from, to, bytes });
        if let Some(known) = acks.known_until.get_mut(self.stream) {
            *known = to;
        }
        bytes
    }

    /// Since when no byte of this stream was acknowledged, seconds; `None` where the system does not tell.
    fn silent_since(&self, now: f64) -> Option<f64> {
        let mut watched = self.watched();
        let one = watched.iter_mut().find(|one| one.stream == self.stream)?;
        one.look(now).map(|_| one.reached.1)
    }

    /// Share of the time until the far end's answers that came after the last byte was acknowledged. A mire acknowledges the
    /// last byte and answers in one moment, however long the way; where a box on the way acknowledges in its place, the
    /// bytes still have the slow part of the way before them. 0 before the first answer and where the system does not tell.
    pub(crate) fn silent_share(&self) -> f64 {
        let acks = self.acks();
        if acks.owed_s > 0.0 { acks.silent_s / acks.owed_s } else { 0.0 }
    }

    /// Notes that the far end claimed bytes it cannot have.
    pub(crate) fn contradicted(&self) {
        self.shared.contradicted.store(true, Ordering::Relaxed);
    }

    /// Whether the far end ever claimed bytes it cannot have.
    pub(crate) fn was_contradicted(&self) -> bool {
        self.shared.contradicted.load(Ordering::Relaxed)
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
        let known = acks.known_until.iter().copied().fold(f64::INFINITY, f64::min);
        // Once all streams are over, the last of them ended the transfer: the time until someone looks is not its own.
        let last = || acks.spans.iter().map(|span| span.to).fold(0.0, f64::max);
        let until = if known.is_finite() { known.min(self.now()) } else { last() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_ends_with_its_last_acknowledgement() {
        let all = Meter::start(1 << 20);
        let (one, other) = (all.stream(0), all.stream(1));
        one.acknowledged(0.0, 100);
        one.over();
        let (spans, until) = all.spans();
        assert!(until < spans[0].to, "the other stream has told nothing yet: {until}");
        other.over();
        std::thread::sleep(Duration::from_millis(5));
        let (spans, until) = all.spans();
        assert!((until - spans[0].to).abs() < 1e-9, "{until} after {spans:?}");
    }

    #[test]
    fn what_no_system_has_acknowledged_is_not_believed_again_later() {
        let mut believed = Believed { counted: 40, claimed: 90, ..Believed::default() };
        believed.watch(Kernel::default());
        assert_eq!(believed.take(10), (10, true));
        assert_eq!((believed.counted, believed.claimed), (50, 50));
    }
}
