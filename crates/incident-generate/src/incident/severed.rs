//! Severed calls: whom callers do not reach where a name does not resolve, or where there is no way.

use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::{FailsAs, Vocabulary};
use crate::ids::{EntityId, EntitySet};
use crate::system::fault::Fault;
use crate::system::topology::{Edge, Topology};

/// Whom the callers of a system do not reach. Those that a fault cuts off all want to reach one part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Severed {
    unresolved: Option<EntityId>,
    unreachable: Option<EntityId>,
}

impl Severed {
    /// Finds whom the callers that a fault cuts off have in common.
    pub(super) fn of(fault: &Fault, topology: &Topology, vocabulary: &Vocabulary) -> Self {
        let find = |looks: FailsAs| {
            let cut = fault.facts.iter().filter(|fact| {
                let predicate = vocabulary.predicate(fact.predicate);
                predicate.fails_as == looks && predicate.error > 0 && predicate.toward.is_none()
            });
            let cut: EntitySet = cut.map(|fact| fact.at).collect();
            let is_way = |edge: &&Edge| looks != FailsAs::Unreachable || crosses(topology, edge);
            let callers = |at: EntityId| topology.needed_by(at).filter(is_way).map(|edge| edge.from);
            let rest = |at: EntityId| callers(at).filter(|from| !cut.contains(*from)).count();
            let all: usize = cut.iter().count();
            let reaches = |at: &EntityId| callers(*at).filter(|from| cut.contains(*from)).count() == all;
            let found = (all > 0).then(|| topology.ids().filter(reaches).min_by_key(|at| (rest(*at), *at)));
            found.flatten()
        };
        Self { unresolved: find(FailsAs::Unresolved), unreachable: find(FailsAs::Unreachable) }
    }

    /// Returns whom callers do not reach whose calls fail in a way.
    pub(super) const fn from(self, looks: FailsAs) -> Option<EntityId> {
        match looks {
            FailsAs::Unresolved => self.unresolved,
            FailsAs::Unreachable => self.unreachable,
            _ => None,
        }
    }
}

/// Returns whether a call of a service leads to another zone.
pub(crate) fn crosses(topology: &Topology, edge: &Edge) -> bool {
    let [from, to] = [edge.from, edge.to].map(|at| topology.entity(at));
    from.kind == Kind::Api && from.zone != to.zone && matches!(edge.kind, EdgeKind::Req | EdgeKind::Data)
}
