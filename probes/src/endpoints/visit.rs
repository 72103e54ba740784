//! One URL followed by hand, hop by hop; what was seen is kept as it comes, so that nothing is lost when time is up.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::LOCATION;
use http_body_util::{BodyExt as _, Empty};
use sonde_report::values::{FamilyReach, KnownFilter, Phases, TlsInfo};
use sonde_report::{Cause, Failure, Stage};

use super::hole::{self, Goal};
use super::{block_pages, connect, families};
use crate::clock::micros;
use crate::date;
use crate::dial::{Connection, DialError, Dialer, Scheme, Session, Target};
use crate::dns::Altered;
use crate::throughput::tcp_info::Kernel;

/// Redirects followed: GAR, ÉduConnect and a portal's own are two or three.
const REDIRECTS: usize = 5;

/// A block page's marks stand near its beginning.
const BODY_LIMIT: usize = 32 * 1024;

/// When a visit must be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until(Instant);

impl Until {
    /// So long from now.
    pub(super) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// What is left.
    pub(super) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What was seen of one URL.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// Each answer, in order.
    pub(super) hops: Vec<Hop>,
    /// Why it stopped before an answer.
    pub(super) stop: Option<Failure>,
    /// The redirects, followed or seen.
    pub(super) redirects: Vec<Target>,
    /// Whether the redirects went in a circle or on and on.
    pub(super) endless: bool,
    /// How the first name was answered, when not publicly.
    pub(super) altered: Option<Altered>,
    /// What answered in plain HTTP where TLS was due.
    pub(super) plain: Option<Hop>,
    /// Whether the far end accepted a bare TCP connection (`tcp://`).
    pub(super) connected: bool,
    pub(super) phases: Phases,
    pub(super) tls: Option<TlsInfo>,
    pub(super) address: Option<IpAddr>,
    pub(super) via_proxy: bool,
    /// The first name's addresses; empty through a proxy, or when they lead nowhere.
    pub(super) resolved: Vec<SocketAddr>,
    /// Each of them that accepted no connection, when none did.
    pub(super) refused: Vec<(SocketAddr, Failure)>,
    /// The one that did, and why no session came of it, if none did.
    pub(super) accepted: Option<(IpAddr, Option<Failure>)>,
    /// Why the first attempt did not connect, when a second one was made.
    pub(super) first_attempt: Option<Failure>,
    /// IPv4 and IPv6 apart.
    pub(super) families: Vec<FamilyReach>,
    pub(super) stage: Option<Stage>,
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) target: Target,
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
    /// Why the body was not read to its end (or limit).
    pub(super) body_failure: Option<Failure>,
    pub(super) tls: Option<TlsInfo>,
    received_at: SystemTime,
}

impl Hop {
    /// Whether it came over a public chain: from the host itself, whatever stands between.
    pub(super) fn authentic(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.public_root)
    }
}

impl Visit {
    /// The last answer's status.
    pub(super) fn http_status(&self) -> Option<u16> {
        self.hops.last().or(self.plain.as_ref()).map(|hop| hop.status)
    }

    /// The clock's offsets by the answers that are surely the servers' own.
    pub(super) fn clock_offsets(&self) -> Vec<i64> {
        let authentic = self.hops.iter().filter(|hop| hop.authentic());
        authentic.filter_map(|hop| date::offset_ms(&hop.headers, hop.received_at)).take(1).collect()
    }

    /// Notes that the time for the whole was over.
    pub(super) fn ran_out(&mut self) {
        self.stop = Some(Failure::new(self.stage.unwrap_or(Stage::Dns), Cause::Timeout));
    }

    /// Whether nothing has answered yet: what is noted is about the URL's own host.
    pub(super) fn first(&self) -> bool {
        self.hops.is_empty()
    }

    /// The product that decrypts, when a certificate on the way names it.
    pub(super) fn interceptor(&self) -> Option<KnownFilter> {
        let sessions = self.hops.iter().filter_map(|hop| hop.tls.as_ref()).chain(&self.tls);
        let mut issuers = sessions.filter(|tls| !tls.public_root).filter_map(|tls| tls.issuer.as_ref());
        issuers.find_map(|issuer| block_pages::interceptor(issuer))
    }
}

pub(super) type Notes<'a> = &'a Mutex<Visit>;

