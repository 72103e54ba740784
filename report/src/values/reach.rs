//! What stands between a service and the school, and which IP family gets through.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Failure;

/// A filter or decrypting product that was recognised, by its page, its host, its headers or its certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownFilter {
    /// The product, as people name it: `FortiGuard`, `Olfeo`.
    pub name: String,
    /// Where it works.
    pub place: FilterPlace,
}

/// Where a filter works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterPlace {
    /// On the way: the school's, the commune's or the académie's.
    Network,
    /// On this machine: an antivirus that decrypts TLS, say. The network is not concerned.
    Machine,
}

/// How far one IP family gets to a service: a connection, with TLS where the URL wants it, and no request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyReach {
    /// 4 or 6.
    pub family: u8,
    /// The address tried (the last of several); `None` when the name has none of this family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What came of it.
    pub outcome: FamilyOutcome,
}

/// What came of a connection over one IP family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum FamilyOutcome {
    /// It stands, TLS included where the URL wants it.
    Connected,
    /// There is an address and a route, and no connection.
    Failed {
        /// How far it got and why it stopped there.
        failure: Failure,
    },
    /// The name has no address of this family, as this machine's resolver answers.
    NoAddress,
    /// This machine has no route for this family: information, not a fault.
    NoRoute,
}
