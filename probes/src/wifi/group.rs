//! From BSSIDs to radios to access points: pure, with bounds, for a BSSID is not a box on the wall.
//!
//! Pairs of BSSIDs are joined in order of trust, a join that would make an impossible box is refused, and each join keeps
//! what made it. What is left after the trusted joins is `high`; the weaker ones go on to the estimate. `low` is how many
//! are two by two in different boxes for certain ([`super::apart`]). It prefers "between one and three" to a wrong "two"
//! (decision 22).

use std::collections::{BTreeMap, BTreeSet};

use super::apart::Certain;
use super::band::Band;
use super::elements::Radio;
use super::ties::{self, Doubts, Identity};

/// One radio name in sight.
#[derive(Clone)]
pub(super) struct Bss {
    /// Its address.
    pub(super) bssid: [u8; 6],
    /// Its network's name; empty when hidden.
    pub(super) ssid: String,
    /// Its band.
    pub(super) band: Band,
    /// Its primary channel's centre, MHz.
    pub(super) mhz: u32,
    /// The other channels it was heard on: it moved.
    pub(super) moved_from: BTreeSet<u32>,
    /// The channel's number, when known.
    pub(super) channel: Option<u16>,
    /// Its best signal, dBm, when known.
    pub(super) signal_dbm: Option<i16>,
    /// The places it was heard from, each with its signal there, when known.
    pub(super) levels: BTreeMap<usize, Option<i16>>,
    /// What it says of its box.
    pub(super) identity: Identity,
    /// How its radio works.
    pub(super) radio: Radio,
    /// Whether it says that its frames are encrypted (the capability bit), when the system tells.
    pub(super) privacy: Option<bool>,
}

/// What the BSSIDs add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grouping {
    pub(super) radios: u32,
    pub(super) estimate: u32,
    pub(super) low: u32,
    pub(super) high: u32,
    /// Codes of the evidence used, sorted.
    pub(super) evidence: Vec<&'static str>,
    /// For each BSSID given, the number of its access point, from 1.
    pub(super) access_point: Vec<u32>,
    /// For each BSSID given, what joined it to those of its access point that come before it by address; `None` for the
    /// first.
    pub(super) joined_by: Vec<Option<&'static str>>,
}

/// A box derives its BSSIDs from one base by counting up in the last octet; sixteen per radio is the most that
/// makers reserve.
const ADDRESS_SPAN: u8 = 16;

/// Two networks of one radio are heard equally well, wherever both are; successive beacons differ by some dB in a room with
/// people. Beyond it nothing is denied: the join is only no longer a trusted one.
const SAME_SIGNAL_DB: u16 = 6;

/// The bit of the first octet that says "not the maker's own address" (IEEE 802-2014, 8.2.2).
const LOCAL_BIT: u8 = 0x02;

/// A radio at least so loud is in the room or the next one: a scan does not miss it, nor its sister on the other band. So among
/// loud radios with consecutive addresses each has one there: whichever it is, there are as many boxes.
pub(super) const LOUD_DBM: i16 = -65;

/// The radios of one box at 2.4 and 5 GHz are heard up to so far apart: 7 dB of free space between the bands, and what
/// makers and installers set differently.
const SISTER_SIGNAL_DB: u16 = 15;

/// Groups `seen`, whose addresses are distinct. The order does not matter but for the lists that follow it.
pub(super) fn group(seen: &[Bss]) -> Grouping {
    let doubts = Doubts::of(&seen.iter());
    let certain = Certain::of(seen, &doubts);
    let mut boxes = Boxes::apart(seen, &certain);
    boxes.join(announced(seen, &doubts));
    boxes.join(one_radio(seen));
    boxes.join_where(loud_sisters(seen), |some, others| one_on_each_band(seen, some, others));
    let (high, radios) = (boxes.count(), boxes.radios());
    boxes.join(near_addresses(seen));
    boxes.join(complementary(seen, &boxes));
    boxes.join(equally_loud(seen, &boxes));
    let (low, invented) = certain.low();
    let mut evidence: BTreeSet<&'static str> = boxes.joins.iter().map(|join| join.code).collect();
    if low > 1 || !boxes.refused.is_empty() {
        evidence.insert("same_band_distinct");
    }
    if invented {
        evidence.insert("invented_address");
    }
    let (access_point, joined_by) = boxes.numbered();
    Grouping {
        radios,
        estimate: boxes.count().clamp(low, high.max(low)),
        low,
        high: high.max(low),
        evidence: evidence.into_iter().collect(),
        access_point,
        joined_by,
    }
}

/// A pair to join, and why.
#[derive(Clone, Copy)]
struct Join {
    a: usize,
    b: usize,
    code: &'static str,
}

/// The boxes so far: each BSSID's box, named by one of its members.
struct Boxes<'a> {
    seen: &'a [Bss],
    certain: &'a Certain<'a>,
    /// Indices in the order of addresses.
    order: Vec<usize>,
    of: Vec<usize>,
    /// The joins made: a tree over each box.
    joins: Vec<Join>,
    /// Pairs of boxes that cannot be one, although something would have joined them.
    refused: BTreeSet<(usize, usize)>,
}

