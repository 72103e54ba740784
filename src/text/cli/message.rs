//! What is said beside the report, on standard error, and the short lists of the small commands.

use std::net::SocketAddr;
use std::path::Path;

use sonde_probes::wifi::RecordingError;

use super::problem::system;
use super::usage::error_line;
use crate::text::Lang;

/// What can be said beside the report.
#[derive(Debug)]
pub enum Message<'a> {
    /// Ctrl-C was seen: the partial report comes.
    Interrupted,
    /// The time allowed for the run is over.
    OutOfTime,
    /// The lock or state directory cannot be had; the run goes on without.
    NoLock { detail: String },
    /// The state directory cannot be had, and an upload needs it.
    NoState { detail: String },
    /// A file was written.
    Written { path: &'a Path },
    /// A list or sheet was written.
    Saved { path: &'a Path },
    /// A file could not be written.
    NotWritten { path: &'a Path, detail: String },
    /// The report is safe in the spool.
    Spooled,
    /// The report could not be made safe.
    NotSpooled { detail: String },
    /// The spool failed while sending.
    SendFailed { detail: String },
    /// No collector is configured.
    NoCollector,
    /// The runtime or the TLS library could not be started.
    CannotStart { detail: String },
    /// A saved report cannot be read.
    BadReport { path: &'a Path, detail: String },
    /// A recorded scan cannot be read.
    BadRecording { path: &'a Path, error: &'a RecordingError },
    /// A recorded scan was written, and what that means.
    Recorded { path: &'a Path },
    /// Nothing was heard, so nothing was recorded.
    NothingRecorded { path: &'a Path },
    /// The demonstration's servers could not be started.
    DemoFailed { detail: String },
    /// The mire could not be started.
    MireFailed { detail: String },
    /// The demonstration starts.
    DemoStarts,
}

/// The line.
#[must_use]
pub fn say(message: &Message<'_>, lang: Lang) -> String {
    let what = match message {
        Message::Interrupted => lang.pick(
            "interrompu : voici le rapport partiel (Ctrl-C encore une fois pour quitter tout de suite)",
            "interrupted: here is the partial report (Ctrl-C once more to leave at once)",
        ).to_owned(),
        Message::OutOfTime => lang.pick(
            "la durée permise est écoulée : voici le rapport partiel (--timeout pour l’allonger)",
            "the time allowed is over: here is the partial report (--timeout to extend it)",
        ).to_owned(),
        Message::NoLock { detail } => lang.pick(
            format!("pas de verrou contre deux mesures simultanées ({detail}) ; la mesure continue"),
            format!("no lock against two runs at a time ({detail}); the run goes on"),
        ),
        Message::NoState { detail } => lang.pick(
            format!("le dossier d’état est inutilisable, donc rien ne peut être mis à l’abri avant l’envoi ({detail}). \
                     Indiquez-en un autre par SONDE_ECOLE_STATE, ou mesurez avec --no-upload"),
            format!("the state directory cannot be used, so nothing can be made safe before sending ({detail}). \
                     Name another with SONDE_ECOLE_STATE, or run with --no-upload"),
        ),
        Message::Written { path } => {
            lang.pick(format!("rapport enregistré : {}", path.display()), format!("report saved: {}", path.display()))
        }
        Message::Saved { path } => {
            lang.pick(format!("enregistré : {}", path.display()), format!("saved: {}", path.display()))
        }
        Message::NotWritten { path, detail } => lang.pick(
            format!("impossible d’enregistrer {} ({})", path.display(), system(detail, lang)),
            format!("cannot save {} ({detail})", path.display()),
        ),
        Message::Spooled => lang.pick(
            "rapport interrompu mis en attente ; il partira avec la prochaine mesure ou avec « sonde-ecole upload »",
            "interrupted report kept; it will be sent with the next run or with \"sonde-ecole upload\"",
        ).to_owned(),
        Message::NotSpooled { detail } => lang.pick(
            format!("le rapport n’a pas pu être mis à l’abri avant l’envoi ({detail}) ; il n’est pas envoyé"),
            format!("the report could not be made safe before sending ({detail}); it is not sent"),
        ),
        Message::SendFailed { detail } => lang.pick(
            format!("envoi impossible ({detail}) ; les rapports restent en attente"),
            format!("cannot send ({detail}); the reports are kept"),
        ),
        Message::NoCollector => lang.pick(
            "aucun collecteur : indiquez --upload URL, ou la clé upload.url du fichier de configuration",
            "no collector: give --upload URL, or the key upload.url of the configuration file",
        ).to_owned(),
        Message::CannotStart { detail } => lang.pick(
            format!("démarrage impossible ({detail})"),
            format!("cannot start ({detail})"),
        ),
        Message::BadReport { path, detail } => lang.pick(
            format!("{} n’est pas un rapport lisible ({})", path.display(), report_problem(detail)),
            format!("{} is not a readable report ({detail})", path.display()),
        ),
        Message::BadRecording { path, error } => recording(path, error, lang),
        Message::Recorded { path } => lang.pick(
            format!("relevé enregistré : {}. Attention, il contient les noms et adresses (SSID, BSSID) de tout le voisinage, \
                     des données personnelles : ne pas le diffuser, l’effacer après usage", path.display()),
            format!("scan recorded: {}. Beware, it holds the names and addresses (SSID, BSSID) of the whole neighbourhood, \
                     personal data: do not pass it on, delete it after use", path.display()),
        ),
        Message::NothingRecorded { path } => lang.pick(
            format!("rien n’a été entendu : {} n’est pas écrit", path.display()),
            format!("nothing was heard: {} is not written", path.display()),
        ),
        Message::DemoFailed { detail } => lang.pick(
            format!("la démonstration n’a pas pu démarrer ({detail})"),
            format!("the demonstration could not start ({detail})"),
        ),
        Message::MireFailed { detail } => lang.pick(
            format!("la mire n’a pas pu démarrer ({detail})"),
            format!("the measurement server could not start ({detail})"),
        ),
        Message::DemoStarts => return lang.pick(
            "Démonstration : une école miniature sur cette machine, ligne limitée à 12 Mbit/s.\nEnviron 25 secondes…",
            "Demonstration: a miniature school on this machine, its line limited to 12 Mbit/s.\nAbout 25 seconds…",
        ).to_owned(),
    };
    error_line(&what, lang)
}

/// What is wrong with a saved report, in French: the parser's English words help nobody who is not a developer.
fn report_problem(detail: &str) -> String {
    if detail.starts_with("not a sonde-ecole report") {
        let place = detail.rsplit_once(" at line ").and_then(|(_, place)| place.split_once(" column "));
        let what = "ce n’est pas le JSON d’un rapport de sonde-ecole";
        return place.map_or_else(
            || what.to_owned(),
            |(line, column)| format!("{what}, ligne {line}, colonne {column}"),
        );
    }
    if detail.starts_with("schema ") {
        return "d’une version que ce programme ne connaît pas".to_owned();
    }
    system(detail, Lang::Fr)
}

/// Why a recorded scan is refused, with the place.
fn recording(path: &Path, error: &RecordingError, lang: Lang) -> String {
    let path = path.display();
    match error {
        RecordingError::Unreadable(detail) => lang.pick(
            format!("impossible de lire {path} ({})", system(detail, lang)),
            format!("cannot read {path} ({detail})"),
        ),
        RecordingError::TooLarge(bytes) => lang.pick(
            format!("{path} est trop long pour un relevé Wi-Fi enregistré (au plus {bytes} octets)"),
            format!("{path} is too long for a recorded Wi-Fi scan (at most {bytes} bytes)"),
        ),
        RecordingError::OtherFormat => lang.pick(
            format!("{path} n’est pas un relevé Wi-Fi enregistré par « sonde-ecole wifi scan --record » dans une version connue. \
                     Un rapport se relit avec « sonde-ecole report »"),
            format!("{path} is not a Wi-Fi scan recorded by \"sonde-ecole wifi scan --record\" in a known version. \
                     A report is read with \"sonde-ecole report\""),
        ),
        RecordingError::Malformed { line, column, detail } => lang.pick(
            format!("{path}, ligne {line}, colonne {column} : relevé illisible ({})", recording_detail(detail)),
            format!("{path}, line {line}, column {column}: unreadable recording ({detail})"),
        ),
        RecordingError::BadValue { place, expected } => lang.pick(
            format!("{path}, champ {place} : valeur refusée (attendu : {expected})"),
            format!("{path}, field {place}: value refused (expected: {expected})"),
        ),
    }
}

/// What is wrong in a recording that stands within another file, whose lines are not its own.
pub(super) fn recording_fault(error: &RecordingError, lang: Lang) -> String {
    match error {
        RecordingError::BadValue { place, expected } => lang.pick(
            format!("champ {place} : valeur refusée, attendu : {expected}"),
            format!("field {place}: value refused, expected: {expected}"),
        ),
        RecordingError::OtherFormat => {
            lang.pick("écoute d’une version inconnue", "a scan of an unknown version").to_owned()
        }
        RecordingError::TooLarge(_) | RecordingError::Unreadable(_) | RecordingError::Malformed { .. } => {
            lang.pick("écoute illisible", "an unreadable scan").to_owned()
        }
    }
}

/// Our own words on a recording and the parser's commonest, in French; its others stay as they are.
fn recording_detail(detail: &str) -> &str {
    match detail {
        "not hexadecimal digits" => "chiffres hexadécimaux attendus",
        "an odd number of hexadecimal digits" => "nombre impair de chiffres hexadécimaux",
        "expected value" => "ce n’est pas du JSON",
        cut if cut.starts_with("EOF while parsing") => "le texte s’arrête avant la fin",
        other => other,
    }
}

/// What the running mire says of itself: where it listens, and what agents must be given.
#[must_use]
pub fn mire_ready(http: &[SocketAddr], https: &[SocketAddr], lang: Lang) -> String {
    use std::fmt::Write as _;
    let mut text = lang
        .pick(
            "Mire prête. Pour mesurer contre elle :\n",
            "Measurement server ready. To measure against it:\n",
        )
        .to_owned();
    for (addresses, scheme) in [(http, "http"), (https, "https")] {
        for address in addresses {
            let host = match (address.ip().is_unspecified(), address.is_ipv6()) {
                (true, _) => lang.pick("ADRESSE-DE-CETTE-MACHINE", "ADDRESS-OF-THIS-MACHINE").to_owned(),
                (false, true) => format!("[{}]", address.ip()),
                (false, false) => address.ip().to_string(),
            };
            let port = address.port();
            let _ = writeln!(text, "  sonde-ecole run --mire ndt7+{scheme}://{host}:{port}/");
            let _ = writeln!(text, "  sonde-ecole run --mire librespeed+{scheme}://{host}:{port}/");
        }
    }
    text += lang.pick("Ctrl-C pour arrêter.\n", "Ctrl-C to stop.\n");
    text
}
