//! The checker: all faults that a system can have, simulated by the same code as the true one, and what tells them apart.
//!
//! A *view* is one diagnostic of one entity. Under a fault it shows classes of evidence, and whether errors and times are
//! up. Decoys add classes that no fault brings about. A fault is *consistent* with what was seen where all that it brings
//! about in the views that were taken is there, and at each entity no more classes are left over than a decoy may show.

use crate::generate::data::family::Family;
use crate::generate::system::fault::Fault;
use crate::generate::system::traffic::{Flow, Plumbing, Reading};
use crate::generate::draws::Draws;
use crate::generate::system::topology::Topology;
use crate::generate::data::vocabulary::{Classes, Vocabulary};
use crate::env::Diagnostic;

/// From so many more failures, in thousandths, errors are up.
const ERRORS_UP: i16 = 25;
/// From so much longer, in thousandths, times are up.
const LATENCY_UP: u64 = 1800;

/// What can be seen of a fault, once it has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks {
    /// Classes of evidence, by entity.
    pub shows: Vec<Classes>,
    /// Entities whose errors are up, a bit each.
    pub errors: u128,
    /// Entities whose times are up, a bit each.
    pub slow: u128,
}

/// A fault, and what it brings about.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// The fault.
    pub fault: Fault,
    /// What can be seen of it.
    pub looks: Looks,
    /// The share of what users come for that they do not get, in thousandths.
    pub impact: i32,
    /// Whether stored data comes apart.
    pub diverges: bool,
}

/// All faults that a system can have.
#[derive(Debug)]
pub struct Hypotheses<'a> {
    /// One by one: families in order, roots in order.
    all: &'a [Hypothesis],
    tools: [Classes; 3],
}

/// The diagnostics that show classes of evidence.
pub const TOOLS: [Diagnostic; 3] = [Diagnostic::QueryLogs, Diagnostic::CheckMetrics, Diagnostic::CheckServiceStatus];

/// A view: an entity through logs, metrics or status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    /// The entity.
    pub at: u16,
    /// The diagnostic.
    pub tool: Diagnostic,
}

/// What is there to be seen: the true fault, and decoys.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What can be seen of both.
    pub looks: Looks,
    /// Classes that may be left over at an entity.
    pub tolerance: u32,
}

/// Whether a quiet system's entity is in trouble at another time.
pub(crate) fn is_up(now: &Reading, quiet: &Reading) -> [bool; 2] {
    [now.error - quiet.error >= ERRORS_UP, u64::from(now.latency) * 1000 >= u64::from(quiet.latency) * LATENCY_UP]
}

/// Entities in trouble: by errors, by times.
#[must_use]
pub fn troubled(now: &Flow, quiet: &Flow) -> [u128; 2] {
    let mut sets = [0, 0];
    for (bit, (now, quiet)) in now.readings().iter().zip(quiet.readings()).enumerate() {
        for (set, up) in sets.iter_mut().zip(is_up(now, quiet)) {
            *set |= u128::from(up) << (bit % 128);
        }
    }
    sets
}

/// What faults are simulated in.
#[derive(Debug, Clone, Copy)]
pub struct Laboratory<'a> {
    /// The system.
    pub topology: &'a Topology,
    /// How requests flow in it.
    pub plumbing: &'a Plumbing,
    /// What facts do and show.
    pub vocabulary: &'a Vocabulary,
}

impl Laboratory<'_> {
    /// Simulates every fault that the system can have, beside another if there is one: families in order, roots in order.
    #[must_use]
    pub fn every_fault(self, families: &[Family], draws: Draws, beside: Option<&Fault>) -> Vec<Hypothesis> {
        let quiet = self.plumbing.settled(&[]);
        let mut all = Vec::new();
        for (number, family) in families.iter().enumerate() {
            for root in (0..).take(self.topology.entities.len()) {
                let bound = Fault::bind(number, family, root, self.topology, self.vocabulary, draws);
                all.extend(bound.map(|fault| self.simulated(fault, beside, &quiet)));
            }
        }
        all
    }

    /// A fault, and what it brings about beside another.
    #[must_use]
    pub fn simulated(self, fault: Fault, beside: Option<&Fault>, quiet: &Flow) -> Hypothesis {
        let both = [Some(&fault), beside].into_iter().flatten();
        let facts: Vec<_> = both.flat_map(|fault| fault.holding(self.vocabulary, fault.start)).collect();
        let flow = self.plumbing.settled(&facts);
        let [errors, slow] = troubled(&flow, quiet);
        let mut shows = vec![0; self.topology.entities.len()];
        for (predicate, entity) in &facts {
            shows[usize::from(*entity)] |= predicate.shows;
        }
        let diverges = facts.iter().any(|(predicate, _)| predicate.diverges);
        let impact = self.plumbing.impact(&flow);
        Hypothesis { fault, looks: Looks { shows, errors, slow }, impact, diverges }
    }

    /// The faults that explain what is there: each alone, and each two of those that show nothing that is not there.
    #[must_use]
    pub fn explaining(self, all: &[Hypothesis], scene: &Scene) -> Vec<Vec<usize>> {
        let checker = Hypotheses::over(self.vocabulary, all);
        let quiet = self.plumbing.settled(&[]);
        let mut found: Vec<_> =
            (0..all.len()).filter(|index| checker.explains(&all[*index], scene)).map(|index| vec![index]).collect();
        let shows_nothing_else =
            |one: &Hypothesis| one.looks.shows.iter().zip(&scene.looks.shows).all(|(its, seen)| its & !seen == 0);
        let possible: Vec<_> = (0..all.len()).filter(|index| shows_nothing_else(&all[*index])).collect();
        for (place, first) in possible.iter().enumerate() {
            for second in &possible[place + 1..] {
                let both = self.simulated(all[*first].fault.clone(), Some(&all[*second].fault), &quiet);
                if checker.explains(&both, scene) {
                    found.push(vec![*first, *second]);
                }
            }
        }
        found
    }
}

