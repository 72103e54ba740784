//! Writing a file so that it is whole or absent, whatever happens; errors that say what was done to which path.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How the name of an unfinished file ends. It starts with a dot: nothing takes it for a report.
pub(super) const UNFINISHED: &str = ".tmp";

/// An operation on a path that the system refused.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {path}: {answer}")]
pub struct StoreError {
    /// What was being done (`create`, `write`, `fsync`, `rename`…).
    pub operation: &'static str,
    /// To which file or directory.
    pub path: PathBuf,
    /// What the system answered. No `source`: it stands in the sentence, and a chain would say it twice.
    pub answer: io::Error,
}

/// What the system answered, for a sentence that names the path itself; another error in full.
#[must_use]
pub fn answer(error: &anyhow::Error) -> String {
    error
        .downcast_ref::<StoreError>()
        .map_or_else(|| format!("{error:#}"), |refused| refused.answer.to_string())
}

/// Names the operation and path of an error, for `map_err`.
pub(super) fn at<'a>(operation: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |answer| StoreError { operation, path: path.to_owned(), answer }
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Its owner alone (0600 where the system has modes).
    Owner,
    /// As the user's umask says, or as the file that it replaces.
    Umask,
}

/// What to do when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// The new file takes its place.
    Replace,
    /// The old file stays and the write fails with `AlreadyExists`.
    Keep,
}

/// Writes a file the user named so that it is either whole or as it was before: temporary file beside it, fsync,
/// rename, fsync of the directory. A link is followed; what is no regular file (`/dev/stdout`, a pipe) is written
/// straight.
///
/// # Errors
/// A [`StoreError`] with the operation and the path.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_named(path, bytes, Readers::Umask)
}

/// The same, but readable by its owner alone, also where a file is replaced that others could read.
///
/// # Errors
/// A [`StoreError`] with the operation and the path.
pub fn write_atomic_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_named(path, bytes, Readers::Owner)
}

/// Writes a file that the user named.
fn write_named(path: &Path, bytes: &[u8], readers: Readers) -> anyhow::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(answer) => return Err(StoreError { operation: "open", path: path.to_owned(), answer }.into()),
    };
    match fs::metadata(&path) {
        Ok(known) if known.is_dir() => {
            let answer = io::Error::from(io::ErrorKind::IsADirectory);
            Err(StoreError { operation: "write", path, answer }.into())
        }
        Ok(known) if !known.is_file() => {
            let mut file = File::options().write(true).open(&path).map_err(at("open", &path))?;
            Ok(file.write_all(bytes).map_err(at("write", &path))?)
        }
        _ => Ok(place(&path, bytes, readers, Taken::Replace)?),
    }
}

/// The same for the agent's own state: readable by its owner alone.
///
/// # Errors
/// A [`StoreError`] with the operation and the path.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    place(path, bytes, Readers::Owner, Taken::Replace)
}

/// Removes a file of the agent's own state for good, after a power cut too. One that is not there is no error.
///
/// # Errors
/// A [`StoreError`] with the operation and the path.
pub fn remove_private(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(at("remove", path))?,
    }
    path.parent().map_or(Ok(()), sync_dir)
}

/// Gives a file of the agent's own state another name, for good.
///
/// # Errors
/// A [`StoreError`] with the operation and the path.
pub fn rename_private(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(at("rename", from))?;
    to.parent().map_or(Ok(()), sync_dir)
}

/// The same, but an existing file is never replaced: then the error's kind is `AlreadyExists`.
pub(super) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    place(path, bytes, Readers::Owner, Taken::Keep)
}

/// The one way a file comes into being.
fn place(path: &Path, bytes: &[u8], readers: Readers, taken: Taken) -> Result<(), StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut unfinished =
        unfinished_in(directory, path, readers).map_err(at("create a file in", directory))?;
    unfinished.write_all(bytes).map_err(at("write", path))?;
    unfinished.as_file().sync_all().map_err(at("fsync", path))?;
    let placed = match taken {
        Taken::Replace => unfinished.persist(path),
        Taken::Keep => unfinished.persist_noclobber(path),
    };
    placed.map_err(|refused| at("rename to", path)(refused.error))?;
    sync_dir(directory)
}

/// A temporary file beside `path`. It vanishes when dropped, so an error leaves nothing behind.
fn unfinished_in(directory: &Path, path: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sonde-ecole-").suffix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if readers == Readers::Umask {
            // A file that is replaced keeps its mode; the system takes the umask off a new one's.
            let mode = fs::metadata(path).map_or(0o666, |known| known.permissions().mode() & 0o777);
            builder.permissions(fs::Permissions::from_mode(mode));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, readers);
    builder.tempfile_in(directory)
}

/// Makes the names in a directory durable: without it, a renamed or removed file may be as before after a power cut.
#[cfg(unix)]
pub(super) fn sync_dir(directory: &Path) -> Result<(), StoreError> {
    File::open(directory).and_then(|open| open.sync_all()).map_err(at("fsync", directory))
}

/// Windows has no way to flush a directory; NTFS journals the change of names by itself.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same call on every system")]
pub(super) fn sync_dir(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Makes a directory and those above it, private to the owner where they are new.
pub(super) fn make_private_dir(directory: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(at("create the directory", directory))
}
