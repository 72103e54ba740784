//! How many tablets at once: computed by hand, and what holds for every rate.

use proptest::prelude::*;
use sonde_report::assess::VerdictReason;
use sonde_report::usage::{Bound, Direction, Usage, UseEstimate};
use sonde_report::values::{InternetAccess, LimitedBy};
use sonde_report::{CaveatCode, Failure, Outcome, ReasonCode, Report, Requirements, Stage, assess};

use super::{not_measured, plain, value_of};

const IDS: [&str; 3] = ["web", "video", "video_call"];

/// The plain school with these low ends of the intervals; the rates lie 5 % above.
fn school(down_low: u64, up_low: u64) -> Report {
    let mut report = plain();
    set(report.measurements.download.as_mut().unwrap(), down_low);
    set(report.measurements.upload.as_mut().unwrap(), up_low);
    report
}

fn set(transfer: &mut sonde_report::Measurement<sonde_report::values::TransferValue>, low: u64) {
    let value = value_of(transfer);
    value.limited_by = LimitedBy::Line;
    value.ip_rate_bps = low + low / 20;
    value.ci95_bps = [low, low + low / 10];
    if let Outcome::Measured { caveats, .. } = &mut transfer.outcome {
        caveats.clear();
    }
}

fn usage(report: &Report) -> Usage {
    assess(report, &Requirements::socle_1d_2021()).usage.unwrap()
}

fn one(report: &Report, id: &str) -> UseEstimate {
    usage(report).uses.into_iter().find(|one| one.assumed.id == id).unwrap()
}

/// The number and how to read it.
fn read(report: &Report, id: &str) -> (Option<u32>, Option<Bound>) {
    let one = one(report, id);
    (one.at_once, one.bound)
}

fn exact(number: u32) -> (Option<u32>, Option<Bound>) {
    (Some(number), Some(Bound::Exact))
}

#[test]
fn the_numbers_are_those_computed_by_hand() {
    // 10 Mbit/s less 20 % is 8: / 0.65 = 12.3, / 1.5 = 5.3, / 1 = 8. 2 Mbit/s less 20 % is 1.6: / 0.5 = 3.2.
    let report = school(10_000_000, 2_000_000);
    assert_eq!(IDS.map(|id| read(&report, id)), [exact(12), exact(5), exact(3)]);
    let limited = IDS.map(|id| one(&report, id).limited_by.unwrap());
    assert_eq!(limited, [Direction::Down, Direction::Down, Direction::Up]);
    // With 20 Mbit/s up it is the 8 Mbit/s down that limit the call.
    let report = school(10_000_000, 20_000_000);
    assert_eq!(read(&report, "video_call"), exact(8));
    assert_eq!(one(&report, "video_call").limited_by, Some(Direction::Down));
}

#[test]
fn what_fits_exactly_fits_and_a_bit_less_does_not() {
    // Five videos are 7.5 Mbit/s, and with the reserve 9.375.
    assert_eq!(read(&school(9_375_000, 2_000_000), "video"), exact(5));
    assert_eq!(read(&school(9_374_998, 2_000_000), "video"), exact(4));
}

#[test]
fn a_line_too_slow_for_one_tablet_says_none() {
    // 1.8 Mbit/s less 20 % is 1.44, below 1.5: measured, and not enough.
    let slow = one(&school(1_800_000, 2_000_000), "video");
    assert_eq!((slow.at_once, slow.bound, slow.reasons), (Some(0), Some(Bound::Exact), vec![]));
}

#[test]
fn a_fast_line_says_more_than_the_cap() {
    // 81.25 Mbit/s less 20 % is 65: exactly a hundred browsers. One tablet's worth more is "more than 100".
    assert_eq!(read(&school(81_250_000, 2_000_000), "web"), exact(100));
    let more = (Some(100), Some(Bound::MoreThan));
    assert_eq!(read(&school(82_100_000, 2_000_000), "web"), more);
    assert_eq!(read(&school(u64::MAX / 4, 2_000_000), "web"), more);
}

