//! The end of a transfer: its value, or why there is none.

use sonde_report::values::StopReason;
use sonde_report::{Cause, Failure, Stage};
use tokio::time::{Instant, timeout_at};

use super::{End, Engine, Transfer, Wasted};
use crate::throughput::decide;
use crate::throughput::estimate::{Conditions, Estimate, estimate};
use crate::throughput::series::Series;
use crate::throughput::stream::Direction;
use crate::throughput::tcp_info::Received;

/// Shortest stretch after the ramp that a transfer that ended by itself must leave, seconds.
const BROKEN_S: f64 = 2.0;
/// Least bytes of any value: two seconds of 128 kbit/s, the slowest line worth a figure.
const LEAST_BYTES: u64 = 32 << 10;
/// Time for what an upload has under way to be acknowledged after its end.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// What the system knew of the connections, read before they end.
struct LastLook {
    received: Option<Received>,
    /// Bytes and segments that carried the transfer.
    carried: Option<(u64, u64)>,
    window_limited: f64,
}

impl Engine<'_> {
    /// Ends the streams and makes the value, or says why there is none.
    pub(super) async fn finish(mut self, end: End) -> Result<Transfer, Wasted> {
        let streams = self.streams.max(1);
        let now = self.meter.now();
        if !self.suspended {
            self.take_point(now);
        }
        self.meter.stop();
        if self.job.direction == Direction::Upload && matches!(end, End::Stop(_)) {
            let limit = Instant::now() + DRAIN;
            while let Ok(Some(_)) = timeout_at(limit, self.tasks.join_next()).await {}
        }
        let look = self.last_look();
        self.tasks.shutdown().await;
        let (bytes, drained) = (self.meter.counted(), self.meter.now());
        let (series, conditions) = self.last_curve(&end);
        // What only messages tell goes on until the last of them.
        let elapsed = if conditions.grain > 0.0 { drained } else { now };
        let stop = match end {
            End::Stop(stop) => stop,
            End::Broken(_) => StopReason::FarEnd,
        };
        let found = self.conclude(end, &series, conditions);
        let estimate = found.map_err(|failure| Wasted {
            failure: failure.unwrap_or_else(|| {
                let cause = if bytes == 0 { Cause::EmptyAnswer } else { Cause::TooLittleData };
                Failure::with(Stage::Transfer, cause, format!("{bytes} bytes in {elapsed:.1} s"))
            }),
            bytes,
        })?;
        let burst_possible =
            stop == StopReason::Decided && decide::burst_possible(&series, estimate.rate, &self.thresholds);
        let waiting = self.meter.waited_s() / (elapsed * streams as f64).max(1e-3);
        Ok(Transfer {
            facts: self.facts,
            series,
            estimate,
            bytes,
            elapsed,
            streams,
            stop,
            broke: self.broke,
            waiting,
            carried: look.carried.map(|(bytes, segments)| bytes as f64 / segments as f64),
            received: look.received,
            beside: self.beside.rate(estimate.from, estimate.to),
            window_limited: look.window_limited,
            unfilled: self.unfilled || self.growing,
            suspended: self.suspended,
            contradicted: self.meter.was_contradicted(),
            burst_possible,
        })
    }

    fn last_look(&self) -> LastLook {
        let received = self.meter.kernel_received();
        match self.job.direction {
            Direction::Download => LastLook {
                received,
                carried: received.map(|received| (received.bytes, received.segments)),
                window_limited: 0.0,
            },
            Direction::Upload => LastLook {
                received,
                carried: self.meter.kernel_sent().map(|sent| (sent.bytes, sent.segments)),
                window_limited: self.window_limited(),
            },
        }
    }

    /// The whole curve; of a transfer that broke, up to where it last moved: the silence before a stall is noticed is
    /// the break itself, not a slow line.
    fn last_curve(&mut self, end: &End) -> (Series, Conditions) {
        let End::Broken(failure) = end else { return self.curve() };
        self.broke = self.broke.take().or_else(|| Some(failure.clone()));
        self.arrivals.cut(self.active_at);
        let (mut series, conditions) = self.curve();
        series.cut(self.active_at);
        (series, conditions)
    }

    /// The estimate, or what broke the transfer; neither where there was simply too little.
    fn conclude(
        &mut self,
        end: End,
        series: &Series,
        conditions: Conditions,
    ) -> Result<Estimate, Option<Failure>> {
        let by_itself = !matches!(&end, End::Stop(stop) if *stop != StopReason::FarEnd);
        let least_s = if by_itself { BROKEN_S } else { 0.0 };
        let found = self
            .decision
            .or_else(|| estimate(series, conditions))
            .filter(|found| self.meter.counted() >= LEAST_BYTES && found.to - found.from >= least_s);
        match (found, end) {
            // Within a transfer that broke, the ramp alone is not a rate.
            (Some(found), End::Broken(failure)) if found.still_rising => Err(Some(failure)),
            (Some(found), _) => Ok(found),
            (None, End::Broken(failure)) => Err(Some(failure)),
            (None, End::Stop(_)) => Err(self.broke.take()),
        }
    }
}
