//! The way to a host, hop by hop: which routers answer, and how far away each is.
//!
//! On Linux only. With the right to raw sockets, TTL-limited ICMP echo; without, TTL-limited UDP whose errors the
//! kernel hands back on the socket's error queue, as tracepath does. All distances are asked at once, silent ones
//! once more. Not a measure of loss: routers answer when they have time.

#[cfg(target_os = "linux")]
mod error_queue;
#[cfg(target_os = "linux")]
mod mtu;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use sonde_report::values::{Hop, NatHint, PathMethod, PathMtu, PathValue};
use sonde_report::{Caveat, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode};

use crate::{Env, clock::Stopwatch};

/// Silent hops in a row after which nothing further is shown: behind a filter the rest is silence too.
const SILENT_IN_A_ROW: usize = 5;

/// Where to.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address.
    pub host: String,
    /// The port that is meant there: routers are asked without one, but a `NO_PROXY` entry may be of one port.
    pub port: u16,
    /// Hops at most.
    pub max_hops: u8,
    /// Time allowed for each answer.
    pub timeout: Duration,
}

/// Asks the routers on the way to `config.host`, then how large packets to it may be. Takes about three times
/// `config.timeout` at most, after name resolution.
///
/// Not measured through a proxy, without any right, and on systems but Linux.
pub async fn run(config: &Config, env: &Env) -> Measurement<PathValue> {
    let watch = Stopwatch::start();
    if env.dialer.proxy_for(&config.host, config.port).is_some() {
        return watch.skip(&config.host, Reason::new(ReasonCode::NotThroughProxy));
    }
    let host = config.host.trim_start_matches('[').trim_end_matches(']');
    let addresses = match env.dialer.resolve(host, 0).await {
        Ok(addresses) => addresses,
        Err(failure) => return watch.fail(&config.host, failure),
    };
    // Routers of IPv4 are the rule on school lines, and both methods know them.
    let target = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first());
    let Some(target) = target.map(std::net::SocketAddr::ip) else {
        return watch.skip(&config.host, Reason::new(ReasonCode::NoTarget));
    };
    let question = Question {
        target,
        max_hops: config.max_hops.clamp(1, 64),
        timeout: config.timeout,
        interface: env.dialer.config().interface.clone(),
    };
    let begun = Instant::now();
    let outcome = match trace(&question).await {
        Ok((method, answers)) => value(method, &answers, largest(&question, begun).await),
        Err(Obstacle::Failed(failure)) => Outcome::Failed { failure },
        Err(Obstacle::NotMeasured(reason)) => Outcome::NotMeasured { reason },
    };
    watch.finish(&config.host, outcome)
}

/// How often a silent distance is asked.
#[cfg(target_os = "linux")]
const ROUNDS: u8 = 2;

/// What is asked.
#[derive(Debug, Clone)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
struct Question {
    target: IpAddr,
    max_hops: u8,
    timeout: Duration,
    interface: Option<String>,
}

/// Why nothing was learnt.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
enum Obstacle {
    /// It was tried: evidence about the site.
    Failed(Failure),
    /// It could not be tried: evidence about this machine.
    NotMeasured(Reason),
}

/// The number a question carries through the network: its distance, and which round asked it, so that a late answer
/// to the first is not timed from the second.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ticket(u16);

#[cfg(target_os = "linux")]
impl Ticket {
    fn new(round: u8, ttl: u8) -> Self {
        Self(u16::from(round) * (u16::from(u8::MAX) + 1) + u16::from(ttl))
    }

    fn ttl(self) -> u8 {
        self.0.to_le_bytes()[0]
    }
}

/// What one distance answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    from: IpAddr,
    rtt: Duration,
    /// Whether the way ends here: the target answered, or a router refused to go on.
    last: bool,
    /// Whether the target itself answered.
    target: bool,
}

/// Answers by distance; the first element is distance 1.
#[derive(Debug, Clone)]
struct Answers(Vec<Option<Answer>>);

