//! From texts to types: what a run is asked, checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sonde_probes::ProbeName;
use sonde_probes::catalogue::Endpoint;
use sonde_probes::dial::{DialConfig, Scheme, Target, read_pem_certificates};
use sonde_probes::dns::Reference;
use sonde_probes::internet::ControlTarget;
use sonde_probes::throughput::MireUrl;
use sonde_report::document::{ProxySource, Site};
use sonde_report::{Requirements, SchoolSize};

use super::proxy::Chosen;
use super::services::Services;
use super::values::{self, Expected, NtpServer, Until};
use super::{Environment, Given, Key, NameOf, Origin, Problem, Raw, TOKEN_VARIABLE, Warning};
use crate::text::Lang;
use crate::upload::{Token, UploadConfig, token_from_file};

/// Time allowed for a whole run when nobody says otherwise: four times the longest default plan, so that a job of
/// cron always ends and still reports.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// The dialler's words for a scheme that is none of the web's.
const NOT_HTTP: &str = "the scheme must be http, https or tcp";

/// What a run is asked, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The school.
    pub site: Site,
    /// Names of its Wi-Fi networks.
    pub ssids: Vec<String>,
    /// The mires configured; empty: the built-in list.
    pub mires: Vec<MireUrl>,
    /// A mire on another machine in the school.
    pub lan_mire: Option<MireUrl>,
    /// The service hosts to reach.
    pub endpoints: Vec<Endpoint>,
    /// The rule file.
    pub rules: Requirements,
    /// When to end the download.
    pub until: Until,
    /// Data allowed to the transfers, both ways together.
    pub max_bytes: Option<u64>,
    /// The probes wanted.
    pub probes: BTreeSet<ProbeName>,
    /// How the network is reached.
    pub dial: DialConfig,
    /// Where its proxy was set, when it has one.
    pub proxy_source: Option<ProxySource>,
    /// Time allowed for the whole run.
    pub timeout: Duration,
    /// Resolvers to compare the school's with; empty: none is asked.
    pub dns_references: Vec<Reference>,
    /// A time server to ask; `None`: none is.
    pub ntp: Option<NtpServer>,
    /// The control targets configured; empty: the built-in ones.
    pub controls: Vec<ControlTarget>,
    /// The state directory configured.
    pub state: Option<PathBuf>,
    /// Where to send the report, when that is asked for.
    pub upload: Option<UploadConfig>,
}

impl Settings {
    /// Gives every value its type.
    ///
    /// # Errors
    /// The first [`Problem`].
    pub fn from_raw(raw: &mut Raw, environment: &Environment, upload_wanted: bool) -> Result<Self, Problem> {
        let services = Services::from_raw(raw)?;
        let site = site(raw, &services)?;
        let endpoints = services.selected;
        let proxy = raw.chosen_proxy(environment)?;
        Ok(Self {
            ssids: ssids(raw)?,
            mires: mires(raw, Key::Mire)?,
            lan_mire: mires(raw, Key::LanMire)?.pop(),
            endpoints,
            rules: rules(raw)?,
            until: raw.read(Key::Until, Expected::Until, values::until)?.unwrap_or(Until::Stable),
            max_bytes: raw.read(Key::MaxBytes, Expected::Bytes, values::data)?,
            probes: probes(raw)?,
            proxy_source: proxy.source,
            dial: dial(raw, proxy)?,
            timeout: raw.read(Key::Timeout, Expected::Seconds, values::seconds)?.unwrap_or(DEFAULT_TIMEOUT),
            dns_references: dns_references(raw)?,
            ntp: raw.read(Key::Ntp, Expected::NtpServer, values::ntp_server)?,
            controls: controls(raw)?,
            state: raw.text(Key::State).map(|given| PathBuf::from(given.0)),
            upload: if upload_wanted { upload(raw, environment)? } else { None },
            site,
        })
    }
}

impl Raw {
    /// A key's single text.
    pub(super) fn text(&self, key: Key) -> Option<(&str, &Origin)> {
        let Given { values, origin } = self.given.get(&key)?;
        Some((values.first()?.as_str(), origin))
    }

    /// A key's texts.
    pub(super) fn list(&self, key: Key) -> Vec<String> {
        self.given.get(&key).map(|given| given.values.clone()).unwrap_or_default()
    }

    /// Whether a yes-or-no key says yes.
    pub(super) fn is_set(&self, key: Key) -> bool {
        self.text(key).is_some_and(|(text, _)| {
            matches!(text.trim().to_lowercase().as_str(), "true" | "1" | "yes" | "oui")
        })
    }

