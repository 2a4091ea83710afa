//! What an endpoint refuses is learnt: a refusal that names a parameter changes just that parameter, once. Pure.

mod adjustment;
mod learn;
mod limits;
mod refused;

pub use adjustment::{Adjusted, Adjustment, Change};
pub use learn::learn;
