//! Describes the schemas of the server's own runs.

use schemars::JsonSchema;

use super::shape::Nullable;

/// A run with more epochs than these is for the command line.
pub(crate) const MOST_EPOCHS: u32 = 100;

/// What a run of the server's own agents should be. Where it calls is the server's configuration.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineRequest {
    /// A model that the server is configured with; the first one without it.
    #[serde(default)]
    model: Option<String>,
    /// `llm` or a built-in agent; `llm` without it, or `heuristic` where no model is configured.
    #[serde(default)]
    agent: Option<String>,
    /// The suite that is served.
    #[serde(default)]
    suite: Option<String>,
    /// Repetitions, 1 to 100.
    #[serde(default)]
    #[schemars(range(min = 1, max = MOST_EPOCHS))]
    epochs: Option<u32>,
}

/// What a run came to.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineAnswer {
    alert_classification: Nullable<f64>,
    root_cause_analysis: Nullable<f64>,
    remediation_planning: Nullable<f64>,
    /// The mean of the three.
    overall: Nullable<f64>,
    /// The model, or the built-in agent.
    model: String,
    run_id: String,
    /// The share of steps that the model chose itself; null for built-in agents.
    model_share: Nullable<f64>,
    /// Episodes without a score because the infrastructure failed.
    void: u32,
}

/// How far a run is.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineProgress {
    run_id: String,
    /// `running`, `done` or `failed`.
    status: String,
    /// Episodes that ended.
    episodes: u32,
    /// Episodes in all.
    total: u32,
    result: Nullable<BaselineAnswer>,
    error: Nullable<String>,
}
