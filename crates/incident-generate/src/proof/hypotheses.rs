//! Hypotheses: all faults that a system can have. Each is simulated by the same code as the true one, and they are
//! told apart by what they look like.
//!
//! A *view* is one diagnostic of one entity. Under a fault it shows classes of evidence, and whether errors and
//! response times are up. Decoys add classes that the fault does not show. A fault is *consistent* with the views
//! that were taken if everything that it shows in them is there, and if at each entity no more other classes are seen
//! than a decoy may show.

use std::cmp::Reverse;

use crate::data::family::Family;
use crate::data::vocabulary::Vocabulary;
use crate::draws::Draws;
use crate::ids::{ClassSet, EntityId};
use crate::system::bind::bind;
use crate::system::fault::Fault;
use crate::system::topology::Topology;
use crate::system::traffic::{Flow, TrafficModel, Troubled};
use incident_env::Diagnostic;

/// The number of views among which three that identify the fault are searched for.
const MOST_VIEWS: usize = 60;

/// What can be seen of a fault once traffic has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appearance {
    /// The classes of evidence, by entity.
    pub shows: Vec<ClassSet>,
    /// The entities that are in trouble.
    pub troubled: Troubled,
}

impl Appearance {
    /// Returns what a system without a fault looks like.
    #[must_use]
    pub fn of_nothing(entities: usize) -> Self {
        Self { shows: vec![ClassSet::EMPTY; entities], troubled: Troubled::default() }
    }

    /// Adds classes of evidence that are seen at some entities.
    #[must_use]
    pub fn with(mut self, seen: impl IntoIterator<Item = (EntityId, ClassSet)>) -> Self {
        for (at, classes) in seen {
            self.shows[at.index()] |= classes;
        }
        self
    }
}

/// A fault, and what it brings about.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// The fault that is supposed.
    pub fault: Fault,
    /// What can be seen of it.
    pub appearance: Appearance,
    /// The share of what users come for that they do not get, in thousandths.
    pub impact: i32,
    /// Whether copies of stored data diverge.
    pub diverges: bool,
}

impl Hypothesis {
    /// Returns whether the fault is consistent with a whole scene.
    #[must_use]
    pub(crate) fn explains(&self, scene: &Scene) -> bool {
        let mut pairs = self.appearance.shows.iter().zip(&scene.appearance.shows);
        self.appearance.troubled == scene.appearance.troubled
            && pairs.all(|(its, seen)| is_explained(*its, *seen, scene.ambiguity))
    }
}

/// The diagnostics that show classes of evidence.
pub(crate) const TOOLS: [Diagnostic; 3] =
    [Diagnostic::QueryLogs, Diagnostic::CheckMetrics, Diagnostic::CheckServiceStatus];

/// A view: one diagnostic of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    /// The entity that is looked at.
    pub at: EntityId,
    /// The diagnostic that is used.
    pub tool: Diagnostic,
}

/// Everything that there is to be seen: the true fault together with the decoys.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What can be seen.
    pub appearance: Appearance,
    /// The number of classes at an entity that a fault need not explain.
    pub ambiguity: u32,
}

/// What faults are simulated in.
#[derive(Debug, Clone, Copy)]
pub struct Laboratory<'a> {
    /// The system that can have the faults.
    pub topology: &'a Topology,
    /// The traffic through it.
    pub traffic: &'a TrafficModel,
    /// What predicates do and show.
    pub vocabulary: &'a Vocabulary,
}

