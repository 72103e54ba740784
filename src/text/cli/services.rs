//! The list of services, and what a school's choices take of it.

use std::fmt::Write as _;

use sonde_probes::catalogue::{Endpoint, built_in_information};
use sonde_probes::dial::Target;
use sonde_report::values::EndpointKind;

use super::allowlist;
use crate::config::services::Services;
use crate::config::values::KINDS;
use crate::text::{Lang, report as words};

/// One service of the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The service.
    pub endpoint: Endpoint,
    /// Whether a run with these choices reaches it.
    pub probed: bool,
}

/// The order in which the kinds are listed: what a technician must choose comes first.
const ORDER: [EndpointKind; 7] = [
    EndpointKind::Ent,
    EndpointKind::Gar,
    EndpointKind::Educonnect,
    EndpointKind::Portal,
    EndpointKind::Resource,
    EndpointKind::Management,
    EndpointKind::Control,
];

/// The list as text: on a service's first line its id and hosts, which a terminal must not break; below, the rest.
#[must_use]
pub fn list(listed: &[Listed], services: &Services, lang: Lang) -> String {
    let wide = listed.iter().map(|one| one.endpoint.id.chars().count()).max().unwrap_or(0);
    let mut text = lang
        .pick(
            "identifiant, hôtes ; libellé, territoire, vérifié ou non. * : joint par une mesure avec ces choix\n",
            "id, hosts; label, territory, verified or not. *: reached by a run with these choices\n",
        )
        .to_owned();
    for kind in ORDER {
        let mut of_kind = listed.iter().filter(|one| one.endpoint.kind == kind).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "\n{}", heading(kind, lang));
        for Listed { endpoint, probed } in of_kind {
            let mark = if *probed { '*' } else { ' ' };
            let hosts: Vec<String> = endpoint.urls.iter().map(|url| host(url)).collect();
            for (index, host) in hosts.iter().enumerate() {
                let (mark, id) = if index == 0 { (mark, endpoint.id.as_str()) } else { (' ', "") };
                let _ = writeln!(text, "{mark} {id:wide$}  {host}");
            }
            let _ = writeln!(text, "  {:wide$}  {}", "", about(endpoint, lang));
        }
        for one in built_in_information().iter().filter(|one| one.kind == kind) {
            let not_probed = lang.pick("non sondé", "not probed");
            let _ = writeln!(text, "  {} ({not_probed})", allowlist::information(one, lang));
        }
    }
    if listed.is_empty() {
        text += lang.pick("\n(aucun service de ce genre)\n", "\n(no service of this kind)\n");
    }
    text + "\n" + &chosen(services, lang)
}

/// Label, territory, verified or not.
fn about(endpoint: &Endpoint, lang: Lang) -> String {
    let verified = if endpoint.verified {
        lang.pick("vérifié", "verified")
    } else {
        lang.pick("non vérifié", "not verified")
    };
    let mut parts = vec![endpoint.label.clone(), territory(&endpoint.territory, lang), verified.to_owned()];
    if endpoint.holds_uai() {
        parts.push(lang.pick("met l’UAI dans le nom d’hôte", "puts the UAI into the host name").to_owned());
    }
    words::together(&parts, lang)
}

