//! Queries: what a diagnostic of an entity shows.

use crate::data::dialect::Loudness;
use crate::data::kinds::Split;
use crate::data::vocabulary::Glance;
use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::proof::claim::Record;
use crate::telemetry::reader::{Reader, Sheet};
use incident_env::Diagnostic;

/// What a diagnostic is asked for, beside the entity. By default it is asked for nothing in particular.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    /// The metric that is shown alone.
    pub(crate) metric: Option<&'a str>,
    /// What its series are split by.
    pub(crate) by: Option<Split>,
    /// How many minutes are shown, if it is fewer than usual.
    pub(crate) window: Option<i32>,
    /// A text that entries of a log must contain.
    pub(crate) matching: Option<&'a str>,
    /// How loud entries of a log must be.
    pub(crate) level: Option<Loudness>,
}

/// Reads a diagnostic of an entity in the current minute of a state.
#[must_use]
pub fn read(world: &World, state: &State, at: EntityId, glance: impl Into<Glance>) -> Sheet {
    let Glance { tool, by } = glance.into();
    ask(world, state, at, tool, Asked { by, ..Asked::default() })
}

/// Reads a diagnostic of an entity, asked for something in particular.
#[must_use]
pub(crate) fn ask(world: &World, state: &State, at: EntityId, tool: Diagnostic, asked: Asked<'_>) -> Sheet {
    let reader = Reader::new(world, state, at, asked);
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
pub(crate) fn records(world: &World, state: &State, at: EntityId, glance: impl Into<Glance>) -> Vec<Record> {
    read(world, state, at, glance).records
}
