//! Proofs about scenarios: a full score can be reached, and nothing in the file is dead.
//!
//! The checker plays the real engine, so what it proves is what an agent would meet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::action::{Action, ActionKind, Diagnostic, Submission};
use super::episode::Episode;
use super::episode_id::EpisodeId;
use super::facts::Facts;
use super::grade::strict::truth::Look;
use super::points::Points;
use super::scenario::Scenario;
use super::task::TaskId;

/// What was proved about a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// A shortest sequence of actions that earns the full score.
    pub path: Vec<Action>,
    /// The states of the world that remediations can reach, the first one included.
    pub states: usize,
    /// The fewest remediations that reach the goal; none for tasks without remediations.
    pub shortest_repair: Option<usize>,
}

/// A property that a scenario lacks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what each means")]
pub enum Flaw {
    #[error("{scenario}: the full-score path earns {total}, not 1.0")]
    NotFull { scenario: String, total: Points },
    #[error("{scenario}: the full-score path earns {total} by the strict grader, not 1.0: {feedback}")]
    NotStrict { scenario: String, total: Points, feedback: String },
    #[error("{scenario}: the full-score path has {path} actions; the task allows {limit} steps")]
    TooLong { scenario: String, path: usize, limit: u32 },
    #[error("{scenario}: the goal already holds at the start")]
    GoalAtStart { scenario: String },
    #[error("{scenario}: the correct sequence does not reach the goal; it ends with: {facts}")]
    GoalMissed { scenario: String, facts: String },
    #[error("{scenario}: remediations reach more than {most} states of the world; use fewer independent facts")]
    TooManyStates { scenario: String, most: usize },
    #[error("{scenario}: {place} can never be shown: no remediations make its guard hold first")]
    Unreachable { scenario: String, place: String },
}

/// A shortest sequence of actions that earns the full score, by the classic grader and, where the scenario has what it needs,
/// by the strict one: the oracle's play.
///
/// It is shortest because nothing can be left out: an answer ends every task; the strict grader wants one reading of each clue,
/// the classic one at least one diagnostic; and every step of the correct sequence is worth points.
#[must_use]
pub fn oracle(scenario: &Scenario) -> Vec<Action> {
    if let Some(live) = &scenario.live {
        return live.oracle(scenario.task());
    }
    let truth = &scenario.truth;
    let submit = |kind, texts: &[(&str, &str)]| Action::with(ActionKind::Submission(kind), texts);
    match scenario.task() {
        TaskId::AlertClassification => {
            let mut play = clues(scenario);
            play.push(submit(Submission::Severity, &[("severity", &truth.severity)]));
            play
        }
        TaskId::RootCauseAnalysis => {
            let mut play = clues(scenario);
            if play.is_empty() {
                let root = [("service", truth.root_cause.as_str())];
                play.push(Action::with(ActionKind::Diagnostic(Diagnostic::QueryLogs), &root));
            }
            let mode = truth.failure_mode_terms.join(", ");
            play.push(submit(Submission::RootCause, &[("service", &truth.root_cause), ("failure_mode", &mode)]));
            play
        }
        TaskId::RemediationPlanning => {
            let remedies = truth.sequence.iter().map(|index| {
                let key = &scenario.world.remedies[usize::from(*index)].key;
                Action::with(ActionKind::Remediation(key.kind), &[(key.kind.target_parameters()[0], &key.target)])
            });
            let summary = truth.resolution_terms.join(", ");
            let answer = submit(Submission::Resolution, &[("summary", &summary)]);
            clues(scenario).into_iter().chain(remedies).chain(std::iter::once(answer)).collect()
        }
    }
}

/// One reading of each thing that the strict grader wants to have been seen.
fn clues(scenario: &Scenario) -> Vec<Action> {
    let Some(strict) = &scenario.strict else { return Vec::new() };
    let wanted = std::iter::once(&strict.impact).chain(&strict.clues);
    let first = wanted.filter_map(|any| {
        any.iter().find_map(|look| match look {
            Look::Reading(kind, service) => {
                scenario.briefing.services.get(usize::from(*service)).map(|name| (*kind, name))
            }
            Look::Check(_) => None,
        })
    });
    first.map(|(kind, service)| Action::with(ActionKind::Diagnostic(kind), &[("service", service)])).collect()
}

