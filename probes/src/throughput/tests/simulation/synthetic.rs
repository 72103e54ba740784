//! Made-up transfers: lines with a noise and bursts of every size, more than can be recorded.

use super::course::{Course, TICK};

/// Marsaglia's xorshift64: the same lines every time.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// One of several, each as often.
    pub(super) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[((self.uniform() * of.len() as f64) as usize).min(of.len() - 1)]
    }
}

/// A made-up line.
pub(super) struct Line {
    /// Round trip, seconds.
    pub(super) rtt: f64,
    /// Application bytes, bit/s.
    pub(super) rate: f64,
    /// Standard deviation of 100 ms means, relative.
    pub(super) noise: f64,
    /// Bytes of an opening burst, and its peak, bit/s.
    pub(super) burst: Option<(f64, f64)>,
}

/// Correlation of the noise from tick to tick: 10 ms, so that it lasts for 0.1 s…
const CORRELATION: f64 = 0.9;
/// …and the deviation of ten ticks' mean, relative to one tick's.
const MEAN_OF_TEN: f64 = 0.853;

impl Line {
    /// A transfer of `length` seconds on it: slow start, then the rate with its noise. One stream until its plateau
    /// shows, four after it: about the engine's pace on short paths, the recorded ones hold its own on long ones.
    pub(super) fn transfer(&self, length: f64, chance: &mut Chance) -> Course {
        let ramp = self.rtt * (self.rate * self.rtt / 8.0 / 14_480.0).max(1.0).log2().max(1.0);
        let grown = ramp + 0.5 + 2.0 * self.rtt;
        let (mut level, mut bucket) = (0.0_f64, self.burst.map_or(0.0, |(bytes, _)| bytes));
        let refill = self.rate / 8.0 * TICK;
        let mut bytes = Vec::new();
        for tick in 0..(length / TICK) as u32 {
            // Slow start doubles each round trip from ten segments.
            let slow_start = 14_480.0 * 8.0 / self.rtt * 2_f64.powf(f64::from(tick) * TICK / self.rtt);
            let open = match self.burst {
                Some((_, peak)) if bucket > 0.0 => peak,
                _ => self.rate,
            };
            let innovation = (1.0 - CORRELATION * CORRELATION).sqrt() * 3_f64.sqrt();
            level = CORRELATION * level + innovation * chance.between(-1.0, 1.0);
            let noise = (1.0 + self.noise / MEAN_OF_TEN * level).max(0.0);
            let moved = open.min(slow_start) * noise / 8.0 * TICK;
            // The bucket's last bytes do not last for the whole tick.
            let moved = if bucket > 0.0 { moved.min(bucket + refill) } else { moved };
            bucket -= (moved - refill).max(0.0);
            bytes.push(moved);
        }
        Course {
            name: format!("made up: {:.0} ms, noise {:.1} %", self.rtt * 1e3, self.noise * 100.0),
            rtt: self.rtt,
            bytes,
            opened: vec![grown - 3.0 * self.rtt],
            grown,
            upset: 0.5,
            truth: self.rate,
            truth_from: 0.0,
            one_verdict: true,
        }
    }
}
