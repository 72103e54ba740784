//! What the machine appends to names, and whether one of those domains answers for anything: a wildcard there turns
//! every mistyped or unknown name into an address, and with `ndots` above 1 public names, too.

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use sonde_report::values::{DnsSearchDomain, DnsSearchList};

use super::conduct::Asker;
use super::test_names::random_label;
use super::wire::{Manner, full_name};

/// Search domains that are tried: schools have one or two, and each costs a question to each resolver.
const TRIED: usize = 3;

/// The machine's search domains: resolv.conf, or the Windows suffix list and primary suffix. `None` when they cannot be
/// read (no resolver configured, for instance).
#[must_use]
pub fn search_list() -> Option<DnsSearchList> {
    let (config, options) = read_system_conf().ok()?;
    let listed: Vec<&Name> = config.search().iter().collect();
    // Windows appends the machine's primary suffix where no list is set; elsewhere the list holds it already.
    let primary = config.domain().filter(|_| cfg!(windows) && listed.is_empty());
    let domains = listed.into_iter().chain(primary).filter(|name| !name.is_root());
    Some(DnsSearchList {
        domains: domains.map(|name| name.to_utf8().trim_end_matches('.').to_owned()).collect(),
        ndots: cfg!(unix).then(|| u32::try_from(options.ndots).unwrap_or(u32::MAX)),
    })
}

/// Asks for a name that cannot exist below each search domain. `lies`: the resolver answers for any name anywhere, so
/// that an answer here is not the domain's. A domain that holds a school's code is not asked for: no question of ours
/// carries one.
pub(super) async fn watch(
    asker: &Asker,
    list: Option<&DnsSearchList>,
    lies: bool,
    found: &mut Vec<DnsSearchDomain>,
) {
    for domain in list.iter().flat_map(|list| &list.domains).take(TRIED) {
        let mut seen = DnsSearchDomain { domain: domain.clone(), wildcard: None, addresses: Vec::new() };
        if !lies && !holds_uai(domain) {
            let reply = match full_name(&format!("{}.{domain}", random_label())) {
                Ok(name) => asker.udp_twice(&name, RecordType::A, Manner::default()).await.ok(),
                Err(_) => None,
            };
            if let Some(reply) = reply {
                seen.addresses = reply.addresses().iter().map(ToString::to_string).collect();
                let told = matches!(reply.code(), ResponseCode::NoError | ResponseCode::NXDomain);
                seen.wildcard = told.then_some(!seen.addresses.is_empty());
            }
        }
        found.push(seen);
    }
}

/// Whether a UAI stands in a name: seven digits and a letter, as académies name schools' domains.
pub(crate) fn holds_uai(domain: &str) -> bool {
    let bytes = domain.as_bytes();
    bytes.windows(8).enumerate().any(|(at, window)| {
        let (digits, letter) = window.split_at(7);
        let alone = at == 0 || !bytes[at - 1].is_ascii_digit();
        alone && digits.iter().all(u8::is_ascii_digit) && letter[0].is_ascii_alphabetic()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_s_code_in_a_domain_is_seen() {
        for domain in ["0940176f.ac-creteil.example", "ecole-0940176F.lan", "9999991f"] {
            assert!(holds_uai(domain), "{domain}");
        }
        for domain in ["lan", "ecole.example", "12345678.example", "094017f.example", "00940176f.lan"] {
            assert!(!holds_uai(domain), "{domain}");
        }
    }
}
