//! Windows' list of radios as bytes: WLAN_BSS_LIST (wlanapi.h), decoded without trusting a length in it. Pure, so that it
//! is tested everywhere; `windows.rs` checks the offsets against the system's own declarations when it is compiled.

use super::{Obstacle, Sighting, radio_blocked, system_error};
use sonde_report::{Reason, ReasonCode, measurement::Remedy};

/// The head of a WLAN_BSS_LIST: its size and the number of entries, 32 bits each.
pub(super) const HEAD: usize = 8;

/// The size of a WLAN_BSS_ENTRY.
pub(super) const ENTRY: usize = 360;

/// Offsets in a WLAN_BSS_ENTRY.
pub(super) mod at {
    /// `dot11Ssid`: a 32-bit length and 32 bytes.
    pub(in super::super) const SSID: usize = 0;
    /// `dot11Bssid`.
    pub(in super::super) const BSSID: usize = 40;
    /// `lRssi`, dBm.
    pub(in super::super) const RSSI: usize = 56;
    /// `ullTimestamp`: the radio's timer, µs.
    pub(in super::super) const TIMESTAMP: usize = 72;
    /// `ullHostTimestamp`: when it was received, 100 ns since 1601.
    pub(in super::super) const HOST_TIMESTAMP: usize = 80;
    /// `usCapabilityInformation` (IEEE 802.11-2020, 9.4.1.4).
    pub(in super::super) const CAPABILITY: usize = 88;
    /// `ulChCenterFrequency`, kHz.
    pub(in super::super) const FREQUENCY: usize = 92;
    /// `ulIeOffset`, from the entry's own start.
    pub(in super::super) const IE_OFFSET: usize = 352;
    /// `ulIeSize`.
    pub(in super::super) const IE_SIZE: usize = 356;
}

/// The most bytes taken of a list: some thousand radios. The size is the driver's word.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// The bit of the capabilities that says "data is encrypted".
const PRIVACY: u16 = 1 << 4;

/// The most bytes of information elements in one frame (a frame body, IEEE 802.11-2020, table 9-25, rounded up).
const MOST_ELEMENTS: usize = 4096;

/// An entry older than a day, or from the future, has no usable age: some drivers leave the field at zero or at a time of
/// their own. In 100 ns.
const OLDEST: u64 = 24 * 3600 * 10_000_000;

/// Windows error numbers (winerror.h).
const ERROR_ACCESS_DENIED: u32 = 5;
const ERROR_SERVICE_DISABLED: u32 = 1058;
const ERROR_SERVICE_DOES_NOT_EXIST: u32 = 1060;
const ERROR_SERVICE_NOT_ACTIVE: u32 = 1062;
const ERROR_NOT_FOUND: u32 = 1168;
const ERROR_NDIS_DOT11_POWER_STATE_INVALID: u32 = 0x8034_2002;

/// Decodes `bytes`, a whole list. `now` is the time in 100 ns since 1601. Also says whether an entry was not whole.
pub(super) fn decode(bytes: &[u8], associated: Option<[u8; 6]>, now: u64) -> (Vec<Sighting>, bool) {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let claimed = u32_at(bytes, 4).map_or(0, |count| count as usize);
    let mut damaged = u32_at(bytes, 4).is_none();
    let mut sightings = Vec::new();
    for index in 0..claimed {
        let entry = HEAD.checked_add(index.saturating_mul(ENTRY)).and_then(|start| bytes.get(start..));
        // The elements lie behind the entries: an entry may look as far as the list's end, never beyond.
        let Some(entry) = entry.filter(|entry| entry.len() >= ENTRY) else {
            damaged = true;
            break;
        };
        let (sighting, whole) = sighting(entry, associated, now);
        damaged |= !whole;
        sightings.extend(sighting);
    }
    (sightings, damaged)
}

/// One entry, from its start to the list's end, and whether its elements are where it says.
fn sighting(entry: &[u8], associated: Option<[u8; 6]>, now: u64) -> (Option<Sighting>, bool) {
    let Some(bssid) = array_at::<6>(entry, at::BSSID) else { return (None, false) };
    let heard = u64_at(entry, at::HOST_TIMESTAMP).filter(|heard| *heard != 0);
    let age = heard.and_then(|heard| now.checked_sub(heard)).filter(|age| *age < OLDEST);
    let signal = array_at(entry, at::RSSI).map(i32::from_le_bytes);
    let elements = elements(entry);
    let whole = elements.is_some();
    let found = Sighting {
        bssid,
        mhz: u32_at(entry, at::FREQUENCY).unwrap_or(0) / 1000,
        // Zero and above is no signal that a radio receives: the driver does not know.
        signal_dbm: signal.filter(|dbm| (-150..0).contains(dbm)).and_then(|dbm| i16::try_from(dbm).ok()),
        seen_ms_ago: age.map(|age| age / 10_000),
        tsf_us: u64_at(entry, at::TIMESTAMP).filter(|tsf| *tsf != 0),
        received_us: age.and(heard).map(|heard| heard / 10),
        associated: associated == Some(bssid),
        privacy: array_at(entry, at::CAPABILITY).map(|bits| u16::from_le_bytes(bits) & PRIVACY != 0),
        elements: elements.map_or_else(|| name_alone(entry), <[u8]>::to_vec),
    };
    (Some(found), whole)
}

