//! From what was heard to what is reported. Pure.

use std::collections::{BTreeMap, BTreeSet};

use sonde_report::values::{
    AccessPoint, AccessPointEstimate, Room, RoomSignal, ScanInfo, SchoolBssid, SchoolWifi, WifiValue,
};
use sonde_report::{Caveat, CaveatCode, Timestamp};
use wildmatch::WildMatch;

use super::band::{self, Band};
use super::elements;
use super::group::{self, Bss, Grouping};
use super::health;
use super::makers;
use super::ties::{self, Identity};
use super::{Config, LeftOut, Scan, Sighting};

/// What one scan from one place tells.
pub(super) fn place(scan: &Scan, config: &Config) -> (WifiValue, Vec<Caveat>) {
    let (value, heard) = describe(&[scan], config);
    let mut caveats = weaknesses(scan, value.scan.age_ms);
    caveats.extend(heard.hidden(config));
    caveats.extend(value.school.is_none().then(|| CaveatCode::NoSchoolSsid.into()));
    (value, caveats)
}

/// What the scans of several rooms tell together. A room's weakness weakens the whole: what it missed nobody heard.
pub(super) fn rooms(visited: &[(String, Timestamp, &Scan)], config: &Config) -> (WifiValue, Vec<Caveat>) {
    let scans: Vec<&Scan> = visited.iter().map(|(_, _, scan)| *scan).collect();
    let (mut value, heard) = describe(&scans, config);
    let mut caveats: Vec<Caveat> = Vec::new();
    for (place, (name, at, scan)) in visited.iter().enumerate() {
        let weak = weaknesses(scan, age(scan));
        value.rooms.push(Room {
            name: name.clone(),
            scanned_at: *at,
            fresh: scan.fresh,
            caveats: weak.iter().map(|caveat| caveat.code).collect(),
            best_signal_dbm: heard
                .own
                .iter()
                .filter_map(|bss| bss.levels.get(&place).copied().flatten())
                .max(),
            heard: heard.from(place),
            neighbours: total(heard.neighbours[place].bands.values()),
        });
        value.scan.positions.push(name.clone());
        for caveat in weak {
            if !caveats.iter().any(|known| known.code == caveat.code) {
                caveats.push(Caveat { code: caveat.code, detail: Some(name.clone()) });
            }
        }
    }
    caveats.extend(heard.hidden(config));
    caveats.extend(value.school.is_none().then(|| CaveatCode::NoSchoolSsid.into()));
    (value, caveats)
}

/// What weakens a scan. An adapter that does not hear both common bands misses the boxes on the other.
fn weaknesses(scan: &Scan, age_ms: Option<u64>) -> Vec<Caveat> {
    let stale = || Caveat { code: CaveatCode::StaleScan, detail: age_ms.map(|age| format!("{age} ms")) };
    let mut caveats: Vec<Caveat> = (!scan.fresh).then(stale).into_iter().collect();
    let deaf = [Band::Two, Band::Five].into_iter().find(|band| {
        let heard = scan.bands.as_ref();
        heard.is_some_and(|bands| !bands.contains(band))
    });
    let deaf = deaf.map(|band| format!("{} GHz", band.as_str()));
    let partial = scan.partial.map(str::to_owned).or(deaf);
    caveats.extend(partial.map(|what| CaveatCode::PartialScan.with(what)));
    caveats
}

/// The age of a cached list's oldest entry, ms.
fn age(scan: &Scan) -> Option<u64> {
    if scan.fresh { None } else { scan.sightings.iter().filter_map(|sighting| sighting.seen_ms_ago).max() }
}

/// The school's BSSIDs and their boxes, and the neighbours of each place.
struct Heard {
    own: Vec<Bss>,
    grouping: Grouping,
    neighbours: Vec<LeftOut>,
    /// Whether the school's exact names were asked for in every place.
    asked: bool,
}

impl Heard {
    /// That loud networks without a name may be the school's. Where all of its names are known to the letter, a network that
    /// hides one of them was asked by it and answered.
    fn hidden(&self, config: &Config) -> Option<Caveat> {
        let most = self.neighbours.iter().map(|place| place.hidden).max().filter(|most| *most > 0)?;
        let exact = !config.ssids.is_empty() && config.exact_names().count() == config.ssids.len();
        (!exact || !self.asked).then(|| CaveatCode::HiddenNetworks.with(most.to_string()))
    }

