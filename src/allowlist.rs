//! The sheet for whoever runs the proxy or the filter: which hosts and ports to open, and for each why. Pure: from a
//! report and the hosts it was about, to rows. What is not the network's fault is never asked for; it is said apart.

use sonde_probes::catalogue::{Endpoint, Information, built_in_information};
use sonde_probes::dial::{Scheme, Target};
use sonde_report::assess::{
    VerdictKind, VerdictReason, behind_portal, judge_service, no_internet, tells_no_side, who_knows,
};
use sonde_report::values::{EndpointKind, EndpointState, EndpointValue};
use sonde_report::{Cause, Failure, Measurement, Outcome, Reason, ReasonCode, Report, Stage};

/// What is asked for, and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Hosts, those to open first.
    pub rows: Vec<Row>,
    /// Services that cannot be reached for another reason.
    pub left_out: Vec<LeftOut>,
    /// Ports that nothing here probes.
    pub information: Vec<Information>,
    /// How many services answered as they must.
    pub open: usize,
}

/// One host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is asked.
    pub request: Request,
    /// The catalogue's id.
    pub id: String,
    /// The service.
    pub label: String,
    /// Its kind.
    pub kind: EndpointKind,
    /// Host name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What is spoken there.
    pub scheme: Scheme,
    /// The host that redirected here, where this is not the service's own.
    pub via: Option<String>,
    /// What was seen.
    pub seen: Seen,
}

/// What is asked about a host. In the order in which a sheet lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    /// Let it through.
    Open,
    /// Let it through, if it turns out to answer elsewhere: from here, its own outage looks the same (decision 18).
    OpenIfUp,
    /// Leave its TLS alone, or hand out the authority's certificate.
    Exempt,
    /// It is open, and must stay so.
    Keep,
    /// It belongs to the profile; this run could not tell.
    Unverified,
}

/// What was seen of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The state found, when there is one.
    pub state: Option<EndpointState>,
    /// Why it was not reached.
    pub failure: Option<Failure>,
    /// Who issued the certificate that stood in its place.
    pub issuer: Option<String>,
    /// Where something sent the request instead.
    pub sent_to: Option<String>,
    /// Why nothing was seen.
    pub left_out: Option<WhyNot>,
}

/// A service that is not asked for although it was not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Why.
    pub why: WhyNot,
    /// The service.
    pub label: String,
    /// What was seen.
    pub seen: Seen,
}

/// Why a service that was not reached is nothing for a filter's administrator. In the order in which it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyNot {
    /// This machine has no network.
    NoNetwork,
    /// Nothing gets out at all.
    NoInternet,
    /// A captive portal answers everything.
    CaptivePortal,
    /// The proxy wants a password that was not given.
    ProxyPassword,
    /// The proxy itself was not reached.
    ProxyUnreachable,
    /// A VPN was on: it is its network that was seen.
    Vpn,
    /// This machine's clock is wrong.
    Clock,
    /// Decrypted by a program on this machine, such as an antivirus.
    DecryptedHere,
    /// Decrypted on the way by an authority that this machine accepts.
    Decrypted,
    /// The service itself is in error.
    Service,
    /// Large packets vanish on the way: no filter's doing.
    MtuBlackHole,
    /// The certificate is wrong, and whose it is cannot be told.
    Certificate,
    /// The name has no good answer, and nothing shows whose fault that is.
    Dns,
    /// Nothing else answered, so that nothing shows whose fault it is.
    NothingToCompare,
    /// It was not tried, or not to its end.
    NotTried,
}

impl Sheet {
    /// The sheet of a report about these hosts; with `all`, also those that need no change or were not seen.
    #[must_use]
    pub fn new(report: &Report, endpoints: &[Endpoint], all: bool) -> Self {
        let mut sheet = Self::default();
        for endpoint in endpoints {
            for url in &endpoint.urls {
                if let Ok(target) = url.parse::<Target>() {
                    sheet.add(report, endpoint, url, &target, all);
                }
            }
        }
        // A host that several services use is asked for once, by what it needs most.
        let mut kept: Vec<Row> = Vec::new();
        for row in std::mem::take(&mut sheet.rows) {
            let same = |known: &Row| (&known.host, known.port) == (&row.host, row.port);
            match kept.iter_mut().find(|known| same(known)) {
                Some(known) => {
                    let its_own = known.via.is_some() && row.via.is_none();
                    if row.request < known.request || row.request == known.request && its_own {
                        *known = row;
                    }
                }
                None => kept.push(row),
            }
        }
        kept.sort_by_key(|row| (row.request, row.kind));
        sheet.rows = kept;
        sheet.left_out.sort_by_key(|left| left.why);
        let managed = endpoints.iter().any(|endpoint| endpoint.kind == EndpointKind::Management);
        if all && managed {
            sheet.information = built_in_information();
        }
        sheet
    }

