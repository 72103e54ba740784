//! Words for the judgement. A requirement here is a recommendation ("préconisation"), never a regulation.

use sonde_report::{
    SchoolSize,
    assess::{Actor, RuleReference, Unit, VerdictKind, VerdictReason},
    requirement::{Assumption, Layer, Level},
};

use crate::text::Lang;

/// The verdict in one word or two.
#[must_use]
pub fn verdict(kind: VerdictKind, lang: Lang) -> &'static str {
    let (fr, en) = match kind {
        VerdictKind::Met => ("conforme", "met"),
        VerdictKind::NotMet => ("non conforme", "not met"),
        VerdictKind::Inconclusive => ("indéterminé", "inconclusive"),
        VerdictKind::NotApplicable => ("sans objet", "not applicable"),
    };
    lang.pick(fr, en)
}

/// The verdict said in full: it names the recommendation.
#[must_use]
pub fn verdict_long(kind: VerdictKind, lang: Lang) -> &'static str {
    let (fr, en) = match kind {
        VerdictKind::Met => ("conforme à la préconisation", "recommendation met"),
        VerdictKind::NotMet => ("non conforme à la préconisation", "recommendation not met"),
        VerdictKind::Inconclusive => ("indéterminé", "inconclusive"),
        VerdictKind::NotApplicable => ("sans objet", "not applicable"),
    };
    lang.pick(fr, en)
}

/// The overall verdict, with the names of what it hangs on; `whole`: every requirement was looked at.
#[must_use]
pub fn overall(kind: VerdictKind, whole: bool, about: &[String], lang: Lang) -> String {
    let word = match kind {
        VerdictKind::Met if !whole => {
            lang.pick("CONFORME pour ce qui a été vérifié", "RECOMMENDATION MET in what was checked")
        }
        VerdictKind::Met => lang.pick("CONFORME à la préconisation", "RECOMMENDATION MET"),
        VerdictKind::NotMet => lang.pick("NON CONFORME à la préconisation", "RECOMMENDATION NOT MET"),
        VerdictKind::Inconclusive => lang.pick("INDÉTERMINÉ", "INCONCLUSIVE"),
        VerdictKind::NotApplicable => {
            lang.pick("SANS OBJET, rien n’a été jugé", "NOT APPLICABLE, nothing was judged")
        }
    };
    let line = lang.labelled(lang.pick("Verdict", "Verdict"), word);
    if about.is_empty() { line } else { format!("{line} ({})", about.join(", ")) }
}

/// What a requirement is about: by its id where it is one of ours, by its unit and id where it is not.
#[must_use]
pub fn requirement(id: &str, unit: Unit, lang: Lang) -> String {
    let (fr, en) = match unit {
        Unit::BitPerSecond => ("débit descendant", "download rate"),
        Unit::AccessPoint => ("points d’accès Wi-Fi", "Wi-Fi access points"),
        Unit::Service => ("services", "services"),
    };
    let name = lang.pick(fr, en);
    match id {
        "download-rate" | "access-points" | "service-access" => name.to_owned(),
        other => format!("{name} [{other}]"),
    }
}

/// The short name of the rule file, for sentences.
#[must_use]
pub fn rule_name(rule: &RuleReference, lang: Lang) -> String {
    match rule.id.as_str() {
        "socle-1d-2021" => lang.pick("fiche EGN 2021", "EGN sheet of 2021").to_owned(),
        _ => rule.title.clone(),
    }
}

/// How binding a requirement is.
#[must_use]
pub fn level(level: Level, lang: Lang) -> &'static str {
    let (fr, en) = match level {
        Level::Recommendation => {
            ("préconisation (sans valeur de prescription)", "recommendation (of no prescriptive value)")
        }
        Level::Indicative => ("indicatif", "indicative"),
    };
    lang.pick(fr, en)
}

/// The layer at which a rate was compared.
#[must_use]
pub fn layer(layer: Layer, lang: Lang) -> &'static str {
    let (fr, en) = match layer {
        Layer::Ip => ("couche IP, en-têtes compris", "IP layer, headers included"),
        Layer::Application => ("couche application, débit utile", "application layer, goodput"),
    };
    lang.pick(fr, en)
}

