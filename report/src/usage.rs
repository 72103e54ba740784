//! What the measured rates mean for a class: how many tablets can do the same thing at once. Indicative, never a
//! verdict: it rests on what the rule file assumes, and the report holds these assumptions beside each number.
//!
//! The number is the whole part of (low end of the 95 % interval, less the reserve) / (rate for one tablet), in the
//! direction that allows the fewest. What was not measured gives no number; what was measured as a lower bound gives
//! "at least" so many.

use std::num::{NonZeroU32, NonZeroU64};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Report,
    assess::{VerdictReason, absence, download_lower_bound, upload_lower_bound},
    requirement::{UsageRules, Use},
};

/// What the measured rates mean for a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Share of the measured rate that no tablet was given, 0 to 1.
    pub reserve: f64,
    /// The largest number that is told.
    pub cap: NonZeroU32,
    /// Each use, in the rule file's order.
    pub uses: Vec<UseEstimate>,
}

/// How many tablets can do one thing at once, when all of them do that and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UseEstimate {
    /// The use and what was assumed of it.
    #[serde(flatten)]
    pub assumed: Use,
    /// The number of tablets, at most the cap; `None` when a rate it needs was not measured, or only as a lower bound
    /// that is too low for one tablet.
    pub at_once: Option<u32>,
    /// How the number is to be read; `None` without a number.
    pub bound: Option<Bound>,
    /// The direction that allows the fewest; without a number, the one for which it is missing.
    pub limited_by: Option<Direction>,
    /// Why there is no number, or why it is "at least": about the rate in that direction, most important first.
    pub reasons: Vec<VerdictReason>,
}

/// How a number of tablets is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// So many.
    Exact,
    /// So many or more: the rate is a lower bound of the access.
    AtLeast,
    /// More than the cap.
    MoreThan,
}

/// A direction, seen from the school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards the school.
    Down,
    /// From the school.
    Up,
}

/// What one direction has for the tablets.
struct Supply {
    /// IP-layer rate, the reserve taken off, bit/s.
    bps: u64,
    /// What makes it a lower bound, most important first.
    lower_bound: Vec<VerdictReason>,
}

/// How many tablets one direction allows.
struct Fit<'a> {
    tablets: u64,
    direction: Direction,
    lower_bound: &'a [VerdictReason],
}

/// Why a direction has nothing for the tablets that could be counted.
type Absent = Vec<VerdictReason>;

/// How many tablets can be used at once, by what a rule file assumes.
#[must_use]
pub fn estimate(report: &Report, rules: &UsageRules) -> Usage {
    let down = supply(report, Direction::Down, rules.reserve);
    let up = supply(report, Direction::Up, rules.reserve);
    let uses = rules.uses.iter().map(|one| count(one, &down, &up, rules.cap)).collect();
    Usage { reserve: rules.reserve, cap: rules.cap, uses }
}

/// What a direction has for the tablets, or why nobody knows.
fn supply(report: &Report, direction: Direction, reserve: f64) -> Result<Supply, Absent> {
    let measurements = &report.measurements;
    let transfer = match direction {
        Direction::Down => measurements.download.as_ref(),
        Direction::Up => measurements.upload.as_ref(),
    };
    let transfer = transfer.ok_or_else(|| vec![VerdictReason::NotAsked])?;
    let value = transfer.value().ok_or_else(|| absence(report, transfer))?;
    let lower_bound = match direction {
        Direction::Down => download_lower_bound(report, transfer, value.limited_by),
        Direction::Up => upload_lower_bound(report, transfer, value.limited_by),
    };
    // Behind a portal nobody knows what was measured: not even a lower bound.
    if lower_bound.contains(&VerdictReason::CaptivePortal) {
        return Err(vec![VerdictReason::CaptivePortal]);
    }
    // The interval is made to hold the value, whoever wrote it.
    let low = value.ci95_bps.into_iter().fold(value.ip_rate_bps, u64::min);
    // Rounded, so that 0.8 x 10 Mbit/s is 8 Mbit/s and not a bit less.
    let bps = (low as f64 * (1.0 - reserve)).round() as u64;
    Ok(Supply { bps, lower_bound })
}

/// How many tablets can do one thing at once.
fn count(
    one: &Use,
    down: &Result<Supply, Absent>,
    up: &Result<Supply, Absent>,
    cap: NonZeroU32,
) -> UseEstimate {
    let needs = [(Direction::Down, one.down_bps, down), (Direction::Up, one.up_bps, up)];
    let mut tightest: Option<Fit<'_>> = None;
    for (direction, per_tablet, supply) in needs {
        let Some(per_tablet) = per_tablet else { continue };
        let supply = match supply {
            Ok(supply) => supply,
            Err(reasons) => return UseEstimate::absent(one, Some(direction), reasons),
        };
        let fit = Fit::new(direction, supply, per_tablet);
        tightest = Some(match tightest {
            Some(known) if !fit.decides_before(&known) => known,
            _ => fit,
        });
    }
    match tightest {
        Some(fit) => UseEstimate::told(one, &fit, cap),
        // A rule file never says so: its reader refuses a use without a rate.
        None => UseEstimate::absent(one, None, &[]),
    }
}

impl<'a> Fit<'a> {
    fn new(direction: Direction, supply: &'a Supply, per_tablet: NonZeroU64) -> Self {
        Self { tablets: supply.bps / per_tablet, direction, lower_bound: &supply.lower_bound }
    }

    /// Whether this direction sets the number rather than another: it allows fewer, or as many and for certain.
    fn decides_before(&self, other: &Self) -> bool {
        let rank = |fit: &Self| (fit.tablets, !fit.lower_bound.is_empty());
        rank(self) < rank(other)
    }
}

impl UseEstimate {
    /// No number.
    fn absent(one: &Use, limited_by: Option<Direction>, reasons: &[VerdictReason]) -> Self {
        Self { assumed: one.clone(), at_once: None, bound: None, limited_by, reasons: reasons.to_vec() }
    }

    /// The number that the tightest direction allows.
    fn told(one: &Use, fit: &Fit<'_>, cap: NonZeroU32) -> Self {
        let weak = !fit.lower_bound.is_empty();
        // "At least none" says nothing, and would look like "none".
        if weak && fit.tablets == 0 {
            return Self::absent(one, Some(fit.direction), fit.lower_bound);
        }
        let fitting = u32::try_from(fit.tablets).unwrap_or(u32::MAX);
        let bound = match (fitting > cap.get(), weak) {
            (true, _) => Bound::MoreThan,
            (false, true) => Bound::AtLeast,
            (false, false) => Bound::Exact,
        };
        Self {
            assumed: one.clone(),
            at_once: Some(fitting.min(cap.get())),
            bound: Some(bound),
            limited_by: Some(fit.direction),
            reasons: if bound == Bound::AtLeast { fit.lower_bound.to_vec() } else { Vec::new() },
        }
    }
}
