//! The machine's own connection: interface, gateway, resolvers, and what else goes on meanwhile.

use std::net::SocketAddr;

use sonde_report::{
    Measurement, Reason, ReasonCode,
    values::{LinkValue, RunConditions},
};

use crate::{Env, clock::Stopwatch};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The interface the user named; `None`: the one that carries the route to `towards`, else the default route's.
    pub interface: Option<String>,
    /// An address the run will talk to (the mire's), to find the interface in use.
    pub towards: Option<SocketAddr>,
}

/// SKELETON
pub async fn run(config: &Config, env: &Env) -> Measurement<LinkValue> {
    let _ = (config, env);
    Stopwatch::start().skip("", Reason::new(ReasonCode::NoTarget))
}

/// Watches the processor and one interface's byte counters while a run lasts. SKELETON
#[derive(Debug)]
pub struct Watch {}

/// What a watch saw between `mark_start` and `mark_end` of one transfer. SKELETON
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A download.
    Down,
    /// An upload.
    Up,
}

impl Watch {
    /// Starts watching `interface` (a background task samples every 250 ms; dropping the watch ends it).
    #[must_use]
    pub fn start(interface: Option<&str>) -> Self {
        let _ = interface;
        Self {}
    }

    /// A transfer starts: the counters are read.
    pub fn transfer_starts(&mut self, direction: Direction) {
        let _ = direction;
    }

    /// The transfer is over; `own_bytes` is what the run itself moved at the IP layer in that direction.
    pub fn transfer_ends(&mut self, direction: Direction, own_ip_bytes: u64) {
        let _ = (direction, own_ip_bytes);
    }

    /// What was seen.
    #[must_use]
    pub fn conditions(&self) -> RunConditions {
        RunConditions {
            cpu_peak_ratio: None,
            cpu_mean_ratio: None,
            other_received_bytes: None,
            other_sent_bytes: None,
            other_received_ratio: None,
            other_sent_ratio: None,
        }
    }
}
