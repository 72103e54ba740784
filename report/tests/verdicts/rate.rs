//! The rate.

use sonde_report::assess::{Actor, VerdictKind, VerdictReason, needs_repeat};
use sonde_report::values::{InterfaceKind, InternetAccess, LimitedBy};
use sonde_report::{
    Cause, CaveatCode, Failure, Outcome, ReasonCode, Report, Requirements, SchoolSize, Stage, assess,
};

use super::{not_measured, plain, set_rate, short, transfer, value_of, verdict};
use VerdictKind::{Inconclusive, Met, NotApplicable, NotMet};

/// A plain report of a school of a size, at a rate, measured twice.
fn at(size: SchoolSize, bps: u64) -> Report {
    let mut report = plain();
    report.site.size = Some(size);
    set_rate(&mut report, bps, 2);
    report
}

#[test]
fn each_size_has_its_threshold_and_its_band_to_the_bit() {
    // An interval of no width, so that the band alone decides.
    for (size, threshold, band) in [
        (SchoolSize::Small, 8_000_000, 160_000),
        (SchoolSize::Medium, 10_000_000, 200_000),
        (SchoolSize::Large, 15_000_000, 300_000),
    ] {
        for (bps, expected) in [
            (threshold - band - 1, NotMet),
            (threshold - band, Inconclusive),
            (threshold, Inconclusive),
            (threshold + band, Inconclusive),
            (threshold + band + 1, Met),
        ] {
            let mut report = at(size, bps);
            transfer(&mut report).ci95_bps = [bps, bps];
            let verdict = verdict(&report, "download-rate");
            let reasons = if expected == Inconclusive { vec![VerdictReason::NearThreshold] } else { vec![] };
            assert_eq!(short(&verdict), (expected, reasons), "{size} at {bps}");
            assert_eq!((verdict.observed, verdict.at_least), (Some(bps), Some(threshold)));
        }
    }
}

#[test]
fn an_interval_over_the_threshold_is_inconclusive_on_both_sides() {
    for (bps, ci, expected) in [
        (11_000_000, [10_000_000, 12_000_000], Met),
        (11_000_000, [9_999_999, 12_000_000], Inconclusive),
        (9_000_000, [8_000_000, 9_999_999], NotMet),
        (9_000_000, [8_000_000, 10_000_000], Inconclusive),
    ] {
        let mut report = at(SchoolSize::Medium, bps);
        transfer(&mut report).ci95_bps = ci;
        let reasons = if expected == Inconclusive { vec![VerdictReason::IntervalTooWide] } else { vec![] };
        assert_eq!(short(&verdict(&report, "download-rate")), (expected, reasons), "{ci:?}");
    }
}

#[test]
fn a_shortfall_must_be_seen_twice_and_the_transfers_must_agree() {
    let mut report = at(SchoolSize::Medium, 9_000_000);
    assert_eq!(verdict(&report, "download-rate").act, Some(Actor::Commune));
    transfer(&mut report).repetitions[0].ip_rate_bps = 9_900_000; // in the band: neither way
    let disagree = (Inconclusive, vec![VerdictReason::RepetitionsDisagree]);
    assert_eq!(short(&verdict(&report, "download-rate")), disagree);
    for repetitions in [1, 0] {
        set_rate(&mut report, 9_000_000, repetitions);
        let once = (Inconclusive, vec![VerdictReason::NotRepeated]);
        assert_eq!(short(&verdict(&report, "download-rate")), once);
    }
}

#[test]
fn a_transfer_above_does_not_outweigh_one_below() {
    let mut report = at(SchoolSize::Medium, 12_000_000);
    assert_eq!(verdict(&report, "download-rate").verdict, Met);
    transfer(&mut report).repetitions[1].ip_rate_bps = 7_000_000;
    let disagree = (Inconclusive, vec![VerdictReason::RepetitionsDisagree]);
    assert_eq!(short(&verdict(&report, "download-rate")), disagree);
}

