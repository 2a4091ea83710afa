//! Describes the schemas of a reset and its answer.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::action::open;
use super::observation::{IncidentObservation, Observation};
use super::shape::{Nullable, maybe_counted};
use crate::serve::wire::field::LONGEST_ID;
use incident_env::TaskId;

pub(crate) fn any_task(_: &mut SchemaGenerator) -> Schema {
    open(TaskId::ALL.iter().map(ToString::to_string), &json!({ "type": ["string", "null"] }))
}

/// Which incident, and under which name. Without a word: the first of `alert_classification`. With a seed and no scenario:
/// the one that the seed draws, of the task or of all.
#[derive(JsonSchema)]
pub(crate) struct ResetRequest {
    #[serde(default)]
    #[schemars(schema_with = "any_task")]
    task_id: Option<TaskId>,
    /// Which scenario of the task, from 0; with `suite` too.
    #[serde(default)]
    #[schemars(schema_with = "maybe_counted")]
    scenario_index: Option<u32>,
    /// A scenario by its id; the task and the index then do not matter.
    #[serde(default)]
    scenario_id: Option<String>,
    /// Equal seeds draw the same scenario.
    #[serde(default)]
    seed: Option<u64>,
    /// Of the scenarios of this level only: easy, medium, hard, expert.
    #[serde(default)]
    level: Option<String>,
    /// The name under which the episode is kept.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    episode_id: Option<String>,
    /// The split of the Task API that `index` counts in.
    #[serde(default)]
    split: Option<String>,
    /// Which task of the split, from 0; with `suite`, which incident of it.
    #[serde(default)]
    #[schemars(schema_with = "maybe_counted")]
    index: Option<u32>,
    /// An incident that is made for this episode, such as `generated:hard,seed=7`, instead of one of the suite that is served.
    #[serde(default)]
    suite: Option<String>,
}

/// The observation, and beside its keys those of OpenEnv.
#[derive(JsonSchema)]
pub(crate) struct ResetAnswer {
    #[serde(flatten)]
    top: Observation,
    observation: IncidentObservation,
    reward: Nullable<f64>,
    metadata: Map<String, Value>,
}