#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
impl Answers {
    fn new(max_hops: u8) -> Self {
        Self(vec![None; usize::from(max_hops)])
    }

    /// Keeps the first answer for a distance; anything else (a late duplicate, a distance never asked) is dropped.
    fn keep(&mut self, ttl: u8, answer: Answer) {
        let slot = usize::from(ttl).checked_sub(1).and_then(|index| self.0.get_mut(index));
        if let Some(slot) = slot.filter(|slot| slot.is_none()) {
            *slot = Some(answer);
        }
    }

    /// The distance at which the way ends, as far as known.
    fn end(&self) -> Option<usize> {
        self.0.iter().position(|answer| answer.is_some_and(|answer| answer.last))
    }

    /// The distances that are still silent, up to the end.
    fn silent(&self) -> Vec<u8> {
        let end = self.end().unwrap_or(self.0.len());
        let silent = self.0.iter().take(end).enumerate().filter(|(_, answer)| answer.is_none());
        silent.filter_map(|(index, _)| u8::try_from(index + 1).ok()).collect()
    }

    /// Whether every distance up to the end has answered.
    fn complete(&self) -> bool {
        self.end().is_some() && self.silent().is_empty()
    }

    fn nothing(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// Asks with whatever this machine allows.
#[cfg(target_os = "linux")]
async fn trace(question: &Question) -> Result<(PathMethod, Answers), Obstacle> {
    use sonde_report::measurement::Remedy;
    let mut unanswered = None;
    match raw::trace(question).await {
        Ok(answers) if !answers.nothing() => return Ok((PathMethod::IcmpRaw, answers)),
        // Echo filtered, perhaps: UDP may pass.
        Ok(answers) => unanswered = Some((PathMethod::IcmpRaw, answers)),
        Err(TraceError::NotPossible) => {}
        Err(TraceError::Io(error)) => return Err(Obstacle::Failed(failure(&error))),
    }
    match error_queue::trace(question).await {
        Ok(answers) => Ok((PathMethod::UdpErrorQueue, answers)),
        Err(error) => match (unanswered, error) {
            (Some(unanswered), _) => Ok(unanswered),
            (None, TraceError::Io(error)) => Err(Obstacle::Failed(failure(&error))),
            (None, TraceError::NotPossible) => {
                Err(Obstacle::NotMeasured(Reason::remedied(ReasonCode::PermissionDenied, Remedy::GrantRight)))
            }
        },
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unused_async)]
async fn trace(_: &Question) -> Result<(PathMethod, Answers), Obstacle> {
    Err(Obstacle::NotMeasured(Reason::new(ReasonCode::UnsupportedSystem)))
}

/// How large packets may be, once the way is known: routers are not asked two things at once. With what that has left of
/// three times the time for an answer, less a little for the end.
#[cfg(target_os = "linux")]
async fn largest(question: &Question, begun: Instant) -> Option<PathMtu> {
    let until = begun + question.timeout.mul_f64(2.75);
    mtu::measure(
        question.target,
        question.interface.as_deref(),
        until.min(Instant::now() + 2 * question.timeout),
    )
    .await
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unused_async)]
async fn largest(_: &Question, _: Instant) -> Option<PathMtu> {
    None
}

/// Why one method could not be used.
#[cfg(target_os = "linux")]
#[derive(Debug)]
enum TraceError {
    /// The right is missing, or the method does not know this address family.
    NotPossible,
    /// The system refused for another reason (no route, above all).
    Io(std::io::Error),
}

#[cfg(target_os = "linux")]
impl From<std::io::Error> for TraceError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::PermissionDenied { Self::NotPossible } else { Self::Io(error) }
    }
}

#[cfg(target_os = "linux")]
impl From<nix::errno::Errno> for TraceError {
    fn from(error: nix::errno::Errno) -> Self {
        std::io::Error::from(error).into()
    }
}

