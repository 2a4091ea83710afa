//! The shapes of the format. A field without a value is left out.

use serde::Serialize;
use serde_json::{Map, Value};

/// The version of the format.
pub(super) const VERSION: &str = "ATIF-v1.8";

/// The values for which the format has no field.
pub(super) type Extra = Map<String, Value>;

/// One file, which is an episode.
#[derive(Debug, Serialize)]
pub(super) struct Trajectory {
    pub(super) schema_version: &'static str,
    pub(super) session_id: String,
    #[serde(rename = "trajectory_id")]
    pub(super) id: String,
    pub(super) agent: Agent,
    pub(super) steps: Vec<Step>,
    pub(super) notes: &'static str,
    pub(super) final_metrics: FinalMetrics,
    pub(super) extra: Extra,
}

/// The agent of a trajectory.
#[derive(Debug, Serialize)]
pub(super) struct Agent {
    pub(super) name: String,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_definitions: Vec<Value>,
    pub(super) extra: Extra,
}

/// The source of a step. Only an agent's steps have calls, thoughts and metrics.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    System,
    User,
    Agent,
}

/// A message, or what an agent said, did and saw.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// The number of the step, from 1 and without gaps.
    #[serde(rename = "step_id")]
    pub(super) number: usize,
    pub(super) timestamp: String,
    pub(super) source: Source,
    /// The model that answered, if it is another one than the agent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_effort: Option<String>,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) observation: Option<Observation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<Metrics>,
    /// The number of a model's answers in this step. Zero means that a program chose, and then there are no metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) llm_call_count: Option<u32>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) extra: Extra,
}

/// An action, as a call of a tool.
#[derive(Debug, Serialize)]
pub(super) struct ToolCall {
    #[serde(rename = "tool_call_id")]
    pub(super) id: String,
    pub(super) function_name: String,
    pub(super) arguments: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) extra: Extra,
}

/// The results of the calls of a step.
#[derive(Debug, Serialize)]
pub(super) struct Observation {
    pub(super) results: Vec<Outcome>,
}

/// The result of one call, which is in the same step.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) source_call_id: String,
    pub(super) content: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) extra: Extra,
}

/// The metrics of an answer.
#[derive(Debug, Serialize)]
pub(super) struct Metrics {
    /// The tokens of the prompt, including cached ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost_usd: Option<f64>,
    pub(super) extra: Extra,
}

/// The metrics of the episode.
#[derive(Debug, Serialize)]
pub(super) struct FinalMetrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_cost_usd: Option<f64>,
    /// The number of steps in this file, which is not the number of steps of the episode.
    pub(super) total_steps: usize,
    pub(super) extra: Extra,
}

/// Makes an object of the fields that have a value.
pub(super) fn extra<const N: usize>(fields: [(&str, Value); N]) -> Extra {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    known.map(|(key, value)| (key.to_owned(), value)).collect()
}
