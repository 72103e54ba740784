//! From settings to a plan: which probes, in which order, under which budget. Touches no network.

use std::collections::BTreeSet;
use std::time::Duration;

use sonde_probes::catalogue::{Endpoint, built_in_controls, built_in_mires};
use sonde_probes::dial::{DialConfig, Target};
use sonde_probes::internet::ControlTarget;
use sonde_probes::throughput::MireUrl;
use sonde_probes::{ProbeName, dns, endpoints, internet, latency, path, throughput, wifi};
use sonde_report::assess::rate_bars;
use sonde_report::document::{ProxySource, Site};
use sonde_report::values::WifiValue;
use sonde_report::{Measurement, Requirements};

use crate::config::Settings;
use crate::config::values::{NtpServer, Until};

// The default budget: a run ends within 30 s on a 10 Mbit/s, 50 ms link (one command must not try a patience that
// teachers waiting for the line do not have), also where the download must be repeated. Side by side: link, services
// and radio, about 4 s, bounded by the slowest host; then latency 2 s (both methods, one after the other), download
// 8 s, its repetition 5 s where the verdict needs one, upload 5 s and 1 s until the mire has counted what was still on
// its way, path 3 s: 28 s. A service that never answers can make the first part longer.

/// Longest download (`stable`).
const DOWNLOAD_CAP: Duration = Duration::from_secs(8);
/// Longest download where the verdict alone is wanted: near a threshold it takes as long as a stable estimate.
const VERDICT_CAP: Duration = Duration::from_secs(8);
/// Bytes allowed for a verdict, all transfers of the run together: forty runs on a satellite's 10 GB a month leave 9 of
/// them to the school. A fifth is the upload's.
const VERDICT_BYTES: u64 = 25_000_000;
/// Longest repetition of the download.
const REPEAT_CAP: Duration = Duration::from_secs(5);
/// Longest upload: it has no threshold, so less precision will do.
const UPLOAD_CAP: Duration = Duration::from_secs(5);
/// Longest visit of one service host, all stages together: a satellite's six round trips of 600 ms, and some more.
const SERVICE_CAP: Duration = Duration::from_secs(6);
/// Time for a Wi-Fi scan: 2 to 5 s as a rule, but an associated radio goes home between channels (13 s for three bands
/// on mac80211's own scan). One given up goes on in the radio and disturbs the throughput that follows.
const SCAN_CAP: Duration = Duration::from_secs(15);
/// Longest look at the path: information only.
const PATH_CAP: Duration = Duration::from_secs(3);

/// Bytes allowed downstream: 8 s at 250 Mbit/s, far above any threshold, yet bounded for metered lines.
const DOWNLOAD_BYTES: u64 = 250_000_000;
/// Time and bytes for a mire in the school: a gigabit's second, none of which the line carries.
const LAN: Budget = Budget { time: Duration::from_secs(2), bytes: 150_000_000 };
/// Streams of that transfer: there is no time to try them one after the other.
const LAN_STREAMS: usize = 4;
/// Bytes allowed upstream.
const UPLOAD_BYTES: u64 = 60_000_000;

/// Probes of each latency method: a median that a single outlier does not move, and a loss resolution of 5 %.
const LATENCY_PROBES: u32 = 20;
/// Between two of them: with both methods 2 s in all, and no more than a video call's packet rate.
const LATENCY_INTERVAL: Duration = Duration::from_millis(50);

/// Time without a byte after which a mire is given up: two retransmission timeouts of a satellite's line.
const STALL: Duration = Duration::from_secs(4);

