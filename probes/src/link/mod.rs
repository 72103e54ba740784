//! The machine's own connection: interface, gateway, resolvers, and what else goes on meanwhile.
//!
//! It says what the figures were measured *with*. It sends nothing, and does not say whether there is an Internet
//! behind the interface (that is [`crate::internet`]).

mod caveats;
mod ipv6;
#[cfg(target_os = "linux")]
mod procfs;
mod resolvers;
#[cfg(target_os = "linux")]
mod sysfs;
mod watch;

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};

use sonde_report::values::{Interface, InterfaceKind, LinkValue};
use sonde_report::{Cause, Failure, Measurement, Outcome, Stage};

pub use caveats::caveats_for;
pub use watch::{Direction, Watch};

use crate::{Env, clock::Stopwatch};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The interface the user named; `None`: the one that carries the route to `towards`, else the default route's.
    pub interface: Option<String>,
    /// An address the run will talk to (the mire's), to find the interface in use.
    pub towards: Option<SocketAddr>,
}

/// Whether this machine has an interface of this name, without sending anything.
///
/// # Errors
/// The names there are (the loopback's among them) when it has not. Never where the system tells of none at all.
pub fn check_interface(name: &str) -> Result<(), Vec<String>> {
    let all = netdev::get_interfaces();
    if all.is_empty()
        || all.iter().any(|known| known.name == name || known.friendly_name.as_deref() == Some(name))
    {
        return Ok(());
    }
    // On Windows the name is a GUID; people know, and may give, the friendly one.
    let mut names: Vec<String> =
        all.into_iter().map(|known| known.friendly_name.unwrap_or(known.name)).collect();
    names.sort();
    Err(names)
}

/// Looks at the interface in use. Nothing is sent.
///
/// Fails with `no_network` when the named interface does not exist, or when no interface but the loopback has an
/// address and the target is not this machine.
pub async fn run(config: &Config, env: &Env) -> Measurement<LinkValue> {
    let watch = Stopwatch::start();
    let named = config.interface.clone().or_else(|| env.dialer.config().interface.clone());
    let towards = config.towards;
    // Listing interfaces asks the kernel (or, on Windows, several APIs) synchronously.
    let looked = tokio::task::spawn_blocking(move || look(named.as_deref(), towards)).await;
    let (index, mut value) = match looked {
        Ok(Ok(found)) => found,
        Ok(Err(failure)) => {
            let target = config.interface.clone().unwrap_or_default();
            return watch.fail(target, failure);
        }
        Err(error) => {
            let failure = Failure::with(Stage::Interface, Cause::SystemError, error.to_string());
            return watch.fail(String::new(), failure);
        }
    };
    if let Some(interface) = value.interface.as_mut().filter(|i| i.kind == InterfaceKind::Wifi) {
        // The negotiated rate of a radio stands in nl80211 only.
        interface.rate_bps = crate::wifi::station_rate_bps(index).await.or(interface.rate_bps);
    }
    let target = value.interface.as_ref().map(|interface| interface.name.clone()).unwrap_or_default();
    watch.finish(target, Outcome::Measured { value, caveats: Vec::new() })
}

/// Finds the interface and describes it; its index stands beside.
fn look(named: Option<&str>, towards: Option<SocketAddr>) -> Result<(u32, LinkValue), Failure> {
    let all = netdev::get_interfaces();
    let chosen = choose(&all, named, towards)?;
    let kind = kind_of(chosen);
    let through_tunnel = kind == InterfaceKind::Tunnel
        || (kind != InterfaceKind::Loopback
            && all.iter().any(|known| known.default && kind_of(known) == InterfaceKind::Tunnel));
    let value = LinkValue {
        interface: Some(Interface {
            name: chosen.friendly_name.clone().unwrap_or_else(|| chosen.name.clone()),
            kind,
            rate_bps: rate_of(chosen),
            mtu: chosen.mtu,
        }),
        gateway: gateway_of(chosen),
        resolvers: resolvers::configured(chosen),
        vpn: through_tunnel,
        ipv4: chosen.ipv4.iter().any(|net| usable(IpAddr::V4(net.addr()))),
        ipv6: chosen.ipv6.iter().any(|net| is_global_v6(net.addr())),
        ipv6_access: ipv6::access(&all),
        during: None,
    };
    Ok((chosen.index, value))
}