#[test]
fn every_lower_bound_caveat_prevents_not_met_and_only_the_portal_prevents_met() {
    for (code, reason) in [
        (CaveatCode::MeasuredOverWifi, VerdictReason::MeasuredOverWifi),
        (CaveatCode::UnknownInterface, VerdictReason::UnknownInterface),
        (CaveatCode::ThroughProxy, VerdictReason::ThroughProxy),
        (CaveatCode::ThroughVpn, VerdictReason::ThroughVpn),
        (CaveatCode::TlsIntercepted, VerdictReason::TlsIntercepted),
        (CaveatCode::CrossTraffic, VerdictReason::CrossTraffic),
        (CaveatCode::CpuBusy, VerdictReason::CpuBusy),
        (CaveatCode::LinkRateLimits, VerdictReason::LinkRateLimits),
        (CaveatCode::MireLimited, VerdictReason::MireLimited),
        (CaveatCode::ClientLimited, VerdictReason::ClientLimited),
        (CaveatCode::LossLimited, VerdictReason::LossLimited),
        (CaveatCode::StillRising, VerdictReason::StillRising),
        (CaveatCode::BrokeOff, VerdictReason::BrokeOff),
        (CaveatCode::Suspended, VerdictReason::Suspended),
        (CaveatCode::CaptivePortal, VerdictReason::CaptivePortal),
    ] {
        assert!(code.makes_lower_bound());
        let mut report = at(SchoolSize::Medium, 5_000_000);
        report.measurements.download.as_mut().unwrap().add_caveat(code.into());
        assert_eq!(short(&verdict(&report, "download-rate")), (Inconclusive, vec![reason]), "{code:?} below");
        set_rate(&mut report, 20_000_000, 1);
        let above =
            if code == CaveatCode::CaptivePortal { (Inconclusive, vec![reason]) } else { (Met, vec![]) };
        assert_eq!(short(&verdict(&report, "download-rate")), above, "{code:?} above");
    }
}

#[test]
fn every_other_caveat_leaves_a_shortfall_a_shortfall() {
    for code in [
        CaveatCode::Unstable,
        CaveatCode::BurstNotExcluded,
        CaveatCode::MireCountMismatch,
        CaveatCode::MireSkipped,
        CaveatCode::FarEndCountMissing,
        CaveatCode::SilentHops,
        CaveatCode::Demonstration,
    ] {
        let mut report = at(SchoolSize::Medium, 5_000_000);
        report.measurements.download.as_mut().unwrap().add_caveat(code.into());
        assert_eq!(verdict(&report, "download-rate").verdict, NotMet, "{code:?}");
    }
}

#[test]
fn a_mire_that_counts_otherwise_makes_a_lower_bound_of_an_upload_only() {
    assert!(!CaveatCode::MireCountMismatch.makes_lower_bound());
    assert!(CaveatCode::MireCountMismatch.makes_upload_lower_bound());
    assert!(CaveatCode::Suspended.makes_upload_lower_bound());
    assert!(!CaveatCode::BurstNotExcluded.makes_upload_lower_bound());
}

#[test]
fn what_the_transfer_and_the_environment_say_counts_as_a_caveat() {
    type Change = fn(&mut Report);
    let cases: [(Change, VerdictReason, Actor); 8] = [
        (|r| transfer(r).limited_by = LimitedBy::Server, VerdictReason::MireLimited, Actor::Technician),
        (|r| transfer(r).limited_by = LimitedBy::Client, VerdictReason::ClientLimited, Actor::Technician),
        (|r| transfer(r).limited_by = LimitedBy::Loss, VerdictReason::LossLimited, Actor::Technician),
        (
            |r| r.environment.interface.as_mut().unwrap().kind = InterfaceKind::Wifi,
            VerdictReason::MeasuredOverWifi,
            Actor::Technician,
        ),
        (|r| r.environment.interface = None, VerdictReason::UnknownInterface, Actor::Technician),
        (|r| r.environment.vpn = true, VerdictReason::ThroughVpn, Actor::Technician),
        (
            |r| r.environment.proxy = Some("proxy:3128".to_owned()),
            VerdictReason::ThroughProxy,
            Actor::Technician,
        ),
        (
            |r| value_of(r.measurements.internet.as_mut().unwrap()).access = InternetAccess::CaptivePortal,
            VerdictReason::CaptivePortal,
            Actor::Technician,
        ),
    ];
    for (change, reason, actor) in cases {
        let mut report = at(SchoolSize::Medium, 5_000_000);
        change(&mut report);
        let verdict = verdict(&report, "download-rate");
        assert_eq!(short(&verdict), (Inconclusive, vec![reason]));
        assert_eq!(verdict.act, Some(actor), "{reason:?}");
    }
}

#[test]
fn a_busy_processor_is_not_said_twice() {
    let mut report = at(SchoolSize::Medium, 5_000_000);
    transfer(&mut report).limited_by = LimitedBy::Client;
    report.measurements.download.as_mut().unwrap().add_caveat(CaveatCode::CpuBusy.into());
    assert_eq!(short(&verdict(&report, "download-rate")), (Inconclusive, vec![VerdictReason::CpuBusy]));
}