    /// The boxes heard in a place, each with its best signal there.
    fn from(&self, place: usize) -> Vec<RoomSignal> {
        let mut best: BTreeMap<u32, (Option<i16>, Band)> = BTreeMap::new();
        for (bss, number) in self.own.iter().zip(&self.grouping.access_point) {
            let Some(signal) = bss.levels.get(&place) else { continue };
            let known = best.entry(*number).or_insert((*signal, bss.band));
            if *signal > known.0 {
                *known = (*signal, bss.band);
            }
        }
        let signal = |(access_point, (signal_dbm, band)): (u32, (Option<i16>, Band))| RoomSignal {
            access_point,
            signal_dbm,
            band: band.as_str().to_owned(),
        };
        best.into_iter().map(signal).collect()
    }
}

/// Whose a scan's entries are.
pub(super) struct Owners {
    /// The addresses of the school's, hidden ones of its boxes among them.
    pub(super) ours: BTreeSet<[u8; 6]>,
    /// The neighbours.
    pub(super) neighbours: LeftOut,
}

/// Tells the school's addresses from the neighbours' in a scan, with what was heard elsewhere before: a box may tell there which
/// hidden addresses are its own. `None` while no name of the school's is known.
pub(super) fn school_addresses(scan: &Scan, before: &[&Scan], config: &Config) -> Option<Owners> {
    let scans: Vec<&Scan> = [scan].into_iter().chain(before.iter().copied()).collect();
    let (value, heard) = describe(&scans, config);
    value.school?;
    let neighbours = heard.neighbours.into_iter().next().unwrap_or_default();
    Some(Owners { ours: heard.own.iter().map(|bss| bss.bssid).collect(), neighbours })
}

fn describe(scans: &[&Scan], config: &Config) -> (WifiValue, Heard) {
    let school = School::of(scans, &config.ssids);
    let all = distinct(scans, &school);
    let hidden = hidden_of_ours(&all);
    let mut neighbours: Vec<LeftOut> = scans.iter().map(|scan| scan.left_out.clone()).collect();
    let mut own = Vec::new();
    for (index, seen) in all.into_iter().enumerate() {
        if seen.ours || hidden.contains(&index) {
            own.push(seen.bss);
            continue;
        }
        for (place, level) in &seen.bss.levels {
            neighbours[*place].take_in(&seen.bss, *level);
        }
    }
    let grouping = group::group(&own);
    let numbered: Vec<(&Bss, u32)> = own.iter().zip(grouping.access_point.iter().copied()).collect();
    let radio = health::health(&numbered, &neighbours, scans);
    let in_bands = most_in_band(scans, &neighbours);
    let known = !matches!(school, School::Unknown);
    let (first, fresh) = (scans.first(), scans.iter().all(|scan| scan.fresh));
    let value = WifiValue {
        scan: ScanInfo {
            interface: first.map(|scan| scan.interface.clone()).unwrap_or_default(),
            fresh,
            age_ms: scans.iter().filter_map(|scan| age(scan)).max(),
            positions: Vec::new(),
            recorded: false,
        },
        bssids_seen: total(in_bands.values()).saturating_add(count(own.len())),
        school: known.then(|| school_of(&own, &grouping, config)),
        neighbours: in_bands,
        rooms: Vec::new(),
        radio: Some(radio),
    };
    let asked = scans.iter().all(|scan| scan.asked);
    (value, Heard { own, grouping, neighbours, asked })
}

/// The most neighbours of any place, per band. A band the adapter hears and that is empty is a true zero; one it cannot
/// hear is absent.
fn most_in_band(scans: &[&Scan], neighbours: &[LeftOut]) -> BTreeMap<String, u32> {
    let heard = scans.iter().flat_map(|scan| scan.bands.iter().flatten());
    let mut most: BTreeMap<String, u32> = heard.map(|band| (band.as_str().to_owned(), 0)).collect();
    for (band, count) in neighbours.iter().flat_map(|place| &place.bands) {
        let known = most.entry(band.as_str().to_owned()).or_default();
        *known = (*known).max(*count);
    }
    most
}