/// The size of a school.
#[must_use]
pub fn size(size: SchoolSize, lang: Lang) -> &'static str {
    let (fr, en) = match size {
        SchoolSize::Small => ("petite école", "small school"),
        SchoolSize::Medium => ("école moyenne", "medium school"),
        SchoolSize::Large => ("grande école", "large school"),
    };
    lang.pick(fr, en)
}

/// The confidence in words and as a percentage. It is a probability as far as random error goes; it says nothing of
/// the caveats, which have their own reasons.
#[must_use]
pub fn confidence(probability: f64, lang: Lang) -> String {
    let word = match probability {
        p if p >= 0.99 => lang.pick("très élevée", "very high"),
        p if p >= 0.95 => lang.pick("élevée", "high"),
        p if p >= 0.80 => lang.pick("moyenne", "moderate"),
        _ => lang.pick("faible", "low"),
    };
    // No run from one place supports "100 %".
    if probability > 0.99 {
        let share = lang.percent(0.99);
        return lang.pick(format!("{word} (plus de {share})"), format!("{word} (over {share})"));
    }
    // Rounded down: a confidence must not be talked up.
    let share = lang.percent((probability * 100.0).floor() / 100.0);
    format!("{word} ({share})")
}

/// Who can act.
#[must_use]
pub fn actor(actor: Actor, lang: Lang) -> &'static str {
    let (fr, en) = match actor {
        Actor::Technician => ("le technicien, avec cette machine", "the technician, with this machine"),
        Actor::Commune => ("la commune ou l’EPCI", "the commune or EPCI"),
        Actor::Operator => ("l’opérateur Internet (FAI)", "the Internet operator"),
        Actor::FilterAdministrator => (
            "l’administrateur du filtrage (académie ou commune)",
            "the filter’s administrator (académie or commune)",
        ),
        Actor::ServiceProvider => {
            ("l’éditeur du service (ENT, GAR, ministère)", "the service’s provider (ENT, GAR, ministry)")
        }
    };
    lang.pick(fr, en)
}

/// What the source does not say and the rule file assumes: one sentence.
#[must_use]
pub fn assumption(assumption: Assumption, lang: Lang) -> &'static str {
    let (fr, en) = match assumption {
        Assumption::DirectionDown => (
            "Le texte ne dit pas le sens du débit : le débit descendant est supposé.",
            "The text does not say the direction of the rate: downstream is assumed.",
        ),
        Assumption::LayerIp => (
            "Le texte ne dit pas à quelle couche compter le débit : la couche IP est supposée.",
            "The text does not say at which layer to count the rate: the IP layer is assumed.",
        ),
        Assumption::AccessPointIsWifi => (
            "Le texte ne définit pas « point d’accès » : une borne Wi-Fi est supposée.",
            "The text does not define \u{201c}access point\u{201d}: a Wi-Fi access point is assumed.",
        ),
        Assumption::SizeIsInput => (
            "Le texte ne définit pas la taille des écoles : elle est celle que l’on déclare.",
            "The text does not define the sizes of schools: the size is the one declared.",
        ),
        Assumption::ServicesAreProfile => (
            "Le texte ne liste pas les services : ENT, ÉduConnect, guichet académique et GAR sont supposés.",
            "The text does not list the services: ENT, ÉduConnect, academic portal and GAR are assumed.",
        ),
    };
    lang.pick(fr, en)
}

