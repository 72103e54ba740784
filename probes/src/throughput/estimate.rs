//! From a transfer's curve to the sustained rate and how sure it is. Pure: no clock, no network.
//!
//! The rate is the mean over what follows the ramp (slow start, opening of streams) and any change of level, so that
//! neither slow start nor a token bucket's opening burst counts; its interval from the long-run variance of slots.

use super::interval;
use super::series::Series;
use crate::stats;

/// Shortest batch, seconds: averages out the bursts of one round trip and of a scheduler's tick.
const MIN_BATCH_S: f64 = 0.1;
/// Shortest window of the ramp's test, seconds.
const MIN_WINDOW_S: f64 = 0.5;
/// Windows in round trips: slow start doubles every round trip, so four of them cannot look flat.
const WINDOW_RTTS: f64 = 4.0;
/// The ramp is over when a window carries no more than this many times what the window before carried.
const RAMP_GROWTH: f64 = 1.05;
/// A change of level must be this large, relative to the mean, to be taken for one…
const SHIFT_SIZE: f64 = 0.10;
/// …and this many standard errors: the largest of n dependent splits, so far more than for one planned comparison.
const SHIFT_ERRORS: f64 = 5.0;
/// Batches a level must have on each side of a change.
const SHIFT_BATCHES: usize = 4;
/// Shortest stretch after a change that may stand for the line, seconds: shorter, it may be a passing dip.
const SHIFT_TAIL_S: f64 = 1.0;
/// Floor of the interval's half-width, relative: what ticks, headers and record sizes leave uncertain anyway…
const MIN_HALF_WIDTH: f64 = 0.005;
/// …on stretches this long, seconds. On shorter ones it grows with one over the root of the length, as a mean's error
/// does: what wanders more slowly than the stretch is long does not show in it.
const FLOOR_S: f64 = 3.0;
/// Half-width, relative, when too few slots are left for any statistics.
const UNKNOWN_HALF_WIDTH: f64 = 0.5;
/// Lags that may be correlated: a round trip's burst and its echo, in round trips…
const LAG_RTTS: f64 = 2.0;
/// …or this long, seconds: queues and schedulers on short paths…
const LAG_S: f64 = 0.2;
/// …or two of the far end's messages…
const LAG_GRAINS: f64 = 2.0;
/// …or this share of the stretch, for what is not known: other people's traffic.
const LAG_SHARE: f64 = 0.5;

/// Slots of an even stretch: enough for a deviation.
const EVEN_SLOTS: f64 = 8.0;
/// Shortest slot of an even stretch, seconds.
const EVEN_SLOT_S: f64 = 0.05;
/// Fewest bits in such a slot, and in a batch: 16 packets, so that one more or less is no unevenness.
const SLOT_BITS: f64 = 16.0 * 1448.0 * 8.0;
/// Packets after which one more must have come, bits: what an acknowledgement covers, twice.
const PACE_BITS: f64 = 4.0 * 1448.0 * 8.0;
/// Longest wait for such a packet, seconds, that is not silence.
const PACE_S: f64 = 0.5;
/// Standard deviation of the slots, relative, up to which a stretch is even: a saturated line's queue hands packets out
/// by the clock, a sender that waits for acknowledgements does not.
const EVEN_DEVIATION: f64 = 0.04;
/// The second half of an even stretch is at most this many times the first: half a second is short, and a slow rise would
/// pass [`RAMP_GROWTH`] in it.
const EVEN_GROWTH: f64 = 1.02;

/// How the transfer went, for the estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Conditions {
    /// Round trip, seconds.
    pub(crate) rtt: f64,
    /// The moment the last stream was added, seconds: nothing before stands for the sum.
    pub(crate) settled_at: f64,
    /// How finely the far end tells of bytes, seconds: 0 where each byte is seen.
    pub(crate) grain: f64,
}

impl Conditions {
    /// The window of the ramp's test, seconds.
    pub(crate) fn window(self) -> f64 {
        MIN_WINDOW_S.max(WINDOW_RTTS * self.rtt).max(2.0 * self.grain)
    }

    /// A batch of a transfer at about `rate` bit/s, seconds.
    fn batch(self, rate: f64) -> f64 {
        MIN_BATCH_S.max(self.rtt).max(self.grain).max(SLOT_BITS / rate.max(1.0))
    }
}

