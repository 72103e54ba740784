//! What a line is like while it is loaded: responsiveness and added latency.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RttMethod;
use crate::Outcome;

/// How the line answers while the run's own transfers load it, each direction by itself. Indicative: no text sets a
/// threshold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponsivenessValue {
    /// During the download; `None` when there was none to probe beside.
    pub download: Option<Outcome<LoadedLatency>>,
    /// During the upload; `None` when there was none to probe beside.
    pub upload: Option<Outcome<LoadedLatency>>,
}

/// Answers while one transfer was under way, its ramp left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadedLatency {
    /// Responsiveness, round trips per minute (draft-ietf-ippm-responsiveness); `None` where the mire's protocol
    /// allows no probe on a connection that carries load, or too few probes came back.
    pub rpm: Option<u64>,
    /// Probes on new connections that were answered.
    pub foreign_probes: u32,
    /// Probes on new connections that failed.
    pub foreign_failed: u32,
    /// Probes on a connection that carries load that were answered.
    pub loaded_probes: u32,
    /// TCP connection of the foreign probes, trimmed mean, microseconds.
    pub tcp_us: Option<u64>,
    /// Their TLS handshake, trimmed mean, microseconds; `None` also where the mire speaks no TLS.
    pub tls_us: Option<u64>,
    /// Their HTTP exchange up to the first byte, trimmed mean, microseconds.
    pub http_us: Option<u64>,
    /// Round trip on a connection that carries load, trimmed mean, microseconds.
    pub loaded_us: Option<u64>,
    /// How the round trips below were timed, idle and loaded.
    pub method: RttMethod,
    /// Round trips below: how many.
    pub rtt_probes: u32,
    /// Median round trip without load by that method, microseconds; `None` when it is not known.
    pub idle_us: Option<u64>,
    /// Median round trip under load, microseconds.
    pub median_us: u64,
    /// 95th percentile of the round trips under load, microseconds.
    pub p95_us: u64,
    /// What load adds to the median round trip, microseconds; never below zero.
    pub added_us: Option<u64>,
    /// Its grade.
    pub grade: Option<LatencyGrade>,
    /// Length of the load's steady part, in which the probes count, milliseconds.
    pub window_ms: u64,
    /// What all probes beside this transfer moved, both ways, IP layer, estimated from their protocols, bytes.
    pub probe_bytes: u64,
}

/// Added latency in six classes, in use since DSLReports' bufferbloat test (2015) and Waveform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum LatencyGrade {
    /// Below 5 ms.
    #[serde(rename = "A+")]
    APlus,
    /// Below 30 ms.
    A,
    /// Below 60 ms.
    B,
    /// Below 200 ms.
    C,
    /// Below 400 ms.
    D,
    /// 400 ms and more.
    F,
}

impl LatencyGrade {
    /// The grade of so much added latency, microseconds.
    #[must_use]
    pub fn of(added_us: u64) -> Self {
        match added_us {
            0..5_000 => Self::APlus,
            5_000..30_000 => Self::A,
            30_000..60_000 => Self::B,
            60_000..200_000 => Self::C,
            200_000..400_000 => Self::D,
            _ => Self::F,
        }
    }

    /// As it is written: `A+`, `A`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

/// Responsiveness in the draft's four classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RpmClass {
    /// Below 300: what is interactive is hard to use.
    Low,
    /// 300 to 1000.
    Medium,
    /// 1000 to 6000.
    High,
    /// From 6000 on: ten round trips in the blink of an eye.
    Excellent,
}

impl RpmClass {
    /// The class of so many round trips per minute.
    #[must_use]
    pub fn of(rpm: u64) -> Self {
        match rpm {
            0..300 => Self::Low,
            300..1_000 => Self::Medium,
            1_000..6_000 => Self::High,
            _ => Self::Excellent,
        }
    }
}

/// What a conversation by video is like, by its delay one way (ITU-T G.114, 05/2003).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Conversation {
    /// Below 150 ms: nobody notices.
    Easy,
    /// 150 to 400 ms: people interrupt each other.
    Strained,
    /// 400 ms and more: not acceptable for general network planning.
    Broken,
}

impl LoadedLatency {
    /// The delay one way that speech meets in the loaded direction, microseconds: half of the idle round trip, and all
    /// that load adds, since its queue stands in that direction alone. Without an idle figure, half of the loaded
    /// round trip (less is known, and less is said). The terminals' own delay is not in it.
    #[must_use]
    pub fn one_way_us(&self) -> u64 {
        match (self.idle_us, self.added_us) {
            (Some(idle), Some(added)) => (idle / 2).saturating_add(added),
            _ => self.median_us / 2,
        }
    }

    /// What a conversation by video is like meanwhile.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        match self.one_way_us() {
            0..150_000 => Conversation::Easy,
            150_000..400_000 => Conversation::Strained,
            _ => Conversation::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_begin_at_their_limits() {
        use LatencyGrade::{A, APlus, B, C, D, F};
        for (added_ms, grade) in
            [(0, APlus), (5, A), (30, B), (60, C), (200, D), (400, F), (u64::MAX / 1_000, F)]
        {
            assert_eq!(LatencyGrade::of(added_ms * 1_000), grade, "{added_ms} ms");
        }
        assert_eq!(LatencyGrade::of(4_999), APlus);
        assert_eq!(LatencyGrade::of(399_999), D);
    }

    #[test]
    fn rpm_classes_begin_at_their_limits() {
        use RpmClass::{Excellent, High, Low, Medium};
        for (rpm, class) in [
            (0, Low),
            (299, Low),
            (300, Medium),
            (999, Medium),
            (1_000, High),
            (5_999, High),
            (6_000, Excellent),
        ] {
            assert_eq!(RpmClass::of(rpm), class, "{rpm}");
        }
    }

    #[test]
    fn a_conversation_bears_the_whole_queue_one_way() {
        let loaded = |idle_us, median_us: u64| LoadedLatency {
            rpm: None,
            foreign_probes: 0,
            foreign_failed: 0,
            loaded_probes: 0,
            tcp_us: None,
            tls_us: None,
            http_us: None,
            loaded_us: None,
            method: RttMethod::Icmp,
            rtt_probes: 9,
            idle_us,
            median_us,
            p95_us: median_us,
            added_us: idle_us.map(|idle: u64| median_us.saturating_sub(idle)),
            grade: None,
            window_ms: 5_000,
            probe_bytes: 0,
        };
        assert_eq!(loaded(Some(40_000), 140_000).one_way_us(), 120_000);
        assert_eq!(loaded(Some(40_000), 140_000).conversation(), Conversation::Easy);
        assert_eq!(loaded(Some(40_000), 170_000).conversation(), Conversation::Strained);
        assert_eq!(loaded(Some(600_000), 700_000).conversation(), Conversation::Broken);
        assert_eq!(loaded(None, 290_000).conversation(), Conversation::Easy);
        assert_eq!(loaded(Some(u64::MAX), u64::MAX).conversation(), Conversation::Broken);
    }
}
