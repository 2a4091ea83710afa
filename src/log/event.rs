//! The events of the log: everything that can happen in a run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EpisodeKey, RunId};
use crate::agent::StepSource;
use crate::chat::adjust::Adjusted;
use crate::chat::{ChatReply, ErrorKind, Message, Retry};
use incident_env::{ActionKind, EpisodeId, Points, TaskId};

/// The version of the event format. Readers accept this version and those before it, whose events are the same.
pub const VERSION: u32 = 2;

/// One entry of the log: something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The number of the event in the log, counted from 0 without gaps.
    pub seq: u64,
    /// The time at which it happened.
    pub at: Timestamp,
    /// The episode in which it happened; none for events of the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<EpisodeKey>,
    /// The kind of event, with its details.
    pub event: EventKind,
}

/// The ways in which an episode can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Outcome {
    /// The agent submitted its answer.
    Completed,
    /// The episode ran out of steps.
    StepLimit,
    /// The agent took a step in an exam and then left the episode, which is graded as it was left.
    GivenUp,
    /// The endpoint failed after all retries. This is not the model's fault, so there is no score.
    Void(ErrorKind),
    /// The harness failed, so there is no score.
    Crashed,
    /// The run was stopped, so there is no score.
    Cancelled,
}

impl Outcome {
    /// Whether an episode with this outcome has a score.
    #[must_use]
    pub const fn is_scored(self) -> bool {
        matches!(self, Self::Completed | Self::StepLimit | Self::GivenUp)
    }

    /// Whether the infrastructure is the reason why there is no score.
    #[must_use]
    pub const fn is_void(self) -> bool {
        matches!(self, Self::Void(_) | Self::Crashed)
    }
}

