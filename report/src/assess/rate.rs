//! The rate: above a threshold, below it, or too near or too weakly measured to say.
//!
//! The rules (the reasons are in the method notes):
//! - Within the margin around the threshold: no verdict. So much two runs on one line may differ.
//! - Above it: met as soon as the interval's low end reaches the threshold. What makes the value a lower bound
//!   cannot harm that. Two things can: a captive portal (who knows what was measured), and another transfer of
//!   the same run below the threshold.
//! - Below it: not met only if nothing seen could explain the shortfall and at least two transfers agree.

use super::{SizeComparison, Unit, Verdict, VerdictKind, VerdictReason, absence, behind_portal, place};
use crate::{
    CaveatCode, Measurement, Report,
    requirement::{BySize, Demand, Layer, Requirement, Requirements, SchoolSize},
    values::{InterfaceKind, LimitedBy, TransferValue},
};

/// A shortfall is believed when it was seen twice: once could be a passing load.
const REPETITIONS_TO_BELIEVE: usize = 2;

/// Half-width of a 95 % interval in standard deviations (normal distribution).
const Z95: f64 = 1.96;

/// No random error is smaller than the doubt about the method itself: never say more than this.
const MOST_CONFIDENT: f64 = 0.9999;

/// The least share of the IP-layer rate that the application's bytes can make: IPv6, TCP options and TLS leave
/// about 0.93 of a full packet, rounded down for smaller packets in tunnels.
const APPLICATION_SHARE: f64 = 0.9;

/// What a rule asks of the rate.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) at_least_bps: &'a BySize,
    pub(super) layer: Layer,
    pub(super) margin: f64,
}

/// A rate with its 95 % interval, bit/s, at the layer of the rule.
#[derive(Clone, Copy)]
struct Rate {
    value: u64,
    low: u64,
    high: u64,
}

impl Rate {
    /// The interval is made to hold the value, whoever wrote it.
    fn new(value: u64, [a, b]: [u64; 2]) -> Self {
        Self { value, low: a.min(b).min(value), high: a.max(b).max(value) }
    }

    /// The probability that the true rate lies on this value's side of the threshold, if errors are normal.
    fn confidence(self, threshold: u64) -> f64 {
        let sigma = (self.high - self.low) as f64 / (2.0 * Z95);
        let distance = self.value.abs_diff(threshold) as f64;
        if sigma > 0.0 { normal_below(distance / sigma) } else { 1.0 }
    }
}

/// What was measured, ready to be compared.
struct Evidence {
    rate: Rate,
    /// Every complete transfer of the run, this one included.
    repetitions: Vec<Rate>,
    /// What makes the rate a lower bound, most important first.
    lower_bound: Vec<VerdictReason>,
}

/// One comparison with one threshold.
struct Comparison {
    verdict: VerdictKind,
    reasons: Vec<VerdictReason>,
    confidence: Option<f64>,
}

/// Judges the downstream rate.
pub(super) fn judge(report: &Report, requirement: &Requirement, asked: Asked<'_>) -> Verdict {
    let mut verdict = Verdict::open(requirement, Unit::BitPerSecond);
    verdict.layer = Some(asked.layer);
    verdict.at_least = report.site.size.map(|size| asked.at_least_bps.of(size));
    let Some(download) = &report.measurements.download else {
        return verdict.decided(report, VerdictKind::NotApplicable, vec![VerdictReason::NotAsked]);
    };
    let Some(value) = download.value() else {
        return verdict.decided(report, VerdictKind::Inconclusive, absence(report, download));
    };
    let evidence = Evidence::gather(report, download, value, asked.layer);
    verdict.observed = Some(evidence.rate.value);
    verdict.observed_range = Some([evidence.rate.low, evidence.rate.high]);
    if let Some(threshold) = verdict.at_least {
        let Comparison { verdict: kind, reasons, confidence } = evidence.compare(threshold, asked.margin);
        verdict.confidence = confidence;
        return verdict.decided(report, kind, reasons);
    }
    judge_every_size(report, verdict, &evidence, asked)
}

