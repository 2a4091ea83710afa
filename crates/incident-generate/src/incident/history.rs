//! The history of changes: the triggers of the faults, the changes at decoys, and others that mean nothing.

use std::collections::BTreeSet;

use crate::data::family::{ChangeKind, Family};
use crate::data::kinds::Kind;
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::incident::incident::{Change, Decoy, Refutation};
use crate::system::fault::Fault;
use crate::system::named_objects::has_flag;
use crate::system::topology::Topology;

/// What a history is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    pub(super) topology: &'a Topology,
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
        for (salt, decoy) in (OF_DECOYS..).zip(decoys) {
            let minutes_ago = match decoy.refutation {
                Refutation::TooLate => draws.within(Stream::Changes, salt, 1, 0, duration.saturating_sub(1)),
                Refutation::TooEarly => duration + draws.within(Stream::Changes, salt, 1, 500, 2800),
                // These were changed shortly before the onset, as the true one mostly was.
                Refutation::Chronic | Refutation::Over => duration + draws.within(Stream::Changes, salt, 1, 2, 240),
            };
            changes.push(Change { id: id(salt), at: decoy.at, kind: self.kind_of_change(decoy.at, salt), minutes_ago });
        }
        // Half of all entities were changed some time ago.
        for at in self.topology.ids() {
            let salt = OF_OTHERS + u64::from(at);
            if draws.below(Stream::Changes, salt, 2, 2) == 0 {
                let minutes_ago = duration + draws.within(Stream::Changes, salt, 1, 600, 6000);
                changes.push(Change { id: id(salt), at, kind: self.kind_of_change(at, salt), minutes_ago });
            }
        }
        // Changes of one minute are in an order that does not depend on their ids, because it decides which one is
        // taken back if none is named.
        changes.sort_by_cached_key(|change| {
            let kind = change.kind as u64;
            (change.minutes_ago, draws.bits(Stream::Changes, u64::from(change.at), 4, kind), change.at, kind)
        });
        (changes, triggers)
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
