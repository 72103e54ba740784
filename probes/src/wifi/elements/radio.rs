//! Elements that say how a radio works: its security, generation, channel width, and how busy its channel is.

use sonde_report::values::{WifiGeneration, WifiSecurity};

/// The maker of 802.11's own cipher and key suites (IEEE 802.11-2020, 9.4.2.24).
const IEEE: [u8; 3] = [0x00, 0x0f, 0xac];

/// Ciphers of table 9-149: those of WEP, and TKIP.
const CIPHER_WEP_40: u8 = 1;
const CIPHER_TKIP: u8 = 2;
const CIPHER_WEP_104: u8 = 5;

/// The share of a channel's time is given in 255ths (9.4.2.27).
const FULL_LOAD: f64 = 255.0;

/// Bits of the HE Operation Parameters (802.11ax, 9.4.2.249): what stands behind them.
const HE_VHT_INFORMATION: u32 = 1 << 14;
const HE_CO_HOSTED: u32 = 1 << 15;
const HE_6_GHZ_INFORMATION: u32 = 1 << 17;

/// What the elements of one beacon say of its radio.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Radio {
    /// RSN (WPA2, WPA3): the weakest way in; `None` without the element.
    pub(super) rsn: Option<WifiSecurity>,
    /// The element of the first WPA.
    pub(super) wpa1: bool,
    /// Wi-Fi Protected Setup is offered.
    pub(in super::super) wps: bool,
    /// The newest generation announced; `None` without any element of rates.
    pub(in super::super) generation: Option<WifiGeneration>,
    /// The channel's width, MHz; `None` where nothing tells.
    pub(in super::super) width_mhz: Option<u16>,
    /// Where a channel of 40 MHz lies: its second half above (`true`) or below the primary one.
    pub(in super::super) second_above: Option<bool>,
    /// Share of time the channel is busy, 0 to 1.
    pub(in super::super) load: Option<f64>,
    /// The elements end before their end: what is missing may have been there.
    pub(in super::super) cut: bool,
}

impl Radio {
    /// How the network is secured. `privacy` is the capability bit (9.4.1.4); `None` when the system does not tell it:
    /// without it, WEP and an open network cannot be told apart.
    pub(in super::super) fn security(&self, privacy: Option<bool>) -> Option<WifiSecurity> {
        if self.wpa1 {
            return Some(WifiSecurity::Tkip);
        }
        match (self.rsn, privacy) {
            (Some(known), _) => Some(known),
            // Where elements are missing, that of WPA2 may be among them; an open network has none to miss.
            (None, Some(true)) => (!self.cut).then_some(WifiSecurity::Wep),
            (None, Some(false)) => Some(WifiSecurity::Open),
            (None, None) => None,
        }
    }

    /// Whether Wi-Fi Protected Setup is offered; `None` where its element may be among those that are missing.
    pub(in super::super) fn offers_wps(&self) -> Option<bool> {
        (self.wps || !self.cut).then_some(self.wps)
    }

    /// At least this generation.
    pub(super) fn speaks(&mut self, generation: WifiGeneration) {
        self.generation = self.generation.max(Some(generation));
    }

    /// The width from HT Operation (9.4.2.56): the primary channel, then where the second half is.
    pub(super) fn ht_operation(&mut self, body: &[u8]) {
        let Some(parameters) = body.get(1) else { return };
        self.second_above = match parameters & 0b111 {
            // Bit 2: other widths than 20 MHz may be used.
            0b101 => Some(true),
            0b111 => Some(false),
            _ => None,
        };
        self.wider(if self.second_above.is_some() { 40 } else { 20 });
    }

    /// The width from VHT Operation (9.4.2.158): a code and the centres of the two halves.
    pub(super) fn vht_operation(&mut self, body: &[u8]) {
        let Some((&[width, first, second], _)) = body.split_first_chunk::<3>() else { return };
        match (width, second) {
            (1, 0) => self.wider(80),
            // Two halves eight channels apart are one of 160 MHz; further apart, 80 + 80. As wide either way.
            (1, _) if first.abs_diff(second) >= 8 => self.wider(160),
            (1, _) => self.wider(80),
            (2 | 3, _) => self.wider(160),
            _ => {}
        }
    }

