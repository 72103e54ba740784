//! Services.

use sonde_report::assess::{Actor, VerdictKind, VerdictReason};
use sonde_report::values::{
    DnsPath, DnsQuestion, DnsValue, EndpointKind, EndpointState, FilterPlace, InternetAccess, KnownFilter,
    TlsInfo,
};
use sonde_report::{Cause, CaveatCode, Failure, Measurement, Outcome, ReasonCode, Report, Stage, assess};

use super::{endpoint, not_measured, plain, set_every_state, short, value_of, verdicts};
use VerdictKind::{Inconclusive, Met, NotApplicable, NotMet};

/// The verdict on the first endpoint.
fn first(report: &Report) -> (VerdictKind, Vec<VerdictReason>) {
    short(&verdicts(report, "service-access")[0])
}

#[test]
fn a_decryption_on_this_machine_is_not_the_networks() {
    for (place, reason, act) in [
        (FilterPlace::Network, VerdictReason::TlsIntercepted, Actor::FilterAdministrator),
        (FilterPlace::Machine, VerdictReason::DecryptedHere, Actor::Technician),
    ] {
        let mut report = plain();
        let value = endpoint(&mut report, 0);
        value.state = EndpointState::Intercepted;
        value.filter = Some(KnownFilter { name: "X".to_owned(), place });
        let all = verdicts(&report, "service-access");
        assert_eq!((short(&all[0]), all[0].act), ((Inconclusive, vec![reason]), Some(act)), "{place:?}");
    }
}

#[test]
fn each_state_has_its_verdict_and_who_can_act() {
    for (state, kind, reasons, act, observed) in [
        (EndpointState::Reachable, Met, vec![], None, Some(1)),
        (EndpointState::ReachableViaProxy, Met, vec![VerdictReason::ViaProxy], None, Some(1)),
        (
            EndpointState::ProxyAuthRequired,
            Inconclusive,
            vec![VerdictReason::ProxyAuthRequired],
            Some(Actor::Technician),
            Some(0),
        ),
        (
            EndpointState::Intercepted,
            Inconclusive,
            vec![VerdictReason::TlsIntercepted],
            Some(Actor::FilterAdministrator),
            None,
        ),
        (
            EndpointState::Blocked,
            NotMet,
            vec![VerdictReason::BlockedByFilter],
            Some(Actor::FilterAdministrator),
            Some(0),
        ),
        (
            EndpointState::DnsAltered,
            Inconclusive,
            vec![VerdictReason::DnsAltered],
            Some(Actor::Technician),
            Some(0),
        ),
        (
            EndpointState::Unreachable,
            NotMet,
            vec![VerdictReason::Unreachable],
            Some(Actor::Technician),
            Some(0),
        ),
        (
            EndpointState::RemoteError,
            Inconclusive,
            vec![VerdictReason::RemoteError],
            Some(Actor::ServiceProvider),
            Some(0),
        ),
        (
            EndpointState::CaptivePortal,
            Inconclusive,
            vec![VerdictReason::CaptivePortal],
            Some(Actor::Technician),
            Some(0),
        ),
    ] {
        let mut report = plain();
        endpoint(&mut report, 0).state = state;
        let all = verdicts(&report, "service-access");
        assert_eq!(all.len(), 4);
        assert_eq!(short(&all[0]), (kind, reasons), "{state:?}");
        assert_eq!((all[0].act, all[0].observed), (act, observed), "{state:?}");
        assert_eq!(all[0].subject.as_deref(), Some("gar-site"));
    }
}

#[test]
fn unreachable_is_not_met_only_when_something_else_answered() {
    let mut report = plain();
    set_every_state(&mut report, EndpointState::Unreachable);
    assert_eq!(first(&report), (NotMet, vec![VerdictReason::Unreachable]), "a control target answered");
    value_of(report.measurements.internet.as_mut().unwrap()).controls[0].as_expected = false;
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::NothingToCompare]));
    endpoint(&mut report, 3).state = EndpointState::Blocked;
    assert_eq!(
        first(&report),
        (Inconclusive, vec![VerdictReason::NothingToCompare]),
        "a filter is no answer"
    );
    endpoint(&mut report, 3).state = EndpointState::RemoteError;
    assert_eq!(first(&report), (NotMet, vec![VerdictReason::Unreachable]), "another host answered");
    set_every_state(&mut report, EndpointState::Unreachable);
    report.measurements.internet.as_mut().unwrap().outcome =
        Outcome::Failed { failure: Failure::new(Stage::Tcp, Cause::Timeout) };
    assert_eq!(
        first(&report),
        (Inconclusive, vec![VerdictReason::NoInternet, VerdictReason::NothingToCompare])
    );
}

