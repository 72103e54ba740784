//! The rate the mire keeps to: one schedule per direction, shared by all connections.
//!
//! It is a virtual queue, as a router's: every transfer of n bytes books its time on the line at the end of the queue,
//! and the connection that made it moves nothing more until that time is over. Time is booked, never slept off: a late
//! timer costs nothing, for the queue's end does not move with it. Not a scheduler of priorities.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An idle line may be caught up by this much: what a modest router queue lets through at once. Long enough for the
/// millisecond timers of every system, short enough to be under 1 % of a transfer of two seconds.
const BURST: Duration = Duration::from_millis(20);
/// The burst is never less than this: one TLS record.
const BURST_MIN_BYTES: u64 = 16 * 1024;
/// A connection that has had its pace set here, and is late because this machine was busy, may catch up this much.
pub(super) const CATCH_UP: Duration = Duration::from_millis(250);
/// What one connection moves before it is another's turn, as time on the line.
const TURN: Duration = Duration::from_millis(5);
/// A turn is never less than one full packet, nor more than what a socket takes in one go.
const TURN_BYTES: (u64, u64) = (1_500, 64 * 1024);

/// What may wait before the line, in the system's receive buffers: a modest router's queue, and the round trip of most
/// lines on the ground, so that one connection alone can fill this one.
const QUEUE: Duration = Duration::from_millis(50);
/// One connection's part of the queue is never less than what the system invites a peer to send at first (RFC 7323's
/// window without scaling): a smaller buffer would have to drop some of it.
const QUEUE_MIN_BYTES: f64 = 64.0 * 1024.0;

/// The line of one direction.
#[derive(Debug)]
pub(super) struct Line {
    rate_bps: u64,
    burst: Duration,
    /// Connections that the line holds up now.
    held: AtomicUsize,
    /// When everything booked so far will have passed.
    end: Mutex<Instant>,
}

impl Line {
    /// A line of `rate_bps` IP-layer bit/s (at least 1).
    pub(super) fn new(rate_bps: u64) -> Self {
        let rate_bps = rate_bps.max(1);
        let burst = BURST.max(time_for(rate_bps, BURST_MIN_BYTES as f64));
        Self { rate_bps, burst, held: AtomicUsize::new(0), end: Mutex::new(Instant::now()) }
    }

    /// The bytes one connection may move in its turn.
    pub(super) fn turn(&self) -> usize {
        let bytes = self.rate_bps as f64 / 8.0 * TURN.as_secs_f64();
        (bytes as u64).clamp(TURN_BYTES.0, TURN_BYTES.1) as usize
    }

    /// The line begins (or ceases) to hold up a connection.
    pub(super) fn hold(&self, held: bool) {
        if held {
            self.held.fetch_add(1, Ordering::Relaxed);
        } else {
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// What one more connection may have waiting before the line, in bytes.
    pub(super) fn queue_share(&self) -> usize {
        let whole = self.rate_bps as f64 / 8.0 * QUEUE.as_secs_f64();
        let sharers = 1.0 + self.held.load(Ordering::Relaxed) as f64;
        (whole / sharers).max(QUEUE_MIN_BYTES) as usize
    }

    /// When all that is booked so far will have passed: a new connection starts there, behind the others.
    pub(super) fn end(&self) -> Instant {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Books `ip_bytes` that moved now, and returns when they have passed. `paced`: the connection would have moved
    /// them earlier, had it been let.
    pub(super) fn book(&self, ip_bytes: f64, paced: bool, now: Instant) -> Instant {
        let credit = if paced { CATCH_UP.max(self.burst) } else { self.burst };
        let earliest = now.checked_sub(credit).unwrap_or(now);
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        *end = (*end).max(earliest) + time_for(self.rate_bps, ip_bytes);
        *end
    }
}

/// The time `bytes` take at `rate_bps`.
fn time_for(rate_bps: u64, bytes: f64) -> Duration {
    Duration::try_from_secs_f64(bytes * 8.0 / rate_bps as f64).unwrap_or(Duration::MAX)
}

/// How many IP-layer bytes carry one byte of TCP payload on a connection of this segment size.
///
/// Headers: IPv4 20 (RFC 791) or IPv6 40 (RFC 8200), TCP 20 with 12 of timestamps (RFC 9293, RFC 7323). The segments
/// of a bulk transfer are full, so payload x this is what the line carries; acknowledgements are not counted, for
/// they go the other way.
pub(super) fn ip_factor(mss: u32, ipv6: bool) -> f64 {
    let headers = if ipv6 { 72.0 } else { 52.0 };
    // An MSS below RFC 879's default of 536 is a broken answer of the system, not a link.
    1.0 + headers / f64::from(mss.max(536))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_of_bookings_end_ten_seconds_later() {
        let line = Line::new(8_000_000);
        let begin = line.end();
        let mut bytes = 0.0;
        // A caller that is always 7 ms late: the line's end must not drift with it.
        let mut at = begin;
        while at < begin + Duration::from_secs(10) {
            bytes += 5_000.0;
            at = line.book(5_000.0, true, at) + Duration::from_millis(7);
        }
        let ratio = bytes * 8.0 / 10.0 / 8_000_000.0;
        assert!((0.995..1.03).contains(&ratio), "{ratio}");
    }

    #[test]
    fn an_idle_line_gives_a_small_burst_only() {
        let line = Line::new(8_000_000);
        let later = line.end() + Duration::from_secs(60);
        let mut free = 0.0;
        while line.book(1_000.0, false, later) <= later {
            free += 1_000.0;
        }
        // 20 ms at 8 Mbit/s are 20 kB.
        assert!((15_000.0..=20_000.0).contains(&free), "{free}");
    }

    #[test]
    fn the_queue_is_shared_by_those_that_wait() {
        let line = Line::new(80_000_000);
        assert_eq!(line.queue_share(), 500_000);
        line.hold(true);
        assert_eq!(line.queue_share(), 250_000);
        (0..1000).for_each(|_| line.hold(true));
        assert_eq!(line.queue_share(), 65_536);
        (0..1001).for_each(|_| line.hold(false));
        assert_eq!(line.queue_share(), 500_000);
    }

    #[test]
    fn headers_are_those_of_the_segment_size() {
        assert!((ip_factor(1448, false) - 1500.0 / 1448.0).abs() < 1e-9);
        assert!((ip_factor(1428, true) - 1500.0 / 1428.0).abs() < 1e-9);
        assert!(ip_factor(0, false) < 1.1);
    }

    #[test]
    fn no_rate_breaks_the_arithmetic() {
        for rate in [0, 1, u64::MAX] {
            let line = Line::new(rate);
            let _ = line.turn();
            assert!(line.queue_share() >= 65_536);
            let _ = ip_factor(u32::MAX, true);
            let _ = line.book(1500.0, true, Instant::now());
        }
    }
}
