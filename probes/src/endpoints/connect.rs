//! One connection of a visit: the name, TCP with a second attempt, TLS. What is met is noted as it comes.

use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sonde_report::values::Phases;
use sonde_report::{Cause, Failure, Stage};

use super::hole::{self, Goal};
use super::visit::{Notes, Until, note};
use crate::clock::micros;
use crate::dial::{Connection, DialError, Dialer, HEAD_START, Scheme, Target};
use crate::dns::{Altered, altered};

/// What the first attempt at TCP may use of the time left: two SYNs of RFC 6298's timer fit in half of 6 s, and two
/// more in the second attempt.
const FIRST_ATTEMPT: f64 = 0.5;

/// What one stage may use of the time left when nothing is tried after it: then its own limit names it.
const LAST_ATTEMPT: f64 = 0.9;

/// Between two attempts: what reset or refused in passing has passed.
const PAUSE: Duration = Duration::from_millis(200);

/// Addresses of a name that are tried: two of each family. A service none of whose four answer does not hang on a fifth.
const TRIED: usize = 4;

/// Connects: through the proxy where one applies, otherwise to the addresses of the name, after a look at what the
/// resolver answered. A lone reset or silence is tried once more.
pub(super) async fn connect(
    dialer: &Dialer,
    target: &Target,
    until: Until,
    notes: Notes<'_>,
) -> Result<Connection, DialError> {
    if dialer.proxy_for(&target.host, target.port).is_some() {
        {
            let mut visit = note(notes);
            visit.via_proxy = true;
            visit.stage = Some(Stage::Proxy);
        }
        return through_proxy(dialer, target, until, notes).await;
    }
    let addresses = resolve(dialer, target, until, notes).await?;
    match attempt(dialer, target, &addresses, (FIRST_ATTEMPT, until), notes).await {
        Err(error) if is_lone(&error.failure) => {
            second(&error.failure, notes).await;
            attempt(dialer, target, &addresses, (LAST_ATTEMPT, until), notes).await
        }
        outcome => outcome,
    }
}

/// Connects through the proxy; when the proxy itself does not take the connection, once more.
async fn through_proxy(
    dialer: &Dialer,
    target: &Target,
    until: Until,
    notes: Notes<'_>,
) -> Result<Connection, DialError> {
    // A proxy that connects far away is slow to answer: its time is not halved.
    let dialling = || dialer.within(until.left().mul_f64(LAST_ATTEMPT));
    let failed = match dialling().connect(target).await {
        Err(error) => error,
        connected => return connected,
    };
    let in_tcp = failed.phases.dns_us.is_some() && failed.phases.tcp_us.is_none();
    if !in_tcp || !is_quick(failed.failure.cause) {
        return Err(failed);
    }
    second(&failed.failure, notes).await;
    dialling().connect(target).await
}

/// Notes the first attempt's failure and lets a moment pass.
async fn second(failure: &Failure, notes: Notes<'_>) {
    {
        let mut visit = note(notes);
        if visit.first() {
            visit.first_attempt = Some(failure.clone());
        }
    }
    tokio::time::sleep(PAUSE).await;
}

/// Whether one such failure proves nothing: a reset or silence before any request was sent.
pub(super) fn is_lone(failure: &Failure) -> bool {
    match failure.stage {
        Stage::Tcp => is_quick(failure.cause),
        Stage::Tls => failure.cause == Cause::ConnectionReset,
        _ => false,
    }
}

/// Whether a connection's cause may be gone a moment later.
fn is_quick(cause: Cause) -> bool {
    matches!(cause, Cause::Timeout | Cause::ConnectionRefused | Cause::ConnectionReset)
}

/// The addresses of the target's name worth trying. An answer that leads nowhere is the end of it.
async fn resolve(
    dialer: &Dialer,
    target: &Target,
    until: Until,
    notes: Notes<'_>,
) -> Result<Vec<SocketAddr>, DialError> {
    let stop = |failure| DialError { failure, phases: Phases::default(), address: None, tls: None };
    note(notes).stage = Some(Stage::Dns);
    let start = Instant::now();
    let dialer = dialer.within(until.left().mul_f64(LAST_ATTEMPT));
    let addresses = dialer.resolve(&target.host, target.port).await.map_err(stop)?;
    let dns_us = micros(start.elapsed());
    let pinned = dialer.config().pinned_names.iter().any(|(name, _)| *name == target.host);
    let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    let seen = altered(&target.host, &ips).filter(|_| !pinned);
    let nowhere = seen == Some(Altered::Nowhere);
    let mut visit = note(notes);
    visit.stage = Some(Stage::Tcp);
    if visit.first() {
        visit.phases.dns_us = Some(dns_us);
        visit.altered = seen;
        visit.address = ips.first().copied();
        if !nowhere {
            visit.resolved.clone_from(&addresses);
        }
    }
    if nowhere {
        let listed = ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(stop(Failure::with(Stage::Dns, Cause::DnsAltered, listed)));
    }
    Ok(addresses)
}

