//! What to do, and who does it. Never advises to leave the Wi-Fi on: French law has it off when it is not used.

use sonde_report::{
    Cause,
    assess::{Actor, Unit, VerdictReason},
    measurement::Remedy,
    values::{EndpointState, FilterPlace},
};

use crate::text::Lang;

/// What to do about a cause, and who does it.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line or two for each cause")]
pub fn cause_advice(cause: Cause, lang: Lang) -> (Actor, &'static str) {
    use Actor::{Commune, FilterAdministrator, Operator, ServiceProvider, Technician};
    let (actor, fr, en) = match cause {
        Cause::NoNetwork => (
            Technician,
            "Brancher un câble ou rejoindre un réseau, puis relancer ; si le câble ne donne rien, la commune fait vérifier la prise, le commutateur et la box.",
            "Plug in a cable or join a network, then run again; if the cable gives nothing, the commune has the socket, the switch and the box checked.",
        ),
        Cause::NoResolver => (
            Commune,
            "Faire configurer un résolveur DNS dans la box ou le serveur DHCP de l’école.",
            "Have a DNS resolver set in the school’s box or DHCP server.",
        ),
        Cause::NameNotFound => (
            FilterAdministrator,
            "Vérifier l’orthographe du nom, puis que le résolveur de l’école n’efface pas ce nom ; sinon prévenir l’éditeur du service.",
            "Check the name’s spelling, then that the school’s resolver does not hide it; otherwise tell the service’s provider.",
        ),
        Cause::ResolverFailure => (
            Operator,
            "Faire vérifier le résolveur DNS : par l’opérateur si c’est le sien, par l’académie ou la commune s’il est imposé par le filtrage.",
            "Have the DNS resolver checked: by the operator if it is theirs, by the académie or commune if the filter imposes it.",
        ),
        Cause::NoAddress => (
            Technician,
            "Relancer sans imposer IPv4 ou IPv6 (--ip auto).",
            "Run again without forcing IPv4 or IPv6 (--ip auto).",
        ),
        Cause::DnsAltered => (
            FilterAdministrator,
            "Faire corriger la réponse du résolveur pour ce nom, ou autoriser le service dans le filtrage DNS.",
            "Have the resolver’s answer for this name corrected, or the service allowed in the DNS filter.",
        ),
        Cause::Timeout => (
            FilterAdministrator,
            "Vérifier que le pare-feu ou le filtrage laisse sortir vers cette cible ; si rien ne sort, l’opérateur fait vérifier la ligne.",
            "Check that the firewall or filter lets traffic out to this target; if nothing gets out, the operator has the line checked.",
        ),
        Cause::ConnectionRefused => (
            FilterAdministrator,
            "Vérifier que le pare-feu ou le filtrage autorise cette cible et son port ; sinon prévenir l’éditeur du service.",
            "Check that the firewall or filter allows this target and its port; otherwise tell the service’s provider.",
        ),
        Cause::ConnectionReset => (
            FilterAdministrator,
            "Vérifier que le filtrage ne coupe pas les connexions vers cette cible.",
            "Check that the filter does not cut connections to this target.",
        ),
        Cause::Unreachable => (
            Operator,
            "Faire vérifier la ligne et la box ; en interne, la commune fait vérifier la passerelle.",
            "Have the line and the box checked; inside the school, the commune has the gateway checked.",
        ),
        Cause::ConnectionClosed => (
            Technician,
            "Relancer la mesure ; si cela se répète, signaler cette cible à l’administrateur du filtrage.",
            "Run again; if it happens again, report this target to the filter’s administrator.",
        ),
        Cause::MtuBlackHole => black_hole(),
        Cause::UnknownIssuer => (
            FilterAdministrator,
            "Dire si le TLS est déchiffré à dessein : fournir alors le certificat de l’autorité (--ca), ou exempter ce service du déchiffrement.",
            "Say whether TLS is decrypted on purpose: then provide the authority’s certificate (--ca), or exempt this service from decryption.",
        ),
        Cause::CertificateExpired => (
            ServiceProvider,
            "Renouveler le certificat ; le technicien vérifie d’abord l’horloge de cette machine.",
            "Renew the certificate; the technician first checks this machine’s clock.",
        ),
        Cause::CertificateNotYetValid => (
            Technician,
            "Mettre cette machine à l’heure, puis relancer.",
            "Set this machine’s clock, then run again.",
        ),
        Cause::CertificateNameMismatch => (
            FilterAdministrator,
            "Vérifier que rien ne répond à la place du service (filtrage, portail) ; sinon l’éditeur corrige son certificat.",
            "Check that nothing answers in the service’s place (filter, portal); otherwise the provider mends its certificate.",
        ),
        Cause::ChainIncomplete => (
            ServiceProvider,
            "Installer sur le serveur la chaîne complète, certificat intermédiaire compris.",
            "Install the whole chain on the server, the intermediate certificate included.",
        ),
        Cause::CertificateInvalid => (
            ServiceProvider,
            "Corriger le certificat présenté, après que l’administrateur du filtrage a écarté une interception.",
            "Mend the certificate presented, once the filter’s administrator has ruled out interception.",
        ),
        Cause::TlsHandshake => (
            FilterAdministrator,
            "Vérifier que le filtrage laisse passer le TLS vers cette cible sans le modifier.",
            "Check that the filter lets TLS to this target through unchanged.",
        ),
        Cause::ProxyAuthRequired => (
            Technician,
            "Demander à l’académie ou à la commune l’identifiant et le mot de passe du proxy, puis relancer avec --proxy-user NOM.",
            "Ask the académie or commune for the proxy’s user name and password, then run again with --proxy-user NAME.",
        ),
        Cause::ProxyRefused => (
            FilterAdministrator,
            "Autoriser cette cible dans le proxy, ou vérifier que le proxy fonctionne.",
            "Allow this target in the proxy, or check that the proxy works.",
        ),
        Cause::HttpStatus => (
            ServiceProvider,
            "Vérifier le service : il répond par une erreur ; relancer plus tard avant de le signaler.",
            "Check the service: it answers with an error; run again later before reporting it.",
        ),
        Cause::RedirectedElsewhere => (
            FilterAdministrator,
            "Vérifier si le filtrage ou un portail renvoie ailleurs ; si oui, autoriser cette cible.",
            "Check whether the filter or a portal redirects; if so, allow this target.",
        ),
        Cause::UnexpectedContent => (
            FilterAdministrator,
            "Vérifier si une page de blocage répond à la place de cette cible ; si oui, l’autoriser.",
            "Check whether a block page answers in this target’s place; if so, allow it.",
        ),
        Cause::Truncated => (
            Technician,
            "Relancer la mesure ; si cela se répète, choisir une autre cible ou une autre mire (--mire).",
            "Run again; if it happens again, choose another target or measurement server (--mire).",
        ),
        Cause::EmptyAnswer => (
            Technician,
            "Relancer la mesure ; si cela se répète, signaler la cible à son éditeur.",
            "Run again; if it happens again, report the target to its provider.",
        ),
        Cause::ProtocolError => (
            Technician,
            "Vérifier l’adresse et le protocole de la cible (--mire), puis relancer.",
            "Check the target’s address and protocol (--mire), then run again.",
        ),
        Cause::TooLittleData => (
            Technician,
            "Relancer en accordant plus de temps ou de données ; si rien n’arrive, l’opérateur fait vérifier la ligne.",
            "Run again with more time or data allowed; if nothing arrives, the operator has the line checked.",
        ),
        Cause::AllTargetsFailed => (
            Technician,
            "Essayer une mire que le filtrage autorise (--mire), ou demander à la commune d’en faire autoriser une.",
            "Try a measurement server that the filter allows (--mire), or ask the commune to have one allowed.",
        ),
        Cause::PermissionDenied => (
            Technician,
            "Relancer une fois avec les droits d’administrateur, ou accorder le droit au programme.",
            "Run once with administrator rights, or grant the program the right.",
        ),
        Cause::SystemError => (
            Technician,
            "Relancer ; si cela se répète, noter le détail affiché et essayer une autre machine.",
            "Run again; if it happens again, note the detail shown and try another machine.",
        ),
    };
    (actor, lang.pick(fr, en))
}

