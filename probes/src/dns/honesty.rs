//! Does a resolver answer for names that do not exist? (NXDOMAIN rewriting, RFC 8020's opposite.)

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use super::conduct::Asker;
use super::test_names::names_of_nobody;
use super::wire::{Manner, full_name};

/// Whether it does, and which addresses it answers; `None` when no answer tells.
pub(super) async fn watch(asker: &Asker) -> (Option<bool>, Vec<String>) {
    let (mut honest, mut addresses) = (false, Vec::new());
    for name in names_of_nobody() {
        let Ok(name) = full_name(&name) else { continue };
        let Ok(reply) = asker.udp_twice(&name, RecordType::A, Manner::default()).await else { continue };
        let found = reply.addresses();
        honest |= found.is_empty() && matches!(reply.code(), ResponseCode::NXDomain | ResponseCode::NoError);
        for address in found.iter().map(ToString::to_string) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    let rewrites = if addresses.is_empty() { honest.then_some(false) } else { Some(true) };
    (rewrites, addresses)
}
