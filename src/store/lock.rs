//! One run at a time: two transfers side by side would each measure half of the line.

use std::fs::{self, File, TryLockError};
use std::io::{Seek as _, Write as _};
use std::path::Path;

use super::durable::{at, make_private_dir};

/// The lock's file below the state directory. It stays when the lock is released: only the system's lock on it counts.
const FILE: &str = "run.lock";

/// The same for a Wi-Fi survey, whose rooms one process at a time may write.
const SURVEY_FILE: &str = "wifi-survey.lock";

/// Keeps two runs from disturbing each other; released when dropped, or when the process dies in any way.
#[derive(Debug)]
pub struct RunLock {
    /// Holds the system's lock as long as it is open.
    _file: File,
}

impl RunLock {
    /// Takes the lock, or says that another run holds it (`Ok(None)`).
    ///
    /// # Errors
    /// A [`super::durable::StoreError`] when the lock file cannot be made or the file system knows no locks.
    pub fn take(state: &Path) -> anyhow::Result<Option<Self>> {
        Self::take_file(state, FILE)
    }

    /// Takes the lock of surveys, which keeps out another survey and no run.
    ///
    /// # Errors
    /// As [`RunLock::take`].
    pub fn take_survey(state: &Path) -> anyhow::Result<Option<Self>> {
        Self::take_file(state, SURVEY_FILE)
    }

    fn take_file(state: &Path, file: &str) -> anyhow::Result<Option<Self>> {
        make_private_dir(state)?;
        let path = state.join(file);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(at("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(at("lock", &path)(error).into()),
        }
        // For the eyes alone: a disk too full to write it must not stop the run.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.flush());
        Ok(Some(Self { _file: file }))
    }

    /// The process that took the lock last, as it wrote itself down. For a message: it may be gone by now.
    #[must_use]
    pub fn last_holder(state: &Path) -> Option<u32> {
        fs::read_to_string(state.join(FILE)).ok()?.trim().parse().ok()
    }
}
