//! Sample reports for the tests of what is shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sonde_report::{
    Cause, Caveat, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Report, Requirements,
    SchoolSize, Stage,
    assess::{Actor, SizeComparison, Unit, VerdictKind, VerdictReason},
    usage,
    values::{
        DnsBlock, DnsConduct, DnsPath, DnsQuestion, DnsSearchList, DnsValue, Dnssec, InterfaceKind,
        InternetAccess, InternetValue, NtpValue, Room, RoomSignal,
    },
};

/// The report as judged today, as far as its uses go: the golden ones were written before there were any.
fn with_usage(mut report: Report) -> Report {
    let rules = Requirements::socle_1d_2021();
    report.assessment.usage = rules.usage.as_ref().map(|assumed| usage::estimate(&report, assumed));
    report
}

/// Everything there is, the interface's own count of the data included.
pub(super) fn full() -> Report {
    let mut report = Report::from_json(include_str!("../../report/tests/golden/report-1-full.json")).unwrap();
    report.data_used.interface_received_bytes = Some(report.data_used.received_bytes + 1_900_000);
    report.data_used.interface_sent_bytes = Some(report.data_used.sent_bytes + 700_000);
    with_usage(report)
}

/// A line of 10 and 5 Mbit/s with a queue of 100 packets, probed while it was loaded.
pub(super) fn loaded() -> Report {
    Report::from_json(include_str!("../../report/tests/golden/report-1-loaded.json")).unwrap()
}

/// A mire that allows no probe on a loaded connection, no idle figure, and an upload too short for any.
pub(super) fn loaded_without_figures() -> Report {
    let mut report = loaded();
    let value = report.measurements.responsiveness.as_mut().unwrap();
    let Outcome::Measured { value, .. } = &mut value.outcome else { panic!("the sample holds figures") };
    value.upload =
        Some(Outcome::NotMeasured { reason: Reason::new(ReasonCode::TooFewSamples).with("3 TCP, 1 ICMP") });
    let Some(Outcome::Measured { value: down, caveats }) = &mut value.download else { panic!("no figures") };
    (down.rpm, down.loaded_us, down.idle_us, down.added_us, down.grade) = (None, None, None, None, None);
    *caveats = [CaveatCode::NoLoadedProbe, CaveatCode::IdleUnknown].map(Into::into).to_vec();
    report
}

pub(super) fn met() -> Report {
    with_usage(Report::from_json(include_str!("../../report/tests/golden/report-1-met.json")).unwrap())
}

pub(super) fn not_met() -> Report {
    with_usage(Report::from_json(include_str!("../../report/tests/golden/report-1-not-met.json")).unwrap())
}

pub(super) fn no_network() -> Report {
    with_usage(Report::from_json(include_str!("../../report/tests/golden/report-1-no-network.json")).unwrap())
}

/// A demonstration that was cut short.
pub(super) fn partial_demonstration() -> Report {
    let mut report = met();
    report.partial = true;
    report.demonstration = true;
    report.measurements.upload = None;
    with_usage(report)
}

/// A captive portal answers the control targets.
pub(super) fn captive_portal() -> Report {
    let mut report = no_network();
    let outcome = Outcome::Measured {
        value: InternetValue {
            access: InternetAccess::CaptivePortal,
            controls: Vec::new(),
            portal_host: Some("portail.example.org".to_owned()),
        },
        caveats: Vec::new(),
    };
    report.measurements.internet = Some(Measurement {
        target: "internet".to_owned(),
        started_at: report.started_at,
        elapsed_us: 1_000,
        outcome,
    });
    with_usage(report)
}

/// Below the threshold, over Wi-Fi: a lower bound, so inconclusive.
pub(super) fn over_wifi() -> Report {
    let mut report = met();
    report.site.size = Some(SchoolSize::Medium);
    report.environment.interface.as_mut().unwrap().kind = InterfaceKind::Wifi;
    let download = report.measurements.download.as_mut().unwrap();
    download.add_caveat(CaveatCode::MeasuredOverWifi.into());
    if let Outcome::Measured { value, .. } = &mut download.outcome {
        value.ip_rate_bps = 7_600_000;
        value.goodput_bps = 7_350_000;
        value.ci95_bps = [7_400_000, 7_800_000];
    }
    let verdict = report.assessment.verdicts.iter_mut().find(|v| v.unit == Unit::BitPerSecond).unwrap();
    verdict.verdict = VerdictKind::Inconclusive;
    verdict.observed = Some(7_600_000);
    verdict.observed_range = Some([7_400_000, 7_800_000]);
    verdict.at_least = Some(10_000_000);
    verdict.comparisons = Vec::new();
    verdict.confidence = None;
    verdict.reasons = vec![VerdictReason::MeasuredOverWifi];
    verdict.act = Some(Actor::Technician);
    report.assessment.overall = VerdictKind::Inconclusive;
    with_usage(report)
}