/// Proves a scenario.
///
/// # Errors
/// The first property that it lacks.
pub fn prove(scenario: &Arc<Scenario>) -> Result<Proof, Flaw> {
    let name = || scenario.id().to_owned();
    let path = oracle(scenario);
    let limit = scenario.briefing().task.max_steps;
    if path.len() > limit as usize {
        return Err(Flaw::TooLong { scenario: name(), path: path.len(), limit });
    }
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    for action in &path {
        episode.step(action);
    }
    let total = episode.grade().map_or(Points::ZERO, |grade| grade.total);
    if total != Points::ONE {
        return Err(Flaw::NotFull { scenario: name(), total });
    }
    if let Some(strict) = episode.strict_grade()
        && strict.total != Points::ONE
    {
        return Err(Flaw::NotStrict { scenario: name(), total: strict.total, feedback: strict.feedback });
    }
    if scenario.is_simulated() {
        // Its own checker has proved the rest.
        return Ok(Proof { path, states: 0, shortest_repair: None });
    }
    let reachable = reachable(scenario).ok_or_else(|| Flaw::TooManyStates { scenario: name(), most: MOST_STATES })?;
    check_variants(scenario, &reachable)?;
    let mut shortest_repair = None;
    if scenario.task() == TaskId::RemediationPlanning {
        let goal = scenario.truth.goal;
        if goal.allows(scenario.world.start) {
            return Err(Flaw::GoalAtStart { scenario: name() });
        }
        if !goal.allows(episode.facts()) {
            let facts = scenario.facts.holding(episode.facts()).join(", ");
            return Err(Flaw::GoalMissed { scenario: name(), facts });
        }
        shortest_repair = reachable.iter().filter(|(facts, _)| goal.allows(**facts)).map(|(_, depth)| *depth).min();
    }
    Ok(Proof { path, states: reachable.len(), shortest_repair })
}

/// More states than these are not a scenario that a person wrote, and proving it would take minutes.
const MOST_STATES: usize = 50_000;

/// The states of the world that remediations can reach, each with the fewest that do; none where they are too many.
fn reachable(scenario: &Scenario) -> Option<BTreeMap<Facts, usize>> {
    let world = &scenario.world;
    let mut depths = BTreeMap::from([(world.start, 0)]);
    let mut queue = VecDeque::from([(world.start, 0)]);
    while let Some((facts, depth)) = queue.pop_front() {
        for outcome in (0..).take(world.remedies.len()).filter_map(|remedy| world.outcome(remedy, facts)) {
            let after = outcome.effect.apply(facts);
            if let std::collections::btree_map::Entry::Vacant(entry) = depths.entry(after) {
                entry.insert(depth + 1);
                queue.push_back((after, depth + 1));
            }
        }
        if depths.len() > MOST_STATES {
            return None;
        }
    }
    Some(depths)
}

/// Every variant must be the first whose guard holds in some state that can be reached.
fn check_variants(scenario: &Scenario, reachable: &BTreeMap<Facts, usize>) -> Result<(), Flaw> {
    let shown = |guards: &mut dyn Iterator<Item = super::facts::Guard>| {
        let guards: Vec<_> = guards.collect();
        let first = |facts: &Facts| guards.iter().position(|guard| guard.allows(*facts));
        let seen: BTreeSet<_> = reachable.keys().filter_map(first).collect();
        (0..guards.len()).find(|index| !seen.contains(index))
    };
    let flaw = |place: String| Flaw::Unreachable { scenario: scenario.id().to_owned(), place };
    for (kind, by_service) in Diagnostic::ALL.iter().zip(&scenario.world.evidence) {
        for (service, variants) in scenario.briefing.services.iter().zip(by_service) {
            if let Some(index) = shown(&mut variants.iter().map(|variant| variant.guard)) {
                return Err(flaw(format!("evidence.{kind}.{service}[{index}]")));
            }
        }
    }
    for remedy in &scenario.world.remedies {
        if let Some(index) = shown(&mut remedy.outcomes.iter().map(|outcome| outcome.guard)) {
            let key = &remedy.key;
            return Err(flaw(format!("outcome.{}.{}[{index}]", key.kind, key.target)));
        }
    }
    Ok(())
}
