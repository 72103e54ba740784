//! M-Lab's ndt7 (protocol version 0.9.0): bulk data in WebSocket messages, counters in text messages.
//!
//! An upload's bytes are counted when the mire says that it has them: by its counters, and by answering the ping
//! (RFC 6455, 5.5.3) that follows each message, since a pong comes from the program that read all before it.
//!
//! Where somebody probes beside the transfer, its first stream also tells how long a loaded connection takes to answer:
//! by the same pings in an upload, by pings of its own in a download.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream as _, StreamExt as _};
use serde::Deserialize;
use sonde_report::{Cause, Failure, Stage};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};

use super::Load;
use super::http::{below, status_failure};
use super::meter::Meter;
use super::payload::{BLOCK, block};
use super::stream::{Facts, Job};
use crate::dial::{Io, Scheme, Target, USER_AGENT, io_cause};

/// The subprotocol both ends must name.
const SUBPROTOCOL: &str = "net.measurementlab.ndt.v7";
/// The largest message accepted: the specification's 16 MiB, with room for a header.
const MAX_MESSAGE: usize = (16 << 20) + 1024;
/// The first message of an upload, bytes (the specification's).
const FIRST_MESSAGE: usize = 8 << 10;
/// The largest message of an upload, bytes (the specification's recommendation).
const LARGEST_MESSAGE: usize = 1 << 20;
/// A message is at most this share of what was sent (the specification's 1/16): slow lines keep short messages.
const MESSAGE_SHARE: u64 = 16;
/// What a full 1 MiB message costs on the mire's TCP counter beyond its payload, as a ratio: a 14-byte frame head and,
/// under TLS, 22 bytes for each 16 KiB. Taken off a counter that includes them.
const WIRE_BYTES_PER_BYTE: f64 = 1.0 + 22.0 / 16_384.0 + 14.0 / 8_192.0;

/// A mire's counter may lie so much above the payload sent (and the handshakes) without contradicting it: what frames
/// and TLS records add to short messages.
const COUNTERS_DIFFER: f64 = 1.02;

/// Between two pings of a loaded download: some 30 answers in a short transfer, and 14 bytes each way beside megabits.
const PING_EVERY: Duration = Duration::from_millis(150);
/// The largest message of an upload whose answers are timed, and what its socket may hold unsent: a longer one would be
/// timed with every ping behind it. HTTP/2's usual frame, whose delay the draft's own loaded probes have.
const TIMED_MESSAGE: usize = 16 << 10;

/// A WebSocket connection to a mire.
#[derive(Debug)]
pub(crate) struct Ndt7Stream {
    socket: WebSocketStream<Counted>,
    /// Told how long this connection takes to answer.
    load: Option<Arc<Load>>,
}

impl Ndt7Stream {
    /// Connects and upgrades to WebSocket.
    pub(crate) async fn open(job: &Job, upload: bool) -> Result<(Self, Facts), Failure> {
        let base = &job.mire.target;
        let name = if upload { "ndt/v7/upload" } else { "ndt/v7/download" };
        // A query (an access token, for M-Lab's own servers) goes with the request.
        let query = base.path.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        let target = base.with_path(below(&base.path, name) + &query);
        let connection = job.connect(&target).await?;
        if connection.forwarded {
            let detail = "WebSocket without TLS does not pass an HTTP proxy: use ndt7+https";
            return Err(Failure::with(Stage::Proxy, Cause::ProxyRefused, detail));
        }
        let facts = Facts::of(&connection);
        let load = job.load.clone().filter(|load| load.claim());
        let mut config =
            WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        if load.is_some() && upload {
            // Each message goes out by itself: what is gathered here would be timed, too.
            config = config.write_buffer_size(0);
            hold_little(&connection.io);
        }
        let io = Counted { io: connection.io, meter: None };
        let greeting = tokio_tungstenite::client_async_with_config(request(&target)?, io, Some(config));
        match timeout(job.dialer.config().answer_timeout, greeting).await {
            Err(_) => Err(Failure::new(Stage::Http, Cause::Timeout)),
            Ok(Err(error)) => Err(greeting_failure(&error, &target)),
            Ok(Ok((socket, _))) => Ok((Self { socket, load }, facts)),
        }
    }

