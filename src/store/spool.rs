//! The spool: reports that wait to be sent, one file each, readable with `cat`.
//!
//! ```text
//! <state>/spool/<report_id>.json            the report, byte for byte as it will be sent
//! <state>/spool/<report_id>.attempt.json    how the last attempt to send it ended
//! <state>/spool/dropped.json                what had to be dropped for want of room
//! <state>/spool/quarantine/                 files that are no reports, each with its reason
//! ```
//! A report file exists whole or not at all. What lies here and is no report is moved aside and never stops the others.
//! It guards against torn files, not against a disk that changes a digit in place: nothing here is signed yet.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sonde_report::Timestamp;
use uuid::Uuid;

use super::durable::{StoreError, UNFINISHED, at, create_private, make_private_dir, sync_dir, write_private};
use crate::upload::Attempt;

const REPORT: &str = ".json";
const ATTEMPT: &str = ".attempt.json";
const DROPPED: &str = "dropped.json";
const QUARANTINE: &str = "quarantine";
const REASON: &str = ".reason.json";
const LOCK: &str = ".lock";

/// An unfinished file older than this belongs to a process that died: writing one takes milliseconds.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Files kept in quarantine. It is for looking into, not an archive, and must not fill the disk.
const MAX_QUARANTINED: usize = 200;

/// What the spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all reports together.
    pub bytes: u64,
    /// Number of reports.
    pub reports: usize,
}

impl Default for Limits {
    /// The collector contract's bound, whichever is reached first.
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, reports: 20_000 }
    }
}

/// Reports that wait to be sent, one file each.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    limits: Limits,
}

/// A report that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its id.
    pub report_id: Uuid,
    /// Its size, bytes.
    pub bytes: u64,
    /// Why it is still here, as of the last attempt.
    pub last_attempt: Option<Attempt>,
}

impl Waiting {
    /// When the report was made, by the machine's clock at that time: the date in a version 7 id, `None` in others.
    #[must_use]
    pub fn made_at(&self) -> Option<jiff::Timestamp> {
        let (seconds, nanoseconds) = self.report_id.get_timestamp()?.to_unix();
        jiff::Timestamp::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?).ok()
    }
}

/// What was dropped to keep the spool within its limits, since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Reports dropped.
    pub reports: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// The last ones, counted before they were removed: after a crash between the two, none is counted twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    last: Vec<Uuid>,
}

/// Why a file was moved aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is empty: a file system that lost its content in a power cut.
    Empty,
    /// It is no JSON, or only the beginning of one.
    NotJson,
    /// It is JSON, but not the report its name says.
    OtherReport,
    /// Its name is none of the spool's.
    Foreign,
}

/// A file that was moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its name in `quarantine/`.
    pub name: String,
    /// Why; `None` when that was not written or cannot be read any more.
    pub why: Option<Why>,
}

/// The reason, as it lies beside a quarantined file.
#[derive(Debug, Serialize, Deserialize)]
struct Reason {
    why: Why,
    at: Timestamp,
}

/// What was found where a report was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The report's bytes.
    Report(Vec<u8>),
    /// It is not there any more: another process sent it.
    Gone,
    /// It was no report and is in quarantine now.
    Quarantined(Why),
}

