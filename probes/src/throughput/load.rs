//! What a transfer tells those who probe beside it: where it goes, since when, how fast, and how long its own
//! connections take to answer.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::MireUrl;

/// One transfer, as seen by a probe beside it. Shared: the transfer writes, the probe reads.
#[derive(Debug, Default)]
pub struct Load {
    state: Mutex<State>,
    /// The latest rate, application bytes, bit/s; 0 while there is none.
    rate_bps: AtomicU64,
    /// What the probes beside have moved, IP layer, estimated, bytes: sent and received.
    beside: (AtomicU64, AtomicU64),
}

#[derive(Debug, Default)]
struct State {
    under_way: Option<UnderWay>,
    claimed: bool,
    answers: Vec<Answered>,
}

/// Where a transfer goes, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    /// The mire.
    pub mire: MireUrl,
    /// The address it was reached at; a proxy's where there is one.
    pub peer: IpAddr,
    /// Whether a proxy stands between.
    pub via_proxy: bool,
    /// When its first connection was open: the transfer's own zero.
    pub since: Instant,
}

/// A question on a connection that carries load, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// When it was asked.
    pub asked: Instant,
    /// When the answer was read.
    pub at: Instant,
    /// The longest message of the mire's that was read in between, bytes: the answer may have waited for its end.
    pub behind: u64,
}

impl Load {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A mire is tried: what an earlier one left is forgotten.
    pub(crate) fn begins(&self) {
        *self.state() = State::default();
        self.rate_bps.store(0, Ordering::Relaxed);
    }

    /// A connection is open; the first one counts.
    pub(crate) fn opened(&self, mire: &MireUrl, peer: IpAddr, via_proxy: bool) {
        let mut state = self.state();
        if state.under_way.is_none() {
            state.under_way = Some(UnderWay { mire: mire.clone(), peer, via_proxy, since: Instant::now() });
        }
    }

    /// Whether the caller is the one stream that answers for its connection: the first that asks.
    pub(crate) fn claim(&self) -> bool {
        !std::mem::replace(&mut self.state().claimed, true)
    }

    /// A question asked then on a loaded connection was answered now.
    pub(crate) fn answered(&self, asked: Instant, behind: u64) {
        let answered = Answered { asked, at: Instant::now(), behind };
        self.state().answers.push(answered);
    }

    /// The present rate.
    pub(crate) fn goes_at(&self, rate_bps: u64) {
        self.rate_bps.store(rate_bps, Ordering::Relaxed);
    }

    /// A probe beside costs so many bytes at the IP layer.
    pub(crate) fn beside(&self, sent: u64, received: u64) {
        self.beside.0.fetch_add(sent, Ordering::Relaxed);
        self.beside.1.fetch_add(received, Ordering::Relaxed);
    }

    /// What the probes beside have moved so far, IP layer, estimated, bytes: sent and received.
    pub(crate) fn moved_beside(&self) -> (u64, u64) {
        (self.beside.0.load(Ordering::Relaxed), self.beside.1.load(Ordering::Relaxed))
    }

    /// Where the transfer goes; `None` before its first connection is open.
    #[must_use]
    pub fn under_way(&self) -> Option<UnderWay> {
        self.state().under_way.clone()
    }

    /// The present rate, bit/s; `None` while it is not known.
    #[must_use]
    pub fn rate_bps(&self) -> Option<u64> {
        Some(self.rate_bps.load(Ordering::Relaxed)).filter(|rate| *rate > 0)
    }

    /// What was answered on a loaded connection so far.
    #[must_use]
    pub fn answers(&self) -> Vec<Answered> {
        self.state().answers.clone()
    }
}
