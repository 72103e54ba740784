//! Measurement servers on loopback, good and bad, made of real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// What a server does with each request.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// A file of so many bytes.
    File(u64),
    /// The same, closing the connection after each.
    FileThenClose(u64),
    /// Announces 100 MiB and closes after so many bytes.
    Truncated(u64),
    /// Announces 100 MiB and says nothing more after so many bytes.
    Stalled(u64),
    /// This answer, word for word, and the end.
    Says(&'static str),
    /// Never answers.
    Silent,
    /// Resets the connection once asked.
    Resets,
    /// LibreSpeed's upload: reads the body, counts it, answers 200.
    Swallows,
    /// The same once for each connection, which it resets, unannounced, when a second request begins.
    SwallowsOne,
    /// Answers 200 at once, without reading the body.
    AnswersAtOnce,
    /// ndt7 both ways. `true`: tells its counters.
    Ndt7(bool),
}

/// A server on a free port of the loopback.
pub(super) struct Server {
    pub(super) port: u16,
    /// Payload bytes received (uploads) so far.
    pub(super) received: Arc<AtomicU64>,
    /// Requests answered or begun so far.
    pub(super) requests: Arc<AtomicU64>,
    /// Connections accepted so far.
    pub(super) connections: Arc<AtomicU64>,
}

/// Lets bytes pass at a rate, over all connections together.
struct Pace {
    next: Mutex<Instant>,
    bytes_per_s: f64,
}

impl Pace {
    async fn pass(&self, bytes: usize) {
        let mut next = self.next.lock().await;
        // No credit for time that was not used, beyond a scheduler's slip: a shaper's bucket, not a loan.
        let slip = Duration::from_millis(20);
        let at = (*next).max(Instant::now().checked_sub(slip).unwrap_or(*next));
        *next = at + Duration::from_secs_f64(bytes as f64 / self.bytes_per_s);
        drop(next);
        sleep_until(at).await;
    }
}

struct Shared {
    manner: Manner,
    pace: Pace,
    received: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

/// A stream, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Starts a server that moves bytes at `mbit_s` Mbit/s at most.
pub(super) async fn start(manner: Manner, mbit_s: f64) -> Server {
    start_with(manner, mbit_s, None).await
}

/// The same over TLS.
pub(super) async fn start_tls(manner: Manner, mbit_s: f64, tls: TlsAcceptor) -> Server {
    start_with(manner, mbit_s, Some(tls)).await
}

async fn start_with(manner: Manner, mbit_s: f64, tls: Option<TlsAcceptor>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // A mire that reads slowly must be felt by the sender, not hidden in megabytes of buffer.
    socket2::SockRef::from(&listener).set_recv_buffer_size(64 << 10).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (received, requests) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let shared = Arc::new(Shared {
        manner,
        pace: Pace { next: Mutex::new(Instant::now()), bytes_per_s: mbit_s * 1e6 / 8.0 },
        received: Arc::clone(&received),
        requests: Arc::clone(&requests),
    });
    let connections = Arc::new(AtomicU64::new(0));
    let accepted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accepted.fetch_add(1, Ordering::SeqCst);
            let (shared, tls) = (Arc::clone(&shared), tls.clone());
            // The client closes when it has enough: an error here is no error.
            tokio::spawn(async move {
                match shared.manner {
                    Manner::Resets => return resets(stream, &shared).await.unwrap_or(()),
                    Manner::SwallowsOne => return swallows_one(stream, &shared).await.unwrap_or(()),
                    _ => {}
                }
                let stream: Box<dyn Stream> = match tls {
                    None => Box::new(stream),
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => return,
                    },
                };
                match shared.manner {
                    Manner::Ndt7(tells) => ndt7(stream, &shared, tells).await,
                    _ => http(stream, &shared).await.unwrap_or(()),
                }
            });
        }
    });
    Server { port, received, requests, connections }
}

/// Reads a request's head; returns its announced body length and the body bytes read with it.
async fn head<S: Stream>(stream: &mut S) -> std::io::Result<Option<(u64, usize)>> {
    let mut read = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(None);
        }
        read.extend_from_slice(&buffer[..count]);
        if let Some(end) = read.windows(4).position(|part| part == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |value| value.trim().parse().unwrap());
            return Ok(Some((length, read.len() - end - 4)));
        }
    }
}