impl Spool {
    /// Opens (makes) the spool below the state directory.
    ///
    /// # Errors
    /// A [`StoreError`] when the directory cannot be made.
    pub fn open(state: &Path) -> anyhow::Result<Self> {
        Self::open_limited(state, Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As [`Spool::open`].
    pub fn open_limited(state: &Path, limits: Limits) -> anyhow::Result<Self> {
        let directory = state.join("spool");
        // A spool that is there may be on a disk that became read-only: reading it must still work.
        if !directory.is_dir() {
            make_private_dir(&directory)?;
            sync_dir(state)?;
        }
        Ok(Self { directory, limits })
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes a report durable: on return it survives a power cut. Putting the same bytes again changes nothing.
    ///
    /// When the spool is over its limits then, the oldest reports are dropped and counted; never the one just put, even
    /// if a wrong clock dated it 1970.
    ///
    /// # Errors
    /// A [`StoreError`] when it cannot be written (what was there stays whole), when it alone is beyond the limit, or
    /// when another report has the same id.
    pub fn put(&self, report_id: Uuid, json: &str) -> anyhow::Result<()> {
        let path = self.report_path(report_id);
        let refuse = |kind: io::ErrorKind, why: &str| at("write", &path)(io::Error::new(kind, why));
        if json.len() as u64 > self.limits.bytes {
            return Err(
                refuse(io::ErrorKind::FileTooLarge, "one report beyond the whole spool's limit").into()
            );
        }
        match create_private(&path, json.as_bytes()) {
            Ok(()) => {}
            Err(error) if error.answer.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&path).map_err(at("read", &path))? != json.as_bytes() {
                    return Err(refuse(io::ErrorKind::AlreadyExists, "another report has this id").into());
                }
                sync_dir(&self.directory)?;
            }
            Err(error) => return Err(error.into()),
        }
        self.make_room(report_id)?;
        Ok(())
    }

    /// What waits, oldest first (a version 7 id sorts by its date). Sweeps on the way: files that are no reports go
    /// to quarantine, what dead processes left unfinished is removed; where that is not permitted they are passed over.
    ///
    /// # Errors
    /// A [`StoreError`] when the directory cannot be read.
    pub fn waiting(&self) -> anyhow::Result<Vec<Waiting>> {
        let mut attempts = Vec::new();
        let mut waiting = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(at("list", &self.directory))? {
            let entry = entry.map_err(at("list", &self.directory))?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            // It may have been sent and removed by another process since the listing began.
            let Ok(found) = entry.metadata() else { continue };
            match kind_of(name, &found) {
                Kind::Ours => {}
                Kind::Unfinished => remove_if_abandoned(&entry.path(), &found),
                Kind::Attempt(report_id) => attempts.push(report_id),
                Kind::Report(report_id) if found.len() > 0 => {
                    waiting.push(Waiting { report_id, bytes: found.len(), last_attempt: None });
                }
                // Best effort: a file that cannot be moved must not hide those that can be sent.
                Kind::Report(_) => drop(self.quarantine(&entry.path(), Why::Empty)),
                Kind::Foreign => drop(self.quarantine(&entry.path(), Why::Foreign)),
            }
        }
        waiting.sort_by_key(|one| one.report_id);
        self.match_attempts(&mut waiting, &attempts);
        Ok(waiting)
    }

    /// Puts each attempt to its report; removes those whose report is gone.
    fn match_attempts(&self, waiting: &mut [Waiting], attempts: &[Uuid]) {
        for &report_id in attempts {
            match waiting.binary_search_by_key(&report_id, |one| one.report_id) {
                Ok(index) => {
                    if let Some(one) = waiting.get_mut(index) {
                        one.last_attempt = self.last_attempt(report_id);
                    }
                }
                Err(_) => drop(fs::remove_file(self.attempt_path(report_id))),
            }
        }
    }

    /// A report's bytes, after a look that they are a whole JSON document with the id its name says.
    ///
    /// # Errors
    /// A [`StoreError`] when it cannot be read.
    pub fn read(&self, report_id: Uuid) -> anyhow::Result<Content> {
        /// The one member that is looked at; the others are skipped but must be well-formed.
        #[derive(Deserialize)]
        struct Identified {
            report_id: Uuid,
        }
        let path = self.report_path(report_id);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Gone),
            Err(error) => return Err(at("read", &path)(error).into()),
        };
        let why = match serde_json::from_slice::<Identified>(&bytes) {
            // The parser does not look into the texts it skips.
            _ if std::str::from_utf8(&bytes).is_err() => Why::NotJson,
            Ok(document) if document.report_id == report_id => return Ok(Content::Report(bytes)),
            Err(_) if bytes.is_empty() => Why::Empty,
            Err(error) if error.is_syntax() || error.is_eof() => Why::NotJson,
            _ => Why::OtherReport,
        };
        // Where it cannot be moved it is still no report: the caller goes on with the next.
        drop(self.quarantine(&path, why));
        Ok(Content::Quarantined(why))
    }

    /// Takes a report out, durably. One that is gone already is no error: two processes may send the same.
    ///
    /// # Errors
    /// A [`StoreError`] when it cannot be removed; it will be sent again then, under the same id.
    pub fn remove(&self, report_id: Uuid) -> anyhow::Result<()> {
        for path in [self.report_path(report_id), self.attempt_path(report_id)] {
            remove_if_there(&path)?;
        }
        sync_dir(&self.directory)?;
        Ok(())
    }

    /// Notes beside a report how the last attempt to send it ended.
    ///
    /// # Errors
    /// A [`StoreError`] when it cannot be written.
    pub fn record_attempt(&self, report_id: Uuid, attempt: &Attempt) -> anyhow::Result<()> {
        write_private(&self.attempt_path(report_id), &serde_json::to_vec_pretty(attempt)?)?;
        Ok(())
    }

    /// How the last attempt to send a report ended; `None` when there was none, or its note cannot be read.
    #[must_use]
    pub fn last_attempt(&self, report_id: Uuid) -> Option<Attempt> {
        serde_json::from_slice(&fs::read(self.attempt_path(report_id)).ok()?).ok()
    }

    /// What had to be dropped since the spool was made.
    ///
    /// # Errors
    /// A [`StoreError`] when the count exists and cannot be read: a loss must not look like none.
    pub fn dropped(&self) -> anyhow::Result<Dropped> {
        let path = self.directory.join(DROPPED);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| at("read", &path)(io::Error::new(io::ErrorKind::InvalidData, error)).into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Dropped::default()),
            Err(error) => Err(at("read", &path)(error).into()),
        }
    }

    /// The files that were moved aside, by name.
    ///
    /// # Errors
    /// A [`StoreError`] when the directory cannot be read.
    pub fn quarantined(&self) -> anyhow::Result<Vec<Quarantined>> {
        let directory = self.directory.join(QUARANTINE);
        let listing = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(at("list", &directory))?,
        };
        let mut found = Vec::new();
        for entry in listing {
            let name = entry.map_err(at("list", &directory))?.file_name().to_string_lossy().into_owned();
            if name.ends_with(REASON) || name.starts_with('.') {
                continue;
            }
            let reason = fs::read(directory.join(format!("{name}{REASON}"))).ok();
            let why = reason.and_then(|bytes| serde_json::from_slice::<Reason>(&bytes).ok());
            found.push(Quarantined { name, why: why.map(|reason| reason.why) });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Moves a file aside, with the reason. The oldest make room there.
    fn quarantine(&self, path: &Path, why: Why) -> anyhow::Result<()> {
        let directory = self.directory.join(QUARANTINE);
        make_private_dir(&directory)?;
        let _held = self.hold()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let free = (0..=MAX_QUARANTINED)
            .map(|n| if n == 0 { name.clone() } else { format!("{name}.{n}") })
            .find(|name| !directory.join(name).exists());
        let Some(name) = free else { anyhow::bail!("quarantine {}: full", path.display()) };
        // The reason first: a file without one would say nothing, a reason without its file does no harm.
        let reason = Reason { why, at: sonde_probes::clock::now() };
        write_private(&directory.join(format!("{name}{REASON}")), &serde_json::to_vec(&reason)?)?;
        let aside = directory.join(&name);
        fs::rename(path, &aside).map_err(at("move to quarantine", path))?;
        sync_dir(&directory)?;
        sync_dir(&self.directory)?;
        self.thin_quarantine(&directory)
    }

    /// Removes the oldest of the quarantine beyond its bound.
    fn thin_quarantine(&self, directory: &Path) -> anyhow::Result<()> {
        let names = self.quarantined()?;
        let mut aged: Vec<_> = names
            .into_iter()
            .map(|one| {
                (fs::symlink_metadata(directory.join(&one.name)).and_then(|m| m.modified()).ok(), one.name)
            })
            .collect();
        aged.sort();
        for (_, name) in aged.iter().take(aged.len().saturating_sub(MAX_QUARANTINED)) {
            remove_if_there(&directory.join(name))?;
            remove_if_there(&directory.join(format!("{name}{REASON}")))?;
        }
        Ok(())
    }

    /// Drops the oldest reports until the spool is within its limits, all but `keep`. What is lost is counted first.
    fn make_room(&self, keep: Uuid) -> anyhow::Result<()> {
        let _held = self.hold()?;
        let waiting = self.waiting_sizes()?;
        let (mut reports, mut bytes) = (waiting.len(), waiting.iter().map(|(_, bytes)| bytes).sum::<u64>());
        let mut leaving = Vec::new();
        for &(report_id, size) in waiting.iter().filter(|(report_id, _)| *report_id != keep) {
            if reports <= self.limits.reports && bytes <= self.limits.bytes {
                break;
            }
            (reports, bytes) = (reports - 1, bytes - size);
            leaving.push((report_id, size));
        }
        if leaving.is_empty() {
            return Ok(());
        }
        self.count_dropped(&leaving)?;
        for (report_id, _) in leaving {
            remove_if_there(&self.report_path(report_id))?;
            remove_if_there(&self.attempt_path(report_id))?;
        }
        sync_dir(&self.directory)?;
        Ok(())
    }

    /// Adds to the durable count of what was dropped.
    fn count_dropped(&self, leaving: &[(Uuid, u64)]) -> anyhow::Result<()> {
        let path = self.directory.join(DROPPED);
        let mut dropped = if let Ok(dropped) = self.dropped() {
            dropped
        } else {
            // A damaged count is put aside where it is seen; the new one starts from what is known.
            fs::rename(&path, self.directory.join("dropped.damaged")).map_err(at("rename", &path))?;
            Dropped::default()
        };
        for (report_id, size) in leaving {
            if !dropped.last.contains(report_id) {
                dropped.reports += 1;
                dropped.bytes += size;
            }
        }
        dropped.last = leaving.iter().map(|(report_id, _)| *report_id).collect();
        dropped.last_at = Some(sonde_probes::clock::now());
        write_private(&path, &serde_json::to_vec(&dropped)?)?;
        Ok(())
    }

    /// Ids and sizes, oldest first, without sweeping.
    fn waiting_sizes(&self) -> Result<Vec<(Uuid, u64)>, StoreError> {
        let mut waiting = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(at("list", &self.directory))? {
            let entry = entry.map_err(at("list", &self.directory))?;
            let Ok(found) = entry.metadata() else { continue };
            if let Kind::Report(report_id) = kind_of(entry.file_name().to_str().unwrap_or_default(), &found) {
                waiting.push((report_id, found.len()));
            }
        }
        waiting.sort_unstable();
        Ok(waiting)
    }

    /// Held for the few file operations of dropping and quarantining, so that two processes do not count the same
    /// loss or take the same name.
    fn hold(&self) -> Result<File, StoreError> {
        let path = self.directory.join(LOCK);
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at("open", &path))?;
        file.lock().map_err(at("lock", &path))?;
        Ok(file)
    }

    fn report_path(&self, report_id: Uuid) -> PathBuf {
        self.directory.join(format!("{report_id}{REPORT}"))
    }

    fn attempt_path(&self, report_id: Uuid) -> PathBuf {
        self.directory.join(format!("{report_id}{ATTEMPT}"))
    }
}

