//! Each configured resolver and the operating system's own path: how fast, what they know, and what they do besides.
//!
//! Two rounds. First every resolver is timed alone, its questions one at a time with a pause between: a burst measures
//! its own queue. Then the resolvers that live are asked what shows their conduct, side by side, since nothing is timed
//! there, and within one total. No setting is changed, and only the resolvers it is given are asked.

mod altered;
mod blocked;
mod caveats;
mod compare;
mod conduct;
mod dnssec;
mod honesty;
mod questions;
mod search;
mod second_way;
mod sizes;
mod test_names;
mod wire;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use futures_util::future::join_all;
use sonde_report::measurement::Remedy;
use sonde_report::values::{DnsConduct, DnsPath, DnsSearchList, DnsValue};
use sonde_report::{Measurement, Outcome, Reason, ReasonCode};

pub(crate) use altered::{Altered, altered, not_public};
pub use compare::Reference;
use questions::Path;
pub(crate) use search::holds_uai;
pub use search::search_list;
pub use second_way::second_way;
pub use test_names::{TestName, TestNames};

use crate::Env;
use crate::clock::Stopwatch;

/// What the second round may take in all: two questions that nobody answers on each of the lanes that run side by side.
/// The services, which run meanwhile, may take as long.
const CONDUCT_CAP: Duration = Duration::from_secs(5);

/// DNS at an address of documentation (RFC 5737), which nobody may have.
const NOWHERE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 53), DNS_PORT));

/// DNS (RFC 1035, 4.2).
const DNS_PORT: u16 = 53;

/// The port of HTTPS, where a name's certificate is looked for.
const HTTPS_PORT: u16 = 443;

/// What to ask.
#[derive(Debug, Clone)]
pub struct Config {
    /// Resolvers to ask directly, as addresses (with an optional port, for tests).
    pub resolvers: Vec<SocketAddr>,
    /// Names to ask for.
    pub names: Vec<String>,
    /// Time allowed for each question.
    pub timeout: Duration,
    /// Resolvers to compare with, none unless the user wants it: what they are asked leaves the school.
    pub references: Vec<Reference>,
    /// Names whose answers show what a resolver does.
    pub test_names: TestNames,
    /// What the machine appends to names, when known.
    pub search: Option<DnsSearchList>,
    /// An address where nobody lives, asked when there is a reference in clear: an answer from there is an interceptor's.
    pub nowhere: Option<SocketAddr>,
    /// The port where a name's certificate is looked for: 443 but in tests.
    pub tls_port: u16,
}

impl Config {
    /// These resolvers and names; the embedded test names, no reference, no search domain.
    #[must_use]
    pub fn new(resolvers: Vec<SocketAddr>, names: Vec<String>, timeout: Duration) -> Self {
        Self {
            resolvers,
            names,
            timeout,
            references: Vec::new(),
            test_names: TestNames::built_in(),
            search: None,
            nowhere: Some(NOWHERE),
            tls_port: HTTPS_PORT,
        }
    }
}

/// Asks every name of the operating system's path, then of each resolver, then of each reference: one measurement each,
/// in that order.
///
/// Each name is asked for its IPv4 addresses, and for its IPv6 ones when it has none. A resolver that stays silent
/// twice in a row is asked nothing more (`asked` is then below the number of names). One that gave no answer of any
/// kind has failed; one that answered, be it that a name does not exist, is measured.
pub async fn run(config: &Config, env: &Env) -> Vec<Measurement<DnsValue>> {
    if config.names.is_empty() {
        let reason = Reason::remedied(ReasonCode::NoTarget, Remedy::NameTarget);
        return vec![Stopwatch::start().skip("system", reason)];
    }
    let mut system = questions::ask_path(config, env, &Path::System(env), DnsPath::System, "system").await;
    if let Some(value) = value_mut(&mut system) {
        value.search.clone_from(&config.search);
    }
    let mut measurements = vec![system];
    for server in &config.resolvers {
        let shown = shown(*server);
        let kind = DnsPath::Server { address: shown.clone() };
        measurements.push(questions::ask_path(config, env, &Path::Server(*server), kind, &shown).await);
    }
    let numbered = config.resolvers.iter().enumerate();
    let live: Vec<(usize, SocketAddr)> = numbered
        .filter(|(index, _)| measurements.get(index + 1).is_some_and(|one| one.value().is_some()))
        .map(|(index, server)| (index + 1, *server))
        .collect();
    let (conducts, mut references) = tokio::join!(
        join_all(live.iter().map(|(index, server)| {
            let known = measurements.get(*index).and_then(known_name);
            conduct::watch(config, *server, known, CONDUCT_CAP)
        })),
        compare::ask_all(config, env),
    );
    for ((index, _), conduct) in live.iter().zip(conducts) {
        note_conduct(measurements.get_mut(*index), conduct);
    }
    caveats::note_silent_first(&mut measurements);
    compare::against(&mut measurements, &references, config, env).await;
    let left_to_proxy = |name: &str| env.dialer.proxy_for(name, HTTPS_PORT).is_some();
    for measurement in &mut measurements {
        if let Some(value) = value_mut(measurement) {
            blocked::name_causes(value);
        }
        caveats::note(measurement, left_to_proxy);
    }
    measurements.append(&mut references);
    measurements
}

/// An address as people write it: without the port when it is DNS's own.
fn shown(server: SocketAddr) -> String {
    if server.port() == DNS_PORT { server.ip().to_string() } else { server.to_string() }
}

/// A measurement's value, to be added to.
fn value_mut(measurement: &mut Measurement<DnsValue>) -> Option<&mut DnsValue> {
    match &mut measurement.outcome {
        Outcome::Measured { value, .. } => Some(value),
        Outcome::Failed { .. } | Outcome::NotMeasured { .. } => None,
    }
}

fn note_conduct(measurement: Option<&mut Measurement<DnsValue>>, conduct: DnsConduct) {
    if let Some(value) = measurement.and_then(value_mut) {
        value.conduct = Some(conduct);
    }
}

/// A name that this resolver answers.
fn known_name(measurement: &Measurement<DnsValue>) -> Option<&str> {
    let mut questions = measurement.value()?.questions.iter();
    questions.find(|asked| asked.failure.is_none()).map(|asked| asked.name.as_str())
}
