//! Refusals of the configuration, and its oddities.

use std::path::Path;

use sonde_probes::catalogue::{CatalogueError, CatalogueProblem, DoubledHost, UnknownTerritory};
use sonde_probes::system_proxy::Place;
use sonde_report::uai::UaiError;

use super::quoted;
use super::services::kind_names;
use super::usage::{error_line, perhaps};
use crate::config::proxy::PasswordError;
use crate::config::values::Expected;
use crate::config::{Kind, NameOf, Origin, Problem, Warning};
use crate::text::{Lang, report, store};

/// The whole message of a refused configuration.
#[must_use]
pub fn say(problem: &Problem, lang: Lang) -> String {
    error_line(&what(problem, lang), lang)
}

fn what(problem: &Problem, lang: Lang) -> String {
    let q = |text: &str| quoted(text, lang);
    match problem {
        Problem::Unreadable { origin, path, detail } => {
            let place = origin.as_ref().map_or(String::new(), |origin| at(origin, lang));
            lang.pick(
                format!("{place}impossible de lire {} ({})", path.display(), system(detail, lang)),
                format!("{place}cannot read {} ({})", path.display(), system(detail, lang)),
            )
        }
        Problem::Syntax { path, line, detail } => lang.pick(
            format!("{}ce n’est pas du TOML valide ({detail})", line_of(path, *line, lang)),
            format!("{}not valid TOML ({detail})", line_of(path, *line, lang)),
        ),
        Problem::UnknownKey { path, line, key, nearest } => {
            lang.pick(
                format!("{}clé inconnue {}", line_of(path, *line, lang), q(key)),
                format!("{}unknown key {}", line_of(path, *line, lang), q(key)),
            ) + &perhaps(nearest.as_deref(), lang)
        }
        Problem::WrongType { path, line, key, expected } => lang.pick(
            format!("{}{key} attend {}", line_of(path, *line, lang), kind(*expected, lang)),
            format!("{}{key} wants {}", line_of(path, *line, lang), kind(*expected, lang)),
        ),
        Problem::MissingKey { path, line, key } => lang.pick(
            format!("{}il manque la clé {key}", line_of(path, *line, lang)),
            format!("{}the key {key} is missing", line_of(path, *line, lang)),
        ),
        Problem::Uai { origin, error } => at(origin, lang) + &uai(error, lang),
        Problem::BadValue { origin, value, expected: wanted } => lang.pick(
            format!("{}valeur refusée {} ; attendu : {}", at(origin, lang), q(value), expected(wanted, lang)),
            format!("{}value refused {}; expected: {}", at(origin, lang), q(value), expected(wanted, lang)),
        ),
        Problem::UnknownName { origin, value, what, nearest } => unknown_name(origin, value, *what, nearest.as_deref(), lang),
        Problem::PasswordInArguments => lang
            .pick(
                "--proxy : ni identifiant ni mot de passe dans l’adresse, tous les utilisateurs de la machine les verraient. \
                 Donnez l’adresse seule et --proxy-user NOM : le mot de passe est alors demandé, ou lu dans --proxy-password-file \
                 FICHIER ou dans la variable SONDE_ECOLE_PROXY_PASSWORD",
                "--proxy: no user or password in the address, every user of the machine would see them. \
                 Give the address alone and --proxy-user NAME: the password is then asked for, or read from --proxy-password-file \
                 FILE or from the variable SONDE_ECOLE_PROXY_PASSWORD",
            )
            .to_owned(),
        Problem::PasswordInUser { origin } => at(origin, lang) + lang.pick(
            "l’identifiant seul, sans deux-points ni mot de passe. Le mot de passe est demandé, ou lu dans --proxy-password-file \
             FICHIER ou dans la variable SONDE_ECOLE_PROXY_PASSWORD",
            "the user alone, without colon or password. The password is asked for, or read from --proxy-password-file \
             FILE or from the variable SONDE_ECOLE_PROXY_PASSWORD",
        ),
        Problem::ProxyUserMissing { origin } => at(origin, lang) + lang.pick(
            "un mot de passe sans identifiant ; ajoutez --proxy-user NOM (clé proxy_user)",
            "a password without a user; add --proxy-user NAME (key proxy_user)",
        ),
        Problem::ProxyPassword { origin, error } => at(origin, lang) + &password(error, lang),
        Problem::NoPasswordGiven => lang
            .pick("abandon, aucun mot de passe saisi ; rien n’a été mesuré", "left, no password was typed; nothing was measured")
            .to_owned(),
        Problem::Proxy { origin, detail } => lang.pick(
            format!("{}mandataire inutilisable : {} ; attendu : http://hôte:port ou socks5://hôte:port", at(origin, lang), url_problem(detail, lang)),
            format!("{}unusable proxy: {detail}; expected: http://host:port or socks5://host:port", at(origin, lang)),
        ),
        Problem::BadFile { origin, path, detail } => lang.pick(
            format!("{}{} est refusé : {detail}", at(origin, lang), path.display()),
            format!("{}{} is refused: {detail}", at(origin, lang), path.display()),
        ),
        Problem::BadCatalogue { origin, error } => at(origin, lang) + &catalogue(error, lang),
        Problem::NeedsUai { origin, id } => lang.pick(
            format!("{}le nom d’hôte de {} contient l’UAI de l’école : ajoutez --uai (il partira dans les requêtes DNS et TLS)", at(origin, lang), q(id)),
            format!("{}the host name of {} holds the school’s UAI: add --uai (it will leave in DNS and TLS requests)", at(origin, lang), q(id)),
        ),
        Problem::NoDirectory { origin, path } => lang.pick(
            format!("{}le dossier {} n’existe pas : créez-le ou choisissez-en un autre", at(origin, lang), path.display()),
            format!("{}the directory {} does not exist: make it or choose another", at(origin, lang), path.display()),
        ),
        Problem::NoFile { origin } => at(origin, lang) + lang.pick(
            "« - » (la sortie standard) n’est pas possible ici, indiquez un fichier. Pour imprimer la mesure : --format json",
            "\"-\" (standard output) is not possible here, name a file. To print the measurement: --format json",
        ),
        Problem::NoEndpoints => lang
            .pick(
                "--no-catalogue demande un fichier --endpoints : il ne resterait aucun service à joindre",
                "--no-catalogue needs an --endpoints file: no service would be left to reach",
            )
            .to_owned(),
        Problem::NothingLeft => lang
            .pick("--only et --skip ne laissent aucune sonde", "--only and --skip leave no probe")
            .to_owned(),
        Problem::UploadUrl { origin, error } => at(origin, lang) + &store::url_error(lang, error),
        Problem::UploadToken { origin, error } => at(origin, lang) + &store::token_error(lang, error),
        Problem::UnknownInterface { origin, value, existing } => {
            let (place, existing) = (at(origin, lang), existing.join(", "));
            lang.pick(
                format!("{place}interface réseau inconnue {}\u{202f}; celles de cette machine\u{202f}: {existing}", q(value)),
                format!("{place}unknown network interface {}; this machine has: {existing}", q(value)),
            )
        }
    }
}

