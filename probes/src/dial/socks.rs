//! SOCKS version 5 (RFC 1928) with a user and password (RFC 1929): CONNECT alone. A name is handed over as a name, so that
//! the proxy resolves it: what curl writes `socks5h://`.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use sonde_report::{Cause, Failure, Stage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Proxy, Target, io_cause};

/// The protocol's version (RFC 1928, 3).
const VERSION: u8 = 5;
/// The version of the user and password exchange (RFC 1929, 2).
const LOGIN_VERSION: u8 = 1;
/// Method: no authentication (RFC 1928, 3).
const OPEN: u8 = 0;
/// Method: user and password.
const LOGIN: u8 = 2;
/// No method offered is accepted.
const NO_METHOD: u8 = 0xff;
/// Command: connect (RFC 1928, 4).
const CONNECT: u8 = 1;
/// Address types (RFC 1928, 5).
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Why a handshake stopped.
enum Stop {
    /// The connection broke.
    Io(io::Error),
    /// What the far end said, or that it does not speak SOCKS.
    Said(Cause, String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Asks the proxy for a connection to `target`.
pub(super) async fn open_tunnel(
    tcp: &mut TcpStream,
    proxy: &Proxy,
    target: &Target,
    limit: Duration,
) -> Result<(), Failure> {
    let fail = |cause, detail: String| Failure::with(Stage::Proxy, cause, detail);
    match timeout(limit, handshake(tcp, proxy, target)).await {
        Err(_) => Err(fail(Cause::Timeout, proxy.shown())),
        Ok(Err(Stop::Io(error))) => Err(fail(io_cause(&error), error.to_string())),
        Ok(Err(Stop::Said(cause, detail))) => Err(fail(cause, detail)),
        Ok(Ok(())) => Ok(()),
    }
}

async fn handshake(tcp: &mut TcpStream, proxy: &Proxy, target: &Target) -> Result<(), Stop> {
    let login = proxy.login();
    let methods: &[u8] = if login.is_some() { &[VERSION, 2, OPEN, LOGIN] } else { &[VERSION, 1, OPEN] };
    tcp.write_all(methods).await?;
    let [version, method] = read::<2>(tcp).await?;
    speaks(version == VERSION)?;
    match (method, login) {
        (OPEN, _) => {}
        (LOGIN, Some((user, password))) => log_in(tcp, user, password).await?,
        (NO_METHOD | LOGIN, _) => {
            let detail = "SOCKS: no method of authentication in common";
            return Err(Stop::Said(Cause::ProxyAuthRequired, detail.to_owned()));
        }
        _ => speaks(false)?,
    }
    tcp.write_all(&request(target)?).await?;
    let [version, reply, _, kind] = read::<4>(tcp).await?;
    speaks(version == VERSION)?;
    if reply != 0 {
        return Err(Stop::Said(Cause::ProxyRefused, refusal(reply)));
    }
    // Where the proxy's own end is bound: of no use here, and to be read before what follows.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(tcp.read_u8().await?),
        _ => return speaks(false),
    };
    let mut bound = [0; 255 + 2];
    tcp.read_exact(&mut bound[..length + 2]).await?;
    Ok(())
}

/// Sends user and password.
async fn log_in(tcp: &mut TcpStream, user: &str, password: &str) -> Result<(), Stop> {
    let mut message = vec![LOGIN_VERSION];
    for text in [user, password] {
        let length = u8::try_from(text.len()).map_err(|_| {
            Stop::Said(
                Cause::ProxyAuthRequired,
                "SOCKS: a user or password of more than 255 bytes".to_owned(),
            )
        })?;
        message.push(length);
        message.extend_from_slice(text.as_bytes());
    }
    tcp.write_all(&message).await?;
    let [_, status] = read::<2>(tcp).await?;
    if status == 0 {
        Ok(())
    } else {
        Err(Stop::Said(Cause::ProxyAuthRequired, "SOCKS: user or password refused".to_owned()))
    }
}

/// The request for `target` (RFC 1928, 4).
fn request(target: &Target) -> Result<Vec<u8>, Stop> {
    let mut message = vec![VERSION, CONNECT, 0];
    match target.host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            message.push(IPV4);
            message.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            message.push(IPV6);
            message.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let length = u8::try_from(target.host.len())
                .map_err(|_| Stop::Said(Cause::ProtocolError, "a name of more than 255 bytes".to_owned()))?;
            message.extend_from_slice(&[NAME, length]);
            message.extend_from_slice(target.host.as_bytes());
        }
    }
    message.extend_from_slice(&target.port.to_be_bytes());
    Ok(message)
}

/// A reply's code and meaning (RFC 1928, 6). The report reads the code again: [`NOT_ALLOWED`] is the proxy's rule, the
/// others are its own failure to connect.
fn refusal(reply: u8) -> String {
    let meaning = match reply {
        1 => "general failure",
        NOT_ALLOWED => "not allowed by the ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reply",
    };
    format!("SOCKS {reply} ({meaning})")
}

/// Reply: the proxy's rules forbid it (RFC 1928, 6).
pub(crate) const NOT_ALLOWED: u8 = 2;

/// Stops at what is no SOCKS.
fn speaks(true_to_it: bool) -> Result<(), Stop> {
    if true_to_it {
        Ok(())
    } else {
        Err(Stop::Said(Cause::ProtocolError, "the answer is not SOCKS version 5".to_owned()))
    }
}

