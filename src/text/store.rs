//! Sentences about the spool and the upload.

use std::path::Path;

use super::Lang;
use super::cli::problem::{system, url_problem};
use crate::store::{Dropped, Quarantined, Waiting, Why};
use crate::upload::{Drained, Kept, TokenError, UploadUrlError};

/// "2 rapports" or "1 rapport".
fn reports(lang: Lang, count: u64) -> String {
    match (lang, count) {
        (Lang::Fr, 0 | 1) => format!("{count} rapport"),
        (Lang::En, 1) => "1 report".to_owned(),
        (Lang::Fr, _) => format!("{count} rapports"),
        (Lang::En, _) => format!("{count} reports"),
    }
}

/// A size in decimal units, with the decimal comma in French.
fn size(lang: Lang, bytes: u64) -> String {
    let text = match bytes {
        0..1_000 => return format!("{bytes}\u{202f}{}", lang.pick("octets", "bytes")),
        1_000..1_000_000 => format!("{:.1}\u{202f}{}", bytes as f64 / 1e3, lang.pick("ko", "kB")),
        _ => format!("{:.1}\u{202f}{}", bytes as f64 / 1e6, lang.pick("Mo", "MB")),
    };
    lang.pick(text.replace('.', ","), text)
}

/// A local date and time.
fn date(lang: Lang, at: jiff::Timestamp) -> String {
    let local = at.to_zoned_datetime(jiff::tz::TimeZone::system());
    local.strftime(lang.pick("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M")).to_string()
}

/// Whether anything waits.
#[must_use]
pub fn waiting_headline(lang: Lang, count: usize, bytes: u64) -> String {
    if count == 0 {
        return lang
            .pick("Aucun rapport n’attend d’être envoyé.\n", "No report is waiting to be sent.\n")
            .to_owned();
    }
    let (count, size) = (reports(lang, count as u64), size(lang, bytes));
    lang.pick(
        format!("En attente d’envoi\u{202f}: {count} ({size}).\n"),
        format!("Waiting to be sent: {count} ({size}).\n"),
    )
}

/// One report that waits: date, id, size, attempts and why it is still there.
#[must_use]
pub fn waiting_line(lang: Lang, one: &Waiting) -> String {
    let made = one.made_at().map_or(lang.pick("date inconnue", "no date").to_owned(), |at| date(lang, at));
    let mut line = format!("- {made}  {}  {}\n", one.report_id, size(lang, one.bytes));
    let Some(last) = &one.last_attempt else {
        line.push_str(lang.pick("  pas encore d’essai d’envoi\n", "  not tried yet\n"));
        return line;
    };
    let tries = match (lang, last.count) {
        (Lang::Fr, 1) => "1 essai, ".to_owned(),
        (Lang::Fr, count) => format!("{count} essais, le dernier "),
        (Lang::En, 1) => "tried once, ".to_owned(),
        (Lang::En, count) => format!("tried {count} times, last "),
    };
    let (when, why) = (date(lang, last.at.instant()), kept_reason(lang, last.why));
    line.push_str(
        &lang.pick(format!("  {tries}le {when}\u{202f}: {why}"), format!("  {tries}on {when}: {why}")),
    );
    if let Some(detail) = &last.detail {
        line.push_str(" [");
        line.push_str(detail);
        line.push(']');
    }
    line.push('\n');
    if let Some(until) = until(last) {
        let until = date(lang, until);
        line.push_str(&lang.pick(
            format!("  le collecteur a demandé d’attendre jusqu’au {until}\n"),
            format!("  the collector asked to wait until {until}\n"),
        ));
    }
    line
}

/// Until when the collector asked to wait, when that is still to come.
fn until(last: &crate::upload::Attempt) -> Option<jiff::Timestamp> {
    let wait = std::time::Duration::from_secs(last.retry_after_s?);
    last.at.instant().checked_add(wait).ok().filter(|until| *until > jiff::Timestamp::now())
}

/// How many are not listed.
#[must_use]
pub fn and_others(lang: Lang, count: usize) -> String {
    let count = reports(lang, count as u64);
    lang.pick(format!("- et encore {count}, plus récents\n"), format!("- and {count} more, more recent\n"))
}

