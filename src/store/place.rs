//! Where the state lives.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::durable::make_private_dir;

/// The directory for the agent's state, made when it is missing: the configured one, else `SONDE_ECOLE_STATE`, else
/// systemd's `STATE_DIRECTORY`, else the system's (`/var/lib/sonde-ecole`, `%ProgramData%\sonde-ecole`) where this
/// process may write, else the user's (`$XDG_STATE_HOME` or `~/.local/state`, `%LOCALAPPDATA%`).
///
/// A directory that was asked for is used or refused, never replaced by another: results must not end up in two places.
///
/// # Errors
/// When the one asked for, or the last of the others, cannot be made.
pub fn state_dir(configured: Option<&Path>) -> anyhow::Result<PathBuf> {
    choose(configured, |name| std::env::var_os(name), system_directory().as_deref())
}

/// The choice, with the environment and the system's directory given.
pub(super) fn choose(
    configured: Option<&Path>,
    environment: impl Fn(&str) -> Option<OsString>,
    system: Option<&Path>,
) -> anyhow::Result<PathBuf> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let asked = configured.map(Path::to_owned).or_else(|| set("SONDE_ECOLE_STATE"));
    if let Some(asked) = asked.or_else(|| first_of_list(environment("STATE_DIRECTORY"))) {
        make_private_dir(&asked)?;
        return Ok(asked);
    }
    if let Some(system) = system.filter(|system| usable(system)) {
        return Ok(system.to_owned());
    }
    let of_user = user_directory(&set).ok_or_else(|| {
        anyhow::anyhow!(
            "no state directory: neither HOME nor XDG_STATE_HOME is set (SONDE_ECOLE_STATE names one)"
        )
    })?;
    make_private_dir(&of_user)?;
    Ok(of_user)
}

/// systemd lists several directories with colons (systemd.exec(5), `StateDirectory=`); ours is the first.
fn first_of_list(list: Option<OsString>) -> Option<PathBuf> {
    std::env::split_paths(&list?).next().filter(|first| !first.as_os_str().is_empty())
}

/// Whether this process may write there; tried, because rights come in more forms than mode bits.
fn usable(directory: &Path) -> bool {
    make_private_dir(directory).is_ok() && tempfile::tempfile_in(directory).is_ok()
}

#[cfg(not(windows))]
#[expect(clippy::unnecessary_wraps, reason = "Windows may have none")]
fn system_directory() -> Option<PathBuf> {
    Some(PathBuf::from("/var/lib/sonde-ecole"))
}

#[cfg(windows)]
fn system_directory() -> Option<PathBuf> {
    std::env::var_os("ProgramData").map(|data| PathBuf::from(data).join("sonde-ecole"))
}

#[cfg(not(windows))]
fn user_directory(set: &impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // The XDG specification has relative values ignored.
    let state = set("XDG_STATE_HOME").filter(|state| state.is_absolute());
    Some(state.or_else(|| Some(set("HOME")?.join(".local/state")))?.join("sonde-ecole"))
}

#[cfg(windows)]
fn user_directory(set: &impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    Some(set("LOCALAPPDATA")?.join("sonde-ecole"))
}