impl Laboratory<'_> {
    /// Simulates every fault that the system can have, in the order of families and roots. If another fault is given,
    /// each is simulated together with it.
    #[must_use]
    pub fn every_fault(self, families: &[Family], draws: Draws, beside: Option<&Fault>) -> Vec<Hypothesis> {
        let quiet = self.traffic.settled(&[]);
        let mut all = Vec::new();
        for (number, family) in families.iter().enumerate() {
            for root in self.topology.ids() {
                let bound = bind(number, family, root, self.topology, self.vocabulary, draws);
                all.extend(bound.map(|fault| self.simulated(fault, beside, &quiet)));
            }
        }
        all
    }

    /// Simulates a fault, together with another one if there is one.
    #[must_use]
    pub fn simulated(self, fault: Fault, beside: Option<&Fault>, quiet: &Flow) -> Hypothesis {
        let both = [Some(&fault), beside].into_iter().flatten();
        let facts: Vec<_> = both.flat_map(|fault| fault.holding(self.vocabulary, fault.start)).collect();
        let flow = self.traffic.settled(&facts);
        let shown = facts.iter().map(|(predicate, at)| (*at, predicate.shows));
        let mut appearance = Appearance::of_nothing(self.topology.entities.len()).with(shown);
        appearance.troubled = flow.troubled(quiet);
        let diverges = facts.iter().any(|(predicate, _)| predicate.diverges);
        let impact = self.traffic.impact(&flow);
        Hypothesis { fault, appearance, impact, diverges }
    }

    /// Returns all that explain a scene: single hypotheses, and pairs of those that show nothing that is not there.
    fn explaining(self, all: &[Hypothesis], scene: &Scene) -> Vec<Vec<usize>> {
        let hypotheses = Hypotheses::over(self.vocabulary, all);
        let quiet = self.traffic.settled(&[]);
        let mut found: Vec<_> = hypotheses.explaining(scene).into_iter().map(|index| vec![index]).collect();
        let shows_nothing_else = |one: &Hypothesis| {
            one.appearance.shows.iter().zip(&scene.appearance.shows).all(|(its, seen)| (*its - *seen).is_empty())
        };
        let possible: Vec<_> = (0..all.len()).filter(|index| shows_nothing_else(&all[*index])).collect();
        for (place, first) in possible.iter().enumerate() {
            for second in &possible[place + 1..] {
                let both = self.simulated(all[*first].fault.clone(), Some(&all[*second].fault), &quiet);
                if both.explains(scene) {
                    found.push(vec![*first, *second]);
                }
            }
        }
        found
    }

    /// Checks that one pair of hypotheses explains a scene, and that no single one and no other pair does.
    ///
    /// # Errors
    /// The number of explanations, if it is not this one alone.
    pub fn only_pair(self, all: &[Hypothesis], scene: &Scene, [one, other]: [usize; 2]) -> Result<(), usize> {
        let found = self.explaining(all, scene);
        if found == [vec![one.min(other), one.max(other)]] { Ok(()) } else { Err(found.len()) }
    }
}

/// All faults that a system can have, ready to be compared with a scene.
#[derive(Debug)]
pub(crate) struct Hypotheses<'a> {
    all: &'a [Hypothesis],
    /// The classes that each of [`TOOLS`] shows.
    tools: [ClassSet; TOOLS.len()],
}

impl<'a> Hypotheses<'a> {
    /// Takes all faults of a system.
    #[must_use]
    pub(crate) fn over(vocabulary: &Vocabulary, all: &'a [Hypothesis]) -> Self {
        Self { all, tools: TOOLS.map(|tool| vocabulary.of_tool(tool)) }
    }

    /// Assembles the scene of a true hypothesis and of decoys. Without a true one there is no fault.
    #[must_use]
    pub(crate) fn scene(
        &self,
        truth: Option<usize>,
        entities: usize,
        decoys: impl IntoIterator<Item = (EntityId, ClassSet)>,
        ambiguity: u32,
    ) -> Scene {
        let truth = truth.map(|truth| self.all[truth].appearance.clone());
        let appearance = truth.unwrap_or_else(|| Appearance::of_nothing(entities)).with(decoys);
        Scene { appearance, ambiguity }
    }

    /// Returns the hypotheses that explain a scene, each on its own.
    fn explaining(&self, scene: &Scene) -> Vec<usize> {
        (0..self.all.len()).filter(|index| self.all[*index].explains(scene)).collect()
    }

