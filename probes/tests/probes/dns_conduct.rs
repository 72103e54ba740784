//! What resolvers do beside answering: each fault by itself, on a real DNS server on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use crate::support::dns::{Act, Asked, Extended, Options, Server, address, opaque, serve, test_names, text};
use crate::support::{Authority, dialing, env};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use sonde_probes::dial::DialConfig;
use sonde_probes::dns::{Config, run, second_way};
use sonde_report::values::{
    DnsBlock, DnsConduct, DnsDelivery, DnsDeliveryState, DnsSearchList, DnsValue, DnssecValidation,
};
use sonde_report::{CaveatCode, Measurement};

const NAMES: [&str; 2] = ["gar.exemple.fr", "ent.exemple.fr"];
const SIGNED: &str = "signe.exemple.fr";
const BROKEN: &str = "casse.exemple.fr";
const LARGE: &str = "long.exemple.fr";

/// A resolver without any fault: it checks signatures and passes them on.
fn good(asked: &Asked) -> Act {
    match asked.name.as_str() {
        SIGNED => {
            let mut records = vec![opaque(RecordType::DNSKEY, 264), opaque(RecordType::DNSKEY, 264)];
            if asked.signatures {
                records.push(opaque(RecordType::RRSIG, 280));
            }
            Act::Authentic(records)
        }
        BROKEN if asked.unchecked => Act::Records(vec![address("192.0.2.7")]),
        BROKEN => Act::Code(ResponseCode::ServFail),
        LARGE => Act::Records(vec![text(1400)]),
        name if NAMES.contains(&name) => Act::Records(vec![address("192.0.2.1")]),
        _ => Act::Code(ResponseCode::NXDomain),
    }
}

fn config(server: &Server, search: &[&str]) -> Config {
    Config {
        test_names: test_names(SIGNED, BROKEN, LARGE),
        search: Some(DnsSearchList {
            domains: search.iter().map(|domain| (*domain).to_owned()).collect(),
            ndots: Some(1),
        }),
        ..Config::new(
            vec![server.address],
            NAMES.iter().map(|name| (*name).to_owned()).collect(),
            // Long for what must answer, and each silence costs it: nothing here is timed.
            Duration::from_secs(1),
        )
    }
}

async fn watched(server: &Server, search: &[&str]) -> Measurement<DnsValue> {
    let env = env(dialing(&Authority::new("public"), &NAMES));
    let mut found = run(&config(server, search), &env).await;
    assert_eq!(found.len(), 2, "the system's path and the server");
    found.pop().unwrap()
}

fn conduct(measurement: &Measurement<DnsValue>) -> &DnsConduct {
    measurement.value().expect("measured").conduct.as_ref().expect("watched")
}

fn codes(measurement: &Measurement<DnsValue>) -> Vec<CaveatCode> {
    measurement.caveats().iter().map(|caveat| caveat.code).collect()
}

fn state(delivery: Option<&DnsDelivery>) -> Option<DnsDeliveryState> {
    delivery.map(|delivery| delivery.state)
}

#[tokio::test]
async fn a_resolver_without_fault_has_nothing_said_against_it() {
    let server = serve(Options::default(), good).await;
    let found = watched(&server, &["ecole.exemple"]).await;
    let seen = conduct(&found);
    assert_eq!(codes(&found), []);
    assert_eq!(seen.rewrites_nxdomain, Some(false));
    assert_eq!(seen.dnssec.signatures, Some(true));
    assert_eq!(seen.dnssec.authentic_data, Some(true));
    assert_eq!(seen.dnssec.validation, DnssecValidation::Validating);
    assert_eq!(seen.dnssec.broken_name.as_deref(), Some(BROKEN));
    let ways = &seen.transport;
    assert_eq!(ways.edns, Some(true));
    assert_eq!(state(ways.tcp.as_ref()), Some(DnsDeliveryState::Whole));
    assert_eq!(state(ways.above_512.as_ref()), Some(DnsDeliveryState::Whole));
    assert!(ways.above_512.as_ref().unwrap().bytes > Some(512), "{ways:?}");
    // It keeps to 1232 bytes, as it should, and gives the rest over TCP.
    assert_eq!(state(ways.above_1232.as_ref()), Some(DnsDeliveryState::Truncated));
    assert_eq!(ways.truncation_falls_back, Some(true));
    assert_eq!(seen.search[0].wildcard, Some(false));
}

