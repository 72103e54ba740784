//! The file of an unfinished survey: each room is in it before the next question, whole or not at all.
//!
//! JSON, `"format": "sonde-ecole/wifi-survey/1"`, in the state directory, readable by its owner alone. It holds the
//! school's own entries of each scan; a neighbour is only counted in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sonde_probes::wifi::{Recording, RecordingError, Visit};
use sonde_report::document::{Site, WifiOn};
use sonde_report::{Timestamp, Uai};

use super::{BadName, JsonFault};
use crate::store::{RunLock, StoreError, remove_private, rename_private, write_private};

/// The form's name and version; another version has another number.
const FORMAT: &str = "sonde-ecole/wifi-survey/1";

/// The file below the state directory.
const FILE: &str = "wifi-survey.json";

/// The report of the survey that was finished last, where no file was named for it.
const LAST_RESULT: &str = "wifi-survey-last.json";

/// The largest file, in bytes: a hundred rooms of a hundred entries with two kilobytes of elements each, twice over for the
/// digits, make 40 MB.
const LARGEST_FILE: u64 = 64 << 20;

/// A survey that nobody went on with for so long is of another day: a script must say that it means it. Longer than a
/// school's day, shorter than a night and the morning after.
const OF_TODAY: Duration = Duration::from_secs(12 * 3600);

/// A room measured longer ago is not replaced without a word: it may be another school's. A second try in a room takes
/// minutes.
const ANOTHER_VISIT: Duration = Duration::from_secs(3600);

/// An unfinished survey. No `Debug`: it holds addresses.
#[derive(Clone, Default)]
pub struct Kept {
    /// The names declared as the school's, as patterns.
    pub ssids: Vec<String>,
    /// Whether nobody declared them: it is the network that the machine was on in the first room.
    pub assumed: bool,
    /// What was said of the school.
    pub school: School,
    /// The rooms, in the order they were first visited.
    pub rooms: Vec<Visit>,
}

/// What was said of the school, as far as it bears on the Wi-Fi.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct School {
    /// Its UAI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uai: Option<Uai>,
    /// Building or site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether its Wi-Fi was on.
    #[serde(default)]
    pub wifi_on: WifiOn,
    /// The access points that were declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_access_points: Option<u32>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// The form's name and version.
    format: String,
    /// The names declared as the school's.
    ssids: Vec<String>,
    /// Whether they are the network that the machine was on, since none was declared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ssids_assumed: bool,
    /// What was said of the school.
    school: School,
    /// The rooms.
    rooms: Vec<RoomDocument>,
}

/// A room in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomDocument {
    /// Its name.
    name: String,
    /// When the radio listened there.
    at: Timestamp,
    /// Whether it was read from a file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    recorded: bool,
    /// The school's entries, in the form of a recorded scan.
    heard: serde_json::Value,
}

/// Why the file of an unfinished survey is refused. It stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read at all.
    Unreadable(String),
    /// It is of another form or version.
    OtherFormat,
    /// It is not well formed: torn, edited, or somebody else's.
    Damaged(Damage),
}

/// What is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// It is not JSON of the form.
    Json(JsonFault),
    /// A room's name is none.
    Room(BadName),
    /// What was heard in a room cannot be read.
    Heard {
        /// The room.
        room: String,
        /// Why not.
        error: RecordingError,
    },
    /// It is longer than any survey, which has at most so many bytes.
    TooLarge(u64),
}

/// What disagrees between an unfinished survey and what is asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differs {
    /// The names of the networks: those kept, those given.
    Ssids(Vec<String>, Vec<String>),
    /// The UAI: the one kept, the one given.
    Uai(String, String),
    /// The building or site: the one kept, the one given.
    Label(String, String),
}

/// Where an unfinished survey is kept; holds the lock of surveys.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    _lock: Option<RunLock>,
}

impl StateFile {
    /// The file below this state directory.
    #[must_use]
    pub fn new(state: &Path, lock: Option<RunLock>) -> Self {
        Self { path: state.join(FILE), _lock: lock }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the unfinished survey; `None` without one.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn read(&self) -> Result<Option<Kept>, Refused> {
        let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mut text = Vec::new();
        file.take(LARGEST_FILE + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LARGEST_FILE {
            return Err(Refused::Damaged(Damage::TooLarge(LARGEST_FILE)));
        }
        Kept::from_json(&text).map(Some)
    }

    /// Writes the survey: on the disk when this returns, or as it was before.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn write(&self, kept: &Kept) -> Result<(), StoreError> {
        write_private(&self.path, kept.to_json().as_bytes())
    }

    /// Keeps the report of a finished survey, in the place of the one before; where.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn keep_result(&self, report: &str) -> Result<PathBuf, StoreError> {
        let path = self.path.with_file_name(LAST_RESULT);
        write_private(&path, report.as_bytes())?;
        Ok(path)
    }

    /// Removes it: the survey is finished and delivered.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn remove(&self) -> Result<(), StoreError> {
        remove_private(&self.path)
    }

    /// Gives a file that is refused another name, which no file has, so that a new survey loses nothing of it; the new name.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn set_aside(&self, now: &Timestamp) -> Result<PathBuf, StoreError> {
        let stem = format!("refused-{}", now.local().strftime("%Y%m%d-%H%M%S"));
        let mut aside = self.path.with_extension(format!("{stem}.json"));
        let mut again = 1;
        // The lock of surveys is held: nobody else takes the name meanwhile.
        while aside.symlink_metadata().is_ok() {
            aside = self.path.with_extension(format!("{stem}-{again}.json"));
            again += 1;
        }
        rename_private(&self.path, &aside)?;
        Ok(aside)
    }
}

