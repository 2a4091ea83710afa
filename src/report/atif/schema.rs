//! The shapes of the format. What has no value is left out.

use serde::Serialize;
use serde_json::{Map, Value};

/// The version of the format.
pub(super) const VERSION: &str = "ATIF-v1.8";

/// What the format has no field for.
pub(super) type Extra = Map<String, Value>;

/// One file: an episode.
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

/// Who played.
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

/// Whose step it is. Only those of an agent have calls, thoughts and metrics.
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
    /// From 1, without gaps.
    #[serde(rename = "step_id")]
    pub(super) number: usize,
    pub(super) timestamp: String,
    pub(super) source: Source,
    /// The model that answered, where it is another than the agent's.
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
    /// Answers of a model in this step. None at all says that a program chose; then there are no metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) llm_call_count: Option<u32>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) extra: Extra,
}

/// An action.
#[derive(Debug, Serialize)]
pub(super) struct ToolCall {
    #[serde(rename = "tool_call_id")]
    pub(super) id: String,
    pub(super) function_name: String,
    pub(super) arguments: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) extra: Extra,
}

/// What came of the calls of a step.
#[derive(Debug, Serialize)]
pub(super) struct Observation {
    pub(super) results: Vec<Outcome>,
}

/// What came of one call, which stands in the same step.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) source_call_id: String,
    pub(super) content: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) extra: Extra,
}

/// What an answer took.
#[derive(Debug, Serialize)]
pub(super) struct Metrics {
    /// Cached ones included.
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

/// What the episode took.
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
    /// The steps of this file, which are not those of the episode.
    pub(super) total_steps: usize,
    pub(super) extra: Extra,
}

/// Fields without those that have no value.
pub(super) fn extra<const N: usize>(fields: [(&str, Value); N]) -> Extra {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    known.map(|(key, value)| (key.to_owned(), value)).collect()
}