/// The sustained rate and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    /// Rate, application bytes, bit/s.
    pub(crate) rate: f64,
    /// Half-width of its 95 % confidence interval, bit/s.
    pub(crate) half_width: f64,
    /// Where the stretch it rests on begins, seconds: what comes before was discarded.
    pub(crate) from: f64,
    /// Where it ends, seconds.
    pub(crate) to: f64,
    /// Whether the rate was still rising.
    pub(crate) still_rising: bool,
    /// The rates before and after a fall in level, bit/s: a burst that ended, or other traffic that began.
    pub(crate) fell: Option<(f64, f64)>,
}

impl Estimate {
    /// The half-width relative to the rate.
    pub(crate) fn spread(&self) -> f64 {
        if self.rate > 0.0 { self.half_width / self.rate } else { f64::INFINITY }
    }
}

/// The end of the ramp, seconds: the first moment after `settled_at` from which one window carries at most
/// 1.05 x the window before it (counted from the second window's start: the first is discarded with the ramp).
/// `None` while it lasts.
pub(crate) fn ramp_end(series: &Series, conditions: Conditions) -> Option<f64> {
    let window = conditions.window();
    // An eighth of a window: fine enough to lose little, coarse enough not to pick a lucky moment.
    let step = window / 8.0;
    let mut start = conditions.settled_at.max(window);
    while start + window <= series.end() + 1e-9 {
        let before = series.rate(start - window, start);
        if before > 0.0 && series.rate(start, start + window) <= RAMP_GROWTH * before {
            return Some(start);
        }
        start += step;
    }
    None
}

/// Where the even stretch at the end of a curve begins, seconds, if there is one: for two round trips at least, bytes
/// came as evenly as only a saturated line (or a limit of the mire) lets them, and no faster in the second half. Slow
/// start doubles in that time. Found sooner than [`ramp_end`]'s plateau, but only where the line is calm.
pub(crate) fn even_stretch(series: &Series, conditions: Conditions) -> Option<f64> {
    let end = series.end();
    let recent = series.rate((end - EVEN_SLOTS * EVEN_SLOT_S).max(0.0), end);
    if recent <= 0.0 {
        return None;
    }
    let slot = EVEN_SLOT_S
        .max(SLOT_BITS / recent)
        .max(2.0 * conditions.grain)
        .max(2.0 * conditions.rtt / EVEN_SLOTS);
    let from = end - EVEN_SLOTS * slot;
    if from < conditions.settled_at {
        return None;
    }
    let slots = batch_means(series, from, slot);
    let (mean, deviation) = (stats::mean(&slots)?, stats::deviation(&slots)?);
    let middle = f64::midpoint(from, end);
    let rising = series.rate(middle, end) > EVEN_GROWTH * series.rate(from, middle);
    (deviation <= EVEN_DEVIATION * mean && !rising).then_some(from)
}

/// The sustained rate of `series`; `None` when nothing arrived.
pub(crate) fn estimate(series: &Series, conditions: Conditions) -> Option<Estimate> {
    let end = series.end();
    let plateau = ramp_end(series, conditions);
    let even = if plateau.is_none() { even_stretch(series, conditions) } else { None };
    let ramp = plateau.or(even);
    // Still in the ramp: the last window is the best lower bound there is.
    let mut from = ramp.unwrap_or_else(|| (end - conditions.window()).max(end / 2.0));
    let mut still_rising = ramp.is_none();
    let mut fell = None;
    // A short even stretch has few batches of a round trip; its slots are as independent as they are even.
    let batch =
        even.map_or_else(|| conditions.batch(series.rate(from, end)), |from| (end - from) / EVEN_SLOTS);
    // A burst may follow a ramp, and a recovery a burst: three changes are more than any transfer here shows.
    for _ in 0..3 {
        let means = batch_means(series, from, batch);
        let Some(shift) = find_shift(&means) else { break };
        let at = end - (means.len() - shift.index) as f64 * batch;
        let tail = end - at;
        if shift.after > shift.before {
            // What looked like a plateau was a step of the ramp.
            still_rising |= tail < conditions.window();
        } else if tail < SHIFT_TAIL_S.max(conditions.window()) {
            break;
        } else {
            fell = Some((shift.before, shift.after));
        }
        from = at;
    }
    let rate = series.rate(from, end);
    if !(rate > 0.0 && rate.is_finite()) {
        return None;
    }
    let rate = series.paced_rate(from, end, (PACE_BITS / rate).min(PACE_S));
    let half_width = half_width(series, from, conditions, rate);
    still_rising |= rises(series, from, end, half_width);
    Some(Estimate { rate, half_width, from, to: end, still_rising, fell })
}

