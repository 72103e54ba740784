//! Does a resolver pass signatures on, and does it check them?
//!
//! SERVFAIL for a broken name proves nothing alone: the name's servers may be out of reach. Only a resolver that then
//! gives the name when told not to check (CD) has shown that the signature was what it refused.

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use sonde_report::values::{Dnssec, DnssecValidation};

use super::conduct::Asker;
use super::test_names::TestName;
use super::wire::{Manner, Reply, full_name};

/// Asks for names with a broken signature until one tells. `lies`: the resolver answers for any name, so that an
/// address proves nothing. `refused` says whether one was refused without that proof.
pub(super) async fn watch(
    asker: &Asker,
    broken: &[TestName],
    lies: bool,
    dnssec: &mut Dnssec,
    refused: &mut bool,
) {
    if lies {
        return;
    }
    for test in broken {
        let (Ok(name), Some(kind)) = (full_name(&test.name), test.record_type()) else { continue };
        let Ok(reply) = asker.udp(&name, kind, Manner::default()).await else { continue };
        let told = if gives(&reply, kind) {
            Some(DnssecValidation::NotValidating)
        } else if reply.code() == ResponseCode::ServFail {
            *refused = true;
            let unchecked = Manner { unchecked: true, ..Manner::default() };
            let again = asker.udp(&name, kind, unchecked).await;
            again.is_ok_and(|reply| gives(&reply, kind)).then_some(DnssecValidation::Validating)
        } else {
            None
        };
        if let Some(told) = told {
            dnssec.validation = told;
            dnssec.broken_name = Some(test.name.clone());
            return;
        }
    }
}

fn gives(reply: &Reply, kind: RecordType) -> bool {
    reply.code() == ResponseCode::NoError && (reply.holds(kind) || reply.truncated())
}

/// Reads the answer to a signed name asked for with its signatures.
pub(super) fn read_signed(reply: &Reply, dnssec: &mut Dnssec) {
    dnssec.signatures = Some(reply.holds(RecordType::RRSIG));
    dnssec.authentic_data = Some(reply.message.metadata.authentic_data);
}

/// A resolver that vouches for signed names and refuses a broken one checks, also where it does not heed CD.
pub(super) fn conclude(dnssec: &mut Dnssec, refused_broken: bool) {
    if dnssec.validation == DnssecValidation::Unknown && refused_broken && dnssec.authentic_data == Some(true)
    {
        dnssec.validation = DnssecValidation::Validating;
    }
}
