//! The client against real TLS and TCP servers on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::net::SocketAddr;
#[cfg(unix)]
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sonde_probes::dial::DialConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const NAME: &str = "collector.test";
const SECRET: &str = "s3cret-token";

/// What a server does with each request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// These bytes, and on with the next request.
    Bytes(&'static str),
    /// These bytes, and the connection is closed.
    Last(&'static str),
    /// Nothing, for ever.
    Silence,
    /// A TCP reset.
    Reset,
}

#[derive(Default)]
struct Seen {
    requests: Vec<(String, Vec<u8>)>,
    connections: usize,
}

struct Server {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    seen: Arc<Mutex<Seen>>,
}

fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Serves `answers` in turn (the last one again and again), over TLS or not.
async fn serve(tls: bool, answers: Vec<Answer>) -> Server {
    let (certificate, key) = certificate();
    serve_as(tls, answers, &certificate, &key).await
}

async fn serve_as(tls: bool, answers: Vec<Answer>, certificate: &str, key: &str) -> Server {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let (acceptor, seen, answers) = (acceptor.clone(), Arc::clone(&shared), answers.clone());
            seen.lock().unwrap().connections += 1;
            tokio::spawn(async move {
                if answers.iter().any(|answer| matches!(answer, Answer::Reset)) {
                    // Closing with a linger of zero sends RST.
                    tcp.set_zero_linger().unwrap();
                }
                if tls {
                    if let Ok(stream) = acceptor.accept(tcp).await {
                        converse(stream, &seen, &answers).await;
                    }
                } else {
                    converse(tcp, &seen, &answers).await;
                }
            });
        }
    });
    Server { address, certificate, seen }
}

async fn converse(mut io: impl AsyncRead + AsyncWrite + Unpin, seen: &Mutex<Seen>, answers: &[Answer]) {
    while let Some((head, body)) = read_request(&mut io).await {
        let index = {
            let mut seen = seen.lock().unwrap();
            seen.requests.push((head, body));
            seen.requests.len() - 1
        };
        match answers[index.min(answers.len() - 1)] {
            Answer::Bytes(bytes) => io.write_all(bytes.as_bytes()).await.unwrap(),
            Answer::Last(bytes) => {
                io.write_all(bytes.as_bytes()).await.unwrap();
                let _ = io.shutdown().await;
                return;
            }
            Answer::Silence => std::future::pending().await,
            Answer::Reset => return,
        }
    }
}

async fn read_request(io: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let lower = head.to_ascii_lowercase();
    let length = lower
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    io.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

impl Server {
    fn config(&self, scheme: &str) -> UploadConfig {
        let host = if scheme == "https" { NAME } else { "127.0.0.1" };
        let url = format!("{scheme}://{host}:{}/v1/reports/", self.address.port());
        UploadConfig::new(&url, Some(Token::new(SECRET).unwrap())).unwrap()
    }

    fn requests(&self) -> Vec<(String, Vec<u8>)> {
        self.seen.lock().unwrap().requests.clone()
    }
}

fn dialing() -> DialConfig {
    DialConfig {
        pinned_names: vec![(NAME.to_owned(), [127, 0, 0, 1].into())],
        // A root of nobody's: the library wants at least one.
        stand_in_public_roots: Some(vec![
            CertificateDer::from_pem_slice(certificate().0.as_bytes()).unwrap(),
        ]),
        ..DialConfig::default()
    }
}

/// Playing a public root.
fn public(server: &Server) -> Dialer {
    let stand_in_public_roots = Some(vec![server.certificate.clone()]);
    Dialer::new(DialConfig { stand_in_public_roots, ..dialing() }).unwrap()
}

fn spool(reports: u64) -> (tempfile::TempDir, Spool, Vec<Uuid>) {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::open(state.path()).unwrap();
    let ids: Vec<_> = (0..reports)
        .map(|n| Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000 + n, 0)))
        .collect();
    for id in &ids {
        spool.put(*id, &text_of(*id)).unwrap();
    }
    (state, spool, ids)
}

