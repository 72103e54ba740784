//! From measurements to verdicts. Pure: the agent and the collector run the same function.
//!
//! Here: the shape of a verdict and what every requirement shares. The rules themselves: `assess/rate.rs`,
//! `assess/access_points.rs`, `assess/services.rs`. The sentences: not here, nowhere in this crate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Cause, Failure, Measurement, Outcome, ReasonCode, Report, Stage,
    requirement::{Assumption, Demand, Layer, Level, Requirement, Requirements, SchoolSize},
    usage::{self, Usage},
    values::InternetAccess,
};

mod access_points;
mod place;
mod rate;
mod services;

pub use place::{Evidence, EvidenceCode, Located, Place, Subject};
pub use rate::{RateBar, needs_repeat, rate_bars};
pub(crate) use rate::{download_lower_bound, upload_lower_bound};
pub use services::{WhoKnows, judge_service, tells_no_side, who_knows};

/// The judgement of one report against one rule file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// The rule file.
    pub requirements: RuleReference,
    /// A verdict for each requirement (for services: one for each host), in the rule file's order.
    pub verdicts: Vec<Verdict>,
    /// All verdicts together: `not_met` if any is, else `inconclusive` if any is, else `met` if any is, else
    /// `inconclusive`. Requirements of level `indicative` weigh nothing.
    pub overall: VerdictKind,
    /// What the measured rates mean for a class, where the rule file says what to assume: indicative, no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Where what is not in order comes from: machine, Wi-Fi, wiring, box, operator, filter or service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub located: Vec<Located>,
}

/// Which rule file a report was judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleReference {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// When.
    pub dated: String,
}

impl From<&Requirements> for RuleReference {
    fn from(rules: &Requirements) -> Self {
        Self {
            id: rules.id.clone(),
            title: rules.title.clone(),
            source: rules.source.clone(),
            dated: rules.dated.clone(),
        }
    }
}

/// Met, not met, inconclusive, or not applicable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The requirement is met.
    Met,
    /// It is not met, and nothing that was seen could explain the shortfall away.
    NotMet,
    /// What was measured does not carry a verdict; the reasons say why.
    Inconclusive,
    /// It was not part of this run.
    NotApplicable,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The requirement's id.
    pub requirement: String,
    /// What it is about, where a requirement covers several things: an endpoint's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The verdict.
    pub verdict: VerdictKind,
    /// The value that was compared, in `unit`.
    pub observed: Option<u64>,
    /// The bounds of that value, where it is an estimate (95 % interval; low and high count).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_range: Option<[u64; 2]>,
    /// The threshold, in `unit`; `None` where it depends on a size that is not known, or there is none.
    pub at_least: Option<u64>,
    /// The unit of both.
    pub unit: Unit,
    /// The layer at which a rate was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How binding the requirement is.
    pub level: Level,
    /// Probability that the verdict (met or not met) is right as far as random error goes, 0.5 to 1; `None`
    /// where the verdict rests on no estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Why the verdict is not a plain one, most important first.
    pub reasons: Vec<VerdictReason>,
    /// What the source does not say and the rule file assumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumption>,
    /// The comparison with each size's threshold, when the school's size is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<SizeComparison>,
    /// Who can act on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// The comparison with one size's threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeComparison {
    /// The size.
    pub size: SchoolSize,
    /// Its threshold, in the verdict's unit.
    pub at_least: u64,
    /// The verdict a school of that size would get.
    pub verdict: VerdictKind,
    /// Why it is not a plain one.
    pub reasons: Vec<VerdictReason>,
}

/// The unit of an observed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    /// Bits per second.
    #[serde(rename = "bit/s")]
    BitPerSecond,
    /// Access points.
    #[serde(rename = "access_point")]
    AccessPoint,
    /// Whether a service answers: 1 or 0.
    #[serde(rename = "service")]
    Service,
}

