//! The change feed: the changes of the whole system, newest first, with those that were made in the episode.

use std::fmt::Write;

use crate::incident::world::{OwnChange, State, World};
use crate::proof::claim::Claim;
use crate::telemetry::reader::{CHANGES, EMPTY, Reader, Sheet};

/// The slot of the first change that was made in the episode.
const OWN: u64 = EMPTY + 1;
/// The slot of the record that says that nothing was changed anywhere.
const NONE_ANYWHERE: u64 = EMPTY - 1;

/// Writes the changes of the whole system.
pub(super) fn feed(world: &World, state: &State, sheet: &mut Sheet) {
    for (number, change) in state.own_changes().iter().enumerate().rev() {
        Reader::new(world, state, change.at).own_change(sheet, number, change);
    }
    for (slot, change) in world.incident.changes.iter().enumerate() {
        let name = Some(world.incident.topology.name(change.at));
        Reader::new(world, state, change.at).change(sheet, slot, change, name);
    }
    if sheet.records.is_empty() {
        let reader = Reader::new(world, state, world.incident.topology.gateway);
        sheet.begin(reader.id(CHANGES, NONE_ANYWHERE, i64::from(reader.now)), Claim::Nothing);
        let _ = writeln!(sheet.text, "{} no change on record", reader.clock(reader.now));
    }
}

impl Reader<'_> {
    /// Writes the changes of the entity that were made in the episode, newest first.
    pub(super) fn own_changes(&self, sheet: &mut Sheet) {
        let own = self.state.own_changes().iter().enumerate().rev();
        for (number, change) in own.filter(|(_, change)| change.at == self.at) {
            self.own_change(sheet, number, change);
        }
    }

    /// Writes a change that was made in the episode. It tells of what was done, and nothing about the fault.
    fn own_change(&self, sheet: &mut Sheet, number: usize, change: &OwnChange) {
        let OwnChange { minute, verb, name, .. } = change;
        sheet.begin(self.id(CHANGES, OWN + number as u64, i64::from(*minute)), Claim::Nothing);
        let verb = &self.world.library.vocabulary.verb(*verb).name;
        let ago = self.now - minute;
        let _ = writeln!(sheet.text, "{}, {ago} min ago, by you: {verb} {name}", self.clock(*minute));
    }
}
