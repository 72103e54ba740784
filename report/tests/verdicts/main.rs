//! Every rule of the assessment, on reports that differ from a plain one by what the rule is about.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_points;
mod place;
mod properties;
mod rate;
mod services;
mod usage;

use sonde_report::assess::{Verdict, VerdictKind, VerdictReason};
use sonde_report::values::{EndpointState, EndpointValue, TransferValue};
use sonde_report::{Measurement, Outcome, Reason, ReasonCode, Report, Requirements, assess};

/// A wired school, 93.7 Mbit/s, three access points, every service reachable: nothing to explain.
fn plain() -> Report {
    Report::from_json(include_str!("../golden/report-1-met.json")).unwrap()
}

/// The verdicts on one requirement of the socle.
fn verdicts(report: &Report, id: &str) -> Vec<Verdict> {
    let all = assess(report, &Requirements::socle_1d_2021()).verdicts;
    all.into_iter().filter(|verdict| verdict.requirement == id).collect()
}

/// The one verdict on a requirement.
fn verdict(report: &Report, id: &str) -> Verdict {
    let mut all = verdicts(report, id);
    assert_eq!(all.len(), 1, "{id}");
    all.remove(0)
}

/// A verdict in short.
fn short(verdict: &Verdict) -> (VerdictKind, Vec<VerdictReason>) {
    (verdict.verdict, verdict.reasons.clone())
}

/// Sets the measured rate, with an interval of +-1 % and so many repetitions alike.
fn set_rate(report: &mut Report, bps: u64, repetitions: usize) {
    let ci = [bps - bps / 100, bps + bps / 100];
    let value = transfer(report);
    (value.ip_rate_bps, value.goodput_bps, value.ci95_bps) = (bps, bps / 100 * 96, ci);
    let mut one = value.repetitions[0].clone();
    (one.ip_rate_bps, one.ci95_bps) = (bps, ci);
    value.repetitions = vec![one; repetitions];
}

/// The measured download.
fn transfer(report: &mut Report) -> &mut TransferValue {
    value_of(report.measurements.download.as_mut().unwrap())
}

/// A measured value, to be changed.
fn value_of<T>(measurement: &mut Measurement<T>) -> &mut T {
    match &mut measurement.outcome {
        Outcome::Measured { value, .. } => value,
        _ => panic!("not measured"),
    }
}

/// The endpoint at a place.
fn endpoint(report: &mut Report, at: usize) -> &mut EndpointValue {
    value_of(&mut report.measurements.endpoints[at])
}

/// Gives every endpoint a state.
fn set_every_state(report: &mut Report, state: EndpointState) {
    for one in &mut report.measurements.endpoints {
        value_of(one).state = state;
    }
}

/// Not measured, for a reason.
fn not_measured<T>(code: ReasonCode) -> Outcome<T> {
    Outcome::NotMeasured { reason: Reason::new(code) }
}
