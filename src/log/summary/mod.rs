//! `summary.json`: the scores of a run. A summary is made from the event log by [`Fold`] and by nothing else.
//!
//! ```text
//! Event ─► fold (which contestant?) ─► tally (counts of one contestant) ─► row ─► shape (the JSON)
//! ```

mod fold;
mod row;
mod shape;
mod tally;

pub use fold::Fold;
pub use shape::{Answered, Latency, PASS_THRESHOLD, PassK, Row, RunHead, SCHEMA, ScenarioScore, Summary, TaskScore};