/// What a name in the spool stands for.
enum Kind {
    Report(Uuid),
    Attempt(Uuid),
    Unfinished,
    /// The spool's own files, directories, and hidden files of others (an editor's, a file manager's).
    Ours,
    Foreign,
}

fn kind_of(name: &str, found: &fs::Metadata) -> Kind {
    // Only the one spelling that is written here: two spellings of one id would be two reports.
    let id_before = |end| {
        name.strip_suffix(end)
            .and_then(|id| Some((id, Uuid::try_parse(id).ok()?)))
            .filter(|(id, parsed)| *id == parsed.to_string())
    };
    if found.is_dir() || name == DROPPED || name == "dropped.damaged" {
        Kind::Ours
    } else if name.starts_with('.') {
        if name.ends_with(UNFINISHED) { Kind::Unfinished } else { Kind::Ours }
    } else if !found.is_file() {
        Kind::Foreign
    } else if let Some((_, report_id)) = id_before(ATTEMPT) {
        Kind::Attempt(report_id)
    } else if let Some((_, report_id)) = id_before(REPORT) {
        Kind::Report(report_id)
    } else {
        Kind::Foreign
    }
}

/// Removes what a dead process left unfinished. A date in the future (the clock was set back) counts as fresh.
fn remove_if_abandoned(path: &Path, found: &fs::Metadata) {
    let age = found.modified().ok().and_then(|written| SystemTime::now().duration_since(written).ok());
    if age.is_some_and(|age| age > ABANDONED_AFTER) {
        // Tried again at the next sweep.
        let _ = fs::remove_file(path);
    }
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", path)(error)),
        _ => Ok(()),
    }
}