/// The message of an oddity.
#[must_use]
pub fn warn(warning: &Warning, lang: Lang) -> String {
    let what = match warning {
        Warning::UnknownVariable { name, nearest } => {
            lang.pick(
                format!("attention, variable sans effet {}", quoted(name, lang)),
                format!("warning, variable without effect {}", quoted(name, lang)),
            ) + &perhaps(nearest.as_deref(), lang)
        }
        Warning::TokenReadable { path } => store::token_readable_by_others(lang, path),
        Warning::PasswordReadable { path } => lang.pick(
            format!("attention, tous les utilisateurs de cette machine peuvent lire le mot de passe du mandataire. Corrigez avec : chmod o-rwx {}", path.display()),
            format!("warning, every user of this machine can read the proxy’s password. Mend it with: chmod o-rwx {}", path.display()),
        ),
        Warning::SystemProxy { origin, detail } => lang.pick(
            format!("attention, {}mandataire inutilisable, laissé de côté ({}). S’il en faut un : --proxy http://hôte:port", at(origin, lang), url_problem(detail, lang)),
            format!("warning, {}unusable proxy, left aside ({detail}). If one is needed: --proxy http://host:port", at(origin, lang)),
        ),
        Warning::NoProxyForUser { name } => lang.pick(
            format!("attention, {name} est sans effet, aucun mandataire n’est indiqué (--proxy http://hôte:port)"),
            format!("warning, {name} has no effect, no proxy is given (--proxy http://host:port)"),
        ),
        Warning::NoProxyPassword => lang
            .pick(
                "attention, pas de mot de passe pour l’utilisateur du mandataire : son identité ne lui est pas envoyée. \
                 Donnez-le par SONDE_ECOLE_PROXY_PASSWORD ou --proxy-password-file FICHIER",
                "warning, no password for the proxy’s user: nothing is sent to authenticate. \
                 Give it with SONDE_ECOLE_PROXY_PASSWORD or --proxy-password-file FILE",
            )
            .to_owned(),
        Warning::UaiWithoutPlace { uai } => lang.pick(
            format!("attention, le préfixe de l’UAI {uai} n’est celui d’aucun département connu : vérifiez l’UAI, ou précisez --territory"),
            format!("warning, the prefix of the UAI {uai} is no known département’s: check the UAI, or give --territory"),
        ),
        Warning::TerritoryDiffers { uai, of_uai, given } => {
            let named = |code: &str| report::territory_of(code, lang).unwrap_or_else(|| code.to_owned());
            let (of_uai, given) = (named(of_uai), named(given));
            lang.pick(
                format!("attention, l’UAI {uai} est d’un autre territoire ({of_uai}) que celui demandé, qui compte : {given}"),
                format!("warning, the UAI {uai} is of another territory ({of_uai}) than the one asked for, which counts: {given}"),
            )
        }
        Warning::DoubledHost(DoubledHost { host, first, second }) => lang.pick(
            format!("attention, {host} est sous deux identifiants, {} et {} : il sera joint deux fois. Pour le remplacer, reprenez l’identifiant {}", quoted(first, lang), quoted(second, lang), quoted(first, lang)),
            format!("warning, {host} stands under two ids, {} and {}: it will be reached twice. To replace it, use the id {}", quoted(first, lang), quoted(second, lang), quoted(first, lang)),
        ),
    };
    error_line(&what, lang)
}

