//! What a reader must know of a resolver, from what was seen.

use std::time::Duration;

use sonde_report::values::{DnsConduct, DnsDelivery, DnsDeliveryState, DnsPath, DnsValue};
use sonde_report::{Caveat, CaveatCode, Measurement};

use super::questions::is_silence;
use crate::clock::micros;

/// A resolver whose median is longer is called slow: signing in to an ENT asks for five names one after the other (ENT,
/// ÉduConnect, GAR…), which then costs a second before anything is loaded.
const SLOW: Duration = Duration::from_millis(200);

/// From here on the system's path waits for something: Windows for 1 s, the C library of Linux for 5 s, before the next
/// resolver is asked.
const LATE: Duration = Duration::from_millis(900);

/// Adds what was seen of a resolver to its measurement. Some names may be the proxy's to resolve: they are no matter of this
/// resolver.
pub(super) fn note(measurement: &mut Measurement<DnsValue>, left_to_proxy: impl Fn(&str) -> bool) {
    let Some(value) = measurement.value() else { return };
    let mut caveats = Vec::new();
    if matches!(value.resolver, DnsPath::Server { .. }) {
        caveats.extend(times(value, &left_to_proxy));
    }
    if !matches!(value.resolver, DnsPath::Reference { .. }) {
        let failed = value.questions.iter().filter(|asked| asked.failure.is_some());
        let left: Vec<&str> =
            failed.map(|asked| asked.name.as_str()).filter(|name| left_to_proxy(name)).collect();
        caveats.extend((!left.is_empty()).then(|| CaveatCode::NamesLeftToProxy.with(left.join(", "))));
    }
    if let Some(conduct) = &value.conduct {
        caveats.extend(conducts(conduct));
    }
    for caveat in caveats {
        measurement.add_caveat(caveat);
    }
}

/// The system's path waits for a silent resolver before it asks the next: named on its measurement. `measurements` begin with
/// that path's, then come the resolvers' in the machine's order.
pub(super) fn note_silent_first(measurements: &mut [Measurement<DnsValue>]) {
    let [system, servers @ ..] = measurements else { return };
    let late = system.value().and_then(|value| value.max_us).is_some_and(|most| most >= micros(LATE));
    let silent: Vec<&str> =
        servers.iter().take_while(|one| one.value().is_none()).map(|one| one.target.as_str()).collect();
    if late && !silent.is_empty() && silent.len() < servers.len() {
        system.add_caveat(CaveatCode::SilentResolverFirst.with(silent.join(", ")));
    }
}

/// Slow and unsteady are told apart: the one answers late, the other not always.
fn times(value: &DnsValue, left_to_proxy: impl Fn(&str) -> bool) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    if let Some(median) = value.median_us.map(Duration::from_micros).filter(|median| *median >= SLOW) {
        caveats.push(CaveatCode::ResolverSlow.with(median.as_millis().to_string()));
    }
    let silent = value.questions.iter().filter(|asked| asked.failure.as_ref().is_some_and(is_silence));
    let silent = silent.filter(|asked| !left_to_proxy(&asked.name)).count();
    if silent > 0 {
        caveats.push(CaveatCode::ResolverUnsteady.with(format!("{silent}/{}", value.asked)));
    }
    caveats
}

fn conducts(conduct: &DnsConduct) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    if conduct.rewrites_nxdomain == Some(true) {
        caveats.push(CaveatCode::NxdomainRewritten.with(conduct.rewritten_to.join(", ")));
    }
    let transport = &conduct.transport;
    if transport.tcp.as_ref().is_some_and(is_lost) || transport.truncation_falls_back == Some(false) {
        caveats.push(CaveatCode::DnsWithoutTcp.into());
    }
    if transport.edns == Some(false) {
        caveats.push(CaveatCode::DnsWithoutEdns.into());
    }
    let sizes = [(&transport.above_512, "> 512"), (&transport.above_1232, "> 1232")];
    if let Some((_, size)) = sizes.iter().find(|(delivery, _)| delivery.as_ref().is_some_and(is_lost)) {
        caveats.push(CaveatCode::DnsLargeAnswersLost.with(*size));
    }
    let wild = conduct.search.iter().filter(|domain| domain.wildcard == Some(true));
    let wild: Vec<String> =
        wild.map(|found| format!("{} -> {}", found.domain, found.addresses.join(", "))).collect();
    if !wild.is_empty() {
        caveats.push(CaveatCode::SearchDomainWildcard.with(wild.join("; ")));
    }
    caveats
}

fn is_lost(delivery: &DnsDelivery) -> bool {
    delivery.state == DnsDeliveryState::Lost
}
