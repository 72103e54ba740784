//! Where the problem is: named with evidence, unknown without.

use sonde_report::assess::{Actor, EvidenceCode, Place, Subject, VerdictKind, VerdictReason};
use sonde_report::values::{
    EndpointState, GatewayValue, InterfaceKind, InternetAccess, LoadedLatency, PathMethod, PathMtu,
    PathValue, ResponsivenessValue, RttMethod, RttSeries, TooBig,
};
use sonde_report::{Cause, CaveatCode, Failure, Measurement, Outcome, Report, Requirements, Stage, assess};

use super::{endpoint, plain, set_every_state, set_rate, short, value_of, verdict};

/// What is placed: about what, where, by which evidence.
fn placed(report: &Report) -> Vec<(Subject, Place, Vec<EvidenceCode>)> {
    let located = assess(report, &Requirements::socle_1d_2021()).located;
    let codes = |one: &sonde_report::assess::Located| one.evidence.iter().map(|e| e.code).collect();
    located.iter().map(|one| (one.about, one.place, codes(one))).collect()
}

fn series(median_us: u64, loss_ratio: f64) -> RttSeries {
    RttSeries {
        method: RttMethod::Icmp,
        sent: 10,
        received: 10 - (loss_ratio * 10.0) as u32,
        min_us: median_us,
        median_us,
        p95_us: median_us,
        max_us: median_us,
        jitter_us: None,
        loss_ratio,
    }
}

/// Gives the report a box: idle 0.5 ms, and so much while the download runs.
fn set_box(report: &mut Report, loaded_us: Option<u64>, loss_ratio: f64) {
    let loaded = loaded_us.map(|us| Outcome::Measured { value: series(us, 0.0), caveats: Vec::new() });
    set_gateway(
        report,
        Outcome::Measured {
            value: GatewayValue { idle: series(500, loss_ratio), download: loaded, upload: None },
            caveats: Vec::new(),
        },
    );
}

fn set_gateway(report: &mut Report, outcome: Outcome<GatewayValue>) {
    let internet = report.measurements.internet.as_ref().unwrap();
    report.measurements.gateway = Some(Measurement {
        target: "192.168.1.1".to_owned(),
        started_at: internet.started_at,
        elapsed_us: 1,
        outcome,
    });
}

fn failed<T>(stage: Stage, cause: Cause) -> Outcome<T> {
    Outcome::Failed { failure: Failure::new(stage, cause) }
}

/// A report whose control targets and services all fail.
fn offline(stage: Stage, cause: Cause) -> Report {
    let mut report = plain();
    report.measurements.internet.as_mut().unwrap().outcome = failed(stage, cause);
    report.measurements.download = None;
    set_every_state(&mut report, EndpointState::Unreachable);
    for one in &mut report.measurements.endpoints {
        value_of(one).failure = Some(Failure::new(stage, cause));
    }
    report
}

#[test]
fn what_is_in_order_has_no_place() {
    assert_eq!(placed(&plain()), []);
}

#[test]
fn a_slow_line_is_the_operators_only_when_the_way_to_the_box_stays_fast() {
    let about = Subject::Download;
    let mut report = plain();
    report.site.size = Some(sonde_report::requirement::SchoolSize::Large);
    set_rate(&mut report, 6_000_000, 2);
    let wired = EvidenceCode::WiredAndRepeated;
    assert_eq!(placed(&report), [(about, Place::Unknown, vec![wired])], "no box was timed");
    set_box(&mut report, Some(1_200), 0.0);
    assert_eq!(placed(&report), [(about, Place::Operator, vec![wired, EvidenceCode::GatewaySteady])]);
    set_box(&mut report, Some(12_000), 0.0);
    assert_eq!(placed(&report), [(about, Place::Unknown, vec![wired])], "neither steady nor a queue");
    set_box(&mut report, Some(120_500), 0.0);
    assert_eq!(placed(&report), [(about, Place::Lan, vec![EvidenceCode::GatewaySlowUnderLoad])]);
    set_box(&mut report, Some(1_200), 0.3);
    assert_eq!(placed(&report), [(about, Place::Lan, vec![EvidenceCode::GatewayLoses])]);
}

