//! Retries: the calls that an entity makes beyond the first attempts, as traffic has them.

use crate::data::vocabulary::Toward;
use crate::ids::ClassId;
use crate::system::strength::Effect;
use crate::system::topology::Edge;
use crate::system::traffic::Acting;
use crate::telemetry::reader::Reader;

impl Reader<'_> {
    /// Returns the calls that the entity makes in a minute beyond the first attempts, in thousandths of a call a second: those
    /// that are repeated because they failed a minute before, and those that facts of a class of evidence add.
    pub(super) fn repeated_in(&self, class: ClassId, minute: i32) -> i64 {
        let (world, traffic) = (self.world, &self.world.incident.traffic);
        let held: Vec<_> = world.holding(self.state, self.at, minute).collect();
        let effect = |acting: &Acting<'_>| Effect::of(acting.predicate, acting.strength);
        let load = traffic.usual(self.at) * i64::from(world.reading(self.state, self.at, minute).load) / 1000;
        let again: i64 = held.iter().map(|acting| i64::from(effect(acting).retries)).sum();
        let repeated = |edge: &Edge| {
            let concerns = |toward: Option<Toward>| toward.is_some_and(|toward| toward.includes(edge.kind));
            if held.iter().any(|acting| concerns(acting.predicate.spares)) {
                return 0;
            }
            let along = || held.iter().filter(|acting| concerns(acting.predicate.toward));
            let passes = along().fold(1000, |passes, acting| passes * i64::from(1000 - acting.error()) / 1000);
            let called = i64::from(world.reading(self.state, edge.to, minute - 1).error);
            let fails = 1000 - passes * (1000 - called) / 1000;
            let attempts = fails.min(edge.calls.retried.into()) + again * fails / 1000;
            let of_class = along().filter(|acting| acting.predicate.shows.contains(class));
            let added: i64 = of_class.map(|acting| i64::from(effect(acting).load)).sum();
            load * i64::from(edge.calls.rate()) / 1000 * attempts / 1000 + traffic.usual(edge.to) * added.max(0) / 1000
        };
        let all: i64 = world.incident.topology.needs(self.at).map(repeated).sum();
        all * world.users(self.state, minute) / 1000
    }

    /// Returns whether a class of evidence is there in a minute because of a fact that repeats calls.
    pub(super) fn repeats(&self, class: ClassId, minute: i32) -> bool {
        let mut held = self.world.holding(self.state, self.at, minute);
        held.any(|acting| {
            let effect = Effect::of(acting.predicate, acting.strength);
            acting.predicate.shows.contains(class) && (effect.load > 0 || effect.retries > 0)
        })
    }
}
