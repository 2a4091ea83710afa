//! Citations: how far the records that an answer cites show the cause.
//!
//! There are two ways to show it. Records can rule out the other explanations, or they can tell the causal chain: a sign
//! of the fault at a part that it is about, a call towards the root that fails, and the change that set the fault off.
//! Most people cite the chain.

use crate::ids::{EntityId, EntitySet};
use crate::incident::incident::Incident;
use crate::incident::world::World;
use crate::play::grounding::{Deeds, number, ruled_out};
use crate::play::limits::{CHAIN, SHOWN_FROM};
use crate::proof::claim::{Claim, is_consistent};
use crate::record_id::RecordId;
use incident_env::grade::rubric;

/// Returns the worth of the citations of an answer, 0 to 1. What this episode was not shown counts as a citation that
/// does not belong to the cause.
#[must_use]
pub(crate) fn citations(world: &World, deeds: &Deeds, cited: &[RecordId]) -> f64 {
    if cited.is_empty() {
        return 0.0;
    }
    let of = |id: RecordId| deeds.seen.iter().filter(move |record| record.id == id).map(|record| record.claim);
    let claims: Vec<_> = cited.iter().copied().flat_map(of).collect();
    let cause = Cause::of(world);
    let in_chain = |id: &RecordId| of(*id).any(|claim| cause.includes(claim));
    let tells = |id: &RecordId| of(*id).any(|claim| discriminates(&world.incident, &claims, claim));
    let chain = cited.iter().filter(|id| in_chain(id)).count();
    let fitting = cited.iter().filter(|id| in_chain(id) || tells(id)).count();
    let shown = (ruled_out(&world.incident, &claims) / SHOWN_FROM).max(number(chain) / number(CHAIN));
    rubric::citations(shown, number(fitting) / number(cited.len()))
}

/// Returns whether a claim excludes a rival: by itself, or together with the other signs among these claims that were
/// seen at the same part.
fn discriminates(incident: &Incident, claims: &[Claim], claim: Claim) -> bool {
    let with: Vec<_> = match claim {
        Claim::Shows { at, .. } => {
            let is_here = |other: &&Claim| matches!(other, Claim::Shows { at: other, .. } if *other == at);
            claims.iter().filter(is_here).copied().collect()
        }
        _ => vec![claim],
    };
    let without: Vec<_> = with.iter().copied().filter(|other| *other != claim).collect();
    let ambiguity = incident.knobs.ambiguity;
    incident
        .rivals
        .iter()
        .any(|rival| is_consistent(rival, &without, ambiguity) && !is_consistent(rival, &with, ambiguity))
}

/// What a record has to tell of to belong to the causal chain.
struct Cause<'a> {
    world: &'a World,
    /// The parts through which the fault acts from its root to the alerted part.
    way: EntitySet,
}

impl<'a> Cause<'a> {
    fn of(world: &'a World) -> Self {
        let Some(fault) = &world.incident.fault else { return Self { world, way: EntitySet::EMPTY } };
        let towards_root = reach(world, world.incident.alert.at, |from, to| world.acts(from, to));
        let towards_alert = reach(world, fault.root, |from, to| world.acts(to, from));
        Self { world, way: towards_root & towards_alert }
    }

    /// Returns whether the fault is about an entity: it is the root, or the fault shows there.
    fn is_about(&self, at: EntityId) -> bool {
        let incident = &self.world.incident;
        incident.fault.as_ref().is_some_and(|fault| fault.root == at) || !incident.shows(at).is_empty()
    }