#[tokio::test]
async fn a_large_answer_that_comes_whole_is_told_with_its_size() {
    let server = serve(Options { largest_udp: 4096, ..Options::default() }, good).await;
    let found = watched(&server, &[]).await;
    let above = conduct(&found).transport.above_1232.clone().expect("seen");
    assert_eq!(above.state, DnsDeliveryState::Whole);
    assert!(above.bytes > Some(1232), "{above:?}");
    assert_eq!(conduct(&found).transport.truncation_falls_back, None, "nothing was truncated");
}

#[tokio::test]
async fn a_resolver_that_answers_for_names_of_nobody_is_seen_with_its_address() {
    let server = serve(Options::default(), |asked: &Asked| match good(asked) {
        Act::Code(ResponseCode::NXDomain) if asked.kind == RecordType::A => {
            Act::Records(vec![address("192.0.2.66")])
        }
        other => other,
    })
    .await;
    let found = watched(&server, &["ecole.exemple"]).await;
    let seen = conduct(&found);
    assert_eq!(
        (seen.rewrites_nxdomain, &seen.rewritten_to[..]),
        (Some(true), &["192.0.2.66".to_owned()][..])
    );
    assert_eq!(codes(&found), [CaveatCode::NxdomainRewritten]);
    assert_eq!(found.caveats()[0].detail.as_deref(), Some("192.0.2.66"));
    assert_eq!(seen.search[0].wildcard, None, "an answer there is the resolver's, not the domain's");
}

#[tokio::test]
async fn what_is_asked_says_nothing_about_the_school() {
    let server = serve(Options::default(), good).await;
    watched(&server, &["0940176f.ac-exemple.fr", "ecole.exemple"]).await;
    for asked in server.asked() {
        let own = asked.name.strip_suffix(".ecole.exemple");
        let nobody = own.or(asked.name.strip_suffix(".com")).or(asked.name.strip_suffix(".fr"));
        let random =
            nobody.is_some_and(|label| label.len() == 24 && label.bytes().all(|b| b.is_ascii_lowercase()));
        let known = NAMES.iter().chain(&[SIGNED, BROKEN, LARGE]).any(|name| *name == asked.name);
        assert!(known || random, "{asked:?}");
    }
}

#[tokio::test]
async fn no_tcp_is_a_fault_of_its_own() {
    let server = serve(Options { tcp: false, ..Options::default() }, good).await;
    let found = watched(&server, &[]).await;
    assert_eq!(codes(&found), [CaveatCode::DnsWithoutTcp]);
    let ways = &conduct(&found).transport;
    assert_eq!(state(ways.tcp.as_ref()), Some(DnsDeliveryState::Lost));
    assert_eq!(ways.truncation_falls_back, Some(false));
}

#[tokio::test]
async fn edns_dropped_refused_or_ignored_is_a_fault_of_its_own() {
    for edns in [Extended::Dropped, Extended::Refused, Extended::Ignored] {
        let server = serve(Options { edns, ..Options::default() }, good).await;
        let found = watched(&server, &[]).await;
        assert_eq!(codes(&found), [CaveatCode::DnsWithoutEdns], "{edns:?}");
        assert_eq!(conduct(&found).transport.edns, Some(false));
        assert_eq!(conduct(&found).transport.above_512, None, "not asked for");
        // Signatures need EDNS, their check does not.
        assert_eq!(conduct(&found).dnssec.signatures, None);
        assert_eq!(conduct(&found).dnssec.validation, DnssecValidation::Validating);
    }
}

#[tokio::test]
async fn answers_lost_by_their_size_are_told_apart_from_answers_that_do_not_exist() {
    for (lost_above, largest_udp, small, large) in [
        (512, 1232, DnsDeliveryState::Lost, DnsDeliveryState::Truncated),
        (1300, 4096, DnsDeliveryState::Whole, DnsDeliveryState::Lost),
    ] {
        let server = serve(Options { largest_udp, lost_above, ..Options::default() }, good).await;
        let found = watched(&server, &[]).await;
        assert_eq!(codes(&found), [CaveatCode::DnsLargeAnswersLost], "{lost_above}");
        let ways = &conduct(&found).transport;
        assert_eq!(state(ways.above_512.as_ref()), Some(small), "{lost_above}");
        assert_eq!(state(ways.above_1232.as_ref()), Some(large), "{lost_above}");
    }
    // Silence over TCP, too: it is the name that has no answer.
    let server = serve(Options::default(), |asked: &Asked| {
        if [SIGNED, LARGE].contains(&asked.name.as_str()) { Act::Silence } else { good(asked) }
    })
    .await;
    let found = watched(&server, &[]).await;
    assert_eq!(codes(&found), []);
    assert_eq!(conduct(&found).transport.above_512, None);
    assert_eq!(conduct(&found).transport.above_1232, None);
}

