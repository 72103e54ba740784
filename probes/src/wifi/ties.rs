//! What ties BSSIDs to one box beyond their addresses, in order of trust. Pure.
//!
//! A beacon is anybody's word: what firmware or a controller is known to repeat on several boxes ties nothing where the
//! scan itself shows it on two.

use std::collections::{BTreeMap, BTreeSet};

use super::Sighting;
use super::elements::{Elements, Label, Source};
use super::group::Bss;

/// What one beacon says of its box.
#[derive(Clone, Default)]
pub(super) struct Identity {
    /// The multi-link device's address.
    pub(super) mld: Option<[u8; 6]>,
    /// The addresses of its Multiple BSSID set.
    pub(super) set: Vec<[u8; 6]>,
    /// The addresses its Reduced Neighbor Report marks as co-located.
    pub(super) co_located: Vec<[u8; 6]>,
    /// The UUID-E of Wi-Fi Protected Setup.
    pub(super) wps_uuid: Option<[u8; 16]>,
    /// The box's own name and serial number, as its maker's elements have them.
    pub(super) labels: BTreeSet<Label>,
    /// In each place, the beacon timer less the local time it was received at, µs: when the radio's timer was at zero.
    /// Only within a place: two clocks drift apart by more than what is compared while somebody walks on.
    pub(super) tsf_base_us: BTreeMap<usize, i128>,
}

impl Identity {
    /// Takes in what one entry of a list says, heard in `place`. What was known first stays.
    pub(super) fn learn(&mut self, place: usize, sighting: &Sighting, elements: &Elements) {
        self.mld = self.mld.or(elements.mld);
        let set = elements.multiple_bssid.as_ref().map(|set| set.addresses(sighting.bssid));
        self.set.extend(set.unwrap_or_default());
        self.co_located.extend_from_slice(&elements.co_located);
        self.wps_uuid = self.wps_uuid.or(elements.wps_uuid);
        self.labels.extend(elements.labels.iter().cloned());
        if let Some((tsf, received)) = sighting.tsf_us.zip(sighting.received_us) {
            self.tsf_base_us.entry(place).or_insert(i128::from(tsf) - i128::from(received));
        }
    }
}

/// What ties two BSSIDs to one box, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// One multi-link device.
    MultiLink,
    /// One Multiple BSSID set.
    MultipleBssid,
    /// One names the other as co-located.
    CoLocated,
    /// One UUID of Wi-Fi Protected Setup.
    WpsUuid,
    /// One serial number.
    SerialNumber,
    /// One name of the box, in one maker's element.
    BoxName,
    /// One beacon timer on one channel.
    BeaconTimer,
}

impl Tie {
    /// The code in the report.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::MultiLink => "multi_link",
            Self::MultipleBssid => "multiple_bssid",
            Self::CoLocated => "co_located",
            Self::WpsUuid => "wps_uuid",
            Self::SerialNumber => "serial_number",
            Self::BoxName => "box_name",
            Self::BeaconTimer => "beacon_timer",
        }
    }
}

/// Two readings of one timer differ by the driver's delay between the air and its time stamp: some ms on a busy
/// machine.
const SAME_TIMER_US: u128 = 5_000;

/// From here on two readings are of two timers. In between they say nothing: a machine that was held up stamps a frame later
/// than it came, and two boxes that were switched on together are seldom so close.
const OTHER_TIMER_US: u128 = 20_000;

/// What in this scan identifies nothing, although it is equal.
pub(super) struct Doubts {
    /// Two radios for certain (two channels of one band, one name twice on a channel) show one timer: something sets them all
    /// alike.
    timers: bool,
    /// UUIDs on two boxes for certain: firmware that ships one for all exists.
    uuids: BTreeSet<[u8; 16]>,
    /// Names and serial numbers on two boxes for certain: those that nobody set.
    labels: BTreeSet<Label>,
}

impl Doubts {
    /// Of everything in sight, the neighbours' too.
    pub(super) fn of<'a>(seen: &(impl Iterator<Item = &'a Bss> + Clone)) -> Self {
        let mut doubts = Self { timers: false, uuids: BTreeSet::new(), labels: BTreeSet::new() };
        for a in seen.clone() {
            for b in seen.clone().filter(|b| b.bssid != a.bssid) {
                let two_radios = repeats(a, b) || (a.mhz != b.mhz && a.band == b.band);
                doubts.timers |= two_radios && same_timer(a, b);
                if repeats(a, b) || apart_at_two(a, b) {
                    doubts
                        .uuids
                        .extend(a.identity.wps_uuid.filter(|uuid| b.identity.wps_uuid == Some(*uuid)));
                    doubts.labels.extend(a.identity.labels.intersection(&b.identity.labels).cloned());
                }
            }
        }
        doubts
    }
}

