//! One question to one server, over UDP, TCP, TLS or HTTPS, and its answer as it came.
//!
//! Not a resolver: nothing is cached, repeated or looked up elsewhere, for the answer's size, flags and way are what is
//! wanted here. The messages themselves are hickory-proto's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use sonde_report::{Cause, Failure, Stage};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::dial::{Dialer, Target, io_cause};

/// The largest answer any question here allows over UDP, bytes; a datagram above it is cut by the read.
const LARGEST_DATAGRAM: usize = 4096;

/// A DNS message over TCP is at most this long (RFC 1035, 4.2.2: two bytes of length).
const LARGEST_MESSAGE: usize = 65_535;

/// How to ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// The size of answer allowed over UDP with EDNS (RFC 6891), bytes; `None`: without EDNS, 512.
    pub(super) edns: Option<u16>,
    /// Whether to ask for the signatures, too (DO, RFC 4035).
    pub(super) signatures: bool,
    /// Whether the resolver is told not to check them (CD, RFC 4035).
    pub(super) unchecked: bool,
}

impl Manner {
    /// With EDNS and signatures.
    pub(super) const fn signed(size: u16) -> Self {
        Self { edns: Some(size), signatures: true, unchecked: false }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    /// The message.
    pub(super) message: Message,
    /// Its size, bytes.
    pub(super) bytes: usize,
}

impl Reply {
    /// The addresses in it, whatever alias leads to them.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        let answers = self.message.answers.iter();
        answers
            .filter_map(|record| match &record.data {
                RData::A(address) => Some(IpAddr::V4(address.0)),
                RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                _ => None,
            })
            .collect()
    }

    /// The response code.
    pub(super) fn code(&self) -> ResponseCode {
        self.message.metadata.response_code
    }

    /// Whether it was cut to fit.
    pub(super) fn truncated(&self) -> bool {
        self.message.metadata.truncation
    }

    /// Whether a record of `kind` stands in the answer.
    pub(super) fn holds(&self, kind: RecordType) -> bool {
        self.message.answers.iter().any(|record| record.record_type() == kind)
    }
}

/// A response code by its name in the IANA registry, `RCODE…` for those that never come to a stub.
pub(super) fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

/// A full name: no search list is tried with it.
pub(super) fn full_name(text: &str) -> Result<Name, Failure> {
    let mut name = Name::from_str_relaxed(text)
        .map_err(|error| Failure::with(Stage::Dns, Cause::NameNotFound, format!("{text}: {error}")))?;
    name.set_fqdn(true);
    Ok(name)
}

fn failure(cause: Cause, detail: impl Into<String>) -> Failure {
    Failure::with(Stage::Dns, cause, detail)
}

fn io_failure(error: &std::io::Error) -> Failure {
    failure(io_cause(error), error.to_string())
}

/// A question as a message. Its number comes from the library's random source.
fn question(name: &Name, kind: RecordType, manner: Manner) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.metadata.checking_disabled = manner.unchecked;
    // AD in a question: "I understand the flag", asked for without signatures too (RFC 6840, 5.7).
    message.metadata.authentic_data = manner.signatures;
    message.add_query(Query::query(name.clone(), kind));
    if let Some(size) = manner.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(size).set_dnssec_ok(manner.signatures).set_version(0);
        message.set_edns(edns);
    }
    message
}

fn encoded(message: &Message) -> Result<Vec<u8>, Failure> {
    message.to_vec().map_err(|error| failure(Cause::ProtocolError, error.to_string()))
}

/// Reads an answer to `asked`; `None` when it is the answer to another question, or to none: somebody else's word.
fn read_reply(asked: &Message, bytes: &[u8]) -> Option<Result<Reply, Failure>> {
    let number = bytes.get(..2).map(|id| u16::from_be_bytes([id[0], id[1]]));
    let is_response = bytes.get(2).is_some_and(|flags| flags & 0x80 != 0);
    if number != Some(asked.metadata.id) || !is_response {
        return None;
    }
    let message = match Message::from_vec(bytes) {
        Ok(message) => message,
        Err(error) => return Some(Err(failure(Cause::ProtocolError, error.to_string()))),
    };
    // An error may come without the question; an answer may not (RFC 5452, 9.1).
    let same = match (message.queries.first(), asked.queries.first()) {
        (Some(got), Some(sent)) => got.name.eq_ignore_root(&sent.name) && got.query_type == sent.query_type,
        (None, _) => message.answers.is_empty(),
        _ => false,
    };
    let ours = same && message.metadata.message_type == MessageType::Response;
    ours.then_some(Ok(Reply { message, bytes: bytes.len() }))
}

/// Asks over UDP, once, and waits for the answer to this question only.
pub(super) async fn over_udp(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    manner: Manner,
    limit: Duration,
) -> Result<Reply, Failure> {
    let asked = question(name, kind, manner);
    let message = encoded(&asked)?;
    let exchange = async {
        let any: IpAddr =
            if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.map_err(|error| io_failure(&error))?;
        // Connected: the kernel drops what others send, and a closed port is told at once.
        socket.connect(server).await.map_err(|error| io_failure(&error))?;
        socket.send(&message).await.map_err(|error| io_failure(&error))?;
        // On the heap: several of these futures wait side by side.
        let mut buffer = vec![0_u8; LARGEST_DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await.map_err(|error| io_failure(&error))?;
            if let Some(reply) = buffer.get(..length).and_then(|bytes| read_reply(&asked, bytes)) {
                return reply;
            }
        }
    };
    within(limit, exchange).await
}

