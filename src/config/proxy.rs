//! The proxy of a run: which one counts, who set it, and the secret for it.

use std::path::{Path, PathBuf};

use sonde_probes::dial::{Credentials, Proxy};
use sonde_report::document::ProxySource;

use super::{Environment, Key, Origin, Problem, Raw, Warning};
use crate::store::read_secret;

/// The variable that holds the proxy's password itself.
pub const PASSWORD_VARIABLE: &str = "SONDE_ECOLE_PROXY_PASSWORD";

/// No password is longer; more is another file given by mistake.
const LONGEST_PASSWORD: u64 = 4096;

/// The proxy that counts, with who set it and who is reached without it.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) proxy: Option<Proxy>,
    pub(super) source: Option<ProxySource>,
    pub(super) no_proxy: Vec<String>,
}

/// Why a text is no password. Never repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordError {
    /// The file cannot be read.
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        detail: String,
    },
    /// There is nothing in it.
    Empty,
    /// Longer than any password.
    TooLong,
    /// Several lines, or characters that are no text.
    NotOneLine,
}

impl Raw {
    /// Which proxy counts, with its secret as far as it is known without asking anybody.
    pub(super) fn chosen_proxy(&mut self, environment: &Environment) -> Result<Chosen, Problem> {
        let Some((mut proxy, origin)) = self.named_proxy()? else {
            self.note_needless_user();
            return Ok(Chosen::default());
        };
        proxy.credentials = self.credentials(proxy.credentials.take(), environment)?;
        let of_system = |origin: &Origin| matches!(origin, Origin::System(_));
        // The system's list goes with the system's proxy, and with no other.
        let list = self.given.get(&Key::NoProxy);
        let list = list.filter(|list| !of_system(&list.origin) || of_system(&origin));
        Ok(Chosen {
            proxy: Some(proxy),
            source: Some(source(&origin)),
            no_proxy: list.map(|list| list.values.clone()).unwrap_or_default(),
        })
    }

    /// The proxy and where it was named. One of the system's that cannot be used is an oddity: whoever runs this did not
    /// write it.
    fn named_proxy(&mut self) -> Result<Option<(Proxy, Origin)>, Problem> {
        let Some((text, origin)) = self.text(Key::Proxy) else { return Ok(None) };
        let (text, origin) = (text.trim(), origin.clone());
        if text.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        if matches!(origin, Origin::Flag(_)) && text.contains('@') {
            return Err(Problem::PasswordInArguments);
        }
        match (text.parse::<Proxy>(), &origin) {
            (Ok(proxy), _) => Ok(Some((proxy, origin))),
            (Err(error), Origin::System(_)) => {
                self.warnings.push(Warning::SystemProxy { origin, detail: error.problem });
                Ok(None)
            }
            (Err(error), _) => Err(Problem::Proxy { origin, detail: error.problem }),
        }
    }

    /// Who typed a user and forgot the proxy would otherwise measure without one and never know.
    fn note_needless_user(&mut self) {
        let switched_off = self.given.contains_key(&Key::Proxy);
        for key in [Key::ProxyUser, Key::ProxyPasswordFile] {
            if let Some((_, Origin::Flag(name))) = self.text(key).filter(|_| !switched_off) {
                let name = name.clone();
                self.warnings.push(Warning::NoProxyForUser { name });
            }
        }
    }

    /// User and password: those given apart before those of the proxy's URL.
    fn credentials(
        &mut self,
        of_url: Option<Credentials>,
        environment: &Environment,
    ) -> Result<Option<Credentials>, Problem> {
        let given = self.proxy_user()?;
        let password = self.proxy_password(environment)?;
        let Some(user) = given.or_else(|| of_url.as_ref().map(|known| known.user.clone())) else {
            return match password {
                Some((_, origin)) => Err(Problem::ProxyUserMissing { origin }),
                None => Ok(None),
            };
        };
        // The password of a URL is that of its own user.
        let of_url = of_url.filter(|known| known.user == user).and_then(|known| known.password);
        Ok(Some(Credentials { user, password: password.map(|(password, _)| password).or(of_url) }))
    }

    /// The user. A colon would end it (RFC 7617, 2), and shows that a password follows.
    fn proxy_user(&self) -> Result<Option<String>, Problem> {
        let Some((text, origin)) = self.text(Key::ProxyUser) else { return Ok(None) };
        match text.trim() {
            "" => Ok(None),
            with_password if with_password.contains(':') => {
                Err(Problem::PasswordInUser { origin: origin.clone() })
            }
            user => Ok(Some(user.to_owned())),
        }
    }

