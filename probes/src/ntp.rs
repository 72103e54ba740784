//! One question to an NTP server about this machine's clock: SNTPv4 (RFC 4330; the packet and its arithmetic are RFC
//! 5905's). Only when a server is named: the `Date` of the services is the default, and needs no port of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use sonde_report::values::NtpValue;
use sonde_report::{Cause, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::Env;
use crate::clock::{Stopwatch, micros};

/// NTP (RFC 5905, 7.2).
pub const PORT: u16 = 123;

/// A packet without extensions (RFC 5905, 7.3), bytes.
const LENGTH: usize = 48;

/// The largest answer read: extensions are ignored, and none is this long.
const LARGEST: usize = 512;

/// Leap indicator 0 (two bits), version 4 (three), mode 3 (three): a client's question (RFC 4330, 5).
const CLIENT: u8 = 0x23;

/// Mode of a server's answer.
const SERVER_MODE: u8 = 4;

/// Leap indicator of a clock that follows nothing.
const UNSYNCHRONISED: u8 = 3;

/// Seconds from NTP's era (1900) to Unix's (1970).
const UNIX_ERA_S: u64 = 2_208_988_800;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Time allowed for the name, and again for the answer.
    pub timeout: Duration,
}

/// Asks once. A server that does not follow a clock itself, or answers out of turn, has failed.
///
/// UDP passes no proxy: an address is asked directly all the same (a box, a server of the commune), but a name behind the
/// proxy is the proxy's to resolve, and is not looked up here.
pub async fn run(config: &Config, env: &Env) -> Measurement<NtpValue> {
    let watch = Stopwatch::start();
    let target =
        if config.port == PORT { config.host.clone() } else { format!("{}:{}", config.host, config.port) };
    let is_name = config.host.trim_matches(['[', ']']).parse::<IpAddr>().is_err();
    if is_name && env.dialer.proxy_for(&config.host, config.port).is_some() {
        return watch.skip(target, Reason::new(ReasonCode::NotThroughProxy));
    }
    match ask(config, env).await {
        Ok(value) => watch.finish(target, Outcome::Measured { value, caveats: Vec::new() }),
        Err(failure) => watch.fail(target, failure),
    }
}

fn failure(cause: Cause, detail: impl Into<String>) -> Failure {
    Failure::with(Stage::Ntp, cause, detail)
}

async fn ask(config: &Config, env: &Env) -> Result<NtpValue, Failure> {
    let found = timeout(config.timeout, env.dialer.resolve(&config.host, config.port)).await;
    let found =
        found.unwrap_or_else(|_| Err(Failure::with(Stage::Dns, Cause::Timeout, config.host.clone())))?;
    let address = *found.first().ok_or_else(|| Failure::new(Stage::Dns, Cause::NoAddress))?;
    timeout(config.timeout, exchange(address))
        .await
        .unwrap_or_else(|_| Err(failure(Cause::Timeout, address.to_string())))
}

/// One question and its answer.
async fn exchange(server: SocketAddr) -> Result<NtpValue, Failure> {
    let system = |error: &std::io::Error| failure(crate::dial::io_cause(error), format!("{server}: {error}"));
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await.map_err(|error| system(&error))?;
    socket.connect(server).await.map_err(|error| system(&error))?;
    let cookie = cookie();
    let mut packet = [0_u8; LENGTH];
    packet[0] = CLIENT;
    packet[40..].copy_from_slice(&cookie.to_be_bytes());
    let (sent_at, start) = (SystemTime::now(), Instant::now());
    socket.send(&packet).await.map_err(|error| system(&error))?;
    let mut buffer = [0_u8; LARGEST];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(|error| system(&error))?;
        let elapsed = start.elapsed();
        let Some(answer) = buffer.get(..length).and_then(|bytes| Answer::read(bytes, cookie)) else {
            continue;
        };
        answer.check()?;
        return Ok(answer.value(server, fixed_point(sent_at), elapsed));
    }
}

/// What stands in the question in the place of its time, for the answer to repeat: a random number binds the two
/// together and tells nobody this machine's clock.
fn cookie() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::collections::hash_map::RandomState::new().build_hasher().finish() | 1
}

/// The fields of an answer that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    leap: u8,
    mode: u8,
    stratum: u8,
    reference: [u8; 4],
    /// When the question arrived there, 2^-32 s of NTP's era.
    received: u64,
    /// When the answer left there.
    transmitted: u64,
}

