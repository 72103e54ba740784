//! The catalogue of service hosts, and of public mires: data files, built in and the user's.

use serde::{Deserialize, Serialize};
use sonde_report::values::EndpointKind;

/// One service host of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Unique and stable.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it is.
    pub kind: EndpointKind,
    /// `https://…`, `http://…` or `tcp://host:port`.
    pub urls: Vec<String>,
    /// `national`, a département or an académie code.
    #[serde(default)]
    pub territory: Vec<String>,
    /// Where the host was read.
    #[serde(default)]
    pub source: String,
    /// Whether anyone saw it answer.
    #[serde(default)]
    pub verified: bool,
}
