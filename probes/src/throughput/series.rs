//! The curve of a transfer: how many bytes had arrived by when. Pure.
//!
//! Not an estimate: see [`super::estimate`].

use sonde_report::values::Sample;

/// Points kept in a report for the curve: enough for an A4 page, small enough for a spool.
const MAX_SAMPLES: usize = 200;

/// A moment of a transfer and the bytes that had arrived by then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Seconds since the transfer's start.
    pub(crate) at: f64,
    /// Application bytes so far.
    pub(crate) bytes: f64,
}

/// Bytes of which only the total is known to have arrived between two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// Seconds since the transfer's start.
    pub(crate) from: f64,
    /// Seconds since the transfer's start.
    pub(crate) to: f64,
    /// Bytes that arrived in between.
    pub(crate) bytes: u64,
}

/// A transfer's curve: points in order of time, bytes never falling.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series(Vec<Point>);

impl Series {
    /// Adds a point; one that is not later than the last is dropped, bytes that fall are held.
    pub(crate) fn push(&mut self, at: f64, bytes: f64) {
        if !at.is_finite() || !bytes.is_finite() {
            return;
        }
        match self.0.last() {
            Some(last) if at <= last.at => {}
            Some(last) => {
                let bytes = bytes.max(last.bytes);
                self.0.push(Point { at, bytes });
            }
            None => self.0.push(Point { at, bytes: bytes.max(0.0) }),
        }
    }

    /// The curve of `spans` up to `until`, on a grid of `step` seconds: each span's bytes spread evenly over it. That
    /// is an interpolation; the total at the end of a span is exact where no other span is under way.
    pub(crate) fn from_spans(spans: &[Span], until: f64, step: f64) -> Self {
        // A step that is a whole share of the time must not lose its last cell to rounding.
        let cells = (until / step + 1e-6).floor().clamp(0.0, 100_000.0) as usize;
        let mut per_cell = vec![0.0; cells];
        for span in spans {
            let (from, to) = (span.from.max(0.0), span.to.max(span.from).max(0.0));
            let first = (from / step) as usize;
            let last = ((to / step) as usize).min(cells.saturating_sub(1));
            let length = (to - from).max(1e-9);
            for (cell, total) in per_cell.iter_mut().enumerate().take(last + 1).skip(first) {
                let (low, high) = (cell as f64 * step, (cell + 1) as f64 * step);
                *total += span.bytes as f64 * ((to.min(high) - from.max(low)).max(0.0) / length).min(1.0);
            }
        }
        let mut series = Self::default();
        series.push(0.0, 0.0);
        let mut sum = 0.0;
        for (cell, bytes) in per_cell.iter().enumerate() {
            sum += bytes;
            series.push((cell + 1) as f64 * step, sum);
        }
        series
    }

    /// The last moment, seconds; 0 when empty.
    pub(crate) fn end(&self) -> f64 {
        self.0.last().map_or(0.0, |point| point.at)
    }

    /// Forgets what came after `at`.
    pub(crate) fn cut(&mut self, at: f64) {
        self.0.retain(|point| point.at <= at);
    }

    /// Bytes by the moment `at`, interpolated.
    pub(crate) fn bytes_at(&self, at: f64) -> f64 {
        let next = self.0.partition_point(|point| point.at < at);
        match (next.checked_sub(1).and_then(|index| self.0.get(index)), self.0.get(next)) {
            (Some(before), Some(after)) => {
                let share = (at - before.at) / (after.at - before.at);
                before.bytes + (after.bytes - before.bytes) * share
            }
            (Some(last), None) => last.bytes,
            (None, Some(first)) if at >= first.at => first.bytes,
            (None, _) => 0.0,
        }
    }

    /// Mean rate between two moments, bit/s; 0 for an empty stretch.
    pub(crate) fn rate(&self, from: f64, to: f64) -> f64 {
        if to > from { (self.bytes_at(to) - self.bytes_at(from)) * 8.0 / (to - from) } else { 0.0 }
    }

