//! Access points: a bound, not a count, and zero may be lawful.
//!
//! Met as soon as the estimate's low bound reaches the threshold. Not met only if all of this holds: the high
//! bound stays below it, the Wi-Fi was on (loi n° 2015-136, art. 7, has it off when not used for teaching), the
//! scan was fresh and complete, and it covered the school: several rooms were visited, or the technician declares
//! no more either. From one place, an access point at the other end of the building is not heard. A name that was
//! heard nowhere may be misspelt: only with a declaration is that a zero.

use super::{Unit, Verdict, VerdictKind, VerdictReason, absence};
use crate::{
    CaveatCode, Measurement, Report,
    document::WifiOn,
    requirement::Requirement,
    values::{SchoolWifi, WifiValue},
};

/// Rooms to visit before what was not heard counts as not there.
const POSITIONS_TO_COVER: usize = 2;

/// Judges the number of access points.
pub(super) fn judge(report: &Report, requirement: &Requirement, at_least: u32) -> Verdict {
    let mut verdict = Verdict::open(requirement, Unit::AccessPoint);
    verdict.at_least = Some(u64::from(at_least));
    let wifi = report.measurements.wifi.as_ref();
    let value = wifi.and_then(Measurement::value);
    if let (Some(wifi), Some((value, school))) = (wifi, value.and_then(|v| Some((v, v.school.as_ref()?)))) {
        let counted = &school.access_points;
        verdict.observed = Some(u64::from(counted.estimate));
        verdict.observed_range = Some([counted.low, counted.high].map(u64::from));
        let (kind, reasons) = compare(report, wifi, value, school, at_least);
        return verdict.decided(report, kind, reasons);
    }
    let mut reasons = match wifi {
        None => Vec::new(),
        Some(wifi) if wifi.value().is_none() => wifi_absence(report, wifi),
        Some(_) => vec![VerdictReason::NoSchoolSsid],
    };
    if let Some(declared) = report.site.declared_access_points {
        verdict.observed = Some(u64::from(declared));
        reasons.push(VerdictReason::DeclaredOnly);
    }
    if reasons.is_empty() {
        return verdict.decided(report, VerdictKind::NotApplicable, vec![VerdictReason::NotAsked]);
    }
    verdict.decided(report, VerdictKind::Inconclusive, reasons)
}

/// Why the radios were not listed. Whether there is Internet has nothing to do with it.
fn wifi_absence(report: &Report, wifi: &Measurement<WifiValue>) -> Vec<VerdictReason> {
    let mut reasons = absence(report, wifi);
    reasons.retain(|reason| !matches!(reason, VerdictReason::NoInternet | VerdictReason::CaptivePortal));
    reasons
}

/// Compares the estimate's bounds with the threshold.
fn compare(
    report: &Report,
    wifi: &Measurement<WifiValue>,
    value: &WifiValue,
    school: &SchoolWifi,
    at_least: u32,
) -> (VerdictKind, Vec<VerdictReason>) {
    let counted = &school.access_points;
    // Bounds in the wrong order bound nothing: take the widest reading.
    let low = counted.low.min(counted.high).min(counted.estimate);
    let high = counted.high.max(counted.low).max(counted.estimate);
    if low >= at_least {
        return (VerdictKind::Met, Vec::new());
    }
    let mut reasons = Vec::new();
    if high >= at_least {
        reasons.push(VerdictReason::EstimateTooWide);
    }
    // A misspelt name is not a school without access points.
    if school.bssids == 0 && !declared_short(report, at_least) {
        reasons.push(VerdictReason::SchoolSsidNotHeard);
    }
    reasons.extend(match report.site.wifi_on {
        WifiOn::Yes => None,
        WifiOn::No => Some(VerdictReason::WifiOff),
        WifiOn::Unknown => Some(VerdictReason::WifiStateUnknown),
    });
    // Where the Wi-Fi was not known to be on, visiting more rooms is not the first thing to do.
    let on = report.site.wifi_on == WifiOn::Yes;
    if !scan_is_complete(wifi, value) || (on && !covers_the_school(report, value, at_least)) {
        reasons.push(VerdictReason::ScanIncomplete);
    }
    let kind = if reasons.is_empty() { VerdictKind::NotMet } else { VerdictKind::Inconclusive };
    (kind, reasons)
}

/// Whether the radio listened for this run, everywhere it should, and nothing loud is left whose owner nobody knows.
fn scan_is_complete(wifi: &Measurement<WifiValue>, value: &WifiValue) -> bool {
    let weak = |code| {
        matches!(
            code,
            CaveatCode::StaleScan
                | CaveatCode::PartialScan
                | CaveatCode::HiddenNetworks
                | CaveatCode::OldSurvey
        )
    };
    value.scan.fresh && !wifi.caveats().iter().any(|caveat| weak(caveat.code))
}

/// Whether an access point that was not heard would have been: several rooms, or a declaration that agrees.
fn covers_the_school(report: &Report, value: &WifiValue, at_least: u32) -> bool {
    value.scan.positions.len() >= POSITIONS_TO_COVER || declared_short(report, at_least)
}

/// Whether the technician declares fewer access points than asked for.
fn declared_short(report: &Report, at_least: u32) -> bool {
    report.site.declared_access_points.is_some_and(|declared| declared < at_least)
}
