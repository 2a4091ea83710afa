//! Describes the schemas of a step, its answer, and a grade.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::action::AnyAction;
use super::observation::{IncidentObservation, Observation};
use super::shape::Nullable;
use crate::serve::wire::field::LONGEST_ID;
use incident_env::TaskId;

/// A step as an action alone.
#[derive(JsonSchema)]
#[schemars(extend("not" = { "required": ["action"] }))]
pub(crate) struct PlainStepRequest {
    #[serde(flatten)]
    action: AnyAction,
    /// The episode, where neither header nor query names it.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    episode_id: Option<String>,
}

/// A step as OpenEnv has it.
#[derive(JsonSchema)]
pub(crate) struct OpenenvStepRequest {
    action: AnyAction,
    /// Read and not needed: a step takes no time.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    timeout_s: Option<f64>,
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    request_id: Option<String>,
    /// The episode, where neither header nor query names it.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    episode_id: Option<String>,
}

/// An action, or OpenEnv's request; each is answered in its own form.
#[derive(JsonSchema)]
#[serde(untagged)]
pub(crate) enum StepRequest {
    Plain(PlainStepRequest),
    Openenv(OpenenvStepRequest),
}

/// What a step earned. All null in an exam.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reward {
    score: Nullable<f64>,
    value: Nullable<f64>,
    reason: Nullable<String>,
    cumulative: Nullable<f64>,
}

/// What an episode is worth. The breakdown's keys depend on the task; right answers in it may be null.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grade {
    total: f64,
    breakdown: Map<String, Value>,
    feedback: String,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Info {
    step: u32,
    feedback: String,
    /// The grade, at the end.
    #[serde(default)]
    grader: Option<Grade>,
    /// The last step's reward without the grade, at the end.
    #[serde(default)]
    shaping: Option<f64>,
}

/// The answer to an action.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepResult {
    observation: Observation,
    reward: Reward,
    done: bool,
    info: Info,
}

/// The answer to OpenEnv's request.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenenvStepResult {
    observation: IncidentObservation,
    reward: Nullable<f64>,
    done: bool,
    metadata: Map<String, Value>,
}

/// The answer to a step, in the form of its request.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "it describes a form; no value of it is ever made")]
pub(crate) enum StepAnswer {
    Step(StepResult),
    Openenv(OpenenvStepResult),
}

/// The grade of an episode as it stands.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GraderAnswer {
    total: f64,
    breakdown: Map<String, Value>,
    feedback: String,
    task_id: TaskId,
    scenario_id: String,
    steps_used: u32,
    done: bool,
}
