//! The report's way out: standard output in one form, and files.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use sonde_report::Report;

use crate::say;
use crate::show::{console, html, monitoring};
use crate::store::{answer, write_atomic};
use crate::text::{Lang, cli::message::Message};

/// Columns of a report that goes to a file or pipe, and at most on a terminal: longer lines are hard to read.
const WIDTH: u16 = 100;

/// The forms of a report on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// The document.
    Json,
    /// One plugin line.
    Nagios,
    /// For the node exporter's textfile collector.
    Prometheus,
}

impl Format {
    /// Reads the name of a form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "text" | "texte" => Some(Self::Text),
            "json" => Some(Self::Json),
            "nagios" => Some(Self::Nagios),
            "prometheus" => Some(Self::Prometheus),
            _ => None,
        }
    }
}

/// Where a report goes.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The form asked for; `None`: text, and under `--quiet` only where it goes nowhere else.
    pub format: Option<Format>,
    /// A file for the document.
    pub json: Option<PathBuf>,
    /// A file for the page.
    pub html: Option<PathBuf>,
    /// Errors alone on standard error.
    pub quiet: bool,
    /// The language.
    pub lang: Lang,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    /// A file could not be written.
    pub failed: bool,
    /// The plugin's exit code, in that form.
    pub nagios: Option<u8>,
}

impl Delivery {
    /// Writes the files.
    pub fn write_files(&self, report: &Report) -> Written {
        let mut written = Written::default();
        if let Some(path) = &self.json {
            written.failed |= !self.save(path, &json(report));
        }
        if let Some(path) = &self.html {
            written.failed |= !self.save(path, &html::report(report, self.lang));
        }
        written
    }

    /// Writes the files, then prints. `sent` says that the report also goes to a collector.
    pub fn deliver(&self, report: &Report, sent: bool) -> Written {
        let mut written = self.write_files(report);
        let elsewhere = sent || self.json.is_some() || self.html.is_some();
        if self.quiet && self.format.is_none() && elsewhere && !written.failed {
            return written;
        }
        let (text, nagios) = render(report, self.format.unwrap_or(Format::Text), self.lang);
        written.nagios = nagios;
        write_out(&text);
        written
    }

    /// Writes one file; tells when it could not be.
    pub fn save(&self, path: &Path, content: &str) -> bool {
        match write_atomic(path, content.as_bytes()) {
            Ok(()) => {
                if !self.quiet {
                    say(&Message::Written { path }, self.lang);
                }
                true
            }
            Err(error) => {
                say(&Message::NotWritten { path, detail: answer(&error) }, self.lang);
                false
            }
        }
    }
}

/// The report in one form, and the exit code where the form has its own.
#[must_use]
pub fn render(report: &Report, format: Format, lang: Lang) -> (String, Option<u8>) {
    match format {
        Format::Text => (console::report(report, lang, style()), None),
        Format::Json => (json(report), None),
        Format::Nagios => {
            let (mut line, code) = monitoring::nagios(report, lang);
            if !line.ends_with('\n') {
                line.push('\n');
            }
            (line, Some(code))
        }
        Format::Prometheus => (monitoring::prometheus(report), None),
    }
}

/// The document: indented, since people open it too, with a final line end.
#[must_use]
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_else(|error| {
        // Every type of the report writes itself without fail; should one not, the document says so.
        serde_json::json!({ "schema": report.schema, "error": error.to_string() }).to_string()
    });
    text.push('\n');
    text
}

/// Colours on a terminal only, and not where NO_COLOR asks for none (no-color.org: set and not empty).
#[must_use]
pub fn style() -> console::Style {
    let terminal = std::io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    let width = terminal_size::terminal_size()
        .filter(|_| terminal)
        .map_or(WIDTH, |(width, _)| width.0.clamp(40, WIDTH));
    console::Style { color: terminal && !plain, width }
}

/// Prints. A reader that has gone (`| head`) is no error of the run.
pub fn write_out(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