/// A rate between the thresholds, and nobody said the school's size.
pub(super) fn size_unknown() -> Report {
    let mut report = met();
    report.site.size = None;
    let verdict = report.assessment.verdicts.iter_mut().find(|v| v.unit == Unit::BitPerSecond).unwrap();
    verdict.verdict = VerdictKind::Inconclusive;
    verdict.observed = Some(12_400_000);
    verdict.observed_range = None;
    verdict.at_least = None;
    verdict.confidence = None;
    verdict.reasons = vec![VerdictReason::SizeUnknown];
    verdict.act = Some(Actor::Technician);
    let compared = [
        (SchoolSize::Small, 8_000_000, VerdictKind::Met),
        (SchoolSize::Medium, 10_000_000, VerdictKind::Met),
        (SchoolSize::Large, 15_000_000, VerdictKind::NotMet),
    ];
    verdict.comparisons = compared
        .map(|(size, at_least, verdict)| SizeComparison { size, at_least, verdict, reasons: Vec::new() })
        .to_vec();
    report.assessment.overall = VerdictKind::Inconclusive;
    report
}

/// A school whose resolvers have a fault each: the box blocks and alters, the operator's is slow and has no TCP, a third
/// is dead. One outside is compared with. A time server was asked.
pub(super) fn resolvers() -> Report {
    let mut report = full();
    let started_at = report.started_at;
    let measured = |target: &str, resolver, questions: Vec<DnsQuestion>, caveats: Vec<Caveat>| Measurement {
        target: target.to_owned(),
        started_at,
        elapsed_us: 900_000,
        outcome: Outcome::Measured {
            value: DnsValue {
                resolver,
                asked: u32::try_from(questions.len()).unwrap(),
                answered: questions.iter().filter(|asked| asked.failure.is_none()).count() as u32,
                median_us: questions.first().map(|asked| asked.elapsed_us),
                max_us: None,
                questions,
                conduct: None,
                search: None,
            },
            caveats,
        },
    };
    let server = |address: &str| DnsPath::Server { address: address.to_owned() };
    let names = ["gar.education.fr", "cas.ent.example", "jeux.example"];
    let good = |elapsed_us| names.map(|name| question(name, elapsed_us, None, "192.0.2.10")).to_vec();
    let mut system = measured("system", DnsPath::System, good(19_000), Vec::new());
    let Outcome::Measured { value, .. } = &mut system.outcome else { panic!("measured") };
    value.search = Some(DnsSearchList { domains: vec!["ecole.example".to_owned()], ndots: Some(2) });
    let blocking = vec![
        question(names[0], 18_000, None, "192.0.2.10"),
        question(names[1], 15_000, Some((Cause::DnsAltered, DnsBlock::PrivateAddress)), "192.168.1.250"),
        question(names[2], 14_000, Some((Cause::NameNotFound, DnsBlock::NameDenied)), ""),
    ];
    let trap = CaveatCode::SearchDomainWildcard.with("ecole.example -> 192.168.1.250");
    let mut box_ = measured("192.168.1.1", server("192.168.1.1"), blocking, vec![trap]);
    let Outcome::Measured { value, .. } = &mut box_.outcome else { panic!("measured") };
    value.conduct = Some(DnsConduct {
        dnssec: Dnssec { signatures: Some(false), authentic_data: Some(false), ..Dnssec::default() },
        ..DnsConduct::default()
    });
    let faults = vec![
        CaveatCode::ResolverSlow.with("312"),
        CaveatCode::NxdomainRewritten.with("192.0.2.66"),
        CaveatCode::DnsWithoutTcp.into(),
        CaveatCode::DnsLargeAnswersLost.with("> 1232"),
    ];
    let dead = Measurement {
        outcome: Outcome::Failed { failure: Failure::new(Stage::Dns, Cause::Timeout) },
        ..measured("192.0.2.54", DnsPath::System, Vec::new(), Vec::new())
    };
    let outside = DnsPath::Reference { address: "203.0.113.53".to_owned() };
    report.measurements.dns = vec![
        system,
        box_,
        measured("192.0.2.53", server("192.0.2.53"), good(312_000), faults),
        dead,
        measured("dns://203.0.113.53", outside, good(24_000), Vec::new()),
    ];
    report.clock.ntp_offset_us = Some(-12_300);
    report.measurements.ntp = Some(Measurement {
        target: "ntp.mairie.example".to_owned(),
        started_at,
        elapsed_us: 9_000,
        outcome: Outcome::Measured {
            value: NtpValue {
                address: "192.0.2.123".to_owned(),
                offset_us: -12_300,
                delay_us: 8_000,
                stratum: 2,
            },
            caveats: Vec::new(),
        },
    });
    report
}