impl<'a> Boxes<'a> {
    fn apart(seen: &'a [Bss], certain: &'a Certain<'a>) -> Self {
        let mut order: Vec<usize> = (0..seen.len()).collect();
        order.sort_by_key(|index| address_key(&seen[*index]));
        Self {
            seen,
            certain,
            order,
            of: (0..seen.len()).collect(),
            joins: Vec::new(),
            refused: BTreeSet::new(),
        }
    }

    /// Joins the pairs in their order, but for those whose boxes cannot be one.
    fn join(&mut self, pairs: Vec<Join>) {
        self.join_where(pairs, |_, _| true);
    }

    /// The same for the pairs whose boxes are `wanted` as one.
    fn join_where(&mut self, pairs: Vec<Join>, wanted: impl Fn(&[usize], &[usize]) -> bool) {
        for join in pairs {
            let (a, b) = (self.of[join.a], self.of[join.b]);
            // Two boxes that cannot be one cannot with more in them either.
            let pair = (a.min(b), a.max(b));
            if a == b || self.refused.contains(&pair) {
                continue;
            }
            let (some, others) = (self.members(a), self.members(b));
            if !self.certain.may_be_one(&some, &others) {
                self.refused.insert(pair);
                continue;
            }
            if !wanted(&some, &others) {
                continue;
            }
            for of in self.of.iter_mut().filter(|of| **of == b) {
                *of = a;
            }
            self.joins.push(join);
        }
    }

    fn count(&self) -> u32 {
        count(self.of.iter().collect::<BTreeSet<_>>().len())
    }

    /// Radios: a box on a channel. A box that was heard before and after a move has the one.
    fn radios(&self) -> u32 {
        let moved = |at: usize| self.certain.channels(at).iter().next().copied().unwrap_or(self.seen[at].mhz);
        let radios: BTreeSet<(usize, u32)> =
            (0..self.seen.len()).map(|at| (self.of[at], moved(at))).collect();
        count(radios.len())
    }

    /// The members of a box, in the order of addresses.
    fn members(&self, name: usize) -> Vec<usize> {
        self.order.iter().copied().filter(|at| self.of[*at] == name).collect()
    }

    /// For each BSSID, whether all of its box are so.
    fn each(&self, is: impl Fn(&Bss) -> bool) -> Vec<bool> {
        let others: BTreeSet<usize> =
            self.of.iter().zip(self.seen).filter(|(_, bss)| !is(bss)).map(|(of, _)| *of).collect();
        self.of.iter().map(|of| !others.contains(of)).collect()
    }

    /// The numbers from 1 in the order of addresses, and what joined each BSSID to those before it.
    fn numbered(&self) -> (Vec<u32>, Vec<Option<&'static str>>) {
        let mut numbers = vec![0; self.seen.len()];
        let mut joined_by = vec![None; self.seen.len()];
        let mut next = 0;
        for first in &self.order {
            if numbers[*first] != 0 {
                continue;
            }
            next += 1;
            numbers[*first] = next;
            // Along the tree of joins, from the first on.
            let mut at_hand = vec![*first];
            while let Some(known) = at_hand.pop() {
                for join in &self.joins {
                    let other = if join.a == known { join.b } else { join.a };
                    if (join.a == known || join.b == known) && numbers[other] == 0 {
                        numbers[other] = next;
                        joined_by[other] = Some(join.code);
                        at_hand.push(other);
                    }
                }
            }
        }
        (numbers, joined_by)
    }
}

/// What boxes announce of themselves, the most trusted first.
fn announced(seen: &[Bss], doubts: &Doubts) -> Vec<Join> {
    let tied = |a: usize, b: usize| ties::between(&seen[a], &seen[b], doubts).map(|tie| (tie, tie.code()));
    sorted(seen, tied)
}

/// Related addresses on one channel, equally loud wherever they were heard: names of one radio. Two boxes bought together
/// and set to one channel look like it from between the two; timers of their own tell them apart.
fn one_radio(seen: &[Bss]) -> Vec<Join> {
    sorted(seen, |a, b| {
        let (a, b) = (&seen[a], &seen[b]);
        (related(a.bssid, b.bssid) && same_radio(a, b)).then(|| (gap(a, b), "address_arithmetic"))
    })
}

/// Whether two were heard as names of one radio are: on one channel, be it one after the other, as loud, and not on timers of
/// their own.
fn same_radio(a: &Bss, b: &Bss) -> bool {
    let one_channel = a.mhz == b.mhz || a.moved_from.contains(&b.mhz) || b.moved_from.contains(&a.mhz);
    one_channel && heard_alike(a, b, SAME_SIGNAL_DB) && !ties::other_timer(a, b)
}

/// Whether two are as loud, within so many dB, in each place where both were heard, and there is such a place. Where only one was
/// heard it must be faint: a loud one's sister would have been heard, too.
fn heard_alike(a: &Bss, b: &Bss, within_db: u16) -> bool {
    let faint_where_alone = |one: &Bss, other: &Bss| {
        one.levels
            .iter()
            .all(|(place, level)| other.levels.contains_key(place) || level.is_none_or(|dbm| dbm < LOUD_DBM))
    };
    let mut both = together(a, b).peekable();
    both.peek().is_some()
        && both.all(|(x, y)| x.abs_diff(y) <= within_db)
        && faint_where_alone(a, b)
        && faint_where_alone(b, a)
}

