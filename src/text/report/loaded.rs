//! Words for the line under load: added latency, responsiveness, and what a conversation by video is like.

use sonde_report::values::{Conversation, LatencyGrade, RpmClass};

use crate::text::{Lang, NARROW};

/// Which transfer loads the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A class downloads.
    Download,
    /// A class uploads.
    Upload,
}

/// What load adds, its grade, and from what to what.
#[must_use]
pub fn added_latency(
    added: &str,
    grade: LatencyGrade,
    idle: &str,
    loaded: &str,
    by: &str,
    lang: Lang,
) -> String {
    let grade = grade.as_str();
    lang.pick(
        format!("{added}, note {grade} ({idle} au repos, {loaded} en charge, médianes, par {by})"),
        format!("{added}, grade {grade} ({idle} idle, {loaded} loaded, medians, by {by})"),
    )
}

/// A latency under load with nothing to compare it to.
#[must_use]
pub fn loaded_latency(loaded: &str, by: &str, lang: Lang) -> String {
    lang.pick(
        format!("non connue ({loaded} en charge, médiane, par {by})"),
        format!("not known ({loaded} loaded, median, by {by})"),
    )
}

/// Round trips per minute and their class.
#[must_use]
pub fn responsiveness(rpm: u64, lang: Lang) -> String {
    let (fr, en) = match RpmClass::of(rpm) {
        RpmClass::Low => ("faible", "low"),
        RpmClass::Medium => ("moyenne", "medium"),
        RpmClass::High => ("élevée", "high"),
        RpmClass::Excellent => ("excellente", "excellent"),
    };
    let number = lang.integer(rpm);
    lang.pick(
        format!("{number} allers-retours par minute (RPM), {fr}"),
        format!("{number} round trips per minute (RPM), {en}"),
    )
}

/// The plain sentence: a video call while a class loads the line.
#[must_use]
pub fn video_call(load: Load, conversation: Conversation, one_way: &str, lang: Lang) -> String {
    let (fr, en) = match load {
        Load::Download => ("pendant qu’une classe télécharge", "while a class downloads"),
        Load::Upload => ("pendant qu’une classe envoie des fichiers", "while a class uploads files"),
    };
    let (how_fr, how_en) = match conversation {
        Conversation::Easy => ("fluide, le délai ne se remarque pas", "easy, nobody notices the delay"),
        Conversation::Strained => (
            "gênée, le délai fait qu’on se coupe la parole",
            "strained, the delay makes people interrupt each other",
        ),
        Conversation::Broken => (
            "très pénible, le délai est trop long pour se répondre",
            "very hard, the delay is too long to answer each other",
        ),
    };
    lang.pick(
        format!("Visioconférence {fr}{NARROW}: {how_fr} ({one_way} de réseau à l’aller)."),
        format!("Video call {en}: {how_en} ({one_way} of network one way)."),
    )
}

/// How the line under load was measured, in one line.
#[must_use]
pub fn loaded_method(lang: Lang) -> &'static str {
    lang.pick(
        "Sondes légères (moins de 5 % du débit) à côté des transferts, montée en charge écartée ; RPM selon draft-ietf-ippm-responsiveness ; délais d’une conversation selon l’UIT-T G.114 (150 et 400 ms à l’aller). Indicatif.",
        "Light probes (below 5% of the rate) beside the transfers, warm-up left out; RPM after draft-ietf-ippm-responsiveness; a conversation’s delays after ITU-T G.114 (150 and 400 ms one way). Indicative.",
    )
}
