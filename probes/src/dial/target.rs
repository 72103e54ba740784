//! Where to connect: scheme, host, port and path.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;

/// What to speak on top of TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Nothing: the connection is all that is wanted.
    Tcp,
}

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// What to speak.
    pub scheme: Scheme,
    /// Host name or address (IPv6 without brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query, starting with `/`.
    pub path: String,
}

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no usable URL: {problem}")]
pub struct TargetError {
    /// What was given (without any password).
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| TargetError { text: without_userinfo(text), problem };
        let written = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
        if written.is_some_and(|authority| authority.contains('@')) {
            return Err(wrong("a user or password does not belong in a URL"));
        }
        let ascii = in_ascii(text).ok_or_else(|| wrong("the host is no international domain name"))?;
        let uri: http::Uri = ascii.parse().map_err(|_| wrong("not of the form scheme://host/path"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some("tcp") => Scheme::Tcp,
            Some(_) => return Err(wrong("the scheme must be http, https or tcp")),
            None => return Err(wrong("the scheme is missing (https://…)")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("the host is missing"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        let port = match (authority.port_u16(), scheme) {
            (Some(port), _) => port,
            // The library takes any digits as a port and then finds none that fits.
            (None, _) if authority.as_str().len() > authority.host().len() => {
                return Err(wrong("the port is not a number up to 65535"));
            }
            (None, Scheme::Http) => 80,
            (None, Scheme::Https) => 443,
            (None, Scheme::Tcp) => return Err(wrong("tcp:// needs a port (tcp://host:port)")),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self { scheme, host, port, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() } })
    }
}

/// A URL as it goes over the wire: an international name in its ASCII form (RFC 5890, UTS 46), the rest percent-encoded
/// (RFC 3987, 3.1). `None` when the name has no such form.
fn in_ascii(text: &str) -> Option<Cow<'_, str>> {
    if text.is_ascii() {
        return Some(Cow::Borrowed(text));
    }
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    let authority = &text[start..end];
    let (host, port) = authority.find(':').map_or((authority, ""), |at| authority.split_at(at));
    let mut whole = text[..start].to_owned();
    whole.push_str(&idna::domain_to_ascii(host).ok().filter(|host| !host.is_empty())?);
    whole.push_str(port);
    for byte in text[end..].bytes() {
        if byte.is_ascii() {
            whole.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    Some(Cow::Owned(whole))
}

/// The text with a password, if any, taken out: it may be shown.
fn without_userinfo(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}://…{}", &text[..scheme], &text[at..]),
        _ => text.to_owned(),
    }
}

impl Target {
    /// `host` or `host:port`, as the `Host` header and CONNECT want it.
    #[must_use]
    pub fn authority(&self, always_port: bool) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = matches!((self.scheme, self.port), (Scheme::Http, 80) | (Scheme::Https, 443));
        if usual && !always_port { host } else { format!("{host}:{}", self.port) }
    }

    /// The same host with another path (path and query, starting with `/`).
    #[must_use]
    pub fn with_path(&self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self.clone() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Tcp => return write!(f, "tcp://{}", self.authority(true)),
        };
        write!(f, "{scheme}://{}{}", self.authority(false), self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;

    #[test]
    fn reads_and_writes_the_usual_forms() {
        for (text, host, port, path) in [
            ("https://gar.education.fr/", "gar.education.fr", 443, "/"),
            ("http://[::1]:8080/a?b=c", "::1", 8080, "/a?b=c"),
            ("tcp://host.example:5223", "host.example", 5223, "/"),
        ] {
            let target: Target = text.parse().expect(text);
            assert_eq!((target.host.as_str(), target.port, target.path.as_str()), (host, port, path));
            assert_eq!(target.to_string(), text);
        }
    }

    #[test]
    fn an_international_name_and_path_are_put_into_ascii() {
        for (text, ascii) in [
            ("https://école.example/", "https://xn--cole-9oa.example/"),
            (
                "https://ÉCOLE.example:8443/été?a=ï",
                "https://xn--cole-9oa.example:8443/%C3%A9t%C3%A9?a=%C3%AF",
            ),
            ("https://ent.example/élèves", "https://ent.example/%C3%A9l%C3%A8ves"),
            ("tcp://école.example:5223", "tcp://xn--cole-9oa.example:5223"),
        ] {
            assert_eq!(text.parse::<Target>().expect(text).to_string(), ascii);
        }
    }

    #[test]
    fn says_what_is_wrong_and_never_repeats_a_password() {
        for (text, problem) in [
            ("gar.education.fr", "scheme is missing"),
            ("ftp://host/", "scheme must be"),
            ("tcp://host", "needs a port"),
            ("https://host:99999/", "port is not a number"),
            ("https://user:secret@host/", "does not belong"),
            ("", "scheme://host/path"),
            ("https://\u{ad}/", "no international domain name"),
            ("https://jean:secret@école.example/", "does not belong"),
            ("https://école.example:port/", ""),
            ("https://[::1/", "scheme://host/path"),
            ("tcp://école.example", "needs a port"),
        ] {
            let error = text.parse::<Target>().expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
