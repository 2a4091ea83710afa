//! Estimators and the random numbers behind them. Pure; formulas and worked vectors are in the contract, page 7.

pub mod mean;
pub mod passk;
pub mod rng;
