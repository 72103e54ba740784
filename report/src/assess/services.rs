//! Services: one verdict for each host, and a fault of the school's network only where something shows it.
//!
//! The table this follows: what is seen -> whose fault. A password, a decryption, a remote error, a wrong clock or
//! a captive portal say nothing about the access: inconclusive. `not_met` needs a filter that answers, another
//! resolver that knows the name, or another host that answers.

use super::{Unit, Verdict, VerdictKind, VerdictReason, absence, behind_portal, no_internet};
use crate::{
    Cause, CaveatCode, Measurement, Outcome, Report, Stage,
    requirement::Requirement,
    values::{DnsPath, DnsQuestion, EndpointKind, EndpointState, EndpointValue, InterfaceKind},
};

/// A clock wrong by less than a day does not make a certificate expire by itself.
const CLOCK_WRONG_MS: u64 = 24 * 3600 * 1000;

/// The subject of the verdict on an ENT that nobody named.
const NO_ENT: &str = "ent";

/// Judges each service host, in the order of the report.
pub(super) fn judge(report: &Report, requirement: &Requirement, kinds: &[EndpointKind]) -> Vec<Verdict> {
    let open = || {
        let mut verdict = Verdict::open(requirement, Unit::Service);
        verdict.at_least = Some(1);
        verdict
    };
    let endpoints = &report.measurements.endpoints;
    if endpoints.is_empty() {
        return vec![open().decided(report, VerdictKind::NotApplicable, vec![VerdictReason::NotAsked])];
    }
    let mut verdicts = Vec::new();
    for endpoint in endpoints {
        let mut verdict = open();
        let (kind, reasons) = match &endpoint.outcome {
            Outcome::Measured { value, .. } if !kinds.contains(&value.kind) => continue,
            Outcome::Measured { value, .. } => {
                verdict.subject = Some(value.id.clone());
                verdict.observed = observed(value.state);
                judge_one(report, endpoint, value)
            }
            // Of which kind it is, a measurement without a value does not say: it is named, not passed over.
            Outcome::Failed { .. } | Outcome::NotMeasured { .. } => {
                verdict.subject = Some(endpoint.target.clone());
                (VerdictKind::Inconclusive, absence(report, endpoint))
            }
        };
        verdicts.push(verdict.decided(report, kind, reasons));
    }
    if kinds.contains(&EndpointKind::Ent) && no_ent(report) {
        let mut verdict = open();
        verdict.subject = Some(NO_ENT.to_owned());
        let reasons = vec![VerdictReason::EntNotDeclared];
        verdicts.push(verdict.decided(report, VerdictKind::NotApplicable, reasons));
    }
    verdicts
}

/// Whether hosts were tried, no ENT was among them, and none was declared.
fn no_ent(report: &Report) -> bool {
    let mut tried = report.measurements.endpoints.iter().filter_map(Measurement::value).peekable();
    tried.peek().is_some()
        && report.site.ent.is_empty()
        && !tried.any(|value| value.kind == EndpointKind::Ent)
}

/// 1 when the service answered as it must, 0 when it did not, `None` when something decrypted on the way, so that
/// nobody can say who answered.
fn observed(state: EndpointState) -> Option<u64> {
    match state {
        EndpointState::Reachable | EndpointState::ReachableViaProxy => Some(1),
        EndpointState::Intercepted => None,
        EndpointState::Blocked
        | EndpointState::ProxyAuthRequired
        | EndpointState::DnsAltered
        | EndpointState::Unreachable
        | EndpointState::RemoteError
        | EndpointState::CaptivePortal => Some(0),
    }
}

/// The verdict on one service and why, whatever kinds a requirement asks for; what a request to a filter's
/// administrator rests on. A measurement without a value is inconclusive.
#[must_use]
pub fn judge_service(
    report: &Report,
    endpoint: &Measurement<EndpointValue>,
) -> (VerdictKind, Vec<VerdictReason>) {
    match endpoint.value() {
        Some(value) => judge_one(report, endpoint, value),
        None => (VerdictKind::Inconclusive, absence(report, endpoint)),
    }
}

