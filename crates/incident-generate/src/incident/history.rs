//! The history of changes: the triggers of the faults, the changes at decoys, and others that mean nothing.

use std::collections::BTreeSet;

use crate::data::family::{ChangeKind, Family};
use crate::data::kinds::Kind;
use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::incident::incident::Change;
use crate::incident::level::Knobs;
use crate::system::bind::{Strengths, bind};
use crate::system::fault::Fault;
use crate::system::named_objects::has_flag;
use crate::system::topology::Topology;

/// The least and the greatest number of minutes from an onset to the alert. A series then has at least two samples since
/// the onset.
pub(super) const DURATION: [u32; 2] = [22, 55];
/// The share of places that were changed again, in hundredths.
const AGAIN: u32 = 30;
/// The ages of older changes, in minutes.
const OLD: [u32; 2] = [1500, 7200];
/// The minutes after an onset from which a change is clearly later.
const CLEARLY_AFTER: u32 = 12;

/// A change that set nothing off, as if it had.
#[derive(Debug, Clone, Copy)]
struct Posed {
    at: EntityId,
    /// The number of the family.
    family: usize,
    minutes_ago: u32,
}

/// What a history is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    pub(super) topology: &'a Topology,
    pub(super) library: &'a Library,
    pub(super) knobs: &'a Knobs,
    pub(super) draws: Draws,
    /// The source of ids.
    pub(super) names: Draws,
}

