//! Configuration: file < environment < flags. Every key is read as text first, with where it came from, so that a
//! wrong value is refused in the same words wherever it stands; [`settings`] then gives it its type.

pub mod file;
pub mod proxy;
pub mod services;
pub mod settings;
pub mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use settings::Settings;

use sonde_probes::catalogue::{CatalogueError, DoubledHost};
use sonde_probes::system_proxy::{NO_PROXY_VARIABLES, PROXY_VARIABLES, Place, SystemProxy, first_set};

use crate::cli::{EndpointsCheckArgs, ProxyArgs, RunArgs, ServicesArgs, UploadArgs, WifiSurveyArgs};
use crate::text::Lang;
use crate::upload::{TokenError, UploadUrlError};
use file::{ControlEntry, FileContent};
use proxy::{PASSWORD_VARIABLE, PasswordError};
use values::Expected;

/// The keys of the configuration, by one name each for the file, the environment and the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Uai,
    Site,
    Size,
    Ssid,
    WifiOn,
    DeclaredAps,
    Survey,
    Ent,
    Territory,
    Profile,
    Requester,
    Mire,
    LanMire,
    Endpoints,
    NoCatalogue,
    Rules,
    Until,
    MaxBytes,
    Only,
    Skip,
    Timeout,
    Proxy,
    ProxyUser,
    ProxyPasswordFile,
    NoProxy,
    Ca,
    Interface,
    Ip,
    DnsReference,
    Ntp,
    Lang,
    State,
    UploadUrl,
    UploadTokenFile,
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text, or a whole number.
    TextOrNumber,
    /// A text, or `true`/`false`.
    TextOrBool,
    /// A text, or a list of texts.
    List,
    /// `true` or `false`.
    Bool,
}

impl Key {
    /// Every key.
    pub const ALL: [Self; 34] = [
        Self::Uai,
        Self::Site,
        Self::Size,
        Self::Ssid,
        Self::WifiOn,
        Self::DeclaredAps,
        Self::Survey,
        Self::Ent,
        Self::Territory,
        Self::Profile,
        Self::Requester,
        Self::Mire,
        Self::LanMire,
        Self::Endpoints,
        Self::NoCatalogue,
        Self::Rules,
        Self::Until,
        Self::MaxBytes,
        Self::Only,
        Self::Skip,
        Self::Timeout,
        Self::Proxy,
        Self::ProxyUser,
        Self::ProxyPasswordFile,
        Self::NoProxy,
        Self::Ca,
        Self::Interface,
        Self::Ip,
        Self::DnsReference,
        Self::Ntp,
        Self::Lang,
        Self::State,
        Self::UploadUrl,
        Self::UploadTokenFile,
    ];

    /// The key in the file; a dot stands for a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uai => "uai",
            Self::Site => "site",
            Self::Size => "size",
            Self::Ssid => "ssid",
            Self::WifiOn => "wifi_on",
            Self::DeclaredAps => "declared_aps",
            Self::Survey => "survey",
            Self::Ent => "ent",
            Self::Territory => "territory",
            Self::Profile => "profile",
            Self::Requester => "requester",
            Self::Mire => "mire",
            Self::LanMire => "lan_mire",
            Self::Endpoints => "endpoints",
            Self::NoCatalogue => "no_catalogue",
            Self::Rules => "rules",
            Self::Until => "until",
            Self::MaxBytes => "max_bytes",
            Self::Only => "only",
            Self::Skip => "skip",
            Self::Timeout => "timeout",
            Self::Proxy => "proxy",
            Self::ProxyUser => "proxy_user",
            Self::ProxyPasswordFile => "proxy_password_file",
            Self::NoProxy => "no_proxy",
            Self::Ca => "ca",
            Self::Interface => "interface",
            Self::Ip => "ip",
            Self::DnsReference => "dns_reference",
            Self::Ntp => "ntp",
            Self::Lang => "lang",
            Self::State => "state",
            Self::UploadUrl => "upload.url",
            Self::UploadTokenFile => "upload.token_file",
        }
    }

    /// The flag (also where a key has none: it then names what the flag would be).
    #[must_use]
    pub fn flag(self) -> String {
        match self {
            Self::UploadUrl => "--upload".to_owned(),
            _ => format!("--{}", self.name().replace(['.', '_'], "-")),
        }
    }

    /// The environment variable.
    #[must_use]
    pub fn variable(self) -> String {
        format!("SONDE_ECOLE_{}", self.name().replace('.', "_").to_uppercase())
    }

    /// What it holds.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Ssid
            | Self::Ent
            | Self::Profile
            | Self::Mire
            | Self::Only
            | Self::Skip
            | Self::NoProxy
            | Self::Ca
            | Self::DnsReference => Kind::List,
            Self::Territory | Self::DeclaredAps | Self::Until | Self::MaxBytes | Self::Timeout | Self::Ip => {
                Kind::TextOrNumber
            }
            Self::WifiOn => Kind::TextOrBool,
            Self::NoCatalogue => Kind::Bool,
            _ => Kind::Text,
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// An answer to a guided question.
    Question,
    /// The operating system's settings.
    System(Place),
}