/// What to do about a verdict's reason, and who does it; `None` where there is nothing to do, or where the failure
/// or the reason of the measurement itself says it better.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line or two for each reason")]
pub fn reason_advice(reason: VerdictReason, lang: Lang) -> Option<(Actor, &'static str)> {
    use Actor::{Commune, FilterAdministrator, ServiceProvider, Technician};
    let (actor, fr, en) = match reason {
        VerdictReason::SizeUnknown => (
            Technician,
            "Relancer en précisant la taille de l’école (--size petite, moyenne ou grande) ; la commune la choisit.",
            "Run again with the school’s size (--size small, medium or large); the commune chooses it.",
        ),
        VerdictReason::NearThreshold
        | VerdictReason::IntervalTooWide
        | VerdictReason::RepetitionsDisagree => (
            Technician,
            "Répéter la mesure à plusieurs moments et sur plusieurs jours (campagne) pour trancher.",
            "Repeat the measurement at several times and on several days (a campaign) to decide.",
        ),
        VerdictReason::NotRepeated => {
            (Technician, "Relancer la mesure au moins une fois.", "Run the measurement at least once more.")
        }
        VerdictReason::MeasuredOverWifi | VerdictReason::UnknownInterface => (
            Technician,
            "Relancer avec un câble branché à la box ou au commutateur de l’école.",
            "Run again over a cable plugged into the school’s box or switch.",
        ),
        VerdictReason::ThroughProxy => (
            Technician,
            "Relancer, si c’est permis, depuis un point du réseau qui ne passe pas par le proxy.",
            "If allowed, run again from a point of the network that does not go through the proxy.",
        ),
        VerdictReason::ThroughVpn => (
            Technician,
            "Couper le VPN de cette machine, puis relancer.",
            "Turn off this machine’s VPN, then run again.",
        ),
        VerdictReason::TlsIntercepted => (
            FilterAdministrator,
            "Dire si le TLS est déchiffré à dessein ; si oui, fournir le certificat de l’autorité, ou en exempter ces services.",
            "Say whether TLS is decrypted on purpose; if so, provide the authority’s certificate, or exempt these services.",
        ),
        VerdictReason::CrossTraffic => (
            Technician,
            "Arrêter les autres échanges (mises à jour, vidéos, sauvegardes) ou choisir une heure creuse, puis relancer.",
            "Stop other traffic (updates, videos, backups) or choose a quiet hour, then run again.",
        ),
        VerdictReason::CpuBusy | VerdictReason::ClientLimited => (
            Technician,
            "Fermer les autres programmes ou prendre une machine plus rapide, puis relancer.",
            "Close other programs or take a faster machine, then run again.",
        ),
        VerdictReason::SchoolNetwork => (
            Technician,
            "Relancer avec un câble court branché directement sur la box ; si le débit y est meilleur, faire vérifier le câblage, les prises, les commutateurs et le Wi-Fi de l’école.",
            "Run again with a short cable plugged straight into the box; if the rate is better there, have the school’s cabling, sockets, switches and Wi-Fi checked.",
        ),
        VerdictReason::LinkRateLimits => (
            Technician,
            "Changer de câble, de prise ou d’adaptateur pour un lien plus rapide, puis relancer.",
            "Change the cable, socket or adapter for a faster link, then run again.",
        ),
        VerdictReason::MireLimited => (
            Technician,
            "Relancer avec une autre mire (--mire), de 1 Gbit/s ou plus, et signaler sa limite à l’exploitant de celle-ci.",
            "Run again with another measurement server (--mire), of 1 Gbit/s or more, and tell this one’s operator of its limit.",
        ),
        VerdictReason::LossLimited => (
            Technician,
            "Relancer au plus près de la box, avec un autre câble : si les pertes restent, l’opérateur fait vérifier la ligne.",
            "Run again close to the box, with another cable: if the loss stays, the operator has the line checked.",
        ),
        VerdictReason::StillRising | VerdictReason::BrokeOff => (
            Technician,
            "Relancer en accordant plus de temps et de données (--until, --max-bytes).",
            "Run again with more time and data allowed (--until, --max-bytes).",
        ),
        VerdictReason::Suspended => (
            Technician,
            "Désactiver la mise en veille, brancher le secteur, puis relancer.",
            "Turn off sleep, plug in the mains, then run again.",
        ),
        VerdictReason::MireCountMismatch => (
            Technician,
            "Relancer avec une autre mire (--mire), et signaler l’écart à l’exploitant de celle-ci.",
            "Run again with another measurement server (--mire), and report the gap to this one’s operator.",
        ),
        VerdictReason::CaptivePortal => (
            Technician,
            "Se connecter au portail depuis le navigateur, ou prendre un réseau sans portail, puis relancer.",
            "Log in to the portal with the browser, or take a network without a portal, then run again.",
        ),
        VerdictReason::Interrupted => {
            (Technician, "Relancer la mesure jusqu’au bout.", "Run the measurement again, to the end.")
        }
        VerdictReason::WifiStateUnknown => (
            Technician,
            "Demander à l’école si le Wi-Fi était allumé et relancer en le disant (--wifi-on oui ou non) ; s’il est allumé pour le relevé, l’éteindre ensuite.",
            "Ask the school whether the Wi-Fi was on and run again saying so (--wifi-on yes or no); if it is switched on for the scan, switch it off afterwards.",
        ),
        VerdictReason::WifiOff => (
            Technician,
            "Refaire le relevé pendant un usage pédagogique du Wi-Fi, ou l’allumer le temps du relevé et l’éteindre ensuite.",
            "Scan again while the Wi-Fi is used for teaching, or switch it on for the scan only and off again afterwards.",
        ),
        VerdictReason::NoSchoolSsid => (
            Technician,
            "Relancer en donnant le nom du réseau Wi-Fi de l’école (--ssid).",
            "Run again with the name of the school’s Wi-Fi network (--ssid).",
        ),
        VerdictReason::SchoolSsidNotHeard => (
            Technician,
            "Vérifier le nom du réseau (--ssid, majuscules comprises) et que les bornes sont allumées, puis relancer ; s’il n’y a vraiment aucune borne, le déclarer (--declared-aps 0).",
            "Check the network’s name (--ssid, upper and lower case count) and that the access points are on, then run again; if there really is none, declare it (--declared-aps 0).",
        ),
        VerdictReason::ScanIncomplete => (
            Technician,
            "Refaire le relevé Wi-Fi avec les droits d’administrateur, au besoin dans plusieurs salles.",
            "Scan the Wi-Fi again with administrator rights, in several rooms if need be.",
        ),
        VerdictReason::EstimateTooWide | VerdictReason::DeclaredOnly => (
            Technician,
            "Compter les bornes sur place, ou refaire le relevé Wi-Fi dans plusieurs salles.",
            "Count the access points on site, or scan the Wi-Fi in several rooms.",
        ),
        VerdictReason::EntNotDeclared => (
            Technician,
            "Relancer en précisant l’ENT de l’école (--ent).",
            "Run again naming the school’s ENT (--ent).",
        ),
        VerdictReason::BlockedByFilter => (
            FilterAdministrator,
            "Autoriser le service dans le filtrage.",
            "Allow the service in the filter.",
        ),
        VerdictReason::ProxyUnusable => (
            Technician,
            "Vérifier l’adresse et le port du proxy, et qui l’indique (voir « Méthode ») ; s’ils sont justes, prévenir son administrateur. Pour mesurer sans : --proxy none.",
            "Check the proxy’s address and port, and where they come from (see “Method”); if they are right, tell its administrator. To measure without: --proxy none.",
        ),
        VerdictReason::ProxyAuthRequired => (
            Technician,
            "Demander à l’académie ou à la commune l’identifiant et le mot de passe du proxy, puis relancer avec --proxy-user NOM.",
            "Ask the académie or commune for the proxy’s user name and password, then run again with --proxy-user NAME.",
        ),
        VerdictReason::DnsAltered => (
            FilterAdministrator,
            "Faire corriger la réponse du résolveur DNS pour ce service, ou l’autoriser dans le filtrage DNS.",
            "Have the DNS resolver’s answer for this service corrected, or allow it in the DNS filter.",
        ),
        VerdictReason::RemoteError => (
            ServiceProvider,
            "Rien à faire à l’école : relancer plus tard, et signaler la panne au service si elle dure.",
            "Nothing to do at the school: run again later, and report the outage to the service if it lasts.",
        ),
        VerdictReason::Unreachable => (
            FilterAdministrator,
            "Ouvrir l’accès au service dans le pare-feu ou le filtrage (port 443).",
            "Open the way to the service in the firewall or filter (port 443).",
        ),
        VerdictReason::ClockWrong => (
            Technician,
            "Mettre cette machine à l’heure, puis relancer.",
            "Set this machine’s clock, then run again.",
        ),
        VerdictReason::NoInternet => (
            Commune,
            "Faire vérifier la box et son branchement, puis appeler l’opérateur (FAI) si la box est en défaut.",
            "Have the box and its cabling checked, then call the operator if the box is at fault.",
        ),
        VerdictReason::NothingToCompare => (
            Technician,
            "Relancer avec d’autres cibles, pour savoir si ce service est seul en cause.",
            "Run again with other targets, to learn whether this service alone is concerned.",
        ),
        VerdictReason::MtuBlackHole => black_hole(),
        VerdictReason::DecryptedHere => (
            Technician,
            "Désactiver l’analyse du trafic chiffré dans l’antivirus de cette machine le temps de la mesure, ou prendre une autre machine, puis relancer.",
            "Turn off the scanning of encrypted traffic in this machine’s antivirus for the time of the measurement, or take another machine, then run again.",
        ),
        VerdictReason::MeasurementFailed
        | VerdictReason::NotMeasured
        | VerdictReason::NotAsked
        | VerdictReason::ViaProxy => return None,
    };
    Some((actor, lang.pick(fr, en)))
}

