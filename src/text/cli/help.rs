//! The help texts of every command and argument.

use super::help_wifi::{self, wifi_scan, wifi_survey};
use super::{Both, both};
use crate::text::Lang;

/// What the help says of one argument.
#[derive(Debug, Clone, Copy)]
pub struct ArgumentText {
    /// The sentence.
    pub help: Both,
    /// The name of its value, where the clap type's own does not read well in both languages.
    pub value: Option<Both>,
    /// The heading it stands under.
    pub group: Option<Group>,
}

/// The headings of the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The school.
    School,
    /// What is measured.
    Measures,
    /// How the network is reached.
    Network,
    /// Where the report goes.
    Output,
    /// Sending the report.
    Upload,
}

impl Group {
    /// The heading in one language.
    #[must_use]
    pub fn heading(self, lang: Lang) -> &'static str {
        match self {
            Self::School => lang.pick("L’école ", "The school"),
            Self::Measures => lang.pick("Ce qui est mesuré ", "What is measured"),
            Self::Network => lang.pick("Le réseau ", "The network"),
            Self::Output => lang.pick("Le rapport ", "The report"),
            Self::Upload => lang.pick("L’envoi ", "Sending"),
        }
    }
}

/// A file's place in a usage line.
pub(super) const FILE: Both = both("FICHIER", "FILE");
/// A time's place in a usage line.
pub(super) const SECONDS: Both = both("SECONDES", "SECONDS");

/// What `-h` says of itself.
#[must_use]
pub fn help(lang: Lang) -> &'static str {
    lang.pick("Affiche cette aide", "Show this help")
}

/// What `-V` says of itself.
#[must_use]
pub fn version(lang: Lang) -> &'static str {
    lang.pick("Affiche la version", "Show the version")
}

/// The word for "COMMAND" in usage lines.
#[must_use]
pub fn command_word(lang: Lang) -> &'static str {
    lang.pick("COMMANDE", "COMMAND")
}

/// The layout of a command's help.
#[must_use]
pub fn template(lang: Lang) -> String {
    let usage = lang.pick("Utilisation :", "Usage:");
    format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}")
}

/// The heading of the arguments without a group of their own. clap puts a colon behind every heading: the French one
/// ends with the space that goes before it.
#[must_use]
pub fn options_heading(lang: Lang) -> &'static str {
    lang.pick("Options ", "Options")
}

/// The heading of the arguments without a flag.
#[must_use]
pub fn arguments_heading(lang: Lang) -> &'static str {
    lang.pick("Arguments ", "Arguments")
}

/// The heading of the commands.
#[must_use]
pub fn commands_heading(lang: Lang) -> &'static str {
    lang.pick("Commandes ", "Commands")
}

