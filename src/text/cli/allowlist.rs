//! The sheet for whoever runs the proxy or the filter.

use sonde_probes::catalogue::Information;
use sonde_probes::dial::Scheme;
use sonde_report::values::EndpointState;

use super::{Both, both};
use crate::allowlist::{LeftOut, Request, Seen, WhyNot};
use crate::text::{Lang, report as words};

/// The title.
pub const TITLE: Both = both(
    "Demande d’ouverture d’accès, pour l’administrateur du proxy ou du filtrage",
    "Request to open access, for the administrator of the proxy or filter",
);
/// Who asks.
pub const REQUESTER: Both = both("Demandé par", "Asked by");
/// In the place of who asks.
pub const NO_REQUESTER: Both = both("à compléter (--requester)", "to be filled in (--requester)");
/// In the place of the school.
pub const NO_SCHOOL: Both = both("non précisée (--uai, --site)", "not named (--uai, --site)");
/// What made the sheet.
pub const MADE_BY: Both = both("Relevé", "Made with");
/// The run was cut short.
pub const PARTIAL: Both = both(
    "RELEVÉ PARTIEL — interrompu avant la fin : il manque peut-être des hôtes.",
    "PARTIAL — cut short: hosts may be missing.",
);
/// What was seen.
pub const SEEN: Both = both("Constat", "Seen");
/// Before a redirecting host.
pub const REDIRECTED_FROM: Both = both("redirection depuis", "redirected from");
/// The heading of what is not asked for.
pub const LEFT_OUT: Both = both("Rien à ouvrir pour ces services", "Nothing to open for these services");
/// The heading of what is not probed.
pub const INFORMATION: Both = both("Pour information, non sondé", "For information, not probed");
/// How to open.
pub const BY_NAME: Both = both(
    "Autoriser par nom d’hôte : les adresses IP de ces services changent sans préavis.",
    "Allow by host name: the IP addresses of these services change without notice.",
);

/// The columns of the CSV.
#[must_use]
pub fn columns(lang: Lang) -> [&'static str; 13] {
    lang.pick(
        [
            "demande",
            "service",
            "famille",
            "hôte",
            "port",
            "protocole",
            "constat",
            "redirigé depuis",
            "identifiant",
            "date",
            "uai",
            "site",
            "demandé par",
        ],
        [
            "request",
            "service",
            "kind",
            "host",
            "port",
            "protocol",
            "seen",
            "redirected from",
            "id",
            "date",
            "uai",
            "site",
            "asked by",
        ],
    )
}

/// The heading of what is asked.
#[must_use]
pub fn heading(request: Request, lang: Lang) -> &'static str {
    let (fr, en) = match request {
        Request::Open => ("À ouvrir", "To open"),
        Request::OpenIfUp => (
            "À ouvrir, si le service répond depuis un autre réseau (à essayer d’abord : téléphone, mairie)",
            "To open, if the service answers from another network (to try first: a phone, the town hall)",
        ),
        Request::Exempt => (
            "À exempter du déchiffrement TLS, ou fournir le certificat de l’autorité",
            "To exempt from TLS decryption, or provide the authority’s certificate",
        ),
        Request::Keep => ("Déjà ouvert, à conserver", "Open already, to keep"),
        Request::Unverified => ("Nécessaire, non vérifié", "Needed, not verified"),
    };
    lang.pick(fr, en)
}

/// What is asked, short enough for a cell.
#[must_use]
pub fn request(request: Request, lang: Lang) -> &'static str {
    let (fr, en) = match request {
        Request::Open => ("à ouvrir", "to open"),
        Request::OpenIfUp => (
            "à ouvrir si le service répond depuis un autre réseau",
            "to open if the service answers from another network",
        ),
        Request::Exempt => ("à exempter du déchiffrement TLS", "to exempt from TLS decryption"),
        Request::Keep => ("à conserver", "to keep"),
        Request::Unverified => ("à vérifier", "to verify"),
    };
    lang.pick(fr, en)
}

/// Protocol and port as a firewall wants them.
#[must_use]
pub fn port(scheme: Scheme, port: u16) -> String {
    match protocol(scheme) {
        "TCP" => format!("TCP {port}"),
        above => format!("TCP {port} ({above})"),
    }
}

/// The protocol's name.
#[must_use]
pub fn protocol(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Https => "HTTPS",
        Scheme::Http => "HTTP",
        Scheme::Tcp => "TCP",
    }
}

/// What was seen of a host, in one sentence without its full stop.
#[must_use]
pub fn seen(seen: &Seen, lang: Lang) -> String {
    if let Some(why) = seen.left_out {
        return why_not(why, lang).to_owned();
    }
    let state = seen.state.map(|state| words::endpoint_state(state, lang));
    let Some(failure) = &seen.failure else {
        return state.unwrap_or(lang.pick("non vérifié", "not verified")).to_owned();
    };
    let reached = [EndpointState::Reachable, EndpointState::ReachableViaProxy];
    if seen.state.is_some_and(|state| reached.contains(&state)) {
        return state.unwrap_or_default().to_owned();
    }
    let cause = words::after_colon(words::cause(failure.cause, lang).trim_end_matches('.'));
    let sentence = state.map_or_else(|| cause.clone(), |state| lang.labelled(state, &cause));
    let detail = failure.detail.clone().filter(|detail| {
        let mut elsewhere = seen.sent_to.iter().chain(&seen.issuer);
        !elsewhere.any(|known| known.contains(detail.as_str()))
    });
    let issuer = seen.issuer.iter().map(|issuer| lang.labelled(lang.pick("émetteur", "issuer"), issuer));
    let sent = seen.sent_to.iter().map(|url| lang.labelled(lang.pick("renvoyé vers", "sent to"), url));
    let notes: Vec<String> = detail.into_iter().chain(issuer).chain(sent).collect();
    words::with_notes(&sentence, &notes, lang).trim_end_matches('.').to_owned()
}

