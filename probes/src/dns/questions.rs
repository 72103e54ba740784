//! The run's names, asked one after the other by one path, each timed.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RecordType};
use sonde_report::measurement::Attempt;
use sonde_report::values::{DnsPath, DnsQuestion, DnsValue};
use sonde_report::{Cause, Failure, Measurement, Outcome, Stage};

use super::compare::Reference;
use super::wire::{self, Manner, Reply};
use super::{Config, altered};
use crate::clock::{Stopwatch, micros};
use crate::{Env, stats};

/// The pause between two questions: 12 questions wait 0.6 s in all, and none meets another in a queue.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// A resolver silent for so many questions in a row is taken as dead: the others still get their turn.
const SILENCES_ALLOWED: usize = 2;

/// What the operating system's own path has for a name: the C library waits 5 s for a silent resolver before it asks the next
/// (resolv.conf(5), `timeout`), and that is just what must be seen.
const SYSTEM_PATIENCE: Duration = Duration::from_secs(6);

/// The port the operating system's path is asked with; it changes nothing in the answer.
const ANY_PORT: u16 = 443;

/// A way to ask.
pub(super) enum Path<'a> {
    /// The operating system's own.
    System(&'a Env),
    /// One server, directly.
    Server(SocketAddr),
    /// A resolver to compare with.
    Reference(&'a Env, &'a Reference),
}

/// What came back for a name.
#[derive(Default)]
struct Answer {
    addresses: Vec<IpAddr>,
    code: Option<ResponseCode>,
    failure: Option<Failure>,
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }
}

impl Path<'_> {
    async fn ask(&self, name: &str, limit: Duration) -> Answer {
        match self {
            Self::System(env) => match env.dialer.resolve_by_system(name, ANY_PORT, limit).await {
                Ok(found) => Answer {
                    addresses: found.into_iter().map(|address| address.ip()).collect(),
                    ..Answer::default()
                },
                Err(failure) => failure.into(),
            },
            Self::Server(_) | Self::Reference(..) => self.ask_directly(name, limit).await,
        }
    }

    /// A name's IPv4 addresses; its IPv6 ones when it has no other.
    async fn ask_directly(&self, name: &str, limit: Duration) -> Answer {
        let full = match wire::full_name(name) {
            Ok(full) => full,
            Err(failure) => return failure.into(),
        };
        let mut last = Answer::default();
        for kind in [RecordType::A, RecordType::AAAA] {
            last = match self.one(&full, kind, limit).await {
                Ok(reply) => read(name, &reply),
                Err(mut failure) => {
                    let detail =
                        failure.detail.map_or_else(|| name.to_owned(), |text| format!("{name}: {text}"));
                    failure.detail = Some(detail);
                    failure.into()
                }
            };
            let without_address = |failure: &Failure| failure.cause == Cause::NoAddress;
            if !last.failure.as_ref().is_some_and(without_address) {
                break;
            }
        }
        last
    }

    /// One question, as a stub resolver asks it: over UDP without EDNS, over TCP when the answer was cut.
    async fn one(&self, name: &Name, kind: RecordType, limit: Duration) -> Result<Reply, Failure> {
        match self {
            Self::Server(server) | Self::Reference(_, Reference::Plain(server)) => {
                let reply = wire::over_udp(*server, name, kind, Manner::default(), limit).await?;
                if reply.truncated() && reply.addresses().is_empty() {
                    return wire::over_tcp(*server, name, kind, Manner::default(), limit).await;
                }
                Ok(reply)
            }
            Self::Reference(env, Reference::Tls(target)) => {
                wire::over_tls(&env.dialer, target, name, kind, limit).await
            }
            Self::Reference(env, Reference::Https(target)) => {
                wire::over_https(&env.dialer, target, name, kind, limit).await
            }
            // The system's path takes names, not questions.
            Self::System(_) => Err(Failure::new(Stage::Dns, Cause::SystemError)),
        }
    }
}

/// What a reply says of a name.
fn read(name: &str, reply: &Reply) -> Answer {
    let (code, addresses) = (reply.code(), reply.addresses());
    let cause = match code {
        ResponseCode::NoError if addresses.is_empty() => Cause::NoAddress,
        ResponseCode::NoError => return Answer { addresses, code: Some(code), failure: None },
        ResponseCode::NXDomain => Cause::NameNotFound,
        _ => Cause::ResolverFailure,
    };
    let detail = format!("{name}: {}", wire::code_name(code));
    Answer { code: Some(code), ..Failure::with(Stage::Dns, cause, detail).into() }
}

