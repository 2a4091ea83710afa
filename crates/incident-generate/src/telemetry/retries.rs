//! Retries: the calls that an entity makes beyond the first attempts, as traffic has them, by what is called.

use std::cmp::Reverse;

use crate::data::phrase::Place;
use crate::data::templates::Series;
use crate::data::vocabulary::Toward;
use crate::draws::Stream;
use crate::ids::{ClassId, EntityId};
use crate::incident::world::Presence;
use crate::proof::claim::Claim;
use crate::system::strength::Effect;
use crate::system::topology::Edge;
use crate::system::traffic::Acting;
use crate::telemetry::metrics::Decimal;
use crate::telemetry::reader::{METRICS, Reader, Sheet, when};

/// The slot of the retries of the calls to the first of those that an entity calls.
const RETRIES: u64 = 330;
/// The calls that are repeated on a usual day, in thousandths, at most.
const USUAL: u32 = 13;
/// Those that are repeated where that is seen and no fact says how many, in thousandths: at least and at most.
const MANY: [u32; 2] = [140, 230];

impl<'a> Reader<'a> {
    /// Returns the calls whose retries the entity counts, by what is called: those to other services. Where it makes none, it is the
    /// first of its calls.
    fn repeatable(&self) -> Vec<&'a Edge> {
        let needs = || self.world.incident.topology.needs(self.at);
        let requests: Vec<_> = needs().filter(|edge| edge.kind.is_request()).collect();
        if requests.is_empty() { needs().take(1).collect() } else { requests }
    }

    /// Writes how many calls the entity repeats: by what is called if its exporter tells, or else in all.
    pub(super) fn retries(&self, sheet: &mut Sheet, slot: u64, series: &Series) {
        let named = series.of.and_then(|of| self.dialect(self.at).series(of, self.kind(self.at)));
        let is_by_peer = named.is_some_and(|named| named.labels.places().any(Place::is_of_peer));
        let repeatable = self.repeatable();
        let acts = self.may_repeat();
        let claim = self.claim_of(series, 0);
        let where_shown = self.repeated_most(&repeatable);
        let each: Vec<&[&Edge]> = if is_by_peer { repeatable.chunks(1).collect() } else { vec![&repeatable[..]] };
        for (number, edges) in (0..).zip(each) {
            let peer = edges.first().map(|edge| edge.to);
            let printed = self.printed_of(series, peer);
            // Where only some calls are repeated, the others say nothing of it.
            let is_it = edges.iter().any(|edge| Some(edge.to) == where_shown);
            let claim = if matches!(claim, Claim::Shows { .. }) && !is_it { Claim::Nothing } else { claim };
            let own_slot = if is_by_peer { RETRIES + number } else { slot };
            sheet.begin(self.id(METRICS, own_slot, i64::from(self.now)), claim);
            let values = self.minutes().map(|point| {
                let all = |minute: i32| {
                    let of = |edge: &&Edge| {
                        self.retries_to(edge, series.class, (acts, Some(edge.to) == where_shown), [point, minute])
                    };
                    edges.iter().map(of).sum::<i64>()
                };
                Decimal { value: self.over(point, all) / 100, places: 1 }
            });
            self.series(sheet, &printed.label, printed.unit, values);
        }
    }

    /// Returns to whom the entity repeats calls where it is seen that it repeats many: to whom facts say, or else whose calls fail
    /// most.
    fn repeated_most(&self, edges: &[&Edge]) -> Option<EntityId> {
        let most = |edge: &&&Edge| {
            let made = self.repeated_to(edge, self.now);
            (if self.repeats(self.now) { made } else { 0 }, self.fails(edge, self.now).0, Reverse(edge.to))
        };
        edges.iter().max_by_key(most).map(|edge| edge.to)
    }

    /// Returns the calls along an edge that the entity repeats in a minute of those that a point stands for, in thousandths of a
    /// call a second. `acts` is whether facts or events say anything of calls of the entity, and `is_shown` whether it is there that a
    /// class of evidence is seen.
    fn retries_to(
        &self,
        edge: &Edge,
        class: ClassId,
        (acts, is_shown): (bool, bool),
        [point, minute]: [i32; 2],
    ) -> i64 {
        let (world, draws) = (self.world, self.world.incident.draws);
        let load =
            world.incident.traffic.usual(self.at) * i64::from(world.reading(self.state, self.at, minute).load) / 1000;
        let calls = load * i64::from(edge.calls.rate()) / 1000 * world.users(self.state, minute) / 1000;
        let failed = || i64::from(world.reading(self.state, edge.to, minute - 1).error).min(edge.calls.retried.into());
        let made = if acts { self.repeated_to(edge, minute) } else { calls * failed() / 1000 };
        let place = self.slot(RETRIES) ^ u64::from(edge.to) << 20;
        let holds = |one: &Presence| one.classes.contains(class) && (one.from..one.to).contains(&minute);
        let is_unexplained = is_shown && self.presences.iter().any(holds) && !self.repeats(minute);
        if acts && self.spares(edge, minute) {
            return 0;
        }
        let share = if is_unexplained {
            draws.within(Stream::Noise, place, when(point), MANY[0], MANY[1])
        } else {
            draws.below(Stream::Noise, place, when(point), USUAL * world.incident.knobs.noise.min(100) / 100 + 1)
        };
        made.max(calls * i64::from(share) / 1000)
    }

    /// Returns whether facts or events say anything of calls of the entity, at any time.
    fn may_repeat(&self) -> bool {
        let world = self.world;
        let facts = world.incident.fault.iter().flat_map(|fault| &fault.facts);
        let facts = facts.filter(|fact| fact.at == self.at).map(|fact| fact.predicate);
        let events = world.incident.decoys.iter().filter(|decoy| decoy.at == self.at).map(|decoy| decoy.predicate);
        facts.chain(events).any(|id| {
            let predicate = world.library.vocabulary.predicate(id);
            predicate.retries > 0 || predicate.toward.is_some() || predicate.spares.is_some()
        })
    }

    /// Returns whether the entity makes no calls along an edge in a minute, because it has a substitute.
    fn spares(&self, edge: &Edge, minute: i32) -> bool {
        let mut held = self.world.holding(self.state, self.at, minute);
        held.any(|acting| acting.predicate.spares.is_some_and(|toward| toward.includes(edge.kind)))
    }

    /// Returns the calls along an edge in a minute beyond the first attempts, in thousandths of a call a second: those that are
    /// repeated because they failed a minute before, and those that facts and events add.
    pub(super) fn repeated_to(&self, edge: &Edge, minute: i32) -> i64 {
        let (world, traffic) = (self.world, &self.world.incident.traffic);
        let held: Vec<_> = world.holding(self.state, self.at, minute).collect();
        let effect = |acting: &Acting<'_>| Effect::of(acting.predicate, acting.strength);
        let load = traffic.usual(self.at) * i64::from(world.reading(self.state, self.at, minute).load) / 1000;
        let again: i64 = held.iter().map(|acting| i64::from(effect(acting).retries)).sum();
        let repeated = {
            let concerns = |toward: Option<Toward>| toward.is_some_and(|toward| toward.includes(edge.kind));
            if self.spares(edge, minute) {
                return 0;
            }
            let along = || held.iter().filter(|acting| concerns(acting.predicate.toward));
            let passes = along().fold(1000, |passes, acting| passes * i64::from(1000 - acting.error()) / 1000);
            let called = i64::from(world.reading(self.state, edge.to, minute - 1).error);
            let fails = 1000 - passes * (1000 - called) / 1000;
            let attempts = fails.min(edge.calls.retried.into()) + again * fails / 1000;
            let added: i64 =
                along().filter(|acting| adds_calls(acting)).map(|acting| i64::from(effect(acting).load)).sum();
            load * i64::from(edge.calls.rate()) / 1000 * attempts / 1000 + traffic.usual(edge.to) * added.max(0) / 1000
        };
        repeated * world.users(self.state, minute) / 1000
    }

    /// Returns whether the entity repeats calls in a minute because of a fact or an event that says so.
    fn repeats(&self, minute: i32) -> bool {
        let topology = &self.world.incident.topology;
        let has_calls = |toward: Toward| topology.needs(self.at).any(|edge| toward.includes(edge.kind));
        let mut held = self.world.holding(self.state, self.at, minute);
        held.any(|acting| {
            acting.predicate.retries > 0 || adds_calls(&acting) && acting.predicate.toward.is_some_and(has_calls)
        })
    }
}

/// Returns whether a fact or an event makes calls of one service to another beside those for requests.
fn adds_calls(acting: &Acting<'_>) -> bool {
    acting.predicate.load > 0 && matches!(acting.predicate.toward, Some(Toward::Req | Toward::External))
}
