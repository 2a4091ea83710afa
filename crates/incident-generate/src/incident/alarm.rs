//! Alarms: which alert wakes the responder, for true and for false alarms alike. Both print the same, so nothing tells them
//! apart but what records show.

use std::cmp::Reverse;

use crate::data::kinds::{EdgeKind, Symptom, Work};
use crate::data::library::Library;
use crate::draws::{Draws, Stream};
use crate::ids::{ClassId, EntityId, EntitySet};
use crate::incident::course::Course;
use crate::incident::level::Knobs;
use crate::incident::propagation::Propagation;
use crate::incident::rejected::Rejected;
use crate::incident::rule::AlertRule;
use crate::proof::hypotheses::{Hypotheses, Laboratory, log2};
use crate::system::fault::Fault;
use crate::system::topology::Topology;

/// The share of alerts, in hundredths, for which a rule that watches response times is looked for first. Only where there
/// is one is it taken.
const LATENCY_RULES: u32 = 25;
/// The shares of alerts, in hundredths, for which a rule that watches a resource is looked for first, and one that misses
/// work.
const SATURATION_RULES: u32 = 12;
const ABSENCE_RULES: u32 = 12;
/// One in so many alerts on resources or absent work may be about the root, where no other part has such an alert.
const AT_ROOT: u32 = 2;
/// The least number of families that a rule on a resource or on absent work leaves open.
const FAMILIES: usize = 3;
/// The least and the greatest number of minutes from an onset until the rule fires that wakes the responder.
pub(crate) const DELAY: [u32; 2] = [1, 13];
/// The number of hops after which the search for the root is given up.
const MOST_HOPS: u32 = 20;

/// What alerts are chosen from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alarms<'a> {
    pub(super) library: &'a Library,
    pub(super) laboratory: Laboratory<'a>,
    pub(super) draws: Draws,
    pub(super) knobs: &'a Knobs,
}

/// The alert that wakes the responder.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// The rule that fired.
    pub(super) rule: AlertRule,
    /// The hypotheses that it leaves open.
    pub(super) left: Vec<usize>,
}

