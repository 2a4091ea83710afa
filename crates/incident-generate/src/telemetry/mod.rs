//! Telemetry: how the state of a world reads. Records follow from the state by rules that know classes of evidence
//! and rates, and no family, so what is read in one place cannot contradict what is read in another.

mod aftermath;
pub(crate) mod alert;
mod catalogue;
mod changes;
mod dependencies;
mod drawn;
mod feed;
mod flag_share;
mod generations;
mod grammar;
mod instrumentation;
mod labels;
pub(crate) mod laws;
mod log_heading;
mod logs;
mod lookups;
pub(crate) mod menu;
mod metrics;
mod otlp;
mod outside;
pub(crate) mod query;
mod queues;
pub(crate) mod reader;
mod releases;
mod requests;
mod restart_log;
mod restarts;
mod retries;
mod routes;
mod span_error;
mod spelling;
mod splits;
mod status;
mod subjects;
mod traces;
mod words;
