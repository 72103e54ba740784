//! From samples to figures: which of them count, and what can be said of them.

use std::time::{Duration, Instant};

use sonde_report::values::{LatencyGrade, LatencyValue, LoadedLatency, MireProtocol, RttMethod};
use sonde_report::{Caveat, CaveatCode, Failure, Outcome, Reason, ReasonCode};

use super::prober::{Samples, Times};
use super::{pace::Moved, rpm};
use crate::stats;
use crate::throughput::Answered;

/// Fewer samples than this make no figure: a single outlier would be a fifth of them.
const LEAST: usize = 5;

/// Share of a loaded answer's time from which on the mire's own messages, not the line, make it long: half of one is waited
/// for on average.
const MESSAGE_SHARE: f64 = 0.4;

/// The steady part of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

impl Window {
    /// Whether something began and ended in it: what was under way at the end met an emptying queue.
    fn holds(self, began: Instant, ended: Instant) -> bool {
        began >= self.from && ended <= self.to
    }
}

/// What was seen during one transfer.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) samples: &'a Samples,
    /// What the probes moved on the wire, estimated.
    pub(super) moved: Moved,
    pub(super) answers: &'a [Answered],
    pub(super) protocol: MireProtocol,
    pub(super) tls: bool,
    /// One stream's share of the rate, bit/s.
    pub(super) stream_bps: f64,
    /// Without load, to the same host.
    pub(super) idle: Option<&'a LatencyValue>,
}

/// The samples that count, microseconds.
struct Counted {
    times: Vec<Times>,
    failures: Vec<Failure>,
    echoes: Vec<f64>,
    loaded: Vec<f64>,
    /// Of the mire's messages behind which they may have waited, each one's longest.
    behind: Vec<f64>,
}

/// Round trips by one method, and what they are without load.
struct RoundTrips {
    method: RttMethod,
    times: Vec<f64>,
    idle_us: Option<u64>,
}

/// The figures of one transfer.
pub(super) fn outcome(seen: &Seen<'_>, window: Window) -> Outcome<LoadedLatency> {
    let counted = count(seen, window);
    let Some(trips) = round_trips(&counted, seen.idle) else {
        return none(counted);
    };
    let (Some(median), Some(p95)) = (stats::median(&trips.times), stats::quantile(&trips.times, 0.95)) else {
        return none(counted);
    };
    let enough = counted.times.len() >= LEAST;
    let mean = |phase: &dyn Fn(&Times) -> Option<u64>| {
        let times: Vec<f64> =
            counted.times.iter().filter_map(|times| phase(times).map(|us| us as f64)).collect();
        rpm::trimmed_mean(&times).filter(|_| enough)
    };
    let (tcp, tls, http) =
        (mean(&|times| Some(times.tcp)), mean(&|times| times.tls), mean(&|times| Some(times.http)));
    let loaded = rpm::trimmed_mean(&counted.loaded).filter(|_| counted.loaded.len() >= LEAST);
    let foreign_rpm = tcp.zip(http).and_then(|(tcp, http)| rpm::foreign(tcp, tls, http));
    let loaded_rpm = loaded.and_then(rpm::per_minute);
    let whole = |us: f64| us.round() as u64;
    let median_us = whole(median);
    let added_us = trips.idle_us.map(|idle| median_us.saturating_sub(idle));
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let value = LoadedLatency {
        rpm: foreign_rpm.zip(loaded_rpm).map(|(foreign, loaded)| rpm::responsiveness(foreign, loaded)),
        foreign_probes: number(counted.times.len()),
        foreign_failed: number(counted.failures.len()),
        loaded_probes: number(counted.loaded.len()),
        tcp_us: tcp.map(whole),
        tls_us: tls.map(whole),
        http_us: http.map(whole),
        loaded_us: loaded.map(whole),
        method: trips.method,
        rtt_probes: number(trips.times.len()),
        idle_us: trips.idle_us,
        median_us,
        p95_us: whole(p95),
        added_us,
        grade: added_us.map(LatencyGrade::of),
        window_ms: u64::try_from((window.to - window.from).as_millis()).unwrap_or(u64::MAX),
        probe_bytes: seen.moved.total(),
    };
    let caveats = caveats(&value, &counted, seen);
    Outcome::Measured { value, caveats }
}

