//! Plays incidents whose world is simulated: it follows failing calls to the part where the trail ends, reads what is
//! conspicuous there, and takes the steps that the playbook has for it.

use serde_json::{Map, Value, json};

use super::actions::look;
use crate::agent::playbook::{Mechanism, mechanisms};
use incident_env::{Action, ActionKind, Diagnostic, Observation, Remediation, Severity, Submission, TaskId};

/// The most parts that a trail leads through.
const LONGEST: usize = 5;
/// The minutes after the last change in which a system settles.
const SETTLES: u32 = 5;
/// The most records that an answer cites.
const MOST_CITED: usize = 6;

/// The responder's way through a simulated incident.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The parts, from the alerted one on.
    parts: Vec<String>,
    /// The steps that are still to be taken; none until they were decided.
    steps: Option<Vec<Action>>,
    waited: bool,
    verified: bool,
}

/// The conspicuous words at a part, each with its record.
struct Sign {
    words: String,
    record: String,
}

impl Trail {
    /// Decides on the next action.
    pub(super) fn next(&mut self, observation: &Observation) -> Action {
        match observation.task().id {
            TaskId::AlertClassification => severity(observation),
            TaskId::RootCauseAnalysis => self
                .find(observation)
                .unwrap_or_else(|| self.answer(observation, Submission::RootCause, json!({"confidence": 0.7}))),
            TaskId::RemediationPlanning => self.repair(observation),
        }
    }

    /// The next look; none if everything was seen that there are steps for.
    fn find(&mut self, observation: &Observation) -> Option<Action> {
        let keep = if observation.task().id == TaskId::RemediationPlanning { 6 } else { 1 };
        if observation.steps_left() <= keep {
            return None;
        }
        if self.parts.is_empty() {
            self.parts.extend(observation.briefing.alert.affected_services.first().cloned());
        }
        let part = self.parts.last()?.clone();
        let Some(edges) = observation.reading(Diagnostic::CheckDependencies, &part) else {
            return Some(look(Diagnostic::CheckDependencies, &part));
        };
        let worst = worst_call(edges, &part).filter(|next| !self.parts.contains(next));
        if let Some(next) = worst.filter(|_| self.parts.len() < LONGEST) {
            self.parts.push(next);
            return self.find(observation);
        }
        // The trail ends here, so what is conspicuous?
        let suspect = self.suspect(observation)?;
        [
            Diagnostic::CheckMetrics,
            Diagnostic::QueryLogs,
            Diagnostic::CheckServiceStatus,
            Diagnostic::CheckRecentDeploys,
        ]
        .into_iter()
        .filter(|tool| observation.task().offers(&ActionKind::Diagnostic(*tool)))
        .find(|tool| observation.reading(*tool, &suspect).is_none())
        .map(|tool| look(tool, &suspect))
    }

    /// The part where the trail ends, or the node under it if the trouble is one of placement.
    fn suspect(&self, observation: &Observation) -> Option<String> {
        let part = self.parts.last()?.clone();
        let placed = signs(observation, &part).iter().any(|sign| sign.words.contains("errors on one node"));
        let status = observation.reading(Diagnostic::CheckServiceStatus, &part);
        let node = status.and_then(|text| text.split(", on ").nth(1)?.split([',', '\n']).next());
        Some(node.filter(|_| placed).map_or(part, str::to_owned))
    }

