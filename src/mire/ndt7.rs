//! The ndt7 protocol's server side: one WebSocket, random bytes one way, counters both ways.
//!
//! Source: M-Lab's ndt7 protocol specification, v0.11.0 (<https://github.com/m-lab/ndt-server>,
//! `spec/ndt7-protocol.md`). Not served: `TCPInfo`'s fields other than `BytesReceived` and `ElapsedTime`, all optional
//! there (the official client shows a round trip of 0 for want of them), and any archive of results.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::payload::Pool;
use super::routes::{Answer, headers, text};
use super::stream::Counters;

/// The subprotocol's name.
const SUBPROTOCOL: &str = "net.measurementlab.ndt.v7";
/// The specification's bound on the query string.
const QUERY_MAX: usize = 4096;
/// "Up to ten seconds."
const TEST_LASTS: Duration = Duration::from_secs(10);
/// "After thirteen seconds an implementation may close": what the closing handshake may take on top.
const CLOSING_ALLOWED: Duration = Duration::from_secs(3);
/// Between measurements; the specification allows ten a second.
const MEASUREMENT_EVERY: Duration = Duration::from_millis(250);
/// The specification's first message size.
const FIRST_MESSAGE: usize = 1 << 13;
/// Messages grow up to here: the official client reads none larger.
const LARGEST_MESSAGE: usize = 1 << 20;
/// A message may be 1/16 of what was sent before (the specification's appendix): its own queueing stays small.
const GROWTH_SHARE: u64 = 16;
/// Nor is one longer than this at the rate so far: nothing else passes meanwhile, and whoever asks on this connection (a
/// ping) would wait for its end.
const MESSAGE_LASTS: f64 = 0.010;
/// The specification's bound on what is received.
const LARGEST_RECEIVED: usize = 1 << 24;

/// Which test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Test {
    Download,
    Upload,
}

/// A test agreed to, which begins once HTTP has stepped aside.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) test: Test,
    pub(super) on_upgrade: OnUpgrade,
    /// What the connection had received when it was agreed to. Later, bytes of the test may be among it.
    pub(super) received_before: u64,
}

/// The two ends of a connection, and what passed.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) counters: Arc<Counters>,
}

/// Whether a request is this protocol's handshake: `None` when it is none at all, else the answer, and whether it
/// agrees.
pub(super) fn handshake<B>(request: &Request<B>) -> Option<Result<Answer, Answer>> {
    let headers = request.headers();
    if !has_token(headers, &header::UPGRADE, "websocket") {
        return None;
    }
    Some(agreed(request).map_err(|problem| {
        let mut answer = text(StatusCode::BAD_REQUEST, format!("400: {problem}.\n"));
        self::headers(&mut answer, false);
        answer
    }))
}

/// The handshake's rules (RFC 6455, section 4.2.1, and the subprotocol).
fn agreed<B>(request: &Request<B>) -> Result<Answer, &'static str> {
    let headers = request.headers();
    let is = |name, wanted: &str| headers.get(name).is_some_and(|value: &HeaderValue| value == wanted);
    if request.method() != Method::GET || request.version() != http::Version::HTTP_11 {
        return Err("a WebSocket starts with GET and HTTP/1.1");
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return Err("Connection: Upgrade is missing");
    }
    if !is(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err("Sec-WebSocket-Version must be 13");
    }
    if !has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err("Sec-WebSocket-Protocol must be net.measurementlab.ndt.v7");
    }
    if request.uri().query().is_some_and(|query| query.len() > QUERY_MAX) {
        return Err("the query is longer than 4096 bytes");
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        // 16 bytes in base64.
        .filter(|key| key.len() == 24)
        .ok_or("Sec-WebSocket-Key is missing or not of 16 bytes")?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| "no usable key")?;
    let mut answer = Response::new(Either::Left(Full::default()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    Ok(answer)
}

/// Whether a comma-separated header holds `token`, whatever its case.
fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// A measurement message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Measurement {
    app_info: AppInfo,
    connection_info: ConnectionInfo,
    origin: &'static str,
    test: Test,
    #[serde(rename = "TCPInfo", skip_serializing_if = "Option::is_none")]
    tcp_info: Option<TcpInfo>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AppInfo {
    elapsed_time: u64,
    num_bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConnectionInfo {
    client: String,
    server: String,
    #[serde(rename = "UUID")]
    uuid: String,
}

/// The part of the kernel's counters that is known here without asking it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TcpInfo {
    bytes_received: u64,
    elapsed_time: u64,
}

/// What measurements are made of.
#[derive(Debug)]
struct Observer {
    test: Test,
    start: Instant,
    connection: ConnectionInfo,
    counters: Arc<Counters>,
    /// What the connection had received before the test (the handshakes).
    received_before: u64,
}

impl Observer {
    fn new(test: Test, line: &Line, received_before: u64) -> Self {
        Self {
            test,
            start: Instant::now(),
            connection: ConnectionInfo {
                client: canonical(line.client).to_string(),
                server: canonical(line.server).to_string(),
                uuid: uuid::Uuid::now_v7().to_string(),
            },
            received_before,
            counters: Arc::clone(&line.counters),
        }
    }

    /// The present state, with so many application bytes moved.
    fn message(&self, num_bytes: u64) -> Message {
        let elapsed_time = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let bytes_received = self.counters.received().saturating_sub(self.received_before);
        let measurement = Measurement {
            app_info: AppInfo { elapsed_time, num_bytes },
            connection_info: self.connection.clone(),
            origin: "server",
            test: self.test,
            tcp_info: (self.test == Test::Upload).then_some(TcpInfo { bytes_received, elapsed_time }),
        };
        // Plain numbers and strings: writing them cannot fail.
        Message::text(serde_json::to_string(&measurement).unwrap_or_default())
    }
}

/// An address as people know it: IPv4 without its IPv6 wrapping.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Runs a test on a connection whose handshake was agreed to.
pub(super) async fn run(agreed: Agreed, line: Line, pool: &Pool) {
    let Agreed { test, on_upgrade, received_before } = agreed;
    let Ok(upgraded) = on_upgrade.await else { return };
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_RECEIVED))
        .max_frame_size(Some(LARGEST_RECEIVED))
        // One message more than what is flushed: nothing piles up.
        .write_buffer_size(64 * 1024)
        .max_write_buffer_size(4 * LARGEST_MESSAGE);
    let socket = Socket::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let observer = Observer::new(test, &line, received_before);
    let end = tokio::time::Instant::now() + TEST_LASTS;
    let (mut sink, mut stream) = socket.split();
    // Errors end the test: there is nobody left to tell.
    let whole = async {
        let last = match test {
            Test::Download => download(&observer, &mut sink, &mut stream, pool, end).await,
            Test::Upload => upload(&observer, &mut sink, &mut stream, end).await,
        };
        if let Some(bytes) = last {
            let _ = sink.send(observer.message(bytes)).await;
            let _ = close(&mut sink, &mut stream).await;
        }
    };
    let _ = timeout(TEST_LASTS + CLOSING_ALLOWED, whole).await;
}

