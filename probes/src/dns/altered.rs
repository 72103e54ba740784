//! Addresses that no public name has.

use std::net::IpAddr;

/// How an answer for a public name cannot be the public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Altered {
    /// 0.0.0.0, `::` or loopback: nowhere.
    Nowhere,
    /// A private address: a filter's page, or a service the commune hosts itself under the same name.
    Private,
}

/// Endings of names that are not public (RFC 6761, 6762, 8375, and those local networks took without asking).
const LOCAL_ENDINGS: [&str; 12] = [
    "localhost",
    "local",
    "lan",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "corp",
    "private",
    "localdomain",
    "test",
    "invalid",
];

/// Whether every address answered for `name` is one no public name has; `None` for names that are not public.
pub(crate) fn altered(name: &str, addresses: &[IpAddr]) -> Option<Altered> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let local = |ending: &str| {
        name.strip_suffix(ending).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    let public = name.contains('.')
        && name.parse::<IpAddr>().is_err()
        && !LOCAL_ENDINGS.iter().any(|ending| local(ending));
    if !public || addresses.is_empty() {
        return None;
    }
    let each: Option<Vec<Altered>> = addresses.iter().map(|address| not_public(*address)).collect();
    let each = each?;
    Some(if each.contains(&Altered::Private) { Altered::Private } else { Altered::Nowhere })
}

/// Whether an address is on no public network.
pub(crate) fn not_public(address: IpAddr) -> Option<Altered> {
    match address {
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.is_loopback() => Some(Altered::Nowhere),
        IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() => Some(Altered::Private),
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => not_public(IpAddr::V4(v4)),
            None if v6.is_loopback() || v6.is_unspecified() => Some(Altered::Nowhere),
            None if v6.is_unique_local() || v6.is_unicast_link_local() => Some(Altered::Private),
            None => None,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn seen(name: &str, addresses: &[&str]) -> Option<Altered> {
        altered(name, &addresses.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>())
    }

    #[test]
    fn a_public_name_with_an_address_of_nowhere_or_inside_is_altered() {
        for address in ["0.0.0.0", "127.0.0.1", "127.8.9.1", "::", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(seen("gar.education.fr", &[address]), Some(Altered::Nowhere), "{address}");
        }
        for address in ["10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.1.1", "fd00::1", "fe80::1"] {
            assert_eq!(seen("gar.education.fr", &[address]), Some(Altered::Private), "{address}");
        }
    }

    #[test]
    fn genuine_and_local_answers_are_not_altered() {
        assert_eq!(seen("gar.education.fr", &["185.75.143.24"]), None);
        assert_eq!(
            seen("gar.education.fr", &["10.0.0.1", "185.75.143.24"]),
            None,
            "one public address is enough"
        );
        assert_eq!(seen("gar.education.fr", &[]), None);
        for name in ["localhost", "mire", "mire.mairie.lan", "x.home.arpa", "127.0.0.1"] {
            assert_eq!(seen(name, &["127.0.0.1"]), None, "{name}");
        }
    }
}
