//! What an endpoint refuses is learnt: a refusal that names a parameter changes just that parameter, once. Pure.

mod adjustment;

pub use adjustment::{Adjusted, Adjustment, Change};
