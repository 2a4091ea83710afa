//! The rounding of statistics before they are written to files. Pure.

use incident_env::Points;

/// Rounds a value to four decimals, which is the precision of every score and statistic in the JSON formats.
///
/// Ties go to the even digit of the exact binary value, as in [`Points::round`]. A value that is not a number becomes
/// zero.
pub(super) fn round4(value: f64) -> f64 {
    Points::round(value).to_f64()
}

/// Rounds a value to six decimals. Tables show two or three of them, so that what is shown is hardly ever rounded twice.
pub(super) fn round6(value: f64) -> f64 {
    (value * 1e6).round_ties_even() / 1e6
}
