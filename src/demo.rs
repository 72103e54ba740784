//! The embedded school: servers on loopback that stand in for a mire, the ministry's services and a resolver, so that
//! a whole run can be shown and tested without Internet, without root, and without touching anybody's servers.
//!
//! Not a simulation of a network: there is no delay or loss, only a mire that limits itself. Names end in `.example`
//! (RFC 2606): nobody owns them, and nothing here can be mistaken for the real services.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use hickory_resolver::proto::op::{Edns, Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sonde_probes::catalogue::Endpoint;
use sonde_probes::dial::DialConfig;
use sonde_probes::internet::ControlTarget;
use sonde_probes::throughput::MireUrl;
use sonde_report::values::EndpointKind;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::mire::{Mire, MireConfig, tls_from_der};

/// The mire's rate, IP-layer bit/s: over a medium school's 10 Mbit/s, under a large one's 15.
const MIRE_RATE_BPS: u64 = 12_000_000;
/// The mire's name.
const MIRE: &str = "mire.demo.sonde-ecole.example";
/// The control target's name.
const CONTROL: &str = "controle.demo.sonde-ecole.example";
/// What the control target answers.
const CONTROL_BODY: &str = "sonde-ecole demo\n";
/// The services: id, label, kind, name.
const SERVICES: [(&str, &str, EndpointKind, &str); 5] = [
    ("demo-gar-idp", "GAR, authentification (démo)", EndpointKind::Gar, "idp.gar.demo.sonde-ecole.example"),
    ("demo-gar-site", "GAR, site (démo)", EndpointKind::Gar, "site.gar.demo.sonde-ecole.example"),
    (
        "demo-gar-vignette",
        "GAR, vignettes (démo)",
        EndpointKind::Gar,
        "vignette.gar.demo.sonde-ecole.example",
    ),
    ("demo-educonnect", "ÉduConnect (démo)", EndpointKind::Educonnect, "educonnect.demo.sonde-ecole.example"),
    ("demo-ent", "ENT de l’école (démo)", EndpointKind::Ent, "ent.demo.sonde-ecole.example"),
];
/// A request's head, or a TLS handshake; on loopback anything longer is a mistake.
const HEAD_ALLOWED: Duration = Duration::from_secs(5);

/// The embedded school, alive as long as this value.
#[derive(Debug)]
pub struct World {
    authority: CertificateDer<'static>,
    mire: SocketAddr,
    services: SocketAddr,
    control: SocketAddr,
    resolver: SocketAddr,
    /// Kept for its end: dropping it stops the mire.
    _server: Mire,
    /// The other servers, ended with this value.
    _tasks: JoinSet<()>,
}

