//! What is asked for and what is not, on reports of every cause.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use sonde_probes::catalogue::{Catalogue, Endpoint};

use super::*;
use crate::show::allowlist as shown;
use crate::text::Lang;

/// A report on these hosts, in the schema's own words, so that a field more does not matter.
fn report(endpoints: &[Value]) -> Report {
    let golden = include_str!("../../report/tests/golden/report-1-met.json");
    let mut document: Value = serde_json::from_str(golden).unwrap();
    document["measurements"]["endpoints"] = json!(endpoints);
    document["measurements"]["dns"] = json!([]);
    from(&document)
}

fn from(document: &Value) -> Report {
    Report::from_json(&document.to_string()).unwrap()
}

/// The same with one part of the document changed.
fn with(report: &Report, pointer: &str, value: Value) -> Report {
    let mut document = serde_json::to_value(report).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    from(&document)
}

fn host(id: &str) -> String {
    format!("https://{id}.example/")
}

/// A host in a state; `more` is laid over its value.
fn measured(id: &str, state: &str, more: &Value) -> Value {
    let mut value = json!({
        "id": id, "label": id, "kind": "ent", "state": state, "http_status": null, "phases": {}, "tls": null,
        "address": null, "redirects": [], "failure": null,
    });
    for (key, given) in more.as_object().unwrap() {
        value[key] = given.clone();
    }
    json!({
        "target": host(id), "started_at": "2026-11-25T19:20:00+01:00", "elapsed_us": 1,
        "outcome": { "status": "measured", "value": value, "caveats": [] },
    })
}

fn failed(id: &str, state: &str, at: &str, cause: &str, detail: &str) -> Value {
    measured(id, state, &json!({ "failure": { "stage": at, "cause": cause, "detail": detail } }))
}

fn reachable(id: &str) -> Value {
    measured(id, "reachable", &json!({ "http_status": 200 }))
}

fn endpoints(ids: &[&str]) -> Vec<Endpoint> {
    let table = |id: &&str| {
        format!("[[endpoint]]\nid = \"{id}\"\nlabel = \"{id}\"\nkind = \"ent\"\nurls = [\"{}\"]\n", host(id))
    };
    Catalogue::parse(&ids.iter().map(table).collect::<String>(), "t").unwrap().endpoints().to_vec()
}

