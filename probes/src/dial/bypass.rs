//! Who is reached without the proxy: the `NO_PROXY` list, with the forms that curl, Go and Windows know.
//!
//! Nothing is resolved for it: a range of addresses concerns a host that was written as an address, never a name. A name
//! that only the proxy can resolve would otherwise have to be asked here first.

use std::net::IpAddr;

use wildmatch::WildMatch;

/// Whether `host` at `port` is reached without the proxy: loopback always, and what the list holds.
pub(super) fn bypassed(host: &str, port: u16, no_proxy: &[String]) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.iter().any(|entry| holds(&entry.trim().to_ascii_lowercase(), &host, address, port))
}

/// Whether one entry holds the host.
fn holds(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    // Windows allows a scheme before the host; here there is one proxy for all of them.
    let entry = entry.split_once("://").map_or(entry, |(_, rest)| rest);
    if entry == "*" {
        return true;
    }
    // Windows: "bypass proxy server for local addresses", which it takes for names without a dot.
    if entry == "<local>" {
        return address.is_none() && !host.contains('.');
    }
    if let Some((network, length)) = entry.split_once('/') {
        return in_network(address, network, length);
    }
    let (name, only_port) = name_and_port(entry);
    if name.is_empty() || only_port.is_some_and(|only| only != port) {
        return false;
    }
    if let Ok(listed) = name.parse::<IpAddr>() {
        return address == Some(listed.to_canonical());
    }
    if name.contains('*') {
        // `*.ecole.fr` holds what is below and not the name itself (Go, Windows); `10.*` is Windows' form of a range.
        return WildMatch::new(name).matches(host);
    }
    let name = name.trim_start_matches('.');
    // A host that is an address has no name above it: `0.1` does not hold 10.0.0.1.
    host == name
        || (address.is_none()
            && !name.is_empty()
            && host.strip_suffix(name).is_some_and(|front| front.ends_with('.')))
}

/// `host:port`, `[address]:port`, `[address]` or a bare name or address.
fn name_and_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[') {
        let (address, after) = rest.split_once(']').unwrap_or((rest, ""));
        return (address, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.rsplit_once(':') {
        // More than one colon: an IPv6 address.
        Some((name, port)) if !name.contains(':') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

/// Whether an address is in a network in CIDR form (RFC 4632; RFC 4291, 2.3).
fn in_network(address: Option<IpAddr>, network: &str, length: &str) -> bool {
    let Ok(length) = length.parse::<u32>() else { return false };
    let same = |address: u128, network: u128, bits: u32| {
        let host_bits = bits.saturating_sub(length);
        // A shift by all bits is what a length of 0 means: everything.
        length <= bits && (address ^ network).checked_shr(host_bits).unwrap_or(0) == 0
    };
    match (address, network.parse::<IpAddr>()) {
        (Some(IpAddr::V4(address)), Ok(IpAddr::V4(network))) => {
            same(u32::from(address).into(), u32::from(network).into(), u32::BITS)
        }
        (Some(IpAddr::V6(address)), Ok(IpAddr::V6(network))) => {
            same(address.into(), network.into(), u128::BITS)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a list of one entry holds the host at port 443.
    fn holds_at_443(entry: &str, host: &str) -> bool {
        bypassed(host, 443, &[entry.to_owned()])
    }

    #[test]
    fn loopback_is_never_a_proxys() {
        for host in ["127.0.0.1", "127.8.0.1", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"] {
            assert!(bypassed(host, 443, &[]), "{host}");
        }
        assert!(!bypassed("localhost.ac-x.fr", 443, &[]));
    }

    #[test]
    fn names_hold_themselves_and_what_is_below() {
        for entry in [".ac-x.fr", "ac-x.fr", "AC-X.FR", " ac-x.fr ", "https://ac-x.fr"] {
            for host in ["www.ac-x.fr", "ac-x.fr", "WWW.ac-x.fr."] {
                assert!(holds_at_443(entry, host), "{entry} {host}");
            }
            for host in ["notac-x.fr", "ac-x.fr.example", "gar.education.fr"] {
                assert!(!holds_at_443(entry, host), "{entry} {host}");
            }
        }
        assert!(holds_at_443("*", "anything.example"));
        for entry in ["", ".", "..", "/", ":", ":443", "[", "[]", "[]:443", "http://", "/8", "1.2.3.4/"] {
            assert!(!holds_at_443(entry, "www.ac-x.fr") && !holds_at_443(entry, "1.2.3.4"), "{entry}");
        }
    }

    #[test]
    fn stars_are_patterns() {
        assert!(holds_at_443("*.ac-x.fr", "www.ac-x.fr"));
        assert!(!holds_at_443("*.ac-x.fr", "ac-x.fr"), "only what is below");
        assert!(holds_at_443("10.*", "10.1.2.3"));
        assert!(!holds_at_443("10.*", "110.1.2.3"));
        assert!(holds_at_443("intra*", "intranet"));
    }

    #[test]
    fn local_is_a_name_without_a_dot() {
        assert!(holds_at_443("<local>", "intranet"));
        for host in ["intranet.ac-x.fr", "10.1.2.3", "2001:db8::1"] {
            assert!(!holds_at_443("<local>", host), "{host}");
        }
    }

    #[test]
    fn a_port_limits_an_entry_to_it() {
        for (entry, host) in
            [("ac-x.fr:8443", "ac-x.fr"), ("[2001:db8::1]:8443", "2001:db8::1"), ("1.2.3.4:8443", "1.2.3.4")]
        {
            assert!(bypassed(host, 8443, &[entry.to_owned()]), "{entry}");
            assert!(!bypassed(host, 443, &[entry.to_owned()]), "{entry}");
        }
    }

    #[test]
    fn ranges_hold_addresses_and_never_names() {
        for (entry, host, held) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.2", false),
            ("192.0.2.1/33", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("10.0.0.0/8", "intranet.ac-x.fr", false),
            ("2001:db8::1", "2001:DB8:0::1", true),
            ("0.1", "10.0.0.1", false),
        ] {
            assert_eq!(holds_at_443(entry, host), held, "{entry} {host}");
        }
    }
}
