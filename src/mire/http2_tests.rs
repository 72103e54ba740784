//! A real mire on loopback, spoken to with hyper's HTTP/2 client over real TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

/// No test may hang: far beyond what any of them takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A mire with TLS only, and what trusts it.
struct Tls {
    _mire: Mire,
    at: SocketAddr,
    trust: CertificateDer<'static>,
}

impl Tls {
    async fn start(rate_bps: Option<u64>, max_connections: usize) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["mire.example".to_owned()]).unwrap();
        let trust = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let tls = Some(tls_from_der(vec![trust.clone()], key).unwrap());
        let https = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        let config = MireConfig { https, tls, rate_bps, max_connections, ..MireConfig::default() };
        let mire = Mire::start(config).await.unwrap();
        Self { at: mire.https[0], _mire: mire, trust }
    }

    /// A TLS connection that offers these protocols.
    async fn connect(&self, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.trust.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(self.at).await.unwrap();
        let name = ServerName::try_from("mire.example").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// An HTTP/2 connection whose windows are wide enough for loopback; ends with the task.
    async fn http2(&self) -> (SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>) {
        let stream = self.connect(&[b"h2"]).await;
        let (client, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(1 << 24)
            .initial_connection_window_size(1 << 24)
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        (client, tokio::spawn(connection))
    }
}

/// A request for a path of `mire.example:8443`.
fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let uri = format!("https://mire.example:8443{path}");
    Request::builder().method(method).uri(uri).body(Full::new(body.into())).unwrap()
}

async fn body(answer: Response<Incoming>) -> Bytes {
    tokio::time::timeout(LIMIT, answer.into_body().collect()).await.expect("it ends").unwrap().to_bytes()
}

