//! The measurement server ("mire"): ndt7, LibreSpeed's scripts, a responsiveness test's resources and a large file,
//! with and without TLS, on any port. HTTP/1.1, and HTTP/2 over TLS for those who ask for it (ALPN).
//!
//! Another instrument's clients work against it, too. It keeps no address and no measurement. Not a web server: no
//! file of the machine is ever read, no body kept, no header of a client believed (`X-Forwarded-For` neither).
//!
//! | Path | What |
//! |---|---|
//! | `/ndt/v7/download`, `/ndt/v7/upload` | ndt7 (WebSocket) |
//! | `/garbage.php?ckSize=N`, `/empty.php`, `/getIP.php`, the same under `/backend/` | LibreSpeed |
//! | `/file/<N>M.bin` | N million random bytes; POST and PUT are read and forgotten |
//! | `/.well-known/nq` | where a responsiveness test (draft-ietf-ippm-responsiveness) finds the next three |
//! | `/nq/small`, `/nq/large`, `/nq/upload` | 1 byte; 8 GB of random bytes; as `/empty.php` |
//! | `/`, `/healthz` | a page for people; `ok` for supervisors |
//!
//! **Bounds.** A transfer lasts 40 s at most, a request's head 10 s, a TLS handshake 10 s, a write nobody takes 15 s, a
//! connection 5 minutes; one without a request ends after 10 s. HTTP/2: 100 streams at a time, header blocks of 16 KiB.
//! Memory: 17 MiB of random bytes, and buffers per connection.

mod connection;
mod http2;
#[cfg(test)]
mod http2_tests;
mod limit;
mod ndt7;
mod nq;
mod payload;
mod queue;
mod routes;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod unsent;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) use tls::tls_from_der;
pub use tls::tls_from_pem;

/// How to serve.
#[derive(Debug, Clone)]
pub struct MireConfig {
    /// Addresses to listen on in clear.
    pub http: Vec<SocketAddr>,
    /// Addresses to listen on with TLS.
    pub https: Vec<SocketAddr>,
    /// The TLS identity, needed when `https` is not empty.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The rate the server limits itself to, all connections together, IP-layer bit/s each way; `None`: no limit.
    ///
    /// IP-layer: what passes on each connection's TCP (TLS and HTTP included) plus the IP and TCP headers of full
    /// segments of that connection's size (on Linux never more than 1460 bytes: loopback is as a line). Acknowledgements
    /// are not counted. After a pause, 20 ms of the rate (at
    /// least 16 KiB) may pass at once.
    pub rate_bps: Option<u64>,
    /// Connections served at a time; a further one is refused with 503.
    pub max_connections: usize,
}

impl Default for MireConfig {
    /// Nowhere, without TLS or limit, 64 connections.
    fn default() -> Self {
        // A school's measurement takes up to 16 connections: four schools at a time.
        Self { http: Vec::new(), https: Vec::new(), tls: None, rate_bps: None, max_connections: 64 }
    }
}

/// A running mire; dropping it stops it.
#[derive(Debug)]
pub struct Mire {
    /// The addresses listened on in clear, ports resolved.
    pub http: Vec<SocketAddr>,
    /// The addresses listened on with TLS, ports resolved.
    pub https: Vec<SocketAddr>,
    /// One task per address; each holds its connections' tasks, and all end with it.
    listeners: JoinSet<()>,
}

impl Mire {
    /// Binds and starts serving in background tasks.
    ///
    /// # Errors
    /// When there is no address, an address cannot be bound, or TLS is wanted without an identity.
    pub async fn start(config: MireConfig) -> anyhow::Result<Self> {
        anyhow::ensure!(!(config.http.is_empty() && config.https.is_empty()), "no address to listen on");
        let tls = config.tls.clone().map(tokio_rustls::TlsAcceptor::from);
        anyhow::ensure!(tls.is_some() || config.https.is_empty(), "TLS needs a certificate and its key");
        let shared = Arc::new(connection::Shared {
            pool: Arc::new(payload::Pool::new()?),
            lines: config.rate_bps.map(|rate| stream::Lines {
                down: Arc::new(limit::Line::new(rate)),
                up: Arc::new(limit::Line::new(rate)),
            }),
            max_connections: config.max_connections,
            connections: AtomicUsize::new(0),
        });
        let limited = config.rate_bps.is_some();
        let mut mire = Self { http: Vec::new(), https: Vec::new(), listeners: JoinSet::new() };
        for address in config.http {
            let listener = bind(address, limited).await?;
            mire.http.push(listener.local_addr()?);
            mire.listeners.spawn(connection::accept(listener, None, Arc::clone(&shared)));
        }
        for address in config.https {
            let listener = bind(address, limited).await?;
            mire.https.push(listener.local_addr()?);
            mire.listeners.spawn(connection::accept(listener, tls.clone(), Arc::clone(&shared)));
        }
        Ok(mire)
    }
}

/// Binds one address.
async fn bind(address: SocketAddr, limited: bool) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    if limited {
        queue::line_packets(&listener);
    }
    Ok(listener)
}