    fn mechanism(&self, observation: &Observation) -> Option<&'static Mechanism> {
        let found = signs(observation, &self.suspect(observation)?);
        let fits = |mechanism: &&Mechanism| {
            let seen = |word: &&String| found.iter().any(|sign| sign.words.contains(word.as_str()));
            let count = mechanism.signs.iter().filter(seen).count();
            (count * 100 / mechanism.signs.len(), count)
        };
        mechanisms().iter().max_by_key(fits).filter(|best| fits(best).1 > 0)
    }

    fn answer(&self, observation: &Observation, kind: Submission, more: Value) -> Action {
        let suspect = self.suspect(observation).unwrap_or_else(|| "none".to_owned());
        let mechanism = self.mechanism(observation);
        let signs = signs(observation, &suspect);
        let to_the_point = |sign: &&Sign| {
            mechanism.is_none_or(|known| known.signs.iter().any(|word| sign.words.contains(word.as_str())))
        };
        let evidence: Vec<_> =
            signs.iter().filter(to_the_point).map(|sign| sign.record.clone()).take(MOST_CITED).collect();
        let mut parameters = match more {
            Value::Object(more) => more,
            _ => Map::new(),
        };
        let mechanism = mechanism.map_or("none", |known| &known.id);
        parameters.insert("service".to_owned(), suspect.clone().into());
        parameters.insert("mechanism".to_owned(), mechanism.into());
        parameters
            .insert("trigger".to_owned(), change(observation, &suspect).unwrap_or_else(|| "none".to_owned()).into());
        parameters.insert("path".to_owned(), json!(self.parts));
        parameters.insert("evidence".to_owned(), json!(evidence));
        let kind = ActionKind::Submission(kind);
        Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
    }

    fn repair(&mut self, observation: &Observation) -> Action {
        if self.steps.is_none() {
            if let Some(look) = self.find(observation) {
                return look;
            }
            self.steps = Some(self.plan(observation));
        }
        if observation.steps_left() > 1 {
            if let Some(step) = self.steps.as_mut().filter(|steps| !steps.is_empty()).map(|steps| steps.remove(0)) {
                return step;
            }
            if observation.steps_left() > 2 && !std::mem::replace(&mut self.waited, true) {
                return observe(SETTLES);
            }
            let suspect = self.suspect(observation);
            if let Some(suspect) = suspect.filter(|_| !std::mem::replace(&mut self.verified, true)) {
                return look(Diagnostic::CheckMetrics, &suspect);
            }
        }
        self.answer(observation, Submission::Resolution, json!({"status": "mitigated"}))
    }

    /// The playbook's steps, with their targets.
    fn plan(&self, observation: &Observation) -> Vec<Action> {
        let (Some(suspect), Some(mechanism)) = (self.suspect(observation), self.mechanism(observation)) else {
            return Vec::new();
        };
        let mut actions = Vec::new();
        for step in &mechanism.steps {
            let Some((verb, place)) = step.split_once(' ') else { continue };
            for target in targets(observation, &suspect, place) {
                actions.push(action(observation, verb, &target, &suspect));
            }
        }
        actions
    }
}

/// The step that lets minutes pass.
fn observe(minutes: u32) -> Action {
    let kind = ActionKind::Remediation(Remediation::ExecuteRunbookStep);
    let parameters =
        Map::from_iter([("runbook_action".to_owned(), json!("observe")), ("minutes".to_owned(), json!(minutes))]);
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}

fn severity(observation: &Observation) -> Action {
    let summary = &observation.briefing.summary;
    let door = summary.split("come in through ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
    let Some(text) = observation.reading(Diagnostic::CheckMetrics, door) else {
        if observation.briefing.is_a_service(door) && observation.steps_left() > 1 {
            return look(Diagnostic::CheckMetrics, door);
        }
        return Action::submit_severity(Severity::P2);
    };
    // This is what is lost of each journey, weighted by its share.
    let lost: f64 = text
        .lines()
        .filter_map(|line| {
            let share: f64 = line.split("' (").nth(1)?.split(' ').next()?.parse().ok()?;
            let completed: f64 = line.rsplit(' ').next()?.parse().ok()?;
            Some(share * (100.0 - completed) / 100.0)
        })
        .sum();
    #[expect(clippy::cast_possible_truncation, reason = "a share is at most 100 per cent")]
    let thousandths = (lost * 10.0) as i32;
    Action::submit_severity(Severity::of(thousandths, false))
}

/// The call of a part that fails most, or is slow.
fn worst_call(edges: &str, part: &str) -> Option<String> {
    let rows = edges.lines().filter_map(|line| {
        let (from, rest) = line.split_once("] ")?.1.split_once(" -> ")?;
        let (to, rest) = rest.split_once(" (")?;
        let health = rest.split("): ").nth(1)?;
        let share: f64 = health.split(", ").nth(1)?.split(' ').next()?.parse().ok()?;
        let is_bad = !health.starts_with("ok");
        (from == part && is_bad).then(|| (share, to.to_owned()))
    });
    rows.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, to)| to)
}

