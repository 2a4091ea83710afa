//! Describes the schemas of requests of OpenEnv's Task API.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// This is the one split of the Task API: the suite that is served.
pub(crate) const SPLIT: &str = "test";

/// Describes the name of the one split.
fn splits(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [SPLIT] })
}

#[derive(JsonSchema)]
pub(crate) struct SplitRequest {
    #[schemars(schema_with = "splits")]
    split: String,
}

#[derive(JsonSchema)]
pub(crate) struct TaskRequest {
    #[schemars(schema_with = "splits")]
    split: String,
    index: u32,
}

#[derive(JsonSchema)]
pub(crate) struct RangeRequest {
    #[schemars(schema_with = "splits")]
    split: String,
    /// The first index [default: 0].
    #[serde(default)]
    start: Option<u32>,
    /// The index after the last one [default: their number].
    #[serde(default)]
    stop: Option<u32>,
}
