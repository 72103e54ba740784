//! Connections dialled by hand, so that DNS, TCP, proxy, TLS and HTTP are timed apart and every stage can say why
//! it stopped.
//!
//! Not a general HTTP client: no cookie, no redirect (callers look at them), no pool, and no way to switch the
//! verification of certificates off.

mod bypass;
mod http1;
mod names;
mod proxy;
mod route;
mod socks;
mod target;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rustls::pki_types::CertificateDer;
use sonde_report::values::{Phases, TlsInfo};
use sonde_report::{Cause, Failure, Stage};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

pub(crate) use http1::hyper_failure;
pub use http1::{Exchange, Session};
pub use names::SecondWay;
pub use proxy::{Credentials, Proxy, ProxyError, ProxyKind};
pub(crate) use socks::NOT_ALLOWED as SOCKS_NOT_ALLOWED;
pub use target::{Scheme, Target, TargetError};
pub use tls::{TrustError, read_pem_certificates};

use crate::clock::micros;
use names::Names;

/// What one address of a name has to itself before the next is tried beside it (RFC 8305, section 5: 250 ms). Where one
/// family is broken on the way, this is all it costs.
pub(crate) const HEAD_START: Duration = Duration::from_millis(250);

/// How connections are to be made.
#[derive(Debug, Clone)]
pub struct DialConfig {
    /// The explicit proxy, when there is one.
    pub proxy: Option<Proxy>,
    /// Hosts reached without it: the `NO_PROXY` convention, in the forms that docs/configuration.md lists.
    pub no_proxy: Vec<String>,
    /// Roots accepted beside the OS store (`--ca`): they let a run go on behind an interception, they do not make
    /// a chain public.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Roots taken as the public ones in the place of the embedded Mozilla list. Only the demonstration and tests
    /// set it, for servers they start themselves: no flag or configuration key leads here.
    pub stand_in_public_roots: Option<Vec<CertificateDer<'static>>>,
    /// Names with fixed addresses (one entry for each), not asked of any resolver. Only the demonstration and tests set
    /// it.
    pub pinned_names: Vec<(String, IpAddr)>,
    /// The interface to go through.
    pub interface: Option<String>,
    /// The IP family to use.
    pub family: Family,
    /// Time allowed for name resolution, for each TCP connection, and for the TLS handshake: each by itself.
    pub connect_timeout: Duration,
    /// Time allowed from a request to the first byte of its answer.
    pub answer_timeout: Duration,
    /// The largest TCP segment to send, and to ask the far end for, bytes without headers (TCP_MAXSEG, tcp(7)); `None`:
    /// what fits the interface. Where the system cannot set it, connecting fails.
    pub segment: Option<u32>,
}

impl Default for DialConfig {
    fn default() -> Self {
        Self {
            proxy: None,
            no_proxy: Vec::new(),
            extra_roots: Vec::new(),
            stand_in_public_roots: None,
            pinned_names: Vec::new(),
            interface: None,
            family: Family::Auto,
            // Three SYNs (1 s, then 2 s) of RFC 6298's timer fit; a satellite's 600 ms five times over.
            connect_timeout: Duration::from_secs(4),
            answer_timeout: Duration::from_secs(6),
            segment: None,
        }
    }
}

/// Which IP family to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// What the system prefers, then the other.
    #[default]
    Auto,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// Whether `address` is of this family.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Auto => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// The name this agent gives itself to servers (domain rule: clear, and nothing about the school).
pub const USER_AGENT: &str = concat!("sonde-ecole/", env!("CARGO_PKG_VERSION"));

/// Makes connections. Build one per run and share it.
#[derive(Debug)]
pub struct Dialer {
    config: DialConfig,
    trust: tls::Trust,
    names: Arc<Names>,
}

/// An attempt that stopped, with what was learnt on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialError {
    /// Where and why.
    pub failure: Failure,
    /// The phases that were completed.
    pub phases: Phases,
    /// The address that was tried last.
    pub address: Option<IpAddr>,
    /// The TLS session's facts, as far as the certificate was seen (its issuer, above all).
    pub tls: Option<TlsInfo>,
}

