//! Who makes a box, from its address: the IEEE registry's blocks of 24 bits (MA-L), packed small.
//!
//! `makers.bin` is written by `packaging/makers.py` from the registry of August 2026: a count of names (two octets, little
//! end first), the names with a length each, the most frequent first; then, for each block in order, the distance from
//! the block before and the name's place, seven bits an octet, the low ones first. Makers with a single block are left
//! out but for some of networks.

/// The packed registry.
const PACKED: &[u8] = include_bytes!("makers.bin");

/// The maker's name; `None` for an invented address (its bits are nobody's) and for a block that is not kept.
pub(super) fn maker(bssid: [u8; 6]) -> Option<&'static str> {
    let [a, b, c, ..] = bssid;
    // The bit of addresses that nobody was given (IEEE 802-2014, 8.2.2); a few blocks of the registry's first years have it.
    if a & 0x02 != 0 {
        return None;
    }
    let block = u32::from_be_bytes([0, a, b, c]);
    let (count, mut rest) = PACKED.split_first_chunk::<2>()?;
    let mut names = Vec::with_capacity(usize::from(u16::from_le_bytes(*count)));
    for _ in 0..u16::from_le_bytes(*count) {
        let (length, behind) = rest.split_first()?;
        let (name, after) = behind.split_at_checked(usize::from(*length))?;
        names.push(name);
        rest = after;
    }
    let mut known = 0;
    while !rest.is_empty() {
        known += number(&mut rest)?;
        let name = number(&mut rest)?;
        if known == block {
            return std::str::from_utf8(names.get(name as usize)?).ok();
        }
        if known > block {
            break;
        }
    }
    None
}

/// A number of seven bits an octet, the low ones first.
fn number(rest: &mut &'static [u8]) -> Option<u32> {
    let mut value = 0;
    for shift in (0..u32::BITS).step_by(7) {
        let (octet, after) = rest.split_first()?;
        *rest = after;
        value |= u32::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn known_blocks_have_their_makers() {
        let of = |a, b, c| maker([a, b, c, 1, 2, 3]);
        assert_eq!(of(0x00, 0x0c, 0x42), Some("MikroTik"));
        assert_eq!(of(0x00, 0x13, 0x92), Some("Ruckus Wireless"));
        assert_eq!(of(0x00, 0x15, 0x6d), Some("Ubiquiti"));
        assert_eq!(of(0x00, 0x18, 0x0a), Some("Cisco Meraki"));
        assert_eq!(of(0x00, 0x24, 0xd4), Some("Freebox"));
        // Invented, and given to nobody.
        assert_eq!(of(0x02, 0x0c, 0x42), None);
        assert_eq!(of(0xff, 0xff, 0xff), None);
    }

    #[test]
    fn the_whole_registry_can_be_read() {
        let (count, mut rest) = PACKED.split_first_chunk::<2>().expect("a count");
        let count = u16::from_le_bytes(*count);
        for _ in 0..count {
            let (name, after) = rest[1..].split_at(usize::from(rest[0]));
            assert!(std::str::from_utf8(name).is_ok_and(|name| !name.trim().is_empty()));
            rest = after;
        }
        let (mut block, mut blocks) = (0, 0);
        while !rest.is_empty() {
            let distance = number(&mut rest).expect("a distance");
            assert!(distance > 0 || blocks == 0, "blocks in order, none twice");
            block += distance;
            assert!(number(&mut rest).is_some_and(|name| name < u32::from(count)));
            blocks += 1;
        }
        assert!(block < 1 << 24);
        assert!(blocks > 20_000);
    }
}
