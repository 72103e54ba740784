//! Services: one verdict for each host, and a fault of the school's network only where something shows it.
//!
//! The table this follows: what is seen -> whose fault. A password, a decryption, a remote error, a wrong clock or
//! a captive portal say nothing about the access: inconclusive. `not_met` needs a filter that answers, another
//! resolver that knows the name, or another host that answers.

use super::{
    Actor, Unit, Verdict, VerdictKind, VerdictReason, absence, behind_portal, no_internet, proxy_unusable,
};
use crate::{
    Cause, CaveatCode, Failure, Measurement, Outcome, Report, Stage,
    requirement::Requirement,
    values::{
        DnsPath, DnsQuestion, DnsValue, EndpointKind, EndpointState, EndpointValue, FilterPlace,
        InterfaceKind,
    },
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
        let mut verdict = verdict.decided(report, kind, reasons);
        if tells_no_side(report, endpoint, verdict.verdict, &verdict.reasons) {
            verdict.act = Some(Actor::Technician);
        }
        verdicts.push(verdict);
    }
    if kinds.contains(&EndpointKind::Ent) && no_ent(report) {
        let mut verdict = open();
        verdict.subject = Some(NO_ENT.to_owned());
        let reasons = vec![VerdictReason::EntNotDeclared];
        verdicts.push(verdict.decided(report, VerdictKind::NotApplicable, reasons));
    }
    verdicts
}

/// Whether what was seen may be the network's doing or the service's own: whoever looks from elsewhere can tell, and
/// nobody is sent to mend anything before. `kind` and `reasons` are those of [`judge_service`].
#[must_use]
pub fn tells_no_side(
    report: &Report,
    endpoint: &Measurement<EndpointValue>,
    kind: VerdictKind,
    reasons: &[VerdictReason],
) -> bool {
    let inconclusive = kind == VerdictKind::Inconclusive;
    match reasons.first() {
        Some(VerdictReason::DnsAltered) => inconclusive,
        Some(VerdictReason::Unreachable) => {
            inconclusive || one_domain(report, is_silent) || perhaps_swallowed(report, endpoint)
        }
        Some(VerdictReason::MtuBlackHole) => one_domain(report, in_black_hole),
        Some(VerdictReason::RemoteError) => perhaps_swallowed(report, endpoint),
        Some(VerdictReason::TlsIntercepted) => alone_refused(report, endpoint),
        _ => false,
    }
}

/// Whether all that fares so is of one domain: its own outage, or a fault of its own network, would look like this.
/// Several at once, while others answer, are the network's doing.
fn one_domain(report: &Report, fares_so: fn(&EndpointValue) -> bool) -> bool {
    let mut domains = report.measurements.endpoints.iter().filter_map(|endpoint| {
        let value = endpoint.value().filter(|value| fares_so(value))?;
        // Where it stops on the way, the host it was sent to.
        domain(host_of(value.redirects.last().unwrap_or(&endpoint.target))?)
    });
    let first = domains.next();
    domains.all(|domain| first.as_ref() == Some(&domain))
}

fn is_silent(value: &EndpointValue) -> bool {
    value.state == EndpointState::Unreachable && !in_black_hole(value)
}

/// Whether the service's large packets were seen to vanish.
fn in_black_hole(value: &EndpointValue) -> bool {
    value.failure.as_ref().is_some_and(|failure| failure.cause == Cause::MtuBlackHole)
}

/// Whether the service connected and then kept silent while another one's large packets were seen to vanish: it may have
/// fared the same without time enough to show it.
fn perhaps_swallowed(report: &Report, endpoint: &Measurement<EndpointValue>) -> bool {
    let hangs = |failure: &Failure| {
        failure.cause == Cause::Timeout && matches!(failure.stage, Stage::Tls | Stage::Http | Stage::Content)
    };
    let mut values = report.measurements.endpoints.iter().filter_map(Measurement::value);
    endpoint.value().and_then(|value| value.failure.as_ref()).is_some_and(hangs) && values.any(in_black_hole)
}

/// A name's last two labels. Two services below one second level (`gouv.fr`) count as one: that accuses less.
fn domain(host: &str) -> Option<String> {
    let mut labels = host.trim_end_matches('.').rsplit('.');
    let (last, before) = (labels.next()?, labels.next()?);
    Some(format!("{before}.{last}").to_ascii_lowercase())
}

