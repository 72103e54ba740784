//! The probes themselves, on threads of their own: new connections on one (with a runtime of one thread), echo requests
//! on another. What the transfer's tasks do delays neither.

#[cfg(target_os = "linux")]
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Empty;
use sonde_report::Failure;
use tokio::task::JoinSet;

use super::pace::{self, Moved};
use super::target::{self, Ask};
use crate::Env;
use crate::clock::micros;
use crate::dial::{Connection, Io, Scheme, Session};
use crate::throughput::{Load, UnderWay};

/// Between two looks at whether there is something to do, or nothing more to do.
const LOOK: Duration = Duration::from_millis(20);
/// Probes on new connections under way at a time: the draft's bound for connections.
const MOST_AT_A_TIME: usize = 16;

/// A probe on a new connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) started: Instant,
    pub(super) finished: Instant,
    pub(super) result: Result<Times, Failure>,
}

/// How long its phases took, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) tcp: u64,
    pub(super) tls: Option<u64>,
    pub(super) http: u64,
}

/// An echo request that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Echoed {
    pub(super) sent: Instant,
    pub(super) rtt: Duration,
}

/// Everything seen so far.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) foreign: Vec<Foreign>,
    pub(super) echoed: Vec<Echoed>,
}

/// What the threads and their owner share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) load: Arc<Load>,
    pub(super) stopped: AtomicBool,
    samples: Mutex<Samples>,
}

impl Shared {
    /// Tells the transfer what a probe costs.
    fn moves(&self, cost: Moved) {
        self.load.beside(cost.sent, cost.received);
    }

    pub(super) fn new(load: Arc<Load>) -> Self {
        Self { load, stopped: AtomicBool::new(false), samples: Mutex::default() }
    }

    pub(super) fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The transfer and its rate, once both are known; nothing is probed through a proxy.
    fn loaded(&self) -> Option<(UnderWay, u64)> {
        let under_way = self.load.under_way().filter(|under_way| !under_way.via_proxy)?;
        Some((under_way, self.load.rate_bps()?))
    }
}

/// Starts both threads. Where the system gives none, there will be no samples, and that is said at the end.
pub(super) fn start(shared: &Arc<Shared>, env: &Env) {
    let (for_foreign, for_echo) = (Arc::clone(shared), Arc::clone(shared));
    // Nothing of these probes is progress to show.
    let env = Env { dialer: Arc::clone(&env.dialer), events: None };
    let interface = env.dialer.config().interface.clone();
    let _ = thread::Builder::new().name("foreign-probes".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(foreign(&for_foreign, &env));
        }
    });
    let _ = thread::Builder::new()
        .name("echo-probes".to_owned())
        .spawn(move || echo(&for_echo, interface.as_deref()));
}

/// Probes on new connections until stopped.
async fn foreign(shared: &Arc<Shared>, env: &Env) {
    let mut under_way: JoinSet<()> = JoinSet::new();
    let mut asking: Option<Asking> = None;
    let mut due = Instant::now();
    while !shared.stopped() {
        while under_way.try_join_next().is_some() {}
        let Some((transfer, rate)) = shared.loaded() else {
            tokio::time::sleep(LOOK).await;
            continue;
        };
        let asking = match &mut asking {
            Some(asking) if asking.since == transfer.since => asking,
            // Another mire's turn.
            other => {
                let tls = transfer.mire.target.scheme == Scheme::Https;
                shared.moves(pace::foreign(tls, None));
                other.insert(Asking::begin(&transfer, env))
            }
        };
        let now = Instant::now();
        if now < due || under_way.len() >= MOST_AT_A_TIME {
            tokio::time::sleep(due.saturating_duration_since(now).clamp(Duration::from_millis(1), LOOK))
                .await;
            continue;
        }
        let ask = asking.ask();
        let tls = ask.target.scheme == Scheme::Https;
        let cost = pace::foreign(tls, asking.chain());
        due = now + pace::foreign_interval(cost.total(), rate);
        shared.moves(cost);
        let (shared, env, chain) = (Arc::clone(shared), env.clone(), Arc::clone(&asking.chain));
        let address = SocketAddr::new(transfer.peer, ask.target.port);
        under_way.spawn(async move {
            let started = Instant::now();
            let result = once(&ask, address, &env, &chain).await;
            let finished = Instant::now();
            shared.samples().foreign.push(Foreign { started, finished, result });
        });
    }
}

