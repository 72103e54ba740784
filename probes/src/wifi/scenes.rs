//! Generated schools, replayed: the truth is known, the count must hold it.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use sonde_report::values::AccessPointEstimate;

use super::*;

/// What a box tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Nothing,
    MultiLink,
    CoLocated,
    Wps,
    /// One UUID for every box, as some firmware has it.
    WpsOfAll,
    Timer,
    Set,
}

/// A box at 2.4 and 5 GHz, every name on both.
#[derive(Debug, Clone)]
struct Made {
    shelf: u8,
    slot: u8,
    two: u32,
    five: Option<u32>,
    names: u8,
    hidden: bool,
    telling: Telling,
    loud: i16,
}

impl Made {
    fn address(&self, offset: u8) -> [u8; 6] {
        [0x00, 0x25, self.shelf, 1, 1, self.slot * 20 + offset]
    }

    /// Ties all its radios for certain.
    fn tells_all(&self) -> bool {
        matches!(self.telling, Telling::MultiLink | Telling::CoLocated | Telling::Wps)
    }
}

fn element(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id, body.len() as u8][..], body].concat()
}

fn tell(made: &Made) -> Vec<u8> {
    let wps = |uuid: [u8; 16]| element(221, &[&[0, 0x50, 0xf2, 4, 0x10, 0x47, 0, 16][..], &uuid].concat());
    match made.telling {
        Telling::Nothing | Telling::Timer => Vec::new(),
        Telling::MultiLink => element(255, &[&[107, 0, 0, 7][..], &made.address(19)].concat()),
        Telling::Wps => wps([&made.address(0)[..], &[7; 10]].concat().try_into().unwrap()),
        Telling::WpsOfAll => wps([0x28; 16]),
        Telling::CoLocated => {
            let entry = [&[255][..], &made.address(8), &[0x40]].concat();
            element(201, &[&[0, 8, 115, 36][..], &entry].concat())
        }
        Telling::Set => element(71, &[2]),
    }
}

fn beacons(made: &Made) -> Vec<Sighting> {
    let radios = [Some((made.two, 0)), made.five.map(|five| (five, 8))];
    let names = |(mhz, offset): (u32, u8)| {
        (0..made.names).map(move |name| {
            let ssid = if made.hidden && name == 1 { String::new() } else { format!("ecole-{name}") };
            Sighting {
                bssid: made.address(offset + name),
                mhz,
                signal_dbm: Some(made.loud - i16::from(offset)),
                tsf_us: (made.telling == Telling::Timer).then_some(
                    u64::from(made.shelf) << 40 | u64::from(made.slot) << 32 | u64::from(mhz) << 14,
                ),
                received_us: Some(5),
                elements: [element(0, ssid.as_bytes()), tell(made)].concat(),
                ..Sighting::default()
            }
        })
    };
    radios.into_iter().flatten().flat_map(names).collect()
}

fn neighbour(at: u8) -> Sighting {
    Sighting {
        bssid: [0x00, 0x99, at, 1, 1, 1],
        mhz: 2412,
        signal_dbm: Some(-80),
        elements: element(0, b"box-voisine"),
        ..Sighting::default()
    }
}

