//! What each probe measures. Integers carry their unit in the name; what is unknown is `None`, never zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod dns;
mod ipv6;
mod loaded;
mod mtu;
mod reach;
mod wifi;
pub use dns::{
    DnsBlock, DnsComparison, DnsConduct, DnsDelivery, DnsDeliveryState, DnsSearchDomain, DnsSearchList,
    DnsTransport, Dnssec, DnssecValidation, NtpValue,
};
pub use ipv6::{Ipv6Access, Ipv6Kind};
pub use loaded::{Conversation, LatencyGrade, LoadedLatency, ResponsivenessValue, RpmClass};
pub use mtu::{PathMtu, TooBig};
pub use reach::{FamilyOutcome, FamilyReach, FilterPlace, KnownFilter};
pub use wifi::{
    AccessPoint, AccessPointEstimate, ChannelUse, RadioFinding, RadioFindingCode, RadioHealth, Room,
    RoomSignal, ScanInfo, SchoolBssid, SchoolWifi, WifiGeneration, WifiLink, WifiSecurity, WifiValue,
};

/// The machine's own connection: interface, gateway, resolvers, and what else was going on during the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkValue {
    /// The interface that carries the route to the targets.
    pub interface: Option<Interface>,
    /// The default gateway's address.
    pub gateway: Option<String>,
    /// The configured DNS resolvers' addresses.
    pub resolvers: Vec<String>,
    /// Whether the route looks like a VPN's (a tunnel interface).
    pub vpn: bool,
    /// Whether the interface has an IPv4 address.
    pub ipv4: bool,
    /// Whether the interface has a global IPv6 address.
    pub ipv6: bool,
    /// How IPv6 gets to the Internet, by what this machine's addresses and interfaces show; `None` where nothing leads there
    /// over IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_access: Option<Ipv6Access>,
    /// What else went on while the run lasted; `None` when it could not be watched.
    pub during: Option<RunConditions>,
}

/// A network interface, without its hardware address (personal data).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// The system's name: `eth0`, `wlp2s0`, `Ethernet 2`.
    pub name: String,
    /// The kind of link.
    pub kind: InterfaceKind,
    /// The negotiated link rate, bit/s, when the system tells.
    pub rate_bps: Option<u64>,
    /// The largest IP packet, bytes, when the system tells.
    pub mtu: Option<u32>,
}

/// The kind of link behind an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceKind {
    /// A cable (also a virtual Ethernet pair).
    Ethernet,
    /// IEEE 802.11.
    Wifi,
    /// 3G, 4G, 5G.
    Cellular,
    /// A tunnel: VPN, PPP, TUN.
    Tunnel,
    /// The machine itself.
    Loopback,
    /// Something else.
    Unknown,
}

/// What went on beside the measurement while the run lasted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunConditions {
    /// The highest mean load of the whole processor over one second (moving) during a transfer, 0 to 1.
    pub cpu_peak_ratio: Option<f64>,
    /// The load of the whole processor over the run, 0 to 1.
    pub cpu_mean_ratio: Option<f64>,
    /// Bytes received on the interface that this run did not ask for, during the download.
    pub other_received_bytes: Option<u64>,
    /// Bytes sent on the interface that this run did not send, during the upload.
    pub other_sent_bytes: Option<u64>,
    /// Share of the interface's received bytes during the download that this run did not ask for, 0 to 1.
    pub other_received_ratio: Option<f64>,
    /// Share of the interface's sent bytes during the upload that this run did not send, 0 to 1.
    pub other_sent_ratio: Option<f64>,
}

/// Is there Internet at all, and is it the real one?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InternetValue {
    /// What the control targets add up to.
    pub access: InternetAccess,
    /// Each control target.
    pub controls: Vec<Control>,
    /// The host a captive portal sends to, when there is one.
    pub portal_host: Option<String>,
}

