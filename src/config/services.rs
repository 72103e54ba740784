//! Which services a run reaches: the catalogue, the user's file, and the choices of a school.

use std::collections::BTreeSet;

use sonde_probes::catalogue::{Catalogue, Choice, ChoiceError, Endpoint, Place, Profile};
use sonde_report::Uai;
use sonde_report::values::EndpointKind;

use super::settings::read_text;
use super::{Key, NameOf, Origin, Problem, Raw, Warning, values};

/// The catalogue and what a school's choices take of it.
#[derive(Debug, Clone)]
pub struct Services {
    /// Every host known.
    pub catalogue: Catalogue,
    /// The choices.
    pub choice: Choice,
    /// The hosts to reach.
    pub selected: Vec<Endpoint>,
}

impl Services {
    /// Reads the choices and makes them; oddities become warnings.
    ///
    /// # Errors
    /// The first [`Problem`].
    pub fn from_raw(raw: &mut Raw) -> Result<Self, Problem> {
        let catalogue = catalogue(raw)?;
        let uai = uai(raw)?;
        let place = place(raw, uai.as_ref())?;
        let choice = Choice { ents: raw.list(Key::Ent), place, uai, profiles: profiles(raw)? };
        let origin = || raw.given.get(&Key::Ent).map_or(Origin::Question, |given| given.origin.clone());
        let selected = catalogue.select(&choice).map_err(|error| match error {
            ChoiceError::UnknownEnt { given, nearest } => {
                Problem::UnknownName { origin: origin(), value: given, what: NameOf::Ent, nearest }
            }
            ChoiceError::NeedsUai { id } => Problem::NeedsUai { origin: origin(), id },
        })?;
        raw.warnings.extend(catalogue.doubled_hosts().into_iter().map(Warning::DoubledHost));
        Ok(Self { catalogue, choice, selected })
    }

    /// The ENTs to propose: those of the place, where none is reached.
    #[must_use]
    pub fn proposed(&self) -> Vec<&Endpoint> {
        let one_is_reached = self.selected.iter().any(|known| known.kind == EndpointKind::Ent);
        match &self.choice.place {
            Some(place) if !one_is_reached => self.catalogue.proposed(place),
            _ => Vec::new(),
        }
    }

    /// The ids of the ENTs that were named, whatever they were named by.
    #[must_use]
    pub fn ents(&self) -> Vec<String> {
        let given = !self.choice.ents.is_empty();
        let ents = self.selected.iter().filter(|known| given && known.kind == EndpointKind::Ent);
        ents.map(|known| known.id.clone()).collect()
    }
}

fn uai(raw: &Raw) -> Result<Option<Uai>, Problem> {
    let Some((text, origin)) = raw.text(Key::Uai) else { return Ok(None) };
    text.parse::<Uai>().map(Some).map_err(|error| Problem::Uai { origin: origin.clone(), error })
}

/// Where the school is: as given, else by its UAI.
fn place(raw: &mut Raw, uai: Option<&Uai>) -> Result<Option<Place>, Problem> {
    let of_uai = uai.and_then(Place::of_uai);
    let given = match raw.text(Key::Territory) {
        None => None,
        Some((text, origin)) => Some(Place::find(text).map_err(|unknown| Problem::UnknownName {
            origin: origin.clone(),
            value: unknown.given,
            what: NameOf::Territory,
            nearest: unknown.nearest,
        })?),
    };
    let warning = match (uai, &of_uai, &given) {
        (Some(uai), None, None) => Some(Warning::UaiWithoutPlace { uai: uai.to_string() }),
        (Some(uai), Some(of_uai), Some(given)) if !given.meets(&of_uai.departments) => {
            let (uai, of_uai, given) = (uai.to_string(), of_uai.code.clone(), given.code.clone());
            Some(Warning::TerritoryDiffers { uai, of_uai, given })
        }
        _ => None,
    };
    raw.warnings.extend(warning);
    Ok(given.or(of_uai))
}

