//! Progress on a terminal: which probes run, and a bar with the rate while a transfer goes on. Leaves nothing behind.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sonde_probes::{Event, ProbeName};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::text::{
    Lang,
    report::{Label, label},
};

/// Steps of the bar: a tenth of a percent.
const STEPS: u64 = 1_000;

/// Draws progress on stderr until the channel closes. Call it only when stderr is a terminal.
pub async fn draw(mut events: UnboundedReceiver<Event>, lang: Lang) {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    // Fast enough to look alive, slow enough to cost nothing.
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut shown = Shown::default();
    while let Some(event) = events.recv().await {
        shown.apply(&event);
        bar.set_style(shown.style());
        bar.set_position(shown.position());
        bar.set_message(shown.message(lang));
    }
    bar.finish_and_clear();
}

/// What is going on now.
#[derive(Debug, Default)]
struct Shown {
    running: Vec<ProbeName>,
    transfer: Option<(ProbeName, f64, u64)>,
}

impl Shown {
    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Started(probe) => {
                if !self.running.contains(&probe) {
                    self.running.push(probe);
                }
            }
            Event::Transfer { probe, fraction, rate_bps, .. } => {
                self.transfer = Some((probe, fraction, rate_bps));
            }
            Event::Finished(probe) => {
                self.running.retain(|&running| running != probe);
                self.transfer = self.transfer.filter(|&(of, ..)| of != probe);
            }
        }
    }

    /// The names of what runs, and the rate of the transfer.
    fn message(&self, lang: Lang) -> String {
        let names: Vec<&str> = self.running.iter().map(|&probe| label(name(probe), lang)).collect();
        let names = names.join(", ");
        self.transfer.map_or(names.clone(), |(_, _, rate)| format!("{names} {}", lang.rate(rate)))
    }

    fn position(&self) -> u64 {
        // A fraction that is no number becomes 0 in the conversion: the bar is then empty.
        self.transfer.map_or(0, |(_, fraction, _)| (fraction.clamp(0.0, 1.0) * STEPS as f64) as u64)
    }

    fn style(&self) -> ProgressStyle {
        let template =
            if self.transfer.is_some() { "{spinner} [{bar:24}] {wide_msg}" } else { "{spinner} {wide_msg}" };
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
    }
}

/// The name of a probe in the report.
fn name(probe: ProbeName) -> Label {
    match probe {
        ProbeName::Link => Label::Link,
        ProbeName::Internet => Label::Internet,
        ProbeName::Latency => Label::Latency,
        ProbeName::Download => Label::Download,
        ProbeName::Upload => Label::Upload,
        ProbeName::Responsiveness => Label::Responsiveness,
        ProbeName::Dns => Label::Dns,
        ProbeName::Endpoints => Label::Services,
        ProbeName::Wifi => Label::Wifi,
        ProbeName::Path => Label::Path,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_what_runs_and_the_rate_of_the_transfer() {
        let mut shown = Shown::default();
        shown.apply(&Event::Started(ProbeName::Dns));
        shown.apply(&Event::Started(ProbeName::Download));
        shown.apply(&Event::Transfer {
            probe: ProbeName::Download,
            fraction: 0.5,
            rate_bps: 12_400_000,
            bytes: 1,
        });
        assert_eq!(shown.message(Lang::Fr), "Résolveurs DNS, Débit descendant 12,4\u{202f}Mbit/s");
        assert_eq!(shown.position(), 500);
        shown.apply(&Event::Finished(ProbeName::Download));
        assert_eq!(shown.message(Lang::En), "DNS resolvers");
        assert_eq!(shown.position(), 0);
    }

    #[test]
    fn a_fraction_that_is_no_number_does_not_break_the_bar() {
        let mut shown = Shown::default();
        shown.apply(&Event::Transfer { probe: ProbeName::Upload, fraction: f64::NAN, rate_bps: 0, bytes: 0 });
        assert_eq!(shown.position(), 0);
        assert!(ProgressStyle::with_template("{spinner} [{bar:24}] {wide_msg}").is_ok());
    }

    #[tokio::test]
    async fn ends_when_the_channel_closes() {
        let (send, receive) = tokio::sync::mpsc::unbounded_channel();
        send.send(Event::Started(ProbeName::Link)).unwrap();
        drop(send);
        draw(receive, Lang::Fr).await;
    }
}