/// The table, then what weakens a `not_met` whatever its cause.
fn judge_one(
    report: &Report,
    endpoint: &Measurement<EndpointValue>,
    value: &EndpointValue,
) -> (VerdictKind, Vec<VerdictReason>) {
    let (kind, mut reasons) = by_state(report, endpoint, value);
    if kind == VerdictKind::NotMet {
        let doubt = network_in_doubt(report, endpoint);
        if let Some(reason) = doubt {
            reasons.insert(0, reason);
            return (VerdictKind::Inconclusive, reasons);
        }
    }
    (kind, reasons)
}

/// What is seen -> whose fault.
fn by_state(
    report: &Report,
    endpoint: &Measurement<EndpointValue>,
    value: &EndpointValue,
) -> (VerdictKind, Vec<VerdictReason>) {
    let inconclusive = |reason| (VerdictKind::Inconclusive, vec![reason]);
    let reached = matches!(value.state, EndpointState::Reachable | EndpointState::ReachableViaProxy);
    if let (false, Some(reason)) = (reached, dated_certificate(report, value)) {
        return inconclusive(reason);
    }
    match value.state {
        EndpointState::Reachable => (VerdictKind::Met, Vec::new()),
        EndpointState::ReachableViaProxy => (VerdictKind::Met, vec![VerdictReason::ViaProxy]),
        EndpointState::ProxyAuthRequired => inconclusive(VerdictReason::ProxyAuthRequired),
        EndpointState::Intercepted => inconclusive(VerdictReason::TlsIntercepted),
        EndpointState::RemoteError => inconclusive(VerdictReason::RemoteError),
        EndpointState::CaptivePortal => inconclusive(VerdictReason::CaptivePortal),
        EndpointState::Blocked => (VerdictKind::NotMet, vec![VerdictReason::BlockedByFilter]),
        EndpointState::DnsAltered => dns_altered(report, endpoint),
        EndpointState::Unreachable if failed_at(value, Stage::Dns) && !no_resolver(value) => {
            dns_altered(report, endpoint)
        }
        EndpointState::Unreachable => unreachable(report, endpoint, value),
    }
}

/// The reason when the certificate's dates are what is wrong: the clock here, or the service's own negligence.
fn dated_certificate(report: &Report, value: &EndpointValue) -> Option<VerdictReason> {
    let clock_is_wrong = report.clock.offset_ms.is_some_and(|offset| offset.unsigned_abs() > CLOCK_WRONG_MS);
    match value.failure.as_ref()?.cause {
        Cause::CertificateNotYetValid => Some(VerdictReason::ClockWrong),
        Cause::CertificateExpired if clock_is_wrong => Some(VerdictReason::ClockWrong),
        Cause::CertificateExpired if value.state != EndpointState::Blocked => {
            Some(VerdictReason::RemoteError)
        }
        _ => None,
    }
}

/// The name has no or a wrong answer: the network's fault only when one of its resolvers fails on the name while
/// another one answers. When every resolver answers when asked directly, the fault is in this machine (hosts
/// file, cache) or has passed; when none does, perhaps the name is no more.
fn dns_altered(report: &Report, endpoint: &Measurement<EndpointValue>) -> (VerdictKind, Vec<VerdictReason>) {
    let (mut system_answers, mut one_answers, mut one_fails) = (false, false, false);
    if let Some(name) = host_of(&endpoint.target) {
        for value in report.measurements.dns.iter().filter_map(Measurement::value) {
            for question in value.questions.iter().filter(|q| same_name(&q.name, name)) {
                match (&value.resolver, answers(question)) {
                    (DnsPath::System, answered) => system_answers |= answered,
                    (DnsPath::Server { .. }, true) => one_answers = true,
                    (DnsPath::Server { .. }, false) => one_fails = true,
                }
            }
        }
    }
    let shown = one_answers && one_fails && !system_answers;
    let kind = if shown { VerdictKind::NotMet } else { VerdictKind::Inconclusive };
    let mut reasons = vec![VerdictReason::DnsAltered];
    if let (false, Some(reason)) = (shown, no_internet(report)) {
        reasons.insert(0, reason);
    }
    (kind, reasons)
}