    /// The password: from the file where one is named, else from the environment.
    fn proxy_password(&mut self, environment: &Environment) -> Result<Option<(String, Origin)>, Problem> {
        let Some((path, origin)) = self.text(Key::ProxyPasswordFile) else {
            let Some(text) = environment.get(PASSWORD_VARIABLE).filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            let origin = Origin::Variable(PASSWORD_VARIABLE.to_owned());
            return match password(text.as_bytes()) {
                Ok(password) => Ok(Some((password, origin))),
                Err(error) => Err(Problem::ProxyPassword { origin, error }),
            };
        };
        let (path, origin) = (PathBuf::from(path), origin.clone());
        let (password, readable_by_others) =
            password_of(&path).map_err(|error| Problem::ProxyPassword { origin: origin.clone(), error })?;
        if readable_by_others {
            self.warnings.push(Warning::PasswordReadable { path });
        }
        Ok(Some((password, origin)))
    }
}

/// The password in a file, and whether every user of the machine may read it.
fn password_of(path: &Path) -> Result<(String, bool), PasswordError> {
    let failed =
        |error: std::io::Error| PasswordError::Read { path: path.to_owned(), detail: error.to_string() };
    let file = read_secret(path, LONGEST_PASSWORD).map_err(failed)?;
    Ok((password(&file.bytes)?, file.readable_by_others))
}

/// One line of text, as it is but for its end: a password may begin or end with a space.
fn password(bytes: &[u8]) -> Result<String, PasswordError> {
    let text = std::str::from_utf8(bytes).map_err(|_| PasswordError::NotOneLine)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        Err(PasswordError::Empty)
    } else if text.len() as u64 > LONGEST_PASSWORD {
        Err(PasswordError::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(PasswordError::NotOneLine)
    } else {
        Ok(text.to_owned())
    }
}

