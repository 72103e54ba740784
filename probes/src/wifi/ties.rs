//! What ties BSSIDs to one box beyond their addresses, in order of trust. Pure.
//!
//! A beacon is anybody's word: what firmware or a controller is known to repeat on several boxes ties nothing where the
//! scan itself shows it on two.

use std::collections::{BTreeMap, BTreeSet};

use super::Sighting;
use super::elements::Elements;
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
        if let Some((tsf, received)) = sighting.tsf_us.zip(sighting.received_us) {
            self.tsf_base_us.entry(place).or_insert(i128::from(tsf) - i128::from(received));
        }
    }
}

/// Two readings of one timer differ by the driver's delay between the air and its time stamp: some ms on a busy
/// machine.
const SAME_TIMER_US: u128 = 5_000;

/// What in this scan identifies nothing, although it is equal.
pub(super) struct Doubts {
    /// Two channels of one band, hence two radios, show one timer: something sets them all alike.
    timers: bool,
    /// UUIDs on two boxes for certain: firmware that ships one for all exists.
    uuids: BTreeSet<[u8; 16]>,
}

impl Doubts {
    /// Of everything in sight, the neighbours' too.
    pub(super) fn of<'a>(seen: &(impl Iterator<Item = &'a Bss> + Clone)) -> Self {
        let mut doubts = Self { timers: false, uuids: BTreeSet::new() };
        for a in seen.clone() {
            for b in seen.clone().filter(|b| b.bssid != a.bssid) {
                doubts.timers |= same_timer(a, b) && a.mhz != b.mhz && a.band == b.band;
                let same = a.identity.wps_uuid.filter(|uuid| b.identity.wps_uuid == Some(*uuid));
                doubts.uuids.extend(same.filter(|_| repeats(a, b) || apart_at_two(a, b)));
            }
        }
        doubts
    }
}

/// What ties `a` to `b`, the most trusted first; `None`: nothing.
pub(super) fn between(a: &Bss, b: &Bss, doubts: &Doubts) -> Option<&'static str> {
    announced(a, b).or_else(|| {
        let uuid = a.identity.wps_uuid.filter(|uuid| b.identity.wps_uuid == Some(*uuid));
        if repeats(a, b) {
            None
        } else if uuid.is_some_and(|uuid| !doubts.uuids.contains(&uuid)) {
            Some("wps_uuid")
        } else {
            // Only on one channel: radios of a box seldom share a timer, and controllers may set all boxes' alike.
            (!doubts.timers && a.mhz == b.mhz && same_timer(a, b)).then_some("beacon_timer")
        }
    })
}

/// What the box itself announces of its own addresses.
fn announced(a: &Bss, b: &Bss) -> Option<&'static str> {
    let (mine, theirs) = (&a.identity, &b.identity);
    if mine.mld.is_some() && mine.mld == theirs.mld {
        return Some("multi_link");
    }
    // A set is one radio: on another channel, an address in it is another's.
    if a.mhz == b.mhz && (mine.set.contains(&b.bssid) || theirs.set.contains(&a.bssid)) {
        return Some("multiple_bssid");
    }
    (mine.co_located.contains(&b.bssid) || theirs.co_located.contains(&a.bssid)).then_some("co_located")
}

/// A radio does not repeat a name.
fn repeats(a: &Bss, b: &Bss) -> bool {
    a.mhz == b.mhz && a.ssid == b.ssid && !a.ssid.is_empty()
}

/// A box has one radio at 2.4 GHz.
fn apart_at_two(a: &Bss, b: &Bss) -> bool {
    a.band == b.band && a.band == super::band::Band::Two && a.mhz != b.mhz
}

fn same_timer(a: &Bss, b: &Bss) -> bool {
    let (mine, theirs) = (&a.identity.tsf_base_us, &b.identity.tsf_base_us);
    mine.iter()
        .filter_map(|(place, base)| Some((base, theirs.get(place)?)))
        .any(|(x, y)| x.abs_diff(*y) <= SAME_TIMER_US)
}

/// Every tied pair, with what ties it.
pub(super) fn all(seen: &[Bss]) -> Vec<(usize, usize, &'static str)> {
    let doubts = Doubts::of(&seen.iter());
    let mut found = Vec::new();
    for (i, a) in seen.iter().enumerate() {
        for (j, b) in seen.iter().enumerate().skip(i + 1) {
            found.extend(between(a, b, &doubts).map(|code| (i, j, code)));
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

/// How many radios and at most how many boxes `nodes` are (each: its channel, its radios and its members), once the
/// tied ones are one. Of several radios on one channel nobody can say which is tied: they stay apart.
pub(super) fn bounds(nodes: &[(u32, u32, Vec<usize>)], ties: &[(usize, usize, &'static str)]) -> (u32, u32) {
    let node_of =
        |member: usize| nodes.iter().position(|(_, count, all)| *count == 1 && all.contains(&member));
    let pairs = ties.iter().filter_map(|(i, j, _)| node_of(*i).zip(node_of(*j)));
    let of = components(nodes.len(), pairs);
    let several: u32 = nodes.iter().map(|(_, count, _)| *count).filter(|count| *count > 1).sum();
    let single = || nodes.iter().zip(&of).filter(|((_, count, _), _)| *count == 1);
    let radios: BTreeSet<(usize, u32)> =
        single().map(|((mhz, _, _), component)| (*component, *mhz)).collect();
    let boxes: BTreeSet<usize> = single().map(|(_, component)| *component).collect();
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    (several + count(radios.len()), several + count(boxes.len()))
}