    /// The language, when one is given.
    ///
    /// # Errors
    /// [`Problem::BadValue`]
    pub fn lang(&self) -> Result<Option<Lang>, Problem> {
        self.read(Key::Lang, Expected::Lang, values::lang)
    }

    /// A key's value through a reader.
    fn read<T>(
        &self,
        key: Key,
        expected: Expected,
        reader: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some((text, origin)) = self.text(key) else { return Ok(None) };
        reader(text).map(Some).ok_or_else(|| bad(origin, text, expected))
    }
}

/// A value that cannot be read, fit to be shown.
fn bad(origin: &Origin, value: &str, expected: Expected) -> Problem {
    // A URL that was refused may hold a password.
    let value = if value.contains('@') { "…".to_owned() } else { value.to_owned() };
    Problem::BadValue { origin: origin.clone(), value, expected }
}

fn site(raw: &Raw, services: &Services) -> Result<Site, Problem> {
    Ok(Site {
        uai: services.choice.uai.clone(),
        label: raw.text(Key::Site).map(|(text, _)| text.trim().to_owned()).filter(|text| !text.is_empty()),
        size: raw.read(Key::Size, Expected::Size, |text| text.parse::<SchoolSize>().ok())?,
        wifi_on: raw.read(Key::WifiOn, Expected::YesNo, values::wifi_on)?.unwrap_or_default(),
        declared_access_points: raw
            .read(Key::DeclaredAps, Expected::Number, |text| text.trim().parse().ok())?,
        ent: services.ents(),
        territory: services.choice.place.as_ref().map(|place| place.code.clone()),
        proposed_ent: services.proposed().iter().map(|ent| ent.id.clone()).collect(),
    })
}

fn ssids(raw: &Raw) -> Result<Vec<String>, Problem> {
    let Some(given) = raw.given.get(&Key::Ssid) else { return Ok(Vec::new()) };
    let read = |text: &String| values::ssid(text).ok_or_else(|| bad(&given.origin, text, Expected::Ssid));
    given.values.iter().map(read).collect()
}

fn mires(raw: &Raw, key: Key) -> Result<Vec<MireUrl>, Problem> {
    let Some(given) = raw.given.get(&key) else { return Ok(Vec::new()) };
    given
        .values
        .iter()
        .map(|text| {
            let mire = text.trim().parse::<MireUrl>();
            mire.map_err(|error| bad(&given.origin, text, Expected::MireUrl(error.problem)))
        })
        .collect()
}

fn rules(raw: &Raw) -> Result<Requirements, Problem> {
    let Some((path, origin)) = raw.text(Key::Rules) else { return Ok(Requirements::socle_1d_2021()) };
    let text = read_text(path, origin)?;
    Requirements::from_toml(&text).map_err(|error| Problem::BadFile {
        origin: origin.clone(),
        path: PathBuf::from(path),
        detail: error.to_string().trim_end().to_owned(),
    })
}

fn probes(raw: &Raw) -> Result<BTreeSet<ProbeName>, Problem> {
    let named = |key| -> Result<Option<BTreeSet<ProbeName>>, Problem> {
        let Some(given) = raw.given.get(&key) else { return Ok(None) };
        let names = given.values.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let read = |text: &str| {
            ProbeName::ALL.into_iter().find(|probe| probe.as_str() == text.to_lowercase()).ok_or_else(|| {
                Problem::UnknownName {
                    origin: given.origin.clone(),
                    value: text.to_owned(),
                    what: NameOf::Probe,
                    nearest: values::nearest(text, ProbeName::ALL.iter().map(|probe| probe.as_str())),
                }
            })
        };
        names.map(read).collect::<Result<_, _>>().map(Some)
    };
    let mut probes = named(Key::Only)?.unwrap_or_else(|| ProbeName::ALL.into_iter().collect());
    for skipped in named(Key::Skip)?.unwrap_or_default() {
        probes.remove(&skipped);
    }
    if probes.is_empty() { Err(Problem::NothingLeft) } else { Ok(probes) }
}

fn dial(raw: &Raw, chosen: Chosen) -> Result<DialConfig, Problem> {
    let mut extra_roots = Vec::new();
    if let Some(given) = raw.given.get(&Key::Ca) {
        for path in &given.values {
            let pem = std::fs::read(path).map_err(|error| unreadable(path, &given.origin, &error))?;
            let certificates = read_pem_certificates(&pem).map_err(|error| Problem::BadFile {
                origin: given.origin.clone(),
                path: PathBuf::from(path),
                detail: error.to_string(),
            })?;
            extra_roots.extend(certificates);
        }
    }
    Ok(DialConfig {
        proxy: chosen.proxy,
        no_proxy: chosen.no_proxy,
        extra_roots,
        interface: interface(raw)?,
        family: raw.read(Key::Ip, Expected::Family, values::family)?.unwrap_or_default(),
        ..DialConfig::default()
    })
}