/// What to do about an MTU black hole that several services fall into: who, in French, in English.
fn black_hole() -> (Actor, &'static str, &'static str) {
    (
        Actor::Operator,
        "Limiter la taille des segments TCP à ce que la ligne accepte (« MSS clamping ») sur la box, et laisser passer les messages ICMP « fragmentation needed » ; si la box n’est pas celle de l’opérateur, la commune la fait régler.",
        "Limit TCP segments to what the line takes (“MSS clamping”) on the box, and let ICMP “fragmentation needed” messages through; where the box is not the operator’s, the commune has it set.",
    )
}

/// What to do where only one service falls into it.
#[must_use]
pub fn black_hole_of_one(lang: Lang) -> (Actor, &'static str) {
    let (fr, en) = (
        "Regarder si la box limite la taille des segments TCP (« MSS clamping ») : l’activer peut rétablir l’accès. Si elle le fait déjà, signaler au service que les messages ICMP « fragmentation needed » sont peut-être filtrés de son côté.",
        "See whether the box limits TCP segments (“MSS clamping”): turning it on may mend the access. If it does so already, tell the service that ICMP “fragmentation needed” messages may be filtered on its side.",
    );
    (Actor::Technician, lang.pick(fr, en))
}

/// What to do where a service's failure may be the network's doing or its own.
#[must_use]
pub fn look_from_elsewhere(lang: Lang) -> (Actor, &'static str) {
    let (fr, en) = (
        "Essayer le même service depuis un autre réseau (le partage de connexion d’un téléphone) : s’il y répond, le filtrage ou le résolveur de l’école est en cause ; sinon, c’est le service.",
        "Try the same service from another network (a phone’s shared connection): if it answers there, the school’s filter or resolver is at fault; otherwise the service is.",
    );
    (Actor::Technician, lang.pick(fr, en))
}

