//! Each service host by stage: DNS, TCP, TLS, HTTP; side by side, so that a silent one delays no other.
//!
//! One GET of a public page per URL, by hand, without credentials. It proves the network path, never rights or
//! subscriptions. What the answers mean for a school is judged elsewhere.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sonde_report::measurement::Remedy;
use sonde_report::values::{EndpointState, EndpointValue};
use sonde_report::{Cause, Caveat, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::catalogue::Endpoint;
use crate::clock::Stopwatch;
use crate::dial::Target;
use crate::{Env, date};

mod block_pages;
mod connect;
mod families;
mod hole;
mod judge;
mod visit;

pub(crate) use visit::location;

use judge::Finding;
use visit::{Until, Visit};

/// Hosts asked at one time: the whole built-in profile of any school and 50 hosts go in one wave, so that a silent one
/// delays no other; few enough for a school's router, which keeps thousands of connections in mind.
const SIDE_BY_SIDE: usize = 64;

/// What a visit may use of its time by its own reckoning: the rest is for noting how it ended.
const OWN_TIME: f64 = 0.95;

/// What to reach.
#[derive(Debug, Clone)]
pub struct Config {
    /// The hosts.
    pub endpoints: Vec<Endpoint>,
    /// Time allowed for each host, all stages together.
    pub timeout: Duration,
}

/// What was found, and what it tells of this machine's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// One measurement per URL, in the order of the configuration. A host that could not be reached is measured
    /// too: its state is the value.
    pub endpoints: Vec<Measurement<EndpointValue>>,
    /// This machine's clock minus the servers', milliseconds (median over the `Date` of answers under a public
    /// chain); exact to about a second. `None` when no such answer came.
    pub clock_offset_ms: Option<i64>,
}

/// Reaches every URL of every host.
///
/// In `phases`, `dns`, `tcp`, `proxy` and `tls` are the first hop's; `ttfb` is summed over the redirects followed.
pub async fn run(config: &Config, env: &Env) -> Survey {
    let urls: Vec<(Endpoint, String)> = config
        .endpoints
        .iter()
        .flat_map(|endpoint| endpoint.urls.iter().map(|url| (endpoint.clone(), url.clone())))
        .collect();
    if urls.is_empty() {
        let reason = Reason::remedied(ReasonCode::NoTarget, Remedy::NameTarget);
        return Survey { endpoints: vec![Stopwatch::start().skip("", reason)], clock_offset_ms: None };
    }
    let room = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut tasks = JoinSet::new();
    for (index, (endpoint, url)) in urls.iter().cloned().enumerate() {
        let (env, room, limit) = (env.clone(), Arc::clone(&room), config.timeout);
        tasks.spawn(async move {
            // The semaphore is never closed: without a permit there is nothing to wait for either.
            let _permit = room.acquire().await;
            (index, reach(&endpoint, &url, limit, &env).await)
        });
    }
    let mut reached: Vec<Option<Reached>> = urls.iter().map(|_| None).collect();
    while let Some(joined) = tasks.join_next().await {
        if let Ok((index, one)) = joined
            && let Some(place) = reached.get_mut(index)
        {
            *place = Some(one);
        }
    }
    add_up(urls, reached)
}

/// One URL's outcome, before it is held against the others'.
struct Reached {
    watch_end: Measurement<()>,
    value: EndpointValue,
    caveats: Vec<Caveat>,
    /// The host that answered in its place, when one did without a known block page.
    answered_by: Option<String>,
    offsets: Vec<i64>,
}