#[tokio::test]
async fn a_resolver_that_strips_signatures_and_checks_none_is_no_fault() {
    let server = serve(Options::default(), |asked: &Asked| match (asked.name.as_str(), good(asked)) {
        (BROKEN, _) => Act::Records(vec![address("192.0.2.7")]),
        (_, Act::Authentic(mut records)) => {
            records.pop();
            // Large enough without them.
            records.push(opaque(RecordType::DNSKEY, 264));
            Act::Records(records)
        }
        (_, other) => other,
    })
    .await;
    let found = watched(&server, &[]).await;
    assert_eq!(codes(&found), []);
    let seen = &conduct(&found).dnssec;
    assert_eq!((seen.signatures, seen.authentic_data), (Some(false), Some(false)));
    assert_eq!(seen.validation, DnssecValidation::NotValidating);
}

#[tokio::test]
async fn a_broken_name_that_cannot_be_had_at_all_proves_no_validation() {
    for vouches in [false, true] {
        let server =
            serve(Options::default(), move |asked: &Asked| match (asked.name.as_str(), good(asked)) {
                (BROKEN, _) => Act::Code(ResponseCode::ServFail),
                (_, Act::Authentic(records)) if !vouches => Act::Records(records),
                (_, other) => other,
            })
            .await;
        let found = watched(&server, &[]).await;
        // One that vouches for signed names checks them, also where it does not heed CD.
        let expected = if vouches { DnssecValidation::Validating } else { DnssecValidation::Unknown };
        assert_eq!(conduct(&found).dnssec.validation, expected);
    }
    for code in [ResponseCode::NXDomain, ResponseCode::Refused] {
        let server =
            serve(
                Options::default(),
                move |asked: &Asked| {
                    if asked.name == BROKEN { Act::Code(code) } else { good(asked) }
                },
            )
            .await;
        let found = watched(&server, &[]).await;
        assert_eq!(conduct(&found).dnssec.validation, DnssecValidation::Unknown, "{code}");
    }
}

#[tokio::test]
async fn a_search_domain_that_answers_for_anything_is_named() {
    let server = serve(Options::default(), |asked: &Asked| {
        if asked.name.ends_with(".piege.exemple") {
            Act::Records(vec![address("10.0.0.9")])
        } else {
            good(asked)
        }
    })
    .await;
    let found = watched(&server, &["ecole.exemple", "piege.exemple", "0940176f.ac-exemple.fr"]).await;
    let wild: Vec<_> = conduct(&found).search.iter().map(|one| one.wildcard).collect();
    assert_eq!(wild, [Some(false), Some(true), None]);
    assert_eq!(codes(&found), [CaveatCode::SearchDomainWildcard]);
    assert_eq!(found.caveats()[0].detail.as_deref(), Some("piege.exemple -> 10.0.0.9"));
}

#[tokio::test]
async fn one_name_refused_is_a_block_and_everything_refused_is_none() {
    let server = serve(Options::default(), |asked: &Asked| {
        if asked.name == NAMES[1] { Act::Code(ResponseCode::Refused) } else { good(asked) }
    })
    .await;
    let found = watched(&server, &[]).await;
    let blocked: Vec<_> = found.value().unwrap().questions.iter().map(|asked| asked.blocked).collect();
    assert_eq!(blocked, [None, Some(DnsBlock::Refused)]);
    assert_eq!(found.value().unwrap().questions[1].response_code.as_deref(), Some("REFUSED"));
    let server = serve(Options::default(), |_: &Asked| Act::Code(ResponseCode::Refused)).await;
    let found = watched(&server, &[]).await;
    assert!(found.value().unwrap().questions.iter().all(|asked| asked.blocked.is_none()));
}

