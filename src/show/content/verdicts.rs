//! Each verdict with its value, threshold, source, level, confidence and reasons.

use sonde_report::{
    assess::{Unit, Verdict},
    requirement::Level,
};

use super::{Writer, head::no_value};
use crate::{
    show::page::{Block, Section, Table},
    text::report::{self as words, Label},
};

impl Writer<'_> {
    /// The section of verdicts, services last.
    pub(super) fn verdicts(&self) -> Section {
        let verdicts = &self.report.assessment.verdicts;
        let mut blocks = Vec::new();
        if !verdicts.is_empty() {
            // One rule file judges the whole report: its source is named once.
            let rule = &self.report.assessment.requirements;
            let mut facts = vec![self.fact(Label::Source, rule.source.clone())];
            facts.extend(
                self.common_level().map(|level| self.fact(Label::Level, words::level(level, self.lang))),
            );
            blocks.push(Block::Facts(facts));
        }
        for verdict in verdicts.iter().filter(|v| v.unit != Unit::Service) {
            self.verdict(verdict, &mut blocks);
        }
        if verdicts.is_empty() {
            blocks.push(Block::Text(self.label(Label::NoVerdict).to_owned()));
        }
        self.services(&mut blocks);
        Section { title: self.label(Label::Verdicts).to_owned(), blocks }
    }

    /// The access points' verdict alone.
    pub(super) fn access_points_verdict(&self) -> Section {
        let mut blocks = vec![Block::Facts(vec![
            self.fact(Label::Source, self.report.assessment.requirements.source.clone()),
        ])];
        let verdicts = self.report.assessment.verdicts.iter();
        for verdict in verdicts.filter(|v| v.unit == Unit::AccessPoint) {
            self.verdict(verdict, &mut blocks);
        }
        Section { title: self.label(Label::Verdicts).to_owned(), blocks }
    }

    /// How binding the requirements are, where all are alike.
    fn common_level(&self) -> Option<Level> {
        let mut levels = self.report.assessment.verdicts.iter().map(|verdict| verdict.level);
        let first = levels.next()?;
        levels.all(|level| level == first).then_some(first)
    }

    /// How binding a requirement is, where that was not said for all.
    pub(super) fn own_level(&self, verdict: &Verdict) -> Option<(String, String)> {
        let own = self.common_level().is_none();
        own.then(|| self.fact(Label::Level, words::level(verdict.level, self.lang)))
    }

    fn verdict(&self, verdict: &Verdict, blocks: &mut Vec<Block>) {
        let name = words::capitalised(&words::requirement(&verdict.requirement, verdict.unit, self.lang));
        let long = words::verdict_long(verdict.verdict, self.lang).to_owned();
        blocks.push(Block::Judged(name, verdict.verdict.into(), long));
        blocks.extend(self.model_sentence(verdict).map(Block::Text));
        blocks.push(Block::Facts(self.verdict_facts(verdict)));
        self.push_list(
            blocks,
            Label::Reasons,
            verdict.reasons.iter().map(|&r| words::verdict_reason(r, self.lang).to_owned()).collect(),
        );
        if !verdict.comparisons.is_empty() {
            blocks.push(Block::Table(self.comparisons(verdict)));
        }
        let assumptions = verdict.assumptions.iter().map(|&a| words::assumption(a, self.lang).to_owned());
        self.push_list(blocks, Label::Assumptions, assumptions.collect());
        if verdict.unit == Unit::AccessPoint
            && self.report.measurements.wifi.as_ref().is_some_and(|w| w.value().is_some())
        {
            blocks.push(Block::Text(self.label(Label::WifiReminder).to_owned()));
        }
    }

    pub(super) fn push_list(&self, blocks: &mut Vec<Block>, label: Label, sentences: Vec<String>) {
        if !sentences.is_empty() {
            blocks.push(Block::List(self.label(label).to_owned(), sentences));
        }
    }

    /// "Débit descendant : 12,4 Mbit/s. Préconisation pour une école moyenne : 10 Mbit/s (fiche EGN 2021)…"
    fn model_sentence(&self, verdict: &Verdict) -> Option<String> {
        let (observed, at_least) = (verdict.observed?, verdict.at_least?);
        if verdict.unit != Unit::BitPerSecond {
            return None;
        }
        let sentence = words::rate_verdict(
            &self.quantity(Unit::BitPerSecond, observed, Some(verdict)),
            &self.lang.nominal_rate(at_least),
            self.report.site.size.map(|size| words::size(size, self.lang)),
            &words::rule_name(&self.report.assessment.requirements, self.lang),
            words::verdict_long(verdict.verdict, self.lang),
            self.lang,
        );
        let download = self.report.measurements.download.as_ref()?;
        let how = words::measured_how(
            &self.connection(),
            &download.value().map_or_else(|| download.target.clone(), |value| value.server.url.clone()),
            &self.lang.date_time(&download.started_at),
            self.lang,
        );
        Some(format!("{sentence} {how}"))
    }

    /// Why there is no threshold to show: it depends on a size that is not known, or there is none.
    pub(super) fn missing_threshold(&self, verdict: &Verdict) -> Label {
        let by_size = verdict.unit == Unit::BitPerSecond
            && (self.report.site.size.is_none() || !verdict.comparisons.is_empty());
        if by_size { Label::DependsOnSize } else { Label::NoThreshold }
    }

    fn verdict_facts(&self, verdict: &Verdict) -> Vec<(String, String)> {
        let mut facts = vec![self.fact(Label::Measured, self.observed(verdict))];
        let threshold = match verdict.at_least {
            Some(at_least) => self.quantity(verdict.unit, at_least, None),
            None => self.label(self.missing_threshold(verdict)).to_owned(),
        };
        facts.push(self.fact(Label::Threshold, threshold));
        if let Some(layer) = verdict.layer {
            facts.push(self.fact(Label::Counted, words::layer(layer, self.lang)));
        }
        facts.extend(self.own_level(verdict));
        if let Some(probability) = verdict.confidence {
            let words = words::confidence(probability, self.lang);
            facts.push(
                self.fact(Label::Confidence, format!("{words}, {}", self.label(Label::ConfidenceNote))),
            );
        }
        facts
    }

    /// The value with its bounds; without a value, that there is none and why.
    fn observed(&self, verdict: &Verdict) -> String {
        let Some(observed) = verdict.observed else {
            let measurements = &self.report.measurements;
            let why = match verdict.unit {
                Unit::BitPerSecond => self.absence(measurements.download.as_ref()),
                Unit::AccessPoint => self.absence(measurements.wifi.as_ref()),
                Unit::Service => None,
            };
            return why.unwrap_or_else(|| self.label(no_value(verdict.unit)).to_owned());
        };
        let value = self.quantity(verdict.unit, observed, Some(verdict));
        match verdict.observed_range {
            Some([low, high]) if verdict.unit == Unit::BitPerSecond => {
                let low = self.quantity(verdict.unit, low, Some(verdict));
                let high = self.quantity(verdict.unit, high, Some(verdict));
                let interval = words::between(&low, &high, self.lang);
                value + &self.parenthesis(Label::Interval95, &interval)
            }
            Some([low, high]) if low != high => {
                let interval = words::between(&self.lang.integer(low), &self.lang.integer(high), self.lang);
                format!("{value} ({interval})")
            }
            _ => value,
        }
    }

    /// The three comparisons of a school whose size is not known.
    fn comparisons(&self, verdict: &Verdict) -> Table {
        let explained = verdict.comparisons.iter().any(|comparison| !comparison.reasons.is_empty());
        let rows = verdict.comparisons.iter().map(|comparison| {
            let mut row = vec![
                words::size(comparison.size, self.lang).to_owned(),
                self.quantity(verdict.unit, comparison.at_least, None),
                words::verdict(comparison.verdict, self.lang).to_owned(),
            ];
            let reasons: Vec<&str> =
                comparison.reasons.iter().map(|&reason| words::verdict_reason(reason, self.lang)).collect();
            if explained {
                let none = reasons.is_empty();
                row.push(if none { self.label(Label::Nobody).to_owned() } else { reasons.join(" ") });
            }
            row
        });
        let mut head = self.heads(&[Label::Size, Label::Threshold, Label::Verdict]);
        head.extend(explained.then(|| self.label(Label::Reasons).to_owned()));
        Table { caption: self.label(Label::ThreeSizes).to_owned(), head, rows: rows.collect() }
    }
}
