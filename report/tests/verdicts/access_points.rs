//! Access points.

use sonde_report::assess::{Actor, VerdictKind, VerdictReason};
use sonde_report::document::WifiOn;
use sonde_report::values::WifiValue;
use sonde_report::{CaveatCode, ReasonCode, Report};

use super::{not_measured, plain, short, value_of, verdict};
use VerdictKind::{Inconclusive, Met, NotApplicable, NotMet};

/// A plain report, its Wi-Fi on, two rooms visited, with so many access points estimated.
fn seen(low: u32, high: u32) -> Report {
    let mut report = plain();
    let wifi = wifi(&mut report);
    wifi.scan.positions = vec!["CP".to_owned(), "CM2".to_owned()];
    let counted = &mut wifi.school.as_mut().unwrap().access_points;
    (counted.estimate, counted.low, counted.high) = (low, low, high);
    report
}

fn wifi(report: &mut Report) -> &mut WifiValue {
    value_of(report.measurements.wifi.as_mut().unwrap())
}

#[test]
fn the_bounds_decide() {
    for (low, high, expected, reasons) in [
        (2, 2, Met, vec![]),
        (3, 9, Met, vec![]),
        (1, 2, Inconclusive, vec![VerdictReason::EstimateTooWide]),
        (1, 1, NotMet, vec![]),
        (0, 0, NotMet, vec![]),
    ] {
        let verdict = verdict(&seen(low, high), "access-points");
        assert_eq!(short(&verdict), (expected, reasons), "{low} to {high}");
        assert_eq!(verdict.observed_range, Some([u64::from(low), u64::from(high)]));
        assert_eq!(verdict.act == Some(Actor::Commune), expected == NotMet);
    }
}

#[test]
fn a_name_that_was_heard_nowhere_is_no_zero_unless_declared() {
    let mut report = seen(0, 0);
    wifi(&mut report).school.as_mut().unwrap().bssids = 0;
    let unheard = (Inconclusive, vec![VerdictReason::SchoolSsidNotHeard]);
    assert_eq!(short(&verdict(&report, "access-points")), unheard);
    report.site.declared_access_points = Some(2);
    assert_eq!(short(&verdict(&report, "access-points")), unheard);
    report.site.declared_access_points = Some(0);
    assert_eq!(short(&verdict(&report, "access-points")), (NotMet, vec![]));
}

#[test]
fn a_wifi_that_was_off_or_may_have_been_is_never_not_met() {
    for (state, reason) in
        [(WifiOn::No, VerdictReason::WifiOff), (WifiOn::Unknown, VerdictReason::WifiStateUnknown)]
    {
        let mut report = seen(1, 1);
        report.site.wifi_on = state;
        assert_eq!(short(&verdict(&report, "access-points")), (Inconclusive, vec![reason]));
        let mut report = seen(2, 2);
        report.site.wifi_on = state;
        assert_eq!(verdict(&report, "access-points").verdict, Met);
    }
}

#[test]
fn an_incomplete_scan_is_never_not_met() {
    let incomplete = (Inconclusive, vec![VerdictReason::ScanIncomplete]);
    for code in [CaveatCode::StaleScan, CaveatCode::PartialScan] {
        let mut report = seen(1, 1);
        report.measurements.wifi.as_mut().unwrap().add_caveat(code.into());
        assert_eq!(short(&verdict(&report, "access-points")), incomplete, "{code:?}");
    }
    let mut report = seen(1, 1);
    wifi(&mut report).scan.fresh = false;
    assert_eq!(short(&verdict(&report, "access-points")), incomplete);
}

#[test]
fn from_one_place_only_a_declaration_that_agrees_makes_not_met() {
    let mut report = seen(1, 1);
    wifi(&mut report).scan.positions.clear();
    let incomplete = (Inconclusive, vec![VerdictReason::ScanIncomplete]);
    assert_eq!(short(&verdict(&report, "access-points")), incomplete);
    report.site.declared_access_points = Some(2);
    assert_eq!(short(&verdict(&report, "access-points")), incomplete);
    report.site.declared_access_points = Some(1);
    assert_eq!(short(&verdict(&report, "access-points")), (NotMet, vec![]));
}

#[test]
fn without_a_count_a_declaration_is_shown_as_declared_and_decides_nothing() {
    type Change = fn(&mut Report);
    let cases: [(Change, Vec<VerdictReason>); 4] = [
        (|r| r.measurements.wifi = None, vec![]),
        (|r| wifi(r).school = None, vec![VerdictReason::NoSchoolSsid]),
        (
            |r| r.measurements.wifi.as_mut().unwrap().outcome = not_measured(ReasonCode::NoWifiAdapter),
            vec![VerdictReason::NotMeasured],
        ),
        (
            |r| r.measurements.wifi.as_mut().unwrap().outcome = not_measured(ReasonCode::OutOfTime),
            vec![VerdictReason::Interrupted, VerdictReason::NotMeasured],
        ),
    ];
    for (change, reasons) in cases {
        let mut report = seen(3, 3);
        change(&mut report);
        let bare = verdict(&report, "access-points");
        assert_eq!(bare.observed, None);
        let expected = if reasons.is_empty() {
            (NotApplicable, vec![VerdictReason::NotAsked])
        } else {
            (Inconclusive, reasons.clone())
        };
        assert_eq!(short(&bare), expected);
        report.site.declared_access_points = Some(4);
        let declared = verdict(&report, "access-points");
        assert_eq!(declared.observed, Some(4));
        assert_eq!(short(&declared), (Inconclusive, [reasons, vec![VerdictReason::DeclaredOnly]].concat()));
    }
}
