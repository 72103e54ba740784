//! The catalogue of service hosts, and of public mires and control targets: data files, built in and the user's.
//!
//! It says where hosts are and which belong to a school's profile. It reaches nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sonde_report::values::EndpointKind;

use crate::dial::Target;
use crate::internet::ControlTarget;

mod file;

pub use file::{CatalogueError, CatalogueProblem};

/// The built-in files, by the name shown in errors.
const BUILT_IN: [(&str, &str); 5] = [
    ("endpoints/gar.toml", include_str!("../endpoints/gar.toml")),
    ("endpoints/educonnect.toml", include_str!("../endpoints/educonnect.toml")),
    ("endpoints/ent.toml", include_str!("../endpoints/ent.toml")),
    ("endpoints/portals.toml", include_str!("../endpoints/portals.toml")),
    ("endpoints/resources.toml", include_str!("../endpoints/resources.toml")),
];
const CONTROLS: &str = include_str!("../endpoints/control.toml");
const MIRES: &str = include_str!("../mires.toml");

/// The territory of what serves the whole country.
const NATIONAL: &str = "national";

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
    /// `https://…`, `http://…` or `tcp://host:port`. Each is probed and reported by itself.
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

/// A set of hosts, with distinct ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    endpoints: Vec<Endpoint>,
    /// Ids to take out of the catalogue this one is merged into, with where that is asked.
    removals: Vec<file::Removal>,
    /// Ids that came from a user's file: they are always part of the profile.
    users: BTreeSet<String>,
}

/// An ENT that is neither in the catalogue nor a URL or host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no ENT is called {given:?}{}", nearest.as_ref().map(|near| format!(" (nearest: {near})")).unwrap_or_default())]
pub struct UnknownEnt {
    /// What was given.
    pub given: String,
    /// The nearest id of the catalogue, when one is near.
    pub nearest: Option<String>,
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

    /// The hosts a school with these ENTs must reach: the GAR, ÉduConnect, the ENTs, the guichet académique of each
    /// ENT whose whole territory lies in one académie, and everything of a user's file. Each once, in the order of
    /// the catalogue; ENTs given as a URL or host name come last.
    ///
    /// # Errors
    /// [`UnknownEnt`] with the nearest id.
    pub fn select(&self, ents: &[String]) -> Result<Vec<Endpoint>, UnknownEnt> {
        let named = ents.iter().map(|given| self.ent(given)).collect::<Result<Vec<_>, _>>()?;
        let wanted = |endpoint: &Endpoint| match endpoint.kind {
            _ if self.users.contains(&endpoint.id) => true,
            EndpointKind::Gar | EndpointKind::Educonnect => true,
            EndpointKind::Ent => named.iter().any(|ent| ent.id == endpoint.id),
            EndpointKind::Portal => named.iter().any(|ent| lies_within(&ent.territory, &endpoint.territory)),
            EndpointKind::Resource | EndpointKind::Management | EndpointKind::Control => false,
        };
        let mut chosen: Vec<Endpoint> =
            self.endpoints.iter().filter(|endpoint| wanted(endpoint)).cloned().collect();
        for ent in named {
            if !chosen.iter().any(|known| known.id == ent.id) {
                chosen.push(ent);
            }
        }
        Ok(chosen)
    }

    /// One ENT by its id, by the host of one of its URLs, or made on the spot from a URL or host name.
    fn ent(&self, given: &str) -> Result<Endpoint, UnknownEnt> {
        let given = given.trim();
        if let Some(known) = self.of_kind(EndpointKind::Ent).find(|known| known.id == given) {
            return Ok(known.clone());
        }
        let unknown = || UnknownEnt {
            given: given.to_owned(),
            nearest: nearest(given, self.of_kind(EndpointKind::Ent).map(|known| known.id.as_str())),
        };
        let url = if given.contains("://") {
            given.to_owned()
        } else if given.contains('.') {
            format!("https://{given}/")
        } else {
            return Err(unknown());
        };
        let target: Target = url.parse().map_err(|_| unknown())?;
        let same_host = |known: &&Endpoint| {
            known.urls.iter().any(|url| url.parse::<Target>().is_ok_and(|known| known.host == target.host))
        };
        if let Some(known) = self.of_kind(EndpointKind::Ent).find(same_host) {
            return Ok(known.clone());
        }
        Ok(Endpoint {
            id: target.host.clone(),
            label: target.host.clone(),
            kind: EndpointKind::Ent,
            urls: vec![target.to_string()],
            territory: Vec::new(),
            source: String::new(),
            verified: false,
        })
    }
}

/// Whether a known territory lies whole within another one; a national or unknown one never does.
fn lies_within(inner: &[String], outer: &[String]) -> bool {
    !inner.is_empty() && inner.iter().all(|code| code != NATIONAL && outer.contains(code))
}

