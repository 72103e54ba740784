//! 802.11 information elements: those that count radios, and those that say how well they work. A bounded walk over bytes
//! that anybody within radio range may have written: a malformed element loses only itself, a length beyond the end ends
//! the walk.

mod identity;
mod radio;
mod vendor;

use sonde_report::values::WifiGeneration;

pub(super) use identity::{MultipleBssid, forget_others};
pub(super) use radio::Radio;
pub(super) use vendor::{Label, Source};

/// Element identifiers of IEEE 802.11-2020, table 9-92.
const SSID: u8 = 0;
const SUPPORTED_RATES: u8 = 1;
const DS_PARAMETER: u8 = 3;
const BSS_LOAD: u8 = 11;
const HT_CAPABILITIES: u8 = 45;
const RSN: u8 = 48;
const HT_OPERATION: u8 = 61;
const MULTIPLE_BSSID: u8 = 71;
/// Cisco's, from before identifiers were reserved for vendors.
const CCX: u8 = 133;
const VHT_CAPABILITIES: u8 = 191;
const VHT_OPERATION: u8 = 192;
const REDUCED_NEIGHBOR_REPORT: u8 = 201;
const VENDOR_SPECIFIC: u8 = 221;
/// The identifier that says "the next octet is the identifier", and those behind it (802.11ax and 802.11be, table 9-92).
const EXTENSION: u8 = 255;
const EXT_HE_CAPABILITIES: u8 = 35;
const EXT_HE_OPERATION: u8 = 36;
const EXT_EHT_OPERATION: u8 = 106;
const EXT_MULTI_LINK: u8 = 107;
const EXT_EHT_CAPABILITIES: u8 = 108;

/// Vendor elements of the Wi-Fi Alliance: the first WPA, and Wi-Fi Protected Setup (Wi-Fi Simple Configuration 2.0, 8.2).
const WPA1: [u8; 4] = [0x00, 0x50, 0xf2, 0x01];
const WPS: [u8; 4] = [0x00, 0x50, 0xf2, 0x04];

/// The longest network name (IEEE 802.11-2020, 9.4.2.2).
const LONGEST_SSID: usize = 32;

/// What the elements of one beacon or probe response say. The first good one of each counts: what follows may be a copy in
/// another element's clothes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Elements {
    /// The network's name; `None` when it is hidden (empty or all zero) or absent.
    pub(super) ssid: Option<Vec<u8>>,
    /// The primary channel, from the DS parameter set or the HT operation element.
    pub(super) channel: Option<u16>,
    /// The Multiple BSSID set this beacon speaks for, when it is the one that is transmitted.
    pub(super) multiple_bssid: Option<MultipleBssid>,
    /// BSSIDs that the Reduced Neighbor Report says are in the same box.
    pub(super) co_located: Vec<[u8; 6]>,
    /// The address of the multi-link device (AP MLD) this radio is a link of.
    pub(super) mld: Option<[u8; 6]>,
    /// The UUID-E of Wi-Fi Protected Setup: the device's, the same on all its radios.
    pub(super) wps_uuid: Option<[u8; 16]>,
    /// The box's own name or serial number, as its maker's elements have it.
    pub(super) labels: Vec<Label>,
    /// How the radio works.
    pub(super) radio: Radio,
}

/// Reads `bytes`; never fails.
pub(super) fn read(bytes: &[u8]) -> Elements {
    let mut found = Elements::default();
    let mut primary = None;
    let mut wps = Vec::new();
    let mut read = 0;
    for (id, body) in walk(bytes) {
        read += 2 + body.len();
        match (id, body) {
            (SSID, name) if found.ssid.is_none() && name.len() <= LONGEST_SSID => {
                found.ssid = name.iter().any(|byte| *byte != 0).then(|| name.to_vec());
            }
            (DS_PARAMETER, [channel]) if *channel != 0 && found.channel.is_none() => {
                found.channel = Some(u16::from(*channel));
            }
            // 22 bytes, the primary channel first (9.4.2.56); later versions may only grow it.
            (HT_OPERATION, [channel, rest @ ..])
                if *channel != 0 && rest.len() >= 21 && primary.is_none() =>
            {
                primary = Some(u16::from(*channel));
                found.radio.ht_operation(body);
            }
            (MULTIPLE_BSSID, [indicator @ 1..=8, profiles @ ..]) => {
                identity::note_profiles(&mut found, *indicator, profiles);
            }
            (REDUCED_NEIGHBOR_REPORT, report) => identity::note_co_located(&mut found.co_located, report),
            (CCX, body) => found.labels.extend(vendor::ccx(body)),
            // One message may be cut over several elements (Wi-Fi Simple Configuration 2.0, 8.2).
            (VENDOR_SPECIFIC, [a, b, c, d, message @ ..]) if [*a, *b, *c, *d] == WPS => {
                wps.extend_from_slice(message);
                found.radio.wps = true;
            }
            (VENDOR_SPECIFIC, [a, b, c, d, ..]) if [*a, *b, *c, *d] == WPA1 => found.radio.wpa1 = true,
            (VENDOR_SPECIFIC, body) => found.labels.extend(vendor::vendor(body)),
            (EXTENSION, [id, body @ ..]) => extended(&mut found, *id, body),
            (id, body) => radio(&mut found.radio, id, body),
        }
    }
    found.radio.cut = read < bytes.len();
    found.channel = found.channel.or(primary);
    found.wps_uuid = identity::wps_uuid(&wps);
    found.labels.extend(identity::wps_serial(&wps).and_then(vendor::serial));
    found
}