/// Whether this host's certificate was refused by both sets of roots while another host answered under a public chain: a
/// filter's page for this one host, or a certificate its own service neglects.
fn alone_refused(report: &Report, endpoint: &Measurement<EndpointValue>) -> bool {
    let refused = |value: &EndpointValue| value.http_status.is_none() && failed_at(value, Stage::Tls);
    let answered = |value: &EndpointValue| {
        value.http_status.is_some() && value.tls.as_ref().is_some_and(|tls| tls.public_root)
    };
    let mut values = report.measurements.endpoints.iter().filter_map(Measurement::value);
    endpoint.value().is_some_and(refused) && values.any(answered)
}

/// Whether the certificate shown is nobody's interception: a public one for another name, or one signed by itself.
fn of_no_authority_here(value: &EndpointValue) -> bool {
    let public = value.tls.as_ref().is_some_and(|tls| tls.public_root);
    value.failure.as_ref().is_some_and(|failure| match failure.cause {
        Cause::CertificateNameMismatch => public,
        cause => cause == Cause::CertificateInvalid,
    })
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
    if behind_portal(report) && reasons.first().is_some_and(|reason| portal_explains(*reason)) {
        reasons.insert(0, VerdictReason::CaptivePortal);
    }
    (kind, reasons)
}

/// Whether a portal that nobody has logged in to does this to every host.
fn portal_explains(reason: VerdictReason) -> bool {
    matches!(
        reason,
        VerdictReason::NothingToCompare
            | VerdictReason::TlsIntercepted
            | VerdictReason::DnsAltered
            | VerdictReason::Unreachable
    )
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
        EndpointState::Intercepted
            if value.filter.as_ref().is_some_and(|filter| filter.place == FilterPlace::Machine) =>
        {
            inconclusive(VerdictReason::DecryptedHere)
        }
        EndpointState::Intercepted if of_no_authority_here(value) && alone_refused(report, endpoint) => {
            inconclusive(VerdictReason::Unreachable)
        }
        EndpointState::Intercepted => inconclusive(VerdictReason::TlsIntercepted),
        EndpointState::RemoteError => sent_to_another(report, endpoint, value)
            .unwrap_or_else(|| inconclusive(VerdictReason::RemoteError)),
        EndpointState::CaptivePortal => inconclusive(VerdictReason::CaptivePortal),
        EndpointState::Blocked => (VerdictKind::NotMet, vec![VerdictReason::BlockedByFilter]),
        EndpointState::DnsAltered => dns_altered(report, endpoint),
        EndpointState::Unreachable if failed_at(value, Stage::Dns) && !no_resolver(value) => {
            dns_altered(report, endpoint)
        }
        EndpointState::Unreachable => unreachable(report, endpoint, value),
    }
}

/// The verdict on the host a service sends its visitors to, when that is where they stop and the host is another
/// endpoint that the network keeps away: what stands before that one stands before this one, too.
fn sent_to_another(
    report: &Report,
    endpoint: &Measurement<EndpointValue>,
    value: &EndpointValue,
) -> Option<(VerdictKind, Vec<VerdictReason>)> {
    if !failed_at(value, Stage::Dns) && !failed_at(value, Stage::Tcp) {
        return None;
    }
    let to = host_of(value.redirects.last()?)?;
    let kept_away = |state| {
        matches!(state, EndpointState::Unreachable | EndpointState::DnsAltered | EndpointState::Blocked)
    };
    report.measurements.endpoints.iter().find_map(|other| {
        let found = other.value().filter(|found| kept_away(found.state))?;
        let same = host_of(&other.target).is_some_and(|host| same_name(host, to));
        (same && other.target != endpoint.target).then(|| by_state(report, other, found))
    })
}