    /// The width from HE Operation (802.11ax, 9.4.2.249), which alone tells it at 6 GHz.
    pub(super) fn he_operation(&mut self, body: &[u8]) {
        let Some((&[a, b, c], rest)) = body.split_first_chunk::<3>() else { return };
        let parameters = u32::from_le_bytes([a, b, c, 0]);
        if parameters & HE_6_GHZ_INFORMATION == 0 {
            return;
        }
        // BSS colour and basic rates come first, then the parts that the bits announce.
        let mut at = 3;
        at += if parameters & HE_VHT_INFORMATION == 0 { 0 } else { 3 };
        at += usize::from(parameters & HE_CO_HOSTED != 0);
        let Some(control) = rest.get(at + 1) else { return };
        self.wider([20, 40, 80, 160][usize::from(control & 0b11)]);
    }

    /// The width from EHT Operation (802.11be, 9.4.2.311).
    pub(super) fn eht_operation(&mut self, body: &[u8]) {
        // Parameters, basic rates, then the control of the information that the first bit announces.
        let [parameters, _, _, _, _, control, ..] = body else { return };
        let widths = [20, 40, 80, 160, 320];
        if parameters & 1 != 0
            && let Some(width) = widths.get(usize::from(control & 0b111))
        {
            self.wider(*width);
        }
    }

    /// The load as the access point itself measures it (9.4.2.27): how many stations (not kept: people are not counted),
    /// then the share of time.
    pub(super) fn bss_load(&mut self, body: &[u8]) {
        if let [_, _, load, _, _] = body {
            self.load = self.load.or(Some(f64::from(*load) / FULL_LOAD));
        }
    }

    /// RSN (9.4.2.24). An element may end after any field: what is missing is CCMP and 802.1X.
    pub(super) fn rsn(&mut self, body: &[u8]) {
        let mut rest = body.get(2..).unwrap_or_default();
        let group = rest.split_first_chunk::<4>().map(|(suite, after)| {
            rest = after;
            *suite
        });
        let (pairwise, after) = suites(rest);
        let (keys, _) = suites(after);
        let ciphers = group.iter().chain(pairwise).filter_map(|suite| of_ieee(*suite));
        let weak: Vec<u8> = ciphers.collect();
        let found = if weak.iter().any(|cipher| [CIPHER_WEP_40, CIPHER_WEP_104].contains(cipher)) {
            WifiSecurity::Wep
        } else if weak.contains(&CIPHER_TKIP) {
            WifiSecurity::Tkip
        } else {
            by_keys(keys)
        };
        self.rsn = self.rsn.or(Some(found));
    }

    fn wider(&mut self, width: u16) {
        self.width_mhz = self.width_mhz.max(Some(width));
    }
}