/// A value as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// One text, or several for a list.
    pub values: Vec<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// Why a configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A file that was named cannot be read.
    Unreadable { origin: Option<Origin>, path: PathBuf, detail: String },
    /// Not TOML.
    Syntax { path: PathBuf, line: usize, detail: String },
    /// No such key.
    UnknownKey { path: PathBuf, line: usize, key: String, nearest: Option<String> },
    /// A value of the wrong type.
    WrongType { path: PathBuf, line: usize, key: String, expected: Kind },
    /// A key of a `[[control]]` table is missing.
    MissingKey { path: PathBuf, line: usize, key: &'static str },
    /// A UAI that is none.
    Uai { origin: Origin, error: sonde_report::uai::UaiError },
    /// A value that cannot be read.
    BadValue { origin: Origin, value: String, expected: Expected },
    /// A name that is not in a list of names.
    UnknownName { origin: Origin, value: String, what: NameOf, nearest: Option<String> },
    /// A password on the command line, where every user of the machine can read it.
    PasswordInArguments,
    /// A user of the proxy with a colon: a password follows (it is not repeated).
    PasswordInUser { origin: Origin },
    /// A password for the proxy, and nobody it is of.
    ProxyUserMissing { origin: Origin },
    /// A password for the proxy that cannot be used.
    ProxyPassword { origin: Origin, error: PasswordError },
    /// Nobody gave the password that was asked for.
    NoPasswordGiven,
    /// A proxy that cannot be used (the value is not repeated: it may hold a password).
    Proxy { origin: Origin, detail: &'static str },
    /// A file of rules or certificates that was refused, with its own message.
    BadFile { origin: Origin, path: PathBuf, detail: String },
    /// A file of services that was refused.
    BadCatalogue { origin: Origin, error: Box<CatalogueError> },
    /// An ENT whose host name holds the UAI, which was not given.
    NeedsUai { origin: Origin, id: String },
    /// A file that was to be written into a directory that is not there.
    NoDirectory { origin: Origin, path: PathBuf },
    /// `-` where a file is due.
    NoFile { origin: Origin },
    /// `--no-catalogue` without `--endpoints`.
    NoEndpoints,
    /// `--only` and `--skip` leave nothing.
    NothingLeft,
    /// A URL nothing can be sent to safely (it is not repeated: it may hold a secret).
    UploadUrl { origin: Origin, error: UploadUrlError },
    /// An upload token that cannot be used.
    UploadToken { origin: Origin, error: TokenError },
    /// No such network interface on this machine.
    UnknownInterface { origin: Origin, value: String, existing: Vec<String> },
}

/// What a name was to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    /// A probe.
    Probe,
    /// An ENT of the catalogue.
    Ent,
    /// A département or an académie.
    Territory,
    /// An optional profile.
    Profile,
    /// A kind of service.
    EndpointKind,
}

/// Something odd that does not stop a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A `SONDE_ECOLE_…` variable that means nothing.
    UnknownVariable { name: String, nearest: Option<String> },
    /// The token's file can be read by every user of the machine.
    TokenReadable { path: PathBuf },
    /// The file of the proxy's password can.
    PasswordReadable { path: PathBuf },
    /// The system's proxy cannot be used (the value is not repeated: it may hold a password).
    SystemProxy { origin: Origin, detail: &'static str },
    /// A flag about the proxy's user, and no proxy.
    NoProxyForUser { name: String },
    /// A user of the proxy whose password nobody gave: nothing is sent.
    NoProxyPassword,
    /// The UAI's prefix is no département's whose académie is known.
    UaiWithoutPlace { uai: String },
    /// The territory given is not the UAI's (codes of both). The one given counts.
    TerritoryDiffers { uai: String, of_uai: String, given: String },
    /// A host of the user's file stands under another id, too.
    DoubledHost(DoubledHost),
}

