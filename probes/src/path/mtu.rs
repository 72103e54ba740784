//! How large packets may be on the way: echoes of several sizes that must not be fragmented (IP_PMTUDISC_PROBE, ip(7)),
//! and what routers say of those that do not fit. IPv4 only.
//!
//! On an ICMP datagram socket where the system permits it (`net.ipv4.ping_group_range`), else a raw one, else UDP to
//! ports where nobody listens, whose refusal is an answer too.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use pnet_packet::icmp::{IcmpPacket, checksum};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use sonde_report::values::{PathMtu, TooBig};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::timeout_at;

use super::error_queue::{self, BASE_PORT, TRIES};

mod option {
    #![allow(missing_docs, unreachable_pub, reason = "the macro makes it public; the module is not")]

    use nix::{libc, setsockopt_impl, sockopt_impl};

    sockopt_impl!(MtuDiscover, SetOnly, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::c_int);
}

/// Packets tried, bytes, IP header included, largest first: Ethernet; PPPoE (RFC 2516: 8 less); 6in4 and 6rd (RFC 4213: an IPv4
/// header less); L2TP (40 less: IP, UDP, L2TP, PPP); IPsec and mobile tunnels, whose headers add up to less than 100; IPv6's
/// minimum (RFC 8200, 5), which nearly everything carries.
const SIZES: [u16; 6] = [1500, 1492, 1480, 1460, 1400, 1280];

/// Times a size is sent before its silence means anything.
const ROUNDS: u8 = 2;

/// Between two packets, as for the hops.
const SPACING: Duration = Duration::from_millis(5);

/// An IPv4 header without options, and an ICMP or UDP header.
const HEADERS: u16 = 20 + 8;

/// Ports and sequence numbers begin here, above those that the hops' questions use (256 for each of two rounds).
const FIRST: u16 = 512;

/// What became of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    /// Who said that it is too big, and what fits (0: not said).
    TooBig(IpAddr, u32),
    /// This machine's own interface does not take it.
    StayedHere,
}

/// The sizes so far.
type Fates = BTreeMap<u16, Fate>;

/// Asks how large packets to `target` may be; at most until `until`. `None` where nothing was answered.
pub(super) async fn measure(target: IpAddr, interface: Option<&str>, until: Instant) -> Option<PathMtu> {
    let IpAddr::V4(target) = target else { return None };
    let mut kinds = [Kind::Ping, Kind::Raw(super::raw::ident()), Kind::Udp].into_iter();
    // A figure more or less: whatever the system refuses, it is left out.
    kinds.find_map(|kind| Prober::of(kind, target, interface).ok())?.measure(until).await
}

/// Whether there is nothing more to learn: the largest that left was answered, or every size has its fate.
fn complete(fates: &Fates) -> bool {
    let mut left = SIZES.iter().filter(|size| fates.get(size) != Some(&Fate::StayedHere));
    left.next().is_some_and(|size| fates.get(size) == Some(&Fate::Answered)) || fates.len() == SIZES.len()
}

fn sum_up(fates: &Fates) -> Option<PathMtu> {
    let answered = fates.iter().rev().find(|(_, fate)| **fate == Fate::Answered).map(|(size, _)| *size)?;
    let mut silent = SIZES.iter().rev().filter(|size| **size > answered && !fates.contains_key(size));
    let said = fates.values().filter_map(|fate| match fate {
        Fate::TooBig(from, next) => Some((*next, *from)),
        _ => None,
    });
    Some(PathMtu {
        answered_bytes: answered.into(),
        silent_bytes: silent.next().map(|size| u32::from(*size)),
        too_big: said.min().map(|(next, from)| TooBig {
            from: from.to_string(),
            next_bytes: Some(next).filter(|next| *next > 0),
        }),
    })
}

/// By which kind of packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The system sees to the identifier and hands out our replies only, without their IP header.
    Ping,
    /// Every program's replies come in.
    Raw(u16),
    Udp,
}

pub(super) struct Prober {
    socket: UdpSocket,
    target: Ipv4Addr,
    kind: Kind,
}

