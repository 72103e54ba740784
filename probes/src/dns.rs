//! Each configured resolver and the operating system's own path, timed apart.
//!
//! Questions go out one at a time with a pause between: a burst measures its own queue. It changes no setting and
//! asks only the resolvers it is given.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use sonde_report::measurement::{Attempt, Remedy};
use sonde_report::values::{DnsPath, DnsQuestion, DnsValue};
use sonde_report::{Cause, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};

use crate::clock::{Stopwatch, micros};
use crate::{Env, dial, stats};

/// The pause between two questions: 12 questions wait 0.6 s in all, and none meets another in a queue.
const PAUSE: Duration = Duration::from_millis(50);

/// A resolver silent for so many questions in a row is taken as dead: the others still get their turn.
const SILENCES_ALLOWED: usize = 2;

/// The port the operating system's path is asked with; it changes nothing in the answer.
const ANY_PORT: u16 = 443;

/// What to ask.
#[derive(Debug, Clone)]
pub struct Config {
    /// Resolvers to ask directly, as addresses (with an optional port, for tests).
    pub resolvers: Vec<SocketAddr>,
    /// Names to ask for.
    pub names: Vec<String>,
    /// Time allowed for each question.
    pub timeout: Duration,
}

/// Asks every name of the operating system's path, then of each resolver: one measurement each, in that order.
///
/// Each name is asked for its IPv4 addresses, and for its IPv6 ones when it has none. A resolver that stays silent
/// twice in a row is asked nothing more (`asked` is then below the number of names). One that gave no answer of any
/// kind has failed; one that answered, be it that a name does not exist, is measured.
pub async fn run(config: &Config, env: &Env) -> Vec<Measurement<DnsValue>> {
    if config.names.is_empty() {
        let reason = Reason::remedied(ReasonCode::NoTarget, Remedy::NameTarget);
        return vec![Stopwatch::start().skip("system", reason)];
    }
    let mut measurements = vec![ask_path(config, env, &Path::System(env), DnsPath::System, "system").await];
    for server in &config.resolvers {
        let shown = if server.port() == 53 { server.ip().to_string() } else { server.to_string() };
        let watch = Stopwatch::start();
        measurements.push(match direct(*server, config.timeout) {
            Ok(resolver) => {
                let path = DnsPath::Server { address: shown.clone() };
                ask_path(config, env, &Path::Server(Box::new(resolver)), path, &shown).await
            }
            Err(error) => watch.fail(shown, Failure::with(Stage::Dns, Cause::SystemError, error.to_string())),
        });
    }
    measurements
}

/// A way to ask.
enum Path<'a> {
    System(&'a Env),
    Server(Box<TokioResolver>),
}

impl Path<'_> {
    async fn ask(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        match self {
            Self::System(env) => {
                let found = env.dialer.resolve(name, ANY_PORT).await?;
                Ok(found.into_iter().map(|address| address.ip()).collect())
            }
            Self::Server(resolver) => ask_server(resolver, name).await,
        }
    }
}

/// Asks every name by one path.
async fn ask_path(
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
        questions.push(question);
        if silences >= SILENCES_ALLOWED {
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
    let answer = match tokio::time::timeout(config.timeout, path.ask(name)).await {
        Err(_) => Err(Failure::with(Stage::Dns, Cause::Timeout, name.to_owned())),
        Ok(answer) => answer,
    };
    let elapsed_us = micros(start.elapsed());
    let (addresses, failure) = match answer {
        Err(failure) => (0, Some(failure)),
        Ok(found) => {
            let listed = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            // The address that the demonstration pins a name to is the one its resolver must answer.
            let pinned = |address: &IpAddr| {
                env.dialer.config().pinned_names.iter().any(|(of, to)| of == name && to == address)
            };
            let failure = altered(name, &found)
                .filter(|_| !found.iter().all(pinned))
                .map(|_| Failure::with(Stage::Dns, Cause::DnsAltered, listed));
            (u32::try_from(found.len()).unwrap_or(u32::MAX), failure)
        }
    };
    DnsQuestion { name: name.to_owned(), elapsed_us, addresses, failure }
}

/// Whether nothing came back: an answer that says no is an answer.
fn is_silence(failure: &Failure) -> bool {
    !matches!(
        failure.cause,
        Cause::NameNotFound | Cause::ResolverFailure | Cause::NoAddress | Cause::DnsAltered
    )
}

/// The failure of a path that answered nothing: the last one's cause, with each question.
fn all_silent(questions: &[DnsQuestion]) -> Failure {
    let failures: Vec<_> =
        questions.iter().filter_map(|asked| Some((&asked.name, asked.failure.as_ref()?))).collect();
    let cause = failures.last().map_or(Cause::Timeout, |(_, failure)| failure.cause);
    let attempts = failures
        .iter()
        .map(|(name, failure)| Attempt {
            target: (*name).clone(),
            stage: failure.stage,
            cause: failure.cause,
            detail: failure.detail.clone(),
        })
        .collect();
    Failure { attempts, ..Failure::new(Stage::Dns, cause) }
}

/// The questions' count and times. Only answers with a genuine address are timed: a refusal costs less work.
fn summed_up(resolver: DnsPath, questions: Vec<DnsQuestion>) -> DnsValue {
    let times: Vec<f64> = questions
        .iter()
        .filter(|question| question.failure.is_none())
        .map(|question| question.elapsed_us as f64)
        .collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    DnsValue {
        resolver,
        asked: count(questions.len()),
        answered: count(times.len()),
        median_us: stats::median(&times).map(|time| time as u64),
        max_us: stats::quantile(&times, 1.0).map(|time| time as u64),
        questions,
    }
}

/// A resolver that asks one server: nothing cached, no hosts file, no search list, one attempt, TCP when truncated.
fn direct(server: SocketAddr, limit: Duration) -> Result<TokioResolver, NetError> {
    let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut name_server.connections {
        connection.port = server.port();
    }
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.cache_size = 0;
    options.attempts = 0; // Retries after the first question.
    options.num_concurrent_reqs = 1;
    options.timeout = limit;
    options.use_hosts_file = ResolveHosts::Never;
    options.try_tcp_on_error = false;
    builder.build()
}

/// A name's IPv4 addresses; its IPv6 ones when it has no other.
async fn ask_server(resolver: &TokioResolver, name: &str) -> Result<Vec<IpAddr>, Failure> {
    let mut fqdn = Name::from_utf8(name)
        .map_err(|error| Failure::with(Stage::Dns, Cause::NameNotFound, format!("{name}: {error}")))?;
    // A full name: the machine's search list must not be tried.
    fqdn.set_fqdn(true);
    let mut last = Failure::with(Stage::Dns, Cause::NoAddress, name.to_owned());
    for kind in [RecordType::A, RecordType::AAAA] {
        match resolver.lookup(fqdn.clone(), kind).await {
            Ok(lookup) => {
                let found: Vec<IpAddr> = lookup
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::A(address) => Some(IpAddr::V4(address.0)),
                        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                        _ => None,
                    })
                    .collect();
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            Err(error) => {
                last = lookup_failure(name, &error);
                if last.cause != Cause::NoAddress {
                    return Err(last);
                }
            }
        }
    }
    Err(last)
}

