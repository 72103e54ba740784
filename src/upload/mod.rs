//! The plain upload: `PUT <URL>/<report_id>`, a bearer token, a report leaves the spool on a 2xx alone. SKELETON

use sonde_probes::dial::{Dialer, Target};

use crate::store::Spool;

/// A secret that is never printed.
#[derive(Clone)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where to send.
#[derive(Debug, Clone)]
pub struct UploadConfig {
    /// The collector's URL; the report's id is appended as a last path segment. https, or http to loopback.
    pub url: Target,
    /// The bearer token.
    pub token: Option<Token>,
}

/// One attempt to send one report, kept beside it in the spool.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attempt {
    /// When.
    pub at: sonde_report::Timestamp,
    /// How many attempts so far.
    pub count: u32,
    /// Why it was kept.
    pub why: Kept,
    /// A technical detail (status line, system error).
    pub detail: Option<String>,
}

/// Why a report was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The collector could not be reached.
    Unreachable,
    /// The chain is not a public or declared one, or TLS failed.
    NotTrusted,
    /// TLS is decrypted on the way: the token must not be shown to whoever does it.
    Intercepted,
    /// 401 or 403.
    Unauthorised,
    /// Another status.
    Refused,
    /// A redirect: never followed with a token.
    Redirected,
}

/// What came of sending everything that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drained {
    /// Reports acknowledged and removed.
    pub sent: u32,
    /// Reports kept, with the last reason.
    pub kept: Vec<(uuid::Uuid, Kept)>,
}

/// Sends everything that waits, oldest first. Stops early when the collector cannot be reached.
///
/// # Errors
/// Only when the spool itself cannot be read or written.
pub async fn drain(spool: &Spool, config: &UploadConfig, dialer: &Dialer) -> anyhow::Result<Drained> {
    let _ = (spool, config, dialer);
    anyhow::bail!("SKELETON")
}
