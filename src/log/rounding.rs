//! The rounding of statistics that are written to files. Pure.

use crate::env::Points;

/// The value with four decimals, which is the precision of every score and statistic in the JSON formats.
///
/// Ties go to the even digit of the exact binary value, as [`Points::round`] does it for rewards. A value that is not a
/// number becomes zero.
pub(super) fn round4(value: f64) -> f64 {
    Points::round(value).to_f64()
}
