//! What every probe is given: how to reach the network, and where to tell of its progress.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::dial::Dialer;

/// What every probe is given. Cheap to clone.
#[derive(Clone)]
pub struct Env {
    /// How connections are made.
    pub dialer: Arc<Dialer>,
    /// Where progress is told; `None` when nobody looks.
    pub events: Option<UnboundedSender<Event>>,
}

impl Env {
    /// Tells of progress, when somebody looks. Never blocks, never fails.
    pub fn tell(&self, event: Event) {
        if let Some(events) = &self.events {
            // The listener may be gone already (Ctrl-C): progress is not worth an error.
            let _ = events.send(event);
        }
    }
}

/// Progress of a run, as it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A probe starts.
    Started(ProbeName),
    /// A transfer goes on.
    Transfer {
        /// Which one.
        probe: ProbeName,
        /// Share of its time or data budget used, 0 to 1, whichever is further.
        fraction: f64,
        /// Rate over the last moments, application bytes, bit/s.
        rate_bps: u64,
        /// Application bytes so far.
        bytes: u64,
    },
    /// A probe is done.
    Finished(ProbeName),
}

/// The probes, by the names used on the command line (`--only`, `--skip`) and in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProbeName {
    /// The machine's own connection.
    Link,
    /// Control targets.
    Internet,
    /// Round-trip time.
    Latency,
    /// Downstream rate.
    Download,
    /// Upstream rate.
    Upload,
    /// Answers while the transfers load the line.
    Responsiveness,
    /// Resolvers.
    Dns,
    /// Service hosts.
    Endpoints,
    /// Radios.
    Wifi,
    /// Hops.
    Path,
}

impl ProbeName {
    /// Every probe, in the order of the report.
    pub const ALL: [Self; 10] = [
        Self::Link,
        Self::Internet,
        Self::Latency,
        Self::Download,
        Self::Upload,
        Self::Responsiveness,
        Self::Dns,
        Self::Endpoints,
        Self::Wifi,
        Self::Path,
    ];

    /// The name on the command line and in the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Internet => "internet",
            Self::Latency => "latency",
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Responsiveness => "responsiveness",
            Self::Dns => "dns",
            Self::Endpoints => "endpoints",
            Self::Wifi => "wifi",
            Self::Path => "path",
        }
    }
}