#[test]
fn without_a_size_a_verdict_needs_all_three_comparisons() {
    for (bps, repetitions, expected, reasons) in [
        (16_000_000, 1, Met, vec![]),
        (7_000_000, 2, NotMet, vec![]),
        (12_000_000, 2, Inconclusive, vec![VerdictReason::SizeUnknown]),
        (7_000_000, 1, Inconclusive, vec![VerdictReason::NotRepeated]),
        (8_000_000, 2, Inconclusive, vec![VerdictReason::SizeUnknown, VerdictReason::NearThreshold]),
    ] {
        let mut report = plain();
        report.site.size = None;
        set_rate(&mut report, bps, repetitions);
        let verdict = verdict(&report, "download-rate");
        assert_eq!(short(&verdict), (expected, reasons), "{bps}");
        assert_eq!((verdict.at_least, verdict.comparisons.len()), (None, 3));
        assert_eq!(verdict.confidence.is_some(), expected != Inconclusive);
    }
}

#[test]
fn no_value_is_inconclusive_with_its_reason_and_not_planned_is_not_applicable() {
    let mut report = plain();
    let download =
        |report: &mut Report, outcome| report.measurements.download.as_mut().unwrap().outcome = outcome;
    let failed = || Outcome::Failed { failure: Failure::new(Stage::Tcp, Cause::Timeout) };
    download(&mut report, failed());
    let found = verdict(&report, "download-rate");
    assert_eq!(short(&found), (Inconclusive, vec![VerdictReason::MeasurementFailed]));
    assert_eq!((found.observed, found.at_least), (None, Some(15_000_000)));
    report.measurements.internet.as_mut().unwrap().outcome =
        Outcome::Failed { failure: Failure::new(Stage::Dns, Cause::Timeout) };
    let found = verdict(&report, "download-rate");
    assert_eq!(
        short(&found),
        (Inconclusive, vec![VerdictReason::NoInternet, VerdictReason::MeasurementFailed])
    );
    assert_eq!(found.act, Some(Actor::Commune));
    report.measurements.internet = None;
    download(&mut report, not_measured(ReasonCode::NoTarget));
    assert_eq!(short(&verdict(&report, "download-rate")), (Inconclusive, vec![VerdictReason::NotMeasured]));
    download(&mut report, not_measured(ReasonCode::Interrupted));
    report.partial = true;
    let cut = (Inconclusive, vec![VerdictReason::Interrupted, VerdictReason::NotMeasured]);
    assert_eq!(short(&verdict(&report, "download-rate")), cut);
    report.measurements.download = None;
    assert_eq!(short(&verdict(&report, "download-rate")), (NotApplicable, vec![VerdictReason::NotAsked]));
}

#[test]
fn a_rule_on_the_application_layer_compares_the_goodput() {
    let text = sonde_report::requirement::SOCLE_1D_2021.replace("layer = \"ip\"", "layer = \"application\"");
    let rules = Requirements::from_toml(&text).unwrap();
    let report = at(SchoolSize::Medium, 10_500_000); // goodput 10.08: within the band
    let found = &assess(&report, &rules).verdicts[0];
    assert_eq!((found.observed, found.verdict), (Some(10_080_000), Inconclusive));
    assert_eq!(verdict(&report, "download-rate").verdict, Met);
}

#[test]
fn confidence_is_the_normal_distribution_s_and_given_for_verdicts_only() {
    // 1.96 standard deviations above: 97.5 %.
    let mut report = at(SchoolSize::Medium, 11_000_000);
    transfer(&mut report).ci95_bps = [10_000_000, 12_000_000];
    assert_eq!(verdict(&report, "download-rate").confidence, Some(0.975));
    set_rate(&mut report, 90_000_000, 1);
    assert_eq!(verdict(&report, "download-rate").confidence, Some(0.9999));
    set_rate(&mut report, 10_000_000, 2);
    assert_eq!(verdict(&report, "download-rate").confidence, None);
}

#[test]
fn a_run_repeats_exactly_where_not_met_or_near_could_follow() {
    let rules = Requirements::socle_1d_2021();
    for (bps, size, expected) in [
        (10_200_000, Some(SchoolSize::Medium), true),
        (10_200_001, Some(SchoolSize::Medium), false),
        (15_300_000, None, true),
        (15_300_001, None, false),
        (0, Some(SchoolSize::Small), true),
    ] {
        assert_eq!(needs_repeat(bps, size, &rules), expected, "{bps} {size:?}");
    }
}
