//! What a Wi-Fi survey says beside its questions and its result: where it stands, and its refusals.

use std::io::{Error, ErrorKind};
use std::path::Path;

use sonde_report::Timestamp;
use sonde_report::document::WifiOn;

use super::message::recording_fault;
use super::survey::{Holds, bad_name, held_already, kept_in, rooms, standing};
use super::{problem::system, quoted, usage::error_line};
use crate::store::StoreError;
use crate::survey::feed::{BadSurvey, Notice};
use crate::survey::{BadName, Damage, Differs, Fault, JsonFault, Refused};
use crate::text::Lang;

/// What a survey has to say beside its questions and its result.
pub enum Say<'a> {
    /// It was left: how many rooms are on the disk, how to go on, and which scans are lost.
    Left { rooms: usize, lost: &'a [String] },
    /// What could not be written now is.
    SavedNow { rooms: &'a [String] },
    /// What could not be written still is not.
    Unsaved { rooms: &'a [String] },
    /// A room is kept: what the survey holds, and what can follow. `path`: where, after the first room.
    Kept { holds: Holds<'a>, path: Option<&'a Path> },
    /// The school's network is the one that this machine is on, since none was named.
    Associated { ssids: &'a [String] },
    /// There is no unfinished survey.
    None { path: &'a Path },
    /// There is none to finish.
    NothingToFinish { path: &'a Path },
    /// There is none to go on with.
    NothingToResume { path: &'a Path },
    /// Another process is at it.
    Busy,
    /// Its file is refused.
    Refused { path: &'a Path, why: &'a Refused },
    /// A refused file was given another name.
    SetAside { path: &'a Path },
    /// What is asked now does not agree with it.
    Differs { what: &'a Differs, holds: Option<Holds<'a>> },
    /// Its last room is of another day.
    OtherDay { holds: Holds<'a> },
    /// A room was measured a while ago, and nobody said that its scan may go.
    MeasuredBefore { room: &'a str, at: Timestamp, holds: Holds<'a> },
    /// Nobody can be asked, and nothing was said to do.
    NoTerminal { unfinished: Option<Holds<'a>> },
    /// Which networks are the school's is not known. `read`: the scan was read from a file.
    NoSsid { read: bool },
    /// A name of a room is refused.
    BadName { bad: BadName },
    /// The radio could not listen: why, and the room is not recorded.
    NotHeard { room: &'a str, why: &'a str },
    /// The state directory cannot be used.
    NoState { error: &'a anyhow::Error },
    /// The survey's file could not be written. `asked`: by questions, so that it is tried again.
    NotKept { error: &'a StoreError, asked: bool },
    /// The result could not be written everywhere: how many rooms are on the disk, and which scans are in memory alone.
    StillKept { path: &'a Path, rooms: usize, unsaved: &'a [String] },
    /// The result is in no file that was asked for: where it is kept.
    ResultKept { path: &'a Path },
    /// The file of the delivered survey could not be removed.
    NotRemoved { error: &'a StoreError },
    /// A survey cannot feed a run.
    BadSurvey { path: &'a Path, why: &'a BadSurvey },
    /// A survey feeds a run, and something should be looked at.
    Notice { path: &'a Path, notice: &'a Notice },
}

/// The sentence.
#[must_use]
pub fn say(what: &Say<'_>, lang: Lang) -> String {
    let refusal = match what {
        Say::Left { rooms, lost } => return left(*rooms, lost, lang),
        Say::SavedNow { rooms } => {
            return lang.labelled(lang.pick("Enregistré cette fois", "Saved this time"), &rooms.join(", "));
        }
        Say::Unsaved { rooms } => {
            let what = lang
                .pick("Toujours pas enregistré, en mémoire seulement", "Still not saved, in memory alone");
            return lang.labelled(what, &rooms.join(", "));
        }
        Say::Kept { holds, path } => return kept(holds, *path, lang),
        Say::Associated { ssids } => return associated(ssids, lang),
        Say::None { path } => return none(path, lang),
        Say::SetAside { path } => return set_aside(path, lang),
        Say::ResultKept { path } => return result_kept(path, lang),
        Say::NothingToFinish { path } => nothing_to_finish(path, lang),
        Say::NothingToResume { path } => nothing_to_resume(path, lang),
        Say::Busy => lang
            .pick(
                "un relevé Wi-Fi est ouvert dans une autre fenêtre ou un autre programme ; fermez-le d’abord",
                "a Wi-Fi survey is open in another window or program; close it first",
            )
            .to_owned(),
        Say::Refused { path, why } => refused(path, why, lang),
        Say::Differs { what, holds } => disagrees(what, holds.as_ref(), lang),
        Say::OtherDay { holds } => other_day(holds, lang),
        Say::MeasuredBefore { room, at, holds } => measured_before(room, at, holds, lang),
        Say::NoTerminal { unfinished } => no_terminal(unfinished.as_ref(), lang),
        Say::NoSsid { read } => no_ssid(*read, lang),
        Say::BadName { bad } => lang.labelled("--room", &bad_name(*bad, lang)),
        Say::NotHeard { room, why } => lang.pick(
            format!("{room} : rien n’a été écouté, la pièce n’est pas enregistrée. {why}"),
            format!("{room}: nothing was listened to, the room is not saved. {why}"),
        ),
        Say::NoState { error } => no_state(error, lang),
        Say::NotKept { error, asked } => not_kept(error, *asked, lang),
        Say::StillKept { path, rooms, unsaved } => still_kept(path, *rooms, unsaved, lang),
        Say::NotRemoved { error } => not_removed(error, lang),
        Say::BadSurvey { path, why } => bad_survey(path, why, lang),
        Say::Notice { path, notice } => survey_notice(path, notice, lang),
    };
    error_line(&refusal, lang)
}

/// The survey was left.
fn left(kept: usize, lost: &[String], lang: Lang) -> String {
    let head = match (kept, lost.is_empty()) {
        (0, true) => {
            return lang.pick("Abandon, aucune pièce mesurée.", "Left, no room was measured.").to_owned();
        }
        (0, false) => lang.pick("Arrêt, rien n’est gardé.", "Stopped, nothing is kept.").to_owned(),
        _ => {
            let count = rooms(kept, lang);
            lang.pick(
                format!(
                    "Arrêt, relevé gardé ({count}). Pour poursuivre ou terminer : sonde-ecole wifi survey"
                ),
                format!("Stopped, survey kept ({count}). To go on or finish: sonde-ecole wifi survey"),
            )
        }
    };
    if lost.is_empty() {
        return head;
    }
    let lost = lost.join(", ");
    lang.pick(
        format!(
            "{head}\nMesures perdues, car elles n’ont pas pu être enregistrées : {lost}. Elles sont à refaire"
        ),
        format!("{head}\nScans lost, since they could not be saved: {lost}. They must be done again"),
    )
}

/// What the survey holds after a room.
fn kept(holds: &Holds<'_>, path: Option<&Path>, lang: Lang) -> String {
    let line = standing(holds, lang);
    let line = lang.pick(
        format!("{line}\nAutre pièce : --room NOM · résultat : --finish --json FICHIER"),
        format!("{line}\nAnother room: --room NAME · result: --finish --json FILE"),
    );
    path.map_or_else(|| line.clone(), |path| format!("{line}\n{}", kept_in(path, lang)))
}

/// Which network counts, where nobody named it.
fn associated(ssids: &[String], lang: Lang) -> String {
    let name = quoted(&ssids.join(", "), lang);
    lang.pick(
        format!("Wi-Fi de l’école : réseau auquel cette machine est connectée, {name} (sinon : --ssid 'NOM' --new)"),
        format!("The school’s Wi-Fi: the network that this machine is on, {name} (if not: --ssid 'NAME' --new)"),
    )
}

fn none(path: &Path, lang: Lang) -> String {
    let path = path.display();
    lang.pick(
        format!("Aucun relevé Wi-Fi en cours dans {path}."),
        format!("No unfinished Wi-Fi survey in {path}."),
    )
}

fn set_aside(path: &Path, lang: Lang) -> String {
    let path = path.display();
    lang.pick(
        format!(
            "L’ancien fichier de relevé, illisible, est gardé sous {path}, jusqu’à ce que vous l’effaciez"
        ),
        format!("The old survey file, unreadable, is kept as {path} until you delete it"),
    )
}

/// Where the result is, with the command that takes it, ready to be typed.
fn result_kept(path: &Path, lang: Lang) -> String {
    let path = path.display().to_string();
    let typed = if path.contains(' ') { format!("\"{path}\"") } else { path.clone() };
    lang.pick(
        format!("Résultat gardé dans {path} (le prochain le remplace). Pour le joindre à une mesure : sonde-ecole run --survey {typed}"),
        format!("Result kept in {path} (the next one replaces it). To put it into a run: sonde-ecole run --survey {typed}"),
    )
}

fn nothing_to_finish(path: &Path, lang: Lang) -> String {
    let there = path.display();
    let head = lang.pick(
        format!("aucun relevé Wi-Fi en cours dans {there}, donc rien à terminer ; commencez par --room NOM, ou sans option dans un terminal"),
        format!("no unfinished Wi-Fi survey in {there}, so nothing to finish; begin with --room NAME, or without options on a terminal"),
    );
    head + elsewhere(lang)
}

fn nothing_to_resume(path: &Path, lang: Lang) -> String {
    let there = path.display();
    let head = lang.pick(
        format!("aucun relevé Wi-Fi en cours dans {there}, donc rien à poursuivre ; commencez sans --resume"),
        format!("no unfinished Wi-Fi survey in {there}, so nothing to go on with; begin without --resume"),
    );
    head + elsewhere(lang)
}

/// Where a survey may be that is not where it was looked for.
fn elsewhere(lang: Lang) -> &'static str {
    lang.pick(
        ". Celui d’un autre utilisateur, administrateur compris, est dans un autre dossier : reprenez le même utilisateur, ou \
         indiquez ce dossier par SONDE_ECOLE_STATE",
        ". Another user’s, the administrator’s too, is in another directory: take the same user again, or name that directory \
         with SONDE_ECOLE_STATE",
    )
}

/// The old survey can be gone on with, ended, or given up.
fn other_day(holds: &Holds<'_>, lang: Lang) -> String {
    let held = held_already(holds, lang);
    lang.pick(
        format!(
            "{held}. Il date : ajoutez --resume pour le poursuivre, terminez-le par --finish --json FICHIER, ou recommencez par \
             --new (efface ces pièces)"
        ),
        format!(
            "{held}. It is old: add --resume to go on with it, end it with --finish --json FILE, or start anew with --new \
             (deletes these rooms)"
        ),
    )
}

/// A room of that name is there already, and may be another school's.
fn measured_before(room: &str, at: &Timestamp, holds: &Holds<'_>, lang: Lang) -> String {
    let (held, room, at) = (held_already(holds, lang), quoted(room, lang), lang.date_time(at));
    lang.pick(
        format!(
            "{held}. {room} y a déjà été mesurée le {at}. Pour remplacer cette mesure, ajoutez --resume ; pour garder les deux, donnez \
             un autre nom ; dans une autre école, terminez d’abord ce relevé par --finish --json FICHIER, ou recommencez par --new \
             (efface ces pièces)"
        ),
        format!(
            "{held}. {room} was measured there on {at}. To replace that scan, add --resume; to keep both, give another name; in \
             another school, first end this survey with --finish --json FILE, or start anew with --new (deletes these rooms)"
        ),
    )
}

fn no_terminal(unfinished: Option<&Holds<'_>>, lang: Lang) -> String {
    let Some(holds) = unfinished else {
        return lang
            .pick(
                "sans terminal, le relevé se fait par --room NOM, une fois par pièce, puis --finish --json FICHIER",
                "without a terminal, the survey goes by --room NAME, once for each room, then --finish --json FILE",
            )
            .to_owned();
    };
    let held = held_already(holds, lang);
    lang.pick(
        format!(
            "{held}. Sans terminal : --room NOM --resume pour le poursuivre, --room NOM --new pour recommencer (efface ces pièces), \
             --finish --json FICHIER pour le terminer"
        ),
        format!(
            "{held}. Without a terminal: --room NAME --resume to go on with it, --room NAME --new to start anew (deletes these \
             rooms), --finish --json FILE to end it"
        ),
    )
}

fn no_ssid(read: bool, lang: Lang) -> String {
    let why = if read {
        lang.pick(
            "la machine de ce relevé enregistré n’était connectée à aucun Wi-Fi dont le nom puisse servir",
            "the machine of this recorded scan was on no Wi-Fi whose name could serve",
        )
    } else {
        lang.pick(
            "cette machine n’est connectée à aucun Wi-Fi dont le nom puisse servir",
            "this machine is on no Wi-Fi whose name could serve",
        )
    };
    lang.pick(
        format!(
            "quel est le Wi-Fi de l’école ? Ajoutez --ssid 'NOM' (* permis) : {why} (un nom avec « * », « ? » ou un caractère invisible ne se \
             prend pas tel quel), et sans lui rien ne distingue l’école de ses voisins. La pièce n’est pas enregistrée"
        ),
        format!(
            "which Wi-Fi is the school’s? Add --ssid 'NAME' (* allowed): {why} (a name with \"*\", \"?\" or an invisible character is not \
             taken as it is), and without it nothing tells the school from its neighbours. The room is not saved"
        ),
    )
}

fn no_state(error: &anyhow::Error, lang: Lang) -> String {
    let Some(StoreError { path, answer, .. }) = error.downcast_ref() else {
        return lang
            .pick(
                "aucun dossier où garder le relevé entre deux pièces : cet utilisateur n’a pas de dossier personnel (HOME). Indiquez un \
                 dossier par SONDE_ECOLE_STATE",
                "no directory to keep the survey in between two rooms: this user has no home (HOME). Name a directory with \
                 SONDE_ECOLE_STATE",
            )
            .to_owned();
    };
    let (path, why, remedy) = (path.display(), cause(answer, lang), room_for_it(answer, lang));
    lang.pick(
        format!("le dossier d’état, où le relevé est gardé entre deux pièces, est inutilisable : {path} ({why}). {remedy}"),
        format!("the state directory, where the survey is kept between two rooms, cannot be used: {path} ({why}). {remedy}"),
    )
}

fn not_kept(error: &StoreError, asked: bool, lang: Lang) -> String {
    let (path, why, remedy) =
        (error.path.display(), cause(&error.answer, lang), room_for_it(&error.answer, lang));
    let sentence = lang.pick(
        format!("la pièce n’a pas pu être enregistrée : {path} ({why}). {remedy}"),
        format!("the room could not be saved: {path} ({why}). {remedy}"),
    );
    if !asked {
        return sentence;
    }
    sentence
        + lang.pick(
            ". Sa mesure reste en mémoire, et l’enregistrement est retenté à chaque étape",
            ". Its scan stays in memory, and saving is tried again at each step",
        )
}

/// What the system answered, without the path.
fn cause(error: &Error, lang: Lang) -> String {
    system(&error.to_string(), lang)
}

/// What to do so that the survey can be written.
fn room_for_it(error: &Error, lang: Lang) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            lang.pick("Libérez de la place sur ce disque", "Free some space on that disk")
        }
        ErrorKind::PermissionDenied => lang.pick(
            "Reprenez l’utilisateur qui a commencé le relevé, ou indiquez un autre dossier par SONDE_ECOLE_STATE (les pièces déjà \
             enregistrées restent dans l’ancien)",
            "Take the user again who began the survey, or name another directory with SONDE_ECOLE_STATE (rooms saved before stay \
             in the old one)",
        ),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::AlreadyExists => lang.pick(
            "Déplacez ce qui est à cette place, ou indiquez un autre dossier par SONDE_ECOLE_STATE (les pièces déjà enregistrées \
             restent dans l’ancien)",
            "Move away what stands there, or name another directory with SONDE_ECOLE_STATE (rooms saved before stay in the old one)",
        ),
        _ => lang.pick(
            "Indiquez un autre dossier par SONDE_ECOLE_STATE (les pièces déjà enregistrées restent dans l’ancien)",
            "Name another directory with SONDE_ECOLE_STATE (rooms saved before stay in the old one)",
        ),
    }
}

/// The result is not written. Scans in memory alone are those of a survey by questions, which goes on.
fn still_kept(path: &Path, kept: usize, unsaved: &[String], lang: Lang) -> String {
    let (path, count) = (path.display(), rooms(kept, lang));
    if !unsaved.is_empty() {
        let unsaved = unsaved.join(", ");
        return lang.pick(
            format!("le résultat n’a pas pu être écrit. Sur le disque : {count} ({path}). En mémoire seulement, et perdu si vous quittez : {unsaved}. Corrigez, puis terminez à nouveau"),
            format!("the result could not be written. On the disk: {count} ({path}). In memory alone, and lost if you leave: {unsaved}. Mend that, then finish again"),
        );
    }
    lang.pick(
        format!("le résultat n’a pas pu être écrit, donc le relevé est gardé ({path}, {count}) : corrigez puis relancez avec --finish"),
        format!("the result could not be written, so the survey is kept ({path}, {count}): mend that, then run again with --finish"),
    )
}

fn not_removed(error: &StoreError, lang: Lang) -> String {
    let (path, why) = (error.path.display(), cause(&error.answer, lang));
    lang.pick(
        format!(
            "le relevé est terminé, mais son fichier n’a pas pu être effacé : {path} ({why}). Effacez-le"
        ),
        format!("the survey is finished, but its file could not be removed: {path} ({why}). Delete it"),
    )
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
        Refused::Damaged(damage) => {
            let damage = damaged(damage, lang);
            lang.pick(
                format!("le relevé en cours {path} est abîmé ({damage})"),
                format!("the unfinished survey {path} is damaged ({damage})"),
            )
        }
    };
    let remedy = lang.pick(
        "Pour recommencer sans le perdre : --new, qui le garde sous un autre nom",
        "To start anew without losing it: --new, which keeps it under another name",
    );
    format!("{what}. {remedy}")
}

/// What is wrong in the file, and where.
fn damaged(damage: &Damage, lang: Lang) -> String {
    match damage {
        Damage::Json(fault) => json_fault(fault, lang),
        Damage::Room(bad) => bad_name(*bad, lang),
        Damage::Heard { room, error } => lang.labelled(&quoted(room, lang), &recording_fault(error, lang)),
        Damage::TooLarge(bytes) => {
            let most = lang.volume(*bytes);
            lang.pick(format!("plus de {most}"), format!("more than {most}"))
        }
    }
}

/// What is wrong with a JSON text, and where: lines and columns are the same in both languages.
fn json_fault(fault: &JsonFault, lang: Lang) -> String {
    let JsonFault { line, column, fault } = fault;
    let what = match fault {
        Fault::Cut => lang.pick("le texte s’arrête avant la fin", "the text ends too early").to_owned(),
        Fault::Syntax => lang.pick("ce n’est pas du JSON", "not JSON").to_owned(),
        Fault::Unknown(name) => {
            let name = quoted(name, lang);
            lang.pick(format!("champ inconnu {name}"), format!("unknown field {name}"))
        }
        Fault::Missing(name) => {
            let name = quoted(name, lang);
            lang.pick(format!("il manque le champ {name}"), format!("the field {name} is missing"))
        }
        Fault::Value => lang.pick("valeur refusée", "value refused").to_owned(),
    };
    lang.pick(
        format!("ligne {line}, colonne {column} : {what}"),
        format!("line {line}, column {column}: {what}"),
    )
}

/// What is asked now disagrees with the survey.
fn disagrees(what: &Differs, holds: Option<&Holds<'_>>, lang: Lang) -> String {
    let (name, kept, given) = differs(what, lang);
    let (kept, given) = (quoted(&kept, lang), quoted(&given, lang));
    let held = holds.map_or_else(
        || lang.pick("relevé Wi-Fi en cours", "unfinished Wi-Fi survey").to_owned(),
        |holds| held_already(holds, lang),
    );
    lang.pick(
        format!(
            "{held}. Il ne va pas avec {name} : {kept} en cours, {given} demandé. Redonnez la même valeur (ou aucune) pour le \
             poursuivre, terminez-le par --finish --json FICHIER, ou recommencez par --new (efface ces pièces)"
        ),
        format!(
            "{held}. It does not agree with {name}: {kept} there, {given} given. Give the same value again (or none) to go on with \
             it, end it with --finish --json FILE, or start anew with --new (deletes these rooms)"
        ),
    )
}

/// What differs: its name and both values.
fn differs(what: &Differs, lang: Lang) -> (&'static str, String, String) {
    match what {
        Differs::Ssids(kept, given) => {
            (lang.pick("les réseaux (--ssid)", "the networks (--ssid)"), kept.join(", "), given.join(", "))
        }
        Differs::Uai(kept, given) => (lang.pick("l’UAI", "the UAI"), kept.clone(), given.clone()),
        Differs::Label(kept, given) => {
            (lang.pick("le site (--site)", "the site (--site)"), kept.clone(), given.clone())
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
        BadSurvey::NoReport(fault) => {
            let fault = json_fault(fault, lang);
            lang.pick(
                format!("--survey : {path} n’est pas un rapport lisible ({fault}) ; {remedy}"),
                format!("--survey: {path} is not a readable report ({fault}); {remedy}"),
            )
        }
        BadSurvey::OtherVersion => lang.pick(
            format!(
                "--survey : {path} est un rapport d’une version que ce programme ne connaît pas ; {remedy}"
            ),
            format!("--survey: {path} is a report of a version that this program does not know; {remedy}"),
        ),
        BadSurvey::NoSurvey => lang.pick(
            format!("--survey : {path} est un rapport sans relevé pièce par pièce ; {remedy}"),
            format!("--survey: {path} is a report without a survey; {remedy}"),
        ),
        BadSurvey::Elsewhere(what) => {
            let (name, kept, given) = differs(what, lang);
            let (kept, given) = (quoted(&kept, lang), quoted(&given, lang));
            lang.pick(
                format!("--survey : {path} est d’une autre école que cette mesure : pour {name}, {kept} et non {given}"),
                format!("--survey: {path} is of another school than this run: for {name}, {kept} and not {given}"),
            )
        }
    }
}

/// What should be looked at when a survey feeds a run: the survey's word holds.
fn survey_notice(path: &Path, notice: &Notice, lang: Lang) -> String {
    let path = path.display();
    match notice {
        Notice::NoUai(uai) => lang.pick(
            format!(
                "attention, le relevé {path} ne dit pas l’UAI de son école : vérifiez qu’il est bien de {uai}"
            ),
            format!(
                "warning, the survey {path} does not tell its school’s UAI: make sure that it is of {uai}"
            ),
        ),
        Notice::Ssids(kept, given) => {
            let (kept, given) = (quoted(&kept.join(", "), lang), quoted(&given.join(", "), lang));
            lang.pick(
                format!("attention, les réseaux de l’école sont ceux du relevé {path}, {kept}, et non ceux demandés ici (--ssid), {given}"),
                format!("warning, the school’s networks are those of the survey {path}, {kept}, not those asked for here (--ssid), {given}"),
            )
        }
        Notice::WifiOn(kept, given) => {
            let (kept, given) = (state(*kept, lang), state(*given, lang));
            lang.pick(
                format!("attention, l’état du Wi-Fi est celui du relevé {path}, {kept}, et non celui donné ici (--wifi-on), {given}"),
                format!("warning, the Wi-Fi’s state is that of the survey {path}, {kept}, not the one given here (--wifi-on), {given}"),
            )
        }
    }
}

/// Whether the Wi-Fi is on, in a word.
fn state(on: WifiOn, lang: Lang) -> &'static str {
    match on {
        WifiOn::Yes => lang.pick("allumé", "on"),
        WifiOn::No => lang.pick("éteint", "off"),
        WifiOn::Unknown => lang.pick("inconnu", "unknown"),
    }
}
