//! What Linux tells of interfaces in `/proc/self/net`, which is always the view of this process's own network
//! namespace. (`/sys/class/net` shows the namespace it was mounted in: in a container it may be another one.)

use std::fs;

use sonde_report::values::InterfaceKind;

/// Received and sent bytes since the interface exists, link-layer headers included (proc_net_dev(5)).
pub(super) fn counters(interface: &str) -> Option<(u64, u64)> {
    counters_in(&fs::read_to_string("/proc/self/net/dev").ok()?, interface)
}

/// The kind of an interface that sysfs does not show: by what the kernel says of its addresses.
pub(super) fn kind(interface: &netdev::Interface) -> InterfaceKind {
    let wireless = fs::read_to_string("/proc/self/net/wireless").unwrap_or_default();
    if row(&wireless, &interface.name).is_some() {
        InterfaceKind::Wifi
    } else if interface.is_tun() || interface.is_point_to_point() {
        InterfaceKind::Tunnel
    } else if interface.mac_addr.is_some() && interface.is_broadcast() {
        InterfaceKind::Ethernet
    } else {
        InterfaceKind::Unknown
    }
}

fn counters_in(table: &str, interface: &str) -> Option<(u64, u64)> {
    /// Column of the sent bytes, counted from the received ones.
    const SENT: usize = 8;
    let fields: Vec<&str> = row(table, interface)?.split_whitespace().collect();
    Some((fields.first()?.parse().ok()?, fields.get(SENT)?.parse().ok()?))
}

/// What stands behind `name:` in a table of `/proc/net`.
fn row<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    table.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_the_whole_name() {
        let table = "Inter-|   Receive |  Transmit\n face |bytes packets\n    lo: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n\
                     eth0.10: 30 1 0 0 0 0 0 0 40 1 0 0 0 0 0 0\n  eth0: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n";
        assert_eq!(counters_in(table, "eth0"), Some((5, 7)));
        assert_eq!(counters_in(table, "eth0.10"), Some((30, 40)));
        assert_eq!(counters_in(table, "eth"), None);
        assert_eq!(counters_in("", "eth0"), None);
        assert_eq!(counters_in("eth0: x", "eth0"), None);
    }

    #[test]
    fn the_loopback_has_counters() {
        assert!(counters("lo").is_some());
    }
}
