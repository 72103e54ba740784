//! Where the bottleneck or fault is: machine, Wi-Fi, school's network, box, operator, filter or service.
//!
//! A place is named only with evidence that leaves no other; otherwise it is unknown, and the evidence there is stands
//! beside it. What is in order has no place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Actor, Unit, Verdict, VerdictKind, VerdictReason, behind_portal, no_internet, proxy_unusable};
use crate::{
    Cause, Caveat, CaveatCode, Failure, Measurement, Outcome, ReasonCode, Report, Stage,
    measurement::Attempt,
    values::{EndpointState, GatewayValue, InterfaceKind, InternetAccess, LinkValue, RttSeries},
};

/// Added to the round trip to the box while the download loads the line, microseconds, from which a queue stands before
/// the box: a switched cable adds less than 1 ms, and an interval of ICMP answered by a busy box some 5.
const QUEUE_BEFORE_BOX_US: u64 = 20_000;
/// …and this share of what is added to the round trip to the mire: where the line's own queue is longer, that one limits.
const QUEUE_SHARE: f64 = 0.5;
/// Added less than this, microseconds, nothing waits before the box.
const STEADY_US: u64 = 5_000;
/// Share of idle probes to the box lost from which the way to it loses packets: one of twenty may be chance.
const GATEWAY_LOSS: f64 = 0.10;

/// The school's network carries no more than this many times the line's rate: it is what limits, within what two
/// transfers of a few seconds differ by.
const LAN_AS_SLOW: f64 = 1.2;
/// It carries so many times the line's rate: it is not what limits.
const LAN_FASTER: f64 = 2.0;

/// Where one bottleneck or fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Located {
    /// What is not as it should be.
    pub about: Subject,
    /// Which services, by their ids, where it is about services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Where that comes from.
    pub place: Place,
    /// What shows it, most telling first.
    pub evidence: Vec<Evidence>,
}

/// What is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Internet as a whole.
    Internet,
    /// The download rate.
    Download,
    /// Services.
    Services,
}

/// Where a bottleneck or fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The machine that measured.
    Machine,
    /// The radio between it and the access point.
    Wifi,
    /// The school's wiring: cables, sockets, switches, power-line adapters.
    Lan,
    /// The box (router) or its cabling.
    Box,
    /// The operator's line, or what lies behind it.
    Operator,
    /// What filters on purpose: proxy, filter, imposed resolver, portal.
    Filter,
    /// The service itself.
    Service,
    /// The evidence does not say.
    Unknown,
}

/// One thing that shows where a fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What.
    pub code: EvidenceCode,
    /// A figure or a name, in no human language: milliseconds, bit/s, an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceCode {
    /// The machine has no usable network.
    NoNetwork,
    /// The machine's clock is wrong.
    ClockWrong,
    /// The processor was saturated, or the machine slept.
    MachineBusy,
    /// Other programs of this machine used the line.
    CrossTraffic,
    /// The traffic went through a VPN of this machine.
    Vpn,
    /// The interface's own rate limits (bit/s).
    LinkRate,
    /// The box answers (median, ms).
    GatewayAnswers,
    /// The box does not answer.
    GatewaySilent,
    /// Packets to the box are lost (share).
    GatewayLoses,
    /// The way to the box slows down while the download runs (added, ms).
    GatewaySlowUnderLoad,
    /// The way to the box stays as fast while the download runs (added, ms).
    GatewaySteady,
    /// Nothing answers beyond the box.
    NothingBeyond,
    /// The resolver, which is the box, gives no useful answer: its fault, or its line is cut.
    BoxResolverSilent,
    /// No resolver gives a useful answer.
    ResolversSilent,
    /// This machine has no resolver to ask.
    NoResolver,
    /// A mire in the school gives hardly more (bit/s).
    LanAsSlow,
    /// A mire in the school gives far more (bit/s).
    LanFaster,
    /// Measured over a cable, nothing else weakens the figure, and a repetition agrees.
    WiredAndRepeated,
    /// Measured over Wi-Fi, which may limit.
    OverWifi,
    /// Measured through a proxy, which may limit.
    ThroughProxy,
    /// The measurement server may limit.
    MireLimited,
    /// Packets are lost beyond the box.
    Loss,
    /// A portal answers in the place of the Internet (its host).
    Portal,
    /// A proxy asks for a password.
    ProxyPassword,
    /// The proxy itself does not answer.
    ProxySilent,
    /// The control targets fail while services answer.
    ControlsBlocked,
    /// A filter's page or refusal in the service's place.
    FilterAnswers,
    /// TLS is decrypted on the way (issuer).
    Decrypted,
    /// The resolver's answer is wrong, and another one knows better.
    DnsAltered,
    /// The resolver's answer is wrong or missing, and no other one was seen to know better.
    DnsUnexplained,
    /// Large packets vanish on the way, small ones arrive (a black hole of path MTU discovery).
    MtuBlackHole,
    /// Services of several domains fare so: what they share lies between this machine and the Internet.
    SeveralDomains,
    /// The box itself says that larger packets than this do not fit its line (bytes).
    BoxNarrow,
    /// The service alone cannot be reached, while others are: something on the way, or the service.
    OthersReachable,
    /// Services of several domains cannot be reached, while others are: no fault of one of them.
    SeveralSilent,
    /// The certificate is not the one it should be: something on the way, or the service.
    CertificateUnexplained,
    /// The service answers with an error of its own.
    ServiceError,
    /// Nothing to compare with.
    NothingToCompare,
}