impl World {
    /// Starts every server on loopback, on ports the system chooses.
    ///
    /// # Errors
    /// When loopback cannot be listened on, or no key can be made.
    pub async fn start() -> anyhow::Result<Self> {
        let (authority, tls) = identity()?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Mire::start(MireConfig {
            https: vec![any],
            tls: Some(Arc::clone(&tls)),
            rate_bps: Some(MIRE_RATE_BPS),
            ..MireConfig::default()
        })
        .await?;
        let mire = *server.https.first().context("the mire has no address")?;
        let services = TcpListener::bind(any).await.context("loopback")?;
        let control = TcpListener::bind(any).await.context("loopback")?;
        let (resolver, resolver_tcp) = resolver_sockets().await?;
        let addresses = (services.local_addr()?, control.local_addr()?, resolver.local_addr()?);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(services, Some(TlsAcceptor::from(tls))));
        tasks.spawn(accept(control, None));
        tasks.spawn(resolve(resolver));
        tasks.spawn(resolve_tcp(resolver_tcp));
        let (services, control, resolver) = addresses;
        Ok(Self { authority, mire, services, control, resolver, _server: server, _tasks: tasks })
    }

    /// How to reach this world: its authority stands for the public ones, its names for themselves.
    #[must_use]
    pub fn dial_config(&self) -> DialConfig {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        DialConfig {
            stand_in_public_roots: Some(vec![self.authority.clone()]),
            pinned_names: names().map(|name| (name.to_owned(), here)).collect(),
            ..DialConfig::default()
        }
    }

    /// The mire, by each protocol it speaks.
    #[must_use]
    pub fn mires(&self) -> Vec<MireUrl> {
        let port = self.mire.port();
        [
            format!("ndt7+https://{MIRE}:{port}/"),
            format!("librespeed+https://{MIRE}:{port}/backend/"),
            format!("https://{MIRE}:{port}/file/1000M.bin"),
        ]
        .iter()
        // They are well-formed: a test says so.
        .filter_map(|url| url.parse().ok())
        .collect()
    }

    /// The services' hosts.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |(id, label, kind, name): (&str, &str, EndpointKind, &str)| Endpoint {
            id: id.to_owned(),
            label: label.to_owned(),
            kind,
            urls: vec![format!("https://{name}:{}/", self.services.port())],
            territory: vec!["national".to_owned()],
            source: "demo".to_owned(),
            verified: true,
        };
        SERVICES.into_iter().map(endpoint).collect()
    }

    /// The control targets, with what they answer.
    #[must_use]
    pub fn control_targets(&self) -> Vec<ControlTarget> {
        vec![ControlTarget {
            url: format!("http://{CONTROL}:{}/", self.control.port()),
            status: 200,
            body: Some(CONTROL_BODY.to_owned()),
        }]
    }

    /// The resolver: it knows this world's names and no others.
    #[must_use]
    pub fn resolvers(&self) -> Vec<SocketAddr> {
        vec![self.resolver]
    }

    /// Names to ask the resolver for.
    #[must_use]
    #[allow(clippy::unused_self, reason = "asked of a world like the rest")]
    pub fn dns_names(&self) -> Vec<String> {
        SERVICES.iter().map(|service| service.3.to_owned()).collect()
    }
}

/// Every name of this world.
fn names() -> impl Iterator<Item = &'static str> {
    [MIRE, CONTROL].into_iter().chain(SERVICES.iter().map(|service| service.3))
}

/// An authority of its own, and a server identity for every name.
fn identity() -> anyhow::Result<(CertificateDer<'static>, Arc<rustls::ServerConfig>)> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "sonde-ecole demo");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names().map(str::to_owned).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "demo.sonde-ecole.example");
    let leaf = params.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| anyhow::anyhow!(error))?;
    let tls = tls_from_der(vec![leaf.der().clone()], key)?;
    Ok((authority.der().clone(), tls))
}

/// Accepts for ever; its connections end with it.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, tls.clone()));
            }
            // No descriptor left, mostly: trying at once would only spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>) {
    match tls {
        None => http(stream, CONTROL_BODY).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_ALLOWED, tls.accept(stream)).await {
                http(stream, "<!doctype html><title>Démo</title><p>Service de démonstration.\n").await;
            }
        }
    }
}

/// Answers every request of a connection with `page`.
async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, page: &'static str) {
    let service = service_fn(|_: Request<Incoming>| async {
        let mut answer = Response::new(Full::new(Bytes::from_static(page.as_bytes())));
        *answer.status_mut() = StatusCode::OK;
        Ok::<_, Infallible>(answer)
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_ALLOWED)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// One port for DNS over both UDP and TCP.
async fn resolver_sockets() -> anyhow::Result<(UdpSocket, TcpListener)> {
    /// A port that is free for one is rarely taken for the other.
    const TRIES: usize = 8;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    for _ in 0..TRIES {
        let udp = UdpSocket::bind(any).await.context("loopback")?;
        if let Ok(tcp) = TcpListener::bind(udp.local_addr()?).await {
            return Ok((udp, tcp));
        }
    }
    anyhow::bail!("loopback: no port is free for both UDP and TCP")
}

/// Answers DNS questions over TCP for ever, one question a connection (RFC 7766 allows it).
async fn resolve_tcp(listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(tokio::time::timeout(HEAD_ALLOWED, answer_tcp(stream)));
            }
            // As in `accept`.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer_tcp(mut stream: TcpStream) -> std::io::Result<()> {
    let length = stream.read_u16().await?;
    let mut question = vec![0; usize::from(length)];
    stream.read_exact(&mut question).await?;
    if let Some(answer) = dns_answer(&question) {
        let length = u16::try_from(answer.len()).unwrap_or(0);
        stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await?;
    }
    Ok(())
}

