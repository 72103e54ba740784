//! How a transfer went, tick by tick, as far as the decision sees it: recorded, or made up.

use super::super::super::decide::{Threshold, decided};
use super::super::super::estimate::{Conditions, Estimate, estimate};
use super::super::super::series::Series;

/// The engine's own tick, seconds.
pub(super) const TICK: f64 = 0.01;
/// Ticks between two looks at the curve, as the engine has it.
const JUDGE_TICKS: usize = 5;
/// Round trips from opening streams to their first bytes, as the engine has it.
const OPENING_RTTS: f64 = 3.0;

/// A whole transfer.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) name: String,
    /// Round trip, seconds.
    pub(super) rtt: f64,
    /// Application bytes of each tick.
    pub(super) bytes: Vec<f64>,
    /// When more streams were opened, seconds.
    pub(super) opened: Vec<f64>,
    /// From when on no more were, seconds.
    pub(super) grown: f64,
    /// What the last streams upset, where the capacity is wanted, seconds.
    pub(super) upset: f64,
    /// The sustained rate, application bytes, bit/s…
    pub(super) truth: f64,
    /// …from this moment on, seconds.
    pub(super) truth_from: f64,
    /// Whether one verdict on it is true all along.
    pub(super) one_verdict: bool,
}

/// What a transfer comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) estimate: Estimate,
    /// Whether it ended by its own decision, not at the cap.
    pub(super) decided: bool,
    /// Seconds and bytes it took.
    pub(super) at: f64,
    pub(super) bytes: f64,
}

impl Course {
    /// The longest a transfer of this round trip may last, seconds, as the engine has it.
    fn cap(&self) -> f64 {
        8.0_f64.max((15.0 * self.rtt).min(9.5))
    }

    /// When the last streams opened by `at` were open, seconds.
    fn settled_at(&self, at: f64) -> f64 {
        let last = self.opened.iter().rfind(|opened| **opened <= at);
        last.map_or(0.0, |opened| opened + OPENING_RTTS * self.rtt)
    }

    /// The transfer with each byte `scale` times, as the engine would have lived it with these thresholds.
    pub(super) fn replay(&self, scale: f64, thresholds: &[Threshold]) -> Option<Outcome> {
        let mut series = Series::default();
        series.push(0.0, 0.0);
        let (mut at, mut bytes) = (0.0, 0.0);
        let conditions = |at: f64| Conditions { rtt: self.rtt, settled_at: self.settled_at(at), grain: 0.0 };
        for (index, moved) in self.bytes.iter().enumerate() {
            at = (index + 1) as f64 * TICK;
            if at > self.cap() {
                break;
            }
            bytes += moved * scale;
            series.push(at, bytes);
            if (index + 1).is_multiple_of(JUDGE_TICKS)
                && let Some(estimate) = decided(&series, conditions(at), thresholds, at >= self.grown)
            {
                return Some(Outcome { estimate, decided: true, at, bytes });
            }
        }
        let estimate = estimate(&series, conditions(at))?;
        Some(Outcome { estimate, decided: false, at, bytes })
    }

    /// What a transfer of `length` seconds that wants the capacity estimates.
    pub(super) fn measure(&self, length: f64) -> Option<Estimate> {
        let mut series = Series::default();
        series.push(0.0, 0.0);
        let mut sum = 0.0;
        for (index, moved) in self.bytes.iter().enumerate() {
            let at = (index + 1) as f64 * TICK;
            if at > length + 1e-9 {
                break;
            }
            sum += moved;
            series.push(at, sum);
        }
        let upset = if length >= self.grown { self.upset.min(length / 4.0) } else { 0.0 };
        let settled_at = self.settled_at(length);
        let settled_at = if settled_at > 0.0 { settled_at + upset } else { 0.0 };
        estimate(&series, Conditions { rtt: self.rtt, settled_at, grain: 0.0 })
    }
}

/// The rule's own comparison of one transfer (the IP layer left out: the same factor on both sides). The rule asks for
/// a second transfer that agrees before it says "not met": here the first one counts.
pub(super) fn verdict(outcome: Option<Outcome>, threshold: Threshold) -> &'static str {
    let Some(Outcome { estimate: found, decided, .. }) = outcome else { return "inconclusive" };
    let Threshold { at_least, margin } = threshold;
    let near = (found.rate - at_least).abs() <= margin * at_least;
    let lower_bound = found.still_rising && !decided;
    if near {
        "inconclusive"
    } else if found.rate > at_least && found.rate - found.half_width >= at_least {
        "met"
    } else if found.rate < at_least && found.rate + found.half_width < at_least && !lower_bound {
        "not_met"
    } else {
        "inconclusive"
    }
}
