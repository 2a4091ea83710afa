//! Describes the schemas of the state of an episode.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::shape::Nullable;
use incident_env::TaskId;

/// An action in the history.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionRecord {
    action_type: String,
    parameters: Map<String, Value>,
    step: u32,
}

/// The state of an episode.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncidentState {
    episode_id: String,
    task_id: TaskId,
    scenario_id: String,
    step_count: u32,
    max_steps: u32,
    action_history: Vec<ActionRecord>,
    queried_data: BTreeMap<String, BTreeMap<String, String>>,
    submitted: bool,
    /// Whether a resolution was submitted that counts; null in an exam.
    resolved: Nullable<bool>,
    done: bool,
    /// The sum of all rewards; null in an exam.
    cumulative_reward: Nullable<f64>,
    feedback: String,
}

/// The state where no episode was reset yet, for hosts of OpenEnv.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoState {
    episode_id: (),
    step_count: u32,
}

/// The state of an episode, or of none.
#[derive(JsonSchema)]
#[serde(untagged)]
pub(crate) enum StateAnswer {
    Episode(IncidentState),
    None(NoState),
}
