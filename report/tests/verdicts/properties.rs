//! What holds for every report.

use proptest::prelude::*;
use sonde_report::assess::VerdictKind;
use sonde_report::document::WifiOn;
use sonde_report::values::EndpointState;
use sonde_report::{CaveatCode, Report, Requirements, SchoolSize, assess};

use super::{endpoint, plain, set_rate, transfer, value_of, verdict};

const LOWER_BOUNDS: [CaveatCode; 15] = [
    CaveatCode::MeasuredOverWifi,
    CaveatCode::UnknownInterface,
    CaveatCode::ThroughProxy,
    CaveatCode::ThroughVpn,
    CaveatCode::TlsIntercepted,
    CaveatCode::CrossTraffic,
    CaveatCode::CpuBusy,
    CaveatCode::LinkRateLimits,
    CaveatCode::MireLimited,
    CaveatCode::ClientLimited,
    CaveatCode::LossLimited,
    CaveatCode::StillRising,
    CaveatCode::BrokeOff,
    CaveatCode::Suspended,
    CaveatCode::CaptivePortal,
];

const STATES: [EndpointState; 9] = [
    EndpointState::Reachable,
    EndpointState::ReachableViaProxy,
    EndpointState::Blocked,
    EndpointState::Intercepted,
    EndpointState::ProxyAuthRequired,
    EndpointState::DnsAltered,
    EndpointState::Unreachable,
    EndpointState::RemoteError,
    EndpointState::CaptivePortal,
];

fn sizes() -> impl Strategy<Value = Option<SchoolSize>> {
    proptest::option::of(proptest::sample::select(SchoolSize::ALL.to_vec()))
}

fn golden() -> impl Strategy<Value = Report> {
    let texts = vec![
        include_str!("../golden/report-1-full.json"),
        include_str!("../golden/report-1-met.json"),
        include_str!("../golden/report-1-not-met.json"),
        include_str!("../golden/report-1-no-network.json"),
    ];
    proptest::sample::select(texts).prop_map(|text| Report::from_json(text).unwrap())
}

proptest! {
    #[test]
    fn no_numbers_make_it_panic(
        mut report in golden(),
        size in sizes(),
        numbers in any::<[u64; 6]>(),
        counts in any::<[u32; 3]>(),
        offset in any::<Option<i64>>(),
        wifi_on in proptest::sample::select(vec![WifiOn::Yes, WifiOn::No, WifiOn::Unknown]),
    ) {
        report.site.size = size;
        report.site.wifi_on = wifi_on;
        report.clock.offset_ms = offset;
        let [ip, goodput, low, high, other, bytes] = numbers;
        if report.measurements.download.as_ref().is_some_and(|d| d.value().is_some()) {
            let value = transfer(&mut report);
            (value.ip_rate_bps, value.goodput_bps, value.ci95_bps, value.bytes) = (ip, goodput, [low, high], bytes);
            value.repetitions[0].ip_rate_bps = other;
            value.repetitions[0].ci95_bps = [high, low];
        }
        if let Some(wifi) = report.measurements.wifi.as_mut().filter(|wifi| wifi.value().is_some()) {
            let counted = &mut value_of(wifi).school.as_mut().unwrap().access_points;
            (counted.estimate, counted.low, counted.high) = (counts[0], counts[1], counts[2]);
        }
        let text = sonde_report::requirement::SOCLE_1D_2021.replace("layer = \"ip\"", "layer = \"application\"");
        for rules in [Requirements::socle_1d_2021(), Requirements::from_toml(&text).unwrap()] {
            for verdict in assess(&report, &rules).verdicts {
                if let Some(confidence) = verdict.confidence {
                    prop_assert!((0.5..=0.9999).contains(&confidence));
                    prop_assert!(matches!(verdict.verdict, VerdictKind::Met | VerdictKind::NotMet));
                }
                if verdict.verdict == VerdictKind::Inconclusive {
                    prop_assert!(!verdict.reasons.is_empty() && verdict.act.is_some());
                }
            }
        }
    }

    #[test]
    fn a_lower_bound_is_never_not_met(
        bps in 0..20_000_000_u64,
        size in sizes(),
        codes in proptest::sample::subsequence(LOWER_BOUNDS.to_vec(), 1..=15),
    ) {
        let mut report = plain();
        report.site.size = size;
        set_rate(&mut report, bps, 3);
        for code in codes {
            report.measurements.download.as_mut().unwrap().add_caveat(code.into());
        }
        prop_assert_ne!(verdict(&report, "download-rate").verdict, VerdictKind::NotMet);
    }

    #[test]
    fn a_higher_rate_is_never_judged_worse(low in 0..30_000_000_u64, more in 0..30_000_000_u64, size in sizes()) {
        let judged = |bps| {
            let mut report = plain();
            report.site.size = size;
            set_rate(&mut report, bps, 2);
            verdict(&report, "download-rate").verdict
        };
        let rank = |kind| [VerdictKind::NotMet, VerdictKind::Inconclusive, VerdictKind::Met].iter().position(|k| *k == kind);
        prop_assert!(rank(judged(low + more)) >= rank(judged(low)));
    }

    #[test]
    fn the_order_of_endpoints_does_not_matter(
        states in proptest::collection::vec(proptest::sample::select(STATES.to_vec()), 4),
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let mut report = plain();
        for (at, state) in states.into_iter().enumerate() {
            endpoint(&mut report, at).state = state;
        }
        let rules = Requirements::socle_1d_2021();
        let before = assess(&report, &rules).overall;
        report.measurements.endpoints =
            order.iter().map(|at| report.measurements.endpoints[*at].clone()).collect();
        prop_assert_eq!(assess(&report, &rules).overall, before);
    }
}
