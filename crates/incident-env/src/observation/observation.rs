//! Observations: everything that an agent may see. Nothing in this file refers to a scenario's facts or truth.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::briefing::Briefing;
use super::feedback::{Feedback, StepError};
use crate::action::{ActionKind, Diagnostic};
use crate::episode_id::EpisodeId;
use crate::points::Points;
use crate::task::Task;
use crate::text::Text;

/// The text that an action showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The kind of the action: a diagnostic or a remediation.
    pub kind: ActionKind,
    /// The target of the action, in the spelling of the scenario. For a diagnostic with parameters they follow it, as
    /// [`crate::Question::key`] writes them.
    pub target: Arc<str>,
    /// The text that the action showed most recently.
    pub text: Text,
}

/// The view of an agent after a reset and after every step.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The id of the episode.
    pub episode_id: EpisodeId,
    /// The facts that were known from the start.
    pub briefing: Arc<Briefing>,
    /// The number of steps taken.
    pub step_count: u32,
    /// The texts shown so far: one entry for each action and target (with its parameters), in the order of their first occurrence.
    pub evidence: Vec<Evidence>,
    /// The place in [`Self::evidence`] of what the last step showed, if it showed anything.
    pub shown: Option<usize>,
    /// The sum of all rewards so far.
    pub cumulative_reward: Points,
    /// Whether the episode is over.
    pub done: bool,
    /// The environment's comment on the last step.
    pub feedback: Feedback,
    /// The reason for which the last action was refused, if it was.
    pub last_action_error: Option<StepError>,
}

impl Observation {
    /// Makes the first observation of an episode.
    pub(crate) fn first(episode_id: EpisodeId, briefing: Arc<Briefing>) -> Self {
        Self {
            episode_id,
            briefing,
            step_count: 0,
            evidence: Vec::new(),
            shown: None,
            cumulative_reward: Points::ZERO,
            done: false,
            feedback: Feedback::Started,
            last_action_error: None,
        }
    }

    /// Returns the task that is played.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.briefing.task
    }

    /// Returns the text that a diagnostic of a service showed most recently without any parameter, or `None` if it was
    /// not queried so.
    #[must_use]
    pub fn reading(&self, kind: Diagnostic, service: &str) -> Option<&str> {
        self.evidence
            .iter()
            .find(|e| e.kind == ActionKind::Diagnostic(kind) && &*e.target == service)
            .map(|e| e.text.as_str())
    }

    /// Returns the number of remaining steps.
    #[must_use]
    pub fn steps_left(&self) -> u32 {
        self.briefing.task.max_steps.saturating_sub(self.step_count)
    }

    /// Keeps the text that an action showed, in place of the text that the same action on the same target showed
    /// before.
    pub(crate) fn record(&mut self, kind: ActionKind, target: Arc<str>, text: Text) {
        let known = self.evidence.iter().position(|e| e.target == target && e.kind == kind);
        match known {
            Some(known) => self.evidence[known].text = text,
            None => self.evidence.push(Evidence { kind, target, text }),
        }
        self.shown = known.or_else(|| self.evidence.len().checked_sub(1));
    }

    /// Returns what the last step showed, if it showed anything.
    #[must_use]
    pub fn shown(&self) -> Option<&Evidence> {
        self.evidence.get(self.shown?)
    }

    /// Returns the evidence as `queried_data`: `{action: {target: text}}`.
    #[must_use]
    pub fn queried_data(&self) -> QueriedData<'_> {
        QueriedData(&self.evidence)
    }
}

/// Evidence in its form on the wire: `{action: {target: text}}`.
#[derive(Debug, Clone, Copy)]
pub struct QueriedData<'a>(&'a [Evidence]);

impl Serialize for QueriedData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut actions = serializer.serialize_map(None)?;
        for (index, first) in self.0.iter().enumerate() {
            if self.0[..index].iter().all(|earlier| earlier.kind != first.kind) {
                actions.serialize_entry(first.kind.as_str(), &OfKind { all: &self.0[index..], kind: &first.kind })?;
            }
        }
        actions.end()
    }
}

struct OfKind<'a> {
    all: &'a [Evidence],
    kind: &'a ActionKind,
}

impl Serialize for OfKind<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut targets = serializer.serialize_map(None)?;
        for evidence in self.all.iter().filter(|evidence| evidence.kind == *self.kind) {
            targets.serialize_entry(&*evidence.target, &evidence.text)?;
        }
        targets.end()
    }
}