impl<'a> Hypotheses<'a> {
    /// A checker over all faults of a system.
    #[must_use]
    pub fn over(vocabulary: &Vocabulary, all: &'a [Hypothesis]) -> Self {
        Self { all, tools: TOOLS.map(|tool| vocabulary.of_tool(tool)) }
    }

    /// Whether a fault is consistent with everything that is there.
    #[must_use]
    pub fn explains(&self, hypothesis: &Hypothesis, scene: &Scene) -> bool {
        hypothesis.looks.errors == scene.looks.errors
            && hypothesis.looks.slow == scene.looks.slow
            && hypothesis
                .looks
                .shows
                .iter()
                .zip(&scene.looks.shows)
                .all(|(its, seen)| is_explained(*its, *seen, scene.tolerance))
    }

    /// Whether a fault is consistent with one view.
    #[must_use]
    pub fn agrees(&self, hypothesis: &Hypothesis, scene: &Scene, view: View) -> bool {
        let at = usize::from(view.at);
        let tool = TOOLS.iter().position(|tool| *tool == view.tool).map_or(0, |tool| self.tools[tool]);
        if !is_explained(hypothesis.looks.shows[at] & tool, scene.looks.shows[at] & tool, scene.tolerance) {
            return false;
        }
        // Rates and times stand among the metrics.
        view.tool != Diagnostic::CheckMetrics
            || ((hypothesis.looks.errors ^ scene.looks.errors) >> at & 1 == 0
                && (hypothesis.looks.slow ^ scene.looks.slow) >> at & 1 == 0)
    }

    /// All views of a system.
    pub fn views(&self) -> impl Iterator<Item = View> {
        let entities = self.all.first().map_or(0, |one| one.looks.shows.len());
        (0..).take(entities).flat_map(|at| TOOLS.map(|tool| View { at, tool }))
    }

    /// The faults that are left by the alert: those by which these entities are in trouble too.
    #[must_use]
    pub fn after_alert(&self, alerted: &[u16]) -> Vec<usize> {
        let troubled = |one: &Hypothesis| alerted.iter().all(|at| (one.looks.errors | one.looks.slow) >> at & 1 == 1);
        (0..self.all.len()).filter(|index| troubled(&self.all[*index])).collect()
    }

    /// The fewest views that leave the true fault alone; none where no three are found. One view and two are looked for among
    /// all, so that what is said to need three does; three among the sixty that exclude most.
    ///
    /// `left` are the faults that the alert leaves, `truth` is one of them.
    #[must_use]
    pub fn fewest_views(&self, scene: &Scene, left: &[usize], truth: usize) -> Option<Vec<View>> {
        let others: Vec<_> = left.iter().copied().filter(|index| *index != truth).collect();
        // What each view excludes, a bit a fault. Those that exclude nothing, or the same as another, are no help.
        let mut views: Vec<(View, Vec<u64>)> = Vec::new();
        for view in self.views() {
            let mut excludes = vec![0_u64; others.len().div_ceil(64)];
            for (bit, index) in others.iter().enumerate() {
                if !self.agrees(&self.all[*index], scene, view) {
                    excludes[bit / 64] |= 1 << (bit % 64);
                }
            }
            if excludes.iter().any(|word| *word != 0) && !views.iter().any(|(_, known)| *known == excludes) {
                views.push((view, excludes));
            }
        }
        let whole: Vec<u64> = (0..others.len().div_ceil(64))
            .map(|word| {
                let bits = (others.len() - word * 64).min(64);
                if bits == 64 { u64::MAX } else { (1 << bits) - 1 }
            })
            .collect();
        let joined = |sets: &[&Vec<u64>]| {
            whole.iter().enumerate().all(|(word, all)| sets.iter().fold(0, |join, set| join | set[word]) == *all)
        };
        if let Some((view, _)) = views.iter().find(|(_, one)| joined(&[one])) {
            return Some(vec![*view]);
        }
        // Those that exclude most come first: what is looked for is found soon.
        views.sort_by_key(|(view, set)| {
            (std::cmp::Reverse(set.iter().map(|word| word.count_ones()).sum::<u32>()), *view)
        });
        for (first, (one, a)) in views.iter().enumerate() {
            for (other, b) in &views[first + 1..] {
                if joined(&[a, b]) {
                    return Some(vec![*one, *other]);
                }
            }
        }
        let views = &views[..views.len().min(60)];
        for (first, (one, a)) in views.iter().enumerate() {
            for (second, (other, b)) in views.iter().enumerate().skip(first + 1) {
                for (third, c) in &views[second + 1..] {
                    if joined(&[a, b, c]) {
                        return Some(vec![*one, *other, *third]);
                    }
                }
            }
        }
        None
    }
}

/// Whether all of its classes are seen, and no more are left over than decoys may show.
const fn is_explained(its: Classes, seen: Classes, tolerance: u32) -> bool {
    its & !seen == 0 && (seen & !its).count_ones() <= tolerance
}
