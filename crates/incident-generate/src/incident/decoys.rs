//! Decoys: events beside the fault that look like one. Each is true and does little to traffic. Some are refuted by the
//! time at which they began or ended; those that began with the fault are refuted by what is not seen beside them.

use std::cmp::Reverse;

use crate::data::kinds::EdgeKind;
use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::ids::{ClassId, ClassSet, EntityId};
use crate::incident::incident::{Decoy, Refutation};
use crate::incident::level::Knobs;
use crate::system::bind::{Strengths, bind};
use crate::system::fault::Fault;
use crate::system::reading::Troubled;
use crate::system::strength::Strength;
use crate::system::topology::Topology;

/// A minute long before everything that can be looked at.
const EVER: i32 = -1_000_000;

/// What decoys are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoys<'a> {
    pub(super) library: &'a Library,
    pub(super) topology: &'a Topology,
    pub(super) draws: Draws,
    pub(super) knobs: &'a Knobs,
}

impl Decoys<'_> {
    /// Draws the decoys, at entities where the fault shows nothing. `duration` is the number of minutes from its onset
    /// to the alert.
    pub(super) fn drawn(self, fault: Option<&Fault>, troubled: &Troubled, duration: u32) -> Vec<Decoy> {
        let mut decoys = self.broken(fault, troubled);
        let entities: Vec<_> = self.topology.ids().collect();
        let order = self.draws.shuffled(Stream::Decoys, 0, entities.len());
        let mut free: Vec<_> = order.into_iter().map(|index| entities[index]).collect();
        free.retain(|at| is_free(fault, *at) && !decoys.iter().any(|decoy| decoy.at == *at));
        let possible = self.possible();
        let (wanted, percent) = (u32::from(self.knobs.decoys), self.knobs.coincident);
        // Those that began with the fault lead astray where it is looked for.
        let mut near = free.clone();
        near.sort_by_key(|at| Reverse(self.nearness(*at, troubled)));
        let coincident = near
            .into_iter()
            .filter_map(|at| self.decoy(at, possible[at.index()], Refutation::Alone, duration))
            .take((wanted * percent / 100) as usize);
        decoys.extend(coincident);
        free.retain(|at| !decoys.iter().any(|decoy| decoy.at == *at));
        let more = free.into_iter().filter_map(|at| {
            let refutation = *self.draws.pick(Stream::Decoys, u64::from(at), 2000, &Refutation::BY_TIME);
            self.decoy(at, possible[at.index()], refutation, duration)
        });
        let more: Vec<_> = more.take((wanted - wanted * percent / 100) as usize).collect();
        decoys.extend(more);
        decoys
    }

    /// Returns how near an entity is to what the fault troubles: 2 where it troubles it, 1 beside that, else 0.
    fn nearness(self, at: EntityId, troubled: &Troubled) -> u8 {
        let troubled = troubled.any();
        let callers = self.topology.needed_by(at).map(|edge| edge.from);
        let mut around = callers.chain(self.topology.needs(at).map(|edge| edge.to));
        if troubled.contains(at) { 2 } else { u8::from(around.any(|other| troubled.contains(other))) }
    }

    /// Draws services, so many at most, that have failed for days and that their callers can do without. Those that are called by what
    /// the fault troubles come first, because there they lead astray.
    fn broken(self, fault: Option<&Fault>, troubled: &Troubled) -> Vec<Decoy> {
        let vocabulary = &self.library.vocabulary;
        let callers = |at: EntityId| self.topology.needed_by(at);
        let is_aside = |at: &EntityId| {
            callers(*at).next().is_some()
                && callers(*at).all(|edge| edge.kind == EdgeKind::Opt)
                && is_free(fault, *at)
                && !troubled.any().contains(*at)
        };
        let leads_astray = |at: EntityId| callers(at).any(|edge| troubled.any().contains(edge.from));
        let mut aside: Vec<_> = self.topology.ids().filter(is_aside).collect();
        aside.sort_by_key(|at| (!leads_astray(*at), self.draws.bits(Stream::Decoys, u64::from(*at), 3, 0)));
        let count = self.draws.below(Stream::Decoys, 1 << 32, 5, u32::from(self.knobs.broken) + 1);
        aside.truncate(count as usize);
        // Some fail much of what they are asked, and some little.
        let is_ailing = |at: EntityId| self.draws.below(Stream::Decoys, u64::from(at), 4, 2) == 0;
        let predicate = |at| if is_ailing(at) { vocabulary.long_ailing() } else { vocabulary.long_broken() };
        let decoy = |at: EntityId| Decoy {
            at,
            shows: vocabulary.predicate(predicate(at)).shows,
            predicate: predicate(at),
            strength: Strength::drawn(self.draws, u64::from(at), 900),
            refutation: Refutation::Chronic,
            from: EVER,
            to: i32::MAX,
        };
        aside.into_iter().map(decoy).collect()
    }

    /// Returns the classes of evidence that a fault could show at each entity. Nothing else would mislead anybody.
    fn possible(self) -> Vec<ClassSet> {
        let Self { library, topology, draws, .. } = self;
        let mut possible = vec![ClassSet::EMPTY; topology.entities.len()];
        for (number, family) in library.families.iter().enumerate() {
            for root in topology.ids() {
                let bound = bind(number, family, root, topology, &library.vocabulary, draws, Strengths::Usual);
                for acting in bound.iter().flat_map(|fault| fault.holding(&library.vocabulary, fault.start)) {
                    possible[acting.at.index()] |= acting.predicate.shows;
                }
            }
        }
        possible
    }

    /// Draws a decoy at an entity, if there is something that it can show.
    fn decoy(self, at: EntityId, possible: ClassSet, refutation: Refutation, duration: u32) -> Option<Decoy> {
        let Self { library, draws, .. } = self;
        let place = u64::from(at);
        let kind = self.topology.entity(at).kind;
        let event = |id: ClassId| {
            let class = &library.vocabulary.classes[id.index()];
            class.decoy.filter(|_| class.decoy_at.is_empty() || class.decoy_at.contains(&kind))
        };
        let mut classes: Vec<_> = possible.iter().filter(|id| event(*id).is_some()).collect();
        classes.sort_by_key(|id| draws.bits(Stream::Decoys, place, u64::from(*id), 1));
        let count = draws.within(Stream::Decoys, place, 1000, 1, self.knobs.ambiguity.max(1)) as usize;
        classes.truncate(count);
        let predicate = event(*classes.first()?)?;
        let onset = -duration.cast_signed();
        let within = |number: u64, low: i32, high: i32| {
            low + draws.within(Stream::Decoys, place, number, 0, (high - low).max(0).unsigned_abs()).cast_signed()
        };
        let (from, to) = match refutation {
            Refutation::Chronic => (EVER, i32::MAX),
            Refutation::Alone => (within(2006, onset - 2, onset + 4), i32::MAX),
            // It is clearly later than the onset, and there are samples since.
            Refutation::TooLate => (within(2001, onset + 10, -11), i32::MAX),
            Refutation::TooEarly => {
                let from = within(2002, onset - 62, onset - 48);
                (from, from + within(2003, 11, 16))
            }
            Refutation::Over => {
                let to = within(2004, onset - 9, onset - 3);
                (to - within(2005, 11, 18), to)
            }
        };
        let strength = Strength::drawn(draws, place, 901);
        Some(Decoy { at, shows: classes.into_iter().collect(), predicate, strength, refutation, from, to })
    }
}

impl Decoy {
    /// Returns whether the decoy has been there for days.
    #[must_use]
    pub fn is_chronic(&self) -> bool {
        self.from == EVER
    }
}

/// Returns whether a fault has no fact about an entity.
fn is_free(fault: Option<&Fault>, at: EntityId) -> bool {
    fault.is_none_or(|fault| fault.facts.iter().all(|fact| fact.at != at))
}
