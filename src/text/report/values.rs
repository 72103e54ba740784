//! Words for the values that probes return: states, kinds, methods.

use sonde_report::{
    document::{ProxySource, WifiOn},
    values::{
        CountedAt, DnsPath, EndpointKind, EndpointState, FilterPlace, InterfaceKind, KnownFilter, LimitedBy,
        MireProtocol, NatHint, PathMethod, RttMethod, StopReason, WpadSource,
    },
};

use super::together;
use crate::text::{Lang, NARROW};

/// What was found at a service, in one or two words.
#[must_use]
pub fn endpoint_state(state: EndpointState, lang: Lang) -> &'static str {
    let (fr, en) = match state {
        EndpointState::Reachable => ("joignable", "reachable"),
        EndpointState::ReachableViaProxy => ("joignable via proxy", "reachable via proxy"),
        EndpointState::Blocked => ("bloqué par le filtrage", "blocked by the filter"),
        EndpointState::Intercepted => ("interception TLS", "TLS intercepted"),
        EndpointState::ProxyAuthRequired => ("proxy avec mot de passe", "proxy wants a password"),
        EndpointState::DnsAltered => ("DNS modifié ou en panne", "DNS altered or failing"),
        EndpointState::Unreachable => ("injoignable", "unreachable"),
        EndpointState::RemoteError => ("service en erreur", "service in error"),
        EndpointState::CaptivePortal => ("portail captif", "captive portal"),
    };
    lang.pick(fr, en)
}

/// Where a proxy was set.
#[must_use]
pub fn proxy_source(source: ProxySource, lang: Lang) -> &'static str {
    let (fr, en) = match source {
        ProxySource::CommandLine => ("option --proxy", "option --proxy"),
        ProxySource::Configuration => ("configuration de sonde-ecole", "sonde-ecole’s configuration"),
        ProxySource::Environment => ("variable d’environnement", "environment variable"),
        ProxySource::SystemSettings => ("réglages du système", "system settings"),
    };
    lang.pick(fr, en)
}

/// How an auto-config file was found.
#[must_use]
pub fn wpad_source(source: WpadSource, lang: Lang) -> &'static str {
    let (fr, en) = match source {
        WpadSource::Dhcp => ("DHCP", "DHCP"),
        WpadSource::Dns => ("DNS", "DNS"),
        WpadSource::SystemSettings => ("réglages du système", "system settings"),
    };
    lang.pick(fr, en)
}

/// What was found at a service in trouble, with the product that was recognised in it.
#[must_use]
pub fn service_trouble(state: EndpointState, filter: Option<&KnownFilter>, lang: Lang) -> String {
    let bare = endpoint_state(state, lang);
    let Some(KnownFilter { name, place }) = filter else { return bare.to_owned() };
    match (state, place) {
        (EndpointState::Blocked, _) => {
            lang.pick(format!("bloqué par le filtrage ({name})"), format!("blocked by the filter ({name})"))
        }
        (EndpointState::Intercepted, FilterPlace::Network) => lang.pick(
            format!("TLS déchiffré en chemin par {name}"),
            format!("TLS decrypted on the way by {name}"),
        ),
        (EndpointState::Intercepted, FilterPlace::Machine) => lang.pick(
            format!("TLS déchiffré sur cette machine par {name}, et non par le réseau"),
            format!("TLS decrypted on this machine by {name}, not by the network"),
        ),
        _ => format!("{bare} ({name})"),
    }
}

/// Why a decrypted chain was accepted: by this machine's own roots, not by the public ones.
#[must_use]
pub fn decrypted_and_trusted(lang: Lang) -> &'static str {
    lang.pick(
        "Le certificat n’est pas public, mais le magasin du système ou --ca l’accepte.",
        "The certificate is not public, but the system’s store or --ca accepts it.",
    )
}