#[test]
fn a_full_queue_before_the_box_is_held_against_the_full_line() {
    let mut report = plain();
    report.site.size = Some(sonde_report::requirement::SchoolSize::Large);
    set_rate(&mut report, 6_000_000, 2);
    // Half of the round trips to the box began before its queue was full.
    let to_box = RttSeries { p95_us: 224_000, ..series(90_500, 0.0) };
    let loaded = Some(Outcome::Measured { value: to_box, caveats: Vec::new() });
    let value = GatewayValue { idle: series(500, 0.0), download: loaded, upload: None };
    set_gateway(&mut report, Outcome::Measured { value, caveats: Vec::new() });
    let placed_with = |added_us: u64| {
        let value: LoadedLatency = serde_json::from_value(serde_json::json!({
            "foreign_probes": 0, "foreign_failed": 0, "loaded_probes": 0, "method": "icmp", "rtt_probes": 9,
            "median_us": added_us, "p95_us": added_us, "added_us": added_us, "window_ms": 900, "probe_bytes": 0
        }))
        .unwrap();
        let download = Some(Outcome::Measured { value, caveats: Vec::new() });
        let mut report = report.clone();
        let started_at = report.measurements.internet.as_ref().unwrap().started_at;
        let value = ResponsivenessValue { download, upload: None };
        let outcome = Outcome::Measured { value, caveats: Vec::new() };
        report.measurements.responsiveness =
            Some(Measurement { target: "mire".to_owned(), started_at, elapsed_us: 1, outcome });
        placed(&report)
    };
    let about = Subject::Download;
    assert_eq!(placed_with(206_000), [(about, Place::Lan, vec![EvidenceCode::GatewaySlowUnderLoad])]);
    // A line whose own queue is three times as long is what limits.
    assert_eq!(placed_with(700_000), [(about, Place::Unknown, vec![EvidenceCode::WiredAndRepeated])]);
}

#[test]
fn over_wifi_a_steady_box_proves_nothing_and_a_slow_one_the_radio() {
    let mut report = plain();
    report.site.size = Some(sonde_report::requirement::SchoolSize::Large);
    set_rate(&mut report, 6_000_000, 2);
    report.environment.interface.as_mut().unwrap().kind = InterfaceKind::Wifi;
    report.measurements.download.as_mut().unwrap().add_caveat(CaveatCode::MeasuredOverWifi.into());
    set_box(&mut report, Some(1_200), 0.0);
    assert_eq!(placed(&report), [(Subject::Download, Place::Unknown, vec![EvidenceCode::OverWifi])]);
    set_box(&mut report, Some(80_000), 0.0);
    let slow = vec![EvidenceCode::GatewaySlowUnderLoad];
    assert_eq!(placed(&report), [(Subject::Download, Place::Wifi, slow)]);
}

#[test]
fn what_limits_on_this_machine_comes_before_the_way() {
    for (caveat, place, evidence) in [
        (CaveatCode::CpuBusy, Place::Machine, EvidenceCode::MachineBusy),
        (CaveatCode::CrossTraffic, Place::Machine, EvidenceCode::CrossTraffic),
        (CaveatCode::ThroughVpn, Place::Machine, EvidenceCode::Vpn),
        (CaveatCode::LinkRateLimits, Place::Lan, EvidenceCode::LinkRate),
    ] {
        let mut report = plain();
        report.site.size = Some(sonde_report::requirement::SchoolSize::Large);
        set_rate(&mut report, 6_000_000, 2);
        set_box(&mut report, Some(120_500), 0.0);
        report.measurements.download.as_mut().unwrap().add_caveat(caveat.into());
        assert_eq!(placed(&report), [(Subject::Download, place, vec![evidence])], "{caveat:?}");
    }
}

