//! Words for where a bottleneck or fault is, and for what shows it.

use sonde_report::assess::{Evidence, EvidenceCode, Place};

use crate::text::Lang;

/// The section's title.
#[must_use]
pub fn located_title(lang: Lang) -> &'static str {
    lang.pick("Où est le problème", "Where the problem is")
}

/// A place, as it follows a colon.
#[must_use]
pub fn place(place: Place, lang: Lang) -> &'static str {
    let (fr, en) = match place {
        Place::Machine => ("cette machine", "this machine"),
        Place::Wifi => (
            "le Wi-Fi entre cette machine et la borne",
            "the Wi-Fi between this machine and the access point",
        ),
        Place::Lan => (
            "le réseau de l’école (câble, prise, commutateur, CPL)",
            "the school’s wiring (cable, socket, switch, power-line adapter)",
        ),
        Place::Box => ("la box, ou le câble qui y mène", "the box, or the cable that leads to it"),
        Place::Operator => {
            ("la ligne de l’opérateur, au-delà de la box", "the operator’s line, beyond the box")
        }
        Place::Filter => (
            "le filtrage (proxy, pare-feu, résolveur imposé ou portail)",
            "the filter (proxy, firewall, imposed resolver or portal)",
        ),
        Place::Service => (
            "le service lui-même, le réseau de l’école n’est pas en cause",
            "the service itself, the school’s network is not at fault",
        ),
        Place::Unknown => {
            ("indéterminé, ce qui a été vu ne suffit pas à le dire", "not known, what was seen does not tell")
        }
    };
    lang.pick(fr, en)
}

