//! The proxy that the operating system is set to: Windows' registry, and `/etc/environment` elsewhere. Reading is apart
//! from parsing, so that every system tests both.
//!
//! A Linux has no one place for it. `/etc/environment` is the one that Debian's and Red Hat's installers and administrators
//! write; pam_env(8) hands it to logins, and cron's jobs never see it. A desktop's own settings are not read, nor is
//! Windows' machine-wide WinHTTP proxy (`netsh winhttp`): a binary value without a documented form.

use std::collections::BTreeMap;
use std::fmt;

/// The variables that hold a proxy, in the order in which they count: upper case first, as curl does for https, and
/// `HTTP_PROXY` last, for those who set only that.
pub const PROXY_VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];
/// The variables that hold who is reached without one.
pub const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The first of these variables that is set and not empty. An empty one is how shells and unit files unset one.
#[must_use]
pub fn first_set<'a>(
    names: &[&'static str],
    variables: &'a BTreeMap<String, String>,
) -> Option<(&'static str, &'a str)> {
    names.iter().find_map(|name| {
        let value = variables.get(*name)?.trim();
        (!value.is_empty()).then_some((*name, value))
    })
}

/// Where the system keeps its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Windows' registry, the values behind "Internet Options" and the Settings application.
    Registry,
    /// `/etc/environment`.
    EnvironmentFile,
}

/// What the system's settings say.
#[derive(Clone, PartialEq, Eq)]
pub struct SystemProxy {
    /// Where they stand.
    pub place: Place,
    /// The proxy, as [`crate::dial::Proxy`] reads one. It may hold a password: never to be shown.
    pub proxy: Option<String>,
    /// Who is reached without it.
    pub no_proxy: Vec<String>,
    /// A proxy auto-config file: to be shown, never followed.
    pub auto_config_url: Option<String>,
}

impl fmt::Debug for SystemProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = self.proxy.as_ref().map(|_| "…");
        f.debug_struct("SystemProxy")
            .field("place", &self.place)
            .field("proxy", &proxy)
            .finish_non_exhaustive()
    }
}

/// Reads the settings of this system; `None` where there are none.
#[must_use]
pub fn read() -> Option<SystemProxy> {
    #[cfg(windows)]
    return registry::read();
    #[cfg(not(windows))]
    environment_file(std::path::Path::new("/etc/environment"))
}

/// Values of one key of the registry, as they stand there.
#[derive(Debug, Default)]
struct Values {
    /// `ProxyEnable`.
    enabled: bool,
    /// `ProxyServer`: `host:port`, or `http=host:port;https=host:port;socks=host:port`.
    server: Option<String>,
    /// `ProxyOverride`: `*.ecole.fr;10.*;<local>`.
    bypass: Option<String>,
    /// `AutoConfigURL`.
    auto_config_url: Option<String>,
}

#[cfg_attr(all(not(windows), not(test)), expect(dead_code, reason = "Windows alone has a registry"))]
impl Values {
    /// What they mean; `None` when they set nothing.
    fn meaning(&self) -> Option<SystemProxy> {
        let filled = |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
        let proxy = Some(filled(&self.server)).filter(|_| self.enabled).and_then(|server| for_https(&server));
        let auto_config_url = Some(filled(&self.auto_config_url)).filter(|url| !url.is_empty());
        if proxy.is_none() && auto_config_url.is_none() {
            return None;
        }
        let bypass = filled(&self.bypass);
        let no_proxy = bypass.split(separates).filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
        Some(SystemProxy { place: Place::Registry, proxy, no_proxy, auto_config_url })
    }
}

/// What stands between the parts of `ProxyServer` and `ProxyOverride`.
fn separates(c: char) -> bool {
    c == ';' || c.is_whitespace()
}