#[test]
fn the_filter_is_accused_where_several_domains_are_silent() {
    let mut report = plain();
    let act = |report: &Report| verdicts(report, "service-access")[0].act;
    for (index, name) in ["ent.un.example", "login.un.example", "autre.test"].into_iter().enumerate() {
        report.measurements.endpoints[index].target = format!("https://{name}/");
        endpoint(&mut report, index).state = EndpointState::Unreachable;
        let expected = if index < 2 { Actor::Technician } else { Actor::FilterAdministrator };
        assert_eq!(first(&report), (NotMet, vec![VerdictReason::Unreachable]), "{name}");
        assert_eq!(act(&report), Some(expected), "{name}");
    }
}

#[test]
fn a_certificate_refused_for_one_host_alone_accuses_nobody() {
    let mut report = plain();
    let value = endpoint(&mut report, 0);
    value.state = EndpointState::Intercepted;
    value.http_status = None;
    value.failure = Some(Failure::new(Stage::Tls, Cause::UnknownIssuer));
    let public = value.tls.clone().unwrap();
    for (others, act) in [(true, Actor::Technician), (false, Actor::FilterAdministrator)] {
        for index in 1..report.measurements.endpoints.len() {
            endpoint(&mut report, index).tls = Some(TlsInfo { public_root: others, ..public.clone() });
        }
        endpoint(&mut report, 0).tls = Some(TlsInfo { public_root: false, ..public.clone() });
        assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::TlsIntercepted]));
        assert_eq!(verdicts(&report, "service-access")[0].act, Some(act));
    }
}

#[test]
fn a_certificate_that_is_no_interceptor_s_is_not_called_so() {
    for (cause, public_root, reason) in [
        (Cause::CertificateNameMismatch, true, VerdictReason::Unreachable),
        (Cause::CertificateNameMismatch, false, VerdictReason::TlsIntercepted),
        (Cause::CertificateInvalid, false, VerdictReason::Unreachable),
    ] {
        let mut report = plain();
        let value = endpoint(&mut report, 0);
        value.state = EndpointState::Intercepted;
        value.http_status = None;
        value.failure = Some(Failure::new(Stage::Tls, cause));
        value.tls = value.tls.clone().map(|tls| TlsInfo { public_root, ..tls });
        assert_eq!(first(&report), (Inconclusive, vec![reason]), "{cause:?} {public_root}");
        assert_eq!(verdicts(&report, "service-access")[0].act, Some(Actor::Technician));
        // The same for every host: a portal, or a filter with a public certificate of its own.
        for index in 1..report.measurements.endpoints.len() {
            endpoint(&mut report, index).http_status = None;
        }
        assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::TlsIntercepted]), "{cause:?}");
    }
}

#[test]
fn behind_a_portal_what_it_explains_is_read_in_its_light() {
    let mut report = plain();
    set_every_state(&mut report, EndpointState::Intercepted);
    let internet = value_of(report.measurements.internet.as_mut().unwrap());
    internet.access = InternetAccess::CaptivePortal;
    assert_eq!(
        first(&report),
        (Inconclusive, vec![VerdictReason::CaptivePortal, VerdictReason::TlsIntercepted])
    );
    assert_eq!(verdicts(&report, "service-access")[0].act, Some(Actor::Technician));
    endpoint(&mut report, 0).state = EndpointState::RemoteError;
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::RemoteError]), "that is the service's own");
}

#[test]
fn a_service_whose_login_is_kept_away_shares_the_login_s_verdict() {
    let mut report = plain();
    let login = report.measurements.endpoints[1].target.clone();
    let value = endpoint(&mut report, 0);
    value.state = EndpointState::RemoteError;
    value.redirects = vec![login];
    value.failure = Some(Failure::new(Stage::Tcp, Cause::Timeout));
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::RemoteError]), "the login answers");
    endpoint(&mut report, 1).state = EndpointState::Unreachable;
    assert_eq!(first(&report), (NotMet, vec![VerdictReason::Unreachable]));
    endpoint(&mut report, 0).failure = Some(Failure::new(Stage::Http, Cause::HttpStatus));
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::RemoteError]), "it answered itself");
}