impl DialError {
    fn new(failure: Failure) -> Self {
        Self { failure, phases: Phases::default(), address: None, tls: None }
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    /// The stream.
    pub io: Io,
    /// How long each phase took.
    pub phases: Phases,
    /// The far end (the proxy's address when there is one).
    pub peer: SocketAddr,
    /// The TLS session, when there is one.
    pub tls: Option<TlsInfo>,
    /// Whether a proxy stands between.
    pub via_proxy: bool,
    /// Whether that proxy forwards plain HTTP requests, rather than tunnelling.
    pub forwarded: bool,
    /// The `Proxy-Authorization` header to send with plain HTTP requests through a proxy.
    proxy_authorization: Option<String>,
}

impl Dialer {
    /// Reads the OS store and prepares both sets of roots.
    ///
    /// # Errors
    /// [`TrustError`] when an extra root cannot be used.
    pub fn new(config: DialConfig) -> Result<Self, TrustError> {
        let trust = tls::Trust::new(config.stand_in_public_roots.as_deref(), &config.extra_roots)?;
        Ok(Self { config, trust, names: Arc::default() })
    }

    /// How connections are made.
    #[must_use]
    pub fn config(&self) -> &DialConfig {
        &self.config
    }

    /// The same dialer with no stage allowed more than `limit`: for a caller with a total of its own.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        let mut config = self.config.clone();
        config.connect_timeout = config.connect_timeout.min(limit);
        config.answer_timeout = config.answer_timeout.min(limit);
        self.with(config)
    }

    /// The same dialer without the proxy: for what stands in the school itself.
    #[must_use]
    pub fn direct(&self) -> Self {
        self.with(DialConfig { proxy: None, ..self.config.clone() })
    }

    /// The same dialer with TCP segments of at most so many bytes, in both directions.
    #[must_use]
    pub(crate) fn with_segments_of(&self, bytes: u32) -> Self {
        self.with(DialConfig { segment: Some(bytes), ..self.config.clone() })
    }

    /// The same dialer, connecting so.
    fn with(&self, config: DialConfig) -> Self {
        Self { config, trust: self.trust.clone(), names: Arc::clone(&self.names) }
    }

    /// The proxy that stands between this machine and `host` at `port`, if any.
    #[must_use]
    pub fn proxy_for(&self, host: &str, port: u16) -> Option<&Proxy> {
        self.config.proxy.as_ref().filter(|_| !bypass::bypassed(host, port, &self.config.no_proxy))
    }

