//! When a transfer that only has to answer "is it at least so much?" has answered. Pure.
//!
//! Slow start and the opening of streams only make a rate look smaller, so "above" may be said while they last; "below"
//! only once they are over. An opening burst of a shaper makes it look larger: "above" rests on the later half of the
//! transfer, and on more data than a burst may carry.

use super::estimate::{Conditions, Estimate, estimate};
use super::series::Series;

/// The curve is looked at many times: the 95 % interval is widened by this before it decides, to 99.7 % for one look.
const LOOKS_WIDENING: f64 = 1.5;
/// The largest opening burst reckoned with, bytes: a token bucket of 4 MiB, and 7 % more in which its end shows.
const BURST_BYTES: f64 = 4.5e6;
/// The burst is reckoned with where the rate seen is this many times the threshold or more. Nearer to it, it would take
/// 9 MB and more to exclude one (see the decision page): the transfer says so instead.
const BURST_RATIO: f64 = 1.5;
/// The sustained rate that may hide behind the burst, as a share of the threshold: nearer to it, a wrong answer would
/// be a small one, and the data to find it out without bound.
const HIDDEN_SHARE: f64 = 0.8;
/// The end of the transfer that must lie above by itself, seconds (or two round trips).
const RECENT_S: f64 = 0.3;
/// Parts of the transfer's later half, each of which must lie above for a quick answer…
const PARTS: u32 = 4;
/// …by this factor: nearer to the threshold, the estimate with its interval decides.
const CLEARLY: f64 = 1.10;
/// Shortest part, seconds: several scheduler ticks, several packets at every threshold.
const MIN_PART_S: f64 = 0.05;

/// "Below" needs at least so many bytes: the lowest threshold's 8 Mbit/s bring them in a third of a second…
const LEAST_BYTES: f64 = 320e3;
/// …or so much time, seconds: a line that has not brought them by then is slow, whatever its round trip.
const LEAST_S: f64 = 4.0;

/// A threshold in application bytes, bit/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Threshold {
    /// The threshold, bit/s.
    pub(crate) at_least: f64,
    /// Half-width, relative, of the band around it in which nothing is decided.
    pub(crate) margin: f64,
}

/// The estimate that answers for every threshold, if there is one. `settled`: no more streams will be opened.
pub(crate) fn decided(
    series: &Series,
    conditions: Conditions,
    thresholds: &[Threshold],
    settled: bool,
) -> Option<Estimate> {
    if thresholds.is_empty() {
        return None;
    }
    let quick = later_half(series, conditions);
    if let Some(found) = quick
        && thresholds.iter().all(|threshold| {
            let low = found.rate - found.half_width;
            low >= CLEARLY * threshold.at_least && burst_excluded(series, threshold.at_least)
        })
    {
        return Some(found);
    }
    let found = estimate(series, conditions).filter(|found| !found.still_rising)?;
    thresholds
        .iter()
        .all(|threshold| answers(series, conditions, &found, *threshold, settled))
        .then_some(found)
}

/// Whether an estimate lies clearly on one side of a threshold, or clearly within its band.
fn answers(
    series: &Series,
    conditions: Conditions,
    found: &Estimate,
    threshold: Threshold,
    settled: bool,
) -> bool {
    let Threshold { at_least, margin } = threshold;
    let (low, high) =
        (found.rate - LOOKS_WIDENING * found.half_width, found.rate + LOOKS_WIDENING * found.half_width);
    let (lower_edge, upper_edge) = (at_least * (1.0 - margin), at_least * (1.0 + margin));
    // A burst that has just ended still lifts the mean.
    let recent = series.rate((series.end() - RECENT_S.max(2.0 * conditions.rtt)).max(0.0), series.end());
    let above = low > upper_edge && recent >= at_least && burst_excluded(series, at_least);
    let known = series.bytes_at(series.end()) >= LEAST_BYTES || series.end() >= LEAST_S;
    let below = settled && known && high < lower_edge;
    // A burst may hide a rate below the band, too, but then the answer is "cannot tell" all the same.
    let within = settled && known && low > lower_edge && high < upper_edge;
    above || below || within
}

