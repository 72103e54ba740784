//! Runs one transfer on one mire: opens streams while they help, watches the curve, and decides when to stop.
//!
//! It knows neither protocols ([`super::stream`]) nor statistics ([`super::estimate`]), and tries one mire only.

use std::time::Duration;

use sonde_report::values::StopReason;
use sonde_report::{Cause, Failure, Stage};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::Goal;
use super::arrival::Arrivals;
use super::decide::{self, Threshold};
use super::estimate::{Conditions, Estimate, estimate, even_stretch};
use super::meter::Meter;
use super::series::Series;
use super::stream::{Direction, Facts, Job, Stream};
use super::tcp_info::{Kernel, Received, Sent};
use crate::clock::slept;
use crate::{Env, Event, ProbeName};

/// Time between two points of the curve: a fifth of the shortest slot.
const TICK: Duration = Duration::from_millis(10);
/// Ticks between two progress events: ten a second.
const TELL_TICKS: u32 = 10;
/// Ticks between two looks at the curve: as often as a slot of it ends.
const JUDGE_TICKS: u32 = 5;
/// A tick this late, or so much sleep of the machine, seconds: no scheduler's delay, the machine or the process stood
/// still. What the far end sent meanwhile says nothing of the line.
const STOOD_STILL_S: f64 = 2.0;
/// Silence, seconds on top of two round trips, that is no slow line but a mire that has stalled: nothing is decided in it,
/// and a transfer does not end in it as if it were whole. A lost segment is sent again within it (RFC 6298: 0.2 s and a
/// round trip, as Linux has it).
const SILENCE_S: f64 = 0.5;
/// Stretch over which the rate shown as progress is taken, seconds.
const SHOWN_S: f64 = 0.5;
/// Streams at most: with sixteen, one loss in a hundred at 60 ms still leaves 38 Mbit/s (Mathis et al., 1997).
const MAX_STREAMS: usize = 16;
/// Round trips from opening streams to their first bytes: TCP, the upgrade or TLS, the request.
const OPENING_RTTS: f64 = 3.0;
/// What further streams upset, where the capacity is wanted: half a second…
const UPSET_S: f64 = 0.5;
/// …and the time a queue takes that their first windows fill, bits: 64 packets, more than a small box holds. Losses and
/// segments sent twice until then are the streams' beginning, not the line's rate.
const UPSET_BITS: f64 = 64.0 * 1500.0 * 8.0;
/// Round trips a transfer may last where these are longer than the time allowed: slow start, and two plateaus…
const CAP_RTTS: f64 = 15.0;
/// …but not more than this, seconds: ndt7 mires end a stream after ten, and what went on without it would look slow.
const CAP_S: f64 = 9.5;
/// For a verdict, the far end may have this many times the largest threshold under way: what flows on after the verdict
/// is little then, and on any slower line the clamp is not felt.
const CLAMP_RATIO: f64 = 8.0;
/// The clamp's floor, bytes: less would slow down a path whose round trip the handshake did not show.
const CLAMP_FLOOR: f64 = 256.0 * 1024.0;
/// Above so many times the largest threshold, more streams would not change the verdict.
const ENOUGH_RATIO: f64 = 1.5;
/// Below this rate streams are doubled instead of quadrupled: on a very slow line many streams hurt each other.
const SLOW_BPS: f64 = 2e6;
/// More than four streams are opened only as far as each gets this much, bit/s: thinner, they starve each other, and what
/// arrives comes in fits.
const THIN_BPS: f64 = 1e6;
/// More streams are opened while the sum grew by more than this ratio with the last ones.
const STREAM_GROWTH: f64 = 1.10;
/// The interval's half-width below which the estimate is stable…
const STABLE_SPREAD: f64 = 0.015;
/// …over at least this long, seconds…
const STABLE_S: f64 = 3.0;
/// …and with at least this many bytes: a 4 MB token bucket before a shaper of up to 0.6 of the line is empty by then.
const STABLE_BYTES: u64 = 10_000_000;
/// Shortest stretch after the ramp that a transfer that ended by itself must leave, seconds.
const BROKEN_S: f64 = 2.0;
/// Least bytes of any value: two seconds of 128 kbit/s, the slowest line worth a figure.
const LEAST_BYTES: u64 = 32 << 10;
/// Time for what an upload has under way to be acknowledged after its end.
const DRAIN: Duration = Duration::from_secs(1);
/// Share of the largest segment that all carry where they are alike, heads and the mire's own messages allowed for.
const FULL_SHARE: f64 = 0.98;
/// What a download's system may hold unread, as the time it took to come, seconds, beyond two round trips: readers that a
/// busy machine holds up.
const UNREAD_S: f64 = 0.5;
/// What an upload's far end may have and not have told, as the time it took to come, seconds: a quarter of a second
/// between two messages of an ndt7 mire…
const UNTOLD_S: f64 = 0.3;
/// …or an HTTP request under way, in the time such a request takes. Beyond two round trips more than both, a box on the
/// way has acknowledged it, or the mire reads late: then only what was told counts.
const UNTOLD_GRAINS: f64 = 1.5;
/// Share of an upload's time, spent waiting for the mire's receive window, from which the mire sets the pace: what its
/// system acknowledges then comes in fits, and only what its program tells is a rate.
const LATE_READER: f64 = 0.5;
/// Step of an upload's curve, seconds…
const UPLOAD_STEP: f64 = 0.05;
/// …or this share of a shorter one: a fast line moves all the data allowed within one step.
const UPLOAD_STEPS: f64 = 64.0;

