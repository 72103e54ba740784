//! Measurement servers that lie, stall or break off: real sockets on loopback, moving bytes at a rate of their own and
//! counting what they truly moved.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_hdr};

/// What such a server's line lets pass and what did pass, over all connections together.
#[derive(Debug)]
pub struct Line {
    bytes_per_s: f64,
    next: Mutex<Instant>,
    moved: AtomicU64,
}

impl Line {
    fn new(mbit_s: f64) -> Self {
        Self { bytes_per_s: mbit_s * 1e6 / 8.0, next: Mutex::new(Instant::now()), moved: AtomicU64::new(0) }
    }

    /// Waits until so many bytes may pass, and counts them.
    pub fn pass(&self, bytes: usize) {
        let now = Instant::now();
        let at = {
            let mut next = self.next.lock().unwrap();
            // No credit for time that was not used, beyond a scheduler's slip.
            let at = (*next).max(now.checked_sub(Duration::from_millis(20)).unwrap());
            *next = at + Duration::from_secs_f64(bytes as f64 / self.bytes_per_s);
            at
        };
        thread::sleep(at.saturating_duration_since(now));
        self.moved.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    /// The bytes that passed so far.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::SeqCst)
    }
}

/// Such a server; it ends with the process.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    pub line: Arc<Line>,
}

impl Server {
    /// Serves each connection in a thread of its own. An error in there ends it: the client left.
    pub fn start<F>(mbit_s: f64, handler: F) -> Self
    where
        F: Fn(TcpStream, &Line) -> std::io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // What the system takes in before the program reads it counts for nobody: little of it.
        socket2::SockRef::from(&listener).set_recv_buffer_size(64 << 10).unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line::new(mbit_s));
        let (shared, handler) = (Arc::clone(&line), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (line, handler) = (Arc::clone(&shared), Arc::clone(&handler));
                thread::spawn(move || handler(stream, &line));
            }
        });
        Self { address, line }
    }
}

/// Reads a request's head; gives the body's announced length and how much of it came with the head.
pub fn head(stream: &mut TcpStream) -> std::io::Result<(u64, u64)> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&buffer[..count]);
        if let Some(end) = read.windows(4).position(|part| part == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.map_or(0, |length| length.trim().parse().unwrap());
            return Ok((length, (read.len() - end - 4) as u64));
        }
    }
}

/// Reads so many bytes at the line's rate.
pub fn swallow(stream: &mut TcpStream, line: &Line, mut left: u64) -> std::io::Result<()> {
    let mut buffer = [0; 8 << 10];
    while left > 0 {
        // Not a byte more: the next request may be behind it.
        let most = left.min(buffer.len() as u64) as usize;
        let count = stream.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        line.pass(count);
        left -= count as u64;
    }
    Ok(())
}

/// Writes a head and then bytes at the line's rate, until `bytes` have passed on all connections together.
pub fn answer(stream: &mut TcpStream, line: &Line, head: &str, bytes: u64) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes())?;
    let chunk = [0xa5; 8 << 10];
    while line.moved() < bytes {
        line.pass(chunk.len());
        stream.write_all(&chunk)?;
    }
    Ok(())
}

/// Holds a connection open, silent, until the other side leaves.
pub fn hold(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 4096])? > 0 {}
    Ok(())
}

/// A stream read at the line's rate.
#[derive(Debug)]
pub struct Slow<'a> {
    stream: TcpStream,
    line: &'a Line,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(8 << 10);
        let count = self.stream.read(&mut buffer[..most])?;
        self.line.pass(count);
        Ok(count)
    }
}

impl Write for Slow<'_> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// Greets an ndt7 client.
fn greeted<S: Read + Write>(stream: S) -> std::io::Result<WebSocket<S>> {
    // The signature is the library's.
    #[allow(clippy::result_large_err, clippy::unnecessary_wraps)]
    fn agree(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
        response.headers_mut().insert("sec-websocket-protocol", "net.measurementlab.ndt.v7".parse().unwrap());
        Ok(response)
    }
    accept_hdr(stream, agree).map_err(|error| std::io::Error::other(error.to_string()))
}

/// An ndt7 upload read at the line's rate by a mire that claims `claim` (of what it has) ten times a second, and stops
/// reading for good once it has `until` bytes.
pub fn ndt7_upload(
    stream: TcpStream,
    line: &Line,
    until: u64,
    claim: impl Fn(u64) -> f64,
) -> std::io::Result<()> {
    let mut socket = greeted(Slow { stream, line })?;
    let (mut has, mut told) = (0, Instant::now());
    loop {
        let message = socket.read().map_err(std::io::Error::other)?;
        has += if let Message::Binary(data) = &message { data.len() as u64 } else { 0 };
        if line.moved() >= until {
            loop {
                thread::park();
            }
        }
        if told.elapsed() >= Duration::from_millis(100) {
            told = Instant::now();
            let text = format!(r#"{{"AppInfo":{{"NumBytes":{}}}}}"#, claim(has));
            socket.send(Message::text(text)).map_err(std::io::Error::other)?;
        }
    }
}

/// An ndt7 download at the line's rate by a mire that claims to have sent `claims` bytes.
pub fn ndt7_download(stream: TcpStream, line: &Line, claims: f64) -> std::io::Result<()> {
    let mut socket = greeted(stream)?;
    let message = vec![0xa5; 32 << 10];
    loop {
        line.pass(message.len());
        socket.send(Message::binary(message.clone())).map_err(std::io::Error::other)?;
        let text = format!(r#"{{"AppInfo":{{"NumBytes":{claims}}},"TCPInfo":{{"BytesSent":{claims}}}}}"#);
        socket.send(Message::text(text)).map_err(std::io::Error::other)?;
    }
}

/// A box that ends TCP near the client, as satellite operators have: it takes up to `holds` bytes at once, whatever the
/// line behind it lets pass, and hands them on to `mire`. The way back is not slowed.
pub fn taking_in_advance(mbit_s: f64, holds: usize, mire: SocketAddr) -> Server {
    const PIECE: usize = 8 << 10;
    Server::start(mbit_s, move |near, line| {
        let far = TcpStream::connect(mire)?;
        let (mut from_near, mut to_near) = (near.try_clone()?, near);
        let (mut to_far, mut from_far) = (far.try_clone()?, far);
        thread::spawn(move || {
            let _ = std::io::copy(&mut from_far, &mut to_near);
            let _ = to_near.shutdown(std::net::Shutdown::Both);
        });
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Vec<u8>>(holds / PIECE);
        thread::spawn(move || {
            let mut buffer = [0; PIECE];
            while let Ok(count) = from_near.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        for piece in receiver {
            line.pass(piece.len());
            to_far.write_all(&piece)?;
        }
        to_far.shutdown(std::net::Shutdown::Write)
    })
}
