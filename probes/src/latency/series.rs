//! Both series, on a thread that does nothing else: neither the runtime nor another probe's work delays what it times.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use sonde_report::values::{RttMethod, RttSeries};
use sonde_report::{Cause, Failure, Stage};
use tokio::sync::oneshot;

use super::{Config, Icmp, figures};
use crate::clock::micros;
use crate::dial::{bind_to_interface, io_cause};

/// What a thread is to time.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) interface: Option<String>,
    pub(super) config: Config,
}

/// What came of both methods.
pub(super) type Timed = (Result<RttSeries, Failure>, Icmp);

/// Ends the thread's work when nobody waits for it any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Times both methods one after the other; `None` when the system gives no thread.
pub(super) async fn on_own_thread(job: Job) -> Option<Timed> {
    let (done, waiting) = oneshot::channel();
    let stopped = Arc::new(AtomicBool::new(false));
    let _stop = Stop(Arc::clone(&stopped));
    thread::Builder::new()
        .name("latency".to_owned())
        .spawn(move || {
            // Nobody may be waiting any more.
            let _ = done.send(time(&job, &stopped));
        })
        .ok()?;
    waiting.await.ok()
}

fn time(job: &Job, stopped: &AtomicBool) -> Timed {
    // One connection each, not counted, finds the address that answers (and fills the neighbour tables on the way).
    let mut silent = None;
    let mut answering = None;
    for &address in &job.addresses {
        match connect(job, address) {
            Ok(_) => {
                answering = Some(address);
                break;
            }
            Err(failure) => silent = silent.or(Some(failure)),
        }
    }
    let tcp = match answering {
        Some(address) => tcp_series(job, address, stopped),
        None => Err(silent.unwrap_or_else(|| Failure::new(Stage::Dns, Cause::NoAddress))),
    };
    let icmp = match answering.or(job.addresses.first().copied()) {
        Some(address) => icmp_series(job, address, stopped),
        None => Icmp::NotPermitted(String::new()),
    };
    (tcp, icmp)
}

/// One TCP connection's round trip, microseconds. A refusal is an answer too: the RST made the same way.
pub(super) fn connect(job: &Job, address: SocketAddr) -> Result<u64, Failure> {
    let failed =
        |stage, error: &std::io::Error| Failure::with(stage, io_cause(error), format!("{address}: {error}"));
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
        .map_err(|error| failed(Stage::Tcp, &error))?;
    if let Some(interface) = &job.interface {
        bind_to_interface(&SockRef::from(&socket), interface, address)
            .map_err(|error| failed(Stage::Interface, &error))?;
    }
    let start = Instant::now();
    match socket.connect_timeout(&address.into(), job.config.timeout) {
        Err(error) if io_cause(&error) != Cause::ConnectionRefused => Err(failed(Stage::Tcp, &error)),
        _ => Ok(micros(start.elapsed())),
    }
}

/// Times so many connections, paced.
fn tcp_series(job: &Job, address: SocketAddr, stopped: &AtomicBool) -> Result<RttSeries, Failure> {
    let mut rtts = Vec::new();
    let mut lost = None;
    let mut next = Instant::now();
    let sent = job.config.count.max(1);
    for _ in 0..sent {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        // After a slow one the pace begins again: no volley catches up.
        next = Instant::now() + pace(&job.config);
        match connect(job, address) {
            Ok(rtt) => rtts.push(rtt),
            Err(failure) => lost = lost.or(Some(failure)),
        }
    }
    figures(RttMethod::Tcp, sent, &rtts)
        .ok_or_else(|| lost.unwrap_or_else(|| Failure::new(Stage::Tcp, Cause::Timeout)))
}

fn pace(config: &Config) -> Duration {
    config.interval.max(Duration::from_millis(1))
}

/// Sends so many echo requests, paced whatever comes back, then waits for the last answers.
#[cfg(target_os = "linux")]
fn icmp_series(job: &Job, address: SocketAddr, stopped: &AtomicBool) -> Icmp {
    let mut echo = match super::icmp::Echo::open(address.ip(), job.interface.as_deref()) {
        Ok(echo) => echo,
        Err(error) => return Icmp::NotPermitted(error.to_string()),
    };
    let sent = job.config.count.max(1);
    let mut answers = std::collections::BTreeMap::new();
    for sequence in 0..sent {
        // A probe that could not even be sent (a local firewall) is a lost one.
        let asked = echo.send(sequence as u16).is_ok();
        let last = sequence + 1 == sent;
        let until = Instant::now() + if last && asked { job.config.timeout } else { pace(&job.config) };
        while let Some(reply) = echo.receive(until) {
            answers.insert(reply.sequence, reply.rtt);
            if last && answers.len() >= sent as usize {
                break;
            }
        }
        if stopped.load(Ordering::Relaxed) {
            break;
        }
    }
    let timely = answers.into_values().filter(|rtt| *rtt <= job.config.timeout);
    Icmp::Sent { sent, rtts: timely.map(micros).collect() }
}

#[cfg(not(target_os = "linux"))]
fn icmp_series(_: &Job, _: SocketAddr, _: &AtomicBool) -> Icmp {
    Icmp::NotPermitted("unsupported".to_owned())
}
