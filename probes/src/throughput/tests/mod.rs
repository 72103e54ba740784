//! Both probes against real servers on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dressed;
mod server;
mod simulation;

use std::sync::atomic::Ordering;

use tokio::sync::mpsc::unbounded_channel;

use self::server::{Manner, start};
use super::*;
use crate::dial::{DialConfig, Dialer};
use crate::{Event, ProbeName};
use sonde_report::assess::RateBar;
use sonde_report::requirement::Layer;

fn env() -> Env {
    let dial = DialConfig { answer_timeout: Duration::from_millis(800), ..DialConfig::default() };
    Env { dialer: Arc::new(Dialer::new(dial).unwrap()), events: None }
}

fn config(mires: &[String], seconds: f64) -> Config {
    Config {
        mires: mires.iter().map(|mire| mire.parse().unwrap()).collect(),
        time_cap: Duration::from_secs_f64(seconds),
        byte_cap: 200_000_000,
        stall_timeout: Duration::from_secs(1),
        goal: Goal::Stable,
        streams: 1,
        load: None,
    }
}

fn measured(measurement: &Measurement<TransferValue>) -> (&TransferValue, Vec<CaveatCode>) {
    let Outcome::Measured { value, caveats } = &measurement.outcome else { panic!("{measurement:?}") };
    (value, caveats.iter().map(|caveat| caveat.code).collect())
}

fn failed(measurement: &Measurement<TransferValue>) -> &Failure {
    let Outcome::Failed { failure } = &measurement.outcome else { panic!("{measurement:?}") };
    failure
}

fn assert_ratio(found: u64, expected: f64, tolerance: f64) {
    let ratio = found as f64 / expected;
    assert!((ratio - 1.0).abs() < tolerance, "{found} is {ratio:.4} of {expected}");
}

/// Every way a mire can answer wrongly to a download, and the name of it.
fn bad_downloads() -> Vec<(Manner, Stage, Cause)> {
    use Manner as M;
    let says = |text, stage, cause| (M::Says(text), stage, cause);
    vec![
        says(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
            Stage::Http,
            Cause::UnexpectedContent,
        ),
        says(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 15\r\n\r\n<!DOCTYPE html>",
            Stage::Content,
            Cause::UnexpectedContent,
        ),
        says(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
            Stage::Http,
            Cause::UnexpectedContent,
        ),
        says("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", Stage::Http, Cause::HttpStatus),
        says("HTTP/1.1 204 No Content\r\n\r\n", Stage::Http, Cause::HttpStatus),
        says(
            "HTTP/1.1 302 Found\r\nLocation: http://portail.example/?secret=1\r\nContent-Length: 0\r\n\r\n",
            Stage::Http,
            Cause::RedirectedElsewhere,
        ),
        says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Stage::Content, Cause::EmptyAnswer),
        says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", Stage::Content, Cause::TooLittleData),
        says("SSH-2.0-OpenSSH_9.9\r\n", Stage::Http, Cause::ProtocolError),
        says("", Stage::Http, Cause::ConnectionClosed),
        (M::Truncated(300_000), Stage::Transfer, Cause::Truncated),
        (M::Stalled(300_000), Stage::Transfer, Cause::Timeout),
        (M::Silent, Stage::Http, Cause::Timeout),
        (M::Resets, Stage::Http, Cause::ConnectionReset),
    ]
}

#[tokio::test]
async fn each_bad_mire_is_named_and_gives_no_number() {
    for (manner, stage, cause) in bad_downloads() {
        let server = start(manner.clone(), 100.0).await;
        let url = format!("http://127.0.0.1:{}/file", server.port);
        let measurement = download(&config(&[url], 3.0), &env()).await;
        let failure = failed(&measurement);
        assert_eq!((failure.stage, failure.cause), (stage, cause), "{manner:?}: {failure:?}");
        assert!(failure.attempts.is_empty());
        assert!(!format!("{failure:?}").contains("secret"), "{failure:?}");
    }
}

