//! Statistics: estimators of scores, errors and differences, and the random numbers of the program. Pure.
//!
//! The tests use one worked example, which was computed independently.

pub mod alpha_spending;
pub mod components;
pub mod distribution;
pub mod epochs;
pub mod exact;
pub mod mean;
pub mod paired;
pub mod passk;
pub mod power;
pub mod proportion;
pub mod rng;
pub mod score_interval;
pub mod spread;
pub mod uncertainty;

#[cfg(test)]
mod worked_example;
#[cfg(test)]
pub(crate) use worked_example::{A, B, cells, means, near, near_both};
