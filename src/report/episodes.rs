//! The episodes of a run, as the exports show them: which of them began, how each ended, and what its agent was told
//! first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::chat::Message;
use crate::log::{EpisodeKey, Event, EventKind, Manifest, Outcome};
use incident_env::{EpisodeId, Points, TaskId};

/// A run that is exported.
#[derive(Debug, Clone, Copy)]
pub struct ExportedRun<'a> {
    /// The manifest of the run.
    pub manifest: &'a Manifest,
    /// The events of the run.
    pub events: &'a [Event],
    /// The summaries of the incidents by scenario, if they are known. They are the input of episodes in which no model
    /// was asked.
    pub incidents: &'a BTreeMap<String, String>,
}

/// An episode that has begun.
pub(super) struct Episode<'a> {
    pub(super) key: &'a EpisodeKey,
    pub(super) id: EpisodeId,
    pub(super) task: TaskId,
    pub(super) started: Timestamp,
    /// The events of the episode.
    pub(super) events: Vec<&'a Event>,
    pub(super) end: End<'a>,
}

/// The end of an episode.
pub(super) struct End<'a> {
    pub(super) at: Timestamp,
    /// The outcome; none if the log ends before the episode does.
    pub(super) outcome: Option<Outcome>,
    pub(super) score: Option<Points>,
    pub(super) steps: u32,
    pub(super) grade: Option<&'a Value>,
    /// The version of the graders, if the score comes from a later grading.
    pub(super) regraded_by: Option<&'a str>,
    message: Option<&'a str>,
}

/// The episodes of a contestant that have begun, in the order of the plan.
pub(super) fn of<'a>(run: &ExportedRun<'a>, label: &str) -> Vec<Episode<'a>> {
    let mut by_key: BTreeMap<&EpisodeKey, Vec<&Event>> = BTreeMap::new();
    for event in run.events {
        if let Some(key) = event.episode.as_ref().filter(|key| key.contestant == label) {
            by_key.entry(key).or_default().push(event);
        }
    }
    let mut episodes: Vec<_> = by_key.into_iter().filter_map(|(key, events)| Episode::new(key, events)).collect();
    let place = |key: &EpisodeKey| run.manifest.scenarios.iter().position(|scenario| scenario.id == key.scenario);
    episodes.sort_by_key(|episode| (place(episode.key), episode.key.epoch));
    episodes
}

impl<'a> Episode<'a> {
    fn new(key: &'a EpisodeKey, events: Vec<&'a Event>) -> Option<Self> {
        let (started, id, task) = events.iter().find_map(|event| match &event.event {
            EventKind::EpisodeStarted { episode_id, task } => Some((event.at, *episode_id, *task)),
            _ => None,
        })?;
        let end = End::of(&events)?;
        Some(Self { key, id, task, started, events, end })
    }

    /// What the agent was told first: by the prompt of a model, or by the environment if no model was asked.
    pub(super) fn input(&self, incidents: &BTreeMap<String, String>) -> String {
        let said = self.events.iter().find_map(|event| match &event.event {
            EventKind::ModelCalled { new_messages, .. } => new_messages.iter().find_map(|message| match message {
                Message::User { content } => Some(content),
                _ => None,
            }),
            _ => None,
        });
        let known = said.or_else(|| incidents.get(&self.key.scenario));
        known.cloned().unwrap_or_else(|| format!("{}: incident {}", self.task, self.key.scenario))
    }
}

impl<'a> End<'a> {
    /// The end of an episode, which is its last event if it has one at all: an episode that ended without a score may
    /// have continued. Only another score may follow the end.
    fn of(events: &[&'a Event]) -> Option<Self> {
        let mut regraded = None;
        let mut newest_first = events.iter().rev().skip_while(|event| match &event.event {
            EventKind::EpisodeRegraded { grader, score, grade, .. } => {
                regraded = regraded.or(Some((grader.as_str(), *score, grade)));
                true
            }
            _ => false,
        });
        let last = newest_first.next()?;
        if let EventKind::EpisodeFinished { outcome, score, steps, grade, message, .. } = &last.event {
            let (grader, score, grade) = match regraded {
                Some((grader, score, grade)) => (Some(grader), Some(score), Some(grade)),
                None => (None, *score, grade.as_ref()),
            };
            return Some(Self {
                at: last.at,
                outcome: Some(*outcome),
                score: score.filter(|_| outcome.is_scored()),
                steps: *steps,
                grade,
                regraded_by: grader,
                message: message.as_deref(),
            });
        }
        let steps = events.iter().filter(|event| matches!(event.event, EventKind::StepTaken(_))).count();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        Some(Self { at: last.at, outcome: None, score: None, steps, grade: None, regraded_by: None, message: None })
    }

    /// The reason why there is no score; none if there is one.
    pub(super) fn problem(&self) -> Option<String> {
        Some(match self.outcome {
            Some(Outcome::Completed | Outcome::StepLimit | Outcome::GivenUp) => return None,
            Some(Outcome::Void(kind)) => self.message.map_or_else(|| kind.to_string(), str::to_owned),
            Some(Outcome::Crashed) => format!("the harness failed: {}", self.message.unwrap_or("no message")),
            Some(Outcome::Cancelled) => self.message.unwrap_or("the run was stopped").to_owned(),
            None => "the log ends before the episode does".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        let head = r#"{"seq":0,"at":"2026-01-02T03:04:05Z","event":"#;
        serde_json::from_str(&format!("{head}{text}}}")).unwrap()
    }

    #[test]
    fn the_last_grade_counts() {
        let finished = |outcome: &str, score: &str| {
            event(&format!(
                r#"{{"type":"episode.finished","outcome":{{"kind":{outcome}}},"score":{score},"steps":3,"grade":null}}"#
            ))
        };
        let regraded = |grader: &str, score: &str| {
            event(&format!(r#"{{"type":"episode.regraded","grader":"{grader}","score":{score},"grade":{{"n":1}}}}"#))
        };
        let done = finished(r#""completed""#, "0.5");
        let stopped = finished(r#""cancelled""#, "null");
        let cases = [
            (vec![done.clone()], Some(0.5), None, false),
            (vec![done.clone(), regraded("g/2", "0.25")], Some(0.25), Some("g/2"), true),
            (vec![done, regraded("g/2", "0.25"), regraded("g/3", "1.0")], Some(1.0), Some("g/3"), true),
            (vec![stopped.clone()], None, None, false),
            (vec![stopped, event(r#"{"type":"run.resumed"}"#)], None, None, false),
        ];
        for (events, score, grader, graded) in cases {
            let events: Vec<_> = events.iter().collect();
            let end = End::of(&events).unwrap();
            assert_eq!(end.score.map(Points::to_f64), score, "{events:?}");
            assert_eq!((end.regraded_by, end.grade.is_some()), (grader, graded), "{events:?}");
            assert_eq!(end.problem().is_none(), score.is_some(), "{events:?}");
        }
    }
}