/// One attempt: TCP to the address that accepts first, then TLS.
async fn attempt(
    dialer: &Dialer,
    target: &Target,
    addresses: &[SocketAddr],
    (share, until): (f64, Until),
    notes: Notes<'_>,
) -> Result<Connection, DialError> {
    note(notes).stage = Some(Stage::Tcp);
    match open(dialer, target, addresses, until.left().mul_f64(share), until, Some(notes)).await {
        Err(Unopened::Refused(refused)) => {
            let failed = last_of(&refused);
            let mut visit = note(notes);
            if visit.first() {
                visit.refused = refused;
            }
            Err(failed)
        }
        Err(Unopened::Undressed(error)) => {
            let mut visit = note(notes);
            if visit.first() {
                visit.refused.clear();
                visit.accepted = error.address.map(|address| (address, Some(error.failure.clone())));
            }
            Err(error)
        }
        Ok(connection) => {
            let mut visit = note(notes);
            if visit.first() {
                visit.refused.clear();
                visit.accepted = Some((connection.peer.ip(), None));
            }
            Ok(connection)
        }
    }
}

/// Why no session came about.
pub(super) enum Unopened {
    /// No address accepted a connection.
    Refused(Vec<(SocketAddr, Failure)>),
    /// One did, and TLS failed on it.
    Undressed(DialError),
}

/// TCP to whichever address accepts first, within `tcp_limit` all together, then TLS within the visit's time. With
/// `notes`, how far it got is noted, and a handshake that hangs is looked into: it is the visit's own connection.
pub(super) async fn open(
    dialer: &Dialer,
    target: &Target,
    addresses: &[SocketAddr],
    tcp_limit: Duration,
    until: Until,
    notes: Option<Notes<'_>>,
) -> Result<Connection, Unopened> {
    let tried = two_of_each(addresses);
    // Each starts a little after the one before, and all end together.
    let others = u32::try_from(tried.len().saturating_sub(1)).unwrap_or(0);
    let each = tcp_limit.saturating_sub(HEAD_START * others);
    let (tcp, elapsed) = dialer.within(each).race(&tried).await.map_err(Unopened::Refused)?;
    if let (Some(notes), Ok(peer)) = (notes, tcp.peer_addr()) {
        let mut visit = note(notes);
        (visit.stage, visit.address) = (Some(Stage::Tls), Some(peer.ip()));
    }
    let phases = Phases { tcp_us: Some(micros(elapsed)), ..Phases::default() };
    let address = tcp.peer_addr().ok().filter(|_| notes.is_some() && target.scheme == Scheme::Https);
    let swallowed = async {
        match address {
            Some(address) => hole::shown(dialer, target, address, (Goal::Handshake, until)).await,
            None => pending().await,
        }
    };
    let dressing = dialer.within(until.left().mul_f64(LAST_ATTEMPT));
    tokio::select! {
        biased;
        dressed = dressing.dress(target, tcp, phases, None) => dressed.map_err(Unopened::Undressed),
        failure = swallowed => {
            let address = address.map(|address| address.ip());
            Err(Unopened::Undressed(DialError { failure, phases, address, tls: None }))
        }
    }
}

/// The first two addresses of each family, in the given order.
fn two_of_each(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let (mut v4, mut v6) = (0, 0);
    let mut wanted = |address: &&SocketAddr| {
        let count = if address.is_ipv4() { &mut v4 } else { &mut v6 };
        *count += 1;
        *count <= TRIED / 2
    };
    addresses.iter().filter(|address| wanted(address)).copied().collect()
}

/// The error of an attempt that no address accepted: the last one's, and what the others said.
fn last_of(refused: &[(SocketAddr, Failure)]) -> DialError {
    let (address, failure) = match refused.last() {
        Some((address, failure)) => (Some(address.ip()), failure.clone()),
        None => (None, Failure::new(Stage::Dns, Cause::NoAddress)),
    };
    DialError { failure, phases: Phases::default(), address, tls: None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn two_addresses_of_each_family_are_tried() {
        let of = |list: &[&str]| list.iter().map(|one| one.parse().expect("an address")).collect::<Vec<_>>();
        let many = of(&["192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "[2001:db8::1]:1"]);
        assert_eq!(two_of_each(&many), of(&["192.0.2.1:1", "192.0.2.2:1", "[2001:db8::1]:1"]));
        assert_eq!(two_of_each(&[]), []);
    }

    #[test]
    fn only_what_may_have_passed_before_a_request_is_tried_again() {
        for (stage, cause, again) in [
            (Stage::Tcp, Cause::Timeout, true),
            (Stage::Tcp, Cause::ConnectionRefused, true),
            (Stage::Tcp, Cause::Unreachable, false),
            (Stage::Tls, Cause::ConnectionReset, true),
            (Stage::Tls, Cause::UnknownIssuer, false),
            (Stage::Tls, Cause::Timeout, false),
            // A second GET of one host in a run is one too many.
            (Stage::Http, Cause::ConnectionReset, false),
        ] {
            assert_eq!(is_lone(&Failure::new(stage, cause)), again, "{stage:?} {cause:?}");
        }
    }
}