impl Answer {
    /// Reads the answer to the question that carried `cookie`; `None` for anything else.
    fn read(bytes: &[u8], cookie: u64) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.get(..LENGTH)?.try_into().ok()?;
        let time = |at: usize| -> u64 {
            bytes[at..at + 8].iter().fold(0, |sum, &byte| (sum << 8) | u64::from(byte))
        };
        (time(24) == cookie).then(|| Self {
            leap: bytes[0] >> 6,
            mode: bytes[0] & 0b111,
            stratum: bytes[1],
            reference: [bytes[12], bytes[13], bytes[14], bytes[15]],
            received: time(32),
            transmitted: time(40),
        })
    }

    /// Whether the server's word is worth anything (RFC 4330, 5).
    fn check(&self) -> Result<(), Failure> {
        let wrong = |detail: String| Err(failure(Cause::UnexpectedContent, detail));
        match self {
            Self { mode, .. } if *mode != SERVER_MODE => wrong(format!("mode {mode}")),
            // A "kiss of death" carries its reason in letters (RFC 5905, 7.4).
            Self { stratum: 0, reference, .. } => {
                let code: String = reference
                    .iter()
                    .filter(|byte| byte.is_ascii_graphic())
                    .map(|&byte| char::from(byte))
                    .collect();
                wrong(format!("stratum 0, {code}"))
            }
            Self { stratum: 16.., .. } => wrong(format!("stratum {}", self.stratum)),
            Self { leap: UNSYNCHRONISED, .. } => wrong("unsynchronised".to_owned()),
            Self { transmitted: 0, .. } => wrong("no transmit timestamp".to_owned()),
            _ => Ok(()),
        }
    }

    /// Offset and delay. Times wrap every 136 years: differences are right as long as the clocks are within 68.
    fn value(&self, server: SocketAddr, sent: u64, elapsed: Duration) -> NtpValue {
        // The local clock may step meanwhile: the arrival is the departure plus what the monotonic clock says.
        let elapsed_units = i128::try_from((elapsed.as_nanos() << 32) / 1_000_000_000).unwrap_or(i128::MAX);
        let to_there = i128::from(self.received.wrapping_sub(sent).cast_signed());
        let back_units = i128::from(self.transmitted.wrapping_sub(sent).cast_signed()) - elapsed_units;
        let at_server = i128::from(self.transmitted.wrapping_sub(self.received).cast_signed());
        let delay = (elapsed_units - at_server).clamp(0, elapsed_units);
        // RFC 5905's theta is the server's clock minus ours.
        let ahead_us = -in_micros(to_there.midpoint(back_units));
        NtpValue {
            address: server.ip().to_string(),
            offset_us: i64::try_from(ahead_us).unwrap_or(i64::MAX),
            delay_us: u64::try_from(in_micros(delay)).unwrap_or(0).min(micros(elapsed)),
            stratum: self.stratum,
        }
    }
}

/// 2^-32 s in microseconds.
fn in_micros(units: i128) -> i128 {
    (units * 1_000_000) >> 32
}

/// A moment as NTP writes it, 2^-32 s since 1900, the era left out.
fn fixed_point(moment: SystemTime) -> u64 {
    let (seconds, nanos) = match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (since.as_secs(), since.subsec_nanos()),
        // A clock before 1970 is as wrong as can be: to the second is enough.
        Err(before) => (0_u64.wrapping_sub(before.duration().as_secs()), 0),
    };
    let fraction = (u64::from(nanos) << 32) / 1_000_000_000;
    (seconds.wrapping_add(UNIX_ERA_S) << 32) | fraction
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// A second, as NTP counts.
    const SECOND: u64 = 1 << 32;

    fn answer() -> Answer {
        Answer { leap: 0, mode: 4, stratum: 2, reference: *b"\xc0\0\x02\x01", received: 1, transmitted: 1 }
    }

    fn value(received: u64, transmitted: u64, sent: u64, elapsed_ms: u64) -> NtpValue {
        Answer { received, transmitted, ..answer() }.value(
            "192.0.2.1:123".parse().unwrap(),
            sent,
            Duration::from_millis(elapsed_ms),
        )
    }

    #[test]
    fn offset_and_delay_are_those_of_rfc_5905() {
        // 100 ms on the way in all, half of it each way; the server is an hour ahead of us and thinks for a second.
        let sent = 4_000_000_000 * SECOND;
        let received = sent + 3600 * SECOND + SECOND / 20;
        let found = value(received, received + SECOND, sent, 1100);
        assert!((found.offset_us + 3_600_000_000).abs() <= 1, "{found:?}");
        assert!(found.delay_us.abs_diff(100_000) <= 1, "{found:?}");
    }

    #[test]
    fn the_era_s_end_is_no_step() {
        // 2036-02-07: the question left before it, the answer after it.
        let sent = u64::MAX - SECOND / 2;
        let found = value(sent.wrapping_add(SECOND), sent.wrapping_add(SECOND), sent, 2000);
        assert!(found.offset_us.abs() <= 1, "{found:?}");
    }

    #[test]
    fn no_times_make_it_panic() {
        for received in [0, 1, u64::MAX / 2, u64::MAX] {
            for transmitted in [1, u64::MAX / 2 + 1, u64::MAX] {
                let found = value(received, transmitted, 5 * SECOND, 10);
                assert!(found.delay_us <= 10_000, "{found:?}");
            }
        }
    }

    #[test]
    fn an_answer_that_does_not_repeat_the_question_is_nobody_s() {
        let mut packet = [0_u8; LENGTH];
        packet[0] = 0x24;
        packet[1] = 1;
        packet[24..32].copy_from_slice(&7_u64.to_be_bytes());
        packet[40..].copy_from_slice(&9_u64.to_be_bytes());
        let read = Answer::read(&packet, 7).expect("ours");
        assert_eq!((read.mode, read.stratum, read.transmitted), (4, 1, 9));
        assert!(read.check().is_ok());
        assert_eq!(Answer::read(&packet, 8), None);
        assert_eq!(Answer::read(&packet[..47], 7), None);
    }

    #[test]
    fn a_server_without_a_clock_is_not_believed() {
        for (wrong, detail) in [
            (Answer { mode: 3, ..answer() }, "mode 3"),
            (Answer { stratum: 0, reference: *b"RATE", ..answer() }, "stratum 0, RATE"),
            (Answer { stratum: 16, ..answer() }, "stratum 16"),
            (Answer { leap: 3, ..answer() }, "unsynchronised"),
            (Answer { transmitted: 0, ..answer() }, "no transmit timestamp"),
        ] {
            let failure = wrong.check().unwrap_err();
            assert_eq!((failure.cause, failure.detail.as_deref()), (Cause::UnexpectedContent, Some(detail)));
        }
    }

    #[test]
    fn now_reads_as_ntp_writes_it() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
        assert_eq!(fixed_point(moment), ((UNIX_ERA_S + 1) << 32) | (1 << 31));
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(2);
        assert_eq!(fixed_point(before) >> 32, (UNIX_ERA_S - 2) & 0xffff_ffff);
    }
}
