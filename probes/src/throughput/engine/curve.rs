//! The engine's view of its transfer: what had arrived by when, from the best source there is.

use super::Engine;
use crate::stats;
use crate::throughput::estimate::Conditions;
use crate::throughput::series::Series;
use crate::throughput::stream::Direction;
use crate::throughput::tcp_info::Sent;

/// Round trips from opening streams to their first bytes: TCP, the upgrade or TLS, the request.
const OPENING_RTTS: f64 = 3.0;
/// What further streams upset, where the capacity is wanted: half a second…
const UPSET_S: f64 = 0.5;
/// …and the time a queue takes that their first windows fill, bits: 64 packets, more than a small box holds. Losses and
/// segments sent twice until then are the streams' beginning, not the line's rate.
const UPSET_BITS: f64 = 64.0 * 1500.0 * 8.0;
/// Share of the largest segment that all carry where they are alike, heads and the mire's own messages allowed for.
const FULL_SHARE: f64 = 0.98;
/// What a download's system may keep back behind a gap, as the time it took to come, in round trips: where what was sent
/// again is lost once more, the gap lasts…
const KEPT_RTTS: f64 = 4.0;
/// …and what it may hold unread, seconds: readers that a busy machine holds up.
const UNREAD_S: f64 = 0.5;
/// What an upload's far end may have and not have told, as the time it took to come, seconds: a quarter of a second
/// between two messages of an ndt7 mire…
const UNTOLD_S: f64 = 0.3;
/// …or an HTTP request under way, in the time such a request takes. Beyond two round trips more than both, a box on the
/// way has acknowledged it, or the mire reads late: then only what was told counts.
const UNTOLD_GRAINS: f64 = 1.5;
/// Share of an upload's time, spent waiting for the mire's receive window, from which the mire sets the pace: what its
/// system acknowledges then comes in fits, and only what its program tells is a rate.
pub(in crate::throughput) const LATE_READER: f64 = 0.5;
/// Share of the time until the mire's answers that lay after the last acknowledgement, from which a box on the way sent these:
/// they show how fast the box takes in, in fits, not the line. A server that hands a body to a script when it is whole keeps
/// below it.
const TAKEN_IN_ADVANCE: f64 = 0.25;
/// Step of an upload's curve, seconds…
const UPLOAD_STEP: f64 = 0.05;
/// …or this share of a shorter one: a fast line moves all the data allowed within one step.
const UPLOAD_STEPS: f64 = 64.0;

impl Engine<'_> {
    /// Adds a point to the curve; gives what the system knows to have arrived, in units of its own.
    pub(super) fn take_point(&mut self, now: f64) -> Option<u64> {
        // In this order: no byte may lack its segment.
        let confirmed = self.meter.counted();
        let arrived = match self.job.direction {
            Direction::Download => self.meter.kernel_received().map(|received| received.segments),
            // What a proxy acknowledges has not reached the mire.
            Direction::Upload if self.facts.via_proxy => None,
            Direction::Upload => self.meter.delivered(),
        };
        self.arrivals.push(now, confirmed, arrived);
        self.beside.push(now, self.carried_beside());
        arrived
    }

    /// IP-layer bytes that the line has carried beside the transfer's own: those of the probes, and in an upload the
    /// acknowledgements of the mire's messages, 1.5 % of 0.5 Mbit/s.
    fn carried_beside(&self) -> f64 {
        let (sent, received) = self.job.load.as_ref().map_or((0, 0), |load| load.moved_beside());
        let (probes, empty) = match self.job.direction {
            Direction::Download => (received, 0),
            Direction::Upload => (sent, self.meter.kernel_sent().map_or(0, |sent| sent.empty)),
        };
        probes as f64 + empty as f64 * self.facts.overhead.headers
    }

    /// The curve as far as it is known, and what the estimate must know.
    pub(super) fn curve(&self) -> (Series, Conditions) {
        let (series, grain) = match self.job.direction {
            Direction::Download => {
                let lag = KEPT_RTTS * self.facts.rtt + UNREAD_S;
                let arrived = self.full_segment().and_then(|unit| self.arrivals.arrived(unit, lag));
                (arrived.unwrap_or_else(|| self.arrivals.confirmed()), 0.0)
            }
            Direction::Upload => {
                let (told, grain) = self.told();
                let lag =
                    2.0 * self.facts.rtt.max(self.meter.loaded_rtt()) + UNTOLD_S + UNTOLD_GRAINS * grain;
                let unit = 1.0 / self.facts.overhead.tcp_bytes_per_byte;
                let mires_own =
                    self.window_limited() <= LATE_READER && self.meter.silent_share() <= TAKEN_IN_ADVANCE;
                let arrived = self.arrivals.arrived(unit, lag).filter(|_| mires_own);
                arrived.map_or((told, grain), |series| (series, 0.0))
            }
        };
        let settled_at = self.settled_at + self.settling();
        (series, Conditions { rtt: self.facts.rtt, settled_at, grain })
    }

    /// How long the last streams take to settle, seconds: their first bytes may have come, and what they upset is over.
    fn settling(&self) -> f64 {
        let Some(rate) = self.rate_before else { return 0.0 };
        let opening = OPENING_RTTS * self.facts.rtt;
        // A verdict has no need of the last per cent, and is to be quick.
        if !self.thresholds.is_empty() || self.growing {
            return opening;
        }
        opening + (UPSET_S + UPSET_BITS / rate.max(1.0)).min(self.cap / 4.0)
    }

    /// Application bytes of a download's segments, where some came out of order (otherwise nothing was kept back, and
    /// what was read is the truth) and all are alike: a saturated line's are full.
    fn full_segment(&self) -> Option<f64> {
        let received = self.meter.kernel_received().filter(|received| received.out_of_order > 0)?;
        let largest = received.segment as f64 / self.facts.overhead.tcp_bytes_per_byte;
        let seen = self.arrivals.bytes_per_segment().filter(|bytes| *bytes >= FULL_SHARE * largest);
        // What was read late of earlier segments must not make a segment more than full.
        seen.map(|bytes| bytes.min(largest))
    }

    /// Share of an upload's time in which the mire's system took no more, since its program read late; 0 where the
    /// system does not tell.
    pub(super) fn window_limited(&self) -> f64 {
        self.meter.kernel_sent().map_or(0.0, Sent::window_limited)
    }

    /// An upload's curve as the mire's messages and answers tell it, and how finely they do, seconds.
    fn told(&self) -> (Series, f64) {
        let (spans, until) = self.meter.spans();
        let mut lengths: Vec<f64> = spans.iter().map(|span| span.to - span.from).collect();
        // The later half: requests and messages grow at the beginning.
        let grain = stats::median(&lengths.split_off(lengths.len() / 2)).unwrap_or(0.0);
        (Series::from_spans(&spans, until, UPLOAD_STEP.min(until / UPLOAD_STEPS)), grain.min(1.0))
    }
}
