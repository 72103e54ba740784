//! Bulk transfers over HTTP/1.1: any large file, and LibreSpeed's `garbage.php` and `empty.php`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use sonde_report::values::MireProtocol;
use sonde_report::{Cause, Failure, Stage};

use super::meter::Meter;
use super::payload::Payload;
use super::stream::{Facts, Job};
use crate::dial::{Session, Target, hyper_failure};

/// The shortest answer that can be a measuring file, bytes: shorter, the round trips between requests would be
/// measured instead of the line.
const MIN_BODY: u64 = 256 << 10;
/// The first request body of an upload, bytes: 0.6 s at 0.8 Mbit/s, the slowest ADSL uplinks.
const FIRST_REQUEST: u64 = 64 << 10;
/// The largest request body, bytes: most servers' limits lie above (LibreSpeed's own client sends 20 MiB).
const MAX_REQUEST: u64 = 16 << 20;
/// How long a request should take, seconds: short against the transfer…
const REQUEST_S: f64 = 0.5;
/// …or in round trips, on a long path: the wait for its answer, in which nothing is sent, is one of them.
const REQUEST_RTTS: f64 = 4.0;
/// An upload's answer read at most, bytes: it only has to be recognised as a web page.
const ANSWER: usize = 64 << 10;
/// Time allowed for the answer to an upload request. The engine's own limits are shorter; this one only has to be
/// longer than a 64 KiB body takes on a line of 16 kbit/s.
const UPLOAD_ANSWER: Duration = Duration::from_secs(30);

/// An HTTP connection to a mire.
#[derive(Debug)]
pub(crate) struct HttpStream {
    session: Session<Payload>,
    job: Job,
    target: Target,
    /// How long a request of an upload should take, seconds.
    request_s: f64,
}

impl HttpStream {
    /// Connects.
    pub(crate) async fn open(job: &Job, upload: bool) -> Result<(Self, Facts), Failure> {
        let target = endpoint(job, upload);
        let (session, facts) = connect(job, &target, upload).await?;
        let job = Job { far_end: Some(facts.peer), ..job.clone() };
        let request_s = REQUEST_S.max(REQUEST_RTTS * facts.rtt);
        Ok((Self { session, job, target, request_s }, facts))
    }

    async fn reconnect(&mut self, upload: bool, meter: &Meter) -> Result<(), Failure> {
        let (session, facts) = connect(&self.job, &self.target, upload).await?;
        meter.watch(facts.kernel);
        self.session = session;
        Ok(())
    }

    /// A request, after a new connection where the last one may not be asked again.
    async fn ask(
        &mut self,
        method: Method,
        answered: &mut bool,
        meter: &Meter,
    ) -> Result<http::request::Builder, Failure> {
        if *answered && !self.session.is_reusable() {
            self.reconnect(method == Method::POST, meter).await?;
            *answered = false;
        }
        let request = self.session.request(method, &fresh(&self.target));
        let once = !self.session.is_reusable();
        Ok(if once { request.header(header::CONNECTION, "close") } else { request })
    }

