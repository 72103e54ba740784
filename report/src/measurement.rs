//! A measurement is data with states: measured, failed, or not measured. Absent is never zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One thing that was asked of a probe, when, how long it took, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement<T> {
    /// What was measured: a URL, an address, an interface, an endpoint id.
    pub target: String,
    /// When the probe started (wall clock, for dating only).
    pub started_at: Timestamp,
    /// How long it took, monotonic, in microseconds.
    pub elapsed_us: u64,
    /// What came of it.
    pub outcome: Outcome<T>,
}

/// What came of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome<T> {
    /// A value, and what weakens it.
    Measured {
        /// The value.
        value: T,
        /// What a reader must know before trusting the value; empty when nothing weakens it.
        #[serde(default)]
        caveats: Vec<Caveat>,
    },
    /// It was tried and did not succeed: evidence about the site.
    Failed {
        /// Where and why.
        failure: Failure,
    },
    /// It was not, or could not be, tried: evidence about this machine or this run, never about the site.
    NotMeasured {
        /// Why not.
        reason: Reason,
    },
}

impl<T> Measurement<T> {
    /// The value, when there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match &self.outcome {
            Outcome::Measured { value, .. } => Some(value),
            Outcome::Failed { .. } | Outcome::NotMeasured { .. } => None,
        }
    }

    /// The caveats of a measured value; empty for the other outcomes.
    #[must_use]
    pub fn caveats(&self) -> &[Caveat] {
        match &self.outcome {
            Outcome::Measured { caveats, .. } => caveats,
            Outcome::Failed { .. } | Outcome::NotMeasured { .. } => &[],
        }
    }

    /// Adds a caveat to a measured value, once per code. Does nothing for the other outcomes.
    pub fn add_caveat(&mut self, caveat: Caveat) {
        if let Outcome::Measured { caveats, .. } = &mut self.outcome
            && !caveats.iter().any(|known| known.code == caveat.code)
        {
            caveats.push(caveat);
        }
    }
}

/// What weakens a measured value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caveat {
    /// The kind of weakness.
    pub code: CaveatCode,
    /// A technical detail (a figure, a name), in no human language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<CaveatCode> for Caveat {
    fn from(code: CaveatCode) -> Self {
        Self { code, detail: None }
    }
}

impl CaveatCode {
    /// This caveat with a technical detail.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Caveat {
        Caveat { code: self, detail: Some(detail.into()) }
    }
}

