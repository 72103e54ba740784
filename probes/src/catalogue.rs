//! The catalogue of service hosts, and of public mires and control targets: data files, built in and the user's.
//!
//! It says where hosts are and which belong to a school's profile. It reaches nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sonde_report::values::EndpointKind;

use crate::dial::Target;
use crate::internet::ControlTarget;

mod file;
mod select;
mod territory;
#[cfg(test)]
mod tests;

pub use file::{CatalogueError, CatalogueProblem};
pub use select::{Choice, ChoiceError, Profile};
pub use territory::{Place, UnknownTerritory};

/// The built-in files, by the name shown in errors.
const BUILT_IN: [(&str, &str); 6] = [
    ("endpoints/gar.toml", include_str!("../endpoints/gar.toml")),
    ("endpoints/educonnect.toml", include_str!("../endpoints/educonnect.toml")),
    ("endpoints/ent.toml", include_str!("../endpoints/ent.toml")),
    ("endpoints/portals.toml", include_str!("../endpoints/portals.toml")),
    ("endpoints/resources.toml", include_str!("../endpoints/resources.toml")),
    ("endpoints/management.toml", include_str!("../endpoints/management.toml")),
];
const INFORMATION: &str = include_str!("../endpoints/information.toml");
const CONTROLS: &str = include_str!("../endpoints/control.toml");
const MIRES: &str = include_str!("../mires.toml");

/// What stands in a URL where the school's UAI goes, in lower case.
const UAI: &str = "{uai}";

/// Names further apart than this are no likely slip (1: the same, 0: nothing in common; Jaro-Winkler).
const LIKELY_SLIP: f64 = 0.7;

/// One service host of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Unique and stable.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it is.
    pub kind: EndpointKind,
    /// `https://…`, `http://…` or `tcp://host:port`. Each is probed and reported by itself. `{uai}` stands for the
    /// school's UAI: see [`Endpoint::holds_uai`].
    pub urls: Vec<String>,
    /// `national`, départements (`44`, `2A`) or académies (`ac-nantes`); empty when unknown.
    #[serde(default)]
    pub territory: Vec<String>,
    /// Where the host was read.
    #[serde(default)]
    pub source: String,
    /// Whether anyone saw it answer.
    #[serde(default)]
    pub verified: bool,
}

/// A public measurement server of the built-in list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mire {
    /// Unique and stable.
    pub id: String,
    /// For people: operator and place.
    pub label: String,
    /// Who runs it.
    pub operator: String,
    /// The file to download: a `MireUrl`.
    pub url: String,
    /// Where it takes uploads by POST, when a source says so.
    #[serde(default)]
    pub upload_url: Option<String>,
    /// Where it was read.
    pub source: String,
    /// Whether anyone saw it answer.
    pub verified: bool,
}

/// Something a profile needs open that nothing here probes: said, never judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Information {
    /// Unique and stable.
    pub id: String,
    /// For people.
    pub label: String,
    /// The profile it belongs to, by the kind of its hosts.
    pub kind: EndpointKind,
    /// Which hosts, in words.
    pub hosts: String,
    /// `udp` or `tcp`.
    pub protocol: String,
    /// The port.
    pub port: u16,
    /// Where it was read.
    pub source: String,
}

/// A host that stands under two ids, one of them a user's: it is probed and reported twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubledHost {
    /// `host:port`.
    pub host: String,
    /// The id it stood under first.
    pub first: String,
    /// The other one.
    pub second: String,
}

/// A set of hosts, with distinct ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    endpoints: Vec<Endpoint>,
    /// Ids to take out of the catalogue this one is merged into, with where that is asked.
    removals: Vec<file::Removal>,
    /// Ids that came from a user's file: they are always part of the profile.
    users: BTreeSet<String>,
}