#[test]
fn without_an_upload_there_is_no_number_for_a_call_and_the_others_stay() {
    let mut report = school(10_000_000, 2_000_000);
    let cases = [
        (Some(not_measured(ReasonCode::OutOfData)), VerdictReason::NotMeasured),
        (
            Some(Outcome::Failed { failure: Failure::new(Stage::Tcp, sonde_report::Cause::Timeout) }),
            VerdictReason::MeasurementFailed,
        ),
        (None, VerdictReason::NotAsked),
    ];
    for (outcome, reason) in cases {
        match outcome {
            Some(outcome) => report.measurements.upload.as_mut().unwrap().outcome = outcome,
            None => report.measurements.upload = None,
        }
        let call = one(&report, "video_call");
        assert_eq!((call.at_once, call.bound, call.limited_by), (None, None, Some(Direction::Up)));
        assert_eq!(call.reasons, [reason]);
        assert_eq!((read(&report, "web"), read(&report, "video")), (exact(12), exact(5)));
    }
}

#[test]
fn a_lower_bound_says_at_least_and_why() {
    let mut report = school(10_000_000, 2_000_000);
    report.measurements.download.as_mut().unwrap().add_caveat(CaveatCode::CpuBusy.into());
    let video = one(&report, "video");
    assert_eq!((video.at_once, video.bound), (Some(5), Some(Bound::AtLeast)));
    assert_eq!(video.reasons, [VerdictReason::CpuBusy]);
    // The call hangs on the upload, which nothing weakens.
    assert_eq!(read(&report, "video_call"), exact(3));
    // Where both directions allow as many, the certain one decides: 8 down (at least) and 8 up.
    let mut tie = school(10_000_000, 5_000_000);
    tie.measurements.download.as_mut().unwrap().add_caveat(CaveatCode::CpuBusy.into());
    assert_eq!(read(&tie, "video_call"), exact(8));
    let mut tie = school(10_000_000, 5_000_000);
    tie.measurements.upload.as_mut().unwrap().add_caveat(CaveatCode::StillRising.into());
    assert_eq!(read(&tie, "video_call"), exact(8));
}

#[test]
fn a_mire_that_counts_otherwise_weakens_the_upload_alone() {
    let mut report = school(100_000_000, 2_000_000);
    for way in [&mut report.measurements.download, &mut report.measurements.upload] {
        way.as_mut().unwrap().add_caveat(CaveatCode::MireCountMismatch.into());
    }
    assert_eq!(one(&report, "video").reasons, []);
    let call = one(&report, "video_call");
    assert_eq!((call.at_once, call.bound), (Some(3), Some(Bound::AtLeast)));
    assert_eq!(call.reasons, [VerdictReason::MireCountMismatch]);
}

#[test]
fn a_lower_bound_that_is_too_low_for_one_tablet_says_nothing() {
    let mut report = school(1_000_000, 2_000_000);
    report.measurements.download.as_mut().unwrap().add_caveat(CaveatCode::MeasuredOverWifi.into());
    let video = one(&report, "video");
    assert_eq!((video.at_once, video.bound, video.limited_by), (None, None, Some(Direction::Down)));
    assert_eq!(video.reasons, [VerdictReason::MeasuredOverWifi]);
}

#[test]
fn what_was_measured_behind_a_portal_is_no_number() {
    let mut report = school(10_000_000, 2_000_000);
    value_of(report.measurements.internet.as_mut().unwrap()).access = InternetAccess::CaptivePortal;
    for id in IDS {
        let one = one(&report, id);
        assert_eq!((one.at_once, one.reasons), (None, vec![VerdictReason::CaptivePortal]), "{id}");
    }
}