#[tokio::test]
async fn the_version_is_the_one_the_client_asks_for() {
    let tls = Tls::start(None, 64).await;
    for (offered, agreed) in [
        (&[b"h2".as_slice(), b"http/1.1"] as &[&[u8]], Some(b"h2".as_slice())),
        (&[b"http/1.1", b"h2"], Some(b"h2")),
        (&[b"http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let mut stream = tls.connect(offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed);
        if agreed != Some(b"h2") {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("it ends");
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{offered:?}");
        }
    }
}

#[tokio::test]
async fn every_path_answers_over_http2_as_over_http1() {
    let tls = Tls::start(None, 64).await;
    let (mut client, _connection) = tls.http2().await;
    for (method, path, status, length) in [
        (Method::GET, "/healthz", 200, Some(3)),
        (Method::GET, "/nq/small", 200, Some(1)),
        (Method::HEAD, "/nq/large", 200, Some(0)),
        (Method::POST, "/nq/upload", 200, Some(0)),
        (Method::GET, "/garbage.php?ckSize=1", 200, Some(1 << 20)),
        (Method::GET, "/file/3M.bin", 200, Some(3_000_000)),
        (Method::OPTIONS, "/empty.php", 204, Some(0)),
        (Method::GET, "/nothing", 404, None),
        (Method::DELETE, "/nq/small", 405, None),
        (Method::POST, "/.well-known/nq", 405, None),
        // There is no upgrade in this version.
        (Method::GET, "/ndt/v7/download", 426, None),
    ] {
        let answer = client.send_request(request(method.clone(), path, "")).await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.version(), http::Version::HTTP_2);
        assert!(answer.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("no-store"), "{path}");
        if path == "/nq/large" {
            assert_eq!(answer.headers()[header::CONTENT_LENGTH], "8000000000");
        }
        let body = body(answer).await;
        if let Some(length) = length {
            assert_eq!(body.len(), length, "{method} {path}");
        }
    }
    // No proxy either: the method names no path, and there is nothing there.
    let tunnel = Request::builder().method(Method::CONNECT).uri("mire.example:8443").body(Full::default());
    let answer = client.send_request(tunnel.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_description_names_the_host_the_client_named() {
    let tls = Tls::start(None, 64).await;
    let (mut client, _connection) = tls.http2().await;
    let answer = client.send_request(request(Method::GET, "/.well-known/nq", "")).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json; charset=utf-8");
    let described: serde_json::Value = serde_json::from_slice(&body(answer).await).unwrap();
    let at = |path: &str| format!("https://mire.example:8443/nq/{path}");
    assert_eq!(
        described,
        serde_json::json!({ "version": 1, "urls": {
            "small_download_url": at("small"),
            "large_download_url": at("large"),
            "upload_url": at("upload"),
            "small_https_download_url": at("small"),
            "large_https_download_url": at("large"),
            "https_upload_url": at("upload"),
        }})
    );
}

#[tokio::test]
async fn probes_pass_a_load_on_the_same_connection() {
    let tls = Tls::start(Some(50_000_000), 64).await;
    let (mut client, _connection) = tls.http2().await;
    let load = client.send_request(request(Method::GET, "/nq/large", "")).await.unwrap();
    let loading = tokio::spawn(async move {
        let mut load = load.into_body();
        let mut bytes = 0;
        while let Some(Ok(frame)) = load.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
        }
        bytes
    });
    // Beside a load without end, each probe is answered; the load has not been.
    for _ in 0..10 {
        let answer = client.send_request(request(Method::GET, "/nq/small", "")).await.unwrap();
        assert_eq!(body(answer).await.len(), 1);
    }
    assert!(!loading.is_finished());
}

#[tokio::test]
async fn uploads_beyond_the_window_are_read_whole() {
    let tls = Tls::start(None, 64).await;
    let (client, _connection) = tls.http2().await;
    let more_than_the_window = Bytes::from(vec![7; 40 << 20]);
    let uploads = join_all((0..2).map(|_| {
        let mut client = client.clone();
        let request = request(Method::POST, "/nq/upload", more_than_the_window.clone());
        async move { client.send_request(request).await.unwrap().status() }
    }));
    assert_eq!(tokio::time::timeout(LIMIT, uploads).await.expect("they end"), [StatusCode::OK; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_for_all_streams_together() {
    let rate = 40_000_000.0;
    let tls = Tls::start(Some(rate as u64), 64).await;
    let (client, _connection) = tls.http2().await;
    let start = Instant::now();
    let received = join_all((0..4).map(|_| {
        let mut client = client.clone();
        async move {
            let answer = client.send_request(request(Method::GET, "/file/4M.bin", "")).await.unwrap();
            body(answer).await.len()
        }
    }));
    let bytes: usize = received.await.iter().sum();
    assert_eq!(bytes, 16_000_000);
    let ratio = bytes as f64 * 8.0 / start.elapsed().as_secs_f64() / rate;
    // From the request to the last byte, with what TLS and the frames add: a little below.
    assert!((0.85..=1.03).contains(&ratio), "{ratio:.4}");
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_over_http2() {
    let tls = Tls::start(None, 1).await;
    let (mut holder, _connection) = tls.http2().await;
    assert_eq!(
        holder.send_request(request(Method::GET, "/healthz", "")).await.unwrap().status(),
        StatusCode::OK
    );
    let (mut other, _refused) = tls.http2().await;
    let answer = other.send_request(request(Method::GET, "/nq/small", "")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "10");
    assert!(!answer.headers().contains_key(header::CONNECTION));
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_ended_and_one_that_asks_is_not() {
    let tls = Tls::start(Some(8_000_000), 64).await;
    let (idle, over_idle) = tls.http2().await;
    let (mut busy, over_busy) = tls.http2().await;
    // 14 s at this rate: longer than the idle one is let.
    let transfer = tokio::spawn(async move {
        let answer = busy.send_request(request(Method::GET, "/file/14M.bin", "")).await.unwrap();
        body(answer).await.len()
    });
    tokio::time::timeout(LIMIT, over_idle).await.expect("it is ended").unwrap().expect("and politely");
    drop(idle);
    assert!(!over_busy.is_finished() && !transfer.is_finished());
    assert_eq!(tokio::time::timeout(LIMIT, transfer).await.expect("it ends").unwrap(), 14_000_000);
}

#[tokio::test]
async fn a_reader_without_a_window_is_cut_and_the_connection_lives() {
    let tls = Tls::start(None, 64).await;
    let stream = tls.connect(&[b"h2"]).await;
    let (mut client, connection) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(65_535)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let _connection = tokio::spawn(connection);
    let start = Instant::now();
    let stuck = client.send_request(request(Method::GET, "/file/100M.bin", "")).await.unwrap();
    // Nothing is read, and hyper gives no window for what is not read; meanwhile others are served.
    let answer = client.send_request(request(Method::GET, "/nq/small", "")).await.unwrap();
    assert_eq!(body(answer).await.len(), 1);
    // The stream's end is seen without reading on, as an error or as the end of what had come.
    let ended = async {
        loop {
            let answer = client.send_request(request(Method::GET, "/nq/small", "")).await.unwrap();
            assert_eq!(body(answer).await.len(), 1);
            // Not synchronisation: the pace of the probes that keep the connection in use.
            tokio::time::sleep(Duration::from_millis(500)).await;
            if start.elapsed() > super::routes::TRANSFER_ALLOWED + Duration::from_secs(4) {
                break;
            }
        }
        let mut stuck = stuck.into_body();
        let mut bytes = 0;
        loop {
            match stuck.frame().await {
                Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) => break (bytes, true),
                None => break (bytes, false),
            }
        }
    };
    let (bytes, failed) = tokio::time::timeout(LIMIT, ended).await.expect("it ends");
    assert!(failed, "a cut transfer is visibly incomplete");
    assert!(bytes <= 65_535, "{bytes}");
}

#[tokio::test]
async fn headers_too_large_and_noise_never_stop_it() {
    let tls = Tls::start(None, 64).await;
    let (mut client, _connection) = tls.http2().await;
    let mut large = request(Method::GET, "/healthz", "");
    for index in 0..40 {
        let name: header::HeaderName = format!("x-{index}").parse().unwrap();
        large.headers_mut().insert(name, "a".repeat(1000).parse().unwrap());
    }
    // 431 (RFC 6585) or a reset stream: not a page.
    if let Ok(answer) = client.send_request(large).await {
        assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let mut noise = vec![0; 4096];
    for preface in [&b""[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        rustls::crypto::ring::default_provider().secure_random.fill(&mut noise).unwrap();
        let mut stream = tls.connect(&[b"h2"]).await;
        let _ = stream.write_all(preface).await;
        let _ = stream.write_all(&noise).await;
        let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut Vec::new())).await.expect("it ends");
    }
    let (mut client, _connection) = tls.http2().await;
    let answer = client.send_request(request(Method::GET, "/healthz", "")).await.unwrap();
    assert_eq!(body(answer).await, "ok\n");
}
