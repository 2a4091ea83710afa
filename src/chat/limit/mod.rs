//! How many calls an endpoint gets at once, and when it gets none.
//!
//! [`WindowPolicy`] decides and knows no clock; [`Limiter`] makes the calls wait accordingly. With a fixed number of calls the
//! calls share only the cool-down. With an adaptive number the window also grows and shrinks as TCP's does: slow start, then
//! additive increase and multiplicative decrease (Chiu and Jain 1989; Jacobson 1988).

mod limiter;
mod policy;

pub use limiter::{Limiter, Traffic, Turn};
pub use policy::{Sign, WindowPolicy};