/// Whether the second half of a stretch is faster than the first by more than the ramp's 5 % and its uncertainty.
fn rises(series: &Series, from: f64, to: f64, half_width: f64) -> bool {
    let middle = f64::midpoint(from, to);
    let (first, second) = (series.rate(from, middle), series.rate(middle, to));
    // Each half is sqrt(2) less certain than the whole, their difference 2 times.
    second > RAMP_GROWTH * first && second - first > 2.0 * half_width
}

/// The rates of whole batches from the end back to `from`, oldest first, bit/s.
fn batch_means(series: &Series, from: f64, batch: f64) -> Vec<f64> {
    let end = series.end();
    let count = (((end - from) / batch) + 1e-6).floor().clamp(0.0, 10_000.0) as usize;
    (0..count)
        .rev()
        .map(|back| series.rate(end - (back + 1) as f64 * batch, end - back as f64 * batch))
        .collect()
}

/// Half-width of the 95 % interval of the mean rate between `from` and the end, bit/s.
fn half_width(series: &Series, from: f64, conditions: Conditions, rate: f64) -> f64 {
    let length = series.end() - from;
    // Finer than the far end tells may be: the lags span its messages.
    let slot = EVEN_SLOT_S.max(SLOT_BITS / rate.max(1.0));
    let lags = LAG_SHARE * length;
    let lags = lags.max(LAG_RTTS * conditions.rtt).max(LAG_S).max(LAG_GRAINS * conditions.grain);
    let slots = batch_means(series, from, slot);
    let floor = MIN_HALF_WIDTH * (FLOOR_S / length.clamp(f64::MIN_POSITIVE, FLOOR_S)).sqrt();
    let found = interval::half_width(&slots, (lags / slot).ceil() as usize);
    found.unwrap_or(UNKNOWN_HALF_WIDTH * rate).max(floor * rate)
}

/// A change of level in a list of batch means.
struct Shift {
    /// The first batch after it.
    index: usize,
    before: f64,
    after: f64,
}

