//! A DNS server on loopback, UDP and TCP on one port, with the faults a test wants. The messages are hickory-proto's.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Edns, Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NULL, TXT};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use sonde_probes::dns::{TestName, TestNames};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::LOOPBACK;

/// Test names of a zone that the test itself serves: signed, with a broken signature, and with a large answer (TXT).
pub fn test_names(signed: &str, broken: &str, large: &str) -> TestNames {
    let named = |name: &str, kind: &str| {
        vec![TestName {
            name: name.to_owned(),
            kind: kind.to_owned(),
            source: "test".to_owned(),
            verified: true,
        }]
    };
    TestNames { signed: named(signed, "DNSKEY"), broken: named(broken, "A"), large: named(large, "TXT") }
}

/// A question as the server sees it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The name, in small letters, without the root's dot (the root itself is empty).
    pub name: String,
    pub kind: RecordType,
    /// DO, AD's wish and CD.
    pub signatures: bool,
    pub unchecked: bool,
}

/// What it answers.
#[derive(Debug, Clone)]
pub enum Act {
    Silence,
    Code(ResponseCode),
    Records(Vec<RData>),
    /// The same, vouched for (AD).
    Authentic(Vec<RData>),
}

pub fn address(text: &str) -> RData {
    match text.parse().expect("an address") {
        IpAddr::V4(v4) => RData::A(A(v4)),
        IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    }
}

pub fn text(bytes: usize) -> RData {
    RData::TXT(TXT::new(vec!["x".repeat(200); bytes.div_ceil(200)]))
}

/// A record of a type that only its size matters of (DNSKEY, RRSIG).
pub fn opaque(code: RecordType, bytes: usize) -> RData {
    RData::Unknown { code, rdata: NULL::with(vec![7; bytes]) }
}

/// How the server, and what stands before it, treat EDNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extended {
    Spoken,
    /// Answered without it, as if it were not there.
    Ignored,
    /// Dropped on the way.
    Dropped,
    /// FORMERR.
    Refused,
}

#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub tcp: bool,
    pub edns: Extended,
    /// The largest answer the server sends over UDP, whatever is allowed: above it truncates.
    pub largest_udp: usize,
    /// UDP answers above this are lost on the way.
    pub lost_above: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { tcp: true, edns: Extended::Spoken, largest_udp: 1232, lost_above: usize::MAX }
    }
}

/// A running server: where it is, and what it was asked.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Everything it was asked, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic under the lock").clone()
    }
}

/// Starts a server.
pub async fn serve(options: Options, act: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Server {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port");
        let port = udp.local_addr().expect("an address").port();
        if let Ok(tcp) = TcpListener::bind((LOOPBACK, port)).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().expect("an address");
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let act = Arc::new(act);
    let (log, rules) = (Arc::clone(&asked), Arc::clone(&act));
    tokio::spawn(async move {
        let mut buffer = [0_u8; 4096];
        loop {
            let Ok((length, from)) = udp.recv_from(&mut buffer).await else { continue };
            if let Some(reply) = reply(&buffer[..length], false, options, &log, rules.as_ref())
                && reply.len() <= options.lost_above
            {
                let _ = udp.send_to(&reply, from).await;
            }
        }
    });
    if options.tcp {
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = tcp.accept().await {
                let (log, rules) = (Arc::clone(&log), Arc::clone(&act));
                tokio::spawn(async move { on_stream(stream, options, &log, rules.as_ref()).await });
            }
        });
    }
    Server { address, asked }
}

/// Answers one question on a stream: TCP, or TLS.
pub async fn on_stream<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    options: Options,
    log: &Mutex<Vec<Asked>>,
    act: &(dyn Fn(&Asked) -> Act + Send + Sync),
) {
    let Ok(length) = stream.read_u16().await else { return };
    let mut question = vec![0; usize::from(length)];
    if stream.read_exact(&mut question).await.is_err() {
        return;
    }
    if let Some(reply) = reply(&question, true, options, log, act) {
        let length = u16::try_from(reply.len()).expect("short").to_be_bytes();
        let _ = stream.write_all(&[&length[..], &reply].concat()).await;
    }
}

/// The answer to one question; `None`: silence.
pub fn reply(
    question: &[u8],
    tcp: bool,
    options: Options,
    log: &Mutex<Vec<Asked>>,
    act: &(dyn Fn(&Asked) -> Act + Send + Sync),
) -> Option<Vec<u8>> {
    let message = Message::from_vec(question).ok()?;
    let query = message.queries.first()?.clone();
    let asked = Asked {
        name: query.name().to_ascii().to_ascii_lowercase().trim_end_matches('.').to_owned(),
        kind: query.query_type(),
        signatures: message.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok),
        unchecked: message.metadata.checking_disabled,
    };
    log.lock().expect("no panic under the lock").push(asked.clone());
    let mut answer = Message::response(message.metadata.id, message.metadata.op_code);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    let mut allowed = 512;
    if let Some(edns) = &message.edns {
        match options.edns {
            Extended::Spoken => {
                allowed = usize::from(edns.max_payload());
                answer.set_edns(Edns::new());
            }
            Extended::Ignored => {}
            Extended::Dropped if tcp => {}
            Extended::Dropped => return None,
            Extended::Refused => {
                answer.metadata.response_code = ResponseCode::FormErr;
                return answer.to_vec().ok();
            }
        }
    }
    let records = match act(&asked) {
        Act::Silence => return None,
        Act::Code(code) => {
            answer.metadata.response_code = code;
            Vec::new()
        }
        Act::Authentic(records) => {
            answer.metadata.authentic_data = true;
            records
        }
        Act::Records(records) => records,
    };
    for data in records {
        answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
    }
    let whole = answer.to_vec().expect("an answer");
    if !tcp && whole.len() > allowed.min(options.largest_udp) {
        answer.answers.clear();
        answer.metadata.truncation = true;
        return answer.to_vec().ok();
    }
    Some(whole)
}
