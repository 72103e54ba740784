//! Radios in sight, and how many access points of the school they are.
//!
//! Listening only: no monitor mode, no clients, no association. What leaves this module holds no BSSID and no name of
//! a neighbour's network (domain rule: neighbours are only counted). "No adapter" or "no right" is never zero.

mod band;
// The decoding is pure and tested everywhere; its caller is in windows.rs.
#[cfg(any(windows, test))]
mod bss_list;
mod elements;
mod group;
#[cfg(target_os = "linux")]
mod network_manager;
#[cfg(target_os = "linux")]
mod nl80211;
mod recorded;
#[cfg(test)]
mod scenes;
#[cfg(target_os = "linux")]
mod sysfs;
#[cfg(test)]
mod tests;
mod ties;
#[cfg(windows)]
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sonde_report::values::{AccessPointEstimate, ScanInfo, SchoolBssid, SchoolWifi, WifiValue};
use sonde_report::{Caveat, CaveatCode, Failure, Measurement, Outcome, Reason};
use wildmatch::WildMatch;

use crate::{Env, clock::Stopwatch};
use band::Band;
use group::Bss;
pub use recorded::{Recording, RecordingError};
use ties::Identity;

/// What counts as the school.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Names of the school networks; `*` and `?` allowed, case matters. Empty: the associated network is the
    /// candidate.
    pub ssids: Vec<String>,
    /// The interface to listen with; `None`: the first Wi-Fi interface that can.
    pub interface: Option<String>,
    /// Time allowed for a fresh scan.
    pub timeout: Duration,
}

/// Listens to the radios in sight and estimates the school's access points.
///
/// A fresh scan where the system permits one, else the system's cached list under the caveat `stale_scan`. Not
/// measured without an adapter, with the radio blocked, without the right (on Windows 11, the consent to location), and
/// on systems but Linux and Windows.
pub async fn run(config: &Config, _env: &Env) -> Measurement<WifiValue> {
    listen(config).await.0
}

/// The same, and what was heard, for whoever asked to record it.
pub async fn listen(config: &Config) -> (Measurement<WifiValue>, Option<Recording>) {
    let (measured, heard) = heard_with(&System::default(), config).await;
    (measured, heard.map(Recording::of))
}

/// Reads a recording as if its radios were in sight.
pub async fn replay(recording: &Recording, config: &Config) -> Measurement<WifiValue> {
    run_with(recording, config).await
}

/// This system's own radios.
#[cfg(target_os = "linux")]
type System = nl80211::Kernel;
#[cfg(windows)]
type System = windows::WlanService;
#[cfg(not(any(target_os = "linux", windows)))]
type System = Unsupported;

/// The negotiated transmit rate of an associated radio, bit/s; `None` when the system does not tell.
pub(crate) async fn station_rate_bps(interface_index: u32) -> Option<u64> {
    #[cfg(target_os = "linux")]
    return nl80211::station_rate_bps(interface_index).await;
    #[cfg(not(target_os = "linux"))]
    {
        let _ = interface_index;
        std::future::ready(None).await
    }
}

/// The edge of the operating system: whatever can list radios.
trait Scanner {
    /// Listens with `interface` (the first one that can, when `None`) for at most about `timeout`.
    fn scan(
        &self,
        interface: Option<&str>,
        timeout: Duration,
    ) -> impl Future<Output = Result<Scan, Obstacle>> + Send;
}

/// Why nothing was heard.
#[derive(Debug)]
#[cfg_attr(not(any(target_os = "linux", windows)), allow(dead_code))]
enum Obstacle {
    /// It was tried: the driver or the kernel answered with an error.
    Failed(Failure),
    /// It could not be tried.
    NotMeasured(Reason),
}

