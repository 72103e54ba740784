//! Executes a plan and returns a report: always, whatever fails, and also when it is cut short.

mod around;
mod command;
mod deliver;
mod gateway;
mod loaded;
mod steps;
mod transfers;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use sonde_probes::dial::{Dialer, Target};
use sonde_probes::{Env, Event};
use sonde_report::assess::{Assessment, VerdictKind, assess};
use sonde_report::document::{Agent, Clock, DataUsed, Environment, Measurements, SCHEMA};
use sonde_report::values::{LinkValue, TransferValue};
use sonde_report::{CaveatCode, Measurement, Outcome, ReasonCode, Report, Requirements};
use tokio::sync::mpsc::UnboundedSender;

pub use command::{COULD_NOT_RUN, INCONCLUSIVE, Job, MET, Made, exit_code, measure, report_of, stop_asked};
pub use deliver::{Delivery, Format, json, style, write_out};

use crate::plan::Plan;

/// Why a run was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Ctrl-C, or the system asked the program to end.
    Interrupted,
    /// The time allowed for the whole run is over.
    OutOfTime,
}

impl Cut {
    /// What the probes that were not finished report.
    fn reason(self) -> ReasonCode {
        match self {
            Self::Interrupted => ReasonCode::Interrupted,
            Self::OutOfTime => ReasonCode::OutOfTime,
        }
    }
}

/// Executes `plan`. When `cut` is over first, the running probes are dropped and what is missing says so; the cut is
/// returned beside the report.
pub async fn execute(
    plan: &Plan,
    dialer: Arc<Dialer>,
    events: Option<UnboundedSender<Event>>,
    cut: impl Future<Output = Cut>,
) -> (Report, Option<Cut>) {
    let started_at = sonde_probes::clock::now();
    let start = Instant::now();
    let env = Env { dialer, events };
    let mut taken = steps::Taken::default();
    let cut = {
        // On the heap: it holds every probe's state, and whoever awaits a run would carry it along.
        let work = Box::pin(steps::take(plan, &env, &mut taken));
        tokio::pin!(cut);
        tokio::select! {
            biased;
            () = work => None,
            cut = cut => Some(cut),
        }
    };
    taken.note_conditions();
    if plan.demonstration {
        let Measurements { download, upload, .. } = &mut taken.measurements;
        for transfer in [download, upload].into_iter().flatten() {
            transfer.add_caveat(CaveatCode::Demonstration.into());
        }
    }
    if let Some(cut) = cut {
        steps::fill_missing(plan, &mut taken.measurements, cut.reason());
    }
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        report_id: uuid::Uuid::now_v7(),
        agent: Agent {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: env!("TARGET").to_owned(),
            os: Some(around::operating_system()),
        },
        site: plan.site.clone(),
        started_at,
        elapsed_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        clock: clock(&taken),
        environment: environment(plan, &env, &taken.measurements),
        partial: cut.is_some(),
        demonstration: plan.demonstration,
        data_used: data_used(&taken),
        measurements: taken.measurements,
        assessment: unjudged(&plan.rules),
    };
    report.assessment = assess(&report, &plan.rules);
    (report, cut)
}

/// This machine's clock, by the servers' `Date` and, where one was asked, by an NTP server. Where no trustworthy `Date`
/// came, the NTP server's word stands in its place: a clock wrong by years makes every certificate look wrong.
fn clock(taken: &steps::Taken) -> Clock {
    let ntp = taken.measurements.ntp.as_ref().and_then(Measurement::value).map(|value| value.offset_us);
    // As exact as a `Date`, so that nobody reads more into it than the field promises.
    let by_ntp_ms = ntp.map(|us| (us as f64 / 1e6).round() as i64 * 1000);
    Clock {
        synchronised: around::clock_synchronised(),
        offset_ms: taken.clock_offset_ms.or(by_ntp_ms),
        ntp_offset_us: ntp,
    }
}

/// What stands in a report before it is judged.
fn unjudged(rules: &Requirements) -> Assessment {
    Assessment {
        requirements: rules.into(),
        verdicts: Vec::new(),
        overall: VerdictKind::Inconclusive,
        usage: None,
        located: Vec::new(),
    }
}

/// What the run went through.
fn environment(plan: &Plan, env: &Env, measurements: &Measurements) -> Environment {
    let link: Option<&LinkValue> = measurements.link.as_ref().and_then(Measurement::value);
    // Where only services are reached there is no mire: their proxy is the one that counts.
    let service = || {
        let mut urls = plan.endpoints.endpoints.iter().flat_map(|endpoint| &endpoint.urls);
        urls.find_map(|url| url.parse::<Target>().ok())
    };
    let towards = plan.mires.first().map(|mire| mire.target.clone()).or_else(service);
    let proxy = towards.and_then(|target| env.dialer.proxy_for(&target.host, target.port));
    Environment {
        interface: link.and_then(|link| link.interface.clone()),
        proxy: proxy.map(sonde_probes::dial::Proxy::shown),
        proxy_source: plan.proxy_source.filter(|_| proxy.is_some()),
        vpn: link.is_some_and(|link| link.vpn),
    }
}

/// The bytes the transfers counted, repetitions included, those of the probes beside them, and the interface's own count of the whole run.
fn data_used(taken: &steps::Taken) -> DataUsed {
    let measurements = &taken.measurements;
    DataUsed {
        probes_received_bytes: taken.probes_moved.map(|moved| moved.received),
        probes_sent_bytes: taken.probes_moved.map(|moved| moved.sent),
        interface_received_bytes: taken.interface_moved.map(|(received, _)| received),
        interface_sent_bytes: taken.interface_moved.map(|(_, sent)| sent),
        received_bytes: measurements.download.as_ref().map_or(0, transferred),
        sent_bytes: measurements.upload.as_ref().map_or(0, transferred),
    }
}

/// Application bytes of every complete transfer in one direction.
fn transferred(measurement: &Measurement<TransferValue>) -> u64 {
    match &measurement.outcome {
        Outcome::Measured { value, .. } => {
            let repeated: u64 = value.repetitions.iter().map(|repetition| repetition.bytes).sum();
            repeated.max(value.bytes)
        }
        Outcome::Failed { .. } | Outcome::NotMeasured { .. } => 0,
    }
}
