//! Names to addresses: by the operating system's own path, and beside it, where that is late, by a second one.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

/// A second way to a name's addresses; none where it knows none.
pub type SecondWay = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>> + Send + Sync>;

/// What the system has to itself. An answer takes milliseconds; where the first of its resolvers is silent, Windows turns to
/// the next after 1 s, the C library of Linux after 5 s (resolv.conf(5), `timeout`).
const PATIENCE: Duration = Duration::from_secs(1);

/// How names are looked up, shared by a run's dialers.
#[derive(Default)]
pub(super) struct Names {
    second: OnceLock<SecondWay>,
    /// Whether the second way was once the first to answer: it is then asked at once.
    late: AtomicBool,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("second", &self.second.get().is_some()).finish_non_exhaustive()
    }
}

impl Names {
    /// Sets the second way, once for all.
    pub(super) fn know(&self, second: SecondWay) {
        let _ = self.second.set(second);
    }

    /// The addresses of a name by the system, or by the second way where that has some and the system is late.
    pub(super) async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let system = by_system(host, port);
        let Some(second) = self.second.get() else { return system.await };
        tokio::pin!(system);
        let patience = if self.late.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
        if let Ok(found) = timeout(patience, &mut system).await {
            return found;
        }
        let found = tokio::select! {
            biased;
            found = &mut system => return found,
            found = second(host.to_owned()) => found,
        };
        if found.is_empty() {
            return system.await;
        }
        self.late.store(true, Ordering::Relaxed);
        Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }
}

/// The addresses of a name by the operating system's own path.
pub(super) async fn by_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    lookup_host((host, port)).await.map(Iterator::collect)
}