/// Asks over TCP (RFC 7766), on a connection of its own.
pub(super) async fn over_tcp(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    manner: Manner,
    limit: Duration,
) -> Result<Reply, Failure> {
    let asked = question(name, kind, manner);
    within(limit, async {
        let stream = TcpStream::connect(server).await.map_err(|error| io_failure(&error))?;
        over_stream(stream, &asked).await
    })
    .await
}

/// Asks over TLS (RFC 7858): the certificate must be a public one, or the answer is an interceptor's.
pub(super) async fn over_tls(
    dialer: &Dialer,
    server: &Target,
    name: &Name,
    kind: RecordType,
    limit: Duration,
) -> Result<Reply, Failure> {
    let asked = question(name, kind, Manner::default());
    within(limit, async {
        let connection = dialer.connect(server).await.map_err(|error| error.failure)?;
        trusted(connection.tls.as_ref())?;
        over_stream(connection.io, &asked).await
    })
    .await
}

/// Asks over HTTPS (RFC 8484, GET), through the proxy where there is one.
pub(super) async fn over_https(
    dialer: &Dialer,
    server: &Target,
    name: &Name,
    kind: RecordType,
    limit: Duration,
) -> Result<Reply, Failure> {
    let mut asked = question(name, kind, Manner::default());
    // The same question then has the same URL, which caches like (RFC 8484, 4.1).
    asked.metadata.id = 0;
    let joint = if server.path.contains('?') { '&' } else { '?' };
    let path = format!("{}{joint}dns={}", server.path, URL_SAFE_NO_PAD.encode(encoded(&asked)?));
    let target = Target { path, ..server.clone() };
    within(limit, async {
        let answer = dialer.get(&target, LARGEST_MESSAGE).await.map_err(|error| error.failure)?;
        trusted(answer.tls.as_ref())?;
        if answer.status != 200 {
            return Err(Failure::with(Stage::Http, Cause::HttpStatus, answer.status.to_string()));
        }
        read_reply(&asked, &answer.body)
            .unwrap_or_else(|| Err(Failure::new(Stage::Content, Cause::UnexpectedContent)))
    })
    .await
}

/// Refuses an answer whose way was opened.
fn trusted(tls: Option<&sonde_report::values::TlsInfo>) -> Result<(), Failure> {
    match tls {
        Some(tls) if tls.public_root => Ok(()),
        seen => Err(Failure {
            detail: seen.and_then(|tls| tls.issuer.clone()),
            ..Failure::new(Stage::Tls, Cause::UnknownIssuer)
        }),
    }
}

/// A question and its answer on a stream: each with its length before it (RFC 1035, 4.2.2).
async fn over_stream<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    asked: &Message,
) -> Result<Reply, Failure> {
    let message = encoded(asked)?;
    let length = u16::try_from(message.len()).map_err(|_| Failure::new(Stage::Dns, Cause::ProtocolError))?;
    // In one piece: some servers read one segment and no more.
    let framed = [&length.to_be_bytes()[..], &message].concat();
    stream.write_all(&framed).await.map_err(|error| io_failure(&error))?;
    let length = stream.read_u16().await.map_err(|error| io_failure(&error))?;
    let mut answer = vec![0_u8; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(|error| io_failure(&error))?;
    read_reply(asked, &answer).unwrap_or_else(|| Err(Failure::new(Stage::Dns, Cause::ProtocolError)))
}

/// The same within a time.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(Failure::new(Stage::Dns, Cause::Timeout)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn asked() -> Message {
        question(&full_name("gar.education.fr").unwrap(), RecordType::A, Manner::default())
    }

    fn answer(to: &Message, name: &str) -> Message {
        let mut answer = Message::response(to.metadata.id, to.metadata.op_code);
        answer.add_query(Query::query(full_name(name).unwrap(), RecordType::A));
        answer
    }

    #[test]
    fn only_the_answer_to_the_question_is_read() {
        let asked = asked();
        let good = answer(&asked, "GAR.education.fr").to_vec().unwrap();
        assert!(read_reply(&asked, &good).is_some_and(|reply| reply.is_ok()));
        let mut other_number = good.clone();
        other_number[0] ^= 1;
        let mut no_response = good.clone();
        no_response[2] &= 0x7f;
        let other_name = answer(&asked, "elsewhere.example").to_vec().unwrap();
        for wrong in [&other_number[..], &no_response, &other_name, b"", b"x", &good[..1]] {
            assert!(read_reply(&asked, wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn an_answer_cut_in_the_middle_is_an_error_and_no_panic() {
        let asked = asked();
        let good = answer(&asked, "gar.education.fr").to_vec().unwrap();
        for length in 3..good.len() {
            let read = read_reply(&asked, &good[..length]);
            assert!(read.is_none_or(|reply| reply.is_err()), "{length}");
        }
    }

    #[test]
    fn a_question_says_what_it_wants() {
        let name = full_name("x.example").unwrap();
        let signed = question(&name, RecordType::A, Manner::signed(1232));
        let read = Message::from_vec(&signed.to_vec().unwrap()).unwrap();
        let edns = read.edns.expect("EDNS");
        assert_eq!((edns.max_payload(), edns.flags().dnssec_ok), (1232, true));
        assert!(read.metadata.recursion_desired && !read.metadata.checking_disabled);
        let plain = Message::from_vec(&asked().to_vec().unwrap()).unwrap();
        assert!(plain.edns.is_none() && !plain.metadata.authentic_data);
    }
}