/// The interface to go out through. One that is not there is refused now: every probe would fail for that alone.
fn interface(raw: &Raw) -> Result<Option<String>, Problem> {
    let Some((text, origin)) = raw.text(Key::Interface) else { return Ok(None) };
    sonde_probes::link::check_interface(text).map_err(|existing| Problem::UnknownInterface {
        origin: origin.clone(),
        value: text.to_owned(),
        existing,
    })?;
    Ok(Some(text.to_owned()))
}

fn dns_references(raw: &Raw) -> Result<Vec<Reference>, Problem> {
    let Some(given) = raw.given.get(&Key::DnsReference) else { return Ok(Vec::new()) };
    let read = |text: &String| text.parse().map_err(|()| bad(&given.origin, text, Expected::DnsReference));
    given.values.iter().map(read).collect()
}

fn controls(raw: &Raw) -> Result<Vec<ControlTarget>, Problem> {
    raw.controls
        .iter()
        .map(|entry| {
            http_url(&entry.url, &entry.origin)?;
            Ok(ControlTarget { url: entry.url.clone(), status: entry.status, body: entry.body.clone() })
        })
        .collect()
}

/// A URL of http or https.
fn http_url(text: &str, origin: &Origin) -> Result<Target, Problem> {
    let refused = |problem: &str| bad(origin, text, Expected::Url(problem.to_owned()));
    let target: Target =
        text.trim().parse().map_err(|error: sonde_probes::dial::TargetError| refused(error.problem))?;
    if target.scheme == Scheme::Tcp {
        return Err(refused(NOT_HTTP));
    }
    Ok(target)
}

fn upload(raw: &mut Raw, environment: &Environment) -> Result<Option<UploadConfig>, Problem> {
    let Some((text, origin)) = raw.text(Key::UploadUrl) else { return Ok(None) };
    let (text, origin) = (text.trim().to_owned(), origin.clone());
    let token = token(raw, environment)?;
    UploadConfig::new(&text, token).map(Some).map_err(|error| Problem::UploadUrl { origin, error })
}

/// The upload token: from the file where one is named, else from the environment.
fn token(raw: &mut Raw, environment: &Environment) -> Result<Option<Token>, Problem> {
    let Some((path, origin)) = raw.text(Key::UploadTokenFile) else {
        let text = environment.get(TOKEN_VARIABLE).filter(|text| !text.trim().is_empty());
        let origin = || Origin::Variable(TOKEN_VARIABLE.to_owned());
        let read = |text| Token::new(text).map_err(|error| Problem::UploadToken { origin: origin(), error });
        return text.map(|text| read(text)).transpose();
    };
    let path = PathBuf::from(path);
    let file =
        token_from_file(&path).map_err(|error| Problem::UploadToken { origin: origin.clone(), error })?;
    if file.readable_by_others {
        raw.warnings.push(Warning::TokenReadable { path });
    }
    Ok(Some(file.token))
}

pub(super) fn read_text(path: &str, origin: &Origin) -> Result<String, Problem> {
    std::fs::read_to_string(Path::new(path)).map_err(|error| unreadable(path, origin, &error))
}