    /// Adds one URL of a service.
    fn add(&mut self, report: &Report, endpoint: &Endpoint, url: &str, target: &Target, all: bool) {
        let measurement = measured(report, endpoint, url);
        let seen = measurement.map_or_else(Seen::default, seen);
        let row = |request, target: &Target, via: Option<&str>, seen: &Seen| Row {
            request,
            id: endpoint.id.clone(),
            label: endpoint.label.clone(),
            kind: endpoint.kind,
            host: target.host.clone(),
            port: target.port,
            scheme: target.scheme,
            via: via.map(str::to_owned),
            seen: seen.clone(),
        };
        let value = measurement.and_then(Measurement::value);
        let (passed, refused) = value.map_or_else(Default::default, |value| redirects(value, target));
        match measurement.map_or(Err(WhyNot::NotTried), |measurement| judge(report, measurement)) {
            // The service's own host answered: what it redirects to is what is refused.
            Ok(Request::Open) if refused.is_some() => {
                self.rows.extend(refused.map(|to| row(Request::Open, &to, Some(&target.host), &seen)));
            }
            Ok(Request::Keep) => {
                self.open += 1;
                if all {
                    self.rows.push(row(Request::Keep, target, None, &seen));
                    let on_the_way = passed.iter();
                    self.rows.extend(on_the_way.map(|to| row(Request::Keep, to, Some(&target.host), &seen)));
                }
            }
            Ok(request) => self.rows.push(row(request, target, None, &seen)),
            Err(why) => {
                if all {
                    let seen = Seen { left_out: Some(why), ..seen.clone() };
                    self.rows.push(row(Request::Unverified, target, None, &seen));
                }
                self.left_out.push(LeftOut { why, label: endpoint.label.clone(), seen });
            }
        }
    }

    /// The rows of one request.
    pub fn of(&self, request: Request) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.request == request)
    }
}

/// The measurement of one URL; one without a value is named after the id alone.
fn measured<'a>(
    report: &'a Report,
    endpoint: &Endpoint,
    url: &str,
) -> Option<&'a Measurement<EndpointValue>> {
    let of_id = |m: &&Measurement<EndpointValue>| m.value().is_none_or(|value| value.id == endpoint.id);
    let endpoints = &report.measurements.endpoints;
    let exact = endpoints.iter().filter(of_id).find(|m| m.target == url);
    exact.or_else(|| endpoints.iter().filter(|m| m.value().is_none()).find(|m| m.target == endpoint.id))
}

/// What stands in a measurement.
fn seen(measurement: &Measurement<EndpointValue>) -> Seen {
    match &measurement.outcome {
        Outcome::Measured { value, .. } => Seen {
            state: Some(value.state),
            failure: value.failure.clone(),
            issuer: value.tls.as_ref().filter(|tls| !tls.public_root).and_then(|tls| tls.issuer.clone()),
            sent_to: value.redirects.last().filter(|_| value.state == EndpointState::Blocked).cloned(),
            left_out: None,
        },
        Outcome::Failed { failure } => Seen { failure: Some(failure.clone()), ..Seen::default() },
        Outcome::NotMeasured { .. } => Seen::default(),
    }
}

/// The hosts an authentic answer redirected to and that answered, and the one the proxy refused, if any. A redirect
/// to a block page is none: nobody needs that opened.
fn redirects(value: &EndpointValue, own: &Target) -> (Vec<Target>, Option<Target>) {
    let targets = value.redirects.iter().filter_map(|url| url.parse::<Target>().ok());
    let mut hosts: Vec<Target> =
        targets.filter(|target| (&target.host, target.port) != (&own.host, own.port)).collect();
    match value.state {
        EndpointState::Reachable | EndpointState::ReachableViaProxy => (hosts, None),
        _ if value.failure.as_ref().is_some_and(|failure| failure.stage == Stage::Proxy) => {
            (Vec::new(), hosts.pop())
        }
        _ => (Vec::new(), None),
    }
}

