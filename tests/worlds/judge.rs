//! A report held against what the world's file expects, and against whose fault it is.

use serde_json::Value;

use super::file::{Culprit, Expect, Seen, World};
use super::parts::profile;

/// A day, milliseconds.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the report says otherwise than the world's file, one line each; empty when it names the world.
pub fn differences(world: &World, report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(access(&world.expect, report));
    found.extend(
        world
            .expect
            .place
            .as_ref()
            .and_then(|place| differ("internet's place", place, located(report, None))),
    );
    found.extend(resolvers(&world.expect, report));
    found.extend(proxies(&world.expect, report));
    found.extend(clock(&world.expect, report));
    for (id, _) in profile() {
        let expected = world.expect.hosts.get(id).unwrap_or(&world.expect.others);
        found.extend(host(id, expected, report));
    }
    found
}

/// Who is accused of another's fault, one line each: by who is sent to act, and by where the report places the fault. Whoever
/// accuses nobody is never wrong here.
pub fn misplaced(world: &World, report: &Value) -> Vec<String> {
    let verdicts = report["assessment"]["verdicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let services = verdicts.iter().filter(|verdict| verdict["requirement"] == "service-access");
    let acts = services.filter_map(|verdict| {
        let (subject, reasons, act) = (&verdict["subject"], &verdict["reasons"], &verdict["act"]);
        let wrong = is_wrong(world, accused(verdict)?);
        wrong.then(|| format!("{subject}: {reasons} sends {act}, it is the {:?}’s", world.fault))
    });
    let places = all_located(report).iter().filter_map(|one| {
        let (about, services, place) = (&one["about"], &one["services"], &one["place"]);
        let wrong = is_wrong(world, culprit_at(place.as_str()?)?);
        wrong.then(|| format!("{about} {services} is placed in {place}, it is the {:?}’s", world.fault))
    });
    acts.chain(places).collect()
}

/// Whether one is accused of what the other did.
fn is_wrong(world: &World, accused: Culprit) -> bool {
    accused != world.fault && Some(accused) != world.also
}

/// Whose a place is; `None` where the report does not know.
fn culprit_at(place: &str) -> Option<Culprit> {
    match place {
        "machine" => Some(Culprit::Machine),
        "wifi" | "lan" | "box" | "operator" | "filter" => Some(Culprit::School),
        "service" => Some(Culprit::Service),
        _ => None,
    }
}

fn all_located(report: &Value) -> &[Value] {
    report["assessment"]["located"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Where the report says that the fault of this service lies, or of Internet as a whole.
fn located<'a>(report: &'a Value, service: Option<&str>) -> &'a str {
    let about = |one: &&Value| match service {
        None => one["about"] == "internet",
        Some(id) => texts(&one["services"]).iter().any(|one| one == id),
    };
    all_located(report).iter().find(about).and_then(|one| one["place"].as_str()).unwrap_or("nowhere")
}

/// The caveats about the resolvers.
fn resolvers(expect: &Expect, report: &Value) -> Option<String> {
    let expected = expect.dns_caveats.as_ref()?;
    let measured = report["measurements"]["dns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let caveats = measured.iter().filter_map(|one| one["outcome"]["caveats"].as_array()).flatten();
    let mut said: Vec<&str> = caveats.filter_map(|caveat| caveat["code"].as_str()).collect();
    said.sort_unstable();
    said.dedup();
    differ("resolvers", &expected.join(", "), &said.join(", "))
}

/// Where the proxy was set, and which ones were announced.
fn proxies(expect: &Expect, report: &Value) -> Vec<String> {
    let set = expect.proxy_source.as_ref().and_then(|source| {
        let said = report["environment"]["proxy_source"].as_str().unwrap_or("nothing");
        differ("the proxy's source", source, said)
    });
    let announced = expect.announced.as_ref().and_then(|expected| {
        let files = report["measurements"]["wpad"]["outcome"]["value"]["files"].as_array();
        let said =
            files.map(Vec::as_slice).unwrap_or_default().iter().flat_map(|file| texts(&file["proxies"]));
        differ("announced", &expected.join(", "), &said.collect::<Vec<_>>().join(", "))
    });
    set.into_iter().chain(announced).collect()
}

/// Whom a verdict accuses: by who is sent to act, the technician being nobody's culprit.
fn accused(verdict: &Value) -> Option<Culprit> {
    let reasons = texts(&verdict["reasons"]);
    if reasons.iter().any(|reason| reason == "clock_wrong") {
        return Some(Culprit::Machine);
    }
    match verdict["act"].as_str() {
        Some("service_provider") => Some(Culprit::Service),
        Some("filter_administrator" | "commune" | "operator") => Some(Culprit::School),
        _ => None,
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Says when two texts differ.
fn differ(what: &str, expected: &str, said: &str) -> Option<String> {
    (expected != said).then(|| format!("{what}: expected {expected}, the report says {said}"))
}

fn access(expect: &Expect, report: &Value) -> Vec<String> {
    let outcome = &report["measurements"]["internet"]["outcome"];
    let said = match outcome["status"].as_str() {
        Some("measured") => outcome["value"]["access"].as_str().unwrap_or("nothing"),
        Some("failed") => "none",
        _ => "not_measured",
    };
    let cause = expect.cause.as_ref().and_then(|cause| {
        differ("internet's cause", cause, outcome["failure"]["cause"].as_str().unwrap_or("nothing"))
    });
    differ("internet", &expect.access, said).into_iter().chain(cause).collect()
}

fn clock(expect: &Expect, report: &Value) -> Option<String> {
    let expected = expect.clock_days?;
    let said = report["clock"]["offset_ms"].as_i64();
    let days = said.map(|offset| (offset as f64 / DAY_MS as f64).round() as i64);
    (days != Some(expected)).then(|| format!("clock: expected {expected} days, the report says {said:?} ms"))
}

fn host(id: &str, expected: &Seen, report: &Value) -> Vec<String> {
    let endpoints = report["measurements"]["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
    let measured = endpoints.iter().find(|one| one["outcome"]["value"]["id"] == id || one["target"] == id);
    let Some(measured) = measured else { return vec![format!("{id}: not in the report")] };
    let value = &measured["outcome"]["value"];
    let verdicts = report["assessment"]["verdicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(verdict) = verdicts.iter().find(|verdict| verdict["subject"] == id) else {
        return vec![format!("{id}: no verdict")];
    };
    let mut found = Vec::new();
    found.extend(differ(id, &expected.state, value["state"].as_str().unwrap_or("not_measured")));
    found.extend(differ(id, &expected.verdict, verdict["verdict"].as_str().unwrap_or("nothing")));
    let reasons = texts(&verdict["reasons"]);
    if reasons != expected.reasons {
        found.push(format!("{id}: expected because of {:?}, the report says {reasons:?}", expected.reasons));
    }
    found.extend(expected.place.as_ref().and_then(|place| differ(id, place, located(report, Some(id)))));
    let failure = &value["failure"];
    for (given, said) in [(&expected.act, &verdict["act"]), (&expected.cause, &failure["cause"])] {
        found.extend(given.as_ref().and_then(|given| differ(id, given, said.as_str().unwrap_or("nothing"))));
    }
    for (given, said) in [(&expected.detail, &failure["detail"]), (&expected.issuer, &value["tls"]["issuer"])]
    {
        if let Some(given) =
            given.as_ref().filter(|given| !said.as_str().unwrap_or_default().contains(*given))
        {
            found.push(format!("{id}: expected {given} in {said}"));
        }
    }
    found
}