impl History<'_> {
    /// Draws the history of changes, and returns it with the ids of the triggers of the given faults. Each fault
    /// comes with its family and its minutes from onset to alert. `planned` is work at an entity so many minutes ago that made
    /// something pass by.
    pub(super) fn changes(
        self,
        faults: &[(&Fault, &Family, u32)],
        planned: Option<(EntityId, u32)>,
    ) -> (Vec<Change>, Vec<Option<String>>) {
        /// The first salts of the other changes; triggers have the salts 1 and 2.
        const OF_OTHERS: u64 = 100;
        const OF_PLANNED: u64 = 400;
        const OF_AGAIN: u64 = 500;
        const OF_OLD: u64 = 1000;
        let draws = self.draws;
        let mut taken = BTreeSet::new();
        let mut id = |salt: u64| {
            let mut number = self.names.below(Stream::Changes, salt, 0, 90_000);
            // Ids are unique, because an answer could mean either of two changes otherwise.
            while !taken.insert(number) {
                number = (number + 1) % 90_000;
            }
            format!("chg-{:05}", 10_000 + number)
        };
        let mut changes = Vec::new();
        let mut triggers = Vec::new();
        for (salt, (fault, family, duration)) in (1..).zip(faults) {
            let [least, most] = family.trigger.lag;
            let kind = family.trigger.kind;
            triggers.push(kind.is_recorded().then(|| {
                let lag = draws.within(Stream::Changes, salt, 1, least, most.max(least));
                let posed = Some(fault.family);
                let change = Change {
                    id: id(salt),
                    at: fault.trigger_at,
                    kind,
                    minutes_ago: duration + lag,
                    posed,
                    set_off: true,
                };
                changes.push(change.clone());
                change.id
            }));
        }
        // Other changes of the last day are drawn as triggers are: of the same kinds, at the same places, as long ago.
        for number in 0..self.knobs.changes {
            let salt = OF_OTHERS + u64::from(number);
            if let Some(Posed { at, family, minutes_ago }) = self.harmless_trigger(salt) {
                let kind = self.library.families[family].trigger.kind;
                changes.push(Change { id: id(salt), at, kind, minutes_ago, posed: Some(family), set_off: false });
            }
        }
        if let Some((at, minutes_ago)) = planned {
            let kind = self.kind_of_change(at, OF_PLANNED);
            changes.push(Change { id: id(OF_PLANNED), at, kind, minutes_ago, posed: None, set_off: false });
        }
        // Some places were changed again since, in another way.
        let again = |(salt, change): (u64, &Change)| {
            let kind = self.kind_of_change(change.at, salt);
            let minutes_ago = draws.within(Stream::Changes, salt, 1, 1, change.minutes_ago.max(2) - 1);
            let is_changed = draws.below(Stream::Changes, salt, 2, 100) < AGAIN && kind != change.kind;
            is_changed.then_some((salt, change.at, kind, minutes_ago))
        };
        let again: Vec<_> = (OF_AGAIN..).zip(&changes).filter_map(again).collect();
        for (salt, at, kind, minutes_ago) in again {
            changes.push(Change { id: id(salt), at, kind, minutes_ago, posed: None, set_off: false });
        }
        // Half of all entities were changed longer ago.
        for at in self.topology.ids() {
            let salt = OF_OLD + u64::from(at);
            if draws.below(Stream::Changes, salt, 2, 2) == 0 {
                let minutes_ago = draws.within(Stream::Changes, salt, 1, OLD[0], OLD[1]);
                changes.push(Change {
                    id: id(salt),
                    at,
                    kind: self.kind_of_change(at, salt),
                    minutes_ago,
                    posed: None,
                    set_off: false,
                });
            }
        }
        // A trigger is the newest change of its kind at its place before the onset, so that one can tell it.
        changes.retain(|change| {
            let is_trigger = triggers.iter().flatten().any(|id| *id == change.id);
            is_trigger
                || faults.iter().all(|(fault, family, duration)| !could_be_taken_for(change, fault, family, *duration))
        });
        // Changes of one minute are in an order that does not depend on their ids, because it decides which one is
        // taken back if none is named.
        changes.sort_by_cached_key(|change| {
            let kind = change.kind as u64;
            (change.minutes_ago, draws.bits(Stream::Changes, u64::from(change.at), 4, kind), change.at, kind)
        });
        (changes, triggers)
    }

    /// Draws a change that set nothing off as if it had: of a family, at a place where the family can be, and as long
    /// ago as such a change would have been made. Returns `None` if the family can be nowhere.
    fn harmless_trigger(self, salt: u64) -> Option<Posed> {
        let Self { topology, library, draws, .. } = self;
        let families: Vec<_> =
            library.families.iter().enumerate().filter(|(_, family)| family.trigger.kind.is_recorded()).collect();
        let (number, family) = *draws.pick(Stream::Changes, salt, 3, &families);
        let bound = |root: EntityId| bind(number, family, root, topology, &library.vocabulary, draws, Strengths::Usual);
        let places: Vec<_> = topology.ids().filter_map(bound).map(|fault| fault.trigger_at).collect();
        if places.is_empty() {
            return None;
        }
        let at = *draws.pick(Stream::Changes, salt, 4, &places);
        let [least, most] = family.trigger.lag;
        let lag = draws.within(Stream::Changes, salt, 5, least, most.max(least));
        let minutes_ago = draws.within(Stream::Changes, salt, 6, DURATION[0], DURATION[1]) + lag;
        Some(Posed { at, family: number, minutes_ago })
    }

    /// Draws a kind of change that is made to such an entity.
    fn kind_of_change(self, at: EntityId, salt: u64) -> ChangeKind {
        let kinds: &[ChangeKind] = match self.topology.entity(at).kind {
            Kind::Api if has_flag(self.topology, self.draws, at) => {
                &[ChangeKind::Deploy, ChangeKind::Config, ChangeKind::Flag]
            }
            Kind::Gateway | Kind::Api | Kind::Worker => &[ChangeKind::Deploy, ChangeKind::Config],
            Kind::Batch => &[ChangeKind::Deploy, ChangeKind::Job],
            Kind::Db => &[ChangeKind::Schema, ChangeKind::Config],
            Kind::Cache => &[ChangeKind::Purge, ChangeKind::Config],
            Kind::Queue | Kind::Config | Kind::Dns | Kind::External => &[ChangeKind::Config],
            Kind::Identity => &[ChangeKind::Rotation, ChangeKind::Config],
            Kind::Network => &[ChangeKind::Route],
            Kind::Node => &[ChangeKind::Ntp, ChangeKind::Config],
        };
        *self.draws.pick(Stream::Changes, salt, 3, kinds)
    }
}

/// Returns whether a change could be taken for the trigger of a fault: it is of the trigger's kind, at its place, and was
/// made before the onset or shortly after it, and not longer before it than such triggers are.
fn could_be_taken_for(change: &Change, fault: &Fault, family: &Family, duration: u32) -> bool {
    let is_before_onset = change.minutes_ago + CLEARLY_AFTER > duration;
    let is_recent = change.minutes_ago <= duration + family.trigger.lag[1];
    change.at == fault.trigger_at && change.kind == family.trigger.kind && is_before_onset && is_recent
}
