//! The marks of known filters' pages: only those seen in public code that meets such pages. What is not here is
//! still found by its redirect or by the certificate.
//!
//! Olfeo, Stormshield and Sophos are missing: no text of their pages was found that could be relied on.

use super::visit::Hop;

/// Marks in the body (matched without case). All were read in public code that tests for them.
const BODIES: [(&str, &str); 3] = [
    ("fortiguard intrusion prevention - access blocked", "FortiGuard"),
    ("<title>dansguardian - access denied", "DansGuardian"),
    ("<title>e2guardian - access denied", "e2guardian"),
];

/// Hosts that serve nothing but block pages, with everything below them. Read in public code that tests for them.
const HOSTS: [(&str, &str); 5] = [
    ("block.opendns.com", "Umbrella"),
    ("block.sse.cisco.com", "Umbrella"),
    ("gateway.zscaler.net", "Zscaler"),
    ("gateway.zscalerone.net", "Zscaler"),
    ("gateway.zscalertwo.net", "Zscaler"),
];

/// The header in which Squid names its own errors.
const SQUID: &str = "x-squid-error";

/// Squid's error code, when Squid itself made the answer.
pub(super) fn squid_error(hop: &Hop) -> Option<&str> {
    hop.headers.get(SQUID)?.to_str().ok()?.split_whitespace().next()
}

/// The filter whose page an answer is.
pub(super) fn known_page(hop: &Hop) -> Option<&'static str> {
    if squid_error(hop) == Some("ERR_ACCESS_DENIED") {
        return Some("Squid");
    }
    if let Some(filter) = known_host(&hop.target.host) {
        return Some(filter);
    }
    let body = String::from_utf8_lossy(&hop.body).to_lowercase();
    BODIES.iter().find(|(mark, _)| body.contains(mark)).map(|(_, filter)| *filter)
}

/// The filter whose host this is.
pub(super) fn known_host(host: &str) -> Option<&'static str> {
    let below =
        |known: &str| host.strip_suffix(known).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    HOSTS.iter().find(|(known, _)| below(known)).map(|(_, filter)| *filter)
}
