//! The format of a world's file. `README.md` beside this explains it to who writes one.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One world.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// What stands between the school and its services, in a sentence.
    pub title: String,
    /// Whose fault it is in truth.
    pub fault: Culprit,
    /// Who else is at fault, where two things are wrong.
    pub also: Option<Culprit>,
    /// Why the agent is known to say something else, where it does: asserted, too.
    pub known_wrong: Option<String>,
    /// More arguments of `run`.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Whether the box (and a mire, where an argument names one) is timed, too.
    #[serde(default)]
    pub latency: bool,
    /// The agent's environment.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The machine's clock against the world's, as faketime takes it (`+400d`).
    pub clock: Option<String>,
    /// Lines of the machine's hosts file.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether there is IPv6, and every service has an address of it.
    #[serde(default)]
    pub ipv6: bool,
    /// What services do that is not as it must be, by the catalogue's id or by another name.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// The resolvers.
    #[serde(default)]
    pub dns: Dns,
    /// The box's packet filter.
    #[serde(default)]
    pub firewall: Firewall,
    /// The far side's packet filter: what it does not let in.
    #[serde(default)]
    pub far_firewall: Vec<String>,
    /// The operator's line and its router, where they matter.
    pub line: Option<Line>,
    /// `ip` commands once everything stands.
    #[serde(default)]
    pub ip: Ip,
    /// Web servers in the box.
    #[serde(default)]
    pub serve: Vec<Serve>,
    /// Squid in the box.
    pub squid: Option<Squid>,
    /// tinyproxy in the box.
    pub tinyproxy: Option<Tinyproxy>,
    /// mitmproxy in the box.
    pub mitmproxy: Option<Mitmproxy>,
    /// microsocks in the box.
    pub microsocks: Option<Microsocks>,
    /// Lines of the machine's `/etc/environment`: the system's settings.
    #[serde(default)]
    pub system: Vec<String>,
    /// Files the agent finds beside its arguments, by name: `{files}/NAME`.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What the report must say.
    pub expect: Expect,
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Culprit {
    /// The school's network, its filter or its line.
    School,
    /// The service.
    Service,
    /// The machine the agent runs on.
    Machine,
    /// Nobody's.
    Nobody,
}

/// One service of the internet.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The certificate it shows.
    #[serde(default)]
    pub tls: Tls,
    /// What it answers.
    #[serde(default)]
    pub answer: Answer,
    /// Whether it has no name in the public DNS.
    #[serde(default)]
    pub unknown: bool,
    /// Whether nothing listens on its address.
    #[serde(default)]
    pub down: bool,
}

/// Certificates and what else a TLS port can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// The public chain.
    #[default]
    Public,
    /// A public chain that ended.
    Expired,
    /// One that has not begun.
    NotYet,
    /// One for another name.
    OtherName,
    /// Signed by itself.
    SelfSigned,
    /// The public leaf without its intermediate.
    Incomplete,
    /// The school's own authority.
    Local,
    /// No certificate: every handshake is refused.
    Refused,
}

/// An HTTP answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status; 444 closes without an answer.
    #[serde(default = "ok")]
    pub status: u16,
    /// Where it redirects to.
    pub location: Option<String>,
    /// Other headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// Whether it takes the request and never answers.
    #[serde(default)]
    pub silent: bool,
}

fn ok() -> u16 {
    200
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: ok(), location: None, headers: BTreeMap::new(), body: None, silent: false }
    }
}

/// The school's resolvers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// What runs in the box.
    #[serde(default)]
    pub by: Resolver,
    /// The machine's resolvers, in order; the box when not given.
    pub servers: Option<Vec<String>>,
    /// The machine's search domain.
    pub search: Option<String>,
    /// Whether the box knows the school's own names alone: every other name does not exist there.
    #[serde(default)]
    pub closed: bool,
    /// What the box answers for a service: an address, or `nxdomain`; with unbound also `nodata`, `refused`, `silent`,
    /// `bogus` (a zone whose signatures do not match).
    #[serde(default)]
    pub lies: BTreeMap<String, String>,
    /// The one address of every name.
    pub every: Option<String>,
    /// Whether the box leaves IPv4 addresses out of its answers.
    #[serde(default)]
    pub without_a: bool,
}

