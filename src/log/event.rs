//! Events: the vocabulary of the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EpisodeKey, RunId};
use crate::agent::StepSource;
use crate::chat::{ChatReply, ErrorKind, Message, Retry};
use crate::env::{ActionKind, EpisodeId, Points, TaskId};

/// The version of the event format; readers accept equal ones.
pub const VERSION: u32 = 1;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the log, from 0, without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// In which episode, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<EpisodeKey>,
    /// What.
    pub event: EventKind,
}

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Outcome {
    /// The agent submitted its answer.
    Completed,
    /// The steps ran out.
    StepLimit,
    /// The endpoint failed, after retries. Not the model's fault: no score.
    Void(ErrorKind),
    /// The harness failed. No score.
    Crashed,
    /// The run was stopped. No score.
    Cancelled,
}

impl Outcome {
    /// Whether the episode has a score.
    #[must_use]
    pub const fn is_scored(self) -> bool {
        matches!(self, Self::Completed | Self::StepLimit)
    }

    /// Whether the infrastructure took the score away.
    #[must_use]
    pub const fn is_void(self) -> bool {
        matches!(self, Self::Void(_) | Self::Crashed)
    }
}

/// The kinds of events. Names are dotted, and stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EventKind {
    /// The run begins.
    #[serde(rename = "run.started")]
    RunStarted {
        /// The version of the format.
        v: u32,
        /// The run.
        run: RunId,
    },
    /// An endpoint was asked once before the run.
    #[serde(rename = "endpoint.checked")]
    EndpointChecked {
        /// The contestant's label.
        model: String,
        /// The protocol that will be used.
        protocol: String,
        /// The model that the endpoint says answered.
        answered_by: Option<String>,
        /// What went wrong, if anything.
        error: Option<String>,
        /// The replies, oldest first: several where the protocol had to be found out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        replies: Vec<ChatReply>,
        /// What they cost together, in USD, where prices are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    /// An episode begins.
    #[serde(rename = "episode.started")]
    EpisodeStarted {
        /// The episode's id.
        episode_id: EpisodeId,
        /// The task.
        task: TaskId,
    },
    /// A model call succeeded.
    #[serde(rename = "model.called")]
    ModelCalled {
        /// The step for which it was made, from 1.
        step: u32,
        /// The messages of the request that no earlier event of the episode holds.
        new_messages: Vec<Message>,
        /// How many pieces of older evidence the request no longer held.
        #[serde(default, skip_serializing_if = "is_zero")]
        dropped_evidence: usize,
        /// The reply.
        reply: ChatReply,
        /// What it cost, in USD, where prices are known.
        cost_usd: Option<f64>,
    },
    /// A model call failed, after retries.
    #[serde(rename = "model.failed")]
    ModelFailed {
        /// The step for which it was made, from 1.
        step: u32,
        /// What kind of fault.
        error: ErrorKind,
        /// What the endpoint said.
        message: String,
        /// The HTTP status, where there was one.
        status: Option<u16>,
        /// The endpoint's id of the request.
        request_id: Option<String>,
        /// The attempts before the last one.
        retries: Vec<Retry>,
        /// How long the last attempt took, in milliseconds.
        latency_ms: u64,
        /// Where the context was too short: the tokens of the request, if the endpoint said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prompt_tokens: Option<u64>,
        /// Where the context was too short: the limit, if the endpoint said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context_limit: Option<u64>,
    },
    /// A step was taken.
    #[serde(rename = "step.taken")]
    StepTaken(Box<StepTaken>),
    /// An episode ended.
    #[serde(rename = "episode.finished")]
    EpisodeFinished {
        /// How.
        outcome: Outcome,
        /// The score, 0 to 1; none where the outcome has none.
        score: Option<Points>,
        /// Steps taken.
        steps: u32,
        /// The grade in full.
        grade: Option<Value>,
        /// The strict grade, where it is another one, with the version of its grader.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<Value>,
        /// What happened, where the outcome has no score.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// An episode got another score by other graders; this one counts from here on.
    #[serde(rename = "episode.regraded")]
    EpisodeRegraded {
        /// The version of the graders.
        grader: String,
        /// The score, 0 to 1.
        score: Points,
        /// The grade in full.
        grade: Value,
        /// The strict grade, where it is another one, with the version of its grader.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<Value>,
    },
    /// A run that had stopped goes on; what stands before is kept.
    #[serde(rename = "run.resumed")]
    RunResumed,
    /// The run was stopped.
    #[serde(rename = "run.cancelled")]
    RunCancelled {
        /// By what.
        reason: String,
    },
    /// The comparison with the baseline was decided before all epochs were played; the others are no part of the run.
    #[serde(rename = "run.decided")]
    RunDecided {
        /// The epochs that count.
        epochs: u32,
    },
    /// The run has spent what it may; what was not played is left for `bench resume`.
    #[serde(rename = "run.budget_spent")]
    BudgetSpent {
        /// The option that sets the limit.
        option: String,
    },
    /// The run ended.
    #[serde(rename = "run.finished")]
    RunFinished,
}

impl EventKind {
    /// The end of an episode that has no score, before or beside its steps.
    #[must_use]
    pub const fn unscored(outcome: Outcome, message: String) -> Self {
        Self::EpisodeFinished { outcome, score: None, steps: 0, grade: None, strict: None, message: Some(message) }
    }
}

/// One step of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTaken {
    /// Its number, from 1.
    pub step: u32,
    /// The kind of action.
    pub action_type: ActionKind,
    /// Its parameters.
    pub parameters: Map<String, Value>,
    /// Who chose it.
    pub source: StepSource,
    /// What was wrong with the model's reply, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the model proposed, where something else was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Value>,
    /// The reward of the step.
    pub reward: Points,
    /// Where it comes from.
    pub reason: String,
    /// The sum of all rewards so far.
    pub cumulative: Points,
    /// The text that the action brought up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What the environment said.
    pub feedback: String,
    /// Why the action was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether the episode is over.
    pub done: bool,
}

impl StepTaken {
    /// Whether a model chose it, also where it was a bad choice or the second one.
    #[must_use]
    pub const fn is_models_own(&self) -> bool {
        matches!(self.source, StepSource::Model | StepSource::Repaired)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}
