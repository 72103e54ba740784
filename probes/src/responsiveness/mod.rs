//! How the line answers while the run's own transfers load it: responsiveness after draft-ietf-ippm-responsiveness,
//! and the latency that load adds.
//!
//! It makes no load: it probes beside a download or upload that runs anyway, on threads of its own, at a pace that
//! keeps to a small share of the line (`pace`). New connections are timed phase by phase and echo requests sent
//! (`prober`, `target`); how long a connection that carries load takes to answer is told by the transfer
//! ([`crate::throughput::Load`]). Only what happened after the transfer's ramp counts (`figures`, `rpm`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sonde_report::values::{LatencyValue, LoadedLatency, TransferValue};
use sonde_report::{Measurement, Outcome, Reason, ReasonCode};

use crate::Env;
use crate::dial::Scheme;
use crate::throughput::Load;

mod figures;
mod pace;
mod prober;
mod rpm;
mod target;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use figures::{Seen, Window};
pub use pace::Moved;
use prober::Shared;

/// Probing under way beside one transfer; dropping it ends it.
#[derive(Debug)]
pub struct Probing {
    shared: Arc<Shared>,
}

/// Begins to probe beside the transfer that tells `load`, as soon as that has a connection and a rate.
#[must_use]
pub fn start(load: Arc<Load>, env: &Env) -> Probing {
    let shared = Arc::new(Shared::new(load));
    prober::start(&shared, env);
    Probing { shared }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

impl Probing {
    /// What the probes moved so far, whatever came of them.
    #[must_use]
    pub fn moved(&self) -> Moved {
        let (sent, received) = self.shared.load.moved_beside();
        let mut moved = Moved { sent, received };
        moved += pace::pings(self.shared.load.answers().len());
        moved
    }

    /// Ends the probing and says what came of it. `transfer` is the one it ran beside, `idle` the latency without load:
    /// only one of the same host is compared. Waits for nothing.
    #[must_use]
    pub fn finish(
        self,
        transfer: Option<&TransferValue>,
        idle: Option<&Measurement<LatencyValue>>,
    ) -> Outcome<LoadedLatency> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let not_measured = |code| Outcome::NotMeasured { reason: Reason::new(code) };
        let (Some(transfer), Some(under_way)) = (transfer, self.shared.load.under_way()) else {
            return not_measured(ReasonCode::NoTransfer);
        };
        if under_way.via_proxy {
            return not_measured(ReasonCode::NotThroughProxy);
        }
        let from = under_way.since + Duration::from_millis(transfer.ramp_ms);
        let to = under_way.since + Duration::from_millis(transfer.elapsed_ms);
        let samples = std::mem::take(&mut *self.shared.samples());
        let host = under_way.mire.target.host.as_str();
        let seen = Seen {
            samples: &samples,
            moved: self.moved(),
            answers: &self.shared.load.answers(),
            stream_bps: transfer.goodput_bps as f64 / f64::from(transfer.streams.max(1)),
            protocol: under_way.mire.protocol,
            tls: under_way.mire.target.scheme == Scheme::Https,
            idle: idle.filter(|idle| idle.target == host).and_then(Measurement::value),
        };
        figures::outcome(&seen, Window { from, to: to.max(from) })
    }
}
