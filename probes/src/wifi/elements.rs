//! 802.11 information elements: the few that count radios. A bounded walk over bytes that anybody within radio range
//! may have written: a malformed element loses only itself, a length beyond the end ends the walk.

/// Element identifiers of IEEE 802.11-2020, table 9-92.
const SSID: u8 = 0;
const DS_PARAMETER: u8 = 3;
const HT_OPERATION: u8 = 61;

/// The longest network name (IEEE 802.11-2020, 9.4.2.2).
const LONGEST_SSID: usize = 32;

/// What the elements of one beacon or probe response say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Elements {
    /// The network's name; `None` when it is hidden (empty or all zero) or absent.
    pub(super) ssid: Option<Vec<u8>>,
    /// The primary channel, from the DS parameter set or the HT operation element.
    pub(super) channel: Option<u16>,
}

/// Reads `bytes`; never fails.
pub(super) fn read(bytes: &[u8]) -> Elements {
    let mut found = Elements::default();
    let mut primary = None;
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
            _ => {}
        }
    }
    found.channel = found.channel.or(primary);
    found
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
        assert_eq!(read(&cut), Elements { ssid: Some(b"ok".to_vec()), channel: None });
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
