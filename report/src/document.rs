//! The report document: one run, everything that was measured, and how it was judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Measurement, Timestamp, Uai,
    assess::Assessment,
    requirement::SchoolSize,
    values::{
        DnsValue, EndpointValue, GatewayValue, Interface, InternetValue, LatencyValue, LinkValue, NtpValue,
        PathValue, ResponsivenessValue, TransferValue, WifiValue, WpadValue,
    },
};

/// The schema this version writes. Adding fields keeps it; changing or removing one would make a `/2`.
pub const SCHEMA: &str = "sonde-ecole/report/1";

/// One run, complete: what was measured, with what, where, and the verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "sonde-ecole report, version 1")]
pub struct Report {
    /// Always `sonde-ecole/report/1`.
    pub schema: String,
    /// Identifies this report for ever (UUID version 7: sorts by time).
    pub report_id: Uuid,
    /// The program that made it.
    pub agent: Agent,
    /// The school, as far as it was named.
    pub site: Site,
    /// When the run started.
    pub started_at: Timestamp,
    /// How long it took, monotonic, milliseconds.
    pub elapsed_ms: u64,
    /// The machine's clock.
    pub clock: Clock,
    /// What the run went through.
    pub environment: Environment,
    /// Whether the run was cut short (Ctrl-C, `--timeout`): what is missing says so itself.
    #[serde(default)]
    pub partial: bool,
    /// Whether this is a demonstration on embedded servers: it says nothing about any school.
    #[serde(default)]
    pub demonstration: bool,
    /// Bytes this run transferred, both ways, as far as it counted them.
    pub data_used: DataUsed,
    /// Every measurement.
    pub measurements: Measurements,
    /// The judgement, made by `assess` from all the rest.
    pub assessment: Assessment,
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Its version.
    pub version: String,
    /// The target triple it was built for.
    pub target: String,
    /// The operating system's family and release, for the method block (`linux 6.1`); never the host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

/// The school, as the technician named it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// Its UAI, checked.
    pub uai: Option<Uai>,
    /// A free label: building, site of an RPI.
    pub label: Option<String>,
    /// Its size: an input, since no text defines it.
    pub size: Option<SchoolSize>,
    /// Whether the school's Wi-Fi was on during the run.
    #[serde(default)]
    pub wifi_on: WifiOn,
    /// The number of access points that the technician declares, shown as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_access_points: Option<u32>,
    /// The ENT that was declared, by their catalogue ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ent: Vec<String>,
    /// Where it is: a département's code (`44`) or an académie's id (`ac-nantes`), by its UAI or as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<String>,
    /// The ENTs that belong there, by their catalogue ids, where none was declared: proposals, not tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposed_ent: Vec<String>,
}

/// Whether the school's Wi-Fi was on during the run, says the technician.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WifiOn {
    /// It was on.
    Yes,
    /// It was off, lawfully so when not used for teaching.
    No,
    /// Nobody said.
    #[default]
    Unknown,
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// Whether the system says that its clock is synchronised; `None` when it does not say.
    pub synchronised: Option<bool>,
    /// Local clock minus the servers' `Date`, milliseconds, rounded to whole seconds (a `Date` holds no more). Where
    /// no trustworthy server gave one, an NTP server's word stands here when one was asked; `None` otherwise.
    pub offset_ms: Option<i64>,
    /// Local clock minus an NTP server's, microseconds, when one was asked (`--ntp`) and gave a sound answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ntp_offset_us: Option<i64>,
}

/// What the run went through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The interface used.
    pub interface: Option<Interface>,
    /// The proxy used, `host:port` (`socks5://host:port` for SOCKS), without any credential.
    pub proxy: Option<String>,
    /// Where it was set; `None` without one, and in reports from before this was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_source: Option<ProxySource>,
    /// Whether the route looks like a VPN's.
    pub vpn: bool,
}

/// Where a proxy was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxySource {
    /// By a flag.
    CommandLine,
    /// By the agent's own configuration: its file, or its own variables.
    Configuration,
    /// By the variables that many programs share (`HTTPS_PROXY`…).
    Environment,
    /// By the operating system's settings.
    SystemSettings,
}

/// Bytes a run transferred.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataUsed {
    /// Received by the transfers, repetitions included, bytes.
    pub received_bytes: u64,
    /// Sent by the transfers, repetitions included, bytes.
    pub sent_bytes: u64,
    /// Received by the probes beside the transfers (responsiveness), IP layer, estimated from their protocols, bytes;
    /// `None` when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes_received_bytes: Option<u64>,
    /// Sent by them, the same way, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes_sent_bytes: Option<u64>,
    /// Received on the interface over the whole run, everybody's traffic and link-layer headers included, bytes;
    /// `None` when the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface_received_bytes: Option<u64>,
    /// Sent on the interface over the whole run, the same way, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface_sent_bytes: Option<u64>,
}

/// Every measurement; `None` (JSON `null`) or an empty list when it was not planned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurements {
    /// The machine's own connection.
    pub link: Option<Measurement<LinkValue>>,
    /// Is there Internet at all?
    pub internet: Option<Measurement<InternetValue>>,
    /// Proxies that the network announces (WPAD); `None` where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wpad: Option<Measurement<WpadValue>>,
    /// Round-trip time to the mire.
    pub latency: Option<Measurement<LatencyValue>>,
    /// Round trips to the box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Measurement<GatewayValue>>,
    /// Downstream rate from a mire on another machine in the school: what the school's network carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lan: Option<Measurement<TransferValue>>,
    /// Downstream rate.
    pub download: Option<Measurement<TransferValue>>,
    /// Upstream rate.
    pub upload: Option<Measurement<TransferValue>>,
    /// How the line answers while the transfers load it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsiveness: Option<Measurement<ResponsivenessValue>>,
    /// Each resolver.
    #[serde(default)]
    pub dns: Vec<Measurement<DnsValue>>,
    /// Each service host.
    #[serde(default)]
    pub endpoints: Vec<Measurement<EndpointValue>>,
    /// Radios in sight.
    pub wifi: Option<Measurement<WifiValue>>,
    /// The way to the mire.
    pub path: Option<Measurement<PathValue>>,
    /// An NTP server's word on this machine's clock; `None` unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ntp: Option<Measurement<NtpValue>>,
}

/// Why a document could not be read as a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON, or not of the schema's shape.
    #[error("not a sonde-ecole report: {0}")]
    Shape(#[from] serde_json::Error),
    /// It is a report of a version this program does not know.
    #[error("schema {0:?} is not known here (this program reads {SCHEMA:?})")]
    Version(String),
}

impl Report {
    /// Reads a report document.
    ///
    /// # Errors
    /// [`ReadError::Shape`] when it is not JSON of the report's shape, [`ReadError::Version`] when its `schema`
    /// is another one.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.schema != SCHEMA {
            return Err(ReadError::Version(head.schema));
        }
        Ok(serde_json::from_str(text)?)
    }
}
