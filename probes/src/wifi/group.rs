//! From BSSIDs to radios to access points: pure, with bounds, for a BSSID is not a box on the wall.
//!
//! By what ties them ([`super::ties`]), then by what a beacon's address, channel, name and signal show. It prefers
//! "between one and three" to a wrong "two": `low` merges whatever could be one box, `high` gives each radio that
//! nothing ties to another a box of its own (decision 22).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    band::Band,
    ties::{self, Identity},
};

/// One radio name of the school in sight.
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
}

/// A box derives its BSSIDs from one base by counting up in the last octet; sixteen per radio is the most that
/// makers reserve.
const ADDRESS_SPAN: u8 = 16;

/// Two networks of one radio are heard equally well; successive beacons differ by some dB in a room with people.
const SAME_SIGNAL_DB: u16 = 6;

/// The bit of the first octet that says "not the maker's own address" (IEEE 802-2014, 8.2.2).
const LOCAL_BIT: u8 = 0x02;

/// BSSIDs whose addresses are related: a box, or several bought together.
#[derive(Clone)]
struct Family {
    /// Indices, sorted by address.
    members: Vec<usize>,
    /// The address without first and last octet: what a box and its neighbours on the shelf share.
    shelf: [u8; 4],
}

/// Groups `seen`, whose addresses are distinct. The order does not matter but for `access_point`, which follows it.
pub(super) fn group(seen: &[Bss]) -> Grouping {
    let families = families(seen);
    let mut evidence = BTreeSet::new();
    if families.iter().any(|family| family.members.len() > 1) {
        evidence.insert("address_arithmetic");
    }
    let ties = ties::all(seen);
    evidence.extend(ties.iter().map(|(_, _, code)| *code));
    let nodes: Vec<_> = families.iter().flat_map(|family| nodes(seen, family)).collect();
    let (radios, high) = ties::bounds(&nodes, &ties);
    let families = join_tied(families, &ties);
    let low = surely(seen, &families, &mut evidence);
    let boxes = pair_bands(seen, attach_local(seen, families, &mut evidence), &mut evidence);
    let counts: Vec<u32> = boxes.iter().map(|family| boxes_in(seen, family)).collect();
    let estimate: u32 = counts.iter().sum();
    if low > 1 || counts.iter().any(|count| *count > 1) {
        evidence.insert("same_band_distinct");
    }
    Grouping {
        radios,
        estimate: estimate.clamp(low, high.max(low)),
        low,
        high: high.max(low),
        evidence: evidence.into_iter().collect(),
        access_point: number(seen, &boxes, &counts),
    }
}

/// The lower bound. A family of invented addresses that nothing ties to a maker's own may be somebody's telephone
/// under the school's name: it is in `high`, never in `low`, and the evidence says so.
fn surely(seen: &[Bss], families: &[Family], evidence: &mut BTreeSet<&'static str>) -> u32 {
    let invented = |family: &Family| family.members.iter().all(|member| is_local(&seen[*member]));
    let makers: Vec<Family> = families.iter().filter(|family| !invented(family)).cloned().collect();
    if makers.len() < families.len() {
        evidence.insert("invented_address");
    }
    largest_clique(seen, &makers)
}

/// A family's channels, each with its radios and its members.
fn nodes(seen: &[Bss], family: &Family) -> Vec<(u32, u32, Vec<usize>)> {
    let on = |mhz: u32| family.members.iter().copied().filter(|member| seen[*member].mhz == mhz).collect();
    radios_by_channel(seen, family).into_iter().map(|((_, mhz), count)| (mhz, count, on(mhz))).collect()
}

