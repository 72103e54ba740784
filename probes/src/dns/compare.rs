//! The resolvers' answers beside those of a resolver outside, when the user named one.
//!
//! Content networks lawfully answer other addresses to other resolvers: an address is only called altered when it
//! cannot be the name's, that is, when it is of no public network, or when it does not hold the certificate that the
//! reference's address holds.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::proto::rr::RecordType;
use sonde_report::values::{DnsBlock, DnsComparison, DnsPath, DnsQuestion, DnsValue};
use sonde_report::{Cause, CaveatCode, Failure, Measurement, Stage};

use super::questions::{Path, ask_path};
use super::wire::{self, Manner};
use super::{Config, DNS_PORT, shown, value_mut};
use crate::Env;
use crate::dial::{Scheme, Target};

/// DNS over TLS (RFC 7858, 3.1).
const DNS_OVER_TLS_PORT: u16 = 853;

/// Time for one look at a certificate: a connection and a handshake, four round trips of a satellite.
const CERTIFICATE_CAP: Duration = Duration::from_secs(3);

/// A resolver to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// Plain DNS, as every resolver.
    Plain(SocketAddr),
    /// DNS over TLS (RFC 7858).
    Tls(Target),
    /// DNS over HTTPS (RFC 8484): the one that also goes through a proxy.
    Https(Target),
}

impl FromStr for Reference {
    type Err = ();

    /// Reads `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:5353`, `tls://host[:port]` or `https://host/path`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Plain(SocketAddr::new(address, DNS_PORT)));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::Plain(address));
        }
        if let Some(authority) = text.strip_prefix("tls://") {
            let named = authority.trim_end_matches('/');
            let has_port = named.rsplit(']').next().is_some_and(|end| end.contains(':'));
            let port = if has_port { String::new() } else { format!(":{DNS_OVER_TLS_PORT}") };
            return format!("https://{named}{port}/").parse().map(Self::Tls).map_err(|_| ());
        }
        let target: Target = text.parse().map_err(|_| ())?;
        if target.scheme == Scheme::Https { Ok(Self::Https(target)) } else { Err(()) }
    }
}

impl Reference {
    /// As people write it.
    fn shown(&self) -> String {
        match self {
            Self::Plain(address) => shown(*address),
            Self::Tls(target) if target.port == DNS_OVER_TLS_PORT => format!("tls://{}", target.host),
            Self::Tls(target) => format!("tls://{}", target.authority(true)),
            Self::Https(target) => target.to_string(),
        }
    }

    /// As a URL: what a measurement of it is named by, so that it is not taken for one of the machine's resolvers, also
    /// when it failed (`dns:` is RFC 4501's).
    fn url(&self) -> String {
        match self {
            Self::Plain(_) => format!("dns://{}", self.shown()),
            Self::Tls(_) | Self::Https(_) => self.shown(),
        }
    }
}

/// Asks every reference, side by side, and whether something on the way answers in their place.
pub(super) async fn ask_all(config: &Config, env: &Env) -> Vec<Measurement<DnsValue>> {
    let asked = join_all(config.references.iter().map(|reference| ask(config, env, reference)));
    let (mut found, intercepted) = tokio::join!(asked, is_intercepted(config));
    for (measurement, reference) in found.iter_mut().zip(&config.references) {
        if intercepted && matches!(reference, Reference::Plain(_)) {
            measurement.add_caveat(CaveatCode::DnsIntercepted.into());
        }
    }
    found
}

/// Whether a question to an address where nobody lives is answered.
async fn is_intercepted(config: &Config) -> bool {
    let in_clear = config.references.iter().any(|reference| matches!(reference, Reference::Plain(_)));
    let (Some(nowhere), true, Some(name)) = (config.nowhere, in_clear, config.names.first()) else {
        return false;
    };
    let Ok(name) = wire::full_name(name) else { return false };
    wire::over_udp(nowhere, &name, RecordType::A, Manner::default(), config.timeout).await.is_ok()
}