/// What a command is for. `path` names it: `""`, `run`, `spool status`.
#[must_use]
pub fn command(path: &str) -> Option<Both> {
    Some(match path {
        "" => both(
            "Mesure l’accès à Internet, les services et le Wi-Fi d’une école primaire, et dit si la préconisation est atteinte.",
            "Measures a primary school’s Internet access, services and Wi-Fi, and says whether the recommendation is met.",
        ),
        "run" => both("Mesure l’école et imprime le rapport", "Measure the school and print the report"),
        "demo" => both(
            "Démonstration : une école miniature sur cette machine, sans Internet ni droits particuliers",
            "Demonstration: a miniature school on this machine, without Internet or special rights",
        ),
        "mire" => both(
            "Serveur de mesure (mire) : ndt7 et LibreSpeed",
            "Measurement server (mire): ndt7 and LibreSpeed",
        ),
        "upload" => both("Envoie les rapports en attente", "Send the reports that wait"),
        "spool" => both("Rapports en attente d’envoi", "Reports that wait to be sent"),
        "spool status" => both("Dit ce qui attend, et pourquoi", "Say what waits, and why"),
        "report" => both("Affiche un rapport enregistré (JSON)", "Show a saved report (JSON)"),
        "endpoints" => both("Le catalogue des services (GAR, ENT…)", "The catalogue of services (GAR, ENT…)"),
        "endpoints list" => both(
            "Liste les services connus, et ceux qu’une mesure joindrait",
            "List the known services, and those that a run would reach",
        ),
        "endpoints check" => both(
            "Vérifie ces services seulement, sans mesurer de débit ; fiche des accès à ouvrir (--allowlist)",
            "Check these services alone, without measuring a rate; sheet of what to open (--allowlist)",
        ),
        "wifi" => both("Le Wi-Fi de l’école : ce qui est à portée", "The school’s Wi-Fi: what is in sight"),
        "wifi scan" => both(
            "Écoute les réseaux Wi-Fi à portée et estime les bornes de l’école, sans rien mesurer d’autre",
            "Listen to the Wi-Fi networks in sight and estimate the school’s access points, measuring nothing else",
        ),
        "wifi survey" => both(
            "Relève le Wi-Fi de l’école pièce par pièce : bornes entendues et niveau dans chacune",
            "Survey the school’s Wi-Fi from room to room: access points heard and level in each",
        ),
        "schema" => both("Imprime le schéma JSON du rapport", "Print the report’s JSON schema"),
        _ => return None,
    })
}

/// What follows a command's options.
#[must_use]
pub fn after(path: &str) -> Option<Both> {
    Some(match path {
        "" => both(
            "Sans commande, dans un terminal, l’outil pose quelques questions puis mesure.\n\
             Premier essai sans réseau : sonde-ecole demo",
            "Without a command, on a terminal, the tool asks a few questions and then measures.\n\
             First try, without a network: sonde-ecole demo",
        ),
        "run" => both(
            "Codes de retour : 0 conforme · 1 non conforme · 2 exécution impossible ou fichier non écrit · 3 indéterminé.\n\
             Avec --format nagios, ceux des greffons de supervision : 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n\
             \n\
             Mots de passe : jamais en argument. Celui du mandataire est demandé quand --proxy-user est donné dans un \
             terminal ; sinon il va dans SONDE_ECOLE_PROXY_PASSWORD, dans un fichier (--proxy-password-file) ou dans l’adresse \
             de HTTPS_PROXY. Le jeton d’envoi va dans SONDE_ECOLE_UPLOAD_TOKEN ou dans un fichier.\n\
             \n\
             Exemples :\n  \
             sonde-ecole run --uai 0940176F --size moyenne --html rapport.html\n  \
             sonde-ecole run --size petite --ssid 'ecole-*' --wifi-on oui\n  \
             sonde-ecole run --quiet --until verdict --json /var/lib/sonde-ecole/dernier.json   (cron)",
            "Exit codes: 0 met · 1 not met · 2 could not run, or a file not written · 3 inconclusive.\n\
             With --format nagios, those of monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n\
             \n\
             Passwords: never as an argument. The proxy’s is asked for when --proxy-user is given on a terminal; \
             otherwise it goes into SONDE_ECOLE_PROXY_PASSWORD, into a file (--proxy-password-file) or into the address of \
             HTTPS_PROXY. The upload token goes into SONDE_ECOLE_UPLOAD_TOKEN or a file.\n\
             \n\
             Examples:\n  \
             sonde-ecole run --uai 0940176F --size medium --html report.html\n  \
             sonde-ecole run --size small --ssid 'ecole-*' --wifi-on yes\n  \
             sonde-ecole run --quiet --until verdict --json /var/lib/sonde-ecole/latest.json   (cron)",
        ),
        "demo" => both(
            "Code de retour : 0 quand la démonstration est allée au bout, quel que soit le verdict affiché ; 2 sinon.",
            "Exit code: 0 when the demonstration ran to its end, whatever verdict it shows; 2 otherwise.",
        ),
        "endpoints list" => both(
            "Exemples :\n  \
             sonde-ecole endpoints list --territory 44\n  \
             sonde-ecole endpoints list --uai 0940176F --kind ent\n  \
             sonde-ecole endpoints list --ent e-primo --profile resources --format csv --output services.csv",
            "Examples:\n  \
             sonde-ecole endpoints list --territory 44\n  \
             sonde-ecole endpoints list --uai 0940176F --kind ent\n  \
             sonde-ecole endpoints list --ent e-primo --profile resources --format csv --output services.csv",
        ),
        "endpoints check" => both(
            "Codes de retour : ceux de « run » (0 conforme · 1 non conforme · 2 exécution impossible ou fichier non écrit · \
             3 indéterminé).\n\
             \n\
             Exemples :\n  \
             sonde-ecole endpoints check --uai 0940176F\n  \
             sonde-ecole endpoints check --territory 44 --ent e-primo --allowlist --requester 'Mairie, service informatique'\n  \
             sonde-ecole endpoints check --territory 44 --ent e-primo --allowlist --all --format csv --output acces.csv",
            "Exit codes: those of \"run\" (0 met · 1 not met · 2 could not run, or a file not written · 3 inconclusive).\n\
             \n\
             Examples:\n  \
             sonde-ecole endpoints check --uai 0940176F\n  \
             sonde-ecole endpoints check --territory 44 --ent e-primo --allowlist --requester 'Town hall, IT'\n  \
             sonde-ecole endpoints check --territory 44 --ent e-primo --allowlist --all --format csv --output access.csv",
        ),
        "wifi scan" | "wifi survey" => return help_wifi::after(path),
        "mire" => both(
            "Par défaut la mire n’écoute que sur cette machine (127.0.0.1:8080). Pour l’ouvrir au réseau :\n  \
             sonde-ecole mire --listen 0.0.0.0:8080\n\
             Les agents la désignent alors par --mire ndt7+http://ADRESSE:8080/",
            "By default the server listens on this machine only (127.0.0.1:8080). To open it to the network:\n  \
             sonde-ecole mire --listen 0.0.0.0:8080\n\
             Agents then name it with --mire ndt7+http://ADDRESS:8080/",
        ),
        _ => return None,
    })
}

