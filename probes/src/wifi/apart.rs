//! What shows that two BSSIDs are of different boxes, and how many boxes there are at least. Pure.

use std::collections::BTreeSet;

use super::band::Band;
use super::group::{self, Bss};
use super::ties::{self, Doubts};

/// A box has one radio at 2.4 GHz: its three channels that do not overlap are all there is.
const RADIOS_AT_TWO: usize = 1;

/// A box has at most two radios at 5 GHz and two at 6 GHz: the band has room for two that do not disturb each other, and
/// makers' largest boxes have that many.
const RADIOS_ABOVE: usize = 2;

/// Steps allowed in the search for the largest clique: a school's boxes take some hundreds; beyond, in a list that somebody
/// floods, what was found is a true bound all the same.
const MOST_STEPS: u32 = 100_000;

/// What is known for certain of the BSSIDs in sight, two by two.
pub(super) struct Certain<'a> {
    seen: &'a [Bss],
    doubts: &'a Doubts,
    /// For each BSSID, the channels that its radio was heard on, MHz.
    channels: Vec<BTreeSet<u32>>,
}

impl<'a> Certain<'a> {
    pub(super) fn of(seen: &'a [Bss], doubts: &'a Doubts) -> Self {
        let heard =
            |bss: &Bss| -> BTreeSet<u32> { bss.moved_from.iter().copied().chain([bss.mhz]).collect() };
        // A radio moves with all its names, also those that were heard before or after only.
        let of_its_radio = |bss: &Bss| -> BTreeSet<u32> {
            let mut channels = heard(bss);
            for other in seen.iter().filter(|other| !other.moved_from.is_empty()) {
                let sisters = other.bssid != bss.bssid && group::related(bss.bssid, other.bssid);
                if sisters && !heard(other).is_disjoint(&heard(bss)) {
                    channels.extend(heard(other));
                }
            }
            channels
        };
        Self { seen, doubts, channels: seen.iter().map(of_its_radio).collect() }
    }

    /// The channels that a BSSID's radio was heard on, MHz.
    pub(super) fn channels(&self, at: usize) -> &BTreeSet<u32> {
        &self.channels[at]
    }

    /// Whether two BSSIDs are of different boxes for certain.
    fn apart(&self, a: usize, b: usize) -> bool {
        let (x, y) = (&self.seen[a], &self.seen[b]);
        let channels = x.band == Band::Two && y.band == Band::Two && self.other_channel(a, b);
        // Of related addresses on one channel, a name that stands there twice may be one box's with two passwords.
        let repeated = ties::repeats(x, y) && !group::related(x.bssid, y.bssid);
        channels || repeated || ties::other_label(x, y, self.doubts)
    }

    fn other_channel(&self, a: usize, b: usize) -> bool {
        self.channels[a].is_disjoint(&self.channels[b])
    }

    /// Whether what could be one box, twice, can be one together.
    pub(super) fn may_be_one(&self, some: &[usize], others: &[usize]) -> bool {
        let impossible =
            |a: &usize, b: &usize| self.apart(*a, *b) || ties::repeats(&self.seen[*a], &self.seen[*b]);
        if some.iter().any(|a| others.iter().any(|b| impossible(a, b))) {
            return false;
        }
        let all = [some, others].concat();
        [(Band::Two, RADIOS_AT_TWO), (Band::Five, RADIOS_ABOVE), (Band::Six, RADIOS_ABOVE)]
            .into_iter()
            .all(|(band, most)| self.other_channels(&all, band) <= most)
    }

    /// How many of these are on channels of their own, in a band: so many radios at least.
    fn other_channels(&self, members: &[usize], band: Band) -> usize {
        let mut radios: Vec<usize> = Vec::new();
        for at in members.iter().filter(|at| self.seen[**at].band == band) {
            if radios.iter().all(|known| self.other_channel(*known, *at)) {
                radios.push(*at);
            }
        }
        radios.len()
    }

    /// At least so many boxes, and whether some BSSIDs do not count for it: invented addresses that nothing ties to a
    /// maker's own, and that are not counted from one, may be somebody's telephone under the school's name.
    pub(super) fn low(&self) -> (u32, bool) {
        let pairs = ties::all(self.seen, self.doubts);
        let of = ties::components(self.seen.len(), pairs.into_iter());
        let makers_own = || self.seen.iter().filter(|bss| !group::is_local(bss));
        let makers: BTreeSet<usize> =
            (0..self.seen.len()).filter(|at| !group::is_local(&self.seen[*at])).map(|at| of[at]).collect();
        let counted: Vec<usize> = (0..self.seen.len()).filter(|at| makers.contains(&of[*at])).collect();
        let clique = self.largest_clique(&of, &makers);
        // Pigeonholes: three channels at 5 GHz are two boxes, whatever their addresses.
        let above =
            [Band::Five, Band::Six].map(|band| self.other_channels(&counted, band).div_ceil(RADIOS_ABOVE));
        let least = above.into_iter().fold(clique, usize::max);
        let derived = |bss: &Bss| makers_own().any(|own| group::related(own.bssid, bss.bssid));
        let invented = |at: usize| !makers.contains(&of[at]) && !derived(&self.seen[at]);
        (u32::try_from(least).unwrap_or(u32::MAX), (0..self.seen.len()).any(invented))
    }

    /// The most tied BSSIDs that are two by two of different boxes.
    fn largest_clique(&self, of: &[usize], nodes: &BTreeSet<usize>) -> usize {
        let mut members: Vec<Vec<usize>> =
            nodes.iter().map(|node| (0..of.len()).filter(|at| of[*at] == *node).collect()).collect();
        // By addresses: what is found within the steps allowed must not hang on the list's order.
        members.sort_by_key(|members| members.iter().map(|at| self.seen[*at].bssid).min());
        let differ = |x: &[usize], y: &[usize]| x.iter().any(|a| y.iter().any(|b| self.apart(*a, *b)));
        let table: Vec<Vec<bool>> =
            members.iter().map(|x| members.iter().map(|y| differ(x, y)).collect()).collect();
        let mut all: Vec<usize> = (0..members.len()).collect();
        all.sort_by_key(|at| std::cmp::Reverse(table[*at].iter().filter(|apart| **apart).count()));
        let mut search = Search { table: &table, best: 0, steps: 0 };
        search.grow(0, &all);
        search.best
    }
}

/// A search for the largest set of nodes that are two by two apart.
struct Search<'a> {
    table: &'a [Vec<bool>],
    best: usize,
    steps: u32,
}

impl Search<'_> {
    /// Grows a clique of `size` by what is apart from all of it.
    fn grow(&mut self, size: usize, candidates: &[usize]) {
        self.best = self.best.max(size);
        for (at, chosen) in candidates.iter().enumerate() {
            let rest = &candidates[at..];
            self.steps += 1;
            if size + rest.len() <= self.best || self.steps > MOST_STEPS {
                return;
            }
            let apart: Vec<usize> =
                rest.iter().copied().filter(|other| self.table[*chosen][*other]).collect();
            self.grow(size + 1, &apart);
        }
    }
}