/// Why a UAI is refused, also for the guided questions.
#[must_use]
pub fn uai(error: &UaiError, lang: Lang) -> String {
    match error {
        UaiError::Shape(given) => lang.pick(
            format!("{} n’est pas un UAI : il faut sept chiffres et une lettre, par exemple 0940176F", quoted(given, lang)),
            format!("{} is not a UAI: seven digits and a letter are due, such as 0940176F", quoted(given, lang)),
        ),
        UaiError::Letter { given, digits, expected } => lang.pick(
            format!(
                "UAI {} refusé : pour {digits} la lettre de contrôle est {expected} ({digits}{expected}). Vérifiez aussi les chiffres",
                quoted(given, lang)
            ),
            format!(
                "UAI {} refused: the check letter of {digits} is {expected} ({digits}{expected}). Check the digits too",
                quoted(given, lang)
            ),
        ),
    }
}

/// Why a text is no password.
fn password(error: &PasswordError, lang: Lang) -> String {
    let fixed = match error {
        PasswordError::Read { path, detail } => {
            return lang.pick(
                format!("impossible de lire {} ({})", path.display(), system(detail, lang)),
                format!("cannot read {} ({detail})", path.display()),
            );
        }
        PasswordError::Empty => lang.pick("le mot de passe est vide", "the password is empty"),
        PasswordError::TooLong => lang.pick(
            "le mot de passe est trop long ; est-ce le bon fichier ?",
            "the password is too long; is this the right file?",
        ),
        PasswordError::NotOneLine => lang.pick(
            "ce n’est pas un mot de passe seul, sur une ligne de texte UTF-8 ; est-ce le bon fichier ?",
            "not a password alone, on a line of UTF-8 text; is this the right file?",
        ),
    };
    fixed.to_owned()
}