/// One thing that shows it.
#[must_use]
pub fn place_evidence(evidence: &Evidence, lang: Lang) -> String {
    let sentence = sentence(evidence.code, lang);
    match detail(evidence, lang) {
        Some(detail) => format!("{sentence} ({detail})"),
        None => sentence.to_owned(),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one sentence for each code")]
fn sentence(code: EvidenceCode, lang: Lang) -> &'static str {
    let (fr, en) = match code {
        EvidenceCode::NoNetwork => {
            ("cette machine n’a pas de réseau utilisable", "this machine has no usable network")
        }
        EvidenceCode::ClockWrong => ("son horloge est fausse", "its clock is wrong"),
        EvidenceCode::MachineBusy => (
            "elle était saturée ou en veille pendant la mesure",
            "it was saturated or asleep during the measurement",
        ),
        EvidenceCode::CrossTraffic => {
            ("d’autres programmes y utilisaient la ligne", "other programs on it were using the line")
        }
        EvidenceCode::Vpn => ("la mesure est passée par son VPN", "the measurement went through its VPN"),
        EvidenceCode::LinkRate => ("le débit de l’interface limite", "the interface’s own rate limits"),
        EvidenceCode::GatewayAnswers => ("la box répond", "the box answers"),
        EvidenceCode::GatewaySilent => ("la box ne répond pas", "the box does not answer"),
        EvidenceCode::GatewayLoses => {
            ("des paquets se perdent avant la box", "packets are lost before the box")
        }
        EvidenceCode::GatewaySlowUnderLoad => (
            "pendant le téléchargement, la box répond plus tard",
            "while the download runs, the box answers later",
        ),
        EvidenceCode::GatewaySteady => (
            "pendant le téléchargement, la box répond aussi vite",
            "while the download runs, the box answers as fast",
        ),
        EvidenceCode::NothingBeyond => ("rien ne répond au-delà", "nothing beyond answers"),
        EvidenceCode::BoxResolverSilent => {
            ("son résolveur DNS ne donne pas de réponse utile", "its DNS resolver gives no useful answer")
        }
        EvidenceCode::ResolversSilent => {
            ("aucun résolveur DNS ne donne de réponse utile", "no DNS resolver gives a useful answer")
        }
        EvidenceCode::ProxySilent => (
            "le proxy lui-même ne répond pas, ou pas comme un proxy",
            "the proxy itself does not answer, or not as a proxy",
        ),
        EvidenceCode::SeveralSilent => (
            "des services de plusieurs domaines restent muets, d’autres répondent",
            "services of several domains stay silent, others answer",
        ),
        EvidenceCode::CertificateUnexplained => (
            "le certificat présenté n’est pas celui du service : une interception ou une erreur du service",
            "the certificate shown is not the service’s: something in between, or the service’s own error",
        ),
        EvidenceCode::NoResolver => {
            ("cette machine n’a aucun résolveur DNS", "this machine has no DNS resolver")
        }
        EvidenceCode::LanAsSlow => (
            "une mire dans l’école ne donne guère plus",
            "a measurement server in the school gives hardly more",
        ),
        EvidenceCode::LanFaster => {
            ("une mire dans l’école donne bien plus", "a measurement server in the school gives far more")
        }
        EvidenceCode::WiredAndRepeated => (
            "mesuré par câble, deux fois, et rien sur cette machine ne l’explique",
            "measured over a cable, twice, and nothing on this machine explains it",
        ),
        EvidenceCode::OverWifi => (
            "mesuré en Wi-Fi, qui peut limiter avant la ligne",
            "measured over Wi-Fi, which may limit before the line does",
        ),
        EvidenceCode::ThroughProxy => {
            ("mesuré à travers un proxy, qui peut limiter", "measured through a proxy, which may limit")
        }
        EvidenceCode::MireLimited => ("la mire limite peut-être", "the measurement server may limit"),
        EvidenceCode::Loss => ("des paquets se perdent", "packets are lost"),
        EvidenceCode::Portal => {
            ("un portail répond à la place d’Internet", "a portal answers in the place of the Internet")
        }
        EvidenceCode::ProxyPassword => ("le proxy demande un mot de passe", "the proxy asks for a password"),
        EvidenceCode::ControlsBlocked => (
            "les cibles de contrôle sont bloquées alors que des services répondent",
            "the control targets are blocked while services answer",
        ),
        EvidenceCode::FilterAnswers => {
            ("une page de filtrage répond à sa place", "a filter’s page answers in its place")
        }
        EvidenceCode::Decrypted => ("le TLS est déchiffré en chemin", "TLS is decrypted on the way"),
        EvidenceCode::DnsAltered => (
            "le résolveur DNS donne une mauvaise réponse, un autre en donne une bonne",
            "the DNS resolver’s answer is wrong, another one’s is right",
        ),
        EvidenceCode::DnsUnexplained => (
            "la réponse DNS est fausse ou manque, et rien ne dit si le nom existe ailleurs",
            "the DNS answer is wrong or missing, and nothing tells whether the name exists elsewhere",
        ),
        EvidenceCode::OthersReachable => (
            "d’autres services répondent, celui-ci non, par filtrage ou parce qu’il est en panne",
            "other services answer, this one does not, through a filter or an outage of its own",
        ),
        EvidenceCode::MtuBlackHole => (
            "les gros paquets se perdent en chemin, les petits passent (trou noir MTU)",
            "large packets vanish on the way, small ones arrive (MTU black hole)",
        ),
        EvidenceCode::SeveralDomains => (
            "des services sans rapport entre eux sont touchés, ce qui désigne la box ou la ligne de l’opérateur",
            "services that have nothing to do with each other are concerned, which points to the box or the operator’s line",
        ),
        EvidenceCode::BoxNarrow => (
            "la box dit elle-même que sa ligne ne prend pas de plus gros paquets",
            "the box itself says that its line takes no larger packets",
        ),
        EvidenceCode::ServiceError => ("il répond par une erreur", "it answers with an error of its own"),
        EvidenceCode::NothingToCompare => (
            "aucune autre cible n’a répondu, rien à quoi comparer",
            "no other target answered to compare with",
        ),
    };
    lang.pick(fr, en)
}

/// The figure or name beside it.
fn detail(evidence: &Evidence, lang: Lang) -> Option<String> {
    let text = evidence.detail.as_deref()?;
    let number = || text.parse::<f64>().ok();
    let milliseconds = || Some(lang.milliseconds((number()? * 1e3) as u64));
    match evidence.code {
        EvidenceCode::GatewayAnswers => milliseconds(),
        EvidenceCode::GatewaySlowUnderLoad | EvidenceCode::GatewaySteady => {
            Some(format!("+ {}", milliseconds()?))
        }
        EvidenceCode::GatewayLoses => Some(lang.percent(number()?)),
        EvidenceCode::BoxNarrow => Some(lang.pick(format!("{text} octets"), format!("{text} bytes"))),
        EvidenceCode::LinkRate => Some(lang.nominal_rate(number()? as u64)),
        EvidenceCode::LanAsSlow | EvidenceCode::LanFaster => Some(lang.rate(number()? as u64)),
        _ => Some(text.to_owned()),
    }
}