    /// Resolves a name by the operating system's own path, or by the one of [`Dialer::ask_when_late`] where that is late; an
    /// address is returned as it is.
    ///
    /// Each name under way holds a thread of the runtime's pool (of 512) until the C library gives up, which may take half
    /// a minute after the time allowed here: whoever ends the runtime must not wait for them.
    ///
    /// # Errors
    /// A [`Failure`] of stage `dns`.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let pinned = self.pinned(host, port);
        if !pinned.is_empty() {
            return Ok(pinned);
        }
        self.wanted(host, timeout(self.config.connect_timeout, self.names.look_up(host, port)).await)
    }

    /// The same by the operating system's own path alone, within `limit`: what the machine's other programs live with.
    ///
    /// # Errors
    /// A [`Failure`] of stage `dns`.
    pub async fn resolve_by_system(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, Failure> {
        match self.pinned(host, port) {
            pinned if !pinned.is_empty() => Ok(pinned),
            _ => self.wanted(host, timeout(limit, names::by_system(host, port)).await),
        }
    }

    /// Sets the way to ask for names when the operating system is late to answer; only the first one counts.
    pub fn ask_when_late(&self, second: SecondWay) {
        self.names.know(second);
    }

    fn pinned(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let pinned = self.config.pinned_names.iter().filter(|(name, _)| name == host);
        pinned.map(|(_, address)| SocketAddr::new(*address, port)).collect()
    }

    /// What was looked up, each address once, of the families wanted.
    fn wanted(
        &self,
        host: &str,
        looked_up: Result<io::Result<Vec<SocketAddr>>, tokio::time::error::Elapsed>,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let fail = |cause, detail: String| Err(Failure::with(Stage::Dns, cause, detail));
        let found = match looked_up {
            Err(_) => return fail(Cause::Timeout, host.to_owned()),
            Ok(Err(error)) => return fail(lookup_cause(&error), format!("{host}: {error}")),
            Ok(Ok(addresses)) => addresses,
        };
        let mut wanted = Vec::new();
        for address in found.into_iter().filter(|address| self.config.family.allows(address.ip())) {
            if !wanted.contains(&address) {
                wanted.push(address);
            }
        }
        if wanted.is_empty() { fail(Cause::NoAddress, host.to_owned()) } else { Ok(wanted) }
    }

    /// Connects to `target`: through the proxy where one applies, with TLS where the scheme wants it.
    ///
    /// The addresses of a name are tried in the system's order, families in turn, each with a head start on the next
    /// (RFC 8305, "happy eyeballs") and within the time allowed; the first that accepts is taken.
    ///
    /// # Errors
    /// A [`DialError`] naming the stage and cause, with the phases that were completed.
    pub async fn connect(&self, target: &Target) -> Result<Connection, DialError> {
        let proxy = self.proxy_for(&target.host, target.port);
        let (host, port) =
            proxy.map_or((target.host.as_str(), target.port), |proxy| (proxy.host.as_str(), proxy.port));
        let mut phases = Phases::default();

        let start = Instant::now();
        let addresses =
            self.resolve(host, port).await.map_err(|failure| DialError::new(at_proxy(failure, proxy)))?;
        phases.dns_us = Some(micros(start.elapsed()));

        let (tcp, elapsed) = self.connect_tcp(&addresses).await.map_err(|(failure, address)| DialError {
            failure: at_proxy(failure, proxy),
            phases,
            address: Some(address.ip()),
            tls: None,
        })?;
        phases.tcp_us = Some(micros(elapsed));
        self.dress(target, tcp, phases, proxy).await
    }

    /// The same as [`Dialer::connect`] to the far end that an earlier connection found ([`Connection::peer`]; the
    /// proxy's address where there is one): no name is asked, and what did not answer then is not tried again.
    ///
    /// # Errors
    /// As [`Dialer::connect`].
    pub async fn connect_again(&self, target: &Target, peer: IpAddr) -> Result<Connection, DialError> {
        let proxy = self.proxy_for(&target.host, target.port);
        let address = SocketAddr::new(peer, proxy.map_or(target.port, |proxy| proxy.port));
        let (tcp, elapsed) = self.connect_tcp(&[address]).await.map_err(|(failure, address)| DialError {
            address: Some(address.ip()),
            ..DialError::new(at_proxy(failure, proxy))
        })?;
        let phases = Phases { tcp_us: Some(micros(elapsed)), ..Phases::default() };
        self.dress(target, tcp, phases, proxy).await
    }

    /// The same to one address, without resolving and without a proxy: for asking one family or one host of many.
    ///
    /// # Errors
    /// As [`Dialer::connect`].
    pub async fn connect_to(&self, target: &Target, address: SocketAddr) -> Result<Connection, DialError> {
        let (tcp, elapsed) = self.connect_tcp(&[address]).await.map_err(|(failure, address)| DialError {
            address: Some(address.ip()),
            ..DialError::new(failure)
        })?;
        let phases = Phases { tcp_us: Some(micros(elapsed)), ..Phases::default() };
        self.dress(target, tcp, phases, None).await
    }

    /// Puts the proxy's tunnel and TLS around a TCP connection, as the target and proxy want.
    pub(crate) async fn dress(
        &self,
        target: &Target,
        mut tcp: TcpStream,
        mut phases: Phases,
        proxy: Option<&Proxy>,
    ) -> Result<Connection, DialError> {
        let stop = |failure, phases, address: Option<SocketAddr>, tls| DialError {
            failure,
            phases,
            address: address.map(|address| address.ip()),
            tls,
        };
        let peer = tcp.peer_addr().map_err(|error| {
            stop(Failure::with(Stage::Tcp, io_cause(&error), error.to_string()), phases, None, None)
        })?;
        // Plain HTTP goes to an HTTP proxy in absolute form; everything else through a tunnel.
        let forwarding = proxy.filter(|proxy| proxy.forwards(target.scheme));
        if let Some(proxy) = proxy.filter(|_| forwarding.is_none()) {
            let start = Instant::now();
            proxy
                .open_tunnel(&mut tcp, target, self.config.answer_timeout)
                .await
                .map_err(|failure| stop(failure, phases, Some(peer), None))?;
            phases.proxy_us = Some(micros(start.elapsed()));
        }
        let (io, tls) = if target.scheme == Scheme::Https {
            let start = Instant::now();
            match self.trust.handshake(&target.host, tcp, self.config.connect_timeout).await {
                Ok((stream, info)) => {
                    phases.tls_us = Some(micros(start.elapsed()));
                    (Io::Tls(Box::new(stream)), Some(info))
                }
                Err((failure, info)) => return Err(stop(failure, phases, Some(peer), info)),
            }
        } else {
            (Io::Plain(tcp), None)
        };
        Ok(Connection {
            io,
            phases,
            peer,
            tls,
            via_proxy: proxy.is_some(),
            forwarded: forwarding.is_some(),
            proxy_authorization: forwarding.and_then(Proxy::authorization),
        })
    }

    /// Opens a TCP connection to the first address that accepts one; the time is that address's alone. When none does,
    /// the failure is that of the last in order.
    async fn connect_tcp(
        &self,
        addresses: &[SocketAddr],
    ) -> Result<(TcpStream, Duration), (Failure, SocketAddr)> {
        self.race(addresses).await.map_err(|mut refused| match refused.pop() {
            Some((address, failure)) => (failure, address),
            None => (Failure::new(Stage::Dns, Cause::NoAddress), SocketAddr::from(([0, 0, 0, 0], 0))),
        })
    }

    /// The same; when none accepts, every address with its failure, in the order in which they were tried.
    pub(crate) async fn race(
        &self,
        addresses: &[SocketAddr],
    ) -> Result<(TcpStream, Duration), Vec<(SocketAddr, Failure)>> {
        let mut waiting = families_in_turn(addresses).into_iter().enumerate();
        let mut under_way = FuturesUnordered::new();
        let mut refused: Vec<(usize, SocketAddr, Failure)> = Vec::new();
        loop {
            if let Some((place, address)) = waiting.next() {
                under_way.push(async move { (place, address, self.try_address(address).await) });
            }
            let more = waiting.len() > 0;
            tokio::select! {
                ended = under_way.next() => match ended {
                    Some((_, _, Ok(won))) => return Ok(won),
                    Some((place, address, Err(failure))) => refused.push((place, address, failure)),
                    None => break,
                },
                () = sleep(HEAD_START), if more => {}
            }
        }
        refused.sort_by_key(|(place, ..)| *place);
        Err(refused.into_iter().map(|(_, address, failure)| (address, failure)).collect())
    }

    /// Opens a TCP connection to one address within the time allowed; says how long it took.
    async fn try_address(&self, address: SocketAddr) -> Result<(TcpStream, Duration), Failure> {
        let start = Instant::now();
        match timeout(self.config.connect_timeout, self.open_socket(address)).await {
            Ok(opened) => opened.map(|stream| (stream, start.elapsed())),
            Err(_) => Err(Failure::with(Stage::Tcp, Cause::Timeout, address.to_string())),
        }
    }

    async fn open_socket(&self, address: SocketAddr) -> Result<TcpStream, Failure> {
        let socket =
            if address.is_ipv4() { tokio::net::TcpSocket::new_v4() } else { tokio::net::TcpSocket::new_v6() }
                .map_err(|error| Failure::with(Stage::Tcp, io_cause(&error), error.to_string()))?;
        if let Some(interface) = &self.config.interface {
            bind_to_interface(&socket2::SockRef::from(&socket), interface, address).map_err(|error| {
                Failure::with(Stage::Interface, io_cause(&error), format!("{interface}: {error}"))
            })?;
        }
        if let Some(bytes) = self.config.segment {
            limit_segments(&socket2::SockRef::from(&socket), bytes)
                .map_err(|error| Failure::with(Stage::Tcp, io_cause(&error), error.to_string()))?;
        }
        let stream = socket
            .connect(address)
            .await
            .map_err(|error| Failure::with(Stage::Tcp, io_cause(&error), format!("{address}: {error}")))?;
        // Requests are small and timed: Nagle's delay would be measured as the network's.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// The addresses with the families in turn, the first one's first, each family's order kept (RFC 8305, section 4): a
/// broken family with many addresses holds up the other once.
fn families_in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let of = |v4: bool| addresses.iter().copied().filter(move |address| address.is_ipv4() == v4);
    let (mut one, mut other) = (of(first_is_v4), of(!first_is_v4));
    let mut ordered = Vec::with_capacity(addresses.len());
    while ordered.len() < addresses.len() {
        ordered.extend(one.next());
        ordered.extend(other.next());
    }
    ordered
}

/// Names the proxy as the stage at fault when the connection to it failed.
fn at_proxy(mut failure: Failure, proxy: Option<&Proxy>) -> Failure {
    if proxy.is_some() {
        failure.stage = Stage::Proxy;
    }
    failure
}

/// Makes a socket go out through one interface.
#[cfg(target_os = "linux")]
pub(crate) fn bind_to_interface(
    socket: &socket2::SockRef<'_>,
    interface: &str,
    _: SocketAddr,
) -> io::Result<()> {
    socket.bind_device(Some(interface.as_bytes()))
}

/// Makes a socket go out through one interface: by its source address, where the system cannot bind to a device.
#[cfg(not(target_os = "linux"))]
pub(crate) fn bind_to_interface(
    socket: &socket2::SockRef<'_>,
    interface: &str,
    towards: SocketAddr,
) -> io::Result<()> {
    let source = netdev::get_interfaces()
        .into_iter()
        .filter(|known| known.name == interface || known.friendly_name.as_deref() == Some(interface))
        .find_map(|known| {
            if towards.is_ipv4() {
                known.ipv4.first().map(|net| IpAddr::V4(net.addr()))
            } else {
                known.ipv6.first().map(|net| IpAddr::V6(net.addr()))
            }
        })
        .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    socket.bind(&SocketAddr::new(source, 0).into())
}

/// Limits a socket's TCP segments before it connects.
#[cfg(unix)]
fn limit_segments(socket: &socket2::SockRef<'_>, bytes: u32) -> io::Result<()> {
    socket.set_tcp_mss(bytes)
}

/// Windows knows the option and lets nobody set it.
#[cfg(not(unix))]
fn limit_segments(_: &socket2::SockRef<'_>, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The cause behind an operating system's error on a socket.
#[must_use]
pub fn io_cause(error: &io::Error) -> Cause {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Cause::ConnectionRefused,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Cause::ConnectionReset,
        Kind::UnexpectedEof | Kind::NotConnected | Kind::WriteZero => Cause::ConnectionClosed,
        Kind::TimedOut => Cause::Timeout,
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::NetworkDown => Cause::Unreachable,
        Kind::AddrNotAvailable => Cause::NoNetwork,
        Kind::PermissionDenied => Cause::PermissionDenied,
        _ => Cause::SystemError,
    }
}

/// The cause behind the system resolver's error. Its code is not handed on by the standard library, only the C
/// library's untranslated text (glibc: "Temporary failure in name resolution"; musl: "Try again").
fn lookup_cause(error: &io::Error) -> Cause {
    /// WSATRY_AGAIN: a non-authoritative "not found", i.e. the server failed.
    const WSATRY_AGAIN: i32 = 11002;
    let text = error.to_string();
    let failed = ["Temporary failure", "Try again", "Non-recoverable"].iter().any(|part| text.contains(part));
    if failed || error.raw_os_error() == Some(WSATRY_AGAIN) {
        Cause::ResolverFailure
    } else {
        Cause::NameNotFound
    }
}

/// A stream, with or without TLS.
#[derive(Debug)]
pub enum Io {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Io {
    /// The TCP stream below (for TCP_INFO and addresses).
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn families_take_turns_and_keep_their_order() {
        let of = |list: &[&str]| list.iter().map(|one| one.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let (a, b, c, d) = ("[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1", "192.0.2.2:1");
        for (given, expected) in
            [(&[a, b, c, d][..], &[a, c, b, d][..]), (&[c, d, a], &[c, a, d]), (&[a, b], &[a, b]), (&[], &[])]
        {
            assert_eq!(families_in_turn(&of(given)), of(expected));
        }
    }
}