fn count(seen: &Seen<'_>, window: Window) -> Counted {
    let us = |time: Duration| time.as_nanos() as f64 / 1e3;
    let (mut times, mut failures) = (Vec::new(), Vec::new());
    for probe in seen.samples.foreign.iter().filter(|probe| window.holds(probe.started, probe.finished)) {
        match &probe.result {
            Ok(taken) => times.push(*taken),
            Err(failure) => failures.push(failure.clone()),
        }
    }
    let echoes = seen.samples.echoed.iter().filter(|echo| window.holds(echo.sent, echo.sent + echo.rtt));
    let loaded = || seen.answers.iter().filter(|answer| window.holds(answer.asked, answer.at));
    Counted {
        times,
        failures,
        echoes: echoes.map(|echo| us(echo.rtt)).collect(),
        loaded: loaded().map(|answer| us(answer.at.saturating_duration_since(answer.asked))).collect(),
        behind: loaded().map(|answer| answer.behind as f64 * 8e6 / seen.stream_bps.max(1.0)).collect(),
    }
}

/// The round trips to compare with those without load: ICMP's before TCP's, but a method that has both ends first.
fn round_trips(counted: &Counted, idle: Option<&LatencyValue>) -> Option<RoundTrips> {
    let idle_by = |method| {
        let mut series = idle?.series.iter();
        series.find(|series| series.method == method && series.received > 0).map(|series| series.median_us)
    };
    let by = |method, times: Vec<f64>| RoundTrips { method, idle_us: idle_by(method), times };
    let mut methods = vec![
        by(RttMethod::Icmp, counted.echoes.clone()),
        by(RttMethod::Tcp, counted.times.iter().map(|times| times.tcp as f64).collect()),
    ];
    methods.retain(|trips| trips.times.len() >= LEAST);
    // Stable: among equals ICMP stays first.
    methods.sort_by_key(|trips| trips.idle_us.is_none());
    methods.into_iter().next()
}

/// What is said where there are not enough round trips of any kind.
fn none(mut counted: Counted) -> Outcome<LoadedLatency> {
    let few = format!("{} TCP, {} ICMP", counted.times.len(), counted.echoes.len());
    if counted.times.is_empty() && counted.failures.len() >= LEAST {
        return Outcome::Failed { failure: counted.failures.swap_remove(0) };
    }
    Outcome::NotMeasured { reason: Reason::new(ReasonCode::TooFewSamples).with(few) }
}

