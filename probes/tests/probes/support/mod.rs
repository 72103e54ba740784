//! Real servers on loopback for the probes' tests: certificates made on the spot, answers as raw text.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod dns;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sonde_probes::Env;
use sonde_probes::catalogue::Endpoint;
use sonde_probes::dial::{DialConfig, Dialer};
use sonde_report::values::EndpointKind;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub enum Validity {
    Now,
    Expired,
    NotYet,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub fn acceptor(&self, name: &str, validity: Validity) -> TlsAcceptor {
        self.acceptor_for(vec![name.to_owned()], validity)
    }

    /// With one certificate for several names.
    pub fn acceptor_for(&self, names: Vec<String>, validity: Validity) -> TlsAcceptor {
        let mut params = CertificateParams::new(names).expect("params");
        let (from, to) = match validity {
            Validity::Now => (2020, 2090),
            Validity::Expired => (2019, 2020),
            Validity::NotYet => (2089, 2090),
        };
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        acceptor(certificate.der().clone(), &key)
    }
}

/// A server certificate that nobody signed.
pub fn self_signed(name: &str) -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    acceptor(made.cert.der().clone(), &made.signing_key)
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

/// Serves every connection with `serve`; returns the port.
pub async fn tcp<F, R>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    serve_on(TcpListener::bind((LOOPBACK, 0)).await.expect("a port"), serve)
}

/// Serves every connection of a listener.
pub fn serve_on<F, R>(listener: TcpListener, serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads one request head.
pub async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Answers one request with `answer`, then closes.
pub async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &str) {
    read_head(&mut stream).await;
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A plain HTTP server that always answers the same raw text.
pub async fn http(text: impl Into<String>) -> SocketAddr {
    let text: Arc<str> = text.into().into();
    tcp(move |stream| {
        let text = Arc::clone(&text);
        async move { answer(stream, &text).await }
    })
    .await
}

/// A plain HTTP server that answers the first bytes it gets, be they no HTTP: what a filter does on the TLS port.
pub async fn plain_at_once(text: impl Into<String>) -> SocketAddr {
    let text: Arc<str> = text.into().into();
    tcp(move |mut stream| {
        let text = Arc::clone(&text);
        async move {
            let mut some = [0_u8; 4096];
            let _ = stream.read(&mut some).await;
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// A server over TLS that always answers the same raw text.
pub async fn https(acceptor: TlsAcceptor, text: impl Into<String>) -> SocketAddr {
    let text: Arc<str> = text.into().into();
    tcp(move |stream| {
        let (text, acceptor) = (Arc::clone(&text), acceptor.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, &text).await;
            }
        }
    })
    .await
}

/// Accepts and never answers.
pub async fn black_hole() -> SocketAddr {
    tcp(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await
}

/// Accepts and resets.
pub async fn reset() -> SocketAddr {
    tcp(|mut stream| async move {
        let mut one = [0_u8; 1];
        let _ = stream.read(&mut one).await;
        // Dropped with data unread: the kernel resets.
        drop(stream);
    })
    .await
}

/// An address where nothing listens.
pub async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.expect("a port");
    listener.local_addr().expect("an address")
}

/// A raw answer with its length.
pub fn page(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// A CONNECT proxy that tunnels every name to loopback at the asked port, with Basic credentials when given
/// (the header's value); plain requests are refused with 403.
pub async fn proxy(authorization: Option<&'static str>) -> SocketAddr {
    tcp(move |mut stream| async move {
        let head = read_head(&mut stream).await;
        if authorization.is_some_and(|wanted| !head.contains(&format!("Proxy-Authorization: {wanted}\r\n"))) {
            let refusal =
                page("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"x\"\r\n", "");
            let _ = stream.write_all(refusal.as_bytes()).await;
            return;
        }
        let port = head
            .strip_prefix("CONNECT ")
            .and_then(|rest| rest.split(' ').next()?.rsplit_once(':')?.1.parse::<u16>().ok());
        let Some(port) = port else {
            let _ = stream.write_all(page("403 Forbidden", "", "").as_bytes()).await;
            return;
        };
        match TcpStream::connect((LOOPBACK, port)).await {
            Ok(mut far) => {
                let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut far).await;
            }
            Err(_) => {
                let _ = stream.write_all(page("503 Service Unavailable", "", "").as_bytes()).await;
            }
        }
    })
    .await
}

/// A dialer configuration for tests: `public` stands in for the public roots, `names` lead to loopback.
pub fn dialing(public: &Authority, names: &[&str]) -> DialConfig {
    DialConfig {
        stand_in_public_roots: Some(vec![public.root()]),
        pinned_names: names.iter().map(|name| ((*name).to_owned(), LOOPBACK)).collect(),
        connect_timeout: Duration::from_secs(10),
        answer_timeout: Duration::from_secs(10),
        ..DialConfig::default()
    }
}

pub fn env(config: DialConfig) -> Env {
    Env { dialer: Arc::new(Dialer::new(config).expect("a dialer")), events: None }
}

pub fn endpoint(id: &str, url: String) -> Endpoint {
    Endpoint {
        id: id.to_owned(),
        label: id.to_owned(),
        kind: EndpointKind::Ent,
        urls: vec![url],
        territory: Vec::new(),
        source: String::new(),
        verified: false,
    }
}
