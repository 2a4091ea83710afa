//! Exports a run as a log that Inspect (`inspect_ai`) reads, with its viewer, its commands and its data frames.
//!
//! It is only an export: the event log remains the record. A log contains one contestant, and a sample is one episode. Pure.
//!
//! ```text
//! Manifest ─┬─► header ──────────────► header.json, reductions.json ─┐
//! Event ────┴─► transcript ─► sample ─► samples/*, summaries.json ───┴─► archive: `.eval` or `.json`
//! ```

mod archive;
mod error;
mod export;
mod header;
mod ids;
mod message;
mod names;
mod sample;
mod transcript;
mod usage;

pub use error::ExportError;
pub use export::{Form, export, file_name};
