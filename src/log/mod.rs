//! What happened in a run: one append-only event log, and everything that is made from it.
//!
//! ```text
//! Event ─► Writer ─► events.jsonl ─► Reader ─► Event ─► Fold ─► Summary
//!                                                  └─► TrajectoryFile
//! ```
//!
//! The log is the truth. [`summary::Fold`] is the same function while a run is going on and when it is read again.

pub mod conduct;
pub mod event;
pub mod failure;
pub mod join;
pub mod listing;
pub mod manifest;
pub mod reader;
pub mod record;
pub mod reliability;
pub mod shard;
pub mod shelf;
pub mod store;
pub mod summary;
pub mod trajectory_file;
pub mod writer;

pub use event::{EpisodeKey, Event, EventKind, Outcome};
pub use manifest::{CLIENT, Contestant, Manifest, RunId};
pub use record::{RecordError, RunRecord};
pub use summary::{Fold, Row, Summary};