#[tokio::test]
async fn bad_mires_are_skipped_and_the_next_is_measured() {
    let page = start(bad_downloads().remove(0).0, 100.0).await;
    let reset = start(Manner::Resets, 100.0).await;
    let good = start(Manner::File(100 << 20), 20.0).await;
    let closed = {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        gone.local_addr().unwrap().port()
    };
    let urls: Vec<String> = [page.port, reset.port, closed, good.port]
        .map(|port| format!("librespeed+http://127.0.0.1:{port}/"))
        .into();
    let measurement = download(&config(&urls, 3.0), &env()).await;
    let (value, caveats) = measured(&measurement);
    assert_eq!(caveats, [CaveatCode::MireSkipped]);
    let detail = measurement.caveats()[0].detail.clone().unwrap();
    for part in ["http/unexpected_content", "http/connection_reset", "tcp/connection_refused"] {
        assert!(detail.contains(part), "{detail}");
    }
    assert_eq!(measurement.target, urls[3]);
    assert_ratio(value.goodput_bps, 20e6, 0.05);
}

#[tokio::test]
async fn when_all_fail_each_is_an_attempt() {
    let page = start(bad_downloads().remove(0).0, 100.0).await;
    let short = start(Manner::Truncated(300_000), 100.0).await;
    let urls = [page.port, short.port].map(|port| format!("http://127.0.0.1:{port}/file"));
    let measurement = download(&config(&urls, 3.0), &env()).await;
    let failure = failed(&measurement);
    assert_eq!(failure.cause, Cause::AllTargetsFailed);
    let causes: Vec<_> = failure.attempts.iter().map(|attempt| attempt.cause).collect();
    assert_eq!(causes, [Cause::UnexpectedContent, Cause::Truncated]);
    assert_eq!(failure.attempts[1].target, urls[1]);
}

#[tokio::test]
async fn without_mire_or_data_nothing_is_measured() {
    for (mires, code) in
        [(Vec::new(), ReasonCode::NoTarget), (vec!["http://127.0.0.1:9/".to_owned()], ReasonCode::OutOfData)]
    {
        let measurement = download(&Config { byte_cap: 0, ..config(&mires, 1.0) }, &env()).await;
        let Outcome::NotMeasured { reason } = measurement.outcome else { panic!("{measurement:?}") };
        assert_eq!(reason.code, code);
    }
}

#[tokio::test]
async fn a_paced_file_is_measured_with_its_interval_and_progress() {
    let server = start(Manner::File(100 << 20), 20.0).await;
    let (sender, mut events) = unbounded_channel();
    let env = Env { events: Some(sender), ..env() };
    let url = format!("http://127.0.0.1:{}/file?a=b", server.port);
    let measurement = download(&config(&[url], 3.5), &env).await;
    let (value, caveats) = measured(&measurement);
    assert!(caveats.is_empty(), "{caveats:?}");
    assert_ratio(value.goodput_bps, 20e6, 0.05);
    assert!(value.ci95_bps[0] <= value.ip_rate_bps && value.ip_rate_bps <= value.ci95_bps[1]);
    assert!(value.ip_rate_bps > value.goodput_bps);
    assert_eq!((value.stop, value.counted_at), (StopReason::TimeCap, CountedAt::Receiver));
    assert_eq!((value.server.family, value.repetitions.len()), (4, 1));
    assert!((4..=16).contains(&value.streams), "{}", value.streams);
    assert_eq!(value.samples.last().unwrap().bytes, value.bytes);
    assert!(value.ramp_ms >= 500 && value.samples.len() <= 200);
    assert!(!value.server.url.contains("a=b"), "a query may hold a token");
    let mut told = 0;
    while let Ok(event) = events.try_recv() {
        let Event::Transfer { probe, fraction, .. } = event else { panic!("{event:?}") };
        assert_eq!(probe, ProbeName::Download);
        assert!((0.0..=1.0).contains(&fraction));
        told += 1;
    }
    assert!((10..=40).contains(&told), "{told} events in 3.5 s");
}