async fn read<const LENGTH: usize>(tcp: &mut TcpStream) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    tcp.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stdout)]

    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// A microsocks on loopback, ended with this value.
    struct Microsocks {
        child: Child,
        port: u16,
    }

    impl Drop for Microsocks {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    /// Starts one; `None` where it is not installed.
    async fn microsocks(arguments: &[&str]) -> Option<Microsocks> {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let child = Command::new("microsocks")
            .args(["-i", "127.0.0.1", "-p", &port.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            println!("skipped: microsocks is not installed (tests/install)");
            return None;
        };
        let started = Microsocks { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "microsocks does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(started)
    }

    /// What comes of asking the proxy for `target`; the stream where it connects.
    async fn tried(proxy: &str, target: &str) -> Result<TcpStream, Failure> {
        let proxy: Proxy = proxy.parse().unwrap();
        let mut tcp = TcpStream::connect((proxy.host.as_str(), proxy.port)).await.unwrap();
        open_tunnel(&mut tcp, &proxy, &target.parse().unwrap(), PATIENCE).await.map(|()| tcp)
    }

    /// A server that greets, and its port.
    async fn greeter() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"hello").await;
            }
        });
        port
    }

    #[tokio::test]
    async fn a_real_server_connects_to_addresses_and_names_and_says_why_not() {
        let Some(server) = microsocks(&[]).await else { return };
        let proxy = format!("socks5://127.0.0.1:{}", server.port);
        let port = greeter().await;
        // `localhost` is resolved by the server, not here: this function is handed the name as it is.
        for host in ["127.0.0.1", "localhost"] {
            let mut stream = tried(&proxy, &format!("tcp://{host}:{port}")).await.unwrap();
            let mut greeting = [0; 5];
            stream.read_exact(&mut greeting).await.unwrap();
            assert_eq!(&greeting, b"hello", "nothing of the stream was eaten by the handshake");
        }
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let failure = tried(&proxy, &format!("tcp://127.0.0.1:{closed}")).await.unwrap_err();
        assert_eq!((failure.stage, failure.cause), (Stage::Proxy, Cause::ProxyRefused));
        assert_eq!(failure.detail.as_deref(), Some("SOCKS 5 (connection refused)"));
    }

    #[tokio::test]
    async fn a_real_server_wants_its_password() {
        let Some(server) = microsocks(&["-u", "ecole", "-P", "sesame"]).await else { return };
        let port = greeter().await;
        let target = format!("tcp://127.0.0.1:{port}");
        let with = |login: &str| format!("socks5h://{login}127.0.0.1:{}", server.port);
        assert!(tried(&with("ecole:sesame@"), &target).await.is_ok());
        for login in ["", "ecole:autre@", "ecole@", "autre:sesame@"] {
            let failure = tried(&with(login), &target).await.unwrap_err();
            assert_eq!((failure.stage, failure.cause), (Stage::Proxy, Cause::ProxyAuthRequired), "{login}");
            assert!(!format!("{failure:?}").contains("sesame"), "{failure:?}");
        }
        let long = "x".repeat(256);
        let failure = tried(&with(&format!("ecole:{long}@")), &target).await.unwrap_err();
        assert_eq!(failure.cause, Cause::ProxyAuthRequired);
    }

    /// A server that says `answer` to whatever it is asked, and closes.
    async fn saying(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 3];
                let _ = stream.read_exact(&mut asked).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
                // What is still asked is read, so that the end is no reset.
                let mut rest = [0; 64];
                let _ = stream.read(&mut rest).await;
            }
        });
        format!("socks5://127.0.0.1:{port}")
    }

    #[tokio::test]
    async fn what_is_no_socks_is_told_apart() {
        let target = "https://gar.example/";
        for (answer, cause) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Cause::ProtocolError),
            (b"\x05", Cause::ConnectionClosed),
            (b"\x05\x01", Cause::ProtocolError),
            (b"\x05\x02", Cause::ProxyAuthRequired),
            (b"\x05\xff", Cause::ProxyAuthRequired),
            (b"\x05\x00\x04\x00\x00\x01", Cause::ProtocolError),
            (b"\x05\x00\x05\x00\x00\x09", Cause::ProtocolError),
            (b"\x05\x00\x05\x00\x00\x01\x7f", Cause::ConnectionClosed),
            (b"\x05\x00\x05\x02\x00\x01", Cause::ProxyRefused),
        ] {
            let failure = tried(&saying(answer).await, target).await.unwrap_err();
            assert_eq!((failure.stage, failure.cause), (Stage::Proxy, cause), "{answer:?}");
        }
        // The address the proxy is bound to may have any form.
        for answer in [
            &b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"[..],
            b"\x05\x00\x05\x00\x00\x03\x02ab\x00\x50",
            b"\x05\x00\x05\x00\x00\x040123456789abcdef\x00\x50",
        ] {
            assert!(tried(&saying(answer).await, target).await.is_ok(), "{answer:?}");
        }
    }

    #[test]
    fn a_name_is_handed_over_as_a_name() {
        let bytes = |target: &str| request(&target.parse().unwrap()).ok().unwrap();
        assert_eq!(bytes("https://gar.fr/"), b"\x05\x01\x00\x03\x06gar.fr\x01\xbb");
        assert_eq!(bytes("http://192.0.2.1/"), b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50");
        assert_eq!(bytes("tcp://[2001:db8::1]:53")[3], IPV6);
    }
}
