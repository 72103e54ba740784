//! What each path answers: LibreSpeed's three scripts, a large file, a responsiveness test's resources, a page for
//! people.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::nq::{self, Scheme};
use super::payload::{Payload, Pool};

/// A whole transfer, either way: what the most patient of the official clients asks for (a responsiveness test's 20 s,
/// and 15 more when it has not become stable), and a little.
pub(super) const TRANSFER_ALLOWED: Duration = Duration::from_secs(40);

/// One MiB, LibreSpeed's chunk.
const MIB: u64 = 1024 * 1024;
/// `garbage.php` without `ckSize`, in MiB: LibreSpeed's own default.
const GARBAGE_DEFAULT_MIB: u64 = 4;
/// The upper bound of `ckSize` in LibreSpeed's own script, too.
const GARBAGE_MAX_MIB: u64 = 1024;
/// The largest plain file, in MB: more than any transfer lasts for.
const FILE_MAX_MB: u64 = 10_000;

/// What the mire answers with.
pub(super) type Answer = Response<Either<Full<Bytes>, Payload>>;

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Page,
    Health,
    /// LibreSpeed's download, so many bytes.
    Garbage(u64),
    /// LibreSpeed's upload and ping.
    Empty,
    /// LibreSpeed's "what is my address".
    Address,
    /// A file of so many bytes.
    File(u64),
    /// Where a responsiveness test finds what it needs.
    Responsiveness,
    Ndt7(super::ndt7::Test),
    Unknown,
}

impl Route {
    /// Reads a path and query.
    pub(super) fn of(path: &str, query: Option<&str>) -> Self {
        // LibreSpeed's clients ask under `backend/` or not, as the server list says.
        match path.strip_prefix("/backend").unwrap_or(path) {
            "/garbage.php" | "/garbage" => Self::Garbage(garbage_bytes(query)),
            "/empty.php" | "/empty" => Self::Empty,
            "/getIP.php" | "/getIP" => Self::Address,
            _ => match path {
                "/" => Self::Page,
                "/healthz" => Self::Health,
                "/ndt/v7/download" => Self::Ndt7(super::ndt7::Test::Download),
                "/ndt/v7/upload" => Self::Ndt7(super::ndt7::Test::Upload),
                nq::WELL_KNOWN => Self::Responsiveness,
                nq::SMALL => Self::File(1),
                nq::LARGE => Self::File(nq::LARGE_BYTES),
                nq::UPLOAD => Self::Empty,
                _ => file_bytes(path).map_or(Self::Unknown, Self::File),
            },
        }
    }

    /// The methods it takes, as the `Allow` header names them.
    fn methods(self) -> &'static str {
        match self {
            Self::Page | Self::Health | Self::Ndt7(_) | Self::Unknown => "GET, HEAD",
            Self::Garbage(_) | Self::Responsiveness => "GET, HEAD, OPTIONS",
            Self::Empty | Self::Address => "GET, HEAD, POST, OPTIONS",
            Self::File(_) => "GET, HEAD, POST, PUT, OPTIONS",
        }
    }
}

/// The size asked of `garbage.php`; nonsense gets the default, as with LibreSpeed.
fn garbage_bytes(query: Option<&str>) -> u64 {
    let asked = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("ckSize="))
        .and_then(|value| value.parse::<u64>().ok())
        .filter(|mib| *mib > 0);
    asked.map_or(GARBAGE_DEFAULT_MIB, |mib| mib.min(GARBAGE_MAX_MIB)) * MIB
}

/// The size in the name of `/file/<N>M.bin`: N million bytes.
fn file_bytes(path: &str) -> Option<u64> {
    let digits = path.strip_prefix("/file/")?.strip_suffix("M.bin")?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok().filter(|mb| (1..=FILE_MAX_MB).contains(mb)).map(|mb| mb * 1_000_000)
}

/// Answers a request that is no WebSocket.
pub(super) async fn answer(
    request: Request<Incoming>,
    client: IpAddr,
    scheme: Scheme,
    pool: &Arc<Pool>,
) -> Answer {
    let route = Route::of(request.uri().path(), request.uri().query());
    let cors = request.uri().query().is_some_and(|query| query.split('&').any(|pair| is_key(pair, "cors")));
    let method = request.method().clone();
    let allowed = route.methods().split(", ").any(|name| name == method.as_str());
    let mut answer = if route == Route::Unknown {
        text(StatusCode::NOT_FOUND, "404: nothing here. Rien ici.\n")
    } else if !allowed {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "405\n");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(route.methods()));
        answer
    } else if method == Method::OPTIONS {
        status(StatusCode::NO_CONTENT)
    } else if method == Method::POST || method == Method::PUT {
        drained(request.into_body(), route, client).await
    } else if route == Route::Responsiveness {
        nq::describe(request.uri(), request.headers(), scheme)
    } else {
        content(route, &method, client, pool)
    };
    headers(&mut answer, cors || method == Method::OPTIONS);
    answer
}

/// Whether a query's pair is `key` or `key=…`.
fn is_key(pair: &str, key: &str) -> bool {
    pair.split('=').next() == Some(key)
}