/// What one who can act does about a requirement that is not met.
#[must_use]
pub fn act_on(unit: Unit, actor: Actor, lang: Lang) -> &'static str {
    let (fr, en) = match (unit, actor) {
        (_, Actor::Technician) => (
            "Refaire la mesure comme indiqué dans les raisons du verdict.",
            "Run the measurement again as the verdict’s reasons say.",
        ),
        (Unit::BitPerSecond, Actor::Operator) => (
            "Vérifier la ligne et dire si le débit préconisé est possible avec l’offre actuelle.",
            "Check the line and say whether the present contract can give the recommended rate.",
        ),
        (Unit::BitPerSecond, _) => (
            "Demander à l’opérateur (FAI) de vérifier la ligne, ou choisir une offre qui atteint le débit préconisé.",
            "Ask the operator to check the line, or choose a contract that reaches the recommended rate.",
        ),
        (Unit::AccessPoint, _) => (
            "Étudier l’ajout d’un point d’accès Wi-Fi ; toute nouvelle installation est annoncée au conseil d’école (loi n° 2015-136), et le Wi-Fi est éteint hors usage pédagogique.",
            "Consider another Wi-Fi access point; any new installation is announced to the school’s council (French law n° 2015-136), and the Wi-Fi is off when not used for teaching.",
        ),
        (Unit::Service, Actor::ServiceProvider) => (
            "Vérifier le service : le réseau de l’école n’est pas en cause.",
            "Check the service: the school’s network is not at fault.",
        ),
        (Unit::Service, Actor::Operator) => (
            "Vérifier que le service est joignable depuis la ligne de l’école.",
            "Check that the service can be reached from the school’s line.",
        ),
        (Unit::Service, Actor::FilterAdministrator) => {
            ("Autoriser le service dans le filtrage.", "Allow the service in the filter.")
        }
        (Unit::Service, Actor::Commune) => (
            "Faire ouvrir l’accès au service dans le pare-feu ou la box de l’école.",
            "Have the way to the service opened in the school’s firewall or box.",
        ),
    };
    lang.pick(fr, en)
}

