//! The strict grader's view of an episode: the looks that were taken, the changes that were made, and their effects.

use super::super::super::strict_truth::{Look, StrictTruth};
use crate::action::{Action, ActionKind, Diagnostic, Remediation};
use crate::grade::rubric;
use crate::names::same_name;
use crate::observation::Briefing;
use crate::scripted::world::ScriptedWorld;
use crate::trajectory::{Resolved, StepRecord, Trajectory};

/// The harm of a change that is listed as wrong.
const HARM_OF_WRONG: f64 = 0.10;
/// The harm of a change that did not help.
const HARM_OF_IDLE: f64 = 0.07;

/// The looks and changes of an episode.
#[derive(Default)]
pub(super) struct Deeds {
    /// The looks, oldest first.
    pub(super) seen: Vec<Look>,
    /// The number of looks before the first change. `None` if nothing was changed.
    before_change: Option<usize>,
    /// The number of looks up to the last change that helped.
    up_to_last_help: usize,
    /// The number of the goal's facts that did not hold at the start.
    pub(super) unmet_at_start: u32,
    /// The number of the goal's facts that do not hold at the end.
    pub(super) unmet_at_end: u32,
    /// Whether the change that set the incident off is gone at the end.
    pub(super) durable: bool,
    /// The number of changes.
    pub(super) changes: u32,
    /// The number of changes after which fewer facts were wrong.
    pub(super) helpful: u32,
    /// The sum of the harm of all changes.
    pub(super) harm: f64,
}

impl Deeds {
    /// Replays the steps on the script's facts.
    pub(super) fn of(steps: Trajectory<'_>, world: &ScriptedWorld, briefing: &Briefing, truth: &StrictTruth) -> Self {
        let (script, goal) = (&world.script, world.truth.goal());
        let mut facts = script.start;
        let mut deeds = Self { unmet_at_start: goal.unmet(facts), ..Self::default() };
        for step in steps.0 {
            match step.resolved {
                Resolved::Diagnostic(kind, Some(service)) => deeds.seen.push(Look::Reading(kind, service)),
                Resolved::Remediation(remedy) => {
                    let left = |facts| goal.unmet(facts) + truth.durable.unmet(facts);
                    let before = left(facts);
                    if let Some(outcome) = remedy.and_then(|remedy| script.outcome(remedy, facts)) {
                        facts = outcome.effect.apply(facts);
                    }
                    match remedy {
                        Some(check) if truth.checks.contains(&check) => deeds.seen.push(Look::Check(check)),
                        None if !was_executed(step, briefing) => {}
                        _ => deeds.changed(
                            left(facts) < before,
                            remedy.is_some_and(|remedy| world.truth.wrong.contains(&remedy)),
                        ),
                    }
                }
                _ => {}
            }
        }
        deeds.unmet_at_end = goal.unmet(facts);
        deeds.durable = truth.durable.allows(facts);
        deeds
    }

    fn changed(&mut self, helped: bool, is_wrong: bool) {
        self.before_change.get_or_insert(self.seen.len());
        self.changes += 1;
        self.helpful += u32::from(helped);
        if helped {
            self.up_to_last_help = self.seen.len();
        }
        self.harm += match (is_wrong, helped) {
            (true, _) => HARM_OF_WRONG,
            (false, false) => HARM_OF_IDLE,
            (false, true) => 0.0,
        };
    }

    /// Returns the looks that were taken before the first change.
    pub(super) fn seen_before_change(&self) -> &[Look] {
        &self.seen[..self.before_change.unwrap_or(self.seen.len())]
    }

    /// Returns the looks that were taken after the last change that helped.
    pub(super) fn seen_since_last_help(&self) -> &[Look] {
        &self.seen[self.up_to_last_help..]
    }
}

/// Returns whether the step changed an existing service in a way that the scenario does not describe.
fn was_executed(step: &StepRecord, briefing: &Briefing) -> bool {
    let ActionKind::Remediation(kind) = step.action.kind() else { return false };
    let of_service = !matches!(kind, Remediation::DisableFeatureFlag | Remediation::ExecuteRunbookStep);
    let known = |name: &str| briefing.services.iter().any(|service| same_name(service, name));
    of_service && step.action.target().is_some_and(known)
}

/// Returns the share of these sets of which at least one look was taken, 0 to 1; 0 if there are no sets.
pub(super) fn share(sets: &[Vec<Look>], seen: &[Look]) -> f64 {
    let met = sets.iter().filter(|any| any.iter().any(|look| seen.contains(look))).count();
    if sets.is_empty() { 0.0 } else { count(met) / count(sets.len()) }
}

/// Returns the worth of the citations of an answer, 0 to 1; `None` if it cites nothing. They show the cause to the degree
/// to which they hold its clues, and a citation belongs to the cause if it is a clue that was seen.
pub(super) fn citations(
    answer: Option<&Action>,
    briefing: &Briefing,
    truth: &StrictTruth,
    deeds: &Deeds,
) -> Option<f64> {
    let cited = answer.and_then(|answer| answer.texts("evidence")).filter(|cited| !cited.is_empty())?;
    let is_clue = |look: &Look| truth.clues.iter().any(|any| any.contains(look));
    let fitting: Vec<_> = cited
        .iter()
        .filter_map(|key| reading(key, briefing))
        .filter(|look| deeds.seen.contains(look) && is_clue(look))
        .collect();
    Some(rubric::citations(share(&truth.clues, &fitting), count(fitting.len()) / count(cited.len())))
}

/// Returns the reading that the citation `diagnostic:service` means.
fn reading(key: &str, briefing: &Briefing) -> Option<Look> {
    let (kind, service) = key.split_once(':')?;
    let place = briefing.services.iter().position(|known| **known == *service)?;
    Some(Look::Reading(Diagnostic::from_name(kind)?, u16::try_from(place).ok()?))
}

/// Returns whether the fault acts along these services, from a service of the alert to the root or back.
pub(super) fn is_path(path: &[&str], root: &str, briefing: &Briefing, truth: &StrictTruth) -> bool {
    let place = |name: &str| briefing.services.iter().position(|known| **known == *name);
    let is_alerted = |name: &str| briefing.alert.affected_services.iter().any(|affected| affected == name);
    let acts = |cause: &str, effect: &str| match (place(cause), place(effect)) {
        (Some(cause), Some(effect)) => {
            truth.acts.iter().any(|(a, b)| (usize::from(*a), usize::from(*b)) == (cause, effect))
        }
        _ => false,
    };
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
    if *last == root && is_alerted(first) {
        path.windows(2).all(|pair| acts(pair[1], pair[0]))
    } else if *first == root && is_alerted(last) {
        path.windows(2).all(|pair| acts(pair[0], pair[1]))
    } else {
        false
    }
}

/// Converts a count to a number; counts in an episode are small.
fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}