fn text_of(id: Uuid) -> String {
    format!("{{ \"report_id\": \"{id}\", \"label\": \"Bâtiment A\" }}\n")
}

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn every_2xx_takes_the_report_out_and_its_bytes_arrive_as_spooled() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        NO_CONTENT,
    ] {
        let server = serve(true, vec![Answer::Bytes(answer)]).await;
        let (_state, spool, ids) = spool(3);
        let drained = drain(&spool, &server.config("https"), &public(&server)).await.unwrap();
        assert_eq!(drained, Drained { sent: 3, ..Drained::default() }, "{answer}");
        assert!(spool.waiting().unwrap().is_empty());
        assert_eq!(server.seen.lock().unwrap().connections, 1, "one connection for all");
        for ((head, body), id) in server.requests().iter().zip(ids) {
            assert!(head.starts_with(&format!("PUT /v1/reports/{id} HTTP/1.1\r\n")), "{head}");
            assert!(head.contains(&format!("authorization: Bearer {SECRET}\r\n")), "{head}");
            assert!(head.contains("content-type: application/json\r\n"), "{head}");
            assert_eq!(body, text_of(id).as_bytes());
        }
    }
}

#[tokio::test]
async fn every_other_answer_keeps_the_report_with_its_cause() {
    let cases = [
        ("301 Moved Permanently\r\nLocation: https://portal.test/login?session=abc", Kept::Redirected),
        ("302 Found", Kept::Redirected),
        ("401 Unauthorized", Kept::Unauthorised),
        ("403 Forbidden", Kept::Unauthorised),
        ("404 Not Found", Kept::NotFound),
        ("405 Method Not Allowed", Kept::NotFound),
        ("410 Gone", Kept::NotFound),
        ("408 Request Timeout", Kept::Busy),
        ("429 Too Many Requests", Kept::Busy),
        ("500 Internal Server Error", Kept::Busy),
        ("503 Service Unavailable", Kept::Busy),
        ("400 Bad Request", Kept::Refused),
        ("409 Conflict", Kept::Refused),
        ("413 Content Too Large", Kept::Refused),
        ("422 Unprocessable Content", Kept::Refused),
    ];
    for (status, why) in cases {
        let answer: &'static str = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").leak();
        let server = serve(true, vec![Answer::Bytes(answer)]).await;
        let (_state, spool, ids) = spool(2);
        let drained = drain(&spool, &server.config("https"), &public(&server)).await.unwrap();
        let tried = if why.stops() { 1 } else { 2 };
        let kept: Vec<_> = ids.iter().take(tried).map(|id| (*id, why)).collect();
        assert_eq!((drained.sent, drained.kept, drained.untried), (0, kept, 2 - tried as u32), "{status}");
        assert_eq!(server.requests().len(), tried, "{status}: no redirect followed, no hammering");
        let last = spool.last_attempt(ids[0]).unwrap();
        assert_eq!((last.why, last.count), (why, 1));
        let detail = last.detail.unwrap();
        assert!(detail.starts_with(&status[..3]) && !detail.contains("abc"), "{detail}");
        assert_eq!(spool.waiting().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_exchange_that_breaks_keeps_the_report_and_the_next_drain_sends_it() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot a hundred";
    for bad in [
        Answer::Last(short),
        Answer::Last("HTTP/1.1 2"),
        Answer::Last("nonsense\r\n\r\n"),
        Answer::Silence,
        Answer::Reset,
    ] {
        let server = serve(true, vec![bad]).await;
        let (_state, spool, ids) = spool(1);
        let quick = DialConfig {
            answer_timeout: Duration::from_millis(300),
            stand_in_public_roots: Some(vec![server.certificate.clone()]),
            ..dialing()
        };
        let drained = drain(&spool, &server.config("https"), &Dialer::new(quick).unwrap()).await.unwrap();
        assert_eq!(drained.kept, [(ids[0], Kept::Broken)], "{bad:?}");
        let better = serve(true, vec![Answer::Bytes(NO_CONTENT)]).await;
        let drained = drain(&spool, &better.config("https"), &public(&better)).await.unwrap();
        assert_eq!(drained.sent, 1, "{bad:?}");
        assert_eq!(better.requests()[0].1, text_of(ids[0]).as_bytes());
        assert!(spool.last_attempt(ids[0]).is_none());
    }
}

#[tokio::test]
async fn a_connection_closed_between_two_reports_is_opened_again() {
    let server = serve(true, vec![Answer::Last(NO_CONTENT)]).await;
    let (_state, spool, _) = spool(3);
    let drained = drain(&spool, &server.config("https"), &public(&server)).await.unwrap();
    assert_eq!(drained.sent, 3);
}

#[tokio::test]
async fn a_refused_port_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (_state, spool, ids) = spool(2);
    let config = UploadConfig::new(&format!("http://127.0.0.1:{port}/"), None).unwrap();
    let drained = drain(&spool, &config, &Dialer::new(dialing()).unwrap()).await.unwrap();
    assert_eq!((drained.kept, drained.untried), (vec![(ids[0], Kept::Unreachable)], 1));
    assert!(spool.last_attempt(ids[0]).unwrap().detail.unwrap().starts_with("tcp/connection_refused"));
}

#[tokio::test]
async fn plain_http_to_this_machine_works() {
    let server = serve(false, vec![Answer::Bytes(NO_CONTENT)]).await;
    let (_state, spool, _) = spool(1);
    let drained = drain(&spool, &server.config("http"), &Dialer::new(dialing()).unwrap()).await.unwrap();
    assert_eq!(drained.sent, 1);
}

#[tokio::test]
async fn an_untrusted_chain_sees_nothing_and_a_declared_root_is_enough() {
    let server = serve(true, vec![Answer::Bytes(NO_CONTENT)]).await;
    let (_state, spool, ids) = spool(1);
    let drained = drain(&spool, &server.config("https"), &Dialer::new(dialing()).unwrap()).await.unwrap();
    assert_eq!(drained.kept, [(ids[0], Kept::NotTrusted)]);
    assert!(server.requests().is_empty());
    let declared = DialConfig { extra_roots: vec![server.certificate.clone()], ..dialing() };
    let drained = drain(&spool, &server.config("https"), &Dialer::new(declared).unwrap()).await.unwrap();
    assert_eq!(drained.sent, 1);
}

/// The system's store is read once per process from where `SSL_CERT_FILE` says: a process of its own for it.
#[cfg(unix)]
#[tokio::test]
async fn a_chain_only_the_system_store_knows_never_sees_the_token() {
    const KEY: &str = "SONDE_ECOLE_TEST_KEY";
    let Some(key) = std::env::var_os(KEY) else {
        let place = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate();
        let (cert_path, key_path) = (place.path().join("store.pem"), place.path().join("key.pem"));
        std::fs::write(&cert_path, certificate).unwrap();
        std::fs::write(&key_path, key).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "upload::tests::a_chain_only_the_system_store_knows_never_sees_the_token"])
            .env(KEY, key_path)
            .env("SSL_CERT_FILE", cert_path)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    };
    let certificate = std::fs::read_to_string(std::env::var_os("SSL_CERT_FILE").unwrap()).unwrap();
    let key = std::fs::read_to_string(key).unwrap();
    let server = serve_as(true, vec![Answer::Bytes(NO_CONTENT)], &certificate, &key).await;
    let another = CertificateDer::from_pem_slice(self::certificate().0.as_bytes()).unwrap();
    for extra_roots in [vec![], vec![another]] {
        let (_state, spool, ids) = spool(1);
        let dialer = Dialer::new(DialConfig { extra_roots, ..dialing() }).unwrap();
        let drained = drain(&spool, &server.config("https"), &dialer).await.unwrap();
        assert_eq!(drained.kept, [(ids[0], Kept::Intercepted)], "a --ca for something else changes nothing");
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn retry_after_is_heeded_unless_a_person_insists() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 999999999\r\nContent-Length: 0\r\n\r\n";
    let server = serve(true, vec![Answer::Bytes(busy), Answer::Bytes(NO_CONTENT)]).await;
    let (_state, spool, ids) = spool(2);
    let (mut config, dialer) = (server.config("https"), public(&server));
    drain(&spool, &config, &dialer).await.unwrap();
    assert_eq!(spool.last_attempt(ids[0]).unwrap().retry_after_s, Some(86_400), "clamped to a day");
    let drained = drain(&spool, &config, &dialer).await.unwrap();
    assert!(drained.deferred_until.is_some());
    assert_eq!((drained.untried, server.requests().len()), (2, 1));
    config.insist = true;
    assert_eq!(drain(&spool, &config, &dialer).await.unwrap().sent, 2);
    let order: Vec<_> = server.requests().into_iter().map(|(_, body)| body).collect();
    assert_eq!(order[1], text_of(ids[1]).as_bytes(), "the one it choked on comes last");
}