/// Asks every name by one path.
pub(super) async fn ask_path(
    config: &Config,
    env: &Env,
    path: &Path<'_>,
    kind: DnsPath,
    target: &str,
) -> Measurement<DnsValue> {
    let watch = Stopwatch::start();
    let mut questions: Vec<DnsQuestion> = Vec::new();
    let mut silences = 0;
    for (index, name) in config.names.iter().enumerate() {
        if index > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let question = ask_name(config, env, path, name).await;
        let silent = question.failure.as_ref().is_some_and(is_silence);
        silences = if silent { silences + 1 } else { 0 };
        // One wait for a silent resolver shows what each name costs; all of them would outlast the run.
        let late = matches!(path, Path::System(_)) && question.elapsed_us > micros(config.timeout);
        questions.push(question);
        if silences >= SILENCES_ALLOWED || late {
            break;
        }
    }
    if questions.iter().all(|question| question.failure.as_ref().is_some_and(is_silence)) {
        return watch.fail(target, all_silent(&questions));
    }
    watch.finish(target, Outcome::Measured { value: summed_up(kind, questions), caveats: Vec::new() })
}

/// Asks one name, timed.
async fn ask_name(config: &Config, env: &Env, path: &Path<'_>, name: &str) -> DnsQuestion {
    let start = Instant::now();
    let limit = if matches!(path, Path::System(_)) { SYSTEM_PATIENCE } else { config.timeout };
    let answer = tokio::time::timeout(limit, path.ask(name, limit)).await;
    let elapsed_us = micros(start.elapsed());
    let answer = answer.unwrap_or_else(|_| Failure::with(Stage::Dns, Cause::Timeout, name.to_owned()).into());
    let answered: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    // The address that the demonstration pins a name to is the one its resolver must answer.
    let pinned = |address: &IpAddr| {
        env.dialer.config().pinned_names.iter().any(|(of, to)| of == name && to == address)
    };
    let wrong = altered(name, &answer.addresses).filter(|_| !answer.addresses.iter().all(pinned));
    let failure = match wrong {
        Some(_) => Some(Failure::with(Stage::Dns, Cause::DnsAltered, answered.join(", "))),
        None => answer.failure,
    };
    DnsQuestion {
        name: name.to_owned(),
        elapsed_us,
        addresses: count(answered.len()),
        failure,
        answer: answered,
        response_code: answer.code.map(wire::code_name),
        ..DnsQuestion::default()
    }
}

/// Whether nothing came back: an answer that says no is an answer.
pub(super) fn is_silence(failure: &Failure) -> bool {
    !matches!(
        failure.cause,
        Cause::NameNotFound | Cause::ResolverFailure | Cause::NoAddress | Cause::DnsAltered
    )
}

/// The failure of a path that answered nothing: the last one's cause, with each question.
fn all_silent(questions: &[DnsQuestion]) -> Failure {
    let failures: Vec<_> =
        questions.iter().filter_map(|asked| Some((&asked.name, asked.failure.as_ref()?))).collect();
    let (stage, cause) =
        failures.last().map_or((Stage::Dns, Cause::Timeout), |(_, failure)| (failure.stage, failure.cause));
    let attempts = failures
        .iter()
        .map(|(name, failure)| Attempt {
            target: (*name).clone(),
            stage: failure.stage,
            cause: failure.cause,
            detail: failure.detail.clone(),
        })
        .collect();
    Failure { attempts, ..Failure::new(stage, cause) }
}

/// The questions' count and times. Only answers with a genuine address are timed: a refusal costs less work.
fn summed_up(resolver: DnsPath, questions: Vec<DnsQuestion>) -> DnsValue {
    let times: Vec<f64> = questions
        .iter()
        .filter(|question| question.failure.is_none())
        .map(|question| question.elapsed_us as f64)
        .collect();
    DnsValue {
        resolver,
        asked: count(questions.len()),
        answered: count(times.len()),
        median_us: stats::median(&times).map(|time| time as u64),
        max_us: stats::quantile(&times, 1.0).map(|time| time as u64),
        questions,
        conduct: None,
        search: None,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
