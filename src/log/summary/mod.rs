//! `summary.json`: the scores of a run. A summary is made from the event log by [`Fold`] and by nothing else.
//!
//! ```text
//! Event ─► fold (which contestant?) ─► tally (counts of one contestant) ─► row ─► relative (to others) ─► shape (the JSON)
//! ```

mod asked;
mod fold;
mod relative;
mod row;
mod shape;
mod tally;

pub use asked::Asked;
pub use fold::Fold;
pub(super) use relative::relate;
pub use shape::{
    Answered, GroupScore, Latency, PASS_THRESHOLD, PassK, Row, RunHead, SCHEMA, ScenarioScore, Summary, TaskScore,
};
