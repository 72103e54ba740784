//! Every sentence for people, in French and English. Nothing else in the program holds one.
//!
//! This module holds the language and the way figures are written; the sentences stand in the modules below.
//! French follows the usual typography: decimal comma, and U+202F (narrow no-break space) between the thousands,
//! before a unit and before `: ; ! ? %`. It is no place for logic: what to say is decided by the callers.

use sonde_report::Timestamp;

pub mod cli;
pub mod report;
pub mod store;

/// U+202F, the narrow no-break space of French typography. English uses it before units only.
pub const NARROW: char = '\u{202f}';

/// The language of the sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lang {
    /// French, the default.
    #[default]
    Fr,
    /// English.
    En,
}

impl Lang {
    /// Picks the sentence of this language.
    #[must_use]
    pub fn pick<T>(self, fr: T, en: T) -> T {
        match self {
            Self::Fr => fr,
            Self::En => en,
        }
    }

    /// The language's BCP 47 tag, for HTML's `lang`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.pick("fr", "en")
    }

    /// A whole number with its thousands apart: `12 345` in French, `12,345` in English.
    #[must_use]
    pub fn integer(self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() * 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(self.pick(NARROW, ','));
            }
            text.push(digit);
        }
        text
    }

    /// A number with so many decimals: `12,4` in French, `12.4` in English. A number that is not finite is `?`:
    /// it never comes from a probe, and a made-up figure would be worse.
    #[must_use]
    pub fn decimal(self, number: f64, decimals: usize) -> String {
        if !number.is_finite() {
            return "?".to_owned();
        }
        let plain = format!("{:.decimals$}", number.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        // More digits than u64 holds: no quantity here is that large, so the digits are left as they are.
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |n| self.integer(n));
        let is_zero = plain.bytes().all(|b| b == b'0' || b == b'.');
        let sign = if number < 0.0 && !is_zero { "\u{2212}" } else { "" };
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}{}{fraction}", self.pick(',', '.'))
        }
    }

    /// A measured rate: `12,4 Mbit/s`; below 0,1 Mbit/s in kbit/s, so that a little is never shown as nothing.
    #[must_use]
    pub fn rate(self, bps: u64) -> String {
        if bps > 0 && bps < 100_000 {
            return with_unit(&self.decimal(bps as f64 / 1e3, 1), "kbit/s");
        }
        with_unit(&self.decimal(bps as f64 / 1e6, 1), "Mbit/s")
    }

    /// A measured rate as it stands beside a threshold: with as many decimals (at most three) as it takes for the
    /// two to look different when they are. `9,96 Mbit/s` beside 10 is not `10,0 Mbit/s`.
    #[must_use]
    pub fn rate_beside(self, bps: u64, threshold_bps: u64) -> String {
        if bps == threshold_bps || (bps > 0 && bps < 100_000) {
            return self.rate(bps);
        }
        for decimals in 1..3 {
            let text = self.decimal(bps as f64 / 1e6, decimals);
            if text != self.decimal(threshold_bps as f64 / 1e6, decimals) {
                return with_unit(&text, "Mbit/s");
            }
        }
        with_unit(&self.decimal(bps as f64 / 1e6, 3), "Mbit/s")
    }

    /// A nominal rate (a threshold, a link): `10 Mbit/s`, `1 Gbit/s`, without idle decimals.
    #[must_use]
    pub fn nominal_rate(self, bps: u64) -> String {
        let (scaled, unit) =
            if bps >= 1_000_000_000 { (bps as f64 / 1e9, "Gbit/s") } else { (bps as f64 / 1e6, "Mbit/s") };
        with_unit(&self.trimmed(scaled, 3), unit)
    }

    /// A volume, in powers of ten: `12,4 Mo` in French, `12.4 MB` in English.
    #[must_use]
    pub fn volume(self, bytes: u64) -> String {
        let (scaled, fr, en) = match bytes {
            0..1_000 => return with_unit(&self.integer(bytes), self.pick("o", "B")),
            1_000..100_000 => (bytes as f64 / 1e3, "ko", "kB"),
            100_000..1_000_000_000 => (bytes as f64 / 1e6, "Mo", "MB"),
            _ => (bytes as f64 / 1e9, "Go", "GB"),
        };
        with_unit(&self.decimal(scaled, 1), self.pick(fr, en))
    }

    /// A volume in megabytes with one decimal, whatever its size: for volumes that are compared.
    #[must_use]
    pub fn megabytes(self, bytes: u64) -> String {
        with_unit(&self.decimal(bytes as f64 / 1e6, 1), self.pick("Mo", "MB"))
    }

    /// A short time, given in microseconds, shown in milliseconds with two or three sensible digits, in seconds
    /// from ten seconds on.
    #[must_use]
    pub fn milliseconds(self, us: u64) -> String {
        match us {
            0..10 => self.pick(format!("moins de 0,01{NARROW}ms"), format!("under 0.01{NARROW}ms")),
            10..1_000 => with_unit(&self.decimal(us as f64 / 1e3, 2), "ms"),
            1_000..10_000 => with_unit(&self.decimal(us as f64 / 1e3, 1), "ms"),
            10_000..10_000_000 => with_unit(&self.decimal(us as f64 / 1e3, 0), "ms"),
            _ => with_unit(&self.decimal(us as f64 / 1e6, 1), "s"),
        }
    }

    /// A length of time, given in milliseconds: `21,9 s`, `3 min 05 s`, `2 h 05 min`.
    #[must_use]
    pub fn duration(self, ms: u64) -> String {
        let seconds = ms / 1_000;
        match ms {
            0..1_000 => with_unit(&ms.to_string(), "ms"),
            1_000..120_000 => with_unit(&self.decimal(ms as f64 / 1e3, 1), "s"),
            120_000..7_200_000 => format!("{}{NARROW}min {:02}{NARROW}s", seconds / 60, seconds % 60),
            _ => format!("{}{NARROW}h {:02}{NARROW}min", self.integer(seconds / 3_600), seconds / 60 % 60),
        }
    }

    /// A share from 0 to 1: `99 %` and `2,5 %` in French, `99%` and `2.5%` in English.
    #[must_use]
    pub fn percent(self, ratio: f64) -> String {
        let number = self.trimmed(ratio * 100.0, 1);
        self.pick(format!("{number}{NARROW}%"), format!("{number}%"))
    }

    /// A date and time as the machine's clock showed them: `23/11/2026 10:42`, or `2026-11-23 10:42` in English.
    #[must_use]
    pub fn date_time(self, stamp: &Timestamp) -> String {
        let at = stamp.local();
        let (year, month, day, hour, minute) = (at.year(), at.month(), at.day(), at.hour(), at.minute());
        self.pick(
            format!("{day:02}/{month:02}/{year:04} {hour:02}:{minute:02}"),
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
        )
    }

    /// A day and time without the year, for a narrow column under a full date: `23/11 10:42`.
    #[must_use]
    pub fn day_time(self, stamp: &Timestamp) -> String {
        let at = stamp.local();
        let (month, day, hour, minute) = (at.month(), at.day(), at.hour(), at.minute());
        self.pick(
            format!("{day:02}/{month:02} {hour:02}:{minute:02}"),
            format!("{month:02}-{day:02} {hour:02}:{minute:02}"),
        )
    }

    /// A label and its value: `Débit : …`, `Rate: …`.
    #[must_use]
    pub fn labelled(self, label: &str, value: &str) -> String {
        self.pick(format!("{label}{NARROW}: {value}"), format!("{label}: {value}"))
    }

    /// A decimal without its trailing zeros.
    fn trimmed(self, number: f64, decimals: usize) -> String {
        let text = self.decimal(number, decimals);
        let point = self.pick(',', '.');
        match text.rsplit_once(point) {
            // In English the comma may be a thousands separator and the point the decimal one, so this is safe.
            Some((whole, fraction)) if decimals > 0 && fraction.len() == decimals => {
                let fraction = fraction.trim_end_matches('0');
                if fraction.is_empty() { whole.to_owned() } else { format!("{whole}{point}{fraction}") }
            }
            _ => text,
        }
    }
}

