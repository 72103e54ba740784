//! The machine's resolvers asked directly, as the system would, without its long wait for one that is silent.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;

use super::wire::{self, Manner};
use crate::dial::SecondWay;

/// What one resolver has: an answer over a satellite (0.6 s) fits, and Windows waits as long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks `resolvers` in their order, as the system does, and takes the first that says anything: whether a filter's or
/// not, it is the one that the machine would have believed in the end.
#[must_use]
pub fn second_way(resolvers: Vec<SocketAddr>) -> SecondWay {
    let resolvers = Arc::new(resolvers);
    // Those before are silent: they are not asked again.
    let first_alive = Arc::new(AtomicUsize::new(0));
    Arc::new(move |name| {
        let (resolvers, first_alive) = (Arc::clone(&resolvers), Arc::clone(&first_alive));
        Box::pin(async move {
            let Ok(name) = wire::full_name(&name) else { return Vec::new() };
            for (index, server) in resolvers.iter().enumerate().skip(first_alive.load(Ordering::Relaxed)) {
                let ask = |kind| wire::over_udp(*server, &name, kind, Manner::default(), PATIENCE);
                let (v4, v6) = tokio::join!(ask(RecordType::A), ask(RecordType::AAAA));
                if v4.is_err() && v6.is_err() {
                    continue;
                }
                first_alive.fetch_max(index, Ordering::Relaxed);
                let both = [v4, v6].into_iter().flatten();
                return both.flat_map(|reply| reply.addresses()).collect::<Vec<IpAddr>>();
            }
            Vec::new()
        })
    })
}
