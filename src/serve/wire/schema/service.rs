//! Describes the schemas of the server's health, of its refusals, and of `/schema`.

use schemars::JsonSchema;
use serde_json::{Map, Value};

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    /// `ok`, or `healthy` for hosts of OpenEnv.
    status: String,
    version: String,
}

/// Why a request was refused, and what would be right.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    detail: String,
    /// A word for programs.
    code: String,
    /// The run that is under way, where one is in the way.
    #[serde(default)]
    run_id: Option<String>,
}

/// The schemas of OpenEnv's messages.
#[derive(JsonSchema)]
pub(crate) struct Schemas {
    action: Map<String, Value>,
    observation: Map<String, Value>,
    state: Map<String, Value>,
}