/// The information elements, when they lie within the list and behind the entry's own fields.
fn elements(entry: &[u8]) -> Option<&[u8]> {
    let start = u32_at(entry, at::IE_OFFSET)? as usize;
    let length = u32_at(entry, at::IE_SIZE)? as usize;
    if start < ENTRY || length > MOST_ELEMENTS {
        return None;
    }
    entry.get(start..start.checked_add(length)?)
}

/// What ends the elements that stand for lost ones: one whose length is beyond the end, as where elements are cut.
const LOST: [u8; 2] = [221, 255];

/// Where the elements are lost the entry's own copy of the name still says whose it is; that others are missing is said.
fn name_alone(entry: &[u8]) -> Vec<u8> {
    let length = u32_at(entry, at::SSID).unwrap_or(0);
    let name = u8::try_from(length).ok().filter(|length| *length <= 32);
    let name = name.and_then(|length| Some((length, entry.get(at::SSID + 4..)?.get(..usize::from(length))?)));
    // Element 0 is the name (IEEE 802.11-2020, table 9-92).
    name.map_or_else(|| LOST.to_vec(), |(length, name)| [&[0, length], name, &LOST].concat())
}

fn array_at<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..)?.first_chunk().copied()
}

fn u32_at(bytes: &[u8], start: usize) -> Option<u32> {
    array_at(bytes, start).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], start: usize) -> Option<u64> {
    array_at(bytes, start).map(u64::from_le_bytes)
}

/// What an error of the WLAN service means.
pub(super) fn obstacle(error: u32) -> Obstacle {
    match error {
        // Since Windows 11 24H2 whoever lists radios learns the place, and needs the consent for it.
        ERROR_ACCESS_DENIED => {
            Obstacle::NotMeasured(Reason::remedied(ReasonCode::LocationConsentMissing, Remedy::AllowLocation))
        }
        ERROR_SERVICE_NOT_ACTIVE | ERROR_SERVICE_DISABLED | ERROR_SERVICE_DOES_NOT_EXIST => no_service(),
        ERROR_NDIS_DOT11_POWER_STATE_INVALID => radio_blocked("power state"),
        // The adapter went away between two questions.
        ERROR_NOT_FOUND => {
            Obstacle::NotMeasured(Reason::new(ReasonCode::DriverError).with("the adapter is no longer there"))
        }
        other => system_error(&format!("Windows error {other}")),
    }
}

/// The service that knows the radios is not running, or not installed (Windows Server without the feature).
pub(super) fn no_service() -> Obstacle {
    Obstacle::NotMeasured(Reason::remedied(ReasonCode::WifiServiceStopped, Remedy::StartWifiService))
}

