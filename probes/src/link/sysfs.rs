//! What Linux tells of an interface in `/sys/class/net` (Documentation/ABI/testing/sysfs-class-net).

use std::fs;
use std::path::Path;

use sonde_report::values::{InterfaceKind, Ipv6Kind};

/// Where Linux describes interfaces.
pub(super) const NET: &str = "/sys/class/net";

/// ARPHRD_* of `linux/if_arp.h`.
const ETHER: u32 = 1;
const PPP: u32 = 512;
const RAW_IP: u32 = 519;
const TUNNELS: [u32; 5] = [768, TUNNEL6, SIT, GRE, GRE6];
const TUNNEL6: u32 = 769;
const SIT: u32 = 776;
const GRE: u32 = 778;
const GRE6: u32 = 823;
const LOOPBACK: u32 = 772;
const NONE: u32 = 65534;

/// How deep bridges, bonds and VLANs are followed: VLAN over bond over card, and one to spare.
const DEPTH: u8 = 4;

/// The kind of link behind an interface. A bridge, bond or VLAN is what it stands on: over a radio it is Wi-Fi.
pub(super) fn kind(net: &Path, name: &str) -> InterfaceKind {
    kind_at(net, name, DEPTH)
}

fn kind_at(net: &Path, name: &str, depth: u8) -> InterfaceKind {
    let here = net.join(name);
    let devtype = devtype(&here);
    if here.join("wireless").exists() || here.join("phy80211").exists() || devtype.as_deref() == Some("wlan")
    {
        return InterfaceKind::Wifi;
    }
    if here.join("tun_flags").exists() || devtype.as_deref() == Some("wireguard") {
        return InterfaceKind::Tunnel;
    }
    match driver(&here).as_deref() {
        _ if devtype.as_deref() == Some("wwan") => return InterfaceKind::Cellular,
        Some("cdc_mbim" | "qmi_wwan" | "huawei_cdc_ncm" | "sierra_net") => return InterfaceKind::Cellular,
        // A tethered phone, which may itself be on Wi-Fi: it cannot be told.
        Some("rndis_host" | "ipheth") => return InterfaceKind::Unknown,
        _ => {}
    }
    match number(&here.join("type")) {
        Some(ETHER) => over(net, &here, depth).unwrap_or(InterfaceKind::Ethernet),
        Some(LOOPBACK) => InterfaceKind::Loopback,
        Some(RAW_IP) => InterfaceKind::Cellular,
        Some(PPP | NONE) => InterfaceKind::Tunnel,
        Some(other) if TUNNELS.contains(&other) => InterfaceKind::Tunnel,
        _ => InterfaceKind::Unknown,
    }
}

/// The kind of tunnel that IPv6 takes through an interface; `None` for one that is none, or of another kind.
pub(super) fn ipv6_tunnel(net: &Path, name: &str) -> Option<Ipv6Kind> {
    let here = net.join(name);
    if devtype(&here).as_deref() == Some("wireguard") {
        return Some(Ipv6Kind::Wireguard);
    }
    match number(&here.join("type"))? {
        SIT => Some(Ipv6Kind::SixInFour),
        TUNNEL6 => Some(Ipv6Kind::SixInSix),
        GRE | GRE6 => Some(Ipv6Kind::Gre),
        _ => None,
    }
}

/// The radio below a bridge, bond or VLAN, when there is one (`lower_*` links). Other members do not change the kind:
/// a bridge that also serves virtual machines is still a cable.
fn over(net: &Path, here: &Path, depth: u8) -> Option<InterfaceKind> {
    let depth = depth.checked_sub(1)?;
    let lowers = fs::read_dir(here).ok()?.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix("lower_").map(str::to_owned)
    });
    lowers
        .map(|lower| kind_at(net, &lower, depth))
        .find(|kind| matches!(kind, InterfaceKind::Wifi | InterfaceKind::Cellular))
}

/// The negotiated rate, bit/s. The file gives Mbit/s, -1 or an error when there is none (a radio, no carrier).
pub(super) fn rate_bps(net: &Path, name: &str) -> Option<u64> {
    let mbit: i64 = fs::read_to_string(net.join(name).join("speed")).ok()?.trim().parse().ok()?;
    u64::try_from(mbit).ok().filter(|mbit| *mbit > 0).map(|mbit| mbit.saturating_mul(1_000_000))
}

/// Whether the cable is out, or the interface switched off: then its address leads nowhere. Drivers that do not tell say
/// "unknown", and are believed (RFC 2863's ifOperStatus).
pub(super) fn is_down(net: &Path, name: &str) -> bool {
    let state = fs::read_to_string(net.join(name).join("operstate")).unwrap_or_default();
    matches!(state.trim(), "down" | "lowerlayerdown" | "notpresent")
}

