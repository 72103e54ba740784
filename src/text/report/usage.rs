//! Words for what the rates mean for a class. Indicative: no sentence here may sound like a verdict.

use sonde_report::{
    requirement::Basis,
    usage::{Bound, Direction},
};

use crate::text::Lang;

/// The section's title, and its table's caption.
#[must_use]
pub fn usage_title(lang: Lang) -> &'static str {
    lang.pick("Ce que l’accès permet à une classe (indicatif)", "What the access allows a class (indicative)")
}

/// The caption of the table.
#[must_use]
pub fn usage_caption(lang: Lang) -> &'static str {
    lang.pick(
        "Tablettes qui peuvent faire la même chose à la fois",
        "Tablets that can do the same thing at once",
    )
}

/// How the table is to be read.
#[must_use]
pub fn usage_note(lang: Lang) -> &'static str {
    lang.pick(
        "Ordre de grandeur, pas un verdict : chaque ligne suppose que toutes les tablettes font cela et rien d’autre, \
         et compte le bas de l’intervalle du débit mesuré. Le Wi-Fi de l’école peut limiter avant l’accès. Les \
         hypothèses sont dans la méthode.",
        "An order of magnitude, no verdict: each line supposes that all tablets do this and nothing else, and counts \
         the low end of the measured rate’s interval. The school’s Wi-Fi may limit before the access does. The \
         assumptions stand in the method.",
    )
}

/// The table's heads: use, number, what limits.
#[must_use]
pub fn usage_heads(lang: Lang) -> [&'static str; 3] {
    lang.pick(["Usage", "Tablettes à la fois", "Limité par"], ["Use", "Tablets at once", "Limited by"])
}

/// A use by its id, where it is one of ours; by its id alone where it is a rule file's own.
#[must_use]
pub fn use_name(id: &str, lang: Lang) -> &str {
    match id {
        "web" => lang.pick("navigation web", "browsing"),
        "video" => lang.pick("regarder une vidéo", "watching a video"),
        "video_call" => lang.pick("appel vidéo", "video call"),
        other => other,
    }
}

/// A number of tablets and how it is to be read.
#[must_use]
pub fn tablets(count: Option<u32>, bound: Option<Bound>, lang: Lang) -> String {
    let Some(count) = count else {
        return lang.pick("indéterminé", "could not be told").to_owned();
    };
    let number = lang.integer(count.into());
    match bound {
        None | Some(Bound::Exact) => number,
        Some(Bound::AtLeast) => lang.pick(format!("au moins {number}"), format!("at least {number}")),
        Some(Bound::MoreThan) => lang.pick(format!("plus de {number}"), format!("more than {number}")),
    }
}

/// A direction's rate, as a name.
#[must_use]
pub fn direction(direction: Direction, lang: Lang) -> &'static str {
    match direction {
        Direction::Down => lang.pick("débit descendant", "download rate"),
        Direction::Up => lang.pick("débit montant", "upload rate"),
    }
}

/// Why no larger number is told.
#[must_use]
pub fn usage_cap(cap: u32, lang: Lang) -> String {
    let cap = lang.integer(cap.into());
    lang.pick(
        format!(
            "Au-delà de {cap} tablettes, le nombre n’est plus donné : autre chose que l’accès limite avant."
        ),
        format!("Beyond {cap} tablets no number is told: something else limits before the access does."),
    )
}

/// The title of the assumptions in the method.
#[must_use]
pub fn usage_assumptions(lang: Lang) -> &'static str {
    lang.pick(
        "Hypothèses sur les usages d’une classe (indicatif)",
        "Assumptions about the uses of a class (indicative)",
    )
}

/// What is kept back.
#[must_use]
pub fn usage_reserve(share: &str, lang: Lang) -> String {
    lang.pick(
        format!("Réserve : {share} du débit mesuré ne sont donnés à aucune tablette."),
        format!("Reserve: {share} of the measured rate is given to no tablet."),
    )
}

/// What one tablet is supposed to need, the level and the basis, the source.
#[must_use]
pub fn usage_assumed(
    rates: &[(Direction, String)],
    level: &str,
    basis: Basis,
    source: &str,
    lang: Lang,
) -> String {
    let rates: Vec<String> = rates
        .iter()
        .map(|(way, rate)| match way {
            Direction::Down => format!("{rate} {}", lang.pick("descendant", "down")),
            Direction::Up => format!("{rate} {}", lang.pick("montant", "up")),
        })
        .collect();
    let basis = match basis {
        Basis::Published => lang.pick("chiffre publié", "published figure"),
        Basis::Assumed => lang.pick("hypothèse", "assumption"),
    };
    let rates = rates.join(lang.pick(" et ", " and "));
    let per_tablet = lang.pick("par tablette", "per tablet");
    format!("{rates} {per_tablet} ({level}, {basis}). {}", lang.labelled("Source", source))
}