/// Why a report was kept, without a full stop.
#[must_use]
pub fn kept_reason(lang: Lang, why: Kept) -> &'static str {
    match why {
        Kept::Unreachable => lang.pick("le collecteur est injoignable", "the collector cannot be reached"),
        Kept::Broken => lang.pick(
            "l’échange avec le collecteur s’est interrompu avant sa réponse complète",
            "the exchange with the collector broke off before its answer was complete",
        ),
        Kept::NotTrusted => lang.pick(
            "l’identité du collecteur n’a pas pu être vérifiée",
            "the collector’s identity could not be verified",
        ),
        Kept::Intercepted => lang.pick(
            "la connexion chiffrée est ouverte en chemin par un filtre\u{202f}; rien n’a été envoyé",
            "the encrypted connection is opened on the way by a filter; nothing was sent",
        ),
        Kept::Unauthorised => lang.pick("le collecteur refuse le jeton", "the collector refuses the token"),
        Kept::Busy => lang.pick(
            "le collecteur ne peut rien recevoir pour le moment",
            "the collector cannot take anything now",
        ),
        Kept::NotFound => {
            lang.pick("il n’y a pas de collecteur à cette adresse", "there is no collector at this address")
        }
        Kept::Refused => lang.pick("le collecteur refuse ce rapport", "the collector refuses this report"),
        Kept::Redirected => lang.pick(
            "le collecteur renvoie vers une autre adresse, qui n’a pas été suivie",
            "the collector points to another address, which was not followed",
        ),
    }
}

/// What to do about it: one or two whole sentences.
#[must_use]
pub fn kept_advice(lang: Lang, why: Kept) -> &'static str {
    match why {
        Kept::Unreachable | Kept::Broken => lang.pick(
            "Rien à faire si cela vient d’arriver\u{202f}: l’envoi sera tenté de nouveau. Si cela dure, vérifiez l’accès à Internet, le proxy et l’adresse du collecteur.",
            "Nothing to do if this has just happened: it will be tried again. If it lasts, check the Internet access, the proxy and the collector’s address.",
        ),
        Kept::NotTrusted => lang.pick(
            "Vérifiez l’adresse du collecteur et l’heure de cette machine. Si le collecteur a un certificat signé par votre propre autorité, indiquez-la avec --ca.",
            "Check the collector’s address and this machine’s clock. If the collector’s certificate is signed by your own authority, name it with --ca.",
        ),
        Kept::Intercepted => lang.pick(
            "Demandez à l’administrateur du filtre d’exempter le collecteur du déchiffrement. Si le certificat est bien celui de votre collecteur, indiquez son autorité avec --ca.",
            "Ask the filter’s administrator to exempt the collector from decryption. If the certificate is indeed your collector’s, name its authority with --ca.",
        ),
        Kept::Unauthorised => lang.pick(
            "Demandez un jeton valable au responsable du collecteur.",
            "Ask whoever runs the collector for a valid token.",
        ),
        Kept::Busy => {
            lang.pick("Rien à faire\u{202f}: l’envoi sera tenté de nouveau.", "Nothing to do: it will be tried again.")
        }
        Kept::NotFound | Kept::Redirected => lang.pick(
            "Vérifiez l’adresse donnée à --upload\u{202f}; sur un réseau avec portail d’accès, identifiez-vous d’abord.",
            "Check the address given to --upload; on a network with a captive portal, log in first.",
        ),
        Kept::Refused => lang.pick(
            "Signalez-le au responsable du collecteur, avec le détail entre crochets.",
            "Tell whoever runs the collector, with the detail in brackets.",
        ),
    }
}

/// A reason with its advice, as a paragraph of its own.
#[must_use]
pub fn advice_line(lang: Lang, why: Kept) -> String {
    let (reason, advice) = (kept_reason(lang, why), kept_advice(lang, why));
    lang.pick(format!("Si {reason}\u{202f}: {advice}\n"), format!("If {reason}: {advice}\n"))
}

/// What was lost for want of room.
#[must_use]
pub fn dropped_line(lang: Lang, dropped: &Dropped) -> String {
    let (count, size) = (reports(lang, dropped.reports), size(lang, dropped.bytes));
    let last = dropped.last_at.map(|at| date(lang, at.instant())).unwrap_or_default();
    lang.pick(
        format!("Perdus faute de place\u{202f}: {count} ({size}), les plus anciens\u{202f}; dernière perte le {last}.\n"),
        format!("Lost for want of room: {count} ({size}), the oldest ones; last loss on {last}.\n"),
    )
}

/// The count of losses cannot be read.
#[must_use]
pub fn dropped_unreadable(lang: Lang, error: &str) -> String {
    lang.pick(
        format!("Le compte des rapports perdus est illisible\u{202f}: {error}\n"),
        format!("The count of lost reports cannot be read: {error}\n"),
    )
}

/// Files were moved aside.
#[must_use]
pub fn quarantine_headline(lang: Lang, found: &[Quarantined], directory: &Path) -> String {
    let (count, directory) = (found.len(), directory.display());
    lang.pick(
        format!(
            "Mis de côté, car ce ne sont pas des rapports valables\u{202f}: {count} (dans {directory})\n"
        ),
        format!("Moved aside because they are no valid reports: {count} (in {directory})\n"),
    )
}

