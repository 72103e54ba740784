//! What makers' own elements tell: the access point's name, as its administrator gave it.
//!
//! Nobody publishes these layouts; they are those that open readers agree on (lswifi 2.x, the Wireshark dissector of
//! 802.11), and what does not fit one is left alone. A name is kept as bytes, to be compared, never to be shown.

/// The longest name that is kept: makers stop at 64 characters, and a bound on what a hostile beacon costs.
const LONGEST_NAME: usize = 64;

/// Cisco's CCX element holds a name of sixteen octets at this place (Cisco Compatible Extensions 1).
const CCX_NAME: std::ops::Range<usize> = 10..26;

/// Who wrote the element: two names are compared only when one maker wrote both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Source {
    /// Alcatel-Lucent Enterprise.
    Alcatel,
    /// Arista, formerly Mojo.
    Arista,
    /// Fortinet.
    Fortinet,
    /// HPE Aruba.
    Aruba,
    /// Cisco's CCX element.
    CiscoCcx,
    /// Cisco's newer vendor element, Meraki's too.
    Cisco,
    /// Extreme, formerly Aerohive.
    Aerohive,
    /// Extreme, formerly Zebra.
    Zebra,
    /// MikroTik.
    MikroTik,
    /// Juniper Mist.
    Mist,
    /// Ruckus.
    Ruckus,
    /// Ubiquiti.
    Ubiquiti,
    /// The serial number of Wi-Fi Protected Setup, whoever makes the box.
    WpsSerial,
}

impl Source {
    /// Whether two different values are two boxes' for certain. Not a serial number, of which a box's radios may have one each;
    /// nor MikroTik's name, which is a radio's (RouterOS manual, `radio-name`: by default the interface's own address).
    pub(in super::super) fn names_a_box(self) -> bool {
        !matches!(self, Self::WpsSerial | Self::MikroTik)
    }
}

/// A box's own name or serial number.
pub(in super::super) type Label = (Source, Vec<u8>);

/// The name in Cisco's CCX element (133). One that fills its sixteen octets may be cut: two boxes' long names would be
/// one.
pub(super) fn ccx(body: &[u8]) -> Option<Label> {
    let name = body.get(CCX_NAME)?;
    label(Source::CiscoCcx, name).filter(|(_, kept)| kept.len() < name.len())
}

/// The name in a vendor element, from its three octets of maker on.
pub(super) fn vendor(body: &[u8]) -> Option<Label> {
    let (maker, rest) = body.split_first_chunk::<3>()?;
    match (maker, rest) {
        ([0xdc, 0x08, 0x56], [1, name @ ..]) => label(Source::Alcatel, name),
        ([0x00, 0x11, 0x74], [0, 6, _, name @ ..]) => label(Source::Arista, name),
        ([0x00, 0x0b, 0x86], [1, 3, _, name @ ..]) => label(Source::Aruba, name),
        ([0x00, 0x40, 0x96], [47, name @ ..]) => label(Source::Cisco, name),
        ([0x00, 0x09, 0x0f], [10, 0, items @ ..]) => fortinet(items),
        ([0x00, 0x19, 0x77], [33, 1, _, _, name @ ..]) => label(Source::Aerohive, name),
        ([0x00, 0xa0, 0xf8], [1, ..]) => zebra(rest),
        ([0x00, 0x0c, 0x42], [0, _, _, parts @ ..]) => mikrotik(parts),
        ([0x5c, 0x5b, 0x35], [1, name @ ..]) => label(Source::Mist, name),
        ([0x00, 0x13, 0x92], [3, name @ ..]) => label(Source::Ruckus, name),
        ([0x00, 0x15, 0x6d], [1, name @ ..]) => label(Source::Ubiquiti, name),
        _ => None,
    }
}

/// The serial number of Wi-Fi Protected Setup.
pub(super) fn serial(serial: &[u8]) -> Option<Label> {
    label(Source::WpsSerial, serial)
}

/// Type, seven octets, the name's length, the name.
fn zebra(rest: &[u8]) -> Option<Label> {
    let (length, name) = rest.get(8..)?.split_first()?;
    label(Source::Zebra, name.get(..usize::from(*length))?)
}

/// Items with a type and a length each: 1 is the box's name, 3 its serial number, which is the better of the two. By
/// Wireshark's reading; no capture was at hand.
fn fortinet(mut items: &[u8]) -> Option<Label> {
    let mut named = None;
    while let Some((&[kind, length], rest)) = items.split_first_chunk::<2>() {
        let (item, after) = rest.split_at_checked(usize::from(length))?;
        match kind {
            1 => named = label(Source::Fortinet, item),
            3 => return label(Source::Fortinet, item).or(named),
            _ => {}
        }
        items = after;
    }
    named
}

/// Parts with a type and a length each; the first type is the system's: ten octets, then the name in a field of a fixed size.
/// One that fills it may be cut, and one of twelve hexadecimal digits is the radio's address, which names no box.
fn mikrotik(mut parts: &[u8]) -> Option<Label> {
    while let Some((&[kind, length], rest)) = parts.split_first_chunk::<2>() {
        let (part, after) = rest.split_at_checked(usize::from(length))?;
        if kind == 1 {
            let field = part.get(10..)?;
            let address = |name: &[u8]| name.len() == 12 && name.iter().all(u8::is_ascii_hexdigit);
            return label(Source::MikroTik, field)
                .filter(|(_, name)| name.len() < field.len() && !address(name));
        }
        parts = after;
    }
    None
}