impl EvidenceCode {
    fn plain(self) -> Evidence {
        Evidence { code: self, detail: None }
    }

    fn with(self, detail: impl Into<String>) -> Evidence {
        Evidence { code: self, detail: Some(detail.into()) }
    }
}

/// Where what is not in order comes from: Internet first, then the rate, then the services, grouped by place.
pub(super) fn locate(report: &Report, verdicts: &[Verdict]) -> Vec<Located> {
    let internet = internet(report);
    let rate = verdicts.iter().find(|verdict| verdict.unit == Unit::BitPerSecond);
    let rate = rate.filter(|_| internet.is_none()).and_then(|verdict| download(report, verdict));
    internet.into_iter().chain(rate).chain(services(report, verdicts)).collect()
}

// -- Internet

fn internet(report: &Report) -> Option<Located> {
    let (place, evidence) = match &report.measurements.internet.as_ref()?.outcome {
        // A cable, a socket, the DHCP server or this machine: from here they look the same.
        Outcome::NotMeasured { reason } if reason.code == ReasonCode::NoNetwork => {
            (Place::Unknown, vec![EvidenceCode::NoNetwork.plain()])
        }
        Outcome::NotMeasured { .. } => return None,
        Outcome::Measured { value, .. } => match value.access {
            InternetAccess::Open => return None,
            InternetAccess::CaptivePortal => (
                Place::Filter,
                vec![Evidence { code: EvidenceCode::Portal, detail: value.portal_host.clone() }],
            ),
            InternetAccess::ProxyAuthRequired => (Place::Filter, vec![EvidenceCode::ProxyPassword.plain()]),
        },
        Outcome::Failed { failure } if failure.cause == Cause::NoNetwork || no_address(report) => {
            (Place::Machine, vec![EvidenceCode::NoNetwork.plain()])
        }
        Outcome::Failed { failure } => no_way_out(report, failure),
    };
    Some(Located { about: Subject::Internet, services: Vec::new(), place, evidence })
}

fn no_address(report: &Report) -> bool {
    report.measurements.link.as_ref().is_some_and(|link| matches!(link.outcome, Outcome::Failed { .. }))
}

