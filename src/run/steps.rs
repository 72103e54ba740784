//! The probes in their order: side by side where harmless, one after the other where they would disturb each other.
//!
//! A transfer spoils a latency, and so does a Wi-Fi scan (the radio leaves the channel): services, resolvers and the
//! scan come first together, then latency, path, download and upload, each alone: after a transfer the queues on the
//! way are still draining, and every hop would seem far.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use sonde_probes::clock::Stopwatch;
use sonde_probes::link::Watch;
use sonde_probes::responsiveness::Moved;
use sonde_probes::throughput::MireUrl;
use sonde_probes::{
    Env, Event, ProbeName, dns, endpoints, internet, latency, link, ntp, path, system_proxy, wifi, wpad,
};
use sonde_report::document::Measurements;
use sonde_report::measurement::{Attempt, Remedy};
use sonde_report::values::{DnsSearchList, LatencyValue, LinkValue, NtpValue};
use sonde_report::{Cause, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};
use tokio::time::timeout;

use super::{gateway, loaded, transfers};
use crate::config::values::NtpServer;
use crate::plan::Plan;

/// Mires whose latency is tried before the probe gives up: each costs up to 3 s where nothing answers.
const LATENCY_TRIES: usize = 3;

/// Time for a WPAD file, and for the name of its server: both stand in the school or at the commune.
const WPAD_PATIENCE: Duration = Duration::from_secs(2);

/// What a run has measured so far. It outlives the work on it, so that an interrupted run keeps it.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) measurements: Measurements,
    pub(super) clock_offset_ms: Option<i64>,
    pub(super) watch: Option<Watch>,
    /// What the probes beside the transfers moved; `None` when there were none.
    pub(super) probes_moved: Option<Moved>,
    /// Bytes received and sent on the interface over the run, where the system tells.
    pub(super) interface_moved: Option<(u64, u64)>,
}

impl Taken {
    /// Puts what was seen around the transfers into the link's measurement.
    pub(super) fn note_conditions(&mut self) {
        let Some(watch) = self.watch.take() else { return };
        self.interface_moved = watch.moved();
        if let Some(Measurement { outcome: Outcome::Measured { value, .. }, .. }) =
            &mut self.measurements.link
        {
            value.during = Some(watch.conditions());
        }
    }

    pub(super) fn link(&self) -> Option<&LinkValue> {
        self.measurements.link.as_ref().and_then(Measurement::value)
    }
}

/// Runs every probe of the plan.
pub(super) async fn take(plan: &Plan, env: &Env, taken: &mut Taken) {
    // Listened to before this run: it is there however soon the run is cut.
    taken.measurements.wifi.clone_from(&plan.survey);
    look_at_link(plan, env, taken).await;
    look_around(plan, env, taken).await;
    if is_offline(plan, &taken.measurements) {
        // Whether the box answers tells on which side of it the fault is.
        taken.measurements.gateway = gateway::idle(plan, env, taken.link()).await;
        fill_missing(plan, &mut taken.measurements, ReasonCode::NoNetwork);
        return;
    }
    let (gateway, mires) = {
        // The box and the mire do not disturb each other: a probe each 50 ms.
        let link = taken.link().cloned();
        tokio::join!(gateway::idle(plan, env, link.as_ref()), time_mires(plan, env, taken))
    };
    taken.measurements.gateway = gateway;
    if plan.wants(ProbeName::Path) {
        taken.measurements.path = Some(trace(plan, env, &mires).await);
    }
    transfers::within_the_school(plan, env, taken).await;
    transfers::download(plan, env, taken, &mires).await;
    transfers::upload(plan, env, taken).await;
    loaded::note_absence(plan, taken);
    // Without a network only named mires were tried: the rest says so.
    if has_no_network(&taken.measurements) {
        fill_missing(plan, &mut taken.measurements, ReasonCode::NoNetwork);
    }
}

/// The host the transfers go to, as far as it is known beforehand.
fn first_host(plan: &Plan) -> Option<String> {
    plan.mires.first().map(|mire| mire.target.host.clone())
}

