//! The regression gate: it decides whether a run is worse than another one.
//!
//! ```text
//! Summary (base) ─┐  drift, absent        family (one error for all)
//!                 ├─► contest ─► difference ─► decision ─► Comparison ─► render ─► table, Markdown, JSON, JUnit
//! Summary (new)  ─┘                                            └─► verdict ─► exit code
//! ```

pub mod absent;
pub mod compare;
mod contest;
pub mod decision;
pub mod difference;
pub mod drift;
pub mod family;
pub mod first_difference;
pub mod guard;
pub mod render;

pub use compare::{Comparison, Refused, Rules, check, compare};
pub use decision::Verdict;
pub use drift::Drift;
