//! What an endpoint refuses is learnt: a refusal that names a parameter changes just that parameter, once. Pure.

mod adjustment;
mod learn;
mod limits;
mod names;
mod numbers;
mod refused;
mod sent;
mod text;
mod uncarried;

pub use adjustment::{Adjusted, Adjustment, Change};
pub use learn::{can_teach, learn};
pub use sent::Sent;
pub use uncarried::uncarried;