/// Tells of a probe's start and end.
async fn told<T>(env: &Env, probe: ProbeName, work: impl Future<Output = T>) -> T {
    env.tell(Event::Started(probe));
    let done = work.await;
    env.tell(Event::Finished(probe));
    done
}

/// The link is looked at also when it is not asked for, since its caveats bear on the transfers; it is reported
/// then too, being their condition.
async fn look_at_link(plan: &Plan, env: &Env, taken: &mut Taken) {
    let transfers = plan.wants(ProbeName::Download) || plan.wants(ProbeName::Upload);
    let asks_gateway = plan.ntp == Some(NtpServer::Gateway);
    if !plan.wants(ProbeName::Link) && !plan.wants(ProbeName::Dns) && !transfers && !asks_gateway {
        return;
    }
    let towards = towards(plan, env).await;
    let config = link::Config { interface: plan.dial.interface.clone(), towards };
    taken.measurements.link = Some(told(env, ProbeName::Link, link::run(&config, env)).await);
    if transfers {
        taken.watch = Some(Watch::start(
            taken.link().and_then(|link| link.interface.as_ref()).map(|i| i.name.as_str()),
        ));
    }
}

/// The address the transfers will talk to: the proxy's where there is one.
async fn towards(plan: &Plan, env: &Env) -> Option<SocketAddr> {
    /// A resolver that needs longer is broken; the route by default then serves.
    const PATIENCE: Duration = Duration::from_secs(2);
    let mire = plan.mires.first()?;
    let (host, port) = env
        .dialer
        .proxy_for(&mire.target.host, mire.target.port)
        .map_or((mire.target.host.as_str(), mire.target.port), |proxy| (proxy.host.as_str(), proxy.port));
    timeout(PATIENCE, env.dialer.resolve(host, port)).await.ok()?.ok()?.first().copied()
}

/// Control targets, resolvers, services and radios, side by side.
async fn look_around(plan: &Plan, env: &Env, taken: &mut Taken) {
    let no_network = has_no_network(&taken.measurements);
    let gateway = taken.link().and_then(|link| link.gateway.clone());
    let internet_config = internet::Config {
        routed: taken.link().is_none_or(|link| link.gateway.is_some()),
        ..plan.internet.clone()
    };
    let dns_config = dns::Config {
        // The embedded school has no search domain, whatever this machine has.
        search: (!plan.demonstration).then(dns::search_list).flatten(),
        resolvers: if plan.dns.resolvers.is_empty() {
            resolvers(taken.link())
        } else {
            plan.dns.resolvers.clone()
        },
        ..plan.dns.clone()
    };
    if !dns_config.resolvers.is_empty() {
        env.dialer.ask_when_late(dns::second_way(dns_config.resolvers.clone()));
    }
    let Taken {
        measurements: Measurements { internet, dns, endpoints, wifi, ntp, wpad: announced, .. },
        clock_offset_ms,
        ..
    } = taken;
    let on_network = |probe| plan.wants(probe) && !no_network;
    let mut controls_offset_ms = None;
    tokio::join!(
        async {
            if on_network(ProbeName::Internet) {
                let (measured, offset) =
                    told(env, ProbeName::Internet, internet::survey(&internet_config, env)).await;
                *internet = Some(measured);
                controls_offset_ms = offset;
            }
        },
        async {
            if on_network(ProbeName::Dns) {
                // On the heap: its questions wait side by side.
                *dns = told(env, ProbeName::Dns, Box::pin(dns::run(&dns_config, env))).await;
            }
        },
        async {
            if on_network(ProbeName::Endpoints) {
                let survey = told(env, ProbeName::Endpoints, endpoints::run(&plan.endpoints, env)).await;
                *endpoints = survey.endpoints;
                *clock_offset_ms = survey.clock_offset_ms;
            }
        },
        async {
            // The embedded school announces nothing, whatever this machine's network does.
            if on_network(ProbeName::Internet) && !plan.demonstration {
                *announced = wpad::run(&wpad_config(dns_config.search.as_ref()), env).await;
            }
        },
        async {
            if let Some(server) = plan.ntp.as_ref().filter(|_| !no_network) {
                *ntp = Some(ask_time(server, gateway, env).await);
            }
        },
        async {
            if plan.wants(ProbeName::Wifi) && plan.survey.is_none() {
                *wifi = Some(told(env, ProbeName::Wifi, wifi::run(&plan.wifi, env)).await);
            }
        },
    );
    // The services' answers are under a public chain; where a wrong clock refuses every chain, the controls' dates are
    // all there is.
    *clock_offset_ms = clock_offset_ms.or(controls_offset_ms);
}

