//! How the line answers while the transfers load it: probed beside the first transfer of each direction.

use std::sync::Arc;

use sonde_probes::clock::Stopwatch;
use sonde_probes::link::Direction;
use sonde_probes::responsiveness::{self, Probing};
use sonde_probes::throughput::{self, Load};
use sonde_probes::{Env, ProbeName};
use sonde_report::values::{LoadedLatency, ResponsivenessValue};
use sonde_report::{Measurement, Outcome, Reason, ReasonCode};

use super::steps::Taken;
use crate::plan::Plan;

/// What is probed beside one transfer; nothing when it is not wanted.
pub(super) struct Beside(Option<(Stopwatch, Probing)>);

impl Beside {
    /// Nothing, beside a repetition.
    pub(super) fn nothing() -> Self {
        Self(None)
    }

    /// Begins beside the transfer that `config` is for.
    pub(super) fn begin(plan: &Plan, env: &Env, config: &mut throughput::Config) -> Self {
        if !plan.wants(ProbeName::Responsiveness) {
            return Self(None);
        }
        let load = Arc::new(Load::default());
        config.load = Some(Arc::clone(&load));
        Self(Some((Stopwatch::start(), responsiveness::start(load, env))))
    }

    /// What the probes moved so far, to be told from others' traffic.
    pub(super) fn moved(&self, direction: Direction) -> u64 {
        let moved = self.0.as_ref().map(|(_, probing)| probing.moved()).unwrap_or_default();
        match direction {
            Direction::Down => moved.received,
            Direction::Up => moved.sent,
        }
    }

    /// Ends with the transfer, whose measurement was taken, and notes what came of it.
    pub(super) fn end(self, taken: &mut Taken, direction: Direction) {
        let Some((watch, probing)) = self.0 else { return };
        *taken.probes_moved.get_or_insert_default() += probing.moved();
        let measurements = &mut taken.measurements;
        let transfer = match direction {
            Direction::Down => &measurements.download,
            Direction::Up => &measurements.upload,
        };
        let transfer = transfer.as_ref().and_then(Measurement::value);
        let seen = probing.finish(transfer, measurements.latency.as_ref());
        let target = transfer.map(|value| value.server.url.clone()).unwrap_or_default();
        let known = measurements.responsiveness.take();
        measurements.responsiveness = Some(joined(known, watch, target, direction, seen));
    }
}

/// Both directions as one measurement: a value as soon as one of them has one, and each says its own absence.
fn joined(
    known: Option<Measurement<ResponsivenessValue>>,
    watch: Stopwatch,
    target: String,
    direction: Direction,
    seen: Outcome<LoadedLatency>,
) -> Measurement<ResponsivenessValue> {
    let (mut value, caveats, earlier) = match known {
        Some(Measurement {
            outcome: Outcome::Measured { value, caveats },
            target,
            started_at,
            elapsed_us,
        }) => (value, caveats, Some((target, started_at, elapsed_us))),
        _ => (ResponsivenessValue::default(), Vec::new(), None),
    };
    match direction {
        Direction::Down => value.download = Some(seen),
        Direction::Up => value.upload = Some(seen),
    }
    let mut measured = watch.finish(target, Outcome::Measured { value, caveats });
    if let Some((target, started_at, elapsed_us)) = earlier {
        measured.started_at = started_at;
        measured.elapsed_us = measured.elapsed_us.saturating_add(elapsed_us);
        if !target.is_empty() {
            measured.target = target;
        }
    }
    measured
}

/// Says so when it was wanted and there was no transfer to probe beside, or none of the directions gave a figure.
pub(super) fn note_absence(plan: &Plan, taken: &mut Taken) {
    if !plan.wants(ProbeName::Responsiveness) {
        return;
    }
    let slot = &mut taken.measurements.responsiveness;
    match slot {
        None => {
            *slot = Some(Stopwatch::start().skip("", Reason::new(ReasonCode::NoTransfer)));
        }
        Some(measured) => {
            if let Some(outcome) = measured.value().and_then(absence) {
                measured.outcome = outcome;
            }
        }
    }
}

/// What is said of both directions when neither has a figure: what is said of the first.
fn absence(value: &ResponsivenessValue) -> Option<Outcome<ResponsivenessValue>> {
    let mut outcomes = [&value.download, &value.upload].into_iter().flatten();
    let first = outcomes.clone().next()?;
    if outcomes.any(|outcome| matches!(outcome, Outcome::Measured { .. })) {
        return None;
    }
    Some(match first {
        Outcome::Failed { failure } => Outcome::Failed { failure: failure.clone() },
        Outcome::NotMeasured { reason } => Outcome::NotMeasured { reason: reason.clone() },
        Outcome::Measured { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use sonde_report::{Cause, Failure, Stage};

    use super::*;

    fn none(code: ReasonCode) -> Outcome<LoadedLatency> {
        Outcome::NotMeasured { reason: Reason::new(code) }
    }

    #[test]
    fn each_direction_keeps_its_own_absence_and_both_absent_are_one() {
        let watch = Stopwatch::start();
        let failed = Outcome::Failed { failure: Failure::new(Stage::Tcp, Cause::ConnectionRefused) };
        let first = joined(None, watch, "a".to_owned(), Direction::Down, none(ReasonCode::TooFewSamples));
        let both = joined(Some(first), watch, String::new(), Direction::Up, failed);
        assert_eq!(both.target, "a");
        let value = both.value();
        assert!(value.is_some_and(|value| value.download.is_some() && value.upload.is_some()));
        assert_eq!(
            value.and_then(absence),
            Some(Outcome::NotMeasured { reason: Reason::new(ReasonCode::TooFewSamples) })
        );
    }
}