/// Every value given, the strongest of each key.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    /// By key.
    pub given: BTreeMap<Key, Given>,
    /// The control targets of the file; empty: the built-in ones.
    pub controls: Vec<ControlEntry>,
    /// Oddities.
    pub warnings: Vec<Warning>,
}

/// The environment, as far as it is of interest; a parameter so that tests need not change the process's own.
pub type Environment = BTreeMap<String, String>;

/// The process's environment (names and values that are not Unicode are none of ours).
#[must_use]
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The machine's configuration file, read when it is there.
#[must_use]
pub fn machine_file() -> Option<PathBuf> {
    #[cfg(windows)]
    let path = Path::new(&std::env::var_os("ProgramData")?).join("sonde-ecole").join("config.toml");
    #[cfg(not(windows))]
    let path = Path::new("/etc/sonde-ecole/config.toml").to_owned();
    path.exists().then_some(path)
}

impl Raw {
    /// Reads the files and the environment. `named` is `--config`'s file, which must exist.
    ///
    /// # Errors
    /// The first [`Problem`] of a file.
    pub fn load(
        machine: Option<&Path>,
        named: Option<&Path>,
        environment: &Environment,
    ) -> Result<Self, Problem> {
        let mut raw = Self::default();
        for path in [machine, named].into_iter().flatten() {
            let FileContent { given, controls } = file::read(path)?;
            raw.given.extend(given);
            if !controls.is_empty() {
                raw.controls = controls;
            }
        }
        raw.take_environment(environment);
        Ok(raw)
    }

    /// Sets a key, in the place of what a weaker source said.
    pub fn set(&mut self, key: Key, values: Vec<String>, origin: Origin) {
        self.given.insert(key, Given { values, origin });
    }

    /// The proxy variables everyone uses, then our own.
    fn take_environment(&mut self, environment: &Environment) {
        for (names, key) in [(&PROXY_VARIABLES[..], Key::Proxy), (&NO_PROXY_VARIABLES[..], Key::NoProxy)] {
            // A proxy set in our own file is more specific than the shell's.
            if self.given.contains_key(&key) {
                continue;
            }
            if let Some((name, value)) = first_set(names, environment) {
                self.set(key, split(key, value), Origin::Variable(name.to_owned()));
            }
        }
        for key in Key::ALL {
            let name = key.variable();
            // An empty variable is how shells and unit files unset one.
            if let Some(value) = environment.get(&name).filter(|value| !value.trim().is_empty()) {
                self.set(key, split(key, value), Origin::Variable(name));
            }
        }
        let secrets = [TOKEN_VARIABLE, PASSWORD_VARIABLE].map(str::to_owned);
        let known: Vec<String> = Key::ALL.iter().map(|key| key.variable()).chain(secrets).collect();
        for name in
            environment.keys().filter(|name| name.starts_with("SONDE_ECOLE_") && !known.contains(name))
        {
            let nearest = values::nearest(name, known.iter().map(String::as_str));
            self.warnings.push(Warning::UnknownVariable { name: name.clone(), nearest });
        }
    }

    /// Takes the system's proxy where neither a file nor the environment names one. Flags come after it.
    pub fn take_system(&mut self, system: Option<SystemProxy>) {
        let Some(SystemProxy { place, proxy: Some(proxy), no_proxy, .. }) = system else { return };
        if self.given.contains_key(&Key::Proxy) {
            return;
        }
        self.set(Key::Proxy, vec![proxy], Origin::System(place));
        if !self.given.contains_key(&Key::NoProxy) {
            self.set(Key::NoProxy, no_proxy, Origin::System(place));
        }
    }

    /// Takes the flags of `run`.
    pub fn take_run(&mut self, args: &RunArgs) {
        for (key, value) in [
            (Key::Uai, &args.uai),
            (Key::Site, &args.site),
            (Key::Size, &args.size),
            (Key::WifiOn, &args.wifi_on),
            (Key::DeclaredAps, &args.declared_aps),
            (Key::Survey, &args.survey),
            (Key::LanMire, &args.lan_mire),
            (Key::Rules, &args.rules),
            (Key::Until, &args.until),
            (Key::MaxBytes, &args.max_bytes),
            (Key::Timeout, &args.timeout),
            (Key::Interface, &args.interface),
            (Key::Ip, &args.ip),
            (Key::Ntp, &args.ntp),
            (Key::UploadUrl, &args.upload),
            (Key::UploadTokenFile, &args.upload_token_file),
        ] {
            self.take_flag(key, value.as_slice());
        }
        for (key, values) in [
            (Key::Ssid, &args.ssid),
            (Key::Mire, &args.mire),
            (Key::Only, &args.only),
            (Key::Skip, &args.skip),
            (Key::Ca, &args.ca),
            (Key::DnsReference, &args.dns_reference),
        ] {
            self.take_flag(key, values);
        }
        self.take_services(&args.services);
        self.take_proxy(&args.proxy);
    }