#[test]
fn a_proxy_that_cannot_be_reached_says_nothing_about_the_service() {
    let mut report = plain();
    let value = endpoint(&mut report, 0);
    value.state = EndpointState::Unreachable;
    value.failure = Some(Failure::new(Stage::Proxy, Cause::ConnectionRefused));
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::ProxyUnusable]));
    endpoint(&mut report, 0).failure = Some(Failure::new(Stage::Proxy, Cause::ProxyRefused));
    assert_eq!(first(&report), (NotMet, vec![VerdictReason::Unreachable]));
    let could_not =
        ["HTTP/1.1 503 Service Unavailable", "504 ERR_CONNECT_FAIL", "SOCKS 4 (host unreachable)"];
    for line in could_not {
        endpoint(&mut report, 0).failure = Some(Failure::with(Stage::Proxy, Cause::ProxyRefused, line));
        assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::Unreachable]), "{line}");
        assert_eq!(verdicts(&report, "service-access")[0].act, Some(Actor::Technician), "{line}");
    }
}

/// What one path answered about the first endpoint's name.
fn dns(report: &Report, resolver: DnsPath, answers: bool) -> Measurement<DnsValue> {
    let failure = (!answers).then(|| Failure::new(Stage::Dns, Cause::NameNotFound));
    let question = DnsQuestion {
        name: "GAR.education.fr.".to_owned(),
        elapsed_us: 1,
        addresses: u32::from(answers),
        failure,
        ..DnsQuestion::default()
    };
    let mut measurement = report.measurements.dns[0].clone();
    let value = value_of(&mut measurement);
    (value.resolver, value.questions) = (resolver, vec![question]);
    measurement
}

#[test]
fn an_altered_name_is_not_met_only_when_one_resolver_fails_and_another_answers() {
    // The system's path, then each resolver asked directly.
    for (system, servers, expected) in [
        (false, vec![false, true], NotMet),
        (false, vec![false, false], Inconclusive),
        (false, vec![true, true], Inconclusive), // this machine's own hosts file
        (true, vec![false, true], Inconclusive), // it has passed
        (false, vec![], Inconclusive),
    ] {
        let mut report = plain();
        endpoint(&mut report, 0).state = EndpointState::DnsAltered;
        let mut paths = vec![dns(&report, DnsPath::System, system)];
        paths.extend(
            servers.iter().map(|ok| dns(&report, DnsPath::Server { address: "192.0.2.1".to_owned() }, *ok)),
        );
        report.measurements.dns = paths;
        assert_eq!(first(&report), (expected, vec![VerdictReason::DnsAltered]), "{system} {servers:?}");
    }
}

#[test]
fn a_reference_that_knows_the_name_proves_the_school_s_resolver_wrong_and_nothing_else() {
    let reference = || DnsPath::Reference { address: "192.0.2.53".to_owned() };
    let server = || DnsPath::Server { address: "192.0.2.1".to_owned() };
    for (system, own, elsewhere, expected) in [
        (false, Some(false), true, NotMet),
        (false, Some(false), false, Inconclusive), // perhaps the name is no more
        (false, Some(true), false, Inconclusive), // a reference's failure is no fault of the school's network
        (false, None, true, Inconclusive),        // this machine's own settings, perhaps
    ] {
        let mut report = plain();
        endpoint(&mut report, 0).state = EndpointState::DnsAltered;
        let mut paths = vec![dns(&report, DnsPath::System, system)];
        paths.extend(own.map(|ok| dns(&report, server(), ok)));
        paths.push(dns(&report, reference(), elsewhere));
        report.measurements.dns = paths;
        let found = first(&report);
        assert_eq!(found, (expected, vec![VerdictReason::DnsAltered]), "{own:?} {elsewhere}");
        // Where something answers in the reference's place, it is no witness.
        report.measurements.dns.last_mut().unwrap().add_caveat(CaveatCode::DnsIntercepted.into());
        assert_eq!(first(&report).0, Inconclusive, "{own:?} {elsewhere}");
    }
}

#[test]
fn a_certificate_out_of_date_is_the_clock_s_fault_or_the_service_s() {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    for (cause, offset, reason) in [
        (Cause::CertificateNotYetValid, None, VerdictReason::ClockWrong),
        (Cause::CertificateNotYetValid, Some(-DAY_MS - 1), VerdictReason::ClockWrong),
        (Cause::CertificateNotYetValid, Some(0), VerdictReason::RemoteError),
        (Cause::CertificateExpired, Some(DAY_MS + 1), VerdictReason::ClockWrong),
        (Cause::CertificateExpired, Some(-DAY_MS - 1), VerdictReason::ClockWrong),
        (Cause::CertificateExpired, Some(i64::MIN), VerdictReason::ClockWrong),
        (Cause::CertificateExpired, Some(DAY_MS), VerdictReason::RemoteError),
        (Cause::CertificateExpired, None, VerdictReason::RemoteError),
        (Cause::UnknownIssuer, Some(DAY_MS + 1), VerdictReason::TlsIntercepted),
    ] {
        let mut report = plain();
        report.clock.offset_ms = offset;
        let value = endpoint(&mut report, 0);
        value.state = EndpointState::Intercepted;
        value.failure = Some(Failure::new(Stage::Tls, cause));
        assert_eq!(first(&report), (Inconclusive, vec![reason]), "{cause:?} {offset:?}");
    }
}

