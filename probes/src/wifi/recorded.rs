//! Recorded scans: a list as the system gave it, in a file, and read again as if its radios were in sight.
//!
//! The form is JSON, `"format": "sonde-ecole/wifi-recording/1"`, documented by [`File`] and [`Entry`]; fields that it does
//! not know are refused, so that a misspelt one is not taken for an absent one. It holds neighbours' addresses and names:
//! one is written only when asked for, and nothing of it is sent.

use std::collections::BTreeMap;
use std::io::Read;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::band::Band;
use super::{ChannelAir, Config, LeftOut, Obstacle, Scan, Scanner, Sighting, StationLink};

/// The form's name and version; another version has another number.
const FORMAT: &str = "sonde-ecole/wifi-recording/1";

/// The largest file, in bytes: a thousand radios with two kilobytes of elements each, twice over for the digits.
const LARGEST_FILE: u64 = 8 << 20;

/// The most entries: four times the most that a system keeps (the kernel's list ends at 1000, net/wireless/scan.c).
const MOST_ENTRIES: usize = 4000;

/// What a scan can have missed, as a technical word of the form.
const PARTIAL: [&str; 4] = ["aborted", "unreadable_entry", "list_changed", "damaged_list"];

/// A recorded scan. No `Debug`: it holds neighbours' addresses and names.
#[derive(Clone)]
pub struct Recording(pub(super) Scan);

/// Why a recording cannot be read. `line` and `column` count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be read at all.
    #[error("{0}")]
    Unreadable(String),
    /// It is longer than any recording.
    #[error("longer than {0} bytes")]
    TooLarge(u64),
    /// It says that it is of another form or version, or does not say.
    #[error("format is not {FORMAT}")]
    OtherFormat,
    /// It is not well formed.
    #[error("line {line}, column {column}: {detail}")]
    Malformed {
        /// The line.
        line: usize,
        /// The column, in bytes.
        column: usize,
        /// The parser's words.
        detail: String,
    },
    /// A value is not one of the form's.
    #[error("{place}: expected {expected}")]
    BadValue {
        /// The field, such as `sightings[3].bssid`.
        place: String,
        /// What may stand there, in codes and numbers.
        expected: String,
    },
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The form's name and version.
    format: String,
    /// The interface that listened.
    interface: String,
    /// Whether the radio listened for this list; otherwise the system had it.
    fresh: bool,
    /// What the scan may have missed: `aborted`, `unreadable_entry`, `list_changed`, `damaged_list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
    /// The bands the adapter hears (`2.4`, `5`, `6`); absent when the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bands: Option<Vec<String>>,
    /// Whether every exact name of the school's was asked for on the air.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asked: bool,
    /// The associated network's name, its bytes in hexadecimal; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    associated_ssid: Option<Bytes>,
    /// Neighbours per band that were counted and left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    left_out: BTreeMap<String, u32>,
    /// Those of them that the school's radios take turns with, on each channel (its centre in MHz).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    left_out_audible: BTreeMap<u32, u32>,
    /// Those of them that are loud and have no name.
    #[serde(default, skip_serializing_if = "is_zero")]
    left_out_hidden: u32,
    /// The channels as the adapter measured them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    air: Vec<Air>,
    /// The machine's own association.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Link>,
    /// Each entry of the list.
    sightings: Vec<Entry>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's form.
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A channel as the adapter measured it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Air {
    /// The channel's centre, MHz.
    mhz: u32,
    /// How long the adapter listened there, ms.
    active_ms: u64,
    /// How much of it the channel was busy, ms.
    busy_ms: u64,
    /// The noise, dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noise_dbm: Option<i8>,
}

impl Air {
    fn of(air: &ChannelAir) -> Self {
        let &ChannelAir { mhz, active_ms, busy_ms, noise_dbm } = air;
        Self { mhz, active_ms, busy_ms, noise_dbm }
    }

    fn read(self) -> ChannelAir {
        let Self { mhz, active_ms, busy_ms, noise_dbm } = self;
        ChannelAir { mhz, active_ms, busy_ms, noise_dbm }
    }
}