fn unreadable(path: &str, origin: &Origin, error: &std::io::Error) -> Problem {
    Problem::Unreadable { origin: Some(origin.clone()), path: PathBuf::from(path), detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::upload::{TokenError, UploadUrlError};

    fn settings(pairs: &[(Key, &str)]) -> Result<Settings, Problem> {
        Settings::from_raw(&mut Raw::of_flags(pairs), &Environment::new(), true)
    }

    #[test]
    fn a_flag_beats_a_variable_beats_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "size = 'small'\nsite = 'file'\nuai = '0940176F'\n").unwrap();
        let environment = Environment::from([
            ("SONDE_ECOLE_SIZE".to_owned(), "medium".to_owned()),
            ("SONDE_ECOLE_SITE".to_owned(), "variable".to_owned()),
        ]);
        let mut raw = Raw::load(None, Some(&file), &environment).unwrap();
        raw.take_flag(Key::Size, &["grande".to_owned()]);
        let settings = Settings::from_raw(&mut raw, &environment, true).unwrap();
        assert_eq!(settings.site.size, Some(SchoolSize::Large));
        assert_eq!(settings.site.label.as_deref(), Some("variable"));
        assert_eq!(settings.site.uai.unwrap().as_str(), "0940176F");
    }

    #[test]
    fn a_wrong_uai_names_the_letter_that_fits() {
        let problem = settings(&[(Key::Uai, "0940176A")]).unwrap_err();
        let Problem::Uai { error: sonde_report::uai::UaiError::Letter { expected, .. }, .. } = problem else {
            panic!("{problem:?}")
        };
        assert_eq!(expected, 'F');
    }

    #[test]
    fn a_password_in_the_arguments_is_refused_and_never_shown() {
        let problem = settings(&[(Key::Proxy, "http://user:hunter2@proxy:3128")]).unwrap_err();
        assert_eq!(problem, Problem::PasswordInArguments);
        let problem = settings(&[(Key::Mire, "https://user:hunter2@mire/")]).unwrap_err();
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }

    #[test]
    fn the_environments_proxy_may_hold_a_password() {
        let environment =
            Environment::from([("HTTPS_PROXY".to_owned(), "http://user:hunter2@proxy:3128".to_owned())]);
        let mut raw = Raw::load(None, None, &environment).unwrap();
        let settings = Settings::from_raw(&mut raw, &environment, true).unwrap();
        assert!(settings.dial.proxy.as_ref().unwrap().credentials.is_some());
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn only_and_skip_know_the_nearest_name() {
        let problem = settings(&[(Key::Only, "downlod")]).unwrap_err();
        let Problem::UnknownName { nearest, .. } = problem else { panic!("{problem:?}") };
        assert_eq!(nearest.as_deref(), Some("download"));
        assert_eq!(settings(&[(Key::Only, "dns"), (Key::Skip, "dns")]).unwrap_err(), Problem::NothingLeft);
    }

    #[test]
    fn an_outside_resolver_that_is_none_is_refused() {
        assert!(settings(&[]).unwrap().dns_references.is_empty(), "none is asked unless named");
        assert_eq!(settings(&[(Key::DnsReference, "192.0.2.53")]).unwrap().dns_references.len(), 1);
        let problem = settings(&[(Key::DnsReference, "http://dns.example/")]).unwrap_err();
        assert!(matches!(problem, Problem::BadValue { expected: Expected::DnsReference, .. }), "{problem:?}");
    }

    #[test]
    fn a_pattern_that_names_every_network_is_refused_with_its_place() {
        for bad in ["*", "?", "**", "* ?", "", " "] {
            let problem = settings(&[(Key::Ssid, bad)]).unwrap_err();
            assert!(
                matches!(problem, Problem::BadValue { expected: Expected::Ssid, .. }),
                "{bad:?}: {problem:?}"
            );
        }
        assert_eq!(settings(&[(Key::Ssid, "e*")]).unwrap().ssids, ["e*"]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "size = 'small'\nssid = ['ecole', '*']\n").unwrap();
        let mut raw = Raw::load(None, Some(&file), &Environment::new()).unwrap();
        let problem = Settings::from_raw(&mut raw, &Environment::new(), false).unwrap_err();
        let Problem::BadValue { origin: Origin::File { line, .. }, value, .. } = problem else {
            panic!("{problem:?}")
        };
        assert_eq!((line, value.as_str()), (2, "*"));
    }

    #[test]
    fn an_upload_in_clear_stays_on_this_machine() {
        let problem = settings(&[(Key::UploadUrl, "http://collecteur.example/r")]).unwrap_err();
        let plain = |problem: &Problem| {
            matches!(problem, Problem::UploadUrl { error: UploadUrlError::PlainHttp, .. })
        };
        assert!(plain(&problem), "{problem:?}");
        assert!(settings(&[(Key::UploadUrl, "http://127.0.0.1:8080/r")]).unwrap().upload.is_some());
    }

    #[test]
    fn a_token_file_is_trimmed_and_must_not_be_empty() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let path = file.to_str().unwrap();
        let with = |content: &str| {
            std::fs::write(&file, content).unwrap();
            settings(&[(Key::UploadUrl, "https://c.example/r"), (Key::UploadTokenFile, path)])
        };
        let settings = with("abc.DEF\n").unwrap();
        assert_eq!(settings.upload.unwrap().token, Some(Token::new("abc.DEF").unwrap()));
        let refused = |content: &str| match with(content).unwrap_err() {
            Problem::UploadToken { error, .. } => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused("\n"), TokenError::Empty);
        assert_eq!(refused("a b\n"), TokenError::Character);
    }
}
