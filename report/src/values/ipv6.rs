//! How IPv6 gets to the Internet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How this machine gets to the Internet over IPv6, by what is to be seen here: hints, no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ipv6Access {
    /// What kind of way it is.
    pub kind: Ipv6Kind,
    /// The largest IPv6 packet on the interface, bytes, where it is smaller than the interface's own: a router announced it
    /// (RFC 4861, 4.6.4) or somebody set it. `None` where it is the same or the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
}

/// Native IPv6, or the tunnel it goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ipv6Kind {
    /// Nothing here shows a tunnel.
    Native,
    /// A Teredo address, 2001::/32 (RFC 4380): IPv6 in UDP, by way of somebody's server.
    Teredo,
    /// A 6to4 address, 2002::/16 (RFC 3056): IPv6 in IPv4, by a relay that RFC 7526 has given up.
    SixToFour,
    /// An ISATAP interface identifier (RFC 5214): IPv6 in the organisation's IPv4.
    Isatap,
    /// An interface that carries IPv6 in IPv4: a 6in4 tunnel (RFC 4213) or 6rd (RFC 5969).
    SixInFour,
    /// An interface that carries it in IPv6 (RFC 2473).
    SixInSix,
    /// A GRE interface (RFC 2784).
    Gre,
    /// A WireGuard interface.
    Wireguard,
    /// Another tunnel interface: VPN, PPP, TUN.
    OtherTunnel,
    /// The router announces an IPv6 MTU that leaves room for a tunnel's header (1280 to 1480 bytes on a link of 1500): it sends IPv6
    /// through a tunnel itself, perhaps.
    PerhapsBehindRouter,
}
