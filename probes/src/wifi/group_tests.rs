//! Boxes and their bounds, on lists made here.
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
    // A frame that was stamped late makes no second box of a radio's name, and no tie of unrelated addresses.
    let late = [timed(0x10, "ecole-cp", 0), timed(0x14, "ecole-ce1", 12_000)];
    assert_eq!(counts(&late), (1, 1, 1));
    assert_eq!(group(&late).evidence, ["address_arithmetic"]);
    assert_eq!(counts(&[timed(0x10, "ecole-cp", 0), timed(0x14, "ecole-ce1", 21_000)]), (1, 1, 2));
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
    let halves = [in_rooms(0x10, 2412, [Some(-45), Some(-60)]), in_rooms(0x14, 5180, [Some(-62), Some(-42)])];
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
            [bss(at(name), &ssid, made.two, made.loud), bss(at(8 + name), &ssid, made.five, made.loud - 6)]
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
