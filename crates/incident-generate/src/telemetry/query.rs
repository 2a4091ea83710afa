//! Queries: what a diagnostic of an entity, or of the whole system, shows.

use crate::data::vocabulary::Glance;
use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::proof::claim::Record;
use crate::telemetry::reader::{Reader, Sheet};
use crate::telemetry::{catalogue, feed};
use incident_env::{Asked, Diagnostic};

/// Reads a diagnostic of an entity, with its metrics split or not, in the current minute of a state.
#[must_use]
pub fn read(world: &World, state: &State, at: EntityId, glance: impl Into<Glance>) -> Sheet {
    let Glance { tool, by } = glance.into();
    answer(world, state, Some(at), tool, &Asked { by, ..Asked::default() })
}

/// Reads a diagnostic of an entity, or of the whole system if there is none, in the current minute of a state.
#[must_use]
pub(crate) fn answer(world: &World, state: &State, at: Option<EntityId>, tool: Diagnostic, asked: &Asked) -> Sheet {
    let reader = at.map(|at| Reader::new(world, state, at).asking(asked));
    written(world, state, reader, tool)
}

/// Writes a diagnostic by a reader, or of the whole system if there is none.
fn written(world: &World, state: &State, reader: Option<Reader<'_>>, tool: Diagnostic) -> Sheet {
    let mut sheet = Sheet { text: String::with_capacity(1500), records: Vec::with_capacity(16) };
    match (tool, reader) {
        (Diagnostic::QueryLogs, Some(reader)) => reader.logs(&mut sheet),
        (Diagnostic::CheckMetrics, Some(reader)) => reader.metrics(&mut sheet),
        (Diagnostic::CheckServiceStatus, Some(reader)) => reader.status(&mut sheet),
        (Diagnostic::CheckDependencies, Some(reader)) => reader.dependencies(&mut sheet),
        (Diagnostic::CheckRecentDeploys, Some(reader)) => reader.changes(&mut sheet),
        (Diagnostic::CheckRecentDeploys, None) => feed::feed(world, state, &mut sheet),
        (Diagnostic::CheckServiceStatus, None) => catalogue::catalogue(world, state, &mut sheet),
        // The environment asks these of a service only.
        (Diagnostic::QueryLogs | Diagnostic::CheckMetrics | Diagnostic::CheckDependencies, None) => {}
    }
    if sheet.text.ends_with('\n') {
        sheet.text.pop();
    }
    sheet
}

/// Reads the records of a diagnostic without its text.
#[must_use]
pub(crate) fn records(world: &World, state: &State, at: EntityId, glance: impl Into<Glance>) -> Vec<Record> {
    let Glance { tool, by } = glance.into();
    let mut reader = Reader::new(world, state, at).asking(&Asked { by, ..Asked::default() });
    reader.is_silent = true;
    written(world, state, Some(reader), tool).records
}