/// What the help says of an argument, by the command it stands on and its id.
#[must_use]
pub fn argument(path: &str, id: &str) -> Option<ArgumentText> {
    match path {
        "mire" => mire(id).or_else(|| common(id)),
        "demo" if id == "size" => Some(ArgumentText {
            help: both(
                "Taille de l’école de démonstration : petite, moyenne (par défaut) ou grande ; sa ligne fait 12 Mbit/s",
                "Size of the demonstration’s school: small, medium (default) or large; its line has 12 Mbit/s",
            ),
            value: Some(both("TAILLE", "SIZE")),
            group: Some(Group::School),
        }),
        "spool status" if id == "format" => Some(ArgumentText {
            help: both(
                "Forme de la liste\u{202f}: text (par défaut) ou json",
                "Form of the list: text (default) or json",
            ),
            value: None,
            group: None,
        }),
        "endpoints list" | "endpoints check" => endpoints(path, id)
            .or_else(|| school(id))
            .or_else(|| measures(id))
            .or_else(|| network(id))
            .or_else(|| common(id)),
        "wifi survey" => wifi_survey(id)
            .or_else(|| wifi_scan(id))
            .or_else(|| school(id))
            .or_else(|| output(id))
            .or_else(|| common(id)),
        "wifi scan" => wifi_scan(id).or_else(|| school(id)).or_else(|| common(id)),
        "report" if id == "file" => Some(ArgumentText {
            help: both(
                "Rapport JSON à afficher ; « - » lit l’entrée standard",
                "JSON report to show; \"-\" reads standard input",
            ),
            value: Some(FILE),
            group: None,
        }),
        _ => school(id)
            .or_else(|| measures(id))
            .or_else(|| network(id))
            .or_else(|| output(id))
            .or_else(|| common(id)),
    }
}