/// A transfer that gave a value.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts that do not exclude each other, each a caveat of its own"
)]
pub(crate) struct Transfer {
    pub(crate) facts: Facts,
    pub(crate) series: Series,
    pub(crate) estimate: Estimate,
    pub(crate) bytes: u64,
    pub(crate) elapsed: f64,
    pub(crate) streams: usize,
    pub(crate) stop: StopReason,
    /// A stream that broke on the way.
    pub(crate) broke: Option<Failure>,
    /// Share of the streams' time spent waiting for an answer instead of data.
    pub(crate) waiting: f64,
    /// Mean TCP payload of its packets, bytes, where the system tells.
    pub(crate) carried: Option<f64>,
    /// What was received, where the system tells.
    pub(crate) received: Option<Received>,
    /// Whether the mire read an upload later than the line brought it.
    pub(crate) read_late: bool,
    /// Whether the last streams helped and no more could be opened: the line was not full.
    pub(crate) unfilled: bool,
    /// Whether the machine slept or the process was stopped on the way.
    pub(crate) suspended: bool,
    /// Whether the mire claimed bytes it cannot have.
    pub(crate) contradicted: bool,
    /// Whether it stopped above a threshold with so little data that an opening burst is not excluded.
    pub(crate) burst_possible: bool,
}

/// A transfer that gave none, and the bytes it used.
#[derive(Debug)]
pub(crate) struct Wasted {
    pub(crate) failure: Failure,
    pub(crate) bytes: u64,
}

/// Why the loop ended.
enum End {
    Stop(StopReason),
    Broken(Failure),
}

/// How a stream's task ended.
struct StreamEnd {
    /// Whether it was ever open.
    opened: bool,
    result: Result<(), Failure>,
}

/// Runs a transfer; at most `budget` application bytes.
pub(crate) async fn run(job: &Job, budget: u64, env: &Env) -> Result<Transfer, Wasted> {
    let (first, facts) = Stream::open(job).await.map_err(|failure| Wasted { failure, bytes: 0 })?;
    let mut engine = Engine::start(job, budget, facts);
    engine.spawn(first);
    engine.take_point(0.0);
    for _ in 1..job.streams.clamp(1, MAX_STREAMS) {
        engine.spawn_new();
    }
    let end = engine.watch(env).await;
    engine.finish(end).await
}

