//! The line under load: added latency, responsiveness, and one plain sentence for each direction.

use sonde_report::{
    Measurement, Outcome,
    values::{LoadedLatency, ResponsivenessValue},
};

use super::Writer;
use crate::{
    show::page::Block,
    text::report::{self as words, Label, Load},
};

impl Writer<'_> {
    /// Nothing at all for a report of a version that knew nothing of it.
    pub(super) fn responsiveness(&self, blocks: &mut Vec<Block>) {
        let Some(measurement) = &self.report.measurements.responsiveness else { return };
        blocks.push(Block::Heading(self.label(Label::Responsiveness).to_owned()));
        blocks.extend(self.absence(Some(measurement)).map(Block::Text));
        let Some(value) = measurement.value() else { return };
        let facts = self.loaded_facts(value);
        if !facts.is_empty() {
            blocks.push(Block::Facts(facts));
        }
        for (load, _, outcome) in ways(value) {
            blocks.push(Block::Text(self.video_call(load, outcome)));
        }
        blocks.push(Block::Text(words::loaded_method(self.lang).to_owned()));
        blocks.extend(self.loaded_caveats(value));
    }

    fn loaded_facts(&self, value: &ResponsivenessValue) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        for (_, way, outcome) in ways(value) {
            let Outcome::Measured { value, .. } = outcome else { continue };
            let named = |label| format!("{} ({})", self.label(label), self.label(way));
            facts.push((named(Label::AddedLatency), self.added_latency(value)));
            if let Some(rpm) = value.rpm {
                facts.push((named(Label::Rpm), words::responsiveness(rpm, self.lang)));
            }
        }
        facts
    }

    fn added_latency(&self, value: &LoadedLatency) -> String {
        let by = words::rtt_method(value.method, self.lang);
        let loaded = self.lang.milliseconds(value.median_us);
        match (value.idle_us, value.added_us, value.grade) {
            (Some(idle), Some(added), Some(grade)) => {
                let (idle, added) = (self.lang.milliseconds(idle), self.lang.milliseconds(added));
                words::added_latency(&added, grade, &idle, &loaded, by, self.lang)
            }
            _ => words::loaded_latency(&loaded, by, self.lang),
        }
    }

    /// The plain sentence, or why there is none.
    fn video_call(&self, load: Load, outcome: &Outcome<LoadedLatency>) -> String {
        let absence = match outcome {
            Outcome::Measured { value, .. } => {
                let one_way = self.lang.milliseconds(value.one_way_us());
                return words::video_call(load, value.conversation(), &one_way, self.lang);
            }
            Outcome::Failed { failure } => self.failed(failure),
            Outcome::NotMeasured { reason } => self.not_measured(reason),
        };
        let way = self.label(match load {
            Load::Download => Label::Download,
            Load::Upload => Label::Upload,
        });
        self.lang.labelled(way, &words::after_colon(&absence))
    }

    /// What weakens either direction's figures, each said once.
    fn loaded_caveats(&self, value: &ResponsivenessValue) -> Option<Block> {
        let mut joined = Measurement {
            target: String::new(),
            started_at: self.report.started_at,
            elapsed_us: 0,
            outcome: Outcome::Measured { value: (), caveats: Vec::new() },
        };
        for (_, _, outcome) in ways(value) {
            let Outcome::Measured { caveats, .. } = outcome else { continue };
            for caveat in caveats {
                joined.add_caveat(caveat.clone());
            }
        }
        self.caveats(&joined)
    }
}

/// The directions that were looked at.
fn ways(value: &ResponsivenessValue) -> impl Iterator<Item = (Load, Label, &Outcome<LoadedLatency>)> {
    let down = value.download.as_ref().map(|outcome| (Load::Download, Label::Down, outcome));
    let up = value.upload.as_ref().map(|outcome| (Load::Upload, Label::Up, outcome));
    down.into_iter().chain(up)
}