/// Where announced proxies are looked for.
fn wpad_config(search: Option<&DnsSearchList>) -> wpad::Config {
    wpad::Config {
        configured: system_proxy::read().and_then(|system| system.auto_config_url),
        domains: search.map(|list| list.domains.clone()).unwrap_or_default(),
        leases: wpad::lease_files(),
        timeout: WPAD_PATIENCE,
    }
}

/// Asks the time server that the user named.
async fn ask_time(server: &NtpServer, gateway: Option<String>, env: &Env) -> Measurement<NtpValue> {
    /// A server that needs longer gives a useless offset.
    const PATIENCE: Duration = Duration::from_secs(2);
    let (host, port) = match server {
        NtpServer::Named { host, port } => (host.clone(), *port),
        NtpServer::Gateway => match gateway {
            Some(address) => (address, ntp::PORT),
            None => return missing("gateway", ReasonCode::NoTarget, Remedy::NameTarget),
        },
    };
    ntp::run(&ntp::Config { host, port, timeout: PATIENCE }, env).await
}

/// The configured resolvers' addresses.
fn resolvers(link: Option<&LinkValue>) -> Vec<SocketAddr> {
    /// DNS (RFC 1035, 4.2).
    const DNS_PORT: u16 = 53;
    let addresses = link.map(|link| link.resolvers.as_slice()).unwrap_or_default();
    addresses
        .iter()
        .filter_map(|text| text.parse().ok())
        .map(|address| SocketAddr::new(address, DNS_PORT))
        .collect()
}

/// Whether the machine has no usable address at all.
fn has_no_network(measurements: &Measurements) -> bool {
    matches!(
        measurements.link.as_ref().map(|link| &link.outcome),
        Some(Outcome::Failed { failure: Failure { cause: Cause::NoNetwork, .. } })
    )
}

/// Whether trying public mires would prove nothing: no network, or neither a control target nor a service answered.
/// Named mires are always tried: they may stand on this machine or in the building.
fn is_offline(plan: &Plan, measurements: &Measurements) -> bool {
    if plan.mires_named {
        return false;
    }
    let controls_fail = measurements
        .internet
        .as_ref()
        .is_some_and(|internet| matches!(internet.outcome, Outcome::Failed { .. }));
    let service_answers = measurements
        .endpoints
        .iter()
        .filter_map(Measurement::value)
        .any(|endpoint| endpoint.http_status.is_some() || endpoint.phases.tcp_us.is_some());
    has_no_network(measurements) || (controls_fail && !service_answers)
}

/// Times the way to the first mire that answers; returns the mires in the order worth trying.
async fn time_mires(plan: &Plan, env: &Env, taken: &mut Taken) -> Vec<MireUrl> {
    let mut mires = plan.mires.clone();
    if !plan.wants(ProbeName::Latency) {
        return mires;
    }
    let (measured, silent) = told(env, ProbeName::Latency, time_first(env, &mires)).await;
    // The mires that did not answer now are still tried, after the others: a TCP port may open meanwhile.
    if measured.value().is_some() {
        mires.rotate_left(silent.min(plan.mires.len()));
    }
    taken.measurements.latency = Some(measured);
    mires
}

