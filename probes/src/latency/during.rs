//! Round trips for as long as something else goes on, on a thread of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sonde_report::values::{RttMethod, RttSeries};
use sonde_report::{Cause, Failure, Outcome, Stage};
use tokio::sync::oneshot;

use super::series::{self, Job};
use super::{Config, figures};
use crate::Env;

/// Time between two probes: ten a second tell a queue of some milliseconds within a short transfer, and weigh nothing.
const INTERVAL: Duration = Duration::from_millis(100);
/// What an answer may take, and a lost connection at most.
const PATIENCE: Duration = Duration::from_millis(500);

/// A series under way. Dropped, it ends.
#[derive(Debug)]
pub struct During {
    stopped: Arc<AtomicBool>,
    method: RttMethod,
    done: oneshot::Receiver<(u32, Vec<u64>)>,
}

impl Drop for During {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Begins to time round trips to `address` by the method that an idle series had; `None` when the system gives no thread.
#[must_use]
pub fn during(address: SocketAddr, method: RttMethod, env: &Env) -> Option<During> {
    let config = Config {
        host: address.ip().to_string(),
        port: address.port(),
        count: 1,
        interval: INTERVAL,
        timeout: PATIENCE,
    };
    let interface = env.dialer.config().interface.clone();
    let job = Job { addresses: vec![address], interface, config };
    let (tell, done) = oneshot::channel();
    let stopped = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&stopped);
    thread::Builder::new()
        .name("latency".to_owned())
        .spawn(move || {
            let timed = match method {
                RttMethod::Icmp => echoes(&job, address, &until),
                RttMethod::Tcp => connections(&job, address, &until),
            };
            // Nobody may be waiting any more.
            let _ = tell.send(timed);
        })
        .ok()?;
    Some(During { stopped, method, done })
}

impl During {
    /// Ends the series and gives its figures; without any answer, that is a failure.
    pub async fn finish(mut self) -> Outcome<RttSeries> {
        self.stopped.store(true, Ordering::Relaxed);
        let stage = match self.method {
            RttMethod::Icmp => Stage::Icmp,
            RttMethod::Tcp => Stage::Tcp,
        };
        let failed = |cause| Outcome::Failed { failure: Failure::new(stage, cause) };
        match (&mut self.done).await {
            Err(_) => failed(Cause::SystemError),
            Ok((sent, rtts)) => match figures(self.method, sent, &rtts) {
                Some(value) => Outcome::Measured { value, caveats: Vec::new() },
                None => failed(if sent == 0 { Cause::TooLittleData } else { Cause::Timeout }),
            },
        }
    }
}

fn connections(job: &Job, address: SocketAddr, stopped: &AtomicBool) -> (u32, Vec<u64>) {
    let (mut sent, mut rtts) = (0, Vec::new());
    while !stopped.load(Ordering::Relaxed) {
        let next = Instant::now() + INTERVAL;
        sent += 1;
        rtts.extend(series::connect(job, address).ok());
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    (sent, rtts)
}

#[cfg(target_os = "linux")]
fn echoes(job: &Job, address: SocketAddr, stopped: &AtomicBool) -> (u32, Vec<u64>) {
    let Ok(mut echo) = super::icmp::Echo::open(address.ip(), job.interface.as_deref()) else {
        return (0, Vec::new());
    };
    let (mut asked, mut rtts) = (0_u16, Vec::new());
    let mut unanswered: Vec<(u16, Instant)> = Vec::new();
    while !stopped.load(Ordering::Relaxed) {
        let next = Instant::now() + INTERVAL;
        // One that could not even be sent is a lost one. The number wraps after two hours: none is under way still.
        let _ = echo.send(asked);
        unanswered.push((asked, Instant::now()));
        asked = asked.wrapping_add(1);
        while let Some(reply) = echo.receive(next) {
            rtts.push(crate::clock::micros(reply.rtt));
            unanswered.retain(|(number, _)| *number != reply.sequence);
        }
    }
    // Nobody waits for what is still under way: only what had its time and did not come is lost.
    let lost = unanswered.iter().filter(|(_, at)| at.elapsed() >= PATIENCE).count();
    (u32::try_from(rtts.len() + lost).unwrap_or(u32::MAX), rtts)
}

#[cfg(not(target_os = "linux"))]
fn echoes(_: &Job, _: SocketAddr, _: &AtomicBool) -> (u32, Vec<u64>) {
    (0, Vec::new())
}