/// The interface in use: the named one, else the route's, else the default one, else any that has an address.
fn choose<'a>(
    all: &'a [netdev::Interface],
    named: Option<&str>,
    towards: Option<SocketAddr>,
) -> Result<&'a netdev::Interface, Failure> {
    if let Some(name) = named {
        return all
            .iter()
            .find(|known| known.name == name || known.friendly_name.as_deref() == Some(name))
            .ok_or_else(|| Failure::with(Stage::Interface, Cause::NoNetwork, name));
    }
    if let Some(towards) = towards {
        // What is sent to an own address never leaves the machine, whatever interface carries that address.
        let own = all.iter().any(|known| has_address(known, towards.ip()));
        let source = if own { Some(loopback(towards.ip())) } else { source_towards(towards) };
        let routed = source.and_then(|source| {
            let by_address = all.iter().find(|known| has_address(known, source));
            by_address.or_else(|| all.iter().find(|known| source.is_loopback() && is_loopback(known)))
        });
        if let Some(found) = routed {
            return Ok(found);
        }
    }
    all.iter()
        .find(|known| known.default && is_connected(known))
        .or_else(|| all.iter().find(|known| is_connected(known)))
        .ok_or_else(|| Failure::new(Stage::Interface, Cause::NoNetwork))
}

