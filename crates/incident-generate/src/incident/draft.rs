//! Drafts: a system with all faults that it can have, from which the parts of an incident are chosen and proved.

use std::cmp::Reverse;

use crate::data::kinds::Kind;
use crate::data::library::Library;
use crate::draws::{Draws, Sources, Stream};
use crate::ids::{ClassSet, EntityId};
use crate::incident::history::History;
use crate::incident::incident::{Decoy, Incident, Proof, Refutation, Second};
use crate::incident::level::{Knobs, Level};
use crate::proof::hypotheses::{Appearance, Hypotheses, Hypothesis, Laboratory};
use crate::proof::repair_plan;
use crate::system::builder::{self, Size};
use crate::system::fault::Fault;
use crate::system::topology::Topology;
use crate::system::traffic::TrafficModel;
use incident_env::Severity;

/// Controls are incidents without a fault and with a false alert. So many in [`OF_CONTROLS`] of the P4 incidents are
/// controls, because a control is always P4. Of all incidents they are 1 in 10.
const CONTROLS: u32 = 4;
const OF_CONTROLS: u32 = 10;
/// The number of faults that are tried as a second one.
const MOST_SECONDS: usize = 12;
/// The number of hops after which the search for the root is given up.
const MOST_HOPS: u32 = 20;
/// The greatest number of minutes from an onset to the alert.
const LONGEST_DURATION: u32 = 45;
/// The least number of minutes from the onset to the alert.
const SHORTEST_DURATION: u32 = 6;
/// The same if there are two faults, so that neither began too shortly before the alert to have settled.
const SHORTEST_OF_TWO: u32 = 15;

/// The reason why an attempt was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejected {
    /// No fault of this system has the wanted severity.
    NoFault,
    /// No entity could be alerted.
    NoAlert,
    /// Another fault, or no fault at all, would look the same.
    Ambiguous,
    /// The alert excludes too many faults.
    TooFewFaults,
    /// Too few views exclude all other faults.
    TooFewViews,
    /// The fault cannot be repaired without harm.
    NoRepair,
    /// The fault acts along no path that an answer could name.
    NoPath,
    /// The fault cannot be shown by as few records as an answer may cite.
    TooManyRecords,
}

/// Where an incident comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The id of the incident.
    pub id: &'a str,
    /// The level that was asked for.
    pub level: Level,
    /// The knobs of the level, or as they were turned.
    pub knobs: Knobs,
    /// The number of the incident among those of the suite and level.
    pub number: u64,
    /// The number of attempts before.
    pub attempt: u64,
}

/// What an incident should be.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The severity, or `None` for a control.
    severity: Option<Severity>,
    draws: Draws,
}

impl Wanted {
    /// Draws what is wanted. Severities take turns, so one of every four incidents has each, and an answer that is
    /// always the same is worth the same in every suite.
    #[must_use]
    pub(crate) fn draw(draws: Draws, number: u64, patience: u64) -> Self {
        let severity = match number % 4 {
            0 => Severity::P1,
            1 => Severity::P2,
            2 => Severity::P3,
            _ => Severity::P4,
        };
        let control = severity == Severity::P4 && draws.below(Stream::Severity, 0, 0, OF_CONTROLS) < CONTROLS;
        Self { severity: (!control).then_some(severity), draws: draws.child(patience) }
    }
}

/// A system with all faults that it can have.
#[derive(Debug)]
pub(crate) struct Draft {
    draws: Draws,
    topology: Topology,
    traffic: TrafficModel,
    all: Vec<Hypothesis>,
    /// The source of names and ids. Nothing that happens depends on it.
    names: Draws,
}

/// What was chosen in a draft.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The true hypothesis, unless it is a control.
    truth: Option<usize>,
    /// The second fault, and both joined.
    second: Option<(usize, Fault)>,
    impact: i32,
    diverges: bool,
    decoys: Vec<Decoy>,
    alerted: EntityId,
    /// The appearances of all other faults that the alert leaves open.
    rivals: Vec<Appearance>,
    proof: Proof,
}

