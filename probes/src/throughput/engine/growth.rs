//! What the engine makes of the curve: more streams, or the end.

use sonde_report::values::StopReason;

use super::Engine;
use crate::throughput::Goal;
use crate::throughput::decide;
use crate::throughput::estimate::{Conditions, estimate, even_stretch};
use crate::throughput::series::Series;

/// Streams at most: with sixteen, one loss in a hundred at 60 ms still leaves 38 Mbit/s (Mathis et al., 1997).
pub(super) const MAX_STREAMS: usize = 16;
/// Above so many times the largest threshold, more streams would not change the verdict.
const ENOUGH_RATIO: f64 = 1.5;
/// Below this rate streams are doubled instead of quadrupled: on a very slow line many streams hurt each other.
const SLOW_BPS: f64 = 2e6;
/// More than four streams are opened only as far as each gets this much, bit/s: thinner, they starve each other, and what
/// arrives comes in fits.
const THIN_BPS: f64 = 1e6;
/// More streams are opened while the sum grew by more than this ratio with the last ones.
const STREAM_GROWTH: f64 = 1.10;
/// The two halves of a window differ by more than this ratio while streams begin: slow start doubles in one round trip, and
/// what it sent too much falls by a third with each loss.
const UNSETTLED_RATIO: f64 = 1.25;
/// Further windows to wait for streams that have not settled. Where one segment in a hundred is lost, slow start ends at a
/// hundred segments or so and falls to a dozen within ten round trips: two windows of four. Judged at its peak, four streams
/// seem to carry what sixteen settle at.
const MOST_WAITS: u8 = 2;
/// Streams on a long path, opened as soon as the first one carries.
const LONG_PATH_STREAMS: usize = 4;
/// Round trips until further streams have shown what they give: a window, their opening, a window again. Where these
/// take more than half of the time, nothing is tried one after the other. Besides, a lone sender's buffer of a few
/// megabytes is soon full of what a lost segment keeps back: it seldom fills a line of 30 Mbit/s at 600 ms. Not opened
/// sooner, beside the first: all would leave slow start in the same round trip, and lose far more.
const GROWTH_RTTS: f64 = 11.0;
/// The interval's half-width below which the estimate is stable…
const STABLE_SPREAD: f64 = 0.015;
/// …over at least this long, seconds…
const STABLE_S: f64 = 3.0;
/// …and with at least this many bytes: a 4 MB token bucket before a shaper of up to 0.6 of the line is empty by then.
const STABLE_BYTES: u64 = 10_000_000;

/// Streams to begin with on a path of this round trip, where a transfer may last `cap` seconds.
pub(super) fn streams_at_once(asked: usize, rtt: f64, cap: f64) -> usize {
    let least = if GROWTH_RTTS * rtt > cap / 2.0 { LONG_PATH_STREAMS } else { 1 };
    asked.clamp(least, MAX_STREAMS)
}

impl Engine<'_> {
    /// Looks at the curve: opens streams while they help, and says when the goal is reached.
    pub(super) fn judge(&mut self, now: f64) -> Option<StopReason> {
        let (series, conditions) = self.curve();
        self.decision = decide::decided(&series, conditions, &self.thresholds, !self.growing);
        if self.decision.is_some() {
            return Some(StopReason::Decided);
        }
        if self.growing {
            self.grow(&series, conditions, now);
            return None;
        }
        let stable = self.thresholds.is_empty()
            && self.job.goal != Goal::Fixed
            && self.meter.counted() >= STABLE_BYTES
            && estimate(&series, conditions).is_some_and(|found| {
                found.to - found.from >= STABLE_S && found.spread() <= STABLE_SPREAD && !found.still_rising
            });
        stable.then_some(StopReason::Stable)
    }

    /// Opens more streams once the last ones have shown what they give, while the sum still grows.
    fn grow(&mut self, series: &Series, conditions: Conditions, now: f64) {
        let window = conditions.window();
        let even = even_stretch(series, conditions);
        // Streams opened in the second half could not show a plateau any more.
        let late = now > self.cap / 2.0;
        if even.is_none() {
            if series.end() < conditions.settled_at + window * f64::from(1 + self.waited) {
                return;
            }
            // The first stream leaves half of the time for growth to the next ones.
            let until = if self.rate_before.is_none() { self.cap / 4.0 } else { self.cap / 2.0 };
            if self.waited < MOST_WAITS && now + window <= until && unsettled(series, window) {
                self.waited += 1;
                return;
            }
        }
        let rate = series.rate(even.unwrap_or(series.end() - window / 2.0), series.end());
        // A verdict far above its thresholds only waits for enough data.
        let largest = self.thresholds.iter().map(|threshold| threshold.at_least).reduce(f64::max);
        if largest.is_some_and(|largest| rate >= ENOUGH_RATIO * largest) {
            return;
        }
        let helped = self.rate_before.is_none_or(|before| rate > STREAM_GROWTH * before);
        if rate <= 0.0 || !helped || late || self.streams >= MAX_STREAMS {
            self.growing = rate <= 0.0 && !late;
            self.unfilled = helped && self.rate_before.is_some();
            return;
        }
        let wanted = if self.streams == 1 && rate < SLOW_BPS { 2 } else { (self.streams * 4).max(4) };
        let wanted = wanted.min(MAX_STREAMS).min((rate / THIN_BPS).max(4.0) as usize);
        if wanted <= self.streams {
            self.growing = false;
            self.unfilled = self.rate_before.is_some();
            return;
        }
        for _ in self.streams..wanted {
            self.spawn_new();
        }
        self.rate_before = Some(rate);
        self.settled_at = now;
        self.waited = 0;
    }
}

/// Whether the rate still moves, up or down, within the last `window` seconds.
fn unsettled(series: &Series, window: f64) -> bool {
    let (end, middle) = (series.end(), series.end() - window / 2.0);
    let (first, second) = (series.rate((end - window).max(0.0), middle), series.rate(middle, end));
    first.max(second) > UNSETTLED_RATIO * first.min(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_rises_or_falls_is_not_settled() {
        let curve = |rates: [f64; 4]| {
            let (mut series, mut bytes) = (Series::default(), 0.0);
            for (at, rate) in (1..).zip(rates) {
                bytes += rate * 0.25 / 8.0;
                series.push(f64::from(at) * 0.25, bytes);
            }
            series
        };
        assert!(!unsettled(&curve([4e6, 3.6e6, 4.1e6, 3.9e6]), 1.0));
        assert!(unsettled(&curve([1e6, 2e6, 4e6, 8e6]), 1.0));
        assert!(unsettled(&curve([20e6, 15e6, 10e6, 7e6]), 1.0));
        // Only the window counts.
        assert!(!unsettled(&curve([1e6, 2e6, 4e6, 4e6]), 0.5));
    }

    #[test]
    fn a_long_path_begins_with_four_streams_and_a_short_one_with_one() {
        for (rtt, cap, streams) in
            [(0.02, 8.0, 1), (0.15, 8.0, 1), (0.3, 8.0, 1), (0.4, 8.0, 4), (0.6, 9.0, 4)]
        {
            assert_eq!(streams_at_once(1, rtt, cap), streams, "{rtt} s, {cap} s");
        }
        // An upload has less time.
        assert_eq!(streams_at_once(1, 0.3, 5.0), 4);
        // What an earlier transfer found worth opening is opened, within the limits.
        assert_eq!(streams_at_once(2, 0.02, 8.0), 2);
        assert_eq!(streams_at_once(2, 0.6, 9.0), 4);
        assert_eq!(streams_at_once(99, 0.6, 9.0), MAX_STREAMS);
    }
}