/// Asks a reference the run's names, as any resolver.
async fn ask(config: &Config, env: &Env, reference: &Reference) -> Measurement<DnsValue> {
    let kind = DnsPath::Reference { address: reference.shown() };
    ask_path(config, env, &Path::Reference(env, reference), kind, &reference.url()).await
}

/// What the references said, by name: the addresses, none where they say that there are none.
type Known = BTreeMap<String, Vec<IpAddr>>;

/// Compares every answer with the references'. Where several know a name, their addresses count together.
pub(super) async fn against(
    measurements: &mut [Measurement<DnsValue>],
    references: &[Measurement<DnsValue>],
    config: &Config,
    env: &Env,
) {
    let known = known(references);
    if known.is_empty() {
        return;
    }
    let strangers = strangers(measurements, &known);
    let looked = strangers.iter().map(|(name, here)| {
        let there = known.get(name).cloned().unwrap_or_default();
        is_impostor(config, env, name, here.clone(), there)
    });
    let impostors: Vec<bool> = join_all(looked).await;
    let impostor = |name: &str, here: &[IpAddr]| {
        let found = strangers.iter().zip(&impostors).find(|((of, to), _)| of == name && to == here);
        found.is_some_and(|(_, impostor)| *impostor)
    };
    for value in measurements.iter_mut().filter_map(value_mut) {
        for question in &mut value.questions {
            if let Some(there) = known.get(&question.name) {
                let here = addresses(question);
                question.compared = compare(question, &here, there);
                if question.compared == Some(DnsComparison::OtherAddresses) && impostor(&question.name, &here)
                {
                    question.compared = Some(DnsComparison::Altered);
                    question.blocked = Some(DnsBlock::OtherAddress);
                    let listed = question.answer.join(", ");
                    question.failure = Some(Failure::with(Stage::Dns, Cause::DnsAltered, listed));
                }
            }
        }
    }
}

/// What the references say, by name. A reference that failed on a name, or answers what no public name has, says
/// nothing of it; one that something answers for, nothing at all.
fn known(references: &[Measurement<DnsValue>]) -> Known {
    let mut known = Known::new();
    let intercepted = |one: &&Measurement<DnsValue>| {
        one.caveats().iter().any(|caveat| caveat.code == CaveatCode::DnsIntercepted)
    };
    let genuine = references.iter().filter(|one| !intercepted(one)).filter_map(Measurement::value);
    for question in genuine.flat_map(|value| &value.questions) {
        let says = match question.failure.as_ref().map(|failure| failure.cause) {
            None => addresses(question),
            Some(Cause::NameNotFound | Cause::NoAddress) => Vec::new(),
            Some(_) => continue,
        };
        known.entry(question.name.clone()).or_default().extend(says);
    }
    known
}

fn addresses(question: &DnsQuestion) -> Vec<IpAddr> {
    question.answer.iter().filter_map(|text| text.parse().ok()).collect()
}

/// An answer beside the reference's, before any certificate is looked at; `None` where nothing came back here.
fn compare(question: &DnsQuestion, here: &[IpAddr], there: &[IpAddr]) -> Option<DnsComparison> {
    let cause = question.failure.as_ref().map(|failure| failure.cause);
    Some(match cause {
        Some(Cause::DnsAltered) => DnsComparison::Altered,
        Some(Cause::NameNotFound | Cause::NoAddress) if there.is_empty() => DnsComparison::Same,
        Some(Cause::NameNotFound | Cause::NoAddress | Cause::ResolverFailure) if !there.is_empty() => {
            DnsComparison::BlockedHere
        }
        Some(_) => return None,
        None if there.is_empty() => DnsComparison::UnknownThere,
        None if here.iter().any(|address| there.contains(address)) => DnsComparison::Same,
        None => DnsComparison::OtherAddresses,
    })
}

