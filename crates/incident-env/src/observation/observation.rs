//! Observations: all that an agent may see. Nothing here refers to a scenario's facts or truth.

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

/// What an action showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The kind of the action: a diagnostic or a remediation.
    pub kind: ActionKind,
    /// The target of the action, in the spelling of the scenario.
    pub target: Arc<str>,
    /// The text that it showed the last time.
    pub text: Text,
}

/// What an agent sees after a reset and after every step.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The id of the episode.
    pub episode_id: EpisodeId,
    /// What was known from the start.
    pub briefing: Arc<Briefing>,
    /// The number of steps taken.
    pub step_count: u32,
    /// What was shown so far: each action and target once, in the order of the first time.
    pub evidence: Vec<Evidence>,
    /// The sum of all rewards so far.
    pub cumulative_reward: Points,
    /// Whether the episode is over.
    pub done: bool,
    /// What the environment says about the last step.
    pub feedback: Feedback,
    /// Why the last action was refused, if it was.
    pub last_action_error: Option<StepError>,
}

impl Observation {
    /// The observation of an episode that begins.
    pub(crate) fn first(episode_id: EpisodeId, briefing: Arc<Briefing>) -> Self {
        Self {
            episode_id,
            briefing,
            step_count: 0,
            evidence: Vec::new(),
            cumulative_reward: Points::ZERO,
            done: false,
            feedback: Feedback::Started,
            last_action_error: None,
        }
    }

    /// The task being played.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.briefing.task
    }

    /// The text that a diagnostic of a service showed the last time, if it was queried.
    #[must_use]
    pub fn reading(&self, kind: Diagnostic, service: &str) -> Option<&str> {
        self.evidence
            .iter()
            .find(|e| e.kind == ActionKind::Diagnostic(kind) && &*e.target == service)
            .map(|e| e.text.as_str())
    }

    /// The number of steps that are left.
    #[must_use]
    pub fn steps_left(&self) -> u32 {
        self.briefing.task.max_steps.saturating_sub(self.step_count)
    }

    /// Keeps what an action showed, in place of what the same action on the same target showed before.
    pub(crate) fn record(&mut self, kind: ActionKind, target: Arc<str>, text: Text) {
        match self.evidence.iter_mut().find(|e| e.target == target && e.kind == kind) {
            Some(known) => known.text = text,
            None => self.evidence.push(Evidence { kind, target, text }),
        }
    }

    /// The evidence as `queried_data`: `{action: {target: text}}`.
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
