//! TTL-limited ICMP echo over a raw IPv4 socket (needs CAP_NET_RAW). Packets are crafted and read with pnet's packet
//! types; the socket is the system's own, so that whatever arrives is checked before it is read.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use pnet_packet::Packet;
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::echo_request::{EchoRequestPacket, MutableEchoRequestPacket};
use pnet_packet::icmp::{IcmpCode, IcmpPacket, IcmpTypes, checksum};
use pnet_packet::ipv4::Ipv4Packet;
use tokio::net::UdpSocket;
use tokio::time::{sleep_until, timeout_at};

use super::{Answer, Answers, Question, ROUNDS, Ticket, TraceError};

/// An IP header, its options, an ICMP header and the quoted packet: RFC 1812 quotes at most 576 bytes in all.
const BUFFER: usize = 1500;

/// Behind the ICMP header of an error come four unused bytes, then the packet it is about (RFC 792).
const QUOTE_OFFSET: usize = 8;

/// Between two questions, so that twenty of them are no burst to a router that polices ICMP.
const SPACING: Duration = Duration::from_millis(5);

/// Questions under way: when each was asked. `ident` tells them from other programs' echoes.
struct Flight {
    target: Ipv4Addr,
    ident: u16,
    sent: HashMap<Ticket, Instant>,
}

/// Asks every distance, the silent ones twice.
pub(super) async fn trace(question: &Question) -> Result<Answers, TraceError> {
    let IpAddr::V4(target) = question.target else { return Err(TraceError::NotPossible) };
    let socket = open(question.interface.as_deref())?;
    let mut answers = Answers::new(question.max_hops);
    let ident = ident();
    let mut flight = Flight { target, ident, sent: HashMap::new() };
    for number in 0..ROUNDS {
        round(&socket, number, &mut flight, &mut answers, question.timeout).await?;
        if answers.complete() || answers.nothing() {
            break;
        }
    }
    Ok(answers)
}

fn open(interface: Option<&str>) -> Result<UdpSocket, TraceError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let raw = socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Icmp)?;
    // The library's datagram socket sends and receives on any datagram descriptor.
    let socket = std::net::UdpSocket::from(raw);
    if let Some(interface) = interface {
        socket2::SockRef::from(&socket).bind_device(Some(interface.as_bytes()))?;
    }
    Ok(UdpSocket::from_std(socket)?)
}

/// A number no other echoing program of this machine is likely to use: the clock's fast digits.
pub(super) fn ident() -> u16 {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.subsec_nanos());
    (nanos ^ std::process::id().rotate_left(7)) as u16
}

async fn round(
    socket: &UdpSocket,
    number: u8,
    flight: &mut Flight,
    answers: &mut Answers,
    timeout: Duration,
) -> Result<(), TraceError> {
    for ttl in answers.silent() {
        if answers.end().is_some_and(|end| usize::from(ttl) > end) {
            break;
        }
        ask(socket, flight, Ticket::new(number, ttl))?;
        listen(socket, flight, answers, Instant::now() + SPACING).await?;
    }
    listen(socket, flight, answers, Instant::now() + timeout).await
}

fn ask(socket: &UdpSocket, flight: &mut Flight, ticket: Ticket) -> Result<(), TraceError> {
    let Some(packet) = echo(flight.ident, ticket.0) else { return Ok(()) };
    socket.set_ttl(u32::from(ticket.ttl()))?;
    flight.sent.insert(ticket, Instant::now());
    // Not `try_send_to`, which gives up before asking the kernel when the runtime has not yet heard of the socket.
    let to = SocketAddr::new(flight.target.into(), 0);
    match socket2::SockRef::from(socket).send_to(&packet, &to.into()) {
        // A full send queue loses one question: it is asked again in the next round.
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error.into()),
        _ => Ok(()),
    }
}

/// An echo request; `None` never happens (the buffer is as large as the packet).
fn echo(ident: u16, sequence: u16) -> Option<Vec<u8>> {
    let mut buffer = vec![0; EchoRequestPacket::minimum_packet_size()];
    let mut packet = MutableEchoRequestPacket::new(&mut buffer)?;
    packet.set_icmp_type(IcmpTypes::EchoRequest);
    packet.set_identifier(ident);
    packet.set_sequence_number(sequence);
    let sum = checksum(&IcmpPacket::new(packet.packet())?);
    packet.set_checksum(sum);
    Some(buffer)
}