/// A resolver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    #[default]
    Dnsmasq,
    Unbound,
}

/// nftables statements of the box, by chain.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firewall {
    /// What is forwarded.
    #[serde(default)]
    pub forward: Vec<String>,
    /// What comes to the box itself.
    #[serde(default)]
    pub input: Vec<String>,
    /// Destinations changed (`redirect to :8443`).
    #[serde(default)]
    pub redirect: Vec<String>,
}

/// A line of its own between the box and the operator's router, which leads to the internet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The largest packet it takes, bytes: the box and the router know it.
    pub mtu: u16,
    /// Whether the services' certificates are so small that a handshake fits into small packets. Otherwise they fill
    /// several full-size ones, as on the web.
    #[serde(default)]
    pub small_certificates: bool,
}

/// `ip` commands by place.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ip {
    #[serde(default)]
    pub internet: Vec<String>,
    #[serde(default)]
    pub school: Vec<String>,
    #[serde(default, rename = "box")]
    pub in_box: Vec<String>,
}

/// A web server in the box, for whatever name it is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    pub port: u16,
    /// HTTP unless a certificate is named: `local` for every service's name, the others as for a service.
    pub tls: Option<Tls>,
    #[serde(default)]
    pub answer: Answer,
}

/// Squid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Squid {
    /// Whether the box sends ports 80 and 443 to it, rather than clients naming it.
    #[serde(default)]
    pub transparent: bool,
    /// Services refused.
    #[serde(default)]
    pub deny: Vec<String>,
    /// Services whose TLS is ended by their name in the hello.
    #[serde(default)]
    pub terminate: Vec<String>,
    /// Whether TLS is decrypted with the school's own authority.
    #[serde(default)]
    pub bump: bool,
    /// The password of the user `ecole`; none when not given.
    pub password: Option<String>,
}

/// tinyproxy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tinyproxy {
    /// Services refused.
    #[serde(default)]
    pub deny: Vec<String>,
    /// The password of the user `ecole`; none when not given.
    pub password: Option<String>,
}

/// microsocks: a SOCKS5 server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Microsocks {
    /// The password of the user `ecole`; none when not given.
    pub password: Option<String>,
}

/// mitmproxy: it decrypts all TLS with an authority of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mitmproxy {
    /// Whether the box sends ports 80 and 443 to it, rather than clients naming it.
    #[serde(default)]
    pub transparent: bool,
}

/// What the report must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `open`, `captive_portal`, `proxy_auth_required`; `none` when no control answered; `not_measured`.
    pub access: String,
    /// With `none`: the cause.
    pub cause: Option<String>,
    /// Where the report says that Internet as a whole stops (`assessment.located`); `nowhere`: that it does not.
    pub place: Option<String>,
    /// The machine's clock minus the servers', whole days.
    pub clock_days: Option<i64>,
    /// What the report must warn of, beside the services: the codes of all caveats about the resolvers, sorted, each once.
    pub dns_caveats: Option<Vec<String>>,
    /// Where the proxy that was used was set (`environment.proxy_source`).
    pub proxy_source: Option<String>,
    /// Every proxy that an auto-config file names, in order, as the report lists them; empty: no file was found.
    pub announced: Option<Vec<String>>,
    /// Each service that is not like the others, by id.
    #[serde(default)]
    pub hosts: BTreeMap<String, Seen>,
    /// All others.
    #[serde(default)]
    pub others: Seen,
}

/// What the report must say of one service. The reasons are all of them, in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// `not_measured` where there is no value.
    pub state: String,
    pub verdict: String,
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Who can act.
    pub act: Option<String>,
    /// Where the report says that the fault is (`assessment.located`); `nowhere`: that it names no place for it.
    pub place: Option<String>,
    /// The failure's cause.
    pub cause: Option<String>,
    /// What the failure's detail contains.
    pub detail: Option<String>,
    /// What the certificate's issuer contains.
    pub issuer: Option<String>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            state: "reachable".to_owned(),
            verdict: "met".to_owned(),
            reasons: Vec::new(),
            act: None,
            place: None,
            cause: None,
            detail: None,
            issuer: None,
        }
    }
}
