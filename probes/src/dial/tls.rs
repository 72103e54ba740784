//! TLS with every certificate checked twice: against the embedded public roots, and against the OS store and `--ca`.
//!
//! A chain that only the second accepts is decrypted on the way (a school's filter, most often): the run goes on
//! and says so. A chain that neither accepts ends the connection. There is no third way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, CipherSuite, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use sonde_report::values::TlsInfo;
use sonde_report::{Cause, Failure, Stage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_cert::der::Decode as _;

use super::io_cause;

/// Why a set of roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A certificate of `--ca` cannot be read.
    #[error("{0}")]
    Certificate(String),
    /// The TLS library refused the roots.
    #[error("the roots cannot be used: {0}")]
    Roots(String),
}

/// Reads the certificates of a PEM file's text.
///
/// # Errors
/// [`TrustError::Certificate`] when there is none, or one is broken.
pub fn read_pem_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TrustError::Certificate(format!("not a PEM certificate: {error}")))?;
    if certificates.is_empty() {
        return Err(TrustError::Certificate(
            "no certificate in it (expected -----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(certificates)
}

/// Puts the cipher suites into the order in which this machine's processor is fast, keeping the library's among equals.
///
/// Without instructions for AES, ChaCha20-Poly1305 (RFC 8439) is 2.6 times as fast as AES-GCM (390 against 150 Mbit/s on
/// one core): a weak machine would otherwise measure itself. Servers follow the client's order, or take its first suite
/// as the hint that it is (Go's, BoringSSL's).
fn in_order_for(mut provider: CryptoProvider, aes: bool) -> CryptoProvider {
    let chacha = |suite: &rustls::SupportedCipherSuite| {
        matches!(
            suite.suite(),
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        )
    };
    if !aes {
        provider.cipher_suites.sort_by_key(|suite| !chacha(suite));
    }
    provider
}

/// Whether the processor has instructions for AES-GCM: AES itself, and the carry-less product of its authentication.
fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has = std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    let has =
        std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull");
    // 32-bit machines are old ones.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let has = false;
    has
}

/// Both sets of roots.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    public: Arc<WebPkiServerVerifier>,
    local: Option<Arc<WebPkiServerVerifier>>,
}

impl Trust {
    /// Reads the OS store; what cannot be read there is left out (it can only make fewer chains accepted).
    pub(super) fn new(
        stand_in_public: Option<&[CertificateDer<'static>]>,
        extra: &[CertificateDer<'static>],
    ) -> Result<Self, TrustError> {
        let provider = Arc::new(in_order_for(rustls::crypto::ring::default_provider(), has_aes()));
        let verifier = |roots: RootCertStore| {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| TrustError::Roots(error.to_string()))
        };
        let public = match stand_in_public {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(certificates) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(certificates.iter().cloned());
                roots
            }
        };
        let public = verifier(public)?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for certificate in extra {
            roots
                .add(certificate.clone())
                .map_err(|error| TrustError::Certificate(format!("not usable as a root: {error}")))?;
        }
        let local = if roots.is_empty() { None } else { Some(verifier(roots)?) };
        Ok(Self { provider, public, local })
    }

    /// Makes a TLS session for `host`. On failure, what the certificate told comes with the cause.
    pub(super) async fn handshake(
        &self,
        host: &str,
        tcp: TcpStream,
        limit: Duration,
    ) -> Result<(TlsStream<TcpStream>, TlsInfo), (Failure, Option<TlsInfo>)> {
        let fail = |cause, detail: String| Failure::with(Stage::Tls, cause, detail);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| (fail(Cause::CertificateNameMismatch, format!("{host} is no host name")), None))?;
        let seen = Arc::new(Mutex::new(None));
        let verifier = TwiceVerified {
            public: Arc::clone(&self.public),
            local: self.local.clone(),
            seen: Arc::clone(&seen),
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| (fail(Cause::TlsHandshake, error.to_string()), None))?
            // The library calls every verifier of one's own "dangerous"; ours only adds a second set of roots.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let outcome = timeout(limit, TlsConnector::from(Arc::new(config)).connect(name, tcp)).await;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (seen, leaf) = seen.map_or((None, None), |(info, leaf)| (Some(info), Some(leaf)));
        match outcome {
            Err(_) => Err((fail(Cause::Timeout, host.to_owned()), seen)),
            Ok(Err(error)) => Err((handshake_failure(&error, leaf), seen)),
            Ok(Ok(stream)) => {
                let version = match stream.get_ref().1.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_2) => "1.2",
                    _ => "1.3",
                };
                let seen =
                    seen.unwrap_or(TlsInfo { version: String::new(), issuer: None, public_root: false });
                Ok((stream, TlsInfo { version: version.to_owned(), ..seen }))
            }
        }
    }
}

