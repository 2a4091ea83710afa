//! Hypotheses: all faults that a system can have. Each is simulated by the same code as the true one, and they are
//! told apart by what they look like.
//!
//! A *view* is one diagnostic of one entity. Under a fault it shows classes of evidence, and whether errors and
//! response times are up. Decoys add classes that the fault does not show. A fault is *consistent* with the views
//! that were taken if everything that it shows in them is there, and if at each entity no more other classes are seen
//! than a decoy may show.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::data::family::Family;
use crate::data::kinds::Symptom;
use crate::data::vocabulary::{Glance, Predicate, Vocabulary};
use crate::draws::Draws;
use crate::ids::{ClassId, ClassSet, EntityId, EntitySet};
use crate::system::bind::{Strengths, bind};
use crate::system::fault::Fault;
use crate::system::reading::{Trouble, Troubled};
use crate::system::strength::Strength;
use crate::system::topology::Topology;
use crate::system::traffic::{Acting, Flow, TrafficModel};
use incident_env::{Action, ActionKind, Diagnostic, Loss};

/// The number of views among which three that identify the fault are searched for.
const MOST_VIEWS: usize = 60;

/// What can be seen of a fault once traffic has settled, however strongly it acts.
///
/// Nobody can know the strength of a fault beforehand, so a fault is excluded only by what it shows at no strength.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appearance {
    /// The classes of evidence, by entity.
    pub shows: Vec<ClassSet>,
    /// The entities that are in trouble even where the fault is as weak as can be.
    pub least: Troubled,
    /// The entities that are in trouble where it is as strong as can be.
    pub most: Troubled,
}

impl Appearance {
    /// Returns what a system without a fault looks like.
    #[must_use]
    pub fn of_nothing(entities: usize) -> Self {
        Self { shows: vec![ClassSet::EMPTY; entities], least: Troubled::default(), most: Troubled::default() }
    }

    /// Adds classes of evidence that are seen at some entities.
    #[must_use]
    pub fn with(mut self, seen: impl IntoIterator<Item = (EntityId, ClassSet)>) -> Self {
        for (at, classes) in seen {
            self.shows[at.index()] |= classes;
        }
        self
    }

    /// Returns the same given that the fault made an alert fire: it is strong enough that the entity has the symptom.
    #[must_use]
    pub(crate) fn given(mut self, at: EntityId, symptom: Symptom) -> Self {
        match symptom {
            Symptom::Errors => self.least.errors |= EntitySet::of(at),
            Symptom::Latency => self.least.slow |= EntitySet::of(at),
            // No claim is about what the others watch.
            Symptom::Saturation(_) | Symptom::Absence(_) => {}
        }
        self
    }

    /// Returns whether the fault can bring about a symptom at an entity. `class` is the class of evidence that shows it, if
    /// one does.
    #[must_use]
    pub(crate) fn can_fire(&self, at: EntityId, symptom: Symptom, class: Option<ClassId>) -> bool {
        match class {
            Some(class) => self.shows[at.index()].contains(class),
            None => self.most.has(symptom).contains(at),
        }
    }

    /// Returns whether the trouble of an entity can be this one.
    #[must_use]
    pub(crate) fn allows(&self, at: EntityId, seen: Trouble) -> bool {
        self.allows_errors(at, seen.errors) && self.allows_slow(at, seen.slow)
    }

    /// Returns whether the errors of an entity can be up, or not up.
    #[must_use]
    pub(crate) fn allows_errors(&self, at: EntityId, up: bool) -> bool {
        if up { self.most.errors.contains(at) } else { !self.least.errors.contains(at) }
    }

    /// Returns whether the response times of an entity can be up, or not up.
    #[must_use]
    pub(crate) fn allows_slow(&self, at: EntityId, up: bool) -> bool {
        if up { self.most.slow.contains(at) } else { !self.least.slow.contains(at) }
    }
}

/// A fault, and what it brings about.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// The fault that is supposed. Its facts act as their predicates say.
    pub fault: Fault,
    /// What can be seen of it.
    pub appearance: Appearance,
}