/// Who can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The technician, with this machine, now: run again otherwise.
    Technician,
    /// The commune or EPCI: the school's building, network and contract.
    Commune,
    /// The Internet operator (FAI).
    Operator,
    /// Whoever runs the filter or proxy: académie or commune.
    FilterAdministrator,
    /// The service's own editor or the ministry.
    ServiceProvider,
}

/// Why a verdict is not a plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictReason {
    // -- about the rate
    /// The size of the school is not known.
    SizeUnknown,
    /// Within the margin around the threshold ("à la limite").
    NearThreshold,
    /// The 95 % interval reaches over the threshold.
    IntervalTooWide,
    /// Below the threshold only once: it was not repeated.
    NotRepeated,
    /// Repetitions disagree about the threshold.
    RepetitionsDisagree,
    /// Measured over Wi-Fi.
    MeasuredOverWifi,
    /// The kind of interface could not be told.
    UnknownInterface,
    /// Measured through a proxy.
    ThroughProxy,
    /// Measured through a VPN.
    ThroughVpn,
    /// TLS is decrypted on the way.
    TlsIntercepted,
    /// Other traffic used a significant share of the line.
    CrossTraffic,
    /// The processor was saturated.
    CpuBusy,
    /// The interface's link rate limits.
    LinkRateLimits,
    /// The school's own network limits, before the box.
    SchoolNetwork,
    /// The mire limits.
    MireLimited,
    /// This machine limits.
    ClientLimited,
    /// Packet loss limits.
    LossLimited,
    /// Still rising when the time or data allowed ran out.
    StillRising,
    /// The transfer broke off.
    BrokeOff,
    /// The machine slept or the process was stopped during the transfer.
    Suspended,
    /// The mire's count of bytes contradicts ours (a reason about an upload: a download is counted here).
    MireCountMismatch,
    /// A captive portal answers.
    CaptivePortal,
    // -- about anything
    /// It was tried and failed: see the measurement's failure.
    MeasurementFailed,
    /// It was not measured: see the measurement's reason.
    NotMeasured,
    /// It was not asked for in this run.
    NotAsked,
    /// There is no Internet access at all.
    NoInternet,
    /// The run was cut short.
    Interrupted,
    // -- about the Wi-Fi
    /// Whether the school's Wi-Fi was on is not known.
    WifiStateUnknown,
    /// The school's Wi-Fi was off, lawfully so when it is not used.
    WifiOff,
    /// No name of a school network is known.
    NoSchoolSsid,
    /// No network of the names declared as the school's was heard: misspelt, perhaps.
    SchoolSsidNotHeard,
    /// The scan is not fresh or not complete.
    ScanIncomplete,
    /// The bounds of the estimate lie on both sides of the threshold.
    EstimateTooWide,
    /// The number rests on a declaration alone.
    DeclaredOnly,
    // -- about services
    /// No ENT was named.
    EntNotDeclared,
    /// A filter answers in the service's place.
    BlockedByFilter,
    /// The proxy asks for a password.
    ProxyAuthRequired,
    /// The proxy itself cannot be reached, or what answers there is no proxy: nothing beyond it was tried.
    ProxyUnusable,
    /// The resolver's answer is wrong or missing.
    DnsAltered,
    /// The service answers with an error of its own: the school's network is not at fault.
    RemoteError,
    /// The service cannot be reached although others can.
    Unreachable,
    /// The service cannot be reached, and no other target answered to compare with.
    NothingToCompare,
    /// What the service sends vanishes where its packets are full-size (a black hole of path MTU discovery).
    MtuBlackHole,
    /// The machine's clock is wrong.
    ClockWrong,
    /// Reached through a proxy (a note, not a fault).
    ViaProxy,
    /// TLS is decrypted on this machine itself, by an antivirus say: the network is not at fault.
    DecryptedHere,
}

