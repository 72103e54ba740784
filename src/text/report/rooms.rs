//! The rooms of a Wi-Fi survey.

use crate::show::{GOOD_DBM, Reception, SERVES_DBM};
use crate::text::{Lang, with_unit};

/// How well a level serves, in a word.
#[must_use]
pub fn reception(reception: Reception, lang: Lang) -> &'static str {
    match reception {
        Reception::Good => lang.pick("bon", "good"),
        Reception::Usable => lang.pick("correct", "usable"),
        Reception::Weak => lang.pick("faible", "weak"),
        Reception::Silent => lang.pick("rien entendu", "nothing heard"),
        Reception::Untold => lang.pick("niveau inconnu", "level unknown"),
    }
}

/// A level: `−54 dBm`.
#[must_use]
pub fn dbm(level: i16, lang: Lang) -> String {
    with_unit(&lang.decimal(f64::from(level), 0), "dBm")
}

/// What the words and the tints of the table mean, and that they bind nobody.
#[must_use]
pub fn level_note(lang: Lang) -> String {
    let (least, good) = (dbm(SERVES_DBM, lang), dbm(GOOD_DBM, lang));
    lang.pick(
        format!("Indicatif : à partir de {least}, le niveau suffit d’ordinaire en classe (« correct » ; « bon » à partir de {good}, \
                 « faible » en dessous de {least}). C’est un usage de terrain, aucun texte ne l’impose, et il ne change aucun verdict."),
        format!("Indicative: from {least} on, the level usually serves a class (\"usable\"; \"good\" from {good} on, \"weak\" below \
                 {least}). That is field practice, no text asks for it, and it changes no verdict."),
    )
}

/// The title over the rooms below the level, and what to do there.
#[must_use]
pub fn below_title(lang: Lang) -> String {
    let least = dbm(SERVES_DBM, lang);
    lang.pick(format!("Pièces sous {least}"), format!("Rooms below {least}"))
}

/// What to do there, in the order of what costs least.
#[must_use]
pub fn below_advice(lang: Lang) -> &'static str {
    lang.pick(
        "À faire si ces pièces servent au numérique : vérifier que les bornes étaient allumées et mesurer à nouveau, porte ouverte \
         puis fermée ; sinon déplacer ou ajouter une borne, ou câbler la pièce.",
        "To do if these rooms are for digital lessons: check that the access points were on and measure again, with the door open \
         and then shut; else move or add an access point, or wire the room.",
    )
}

/// How the rooms were listened to.
#[must_use]
pub fn rooms_scan(all: &str, cached: &[String], lang: Lang) -> String {
    let how = lang.pick("une écoute dans chaque pièce", "a scan in each room").to_owned();
    let how = if cached.is_empty() {
        how
    } else {
        let cached = cached.join(", ");
        how + &lang.pick(
            format!(", sauf la liste en mémoire du système pour {cached}"),
            format!(", but the system’s remembered list for {cached}"),
        )
    };
    format!("{how} — {all}")
}