#[test]
fn a_file_of_one_s_own_changes_the_numbers() {
    let text = sonde_report::requirement::SOCLE_1D_2021
        .replace("reserve = 0.2 ", "reserve = 0.5 ")
        .replace("cap = 100 ", "cap = 6 ")
        .replace("down_bps = 1_500_000", "down_bps = 2_500_000");
    let usage =
        assess(&school(10_000_000, 2_000_000), &Requirements::from_toml(&text).unwrap()).usage.unwrap();
    let read: Vec<_> = usage.uses.iter().map(|one| (one.at_once, one.bound)).collect();
    // 5 Mbit/s: / 0.65 = 7.7, above the cap; / 2.5 = 2. 1 Mbit/s up: / 0.5 = 2.
    assert_eq!(read, [(Some(6), Some(Bound::MoreThan)), exact(2), exact(2)]);
    let (bare, _) = text.split_once("[usage]").unwrap();
    assert_eq!(assess(&plain(), &Requirements::from_toml(bare).unwrap()).usage, None);
}

/// A transfer of a property: its low end, whether it is a lower bound; `None` when it was not measured.
fn transfers() -> impl Strategy<Value = Option<(u64, bool)>> {
    let rate = prop_oneof![0..30_000_000_u64, 0..2_000_000_000_u64, any::<u64>().prop_map(|bps| bps / 4)];
    proptest::option::weighted(0.8, (rate, any::<bool>()))
}

fn with(down: Option<(u64, bool)>, up: Option<(u64, bool)>) -> Report {
    let mut report = school(down.map_or(0, |(bps, _)| bps), up.map_or(0, |(bps, _)| bps));
    let measurements = &mut report.measurements;
    for (way, given) in [(&mut measurements.download, down), (&mut measurements.upload, up)] {
        match (way.as_mut(), given) {
            (Some(way), Some((_, true))) => way.add_caveat(CaveatCode::CrossTraffic.into()),
            (Some(way), None) => way.outcome = not_measured(ReasonCode::NoTarget),
            _ => {}
        }
    }
    report
}

proptest! {
    #[test]
    fn more_rate_never_means_fewer_tablets(
        down in 0..200_000_000_u64,
        up in 0..200_000_000_u64,
        more in any::<[u32; 2]>(),
        weak in any::<[bool; 2]>(),
    ) {
        let before = with(Some((down, weak[0])), Some((up, weak[1])));
        let after = with(
            Some((down + u64::from(more[0]), weak[0])),
            Some((up + u64::from(more[1]), weak[1])),
        );
        for (old, new) in usage(&before).uses.iter().zip(&usage(&after).uses) {
            // A number may come out of none, or grow; it never shrinks or goes.
            let capped = |one: &UseEstimate| one.bound == Some(Bound::MoreThan);
            // With a weak and a certain direction a "0" may turn into "at least" or "none told", never the reverse.
            if old.at_once != Some(0) {
                prop_assert!(new.at_once >= old.at_once, "{:?} then {:?}", old, new);
            }
            prop_assert!(!capped(old) || capped(new));
        }
    }

    #[test]
    fn what_is_absent_is_never_zero_and_a_number_never_comes_from_nothing(down in transfers(), up in transfers()) {
        for one in usage(&with(down, up)).uses {
            let needs = [(one.assumed.down_bps, down), (one.assumed.up_bps, up)];
            let missing = needs.iter().any(|(need, given)| need.is_some() && given.is_none());
            let weak = needs.iter().any(|(need, given)| need.is_some() && given.is_some_and(|(_, weak)| weak));
            prop_assert_eq!(one.at_once.is_some(), one.bound.is_some());
            if missing {
                prop_assert_eq!(one.at_once, None);
            }
            if one.at_once.is_none() {
                prop_assert!((missing || weak) && !one.reasons.is_empty() && one.limited_by.is_some());
            }
            if one.bound == Some(Bound::AtLeast) {
                prop_assert!(weak && !one.reasons.is_empty() && one.at_once != Some(0));
            }
            prop_assert!(one.at_once.is_none_or(|number| number <= 100));
        }
    }

    #[test]
    fn the_tablets_fit_and_one_more_would_not(low in 0..100_000_000_u64) {
        let video = one(&school(low, 2_000_000), "video");
        let number = u64::from(video.at_once.unwrap());
        // In whole numbers: n x 1.5 Mbit/s <= 0.8 x low, with half a bit of rounding.
        prop_assert!(number * 15_000_000 <= low * 8 + 5);
        prop_assert!((number + 1) * 15_000_000 + 5 > low * 8);
    }
}