impl Draft {
    /// Builds a system, and simulates every fault that it can have.
    #[must_use]
    pub(crate) fn new(library: &Library, knobs: &Knobs, Sources { draws, names }: Sources) -> Self {
        let topology = builder::build(draws, names, Size { services: knobs.services, hops: knobs.hops }, knobs.naming);
        let traffic = TrafficModel::new(&topology);
        let laboratory = Laboratory { topology: &topology, traffic: &traffic, vocabulary: &library.vocabulary };
        let all = laboratory.every_fault(&library.families, draws, None);
        Self { draws, topology, traffic, all, names }
    }

    fn laboratory<'a>(&'a self, library: &'a Library) -> Laboratory<'a> {
        Laboratory { topology: &self.topology, traffic: &self.traffic, vocabulary: &library.vocabulary }
    }

    /// Chooses the parts of an incident, and proves that they hold together.
    ///
    /// # Errors
    /// The draft has nothing that is wanted, or it cannot be proved.
    pub(crate) fn choose(&self, library: &Library, knobs: &Knobs, wanted: &Wanted) -> Result<Parts, Rejected> {
        let truth = match wanted.severity {
            None => None,
            Some(severity) => Some(self.fault(severity, wanted.draws).ok_or(Rejected::NoFault)?),
        };
        let second = match (truth, wanted.severity) {
            (Some(index), Some(severity)) if knobs.faults > 1 => Some(self.second(library, index, severity)?),
            _ => None,
        };
        // If there is a second fault, all hypotheses are compared with what is seen while it is at work.
        let beside = second.as_ref().map(|(other, _)| {
            let other = &self.all[*other].fault;
            self.laboratory(library).every_fault(&library.families, self.draws, Some(other))
        });
        let all = beside.as_ref().unwrap_or(&self.all);
        let decoys = self.decoys(library, knobs, all, truth);
        let hypotheses = Hypotheses::over(&library.vocabulary, all);
        let seen = decoys.iter().map(|decoy| (decoy.at, decoy.shows));
        let scene = hypotheses.scene(truth, self.topology.entities.len(), seen, knobs.ambiguity);
        hypotheses.only(&scene, truth).map_err(|_| Rejected::Ambiguous)?;
        let Some(index) = truth else {
            let alerted = self.stale_alert();
            let left = hypotheses.after_alert(alerted);
            let proof = Proof { faults: all.len(), after_alert: left.len(), views: None, repair: Vec::new(), hops: 0 };
            let rivals = left.iter().map(|index| all[*index].appearance.clone()).collect();
            return Ok(Parts { truth, second: None, impact: 0, diverges: false, decoys, alerted, rivals, proof });
        };
        if let Some((other, _)) = &second {
            let pair = self.laboratory(library).only_pair(&self.all, &scene, [index, *other]);
            pair.map_err(|_| Rejected::Ambiguous)?;
        }
        let (alerted, left) = self.alerted(index, second.as_ref().map(|(other, _)| *other), &hypotheses, knobs)?;
        let views = hypotheses.fewest_views(&scene, &left, index);
        if views.as_ref().is_some_and(|views| views.len() < knobs.views) {
            return Err(Rejected::TooFewViews);
        }
        let own = &self.all[index].fault;
        let whole = second.as_ref().map_or(own, |(_, both)| both);
        let repair = repair_plan::shortest(whole).ok_or(Rejected::NoRepair)?;
        let hops = self.hops(alerted, own);
        let proof = Proof { faults: all.len(), after_alert: left.len(), views, repair, hops };
        let others = left.iter().filter(|left| **left != index);
        let rivals = others.map(|left| all[*left].appearance.clone()).collect();
        let (impact, diverges) = (all[index].impact, all[index].diverges);
        Ok(Parts { truth, second, impact, diverges, decoys, alerted, rivals, proof })
    }