/// Answers DNS questions for ever.
async fn resolve(socket: UdpSocket) {
    // The largest question without EDNS is 512 bytes (RFC 1035); with it 1232 is usual.
    let mut buffer = [0_u8; 1232];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            // An unreachable client's refusal comes back as an error on some systems: the next one may be fine.
            tokio::task::yield_now().await;
            continue;
        };
        if let Some(answer) = buffer.get(..length).and_then(dns_answer) {
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

/// The answer to a DNS message; `None` when it is no question.
fn dns_answer(message: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(message).ok()?;
    if question.metadata.message_type != MessageType::Query {
        return None;
    }
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.metadata.response_code = ResponseCode::NXDomain;
    // Who asks with EDNS is answered with EDNS (RFC 6891, 6.1.1).
    answer.edns = question.edns.as_ref().map(|_| Edns::new());
    if let Some(query) = question.queries.first() {
        let asked = query.name().to_ascii().to_ascii_lowercase();
        if names().any(|name| name == asked.trim_end_matches('.')) {
            answer.metadata.response_code = ResponseCode::NoError;
            if query.query_type() == RecordType::A {
                let data = RData::A(A(Ipv4Addr::LOCALHOST));
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
        }
        answer.add_query(query.clone());
    }
    answer.to_vec().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use hickory_resolver::proto::op::Query;
    use hickory_resolver::proto::rr::Name;
    use sonde_probes::dial::{Dialer, Target};

    #[tokio::test]
    async fn everything_it_names_answers_under_a_public_chain() {
        let world = World::start().await.unwrap();
        let dialer = Dialer::new(world.dial_config()).unwrap();
        for endpoint in world.endpoints() {
            let target: Target = endpoint.urls[0].parse().unwrap();
            let answer = dialer.get(&target, 4096).await.unwrap();
            assert_eq!(answer.status, 200, "{}", endpoint.id);
            assert!(answer.tls.unwrap().public_root, "{}", endpoint.id);
        }
        for control in world.control_targets() {
            let answer = dialer.get(&control.url.parse().unwrap(), 4096).await.unwrap();
            assert_eq!(answer.status, control.status);
            assert_eq!(answer.body, control.body.unwrap());
        }
    }

    #[tokio::test]
    async fn its_mire_is_reached_over_tls() {
        let world = World::start().await.unwrap();
        let dialer = Dialer::new(world.dial_config()).unwrap();
        let mires = world.mires();
        assert_eq!(mires.len(), 3);
        for mire in mires {
            let target = Target { path: "/backend/garbage.php?ckSize=1".to_owned(), ..mire.target };
            let answer = dialer.get(&target, 2 << 20).await.unwrap();
            assert_eq!((answer.status, answer.body.len()), (200, 1 << 20));
            assert!(answer.tls.unwrap().public_root);
        }
    }

    #[tokio::test]
    async fn its_resolver_knows_its_names_only() {
        let world = World::start().await.unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut ask = Vec::new();
        for name in world.dns_names().into_iter().chain(["elsewhere.example".to_owned()]) {
            let mut message = Message::query();
            message.add_query(Query::query(Name::from_utf8(&name).unwrap(), RecordType::A));
            ask.push((name, message.to_vec().unwrap()));
        }
        for (name, question) in ask {
            // Noise first: it must be ignored.
            socket.send_to(b"\x00noise", world.resolvers()[0]).await.unwrap();
            socket.send_to(&question, world.resolvers()[0]).await.unwrap();
            let mut buffer = [0; 512];
            let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
            let answer = Message::from_vec(&buffer[..length]).unwrap();
            let known = usize::from(name != "elsewhere.example");
            assert_eq!(answer.answers.len(), known, "{name}");
        }
    }
}