/// Flags of every command.
fn common(id: &str) -> Option<ArgumentText> {
    let (help, value) = match id {
        "lang" => (
            both(
                "Langue : fr (par défaut) ou en ; aussi SONDE_ECOLE_LANG",
                "Language: fr (default) or en; also SONDE_ECOLE_LANG",
            ),
            None,
        ),
        "config" => (
            both(
                "Fichier de configuration TOML, en plus de celui de la machine (/etc/sonde-ecole/config.toml)",
                "TOML configuration file, beside the machine’s (/etc/sonde-ecole/config.toml)",
            ),
            Some(FILE),
        ),
        "verbose" => (
            both(
                "Journal détaillé sur la sortie d’erreur (-vv : davantage)",
                "Detailed log on standard error (-vv: more)",
            ),
            None,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: None })
}

/// Flags that describe the school.
fn school(id: &str) -> Option<ArgumentText> {
    let (help, value) = match id {
        "uai" => (
            both(
                "UAI de l’école : sept chiffres et une lettre de contrôle",
                "The school’s UAI: seven digits and a check letter",
            ),
            None,
        ),
        "site" => (
            both("Précision libre : bâtiment, site d’un RPI", "Free label: building, site of an RPI"),
            Some(both("TEXTE", "TEXT")),
        ),
        "size" => (
            both(
                "Taille : petite, moyenne ou grande. Sans elle, les trois seuils sont comparés",
                "Size: small, medium or large. Without it, all three thresholds are compared",
            ),
            Some(both("TAILLE", "SIZE")),
        ),
        "ssid" => (
            both(
                "Nom (SSID) des réseaux Wi-Fi de l’école, * et ? permis ; répétable. Un réseau qui cache son nom n’est trouvé que \
                 par son nom exact",
                "Name (SSID) of the school’s Wi-Fi networks, * and ? allowed; repeatable. A network that hides its name is found by its exact \
                 name alone",
            ),
            Some(both("MOTIF", "GLOB")),
        ),
        "wifi_on" => (
            both(
                "Le Wi-Fi de l’école est-il allumé pendant la mesure ? oui, non, inconnu (par défaut)",
                "Is the school’s Wi-Fi on during the run? yes, no, unknown (default)",
            ),
            Some(both("oui|non|inconnu", "yes|no|unknown")),
        ),
        "survey" => (
            both(
                "Relevé Wi-Fi pièce par pièce, enregistré par « wifi survey --json » : il remplace l’écoute d’un seul endroit",
                "Wi-Fi survey from room to room, saved by \"wifi survey --json\": it takes the place of a scan from one place",
            ),
            Some(FILE),
        ),
        "declared_aps" => (
            both(
                "Nombre de bornes Wi-Fi déclaré, imprimé comme tel",
                "Declared number of access points, shown as declared",
            ),
            None,
        ),
        "bssid_full" => (
            both(
                "Écrit en entier les identifiants radio (BSSID) de l’école, aussi dans le rapport envoyé ; jamais ceux des voisins",
                "Write the school’s radio identifiers (BSSID) in full, also in the report that is sent; never the neighbours’",
            ),
            None,
        ),
        "ent" => (
            both(
                "ENT de l’école, par son identifiant (voir « sonde-ecole endpoints list »), son nom ou son adresse ; répétable. \
                 « pronote » met l’UAI de l’école dans le nom d’hôte, donc dans les requêtes DNS et TLS : seulement si on le demande, avec --uai",
                "The school’s ENT, by its id (see \"sonde-ecole endpoints list\"), its name or its address; repeatable. \
                 \"pronote\" puts the school’s UAI into the host name, and so into DNS and TLS requests: only when asked for, with --uai",
            ),
            None,
        ),
        "territory" => (
            both(
                "Département (44, 2A, Loire-Atlantique) ou académie (ac-nantes) de l’école : ajoute son guichet académique et propose \
                 les ENT du lieu. Inutile avec --uai",
                "The school’s département (44, 2A, Loire-Atlantique) or académie (ac-nantes): adds its portal and proposes the ENTs of \
                 the place. Not needed with --uai",
            ),
            None,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(Group::School) })
}

