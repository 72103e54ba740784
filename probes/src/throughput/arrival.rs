//! When a transfer's bytes arrived, rather than when TCP could hand them on. Pure.
//!
//! TCP hands bytes on in order: what comes after a lost segment waits in the receiver's kernel, for a round trip or
//! several, until that one is sent again, and is then read all at once. On a long path this hides up to a whole window
//! at one end of the measured stretch and gives it back at the other: 6 % and more of a transfer at 600 ms. Both
//! kernels know better: the receiver's counts the segments it keeps back; the sender's hears of each by selective
//! acknowledgements, long before a mire's message tells of bytes read.

use super::series::Series;
use super::tcp_info::Received;

/// Segments that come in order after a gap, without another one out of order: every gap is filled then.
const IN_ORDER: u64 = 3;

/// A moment of a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Seconds since the transfer's start.
    at: f64,
    /// Application bytes read here, or confirmed by the far end's program, by then.
    confirmed: f64,
    /// Application bytes that had arrived by then, as far as the system knows.
    arrived: Option<f64>,
}

/// What had arrived by when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrivals(Vec<Point>);

impl Arrivals {
    /// Adds a moment, application bytes; the second `None` where the system does not tell.
    pub(crate) fn push(&mut self, at: f64, confirmed: u64, arrived: Option<f64>) {
        self.0.push(Point { at, confirmed: confirmed as f64, arrived });
    }

    /// Forgets what came after `at`.
    pub(crate) fn cut(&mut self, at: f64) {
        self.0.retain(|point| point.at <= at);
    }

    /// The curve of what was confirmed.
    pub(crate) fn confirmed(&self) -> Series {
        let mut series = Series::default();
        for point in &self.0 {
            series.push(point.at, point.confirmed);
        }
        series
    }

    /// The curve of what had arrived. `None` where the system does not tell, or where more is unconfirmed at the end
    /// than arrives in `lag_s` seconds: then some box on the way, or a large buffer, took it in the far end's place.
    pub(crate) fn arrived(&self, lag_s: f64) -> Option<Series> {
        let last = self.0.last()?;
        let rate = last.arrived? / last.at.max(f64::MIN_POSITIVE);
        if last.arrived? - last.confirmed > rate * lag_s {
            return None;
        }
        let mut series = Series::default();
        for point in &self.0 {
            series.push(point.at, point.arrived?);
        }
        Some(series)
    }
}

/// What one connection's kernel keeps back because something before it is missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptBack {
    before: Received,
    bytes: u64,
}

impl KeptBack {
    /// Takes what the kernel tells now; returns the bytes kept back.
    ///
    /// Out-of-order segments are counted as full: behind a loss they are. Bytes handed on beyond what came in order were
    /// among them.
    pub(crate) fn now(&mut self, received: Received) -> u64 {
        let since = |new: u64, old: u64| new.saturating_sub(old);
        let out_of_order = since(received.out_of_order, self.before.out_of_order);
        let in_order = since(received.segments, self.before.segments).saturating_sub(out_of_order);
        let handed_on = since(received.bytes, self.before.bytes);
        let released = handed_on.saturating_sub(in_order.saturating_mul(received.segment));
        self.bytes = self.bytes.saturating_add(out_of_order.saturating_mul(received.segment));
        self.bytes =
            if out_of_order == 0 && in_order >= IN_ORDER { 0 } else { self.bytes.saturating_sub(released) };
        self.before = received;
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What a kernel tells of a line of 8 Mbit/s, 1000 bytes a millisecond in segments of 1000: two segments are lost at
    /// 3 s and sent again 1.2 and 1.25 s later, another is lost at 7.5 s for good.
    fn told(at: u64) -> Received {
        let (bytes, out_of_order) = match at {
            0..3000 => (at, 0),
            3000..4200 => (3000, at - 3000),
            4200..4250 => (3100, at - 3000),
            4250..7500 => (at, 1250),
            _ => (7500, 1250 + at - 7500),
        };
        Received { bytes: bytes * 1000, segments: at, out_of_order, segment: 1000 }
    }

    #[test]
    fn what_waits_behind_a_lost_segment_has_come() {
        let (mut arrivals, mut kept) = (Arrivals::default(), KeptBack::default());
        for at in (0..=8000_u64).step_by(10) {
            let received = told(at);
            let back = kept.now(received);
            arrivals.push(at as f64 / 1e3, received.bytes, Some((received.bytes + back) as f64));
        }
        let (read, come) = (arrivals.confirmed(), arrivals.arrived(f64::INFINITY).unwrap());
        assert!((read.rate(4.0, 8.0) / 8e6 - 1.0).abs() > 0.1, "the curve of what was read shows the holes");
        for (from, to) in [(2.0, 4.0), (3.5, 5.0), (4.0, 8.0), (4.22, 6.0)] {
            let rate = come.rate(from, to);
            assert!((rate / 8e6 - 1.0).abs() < 0.01, "{from}..{to}: {rate}");
        }
    }

    #[test]
    fn segments_that_are_not_full_keep_nothing_back() {
        let mut kept = KeptBack::default();
        for at in 0..100_u64 {
            let received = Received { bytes: at * 300, segments: at, out_of_order: 0, segment: 1000 };
            assert_eq!(kept.now(received), 0);
        }
        // One out of order, then everything in order again: the gap is filled, whatever the sizes.
        kept.now(Received { bytes: 29_700, segments: 100, out_of_order: 1, segment: 1000 });
        assert_eq!(kept.bytes, 1000);
        assert_eq!(kept.now(Received { bytes: 31_000, segments: 104, out_of_order: 1, segment: 1000 }), 0);
    }

    #[test]
    fn without_the_systems_word_there_is_no_such_curve() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.arrived(1.0), None);
        for at in 0..400_u32 {
            arrivals.push(f64::from(at) / 100.0, u64::from(at) * 10_000, None);
        }
        assert_eq!(arrivals.arrived(1.0), None);
        assert!((arrivals.confirmed().rate(1.0, 2.0) / 8e6 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn an_uploads_pace_is_its_acknowledgements_unless_a_box_on_the_way_sends_them() {
        // The mire tells each second of what its system acknowledged all along.
        let upload = |proxied: u64| {
            let mut arrivals = Arrivals::default();
            for at in (0..6000_u64).step_by(10) {
                let arrived = at * 1000 + proxied.min(at * 9000);
                arrivals.push(at as f64 / 1e3, at / 1000 * 1_000_000, Some(arrived as f64));
            }
            arrivals
        };
        let rate = upload(0).arrived(1.2).unwrap().rate(2.5, 5.9);
        assert!((rate / 8e6 - 1.0).abs() < 0.002, "{rate}");
        assert_eq!(upload(3_000_000).arrived(1.2), None, "a proxy has taken 3 MB in advance");
    }
}