/// No control answers, and the machine has a network.
fn no_way_out(report: &Report, failure: &Failure) -> (Place, Vec<Evidence>) {
    if any_service_answers(report) {
        return (Place::Filter, vec![EvidenceCode::ControlsBlocked.plain()]);
    }
    // Stopped, or named wrongly on this machine.
    if proxy_unusable(failure) {
        return (Place::Unknown, vec![EvidenceCode::ProxySilent.plain()]);
    }
    let gateway = report.measurements.gateway.as_ref().map(|gateway| &gateway.outcome);
    let mut evidence = Vec::new();
    match gateway {
        Some(Outcome::Failed { .. }) => return (Place::Box, vec![EvidenceCode::GatewaySilent.plain()]),
        Some(Outcome::Measured { value, .. }) => evidence.push(answers(value)),
        Some(Outcome::NotMeasured { .. }) | None => {}
    }
    let near = !evidence.is_empty();
    if failure.stage == Stage::Dns {
        // A box that only forwards questions has no answer, too, when its line is cut.
        let code = match link(report) {
            Some(link) if link.resolvers.is_empty() => EvidenceCode::NoResolver,
            _ if near && resolver_is_box(report) => EvidenceCode::BoxResolverSilent,
            _ => EvidenceCode::ResolversSilent,
        };
        evidence.push(code.plain());
        return (Place::Unknown, evidence);
    }
    if only_ipv6_was_tried(failure) {
        evidence.push(EvidenceCode::DnsUnexplained.plain());
        return (Place::Unknown, evidence);
    }
    if near {
        evidence.push(EvidenceCode::NothingBeyond.plain());
        return (Place::Operator, evidence);
    }
    (Place::Unknown, evidence)
}

/// Whether no target came with an address that this machine has a way to: only IPv6 ones, and no IPv6 here.
fn only_ipv6_was_tried(failure: &Failure) -> bool {
    let no_way = |attempt: &Attempt| {
        let ipv6 = attempt.detail.as_ref().is_some_and(|detail| detail.starts_with('['));
        attempt.cause == Cause::Unreachable && ipv6
    };
    !failure.attempts.is_empty() && failure.attempts.iter().all(no_way)
}

/// Whether a service answered for itself.
fn any_service_answers(report: &Report) -> bool {
    report.measurements.endpoints.iter().filter_map(Measurement::value).any(|value| {
        matches!(
            value.state,
            EndpointState::Reachable | EndpointState::ReachableViaProxy | EndpointState::RemoteError
        )
    })
}

/// Whether every resolver is the box itself.
fn resolver_is_box(report: &Report) -> bool {
    link(report).is_some_and(|link| {
        !link.resolvers.is_empty() && link.resolvers.iter().all(|one| Some(one) == link.gateway.as_ref())
    })
}

fn link(report: &Report) -> Option<&LinkValue> {
    report.measurements.link.as_ref().and_then(Measurement::value)
}

// -- the rate

/// Only where the rate falls short, or something here kept it low: near a threshold nothing is at fault.
fn download(report: &Report, verdict: &Verdict) -> Option<Located> {
    if !falls_short(verdict) {
        return None;
    }
    let measured = report.measurements.download.as_ref()?;
    measured.value()?;
    let (place, evidence) = limit_here(report, measured.caveats())
        .or_else(|| within_the_school(report))
        .or_else(|| before_the_box(report))
        .or_else(|| in_doubt(measured.caveats(), report))
        .or_else(|| beyond_the_box(report, verdict))?;
    Some(Located { about: Subject::Download, services: Vec::new(), place, evidence })
}

/// Whether the rate is too low, or was kept from being judged by something that may have kept it low. At the limit, or
/// without a size to compare with, nothing is at fault.
fn falls_short(verdict: &Verdict) -> bool {
    const LOW: [VerdictReason; 11] = [
        VerdictReason::MeasuredOverWifi,
        VerdictReason::ThroughProxy,
        VerdictReason::ThroughVpn,
        VerdictReason::CrossTraffic,
        VerdictReason::CpuBusy,
        VerdictReason::LinkRateLimits,
        VerdictReason::SchoolNetwork,
        VerdictReason::MireLimited,
        VerdictReason::ClientLimited,
        VerdictReason::LossLimited,
        VerdictReason::Suspended,
    ];
    match verdict.verdict {
        VerdictKind::NotMet => true,
        VerdictKind::Inconclusive => verdict.reasons.iter().any(|reason| LOW.contains(reason)),
        VerdictKind::Met | VerdictKind::NotApplicable => false,
    }
}

fn over_wifi(report: &Report) -> bool {
    let kind = report.environment.interface.as_ref().map(|interface| interface.kind);
    kind == Some(InterfaceKind::Wifi)
}