/// Makes one family of those that a tie joins.
fn join_tied(families: Vec<Family>, ties: &[(usize, usize, &'static str)]) -> Vec<Family> {
    let holder = |member: usize| families.iter().position(|family| family.members.contains(&member));
    let pairs = ties.iter().filter_map(|(i, j, _)| holder(*i).zip(holder(*j)));
    let of = ties::components(families.len(), pairs);
    let mut joined: BTreeMap<usize, Family> = BTreeMap::new();
    for (family, component) in families.into_iter().zip(of) {
        match joined.get_mut(&component) {
            Some(known) => known.members.extend(family.members),
            None => _ = joined.insert(component, family),
        }
    }
    joined.into_values().collect()
}

/// Whether two addresses can be counted from one base: they differ in the last octet by less than a radio's share,
/// and in the first at most when one of them is locally administered.
fn related(a: [u8; 6], b: [u8; 6]) -> bool {
    let [a_first, a_middle @ .., a_last] = a;
    let [b_first, b_middle @ .., b_last] = b;
    a_middle == b_middle
        && a_last.abs_diff(b_last) < ADDRESS_SPAN
        && (a_first == b_first || (a_first | b_first) & LOCAL_BIT != 0)
}

fn is_local(bss: &Bss) -> bool {
    bss.bssid[0] & LOCAL_BIT != 0
}

/// By shelf, then last octet, then first: neighbours on the shelf stand side by side.
fn address_key(bss: &Bss) -> ([u8; 4], u8, u8) {
    let [first, a, b, c, d, last] = bss.bssid;
    ([a, b, c, d], last, first)
}

/// The connected components of [`related`], in the order of addresses.
fn families(seen: &[Bss]) -> Vec<Family> {
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by_key(|index| address_key(&seen[*index]));
    let mut families: Vec<Family> = Vec::new();
    for index in order {
        let address = seen[index].bssid;
        let near =
            |family: &Family| family.members.iter().any(|member| related(seen[*member].bssid, address));
        let (mut joined, rest): (Vec<Family>, Vec<Family>) = families.into_iter().partition(near);
        families = rest;
        let mut members: Vec<usize> = joined.drain(..).flat_map(|family| family.members).collect();
        members.push(index);
        members.sort_by_key(|member| address_key(&seen[*member]));
        families.push(Family { members, shelf: address_key(&seen[index]).0 });
    }
    families.sort_by_key(|family| family.members.first().map(|first| address_key(&seen[*first])));
    families
}

/// Radios per frequency: a radio does not repeat a name, so a name heard n times on one channel is n radios.
fn radios_by_channel(seen: &[Bss], family: &Family) -> BTreeMap<(Band, u32), u32> {
    let mut names: BTreeMap<(Band, u32), BTreeMap<&str, u32>> = BTreeMap::new();
    for bss in family.members.iter().map(|member| &seen[*member]) {
        let known = names.entry((bss.band, bss.mhz)).or_default().entry(&bss.ssid).or_default();
        // Two hidden names need not be the same.
        *known = if bss.ssid.is_empty() { 1 } else { *known + 1 };
    }
    names.into_iter().map(|(channel, names)| (channel, names.into_values().max().unwrap_or(0))).collect()
}

/// How many boxes a family of related addresses needs: a box has one radio at 2.4 and one at 6 GHz, at most two at
/// 5 GHz, and never two on one channel.
fn boxes_in(seen: &[Bss], family: &Family) -> u32 {
    let by_channel = radios_by_channel(seen, family);
    let in_band =
        |band| by_channel.iter().filter(move |((known, _), _)| *known == band).map(|(_, count)| *count);
    let five = in_band(Band::Five).sum::<u32>().div_ceil(2).max(in_band(Band::Five).max().unwrap_or(0));
    five.max(in_band(Band::Two).sum()).max(in_band(Band::Six).sum()).max(1)
}

/// Whether two families cannot be one box: both at 2.4 GHz on different channels, or both with the same name on the
/// same channel.
fn conflict(seen: &[Bss], a: &Family, b: &Family) -> bool {
    let at_two = |family: &Family| -> BTreeSet<u32> {
        let all = family.members.iter().map(|member| &seen[*member]);
        all.filter(|bss| bss.band == Band::Two).map(|bss| bss.mhz).collect()
    };
    let (mine, theirs) = (at_two(a), at_two(b));
    if !mine.is_empty() && !theirs.is_empty() && mine.is_disjoint(&theirs) {
        return true;
    }
    a.members.iter().any(|x| {
        b.members.iter().any(|y| {
            let (x, y) = (&seen[*x], &seen[*y]);
            x.mhz == y.mhz && x.ssid == y.ssid && !x.ssid.is_empty()
        })
    })
}

/// A lower bound of the boxes: families that are pairwise different boxes. Greedy from every start: not always the
/// largest set, but always a true one.
fn largest_clique(seen: &[Bss], families: &[Family]) -> u32 {
    let mut best = 0;
    for start in families {
        let mut clique = vec![start];
        for family in families {
            if !std::ptr::eq(family, start) && clique.iter().all(|member| conflict(seen, member, family)) {
                clique.push(family);
            }
        }
        best = best.max(clique.len());
    }
    u32::try_from(best).unwrap_or(u32::MAX)
}

/// Joins families of locally administered addresses (a guest network with an invented address) to the family that is
/// heard equally loud on the same channel.
fn attach_local(seen: &[Bss], families: Vec<Family>, evidence: &mut BTreeSet<&'static str>) -> Vec<Family> {
    let invented = |family: &Family| family.members.iter().all(|member| is_local(&seen[*member]));
    let (loose, mut boxes): (Vec<Family>, Vec<Family>) = families.into_iter().partition(invented);
    let own_only = boxes.clone();
    for family in loose {
        let mut best: Option<(u16, usize)> = None;
        for (index, candidate) in own_only.iter().enumerate() {
            let distance = signal_distance(seen, &family, candidate);
            let distance = distance.filter(|distance| *distance <= SAME_SIGNAL_DB);
            if let Some(distance) = distance.filter(|_| !conflict(seen, &family, candidate))
                && best.is_none_or(|(known, _)| distance < known)
            {
                best = Some((distance, index));
            }
        }
        match best.and_then(|(_, index)| boxes.get_mut(index)) {
            Some(found) => {
                found.members.extend(&family.members);
                evidence.insert("same_channel_signal");
            }
            None => boxes.push(family),
        }
    }
    boxes
}

/// The smallest difference of signal on a channel that both families use.
fn signal_distance(seen: &[Bss], a: &Family, b: &Family) -> Option<u16> {
    let pairs = a.members.iter().flat_map(|x| b.members.iter().map(move |y| (&seen[*x], &seen[*y])));
    pairs
        .filter(|(x, y)| x.mhz == y.mhz)
        .filter_map(|(x, y)| Some(x.signal_dbm?.abs_diff(y.signal_dbm?)))
        .min()
}

/// Joins a family heard at 2.4 GHz only with one heard only above, from the same shelf and with a name in common:
/// makers that give each radio sixteen addresses of its own. Pairs follow the addresses.
fn pair_bands(seen: &[Bss], families: Vec<Family>, evidence: &mut BTreeSet<&'static str>) -> Vec<Family> {
    let bands = |family: &Family| -> BTreeSet<Band> {
        family.members.iter().map(|member| seen[*member].band).collect()
    };
    let share_name = |a: &Family, b: &Family| {
        a.members.iter().any(|x| b.members.iter().any(|y| seen[*x].ssid == seen[*y].ssid))
    };
    let (lower, rest): (Vec<Family>, Vec<Family>) =
        families.into_iter().partition(|family| bands(family) == BTreeSet::from([Band::Two]));
    let (mut upper, mut boxes): (Vec<Family>, Vec<Family>) =
        rest.into_iter().partition(|family| !bands(family).contains(&Band::Two));
    for mut low in lower {
        let mate = upper.iter().position(|high| high.shelf == low.shelf && share_name(&low, high));
        if let Some(mate) = mate {
            low.members.extend(upper.remove(mate).members);
            evidence.insert("complementary_bands");
        }
        boxes.push(low);
    }
    boxes.extend(upper);
    boxes.sort_by_key(|family| family.members.iter().map(|member| address_key(&seen[*member])).min());
    boxes
}

/// Numbers the access points from 1 in the order of addresses. A family of several boxes is cut at its largest gaps.
fn number(seen: &[Bss], boxes: &[Family], counts: &[u32]) -> Vec<u32> {
    let mut numbers = vec![0; seen.len()];
    let mut next = 1;
    for (family, count) in boxes.iter().zip(counts) {
        let mut members = family.members.clone();
        members.sort_by_key(|member| address_key(&seen[*member]));
        let mut gaps: Vec<(u8, usize)> = (1..members.len())
            .map(|at| (seen[members[at]].bssid[5].abs_diff(seen[members[at - 1]].bssid[5]), at))
            .collect();
        gaps.sort_by_key(|(gap, at)| (std::cmp::Reverse(*gap), *at));
        let cuts: BTreeSet<usize> = gaps.iter().take(*count as usize - 1).map(|(_, at)| *at).collect();
        for (at, member) in members.iter().enumerate() {
            if cuts.contains(&at) {
                next += 1;
            }
            numbers[*member] = next;
        }
        next += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
        assert_eq!((grouped.low, grouped.estimate, grouped.high, grouped.radios), (1, 1, 2, 2));
        assert_eq!(grouped.evidence, ["address_arithmetic"]);
        assert_eq!(grouped.access_point, [1, 1, 1, 1]);
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
    fn two_boxes_bought_together_are_told_apart_but_not_for_certain() {
        let seen = [
            bss([0x00, 1, 2, 3, 4, 0x10], "ecole", 2412, -40),
            bss([0x00, 1, 2, 3, 4, 0x11], "ecole", 5180, -45),
            bss([0x00, 1, 2, 3, 4, 0x18], "ecole", 2462, -70),
            bss([0x00, 1, 2, 3, 4, 0x19], "ecole", 5260, -75),
        ];
        let grouped = group(&seen);
        assert_eq!((grouped.low, grouped.estimate, grouped.high), (1, 2, 4));
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
        shelf: [u8; 3],
        base: u8,
        two: u32,
        five: u32,
        names: u8,
        loud: i16,
    }

    fn made() -> impl Strategy<Value = Made> {
        let two = prop::sample::select(vec![2412, 2437, 2462]);
        let five = prop::sample::select(vec![5180, 5260, 5500, 5660]);
        // Few shelves and bases, so that boxes bought together come up.
        ((0_u8..3, 0_u8..2, 0_u8..2), 0_u8..12, two, five, 1_u8..5, -90_i16..-30).prop_map(
            |((a, b, c), slot, two, five, names, loud)| Made {
                shelf: [a, b, c],
                base: slot * 20,
                two,
                five,
                names,
                loud,
            },
        )
    }

    fn beacons(made: &Made) -> Vec<Bss> {
        let [a, b, c] = made.shelf;
        let at = |offset: u8| [0x00, 7, a, b, c, made.base + offset];
        (0..made.names)
            .flat_map(|name| {
                [
                    bss(at(name), &format!("ecole-{name}"), made.two, made.loud),
                    bss(at(8 + name), &format!("ecole-{name}"), made.five, made.loud - 6),
                ]
            })
            .collect()
    }

    fn school() -> impl Strategy<Value = Vec<Made>> {
        prop::collection::vec(made(), 1..7).prop_map(|mut boxes| {
            boxes.sort_by_key(|made| (made.shelf, made.base));
            boxes.dedup_by_key(|made| (made.shelf, made.base));
            boxes
        })
    }

    proptest! {
        #[test]
        fn the_truth_lies_within_the_bounds(boxes in school()) {
            let seen: Vec<Bss> = boxes.iter().flat_map(beacons).collect();
            let grouped = group(&seen);
            let truth = boxes.len() as u32;
            prop_assert!(grouped.low <= truth && truth <= grouped.high, "{grouped:?} for {truth}");
            prop_assert!(grouped.low <= grouped.estimate && grouped.estimate <= grouped.high);
            prop_assert!(grouped.low >= 1);
        }

        #[test]
        fn a_further_name_on_a_box_never_adds_a_box(boxes in school(), which in 0_usize..7) {
            let mut boxes = boxes;
            let which = which % boxes.len();
            boxes[which].names += 1;
            let seen: Vec<Bss> = boxes.iter().flat_map(beacons).collect();
            prop_assert!(group(&seen).low <= boxes.len() as u32);
        }

        #[test]
        fn order_does_not_matter(boxes in school(), turn in 0_usize..50) {
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
