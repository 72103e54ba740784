//! Départements and académies: from a code, a name or a UAI to the place whose services a school uses.

use std::sync::LazyLock;

use serde::Deserialize;
use sonde_report::Uai;

use super::nearest_above;

const FILE: &str = include_str!("../../territories.toml");

/// The territory of what serves the whole country.
pub(super) const NATIONAL: &str = "national";

/// Names further apart than this are no likely slip (Jaro-Winkler). Higher than for ids: every short French name is
/// a little like another one, and a wrong département would be believed.
const LIKELY_SLIP: f64 = 0.88;

/// A département, or one of the two collectivities that an académie serves beside its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Department {
    /// `01` to `95`, `2A`, `2B`, `971` to `978`.
    code: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Academy {
    id: String,
    name: String,
    departements: Vec<Department>,
    #[serde(default)]
    also: Vec<Department>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Said for whoever maintains the file.
    #[allow(dead_code, reason = "a source is due, and nothing shows it")]
    source: String,
    academie: Vec<Academy>,
}

#[allow(clippy::expect_used, reason = "a file of this crate; a test loads it")]
static ACADEMIES: LazyLock<Vec<Academy>> =
    LazyLock::new(|| toml::from_str::<File>(FILE).expect("a well-formed built-in file").academie);

/// A département and its académie, or an académie and its départements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `44` or `ac-nantes`.
    pub code: String,
    /// `Loire-Atlantique` or `Nantes`.
    pub name: String,
    /// Whether it is a whole académie.
    pub whole_academy: bool,
    /// The académie's id, `ac-nantes`.
    pub academy: String,
    /// The académie's name, `Nantes`.
    pub academy_name: String,
    /// The codes of its départements: one, or all of the académie.
    pub departments: Vec<String>,
}

/// What names no département and no académie.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no département and no académie{}", nearest.as_ref().map(|near| format!(" (nearest: {near})")).unwrap_or_default())]
pub struct UnknownTerritory {
    /// What was given.
    pub given: String,
    /// The nearest code or name, when one is near.
    pub nearest: Option<String>,
}

impl Place {
    /// The place that a code (`44`, `044`, `2a`, `ac-nantes`), a name (`Loire-Atlantique`, `Nantes`; accents and
    /// case do not count) or a UAI names. A name that is a département's and an académie's is the département's.
    ///
    /// # Errors
    /// [`UnknownTerritory`], with the nearest name, or the code that a postal code begins with.
    pub fn find(text: &str) -> Result<Self, UnknownTerritory> {
        let given = text.trim();
        if let Ok(uai) = given.parse::<Uai>()
            && let Some(place) = Self::of_uai(&uai)
        {
            return Ok(place);
        }
        let folded = fold(given);
        let bare = ["academie-de-la-", "academie-de-", "academie-d'", "academie-"]
            .iter()
            .find_map(|head| folded.strip_prefix(head))
            .unwrap_or(&folded);
        by_code(given)
            .or_else(|| department(|known| fold(&known.name) == folded))
            .or_else(|| academy(|known| known.id == bare || known.id.strip_prefix("ac-") == Some(bare)))
            .or_else(|| academy(|known| fold(&known.name) == bare))
            .ok_or_else(|| UnknownTerritory { given: given.to_owned(), nearest: hint(given, &folded) })
    }

    /// The place of a school, by the prefix of its UAI; `None` for a prefix outside the 101 départements whose
    /// académie is known.
    #[must_use]
    pub fn of_uai(uai: &Uai) -> Option<Self> {
        let code = uai.department()?;
        department(|known| known.code == code)
    }

    /// Whether a host's territory (codes of the catalogue) and this place have a département in common. A national
    /// or unknown territory has none of its own.
    #[must_use]
    pub fn meets(&self, territory: &[String]) -> bool {
        departments_of(territory).iter().any(|code| self.departments.contains(code))
    }
}

