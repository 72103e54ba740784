//! Sustained rate in one direction, against a list of mires tried in order.
//!
//! A mire that answers a web page, an error, nothing, or breaks off gives no number: it is named with its cause and
//! the next is tried. Whether a rate meets a threshold is not decided here.
//!
//! The pieces: [`mire_url`] what to measure against; `stream` (`http`, `ndt7`, `payload`, `meter`) how bytes move;
//! `engine` how many streams and how long; `series`, `estimate` and `interval` what the curve says; `decide` whether it
//! answers already; `tcp_info` what the system knows; `overhead` the IP layer; `repetition` a second transfer.

use std::sync::Arc;
use std::time::Duration;

use sonde_report::assess::RateBar;
use sonde_report::measurement::{Attempt, Remedy};
use sonde_report::values::{
    CountedAt, LimitedBy, MireProtocol, MireServer, Repetition, StopReason, TransferValue,
};
use sonde_report::{Cause, Caveat, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};

use crate::{Env, clock::Stopwatch};

mod arrival;
mod decide;
mod engine;
mod estimate;
mod http;
mod interval;
mod load;
mod meter;
pub mod mire_url;
mod ndt7;
mod overhead;
mod payload;
mod repetition;
mod series;
mod stream;
pub(crate) mod tcp_info;
#[cfg(test)]
mod tests;

use engine::Transfer;
pub(crate) use http::below;
pub use load::{Answered, Load, UnderWay};
pub use mire_url::MireUrl;
pub use repetition::merge_repetition;
use stream::{Direction, Job};

/// Half-width of the interval, relative, above which a value is called unstable.
const UNSTABLE_SPREAD: f64 = 0.10;
/// Share of the streams' time spent waiting for answers above which the mire's file, not the line, sets the rate.
const WAITING_SHARE: f64 = 0.10;
/// Share of segments out of order from which on losses are many: behind each lost one come a window's worth.
const LOSSY_SHARE: f64 = 0.02;
/// Half-width of the interval, relative, up to which a rate is even: a saturated line's stays well below.
const EVEN_SPREAD: f64 = 0.015;

/// How to measure.
#[derive(Debug, Clone)]
pub struct Config {
    /// The mires, in the order to try them.
    pub mires: Vec<MireUrl>,
    /// Time allowed for the transfer on one mire, ramp included.
    pub time_cap: Duration,
    /// Application bytes allowed for the whole probe.
    pub byte_cap: u64,
    /// Time without any progress after which a mire is given up.
    pub stall_timeout: Duration,
    /// When to stop before that.
    pub goal: Goal,
    /// Streams to begin with: 1 where nothing is known, and more are opened while they help; or what a transfer before
    /// found worth opening, and no more are.
    pub streams: usize,
    /// Told to those who probe beside the transfer.
    pub load: Option<Arc<Load>>,
}

/// When a transfer has done its work.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Goal {
    /// When the estimate of the capacity is stable. On long paths the time allowed grows with the round trip: slow
    /// start alone takes several.
    #[default]
    Stable,
    /// As soon as it is certain on which side of each threshold (or within its band) the rate lies: the least data
    /// and time. Without thresholds as [`Goal::Stable`].
    Verdict(Vec<RateBar>),
    /// When the time allowed is over, whatever was seen.
    Fixed,
}

/// Measures the downstream rate.
pub async fn download(config: &Config, env: &Env) -> Measurement<TransferValue> {
    measure(config, env, Direction::Download).await
}

/// Measures the upstream rate, in bytes acknowledged by the far end.
pub async fn upload(config: &Config, env: &Env) -> Measurement<TransferValue> {
    measure(config, env, Direction::Upload).await
}

