//! The Wi-Fi survey, room by room: its questions, what it says at once, and its refusals.

use std::path::Path;

use sonde_report::values::Room;
use sonde_report::{CaveatCode, Timestamp};

use super::{Both, both, problem::system, quoted, usage::error_line};
use crate::show::Reception;
use crate::survey::feed::BadSurvey;
use crate::survey::{BadName, Differs, Refused};
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
pub const SSID: Both =
    both("Nom (SSID) du Wi-Fi de l’école, * permis :", "Name (SSID) of the school’s Wi-Fi, * allowed:");
/// Help for it.
pub const SSID_HELP: Both = both(
    "sans lui, rien ne distingue l’école de ses voisins ; les majuscules comptent",
    "without it nothing tells the school from its neighbours; upper and lower case matter",
);
/// An empty answer to it.
pub const SSID_EMPTY: Both = both("il faut un nom", "a name is needed");
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

/// What an unfinished survey holds.
pub struct Holds<'a> {
    /// When its first room was listened to.
    pub since: Timestamp,
    /// The rooms' names.
    pub rooms: Vec<&'a str>,
}

/// The unfinished survey in one line.
#[must_use]
pub fn holds(holds: &Holds<'_>, lang: Lang) -> String {
    let (count, since) = (rooms(holds.rooms.len(), lang), lang.date_time(&holds.since));
    let names = holds.rooms.join(", ");
    lang.pick(
        format!("Relevé Wi-Fi en cours depuis le {since}, {count} : {names}"),
        format!("Unfinished Wi-Fi survey since {since}, {count}: {names}"),
    )
}

/// The same behind the program's name and a colon.
fn held_already(held: &Holds<'_>, lang: Lang) -> String {
    words::after_colon(&holds(held, lang))
}

fn rooms(count: usize, lang: Lang) -> String {
    let number = lang.integer(count as u64);
    lang.pick(
        format!("{number} pièce{}", if count > 1 { "s" } else { "" }),
        format!("{number} room{}", if count == 1 { "" } else { "s" }),
    )
}