/// The nearest of `known` to `given`, when one is near enough to be what was meant.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let given = given.to_lowercase();
    known
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKELY_SLIP)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name.to_owned())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::throughput::MireUrl;

    fn ids(endpoints: &[Endpoint]) -> Vec<&str> {
        endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect()
    }

    fn user(text: &str) -> Catalogue {
        Catalogue::parse(text, "mine.toml").expect("a user's file")
    }

    #[test]
    fn every_built_in_host_is_well_formed_unique_sourced_and_unverified() {
        let catalogue = Catalogue::built_in();
        let distinct: BTreeSet<_> = catalogue.endpoints().iter().map(|endpoint| &endpoint.id).collect();
        assert_eq!(distinct.len(), catalogue.endpoints().len());
        assert!(catalogue.endpoints().len() >= 50);
        for endpoint in catalogue.endpoints() {
            assert!(!endpoint.urls.is_empty() && !endpoint.label.is_empty(), "{}", endpoint.id);
            assert!(endpoint.urls.iter().all(|url| url.parse::<Target>().is_ok()), "{}", endpoint.id);
            assert!(["code public", "non vérifié (de mémoire)"].contains(&endpoint.source.as_str()));
            assert!(!endpoint.verified);
        }
    }

    #[test]
    fn the_vendors_host_of_the_gar_is_never_probed() {
        let text = BUILT_IN.map(|(_, text)| text).concat();
        assert!(!text.lines().any(|line| line.starts_with("urls") && line.contains("abonnement.gar")));
    }

    #[test]
    fn built_in_mires_and_controls_load_and_leave_m_lab_out() {
        let mires = built_in_mires();
        assert!(mires.len() >= 6);
        for mire in &mires {
            assert!(mire.url.parse::<MireUrl>().is_ok(), "{}", mire.url);
            assert!(mire.upload_url.as_ref().is_none_or(|url| url.parse::<Target>().is_ok()));
            assert!(!mire.url.contains("measurementlab") && !mire.verified && !mire.source.is_empty());
        }
        let controls = built_in_controls();
        assert_eq!(controls.len(), 2);
        assert!(controls.iter().all(|control| control.url.parse::<Target>().is_ok()));
        assert_ne!(controls[0].url, controls[1].url);
    }

    #[test]
    fn a_profile_without_ent_is_the_gar_and_educonnect() {
        let chosen = Catalogue::built_in().select(&[]).expect("a profile");
        assert_eq!(ids(&chosen), ["gar", "gar-idp", "gar-vignette", "educonnect"]);
    }

    #[test]
    fn an_ent_brings_the_portal_of_its_academie_and_no_other() {
        let catalogue = Catalogue::built_in();
        let profile = |ent: &str| {
            let chosen = catalogue.select(&[ent.to_owned()]).expect("a profile");
            chosen.into_iter().skip(4).map(|endpoint| endpoint.id).collect::<Vec<_>>()
        };
        assert_eq!(profile("e-primo"), ["e-primo", "portail-nantes"]);
        assert_eq!(profile("essonne"), ["essonne", "portail-versailles"]);
        assert_eq!(profile("one"), ["one"], "a national ENT tells no académie");
        assert_eq!(
            profile("mon-bureau-numerique"),
            ["mon-bureau-numerique"],
            "three académies: which is not known"
        );
    }

    #[test]
    fn an_ent_may_be_a_host_or_url_known_or_not() {
        let catalogue = Catalogue::built_in();
        let last = |ent: &str| catalogue.select(&[ent.to_owned()]).expect("a profile").pop().expect("one");
        assert_eq!(last("https://ent.toulon.fr/x").id, "portail-nice");
        assert_eq!(last("oneconnect.edifice.io").id, "one");
        let own = last("ent.ma-commune.fr");
        assert_eq!(
            (own.id.as_str(), own.urls[0].as_str()),
            ("ent.ma-commune.fr", "https://ent.ma-commune.fr/")
        );
    }

    #[test]
    fn an_unknown_ent_names_the_nearest() {
        let catalogue = Catalogue::built_in();
        let error = catalogue.select(&["e-prmo".to_owned()]).expect_err("unknown");
        assert_eq!(error.nearest.as_deref(), Some("e-primo"));
        let error = catalogue.select(&["zzzz".to_owned()]).expect_err("unknown");
        assert_eq!(error.nearest, None);
    }

    #[test]
    fn a_user_replaces_adds_and_removes() {
        let merged = Catalogue::built_in()
            .merge(user(
                "[[endpoint]]\nid = \"gar\"\nlabel = \"Le mien\"\nkind = \"gar\"\nurls = [\"https://x.example/\"]\n\
                 [[endpoint]]\nid = \"gar-idp\"\nremove = true\n\
                 [[endpoint]]\nid = \"cantine\"\nlabel = \"Cantine\"\nkind = \"resource\"\nurls = [\"tcp://c.example:5\"]\n",
            ))
            .expect("merged");
        let chosen = merged.select(&[]).expect("a profile");
        assert_eq!(ids(&chosen), ["gar", "gar-vignette", "educonnect", "cantine"]);
        assert_eq!(chosen[0].urls, ["https://x.example/"]);
    }

    #[test]
    fn without_the_catalogue_only_the_users_hosts_remain() {
        let mine =
            "[[endpoint]]\nid = \"a\"\nlabel = \"A\"\nkind = \"ent\"\nurls = [\"https://a.example/\"]\n";
        let alone = Catalogue::alone(user(mine));
        assert_eq!(ids(&alone.select(&[]).expect("a profile")), ["a"]);
    }

    #[test]
    fn removing_what_is_not_there_is_refused_with_the_nearest() {
        let slip = user("\n[[endpoint]]\nid = \"gar-ipd\"\nremove = true\n");
        let error = Catalogue::built_in().merge(slip).expect_err("refused");
        assert_eq!((error.line, error.nearest.as_deref()), (3, Some("gar-idp")));
    }
}
