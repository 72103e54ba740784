//! What Linux tells of radios in sysfs: which interfaces are Wi-Fi, and whether a switch blocks them
//! (Documentation/ABI/stable/sysfs-class-rfkill).

use std::fs;
use std::path::Path;

/// The Wi-Fi interfaces, by name.
pub(super) fn interfaces(sys: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(sys.join("class/net")) else { return Vec::new() };
    let radios = entries
        .flatten()
        .filter(|entry| entry.path().join("phy80211").exists() || entry.path().join("wireless").exists());
    let mut names: Vec<String> = radios.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// How the radio of `interface` is blocked by a switch of its own: `hard` (a switch), `soft` (by software), or not. A switch of
/// the platform (the laptop's key) is no child of a radio: it silences the built-in one, whose attempt then fails, and not one
/// that was plugged in.
pub(super) fn blocked(sys: &Path, interface: &str) -> Option<&'static str> {
    let phy = fs::canonicalize(sys.join("class/net").join(interface).join("phy80211")).ok();
    let all = phy.map(|phy| switches(&phy)).unwrap_or_default();
    let set = |file: &str| all.iter().any(|path| read(path, file).as_deref() == Some("1"));
    if set("hard") {
        Some("hard")
    } else if set("soft") {
        Some("soft")
    } else {
        None
    }
}

fn switches(phy: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(phy) else { return Vec::new() };
    let own = |name: &str| name.starts_with("rfkill");
    let named = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(own));
    named.map(|entry| entry.path()).collect()
}

fn read(folder: &Path, file: &str) -> Option<String> {
    Some(fs::read_to_string(folder.join(file)).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn finds_radios_and_their_switches() {
        let dir = tempfile::tempdir().unwrap();
        let sys = dir.path();
        write(&sys.join("class/net/eth0/type"), "1\n");
        write(&sys.join("class/net/wlan0/phy80211/rfkill0/soft"), "0\n");
        write(&sys.join("class/net/wlan1/phy80211/rfkill1/soft"), "1\n");
        write(&sys.join("class/net/wlan2/wireless/link"), "");
        assert_eq!(interfaces(sys), ["wlan0", "wlan1", "wlan2"]);
        assert_eq!(blocked(sys, "wlan0"), None);
        assert_eq!(blocked(sys, "wlan1"), Some("soft"));
        write(&sys.join("class/net/wlan0/phy80211/rfkill0/hard"), "1\n");
        assert_eq!(blocked(sys, "wlan0"), Some("hard"));
        // The laptop's key says nothing of an adapter that was plugged in.
        write(&sys.join("class/rfkill/rfkill8/type"), "wlan\n");
        write(&sys.join("class/rfkill/rfkill8/name"), "hp-wifi\n");
        write(&sys.join("class/rfkill/rfkill8/hard"), "1\n");
        assert_eq!(blocked(sys, "wlan2"), None);
    }

    #[test]
    fn a_system_without_radios_has_none() {
        let dir = tempfile::tempdir().unwrap();
        assert!(interfaces(dir.path()).is_empty());
        assert_eq!(blocked(dir.path(), "wlan0"), None);
    }
}