/// What a scanner heard. No `Debug`: it holds neighbours' addresses and names.
#[derive(Clone)]
struct Scan {
    /// The interface that listened.
    interface: String,
    /// Whether the radio listened for this run.
    fresh: bool,
    /// What the scan may have missed, as a technical word.
    partial: Option<&'static str>,
    /// The bands the adapter can hear, when the system tells.
    bands: Option<BTreeSet<Band>>,
    /// The name of the network the machine is associated with.
    associated: Option<Vec<u8>>,
    /// Each entry of the list.
    sightings: Vec<Sighting>,
}

/// One entry of a scan list.
#[derive(Clone, Default)]
struct Sighting {
    bssid: [u8; 6],
    /// The primary channel's centre, MHz; 0 when the system does not tell.
    mhz: u32,
    signal_dbm: Option<i16>,
    seen_ms_ago: Option<u64>,
    /// The radio's own timer in its latest frame, microseconds (TSF, IEEE 802.11-2020, 11.1.3). Two networks of one
    /// radio share it or differ by what stays the same from scan to scan.
    tsf_us: Option<u64>,
    /// When that frame was received, microseconds of a clock of this machine that has no agreed start: only a difference
    /// between two of one list means anything.
    received_us: Option<u64>,
    /// Whether the machine is associated with it.
    associated: bool,
    /// Information elements as they came through the air.
    elements: Vec<u8>,
}

#[cfg(not(any(target_os = "linux", windows)))]
#[derive(Default)]
struct Unsupported;

#[cfg(not(any(target_os = "linux", windows)))]
impl Scanner for Unsupported {
    async fn scan(&self, _: Option<&str>, _: Duration) -> Result<Scan, Obstacle> {
        Err(Obstacle::NotMeasured(Reason::new(sonde_report::ReasonCode::UnsupportedSystem)))
    }
}

/// A driver or system error during a scan, with a technical detail that quotes nothing of what was heard.
#[cfg(any(target_os = "linux", windows, test))]
fn system_error(text: &str) -> Obstacle {
    Obstacle::Failed(Failure::with(sonde_report::Stage::Scan, sonde_report::Cause::SystemError, text))
}

/// No radio to listen with, or none of that name.
#[cfg(any(target_os = "linux", windows))]
fn no_adapter(named: Option<&str>, known: &[String]) -> Obstacle {
    use sonde_report::{ReasonCode, measurement::Remedy};
    let reason = Reason::remedied(ReasonCode::NoWifiAdapter, Remedy::UseWifiMachine);
    Obstacle::NotMeasured(match named {
        Some(name) if !known.is_empty() => {
            let reason = Reason::remedied(ReasonCode::UnknownWifiInterface, Remedy::NameWifiInterface);
            reason.with(format!("{name} ({})", known.join(", ")))
        }
        Some(name) => reason.with(name),
        None => reason,
    })
}

/// The radio is off: by a switch, by software.
#[cfg(any(target_os = "linux", windows, test))]
fn radio_blocked(how: &str) -> Obstacle {
    use sonde_report::{ReasonCode, measurement::Remedy};
    Obstacle::NotMeasured(Reason::remedied(ReasonCode::RadioBlocked, Remedy::EnableRadio).with(how))
}

async fn run_with(scanner: &impl Scanner, config: &Config) -> Measurement<WifiValue> {
    heard_with(scanner, config).await.0
}

/// The measurement, and the list it was made from.
async fn heard_with(scanner: &impl Scanner, config: &Config) -> (Measurement<WifiValue>, Option<Scan>) {
    let watch = Stopwatch::start();
    let named = config.interface.clone().unwrap_or_default();
    match scanner.scan(config.interface.as_deref(), config.timeout).await {
        Ok(scan) => {
            let (value, caveats) = describe(&scan, &config.ssids);
            let measured = watch.finish(scan.interface.clone(), Outcome::Measured { value, caveats });
            (measured, Some(scan))
        }
        Err(Obstacle::Failed(failure)) => (watch.fail(named, failure), None),
        Err(Obstacle::NotMeasured(reason)) => (watch.skip(named, reason), None),
    }
}

