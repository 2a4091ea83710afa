//! The trajectory of one episode, `trajectories/*.json`, for people and other programs. It is made from the events of
//! the episode.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::StepTaken;
use super::{EpisodeKey, Event, EventKind, Outcome, RunId};
use crate::chat::{ChatReply, Message};
use incident_env::{EpisodeId, Points, TaskId};

/// The name and version of the format of a trajectory.
pub const SCHEMA: &str = "incident-bench/trajectory/1";

/// The content of a trajectory file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryFile {
    /// The name and version of the format, which is [`SCHEMA`].
    pub schema: String,
    /// The id of the run.
    pub run: RunId,
    /// The key of the episode: its contestant, scenario and epoch.
    pub episode: EpisodeKey,
    /// The id of the episode.
    pub episode_id: EpisodeId,
    /// The task of the episode.
    pub task: TaskId,
    /// The way in which the episode ended; none while it is being played.
    pub outcome: Option<Outcome>,
    /// The score from 0 to 1; none if the outcome has no score.
    pub score: Option<Points>,
    /// The full grade as the grader wrote it.
    pub grade: Option<Value>,
    /// The strict grade, if the score comes from another grader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<Value>,
    /// The reason why there is no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The steps, each with the calls that were made for it.
    pub steps: Vec<StepWithCalls>,
    /// The calls that led to no step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls_without_step: Vec<Call>,
}

/// A step with the model calls that were made for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepWithCalls {
    /// The calls, oldest first; empty for built-in agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The step for which the calls were made.
    pub step: StepTaken,
}

/// A call of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The messages to the model since the previous call.
    pub new_messages: Vec<Message>,
    /// The reply of the model.
    pub reply: ChatReply,
}

/// Collects the events of one episode.
#[derive(Debug, Clone)]
pub struct Collector {
    file: TrajectoryFile,
    pending: Vec<Call>,
}

impl Collector {
    /// Makes a collector for the episode that an `episode.started` event opens.
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

    /// Takes one event of the episode into account, and returns whether it was the last one.
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
                // An episode without a score may be resumed. The step for which these calls were made is then still to
                // come.
                self.file.calls_without_step.clone_from(&self.pending);
                return true;
            }
            _ => {}
        }
        false
    }

    /// The trajectory as far as it was collected.
    #[must_use]
    pub fn file(&self) -> &TrajectoryFile {
        &self.file
    }
}
