//! The sheet for whoever runs the proxy or the filter, as text to send and as CSV.

use sonde_report::Report;
use unicode_width::UnicodeWidthStr as _;

use super::console::{padded, wrap};
use super::page::clean;
use crate::allowlist::{Request, Row, Sheet};
use crate::text::cli::allowlist as words;
use crate::text::report::{endpoint_kind, territory_of};
use crate::text::{Lang, report as report_words, report::Label};

/// A mail's width: longer lines are broken by some programs, and a host name must not be.
const WIDTH: usize = 78;

/// The order of the sections.
const REQUESTS: [Request; 5] =
    [Request::Open, Request::OpenIfUp, Request::Exempt, Request::Keep, Request::Unverified];

/// The sheet as text.
#[must_use]
pub fn text(sheet: &Sheet, report: &Report, requester: Option<&str>, lang: Lang) -> String {
    let mut text = Text { out: String::new(), lang };
    text.head(report, requester);
    if !REQUESTS[..2].iter().any(|&request| sheet.of(request).next().is_some()) {
        text.blank();
        text.paragraph(&words::nothing_asked(sheet.open, !sheet.left_out.is_empty(), lang), "", "");
    }
    for request in REQUESTS {
        text.rows(request, &sheet.of(request).collect::<Vec<_>>());
    }
    text.left_out(sheet);
    if !sheet.information.is_empty() {
        text.heading(words::INFORMATION.pick(lang));
        for information in &sheet.information {
            text.paragraph(&words::information(information, lang), "  ", "    ");
        }
    }
    if !sheet.rows.is_empty() {
        text.blank();
        text.paragraph(words::BY_NAME.pick(lang), "", "");
    }
    text.out
}

/// The sheet as CSV: one line for each host and port.
#[must_use]
pub fn csv(sheet: &Sheet, report: &Report, requester: Option<&str>, lang: Lang) -> String {
    let school = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let about = [
        lang.date_time(&report.started_at),
        school(report.site.uai.as_ref().map(sonde_report::Uai::as_str)),
        school(report.site.label.as_deref()),
        school(requester),
    ];
    let hosts = sheet.rows.iter().map(|row| {
        vec![
            words::request(row.request, lang).to_owned(),
            row.label.clone(),
            endpoint_kind(row.kind, lang).to_owned(),
            row.host.clone(),
            row.port.to_string(),
            words::protocol(row.scheme).to_owned(),
            seen(row, lang),
            row.via.clone().unwrap_or_default(),
            row.id.clone(),
        ]
    });
    let information = sheet.information.iter().map(|one| {
        vec![
            words::request(Request::Unverified, lang).to_owned(),
            one.label.clone(),
            endpoint_kind(one.kind, lang).to_owned(),
            one.hosts.clone(),
            one.port.to_string(),
            one.protocol.to_uppercase(),
            words::INFORMATION.pick(lang).to_lowercase(),
            String::new(),
            one.id.clone(),
        ]
    });
    let rows: Vec<Vec<String>> =
        hosts.chain(information).map(|row| row.into_iter().chain(about.clone()).collect()).collect();
    super::csv::table(&words::columns(lang), &rows)
}

/// What was seen of a row, and by which way its host came in.
fn seen(row: &Row, lang: Lang) -> String {
    match &row.via {
        Some(via) => format!("{}, {} {via}", words::seen(&row.seen, lang), words::REDIRECTED_FROM.pick(lang)),
        None => words::seen(&row.seen, lang),
    }
}

/// The text as it grows.
struct Text {
    out: String,
    lang: Lang,
}

impl Text {
    fn head(&mut self, report: &Report, requester: Option<&str>) {
        let lang = self.lang;
        self.paragraph(words::TITLE.pick(lang), "", "");
        self.blank();
        let site = &report.site;
        let school: Vec<String> = site
            .uai
            .iter()
            .map(ToString::to_string)
            .chain(site.label.clone())
            .chain(site.territory.as_deref().and_then(|code| territory_of(code, lang)))
            .collect();
        let school =
            if school.is_empty() { words::NO_SCHOOL.pick(lang).to_owned() } else { school.join(" — ") };
        let proxy = report.environment.proxy.as_deref();
        let facts = [
            (report_words::label(Label::School, lang), school),
            (report_words::label(Label::Date, lang), lang.date_time(&report.started_at)),
            (words::REQUESTER.pick(lang), requester.unwrap_or(words::NO_REQUESTER.pick(lang)).to_owned()),
            (words::MADE_BY.pick(lang), words::made_with(&report.agent.version, proxy, lang)),
        ];
        for (name, value) in facts {
            self.paragraph(&lang.labelled(name, &value), "", "    ");
        }
        if report.partial {
            self.blank();
            self.paragraph(words::PARTIAL.pick(lang), "!! ", "   ");
        }
    }

    /// The hosts of one request, those of a service together.
    fn rows(&mut self, request: Request, rows: &[&Row]) {
        if rows.is_empty() {
            return;
        }
        self.heading(words::heading(request, self.lang));
        let wide = rows.iter().map(|row| row.host.width()).max().unwrap_or(0);
        let mut last = "";
        for row in rows {
            if row.label != last {
                self.paragraph(&row.label, "  ", "  ");
                last = &row.label;
            }
            let host = padded(&clean(&row.host), wide);
            self.line(&format!("    {host}  {}", words::port(row.scheme, row.port)));
            let seen = self.lang.labelled(words::SEEN.pick(self.lang), &seen(row, self.lang));
            self.paragraph(&seen, "      ", "      ");
        }
    }

    /// What is not asked for: the services of one reason together, with what was seen where that tells more.
    fn left_out(&mut self, sheet: &Sheet) {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for left in &sheet.left_out {
            let why = words::left_out(left, self.lang);
            let label = left.label.clone();
            match groups.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) if names.contains(&label) => {}
                Some((_, names)) => names.push(label),
                None => groups.push((why, vec![label])),
            }
        }
        if !groups.is_empty() {
            self.heading(words::LEFT_OUT.pick(self.lang));
        }
        for (why, names) in groups {
            let names = report_words::together(&names, self.lang);
            self.paragraph(&self.lang.labelled(&names, &why), "  - ", "    ");
        }
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        let title = clean(title).to_uppercase();
        self.paragraph(&title, "", "");
        self.line(&"─".repeat(WIDTH.min(title.width())));
    }

    fn paragraph(&mut self, text: &str, first: &str, rest: &str) {
        let width = WIDTH.saturating_sub(first.width().max(rest.width()));
        for (index, line) in wrap(&clean(text), width).iter().enumerate() {
            self.line(&format!("{}{line}", if index == 0 { first } else { rest }));
        }
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end_matches(' '));
        self.out.push('\n');
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }
}
