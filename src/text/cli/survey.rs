//! The Wi-Fi survey, room by room: its questions, and what it says of a room and of itself.

use std::path::Path;

use sonde_report::values::Room;
use sonde_report::{CaveatCode, Timestamp};

pub use super::survey_say::{Say, say};
use super::{Both, both};
use crate::show::Reception;
use crate::survey::{BadName, School};
use crate::text::report as words;
use crate::text::{Lang, NARROW};

/// What a survey on a terminal says first.
pub const WELCOME: Both = both(
    "Relevé Wi-Fi pièce par pièce. Allez dans la première pièce, bornes allumées.\n\
     Chaque pièce est enregistrée aussitôt. Échap pour s’arrêter, sans rien perdre.",
    "Wi-Fi survey, room by room. Go to the first room, with the access points on.\n\
     Each room is saved at once. Esc to stop, losing nothing.",
);
/// The room's name.
pub const ROOM: Both = both("Pièce (entrée vide pour terminer) :", "Room (leave empty to finish):");
/// Help for it.
pub const ROOM_HELP: Both = both(
    "par exemple Classe CP, sans nom de personne ; un nom déjà donné mesure la pièce à nouveau",
    "such as Classe CP, no person’s name; a name given before measures that room again",
);
/// While the radio listens.
pub const LISTENING: Both = both("Écoute en cours, quelques secondes…", "Listening, a few seconds…");
/// The networks' name.
pub const SSID: Both = both(
    "Nom (SSID) du Wi-Fi de l’école, comme ecole-* :",
    "Name (SSID) of the school’s Wi-Fi, such as ecole-*:",
);
/// Help for it.
pub const SSID_HELP: Both = both(
    "sans lui, rien ne distingue l’école de ses voisins ; les majuscules comptent",
    "without it nothing tells the school from its neighbours; upper and lower case matter",
);
/// A name that is not in sight.
pub const NOT_IN_SIGHT: Both = both(
    "Aucun réseau de ce nom n’est à portée ici. Corriger (majuscules comprises), ou valider encore si c’est bien lui.",
    "No network of that name is in sight here. Correct it (upper and lower case included), or confirm if it is the one.",
);
/// What next, after a room.
pub const NEXT: Both = both("Ensuite :", "Next:");
/// The next room.
pub const NEXT_ROOM: Both = both("pièce suivante", "next room");
/// The same room again.
pub const AGAIN: Both =
    both("mesurer encore cette pièce (remplace la mesure)", "measure this room again (replaces the scan)");
/// Again, where nothing could be heard.
pub const RETRY: Both = both("réessayer ici", "try again here");
/// The end.
pub const FINISH: Both = both("terminer et afficher le résultat", "finish and show the result");
/// A room keeps its scan.
pub const OTHER_NAME: Both = both("la garder, et donner un autre nom", "keep it, and give another name");
/// A room is measured again.
pub const REPLACE: Both = both("la remplacer", "replace it");
/// What to do with an unfinished survey.
pub const UNFINISHED: Both = both("Que faire de ce relevé ?", "What about this survey?");
/// Going on.
pub const GO_ON: Both = both("le poursuivre", "go on with it");
/// Starting anew.
pub const START_ANEW: Both = both("recommencer (efface ces pièces)", "start anew (deletes these rooms)");
/// Whether to save the result.
pub const SAVE: Both = both(
    "Enregistrer ce relevé, pour le joindre à une mesure (run --survey FICHIER) ?",
    "Save this survey, to put it into a run (run --survey FILE)?",
);

/// "Classe CP: press Enter to measure".
#[must_use]
pub fn ready(room: &str, lang: Lang) -> String {
    lang.pick(format!("{room}{NARROW}: Entrée pour mesurer"), format!("{room}: press Enter to measure"))
}

/// A room was measured a while ago.
#[must_use]
pub fn measured_before(room: &str, at: &Timestamp, lang: Lang) -> String {
    let at = lang.date_time(at);
    lang.pick(
        format!("{room} a déjà été mesurée le {at}. Cette mesure :"),
        format!("{room} was measured on {at}. That scan:"),
    )
}

/// The file name that is proposed.
#[must_use]
pub fn file_name(uai: Option<&str>, date: &str, lang: Lang) -> String {
    let stem = lang.pick("releve-wifi", "wifi-survey");
    uai.map_or_else(|| format!("{stem}-{date}.json"), |uai| format!("{stem}-{uai}-{date}.json"))
}

/// Why a text is no name of a room.
#[must_use]
pub fn bad_name(bad: BadName, lang: Lang) -> String {
    match bad {
        BadName::Empty => lang.pick("il manque le nom de la pièce", "the room needs a name").to_owned(),
        BadName::TooLong(most) => lang.pick(
            format!("nom de pièce trop long (au plus {most} caractères)"),
            format!("name of the room too long (at most {most} characters)"),
        ),
        BadName::Control => lang
            .pick(
                "nom de pièce refusé, il contient un caractère invisible (tabulation, retour à la ligne…)",
                "name of the room refused, it holds an invisible character (tab, line break…)",
            )
            .to_owned(),
    }
}