impl Alarms<'_> {
    /// Returns the class of evidence that shows a symptom, if one does.
    pub(super) fn class(self, symptom: Symptom) -> Option<ClassId> {
        self.laboratory.vocabulary.class_of(symptom)
    }

    /// Returns whether there are rules on a symptom at an entity: a record of it shows what they watch.
    fn is_watched(self, at: EntityId, symptom: Symptom) -> bool {
        let topology = self.laboratory.topology;
        let kind = topology.entity(at).kind;
        match symptom {
            Symptom::Errors | Symptom::Latency => true,
            Symptom::Saturation(resource) => match (resource.class(), self.class(symptom)) {
                (None, _) => kind.is_service(),
                (Some(_), Some(class)) => {
                    self.library.telemetry.series.iter().any(|one| one.class == class && one.kinds.contains(&kind))
                }
                (Some(_), None) => false,
            },
            Symptom::Absence(Work::Requests) => {
                let calls = || topology.needed_by(at);
                Work::of(kind) == Work::Requests
                    && calls().next().is_some()
                    && calls().all(|edge| matches!(edge.kind, EdgeKind::Req | EdgeKind::Opt))
            }
            Symptom::Absence(work) => Work::of(kind) == work,
        }
    }

    /// Returns everything that an alert could be about, given which entities have a symptom.
    pub(super) fn candidates(self, of: impl Fn(Symptom) -> EntitySet) -> Vec<(EntityId, Symptom)> {
        let each = Symptom::ALL.into_iter().flat_map(|symptom| of(symptom).iter().map(move |at| (at, symptom)));
        each.filter(|(at, symptom)| self.is_watched(*at, *symptom)).collect()
    }

    /// Returns everything that an alert of a fault could be about, given which entities it troubles.
    pub(super) fn of_fault(self, fault: &Fault, troubled: impl Fn(Symptom) -> EntitySet) -> Vec<(EntityId, Symptom)> {
        let vocabulary = self.laboratory.vocabulary;
        let shown = |class: ClassId| {
            let holding = fault.holding(vocabulary, fault.start);
            holding.filter(|acting| acting.predicate.shows.contains(class)).map(|acting| acting.at).collect()
        };
        self.candidates(|symptom| self.class(symptom).map_or_else(|| troubled(symptom), shown))
    }

    /// Returns a rule on a symptom that is not met before an onset and fires until `latest`. It fires up to the alert if it
    /// has to.
    pub(super) fn rule(
        self,
        (at, symptom): (EntityId, Symptom),
        course: &Course,
        [onset, latest]: [i32; 2],
        has_to_fire: bool,
    ) -> Option<AlertRule> {
        let class = self.class(symptom);
        let possible = AlertRule::possible(self.draws, at, symptom, course.usual(at), self.knobs.noise);
        possible.into_iter().find_map(|rule| {
            let first = course.first(&rule, class, [onset - 1, latest])?;
            let fired = first + rule.pending.cast_signed();
            let fits = first >= onset && fired <= latest && course.is_met(&rule, class, fired);
            let still_fires = !has_to_fire || (fired..=0).all(|minute| course.is_met(&rule, class, minute));
            (fits && still_fires).then_some(AlertRule { since: fired.unsigned_abs(), ..rule })
        })
    }

    /// Returns the place of a symptom in the order in which alerts are looked for. Which kind comes first is drawn, and few
    /// alerts are about resources or absent work.
    fn order(self, symptom: Symptom) -> u32 {
        let drawn = self.draws.below(Stream::Alert, 0, 2, 100);
        let first = drawn.checked_sub(SATURATION_RULES + ABSENCE_RULES);
        let latency = first.map_or(drawn.is_multiple_of(4), |drawn| {
            drawn * 100 < LATENCY_RULES * (100 - SATURATION_RULES - ABSENCE_RULES)
        });
        match symptom {
            Symptom::Saturation(_) if drawn < SATURATION_RULES => 0,
            Symptom::Absence(_) if first.is_none() && drawn >= SATURATION_RULES => 0,
            Symptom::Errors | Symptom::Latency => 1 + u32::from((symptom == Symptom::Latency) != latency),
            Symptom::Saturation(_) | Symptom::Absence(_) => 3,
        }
    }

    /// Chooses the alert of a fault among those that it could make fire. The entity is as far from the root as possible, and
    /// enough is left open.
    pub(super) fn page(
        self,
        truth: usize,
        fault: &Fault,
        candidates: Vec<(EntityId, Symptom)>,
        hypotheses: &Hypotheses<'_>,
        course: &Course,
        duration: u32,
    ) -> Result<Page, Rejected> {
        let topology = self.laboratory.topology;
        let far = |at: EntityId| {
            let near = at == fault.root || at == topology.gateway;
            (near, Reverse(hops(topology, at, fault)), self.draws.bits(Stream::Alert, u64::from(at), 1, 0))
        };
        let mut candidates = candidates;
        candidates.sort_by_cached_key(|(at, symptom)| (self.order(*symptom), far(*at)));
        let onset = -duration.cast_signed();
        let within = [onset, onset + DELAY[1].cast_signed()];
        let appearance = hypotheses.appearance(truth);
        let (shows, troubled) = (appearance.shows.as_slice(), appearance.most.any());
        let way = Propagation { topology, root: fault.root, shows, troubled };
        let has_path = |at: EntityId| way.path_from(at).is_some();
        let may_be_root = self.draws.below(Stream::Alert, 0, 6, AT_ROOT) == 0;
        let mut reason = Rejected::NoAlert;
        for (at, symptom) in candidates {
            if symptom.is_rare() && at == fault.root && !may_be_root {
                continue;
            }
            let left = hypotheses.after_alert(at, symptom);
            let is_open = left.contains(&truth)
                && hypotheses.entropy(&left) >= log2(self.knobs.hypotheses as u64)
                && (!symptom.is_rare() || hypotheses.families(&left) >= FAMILIES && has_path(at));
            if !is_open {
                reason = Rejected::TooFewFaults;
                continue;
            }
            if let Some(rule) = self.rule((at, symptom), course, within, true) {
                return Ok(Page { rule, left });
            }
        }
        Err(reason)
    }
}

/// Counts the calls in a row from an entity to the root of a fault.
pub(super) fn hops(topology: &Topology, from: EntityId, fault: &Fault) -> u32 {
    let mut at = vec![from];
    let mut seen = vec![false; topology.entities.len()];
    for hops in 0..MOST_HOPS {
        if at.contains(&fault.root) {
            return hops;
        }
        let mut next = Vec::new();
        for entity in at {
            let node = topology.entity(entity).node;
            for to in topology.needs(entity).map(|edge| edge.to).chain(node) {
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
