//! The plain upload: `PUT <URL>/<report_id>` with a bearer token; a report leaves the spool on a 2xx alone.
//!
//! Retrying is safe: the id in the URL makes each PUT idempotent. Nothing is shown to the far end, the token above all,
//! before the connection is known to be trusted (`docs/decisions/0004-upload-trust.md`). Signed batches to our own collector
//! are another client, not this one.

mod config;
mod send;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sonde_probes::clock;
use sonde_probes::dial::Dialer;
use sonde_report::Timestamp;
use uuid::Uuid;

pub use config::{Token, TokenError, UploadConfig, UploadUrlError, token_from_file};

use crate::store::{Content, Spool, Waiting};
use send::{Refusal, Sender};

/// The longest a `Retry-After` is heeded (the collector contract's clamp): beyond a day it is a mistake.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// One attempt to send one report, kept beside it in the spool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// How many attempts so far.
    pub count: u32,
    /// Why it was kept.
    pub why: Kept,
    /// A technical detail (status line; stage, cause and system error).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long the collector asked to be left alone, seconds from `at`, at most a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// Why a report was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The collector could not be reached.
    Unreachable,
    /// It was reached, but the exchange broke off or no whole answer came in time.
    Broken,
    /// The chain is not a public or declared one, or TLS failed.
    NotTrusted,
    /// TLS is decrypted on the way: the token must not be shown to whoever does it.
    Intercepted,
    /// 401 or 403.
    Unauthorised,
    /// 408, 425, 429 or 5xx: the collector cannot take it now.
    Busy,
    /// 404, 405 or 410: there is no collector at this address.
    NotFound,
    /// Another status: the collector does not want this report.
    Refused,
    /// A redirect: never followed with a token.
    Redirected,
}

impl Kept {
    /// Whether the next report would meet with the same: then the drain ends, so as not to hammer.
    #[must_use]
    pub fn stops(self) -> bool {
        self != Self::Refused
    }

    /// Whether it may lie in the report itself, because something answered to it.
    fn may_be_the_report(self) -> bool {
        matches!(self, Self::Refused | Self::Busy | Self::NotFound | Self::Broken)
    }
}

/// What came of sending everything that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// Reports acknowledged and removed.
    pub sent: u32,
    /// Reports tried and kept, with the reason.
    pub kept: Vec<(Uuid, Kept)>,
    /// Files that turned out to be no reports, now in quarantine.
    pub quarantined: u32,
    /// Reports that were not tried: the drain stopped before them, or its time was over.
    pub untried: u32,
    /// The collector asked to be left alone until then, so nothing was tried.
    pub deferred_until: Option<jiff::Timestamp>,
}

/// Sends everything that waits, oldest first. Stops early when the collector cannot be reached or will not take any
/// report now, and when the configured time is over.
///
/// Reports that were answered with a failure before come last, the least tried first: one that a collector always
/// chokes on cannot hold up the others.
///
/// # Errors
/// Only when the spool itself cannot be read or written.
pub async fn drain(spool: &Spool, config: &UploadConfig, dialer: &Dialer) -> anyhow::Result<Drained> {
    let start = Instant::now();
    let mut waiting = spool.waiting()?;
    let deferred_until = deferred_until(&waiting).filter(|_| !config.insist);
    let mut drained = Drained { deferred_until, ..Drained::default() };
    if drained.deferred_until.is_some() {
        drained.untried = count(waiting.len());
        return Ok(drained);
    }
    waiting.sort_by_key(|one| (failures_answered(one), one.report_id));
    let mut sender = Sender::new(config, dialer);
    for (index, one) in waiting.iter().enumerate() {
        let left = config.time_limit.map(|limit| limit.saturating_sub(start.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            drained.untried = count(waiting.len() - index);
            break;
        }
        let report = match spool.read(one.report_id)? {
            Content::Report(report) => report,
            Content::Gone => continue,
            Content::Quarantined(_) => {
                drained.quarantined += 1;
                continue;
            }
        };
        let Err(refusal) = send_within(&mut sender, one.report_id, report, left).await else {
            spool.remove(one.report_id)?;
            drained.sent += 1;
            continue;
        };
        let why = refusal.why;
        spool.record_attempt(one.report_id, &attempt(one, refusal))?;
        drained.kept.push((one.report_id, why));
        if why.stops() {
            drained.untried = count(waiting.len() - index - 1);
            break;
        }
    }
    Ok(drained)
}

/// Sends one report in the time that is left.
async fn send_within(
    sender: &mut Sender<'_>,
    report_id: Uuid,
    report: Vec<u8>,
    left: Option<Duration>,
) -> Result<(), Refusal> {
    let sending = sender.send(report_id, report.into());
    match left {
        None => sending.await,
        Some(left) => tokio::time::timeout(left, sending).await.unwrap_or_else(|_| {
            Err(Refusal { why: Kept::Broken, detail: "time_limit".to_owned(), retry_after: None })
        }),
    }
}

/// The note of an attempt that failed.
fn attempt(one: &Waiting, refusal: Refusal) -> Attempt {
    Attempt {
        at: clock::now(),
        count: one.last_attempt.as_ref().map_or(0, |last| last.count).saturating_add(1),
        why: refusal.why,
        detail: Some(refusal.detail),
        retry_after_s: refusal.retry_after.map(|wait| wait.min(MAX_RETRY_AFTER).as_secs()),
    }
}

/// How often something answered to this report with a failure, as far as its last attempt tells.
fn failures_answered(one: &Waiting) -> u32 {
    one.last_attempt.as_ref().filter(|last| last.why.may_be_the_report()).map_or(0, |last| last.count)
}

/// Until when the collector asked to be left alone, if that is still to come. An attempt dated in the future comes
/// from a clock that was wrong, then or now: it holds nothing up.
fn deferred_until(waiting: &[Waiting]) -> Option<jiff::Timestamp> {
    let now = jiff::Timestamp::now();
    waiting
        .iter()
        .filter_map(|one| one.last_attempt.as_ref())
        .filter(|last| last.at.instant() <= now)
        .filter_map(|last| {
            let wait = Duration::from_secs(last.retry_after_s?).min(MAX_RETRY_AFTER);
            last.at.instant().checked_add(wait).ok()
        })
        .filter(|until| *until > now)
        .max()
}

fn count(reports: usize) -> u32 {
    u32::try_from(reports).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