/// A quantity and its unit, held together by a narrow no-break space.
#[must_use]
pub fn with_unit(quantity: &str, unit: &str) -> String {
    format!("{quantity}{NARROW}{unit}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::{Lang::En, Lang::Fr, *};

    #[test]
    fn rates_have_one_decimal_and_a_narrow_space() {
        assert_eq!(Fr.rate(12_400_000), "12,4\u{202f}Mbit/s");
        assert_eq!(En.rate(12_400_000), "12.4\u{202f}Mbit/s");
        assert_eq!(Fr.rate(1_234_500_000), "1\u{202f}234,5\u{202f}Mbit/s");
        assert_eq!(En.rate(1_234_500_000), "1,234.5\u{202f}Mbit/s");
    }

    #[test]
    fn a_little_is_never_shown_as_nothing() {
        assert_eq!(Fr.rate(42_000), "42,0\u{202f}kbit/s");
        assert_eq!(Fr.rate(0), "0,0\u{202f}Mbit/s");
        assert_eq!(Fr.milliseconds(0), "moins de 0,01\u{202f}ms");
        assert_eq!(Fr.percent(0.004), "0,4\u{202f}%");
    }

    #[test]
    fn a_rate_just_below_a_threshold_does_not_look_like_it() {
        assert_eq!(Fr.rate_beside(9_960_000, 10_000_000), "9,96\u{202f}Mbit/s");
        assert_eq!(Fr.rate_beside(9_999_000, 10_000_000), "9,999\u{202f}Mbit/s");
        assert_eq!(Fr.rate_beside(12_400_000, 10_000_000), "12,4\u{202f}Mbit/s");
        assert_eq!(Fr.rate_beside(10_000_000, 10_000_000), "10,0\u{202f}Mbit/s");
    }

    #[test]
    fn nominal_rates_carry_no_idle_decimals() {
        assert_eq!(Fr.nominal_rate(10_000_000), "10\u{202f}Mbit/s");
        assert_eq!(Fr.nominal_rate(1_000_000_000), "1\u{202f}Gbit/s");
        assert_eq!(Fr.nominal_rate(2_500_000_000), "2,5\u{202f}Gbit/s");
        assert_eq!(En.nominal_rate(866_700_000), "866.7\u{202f}Mbit/s");
    }

    #[test]
    fn volumes_use_powers_of_ten_and_the_language_of_the_reader() {
        assert_eq!(Fr.volume(12_400_000), "12,4\u{202f}Mo");
        assert_eq!(En.volume(12_400_000), "12.4\u{202f}MB");
        assert_eq!(Fr.volume(512), "512\u{202f}o");
        assert_eq!(Fr.volume(2_500), "2,5\u{202f}ko");
        assert_eq!(Fr.volume(10_000_000_000), "10,0\u{202f}Go");
        assert_eq!(Fr.megabytes(12_460_000), "12,5\u{202f}Mo");
        assert_eq!(En.megabytes(40_000), "0.0\u{202f}MB");
    }

    #[test]
    fn times_have_sensible_digits() {
        assert_eq!(Fr.milliseconds(350), "0,35\u{202f}ms");
        assert_eq!(Fr.milliseconds(3_440), "3,4\u{202f}ms");
        assert_eq!(En.milliseconds(51_234), "51\u{202f}ms");
        assert_eq!(Fr.milliseconds(12_000_000), "12,0\u{202f}s");
        assert_eq!(Fr.duration(21_875), "21,9\u{202f}s");
        assert_eq!(Fr.duration(185_000), "3\u{202f}min 05\u{202f}s");
        assert_eq!(Fr.duration(7_500_000), "2\u{202f}h 05\u{202f}min");
    }

    #[test]
    fn percentages_follow_the_language() {
        assert_eq!(Fr.percent(0.99), "99\u{202f}%");
        assert_eq!(Fr.percent(1.0), "100\u{202f}%");
        assert_eq!(En.percent(0.025), "2.5%");
    }

    #[test]
    fn dates_show_the_local_time_of_the_machine() {
        let stamp: Timestamp = "2026-11-23T10:42:00+01:00".parse().unwrap();
        assert_eq!(Fr.date_time(&stamp), "23/11/2026 10:42");
        assert_eq!(En.date_time(&stamp), "2026-11-23 10:42");
    }

    #[test]
    fn numbers_that_are_none_and_negative_ones_are_written_honestly() {
        assert_eq!(Fr.decimal(f64::NAN, 1), "?");
        assert_eq!(Fr.decimal(-2.5, 1), "\u{2212}2,5");
        assert_eq!(Fr.decimal(-0.01, 1), "0,0");
        assert_eq!(Fr.integer(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