/// What a survey has to say beside its questions and its result.
pub enum Say<'a> {
    /// It was left: what is kept, and how to go on.
    Left { rooms: usize },
    /// A room is kept: how many there are, and what can follow.
    Kept { rooms: usize },
    /// There is no unfinished survey.
    None,
    /// There is none to finish.
    NothingToFinish,
    /// There is none to go on with.
    NothingToResume,
    /// Another process is at it.
    Busy,
    /// Its file is refused.
    Refused { path: &'a Path, why: &'a Refused },
    /// A refused file was given another name.
    SetAside { path: &'a Path },
    /// What is asked now does not agree with it.
    Differs { what: &'a Differs },
    /// Its last room is of another day.
    OtherDay { holds: Holds<'a> },
    /// Nobody can be asked, and nothing was said to do.
    NoTerminal { unfinished: Option<Holds<'a>> },
    /// Which networks are the school's is not known.
    NoSsid,
    /// A name of a room is refused.
    BadName { bad: BadName },
    /// The radio could not listen: why, and the room is not recorded.
    NotHeard { room: &'a str, why: &'a str },
    /// The state directory cannot be used.
    NoState { detail: String },
    /// The survey's file could not be written.
    NotKept { detail: String },
    /// The result could not be written everywhere: the survey is kept.
    StillKept { path: &'a Path },
    /// The file of the delivered survey could not be removed.
    NotRemoved { path: &'a Path, detail: String },
    /// A survey cannot feed a run.
    BadSurvey { path: &'a Path, why: &'a BadSurvey },
}

/// The sentence.
#[must_use]
pub fn say(what: &Say<'_>, lang: Lang) -> String {
    let q = |text: &str| quoted(text, lang);
    let sentence = match what {
        Say::Left { rooms: 0 } => return lang.pick("Abandon, aucune pièce mesurée.", "Left, no room was measured.").to_owned(),
        Say::Left { rooms: count } => {
            let count = rooms(*count, lang);
            return lang.pick(
                format!("Arrêt, relevé gardé ({count}). Pour poursuivre ou terminer : sonde-ecole wifi survey"),
                format!("Stopped, survey kept ({count}). To go on or finish: sonde-ecole wifi survey"),
            );
        }
        Say::Kept { rooms: count } => {
            let count = rooms(*count, lang);
            return lang.pick(
                format!("{count} dans ce relevé. Autre pièce : --room NOM · résultat : --finish"),
                format!("{count} in this survey. Another room: --room NAME · result: --finish"),
            );
        }
        Say::None => {
            return lang.pick("Aucun relevé Wi-Fi en cours.", "No unfinished Wi-Fi survey.").to_owned();
        }
        Say::NothingToFinish => lang.pick(
            "aucun relevé Wi-Fi en cours, donc rien à terminer ; commencez par --room NOM, ou sans option dans un terminal",
            "no unfinished Wi-Fi survey, so nothing to finish; begin with --room NAME, or without options on a terminal",
        ).to_owned(),
        Say::NothingToResume => lang.pick(
            "aucun relevé Wi-Fi en cours, donc rien à poursuivre ; commencez sans --resume",
            "no unfinished Wi-Fi survey, so nothing to go on with; begin without --resume",
        ).to_owned(),
        Say::Busy => lang.pick(
            "un relevé Wi-Fi est ouvert dans une autre fenêtre ou un autre programme ; fermez-le d’abord",
            "a Wi-Fi survey is open in another window or program; close it first",
        ).to_owned(),
        Say::Refused { path, why } => refused(path, why, lang),
        Say::SetAside { path } => return lang.pick(
            format!("L’ancien fichier de relevé, illisible, est gardé sous {}", path.display()),
            format!("The old survey file, unreadable, is kept as {}", path.display()),
        ),
        Say::Differs { what } => {
            let (name, kept, given, flag) = differs(what, lang);
            lang.pick(
                format!("le relevé en cours ne va pas avec {name} : {} en cours, {} demandé. Redonnez la même valeur (ou aucune), terminez-le par --finish, \
                         ou recommencez avec --new{flag}", q(&kept), q(&given)),
                format!("the unfinished survey does not agree with {name}: {} there, {} given. Give the same value again (or none), end it with --finish, \
                         or start anew with --new{flag}", q(&kept), q(&given)),
            )
        }
        Say::OtherDay { holds: held } => lang.pick(
            format!("{}. Il date : ajoutez --resume pour le poursuivre, ou --new pour recommencer (efface ces pièces)", held_already(held, lang)),
            format!("{}. It is old: add --resume to go on with it, or --new to start anew (deletes these rooms)", held_already(held, lang)),
        ),
        Say::NoTerminal { unfinished: None } => lang.pick(
            "sans terminal, le relevé se fait par --room NOM, une fois par pièce, puis --finish",
            "without a terminal, the survey goes by --room NAME, once for each room, then --finish",
        ).to_owned(),
        Say::NoTerminal { unfinished: Some(held) } => lang.pick(
            format!("{}. Sans terminal : --room NOM --resume pour le poursuivre, --room NOM --new pour recommencer (efface ces \
                     pièces), --finish pour le terminer", held_already(held, lang)),
            format!("{}. Without a terminal: --room NAME --resume to go on with it, --room NAME --new to start anew (deletes these \
                     rooms), --finish to end it", held_already(held, lang)),
        ),
        Say::NoSsid => lang.pick(
            "quel est le Wi-Fi de l’école ? Ajoutez --ssid 'NOM' (* permis) : cette machine n’est connectée à aucun Wi-Fi, et sans ce \
             nom rien ne distingue l’école de ses voisins. La pièce n’est pas enregistrée",
            "which Wi-Fi is the school’s? Add --ssid 'NAME' (* allowed): this machine is connected to no Wi-Fi, and without that name \
             nothing tells the school from its neighbours. The room is not saved",
        ).to_owned(),
        Say::BadName { bad } => lang.pick(
            format!("--room : {}", bad_name(*bad, lang)),
            format!("--room: {}", bad_name(*bad, lang)),
        ),
        Say::NotHeard { room, why } => lang.pick(
            format!("{room} : rien n’a été écouté, la pièce n’est pas enregistrée. {why}"),
            format!("{room}: nothing was listened to, the room is not saved. {why}"),
        ),
        Say::NoState { detail } => lang.pick(
            format!("le dossier d’état, où le relevé est gardé entre deux pièces, est inutilisable ({}). Indiquez-en un autre par \
                     SONDE_ECOLE_STATE", system(detail, lang)),
            format!("the state directory, where the survey is kept between two rooms, cannot be used ({detail}). Name another with \
                     SONDE_ECOLE_STATE"),
        ),
        Say::NotKept { detail } => lang.pick(
            format!("la pièce n’a pas pu être enregistrée ({}). Libérez de la place ou indiquez un autre dossier par \
                     SONDE_ECOLE_STATE", system(detail, lang)),
            format!("the room could not be saved ({detail}). Free some space, or name another directory with SONDE_ECOLE_STATE"),
        ),
        Say::StillKept { path } => lang.pick(
            format!("le résultat n’a pas pu être écrit, donc le relevé est gardé ({}) : corrigez puis relancez avec --finish", path.display()),
            format!("the result could not be written, so the survey is kept ({}): mend that, then run again with --finish", path.display()),
        ),
        Say::NotRemoved { path, detail } => lang.pick(
            format!("le relevé est terminé, mais son fichier n’a pas pu être effacé ({}, {}) : effacez-le", path.display(), system(detail, lang)),
            format!("the survey is finished, but its file could not be removed ({}, {detail}): delete it", path.display()),
        ),
        Say::BadSurvey { path, why } => bad_survey(path, why, lang),
    };
    error_line(&sentence, lang)
}

/// Why the file of an unfinished survey is refused, and what to do: nothing of it is lost.
fn refused(path: &Path, why: &Refused, lang: Lang) -> String {
    let path = path.display();
    let what = match why {
        Refused::Unreadable(detail) => lang.pick(
            format!("impossible de lire le relevé en cours {path} ({})", system(detail, lang)),
            format!("cannot read the unfinished survey {path} ({detail})"),
        ),
        Refused::OtherFormat => lang.pick(
            format!("{path} n’est pas un relevé en cours d’une version connue ; terminez-le avec la version qui l’a commencé"),
            format!("{path} is no unfinished survey of a known version; finish it with the version that began it"),
        ),
        Refused::Damaged(detail) => lang.pick(
            format!("le relevé en cours {path} est abîmé ({detail})"),
            format!("the unfinished survey {path} is damaged ({detail})"),
        ),
    };
    let remedy = lang.pick(
        "Pour recommencer sans le perdre : --new, qui le garde sous un autre nom",
        "To start anew without losing it: --new, which keeps it under another name",
    );
    format!("{what}. {remedy}")
}

/// What differs: its name, both values, and what to add after `--new`.
fn differs(what: &Differs, lang: Lang) -> (&'static str, String, String, &'static str) {
    match what {
        Differs::Ssids(kept, given) => (
            lang.pick("les réseaux (--ssid)", "the networks (--ssid)"),
            kept.join(", "),
            given.join(", "),
            "",
        ),
        Differs::Uai(kept, given) => (lang.pick("l’UAI", "the UAI"), kept.clone(), given.clone(), ""),
        Differs::Label(kept, given) => {
            (lang.pick("le site (--site)", "the site (--site)"), kept.clone(), given.clone(), "")
        }
    }
}

/// Why a survey cannot feed a run.
fn bad_survey(path: &Path, why: &BadSurvey, lang: Lang) -> String {
    let path = path.display();
    let remedy = lang.pick(
        "un relevé s’enregistre par « sonde-ecole wifi survey --finish --json FICHIER »",
        "a survey is saved by \"sonde-ecole wifi survey --finish --json FILE\"",
    );
    match why {
        BadSurvey::Unreadable(detail) => lang.pick(
            format!("--survey : impossible de lire {path} ({})", system(detail, lang)),
            format!("--survey: cannot read {path} ({detail})"),
        ),
        BadSurvey::NoReport(detail) => lang.pick(
            format!("--survey : {path} n’est pas un rapport lisible ; {remedy}"),
            format!("--survey: {path} is not a readable report ({detail}); {remedy}"),
        ),
        BadSurvey::NoSurvey => lang.pick(
            format!("--survey : {path} est un rapport sans relevé pièce par pièce ; {remedy}"),
            format!("--survey: {path} is a report without a survey; {remedy}"),
        ),
        BadSurvey::Elsewhere(what) => {
            let (name, kept, given, _) = differs(what, lang);
            let (kept, given) = (quoted(&kept, lang), quoted(&given, lang));
            lang.pick(
                format!("--survey : {path} est d’une autre école que cette mesure : pour {name}, {kept} et non {given}"),
                format!("--survey: {path} is of another school than this run: for {name}, {kept} and not {given}"),
            )
        }
    }
}
