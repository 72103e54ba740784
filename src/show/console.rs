//! The report as text for a terminal or a file. It knows columns and colours, and nothing of what is said: that is
//! the page's business. Colour never carries a meaning alone.

use unicode_width::UnicodeWidthStr;

use super::{
    content,
    page::{Block, Page, Table, Tone, clean},
};
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

/// Fewer columns than this cannot hold the tables; longer lines than this are hard to read.
const WIDTHS: (usize, usize) = (40, 100);

/// The widest name in a list of facts; a longer one stands on its own line.
const NAME_WIDTH: usize = 27;

/// The whole report as text.
#[must_use]
pub fn report(report: &Report, lang: Lang, style: Style) -> String {
    page(&content::page(report, lang), lang, style)
}

/// The services' part of a report as text: what `endpoints check` looked at, and who acts.
#[must_use]
pub fn services(report: &Report, lang: Lang, style: Style) -> String {
    page(&content::services_page(report, lang), lang, style)
}

/// The radios' part of a report as text.
#[must_use]
pub fn radios(report: &Report, lang: Lang, style: Style) -> String {
    page(&content::radios_page(report, lang), lang, style)
}

fn page(page: &Page, lang: Lang, style: Style) -> String {
    let width = usize::from(style.width).clamp(WIDTHS.0, WIDTHS.1);
    let mut text = Text { out: String::new(), heading: String::new(), lang, color: style.color, width };
    text.page(page);
    text.out
}

/// The text as it grows.
struct Text {
    out: String,
    /// The last heading: a table of the same name needs no caption under it.
    heading: String,
    lang: Lang,
    color: bool,
    width: usize,
}

impl Text {
    fn page(&mut self, page: &Page) {
        for notice in &page.notices {
            self.wrapped(notice, "!! ", "   ");
        }
        if !page.notices.is_empty() {
            self.blank();
        }
        self.wrapped(&page.title, "", "");
        for line in &page.head {
            self.wrapped(line, "", "  ");
        }
        self.blank();
        let (tone, overall) = &page.overall;
        for line in wrap(&clean(overall), self.width) {
            let line = self.tinted(&line, *tone);
            self.line(&line);
        }
        let name_width = page.summary.iter().map(|line| line.name.width()).max().unwrap_or(0);
        let verdict_width = page.summary.iter().map(|line| line.verdict.width()).max().unwrap_or(0);
        for line in &page.summary {
            let name = padded(&clean(&line.name), name_width);
            let verdict = padded(&clean(&line.verdict), verdict_width);
            let indent = name_width + verdict_width + 6;
            let values = wrap(&clean(&line.value), self.width.saturating_sub(indent));
            for (index, value) in values.iter().enumerate() {
                if index == 0 {
                    let verdict = self.tinted(&verdict, line.tone);
                    self.line(&format!("  {name}  {verdict}  {value}"));
                } else {
                    self.line(&format!("{}{value}", " ".repeat(indent)));
                }
            }
        }
        for section in &page.sections {
            self.blank();
            self.section_title(&section.title);
            for block in &section.blocks {
                self.block(block);
            }
        }
    }

    fn section_title(&mut self, title: &str) {
        let title = clean(title).to_uppercase();
        let rule = "─".repeat(self.width.saturating_sub(title.width() + 1));
        self.line(&format!("{title} {rule}"));
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(title) => {
                self.blank();
                self.wrapped(title, "", "");
                self.heading.clone_from(title);
            }
            Block::Judged(title, tone, verdict) => {
                self.blank();
                let line = self.lang.labelled(&clean(title), &clean(verdict).to_uppercase());
                for line in wrap(&line, self.width) {
                    let line = self.tinted(&line, *tone);
                    self.line(&line);
                }
            }
            Block::Text(text) => self.wrapped(text, "  ", "  "),
            Block::Facts(facts) => self.facts(facts),
            Block::List(title, sentences) => {
                self.wrapped(&self.lang.labelled(title, ""), "  ", "  ");
                for sentence in sentences {
                    self.wrapped(sentence, "  - ", "    ");
                }
            }
            Block::Table(table) => self.table(table),
            Block::Heat(heat) => self.table(&heat.table),
            Block::Curve(curve) => {
                self.wrapped(&self.lang.labelled(&curve.title, &curve.description), "  ", "    ");
            }
        }
    }

    fn facts(&mut self, facts: &[(String, String)]) {
        let width =
            facts.iter().map(|(name, _)| name.width()).filter(|&w| w <= NAME_WIDTH).max().unwrap_or(0);
        for (name, value) in facts {
            let name = clean(name);
            let (first, rest) = (format!("  {}  ", padded(&name, width)), " ".repeat(width + 4));
            if name.width() > width {
                self.wrapped(&name, "  ", "  ");
                self.wrapped(value, &rest, &rest);
            } else {
                self.wrapped(value, &first, &rest);
            }
        }
    }

    fn table(&mut self, table: &Table) {
        if table.caption != self.heading {
            self.wrapped(&self.lang.labelled(&table.caption, ""), "  ", "  ");
        }
        let indent = 4;
        let widths = column_widths(table, self.width.saturating_sub(indent));
        self.row(&table.head, &widths, indent);
        let rules: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
        self.row(&rules, &widths, indent);
        for row in &table.rows {
            self.row(row, &widths, indent);
        }
    }

    fn row(&mut self, cells: &[String], widths: &[usize], indent: usize) {
        let cells: Vec<Vec<String>> =
            cells.iter().zip(widths).map(|(cell, &width)| wrap(&clean(cell), width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..height {
            let mut line = " ".repeat(indent);
            for (cell, &width) in cells.iter().zip(widths) {
                line.push_str(&padded(cell.get(index).map_or("", String::as_str), width));
                line.push_str("  ");
            }
            self.line(&line);
        }
    }

    /// A paragraph, cleaned and wrapped, with what stands before its first line and before the others.
    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let width = self.width.saturating_sub(first.width().max(rest.width()));
        for (index, line) in wrap(&clean(text), width).iter().enumerate() {
            let prefix = if index == 0 { first } else { rest };
            self.line(&format!("{prefix}{line}"));
        }
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end_matches(' '));
        self.out.push('\n');
    }

    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// The text in its tone's colour (ECMA-48 SGR), where colour is allowed.
    fn tinted(&self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Bad => "1;31",
            Tone::Doubt => "1;33",
            Tone::Plain => "1",
        };
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The text filled with spaces to so many columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The columns' widths: what the cells ask for, then taken from the widest until the table fits.
fn column_widths(table: &Table, width: usize) -> Vec<usize> {
    /// A column is not squeezed below this.
    const LEAST: usize = 6;
    let cells = |column: usize| table.rows.iter().chain([&table.head]).filter_map(move |row| row.get(column));
    let mut widths: Vec<usize> = (0..table.head.len())
        .map(|column| cells(column).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let room = width.saturating_sub(2 * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > LEAST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

/// Breaks a text into lines of at most so many columns, at ordinary spaces only; a longer word is cut.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        if line.width() + word.width() <= width {
            line.push_str(word);
            continue;
        }
        for character in word.chars() {
            let mut buffer = [0; 4];
            if !line.is_empty() && line.width() + character.encode_utf8(&mut buffer).width() > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}
