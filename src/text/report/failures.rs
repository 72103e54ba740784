//! What did not work, and what weakens what did.

use sonde_report::{Cause, CaveatCode, ReasonCode, Stage};

use crate::text::Lang;

/// How far an attempt got, as a noun: "résolution DNS".
#[must_use]
pub fn stage(stage: Stage, lang: Lang) -> &'static str {
    let (fr, en) = match stage {
        Stage::Interface => ("interface réseau", "network interface"),
        Stage::Proxy => ("proxy", "proxy"),
        Stage::Dns => ("résolution DNS", "DNS resolution"),
        Stage::Tcp => ("connexion TCP", "TCP connection"),
        Stage::Tls => ("sécurisation TLS", "TLS handshake"),
        Stage::Http => ("échange HTTP", "HTTP exchange"),
        Stage::Content => ("contenu de la réponse", "content of the answer"),
        Stage::Transfer => ("transfert", "transfer"),
        Stage::Icmp => ("envoi d’ICMP", "ICMP exchange"),
        Stage::Scan => ("relevé Wi-Fi", "Wi-Fi scan"),
        Stage::Ntp => ("demande de l’heure (NTP)", "asking for the time (NTP)"),
    };
    lang.pick(fr, en)
}

/// Why an attempt stopped: one sentence.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line or two for each cause")]
pub fn cause(cause: Cause, lang: Lang) -> &'static str {
    let (fr, en) = match cause {
        Cause::NoNetwork => (
            "Cette machine n’a ni adresse ni route utilisable : aucun réseau.",
            "This machine has no usable address or route: no network at all.",
        ),
        Cause::NoResolver => (
            "Aucun résolveur DNS n’est configuré sur cette machine.",
            "No DNS resolver is configured on this machine.",
        ),
        Cause::NameNotFound => (
            "Le résolveur DNS répond que ce nom n’existe pas.",
            "The DNS resolver says that this name does not exist.",
        ),
        Cause::ResolverFailure => (
            "Le résolveur DNS répond qu’il n’a pas pu résoudre ce nom.",
            "The DNS resolver says that it could not resolve this name.",
        ),
        Cause::NoAddress => (
            "Le nom existe, mais sans adresse du type demandé (IPv4 ou IPv6).",
            "The name exists, but without an address of the wanted family (IPv4 or IPv6).",
        ),
        Cause::DnsAltered => (
            "Le résolveur DNS donne une adresse locale ou privée à un nom public : réponse modifiée.",
            "The DNS resolver gives a local or private address for a public name: an altered answer.",
        ),
        Cause::Timeout => ("Aucune réponse dans le délai accordé.", "Nothing answered in the time allowed."),
        Cause::ConnectionRefused => ("La connexion a été refusée.", "The connection was refused."),
        Cause::ConnectionReset => ("La connexion a été coupée brutalement.", "The connection was reset."),
        Cause::Unreachable => (
            "Le réseau ou l’hôte est injoignable, selon le système ou un routeur.",
            "The network or host cannot be reached, says the system or a router.",
        ),
        Cause::ConnectionClosed => (
            "La connexion a été fermée avant la fin de l’échange.",
            "The connection was closed before the exchange was over.",
        ),
        Cause::MtuBlackHole => (
            "La connexion s’établit, puis les gros paquets se perdent en chemin sans message d’erreur (trou noir MTU). Essayé au même moment avec des paquets plus petits, le service répond.",
            "The connection is made, then large packets vanish on the way without an error message (MTU black hole). Tried at the same moment with smaller packets, the service answers.",
        ),
        Cause::UnknownIssuer => (
            "Le certificat n’est rattaché à aucune autorité connue : interception TLS probable.",
            "The certificate belongs to no known authority: TLS is probably intercepted.",
        ),
        Cause::CertificateExpired => ("Le certificat est expiré.", "The certificate has expired."),
        Cause::CertificateNotYetValid => (
            "Le certificat n’est pas encore valable : le plus souvent, l’horloge de cette machine est fausse.",
            "The certificate is not valid yet: most often, this machine’s clock is wrong.",
        ),
        Cause::CertificateNameMismatch => {
            ("Le certificat est établi pour un autre nom.", "The certificate is for another name.")
        }
        Cause::CertificateInvalid => ("Le certificat est invalide.", "The certificate is invalid."),
        Cause::ChainIncomplete => (
            "Le certificat est public, mais le service oublie d’envoyer le certificat intermédiaire.",
            "The certificate is a public one, but the service forgets to send the intermediate certificate.",
        ),
        Cause::TlsHandshake => (
            "La connexion sécurisée (TLS) n’a pas pu être établie.",
            "The secure connection (TLS) could not be established.",
        ),
        Cause::ProxyAuthRequired => (
            "Le serveur mandataire (proxy) demande un identifiant et un mot de passe.",
            "The proxy asks for a user name and password.",
        ),
        Cause::ProxyRefused => (
            "Le serveur mandataire (proxy) a refusé la connexion ou n’a pas pu l’établir.",
            "The proxy refused the connection or could not make it.",
        ),
        Cause::HttpStatus => (
            "Le serveur a répondu par un statut HTTP d’erreur.",
            "The server answered with an HTTP error status.",
        ),
        Cause::RedirectedElsewhere => (
            "La demande a été redirigée vers un autre hôte, ce qui n’était pas attendu.",
            "The request was redirected to another host, which was not expected.",
        ),
        Cause::UnexpectedContent => (
            "La réponse n’est pas celle attendue (une page web à la place des données, par exemple).",
            "The answer is not what was due (a web page in the place of data, for instance).",
        ),
        Cause::Truncated => {
            ("La réponse est plus courte qu’annoncé.", "The answer is shorter than announced.")
        }
        Cause::EmptyAnswer => ("La réponse est vide.", "The answer is empty."),
        Cause::ProtocolError => (
            "L’échange n’a pas respecté le protocole attendu.",
            "The exchange broke the rules of its protocol.",
        ),
        Cause::TooLittleData => (
            "Trop peu de données sont arrivées pour en tirer un débit.",
            "Too little data arrived to say anything about the rate.",
        ),
        Cause::AllTargetsFailed => {
            ("Toutes les cibles essayées ont échoué.", "Every target that was tried failed.")
        }
        Cause::PermissionDenied => {
            ("Le système a refusé, faute de droits.", "The system refused, for want of rights.")
        }
        Cause::SystemError => {
            ("Le système d’exploitation a signalé une erreur.", "The operating system reported an error.")
        }
    };
    lang.pick(fr, en)
}