    /// Receives the file, again and again, until the data allowed is used up.
    pub(crate) async fn download(mut self, meter: &Meter) -> Result<(), Failure> {
        let mut answered = false;
        while !meter.exhausted() {
            let request = self.ask(Method::GET, &mut answered, meter).await?;
            let asked = std::time::Instant::now();
            let request = request
                .header(header::ACCEPT, "*/*")
                .header(header::ACCEPT_ENCODING, "identity")
                .header(header::CACHE_CONTROL, "no-store, no-cache")
                .body(Payload::empty())
                .map_err(|error| Failure::with(Stage::Http, Cause::ProtocolError, error.to_string()))?;
            let response = match self.session.send(request).await {
                Ok((response, _)) => response,
                Err(failure) if answered && closed_between(&failure) => {
                    self.reconnect(false, meter).await?;
                    answered = false;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            check_head(&response, &self.target)?;
            if answered {
                meter.waited(asked.elapsed());
            }
            read_body(response.into_body(), meter).await?;
            answered = true;
        }
        Ok(())
    }

    /// Sends bodies and counts each when its answer says that it arrived.
    pub(crate) async fn upload(mut self, meter: &Meter) -> Result<(), Failure> {
        let mut size = FIRST_REQUEST;
        let mut answered = false;
        while !meter.stopping() {
            let request = self.ask(Method::POST, &mut answered, meter).await?;
            let granted = meter.reserve(size);
            if granted == 0 {
                break;
            }
            let (from, before) = (meter.now(), meter.handed_by_stream());
            let request = request
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .header(header::CONTENT_LENGTH, granted)
                .body(Payload::of(granted, meter.clone()))
                .map_err(|error| Failure::with(Stage::Http, Cause::ProtocolError, error.to_string()))?;
            let response = match self.session.send(request).await {
                Ok((response, _)) => response,
                Err(failure) if answered && closed_between(&failure) => {
                    let handed = meter.handed_by_stream() - before;
                    meter.give_back(granted.saturating_sub(handed));
                    self.reconnect(true, meter).await?;
                    answered = false;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            check_status(&response, &self.target, |status| status.is_success())?;
            let handed = meter.handed_by_stream() - before;
            if handed < granted {
                meter.contradicted();
                let detail = format!("answered after {handed} of {granted} bytes");
                return Err(Failure::with(Stage::Content, Cause::UnexpectedContent, detail));
            }
            let elapsed = meter.now() - from;
            read_answer(response.into_body()).await?;
            meter.acknowledged(from, granted);
            size = next_size(granted, elapsed, self.request_s);
            answered = true;
        }
        Ok(())
    }
}

/// Whether a connection that has served went away before it answered another request. That is a server's right, not a fault;
/// tinyproxy closes after each answer without announcing it, and resets who has begun to send the next.
fn closed_between(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::ConnectionClosed | Cause::ConnectionReset)
}

/// The size of the next request body: towards so many seconds, at most four times as long as the last.
fn next_size(last: u64, elapsed: f64, seconds: f64) -> u64 {
    let wanted = (last as f64 * seconds / elapsed.max(1e-3)) as u64;
    wanted.clamp(last / 2, last.saturating_mul(4)).clamp(FIRST_REQUEST / 4, MAX_REQUEST)
}

async fn connect(job: &Job, target: &Target, upload: bool) -> Result<(Session<Payload>, Facts), Failure> {
    let connection = job.connect(target).await?;
    let facts = Facts::of(&connection);
    let patience = if upload { UPLOAD_ANSWER } else { job.dialer.config().answer_timeout };
    let session = Session::start(connection, patience).await.map_err(|error| error.failure)?;
    Ok((session, facts))
}

/// What to ask of the mire.
fn endpoint(job: &Job, upload: bool) -> Target {
    let target = &job.mire.target;
    match (job.mire.protocol, upload) {
        (MireProtocol::Librespeed, false) => target.with_path(below(&target.path, "garbage.php?ckSize=100")),
        (MireProtocol::Librespeed, true) => target.with_path(below(&target.path, "empty.php")),
        (MireProtocol::Http | MireProtocol::Ndt7, _) => target.clone(),
    }
}

/// `name` in the folder `path` (a query on the folder makes no sense and is dropped).
pub(crate) fn below(path: &str, name: &str) -> String {
    let folder = path.split('?').next().unwrap_or("/");
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// The same target with a query nobody asked before: no cache on the way can answer it.
fn fresh(target: &Target) -> Target {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mark = if target.path.contains('?') { '&' } else { '?' };
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    target.with_path(format!("{}{mark}r={:x}{asked:x}", target.path, since.as_nanos()))
}

/// Refuses a head that does not announce plain data.
fn check_head(response: &Response<Incoming>, target: &Target) -> Result<(), Failure> {
    check_status(response, target, |status| status == http::StatusCode::OK)?;
    let refuse = |detail| Err(Failure::with(Stage::Http, Cause::UnexpectedContent, detail));
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = text(header::CONTENT_TYPE).to_ascii_lowercase();
    if kind.starts_with("text/html") || kind.starts_with("application/xhtml") {
        return refuse(format!("content-type: {kind}"));
    }
    let encoding = text(header::CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return refuse(format!("content-encoding: {encoding}"));
    }
    Ok(())
}

fn check_status(
    response: &Response<Incoming>,
    target: &Target,
    good: impl Fn(http::StatusCode) -> bool,
) -> Result<(), Failure> {
    let status = response.status();
    if good(status) {
        return Ok(());
    }
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    Err(status_failure(status, location, target))
}

/// What a status that means failure says. Of a redirect only the host is told: the rest may hold a session's secret.
pub(super) fn status_failure(status: http::StatusCode, location: Option<&str>, target: &Target) -> Failure {
    let elsewhere = location
        .and_then(|location| location.parse::<http::Uri>().ok())
        .and_then(|uri| uri.host().map(str::to_owned))
        .filter(|host| !host.eq_ignore_ascii_case(&target.host));
    match elsewhere {
        _ if status == http::StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            Failure::with(Stage::Proxy, Cause::ProxyAuthRequired, status.to_string())
        }
        Some(host) if status.is_redirection() => {
            Failure::with(Stage::Http, Cause::RedirectedElsewhere, format!("{status} {host}"))
        }
        _ => Failure::with(Stage::Http, Cause::HttpStatus, status.to_string()),
    }
}

/// Counts a body to its end, or until the data allowed is used up.
async fn read_body(mut body: Incoming, meter: &Meter) -> Result<(), Failure> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error, length))?.into_data() else { continue };
        if length == 0 && is_page(&data) {
            return Err(page());
        }
        length += data.len() as u64;
        meter.received(data.len() as u64);
        if meter.exhausted() {
            return Ok(());
        }
    }
    match length {
        0 => Err(Failure::new(Stage::Content, Cause::EmptyAnswer)),
        1..MIN_BODY => {
            Err(Failure::with(Stage::Content, Cause::TooLittleData, format!("a file of {length} bytes")))
        }
        _ => Ok(()),
    }
}

