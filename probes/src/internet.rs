//! Is there Internet at all, and is it the real one?
//!
//! Control targets answer something known beforehand. It says nothing of rates, nor of any service.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sonde_report::measurement::{Attempt, Remedy};
use sonde_report::values::{Control, InternetAccess, InternetValue};
use sonde_report::{Cause, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};
use tokio::task::JoinSet;

use crate::clock::Stopwatch;
use crate::dial::{Dialer, Exchange, Target};
use crate::endpoints::location;
use crate::{Env, date};

/// A control's answer is a word: what is longer than this is another page, and cut.
const BODY_LIMIT: usize = 16 * 1024;

/// HTTP 511, with which a captive portal names itself (RFC 6585, 6).
const NETWORK_AUTHENTICATION_REQUIRED: u16 = 511;

/// Control targets.
#[derive(Debug, Clone)]
pub struct Config {
    /// Each control target: a URL, and what it must answer.
    pub targets: Vec<ControlTarget>,
    /// Time allowed for each.
    pub timeout: Duration,
    /// Whether this machine has a way out, as far as known: without one, what cannot be reached is no one else's doing.
    pub routed: bool,
}

/// A URL whose answer is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlTarget {
    /// The URL, http or https.
    pub url: String,
    /// The status it must answer with.
    pub status: u16,
    /// The exact body it must answer with, when that is known (surrounding white space ignored).
    pub body: Option<String>,
}

/// Asks the control targets side by side, once each.
pub async fn run(config: &Config, env: &Env) -> Measurement<InternetValue> {
    survey(config, env).await.0
}

/// The same, with this machine's clock minus the controls' (`Date` of the answers that were as expected), in
/// milliseconds: the only hint left when a wrong clock makes every certificate look expired.
pub async fn survey(config: &Config, env: &Env) -> (Measurement<InternetValue>, Option<i64>) {
    let watch = Stopwatch::start();
    let names = config.targets.iter().map(|target| target.url.as_str()).collect::<Vec<_>>().join(" ");
    if config.targets.is_empty() {
        return (watch.skip(names, Reason::remedied(ReasonCode::NoTarget, Remedy::NameTarget)), None);
    }
    let mut asked = JoinSet::new();
    for (index, target) in config.targets.iter().cloned().enumerate() {
        let (dialer, limit) = (Arc::clone(&env.dialer), config.timeout);
        asked.spawn(async move { (index, ask(&dialer, &target, limit).await) });
    }
    let mut answers = Vec::new();
    while let Some(joined) = asked.join_next().await {
        answers.extend(joined);
    }
    answers.sort_by_key(|(index, _)| *index);
    let answers: Vec<Answer> = answers.into_iter().map(|(_, answer)| answer).collect();
    let offsets: Vec<i64> = answers.iter().filter_map(|answer| answer.clock_offset_ms).collect();
    (watch.finish(names, add_up(answers, config.routed)), date::clock_offset_ms(&offsets))
}

/// One control's answer.
struct Answer {
    control: Control,
    /// The host it was redirected to.
    redirected_to: Option<String>,
    clock_offset_ms: Option<i64>,
    via_proxy: bool,
}

/// What the answers add up to.
fn add_up(answers: Vec<Answer>, routed: bool) -> Outcome<InternetValue> {
    let status = |wanted: u16| answers.iter().any(|answer| answer.control.http_status == Some(wanted));
    let cause = |wanted: Cause| {
        answers.iter().any(|answer| answer.control.failure.as_ref().is_some_and(|f| f.cause == wanted))
    };
    let access = if answers.iter().any(|answer| answer.control.as_expected) {
        InternetAccess::Open
    } else if status(407) || cause(Cause::ProxyAuthRequired) {
        InternetAccess::ProxyAuthRequired
    } else if answers.iter().any(|answer| answer.control.http_status.is_some_and(in_place_of_control)) {
        InternetAccess::CaptivePortal
    } else {
        return Outcome::Failed { failure: nobody(&answers, routed) };
    };
    let captive = access == InternetAccess::CaptivePortal;
    let portal_host =
        captive.then(|| answers.iter().find_map(|answer| answer.redirected_to.clone())).flatten();
    let mut caveats = Vec::new();
    if captive {
        caveats.push(CaveatCode::CaptivePortal.into());
    }
    if answers.iter().any(|answer| answer.via_proxy) {
        caveats.push(CaveatCode::ThroughProxy.into());
    }
    let controls = answers.into_iter().map(|answer| answer.control).collect();
    Outcome::Measured { value: InternetValue { access, controls, portal_host }, caveats }
}