/// Why something was not, or could not be, tried: one sentence.
#[must_use]
pub fn reason(reason: ReasonCode, lang: Lang) -> &'static str {
    let (fr, en) = match reason {
        ReasonCode::NoWifiAdapter => {
            ("Cette machine n’a pas d’interface Wi-Fi.", "This machine has no Wi-Fi adapter.")
        }
        ReasonCode::UnknownWifiInterface => (
            "Aucune interface Wi-Fi de cette machine ne porte ce nom.",
            "No Wi-Fi adapter of this machine has that name.",
        ),
        ReasonCode::RadioBlocked => (
            "La radio Wi-Fi de cette machine est coupée (interrupteur ou mode avion).",
            "This machine’s Wi-Fi radio is off (a switch or flight mode).",
        ),
        ReasonCode::PermissionDenied => {
            ("Le système n’accorde pas le droit nécessaire.", "The system does not grant the right it takes.")
        }
        ReasonCode::LocationConsentMissing => (
            "Windows ne montre les réseaux Wi-Fi qu’aux programmes autorisés à connaître la position, et cette autorisation \
             manque.",
            "Windows shows Wi-Fi networks only to programs allowed to know the location, and that consent is missing.",
        ),
        ReasonCode::WifiServiceStopped => (
            "Le service Wi-Fi de Windows (WlanSvc) est arrêté ou absent.",
            "Windows’ Wi-Fi service (WlanSvc) is not running, or not installed.",
        ),
        ReasonCode::UnsupportedSystem => (
            "Cette mesure n’est pas possible sur ce système d’exploitation.",
            "This measurement is not possible on this operating system.",
        ),
        ReasonCode::DriverError => (
            "Le pilote de la carte ne sait pas le faire ou a signalé une erreur.",
            "The adapter’s driver cannot do it, or reported an error.",
        ),
        ReasonCode::NoTarget => ("Aucune cible n’est configurée.", "No target is configured."),
        ReasonCode::NoNetwork => (
            "Il n’y a pas de réseau : essayer n’aurait rien prouvé.",
            "There is no network: trying would have proved nothing.",
        ),
        ReasonCode::Interrupted => ("La mesure a été interrompue.", "The run was interrupted."),
        ReasonCode::OutOfTime => ("Le temps accordé était écoulé.", "The time allowed was over."),
        ReasonCode::OutOfData => {
            ("Le volume de données accordé était consommé.", "The data allowed was used up.")
        }
        ReasonCode::NotThroughProxy => (
            "Cette mesure n’est possible qu’en accès direct, sans proxy.",
            "This measurement only works directly, without a proxy.",
        ),
        ReasonCode::NoTransfer => (
            "Elle se fait à côté d’un transfert, et aucun n’a donné de valeur.",
            "It is made beside a transfer, and none gave a value.",
        ),
        ReasonCode::TooFewSamples => (
            "Le transfert a été trop court pour en tirer un chiffre (--until stable le prolonge).",
            "The transfer was too short for a figure (--until stable makes it longer).",
        ),
    };
    lang.pick(fr, en)
}