/// What the control targets add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InternetAccess {
    /// At least one control target answered as it must.
    Open,
    /// Something else answers in the place of the control targets.
    CaptivePortal,
    /// A proxy asks for a password.
    ProxyAuthRequired,
}

/// One control target and what it answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// The URL asked.
    pub url: String,
    /// Whether it answered exactly as it must.
    pub as_expected: bool,
    /// The HTTP status, when one came.
    pub http_status: Option<u16>,
    /// Why it did not answer as it must.
    pub failure: Option<crate::Failure>,
}

/// Proxies named by the auto-config files that the network announces (WPAD) or the system is set to: shown, never
/// followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WpadValue {
    /// Each file found.
    pub files: Vec<WpadFile>,
}

/// One auto-config file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WpadFile {
    /// How it was found.
    pub by: WpadSource,
    /// Its URL.
    pub url: String,
    /// The proxies it names, `host:port` (`https://…` and `socks5://…` for these kinds).
    pub proxies: Vec<String>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<crate::Failure>,
}

/// How an auto-config file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WpadSource {
    /// By DHCP's option 252.
    Dhcp,
    /// By the name `wpad` in a search domain.
    Dns,
    /// By the operating system's settings (Windows' `AutoConfigURL`).
    SystemSettings,
}

/// Round trips to the box (the default gateway): what the Wi-Fi or the school's wiring adds, apart from the line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayValue {
    /// Idle.
    pub idle: RttSeries,
    /// While the download loaded the line: what is added here waits between this machine and the box, not on the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<crate::Outcome<RttSeries>>,
    /// While the upload did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<crate::Outcome<RttSeries>>,
}

/// Round-trip time to a target: the preferred method's figures, then every series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyValue {
    /// The preferred series: ICMP where it was permitted and answered, TCP otherwise.
    #[serde(flatten)]
    pub best: RttSeries,
    /// Every method tried, the preferred one included.
    pub series: Vec<RttSeries>,
}

/// A series of round-trip times by one method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RttSeries {
    /// How the round trip was timed.
    pub method: RttMethod,
    /// Probes sent.
    pub sent: u32,
    /// Probes answered.
    pub received: u32,
    /// Shortest round trip, microseconds.
    pub min_us: u64,
    /// Median round trip, microseconds.
    pub median_us: u64,
    /// 95th percentile, microseconds.
    pub p95_us: u64,
    /// Longest round trip, microseconds.
    pub max_us: u64,
    /// Jitter: mean absolute difference of successive round trips (RFC 3393 spirit), microseconds.
    pub jitter_us: Option<u64>,
    /// Share of probes without an answer, 0 to 1.
    pub loss_ratio: f64,
}

/// How a round trip was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RttMethod {
    /// ICMP echo.
    Icmp,
    /// TCP connection (SYN to SYN-ACK).
    Tcp,
}

/// One resolver's behaviour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DnsValue {
    /// Which path: one resolver asked directly, or the operating system's own.
    pub resolver: DnsPath,
    /// Names asked.
    pub asked: u32,
    /// Names answered with at least one address.
    pub answered: u32,
    /// Median time of the answers, microseconds.
    pub median_us: Option<u64>,
    /// Longest time of the answers, microseconds.
    pub max_us: Option<u64>,
    /// Each question.
    pub questions: Vec<DnsQuestion>,
    /// What the resolver does beside answering; `None` where it was not asked (the system's own path, a reference).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conduct: Option<DnsConduct>,
    /// What the machine appends to names, with the system's own path; `None` elsewhere or where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<DnsSearchList>,
}

/// Which path a DNS question took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DnsPath {
    /// The operating system's resolver (hosts file, cache and all).
    System,
    /// One configured resolver, asked directly.
    Server {
        /// Its address.
        address: String,
    },
    /// A resolver that none of this machine's settings names, asked for comparison because the user wanted it.
    Reference {
        /// Its address.
        address: String,
    },
}

