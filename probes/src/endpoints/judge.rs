//! What was seen of one URL, put into one state: the table of how school networks look.
//!
//! Where two readings are possible the one that accuses the school's network less is taken.

use sonde_report::values::{EndpointState, KnownFilter};
use sonde_report::{Cause, Failure, Stage};

use super::block_pages;
use super::visit::{Hop, Visit};
use crate::dial::{SOCKS_NOT_ALLOWED, Scheme, Target};
use crate::dns::not_public;

/// HTTP 511, with which a captive portal names itself (RFC 6585, 6).
const NETWORK_AUTHENTICATION_REQUIRED: u16 = 511;

/// A state, and why when it is not plainly reachable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: EndpointState,
    pub(super) failure: Option<Failure>,
    /// The host that answered in the URL's place, without a known block page.
    pub(super) answered_by: Option<String>,
    /// The filter whose page it is.
    pub(super) filter: Option<KnownFilter>,
}

impl Finding {
    pub(super) fn stopped(state: EndpointState, failure: Failure) -> Self {
        Self { state, failure: Some(failure), answered_by: None, filter: None }
    }

    fn by_filter(name: &str, failure: Failure) -> Self {
        let filter = Some(block_pages::on_the_network(name));
        Self { filter, ..Self::stopped(EndpointState::Blocked, failure) }
    }

    fn elsewhere(failure: Failure, by: &str) -> Self {
        Self { answered_by: Some(by.to_owned()), ..Self::stopped(EndpointState::Blocked, failure) }
    }
}

/// The state of `target` by what was seen.
pub(super) fn judge(target: &Target, visit: &Visit) -> Finding {
    if let Some(found) = filter(visit) {
        return found;
    }
    match (&visit.stop, visit.hops.last()) {
        (Some(failure), None) => before_any_answer(visit, failure),
        (Some(failure), Some(last)) => on_the_way(target, visit, last, failure),
        (None, Some(last)) => answered(target, visit, last),
        (None, None) if visit.connected => {
            Finding { state: reachable(visit), failure: None, answered_by: None, filter: None }
        }
        (None, None) => {
            Finding::stopped(EndpointState::Unreachable, Failure::new(Stage::Http, Cause::EmptyAnswer))
        }
    }
}

fn reachable(visit: &Visit) -> EndpointState {
    if visit.via_proxy { EndpointState::ReachableViaProxy } else { EndpointState::Reachable }
}

/// What a filter, portal or proxy says of itself, in any answer.
fn filter(visit: &Visit) -> Option<Finding> {
    for hop in visit.hops.iter().chain(&visit.plain) {
        if hop.status == 407 {
            let failure = Failure::new(Stage::Proxy, Cause::ProxyAuthRequired);
            return Some(Finding::stopped(EndpointState::ProxyAuthRequired, failure));
        }
        if hop.status == NETWORK_AUTHENTICATION_REQUIRED && !hop.authentic() {
            let failure = Failure::with(Stage::Http, Cause::HttpStatus, "511");
            return Some(Finding::stopped(EndpointState::CaptivePortal, failure));
        }
        if let Some(name) = block_pages::known_page(hop) {
            let detail = format!("{name}: {}", hop.target.host);
            return Some(Finding::by_filter(
                name,
                Failure::with(Stage::Content, Cause::UnexpectedContent, detail),
            ));
        }
    }
    let page = visit.redirects.iter().enumerate().find_map(|(index, to)| {
        // The service's own redirect, under a public chain, is no filter's.
        let own = visit.hops.get(index).is_some_and(Hop::authentic);
        let by_url = || if own { None } else { block_pages::known_redirect(to) };
        Some((block_pages::known_host(&to.host).or_else(by_url)?, &to.host))
    });
    page.map(|(name, host)| {
        let failure = Failure::with(Stage::Http, Cause::RedirectedElsewhere, format!("{name}: {host}"));
        Finding::by_filter(name, failure)
    })
}

/// It stopped before anything answered in HTTP.
fn before_any_answer(visit: &Visit, failure: &Failure) -> Finding {
    if let Some(plain) = &visit.plain {
        let by = visit.redirects.last().map_or(&plain.target.host, |to| &to.host);
        let detail = format!("HTTP {} in the place of TLS: {by}", plain.status);
        return Finding::elsewhere(Failure::with(Stage::Tls, Cause::UnexpectedContent, detail), by);
    }
    if visit.altered.is_some() && failure.stage != Stage::Dns {
        let address = visit.address.map(|address| address.to_string()).unwrap_or_default();
        let altered =
            Failure::with(Stage::Dns, Cause::DnsAltered, format!("{address} ({:?})", failure.cause));
        return Finding::stopped(EndpointState::DnsAltered, altered);
    }
    Finding::stopped(stopped_state(visit, failure), failure.clone())
}