/// The detail of a caveat as people read it: a share as a percentage, the rest as it is; `None` for what stands beside it
/// anyway.
#[must_use]
pub fn caveat_detail(caveat: CaveatCode, detail: &str, lang: Lang) -> Option<String> {
    let shown = match (caveat, detail.parse::<f64>()) {
        (CaveatCode::CpuBusy | CaveatCode::CrossTraffic | CaveatCode::MireLimited, Ok(ratio))
            if (0.0..=1.0).contains(&ratio) =>
        {
            lang.percent(ratio)
        }
        (CaveatCode::ResolverSlow, Ok(milliseconds)) => {
            lang.milliseconds((milliseconds.clamp(0.0, 1e9) * 1000.0) as u64)
        }
        // Each of these names has a line of its own.
        (CaveatCode::NamesLeftToProxy, _) => return None,
        _ => detail.to_owned(),
    };
    Some(shown)
}

/// What weakens a measured value: one sentence.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a table: one sentence for each code")]
pub fn caveat(caveat: CaveatCode, lang: Lang) -> &'static str {
    let (fr, en) = match caveat {
        CaveatCode::MeasuredOverWifi => (
            "Mesuré en Wi-Fi : le débit de l’accès est au moins celui-ci.",
            "Measured over Wi-Fi: the access gives at least this rate.",
        ),
        CaveatCode::UnknownInterface => (
            "Le type de connexion de cette machine est inconnu : c’est peut-être du Wi-Fi.",
            "The kind of this machine’s connection is unknown: it may be Wi-Fi.",
        ),
        CaveatCode::ThroughProxy => (
            "Mesuré à travers un proxy : le débit de l’accès est au moins celui-ci.",
            "Measured through a proxy: the access gives at least this rate.",
        ),
        CaveatCode::ThroughVpn => (
            "Mesuré à travers un VPN : le débit de l’accès est au moins celui-ci.",
            "Measured through a VPN: the access gives at least this rate.",
        ),
        CaveatCode::TlsIntercepted => (
            "Le chiffrement TLS est intercepté en chemin : le débit de l’accès est au moins celui-ci.",
            "TLS is intercepted on the way: the access gives at least this rate.",
        ),
        CaveatCode::CrossTraffic => (
            "D’autres échanges occupaient la connexion pendant la mesure : le débit de l’accès est au moins celui-ci.",
            "Other traffic used the connection meanwhile: the access gives at least this rate.",
        ),
        CaveatCode::CpuBusy => (
            "Le processeur était saturé pendant la mesure : le débit de l’accès est au moins celui-ci.",
            "The processor was saturated meanwhile: the access gives at least this rate.",
        ),
        CaveatCode::LinkRateLimits => (
            "Le lien de cette machine au réseau local limite le débit mesuré.",
            "This machine’s link to the local network limits the measured rate.",
        ),
        CaveatCode::MireLimited => (
            "La mire (serveur de mesure) ne va sans doute pas plus vite : la ligne donne peut-être davantage.",
            "The measurement server probably cannot go faster: the line may give more.",
        ),
        CaveatCode::ClientLimited => (
            "Cette machine ne suit sans doute pas : la ligne donne peut-être davantage.",
            "This machine probably cannot keep up: the line may give more.",
        ),
        CaveatCode::LossLimited => (
            "Des paquets se perdent et brident le transfert : sans ces pertes, la ligne donnerait peut-être davantage.",
            "Packets are lost and hold the transfer back: without that loss the line might give more.",
        ),
        CaveatCode::StillRising => (
            "Le débit montait encore à la fin de la mesure : le débit de l’accès est au moins celui-ci.",
            "The rate was still rising at the end: the access gives at least this rate.",
        ),
        CaveatCode::BrokeOff => (
            "Le transfert s’est interrompu avant la fin : la valeur repose sur ce qui est arrivé.",
            "The transfer broke off before its end: the value rests on what had arrived.",
        ),
        CaveatCode::Suspended => (
            "Cette machine s’est mise en veille, ou le programme a été suspendu, pendant le transfert : la valeur repose sur ce qui précède, et le débit de l’accès est au moins celui-ci.",
            "This machine slept, or the program was stopped, during the transfer: the value rests on what came before, and the access gives at least this rate.",
        ),
        CaveatCode::MireCountMismatch => (
            "Le décompte de la mire contredit celui de cette machine : cette mire n’est pas fiable. Un débit descendant est compté ici ; un débit montant est au moins celui-ci.",
            "The server’s own count contradicts this machine’s: the server is not to be trusted. A download is counted here; an upload rate is at least this one.",
        ),
        CaveatCode::BurstNotExcluded => (
            "Mesure arrêtée dès la réponse : un débit de pointe que l’opérateur n’accorderait qu’au début d’un transfert n’est pas exclu. La mesure complète (--until stable) le montrerait.",
            "Stopped as soon as the answer was known: a peak rate that the operator grants only at the beginning of a transfer is not excluded. The complete measurement (--until stable) would show it.",
        ),
        CaveatCode::Unstable => (
            "Le débit a beaucoup varié : l’intervalle est large.",
            "The rate varied a lot: the interval is wide.",
        ),
        CaveatCode::CaptivePortal => (
            "Un portail captif répond à la place d’Internet : c’est peut-être lui qui a été mesuré.",
            "A captive portal answers in the place of the Internet: it may be what was measured.",
        ),
        CaveatCode::MireSkipped => (
            "Une mire prévue n’a pas répondu et a été sautée.",
            "A measurement server of the list failed and was skipped.",
        ),
        CaveatCode::FarEndCountMissing => (
            "La mire n’a pas donné son décompte : les octets acquittés, vus d’ici, ont été comptés.",
            "The server gave no count of its own: the bytes acknowledged, as seen here, were counted.",
        ),
        CaveatCode::IcmpNotPermitted => (
            "Le système ne permet pas l’ICMP (ping) ici : des connexions TCP ont été chronométrées.",
            "The system does not permit ICMP (ping) here: TCP connections were timed instead.",
        ),
        CaveatCode::IcmpFiltered => (
            "L’ICMP (ping) est filtré en chemin : des connexions TCP ont été chronométrées.",
            "ICMP (ping) is filtered on the way: TCP connections were timed instead.",
        ),
        CaveatCode::StaleScan => (
            "La liste Wi-Fi est celle que le système avait en mémoire, pas un relevé fait à l’instant.",
            "The Wi-Fi list is the one the system remembered, not a fresh scan.",
        ),
        CaveatCode::PartialScan => {
            ("Le relevé Wi-Fi n’a pas tout couvert.", "The Wi-Fi scan did not cover everything.")
        }
        CaveatCode::HiddenNetworks => (
            "Des réseaux forts cachent leur nom : de l’école ou d’un voisin, on ne peut le dire. Donner les noms exacts de \
             l’école, sans « * » (--ssid), puis relever à nouveau.",
            "Loud networks hide their names: the school’s or a neighbour’s, nobody can tell. Give the school’s exact names, \
             without \"*\" (--ssid), and scan again.",
        ),
        CaveatCode::OldSurvey => (
            "Le relevé Wi-Fi est ancien : des bornes ont pu être ajoutées, retirées ou réglées depuis.",
            "The Wi-Fi survey is old: access points may have been added, removed or changed since.",
        ),
        CaveatCode::NoSchoolSsid => (
            "Aucun nom de réseau (SSID) de l’école n’est connu : rien ne peut lui être attribué.",
            "No network name (SSID) of the school is known: nothing can be counted as its own.",
        ),
        CaveatCode::SilentHops => (
            "Certains équipements du chemin n’ont pas répondu, ce qui est courant.",
            "Some hops on the way did not answer, which is common.",
        ),
        CaveatCode::Demonstration => (
            "Démonstration : serveurs embarqués, aucune école n’a été mesurée.",
            "Demonstration: embedded servers, no school was measured.",
        ),
        CaveatCode::NoLoadedProbe => (
            "Le protocole de cette mire ne permet pas de sonder une connexion chargée : pas d’indice de réactivité (RPM).",
            "This server’s protocol allows no probe on a loaded connection: no responsiveness figure (RPM).",
        ),
        CaveatCode::LoadedBehindMessages => (
            "La mire envoie de longs messages, et les réponses attendent derrière : la réactivité (RPM) de la ligne est meilleure que le nombre donné. La latence ajoutée n’en souffre pas.",
            "The server sends long messages, and answers wait behind them: the line’s responsiveness (RPM) is better than the figure. The added latency does not suffer from it.",
        ),
        CaveatCode::NoTlsPhase => (
            "La mire répond sans TLS : la poignée de main TLS manque dans l’indice de réactivité.",
            "The server answers without TLS: its handshake is missing from the responsiveness figure.",
        ),
        CaveatCode::ForeignProbesFailed => (
            "De nouvelles connexions à la mire ont échoué pendant le transfert.",
            "New connections to the server failed during the transfer.",
        ),
        CaveatCode::IdleUnknown => (
            "La latence au repos n’est pas connue : ce que la charge y ajoute ne peut pas être dit.",
            "The idle latency is not known: what load adds to it cannot be told.",
        ),
        CaveatCode::Ipv6Broken => (
            "IPv6 est en panne vers ce service : l’adresse et la route existent, mais aucune connexion n’aboutit.",
            "IPv6 is broken towards this service: there is an address and a route, and no connection.",
        ),
        CaveatCode::FewProbes => (
            "Trop peu de réponses pour l’indice de réactivité (RPM).",
            "Too few answers for the responsiveness figure (RPM).",
        ),
        CaveatCode::NxdomainRewritten => (
            "Ce résolveur donne une adresse à des noms qui n’existent pas : une faute de frappe mène à sa page, et un service disparu semble encore répondre.",
            "This resolver gives an address to names that do not exist: a typing error leads to its page, and a service that is gone still seems to answer.",
        ),
        CaveatCode::DnsWithoutTcp => (
            "Ce résolveur ne répond pas en TCP : ce qui ne tient pas dans une réponse UDP (noms signés, longues listes) n’arrive pas, et ces noms restent introuvables.",
            "This resolver does not answer over TCP: what does not fit into a UDP answer (signed names, long lists) never arrives, and those names cannot be found.",
        ),
        CaveatCode::DnsWithoutEdns => (
            "Les questions avec EDNS restent sans bonne réponse : ni signature DNSSEC ni grande réponse, et une attente à chaque nom pour les systèmes récents, qui l’utilisent d’emblée.",
            "Questions with EDNS get no proper answer: neither DNSSEC signatures nor large answers, and a wait at each name for recent systems, which use it from the start.",
        ),
        CaveatCode::DnsLargeAnswersLost => (
            "Les grandes réponses en UDP se perdent en chemin au lieu d’arriver tronquées : ces noms font attendre plusieurs secondes, ou restent introuvables.",
            "Large answers over UDP are lost on the way instead of arriving truncated: those names make one wait for seconds, or cannot be found.",
        ),
        CaveatCode::SearchDomainWildcard => (
            "Un domaine de recherche de cette machine répond pour n’importe quel nom : un nom mal tapé ou en panne mène à son serveur, et l’erreur ne se voit plus.",
            "A search domain of this machine answers for any name: a name that is mistyped or fails leads to its server, and the error is no longer seen.",
        ),
        CaveatCode::DnsIntercepted => (
            "Sur ce réseau, un résolveur interposé répond aux questions DNS quel qu’en soit le destinataire : ces réponses ne viennent pas du résolveur demandé et ne servent pas de comparaison. Essayer tls:// ou https://.",
            "On this network something in between answers DNS questions whoever they are sent to: these answers are not the outside resolver’s, and nothing is compared with them. Try tls:// or https://.",
        ),
        CaveatCode::ResolverSlow => (
            "Ce résolveur répond, mais lentement : ce temps s’ajoute à l’ouverture de chaque nouveau site.",
            "This resolver answers, but slowly: this time is added whenever a new site is opened.",
        ),
        CaveatCode::ResolverUnsteady => (
            "Ce résolveur laisse des questions sans réponse : certaines pages attendent, puis s’ouvrent au second essai.",
            "This resolver leaves questions unanswered: some pages wait, then open at the second try.",
        ),
        CaveatCode::SilentResolverFirst => (
            "Le premier résolveur DNS de cette machine ne répond pas : chaque nouveau nom l’attend, une seconde ou plus, avant de passer au suivant. La mesure, elle, est passée plus vite au suivant.",
            "This machine’s first DNS resolver does not answer: every new name waits for it, a second or more, before the next is asked. The measurement itself went on to the next sooner.",
        ),
        CaveatCode::NamesLeftToProxy => (
            "Derrière un proxy, c’est lui qui résout les noms des services : que ce résolveur ne les donne pas ne les gêne pas.",
            "Behind a proxy it is the proxy that resolves the services’ names: that this resolver does not give them is no trouble to them.",
        ),
    };
    lang.pick(fr, en)
}
