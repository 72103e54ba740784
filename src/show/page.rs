//! What a reader is shown, before it takes the shape of a terminal or of a page.
//!
//! Strings are complete and in the reader's language. Nothing here knows columns, colours or tags.

use sonde_report::assess::VerdictKind;

use super::reception::Reception;
use crate::text::Lang;

/// A whole report for eyes.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Its language.
    pub(crate) lang: Lang,
    /// Its title.
    pub(crate) title: String,
    /// The school and the date, one short line each.
    pub(crate) head: Vec<String>,
    /// What must be known before anything else: demonstration, partial, no Internet.
    pub(crate) notices: Vec<String>,
    /// The overall verdict in one line.
    pub(crate) overall: (Tone, String),
    /// Each requirement in one line: its name, the verdict's word, the value.
    pub(crate) summary: Vec<SummaryLine>,
    /// All the rest.
    pub(crate) sections: Vec<Section>,
}

/// One requirement in one line.
#[derive(Debug, Clone)]
pub(crate) struct SummaryLine {
    /// What it is about.
    pub(crate) name: String,
    /// The verdict's colour.
    pub(crate) tone: Tone,
    /// The verdict's word.
    pub(crate) verdict: String,
    /// Value and threshold.
    pub(crate) value: String,
}

/// How a text may be tinted; the words carry the meaning without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Met.
    Good,
    /// Not met.
    Bad,
    /// Inconclusive.
    Doubt,
    /// Neither.
    Plain,
}

impl From<VerdictKind> for Tone {
    fn from(kind: VerdictKind) -> Self {
        match kind {
            VerdictKind::Met => Self::Good,
            VerdictKind::NotMet => Self::Bad,
            VerdictKind::Inconclusive => Self::Doubt,
            VerdictKind::NotApplicable => Self::Plain,
        }
    }
}

/// A titled part of the page.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Its title.
    pub(crate) title: String,
    /// What it holds.
    pub(crate) blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    /// A heading below the section's.
    Heading(String),
    /// A heading that carries a verdict: what it is about, and the verdict in full.
    Judged(String, Tone, String),
    /// A paragraph.
    Text(String),
    /// Names and their values.
    Facts(Vec<(String, String)>),
    /// A name and several sentences.
    List(String, Vec<String>),
    /// A table.
    Table(Table),
    /// A table whose cells are tinted by level where tinting is possible.
    Heat(HeatTable),
    /// A transfer's curve: drawn where drawing is possible, said in words everywhere.
    Curve(Curve),
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// What it shows.
    pub(crate) caption: String,
    /// The columns' names.
    pub(crate) head: Vec<String>,
    /// The rows, each as long as the head; the first cell names the row.
    pub(crate) rows: Vec<Vec<String>>,
}

/// A table of levels: every cell says in words what its tint shows.
#[derive(Debug, Clone)]
pub(crate) struct HeatTable {
    /// The table.
    pub(crate) table: Table,
    /// Each cell's level, where it shows one.
    pub(crate) levels: Vec<Vec<Option<Reception>>>,
}

/// A transfer's rate over time.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// Its title.
    pub(crate) title: String,
    /// What it shows, in words.
    pub(crate) description: String,
    /// Points: seconds from the start (the end of the slice), and bit/s over the slice.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Text without control characters (they could drive a terminal) and without marks that turn the direction of writing
/// (they could make a verdict read otherwise): part of what is shown comes from servers and from the air.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
