//! From what was seen beside a transfer to what weakens its figure.

use sonde_report::values::{InterfaceKind, LinkValue, RunConditions};
use sonde_report::{Caveat, CaveatCode};

use super::Direction;

/// From this share of the interface's bytes on, traffic of others spoils a measurement: the gate of AGCOM's
/// Ne.Me.Sys.
const CROSS_TRAFFIC_RATIO: f64 = 0.10;

/// Below this, traffic of others is the machine's usual chatter (ARP, DNS, mDNS, NTP), whatever its share.
const CROSS_TRAFFIC_BYTES: u64 = 64 * 1024;

/// A processor that is busier than this over a second had nothing left to give; 1.0 is never quite reached, for the
/// kernel counts ticks.
const CPU_BUSY_RATIO: f64 = 0.95;

/// From this share of its own rate on, the interface is what limits: a full-size TCP stream fills a port's rate to
/// 97.5 % at the IP layer (1500 of 1538 bytes on the wire), small packets and a half-duplex port to less.
const LINK_RATE_RATIO: f64 = 0.85;

/// What weakens a transfer in `direction` that ran over `link` under `conditions` and reached `ip_rate_bps` at the IP
/// layer. Pure.
///
/// On the loopback (the demonstration, a mire on this machine) the counters hold every byte of both ends, so nothing
/// can be said of other traffic there.
#[must_use]
pub fn caveats_for(
    direction: Direction,
    conditions: &RunConditions,
    link: &LinkValue,
    ip_rate_bps: u64,
) -> Vec<Caveat> {
    let kind = link.interface.as_ref().map_or(InterfaceKind::Unknown, |interface| interface.kind);
    let mut caveats = Vec::new();
    match kind {
        InterfaceKind::Wifi => caveats.push(CaveatCode::MeasuredOverWifi.into()),
        InterfaceKind::Unknown => caveats.push(CaveatCode::UnknownInterface.into()),
        InterfaceKind::Ethernet
        | InterfaceKind::Cellular
        | InterfaceKind::Tunnel
        | InterfaceKind::Loopback => {}
    }
    if link.vpn {
        caveats.push(CaveatCode::ThroughVpn.into());
    }
    if kind != InterfaceKind::Loopback {
        caveats.extend(cross_traffic(direction, conditions));
    }
    if let Some(peak) = conditions.cpu_peak_ratio.filter(|peak| *peak >= CPU_BUSY_RATIO) {
        caveats.push(CaveatCode::CpuBusy.with(format!("{peak:.2}")));
    }
    let port = link.interface.as_ref().and_then(|interface| interface.rate_bps);
    if let Some(port) = port.filter(|port| ip_rate_bps as f64 >= *port as f64 * LINK_RATE_RATIO) {
        caveats.push(CaveatCode::LinkRateLimits.with(format!("{port} bit/s")));
    }
    caveats
}

fn cross_traffic(direction: Direction, conditions: &RunConditions) -> Option<Caveat> {
    let (bytes, ratio) = match direction {
        Direction::Down => (conditions.other_received_bytes?, conditions.other_received_ratio?),
        Direction::Up => (conditions.other_sent_bytes?, conditions.other_sent_ratio?),
    };
    (ratio >= CROSS_TRAFFIC_RATIO && bytes >= CROSS_TRAFFIC_BYTES)
        .then(|| CaveatCode::CrossTraffic.with(format!("{bytes} bytes, {ratio:.2}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sonde_report::values::Interface;

    fn link(kind: InterfaceKind, rate_bps: Option<u64>) -> LinkValue {
        let interface = Interface { name: "x".into(), kind, rate_bps, mtu: None };
        LinkValue { interface: Some(interface), ..LinkValue::default() }
    }

    fn quiet() -> RunConditions {
        RunConditions {
            cpu_peak_ratio: Some(0.3),
            cpu_mean_ratio: Some(0.1),
            other_received_bytes: Some(0),
            other_sent_bytes: Some(0),
            other_received_ratio: Some(0.0),
            other_sent_ratio: Some(0.0),
        }
    }

    fn codes(
        direction: Direction,
        conditions: &RunConditions,
        link: &LinkValue,
        rate: u64,
    ) -> Vec<CaveatCode> {
        caveats_for(direction, conditions, link, rate).into_iter().map(|caveat| caveat.code).collect()
    }

    #[test]
    fn a_quiet_cable_has_no_caveat() {
        let cable = link(InterfaceKind::Ethernet, Some(1_000_000_000));
        assert_eq!(codes(Direction::Down, &quiet(), &cable, 12_000_000), []);
    }

    #[test]
    fn radio_unknown_and_vpn_are_told() {
        let rate = 12_000_000;
        let wifi = link(InterfaceKind::Wifi, None);
        assert_eq!(codes(Direction::Down, &quiet(), &wifi, rate), [CaveatCode::MeasuredOverWifi]);
        let nothing = LinkValue::default();
        assert_eq!(codes(Direction::Up, &quiet(), &nothing, rate), [CaveatCode::UnknownInterface]);
        let vpn = LinkValue { vpn: true, ..link(InterfaceKind::Tunnel, None) };
        assert_eq!(codes(Direction::Up, &quiet(), &vpn, rate), [CaveatCode::ThroughVpn]);
    }

    #[test]
    fn cross_traffic_needs_a_share_and_a_size_and_its_own_direction() {
        let cable = link(InterfaceKind::Ethernet, None);
        let with = |bytes, ratio| RunConditions {
            other_received_bytes: Some(bytes),
            other_received_ratio: Some(ratio),
            ..quiet()
        };
        let at = |conditions: RunConditions, direction| codes(direction, &conditions, &cable, 1);
        assert_eq!(at(with(1_000_000, 0.10), Direction::Down), [CaveatCode::CrossTraffic]);
        assert_eq!(at(with(1_000_000, 0.10), Direction::Up), []);
        assert_eq!(at(with(1_000_000, 0.09), Direction::Down), []);
        assert_eq!(at(with(65_535, 0.9), Direction::Down), []);
        let unknown = RunConditions { other_received_bytes: None, other_received_ratio: None, ..quiet() };
        assert_eq!(at(unknown, Direction::Down), []);
    }

    #[test]
    fn on_the_loopback_only_the_processor_counts() {
        let busy = RunConditions {
            cpu_peak_ratio: Some(0.95),
            other_received_bytes: Some(10_000_000),
            other_received_ratio: Some(0.5),
            ..quiet()
        };
        let lo = link(InterfaceKind::Loopback, None);
        assert_eq!(codes(Direction::Down, &busy, &lo, 12_000_000), [CaveatCode::CpuBusy]);
    }

    #[test]
    fn a_ports_own_rate_limits() {
        let port = link(InterfaceKind::Ethernet, Some(10_000_000));
        assert_eq!(codes(Direction::Down, &quiet(), &port, 9_700_000), [CaveatCode::LinkRateLimits]);
        assert_eq!(codes(Direction::Down, &quiet(), &port, 8_400_000), []);
        let faster = link(InterfaceKind::Ethernet, Some(100_000_000));
        assert_eq!(codes(Direction::Down, &quiet(), &faster, 95_000_000), [CaveatCode::LinkRateLimits]);
        assert_eq!(codes(Direction::Down, &quiet(), &faster, 9_700_000), []);
    }
}