/// The comparison with each size's threshold, where the size is not known: a verdict only where all agree.
/// `at_least` stays `None` even then: no single threshold was applied, and `comparisons` holds the three.
fn judge_every_size(report: &Report, mut verdict: Verdict, evidence: &Evidence, asked: Asked<'_>) -> Verdict {
    let mut reasons: Vec<VerdictReason> = Vec::new();
    let mut weakest: Option<f64> = None;
    for size in SchoolSize::ALL {
        let at_least = asked.at_least_bps.of(size);
        let one = evidence.compare(at_least, asked.margin);
        for reason in &one.reasons {
            if !reasons.contains(reason) {
                reasons.push(*reason);
            }
        }
        weakest = [weakest, one.confidence].into_iter().flatten().reduce(f64::min);
        verdict.comparisons.push(SizeComparison {
            size,
            at_least,
            verdict: one.verdict,
            reasons: one.reasons,
        });
    }
    let all = |kind| verdict.comparisons.iter().all(|one| one.verdict == kind);
    for kind in [VerdictKind::Met, VerdictKind::NotMet] {
        if all(kind) {
            verdict.confidence = weakest;
            return verdict.decided(report, kind, reasons);
        }
    }
    // Where no size would get a verdict, naming the size would not help: then it is not the reason.
    if !all(VerdictKind::Inconclusive) {
        reasons.insert(0, VerdictReason::SizeUnknown);
    }
    verdict.decided(report, VerdictKind::Inconclusive, reasons)
}

impl Evidence {
    fn gather(
        report: &Report,
        download: &Measurement<TransferValue>,
        value: &TransferValue,
        layer: Layer,
    ) -> Self {
        let at_layer = |ip_rate: u64| match layer {
            Layer::Ip => ip_rate,
            // The share of headers is the same throughout a transfer, so its bounds shrink with it.
            Layer::Application => scaled(ip_rate, value.goodput_bps, value.ip_rate_bps),
        };
        let rate = |ip_rate: u64, ci: [u64; 2]| Rate::new(at_layer(ip_rate), ci.map(at_layer));
        let repetitions = value.repetitions.iter().map(|one| rate(one.ip_rate_bps, one.ci95_bps)).collect();
        Self {
            rate: rate(value.ip_rate_bps, value.ci95_bps),
            repetitions,
            lower_bound: download_lower_bound(report, download, value.limited_by),
        }
    }

    /// Compares with one threshold.
    fn compare(&self, threshold: u64, margin: f64) -> Comparison {
        let band = half_band(threshold, margin);
        let Rate { value, low, high } = self.rate;
        let mut reasons = Vec::new();
        let above = value >= threshold;
        let near = value.abs_diff(threshold) <= band;
        if above {
            reasons.extend(self.lower_bound.iter().filter(|r| **r == VerdictReason::CaptivePortal));
        } else {
            reasons.extend(&self.lower_bound);
        }
        if near {
            reasons.push(VerdictReason::NearThreshold);
        } else if (above && low < threshold) || (!above && high >= threshold) {
            reasons.push(VerdictReason::IntervalTooWide);
        }
        if !near {
            reasons.extend(self.disagreement(above, threshold.saturating_sub(band)));
        }
        let verdict = match (reasons.is_empty(), above) {
            (false, _) => VerdictKind::Inconclusive,
            (true, true) => VerdictKind::Met,
            (true, false) => VerdictKind::NotMet,
        };
        let confidence = reasons.is_empty().then(|| self.confidence(threshold));
        Comparison { verdict, reasons, confidence }
    }

    /// What the other transfers of the run say against this one: the lower edge of the band divides them.
    fn disagreement(&self, above: bool, lower_edge: u64) -> Option<VerdictReason> {
        let short = |one: &Rate| one.value < lower_edge;
        if above {
            self.repetitions.iter().any(short).then_some(VerdictReason::RepetitionsDisagree)
        } else if !self.repetitions.iter().all(short) {
            Some(VerdictReason::RepetitionsDisagree)
        } else {
            (self.repetitions.len() < REPETITIONS_TO_BELIEVE).then_some(VerdictReason::NotRepeated)
        }
    }

    /// The confidence of the weakest transfer: agreeing transfers share their errors' causes, so they are not
    /// multiplied as if they were independent.
    fn confidence(&self, threshold: u64) -> f64 {
        let all = self.repetitions.iter().chain([&self.rate]).map(|rate| rate.confidence(threshold));
        let weakest = all.fold(1.0, f64::min).clamp(0.5, MOST_CONFIDENT);
        // Four digits are more than the model is worth, and the same on every machine.
        (weakest * 10_000.0).round() / 10_000.0
    }
}

/// Half of the band around a threshold in which no verdict is given, bit/s.
fn half_band(threshold: u64, margin: f64) -> u64 {
    (threshold as f64 * margin).round() as u64
}

/// `value` x `numerator` / `denominator`, without overflow; a transfer whose IP-layer rate is zero carried nothing.
fn scaled(value: u64, numerator: u64, denominator: u64) -> u64 {
    let product = u128::from(value) * u128::from(numerator);
    let quotient = product.checked_div(u128::from(denominator)).unwrap_or(0);
    u64::try_from(quotient).unwrap_or(u64::MAX)
}

/// The standard normal distribution's share below `z` (z >= 0), by Zelen and Severo's approximation
/// (Abramowitz and Stegun 26.2.17, error below 7.5e-8).
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let polynomial = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    1.0 - density * polynomial
}