/// The proxy for https sites, which nearly all services are. Where schemes have proxies of their own and https has none,
/// that of http, as with the variables; `socks=` is version 4 on Windows, which is not spoken here, and named so that the
/// refusal says it.
fn for_https(server: &str) -> Option<String> {
    let parts: Vec<&str> = server.split(separates).filter(|part| !part.is_empty()).collect();
    let of = |scheme: &str| {
        parts.iter().find_map(|part| {
            part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case(scheme)).map(|(_, value)| value)
        })
    };
    let for_all = parts.iter().copied().find(|part| !part.contains('='));
    match of("https").or(for_all).or_else(|| of("http")) {
        Some(proxy) => Some(with_port(proxy)),
        None => of("socks").map(|host| format!("socks4://{host}")),
    }
}

/// Windows takes port 80 where none is written.
fn with_port(proxy: &str) -> String {
    let authority = proxy.split_once("://").map_or(proxy, |(_, rest)| rest).trim_end_matches('/');
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { proxy.to_owned() } else { format!("{}:80", proxy.trim_end_matches('/')) }
}

#[cfg(windows)]
mod registry {
    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

    use super::{SystemProxy, Values};

    /// What the user or the administrator set by hand.
    const SETTINGS: &str = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings";
    /// What a group policy set.
    const POLICIES: &str = r"Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";

    /// The user's settings, or the machine's where the policy "Make proxy settings per-machine (rather than per-user)"
    /// says that these count for everyone. A policy's values come before those set by hand.
    pub(super) fn read() -> Option<SystemProxy> {
        let policy = LOCAL_MACHINE.open(POLICIES).and_then(|key| key.get_u32("ProxySettingsPerUser"));
        let root = if policy.is_ok_and(|per_user| per_user == 0) { LOCAL_MACHINE } else { CURRENT_USER };
        [POLICIES, SETTINGS].iter().find_map(|path| values(&root.open(path).ok()?).meaning())
    }

    fn values(key: &Key) -> Values {
        Values {
            enabled: key.get_u32("ProxyEnable").is_ok_and(|enabled| enabled != 0),
            server: key.get_string("ProxyServer").ok(),
            bypass: key.get_string("ProxyOverride").ok(),
            auto_config_url: key.get_string("AutoConfigURL").ok(),
        }
    }
}

/// The largest `/etc/environment` read, bytes: a hundred times a long one.
#[cfg(not(windows))]
const LARGEST: u64 = 64 * 1024;

/// The settings of a file of variables; `None` when it is not there, no regular file, too large, or sets none.
#[cfg(not(windows))]
fn environment_file(path: &std::path::Path) -> Option<SystemProxy> {
    // Looked at before it is opened: a pipe would wait for its writer.
    let known = std::fs::metadata(path).ok()?;
    if !known.is_file() || known.len() > LARGEST {
        return None;
    }
    of_environment_file(&String::from_utf8_lossy(&std::fs::read(path).ok()?))
}

/// What the lines of `/etc/environment` set: `NAME=value`, quotes and `export` allowed (pam_env(8)).
#[cfg_attr(all(windows, not(test)), expect(dead_code, reason = "Windows has no such file"))]
fn of_environment_file(text: &str) -> Option<SystemProxy> {
    let variables: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
            Some((name.trim().to_owned(), unquoted(value.trim()).to_owned()))
        })
        .collect();
    let (_, proxy) = first_set(&PROXY_VARIABLES, &variables)?;
    let no_proxy = first_set(&NO_PROXY_VARIABLES, &variables).map(|(_, list)| list).unwrap_or_default();
    let no_proxy = no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    Some(SystemProxy {
        place: Place::EnvironmentFile,
        proxy: Some(proxy.to_owned()),
        no_proxy: no_proxy.map(str::to_owned).collect(),
        auto_config_url: None,
    })
}

fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::dial::{Proxy, ProxyKind};

    fn set(server: &str, bypass: &str) -> Option<SystemProxy> {
        let (server, bypass) = (Some(server.to_owned()), Some(bypass.to_owned()));
        Values { enabled: true, server, bypass, auto_config_url: None }.meaning()
    }

    #[test]
    fn the_registrys_server_is_read_in_both_its_forms() {
        for (server, expected) in [
            ("proxy.ac-x.fr:3128", "proxy.ac-x.fr:3128"),
            ("http://proxy.ac-x.fr:3128", "http://proxy.ac-x.fr:3128"),
            ("http=a.fr:1;https=b.fr:2;ftp=c.fr:3;socks=d.fr:4", "b.fr:2"),
            ("HTTP=a.fr:1 HTTPS=http://b.fr:2/", "http://b.fr:2/"),
            ("http=a.fr:1", "a.fr:1"),
            ("http=a.fr:1;e.fr:5", "e.fr:5"),
            (" proxy.ac-x.fr ", "proxy.ac-x.fr:80"),
            ("[2001:db8::1]", "[2001:db8::1]:80"),
            ("[2001:db8::1]:3128", "[2001:db8::1]:3128"),
        ] {
            let read = set(server, "").unwrap().proxy.unwrap();
            assert_eq!(read, expected, "{server}");
            assert_eq!(read.parse::<Proxy>().unwrap().kind, ProxyKind::Http, "{server}");
        }
        // Windows' `socks=` is version 4: named, and then refused where it is read.
        let socks = set("socks=d.fr:4", "").unwrap().proxy.unwrap();
        assert!(socks.parse::<Proxy>().is_err(), "{socks}");
        for nothing in ["", " ; ", "ftp=c.fr:3", "="] {
            assert_eq!(set(nothing, ""), None, "{nothing:?}");
        }
    }

    #[test]
    fn the_override_list_is_taken_as_it_stands() {
        let read = set("proxy.ac-x.fr:3128", "*.ac-x.fr;10.*; intranet ;<local>").unwrap();
        assert_eq!(read.no_proxy, ["*.ac-x.fr", "10.*", "intranet", "<local>"]);
    }

    #[test]
    fn a_proxy_that_is_switched_off_is_none_and_a_script_is_shown_all_the_same() {
        let off = || Values { server: Some("proxy.ac-x.fr:3128".to_owned()), ..Values::default() };
        assert_eq!(off().meaning(), None);
        let script = Values { auto_config_url: Some("http://ac-x.fr/proxy.pac".to_owned()), ..off() };
        let read = script.meaning().unwrap();
        assert_eq!((read.proxy, read.auto_config_url.as_deref()), (None, Some("http://ac-x.fr/proxy.pac")));
    }

    #[test]
    fn a_file_of_variables_is_read_as_pam_does() {
        let read = of_environment_file(
            "PATH=\"/usr/bin\"\n# HTTPS_PROXY=http://commented:1\nhttp_proxy=http://one:1\n\
             export https_proxy='http://jean:p%40ss@two:2'\nNO_PROXY=\"localhost, .ac-x.fr\"\n=\nnonsense\n",
        )
        .unwrap();
        assert_eq!(read.proxy.as_deref(), Some("http://jean:p%40ss@two:2"));
        assert_eq!(read.no_proxy, ["localhost", ".ac-x.fr"]);
        assert!(!format!("{read:?}").contains("p%40ss"), "{read:?}");
        assert_eq!(of_environment_file("PATH=/usr/bin\nHTTPS_PROXY=\nno_proxy=a\n"), None);
        let all = of_environment_file("http_proxy=http://a:1\nALL_PROXY=socks5://b:2\n").unwrap();
        assert_eq!(all.proxy.as_deref(), Some("socks5://b:2"), "as curl does for https");
    }

    #[cfg(not(windows))]
    #[test]
    fn what_is_no_sound_file_sets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(environment_file(folder.path()), None, "a directory");
        let file = folder.path().join("environment");
        assert_eq!(environment_file(&file), None, "not there");
        let line = "https_proxy=http://proxy:3128\n";
        std::fs::write(&file, [b"LANG=\xff\xfe\n", line.as_bytes()].concat()).unwrap();
        assert!(environment_file(&file).is_some(), "text that is not UTF-8 hides nothing");
        std::fs::write(&file, line.repeat(4000)).unwrap();
        assert_eq!(environment_file(&file), None, "too large");
    }
}