/// IPv6 that is there and does not work: where, and who mends it. `everywhere`: no service was reached over it.
#[must_use]
pub fn ipv6_broken(services: &[String], everywhere: bool, lang: Lang) -> String {
    let names = together(services, lang);
    let start = lang.pick(
        format!(
            "IPv6 en panne{NARROW}: adresse et route existent, mais aucune connexion n’aboutit ({names}). Chaque page attend d’abord IPv6 avant de passer par IPv4."
        ),
        format!(
            "IPv6 is broken: there is an address and a route, and no connection ({names}). Each page waits for IPv6 first before it goes over IPv4."
        ),
    );
    let end = if everywhere {
        lang.pick(
            "La commune fait réparer IPv6 par l’opérateur (FAI), ou le fait couper dans la box.",
            "The commune has the operator mend IPv6, or has it switched off in the box.",
        )
    } else {
        lang.pick(
            "D’autres services répondent en IPv6, à signaler donc à l’éditeur de ceux-là.",
            "Other services answer over IPv6: tell the provider of these.",
        )
    };
    format!("{start} {end}")
}

/// Services that were reached, and not at the first attempt.
#[must_use]
pub fn reached_at_second_attempt(services: &[String], lang: Lang) -> String {
    let names = together(services, lang);
    lang.pick(
        format!(
            "Joint au deuxième essai seulement{NARROW}: {names}. Une coupure isolée ne prouve rien{NARROW}; si elle revient, la ligne ou le filtrage est instable."
        ),
        format!(
            "Reached at the second attempt only: {names}. A lone failure proves nothing; if it comes back, the line or the filter is unstable."
        ),
    )
}

/// What kind of service it is, short enough for a table.
#[must_use]
pub fn endpoint_kind(kind: EndpointKind, lang: Lang) -> &'static str {
    let (fr, en) = match kind {
        EndpointKind::Gar => ("GAR", "GAR"),
        EndpointKind::Ent => ("ENT", "ENT"),
        EndpointKind::Educonnect => ("ÉduConnect", "ÉduConnect"),
        EndpointKind::Portal => ("guichet académique", "academic portal"),
        EndpointKind::Resource => ("ressource", "resource"),
        EndpointKind::Management => ("gestion", "management"),
        EndpointKind::Control => ("contrôle", "control"),
    };
    lang.pick(fr, en)
}

/// The kind of link behind an interface.
#[must_use]
pub fn interface_kind(kind: InterfaceKind, lang: Lang) -> &'static str {
    let (fr, en) = match kind {
        InterfaceKind::Ethernet => ("filaire (Ethernet)", "wired (Ethernet)"),
        InterfaceKind::Wifi => ("Wi-Fi", "Wi-Fi"),
        InterfaceKind::Cellular => ("réseau mobile", "cellular"),
        InterfaceKind::Tunnel => ("tunnel (VPN)", "tunnel (VPN)"),
        InterfaceKind::Loopback => ("interne à la machine", "internal to the machine"),
        InterfaceKind::Unknown => ("de type inconnu", "of an unknown kind"),
    };
    lang.pick(fr, en)
}

/// The protocol spoken with the mire: names, the same in both languages save the last.
#[must_use]
pub fn mire_protocol(protocol: MireProtocol, lang: Lang) -> &'static str {
    match protocol {
        MireProtocol::Ndt7 => "ndt7 (WebSocket)",
        MireProtocol::Librespeed => "LibreSpeed (HTTP)",
        MireProtocol::Http => lang.pick("HTTP, fichier", "HTTP, file"),
    }
}

/// Why a transfer stopped.
#[must_use]
pub fn stop_reason(stop: StopReason, lang: Lang) -> &'static str {
    let (fr, en) = match stop {
        StopReason::Decided => (
            "verdict acquis, transférer plus n’y changerait rien",
            "the verdict was settled, more data would not change it",
        ),
        StopReason::Stable => (
            "débit stable, transférer plus n’y changerait rien",
            "the rate was stable, more data would not change it",
        ),
        StopReason::TimeCap => ("temps accordé écoulé", "the time allowed was over"),
        StopReason::ByteCap => ("volume de données accordé consommé", "the data allowed was used"),
        StopReason::FarEnd => ("la mire a mis fin au transfert", "the measurement server ended it"),
    };
    lang.pick(fr, en)
}

