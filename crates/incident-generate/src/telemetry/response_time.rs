//! Response times: the 99th percentile of the answers of every entity.

use crate::incident::world::{State, World};

/// Returns the 99th percentile of the response times of every entity in a minute, in microseconds.
#[must_use]
pub(super) fn p99s(world: &World, state: &State, minute: i32) -> Vec<u32> {
    world.incident.topology.ids().map(|at| world.reading(state, at, minute).p99).collect()
}

/// Returns the same on a quiet day.
#[must_use]
pub(super) fn usual_p99s(world: &World) -> Vec<u32> {
    world.incident.topology.ids().map(|at| world.usual(at).p99).collect()
}
