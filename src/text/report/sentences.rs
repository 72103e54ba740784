//! Sentences with figures in them.

use crate::text::{Lang, NARROW};

/// The model sentence of a rate's verdict: value, recommendation, verdict.
#[must_use]
pub fn rate_verdict(
    observed: &str,
    threshold: &str,
    size: Option<&str>,
    rule: &str,
    verdict: &str,
    lang: Lang,
) -> String {
    let verdict = capitalised(verdict);
    match (lang, size) {
        (Lang::Fr, Some(size)) => format!(
            "Débit descendant{NARROW}: {observed}. Préconisation pour une {size}{NARROW}: {threshold} ({rule}). {verdict}."
        ),
        (Lang::Fr, None) => {
            format!(
                "Débit descendant{NARROW}: {observed}. Préconisation{NARROW}: {threshold} ({rule}). {verdict}."
            )
        }
        (Lang::En, Some(size)) => {
            format!(
                "Download rate: {observed}. Recommendation for a {size}: {threshold} ({rule}). {verdict}."
            )
        }
        (Lang::En, None) => {
            format!("Download rate: {observed}. Recommendation: {threshold} ({rule}). {verdict}.")
        }
    }
}

/// Where and how a rate was measured: connection, mire, date.
#[must_use]
pub fn measured_how(connection: &str, mire: &str, date: &str, lang: Lang) -> String {
    lang.pick(
        format!("Connexion {connection}, mire {mire}, {date}."),
        format!("Connection: {connection}; server {mire}; {date}."),
    )
}

/// An interval: `de 7,4 à 7,8 Mbit/s`, the unit said once where it is the same.
#[must_use]
pub fn between(low: &str, high: &str, lang: Lang) -> String {
    // What follows the last narrow space is a unit, unless it is three digits of a number.
    let unit = |text: &str| text.rsplit_once(NARROW).map(|(_, unit)| unit.to_owned());
    let low = match (low.rsplit_once(NARROW), unit(high)) {
        (Some((number, of)), Some(unit)) if of == unit && !unit.starts_with(|c: char| c.is_ascii_digit()) => {
            number
        }
        _ => low,
    };
    lang.pick(format!("de {low} à {high}"), format!("{low} to {high}"))
}

/// A number of access points, agreeing in number.
#[must_use]
pub fn access_points(count: u64, lang: Lang) -> String {
    let number = lang.integer(count);
    lang.pick(
        format!("{number} borne{}", if count > 1 { "s" } else { "" }),
        format!("{number} access point{}", if count == 1 { "" } else { "s" }),
    )
}

/// How many of the services that were judged are met: an intercepted one answers, and is not.
#[must_use]
pub fn services_reached(reached: u64, asked: u64, lang: Lang) -> String {
    let (reached_text, asked_text) = (lang.integer(reached), lang.integer(asked));
    lang.pick(
        format!("{reached_text} conforme{} sur {asked_text}", if reached > 1 { "s" } else { "" }),
        format!("{reached_text} of {asked_text} met"),
    )
}

/// So many of so many.
#[must_use]
pub fn of(some: u64, all: u64, lang: Lang) -> String {
    let (some, all) = (lang.integer(some), lang.integer(all));
    lang.pick(format!("{some} sur {all}"), format!("{some} of {all}"))
}

/// A repetition's dispersion: the spread of the rates as a share of the largest.
#[must_use]
pub fn repetitions(count: u64, rates: &str, spread: &str, lang: Lang) -> String {
    let number = lang.integer(count);
    lang.pick(
        format!("{number}{NARROW}: {rates}{NARROW}; écart {spread}"),
        format!("{number}: {rates}; spread {spread}"),
    )
}

/// The description of the transfer's curve, for who cannot see it.
#[must_use]
pub fn curve(low: &str, high: &str, length: &str, lang: Lang) -> String {
    lang.pick(
        format!("{} selon les moments, sur {length} (débit utile).", between(low, high, lang)),
        format!("{} depending on the moment, over {length} (goodput).", between(low, high, lang)),
    )
}

/// The text with its first letter in upper case.
#[must_use]
pub fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The text as it stands after a colon: its first letter in lower case, unless it begins a name or an acronym.
#[must_use]
pub fn after_colon(text: &str) -> String {
    let mut characters = text.chars();
    let (first, second) = (characters.next(), characters.clone().next());
    let name = ["Wi-Fi", "Internet"].iter().any(|name| text.starts_with(name));
    match first {
        // An acronym's second letter is a capital too: DNS, TLS, ICMP.
        Some(first) if !name && !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

/// A sentence with technical notes in parentheses before its full stop.
#[must_use]
pub fn with_notes(sentence: &str, notes: &[String], lang: Lang) -> String {
    let bare = sentence.trim_end_matches('.');
    if notes.is_empty() { format!("{bare}.") } else { format!("{bare} ({}).", together(notes, lang)) }
}

/// Several names as one; names of services hold commas, so semicolons keep them apart.
#[must_use]
pub fn together(names: &[String], lang: Lang) -> String {
    names.join(lang.pick("\u{202f}; ", "; "))
}

/// A clock offset in words: ahead or behind.
#[must_use]
pub fn clock_offset(offset_ms: i64, lang: Lang) -> String {
    let length = lang.duration(offset_ms.unsigned_abs());
    if offset_ms >= 0 {
        lang.pick(format!("{length} en avance"), format!("{length} ahead"))
    } else {
        lang.pick(format!("{length} en retard"), format!("{length} behind"))
    }
}

/// An action and what it is about.
#[must_use]
pub fn action_about(action: &str, subjects: &[String], lang: Lang) -> String {
    if subjects.is_empty() {
        return action.to_owned();
    }
    let bare = action.trim_end_matches('.');
    match lang {
        Lang::Fr => format!("{bare} (concerne{NARROW}: {}).", together(subjects, lang)),
        Lang::En => format!("{bare} (about: {}).", together(subjects, lang)),
    }
}

/// The line of a monitoring plugin when there is no value.
#[must_use]
pub fn no_rate(lang: Lang) -> &'static str {
    lang.pick("aucun débit mesuré", "no rate measured")
}
