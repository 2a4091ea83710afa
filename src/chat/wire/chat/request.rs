//! Writes the body of a request for Chat Completions. Pure.

use serde_json::{Map, Value};

use super::super::fields::{Fields, limit, object};
use super::super::playback::{id_of, leave_out, of_api, valid_arguments};
use super::super::settings::{JsonForm, ModelSettings, Optional};
use crate::chat::{Api, ChatRequest, Message, ReplyFormat, ToolCall, ToolSpec};

/// Makes the fields of the body.
pub(in super::super) fn body(request: &ChatRequest, settings: &ModelSettings) -> Map<String, Value> {
    let mut fields = Fields::default();
    fields.set("model", settings.model.as_str());
    fields.set("messages", request.messages.iter().map(|one| message(one, settings)).collect::<Vec<_>>());
    match &request.format {
        ReplyFormat::Text => {}
        ReplyFormat::Json { name, schema } => {
            if settings.sends(Optional::ResponseFormat) {
                fields.set("response_format", response_format(name, schema, settings));
            }
        }
        ReplyFormat::Tools { tools } => {
            fields.set_tools(tools.iter().map(|spec| tool(spec, settings)).collect(), settings);
        }
    }
    fields.set_some(settings.token_param.as_str(), limit(request, settings));
    fields.set_some("temperature", settings.sent_temperature());
    fields.set_some("reasoning_effort", settings.sent_effort());
    if settings.streams() {
        fields.set("stream", true);
        if settings.sends(Optional::StreamOptions) {
            fields.set("stream_options", object([("include_usage", true.into())]));
        }
    }
    fields.into_map()
}

fn response_format(name: &str, schema: &Value, settings: &ModelSettings) -> Value {
    match settings.json_form {
        JsonForm::JsonObject => object([("type", "json_object".into())]),
        JsonForm::JsonSchema => {
            let mut described = Fields::default();
            described.set("name", name);
            described.set("schema", settings.sent_schema(schema));
            described.set_some("strict", settings.sent_strict());
            object([("type", "json_schema".into()), ("json_schema", described.into_map().into())])
        }
    }
}

fn tool(spec: &ToolSpec, settings: &ModelSettings) -> Value {
    let mut function = Fields::default();
    function.set("name", spec.name.as_str());
    function.set("description", spec.description.as_str());
    function.set("parameters", spec.parameters.clone());
    function.set_some("strict", settings.sent_strict().filter(|strict| *strict));
    object([("type", "function".into()), ("function", function.into_map().into())])
}

fn message(message: &Message, settings: &ModelSettings) -> Value {
    let said = |role: &str, content: &str| object([("role", role.into()), ("content", content.into())]);
    match message {
        Message::System { content } => said("system", content),
        Message::User { content } => said("user", content),
        Message::Tool { call_id, content } => object([
            ("role", "tool".into()),
            ("tool_call_id", call_id.as_str().into()),
            ("content", content.as_str().into()),
        ]),
        Message::Assistant { content, tool_calls, as_it_came } => match of_api(as_it_came.as_ref(), Api::Chat) {
            Some(Value::Object(raw)) => played_back(raw.clone(), content.as_deref(), settings),
            _ => written(content.as_deref(), tool_calls),
        },
    }
}

/// The message as it came.
fn played_back(mut raw: Map<String, Value>, text: Option<&str>, settings: &ModelSettings) -> Value {
    raw.entry("role").or_insert_with(|| "assistant".into());
    // The form before there were tools had one function.
    let mut has_calls = raw.get("function_call").is_some_and(Value::is_object);
    if let Some(Value::Array(calls)) = raw.get_mut("tool_calls") {
        has_calls |= !calls.is_empty();
        calls.iter_mut().enumerate().for_each(|(place, call)| repair_call(place, call));
    }
    let nothing = match raw.get("content") {
        None | Some(Value::Null) => true,
        Some(Value::String(content)) => content.trim().is_empty(),
        Some(_) => false,
    };
    if nothing
        && !has_calls
        && let Some(text) = text
    {
        raw.insert("content".to_owned(), text.into());
    }
    let mut message = Value::Object(raw);
    leave_out(&settings.fields_left_out, &mut message);
    message
}

fn repair_call(place: usize, call: &mut Value) {
    if let Some(Value::String(arguments)) = call.get_mut("function").and_then(|function| function.get_mut("arguments"))
    {
        let valid = valid_arguments(arguments);
        if valid != *arguments {
            *arguments = valid.into_owned();
        }
    }
    if let Value::Object(call) = call
        && call.get("id").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        call.insert("id".to_owned(), id_of(place).into());
    }
}

/// The message from its text and its calls, if it did not come from an endpoint of this kind.
fn written(content: Option<&str>, calls: &[ToolCall]) -> Value {
    let mut fields = Fields::default();
    fields.set("role", "assistant");
    fields.set_some("content", content);
    if !calls.is_empty() {
        let call = |call: &ToolCall| {
            let function = object([
                ("name", call.name.as_str().into()),
                ("arguments", valid_arguments(&call.arguments).into_owned().into()),
            ]);
            object([("id", call.id.as_str().into()), ("type", "function".into()), ("function", function)])
        };
        fields.set("tool_calls", calls.iter().map(call).collect::<Vec<_>>());
    }
    Value::Object(fields.into_map())
}
