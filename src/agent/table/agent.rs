//! The agent itself: it looks, tells the fault, repairs it where that is the task, and answers.

use std::collections::VecDeque;

use incident_env::{Action, ActionKind, Diagnostic, Observation, Remediation, Severity, Submission, TaskId};

use super::data::{Table, table};
use super::repair;
use super::seen::{Seen, Shown};
use super::walk::{Look, Trail};
use super::weigh::{Candidate, next_look, weigh};
use crate::agent::policy::{Decision, Policy, Turn};
use crate::agent::records::{journeys, series};
use crate::agent::{fallback, front_door};

/// Steps that are kept for the changes of a repair, the wait, the look after it and the answer.
const RESERVE: u32 = 10;

/// Steps that follow the changes of a repair: the wait, a look and the answer.
const AFTER_REPAIR: usize = 3;

/// Looks that may turn out to be needed only when others were taken.
const UNFORESEEN: usize = 2;

/// Looks that are kept for what stands at the end of the trail, however far it has been followed.
const WITHOUT_TRAIL: u32 = 5;

/// The most records that an answer can cite.
const CITED: usize = 8;

/// Plays by the table of signs. What is not simulated it plays as the fallback does.
#[derive(Debug)]
pub struct TableSolver {
    table: &'static Table,
    /// Whether signs count.
    signs: bool,
    /// What is left to do once the fault was told: changes, the wait, a look, and the answer.
    plan: VecDeque<Action>,
}

impl TableSolver {
    /// Makes a player that knows the table.
    #[must_use]
    pub fn new() -> Self {
        Self { table: table(), signs: true, plan: VecDeque::new() }
    }

    /// Makes a player to which no sign means anything. It walks, knows which changes can set off what, and repairs, so
    /// what it earns less is what the signs are worth.
    #[must_use]
    pub fn without_signs() -> Self {
        Self { signs: false, ..Self::new() }
    }

    fn next(&mut self, observation: &Observation) -> Action {
        if let Some(action) = self.plan.pop_front() {
            return action;
        }
        let simulated = observation.briefing.asks_for_citations();
        let Some(alerted) = observation.briefing.alert.affected_services.first().filter(|_| simulated) else {
            return fallback::next(observation);
        };
        let seen = Seen::new(observation);
        if observation.task().id == TaskId::AlertClassification {
            return self.severity(&seen, alerted);
        }
        match self.look(&seen, alerted) {
            Some((tool, part)) => Action::diagnostic(tool, part),
            None => self.answer(&seen, alerted),
        }
    }