/// The signals of two in each place where both are known.
fn together(a: &Bss, b: &Bss) -> impl Iterator<Item = (i16, i16)> {
    a.levels.iter().filter_map(|(place, level)| Some(((*level)?, (*b.levels.get(place)?)?)))
}

/// Related addresses on two bands, both loud in one place ([`LOUD_DBM`]) and nowhere heard as two boxes would be.
fn loud_sisters(seen: &[Bss]) -> Vec<Join> {
    sorted(seen, |a, b| {
        let (a, b) = (&seen[a], &seen[b]);
        let loud = || together(a, b).any(|(x, y)| x.min(y) >= LOUD_DBM);
        (a.band != b.band && related(a.bssid, b.bssid) && heard_alike(a, b, SISTER_SIGNAL_DB) && loud())
            .then(|| (gap(a, b), "address_and_signal"))
    })
}

/// Whether two boxes' radios are of different bands, or the same: a radio has one sister on a band. The large boxes that have
/// two there are left to the estimate.
fn one_on_each_band(seen: &[Bss], some: &[usize], others: &[usize]) -> bool {
    let fits = |a: &Bss, b: &Bss| a.band != b.band || same_radio(a, b);
    some.iter().all(|a| others.iter().all(|b| fits(&seen[*a], &seen[*b])))
}

/// Related addresses, whatever the channels.
fn near_addresses(seen: &[Bss]) -> Vec<Join> {
    sorted(seen, |a, b| {
        let (a, b) = (&seen[a], &seen[b]);
        related(a.bssid, b.bssid).then(|| (gap(a, b), "address_arithmetic"))
    })
}

/// A box heard at 2.4 GHz only and one heard only above, from the same shelf and with a name in common: makers that give
/// each radio sixteen addresses of its own.
fn complementary(seen: &[Bss], boxes: &Boxes<'_>) -> Vec<Join> {
    let low_only = boxes.each(|bss| bss.band == Band::Two);
    let high_only = boxes.each(|bss| bss.band != Band::Two);
    sorted(seen, |a, b| {
        let halves = (low_only[a] && high_only[b]) || (low_only[b] && high_only[a]);
        let (a, b) = (&seen[a], &seen[b]);
        let alike = address_key(a).0 == address_key(b).0 && a.ssid == b.ssid;
        (alike && halves).then(|| (gap(a, b), "complementary_bands"))
    })
}

/// A box of invented addresses (a guest network with one) with the box that is heard equally loud on the same channel.
fn equally_loud(seen: &[Bss], boxes: &Boxes<'_>) -> Vec<Join> {
    let invented = boxes.each(is_local);
    sorted(seen, |a, b| {
        let one_is = invented[a] != invented[b];
        let (a, b) = (&seen[a], &seen[b]);
        let distance = a.signal_dbm?.abs_diff(b.signal_dbm?);
        (one_is && a.mhz == b.mhz && distance <= SAME_SIGNAL_DB).then_some((distance, "same_channel_signal"))
    })
}

/// The pairs that `wanted` ranks, the best rank first, then in the order of addresses.
fn sorted<R: Ord>(seen: &[Bss], wanted: impl Fn(usize, usize) -> Option<(R, &'static str)>) -> Vec<Join> {
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by_key(|index| address_key(&seen[*index]));
    let mut pairs: Vec<(R, usize, Join)> = Vec::new();
    for (at, &a) in order.iter().enumerate() {
        for &b in &order[at + 1..] {
            if let Some((rank, code)) = wanted(a, b) {
                pairs.push((rank, pairs.len(), Join { a, b, code }));
            }
        }
    }
    pairs.sort_by(|x, y| (&x.0, x.1).cmp(&(&y.0, y.1)));
    pairs.into_iter().map(|(_, _, join)| join).collect()
}

/// Whether two addresses can be counted from one base: they differ in the last octet by less than a radio's share,
/// and in the first at most when one of them is locally administered.
pub(super) fn related(a: [u8; 6], b: [u8; 6]) -> bool {
    let [a_first, a_middle @ .., a_last] = a;
    let [b_first, b_middle @ .., b_last] = b;
    a_middle == b_middle
        && a_last.abs_diff(b_last) < ADDRESS_SPAN
        && (a_first == b_first || (a_first | b_first) & LOCAL_BIT != 0)
}

/// Whether an address is not its maker's own but invented.
pub(super) fn is_local(bss: &Bss) -> bool {
    bss.bssid[0] & LOCAL_BIT != 0
}

fn gap(a: &Bss, b: &Bss) -> u8 {
    a.bssid[5].abs_diff(b.bssid[5])
}

/// By shelf, then last octet, then first: neighbours on the shelf stand side by side.
fn address_key(bss: &Bss) -> ([u8; 4], u8, u8) {
    let [first, a, b, c, d, last] = bss.bssid;
    ([a, b, c, d], last, first)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