#[cfg(target_os = "linux")]
fn failure(error: &std::io::Error) -> Failure {
    Failure::with(sonde_report::Stage::Icmp, crate::dial::io_cause(error), error.to_string())
}

/// The report's form: silence behind the last answer is cut, silence before it is told.
fn value(method: PathMethod, answers: &Answers, mtu: Option<PathMtu>) -> Outcome<PathValue> {
    let end = answers.end().map_or(answers.0.len(), |end| end + 1);
    let mut hops = Vec::new();
    let mut silent = 0;
    for (ttl, answer) in (1..=u8::MAX).zip(answers.0.iter().take(end)) {
        silent = if answer.is_none() { silent + 1 } else { 0 };
        hops.push(Hop {
            ttl,
            address: answer.map(|answer| answer.from.to_string()),
            rtt_us: answer.map(|answer| crate::clock::micros(answer.rtt)),
        });
    }
    let reached = answers.0.iter().flatten().any(|answer| answer.target);
    if answers.end().is_none() {
        // Keep as many silent hops as show that it is silence, not the end of what was asked.
        hops.truncate(hops.len().saturating_sub(silent) + silent.min(SILENT_IN_A_ROW));
    }
    let missing = hops.iter().filter(|hop| hop.address.is_none()).count();
    let caveats: Vec<Caveat> =
        if missing > 0 { vec![CaveatCode::SilentHops.with(missing.to_string())] } else { Vec::new() };
    let nat = nat_hint(&answers.0);
    Outcome::Measured { value: PathValue { method, hops, reached, nat, mtu }, caveats }
}

/// What the first routers' addresses tell of address translation; `None` where the first does not answer, is public
/// itself, or nothing behind it is known.
fn nat_hint(answers: &[Option<Answer>]) -> Option<NatHint> {
    let routers: Vec<IpAddr> = answers
        .iter()
        .take(NAT_HOPS)
        .map_while(|answer| answer.filter(|answer| !answer.target).map(|answer| answer.from))
        .collect();
    let [first, behind @ ..] = routers.as_slice() else { return None };
    if !is_private(*first) {
        return None;
    }
    if behind.iter().any(|router| is_shared(*router)) {
        return Some(NatHint::CarrierGrade);
    }
    let next = behind.first()?;
    Some(if is_private(*next) { NatHint::DoublePossible } else { NatHint::Single })
}

/// Routers looked at for address translation: the school's, and the operator's first.
const NAT_HOPS: usize = 4;

fn is_private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.is_private())
}

/// Shared address space (RFC 6598): 100.64.0.0/10.
fn is_shared(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
}

#[cfg(test)]
mod nat_tests {
    use super::*;

    fn hint(addresses: &[&str]) -> Option<NatHint> {
        let answer = |text: &&str| {
            let from = text.parse().ok()?;
            Some(Answer { from, rtt: Duration::from_millis(1), last: false, target: false })
        };
        nat_hint(&addresses.iter().map(answer).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_routers_tell_of_translation() {
        for (addresses, expected) in [
            (&["192.168.1.1", "80.10.0.1"][..], Some(NatHint::Single)),
            (&["192.168.0.1", "192.168.1.1", "80.10.0.1"], Some(NatHint::DoublePossible)),
            (&["192.168.1.1", "100.127.0.1", "80.10.0.1"], Some(NatHint::CarrierGrade)),
            (&["192.168.1.1", "10.1.2.3", "100.64.3.1"], Some(NatHint::CarrierGrade)),
            (&["192.168.1.1", "100.128.0.1"], Some(NatHint::Single)),
            (&["192.168.1.1", "?", "80.10.0.1"], None),
            (&["?", "192.168.1.1"], None),
            (&["80.10.0.1", "192.168.1.1"], None),
            (&["fe80::1", "2001:db8::1"], None),
            (&[], None),
        ] {
            assert_eq!(hint(addresses), expected, "{addresses:?}");
        }
    }
}