fn source(origin: &Origin) -> ProxySource {
    match origin {
        Origin::Flag(_) | Origin::Question => ProxySource::CommandLine,
        Origin::File { .. } => ProxySource::Configuration,
        Origin::Variable(name) if *name == Key::Proxy.variable() => ProxySource::Configuration,
        Origin::Variable(_) => ProxySource::Environment,
        Origin::System(_) => ProxySource::SystemSettings,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sonde_probes::system_proxy::{Place, SystemProxy};

    use super::*;

    const URL: &str = "http://proxy.example:3128";

    fn variables(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn system(proxy: &str) -> SystemProxy {
        let (place, no_proxy) = (Place::Registry, vec!["*.system.example".to_owned()]);
        SystemProxy { place, proxy: Some(proxy.to_owned()), no_proxy, auto_config_url: None }
    }

    /// What counts of these flags, variables and system settings; and the oddities.
    fn chosen(
        flags: &[(Key, &str)],
        environment: &[(&str, &str)],
        system: Option<SystemProxy>,
    ) -> Result<(Chosen, Vec<Warning>), Problem> {
        let environment = variables(environment);
        let mut raw = Raw::load(None, None, &environment)?;
        raw.take_system(system);
        for (key, value) in flags {
            raw.take_flag(*key, &[(*value).to_owned()]);
        }
        let chosen = raw.chosen_proxy(&environment)?;
        Ok((chosen, raw.warnings))
    }

    fn credentials(
        flags: &[(Key, &str)],
        environment: &[(&str, &str)],
    ) -> Result<Option<(String, Option<String>)>, Problem> {
        let known = chosen(flags, environment, None)?.0.proxy.unwrap().credentials;
        Ok(known.map(|known| (known.user, known.password)))
    }

    #[test]
    fn the_nearer_source_counts_and_says_its_name() {
        let host = |flags: &[(Key, &str)], environment: &[(&str, &str)]| {
            let (chosen, warnings) = chosen(flags, environment, Some(system("of-system:80"))).unwrap();
            assert_eq!(warnings, []);
            (chosen.proxy.map(|proxy| proxy.host), chosen.source, chosen.no_proxy)
        };
        let shared = ("HTTPS_PROXY", "http://of-shared:80");
        let own = ("SONDE_ECOLE_PROXY", "http://of-own:80");
        let flag = (Key::Proxy, "http://of-flag:80");
        let named = |host: &str| Some(host.to_owned());
        let of_system = vec!["*.system.example".to_owned()];
        assert_eq!(host(&[], &[]), (named("of-system"), Some(ProxySource::SystemSettings), of_system));
        assert_eq!(host(&[], &[shared]), (named("of-shared"), Some(ProxySource::Environment), vec![]));
        assert_eq!(host(&[], &[shared, own]), (named("of-own"), Some(ProxySource::Configuration), vec![]));
        let strongest = host(&[flag], &[shared, own]);
        assert_eq!(strongest, (named("of-flag"), Some(ProxySource::CommandLine), vec![]));
        assert_eq!(host(&[flag], &[]), (named("of-flag"), Some(ProxySource::CommandLine), vec![]));
        assert_eq!(host(&[(Key::Proxy, "none")], &[shared]), (None, None, vec![]));
        let given = [("NO_PROXY", "a.example,b.example")];
        assert_eq!(
            host(&[], &given).2,
            ["a.example", "b.example"],
            "a list that is given stands in its place"
        );
    }

    #[test]
    fn an_unusable_proxy_of_the_system_is_an_oddity_and_of_anyone_else_a_refusal() {
        let (found, warnings) = chosen(&[], &[], Some(system("socks4://h:1"))).unwrap();
        assert!(found.proxy.is_none() && found.source.is_none());
        assert!(matches!(warnings[..], [Warning::SystemProxy { .. }]), "{warnings:?}");
        let refused = chosen(&[], &[("HTTPS_PROXY", "socks4://h:1")], None).unwrap_err();
        assert!(matches!(refused, Problem::Proxy { .. }), "{refused:?}");
    }

    #[test]
    fn all_proxy_and_socks_are_taken() {
        let (found, _) = chosen(&[], &[("ALL_PROXY", "socks5://h:1"), ("HTTP_PROXY", "h:2")], None).unwrap();
        assert_eq!(found.proxy.unwrap().shown(), "socks5://h:1");
    }

    #[test]
    fn the_password_comes_from_the_file_the_variable_or_the_url() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "\u{feff} mot de passe é \r\n").unwrap();
        let file = file.to_str().unwrap();
        let (proxy, user) = ((Key::Proxy, URL), (Key::ProxyUser, "jean"));
        let variable = (PASSWORD_VARIABLE, "variable");
        let jean = |password: Option<&str>| Ok(Some(("jean".to_owned(), password.map(str::to_owned))));
        let with_file = [proxy, user, (Key::ProxyPasswordFile, file)];
        assert_eq!(credentials(&with_file, &[variable]), jean(Some(" mot de passe é ")));
        assert_eq!(credentials(&[proxy, user], &[variable]), jean(Some("variable")));
        assert_eq!(credentials(&[proxy, user], &[]), jean(None));
        assert_eq!(credentials(&[proxy], &[]), Ok(None));
        let url = |login: &'static str| [("HTTPS_PROXY", login)];
        let (bare, whole) = ("http://jean@h:1", "http://jean:url@h:1");
        assert_eq!(credentials(&[], &url(whole)), jean(Some("url")));
        assert_eq!(credentials(&[], &url(bare)), jean(None));
        assert_eq!(credentials(&[user], &url(whole)), jean(Some("url")));
        assert_eq!(credentials(&[user], &url("http://paul:url@h:1")), jean(None), "another's password");
        assert_eq!(credentials(&[], &[("HTTPS_PROXY", bare), variable]), jean(Some("variable")));
        let problem = credentials(&[proxy], &[variable]).unwrap_err();
        assert!(matches!(problem, Problem::ProxyUserMissing { .. }), "{problem:?}");
    }

    #[test]
    fn a_password_in_the_user_is_refused_and_never_shown() {
        let problem = chosen(&[(Key::Proxy, URL), (Key::ProxyUser, "jean:hunter2")], &[], None).unwrap_err();
        assert!(matches!(problem, Problem::PasswordInUser { .. }), "{problem:?}");
        assert!(!format!("{problem:?}").contains("hunter2"));
        let (found, _) =
            chosen(&[(Key::Proxy, URL), (Key::ProxyUser, "jean")], &[(PASSWORD_VARIABLE, "hunter2")], None)
                .unwrap();
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn a_user_without_a_proxy_is_told_unless_it_was_switched_off() {
        let user = (Key::ProxyUser, "jean");
        let (_, warnings) = chosen(&[user], &[], None).unwrap();
        assert_eq!(warnings, [Warning::NoProxyForUser { name: "--proxy-user".to_owned() }]);
        assert_eq!(chosen(&[user, (Key::Proxy, "none")], &[], None).unwrap().1, []);
    }

    #[test]
    fn what_is_no_password_is_refused() {
        for (bytes, error) in [
            (&b""[..], PasswordError::Empty),
            (b"\n", PasswordError::Empty),
            (b"one\ntwo\n", PasswordError::NotOneLine),
            (b"a\x07", PasswordError::NotOneLine),
            (b"\xff\xfe", PasswordError::NotOneLine),
            (&[b'x'; LONGEST_PASSWORD as usize + 1], PasswordError::TooLong),
        ] {
            assert_eq!(password(bytes), Err(error), "{:?}", &bytes[..bytes.len().min(9)]);
        }
    }
}