/// One question of a sample.
/// Rooms of a survey on two days, one of them from the system's remembered list: a room for each word of a level, the level
/// itself and the ones beside it. With so many boxes.
pub(super) fn survey(boxes: u32) -> Report {
    let mut report = full();
    report.started_at = "2026-11-25T09:00:00+01:00".parse().unwrap();
    let wifi = report.measurements.wifi.as_mut().unwrap();
    wifi.started_at = "2026-11-23T14:05:00+01:00".parse().unwrap();
    let Outcome::Measured { value, caveats } = &mut wifi.outcome else { panic!("the sample has a scan") };
    let room = |name: &str, at: &str, levels: &[Option<i16>]| Room {
        name: name.to_owned(),
        scanned_at: at.parse().unwrap(),
        fresh: name != "Dortoir",
        caveats: (name == "Dortoir").then_some(CaveatCode::StaleScan).into_iter().collect(),
        best_signal_dbm: levels.iter().copied().flatten().max(),
        heard: (1..).zip(levels).map(|(access_point, signal)| heard(access_point, *signal)).collect(),
        neighbours: 7,
    };
    let all: Vec<Option<i16>> = (0..boxes).map(|number| Some(-62 - 5 * number as i16)).collect();
    value.rooms = vec![
        room("Classe CP", "2026-11-23T14:05:00+01:00", &all),
        room("Classe CE1", "2026-11-23T14:09:00+01:00", &[Some(-63)]),
        room("Bureau", "2026-11-23T14:12:00+01:00", &[Some(-67)]),
        room("Dortoir", "2026-11-24T08:30:00+01:00", &[Some(-68)]),
        room("Cantine", "2026-11-24T08:34:00+01:00", &[]),
        room("Préau", "2026-11-24T08:40:00+01:00", &[None]),
    ];
    value.scan.positions = value.rooms.iter().map(|room| room.name.clone()).collect();
    value.scan.fresh = false;
    caveats.push(CaveatCode::StaleScan.with("Dortoir"));
    report
}

fn heard(access_point: u32, signal_dbm: Option<i16>) -> RoomSignal {
    RoomSignal { access_point, signal_dbm, band: "5".to_owned() }
}

fn question(name: &str, elapsed_us: u64, wrong: Option<(Cause, DnsBlock)>, answer: &str) -> DnsQuestion {
    DnsQuestion {
        name: name.to_owned(),
        elapsed_us,
        addresses: u32::from(!answer.is_empty()),
        failure: wrong.map(|(cause, _)| Failure::new(Stage::Dns, cause)),
        answer: (!answer.is_empty()).then(|| answer.to_owned()).into_iter().collect(),
        blocked: wrong.map(|(_, block)| block),
        ..DnsQuestion::default()
    }
}

/// Every sample, by the name of its snapshots.
pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("full", full()),
        ("loaded", loaded()),
        ("loaded_without_figures", loaded_without_figures()),
        ("met", met()),
        ("not_met", not_met()),
        ("no_network", no_network()),
        ("partial_demonstration", partial_demonstration()),
        ("captive_portal", captive_portal()),
        ("over_wifi", over_wifi()),
        ("size_unknown", size_unknown()),
        ("resolvers", resolvers()),
    ]
}