/// The state a failure before the answer leads to.
fn stopped_state(visit: &Visit, failure: &Failure) -> EndpointState {
    let public = visit.tls.as_ref().map(|tls| tls.public_root);
    match (failure.stage, failure.cause) {
        (_, Cause::ProxyAuthRequired) => EndpointState::ProxyAuthRequired,
        (_, Cause::MtuBlackHole) => EndpointState::Unreachable,
        (Stage::Proxy, Cause::ProxyRefused) => refused_by_proxy(failure),
        (Stage::Dns, _) => EndpointState::DnsAltered,
        (Stage::Tls, Cause::UnknownIssuer | Cause::CertificateNameMismatch | Cause::CertificateInvalid) => {
            EndpointState::Intercepted
        }
        // A wrong clock here or a neglected certificate there: not the network's doing.
        (Stage::Tls, Cause::CertificateExpired | Cause::CertificateNotYetValid | Cause::ChainIncomplete) => {
            EndpointState::RemoteError
        }
        // The connection stood and was the host's own: what fails then is the service.
        (Stage::Http | Stage::Content, _) if public != Some(false) => EndpointState::RemoteError,
        (Stage::Http | Stage::Content, _) => EndpointState::Intercepted,
        _ => EndpointState::Unreachable,
    }
}

/// A proxy that refuses a tunnel: HTTP's 4xx and SOCKS' 2 are its rule, 5xx and the other replies its own failure to
/// connect.
fn refused_by_proxy(failure: &Failure) -> EndpointState {
    let mut words = failure.detail.as_deref().unwrap_or_default().split_whitespace();
    let (protocol, code) = (words.next(), words.next().and_then(|code| code.parse::<u16>().ok()));
    match (protocol, code) {
        (Some("SOCKS"), Some(code)) if code == u16::from(SOCKS_NOT_ALLOWED) => EndpointState::Blocked,
        (_, Some(400..=499)) => EndpointState::Blocked,
        _ => EndpointState::Unreachable,
    }
}

/// The URL itself answered, and a redirect then failed. When the host's own answer sent there, the school's network
/// is not accused for a host nobody asked for.
fn on_the_way(target: &Target, visit: &Visit, last: &Hop, failure: &Failure) -> Finding {
    let next = visit.redirects.last().unwrap_or(&last.target);
    if !last.authentic() && replaced(target, next) {
        let elsewhere = Failure::with(Stage::Http, Cause::RedirectedElsewhere, next.host.clone());
        return Finding::elsewhere(elsewhere, &next.host);
    }
    if last.tls.as_ref().is_some_and(|tls| !tls.public_root) {
        return Finding::stopped(EndpointState::Intercepted, failure.clone());
    }
    let state = match stopped_state(&Visit::default(), failure) {
        // Not an error of the service: it answers, and what it sends is swallowed.
        state if failure.cause == Cause::MtuBlackHole => state,
        state @ (EndpointState::Intercepted | EndpointState::Blocked | EndpointState::ProxyAuthRequired) => {
            state
        }
        _ => EndpointState::RemoteError,
    };
    let detail = format!("{}: {}", next.host, failure.detail.as_deref().unwrap_or_default());
    Finding::stopped(state, Failure { detail: Some(detail), ..failure.clone() })
}

/// There is a last answer.
fn answered(target: &Target, visit: &Visit, last: &Hop) -> Finding {
    // A filter that decrypts and sends elsewhere has blocked: that says more than the decryption.
    if !last.authentic() && replaced(target, &last.target) {
        let host = &last.target.host;
        return Finding::elsewhere(
            Failure::with(Stage::Http, Cause::RedirectedElsewhere, host.clone()),
            host,
        );
    }
    if let Some(tls) = visit.hops.iter().filter_map(|hop| hop.tls.as_ref()).find(|tls| !tls.public_root) {
        let failure =
            Failure { detail: tls.issuer.clone(), ..Failure::new(Stage::Tls, Cause::UnknownIssuer) };
        return Finding::stopped(EndpointState::Intercepted, failure);
    }
    if last.status >= 500 {
        let Some(code) = block_pages::squid_error(last) else {
            let failure = Failure::with(Stage::Http, Cause::HttpStatus, last.status.to_string());
            return Finding::stopped(EndpointState::RemoteError, failure);
        };
        let failure = Failure::with(Stage::Proxy, Cause::ProxyRefused, format!("{} {code}", last.status));
        return Finding::stopped(EndpointState::Unreachable, failure);
    }
    let endless =
        visit.endless.then(|| Failure::with(Stage::Http, Cause::ProtocolError, "redirects without end"));
    Finding {
        state: reachable(visit),
        failure: endless.or_else(|| last.body_failure.clone()),
        answered_by: None,
        filter: None,
    }
}

/// Whether an answer without a public chain is someone else's: of another site, or of an address inside.
fn replaced(target: &Target, last: &Target) -> bool {
    if last.host == target.host {
        return false;
    }
    let inside = last.host.parse().is_ok_and(|address| not_public(address).is_some());
    inside || last.scheme != Scheme::Https && site(&last.host) != site(&target.host)
}

/// A host's registrable name, near enough: its last two labels, three below the second levels in use in France.
fn site(host: &str) -> String {
    const SECOND_LEVELS: [&str; 6] = ["gouv.fr", "asso.fr", "com.fr", "co.uk", "com.au", "co.jp"];
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = host.rsplit('.').collect();
    let two = labels.iter().take(2).rev().copied().collect::<Vec<_>>().join(".");
    let wanted = if SECOND_LEVELS.contains(&two.as_str()) { 3 } else { 2 };
    labels.into_iter().take(wanted).rev().collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_the_registrable_name() {
        assert_eq!(site("educonnect.education.gouv.fr"), "education.gouv.fr");
        assert_eq!(site("idp-auth.gar.education.fr"), "education.fr");
        assert_eq!(site("localhost"), "localhost");
    }
}