/// Whether more has arrived than a burst before a slower shaper could explain, or the rate lies so near to the
/// threshold that it is not asked.
fn burst_excluded(series: &Series, at_least: f64) -> bool {
    fastest(series) < BURST_RATIO * at_least || drained(series, HIDDEN_SHARE * at_least) >= BURST_BYTES
}

/// What a token bucket refilled at `shaper` bit/s would have lost by the end of the transfer, bytes: each moment's bytes
/// beyond what the refill gave (a full bucket gains nothing).
fn drained(series: &Series, shaper: f64) -> f64 {
    /// Slices of the transfer: fine enough for slow start, coarse enough that noise does not count as draining.
    const SLICES: u32 = 32;
    let slice = series.end() / f64::from(SLICES);
    let rate = |index: u32| series.rate(f64::from(index) * slice, f64::from(index + 1) * slice);
    (0..SLICES).map(|index| (rate(index) - shaper).max(0.0) / 8.0 * slice).sum()
}

/// The highest rate of an eighth of the transfer: a burst that has ended is in there, too.
fn fastest(series: &Series) -> f64 {
    let part = series.end() / 8.0;
    (0..8).map(|index| series.rate(f64::from(index) * part, f64::from(index + 1) * part)).fold(0.0, f64::max)
}

/// Whether an answer "above" rests on so little data that an opening burst is not excluded.
pub(crate) fn burst_possible(series: &Series, rate: f64, thresholds: &[Threshold]) -> bool {
    thresholds.iter().any(|threshold| {
        rate >= threshold.at_least && drained(series, HIDDEN_SHARE * threshold.at_least) < BURST_BYTES
    })
}

/// The later half of a transfer as a lower bound: its mean, and an interval down to its slowest part. `None` while it
/// is too short to have parts.
fn later_half(series: &Series, conditions: Conditions) -> Option<Estimate> {
    let (from, to) = (series.end() / 2.0, series.end());
    let part = (to - from) / f64::from(PARTS);
    // Within one round trip, slow start sends in bursts: together the parts must span two.
    if part < MIN_PART_S.max(conditions.rtt / 2.0).max(conditions.grain) {
        return None;
    }
    let rate = series.rate(from, to);
    let slowest = (0..PARTS)
        .map(|index| series.rate(from + f64::from(index) * part, from + f64::from(index + 1) * part))
        .fold(f64::INFINITY, f64::min);
    let rising = series.rate(to - part, to) > 1.05 * series.rate(from, from + part);
    (slowest > 0.0).then(|| Estimate {
        rate,
        half_width: (rate - slowest).max(0.005 * rate),
        from,
        to,
        still_rising: rising,
        fell: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold(at_least: f64) -> Threshold {
        Threshold { at_least, margin: 0.02 }
    }

    #[test]
    fn a_burst_too_near_to_the_threshold_to_be_seen_is_owned_up_to() {
        let mut series = Series::default();
        series.push(0.0, 0.0);
        series.push(2.0, 3e6);
        assert!(burst_possible(&series, 12e6, &[threshold(10e6)]));
        assert!(!burst_possible(&series, 9e6, &[threshold(10e6)]), "a burst cannot explain too little");
        series.push(20.0, 30e6);
        assert!(!burst_possible(&series, 12e6, &[threshold(10e6)]));
    }

    #[test]
    fn without_threshold_nothing_is_decided() {
        let mut series = Series::default();
        for tick in 0..400 {
            series.push(f64::from(tick) * 0.02, f64::from(tick) * 25_000.0);
        }
        let conditions = Conditions { rtt: 0.02, settled_at: 0.0, grain: 0.0 };
        assert_eq!(decided(&series, conditions, &[], true), None);
        assert!(decided(&series, conditions, &[threshold(8e6)], true).is_some());
    }
}