#[tokio::test]
async fn a_file_that_ends_early_is_asked_for_again() {
    for manner in [Manner::File(1 << 20), Manner::FileThenClose(1 << 20)] {
        let server = start(manner, 20.0).await;
        let url = format!("http://127.0.0.1:{}/file", server.port);
        let measurement = download(&config(&[url], 3.5), &env()).await;
        assert_ratio(measured(&measurement).0.goodput_bps, 20e6, 0.05);
        assert!(server.requests.load(Ordering::SeqCst) > 4);
    }
}

#[tokio::test]
async fn the_byte_cap_holds() {
    for (scheme, manner) in [("http", Manner::File(100 << 20)), ("ndt7+http", Manner::Ndt7(false))] {
        let server = start(manner, 40.0).await;
        let url = format!("{scheme}://127.0.0.1:{}/", server.port);
        let capped = Config { byte_cap: 6_000_000, ..config(&[url], 8.0) };
        let measurement = download(&capped, &env()).await;
        let (value, _) = measured(&measurement);
        assert_eq!(value.stop, StopReason::ByteCap);
        // What eight streams have read at once may lie above: 8 reads of a buffer.
        assert!((6_000_000..8_000_000).contains(&value.bytes), "{}", value.bytes);
    }
}

#[tokio::test]
async fn a_transfer_that_breaks_late_keeps_its_value_and_says_so() {
    // 10 Mbit/s for about 4 s, the ramp of 0.5 to 1 s included.
    for manner in [Manner::Truncated(1_300_000), Manner::Stalled(1_300_000)] {
        let server = start(manner, 10.0).await;
        let url = format!("http://127.0.0.1:{}/file", server.port);
        let measurement = download(&config(&[url], 9.0), &env()).await;
        let (value, caveats) = measured(&measurement);
        assert!(caveats.contains(&CaveatCode::BrokeOff), "{caveats:?}");
        assert_ratio(value.goodput_bps, 10e6, 0.10);
        assert_eq!(value.stop, StopReason::FarEnd);
    }
}

#[tokio::test]
async fn ndt7_is_measured_both_ways() {
    for tells in [false, true] {
        let server = start(Manner::Ndt7(tells), 20.0).await;
        let config = config(&[format!("ndt7+http://127.0.0.1:{}/", server.port)], 4.0);
        if tells {
            let down = download(&config, &env()).await;
            let (value, caveats) = measured(&down);
            assert!(caveats.is_empty(), "{caveats:?}");
            assert_ratio(value.goodput_bps, 20e6, 0.05);
        }
        let up = upload(&config, &env()).await;
        let (value, caveats) = measured(&up);
        assert!(!caveats.contains(&CaveatCode::BrokeOff), "{caveats:?}");
        assert_ratio(value.goodput_bps, 20e6, 0.08);
        let received = server.received.load(Ordering::SeqCst);
        assert!(value.bytes <= received, "{} counted, {received} received", value.bytes);
        assert!(value.bytes as f64 > 0.85 * received as f64, "{} of {received}", value.bytes);
        assert_eq!(value.counted_at, CountedAt::Receiver);
    }
}

#[tokio::test]
async fn librespeed_uploads_count_what_arrived() {
    let server = start(Manner::Swallows, 10.0).await;
    let url = format!("librespeed+http://127.0.0.1:{}/backend/", server.port);
    let measurement = upload(&config(&[url], 5.0), &env()).await;
    let (value, caveats) = measured(&measurement);
    // The server's pace, not loopback's.
    assert_eq!((&caveats[..], value.limited_by), (&[CaveatCode::MireLimited][..], LimitedBy::Server));
    assert_ratio(value.goodput_bps, 10e6, 0.08);
    let received = server.received.load(Ordering::SeqCst);
    assert!(value.bytes <= received, "{} counted, {received} received", value.bytes);
    assert!(value.bytes as f64 > 0.8 * received as f64, "{} of {received}", value.bytes);
    assert_eq!(value.counted_at, CountedAt::Responses);
}

