//! Reads a message. Pure.

use serde_json::Value;

use super::super::finish::{failure, finish, word_of};
use super::super::json::json_text;
use super::super::meta::Meta;
use super::super::playback::id_of;
use super::super::refusal::{error_with_200, is_error};
use crate::chat::{ChatError, ChatReply, ErrorKind, ToolCall};

/// Reads a message.
///
/// # Errors
/// Returns the fault that it reports, or that it is no message.
pub(in super::super) fn reply(mut body: Value) -> Result<ChatReply, ChatError> {
    if is_error(&body) {
        return Err(error_with_200(&body));
    }
    let meta = Meta::of(&body, None);
    let Some(Value::Array(blocks)) = body.get_mut("content").map(Value::take) else {
        return Err(ChatError::new(ErrorKind::MalformedBody, &body.to_string()));
    };
    let reason = word_of(body.get("stop_reason"));
    if let Some(failure) = failure(reason) {
        return Err(failure);
    }
    let are_nothing = !blocks.is_empty() && !blocks.iter().any(Value::is_object);
    if are_nothing || (blocks.is_empty() && reason.is_none()) {
        return Err(ChatError::new(ErrorKind::EmptyChoices, &body.to_string()));
    }
    let (mut text, mut thinking, mut tool_calls) = (String::new(), String::new(), Vec::new());
    for block in &blocks {
        let field = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        match field("type") {
            "text" => text.push_str(field("text")),
            "thinking" => thinking.push_str(field("thinking")),
            "tool_use" => {
                let arguments = match block.get("input") {
                    // What the model wrote was no JSON, and could only be kept as a text.
                    Some(Value::String(text)) => text.clone(),
                    None | Some(Value::Null) => String::new(),
                    Some(other) => json_text(other),
                };
                let id = Some(field("id")).filter(|id| !id.is_empty());
                let id = id.map_or_else(|| id_of(tool_calls.len()), str::to_owned);
                tool_calls.push(ToolCall { id, name: field("name").to_owned(), arguments });
            }
            _ => {}
        }
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(ChatReply {
        content: some(text),
        reasoning: some(thinking),
        tool_calls,
        finish: finish(reason),
        as_it_came: Some(Value::Array(blocks)),
        ..meta.into_reply()
    })
}
