//! When a download's bytes arrived, rather than when TCP could hand them on. Pure.
//!
//! TCP hands bytes on in order: what comes after a lost segment waits in the kernel, for a round trip or several, until
//! that one is sent again, and is then read all at once. On a long path this hides up to a whole window at one end of
//! the measured stretch and gives it back at the other: 6 % and more of a transfer at 600 ms. The kernel counts segments
//! as they come, in order or not (`tcpi_data_segs_in`, RFC 4898 `SegsIn`), so their number shows the line's own pace.

use super::series::Series;

/// Segments from which on the bytes of one are known: requests, headers and the first, smaller messages no longer weigh.
const LEAST_SEGMENTS: u64 = 64;
/// What may wait in the kernel, as the time it took to come, seconds, on top of two round trips: readers that a busy
/// machine holds up. More, the segments carry something else than the transfer's bytes (the same ones again, a tunnel's
/// padding), and only bytes handed on count.
const WAITING_S: f64 = 0.5;

/// A moment of a download.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Seconds since the transfer's start.
    at: f64,
    /// Application bytes read by then.
    bytes: u64,
    /// Segments with data that had come by then on all connections.
    segments: Option<u64>,
}

/// What was read by when, and what had come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrivals(Vec<Point>);

impl Arrivals {
    /// Adds a moment. The bytes must have been looked at before the segments: so no byte lacks its segment.
    pub(crate) fn push(&mut self, at: f64, bytes: u64, segments: Option<u64>) {
        self.0.push(Point { at, bytes, segments });
    }

    /// Forgets what came after `at`.
    pub(crate) fn cut(&mut self, at: f64) {
        self.0.retain(|point| point.at <= at);
    }

    /// The curve of what was read.
    pub(crate) fn read(&self) -> Series {
        let mut series = Series::default();
        for point in &self.0 {
            series.push(point.at, point.bytes as f64);
        }
        series
    }

    /// The curve of what had come, in application bytes; of what was read where the system does not tell, or where the
    /// segments cannot all be the transfer's. `rtt` in seconds.
    pub(crate) fn curve(&self, rtt: f64) -> Series {
        self.arrived(rtt).unwrap_or_else(|| self.read())
    }

    fn arrived(&self, rtt: f64) -> Option<Series> {
        let segment = self.bytes_per_segment()?;
        let last = self.0.last()?;
        let waiting = segment * last.segments? as f64 - last.bytes as f64;
        let rate = last.bytes as f64 / last.at.max(f64::MIN_POSITIVE);
        if waiting > rate * (2.0 * rtt + WAITING_S) {
            return None;
        }
        let mut series = Series::default();
        for point in &self.0 {
            // Before the transfer's own bytes come, segments are handshakes and headers.
            let come = if point.bytes == 0 { 0.0 } else { segment * point.segments? as f64 };
            series.push(point.at, come.max(point.bytes as f64));
        }
        Some(series)
    }

    /// Application bytes that one segment carries: the most that was read for each that had come, that is, at the
    /// moment when the fewest waited.
    fn bytes_per_segment(&self) -> Option<f64> {
        self.0
            .iter()
            .filter_map(|point| Some((point.bytes, point.segments?)))
            .filter(|(_, segments)| *segments >= LEAST_SEGMENTS)
            .map(|(bytes, segments)| bytes as f64 / segments as f64)
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
        let mut arrivals = Arrivals::default();
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
        let (read, come) = (held.read(), held.curve(0.6));
        assert!((read.rate(4.0, 8.0) / 8e6 - 1.0).abs() > 0.1, "the curve of what was read shows the holes");
        for (from, to) in [(2.0, 4.0), (3.5, 5.0), (4.0, 8.0)] {
            let rate = come.rate(from, to);
            assert!((rate / 8e6 - 1.0).abs() < 0.002, "{from}..{to}: {rate}");
        }
    }

    #[test]
    fn without_the_systems_word_only_what_was_read_counts() {
        let mut arrivals = Arrivals::default();
        for at in 0..400_u32 {
            arrivals.push(f64::from(at) / 100.0, u64::from(at) * 10_000, None);
        }
        assert_eq!(arrivals.curve(0.05), arrivals.read());
        assert_eq!(Arrivals::default().curve(0.05), Series::default());
    }

    #[test]
    fn segments_that_carry_nothing_new_are_no_rate() {
        // From the third second on, every second segment is one that had come before.
        let mut arrivals = Arrivals::default();
        for at in (0..8000_u64).step_by(10) {
            let again = at.saturating_sub(3000);
            arrivals.push(at as f64 / 1e3, at * 1000 - again * 500, Some(at));
        }
        assert_eq!(arrivals.curve(0.05), arrivals.read());
    }
}
