//! Releases: which one a part runs in a minute. Each deployment of the history brings a newer one, and a rollback in the
//! episode brings back the one from before the deployment that it takes back.

use std::fmt::{self, Display};

use crate::data::family::ChangeKind;
use crate::ids::EntityId;
use crate::incident::incident::Change;
use crate::incident::world::{State, World};
use crate::system::particulars::Particulars;

/// The verb that takes back a change.
const ROLLBACK: &str = "rollback_deploy";
/// The first purposes of the draws of what a deployment brings.
const IS_MINOR: u64 = 1 << 20;
const STEP: u64 = 1 << 21;

/// The number of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release([u32; 3]);

impl Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Returns the release that a part runs after so many deployments.
fn numbered(of: Particulars<'_>, deployments: usize) -> Release {
    let first = [of.drawn(4, 1, 9), of.drawn(5, 0, 40), of.drawn(6, 0, 9)];
    let next = |[major, minor, patch]: [u32; 3], number: u64| match of.drawn(IS_MINOR | number, 0, 2) {
        0 => [major, minor + 1, 0],
        _ => [major, minor, patch + of.drawn(STEP | number, 1, 3)],
    };
    Release((0..).take(deployments).fold(first, next))
}

/// Returns the minute of a change of the history.
pub(super) fn minute_of(change: &Change) -> i32 {
    i32::try_from(change.minutes_ago).map_or(i32::MIN, |minutes| -minutes)
}

/// Returns how many changes of a kind that were made to a part are in force in a minute, oldest first. A rollback takes back
/// the change that it names, and those of the kind that came after it.
pub(super) fn in_force(world: &World, state: &State, at: EntityId, kind: ChangeKind, minute: i32) -> usize {
    let all: Vec<_> =
        world.incident.changes.iter().rev().filter(|change| change.at == at && change.kind == kind).collect();
    let made = all.iter().filter(|change| minute_of(change) <= minute).count();
    let is_rollback = |verb| world.library.vocabulary.verb(verb).name == ROLLBACK;
    let own = state.own_changes().iter().filter(|own| own.minute <= minute && own.at == at && is_rollback(own.verb));
    let taken_back = own.filter_map(|own| all.iter().position(|change| *change.id == *own.name));
    taken_back.fold(made, usize::min)
}

/// Returns how many changes of its kind its part had had once a change of the history was made. `slot` is its place in the
/// history.
pub(super) fn number_of(world: &World, slot: usize) -> usize {
    let changes = &world.incident.changes;
    let Some(own) = changes.get(slot) else { return 0 };
    changes[slot..].iter().filter(|change| change.at == own.at && change.kind == own.kind).count()
}

/// Returns the release that a part runs in a minute.
pub(super) fn release(world: &World, state: &State, of: Particulars<'_>, minute: i32) -> Release {
    numbered(of, in_force(world, state, of.id(), ChangeKind::Deploy, minute))
}

/// Returns the release that a deployment of the history brought, given its place in the history.
pub(super) fn brought_by(world: &World, of: Particulars<'_>, slot: usize) -> Release {
    numbered(of, number_of(world, slot))
}
