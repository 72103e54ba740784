//! How large packets may be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How large IPv4 packets may be on the way to the mire, outwards: answers may come back in fragments. Asked with packets
/// that must not be fragmented (RFC 1191). A hint: silence about large ones may be a black hole (RFC 2923, 2.1), or a host
/// or firewall that ignores large echoes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathMtu {
    /// The largest packet that was answered, bytes, IP header included.
    pub answered_bytes: u32,
    /// The smallest larger one that got neither an answer nor a word, though it was sent twice, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_bytes: Option<u32>,
    /// The router that said that a larger one does not fit, as it must: the one that allows least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_big: Option<TooBig>,
}

/// "Fragmentation needed" (RFC 792, type 3, code 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TooBig {
    /// Who said so.
    pub from: String,
    /// What fits its next link, bytes (RFC 1191, 4); `None` from a router that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_bytes: Option<u32>,
}