#[test]
fn behind_a_portal_or_a_vpn_nothing_is_not_met() {
    for state in [EndpointState::Blocked, EndpointState::Unreachable] {
        let mut report = plain();
        endpoint(&mut report, 0).state = state;
        report.environment.vpn = true;
        let (kind, reasons) = first(&report);
        assert_eq!((kind, reasons[0]), (Inconclusive, VerdictReason::ThroughVpn));
        value_of(report.measurements.internet.as_mut().unwrap()).access = InternetAccess::CaptivePortal;
        let (kind, reasons) = first(&report);
        assert_eq!((kind, reasons[0]), (Inconclusive, VerdictReason::CaptivePortal));
    }
}

#[test]
fn an_ent_that_nobody_named_is_said_and_weighs_nothing() {
    let mut report = plain();
    report.site.ent.clear();
    endpoint(&mut report, 1).kind = EndpointKind::Resource;
    let all = verdicts(&report, "service-access");
    assert_eq!(all.len(), 4);
    assert_eq!(all[3].subject.as_deref(), Some("ent"));
    assert_eq!(short(&all[3]), (NotApplicable, vec![VerdictReason::EntNotDeclared]));
    assert_eq!(assess(&report, &sonde_report::Requirements::socle_1d_2021()).overall, Met);
}

#[test]
fn an_endpoint_without_value_is_named_and_an_empty_list_was_not_asked_for() {
    let mut report = plain();
    report.measurements.endpoints[0].outcome = not_measured(ReasonCode::Interrupted);
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::Interrupted, VerdictReason::NotMeasured]));
    report.measurements.endpoints[0].outcome =
        Outcome::Failed { failure: Failure::new(Stage::Interface, Cause::SystemError) };
    assert_eq!(first(&report), (Inconclusive, vec![VerdictReason::MeasurementFailed]));
    assert_eq!(
        verdicts(&report, "service-access")[0].subject.as_deref(),
        Some(report.measurements.endpoints[0].target.as_str())
    );
    report.measurements.endpoints.clear();
    assert_eq!(first(&report), (NotApplicable, vec![VerdictReason::NotAsked]));
}

/// Puts the service at `index` into a black hole.
fn swallow(report: &mut Report, index: usize) {
    let value = endpoint(report, index);
    value.state = EndpointState::Unreachable;
    value.failure = Some(Failure::with(Stage::Tls, Cause::MtuBlackHole, "MSS 1220: 17 ms"));
}

#[test]
fn a_black_hole_is_neither_the_filters_nor_the_services() {
    let hole = (NotMet, vec![VerdictReason::MtuBlackHole]);
    let mut report = plain();
    swallow(&mut report, 0);
    let alone = &verdicts(&report, "service-access")[0];
    assert_eq!(
        (short(alone), alone.act),
        (hole.clone(), Some(Actor::Technician)),
        "its own network, perhaps"
    );
    // Without anything else that answers, too: clamped, the service itself did.
    set_every_state(&mut report, EndpointState::Reachable);
    let count = report.measurements.endpoints.len();
    for index in 0..count {
        swallow(&mut report, index);
    }
    value_of(report.measurements.internet.as_mut().unwrap()).controls.clear();
    for verdict in verdicts(&report, "service-access") {
        assert_eq!((short(&verdict), verdict.act), (hole.clone(), Some(Actor::Operator)));
    }
}

#[test]
fn what_hangs_beside_a_black_hole_is_not_laid_to_anyone_else() {
    let hangs = |report: &mut Report, stage, state| {
        let value = endpoint(report, 1);
        (value.state, value.failure) = (state, Some(Failure::new(stage, Cause::Timeout)));
    };
    for (stage, state, before) in [
        (Stage::Http, EndpointState::RemoteError, Some(Actor::ServiceProvider)),
        (Stage::Tls, EndpointState::Unreachable, Some(Actor::Technician)),
    ] {
        let mut report = plain();
        hangs(&mut report, stage, state);
        assert_eq!(verdicts(&report, "service-access")[1].act, before);
        swallow(&mut report, 0);
        assert_eq!(verdicts(&report, "service-access")[1].act, Some(Actor::Technician), "{stage:?}");
    }
    // A service that refuses is another matter.
    let mut report = plain();
    swallow(&mut report, 0);
    endpoint(&mut report, 1).state = EndpointState::Blocked;
    assert_eq!(verdicts(&report, "service-access")[1].act, Some(Actor::FilterAdministrator));
}
