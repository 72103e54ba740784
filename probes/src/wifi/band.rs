//! From a radio's frequency to its band and channel number.

/// A Wi-Fi band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Band {
    /// 2.4 GHz.
    Two,
    /// 5 GHz.
    Five,
    /// 6 GHz.
    Six,
}

impl Band {
    /// The name in the report.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Two => "2.4",
            Self::Five => "5",
            Self::Six => "6",
        }
    }

    /// The band of a primary channel's centre frequency; `None` outside the three (60 GHz, sub-1 GHz).
    pub(super) fn of(mhz: u32) -> Option<Self> {
        match mhz {
            2400..=2500 => Some(Self::Two),
            // 5 GHz ends at channel 177 (5885 MHz), 6 GHz starts at 5925 MHz (IEEE 802.11-2020, annex E).
            5000..=5900 => Some(Self::Five),
            5925..=7125 => Some(Self::Six),
            _ => None,
        }
    }
}

/// The channel number of a primary channel's centre frequency (IEEE 802.11-2020, annex E); `None` when there is none
/// at that frequency.
pub(super) fn channel(mhz: u32) -> Option<u16> {
    let above = |start: u32| mhz.checked_sub(start).filter(|offset| offset % 5 == 0).map(|offset| offset / 5);
    let number = match (Band::of(mhz)?, mhz) {
        (Band::Two, 2484) => Some(14),
        (Band::Two, _) => above(2407).filter(|number| (1..=13).contains(number)),
        (Band::Five, _) => above(5000).filter(|number| *number > 0),
        // Operating class 136: the one channel below the 6 GHz grid.
        (Band::Six, 5935) => Some(2),
        (Band::Six, _) => above(5950).filter(|number| *number > 0),
    }?;
    u16::try_from(number).ok()
}

/// The centre frequency, MHz, of a channel that a beacon names in an element which 6 GHz does not have (the DS parameter set,
/// HT Operation): of 2.4 or 5 GHz. The inverse of [`channel`] there.
pub(super) fn centre(channel: u16) -> Option<u32> {
    let number = u32::from(channel);
    match number {
        1..=13 => Some(2407 + 5 * number),
        14 => Some(2484),
        32..=177 => Some(5000 + 5 * number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_channels() {
        let known = [
            (2412, "2.4", 1),
            (2472, "2.4", 13),
            (2484, "2.4", 14),
            (5180, "5", 36),
            (5500, "5", 100),
            (5825, "5", 165),
            (5885, "5", 177),
            (5935, "6", 2),
            (5955, "6", 1),
            (6415, "6", 93),
            (7115, "6", 233),
        ];
        for (mhz, band, number) in known {
            assert_eq!(Band::of(mhz).map(Band::as_str), Some(band), "{mhz}");
            assert_eq!(channel(mhz), Some(number), "{mhz}");
            let told = band != "6";
            assert_eq!(centre(number).filter(|_| told), Some(mhz).filter(|_| told));
        }
    }

    #[test]
    fn no_channel_where_there_is_none() {
        for mhz in [0, 907, 2407, 2413, 2480, 5000, 5910, 5950, 58320, u32::MAX] {
            assert_eq!(channel(mhz), None, "{mhz}");
        }
    }
}