/// The kinds of events. Their names on the wire are dotted and never change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "most events are of the largest kind: calls and steps")]
pub enum EventKind {
    /// The run has begun.
    #[serde(rename = "run.started")]
    RunStarted {
        /// The version of the event format.
        v: u32,
        /// The id of the run.
        run: RunId,
    },
    /// An endpoint was asked before the run.
    #[serde(rename = "endpoint.checked")]
    EndpointChecked {
        /// The label of the contestant.
        model: String,
        /// The protocol that the run will use.
        protocol: String,
        /// The model that answered, as the endpoint names it.
        answered_by: Option<String>,
        /// The fault that occurred; none if the check succeeded.
        error: Option<String>,
        /// The replies, oldest first: two turns, and more if the protocol had to be found out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        replies: Vec<ChatReply>,
        /// The number of calls that failed, each after its retries.
        #[serde(default, skip_serializing_if = "is_zero")]
        failed_calls: usize,
        /// The cost of all replies in USD; none if a price is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    /// A parameter of the requests to a model was changed during the run, because its endpoint refused it. What the check
    /// before the run showed is in the manifest.
    #[serde(rename = "endpoint.adjusted")]
    EndpointAdjusted {
        /// The label of the contestant.
        model: String,
        /// The changes that the manifest does not contain.
        adjusted: Adjusted,
    },
    /// An episode has begun.
    #[serde(rename = "episode.started")]
    EpisodeStarted {
        /// The id of the episode.
        episode_id: EpisodeId,
        /// The task of the episode.
        task: TaskId,
    },
    /// A call of a model succeeded.
    #[serde(rename = "model.called")]
    ModelCalled {
        /// The number of the step for which the call was made, from 1.
        step: u32,
        /// The messages of the request that no earlier event of the episode contains.
        new_messages: Vec<Message>,
        /// The number of older pieces of evidence that the request no longer contained.
        #[serde(default, skip_serializing_if = "is_zero")]
        dropped_evidence: usize,
        /// The reply of the model.
        reply: ChatReply,
        /// The cost of the call in USD; none if a price is not known.
        cost_usd: Option<f64>,
    },
    /// A call of a model failed after all retries.
    #[serde(rename = "model.failed")]
    ModelFailed {
        /// The number of the step for which the call was made, from 1.
        step: u32,
        /// The kind of fault.
        error: ErrorKind,
        /// The message of the endpoint.
        message: String,
        /// The HTTP status; none if there was no response.
        status: Option<u16>,
        /// The endpoint's id of the request.
        request_id: Option<String>,
        /// The failed attempts before the last one.
        retries: Vec<Retry>,
        /// The duration of the last attempt in milliseconds.
        latency_ms: u64,
        /// The tokens of the request, if the context was too short and the endpoint gave the number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prompt_tokens: Option<u64>,
        /// The limit in tokens, if the context was too short and the endpoint gave the number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context_limit: Option<u64>,
        /// The end of what a program wrote to stderr.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stderr: Option<String>,
    },
    /// A step was taken.
    #[serde(rename = "step.taken")]
    StepTaken(Box<StepTaken>),
    /// An episode has ended.
    #[serde(rename = "episode.finished")]
    EpisodeFinished {
        /// The way in which it ended.
        outcome: Outcome,
        /// The score from 0 to 1; none if the outcome has no score.
        score: Option<Points>,
        /// The number of steps that were taken.
        steps: u32,
        /// The full grade as the grader wrote it.
        grade: Option<Value>,
        /// The strict grade with the version of its grader, if the score comes from another grader.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<Value>,
        /// The reason why there is no score; none if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// An episode got a new score from other graders. It replaces the earlier score from here on.
    #[serde(rename = "episode.regraded")]
    EpisodeRegraded {
        /// The version of the graders.
        grader: String,
        /// The new score from 0 to 1.
        score: Points,
        /// The full grade as the grader wrote it.
        grade: Value,
        /// The strict grade with the version of its grader, if the score comes from another grader.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<Value>,
    },
    /// A run that had stopped continues. The events before this one still count.
    #[serde(rename = "run.resumed")]
    RunResumed,
    /// The run was stopped by the user.
    #[serde(rename = "run.cancelled")]
    RunCancelled {
        /// The reason for the stop.
        reason: String,
    },
    /// The comparison with the baseline was decided before all epochs were played. The other epochs are not part of the
    /// run.
    #[serde(rename = "run.decided")]
    RunDecided {
        /// The number of epochs that count.
        epochs: u32,
    },
    /// The run has reached a limit of its budget. `bench resume` can play the remaining episodes.
    #[serde(rename = "run.budget_spent")]
    BudgetSpent {
        /// The option that sets the limit, such as `--max-cost`.
        option: String,
    },
    /// The run has ended.
    #[serde(rename = "run.finished")]
    RunFinished,
}

impl EventKind {
    /// Makes the event that ends an episode without a score, before its first step or after some of its steps.
    #[must_use]
    pub const fn unscored(outcome: Outcome, message: String) -> Self {
        Self::EpisodeFinished { outcome, score: None, steps: 0, grade: None, strict: None, message: Some(message) }
    }
}

/// One step of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTaken {
    /// The number of the step, from 1.
    pub step: u32,
    /// The kind of action.
    pub action_type: ActionKind,
    /// The parameters of the action.
    pub parameters: Map<String, Value>,
    /// The source that chose the action.
    pub source: StepSource,
    /// The problem with the model's reply; none if the reply could be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The action that the model proposed, if another one was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Value>,
    /// The reward of the step.
    pub reward: Points,
    /// The signals that make up the reward.
    pub reason: String,
    /// The sum of all rewards so far.
    pub cumulative: Points,
    /// The text that the action revealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The feedback of the environment.
    pub feedback: String,
    /// The reason why the action was refused; none if it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether the episode is over after this step.
    pub done: bool,
}

impl StepTaken {
    /// Whether a model chose the action, even if the choice was bad or was its second attempt.
    #[must_use]
    pub const fn is_models_own(&self) -> bool {
        matches!(self.source, StepSource::Model | StepSource::Repaired)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}