/// Resets the connection once asked.
async fn resets(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    head(&mut stream).await?;
    shared.requests.fetch_add(1, Ordering::SeqCst);
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

/// Takes one upload, then resets the connection once asked again.
async fn swallows_one(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    if let Some((length, already)) = head(&mut stream).await? {
        swallow(&mut stream, shared, length, already).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
    }
    resets(stream, shared).await
}

async fn http(mut stream: Box<dyn Stream>, shared: &Shared) -> std::io::Result<()> {
    while let Some((length, already)) = head(&mut stream).await? {
        shared.requests.fetch_add(1, Ordering::SeqCst);
        let announced = 100 << 20;
        match shared.manner {
            Manner::File(size) => body(&mut stream, shared, size, size, "").await?,
            Manner::FileThenClose(size) => {
                return body(&mut stream, shared, size, size, "Connection: close\r\n").await;
            }
            Manner::Truncated(size) => return body(&mut stream, shared, announced, size, "").await,
            Manner::Stalled(size) => {
                body(&mut stream, shared, announced, size, "").await?;
                return std::future::pending().await;
            }
            Manner::Says(text) => {
                stream.write_all(text.as_bytes()).await?;
                stream.shutdown().await?;
                // Closing with a request's body unread would reset the connection and lose the answer.
                return tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop);
            }
            Manner::Silent => return std::future::pending().await,
            Manner::Swallows => {
                swallow(&mut stream, shared, length, already).await?;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
            }
            Manner::AnswersAtOnce => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
                return std::future::pending().await;
            }
            Manner::Ndt7(_) | Manner::Resets | Manner::SwallowsOne => unreachable!("not HTTP"),
        }
    }
    Ok(())
}

async fn body<S: Stream>(
    stream: &mut S,
    shared: &Shared,
    announced: u64,
    size: u64,
    header: &str,
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {announced}\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let chunk = vec![0xa5; 8 << 10];
    let mut left = size;
    while left > 0 {
        let count = chunk.len().min(left as usize);
        shared.pace.pass(count).await;
        stream.write_all(&chunk[..count]).await?;
        left -= count as u64;
    }
    Ok(())
}

async fn swallow<S: Stream>(
    stream: &mut S,
    shared: &Shared,
    length: u64,
    already: usize,
) -> std::io::Result<()> {
    // What came with the head is part of the load like the rest.
    shared.pace.pass(already).await;
    shared.received.fetch_add(already as u64, Ordering::SeqCst);
    let mut left = length - already as u64;
    let mut buffer = vec![0; 8 << 10];
    while left > 0 {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        shared.pace.pass(count).await;
        shared.received.fetch_add(count as u64, Ordering::SeqCst);
        left -= count as u64;
    }
    Ok(())
}

/// The official server's behaviour, as far as a client sees it: 10 s at most, 250 ms counters.
async fn ndt7(stream: Box<dyn Stream>, shared: &Shared, tells: bool) {
    let mut upload = false;
    // The signature is the library's.
    #[allow(clippy::result_large_err, clippy::unnecessary_wraps)]
    let greet = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        upload = request.uri().path().ends_with("/ndt/v7/upload");
        assert_eq!(request.headers()["sec-websocket-protocol"], "net.measurementlab.ndt.v7");
        response.headers_mut().insert("sec-websocket-protocol", "net.measurementlab.ndt.v7".parse().unwrap());
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, greet).await else { return };
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let end = Instant::now() + Duration::from_secs(10);
    if !upload {
        let message = vec![0xa5; 32 << 10];
        while Instant::now() < end {
            shared.pace.pass(message.len()).await;
            if socket.send(Message::binary(message.clone())).await.is_err() {
                return;
            }
            let _ = socket.send(Message::text(r#"{"AppInfo":{"NumBytes":1}}"#)).await;
        }
        let _ = socket.close(None).await;
        return;
    }
    let (mut own, mut told_at) = (0, Instant::now());
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(data) = message {
            for part in data.chunks(8 << 10) {
                shared.pace.pass(part.len()).await;
            }
            own += data.len() as u64;
            shared.received.fetch_add(data.len() as u64, Ordering::SeqCst);
        }
        if tells && told_at.elapsed() > Duration::from_millis(250) {
            told_at = Instant::now();
            let _ = socket.send(Message::text(format!(r#"{{"TCPInfo":{{"BytesReceived":{own}}}}}"#))).await;
        }
    }
}
