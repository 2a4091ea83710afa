//! The agent itself: it looks, tells the fault, repairs it where that is the task, and answers.

use std::collections::VecDeque;

use incident_env::{Action, ActionKind, Diagnostic, Observation, Remediation, Severity, Submission, TaskId};

use super::data::{Relation, Table, table};
use super::repair;
use super::seen::{Look, Seen, Shown};
use super::walk::Trail;
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
    /// The looks that were taken, so that none is taken for ever that gets no answer.
    taken: Vec<(Diagnostic, String)>,
}

impl TableSolver {
    /// Makes a player that knows the table.
    #[must_use]
    pub fn new() -> Self {
        Self { table: table(), signs: true, plan: VecDeque::new(), taken: Vec::new() }
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
        let taken = std::mem::take(&mut self.taken);
        let seen = Seen::new(observation, &taken);
        let next = match observation.task().id {
            TaskId::AlertClassification => self.severity(&seen, alerted),
            _ => self.look(&seen, alerted).map_or_else(|| Next::Act(self.answer(&seen, alerted)), Next::Look),
        };
        let (action, look) = match next {
            Next::Look(look) => (look.action(), Some((look.tool(), look.key()))),
            Next::Act(action) => (action, None),
        };
        self.taken = taken;
        self.taken.extend(look);
        action
    }

    /// Returns the next look, or none if enough was read.
    fn look<'a>(&self, seen: &Seen<'a>, alerted: &'a str) -> Option<Look<'a>> {
        let repairs = seen.observation.task().id == TaskId::RemediationPlanning;
        let left = seen.observation.steps_left().saturating_sub(if repairs { RESERVE } else { 1 });
        let unread = |looks: &[Look<'a>]| looks.iter().find(|look| !seen.is_taken(**look)).copied();
        let Some((_, holds)) = seen.alert_holds(alerted) else {
            return unread(&[Look::at(Diagnostic::CheckMetrics, alerted)]);
        };
        if !holds {
            let own = unread(&Diagnostic::ALL.map(|tool| Look::at(tool, alerted)));
            return own.or_else(|| way_in(seen)).filter(|_| left > 0);
        }
        // One look tells all changes. Another one tells the kinds of parts, where their names do not.
        let nameless = seen.observation.briefing.services.iter().any(|part| seen.kind(part).is_none());
        let kinds = nameless.then_some(Diagnostic::CheckServiceStatus);
        let of_all = [Some(Diagnostic::CheckRecentDeploys), kinds].into_iter().flatten().map(Look::over_all);
        if let Some(look) = unread(&of_all.collect::<Vec<_>>()).filter(|_| left > WITHOUT_TRAIL) {
            return Some(look);
        }
        let (trail, open) = Trail::follow(seen, alerted);
        if let Some(look) = open.filter(|_| left > WITHOUT_TRAIL) {
            return Some(look);
        }
        // Where the trail ends, the log and the status tell most.
        let ends = trail.parts.iter().rev().take(if trail.end_is_well { 2 } else { 1 });
        let tools = [Diagnostic::QueryLogs, Diagnostic::CheckServiceStatus];
        let of_ends = ends.flat_map(|part| tools.map(|tool| Look::at(tool, part)));
        if let Some(look) = unread(&of_ends.collect::<Vec<_>>()).filter(|_| self.signs && left > WITHOUT_TRAIL) {
            return Some(look);
        }
        let candidates = weigh(seen, self.table, &trail, self.signs);
        let best = candidates.first()?;
        let mut needed = best.essential(seen, self.table);
        if repairs {
            needed.extend(repair::looks(seen, self.table, best));
        }
        needed.retain(|look| !seen.is_taken(*look));
        if left as usize <= needed.len() + UNFORESEEN {
            // What an answer needs may also be read of what is kept, as far as the steps of the repair leave it.
            let kept = if repairs { best.mechanism.steps.len() + AFTER_REPAIR } else { 1 };
            return needed.first().copied().filter(|_| seen.observation.steps_left() as usize > kept);
        }
        let more = || {
            let roots = candidates.iter().take(6).flat_map(|one| Diagnostic::ALL.map(|tool| Look::at(tool, one.root)));
            let on_the_way = trail.parts.iter().rev().flat_map(|part| Diagnostic::ALL.map(|tool| Look::at(tool, part)));
            unread(&needed.iter().copied().chain(roots).chain(on_the_way).collect::<Vec<_>>())
        };
        next_look(&candidates).or_else(more)
    }

    /// Answers with what was read, or begins to repair.
    fn answer<'a>(&mut self, seen: &Seen<'a>, alerted: &'a str) -> Action {
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
    fn severity<'a>(&self, seen: &Seen<'a>, alerted: &'a str) -> Next<'a> {
        let by_users = front_door::severity(seen.observation);
        if !by_users.kind().is_submission() || by_users.text("severity") == Some(Severity::P1.as_str()) {
            return Next::Act(by_users);
        }
        let may_look = seen.observation.steps_left() > 1;
        let (trail, open) = Trail::follow(seen, alerted);
        if let Some(look) = open.filter(|_| may_look) {
            return Next::Look(look);
        }
        let stores = trail.parts.iter().copied().chain(seen.related(Relation::Callee, trail.end()));
        let stores: Vec<_> = stores.filter(|part| matches!(seen.kind(part), Some("db" | "queue"))).collect();
        let tools = [Diagnostic::CheckServiceStatus, Diagnostic::CheckMetrics];
        let looks = tools.into_iter().flat_map(|tool| stores.iter().map(move |part| Look::at(tool, part)));
        if let Some(look) = looks.into_iter().find(|look| may_look && !seen.is_taken(*look)) {
            return Next::Look(look);
        }
        let shows = |id: &str, part: &'a str| {
            let sign = self.table.sign(id).filter(|_| self.signs);
            sign.is_some_and(|sign| matches!(seen.shown(sign, part, None), Shown::Now { .. }))
        };
        if stores.iter().any(|part| shows("two_leaders", part)) {
            return Next::Act(Action::submit_severity(Severity::P1));
        }
        if by_users.text("severity") == Some(Severity::P4.as_str()) && stores.iter().any(|part| is_late(seen, part)) {
            return Next::Act(Action::submit_severity(Severity::P3));
        }
        Next::Act(by_users)
    }
}

/// What is done next.
enum Next<'a> {
    /// A look.
    Look(Look<'a>),
    /// Anything else.
    Act(Action),
}

/// Returns whether what waits in a store has waited for ten minutes or longer.
fn is_late(seen: &Seen<'_>, part: &str) -> bool {
    let text = seen.reading(Diagnostic::CheckMetrics, part).unwrap_or_default();
    series(text).any(|one| {
        let in_seconds = one.label.contains("max_lag_seconds") || one.label.contains("message_age_seconds");
        let in_minutes = one.label.starts_with("age of the oldest unread");
        (in_seconds && one.last() >= 600.0) || (in_minutes && one.last() >= 10.0)
    })
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
    seen.observation.briefing.services.iter().find(|part| ***part == *target).map(|part| Look::at(tool, part))
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
    let signs = distinct(best.records.iter().copied());
    let first = signs.iter().copied().take(4);
    let mut ids = distinct(first.chain(best.change_record(seen)).chain(calls).chain(signs.iter().copied()));
    ids.truncate(CITED);
    ids
}

/// Each id once, in the order in which they come first.
fn distinct<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known = Vec::new();
    for id in ids {
        if !known.contains(&id) {
            known.push(id);
        }
    }
    known
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
