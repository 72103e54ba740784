//! What waits in the spool and why, for people and for machines. The sentences are in `text::store`.

use serde_json::{Value, json};

use super::Spool;
use crate::text::{Lang, store as text};

/// Reports listed one by one; of more, the oldest ones, and how many others there are.
const LISTED: usize = 20;

/// The whole status as text, for a terminal or a mail.
///
/// # Errors
/// When the spool cannot be read.
pub fn status(spool: &Spool, lang: Lang) -> anyhow::Result<String> {
    let waiting = spool.waiting()?;
    let mut out = text::waiting_headline(lang, waiting.len(), waiting.iter().map(|one| one.bytes).sum());
    for one in waiting.iter().take(LISTED) {
        out.push_str(&text::waiting_line(lang, one));
    }
    if waiting.len() > LISTED {
        out.push_str(&text::and_others(lang, waiting.len() - LISTED));
    }
    let mut told = Vec::new();
    for why in waiting.iter().filter_map(|one| one.last_attempt.as_ref()).map(|last| last.why) {
        if !told.contains(&why) {
            told.push(why);
            out.push_str(&text::advice_line(lang, why));
        }
    }
    match spool.dropped() {
        Ok(dropped) if dropped.reports == 0 => {}
        Ok(dropped) => out.push_str(&text::dropped_line(lang, &dropped)),
        Err(error) => out.push_str(&text::dropped_unreadable(lang, &error.to_string())),
    }
    let quarantined = spool.quarantined()?;
    if !quarantined.is_empty() {
        out.push_str(&text::quarantine_headline(lang, &quarantined, &spool.directory().join("quarantine")));
        for one in quarantined.iter().take(LISTED) {
            out.push_str(&text::quarantine_line(lang, one));
        }
    }
    Ok(out)
}

/// The same as one JSON value: codes, no sentences.
///
/// # Errors
/// When the spool cannot be read.
pub fn status_json(spool: &Spool) -> anyhow::Result<Value> {
    let waiting: Vec<_> = spool
        .waiting()?
        .iter()
        .map(|one| {
            json!({
                "report_id": one.report_id,
                "made_at": one.made_at().map(|at| at.to_string()),
                "bytes": one.bytes,
                "last_attempt": one.last_attempt,
            })
        })
        .collect();
    let quarantined: Vec<_> =
        spool.quarantined()?.iter().map(|one| json!({ "name": one.name, "why": one.why })).collect();
    // Null, not zero, when the count cannot be read.
    let dropped = spool.dropped().ok();
    Ok(json!({ "waiting": waiting, "dropped": dropped, "quarantined": quarantined }))
}
