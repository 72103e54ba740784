//! The configured DNS resolvers.

#[cfg(target_os = "linux")]
use std::net::IpAddr;

/// The resolvers the system asks, as text. On Linux: `resolv.conf`, and behind systemd-resolved's stub the resolvers
/// it asks in turn; elsewhere what the interface was told.
#[cfg(target_os = "linux")]
pub(super) fn configured(interface: &netdev::Interface) -> Vec<String> {
    /// What systemd-resolved itself asks (systemd-resolved(8)).
    const UPLINKS: &str = "/run/systemd/resolve/resolv.conf";
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mut found = nameservers(&read("/etc/resolv.conf"));
    if found.iter().any(|address| is_stub(*address)) {
        for uplink in nameservers(&read(UPLINKS)) {
            if !found.contains(&uplink) {
                found.push(uplink);
            }
        }
    }
    if found.is_empty() {
        found.clone_from(&interface.dns_servers);
    }
    found.iter().map(ToString::to_string).collect()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn configured(interface: &netdev::Interface) -> Vec<String> {
    interface.dns_servers.iter().map(ToString::to_string).collect()
}

/// systemd-resolved's local stubs (systemd-resolved(8)).
#[cfg(target_os = "linux")]
fn is_stub(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 53]) || address == IpAddr::from([127, 0, 0, 54])
}

/// The addresses of `nameserver` lines (resolv.conf(5)), in order, each once; an unreadable line loses only itself.
#[cfg(target_os = "linux")]
fn nameservers(text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            continue;
        }
        // A link-local address carries its interface behind `%`.
        let address = words.next().and_then(|word| word.split('%').next()).and_then(|word| word.parse().ok());
        if let Some(address) = address.filter(|address| !found.contains(address)) {
            found.push(address);
        }
    }
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_nameserver_lines_and_nothing_else() {
        let text = "# nameserver 192.0.2.9\nsearch ecole.example\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 \
                    trailing\nnameserver fe80::1%eth0\nnameserver not-an-address\nnameserver 192.0.2.1\n\
                    options edns0\n";
        let expected: Vec<IpAddr> =
            ["192.0.2.1", "2001:db8::1", "fe80::1"].iter().map(|a| a.parse().unwrap()).collect();
        assert_eq!(nameservers(text), expected);
        assert!(nameservers("").is_empty());
    }

    #[test]
    fn knows_the_stub_of_systemd_resolved() {
        assert!(is_stub("127.0.0.53".parse().unwrap()));
        assert!(!is_stub("127.0.0.1".parse().unwrap()));
    }
}