struct Engine<'a> {
    job: &'a Job,
    facts: Facts,
    meter: Meter,
    tasks: JoinSet<StreamEnd>,
    /// Streams ever started: the next one's number.
    started: usize,
    /// Streams that carry, or are being opened.
    streams: usize,
    /// What had arrived by when.
    arrivals: Arrivals,
    settled_at: f64,
    /// The rate before the last streams were added, bit/s.
    rate_before: Option<f64>,
    /// Whether more streams are still worth trying.
    growing: bool,
    /// Whether the last streams helped and no more could be opened: the line was not full.
    unfilled: bool,
    broke: Option<Failure>,
    /// The last moment with progress, seconds.
    active_at: f64,
    /// The goal's thresholds in application bytes.
    thresholds: Vec<Threshold>,
    /// Bytes each stream may have under way.
    clamp: Option<u32>,
    /// The longest the transfer may last, seconds.
    cap: f64,
    /// The estimate that decided.
    decision: Option<Estimate>,
    suspended: bool,
}

impl<'a> Engine<'a> {
    fn start(job: &'a Job, budget: u64, facts: Facts) -> Self {
        let thresholds = facts.thresholds(&job.goal);
        let largest = thresholds.iter().map(|threshold| threshold.at_least).reduce(f64::max);
        let clamp = largest.map(|largest| (CLAMP_RATIO * largest / 8.0 * facts.rtt).max(CLAMP_FLOOR) as u32);
        let cap = match job.goal {
            Goal::Fixed => 0.0,
            Goal::Stable | Goal::Verdict(_) => (CAP_RTTS * facts.rtt).min(CAP_S),
        };
        Self {
            job,
            thresholds,
            clamp,
            cap: cap.max(job.time_cap.as_secs_f64()),
            decision: None,
            suspended: false,
            facts,
            meter: Meter::start(budget),
            tasks: JoinSet::new(),
            started: 0,
            streams: 0,
            arrivals: Arrivals::default(),
            settled_at: 0.0,
            rate_before: None,
            // Who names a number of streams has tried already.
            growing: job.streams <= 1,
            unfilled: false,
            broke: None,
            active_at: 0.0,
        }
    }

    /// Lets an open stream carry.
    fn spawn(&mut self, stream: Stream) {
        let (direction, meter) = (self.job.direction, self.next_meter());
        admit(self.facts.kernel.clone(), &meter, self.clamp);
        self.tasks
            .spawn(async move { StreamEnd { opened: true, result: stream.carry(direction, meter).await } });
    }

    /// Opens one more stream beside the others.
    fn spawn_new(&mut self) {
        let (meter, clamp) = (self.next_meter(), self.clamp);
        let job = Job { far_end: Some(self.facts.peer), ..self.job.clone() };
        self.tasks.spawn(async move {
            match Stream::open(&job).await {
                Ok((stream, facts)) => {
                    admit(facts.kernel, &meter, clamp);
                    StreamEnd { opened: true, result: stream.carry(job.direction, meter).await }
                }
                Err(failure) => {
                    meter.over();
                    StreamEnd { opened: false, result: Err(failure) }
                }
            }
        });
    }

    fn next_meter(&mut self) -> Meter {
        let meter = self.meter.stream(self.started);
        self.started += 1;
        self.streams += 1;
        meter
    }

