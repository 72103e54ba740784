//! Starts are dated by the wall clock, durations are monotonic.

use std::time::Instant;

use sonde_report::{Failure, Measurement, Outcome, Reason, Timestamp};

/// A measurement under way: when it started, by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    /// The wall clock, for dating.
    pub started_at: Timestamp,
    /// The monotonic clock, for measuring.
    pub start: Instant,
}

/// The present moment with the local offset.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_zoned(&jiff::ZonedDateTime::now())
}

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { started_at: now(), start: Instant::now() }
    }

    /// Ends the measurement of `target` with `outcome`.
    #[must_use]
    pub fn finish<T>(self, target: impl Into<String>, outcome: Outcome<T>) -> Measurement<T> {
        Measurement {
            target: target.into(),
            started_at: self.started_at,
            elapsed_us: micros(self.start.elapsed()),
            outcome,
        }
    }

    /// Ends it as failed.
    #[must_use]
    pub fn fail<T>(self, target: impl Into<String>, failure: Failure) -> Measurement<T> {
        self.finish(target, Outcome::Failed { failure })
    }

    /// Ends it as not measured.
    #[must_use]
    pub fn skip<T>(self, target: impl Into<String>, reason: Reason) -> Measurement<T> {
        self.finish(target, Outcome::NotMeasured { reason })
    }
}

/// Seconds this machine has slept since it started: what CLOCK_BOOTTIME counts and CLOCK_MONOTONIC does not. 0 where
/// the system does not tell.
#[must_use]
pub fn slept() -> f64 {
    #[cfg(target_os = "linux")]
    {
        use nix::time::{ClockId, clock_gettime};
        let read = |clock| clock_gettime(clock).map(std::time::Duration::from);
        if let (Ok(boot), Ok(awake)) = (read(ClockId::CLOCK_BOOTTIME), read(ClockId::CLOCK_MONOTONIC)) {
            return boot.saturating_sub(awake).as_secs_f64();
        }
    }
    0.0
}

/// A duration in whole microseconds.
#[must_use]
pub fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
