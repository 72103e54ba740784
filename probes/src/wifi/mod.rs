//! Radios in sight, and how many access points of the school they are.
//!
//! Beacons, and the answers to the questions any machine asks when it looks for networks (probe requests; by name for the
//! school's exact names, which networks that hide theirs answer): no monitor mode, no clients, no association. What leaves this module holds no BSSID and no name of
//! a neighbour's network (domain rule: neighbours are only counted). "No adapter" or "no right" is never zero.

mod apart;
mod band;
// The decoding is pure and tested everywhere; its caller is in windows.rs.
#[cfg(any(windows, test))]
mod bss_list;
mod describe;
mod elements;
mod group;
mod health;
mod makers;
#[cfg(target_os = "linux")]
mod network_manager;
#[cfg(target_os = "linux")]
mod nl80211;
mod recorded;
#[cfg(test)]
mod scenes;
mod survey;
#[cfg(target_os = "linux")]
mod sysfs;
#[cfg(test)]
mod tests;
mod ties;
#[cfg(windows)]
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sonde_report::values::WifiValue;
use sonde_report::{Failure, Measurement, Outcome, Reason};

use crate::{Env, clock::Stopwatch};
use band::Band;
pub use recorded::{Recording, RecordingError};
pub use survey::{Visit, survey};

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
    /// Whether the school's own addresses are reported whole (`--bssid-full`).
    pub full_addresses: bool,
    /// Whether whoever listens walks from place to place: what the system heard before this listening may have been heard
    /// elsewhere, and is left out.
    pub walking: bool,
}

impl Config {
    /// The school's names that are no patterns: those that a network which hides its own answers to.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    fn exact_names(&self) -> impl Iterator<Item = &str> {
        self.ssids.iter().map(String::as_str).filter(|name| !name.contains(['*', '?']))
    }
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

/// Reads a recording as if its radios were in sight; the measurement says that it was one.
pub async fn replay(recording: &Recording, config: &Config) -> Measurement<WifiValue> {
    let mut measured = run_with(recording, config).await;
    if let Outcome::Measured { value, .. } = &mut measured.outcome {
        value.scan.recorded = true;
    }
    measured
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
    /// Listens with the configured interface (the first one that can, when none is) for at most about the configured time.
    fn scan(&self, config: &Config) -> impl Future<Output = Result<Scan, Obstacle>> + Send;
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
#[derive(Clone, Default)]
struct Scan {
    /// The interface that listened.
    interface: String,
    /// Whether the radio listened for this run.
    fresh: bool,
    /// What the scan may have missed, as a technical word.
    partial: Option<&'static str>,
    /// The bands the adapter can hear, when the system tells.
    bands: Option<BTreeSet<Band>>,
    /// How long ago the listening began, ms, where it is known: what was seen longer ago was heard before it.
    since_ms: Option<u64>,
    /// Whether every exact name of the school's was asked for on the air: a network that hides one answered to it.
    asked: bool,
    /// The name of the network the machine is associated with.
    associated: Option<Vec<u8>>,
    /// Each entry of the list.
    sightings: Vec<Sighting>,
    /// Neighbours that were counted and then left out of `sightings`: a survey keeps the school's only.
    left_out: LeftOut,
    /// What the adapter measured of the channels it visited.
    air: Vec<ChannelAir>,
    /// The machine's own association.
    link: Option<StationLink>,
}

impl Scan {
    /// Leaves out what was heard before this listening.
    fn forget_the_walk(&mut self) {
        let Some(since) = self.since_ms.filter(|_| self.fresh) else { return };
        self.sightings.retain(|sighting| sighting.seen_ms_ago.is_none_or(|ago| ago <= since));
    }
}

/// Neighbours that were counted and left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct LeftOut {
    /// Per band.
    bands: BTreeMap<Band, u32>,
    /// On each channel (its centre in MHz), those that the school's radios take turns with.
    audible: BTreeMap<u32, u32>,
    /// Loud ones without a name.
    hidden: u32,
}

/// A channel as the adapter measured it while it listened there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChannelAir {
    /// The channel's centre, MHz.
    mhz: u32,
    /// How long the adapter listened there, and how much of it the channel was busy, ms.
    active_ms: u64,
    busy_ms: u64,
    /// The noise, dBm, when the driver tells.
    noise_dbm: Option<i8>,
}

/// The association's signal and negotiated rates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct StationLink {
    signal_dbm: Option<i16>,
    transmit_bps: Option<u64>,
    receive_bps: Option<u64>,
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
    /// Whether the frame says that data is encrypted (the capability bit, 9.4.1.4), when the system tells.
    privacy: Option<bool>,
    /// Information elements as they came through the air.
    elements: Vec<u8>,
}

#[cfg(not(any(target_os = "linux", windows)))]
#[derive(Default)]
struct Unsupported;

#[cfg(not(any(target_os = "linux", windows)))]
impl Scanner for Unsupported {
    async fn scan(&self, _: &Config) -> Result<Scan, Obstacle> {
        Err(Obstacle::NotMeasured(Reason::new(sonde_report::ReasonCode::UnsupportedSystem)))
    }
}

/// A driver or system error during a scan, with a technical detail that quotes nothing of what was heard.
#[cfg(any(target_os = "linux", windows, test))]
fn system_error(text: &str) -> Obstacle {
    Obstacle::Failed(Failure::with(sonde_report::Stage::Scan, sonde_report::Cause::SystemError, text))
}

/// How long ago `began` was, ms, with what the system's own clock of entries may be behind: it counts in ticks of 10 ms.
#[cfg(any(target_os = "linux", windows))]
fn since_ms(began: std::time::Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(20)
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
    match scanner.scan(config).await {
        Ok(mut scan) => {
            if config.walking {
                scan.forget_the_walk();
            }
            let (value, caveats) = describe::place(&scan, config);
            let measured = watch.finish(scan.interface.clone(), Outcome::Measured { value, caveats });
            (measured, Some(scan))
        }
        Err(Obstacle::Failed(failure)) => (watch.fail(named, failure), None),
        Err(Obstacle::NotMeasured(reason)) => (watch.skip(named, reason), None),
    }
}
