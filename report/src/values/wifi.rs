//! Radios in sight: the school's, and how many neighbours'.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CaveatCode, Timestamp};

/// Radios in sight, the school's apart from its neighbours'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WifiValue {
    /// How the list was made.
    pub scan: ScanInfo,
    /// Distinct BSSIDs in sight, the school's and the neighbours'. After a survey: the most of any room's neighbours, and
    /// the school's of all rooms together.
    pub bssids_seen: u32,
    /// The school's own networks; `None` when no name of a school network is known.
    pub school: Option<SchoolWifi>,
    /// Neighbours' BSSIDs per band (`2.4`, `5`, `6`, in GHz): only counted. After a survey: the most of any room.
    pub neighbours: BTreeMap<String, u32>,
    /// The rooms of a survey, in the order they were visited; empty for a scan from one place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<Room>,
    /// How well the radios can work, indicative; `None` in reports written before it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radio: Option<RadioHealth>,
}

/// How a Wi-Fi list was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanInfo {
    /// The interface that listened.
    pub interface: String,
    /// Whether the radio listened for this run (`false`: the system's cached list).
    pub fresh: bool,
    /// Age of the oldest entry, milliseconds, when the list is cached and the system tells.
    pub age_ms: Option<u64>,
    /// The rooms that were visited; empty for a scan from one place.
    pub positions: Vec<String>,
    /// Whether the list, or a room's, was read from a file in the place of listening: it tells of where and when the file was
    /// made, and of who made it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

/// The school's networks in sight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolWifi {
    /// The names declared as the school's that were seen.
    pub ssids: Vec<String>,
    /// Distinct BSSIDs carrying them, and those of the same boxes that hide their names.
    pub bssids: u32,
    /// Distinct radios (a radio carries several BSSIDs).
    pub radios: u32,
    /// The boxes on the wall.
    pub access_points: AccessPointEstimate,
    /// Each box as estimated, by its number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<AccessPoint>,
    /// Each BSSID, under a pseudonym, for the technician.
    pub seen: Vec<SchoolBssid>,
}

/// An estimated number of access points, with its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPointEstimate {
    /// The most likely number.
    pub estimate: u32,
    /// At least so many.
    pub low: u32,
    /// At most so many.
    pub high: u32,
    /// Codes of the evidence that grouped BSSIDs (`address_arithmetic`, `same_band_distinct`…).
    pub evidence: Vec<String>,
}

/// One box as estimated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPoint {
    /// `borne 1`, `borne 2`…: from 1.
    pub number: u32,
    /// Who makes it, from the IEEE registry's name for its addresses; `None` for invented addresses and unknown ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// Distinct BSSIDs taken for it.
    pub bssids: u32,
    /// Its bands in GHz: `2.4`, `5`, `6`.
    pub bands: Vec<String>,
    /// The best signal any of its BSSIDs was heard at, dBm, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i16>,
}

/// One BSSID of the school, without its address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolBssid {
    /// `borne 1`, `borne 2`… as grouped: only the number, from 1.
    pub access_point: u32,
    /// The network's name; empty for a hidden one that is tied to one of the school's boxes.
    pub ssid: String,
    /// Band in GHz: `2.4`, `5`, `6`.
    pub band: String,
    /// Channel number, when known.
    pub channel: Option<u16>,
    /// Signal, dBm, when known.
    pub signal_dbm: Option<i16>,
    /// The evidence that made it one box with those listed before it (`wps_uuid`, `address_arithmetic`…); `None` for a
    /// box's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_by: Option<String>,
    /// Channel width, MHz: 20, 40, 80, 160 or 320, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width_mhz: Option<u16>,
    /// The newest generation of 802.11 it speaks, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<WifiGeneration>,
    /// How it is secured, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<WifiSecurity>,
    /// Whether it offers Wi-Fi Protected Setup, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wps: Option<bool>,
    /// Share of time its channel is busy, as the access point itself measures it (BSS Load element, IEEE 802.11-2020,
    /// 9.4.2.27), 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_use_ratio: Option<f64>,
    /// The whole address, only where `--bssid-full` asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bssid: Option<String>,
}

/// The newest generation of 802.11 a network speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WifiGeneration {
    /// 802.11a, b or g: before Wi-Fi 4.
    Legacy,
    /// 802.11n, Wi-Fi 4.
    N,
    /// 802.11ac, Wi-Fi 5.
    Ac,
    /// 802.11ax, Wi-Fi 6 (6E at 6 GHz).
    Ax,
    /// 802.11be, Wi-Fi 7.
    Be,
}