#[tokio::test]
async fn two_drains_at_once_lose_nothing() {
    let server = serve(true, vec![Answer::Bytes(NO_CONTENT)]).await;
    let (_state, spool, ids) = spool(20);
    let (config, dialer) = (server.config("https"), public(&server));
    let (a, b) = tokio::join!(drain(&spool, &config, &dialer), drain(&spool, &config, &dialer));
    assert!(a.unwrap().sent + b.unwrap().sent >= 20);
    assert!(spool.waiting().unwrap().is_empty());
    for id in ids {
        assert!(server.requests().iter().any(|(_, body)| body == text_of(id).as_bytes()), "{id} arrived");
    }
}

#[tokio::test]
async fn the_time_limit_ends_a_drain_and_a_damaged_report_does_not_stop_it() {
    let server = serve(true, vec![Answer::Silence]).await;
    let (_state, spool, ids) = spool(3);
    std::fs::write(spool.directory().join(format!("{}.json", ids[0])), "{\"report_id\":").unwrap();
    let mut config = server.config("https");
    config.time_limit = Some(Duration::from_millis(500));
    let drained = drain(&spool, &config, &public(&server)).await.unwrap();
    assert_eq!((drained.sent, drained.quarantined, drained.untried), (0, 1, 1));
    assert_eq!(drained.kept, [(ids[1], Kept::Broken)]);
}