impl LeftOut {
    /// Counts a neighbour that was heard at this level.
    fn take_in(&mut self, bss: &Bss, level: Option<i16>) {
        let add = |count: &mut u32| *count = count.saturating_add(1);
        add(self.bands.entry(bss.band).or_default());
        if level.is_none_or(|dbm| dbm >= health::HEARD_DBM) {
            add(self.audible.entry(bss.mhz).or_default());
        }
        if bss.ssid.is_empty() && level.is_some_and(|dbm| dbm >= group::LOUD_DBM) {
            add(&mut self.hidden);
        }
    }
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
    fn of(scans: &[&Scan], declared: &[String]) -> Self {
        if !declared.is_empty() {
            return Self::Declared(declared.iter().map(|pattern| WildMatch::new(pattern)).collect());
        }
        let associated = scans.iter().find_map(|scan| {
            // Not every driver tells the name on the interface; the list's entry has it in any case.
            let listed = || scan.sightings.iter().find(|s| s.associated).and_then(Sighting::ssid);
            scan.associated.clone().or_else(listed).filter(|name| !name.is_empty())
        });
        associated.map_or(Self::Unknown, |name| Self::Associated(readable(&name)))
    }

    fn owns(&self, name: &str) -> bool {
        match self {
            Self::Declared(patterns) => patterns.iter().any(|pattern| pattern.matches(name)),
            Self::Associated(own) => own == name,
            Self::Unknown => false,
        }
    }
}

impl Sighting {
    /// The network's name, when it is not hidden.
    fn ssid(&self) -> Option<Vec<u8>> {
        elements::read(&self.elements).ssid
    }
}

/// A network's name as text: its bytes are anybody's, so control characters (a terminal's escape, above all) and what
/// is not UTF-8 are replaced.
fn readable(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// One BSSID in sight, whoever's it is. No `Debug`, as [`Scan`].
struct Seen {
    bss: Bss,
    ours: bool,
}

/// One entry of one place's list.
struct Entry<'a> {
    place: usize,
    sighting: &'a Sighting,
    elements: elements::Elements,
    ssid: Option<String>,
    ours: bool,
}

/// Each BSSID once, of every place. The kernel lists a network that hides its name twice, with and without it, and one
/// that changed its channel on both.
fn distinct(scans: &[&Scan], school: &School) -> Vec<Seen> {
    let mut by_bssid: BTreeMap<[u8; 6], Vec<Entry<'_>>> = BTreeMap::new();
    for (place, scan) in scans.iter().enumerate() {
        for sighting in &scan.sightings {
            let elements = elements::read(&sighting.elements);
            let ssid = elements.ssid.as_deref().map(readable);
            let ours = ssid.as_deref().is_some_and(|name| school.owns(name));
            let entry = Entry { place, sighting, elements, ssid, ours };
            by_bssid.entry(sighting.bssid).or_default().push(entry);
        }
    }
    by_bssid.into_values().filter_map(seen).collect()
}

/// What the entries of one BSSID say together; `None` outside the Wi-Fi bands.
fn seen(mut entries: Vec<Entry<'_>>) -> Option<Seen> {
    // The school's name before another, a name before none, then the latest, then the loudest.
    entries.sort_by_key(|entry| {
        let age = entry.sighting.seen_ms_ago.unwrap_or(u64::MAX);
        let quiet = entry.sighting.signal_dbm.map_or(i32::MAX, |dbm| -i32::from(dbm));
        let rank = (!entry.ours, entry.ssid.is_none(), std::cmp::Reverse(entry.place), age, quiet);
        (rank, entry.sighting.mhz, entry.ssid.clone())
    });
    let first = entries.first()?;
    let mhz = first.sighting.mhz;
    let mut levels: BTreeMap<usize, Option<i16>> = BTreeMap::new();
    let mut identity = Identity::default();
    for entry in &entries {
        let level = levels.entry(entry.place).or_default();
        *level = (*level).max(entry.sighting.signal_dbm);
        identity.learn(entry.place, entry.sighting, &entry.elements);
    }
    // Where the system does not tell the frequency, the beacon's own channel does.
    let channel = band::channel(mhz).or(first.elements.channel);
    let mhz = if mhz == 0 { band::centre(channel?)? } else { mhz };
    let others = entries.iter().map(|entry| entry.sighting.mhz).filter(|other| *other != mhz && *other != 0);
    let bss = Bss {
        bssid: first.sighting.bssid,
        ssid: first.ssid.clone().unwrap_or_default(),
        band: Band::of(mhz)?,
        mhz,
        moved_from: others.collect::<BTreeSet<u32>>(),
        channel,
        // The place it is heard best from.
        signal_dbm: levels.values().copied().flatten().max(),
        levels,
        identity,
        radio: first.elements.radio.clone(),
        privacy: first.sighting.privacy,
    };
    Some(Seen { ours: first.ours, bss })
}

