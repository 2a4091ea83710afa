//! The regression gate: it decides whether a run is worse than another one.
//!
//! ```text
//! Summary (base) ─┐
//!                 ├─► compare::compare ─► Comparison ─► render ─► table, Markdown, JSON, JUnit
//! Summary (new)  ─┘                           └─► verdict ─► exit code
//! ```

pub mod compare;
pub mod decision;
pub mod render;

pub use compare::{Comparison, Drift, Rules, compare};
pub use decision::Verdict;
