//! Durable files: the spool of reports that wait to be sent, the run lock, atomic writes. SKELETON

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The directory for the agent's state: `SONDE_ECOLE_STATE`, else `/var/lib/sonde-ecole` when running as a service or
/// root may write there, else the user's state directory.
///
/// # Errors
/// When none can be made.
pub fn state_dir(configured: Option<&Path>) -> anyhow::Result<PathBuf> {
    let _ = configured;
    anyhow::bail!("SKELETON")
}

/// Writes a file so that it is either whole or absent: temporary file beside it, fsync, rename, fsync of the directory.
///
/// # Errors
/// The operating system's, with the path.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let _ = (path, bytes);
    anyhow::bail!("SKELETON")
}

/// Keeps two runs from disturbing each other; released when dropped, or when the process dies.
#[derive(Debug)]
pub struct RunLock {}

impl RunLock {
    /// Takes the lock, or says that another run holds it (`Ok(None)`).
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn take(state: &Path) -> anyhow::Result<Option<Self>> {
        let _ = state;
        anyhow::bail!("SKELETON")
    }
}

/// Reports that wait to be sent, one file each.
#[derive(Debug)]
pub struct Spool {}

/// A report that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its id.
    pub report_id: Uuid,
    /// Its size, bytes.
    pub bytes: u64,
    /// Why it is still here, as of the last attempt.
    pub last_attempt: Option<crate::upload::Attempt>,
}

impl Spool {
    /// Opens (makes) the spool below the state directory.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(state: &Path) -> anyhow::Result<Self> {
        let _ = state;
        anyhow::bail!("SKELETON")
    }

    /// Makes a report durable. On return it survives a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, report_id: Uuid, json: &str) -> anyhow::Result<()> {
        let _ = (report_id, json);
        anyhow::bail!("SKELETON")
    }

    /// What waits, oldest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn waiting(&self) -> anyhow::Result<Vec<Waiting>> {
        anyhow::bail!("SKELETON")
    }
}
