//! The worked example of the tests: two models on nine scenarios.

/// Four epochs of nine scenarios in three families by the first model. A 1 is a pass.
pub(crate) const A: [&str; 9] = ["1111", "1111", "1010", "1111", "0101", "0111", "0000", "1010", "0000"];

/// The epochs of the second model.
pub(crate) const B: [&str; 9] = ["1111", "1111", "1110", "0110", "1111", "0111", "0010", "1010", "0001"];

/// The scores of every epoch, by scenario.
pub(crate) fn cells(rows: [&str; 9]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| row.chars().map(|digit| if digit == '1' { 1.0 } else { 0.0 }).collect()).collect()
}

/// The mean scores of the scenarios.
pub(crate) fn means(rows: [&str; 9]) -> Vec<f64> {
    cells(rows).iter().map(|cell| cell.iter().sum::<f64>() / 4.0).collect()
}

/// Fails unless the number exists and is as expected.
pub(crate) fn near(found: impl Into<Option<f64>>, expected: f64, tolerance: f64) {
    let found = found.into();
    assert!(found.is_some_and(|found| (found - expected).abs() <= tolerance), "{found:?} is not {expected}");
}

/// Fails unless both ends of the interval exist and are as expected.
pub(crate) fn near_both(found: impl Into<Option<[f64; 2]>>, [low, high]: [f64; 2], tolerance: f64) {
    let found = found.into();
    near(found.map(|ends| ends[0]), low, tolerance);
    near(found.map(|ends| ends[1]), high, tolerance);
}
