//! Round-trip time to a host, idle: ICMP where it is permitted, TCP connections always.
//!
//! One method after the other, so that neither waits in the other's queue. Not for a loaded line: see
//! [`crate::responsiveness`].

use std::time::Duration;

use sonde_report::values::{LatencyValue, RttMethod, RttSeries};
use sonde_report::{Cause, Caveat, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};

use crate::clock::Stopwatch;
use crate::{Env, stats};

mod during;
#[cfg(target_os = "linux")]
pub(crate) mod icmp;
mod series;

pub use during::{During, during};

/// What to time.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address.
    pub host: String,
    /// TCP port for the connections.
    pub port: u16,
    /// Probes of each method.
    pub count: u32,
    /// Time between probes.
    pub interval: Duration,
    /// Time allowed for each probe.
    pub timeout: Duration,
}

/// What came of the ICMP series.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Icmp {
    /// The system let us send; so many probes, these round trips (microseconds) of those that were answered.
    #[cfg_attr(
        all(not(target_os = "linux"), not(test)),
        expect(dead_code, reason = "ICMP is sent on Linux only so far")
    )]
    Sent { sent: u32, rtts: Vec<u64> },
    /// The system withholds the right, or has no way for it.
    NotPermitted(String),
}

/// Times round trips to a host.
pub async fn run(config: &Config, env: &Env) -> Measurement<LatencyValue> {
    let watch = Stopwatch::start();
    let host = config.host.as_str();
    if env.dialer.proxy_for(host, config.port).is_some() {
        // The proxy's own distance would be measured.
        return watch.skip(host, Reason::new(ReasonCode::NotThroughProxy));
    }
    let addresses = match env.dialer.resolve(host, config.port).await {
        Ok(addresses) => addresses,
        Err(failure) => return watch.fail(host, failure),
    };
    let interface = env.dialer.config().interface.clone();
    let job = series::Job { addresses, interface, config: config.clone() };
    let Some((tcp, icmp)) = series::on_own_thread(job).await else {
        return watch.fail(host, Failure::with(Stage::Tcp, Cause::SystemError, "no thread to time on"));
    };
    match choose(tcp, &icmp) {
        Ok((value, caveats)) => watch.finish(host, Outcome::Measured { value, caveats }),
        Err(failure) => watch.fail(host, failure),
    }
}

/// The figures of a series; `None` without any answer: there is no round trip of a lost probe.
fn figures(method: RttMethod, sent: u32, rtts: &[u64]) -> Option<RttSeries> {
    let times: Vec<f64> = rtts.iter().map(|&rtt| rtt as f64).collect();
    let jumps: Vec<f64> = rtts.iter().zip(rtts.iter().skip(1)).map(|(&a, &b)| a.abs_diff(b) as f64).collect();
    let received = u32::try_from(rtts.len()).unwrap_or(u32::MAX);
    // A doubled answer must not make the loss negative.
    let sent = sent.max(received);
    let whole = |figure: f64| figure.round() as u64;
    Some(RttSeries {
        method,
        sent,
        received,
        min_us: *rtts.iter().min()?,
        median_us: whole(stats::median(&times)?),
        p95_us: whole(stats::quantile(&times, 0.95)?),
        max_us: *rtts.iter().max()?,
        jitter_us: stats::mean(&jumps).map(whole),
        loss_ratio: f64::from(sent - received) / f64::from(sent),
    })
}

