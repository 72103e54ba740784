//! When a transfer's bytes arrived, rather than when TCP could hand them on. Pure.
//!
//! TCP hands bytes on in order: what comes after a lost segment waits in the receiver's kernel, for a round trip or
//! several, until that one is sent again, and is then read all at once. On a long path this hides up to a whole window
//! at one end of the measured stretch and gives it back at the other: 6 % and more of a transfer at 600 ms. Both
//! kernels know better: the receiver's counts segments as they come, in order or not; the sender's hears of each by
//! selective acknowledgements, long before a mire's message tells of bytes read.

use super::series::Series;

/// Segments from which on the bytes of one are known: requests, headers and the first, smaller messages no longer weigh.
const LEAST_SEGMENTS: f64 = 64.0;
/// What a receiver's kernel may hold, as the time it took to come, seconds, on top of two round trips: readers that a
/// busy machine holds up. More, and the segments carry something else than the transfer's bytes (the same ones again).
const UNREAD_S: f64 = 0.5;
/// What may have reached the far end's system and not be confirmed by its program, likewise: an HTTP upload's request
/// under way, answered when it is complete. More, and some box on the way acknowledges in the far end's place.
const UNCONFIRMED_S: f64 = 1.5;

/// A moment of a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Seconds since the transfer's start.
    at: f64,
    /// Application bytes read here, or confirmed by the far end's program, by then.
    confirmed: u64,
    /// What the system knew to have arrived by then.
    arrived: Option<u64>,
}

/// What had arrived by when.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals {
    points: Vec<Point>,
    /// Application bytes for each unit of what arrived; `None` where the transfer itself must tell.
    unit: Option<f64>,
    /// What may have arrived unconfirmed, as the time it took, seconds.
    unconfirmed_s: f64,
}

impl Arrivals {
    /// Of a download, in segments. `rtt` in seconds.
    pub(crate) fn in_segments(rtt: f64) -> Self {
        Self { points: Vec::new(), unit: None, unconfirmed_s: 2.0 * rtt + UNREAD_S }
    }

    /// Of an upload, in TCP's bytes: `ratio` application bytes each. `rtt` in seconds.
    pub(crate) fn in_bytes(ratio: f64, rtt: f64) -> Self {
        Self { points: Vec::new(), unit: Some(ratio), unconfirmed_s: 2.0 * rtt + UNCONFIRMED_S }
    }

    /// Adds a moment. What is confirmed must have been looked at before what arrived, so that no byte lacks its segment.
    pub(crate) fn push(&mut self, at: f64, confirmed: u64, arrived: Option<u64>) {
        self.points.push(Point { at, confirmed, arrived });
    }

    /// Forgets what came after `at`.
    pub(crate) fn cut(&mut self, at: f64) {
        self.points.retain(|point| point.at <= at);
    }

    /// The curve of what was confirmed.
    pub(crate) fn confirmed(&self) -> Series {
        let mut series = Series::default();
        for point in &self.points {
            series.push(point.at, point.confirmed as f64);
        }
        series
    }

    /// The curve of what had arrived, in application bytes; `None` where the system does not tell, or where what it
    /// tells cannot all be the transfer's.
    pub(crate) fn arrived(&self) -> Option<Series> {
        let unit = self.unit.or_else(|| self.bytes_per_segment())?;
        let last = self.points.last()?;
        let waiting = unit * last.arrived? as f64 - last.confirmed as f64;
        let rate = unit * last.arrived? as f64 / last.at.max(f64::MIN_POSITIVE);
        if waiting > rate * self.unconfirmed_s {
            return None;
        }
        let mut series = Series::default();
        for point in &self.points {
            let arrived = unit * point.arrived? as f64;
            // Before a download's own bytes come, its segments are handshakes and heads.
            let counts = self.unit.is_some() || point.confirmed > 0;
            series.push(point.at, if counts { arrived } else { 0.0 });
        }
        Some(series)
    }

    /// Application bytes that one segment of a download carries: the most that was read for each that had come, that
    /// is, at the moment when the fewest waited. `None` while there are too few of them, or where the system does not
    /// tell.
    pub(crate) fn bytes_per_segment(&self) -> Option<f64> {
        self.points
            .iter()
            .filter_map(|point| Some((point.confirmed as f64, point.arrived? as f64)))
            .filter(|(_, segments)| *segments >= LEAST_SEGMENTS)
            .map(|(bytes, segments)| bytes / segments)
            .filter(|ratio| *ratio > 0.0)
            .reduce(f64::max)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A line of 8 Mbit/s: 1000 bytes a millisecond in segments of 1000, handed on by `read` (bytes by the moment).
    fn line(milliseconds: u32, read: impl Fn(u64) -> u64) -> Arrivals {
        let mut arrivals = Arrivals::in_segments(0.6);
        for at in (0..=milliseconds).step_by(10) {
            // The handshake's five segments carry nothing of the transfer.
            arrivals.push(f64::from(at) / 1e3, read(u64::from(at)), Some(u64::from(at) + 5));
        }
        arrivals
    }

    #[test]
    fn what_waits_behind_a_lost_segment_has_come() {
        // A segment lost at 3 s is there again at 4.2 s; another one, lost at 7.5 s, is not by the end.
        let held = line(8000, |at| match at {
            3000..4200 => 3_000_000,
            7500.. => 7_500_000,
            at => at * 1000,
        });
        let (read, come) = (held.confirmed(), held.arrived().unwrap());
        assert!((read.rate(4.0, 8.0) / 8e6 - 1.0).abs() > 0.1, "the curve of what was read shows the holes");
        for (from, to) in [(2.0, 4.0), (3.5, 5.0), (4.0, 8.0)] {
            let rate = come.rate(from, to);
            assert!((rate / 8e6 - 1.0).abs() < 0.002, "{from}..{to}: {rate}");
        }
    }

    #[test]
    fn without_the_systems_word_there_is_no_such_curve() {
        let mut arrivals = Arrivals::in_segments(0.05);
        for at in 0..400_u32 {
            arrivals.push(f64::from(at) / 100.0, u64::from(at) * 10_000, None);
        }
        assert_eq!(arrivals.arrived(), None);
        assert!((arrivals.confirmed().rate(1.0, 2.0) / 8e6 - 1.0).abs() < 1e-6);
        assert_eq!(Arrivals::in_bytes(1.0, 0.05).arrived(), None);
    }

    #[test]
    fn segments_that_carry_nothing_new_are_no_rate() {
        // From the third second on, every second segment is one that had come before.
        let mut arrivals = Arrivals::in_segments(0.05);
        for at in (0..8000_u64).step_by(10) {
            let again = at.saturating_sub(3000);
            arrivals.push(at as f64 / 1e3, at * 1000 - again * 500, Some(at));
        }
        assert_eq!(arrivals.arrived(), None);
    }

    #[test]
    fn an_uploads_pace_is_its_acknowledgements_unless_a_box_on_the_way_sends_them() {
        // The mire tells each second of what its system acknowledged all along.
        let upload = |proxied: u64| {
            let mut arrivals = Arrivals::in_bytes(0.99, 0.05);
            for at in (0..6000_u64).step_by(10) {
                arrivals.push(at as f64 / 1e3, at / 1000 * 990_000, Some(at * 1000 + proxied.min(at * 9000)));
            }
            arrivals
        };
        let rate = upload(0).arrived().unwrap().rate(2.5, 5.9);
        assert!((rate / 7.92e6 - 1.0).abs() < 0.002, "{rate}");
        assert_eq!(upload(3_000_000).arrived(), None, "a proxy has taken 3 MB in advance");
    }
}