/// Takes answers until `until`, or until the way is complete.
async fn listen(
    socket: &UdpSocket,
    flight: &Flight,
    answers: &mut Answers,
    until: Instant,
) -> Result<(), TraceError> {
    let until = tokio::time::Instant::from_std(until);
    let mut buffer = [0; BUFFER];
    while !answers.complete() {
        let Ok(ready) = timeout_at(until, socket.readable()).await else { return Ok(()) };
        ready?;
        match socket.try_recv_from(&mut buffer) {
            Ok((length, from)) => {
                let at = Instant::now();
                if let Some((ticket, kind)) = buffer.get(..length).and_then(|packet| read(packet, flight)) {
                    keep(answers, flight, ticket, kind, from.ip(), at);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // An error of another packet of this socket: the next one may be good, but never spin on it.
            Err(_) => sleep_until(tokio::time::Instant::now() + Duration::from_millis(1)).await,
        }
        // A flood of other programs' ICMP must not hold the probe.
        if tokio::time::Instant::now() >= until {
            return Ok(());
        }
    }
    Ok(())
}

fn keep(answers: &mut Answers, flight: &Flight, ticket: Ticket, kind: Kind, from: IpAddr, at: Instant) {
    let Some(asked) = flight.sent.get(&ticket) else { return };
    let (last, target) = match kind {
        Kind::Reply => (true, true),
        Kind::Expired => (false, false),
        Kind::Refused => (true, from == IpAddr::V4(flight.target)),
    };
    answers.keep(ticket.ttl(), Answer { from, rtt: at.saturating_duration_since(*asked), last, target });
}

/// What an ICMP message about one of our questions says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reply,
    Expired,
    Refused,
}

/// The distance and kind of an answer to one of our questions; `None` for everything else that a raw socket hears.
fn read(packet: &[u8], flight: &Flight) -> Option<(Ticket, Kind)> {
    let outer = Ipv4Packet::new(packet)?;
    let inside = packet.get(usize::from(outer.get_header_length()) * 4..)?;
    let icmp = IcmpPacket::new(inside)?;
    let kind = match icmp.get_icmp_type() {
        IcmpTypes::EchoReply => Kind::Reply,
        IcmpTypes::TimeExceeded if icmp.get_icmp_code() == IcmpCode(0) => Kind::Expired,
        IcmpTypes::DestinationUnreachable => Kind::Refused,
        _ => return None,
    };
    if kind == Kind::Reply {
        let reply = EchoReplyPacket::new(inside)?;
        let ours = reply.get_identifier() == flight.ident && outer.get_source() == flight.target;
        return ours.then(|| (Ticket(reply.get_sequence_number()), kind));
    }
    let quoted = Ipv4Packet::new(inside.get(QUOTE_OFFSET..)?)?;
    let echo = inside.get(QUOTE_OFFSET..)?.get(usize::from(quoted.get_header_length()) * 4..)?;
    let echo = EchoRequestPacket::new(echo)?;
    let ours = quoted.get_destination() == flight.target
        && echo.get_icmp_type() == IcmpTypes::EchoRequest
        && echo.get_identifier() == flight.ident;
    ours.then(|| (Ticket(echo.get_sequence_number()), kind))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn flight() -> Flight {
        Flight { target: Ipv4Addr::new(192, 0, 2, 9), ident: 77, sent: HashMap::new() }
    }

    /// An IPv4 header without options, then `payload`.
    fn ip(source: [u8; 4], destination: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0];
        packet.extend(source);
        packet.extend(destination);
        packet.extend(payload);
        packet
    }

    fn error(kind: u8, code: u8, quoted: &[u8]) -> Vec<u8> {
        let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
        message.extend(quoted);
        ip([10, 0, 0, 1], [10, 0, 0, 2], &message)
    }

    #[test]
    fn reads_what_answers_our_echo_only() {
        let question = ip([10, 0, 0, 2], [192, 0, 2, 9], &echo(77, 3).unwrap());
        assert_eq!(read(&error(11, 0, &question), &flight()), Some((Ticket(3), Kind::Expired)));
        assert_eq!(read(&error(3, 13, &question), &flight()), Some((Ticket(3), Kind::Refused)));
        assert_eq!(read(&error(11, 1, &question), &flight()), None, "reassembly time");
        let other = ip([10, 0, 0, 2], [192, 0, 2, 9], &echo(78, 3).unwrap());
        assert_eq!(read(&error(11, 0, &other), &flight()), None, "another program's");
        let mut reply = echo(77, 5).unwrap();
        reply[0] = 0;
        assert_eq!(
            read(&ip([192, 0, 2, 9], [10, 0, 0, 2], &reply), &flight()),
            Some((Ticket(5), Kind::Reply))
        );
        assert_eq!(read(&ip([192, 0, 2, 8], [10, 0, 0, 2], &reply), &flight()), None, "another host's");
    }

    proptest! {
        #[test]
        fn any_packet_is_read_without_harm(packet in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = read(&packet, &flight());
        }

        #[test]
        fn a_cut_answer_is_no_answer(cut in 0_usize..56) {
            let question = ip([10, 0, 0, 2], [192, 0, 2, 9], &echo(77, 3).unwrap());
            let whole = error(11, 0, &question);
            prop_assert_eq!(whole.len(), 56);
            prop_assert_eq!(read(&whole[..cut], &flight()), None);
        }
    }
}
