//! Plays incidents whose world is simulated: it follows failing calls to the part where the trail ends, reads what is
//! conspicuous there, and takes the steps that the playbook has for it.

use serde_json::{Map, Value, json};

use super::actions::look;
use crate::agent::front_door;
use crate::agent::playbook::{Mechanism, mechanisms};
use crate::agent::records::{Series, calls, changes, loud, series, since, status, worst_call};
use incident_env::{Action, ActionKind, Diagnostic, Observation, Remediation, Submission, TaskId};

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

/// The labels by which failures are split where nothing else says what is wrong.
const SPLITS: [&str; 5] = ["flag", "node", "zone", "client", "reason"];
/// The share of the signs of a mechanism, in hundredths, with which it is taken to be the one.
const ENOUGH: usize = 60;

/// In which way something is conspicuous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    /// One value of a label differs from the others.
    Split,
    /// A line of a log or of a status says it.
    Said,
}

/// Something conspicuous at a part, with its record.
struct Sign {
    way: Way,
    words: String,
    record: String,
}

impl Sign {
    /// Returns whether it is the sign that the playbook means.
    fn is(&self, sign: &str) -> bool {
        let (way, words) = match sign.split_once(' ') {
            Some(("up", words)) => (Way::Up, words),
            Some(("down", words)) => (Way::Down, words),
            Some(("split", words)) => (Way::Split, words),
            _ => (Way::Said, sign),
        };
        self.way == way && words.split('|').any(|word| self.words.contains(word))
    }
}

impl Trail {
    /// Decides on the next action.
    pub(super) fn next(&mut self, observation: &Observation) -> Action {
        match observation.task().id {
            TaskId::AlertClassification => front_door::severity(observation),
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
        let worst = worst_call(edges, &part).map(|call| call.to.to_owned()).filter(|next| !self.parts.contains(next));
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
        .or_else(|| Self::split(observation, &suspect))
    }

    /// The next split of the metrics of the suspect; none if what was seen is enough.
    fn split(observation: &Observation, suspect: &str) -> Option<Action> {
        let found = signs(observation, suspect);
        if mechanisms().iter().any(|mechanism| share(mechanism, &found) >= ENOUGH) {
            return None;
        }
        let by = SPLITS.iter().find(|by| observation.reading(Diagnostic::CheckMetrics, &key(suspect, by)).is_none())?;
        let kind = ActionKind::Diagnostic(Diagnostic::CheckMetrics);
        Some(Action::with(kind, &[("service", suspect), ("by", by)]))
    }

    /// The part where the trail ends, or the node under it if the trouble is one of placement.
    fn suspect(&self, observation: &Observation) -> Option<String> {
        let part = self.parts.last()?.clone();
        let placed = signs(observation, &part).iter().any(|sign| sign.is("split node="));
        let shown = observation.reading(Diagnostic::CheckServiceStatus, &part);
        let node = shown.and_then(status).and_then(|status| status.field("on"));
        Some(node.filter(|_| placed).map_or(part, str::to_owned))
    }

    fn mechanism(&self, observation: &Observation) -> Option<&'static Mechanism> {
        let found = signs(observation, &self.suspect(observation)?);
        mechanisms().iter().max_by_key(|one| share(one, &found)).filter(|best| share(best, &found) > 0)
    }

    fn answer(&self, observation: &Observation, kind: Submission, more: Value) -> Action {
        let suspect = self.suspect(observation).unwrap_or_else(|| "none".to_owned());
        let mechanism = self.mechanism(observation);
        let signs = signs(observation, &suspect);
        let to_the_point = |sign: &&Sign| mechanism.is_none_or(|known| known.signs.iter().any(|of_it| sign.is(of_it)));
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

/// What is conspicuous at a part, by what was read of it: series that moved, lines of its log above INFO, and fields of its
/// status that say since when they are so.
fn signs(observation: &Observation, part: &str) -> Vec<Sign> {
    let read = |tool| observation.reading(tool, part).unwrap_or_default();
    let moved = series(read(Diagnostic::CheckMetrics)).filter_map(|series| {
        let (first, last) = (*series.values.first()?, series.last());
        let way = if last > first { Way::Up } else { Way::Down };
        // What is counted in small numbers moves by small numbers.
        let counts = if first.abs() < 20.0 { 0.4 } else { 8.0 };
        let has_moved = (last - first).abs() > (first.abs() * 0.5).max(counts);
        has_moved.then(|| Sign { way, words: series.label.to_owned(), record: series.record.id.to_owned() })
    });
    let loud = loud(read(Diagnostic::QueryLogs));
    let fields = since(read(Diagnostic::CheckServiceStatus));
    let said = loud.chain(fields).map(|record| Sign {
        way: Way::Said,
        words: record.text.to_owned(),
        record: record.id.to_owned(),
    });
    let split = SPLITS.iter().filter_map(|by| {
        let shown = observation.reading(Diagnostic::CheckMetrics, &key(part, by))?;
        let all: Vec<_> = series(shown).filter(|series| series.label.ends_with("(%)")).collect();
        let highest = all.iter().max_by(|a, b| a.last().total_cmp(&b.last()))?;
        let lowest = all.iter().map(Series::last).fold(f64::INFINITY, f64::min);
        let differs = all.len() > 1 && highest.last() > 3.0 * lowest + 5.0;
        differs.then(|| Sign { way: Way::Split, words: highest.label.to_owned(), record: highest.record.id.to_owned() })
    });
    moved.chain(said).chain(split).collect()
}

/// The share of the signs of a mechanism that were found, in hundredths.
fn share(mechanism: &Mechanism, found: &[Sign]) -> usize {
    let is_found = |sign: &&String| found.iter().any(|one| one.is(sign));
    mechanism.signs.iter().filter(is_found).count() * 100 / mechanism.signs.len()
}

/// The key under which a reading of the metrics of a part is kept that is split by a label.
fn key(part: &str, by: &str) -> String {
    format!("{part} by={by}")
}

/// The newest change of a part that is not younger than the trouble.
fn change(observation: &Observation, part: &str) -> Option<String> {
    let onset = observation.briefing.alert.duration_minutes.as_ref().and_then(serde_json::Number::as_u64).unwrap_or(0);
    let all = changes(observation.reading(Diagnostic::CheckRecentDeploys, part)?);
    // Half a day is enough, because an earlier change would have shown before.
    let fit = all.filter(|change| (onset..onset + 720).contains(&change.minutes_ago));
    fit.min_by_key(|change| change.minutes_ago).map(|change| change.id.to_owned())
}

/// The targets of a step of the playbook.
fn targets(observation: &Observation, suspect: &str, place: &str) -> Vec<String> {
    let shown = observation.reading(Diagnostic::CheckServiceStatus, suspect);
    let object = |what: &str| {
        let name = shown.and_then(status).and_then(|status| status.field(what));
        name.map(str::to_owned).into_iter().collect()
    };
    let edges = || calls(observation.reading(Diagnostic::CheckDependencies, suspect).unwrap_or_default());
    match place {
        "suspect" => vec![suspect.to_owned()],
        "job" | "certificate" | "flag" => object(place),
        "change" => change(observation, suspect).into_iter().collect(),
        "callers" => edges().filter(|call| call.to == suspect).map(|call| call.from.to_owned()).take(3).collect(),
        "called" => edges().filter(|call| call.from == suspect).map(|call| call.to.to_owned()).take(1).collect(),
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