    /// Receives until the mire closes.
    pub(crate) async fn download(mut self, meter: &Meter) -> Result<(), Failure> {
        self.socket.get_mut().meter = Some(meter.clone());
        let start = Instant::now();
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut asked, mut longest) = (0_u64, 0_u64);
        loop {
            let message = tokio::select! {
                message = self.socket.next() => message,
                _ = pings.tick(), if self.load.is_some() => {
                    // The ping says when it was asked; a pong that says anything later is not believed.
                    asked = crate::clock::micros(start.elapsed());
                    let ping = Message::Ping(Bytes::copy_from_slice(&asked.to_be_bytes()));
                    // Its errors come out of the reading, too.
                    let _ = self.socket.send(ping).await;
                    continue;
                }
            };
            match message {
                Some(Ok(Message::Pong(told))) => {
                    let told =
                        told.as_ref().try_into().ok().map(u64::from_be_bytes).filter(|told| *told <= asked);
                    if let (Some(load), Some(told)) = (&self.load, told) {
                        load.answered(start + Duration::from_micros(told), std::mem::take(&mut longest));
                    }
                }
                Some(Ok(Message::Binary(data))) => longest = longest.max(data.len() as u64),
                None | Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) => break,
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(failure(&error)),
            }
        }
        Ok(())
    }

    /// Sends until told to stop, then waits for what is still on its way to be acknowledged.
    pub(crate) async fn upload(self, meter: &Meter) -> Result<(), Failure> {
        let mut sender = Sender {
            socket: self.socket,
            sent: 0,
            acked: 0,
            acked_at: meter.now(),
            ping_due: false,
            load: self.load,
            pings: VecDeque::new(),
        };
        std::future::poll_fn(|cx| sender.poll(cx, meter)).await
    }
}

/// An upload under way on one WebSocket.
struct Sender {
    socket: WebSocketStream<Counted>,
    /// Payload handed to the WebSocket.
    sent: u64,
    /// Payload the mire is known to have.
    acked: u64,
    /// When the last was heard of, seconds.
    acked_at: f64,
    /// Whether the last message still wants its ping.
    ping_due: bool,
    /// Told how long this connection takes to answer.
    load: Option<Arc<Load>>,
    /// Pings under way for it: what each says, and when it was handed over.
    pings: VecDeque<(u64, Instant)>,
}

impl Sender {
    /// Hears what has come, then sends what fits.
    fn poll(&mut self, cx: &mut Context<'_>, meter: &Meter) -> Poll<Result<(), Failure>> {
        loop {
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    if matches!(message, Message::Close(_)) {
                        return Poll::Ready(Ok(()));
                    }
                    self.hear(&message, meter);
                }
                Poll::Ready(None | Some(Err(Error::ConnectionClosed))) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(failure(&error))),
                Poll::Pending => break,
            }
        }
        loop {
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(failure(&error))),
                Poll::Ready(Ok(())) => {}
            }
            let Some(message) = self.next_message(meter) else { break };
            if let Err(error) = Pin::new(&mut self.socket).start_send(message) {
                return Poll::Ready(Err(failure(&error)));
            }
        }
        // Nothing more to send: what is buffered must leave, and its acknowledgement come back.
        if self.acked >= self.sent {
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.socket).poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(failure(&error))),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    /// The next message to send; `None` when there is nothing more to send.
    fn next_message(&mut self, meter: &Meter) -> Option<Message> {
        if self.ping_due {
            self.ping_due = false;
            if self.load.is_some() {
                self.pings.push_back((self.sent, Instant::now()));
            }
            return Some(Message::Ping(Bytes::copy_from_slice(&self.sent.to_be_bytes())));
        }
        if meter.stopping() {
            return None;
        }
        let share = usize::try_from(self.sent / MESSAGE_SHARE).unwrap_or(usize::MAX);
        // Powers of two, as the specification's scaling gives.
        let largest = if self.load.is_some() { TIMED_MESSAGE } else { LARGEST_MESSAGE };
        let wanted = (share.clamp(FIRST_MESSAGE, largest) + 1).next_power_of_two() / 2;
        let granted = meter.reserve(wanted as u64);
        if granted == 0 {
            return None;
        }
        let offset = usize::try_from(self.sent % (BLOCK - LARGEST_MESSAGE) as u64).unwrap_or(0);
        let data = block().slice(offset..offset + granted as usize);
        self.sent += granted;
        meter.handed_over(granted);
        self.ping_due = true;
        Some(Message::Binary(data))
    }

    /// Takes what a message tells about the bytes that arrived.
    fn hear(&mut self, message: &Message, meter: &Meter) {
        let told = match message {
            Message::Pong(count) => count.as_ref().try_into().map(u64::from_be_bytes).ok(),
            Message::Text(text) => counted_by_mire(text.as_str()),
            _ => None,
        };
        if let (Message::Pong(_), Some(told)) = (message, told) {
            self.heard(told);
        }
        let told = told.unwrap_or(0);
        if told as f64 > self.sent as f64 * COUNTERS_DIFFER + 4096.0 {
            meter.contradicted();
        }
        // Never more than was sent, whatever the mire claims.
        let told = told.min(self.sent);
        let more = told.saturating_sub(self.acked);
        self.acked += more;
        if meter.acknowledged(self.acked_at, more) > 0 {
            self.acked_at = meter.now();
        }
    }
}

impl Sender {
    /// A ping's answer: those before it without one (a mire may answer the latest only, RFC 6455, 5.5.3) are forgotten.
    fn heard(&mut self, told: u64) {
        while let Some(&(said, asked)) = self.pings.front().filter(|(said, _)| *said <= told) {
            self.pings.pop_front();
            if let Some(load) = self.load.as_ref().filter(|_| said == told) {
                load.answered(asked, 0);
            }
        }
    }
}

