//! Linux: the kernel's own list of radios, over nl80211. Reading it needs no right; making it fresh needs
//! CAP_NET_ADMIN, or NetworkManager's help.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{Stream, StreamExt, TryStream, TryStreamExt};
use sonde_report::measurement::Remedy;
use sonde_report::{Cause, Failure, Reason, ReasonCode, Stage};
use tokio::time::{Instant, timeout, timeout_at};
use wl_nl80211::packet_core::{NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use wl_nl80211::packet_generic::GenlMessage;
use wl_nl80211::{
    Ieee80211CapabilityInfo, Nl80211Attr, Nl80211BandType, Nl80211BssInfo, Nl80211Command, Nl80211Error,
    Nl80211Handle, Nl80211InterfaceType, Nl80211Message, Nl80211MulticastGroup, Nl80211RateInfo,
    Nl80211StationInfo, Nl80211Survey, Nl80211SurveyInfo,
};

use super::band::Band;
use super::{
    ChannelAir, Config, LeftOut, Obstacle, Scan, Scanner, Sighting, StationLink, elements, network_manager,
    no_adapter, radio_blocked, sysfs, system_error,
};

/// Time allowed for a question that the kernel answers from memory.
const ANSWER: Duration = Duration::from_secs(2);

/// Readings of a list that changes while it is read. The kernel hands it out in parts of some twenty networks, each within
/// a millisecond, and it changes at a scan's end: one more reading is nearly always whole. The third is for a second radio
/// or a roaming one; a list that still moves is taken as the sum of what was read.
const READINGS: usize = 3;

/// Attempts at a scan of our own while others scan. Theirs may have been for one channel (roaming), so it does not stand
/// for ours; the second attempt follows the end of theirs, the third that of whoever was quicker then.
const TRIGGERS: usize = 3;

/// Linux error numbers (asm-generic/errno.h).
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const EOPNOTSUPP: i32 = 95;
const ENETDOWN: i32 = 100;
const ERFKILL: i32 = 132;

/// The longest network name (IEEE 802.11-2020, 9.4.2.2).
const LONGEST_SSID: usize = 32;

/// NL80211_BSS_STATUS_ASSOCIATED (linux/nl80211.h).
const ASSOCIATED: u32 = 1;

/// The kernel's radios.
pub(super) struct Kernel {
    /// Where sysfs is mounted.
    sys: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self { sys: PathBuf::from("/sys") }
    }
}

/// How an attempt at a fresh scan ended.
enum Freshness {
    Fresh,
    /// NetworkManager listened for us, asking for no name.
    ByManager,
    /// It ended early, by the driver's or somebody's will, or it was somebody else's for nobody knows how many channels: what
    /// was heard is in the list.
    Aborted,
    /// The list is whatever the kernel had, and why.
    Cached(Obstacle),
}

impl Scanner for Kernel {
    async fn scan(&self, config: &Config) -> Result<Scan, Obstacle> {
        let until = Instant::now() + config.timeout;
        let mut candidates = interfaces(&self.sys, config.interface.as_deref())?;
        if candidates.len() > 1 {
            stations_first(&mut candidates, &stations().await);
        }
        let names: Vec<Vec<u8>> = config.exact_names().map(|name| name.as_bytes().to_vec()).collect();
        let attempts: Vec<_> = candidates.into_iter().map(|name| self.listen(name, &names, until)).collect();
        first_that_can(attempts).await
    }
}

impl Kernel {
    /// Listens with one interface, asking for `names` too, where networks hide them.
    async fn listen(&self, name: String, names: &[Vec<u8>], until: Instant) -> Result<Scan, Obstacle> {
        if let Some(how) = sysfs::blocked(&self.sys, &name) {
            return Err(radio_blocked(how));
        }
        let mut kernel = connect().map_err(|error| system_error(&error.to_string()))?;
        let (index, associated) = station(&mut kernel, &name).await?;
        let adapter = adapter(&mut kernel, index).await;
        let questions = adapter.ask_for(names);
        // Beside the general one.
        let all_asked = questions.len() > names.len();
        let began = std::time::Instant::now();
        let freshness = refresh(&mut kernel, &name, index, questions, until).await?;
        let asked = all_asked && matches!(freshness, Freshness::Fresh);
        let list = whole(&mut Dump { kernel: &mut kernel, index }).await?;
        let since_ms = Some(super::since_ms(began));
        let sightings = list.sightings;
        let (fresh, aborted) = settle(freshness, sightings.is_empty())?;
        let partial = aborted
            .or(list.damaged.then_some("unreadable_entry"))
            .or(list.interrupted.then_some("list_changed"));
        let air = air(&mut kernel, index).await;
        let link = link(&kernel, index).await;
        let left_out = LeftOut::default();
        let bands = adapter.bands;
        Ok(Scan {
            interface: name,
            fresh,
            partial,
            bands,
            since_ms,
            asked,
            associated,
            sightings,
            left_out,
            air,
            link,
        })
    }
}

