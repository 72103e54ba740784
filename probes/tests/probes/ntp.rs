//! Time servers that are right, wrong, or no time servers: on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::support::{Authority, LOOPBACK, closed_port, dialing, env};
use sonde_probes::dial::DialConfig;
use sonde_probes::ntp::{Config, run};
use sonde_report::values::NtpValue;
use sonde_report::{Cause, Measurement, Outcome, ReasonCode, Stage};
use tokio::net::UdpSocket;

/// This machine's time as NTP writes it, shifted by `ahead_s` seconds.
fn time(ahead_s: i64) -> [u8; 8] {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seconds = (since.as_secs() + 2_208_988_800).wrapping_add_signed(ahead_s);
    ((seconds << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)).to_be_bytes()
}

/// A server whose clock is `ahead_s` ahead of ours; `first` is the packet's first byte, `twist` spoils the answer.
async fn server(ahead_s: i64, twist: impl Fn(&mut [u8; 48]) + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0_u8; 128];
        while let Ok((length, from)) = socket.recv_from(&mut question).await {
            assert_eq!((length, question[0]), (48, 0x23), "SNTPv4, a client's question");
            assert_eq!(question[1..40], [0; 39], "nothing of this machine in it");
            let mut answer = [0_u8; 48];
            (answer[0], answer[1]) = (0x24, 2);
            answer[24..32].copy_from_slice(&question[40..48]);
            answer[32..40].copy_from_slice(&time(ahead_s));
            answer[40..48].copy_from_slice(&time(ahead_s));
            // Somebody else's answer first: it must be passed over.
            let mut stray = answer;
            stray[24] ^= 1;
            stray[32] ^= 0x40;
            let _ = socket.send_to(&stray, from).await;
            let _ = socket.send_to(b"noise", from).await;
            twist(&mut answer);
            let _ = socket.send_to(&answer, from).await;
        }
    });
    address
}

async fn ask(server: SocketAddr, timeout: Duration) -> Measurement<NtpValue> {
    let config = Config { host: server.ip().to_string(), port: server.port(), timeout };
    run(&config, &env(dialing(&Authority::new("public"), &[]))).await
}

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_server_an_hour_ahead_shows_this_machine_an_hour_behind() {
    for ahead_s in [3600, -3600, 0, 20 * 365 * 24 * 3600] {
        let found = ask(server(ahead_s, |_| {}).await, PATIENCE).await;
        let value = found.value().unwrap_or_else(|| panic!("{found:?}"));
        // Both read one clock: half the way there and back is all that may be left.
        let left = (value.offset_us + ahead_s * 1_000_000).unsigned_abs();
        assert!(left <= value.delay_us / 2 + 1, "{ahead_s}: {value:?}");
        assert_eq!(value.stratum, 2);
    }
}

#[tokio::test]
async fn a_server_that_is_not_to_be_believed_has_failed_and_says_why() {
    for (at, byte, detail) in
        [(0, 0x23, "mode 3"), (0, 0xe4, "unsynchronised"), (1, 16, "stratum 16"), (1, 0, "stratum 0, ")]
    {
        let found = ask(server(0, move |answer| answer[at] = byte).await, PATIENCE).await;
        let Outcome::Failed { failure } = &found.outcome else { panic!("{found:?}") };
        assert_eq!((failure.stage, failure.cause), (Stage::Ntp, Cause::UnexpectedContent));
        assert_eq!(failure.detail.as_deref(), Some(detail));
    }
}

#[tokio::test]
async fn nobody_there_is_a_failure_and_no_offset() {
    let found = ask(closed_port().await, PATIENCE).await;
    assert!(
        matches!(&found.outcome, Outcome::Failed { failure } if failure.cause == Cause::ConnectionRefused)
    );
    // Answers that repeat another question than ours: as good as none.
    let found = ask(server(0, |answer| answer[30] ^= 1).await, Duration::from_millis(300)).await;
    assert!(matches!(&found.outcome, Outcome::Failed { failure } if failure.cause == Cause::Timeout));
}

#[tokio::test]
async fn behind_a_proxy_an_address_is_asked_directly_and_a_name_is_not_even_looked_up() {
    // The discard port: whatever is sent to this proxy is lost.
    let proxy = Some("http://127.0.0.1:9".parse().unwrap());
    let behind = env(DialConfig { proxy, ..dialing(&Authority::new("public"), &[]) });
    let server = server(0, |_| {}).await;
    let by = |host: &str| Config { host: host.to_owned(), port: server.port(), timeout: PATIENCE };
    assert!(run(&by("127.0.0.1"), &behind).await.value().is_some());
    let named = run(&by("temps.exemple.fr"), &behind).await;
    let Outcome::NotMeasured { reason } = &named.outcome else { panic!("{named:?}") };
    assert_eq!(reason.code, ReasonCode::NotThroughProxy);
}
