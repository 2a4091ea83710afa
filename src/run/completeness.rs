//! Whether a log has what its plan says: every planned episode scored, each once, and nothing else. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::plan;
use crate::log::event::VERSION;
use crate::log::{EpisodeKey, Event, EventKind, Manifest, Outcome};

/// What a log has of its plan.
#[derive(Debug, Default)]
pub struct Completeness {
    /// The number of episodes of the plan.
    pub planned: usize,
    /// The number of them that have a score.
    pub scored: usize,
    /// What is missing or too much, in words.
    pub findings: Vec<String>,
}

/// How far an episode has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Begun,
    /// It ended without a score, for this reason.
    Unscored(String),
    Scored,
}

/// Compares a log with its plan.
#[must_use]
pub fn completeness(manifest: &Manifest, events: &[Event]) -> Completeness {
    let mut found = Completeness::default();
    let is_beginning = |event: &&EventKind| matches!(event, EventKind::RunStarted { .. });
    match events.iter().map(|event| &event.event).find(is_beginning).or(events.first().map(|event| &event.event)) {
        Some(EventKind::RunStarted { run, v }) if *run == manifest.id => {
            if *v != if manifest.has_present_wording() { VERSION } else { 1 } {
                let schema = &manifest.schema;
                found.findings.push(format!("run.json has the format {schema}, and the log the format version {v}"));
            }
        }
        Some(EventKind::RunStarted { run, .. }) => found.findings.push(format!("the log is that of run {run}")),
        Some(_) => found.findings.push("the log has no beginning".to_owned()),
        None => found.findings.push("the log is empty".to_owned()),
    }
    let (mut states, mut epochs) = (BTreeMap::new(), manifest.epochs);
    for event in events {
        match (&event.event, &event.episode) {
            (EventKind::RunDecided { epochs: decided }, _) => epochs = epochs.min(*decided),
            (EventKind::RunResumed, _) => epochs = manifest.epochs,
            (kind, Some(key)) => found.apply(manifest, &mut states, key, kind),
            (_, None) => {}
        }
    }
    let planned: BTreeSet<_> = manifest.episodes().filter(|key| key.epoch < epochs).collect();
    for key in states.keys().filter(|key| !planned.contains(*key) && key.epoch < epochs) {
        found.findings.push(format!("{key}: is not in the plan"));
    }
    found.planned = planned.len();
    for key in planned {
        match states.get(&key) {
            Some(State::Scored) => found.scored += 1,
            Some(State::Unscored(why)) => found.findings.push(format!("{key}: is planned and has no score: {why}")),
            Some(State::Begun) => found.findings.push(format!("{key}: is planned and did not end")),
            None if manifest.is_exam() => {}
            None => found.findings.push(format!("{key}: is planned, and the log has nothing of it")),
        }
    }
    found
}

impl Completeness {
    /// Takes an event of an episode into account, and says what cannot happen where it does.
    fn apply(
        &mut self,
        manifest: &Manifest,
        states: &mut BTreeMap<EpisodeKey, State>,
        key: &EpisodeKey,
        event: &EventKind,
    ) {
        let state = states.get(key);
        let is_scored = state == Some(&State::Scored);
        let mut wrong = |what: &str| self.findings.push(format!("{key}: {what}"));
        match event {
            EventKind::EpisodeStarted { episode_id, task } => {
                if is_scored {
                    wrong("begins again after it was scored");
                }
                // The server names the episodes of an exam, and its clients need not begin them all.
                if !manifest.is_exam() && *episode_id != plan::episode_id(manifest.seed, key) {
                    wrong("was played with another seed than run.json has");
                }
                let planned = manifest.scenarios.iter().find(|scenario| scenario.id == key.scenario);
                if planned.is_some_and(|planned| planned.task != *task) {
                    wrong("was played as another task than run.json has");
                }
                if !is_scored {
                    states.insert(key.clone(), State::Begun);
                }
            }
            EventKind::EpisodeFinished { outcome, score, message, .. } => {
                if is_scored {
                    return wrong("ends a second time");
                }
                if state.is_none() && score.is_some() {
                    wrong("ends without a beginning");
                }
                if outcome.is_scored() != score.is_some() {
                    wrong("its outcome and its score do not fit");
                }
                let why = || match outcome {
                    Outcome::Cancelled => "the run was stopped".to_owned(),
                    _ => message.clone().unwrap_or_else(|| "void".to_owned()),
                };
                states.insert(key.clone(), if score.is_some() { State::Scored } else { State::Unscored(why()) });
            }
            EventKind::EpisodeRegraded { .. } if !is_scored => wrong("was graded again without a score"),
            EventKind::StepTaken(_) if is_scored => wrong("takes a step after its end"),
            EventKind::StepTaken(_) if state.is_none() => wrong("takes a step before its beginning"),
            _ => {}
        }
    }
}