/// What the first interface that can listen heard, else why none could: the first obstacle that somebody can lift. One is
/// tried at a time.
async fn first_that_can<T>(attempts: Vec<impl Future<Output = Result<T, Obstacle>>>) -> Result<T, Obstacle> {
    let mut why: Option<Obstacle> = None;
    for attempt in attempts {
        match attempt.await {
            Ok(heard) => return Ok(heard),
            Err(obstacle) if why.as_ref().is_none_or(|known| !liftable(known) && liftable(&obstacle)) => {
                why = Some(obstacle);
            }
            Err(_) => {}
        }
    }
    Err(why.unwrap_or_else(|| no_adapter(None, &[])))
}

/// Whether whoever stands at the machine can do something about it.
fn liftable(obstacle: &Obstacle) -> bool {
    matches!(obstacle, Obstacle::NotMeasured(reason) if reason.remedy.is_some())
}

/// Whether a list is fresh, and what cut it short. An empty list that nobody made is no zero: nothing was heard
/// because nothing listened.
fn settle(freshness: Freshness, empty: bool) -> Result<(bool, Option<&'static str>), Obstacle> {
    match freshness {
        Freshness::Fresh | Freshness::ByManager => Ok((true, None)),
        Freshness::Aborted => Ok((true, Some("aborted"))),
        Freshness::Cached(why) if empty => Err(why),
        Freshness::Cached(_) => Ok((false, None)),
    }
}

/// The negotiated transmit rate of the station on an interface, bit/s.
pub(super) async fn station_rate_bps(index: u32) -> Option<u64> {
    link(&connect().ok()?, index).await?.transmit_bps
}

/// The association on an interface: its signal and negotiated rates; `None` without one.
async fn link(kernel: &Nl80211Handle, index: u32) -> Option<StationLink> {
    let (messages, _) = collect(kernel.station().dump(index).execute().await).await.ok()?;
    let mut link = None;
    for attribute in messages.into_iter().flat_map(|message| message.payload.attributes) {
        let Nl80211Attr::StationInfo(facts) = attribute else { continue };
        let link: &mut StationLink = link.get_or_insert_default();
        for fact in facts {
            match fact {
                Nl80211StationInfo::Signal(dbm) => link.signal_dbm = Some(i16::from(dbm)),
                Nl80211StationInfo::TxBitrate(parts) => {
                    link.transmit_bps = link.transmit_bps.max(rate(&parts));
                }
                Nl80211StationInfo::RxBitrate(parts) => link.receive_bps = link.receive_bps.max(rate(&parts)),
                _ => {}
            }
        }
    }
    link
}

/// A rate, bit/s. In units of 100 kbit/s; the 16-bit one is cut short beyond 6.5 Gbit/s.
fn rate(parts: &[Nl80211RateInfo]) -> Option<u64> {
    let units = parts.iter().filter_map(|part| match part {
        Nl80211RateInfo::Bitrate32(units) => Some(u64::from(*units)),
        Nl80211RateInfo::Bitrate(units) => Some(u64::from(*units)),
        _ => None,
    });
    units.max().map(|units| units * 100_000)
}

/// The channels as the adapter measured them while it listened; empty where the driver measures nothing.
async fn air(kernel: &mut Nl80211Handle, index: u32) -> Vec<ChannelAir> {
    let attributes = Nl80211Survey::new(index).build();
    let Ok((messages, _)) = collect(kernel.survey().dump(attributes).execute().await).await else {
        return Vec::new();
    };
    let surveys = messages.into_iter().flat_map(|message| message.payload.attributes);
    let measured = surveys.filter_map(|attribute| match attribute {
        Nl80211Attr::SurveyInfo(facts) => channel_air(&facts),
        _ => None,
    });
    measured.collect()
}

