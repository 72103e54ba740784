//! Where what is not in order comes from, and what shows it.

use sonde_report::assess::{Located, Subject, Unit};

use super::Writer;
use crate::{
    show::page::{Block, Section},
    text::report::{self as words, Label},
};

impl Writer<'_> {
    /// The section that says where the problem is; nothing where there is none to place.
    pub(super) fn located(&self) -> Option<Section> {
        let located = &self.report.assessment.located;
        if located.is_empty() {
            return None;
        }
        let blocks = located.iter().map(|one| self.located_one(one)).collect();
        Some(Section { title: words::located_title(self.lang).to_owned(), blocks })
    }

    fn located_one(&self, one: &Located) -> Block {
        let place = self.lang.labelled(&self.located_about(one), words::place(one.place, self.lang));
        let evidence = one.evidence.iter().map(|evidence| words::place_evidence(evidence, self.lang));
        Block::List(place, evidence.collect())
    }

    fn located_about(&self, one: &Located) -> String {
        match one.about {
            Subject::Internet => self.label(Label::Internet).to_owned(),
            Subject::Download => {
                let verdicts = &self.report.assessment.verdicts;
                let rate = verdicts.iter().find(|verdict| verdict.unit == Unit::BitPerSecond);
                let id = rate.map_or("download-rate", |verdict| verdict.requirement.as_str());
                words::capitalised(&words::requirement(id, Unit::BitPerSecond, self.lang))
            }
            Subject::Services => {
                let names: Vec<String> = one.services.iter().map(|id| self.service_label(id)).collect();
                words::together(&names, self.lang)
            }
        }
    }
}
