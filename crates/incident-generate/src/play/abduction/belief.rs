//! Belief: which explanations are left after what was read.

use std::cmp::Reverse;

use super::known::{Explanation, Known, Public};
use super::seen::{Line, Seen};
use crate::data::kinds::Symptom;
use crate::ids::{ClassSet, EntityId};
use crate::proof::claim::{Claim, is_consistent};
use crate::proof::hypotheses::{View, log2};
use incident_env::Diagnostic;

/// What is left of the explanations of an alert. It never grows.
#[derive(Debug, Clone)]
pub(super) struct Belief {
    /// The places of the explanations that are left, in ascending order. There is always one.
    left: Vec<usize>,
    /// The claims that they are consistent with.
    claims: Vec<Claim>,
}

impl Belief {
    /// Holds everything for possible that the alert leaves open.
    #[must_use]
    pub(super) fn new(known: &Known<'_>) -> Self {
        Self { left: (0..known.open.len()).collect(), claims: Vec::new() }
    }

    /// Returns the places of the explanations that are left.
    #[must_use]
    pub(super) fn left(&self) -> &[usize] {
        &self.left
    }

    /// Returns the classes of evidence that were seen at an entity.
    #[must_use]
    pub(super) fn classes_at(&self, at: EntityId) -> ClassSet {
        let class_here = |claim: &Claim| match *claim {
            Claim::Shows { at: there, class } if there == at => Some(class),
            _ => None,
        };
        self.claims.iter().filter_map(class_here).collect()
    }

    /// Returns the entropy of what is left, in 1024ths of a bit, with all explanations as likely as each other.
    #[must_use]
    pub(super) fn entropy(&self) -> u32 {
        log2(u64::try_from(self.left.len()).unwrap_or(u64::MAX))
    }

    /// Learns what a line claims, as far as it can be relied on. If nothing that is left is consistent with it, something
    /// beside the fault is in it, and it is set aside.
    pub(super) fn learn(&mut self, known: &Known<'_>, line: Line) {
        let claim = line.record.claim;
        if !claim.can_exclude() || !is_of_fault(known, line) {
            return;
        }
        self.claims.push(claim);
        let is_left =
            |place: &usize| is_consistent(&known.open[*place].appearance, &self.claims, known.public.ambiguity);
        let left: Vec<_> = self.left.iter().copied().filter(is_left).collect();
        if left.is_empty() {
            self.claims.pop();
        } else {
            self.left = left;
        }
    }

    /// Learns from the changes of an entity: a fault that a change there sets off is excluded where there is no such
    /// change.
    pub(super) fn learn_changes(&mut self, known: &Known<'_>, seen: &Seen, at: EntityId) {
        let is_left = |place: &usize| {
            let explanation = &known.open[*place];
            let needed = trigger_view(known, explanation).filter(|view| view.at == at);
            needed.is_none() || trigger(known, seen, explanation).is_some()
        };
        let left: Vec<_> = self.left.iter().copied().filter(is_left).collect();
        if !left.is_empty() {
            self.left = left;
        }
    }

    /// Returns the likeliest explanation that is left: the one beside which the fewest signs have to be of something
    /// else, and of those the one whose family comes up most often for each root.
    #[must_use]
    pub(super) fn likeliest<'k>(&self, known: &'k Known<'_>) -> &'k Explanation {
        let unexplained = |one: &Explanation| {
            let is_foreign = |claim: &&Claim| match **claim {
                Claim::Shows { at, class } => !one.appearance.shows[at.index()].contains(class),
                _ => false,
            };
            self.claims.iter().filter(is_foreign).count()
        };
        let all = self.left.iter().map(|place| (place, &known.open[*place]));
        let best = all.min_by_key(|(place, one)| (unexplained(one), Reverse(one.weight), **place));
        best.map_or(&known.open[0], |(_, explanation)| explanation)
    }
}

/// Returns whether what a line claims must be due to the fault of the alert, if there is one. Few failures may be due to
/// decoys. Where another fault is at work, all trouble and all signs may be due to it. The symptom of the alert is of its
/// fault.
#[must_use]
pub(super) fn is_of_fault(known: &Known<'_>, line: Line) -> bool {
    let Public { alert, two_faults, .. } = known.public;
    let is_much = || line.fails.is_none_or(|share| share > known.stray);
    match line.record.claim {
        Claim::Errors { at, up: true } => {
            (at, Symptom::Errors) == (alert.at, alert.symptom) || is_much() && !two_faults
        }
        Claim::Slow { at, up: true } => (at, Symptom::Latency) == (alert.at, alert.symptom) || !two_faults,
        Claim::Calls { errors: Some(true), .. } => is_much() && !two_faults,
        Claim::Shows { .. } => !two_faults,
        _ => true,
    }
}

/// Returns the look that shows the change which set off a fault, if a change did.
#[must_use]
pub(super) fn trigger_view(known: &Known<'_>, explanation: &Explanation) -> Option<View> {
    let is_recorded = known.family(explanation)?.trigger.kind.is_recorded();
    let at = explanation.fault.as_ref()?.trigger_at;
    is_recorded.then_some(View { at, tool: Diagnostic::CheckRecentDeploys })
}

/// Returns the number and the id of the change that set off a fault, as far as it was shown.
#[must_use]
pub(super) fn trigger<'s>(known: &Known<'_>, seen: &'s Seen, explanation: &Explanation) -> Option<(usize, &'s str)> {
    let view = trigger_view(known, explanation)?;
    let found = seen.trigger(view.at, &known.family(explanation)?.trigger, known.public.alert)?;
    Some((found.0, found.1.id.as_str()))
}