impl VerdictReason {
    /// Who can act when this is the first reason of a verdict that is not `met`.
    ///
    /// What another measurement or a password would settle is the technician's; what stands in the way on purpose (filter,
    /// decryption, imposed resolver) is its administrator's; a line that loses large packets is the operator's; a network
    /// without Internet is the commune's, which has the box looked at and then calls the operator.
    #[must_use]
    pub fn actor(self) -> Option<Actor> {
        match self {
            Self::TlsIntercepted | Self::BlockedByFilter | Self::DnsAltered | Self::Unreachable => {
                Some(Actor::FilterAdministrator)
            }
            Self::RemoteError => Some(Actor::ServiceProvider),
            Self::NoInternet => Some(Actor::Commune),
            Self::MtuBlackHole => Some(Actor::Operator),
            Self::NotAsked | Self::ViaProxy => None,
            Self::SizeUnknown
            | Self::NearThreshold
            | Self::IntervalTooWide
            | Self::NotRepeated
            | Self::RepetitionsDisagree
            | Self::MeasuredOverWifi
            | Self::UnknownInterface
            | Self::ThroughVpn
            | Self::CrossTraffic
            | Self::CpuBusy
            | Self::LinkRateLimits
            | Self::SchoolNetwork
            | Self::MireLimited
            | Self::ClientLimited
            | Self::StillRising
            | Self::BrokeOff
            | Self::Suspended
            | Self::MireCountMismatch
            | Self::CaptivePortal
            | Self::MeasurementFailed
            | Self::NotMeasured
            | Self::Interrupted
            | Self::WifiStateUnknown
            | Self::WifiOff
            | Self::NoSchoolSsid
            | Self::SchoolSsidNotHeard
            | Self::ScanIncomplete
            | Self::EstimateTooWide
            | Self::DeclaredOnly
            | Self::EntNotDeclared
            | Self::NothingToCompare
            | Self::ClockWrong
            | Self::DecryptedHere
            | Self::ThroughProxy
            | Self::ProxyAuthRequired
            | Self::ProxyUnusable
            | Self::LossLimited => Some(Actor::Technician),
        }
    }
}

/// Judges a report's measurements against a rule file. Ignores the assessment the report already holds.
#[must_use]
pub fn assess(report: &Report, rules: &Requirements) -> Assessment {
    let mut verdicts = Vec::new();
    for requirement in &rules.requirements {
        match &requirement.demand {
            Demand::DownloadRate { at_least_bps, layer, margin } => {
                let asked = rate::Asked { at_least_bps, layer: *layer, margin: *margin };
                verdicts.push(rate::judge(report, requirement, asked));
            }
            Demand::AccessPoints { at_least } => {
                verdicts.push(access_points::judge(report, requirement, *at_least));
            }
            Demand::Services { kinds } => verdicts.extend(services::judge(report, requirement, kinds)),
        }
    }
    let overall = overall(&verdicts);
    let usage = rules.usage.as_ref().map(|assumed| usage::estimate(report, assumed));
    let located = place::locate(report, &verdicts);
    Assessment { requirements: rules.into(), verdicts, overall, usage, located }
}

/// All verdicts together. A requirement that is only indicative is shown, and weighs nothing; when nothing that
/// weighs was applicable, nothing is known: inconclusive.
fn overall(verdicts: &[Verdict]) -> VerdictKind {
    let any = |kind| verdicts.iter().any(|v| v.level != Level::Indicative && v.verdict == kind);
    if any(VerdictKind::NotMet) {
        VerdictKind::NotMet
    } else if any(VerdictKind::Met) && !any(VerdictKind::Inconclusive) {
        VerdictKind::Met
    } else {
        VerdictKind::Inconclusive
    }
}

impl Verdict {
    /// An inconclusive verdict on a requirement, to be completed.
    fn open(requirement: &Requirement, unit: Unit) -> Self {
        Self {
            requirement: requirement.id.clone(),
            subject: None,
            verdict: VerdictKind::Inconclusive,
            observed: None,
            observed_range: None,
            at_least: None,
            unit,
            layer: None,
            level: requirement.level,
            confidence: None,
            reasons: Vec::new(),
            assumptions: requirement.assumptions.clone(),
            comparisons: Vec::new(),
            act: None,
        }
    }