/// Flags that say what is measured.
fn measures(id: &str) -> Option<ArgumentText> {
    let (help, value) = match id {
        "mire" => (
            both(
                "Mire à utiliser : ndt7+https://…/, librespeed+https://…/, https://…/fichier ; répétable, essayées dans l’ordre",
                "Measurement server: ndt7+https://…/, librespeed+https://…/, https://…/file; repeatable, tried in order",
            ),
            None,
        ),
        "lan_mire" => (
            both(
                "Mire sur une autre machine de l’école, câblée à la box : le débit du réseau de l’école, à part de la ligne",
                "Measurement server on another machine in the school, cabled to the box: the rate of the school’s network, apart from the line",
            ),
            None,
        ),
        "profile" => (
            both(
                "Services facultatifs à joindre aussi : resources (ressources pédagogiques), management (gestion des équipements)",
                "Optional services to reach as well: resources (teaching resources), management (of equipment)",
            ),
            Some(both("PROFIL,…", "PROFILE,…")),
        ),
        "endpoints" => (
            both(
                "Fichier TOML de services, en plus du catalogue",
                "TOML file of services, beside the catalogue",
            ),
            Some(FILE),
        ),
        "no_catalogue" => (
            both(
                "N’utilise que les services du fichier --endpoints",
                "Use only the services of the --endpoints file",
            ),
            None,
        ),
        "rules" => (
            both(
                "Fichier d’exigences à la place du socle numérique de 2021",
                "Rule file in the place of the 2021 socle numérique",
            ),
            Some(FILE),
        ),
        "until" => (
            both(
                "Quand arrêter le débit descendant : stable (la capacité, par défaut), verdict (dès que le verdict est \
                 certain ; 25 Mo au plus pour toute la mesure) ou un nombre de secondes",
                "When to stop the download: stable (the capacity, default), verdict (as soon as the verdict is certain; \
                 25 MB at most for the whole run) or a number of seconds",
            ),
            Some(both("verdict|stable|SECONDES", "verdict|stable|SECONDS")),
        ),
        "max_bytes" => (
            both(
                "Volume de données permis aux débits, les deux sens ensemble : 25M, 250Mo, 1G (par défaut 310 Mo, 25 Mo avec --until verdict)",
                "Data allowed to the transfers, both ways together: 25M, 250MB, 1G (default 310 MB, 25 MB with --until verdict)",
            ),
            Some(both("VOLUME", "SIZE")),
        ),
        "only" => (
            both(
                "Seulement ces sondes : link, internet, latency, download, upload, responsiveness, dns, endpoints, wifi, path",
                "Only these probes: link, internet, latency, download, upload, responsiveness, dns, endpoints, wifi, path",
            ),
            Some(both("SONDE,…", "PROBE,…")),
        ),
        "skip" => (
            both("Toutes les sondes sauf celles-ci", "Every probe but these"),
            Some(both("SONDE,…", "PROBE,…")),
        ),
        "timeout" => (
            both(
                "Durée totale permise, en secondes (par défaut 120) ; au-delà, le rapport partiel est imprimé",
                "Time allowed for the whole run, in seconds (default 120); beyond it, the partial report is printed",
            ),
            Some(SECONDS),
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(Group::Measures) })
}