/// The entries without a name that something ties to one of the school's, also by way of another of them.
fn hidden_of_ours(all: &[Seen]) -> BTreeSet<usize> {
    let nameless = |at: &usize| !all[*at].ours && all[*at].bss.ssid.is_empty();
    let doubts = ties::Doubts::of(&all.iter().map(|seen| &seen.bss));
    let mut left: Vec<usize> = (0..all.len()).filter(nameless).collect();
    let mut known: Vec<usize> = (0..all.len()).filter(|at| all[*at].ours).collect();
    let mut found = BTreeSet::new();
    while let Some(one) = known.pop() {
        let tied = |at: &usize| ties::between(&all[*at].bss, &all[one].bss, &doubts).is_some();
        let (more, rest): (Vec<usize>, Vec<usize>) = left.into_iter().partition(tied);
        left = rest;
        found.extend(more.iter().copied());
        known.extend(more);
    }
    found
}

/// The school's own radios, grouped.
fn school_of(own: &[Bss], grouping: &Grouping, config: &Config) -> SchoolWifi {
    let ssids: BTreeSet<String> =
        own.iter().map(|bss| bss.ssid.clone()).filter(|name| !name.is_empty()).collect();
    let mut listed: Vec<SchoolBssid> = own
        .iter()
        .zip(&grouping.access_point)
        .zip(&grouping.joined_by)
        .map(|((bss, access_point), joined_by)| SchoolBssid {
            access_point: *access_point,
            ssid: bss.ssid.clone(),
            band: bss.band.as_str().to_owned(),
            channel: bss.channel,
            signal_dbm: bss.signal_dbm,
            joined_by: joined_by.map(str::to_owned),
            width_mhz: bss.radio.width_mhz,
            generation: bss.radio.generation,
            security: bss.radio.security(bss.privacy),
            wps: bss.radio.offers_wps(),
            channel_use_ratio: bss.radio.load,
            bssid: config.full_addresses.then(|| address(bss.bssid)),
        })
        .collect();
    listed.sort_by(|a, b| {
        (a.access_point, &a.band, a.channel, &a.ssid).cmp(&(b.access_point, &b.band, b.channel, &b.ssid))
    });
    SchoolWifi {
        ssids: ssids.into_iter().collect(),
        bssids: count(own.len()),
        radios: grouping.radios,
        access_points: AccessPointEstimate {
            estimate: grouping.estimate,
            low: grouping.low,
            high: grouping.high,
            evidence: grouping.evidence.iter().map(|code| (*code).to_owned()).collect(),
        },
        boxes: boxes(own, grouping),
        seen: listed,
    }
}

/// An address as people write it.
fn address(bssid: [u8; 6]) -> String {
    bssid.map(|octet| format!("{octet:02x}")).join(":")
}

/// Each box, by its number.
fn boxes(own: &[Bss], grouping: &Grouping) -> Vec<AccessPoint> {
    let mut boxes: BTreeMap<u32, (AccessPoint, BTreeSet<Band>)> = BTreeMap::new();
    for (bss, number) in own.iter().zip(&grouping.access_point) {
        let (known, bands) = boxes.entry(*number).or_default();
        known.number = *number;
        known.bssids += 1;
        known.maker = known.maker.take().or_else(|| makers::maker(bss.bssid).map(str::to_owned));
        known.signal_dbm = known.signal_dbm.max(bss.signal_dbm);
        bands.insert(bss.band);
    }
    let named = |(mut known, bands): (AccessPoint, BTreeSet<Band>)| {
        known.bands = bands.into_iter().map(|band| band.as_str().to_owned()).collect();
        known
    };
    boxes.into_values().map(named).collect()
}

/// The sum; a recording's counts are anybody's.
fn total<'a>(counts: impl Iterator<Item = &'a u32>) -> u32 {
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
