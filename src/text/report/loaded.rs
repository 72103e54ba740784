//! Words for the line under load: added latency, responsiveness, and what a conversation by video is like.

use sonde_report::values::{Conversation, RpmClass};

use crate::text::{Lang, NARROW};

/// Which transfer loads the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A class downloads.
    Download,
    /// A class uploads.
    Upload,
}

/// What is under way meanwhile.
#[must_use]
pub fn load(load: Load, lang: Lang) -> &'static str {
    let (fr, en) = match load {
        Load::Download => ("pendant le téléchargement", "during the download"),
        Load::Upload => ("pendant l’envoi", "during the upload"),
    };
    lang.pick(fr, en)
}

/// The same as a cell under the head "load".
#[must_use]
pub fn load_cell(load: Load, lang: Lang) -> &'static str {
    let (fr, en) = match load {
        Load::Download => ("descendante", "download"),
        Load::Upload => ("montante", "upload"),
    };
    lang.pick(fr, en)
}

/// The caption of the figures.
#[must_use]
pub fn loaded_caption(lang: Lang) -> &'static str {
    lang.pick(
        "Latences médianes, au repos et en charge ; note de A+ (moins de 5 ms ajoutées) à F (400 ms et plus)",
        "Median latencies, idle and loaded; grade from A+ (below 5 ms added) to F (400 ms and more)",
    )
}

/// The heads of its columns.
#[must_use]
pub fn loaded_heads(lang: Lang) -> [&'static str; 7] {
    lang.pick(
        ["Charge", "Ajoutée", "Note", "Au repos", "En charge", "Par", "RPM"],
        ["Load", "Added", "Grade", "Idle", "Loaded", "By", "RPM"],
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
    lang.pick(format!("{number}, {fr}"), format!("{number}, {en}"))
}

/// The plain sentence: a video call while a class loads the line.
#[must_use]
pub fn video_call(load: Load, conversation: Conversation, one_way: &str, lang: Lang) -> String {
    let (fr, en) = match load {
        Load::Download => ("pendant qu’une classe télécharge", "while a class downloads"),
        Load::Upload => ("pendant qu’une classe envoie des fichiers", "while a class uploads files"),
    };
    let (how_fr, how_en) = match conversation {
        Conversation::Easy => {
            ("fluide, le délai de la ligne se remarque à peine", "easy, the line’s delay is hardly noticed")
        }
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
        format!("Visioconférence {fr}{NARROW}: {how_fr} ({one_way} à l’aller)."),
        format!("Video call {en}: {how_en} ({one_way} one way)."),
    )
}

/// What a long queue comes from, and what helps.
#[must_use]
pub fn queue_advice(lang: Lang) -> &'static str {
    lang.pick(
        "Des données attendent dans un équipement, le plus souvent la box : un réglage (QoS, SQM) y remédie, à demander à qui la gère.",
        "Data waits in a device, most often the router: a setting of it (QoS, SQM) helps, to be asked of whoever manages it.",
    )
}

/// How the line under load was measured, in one line.
#[must_use]
pub fn loaded_method(lang: Lang) -> &'static str {
    lang.pick(
        "Sondes légères (moins de 5 % du débit) à côté des transferts, montée en charge écartée ; réactivité en allers-retours par minute (RPM), selon draft-ietf-ippm-responsiveness. Une conversation est fluide sous 150 ms à l’aller, très pénible à partir de 400 ms (UIT-T G.114), hors délai des appareils. Indicatif.",
        "Light probes (below 5% of the rate) beside the transfers, warm-up left out; responsiveness in round trips per minute (RPM), after draft-ietf-ippm-responsiveness. A conversation is easy below 150 ms one way, very hard from 400 ms on (ITU-T G.114), the devices’ own delay apart. Indicative.",
    )
}
