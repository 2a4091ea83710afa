//! Reads a completion. Pure.

use serde_json::{Map, Value};

use super::super::finish::{failure, finish, word_of};
use super::super::json::json_text;
use super::super::meta::Meta;
use super::super::playback::id_of;
use super::super::refusal::{error_with_200, is_error};
use crate::chat::{ChatError, ChatReply, ErrorKind, FinishReason, ToolCall};

/// Reads a completion.
///
/// # Errors
/// Returns the fault that it reports, or that it is no completion.
pub(in super::super) fn reply(mut body: Value) -> Result<ChatReply, ChatError> {
    let choices = body.get_mut("choices").and_then(Value::as_array_mut);
    // A choice that is not an object is none.
    let first = choices.filter(|all| all.first().is_some_and(Value::is_object)).map(|all| all.swap_remove(0));
    let Some(mut choice) = first else {
        if is_error(&body) {
            return Err(error_with_200(&body));
        }
        let kind = if body.get("choices").is_some() { ErrorKind::EmptyChoices } else { ErrorKind::MalformedBody };
        return Err(ChatError::new(kind, &body.to_string()));
    };
    // A router puts the failure of the endpoint behind it into the choice.
    if is_error(&choice) {
        return Err(error_with_200(&choice));
    }
    let word = word_of(choice.get("finish_reason")).map(str::to_owned);
    if let Some(failure) = failure(word.as_deref()) {
        return Err(failure);
    }
    let meta = Meta::of(&body, choice.get("usage"));
    let legacy_text = choice.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let message = ["message", "delta"].iter().find_map(|name| choice.get_mut(*name).map(Value::take));
    let reason = finish(word.as_deref());
    if legacy_text.is_none() && is_nothing(message.as_ref(), &reason, &meta) {
        return Err(ChatError::new(ErrorKind::EmptyChoices, &choice.to_string()));
    }
    let nothing = Map::new();
    let fields = message.as_ref().and_then(Value::as_object).unwrap_or(&nothing);
    let tool_calls = tool_calls(fields);
    let parts = fields.get("content").filter(|content| content.is_array());
    let refusal = text_of(fields.get("refusal"), "refusal").or_else(|| text_of(parts, "refusal"));
    let reasoning = ["reasoning_content", "reasoning", "thinking"]
        .iter()
        .find_map(|key| text_of(fields.get(*key), "text"))
        .or_else(|| text_of(fields.get("content"), "thinking"))
        .or_else(|| text_of(fields.get("reasoning_details"), "text"));
    let finish = match reason {
        // A filter may have been named; a refusal in the model's own words is no ordinary stop.
        FinishReason::Stop | FinishReason::Other(_) if refusal.is_some() && tool_calls.is_empty() => {
            FinishReason::Refusal
        }
        reason => reason,
    };
    let content = text_of(fields.get("content"), "text").or(refusal).or(legacy_text);
    let as_it_came = message.filter(|message| message.as_object().is_some_and(|fields| !fields.is_empty()));
    Ok(ChatReply { content, reasoning, tool_calls, finish, as_it_came, ..meta.into_reply() })
}

/// Whether a choice is none: it has no message, and nothing says that the model wrote one or may not.
fn is_nothing(message: Option<&Value>, reason: &FinishReason, meta: &Meta) -> bool {
    let may_be = matches!(reason, FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Other(_));
    may_be
        && match message {
            Some(Value::Object(fields)) => fields.is_empty() && !meta.has_answer_tokens(),
            _ => true,
        }
}

/// A text that is a string, or an array of parts of which those of one kind count; none if it is empty.
fn text_of(value: Option<&Value>, kind: &str) -> Option<String> {
    let text = match value? {
        Value::String(text) if kind != "thinking" => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part_of(part, kind)).collect(),
        // This server has already parsed the model's JSON.
        object @ Value::Object(_) if kind == "text" => object.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The text of a part of this kind. Thoughts may be parts themselves.
fn part_of(part: &Value, kind: &str) -> Option<String> {
    let this = part.get("type").and_then(Value::as_str).unwrap_or("text");
    if !this.contains(kind) {
        return None;
    }
    match part.get(kind).or_else(|| part.get("text"))? {
        Value::String(text) => Some(text.clone()),
        Value::Array(inner) => Some(inner.iter().filter_map(|part| part.get("text")?.as_str()).collect()),
        _ => None,
    }
}

fn tool_calls(message: &Map<String, Value>) -> Vec<ToolCall> {
    let listed = message.get("tool_calls").and_then(Value::as_array);
    // Before there were tools, the form was one function without an id.
    let legacy = message.get("function_call").filter(|call| call.is_object()).map(|call| (call, None));
    let calls = listed.into_iter().flatten().map(|call| {
        let function = call.get("function").unwrap_or(call);
        (function, call.get("id").and_then(Value::as_str))
    });
    calls
        .chain(legacy.filter(|_| listed.is_none_or(Vec::is_empty)))
        .enumerate()
        .filter_map(|(place, (function, id))| {
            let arguments = match function.get("arguments") {
                Some(Value::String(text)) => text.clone(),
                None | Some(Value::Null) => String::new(),
                Some(other) => json_text(other),
            };
            Some(ToolCall {
                id: id.filter(|id| !id.is_empty()).map_or_else(|| id_of(place), str::to_owned),
                name: function.get("name").and_then(Value::as_str)?.to_owned(),
                arguments,
            })
        })
        .collect()
}
