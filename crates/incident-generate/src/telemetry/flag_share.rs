//! The share of requests for which the newest flag of a part is on. Each change of the flag raises it, and whoever disables
//! the flag turns it off for all.

use crate::data::family::ChangeKind;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::telemetry::releases::{in_force, number_of};

/// The verb that turns a flag off.
const DISABLES: &str = "disable_feature_flag";
/// The least and the greatest share once all changes were made, in hundredths.
const LAST: [u32; 2] = [24, 42];

/// Returns the share after so many changes, in hundredths.
fn after(world: &World, at: EntityId, changes: usize) -> u32 {
    let incident = &world.incident;
    let all = incident.changes.iter().filter(|change| change.at == at && change.kind == ChangeKind::Flag).count();
    let last = incident.draws.within(Stream::Sizes, u64::from(at), 300, LAST[0], LAST[1]);
    let part = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
    last * part(changes.min(all)) / part(all)
}

/// Returns the share of requests for which the flag of a part is on in a minute, in hundredths.
pub(super) fn flag_share(world: &World, state: &State, at: EntityId, minute: i32) -> u32 {
    let is_off = state
        .own_changes()
        .iter()
        .any(|own| own.at == at && own.minute <= minute && world.library.vocabulary.verb(own.verb).name == DISABLES);
    if is_off { 0 } else { after(world, at, in_force(world, state, at, ChangeKind::Flag, minute)) }
}

/// Returns the share to which a change of the history set the flag of a part, in hundredths. `slot` is the place of the
/// change in the history.
pub(super) fn set_by(world: &World, at: EntityId, slot: usize) -> u32 {
    after(world, at, number_of(world, slot))
}