async fn measure(config: &Config, env: &Env, direction: Direction) -> Measurement<TransferValue> {
    let watch = Stopwatch::start();
    let mut attempts = Vec::new();
    let mut used = 0_u64;
    for mire in &config.mires {
        let budget = config.byte_cap.saturating_sub(used);
        if budget == 0 {
            break;
        }
        if let Some(load) = &config.load {
            load.begins();
        }
        let job = Job {
            load: config.load.clone(),
            mire: mire.clone(),
            direction,
            dialer: Arc::clone(&env.dialer),
            time_cap: config.time_cap,
            stall_timeout: config.stall_timeout,
            goal: config.goal.clone(),
            streams: config.streams,
            far_end: None,
        };
        match engine::run(&job, budget, env).await {
            Ok(transfer) => {
                let caveats = caveats(&transfer, &attempts);
                let value = value(&transfer, mire, direction);
                return watch.finish(mire.shown(), Outcome::Measured { value, caveats });
            }
            Err(wasted) => {
                used = used.saturating_add(wasted.bytes);
                attempts.push(attempt(mire, wasted.failure));
            }
        }
    }
    no_value(watch, config, attempts)
}

fn attempt(mire: &MireUrl, failure: Failure) -> Attempt {
    let Failure { stage, cause, detail, .. } = failure;
    Attempt { target: mire.shown(), stage, cause, detail }
}

/// The outcome when no mire gave a value.
fn no_value(watch: Stopwatch, config: &Config, mut attempts: Vec<Attempt>) -> Measurement<TransferValue> {
    let target = config.mires.first().map(MireUrl::shown).unwrap_or_default();
    let Some(last) = attempts.last() else {
        // Nothing was tried: no mire, or no data allowed.
        let (code, remedy) = if config.mires.is_empty() {
            (ReasonCode::NoTarget, Remedy::NameTarget)
        } else {
            (ReasonCode::OutOfData, Remedy::RaiseLimit)
        };
        return watch.skip(target, Reason::remedied(code, remedy));
    };
    let stage = last.stage;
    let failure = if config.mires.len() == 1
        && let Some(Attempt { stage, cause, detail, .. }) = attempts.pop()
    {
        Failure { stage, cause, detail, attempts: Vec::new() }
    } else {
        Failure { attempts, ..Failure::new(stage, Cause::AllTargetsFailed) }
    };
    watch.fail(target, failure)
}

/// The value of a transfer.
fn value(transfer: &Transfer, mire: &MireUrl, direction: Direction) -> TransferValue {
    let Transfer { facts, estimate, bytes, .. } = transfer;
    let per_byte = facts.overhead.ip_bytes_per_byte(transfer.carried);
    // Probes and acknowledgements, the line carried as well.
    let ip = |rate: f64| (rate.max(0.0) * per_byte + transfer.beside).round() as u64;
    let ip_rate_bps = ip(estimate.rate);
    let ci95_bps = [ip(estimate.rate - estimate.half_width), ip(estimate.rate + estimate.half_width)];
    let millis = |seconds: f64| (seconds * 1e3).round() as u64;
    TransferValue {
        goodput_bps: estimate.rate.round() as u64,
        ip_rate_bps,
        ci95_bps,
        bytes: *bytes,
        held_bytes: transfer
            .received
            .filter(|_| direction == Direction::Download)
            .map(tcp_info::Received::held),
        elapsed_ms: millis(transfer.elapsed),
        ramp_ms: millis(estimate.from),
        streams: u32::try_from(transfer.streams).unwrap_or(u32::MAX),
        protocol: mire.protocol,
        server: MireServer {
            url: mire.shown(),
            address: facts.peer.to_string(),
            family: if facts.peer.is_ipv4() { 4 } else { 6 },
        },
        stop: transfer.stop,
        limited_by: limited_by(transfer),
        counted_at: match (direction, mire.protocol) {
            (Direction::Download, _) | (Direction::Upload, MireProtocol::Ndt7) => CountedAt::Receiver,
            (Direction::Upload, MireProtocol::Librespeed | MireProtocol::Http) => CountedAt::Responses,
        },
        samples: transfer.series.samples(),
        repetitions: vec![Repetition { url: mire.shown(), ip_rate_bps, ci95_bps, bytes: *bytes }],
    }
}