/// Whether a question got an address worth having.
fn answers(question: &DnsQuestion) -> bool {
    question.addresses > 0 && question.failure.is_none()
}

/// Names are the same whatever their case, with or without the root's dot.
fn same_name(a: &str, b: &str) -> bool {
    a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'))
}

/// The host in a URL (`https://host:port/path`, `tcp://host:port`); `None` when there is none.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_port.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => host_port.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// No connection: the network's fault only when another host answered meanwhile.
fn unreachable(
    report: &Report,
    endpoint: &Measurement<EndpointValue>,
    value: &EndpointValue,
) -> (VerdictKind, Vec<VerdictReason>) {
    if proxy_was_not_reached(value) {
        return (VerdictKind::Inconclusive, vec![VerdictReason::ThroughProxy]);
    }
    if another_answered(report, endpoint) {
        return (VerdictKind::NotMet, vec![VerdictReason::Unreachable]);
    }
    let reasons = no_internet(report).into_iter().chain([VerdictReason::NothingToCompare]).collect();
    (VerdictKind::Inconclusive, reasons)
}

/// Whether another host, or a control target, answered for itself. What a filter, a portal or an interceptor says
/// in another's place is no such answer.
fn another_answered(report: &Report, endpoint: &Measurement<EndpointValue>) -> bool {
    let own_host = host_of(&endpoint.target);
    let endpoints = report.measurements.endpoints.iter().any(|other| {
        let state = other.value().map(|value| value.state);
        let itself = matches!(
            state,
            Some(EndpointState::Reachable | EndpointState::ReachableViaProxy | EndpointState::RemoteError)
        );
        itself && (own_host.is_none() || host_of(&other.target) != own_host)
    });
    let internet = report.measurements.internet.as_ref().and_then(Measurement::value);
    endpoints || internet.is_some_and(|value| value.controls.iter().any(|control| control.as_expected))
}

/// How far the endpoint's failure got.
fn failed_at(value: &EndpointValue, stage: Stage) -> bool {
    value.failure.as_ref().is_some_and(|failure| failure.stage == stage)
}

/// Without any resolver there is no network to blame for an answer.
fn no_resolver(value: &EndpointValue) -> bool {
    value
        .failure
        .as_ref()
        .is_some_and(|failure| matches!(failure.cause, Cause::NoResolver | Cause::NoNetwork))
}

/// Whether it was the proxy itself that could not be reached: a wrong or stopped proxy says nothing about the
/// service. A proxy that answers and refuses is another matter.
fn proxy_was_not_reached(value: &EndpointValue) -> bool {
    failed_at(value, Stage::Proxy)
        && value
            .failure
            .as_ref()
            .is_some_and(|failure| !matches!(failure.cause, Cause::ProxyRefused | Cause::HttpStatus))
}

/// Why a shortfall may not be the school's network's: behind a portal every host looks blocked, and through a VPN
/// it is the VPN's network that was tried.
fn network_in_doubt(report: &Report, endpoint: &Measurement<EndpointValue>) -> Option<VerdictReason> {
    let caveat = |code| endpoint.caveats().iter().any(|caveat| caveat.code == code);
    let environment = &report.environment;
    let tunnel = environment.interface.as_ref().is_some_and(|i| i.kind == InterfaceKind::Tunnel);
    if behind_portal(report) || caveat(CaveatCode::CaptivePortal) {
        Some(VerdictReason::CaptivePortal)
    } else if environment.vpn || tunnel || caveat(CaveatCode::ThroughVpn) {
        Some(VerdictReason::ThroughVpn)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_every_form_of_url() {
        for (url, host) in [
            ("https://gar.education.fr/", Some("gar.education.fr")),
            ("https://gar.education.fr:8443/a?b#c", Some("gar.education.fr")),
            ("tcp://courier.push.apple.com:5223", Some("courier.push.apple.com")),
            ("https://user@host.example/", Some("host.example")),
            ("https://[2001:db8::1]:443/", Some("2001:db8::1")),
            ("gar-idp", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
