//! The budget of a run: what it may spend, what it has spent, and whether the next episode or call still fits.
//!
//! A run spends in rounds (see [`super::Plan::slots`]). A round begins only if its expected cost still fits, so that a run
//! that stops for lack of money has whole rounds and every contestant has played the same. Where the expectation was too
//! low, a call that could overdraw the budget is not made either.

mod amount;
mod ledger;
mod shared;
mod spent;

pub use amount::{Amount, Rate};
pub use ledger::{Admission, Kind, Ledger, Limits};
pub use shared::Budget;
pub use spent::{estimate, spent, spent_on};