    /// The same, decided: the verdict, why, and who can act when it is neither met nor left out.
    fn decided(mut self, report: &Report, verdict: VerdictKind, reasons: Vec<VerdictReason>) -> Self {
        self.act = match verdict {
            VerdictKind::Met => None,
            VerdictKind::NotMet if reasons.is_empty() => Some(Actor::Commune),
            _ if reasons.contains(&VerdictReason::NoInternet) && no_network(report) => {
                Some(Actor::Technician)
            }
            _ => reasons.first().and_then(|reason| reason.actor()),
        };
        self.verdict = verdict;
        self.reasons = reasons;
        self
    }
}

/// Why there is no value: the reasons of a measurement that failed or was not made, most important first.
/// Empty for a measured one.
pub(crate) fn absence<T>(report: &Report, measurement: &Measurement<T>) -> Vec<VerdictReason> {
    let mut reasons = Vec::new();
    match &measurement.outcome {
        Outcome::Measured { .. } => return reasons,
        Outcome::Failed { failure } => {
            if failure.cause == Cause::ProxyAuthRequired {
                reasons.push(VerdictReason::ProxyAuthRequired);
            } else if proxy_unusable(failure) {
                reasons.push(VerdictReason::ProxyUnusable);
            }
            reasons.push(VerdictReason::MeasurementFailed);
        }
        Outcome::NotMeasured { reason } => {
            if matches!(reason.code, ReasonCode::Interrupted | ReasonCode::OutOfTime) {
                reasons.push(VerdictReason::Interrupted);
            }
            reasons.push(VerdictReason::NotMeasured);
        }
    }
    let at_large = no_internet(report).or(behind_portal(report).then_some(VerdictReason::CaptivePortal));
    // An interrupted measurement is missing because of the interruption, whatever the network is like.
    if let (Some(reason), false) = (at_large, reasons.contains(&VerdictReason::Interrupted))
        && !reasons.contains(&reason)
    {
        reasons.insert(0, reason);
    }
    reasons
}

/// `NoInternet` when the control targets were tried and all failed; `ProxyUnusable` where that was the proxy's doing.
#[must_use]
pub fn no_internet(report: &Report) -> Option<VerdictReason> {
    match &report.measurements.internet.as_ref()?.outcome {
        Outcome::Failed { failure } if proxy_unusable(failure) => Some(VerdictReason::ProxyUnusable),
        Outcome::Failed { .. } => Some(VerdictReason::NoInternet),
        Outcome::Measured { .. } | Outcome::NotMeasured { .. } => None,
    }
}

/// Whether it was the proxy itself that could not be reached or is none: a wrong or stopped proxy says nothing about what
/// stands behind it. A proxy that answers and refuses is another matter.
#[must_use]
pub fn proxy_unusable(failure: &Failure) -> bool {
    failure.stage == Stage::Proxy
        && !matches!(failure.cause, Cause::ProxyRefused | Cause::ProxyAuthRequired | Cause::HttpStatus)
}

/// Whether the machine itself has no network, or no resolver to ask: mending that comes before any other action.
fn no_network(report: &Report) -> bool {
    let link = report.measurements.link.as_ref().and_then(Measurement::value);
    let no_resolver =
        report.environment.proxy.is_none() && link.is_some_and(|link| link.resolvers.is_empty());
    no_resolver
        || report.measurements.internet.as_ref().is_some_and(|internet| match &internet.outcome {
            Outcome::Failed { failure } => failure.cause == Cause::NoNetwork,
            _ => false,
        })
}

/// Whether something answers in the place of the control targets.
#[must_use]
pub fn behind_portal(report: &Report) -> bool {
    let internet = report.measurements.internet.as_ref().and_then(Measurement::value);
    internet.is_some_and(|value| value.access == InternetAccess::CaptivePortal)
}
