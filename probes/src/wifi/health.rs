//! How well the school's radios can work where they were heard: indicative, judged by nobody. Pure.
//!
//! Field practice, not law: channels 1, 6 and 11 of 20 MHz at 2.4 GHz. Security follows ANSSI's note on Wi-Fi
//! (DAT-NT-005): an open network, WEP, TKIP and WPS are alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sonde_report::values::{
    ChannelUse, RadioFinding, RadioFindingCode, RadioHealth, WifiGeneration, WifiLink, WifiSecurity,
};

use super::band::Band;
use super::group::Bss;
use super::{ChannelAir, LeftOut, Scan};

/// A channel that is busy half of the time leaves a class less than half of what it could carry.
const BUSY_RATIO: f64 = 0.5;

/// A visit shorter than this tells too little of a channel: adapters stay some 20 to 120 ms, and a beacon comes every 100.
const SHORTEST_VISIT_MS: u64 = 20;

/// The signal from which a neighbour takes turns with the school's radios: receivers defer to what they can decode, from
/// about here on (preamble detection, IEEE 802.11-2020, 17.3.10.6, asks for -82 dBm).
pub(super) const HEARD_DBM: i16 = -82;

/// So many neighbours on a channel share it audibly: their beacons alone, ten each second at the lowest rate, take some
/// percent of its time.
const CROWD: u32 = 5;

/// Channels at 2.4 GHz that do not overlap at 20 MHz.
const GRID: [u16; 3] = [1, 6, 11];

/// The spacing in channel numbers (of 5 MHz) from which 20 MHz channels at 2.4 GHz do not overlap. Field practice puts
/// five; four is what European plans with channel 13 use.
const CLEAR_SPACING: u16 = 4;

/// Where radars come first in Europe (ETSI EN 301 893), by channel numbers: 5250-5350 and 5470-5725 MHz.
const RADAR: [RangeInclusive<u16>; 2] = [52..=64, 100..=144];

/// What `own` (each with its box's number) and the neighbours of each place make of the air.
pub(super) fn health(own: &[(&Bss, u32)], neighbours: &[LeftOut], scans: &[&Scan]) -> RadioHealth {
    let channels = channels(own, neighbours, scans);
    let mut findings = security(own);
    findings.extend(sharing(own));
    findings.extend(layout(own, &channels));
    findings
        .sort_by_key(|finding| (finding.code, finding.band.clone(), finding.channel, finding.ssid.clone()));
    let link = scans.iter().rev().find_map(|scan| scan.link).map(|link| WifiLink {
        school: scans.iter().any(|scan| {
            let associated = scan.sightings.iter().find(|sighting| sighting.associated);
            associated.is_some_and(|sighting| own.iter().any(|(bss, _)| bss.bssid == sighting.bssid))
        }),
        signal_dbm: link.signal_dbm,
        transmit_bps: link.transmit_bps,
        receive_bps: link.receive_bps,
    });
    RadioHealth { findings, channels, link }
}

/// A finding without a place yet.
fn finding(code: RadioFindingCode) -> RadioFinding {
    RadioFinding { code, ssid: None, band: None, channel: None, access_points: Vec::new() }
}

/// Weak security, once per network.
fn security(own: &[(&Bss, u32)]) -> Vec<RadioFinding> {
    let mut found: BTreeMap<(RadioFindingCode, &str), BTreeSet<u32>> = BTreeMap::new();
    for (bss, number) in own {
        let weak = match bss.radio.security(bss.privacy) {
            Some(WifiSecurity::Open) => Some(RadioFindingCode::OpenNetwork),
            Some(WifiSecurity::Wep) => Some(RadioFindingCode::Wep),
            Some(WifiSecurity::Tkip) => Some(RadioFindingCode::Tkip),
            _ => None,
        };
        let wps = bss.radio.wps.then_some(RadioFindingCode::WpsOn);
        for code in [weak, wps].into_iter().flatten() {
            found.entry((code, &bss.ssid)).or_default().insert(*number);
        }
    }
    let named = |((code, ssid), boxes): ((RadioFindingCode, &str), BTreeSet<u32>)| RadioFinding {
        ssid: Some(ssid.to_owned()),
        access_points: boxes.into_iter().collect(),
        ..finding(code)
    };
    found.into_iter().map(named).collect()
}

/// The channels of 20 MHz that a radio at 5 GHz spans, as numbers: wider ones are made of them in fixed sets (IEEE 802.11-2020,
/// annex E, table E-4). `None` on another band.
fn span(bss: &Bss) -> Option<RangeInclusive<u16>> {
    let channel = bss.channel.filter(|_| bss.band == Band::Five)?;
    let first = [149, 100, 36].into_iter().find(|first| channel >= *first)?;
    // Four numbers for each 20 MHz; beyond 160 MHz there is nothing at 5 GHz.
    let width = bss.radio.width_mhz.unwrap_or(20).clamp(20, 160) / 20 * 4;
    let start = first + (channel - first) / width * width;
    Some(start..=start + width - 4)
}