fn profiles(raw: &Raw) -> Result<BTreeSet<Profile>, Problem> {
    let Some(given) = raw.given.get(&Key::Profile) else { return Ok(BTreeSet::new()) };
    let names = given.values.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    let read = |text: &str| {
        values::profile(text).ok_or_else(|| Problem::UnknownName {
            origin: given.origin.clone(),
            value: text.to_owned(),
            what: NameOf::Profile,
            nearest: values::nearest(text, Profile::ALL.map(Profile::as_str)),
        })
    };
    names.map(read).collect()
}

/// Who asks the filter's administrator, when that was said.
#[must_use]
pub fn requester(raw: &Raw) -> Option<String> {
    raw.text(Key::Requester).map(|(text, _)| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The catalogue of services: the built-in one unless it is not wanted, and the user's file.
fn catalogue(raw: &Raw) -> Result<Catalogue, Problem> {
    let built_in = !raw.is_set(Key::NoCatalogue);
    let Some((path, origin)) = raw.text(Key::Endpoints) else {
        return if built_in { Ok(Catalogue::built_in()) } else { Err(Problem::NoEndpoints) };
    };
    let text = read_text(path, origin)?;
    let refused = |error| Problem::BadCatalogue { origin: origin.clone(), error: Box::new(error) };
    let user = Catalogue::parse(&text, path).map_err(refused)?;
    if built_in { Catalogue::built_in().merge(user).map_err(refused) } else { Ok(Catalogue::alone(user)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::config::{Environment, Settings};

    fn settings(pairs: &[(Key, &str)]) -> Result<Settings, Problem> {
        Settings::from_raw(&mut Raw::of_flags(pairs), &Environment::new(), true)
    }

    #[test]
    fn a_uai_says_where_the_school_is_and_proposes_without_assuming() {
        let site = settings(&[(Key::Uai, "0940176F")]).unwrap().site;
        assert_eq!(site.territory.as_deref(), Some("94"));
        let site = settings(&[(Key::Territory, "44")]).unwrap().site;
        assert_eq!(
            (site.ent.as_slice(), site.proposed_ent.as_slice()),
            (&[][..], &["e-primo".to_owned()][..])
        );
        let site = settings(&[(Key::Territory, "44"), (Key::Ent, "E-PRIMO")]).unwrap().site;
        assert_eq!(site.ent, ["e-primo"]);
        assert!(site.proposed_ent.is_empty());
        let problem = settings(&[(Key::Territory, "ac-nante")]).unwrap_err();
        let Problem::UnknownName { nearest, what: NameOf::Territory, .. } = problem else {
            panic!("{problem:?}")
        };
        assert_eq!(nearest.as_deref(), Some("ac-nantes"));
    }

    #[test]
    fn a_territory_that_is_not_the_uais_is_said_and_counts() {
        let warnings = |pairs: &[(Key, &str)]| {
            let mut raw = Raw::of_flags(pairs);
            let settings = Settings::from_raw(&mut raw, &Environment::new(), true).unwrap();
            (settings.site.territory, raw.warnings)
        };
        let (territory, said) = warnings(&[(Key::Uai, "0940176F"), (Key::Territory, "44")]);
        assert_eq!(territory.as_deref(), Some("44"));
        assert!(matches!(said.as_slice(), [Warning::TerritoryDiffers { .. }]), "{said:?}");
        let (_, said) = warnings(&[(Key::Uai, "0940176F"), (Key::Territory, "ac-creteil")]);
        assert!(said.is_empty(), "{said:?}");
        let (territory, said) = warnings(&[(Key::Uai, "9999991F")]);
        assert_eq!(territory, None);
        assert!(matches!(said.as_slice(), [Warning::UaiWithoutPlace { .. }]), "{said:?}");
    }

    #[test]
    fn pronote_wants_the_uai_its_name_holds() {
        let problem = settings(&[(Key::Ent, "pronote")]).unwrap_err();
        assert!(matches!(problem, Problem::NeedsUai { .. }), "{problem:?}");
        assert!(settings(&[(Key::Ent, "pronote"), (Key::Uai, "9999991F")]).is_ok());
    }
}
