//! Sending one report after the other, on one connection as long as it lasts.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde::Serialize;
use sonde_probes::dial::{Connection, DialConfig, Dialer, Scheme, Session};
use sonde_report::{Cause, Failure, Stage};
use tokio::time::timeout;
use uuid::Uuid;

use super::{Kept, UploadConfig};

/// How much of an answer's body is read, to have it whole. Beyond, the head's 2xx stands and the connection is left.
const ANSWER_LIMIT: usize = 64 * 1024;

/// The slowest uplink a report must get through, bytes per second: 16 kbit/s, a quarter of a bad GSM line's rate.
const SLOWEST_UPLINK: usize = 2_000;

/// Why one report was not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) why: Kept,
    pub(super) detail: String,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    fn new(why: Kept, detail: impl Into<String>) -> Self {
        Self { why, detail: detail.into(), retry_after: None }
    }

    /// What became of a connection or exchange that failed.
    fn from_failure(failure: &Failure) -> Self {
        let why = match (failure.stage, failure.cause) {
            (Stage::Tls, Cause::Timeout | Cause::ConnectionReset | Cause::ConnectionClosed) => {
                Kept::Unreachable
            }
            (Stage::Tls, _) => Kept::NotTrusted,
            (Stage::Http | Stage::Content, _) => Kept::Broken,
            _ => Kept::Unreachable,
        };
        let codes = format!("{}/{}", code(&failure.stage), code(&failure.cause));
        Self::new(why, failure.detail.as_ref().map_or(codes.clone(), |detail| format!("{codes}: {detail}")))
    }
}

/// The name a stage or cause has in the JSON.
fn code(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(code)) => code,
        _ => String::new(),
    }
}

