//! ICMP echo on Linux: the unprivileged datagram socket first (`net.ipv4.ping_group_range`), then the raw one.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use surge_ping::{Client, ICMP, PingIdentifier, PingSequence};
use tokio::time::{MissedTickBehavior, interval};

use super::{Config, Icmp};
use crate::clock::micros;

/// Payload of an echo request, bytes: the usual one of ping(8).
const PAYLOAD: [u8; 56] = [0x5a; 56];

/// Sends `count` echo requests, paced.
pub(super) async fn run(config: &Config, interface: Option<&str>, address: IpAddr) -> Icmp {
    let kind = if address.is_ipv4() { ICMP::V4 } else { ICMP::V6 };
    // The client tries the raw socket by itself where the datagram one is refused.
    let mut options = surge_ping::Config::builder().kind(kind).sock_type_hint(socket2::Type::DGRAM);
    if let Some(interface) = interface {
        options = options.interface(interface);
    }
    let client = match Client::new(&options.build()) {
        Ok(client) => client,
        Err(error) => return Icmp::NotPermitted(error.to_string()),
    };
    // Another process pinging the same host on a raw socket must not be taken for us.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut pinger = client.pinger(address, PingIdentifier(since.subsec_nanos() as u16)).await;
    pinger.timeout(config.timeout);
    let mut pace = interval(config.interval.max(Duration::from_millis(1)));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rtts = Vec::new();
    let sent = config.count.max(1);
    for sequence in 0..sent {
        pace.tick().await;
        // A probe that could not even be sent (a local firewall) is a lost one.
        if let Ok((_, elapsed)) = pinger.ping(PingSequence(sequence as u16), &PAYLOAD).await {
            rtts.push(micros(elapsed));
        }
    }
    Icmp::Sent { sent, rtts }
}