/// The machine's own association.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    /// The signal, dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal_dbm: Option<i16>,
    /// The negotiated rate outwards, bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transmit_bps: Option<u64>,
    /// The negotiated rate inwards, bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receive_bps: Option<u64>,
}

impl Link {
    fn of(link: &StationLink) -> Self {
        let &StationLink { signal_dbm, transmit_bps, receive_bps } = link;
        Self { signal_dbm, transmit_bps, receive_bps }
    }

    fn read(self) -> StationLink {
        let Self { signal_dbm, transmit_bps, receive_bps } = self;
        StationLink { signal_dbm, transmit_bps, receive_bps }
    }
}

/// One radio name in sight.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Its address, twelve hexadecimal digits; `:` and `-` between them are allowed.
    bssid: Bytes,
    /// The primary channel's centre, MHz; absent when the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mhz: Option<u32>,
    /// The signal, dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal_dbm: Option<i16>,
    /// How long ago it was heard, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen_ms_ago: Option<u64>,
    /// The radio's timer in its latest frame, µs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tsf_us: Option<u64>,
    /// When that frame was received, µs of the machine's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received_us: Option<u64>,
    /// Whether the machine is associated with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    associated: bool,
    /// Whether the frame says that data is encrypted; absent when the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    privacy: Option<bool>,
    /// The information elements as they came through the air, in hexadecimal.
    #[serde(default)]
    elements: Bytes,
}

/// Bytes, written as hexadecimal digits.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(self.0.len() * 2);
        for byte in &self.0 {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |c: char| c.to_digit(16).map(|digit| digit as u8);
        let digits: Option<Vec<u8>> =
            text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).map(digit).collect();
        let digits = digits.ok_or_else(|| D::Error::custom("not hexadecimal digits"))?;
        let (pairs, odd) = digits.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(D::Error::custom("an odd number of hexadecimal digits"));
        }
        Ok(Self(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
    }
}

impl Recording {
    pub(super) fn of(scan: Scan) -> Self {
        Self(scan)
    }

    /// Reads a recording; no more than its bound is read from `source`.
    ///
    /// # Errors
    /// [`RecordingError`], with the place.
    pub fn read(source: impl Read) -> Result<Self, RecordingError> {
        let mut text = Vec::new();
        // One more than allowed tells a longer file from one that just fits.
        let taken = source.take(LARGEST_FILE + 1).read_to_end(&mut text);
        taken.map_err(|error| RecordingError::Unreadable(error.to_string()))?;
        if text.len() as u64 > LARGEST_FILE {
            return Err(RecordingError::TooLarge(LARGEST_FILE));
        }
        // Editors on Windows put a mark before UTF-8.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let value: serde_json::Value = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
        if value.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
            return Err(RecordingError::OtherFormat);
        }
        // Read again from the text: only the text knows lines.
        let file: File = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
        file.scan().map(Self)
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every field writes itself without fail.
        let mut text = serde_json::to_string_pretty(&File::of(&self.0)).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Scanner for Recording {
    async fn scan(&self, _: &Config) -> Result<Scan, Obstacle> {
        Ok(self.0.clone())
    }
}

/// The parser's error with its place taken out of its words. A quoted value is left out too: it may be a neighbour's name.
fn malformed(error: &serde_json::Error) -> RecordingError {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let detail = match (what.split_once('"'), what.rsplit_once('"')) {
        (Some((before, _)), Some((_, after))) => format!("{before}\"…\"{after}"),
        _ => what.to_owned(),
    };
    RecordingError::Malformed { line: error.line(), column: error.column(), detail }
}

/// What the parser cannot see is refused by its place in the structure.
fn refused(place: impl Into<String>, expected: impl Into<String>) -> RecordingError {
    RecordingError::BadValue { place: place.into(), expected: expected.into() }
}

/// A band by its name in the report.
fn band_of(place: &str, name: &str) -> Result<Band, RecordingError> {
    let band = [Band::Two, Band::Five, Band::Six].into_iter().find(|band| band.as_str() == name);
    band.ok_or_else(|| refused(place, "2.4, 5, 6"))
}

impl File {
    fn of(scan: &Scan) -> Self {
        let bands = scan.bands.as_ref();
        Self {
            format: FORMAT.to_owned(),
            interface: scan.interface.clone(),
            fresh: scan.fresh,
            partial: scan.partial.map(str::to_owned),
            bands: bands.map(|bands| bands.iter().map(|band| band.as_str().to_owned()).collect()),
            asked: scan.asked,
            associated_ssid: scan.associated.clone().map(Bytes),
            left_out: scan
                .left_out
                .bands
                .iter()
                .map(|(band, count)| (band.as_str().to_owned(), *count))
                .collect(),
            left_out_audible: scan.left_out.audible.clone(),
            left_out_hidden: scan.left_out.hidden,
            air: scan.air.iter().map(Air::of).collect(),
            link: scan.link.as_ref().map(Link::of),
            sightings: scan.sightings.iter().map(Entry::of).collect(),
        }
    }