/// How a network is secured: the weakest way in that it offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WifiSecurity {
    /// None: anybody may join, everything can be read.
    Open,
    /// WEP, broken since 2001.
    Wep,
    /// WPA or WPA2 that still allows TKIP, or WPA1 itself.
    Tkip,
    /// Opportunistic Wireless Encryption (RFC 8110): no password, but encrypted.
    Owe,
    /// WPA2 with a shared password, AES.
    Wpa2Personal,
    /// Both WPA2 and WPA3 with a shared password (transition mode).
    Wpa2Wpa3Personal,
    /// WPA3 with a shared password (SAE).
    Wpa3Personal,
    /// WPA2 or WPA3 with 802.1X: each person signs in.
    Enterprise,
    /// Secured in a way this version does not know.
    Other,
}

/// One room of a survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Room {
    /// Its name, as the technician wrote it.
    pub name: String,
    /// When the radio listened there.
    pub scanned_at: Timestamp,
    /// Whether the radio listened for the survey (`false`: the system's cached list, perhaps of another room).
    pub fresh: bool,
    /// What weakens the room's scan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<CaveatCode>,
    /// The best signal of any of the school's networks, dBm; `None`: none was heard, or the system tells no signal.
    pub best_signal_dbm: Option<i16>,
    /// The boxes heard there, by number.
    pub heard: Vec<RoomSignal>,
    /// Neighbours' BSSIDs heard there: only counted.
    pub neighbours: u32,
}

/// A box as heard from one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomSignal {
    /// The box's number.
    pub access_point: u32,
    /// Its best signal there, dBm, when known.
    pub signal_dbm: Option<i16>,
    /// The band of that signal in GHz: `2.4`, `5`, `6`.
    pub band: String,
}

/// How well the school's radios can work where the list was made: indicative, judged by nobody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RadioHealth {
    /// What deserves a look, the gravest first.
    pub findings: Vec<RadioFinding>,
    /// The channels that the school uses.
    pub channels: Vec<ChannelUse>,
    /// The machine's own association, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<WifiLink>,
}

/// What deserves a look, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RadioFinding {
    /// What.
    pub code: RadioFindingCode,
    /// The school's network concerned, where it is one network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssid: Option<String>,
    /// The band concerned, in GHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
    /// The channel concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// The boxes concerned, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_points: Vec<u32>,
}

/// What deserves a look on a radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RadioFindingCode {
    /// An open network of the school (alert; ANSSI DAT-NT-005).
    OpenNetwork,
    /// WEP (alert).
    Wep,
    /// TKIP is still allowed (alert).
    Tkip,
    /// Wi-Fi Protected Setup is on (alert; ANSSI DAT-NT-005).
    WpsOn,
    /// The channel is busy more than half of the time.
    BusyChannel,
    /// Two boxes of the school share a channel: they take turns.
    SharedChannel,
    /// A channel that overlaps another box's of the school without being the same: they disturb each other (2.4 GHz), or take
    /// turns without both knowing it (wide channels at 5 GHz).
    OverlappingChannels,
    /// At 2.4 GHz, a channel wider than 20 MHz: it takes most of the band.
    WideChannel,
    /// At 2.4 GHz, a channel other than 1, 6 and 11.
    OffGridChannel,
    /// Many neighbours on the channel.
    CrowdedChannel,
    /// A channel shared with radars (DFS): the box must leave it when it hears one, and be silent a minute or more.
    RadarChannel,
    /// Nothing newer than 802.11n.
    OldGeneration,
}

/// Who uses a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelUse {
    /// Band in GHz: `2.4`, `5`, `6`.
    pub band: String,
    /// Channel number.
    pub channel: u16,
    /// The school's BSSIDs on it.
    pub school: u32,
    /// Neighbours' BSSIDs on it that its radios take turns with: at -82 dBm or more where they were heard, or at a level that
    /// the system does not tell. After a survey: the most of any room.
    pub neighbours: u32,
    /// Share of time it was busy, 0 to 1: as this machine's adapter measured it while it listened (survey data), else as
    /// the school's access point says; `None` where neither tells.
    pub busy_ratio: Option<f64>,
    /// The noise there, dBm, where the adapter tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_dbm: Option<i16>,
}

/// The machine's own association.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WifiLink {
    /// Whether it is one of the school's networks.
    pub school: bool,
    /// The signal, dBm.
    pub signal_dbm: Option<i16>,
    /// The negotiated rate outwards, bit/s: what the radio tries, not what the network gives.
    pub transmit_bps: Option<u64>,
    /// The negotiated rate inwards, bit/s.
    pub receive_bps: Option<u64>,
}