/// What of this machine limits.
fn limit_here(report: &Report, caveats: &[Caveat]) -> Option<(Place, Vec<Evidence>)> {
    caveats.iter().find_map(|caveat| {
        let found = |place, code: EvidenceCode| Some((place, vec![code.plain()]));
        match caveat.code {
            CaveatCode::CpuBusy | CaveatCode::ClientLimited | CaveatCode::Suspended => {
                found(Place::Machine, EvidenceCode::MachineBusy)
            }
            CaveatCode::CrossTraffic => found(Place::Machine, EvidenceCode::CrossTraffic),
            CaveatCode::ThroughVpn => found(Place::Machine, EvidenceCode::Vpn),
            CaveatCode::LinkRateLimits => {
                let rate = report.environment.interface.as_ref().and_then(|interface| interface.rate_bps);
                let detail = rate.map(|rate| rate.to_string());
                let place = if over_wifi(report) { Place::Wifi } else { Place::Lan };
                Some((place, vec![Evidence { code: EvidenceCode::LinkRate, detail }]))
            }
            _ => None,
        }
    })
}

/// What a mire in the school showed: the school's network limits, or something beyond it does. Beyond, what a proxy or a
/// mire limits is not the line's doing.
fn within_the_school(report: &Report) -> Option<(Place, Vec<Evidence>)> {
    let lan = report.measurements.lan.as_ref()?.value()?.ip_rate_bps as f64;
    let measured = report.measurements.download.as_ref()?;
    let line = measured.value()?.ip_rate_bps as f64;
    let detail = format!("{lan:.0}");
    if lan <= LAN_AS_SLOW * line {
        let place = if over_wifi(report) { Place::Wifi } else { Place::Lan };
        return Some((place, vec![EvidenceCode::LanAsSlow.with(detail)]));
    }
    let elsewhere = [CaveatCode::ThroughProxy, CaveatCode::MireLimited];
    let doubt = measured.caveats().iter().any(|caveat| elsewhere.contains(&caveat.code));
    (lan >= LAN_FASTER * line && !doubt)
        .then(|| (Place::Operator, vec![EvidenceCode::LanFaster.with(detail)]))
}

/// Whether the school's own network limits the download: the line may carry more, so nothing is said against it.
pub(super) fn school_limits(report: &Report) -> bool {
    let here = |found: Option<(Place, Vec<Evidence>)>| {
        found.is_some_and(|(place, _)| matches!(place, Place::Wifi | Place::Lan))
    };
    match within_the_school(report) {
        // A mire in the school is the better witness.
        found @ Some(_) => here(found),
        None => here(before_the_box(report)),
    }
}

/// The way to the box loses packets, or fills up while the download runs.
fn before_the_box(report: &Report) -> Option<(Place, Vec<Evidence>)> {
    let gateway = gateway(report)?;
    let place = if over_wifi(report) { Place::Wifi } else { Place::Lan };
    if gateway.idle.loss_ratio >= GATEWAY_LOSS {
        return Some((
            place,
            vec![EvidenceCode::GatewayLoses.with(format!("{:.2}", gateway.idle.loss_ratio))],
        ));
    }
    let added = added_us(gateway)?;
    let whole = added_to_mire_us(report);
    // The round trips to the mire are those of the full line; the ones to the box began with the transfer, before its queue was
    // full. Of them the longest compare with the former.
    let full = loaded(gateway)?.p95_us.saturating_sub(gateway.idle.median_us);
    let most = whole.is_none_or(|whole| full as f64 >= QUEUE_SHARE * whole as f64);
    (added >= QUEUE_BEFORE_BOX_US && most)
        .then(|| (place, vec![EvidenceCode::GatewaySlowUnderLoad.with(millis(added))]))
}

/// What leaves open where the limit is.
fn in_doubt(caveats: &[Caveat], report: &Report) -> Option<(Place, Vec<Evidence>)> {
    let has = |code| caveats.iter().any(|caveat| caveat.code == code);
    let mut evidence = Vec::new();
    if has(CaveatCode::MeasuredOverWifi) || over_wifi(report) {
        evidence.push(EvidenceCode::OverWifi.plain());
    }
    if has(CaveatCode::ThroughProxy) {
        evidence.push(EvidenceCode::ThroughProxy.plain());
    }
    if has(CaveatCode::MireLimited) {
        evidence.push(EvidenceCode::MireLimited.plain());
    }
    // A sparse echo may overtake a full radio's queue (fair queueing): steady is no proof over Wi-Fi.
    (!evidence.is_empty()).then_some((Place::Unknown, evidence))
}