fn number(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn devtype(here: &Path) -> Option<String> {
    let text = fs::read_to_string(here.join("uevent")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("DEVTYPE=")).map(str::to_owned)
}

fn driver(here: &Path) -> Option<String> {
    let link = fs::read_link(here.join("device").join("driver")).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Writes an interface as the kernel shows it.
    fn add(net: &Path, name: &str, files: &[(&str, &str)]) {
        fs::create_dir_all(net.join(name)).unwrap();
        for (file, text) in files {
            let path = net.join(name).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn tells_kinds_apart() {
        let dir = tempfile::tempdir().unwrap();
        let net = dir.path();
        add(net, "eth0", &[("type", "1\n")]);
        add(net, "wlan0", &[("type", "1\n"), ("wireless/link", ""), ("uevent", "DEVTYPE=wlan\n")]);
        add(net, "wlan1", &[("type", "1\n"), ("phy80211/name", "phy1\n")]);
        add(net, "tap0", &[("type", "1\n"), ("tun_flags", "0x1002\n")]);
        add(net, "wg0", &[("type", "65534\n"), ("uevent", "DEVTYPE=wireguard\nINTERFACE=wg0\n")]);
        add(net, "ppp0", &[("type", "512\n")]);
        add(net, "lo", &[("type", "772\n")]);
        add(net, "wwan0", &[("type", "1\n"), ("uevent", "DEVTYPE=wwan\n")]);
        add(net, "br0", &[("type", "1\n"), ("lower_eth0/x", ""), ("lower_tap0/x", "")]);
        add(net, "br1", &[("type", "1\n"), ("lower_wlan0/x", "")]);
        add(net, "loop0", &[("type", "1\n"), ("lower_loop0/x", "")]);
        add(net, "odd0", &[("type", "x\n")]);
        let expected = [
            ("eth0", InterfaceKind::Ethernet),
            ("wlan0", InterfaceKind::Wifi),
            ("wlan1", InterfaceKind::Wifi),
            ("tap0", InterfaceKind::Tunnel),
            ("wg0", InterfaceKind::Tunnel),
            ("ppp0", InterfaceKind::Tunnel),
            ("lo", InterfaceKind::Loopback),
            ("wwan0", InterfaceKind::Cellular),
            ("br0", InterfaceKind::Ethernet),
            ("br1", InterfaceKind::Wifi),
            ("loop0", InterfaceKind::Ethernet),
            ("odd0", InterfaceKind::Unknown),
            ("absent0", InterfaceKind::Unknown),
        ];
        for (name, kind_expected) in expected {
            assert_eq!(kind(net, name), kind_expected, "{name}");
        }
    }

    #[test]
    fn tells_tunnels_apart() {
        let dir = tempfile::tempdir().unwrap();
        let net = dir.path();
        let types =
            [("eth0", "1\n"), ("he6", "776\n"), ("ip6tnl1", "769\n"), ("gre1", "778\n"), ("tun0", "65534\n")];
        for (name, number) in types {
            add(net, name, &[("type", number)]);
        }
        add(net, "wg0", &[("type", "65534\n"), ("uevent", "DEVTYPE=wireguard\nINTERFACE=wg0\n")]);
        let of = |name| ipv6_tunnel(net, name);
        assert_eq!(of("he6"), Some(Ipv6Kind::SixInFour));
        assert_eq!(of("ip6tnl1"), Some(Ipv6Kind::SixInSix));
        assert_eq!(of("gre1"), Some(Ipv6Kind::Gre));
        assert_eq!(of("wg0"), Some(Ipv6Kind::Wireguard));
        assert_eq!([of("eth0"), of("tun0"), of("absent0")], [None; 3]);
    }

    #[test]
    fn a_tethered_phone_cannot_be_told() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "usb0", &[("type", "1\n"), ("device/modalias", "")]);
        std::os::unix::fs::symlink("../drivers/rndis_host", dir.path().join("usb0/device/driver")).unwrap();
        assert_eq!(kind(dir.path(), "usb0"), InterfaceKind::Unknown);
    }

    #[test]
    fn a_cable_that_is_out_is_told_from_a_driver_that_does_not_tell() {
        let dir = tempfile::tempdir().unwrap();
        for (name, state, down) in [
            ("eth0", "down\n", true),
            ("eth0.5", "lowerlayerdown\n", true),
            ("tun0", "unknown\n", false),
            ("eth1", "up\n", false),
        ] {
            add(dir.path(), name, &[("operstate", state)]);
            assert_eq!(is_down(dir.path(), name), down, "{name}");
        }
        assert!(!is_down(dir.path(), "absent0"));
    }

    #[test]
    fn an_unknown_rate_is_absent() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "eth0", &[("speed", "100\n")]);
        add(dir.path(), "eth1", &[("speed", "-1\n")]);
        add(dir.path(), "eth2", &[]);
        assert_eq!(rate_bps(dir.path(), "eth0"), Some(100_000_000));
        assert_eq!(rate_bps(dir.path(), "eth1"), None);
        assert_eq!(rate_bps(dir.path(), "eth2"), None);
    }
}
