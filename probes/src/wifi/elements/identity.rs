//! Elements that say which box a beacon is of.

use super::{Elements, walk};

/// Sub-elements of the Multiple BSSID element: a nontransmitted profile (9.4.2.45), and in it the Multiple
/// BSSID-Index element (9.4.2.73).
const NONTRANSMITTED_PROFILE: u8 = 0;
const BSSID_INDEX: u8 = 85;

/// Attributes of Wi-Fi Protected Setup: the device's UUID, and its serial number (Wi-Fi Simple Configuration 2.0, 12).
const WPS_UUID_E: u16 = 0x1047;
const WPS_SERIAL: u16 = 0x1042;

/// The shortest serial number that is taken for one: shorter ones are counters and placeholders.
const SHORTEST_SERIAL: usize = 6;

/// The low bits of a control field that hold a type: of a neighbour report's block, of a Multi-Link element.
const BLOCK_TYPE: u8 = 0b11;
const LINK_TYPE: u8 = 0b111;

/// The co-located bit of the BSS Parameters field (9.4.2.170).
const CO_LOCATED: u8 = 0x40;

/// The most addresses kept of one beacon: more than a box has, and a bound on what a hostile one costs.
pub(super) const MOST_ADDRESSES: usize = 64;

/// A Multiple BSSID element (9.4.2.45).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct MultipleBssid {
    /// The set has at most two to this power of BSSIDs (1 to 8).
    pub(super) max_indicator: u8,
    /// The indices of the nontransmitted ones, from 1.
    pub(super) indices: Vec<u8>,
}

impl MultipleBssid {
    /// The addresses that `transmitted` speaks for: its low bits count up, modulo the size of the set (9.4.2.45).
    pub(in super::super) fn addresses(&self, transmitted: [u8; 6]) -> Vec<[u8; 6]> {
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

/// The indices of a Multiple BSSID element's profiles; a large set comes in several elements.
pub(super) fn note_profiles(found: &mut Elements, max_indicator: u8, profiles: &[u8]) {
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
pub(super) fn note_co_located(found: &mut Vec<[u8; 6]>, mut report: &[u8]) {
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

/// Blanks in a beacon's elements what is others': how many stations are connected (BSS Load), and the addresses in a Reduced
/// Neighbor Report that are not co-located. In place: what is left is read as before.
pub(in super::super) fn forget_others(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some((&[id, length], rest)) = bytes.get_mut(at..).and_then(|rest| {
        let (head, rest) = rest.split_first_chunk_mut::<2>()?;
        Some((&*head, rest))
    }) {
        let Some(body) = rest.get_mut(..usize::from(length)) else { return };
        match (id, &mut *body) {
            (super::BSS_LOAD, [low, high, ..]) => (*low, *high) = (0, 0),
            (super::REDUCED_NEIGHBOR_REPORT, report) => blank_not_co_located(report),
            _ => {}
        }
        at += 2 + body.len();
    }
}

/// Blanks the entries without the co-located bit; what follows a block that does not fit is blanked whole.
fn blank_not_co_located(mut report: &mut [u8]) {
    while let [kind, length, _class, _channel, rest @ ..] = report {
        let (count, length) = (usize::from(*kind >> 4) + 1, usize::from(*length));
        let fits = rest.len() >= count * length;
        if !fits {
            rest.fill(0);
            return;
        }
        let (entries, after) = rest.split_at_mut(count * length);
        let parameters = match length {
            8 | 9 => Some(7),
            12.. => Some(11),
            _ => None,
        };
        for entry in entries.chunks_exact_mut(length.max(1)) {
            let own = parameters.and_then(|at| entry.get(at)).is_some_and(|bits| bits & CO_LOCATED != 0);
            if !own {
                entry.fill(0);
            }
        }
        report = after;
    }
}

/// The AP MLD's address: a Basic Multi-Link element (type 0) always has it, behind control and length.
pub(super) fn mld_address(link: &[u8]) -> Option<[u8; 6]> {
    let (&[control, _, length], rest) = link.split_first_chunk::<3>()?;
    // The length counts itself.
    ((control & LINK_TYPE).count_ones() == 0 && length >= 7)
        .then(|| rest.first_chunk::<6>().copied())
        .flatten()
}

/// The UUID-E among the attributes; one that is all zero or all one was never set.
pub(super) fn wps_uuid(message: &[u8]) -> Option<[u8; 16]> {
    let uuid: [u8; 16] = wps_attribute(message, WPS_UUID_E)?.try_into().ok()?;
    (uuid != [0; 16] && uuid != [0xff; 16]).then_some(uuid)
}

/// The serial number among the attributes: a box's own, where its maker filled it in. Most of the cheap ones do not: a
/// number of one sign repeated, or counted up from 1, was never set.
pub(super) fn wps_serial(message: &[u8]) -> Option<&[u8]> {
    let serial = wps_attribute(message, WPS_SERIAL)?.trim_ascii();
    // From 1 on, 0 behind 9; makers' sample code ends it as it likes, so the first ten tell.
    let counted = b"1234567890".iter().cycle();
    let placeholder = serial.iter().zip(counted).take(10).all(|(digit, next)| digit == next);
    let repeated = serial.iter().all(|digit| Some(digit) == serial.first());
    (serial.len() >= SHORTEST_SERIAL && !placeholder && !repeated && !serial.contains(&0)).then_some(serial)
}

/// The body of an attribute: type and length, two octets each, big-endian (Wi-Fi Simple Configuration 2.0, 8.1).
fn wps_attribute(mut message: &[u8], wanted: u16) -> Option<&[u8]> {
    while let Some((&[t, u, l, m], rest)) = message.split_first_chunk::<4>() {
        let (body, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([l, m])))?;
        message = after;
        if u16::from_be_bytes([t, u]) == wanted {
            return Some(body);
        }
    }
    None
}
