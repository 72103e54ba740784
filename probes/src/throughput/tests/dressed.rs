//! Transfers over TLS and through an explicit proxy: the rate is the same, and who stood between is told.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::server::{Manner, Server, start_tls};
use super::*;

/// The mire's name: one that no proxy is gone round for, as loopback's addresses are.
const NAME: &str = "mire.example";

/// An authority, and a server's identity for [`NAME`] signed by it.
fn identity() -> (CertificateDer<'static>, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Filtre de test");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![NAME.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (authority.der().clone(), TlsAcceptor::from(Arc::new(tls)))
}

/// A dialer that finds [`NAME`] on loopback.
fn dialer(config: DialConfig) -> Env {
    let pinned_names = vec![(NAME.to_owned(), [127, 0, 0, 1].into())];
    Env { dialer: Arc::new(Dialer::new(DialConfig { pinned_names, ..config }).unwrap()), events: None }
}

fn url(protocol: &str, server: &Server) -> String {
    format!("{protocol}https://{NAME}:{}/", server.port)
}

#[tokio::test]
async fn over_tls_the_rate_is_measured_and_a_public_chain_is_no_caveat() {
    let (authority, tls) = identity();
    let env = dialer(DialConfig { stand_in_public_roots: Some(vec![authority]), ..DialConfig::default() });
    for protocol in ["", "ndt7+"] {
        let (down, up) = if protocol.is_empty() {
            (Manner::File(100 << 20), Manner::Swallows)
        } else {
            (Manner::Ndt7(true), Manner::Ndt7(true))
        };
        let server = start_tls(down, 20.0, tls.clone()).await;
        let measurement = download(&config(&[url(protocol, &server)], 4.0), &env).await;
        let (value, caveats) = measured(&measurement);
        assert!(caveats.is_empty(), "{protocol}: {caveats:?}");
        assert_ratio(value.goodput_bps, 20e6, 0.08);
        let server = start_tls(up, 20.0, tls.clone()).await;
        let measurement = upload(&config(&[url(protocol, &server)], 4.0), &env).await;
        let (value, caveats) = measured(&measurement);
        assert!(!caveats.contains(&CaveatCode::TlsIntercepted), "{protocol}: {caveats:?}");
        assert_ratio(value.goodput_bps, 20e6, 0.10);
        // Payload is counted, not TLS records.
        let received = server.received.load(Ordering::SeqCst);
        assert!(value.bytes <= received, "{} counted, {received} received", value.bytes);
    }
}

#[tokio::test]
async fn a_chain_only_this_machine_trusts_is_told_with_its_issuer() {
    let (authority, tls) = identity();
    let env = dialer(DialConfig { extra_roots: vec![authority], ..DialConfig::default() });
    for (protocol, manner) in [("", Manner::File(100 << 20)), ("ndt7+", Manner::Ndt7(true))] {
        let server = start_tls(manner, 20.0, tls.clone()).await;
        let measurement = download(&config(&[url(protocol, &server)], 3.0), &env).await;
        let (value, caveats) = measured(&measurement);
        assert_eq!(caveats, [CaveatCode::TlsIntercepted], "{protocol}");
        let issuer = measurement.caveats()[0].detail.clone().unwrap();
        assert!(issuer.contains("Filtre de test"), "{issuer}");
        assert_ratio(value.goodput_bps, 20e6, 0.08);
    }
}

#[tokio::test]
async fn a_chain_nobody_trusts_gives_no_number() {
    let (_, tls) = identity();
    let server = start_tls(Manner::File(100 << 20), 20.0, tls).await;
    let measurement = download(&config(&[url("", &server)], 3.0), &dialer(DialConfig::default())).await;
    assert_eq!(failed(&measurement).stage, Stage::Tls);
    assert_eq!(server.requests.load(Ordering::SeqCst), 0, "nothing was asked of it");
}

/// A CONNECT proxy that takes every name to loopback; gives its port and what it was asked for.
async fn proxy() -> (u16, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
                let target = line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
                let port: u16 = target.unwrap().rsplit(':').next().unwrap().parse().unwrap();
                seen.lock().unwrap().push(line);
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, asked)
}

#[tokio::test]
async fn through_a_proxy_the_value_says_so() {
    let (authority, tls) = identity();
    let (port, asked) = proxy().await;
    let env = dialer(DialConfig {
        stand_in_public_roots: Some(vec![authority]),
        proxy: Some(format!("http://127.0.0.1:{port}").parse().unwrap()),
        ..DialConfig::default()
    });
    for (protocol, manner) in [("", Manner::File(100 << 20)), ("ndt7+", Manner::Ndt7(true))] {
        let server = start_tls(manner, 20.0, tls.clone()).await;
        let measurement = download(&config(&[url(protocol, &server)], 3.0), &env).await;
        let (value, caveats) = measured(&measurement);
        assert_eq!(caveats, [CaveatCode::ThroughProxy], "{protocol}");
        assert_ratio(value.goodput_bps, 20e6, 0.08);
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert!(!asked.is_empty(), "the proxy saw nothing");
        let line = format!("CONNECT {NAME}:{} HTTP/1.1", server.port);
        assert!(asked.iter().all(|one| *one == line), "{asked:?}");
    }
}
