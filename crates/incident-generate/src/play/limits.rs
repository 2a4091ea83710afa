//! The limits that are particular to the strict grade of simulated worlds. Its weights and caps are those of
//! [`incident_env::grade::rubric`].

use std::ops::RangeInclusive;

pub(crate) use crate::incident::recovery::{PLAYED_OUT_AFTER, SETTLED_AFTER};

/// The share of information about the rivals that citations must give to show the cause.
pub(crate) const SHOWN_FROM: f64 = 0.9;
/// The number of cited records of the causal chain that show the cause as well.
pub(crate) const CHAIN: usize = 3;
/// The divisor of the impact at the alert below which the incident counts as mitigated.
pub(crate) const MITIGATED: i32 = 10;
/// The greatest number of records that an answer can cite.
pub(crate) const MOST_CITED: usize = 8;
/// The numbers of minutes that can be observed in one step.
pub(crate) const OBSERVED: RangeInclusive<u64> = 1..=60;
/// The number of refused actions of an episode that cost no points.
pub(crate) const FREE_REFUSALS: u32 = 3;
