//! Black holes of path MTU discovery (RFC 2923, 2.1; RFC 4821): a narrow link on the way (PPPoE, a tunnel) drops what
//! is too large, and the message that says so ("fragmentation needed", "packet too big") is filtered. TCP connects, small
//! exchanges work, and full-size segments vanish: the handshake or the answer hangs.
//!
//! Told from a slow or broken service by comparison: beside the connection that hangs, others to the same address whose
//! segments are clamped before connecting, and one more that is not. Only where everything clamped arrives and everything
//! full-size hangs, much longer, is it a hole. Where segments cannot be clamped (Windows), nothing is claimed.

use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::Empty;
use sonde_report::{Cause, Failure, Stage};
use tokio::time::sleep;

use super::visit::{Until, get};
use crate::dial::{Dialer, Session, Target};

/// Segments that pass wherever anything passes: IPv6's smallest link carries 1280 bytes (RFC 8200, 5), of which 40 are
/// IPv6's header and 20 TCP's. Over IPv4, whose header is shorter, they fit all the more.
pub(super) const CLAMPED: u32 = 1220;

/// What of the time left the visit's own connection has to itself: handshakes over a satellite (three round trips of
/// 600 ms) come close to it, everything else is done long before.
const ALONE: f64 = 0.25;

/// Clamped connections, all of which must succeed: where a service hangs by chance every second time, all of it falls out
/// as a hole would (one that hangs, these, the other that hangs) once in sixteen times only.
const CLAMPED_TRIED: usize = 2;

/// How long the full-size ones must hang beside: a server's first three retransmissions (0.2, 0.6 and 1.4 s after the
/// first sending, where its timer is at its smallest) have come and gone too.
const HANGS: Duration = Duration::from_secs(2);

/// …and so many times as long as the slower clamped one took: a line that is only slow is slow for both.
const HANGS_TIMES: u32 = 4;

/// How far a connection must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// The TLS handshake, whose certificates fill several segments. No request is sent.
    Handshake,
    /// The head of an answer.
    Answer,
}

/// Ends, with what to report, once it is shown that a black hole swallows what `address` sends; never otherwise. To be raced
/// against the visit's own connection, which has begun.
pub(super) async fn shown(
    dialer: &Dialer,
    target: &Target,
    address: SocketAddr,
    (goal, until): (Goal, Until),
) -> Failure {
    sleep(until.left().mul_f64(ALONE)).await;
    let begun = Instant::now();
    let clamped = dialer.within(until.left()).with_segments_of(CLAMPED);
    let unclamped = dialer.within(until.left());
    let small = join_all((0..CLAMPED_TRIED).map(|_| arrives(&clamped, target, address, goal)));
    let compared = async {
        if small.await.iter().any(Result::is_err) {
            return None;
        }
        let took = begun.elapsed();
        let patience = HANGS.max(took.saturating_mul(HANGS_TIMES)).saturating_sub(took);
        // The visit ends sooner: too little was seen.
        if patience >= until.left() {
            return None;
        }
        sleep(patience).await;
        Some(took)
    };
    tokio::select! {
        biased;
        // However it ends: it did not hang.
        () = answers(&unclamped, target, address, goal) => pending().await,
        compared = compared => match compared {
            Some(took) => failure(goal, took),
            None => pending().await,
        },
    }
}

fn failure(goal: Goal, took: Duration) -> Failure {
    let stage = match goal {
        Goal::Handshake => Stage::Tls,
        Goal::Answer => Stage::Http,
    };
    Failure::with(stage, Cause::MtuBlackHole, format!("MSS {CLAMPED}: {} ms", took.as_millis()))
}

/// A connection of its own, up to the goal. A certificate that is refused has arrived.
async fn arrives(dialer: &Dialer, target: &Target, address: SocketAddr, goal: Goal) -> Result<(), Failure> {
    let connection = match dialer.connect_to(target, address).await {
        Ok(connection) => connection,
        Err(error) if goal == Goal::Handshake && error.tls.is_some() => return Ok(()),
        Err(error) => return Err(error.failure),
    };
    if goal == Goal::Handshake {
        return Ok(());
    }
    let limit = dialer.config().answer_timeout;
    let mut session =
        Session::<Empty<Bytes>>::start(connection, limit).await.map_err(|error| error.failure)?;
    let request = get(&session, target)?;
    session.send(request).await.map(drop)
}

/// Ends when a full-size connection comes to another end than silence.
async fn answers(dialer: &Dialer, target: &Target, address: SocketAddr, goal: Goal) {
    if let Err(failure) = arrives(dialer, target, address, goal).await
        && failure.cause == Cause::Timeout
    {
        pending::<()>().await;
    }
}