/// Whether the mire set the pace: its answers were waited for, or it read an upload later than the line brought it.
fn waits_for_mire(transfer: &Transfer) -> bool {
    transfer.waiting > WAITING_SHARE || transfer.window_limited > engine::LATE_READER
}

/// What set the rate, as far as one transfer can tell.
fn limited_by(transfer: &Transfer) -> LimitedBy {
    let disorder = transfer
        .received
        .filter(|received| received.segments > 0)
        .map(|received| received.out_of_order as f64 / received.segments as f64);
    let even = transfer.estimate.spread() <= EVEN_SPREAD;
    match disorder {
        _ if waits_for_mire(transfer) => LimitedBy::Server,
        // Losses, a rate that wanders, and each further stream still added to it: without losses it would be higher.
        Some(share) if share >= LOSSY_SHARE && !even && transfer.unfilled => LimitedBy::Loss,
        // Losses, and a rate as even as a clock: a full queue on the way drops what is too much.
        Some(share) if share > 0.0 && even => LimitedBy::Line,
        // A steady rate without losses is the line's or the mire's: one transfer cannot tell which.
        _ => LimitedBy::Unknown,
    }
}

/// What weakens a transfer's value.
fn caveats(transfer: &Transfer, attempts: &[Attempt]) -> Vec<Caveat> {
    let Transfer { facts, estimate, .. } = transfer;
    let mut caveats = Vec::new();
    if facts.via_proxy {
        caveats.push(CaveatCode::ThroughProxy.into());
    }
    if let Some(tls) = facts.tls.as_ref().filter(|tls| !tls.public_root) {
        caveats.push(Caveat { code: CaveatCode::TlsIntercepted, detail: tls.issuer.clone() });
    }
    if estimate.still_rising && transfer.stop != StopReason::Decided {
        caveats.push(CaveatCode::StillRising.into());
    }
    if transfer.suspended {
        caveats.push(CaveatCode::Suspended.into());
    } else if let Some(failure) = &transfer.broke {
        caveats.push(CaveatCode::BrokeOff.with(named(
            failure.stage,
            failure.cause,
            failure.detail.as_deref(),
        )));
    }
    if transfer.contradicted {
        caveats.push(CaveatCode::MireCountMismatch.into());
    }
    if transfer.burst_possible {
        caveats.push(CaveatCode::BurstNotExcluded.into());
    }
    if waits_for_mire(transfer) {
        // The share of the time spent waiting for the mire: for its answers, or until it reads.
        let share = transfer.waiting.max(transfer.window_limited).min(1.0);
        caveats.push(CaveatCode::MireLimited.with(format!("{share:.2}")));
    }
    if let Some((before, after)) = estimate.fell {
        caveats.push(CaveatCode::Unstable.with(format!("{before:.0} bit/s fell to {after:.0} bit/s")));
    } else if estimate.spread() > UNSTABLE_SPREAD && transfer.stop != StopReason::Decided {
        // An early answer rests on a bound that is wide by construction.
        caveats.push(CaveatCode::Unstable.with(format!("+/- {:.0} %", estimate.spread() * 100.0)));
    }
    if !attempts.is_empty() {
        let skipped: Vec<String> = attempts
            .iter()
            .map(|a| format!("{} {}", a.target, named(a.stage, a.cause, a.detail.as_deref())))
            .collect();
        caveats.push(CaveatCode::MireSkipped.with(skipped.join("; ")));
    }
    caveats
}

/// A failure in codes: `http/http_status: 500 Internal Server Error`.
pub(crate) fn named(stage: Stage, cause: Cause, detail: Option<&str>) -> String {
    let code = |code: Result<serde_json::Value, serde_json::Error>| {
        code.ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let name = format!("{}/{}", code(serde_json::to_value(stage)), code(serde_json::to_value(cause)));
    detail.map_or(name.clone(), |detail| format!("{name}: {detail}"))
}