/// Says goodbye and waits for the other side's goodbye.
async fn close(sink: &mut SplitSink<Socket, Message>, stream: &mut SplitStream<Socket>) -> Result<(), Error> {
    let frame = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    sink.send(Message::Close(Some(frame))).await?;
    while let Some(message) = stream.next().await {
        message?;
    }
    Ok(())
}

/// Sends until the time is over; the bytes sent, or `None` when the client left.
async fn download(
    observer: &Observer,
    sink: &mut SplitSink<Socket, Message>,
    stream: &mut SplitStream<Socket>,
    pool: &Pool,
    end: tokio::time::Instant,
) -> Option<u64> {
    let sending = async {
        let mut sent = 0_u64;
        let mut size = FIRST_MESSAGE;
        let start = Instant::now();
        let mut position = pool.start();
        let mut next_measurement = Instant::now() + MEASUREMENT_EVERY;
        while tokio::time::Instant::now() < end {
            let message = filled(pool, &mut position, size);
            sink.send(Message::Binary(message)).await.ok()?;
            sent += size as u64;
            let short = sent as f64 / start.elapsed().as_secs_f64().max(MESSAGE_LASTS) * MESSAGE_LASTS;
            if size > FIRST_MESSAGE && size as f64 > short {
                size /= 2;
            } else if size < LARGEST_MESSAGE
                && size as u64 <= sent / GROWTH_SHARE
                && size as f64 * 2.0 <= short
            {
                size *= 2;
            }
            if Instant::now() >= next_measurement {
                sink.send(observer.message(sent)).await.ok()?;
                next_measurement = Instant::now() + MEASUREMENT_EVERY;
            }
        }
        Some(sent)
    };
    // The client's own measurements are read and forgotten; data it must not send.
    let listen = async {
        while let Some(Ok(message)) = stream.next().await {
            if matches!(message, Message::Binary(_) | Message::Close(_)) {
                break;
            }
        }
    };
    tokio::select! {
        bytes = sending => bytes,
        () = listen => None,
    }
}

/// `size` random bytes; copied only where they run over the pool's end.
fn filled(pool: &Pool, position: &mut usize, size: usize) -> Bytes {
    let (first, next) = pool.slice(*position, size);
    *position = next;
    if first.len() == size {
        return first;
    }
    let mut whole = first.to_vec();
    let (rest, next) = pool.slice(next, size - first.len());
    whole.extend_from_slice(&rest);
    *position = next;
    whole.into()
}

/// Receives until the time is over or the client is done; the bytes received, or `None` when it just left.
async fn upload(
    observer: &Observer,
    sink: &mut SplitSink<Socket, Message>,
    stream: &mut SplitStream<Socket>,
    end: tokio::time::Instant,
) -> Option<u64> {
    let mut total = 0_u64;
    let mut ticks = interval(MEASUREMENT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once and says nothing yet.
    ticks.tick().await;
    let test = async {
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(Message::Binary(data))) => total += data.len() as u64,
                    Some(Ok(Message::Close(_))) => {
                        // The protocol's answer to it is due; then the connection ends.
                        let _ = sink.flush().await;
                        return None;
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                },
                _ = ticks.tick() => sink.send(observer.message(total)).await.ok()?,
            }
        }
    };
    let ended: Result<Option<()>, _> = timeout_at(end, test).await;
    match ended {
        Err(_) => Some(total),
        Ok(_) => None,
    }
}