/// What set the rate.
#[must_use]
pub fn limited_by(limit: LimitedBy, lang: Lang) -> &'static str {
    let (fr, en) = match limit {
        LimitedBy::Line => (
            "le passage le plus étroit du chemin, le plus souvent la ligne",
            "the narrowest part of the way, mostly the line",
        ),
        LimitedBy::Loss => (
            "des pertes de paquets, sur la ligne ou dans le réseau de l’école",
            "packet loss, on the line or in the school’s network",
        ),
        LimitedBy::Server => (
            "la mire (serveur de mesure) : la ligne donne peut-être davantage",
            "the measurement server: the line may give more",
        ),
        LimitedBy::Client => {
            ("cette machine : la ligne donne peut-être davantage", "this machine: the line may give more")
        }
        LimitedBy::Unknown => ("on ne sait pas", "could not be told"),
    };
    lang.pick(fr, en)
}

/// Who counted the bytes of a transfer.
#[must_use]
pub fn counted_at(counted: CountedAt, lang: Lang) -> &'static str {
    let (fr, en) = match counted {
        CountedAt::Receiver => ("comptés à la réception", "counted at the receiving end"),
        CountedAt::Acknowledged => ("octets acquittés (TCP)", "acknowledged bytes (TCP)"),
        CountedAt::Responses => {
            ("requêtes terminées, confirmées par la mire", "finished requests, confirmed by the server")
        }
    };
    lang.pick(fr, en)
}

/// How a round trip was timed.
#[must_use]
pub fn rtt_method(method: RttMethod, lang: Lang) -> &'static str {
    let (fr, en) = match method {
        RttMethod::Icmp => ("ICMP (ping)", "ICMP (ping)"),
        RttMethod::Tcp => ("connexion TCP", "TCP connection"),
    };
    lang.pick(fr, en)
}

/// How the hops were made to speak.
#[must_use]
pub fn path_method(method: PathMethod, lang: Lang) -> &'static str {
    let (fr, en) = match method {
        PathMethod::IcmpRaw => ("ICMP à durée de vie limitée", "TTL-limited ICMP"),
        PathMethod::UdpErrorQueue => ("UDP à durée de vie limitée", "TTL-limited UDP"),
    };
    lang.pick(fr, en)
}

/// Which path DNS questions took.
#[must_use]
pub fn dns_path(path: &DnsPath, lang: Lang) -> String {
    match path {
        DnsPath::System => lang.pick("celui du système", "the system’s own").to_owned(),
        DnsPath::Server { address } => address.clone(),
        DnsPath::Reference { address } => {
            lang.pick(format!("{address} (extérieur)"), format!("{address} (outside)"))
        }
    }
}

/// Whether the school's Wi-Fi was on, says the technician.
#[must_use]
pub fn wifi_on(state: WifiOn, lang: Lang) -> &'static str {
    let (fr, en) = match state {
        WifiOn::Yes => ("allumé (déclaré)", "on (declared)"),
        WifiOn::No => ("éteint (déclaré)", "off (declared)"),
        WifiOn::Unknown => ("on ne sait pas s’il était allumé", "not known whether it was on"),
    };
    lang.pick(fr, en)
}

/// What the first routers' addresses tell; nothing where all is as usual.
#[must_use]
pub fn nat(hint: NatHint, lang: Lang) -> Option<&'static str> {
    let (fr, en) = match hint {
        NatHint::Single => return None,
        NatHint::DoublePossible => (
            "Deux routeurs à adresse privée se suivent : un routeur derrière la box, peut-être (double NAT).",
            "Two routers with private addresses in a row: perhaps a router behind the box (double NAT).",
        ),
        NatHint::CarrierGrade => (
            "L’opérateur partage une adresse publique entre plusieurs clients (CGNAT, RFC 6598) : rien ne peut entrer depuis Internet.",
            "The operator shares one public address among several customers (CGNAT, RFC 6598): nothing can come in from the Internet.",
        ),
    };
    Some(lang.pick(fr, en))
}
