//! Runs one transfer on one mire: opens streams while they help, watches the curve, and decides when to stop.
//!
//! It knows neither protocols ([`super::stream`]) nor statistics ([`super::estimate`]), and tries one mire only.

use std::time::Duration;

use sonde_report::values::StopReason;
use sonde_report::{Cause, Failure, Stage};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Goal;
use super::arrival::Arrivals;
use super::decide::Threshold;
use super::estimate::Estimate;
use super::meter::Meter;
use super::series::Series;
use super::stream::{Direction, Facts, Job, Stream};
use super::tcp_info::{Kernel, Received};
use crate::clock::slept;
use crate::{Env, Event, ProbeName};

mod curve;
mod finish;
mod growth;

pub(super) use curve::LATE_READER;
use growth::streams_at_once;

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
/// Round trips a transfer may last where these are longer than the time allowed: slow start, and two plateaus…
const CAP_RTTS: f64 = 15.0;
/// …but not more than this, seconds: ndt7 mires end a stream after ten, and what went on without it would look slow.
const CAP_S: f64 = 9.5;
/// For a verdict, the far end may have this many times the largest threshold under way: what flows on after the verdict
/// is little then, and on any slower line the clamp is not felt.
const CLAMP_RATIO: f64 = 8.0;
/// The clamp's floor, bytes: less would slow down a path whose round trip the handshake did not show.
const CLAMP_FLOOR: f64 = 256.0 * 1024.0;

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
    /// What the line carried beside it meanwhile (probes, acknowledgements), IP layer, bit/s.
    pub(crate) beside: f64,
    /// What was received, where the system tells.
    pub(crate) received: Option<Received>,
    /// Share of an upload's time in which the mire's system took no more; 0 for a download.
    pub(crate) window_limited: f64,
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
    engine.begin_with(streams_at_once(job.streams, engine.facts.rtt, engine.cap));
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
    /// What the line had carried beside it by when, IP layer.
    beside: Series,
    settled_at: f64,
    /// The rate before the last streams were added, bit/s.
    rate_before: Option<f64>,
    /// Further windows waited for the last streams to settle.
    waited: u8,
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
            beside: Series::default(),
            settled_at: 0.0,
            rate_before: None,
            waited: 0,
            growing: true,
            unfilled: false,
            broke: None,
            active_at: 0.0,
        }
    }

    /// Opens the others of so many streams. Who begins with several has tried already, or has no time to: then whether
    /// more would help stays open.
    fn begin_with(&mut self, streams: usize) {
        for _ in 1..streams {
            self.spawn_new();
        }
        self.growing = streams <= 1;
        self.unfilled = streams > self.job.streams;
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
                // An upload's reservation reaches the cap before its bytes arrive: its streams end by themselves.
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

    /// The limits in time that end a transfer, whatever the curve.
    fn should_end(&self, now: f64, idle: f64, silent: bool) -> Option<End> {
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
}

/// Takes a connection's kernel state into the meter, and clamps its window where a verdict is wanted.
fn admit(kernel: Kernel, meter: &Meter, clamp: Option<u32>) {
    if let Some(bytes) = clamp {
        kernel.clamp_window(bytes);
    }
    meter.watch(kernel);
}