/// The départements of a host's territory; none for a national or unknown one.
pub(super) fn departments_of(territory: &[String]) -> Vec<String> {
    let places = territory.iter().filter(|code| *code != NATIONAL).filter_map(|code| Place::find(code).ok());
    places.flat_map(|place| place.departments).collect()
}

/// The canonical code of a territory in a catalogue's file.
///
/// # Errors
/// [`UnknownTerritory`].
pub(super) fn code(text: &str) -> Result<String, UnknownTerritory> {
    if text.trim().eq_ignore_ascii_case(NATIONAL) {
        return Ok(NATIONAL.to_owned());
    }
    Place::find(text).map(|place| place.code)
}

/// By a département's code as people write it: `1`, `01`, `044`, `2a`. `20` was Corsica's before it was divided, and
/// still begins its postal codes: the académie.
fn by_code(given: &str) -> Option<Place> {
    let upper = given.to_ascii_uppercase();
    let short = if upper.len() == 3 { upper.strip_prefix('0').unwrap_or(&upper) } else { upper.as_str() };
    if short == "20" {
        return academy(|known| known.id == "ac-corse");
    }
    let padded = if short.len() == 1 { format!("0{short}") } else { short.to_owned() };
    department(|known| known.code == padded)
}

/// The département that `wanted` tells.
fn department(wanted: impl Fn(&Department) -> bool) -> Option<Place> {
    ACADEMIES.iter().find_map(|academy| {
        let found = academy.departements.iter().chain(&academy.also).find(|known| wanted(known))?;
        Some(Place {
            code: found.code.clone(),
            name: found.name.clone(),
            whole_academy: false,
            academy: academy.id.clone(),
            academy_name: academy.name.clone(),
            departments: vec![found.code.clone()],
        })
    })
}

/// The académie that `wanted` tells.
fn academy(wanted: impl Fn(&Academy) -> bool) -> Option<Place> {
    let found = ACADEMIES.iter().find(|known| wanted(known))?;
    Some(Place {
        code: found.id.clone(),
        name: found.name.clone(),
        whole_academy: true,
        academy: found.id.clone(),
        academy_name: found.name.clone(),
        departments: found.departements.iter().chain(&found.also).map(|known| known.code.clone()).collect(),
    })
}

/// What was likely meant: the code that a postal code begins with, or the nearest name.
fn hint(given: &str, folded: &str) -> Option<String> {
    if given.bytes().all(|byte| byte.is_ascii_digit()) {
        let postal = given.len() == 5;
        let length = if given.starts_with("97") { 3 } else { 2 };
        return given.get(..length).filter(|_| postal).and_then(by_code).map(|place| place.code);
    }
    let names = ACADEMIES.iter().flat_map(|academy| {
        let departments = academy.departements.iter().chain(&academy.also).map(|known| known.name.as_str());
        [academy.id.as_str(), academy.name.as_str()].into_iter().chain(departments)
    });
    let names: Vec<(String, &str)> = names.map(|name| (fold(name), name)).collect();
    let near = nearest_above(LIKELY_SLIP, folded, names.iter().map(|(folded, _)| folded.as_str()))?;
    names.iter().find(|(folded, _)| *folded == near).map(|(_, name)| (*name).to_owned())
}