/// The reason when the certificate's dates are what is wrong: the clock here, or the service's own negligence.
fn dated_certificate(report: &Report, value: &EndpointValue) -> Option<VerdictReason> {
    let clock_is_wrong = report.clock.offset_ms.map(|offset| offset.unsigned_abs() > CLOCK_WRONG_MS);
    match value.failure.as_ref()?.cause {
        // Certificates are rarely put up too early: without another hint it is the clock.
        Cause::CertificateNotYetValid if clock_is_wrong == Some(false) => Some(VerdictReason::RemoteError),
        Cause::CertificateNotYetValid => Some(VerdictReason::ClockWrong),
        Cause::CertificateExpired if clock_is_wrong == Some(true) => Some(VerdictReason::ClockWrong),
        Cause::CertificateExpired if value.state != EndpointState::Blocked => {
            Some(VerdictReason::RemoteError)
        }
        _ => None,
    }
}

/// The name has no or a wrong answer: the network's fault only when one of its resolvers fails on the name while
/// another one, or a reference from outside, answers. When every resolver answers when asked directly, the fault is in this machine (hosts
/// file, cache) or has passed; when none does, perhaps the name is no more.
fn dns_altered(report: &Report, endpoint: &Measurement<EndpointValue>) -> (VerdictKind, Vec<VerdictReason>) {
    let knows = who_knows(report, &endpoint.target);
    let shown = (knows.resolver || knows.reference) && knows.resolver_fails && !knows.machine;
    let kind = if shown { VerdictKind::NotMet } else { VerdictKind::Inconclusive };
    let mut reasons = vec![VerdictReason::DnsAltered];
    if let (false, Some(reason)) = (shown, no_internet(report)) {
        reasons.insert(0, reason);
    }
    (kind, reasons)
}

/// Who has a good answer for a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "witnesses that do not exclude each other")]
pub struct WhoKnows {
    /// This machine's own way of asking.
    pub machine: bool,
    /// One of the school's resolvers, asked directly.
    pub resolver: bool,
    /// One of them has none.
    pub resolver_fails: bool,
    /// A reference from outside that nothing answers for. What it fails on says nothing about the school's network.
    pub reference: bool,
}

/// Who has a good answer for the host of `url`; nobody where the name was not asked for.
#[must_use]
pub fn who_knows(report: &Report, url: &str) -> WhoKnows {
    let mut knows = WhoKnows::default();
    let Some(name) = host_of(url) else { return knows };
    let asked = report.measurements.dns.iter().filter(|one| !intercepted(one)).filter_map(Measurement::value);
    for value in asked {
        for question in value.questions.iter().filter(|question| same_name(&question.name, name)) {
            let good = answers(question);
            match &value.resolver {
                DnsPath::System => knows.machine |= good,
                DnsPath::Server { .. } if good => knows.resolver = true,
                DnsPath::Server { .. } => knows.resolver_fails = true,
                DnsPath::Reference { .. } => knows.reference |= good,
            }
        }
    }
    knows
}

/// Whether something on the way answered in a reference's place: it is no witness then.
fn intercepted(measurement: &Measurement<DnsValue>) -> bool {
    measurement.caveats().iter().any(|caveat| caveat.code == CaveatCode::DnsIntercepted)
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
    // Clamped, the same service answered at once: nothing else is needed to compare with.
    if in_black_hole(value) {
        return (VerdictKind::NotMet, vec![VerdictReason::MtuBlackHole]);
    }
    if value.failure.as_ref().is_some_and(proxy_unusable) {
        return (VerdictKind::Inconclusive, vec![VerdictReason::ProxyUnusable]);
    }
    if proxy_could_not_connect(value) {
        return (VerdictKind::Inconclusive, vec![VerdictReason::Unreachable]);
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

/// Whether the proxy says with a 5xx, or a SOCKS reply other than the one for its rules (RFC 1928, 6: 2), that it could
/// not connect either: no rule of its own, and from here nobody sees whether the service or the proxy's way to it fails.
fn proxy_could_not_connect(value: &EndpointValue) -> bool {
    let failure = value.failure.as_ref().filter(|failure| failure.cause == Cause::ProxyRefused);
    let detail = failure.and_then(|failure| failure.detail.as_deref()).unwrap_or_default();
    if let Some(reply) = detail.strip_prefix("SOCKS ") {
        return !reply.starts_with("2 ");
    }
    // `HTTP/1.1 503 …`, or `503 ERR_…` where it made a page of it.
    detail
        .split_whitespace()
        .take(2)
        .any(|word| word.parse::<u16>().is_ok_and(|code| (500..600).contains(&code)))
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