    /// Chooses a second fault with which the incident has the wanted severity, and joins it to the first one. The two
    /// never show anything at the same entity.
    fn second(&self, library: &Library, truth: usize, severity: Severity) -> Result<(usize, Fault), Rejected> {
        let (one, quiet) = (&self.all[truth], self.traffic.settled(&[]));
        let is_apart = |other: &Hypothesis| {
            let mut pairs = one.appearance.shows.iter().zip(&other.appearance.shows);
            pairs.all(|(its, others)| its.is_empty() || others.is_empty())
        };
        let fits = |index: &usize| {
            let other = &self.all[*index];
            other.fault.family != one.fault.family
                && other.fault.trigger_at != one.fault.trigger_at
                && Severity::of(other.impact, other.diverges) >= severity
                && is_felt(other)
                && is_apart(other)
        };
        let mut fitting: Vec<_> = (0..self.all.len()).filter(fits).collect();
        fitting.sort_by_key(|index| self.draws.bits(Stream::Family, *index as u64, 2, 0));
        fitting.truncate(MOST_SECONDS);
        let joined = fitting.into_iter().find_map(|index| {
            let other = &self.all[index].fault;
            let both = one.fault.joined(other)?;
            let seen = self.laboratory(library).simulated(one.fault.clone(), Some(other), &quiet);
            (Severity::of(seen.impact, seen.diverges) == severity).then_some((index, both))
        });
        joined.ok_or(Rejected::NoFault)
    }

    /// Chooses a fault of this severity: first one of the families that have such a fault, then one of its roots.
    fn fault(&self, severity: Severity, draws: Draws) -> Option<usize> {
        let is_wanted = |one: &Hypothesis| Severity::of(one.impact, one.diverges) == severity && is_felt(one);
        let fitting: Vec<_> = (0..self.all.len()).filter(|index| is_wanted(&self.all[*index])).collect();
        // The rank of a family does not depend on which others fit, so that rare families are not always passed over.
        let rank = |family: &usize| draws.bits(Stream::Family, *family as u64, 0, 0);
        let family = fitting.iter().map(|index| self.all[*index].fault.family).min_by_key(rank)?;
        let roots: Vec<_> = fitting.into_iter().filter(|index| self.all[*index].fault.family == family).collect();
        Some(*self.draws.pick(Stream::Family, 1, family as u64, &roots))
    }

    /// Chooses the entity that the alert names, and returns it with the hypotheses that this leaves open. It is in
    /// trouble, as far from the root as possible, and leaves enough open. What the second fault troubles is not
    /// alerted.
    fn alerted(
        &self,
        truth: usize,
        second: Option<usize>,
        hypotheses: &Hypotheses<'_>,
        knobs: &Knobs,
    ) -> Result<(EntityId, Vec<usize>), Rejected> {
        let one = &self.all[truth];
        let others = second.map(|second| self.all[second].appearance.troubled.any()).unwrap_or_default();
        let far = |at: &EntityId| {
            let near = *at == one.fault.root || *at == self.topology.gateway;
            (near, Reverse(self.hops(*at, &one.fault)), self.draws.bits(Stream::Alert, u64::from(*at), 1, 0))
        };
        let mut troubled: Vec<_> = (one.appearance.troubled.any() - others).iter().collect();
        troubled.sort_by_cached_key(far);
        let mut reason = Rejected::NoAlert;
        for at in troubled {
            let left = hypotheses.after_alert(at);
            if left.len() >= knobs.hypotheses && left.contains(&truth) {
                return Ok((at, left));
            }
            reason = Rejected::TooFewFaults;
        }
        Err(reason)
    }

    /// Chooses the entity that a false alert names. It stands for a threshold that nobody maintains.
    fn stale_alert(&self) -> EntityId {
        let apis: Vec<_> = self.topology.of(Kind::Api).collect();
        *self.draws.pick(Stream::Alert, 0, 0, &apis)
    }

    /// Counts the calls in a row from an entity to the root of a fault.
    fn hops(&self, from: EntityId, fault: &Fault) -> u32 {
        let mut at = vec![from];
        let mut seen = vec![false; self.topology.entities.len()];
        for hops in 0..MOST_HOPS {
            if at.contains(&fault.root) {
                return hops;
            }
            let mut next = Vec::new();
            for entity in at {
                let node = self.topology.entity(entity).node;
                for to in self.topology.needs(entity).map(|edge| edge.to).chain(node) {
                    if !seen[to.index()] {
                        seen[to.index()] = true;
                        next.push(to);
                    }
                }
            }
            if next.is_empty() {
                // What runs under everything is one hop away from everything.
                return hops + 1;
            }
            at = next;
        }
        MOST_HOPS
    }

