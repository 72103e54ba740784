//! The guided questions.

use super::{Both, both};
use crate::text::Lang;
use sonde_report::SchoolSize;

/// What the guided mode says first.
pub const WELCOME: Both = both(
    "Mesure de l’école : quelques questions, puis environ 30 secondes.\nÉchap pour quitter.",
    "Measuring the school: a few questions, then about 30 seconds.\nEsc to leave.",
);
/// The UAI.
pub const UAI: Both = both("UAI de l’école (Entrée si inconnu) :", "The school’s UAI (Enter if unknown):");
/// Help for it.
pub const UAI_HELP: Both =
    both("sept chiffres et une lettre, par exemple 0940176F", "seven digits and a letter, such as 0940176F");
/// The size.
pub const SIZE: Both = both("Taille de l’école :", "Size of the school:");
/// Help for the list questions.
pub const LIST_HELP: Both = both("↑ ↓ pour choisir, Entrée pour valider", "↑ ↓ to choose, Enter to confirm");
/// The Wi-Fi's state.
pub const WIFI_ON: Both =
    both("Le Wi-Fi de l’école est-il allumé en ce moment ?", "Is the school’s Wi-Fi on right now?");
/// The Wi-Fi's name.
pub const SSID: Both = both(
    "Nom (SSID) du Wi-Fi de l’école, * permis (Entrée si inconnu) :",
    "Name (SSID) of the school’s Wi-Fi, * allowed (Enter if unknown):",
);
/// The ENT.
pub const ENT: Both = both("ENT de l’école :", "The school’s ENT:");
/// The place, where no UAI tells it.
pub const TERRITORY: Both =
    both("Département ou académie (Entrée si inconnu) :", "Département or académie (Enter if unknown):");
/// Help for it.
pub const TERRITORY_HELP: Both =
    both("44, 2A, Loire-Atlantique ou ac-nantes", "44, 2A, Loire-Atlantique or ac-nantes");
/// Behind an ENT of the place.
pub const PROPOSED: Both = both("proposé ici", "proposed here");
/// Help for it.
pub const ENT_HELP: Both = both(
    "tapez quelques lettres pour filtrer (les effacer pour tout revoir), Entrée pour valider",
    "type a few letters to filter (delete them to see all), Enter to confirm",
);
/// Neither.
pub const NONE: Both = both("aucun, ou je ne sais pas", "none, or I do not know");
/// Saving.
pub const SAVE: Both =
    both("Enregistrer le rapport en page imprimable ?", "Save the report as a printable page?");
/// The file's name.
pub const FILE_NAME: Both = both("Nom du fichier :", "File name:");
/// What stands in the place of an answer that was not given.
pub const CANCELLED: Both = both("(abandon)", "(left)");
/// Left before the end.
pub const LEFT: Both = both("Abandon, rien n’a été mesuré.", "Left, nothing was measured.");
/// The choices of the Wi-Fi's state.
pub const YES: Both = both("oui", "yes");
/// No.
pub const NO: Both = both("non", "no");
/// Unknown.
pub const UNKNOWN: Both = both("je ne sais pas", "I do not know");

/// A size as a choice.
#[must_use]
pub fn size(size: Option<SchoolSize>, lang: Lang) -> &'static str {
    match size {
        Some(SchoolSize::Small) => {
            lang.pick("petite (préconisé : 8 Mbit/s)", "small (recommended: 8 Mbit/s)")
        }
        Some(SchoolSize::Medium) => {
            lang.pick("moyenne (préconisé : 10 Mbit/s)", "medium (recommended: 10 Mbit/s)")
        }
        Some(SchoolSize::Large) => {
            lang.pick("grande (préconisé : 15 Mbit/s)", "large (recommended: 15 Mbit/s)")
        }
        None => lang.pick(
            "je ne sais pas : comparer aux trois seuils",
            "I do not know: compare with all three thresholds",
        ),
    }
}

/// The default name of the saved page.
#[must_use]
pub fn file_name(uai: Option<&str>, date: &str, lang: Lang) -> String {
    let stem = lang.pick("rapport", "report");
    uai.map_or_else(|| format!("{stem}-{date}.html"), |uai| format!("{stem}-{uai}-{date}.html"))
}

/// Asks for the password of the proxy's user. Both are this user's own words: nothing of the network is shown.
#[must_use]
pub fn proxy_password(user: &str, proxy: &str, lang: Lang) -> String {
    lang.pick(
        format!("Mot de passe de {user} pour le mandataire {proxy} :"),
        format!("Password of {user} for the proxy {proxy}:"),
    )
}

/// What is said below the question for the password.
pub const PASSWORD_HELP: Both = both(
    "Rien ne s’affiche pendant la frappe ; Échap pour abandonner",
    "Nothing is shown while you type; Esc to leave",
);