/// The sheet as text, its lines joined: where they break is not what is tested.
fn text(sheet: &Sheet, report: &Report, lang: Lang) -> String {
    shown::text(sheet, report, None, lang).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is asked about the host `x` beside one that answers; `Err`: why nothing.
fn about(x: Value) -> Result<Request, WhyNot> {
    let sheet = Sheet::new(&report(&[reachable("ok"), x]), &endpoints(&["ok", "x"]), false);
    assert_eq!(sheet.open + sheet.rows.len() + sheet.left_out.len(), 2, "{sheet:?}");
    match (sheet.rows.as_slice(), sheet.left_out.as_slice()) {
        ([row], []) => Ok(row.request),
        ([], [left]) => Err(left.why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_network_refuses_is_asked_for() {
    for (state, stage, cause, request) in [
        ("blocked", "content", "unexpected_content", Request::Open),
        ("blocked", "proxy", "proxy_refused", Request::Open),
        // One silent service among others that answer: a port that is filtered, or a host that is down.
        ("unreachable", "tls", "connection_reset", Request::OpenIfUp),
        ("unreachable", "tcp", "timeout", Request::OpenIfUp),
        ("dns_altered", "dns", "dns_altered", Request::Open),
    ] {
        assert_eq!(about(failed("x", state, stage, cause, "d")), Ok(request), "{state} {cause}");
    }
    assert_eq!(about(failed("x", "intercepted", "tls", "unknown_issuer", "Filtre")), Ok(Request::Exempt));
}

#[test]
fn what_is_the_services_or_this_machines_is_not() {
    for (x, why) in [
        (failed("x", "remote_error", "http", "http_status", "503"), WhyNot::Service),
        (failed("x", "remote_error", "tls", "certificate_expired", ""), WhyNot::Service),
        // By a right clock, its dates are the service's own fault.
        (failed("x", "remote_error", "tls", "certificate_not_yet_valid", ""), WhyNot::Service),
        (failed("x", "proxy_auth_required", "proxy", "proxy_auth_required", ""), WhyNot::ProxyPassword),
        (failed("x", "unreachable", "proxy", "timeout", ""), WhyNot::ProxyUnreachable),
        (failed("x", "captive_portal", "http", "http_status", "511"), WhyNot::CaptivePortal),
        (failed("x", "dns_altered", "dns", "name_not_found", ""), WhyNot::Dns),
        (failed("x", "dns_altered", "dns", "no_resolver", ""), WhyNot::Dns),
        (failed("x", "intercepted", "tls", "certificate_name_mismatch", ""), WhyNot::Certificate),
        (failed("x", "unreachable", "tls", "mtu_black_hole", "MSS 1220: 17 ms"), WhyNot::MtuBlackHole),
    ] {
        assert_eq!(about(x.clone()), Err(why), "{x}");
    }
    // An antivirus on this machine decrypts: no filter on the way could exempt anything from that.
    let antivirus = json!({
        "failure": { "stage": "tls", "cause": "unknown_issuer", "detail": "Antivirus" },
        "filter": { "name": "Antivirus", "place": "machine" },
    });
    assert_eq!(about(measured("x", "intercepted", &antivirus)), Err(WhyNot::DecryptedHere));
    // Decrypted by an authority that this machine accepts: the service answered.
    let accepted = json!({
        "http_status": 200, "failure": { "stage": "tls", "cause": "unknown_issuer", "detail": "Filtre" },
    });
    assert_eq!(about(measured("x", "intercepted", &accepted)), Err(WhyNot::Decrypted));
}

#[test]
fn what_concerns_the_whole_run_asks_for_nothing() {
    let two =
        [failed("a", "unreachable", "tcp", "timeout", ""), failed("b", "unreachable", "tcp", "timeout", "")];
    let both = endpoints(&["a", "b"]);
    let whys = |report: &Report| {
        let sheet = Sheet::new(report, &both, false);
        assert!(sheet.rows.is_empty(), "{sheet:?}");
        sheet.left_out.iter().map(|left| left.why).collect::<Vec<_>>()
    };
    let internet = "/measurements/internet/outcome";
    let alone = with(&report(&two), "/measurements/internet", Value::Null);
    assert_eq!(whys(&alone), [WhyNot::NothingToCompare; 2]);
    let cut_off = json!({ "status": "failed", "failure": { "stage": "tcp", "cause": "all_targets_failed" } });
    assert_eq!(whys(&with(&report(&two), internet, cut_off)), [WhyNot::NoInternet; 2]);
    let portal = json!({
        "status": "measured", "caveats": [],
        "value": { "access": "captive_portal", "controls": [], "portal_host": "portail.box" },
    });
    let blocked = [
        failed("a", "blocked", "http", "redirected_elsewhere", "portail.box"),
        failed("b", "intercepted", "tls", "unknown_issuer", "portail.box"),
    ];
    assert_eq!(whys(&with(&report(&blocked), internet, portal)), [WhyNot::CaptivePortal; 2]);
    assert_eq!(whys(&with(&report(&two), "/environment/vpn", json!(true))), [WhyNot::Vpn; 2]);
    let absent = |id: &str| {
        json!({
            "target": id, "started_at": "2026-11-25T19:20:00+01:00", "elapsed_us": 1,
            "outcome": { "status": "not_measured", "reason": { "code": "no_network" } },
        })
    };
    assert_eq!(whys(&report(&[absent("a"), absent("b")])), [WhyNot::NoNetwork; 2]);
    // Expired, and this machine's clock is years off.
    let expired = ["a", "b"].map(|id| failed(id, "remote_error", "tls", "certificate_expired", ""));
    let offset = with(&report(&expired), "/clock/offset_ms", json!(100_000_000_000_i64));
    assert_eq!(whys(&offset), [WhyNot::Clock; 2]);
}

#[test]
fn a_name_this_machine_alone_does_not_know_is_no_business_of_the_filter() {
    let sinkhole = [reachable("ok"), failed("x", "dns_altered", "dns", "dns_altered", "127.0.0.1")];
    let asked = |answers: [u64; 2]| {
        let question = |addresses: u64| json!([{ "name": "x.example", "elapsed_us": 1, "addresses": addresses, "failure": null }]);
        let server = |addresses: u64| {
            json!({
                "target": "192.0.2.1", "started_at": "2026-11-25T19:20:00+01:00", "elapsed_us": 1,
                "outcome": { "status": "measured", "caveats": [], "value": {
                    "resolver": { "kind": "server", "address": "192.0.2.1" }, "asked": 1, "answered": addresses,
                    "median_us": null, "max_us": null, "questions": question(addresses),
                } },
            })
        };
        let report = with(&report(&sinkhole), "/measurements/dns", json!(answers.map(server)));
        let sheet = Sheet::new(&report, &endpoints(&["ok", "x"]), false);
        sheet
            .rows
            .iter()
            .map(|row| row.request)
            .chain(sheet.left_out.iter().map(|_| Request::Unverified))
            .collect::<Vec<_>>()
    };
    assert_eq!(asked([1, 1]), [Request::Unverified], "every resolver answers: a hosts file here");
    assert_eq!(asked([1, 0]), [Request::Open], "one resolver lies");
}

#[test]
fn a_block_page_is_evidence_and_never_asked_for() {
    let blocked = json!({
        "redirects": ["https://filtre.mairie.example/page"],
        "failure": { "stage": "http", "cause": "redirected_elsewhere", "detail": "Squid: filtre.mairie.example" },
    });
    let report = report(&[reachable("ok"), measured("x", "blocked", &blocked)]);
    let sheet = Sheet::new(&report, &endpoints(&["ok", "x"]), true);
    let hosts: Vec<&str> = sheet.rows.iter().map(|row| row.host.as_str()).collect();
    assert_eq!(hosts, ["x.example", "ok.example"]);
    let text = text(&sheet, &report, Lang::Fr);
    assert!(text.contains("Squid: filtre.mairie.example"), "{text}");
}

#[test]
fn redirects_are_asked_for_where_they_are_what_is_refused() {
    let sso = "https://sso.example/login";
    let refused = json!({
        "redirects": [sso], "failure": { "stage": "proxy", "cause": "proxy_refused", "detail": "sso.example: 403" },
    });
    let through = json!({ "http_status": 200, "redirects": [sso] });
    let states = |all| {
        let both = [measured("x", "blocked", &refused), measured("y", "reachable", &through)];
        let sheet = Sheet::new(&report(&both), &endpoints(&["x", "y"]), all);
        let row = |row: &Row| (row.request, row.host.clone(), row.via.clone());
        sheet.rows.iter().map(row).collect::<Vec<_>>()
    };
    let asked = (Request::Open, "sso.example".to_owned(), Some("x.example".to_owned()));
    assert_eq!(states(false), std::slice::from_ref(&asked));
    // The host that both use stands once, by what it needs most.
    assert_eq!(states(true), [asked, (Request::Keep, "y.example".to_owned(), None)]);
}

#[test]
fn with_all_the_whole_profile_stands_whatever_was_seen() {
    let some = [reachable("ok"), failed("x", "remote_error", "http", "http_status", "503")];
    let ids = ["ok", "x", "unseen"];
    let sheet = Sheet::new(&report(&some), &endpoints(&ids), true);
    let requests: Vec<Request> = sheet.rows.iter().map(|row| row.request).collect();
    assert_eq!(requests, [Request::Keep, Request::Unverified, Request::Unverified]);
    assert!(sheet.information.is_empty());
    let managed: Vec<Endpoint> = Catalogue::built_in().of_kind(EndpointKind::Management).cloned().collect();
    let sheet = Sheet::new(&report(&[]), &managed, true);
    assert_eq!(sheet.information.len(), 1);
    let ports: Vec<u16> = sheet.rows.iter().map(|row| row.port).collect();
    assert_eq!(ports, [5223, 2197, 5228, 5229, 5230]);
    let text = text(&sheet, &report(&[]), Lang::Fr);
    assert!(text.contains("TCP 5228") && text.contains("UDP 123"), "{text}");
}

#[test]
fn an_empty_sheet_says_why() {
    let quiet = report(&[reachable("ok")]);
    let text =
        |report: &Report, ids: &[&str]| text(&Sheet::new(report, &endpoints(ids), false), report, Lang::En);
    assert!(text(&quiet, &["ok"]).contains("Nothing to open: one service answers."));
    let broken = report(&[reachable("ok"), failed("x", "remote_error", "http", "http_status", "503")]);
    let said = text(&broken, &["ok", "x"]);
    assert!(
        said.contains("another cause") && said.contains("503") && said.contains("the service itself"),
        "{said}"
    );
}

#[test]
fn the_csv_has_a_row_for_each_host_and_the_same_cells_in_each() {
    let hostile = failed("x", "blocked", "content", "unexpected_content", "=HYPERLINK(\"http://x\";1)");
    let report = report(&[reachable("ok"), hostile]);
    let sheet = Sheet::new(&report, &endpoints(&["ok", "x"]), true);
    let text = shown::csv(&sheet, &report, Some("=Mairie; service \"info\""), Lang::Fr);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b';').from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!((head[0].as_str(), head[3].as_str(), head[12].as_str()), ("demande", "hôte", "demandé par"));
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0][..6], ["à ouvrir", "x", "ENT", "x.example", "443", "HTTPS"].map(str::to_owned));
    assert_eq!((rows[0][10].as_str(), rows[0][12].as_str()), ("0690037R", "'=Mairie; service \"info\""));
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
}