/// Everything a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The probes wanted.
    pub probes: BTreeSet<ProbeName>,
    /// The school.
    pub site: Site,
    /// The rule file.
    pub rules: Requirements,
    /// How the network is reached.
    pub dial: DialConfig,
    /// Where its proxy was set, when it has one.
    pub proxy_source: Option<ProxySource>,
    /// The mires, in the order to try them.
    pub mires: Vec<MireUrl>,
    /// A mire on another machine in the school: what the school's network carries, apart from the line.
    pub lan_mire: Option<MireUrl>,
    /// Whether the user named them: a mire that was named is tried even where there seems to be no Internet.
    pub mires_named: bool,
    /// Where to upload, in the order to try; often the same mires.
    pub upload_mires: Vec<MireUrl>,
    /// The control targets.
    pub internet: internet::Config,
    /// The service hosts.
    pub endpoints: endpoints::Config,
    /// Names and time limits for the resolvers; their addresses come from the link probe unless named here.
    pub dns: dns::Config,
    /// The time server to ask, when one is wanted.
    pub ntp: Option<NtpServer>,
    /// The radios.
    pub wifi: wifi::Config,
    /// A survey that is taken in the place of a scan from one place.
    pub survey: Option<Measurement<WifiValue>>,
    /// When the download has done its work.
    pub goal: throughput::Goal,
    /// Time and data for the download.
    pub download: Budget,
    /// Time and data for its repetition.
    pub repeat: Budget,
    /// Time and data for the upload.
    pub upload: Budget,
    /// Time for the path.
    pub path_cap: Duration,
    /// Time for the whole run.
    pub timeout: Duration,
    /// Whether this is the embedded school.
    pub demonstration: bool,
}

/// Time and data allowed to one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Time, ramp included.
    pub time: Duration,
    /// Application bytes.
    pub bytes: u64,
}

impl Plan {
    /// Makes a plan of what the settings ask.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mires_named = !settings.mires.is_empty();
        let (mires, upload_mires) =
            if mires_named { (settings.mires.clone(), settings.mires) } else { public_mires() };
        let controls = if settings.controls.is_empty() { built_in_controls() } else { settings.controls };
        let (download, repeat, upload) = budgets(settings.until, settings.max_bytes);
        let goal = match settings.until {
            Until::Stable => throughput::Goal::Stable,
            Until::Verdict => throughput::Goal::Verdict(rate_bars(settings.site.size, &settings.rules)),
            Until::Seconds(_) => throughput::Goal::Fixed,
        };
        Self {
            goal,
            dns: dns::Config {
                references: settings.dns_references,
                ..dns_config(&settings.endpoints, &mires)
            },
            ntp: settings.ntp,
            internet: internet_config(controls),
            endpoints: endpoints::Config { endpoints: settings.endpoints, timeout: SERVICE_CAP },
            wifi: wifi::Config {
                ssids: settings.ssids,
                // An interface named for the run may be the wired one: the radio is looked for by itself.
                interface: None,
                timeout: SCAN_CAP,
                walking: false,
                full_addresses: false,
            },
            survey: None,
            probes: settings.probes,
            site: settings.site,
            rules: settings.rules,
            dial: settings.dial,
            proxy_source: settings.proxy_source,
            mires,
            lan_mire: settings.lan_mire,
            mires_named,
            upload_mires,
            download,
            repeat,
            upload,
            path_cap: PATH_CAP,
            timeout: settings.timeout,
            demonstration: false,
        }
    }

    /// The same for its services alone: no transfer, no radio, and no name asked that is not a service's. The link,
    /// the control targets and the resolvers stay: without them no verdict on a service could be given.
    #[must_use]
    pub fn services_only(mut self) -> Self {
        self.probes =
            BTreeSet::from([ProbeName::Link, ProbeName::Internet, ProbeName::Dns, ProbeName::Endpoints]);
        let urls = self.endpoints.endpoints.iter().flat_map(|endpoint| &endpoint.urls);
        let hosts: BTreeSet<String> =
            urls.filter_map(|url| url.parse::<Target>().ok()).map(|target| target.host).collect();
        self.dns.names.retain(|name| hosts.contains(name));
        self.mires.clear();
        self.upload_mires.clear();
        self
    }

    /// The same for the radios alone: nothing goes over any network.
    #[must_use]
    pub fn radios_only(mut self) -> Self {
        self.probes.clear();
        self.ntp = None;
        self.mires.clear();
        self.upload_mires.clear();
        self.endpoints.endpoints.clear();
        self
    }

    /// Whether a probe is wanted.
    #[must_use]
    pub fn wants(&self, probe: ProbeName) -> bool {
        self.probes.contains(&probe)
    }

    /// The latency probe's configuration for one mire.
    #[must_use]
    pub fn latency(mire: &MireUrl) -> latency::Config {
        latency::Config {
            host: mire.target.host.clone(),
            port: mire.target.port,
            count: LATENCY_PROBES,
            interval: LATENCY_INTERVAL,
            timeout: Duration::from_secs(1),
        }
    }

    /// The path probe's configuration: 30 hops are traceroute's bound.
    #[must_use]
    pub fn path(mire: &Target) -> path::Config {
        path::Config {
            host: mire.host.clone(),
            port: mire.port,
            max_hops: 30,
            timeout: Duration::from_secs(1),
        }
    }

    /// The configuration of the transfer inside the school.
    #[must_use]
    pub fn lan_transfer(mire: MireUrl) -> throughput::Config {
        throughput::Config {
            streams: LAN_STREAMS,
            ..Self::transfer(vec![mire], LAN, throughput::Goal::Fixed)
        }
    }

    /// A transfer's configuration.
    #[must_use]
    pub fn transfer(mires: Vec<MireUrl>, budget: Budget, goal: throughput::Goal) -> throughput::Config {
        throughput::Config {
            mires,
            time_cap: budget.time,
            byte_cap: budget.bytes,
            stall_timeout: STALL,
            goal,
            streams: 1,
            load: None,
        }
    }
}

