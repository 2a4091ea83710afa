//! `trajectories/*.json`: one episode as a person or another program reads it. Made from its events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::StepTaken;
use super::{EpisodeKey, Event, EventKind, Outcome, RunId};
use crate::chat::{ChatReply, Message};
use crate::env::{EpisodeId, Points, TaskId};

/// The schema of a trajectory.
pub const SCHEMA: &str = "incident-bench/trajectory/1";

/// One episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run.
    pub run: RunId,
    /// Who played what, and in which epoch.
    pub episode: EpisodeKey,
    /// The episode's id.
    pub episode_id: EpisodeId,
    /// The task.
    pub task: TaskId,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The score.
    pub score: Option<Points>,
    /// The grade in full.
    pub grade: Option<Value>,
    /// The strict grade, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<Value>,
    /// What happened, where there is no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The steps, each with the calls that were made for it.
    pub steps: Vec<StepWithCalls>,
    /// Calls that led to no step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls_without_step: Vec<Call>,
}

/// A step with the model calls that were made for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepWithCalls {
    /// The calls, oldest first; none for built-in agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The step.
    pub step: StepTaken,
}

/// A model call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// What was said to the model since the call before.
    pub new_messages: Vec<Message>,
    /// The reply.
    pub reply: ChatReply,
}

/// Collects the events of one episode.
#[derive(Debug, Clone)]
pub struct Collector {
    file: TrajectoryFile,
    pending: Vec<Call>,
}

impl Collector {
    /// A collector for the episode that an `episode.started` event opens.
    #[must_use]
    pub fn new(run: RunId, episode: EpisodeKey, episode_id: EpisodeId, task: TaskId) -> Self {
        let file = TrajectoryFile {
            schema: SCHEMA.to_owned(),
            run,
            episode,
            episode_id,
            task,
            outcome: None,
            score: None,
            grade: None,
            strict: None,
            message: None,
            steps: Vec::new(),
            calls_without_step: Vec::new(),
        };
        Self { file, pending: Vec::new() }
    }

    /// Takes one event of the episode; says whether it was the last one.
    pub fn apply(&mut self, event: &Event) -> bool {
        match &event.event {
            EventKind::ModelCalled { new_messages, reply, .. } => {
                self.pending.push(Call { new_messages: new_messages.clone(), reply: reply.clone() });
            }
            EventKind::StepTaken(step) => {
                let calls = std::mem::take(&mut self.pending);
                self.file.calls_without_step.clear();
                self.file.steps.push(StepWithCalls { calls, step: (**step).clone() });
            }
            EventKind::EpisodeFinished { outcome, score, grade, strict, message, .. } => {
                self.file.strict.clone_from(strict);
                self.file.outcome = Some(*outcome);
                self.file.score = *score;
                self.file.grade.clone_from(grade);
                self.file.message.clone_from(message);
                // An episode without a score may go on: then the step that these calls were made for comes yet.
                self.file.calls_without_step.clone_from(&self.pending);
                return true;
            }
            _ => {}
        }
        false
    }

    /// What was collected.
    #[must_use]
    pub fn file(&self) -> &TrajectoryFile {
        &self.file
    }
}