/// Chooses the preferred series: ICMP where it was permitted and answered, TCP otherwise.
fn choose(tcp: Result<RttSeries, Failure>, icmp: &Icmp) -> Result<(LatencyValue, Vec<Caveat>), Failure> {
    let (by_icmp, caveat) = match icmp {
        Icmp::NotPermitted(detail) => (None, CaveatCode::IcmpNotPermitted.with(detail.as_str())),
        Icmp::Sent { sent, rtts } => {
            (figures(RttMethod::Icmp, *sent, rtts), CaveatCode::IcmpFiltered.with(format!("0 of {sent}")))
        }
    };
    match (by_icmp, tcp) {
        (Some(icmp), Ok(tcp)) => {
            Ok((LatencyValue { best: icmp.clone(), series: vec![icmp, tcp] }, Vec::new()))
        }
        (Some(icmp), Err(_)) => Ok((LatencyValue { best: icmp.clone(), series: vec![icmp] }, Vec::new())),
        (None, Ok(tcp)) => Ok((LatencyValue { best: tcp.clone(), series: vec![tcp] }, vec![caveat])),
        (None, Err(failure)) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::float_cmp)]

    use std::sync::Arc;

    use tokio::net::TcpListener;

    use super::*;
    use crate::dial::{DialConfig, Dialer};

    fn env(config: DialConfig) -> Env {
        Env { dialer: Arc::new(Dialer::new(config).expect("a dialer")), events: None }
    }

    fn towards(port: u16) -> Config {
        Config {
            host: "127.0.0.1".to_owned(),
            port,
            count: 8,
            interval: Duration::from_millis(5),
            timeout: Duration::from_secs(2),
        }
    }

    fn tcp() -> RttSeries {
        figures(RttMethod::Tcp, 4, &[100, 200, 100, 300]).unwrap()
    }

    #[test]
    fn figures_of_a_series() {
        let found = figures(RttMethod::Tcp, 5, &[100, 200, 100, 300]).unwrap();
        assert_eq!((found.min_us, found.median_us, found.max_us), (100, 150, 300));
        assert_eq!(found.jitter_us, Some(133), "the mean of 100, 100 and 200");
        assert_eq!(found.loss_ratio, 0.2);
        assert_eq!(found.p95_us, 285);
        assert_eq!(figures(RttMethod::Tcp, 1, &[7]).unwrap().jitter_us, None);
        assert_eq!(figures(RttMethod::Tcp, 5, &[]), None);
    }

    #[test]
    fn icmp_is_preferred_where_it_answers() {
        let answered = Icmp::Sent { sent: 2, rtts: vec![10, 20] };
        let (value, caveats) = choose(Ok(tcp()), &answered).unwrap();
        assert_eq!((value.best.method, value.series.len()), (RttMethod::Icmp, 2));
        assert!(caveats.is_empty());
        let (value, _) = choose(Err(Failure::new(Stage::Tcp, Cause::Timeout)), &answered).unwrap();
        assert_eq!(value.best.method, RttMethod::Icmp);
    }

    #[test]
    fn without_icmp_the_reason_is_named() {
        let filtered = Icmp::Sent { sent: 2, rtts: Vec::new() };
        let refused = Icmp::NotPermitted("permission denied".to_owned());
        for (icmp, code) in [(filtered, CaveatCode::IcmpFiltered), (refused, CaveatCode::IcmpNotPermitted)] {
            let (value, caveats) = choose(Ok(tcp()), &icmp).unwrap();
            assert_eq!((value.best.method, value.series.len()), (RttMethod::Tcp, 1));
            assert_eq!(caveats.iter().map(|c| c.code).collect::<Vec<_>>(), [code]);
            let lost = choose(Err(Failure::new(Stage::Tcp, Cause::Timeout)), &icmp).unwrap_err();
            assert_eq!((lost.stage, lost.cause), (Stage::Tcp, Cause::Timeout));
        }
    }

    #[tokio::test]
    async fn times_connections_to_a_listener_and_to_a_closed_port() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap().port();
        let closed = {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap().port()
        };
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        for port in [open, closed] {
            let measured = run(&towards(port), &env(DialConfig::default())).await;
            let Outcome::Measured { value, caveats } = measured.outcome else { panic!("{measured:?}") };
            let by_tcp = value.series.iter().find(|series| series.method == RttMethod::Tcp).unwrap();
            assert_eq!((by_tcp.sent, by_tcp.received, by_tcp.loss_ratio), (8, 8, 0.0));
            assert!(by_tcp.min_us > 0 && by_tcp.median_us <= by_tcp.max_us);
            // Whether ICMP is permitted depends on the machine; the two must agree with each other.
            let by_icmp = value.series.iter().any(|series| series.method == RttMethod::Icmp);
            assert_eq!(by_icmp, value.best.method == RttMethod::Icmp);
            assert_eq!(by_icmp, caveats.is_empty(), "{caveats:?}");
        }
    }

    #[tokio::test]
    async fn through_a_proxy_nothing_is_timed() {
        let proxy = Some("http://192.0.2.1:3128".parse().unwrap());
        let config = Config { host: "mire.example".to_owned(), ..towards(443) };
        let measured = run(&config, &env(DialConfig { proxy, ..DialConfig::default() })).await;
        let Outcome::NotMeasured { reason } = measured.outcome else { panic!("{measured:?}") };
        assert_eq!(reason.code, ReasonCode::NotThroughProxy);
    }
}
