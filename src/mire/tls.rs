//! The mire's TLS identity, and which HTTP follows.

use std::io::BufReader;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// The names of HTTP's versions in TLS (RFC 7301, 6; RFC 9113, 3.2).
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// The TLS configuration for a certificate chain (leaf first) and its private key, both as PEM text.
///
/// # Errors
/// When either is unreadable, empty, or they do not belong together. The key never appears in the message.
pub fn tls_from_pem(cert_chain: &[u8], key: &[u8]) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_reader_iter(BufReader::new(cert_chain))
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .context("the certificate file holds no PEM certificate")?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .ok()
        .context("the key file holds no PEM private key (PKCS#8, PKCS#1 or SEC1)")?;
    tls_from_der(chain, key)
}

/// The same from DER.
///
/// # Errors
/// When the key does not belong to the chain's first certificate.
pub(crate) fn tls_from_der(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("TLS 1.2 and 1.3 are not available")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the key does not belong to the certificate")?;
    // The first that the client knows, too. Who names none gets HTTP/1.1.
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    Ok(Arc::new(config))
}

/// Whether both sides agreed on HTTP/2.
pub(super) fn agreed_on_http2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}
