//! The limits that are particular to the strict grade of simulated worlds. Its weights and caps are those of
//! [`incident_env::grade::rubric`].

/// The share of information about the rivals that must be read before the first remediation for a diagnosis.
pub(crate) const DIAGNOSED_FROM: f64 = 0.75;
/// The minutes that pass after the last action before recovery is measured.
pub(crate) const SETTLE: u32 = 15;
/// The divisor of the impact at the alert below which the incident counts as mitigated.
pub(crate) const MITIGATED: i32 = 10;
/// The greatest number of records that an answer can cite.
pub(crate) const MOST_CITED: usize = 8;