/// What GET and HEAD get.
fn content(route: Route, method: &Method, client: IpAddr, pool: &Arc<Pool>) -> Answer {
    match route {
        Route::Page => {
            let mut page = text(StatusCode::OK, PAGE);
            page.headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            page
        }
        Route::Health => text(StatusCode::OK, "ok\n"),
        Route::Empty => status(StatusCode::OK),
        Route::Address => address(client),
        Route::Garbage(bytes) | Route::File(bytes) => payload(bytes, method, pool),
        // A plain request to a WebSocket's path (RFC 9110, 15.5.22).
        Route::Ndt7(_) => text(StatusCode::UPGRADE_REQUIRED, "426: ndt7 wants a WebSocket.\n"),
        Route::Unknown | Route::Responsiveness => text(StatusCode::NOT_FOUND, "404\n"),
    }
}

/// Random bytes with their length, so that a cut transfer shows. Without `Content-Encoding`: "identity" is none (RFC
/// 9110, 8.4.1), and the official responsiveness client refuses an answer that has the header at all.
fn payload(bytes: u64, method: &Method, pool: &Arc<Pool>) -> Answer {
    let body = if method == Method::HEAD {
        Either::Left(Full::default())
    } else {
        Either::Right(Payload::new(Arc::clone(pool), bytes, TRANSFER_ALLOWED))
    };
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=random.dat"));
    answer
}

/// LibreSpeed's answer to "what is my address": never looked up anywhere.
fn address(client: IpAddr) -> Answer {
    json(&serde_json::json!({ "processedString": client.to_canonical().to_string(), "rawIspInfo": "" }))
}

/// A JSON document.
pub(super) fn json(document: &serde_json::Value) -> Answer {
    let mut answer = text(StatusCode::OK, document.to_string());
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    answer
}

/// Reads a body to its end and forgets it; bounded by time, and never held.
async fn drained(mut body: Incoming, route: Route, client: IpAddr) -> Answer {
    let drain = async {
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok::<(), hyper::Error>(())
    };
    match timeout(TRANSFER_ALLOWED, drain).await {
        Ok(Ok(())) if route == Route::Address => address(client),
        Ok(Ok(())) => status(StatusCode::OK),
        Ok(Err(_)) => closing(text(StatusCode::BAD_REQUEST, "400: the body is broken.\n")),
        Err(_) => closing(text(StatusCode::REQUEST_TIMEOUT, "408: the body took too long.\n")),
    }
}

/// An answer after which the connection ends.
pub(super) fn closing(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The answer to a connection too many.
pub(super) fn busy() -> Answer {
    let mut answer = closing(text(StatusCode::SERVICE_UNAVAILABLE, "503: busy. Occupé.\n"));
    // A transfer lasts about ten seconds: then there is room again.
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    headers(&mut answer, true);
    answer
}

/// Plain text.
pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// No body at all.
fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Either::Left(Full::default()));
    *answer.status_mut() = status;
    answer
}

/// What every answer carries: nothing may be kept or changed on the way (RFC 9111), nothing guessed.
pub(super) fn headers(answer: &mut Answer, cors: bool) {
    let headers = answer.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache, must-revalidate, max-age=0, no-transform"),
    );
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::SERVER, HeaderValue::from_static("sonde-ecole-mire"));
    if cors {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Content-Encoding, Content-Type"),
        );
        // Lets the agent's phases be seen by a browser, too (W3C Resource Timing).
        headers.insert(HeaderName::from_static("timing-allow-origin"), HeaderValue::from_static("*"));
    }
}

/// The page for people who come by.
const PAGE: &str = include_str!("page.html");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bounded_and_nonsense_gets_the_default() {
        let size = |query| Route::of("/garbage.php", query);
        assert_eq!(size(None), Route::Garbage(4 * MIB));
        assert_eq!(size(Some("r=0.5&ckSize=100")), Route::Garbage(100 * MIB));
        assert_eq!(size(Some("ckSize=99999999")), Route::Garbage(1024 * MIB));
        for nonsense in ["ckSize=", "ckSize=0", "ckSize=-1", "ckSize=1e3", "ckSize=99999999999999999999999"] {
            assert_eq!(size(Some(nonsense)), Route::Garbage(4 * MIB), "{nonsense}");
        }
    }

    #[test]
    fn file_names_are_read_strictly() {
        assert_eq!(Route::of("/file/100M.bin", None), Route::File(100_000_000));
        for wrong in
            ["/file/M.bin", "/file/+1M.bin", "/file/0M.bin", "/file/10001M.bin", "/file/1M.bin/", "/file/"]
        {
            assert_eq!(Route::of(wrong, None), Route::Unknown, "{wrong}");
        }
    }

    #[test]
    fn librespeed_lives_at_the_root_and_under_backend() {
        for prefix in ["", "/backend"] {
            assert_eq!(Route::of(&format!("{prefix}/empty.php"), None), Route::Empty);
            assert_eq!(Route::of(&format!("{prefix}/getIP.php"), Some("isp=true")), Route::Address);
        }
        assert_eq!(Route::of("/backend/", None), Route::Unknown);
        assert_eq!(Route::of("/backend/healthz", None), Route::Unknown);
        assert_eq!(Route::of("/backendgarbage.php", None), Route::Unknown);
    }
}
