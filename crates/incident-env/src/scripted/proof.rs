//! Proofs about scripted worlds: the oracle's path, the reachable states, and that no text is dead.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::facts::{FactSet, Guard};
use super::strict_truth::Look;
use super::truth::Answer;
use super::world::ScriptedWorld;
use crate::action::{Action, ActionKind, Diagnostic};
use crate::observation::Briefing;
use crate::proof::{Flaw, Reachability};

/// The largest number of states of a world. No person writes a world with more, and proving it would take minutes.
const MOST_STATES: usize = 50_000;

/// Returns a shortest sequence of actions that earns the full score, by the classic grader and, if the world has what
/// it needs, by the strict one.
///
/// It is shortest because nothing can be left out: an answer ends every task; the strict grader wants one reading of
/// each clue, the classic one at least one diagnostic; and every step of the correct sequence is worth points.
pub(super) fn oracle(world: &ScriptedWorld, briefing: &Briefing) -> Vec<Action> {
    let mut play = clues(world, briefing);
    match &world.truth.answer {
        Answer::Severity(severity) => play.push(Action::submit_severity(*severity)),
        Answer::RootCause(right) => {
            if play.is_empty() {
                play.push(Action::diagnostic(Diagnostic::QueryLogs, &right.service));
            }
            play.push(Action::submit_root_cause(&right.service, &right.failure_mode_terms.join(", ")));
        }
        Answer::Repair(right) => {
            play.extend(right.sequence.iter().map(|index| {
                let key = &world.script.remedies[usize::from(*index)].key;
                Action::remediation(key.kind, &key.target)
            }));
            play.push(Action::submit_resolution(&right.resolution_terms.join(", ")));
        }
    }
    play
}

/// Returns one reading of each thing that the strict grader requires.
fn clues(world: &ScriptedWorld, briefing: &Briefing) -> Vec<Action> {
    let Some(strict) = &world.strict else { return Vec::new() };
    let wanted = std::iter::once(&strict.impact).chain(&strict.clues);
    let first = wanted.filter_map(|any| {
        any.iter().find_map(|look| match look {
            Look::Reading(kind, service) => briefing.services.get(usize::from(*service)).map(|name| (*kind, name)),
            Look::Check(_) => None,
        })
    });
    first.map(|(kind, service)| Action::diagnostic(kind, service)).collect()
}

/// Proves that the states are few, that every text can be shown, and that the oracle's path reaches a goal that does
/// not hold at the start.
///
/// # Errors
/// Returns the first property that the world lacks.
pub(super) fn prove(world: &ScriptedWorld, briefing: &Briefing, oracle: &[Action]) -> Result<Reachability, Flaw> {
    let scenario = || briefing.scenario_id.clone();
    let reachable = reachable(world).ok_or_else(|| Flaw::TooManyStates { scenario: scenario(), most: MOST_STATES })?;
    check_variants(world, briefing, &reachable)?;
    let mut shortest_repair = None;
    if let Answer::Repair(right) = &world.truth.answer {
        let goal = right.goal;
        if goal.allows(world.script.start) {
            return Err(Flaw::GoalAtStart { scenario: scenario() });
        }
        let end = after(world, oracle);
        if !goal.allows(end) {
            let facts = world.facts.holding(end).join(", ");
            return Err(Flaw::GoalMissed { scenario: scenario(), facts });
        }
        shortest_repair = reachable.iter().filter(|(facts, _)| goal.allows(**facts)).map(|(_, depth)| *depth).min();
    }
    Ok(Reachability { states: reachable.len(), shortest_repair })
}

/// Returns the facts after a path of the oracle, which names every target as the script does.
fn after(world: &ScriptedWorld, path: &[Action]) -> FactSet {
    path.iter().fold(world.script.start, |facts, action| {
        let ActionKind::Remediation(kind) = action.kind() else { return facts };
        let remedy = action.target().and_then(|target| world.script.remedy_of_key(&format!("{kind}:{target}")));
        let outcome = remedy.and_then(|remedy| world.script.outcome(remedy, facts));
        outcome.map_or(facts, |outcome| outcome.effect.apply(facts))
    })
}

/// Returns the states that remediations can reach, each with the smallest number of remediations that reach it, or
/// `None` if there are too many states.
fn reachable(world: &ScriptedWorld) -> Option<BTreeMap<FactSet, usize>> {
    let script = &world.script;
    let mut depths = BTreeMap::from([(script.start, 0)]);
    let mut queue = VecDeque::from([(script.start, 0)]);
    while let Some((facts, depth)) = queue.pop_front() {
        for outcome in (0..).take(script.remedies.len()).filter_map(|remedy| script.outcome(remedy, facts)) {
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

/// Checks that every variant is the first whose guard holds in some state that can be reached.
fn check_variants(
    world: &ScriptedWorld,
    briefing: &Briefing,
    reachable: &BTreeMap<FactSet, usize>,
) -> Result<(), Flaw> {
    let never_shown = |guards: &mut dyn Iterator<Item = Guard>| {
        let guards: Vec<_> = guards.collect();
        let first = |facts: &FactSet| guards.iter().position(|guard| guard.allows(*facts));
        let seen: BTreeSet<_> = reachable.keys().filter_map(first).collect();
        (0..guards.len()).find(|index| !seen.contains(index))
    };
    let flaw = |place: String| Flaw::Unreachable { scenario: briefing.scenario_id.clone(), place };
    for (kind, by_service) in Diagnostic::ALL.iter().zip(&world.script.evidence) {
        for (service, variants) in briefing.services.iter().zip(by_service) {
            if let Some(index) = never_shown(&mut variants.iter().map(|variant| variant.guard)) {
                return Err(flaw(format!("evidence.{kind}.{service}[{index}]")));
            }
        }
    }
    for remedy in &world.script.remedies {
        if let Some(index) = never_shown(&mut remedy.outcomes.iter().map(|outcome| outcome.guard)) {
            let key = &remedy.key;
            return Err(flaw(format!("outcome.{}.{}[{index}]", key.kind, key.target)));
        }
    }
    Ok(())
}
