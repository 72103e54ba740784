//! Resolvers that answer, refuse, lie or stay silent: a real DNS server on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Authority, LOOPBACK, dialing, env};
use sonde_probes::dns::{Config, run};
use sonde_report::values::{DnsPath, DnsValue};
use sonde_report::{Cause, Measurement, Outcome};
use tokio::net::UdpSocket;

/// A DNS server (RFC 1035) whose answer depends on the first label of the name.
async fn server() -> SocketAddr {
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0_u8; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            if let Some(reply) = reply(&buffer[..length]) {
                let _ = socket.send_to(&reply, from).await;
            }
        }
    });
    address
}

fn reply(query: &[u8]) -> Option<Vec<u8>> {
    let name_end = 12 + query[12..].iter().position(|&byte| byte == 0)?;
    let question_end = name_end + 5;
    let label = &query[13..13 + usize::from(query[12])];
    let asks_v4 = query[name_end + 1..name_end + 3] == [0, 1];
    let (code, data): (u8, Option<Vec<u8>>) = match label {
        b"bon" if asks_v4 => (0, Some(vec![192, 0, 2, 1])),
        b"six" if !asks_v4 => (0, Some([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].to_vec())),
        b"nulle" if asks_v4 => (0, Some(vec![0, 0, 0, 0])),
        b"panne" => (2, None),
        b"absent" => (3, None),
        b"refus" => (5, None),
        b"muet" => return None,
        _ => (0, None),
    };
    let mut reply = query[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0]);
    reply.extend(&query[12..question_end]);
    if let Some(data) = data {
        reply.extend([0xc0, 12, 0, if asks_v4 { 1 } else { 28 }, 0, 1, 0, 0, 0, 60, 0]);
        reply.push(u8::try_from(data.len()).expect("short"));
        reply.extend(data);
    }
    Some(reply)
}

async fn ask(names: &[&str], timeout: Duration) -> Measurement<DnsValue> {
    let names_asked = names.iter().map(|name| (*name).to_owned()).collect();
    let config = Config::new(vec![server().await], names_asked, timeout);
    // The system's path is answered by pinned names: no question leaves this machine.
    let env = env(dialing(&Authority::new("public"), names));
    let mut found = run(&config, &env).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].value().map(|value| &value.resolver), Some(&DnsPath::System));
    found.pop().expect("the server's")
}

#[tokio::test]
async fn each_answer_is_told_apart() {
    let names = [
        "bon.exemple.fr",
        "six.exemple.fr",
        "nulle.exemple.fr",
        "panne.exemple.fr",
        "absent.exemple.fr",
        "refus.exemple.fr",
        "vide.exemple.fr",
    ];
    let found = ask(&names, Duration::from_secs(20)).await;
    let value = found.value().expect("measured");
    let causes: Vec<_> =
        value.questions.iter().map(|asked| asked.failure.as_ref().map(|f| f.cause)).collect();
    assert_eq!(
        causes,
        [
            None,
            None,
            Some(Cause::DnsAltered),
            Some(Cause::ResolverFailure),
            Some(Cause::NameNotFound),
            Some(Cause::ResolverFailure),
            Some(Cause::NoAddress)
        ]
    );
    assert_eq!((value.asked, value.answered), (7, 2));
    assert!(value.median_us.is_some() && value.max_us >= value.median_us);
}

#[tokio::test]
async fn a_dead_resolver_is_asked_twice_and_no_more() {
    let names = ["muet.exemple.fr", "muet.exemple.net", "muet.exemple.org", "muet.exemple.com"];
    let found = ask(&names, Duration::from_millis(300)).await;
    let Outcome::Failed { failure } = found.outcome else { panic!("{found:?}") };
    assert_eq!((failure.cause, failure.attempts.len()), (Cause::Timeout, 2));
}

#[tokio::test]
async fn one_silence_among_answers_is_one_question_lost() {
    let found = ask(&["bon.exemple.fr", "muet.exemple.fr", "bon.exemple.net"], Duration::from_secs(2)).await;
    let value = found.value().expect("measured");
    assert_eq!((value.asked, value.answered), (3, 2));
    assert_eq!(value.questions[1].failure.as_ref().map(|f| f.cause), Some(Cause::Timeout));
}