/// A cable, a box that stays near, nothing else in the way: the line, or what the operator gives on it.
fn beyond_the_box(report: &Report, verdict: &Verdict) -> Option<(Place, Vec<Evidence>)> {
    let lossy = verdict.reasons.contains(&VerdictReason::LossLimited);
    if verdict.verdict != VerdictKind::NotMet && !lossy {
        return None;
    }
    let mut evidence = vec![if lossy { EvidenceCode::Loss } else { EvidenceCode::WiredAndRepeated }.plain()];
    let added = gateway(report).and_then(added_us);
    match added {
        Some(added) if added < STEADY_US => {
            evidence.push(EvidenceCode::GatewaySteady.with(millis(added)));
            Some((Place::Operator, evidence))
        }
        Some(_) | None => Some((Place::Unknown, evidence)),
    }
}

fn gateway(report: &Report) -> Option<&GatewayValue> {
    report.measurements.gateway.as_ref().and_then(Measurement::value)
}

fn loaded(gateway: &GatewayValue) -> Option<&RttSeries> {
    match gateway.download.as_ref()? {
        Outcome::Measured { value, .. } => Some(value),
        Outcome::Failed { .. } | Outcome::NotMeasured { .. } => None,
    }
}

/// What the download added to the round trip to the box, microseconds.
fn added_us(gateway: &GatewayValue) -> Option<u64> {
    Some(loaded(gateway)?.median_us.saturating_sub(gateway.idle.median_us))
}

/// What it added to the round trip to the mire, microseconds.
fn added_to_mire_us(report: &Report) -> Option<u64> {
    let responsiveness = report.measurements.responsiveness.as_ref()?.value()?;
    match responsiveness.download.as_ref()? {
        Outcome::Measured { value, .. } => value.added_us,
        Outcome::Failed { .. } | Outcome::NotMeasured { .. } => None,
    }
}

fn answers(gateway: &GatewayValue) -> Evidence {
    EvidenceCode::GatewayAnswers.with(millis(gateway.idle.median_us))
}

fn millis(us: u64) -> String {
    format!("{:.2}", us as f64 / 1e3)
}

// -- the services

/// The services that are not plainly reachable, together where their place and evidence are the same. Behind a portal or
/// without Internet there is nothing to say of each: it was said once.
fn services(report: &Report, verdicts: &[Verdict]) -> Vec<Located> {
    if behind_portal(report) || no_internet(report).is_some() && !any_service_answers(report) {
        return Vec::new();
    }
    let mut found: Vec<(Place, Evidence, Vec<String>)> = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.unit == Unit::Service) {
        let (Some(id), Some((place, evidence))) = (&verdict.subject, service(report, verdict)) else {
            continue;
        };
        match found.iter_mut().find(|(known, same, _)| *known == place && *same == evidence) {
            Some((_, _, ids)) => ids.push(id.clone()),
            None => found.push((place, evidence, vec![id.clone()])),
        }
    }
    found
        .into_iter()
        .map(|(place, evidence, services)| {
            let more = if evidence.code == EvidenceCode::MtuBlackHole {
                hole_evidence(report, verdicts)
            } else {
                Vec::new()
            };
            let evidence = std::iter::once(evidence).chain(more).collect();
            Located { about: Subject::Services, services, place, evidence }
        })
        .collect()
}

/// Whose black hole it is. One domain's may be the doing of its own network. Several share the way from the box on: the
/// box, where the narrow link is its own line, since it can clamp what it knows not to fit; otherwise that or the
/// operator's network, which nothing tells apart from here.
fn black_hole(report: &Report, verdict: &Verdict) -> Place {
    if is_shared(verdict) && box_narrow(report).is_some() { Place::Box } else { Place::Unknown }
}