/// The kinds of weakness a measured value can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaveatCode {
    /// The machine reached the network over Wi-Fi: the rate is a lower bound of the access.
    MeasuredOverWifi,
    /// The kind of interface could not be told: it may be Wi-Fi.
    UnknownInterface,
    /// The traffic went through a proxy: a lower bound.
    ThroughProxy,
    /// The traffic went through a VPN: a lower bound.
    ThroughVpn,
    /// The TLS chain was accepted only thanks to the OS store or `--ca`: something decrypts on the way.
    TlsIntercepted,
    /// Other traffic of this machine used a significant share of the line meanwhile: a lower bound.
    CrossTraffic,
    /// The processor was saturated meanwhile: a lower bound.
    CpuBusy,
    /// The interface's own link rate is what limits: a lower bound.
    LinkRateLimits,
    /// The measurement server is probably what limits: a lower bound.
    MireLimited,
    /// This machine is probably what limits: a lower bound.
    ClientLimited,
    /// Packet loss is what limits.
    LossLimited,
    /// The rate was still rising when the time or data allowed ran out: a lower bound.
    StillRising,
    /// The transfer broke off before its end; the value rests on what arrived before.
    BrokeOff,
    /// The machine slept or the process was stopped meanwhile: what came before stands, a lower bound.
    Suspended,
    /// The mire's own count of bytes contradicts ours: the mire is not to be trusted. For an upload, whose bytes
    /// only the mire sees arrive, the value is a lower bound; a download's bytes were counted here.
    MireCountMismatch,
    /// The transfer stopped above the threshold with so little data that an opening burst of the operator's shaper is
    /// not excluded. Information: it weakens nothing.
    BurstNotExcluded,
    /// The rate varied so much that the interval is wide.
    Unstable,
    /// A captive portal answered the control targets: what was measured may be the portal.
    CaptivePortal,
    /// An earlier mire of the list failed and was skipped.
    MireSkipped,
    /// The far end's count was not available; the sender's acknowledged bytes were used.
    FarEndCountMissing,
    /// ICMP was not permitted here; TCP connections were timed instead.
    IcmpNotPermitted,
    /// ICMP was sent and nothing came back, while TCP answered: ICMP is filtered on the way.
    IcmpFiltered,
    /// The Wi-Fi list is the system's cached one, not a fresh scan.
    StaleScan,
    /// The Wi-Fi scan did not cover everything (no right to trigger, or cut short).
    PartialScan,
    /// Loud networks without a name are in sight that nothing ties to the school or to a neighbour (in `detail`, how many).
    HiddenNetworks,
    /// The survey of the Wi-Fi is from long ago (in `detail`, how many days).
    OldSurvey,
    /// No name of a school network is known, so no network can be counted as the school's.
    NoSchoolSsid,
    /// Some hops on the way did not answer.
    SilentHops,
    /// The measurement ran on an emulated link or embedded servers (`demo`).
    Demonstration,
    /// The mire's protocol allows no probe on a connection that carries load: no responsiveness figure.
    NoLoadedProbe,
    /// Answers on the loaded connection waited for the end of long messages of the mire: the responsiveness figure is
    /// lower than the line's.
    LoadedBehindMessages,
    /// The mire speaks no TLS: its handshake is missing from the responsiveness figure.
    NoTlsPhase,
    /// Probes on new connections failed while the line was loaded.
    ForeignProbesFailed,
    /// The round trip without load is not known: what load adds cannot be told.
    IdleUnknown,
    /// Too few probes of one kind were answered for their figure.
    FewProbes,
    /// IPv6 has an address and a route and makes no connection, while IPv4 does: what prefers IPv6 waits for it first.
    Ipv6Broken,
    /// The resolver answers an address for names that do not exist (in `detail`).
    NxdomainRewritten,
    /// The resolver does not answer over TCP: answers that do not fit into UDP are lost.
    DnsWithoutTcp,
    /// Questions with EDNS get no proper answer: large and signed answers are out of reach.
    DnsWithoutEdns,
    /// Large answers over UDP are lost on the way instead of being truncated (their size in `detail`).
    DnsLargeAnswersLost,
    /// A search domain of this machine answers for any name (the domain in `detail`).
    SearchDomainWildcard,
    /// Something on the way answers DNS questions whoever they are sent to: an outside resolver cannot be reached in
    /// clear.
    DnsIntercepted,
    /// The resolver's median time is long (in `detail`, milliseconds).
    ResolverSlow,
    /// Some questions got no answer at all (in `detail`, how many of how many).
    ResolverUnsteady,
    /// The machine's first resolver is silent (its address in `detail`): every new name waits for it, 1 s (Windows) to 5 s
    /// (Linux), before the next is asked.
    SilentResolverFirst,
    /// Names this resolver does not give are resolved by the proxy: what is missing here is missed by no service (the
    /// names in `detail`).
    NamesLeftToProxy,
}