/// What to do about a service's state, and who does it; `None` when it can be reached. `place` is where the filter works,
/// when one was recognised.
#[must_use]
pub fn state_advice(
    state: EndpointState,
    place: Option<FilterPlace>,
    lang: Lang,
) -> Option<(Actor, &'static str)> {
    let reason = match state {
        EndpointState::Reachable | EndpointState::ReachableViaProxy => return None,
        EndpointState::Blocked => VerdictReason::BlockedByFilter,
        EndpointState::Intercepted if place == Some(FilterPlace::Machine) => VerdictReason::DecryptedHere,
        EndpointState::Intercepted => VerdictReason::TlsIntercepted,
        EndpointState::ProxyAuthRequired => VerdictReason::ProxyAuthRequired,
        EndpointState::DnsAltered => VerdictReason::DnsAltered,
        EndpointState::Unreachable => VerdictReason::Unreachable,
        EndpointState::RemoteError => VerdictReason::RemoteError,
        EndpointState::CaptivePortal => VerdictReason::CaptivePortal,
    };
    reason_advice(reason, lang)
}

/// What to do where the network or the system announces a proxy and nothing gets out without one.
#[must_use]
pub fn try_announced_proxy(lang: Lang) -> &'static str {
    lang.pick(
        "Un proxy est annoncé (voir « Internet ») : le faire confirmer, puis relancer avec --proxy.",
        "A proxy is announced (see “Internet”): have it confirmed, then run again with --proxy.",
    )
}

