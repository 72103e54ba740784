//! The figures of draft-ietf-ippm-responsiveness ("Responsiveness under Working Conditions"), from round trips in
//! microseconds. Absent stays absent: no figure is made from no sample.

/// Share of the samples that a trimmed mean keeps, the shortest ones, percent (the draft's).
const KEPT_PERCENT: usize = 95;
/// Microseconds in a minute.
const MINUTE_US: f64 = 60e6;

/// The one-sided trimmed mean: of the shortest 95 %, at least one; `None` when empty.
pub(super) fn trimmed_mean(times: &[f64]) -> Option<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.truncate((sorted.len() * KEPT_PERCENT).div_ceil(100));
    crate::stats::mean(&sorted)
}

/// Round trips per minute on new connections: of the mean of TCP's, TLS's and HTTP's trimmed means. Without TLS it is
/// the mean of the two there are.
pub(super) fn foreign(tcp: f64, tls: Option<f64>, http: f64) -> Option<f64> {
    let phases: Vec<f64> = [Some(tcp), tls, Some(http)].into_iter().flatten().collect();
    per_minute(crate::stats::mean(&phases)?)
}

/// Round trips per minute of so many microseconds; `None` where that is no time.
pub(super) fn per_minute(time: f64) -> Option<f64> {
    Some(MINUTE_US / time).filter(|rpm| time > 0.0 && rpm.is_finite() && *rpm > 0.0)
}

/// The mean of both kinds.
pub(super) fn responsiveness(foreign: f64, loaded: f64) -> u64 {
    f64::midpoint(foreign, loaded).round() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_slowest_twentieth_is_left_out() {
        // 1 to 20: the mean of 1 to 19.
        let times: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(trimmed_mean(&times), Some(10.0));
        // 1 to 40: the mean of 1 to 38.
        let times: Vec<f64> = (1..=40).map(f64::from).collect();
        assert_eq!(trimmed_mean(&times), Some(19.5));
        // Too few to leave one out.
        assert_eq!(trimmed_mean(&[10.0, 20.0, 60.0]), Some(30.0));
        assert_eq!(trimmed_mean(&[7.0]), Some(7.0));
        assert_eq!(trimmed_mean(&[]), None);
    }

    #[test]
    fn the_drafts_formulas_by_hand() {
        // 50, 60 and 70 ms: a mean of 60 ms, a thousand a minute. Loaded 120 ms: 500. Together 750.
        let foreign_rpm = foreign(50_000.0, Some(60_000.0), 70_000.0).unwrap();
        assert_eq!(foreign_rpm, 1_000.0);
        assert_eq!(per_minute(120_000.0), Some(500.0));
        assert_eq!(responsiveness(foreign_rpm, 500.0), 750);
        // Without TLS: the mean of 50 and 70 ms.
        assert_eq!(foreign(50_000.0, None, 70_000.0), Some(1_000.0));
    }

    #[test]
    fn no_time_gives_no_figure() {
        for time in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(per_minute(time), None, "{time}");
        }
        assert_eq!(foreign(0.0, None, 0.0), None);
    }

    proptest! {
        #[test]
        fn a_trimmed_mean_lies_among_its_samples(times in prop::collection::vec(0.0_f64..1e9, 1..200)) {
            let mean = trimmed_mean(&times).unwrap();
            let low = times.iter().copied().fold(f64::INFINITY, f64::min);
            prop_assert!(mean >= low * 0.999_999);
            prop_assert!(mean <= crate::stats::mean(&times).unwrap() * 1.000_001);
        }

        #[test]
        fn whatever_the_times_a_figure_is_a_number_or_absent(
            times in prop::collection::vec(prop::num::f64::ANY, 0..50),
            tls in prop::option::of(prop::num::f64::ANY),
        ) {
            if let Some(mean) = trimmed_mean(&times) {
                for rpm in [per_minute(mean), foreign(mean, tls, mean)].into_iter().flatten() {
                    prop_assert!(rpm.is_finite() && rpm > 0.0);
                }
            } else {
                prop_assert!(times.is_empty());
            }
        }
    }
}
