//! Secrets in files of their own: how they are read, and whether others can read them, too.

use std::io::{self, Read as _};
use std::path::Path;

/// What was read of a file that holds a secret.
pub struct SecretFile {
    /// Its bytes, without the mark that Windows editors put in front of UTF-8.
    pub bytes: Vec<u8>,
    /// Whether every user of this machine may read the file: worth a warning. Always `false` on Windows, where rights
    /// are not looked at.
    pub readable_by_others: bool,
}

/// Reads a secret's file: no more than `limit` bytes, a line break, and one byte that shows that there is too much.
///
/// # Errors
/// The system's, when it cannot be read.
pub fn read_secret(path: &Path, limit: u64) -> io::Result<SecretFile> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let file = std::fs::File::open(path)?;
    let readable_by_others = readable_by_others(&file.metadata()?);
    let mut bytes = Vec::new();
    file.take(limit + MARK.len() as u64 + 3).read_to_end(&mut bytes)?;
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    Ok(SecretFile { bytes, readable_by_others })
}

#[cfg(unix)]
fn readable_by_others(known: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    known.permissions().mode() & 0o004 != 0
}

#[cfg(not(unix))]
fn readable_by_others(_: &std::fs::Metadata) -> bool {
    false
}
