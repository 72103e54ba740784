//! From a report to a [`Page`]: what is said, in which order. Verdicts first, figures next, the method last.

mod actions;
mod figures;
mod head;
mod method;
mod services;
mod transfer;
mod verdicts;
mod wifi;

use sonde_report::{Failure, Measurement, Outcome, Reason, Report};

use super::page::{Block, Page};
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
        sections: vec![writer.verdicts(), writer.who_acts(), writer.figures(), writer.method()],
    }
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
        let mut text = self.lang.labelled(
            &format!("{} ({})", self.label(Label::FailedSentence), words::stage(failure.stage, self.lang)),
            words::cause(failure.cause, self.lang),
        );
        if let Some(detail) = &failure.detail {
            text.push_str(&self.parenthesis(Label::Detail, detail));
        }
        for attempt in &failure.attempts {
            text.push_str(&self.parenthesis(
                Label::Tried,
                &format!(
                    "{}, {}, {}",
                    attempt.target,
                    words::stage(attempt.stage, self.lang),
                    words::cause(attempt.cause, self.lang).trim_end_matches('.')
                ),
            ));
        }
        text
    }

    /// Why something was not tried, and what can be done about it.
    fn not_measured(&self, reason: &Reason) -> String {
        let sentence = words::reason(reason.code, self.lang);
        let mut text = self.lang.labelled(self.label(Label::NotMeasuredSentence), sentence);
        if let Some(remedy) = reason.remedy {
            text.push(' ');
            text.push_str(&self.lang.labelled(self.label(Label::ToDo), words::remedy(remedy, self.lang)));
        }
        if let Some(detail) = &reason.detail {
            text.push_str(&self.parenthesis(Label::Detail, detail));
        }
        text
    }

    fn parenthesis(&self, label: Label, value: &str) -> String {
        format!(" ({})", self.lang.labelled(self.label(label), value))
    }

    /// What weakens a measured value, as a list; nothing when nothing does.
    fn caveats<T>(&self, measurement: &Measurement<T>) -> Option<Block> {
        let notes: Vec<String> = measurement
            .caveats()
            .iter()
            .map(|caveat| {
                let sentence = words::caveat(caveat.code, self.lang).to_owned();
                match &caveat.detail {
                    Some(detail) => sentence + &self.parenthesis(Label::Detail, detail),
                    None => sentence,
                }
            })
            .collect();
        (!notes.is_empty()).then(|| Block::List(self.label(Label::Notes).to_owned(), notes))
    }

    /// A time that may be unknown.
    fn time(&self, us: Option<u64>) -> String {
        us.map_or_else(|| self.label(Label::Nobody).to_owned(), |us| self.lang.milliseconds(us))
    }
}
