//! The transfers of a run: the download, repeated where the verdict needs a second one, and the upload, each with what
//! went on beside it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sonde_probes::link::{self, Direction};
use sonde_probes::throughput::{self, Goal, MireUrl};
use sonde_probes::{Env, Event, ProbeName};
use sonde_report::assess::needs_repeat;
use sonde_report::document::Measurements;
use sonde_report::values::{InternetAccess, LimitedBy, TransferValue};
use sonde_report::{CaveatCode, Measurement, Outcome};

use tokio::time::sleep;

use super::gateway;
use super::loaded::Beside;
use super::steps::Taken;
use crate::plan::{Budget, Plan};

/// Fewer bytes than this say nothing about a rate: a repetition is not worth starting.
const LEAST_REPETITION: u64 = 1_000_000;

/// How often the interface is looked at while queues drain.
const DRAIN_STEP: Duration = Duration::from_millis(50);
/// Steps in a row that must be quiet.
const DRAIN_CALM: u32 = 2;
/// Share of the transfer's rate below which a step is quiet.
const DRAINED_SHARE: f64 = 0.1;
/// Longest wait: a second of a full queue, and a long round trip.
const DRAIN_CAP: Duration = Duration::from_secs(2);
/// The same within the school, where what was under way at gigabits comes within milliseconds.
const LAN_DRAIN_CAP: Duration = Duration::from_millis(500);
/// Bytes in a step below which the school's own network is quiet: a quarter of what is taken for others' traffic beside a
/// download.
const LAN_QUIET_BYTES: f64 = 16.0 * 1024.0;

/// The download from a mire in the school, where one is named: what the school's network carries. Not through a proxy,
/// which stands elsewhere.
pub(super) async fn within_the_school(plan: &Plan, env: &Env, taken: &mut Taken) {
    let Some(mire) = plan.lan_mire.clone().filter(|_| plan.wants(ProbeName::Download)) else { return };
    let here = Env { dialer: Arc::new(env.dialer.direct()), events: None };
    taken.measurements.lan = Some(throughput::download(&Plan::lan_transfer(mire), &here).await);
    // What it had under way would be taken for others' traffic beside the download that follows.
    drained(taken, LAN_QUIET_BYTES, LAN_DRAIN_CAP).await;
}

/// The download, repeated where the verdict needs a second one that agrees.
pub(super) async fn download(plan: &Plan, env: &Env, taken: &mut Taken, mires: &[MireUrl]) {
    if !plan.wants(ProbeName::Download) {
        return;
    }
    env.tell(Event::Started(ProbeName::Download));
    let mut config = Plan::transfer(mires.to_vec(), plan.download, plan.goal.clone());
    let beside = Beside::begin(plan, env, &mut config);
    let to_box = gateway::Beside::begin(env, taken);
    watched(taken, Direction::Down, &beside, async { throughput::download(&config, env).await }).await;
    to_box.end(taken, Direction::Down).await;
    beside.end(taken, Direction::Down);
    if let Some(config) = repetition(plan, taken, mires) {
        let rate = taken.measurements.download.as_ref().and_then(Measurement::value);
        let rate_bps = rate.map_or(0.0, |rate| rate.ip_rate_bps as f64);
        drained(taken, rate_bps / 8.0 * DRAIN_STEP.as_secs_f64() * DRAINED_SHARE, DRAIN_CAP).await;
        let alone = Beside::nothing();
        watched(taken, Direction::Down, &alone, async { throughput::download(&config, env).await }).await;
    }
    env.tell(Event::Finished(ProbeName::Download));
}

/// Waits until what a transfer left in the queues has come out, and less than `quiet` bytes come in a step: one that begins
/// behind it sees a longer round trip, and bytes that are not its own. Not longer than `cap`: the rest is others' traffic.
async fn drained(taken: &Taken, quiet: f64, cap: Duration) {
    let counter = || taken.watch.as_ref().and_then(|watch| watch.counter(Direction::Down));
    let start = Instant::now();
    let mut before = counter();
    let mut calm = 0;
    while calm < DRAIN_CALM && start.elapsed() < cap {
        sleep(DRAIN_STEP).await;
        let now = counter();
        let Some(moved) = now.zip(before).map(|(now, before)| now.saturating_sub(before)) else { return };
        calm = if (moved as f64) < quiet { calm + 1 } else { 0 };
        before = now;
    }
}

