//! Exports a run as a log that Inspect (`inspect_ai`) reads, with its viewer, its commands and its data frames.
//!
//! It is only an export: the event log remains the record. A log contains one contestant, and a sample is one episode. Pure.
//!
//! ```text
//! Manifest ─┬─► header ──────────────► header.json, reductions.json ─┐
//! Event ────┴─► transcript ─► sample ─► samples/*, summaries.json ───┴─► archive: `.eval` or `.json`
//! ```

mod archive;
mod header;
mod ids;
mod message;
mod sample;
mod transcript;
mod usage;

use jiff::Timestamp;
use serde_json::Value;

use super::episodes::ExportedRun;
use crate::log::{Contestant, Manifest};

/// The two forms of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A ZIP archive with a member for each sample, so that it can be read in part.
    Eval,
    /// One JSON object, for readers without ZIP.
    Json,
}

impl Form {
    /// The file name extension of this form.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Eval => "eval",
            Self::Json => "json",
        }
    }
}

/// The reasons why no log can be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The run has no such contestant.
    #[error("run {run} has no contestant '{label}'; it has {known}")]
    Unknown {
        /// The id of the run.
        run: String,
        /// The label that was asked for.
        label: String,
        /// The labels that exist.
        known: String,
    },
    /// The archive cannot be written, for example because it is larger than ZIP allows.
    #[error("cannot pack the log: {0}")]
    Pack(#[from] zip::result::ZipError),
}

/// Makes the log of one contestant. The same run gives the same bytes.
///
/// ```
/// use std::collections::BTreeMap;
/// use incident_bench::log::{Manifest, reader};
/// use incident_bench::report::episodes::ExportedRun;
/// use incident_bench::report::inspect::{self, Form};
///
/// let manifest: Manifest = serde_json::from_str(r#"{
///     "schema": "incident-bench/run/1", "id": "2026-01-02T030405Z-7f3a", "started_at": "2026-01-02T03:04:05Z",
///     "bench_version": "0.1.0", "suite": "classic", "suite_digest": "sha256:00",
///     "prompts": "default/1", "prompts_digest": "sha256:11", "graders": ["classic/1"],
///     "contestants": [{"label": "oracle", "agent": "oracle"}],
///     "scenarios": [{"id": "AC-001", "task": "alert_classification"}], "epochs": 1, "seed": 7,
///     "options": {}, "command": ["bench"], "machine": {"os": "linux", "arch": "x86_64", "cpus": 2}
/// }"#)?;
/// let log = reader::parse(b"")?;
/// let run = ExportedRun { manifest: &manifest, events: &log.events, incidents: &BTreeMap::new() };
/// let bytes = inspect::export(&run, "oracle", Form::Eval)?;
/// assert!(bytes.starts_with(b"PK"));
/// assert!(inspect::file_name(&manifest, "oracle", Form::Eval).starts_with("2026-01-02T03-04-05+00-00_classic_"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Fails if the run has no contestant with this label, or if the archive would be too large.
pub fn export(run: &ExportedRun<'_>, label: &str, form: Form) -> Result<Vec<u8>, ExportError> {
    let contestants = &run.manifest.contestants;
    let contestant = contestants.iter().find(|contestant| contestant.label == label).ok_or_else(|| {
        let known: Vec<_> = contestants.iter().map(|contestant| contestant.label.as_str()).collect();
        ExportError::Unknown { run: run.manifest.id.to_string(), label: label.to_owned(), known: known.join(", ") }
    })?;
    let samples = sample::all(run, contestant);
    let header = header::of(run, contestant, &samples);
    match form {
        Form::Eval => archive::eval(&header, &samples),
        Form::Json => Ok(archive::json(header, samples)),
    }
}

/// The name of a log's file: its time, its task, and an id. Inspect lists logs by it.
#[must_use]
pub fn file_name(manifest: &Manifest, label: &str, form: Form) -> String {
    let task: String = task_name(&manifest.suite)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "+.".contains(c) { c } else { '-' })
        .collect();
    let at = manifest.started_at.strftime("%Y-%m-%dT%H-%M-%S+00-00");
    format!("{at}_{task}_{}.{}", ids::task(&manifest.id, label), form.ending())
}

/// The name of the task: the name of the suite, or the last part of the path at which it was found.
fn task_name(suite: &str) -> &str {
    let name = suite.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.strip_suffix(".toml").unwrap_or(name);
    if matches!(name, "" | "." | "..") { "suite" } else { name }
}

/// The name of the scorer: the name of the grader, without its version.
fn scorer(manifest: &Manifest) -> &str {
    manifest.graders.first().and_then(|grader| grader.split('/').next()).unwrap_or("grade")
}

/// The protocol by which the model is asked; none for built-in agents.
fn protocol(contestant: &Contestant) -> Option<&str> {
    contestant.settings.as_ref().map(|settings| settings.protocol.as_str())
}

/// Removes the keys without a value from an object. For a missing key Inspect uses the default, but it does not do so
/// for a null.
fn object(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// A time in a form that every version of Python reads, unlike the nanoseconds and the `Z` of our own log.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// The seconds between two times, which are never negative.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