/// The names with public addresses of which the reference gave none, each set once.
fn strangers(measurements: &[Measurement<DnsValue>], known: &Known) -> Vec<(String, Vec<IpAddr>)> {
    let mut found: Vec<(String, Vec<IpAddr>)> = Vec::new();
    for question in measurements.iter().filter_map(Measurement::value).flat_map(|value| &value.questions) {
        let Some(there) = known.get(&question.name) else { continue };
        let here = addresses(question);
        let other = compare(question, &here, there) == Some(DnsComparison::OtherAddresses);
        let entry = (question.name.clone(), here);
        if other && !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// Whether none of the addresses given here holds the name's certificate while one given there does. Where neither
/// does (no TLS, a filter on the way), nothing is claimed.
async fn is_impostor(config: &Config, env: &Env, name: &str, here: Vec<IpAddr>, there: Vec<IpAddr>) -> bool {
    let (here, there) = tokio::join!(
        holds_certificate(config, env, name, &here),
        holds_certificate(config, env, name, &there)
    );
    !here && there
}

/// Whether one of the addresses shows a certificate for `name` under the public roots.
async fn holds_certificate(config: &Config, env: &Env, name: &str, addresses: &[IpAddr]) -> bool {
    /// A name has rarely more addresses, and one that answers is enough.
    const TRIED: usize = 3;
    let dialer = env.dialer.within(CERTIFICATE_CAP / 2);
    let target =
        Target { scheme: Scheme::Https, host: name.to_owned(), port: config.tls_port, path: "/".to_owned() };
    let looks = addresses.iter().take(TRIED).map(|address| {
        let (dialer, target) = (&dialer, &target);
        async move {
            let to = SocketAddr::new(*address, target.port);
            let shaken = tokio::time::timeout(CERTIFICATE_CAP, dialer.connect_to(target, to)).await;
            shaken.is_ok_and(|done| done.is_ok_and(|made| made.tls.is_some_and(|tls| tls.public_root)))
        }
    });
    join_all(looks).await.contains(&true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn references_are_read_as_people_write_them() {
        for (text, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1:5353", "192.0.2.1:5353"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
            ("tls://dns.example", "tls://dns.example"),
            ("tls://dns.example:8853", "tls://dns.example:8853"),
            ("tls://[2001:db8::1]", "tls://2001:db8::1"),
            ("https://dns.example/dns-query", "https://dns.example/dns-query"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().shown(), shown, "{text}");
        }
        for text in ["", "dns.example", "http://dns.example/dns-query", "tcp://dns.example:53", "192.0.2.256"]
        {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_is_compared_by_what_it_says() {
        let there: Vec<IpAddr> = vec!["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let failed =
            |cause| DnsQuestion { failure: Some(Failure::new(Stage::Dns, cause)), ..DnsQuestion::default() };
        let answered = DnsQuestion::default();
        let here = |text: &str| vec![text.parse::<IpAddr>().unwrap()];
        for (question, here, there, expected) in [
            (&answered, here("192.0.2.2"), &there[..], Some(DnsComparison::Same)),
            (&answered, here("192.0.2.9"), &there[..], Some(DnsComparison::OtherAddresses)),
            (&answered, here("192.0.2.9"), &[], Some(DnsComparison::UnknownThere)),
            (&failed(Cause::NameNotFound), vec![], &there[..], Some(DnsComparison::BlockedHere)),
            (&failed(Cause::NameNotFound), vec![], &[], Some(DnsComparison::Same)),
            (&failed(Cause::ResolverFailure), vec![], &there[..], Some(DnsComparison::BlockedHere)),
            (&failed(Cause::ResolverFailure), vec![], &[], None),
            (&failed(Cause::DnsAltered), here("0.0.0.0"), &there[..], Some(DnsComparison::Altered)),
            (&failed(Cause::Timeout), vec![], &there[..], None),
        ] {
            assert_eq!(compare(question, &here, there), expected, "{question:?}");
        }
    }
}