/// Sends to one collector; keeps its connection between reports.
pub(super) struct Sender<'a> {
    config: &'a UploadConfig,
    dialer: &'a Dialer,
    session: Option<Session<Full<Bytes>>>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(config: &'a UploadConfig, dialer: &'a Dialer) -> Self {
        Self { config, dialer, session: None }
    }

    /// Sends one report. `Ok` means the collector acknowledged it.
    pub(super) async fn send(&mut self, report_id: Uuid, report: Bytes) -> Result<(), Refusal> {
        if let Some(session) = self.session.take() {
            match self.exchange(session, report_id, report.clone()).await {
                // A server may close a connection between two requests at any time (RFC 9112 §9.3.1): once more, fresh.
                Err(refusal) if refusal.why == Kept::Broken => {}
                settled => return settled,
            }
        }
        let connection = self.connect_trusted().await?;
        let patience = self.patience(report.len());
        let session = Session::start(connection, patience)
            .await
            .map_err(|error| Refusal::from_failure(&error.failure))?;
        self.exchange(session, report_id, report).await
    }

    /// Time for a report to go up and its answer to begin.
    fn patience(&self, report_bytes: usize) -> Duration {
        self.dialer.config().answer_timeout + Duration::from_secs((report_bytes / SLOWEST_UPLINK) as u64)
    }

    /// Connects, and makes sure of the far end before a byte of HTTP is sent: see `docs/decisions/0004-upload-trust.md`.
    async fn connect_trusted(&self) -> Result<Connection, Refusal> {
        let failed = |error: &sonde_probes::dial::DialError| Refusal::from_failure(&error.failure);
        let connection = self.dialer.connect(&self.config.url).await.map_err(|error| failed(&error))?;
        if self.config.url.scheme != Scheme::Https {
            let at_home = !connection.via_proxy && connection.peer.ip().to_canonical().is_loopback();
            return if at_home {
                Ok(connection)
            } else {
                Err(Refusal::new(Kept::NotTrusted, format!("plain http to {}", connection.peer)))
            };
        }
        if is_public(&connection) {
            return Ok(connection);
        }
        let issuer = connection.tls.and_then(|tls| tls.issuer).unwrap_or_default();
        let intercepted = || Refusal::new(Kept::Intercepted, format!("issuer: {issuer}"));
        let known = self.dialer.config();
        if known.extra_roots.is_empty() {
            return Err(intercepted());
        }
        // The chain was accepted by the system's store or by --ca, one cannot see which. Dial once more with the
        // roots of --ca as the only ones that count.
        let declared = DialConfig { stand_in_public_roots: Some(known.extra_roots.clone()), ..known.clone() };
        let dialer =
            Dialer::new(declared).map_err(|error| Refusal::new(Kept::NotTrusted, error.to_string()))?;
        let connection = dialer.connect(&self.config.url).await.map_err(|error| failed(&error))?;
        if is_public(&connection) { Ok(connection) } else { Err(intercepted()) }
    }

    /// One PUT and its answer. The connection is kept for the next when the answer was read whole.
    async fn exchange(
        &mut self,
        mut session: Session<Full<Bytes>>,
        report_id: Uuid,
        report: Bytes,
    ) -> Result<(), Refusal> {
        let patience = self.patience(report.len());
        let mut request = session
            .request(Method::PUT, &self.config.target(report_id))
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = self.config.token.as_ref().and_then(super::Token::header) {
            request = request.header(AUTHORIZATION, token);
        }
        let request =
            request.body(Full::new(report)).map_err(|error| Refusal::new(Kept::Broken, error.to_string()))?;
        // The session's own limit is that of its first report; this one may be longer.
        let sent = timeout(patience, session.send(request)).await;
        let (response, _) = sent
            .unwrap_or_else(|_| Err(Failure::new(Stage::Http, Cause::Timeout)))
            .map_err(|failure| Refusal::from_failure(&failure))?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            return Err(refused(head.status, &head.headers));
        }
        // An acknowledgement that breaks off is none: sending again does no harm, losing would.
        match timeout(patience, read_whole(body)).await {
            Err(_) => Err(Refusal::from_failure(&Failure::new(Stage::Content, Cause::Timeout))),
            Ok(Err(error)) => {
                let failure = Failure::with(Stage::Content, Cause::Truncated, error.to_string());
                Err(Refusal::from_failure(&failure))
            }
            Ok(Ok(whole)) => {
                self.session = whole.then_some(session);
                Ok(())
            }
        }
    }
}

/// Whether the roots that count accepted the chain.
fn is_public(connection: &Connection) -> bool {
    connection.tls.as_ref().is_some_and(|tls| tls.public_root)
}

/// Reads an answer's body to its end; `false` when it goes on beyond the limit.
async fn read_whole(mut body: Incoming) -> Result<bool, hyper::Error> {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame?.data_ref().map_or(0, Bytes::len);
        if read > ANSWER_LIMIT {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a status other than 2xx means.
fn refused(status: StatusCode, headers: &HeaderMap) -> Refusal {
    let why = match status.as_u16() {
        300..=399 => Kept::Redirected,
        401 | 403 => Kept::Unauthorised,
        404 | 405 | 410 => Kept::NotFound,
        408 | 425 | 429 | 500..=599 => Kept::Busy,
        _ => Kept::Refused,
    };
    let mut detail = status.to_string();
    if let Some(origin) = headers.get(LOCATION).filter(|_| why == Kept::Redirected).and_then(origin) {
        detail = format!("{detail} -> {origin}");
    }
    let retry_after = headers.get(RETRY_AFTER).filter(|_| why == Kept::Busy).and_then(retry_after);
    Refusal { why, detail, retry_after }
}

/// Scheme and host of a redirect. Its path and query may hold somebody's session.
fn origin(location: &http::HeaderValue) -> Option<String> {
    let uri: http::Uri = location.to_str().ok()?.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.host()?))
}

/// How long to wait: seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(value: &http::HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let now = jiff::Timestamp::now();
    Duration::try_from(date.duration_since(now)).ok()
}
