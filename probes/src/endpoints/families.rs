//! Which IP families get to a host: beside the visit, which takes whichever answers first, a connection over the other
//! one. No request is sent on it: one GET for each host and run.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sonde_report::values::{FamilyOutcome, FamilyReach};
use sonde_report::{Cause, Failure, Stage};

use super::connect::{Unopened, is_lone, open};
use super::visit::{Notes, Until, note};
use crate::dial::{Dialer, Family, Target};

/// Less than a satellite's three round trips of 600 ms, and silence would prove nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// What TCP may use of the time left: as the visit's first attempt.
const TCP_SHARE: f64 = 0.5;

/// Notes how far each family gets to the host of `target`, once the visit's own connection is known.
pub(super) async fn look(dialer: &Dialer, target: &Target, until: Until, notes: Notes<'_>) {
    let (resolved, refused, accepted) = {
        let visit = note(notes);
        (visit.resolved.clone(), visit.refused.clone(), visit.accepted.clone())
    };
    if resolved.is_empty() {
        return;
    }
    for family in [Family::V4, Family::V6] {
        let forced = dialer.config().family;
        if forced != Family::Auto && forced != family {
            continue;
        }
        let met = accepted.as_ref().filter(|(address, _)| family.allows(*address));
        let of_family: Vec<SocketAddr> =
            resolved.iter().filter(|address| family.allows(address.ip())).copied().collect();
        let stopped = refused.iter().rev().find(|(address, _)| family.allows(address.ip()));
        let reach = match (met, stopped, of_family.as_slice()) {
            (Some((address, None)), ..) => Some((Some(*address), FamilyOutcome::Connected)),
            (Some((address, Some(failure))), ..) => Some((Some(*address), failed(failure.clone()))),
            // An address in the place of a name has no other family.
            (None, _, []) if target.host.parse::<IpAddr>().is_ok() => None,
            (None, _, []) => Some((None, FamilyOutcome::NoAddress)),
            (None, _, [first, ..]) if !of_family.iter().any(|address| dialer.has_route(*address)) => {
                Some((Some(first.ip()), FamilyOutcome::NoRoute))
            }
            // No address of either family accepted: it was tried twice.
            (None, Some((address, failure)), _) => Some((Some(address.ip()), failed(failure.clone()))),
            (None, None, addresses) => try_over(dialer, target, addresses, until).await,
        };
        if let Some((address, outcome)) = reach {
            let number = if family == Family::V4 { 4 } else { 6 };
            let address = address.map(|address| address.to_string());
            note(notes).families.push(FamilyReach { family: number, address, outcome });
        }
    }
}

fn failed(failure: Failure) -> FamilyOutcome {
    FamilyOutcome::Failed { failure }
}

/// Connects over one family, and once more after a lone reset. `None`: too little time was left to tell.
async fn try_over(
    dialer: &Dialer,
    target: &Target,
    addresses: &[SocketAddr],
    until: Until,
) -> Option<(Option<IpAddr>, FamilyOutcome)> {
    let mut last = None;
    for _ in 0..2 {
        if until.left() < PATIENCE {
            break;
        }
        let limit = until.left().mul_f64(TCP_SHARE);
        let (address, failure) = match open(dialer, target, addresses, limit, until, None).await {
            Ok(connection) => return Some((Some(connection.peer.ip()), FamilyOutcome::Connected)),
            Err(Unopened::Undressed(error)) => (error.address, error.failure),
            Err(Unopened::Refused(refused)) => match refused.into_iter().next_back() {
                Some((address, failure)) => (Some(address.ip()), failure),
                None => return None,
            },
        };
        // Silence has had two SYNs already.
        let again = is_lone(&failure) && failure.cause != Cause::Timeout;
        last = Some((address, failed(failure)));
        if !again {
            break;
        }
    }
    last
}

/// Whether IPv6 is broken: an address and a route, no session, while IPv4 stands. A certificate that is refused is an
/// answer.
pub(super) fn ipv6_is_broken(families: &[FamilyReach]) -> bool {
    let of = |number: u8| families.iter().find(|reach| reach.family == number).map(|reach| &reach.outcome);
    let silent = match of(6) {
        Some(FamilyOutcome::Failed { failure }) => {
            matches!(failure.stage, Stage::Tcp | Stage::Tls)
                && matches!(
                    failure.cause,
                    Cause::Timeout
                        | Cause::MtuBlackHole
                        | Cause::ConnectionRefused
                        | Cause::ConnectionReset
                        | Cause::ConnectionClosed
                        | Cause::Unreachable
                )
        }
        _ => false,
    };
    silent && of(4) == Some(&FamilyOutcome::Connected)
}
