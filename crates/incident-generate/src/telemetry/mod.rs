//! Telemetry: how the state of a world reads. Records follow from the state by rules that know classes of evidence
//! and rates, and no family, so what is read in one place cannot contradict what is read in another.

mod aftermath;
pub(crate) mod alert;
mod catalogue;
mod changes;
mod dependencies;
mod feed;
pub(crate) mod laws;
mod logs;
pub(crate) mod menu;
mod metrics;
pub(crate) mod query;
pub(crate) mod reader;
mod response_time;
mod splits;
mod status;
mod words;
