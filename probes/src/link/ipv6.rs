//! How IPv6 gets to the Internet, by what is to be seen on this machine: its address, its interface, its MTU.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use sonde_report::values::{InterfaceKind, Ipv6Access, Ipv6Kind};

/// An address of global unicast that IANA has given to nobody (2000::/16): only its route is asked for, nothing is sent.
const ANYWHERE: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 1);

/// A router that sends IPv6 through IPv4 itself announces at most this, bytes: 1500 less an IPv4 header (RFC 4213, 3.2).
/// PPPoE's 1492 (RFC 2516) are native.
const LEAVES_ROOM: u32 = 1480;

/// The way to the Internet over IPv6; `None` where none leads there.
pub(super) fn access(all: &[netdev::Interface]) -> Option<Ipv6Access> {
    let IpAddr::V6(source) = super::source_towards(SocketAddr::from((ANYWHERE, 443)))? else { return None };
    let interface = all.iter().find(|known| super::has_address(known, source.into()))?;
    by(source, &Seen::of(interface))
}

/// What the system tells of an interface.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// The kind of tunnel, when it is one.
    tunnel: Option<Ipv6Kind>,
    /// The largest packet, bytes.
    mtu: Option<u32>,
    /// The largest IPv6 packet, bytes.
    ipv6_mtu: Option<u32>,
}

impl Seen {
    fn of(interface: &netdev::Interface) -> Self {
        let any = || (super::kind_of(interface) == InterfaceKind::Tunnel).then_some(Ipv6Kind::OtherTunnel);
        Self {
            tunnel: tunnel(&interface.name).or_else(any),
            mtu: interface.mtu,
            ipv6_mtu: ipv6_mtu(&interface.name),
        }
    }
}

#[cfg(target_os = "linux")]
fn tunnel(interface: &str) -> Option<Ipv6Kind> {
    super::sysfs::ipv6_tunnel(std::path::Path::new(super::sysfs::NET), interface)
}