pub(super) fn note(notes: Notes<'_>) -> MutexGuard<'_, Visit> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Follows `target` to its last answer, or to where it stops; beside it, looks which IP families get to its host.
pub(super) async fn follow(dialer: &Dialer, target: &Target, until: Until, notes: Notes<'_>) {
    let first = connect::connect(dialer, target, until, notes).await;
    tokio::join!(walk(dialer, target, first, until, notes), families::look(dialer, target, until, notes));
}

/// Goes from the first connection to the last answer.
async fn walk(
    dialer: &Dialer,
    target: &Target,
    first: Result<Connection, DialError>,
    until: Until,
    notes: Notes<'_>,
) {
    let (mut next, mut connected) = (target.clone(), first);
    loop {
        let hop = match answer(dialer, &next, connected, until, notes).await {
            Ok(Some(hop)) => hop,
            Ok(None) => return note(notes).connected = true,
            Err(failure) => return note(notes).stop = Some(failure),
        };
        let redirect = location(&hop.target, hop.status, &hop.headers);
        {
            let mut visit = note(notes);
            visit.hops.push(hop);
            let Some(to) = redirect else { return };
            let again = visit.hops.iter().any(|hop| hop.target == to);
            visit.redirects.push(to.clone());
            if again || visit.redirects.len() > REDIRECTS {
                visit.endless = true;
                return;
            }
            next = to;
        }
        connected = connect::connect(dialer, &next, until, notes).await;
    }
}

/// One hop: an answer, or for `tcp://` nothing but the connection.
async fn answer(
    dialer: &Dialer,
    target: &Target,
    connected: Result<Connection, DialError>,
    until: Until,
    notes: Notes<'_>,
) -> Result<Option<Hop>, Failure> {
    let connection = match connected {
        Ok(connection) => connection,
        Err(error) => {
            note_stop(&error, notes);
            if speaks_no_tls(&error.failure) && dialer.proxy_for(&target.host, target.port).is_none() {
                let plain = answer_in_plain(dialer, target, error.address, until, notes).await;
                note(notes).plain = plain;
            }
            return Err(error.failure);
        }
    };
    note_connection(&connection, notes);
    if target.scheme == Scheme::Tcp {
        return Ok(None);
    }
    let (hop, ttfb_us) = exchange(dialer, connection, target, until).await?;
    let mut visit = note(notes);
    visit.phases.ttfb_us = Some(visit.phases.ttfb_us.unwrap_or(0).saturating_add(ttfb_us));
    Ok(Some(hop))
}

/// Notes how far an attempt came.
fn note_stop(error: &DialError, notes: Notes<'_>) {
    let mut visit = note(notes);
    if visit.first() {
        visit.phases = Phases { dns_us: visit.phases.dns_us.or(error.phases.dns_us), ..error.phases };
        visit.tls.clone_from(&error.tls);
    }
    visit.address = error.address.or(visit.address);
}

/// Notes a connection that stands.
fn note_connection(connection: &Connection, notes: Notes<'_>) {
    let mut visit = note(notes);
    visit.stage = Some(Stage::Http);
    visit.address = Some(connection.peer.ip());
    visit.via_proxy |= connection.via_proxy;
    if visit.first() {
        visit.phases =
            Phases { dns_us: visit.phases.dns_us.or(connection.phases.dns_us), ..connection.phases };
        visit.tls.clone_from(&connection.tls);
    }
}

/// One GET; the status stands even when the body breaks off.
async fn exchange(
    dialer: &Dialer,
    connection: Connection,
    target: &Target,
    until: Until,
) -> Result<(Hop, u64), Failure> {
    let patience = dialer.config().answer_timeout;
    let limit = patience.min(until.left());
    // Once a full-size segment has arrived there is no hole: a service that thinks is not asked twice.
    let small_only = !connection.via_proxy
        && Kernel::of(&connection)
            .received()
            .is_some_and(|received| received.segment <= hole::CLAMPED.into());
    let peer = connection.peer;
    let mut session =
        Session::<Empty<Bytes>>::start(connection, limit).await.map_err(|error| error.failure)?;
    let request = get(&session, target)?;
    let (response, elapsed) = tokio::select! {
        biased;
        answered = session.send(request) => answered?,
        failure = hole::shown(dialer, target, peer, (Goal::Answer, until)), if small_only => return Err(failure),
    };
    let received_at = SystemTime::now();
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    let reading = async {
        while body.len() < BODY_LIMIT {
            match incoming.frame().await {
                None => return None,
                Some(Err(error)) => {
                    return Some(Failure::with(Stage::Content, Cause::Truncated, error.to_string()));
                }
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        body.extend_from_slice(data);
                    }
                }
            }
        }
        None
    };
    // A body that drips ends with the visit's time: the status and what came of the body stand.
    let body_failure = match tokio::time::timeout(patience.min(until.left()), reading).await {
        Ok(failure) => failure,
        Err(_) => Some(Failure::new(Stage::Content, Cause::Timeout)),
    };
    let hop = Hop {
        target: target.clone(),
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.into(),
        body_failure,
        tls: session.tls.clone(),
        received_at,
    };
    Ok((hop, micros(elapsed)))
}

