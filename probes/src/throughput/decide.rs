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
    #![allow(clippy::unwrap_used, clippy::print_stdout)]

    use super::*;

    /// Marsaglia's xorshift64: the same lines every time.
    struct Chance(u64);

    impl Chance {
        fn uniform(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn between(&mut self, low: f64, high: f64) -> f64 {
            low + (high - low) * self.uniform()
        }
    }

    /// A line of the simulation, as a rate in bit/s over time.
    struct Line {
        rtt: f64,
        rate: f64,
        /// Standard deviation of 100 ms means, relative.
        noise: f64,
        /// Bytes of an opening burst, and its peak, bit/s.
        burst: Option<(f64, f64)>,
    }

    /// What a transfer on a line comes to: the rate it reports, its interval, seconds and bytes; `None` when the cap
    /// ended it undecided.
    fn transfer(line: &Line, thresholds: &[Threshold], chance: &mut Chance) -> Option<(Estimate, f64, f64)> {
        const TICK: f64 = 0.02;
        let mut series = Series::default();
        series.push(0.0, 0.0);
        let (mut at, mut bytes, mut level) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut bucket = line.burst.map_or(0.0, |(bytes, _)| bytes);
        // One stream until its plateau shows, four after it: the engine's own pace, a round trip later or sooner.
        let ramp = line.rtt * (line.rate * line.rtt / 8.0 / 14_480.0).max(1.0).log2().max(1.0);
        let settled_at = ramp + 0.5 + 2.0 * line.rtt;
        let conditions = |at: f64| Conditions {
            rtt: line.rtt,
            settled_at: if at > settled_at { settled_at } else { 0.0 },
            grain: 0.0,
        };
        for tick in 0..((8.0_f64.max((15.0 * line.rtt).min(9.5)) / TICK) as u32) {
            // Slow start doubles each round trip from ten segments.
            let slow_start = 14_480.0 * 8.0 / line.rtt * 2_f64.powf(at / line.rtt);
            let open = match line.burst {
                Some((_, peak)) if bucket > 0.0 => peak,
                _ => line.rate,
            };
            // AR(1) with 0.8 a tick: five ticks' mean has 0.75 of its deviation.
            level = 0.8 * level + 0.6 * (chance.between(-1.0, 1.0) * 3_f64.sqrt());
            let moved = open.min(slow_start) * (1.0 + line.noise / 0.75 * level).max(0.0) / 8.0 * TICK;
            // The bucket's last bytes do not last for the whole tick.
            let moved = if bucket > 0.0 { moved.min(bucket + line.rate / 8.0 * TICK) } else { moved };
            bucket -= (moved - line.rate / 8.0 * TICK).max(0.0);
            at += TICK;
            bytes += moved;
            series.push(at, bytes);
            if tick % 5 == 0
                && let Some(found) = decided(&series, conditions(at), thresholds, at > settled_at)
            {
                return Some((found, at, bytes));
            }
        }
        None
    }

    /// The rule's own comparison (IP layer left out: the same factor on both sides).
    fn verdict(found: &Estimate, threshold: Threshold) -> &'static str {
        let Threshold { at_least, margin } = threshold;
        let near = (found.rate - at_least).abs() <= margin * at_least;
        if near {
            "inconclusive"
        } else if found.rate > at_least && found.rate - found.half_width >= at_least {
            "met"
        } else if found.rate < at_least && found.rate + found.half_width < at_least {
            "not_met"
        } else {
            "inconclusive"
        }
    }

    fn threshold(at_least: f64) -> Threshold {
        Threshold { at_least, margin: 0.02 }
    }

    /// Lines at a relative distance from the threshold, and how many verdicts on them were wrong, right, none.
    fn count(lines: u32, low: f64, high: f64, chance: &mut Chance) -> (u32, u32, u32) {
        let (mut wrong, mut right, mut none) = (0, 0, 0);
        for index in 0..lines {
            let at_least = [8e6, 10e6, 15e6][index as usize % 3];
            let distance = chance.between(low, high) * if index % 2 == 0 { 1.0 } else { -1.0 };
            let line = Line {
                rtt: [0.01, 0.03, 0.06, 0.15][chance.between(0.0, 3.999) as usize],
                rate: at_least * (1.0 + distance),
                noise: chance.between(0.002, 0.03),
                burst: None,
            };
            let said = transfer(&line, &[threshold(at_least)], chance)
                .map_or("inconclusive", |(found, ..)| verdict(&found, threshold(at_least)));
            let truth = if distance > 0.0 { "met" } else { "not_met" };
            match said {
                "inconclusive" => none += 1,
                said if said == truth => right += 1,
                _ => wrong += 1,
            }
        }
        println!("{low}..{high}: {wrong} wrong, {right} right, {none} without, of {lines}");
        (wrong, right, none)
    }

    #[test]
    fn of_a_thousand_lines_five_per_cent_off_none_is_judged_wrongly() {
        let (wrong, right, _) = count(1000, 0.05, 1.0, &mut Chance(1));
        assert_eq!(wrong, 0);
        assert!(right >= 990, "{right} decided");
    }

    #[test]
    fn between_two_and_five_per_cent_at_most_one_in_a_hundred_is_wrong() {
        let (wrong, right, _) = count(500, 0.02, 0.05, &mut Chance(2));
        assert!(wrong <= 5, "{wrong}");
        assert!(right >= 250, "{right} decided");
    }

    #[test]
    fn within_two_per_cent_nine_in_ten_are_inconclusive() {
        let (wrong, right, none) = count(500, 0.0, 0.02, &mut Chance(3));
        assert!(none >= 450, "{wrong} wrong, {right} right, {none}");
    }

    #[test]
    fn a_verdict_at_eight_megabits_costs_little() {
        let mut chance = Chance(4);
        for (rtt, seconds, megabytes) in [(0.02, 1.5, 1.5), (0.06, 1.5, 1.5), (0.6, 8.0, 5.0)] {
            for at_least in [8e6 / 1.06, 10e6, 15e6] {
                let line = Line { rtt, rate: 8e6, noise: 0.01, burst: None };
                let (_, at, bytes) = transfer(&line, &[threshold(at_least)], &mut chance).unwrap();
                println!("rtt {rtt}, threshold {at_least:.0}: {at:.2} s, {:.2} MB", bytes / 1e6);
                assert!(at <= seconds && bytes <= megabytes * 1e6, "{rtt} {at_least}: {at} s, {bytes}");
            }
        }
    }

    #[test]
    fn four_megabytes_of_burst_before_eight_megabits_are_never_met_for_ten() {
        let mut chance = Chance(5);
        for peak in [16e6, 20e6, 30e6, 50e6, 100e6, 1e9, 1e10] {
            for rtt in [0.002, 0.02, 0.06, 0.15] {
                let line = Line { rtt, rate: 8e6, noise: 0.01, burst: Some((4_194_304.0, peak)) };
                let came = transfer(&line, &[threshold(10e6)], &mut chance);
                let said = came.map_or("inconclusive", |(found, ..)| verdict(&found, threshold(10e6)));
                assert_ne!(said, "met", "peak {peak}, rtt {rtt}: {came:?}");
            }
        }
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
