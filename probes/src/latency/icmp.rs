//! ICMP echo on Linux: the unprivileged datagram socket first (`net.ipv4.ping_group_range`), then the raw one.
//!
//! Blocking, for a thread of its own. An answer is dated by the kernel when it arrives (SO_TIMESTAMPNS, socket(7)),
//! not when this program comes round to reading it.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

/// An echo request: the header and ping(8)'s usual 56 bytes.
const PACKET: usize = 8 + 56;
/// An IPv4 header with options, and the echo.
const BUFFER: usize = 60 + PACKET;
/// Types of request and reply: RFC 792, and RFC 4443 for IPv6.
const V4: (u8, u8) = (8, 0);
const V6: (u8, u8) = (128, 129);
/// Between sending and receiving the wall clock and the monotonic one may differ by so much: an adjustment slews at
/// 500 ppm (adjtimex(2)), half of this in a second. More is a step, and the kernel's date is then no measure.
const CLOCKS_AGREE: Duration = Duration::from_millis(1);

/// A socket for echo requests to one host, and the requests under way.
#[derive(Debug)]
pub(crate) struct Echo {
    socket: Socket,
    v4: bool,
    /// On a raw socket every program's echoes come in: ours bear this number. On the other the kernel tells them apart.
    ident: Option<u16>,
    flight: HashMap<u16, (Instant, SystemTime)>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Which request it answers.
    pub(crate) sequence: u16,
    /// When that was sent.
    pub(crate) sent: Instant,
    /// Round trip.
    pub(crate) rtt: Duration,
}

impl Echo {
    /// Opens a socket to `address`, through `interface` where one is named.
    ///
    /// # Errors
    /// The system's, when it permits neither kind of socket or has no way to the address.
    pub(crate) fn open(address: IpAddr, interface: Option<&str>) -> io::Result<Self> {
        let (domain, protocol) = if address.is_ipv4() {
            (Domain::IPV4, Protocol::ICMPV4)
        } else {
            (Domain::IPV6, Protocol::ICMPV6)
        };
        let (socket, raw) = match Socket::new(domain, Type::DGRAM, Some(protocol)) {
            Ok(socket) => (socket, false),
            Err(_) => (Socket::new(domain, Type::RAW, Some(protocol))?, true),
        };
        if let Some(interface) = interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        socket.connect(&SocketAddr::new(address, 0).into())?;
        Ok(Self { socket, v4: address.is_ipv4(), ident: raw.then(ident), flight: HashMap::new() })
    }

    /// Sends one request.
    ///
    /// # Errors
    /// The system's, a local firewall's for instance.
    pub(crate) fn send(&mut self, sequence: u16) -> io::Result<()> {
        let packet = request(self.v4, self.ident.unwrap_or_default(), sequence);
        let at = (Instant::now(), SystemTime::now());
        self.socket.send(&packet)?;
        self.flight.insert(sequence, at);
        Ok(())
    }

    /// The next answer to come before `until`. A doubled answer is none.
    pub(crate) fn receive(&mut self, until: Instant) -> Option<Reply> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // The system takes nought for "for ever".
            if left.is_zero()
                || self.socket.set_read_timeout(Some(left.max(Duration::from_micros(1)))).is_err()
            {
                return None;
            }
            match self.read() {
                Ok(Some((sequence, dated))) => {
                    if let Some((sent, wall)) = self.flight.remove(&sequence) {
                        return Some(Reply { sequence, sent, rtt: round_trip(sent, wall, dated) });
                    }
                }
                Ok(None) | Err(nix::Error::EAGAIN | nix::Error::EINTR) => {}
                // An error of the network about an earlier request: the time goes on, without spinning.
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Reads one packet: which request it answers, and when the kernel received it. `None` for anything else.
    fn read(&self) -> nix::Result<Option<(u16, Option<SystemTime>)>> {
        let mut buffer = [0; BUFFER];
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let mut space = nix::cmsg_space!(TimeSpec);
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut slices,
            Some(&mut space),
            MsgFlags::empty(),
        )?;
        let dated = message.cmsgs().ok().and_then(|mut controls| {
            controls.find_map(|control| match control {
                ControlMessageOwned::ScmTimestampns(at) => date(at),
                _ => None,
            })
        });
        let read = message.bytes;
        Ok(answered(buffer.get(..read).unwrap_or_default(), self.v4, self.ident)
            .map(|number| (number, dated)))
    }
}

/// A number no other echoing program of this machine is likely to use, and no other socket of this one.
fn ident() -> u16 {
    static OPENED: AtomicU16 = AtomicU16::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.subsec_nanos() ^ std::process::id().rotate_left(7)) as u16
        ^ OPENED.fetch_add(1, Ordering::Relaxed).rotate_left(11)
}

