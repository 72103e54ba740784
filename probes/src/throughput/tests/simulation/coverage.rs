//! How often the 95 % interval holds the truth, and how wide it is.

use super::course::{Course, TICK};
use super::recorded;
use super::synthetic::{Chance, Line};
use crate::stats;

/// Intervals seen, and how many of them held the truth.
#[derive(Debug, Default)]
struct Coverage {
    held: u32,
    spreads: Vec<f64>,
    /// Transfers cut while the rate still rose: a lower bound, and said to be one.
    rising: u32,
}

impl Coverage {
    /// Takes in a transfer that ends after `length` seconds.
    fn add(&mut self, course: &Course, length: f64) {
        let Some(found) = course.measure(length) else { return };
        if found.still_rising {
            self.rising += 1;
            return;
        }
        self.held += u32::from((found.rate - course.truth).abs() <= found.half_width);
        self.spreads.push(found.spread());
    }

    /// Takes in a transfer cut at each half second from the third on.
    fn add_cuts(&mut self, course: &Course) {
        // Shortly after a change no estimate can tell it from a passing dip.
        let first = if course.truth_from > 0.0 { course.truth_from + 2.0 } else { 3.0 };
        let whole = course.bytes.len() as f64 * TICK;
        let halves = (first * 2.0).ceil() as u32..=(whole * 2.0) as u32;
        halves.for_each(|half| self.add(course, f64::from(half) / 2.0));
    }

    fn join(&mut self, other: Self) {
        self.held += other.held;
        self.rising += other.rising;
        self.spreads.extend(other.spreads);
    }

    fn share(&self) -> f64 {
        f64::from(self.held) / self.spreads.len().max(1) as f64
    }

    fn print(&self, what: &str) {
        let quantile = |q| stats::quantile(&self.spreads, q).unwrap_or(f64::NAN) * 100.0;
        println!(
            "{what}: {:.1} % of {} hold the truth; half-width {:.2} % (median), {:.2} % (nine in ten); {} still rising",
            self.share() * 100.0,
            self.spreads.len(),
            quantile(0.5),
            quantile(0.9),
            self.rising
        );
    }
}

#[test]
fn the_interval_of_a_recorded_transfer_holds_the_links_own_rate() {
    let mut all = Coverage::default();
    for course in recorded::all() {
        let mut one = Coverage::default();
        one.add_cuts(&course);
        one.print(&course.name);
        all.join(one);
    }
    all.print("all recorded");
    // Cuts of one recording are not independent: two points for chance. A wide interval covers anything, so it must not be.
    assert!(all.share() >= 0.93, "{all:?}");
    assert!(stats::median(&all.spreads).unwrap() <= 0.01, "{all:?}");
}

#[test]
fn the_interval_of_a_made_up_transfer_holds_its_rate() {
    let mut chance = Chance(21);
    let mut all = Coverage::default();
    for rtt in [0.01, 0.03, 0.06, 0.15, 0.6] {
        for noise in [0.003, 0.01, 0.03] {
            let mut one = Coverage::default();
            for _ in 0..300 {
                let (rate, length) = (chance.between(4e6, 50e6), chance.between(3.0, 10.0));
                let line = Line { rtt, rate, noise, burst: None };
                one.add(&line.transfer(10.0, &mut chance), length);
            }
            // Three standard errors of ninety intervals (there are no fewer) below 95 %: no noise hides behind another's.
            assert!(
                one.spreads.len() >= 90 && one.share() >= 0.88,
                "{rtt} s, noise {noise}: {}",
                one.share()
            );
            one.print(&format!("made up, {:.0} ms, noise {:.1} %", rtt * 1e3, noise * 100.0));
            all.join(one);
        }
    }
    all.print("all made up");
    assert!(all.share() >= 0.93, "{all:?}");
    assert!(stats::median(&all.spreads).unwrap() <= 0.01, "{all:?}");
}