    fn scan(self) -> Result<Scan, RecordingError> {
        if self.sightings.len() > MOST_ENTRIES {
            return Err(refused("sightings", format!("0..={MOST_ENTRIES}")));
        }
        let known = |word: String| {
            let known = PARTIAL.into_iter().find(|known| *known == word);
            known.ok_or_else(|| refused("partial", PARTIAL.join(", ")))
        };
        let bands = |names: Vec<String>| names.iter().map(|name| band_of("bands", name)).collect();
        let in_bands = |counts: BTreeMap<String, u32>| {
            let read = |(name, count): (String, u32)| band_of("left_out", &name).map(|band| (band, count));
            counts.into_iter().map(read).collect::<Result<BTreeMap<Band, u32>, _>>()
        };
        let sightings = self.sightings.into_iter().enumerate().map(|(index, entry)| entry.sighting(index));
        Ok(Scan {
            interface: self.interface,
            fresh: self.fresh,
            partial: self.partial.map(known).transpose()?,
            bands: self.bands.map(bands).transpose()?,
            asked: self.asked,
            associated: self.associated_ssid.map(|name| name.0),
            // A recording is of one place; where its reader walks on, it was cut to it when it was made.
            since_ms: None,
            left_out: LeftOut {
                bands: in_bands(self.left_out)?,
                audible: self.left_out_audible,
                hidden: self.left_out_hidden,
            },
            air: self.air.into_iter().map(Air::read).collect(),
            link: self.link.map(Link::read),
            sightings: sightings.collect::<Result<_, _>>()?,
        })
    }
}

impl Entry {
    fn of(sighting: &Sighting) -> Self {
        Self {
            bssid: Bytes(sighting.bssid.to_vec()),
            mhz: Some(sighting.mhz).filter(|mhz| *mhz != 0),
            signal_dbm: sighting.signal_dbm,
            seen_ms_ago: sighting.seen_ms_ago,
            tsf_us: sighting.tsf_us,
            received_us: sighting.received_us,
            associated: sighting.associated,
            privacy: sighting.privacy,
            elements: Bytes(sighting.elements.clone()),
        }
    }