/// Whether a black hole swallows services of several domains: then it is not the technician who is sent to look closer.
fn is_shared(verdict: &Verdict) -> bool {
    verdict.reasons.first() == Some(&VerdictReason::MtuBlackHole) && verdict.act == Some(Actor::Operator)
}

/// What beside the vanishing itself tells of a black hole.
fn hole_evidence(report: &Report, verdicts: &[Verdict]) -> Vec<Evidence> {
    let several = verdicts.iter().any(is_shared).then(|| EvidenceCode::SeveralDomains.plain());
    several.into_iter().chain(box_narrow(report)).collect()
}

/// The box's own word that its line takes no full-size packet.
fn box_narrow(report: &Report) -> Option<Evidence> {
    let too_big = report.measurements.path.as_ref()?.value()?.mtu.as_ref()?.too_big.as_ref()?;
    let bytes = too_big.next_bytes?;
    (link(report)?.gateway.as_ref() == Some(&too_big.from))
        .then(|| EvidenceCode::BoxNarrow.with(bytes.to_string()))
}

fn service(report: &Report, verdict: &Verdict) -> Option<(Place, Evidence)> {
    if !matches!(verdict.verdict, VerdictKind::NotMet | VerdictKind::Inconclusive) {
        return None;
    }
    let shown = verdict.verdict == VerdictKind::NotMet;
    let at = |place, code: EvidenceCode| Some((place, code.plain()));
    verdict.reasons.iter().find_map(|reason| match reason {
        VerdictReason::BlockedByFilter => at(Place::Filter, EvidenceCode::FilterAnswers),
        VerdictReason::ProxyAuthRequired => at(Place::Filter, EvidenceCode::ProxyPassword),
        VerdictReason::TlsIntercepted => {
            let issuer = verdict.subject.as_deref().and_then(|id| issuer(report, id));
            Some((Place::Filter, Evidence { code: EvidenceCode::Decrypted, detail: issuer }))
        }
        VerdictReason::DnsAltered if shown => at(Place::Filter, EvidenceCode::DnsAltered),
        VerdictReason::Unreachable if shown && verdict.act == Some(Actor::FilterAdministrator) => {
            at(Place::Filter, EvidenceCode::SeveralSilent)
        }
        VerdictReason::Unreachable if certificate_is_wrong(report, verdict) => {
            at(Place::Unknown, EvidenceCode::CertificateUnexplained)
        }
        VerdictReason::MtuBlackHole => at(black_hole(report, verdict), EvidenceCode::MtuBlackHole),
        // A host that is down looks just like a port that is filtered.
        VerdictReason::Unreachable if shown => at(Place::Unknown, EvidenceCode::OthersReachable),
        VerdictReason::RemoteError => at(Place::Service, EvidenceCode::ServiceError),
        VerdictReason::DecryptedHere => {
            let issuer = verdict.subject.as_deref().and_then(|id| issuer(report, id));
            Some((Place::Machine, Evidence { code: EvidenceCode::Decrypted, detail: issuer }))
        }
        VerdictReason::ClockWrong => at(Place::Machine, EvidenceCode::ClockWrong),
        VerdictReason::ThroughVpn => at(Place::Machine, EvidenceCode::Vpn),
        VerdictReason::NothingToCompare => at(Place::Unknown, EvidenceCode::NothingToCompare),
        VerdictReason::DnsAltered => at(Place::Unknown, EvidenceCode::DnsUnexplained),
        _ => None,
    })
}

/// Whether a certificate that nothing vouches for stood in the service's place.
fn certificate_is_wrong(report: &Report, verdict: &Verdict) -> bool {
    let services = report.measurements.endpoints.iter().filter_map(Measurement::value);
    let mut own = services.filter(|value| Some(&value.id) == verdict.subject.as_ref());
    own.any(|value| value.state == EndpointState::Intercepted)
}

/// Who issued the certificate of the service with this id.
fn issuer(report: &Report, id: &str) -> Option<String> {
    let services = report.measurements.endpoints.iter().filter_map(Measurement::value);
    services.filter(|value| value.id == id).find_map(|value| value.tls.as_ref()?.issuer.clone())
}