    /// The same, from one arrival to another: on a slow line the bytes come in steps, and a stretch that begins just
    /// before one and ends just after one would hold a step too many. A level that has lasted for longer than `wait`
    /// seconds is silence, and counts.
    pub(crate) fn paced_rate(&self, from: f64, to: f64, wait: f64) -> f64 {
        let (from, to) = (self.step_before(from, wait), self.step_before(to, wait));
        self.rate(from, to)
    }

    /// When the level at `at` was reached, if that is at most `wait` seconds ago; `at` otherwise.
    fn step_before(&self, at: f64, wait: f64) -> f64 {
        let until = self.0.partition_point(|point| point.at <= at);
        let Some(level) = until.checked_sub(1).and_then(|index| self.0.get(index)) else { return at };
        let reached = self.0.partition_point(|point| point.bytes < level.bytes);
        self.0.get(reached).map(|point| point.at).filter(|reached| at - reached <= wait).unwrap_or(at)
    }

    /// The curve thinned out for the report.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let every = self.0.len().div_ceil(MAX_SAMPLES - 1).max(1);
        let mut samples: Vec<Sample> = self.0.iter().step_by(every).map(sample).collect();
        if let Some(last) = self.0.last().map(sample)
            && samples.last() != Some(&last)
        {
            samples.push(last);
        }
        samples
    }
}

fn sample(point: &Point) -> Sample {
    Sample { at_ms: (point.at * 1e3).round() as u64, bytes: point.bytes.round() as u64 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn interpolates_and_holds() {
        let mut series = Series::default();
        series.push(0.0, 0.0);
        series.push(1.0, 100.0);
        series.push(0.5, 500.0);
        series.push(2.0, 50.0);
        assert!((series.bytes_at(0.5) - 50.0).abs() < 1e-9);
        assert!((series.bytes_at(9.0) - 100.0).abs() < 1e-9, "bytes never fall, time never goes back");
        assert!((series.rate(0.0, 1.0) - 800.0).abs() < 1e-9);
    }

    #[test]
    fn steps_are_counted_from_one_to_another() {
        // 0.5 Mbit/s in steps of 3000 bytes, one each 48 ms.
        let mut series = Series::default();
        for tick in 0..400_u32 {
            series.push(f64::from(tick) / 100.0, f64::from(tick / 5) * 3000.0);
        }
        for offset in [0.0, 0.013, 0.021, 0.038] {
            let rate = series.paced_rate(1.0 + offset, 1.5, 0.1);
            assert!((rate / 480e3 - 1.0).abs() < 1e-6, "{offset}: {rate}");
        }
        series.push(6.0, 237_000.0);
        let silent = series.paced_rate(1.0, 6.0, 0.1);
        assert!((silent / (177_000.0 * 8.0 / 5.0) - 1.0).abs() < 1e-6, "silence is slow: {silent}");
    }

    #[test]
    fn spans_keep_their_total() {
        let spans = [Span { from: 0.13, to: 0.87, bytes: 1000 }, Span { from: 0.5, to: 1.0, bytes: 500 }];
        let series = Series::from_spans(&spans, 1.0, 0.05);
        assert!((series.bytes_at(series.end()) - 1500.0).abs() < 1e-6);
        assert!((series.bytes_at(0.5) - 500.0).abs() < 1.0, "half of the first span");
    }

    #[test]
    fn spans_of_a_moment_keep_their_total_too() {
        let spans =
            [Span { from: 0.0, to: 0.021, bytes: 1000 }, Span { from: 0.021, to: 0.0397, bytes: 500 }];
        let series = Series::from_spans(&spans, 0.0397, 0.0397 / 64.0);
        assert!((series.bytes_at(series.end()) - 1500.0).abs() < 1e-3, "{}", series.bytes_at(series.end()));
        assert!(Series::from_spans(&spans, 0.0, 0.0).bytes_at(1.0) < 1e-9);
    }

    #[test]
    fn samples_are_few_and_end_at_the_end() {
        let mut series = Series::default();
        for i in 0..5000 {
            series.push(f64::from(i) * 0.001, f64::from(i));
        }
        let samples = series.samples();
        assert!(samples.len() <= MAX_SAMPLES, "{}", samples.len());
        assert_eq!(samples.last().unwrap().bytes, 4999);
    }
}