#[tokio::test]
async fn an_upload_goes_on_over_a_new_connection_where_each_is_reset_after_an_answer() {
    let server = start(Manner::SwallowsOne, 10.0).await;
    let url = format!("librespeed+http://127.0.0.1:{}/", server.port);
    let measurement = upload(&config(&[url], 4.0), &env()).await;
    let (value, caveats) = measured(&measurement);
    assert!(!caveats.contains(&CaveatCode::BrokeOff), "{caveats:?}");
    // Only what was answered counts, and it came at the server's pace.
    assert!(value.bytes <= server.received.load(Ordering::SeqCst), "{value:?}");
    assert_ratio(value.goodput_bps, 10e6, 0.1);
    assert!(server.requests.load(Ordering::SeqCst) > 4);
}

#[tokio::test]
async fn a_proxy_that_forwards_is_asked_once_on_each_connection() {
    for (direction, manner) in [("down", Manner::File(1 << 20)), ("up", Manner::Swallows)] {
        // Whatever it is asked it answers itself: the first hop is all that matters here.
        let proxy = start(manner, 20.0).await;
        let dial = DialConfig {
            proxy: Some(format!("http://jean:secret@127.0.0.1:{}", proxy.port).parse().unwrap()),
            ..DialConfig::default()
        };
        let env = Env { dialer: Arc::new(Dialer::new(dial).unwrap()), events: None };
        let config = config(&["librespeed+http://mire.example/".to_owned()], 3.0);
        let measurement =
            if direction == "down" { download(&config, &env).await } else { upload(&config, &env).await };
        let (value, caveats) = measured(&measurement);
        assert!(value.bytes > 0 && caveats.contains(&CaveatCode::ThroughProxy), "{direction}: {caveats:?}");
        let (asked, opened) =
            (proxy.requests.load(Ordering::SeqCst), proxy.connections.load(Ordering::SeqCst));
        assert!(asked > 2 && opened >= asked, "{direction}: {asked} requests on {opened} connections");
    }
}

#[tokio::test]
async fn the_upload_byte_cap_holds() {
    for (scheme, manner) in [("http", Manner::Swallows), ("ndt7+http", Manner::Ndt7(false))] {
        let server = start(manner, 20.0).await;
        let url = format!("{scheme}://127.0.0.1:{}/", server.port);
        let capped = Config { byte_cap: 4_000_000, ..config(&[url], 8.0) };
        let measurement = upload(&capped, &env()).await;
        let (value, _) = measured(&measurement);
        assert_eq!((value.stop, value.bytes), (StopReason::ByteCap, 4_000_000));
        assert_eq!(server.received.load(Ordering::SeqCst), 4_000_000, "equal to the server's own count");
    }
}

#[tokio::test]
async fn bad_uploads_are_named() {
    let says = Manner::Says;
    for (manner, stage, cause) in [
        (says("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"), Stage::Http, Cause::HttpStatus),
        (
            says("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<!DOCTYPE html>"),
            Stage::Content,
            Cause::UnexpectedContent,
        ),
        (Manner::Silent, Stage::Transfer, Cause::Timeout),
    ] {
        let server = start(manner.clone(), 100.0).await;
        let url = format!("librespeed+http://127.0.0.1:{}/", server.port);
        let measurement = upload(&config(&[url], 3.0), &env()).await;
        let failure = failed(&measurement);
        assert_eq!((failure.stage, failure.cause), (stage, cause), "{manner:?}: {failure:?}");
    }
    // Nobody read these bytes: whatever the cause is called, they are not a rate.
    let server = start(Manner::AnswersAtOnce, 100.0).await;
    let url = format!("librespeed+http://127.0.0.1:{}/", server.port);
    failed(&upload(&config(&[url], 3.0), &env()).await);
}

#[tokio::test]
async fn an_ndt7_mire_that_is_none_is_named() {
    for (text, cause) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Cause::UnexpectedContent),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Cause::HttpStatus),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://portail.example/\r\nContent-Length: 0\r\n\r\n",
            Cause::RedirectedElsewhere,
        ),
    ] {
        let server = start(Manner::Says(text), 100.0).await;
        let url = format!("ndt7+http://127.0.0.1:{}/", server.port);
        let measurement = download(&config(&[url], 3.0), &env()).await;
        let failure = failed(&measurement);
        assert_eq!((failure.stage, failure.cause), (Stage::Http, cause), "{text}");
    }
}

