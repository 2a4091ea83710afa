//! One incident and its course in time.

pub mod incident;
pub mod level;
pub mod world;