/// The cause behind a lookup that gave no address.
fn lookup_failure(name: &str, error: &NetError) -> Failure {
    let cause = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Cause::NameNotFound,
            ResponseCode::NoError => Cause::NoAddress,
            _ => Cause::ResolverFailure,
        },
        NetError::Dns(_) => Cause::ResolverFailure,
        NetError::Timeout => Cause::Timeout,
        NetError::Io(error) => dial::io_cause(error),
        NetError::NoConnections => Cause::Unreachable,
        NetError::Proto(_) | NetError::QueryCaseMismatch => Cause::ProtocolError,
        _ => Cause::SystemError,
    };
    Failure::with(Stage::Dns, cause, format!("{name}: {error}"))
}

/// How an answer for a public name cannot be the public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Altered {
    /// 0.0.0.0, `::` or loopback: nowhere.
    Nowhere,
    /// A private address: a filter's page, or a service the commune hosts itself under the same name.
    Private,
}

/// Endings of names that are not public (RFC 6761, 6762, 8375, and those local networks took without asking).
const LOCAL_ENDINGS: [&str; 12] = [
    "localhost",
    "local",
    "lan",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "corp",
    "private",
    "localdomain",
    "test",
    "invalid",
];

/// Whether every address answered for `name` is one no public name has; `None` for names that are not public.
pub(crate) fn altered(name: &str, addresses: &[IpAddr]) -> Option<Altered> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let local = |ending: &str| {
        name.strip_suffix(ending).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    let public = name.contains('.')
        && name.parse::<IpAddr>().is_err()
        && !LOCAL_ENDINGS.iter().any(|ending| local(ending));
    if !public || addresses.is_empty() {
        return None;
    }
    let each: Option<Vec<Altered>> = addresses.iter().map(|address| not_public(*address)).collect();
    let each = each?;
    Some(if each.contains(&Altered::Private) { Altered::Private } else { Altered::Nowhere })
}

/// Whether an address is on no public network.
pub(crate) fn not_public(address: IpAddr) -> Option<Altered> {
    match address {
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.is_loopback() => Some(Altered::Nowhere),
        IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() => Some(Altered::Private),
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => not_public(IpAddr::V4(v4)),
            None if v6.is_loopback() || v6.is_unspecified() => Some(Altered::Nowhere),
            None if v6.is_unique_local() || v6.is_unicast_link_local() => Some(Altered::Private),
            None => None,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn seen(name: &str, addresses: &[&str]) -> Option<Altered> {
        altered(name, &addresses.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>())
    }

    #[test]
    fn a_public_name_with_an_address_of_nowhere_or_inside_is_altered() {
        for address in ["0.0.0.0", "127.0.0.1", "127.8.9.1", "::", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(seen("gar.education.fr", &[address]), Some(Altered::Nowhere), "{address}");
        }
        for address in ["10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.1.1", "fd00::1", "fe80::1"] {
            assert_eq!(seen("gar.education.fr", &[address]), Some(Altered::Private), "{address}");
        }
    }

    #[test]
    fn genuine_and_local_answers_are_not_altered() {
        assert_eq!(seen("gar.education.fr", &["185.75.143.24"]), None);
        assert_eq!(
            seen("gar.education.fr", &["10.0.0.1", "185.75.143.24"]),
            None,
            "one public address is enough"
        );
        assert_eq!(seen("gar.education.fr", &[]), None);
        for name in ["localhost", "mire", "mire.mairie.lan", "x.home.arpa", "127.0.0.1"] {
            assert_eq!(seen(name, &["127.0.0.1"]), None, "{name}");
        }
    }
}