/// Why a service that was not reached is not asked for, and who acts.
#[must_use]
pub fn why_not(why: WhyNot, lang: Lang) -> &'static str {
    let (fr, en) = match why {
        WhyNot::NoNetwork => (
            "cette machine n’a pas de réseau ; la brancher, puis relancer",
            "this machine has no network; connect it, then run again",
        ),
        WhyNot::NoInternet => (
            "pas d’accès à Internet : la box ou la ligne d’abord (commune, opérateur)",
            "no Internet access: the box or the line first (commune, operator)",
        ),
        WhyNot::CaptivePortal => (
            "un portail captif répond à tout ; s’y connecter, puis relancer",
            "a captive portal answers everything; log in to it, then run again",
        ),
        WhyNot::ProxyPassword => (
            "le proxy demande un mot de passe ; relancer avec --proxy-user NOM",
            "the proxy wants a password; run again with --proxy-user NAME",
        ),
        WhyNot::ProxyUnreachable => (
            "le proxy lui-même n’a pas répondu ; vérifier son adresse (--proxy)",
            "the proxy itself did not answer; check its address (--proxy)",
        ),
        WhyNot::Vpn => (
            "un VPN était actif : c’est son réseau qui a été vu ; le couper, puis relancer",
            "a VPN was on: its network is what was seen; turn it off, then run again",
        ),
        WhyNot::Clock => (
            "l’horloge de cette machine est fausse ; la mettre à l’heure, puis relancer",
            "this machine’s clock is wrong; set it, then run again",
        ),
        WhyNot::DecryptedHere => (
            "déchiffré par un logiciel de cette machine (antivirus) : y couper l’analyse du web, puis relancer",
            "decrypted by a program on this machine (antivirus): turn off its web scanning, then run again",
        ),
        WhyNot::Decrypted => (
            "déchiffré en chemin par une autorité que cette machine accepte : le service répond",
            "decrypted on the way by an authority this machine accepts: the service answers",
        ),
        WhyNot::Service => (
            "le service lui-même est en erreur : le signaler à son éditeur si cela dure",
            "the service itself is in error: tell its provider if it lasts",
        ),
        WhyNot::MtuBlackHole => (
            "ses gros paquets se perdent en chemin (trou noir MTU) : la box ou la ligne d’abord (commune, opérateur)",
            "its large packets vanish on the way (MTU black hole): the box or the line first (commune, operator)",
        ),
        WhyNot::Certificate => (
            "son certificat n’est pas bon, et rien ne dit si quelque chose répond à sa place",
            "its certificate is wrong, and nothing tells whether something answers in its place",
        ),
        WhyNot::Dns => (
            "le DNS ne donne pas son adresse, et rien ne montre que le réseau de l’école en soit la cause",
            "the DNS does not give its address, and nothing shows that the school’s network is the cause",
        ),
        WhyNot::NothingToCompare => (
            "rien d’autre n’a répondu, on ne peut donc pas dire où cela bloque",
            "nothing else answered, so where it stops cannot be told",
        ),
        WhyNot::NotTried => ("non essayé, ou pas jusqu’au bout", "not tried, or not to its end"),
    };
    lang.pick(fr, en)
}

/// The same as a sentence, with what was seen where the fault is the service's own or not told apart.
#[must_use]
pub fn left_out(left: &LeftOut, lang: Lang) -> String {
    let own = [WhyNot::Service, WhyNot::Certificate, WhyNot::Dns, WhyNot::Decrypted];
    let evidence: Vec<String> = own.contains(&left.why).then(|| seen(&left.seen, lang)).into_iter().collect();
    words::with_notes(why_not(left.why, lang), &evidence, lang)
}

/// Why the sheet asks for nothing.
#[must_use]
pub fn nothing_asked(open: usize, left_out: bool, lang: Lang) -> String {
    let reached = lang.integer(open as u64);
    let reached = match open {
        0 => lang.pick("aucun service n’a répondu", "no service answered").to_owned(),
        1 => lang.pick("un service répond", "one service answers").to_owned(),
        _ => lang.pick(format!("{reached} services répondent"), format!("{reached} services answer")),
    };
    if left_out {
        lang.pick(
            format!("Rien à demander d’après ce relevé : {reached}, et ce qui manque a une autre cause, dite plus bas."),
            format!("Nothing to ask for by this run: {reached}, and what is missing has another cause, told below."),
        )
    } else {
        lang.pick(format!("Rien à ouvrir : {reached}."), format!("Nothing to open: {reached}."))
    }
}

/// A port that nothing here probes.
#[must_use]
pub fn information(information: &Information, lang: Lang) -> String {
    let Information { label, hosts, protocol, port, .. } = information;
    lang.labelled(label, &format!("{} {port}, {hosts}", protocol.to_uppercase()))
}

/// Who saw it: the agent, and by which way.
#[must_use]
pub fn made_with(version: &str, proxy: Option<&str>, lang: Lang) -> String {
    let way = match proxy {
        Some(proxy) => lang.pick(format!("à travers le proxy {proxy}"), format!("through the proxy {proxy}")),
        None => lang.pick("en accès direct", "directly").to_owned(),
    };
    lang.pick(
        format!("sonde-ecole {version}, depuis le réseau de l’école, {way}"),
        format!("sonde-ecole {version}, from the school’s network, {way}"),
    )
}