/// Why a territory is refused, also for the guided questions.
#[must_use]
pub fn territory(unknown: &UnknownTerritory, lang: Lang) -> String {
    let UnknownTerritory { given, nearest } = unknown;
    unknown_name(&Origin::Question, given, NameOf::Territory, nearest.as_deref(), lang)
}

/// What a value should have been.
#[must_use]
pub fn expected(expected: &Expected, lang: Lang) -> String {
    let fixed = match expected {
        Expected::Size => lang.pick("petite, moyenne ou grande", "small, medium or large"),
        Expected::YesNo => lang.pick("oui, non ou inconnu", "yes, no or unknown"),
        Expected::Number => lang.pick("un nombre entier", "a whole number"),
        Expected::Bytes => lang.pick(
            "un volume comme 25M, 250Mo ou 1G, au moins 100k",
            "an amount such as 25M, 250MB or 1G, at least 100k",
        ),
        Expected::Rate => lang.pick("un débit comme 12M ou 1G (bit/s)", "a rate such as 12M or 1G (bit/s)"),
        Expected::Seconds => {
            lang.pick("un nombre de secondes, de 0,1 à 86400", "a number of seconds, 0.1 to 86400")
        }
        Expected::Until => {
            lang.pick("verdict, stable ou de 0,1 à 300 secondes", "verdict, stable or 0.1 to 300 seconds")
        }
        Expected::Family => lang.pick("4, 6 ou auto", "4, 6 or auto"),
        Expected::Lang => "fr, en",
        Expected::TextOrJson => lang.pick("text ou json", "text or json"),
        Expected::TableFormat => lang.pick("text, json ou csv", "text, json or csv"),
        Expected::CheckFormat => {
            lang.pick("text ou json (csv avec --allowlist)", "text or json (csv with --allowlist)")
        }
        Expected::SheetFormat => {
            lang.pick("text ou csv (json sans --allowlist)", "text or csv (json without --allowlist)")
        }
        Expected::Format => lang.pick("text, json, nagios ou prometheus", "text, json, nagios or prometheus"),
        Expected::Address => {
            lang.pick("adresse:port, par exemple 0.0.0.0:8080", "address:port, such as 0.0.0.0:8080")
        }
        Expected::DnsReference => lang.pick(
            "une adresse (avec son port au besoin), tls://hôte ou https://hôte/chemin",
            "an address (with its port if need be), tls://host or https://host/path",
        ),
        Expected::Ssid => lang.pick(
            "le nom du Wi-Fi de l’école, avec au moins un caractère autre que « * » et « ? » (sinon tous les réseaux voisins \
             seraient ceux de l’école)",
            "the name of the school’s Wi-Fi, with at least one character that is neither \"*\" nor \"?\" (else every neighbour’s network would \
             be the school’s)",
        ),
        Expected::NtpServer => lang.pick(
            "un nom ou une adresse (avec son port au besoin), ou gateway",
            "a name or an address (with its port if need be), or gateway",
        ),
        Expected::MireUrl(problem) => {
            return lang.pick(
                format!(
                    "ndt7+https://hôte/, librespeed+https://hôte/chemin/ ou https://hôte/fichier ({})",
                    url_problem(problem, lang)
                ),
                format!("ndt7+https://host/, librespeed+https://host/path/ or https://host/file ({problem})"),
            );
        }
        Expected::Url(problem) => {
            return lang.pick(
                format!("https://hôte/chemin ({})", url_problem(problem, lang)),
                format!("https://host/path ({problem})"),
            );
        }
    };
    fixed.to_owned()
}