fn caveats(value: &LoadedLatency, counted: &Counted, seen: &Seen<'_>) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    let failures = &counted.failures;
    if let Some(failure) = failures.first() {
        let all = failures.len() + value.foreign_probes as usize;
        let named = crate::throughput::named(failure.stage, failure.cause, failure.detail.as_deref());
        caveats.push(CaveatCode::ForeignProbesFailed.with(format!("{} of {all}, {named}", failures.len())));
    }
    if seen.protocol != MireProtocol::Ndt7 {
        caveats.push(CaveatCode::NoLoadedProbe.into());
    } else if value.rpm.is_none() {
        let detail =
            format!("{} on new connections, {} on loaded ones", value.foreign_probes, value.loaded_probes);
        caveats.push(CaveatCode::FewProbes.with(detail));
    }
    let (message, loaded) = (stats::median(&counted.behind), stats::median(&counted.loaded));
    if let (Some(message), Some(loaded), Some(_)) = (message, loaded, value.rpm)
        && message > loaded * MESSAGE_SHARE
    {
        caveats.push(CaveatCode::LoadedBehindMessages.with(format!("messages of {:.0} ms", message / 1e3)));
    }
    if !seen.tls {
        caveats.push(CaveatCode::NoTlsPhase.into());
    }
    if value.idle_us.is_none() {
        caveats.push(CaveatCode::IdleUnknown.into());
    }
    caveats
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use proptest::prelude::*;
    use sonde_report::values::RttSeries;
    use sonde_report::{Cause, Stage};

    use super::super::prober::{Echoed, Foreign};
    use super::*;

    const MS: u64 = 1_000;

    fn after(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    /// Foreign probes of 40, 80 and 60 ms, and answers after 100 ms, ten a second from 0 to `until_ms`.
    fn steady(start: Instant, until_ms: u64) -> (Samples, Vec<Answered>) {
        let times = Times { tcp: 40 * MS, tls: Some(80 * MS), http: 60 * MS };
        let begins = (0..until_ms).step_by(100);
        let foreign = begins.clone().map(|ms| Foreign {
            started: after(start, ms),
            finished: after(start, ms + 180),
            result: Ok(times),
        });
        let answers =
            begins.map(|ms| Answered { asked: after(start, ms), at: after(start, ms + 100), behind: 0 });
        (Samples { foreign: foreign.collect(), echoed: Vec::new() }, answers.collect())
    }

    fn idle(method: RttMethod, median_us: u64) -> LatencyValue {
        let best = RttSeries {
            method,
            sent: 20,
            received: 20,
            min_us: median_us,
            median_us,
            p95_us: median_us,
            max_us: median_us,
            jitter_us: None,
            loss_ratio: 0.0,
        };
        LatencyValue { best: best.clone(), series: vec![best] }
    }

    fn judged(
        samples: &Samples,
        answers: &[Answered],
        protocol: MireProtocol,
        window: Window,
    ) -> Outcome<LoadedLatency> {
        let idle = idle(RttMethod::Tcp, 10 * MS);
        let moved = Moved { sent: 400, received: 600 };
        let (tls, stream_bps, idle) = (true, 1e6, Some(&idle));
        outcome(&Seen { samples, moved, answers, protocol, tls, stream_bps, idle }, window)
    }

    #[test]
    fn a_steady_transfer_gives_every_figure() {
        let start = Instant::now();
        let (samples, answers) = steady(start, 6_000);
        let window = Window { from: after(start, 1_000), to: after(start, 6_000) };
        let Outcome::Measured { value, caveats } = judged(&samples, &answers, MireProtocol::Ndt7, window)
        else {
            panic!("no value");
        };
        // Foreign: 60 ms, 1000. Loaded: 100 ms, 600. Together 800.
        assert_eq!(value.rpm, Some(800));
        // Begun from 1.0 to 5.8 s, and those begun at 5.9 s end too late.
        assert_eq!((value.foreign_probes, value.loaded_probes), (49, 50));
        assert_eq!(
            (value.tcp_us, value.tls_us, value.http_us),
            (Some(40 * MS), Some(80 * MS), Some(60 * MS))
        );
        assert_eq!((value.idle_us, value.added_us), (Some(10 * MS), Some(30 * MS)));
        assert_eq!(value.grade, Some(LatencyGrade::B));
        assert_eq!(value.window_ms, 5_000);
        assert!(caveats.is_empty(), "{caveats:?}");
    }

    #[test]
    fn a_mire_without_loaded_probes_has_no_rpm_and_still_its_added_latency() {
        let start = Instant::now();
        let (samples, _) = steady(start, 6_000);
        let window = Window { from: start, to: after(start, 6_000) };
        for protocol in [MireProtocol::Librespeed, MireProtocol::Http] {
            let Outcome::Measured { value, caveats } = judged(&samples, &[], protocol, window) else {
                panic!("no value");
            };
            assert_eq!((value.rpm, value.loaded_us, value.added_us), (None, None, Some(30 * MS)));
            assert_eq!(caveats.iter().map(|c| c.code).collect::<Vec<_>>(), [CaveatCode::NoLoadedProbe]);
        }
    }

    #[test]
    fn a_mires_long_messages_are_named_beside_the_figure_they_lower() {
        let start = Instant::now();
        let (samples, mut answers) = steady(start, 6_000);
        let window = Window { from: after(start, 1_000), to: after(start, 6_000) };
        // Answers take 100 ms. At 1 Mbit/s 4 kB take 32 ms, 8 kB 64 ms.
        for (bytes, named) in [(4_000, false), (8_000, true)] {
            for answer in &mut answers {
                answer.behind = bytes;
            }
            let outcome = judged(&samples, &answers, MireProtocol::Ndt7, window);
            let Outcome::Measured { caveats, .. } = outcome else { panic!("no value") };
            let codes: Vec<_> = caveats.iter().map(|caveat| caveat.code).collect();
            assert_eq!(codes.contains(&CaveatCode::LoadedBehindMessages), named, "{caveats:?}");
        }
    }

    #[test]
    fn too_few_are_said_and_never_counted() {
        let start = Instant::now();
        let (samples, answers) = steady(start, 6_000);
        // Four probes fit.
        let window = Window { from: after(start, 1_000), to: after(start, 1_500) };
        let outcome = judged(&samples, &answers, MireProtocol::Ndt7, window);
        let Outcome::NotMeasured { reason } = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            (reason.code, reason.detail.as_deref()),
            (ReasonCode::TooFewSamples, Some("4 TCP, 0 ICMP"))
        );
    }

    #[test]
    fn probes_that_fail_are_named() {
        let start = Instant::now();
        let (mut samples, answers) = steady(start, 6_000);
        let failure = Failure::new(Stage::Tcp, Cause::ConnectionRefused);
        for probe in &mut samples.foreign {
            probe.result = Err(failure.clone());
        }
        let window = Window { from: start, to: after(start, 6_000) };
        let all_failed = judged(&samples, &answers, MireProtocol::Ndt7, window);
        assert_eq!(all_failed, Outcome::Failed { failure });
        // With echoes the added latency is still known; the rest is absent, and the failure named.
        samples.echoed =
            (0..50).map(|n| Echoed { sent: after(start, n * 100), rtt: Duration::from_millis(35) }).collect();
        let Outcome::Measured { value, caveats } = judged(&samples, &answers, MireProtocol::Ndt7, window)
        else {
            panic!("no value");
        };
        assert_eq!((value.rpm, value.tcp_us, value.foreign_probes), (None, None, 0));
        assert_eq!((value.method, value.median_us), (RttMethod::Icmp, 35 * MS));
        // The idle figure is another method's: what load adds is not known.
        assert_eq!((value.idle_us, value.added_us, value.grade), (None, None, None));
        let codes: Vec<_> = caveats.iter().map(|c| c.code).collect();
        assert_eq!(codes, [CaveatCode::ForeignProbesFailed, CaveatCode::FewProbes, CaveatCode::IdleUnknown]);
        assert!(caveats[0].detail.as_ref().unwrap().contains("tcp/connection_refused"), "{caveats:?}");
    }

    #[test]
    fn the_method_known_without_load_is_preferred() {
        let counted = Counted {
            times: vec![Times { tcp: 40 * MS, tls: None, http: 1 }; 9],
            failures: Vec::new(),
            echoes: vec![30e3; 9],
            loaded: Vec::new(),
            behind: Vec::new(),
        };
        let method = |idle: Option<&LatencyValue>| round_trips(&counted, idle).map(|trips| trips.method);
        assert_eq!(method(Some(&idle(RttMethod::Tcp, 1))), Some(RttMethod::Tcp));
        assert_eq!(method(Some(&idle(RttMethod::Icmp, 1))), Some(RttMethod::Icmp));
        assert_eq!(method(None), Some(RttMethod::Icmp));
    }

    proptest! {
        #[test]
        fn whatever_was_seen_there_is_no_panic_and_no_figure_from_nothing(
            probes in prop::collection::vec((0_u64..10_000, 0_u64..5_000, 0_u64..u64::MAX, any::<bool>()), 0..60),
            echoes in prop::collection::vec((0_u64..10_000, 0_u64..5_000), 0..60),
            from in 0_u64..5_000,
            length in 0_u64..5_000,
        ) {
            let start = Instant::now();
            let foreign = probes.iter().map(|&(at, took, tcp, ok)| Foreign {
                started: after(start, at),
                finished: after(start, at + took),
                result: if ok {
                    Ok(Times { tcp, tls: None, http: tcp / 2 })
                } else {
                    Err(Failure::new(Stage::Tcp, Cause::Timeout))
                },
            });
            let echoed = echoes.iter()
                .map(|&(at, took)| Echoed { sent: after(start, at), rtt: Duration::from_millis(took) });
            let samples = Samples { foreign: foreign.collect(), echoed: echoed.collect() };
            let answers: Vec<_> = echoes.iter()
                .map(|&(at, took)| Answered { asked: after(start, at), at: after(start, at + took), behind: took })
                .collect();
            let window = Window { from: after(start, from), to: after(start, from + length) };
            if let Outcome::Measured { value, .. } = judged(&samples, &answers, MireProtocol::Ndt7, window) {
                prop_assert!(value.rtt_probes as usize >= LEAST);
                prop_assert!(value.p95_us >= value.median_us);
                prop_assert!(value.rpm.is_none() || value.foreign_probes as usize >= LEAST);
                prop_assert!(value.rpm.is_none() || value.loaded_probes as usize >= LEAST);
                prop_assert_eq!(value.added_us.is_some(), value.grade.is_some());
            }
        }
    }
}