    /// Checks that the true hypothesis explains a scene, and that no other one does. Without a true one, none may
    /// explain it.
    ///
    /// # Errors
    /// The number of hypotheses that explain it, if it is not the true one alone.
    pub(crate) fn only(&self, scene: &Scene, truth: Option<usize>) -> Result<(), usize> {
        let found = self.explaining(scene);
        if found == truth.into_iter().collect::<Vec<_>>() { Ok(()) } else { Err(found.len()) }
    }

    /// Returns whether a fault is consistent with one view of a scene.
    #[must_use]
    pub(crate) fn agrees(&self, hypothesis: &Hypothesis, scene: &Scene, view: View) -> bool {
        let of_tool = TOOLS.iter().zip(self.tools).find(|(tool, _)| **tool == view.tool);
        let of_tool = of_tool.map_or(ClassSet::EMPTY, |(_, classes)| classes);
        let shown = |appearance: &Appearance| appearance.shows[view.at.index()] & of_tool;
        if !is_explained(shown(&hypothesis.appearance), shown(&scene.appearance), scene.ambiguity) {
            return false;
        }
        // Error rates and response times are among the metrics.
        view.tool != Diagnostic::CheckMetrics
            || hypothesis.appearance.troubled.at(view.at) == scene.appearance.troubled.at(view.at)
    }

    /// Goes through all views of the system.
    fn views(&self) -> impl Iterator<Item = View> {
        let entities = self.all.first().map_or(0, |one| one.appearance.shows.len());
        EntityId::first(entities).flat_map(|at| TOOLS.map(|tool| View { at, tool }))
    }

    /// Returns the hypotheses that an alert leaves open: those by which the alerted entity is in trouble.
    #[must_use]
    pub(crate) fn after_alert(&self, alerted: EntityId) -> Vec<usize> {
        let troubles = |one: &Hypothesis| one.appearance.troubled.at(alerted).any();
        (0..self.all.len()).filter(|index| troubles(&self.all[*index])).collect()
    }

    /// Returns the fewest views that exclude all hypotheses but the true one, or `None` if three are not found to be
    /// enough.
    ///
    /// The hypotheses `left` are those that the alert leaves open, and `truth` is one of them. One view and two views
    /// are searched for among all, so the claim that three are needed is true. Three are searched for among the
    /// [`MOST_VIEWS`] that exclude most.
    #[must_use]
    pub(crate) fn fewest_views(&self, scene: &Scene, left: &[usize], truth: usize) -> Option<Vec<View>> {
        let others: Vec<_> = left.iter().copied().filter(|index| *index != truth).collect();
        let mut views: Vec<(View, Excluded)> = Vec::new();
        for view in self.views() {
            let excluded = Excluded::of(others.iter().map(|index| !self.agrees(&self.all[*index], scene, view)));
            // A view is of no use if it excludes nothing, or the same as an earlier one.
            if excluded.count() > 0 && !views.iter().any(|(_, known)| *known == excluded) {
                views.push((view, excluded));
            }
        }
        let everything = Excluded::of(others.iter().map(|_| true));
        let suffice = |sets: &[&Excluded]| everything.is_covered_by(sets);
        if let Some((view, _)) = views.iter().find(|(_, one)| suffice(&[one])) {
            return Some(vec![*view]);
        }
        // The views that exclude most come first, because a sufficient combination is then found early.
        views.sort_by_key(|(view, excluded)| (Reverse(excluded.count()), *view));
        for (first, (one, a)) in views.iter().enumerate() {
            for (other, b) in &views[first + 1..] {
                if suffice(&[a, b]) {
                    return Some(vec![*one, *other]);
                }
            }
        }
        let views = &views[..views.len().min(MOST_VIEWS)];
        for (first, (one, a)) in views.iter().enumerate() {
            for (second, (other, b)) in views.iter().enumerate().skip(first + 1) {
                for (third, c) in &views[second + 1..] {
                    if suffice(&[a, b, c]) {
                        return Some(vec![*one, *other, *third]);
                    }
                }
            }
        }
        None
    }
}

/// The hypotheses that a view excludes, as one bit each. There may be more of them than a machine word has bits.
#[derive(PartialEq, Eq)]
struct Excluded(Vec<u64>);

