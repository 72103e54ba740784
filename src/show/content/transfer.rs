//! A transfer's figures and its curve.

use sonde_report::{
    Measurement,
    values::{Sample, TransferValue},
};

use super::Writer;
use crate::{
    show::page::{Block, Curve},
    text::report::{self as words, Label},
};

/// Slices of a curve: about as many as a printed page shows apart.
const SLICES: u64 = 40;

impl Writer<'_> {
    /// One direction's figures.
    pub(super) fn transfer(
        &self,
        title: Label,
        measurement: Option<&Measurement<TransferValue>>,
        blocks: &mut Vec<Block>,
    ) {
        blocks.push(Block::Heading(self.label(title).to_owned()));
        if let Some(absence) = self.absence(measurement) {
            blocks.push(Block::Text(absence));
        }
        let Some((measurement, value)) = measurement.and_then(|m| Some((m, m.value()?))) else {
            return;
        };
        blocks.push(Block::Facts(self.transfer_facts(value)));
        blocks.extend(self.caveats(measurement));
        blocks.extend(self.curve(value).map(Block::Curve));
    }

    fn transfer_facts(&self, value: &TransferValue) -> Vec<(String, String)> {
        let [low, high] = value.ci95_bps;
        let interval = words::between(&self.lang.rate(low), &self.lang.rate(high), self.lang);
        let mut facts = vec![
            self.fact(
                Label::IpRate,
                self.lang.rate(value.ip_rate_bps) + &self.parenthesis(Label::Interval95, &interval),
            ),
            self.fact(Label::Goodput, self.lang.rate(value.goodput_bps)),
            self.fact(
                Label::Transferred,
                format!(
                    "{}, {}",
                    self.lang.volume(value.bytes),
                    words::counted_at(value.counted_at, self.lang)
                ),
            ),
            self.fact(Label::Elapsed, self.lang.duration(value.elapsed_ms)),
            self.fact(Label::Stop, words::stop_reason(value.stop, self.lang)),
            self.fact(Label::LimitedBy, words::limited_by(value.limited_by, self.lang)),
        ];
        if value.repetitions.len() > 1 {
            facts.push(self.fact(Label::Repetitions, self.repetitions(value)));
        }
        facts
    }

    /// The repetitions' rates, and how far apart they are.
    pub(super) fn repetitions(&self, value: &TransferValue) -> String {
        let rates: Vec<u64> = value.repetitions.iter().map(|r| r.ip_rate_bps).collect();
        let (Some(&low), Some(&high)) = (rates.iter().min(), rates.iter().max()) else {
            return self.label(Label::OnlyOnce).to_owned();
        };
        if rates.len() < 2 || high == 0 {
            return self.label(Label::OnlyOnce).to_owned();
        }
        let shown: Vec<String> = rates.iter().map(|&rate| self.lang.rate(rate)).collect();
        let spread = self.lang.percent((high - low) as f64 / high as f64);
        words::repetitions(rates.len() as u64, &shown.join(" – "), &spread, self.lang)
    }

    /// The rate over time, in slices; `None` when there are too few samples to draw anything.
    fn curve(&self, value: &TransferValue) -> Option<Curve> {
        let points = slices(&value.samples);
        let (low, high) = points
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(low, high), &(_, rate)| (low.min(rate), high.max(rate)));
        (points.len() >= 2).then(|| Curve {
            title: self.label(Label::CurveTitle).to_owned(),
            description: words::curve(
                &self.lang.rate(low as u64),
                &self.lang.rate(high as u64),
                &self.lang.duration(value.elapsed_ms),
                self.lang,
            ),
            points,
        })
    }
}

/// Cumulated samples as rates over slices of about equal length. A count that goes back is left out: it is no rate.
fn slices(samples: &[Sample]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Vec::new();
    };
    let slice_ms = (last.at_ms.saturating_sub(first.at_ms) / SLICES).max(1);
    let mut points = Vec::new();
    let mut from = *first;
    for sample in samples {
        let elapsed = sample.at_ms.saturating_sub(from.at_ms);
        if elapsed >= slice_ms && sample.bytes >= from.bytes {
            let rate = (sample.bytes - from.bytes) as f64 * 8_000.0 / elapsed as f64;
            points.push((sample.at_ms as f64 / 1e3, rate));
            from = *sample;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn sample(at_ms: u64, bytes: u64) -> Sample {
        Sample { at_ms, bytes }
    }

    #[test]
    fn a_steady_transfer_is_a_flat_curve() {
        let samples: Vec<Sample> = (0..=100).map(|i| sample(i * 100, i * 125_000)).collect();
        let points = slices(&samples);
        assert!(points.len() >= 20, "{} points", points.len());
        assert!(points.iter().all(|&(_, rate)| (rate - 10e6).abs() < 1.0));
    }

    #[test]
    fn nonsense_samples_make_no_rate_and_no_panic() {
        assert!(slices(&[]).is_empty());
        assert!(slices(&[sample(5, 5)]).is_empty());
        assert!(slices(&[sample(5, 100), sample(5, 50), sample(4, 10)]).is_empty());
        assert!(slices(&[sample(0, 100), sample(u64::MAX, 50)]).is_empty());
    }
}