    /// Takes the flags about the proxy.
    fn take_proxy(&mut self, args: &ProxyArgs) {
        self.take_flag(Key::Proxy, args.proxy.as_slice());
        self.take_flag(Key::ProxyUser, args.proxy_user.as_slice());
        self.take_flag(Key::ProxyPasswordFile, args.proxy_password_file.as_slice());
    }

    /// Takes the flags that say which services.
    pub fn take_services(&mut self, args: &ServicesArgs) {
        self.take_flag(Key::Ent, &args.ent);
        self.take_flag(Key::Territory, args.territory.as_slice());
        self.take_flag(Key::Profile, &args.profile);
        self.take_flag(Key::Endpoints, args.endpoints.as_slice());
        if args.no_catalogue {
            self.take_flag(Key::NoCatalogue, &["true".to_owned()]);
        }
    }

    /// Takes the flags of `endpoints check`.
    pub fn take_check(&mut self, args: &EndpointsCheckArgs) {
        for (key, value) in [
            (Key::Uai, &args.uai),
            (Key::Site, &args.site),
            (Key::Requester, &args.requester),
            (Key::Timeout, &args.timeout),
            (Key::Interface, &args.interface),
            (Key::Ip, &args.ip),
        ] {
            self.take_flag(key, value.as_slice());
        }
        self.take_flag(Key::Ca, &args.ca);
        self.take_services(&args.services);
        self.take_proxy(&args.proxy);
    }

    /// Takes the flags of `wifi survey`.
    pub fn take_survey(&mut self, args: &WifiSurveyArgs) {
        for (key, value) in [
            (Key::Uai, &args.uai),
            (Key::Site, &args.site),
            (Key::WifiOn, &args.wifi_on),
            (Key::DeclaredAps, &args.declared_aps),
        ] {
            self.take_flag(key, value.as_slice());
        }
        self.take_flag(Key::Ssid, &args.ssid);
    }

    /// Takes the flags of `upload`.
    pub fn take_upload(&mut self, args: &UploadArgs) {
        self.take_flag(Key::UploadUrl, args.upload.as_slice());
        self.take_flag(Key::UploadTokenFile, args.upload_token_file.as_slice());
        self.take_proxy(&args.proxy);
        self.take_flag(Key::Ca, &args.ca);
    }

    /// What these flags give.
    #[cfg(test)]
    pub(crate) fn of_flags(pairs: &[(Key, &str)]) -> Self {
        let mut raw = Self::default();
        for (key, value) in pairs {
            raw.take_flag(*key, &[(*value).to_owned()]);
        }
        raw
    }

    /// Takes one flag, when it was given.
    pub fn take_flag(&mut self, key: Key, values: &[String]) {
        if !values.is_empty() {
            self.set(key, values.to_vec(), Origin::Flag(key.flag()));
        }
    }
}

/// The variable that holds the upload token itself.
pub const TOKEN_VARIABLE: &str = "SONDE_ECOLE_UPLOAD_TOKEN";

/// A variable's value as the key wants it: lists are separated by commas.
fn split(key: Key, value: &str) -> Vec<String> {
    if key.kind() == Kind::List {
        value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    } else {
        vec![value.trim().to_owned()]
    }
}

/// The language of what is said before the configuration is read: `--lang`, else `SONDE_ECOLE_LANG`, else French. A
/// word that is neither language is refused later, with the others.
#[must_use]
pub fn early_lang(arguments: impl Iterator<Item = std::ffi::OsString>, environment: &Environment) -> Lang {
    let mut arguments = arguments.filter_map(|argument| argument.into_string().ok());
    let mut given = None;
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            break;
        }
        if argument == "--lang" {
            given = arguments.next();
        } else if let Some(value) = argument.strip_prefix("--lang=") {
            given = Some(value.to_owned());
        }
    }
    let given = given.or_else(|| environment.get(&Key::Lang.variable()).cloned());
    given.and_then(|text| values::lang(&text)).unwrap_or_default()
}