/// What to ask about a host, or why nothing.
fn judge(report: &Report, measurement: &Measurement<EndpointValue>) -> Result<Request, WhyNot> {
    let Some(value) = measurement.value() else { return Err(not_tried(report, measurement)) };
    match value.state {
        EndpointState::Reachable | EndpointState::ReachableViaProxy => return Ok(Request::Keep),
        EndpointState::ProxyAuthRequired => return Err(WhyNot::ProxyPassword),
        EndpointState::CaptivePortal => return Err(WhyNot::CaptivePortal),
        EndpointState::Blocked
        | EndpointState::Intercepted
        | EndpointState::DnsAltered
        | EndpointState::Unreachable
        | EndpointState::RemoteError => {}
    }
    let (kind, reasons) = judge_service(report, measurement);
    if let Some(why) = reasons.iter().find_map(|reason| at_large(*reason)) {
        return Err(why);
    }
    // Behind a portal nothing that was seen is the filter's.
    if behind_portal(report) {
        return Err(WhyNot::CaptivePortal);
    }
    if kind == VerdictKind::NotMet {
        let unsure = tells_no_side(report, measurement, kind, &reasons);
        return Ok(if unsure { Request::OpenIfUp } else { Request::Open });
    }
    let cause = value.failure.as_ref().map(|failure| failure.cause);
    match value.state {
        EndpointState::Intercepted if value.http_status.is_some() => Err(WhyNot::Decrypted),
        EndpointState::Intercepted if cause == Some(Cause::UnknownIssuer) => Ok(Request::Exempt),
        EndpointState::Intercepted => Err(WhyNot::Certificate),
        EndpointState::RemoteError => Err(WhyNot::Service),
        EndpointState::DnsAltered
            if cause == Some(Cause::DnsAltered) && !answered_directly(report, measurement) =>
        {
            Ok(Request::Open)
        }
        EndpointState::DnsAltered => Err(WhyNot::Dns),
        _ if no_internet(report).is_some() => Err(WhyNot::NoInternet),
        _ => Err(WhyNot::NothingToCompare),
    }
}

/// A reason that lies beside the filter.
fn at_large(reason: VerdictReason) -> Option<WhyNot> {
    match reason {
        VerdictReason::CaptivePortal => Some(WhyNot::CaptivePortal),
        VerdictReason::ThroughVpn => Some(WhyNot::Vpn),
        VerdictReason::ClockWrong => Some(WhyNot::Clock),
        VerdictReason::NoInternet => Some(WhyNot::NoInternet),
        VerdictReason::ProxyAuthRequired => Some(WhyNot::ProxyPassword),
        VerdictReason::ProxyUnusable => Some(WhyNot::ProxyUnreachable),
        VerdictReason::DecryptedHere => Some(WhyNot::DecryptedHere),
        VerdictReason::RemoteError => Some(WhyNot::Service),
        VerdictReason::MtuBlackHole => Some(WhyNot::MtuBlackHole),
        _ => None,
    }
}

/// Whether a resolver that was asked directly knows the name while this machine's way of asking does not: a hosts
/// file or a cache here, nothing for the filter.
fn answered_directly(report: &Report, measurement: &Measurement<EndpointValue>) -> bool {
    let knows = who_knows(report, &measurement.target);
    knows.resolver && !knows.resolver_fails
}

/// Why a measurement has no value.
fn not_tried(report: &Report, measurement: &Measurement<EndpointValue>) -> WhyNot {
    match &measurement.outcome {
        Outcome::NotMeasured { reason: Reason { code: ReasonCode::NoNetwork, .. } }
        | Outcome::Failed { failure: Failure { cause: Cause::NoNetwork, .. } } => WhyNot::NoNetwork,
        _ if no_internet(report).is_some() => WhyNot::NoInternet,
        _ => WhyNot::NotTried,
    }
}

#[cfg(test)]
mod tests;