/// One file that was moved aside.
#[must_use]
pub fn quarantine_line(lang: Lang, one: &Quarantined) -> String {
    let why = match one.why {
        Some(Why::Empty) => lang.pick("vide (coupure de courant\u{202f}?)", "empty (power cut?)"),
        Some(Why::NotJson) => lang.pick("tronqué ou abîmé", "cut short or damaged"),
        Some(Why::OtherReport) => lang.pick(
            "son contenu n’est pas le rapport que dit son nom",
            "its content is not the report its name says",
        ),
        Some(Why::Foreign) => lang.pick("fichier étranger à l’outil", "not a file of this tool"),
        None => lang.pick("raison inconnue", "reason unknown"),
    };
    // A foreign file's name may hold anything: no control characters on a terminal.
    let name: String = one.name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    lang.pick(format!("- {name}\u{202f}: {why}\n"), format!("- {name}: {why}\n"))
}

/// What came of sending.
#[must_use]
pub fn drained(lang: Lang, drained: &Drained) -> String {
    let mut out = String::new();
    let mut line = |fr: String, en: String| {
        out.push_str(&lang.pick(fr, en));
        out.push('\n');
    };
    if let Some(until) = drained.deferred_until {
        let until = date(lang, until);
        line(
            format!("Rien n’a été envoyé\u{202f}: le collecteur a demandé d’attendre jusqu’au {until}."),
            format!("Nothing was sent: the collector asked to wait until {until}."),
        );
    }
    if drained.sent > 0 {
        let count = reports(lang, u64::from(drained.sent));
        line(format!("Envoyé\u{202f}: {count}."), format!("Sent: {count}."));
    }
    let mut told: Vec<(Kept, u64)> = Vec::new();
    for (_, why) in &drained.kept {
        match told.iter_mut().find(|(known, _)| known == why) {
            Some((_, count)) => *count += 1,
            None => told.push((*why, 1)),
        }
    }
    for (why, count) in told {
        let (count, reason, advice) = (reports(lang, count), kept_reason(lang, why), kept_advice(lang, why));
        line(
            format!("Gardé pour plus tard\u{202f}: {count}, car {reason}. {advice}"),
            format!("Kept for later: {count}, because {reason}. {advice}"),
        );
    }
    if drained.untried > 0 {
        let count = reports(lang, u64::from(drained.untried));
        line(format!("Pas encore essayé\u{202f}: {count}."), format!("Not tried yet: {count}."));
    }
    if drained.quarantined > 0 {
        let count = drained.quarantined;
        line(
            format!("Fichiers abîmés mis de côté\u{202f}: {count}."),
            format!("Damaged files moved aside: {count}."),
        );
    }
    if out.is_empty() {
        out.push_str(lang.pick("Rien à envoyer.\n", "Nothing to send.\n"));
    }
    out
}

/// Why a URL cannot be sent to.
#[must_use]
pub fn url_error(lang: Lang, error: &UploadUrlError) -> String {
    let fr = match error {
        UploadUrlError::Url(error) => {
            format!("adresse d’envoi inutilisable\u{202f}: {}", url_problem(error.problem, Lang::Fr))
        },
        UploadUrlError::NotHttp => "l’adresse d’envoi doit commencer par https://".to_owned(),
        UploadUrlError::PlainHttp => {
            "http:// sans chiffrement n’est permis que vers cette machine elle-même\u{202f}; utilisez https://".to_owned()
        }
        UploadUrlError::Query => "l’adresse d’envoi ne doit pas contenir de paramètres (…?…)".to_owned(),
    };
    lang.pick(fr, error.to_string())
}

/// Why a token cannot be used.
#[must_use]
pub fn token_error(lang: Lang, error: &TokenError) -> String {
    let fr = match error {
        TokenError::Read { path, detail } => {
            format!("le fichier du jeton {} est illisible ({})", path.display(), system(detail, Lang::Fr))
        }
        TokenError::Empty => "le jeton est vide".to_owned(),
        TokenError::TooLong => "le jeton est trop long\u{202f}: est-ce le bon fichier\u{202f}?".to_owned(),
        TokenError::Character => {
            "le jeton contient un caractère interdit (ASCII visible, sans espace, sur une seule ligne)"
                .to_owned()
        }
    };
    lang.pick(fr, error.to_string())
}

/// The token's file is open to every user of the machine.
#[must_use]
pub fn token_readable_by_others(lang: Lang, path: &Path) -> String {
    let path = path.display();
    lang.pick(
        format!("attention, tous les utilisateurs de cette machine peuvent lire le jeton. Corrigez avec\u{202f}: chmod o-rwx {path}"),
        format!("warning, every user of this machine can read the token. Mend it with: chmod o-rwx {path}"),
    )
}

/// Another run is under way.
#[must_use]
pub fn already_running(lang: Lang, pid: Option<u32>) -> String {
    let process = pid
        .map(|pid| lang.pick(format!(" (processus {pid})"), format!(" (process {pid})")))
        .unwrap_or_default();
    lang.pick(
        format!(
            "Une autre mesure est en cours{process}\u{202f}: deux à la fois se fausseraient l’une l’autre."
        ),
        format!("Another measurement is under way{process}: two at once would spoil each other."),
    )
}
