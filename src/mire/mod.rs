//! The measurement server ("mire"): ndt7 and LibreSpeed's paths, with and without TLS. SKELETON

use std::net::SocketAddr;
use std::sync::Arc;

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
    pub rate_bps: Option<u64>,
    /// Connections served at a time; a further one is refused with 503.
    pub max_connections: usize,
}

/// A running mire; dropping it stops it.
#[derive(Debug)]
pub struct Mire {
    /// The addresses listened on in clear, ports resolved.
    pub http: Vec<SocketAddr>,
    /// The addresses listened on with TLS, ports resolved.
    pub https: Vec<SocketAddr>,
}

impl Mire {
    /// Binds and starts serving in background tasks.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub async fn start(config: MireConfig) -> anyhow::Result<Self> {
        let _ = config;
        anyhow::bail!("SKELETON")
    }
}