    /// Watches until there is a reason to stop.
    async fn watch(&mut self, env: &Env) -> End {
        let mut ticker = interval(TICK);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut ticks, mut activity) = (0_u32, 0);
        let meter = self.meter.clone();
        let asleep = slept();
        let mut last = self.meter.now();
        loop {
            tokio::select! {
                () = meter.spent(), if self.job.direction == Direction::Download => {
                    return End::Stop(StopReason::ByteCap);
                }
                Some(ended) = self.tasks.join_next() => {
                    if let Some(end) = self.stream_ended(ended) {
                        return end;
                    }
                }
                _ = ticker.tick() => {
                    let now = self.meter.now();
                    if now - last > STOOD_STILL_S || slept() - asleep > STOOD_STILL_S {
                        return self.stood_still(last, now);
                    }
                    last = now;
                    let arrived = self.take_point(now);
                    // What the systems move counts too: a slow upload is handed over at once, and then drains.
                    let moved = self.meter.activity().wrapping_add(arrived.unwrap_or(0));
                    if moved != activity {
                        activity = moved;
                        self.active_at = now;
                    }
                    let seen = arrived.is_some() || self.job.direction == Direction::Download;
                    let silent = seen && now - self.active_at > SILENCE_S + 2.0 * self.facts.rtt;
                    ticks = ticks.wrapping_add(1);
                    if ticks.is_multiple_of(TELL_TICKS) {
                        self.tell(env, now);
                    }
                    if let Some(end) = self.should_end(now, now - self.active_at, silent) {
                        return end;
                    }
                    if ticks.is_multiple_of(JUDGE_TICKS) && !silent && let Some(stop) = self.judge(now) {
                        return End::Stop(stop);
                    }
                }
            }
        }
    }

    /// Ends a transfer that the machine or the process slept through; what came before stands.
    fn stood_still(&mut self, last: f64, now: f64) -> End {
        self.suspended = true;
        self.active_at = last;
        let detail =
            format!("the machine or the process stood still at {last:.1} s, for {:.1} s", now - last);
        End::Broken(Failure::with(Stage::Transfer, Cause::Timeout, detail))
    }

    /// Adds a point to the curve; gives what the system knows to have arrived, in units of its own.
    fn take_point(&mut self, now: f64) -> Option<u64> {
        // In this order: no byte may lack its segment.
        let confirmed = self.meter.counted();
        let arrived = match self.job.direction {
            Direction::Download => self.meter.kernel_received().map(|received| received.segments),
            // What a proxy acknowledges has not reached the mire.
            Direction::Upload if self.facts.via_proxy => None,
            Direction::Upload => self.meter.delivered(),
        };
        self.arrivals.push(now, confirmed, arrived);
        arrived
    }

    /// The limits that end a transfer, whatever the curve.
    fn should_end(&self, now: f64, idle: f64, silent: bool) -> Option<End> {
        // An upload's reservation reaches the cap before its bytes arrive: its streams end by themselves.
        if self.meter.counted() > 0 && self.job.direction == Direction::Download && self.meter.exhausted() {
            return Some(End::Stop(StopReason::ByteCap));
        }
        if idle >= self.job.stall_timeout.as_secs_f64() || (silent && now >= self.cap) {
            let detail = format!("nothing for {idle:.1} s, {} bytes before", self.meter.counted());
            return Some(End::Broken(Failure::with(Stage::Transfer, Cause::Timeout, detail)));
        }
        (now >= self.cap).then_some(End::Stop(StopReason::TimeCap))
    }

    /// Takes note of a stream that ended; says so when it was the last.
    fn stream_ended(&mut self, ended: Result<StreamEnd, tokio::task::JoinError>) -> Option<End> {
        self.streams = self.streams.saturating_sub(1);
        let ended = ended.unwrap_or_else(|error| StreamEnd {
            opened: true,
            result: Err(Failure::with(Stage::Transfer, Cause::SystemError, error.to_string())),
        });
        match (&ended.result, ended.opened) {
            // The mire takes no more streams: those that carry go on.
            (Err(_), false) => self.growing = false,
            (Err(failure), true) => self.broke = self.broke.take().or_else(|| Some(failure.clone())),
            (Ok(()), _) => {}
        }
        if !self.tasks.is_empty() {
            return None;
        }
        Some(if let Some(failure) = self.broke.clone() {
            End::Broken(failure)
        } else if self.meter.exhausted() {
            End::Stop(StopReason::ByteCap)
        } else {
            End::Stop(StopReason::FarEnd)
        })
    }

    /// The curve as far as it is known, and what the estimate must know.
    fn curve(&self) -> (Series, Conditions) {
        let (series, grain) = match self.job.direction {
            Direction::Download => {
                let lag = 2.0 * self.facts.rtt + UNREAD_S;
                let arrived = self.full_segment().and_then(|unit| self.arrivals.arrived(unit, lag));
                (arrived.unwrap_or_else(|| self.arrivals.confirmed()), 0.0)
            }
            Direction::Upload => {
                let (told, grain) = self.told();
                let lag =
                    2.0 * self.facts.rtt.max(self.meter.loaded_rtt()) + UNTOLD_S + UNTOLD_GRAINS * grain;
                let unit = 1.0 / self.facts.overhead.tcp_bytes_per_byte;
                let arrived =
                    self.arrivals.arrived(unit, lag).filter(|_| self.window_limited() <= LATE_READER);
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
        self.arrivals.bytes_per_segment().filter(|bytes| *bytes >= FULL_SHARE * largest)
    }

    /// Share of an upload's time in which the mire's system took no more, since its program read late; 0 where the
    /// system does not tell.
    fn window_limited(&self) -> f64 {
        self.meter.kernel_sent().map_or(0.0, Sent::window_limited)
    }

    /// An upload's curve as the mire's messages and answers tell it, and how finely they do, seconds.
    fn told(&self) -> (Series, f64) {
        let (spans, until) = self.meter.spans();
        let mut lengths: Vec<f64> = spans.iter().map(|span| span.to - span.from).collect();
        // The later half: requests and messages grow at the beginning.
        let grain = crate::stats::median(&lengths.split_off(lengths.len() / 2)).unwrap_or(0.0);
        (Series::from_spans(&spans, until, UPLOAD_STEP.min(until / UPLOAD_STEPS)), grain.min(1.0))
    }

    /// Looks at the curve: opens streams while they help, and says when the goal is reached.
    fn judge(&mut self, now: f64) -> Option<StopReason> {
        let (series, conditions) = self.curve();
        self.decision = decide::decided(&series, conditions, &self.thresholds, !self.growing);
        if self.decision.is_some() {
            return Some(StopReason::Decided);
        }
        if self.growing {
            self.grow(&series, conditions, now);
            return None;
        }
        let stable = self.thresholds.is_empty()
            && self.job.goal != Goal::Fixed
            && self.meter.counted() >= STABLE_BYTES
            && estimate(&series, conditions).is_some_and(|found| {
                found.to - found.from >= STABLE_S && found.spread() <= STABLE_SPREAD && !found.still_rising
            });
        stable.then_some(StopReason::Stable)
    }

    /// Opens more streams once the last ones have shown what they give, while the sum still grows.
    fn grow(&mut self, series: &Series, conditions: Conditions, now: f64) {
        let window = conditions.window();
        let even = even_stretch(series, conditions);
        if even.is_none() && series.end() < conditions.settled_at + window {
            return;
        }
        let rate = series.rate(even.unwrap_or(series.end() - window / 2.0), series.end());
        // A verdict far above its thresholds only waits for enough data.
        let largest = self.thresholds.iter().map(|threshold| threshold.at_least).reduce(f64::max);
        if largest.is_some_and(|largest| rate >= ENOUGH_RATIO * largest) {
            return;
        }
        let helped = self.rate_before.is_none_or(|before| rate > STREAM_GROWTH * before);
        // Streams opened in the second half could not show a plateau any more.
        let late = now > self.cap / 2.0;
        if rate <= 0.0 || !helped || late || self.streams >= MAX_STREAMS {
            self.growing = rate <= 0.0 && !late;
            self.unfilled = helped && self.rate_before.is_some();
            return;
        }
        let wanted = if self.streams == 1 && rate < SLOW_BPS { 2 } else { (self.streams * 4).max(4) };
        let wanted = wanted.min(MAX_STREAMS).min((rate / THIN_BPS).max(4.0) as usize);
        if wanted <= self.streams {
            self.growing = false;
            return;
        }
        for _ in self.streams..wanted {
            self.spawn_new();
        }
        self.rate_before = Some(rate);
        self.settled_at = now;
    }

    fn tell(&self, env: &Env, now: f64) {
        let series = self.curve().0;
        let rate_bps = series.rate((series.end() - SHOWN_S).max(0.0), series.end()).round() as u64;
        if let Some(load) = &self.job.load {
            load.goes_at(rate_bps);
        }
        env.tell(Event::Transfer {
            probe: match self.job.direction {
                Direction::Download => ProbeName::Download,
                Direction::Upload => ProbeName::Upload,
            },
            fraction: (now / self.cap.max(1e-3)).max(self.meter.used()).min(1.0),
            rate_bps,
            bytes: self.meter.counted(),
        });
    }

    /// Ends the streams and makes the value, or says why there is none.
    async fn finish(mut self, end: End) -> Result<Transfer, Wasted> {
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
        let received = self.meter.kernel_received();
        let carried = match self.job.direction {
            Direction::Download => received.map(|received| (received.bytes, received.segments)),
            Direction::Upload => self.meter.kernel_sent().map(|sent| (sent.bytes, sent.segments)),
        };
        let read_late = self.job.direction == Direction::Upload && self.window_limited() > LATE_READER;
        self.tasks.shutdown().await;
        let (bytes, drained) = (self.meter.counted(), self.meter.now());
        if let End::Broken(_) = &end {
            // The silence before a stall is noticed is the break itself, not a slow line.
            self.arrivals.cut(self.active_at);
        }
        let (mut series, conditions) = self.curve();
        // What only messages tell goes on until the last of them.
        let elapsed = if conditions.grain > 0.0 { drained } else { now };
        if let End::Broken(failure) = &end {
            series.cut(self.active_at);
            self.broke = self.broke.take().or_else(|| Some(failure.clone()));
        }
        let wasted = |failure| Wasted { failure, bytes };
        let too_little =
            |cause| Failure::with(Stage::Transfer, cause, format!("{bytes} bytes in {elapsed:.1} s"));
        let (stop, least_s) = match &end {
            End::Stop(StopReason::FarEnd) | End::Broken(_) => (StopReason::FarEnd, BROKEN_S),
            End::Stop(stop) => (*stop, 0.0),
        };
        let found = self
            .decision
            .or_else(|| estimate(&series, conditions))
            .filter(|found| bytes >= LEAST_BYTES && found.to - found.from >= least_s);
        let estimate = match (found, end) {
            // Within a transfer that broke, the ramp alone is not a rate.
            (Some(found), End::Broken(failure)) if found.still_rising => return Err(wasted(failure)),
            (Some(found), _) => found,
            (None, End::Broken(failure)) => return Err(wasted(failure)),
            (None, End::Stop(_)) => {
                let cause = if bytes == 0 { Cause::EmptyAnswer } else { Cause::TooLittleData };
                return Err(wasted(self.broke.unwrap_or_else(|| too_little(cause))));
            }
        };
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
            carried: carried.map(|(bytes, segments)| bytes as f64 / segments as f64),
            received,
            read_late,
            unfilled: self.unfilled || self.growing,
            suspended: self.suspended,
            contradicted: self.meter.was_contradicted(),
            burst_possible,
        })
    }
}

/// Takes a connection's kernel state into the meter, and clamps its window where a verdict is wanted.
fn admit(kernel: Kernel, meter: &Meter, clamp: Option<u32>) {
    if let Some(bytes) = clamp {
        kernel.clamp_window(bytes);
    }
    meter.watch(kernel);
}
