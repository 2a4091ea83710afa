//! The history of changes: the triggers of the faults, the changes at decoys, and others that mean nothing.

use std::collections::BTreeSet;

use crate::data::family::{ChangeKind, Family};
use crate::data::kinds::Kind;
use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::incident::incident::{Change, Decoy, Refutation};
use crate::system::fault::Fault;
use crate::system::named_objects::has_flag;
use crate::system::topology::Topology;

/// The number of changes that an entity may have, each with this chance in hundredths.
const MOST_CHANGES: u64 = 4;
const CHANGED: u32 = 45;
/// The age of the oldest change, in minutes.
const OLDEST: u32 = 7200;
/// The minutes after an onset from which a change is clearly later.
const CLEARLY_AFTER: u32 = 12;

/// What a history is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    pub(super) topology: &'a Topology,
    pub(super) library: &'a Library,
    pub(super) draws: Draws,
    /// The source of ids.
    pub(super) names: Draws,
}

impl History<'_> {
    /// Draws the history of changes, and returns it with the ids of the triggers of the given faults. Each fault
    /// comes with its family and its minutes from onset to alert.
    pub(super) fn changes(
        self,
        faults: &[(&Fault, &Family, u32)],
        decoys: &[Decoy],
        duration: u32,
    ) -> (Vec<Change>, Vec<Option<String>>) {
        /// The first salts of the changes of decoys and of the other changes; triggers have the salts 1 and 2.
        const OF_DECOYS: u64 = 100;
        const OF_OTHERS: u64 = 1000;
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
                let change = Change { id: id(salt), at: fault.trigger_at, kind, minutes_ago: duration + lag };
                changes.push(change.clone());
                change.id
            }));
        }
        // What is looked at because of a decoy was mostly changed as well.
        for (salt, decoy) in (OF_DECOYS..).zip(decoys) {
            let kind = self.kind_of_change(decoy.at, salt);
            let minutes_ago = match decoy.refutation {
                Refutation::TooLate => decoy.from.unsigned_abs() + draws.within(Stream::Changes, salt, 1, 1, 9),
                _ => self.age(salt, duration),
            };
            changes.push(Change { id: id(salt), at: decoy.at, kind, minutes_ago });
        }
        for (at, number) in self.topology.ids().flat_map(|at| (0..MOST_CHANGES).map(move |number| (at, number))) {
            let salt = OF_OTHERS + u64::from(at) * MOST_CHANGES + number;
            if draws.below(Stream::Changes, salt, 2, 100) < CHANGED {
                let kind = self.kind_of_change(at, salt);
                changes.push(Change { id: id(salt), at, kind, minutes_ago: self.age(salt, duration) });
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

    /// Draws the age of a change that set nothing off, in minutes before the alert: half of them are as old as triggers
    /// are, and half are older or younger, up to five days.
    fn age(self, salt: u64, duration: u32) -> u32 {
        let draws = self.draws;
        if draws.below(Stream::Changes, salt, 4, 2) == 0 {
            let family = draws.pick(Stream::Changes, salt, 5, &self.library.families);
            let [least, most] = family.trigger.lag;
            return duration + draws.within(Stream::Changes, salt, 1, least.max(1), most.max(least).max(1));
        }
        // The logarithm is spread evenly, so there are as many from the last hour as from the last days.
        let doublings = draws.below(Stream::Changes, salt, 6, 11);
        let least = 4 << doublings;
        draws.within(Stream::Changes, salt, 7, least, 2 * least - 1).min(OLDEST)
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