    /// Returns the next look, or none if enough was read.
    fn look<'a>(&self, seen: &Seen<'a>, alerted: &'a str) -> Option<Look<'a>> {
        let repairs = seen.observation.task().id == TaskId::RemediationPlanning;
        let left = seen.observation.steps_left().saturating_sub(if repairs { RESERVE } else { 1 });
        let unread =
            |looks: &[Look<'a>]| looks.iter().find(|(tool, part)| seen.reading(*tool, part).is_none()).copied();
        let Some((_, holds)) = seen.alert_holds(alerted) else {
            return unread(&[(Diagnostic::CheckMetrics, alerted)]);
        };
        if !holds {
            let own = unread(&Diagnostic::ALL.map(|tool| (tool, alerted)));
            return own.or_else(|| way_in(seen)).filter(|_| left > 0);
        }
        let (trail, open) = Trail::follow(seen, alerted);
        if let Some(look) = open.filter(|_| left > WITHOUT_TRAIL) {
            return Some(look);
        }
        let candidates = weigh(seen, self.table, &trail, self.signs);
        let best = candidates.first()?;
        let mut needed = best.essential(seen, self.table);
        if repairs {
            needed.extend(repair::looks(seen, self.table, best));
        }
        needed.retain(|(tool, part)| seen.reading(*tool, part).is_none());
        if left as usize <= needed.len() + UNFORESEEN {
            // What an answer needs may also be read of what is kept, as far as the steps of the repair leave it.
            let kept = if repairs { best.mechanism.steps.len() + AFTER_REPAIR } else { 1 };
            return needed.first().copied().filter(|_| seen.observation.steps_left() as usize > kept);
        }
        let more = || {
            let roots = candidates.iter().take(6).flat_map(|one| Diagnostic::ALL.map(|tool| (tool, one.root)));
            let on_the_way = trail.parts.iter().rev().flat_map(|part| Diagnostic::ALL.map(|tool| (tool, *part)));
            unread(&needed.iter().copied().chain(roots).chain(on_the_way).collect::<Vec<_>>())
        };
        next_look(&candidates).or_else(more)
    }

    /// Answers with what was read, or begins to repair.
    fn answer(&mut self, seen: &Seen<'_>, alerted: &str) -> Action {
        let repair = seen.observation.task().id == TaskId::RemediationPlanning;
        if let Some((record, false)) = seen.alert_holds(alerted) {
            return if repair {
                resolution("none", "none", "no_incident")
            } else {
                cause("none", "none", "none", &[], &well(seen, record))
            };
        }
        let (trail, _) = Trail::follow(seen, alerted);
        let candidates = weigh(seen, self.table, &trail, self.signs);
        let Some(best) = candidates.first() else {
            let end = trail.end();
            return if repair { resolution(end, "none", "unresolved") } else { cause(end, "none", "none", &[], &[]) };
        };
        if !repair {
            let trigger = best.trigger(seen).map_or("none", |change| change.id);
            return cause(best.root, &best.mechanism.id, trigger, &path(&trail, best.root), &cited(seen, &trail, best));
        }
        let changes = (seen.observation.steps_left() as usize).saturating_sub(AFTER_REPAIR);
        self.plan.extend(repair::plan(seen, self.table, best).into_iter().take(changes));
        let wait = [("runbook_action", "observe"), ("minutes", "6")];
        self.plan.push_back(Action::with(ActionKind::Remediation(Remediation::ExecuteRunbookStep), &wait));
        self.plan.push_back(Action::diagnostic(Diagnostic::CheckMetrics, alerted));
        let answer = resolution(best.root, &best.mechanism.id, "resolved");
        self.plan.push_back(answer.clone());
        self.plan.pop_front().unwrap_or(answer)
    }

    /// Decides on the next step towards a severity: what users lose by the front door, and whether stored data comes
    /// apart or work is late where the trail ends.
    fn severity(&self, seen: &Seen<'_>, alerted: &str) -> Action {
        let by_users = front_door::severity(seen.observation);
        if !by_users.kind().is_submission() || by_users.text("severity") == Some(Severity::P1.as_str()) {
            return by_users;
        }
        let may_look = seen.observation.steps_left() > 1;
        let (trail, open) = Trail::follow(seen, alerted);
        if let Some((tool, part)) = open.filter(|_| may_look) {
            return Action::diagnostic(tool, part);
        }
        let stores = trail.parts.iter().copied().chain(seen.related(super::data::Relation::Callee, trail.end()));
        let stores: Vec<_> = stores.filter(|part| matches!(seen.kind(part), Some("db" | "queue"))).collect();
        for (tool, part) in
            stores.iter().flat_map(|part| [Diagnostic::QueryLogs, Diagnostic::CheckMetrics].map(|tool| (tool, *part)))
        {
            if seen.reading(tool, part).is_none() && may_look {
                return Action::diagnostic(tool, part);
            }
        }
        let shows = |id: &str, part: &str| {
            self.table.sign(id).is_some_and(|sign| self.signs && matches!(seen.shown(sign, part), Shown::Now { .. }))
        };
        let late = |part: &str| {
            let age = seen.reading(Diagnostic::CheckMetrics, part).and_then(|text| {
                series(text).find(|one| one.label.starts_with("age of the oldest unread")).map(|one| one.last())
            });
            age.is_some_and(|age| age >= 10.0)
        };
        if stores.iter().any(|part| shows("records_contradict", part) && shows("copy_lags", part)) {
            return Action::submit_severity(Severity::P1);
        }
        if by_users.text("severity") == Some(Severity::P4.as_str()) && stores.iter().any(|part| late(part)) {
            return Action::submit_severity(Severity::P3);
        }
        by_users
    }
}

impl Default for TableSolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy for TableSolver {
    fn turn(&mut self, observation: &Observation) -> Turn {
        Turn::Act(Decision::builtin(self.next(observation)))
    }
}

/// The next look on the way to the part through which users come in; none if what users get was read.
fn way_in<'a>(seen: &Seen<'a>) -> Option<Look<'a>> {
    let next = front_door::severity(seen.observation);
    let ActionKind::Diagnostic(tool) = *next.kind() else { return None };
    let target = next.target()?;
    seen.observation.briefing.services.iter().find(|part| ***part == *target).map(|part| (tool, &**part))
}

/// The records that show that users get what they come for, after the one of the alerted part.
fn well<'a>(seen: &Seen<'a>, alerted: &'a str) -> Vec<&'a str> {
    let parts = seen.observation.briefing.services.iter();
    let read = parts.filter_map(|part| seen.reading(Diagnostic::CheckMetrics, part));
    let doors = read.filter(|text| journeys(text).next().is_some());
    let of_doors = doors.flat_map(|door| {
        let failed = series(door).filter(|one| one.label.starts_with("failed requests")).map(|one| one.record.id);
        failed.chain(journeys(door).map(|one| one.record.id))
    });
    [alerted].into_iter().chain(of_doors).take(CITED).collect()
}

/// The parts from the alerted one to the root.
fn path<'a>(trail: &Trail<'a>, root: &'a str) -> Vec<&'a str> {
    if let Some(place) = trail.parts.iter().position(|part| *part == root) {
        return trail.parts[..=place].to_vec();
    }
    let suffering = trail.parts.len() - usize::from(trail.end_is_well && trail.parts.len() > 1);
    trail.parts[..suffering].iter().copied().chain([root]).collect()
}

/// The records of the chain: signs, failing calls towards the root, and the change.
fn cited<'a>(seen: &Seen<'a>, trail: &Trail<'a>, best: &Candidate<'a>) -> Vec<&'a str> {
    let calls = trail.calls.iter().rev().take(3).map(|call| call.record.id);
    let mut ids: Vec<&str> =
        best.records.iter().take(4).copied().chain(best.change_record(seen)).chain(calls).collect();
    ids.truncate(CITED);
    ids
}

fn cause(service: &str, mechanism: &str, trigger: &str, path: &[&str], evidence: &[&str]) -> Action {
    let (path, evidence) = (path.join(","), evidence.join(","));
    let texts = [
        ("service", service),
        ("mechanism", mechanism),
        ("trigger", trigger),
        ("path", &path),
        ("evidence", &evidence),
    ];
    Action::with(ActionKind::Submission(Submission::RootCause), &texts)
}

fn resolution(service: &str, mechanism: &str, status: &str) -> Action {
    let texts = [("service", service), ("mechanism", mechanism), ("status", status)];
    Action::with(ActionKind::Submission(Submission::Resolution), &texts)
}
