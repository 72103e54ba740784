//! From a report to a [`Page`]: what is said, in which order. Verdicts first, figures next, the method last.

mod actions;
mod dns;
mod figures;
mod head;
mod loaded;
mod method;
mod place;
mod rooms;
mod services;
mod territory;
mod transfer;
mod usage;
mod verdicts;
mod wifi;

use sonde_report::{Failure, Measurement, Outcome, Reason, Report, document::Site};

use super::page::{Block, Page, Section};
use crate::text::{
    Lang,
    report::{self as words, Label},
};

/// The page of a report.
pub(crate) fn page(report: &Report, lang: Lang) -> Page {
    let writer = Writer { report, lang };
    Page {
        lang,
        title: writer.label(Label::Title).to_owned(),
        head: writer.head(),
        notices: writer.notices(),
        overall: writer.overall(),
        summary: writer.summary(),
        sections: [
            Some(writer.verdicts()),
            writer.located(),
            Some(writer.who_acts()),
            writer.usage(),
            Some(writer.figures()),
            Some(writer.method()),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The services' part of a report, by itself.
pub(crate) fn services_page(report: &Report, lang: Lang) -> Page {
    let writer = Writer { report, lang };
    let mut blocks = Vec::new();
    writer.services(&mut blocks);
    Page {
        lang,
        title: writer.label(Label::ServicesTitle).to_owned(),
        head: writer.services_head(),
        notices: writer.notices(),
        overall: writer.overall(),
        summary: Vec::new(),
        sections: vec![
            Section { title: writer.label(Label::Verdicts).to_owned(), blocks },
            writer.who_acts(),
        ],
    }
}

/// The radios' part of a report, by itself.
pub(crate) fn radios_page(report: &Report, lang: Lang) -> Page {
    let writer = Writer { report, lang };
    let mut blocks = Vec::new();
    writer.wifi(&mut blocks);
    Page {
        lang,
        title: writer.label(Label::RadiosTitle).to_owned(),
        head: writer.services_head().into_iter().skip(usize::from(report.site == Site::default())).collect(),
        notices: writer.recorded_notice().into_iter().collect(),
        overall: writer.overall(),
        summary: writer.access_points_summary(),
        sections: vec![
            Section { title: writer.label(Label::Figures).to_owned(), blocks },
            writer.access_points_verdict(),
            writer.who_acts(),
        ],
    }
}

/// The page of a survey's own report, in which nothing else was looked at; `None` for any other.
pub(crate) fn survey_page(report: &Report, lang: Lang) -> Option<Page> {
    let measured = &report.measurements;
    let surveyed =
        measured.wifi.as_ref().and_then(Measurement::value).is_some_and(|value| !value.rooms.is_empty());
    // A run always looks whether there is Internet.
    (surveyed && measured.internet.is_none()).then(|| {
        let writer = Writer { report, lang };
        let mut page = radios_page(report, lang);
        page.sections.push(writer.program());
        page
    })
}

/// Why a report has no Wi-Fi measurement, and what can be done about it; `None` when it has one.
#[must_use]
pub fn why_no_wifi(report: &Report, lang: Lang) -> Option<String> {
    Writer { report, lang }.absence(report.measurements.wifi.as_ref())
}

/// A report and the language to tell it in; each part of the page is a method, in its own file.
struct Writer<'a> {
    report: &'a Report,
    lang: Lang,
}

impl Writer<'_> {
    fn label(&self, label: Label) -> &'static str {
        words::label(label, self.lang)
    }

    /// A label and its value, for [`Block::Facts`].
    fn fact(&self, label: Label, value: impl Into<String>) -> (String, String) {
        (self.label(label).to_owned(), value.into())
    }

    fn heads(&self, labels: &[Label]) -> Vec<String> {
        labels.iter().map(|&label| self.label(label).to_owned()).collect()
    }

    /// Why a measurement has no value, in words; `None` when it has one.
    fn absence<T>(&self, measurement: Option<&Measurement<T>>) -> Option<String> {
        match measurement.map(|m| &m.outcome) {
            None => Some(self.label(Label::NotPlanned).to_owned()),
            Some(Outcome::Measured { .. }) => None,
            Some(Outcome::Failed { failure }) => Some(self.failed(failure)),
            Some(Outcome::NotMeasured { reason }) => Some(self.not_measured(reason)),
        }
    }

    /// A failure in words: how far it got, why it stopped, the technical detail.
    fn failed(&self, failure: &Failure) -> String {
        let text = self.lang.labelled(
            &format!("{} ({})", self.label(Label::FailedSentence), words::stage(failure.stage, self.lang)),
            &words::after_colon(words::cause(failure.cause, self.lang)),
        );
        words::with_notes(&text, &self.failure_notes(failure), self.lang)
    }

    /// The technical detail of a failure, and what else was tried.
    fn failure_notes(&self, failure: &Failure) -> Vec<String> {
        let detail = failure.detail.iter().map(|detail| self.note(Label::Detail, detail));
        let attempts = failure.attempts.iter().map(|attempt| {
            let cause = words::after_colon(words::cause(attempt.cause, self.lang));
            let stage = words::stage(attempt.stage, self.lang);
            self.note(Label::Tried, &format!("{}, {stage}, {}", attempt.target, cause.trim_end_matches('.')))
        });
        detail.chain(attempts).collect()
    }

    /// Why something was not tried, and what can be done about it.
    fn not_measured(&self, reason: &Reason) -> String {
        let sentence = words::after_colon(words::reason(reason.code, self.lang));
        let text = self.lang.labelled(self.label(Label::NotMeasuredSentence), &sentence);
        let notes: Vec<String> =
            reason.detail.iter().map(|detail| self.note(Label::Detail, detail)).collect();
        let mut text = words::with_notes(&text, &notes, self.lang);
        if let Some(remedy) = reason.remedy {
            let remedy = words::after_colon(words::remedy(remedy, self.lang));
            text.push(' ');
            text.push_str(&self.lang.labelled(self.label(Label::ToDo), &remedy));
        }
        text
    }

    fn note(&self, label: Label, value: &str) -> String {
        self.lang.labelled(self.label(label), value)
    }

    fn parenthesis(&self, label: Label, value: &str) -> String {
        format!(" ({})", self.note(label, value))
    }

    /// What weakens a measured value, as a list; nothing when nothing does.
    fn caveats<T>(&self, measurement: &Measurement<T>) -> Option<Block> {
        let notes: Vec<String> = measurement
            .caveats()
            .iter()
            .map(|caveat| {
                let sentence = words::caveat(caveat.code, self.lang);
                let detail = caveat.detail.as_deref();
                let detail = detail.and_then(|text| words::caveat_detail(caveat.code, text, self.lang));
                let notes: Vec<String> =
                    detail.iter().map(|detail| self.note(Label::Detail, detail)).collect();
                words::with_notes(sentence, &notes, self.lang)
            })
            .collect();
        (!notes.is_empty()).then(|| Block::List(self.label(Label::Notes).to_owned(), notes))
    }

    /// A time that may be unknown.
    fn time(&self, us: Option<u64>) -> String {
        us.map_or_else(|| self.label(Label::Nobody).to_owned(), |us| self.lang.milliseconds(us))
    }
}