/// What is conspicuous at a part, by what was read of it.
fn signs(observation: &Observation, part: &str) -> Vec<Sign> {
    let record = |line: &str| line.strip_prefix('[').and_then(|rest| rest.split(']').next()).map(str::to_owned);
    let mut signs = Vec::new();
    let read = |tool| observation.reading(tool, part).unwrap_or_default();
    for line in read(Diagnostic::CheckMetrics).lines() {
        let values: Vec<f64> =
            line.rsplit(": ").next().unwrap_or_default().split(' ').filter_map(|v| v.parse().ok()).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        let label = line.split("] ").nth(1).unwrap_or_default();
        let moved = (last - first).abs() > (first.abs() * 0.5).max(8.0);
        if let Some(record) = record(line).filter(|_| moved) {
            let way = if last > first { "up" } else { "down" };
            signs.push(Sign { words: format!("{way} {label}"), record });
        }
    }
    for line in read(Diagnostic::QueryLogs).lines().filter(|line| line.contains(" ERROR ") || line.contains(" WARN ")) {
        if let Some(record) = record(line) {
            signs.push(Sign { words: line.to_owned(), record });
        }
    }
    for line in read(Diagnostic::CheckServiceStatus).lines().filter(|line| line.contains(", since ")) {
        if let Some(record) = record(line) {
            signs.push(Sign { words: line.to_owned(), record });
        }
    }
    signs
}

/// The newest change of a part that is not younger than the trouble.
fn change(observation: &Observation, part: &str) -> Option<String> {
    let onset = observation.briefing.alert.duration_minutes.as_ref().and_then(serde_json::Number::as_u64).unwrap_or(0);
    let rows = observation.reading(Diagnostic::CheckRecentDeploys, part)?.lines().filter_map(|line| {
        let rest = line.split("] ").nth(1)?;
        let (number, unit) = rest.split('(').nth(1)?.split_once(' ')?;
        let minutes = number.parse::<u64>().ok()? * if unit.starts_with("min") { 1 } else { 60 };
        (unit.starts_with("min") || unit.starts_with("h ")).then_some((minutes, rest.split(' ').next()?.to_owned()))
    });
    // Half a day is enough, because an earlier change would have shown before.
    rows.filter(|(minutes, _)| (onset..onset + 720).contains(minutes)).min().map(|(_, id)| id)
}

/// The targets of a step of the playbook.
fn targets(observation: &Observation, suspect: &str, place: &str) -> Vec<String> {
    let status = observation.reading(Diagnostic::CheckServiceStatus, suspect).unwrap_or_default();
    let object = |what: &str| {
        let name = status.lines().next().and_then(|line| line.split(what).nth(1)?.split([',', ' ']).next());
        name.map(str::to_owned).into_iter().collect()
    };
    let edges = observation.reading(Diagnostic::CheckDependencies, suspect).unwrap_or_default();
    let ends = edges.lines().filter_map(|line| {
        let (from, rest) = line.split_once("] ")?.1.split_once(" -> ")?;
        Some((from.to_owned(), rest.split(' ').next()?.to_owned()))
    });
    match place {
        "suspect" => vec![suspect.to_owned()],
        "job" => object(", job "),
        "certificate" => object(", certificate "),
        "flag" => object(", flag "),
        "change" => change(observation, suspect).into_iter().collect(),
        "callers" => ends.filter(|(_, to)| to == suspect).map(|(from, _)| from).take(3).collect(),
        "called" => ends.filter(|(from, _)| from == suspect).map(|(_, to)| to).take(1).collect(),
        _ => Vec::new(),
    }
}

fn action(observation: &Observation, verb: &str, target: &str, suspect: &str) -> Action {
    let kind = ActionKind::from(verb);
    match verb {
        "rollback_deploy" => Action::with(kind, &[("service", suspect), ("target_version", target)]),
        "disable_feature_flag" => Action::with(kind, &[("flag", target)]),
        _ if observation.task().offers(&kind) => Action::with(kind, &[("service", target)]),
        _ => Action::with(ActionKind::from("execute_runbook_step"), &[("runbook_action", verb), ("target", target)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_call_leads_on() {
        let edges = "[e-0001] a -> b (sync): failing, 12.5 % of calls fail, p99 8.0 ms\n\
[e-0002] a -> c (data): failing, 40.1 % of calls fail, p99 8.0 ms\n\
[e-0003] a -> d (cache): ok, 0.0 % of calls fail, p99 8.0 ms\n\
[e-0004] z -> a (sync): failing, 99.0 % of calls fail, p99 8.0 ms";
        assert_eq!(worst_call(edges, "a").as_deref(), Some("c"));
        assert_eq!(worst_call(edges, "d"), None);
    }
}
