//! Incidents made from a seed: a system, a fault in it, and the proof that it can be found and repaired.
//!
//! ```text
//! seed ─► topology ─► plumbing (requests flow, failures flow back)
//!            │            │
//! families ──┴─► every fault that it can have, simulated ─► checker: exactly one explains what is there
//!                                                      └─► planner: it can be repaired without harm
//! ```

pub mod data;
pub mod draws;
pub mod explain;
pub mod incident;
pub mod json;
pub mod play;
pub mod proof;
pub mod seeds;
pub mod severity;
pub mod suite;
pub mod system;
pub mod telemetry;
pub mod verify;

pub use data::family::Family;
pub use data::library::{Library, LibraryError};
pub use data::templates::Telemetry;
pub use data::vocabulary::Vocabulary;
pub use incident::incident::Incident;
pub use incident::level::{Knobs, Level};
pub use incident::world::World;
pub use severity::Severity;
pub use suite::Suite;

#[cfg(test)]
mod exploit_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod knob_tests;
#[cfg(test)]
mod play_tests;
#[cfg(test)]
mod telemetry_tests;
#[cfg(test)]
mod tests;
