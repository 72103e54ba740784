//! When a transfer's bytes arrived, rather than when TCP could hand them on. Pure.
//!
//! TCP hands bytes on in order: what comes after a lost segment waits in the receiver's kernel, for a round trip or
//! several, until that one is sent again, and is then read all at once. On a long path this hides up to a whole window
//! at one end of the measured stretch and gives it back at the other: 6 % and more of a transfer at 600 ms. Both
//! kernels know better: the receiver's counts segments as they come, in order or not; the sender's hears of each by
//! selective acknowledgements, long before a mire's message tells of bytes read.

use super::series::Series;

/// Segments from which on the bytes of one are known: requests, headers and the first, smaller messages no longer weigh.
const LEAST_SEGMENTS: u64 = 64;

/// A moment of a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Seconds since the transfer's start.
    at: f64,
    /// Application bytes read here, or confirmed by the far end's program, by then.
    confirmed: u64,
    /// What the system knew to have arrived by then, in units of its own.
    arrived: Option<u64>,
}

/// What had arrived by when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrivals(Vec<Point>);

impl Arrivals {
    /// Adds a moment: application bytes, and what the system knows to have arrived (segments, TCP's bytes). The first
    /// must have been looked at before the second, so that no byte lacks its segment.
    pub(crate) fn push(&mut self, at: f64, confirmed: u64, arrived: Option<u64>) {
        self.0.push(Point { at, confirmed, arrived });
    }

    /// Forgets what came after `at`.
    pub(crate) fn cut(&mut self, at: f64) {
        self.0.retain(|point| point.at <= at);
    }

    /// The curve of what was confirmed.
    pub(crate) fn confirmed(&self) -> Series {
        let mut series = Series::default();
        for point in &self.0 {
            series.push(point.at, point.confirmed as f64);
        }
        series
    }

    /// The curve of what had arrived, `unit` application bytes for each of the system's. `None` where the system does
    /// not tell, or where more is unconfirmed at the end than arrives in `lag_s` seconds: then it is not all the
    /// transfer's (the same segments again, bytes that some box on the way took in the far end's place).
    pub(crate) fn arrived(&self, unit: f64, lag_s: f64) -> Option<Series> {
        let last = self.0.last()?;
        let mut series = Series::default();
        for point in &self.0 {
            series.push(point.at, unit * point.arrived? as f64);
        }
        // The later half's rate: on a long path the mean of all would be that of slow start.
        let rate = series.rate(last.at / 2.0, last.at) / 8.0;
        let unconfirmed = series.bytes_at(last.at) - last.confirmed as f64;
        (unconfirmed <= rate * lag_s).then_some(series)
    }

