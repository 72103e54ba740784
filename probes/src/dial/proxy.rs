//! The explicit proxy: what stands between, who goes round it, and the CONNECT exchange.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use sonde_report::{Cause, Failure, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Target, USER_AGENT, io_cause};

/// The longest answer head to CONNECT that is read: a proxy's 407 with its headers fits; more is no proxy.
const HEAD_LIMIT: usize = 16 * 1024;

/// An explicit HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password for Basic authentication.
    pub credentials: Option<Credentials>,
}

/// A user and password. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Why a text names no proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no usable proxy: {problem} (expected http://host:port)")]
pub struct ProxyError {
    /// What is wrong, without any password.
    pub problem: &'static str,
}

impl FromStr for Proxy {
    type Err = ProxyError;

    /// Reads `http://host:port`, `host:port` or `http://user:password@host:port` (the form of the environment's
    /// `HTTPS_PROXY`; the command line refuses a password before it comes here).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| ProxyError { problem };
        let rest = match text.split_once("://") {
            None => text,
            Some(("http", rest)) => rest,
            Some(_) => return Err(wrong("only http:// proxies are supported")),
        };
        let rest = rest.trim_end_matches('/');
        let (userinfo, authority) =
            rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let authority: http::uri::Authority =
            authority.parse().map_err(|_| wrong("the host or port cannot be read"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        let port = authority.port_u16().ok_or_else(|| wrong("the port is missing"))?;
        let credentials = userinfo.map(|userinfo| {
            let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
            Credentials { user: percent_decoded(user), password: percent_decoded(password) }
        });
        Ok(Self { host, port, credentials })
    }
}

/// Undoes percent encoding, as the environment's proxy URLs use it for special characters in passwords.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%')
            .then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Proxy {
    /// `host:port`, fit to be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The `Proxy-Authorization` value, when there are credentials (RFC 7617).
    pub(super) fn authorization(&self) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        let pair = format!("{}:{}", credentials.user, credentials.password);
        Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
    }
}

/// Whether `host` is reached without the proxy: loopback always, and the `NO_PROXY` list (`*`, names, `.suffixes`).
pub(super) fn bypassed(host: &str, no_proxy: &[String]) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.iter().map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
        let name = entry.trim_start_matches('.');
        entry == "*"
            || (!name.is_empty()
                && (host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.'))))
    })
}

/// Asks the proxy for a tunnel to `target` (RFC 9110, 9.3.6).
pub(super) async fn open_tunnel(
    tcp: &mut TcpStream,
    proxy: &Proxy,
    target: &Target,
    limit: Duration,
) -> Result<(), Failure> {
    let fail = |cause, detail: String| Failure::with(Stage::Proxy, cause, detail);
    let authority = target.authority(true);
    let authorization =
        proxy.authorization().map_or(String::new(), |value| format!("Proxy-Authorization: {value}\r\n"));
    let request = format!(
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {USER_AGENT}\r\n{authorization}\r\n"
    );
    let exchange = async {
        tcp.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        // Byte by byte: what follows the head belongs to the tunnel.
        while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_LIMIT {
            match tcp.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && !head.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok::<_, std::io::Error>(head)
    };
    let head = match timeout(limit, exchange).await {
        Err(_) => return Err(fail(Cause::Timeout, proxy.shown())),
        Ok(Err(error)) => return Err(fail(io_cause(&error), error.to_string())),
        Ok(Ok(head)) => head,
    };
    let line =
        String::from_utf8_lossy(head.split(|&byte| byte == b'\r').next().unwrap_or_default()).into_owned();
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5))
        .and_then(|code| code.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => Err(fail(Cause::ProxyAuthRequired, line)),
        Some(_) => Err(fail(Cause::ProxyRefused, line)),
        None => Err(fail(Cause::ProtocolError, "the answer to CONNECT is not HTTP".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;

    #[test]
    fn reads_the_environment_form_and_hides_the_password() {
        let proxy: Proxy = "http://jean:p%40ss@proxy.ac-x.fr:3128/".parse().expect("a proxy");
        assert_eq!(proxy.shown(), "proxy.ac-x.fr:3128");
        assert_eq!(proxy.authorization().as_deref(), Some("Basic amVhbjpwQHNz"));
        assert!(!format!("{proxy:?}").contains("p@ss"));
    }

    #[test]
    fn refuses_what_it_cannot_use() {
        for text in ["", "http://", "proxy", "socks5://h:1", "http://h:99999"] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }

    #[test]
    fn goes_round_for_loopback_and_listed_hosts() {
        let list = [".ac-x.fr".to_owned(), "intranet".to_owned()];
        for host in ["127.0.0.1", "localhost", "::1", "www.ac-x.fr", "ac-x.fr", "intranet"] {
            assert!(bypassed(host, &list), "{host}");
        }
        for host in ["gar.education.fr", "notac-x.fr", "xintranet"] {
            assert!(!bypassed(host, &list), "{host}");
        }
    }
}