/// How to measure a second time, where the first could lead to "not met". Another mire comes first: what limited the
/// first one may have been its mire. It begins with the streams the first found worth opening.
fn repetition(plan: &Plan, taken: &Taken, mires: &[MireUrl]) -> Option<throughput::Config> {
    let first = taken.measurements.download.as_ref().and_then(Measurement::value)?;
    let left = plan.download.bytes.saturating_sub(first.bytes);
    if !needs_repeat(first.ip_rate_bps, plan.site.size, &plan.rules) || left < LEAST_REPETITION {
        return None;
    }
    let mut mires = led_by_the_one_used(mires, &taken.measurements);
    let others = mires.len().min(1);
    mires.rotate_left(others);
    let budget = Budget { bytes: left.min(plan.repeat.bytes), ..plan.repeat };
    // Where losses held the first one back, the second finds its own number.
    let known = usize::try_from(first.streams).ok().filter(|_| first.limited_by != LimitedBy::Loss);
    let streams = known.unwrap_or(1).max(1);
    Some(throughput::Config { streams, ..Plan::transfer(mires, budget, plan.goal.clone()) })
}

/// The upload.
pub(super) async fn upload(plan: &Plan, env: &Env, taken: &mut Taken) {
    if !plan.wants(ProbeName::Upload) {
        return;
    }
    let mires = led_by_the_one_used(&plan.upload_mires, &taken.measurements);
    let mut config = Plan::transfer(mires, plan.upload, upload_goal(&plan.goal));
    let beside = Beside::begin(plan, env, &mut config);
    env.tell(Event::Started(ProbeName::Upload));
    let to_box = gateway::Beside::begin(env, taken);
    watched(taken, Direction::Up, &beside, async { throughput::upload(&config, env).await }).await;
    to_box.end(taken, Direction::Up).await;
    beside.end(taken, Direction::Up);
    env.tell(Event::Finished(ProbeName::Upload));
}

/// The upload has no threshold: it stops when it is stable, or after the time asked for.
fn upload_goal(goal: &Goal) -> Goal {
    match goal {
        Goal::Fixed => Goal::Fixed,
        Goal::Stable | Goal::Verdict(_) => Goal::Stable,
    }
}

/// One transfer, with what went on beside it: the counters around it, and the caveats they and the link call for.
async fn watched(
    taken: &mut Taken,
    direction: Direction,
    beside: &Beside,
    work: impl Future<Output = Measurement<TransferValue>>,
) {
    if let Some(watch) = &mut taken.watch {
        watch.transfer_starts(direction);
    }
    let mut measured = work.await;
    if let Some(watch) = &mut taken.watch {
        let own = measured.value().map_or_else(|| beside.moved(direction), ip_bytes);
        let held = measured.value().and_then(|value| value.held_bytes);
        watch.transfer_ends(direction, own.saturating_add(held.unwrap_or(0)));
    }
    if let (Some(link), Some(watch), Some(rate)) =
        (taken.link(), &taken.watch, measured.value().map(|value| value.ip_rate_bps))
    {
        for caveat in link::caveats_for(direction, &watch.conditions(), link, rate) {
            if matches!(caveat.code, CaveatCode::CpuBusy | CaveatCode::LinkRateLimits)
                && let Outcome::Measured { value, .. } = &mut measured.outcome
            {
                value.limited_by = LimitedBy::Client;
            }
            measured.add_caveat(caveat);
        }
    }
    let portal = taken.measurements.internet.as_ref().and_then(Measurement::value);
    if portal.is_some_and(|internet| internet.access == InternetAccess::CaptivePortal) {
        measured.add_caveat(CaveatCode::CaptivePortal.into());
    }
    let slot = match direction {
        Direction::Down => &mut taken.measurements.download,
        Direction::Up => &mut taken.measurements.upload,
    };
    match slot {
        Some(first) => throughput::merge_repetition(first, measured),
        None => *slot = Some(measured),
    }
}

/// What a transfer and the probes beside it moved at the IP layer: its application bytes (those that had come and were not
/// read, too) and the share of the rest that its rates tell.
fn ip_bytes(value: &TransferValue) -> u64 {
    let bytes = value.samples.last().map_or(0, |sample| sample.bytes).max(value.bytes);
    if value.goodput_bps == 0 {
        return bytes;
    }
    (bytes as f64 * value.ip_rate_bps as f64 / value.goodput_bps as f64) as u64
}

/// The mires with the one the download used in front.
fn led_by_the_one_used(mires: &[MireUrl], measurements: &Measurements) -> Vec<MireUrl> {
    let used =
        measurements.download.as_ref().and_then(Measurement::value).map(|value| value.server.url.as_str());
    let mut ordered = mires.to_vec();
    // Stable: the others keep their order.
    ordered.sort_by_key(|mire| Some(mire.shown().as_str()) != used);
    ordered
}