/// One channel of a survey; `None` without a frequency or a time.
fn channel_air(facts: &[Nl80211SurveyInfo]) -> Option<ChannelAir> {
    let (mut mhz, mut active_ms, mut busy_ms, mut noise_dbm) = (None, None, None, None);
    for fact in facts {
        match fact {
            Nl80211SurveyInfo::Frequency(value) => mhz = Some(*value),
            Nl80211SurveyInfo::ActiveTime(value) => active_ms = Some(*value),
            Nl80211SurveyInfo::BusyTime(value) => busy_ms = Some(*value),
            Nl80211SurveyInfo::Noise(value) => noise_dbm = Some(*value),
            _ => {}
        }
    }
    Some(ChannelAir { mhz: mhz?, active_ms: active_ms?, busy_ms: busy_ms?, noise_dbm })
}

/// The interfaces to try, in order: the named one, or every one there is.
fn interfaces(sys: &Path, named: Option<&str>) -> Result<Vec<String>, Obstacle> {
    let all = sysfs::interfaces(sys);
    let wanted: Vec<String> =
        all.iter().filter(|known| named.is_none_or(|name| *known == name)).cloned().collect();
    if wanted.is_empty() { Err(no_adapter(named, &all)) } else { Ok(wanted) }
}

/// Puts the interfaces of stations first, in the order they have. An access point's own seldom listens, and a machine that is
/// one may have dozens of them to ask in vain.
fn stations_first(names: &mut [String], stations: &BTreeSet<String>) {
    names.sort_by_key(|name| !stations.contains(name));
}

/// The interfaces that are a station's, as a laptop's is; empty where the kernel does not tell.
async fn stations() -> BTreeSet<String> {
    let Ok(mut kernel) = connect() else { return BTreeSet::new() };
    let known = known(&mut kernel).await.unwrap_or_default();
    known.into_iter().filter(|interface| interface.is_station).map(|interface| interface.name).collect()
}

fn connect() -> std::io::Result<Nl80211Handle> {
    let (connection, handle, _) = wl_nl80211::new_connection()?;
    // It ends with the last handle.
    tokio::spawn(connection);
    Ok(handle)
}

/// An interface, as the kernel tells of it.
struct Interface {
    name: String,
    index: u32,
    /// Whether it is a station's, and not an access point's or a monitor's.
    is_station: bool,
    /// The network's name: of a station the one it is associated with, of an access point its own.
    ssid: Option<Vec<u8>>,
}

/// Every interface that nl80211 knows.
async fn known(kernel: &mut Nl80211Handle) -> Result<Vec<Interface>, Trouble> {
    let (messages, _) = collect(kernel.interface().get(Vec::new()).execute().await).await?;
    Ok(messages.into_iter().filter_map(|message| interface(message.payload.attributes)).collect())
}

fn interface(attributes: Vec<Nl80211Attr>) -> Option<Interface> {
    let (mut name, mut index, mut ssid, mut is_station) = (None, None, None, true);
    for attribute in attributes {
        match attribute {
            Nl80211Attr::IfName(value) => name = Some(value),
            Nl80211Attr::IfIndex(value) => index = Some(value),
            Nl80211Attr::SsidRaw(value) => ssid = Some(value),
            Nl80211Attr::IfType(kind) => is_station = kind == Nl80211InterfaceType::Station,
            _ => {}
        }
    }
    Some(Interface { name: name?, index: index?, is_station, ssid })
}

/// The interface's index and the name of the network it is associated with.
async fn station(kernel: &mut Nl80211Handle, name: &str) -> Result<(u32, Option<Vec<u8>>), Obstacle> {
    let found = known(kernel).await?.into_iter().find(|interface| interface.name == name);
    let unknown = || Reason::new(ReasonCode::DriverError).with("interface unknown to nl80211");
    let found = found.ok_or_else(|| Obstacle::NotMeasured(unknown()))?;
    Ok((found.index, found.ssid.filter(|_| found.is_station)))
}

/// What the kernel tells of an adapter.
#[derive(Default)]
struct Adapter {
    /// The bands it can hear; `None` when the kernel does not tell.
    bands: Option<BTreeSet<Band>>,
    /// How many names it can ask for in one scan.
    names: usize,
}

impl Adapter {
    /// The names to ask for in a scan: any network's (the empty one), and as many of `wanted` as go with it.
    fn ask_for(&self, wanted: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let fit = |name: &&Vec<u8>| (1..=LONGEST_SSID).contains(&name.len());
        let wanted = wanted.iter().filter(fit).take(self.names.saturating_sub(1)).cloned();
        [Vec::new()].into_iter().chain(wanted).collect()
    }
}

