//! Where a responsiveness test (draft-ietf-ippm-responsiveness) finds its three resources on this mire.
//!
//! The URLs name the host that the client itself named in its request, for a mire does not know its own. What does not
//! look like a host is refused and never repeated.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::json;

use super::routes::{Answer, json, text};

/// The path of the description (RFC 8615).
pub(super) const WELL_KNOWN: &str = "/.well-known/nq";
/// One byte: a probe.
pub(super) const SMALL: &str = "/nq/small";
/// More than any transfer lasts for: load towards the client.
pub(super) const LARGE: &str = "/nq/large";
/// The size of [`LARGE`]: the 8 GB that the draft asks for at least.
pub(super) const LARGE_BYTES: u64 = 8_000_000_000;
/// Takes anything: load from the client.
pub(super) const UPLOAD: &str = "/nq/upload";

/// The longest name (RFC 1035, 2.3.4), and the longest part of one.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// How a connection is spoken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// The description, or 400 for a request that names no usable host.
///
/// The names with `https` are those of the draft's earlier versions, which its implementations still read; over a
/// connection in clear they would lie and are left out. `test_endpoint` is for farms of servers: optional, not given.
pub(super) fn describe(uri: &Uri, headers: &HeaderMap, scheme: Scheme) -> Answer {
    let Some(host) = host(uri, headers) else {
        return text(StatusCode::BAD_REQUEST, "400: no usable host in the request.\n");
    };
    let scheme_name = if scheme == Scheme::Https { "https" } else { "http" };
    let url = |path: &str| format!("{scheme_name}://{host}{path}");
    let mut urls = json!({
        "small_download_url": url(SMALL),
        "large_download_url": url(LARGE),
        "upload_url": url(UPLOAD),
    });
    if scheme == Scheme::Https {
        urls["small_https_download_url"] = url(SMALL).into();
        urls["large_https_download_url"] = url(LARGE).into();
        urls["https_upload_url"] = url(UPLOAD).into();
    }
    json(&json!({ "version": 1, "urls": urls }))
}

/// The host and port the client asked for, when they are a host and a port.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let authority = if let Some(authority) = uri.authority() {
        // HTTP/2's `:authority`, or HTTP/1.1's absolute form: both go before `Host` (RFC 9113, 8.3.1; RFC 9112, 3.2.2).
        authority.clone()
    } else {
        let mut all = headers.get_all(header::HOST).iter();
        let one = all.next()?;
        // Two are an attack or a mistake (RFC 9112, 3.2).
        if all.next().is_some() {
            return None;
        }
        one.to_str().ok()?.parse().ok()?
    };
    // What does not begin with the host begins with a user's name; what follows it is nothing or a port.
    let rest = authority.as_str().strip_prefix(authority.host())?;
    let plain = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    (plain && is_host(authority.host())).then_some(authority)
}

/// Digits only, for Rust's numbers may have a sign; 0 is no port.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A name of letters, digits and hyphens (RFC 1123, 2.1) or an address as it stands in a URL.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.parse::<Ipv4Addr>().is_ok()
        || (host.len() <= NAME_MAX && host.strip_suffix('.').unwrap_or(host).split('.').all(label))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn named(host: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_bytes(host.as_bytes()).ok()?);
        super::host(&Uri::from_static("/.well-known/nq"), &headers).map(|host| host.to_string())
    }

    #[test]
    fn hosts_are_repeated_as_they_were_asked_for() {
        for host in [
            "mire.example",
            "mire.example:8443",
            "MIRE.example.",
            "192.0.2.1:80",
            "[2001:db8::1]:443",
            "[::1]",
            "x",
        ] {
            assert_eq!(named(host).as_deref(), Some(host));
        }
    }

    #[test]
    fn what_is_no_host_is_never_repeated() {
        let long = "a.".repeat(127) + "a";
        for host in [
            "",
            ":",
            ":80",
            "mire.example:",
            "mire.example:0",
            "mire.example:65536",
            "mire.example:80:80",
            "mire.example:+80",
            "user@mire.example",
            "u:p@mire.example:80",
            "mire.example/x",
            "mire.example?x",
            "mire.example#x",
            "<b>",
            "a\"b",
            "a'b",
            "a b",
            "a,b",
            "-a.example",
            "a-.example",
            "a..example",
            ".",
            "[::1",
            "::1",
            "[zz]",
            "[::1]x",
            "[fe80::1%25eth0]",
            "a_b",
            "é.example",
            "%41.example",
            "*",
            &long,
            &"a".repeat(64),
        ] {
            assert_eq!(named(host), None, "{host}");
        }
    }

    #[test]
    fn two_hosts_are_none_and_the_targets_own_goes_first() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, HeaderValue::from_static("a.example"));
        let target = Uri::from_static("https://b.example:444/.well-known/nq");
        assert_eq!(host(&target, &headers).unwrap(), "b.example:444");
        headers.append(header::HOST, HeaderValue::from_static("a.example"));
        assert_eq!(host(&Uri::from_static("/.well-known/nq"), &headers), None);
        assert_eq!(host(&Uri::from_static("/.well-known/nq"), &HeaderMap::new()), None);
        assert_eq!(host(&Uri::from_static("https://u@b.example/"), &HeaderMap::new()), None);
    }

    proptest! {
        /// Whatever is repeated stays one host in the URL made of it.
        #[test]
        fn a_repeated_host_is_a_host(given in "[ -~]{0,40}") {
            if let Some(host) = named(&given) {
                prop_assert!(host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)));
                let url: Uri = format!("https://{host}{SMALL}").parse().unwrap();
                prop_assert_eq!(url.path(), SMALL);
                prop_assert_eq!(url.authority().map(Authority::as_str), Some(host.as_str()));
            }
        }
    }
}