/// Why a verdict is not a plain one: one sentence.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line or two for each reason")]
pub fn verdict_reason(reason: VerdictReason, lang: Lang) -> &'static str {
    let (fr, en) = match reason {
        VerdictReason::SizeUnknown => (
            "La taille de l’école n’a pas été précisée, et le seuil en dépend.",
            "The size of the school was not given, and the threshold depends on it.",
        ),
        VerdictReason::NearThreshold => (
            "La valeur est à la limite du seuil : une seule mesure ne peut pas trancher.",
            "The value is at the very threshold: one run cannot decide.",
        ),
        VerdictReason::IntervalTooWide => (
            "L’intervalle à 95 % de la mesure passe de part et d’autre du seuil.",
            "The 95% interval of the measurement reaches over the threshold.",
        ),
        VerdictReason::NotRepeated => (
            "Le débit est sous le seuil, mais n’a été mesuré qu’une fois.",
            "The rate is below the threshold, but was measured only once.",
        ),
        VerdictReason::RepetitionsDisagree => (
            "Les répétitions ne s’accordent pas sur le seuil.",
            "The repetitions disagree about the threshold.",
        ),
        VerdictReason::MeasuredOverWifi => (
            "Mesuré en Wi-Fi : l’accès lui-même est peut-être plus rapide.",
            "Measured over Wi-Fi: the access itself may be faster.",
        ),
        VerdictReason::UnknownInterface => (
            "Le type de connexion de cette machine est inconnu : c’est peut-être du Wi-Fi, et l’accès est peut-être plus rapide.",
            "The kind of this machine’s connection is unknown: it may be Wi-Fi, and the access may be faster.",
        ),
        VerdictReason::ThroughProxy => (
            "Mesuré à travers un proxy : l’accès lui-même est peut-être plus rapide.",
            "Measured through a proxy: the access itself may be faster.",
        ),
        VerdictReason::ThroughVpn => (
            "Mesuré à travers un VPN : l’accès lui-même est peut-être plus rapide.",
            "Measured through a VPN: the access itself may be faster.",
        ),
        VerdictReason::TlsIntercepted => (
            "Le chiffrement TLS est intercepté en chemin (certificat d’une autorité non publique).",
            "TLS is intercepted on the way (a certificate from an authority that is not public).",
        ),
        VerdictReason::CrossTraffic => (
            "D’autres échanges occupaient la connexion pendant la mesure.",
            "Other traffic used the connection during the measurement.",
        ),
        VerdictReason::CpuBusy => (
            "Le processeur de cette machine était saturé pendant la mesure.",
            "This machine’s processor was saturated during the measurement.",
        ),
        VerdictReason::SchoolNetwork => (
            "Le réseau de l’école limite avant la box : la ligne porte peut-être davantage.",
            "The school’s own network limits before the box: the line may carry more.",
        ),
        VerdictReason::LinkRateLimits => (
            "Le lien de cette machine au réseau local limite le débit mesuré.",
            "This machine’s link to the local network limits the measured rate.",
        ),
        VerdictReason::MireLimited => (
            "La mire (serveur de mesure) ne va sans doute pas plus vite : la ligne donne peut-être davantage.",
            "The measurement server probably cannot go faster: the line may give more.",
        ),
        VerdictReason::ClientLimited => (
            "Cette machine ne suit sans doute pas : la ligne donne peut-être davantage.",
            "This machine probably cannot keep up: the line may give more.",
        ),
        VerdictReason::LossLimited => (
            "Des paquets se perdent et brident le débit : sur la ligne (opérateur) ou avant elle, dans le réseau de l’école.",
            "Packets are lost and hold the rate back: on the line (the operator’s) or before it, in the school’s network.",
        ),
        VerdictReason::StillRising => (
            "Le débit montait encore quand le temps ou le volume accordé a été épuisé : la ligne donne au moins cela.",
            "The rate was still rising when the time or data allowed ran out: the line gives at least this.",
        ),
        VerdictReason::BrokeOff => {
            ("Le transfert s’est interrompu avant la fin.", "The transfer broke off before its end.")
        }
        VerdictReason::Suspended => (
            "Cette machine s’est mise en veille pendant le transfert, ou le programme a été suspendu.",
            "This machine slept during the transfer, or the program was stopped.",
        ),
        VerdictReason::MireCountMismatch => (
            "Le décompte de la mire contredit celui de cette machine : cette mire n’est pas fiable.",
            "The server’s own count contradicts this machine’s: the server is not to be trusted.",
        ),
        VerdictReason::CaptivePortal => (
            "Un portail captif répond à la place d’Internet.",
            "A captive portal answers in the place of the Internet.",
        ),
        VerdictReason::MeasurementFailed => {
            ("La mesure a été tentée et a échoué.", "The measurement was tried and failed.")
        }
        VerdictReason::NotMeasured => {
            ("La mesure n’a pas pu être faite.", "The measurement could not be made.")
        }
        VerdictReason::NotAsked => {
            ("Cela n’a pas été demandé dans cette mesure.", "This was not asked for in this run.")
        }
        VerdictReason::NoInternet => ("Il n’y a pas d’accès à Internet.", "There is no Internet access."),
        VerdictReason::Interrupted => ("La mesure a été interrompue avant la fin.", "The run was cut short."),
        VerdictReason::WifiStateUnknown => (
            "On ne sait pas si le Wi-Fi de l’école était allumé. La loi n° 2015-136 (loi Abeille, art. 7) veut qu’il soit éteint dans les classes hors usage pédagogique : ne voir aucune borne, ou une seule, ne prouve donc rien.",
            "It is not known whether the school’s Wi-Fi was on. French law n° 2015-136 (loi Abeille, art. 7) has it switched off in classrooms when not used for teaching: seeing one access point or none proves nothing.",
        ),
        VerdictReason::WifiOff => (
            "Le Wi-Fi de l’école était éteint, comme le veut la loi n° 2015-136 (loi Abeille, art. 7) hors usage pédagogique : les bornes ne pouvaient pas être vues.",
            "The school’s Wi-Fi was off, as French law n° 2015-136 (loi Abeille, art. 7) has it when it is not used for teaching: its access points could not be seen.",
        ),
        VerdictReason::NoSchoolSsid => (
            "Aucun nom de réseau (SSID) de l’école n’est connu : aucune borne ne peut lui être attribuée.",
            "No network name (SSID) of the school is known: no access point can be counted as its own.",
        ),
        VerdictReason::SchoolSsidNotHeard => (
            "Aucun réseau du nom donné pour l’école n’a été entendu : le nom est peut-être mal écrit, ou les bornes éteintes.",
            "No network of the name given for the school was heard: the name may be misspelt, or the access points off.",
        ),
        VerdictReason::ScanIncomplete => (
            "Le relevé Wi-Fi n’est pas récent ou pas complet.",
            "The Wi-Fi scan is not fresh or not complete.",
        ),
        VerdictReason::EstimateTooWide => (
            "L’estimation du nombre de bornes passe de part et d’autre du seuil : une borne émet souvent plusieurs identifiants radio (BSSID).",
            "The estimated number of access points reaches over the threshold: one access point often carries several radio identifiers (BSSIDs).",
        ),
        VerdictReason::DeclaredOnly => (
            "Le nombre de bornes est déclaratif : il n’a pas été mesuré.",
            "The number of access points is declared: it was not measured.",
        ),
        VerdictReason::EntNotDeclared => (
            "L’ENT de l’école n’a pas été précisé : il n’a pas été vérifié.",
            "The school’s ENT was not named: it was not checked.",
        ),
        VerdictReason::BlockedByFilter => {
            ("Le filtrage répond à la place du service.", "The filter answers in the service’s place.")
        }
        VerdictReason::ProxyUnusable => (
            "Le proxy lui-même ne répond pas, ou pas comme un proxy : rien n’a pu être essayé au-delà.",
            "The proxy itself does not answer, or not as a proxy: nothing beyond it could be tried.",
        ),
        VerdictReason::ProxyAuthRequired => (
            "Le proxy demande un identifiant et un mot de passe.",
            "The proxy asks for a user name and password.",
        ),
        VerdictReason::DnsAltered => (
            "La réponse du résolveur DNS est fausse ou absente.",
            "The DNS resolver’s answer is wrong or missing.",
        ),
        VerdictReason::RemoteError => (
            "Le service répond par une erreur qui lui est propre : le réseau de l’école n’est pas en cause.",
            "The service answers with an error of its own: the school’s network is not at fault.",
        ),
        VerdictReason::Unreachable => (
            "Le service est injoignable alors que d’autres répondent.",
            "The service cannot be reached although others answer.",
        ),
        VerdictReason::MtuBlackHole => (
            "Les gros paquets du service se perdent en chemin, les petits passent (trou noir MTU).",
            "The service’s large packets vanish on the way, small ones arrive (MTU black hole).",
        ),
        VerdictReason::NothingToCompare => (
            "Le service est injoignable, et aucune autre cible n’a répondu pour comparer.",
            "The service cannot be reached, and no other target answered to compare with.",
        ),
        VerdictReason::ClockWrong => {
            ("L’horloge de cette machine est fausse.", "This machine’s clock is wrong.")
        }
        VerdictReason::DecryptedHere => (
            "Un antivirus de cette machine déchiffre le TLS : le réseau de l’école n’est pas en cause.",
            "An antivirus on this machine decrypts TLS: the school’s network is not at fault.",
        ),
        VerdictReason::ViaProxy => (
            "Joint à travers un proxy : une précision, pas un défaut.",
            "Reached through a proxy: a note, not a fault.",
        ),
    };
    lang.pick(fr, en)
}