/// Everything that makes a rate a lower bound, most important first: the transfer's own caveats, what the
/// transfer says limited it, and what the run went through.
fn lower_bound(
    report: &Report,
    transfer: &Measurement<TransferValue>,
    limited_by: LimitedBy,
) -> Vec<VerdictReason> {
    let environment = &report.environment;
    let mut found: Vec<VerdictReason> =
        transfer.caveats().iter().filter_map(|caveat| shortfall_reason(caveat.code)).collect();
    found.extend(match limited_by {
        LimitedBy::Server => Some(VerdictReason::MireLimited),
        // What of this machine limits is already said.
        LimitedBy::Client if found.iter().any(|reason| OF_THIS_MACHINE.contains(reason)) => None,
        LimitedBy::Client => Some(VerdictReason::ClientLimited),
        LimitedBy::Loss => Some(VerdictReason::LossLimited),
        LimitedBy::Line | LimitedBy::Unknown => None,
    });
    found.extend(match environment.interface.as_ref().map(|interface| interface.kind) {
        Some(InterfaceKind::Wifi) => Some(VerdictReason::MeasuredOverWifi),
        Some(InterfaceKind::Tunnel) => Some(VerdictReason::ThroughVpn),
        None | Some(InterfaceKind::Unknown) => Some(VerdictReason::UnknownInterface),
        Some(InterfaceKind::Ethernet | InterfaceKind::Cellular | InterfaceKind::Loopback) => None,
    });
    found.extend(environment.vpn.then_some(VerdictReason::ThroughVpn));
    found.extend(environment.proxy.as_ref().map(|_| VerdictReason::ThroughProxy));
    found.extend(behind_portal(report).then_some(VerdictReason::CaptivePortal));
    BY_IMPORTANCE.into_iter().filter(|reason| found.contains(reason)).collect()
}

/// What says which part of this machine limits.
const OF_THIS_MACHINE: [VerdictReason; 2] = [VerdictReason::CpuBusy, VerdictReason::LinkRateLimits];

/// The same for a download, beside which the box is timed and a mire in the school is measured: they tell where the school's
/// own network is what limits.
pub(crate) fn download_lower_bound(
    report: &Report,
    download: &Measurement<TransferValue>,
    limited_by: LimitedBy,
) -> Vec<VerdictReason> {
    let mut reasons = lower_bound(report, download, limited_by);
    if place::school_limits(report) {
        reasons.push(VerdictReason::SchoolNetwork);
    }
    reasons
}

/// The same for an upload, whose bytes only the mire sees arrive: a count of its own that contradicts ours makes
/// the value a lower bound too.
pub(crate) fn upload_lower_bound(
    report: &Report,
    upload: &Measurement<TransferValue>,
    limited_by: LimitedBy,
) -> Vec<VerdictReason> {
    let mut reasons = lower_bound(report, upload, limited_by);
    if upload.caveats().iter().any(|caveat| caveat.code == CaveatCode::MireCountMismatch) {
        reasons.push(VerdictReason::MireCountMismatch);
    }
    reasons
}

/// What to settle first: the wrong network, then how this machine is connected, then this machine, then the way,
/// then the transfer itself.
const BY_IMPORTANCE: [VerdictReason; 15] = [
    VerdictReason::CaptivePortal,
    VerdictReason::MeasuredOverWifi,
    VerdictReason::UnknownInterface,
    VerdictReason::ThroughVpn,
    VerdictReason::LinkRateLimits,
    VerdictReason::CpuBusy,
    VerdictReason::ClientLimited,
    VerdictReason::CrossTraffic,
    VerdictReason::ThroughProxy,
    VerdictReason::TlsIntercepted,
    VerdictReason::MireLimited,
    VerdictReason::Suspended,
    VerdictReason::BrokeOff,
    VerdictReason::StillRising,
    VerdictReason::LossLimited,
];