/// Replays the list as a recording, through the edge that the system's own scanners stand behind.
fn hear(sightings: Vec<Sighting>) -> (WifiValue, AccessPointEstimate) {
    let scan = Scan { interface: "wlan0".into(), fresh: true, sightings, ..Scan::default() };
    let written = Recording::of(scan).to_json();
    let recording = Recording::read(written.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let config = Config { ssids: vec!["ecole-*".into()], ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let measured = runtime.block_on(run_with(&recording, &config));
    let value = measured.value().unwrap().clone();
    let points = value.school.as_ref().unwrap().access_points.clone();
    (value, points)
}

fn made() -> impl Strategy<Value = Made> {
    let two = prop::sample::select(vec![2412, 2437, 2462]);
    let five = prop::option::of(prop::sample::select(vec![5180, 5260, 5500, 5660]));
    let telling = prop::sample::select(vec![
        Telling::Nothing,
        Telling::MultiLink,
        Telling::CoLocated,
        Telling::Wps,
        Telling::WpsOfAll,
        Telling::Timer,
        Telling::Set,
    ]);
    ((0_u8..3, 0_u8..12), two, five, 1_u8..5, any::<bool>(), telling, -80_i16..-30).prop_map(
        |((shelf, slot), two, five, names, hidden, telling, loud)| Made {
            shelf,
            slot,
            two,
            five,
            names,
            hidden,
            telling,
            loud,
        },
    )
}

/// One to four boxes, some with consecutive addresses, and up to seven neighbours.
fn school() -> impl Strategy<Value = (Vec<Made>, u8)> {
    (prop::collection::vec(made(), 1..5), 0_u8..8).prop_map(|(mut boxes, neighbours)| {
        boxes.sort_by_key(|made| (made.shelf, made.slot));
        boxes.dedup_by_key(|made| (made.shelf, made.slot));
        (boxes, neighbours)
    })
}

fn scene(boxes: &[Made], neighbours: u8) -> Vec<Sighting> {
    boxes.iter().flat_map(beacons).chain((0..neighbours).map(neighbour)).collect()
}

/// Boxes of different deliveries that tell all: the count must be exact.
fn told() -> impl Strategy<Value = (Vec<Made>, u8)> {
    school().prop_map(|(mut boxes, neighbours)| {
        for (at, made) in boxes.iter_mut().enumerate() {
            made.shelf = 10 + at as u8;
            if !made.tells_all() {
                made.telling = Telling::MultiLink;
            }
        }
        (boxes, neighbours)
    })
}

/// One box with a name more, and with 5 GHz.
fn grown(mut boxes: Vec<Made>, which: usize) -> Vec<Made> {
    let which = which % boxes.len();
    boxes[which].names += 1;
    boxes[which].five = boxes[which].five.or(Some(5180));
    boxes
}

/// Boxes that tell nothing, in a place where each is heard at 2.4 GHz.
fn untold() -> impl Strategy<Value = (Vec<Made>, u8)> {
    school().prop_map(|(mut boxes, neighbours)| {
        for made in &mut boxes {
            made.telling = Telling::Nothing;
            made.hidden = false;
        }
        (boxes, neighbours)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_truth_lies_within_the_bounds((boxes, neighbours) in school()) {
        let (_, points) = hear(scene(&boxes, neighbours));
        let truth = boxes.len() as u32;
        prop_assert!(points.low <= truth && truth <= points.high, "{points:?} for {truth}");
        prop_assert!(points.low <= points.estimate && points.estimate <= points.high, "{points:?}");
    }

    #[test]
    fn where_the_evidence_suffices_the_count_is_exact((boxes, neighbours) in told()) {
        let (_, points) = hear(scene(&boxes, neighbours));
        let truth = boxes.len() as u32;
        prop_assert_eq!((points.low, points.estimate, points.high), (truth, truth, truth));
    }

    #[test]
    fn a_name_or_a_band_more_is_not_a_box_more((boxes, neighbours) in told(), which in 0_usize..4) {
        let (_, before) = hear(scene(&boxes, neighbours));
        let (_, after) = hear(scene(&grown(boxes, which), neighbours));
        prop_assert_eq!((before.low, before.estimate, before.high), (after.low, after.estimate, after.high));
    }

    #[test]
    fn nor_is_it_where_only_addresses_and_signals_tell((boxes, neighbours) in untold(), which in 0_usize..4) {
        let (_, before) = hear(scene(&boxes, neighbours));
        let (_, after) = hear(scene(&grown(boxes, which), neighbours));
        prop_assert_eq!(before.estimate, after.estimate);
    }

    #[test]
    fn order_and_repetition_do_not_matter((boxes, neighbours) in school(), turn in 0_usize..50) {
        let (once, _) = hear(scene(&boxes, neighbours));
        let mut turned = scene(&boxes, neighbours);
        let by = turn % turned.len();
        turned.reverse();
        turned.rotate_left(by);
        turned.extend(scene(&boxes, neighbours));
        prop_assert_eq!(once, hear(turned).0);
    }
}