/// The public mires to download from, and those of them that take an upload.
fn public_mires() -> (Vec<MireUrl>, Vec<MireUrl>) {
    let all = built_in_mires();
    let read = |url: &str| url.parse().ok();
    (
        all.iter().filter_map(|mire| read(&mire.url)).collect(),
        all.iter().filter_map(|mire| read(mire.upload_url.as_deref()?)).collect(),
    )
}

/// The control targets' configuration.
#[must_use]
pub fn internet_config(targets: Vec<ControlTarget>) -> internet::Config {
    internet::Config { targets, timeout: Duration::from_secs(5), routed: true }
}

/// The resolvers' configuration: the names the run uses anyway, so that nothing new is told to a resolver. Six are
/// enough for a median, and few enough to be paced.
fn dns_config(endpoints: &[Endpoint], mires: &[MireUrl]) -> dns::Config {
    let hosts = endpoints
        .iter()
        .flat_map(|endpoint| &endpoint.urls)
        .filter_map(|url| url.parse::<sonde_probes::dial::Target>().ok())
        .map(|target| target.host)
        .chain(mires.iter().map(|mire| mire.target.host.clone()));
    let mut names: Vec<String> = Vec::new();
    for host in hosts.filter(|host| host.parse::<std::net::IpAddr>().is_err() && host != "localhost") {
        if !names.contains(&host) && names.len() < 6 {
            names.push(host);
        }
    }
    dns::Config::new(Vec::new(), names, Duration::from_secs(2))
}

