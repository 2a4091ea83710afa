//! Queries: what a diagnostic of an entity shows.

use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::proof::claim::Record;
use crate::telemetry::reader::{Reader, Sheet};
use incident_env::Diagnostic;

/// Reads a diagnostic of an entity in the current minute of a state.
#[must_use]
pub fn read(world: &World, state: &State, at: EntityId, tool: Diagnostic) -> Sheet {
    let reader = Reader::new(world, state, at);
    let mut sheet = Sheet { text: String::with_capacity(1500), records: Vec::with_capacity(16) };
    match tool {
        Diagnostic::QueryLogs => reader.logs(&mut sheet),
        Diagnostic::CheckMetrics => reader.metrics(&mut sheet),
        Diagnostic::CheckServiceStatus => reader.status(&mut sheet),
        Diagnostic::CheckDependencies => reader.dependencies(&mut sheet),
        Diagnostic::CheckRecentDeploys => reader.changes(&mut sheet),
    }
    if sheet.text.ends_with('\n') {
        sheet.text.pop();
    }
    sheet
}

/// Reads the records of a diagnostic without its text.
#[must_use]
pub(crate) fn records(world: &World, state: &State, at: EntityId, tool: Diagnostic) -> Vec<Record> {
    read(world, state, at, tool).records
}