/// What is asked of the mire of one transfer.
struct Asking {
    since: Instant,
    usual: Ask,
    configured: Arc<Mutex<Option<Ask>>>,
    /// Bytes of the certificates seen last.
    chain: Arc<Mutex<Option<u64>>>,
    /// Ended with the rest.
    _looking: JoinSet<()>,
}

impl Asking {
    /// Begins with what is usual; what the mire itself says takes its place once it has come.
    fn begin(transfer: &UnderWay, env: &Env) -> Self {
        let configured = Arc::new(Mutex::new(None));
        let (found, env, mire) = (Arc::clone(&configured), env.clone(), transfer.mire.clone());
        let address = SocketAddr::new(transfer.peer, mire.target.port);
        let mut looking = JoinSet::new();
        looking.spawn(async move {
            let told = target::configured(&mire, address, &env).await;
            *found.lock().unwrap_or_else(PoisonError::into_inner) = told;
        });
        Self {
            since: transfer.since,
            usual: target::usual(&transfer.mire),
            configured,
            chain: Arc::default(),
            _looking: looking,
        }
    }

    fn ask(&self) -> Ask {
        let configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner).clone();
        configured.unwrap_or_else(|| self.usual.clone())
    }

    fn chain(&self) -> Option<u64> {
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One probe: a connection, TLS where the mire speaks it, and one answer's head.
async fn once(
    ask: &Ask,
    address: SocketAddr,
    env: &Env,
    chain: &Mutex<Option<u64>>,
) -> Result<Times, Failure> {
    let connection = env.dialer.connect_to(&ask.target, address).await.map_err(|error| error.failure)?;
    if let Some(bytes) = chain_bytes(&connection) {
        *chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }
    let patience = env.dialer.config().answer_timeout;
    let mut session =
        Session::<Empty<Bytes>>::start(connection, patience).await.map_err(|error| error.failure)?;
    let request = session
        .request(ask.method.clone(), &ask.target)
        .header(http::header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| {
            Failure::with(sonde_report::Stage::Http, sonde_report::Cause::ProtocolError, error.to_string())
        })?;
    // Whatever the status: it came from there and back.
    let (_, elapsed) = session.send(request).await?;
    let phases = session.phases;
    Ok(Times { tcp: phases.tcp_us.unwrap_or_default(), tls: phases.tls_us, http: micros(elapsed) })
}

/// The bytes of the certificates that the far end showed.
fn chain_bytes(connection: &Connection) -> Option<u64> {
    match &connection.io {
        Io::Plain(_) => None,
        Io::Tls(stream) => {
            let certificates = stream.get_ref().1.peer_certificates()?;
            Some(certificates.iter().map(|certificate| certificate.len() as u64).sum())
        }
    }
}

/// Echo requests until stopped.
#[cfg(target_os = "linux")]
fn echo(shared: &Shared, interface: Option<&str>) {
    let mut open: Option<(IpAddr, crate::latency::icmp::Echo)> = None;
    let mut sequence = 0_u16;
    while !shared.stopped() {
        let Some((transfer, rate)) = shared.loaded() else {
            thread::sleep(LOOK);
            continue;
        };
        let echo = match &mut open {
            Some((peer, echo)) if *peer == transfer.peer => echo,
            other => {
                // Not permitted: the connections are timed all the same.
                let Ok(echo) = crate::latency::icmp::Echo::open(transfer.peer, interface) else { return };
                &mut other.insert((transfer.peer, echo)).1
            }
        };
        if echo.send(sequence).is_ok() {
            shared.moves(pace::ECHO);
        }
        sequence = sequence.wrapping_add(1);
        let due = Instant::now() + pace::echo_interval(rate);
        while !shared.stopped() && Instant::now() < due {
            if let Some(reply) = echo.receive(due.min(Instant::now() + LOOK)) {
                shared.samples().echoed.push(Echoed { sent: reply.sent, rtt: reply.rtt });
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn echo(_: &Shared, _: Option<&str>) {}
