//! One HTTP/1.1 exchange, or several, on a connection dialled here.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use sonde_report::values::{Phases, TlsInfo};
use sonde_report::{Cause, Failure, Stage};
use tokio::time::timeout;

use super::{Connection, DialError, Dialer, Target, USER_AGENT, io_cause};
use crate::clock::micros;

/// A connection that speaks HTTP/1.1.
#[derive(Debug)]
pub struct Session<B> {
    sender: SendRequest<B>,
    /// How the connection came about.
    pub phases: Phases,
    /// The far end (the proxy's address when there is one).
    pub peer: std::net::SocketAddr,
    /// The TLS session, when there is one.
    pub tls: Option<TlsInfo>,
    /// Whether a proxy stands between.
    pub via_proxy: bool,
    absolute_form: bool,
    proxy_authorization: Option<String>,
    answer_timeout: Duration,
    driver: tokio::task::JoinHandle<()>,
}

impl<B> Drop for Session<B> {
    /// Closes the connection: a transfer that was given up must not go on behind the next probe.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// An answer read whole, up to a limit.
#[derive(Debug)]
pub struct Exchange {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, cut at the limit asked for.
    pub body: Bytes,
    /// Whether the body was longer than the limit.
    pub cut: bool,
    /// How long each phase took.
    pub phases: Phases,
    /// The TLS session, when there is one.
    pub tls: Option<TlsInfo>,
    /// The far end (the proxy's address when there is one).
    pub peer: std::net::SocketAddr,
    /// Whether a proxy stands between.
    pub via_proxy: bool,
}

impl<B> Session<B>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Starts HTTP/1.1 on a connection.
    ///
    /// # Errors
    /// A [`DialError`] of stage `http`.
    pub async fn start(connection: Connection, answer_timeout: Duration) -> Result<Self, DialError> {
        let Connection { io, phases, peer, tls, via_proxy, forwarded, proxy_authorization } = connection;
        let (sender, driver) =
            hyper::client::conn::http1::handshake(TokioIo::new(io)).await.map_err(|error| DialError {
                failure: hyper_failure(&error),
                phases,
                address: Some(peer.ip()),
                tls: tls.clone(),
            })?;
        let driver = tokio::spawn(async move {
            // Its errors come out of the request they break, too.
            let _ = driver.await;
        });
        Ok(Self {
            sender,
            phases,
            peer,
            tls,
            via_proxy,
            absolute_form: forwarded,
            proxy_authorization,
            answer_timeout,
            driver,
        })
    }

    /// A request with the right form of URI, `Host`, `User-Agent` and proxy header.
    #[must_use]
    pub fn request(&self, method: http::Method, target: &Target) -> http::request::Builder {
        let uri = if self.absolute_form { target.to_string() } else { target.path.clone() };
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header(http::header::HOST, target.authority(false))
            .header(http::header::USER_AGENT, USER_AGENT);
        match &self.proxy_authorization {
            Some(value) => request.header(http::header::PROXY_AUTHORIZATION, value),
            None => request,
        }
    }

    /// Whether a second request may follow on this connection. Never where a proxy forwards what is asked in clear: some
    /// (tinyproxy) hand everything that follows the first request to the server as it comes, `Proxy-Authorization` included.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        !self.absolute_form
    }

    /// Sends a request and waits for the head of its answer, within the time allowed; returns the time it took.
    ///
    /// # Errors
    /// A [`Failure`] of stage `http`.
    pub async fn send(
        &mut self,
        request: http::Request<B>,
    ) -> Result<(http::Response<Incoming>, Duration), Failure> {
        let start = Instant::now();
        let answer = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        match timeout(self.answer_timeout, answer).await {
            Err(_) => Err(Failure::new(Stage::Http, Cause::Timeout)),
            Ok(Err(error)) => Err(hyper_failure(&error)),
            Ok(Ok(response)) => Ok((response, start.elapsed())),
        }
    }
}

impl Dialer {
    /// GETs `target` once and reads at most `limit` bytes of the answer.
    ///
    /// # Errors
    /// A [`DialError`] naming the stage and cause. An HTTP error status is an answer, not an error.
    pub async fn get(&self, target: &Target, limit: usize) -> Result<Exchange, DialError> {
        let connection = self.connect(target).await?;
        self.get_on(connection, target, limit).await
    }

    /// The same on a connection that is open already.
    ///
    /// # Errors
    /// As [`Dialer::get`].
    pub async fn get_on(
        &self,
        connection: Connection,
        target: &Target,
        limit: usize,
    ) -> Result<Exchange, DialError> {
        let mut session = Session::<Empty<Bytes>>::start(connection, self.config.answer_timeout).await?;
        let stop = |failure, session: &Session<Empty<Bytes>>| DialError {
            failure,
            phases: session.phases,
            address: Some(session.peer.ip()),
            tls: session.tls.clone(),
        };
        let request = session
            .request(http::Method::GET, target)
            .header(http::header::ACCEPT, "*/*")
            .header(http::header::CONNECTION, "close")
            .body(Empty::new())
            .map_err(|error| {
                stop(Failure::with(Stage::Http, Cause::ProtocolError, error.to_string()), &session)
            })?;
        let (response, elapsed) = session.send(request).await.map_err(|failure| stop(failure, &session))?;
        session.phases.ttfb_us = Some(micros(elapsed));
        let (head, body) = response.into_parts();
        let (body, cut) = match timeout(self.config.answer_timeout, read_up_to(body, limit)).await {
            Err(_) => return Err(stop(Failure::new(Stage::Content, Cause::Timeout), &session)),
            Ok(Err(error)) => {
                return Err(stop(Failure { stage: Stage::Content, ..hyper_failure(&error) }, &session));
            }
            Ok(Ok(read)) => read,
        };
        Ok(Exchange {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            cut,
            phases: session.phases,
            tls: session.tls.clone(),
            peer: session.peer,
            via_proxy: session.via_proxy,
        })
    }
}

/// Reads a body up to `limit` bytes; says whether it went on.
async fn read_up_to(mut body: Incoming, limit: usize) -> Result<(Bytes, bool), hyper::Error> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let room = limit - read.len();
            read.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                return Ok((read.freeze(), true));
            }
        }
    }
    Ok((read.freeze(), false))
}

/// The cause behind an HTTP exchange that broke.
#[must_use]
pub(crate) fn hyper_failure(error: &hyper::Error) -> Failure {
    let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    let mut system = None;
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            system = Some(io_cause(io));
        }
        source = inner.source();
    }
    let cause = match system {
        Some(Cause::ConnectionClosed) if error.is_incomplete_message() => Cause::ConnectionClosed,
        Some(cause) => cause,
        None if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            Cause::ConnectionClosed
        }
        None if error.is_body_write_aborted() => Cause::Truncated,
        None => Cause::ProtocolError,
    };
    let detail = system.map_or_else(|| error.to_string(), |_| format!("{error}"));
    Failure::with(Stage::Http, cause, detail)
}