/// What the user can do about an obstacle of this machine.
#[must_use]
pub fn remedy(remedy: Remedy, lang: Lang) -> &'static str {
    let (fr, en) = match remedy {
        Remedy::UseWifiMachine => (
            "Prendre une machine équipée du Wi-Fi, ou déclarer le nombre de bornes (--declared-aps).",
            "Use a machine with Wi-Fi, or declare the number of access points (--declared-aps).",
        ),
        Remedy::NameWifiInterface => (
            "Donner à --interface un des noms entre parenthèses, ou l’omettre.",
            "Give --interface one of the names in brackets, or leave it out.",
        ),
        Remedy::EnableRadio => (
            "Allumer la radio Wi-Fi de cette machine le temps du relevé.",
            "Switch on this machine’s Wi-Fi radio for the time of the scan.",
        ),
        Remedy::GrantRight => (
            "Relancer une fois avec les droits d’administrateur, ou accorder le droit au programme.",
            "Run once with administrator rights, or grant the program the right.",
        ),
        Remedy::AllowLocation => (
            "Dans Paramètres, Confidentialité et sécurité, Localisation, l’activer pour l’ordinateur et pour les applications \
             de bureau, puis relancer ; la désactiver ensuite si elle l’était.",
            "In Settings, Privacy & security, Location, switch it on for the computer and for desktop apps, then run again; \
             afterwards switch it off if it was.",
        ),
        Remedy::StartWifiService => (
            "Démarrer le service WlanSvc (« Service de configuration automatique WLAN »), puis relancer ; sur une machine sans \
             Wi-Fi, en prendre une autre ou déclarer le nombre de bornes (--declared-aps).",
            "Start the service WlanSvc (“WLAN AutoConfig”), then run again; on a machine without Wi-Fi, use another or declare \
             the number of access points (--declared-aps).",
        ),
        Remedy::NameTarget => (
            "Nommer une cible en ligne de commande ou dans la configuration.",
            "Name a target on the command line or in the configuration.",
        ),
        Remedy::ConnectNetwork => (
            "Brancher un câble ou rejoindre un réseau, puis relancer.",
            "Plug in a cable or join a network, then run again.",
        ),
        Remedy::RunAgain => ("Relancer la mesure jusqu’au bout.", "Run the measurement again, to the end."),
        Remedy::RaiseLimit => (
            "Relancer en accordant plus de temps ou de données (--timeout, --max-bytes).",
            "Run again with more time or data allowed (--timeout, --max-bytes).",
        ),
    };
    lang.pick(fr, en)
}

/// What is said when nobody has anything to do.
#[must_use]
pub fn no_action(lang: Lang) -> &'static str {
    lang.pick("Personne : rien à corriger d’après cette mesure.", "Nobody: this run shows nothing to mend.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn who_acts_is_the_same_in_the_report_s_codes_and_in_its_sentences() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../docs/schema/report-1.json")).unwrap();
        let reasons = schema["$defs"]["VerdictReason"]["oneOf"].as_array().unwrap();
        let differing: Vec<String> = reasons
            .iter()
            .map(|reason| serde_json::from_value::<VerdictReason>(reason["const"].clone()).unwrap())
            .filter_map(|reason| {
                let (code, sentence) = (reason.actor(), reason_advice(reason, Lang::En)?.0);
                (code != Some(sentence)).then(|| format!("{reason:?}: {code:?}, {sentence:?}"))
            })
            .collect();
        assert!(reasons.len() > 40 && differing.is_empty(), "{differing:#?}");
    }
}