impl Excluded {
    fn of(bits: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut words = vec![0; bits.len().div_ceil(64)];
        for (index, bit) in bits.enumerate() {
            words[index / 64] |= u64::from(bit) << (index % 64);
        }
        Self(words)
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Returns whether every hypothesis of this set is in one of the others.
    fn is_covered_by(&self, sets: &[&Self]) -> bool {
        let joined = |place: usize| sets.iter().fold(0, |join, set| join | set.0[place]);
        self.0.iter().enumerate().all(|(place, word)| joined(place) == *word)
    }
}

/// Returns whether all classes of a fault are seen, and no more other classes than the ambiguity allows.
fn is_explained(its: ClassSet, seen: ClassSet, ambiguity: u32) -> bool {
    (its - seen).is_empty() && (seen - its).len() <= ambiguity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GATEWAY, SERVICE, STORE, Small};

    #[test]
    fn every_fault_of_a_system_is_found_and_simulated() {
        let all = Small::new().hypotheses();
        let roots: Vec<_> = all.iter().map(|one| (one.fault.family, one.fault.root, one.impact)).collect();
        assert_eq!(roots, [(0, STORE, 1000), (1, SERVICE, 0)]);
        assert_eq!(all[0].appearance.troubled.errors.len(), 3);
        assert_eq!(all[1].appearance.troubled.slow.iter().collect::<Vec<_>>(), [GATEWAY, SERVICE]);
        assert!(all[0].appearance.shows[SERVICE.index()].is_empty());
    }

    #[test]
    fn one_hypothesis_alone_explains_its_scene() {
        let small = Small::new();
        let all = small.hypotheses();
        let hypotheses = Hypotheses::over(&small.library.vocabulary, &all);
        let scene = |truth, decoys: &[(EntityId, ClassSet)]| hypotheses.scene(truth, 3, decoys.iter().copied(), 1);
        for truth in [Some(0), Some(1), None] {
            assert_eq!(hypotheses.only(&scene(truth, &[]), truth), Ok(()));
            // One class may be a decoy, and two at the same entity are more than a decoy shows.
            let shown = all[0].appearance.shows[STORE.index()];
            let one_class: ClassSet = shown.iter().take(1).collect();
            assert_eq!(hypotheses.only(&scene(truth, &[(GATEWAY, one_class)]), truth), Ok(()));
            let explained = if truth.is_some() { Err(0) } else { Ok(()) };
            assert_eq!(hypotheses.only(&scene(truth, &[(GATEWAY, shown)]), truth), explained);
        }
        assert_eq!(hypotheses.only(&scene(Some(0), &[]), Some(1)), Err(1));
    }

    #[test]
    fn the_fewest_views_are_those_that_exclude_all_others() {
        let small = Small::new();
        let all = small.hypotheses();
        let hypotheses = Hypotheses::over(&small.library.vocabulary, &all);
        let scene = hypotheses.scene(Some(0), 3, [], 1);
        assert_eq!(hypotheses.after_alert(GATEWAY), [0, 1]);
        assert_eq!(hypotheses.after_alert(STORE), [0]);
        let metrics = View { at: GATEWAY, tool: Diagnostic::CheckMetrics };
        assert!(hypotheses.agrees(&all[0], &scene, metrics) && !hypotheses.agrees(&all[1], &scene, metrics));
        assert_eq!(hypotheses.fewest_views(&scene, &[0, 1], 0), Some(vec![metrics]));
        assert_eq!(hypotheses.fewest_views(&scene, &[0], 0), None, "there is nothing to exclude");
    }

    #[test]
    fn sets_of_more_than_a_word_are_covered_together() {
        let set = |of: fn(usize) -> bool| Excluded::of((0..130).map(of));
        let (even, odd, all) = (set(|n| n % 2 == 0), set(|n| n % 2 == 1), set(|_| true));
        assert_eq!((even.count(), odd.count(), all.count()), (65, 65, 130));
        assert!(all.is_covered_by(&[&even, &odd]) && !all.is_covered_by(&[&even]));
    }
}
