//! The menu of metrics: the names by which the metrics of an entity can be asked for.

use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::telemetry::reader::Reader;

/// Returns the names of the metrics of an entity, in the order of its dashboard.
#[must_use]
pub(crate) fn metrics_of(world: &World, state: &State, at: EntityId) -> Vec<String> {
    Reader::new(world, state, at).metric_names()
}
