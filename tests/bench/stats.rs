//! The few statistics the document shows.

/// The `p`-th percentile (0 to 100) by nearest rank; nothing of nothing.
pub(crate) fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (p / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// The median.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50.0)
}

/// The largest.
pub(crate) fn worst(values: &[f64]) -> Option<f64> {
    percentile(values, 100.0)
}
