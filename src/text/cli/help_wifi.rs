//! The help texts of the flags of `wifi scan` and `wifi survey`.

use super::help::{ArgumentText, FILE, Group, SECONDS};
use super::{Both, both};

/// Flags of `wifi scan` alone.
pub(super) fn wifi_scan(id: &str) -> Option<ArgumentText> {
    let (help, value, group) = match id {
        "interface" => (
            both(
                "Interface Wi-Fi avec laquelle écouter (par défaut la première qui peut)",
                "Wi-Fi interface to listen with (default: the first that can)",
            ),
            Some(both("NOM", "NAME")),
            Group::Network,
        ),
        "timeout" => (
            both(
                "Temps laissé au relevé, en secondes (par défaut 15)",
                "Time allowed for the scan, in seconds (default 15)",
            ),
            Some(SECONDS),
            Group::Network,
        ),
        "from" => (
            both(
                "Relit un relevé enregistré par --record, au lieu d’écouter ; « - » lit l’entrée standard",
                "Read a scan recorded by --record in the place of listening; \"-\" reads standard input",
            ),
            Some(FILE),
            Group::Network,
        ),
        "record" => (
            both(
                "Enregistre le relevé brut, pour le relire ou le donner à un dépanneur. Il contient les noms et adresses du \
                 voisinage : données personnelles, à effacer après usage",
                "Record the raw scan, to read it again or give it to who helps. It holds the neighbourhood’s names and addresses: \
                 personal data, to be deleted after use",
            ),
            Some(FILE),
            Group::Output,
        ),
        "format" => (
            both(
                "Forme : text (par défaut) ou json (la mesure « wifi » du rapport)",
                "Form: text (default) or json (the report’s \"wifi\" measurement)",
            ),
            None,
            Group::Output,
        ),
        "quiet" => (
            both("Rien sur la sortie d’erreur, sauf les erreurs", "Nothing on standard error but errors"),
            None,
            Group::Output,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(group) })
}

/// Flags of `wifi survey` alone.
pub(super) fn wifi_survey(id: &str) -> Option<ArgumentText> {
    let (help, value, group) = match id {
        "room" => (
            both(
                "Mesure cette pièce et l’ajoute au relevé, sans question ; la même à nouveau remplace sa mesure (après une heure : avec --resume)",
                "Measure this room and add it to the survey, without a question; the same again replaces its scan (after an hour: with --resume)",
            ),
            Some(both("NOM", "NAME")),
            Group::Measures,
        ),
        "finish" => (
            both(
                "Affiche le résultat et termine le relevé ; avec --room, après cette pièce",
                "Show the result and end the survey; with --room, after that room",
            ),
            None,
            Group::Measures,
        ),
        "show" => (
            both(
                "Affiche le relevé en cours, sans le terminer",
                "Show the unfinished survey without ending it",
            ),
            None,
            Group::Measures,
        ),
        "resume" => (
            both(
                "Poursuit le relevé en cours, même d’un autre jour, sans poser la question, et remplace aussi une mesure de plus d’une heure",
                "Go on with the unfinished survey, also of another day, without asking, and replace a scan of more than an hour ago, too",
            ),
            None,
            Group::Measures,
        ),
        "new" => (
            both(
                "Commence un nouveau relevé ; celui en cours est effacé dès la première pièce",
                "Begin a new survey; the unfinished one is deleted with the first room",
            ),
            None,
            Group::Measures,
        ),
        "from" => (
            both(
                "Relit pour cette pièce un relevé enregistré par « wifi scan --record », au lieu d’écouter ; « - » lit l’entrée standard",
                "For this room, read a scan recorded by \"wifi scan --record\" in the place of listening; \"-\" reads standard input",
            ),
            Some(FILE),
            Group::Network,
        ),
        "json" => (
            both(
                "Écrit le relevé, comme rapport JSON, dans ce fichier (aussi --output)",
                "Write the survey, as a JSON report, to this file (also --output)",
            ),
            Some(FILE),
            Group::Output,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(group) })
}

/// What follows the options of `wifi scan` and `wifi survey`.
pub(super) fn after(path: &str) -> Option<Both> {
    Some(match path {
        "wifi scan" => both(
            "Une borne rayonne plusieurs réseaux : les BSSID vus et les bornes estimées sont comptés à part. Les réseaux des voisins \
             sont seulement comptés.\n\
             Codes de retour : ceux de « run » pour les bornes (0 conforme · 1 non conforme · 2 exécution impossible ou fichier non \
             écrit · 3 indéterminé).\n\
             \n\
             Exemples :\n  \
             sonde-ecole wifi scan --ssid 'ecole-*' --wifi-on oui\n  \
             sonde-ecole wifi scan --ssid Ecole-Prof --format json",
            "An access point radiates several networks: BSSIDs seen and access points estimated are counted apart. The neighbours’ \
             networks are only counted.\n\
             Exit codes: those of \"run\" for the access points (0 met · 1 not met · 2 could not run, or a file not written · \
             3 inconclusive).\n\
             \n\
             Examples:\n  \
             sonde-ecole wifi scan --ssid 'ecole-*' --wifi-on yes\n  \
             sonde-ecole wifi scan --ssid Ecole-Prof --format json",
        ),
        "wifi survey" => both(
            "Dans un terminal, sans option : l’outil demande le nom de chaque pièce, écoute, dit ce qu’il entend et propose la suite.\n\
             Sans question : un appel par pièce avec --room, puis --finish. Chaque pièce est enregistrée aussitôt, sans les voisins, \
             qui sont seulement comptés ; après une coupure, le relevé se poursuit.\n\
             Le fichier de --json se relit par « sonde-ecole report » et se joint à une mesure par « sonde-ecole run --survey ». Sans lui, le \
             résultat reste dans le dossier d’état (wifi-survey-last.json), jusqu’au suivant.\n\
             Codes de retour : 0 pièce enregistrée ; à la fin, ceux de « run » pour les bornes (0 conforme · 1 non conforme · \
             3 indéterminé) ; 2 rien enregistré, ou résultat non écrit (le relevé est alors gardé).\n\
             \n\
             Exemples :\n  \
             sonde-ecole wifi survey --ssid 'ecole-*' --wifi-on oui\n  \
             sonde-ecole wifi survey --ssid 'ecole-*' --room 'Classe CP'\n  \
             sonde-ecole wifi survey --show\n  \
             sonde-ecole wifi survey --finish --json releve.json --html releve.html\n  \
             sonde-ecole run --uai 0940176F --survey releve.json",
            "On a terminal, without options: the tool asks for each room’s name, listens, says what it hears and proposes what next.\n\
             Without questions: one call for each room with --room, then --finish. Each room is saved at once, without the neighbours, \
             which are only counted; after an interruption the survey goes on.\n\
             The file of --json is read with \"sonde-ecole report\" and put into a run with \"sonde-ecole run --survey\". Without it, the \
             result stays in the state directory (wifi-survey-last.json) until the next one.\n\
             Exit codes: 0 room saved; at the end, those of \"run\" for the access points (0 met · 1 not met · 3 inconclusive); \
             2 nothing saved, or the result not written (the survey is then kept).\n\
             \n\
             Examples:\n  \
             sonde-ecole wifi survey --ssid 'ecole-*' --wifi-on yes\n  \
             sonde-ecole wifi survey --ssid 'ecole-*' --room 'Classe CP'\n  \
             sonde-ecole wifi survey --show\n  \
             sonde-ecole wifi survey --finish --json survey.json --html survey.html\n  \
             sonde-ecole run --uai 0940176F --survey survey.json",
        ),
        _ => return None,
    })
}