async fn adapter(kernel: &mut Nl80211Handle, index: u32) -> Adapter {
    let mut adapter = Adapter::default();
    let answer = kernel.wireless_physic().get().if_index(index).execute().await;
    let Ok((messages, _)) = collect(answer).await else { return adapter };
    let mut found = BTreeSet::new();
    for attribute in messages.into_iter().flat_map(|message| message.payload.attributes) {
        match attribute {
            Nl80211Attr::WiphyBands(bands) => found.extend(bands.iter().filter_map(|band| match band.kind {
                Nl80211BandType::Band2GHz => Some(Band::Two),
                Nl80211BandType::Band5GHz => Some(Band::Five),
                Nl80211BandType::Band6GHz => Some(Band::Six),
                _ => None,
            })),
            Nl80211Attr::MaxNumScanSsids(most) => adapter.names = usize::from(most),
            _ => {}
        }
    }
    adapter.bands = (!found.is_empty()).then_some(found);
    adapter
}

/// Makes the radio listen: by ourselves, else through NetworkManager, else not at all.
async fn refresh(
    kernel: &mut Nl80211Handle,
    name: &str,
    index: u32,
    names: Vec<Vec<u8>>,
    until: Instant,
) -> Result<Freshness, Obstacle> {
    // Listening for the end must begin before the start: a fast driver is done before we would look.
    let subscribed = wl_nl80211::new_multicast_connection(&[Nl80211MulticastGroup::Scan]);
    let mut why = system_error("scan events not available");
    if let Ok((connection, _handle, heard)) = subscribed {
        let listening = tokio::spawn(connection);
        let events = heard.filter_map(|(message, _)| {
            std::future::ready(match message.payload {
                NetlinkPayload::InnerMessage(raw) => {
                    raw.parse_into_genlmsg::<Nl80211Message>().ok().map(|event| event.payload)
                }
                _ => None,
            })
        });
        let events = std::pin::pin!(events);
        let outcome = listened(&mut Radio { kernel, events, index, names, until }).await;
        listening.abort();
        why = match outcome {
            Ok(freshness) => return Ok(freshness),
            // Blocked, down, or an access point's own interface: the list there is nobody's.
            Err(trouble @ Trouble::Errno(ERFKILL | ENETDOWN | EOPNOTSUPP)) => return Err(trouble.into()),
            Err(trouble) => trouble.into(),
        };
    }
    let left = until.saturating_duration_since(Instant::now());
    let asked = network_manager::request_scan(name, left).await;
    Ok(if asked { Freshness::ByManager } else { Freshness::Cached(why) })
}

/// What can be made to listen.
trait Triggered {
    fn trigger(&mut self) -> impl Future<Output = Result<(), Trouble>> + Send;
    /// Waits for the end of the scan under way, whoever's it is.
    fn end(&mut self) -> impl Future<Output = Freshness> + Send;
}

/// One interface's radio, and the kernel's events about scans.
struct Radio<'a, E> {
    kernel: &'a mut Nl80211Handle,
    events: E,
    index: u32,
    /// The names to ask for.
    names: Vec<Vec<u8>>,
    until: Instant,
}

impl<E: Stream<Item = Nl80211Message> + Unpin + Send> Triggered for Radio<'_, E> {
    async fn trigger(&mut self) -> Result<(), Trouble> {
        let names = Nl80211Attr::ScanSsidsRaw(self.names.clone());
        let attributes = vec![Nl80211Attr::IfIndex(self.index), names];
        collect(self.kernel.scan().trigger(attributes).execute().await).await.map(drop)
    }

    async fn end(&mut self) -> Freshness {
        end_of_scan(&mut self.events, self.index, self.until).await
    }
}

