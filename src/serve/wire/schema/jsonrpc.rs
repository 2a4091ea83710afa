//! Describes the schemas of JSON-RPC 2.0, which MCP's messages follow.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// Describes the version of JSON-RPC.
pub(crate) fn two(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["2.0"] })
}

/// Describes the id of a message.
pub(crate) fn message_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "number", "null"] })
}

/// A request of JSON-RPC 2.0. Members of the client's own are passed over.
#[derive(JsonSchema)]
pub(crate) struct JsonRpcRequest {
    #[schemars(schema_with = "two")]
    jsonrpc: String,
    /// Left out of a notification.
    #[serde(default)]
    #[schemars(schema_with = "message_ids")]
    id: Value,
    /// As `tools/list`.
    method: String,
    #[serde(default)]
    params: Option<Map<String, Value>>,
}

/// A reply of JSON-RPC 2.0, with a result or an error.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonRpcReply {
    #[schemars(schema_with = "two")]
    jsonrpc: String,
    /// That of the request.
    #[schemars(schema_with = "message_ids")]
    id: Value,
    #[serde(default)]
    result: Option<Map<String, Value>>,
    #[serde(default)]
    error: Option<JsonRpcError>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonRpcError {
    code: i32,
    message: String,
    /// More for programs; often null.
    data: Value,
}