/// The request of a visit.
pub(super) fn get(
    session: &Session<Empty<Bytes>>,
    target: &Target,
) -> Result<http::Request<Empty<Bytes>>, Failure> {
    session
        .request(http::Method::GET, target)
        .header(http::header::ACCEPT, "*/*")
        .header(http::header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| Failure::with(Stage::Http, Cause::ProtocolError, error.to_string()))
}

/// Whether the far end answered a TLS hello with something that is no TLS at all.
fn speaks_no_tls(failure: &Failure) -> bool {
    // rustls: "received corrupt message of type InvalidContentType".
    failure.cause == Cause::TlsHandshake
        && failure.detail.as_ref().is_some_and(|detail| detail.contains("corrupt message"))
}

/// Asks the same address in plain HTTP: filters and portals answer so on the TLS port.
async fn answer_in_plain(
    dialer: &Dialer,
    target: &Target,
    address: Option<IpAddr>,
    until: Until,
    notes: Notes<'_>,
) -> Option<Hop> {
    let plain = Target { scheme: Scheme::Http, ..target.clone() };
    let address = SocketAddr::new(address?, target.port);
    let connection = dialer.within(until.left()).connect_to(&plain, address).await.ok()?;
    let (hop, _) = exchange(dialer, connection, &plain, until).await.ok()?;
    let redirect = location(&hop.target, hop.status, &hop.headers);
    note(notes).redirects.extend(redirect);
    Some(hop)
}

/// Where an answer redirects to, when it does and that can be followed (RFC 9110, 10.2.2 and 15.4).
pub(crate) fn location(base: &Target, status: u16, headers: &http::HeaderMap) -> Option<Target> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let text = headers.get(LOCATION)?.to_str().ok()?;
    let text = text.split('#').next()?.trim();
    if text.contains("://") && !text.starts_with(['/', '?']) {
        return text.parse().ok();
    }
    if let Some(rest) = text.strip_prefix("//") {
        let scheme = if base.scheme == Scheme::Http { "http" } else { "https" };
        return format!("{scheme}://{rest}").parse().ok();
    }
    let path = base.path.split('?').next().unwrap_or("/");
    let whole = if text.starts_with('/') {
        text.to_owned()
    } else if text.is_empty() || text.starts_with('?') {
        format!("{path}{text}")
    } else {
        format!("{}/{text}", path.rsplit_once('/').map_or("", |(folder, _)| folder))
    };
    base.with_path(whole).to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn to(text: &str) -> Option<String> {
        let base: Target = "https://a.example/x/y?z".parse().expect("a target");
        let mut headers = http::HeaderMap::new();
        headers.insert(LOCATION, text.parse().expect("a header"));
        location(&base, 302, &headers).map(|target| target.to_string())
    }

    #[test]
    fn redirects_are_read_in_every_form() {
        for (text, whole) in [
            ("http://b.example/p#f", "http://b.example/p"),
            ("//b.example/p", "https://b.example/p"),
            ("/p?u=http://c.example/", "https://a.example/p?u=http://c.example/"),
            ("p", "https://a.example/x/p"),
            ("?q", "https://a.example/x/y?q"),
        ] {
            assert_eq!(to(text).as_deref(), Some(whole), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_none() {
        assert_eq!(to("ftp://b.example/"), None);
        assert_eq!(to("https://user:secret@b.example/"), None);
        let base: Target = "https://a.example/".parse().expect("a target");
        assert_eq!(location(&base, 200, &http::HeaderMap::new()), None);
        assert_eq!(location(&base, 302, &http::HeaderMap::new()), None);
    }
}
