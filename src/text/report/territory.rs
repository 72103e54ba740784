//! Where a school is, and what that proposes.

use sonde_probes::catalogue::Place;

use super::together;
use crate::text::Lang;

/// A place by its code: "Loire-Atlantique (44), académie de Nantes". `None` for a code that is no place's.
#[must_use]
pub fn territory_of(code: &str, lang: Lang) -> Option<String> {
    Place::find(code).ok().map(|place| territory(&place, lang))
}

/// A place.
#[must_use]
pub fn territory(place: &Place, lang: Lang) -> String {
    let academy = academy(&place.academy_name, lang);
    if place.whole_academy { academy } else { format!("{} ({}), {academy}", place.name, place.code) }
}

/// An académie by its name.
fn academy(name: &str, lang: Lang) -> String {
    let elided = name.starts_with(['A', 'E', 'I', 'O', 'U', 'É']);
    lang.pick(
        if elided { format!("académie d’{name}") } else { format!("académie de {name}") },
        format!("académie of {name}"),
    )
}

/// The ENTs that belong to a place, by label and id: proposed, since none was declared.
#[must_use]
pub fn ent_proposal(place: &Place, ents: &[(String, String)], lang: Lang) -> String {
    let named: Vec<String> = ents.iter().map(|(label, id)| format!("{label} (--ent {id})")).collect();
    let here = if place.whole_academy {
        lang.pick("cette académie", "this académie")
    } else {
        lang.pick("ce département", "this département")
    };
    if named.is_empty() {
        return lang.pick(
            format!("ENT non précisé ; le catalogue n’en connaît pas de propre à {here} (liste : sonde-ecole endpoints list --kind ent)."),
            format!("ENT not named; the catalogue knows none of {here}’s own (list: sonde-ecole endpoints list --kind ent)."),
        );
    }
    let named = together(&named, lang);
    lang.pick(
        format!("ENT non précisé ; dans {here} : {named}."),
        format!("ENT not named; in {here}: {named}."),
    )
}

/// No guichet is known for an académie.
#[must_use]
pub fn no_portal(academy_name: &str, lang: Lang) -> String {
    let academy = academy(academy_name, lang);
    lang.pick(
        format!("Le catalogue ne connaît pas le guichet académique de l’{academy} : il n’est pas vérifié."),
        format!("The catalogue does not know the portal of the {academy}: it is not checked."),
    )
}
