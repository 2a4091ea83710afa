//! Reads a response. Pure.

use serde_json::Value;

use super::super::finish::{failure, finish};
use super::super::json::json_text;
use super::super::meta::Meta;
use super::super::playback::id_of;
use super::super::refusal::{error_with_200, is_error};
use crate::chat::{ChatError, ChatReply, ErrorKind, FinishReason, ToolCall};

/// Reads a response.
///
/// # Errors
/// Returns the fault that it reports, or that it is no response.
pub(in super::super) fn reply(mut body: Value) -> Result<ChatReply, ChatError> {
    if is_error(&body) {
        return Err(error_with_200(&body));
    }
    let meta = Meta::of(&body, None);
    let status = body.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let reason = body.get("incomplete_details").and_then(|details| details.get("reason")).and_then(Value::as_str);
    let reason = reason.map(str::to_owned);
    let Some(Value::Array(items)) = body.get_mut("output").map(Value::take) else {
        return Err(ChatError::new(ErrorKind::MalformedBody, &body.to_string()));
    };
    if status == "failed" {
        return Err(ChatError::new(ErrorKind::ErrorBody, "its status is 'failed'"));
    }
    if let Some(failure) = failure(Some(&status)).or_else(|| failure(reason.as_deref())) {
        return Err(failure);
    }
    if !items.iter().any(Value::is_object) && status != "incomplete" {
        return Err(ChatError::new(ErrorKind::EmptyChoices, &body.to_string()));
    }
    let mut said = Said::default();
    for item in &items {
        said.hear(item);
    }
    let why = match (status.as_str(), reason.as_deref()) {
        (_, Some("max_output_tokens" | "max_tokens" | "length")) => FinishReason::Length,
        (_, Some(other)) if finish(Some(other)) == FinishReason::ContentFilter => FinishReason::ContentFilter,
        ("incomplete", other) => FinishReason::Other(other.unwrap_or("incomplete").chars().take(40).collect()),
        _ if !said.calls.is_empty() => FinishReason::ToolCalls,
        _ if !said.refusal.is_empty() => FinishReason::Refusal,
        _ => FinishReason::Stop,
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(ChatReply {
        content: some(said.text).or_else(|| some(said.refusal)),
        reasoning: some(said.reasoning).or_else(|| some(said.summary)),
        tool_calls: said.calls,
        finish: why,
        as_it_came: Some(Value::Array(items)),
        ..meta.into_reply()
    })
}

/// What the items say.
#[derive(Default)]
struct Said {
    text: String,
    refusal: String,
    reasoning: String,
    summary: String,
    calls: Vec<ToolCall>,
}

impl Said {
    fn hear(&mut self, item: &Value) {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let parts = |name: &str| item.get(name).and_then(Value::as_array).into_iter().flatten();
        match item.get("type").and_then(Value::as_str).unwrap_or("message") {
            "message" => {
                self.text.push_str(item.get("content").and_then(Value::as_str).unwrap_or_default());
                for part in parts("content") {
                    self.text.push_str(&text(part, "text"));
                    self.refusal.push_str(&text(part, "refusal"));
                }
            }
            "reasoning" => {
                parts("content").for_each(|part| self.reasoning.push_str(&text(part, "text")));
                parts("summary").for_each(|part| self.summary.push_str(&text(part, "text")));
            }
            "function_call" => {
                let id = ["call_id", "id"].iter().map(|name| text(item, name)).find(|id| !id.is_empty());
                let arguments = match item.get("arguments") {
                    Some(Value::String(arguments)) => arguments.clone(),
                    None | Some(Value::Null) => String::new(),
                    Some(other) => json_text(other),
                };
                let id = id.unwrap_or_else(|| id_of(self.calls.len()));
                self.calls.push(ToolCall { id, name: text(item, "name"), arguments });
            }
            _ => {}
        }
    }
}
