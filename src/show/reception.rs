//! How well a Wi-Fi level serves: indicative, judged by nobody.

use sonde_report::values::Room;

/// From here on a level serves lessons, dBm: field practice for voice and video, in no text that binds a school.
pub const SERVES_DBM: i16 = -67;

/// Two adapters, or one on two days, tell one level differently: the standard itself allows ±5 dB (IEEE 802.11-2020,
/// RCPI, accuracy at 95 %). What stands that far above [`SERVES_DBM`] reaches it in any case.
const ACCURACY_DB: i16 = 5;

/// From here on a level is good, dBm.
pub const GOOD_DBM: i16 = SERVES_DBM + ACCURACY_DB;

/// How well a level serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Above [`SERVES_DBM`], however badly the adapter reads.
    Good,
    /// At or above it.
    Usable,
    /// Below it.
    Weak,
    /// Nothing of the school's was heard.
    Silent,
    /// Something was heard, and the system tells no level.
    Untold,
}

impl Reception {
    /// The word for a level in dBm.
    #[must_use]
    pub fn of_dbm(level: i16) -> Self {
        if level >= GOOD_DBM {
            Self::Good
        } else if level >= SERVES_DBM {
            Self::Usable
        } else {
            Self::Weak
        }
    }

    /// The best that a room hears.
    #[must_use]
    pub fn of_room(room: &Room) -> Self {
        match room.best_signal_dbm {
            Some(best) => Self::of_dbm(best),
            None if room.heard.is_empty() => Self::Silent,
            None => Self::Untold,
        }
    }

    /// Whether the room is below the indicative level.
    #[must_use]
    pub fn is_below(self) -> bool {
        matches!(self, Self::Weak | Self::Silent)
    }
}