/// A name without the padding behind it; `None` when nothing is left, or when it is no text.
fn label(source: Source, name: &[u8]) -> Option<Label> {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    let name = name[..end].trim_ascii();
    let text = std::str::from_utf8(name).is_ok_and(|text| !text.chars().any(char::is_control));
    (text && !name.is_empty() && name.len() <= LONGEST_NAME).then(|| (source, name.to_vec()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_makers_name_is_found_where_its_element_has_it() {
        let after = |head: &[u8]| vendor(&[head, b"AP-Cour"].concat());
        let name = b"AP-Cour".to_vec();
        let mikrotik = {
            let mut part = vec![2, 1, 9, 1, 30];
            part.extend([0; 10]);
            part.extend(b"AP-Cour");
            part.extend([0; 13]);
            part
        };
        assert_eq!(after(&[0xdc, 0x08, 0x56, 1]), Some((Source::Alcatel, name.clone())));
        assert_eq!(after(&[0x00, 0x11, 0x74, 0, 6, 7]), Some((Source::Arista, name.clone())));
        assert_eq!(after(&[0x00, 0x0b, 0x86, 1, 3, 0]), Some((Source::Aruba, name.clone())));
        assert_eq!(after(&[0x00, 0x40, 0x96, 47]), Some((Source::Cisco, name.clone())));
        assert_eq!(after(&[0x00, 0x19, 0x77, 33, 1, 0, 7]), Some((Source::Aerohive, name.clone())));
        assert_eq!(
            after(&[0x00, 0xa0, 0xf8, 1, 3, 1, 15, 0xc0, 0, 0, 0, 7]),
            Some((Source::Zebra, name.clone()))
        );
        assert_eq!(after(&[0x5c, 0x5b, 0x35, 1]), Some((Source::Mist, name.clone())));
        assert_eq!(after(&[0x00, 0x13, 0x92, 3]), Some((Source::Ruckus, name.clone())));
        assert_eq!(after(&[0x00, 0x15, 0x6d, 1]), Some((Source::Ubiquiti, name.clone())));
        let found = vendor(&[&[0x00, 0x0c, 0x42, 0, 0, 0][..], &mikrotik].concat());
        assert_eq!(found, Some((Source::MikroTik, name.clone())));
        let fortinet = |items: &[u8]| vendor(&[&[0x00, 0x09, 0x0f, 10, 0][..], items].concat());
        assert_eq!(fortinet(b"\x01\x07AP-Cour\x02\x043231"), Some((Source::Fortinet, name.clone())));
        let serial = Some((Source::Fortinet, b"FP231FTF2".to_vec()));
        assert_eq!(fortinet(b"\x01\x07AP-Cour\x03\x09FP231FTF2"), serial);
        // A length beyond the end.
        assert_eq!(fortinet(b"\x01\x70AP-Cour"), None);
        // Another subtype, another maker, nothing behind the head.
        assert_eq!(after(&[0x00, 0x0b, 0x86, 1, 4, 0]), None);
        assert_eq!(after(&[0x00, 0x0b, 0x87, 1, 3, 0]), None);
        assert_eq!(vendor(&[0x00, 0x13, 0x92, 3]), None);
        assert_eq!(vendor(&[0x00, 0x13]), None);
    }

    #[test]
    fn a_name_that_may_be_cut_is_left_alone() {
        let ccx_of = |name: &[u8; 16]| ccx(&[&[0; 10][..], name, &[3, 0, 0, 0]].concat());
        assert_eq!(ccx_of(b"AP-Cour\0\0\0\0\0\0\0\0\0"), Some((Source::CiscoCcx, b"AP-Cour".to_vec())));
        assert_eq!(ccx_of(b"ECOLE-JAURES-AP-"), None);
        assert_eq!(ccx(&[0; 12]), None);
    }

    #[test]
    fn a_radios_own_address_names_no_box() {
        let of = |name: &[u8]| {
            let mut field = name.to_vec();
            field.resize(20, 0);
            vendor(&[&[0x00, 0x0c, 0x42, 0, 0, 0, 1, 30][..], &[0; 10], &field].concat())
        };
        assert_eq!(of(b"AP-Cour"), Some((Source::MikroTik, b"AP-Cour".to_vec())));
        assert_eq!(of(b"000C42010011"), None);
        // It fills its field: it may be cut.
        assert_eq!(of(b"ecole-jaures-batiment"), None);
    }

    #[test]
    fn what_is_no_name_is_none() {
        assert_eq!(vendor(&[0x00, 0x13, 0x92, 3, 0xff, 0xfe]), None);
        assert_eq!(vendor(&[0x00, 0x13, 0x92, 3, b' ', 0]), None);
        assert_eq!(vendor(&[&[0x00, 0x13, 0x92, 3][..], &[b'a'; 65]].concat()), None);
        assert_eq!(vendor(&[0x00, 0x13, 0x92, 3, 0x1b, b'[']), None);
    }
}