    fn sighting(self, index: usize) -> Result<Sighting, RecordingError> {
        let address = <[u8; 6]>::try_from(self.bssid.0);
        Ok(Sighting {
            bssid: address
                .map_err(|_| refused(format!("sightings[{index}].bssid"), "000000000000..ffffffffffff"))?,
            mhz: self.mhz.unwrap_or(0),
            signal_dbm: self.signal_dbm,
            seen_ms_ago: self.seen_ms_ago,
            tsf_us: self.tsf_us,
            received_us: self.received_us,
            associated: self.associated,
            privacy: self.privacy,
            elements: self.elements.0,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn entry(fields: &str) -> String {
        format!(
            "{{\"format\":\"{FORMAT}\",\"interface\":\"wlan0\",\"fresh\":true,\n\"sightings\":[\n{{{fields}}}]}}"
        )
    }

    fn read(text: &str) -> Result<Recording, RecordingError> {
        Recording::read(text.as_bytes())
    }

    fn place(text: &str) -> (usize, String) {
        match read(text) {
            Err(RecordingError::Malformed { line, detail, .. }) => (line, detail),
            Err(RecordingError::BadValue { place, .. }) => (0, place),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("read"),
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let sighting = Sighting {
            bssid: [2, 1, 0, 0xff, 0xa0, 9],
            mhz: 5180,
            signal_dbm: Some(-40),
            seen_ms_ago: Some(3),
            tsf_us: Some(u64::MAX),
            received_us: Some(1),
            associated: true,
            privacy: Some(true),
            elements: vec![0, 1, b'E'],
        };
        let scan = Scan {
            interface: "Wi-Fi é".into(),
            fresh: false,
            partial: Some("list_changed"),
            bands: Some(BTreeSet::from([Band::Two, Band::Six])),
            associated: Some(vec![0xff, 0]),
            since_ms: None,
            asked: true,
            left_out: LeftOut {
                bands: BTreeMap::from([(Band::Five, 3)]),
                audible: BTreeMap::from([(5180, 2)]),
                hidden: 1,
            },
            air: vec![ChannelAir { mhz: 2412, active_ms: 110, busy_ms: 40, noise_dbm: Some(-92) }],
            link: Some(StationLink {
                signal_dbm: Some(-50),
                transmit_bps: Some(6_000_000),
                receive_bps: None,
            }),
            sightings: vec![sighting, Sighting::default()],
        };
        let written = Recording::of(scan.clone()).to_json();
        let Recording(again) = read(&format!("\u{feff}{written}")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(Recording::of(again.clone()).to_json(), written);
        assert_eq!(
            (again.partial, again.bands, again.associated, again.left_out, again.asked),
            (scan.partial, scan.bands, scan.associated, scan.left_out, scan.asked)
        );
        let [first, second] = &again.sightings[..] else { panic!("two") };
        assert_eq!(
            (first.bssid, first.tsf_us, first.associated),
            ([2, 1, 0, 0xff, 0xa0, 9], Some(u64::MAX), true)
        );
        assert_eq!((second.mhz, second.signal_dbm, second.tsf_us), (0, None, None));
    }

    #[test]
    fn bad_input_is_refused_with_its_place() {
        assert!(read(&entry("\"bssid\":\"02:00-00 000001\"")).is_ok());
        let (line, detail) = place(&entry("\"bssid\":\"020000000001\",\"elements\":\"0g\""));
        assert_eq!((line, detail.as_str()), (3, "not hexadecimal digits"));
        let (line, detail) = place(&entry("\"bssid\":\"020000000001\",\"elements\":\"000\""));
        assert_eq!((line, detail.as_str()), (3, "an odd number of hexadecimal digits"));
        assert_eq!(place(&entry("\"bssid\":\"0200\"")).1, "sightings[0].bssid");
        assert!(place(&entry("\"bssid\":\"020000000001\",\"signal\":-40")).1.contains("unknown field"));
        assert_eq!(place("{\n\"format\": ").0, 2);
        // A value is not told: it may be a neighbour's name.
        let (_, detail) = place(&entry("\"bssid\":\"020000000001\",\"mhz\":\"Box \\\"Dupont\\\"\""));
        assert_eq!(detail, "invalid type: string \"…\", expected u32");
        assert!(matches!(read("[]"), Err(RecordingError::OtherFormat)));
        let newer = entry("").replace("recording/1", "recording/2");
        assert!(matches!(read(&newer), Err(RecordingError::OtherFormat)));
    }

    #[test]
    fn sizes_are_bounded() {
        let endless = std::io::repeat(b' ');
        assert!(matches!(Recording::read(endless), Err(RecordingError::TooLarge(_))));
        let one = "{\"bssid\":\"020000000001\"}";
        let many = vec![one; MOST_ENTRIES + 1].join(",");
        let text = entry("").replace("{}", &many);
        assert_eq!(place(&text).1, "sightings");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Recording::read(&bytes[..]);
        }
    }
}