#[test]
fn unsafe_urls_are_refused_before_anything_is_sent() {
    for url in ["https://c.example/v1", "http://127.0.0.1:8080/", "http://[::1]/x", "http://localhost:1/"] {
        assert!(UploadConfig::new(url, None).is_ok(), "{url}");
    }
    let refused = |url: &str| UploadConfig::new(url, None).unwrap_err();
    assert_eq!(refused("http://c.example/"), UploadUrlError::PlainHttp);
    assert_eq!(refused("http://127.0.0.1.example/"), UploadUrlError::PlainHttp);
    assert_eq!(refused("http://10.0.0.1/"), UploadUrlError::PlainHttp);
    assert_eq!(refused("tcp://c.example:443"), UploadUrlError::NotHttp);
    assert_eq!(refused("https://c.example/?token=x"), UploadUrlError::Query);
    assert!(matches!(refused("https://user:pw@c.example/"), UploadUrlError::Url(_)));
}

#[test]
fn a_token_comes_from_a_file_and_never_shows() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("token");
    std::fs::write(&path, format!("{SECRET}\r\n")).unwrap();
    let read = token_from_file(&path).unwrap();
    assert_eq!(read.token, Token::new(SECRET).unwrap());
    assert!(!format!("{read:?}").contains(SECRET));
    assert!(!format!("{:?}", read.token.header().unwrap()).contains(SECRET));
    for bad in ["", "\n", "two words", "évident", "a\r\nX-Injected: 1", "a\0b"] {
        std::fs::write(&path, bad).unwrap();
        assert!(token_from_file(&path).is_err(), "{bad:?}");
    }
    std::fs::write(&path, "x".repeat(5000)).unwrap();
    assert!(matches!(token_from_file(&path), Err(TokenError::TooLong)));
    assert!(matches!(token_from_file(&place.path().join("none")), Err(TokenError::Read { .. })));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&path, SECRET).unwrap();
        for (mode, open) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(token_from_file(&path).unwrap().readable_by_others, open, "{mode:o}");
        }
    }
}