/// One DNS question and its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsQuestion {
    /// The name asked.
    pub name: String,
    /// Time to the answer (also a negative one), microseconds.
    pub elapsed_us: u64,
    /// Number of addresses answered.
    pub addresses: u32,
    /// Why there was no address.
    pub failure: Option<crate::Failure>,
    /// The addresses answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer: Vec<String>,
    /// The resolver's response code (`NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`…), when one came; the system's own
    /// path does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_code: Option<String>,
    /// How the name is blocked or altered, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<DnsBlock>,
    /// How the answer compares with the reference's, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<DnsComparison>,
}

/// One service host, as far as it could be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointValue {
    /// The catalogue's id.
    pub id: String,
    /// The catalogue's label.
    pub label: String,
    /// What kind of service it is.
    pub kind: EndpointKind,
    /// What was found.
    pub state: EndpointState,
    /// The HTTP status, when one came.
    pub http_status: Option<u16>,
    /// Where the time went.
    pub phases: Phases,
    /// The TLS session, when one was made.
    pub tls: Option<TlsInfo>,
    /// The address connected to.
    pub address: Option<String>,
    /// The redirects followed or seen, in order.
    pub redirects: Vec<String>,
    /// How far it got and why it stopped, when it did not answer as it must.
    pub failure: Option<crate::Failure>,
    /// Why the first attempt did not connect, when a second one was made: a lone reset or silence proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_attempt: Option<crate::Failure>,
    /// What filters or decrypts, when it was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<KnownFilter>,
    /// IPv4 and IPv6 apart, for the URL's own host. Empty through a proxy, and when the name was not resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<FamilyReach>,
}

/// What kind of service an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// Gestionnaire d'accès aux ressources.
    Gar,
    /// Espace numérique de travail.
    Ent,
    /// ÉduConnect.
    Educonnect,
    /// An académie's portal.
    Portal,
    /// A teaching resource.
    Resource,
    /// Management of equipment.
    Management,
    /// A control target.
    Control,
}

/// What was found at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// A public chain and an HTTP status below 500.
    Reachable,
    /// The same, through a proxy.
    ReachableViaProxy,
    /// A filter answered in its place.
    Blocked,
    /// The TLS chain is not the public one.
    Intercepted,
    /// The proxy asks for a password.
    ProxyAuthRequired,
    /// The resolver gave no or a wrong answer.
    DnsAltered,
    /// No connection could be made.
    Unreachable,
    /// The service answered with an error of its own.
    RemoteError,
    /// A captive portal answered.
    CaptivePortal,
}

/// Where the time of one exchange went, each phase by itself, microseconds. `None`: that phase was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phases {
    /// Name resolution.
    pub dns_us: Option<u64>,
    /// TCP connection (to the proxy, when there is one).
    pub tcp_us: Option<u64>,
    /// The proxy's CONNECT exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_us: Option<u64>,
    /// TLS handshake.
    pub tls_us: Option<u64>,
    /// From the request sent to the first byte of the answer.
    pub ttfb_us: Option<u64>,
}

/// A TLS session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsInfo {
    /// `1.2` or `1.3`.
    pub version: String,
    /// The issuer's name in the certificate, when it could be read.
    pub issuer: Option<String>,
    /// Whether the chain ends in the embedded public roots (and not only in the OS store or `--ca`).
    pub public_root: bool,
}