/// What a body that broke off says. Hyper reports an end before the announced length as an incomplete message.
fn broken(error: &hyper::Error, length: u64) -> Failure {
    let failure = hyper_failure(error);
    let cause = match failure.cause {
        Cause::ConnectionClosed => Cause::Truncated,
        cause => cause,
    };
    Failure::with(Stage::Transfer, cause, format!("after {length} bytes: {error}"))
}

/// Reads an upload's answer and refuses a web page (LibreSpeed's answer is empty, whatever type it claims).
async fn read_answer(mut body: Incoming) -> Result<(), Failure> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error, length as u64))?.into_data() else { continue };
        if length == 0 && is_page(&data) {
            return Err(page());
        }
        length += data.len();
        if length > ANSWER {
            let detail = "a long answer to an upload";
            return Err(Failure::with(Stage::Content, Cause::UnexpectedContent, detail));
        }
    }
    Ok(())
}

fn page() -> Failure {
    Failure::with(Stage::Content, Cause::UnexpectedContent, "the body is a web page")
}

/// Whether a body begins like a web page or like the source of one, whatever its head says.
fn is_page(data: &Bytes) -> bool {
    let start: Vec<u8> = data
        .iter()
        .copied()
        .skip_while(u8::is_ascii_whitespace)
        .take(9)
        .map(|b| b.to_ascii_lowercase())
        .collect();
    [b"<!doctype".as_slice(), b"<html", b"<head", b"<?php", b"<?xml"]
        .iter()
        .any(|mark| start.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_recognised_whatever_they_are_called() {
        for text in ["<!DOCTYPE html>", "\n  <HTML lang=fr>", "<?php echo", "<html>"] {
            assert!(is_page(&Bytes::from_static(text.as_bytes())), "{text}");
        }
        assert!(!is_page(&Bytes::from_static(&[0x3c, 0x21, 0x00, 0xff])));
        assert!(!is_page(&Bytes::new()));
    }

    #[test]
    fn request_bodies_grow_towards_the_time_one_should_take() {
        assert_eq!(next_size(64 << 10, 0.0, 0.5), 256 << 10);
        assert_eq!(next_size(1 << 20, 0.5, 0.5), 1 << 20);
        assert_eq!(next_size(64 << 10, 10.0, 0.5), 32 << 10);
        assert_eq!(next_size(MAX_REQUEST, 0.1, 0.5), MAX_REQUEST);
        // By satellite an answer alone takes 0.6 s.
        assert_eq!(next_size(64 << 10, 1.2, 2.4), 128 << 10);
    }

    #[test]
    fn paths_below_a_folder() {
        assert_eq!(below("/", "x"), "/x");
        assert_eq!(below("/speed", "x"), "/speed/x");
        assert_eq!(below("/speed/?a=b", "x?c"), "/speed/x?c");
    }
}