/// The reason that goes with each caveat that could explain a shortfall; `None` for the others.
fn shortfall_reason(code: CaveatCode) -> Option<VerdictReason> {
    match code {
        CaveatCode::MeasuredOverWifi => Some(VerdictReason::MeasuredOverWifi),
        CaveatCode::UnknownInterface => Some(VerdictReason::UnknownInterface),
        CaveatCode::ThroughProxy => Some(VerdictReason::ThroughProxy),
        CaveatCode::ThroughVpn => Some(VerdictReason::ThroughVpn),
        CaveatCode::TlsIntercepted => Some(VerdictReason::TlsIntercepted),
        CaveatCode::CrossTraffic => Some(VerdictReason::CrossTraffic),
        CaveatCode::CpuBusy => Some(VerdictReason::CpuBusy),
        CaveatCode::LinkRateLimits => Some(VerdictReason::LinkRateLimits),
        CaveatCode::MireLimited => Some(VerdictReason::MireLimited),
        CaveatCode::ClientLimited => Some(VerdictReason::ClientLimited),
        CaveatCode::LossLimited => Some(VerdictReason::LossLimited),
        CaveatCode::StillRising => Some(VerdictReason::StillRising),
        CaveatCode::BrokeOff => Some(VerdictReason::BrokeOff),
        CaveatCode::Suspended => Some(VerdictReason::Suspended),
        CaveatCode::CaptivePortal => Some(VerdictReason::CaptivePortal),
        // A download's bytes are counted here: the mire's other count says nothing against them.
        CaveatCode::MireCountMismatch
        | CaveatCode::BurstNotExcluded
        | CaveatCode::Unstable
        | CaveatCode::MireSkipped
        | CaveatCode::FarEndCountMissing
        | CaveatCode::IcmpNotPermitted
        | CaveatCode::IcmpFiltered
        | CaveatCode::StaleScan
        | CaveatCode::PartialScan
        | CaveatCode::HiddenNetworks
        | CaveatCode::OldSurvey
        | CaveatCode::NoSchoolSsid
        | CaveatCode::SilentHops
        | CaveatCode::Demonstration
        | CaveatCode::NoLoadedProbe
        | CaveatCode::LoadedBehindMessages
        | CaveatCode::NoTlsPhase
        | CaveatCode::ForeignProbesFailed
        | CaveatCode::IdleUnknown
        | CaveatCode::FewProbes
        | CaveatCode::Ipv6Broken
        | CaveatCode::NxdomainRewritten
        | CaveatCode::DnsWithoutTcp
        | CaveatCode::DnsWithoutEdns
        | CaveatCode::DnsLargeAnswersLost
        | CaveatCode::SearchDomainWildcard
        | CaveatCode::DnsIntercepted
        | CaveatCode::ResolverSlow
        | CaveatCode::ResolverUnsteady
        | CaveatCode::SilentResolverFirst
        | CaveatCode::NamesLeftToProxy => None,
    }
}

/// A threshold of the rate that a transfer can stop at, once it is certain on which side of it the rate lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateBar {
    /// The threshold, bit/s at `layer`.
    pub at_least_bps: u64,
    /// The layer the threshold speaks of.
    pub layer: Layer,
    /// Half-width, relative, of the band around it in which there is no verdict.
    pub margin: f64,
}

/// The thresholds of the downstream rate that matter for a school's size; every size's when it is not known. Empty when
/// the rules ask nothing of the rate.
#[must_use]
pub fn rate_bars(size: Option<SchoolSize>, rules: &Requirements) -> Vec<RateBar> {
    let mut bars = Vec::new();
    for requirement in &rules.requirements {
        let Demand::DownloadRate { at_least_bps, layer, margin } = &requirement.demand else { continue };
        let sizes = SchoolSize::ALL.into_iter().filter(|one| size.is_none_or(|size| size == *one));
        bars.extend(sizes.map(|size| RateBar {
            at_least_bps: at_least_bps.of(size),
            layer: *layer,
            margin: *margin,
        }));
    }
    bars
}

/// Whether a run should measure again before it judges: whether `not_met` could follow from this rate, for the
/// school's size, or for any size when it is not known. True up to the upper edge of the margin's band.
#[must_use]
pub fn needs_repeat(ip_rate_bps: u64, size: Option<SchoolSize>, rules: &Requirements) -> bool {
    rules.requirements.iter().any(|requirement| {
        let Demand::DownloadRate { at_least_bps, layer, margin } = &requirement.demand else { return false };
        let threshold = at_least_bps.of(size.unwrap_or(SchoolSize::Large));
        let upper_edge = threshold.saturating_add(half_band(threshold, *margin));
        match layer {
            Layer::Ip => ip_rate_bps <= upper_edge,
            Layer::Application => ip_rate_bps as f64 * APPLICATION_SHARE <= upper_edge as f64,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_agrees_with_its_tables() {
        for (z, share) in [(0.0, 0.5), (1.0, 0.841_345), (1.96, 0.975_002), (3.0, 0.998_650)] {
            assert!((normal_below(z) - share).abs() < 1e-6, "z = {z}: {}", normal_below(z));
        }
    }

    #[test]
    fn scaling_neither_overflows_nor_divides_by_zero() {
        assert_eq!(scaled(u64::MAX, u64::MAX, 1), u64::MAX);
        assert_eq!(scaled(10, 3, 0), 0);
        assert_eq!(scaled(1000, 96, 100), 960);
    }
}