/// A fault of known strength, and what it brings about once traffic has settled.
#[derive(Debug, Clone)]
pub(crate) struct Effects {
    /// The entities that are in trouble.
    pub troubled: Troubled,
    /// What users lose.
    pub loss: Loss,
    /// The same against the usual number of users, so that those who went away count as well.
    pub loss_with_leavers: Loss,
    /// The traffic.
    pub flow: Flow,
}

impl Hypothesis {
    /// Returns whether the fault is consistent with a whole scene.
    #[must_use]
    pub(crate) fn explains(&self, scene: &Scene) -> bool {
        let mut pairs = self.appearance.shows.iter().zip(&scene.shows);
        pairs.all(|(its, seen)| is_explained(*its, *seen, scene.ambiguity))
            && EntityId::first(scene.shows.len()).all(|at| self.appearance.allows(at, scene.troubled.at(at)))
    }
}

/// A view: one diagnostic of one entity, with its metrics split or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    /// The entity that is looked at.
    pub at: EntityId,
    /// The diagnostic that is used, and how.
    pub glance: Glance,
}

impl View {
    /// Returns the action that takes the view, given the name of the entity.
    #[must_use]
    pub(crate) fn action(self, service: &str) -> Action {
        let by = self.glance.by.map(|by| ("by", by.as_str()));
        let parameters: Vec<_> = [("service", service)].into_iter().chain(by).collect();
        Action::with(ActionKind::Diagnostic(self.glance.tool), &parameters)
    }
}

/// Everything that there is to be seen: the true fault together with the decoys.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The classes of evidence, by entity.
    pub shows: Vec<ClassSet>,
    /// The entities that are in trouble.
    pub troubled: Troubled,
    /// The number of classes at an entity that a fault need not explain.
    pub ambiguity: u32,
}

/// What is at work beside a fault.
#[derive(Debug, Clone)]
pub struct Beside<'a> {
    /// Another fault.
    pub fault: Option<&'a Fault>,
    /// Events that are no fault, such as a dependency that has failed for days and that nobody needs.
    pub events: Vec<Acting<'a>>,
    /// The traffic of a quiet day, with the events that are there every day.
    pub quiet: Flow,
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