    /// Draws decoys, at entities where the fault shows nothing.
    fn decoys(&self, library: &Library, knobs: &Knobs, all: &[Hypothesis], truth: Option<usize>) -> Vec<Decoy> {
        let draws = self.draws;
        let entities: Vec<_> = self.topology.ids().collect();
        let is_free = |at: &EntityId| truth.is_none_or(|index| all[index].appearance.shows[at.index()].is_empty());
        let order = draws.shuffled(Stream::Decoys, 0, entities.len());
        let free = order.into_iter().map(|index| entities[index]).filter(is_free);
        let decoy = |at: EntityId| {
            // A decoy shows what some fault could show there. Nothing else would mislead anybody.
            let possible: ClassSet = self.all.iter().map(|one| one.appearance.shows[at.index()]).collect();
            let mut classes: Vec<_> =
                library.vocabulary.numbered_classes().map(|(id, _)| id).filter(|id| possible.contains(*id)).collect();
            classes.sort_by_key(|id| draws.bits(Stream::Decoys, u64::from(at), u64::from(*id), 1));
            let count = draws.within(Stream::Decoys, u64::from(at), 1000, 1, knobs.ambiguity.max(1)) as usize;
            let shows: ClassSet = classes.into_iter().take(count).collect();
            let refutation = *draws.pick(Stream::Decoys, u64::from(at), 2000, &Refutation::ALL);
            (!shows.is_empty()).then_some(Decoy { at, shows, refutation })
        };
        free.filter_map(decoy).take(usize::from(knobs.decoys)).collect()
    }

    /// Finishes an incident with the chosen parts: the times of the onsets, and the history of changes.
    #[must_use]
    pub(crate) fn finish(self, library: &Library, parts: Parts, origin: &Origin<'_>) -> Incident {
        let Parts { truth, second, impact, diverges, decoys, alerted, rivals, proof } = parts;
        let Origin { id, level, knobs, number, attempt } = *origin;
        let draws = self.draws;
        let least = if second.is_some() { SHORTEST_OF_TWO } else { SHORTEST_DURATION };
        let duration = draws.within(Stream::Onset, 0, 0, least, LONGEST_DURATION);
        let other_duration = draws.within(Stream::Onset, 1, 0, least, LONGEST_DURATION);
        let one = truth.map(|index| &self.all[index]);
        let other = second.as_ref().map(|(index, _)| &self.all[*index].fault);
        let own = one.map(|one| (&one.fault, duration));
        let faults: Vec<_> = own
            .into_iter()
            .chain(other.map(|fault| (fault, other_duration)))
            .map(|(fault, duration)| (fault, &library.families[fault.family], duration))
            .collect();
        let history = History { topology: &self.topology, draws, names: self.names };
        let (changes, triggers) = history.changes(&faults, &decoys, duration);
        let mut triggers = triggers.into_iter();
        let trigger = triggers.next().flatten();
        let second_fault = one.zip(other).map(|(one, other)| Second {
            family: other.family,
            root: other.root,
            trigger_at: other.trigger_at,
            trigger: triggers.next().flatten(),
            duration: other_duration,
            first_fact: one.fault.facts.len(),
            facts_before: one.fault.start.len() as usize,
        });
        Incident {
            id: id.to_owned(),
            level,
            number,
            attempt,
            draws,
            names: self.names,
            fault: second.map(|(_, both)| both).or_else(|| one.map(|one| one.fault.clone())),
            second: second_fault,
            duration,
            changes,
            trigger,
            decoys,
            alerted,
            impact,
            severity: Severity::of(impact, diverges),
            knobs,
            shows: one.map_or_else(Vec::new, |one| one.appearance.shows.clone()),
            rivals,
            proof,
            topology: self.topology,
            traffic: self.traffic,
        }
    }
}

/// Returns whether a fault would be noticed: some entity is in trouble.
fn is_felt(one: &Hypothesis) -> bool {
    !one.appearance.troubled.any().is_empty()
}