#[test]
fn without_internet_the_box_tells_on_which_side_of_it() {
    let silent = || failed(Stage::Tcp, Cause::Timeout);
    let mut report = offline(Stage::Tcp, Cause::Timeout);
    assert_eq!(placed(&report)[0], (Subject::Internet, Place::Unknown, vec![]));
    set_gateway(&mut report, silent());
    assert_eq!(placed(&report)[0], (Subject::Internet, Place::Box, vec![EvidenceCode::GatewaySilent]));
    set_box(&mut report, None, 0.0);
    let beyond = vec![EvidenceCode::GatewayAnswers, EvidenceCode::NothingBeyond];
    assert_eq!(placed(&report), [(Subject::Internet, Place::Operator, beyond)], "said once");

    let mut report = offline(Stage::Dns, Cause::Timeout);
    set_box(&mut report, None, 0.0);
    let mut resolver = report.measurements.dns.pop().unwrap();
    resolver.outcome = failed(Stage::Dns, Cause::Timeout);
    report.measurements.dns = vec![resolver];
    let link = value_of(report.measurements.link.as_mut().unwrap());
    link.gateway = Some("192.168.1.1".to_owned());
    link.resolvers = vec!["192.168.1.1".to_owned()];
    let box_dns = vec![EvidenceCode::GatewayAnswers, EvidenceCode::BoxResolverSilent];
    assert_eq!(placed(&report)[0], (Subject::Internet, Place::Unknown, box_dns), "or its line is cut");
    value_of(report.measurements.link.as_mut().unwrap()).resolvers = vec!["10.0.0.53".to_owned()];
    let imposed = vec![EvidenceCode::GatewayAnswers, EvidenceCode::ResolversSilent];
    assert_eq!(placed(&report)[0], (Subject::Internet, Place::Unknown, imposed));
}

#[test]
fn a_machine_without_network_and_a_portal_are_told_apart() {
    let report = offline(Stage::Interface, Cause::NoNetwork);
    assert_eq!(placed(&report)[0], (Subject::Internet, Place::Machine, vec![EvidenceCode::NoNetwork]));
    let mut report = plain();
    value_of(report.measurements.internet.as_mut().unwrap()).access = InternetAccess::CaptivePortal;
    set_every_state(&mut report, EndpointState::CaptivePortal);
    assert_eq!(
        placed(&report),
        [(Subject::Internet, Place::Filter, vec![EvidenceCode::Portal])],
        "said once"
    );
}

#[test]
fn services_of_one_fault_stand_together_and_of_two_apart() {
    let mut report = plain();
    endpoint(&mut report, 0).state = EndpointState::Blocked;
    endpoint(&mut report, 1).state = EndpointState::Blocked;
    let (first, second) = (endpoint(&mut report, 0).id.clone(), endpoint(&mut report, 1).id.clone());
    endpoint(&mut report, 2).state = EndpointState::RemoteError;
    let located = assess(&report, &Requirements::socle_1d_2021()).located;
    let of = |place| located.iter().find(|one| one.place == place).unwrap();
    assert_eq!(of(Place::Filter).services, [first, second]);
    assert_eq!(of(Place::Service).services.len(), 1);
    assert_eq!(located.len(), 2);
}

#[test]
fn a_host_that_is_down_is_not_laid_to_the_filter() {
    let mut report = plain();
    endpoint(&mut report, 0).state = EndpointState::Unreachable;
    endpoint(&mut report, 0).failure = Some(Failure::new(Stage::Tcp, Cause::Timeout));
    assert_eq!(placed(&report), [(Subject::Services, Place::Unknown, vec![EvidenceCode::OthersReachable])]);
}

#[test]
fn a_mire_in_the_school_splits_its_network_from_the_line_also_over_wifi() {
    for kind in [InterfaceKind::Ethernet, InterfaceKind::Wifi] {
        let mut report = plain();
        report.site.size = Some(sonde_report::requirement::SchoolSize::Large);
        set_rate(&mut report, 6_000_000, 2);
        report.environment.interface.as_mut().unwrap().kind = kind;
        let mut lan = report.measurements.download.clone().unwrap();
        for (lan_bps, place, evidence) in [
            (6_300_000, None, EvidenceCode::LanAsSlow),
            (60_000_000, Some(Place::Operator), EvidenceCode::LanFaster),
        ] {
            value_of(&mut lan).ip_rate_bps = lan_bps;
            report.measurements.lan = Some(lan.clone());
            let here = if kind == InterfaceKind::Wifi { Place::Wifi } else { Place::Lan };
            assert_eq!(placed(&report), [(Subject::Download, place.unwrap_or(here), vec![evidence])]);
        }
    }
}