#[tokio::test]
async fn a_verdict_stops_as_soon_as_it_is_certain() {
    let server = start(Manner::File(100 << 20), 20.0).await;
    let url = format!("http://127.0.0.1:{}/file", server.port);
    for (at_least_bps, least, most) in [
        // Twice the threshold: only a burst must be excluded, 4.5 MB x 20 / (20 - 8) = 7.5 MB.
        (10_000_000, 7_000_000, 9_500_000),
        (40_000_000, 500_000, 6_000_000),
    ] {
        let bar = RateBar { at_least_bps, layer: Layer::Application, margin: 0.02 };
        let config = Config { goal: Goal::Verdict(vec![bar]), ..config(std::slice::from_ref(&url), 8.0) };
        let measurement = download(&config, &env()).await;
        let (value, caveats) = measured(&measurement);
        assert_eq!(value.stop, StopReason::Decided, "{value:?}");
        assert!((least..most).contains(&value.bytes), "{}", value.bytes);
        assert!(!caveats.contains(&CaveatCode::BurstNotExcluded), "{caveats:?}");
        let (low, high) = (value.ci95_bps[0], value.ci95_bps[1]);
        assert!(
            if at_least_bps < 20_000_000 { low > at_least_bps } else { high < at_least_bps },
            "{value:?}"
        );
    }
    // Just above a threshold, what would exclude a burst costs too much: it is owned up to.
    let bar = RateBar { at_least_bps: 17_000_000, layer: Layer::Application, margin: 0.02 };
    let config = Config { goal: Goal::Verdict(vec![bar]), ..config(&[url], 8.0) };
    let measurement = download(&config, &env()).await;
    let (value, caveats) = measured(&measurement);
    assert_eq!((value.stop, caveats), (StopReason::Decided, vec![CaveatCode::BurstNotExcluded]), "{value:?}");
}

#[tokio::test]
async fn a_fixed_time_is_kept_whatever_the_curve() {
    let server = start(Manner::File(100 << 20), 50.0).await;
    let url = format!("http://127.0.0.1:{}/file", server.port);
    let config = Config { goal: Goal::Fixed, ..config(&[url], 4.5) };
    let measurement = download(&config, &env()).await;
    let (value, _) = measured(&measurement);
    assert_eq!(value.stop, StopReason::TimeCap);
    // Stable with 10 MB and 3 s behind it since long.
    assert!(value.elapsed_ms >= 4500 && value.bytes > 20_000_000, "{} {}", value.elapsed_ms, value.bytes);
}

#[tokio::test]
async fn repetitions_are_kept_and_the_faster_whole_one_leads() {
    let server = start(Manner::File(100 << 20), 20.0).await;
    let url = format!("http://127.0.0.1:{}/file", server.port);
    let base = download(&config(&[url], 1.5), &env()).await;
    let with = |rate: u64, caveats: &[CaveatCode]| {
        let mut made = base.clone();
        let Outcome::Measured { value, caveats: own } = &mut made.outcome else { panic!("{made:?}") };
        value.ip_rate_bps = rate;
        value.repetitions[0].ip_rate_bps = rate;
        *own = caveats.iter().map(|&code| code.into()).collect();
        made
    };
    let rates = |m: &Measurement<TransferValue>| {
        m.value().unwrap().repetitions.iter().map(|r| r.ip_rate_bps).collect::<Vec<_>>()
    };
    let mut first = with(8, &[CaveatCode::MeasuredOverWifi, CaveatCode::StillRising]);
    merge_repetition(&mut first, with(9, &[]));
    assert_eq!((first.value().unwrap().ip_rate_bps, rates(&first)), (9, vec![8, 9]));
    assert_eq!(measured(&first).1, [CaveatCode::MeasuredOverWifi]);
    merge_repetition(&mut first, with(12, &[CaveatCode::BrokeOff]));
    assert_eq!((first.value().unwrap().ip_rate_bps, rates(&first)), (9, vec![8, 9, 12]));
    let mut none = download(&config(&[], 1.0), &env()).await;
    merge_repetition(&mut none, with(7, &[]));
    assert_eq!(rates(&none), [7]);
}