/// Whether a wrong status is a portal's rather than an error on the way (a proxy's 502, a control gone).
fn in_place_of_control(status: u16) -> bool {
    status == NETWORK_AUTHENTICATION_REQUIRED || status < 400
}

/// The failure when no control answered: the commonest cause, every control named.
fn nobody(answers: &[Answer], routed: bool) -> Failure {
    let failures: Vec<(&str, &Failure)> = answers
        .iter()
        .filter_map(|answer| Some((answer.control.url.as_str(), answer.control.failure.as_ref()?)))
        .collect();
    let like =
        |one: &Failure| failures.iter().filter(|(_, f)| (f.stage, f.cause) == (one.stage, one.cause)).count();
    let Some((_, commonest)) = failures.iter().max_by_key(|(_, failure)| like(failure)) else {
        return Failure::new(Stage::Http, Cause::AllTargetsFailed);
    };
    // The machine itself says that there is no way out: not one silent server, but no network. With a way out, the
    // same words come from a router, or from an address of a family that has none.
    let no_way =
        !routed && failures.iter().all(|(_, f)| matches!(f.cause, Cause::Unreachable | Cause::NoNetwork));
    let attempts = failures
        .iter()
        .map(|(url, failure)| Attempt {
            target: (*url).to_owned(),
            stage: failure.stage,
            cause: failure.cause,
            detail: failure.detail.clone(),
        })
        .collect();
    Failure {
        stage: commonest.stage,
        cause: if no_way { Cause::NoNetwork } else { commonest.cause },
        detail: commonest.detail.clone(),
        attempts,
    }
}

/// Asks one control.
async fn ask(dialer: &Dialer, control: &ControlTarget, limit: Duration) -> Answer {
    let wrong = |failure| Answer {
        control: Control {
            url: control.url.clone(),
            as_expected: false,
            http_status: None,
            failure: Some(failure),
        },
        redirected_to: None,
        clock_offset_ms: None,
        via_proxy: false,
    };
    let target: Target = match control.url.parse() {
        Ok(target) => target,
        Err(error) => return wrong(Failure::with(Stage::Http, Cause::ProtocolError, error.to_string())),
    };
    match tokio::time::timeout(limit, dialer.get(&target, BODY_LIMIT)).await {
        Err(_) => wrong(Failure::with(Stage::Http, Cause::Timeout, control.url.clone())),
        Ok(Err(error)) => wrong(error.failure),
        Ok(Ok(exchange)) => compare(control, &target, &exchange),
    }
}

/// Holds an answer against the expected one.
fn compare(control: &ControlTarget, target: &Target, exchange: &Exchange) -> Answer {
    let text = String::from_utf8_lossy(&exchange.body);
    let same_body = control.body.as_ref().is_none_or(|body| !exchange.cut && text.trim() == body.trim());
    let as_expected = exchange.status == control.status && same_body;
    let redirect = location(target, exchange.status, &exchange.headers);
    let failure = match &redirect {
        _ if as_expected => None,
        _ if exchange.status == 407 => Some(Failure::new(Stage::Proxy, Cause::ProxyAuthRequired)),
        Some(to) => Some(Failure::with(Stage::Http, Cause::RedirectedElsewhere, to.host.clone())),
        None if exchange.status != control.status => {
            Some(Failure::with(Stage::Http, Cause::HttpStatus, exchange.status.to_string()))
        }
        None => Some(Failure::new(Stage::Content, Cause::UnexpectedContent)),
    };
    Answer {
        control: Control {
            url: control.url.clone(),
            as_expected,
            http_status: Some(exchange.status),
            failure,
        },
        redirected_to: redirect.map(|to| to.host),
        clock_offset_ms: as_expected.then(|| date::offset_ms(&exchange.headers, SystemTime::now())).flatten(),
        via_proxy: exchange.via_proxy,
    }
}
