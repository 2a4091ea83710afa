//! Writes the body of a request for Messages. Pure.

use serde_json::{Map, Value};

use super::super::fields::{Fields, limit, object};
use super::super::playback::{leave_out, of_api, valid_arguments};
use super::super::schema::{REFUSED_BY_MESSAGES, without};
use super::super::settings::{ModelSettings, Optional, ThinkingForm, ToolChoice};

use crate::chat::{Api, ChatRequest, Message, ReplyFormat, ToolCall, ToolSpec};

/// The limit on the tokens of an answer if none is set, because this API needs one.
const USUAL_LIMIT: u32 = 4_096;
/// The fewest tokens that a model can be allowed to think for.
const SHORTEST_THINKING: u32 = 1_024;

/// Makes the fields of the body.
pub(in super::super) fn body(request: &ChatRequest, settings: &ModelSettings) -> Map<String, Value> {
    let mut fields = Fields::default();
    let limit = limit(request, settings).unwrap_or(USUAL_LIMIT);
    let thinking = thinking(settings, limit);
    fields.set("model", settings.model.as_str());
    fields.set("max_tokens", limit);
    let mut system = Vec::new();
    let mut turns: Vec<TurnOf> = Vec::new();
    for message in &request.messages {
        match message {
            Message::System { content } => system.push(text(content)),
            other => add(other, settings, &mut turns),
        }
    }
    if settings.sends(Optional::CacheControl) {
        // The prompt is cached up to these two marks: the instructions, and all that was said so far.
        let newest = turns.iter_mut().rev().find(|turn| turn.role == "user");
        for block in system.last_mut().into_iter().chain(newest.and_then(|turn| turn.blocks.last_mut())) {
            if let Value::Object(block) = block {
                block.insert("cache_control".to_owned(), object([("type", "ephemeral".into())]));
            }
        }
    }
    if !system.is_empty() {
        fields.set("system", system);
    }
    fields.set("messages", turns.into_iter().map(TurnOf::into_value).collect::<Vec<_>>());
    let mut output = Fields::default();
    match &request.format {
        ReplyFormat::Text => {}
        ReplyFormat::Json { schema, .. } => {
            if settings.sends(Optional::ResponseFormat) {
                let schema = without(schema, &REFUSED_BY_MESSAGES);
                output.set("format", object([("type", "json_schema".into()), ("schema", schema)]));
            }
        }
        ReplyFormat::Tools { tools } => {
            fields.set("tools", tools.iter().map(|spec| tool(spec, settings)).collect::<Vec<_>>());
            // A model that thinks cannot be made to call a function.
            let choice = settings.sent_tool_choice().map(|choice| match choice {
                ToolChoice::Required if thinking.is_none() => "any",
                ToolChoice::Required | ToolChoice::Auto => "auto",
            });
            if let Some(choice) = choice {
                let mut fields_of_choice = Fields::default();
                fields_of_choice.set("type", choice);
                if settings.sends(Optional::ParallelToolCalls) {
                    fields_of_choice.set("disable_parallel_tool_use", true);
                }
                fields.set("tool_choice", fields_of_choice.into_map());
            }
        }
    }
    // A model that thinks takes no temperature.
    fields.set_some("temperature", settings.sent_temperature().filter(|_| thinking.is_none()));
    fields.set_some("thinking", thinking);
    output.set_some("effort", settings.sent_effort().filter(|effort| *effort != NO_EFFORT));
    let output = output.into_map();
    if !output.is_empty() && settings.sends(Optional::OutputConfig) {
        fields.set("output_config", output);
    }
    if settings.streams() {
        fields.set("stream", true);
    }
    fields.into_map()
}

/// The effort with which a model does not think.
const NO_EFFORT: &str = "none";

/// How the model is to think, if that is set.
fn thinking(settings: &ModelSettings, limit: u32) -> Option<Value> {
    if !settings.sends(Optional::Thinking) {
        return None;
    }
    let adaptive = || object([("type", "adaptive".into())]);
    match (settings.thinking_budget, settings.thinking_form) {
        (Some(_), ThinkingForm::Adaptive) => Some(adaptive()),
        (Some(budget), ThinkingForm::Budget) => {
            // The thoughts are part of the answer, and something must be left for the rest.
            let budget = budget.max(SHORTEST_THINKING).min(limit.saturating_sub(1));
            (budget >= SHORTEST_THINKING)
                .then(|| object([("type", "enabled".into()), ("budget_tokens", budget.into())]))
        }
        (None, _) => settings.sent_effort().filter(|effort| *effort != NO_EFFORT).map(|_| adaptive()),
    }
}

fn text(content: &str) -> Value {
    object([("type", "text".into()), ("text", content.into())])
}

fn tool(spec: &ToolSpec, settings: &ModelSettings) -> Value {
    let strict = settings.sent_strict() == Some(true);
    let mut fields = Fields::default();
    fields.set("name", spec.name.as_str());
    fields.set("description", spec.description.as_str());
    fields.set(
        "input_schema",
        if strict { without(&spec.parameters, &REFUSED_BY_MESSAGES) } else { spec.parameters.clone() },
    );
    if strict {
        fields.set("strict", true);
    }
    Value::Object(fields.into_map())
}

/// A turn of one side: the messages that follow each other without the other side.
struct TurnOf {
    role: &'static str,
    blocks: Vec<Value>,
}

impl TurnOf {
    fn into_value(self) -> Value {
        object([("role", self.role.into()), ("content", self.blocks.into())])
    }
}

/// Adds the blocks of a message to the turns. Results of tools and what follows them are one turn of the user.
fn add(message: &Message, settings: &ModelSettings, turns: &mut Vec<TurnOf>) {
    let (role, blocks) = match message {
        Message::System { content } | Message::User { content } => ("user", vec![text(content)]),
        Message::Tool { call_id, content } => {
            let result = object([
                ("type", "tool_result".into()),
                ("tool_use_id", call_id.as_str().into()),
                ("content", content.as_str().into()),
            ]);
            ("user", vec![result])
        }
        Message::Assistant { content, tool_calls, as_it_came } => {
            let blocks = match of_api(as_it_came.as_ref(), Api::Messages) {
                Some(Value::Array(raw)) => played_back(raw, content.as_deref(), settings),
                _ => content.as_deref().map(text).into_iter().chain(tool_calls.iter().map(written)).collect(),
            };
            ("assistant", blocks)
        }
    };
    match turns.last_mut() {
        Some(turn) if turn.role == role => turn.blocks.extend(blocks),
        _ => turns.push(TurnOf { role, blocks }),
    }
}

fn played_back(raw: &[Value], content: Option<&str>, settings: &ModelSettings) -> Vec<Value> {
    let mut says = false;
    let mut blocks = Vec::with_capacity(raw.len() + 1);
    for block in raw {
        let mut block = block.clone();
        let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
        says |= !kind.contains("thinking");
        if let Some(input) = block.get_mut("input").filter(|input| !input.is_object()) {
            // The arguments may have come as a text.
            let object = input.as_str().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
            *input = object.unwrap_or_default().into();
        }
        leave_out(&settings.fields_left_out, &mut block);
        blocks.push(block);
    }
    // Thoughts alone are refused as an empty message.
    if !says {
        blocks.extend(content.map(text));
    }
    blocks
}

fn written(call: &ToolCall) -> Value {
    let input = serde_json::from_str::<Value>(&valid_arguments(&call.arguments)).unwrap_or_default();
    object([
        ("type", "tool_use".into()),
        ("id", call.id.as_str().into()),
        ("name", call.name.as_str().into()),
        ("input", input),
    ])
}
