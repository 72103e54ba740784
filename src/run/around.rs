//! What the machine says of itself, for the method block: never its name, never its user.

/// The operating system's family and release: `linux 6.1`.
#[must_use]
pub fn operating_system() -> String {
    let family = std::env::consts::OS;
    release().map_or_else(|| family.to_owned(), |release| format!("{family} {release}"))
}

/// The kernel's release, two numbers of it: the rest names a distribution's build.
#[cfg(target_os = "linux")]
fn release() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let mut numbers = text.trim().split(['.', '-']);
    let (major, minor) = (numbers.next()?, numbers.next()?);
    Some(format!("{major}.{minor}"))
}

#[cfg(not(target_os = "linux"))]
fn release() -> Option<String> {
    None
}

/// Whether the system says that its clock is synchronised. systemd-timesyncd leaves a file when it is; no other
/// unprivileged sign is common, so its absence says nothing.
#[must_use]
pub fn clock_synchronised() -> Option<bool> {
    std::path::Path::new("/run/systemd/timesync/synchronized").exists().then_some(true)
}
