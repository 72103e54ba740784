//! 802.11 information elements: the few that count radios. A bounded walk over bytes that anybody within radio range
//! may have written: a malformed element loses only itself, a length beyond the end ends the walk.

/// Element identifiers of IEEE 802.11-2020, table 9-92.
const SSID: u8 = 0;
const DS_PARAMETER: u8 = 3;
const HT_OPERATION: u8 = 61;
const MULTIPLE_BSSID: u8 = 71;
const REDUCED_NEIGHBOR_REPORT: u8 = 201;
const VENDOR_SPECIFIC: u8 = 221;
/// The identifier that says "the next octet is the identifier", and the Multi-Link element behind it (802.11be,
/// 9.4.2.312).
const EXTENSION: u8 = 255;
const EXT_MULTI_LINK: u8 = 107;

/// Sub-elements of the Multiple BSSID element: a nontransmitted profile (9.4.2.45), and in it the Multiple
/// BSSID-Index element (9.4.2.73).
const NONTRANSMITTED_PROFILE: u8 = 0;
const BSSID_INDEX: u8 = 85;

/// The vendor element of Wi-Fi Protected Setup (Wi-Fi Simple Configuration 2.0, 8.2), and its UUID-E attribute.
const WPS: [u8; 4] = [0x00, 0x50, 0xf2, 0x04];
const WPS_UUID_E: u16 = 0x1047;

/// The low bits of a control field that hold a type: of a neighbour report's block, of a Multi-Link element.
const BLOCK_TYPE: u8 = 0b11;
const LINK_TYPE: u8 = 0b111;

/// The co-located bit of the BSS Parameters field (9.4.2.170).
const CO_LOCATED: u8 = 0x40;

/// The most addresses kept of one beacon: more than a box has, and a bound on what a hostile one costs.
const MOST_ADDRESSES: usize = 64;

/// The longest network name (IEEE 802.11-2020, 9.4.2.2).
const LONGEST_SSID: usize = 32;

/// What the elements of one beacon or probe response say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
}

/// A Multiple BSSID element (9.4.2.45).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MultipleBssid {
    /// The set has at most two to this power of BSSIDs (1 to 8).
    max_indicator: u8,
    /// The indices of the nontransmitted ones, from 1.
    indices: Vec<u8>,
}

impl MultipleBssid {
    /// The addresses that `transmitted` speaks for: its low bits count up, modulo the size of the set (9.4.2.45).
    pub(super) fn addresses(&self, transmitted: [u8; 6]) -> Vec<[u8; 6]> {
        let mask = u8::MAX.checked_shr(8 - u32::from(self.max_indicator)).unwrap_or(0);
        let derived = |index: &u8| {
            let mut address = transmitted;
            let [.., last] = &mut address;
            *last = (*last & !mask) | (last.wrapping_add(*index) & mask);
            address
        };
        self.indices.iter().map(derived).collect()
    }
}

/// Reads `bytes`; never fails.
pub(super) fn read(bytes: &[u8]) -> Elements {
    let mut found = Elements::default();
    let mut primary = None;
    let mut wps = Vec::new();
    for (id, body) in walk(bytes) {
        match (id, body) {
            // The first good one of each counts: what follows may be a copy in another element's clothes.
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
            }
            (MULTIPLE_BSSID, [indicator @ 1..=8, profiles @ ..]) => {
                note_profiles(&mut found, *indicator, profiles);
            }
            (REDUCED_NEIGHBOR_REPORT, report) => {
                note_co_located(&mut found.co_located, report);
            }
            (EXTENSION, [EXT_MULTI_LINK, link @ ..]) => found.mld = found.mld.or_else(|| mld_address(link)),
            // One message may be cut over several elements (Wi-Fi Simple Configuration 2.0, 8.2).
            (VENDOR_SPECIFIC, [a, b, c, d, message @ ..]) if [*a, *b, *c, *d] == WPS => {
                wps.extend_from_slice(message);
            }
            _ => {}
        }
    }
    found.channel = found.channel.or(primary);
    found.wps_uuid = wps_uuid(&wps);
    found
}