impl Catalogue {
    /// The built-in catalogue.
    #[must_use]
    #[allow(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "files of this crate; a test loads every one"
    )]
    pub fn built_in() -> Self {
        let mut all = Self::default();
        for (origin, text) in BUILT_IN {
            all.endpoints.extend(Self::parse(text, origin).expect("a well-formed built-in file").endpoints);
        }
        all
    }

    /// Reads one file's text; `origin` is its name in errors.
    ///
    /// # Errors
    /// [`CatalogueError`] with the line, the key and the nearest known key: wrong TOML, an unknown key or kind, a
    /// missing or doubled id, a URL that cannot be used.
    pub fn parse(text: &str, origin: &str) -> Result<Self, CatalogueError> {
        let (endpoints, removals) = file::parse(text, origin)?;
        Ok(Self { endpoints, removals, users: BTreeSet::new() })
    }

    /// This catalogue with a user's file on top: a known id is replaced where it stands, `remove = true` takes it
    /// out, the rest is added. Everything of the user's file becomes part of the profile.
    ///
    /// # Errors
    /// [`CatalogueError`] when the file removes an id that is not there: a slip would leave the host probed.
    pub fn merge(mut self, user: Self) -> Result<Self, CatalogueError> {
        for removal in user.removals {
            let before = self.endpoints.len();
            self.endpoints.retain(|known| known.id != removal.id);
            if self.endpoints.len() == before {
                let ids = self.endpoints.iter().map(|known| known.id.as_str());
                return Err(removal.unknown(nearest(&removal.id, ids)));
            }
        }
        for endpoint in user.endpoints {
            self.users.insert(endpoint.id.clone());
            match self.endpoints.iter_mut().find(|known| known.id == endpoint.id) {
                Some(known) => *known = endpoint,
                None => self.endpoints.push(endpoint),
            }
        }
        Ok(self)
    }

    /// A user's file by itself (`--no-catalogue`): everything in it is part of the profile; its removals have
    /// nothing to remove.
    #[must_use]
    pub fn alone(user: Self) -> Self {
        let users = user.endpoints.iter().map(|endpoint| endpoint.id.clone()).collect();
        Self { endpoints: user.endpoints, removals: Vec::new(), users }
    }

    /// Every host, in the order of the files.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The hosts of one kind (the optional profiles: resources, management).
    pub fn of_kind(&self, kind: EndpointKind) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().filter(move |endpoint| endpoint.kind == kind)
    }

    /// The hosts of a user's that stand under another id as well, in the order of the catalogue.
    #[must_use]
    pub fn doubled_hosts(&self) -> Vec<DoubledHost> {
        let places = self.endpoints.iter().flat_map(|endpoint| {
            let read = |url: &String| url.parse::<Target>().ok().map(|target| target.authority(true));
            endpoint.urls.iter().filter_map(read).map(move |host| (host.to_lowercase(), endpoint.id.as_str()))
        });
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut doubled = Vec::new();
        for (host, id) in places {
            match seen.get(&host) {
                Some(first) if *first == id => {}
                Some(first) if self.users.contains(*first) || self.users.contains(id) => {
                    doubled.push(DoubledHost { host, first: (*first).to_owned(), second: id.to_owned() });
                }
                Some(_) => {}
                None => {
                    seen.insert(host, id);
                }
            }
        }
        doubled
    }
}

/// The nearest of `known` to `given`, when one is near enough to be what was meant.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest_above(LIKELY_SLIP, given, known)
}

/// The nearest of `known` to `given`, when they are at least so alike.
fn nearest_above<'a>(likeness: f64, given: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let given = given.to_lowercase();
    known
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(found, _)| *found >= likeness)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name.to_owned())
}

/// What profiles need open that nothing here probes.
#[must_use]
#[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a file of this crate; a test loads it")]
pub fn built_in_information() -> Vec<Information> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        information: Vec<Information>,
    }
    toml::from_str::<File>(INFORMATION).expect("a well-formed built-in file").information
}

/// The public mires, in the order to try them. M-Lab is not among them: it publishes its users' addresses.
#[must_use]
#[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a file of this crate; a test loads it")]
pub fn built_in_mires() -> Vec<Mire> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        mire: Vec<Mire>,
    }
    toml::from_str::<File>(MIRES).expect("a well-formed built-in file").mire
}

/// The control targets: two unrelated hosts whose answers are known beforehand.
#[must_use]
#[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a file of this crate; a test loads it")]
pub fn built_in_controls() -> Vec<ControlTarget> {
    #[derive(Deserialize)]
    struct File {
        control: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        url: String,
        status: u16,
        body: Option<String>,
    }
    let file: File = toml::from_str(CONTROLS).expect("a well-formed built-in file");
    file.control
        .into_iter()
        .map(|entry| ControlTarget { url: entry.url, status: entry.status, body: entry.body })
        .collect()
}
