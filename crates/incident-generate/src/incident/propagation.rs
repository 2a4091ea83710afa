//! Propagation: along which entities a fault acts, from its root to the alert.

use std::collections::VecDeque;

use crate::data::kinds::Kind;
use crate::ids::{ClassSet, EntityId, EntitySet};
use crate::incident::incident::Incident;
use crate::incident::world::World;
use crate::system::topology::Topology;

/// A fault and what it troubles, as far as its way through a system depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Propagation<'a> {
    /// The system that has the fault.
    pub(crate) topology: &'a Topology,
    /// The root of the fault.
    pub(crate) root: EntityId,
    /// The classes of evidence that the fault shows, by entity. Entities beyond the end show none.
    pub(crate) shows: &'a [ClassSet],
    /// The entities that the fault troubles.
    pub(crate) troubled: EntitySet,
}

impl Propagation<'_> {
    /// Returns whether the fault acts from one entity on another, where `from` is nearer to the alert and `to` nearer
    /// to the root.
    ///
    /// It does so along a call to what is in trouble, from a node to what runs on it, from what runs under
    /// everything, and along shared resources of which one caller takes too much.
    #[must_use]
    pub(crate) fn acts(&self, from: EntityId, to: EntityId) -> bool {
        let topology = self.topology;
        let is_in_it =
            |at: EntityId| at == self.root || self.shows.get(at.index()).is_some_and(|classes| !classes.is_empty());
        let calls = |from: EntityId, to: EntityId| topology.needs(from).any(|edge| edge.to == to);
        let [here, there] = [from, to].map(|at| topology.entity(at));
        let under = |kind: Kind| matches!(kind, Kind::Config | Kind::Identity | Kind::Dns | Kind::Network);
        (calls(from, to) && (self.troubled.contains(to) || is_in_it(to)))
            || (here.node == Some(to) && is_in_it(to))
            || (under(there.kind) && is_in_it(to) && is_in_it(from))
            || ((calls(to, from) || there.node == Some(from)) && is_in_it(to) && is_in_it(from))
    }

    /// Returns a shortest path along which the fault acts, from an alerted entity to the root.
    #[must_use]
    pub(crate) fn path_from(&self, start: EntityId) -> Option<Vec<EntityId>> {
        let Self { topology, root, .. } = *self;
        // The entity before each entity on the way from the start. That of the start is the start itself.
        let mut before: Vec<Option<EntityId>> = vec![None; topology.entities.len()];
        before[start.index()] = Some(start);
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            if at == root {
                let previous = |at: &EntityId| before[at.index()].filter(|before| before != at);
                let mut path: Vec<_> = std::iter::successors(Some(root), previous).collect();
                path.reverse();
                return Some(path);
            }
            for next in topology.ids() {
                if before[next.index()].is_none() && self.acts(at, next) {
                    before[next.index()] = Some(at);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

impl World {
    /// Returns the true fault and what it troubles, unless nothing is wrong.
    fn propagation(&self) -> Option<Propagation<'_>> {
        let Incident { topology, fault, shows, .. } = &self.incident;
        let root = fault.as_ref()?.root;
        Some(Propagation { topology, root, shows, troubled: self.troubled })
    }

    /// Returns whether the fault acts from one entity on another, where `from` is nearer to the alert and `to` nearer
    /// to the root.
    #[must_use]
    pub fn acts(&self, from: EntityId, to: EntityId) -> bool {
        self.propagation().is_some_and(|fault| fault.acts(from, to))
    }

    /// Returns a shortest path along which the fault acts, from the alerted entity to the root.
    #[must_use]
    pub fn path(&self) -> Option<Vec<EntityId>> {
        self.propagation()?.path_from(self.incident.alert.at)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{GATEWAY, SERVICE, STORE, Small};

    #[test]
    fn a_fault_acts_along_calls_from_the_root_to_the_alert() {
        let world = Small::new().world();
        assert_eq!(world.path(), Some(vec![GATEWAY, SERVICE, STORE]));
        assert!(world.acts(GATEWAY, SERVICE) && world.acts(SERVICE, STORE));
        assert!(!world.acts(GATEWAY, STORE) && !world.acts(SERVICE, GATEWAY));
    }
}