impl CaveatCode {
    /// Whether this caveat could explain a rate below a threshold: such a rate is a lower bound of the access,
    /// so it never supports `not_met` (the lower-bound rule). [`Self::MireCountMismatch`] does so for an upload
    /// only: see [`Self::makes_upload_lower_bound`].
    #[must_use]
    pub fn makes_lower_bound(self) -> bool {
        match self {
            Self::MeasuredOverWifi
            | Self::UnknownInterface
            | Self::ThroughProxy
            | Self::ThroughVpn
            | Self::TlsIntercepted
            | Self::CrossTraffic
            | Self::CpuBusy
            | Self::LinkRateLimits
            | Self::MireLimited
            | Self::ClientLimited
            | Self::LossLimited
            | Self::StillRising
            | Self::BrokeOff
            | Self::Suspended
            | Self::CaptivePortal => true,
            Self::Unstable
            | Self::MireCountMismatch
            | Self::BurstNotExcluded
            | Self::MireSkipped
            | Self::FarEndCountMissing
            | Self::IcmpNotPermitted
            | Self::IcmpFiltered
            | Self::StaleScan
            | Self::PartialScan
            | Self::HiddenNetworks
            | Self::OldSurvey
            | Self::NoSchoolSsid
            | Self::SilentHops
            | Self::Demonstration
            | Self::NoLoadedProbe
            | Self::LoadedBehindMessages
            | Self::NoTlsPhase
            | Self::ForeignProbesFailed
            | Self::IdleUnknown
            | Self::FewProbes
            | Self::Ipv6Broken
            | Self::NxdomainRewritten
            | Self::DnsWithoutTcp
            | Self::DnsWithoutEdns
            | Self::DnsLargeAnswersLost
            | Self::SearchDomainWildcard
            | Self::DnsIntercepted
            | Self::ResolverSlow
            | Self::ResolverUnsteady
            | Self::SilentResolverFirst
            | Self::NamesLeftToProxy => false,
        }
    }

    /// The same for an upload: there the mire's count is what the value rests on.
    #[must_use]
    pub fn makes_upload_lower_bound(self) -> bool {
        self == Self::MireCountMismatch || self.makes_lower_bound()
    }
}

/// Why something that was tried did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// How far it got.
    pub stage: Stage,
    /// Why it stopped there.
    pub cause: Cause,
    /// A technical detail: the address, the system's error, the status line. No secret, no human sentence of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What was tried before and failed too (the mires of a list, for instance), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

impl Failure {
    /// A failure without detail.
    #[must_use]
    pub fn new(stage: Stage, cause: Cause) -> Self {
        Self { stage, cause, detail: None, attempts: Vec::new() }
    }

    /// A failure with a technical detail.
    #[must_use]
    pub fn with(stage: Stage, cause: Cause, detail: impl Into<String>) -> Self {
        Self { stage, cause, detail: Some(detail.into()), attempts: Vec::new() }
    }
}

/// One target that was tried and failed, where several were allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// What was tried.
    pub target: String,
    /// How far it got.
    pub stage: Stage,
    /// Why it stopped there.
    pub cause: Cause,
    /// A technical detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How far an attempt got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Choosing the interface or its source address.
    Interface,
    /// Reaching or convincing the proxy.
    Proxy,
    /// Resolving the name.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// The TLS handshake and the certificate.
    Tls,
    /// The HTTP exchange, up to the response's head.
    Http,
    /// The response's content.
    Content,
    /// The bulk transfer of a throughput measurement.
    Transfer,
    /// Sending or receiving ICMP.
    Icmp,
    /// Listing radios.
    Scan,
    /// Asking an NTP server for the time.
    Ntp,
}

