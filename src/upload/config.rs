//! Where to send, and with which secret: refused here, before anything is sent, when it could not be safe.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sonde_probes::dial::{Scheme, Target, TargetError};

use crate::store::read_secret;

/// No token is longer; more is another file given by mistake. Servers refuse headers beyond 8 KiB anyway.
const MAX_TOKEN: u64 = 4096;

/// Where to send, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UploadConfig {
    /// The collector's URL; the report's id is appended as a last path segment. https, or http to loopback.
    pub url: Target,
    /// The bearer token.
    pub token: Option<Token>,
    /// Time allowed for everything that waits; `None`: as long as it takes. `run` sets it, so that cron does not hang.
    pub time_limit: Option<Duration>,
    /// Try although the collector asked to be left alone a while (`Retry-After`): a person asked for it now.
    pub insist: bool,
}

/// Why a URL cannot be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadUrlError {
    /// It is no URL.
    #[error(transparent)]
    Url(#[from] TargetError),
    /// `tcp://`.
    #[error("the upload URL must be https://… (or http:// to this machine itself)")]
    NotHttp,
    /// Plain http to another machine: the token and the report could be read and changed on the way.
    #[error("plain http:// is only allowed to this machine itself; use https://")]
    PlainHttp,
    /// It has a query: the report's id goes at the end of the path, and a secret does not belong in a URL.
    #[error("the upload URL must not have a query (…?…)")]
    Query,
}

impl UploadConfig {
    /// Checks where to send. No time limit; `Retry-After` is heeded.
    ///
    /// # Errors
    /// [`UploadUrlError`] when it is not `https://…`, nor `http://` to loopback, or has a query.
    pub fn new(url: &str, token: Option<Token>) -> Result<Self, UploadUrlError> {
        let url: Target = url.parse()?;
        match url.scheme {
            Scheme::Tcp => return Err(UploadUrlError::NotHttp),
            Scheme::Http if !is_loopback(&url.host) => return Err(UploadUrlError::PlainHttp),
            Scheme::Http | Scheme::Https => {}
        }
        if url.path.contains('?') {
            return Err(UploadUrlError::Query);
        }
        Ok(Self { url, token, time_limit: None, insist: false })
    }

    /// The URL of one report.
    pub(super) fn target(&self, report_id: uuid::Uuid) -> Target {
        self.url.with_path(format!("{}/{report_id}", self.url.path.trim_end_matches('/')))
    }
}

/// Whether a URL's host is this machine. `localhost` by its name (RFC 6761); the address behind is looked at again
/// when connected.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text is no token. Never repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("the token file {path} cannot be read ({detail})")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        detail: String,
    },
    /// There is nothing in it.
    #[error("the token is empty")]
    Empty,
    /// Longer than any token.
    #[error("the token is too long (more than {MAX_TOKEN} bytes): is this the right file?")]
    TooLong,
    /// A character that cannot stand in a header: a line break, a space, an accent.
    #[error("the token holds a character that is not allowed (only visible ASCII, no space, one line)")]
    Character,
}

impl Token {
    /// Takes a token, without the white space around it.
    ///
    /// # Errors
    /// [`TokenError`] when it is empty, too long, or could not stand in a header as it is (RFC 6750 §2.1 allows less
    /// still, but tokens in use break that).
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() {
            Err(TokenError::Empty)
        } else if text.len() as u64 > MAX_TOKEN {
            Err(TokenError::TooLong)
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Err(TokenError::Character)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The header's value, marked so that nothing prints it.
    pub(super) fn header(&self) -> Option<http::HeaderValue> {
        let mut value = http::HeaderValue::try_from(format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A token that was read from a file.
#[derive(Debug, Clone)]
pub struct TokenFile {
    /// The token.
    pub token: Token,
    /// Whether every user of this machine may read the file: worth a warning. Always `false` on Windows, where rights
    /// are not looked at.
    pub readable_by_others: bool,
}

/// Reads a token from a file; a line break at the end is taken off.
///
/// # Errors
/// [`TokenError`].
pub fn token_from_file(path: &Path) -> Result<TokenFile, TokenError> {
    let failed =
        |error: std::io::Error| TokenError::Read { path: path.to_owned(), detail: error.to_string() };
    let file = read_secret(path, MAX_TOKEN).map_err(failed)?;
    let text = std::str::from_utf8(&file.bytes).map_err(|_| TokenError::Character)?;
    Ok(TokenFile { token: Token::new(text)?, readable_by_others: file.readable_by_others })
}