impl<'a> Laboratory<'a> {
    /// Returns a quiet day, with nothing at work beside a fault.
    #[must_use]
    pub fn nothing_beside(self) -> Beside<'a> {
        Beside { fault: None, events: Vec::new(), quiet: self.traffic.settled(&[]) }
    }

    /// Simulates every fault that the system can have, in the order of families and roots, together with what is at
    /// work beside it.
    #[must_use]
    pub fn every_fault(self, families: &[Family], draws: Draws, beside: &Beside<'_>) -> Vec<Hypothesis> {
        let numbered = families.iter().enumerate();
        let each = numbered.flat_map(|(number, family)| self.topology.ids().map(move |root| (number, family, root)));
        each.filter_map(|(number, family, root)| {
            bind(number, family, root, self.topology, self.vocabulary, draws, Strengths::Usual)
        })
        .map(|fault| self.simulated(fault, beside))
        .collect()
    }

    /// Simulates a fault at its least and at its greatest strength, together with what is at work beside it.
    #[must_use]
    pub fn simulated(self, fault: Fault, beside: &Beside<'_>) -> Hypothesis {
        let [least, most] = [Strength::WEAKEST, Strength::STRONGEST].map(|strength| {
            let other = beside.fault.map(|other| other.at_strength(strength));
            let fault = fault.at_strength(strength);
            let facts = self.facts(Some(&fault), other.as_ref(), &beside.events);
            self.traffic.settled_after(&beside.quiet, &facts).troubled(&beside.quiet)
        });
        let both = [Some(&fault), beside.fault].into_iter().flatten();
        let shown = both.flat_map(|fault| fault.holding(self.vocabulary, fault.start));
        let shown = shown.map(|acting| (acting.at, acting.predicate.shows));
        let appearance = Appearance::of_nothing(self.topology.entities.len()).with(shown);
        Hypothesis { fault, appearance: Appearance { least, most, ..appearance } }
    }

    /// Returns what a fault of known strength brings about, together with what is at work beside it.
    #[must_use]
    pub(crate) fn effects(self, fault: Option<&Fault>, beside: &Beside<'_>) -> Effects {
        let facts = self.facts(fault, beside.fault, &beside.events);
        let flow = self.traffic.settled_after(&beside.quiet, &facts);
        let [loss, loss_with_leavers] = self.losses_of(&flow, &facts);
        Effects { troubled: flow.troubled(&beside.quiet), loss, loss_with_leavers, flow }
    }

    /// Returns what users lose, and the same against the usual number of users. That takes less time than all effects.
    pub(crate) fn losses(self, fault: Option<&Fault>, beside: &Beside<'_>) -> [Loss; 2] {
        let facts = self.facts(fault, beside.fault, &beside.events);
        self.losses_of(&self.traffic.passed_on_after(&beside.quiet, &facts), &facts)
    }

    fn losses_of(self, flow: &Flow, facts: &[Acting<'_>]) -> [Loss; 2] {
        let any = |is: fn(&Predicate) -> bool| facts.iter().any(|acting| is(acting.predicate));
        let loss = Loss {
            share: self.traffic.impact(flow),
            late_work: any(|predicate| predicate.delays),
            diverges: any(|predicate| predicate.diverges),
        };
        [loss, Loss { share: self.traffic.impact_with_leavers(flow), ..loss }]
    }

    fn facts<'b>(self, fault: Option<&'b Fault>, other: Option<&'b Fault>, events: &[Acting<'b>]) -> Vec<Acting<'b>>
    where
        'a: 'b,
    {
        let both = [fault, other].into_iter().flatten();
        both.flat_map(|fault| fault.holding(self.vocabulary, fault.start)).chain(events.iter().copied()).collect()
    }

    /// Returns all that explain a scene: single hypotheses, and pairs of those that show nothing that is not there.
    fn explaining(self, all: &[Hypothesis], scene: &Scene, beside: &Beside<'_>) -> Vec<Vec<usize>> {
        let hypotheses = Hypotheses::over(self.vocabulary, all);
        let mut found: Vec<_> = hypotheses.explaining(scene).into_iter().map(|index| vec![index]).collect();
        let shows_nothing_else = |one: &Hypothesis| {
            one.appearance.shows.iter().zip(&scene.shows).all(|(its, seen)| (*its - *seen).is_empty())
        };
        let possible: Vec<_> = (0..all.len()).filter(|index| shows_nothing_else(&all[*index])).collect();
        for (place, first) in possible.iter().enumerate() {
            for second in &possible[place + 1..] {
                let beside = Beside { fault: Some(&all[*second].fault), ..beside.clone() };
                if self.simulated(all[*first].fault.clone(), &beside).explains(scene) {
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
    pub fn only_pair(
        self,
        all: &[Hypothesis],
        scene: &Scene,
        [one, other]: [usize; 2],
        beside: &Beside<'_>,
    ) -> Result<(), usize> {
        let found = self.explaining(all, scene, beside);
        if found == [vec![one.min(other), one.max(other)]] { Ok(()) } else { Err(found.len()) }
    }
}

/// All faults that a system can have, ready to be compared with a scene.
#[derive(Debug)]
pub(crate) struct Hypotheses<'a> {
    all: &'a [Hypothesis],
    /// The glances that show classes, and which.
    glances: Vec<(Glance, ClassSet)>,
    vocabulary: &'a Vocabulary,
}

impl<'a> Hypotheses<'a> {
    /// Takes all faults of a system.
    #[must_use]
    pub(crate) fn over(vocabulary: &'a Vocabulary, all: &'a [Hypothesis]) -> Self {
        let glances = vocabulary.glances();
        let glances = glances.into_iter().map(|glance| (glance, vocabulary.of_glance(glance))).collect();
        Self { all, glances, vocabulary }
    }

    /// Assembles the scene of a true hypothesis and of decoys, given the entities that are in trouble. Without a true
    /// one there is no fault.
    #[must_use]
    pub(crate) fn scene(
        &self,
        truth: Option<usize>,
        troubled: Troubled,
        entities: usize,
        decoys: impl IntoIterator<Item = (EntityId, ClassSet)>,
        ambiguity: u32,
    ) -> Scene {
        let truth = truth.map(|truth| self.all[truth].appearance.clone());
        let shows = truth.unwrap_or_else(|| Appearance::of_nothing(entities)).with(decoys).shows;
        Scene { shows, troubled, ambiguity }
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
        let known = self.glances.iter().find(|(glance, _)| *glance == view.glance);
        let classes = known.map_or(ClassSet::EMPTY, |(_, classes)| *classes);
        let shown = |shows: &[ClassSet]| shows[view.at.index()] & classes;
        if !is_explained(shown(&hypothesis.appearance.shows), shown(&scene.shows), scene.ambiguity) {
            return false;
        }
        // Error rates and response times are among the metrics.
        view.glance != Diagnostic::CheckMetrics.into()
            || hypothesis.appearance.allows(view.at, scene.troubled.at(view.at))
    }

    /// Returns whether a rival is set apart from the truth by signs alone, as its definition says: one of its own signs
    /// is missing at its root, or at some part more signs of the truth are seen than a decoy may show beside the rival.
    #[must_use]
    pub(crate) fn is_set_apart(&self, scene: &Scene, truth: Option<usize>, rival: usize) -> bool {
        let rival = &self.all[rival];
        let its = &rival.appearance.shows;
        let root = rival.fault.root.index();
        let is_missing = !(its[root] - scene.shows[root]).is_empty();
        let of_truth = truth.map(|truth| &self.all[truth].appearance.shows);
        let is_foreign = |shows: &Vec<ClassSet>| {
            shows.iter().zip(its).any(|(true_signs, its)| (*true_signs - *its).len() > scene.ambiguity)
        };
        is_missing || of_truth.is_some_and(is_foreign)
    }

    /// Goes through all views of the system.
    fn views(&self) -> impl Iterator<Item = View> {
        let entities = self.all.first().map_or(0, |one| one.appearance.shows.len());
        EntityId::first(entities)
            .flat_map(|at| self.glances.iter().map(move |(glance, _)| View { at, glance: *glance }))
    }

    /// Returns the hypotheses that an alert leaves open: those that bring its symptom about at the alerted entity, at
    /// some strength.
    #[must_use]
    pub(crate) fn after_alert(&self, alerted: EntityId, symptom: Symptom) -> Vec<usize> {
        let class = self.vocabulary.class_of(symptom);
        let can_fire = |one: &Hypothesis| one.appearance.can_fire(alerted, symptom, class);
        (0..self.all.len()).filter(|index| can_fire(&self.all[*index])).collect()
    }

    /// Returns what can be seen of a hypothesis.
    #[must_use]
    pub(crate) fn appearance(&self, of: usize) -> &Appearance {
        &self.all[of].appearance
    }

    /// Counts the families of hypotheses.
    #[must_use]
    pub(crate) fn families(&self, of: &[usize]) -> usize {
        let families: BTreeSet<_> = of.iter().map(|index| self.all[*index].fault.family).collect();
        families.len()
    }

    /// Returns the entropy of the faults that an alert leaves open, in 1024ths of a bit. Before the alert, all families
    /// that the system can have are equally likely, and so are all roots of a family.
    #[must_use]
    pub(crate) fn entropy(&self, left: &[usize]) -> u32 {
        let of_family = |family: usize| self.all.iter().filter(|one| one.fault.family == family).count();
        let weight =
            |index: &usize| WHOLE / u64::try_from(of_family(self.all[*index].fault.family)).unwrap_or(1).max(1);
        entropy(left.iter().map(weight))
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

/// The weight of a family in [`Hypotheses::entropy`], a number that most numbers of roots divide.
pub(crate) const WHOLE: u64 = 720_720;

/// Returns the Shannon entropy of weights, in 1024ths of a bit: log2(S) − Σ w·log2(w) / S, where S is the sum.
fn entropy(weights: impl Iterator<Item = u64> + Clone) -> u32 {
    let sum: u64 = weights.clone().sum();
    if sum == 0 {
        return 0;
    }
    let own: u64 = weights.map(|weight| weight * u64::from(log2(weight))).sum();
    log2(sum).saturating_sub(u32::try_from(own / sum).unwrap_or(u32::MAX))
}

/// Returns the binary logarithm of a number above 0, in 1024ths, by repeated squaring. It is computed in integers, so
/// it is the same on every machine.
#[must_use]
pub(crate) fn log2(number: u64) -> u32 {
    const PLACES: u32 = 10;
    let whole = number.max(1).ilog2();
    // The mantissa is from 1 to 2, as 1.31 fixed point.
    let mut mantissa = if whole > 31 { number >> (whole - 31) } else { number << (31 - whole) };
    let mut result = whole << PLACES;
    for place in (0..PLACES).rev() {
        mantissa = (mantissa * mantissa) >> 31;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            result |= 1 << place;
        }
    }
    result
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
        let roots: Vec<_> = all.iter().map(|one| (one.fault.family, one.fault.root)).collect();
        assert_eq!(roots, [(0, STORE), (1, SERVICE)]);
        assert_eq!(all[0].appearance.least.errors.len(), 3);
        // A weak one is not felt at the gateway, and a strong one is.
        let slow = |troubled: Troubled| troubled.slow.iter().collect::<Vec<_>>();
        assert_eq!(slow(all[1].appearance.least), [SERVICE]);
        assert_eq!(slow(all[1].appearance.most), [GATEWAY, SERVICE]);
        assert!(all[0].appearance.shows[SERVICE.index()].is_empty());
    }

    #[test]
    fn one_hypothesis_alone_explains_its_scene() {
        let small = Small::new();
        let all = small.hypotheses();
        let hypotheses = Hypotheses::over(&small.library.vocabulary, &all);
        let scene = |truth: Option<usize>, decoys: &[(EntityId, ClassSet)]| {
            let troubled = truth.map(|truth| all[truth].appearance.least).unwrap_or_default();
            hypotheses.scene(truth, troubled, 3, decoys.iter().copied(), 1)
        };
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
        let scene = hypotheses.scene(Some(0), all[0].appearance.least, 3, [], 1);
        assert_eq!(hypotheses.after_alert(GATEWAY, Symptom::Errors), [0]);
        assert_eq!(hypotheses.after_alert(GATEWAY, Symptom::Latency), [1]);
        let metrics = View { at: GATEWAY, glance: Diagnostic::CheckMetrics.into() };
        assert!(hypotheses.agrees(&all[0], &scene, metrics) && !hypotheses.agrees(&all[1], &scene, metrics));
        assert_eq!(hypotheses.fewest_views(&scene, &[0, 1], 0), Some(vec![metrics]));
        assert_eq!(hypotheses.fewest_views(&scene, &[0], 0), None, "there is nothing to exclude");
    }

    #[test]
    fn entropy_is_that_of_the_weights() {
        assert_eq!([1, 2, 3, 1000, 1 << 40].map(log2), [0, 1024, 1623, 10204, 40 * 1024]);
        assert_eq!(entropy([5_u64; 8].into_iter()), 3 * 1024);
        assert_eq!((entropy([7_u64].into_iter()), entropy([0_u64; 0].into_iter())), (0, 0));
        // 1/2, 1/4, 1/4: one and a half bits.
        assert_eq!(entropy([2_u64, 1, 1].into_iter()), 1536);
    }

    #[test]
    fn sets_of_more_than_a_word_are_covered_together() {
        let set = |of: fn(usize) -> bool| Excluded::of((0..130).map(of));
        let (even, odd, all) = (set(|n| n % 2 == 0), set(|n| n % 2 == 1), set(|_| true));
        assert_eq!((even.count(), odd.count(), all.count()), (65, 65, 130));
        assert!(all.is_covered_by(&[&even, &odd]) && !all.is_covered_by(&[&even]));
    }
}