/// Which of the adapters `named` means: by its identifier, its description or the name that Windows shows, whatever the
/// case. All of them when none is named.
pub(super) fn wanted(named: Option<&str>, own: &[&str]) -> bool {
    named.is_none_or(|named| own.iter().any(|name| name.to_lowercase() == named.to_lowercase()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 133_000_000_000_000_000;

    /// A list of entries whose elements follow them, as Windows lays it out.
    fn list(entries: &[(u8, &[u8])]) -> Vec<u8> {
        let total = HEAD + entries.len() * ENTRY + entries.iter().map(|(_, ies)| ies.len()).sum::<usize>();
        let mut bytes = [(total as u32).to_le_bytes(), (entries.len() as u32).to_le_bytes()].concat();
        let mut behind = Vec::new();
        for (index, (last, ies)) in entries.iter().enumerate() {
            let mut entry = vec![0; ENTRY];
            let mut put = |start: usize, value: &[u8]| {
                entry[start..start + value.len()].copy_from_slice(value);
            };
            put(at::SSID, &3_u32.to_le_bytes());
            put(at::SSID + 4, b"nom");
            put(at::BSSID, &[2, 0, 0, 0, 0, *last]);
            put(at::RSSI, &(-61_i32).to_le_bytes());
            put(at::TIMESTAMP, &77_u64.to_le_bytes());
            put(at::HOST_TIMESTAMP, &(NOW - 20_000_000).to_le_bytes());
            put(at::FREQUENCY, &5_180_000_u32.to_le_bytes());
            let offset = (entries.len() - index) * ENTRY + behind.len();
            put(at::IE_OFFSET, &(offset as u32).to_le_bytes());
            put(at::IE_SIZE, &(ies.len() as u32).to_le_bytes());
            bytes.extend(entry);
            behind.extend_from_slice(ies);
        }
        bytes.extend(behind);
        bytes
    }

    #[test]
    fn a_list_is_read() {
        let bytes = list(&[(1, &[0, 2, b'e', b'c']), (2, &[0, 0])]);
        let (seen, damaged) = decode(&bytes, Some([2, 0, 0, 0, 0, 2]), NOW);
        let [first, second] = &seen[..] else { panic!("{}", seen.len()) };
        assert!(!damaged);
        assert_eq!((first.bssid, first.mhz, first.signal_dbm), ([2, 0, 0, 0, 0, 1], 5180, Some(-61)));
        assert_eq!((first.seen_ms_ago, first.tsf_us), (Some(2000), Some(77)));
        assert_eq!(first.received_us, Some((NOW - 20_000_000) / 10));
        assert_eq!((&first.elements[..], first.associated), (&[0, 2, b'e', b'c'][..], false));
        assert_eq!((&second.elements[..], second.associated), (&[0, 0][..], true));
    }

    #[test]
    fn lengths_that_lie_lose_only_what_they_hide() {
        let good = list(&[(1, &[0, 2, b'e', b'c'])]);
        for (start, value) in
            [(at::IE_OFFSET, u32::MAX), (at::IE_SIZE, u32::MAX), (at::IE_SIZE, 5), (at::IE_OFFSET, 8)]
        {
            let mut bytes = good.clone();
            bytes[HEAD + start..HEAD + start + 4].copy_from_slice(&value.to_le_bytes());
            let (seen, damaged) = decode(&bytes, None, NOW);
            assert!(damaged && seen.len() == 1, "{start} {value}");
            assert!(seen[0].elements.starts_with(&[0, 3, b'n', b'o', b'm']), "{start} {value}");
            // What is lost may have been WPA2's: no alert of WEP for it.
            let read = super::super::elements::read(&seen[0].elements).radio;
            assert_eq!((read.security(Some(true)), read.offers_wps()), (None, None));
        }
        let mut many = good.clone();
        many[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        let (seen, damaged) = decode(&many, None, NOW);
        assert!(damaged && seen.len() == 1);
        let (seen, damaged) = decode(&good[..HEAD + ENTRY - 1], None, NOW);
        assert!(damaged && seen.is_empty());
        assert!(decode(&[], None, NOW).1);
        assert!(!decode(&list(&[]), None, NOW).1);
    }

    #[test]
    fn what_a_driver_does_not_know_is_absent() {
        let mut bytes = list(&[(1, &[])]);
        for start in [at::RSSI, at::TIMESTAMP, at::HOST_TIMESTAMP] {
            bytes[HEAD + start..HEAD + start + 4].fill(0);
        }
        bytes[HEAD + at::HOST_TIMESTAMP..HEAD + at::HOST_TIMESTAMP + 8].fill(0);
        let (seen, _) = decode(&bytes, None, NOW);
        let first = &seen[0];
        assert_eq!(
            (first.signal_dbm, first.tsf_us, first.seen_ms_ago, first.received_us),
            (None, None, None, None)
        );
    }

    #[test]
    fn errors_have_their_own_reasons() {
        let code = |error| match obstacle(error) {
            Obstacle::NotMeasured(reason) => Some((reason.code, reason.remedy)),
            Obstacle::Failed(_) => None,
        };
        assert_eq!(code(5), Some((ReasonCode::LocationConsentMissing, Some(Remedy::AllowLocation))));
        assert_eq!(code(1062), Some((ReasonCode::WifiServiceStopped, Some(Remedy::StartWifiService))));
        assert_eq!(code(0x8034_2002), Some((ReasonCode::RadioBlocked, Some(Remedy::EnableRadio))));
        assert_eq!(code(31), None);
    }

    #[test]
    fn an_adapter_has_several_names() {
        let names = ["{01-02}", "Intel(R) Wi-Fi 6 AX201", "Wi-Fi"];
        for (named, expected) in [(None, true), (Some("wi-fi"), true), (Some("Wi-Fi 2"), false)] {
            assert_eq!(wanted(named, &names), expected, "{named:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
            let (seen, _) = decode(&bytes, None, NOW);
            prop_assert!(seen.len() <= bytes.len() / ENTRY);
        }

        #[test]
        fn any_field_may_lie(place in 0_usize..ENTRY, value in any::<[u8; 4]>()) {
            let mut bytes = list(&[(1, &[0, 1, b'e']), (2, &[0, 1, b'f'])]);
            bytes[HEAD + place..][..4].copy_from_slice(&value);
            prop_assert_eq!(decode(&bytes, None, NOW).0.len(), 2);
        }
    }
}