/// The source address the system would use towards `target`. Connecting a datagram socket only asks the routing
/// table: nothing is sent.
fn source_towards(target: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if target.is_ipv4() {
        SocketAddr::from(([0, 0, 0, 0], 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn loopback(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { IpAddr::from([127, 0, 0, 1]) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) }
}

/// Whether the interface leads anywhere: not the loopback, and an address that is not link-local. 169.254/16 is what
/// a machine gives itself when no DHCP server answered (RFC 3927): that is no network. Nor is a fixed address without a
/// cable.
fn is_connected(interface: &netdev::Interface) -> bool {
    !is_loopback(interface) && !is_down(interface) && interface.ip_addrs().into_iter().any(usable)
}

fn is_loopback(interface: &netdev::Interface) -> bool {
    interface.is_loopback() || interface.if_type == netdev::prelude::InterfaceType::Loopback
}

fn has_address(interface: &netdev::Interface, address: IpAddr) -> bool {
    interface.ip_addrs().contains(&address)
}

fn usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

/// Global unicast as IANA allots it: 2000::/3. Unique local addresses (fc00::/7) do not reach the Internet.
fn is_global_v6(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xe000 == 0x2000
}

fn gateway_of(interface: &netdev::Interface) -> Option<String> {
    let gateway = interface.gateway.as_ref()?;
    let v4 = gateway.ipv4.first().map(ToString::to_string);
    v4.or_else(|| gateway.ipv6.first().map(ToString::to_string))
}

#[cfg(target_os = "linux")]
fn kind_of(interface: &netdev::Interface) -> InterfaceKind {
    if is_loopback(interface) {
        return InterfaceKind::Loopback;
    }
    let net = std::path::Path::new(sysfs::NET);
    if net.join(&interface.name).exists() {
        sysfs::kind(net, &interface.name)
    } else {
        procfs::kind(interface)
    }
}

#[cfg(target_os = "linux")]
fn is_down(interface: &netdev::Interface) -> bool {
    sysfs::is_down(std::path::Path::new(sysfs::NET), &interface.name)
}

/// Elsewhere an interface without a link loses its addresses.
#[cfg(not(target_os = "linux"))]
fn is_down(_: &netdev::Interface) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn rate_of(interface: &netdev::Interface) -> Option<u64> {
    sysfs::rate_bps(std::path::Path::new(sysfs::NET), &interface.name)
}

#[cfg(not(target_os = "linux"))]
fn kind_of(interface: &netdev::Interface) -> InterfaceKind {
    use netdev::prelude::InterfaceType as Type;
    if is_loopback(interface) {
        return InterfaceKind::Loopback;
    }
    match interface.if_type {
        Type::Ethernet
        | Type::Ethernet3Megabit
        | Type::FastEthernetT
        | Type::FastEthernetFx
        | Type::GigabitEthernet => InterfaceKind::Ethernet,
        Type::Wireless80211 => InterfaceKind::Wifi,
        Type::Wwanpp | Type::Wwanpp2 => InterfaceKind::Cellular,
        Type::Ppp | Type::Slip | Type::Tunnel | Type::ProprietaryVirtual => InterfaceKind::Tunnel,
        _ => InterfaceKind::Unknown,
    }
}

#[cfg(not(target_os = "linux"))]
fn rate_of(interface: &netdev::Interface) -> Option<u64> {
    // Windows answers "unknown" with all ones.
    interface.receive_speed.filter(|rate| *rate > 0 && *rate != u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::dial::{DialConfig, Dialer};
    use std::sync::Arc;

    fn env() -> Env {
        Env { dialer: Arc::new(Dialer::new(DialConfig::default()).unwrap()), events: None }
    }

    fn interface(name: &str, v4: &[&str], flags: u32) -> netdev::Interface {
        let mut made = netdev::Interface::dummy();
        name.clone_into(&mut made.name);
        made.ipv4 = v4.iter().map(|net| net.parse().unwrap()).collect();
        made.flags = flags;
        made
    }

    #[tokio::test]
    async fn towards_this_machine_is_the_loopback() {
        let config = Config { interface: None, towards: Some(SocketAddr::from(([127, 0, 0, 1], 9))) };
        let found = run(&config, &env()).await;
        let value = found.value().expect("the loopback always exists");
        let interface = value.interface.as_ref().unwrap();
        assert_eq!(interface.kind, InterfaceKind::Loopback);
        assert_eq!(found.target, interface.name);
        assert!(value.ipv4 && !value.ipv6 && !value.vpn);
    }

    #[tokio::test]
    async fn an_interface_that_does_not_exist_is_a_failure_that_names_it() {
        let config = Config { interface: Some("no-such-if0".into()), towards: None };
        let Outcome::Failed { failure } = run(&config, &env()).await.outcome else { panic!("not failed") };
        assert_eq!((failure.stage, failure.cause), (Stage::Interface, Cause::NoNetwork));
        assert_eq!(failure.detail.as_deref(), Some("no-such-if0"));
    }

    #[test]
    fn only_the_loopback_or_a_self_given_address_is_no_network() {
        let lo = interface("lo", &["127.0.0.1/8"], 0x9);
        let alone = interface("eth0", &["169.254.7.7/16"], 0x3);
        let known = [lo, alone];
        let far = Some(SocketAddr::from(([192, 0, 2, 1], 443)));
        // The route is asked of this machine's own table: an address that none of `known` has is found there.
        let failure = choose(&known, None, far).unwrap_err();
        assert_eq!((failure.stage, failure.cause), (Stage::Interface, Cause::NoNetwork));
        let here = Some(SocketAddr::from(([127, 0, 0, 1], 443)));
        assert_eq!(choose(&known, None, here).unwrap().name, "lo");
    }

    #[test]
    fn an_own_address_is_reached_by_the_loopback() {
        let known = [interface("lo", &["127.0.0.1/8"], 0x9), interface("eth0", &["192.0.2.7/24"], 0x3)];
        let own = Some(SocketAddr::from(([192, 0, 2, 7], 443)));
        assert_eq!(choose(&known, None, own).unwrap().name, "lo");
        assert_eq!(choose(&known, None, None).unwrap().name, "eth0");
    }

    #[test]
    fn global_ipv6_is_neither_local_nor_unique_local() {
        assert!(is_global_v6("2001:db8::1".parse().unwrap()));
        for local in ["fe80::1", "fd00::1", "::1"] {
            assert!(!is_global_v6(local.parse().unwrap()), "{local}");
        }
    }
}