/// Triggers a scan and waits for its end. Busy: somebody's scan is under way; once it has ended, ours is tried again, at
/// most [`TRIGGERS`] times. Theirs then stands for ours, cut short as far as anybody knows.
async fn listened(radio: &mut impl Triggered) -> Result<Freshness, Trouble> {
    let mut theirs = false;
    for _ in 0..TRIGGERS {
        match radio.trigger().await {
            Ok(()) => return Ok(radio.end().await),
            Err(Trouble::Errno(EBUSY)) => match radio.end().await {
                // The time is over: nothing is left to wait with.
                Freshness::Cached(why) => return Ok(Freshness::Cached(why)),
                Freshness::Fresh | Freshness::ByManager | Freshness::Aborted => theirs = true,
            },
            Err(_) if theirs => return Ok(Freshness::Aborted),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(Freshness::Aborted)
}

/// Waits for the end of a scan on one interface. When the time is over the list is taken for the cached one: the
/// radio may not have come to every channel.
async fn end_of_scan(
    events: &mut (impl Stream<Item = Nl80211Message> + Unpin),
    index: u32,
    until: Instant,
) -> Freshness {
    while let Ok(Some(event)) = timeout_at(until, events.next()).await {
        let ours = event.attributes.iter().any(|attr| matches!(attr, Nl80211Attr::IfIndex(i) if *i == index));
        match event.cmd {
            Nl80211Command::NewScanResults if ours => return Freshness::Fresh,
            Nl80211Command::ScanAborted if ours => return Freshness::Aborted,
            _ => {}
        }
    }
    Freshness::Cached(Obstacle::Failed(Failure::new(Stage::Scan, Cause::Timeout)))
}

/// The list as one reading gave it.
#[derive(Default)]
struct List {
    sightings: Vec<Sighting>,
    /// An entry could not be read.
    damaged: bool,
    /// It changed while it was read: entries may be missing.
    interrupted: bool,
}

impl List {
    /// Takes a later reading in. What both hold is taken from the later; what only the earlier holds was in sight too.
    fn merge(mut self, later: Self) -> Self {
        let same = |a: &Sighting, b: &Sighting| {
            a.bssid == b.bssid && a.mhz == b.mhz && a.elements == b.elements && a.associated == b.associated
        };
        self.sightings.retain(|old| !later.sightings.iter().any(|new| same(old, new)));
        self.sightings.extend(later.sightings);
        Self {
            sightings: self.sightings,
            damaged: self.damaged || later.damaged,
            interrupted: later.interrupted,
        }
    }
}

/// What can be read again.
trait Readable {
    fn read(&mut self) -> impl Future<Output = Result<List, Trouble>> + Send;
}

/// The kernel's list for one interface.
struct Dump<'a> {
    kernel: &'a mut Nl80211Handle,
    index: u32,
}

impl Readable for Dump<'_> {
    async fn read(&mut self) -> Result<List, Trouble> {
        read_list(self.kernel, self.index).await
    }
}

/// Reads until a reading was not interrupted, at most [`READINGS`] times. A reading that fails after one that did not
/// leaves what was read.
async fn whole(source: &mut impl Readable) -> Result<List, Trouble> {
    let mut list = source.read().await?;
    for _ in 1..READINGS {
        if !list.interrupted {
            break;
        }
        let Ok(later) = source.read().await else { break };
        list = list.merge(later);
    }
    Ok(list)
}

/// One reading. The kernel marks a message with NLM_F_DUMP_INTR when the list is not the one it began with; the library's
/// own dump hides the mark. A change after the last entry marks only the end, which is not handed on: the list is then
/// whole as of a moment ago.
async fn read_list(kernel: &mut Nl80211Handle, index: u32) -> Result<List, Trouble> {
    let attributes = vec![Nl80211Attr::IfIndex(index)];
    let question = Nl80211Message { cmd: Nl80211Command::GetScan, attributes };
    let mut message = NetlinkMessage::from(GenlMessage::from_payload(question));
    message.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let failed = |_| Trouble::Other("nl80211 request failed".into());
    let answer = kernel.request(message).await.map_err(failed)?;
    let mut interrupted = false;
    let parts = answer.map(|part| {
        // What cannot be read is counted as damaged; no text of it is kept.
        let (header, payload) = part.map_err(|_| Nl80211Error::Bug(String::new()))?.into_parts();
        interrupted |= header.flags & NLM_F_DUMP_INTR != 0;
        match payload {
            NetlinkPayload::InnerMessage(message) => Ok(message),
            NetlinkPayload::Error(error) => Err(Nl80211Error::NetlinkError(error)),
            _ => Err(Nl80211Error::Bug(String::new())),
        }
    });
    let (messages, damaged) = collect(parts).await?;
    let attributes = messages.into_iter().flat_map(|message| message.payload.attributes);
    let entries = attributes.filter_map(|attribute| match attribute {
        Nl80211Attr::Bss(facts) => sighting(facts),
        _ => None,
    });
    Ok(List { sightings: entries.collect(), damaged, interrupted })
}