/// A territory in words.
fn territory(codes: &[String], lang: Lang) -> String {
    if codes.is_empty() {
        return lang.pick("territoire non connu", "territory not known").to_owned();
    }
    let name = |code: &String| match code.as_str() {
        "national" => lang.pick("tout le pays", "the whole country").to_owned(),
        code => words::territory_of(code, lang).unwrap_or_else(|| code.to_owned()),
    };
    codes.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The host of a URL, with its port where that is not the usual one.
fn host(url: &str) -> String {
    url.parse::<Target>().map_or_else(
        |_| url.trim_start_matches("https://").trim_end_matches('/').to_owned(),
        |target| target.authority(false),
    )
}

/// What a run with these choices reaches, and what the choices leave open.
fn chosen(services: &Services, lang: Lang) -> String {
    let selected = &services.selected;
    let ids = selected.iter().map(|known| known.id.as_str()).collect::<Vec<_>>().join(", ");
    let count = lang.integer(selected.len() as u64);
    let of_kind = |kind| selected.iter().any(|known| known.kind == kind);
    let mut lines = vec![lang.pick(
        format!("Avec ces choix, une mesure joint {count} services : {ids}."),
        format!("With these choices a run reaches {count} services: {ids}."),
    )];
    match &services.choice.place {
        Some(place) => {
            lines.push(lang.labelled(lang.pick("Territoire", "Territory"), &format!("{}.", words::territory(place, lang))));
            if !of_kind(EndpointKind::Portal) {
                lines.push(words::no_portal(&place.academy_name, lang));
            }
            if !of_kind(EndpointKind::Ent) {
                let proposed = services.proposed();
                let ents: Vec<_> = proposed.iter().map(|ent| (ent.label.clone(), ent.id.clone())).collect();
                lines.push(words::ent_proposal(place, &ents, lang));
            }
        }
        None if of_kind(EndpointKind::Ent) && !of_kind(EndpointKind::Portal) => lines.push(
            lang.pick(
                "Cet ENT ne dit pas de quelle académie est l’école : --uai ou --territory ajoute son guichet académique.",
                "This ENT does not tell the school’s académie: --uai or --territory adds its portal.",
            )
            .to_owned(),
        ),
        None if !of_kind(EndpointKind::Portal) => lines.push(
            lang.pick(
                "Ni UAI ni territoire : --uai ou --territory ajoute le guichet académique et propose les ENT du lieu.",
                "Neither UAI nor territory: --uai or --territory adds the portal of the académie and proposes the ENTs of the place.",
            )
            .to_owned(),
        ),
        None => {}
    }
    lines.join("\n") + "\n"
}

fn heading(kind: EndpointKind, lang: Lang) -> &'static str {
    match kind {
        EndpointKind::Ent => lang.pick("ENT (l’identifiant se donne à --ent)", "ENT (the id goes to --ent)"),
        EndpointKind::Educonnect => "ÉduConnect",
        EndpointKind::Portal => lang.pick(
            "Guichets académiques (par --uai ou --territory)",
            "Portals of the académies (by --uai or --territory)",
        ),
        EndpointKind::Gar => "GAR",
        EndpointKind::Resource => {
            lang.pick("Ressources (--profile resources)", "Resources (--profile resources)")
        }
        EndpointKind::Management => lang.pick(
            "Gestion des équipements (--profile management)",
            "Management of equipment (--profile management)",
        ),
        EndpointKind::Control => lang.pick("Cibles de contrôle", "Control targets"),
    }
}

/// The names of the kinds, for a refusal.
#[must_use]
pub fn kind_names() -> String {
    KINDS.map(|(name, _)| name).join(", ")
}

/// The columns of the CSV.
#[must_use]
pub fn columns(lang: Lang) -> [&'static str; 10] {
    lang.pick(
        [
            "identifiant",
            "libellé",
            "famille",
            "hôte",
            "port",
            "protocole",
            "territoire",
            "vérifié",
            "source",
            "joint",
        ],
        ["id", "label", "kind", "host", "port", "protocol", "territory", "verified", "source", "reached"],
    )
}

/// The rows of the CSV: one for each URL.
#[must_use]
pub fn rows(listed: &[Listed], lang: Lang) -> Vec<Vec<String>> {
    let yes = |yes: bool| if yes { lang.pick("oui", "yes") } else { lang.pick("non", "no") }.to_owned();
    let row = |one: &Listed, url: &str| {
        let target = url.parse::<Target>().ok();
        vec![
            one.endpoint.id.clone(),
            one.endpoint.label.clone(),
            words::endpoint_kind(one.endpoint.kind, lang).to_owned(),
            target.as_ref().map_or_else(|| host(url), |target| target.host.clone()),
            target.as_ref().map_or_else(|| "443".to_owned(), |target| target.port.to_string()),
            target.map_or("HTTPS", |target| allowlist::protocol(target.scheme)).to_owned(),
            one.endpoint.territory.join(" "),
            yes(one.endpoint.verified),
            one.endpoint.source.clone(),
            yes(one.probed),
        ]
    };
    listed.iter().flat_map(|one| one.endpoint.urls.iter().map(move |url| row(one, url))).collect()
}
