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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::elements::Source;
    use super::*;
    use proptest::prelude::*;

    fn bss(bssid: [u8; 6], ssid: &str, mhz: u32, signal: i16) -> Bss {
        Bss {
            bssid,
            ssid: ssid.into(),
            band: Band::of(mhz).unwrap(),
            mhz,
            moved_from: BTreeSet::new(),
            channel: None,
            signal_dbm: Some(signal),
            levels: BTreeMap::from([(0, Some(signal))]),
            identity: Identity::default(),
            radio: Radio::default(),
            privacy: None,
        }
    }

    fn counts(seen: &[Bss]) -> (u32, u32, u32) {
        let grouped = group(seen);
        (grouped.low, grouped.estimate, grouped.high)
    }

    #[test]
    fn nothing_is_nothing() {
        let grouped = group(&[]);
        assert_eq!((grouped.low, grouped.estimate, grouped.high, grouped.radios), (0, 0, 0, 0));
        assert!(grouped.evidence.is_empty() && grouped.access_point.is_empty());
    }

    #[test]
    fn one_box_with_two_bands_and_two_names() {
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40),
            bss([0x02, 1, 2, 3, 4, 0x10], "invites", 2412, -41),
            bss([0x00, 1, 2, 3, 4, 0x14], "ecole", 5180, -50),
            bss([0x00, 1, 2, 3, 4, 0x15], "invites", 5180, -50),
        ];
        let grouped = group(&seen);
        assert_eq!((grouped.low, grouped.estimate, grouped.high, grouped.radios), (1, 1, 1, 2));
        assert_eq!(grouped.evidence, ["address_and_signal", "address_arithmetic"]);
        assert_eq!(grouped.access_point, [1, 1, 1, 1]);
        assert_eq!(grouped.joined_by.iter().filter(|code| code.is_none()).count(), 1);
        // Far away a sister may have been missed: nobody knows.
        let far = seen.map(|bss| Bss { levels: BTreeMap::from([(0, Some(-70))]), ..bss });
        assert_eq!(counts(&far), (1, 1, 2));
    }

    /// As [`bss`], heard at these levels in the places one after the other.
    fn in_places(bssid: [u8; 6], ssid: &str, mhz: u32, levels: &[Option<i16>]) -> Bss {
        let heard = levels.iter().enumerate().filter_map(|(at, level)| Some((at, Some((*level)?))));
        let best = levels.iter().flatten().max().copied().unwrap();
        Bss { levels: heard.collect(), ..bss(bssid, ssid, mhz, best) }
    }

    #[test]
    fn two_boxes_bought_together_on_one_channel_are_not_one_for_certain() {
        let named = |last: u8, name: &str, levels: &[Option<i16>]| {
            in_places([0x00, 1, 2, 3, 4, last], name, 2437, levels)
        };
        let (near, far) = (Some(-45), Some(-85));
        // A name for each class, each loud in its own.
        let two = [named(0x10, "ecole-cp", &[near, far]), named(0x14, "ecole-ce1", &[far, near])];
        assert_eq!(counts(&two), (1, 1, 2));
        // Each heard in its own class only.
        assert_eq!(
            counts(&[named(0x10, "ecole-cp", &[near, None]), named(0x14, "ecole-ce1", &[None, near])]),
            (1, 1, 2)
        );
        // Loud in a place where the other is not heard at all.
        let alone = [named(0x10, "ecole-cp", &[near, far]), named(0x14, "ecole-ce1", &[None, Some(-83)])];
        assert_eq!(counts(&alone), (1, 1, 2));
        // Two names of one radio.
        let one = [named(0x10, "ecole-cp", &[near, far]), named(0x11, "ecole-ce1", &[Some(-48), None])];
        assert_eq!(counts(&one), (1, 1, 1));
        // As loud, with a timer each.
        let timed = |last: u8, name: &str, base| {
            let mut bss = named(last, name, &[near, far]);
            bss.identity.tsf_base_us.insert(0, base);
            bss
        };
        assert_eq!(counts(&[timed(0x10, "ecole-cp", 0), timed(0x14, "ecole-ce1", 70_000_000)]), (1, 1, 2));
        assert_eq!(counts(&[timed(0x10, "ecole-cp", 0), timed(0x14, "ecole-ce1", 900)]), (1, 1, 1));
    }

    #[test]
    fn a_loud_radio_has_one_sister() {
        // The 5 GHz radio of one box, and that of its neighbour on the shelf, whose 2.4 GHz is off.
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -50),
            bss([0x00, 1, 2, 3, 4, 0x14], "ecole", 5180, -55),
            bss([0x00, 1, 2, 3, 4, 0x1c], "ecole", 5220, -60),
        ];
        assert_eq!(counts(&seen[..2]), (1, 1, 1));
        assert_eq!(counts(&seen), (1, 1, 2));
        // Both whole, and as loud: two, whoever is whose.
        let other = bss([0x00, 1, 2, 3, 4, 0x18], "ecole", 2462, -52);
        assert_eq!(counts(&[&seen[..], &[other]].concat()), (2, 2, 2));
        // Each loud in a room of its own.
        let in_rooms =
            |last, mhz, levels: [Option<i16>; 2]| in_places([0x00, 1, 2, 3, 4, last], "ecole", mhz, &levels);
        let halves =
            [in_rooms(0x10, 2412, [Some(-45), Some(-60)]), in_rooms(0x14, 5180, [Some(-62), Some(-42)])];
        assert_eq!(counts(&halves), (1, 1, 2));
    }

    #[test]
    fn mikrotiks_names_are_a_radios() {
        let named = |last: u8, mhz: u32, name: &[u8]| {
            let mut bss = bss([0x00, 0x0c, 0x42, 3, 4, last], "ecole", mhz, -50);
            bss.identity.labels.insert((Source::MikroTik, name.to_vec()));
            bss
        };
        assert_eq!(counts(&[named(0x10, 2412, b"cour-2"), named(0x11, 5180, b"cour-5")]), (1, 1, 1));
        let alike = [named(0x10, 2412, b"cour"), named(0x80, 5180, b"cour")];
        assert_eq!((counts(&alike), group(&alike).evidence), ((1, 1, 1), vec!["box_name"]));
    }

    #[test]
    fn a_radio_that_changed_its_channel_is_one() {
        let stay = bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40);
        let mut moved = bss([0x00, 1, 2, 3, 4, 0x11], "invites", 2462, -40);
        assert_eq!(counts(&[stay.clone(), moved.clone()]), (2, 2, 2));
        // One of its names was heard on both channels: the other was only heard before.
        moved.moved_from = BTreeSet::from([2412]);
        let grouped = group(&[stay, moved]);
        assert_eq!((grouped.low, grouped.estimate, grouped.high, grouped.radios), (1, 1, 1, 1));
    }

    #[test]
    fn three_channels_at_five_are_two_boxes() {
        let seen = [5180, 5260, 5500].map(|mhz| bss([0x00, 1, 2, 3, 4, (mhz / 20) as u8], "ecole", mhz, -50));
        assert_eq!(counts(&seen[..2]).0, 1);
        assert_eq!(counts(&seen).0, 2);
    }

    #[test]
    fn names_of_boxes_tie_and_part() {
        let named = |last: u8, mhz: u32, name: &[u8]| {
            let mut bss = bss([0x00, 1, 2, last, 4, 0x10], "ecole", mhz, -70);
            bss.identity.labels.insert((Source::Aruba, name.to_vec()));
            bss
        };
        let tied = group(&[named(1, 2412, b"AP-Cour"), named(2, 5180, b"AP-Cour")]);
        assert_eq!((tied.low, tied.high, tied.evidence), (1, 1, vec!["box_name"]));
        // Two names at 5 GHz, which could have been one box.
        assert_eq!(counts(&[named(1, 5180, b"AP-Cour"), named(2, 5260, b"AP-CP")]), (2, 2, 2));
        // The name nobody changed: it is on two boxes for certain, so it neither ties nor parts.
        let unset = [named(1, 2412, b"ap"), named(2, 2462, b"ap"), named(3, 5180, b"ap")];
        assert_eq!(counts(&unset), (2, 3, 3));
    }

    #[test]
    fn two_boxes_of_different_batches_are_two_for_certain() {
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40),
            bss([0x00, 1, 2, 9, 4, 0x80], "ecole", 2462, -70),
        ];
        assert_eq!(counts(&seen), (2, 2, 2));
        // Also on one channel: a radio does not repeat a name.
        let same = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40),
            bss([0x00, 1, 2, 9, 4, 0x80], "ecole", 2412, -70),
        ];
        assert_eq!(counts(&same), (2, 2, 2));
    }

    #[test]
    fn two_boxes_bought_together_are_told_apart_by_their_channels() {
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40),
            bss([0x00, 1, 2, 3, 4, 0x11], "ecole", 5180, -45),
            bss([0x00, 1, 2, 3, 4, 0x18], "ecole", 2462, -70),
            bss([0x00, 1, 2, 3, 4, 0x19], "ecole", 5260, -75),
        ];
        let grouped = group(&seen);
        assert_eq!((grouped.low, grouped.estimate, grouped.high), (2, 2, 3));
        assert_eq!(grouped.access_point, [1, 1, 2, 2]);
        assert!(grouped.evidence.contains(&"same_band_distinct"));
    }

    #[test]
    fn radios_with_sixteen_addresses_each_are_paired() {
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x40], "ecole", 2412, -40),
            bss([0x00, 1, 2, 3, 4, 0x50], "ecole", 5180, -45),
        ];
        let grouped = group(&seen);
        assert_eq!((grouped.low, grouped.estimate, grouped.high), (1, 1, 2));
        assert_eq!(grouped.evidence, ["complementary_bands"]);
    }

    #[test]
    fn a_guest_network_with_an_invented_address_joins_its_radio() {
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40),
            bss([0x00, 1, 2, 8, 4, 0x10], "ecole", 2462, -60),
            bss([0xfe, 9, 9, 9, 9, 0x77], "invites", 2412, -43),
        ];
        let grouped = group(&seen);
        assert_eq!((grouped.low, grouped.estimate, grouped.high), (2, 2, 3));
        assert_eq!(grouped.access_point[0], grouped.access_point[2]);
    }

    /// A box as makers build them: consecutive addresses, one radio per band, every name on both.
    #[derive(Debug, Clone)]
    struct Made {
        /// Its names are no other box's.
        own_names: bool,
        shelf: [u8; 3],
        base: u8,
        two: u32,
        five: u32,
        names: u8,
        loud: i16,
    }

    /// Boxes bought together have addresses `spacing` apart.
    fn made(spacing: u8) -> impl Strategy<Value = Made> {
        let two = prop::sample::select(vec![2412, 2437, 2462]);
        let five = prop::sample::select(vec![5180, 5260, 5500, 5660]);
        // Few shelves and bases, so that boxes bought together come up.
        ((0_u8..3, 0_u8..2, 0_u8..2), 0_u8..12, two, five, 1_u8..4, any::<bool>()).prop_map(
            move |((a, b, c), slot, two, five, names, own_names)| Made {
                own_names,
                shelf: [a, b, c],
                base: slot * spacing,
                loud: -30,
                two,
                five,
                names,
            },
        )
    }

    fn beacons(made: &Made) -> Vec<Bss> {
        let [a, b, c] = made.shelf;
        let at = |offset: u8| [0x00, 7, a, b, c, made.base + offset];
        let whose = if made.own_names { format!("-{a}{b}{c}-{}", made.base) } else { String::new() };
        (0..made.names)
            .flat_map(|name| {
                let ssid = format!("ecole-{name}{whose}");
                [
                    bss(at(name), &ssid, made.two, made.loud),
                    bss(at(8 + name), &ssid, made.five, made.loud - 6),
                ]
            })
            .collect()
    }

    fn school(spacing: u8) -> impl Strategy<Value = Vec<Made>> {
        prop::collection::vec(made(spacing), 1..7).prop_map(|mut boxes| {
            boxes.sort_by_key(|made| (made.shelf, made.base));
            boxes.dedup_by_key(|made| (made.shelf, made.base));
            // One stands further away than the other: two that sound alike in the one place there is are one to anybody.
            boxes.iter_mut().zip(0..).for_each(|(made, at)| made.loud -= 8 * at);
            boxes
        })
    }

    proptest! {
        #[test]
        fn the_truth_lies_within_the_bounds(boxes in school(12)) {
            let seen: Vec<Bss> = boxes.iter().flat_map(beacons).collect();
            let grouped = group(&seen);
            let truth = boxes.len() as u32;
            prop_assert!(grouped.low <= truth && truth <= grouped.high, "{grouped:?} for {truth}");
            prop_assert!(grouped.low <= grouped.estimate && grouped.estimate <= grouped.high);
            prop_assert!(grouped.low >= 1);
        }

        #[test]
        fn a_further_name_on_a_box_never_adds_a_box(boxes in school(20), which in 0_usize..7) {
            let mut boxes = boxes;
            let which = which % boxes.len();
            let before = group(&boxes.iter().flat_map(beacons).collect::<Vec<_>>());
            boxes[which].names += 1;
            let after = group(&boxes.iter().flat_map(beacons).collect::<Vec<_>>());
            prop_assert_eq!(before.estimate, after.estimate);
            prop_assert!(after.low <= boxes.len() as u32 && after.high >= boxes.len() as u32);
        }

        #[test]
        fn order_does_not_matter(boxes in school(12), turn in 0_usize..50) {
            let straight: Vec<Bss> = boxes.iter().flat_map(beacons).collect();
            let mut turned: Vec<Bss> = boxes.iter().flat_map(beacons).collect();
            let by = turn % turned.len();
            turned.reverse();
            turned.rotate_left(by);
            let (a, b) = (group(&straight), group(&turned));
            prop_assert_eq!((a.low, a.estimate, a.high, a.radios), (b.low, b.estimate, b.high, b.radios));
            prop_assert_eq!(&a.evidence, &b.evidence);
            for (bss, number) in straight.iter().zip(&a.access_point) {
                let other = turned.iter().position(|known| known.bssid == bss.bssid).unwrap();
                prop_assert_eq!(*number, b.access_point[other]);
            }
        }
    }
}