/// An echo request. The kernel writes the identifier on a datagram socket, and ICMPv6's checksum.
fn request(v4: bool, ident: u16, sequence: u16) -> [u8; PACKET] {
    let mut packet = [0x5a; PACKET];
    let kind = if v4 { V4.0 } else { V6.0 };
    packet[..4].copy_from_slice(&[kind, 0, 0, 0]);
    packet[4..6].copy_from_slice(&ident.to_be_bytes());
    packet[6..8].copy_from_slice(&sequence.to_be_bytes());
    if v4 {
        let sum = pnet_packet::util::checksum(&packet, 1);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

/// The sequence number of an echo reply; `None` for anything else, however short or odd.
fn answered(packet: &[u8], v4: bool, ident: Option<u16>) -> Option<u16> {
    // Before a raw IPv4 socket's packets stands the IP header, its length in words of four bytes.
    let header = if v4 && ident.is_some() { usize::from(packet.first()? & 0x0f) * 4 } else { 0 };
    let echo = packet.get(header..)?;
    let number = |at: usize| Some(u16::from_be_bytes([*echo.get(at)?, *echo.get(at + 1)?]));
    let kind = if v4 { V4.1 } else { V6.1 };
    let ours = ident.is_none_or(|ident| number(4) == Some(ident));
    (*echo.first()? == kind && ours).then(|| number(6)).flatten()
}

/// The kernel's date as the standard library's.
fn date(at: TimeSpec) -> Option<SystemTime> {
    let seconds = u64::try_from(at.tv_sec()).ok()?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, u32::try_from(at.tv_nsec()).ok()?))
}

/// The round trip: from the kernel's date of arrival, unless the wall clock was set meanwhile.
fn round_trip(sent: Instant, wall: SystemTime, dated: Option<SystemTime>) -> Duration {
    let (whole, by_wall) = (sent.elapsed(), wall.elapsed().ok());
    let steady = by_wall.is_some_and(|by_wall| by_wall.abs_diff(whole) <= CLOCKS_AGREE);
    dated
        .filter(|_| steady)
        .and_then(|dated| dated.duration_since(wall).ok())
        .filter(|rtt| *rtt <= whole + CLOCKS_AGREE)
        .unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_clock_that_steps_does_not_make_a_round_trip() {
        let sent = Instant::now();
        let wall = SystemTime::now();
        std::thread::sleep(Duration::from_millis(20));
        let hour = Duration::from_secs(3600);
        // Dated after 5 ms; read after 20 ms or more.
        let dated = Some(wall + Duration::from_millis(5));
        assert_eq!(round_trip(sent, wall, dated), Duration::from_millis(5));
        for (wall, dated) in [
            (wall - hour, dated),
            (wall + hour, dated),
            (wall, None),
            (wall, Some(wall - hour)),
            (wall, Some(wall + hour)),
        ] {
            let rtt = round_trip(sent, wall, dated);
            assert!((20..2000).contains(&rtt.as_millis()), "{rtt:?}");
        }
    }

    #[test]
    fn only_an_echo_reply_of_ours_is_an_answer() {
        let mut reply = request(true, 7, 513);
        reply[0] = V4.1;
        assert_eq!(answered(&reply, true, None), Some(513));
        let mut with_header = vec![0x45; 20];
        with_header.extend_from_slice(&reply);
        assert_eq!(answered(&with_header, true, Some(7)), Some(513));
        assert_eq!(answered(&with_header, true, Some(8)), None, "another program's");
        assert_eq!(answered(&request(true, 7, 513), true, None), None, "our own request");
        for length in 0..with_header.len() {
            let _ = answered(&with_header[..length], true, Some(7));
            let _ = answered(&with_header[..length], false, None);
        }
        assert_eq!(pnet_packet::util::checksum(&request(true, 7, 513), usize::MAX), 0);
    }

    #[test]
    fn loopback_answers_in_order_where_icmp_is_permitted() {
        for address in ["127.0.0.1", "::1"] {
            let Ok(mut echo) = Echo::open(address.parse().unwrap(), None) else { continue };
            for sequence in [3, 65_535] {
                echo.send(sequence).unwrap();
                let reply = echo.receive(Instant::now() + Duration::from_secs(2)).unwrap();
                assert_eq!(reply.sequence, sequence);
                assert!(!reply.rtt.is_zero());
            }
            assert_eq!(echo.receive(Instant::now() + Duration::from_millis(20)), None);
        }
    }
}