impl Prober {
    pub(super) fn of(kind: Kind, target: Ipv4Addr, interface: Option<&str>) -> io::Result<Self> {
        let (sort, protocol) = match kind {
            Kind::Ping => (Type::DGRAM, Protocol::ICMPV4),
            Kind::Raw(_) => (Type::RAW, Protocol::ICMPV4),
            Kind::Udp => (Type::DGRAM, Protocol::UDP),
        };
        let socket = Socket::new(Domain::IPV4, sort, Some(protocol))?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        setsockopt(&socket, option::MtuDiscover, &libc::IP_PMTUDISC_PROBE)?;
        if let Some(interface) = interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        // The library's datagram socket sends and receives on any datagram descriptor.
        Ok(Self { socket: UdpSocket::from_std(socket.into())?, target, kind })
    }

    /// Asks until `until`; `None` where nothing was answered.
    pub(super) async fn measure(&self, until: Instant) -> Option<PathMtu> {
        let mut fates = Fates::new();
        for round in 0..ROUNDS {
            let wait = until.saturating_duration_since(Instant::now()) / u32::from(ROUNDS - round);
            self.round(&mut fates, Instant::now() + wait).await.ok()?;
            if complete(&fates) {
                break;
            }
        }
        sum_up(&fates)
    }

    /// Sends every size that has no fate yet, and listens until `until`.
    async fn round(&self, fates: &mut Fates, until: Instant) -> io::Result<()> {
        for (place, size) in (FIRST..).zip(SIZES) {
            if fates.contains_key(&size) {
                continue;
            }
            if !self.send(place, size)? {
                fates.insert(size, Fate::StayedHere);
            }
            self.listen(fates, until.min(Instant::now() + SPACING)).await?;
        }
        self.listen(fates, until).await
    }

