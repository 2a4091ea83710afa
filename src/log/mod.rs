//! The log of a run: one append-only event log, and everything that is made from it.
//!
//! ```text
//! Event ─► Writer ─► events.jsonl ─► Reader ─► Event ─► Fold ─► Summary
//!                                                  └─► TrajectoryFile
//! ```
//!
//! The log is the only record of a run, and everything else can be made from it again. [`summary::Fold`] makes the summary
//! in the same way during a run and when its log is read later.

pub mod chain;
pub mod conduct;
mod durations;
mod episode_key;
pub mod event;
pub mod failure;
pub mod join;
pub mod learnt;
pub mod listing;
pub mod manifest;
pub mod reader;
pub mod record;
pub mod reliability;
mod rounding;
pub mod run_index;
pub mod salvage;
pub mod shard;
pub mod store;
pub mod summary;
pub mod trajectory_file;
pub mod writer;

pub use durations::Durations;
pub use episode_key::EpisodeKey;
pub use event::{Event, EventKind, Outcome};
pub use manifest::{CLIENT, Contestant, Manifest, RunId};
pub use record::{RecordError, RunRecord};
pub use summary::{Fold, Row, Summary};
