//! How sure a mean is, where neighbouring values are not independent. Pure.
//!
//! A round trip's bursts, a queue, another transfer's turns last for longer than one value. The long-run variance sums the
//! autocovariances over lags, with Bartlett's weights (Newey and West, 1987). Its own uncertainty is paid for by a quantile
//! that grows with the share of the series the lags make up (Kiefer and Vogelsang, 2005): unlike Student's for a handful of
//! long batches, it stays useful where the series is a few round trips long.

use crate::stats;

/// Fewest values for statistics: a line of 128 kbit/s has so many slots in six seconds.
const LEAST_VALUES: usize = 4;

/// Half-width of the 95 % interval of the mean of `values`, where those up to `lags` apart may go together. `None` for
/// fewer than four.
pub(crate) fn half_width(values: &[f64], lags: usize) -> Option<f64> {
    if values.len() < LEAST_VALUES {
        return None;
    }
    let lags = lags.clamp(1, values.len());
    let count = values.len() as f64;
    Some(quantile(lags as f64 / count) * (long_run_variance(values, lags)? / count).sqrt())
}

/// The long-run variance: the autocovariances, summed with Bartlett's weights up to `lags`. Never negative.
fn long_run_variance(values: &[f64], lags: usize) -> Option<f64> {
    let mean = stats::mean(values)?;
    let covariance = |lag: usize| -> f64 {
        let pairs = values.iter().zip(values.iter().skip(lag));
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / values.len() as f64
    };
    let weighted = |lag: usize| (1.0 - lag as f64 / lags as f64) * covariance(lag);
    Some((covariance(0) + 2.0 * (1..lags).map(weighted).sum::<f64>()).max(0.0))
}

/// The 0.975 quantile of the mean over its standard error, where the lags make up this share of the series: Kiefer and
/// Vogelsang's polynomial for Bartlett's weights. The normal distribution's at 0.
fn quantile(share: f64) -> f64 {
    1.9600 + share * (2.9694 + share * (0.4160 - share * 0.5324))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_quantile_is_the_published_one() {
        // All lags: 4.771 (Kiefer and Vogelsang, 2002, by simulation); none: the normal distribution's.
        for (share, expected) in [(0.0, 1.960), (1.0, 4.771)] {
            let found = quantile(share);
            assert!((found / expected - 1.0).abs() < 0.01, "{share}: {found}");
        }
    }

    #[test]
    fn what_goes_together_makes_a_mean_less_sure() {
        // The same values, one after the other or each sixteen times in a row.
        let alone: Vec<f64> = (0..128).map(|index| f64::from(index * 37 % 128)).collect();
        let together: Vec<f64> = (0..128).map(|index| f64::from((index / 16) * 37 % 128)).collect();
        assert!(half_width(&together, 32).unwrap() > 1.5 * half_width(&alone, 32).unwrap());
        // By turns, the mean is surer than the values are.
        let turns: Vec<f64> = (0..128).map(|index| f64::from(index % 2)).collect();
        assert!(half_width(&turns, 16).unwrap() < 0.5 * half_width(&turns, 1).unwrap());
    }

    #[test]
    fn too_few_values_tell_nothing() {
        assert_eq!(half_width(&[1.0; 3], 2), None);
        assert_eq!(half_width(&[1.0; 4], 100), Some(0.0));
    }
}
