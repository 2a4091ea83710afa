//! Figures from measurements: medians and rates.

use std::time::{Duration, Instant};

use crate::table::rate;

/// The middle of some values, of which there is at least one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The rate of something that is done in batches, for so long.
pub(crate) fn rate_of(time: Duration, mut batch: impl FnMut() -> usize) -> f64 {
    let (began, mut events) = (Instant::now(), 0);
    while began.elapsed() < time {
        events += batch();
    }
    rate(events, began.elapsed())
}