/// A name without case, accents and kinds of apostrophe, its words joined by hyphens.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.trim().chars().flat_map(char::to_lowercase) {
        match letter {
            'à' | 'â' | 'ä' => folded.push('a'),
            'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
            'î' | 'ï' => folded.push('i'),
            'ô' | 'ö' => folded.push('o'),
            'ù' | 'û' | 'ü' => folded.push('u'),
            'ç' => folded.push('c'),
            'œ' => folded.push_str("oe"),
            '’' => folded.push('\''),
            letter if letter.is_whitespace() || letter == '_' => folded.push('-'),
            other => folded.push(other),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeSet;

    use super::*;

    fn found(text: &str) -> (String, String) {
        let place = Place::find(text).unwrap_or_else(|error| panic!("{error}"));
        (place.code, place.academy)
    }

    #[test]
    fn every_departement_stands_once_and_every_prefix_of_a_uai_leads_to_one() {
        let own: Vec<&Department> = ACADEMIES.iter().flat_map(|academy| &academy.departements).collect();
        let codes: BTreeSet<&str> = own.iter().map(|known| known.code.as_str()).collect();
        assert_eq!((ACADEMIES.len(), own.len(), codes.len()), (30, 101, 101));
        let two_digits = (1..=95).filter(|number| *number != 20).map(|number| format!("{number:02}"));
        let others = ["2A", "2B", "971", "972", "973", "974", "976"].map(str::to_owned);
        for code in two_digits.chain(others) {
            assert!(codes.contains(code.as_str()), "{code}");
        }
        for academy in ACADEMIES.iter() {
            let id = academy.id.strip_prefix("ac-").unwrap();
            assert!(!academy.departements.is_empty() && fold(&academy.name).contains(id), "{academy:?}");
        }
        // Names that are several places' would be answered by the first one alone.
        let names: BTreeSet<String> = own.iter().map(|known| fold(&known.name)).collect();
        assert_eq!(names.len(), 101);
    }

    #[test]
    fn a_place_is_found_as_people_write_it() {
        let nantes = |code: &str| (code.to_owned(), "ac-nantes".to_owned());
        for text in ["44", "044", " 44 ", "Loire-Atlantique", "loire atlantique", "LOIRE-ATLANTIQUE"] {
            assert_eq!(found(text), nantes("44"), "{text}");
        }
        for text in ["ac-nantes", "Nantes", "académie de Nantes", "AC-NANTES"] {
            assert_eq!(found(text), nantes("ac-nantes"), "{text}");
        }
        let of = |code: &str, academy: &str| (code.to_owned(), academy.to_owned());
        for (text, code, academy) in [
            ("1", "01", "ac-lyon"),
            ("2a", "2A", "ac-corse"),
            ("20", "ac-corse", "ac-corse"),
            ("Côte-d'Or", "21", "ac-dijon"),
            ("974", "974", "ac-reunion"),
            ("Réunion", "ac-reunion", "ac-reunion"),
            ("978", "978", "ac-guadeloupe"),
            ("Paris", "75", "ac-paris"),
            ("0940176F", "94", "ac-creteil"),
        ] {
            assert_eq!(found(text), of(code, academy), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_and_a_slip_named() {
        for (text, nearest) in [
            ("ac-nante", Some("ac-nantes")),
            ("Loire-Atlantic", Some("Loire-Atlantique")),
            ("44000", Some("44")),
            ("97400", Some("974")),
            ("96", None),
            ("2C", None),
            ("988", None),
            ("", None),
            ("Bretagne", None),
        ] {
            let error = Place::find(text).expect_err(text);
            assert_eq!(error.nearest.as_deref(), nearest, "{text}");
        }
    }

    #[test]
    fn a_uai_leads_to_its_place_or_to_none() {
        let place = |code: &str| Place::of_uai(&code.parse().unwrap()).map(|place| place.code);
        assert_eq!(place("0940176F").as_deref(), Some("94"));
        let corsica = format!("6200001{}", Uai::letter(6_200_001));
        assert_eq!(place(&corsica).as_deref(), Some("2A"));
        let pacific = format!("9880001{}", Uai::letter(9_880_001));
        assert_eq!(place(&pacific), None);
        assert_eq!(place("9999991F"), None, "a fixture of no school");
    }

    #[test]
    fn territories_meet_by_departement() {
        let moselle = Place::find("57").unwrap();
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        assert!(moselle.meets(&codes(&["ac-nancy-metz"])) && moselle.meets(&codes(&["88", "57"])));
        assert!(
            !moselle.meets(&codes(&["88"])) && !moselle.meets(&codes(&[NATIONAL])) && !moselle.meets(&[])
        );
    }
}