/// Keeps what waits in this machine's socket short (the draft asks it of servers too); where the system cannot, the
/// answers take longer.
#[cfg(target_os = "linux")]
fn hold_little(io: &Io) {
    let _ = socket2::SockRef::from(io.tcp()).set_tcp_notsent_lowat(TIMED_MESSAGE as u32);
}

#[cfg(not(target_os = "linux"))]
fn hold_little(_: &Io) {}

/// A measurement message, as far as it matters here; everything may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    #[serde(rename = "AppInfo")]
    app: Option<AppInfo>,
    #[serde(rename = "TCPInfo")]
    tcp: Option<TcpInfo>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AppInfo {
    #[serde(rename = "NumBytes")]
    bytes: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TcpInfo {
    #[serde(rename = "BytesReceived")]
    bytes: Option<f64>,
}

/// The payload a measurement message says the mire has received; `None` where it does not say.
fn counted_by_mire(text: &str) -> Option<u64> {
    let told: Told = serde_json::from_str(text).ok()?;
    let count = |bytes: f64| (bytes.is_finite() && bytes >= 0.0).then_some(bytes);
    let app = told.app.and_then(|app| app.bytes).and_then(count);
    let tcp = told.tcp.and_then(|tcp| tcp.bytes).and_then(count);
    // The TCP counter includes the handshakes (a client sends less than 4 KiB in them) and the frames.
    app.or_else(|| tcp.map(|bytes| (bytes - 4096.0).max(0.0) / WIRE_BYTES_PER_BYTE)).map(|bytes| bytes as u64)
}

fn request(target: &Target) -> Result<http::Request<()>, Failure> {
    let scheme = if target.scheme == Scheme::Https { "wss" } else { "ws" };
    http::Request::builder()
        .uri(format!("{scheme}://{}{}", target.authority(false), target.path))
        .header(http::header::HOST, target.authority(false))
        .header(http::header::USER_AGENT, USER_AGENT)
        .header(http::header::CONNECTION, "Upgrade")
        .header(http::header::UPGRADE, "websocket")
        .header(http::header::SEC_WEBSOCKET_VERSION, "13")
        .header(
            http::header::SEC_WEBSOCKET_KEY,
            tokio_tungstenite::tungstenite::handshake::client::generate_key(),
        )
        .header(http::header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        .body(())
        .map_err(|error| Failure::with(Stage::Http, Cause::ProtocolError, error.to_string()))
}

/// Why the upgrade did not succeed.
fn greeting_failure(error: &Error, target: &Target) -> Failure {
    match error {
        Error::Http(response) if response.status().is_success() => Failure::with(
            Stage::Http,
            Cause::UnexpectedContent,
            format!("{} to an upgrade", response.status()),
        ),
        Error::Http(response) => {
            let location =
                response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok());
            status_failure(response.status(), location, target)
        }
        other => Failure { stage: Stage::Http, ..failure(other) },
    }
}

/// Why an exchange under way broke.
fn failure(error: &Error) -> Failure {
    let cause = match error {
        Error::Io(io) => io_cause(io),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete)
        | Error::AlreadyClosed
        | Error::ConnectionClosed => Cause::ConnectionClosed,
        _ => Cause::ProtocolError,
    };
    Failure::with(Stage::Transfer, cause, error.to_string())
}

/// A stream whose received bytes are counted as they come: a mire's messages may be as long as a second of the line.
/// Frame heads count too (10 bytes for each 8 KiB and more), and so do the mire's own figures, as with M-Lab's clients: on
/// a slow line they are 0.3 % of what it carries.
#[derive(Debug)]
struct Counted {
    io: Io,
    meter: Option<Meter>,
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.meter.as_ref().is_some_and(Meter::exhausted) {
            // The data allowed is used up. The engine sees that at its next tick and ends the stream.
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut this.io).poll_read(cx, buf);
        if let Some(meter) = &this.meter {
            meter.received((buf.filled().len() - before) as u64);
        }
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_whatever_else_is_there() {
        assert_eq!(
            counted_by_mire(r#"{"AppInfo":{"NumBytes":1000},"TCPInfo":{"BytesReceived":2000}}"#),
            Some(1000)
        );
        assert_eq!(counted_by_mire(r#"{"TCPInfo":{"BytesReceived":10}}"#), Some(0));
        let wire = counted_by_mire(r#"{"TCPInfo":{"BytesReceived":1000000,"ElapsedTime":5},"X":[1]}"#);
        assert!(wire.is_some_and(|bytes| (985_000..1_000_000).contains(&bytes)), "{wire:?}");
        for text in ["", "[]", "{}", r#"{"AppInfo":{"NumBytes":-1}}"#, r#"{"AppInfo":null}"#, "<html>"] {
            assert_eq!(counted_by_mire(text), None, "{text}");
        }
    }
}
