//! Writes the body of a request for Responses. Pure.

use serde_json::{Map, Value};

use super::super::fields::{Fields, limit, object};
use super::super::playback::{leave_out, of_api, valid_arguments};
use super::super::settings::{JsonForm, ModelSettings, Optional};
use crate::chat::{Api, ChatRequest, Message, ReplyFormat, ToolCall, ToolSpec};

/// Makes the fields of the body. Nothing is stored at the provider: each request has the whole conversation.
pub(in super::super) fn body(request: &ChatRequest, settings: &ModelSettings) -> Map<String, Value> {
    let mut fields = Fields::default();
    fields.set("model", settings.model.as_str());
    let mut input = Vec::with_capacity(request.messages.len());
    for (place, message) in request.messages.iter().enumerate() {
        match message {
            Message::System { content } if place == 0 => fields.set("instructions", content.as_str()),
            other => items(other, settings, &mut input),
        }
    }
    fields.set("input", input);
    match &request.format {
        ReplyFormat::Text => {}
        ReplyFormat::Json { name, schema } => {
            if settings.sends(Optional::ResponseFormat) {
                fields.set("text", object([("format", format(name, schema, settings))]));
            }
        }
        ReplyFormat::Tools { tools } => {
            fields.set_tools(tools.iter().map(|spec| tool(spec, settings)).collect(), settings);
        }
    }
    fields.set_some("max_output_tokens", limit(request, settings));
    fields.set_some("temperature", settings.sent_temperature());
    fields.set_some("reasoning", settings.sent_effort().map(|effort| object([("effort", effort.into())])));
    if settings.sends(Optional::Store) {
        fields.set("store", false);
    }
    if settings.sends(Optional::EncryptedReasoning) {
        fields.set("include", vec!["reasoning.encrypted_content"]);
    }
    if settings.streams() {
        fields.set("stream", true);
    }
    fields.into_map()
}

fn format(name: &str, schema: &Value, settings: &ModelSettings) -> Value {
    let mut fields = Fields::default();
    match settings.json_form {
        JsonForm::JsonObject => fields.set("type", "json_object"),
        JsonForm::JsonSchema => {
            fields.set("type", "json_schema");
            fields.set("name", name);
            fields.set("schema", settings.sent_schema(schema));
            fields.set_some("strict", settings.sent_strict());
        }
    }
    Value::Object(fields.into_map())
}

fn tool(spec: &ToolSpec, settings: &ModelSettings) -> Value {
    let mut fields = Fields::default();
    fields.set("type", "function");
    fields.set("name", spec.name.as_str());
    fields.set("description", spec.description.as_str());
    fields.set("parameters", spec.parameters.clone());
    // Unlike Chat Completions, Responses is strict unless it is told otherwise.
    fields.set_some("strict", settings.sent_strict());
    Value::Object(fields.into_map())
}

/// Adds the items of a message.
fn items(message: &Message, settings: &ModelSettings, to: &mut Vec<Value>) {
    match message {
        Message::System { content } => to.push(said("system", content)),
        Message::User { content } => to.push(said("user", content)),
        Message::Tool { call_id, content } => to.push(object([
            ("type", "function_call_output".into()),
            ("call_id", call_id.as_str().into()),
            ("output", content.as_str().into()),
        ])),
        Message::Assistant { content, tool_calls, as_it_came } => {
            if let Some(Value::Array(raw)) = of_api(as_it_came.as_ref(), Api::Responses) {
                played_back(raw, content.as_deref(), settings, to);
            } else {
                to.extend(content.as_deref().map(|content| said("assistant", content)));
                to.extend(tool_calls.iter().map(written));
            }
        }
    }
}

fn said(role: &str, content: &str) -> Value {
    object([("role", role.into()), ("content", content.into())])
}

fn played_back(raw: &[Value], text: Option<&str>, settings: &ModelSettings, to: &mut Vec<Value>) {
    let mut says = false;
    for item in raw {
        let mut item = item.clone();
        match item.get("type").and_then(Value::as_str) {
            Some("function_call") => {
                says = true;
                if let Some(Value::String(arguments)) = item.get_mut("arguments") {
                    let valid = valid_arguments(arguments);
                    if valid != *arguments {
                        *arguments = valid.into_owned();
                    }
                }
            }
            Some("reasoning") => {}
            _ => says = true,
        }
        leave_out(&settings.fields_left_out, &mut item);
        to.push(item);
    }
    // Reasoning alone is refused: what it led to must follow.
    if !says && let Some(text) = text {
        to.push(said("assistant", text));
    }
}

fn written(call: &ToolCall) -> Value {
    object([
        ("type", "function_call".into()),
        ("call_id", call.id.as_str().into()),
        ("name", call.name.as_str().into()),
        ("arguments", valid_arguments(&call.arguments).into_owned().into()),
    ])
}
