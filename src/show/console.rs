//! The report as text for a terminal or a file. SKELETON
use crate::text::Lang;
use sonde_report::Report;

/// How the text may look.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether colour escapes may be used (never the only carrier of a meaning).
    pub color: bool,
    /// Columns available.
    pub width: u16,
}

/// The whole report as text.
#[must_use]
pub fn report(report: &Report, lang: Lang, style: Style) -> String {
    let _ = (report, lang, style);
    String::new()
}
