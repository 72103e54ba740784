//! A real mire on loopback, spoken to over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::*;

/// No test may hang: far beyond what any of them takes.
const LIMIT: Duration = Duration::from_secs(60);

async fn mire(rate_bps: Option<u64>, max_connections: usize) -> (Mire, SocketAddr) {
    let http = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let mire =
        Mire::start(MireConfig { http, rate_bps, max_connections, ..MireConfig::default() }).await.unwrap();
    let address = mire.http[0];
    (mire, address)
}

/// Sends `request` and reads all there is until the mire closes.
async fn raw(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // A mire that has seen enough may close before all is sent.
    let _ = stream.write_all(request).await;
    let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("it ends");
    answer
}

/// Status, head (lower case) and body of one request.
async fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    let answer = raw(address, &request).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer[end..].to_vec())
}

#[tokio::test]
async fn every_path_answers_as_its_clients_expect() {
    let (_mire, at) = mire(None, 64).await;
    for (method, path, status, length) in [
        ("GET", "/", 200, None),
        ("GET", "/healthz", 200, Some(3)),
        ("GET", "/garbage.php?ckSize=1", 200, Some(1 << 20)),
        ("GET", "/backend/garbage.php", 200, Some(4 << 20)),
        ("HEAD", "/backend/garbage.php", 200, Some(0)),
        ("GET", "/empty.php", 200, Some(0)),
        ("HEAD", "/empty.php", 200, Some(0)),
        ("OPTIONS", "/backend/empty.php?cors", 204, Some(0)),
        ("GET", "/file/3M.bin", 200, Some(3_000_000)),
        ("HEAD", "/file/3M.bin", 200, Some(0)),
        ("GET", "/nothing", 404, None),
        ("DELETE", "/empty.php", 405, None),
        ("POST", "/garbage.php", 405, None),
        ("GET", "/ndt/v7/download", 426, None),
        ("GET", "/.well-known/nq", 200, None),
        ("POST", "/.well-known/nq", 405, None),
        ("GET", "/nq/small", 200, Some(1)),
        ("HEAD", "/nq/large", 200, Some(0)),
        ("POST", "/nq/upload", 200, Some(0)),
    ] {
        let (got, head, body) = ask(at, method, path, b"").await;
        assert_eq!(got, status, "{method} {path}");
        assert!(head.contains("no-store"), "{method} {path}");
        if let Some(length) = length {
            assert_eq!(body.len(), length, "{method} {path}");
        }
    }
    let (_, head, _) = ask(at, "HEAD", "/file/3M.bin", b"").await;
    assert!(head.contains("content-length: 3000000"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
}

#[tokio::test]
async fn get_ip_is_librespeeds_json_and_cors_only_when_asked() {
    let (_mire, at) = mire(None, 64).await;
    let (_, head, body) = ask(at, "GET", "/getIP.php?isp=true", b"").await;
    assert!(!head.contains("access-control"), "{head}");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, serde_json::json!({ "processedString": "127.0.0.1", "rawIspInfo": "" }));
    let (_, head, _) = ask(at, "GET", "/getIP.php?cors=true&r=1", b"").await;
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
}

#[tokio::test]
async fn in_clear_the_description_names_no_https_and_repeats_no_nonsense() {
    let (_mire, at) = mire(None, 64).await;
    let ask = async |hosts: &str| {
        let request = format!("GET /.well-known/nq HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        String::from_utf8(raw(at, request.as_bytes()).await).unwrap()
    };
    let answer = ask(&format!("Host: {at}\r\n")).await;
    let described: serde_json::Value =
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(
        described,
        serde_json::json!({ "version": 1, "urls": {
            "small_download_url": format!("http://{at}/nq/small"),
            "large_download_url": format!("http://{at}/nq/large"),
            "upload_url": format!("http://{at}/nq/upload"),
        }})
    );
    for hosts in ["", "Host: <script>\r\n", "Host: \"evil\r\n", "Host: a\r\nHost: a\r\n"] {
        let answer = ask(hosts).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
        assert!(!answer.contains("script") && !answer.contains("evil"), "{answer}");
    }
}

#[tokio::test]
async fn uploads_are_read_whole_and_two_downloads_differ() {
    let (_mire, at) = mire(None, 64).await;
    for path in ["/empty.php", "/file/1M.bin"] {
        let (status, _, body) = ask(at, "POST", path, &vec![7; 3 << 20]).await;
        assert_eq!((status, body.len()), (200, 0), "{path}");
    }
    let first = ask(at, "GET", "/garbage.php?ckSize=1", b"").await.2;
    assert_ne!(first, ask(at, "GET", "/garbage.php?ckSize=1", b"").await.2);
}

#[tokio::test]
async fn random_bytes_and_broken_requests_never_stop_it() {
    let (_mire, at) = mire(None, 64).await;
    let mut noise = vec![0_u8; 4096];
    for _ in 0..20 {
        rustls::crypto::ring::default_provider().secure_random.fill(&mut noise).unwrap();
        raw(at, &noise).await;
    }
    for request in [
        "GET /garbage.php?ckSize=\u{1F4A9}&&&=== HTTP/1.1\r\n\r\n",
        "GET /%00%ff?%%% HTTP/1.1\r\nConnection: close\r\n\r\n",
        "POST /empty.php HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /ndt/v7/download HTTP/1.0\r\nUpgrade: websocket\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\r\n\r\n\r\n\r\nGET\r\n\r\n",
    ] {
        raw(at, request.as_bytes()).await;
    }
    assert_eq!(ask(at, "GET", "/healthz", b"").await.2, b"ok\n");
}

#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let (_mire, at) = mire(None, 1).await;
    let mut holder = TcpStream::connect(at).await.unwrap();
    holder.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    holder.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let (status, head, _) = ask(at, "GET", "/healthz", b"").await;
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: 10"), "{head}");
    drop(holder);
    // The place is free once the mire has seen the end.
    let freed = async { while ask(at, "GET", "/healthz", b"").await.0 != 200 {} };
    tokio::time::timeout(LIMIT, freed).await.expect("the place is given back");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let (_mire, at) = mire(None, 64).await;
    let start = Instant::now();
    let answer = raw(at, b"GET /healthz HTTP/1.1\r\nHost: ").await;
    assert!(start.elapsed() < LIMIT);
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let (mire, at) = mire(None, 64).await;
    let held = TcpStream::connect(at).await.unwrap();
    drop(mire);
    let freed = async {
        loop {
            if let Ok(listener) = TcpListener::bind(at).await {
                break listener;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, freed).await.expect("the port is free again");
    drop(held);
}

/// Downloads on `streams` connections for a while and returns the rate of their payload, the beginning left out.
async fn rate_down(at: SocketAddr, streams: usize) -> f64 {
    let total = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut readers = JoinSet::new();
    for _ in 0..streams {
        let total = Arc::clone(&total);
        readers.spawn(async move {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(b"GET /file/1000M.bin HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let read = stream.read(&mut buffer).await.unwrap();
                total.fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
            }
        });
    }
    steady_rate(&total).await
}

/// The same towards the mire: what the mire's own side took is what fits through the sockets.
async fn rate_up(at: SocketAddr, streams: usize) -> f64 {
    let total = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..streams {
        let total = Arc::clone(&total);
        writers.spawn(upload_for_ever(at, total));
    }
    steady_rate(&total).await
}

/// Counts in `total` what the system took; with a buffer that does not grow while the rate is taken.
async fn upload_for_ever(at: SocketAddr, total: Arc<std::sync::atomic::AtomicU64>) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    socket2::SockRef::from(&stream).set_send_buffer_size(64 << 10).unwrap();
    let head = b"POST /empty.php HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    loop {
        let written = stream.write(&[5; 16 * 1024]).await.unwrap();
        total.fetch_add(written as u64, std::sync::atomic::Ordering::Relaxed);
    }
}

/// The middle one of nine quarters of a second: a machine that is held up for a moment lets what was late catch up after it, by
/// design (`limit::CATCH_UP`), and that is no rate.
async fn steady_rate(total: &std::sync::atomic::AtomicU64) -> f64 {
    use std::sync::atomic::Ordering::Relaxed;
    // Not synchronisation: the time over which a rate is taken.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut rates = Vec::new();
    for _ in 0..9 {
        let (bytes, start) = (total.load(Relaxed), Instant::now());
        tokio::time::sleep(Duration::from_millis(250)).await;
        rates.push((total.load(Relaxed) - bytes) as f64 * 8.0 / start.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    rates[4]
}

/// What the headers of a connection's segments add to its payload.
async fn headers(at: SocketAddr) -> f64 {
    limit::ip_factor(queue::segment_size(&TcpStream::connect(at).await.unwrap()), false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_for_one_and_for_four_connections() {
    for (rate, streams) in [(4_000_000, 1), (20_000_000, 4), (100_000_000, 1)] {
        let (_mire, at) = mire(Some(rate), 64).await;
        let ratio = rate_down(at, streams).await * headers(at).await / rate as f64;
        assert!((0.95..=1.05).contains(&ratio), "{rate} bit/s on {streams}: {ratio:.4}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_towards_the_mire() {
    // Fast enough that the buffers on both sides are full well before the rate is taken.
    for (rate, streams) in [(100_000_000, 1), (100_000_000, 4)] {
        let (_mire, at) = mire(Some(rate), 64).await;
        let ratio = rate_up(at, streams).await * headers(at).await / rate as f64;
        assert!((0.95..=1.05).contains(&ratio), "{rate} bit/s on {streams}: {ratio:.4}");
    }
}

type Client = tokio_tungstenite::WebSocketStream<TcpStream>;

/// An ndt7 client's handshake.
async fn ndt7_client(at: SocketAddr, test: &str, protocol: Option<&str>) -> Result<Client, Error> {
    let mut request = format!("ws://{at}/ndt/v7/{test}").into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    let stream = TcpStream::connect(at).await.unwrap();
    tokio_tungstenite::client_async(request, stream).await.map(|(client, _)| client)
}

const PROTOCOL: &str = "net.measurementlab.ndt.v7";

#[tokio::test]
async fn ndt7_wants_its_subprotocol() {
    let (_mire, at) = mire(None, 64).await;
    for protocol in [None, Some("chat")] {
        match ndt7_client(at, "download", protocol).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), 400),
            other => panic!("{other:?}"),
        }
    }
    assert!(ndt7_client(at, "download", Some(PROTOCOL)).await.is_ok());
}

#[tokio::test]
async fn ndt7_download_lasts_ten_seconds_measures_and_closes_cleanly() {
    let (_mire, at) = mire(Some(20_000_000), 64).await;
    let mut client = ndt7_client(at, "download", Some(PROTOCOL)).await.unwrap();
    let (mut bytes, mut texts, mut closed, mut sizes) = (0_u64, Vec::new(), false, Vec::new());
    let start = Instant::now();
    while let Some(message) = tokio::time::timeout(LIMIT, client.next()).await.unwrap() {
        match message {
            Ok(Message::Binary(data)) => {
                bytes += data.len() as u64;
                sizes.push(data.len());
            }
            Ok(Message::Text(text)) => texts.push(text),
            Ok(Message::Close(frame)) => {
                closed = frame.is_some_and(|frame| u16::from(frame.code) == 1000);
            }
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(closed, "a normal closure");
    assert!(start.elapsed() > Duration::from_secs(9));
    assert_eq!(sizes[0], 1 << 13);
    assert!(sizes.iter().all(|size| (1 << 10..=1 << 20).contains(size) && size.is_power_of_two()));
    let last: serde_json::Value = serde_json::from_str(texts.last().unwrap()).unwrap();
    assert_eq!(last["AppInfo"]["NumBytes"], bytes, "the last measurement counts everything");
    assert_eq!((&last["Origin"], &last["Test"]), (&"server".into(), &"download".into()));
    assert_eq!(last["ConnectionInfo"]["Server"], at.to_string());
    assert!(texts.len() > 10, "{}", texts.len());
}

#[tokio::test]
async fn ndt7_upload_counts_what_arrived() {
    let (_mire, at) = mire(None, 64).await;
    let mut client = ndt7_client(at, "upload", Some(PROTOCOL)).await.unwrap();
    let sent = 40 * (1_u64 << 16);
    for _ in 0..40 {
        client.send(Message::binary(vec![9; 1 << 16])).await.unwrap();
    }
    loop {
        match tokio::time::timeout(LIMIT, client.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => {
                let seen: serde_json::Value = serde_json::from_str(&text).unwrap();
                let counted = seen["AppInfo"]["NumBytes"].as_u64().unwrap();
                assert!(counted <= sent);
                if counted == sent {
                    // Masked frames have 14 bytes of head at this size.
                    assert_eq!(seen["TCPInfo"]["BytesReceived"], sent + 40 * 14);
                    break;
                }
            }
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    client.close(None).await.unwrap();
    let end = async { while client.next().await.is_some_and(|message| message.is_ok()) {} };
    tokio::time::timeout(LIMIT, end).await.expect("the mire answers the goodbye");
}

#[tokio::test]
async fn tls_needs_an_identity_and_pem_is_checked() {
    let https = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    assert!(Mire::start(MireConfig { https, ..MireConfig::default() }).await.is_err());
    assert!(Mire::start(MireConfig::default()).await.is_err());
    assert!(tls_from_pem(b"", b"").is_err());
    let one = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["b.example".to_owned()]).unwrap();
    let (chain, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    assert!(tls_from_pem(chain.as_bytes(), key.as_bytes()).is_ok());
    let error = tls_from_pem(other.cert.pem().as_bytes(), key.as_bytes()).unwrap_err();
    assert!(!format!("{error:#}").contains("PRIVATE"));
}