    /// Application bytes for each segment of a download. `None` while there are too few of them, or where the system does
    /// not tell.
    ///
    /// Bytes over segments is too low by all that waits, at the best of moments: behind a lost segment nothing may, but of
    /// each stream in TLS a part of a record always does, 2 % of a second's bytes with four streams. So a later moment is
    /// compared with an earlier one, each when least waited: what always waits cancels out.
    pub(crate) fn bytes_per_segment(&self) -> Option<f64> {
        let known: Vec<(f64, f64)> = self
            .0
            .iter()
            .filter_map(|point| Some((point.confirmed, point.arrived?)))
            .filter(|(bytes, segments)| *bytes > 0 && *segments >= LEAST_SEGMENTS)
            .map(|(bytes, segments)| (bytes as f64, segments as f64))
            .collect();
        let overall = known.iter().map(|(bytes, segments)| bytes / segments).reduce(f64::max)?;
        let whole = known.last()?.1;
        // Not the first quarter: fewer streams were open then, and less waited.
        let least_waiting = |from: f64, to: f64| {
            let lead = |(bytes, segments): &(f64, f64)| bytes - overall * segments;
            let within = known.iter().filter(|point| point.1 > from * whole && point.1 <= to * whole);
            within.max_by(|a, b| lead(a).total_cmp(&lead(b)))
        };
        let (Some(from), Some(to)) = (least_waiting(0.25, 0.5), least_waiting(0.5, 1.0)) else {
            return Some(overall);
        };
        let steps = to.1 - from.1;
        Some(if steps >= LEAST_SEGMENTS as f64 { overall.max((to.0 - from.0) / steps) } else { overall })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_waits_behind_a_lost_segment_has_come() {
        // A line of 8 Mbit/s, 1000 bytes a millisecond in segments of 1000, after a handshake of five. A segment lost at
        // 3 s is there again at 4.2 s; another one, lost at 7.5 s, is not by the end.
        let mut arrivals = Arrivals::default();
        for at in (0..=8000_u64).step_by(10) {
            let read = match at {
                3000..4200 => 3000,
                7500.. => 7500,
                at => at,
            };
            arrivals.push(at as f64 / 1e3, read * 1000, Some(at + 5));
        }
        let unit = arrivals.bytes_per_segment().unwrap();
        let (read, come) = (arrivals.confirmed(), arrivals.arrived(unit, 1.7).unwrap());
        assert!((read.rate(4.0, 8.0) / 8e6 - 1.0).abs() > 0.1, "the curve of what was read shows the holes");
        for (from, to) in [(2.0, 4.0), (3.5, 5.0), (4.0, 8.0)] {
            let rate = come.rate(from, to);
            assert!((rate / 8e6 - 1.0).abs() < 0.002, "{from}..{to}: {rate}");
        }
    }

    #[test]
    fn the_part_of_a_record_that_always_waits_takes_nothing_off_a_segment() {
        // Eight streams in TLS on 8 Mbit/s, 1000 segments of 1000 bytes a second, read in records of 16 kB.
        let mut arrivals = Arrivals::default();
        for at in (0..=1500_u64).step_by(10) {
            let read: u64 = (0..8).map(|stream| (at * 125 + stream * 2000) / 16_000 * 16_000).sum();
            arrivals.push(at as f64 / 1e3, read, Some(at + 56));
        }
        let last = arrivals.0.last().unwrap();
        let simple = last.confirmed as f64 / last.arrived.unwrap() as f64;
        assert!(simple < 970.0, "{simple}");
        let unit = arrivals.bytes_per_segment().unwrap();
        assert!((unit / 1000.0 - 1.0).abs() < 0.012, "{unit}");
    }

    #[test]
    fn without_the_systems_word_there_is_no_such_curve() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.arrived(1.0, 1.0), None);
        for at in 0..400_u32 {
            arrivals.push(f64::from(at) / 100.0, u64::from(at) * 10_000, None);
        }
        assert_eq!(arrivals.arrived(1.0, 1.0), None);
        assert_eq!(arrivals.bytes_per_segment(), None);
        assert!((arrivals.confirmed().rate(1.0, 2.0) / 8e6 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn segments_that_carry_nothing_new_are_no_rate() {
        // From the third second on, every second segment is one that had come before.
        let mut arrivals = Arrivals::default();
        for at in (0..8000_u64).step_by(10) {
            let again = at.saturating_sub(3000);
            arrivals.push(at as f64 / 1e3, at * 1000 - again * 500, Some(at));
        }
        let unit = arrivals.bytes_per_segment().unwrap();
        assert_eq!(arrivals.arrived(unit, 0.6), None);
    }

    #[test]
    fn an_uploads_pace_is_its_acknowledgements_unless_a_box_on_the_way_sends_them() {
        // The mire tells each second of what its system acknowledged all along.
        let upload = |proxied: u64| {
            let mut arrivals = Arrivals::default();
            for at in (0..6000_u64).step_by(10) {
                let arrived = at * 1000 + proxied.min(at * 9000);
                arrivals.push(at as f64 / 1e3, at / 1000 * 990_000, Some(arrived));
            }
            arrivals
        };
        let rate = upload(0).arrived(0.99, 1.2).unwrap().rate(2.5, 5.9);
        assert!((rate / 7.92e6 - 1.0).abs() < 0.002, "{rate}");
        assert_eq!(upload(3_000_000).arrived(0.99, 1.2), None, "a proxy has taken 3 MB in advance");
    }
}
