//! Sample reports for the tests of what is shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sonde_report::{
    CaveatCode, Report,
    assess::{Actor, Unit, VerdictKind, VerdictReason},
    values::{InternetAccess, InternetValue, InterfaceKind},
    Measurement, Outcome,
};

pub(super) fn full() -> Report {
    Report::from_json(include_str!("samples/full.json")).unwrap()
}

pub(super) fn met() -> Report {
    Report::from_json(include_str!("samples/met.json")).unwrap()
}

pub(super) fn not_met() -> Report {
    Report::from_json(include_str!("samples/not-met.json")).unwrap()
}

pub(super) fn no_network() -> Report {
    Report::from_json(include_str!("samples/no-network.json")).unwrap()
}

/// A demonstration that was cut short.
pub(super) fn partial_demonstration() -> Report {
    let mut report = met();
    report.partial = true;
    report.demonstration = true;
    report.measurements.upload = None;
    report
}

/// A captive portal answers the control targets.
pub(super) fn captive_portal() -> Report {
    let mut report = no_network();
    let outcome = Outcome::Measured {
        value: InternetValue {
            access: InternetAccess::CaptivePortal,
            controls: Vec::new(),
            portal_host: Some("portail.example.org".to_owned()),
        },
        caveats: Vec::new(),
    };
    report.measurements.internet =
        Some(Measurement { target: "internet".to_owned(), started_at: report.started_at, elapsed_us: 1_000, outcome });
    report
}

/// Below the threshold, over Wi-Fi: a lower bound, so inconclusive.
pub(super) fn over_wifi() -> Report {
    let mut report = not_met();
    report.environment.interface.as_mut().unwrap().kind = InterfaceKind::Wifi;
    report.measurements.download.as_mut().unwrap().add_caveat(CaveatCode::MeasuredOverWifi.into());
    let verdict = report.assessment.verdicts.iter_mut().find(|v| v.unit == Unit::BitPerSecond).unwrap();
    verdict.verdict = VerdictKind::Inconclusive;
    verdict.confidence = None;
    verdict.reasons = vec![VerdictReason::MeasuredOverWifi];
    verdict.act = Some(Actor::Technician);
    report.assessment.overall = VerdictKind::Inconclusive;
    report
}

/// Every sample, by the name of its snapshots.
pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("full", full()),
        ("met", met()),
        ("not_met", not_met()),
        ("no_network", no_network()),
        ("partial_demonstration", partial_demonstration()),
        ("captive_portal", captive_portal()),
        ("over_wifi", over_wifi()),
    ]
}