#[tokio::test]
async fn slow_and_unsteady_are_told_apart() {
    let server = serve(Options::default(), |asked: &Asked| {
        // The server's own thread may wait: it has nothing else to do.
        std::thread::sleep(Duration::from_millis(250));
        good(asked)
    })
    .await;
    let found = watched(&server, &[]).await;
    assert!(codes(&found).contains(&CaveatCode::ResolverSlow), "{:?}", codes(&found));
    assert!(!codes(&found).contains(&CaveatCode::ResolverUnsteady));
    let server = serve(
        Options::default(),
        |asked: &Asked| {
            if asked.name == NAMES[1] { Act::Silence } else { good(asked) }
        },
    )
    .await;
    let found = watched(&server, &[]).await;
    assert_eq!(codes(&found), [CaveatCode::ResolverUnsteady]);
    assert_eq!(found.caveats()[0].detail.as_deref(), Some("1/2"));
}

#[tokio::test]
async fn a_resolver_that_is_silent_besides_costs_a_bounded_time() {
    let server = serve(Options { tcp: false, ..Options::default() }, |asked: &Asked| {
        if NAMES.contains(&asked.name.as_str()) { good(asked) } else { Act::Silence }
    })
    .await;
    let mut config = config(&server, &["un.exemple", "deux.exemple", "trois.exemple"]);
    config.timeout = Duration::from_secs(2);
    let env = env(dialing(&Authority::new("public"), &NAMES));
    let start = Instant::now();
    let found = run(&config, &env).await;
    // Five seconds for everything besides, whatever is silent; the names themselves are answered at once.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let seen = conduct(&found[1]);
    assert_eq!((seen.rewrites_nxdomain, seen.dnssec.validation), (None, DnssecValidation::Unknown));
    // What was seen in time stands.
    assert_eq!(seen.transport.edns, Some(true));
}

#[tokio::test]
async fn a_silent_resolver_is_passed_once_and_not_asked_again() {
    let silent = serve(Options::default(), |_| Act::Silence).await;
    let alive = serve(Options::default(), |asked| match asked.kind {
        RecordType::A => good(asked),
        _ => Act::Records(Vec::new()),
    })
    .await;
    let way = second_way(vec![silent.address, alive.address]);
    for name in NAMES {
        assert_eq!(way(name.to_owned()).await, ["192.0.2.1".parse::<std::net::IpAddr>().unwrap()]);
    }
    // A resolver's no is the end of it, too.
    assert!(way("inconnu.exemple.fr".to_owned()).await.is_empty());
    assert_eq!(silent.asked().len(), 2, "IPv4 and IPv6 of the first name");
    assert_eq!(alive.asked().len(), 6);
    let nobody = second_way(vec![silent.address]);
    assert!(nobody(NAMES[0].to_owned()).await.is_empty());
}

#[tokio::test]
async fn behind_a_proxy_what_a_resolver_does_not_give_is_left_to_the_proxy() {
    let silent = serve(Options::default(), |asked: &Asked| match asked.name.as_str() {
        "gar.exemple.fr" => Act::Silence,
        "ent.exemple.fr" => Act::Code(ResponseCode::NXDomain),
        _ => good(asked),
    })
    .await;
    let left = |caveats: &[sonde_report::Caveat]| -> Vec<(CaveatCode, Option<String>)> {
        let kept = [CaveatCode::NamesLeftToProxy, CaveatCode::ResolverUnsteady];
        caveats
            .iter()
            .filter(|caveat| kept.contains(&caveat.code))
            .map(|caveat| (caveat.code, caveat.detail.clone()))
            .collect()
    };
    for (no_proxy, expected) in [
        (vec![], vec![(CaveatCode::NamesLeftToProxy, "gar.exemple.fr, ent.exemple.fr")]),
        // What goes round the proxy is the resolver's matter again.
        (
            vec!["gar.exemple.fr".to_owned()],
            vec![(CaveatCode::ResolverUnsteady, "1/2"), (CaveatCode::NamesLeftToProxy, "ent.exemple.fr")],
        ),
        (vec!["*".to_owned()], vec![(CaveatCode::ResolverUnsteady, "1/2")]),
    ] {
        let proxy = Some("http://192.0.2.9:3128".parse().unwrap());
        let env = env(DialConfig { proxy, no_proxy, ..dialing(&Authority::new("public"), &NAMES) });
        let found = run(&config(&silent, &[]), &env).await.pop().unwrap();
        let expected: Vec<_> =
            expected.into_iter().map(|(code, detail)| (code, Some(detail.to_owned()))).collect();
        assert_eq!(left(found.caveats()), expected, "{found:#?}");
    }
}