/// What ties `a` to `b`; `None`: nothing.
pub(super) fn between(a: &Bss, b: &Bss, doubts: &Doubts) -> Option<Tie> {
    announced(a, b).or_else(|| {
        if repeats(a, b) {
            return None;
        }
        let uuid = a.identity.wps_uuid.filter(|uuid| b.identity.wps_uuid == Some(*uuid));
        if uuid.is_some_and(|uuid| !doubts.uuids.contains(&uuid)) {
            return Some(Tie::WpsUuid);
        }
        let mut labels = a.identity.labels.intersection(&b.identity.labels);
        if let Some((source, _)) = labels.find(|label| !doubts.labels.contains(label)) {
            return Some(if *source == Source::WpsSerial { Tie::SerialNumber } else { Tie::BoxName });
        }
        // Only on one channel: radios of a box seldom share a timer, and controllers may set all boxes' alike.
        (!doubts.timers && a.mhz == b.mhz && same_timer(a, b)).then_some(Tie::BeaconTimer)
    })
}

/// Whether one maker's elements name two boxes: each has a name, none in common.
pub(super) fn other_label(a: &Bss, b: &Bss, doubts: &Doubts) -> bool {
    let by = |bss: &Bss, source: Source| -> BTreeSet<Label> {
        bss.identity.labels.iter().filter(|(known, _)| *known == source).cloned().collect()
    };
    let sources: BTreeSet<Source> = a.identity.labels.iter().map(|(source, _)| *source).collect();
    sources.into_iter().filter(|source| source.names_a_box()).any(|source| {
        let (mine, theirs) = (by(a, source), by(b, source));
        let meant = |names: &BTreeSet<Label>| !names.is_empty() && names.is_disjoint(&doubts.labels);
        meant(&mine) && meant(&theirs) && mine.is_disjoint(&theirs)
    })
}

/// What the box itself announces of its own addresses.
fn announced(a: &Bss, b: &Bss) -> Option<Tie> {
    let (mine, theirs) = (&a.identity, &b.identity);
    if mine.mld.is_some() && mine.mld == theirs.mld {
        return Some(Tie::MultiLink);
    }
    // A set is one radio: on another channel, an address in it is another's.
    if a.mhz == b.mhz && (mine.set.contains(&b.bssid) || theirs.set.contains(&a.bssid)) {
        return Some(Tie::MultipleBssid);
    }
    (mine.co_located.contains(&b.bssid) || theirs.co_located.contains(&a.bssid)).then_some(Tie::CoLocated)
}

/// A radio does not repeat a name.
pub(super) fn repeats(a: &Bss, b: &Bss) -> bool {
    a.mhz == b.mhz && a.ssid == b.ssid && !a.ssid.is_empty()
}

/// A box has one radio at 2.4 GHz. One that moved is on both channels.
fn apart_at_two(a: &Bss, b: &Bss) -> bool {
    a.band == b.band
        && a.band == super::band::Band::Two
        && a.mhz != b.mhz
        && a.moved_from.is_empty()
        && b.moved_from.is_empty()
}

fn same_timer(a: &Bss, b: &Bss) -> bool {
    timers(a, b).any(|apart| apart <= SAME_TIMER_US)
}

/// Whether two have timers of their own: known in one place, and in none so near that they may be one. Some makers give each
/// network of a radio one, so it denies nothing.
pub(super) fn other_timer(a: &Bss, b: &Bss) -> bool {
    let mut apart = timers(a, b).peekable();
    apart.peek().is_some() && apart.all(|apart| apart > OTHER_TIMER_US)
}

/// How far two timers are apart in each place where both are known, µs.
fn timers(a: &Bss, b: &Bss) -> impl Iterator<Item = u128> {
    let (mine, theirs) = (&a.identity.tsf_base_us, &b.identity.tsf_base_us);
    mine.iter().filter_map(|(place, base)| Some(base.abs_diff(*theirs.get(place)?)))
}

/// Every tied pair.
pub(super) fn all(seen: &[Bss], doubts: &Doubts) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (i, a) in seen.iter().enumerate() {
        for (j, b) in seen.iter().enumerate().skip(i + 1) {
            found.extend(between(a, b, doubts).map(|_| (i, j)));
        }
    }
    found
}

/// The component of each of `length` things once `pairs` are one, named by its smallest member.
pub(super) fn components(length: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut of: Vec<usize> = (0..length).collect();
    for (i, j) in pairs {
        let (keep, lose) = (of[i].min(of[j]), of[i].max(of[j]));
        for component in &mut of {
            if *component == lose {
                *component = keep;
            }
        }
    }
    of
}