/// A list of suites behind its count, and what follows. A count beyond the end ends at it.
fn suites(bytes: &[u8]) -> (&[[u8; 4]], &[u8]) {
    let Some((&count, rest)) = bytes.split_first_chunk::<2>() else { return (&[], &[]) };
    let length = usize::from(u16::from_le_bytes(count)).saturating_mul(4);
    let (list, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    (list.as_chunks::<4>().0, after)
}

/// The number of one of 802.11's own suites.
fn of_ieee([a, b, c, number]: [u8; 4]) -> Option<u8> {
    ([a, b, c] == IEEE).then_some(number)
}

/// The weakest way in among the key suites (table 9-151).
fn by_keys(keys: &[[u8; 4]]) -> WifiSecurity {
    if keys.is_empty() {
        return WifiSecurity::Enterprise;
    }
    let known: Vec<u8> = keys.iter().filter_map(|suite| of_ieee(*suite)).collect();
    let any = |wanted: &[u8]| known.iter().any(|number| wanted.contains(number));
    // Shared password (2, 4, 6, 19, 20), SAE (8, 9, 24, 25), 802.1X in its variants, OWE.
    match (any(&[2, 4, 6, 19, 20]), any(&[8, 9, 24, 25])) {
        (true, true) => WifiSecurity::Wpa2Wpa3Personal,
        (true, false) => WifiSecurity::Wpa2Personal,
        (false, true) => WifiSecurity::Wpa3Personal,
        (false, false) if any(&[18]) => WifiSecurity::Owe,
        (false, false) if any(&[1, 3, 5, 11, 12, 13, 14, 15, 16, 17, 22, 23]) => WifiSecurity::Enterprise,
        (false, false) => WifiSecurity::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CCMP: [u8; 4] = [0x00, 0x0f, 0xac, 4];

    fn rsn(group: [u8; 4], pairwise: &[[u8; 4]], keys: &[u8]) -> Vec<u8> {
        let count = |length: usize| (length as u16).to_le_bytes();
        let keys: Vec<u8> = keys.iter().flat_map(|number| [0x00, 0x0f, 0xac, *number]).collect();
        let parts = [&[1, 0][..], &group, &count(pairwise.len()), &pairwise.concat()];
        [&parts.concat()[..], &count(keys.len() / 4), &keys, &[0, 0]].concat()
    }

    fn security(body: &[u8]) -> Option<WifiSecurity> {
        let mut radio = Radio::default();
        radio.rsn(body);
        radio.security(Some(true))
    }

    #[test]
    fn the_weakest_way_in_counts() {
        let tkip = [0x00, 0x0f, 0xac, 2];
        assert_eq!(security(&rsn(CCMP, &[CCMP], &[2])), Some(WifiSecurity::Wpa2Personal));
        assert_eq!(security(&rsn(CCMP, &[CCMP], &[8])), Some(WifiSecurity::Wpa3Personal));
        assert_eq!(security(&rsn(CCMP, &[CCMP], &[2, 6, 8])), Some(WifiSecurity::Wpa2Wpa3Personal));
        assert_eq!(security(&rsn(CCMP, &[CCMP], &[1])), Some(WifiSecurity::Enterprise));
        assert_eq!(security(&rsn(CCMP, &[CCMP], &[18])), Some(WifiSecurity::Owe));
        assert_eq!(security(&rsn(tkip, &[CCMP, tkip], &[2])), Some(WifiSecurity::Tkip));
        assert_eq!(security(&rsn(CCMP, &[CCMP], &[99])), Some(WifiSecurity::Other));
        // Cut after the group cipher: the standard's defaults.
        assert_eq!(security(&[1, 0, 0x00, 0x0f, 0xac, 4]), Some(WifiSecurity::Enterprise));
        // A count beyond the end.
        assert_eq!(
            security(&[&[1, 0][..], &CCMP, &[1, 0], &CCMP, &[200, 0], &[0, 0x0f, 0xac, 2]].concat()),
            Some(WifiSecurity::Wpa2Personal)
        );
    }

    #[test]
    fn without_an_element_the_capability_bit_tells_wep_from_open() {
        let radio = Radio::default();
        assert_eq!(radio.security(Some(true)), Some(WifiSecurity::Wep));
        assert_eq!(radio.security(Some(false)), Some(WifiSecurity::Open));
        assert_eq!(radio.security(None), None);
        assert_eq!(Radio { wpa1: true, ..radio }.security(Some(true)), Some(WifiSecurity::Tkip));
    }

    #[test]
    fn widths_by_generation() {
        let width = |tell: &dyn Fn(&mut Radio)| {
            let mut radio = Radio::default();
            tell(&mut radio);
            radio.width_mhz
        };
        assert_eq!(width(&|r| r.ht_operation(&[6, 0b000])), Some(20));
        assert_eq!(width(&|r| r.ht_operation(&[6, 0b101])), Some(40));
        assert_eq!(width(&|r| r.vht_operation(&[0, 0, 0])), None);
        assert_eq!(width(&|r| r.vht_operation(&[1, 42, 0])), Some(80));
        assert_eq!(width(&|r| r.vht_operation(&[1, 42, 50])), Some(160));
        assert_eq!(width(&|r| r.vht_operation(&[2, 50, 0])), Some(160));
        // 6 GHz, 80 MHz: parameters with bit 17, colour, rates, then primary, control, centres, rate.
        assert_eq!(width(&|r| r.he_operation(&[0, 0, 2, 1, 0xfc, 0xff, 37, 2, 39, 0, 6])), Some(80));
        // The same behind VHT information and a co-hosted indicator.
        assert_eq!(
            width(&|r| r.he_operation(&[0, 0xc0, 2, 1, 0xfc, 0xff, 1, 42, 0, 5, 37, 3, 47, 0, 6])),
            Some(160)
        );
        assert_eq!(width(&|r| r.he_operation(&[0, 0, 0, 1, 0xfc, 0xff])), None);
        assert_eq!(width(&|r| r.eht_operation(&[1, 0, 0, 0, 0, 4, 31, 0])), Some(320));
        assert_eq!(width(&|r| r.eht_operation(&[0, 0, 0, 0, 0, 4])), None);
    }

    #[test]
    fn a_load_is_a_share() {
        let mut radio = Radio::default();
        radio.bss_load(&[3, 0, 51, 0, 0]);
        assert_eq!(radio.load, Some(0.2));
        radio.load = None;
        radio.bss_load(&[3, 0, 51]);
        assert_eq!(radio.load, None);
    }
}
