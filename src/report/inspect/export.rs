//! Makes the log of one contestant of a run, in one of two forms.

use super::error::ExportError;
use super::names::task_name;
use super::{archive, header, ids, sample};
use crate::log::Manifest;
use crate::report::episodes::ExportedRun;

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