fn unknown_name(origin: &Origin, value: &str, what: NameOf, nearest: Option<&str>, lang: Lang) -> String {
    let value = quoted(value, lang);
    let place = at(origin, lang);
    let head = match what {
        NameOf::Probe => {
            let known = sonde_probes::ProbeName::ALL.map(sonde_probes::ProbeName::as_str).join(", ");
            lang.pick(
                format!("{place}sonde inconnue {value} (sondes : {known})"),
                format!("{place}unknown probe {value} (probes: {known})"),
            )
        }
        NameOf::Ent => lang.pick(
            format!("{place}ENT inconnu {value} (liste : sonde-ecole endpoints list --kind ent)"),
            format!("{place}unknown ENT {value} (list: sonde-ecole endpoints list --kind ent)"),
        ),
        NameOf::Territory => lang.pick(
            format!("{place}territoire inconnu {value} ; attendu : un département (44, 2A, Loire-Atlantique) ou une académie (ac-nantes)"),
            format!("{place}unknown territory {value}; expected: a département (44, 2A, Loire-Atlantique) or an académie (ac-nantes)"),
        ),
        NameOf::Profile => lang.pick(
            format!("{place}profil inconnu {value} (profils : resources, management)"),
            format!("{place}unknown profile {value} (profiles: resources, management)"),
        ),
        NameOf::EndpointKind => lang.pick(
            format!("{place}famille de services inconnue {value} (familles : {})", kind_names()),
            format!("{place}unknown kind of service {value} (kinds: {})", kind_names()),
        ),
    };
    head + &perhaps(nearest, lang)
}

/// What is wrong with a file of services.
fn catalogue(error: &CatalogueError, lang: Lang) -> String {
    let q = |text: &str| quoted(text, lang);
    let what = match &error.problem {
        CatalogueProblem::Syntax(detail) => lang.pick(
            format!("ce n’est pas un fichier de services valide ({detail})"),
            format!("not a valid file of services ({detail})"),
        ),
        CatalogueProblem::UnknownKey(key) => {
            lang.pick(format!("clé inconnue {}", q(key)), format!("unknown key {}", q(key)))
        }
        CatalogueProblem::UnknownKind(kind) => lang.pick(
            format!("famille de services inconnue {} (familles : {})", q(kind), kind_names()),
            format!("unknown kind of service {} (kinds: {})", q(kind), kind_names()),
        ),
        CatalogueProblem::MissingKey(key) => {
            lang.pick(format!("il manque la clé {}", q(key)), format!("the key {} is missing", q(key)))
        }
        CatalogueProblem::DoubledId { id, first_line } => lang.pick(
            format!("l’identifiant {} est déjà à la ligne {first_line}", q(id)),
            format!("the id {} stands already in line {first_line}", q(id)),
        ),
        CatalogueProblem::EmptyId => lang.pick("un identifiant est vide", "an id is empty").to_owned(),
        CatalogueProblem::Url { url, problem } => lang.pick(
            format!("adresse inutilisable {} ({})", q(url), url_problem(problem, lang)),
            format!("unusable URL {} ({problem})", q(url)),
        ),
        CatalogueProblem::UnknownTerritory(code) => lang.pick(
            format!("territoire inconnu {} ; attendu : national, un département ou une académie", q(code)),
            format!("unknown territory {}; expected: national, a département or an académie", q(code)),
        ),
        CatalogueProblem::NothingToRemove(id) => lang.pick(
            format!("rien à retirer ne s’appelle {}", q(id)),
            format!("nothing to remove is called {}", q(id)),
        ),
    };
    line_of(Path::new(&error.origin), error.line, lang) + &what + &perhaps(error.nearest.as_deref(), lang)
}

/// Where a value stands, as the beginning of a sentence.
fn at(origin: &Origin, lang: Lang) -> String {
    match origin {
        Origin::Flag(name) | Origin::Variable(name) => lang.pick(format!("{name} : "), format!("{name}: ")),
        Origin::File { path, line, key } => {
            line_of(path, *line, lang) + &lang.pick(format!("{key} : "), format!("{key}: "))
        }
        Origin::Question => String::new(),
        Origin::System(Place::Registry) => {
            lang.pick("réglages du système (registre) : ", "system settings (registry): ").to_owned()
        }
        Origin::System(Place::EnvironmentFile) => lang
            .pick("réglages du système (/etc/environment) : ", "system settings (/etc/environment): ")
            .to_owned(),
    }
}

