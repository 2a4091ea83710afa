//! The files that are derived from a run and kept beside its event log.

use super::{csv, html, junit, markdown};
use crate::log::store::{RunFolder, StoreError, pretty};
use crate::log::{Durations, Summary};

/// Writes `summary.json`, `SCORES.md`, `scores.csv`, `report.html` and `junit.xml` into the folder of a run. If one of
/// them cannot be written, the others are written all the same.
///
/// # Errors
/// The function returns the error of the first file that cannot be written.
pub fn write(folder: &RunFolder, summary: &Summary, durations: &Durations) -> Result<(), StoreError> {
    let files = [
        ("summary.json", pretty(summary)),
        ("SCORES.md", markdown::render(summary).into_bytes()),
        ("scores.csv", csv::render(summary).into_bytes()),
        ("report.html", html::render(summary).into_bytes()),
        ("junit.xml", junit::render(summary, durations).into_bytes()),
    ];
    let written = files.map(|(name, bytes)| folder.write(name, &bytes));
    written.into_iter().collect()
}
