//! Estimators and the random numbers behind them. Pure; formulas and worked vectors are in the contract, page 7.

pub mod alpha_spending;
pub mod distribution;
pub mod epochs;
pub mod exact;
pub mod gate;
pub mod mean;
pub mod paired;
pub mod passk;
pub mod power;
pub mod proportion;
pub mod rng;

#[cfg(test)]
mod vectors;
#[cfg(test)]
pub(crate) use vectors::{A, B, cells, means, near, near_both};