impl Kept {
    /// Reads the file's text.
    fn from_json(text: &[u8]) -> Result<Self, Refused> {
        let damaged = |error| Refused::Damaged(Damage::Json(JsonFault::of(&error)));
        let value: serde_json::Value = serde_json::from_slice(text).map_err(damaged)?;
        match value.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => {}
            _ => return Err(Refused::OtherFormat),
        }
        // Read again from the text: only the text knows lines.
        let document: Document = serde_json::from_slice(text).map_err(damaged)?;
        let rooms = document.rooms.into_iter().map(RoomDocument::visit).collect::<Result<_, _>>()?;
        let Document { ssids, ssids_assumed: assumed, school, .. } = document;
        Ok(Self { ssids, assumed, school, rooms })
    }

    /// The file's text.
    fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.to_owned(),
            ssids: self.ssids.clone(),
            ssids_assumed: self.assumed,
            school: self.school.clone(),
            rooms: self.rooms.iter().map(RoomDocument::of).collect(),
        };
        // Every field writes itself without fail.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Puts a room in, in the place of an earlier visit of the same name; whether there was one.
    pub fn put(&mut self, room: Visit) -> bool {
        if let Some(known) = self.rooms.iter_mut().find(|known| super::same_room(&known.room, &room.room)) {
            *known = room;
            return true;
        }
        self.rooms.push(room);
        false
    }

    /// The rooms' names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.rooms.iter().map(|room| room.room.clone()).collect()
    }

    /// When the first and the last scan were.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || self.rooms.iter().map(|room| room.at);
        Some((times().min_by_key(Timestamp::instant)?, times().max_by_key(Timestamp::instant)?))
    }

    /// Whether the last room is too long ago for a script to go on without a word.
    #[must_use]
    pub fn is_of_another_day(&self, now: &Timestamp) -> bool {
        let Some((_, last)) = self.span() else { return false };
        now.instant().duration_since(last.instant()).unsigned_abs() > OF_TODAY
    }

    /// When the room of this name was measured, where that was in another visit: its scan must not go without a word.
    #[must_use]
    pub fn measured_before(&self, name: &str, now: &Timestamp) -> Option<Timestamp> {
        let known = self.rooms.iter().find(|known| super::same_room(&known.room, name))?;
        let since = now.instant().duration_since(known.at.instant()).unsigned_abs();
        (since > ANOTHER_VISIT).then_some(known.at)
    }

    /// Takes what is said now of the school and its networks; what was not said before is kept from here on.
    ///
    /// # Errors
    /// [`Differs`]: what disagrees. Nothing is changed then.
    pub fn agree(&mut self, ssids: &[String], site: &Site) -> Result<(), Differs> {
        if let Some(disagreement) = self.disagreement(ssids, site) {
            return Err(disagreement);
        }
        if !ssids.is_empty() {
            self.ssids = ssids.to_vec();
            self.assumed = false;
        }
        let school = &mut self.school;
        school.uai = school.uai.take().or_else(|| site.uai.clone());
        school.label = school.label.take().or_else(|| site.label.clone());
        if site.wifi_on != WifiOn::Unknown {
            school.wifi_on = site.wifi_on;
        }
        school.declared_access_points = site.declared_access_points.or(school.declared_access_points);
        Ok(())
    }

    fn disagreement(&self, ssids: &[String], site: &Site) -> Option<Differs> {
        let sorted = |names: &[String]| names.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        if !ssids.is_empty() && !self.ssids.is_empty() && sorted(ssids) != sorted(&self.ssids) {
            return Some(Differs::Ssids(self.ssids.clone(), ssids.to_vec()));
        }
        differ(self.school.uai.as_ref(), site.uai.as_ref())
            .map(|(kept, given)| Differs::Uai(kept, given))
            .or_else(|| {
                let labels = differ(self.school.label.as_ref(), site.label.as_ref());
                labels.map(|(kept, given)| Differs::Label(kept, given))
            })
    }
}

/// Both, where both are known and differ.
pub(super) fn differ<T: PartialEq + ToString>(
    kept: Option<&T>,
    given: Option<&T>,
) -> Option<(String, String)> {
    let (kept, given) = (kept?, given?);
    (kept != given).then(|| (kept.to_string(), given.to_string()))
}

impl School {
    /// Puts what the survey knows where nothing else was said.
    pub fn complete(&self, site: &mut Site) {
        site.uai = site.uai.take().or_else(|| self.uai.clone());
        site.label = site.label.take().or_else(|| self.label.clone());
        if self.wifi_on != WifiOn::Unknown {
            site.wifi_on = self.wifi_on;
        }
        site.declared_access_points = site.declared_access_points.or(self.declared_access_points);
    }
}

impl RoomDocument {
    fn of(visit: &Visit) -> Self {
        // A recording's own text is JSON.
        let heard = serde_json::from_str(&visit.heard.to_json()).unwrap_or_default();
        Self { name: visit.room.clone(), at: visit.at, recorded: visit.recorded, heard }
    }

    fn visit(self) -> Result<Visit, Refused> {
        let Self { name, at, recorded, heard } = self;
        let room = super::room_name(&name).map_err(|bad| Refused::Damaged(Damage::Room(bad)))?;
        let heard = Recording::read(heard.to_string().as_bytes())
            .map_err(|error| Refused::Damaged(Damage::Heard { room: room.clone(), error }))?;
        Ok(Visit { room, at, heard, recorded })
    }
}
