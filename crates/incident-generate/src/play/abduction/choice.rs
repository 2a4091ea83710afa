//! The choice of the next look: the one that is expected to leave least open.
//!
//! What a look would show is worked out for each explanation that is left, at three strengths, as if there were no
//! decoy. Of two looks that are worth the same, the one at the earlier entity is taken, and there the first tool.

use std::collections::BTreeMap;

use super::belief::Belief;
use super::known::{Explanation, Known};
use super::seen::Seen;
use crate::data::vocabulary::Glance;
use crate::ids::{ClassSet, EntitySet};
use crate::proof::hypotheses::{View, log2};
use crate::system::reading::Troubled;
use incident_env::Diagnostic;

/// The looks that can exclude an explanation by what they claim, in the order in which they are preferred. After them
/// come metrics that are split.
const TOOLS: [Diagnostic; 4] =
    [Diagnostic::CheckMetrics, Diagnostic::QueryLogs, Diagnostic::CheckServiceStatus, Diagnostic::CheckDependencies];

/// What a look is about.
#[derive(Debug, Clone, Copy)]
struct Scope {
    view: View,
    /// The classes of evidence that it shows.
    classes: ClassSet,
    /// The entities whose errors it shows.
    errors: EntitySet,
    /// The entities whose response times it shows.
    slow: EntitySet,
}

/// What a look shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    classes: ClassSet,
    errors: EntitySet,
    slow: EntitySet,
}

impl Scope {
    fn of(known: &Known<'_>, view: View) -> Self {
        let laboratory = known.public.laboratory;
        let classes = laboratory.vocabulary.of_glance(view.glance);
        let (errors, slow) = match view.glance.tool {
            Diagnostic::CheckMetrics if view.glance.by.is_none() && laboratory.traffic.usual(view.at) > 0 => {
                (EntitySet::of(view.at), EntitySet::of(view.at))
            }
            Diagnostic::CheckDependencies => {
                (laboratory.topology.needs(view.at).map(|edge| edge.to).collect(), EntitySet::EMPTY)
            }
            _ => (EntitySet::EMPTY, EntitySet::EMPTY),
        };
        Self { view, classes, errors, slow }
    }

    fn outcome(&self, explanation: &Explanation, case: Troubled) -> Outcome {
        Outcome {
            classes: explanation.appearance.shows[self.view.at.index()] & self.classes,
            errors: case.errors & self.errors,
            slow: case.slow & self.slow,
        }
    }

    /// Returns whether an explanation would be left after this outcome, given the classes that were seen there before.
    /// Where two faults are at work, an explanation need not explain what is there, as long as all is there that it
    /// brings about.
    fn leaves(&self, known: &Known<'_>, before: ClassSet, outcome: &Outcome, explanation: &Explanation) -> bool {
        let Explanation { appearance, .. } = explanation;
        let its = appearance.shows[self.view.at.index()];
        let is_there = ((its & self.classes) - outcome.classes).is_empty()
            && !appearance.least.errors.meets(self.errors - outcome.errors)
            && !appearance.least.slow.meets(self.slow - outcome.slow);
        let is_explained = || {
            ((before | outcome.classes) - its).len() <= known.public.ambiguity
                && (outcome.errors - appearance.most.errors).is_empty()
                && (outcome.slow - appearance.most.slow).is_empty()
        };
        is_there && (known.public.two_faults || is_explained())
    }
}

/// The parts of an explanation that its cases share, of which there are three at most. So every explanation counts the same,
/// however many of its strengths the alert allows.
const PARTS: u64 = 6;

/// What a look is expected to leave open: the entropy that is left, summed up over all cases, and the number of cases.
#[derive(Debug, Clone, Copy)]
struct Expected {
    entropy: u64,
    cases: u64,
}

/// Works out what a look is expected to leave open.
fn expected(known: &Known<'_>, belief: &Belief, scope: &Scope) -> Expected {
    let left = || belief.left().iter().map(|place| &known.open[*place]);
    let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
    for explanation in left() {
        let part = PARTS / u64::try_from(explanation.cases.len()).unwrap_or(1).max(1);
        for case in &explanation.cases {
            *outcomes.entry(scope.outcome(explanation, *case)).or_default() += part;
        }
    }
    let before = belief.classes_at(scope.view.at);
    let (mut entropy, mut cases) = (0, 0);
    for (outcome, count) in &outcomes {
        let then = left().filter(|one| scope.leaves(known, before, outcome, one)).count();
        entropy += count * u64::from(log2(u64::try_from(then).unwrap_or(u64::MAX)));
        cases += count;
    }
    Expected { entropy, cases }
}

/// Returns the look that is expected to leave least open, or `None` if none is expected to exclude anything.
#[must_use]
pub(super) fn next(known: &Known<'_>, belief: &Belief, seen: &Seen) -> Option<View> {
    let ids = known.public.laboratory.topology.ids();
    let splits = known.public.laboratory.vocabulary.glances().into_iter().filter(|glance| glance.by.is_some());
    let glances: Vec<Glance> = TOOLS.into_iter().map(Glance::from).chain(splits).collect();
    let views = ids.flat_map(|at| glances.iter().map(move |glance| View { at, glance: *glance }));
    let views = views.filter(|view| seen.page(*view).is_none());
    let judged = views.map(|view| (view, expected(known, belief, &Scope::of(known, view))));
    let now = u64::from(belief.entropy());
    let splits = judged.filter(|(_, expected)| expected.entropy < now * expected.cases);
    splits.min_by_key(|(_, expected)| expected.entropy).map(|(view, _)| view)
}