/// Embedded signed certificate timestamps (RFC 6962, 3.3): browsers want them of every public certificate, and what a
/// filter makes on the spot has none.
const TIMESTAMPS: &str = "1.3.6.1.4.1.11129.2.4.2";

/// What a server's own certificate tells of an issuer nobody knows.
#[derive(Debug, Clone, Copy, Default)]
struct Leaf {
    /// It was signed with its own key: no authority at all.
    self_signed: bool,
    /// It was issued publicly, and came alone.
    without_intermediate: bool,
}

impl Leaf {
    fn read(certificate: &x509_cert::Certificate, intermediates: usize) -> Self {
        let certificate = &certificate.tbs_certificate;
        let mut extensions = certificate.extensions.iter().flatten();
        Self {
            self_signed: certificate.issuer == certificate.subject,
            without_intermediate: intermediates == 0
                && extensions.any(|extension| extension.extn_id.to_string() == TIMESTAMPS),
        }
    }
}

/// The cause behind a failed handshake.
fn handshake_failure(error: &std::io::Error, leaf: Option<Leaf>) -> Failure {
    let leaf = leaf.unwrap_or_default();
    let cause = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        None => io_cause(error),
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::UnknownIssuer if leaf.self_signed => Cause::CertificateInvalid,
            CertificateError::UnknownIssuer if leaf.without_intermediate => Cause::ChainIncomplete,
            CertificateError::UnknownIssuer => Cause::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::CertificateExpired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Cause::CertificateNotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Cause::CertificateNameMismatch
            }
            _ => Cause::CertificateInvalid,
        },
        Some(_) => Cause::TlsHandshake,
    };
    Failure::with(Stage::Tls, cause, error.to_string())
}

/// Accepts a chain by either set of roots and notes which.
#[derive(Debug)]
struct TwiceVerified {
    public: Arc<WebPkiServerVerifier>,
    local: Option<Arc<WebPkiServerVerifier>>,
    seen: Arc<Mutex<Option<(TlsInfo, Leaf)>>>,
}

impl ServerCertVerifier for TwiceVerified {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let by_public =
            self.public.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let certificate = x509_cert::Certificate::from_der(end_entity).ok();
        let issuer = certificate.as_ref().map(|certificate| certificate.tbs_certificate.issuer.to_string());
        let leaf = certificate.map_or_else(Leaf::default, |read| Leaf::read(&read, intermediates.len()));
        // The name is looked at last: whoever fails there has a chain.
        let public_root = match &by_public {
            Ok(_) => true,
            Err(rustls::Error::InvalidCertificate(error)) => matches!(
                error,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            ),
            Err(_) => false,
        };
        let info = TlsInfo { version: String::new(), issuer, public_root };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((info, leaf));
        by_public.or_else(|public_error| {
            let Some(local) = &self.local else { return Err(public_error) };
            // Whichever set knows the chain says what is wrong with it: "expired" or "another name's" beats
            // "unknown issuer".
            local.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map_err(
                |local_error| match local_error {
                    rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => public_error,
                    other => other,
                },
            )
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.public.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.public.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.public.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suites(aes: bool) -> Vec<CipherSuite> {
        let provider = in_order_for(rustls::crypto::ring::default_provider(), aes);
        provider.cipher_suites.iter().map(rustls::SupportedCipherSuite::suite).collect()
    }

    #[test]
    fn the_suites_follow_the_processor() {
        let (with, without) = (suites(true), suites(false));
        assert!(format!("{:?}", with.first()).contains("AES"), "{with:?}");
        // Each version's: the order within a version is what is negotiated.
        for version in ["TLS13_", "TLS_ECDHE_ECDSA", "TLS_ECDHE_RSA"] {
            let first =
                without.iter().map(|suite| format!("{suite:?}")).find(|name| name.starts_with(version));
            assert!(first.as_ref().is_some_and(|name| name.contains("CHACHA20")), "{version} {first:?}");
        }
        // None is lost and none comes in.
        assert_eq!(with.len(), without.len());
        assert!(with.iter().all(|suite| without.contains(suite)));
    }
}
