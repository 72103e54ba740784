//! The line under load: added latency, responsiveness, and one plain sentence for each direction.

use sonde_report::{
    Measurement, Outcome,
    values::{Conversation, LatencyGrade, LoadedLatency, ResponsivenessValue},
};

use super::Writer;
use crate::{
    show::page::{Block, Table},
    text::report::{self as words, Label, Load},
};

impl Writer<'_> {
    /// Nothing at all for a report of a version that knew nothing of it.
    pub(super) fn responsiveness(&self, blocks: &mut Vec<Block>) {
        let Some(measurement) = &self.report.measurements.responsiveness else { return };
        blocks.push(Block::Heading(self.label(Label::Responsiveness).to_owned()));
        blocks.extend(self.absence(Some(measurement)).map(Block::Text));
        let Some(value) = measurement.value() else { return };
        let rows: Vec<Vec<String>> =
            ways(value).filter_map(|(load, outcome)| self.loaded_row(load, outcome)).collect();
        if !rows.is_empty() {
            blocks.push(Block::Table(Table {
                caption: words::loaded_caption(self.lang).to_owned(),
                head: words::loaded_heads(self.lang).map(str::to_owned).to_vec(),
                rows,
            }));
        }
        blocks.extend(
            ways(value).filter_map(|(load, outcome)| self.loaded_absence(load, outcome)).map(Block::Text),
        );
        if self.report.assessment.usage.is_none() {
            blocks.extend(self.video_calls());
        }
        blocks.push(Block::Text(words::loaded_method(self.lang).to_owned()));
        blocks.extend(self.loaded_caveats(value));
    }

    /// The plain sentences: what a conversation by video is like while a class loads the line.
    pub(super) fn video_calls(&self) -> Vec<Block> {
        let value = self.report.measurements.responsiveness.as_ref().and_then(Measurement::value);
        let sentence = |(load, outcome): (Load, &Outcome<LoadedLatency>)| {
            let Outcome::Measured { value, .. } = outcome else { return None };
            let one_way = self.lang.milliseconds(value.one_way_us());
            let mut sentence = words::video_call(load, value.conversation(), &one_way, self.lang);
            // From C on it is the load, not the distance, that someone can do something about.
            let queue = value.grade.is_some_and(|grade| grade >= LatencyGrade::C);
            if queue && value.conversation() != Conversation::Easy {
                sentence = format!("{sentence} {}", words::queue_advice(self.lang));
            }
            Some(Block::Text(sentence))
        };
        value.map(|value| ways(value).filter_map(sentence).collect()).unwrap_or_default()
    }

    /// One direction's figures.
    fn loaded_row(&self, load: Load, outcome: &Outcome<LoadedLatency>) -> Option<Vec<String>> {
        let Outcome::Measured { value, .. } = outcome else { return None };
        let time = |us: Option<u64>| self.or_dash(us.map(|us| self.lang.milliseconds(us)));
        Some(vec![
            words::load_cell(load, self.lang).to_owned(),
            time(value.added_us),
            self.or_dash(value.grade.map(|grade| grade.as_str().to_owned())),
            time(value.idle_us),
            time(Some(value.median_us)),
            words::rtt_method(value.method, self.lang).to_owned(),
            self.or_dash(value.rpm.map(|rpm| words::responsiveness(rpm, self.lang))),
        ])
    }

    fn or_dash(&self, cell: Option<String>) -> String {
        cell.unwrap_or_else(|| self.label(Label::Nobody).to_owned())
    }

    /// Why one direction has no figures.
    fn loaded_absence(&self, load: Load, outcome: &Outcome<LoadedLatency>) -> Option<String> {
        let absence = match outcome {
            Outcome::Measured { .. } => return None,
            Outcome::Failed { failure } => self.failed(failure),
            Outcome::NotMeasured { reason } => self.not_measured(reason),
        };
        Some(
            self.lang
                .labelled(&words::capitalised(words::load(load, self.lang)), &words::after_colon(&absence)),
        )
    }

    /// What weakens either direction's figures, each said once.
    fn loaded_caveats(&self, value: &ResponsivenessValue) -> Option<Block> {
        let mut joined = Measurement {
            target: String::new(),
            started_at: self.report.started_at,
            elapsed_us: 0,
            outcome: Outcome::Measured { value: (), caveats: Vec::new() },
        };
        for (_, outcome) in ways(value) {
            let Outcome::Measured { caveats, .. } = outcome else { continue };
            for caveat in caveats {
                joined.add_caveat(caveat.clone());
            }
        }
        self.caveats(&joined)
    }
}

/// The directions that were looked at.
fn ways(value: &ResponsivenessValue) -> impl Iterator<Item = (Load, &Outcome<LoadedLatency>)> {
    let down = value.download.as_ref().map(|outcome| (Load::Download, outcome));
    let up = value.upload.as_ref().map(|outcome| (Load::Upload, outcome));
    down.into_iter().chain(up)
}