/// One radio name in sight, whoever's it is. No `Debug`, as [`Scan`].
struct Seen<'a> {
    sighting: &'a Sighting,
    ssid: Option<String>,
    ours: bool,
}

/// Which names are the school's.
enum School {
    /// The declared patterns.
    Declared(Vec<WildMatch>),
    /// The associated network, exactly: a `*` in it is only a star.
    Associated(String),
    /// None is known.
    Unknown,
}

impl School {
    fn of(declared: &[String], associated: Option<&[u8]>) -> Self {
        if !declared.is_empty() {
            return Self::Declared(declared.iter().map(|pattern| WildMatch::new(pattern)).collect());
        }
        associated
            .filter(|name| !name.is_empty())
            .map_or(Self::Unknown, |name| Self::Associated(readable(name)))
    }

    fn owns(&self, name: &str) -> bool {
        match self {
            Self::Declared(patterns) => patterns.iter().any(|pattern| pattern.matches(name)),
            Self::Associated(own) => own == name,
            Self::Unknown => false,
        }
    }
}

/// A network's name as text: its bytes are anybody's, so control characters (a terminal's escape, above all) and what
/// is not UTF-8 are replaced.
fn readable(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// From what was heard to what is reported. Pure.
fn describe(scan: &Scan, declared: &[String]) -> (WifiValue, Vec<Caveat>) {
    // Not every driver tells the name on the interface; the list's entry has it in any case.
    let listed =
        || scan.sightings.iter().find(|s| s.associated).and_then(|s| elements::read(&s.elements).ssid);
    let associated = scan.associated.clone().or_else(listed);
    let school = School::of(declared, associated.as_deref());
    let seen = distinct(scan, &school);
    let mut neighbours: BTreeMap<String, u32> = BTreeMap::new();
    for band in scan.bands.iter().flatten() {
        // A band the adapter hears and that is empty is a true zero; one it cannot hear is absent.
        neighbours.insert(band.as_str().to_owned(), 0);
    }
    let mut own = Vec::new();
    let all: Vec<(&Seen<'_>, Bss)> = seen.iter().filter_map(|radio| Some((radio, bss_of(radio)?))).collect();
    let hidden_of_ours = hidden_of_ours(&all);
    for (index, (radio, bss)) in all.into_iter().enumerate() {
        if radio.ours || hidden_of_ours.contains(&index) {
            own.push((radio, bss));
        } else {
            *neighbours.entry(bss.band.as_str().to_owned()).or_default() += 1;
        }
    }
    let known = !matches!(school, School::Unknown);
    let value = WifiValue {
        scan: ScanInfo {
            interface: scan.interface.clone(),
            fresh: scan.fresh,
            age_ms: if scan.fresh { None } else { scan.sightings.iter().filter_map(|s| s.seen_ms_ago).max() },
            positions: Vec::new(),
        },
        bssids_seen: count(seen.len()),
        school: known.then(|| school_of(own)),
        neighbours,
    };
    let mut caveats = Vec::new();
    if !scan.fresh {
        let age = value.scan.age_ms.map(|age| format!("{age} ms"));
        caveats.push(Caveat { code: CaveatCode::StaleScan, detail: age });
    }
    caveats.extend(scan.partial.map(|what| CaveatCode::PartialScan.with(what)));
    if !known {
        caveats.push(CaveatCode::NoSchoolSsid.into());
    }
    (value, caveats)
}

/// One entry as the grouping wants it; `None` outside the Wi-Fi bands.
fn bss_of(radio: &Seen<'_>) -> Option<Bss> {
    let sighting = radio.sighting;
    let elements = elements::read(&sighting.elements);
    let base = |(tsf, received): (u64, u64)| i128::from(tsf) - i128::from(received);
    Some(Bss {
        bssid: sighting.bssid,
        ssid: radio.ssid.clone().unwrap_or_default(),
        band: Band::of(sighting.mhz)?,
        mhz: sighting.mhz,
        signal_dbm: sighting.signal_dbm,
        identity: Identity {
            mld: elements.mld,
            set: elements.multiple_bssid.map(|set| set.addresses(sighting.bssid)).unwrap_or_default(),
            co_located: elements.co_located,
            wps_uuid: elements.wps_uuid,
            tsf_base_us: sighting.tsf_us.zip(sighting.received_us).map(base),
        },
    })
}

/// The entries without a name that something ties to one of the school's, also by way of another of them.
fn hidden_of_ours(all: &[(&Seen<'_>, Bss)]) -> BTreeSet<usize> {
    let nameless = |at: &usize| !all[*at].0.ours && all[*at].1.ssid.is_empty();
    let doubts = ties::Doubts::of(&all.iter().map(|(_, bss)| bss));
    let mut found = BTreeSet::new();
    loop {
        let known = |at: usize| all[at].0.ours || found.contains(&at);
        let tied = |at: &usize| {
            (0..all.len())
                .any(|other| known(other) && ties::between(&all[*at].1, &all[other].1, &doubts).is_some())
        };
        let more: Vec<usize> =
            (0..all.len()).filter(|at| nameless(at) && !found.contains(at)).filter(tied).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Each BSSID once: the entry that is the school's, else the one with a name, else the latest, else the loudest. The
/// kernel lists a network that hides its name twice, with and without it.
fn distinct<'a>(scan: &'a Scan, school: &School) -> Vec<Seen<'a>> {
    let mut all: Vec<Seen<'a>> = scan
        .sightings
        .iter()
        .map(|sighting| {
            let ssid = elements::read(&sighting.elements).ssid.as_deref().map(readable);
            let ours = ssid.as_deref().is_some_and(|name| school.owns(name));
            Seen { sighting, ssid, ours }
        })
        .collect();
    all.sort_by(|a, b| {
        let key = |seen: &Seen<'a>| {
            let age = seen.sighting.seen_ms_ago.unwrap_or(u64::MAX);
            let quiet = seen.sighting.signal_dbm.map_or(i32::MAX, |dbm| -i32::from(dbm));
            (seen.sighting.bssid, !seen.ours, seen.ssid.is_none(), age, quiet, seen.sighting.mhz)
        };
        key(a).cmp(&key(b)).then_with(|| a.ssid.cmp(&b.ssid))
    });
    all.dedup_by(|later, kept| later.sighting.bssid == kept.sighting.bssid);
    all
}

/// The school's own radios, grouped.
fn school_of(own: Vec<(&Seen<'_>, Bss)>) -> SchoolWifi {
    let (seen, bss): (Vec<&Seen<'_>>, Vec<Bss>) = own.into_iter().unzip();
    let grouped = group::group(&bss);
    let ssids: BTreeSet<String> =
        bss.iter().map(|bss| bss.ssid.clone()).filter(|name| !name.is_empty()).collect();
    let mut listed: Vec<SchoolBssid> = bss
        .iter()
        .zip(&seen)
        .zip(&grouped.access_point)
        .map(|((bss, seen), access_point)| SchoolBssid {
            access_point: *access_point,
            ssid: bss.ssid.clone(),
            band: bss.band.as_str().to_owned(),
            channel: band::channel(bss.mhz).or_else(|| elements::read(&seen.sighting.elements).channel),
            signal_dbm: bss.signal_dbm,
        })
        .collect();
    listed.sort_by(|a, b| {
        (a.access_point, &a.band, a.channel, &a.ssid).cmp(&(b.access_point, &b.band, b.channel, &b.ssid))
    });
    SchoolWifi {
        ssids: ssids.into_iter().collect(),
        bssids: count(bss.len()),
        radios: grouped.radios,
        access_points: AccessPointEstimate {
            estimate: grouped.estimate,
            low: grouped.low,
            high: grouped.high,
            evidence: grouped.evidence.into_iter().map(str::to_owned).collect(),
        },
        seen: listed,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