fn sighting(facts: Vec<Nl80211BssInfo>) -> Option<Sighting> {
    let mut found = Sighting::default();
    let mut address = None;
    let mut beacon = None;
    let (mut tsf, mut beacon_tsf) = (None, None);
    for fact in facts {
        match fact {
            Nl80211BssInfo::Bssid(value) => address = Some(value),
            Nl80211BssInfo::Frequency(value) => found.mhz = value,
            // Hundredths of a dBm.
            Nl80211BssInfo::SignalMbm(value) => found.signal_dbm = i16::try_from(value.div_euclid(100)).ok(),
            Nl80211BssInfo::SeenMsAgo(value) => found.seen_ms_ago = Some(u64::from(value)),
            // Drivers that do not know it give zero.
            Nl80211BssInfo::Tsf(value) => tsf = Some(value).filter(|value| *value != 0),
            Nl80211BssInfo::BeaconTsf(value) => beacon_tsf = Some(value).filter(|value| *value != 0),
            // Nanoseconds of CLOCK_BOOTTIME.
            Nl80211BssInfo::LastSeenBootTime(value) => {
                found.received_us = Some(value / 1000).filter(|value| *value != 0);
            }
            Nl80211BssInfo::Capability(bits) => {
                found.privacy = Some(bits.contains(Ieee80211CapabilityInfo::Privacy));
            }
            Nl80211BssInfo::Status(value) => found.associated = value == ASSOCIATED,
            Nl80211BssInfo::RawInformationElements(bytes) => found.elements = bytes,
            Nl80211BssInfo::RawBeaconInformationElements(bytes) => beacon = Some(bytes),
            _ => {}
        }
    }
    // The time goes with the latest frame, answer or beacon: of one timer, the one that shows more. Of a network that hides its
    // name it goes with the answer, for the kernel keeps its beacons as another entry (cfg80211_update_hidden_bsses).
    let unnamed = |elements: &[u8]| elements::read(elements).ssid.is_none();
    let answer_alone = beacon.as_ref().is_some_and(|beacon| unnamed(beacon) && !unnamed(&found.elements));
    found.tsf_us = if answer_alone { tsf } else { tsf.max(beacon_tsf) };
    // The elements are those of the answer to a question where there is one, and a beacon has some that an answer lacks. The
    // first good one of each counts, so both are read, one behind the other.
    if let Some(beacon) = beacon.filter(|beacon| *beacon != found.elements) {
        found.elements.extend(beacon);
    }
    found.bssid = address?;
    Some(found)
}

/// Why the kernel did not answer.
enum Trouble {
    Errno(i32),
    Other(String),
}

impl From<Trouble> for Obstacle {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Errno(EPERM | EACCES) => {
                Self::NotMeasured(Reason::remedied(ReasonCode::PermissionDenied, Remedy::GrantRight))
            }
            Trouble::Errno(ERFKILL) => radio_blocked("rfkill"),
            Trouble::Errno(ENETDOWN) => radio_blocked("interface down"),
            Trouble::Errno(EOPNOTSUPP) => {
                Self::NotMeasured(Reason::new(ReasonCode::DriverError).with("scan not supported"))
            }
            Trouble::Errno(other) => system_error(&std::io::Error::from_raw_os_error(other).to_string()),
            Trouble::Other(text) => system_error(&text),
        }
    }
}

/// Every message of an answer, and whether some could not be read (they lose only themselves). No error text of the
/// library is handed on: it quotes what was heard.
async fn collect<S>(answer: S) -> Result<(Vec<GenlMessage<Nl80211Message>>, bool), Trouble>
where
    S: TryStream<Ok = GenlMessage<Nl80211Message>, Error = Nl80211Error>,
{
    let mut answer = std::pin::pin!(answer.into_stream());
    let (mut messages, mut damaged) = (Vec::new(), false);
    loop {
        match timeout(ANSWER, answer.next()).await {
            Err(_) => return Err(Trouble::Other("nl80211 did not answer".into())),
            Ok(None) => return Ok((messages, damaged)),
            Ok(Some(Ok(message))) => messages.push(message),
            // An acknowledgement is an "error" without a code.
            Ok(Some(Err(Nl80211Error::NetlinkError(error)))) if error.code.is_none() => {}
            Ok(Some(Err(Nl80211Error::NetlinkError(error)))) => {
                return Err(Trouble::Errno(error.raw_code().abs()));
            }
            Ok(Some(Err(Nl80211Error::RequestFailed(_)))) => {
                return Err(Trouble::Other("nl80211 request failed".into()));
            }
            Ok(Some(Err(_))) => damaged = true,
        }
    }
}

#[cfg(test)]
#[path = "nl80211_tests.rs"]
mod tests;
