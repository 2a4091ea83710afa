//! Computes medians and rates from measurements.

use std::time::{Duration, Instant};

use crate::table::rate;

/// Returns the median of some values, of which there must be at least one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Returns the rate, in items a second, of an activity that is repeated in batches for this time. `batch` returns its
/// number of items.
pub(crate) fn rate_of(time: Duration, mut batch: impl FnMut() -> usize) -> f64 {
    let (began, mut events) = (Instant::now(), 0);
    while began.elapsed() < time {
        events += batch();
    }
    rate(events, began.elapsed())
}
