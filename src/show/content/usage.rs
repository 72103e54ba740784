//! How many tablets can do the same thing at once, and on what assumptions. Nothing where the report holds none
//! (a rule file without uses, a report of an older version).

use sonde_report::usage::{Bound, Direction, Usage, UseEstimate};

use super::Writer;
use crate::{
    show::page::{Block, Section, Table},
    text::report::{self as words, Label},
};

impl Writer<'_> {
    /// The section on the uses of a class.
    pub(super) fn usage(&self) -> Option<Section> {
        let usage = self.report.assessment.usage.as_ref()?;
        let table = Table {
            caption: words::usage_caption(self.lang).to_owned(),
            head: words::usage_heads(self.lang).map(str::to_owned).to_vec(),
            rows: usage.uses.iter().map(|one| self.usage_row(one)).collect(),
        };
        let mut blocks = vec![Block::Text(words::usage_note(self.lang).to_owned()), Block::Table(table)];
        self.push_list(&mut blocks, Label::Reasons, self.usage_reasons(usage));
        blocks.extend(self.video_calls());
        Some(Section { title: words::usage_title(self.lang).to_owned(), blocks })
    }

    fn usage_row(&self, one: &UseEstimate) -> Vec<String> {
        // What limits is known only where there is a number.
        let limit = one.limited_by.filter(|_| one.at_once.is_some());
        vec![
            words::use_name(&one.assumed.id, self.lang).to_owned(),
            words::tablets(one.at_once, one.bound, self.lang),
            limit.map_or(self.label(Label::Nobody), |way| words::direction(way, self.lang)).to_owned(),
        ]
    }

    /// Why numbers are missing or weak, each reason once: several uses hang on the same rate.
    fn usage_reasons(&self, usage: &Usage) -> Vec<String> {
        let mut sentences: Vec<String> = Vec::new();
        for one in &usage.uses {
            for &reason in &one.reasons {
                let why = words::verdict_reason(reason, self.lang);
                let sentence = one.limited_by.map_or_else(
                    || why.to_owned(),
                    |way| {
                        let name = words::capitalised(words::direction(way, self.lang));
                        self.lang.labelled(&name, &words::after_colon(why))
                    },
                );
                if !sentences.contains(&sentence) {
                    sentences.push(sentence);
                }
            }
        }
        if usage.uses.iter().any(|one| one.bound == Some(Bound::MoreThan)) {
            sentences.push(words::usage_cap(usage.cap.get(), self.lang));
        }
        sentences
    }

    /// The assumptions behind the numbers, for the method block.
    pub(super) fn usage_assumptions(&self) -> Option<Block> {
        let usage = self.report.assessment.usage.as_ref()?;
        let reserve = words::usage_reserve(&self.lang.percent(usage.reserve), self.lang);
        let uses = usage.uses.iter().map(|one| {
            let assumed = &one.assumed;
            let rates: Vec<(Direction, String)> =
                [(Direction::Down, assumed.down_bps), (Direction::Up, assumed.up_bps)]
                    .into_iter()
                    .filter_map(|(way, rate)| Some((way, self.lang.nominal_rate(rate?.get()))))
                    .collect();
            let name = words::capitalised(words::use_name(&assumed.id, self.lang));
            let level = words::level(assumed.level, self.lang);
            let text = words::usage_assumed(&rates, level, assumed.basis, &assumed.source, self.lang);
            self.lang.labelled(&name, &text)
        });
        Some(Block::List(
            words::usage_assumptions(self.lang).to_owned(),
            [reserve].into_iter().chain(uses).collect(),
        ))
    }
}
