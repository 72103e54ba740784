//! Which ways and sizes of answer come through: TCP, EDNS, above 512 and above 1232 bytes over UDP, and from a truncated
//! answer to the whole one (RFC 7766, RFC 6891, RFC 9715).
//!
//! An answer that does not come over UDP is only called lost when the same one comes over TCP: otherwise it may be the
//! resolver that could not get it.

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RecordType};
use sonde_report::values::{DnsDelivery, DnsDeliveryState, DnsTransport};
use sonde_report::{Cause, Failure};

use super::conduct::Asker;
use super::test_names::{TestName, TestNames};
use super::wire::{Manner, Reply, full_name};

/// What DNS without EDNS allows over UDP, bytes (RFC 1035, 2.3.4).
const PLAIN_LIMIT: usize = 512;

/// What fits every path without fragments, bytes (DNS flag day 2020; RFC 9715 allows 1400).
const SAFE_SIZE: u16 = 1232;

/// What older resolvers and clients allow (RFC 6891, 6.2.5), bytes: the answer then comes in fragments, or is lost.
const OLD_SIZE: u16 = 4096;

/// Tries every way and size. `any` is a name that gets an answer of some kind. `signed` receives the whole answer to a
/// signed name.
pub(super) async fn watch(
    asker: &Asker,
    any: &str,
    names: &TestNames,
    transport: &mut DnsTransport,
    signed: &mut Option<Reply>,
) {
    if let Ok(name) = full_name(any) {
        transport.edns = speaks_edns(asker, &name).await;
        transport.tcp = Some(match asker.tcp(&name, RecordType::A, Manner::default()).await {
            Ok(reply) => delivered(DnsDeliveryState::Whole, &reply),
            Err(failure) => lost(failure),
        });
    }
    // Without EDNS no larger answer can be asked for.
    if transport.edns == Some(false) {
        return;
    }
    for test in &names.signed {
        let manner = Manner::signed(SAFE_SIZE);
        let Some(seen) = try_size(asker, test, manner, PLAIN_LIMIT).await else { continue };
        transport.above_512 = seen.delivery;
        note_fall_back(transport, seen.falls_back);
        if let Some(whole) = seen.whole {
            *signed = Some(whole);
            break;
        }
    }
    for test in &names.large {
        let manner = Manner { edns: Some(OLD_SIZE), ..Manner::default() };
        let Some(seen) = try_size(asker, test, manner, usize::from(SAFE_SIZE)).await else { continue };
        transport.above_1232 = seen.delivery;
        note_fall_back(transport, seen.falls_back);
        if transport.above_1232.is_some() {
            break;
        }
    }
}

/// Whether a small question with EDNS gets an answer with EDNS; `None` when it was something else that failed.
async fn speaks_edns(asker: &Asker, name: &Name) -> Option<bool> {
    match asker.udp_twice(name, RecordType::A, Manner::signed(SAFE_SIZE)).await {
        // FORMERR and NOTIMP are what servers from before EDNS answer (RFC 6891, 7).
        Ok(reply) => Some(
            reply.message.edns.is_some()
                && !matches!(reply.code(), ResponseCode::FormErr | ResponseCode::NotImp),
        ),
        // The same name without EDNS was answered.
        Err(failure) if failure.cause == Cause::Timeout => Some(false),
        Err(_) => None,
    }
}

/// What was seen of one answer.
struct Seen {
    /// How it came over UDP; `None` when that cannot be told.
    delivery: Option<DnsDelivery>,
    /// Whether TCP gave the whole of what was truncated; `None` when nothing was.
    falls_back: Option<bool>,
    /// The answer, whole, by whichever way.
    whole: Option<Reply>,
}

/// Asks for a name whose answer is above `size` bytes; `None` when the name cannot be asked for.
async fn try_size(asker: &Asker, test: &TestName, manner: Manner, size: usize) -> Option<Seen> {
    let (name, kind) = (full_name(&test.name).ok()?, test.record_type()?);
    let over_udp = asker.udp_twice(&name, kind, manner).await;
    let over_tcp = match &over_udp {
        Ok(reply) if !reply.truncated() => None,
        Ok(_) | Err(_) => {
            let reply = asker.tcp(&name, kind, manner).await;
            Some(reply.ok().filter(|reply| given(reply, kind)))
        }
    };
    Some(match (over_udp, over_tcp) {
        (Ok(reply), None) => {
            let whole = given(&reply, kind);
            let told = whole && reply.bytes > size;
            Seen {
                delivery: told.then(|| delivered(DnsDeliveryState::Whole, &reply)),
                falls_back: None,
                whole: whole.then_some(reply),
            }
        }
        (Ok(reply), Some(whole)) => Seen {
            delivery: Some(delivered(DnsDeliveryState::Truncated, &reply)),
            falls_back: Some(whole.is_some()),
            whole,
        },
        (Err(failure), whole) => {
            let whole = whole.flatten();
            let told =
                failure.cause == Cause::Timeout && whole.as_ref().is_some_and(|reply| reply.bytes > size);
            Seen { delivery: told.then(|| lost(failure)), falls_back: None, whole }
        }
    })
}

/// Whether the whole of what was asked for is there.
fn given(reply: &Reply, kind: RecordType) -> bool {
    reply.code() == ResponseCode::NoError && !reply.truncated() && reply.holds(kind)
}

fn note_fall_back(transport: &mut DnsTransport, seen: Option<bool>) {
    // One that does not fall back outweighs one that does.
    transport.truncation_falls_back = match (transport.truncation_falls_back, seen) {
        (Some(before), Some(now)) => Some(before && now),
        (before, now) => before.or(now),
    };
}

fn delivered(state: DnsDeliveryState, reply: &Reply) -> DnsDelivery {
    DnsDelivery { state, bytes: u32::try_from(reply.bytes).ok(), failure: None }
}

fn lost(failure: Failure) -> DnsDelivery {
    DnsDelivery { state: DnsDeliveryState::Lost, bytes: None, failure: Some(failure) }
}