/// The indices of a Multiple BSSID element's profiles; a large set comes in several elements.
fn note_profiles(found: &mut Elements, max_indicator: u8, profiles: &[u8]) {
    let set = found.multiple_bssid.get_or_insert(MultipleBssid { max_indicator, indices: Vec::new() });
    for (_, profile) in walk(profiles).filter(|(id, _)| *id == NONTRANSMITTED_PROFILE) {
        let index = walk(profile).find_map(|(id, body)| match (id, body) {
            (BSSID_INDEX, [index, ..]) if *index != 0 => Some(*index),
            _ => None,
        });
        // An index beyond the set's size would wrap around to another's address.
        let fits = |index: &u8| u16::from(*index) < 1 << set.max_indicator;
        if let Some(index) = index.filter(fits).filter(|_| set.indices.len() < MOST_ADDRESSES) {
            set.indices.push(index);
        }
    }
}

/// The BSSIDs with the co-located bit in a Reduced Neighbor Report: blocks of a header, class, channel and entries
/// (9.4.2.170).
fn note_co_located(found: &mut Vec<[u8; 6]>, mut report: &[u8]) {
    while let [kind, length, _class, _channel, rest @ ..] = report {
        let (count, length) = (usize::from(kind >> 4) + 1, usize::from(*length));
        let Some((entries, after)) = rest.split_at_checked(count * length) else { return };
        report = after;
        // The parameters stand behind the BSSID, or behind the short SSID that follows it.
        let parameters = match length {
            8 | 9 => 7,
            12.. => 11,
            _ => continue,
        };
        // Type 0 alone holds an address (table 9-327).
        for entry in entries.chunks_exact(length).filter(|_| (kind & BLOCK_TYPE).count_ones() == 0) {
            let address = entry.get(1..7).and_then(|bytes| bytes.try_into().ok());
            if let Some(address) =
                address.filter(|_| entry.get(parameters).is_some_and(|p| p & CO_LOCATED != 0))
                && found.len() < MOST_ADDRESSES
            {
                found.push(address);
            }
        }
    }
}

/// The AP MLD's address: a Basic Multi-Link element (type 0) always has it, behind control and length.
fn mld_address(link: &[u8]) -> Option<[u8; 6]> {
    let (&[control, _, length], rest) = link.split_first_chunk::<3>()?;
    // The length counts itself.
    ((control & LINK_TYPE).count_ones() == 0 && length >= 7)
        .then(|| rest.first_chunk::<6>().copied())
        .flatten()
}

/// The UUID-E among the attributes; one that is all zero or all one was never set.
fn wps_uuid(mut message: &[u8]) -> Option<[u8; 16]> {
    while let Some((&[t, u, l, m], rest)) = message.split_first_chunk::<4>() {
        let (body, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([l, m])))?;
        message = after;
        if u16::from_be_bytes([t, u]) == WPS_UUID_E {
            let uuid: [u8; 16] = body.try_into().ok()?;
            return (uuid != [0; 16] && uuid != [0xff; 16]).then_some(uuid);
        }
    }
    None
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
        assert_eq!(read(&cut), Elements { ssid: Some(b"ok".to_vec()), ..Elements::default() });
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

    /// Ten million inputs: `cargo test --workspace --locked --lib ten_million -- --ignored`.
    #[test]
    #[ignore = "a minute or more"]
    fn ten_million_inputs() {
        // xorshift64 (Marsaglia 2003): fast, and the same inputs each time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let known = [0, 3, 61, 71, 85, 201, 221, 255];
        let mut bytes = Vec::new();
        for _ in 0..10_000_000 {
            bytes.clear();
            while bytes.len() < 48 {
                bytes.extend(next().to_le_bytes());
            }
            bytes[0] = known[(next() % 8) as usize];
            bytes[1] %= 60;
            if bytes[0] == 255 {
                bytes[2] = 107;
            } else if bytes[0] == 221 {
                bytes[2..6].copy_from_slice(&WPS);
                bytes[6..8].copy_from_slice(&[0x10, 0x47]);
            }
            let found = read(&bytes);
            let set = found.multiple_bssid.as_ref().map_or(0, |set| set.addresses([255; 6]).len());
            assert!(set <= MOST_ADDRESSES && found.co_located.len() <= MOST_ADDRESSES);
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