/// What a room gave, in one line: boxes, best signal, a word; then what weakens it. `nothing_yet`: no room of the survey has
/// heard the school.
#[must_use]
pub fn room(room: &Room, replaced: bool, nothing_yet: bool, lang: Lang) -> String {
    let found = if room.heard.is_empty() {
        lang.pick("aucun réseau de l’école entendu", "no network of the school heard").to_owned()
    } else {
        let boxes = words::access_points(room.heard.len() as u64, lang);
        let word = words::reception(Reception::of_room(room), lang);
        let best = room.best_signal_dbm.map_or_else(
            || word.to_owned(),
            |best| {
                let best = words::dbm(best, lang);
                lang.pick(format!("meilleur signal {best}, {word}"), format!("best signal {best}, {word}"))
            },
        );
        lang.pick(
            format!("{boxes} à portée, {best} (indicatif)"),
            format!("{boxes} in sight, {best} (indicative)"),
        )
    };
    let mut line = lang.labelled(&room.name, &found);
    if replaced {
        line += lang.pick(" — remplace la mesure d’avant", " — replaces the scan before");
    }
    if nothing_yet {
        line += lang.pick(
            "\n  Vérifier le nom du réseau (--ssid), majuscules comprises, et que les bornes sont allumées.",
            "\n  Check the network’s name (--ssid), upper and lower case included, and that the access points are on.",
        );
    }
    for caveat in &room.caveats {
        line += "\n";
        line += match caveat {
            CaveatCode::StaleScan => lang.pick(
                "  Attention, liste en mémoire du système, pas une écoute : elle peut venir d’une autre pièce. À mesurer encore.",
                "  Beware, the system’s remembered list, no fresh scan: it may be of another room. Measure again.",
            ),
            CaveatCode::PartialScan => lang.pick(
                "  Attention, relevé incomplet : une borne a pu être manquée. À mesurer encore.",
                "  Beware, incomplete scan: an access point may have been missed. Measure again.",
            ),
            other => words::caveat(*other, lang),
        };
    }
    line
}

/// Where the survey stands after a room: how many rooms, since when, and of which school.
#[must_use]
pub fn standing(holds: &Holds<'_>, lang: Lang) -> String {
    let (count, since) = (rooms(holds.rooms.len(), lang), lang.date_time(&holds.since));
    let school = of_school(holds.school, lang);
    lang.pick(
        format!("{count} dans ce relevé, commencé le {since}, {school}."),
        format!("{count} in this survey, begun {since}, {school}."),
    )
}

/// Where a survey is kept.
#[must_use]
pub fn kept_in(path: &Path, lang: Lang) -> String {
    let path = path.display();
    lang.pick(format!("Relevé gardé dans {path}"), format!("Survey kept in {path}"))
}

/// What an unfinished survey holds.
pub struct Holds<'a> {
    /// When its first room was listened to.
    pub since: Timestamp,
    /// The rooms' names.
    pub rooms: Vec<&'a str>,
    /// What was said of the school.
    pub school: &'a School,
}

/// The unfinished survey in one line.
#[must_use]
pub fn holds(holds: &Holds<'_>, lang: Lang) -> String {
    let (count, since) = (rooms(holds.rooms.len(), lang), lang.date_time(&holds.since));
    let (school, names) = (of_school(holds.school, lang), holds.rooms.join(", "));
    lang.pick(
        format!("Relevé Wi-Fi en cours depuis le {since}, {school}, {count} : {names}"),
        format!("Unfinished Wi-Fi survey since {since}, {school}, {count}: {names}"),
    )
}

/// Which school a survey is of, as far as it was told.
fn of_school(school: &School, lang: Lang) -> String {
    let named = [school.uai.as_ref().map(ToString::to_string), school.label.clone()];
    let named: Vec<String> = named.into_iter().flatten().collect();
    if named.is_empty() {
        return lang.pick("école non précisée (--uai)", "school not named (--uai)").to_owned();
    }
    let named = named.join(", ");
    lang.pick(format!("école {named}"), format!("school {named}"))
}

/// The same behind the program's name and a colon.
pub(super) fn held_already(held: &Holds<'_>, lang: Lang) -> String {
    words::after_colon(&holds(held, lang))
}

/// "3 rooms".
pub(super) fn rooms(count: usize, lang: Lang) -> String {
    let number = lang.integer(count as u64);
    lang.pick(
        format!("{number} pièce{}", if count > 1 { "s" } else { "" }),
        format!("{number} room{}", if count == 1 { "" } else { "s" }),
    )
}