/// A bulk transfer's rate, in one direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransferValue {
    /// Sustained application-layer rate after the ramp, bit/s.
    pub goodput_bps: u64,
    /// The same at the IP layer (headers of the real segment size and TLS included), bit/s.
    pub ip_rate_bps: u64,
    /// 95 % confidence interval of `ip_rate_bps`, low and high, bit/s.
    pub ci95_bps: [u64; 2],
    /// Application bytes counted at the receiving end over the whole transfer, ramp included.
    pub bytes: u64,
    /// Bytes of a download that had come when it ended and stood behind a lost segment: this machine's interface counted them,
    /// and nobody read them. `None` for an upload, where the system does not tell, and in older reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_bytes: Option<u64>,
    /// Length of the transfer, milliseconds.
    pub elapsed_ms: u64,
    /// Length of the ramp that was discarded, milliseconds.
    pub ramp_ms: u64,
    /// Streams open at the end.
    pub streams: u32,
    /// The protocol spoken.
    pub protocol: MireProtocol,
    /// The server.
    pub server: MireServer,
    /// Why the transfer stopped.
    pub stop: StopReason,
    /// What set the rate, as far as it can be told.
    pub limited_by: LimitedBy,
    /// Who counted the bytes.
    pub counted_at: CountedAt,
    /// Total received (download) or acknowledged (upload) over time, for the curve.
    pub samples: Vec<Sample>,
    /// Every complete transfer of this run in this direction, this one included, oldest first: the verdict
    /// `not_met` wants at least two that agree.
    pub repetitions: Vec<Repetition>,
}

/// One complete transfer among several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repetition {
    /// The mire's URL.
    pub url: String,
    /// IP-layer rate, bit/s.
    pub ip_rate_bps: u64,
    /// Its 95 % confidence interval, bit/s.
    pub ci95_bps: [u64; 2],
    /// Application bytes.
    pub bytes: u64,
}

/// The protocol spoken with a mire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MireProtocol {
    /// M-Lab's ndt7 over WebSocket.
    Ndt7,
    /// LibreSpeed's HTTP paths.
    Librespeed,
    /// A plain large file.
    Http,
}

/// A measurement server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MireServer {
    /// Its URL as configured, without any credential.
    pub url: String,
    /// Its address.
    pub address: String,
    /// 4 or 6.
    pub family: u8,
}

/// Why a transfer stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The verdict was certain.
    Decided,
    /// The estimate was stable.
    Stable,
    /// The time allowed was over.
    TimeCap,
    /// The data allowed was used.
    ByteCap,
    /// The far end ended it.
    FarEnd,
}

/// What set the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The line.
    Line,
    /// Packet loss.
    Loss,
    /// The mire.
    Server,
    /// This machine.
    Client,
    /// It could not be told.
    Unknown,
}

/// Who counted the bytes of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedAt {
    /// The receiving end's application: this machine for a download, the mire for an upload.
    Receiver,
    /// The sender's kernel, from acknowledgements (TCP_INFO bytes_acked).
    Acknowledged,
    /// The far end answered each finished request: its bytes are known to have arrived.
    Responses,
}

/// A point of the transfer's curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Milliseconds since the transfer's start.
    pub at_ms: u64,
    /// Bytes so far.
    pub bytes: u64,
}

/// The way to the mire, hop by hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathValue {
    /// How the hops were made to speak.
    pub method: PathMethod,
    /// Each hop, nearest first.
    pub hops: Vec<Hop>,
    /// Whether the target itself answered.
    pub reached: bool,
    /// What the first routers' addresses tell of address translation, as far as they answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat: Option<NatHint>,
    /// How large packets may be on the way; `None` where nothing answered or the system does not let it be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<PathMtu>,
}

/// What the addresses of the first routers tell. A hint: operators number routers of their own privately, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NatHint {
    /// One private router, then public ones: one box.
    Single,
    /// Two private routers one behind the other: perhaps a router behind the operator's box, which translates twice.
    DoublePossible,
    /// A router of RFC 6598's range (100.64.0.0/10): the operator translates, and no connection comes in from outside.
    CarrierGrade,
}

/// How hops were made to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathMethod {
    /// TTL-limited ICMP echo on a raw socket.
    IcmpRaw,
    /// TTL-limited UDP, the errors read from the socket's error queue (no right needed).
    UdpErrorQueue,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// Distance: 1 is the first router.
    pub ttl: u8,
    /// Who answered; `None` when nobody did.
    pub address: Option<String>,
    /// Round trip, microseconds.
    pub rtt_us: Option<u64>,
}
