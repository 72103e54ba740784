//! Which hosts a school must reach: what is certain, what was named, and what may be proposed.

use std::collections::BTreeSet;

use sonde_report::Uai;
use sonde_report::values::EndpointKind;

use super::territory::{self, Place, fold};
use super::{Catalogue, Endpoint, UAI, nearest};
use crate::dial::Target;

/// What is known of a school and wanted of its run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its ENT, by id, label, URL or host name.
    pub ents: Vec<String>,
    /// Where it is.
    pub place: Option<Place>,
    /// Its UAI, for the hosts whose name holds it.
    pub uai: Option<Uai>,
    /// The optional profiles.
    pub profiles: BTreeSet<Profile>,
}

/// Hosts that are reached only when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Teaching resources.
    Resources,
    /// What the management of equipment needs.
    Management,
}

impl Profile {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Resources, Self::Management];

    /// Its name in flags and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Management => "management",
        }
    }

    /// The kind of its hosts.
    #[must_use]
    pub fn kind(self) -> EndpointKind {
        match self {
            Self::Resources => EndpointKind::Resource,
            Self::Management => EndpointKind::Management,
        }
    }
}

/// Why a choice cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// An ENT that is neither in the catalogue nor a URL or host name.
    #[error("no ENT is called {given:?}{}", nearest.as_ref().map(|near| format!(" (nearest: {near})")).unwrap_or_default())]
    UnknownEnt {
        /// What was given.
        given: String,
        /// The nearest id of the catalogue, when one is near.
        nearest: Option<String>,
    },
    /// A host whose name holds the UAI, which was not given.
    #[error("the host name of {id:?} holds the school's UAI, which is not known")]
    NeedsUai {
        /// The host's id.
        id: String,
    },
}

impl Endpoint {
    /// Whether its host name holds the school's UAI.
    #[must_use]
    pub fn holds_uai(&self) -> bool {
        self.urls.iter().any(|url| url.contains(UAI))
    }

    /// The same with the UAI where its place is.
    fn with_uai(self, uai: Option<&Uai>) -> Result<Self, ChoiceError> {
        if !self.holds_uai() {
            return Ok(self);
        }
        let Some(uai) = uai else { return Err(ChoiceError::NeedsUai { id: self.id }) };
        let lower = uai.as_str().to_lowercase();
        let urls = self.urls.iter().map(|url| url.replace(UAI, &lower)).collect();
        Ok(Self { urls, ..self })
    }
}

impl Catalogue {
    /// The hosts that a school must reach: the GAR, ÉduConnect, the ENTs named, the guichet of its académie (by the
    /// place; without one, that of an ENT whose whole territory lies in one académie), the profiles asked for, and
    /// everything of a user's file. Each once, in the order of the catalogue; ENTs given as a URL or host name come
    /// last.
    ///
    /// # Errors
    /// [`ChoiceError`].
    pub fn select(&self, choice: &Choice) -> Result<Vec<Endpoint>, ChoiceError> {
        let named = choice.ents.iter().map(|given| self.ent(given)).collect::<Result<Vec<_>, _>>()?;
        let portal = |endpoint: &Endpoint| match &choice.place {
            Some(place) => place.meets(&endpoint.territory),
            None => named.iter().any(|ent| lies_within(&ent.territory, &endpoint.territory)),
        };
        let wanted = |endpoint: &Endpoint| match endpoint.kind {
            _ if self.users.contains(&endpoint.id) => true,
            EndpointKind::Gar | EndpointKind::Educonnect => true,
            EndpointKind::Ent => named.iter().any(|ent| ent.id == endpoint.id),
            EndpointKind::Portal => portal(endpoint),
            EndpointKind::Resource | EndpointKind::Management | EndpointKind::Control => {
                choice.profiles.iter().any(|profile| profile.kind() == endpoint.kind)
            }
        };
        let mut chosen: Vec<Endpoint> =
            self.endpoints.iter().filter(|endpoint| wanted(endpoint)).cloned().collect();
        for ent in named {
            if !chosen.iter().any(|known| known.id == ent.id) {
                chosen.push(ent);
            }
        }
        chosen.into_iter().map(|endpoint| endpoint.with_uai(choice.uai.as_ref())).collect()
    }

    /// The ENTs whose own territory meets a place: to be proposed, never assumed. Those of the whole country are not
    /// among them: they tell nothing of a place.
    #[must_use]
    pub fn proposed(&self, place: &Place) -> Vec<&Endpoint> {
        self.of_kind(EndpointKind::Ent).filter(|ent| place.meets(&ent.territory)).collect()
    }

    /// One ENT by its id or label, by the host of one of its URLs, or made on the spot from a URL or host name.
    fn ent(&self, given: &str) -> Result<Endpoint, ChoiceError> {
        let given = given.trim();
        let ents = || self.of_kind(EndpointKind::Ent);
        let folded = fold(given);
        let known = ents().find(|known| known.id == given || known.id == folded).or_else(|| {
            let mut of_label = ents().filter(|known| fold(&known.label) == folded);
            // Two of the same name: which one is meant is not known.
            of_label.next().filter(|_| of_label.next().is_none())
        });
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let unknown = || ChoiceError::UnknownEnt {
            given: given.to_owned(),
            nearest: nearest(given, ents().map(|known| known.id.as_str())),
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
        if let Some(known) = ents().find(same_host) {
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
    let outer = territory::departments_of(outer);
    let inner_departments = territory::departments_of(inner);
    !inner_departments.is_empty() && inner_departments.iter().all(|code| outer.contains(code))
}