/// Holds the hosts against each other: when all that was answered came from one other host, it is a captive portal.
fn add_up(urls: Vec<(Endpoint, String)>, reached: Vec<Option<Reached>>) -> Survey {
    let known: Vec<&Reached> = reached.iter().flatten().collect();
    let genuine = known.iter().any(|one| {
        matches!(
            one.value.state,
            EndpointState::Reachable | EndpointState::ReachableViaProxy | EndpointState::RemoteError
        )
    });
    let others: Vec<&String> = known.iter().filter_map(|one| one.answered_by.as_ref()).collect();
    let portal = match others.as_slice() {
        [first, rest @ ..] if !genuine && !rest.is_empty() && rest.iter().all(|other| other == first) => {
            Some((*first).clone())
        }
        _ => None,
    };
    let offsets: Vec<i64> = known.iter().flat_map(|one| one.offsets.iter().copied()).collect();
    let endpoints = urls
        .into_iter()
        .zip(reached)
        .map(|((_, url), one)| match one {
            Some(one) => one.finish(portal.as_ref()),
            // Its task ended abnormally: nothing is known.
            None => Stopwatch::start().fail(url, Failure::new(Stage::Http, Cause::SystemError)),
        })
        .collect();
    Survey { endpoints, clock_offset_ms: date::clock_offset_ms(&offsets) }
}

impl Reached {
    fn finish(mut self, portal: Option<&String>) -> Measurement<EndpointValue> {
        if portal.is_some() && self.answered_by.as_ref() == portal {
            self.value.state = EndpointState::CaptivePortal;
            self.caveats.push(CaveatCode::CaptivePortal.into());
        }
        Measurement {
            target: self.watch_end.target,
            started_at: self.watch_end.started_at,
            elapsed_us: self.watch_end.elapsed_us,
            outcome: Outcome::Measured { value: self.value, caveats: self.caveats },
        }
    }
}

/// Reaches one URL within the time allowed, whatever happens.
async fn reach(endpoint: &Endpoint, url: &str, limit: Duration, env: &Env) -> Reached {
    let watch = Stopwatch::start();
    let visit = Mutex::new(Visit::default());
    let found = match url.parse::<Target>() {
        Err(error) => Finding::stopped(
            EndpointState::Unreachable,
            Failure::with(Stage::Http, Cause::ProtocolError, error.to_string()),
        ),
        Ok(target) => {
            let until = Until::after(limit.mul_f64(OWN_TIME));
            let whole = tokio::time::timeout(limit, visit::follow(&env.dialer, &target, until, &visit)).await;
            let mut visit = visit.lock().unwrap_or_else(PoisonError::into_inner);
            if whole.is_err() {
                visit.ran_out();
            }
            judge::judge(&target, &visit)
        }
    };
    let visit = visit.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut caveats = Vec::new();
    if visit.via_proxy {
        caveats.push(CaveatCode::ThroughProxy.into());
    }
    if found.state == EndpointState::Intercepted {
        caveats.push(CaveatCode::TlsIntercepted.into());
    }
    if families::ipv6_is_broken(&visit.families) {
        caveats.push(CaveatCode::Ipv6Broken.into());
    }
    let decrypted = matches!(found.state, EndpointState::Intercepted | EndpointState::Blocked);
    let filter = found.filter.or_else(|| if decrypted { visit.interceptor() } else { None });
    Reached {
        watch_end: watch.finish(url, Outcome::Measured { value: (), caveats: Vec::new() }),
        value: EndpointValue {
            id: endpoint.id.clone(),
            label: endpoint.label.clone(),
            kind: endpoint.kind,
            state: found.state,
            http_status: visit.http_status(),
            phases: visit.phases,
            tls: visit.tls.clone(),
            address: visit.address.map(|address: IpAddr| address.to_string()),
            redirects: visit.redirects.iter().map(shown).collect(),
            failure: found.failure,
            first_attempt: visit.first_attempt.clone(),
            filter,
            families: visit.families.clone(),
        },
        caveats,
        answered_by: found.answered_by,
        offsets: visit.clock_offsets(),
    }
}

/// A redirect's target without its query: it may carry a session.
fn shown(target: &Target) -> String {
    let path = target.path.split('?').next().unwrap_or("/");
    target.with_path(path).to_string()
}