#[test]
fn what_the_schools_network_limits_is_not_laid_to_the_line() {
    let slow = || {
        let mut report = plain();
        report.site.size = Some(sonde_report::requirement::SchoolSize::Large);
        set_rate(&mut report, 6_000_000, 2);
        report
    };
    let school = (VerdictKind::Inconclusive, vec![VerdictReason::SchoolNetwork]);
    let mut report = slow();
    set_box(&mut report, Some(120_500), 0.0);
    let said = verdict(&report, "download-rate");
    assert_eq!((short(&said), said.act), (school.clone(), Some(Actor::Technician)));
    set_box(&mut report, Some(1_200), 0.0);
    assert_eq!(verdict(&report, "download-rate").verdict, VerdictKind::NotMet, "the box stays near");
    let mut lan = report.measurements.download.clone().unwrap();
    value_of(&mut lan).ip_rate_bps = 6_300_000;
    report.measurements.lan = Some(lan.clone());
    assert_eq!(short(&verdict(&report, "download-rate")), school);
    // Where a mire in the school gives far more, a slow box beside it is the box's own affair.
    value_of(&mut lan).ip_rate_bps = 60_000_000;
    report.measurements.lan = Some(lan);
    set_box(&mut report, Some(120_500), 0.0);
    assert_eq!(verdict(&report, "download-rate").verdict, VerdictKind::NotMet);
}

#[test]
fn a_black_hole_is_the_boxs_only_where_the_box_says_that_its_line_is_narrow() {
    let hole = EvidenceCode::MtuBlackHole;
    let swallow = |report: &mut Report, index| {
        let value = endpoint(report, index);
        value.state = EndpointState::Unreachable;
        value.failure = Some(Failure::new(Stage::Tls, Cause::MtuBlackHole));
    };
    let mut report = plain();
    swallow(&mut report, 0);
    assert_eq!(placed(&report), [(Subject::Services, Place::Unknown, vec![hole])]);
    for index in 1..report.measurements.endpoints.len() {
        swallow(&mut report, index);
    }
    let shared = vec![hole, EvidenceCode::SeveralDomains];
    assert_eq!(placed(&report), [(Subject::Services, Place::Unknown, shared.clone())]);
    let gateway = value_of(report.measurements.link.as_mut().unwrap()).gateway.clone().unwrap();
    let boxs = [shared.clone(), vec![EvidenceCode::BoxNarrow]].concat();
    // Who says that the line is narrow: a router further on, or the box.
    for (from, place, evidence) in
        [("198.51.100.1", Place::Unknown, shared), (gateway.as_str(), Place::Box, boxs)]
    {
        let too_big = Some(TooBig { from: from.to_owned(), next_bytes: Some(1492) });
        set_path(&mut report, PathMtu { answered_bytes: 1492, silent_bytes: None, too_big });
        assert_eq!(placed(&report), [(Subject::Services, place, evidence)], "{from}");
    }
}

/// Gives the report a way to the mire, of which only this is known.
fn set_path(report: &mut Report, mtu: PathMtu) {
    let internet = report.measurements.internet.as_ref().unwrap();
    let (method, mtu) = (PathMethod::IcmpRaw, Some(mtu));
    let value = PathValue { method, hops: Vec::new(), reached: true, nat: None, mtu };
    report.measurements.path = Some(Measurement {
        target: "mire.example".to_owned(),
        started_at: internet.started_at,
        elapsed_us: 1,
        outcome: Outcome::Measured { value, caveats: Vec::new() },
    });
}
