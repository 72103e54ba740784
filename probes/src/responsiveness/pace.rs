//! How often to probe, so that the probes are no load of their own.
//!
//! The draft allows 100 probes a second and 5 % of the capacity. A transfer beside them is being judged against a
//! threshold, so the usual pace keeps to 1 %; a slow line, where that would leave too few to count, gets more, and never
//! more than 5 % with everything.

use std::ops::AddAssign;
use std::time::Duration;

/// Share of the line that probes on new connections usually take.
const USUAL_SHARE: f64 = 0.01;
/// Share they may take where they would otherwise be rarer than [`SPARSE`].
const MOST_SHARE: f64 = 0.03;
/// Share of the echo requests: with the above it makes 4 %.
#[cfg(any(test, target_os = "linux"))]
const ECHO_SHARE: f64 = 0.01;
/// Ten new connections a second are enough for a mean over a few seconds, and a tenth of the draft's bound.
const SHORTEST: Duration = Duration::from_millis(100);
/// Twenty echo requests a second: a queue's length swings by half while its loads recover from losses, and its median over a
/// few seconds wants more of them; they are small.
#[cfg(any(test, target_os = "linux"))]
const ECHO_SHORTEST: Duration = Duration::from_millis(50);
/// Two a second still make ten in a short transfer.
const SPARSE: Duration = Duration::from_millis(500);
/// Rarer than that there is no figure to hope for: longer than any transfer.
const LONGEST: Duration = Duration::from_secs(60);

// What things cost on the wire, both ways, IP layer: IPv4 with TCP timestamps (a head of 52 bytes; IPv6 costs 20 more for
// each packet, and the shares leave room for that). A test counts the real ones.
/// A packet's head.
const HEAD: u64 = 52;
/// SYN and SYN-ACK of 60 bytes, an ACK, and the end of the connection.
const TCP: Moved = Moved { sent: 60 + 2 * HEAD, received: 60 + HEAD };
/// A request head of some 110 bytes, an answer's of some 300, and an ACK.
const HTTP: Moved = Moved { sent: 110 + 2 * HEAD, received: 300 + HEAD };
/// Hellos (some 240 and 130 bytes), the rest of the server's flight but the chain (200), the client's end (80), two
/// tickets (500), and some six packets.
const TLS: Moved = Moved { sent: 240 + 80 + 3 * HEAD, received: 130 + 200 + 500 + 3 * HEAD };
/// A TLS chain's bytes as long as none was seen: two certificates of a public authority.
const USUAL_CHAIN: u64 = 3_500;
/// A TCP segment's payload, for the headers that a chain needs.
const SEGMENT: u64 = 1_400;
/// An echo request and its reply with 56 bytes of payload.
#[cfg(any(test, target_os = "linux"))]
pub(super) const ECHO: Moved = Moved { sent: 20 + 8 + 56, received: 20 + 8 + 56 };
/// A WebSocket ping or pong in a segment, and the ACK it may cost, both ways.
const PING: Moved = Moved { sent: HEAD + 14 + HEAD, received: HEAD + 14 + HEAD };

/// Bytes that probes moved, IP layer, estimated from their protocols.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// From this machine, bytes.
    pub sent: u64,
    /// To this machine, bytes.
    pub received: u64,
}

impl Moved {
    /// Both ways, bytes.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.sent.saturating_add(self.received)
    }
}

impl AddAssign for Moved {
    fn add_assign(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
    }
}

/// What one probe on a new connection costs. `chain`: the certificates' bytes, where TLS is spoken and they were seen.
pub(super) fn foreign(tls: bool, chain: Option<u64>) -> Moved {
    let mut moved = TCP;
    moved += HTTP;
    if tls {
        let chain = chain.unwrap_or(USUAL_CHAIN);
        let heads = chain.div_ceil(SEGMENT) * HEAD;
        moved += TLS;
        moved += Moved { sent: heads, received: chain + heads };
    }
    moved
}

/// What so many pings that were answered on a loaded connection cost.
pub(super) fn pings(answered: usize) -> Moved {
    let count = answered as u64;
    Moved { sent: PING.sent * count, received: PING.received * count }
}

/// Time between two probes on new connections of so many bytes each.
pub(super) fn foreign_interval(bytes: u64, rate_bps: u64) -> Duration {
    let (usual, most) = (takes(bytes, rate_bps, USUAL_SHARE), takes(bytes, rate_bps, MOST_SHARE));
    usual.min(most.max(SPARSE)).clamp(SHORTEST, LONGEST)
}

/// Time between two echo requests.
#[cfg(any(test, target_os = "linux"))]
pub(super) fn echo_interval(rate_bps: u64) -> Duration {
    takes(ECHO.total(), rate_bps, ECHO_SHARE).clamp(ECHO_SHORTEST, LONGEST)
}

/// How long so many bytes take at a share of the rate.
fn takes(bytes: u64, rate_bps: u64, share: f64) -> Duration {
    let seconds = bytes as f64 * 8.0 / (rate_bps as f64 * share);
    Duration::try_from_secs_f64(seconds.min(LONGEST.as_secs_f64())).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of the line that everything together takes.
    fn share(rate_bps: u64, tls: bool) -> f64 {
        let foreign = foreign(tls, None).total();
        let per_second = foreign as f64 / foreign_interval(foreign, rate_bps).as_secs_f64()
            + ECHO.total() as f64 / echo_interval(rate_bps).as_secs_f64();
        per_second * 8.0 / rate_bps as f64
    }

    #[test]
    fn probes_take_at_most_a_twentieth_of_any_line() {
        for rate in [100_000, 300_000, 1_000_000, 2_000_000, 8_000_000, 100_000_000] {
            for tls in [false, true] {
                assert!(share(rate, tls) <= 0.05, "{rate} {tls}: {}", share(rate, tls));
            }
        }
        assert!(share(8_000_000, true) < 0.025, "{}", share(8_000_000, true));
    }

    #[test]
    fn at_eight_megabits_a_short_transfer_has_enough_of_them() {
        let interval = foreign_interval(foreign(true, None).total(), 8_000_000);
        assert!(interval <= Duration::from_millis(500), "{interval:?}");
        assert!(foreign_interval(foreign(false, None).total(), 8_000_000) < Duration::from_millis(200));
    }

    #[test]
    fn no_rate_breaks_the_arithmetic() {
        for rate in [0, 1, u64::MAX] {
            for bytes in [0, 1, u64::MAX] {
                let interval = foreign_interval(bytes, rate);
                assert!((SHORTEST..=LONGEST).contains(&interval));
            }
            assert!((ECHO_SHORTEST..=LONGEST).contains(&echo_interval(rate)));
        }
        // A line too slow for any probe within its share: one in a minute at most.
        assert_eq!(foreign_interval(foreign(true, None).total(), 10_000), LONGEST);
    }
}