fn line_of(path: &Path, line: usize, lang: Lang) -> String {
    lang.pick(format!("{}, ligne {line} : ", path.display()), format!("{}, line {line}: ", path.display()))
}

fn kind(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Text => lang.pick("un texte entre guillemets", "a text in quotes"),
        Kind::TextOrNumber => {
            lang.pick("un texte entre guillemets ou un nombre entier", "a text in quotes or a whole number")
        }
        Kind::TextOrBool => lang.pick("\"oui\", \"non\" ou \"inconnu\"", "\"yes\", \"no\" or \"unknown\""),
        Kind::List => lang.pick(
            "un texte entre guillemets, ou une liste [\"…\", \"…\"]",
            "a text in quotes, or a list [\"…\", \"…\"]",
        ),
        Kind::Bool => lang.pick("true ou false", "true or false"),
    }
}

/// The commonest system errors in French; the others as the system says them.
pub(crate) fn system(detail: &str, lang: Lang) -> String {
    let known = [
        ("No such file", "fichier absent"),
        ("cannot find the", "fichier absent"),
        ("Permission denied", "accès refusé"),
        ("Access is denied", "accès refusé"),
        ("Is a directory", "c’est un dossier"),
        ("Not a directory", "un élément du chemin n’est pas un dossier"),
        ("File exists", "un fichier de ce nom existe déjà"),
        ("No space left", "disque plein"),
        ("No storage space", "disque plein"),
        ("not enough space", "disque plein"),
        ("quota", "quota de disque dépassé"),
        ("Read-only file", "disque en lecture seule"),
        ("valid UTF-8", "ce n’est pas du texte UTF-8"),
    ];
    match lang {
        Lang::Fr => known
            .iter()
            .find(|(english, _)| detail.to_lowercase().contains(&english.to_lowercase()))
            .map_or_else(|| detail.to_owned(), |(_, french)| (*french).to_owned()),
        Lang::En => detail.to_owned(),
    }
}

/// The dialler's words about a URL, in the user's language (a test provokes each).
pub(crate) fn url_problem(problem: &str, lang: Lang) -> &str {
    if lang == Lang::En {
        return problem;
    }
    match problem {
        "not of the form scheme://host/path" => "ce n’est pas de la forme https://hôte/chemin",
        "the scheme must be http, https or tcp" => "l’adresse doit commencer par http:// ou https://",
        "the scheme is missing (https://…)" => "il manque https:// au début",
        "the host is missing" => "il manque le nom d’hôte",
        "a user or password does not belong in a URL" => {
            "pas d’utilisateur ni de mot de passe dans l’adresse"
        }
        "the port is not a number up to 65535" => "le port n’est pas un nombre jusqu’à 65535",
        "tcp:// needs a port (tcp://host:port)" => "tcp:// demande un port (tcp://hôte:port)",
        "only http:// and socks5:// proxies are supported" => {
            "seuls les mandataires http:// et socks5:// sont utilisables"
        }
        "a proxy is itself reached with http://, for https sites as well" => {
            "le mandataire lui-même se joint par http://, aussi pour les sites https"
        }
        "this is the address of a file; a script (PAC) names the proxy in it" => {
            "c’est l’adresse d’un fichier ; un script (PAC) contient celle du mandataire"
        }
        "the host or port cannot be read" => "l’hôte ou le port est illisible",
        "the port is missing" => "il manque le port",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sonde_probes::dial::{Proxy, Target};

    #[test]
    fn every_problem_of_a_url_has_its_french_words() {
        let urls = ["a b", "ftp://h/", "host/path", "https://u:p@h/", "https://h:99999/", "tcp://h"];
        let of_urls = urls.iter().map(|url| url.parse::<Target>().unwrap_err().problem);
        let of_proxies = ["socks4://h:1", "https://h:1", "http://h", "http://a b:1", "h:1/p.pac"]
            .map(|text| text.parse::<Proxy>().unwrap_err().problem);
        for problem in of_urls.chain(of_proxies) {
            assert_ne!(url_problem(problem, Lang::Fr), problem);
        }
    }
}