/// The most significant change of level, if there is one: the split with the largest difference of means in
/// standard errors (binary segmentation).
fn find_shift(means: &[f64]) -> Option<Shift> {
    let overall = stats::mean(means)?;
    let mut best: Option<(f64, Shift)> = None;
    for index in SHIFT_BATCHES..(means.len() + 1).saturating_sub(SHIFT_BATCHES) {
        let (head, tail) = means.split_at(index);
        let (Some(before), Some(after)) = (stats::mean(head), stats::mean(tail)) else { continue };
        let within: f64 = head.iter().map(|v| (v - before).powi(2)).sum::<f64>()
            + tail.iter().map(|v| (v - after).powi(2)).sum::<f64>();
        let variance = within / (means.len() - 2) as f64;
        // A perfectly even curve has no variance: a thousandth of the mean stands in for the clock's resolution.
        let variance = variance.max((overall * 1e-3).powi(2));
        let error = (variance * (1.0 / head.len() as f64 + 1.0 / tail.len() as f64)).sqrt();
        let errors = (after - before).abs() / error.max(f64::MIN_POSITIVE);
        if errors > SHIFT_ERRORS
            && (after - before).abs() > SHIFT_SIZE * overall
            && best.as_ref().is_none_or(|(most, _)| errors > *most)
        {
            best = Some((errors, Shift { index, before, after }));
        }
    }
    best.map(|(_, shift)| shift)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    /// A curve sampled every 20 ms from a rate in bit/s over time.
    fn curve(length: f64, rate: impl Fn(f64) -> f64) -> Series {
        let mut series = Series::default();
        series.push(0.0, 0.0);
        let (mut at, mut bytes) = (0.0, 0.0);
        while at < length {
            bytes += rate(at) / 8.0 * 0.02;
            at += 0.02;
            series.push(at, bytes);
        }
        series
    }

    fn near() -> Conditions {
        Conditions { rtt: 0.05, settled_at: 0.0, grain: 0.0 }
    }

    /// A small generator: the tests' noise is the same every time.
    fn noise(seed: &mut u64) -> f64 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    #[test]
    fn a_constant_rate_is_found_at_once() {
        let found = estimate(&curve(4.0, |_| 10e6), near()).unwrap();
        assert!((found.rate / 10e6 - 1.0).abs() < 1e-6);
        assert!(found.spread() < 0.006 && !found.still_rising && found.fell.is_none());
        assert!(found.from < 0.6, "{found:?}");
    }

    #[test]
    fn slow_start_at_600_ms_does_not_count() {
        // Doubles every round trip from ten segments: 10 Mbit/s is reached after 3.3 s.
        let ramp = |at: f64| (10.0 * 1448.0 * 8.0 / 0.6 * 2_f64.powf(at / 0.6)).min(10e6);
        let satellite = Conditions { rtt: 0.6, ..near() };
        let found = estimate(&curve(12.0, ramp), satellite).unwrap();
        assert!((found.rate / 10e6 - 1.0).abs() < 0.01, "{found:?}");
        let cut = estimate(&curve(3.0, ramp), satellite).unwrap();
        assert!(cut.still_rising && cut.rate < 10e6, "{cut:?}");
    }

    #[test]
    fn a_burst_before_a_shaper_does_not_pass() {
        // 4 MB of burst at 20 Mbit/s, refilled at 8: it lasts 2.67 s.
        let found = estimate(&curve(8.0, |at| if at < 2.67 { 20e6 } else { 8e6 }), near()).unwrap();
        assert!((found.rate / 8e6 - 1.0).abs() < 0.03, "{found:?}");
        assert!(found.fell.is_some());
        // While it lasts nothing shows; just after its end the estimate must not look stable.
        let caught = estimate(&curve(3.2, |at| if at < 2.67 { 20e6 } else { 8e6 }), near()).unwrap();
        assert!(caught.spread() > 0.05, "{caught:?}");
    }

    #[test]
    fn a_rising_rate_is_called_rising() {
        let found = estimate(&curve(8.0, |at| 1e6 + at * 2e6), near()).unwrap();
        assert!(found.still_rising, "{found:?}");
    }

    #[test]
    fn a_stall_widens_the_interval() {
        let calm = estimate(&curve(8.0, |_| 10e6), near()).unwrap();
        let stalled = curve(8.0, |at| if (4.0..4.6).contains(&at) { 0.0 } else { 10e6 });
        let stalled = estimate(&stalled, near()).unwrap();
        assert!(stalled.half_width > 5.0 * calm.half_width && stalled.rate < 10e6, "{stalled:?}");
    }

    #[test]
    fn a_late_step_up_is_followed() {
        let found = estimate(&curve(8.0, |at| if at < 2.0 { 4e6 } else { 9e6 }), near()).unwrap();
        assert!((found.rate / 9e6 - 1.0).abs() < 0.03 && !found.still_rising, "{found:?}");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(estimate(&Series::default(), near()), None);
        assert_eq!(estimate(&curve(3.0, |_| 0.0), near()), None);
    }

    #[test]
    fn the_interval_covers_the_truth_about_as_often_as_it_says() {
        let mut seed = 88_172_645_463_325_252;
        let mut covered = 0;
        for _ in 0..400 {
            let mut series = Series::default();
            let (mut bytes, mut level) = (0.0, 0.0);
            for tick in 0..300 {
                series.push(f64::from(tick) * 0.02, bytes);
                // Correlated noise of a shared line: AR(1) over ticks.
                level = 0.8 * level + noise(&mut seed);
                bytes += 10e6 / 8.0 * 0.02 * (1.0 + 0.3 * level);
            }
            let found = estimate(&series, near()).unwrap();
            covered += u32::from((found.rate - 10e6).abs() <= found.half_width);
        }
        assert!(covered >= 356, "{covered} of 400: below 89 % for a 95 % interval");
    }

    proptest! {
        #[test]
        fn whatever_comes_the_figures_are_figures(
            steps in prop::collection::vec((0.0..0.3_f64, 0.0..1e8_f64), 0..300),
            rtt in 0.0..1.0_f64,
            settled_at in 0.0..5.0_f64,
            grain in 0.0..1.0_f64,
        ) {
            let mut series = Series::default();
            let (mut at, mut bytes) = (0.0, 0.0);
            for (time, more) in steps {
                at += time;
                bytes += more;
                series.push(at, bytes);
            }
            if let Some(found) = estimate(&series, Conditions { rtt, settled_at, grain }) {
                prop_assert!(found.rate.is_finite() && found.rate > 0.0);
                prop_assert!(found.half_width.is_finite() && found.half_width > 0.0);
                prop_assert!(found.from >= 0.0 && found.from < found.to && found.to <= series.end());
                prop_assert!(found.spread().is_finite());
            }
            prop_assert!(series.samples().len() <= 200);
        }
    }
}