fn meet(a: &RangeInclusive<u16>, b: &RangeInclusive<u16>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

/// Boxes of the school that disturb each other: on one channel, or on overlapping ones.
fn sharing(own: &[(&Bss, u32)]) -> Vec<RadioFinding> {
    let mut on: BTreeMap<(Band, u16), BTreeSet<u32>> = BTreeMap::new();
    let mut spans: BTreeMap<u16, Vec<RangeInclusive<u16>>> = BTreeMap::new();
    for (bss, number) in own {
        if let Some(channel) = bss.channel {
            on.entry((bss.band, channel)).or_default().insert(*number);
            spans.entry(channel).or_default().extend(span(bss));
        }
    }
    let overlap = |a: u16, b: u16| {
        let (Some(mine), Some(theirs)) = (spans.get(&a), spans.get(&b)) else { return false };
        mine.iter().any(|x| theirs.iter().any(|y| meet(x, y)))
    };
    let mut found = Vec::new();
    for ((band, channel), boxes) in &on {
        let place = |code, boxes: BTreeSet<u32>| RadioFinding {
            band: Some(band.as_str().to_owned()),
            channel: Some(*channel),
            access_points: boxes.into_iter().collect(),
            ..finding(code)
        };
        if boxes.len() > 1 {
            found.push(place(RadioFindingCode::SharedChannel, boxes.clone()));
        }
        let close = |other: u16| match band {
            Band::Two => other.abs_diff(*channel) < CLEAR_SPACING,
            Band::Five => overlap(*channel, other),
            Band::Six => false,
        };
        let others =
            on.iter().filter(|((known, other), _)| known == band && other != channel && close(*other));
        let others: BTreeSet<u32> = others.flat_map(|(_, boxes)| boxes.iter().copied()).collect();
        // The two radios that a large box has on one band are the maker's affair.
        if others.difference(boxes).next().is_some()
            || boxes.difference(&others).next().is_some() && !others.is_empty()
        {
            found.push(place(RadioFindingCode::OverlappingChannels, boxes.union(&others).copied().collect()));
        }
    }
    found
}

/// Channels that are ill chosen, busy or crowded, and generations that are old.
fn layout(own: &[(&Bss, u32)], channels: &[ChannelUse]) -> Vec<RadioFinding> {
    let mut found: BTreeMap<(RadioFindingCode, Band, Option<u16>), BTreeSet<u32>> = BTreeMap::new();
    for (bss, number) in own {
        let use_of = channels.iter().find(|known| {
            known.band == bss.band.as_str() && Some(known.channel) == bss.channel && known.school > 0
        });
        let at_two = bss.band == Band::Two;
        let codes = [
            (at_two && bss.radio.width_mhz > Some(20)).then_some(RadioFindingCode::WideChannel),
            bss.channel
                .is_some_and(|channel| at_two && !GRID.contains(&channel))
                .then_some(RadioFindingCode::OffGridChannel),
            span(bss)
                .is_some_and(|span| RADAR.iter().any(|radar| meet(radar, &span)))
                .then_some(RadioFindingCode::RadarChannel),
            use_of
                .is_some_and(|known| known.busy_ratio > Some(BUSY_RATIO))
                .then_some(RadioFindingCode::BusyChannel),
            use_of.is_some_and(|known| known.neighbours >= CROWD).then_some(RadioFindingCode::CrowdedChannel),
        ];
        for code in codes.into_iter().flatten() {
            found.entry((code, bss.band, bss.channel)).or_default().insert(*number);
        }
    }
    let mut all: Vec<RadioFinding> = found
        .into_iter()
        .map(|((code, band, channel), boxes)| RadioFinding {
            band: Some(band.as_str().to_owned()),
            channel,
            access_points: boxes.into_iter().collect(),
            ..finding(code)
        })
        .collect();
    all.extend(old_generations(own));
    all
}

/// Boxes none of whose radios is newer than 802.11n.
fn old_generations(own: &[(&Bss, u32)]) -> Option<RadioFinding> {
    let mut newest: BTreeMap<u32, Option<WifiGeneration>> = BTreeMap::new();
    for (bss, number) in own {
        let known = newest.entry(*number).or_default();
        *known = (*known).max(bss.radio.generation);
    }
    let old = |(number, newest): (u32, Option<WifiGeneration>)| {
        newest.filter(|generation| *generation <= WifiGeneration::N).map(|_| number)
    };
    let boxes: Vec<u32> = newest.into_iter().filter_map(old).collect();
    (!boxes.is_empty())
        .then(|| RadioFinding { access_points: boxes, ..finding(RadioFindingCode::OldGeneration) })
}

/// Who uses the channels that the school is on, and how busy they are. Only neighbours that the school's radios take turns
/// with are counted on a channel ([`HEARD_DBM`]), or whose signal nobody knows; the most of any place.
fn channels(own: &[(&Bss, u32)], neighbours: &[LeftOut], scans: &[&Scan]) -> Vec<ChannelUse> {
    let mut found: BTreeMap<(Band, u16), (u32, ChannelUse)> = BTreeMap::new();
    for (bss, _) in own {
        let Some(channel) = bss.channel else { continue };
        let (_, known) = found.entry((bss.band, channel)).or_insert_with(|| {
            let band = bss.band.as_str().to_owned();
            (
                bss.mhz,
                ChannelUse { band, channel, school: 0, neighbours: 0, busy_ratio: None, noise_dbm: None },
            )
        });
        known.school += 1;
        // The access point's own measure, where the adapter has none.
        if known.busy_ratio < bss.radio.load {
            known.busy_ratio = bss.radio.load;
        }
    }
    for (mhz, known) in found.values_mut() {
        let audible = neighbours.iter().filter_map(|place| place.audible.get(mhz)).max();
        known.neighbours = audible.copied().unwrap_or(0);
        if let Some(air) = longest_visit(scans, *mhz) {
            known.busy_ratio = Some((air.busy_ms as f64 / air.active_ms as f64).min(1.0));
            known.noise_dbm = air.noise_dbm.map(i16::from);
        }
    }
    found.into_values().map(|(_, known)| known).collect()
}

/// The longest time that the adapter listened on a channel, when it is long enough to tell something.
fn longest_visit(scans: &[&Scan], mhz: u32) -> Option<ChannelAir> {
    let visits = scans.iter().flat_map(|scan| &scan.air).filter(|air| air.mhz == mhz);
    visits.filter(|air| air.active_ms >= SHORTEST_VISIT_MS).max_by_key(|air| air.active_ms).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wifi::{Scan, Sighting, describe};

    fn element(id: u8, body: &[u8]) -> Vec<u8> {
        [&[id, body.len() as u8][..], body].concat()
    }

    /// WPA2 with AES and a shared password.
    fn wpa2() -> Vec<u8> {
        let ccmp = [0x00, 0x0f, 0xac, 4];
        element(48, &[&[1, 0][..], &ccmp, &[1, 0], &ccmp, &[1, 0], &[0x00, 0x0f, 0xac, 2], &[0, 0]].concat())
    }

    fn sighting(shelf: u8, ssid: &str, mhz: u32, elements: Vec<u8>) -> Sighting {
        Sighting {
            bssid: [0x00, 0x0c, 0x42, shelf, 0, 0x10],
            mhz,
            signal_dbm: Some(-50),
            privacy: Some(false),
            elements: [element(0, ssid.as_bytes()), element(1, &[0x82]), elements].concat(),
            ..Sighting::default()
        }
    }

    fn radio(scan: &Scan) -> RadioHealth {
        let config = crate::wifi::Config { ssids: vec!["ecole*".into()], ..Default::default() };
        describe::place(scan, &config).0.radio.unwrap()
    }

    fn codes(health: &RadioHealth) -> Vec<RadioFindingCode> {
        health.findings.iter().map(|finding| finding.code).collect()
    }

    fn scan(sightings: Vec<Sighting>) -> Scan {
        Scan { fresh: true, sightings, ..Scan::default() }
    }

    #[test]
    fn a_well_kept_school_has_nothing_to_look_at() {
        let modern = |shelf, mhz| {
            let newer = element(255, &[35, 0, 0]);
            sighting(shelf, "ecole", mhz, [wpa2(), element(45, &[0; 26]), newer].concat())
        };
        let health = radio(&scan(vec![modern(1, 2412), modern(2, 2437), modern(3, 5180)]));
        assert_eq!(health.findings, []);
        assert_eq!(health.channels.len(), 3);
        assert!(health.channels.iter().all(|channel| channel.busy_ratio.is_none() && channel.school == 1));
        assert_eq!(health.link, None);
    }

    #[test]
    fn weak_security_is_told_once_for_each_network() {
        let wps = element(221, &[0x00, 0x50, 0xf2, 0x04, 0x10, 0x4a, 0, 1, 0x10]);
        let health = radio(&scan(vec![
            sighting(1, "ecole-ouvert", 2412, Vec::new()),
            sighting(2, "ecole-ouvert", 2437, Vec::new()),
            sighting(3, "ecole-wps", 2462, [wpa2(), wps].concat()),
            Sighting { privacy: Some(true), ..sighting(4, "ecole-wep", 5180, Vec::new()) },
        ]));
        let open = health.findings.iter().find(|f| f.code == RadioFindingCode::OpenNetwork).unwrap();
        assert_eq!((open.ssid.as_deref(), open.access_points.len()), (Some("ecole-ouvert"), 2));
        assert_eq!(codes(&health).iter().filter(|code| **code == RadioFindingCode::OpenNetwork).count(), 1);
        assert!(codes(&health).contains(&RadioFindingCode::Wep));
        assert!(codes(&health).contains(&RadioFindingCode::WpsOn));
        // Where the system does not tell the bit, nothing is said of an open network or WEP.
        let silent = Sighting { privacy: None, ..sighting(1, "ecole", 2412, Vec::new()) };
        assert!(!codes(&radio(&scan(vec![silent]))).contains(&RadioFindingCode::OpenNetwork));
    }

    #[test]
    fn channels_that_disturb_are_told() {
        let forty = |channel: u8| {
            let mut body = [0; 22];
            body[0] = channel;
            body[1] = 0b101;
            [wpa2(), element(61, &body)].concat()
        };
        let health = radio(&scan(vec![
            sighting(1, "ecole", 2412, wpa2()),
            sighting(2, "ecole", 2412, wpa2()),
            sighting(3, "ecole", 2427, forty(4)),
            sighting(4, "ecole", 5500, wpa2()),
        ]));
        let found = codes(&health);
        for code in [
            RadioFindingCode::SharedChannel,
            RadioFindingCode::OverlappingChannels,
            RadioFindingCode::WideChannel,
            RadioFindingCode::OffGridChannel,
            RadioFindingCode::RadarChannel,
            RadioFindingCode::OldGeneration,
        ] {
            assert!(found.contains(&code), "{code:?} in {found:?}");
        }
        // The gravest first.
        assert!(found.is_sorted());
    }

    #[test]
    fn wide_channels_at_five_reach_the_radars_and_each_other() {
        // VHT Operation (9.4.2.158): 80 MHz, or 160 MHz around two centres eight apart.
        let wide = |body: [u8; 5]| [wpa2(), element(191, &[0; 12]), element(192, &body)].concat();
        let (eighty, both) = (wide([1, 42, 0, 0, 0]), wide([1, 42, 50, 0, 0]));
        let found = |sightings| codes(&radio(&scan(sightings)));
        assert!(found(vec![sighting(1, "ecole", 5180, both)]).contains(&RadioFindingCode::RadarChannel));
        assert!(
            !found(vec![sighting(1, "ecole", 5180, eighty.clone())])
                .contains(&RadioFindingCode::RadarChannel)
        );
        let two = |second, elements| {
            vec![sighting(1, "ecole", 5180, eighty.clone()), sighting(2, "ecole", second, elements)]
        };
        let overlap = RadioFindingCode::OverlappingChannels;
        assert!(found(two(5220, eighty.clone())).contains(&overlap));
        assert!(found(two(5240, wpa2())).contains(&overlap));
        assert!(!found(two(5260, wpa2())).contains(&overlap));
        assert!(!found(two(5745, eighty.clone())).contains(&overlap));
    }

    #[test]
    fn the_adapters_own_measure_of_a_channel_comes_first() {
        let load = element(11, &[9, 0, 230, 0, 0]);
        let neighbours = (0..5).map(|at| Sighting {
            bssid: [0x00, 0x99, at, 1, 1, 1],
            elements: element(0, b"box"),
            ..sighting(9, "box", 2412, Vec::new())
        });
        let faint = Sighting {
            bssid: [0x00, 0x99, 9, 1, 1, 1],
            signal_dbm: Some(-90),
            ..sighting(9, "box", 2412, Vec::new())
        };
        let sightings: Vec<Sighting> = [sighting(1, "ecole", 2412, [wpa2(), load].concat()), faint]
            .into_iter()
            .chain(neighbours)
            .collect();
        let told = radio(&scan(sightings.clone()));
        assert_eq!((told.channels[0].neighbours, told.channels[0].busy_ratio), (5, Some(230.0 / 255.0)));
        assert!(codes(&told).contains(&RadioFindingCode::BusyChannel));
        assert!(codes(&told).contains(&RadioFindingCode::CrowdedChannel));
        let air = vec![
            ChannelAir { mhz: 2412, active_ms: 5, busy_ms: 5, noise_dbm: None },
            ChannelAir { mhz: 2412, active_ms: 100, busy_ms: 20, noise_dbm: Some(-95) },
        ];
        let measured = radio(&Scan { air, ..scan(sightings) });
        assert_eq!((measured.channels[0].busy_ratio, measured.channels[0].noise_dbm), (Some(0.2), Some(-95)));
        assert!(!codes(&measured).contains(&RadioFindingCode::BusyChannel));
    }
}