    /// Returns whether a claim belongs to the causal chain. Where nothing is wrong, the chain is whatever shows that:
    /// what excludes a fault, and what users get.
    fn includes(&self, claim: Claim) -> bool {
        let incident = &self.world.incident;
        let Some(fault) = &incident.fault else {
            return claim == Claim::Impact || discriminates(incident, &[claim], claim);
        };
        match claim {
            Claim::Shows { at, class } => incident.shows(at).contains(class),
            Claim::Errors { at, up } | Claim::Slow { at, up } => up && self.is_about(at),
            Claim::Calls { from, to, fail, .. } => {
                let is_on_way = self.way.contains(to) && self.world.acts(from, to);
                fail && self.way.contains(from) && (is_on_way || self.is_about(from))
            }
            Claim::Changed { number } => {
                let change = incident.changes.get(number);
                change.is_some_and(|change| incident.trigger.as_ref() == Some(&change.id))
            }
            Claim::Unchanged { at } => incident.trigger.is_none() && at == fault.root,
            Claim::Lacks { .. } | Claim::Health { .. } | Claim::Impact | Claim::Nothing => false,
        }
    }
}

/// Returns the entities that can be reached from one of them by steps that are allowed.
fn reach(world: &World, start: EntityId, allows: impl Fn(EntityId, EntityId) -> bool) -> EntitySet {
    let mut reached = EntitySet::of(start);
    let mut open = vec![start];
    while let Some(from) = open.pop() {
        for to in world.incident.topology.ids() {
            if !reached.contains(to) && allows(from, to) {
                reached |= EntitySet::of(to);
                open.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ClassId, ClassSet};
    use crate::proof::claim::Record;
    use crate::testing::{GATEWAY, SERVICE, STORE, Small};

    #[test]
    fn citations_count_by_what_they_show_and_by_how_many_belong_to_the_cause() {
        let small = Small::new();
        let class = |name: &str| ClassId::find(&small.library.vocabulary.classes, |class| class.name == name).unwrap();
        let (killed, busy) = (class("oom_kill"), class("cpu_high"));
        let world = small.world();
        let sign = Claim::Shows { at: STORE, class: killed };
        let excludes = Claim::Errors { at: GATEWAY, up: true };
        let usual = Claim::Nothing;
        let calls = |from, to| Claim::Calls { from, to, fail: true, errors: None };
        let (trigger, other_change) = (Claim::Changed { number: 0 }, Claim::Changed { number: 1 });
        for (claims, cited, expected) in [
            (vec![excludes], vec![], 0.0),
            (vec![excludes], vec![0], 1.0),
            // A lack of evidence excludes the rival that would show it.
            (vec![Claim::Lacks { at: SERVICE, classes: ClassSet::of(busy) }], vec![0], 1.0),
            (vec![sign, excludes], vec![0, 1], 1.0),
            // The chain shows the cause although it excludes nothing, and a part of it shows a part.
            (vec![sign, calls(SERVICE, STORE), trigger], vec![0, 1, 2], 1.0),
            (vec![sign, calls(GATEWAY, SERVICE)], vec![0, 1], 2.0 / 3.0),
            (vec![sign, sign, sign], vec![0, 1, 2], 1.0),
            (vec![sign], vec![0], 1.0 / 3.0),
            (vec![trigger], vec![0], 1.0 / 3.0),
            // Another change, a call that works, a usual line and what users get belong to nothing.
            (vec![other_change], vec![0], 0.0),
            (vec![Claim::Calls { from: SERVICE, to: STORE, fail: false, errors: None }], vec![0], 0.0),
            (vec![usual, Claim::Impact], vec![0, 1], 0.0),
            // Half of the citations may be besides the point.
            (vec![excludes, usual], vec![0, 1], 1.0),
            (vec![excludes, usual, usual, other_change], vec![0, 1, 2, 3], 0.5),
            // What was not shown is besides the point.
            (vec![excludes], vec![0, 77], 1.0),
            (vec![excludes], vec![0, 77, 78, 79], 0.5),
            (vec![excludes], vec![77], 0.0),
        ] {
            let record = |(id, claim): (u64, &Claim)| Record { id: RecordId::numbered(id), claim: *claim };
            let deeds = Deeds { seen: (0..).zip(&claims).map(record).collect(), ..Deeds::default() };
            let cited: Vec<_> = cited.into_iter().map(RecordId::numbered).collect();
            let found = citations(&world, &deeds, &cited);
            assert!((found - expected).abs() < 1e-9, "{claims:?} {cited:?}: {found}");
        }
    }
}
