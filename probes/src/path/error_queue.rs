//! TTL-limited UDP, the routers' answers read from the socket's error queue (IP_RECVERR, ip(7)): needs no right.
//!
//! Each distance has its own destination port, as traceroute has always done, so that an answer tells which question
//! it is about.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::timeout_at;

use super::{Answer, Answers, Question, ROUNDS, Ticket, TraceError};

/// traceroute's ports (IANA registers 33434 for it): no service listens there, so the target answers "port
/// unreachable".
pub(super) const BASE_PORT: u16 = 33434;

/// Between two questions, as in the raw method.
const SPACING: Duration = Duration::from_millis(5);

/// How often one question is sent when the error of an earlier one is handed out in its place (udp(7)).
pub(super) const TRIES: u8 = 8;

/// `linux/errqueue.h`.
const ORIGIN_ICMP: u8 = 2;
const ORIGIN_ICMP6: u8 = 3;

/// Asks every distance, the silent ones twice.
pub(super) async fn trace(question: &Question) -> Result<Answers, TraceError> {
    let socket = open(question)?;
    let mut answers = Answers::new(question.max_hops);
    let mut sent = HashMap::new();
    for round in 0..ROUNDS {
        for ttl in answers.silent() {
            if answers.end().is_some_and(|end| usize::from(ttl) > end) {
                break;
            }
            let ticket = Ticket::new(round, ttl);
            sent.insert(ticket, Instant::now());
            ask(&socket, question.target, ticket)?;
            listen(&socket, question.target, &sent, &mut answers, Instant::now() + SPACING).await?;
        }
        listen(&socket, question.target, &sent, &mut answers, Instant::now() + question.timeout).await?;
        if answers.complete() || answers.nothing() {
            break;
        }
    }
    Ok(answers)
}

fn open(question: &Question) -> Result<UdpSocket, TraceError> {
    let any: IpAddr =
        if question.target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.set_nonblocking(true)?;
    if question.target.is_ipv4() {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
    } else {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
    }
    if let Some(interface) = &question.interface {
        socket2::SockRef::from(&socket).bind_device(Some(interface.as_bytes()))?;
    }
    Ok(UdpSocket::from_std(socket)?)
}

fn ask(socket: &UdpSocket, target: IpAddr, ticket: Ticket) -> Result<(), TraceError> {
    if target.is_ipv4() {
        socket.set_ttl(u32::from(ticket.ttl()))?;
    } else {
        setsockopt(socket, sockopt::Ipv6Ttl, &i32::from(ticket.ttl()))?;
    }
    let to = SocketAddr::new(target, BASE_PORT.saturating_add(ticket.0));
    let mut last = None;
    for _ in 0..TRIES {
        match send(socket, to) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            // Most likely the pending error of an earlier question: reading it here clears it.
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(()), |error| Err(error.into()))
}

/// Not `try_send_to`, which gives up before asking the kernel when the runtime has not yet heard that the socket is
/// writable.
fn send(socket: &UdpSocket, to: SocketAddr) -> io::Result<usize> {
    socket2::SockRef::from(socket).send_to(&[0; 12], &to.into())
}

/// Takes answers until `until`, or until the way is complete.
async fn listen(
    socket: &UdpSocket,
    target: IpAddr,
    sent: &HashMap<Ticket, Instant>,
    answers: &mut Answers,
    until: Instant,
) -> Result<(), TraceError> {
    let until = tokio::time::Instant::from_std(until);
    while !answers.complete() && tokio::time::Instant::now() < until {
        // A queued error is readiness of its own kind (EPOLLERR), not readability.
        let waited = timeout_at(until, socket.ready(Interest::READABLE | Interest::ERROR)).await;
        let Ok(ready) = waited else { return Ok(()) };
        ready?;
        // The last attempt of each loop finds nothing, and that makes the next wait a true one.
        while let Ok(entry) = socket.try_io(Interest::ERROR, || next(socket).map_err(io::Error::from)) {
            if let Some(entry) = entry {
                keep(answers, sent, target, &entry);
            }
        }
        // Nobody answers UDP on these ports; what somebody does send is thrown away, so that it does not wake us.
        let mut scrap = [0; 16];
        while socket.try_recv_from(&mut scrap).is_ok() {}
    }
    Ok(())
}

/// A router's or host's word on the error queue, by ICMP.
#[derive(Debug)]
pub(super) struct Entry {
    /// The port the packet it is about was sent to; `None` where that had none.
    pub(super) to_port: Option<u16>,
    /// Who says it.
    pub(super) from: IpAddr,
    /// ICMP's type and code.
    pub(super) kind: (u8, u8),
    /// The next link's MTU, where the packet was too big.
    pub(super) info: u32,
    /// What that packet began with, behind its IP header (UDP: behind that one's).
    pub(super) quoted: Vec<u8>,
    at: Instant,
}

fn keep(answers: &mut Answers, sent: &HashMap<Ticket, Instant>, target: IpAddr, heard: &Entry) {
    let Some(ticket) = heard.to_port.and_then(|port| port.checked_sub(BASE_PORT)).map(Ticket) else { return };
    let Some(asked) = sent.get(&ticket) else { return };
    // Time exceeded: type 11 (RFC 792), 3 in ICMPv6 (RFC 4443). Whatever else is said about the question ends it.
    let expired = heard.kind.0 == if target.is_ipv4() { 11 } else { 3 };
    let answer = Answer {
        from: heard.from,
        rtt: heard.at.saturating_duration_since(*asked),
        last: !expired,
        target: !expired && heard.from == target,
    };
    answers.keep(ticket.ttl(), answer);
}

/// Reads one entry; `Ok(None)` for one that is nobody's word (this machine's own error).
pub(super) fn next(socket: &UdpSocket) -> nix::Result<Option<Entry>> {
    let mut payload = [0; 64];
    let mut slices = [IoSliceMut::new(&mut payload)];
    let mut space = nix::cmsg_space!([u8; 256]);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags)?;
    let at = Instant::now();
    let to_port = message.address.as_ref().and_then(port_of).filter(|port| *port > 0);
    let quoted = message.iovs().next().unwrap_or_default().to_vec();
    let Ok(controls) = message.cmsgs() else { return Ok(None) };
    let mut heard = None;
    for control in controls {
        let (error, from) = match control {
            ControlMessageOwned::Ipv4RecvErr(error, Some(from)) => {
                (error, IpAddr::V4(Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr))))
            }
            ControlMessageOwned::Ipv6RecvErr(error, Some(from)) => {
                (error, IpAddr::V6(Ipv6Addr::from(from.sin6_addr.s6_addr)))
            }
            _ => continue,
        };
        if is_icmp(&error) {
            heard = Some((from, (error.ee_type, error.ee_code), error.ee_info));
        }
    }
    Ok(heard.map(|(from, kind, info)| Entry { to_port, from, kind, info, quoted, at }))
}

fn is_icmp(error: &libc::sock_extended_err) -> bool {
    error.ee_origin == ORIGIN_ICMP || error.ee_origin == ORIGIN_ICMP6
}

/// The port an entry's original packet was sent to.
fn port_of(address: &SockaddrStorage) -> Option<u16> {
    let v4 = address.as_sockaddr_in().map(nix::sys::socket::SockaddrIn::port);
    v4.or_else(|| address.as_sockaddr_in6().map(nix::sys::socket::SockaddrIn6::port))
}
