//! The `run` command around a plan: lock, progress, Ctrl-C, then the report's way out.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sonde_probes::dial::Dialer;
use sonde_report::Report;
use sonde_report::assess::VerdictKind;
use tokio::sync::{mpsc, oneshot};

use super::deliver::{Delivery, Format};
use super::{Cut, execute};
use crate::plan::Plan;
use crate::show::progress;
use crate::store::{RunLock, Spool, state_dir};
use crate::text::{Lang, cli::message::Message, store as store_text};
use crate::upload::{self, Drained, Kept, UploadConfig};
use crate::{complain, say};

/// Exit code: every requirement is met.
pub const MET: u8 = 0;
/// Exit code: one is not met.
pub const NOT_MET: u8 = 1;
/// Exit code: the run could not be made, or its result could not be written.
pub const COULD_NOT_RUN: u8 = 2;
/// Exit code: no verdict.
pub const INCONCLUSIVE: u8 = 3;

/// Time allowed for sending after a run: what is left goes with the next one, and a job of cron must end.
const SEND_LIMIT: Duration = Duration::from_secs(60);

/// What the shell's own convention gives a program that Ctrl-C ended (128 + SIGINT).
const ENDED_BY_CTRL_C: i32 = 130;

/// One run to make.
#[derive(Debug)]
pub struct Job {
    /// What to measure.
    pub plan: Plan,
    /// Where the report goes.
    pub delivery: Delivery,
    /// Where to send it.
    pub upload: Option<UploadConfig>,
    /// The state directory configured.
    pub state: Option<PathBuf>,
    /// Whether another run on this machine must be kept out.
    pub lock: bool,
    /// Whether `-v` was given.
    pub verbose: bool,
}

/// What came of a run.
#[derive(Debug)]
pub struct Made {
    /// The report, when one was made.
    pub report: Option<Report>,
    /// The exit code.
    pub code: u8,
    /// No report, or one that could not be written or kept where it was to go. The code alone does not tell: monitoring
    /// plugins have a 2 of their own.
    pub lost: bool,
}

impl Made {
    /// The run could not be made; why was said.
    fn nothing() -> Self {
        Self { report: None, code: COULD_NOT_RUN, lost: true }
    }
}

/// Makes the run.
pub async fn measure(job: Job) -> Made {
    let Job { plan, delivery, upload, state, lock, verbose } = job;
    let lang = delivery.lang;
    let mut _held = None;
    let mut place = None;
    if lock {
        match take_lock(state.as_deref()) {
            Ok((directory, Some(lock))) => {
                _held = Some(lock);
                place = Some(directory);
            }
            Ok((directory, None)) => {
                complain(store_text::already_running(lang, RunLock::last_holder(&directory)).trim_end());
                return Made::nothing();
            }
            Err(error) if upload.is_some() => {
                say(&Message::NoState { detail: format!("{error:#}") }, lang);
                return Made::nothing();
            }
            Err(error) if verbose => say(&Message::NoLock { detail: format!("{error:#}") }, lang),
            Err(_) => {}
        }
    }
    let Some(dialer) = dialer(&plan, lang) else { return Made::nothing() };
    let (report, cut) = watched(&plan, Arc::clone(&dialer), &delivery).await;
    // Safe on disk before anything else is tried with it.
    let spool = match (&upload, &place) {
        (Some(_), Some(place)) => keep(place, &report, &delivery),
        _ => None,
    };
    let written = delivery.deliver(&report, spool.is_some());
    let mut code = written.nagios.unwrap_or_else(|| exit_code(report.assessment.overall));
    if let (Some(config), Some(spool)) = (&upload, &spool) {
        if cut == Some(Cut::Interrupted) {
            say(&Message::Spooled, lang);
        } else {
            send(spool, config, &dialer, &delivery).await;
        }
    }
    // A report that was to be kept and is not must be noticed: a scheduler looks at nothing but the code.
    let lost = written.failed || (upload.is_some() && spool.is_none());
    if lost && delivery.format != Some(Format::Nagios) {
        code = COULD_NOT_RUN;
    }
    Made { report: Some(report), code, lost }
}

/// Measures and hands the report over: nothing is kept, written or sent, and no other run is kept out, since what this is
/// for disturbs none. `None` when it could not be made; why was said.
pub async fn report_of(plan: &Plan, delivery: &Delivery) -> Option<Report> {
    let dialer = dialer(plan, delivery.lang)?;
    Some(watched(plan, dialer, delivery).await.0)
}