/// The elements with an identifier of two octets.
fn extended(found: &mut Elements, id: u8, body: &[u8]) {
    match id {
        EXT_MULTI_LINK => found.mld = found.mld.or_else(|| identity::mld_address(body)),
        EXT_HE_CAPABILITIES => found.radio.speaks(WifiGeneration::Ax),
        EXT_HE_OPERATION => found.radio.he_operation(body),
        EXT_EHT_CAPABILITIES => found.radio.speaks(WifiGeneration::Be),
        EXT_EHT_OPERATION => found.radio.eht_operation(body),
        _ => {}
    }
}

/// The elements that say how the radio works.
fn radio(radio: &mut Radio, id: u8, body: &[u8]) {
    match id {
        SUPPORTED_RATES => radio.speaks(WifiGeneration::Legacy),
        BSS_LOAD => radio.bss_load(body),
        HT_CAPABILITIES => radio.speaks(WifiGeneration::N),
        RSN => radio.rsn(body),
        VHT_CAPABILITIES => radio.speaks(WifiGeneration::Ac),
        VHT_OPERATION => radio.vht_operation(body),
        _ => {}
    }
}

/// Each complete element: its identifier and its body.
fn walk(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk::<2>()?;
        let [id, length] = *head;
        let (body, after) = tail.split_at_checked(usize::from(length))?;
        rest = after;
        Some((id, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element(id: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![id, body.len() as u8];
        bytes.extend(body);
        bytes
    }

    #[test]
    fn reads_name_and_channel() {
        let mut ht = [0; 22];
        ht[0] = 44;
        let bytes = [element(0, b"ecole"), element(1, &[2, 4]), element(61, &ht)].concat();
        let read = read(&bytes);
        assert_eq!((read.ssid.as_deref(), read.channel), (Some(&b"ecole"[..]), Some(44)));
    }

    #[test]
    fn hidden_names_are_absent() {
        assert_eq!(read(&element(0, b"")).ssid, None);
        assert_eq!(read(&element(0, &[0; 5])).ssid, None);
    }

    #[test]
    fn a_malformed_element_loses_only_itself() {
        let bytes = [element(3, &[]), element(0, &[b'x'; 33]), element(0, b"ok"), element(3, &[6])].concat();
        let found = read(&bytes);
        assert_eq!((found.ssid.as_deref(), found.channel), (Some(&b"ok"[..]), Some(6)));
        // A length beyond the end: what stood before is kept.
        let cut = [element(0, b"ok"), vec![3, 200, 1]].concat();
        let radio = Radio { cut: true, ..Radio::default() };
        assert_eq!(read(&cut), Elements { ssid: Some(b"ok".to_vec()), radio, ..Elements::default() });
    }

    #[test]
    fn a_set_of_bssids_is_counted_up_within_its_size() {
        let profile = |index: u8| element(0, &element(85, &[index]));
        let body = [vec![3], profile(1), vec![0, 9], profile(2)].concat();
        let found =
            read(&[element(71, &body), element(71, &[[3].as_slice(), &profile(7)].concat())].concat());
        // The broken sub-element ends its own element, not the next one.
        let set = found.multiple_bssid.map(|set| set.addresses([0, 1, 2, 3, 4, 0x16]));
        assert_eq!(set.unwrap_or_default(), [[0, 1, 2, 3, 4, 0x17], [0, 1, 2, 3, 4, 0x15]]);
        // Beyond the size of the set.
        assert_eq!(
            read(&element(71, &[[1].as_slice(), &profile(2)].concat())).multiple_bssid.map(|s| s.indices),
            Some(vec![])
        );
    }

    #[test]
    fn only_co_located_neighbours_count() {
        let entry = |last: u8, parameters: u8| {
            [vec![0, 2, 1, 1, 1, 1, last], vec![0; 4], vec![parameters, 0]].concat()
        };
        let block = [vec![0x10, 13, 131, 5], entry(7, 0x40), entry(8, 0)].concat();
        let short = [vec![0x00, 8, 81, 1], vec![0, 2, 1, 1, 1, 1, 9, 0x42]].concat();
        let found = read(&element(201, &[block, short].concat()));
        assert_eq!(found.co_located, [[2, 1, 1, 1, 1, 7], [2, 1, 1, 1, 1, 9]]);
    }

    #[test]
    fn multi_link_and_wps_name_the_device() {
        let link = element(255, &[107, 0, 0, 7, 1, 2, 3, 4, 5, 6]);
        let attributes = [vec![0x10, 0x4a, 0, 1, 0x10, 0x10, 0x47, 0, 16], vec![9; 16]].concat();
        let (a, b) = attributes.split_at(12);
        let wps = |part: &[u8]| element(221, &[&WPS, part].concat());
        let found = read(&[link, wps(a), wps(b)].concat());
        assert_eq!((found.mld, found.wps_uuid), (Some([1, 2, 3, 4, 5, 6]), Some([9; 16])));
        // A probe-request Multi-Link element, and a UUID never set.
        assert_eq!(read(&element(255, &[107, 1, 0, 7, 1, 2, 3, 4, 5, 6])).mld, None);
        let unset = [vec![0x10, 0x47, 0, 16], vec![0; 16]].concat();
        assert_eq!(read(&wps(&unset)).wps_uuid, None);
    }

    #[test]
    fn a_serial_number_that_nobody_set_is_none() {
        let serial = |text: &[u8]| {
            let attribute = [&[0x10, 0x42, 0, text.len() as u8][..], text].concat();
            read(&element(221, &[&WPS[..], &attribute].concat())).labels
        };
        for sample in ["1234567890", "12345678", "123456789012347", "000000", "12345"] {
            assert_eq!(serial(sample.as_bytes()), [], "{sample}");
        }
        assert_eq!(serial(b"123459").len(), 1);
        assert_eq!(serial(b"CN0A1B2C3D").len(), 1);
    }

    #[test]
    fn ten_million_inputs() {
        // xorshift64 (Marsaglia 2003): fast, and the same inputs each time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let known = [0, 3, 48, 61, 71, 133, 192, 201, 221, 221, 221, 255, 255, 255, 255, 11];
        let mut bytes = Vec::new();
        for _ in 0..10_000_000 {
            bytes.clear();
            while bytes.len() < 48 {
                bytes.extend(next().to_le_bytes());
            }
            bytes[0] = known[(next() % 16) as usize];
            bytes[1] %= 60;
            if bytes[0] == 255 {
                bytes[2] = [36, 106, 107, 108][(next() % 4) as usize];
            } else if bytes[0] == 221 {
                let heads = [WPS, [0, 0x0c, 0x42, 0], [0, 0xa0, 0xf8, 1], [0, 0x13, 0x92, 3]];
                bytes[2..6].copy_from_slice(&heads[(next() % 4) as usize]);
                if next() % 2 == 0 {
                    bytes[6..8].copy_from_slice(&[0x10, 0x47 - 5 * (next() % 2) as u8]);
                }
            }
            let found = read(&bytes);
            identity::forget_others(&mut bytes);
            let set = found.multiple_bssid.as_ref().map_or(0, |set| set.addresses([255; 6]).len());
            assert!(set <= identity::MOST_ADDRESSES && found.co_located.len() <= identity::MOST_ADDRESSES);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let found = read(&bytes);
            if let Some(name) = found.ssid {
                prop_assert!(!name.is_empty() && name.len() <= LONGEST_SSID);
            }
            let walked: usize = walk(&bytes).map(|(_, body)| body.len() + 2).sum();
            prop_assert!(walked <= bytes.len());
        }

        #[test]
        fn what_precedes_garbage_is_kept(
            name in proptest::collection::vec(1_u8..=255, 1..=32),
            garbage in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let bytes = [element(0, &name), garbage].concat();
            prop_assert_eq!(read(&bytes).ssid, Some(name));
        }
    }
}