/// What a router announced, or somebody set (ip-sysctl, `conf/interface/mtu`), in this process's own namespace.
#[cfg(target_os = "linux")]
fn ipv6_mtu(interface: &str) -> Option<u32> {
    let file = std::path::Path::new("/proc/sys/net/ipv6/conf").join(interface).join("mtu");
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Elsewhere an interface's kind is all there is.
#[cfg(not(target_os = "linux"))]
fn tunnel(_: &str) -> Option<Ipv6Kind> {
    None
}

#[cfg(not(target_os = "linux"))]
fn ipv6_mtu(_: &str) -> Option<u32> {
    None
}

/// What a source address and its interface show. A unique local address leads nowhere.
fn by(source: Ipv6Addr, interface: &Seen) -> Option<Ipv6Access> {
    if !super::is_global_v6(source) {
        return None;
    }
    let smaller = interface.ipv6_mtu.filter(|mtu| interface.mtu.is_some_and(|whole| *mtu < whole));
    let behind = || smaller.filter(|mtu| *mtu <= LEAVES_ROOM).map(|_| Ipv6Kind::PerhapsBehindRouter);
    let kind = by_address(source).or(interface.tunnel).or_else(behind).unwrap_or(Ipv6Kind::Native);
    Some(Ipv6Access { kind, mtu: smaller })
}

/// The tunnels that show in an address.
fn by_address(address: Ipv6Addr) -> Option<Ipv6Kind> {
    match address.segments() {
        [0x2001, 0, ..] => Some(Ipv6Kind::Teredo),
        [0x2002, ..] => Some(Ipv6Kind::SixToFour),
        // ::0:5efe:a.b.c.d and, with a public IPv4 address, ::200:5efe:a.b.c.d (RFC 5214, 6.1).
        [.., 0 | 0x0200, 0x5efe, _, _] => Some(Ipv6Kind::Isatap),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

    use super::*;

    fn kind(source: &str, interface: Seen) -> Option<(Ipv6Kind, Option<u32>)> {
        by(source.parse().unwrap(), &interface).map(|access| (access.kind, access.mtu))
    }

    #[test]
    fn tunnels_show_in_addresses() {
        for (source, expected) in [
            ("2001:0:53aa:64c:2c4e:1d3:a7b2:fe1", Some(Ipv6Kind::Teredo)),
            ("2001:1::1", Some(Ipv6Kind::Native)),
            ("2002:c000:204::1", Some(Ipv6Kind::SixToFour)),
            ("2a01:e0a:1:2:0:5efe:c0a8:102", Some(Ipv6Kind::Isatap)),
            ("2a01:e0a:1:2:200:5efe:5db8:d822", Some(Ipv6Kind::Isatap)),
            ("2a01:e0a:1:2:0:5eff:c0a8:102", Some(Ipv6Kind::Native)),
            ("2a01:e0a:1:2:4c1f:5efe:c0a8:102", Some(Ipv6Kind::Native)),
            ("2a01:cb04:77::1", Some(Ipv6Kind::Native)),
            ("fd00::1", None),
            ("fe80::5efe:c0a8:102", None),
        ] {
            assert_eq!(kind(source, Seen::default()).map(|(kind, _)| kind), expected, "{source}");
        }
    }

    #[test]
    fn an_announced_mtu_that_leaves_room_is_a_hint() {
        let announced = |mtu, ipv6_mtu| Seen { tunnel: None, mtu: Some(mtu), ipv6_mtu: Some(ipv6_mtu) };
        let of = |interface| kind("2a01:cb04:77::1", interface);
        assert_eq!(of(announced(1500, 1500)), Some((Ipv6Kind::Native, None)));
        assert_eq!(of(announced(1500, 1492)), Some((Ipv6Kind::Native, Some(1492))), "PPPoE");
        assert_eq!(of(announced(1500, 1480)), Some((Ipv6Kind::PerhapsBehindRouter, Some(1480))));
        assert_eq!(of(announced(1500, 1280)), Some((Ipv6Kind::PerhapsBehindRouter, Some(1280))));
        // The whole link is as narrow: nothing was announced.
        assert_eq!(of(announced(1400, 1400)), Some((Ipv6Kind::Native, None)));
        let wireguard = Seen { tunnel: Some(Ipv6Kind::Wireguard), mtu: Some(1420), ipv6_mtu: Some(1420) };
        assert_eq!(of(wireguard), Some((Ipv6Kind::Wireguard, None)));
    }

    /// Real interfaces and routes, in a network namespace that the test makes and that ends with its thread.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_way_out_is_found_in_a_namespace() {
        use std::process::Command;
        let inside = std::thread::spawn(|| {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())?;
            let ip = |line: &str| {
                let done =
                    Command::new("ip").args(line.split(' ')).output().map_err(|error| error.to_string())?;
                let said = String::from_utf8_lossy(&done.stderr).into_owned();
                if done.status.success() { Ok(()) } else { Err(format!("ip {line}: {said}")) }
            };
            let kind = || access(&netdev::get_interfaces()).map(|access| (access.kind, access.mtu));
            ip("link set lo up")?;
            ip("link add eth0 type veth peer name far0")?;
            for interface in ["eth0", "far0"] {
                ip(&format!("link set {interface} up"))?;
            }
            let mut seen = vec![kind()];
            ip("address add 2a01:cb04:77::2/64 dev eth0 nodad")?;
            seen.push(kind());
            ip("route add default via 2a01:cb04:77::1 dev eth0")?;
            seen.push(kind());
            // What a router's announcement leaves behind.
            std::fs::write("/proc/sys/net/ipv6/conf/eth0/mtu", "1480").map_err(|error| error.to_string())?;
            seen.push(kind());
            ip("address flush dev eth0 scope global")?;
            ip("address add 2002:c000:204::1/64 dev eth0 nodad")?;
            ip("route replace default via 2002:c000:204::9 dev eth0")?;
            seen.push(kind());
            Ok::<_, String>(seen)
        });
        match inside.join().unwrap() {
            Ok(seen) => assert_eq!(
                seen,
                [
                    None,
                    None,
                    Some((Ipv6Kind::Native, None)),
                    Some((Ipv6Kind::PerhapsBehindRouter, Some(1480))),
                    Some((Ipv6Kind::SixToFour, Some(1480))),
                ]
            ),
            Err(missing) => eprintln!("skipped: network namespaces ({missing})"),
        }
    }
}