/// Why an attempt stopped. Each has one sentence of advice in the agent's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The machine has no usable address or route: no network at all.
    NoNetwork,
    /// No resolver is configured.
    NoResolver,
    /// The name does not exist, says the resolver.
    NameNotFound,
    /// The resolver answered that it failed (SERVFAIL, REFUSED).
    ResolverFailure,
    /// The name exists but has no address of the wanted family.
    NoAddress,
    /// A public name was answered with 0.0.0.0, loopback or a private address.
    DnsAltered,
    /// Nothing answered in the time allowed.
    Timeout,
    /// The far end, or something on the way, refused the connection.
    ConnectionRefused,
    /// The connection was reset.
    ConnectionReset,
    /// The network or host cannot be reached, said the system or a router.
    Unreachable,
    /// The connection was closed before the exchange was over.
    ConnectionClosed,
    /// The connection stands and large segments vanish on the way, while clamped ones arrive: a black hole of path MTU
    /// discovery (RFC 2923, 2.1; RFC 4821).
    MtuBlackHole,
    /// The certificate's chain ends in no known root.
    UnknownIssuer,
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet: more often a wrong clock here.
    CertificateNotYetValid,
    /// The certificate is for another name.
    CertificateNameMismatch,
    /// The certificate is invalid in another way (signed by itself, for instance).
    CertificateInvalid,
    /// A publicly issued certificate came without the intermediate one that leads to its root.
    ChainIncomplete,
    /// The TLS handshake failed in another way, or the far end does not speak TLS.
    TlsHandshake,
    /// The proxy asks for a user and password (407).
    ProxyAuthRequired,
    /// The proxy refused or could not connect.
    ProxyRefused,
    /// An HTTP status that means failure (in `detail`).
    HttpStatus,
    /// A redirect to another host, where none was expected.
    RedirectedElsewhere,
    /// What came back does not speak the expected protocol (a web page where data was due).
    UnexpectedContent,
    /// Less came back than was announced.
    Truncated,
    /// The answer was empty.
    EmptyAnswer,
    /// The HTTP or WebSocket exchange broke the protocol's rules.
    ProtocolError,
    /// Too little arrived to say anything about the rate.
    TooLittleData,
    /// Every target of the list failed; each is in `attempts`.
    AllTargetsFailed,
    /// The system refused for want of rights.
    PermissionDenied,
    /// The operating system's answer was an error of another kind (in `detail`).
    SystemError,
}

/// Why something was not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The kind of obstacle.
    pub code: ReasonCode,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
    /// A technical detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Reason {
    /// A reason without remedy.
    #[must_use]
    pub fn new(code: ReasonCode) -> Self {
        Self { code, remedy: None, detail: None }
    }

    /// A reason and what to do about it.
    #[must_use]
    pub fn remedied(code: ReasonCode, remedy: Remedy) -> Self {
        Self { code, remedy: Some(remedy), detail: None }
    }

    /// The same with a technical detail.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// Obstacles that lie in this machine or this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The machine has no Wi-Fi adapter.
    NoWifiAdapter,
    /// The machine has Wi-Fi, but no adapter of the name given.
    UnknownWifiInterface,
    /// The radio is blocked by a switch or by software (rfkill).
    RadioBlocked,
    /// The system withholds the right.
    PermissionDenied,
    /// Windows (since 11 24H2) lists radios only with the consent to use the location, and it is missing.
    LocationConsentMissing,
    /// The system's service for Wi-Fi is not running, or not installed.
    WifiServiceStopped,
    /// This operating system is not supported for this probe.
    UnsupportedSystem,
    /// The adapter's driver cannot do this, or answered with an error.
    DriverError,
    /// Nothing is configured to measure against.
    NoTarget,
    /// There is no network, so trying would have proved nothing.
    NoNetwork,
    /// The run was interrupted (Ctrl-C) before or during this probe.
    Interrupted,
    /// The time allowed for the whole run was over.
    OutOfTime,
    /// The data allowed for the whole run was used up.
    OutOfData,
    /// It only works directly, and the run goes through a proxy.
    NotThroughProxy,
    /// It is measured beside a transfer, and there was none that gave a value.
    NoTransfer,
    /// Too few probes were answered while the transfer lasted.
    TooFewSamples,
}

/// What a user can do about an obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Use a machine with Wi-Fi, or declare the access points.
    UseWifiMachine,
    /// Give the name of a Wi-Fi interface, or none.
    NameWifiInterface,
    /// Switch the radio on for the time of the measurement.
    EnableRadio,
    /// Run once with administrator rights, or grant the capability.
    GrantRight,
    /// Allow the use of the location in Windows' settings.
    AllowLocation,
    /// Start the system's service for Wi-Fi.
    StartWifiService,
    /// Name a target on the command line or in the configuration.
    NameTarget,
    /// Plug in a cable or join a network, then run again.
    ConnectNetwork,
    /// Run again, to the end.
    RunAgain,
    /// Allow more time or data.
    RaiseLimit,
}
