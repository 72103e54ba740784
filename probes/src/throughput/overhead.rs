//! From application bytes to bytes on the IP layer: what headers add for each full segment.
//!
//! It does not know retransmissions nor acknowledgements the other way; partly filled segments only where the system
//! counts segments.

use std::net::IpAddr;

/// Payload of a segment on a 1500-byte path with TCP timestamps over IPv4, when the system does not tell.
const USUAL_SEGMENT_V4: u32 = 1448;
/// The same over IPv6.
const USUAL_SEGMENT_V6: u32 = 1428;
/// TCP header without options (RFC 9293), bytes.
const TCP_HEADER: u32 = 20;
/// The timestamps option with its padding (RFC 7323), bytes.
const TIMESTAMPS: u32 = 12;
/// The largest packet of an Ethernet path, bytes.
const ETHERNET_MTU: u32 = 1500;
/// A full TLS record's payload (RFC 8446, 5.1), bytes.
const TLS_RECORD: f64 = 16_384.0;

/// The TLS version under a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    /// None: plain TCP.
    None,
    /// 1.2 with an AEAD suite.
    V1_2,
    /// 1.3.
    V1_3,
}

/// What a connection adds to each application byte of a bulk transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overhead {
    /// The largest TCP payload of a packet, bytes.
    segment: f64,
    /// The IP and TCP headers of a packet, bytes.
    pub(crate) headers: f64,
    /// TCP's bytes for each application byte: what TLS records add, 1 without.
    pub(crate) tcp_bytes_per_byte: f64,
}

impl Overhead {
    /// Of a connection to `address`. `segment` is the largest TCP payload as the system tells it (TCP_MAXSEG: options
    /// already taken off), `None` where it does not. WebSocket frames and HTTP heads are left out: below 0.1 % for
    /// messages of 8 KiB and more.
    pub(crate) fn of(segment: Option<u32>, address: IpAddr, tls: Tls) -> Self {
        let (ip_header, usual) =
            if address.is_ipv4() { (20, USUAL_SEGMENT_V4) } else { (40, USUAL_SEGMENT_V6) };
        // Below 500 bytes no path of this century works: such an answer is a mistake.
        let segment = segment.filter(|&segment| (500..=65_535).contains(&segment)).unwrap_or(usual);
        let headers = ip_header + TCP_HEADER;
        // Timestamps are on unless the packet would then not fit the Ethernet it was made for (1460 and 1452: off).
        let with = segment + headers + TIMESTAMPS;
        let timestamps =
            if (ETHERNET_MTU + 1..=ETHERNET_MTU + TIMESTAMPS).contains(&with) { 0 } else { TIMESTAMPS };
        let record = match tls {
            Tls::None => 0.0,
            // Header 5, explicit nonce 8, tag 16 (RFC 5246, RFC 5288).
            Tls::V1_2 => 29.0,
            // Header 5, content type 1, tag 16 (RFC 8446, 5.2).
            Tls::V1_3 => 22.0,
        };
        Self {
            segment: segment.into(),
            headers: (headers + timestamps).into(),
            tcp_bytes_per_byte: 1.0 + record / TLS_RECORD,
        }
    }

    /// IP-layer bytes for each application byte, above 1. `carried` is the mean TCP payload of the transfer's packets
    /// where it was seen; otherwise, or where it makes no sense (a network card that joins packets before they are
    /// counted), all are taken to be full.
    pub(crate) fn ip_bytes_per_byte(self, carried: Option<f64>) -> f64 {
        let carried = carried
            .filter(|carried| (self.segment / 2.0..=self.segment).contains(carried))
            .unwrap_or(self.segment);
        (carried + self.headers) / carried * self.tcp_bytes_per_byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn the_usual_paths() {
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        for (segment, address, tls, expected) in [
            (Some(1448), v4, Tls::None, 1500.0 / 1448.0),
            (None, v4, Tls::None, 1500.0 / 1448.0),
            (Some(1460), v4, Tls::None, 1500.0 / 1460.0),
            (Some(1440), v4, Tls::None, 1492.0 / 1440.0),
            (Some(1452), v4, Tls::None, 1492.0 / 1452.0),
            (None, v6, Tls::None, 1500.0 / 1428.0),
            (Some(1440), v6, Tls::None, 1500.0 / 1440.0),
            (Some(1448), v4, Tls::V1_3, 1500.0 / 1448.0 / 0.998_66),
            (Some(3), v4, Tls::None, 1500.0 / 1448.0),
        ] {
            let found = Overhead::of(segment, address, tls).ip_bytes_per_byte(None);
            assert!((found - expected).abs() < 2e-5, "{segment:?} {address}: {found} for {expected}");
        }
    }

    #[test]
    fn packets_that_are_not_full_carry_more_headers() {
        let plain = Overhead::of(Some(1448), IpAddr::V4(Ipv4Addr::LOCALHOST), Tls::None);
        for (carried, expected) in [(1370.0, 1422.0 / 1370.0), (1448.0, 1500.0 / 1448.0)] {
            assert!((plain.ip_bytes_per_byte(Some(carried)) - expected).abs() < 1e-9);
        }
        for senseless in [0.0, 30.0, 4096.0, f64::NAN] {
            assert!((plain.ip_bytes_per_byte(Some(senseless)) - 1500.0 / 1448.0).abs() < 1e-9, "{senseless}");
        }
    }
}
