//! What a resolver does beside answering: lies, signatures, sizes, search domains. And what an NTP server says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Failure;

/// What one resolver was found to do beside answering the run's names. `None` everywhere: not asked, or nothing came
/// back that tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsConduct {
    /// Whether it answers an address for names that do not exist (NXDOMAIN rewriting).
    pub rewrites_nxdomain: Option<bool>,
    /// The addresses it answers for them, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewritten_to: Vec<String>,
    /// What it does with DNSSEC.
    #[serde(default)]
    pub dnssec: Dnssec,
    /// Which ways and sizes it answers by.
    #[serde(default)]
    pub transport: DnsTransport,
    /// The machine's search domains, as this resolver knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<DnsSearchDomain>,
}

/// What a resolver does with DNSSEC (RFC 4035, RFC 6840). None of it is a fault: it is information.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dnssec {
    /// Whether the signatures of a signed name come with its answer (DO bit).
    pub signatures: Option<bool>,
    /// Whether the resolver vouches for that answer (AD flag).
    pub authentic_data: Option<bool>,
    /// Whether it refuses a name whose signature is broken on purpose.
    pub validation: DnssecValidation,
    /// The broken name that told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_name: Option<String>,
}

/// Whether a resolver checks signatures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnssecValidation {
    /// It refuses a broken name and gives it when told not to check.
    Validating,
    /// It answers a broken name as any other.
    NotValidating,
    /// The network did not let it be told.
    #[default]
    Unknown,
}

/// Which ways and sizes of answer come through (RFC 7766, RFC 6891, RFC 9715).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsTransport {
    /// A small answer over TCP.
    pub tcp: Option<DnsDelivery>,
    /// Whether a question with EDNS is answered with EDNS.
    pub edns: Option<bool>,
    /// An answer above 512 bytes over UDP, 1232 allowed.
    pub above_512: Option<DnsDelivery>,
    /// An answer above 1232 bytes over UDP, 4096 allowed.
    pub above_1232: Option<DnsDelivery>,
    /// Whether an answer that came truncated over UDP came whole over TCP.
    pub truncation_falls_back: Option<bool>,
}

/// How one answer came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsDelivery {
    /// How.
    pub state: DnsDeliveryState,
    /// Its size, bytes; `None` when none came.
    pub bytes: Option<u32>,
    /// Why none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// How an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnsDeliveryState {
    /// Whole.
    Whole,
    /// Truncated: the rest must be asked for over TCP.
    Truncated,
    /// Not at all.
    Lost,
}

/// One search domain, as a resolver knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsSearchDomain {
    /// The domain.
    pub domain: String,
    /// Whether it answers an address for any name below it; `None` when that could not be told.
    pub wildcard: Option<bool>,
    /// The addresses it answers then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// What the machine appends to names (resolv.conf(5), or the Windows suffix list).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsSearchList {
    /// The search domains, in order.
    pub domains: Vec<String>,
    /// Names with fewer dots than this are tried with the search domains first; `None` where the system has no such
    /// number.
    pub ndots: Option<u32>,
}

/// How a name is blocked or altered by a resolver. Each has its own evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnsBlock {
    /// REFUSED for this name, while others are answered.
    Refused,
    /// SERVFAIL for this name, while others are answered.
    ServerFailure,
    /// 0.0.0.0, `::` or loopback for a public name.
    NullAddress,
    /// A private address for a public name.
    PrivateAddress,
    /// "No such name" (NXDOMAIN), while the reference knows it.
    NameDenied,
    /// The name without an address, while the reference gives one.
    AddressDenied,
    /// A public address that does not hold the name's certificate, while the reference's does.
    OtherAddress,
}

/// An answer beside the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnsComparison {
    /// At least one address in common, or none on either side.
    Same,
    /// Other addresses, as content networks lawfully answer.
    OtherAddresses,
    /// An address that cannot be the name's.
    Altered,
    /// No address here, one there.
    BlockedHere,
    /// An address here, none there: a name of this network, perhaps.
    UnknownThere,
}

/// What an NTP server says of this machine's clock (RFC 5905, asked by SNTP, RFC 4330).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NtpValue {
    /// The address that answered.
    pub address: String,
    /// Local clock minus the server's, microseconds (positive: this machine is ahead). Exact to half of `delay_us`.
    pub offset_us: i64,
    /// Round trip without the server's own time, microseconds.
    pub delay_us: u64,
    /// The server's distance from a reference clock, 1 to 15.
    pub stratum: u8,
}