/// The latency of the first mire that answers, and how many before it did not.
async fn time_first(env: &Env, mires: &[MireUrl]) -> (Measurement<LatencyValue>, usize) {
    let watch = Stopwatch::start();
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut last = None;
    for (index, mire) in mires.iter().enumerate().take(LATENCY_TRIES) {
        let mut measured = latency::run(&Plan::latency(mire), env).await;
        let Outcome::Failed { failure } = &measured.outcome else {
            for attempt in &attempts {
                measured.add_caveat(CaveatCode::MireSkipped.with(attempt.target.clone()));
            }
            return (measured, index);
        };
        attempts.push(Attempt {
            target: measured.target.clone(),
            stage: failure.stage,
            cause: failure.cause,
            detail: failure.detail.clone(),
        });
        last = Some(measured);
    }
    let tried = attempts.len();
    match last {
        None => (watch.skip("", Reason::remedied(ReasonCode::NoTarget, Remedy::NameTarget)), 0),
        Some(only) if tried == 1 => (only, 0),
        Some(last) => {
            let failure = Failure { attempts, ..Failure::new(Stage::Tcp, Cause::AllTargetsFailed) };
            (watch.fail(last.target, failure), 0)
        }
    }
}

/// The way to the first mire worth trying.
async fn trace(plan: &Plan, env: &Env, mires: &[MireUrl]) -> Measurement<sonde_report::values::PathValue> {
    let watch = Stopwatch::start();
    let Some(mire) = mires.first().map(|mire| &mire.target) else {
        return watch.skip("", Reason::remedied(ReasonCode::NoTarget, Remedy::NameTarget));
    };
    let config = Plan::path(mire);
    let traced = timeout(plan.path_cap, told(env, ProbeName::Path, path::run(&config, env))).await;
    traced.unwrap_or_else(|_| {
        env.tell(Event::Finished(ProbeName::Path));
        watch.fail(&mire.host, Failure::new(Stage::Icmp, Cause::Timeout))
    })
}

/// Says why of every planned probe that has no measurement.
pub(super) fn fill_missing(plan: &Plan, measurements: &mut Measurements, code: ReasonCode) {
    let remedy = match code {
        ReasonCode::OutOfTime => Remedy::RaiseLimit,
        ReasonCode::NoNetwork => Remedy::ConnectNetwork,
        _ => Remedy::RunAgain,
    };
    let mire = plan.mires.first().map(ToString::to_string).unwrap_or_default();
    let host = first_host(plan).unwrap_or_default();
    if let Some(server) = &plan.ntp {
        let target = match server {
            NtpServer::Gateway => "gateway",
            NtpServer::Named { host, .. } => host,
        };
        fill(&mut measurements.ntp, target, code, remedy);
    }
    for &probe in &plan.probes {
        let Measurements {
            link,
            internet,
            latency,
            download,
            upload,
            responsiveness,
            dns,
            endpoints,
            wifi,
            path,
            ntp: _,
            // Told beside the latency, where there is a box.
            gateway: _,
            lan,
            // Absent where nothing is announced.
            wpad: _,
        } = measurements;
        match probe {
            ProbeName::Link => fill(link, "", code, remedy),
            ProbeName::Internet => fill(internet, "", code, remedy),
            ProbeName::Latency => fill(latency, &host, code, remedy),
            ProbeName::Download => {
                fill(download, &mire, code, remedy);
                if let Some(mire) = &plan.lan_mire {
                    fill(lan, &mire.to_string(), code, remedy);
                }
            }
            ProbeName::Upload => fill(upload, &mire, code, remedy),
            ProbeName::Responsiveness => fill(responsiveness, &host, code, remedy),
            ProbeName::Wifi => fill(wifi, "", code, remedy),
            ProbeName::Path => fill(path, &host, code, remedy),
            ProbeName::Dns if dns.is_empty() => dns.push(missing("", code, remedy)),
            ProbeName::Endpoints if endpoints.is_empty() => {
                let hosts = plan.endpoints.endpoints.iter();
                endpoints.extend(hosts.map(|endpoint| missing(&endpoint.id, code, remedy)));
            }
            ProbeName::Dns | ProbeName::Endpoints => {}
        }
    }
}

fn fill<T>(slot: &mut Option<Measurement<T>>, target: &str, code: ReasonCode, remedy: Remedy) {
    slot.get_or_insert_with(|| missing(target, code, remedy));
}

fn missing<T>(target: &str, code: ReasonCode, remedy: Remedy) -> Measurement<T> {
    Stopwatch::start().skip(target, Reason::remedied(code, remedy))
}