/// Time and data for the download, its repetition, and the upload.
fn budgets(until: Until, max_bytes: Option<u64>) -> (Budget, Budget, Budget) {
    let (time, repeat) = match until {
        Until::Stable => (DOWNLOAD_CAP, REPEAT_CAP),
        Until::Verdict => (VERDICT_CAP, REPEAT_CAP),
        // Who asks for a length wants comparable transfers.
        Until::Seconds(time) => (time, time),
    };
    let (down, up) = match max_bytes {
        None if until != Until::Verdict => (DOWNLOAD_BYTES, UPLOAD_BYTES),
        // The same proportion; the download carries the verdict.
        given => {
            let all = given.unwrap_or(VERDICT_BYTES);
            let up = all / 5;
            (all - up, up)
        }
    };
    // What the first transfer leaves is all that its repetition may use: the run subtracts it.
    (
        Budget { time, bytes: down },
        Budget { time: repeat, bytes: down },
        Budget { time: UPLOAD_CAP.min(time), bytes: up },
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::config::{Environment, Key, Raw};

    fn plan(pairs: &[(Key, &str)]) -> Plan {
        Plan::new(Settings::from_raw(&mut Raw::of_flags(pairs), &Environment::new(), false).unwrap())
    }

    #[test]
    fn the_default_transfers_fit_the_half_minute() {
        let plan = plan(&[]);
        let latency = 2 * LATENCY_PROBES * LATENCY_INTERVAL;
        let transfers = plan.download.time + plan.repeat.time + plan.upload.time;
        // Six seconds are left for the first part, and one for the end of the upload.
        assert!(latency + transfers + plan.path_cap <= Duration::from_secs(23), "{transfers:?}");
        assert_eq!((plan.download.bytes, plan.upload.bytes), (250_000_000, 60_000_000));
        assert!(!plan.mires_named && !plan.mires.is_empty());
        assert_eq!(plan.probes.len(), ProbeName::ALL.len());
    }

    #[test]
    fn a_data_budget_is_never_exceeded_by_its_parts() {
        for given in ["100001", "100007", "25M", "1G"] {
            let plan = plan(&[(Key::MaxBytes, given)]);
            let total = crate::config::values::data(given).unwrap();
            assert_eq!(plan.download.bytes + plan.upload.bytes, total, "{given}");
        }
    }

    #[test]
    fn until_sets_the_downloads_length() {
        assert_eq!(plan(&[(Key::Until, "3")]).download.time, Duration::from_secs(3));
        let verdict = plan(&[(Key::Until, "verdict")]);
        assert_eq!(verdict.download.bytes + verdict.upload.bytes, VERDICT_BYTES);
        // Without a size each of the three thresholds must be answered.
        let throughput::Goal::Verdict(bars) = verdict.goal else { panic!("{:?}", verdict.goal) };
        assert_eq!(bars.iter().map(|bar| bar.at_least_bps / 1_000_000).collect::<Vec<_>>(), [8, 10, 15]);
        let verdict = plan(&[(Key::Until, "verdict"), (Key::Size, "medium")]);
        assert!(
            matches!(&verdict.goal, throughput::Goal::Verdict(bars) if bars.len() == 1),
            "{:?}",
            verdict.goal
        );
    }

    #[test]
    fn a_named_mire_replaces_the_public_ones() {
        let plan = plan(&[(Key::Mire, "ndt7+http://127.0.0.1:9/")]);
        assert!(plan.mires_named);
        assert_eq!(plan.mires, plan.upload_mires);
        assert_eq!(plan.mires.len(), 1);
    }

    #[test]
    fn a_check_of_services_moves_nothing_else() {
        let plan = plan(&[(Key::Territory, "44"), (Key::Only, "download")]).services_only();
        assert!(!plan.wants(ProbeName::Download) && !plan.wants(ProbeName::Wifi));
        assert!(plan.wants(ProbeName::Endpoints) && plan.mires.is_empty() && plan.upload_mires.is_empty());
        let urls: Vec<&String> = plan.endpoints.endpoints.iter().flat_map(|known| &known.urls).collect();
        let of_a_service = |name: &String| urls.iter().any(|url| url.contains(name.as_str()));
        assert!(
            !plan.dns.names.is_empty() && plan.dns.names.iter().all(of_a_service),
            "{:?}",
            plan.dns.names
        );
    }

    #[test]
    fn only_names_the_run_uses_are_asked_of_the_resolvers() {
        let plan = plan(&[(Key::Mire, "ndt7+http://127.0.0.1:9/")]);
        assert!(!plan.dns.names.is_empty() && plan.dns.names.len() <= 6);
        assert!(!plan.dns.names.iter().any(|name| name == "127.0.0.1"));
    }
}
