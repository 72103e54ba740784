//! The explicit proxy: what stands between, and HTTP's CONNECT exchange. Who goes round it stands in `bypass`, the other
//! exchange in `socks`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use sonde_report::{Cause, Failure, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Scheme, Target, USER_AGENT, io_cause, socks};

/// The longest answer head to CONNECT that is read: a proxy's 407 with its headers fits; more is no proxy.
const HEAD_LIMIT: usize = 16 * 1024;

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP: CONNECT, and plain requests in absolute form.
    Http,
    /// SOCKS version 5, names resolved by the proxy.
    Socks5,
}

/// An explicit proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub kind: ProxyKind,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password: for HTTP Basic (RFC 7617), for SOCKS RFC 1929.
    pub credentials: Option<Credentials>,
}

/// A user and password. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password; `None` while nobody gave it: then nothing is sent at all, since an empty one would be a wrong one, and
    /// directories lock an account after a few of these.
    pub password: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Why a text names no proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no usable proxy: {problem} (expected http://host:port or socks5://host:port)")]
pub struct ProxyError {
    /// What is wrong, without any password.
    pub problem: &'static str,
}

impl FromStr for Proxy {
    type Err = ProxyError;

    /// Reads `http://host:port`, `host:port`, `socks5://host:port`, each also with `user:password@` before the host (the
    /// form of the environment's `HTTPS_PROXY`; the command line refuses a password before it comes here). `socks5` and
    /// `socks5h` are one here: where names may have to be resolved by the proxy, none is resolved before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| ProxyError { problem };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyKind::Http,
            "socks5" | "socks5h" => ProxyKind::Socks5,
            "https" => return Err(wrong("a proxy is itself reached with http://, for https sites as well")),
            _ => return Err(wrong("only http:// and socks5:// proxies are supported")),
        };
        let rest = rest.trim_end_matches('/');
        let (userinfo, authority) =
            rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        if authority.contains('/') {
            return Err(wrong("this is the address of a file; a script (PAC) names the proxy in it"));
        }
        let authority: http::uri::Authority =
            authority.parse().map_err(|_| wrong("the host or port cannot be read"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        let port = authority.port_u16().ok_or_else(|| {
            let written = authority.as_str().rsplit(':').next().unwrap_or_default();
            let number = !written.is_empty() && written.chars().all(|c| c.is_ascii_digit());
            wrong(if number { "the port is not a number up to 65535" } else { "the port is missing" })
        })?;
        let credentials = userinfo.map(|userinfo| {
            let (user, password) = match userinfo.split_once(':') {
                Some((user, password)) => (user, Some(percent_decoded(password))),
                None => (userinfo, None),
            };
            Credentials { user: percent_decoded(user), password }
        });
        Ok(Self { kind, host, port, credentials })
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
    /// `host:port`, with `socks5://` before it where it speaks that: fit to be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        let scheme = match self.kind {
            ProxyKind::Http => "",
            ProxyKind::Socks5 => "socks5://",
        };
        if self.host.contains(':') {
            format!("{scheme}[{}]:{}", self.host, self.port)
        } else {
            format!("{scheme}{}:{}", self.host, self.port)
        }
    }

    /// User and password, when both are known.
    pub(super) fn login(&self) -> Option<(&str, &str)> {
        let Credentials { user, password } = self.credentials.as_ref()?;
        Some((user, password.as_deref()?))
    }

    /// The `Proxy-Authorization` value, when there is one to send (RFC 7617).
    pub(super) fn authorization(&self) -> Option<String> {
        let (user, password) = self.login()?;
        Some(format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
        ))
    }

    /// Whether requests of this scheme are handed over as they are, in absolute form (RFC 9112, 3.2.2), and not sent
    /// through a tunnel.
    pub(super) fn forwards(&self, scheme: Scheme) -> bool {
        self.kind == ProxyKind::Http && scheme == Scheme::Http
    }

    /// Asks for a tunnel to `target`.
    pub(super) async fn open_tunnel(
        &self,
        tcp: &mut TcpStream,
        target: &Target,
        limit: Duration,
    ) -> Result<(), Failure> {
        match self.kind {
            ProxyKind::Http => connect(tcp, self, target, limit).await,
            ProxyKind::Socks5 => socks::open_tunnel(tcp, self, target, limit).await,
        }
    }
}

/// Asks an HTTP proxy for a tunnel to `target` (RFC 9110, 9.3.6).
async fn connect(
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
    fn a_user_without_password_is_known_and_nothing_is_sent() {
        let proxy: Proxy = "http://jean@proxy.ac-x.fr:3128".parse().expect("a proxy");
        assert_eq!(proxy.credentials.as_ref().map(|known| known.user.as_str()), Some("jean"));
        assert_eq!(proxy.authorization(), None);
        let empty: Proxy = "http://jean:@proxy.ac-x.fr:3128".parse().expect("a proxy");
        assert_eq!(empty.authorization().as_deref(), Some("Basic amVhbjo="), "an empty one was written out");
    }

    #[test]
    fn socks_is_known_in_both_spellings_and_shown_as_such() {
        for text in ["socks5://h:1080", "socks5h://h:1080/", "SOCKS5://h:1080"] {
            let proxy: Proxy = text.parse().expect("a proxy");
            assert_eq!(
                (proxy.kind, proxy.shown().as_str()),
                (ProxyKind::Socks5, "socks5://h:1080"),
                "{text}"
            );
            assert!(!proxy.forwards(Scheme::Http));
        }
    }

    #[test]
    fn refuses_what_it_cannot_use() {
        for text in ["", "http://", "proxy", "socks4://h:1", "https://h:1", "socks5://h", "[::1]"] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
        let problem = |text: &str| text.parse::<Proxy>().map_err(|error| error.problem);
        assert_eq!(problem("http://h:99999"), Err("the port is not a number up to 65535"));
        assert_eq!(problem("http://h:"), Err("the port is missing"));
        assert!(problem("http://h:80/proxy.pac").is_err_and(|problem| problem.contains("PAC")));
    }
}