    /// Sends one packet; whether it left.
    fn send(&self, place: u16, size: u16) -> io::Result<bool> {
        let packet = self.packet(place, size);
        let port = if self.kind == Kind::Udp { BASE_PORT.saturating_add(place) } else { 0 };
        let to = SocketAddr::new(self.target.into(), port).into();
        let mut last = None;
        for _ in 0..TRIES {
            match SockRef::from(&self.socket).send_to(&packet, &to) {
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                // Perhaps the pending error of an earlier packet: reading it here clears it.
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => Ok(false),
            Some(error) => Err(error),
            None => Ok(true),
        }
    }

    /// An echo request, or for UDP anything at all.
    fn packet(&self, place: u16, size: u16) -> Vec<u8> {
        let payload = usize::from(size.saturating_sub(HEADERS));
        if self.kind == Kind::Udp {
            return vec![0; payload];
        }
        let ident = if let Kind::Raw(ident) = self.kind { ident } else { 0 };
        let mut packet = vec![8, 0, 0, 0];
        packet.extend(ident.to_be_bytes());
        packet.extend(place.to_be_bytes());
        packet.resize(packet.len() + payload, 0);
        if let Some(sum) = IcmpPacket::new(&packet).map(|whole| checksum(&whole)) {
            packet.splice(2..4, sum.to_be_bytes());
        }
        packet
    }

    /// Takes answers until `until`, or until nothing more is to be learnt.
    async fn listen(&self, fates: &mut Fates, until: Instant) -> io::Result<()> {
        let until = tokio::time::Instant::from_std(until);
        while !complete(fates) && tokio::time::Instant::now() < until {
            let waited = timeout_at(until, self.socket.ready(Interest::READABLE | Interest::ERROR)).await;
            let Ok(ready) = waited else { return Ok(()) };
            ready?;
            // The last attempt of each loop finds nothing, and that makes the next wait a true one.
            let queued = || error_queue::next(&self.socket).map_err(io::Error::from);
            while let Ok(entry) = self.socket.try_io(Interest::ERROR, queued) {
                if let Some((size, fate)) = entry.and_then(|entry| self.told(&entry)) {
                    // A router's word stands, whatever comes later.
                    fates.entry(size).or_insert(fate);
                }
            }
            let mut buffer = [0; 1600];
            while let Ok((length, from)) = self.socket.try_recv_from(&mut buffer) {
                let packet = buffer.get(..length).unwrap_or_default();
                if let Some(size) = self.echoed(packet, from.ip()) {
                    fates.insert(size, Fate::Answered);
                }
            }
        }
        Ok(())
    }

    /// What an entry of the error queue says, and of which size.
    fn told(&self, entry: &error_queue::Entry) -> Option<(u16, Fate)> {
        let place = match self.kind {
            Kind::Udp => entry.to_port?.checked_sub(BASE_PORT)?,
            Kind::Raw(ident) if number(&entry.quoted, 4)? != ident => return None,
            Kind::Raw(_) | Kind::Ping => number(&entry.quoted, 6)?,
        };
        let size = size_at(place)?;
        match entry.kind {
            // Destination unreachable (RFC 792): fragmentation needed; the port, which is an answer; anything else is neither.
            (3, 4) => Some((size, Fate::TooBig(entry.from, entry.info))),
            (3, 3) if entry.from == IpAddr::V4(self.target) => Some((size, Fate::Answered)),
            _ => None,
        }
    }

    /// The size of the request that a packet answers.
    fn echoed(&self, packet: &[u8], from: IpAddr) -> Option<u16> {
        let reply = match self.kind {
            Kind::Udp => return None,
            Kind::Ping => packet,
            Kind::Raw(ident) => {
                let reply = packet.get(usize::from(packet.first()? & 0x0f) * 4..)?;
                if number(reply, 4)? != ident {
                    return None;
                }
                reply
            }
        };
        (reply.first() == Some(&0) && from == IpAddr::V4(self.target)).then(|| size_at(number(reply, 6)?))?
    }
}

/// A 16-bit number of a packet.
fn number(packet: &[u8], at: usize) -> Option<u16> {
    let bytes = packet.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

fn size_at(place: u16) -> Option<u16> {
    SIZES.get(usize::from(place.checked_sub(FIRST)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answered, silent, and what a router said.
    type Found = (u32, Option<u32>, Option<(String, Option<u32>)>);

    fn of(fates: &[(u16, Fate)]) -> Option<Found> {
        let found = sum_up(&fates.iter().copied().collect())?;
        let said = found.too_big.map(|said| (said.from, said.next_bytes));
        Some((found.answered_bytes, found.silent_bytes, said))
    }

    #[test]
    fn answers_words_and_silence_are_told_apart() {
        use Fate::{Answered, StayedHere, TooBig};
        let router = Ipv4Addr::new(10, 0, 0, 1);
        let too_big = |next| TooBig(router.into(), next);
        let said = |next| Some((router.to_string(), next));
        assert_eq!(of(&[(1500, Answered)]), Some((1500, None, None)));
        // The interface is narrow itself: nothing was lost.
        assert_eq!(of(&[(1500, StayedHere), (1492, Answered)]), Some((1492, None, None)));
        let healthy = [(1500, too_big(1492)), (1492, Answered), (1480, Answered)];
        assert_eq!(of(&healthy), Some((1492, None, said(Some(1492)))));
        // Silence about what should fit by the router's word.
        let two = [(1500, too_big(1492)), (1400, Answered)];
        assert_eq!(of(&two), Some((1400, Some(1460), said(Some(1492)))));
        assert_eq!(of(&[(1280, Answered), (1400, Answered)]), Some((1400, Some(1460), None)));
        assert_eq!(of(&[(1500, too_big(0)), (1280, Answered)]), Some((1280, Some(1400), said(None))));
        assert_eq!(of(&[(1500, too_big(1400))]), None, "no answer at all: nothing is known");
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_largest_that_left_ends_it() {
        let fates = |list: &[(u16, Fate)]| list.iter().copied().collect::<Fates>();
        assert!(complete(&fates(&[(1500, Fate::Answered)])));
        assert!(complete(&fates(&[(1500, Fate::StayedHere), (1492, Fate::Answered)])));
        assert!(!complete(&fates(&[(1492, Fate::Answered)])));
        assert!(!complete(&fates(&[])));
    }
}