/// The way out; what keeps it from being made is told.
fn dialer(plan: &Plan, lang: Lang) -> Option<Arc<Dialer>> {
    Dialer::new(plan.dial.clone())
        .inspect_err(|error| say(&Message::CannotStart { detail: error.to_string() }, lang))
        .ok()
        .map(Arc::new)
}

/// The state directory, and the lock unless another run holds it.
fn take_lock(state: Option<&std::path::Path>) -> anyhow::Result<(PathBuf, Option<RunLock>)> {
    let directory = state_dir(state)?;
    let lock = RunLock::take(&directory)?;
    Ok((directory, lock))
}

/// The run itself, with progress where somebody looks.
async fn watched(plan: &Plan, dialer: Arc<Dialer>, delivery: &Delivery) -> (Report, Option<Cut>) {
    let looked_at = std::io::stderr().is_terminal() && !delivery.quiet;
    let (events, drawing) = if looked_at {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Some(sender), Some(tokio::spawn(progress::draw(receiver, delivery.lang))))
    } else {
        (None, None)
    };
    let made = execute(plan, dialer, events, cut(plan.timeout)).await;
    if let Some(drawing) = drawing {
        // The channel is closed by now; a drawing that failed is no reason to lose the report.
        let _ = drawing.await;
    }
    match made.1 {
        Some(Cut::Interrupted) if !delivery.quiet => say(&Message::Interrupted, delivery.lang),
        Some(Cut::OutOfTime) if !delivery.quiet => say(&Message::OutOfTime, delivery.lang),
        _ => {}
    }
    made
}

/// Over when the run must be cut short. Listens from the call on, not from the first poll: Ctrl-C must find a listener
/// however quickly the work ends.
fn cut(limit: Duration) -> impl Future<Output = Cut> {
    let (sender, receiver) = oneshot::channel();
    let mut stop = Stop::listen();
    tokio::spawn(async move {
        stop.asked().await;
        // The first time cuts the run short; a second one, or one after the run, leaves at once.
        if sender.send(()).is_ok() {
            stop.asked().await;
        }
        std::process::exit(ENDED_BY_CTRL_C);
    });
    async move {
        tokio::select! {
            biased;
            Ok(()) = receiver => Cut::Interrupted,
            () = tokio::time::sleep(limit) => Cut::OutOfTime,
        }
    }
}

/// Over at Ctrl-C, or when the system asks the program to end.
pub async fn stop_asked() {
    Stop::listen().asked().await;
}

/// Ctrl-C and the system's wish that the program end. Listened to by one value for good: one made anew for the second
/// time would miss what came in between.
struct Stop {
    #[cfg(unix)]
    signals: Vec<tokio::signal::unix::Signal>,
}

impl Stop {
    /// Listens from now on. Where no handler can be had, the system's default ends the program.
    fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
            Self { signals: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Over at the next one.
    async fn asked(&mut self) {
        #[cfg(unix)]
        std::future::poll_fn(|context| {
            let came = self.signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Puts the report into the spool.
fn keep(place: &std::path::Path, report: &Report, delivery: &Delivery) -> Option<Spool> {
    let kept = serde_json::to_string(report).map_err(anyhow::Error::from).and_then(|json| {
        let spool = Spool::open(place)?;
        spool.put(report.report_id, &json)?;
        Ok(spool)
    });
    kept.inspect_err(|error| say(&Message::NotSpooled { detail: format!("{error:#}") }, delivery.lang)).ok()
}

/// Sends what waits, and tells.
async fn send(spool: &Spool, config: &UploadConfig, dialer: &Dialer, delivery: &Delivery) {
    let config = UploadConfig { time_limit: Some(SEND_LIMIT), ..config.clone() };
    match upload::drain(spool, &config, dialer).await {
        Ok(drained) => {
            if !delivery.quiet || needs_someone(&drained) {
                complain(store_text::drained(delivery.lang, &drained).trim_end());
            }
        }
        Err(error) => say(&Message::SendFailed { detail: format!("{error:#}") }, delivery.lang),
    }
}

/// Whether something was kept for a reason that time alone does not mend: worth a line even under `--quiet`.
fn needs_someone(drained: &Drained) -> bool {
    let passes = |why: &Kept| matches!(why, Kept::Unreachable | Kept::Broken | Kept::Busy);
    drained.quarantined > 0 || drained.kept.iter().any(|(_, why)| !passes(why))
}

/// The exit code of a verdict.
#[must_use]
pub fn exit_code(overall: VerdictKind) -> u8 {
    match overall {
        VerdictKind::Met => MET,
        VerdictKind::NotMet => NOT_MET,
        VerdictKind::Inconclusive | VerdictKind::NotApplicable => INCONCLUSIVE,
    }
}