/// Flags that say how the network is reached.
fn network(id: &str) -> Option<ArgumentText> {
    let (help, value) = match id {
        "proxy" => (
            both(
                "Serveur mandataire : http://hôte:port ou socks5://hôte:port, ou « none » pour n’en utiliser aucun, pas même \
                 celui du système. Jamais d’identifiant ni de mot de passe ici",
                "Proxy: http://host:port or socks5://host:port, or \"none\" to use none, not even the system’s. Never a user or \
                 password here",
            ),
            None,
        ),
        "proxy_user" => (
            both(
                "Identifiant pour le mandataire ; son mot de passe est demandé dans un terminal, s’il n’est pas donné autrement",
                "User of the proxy; the password is asked for on a terminal when it is not given otherwise",
            ),
            Some(both("NOM", "NAME")),
        ),
        "proxy_password_file" => (
            both(
                "Fichier qui contient le mot de passe du mandataire, seul sur une ligne",
                "File that holds the proxy’s password, alone on a line",
            ),
            Some(FILE),
        ),
        "ca" => (
            both(
                "Autorité de certification locale (PEM), acceptée en plus de celles du système ; répétable",
                "Local certification authority (PEM), accepted beside the system’s; repeatable",
            ),
            Some(FILE),
        ),
        "interface" => {
            (both("Interface réseau à utiliser", "Network interface to use"), Some(both("NOM", "NAME")))
        }
        "dns_reference" => (
            both(
                "Résolveur extérieur auquel comparer ceux de l’école : adresse, tls://hôte ou https://hôte/chemin ; il reçoit \
                 les noms testés. Répétable",
                "Outside resolver to compare the school’s with: address, tls://host or https://host/path; it is asked the \
                 names tested. Repeatable",
            ),
            Some(both("ADRESSE,…", "ADDRESS,…")),
        ),
        "ntp" => (
            both(
                "Serveur de temps à interroger une fois sur l’horloge de cette machine : hôte, adresse ou « gateway » (la box)",
                "Time server to ask once about this machine’s clock: host, address or \"gateway\" (the box)",
            ),
            Some(both("HÔTE", "HOST")),
        ),
        "ip" => (
            both("Famille d’adresses : 4, 6 ou auto (par défaut)", "Address family: 4, 6 or auto (default)"),
            None,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(Group::Network) })
}

/// Flags that say where the report goes.
fn output(id: &str) -> Option<ArgumentText> {
    let (help, value, group) = match id {
        "format" => (
            both(
                "Forme du rapport sur la sortie standard : text (par défaut), json, nagios, prometheus",
                "Form of the report on standard output: text (default), json, nagios, prometheus",
            ),
            None,
            Group::Output,
        ),
        "json" => (
            both("Enregistre aussi le rapport en JSON", "Also save the report as JSON"),
            Some(FILE),
            Group::Output,
        ),
        "html" => (
            both(
                "Enregistre aussi le rapport en page imprimable",
                "Also save the report as a printable page",
            ),
            Some(FILE),
            Group::Output,
        ),
        "quiet" => (
            both(
                "Rien sur la sortie d’erreur, sauf les erreurs. Le rapport texte n’est pas imprimé non plus s’il va dans un fichier \
                 ou est envoyé ; un --format demandé l’est toujours",
                "Nothing on standard error but errors. The text report is not printed either when it goes to a file or is \
                 sent; a --format that was asked for always is",
            ),
            None,
            Group::Output,
        ),
        "upload" => (
            both(
                "Envoie le rapport à ce collecteur (https). Il est d’abord mis à l’abri sur le disque, puis renvoyé jusqu’à acceptation",
                "Send the report to this collector (https). It is made safe on disk first, then resent until accepted",
            ),
            None,
            Group::Upload,
        ),
        "upload_token_file" => (
            both(
                "Fichier qui contient le jeton d’envoi ; ou la variable SONDE_ECOLE_UPLOAD_TOKEN",
                "File that holds the upload token; or the variable SONDE_ECOLE_UPLOAD_TOKEN",
            ),
            Some(FILE),
            Group::Upload,
        ),
        "no_upload" => (
            both(
                "N’envoie rien, même si la configuration le demande",
                "Send nothing, even if the configuration asks for it",
            ),
            None,
            Group::Upload,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(group) })
}

/// Flags of `endpoints list` and `endpoints check` alone.
fn endpoints(path: &str, id: &str) -> Option<ArgumentText> {
    let (help, value, group) = match (path, id) {
        (_, "kind") => (
            both(
                "Seulement ces familles : gar, ent, educonnect, portal, resource, management",
                "Only these kinds: gar, ent, educonnect, portal, resource, management",
            ),
            Some(both("FAMILLE,…", "KIND,…")),
            Group::Measures,
        ),
        ("endpoints list", "format") => (
            both(
                "Forme de la liste : text (par défaut), json ou csv",
                "Form of the list: text (default), json or csv",
            ),
            None,
            Group::Output,
        ),
        (_, "format") => (
            both(
                "Forme : text (par défaut), json (le rapport, comme « run »), ou csv pour la fiche (--allowlist)",
                "Form: text (default), json (the report, as of \"run\"), or csv for the sheet (--allowlist)",
            ),
            None,
            Group::Output,
        ),
        (_, "output") => (
            both(
                "Écrit dans ce fichier au lieu de l’écran. Le CSV s’ouvre dans Excel en français (points-virgules)",
                "Write to this file in the place of the screen. The CSV is separated by semicolons (for Excel in French)",
            ),
            Some(FILE),
            Group::Output,
        ),
        (_, "allowlist") => (
            both(
                "Fiche à envoyer à l’administrateur du proxy ou du filtrage : les hôtes et ports à ouvrir, avec le constat",
                "Sheet to send to the administrator of the proxy or filter: the hosts and ports to open, with what was seen",
            ),
            None,
            Group::Output,
        ),
        (_, "all") => (
            both(
                "Avec --allowlist : tous les hôtes nécessaires, aussi ceux qui sont déjà ouverts",
                "With --allowlist: every host needed, also those that are open already",
            ),
            None,
            Group::Output,
        ),
        (_, "requester") => (
            both(
                "Avec --allowlist : qui demande (service, téléphone), imprimé sur la fiche",
                "With --allowlist: who asks (service, telephone), printed on the sheet",
            ),
            Some(both("TEXTE", "TEXT")),
            Group::Output,
        ),
        ("endpoints check", "timeout") => (
            both(
                "Durée totale permise, en secondes (par défaut 120)",
                "Time allowed in all, in seconds (default 120)",
            ),
            Some(SECONDS),
            Group::Network,
        ),
        (_, "quiet") => (
            both("Rien sur la sortie d’erreur, sauf les erreurs", "Nothing on standard error but errors"),
            None,
            Group::Output,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: Some(group) })
}

/// Flags of `mire`.
fn mire(id: &str) -> Option<ArgumentText> {
    let (help, value) = match id {
        "listen" => (
            both(
                "Adresse où écouter en clair (par défaut 127.0.0.1:8080) ; répétable",
                "Address to listen on in clear (default 127.0.0.1:8080); repeatable",
            ),
            Some(both("ADRESSE:PORT", "ADDRESS:PORT")),
        ),
        "listen_tls" => (
            both(
                "Adresse où écouter en TLS ; demande --cert et --key",
                "Address to listen on with TLS; needs --cert and --key",
            ),
            Some(both("ADRESSE:PORT", "ADDRESS:PORT")),
        ),
        "cert" => (both("Chaîne de certificats (PEM)", "Certificate chain (PEM)"), Some(FILE)),
        "key" => (both("Clé privée (PEM)", "Private key (PEM)"), Some(FILE)),
        "rate" => (
            both(
                "Limite le débit, toutes connexions ensemble, dans chaque sens : 12M, 100M, 1G (bit/s)",
                "Limit the rate, all connections together, each way: 12M, 100M, 1G (bit/s)",
            ),
            Some(both("DÉBIT", "RATE")),
        ),
        "max_connections" => (
            both("Connexions servies à la fois (par défaut 64)", "Connections served at a time (default 64)"),
            None,
        ),
        _ => return None,
    };
    Some(ArgumentText { help, value, group: None })
}
