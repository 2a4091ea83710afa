//! Reads an endpoint's answer into a reply, or into a fault with a name. Pure.

use std::time::Duration;

use serde_json::Value;

use super::refusal::{error_with_200, refusal};
use crate::chat::error::excerpt;
use crate::chat::{ChatError, ChatReply, ErrorKind, FinishReason, ToolCall, Usage};

/// The answer of an endpoint before it is understood.
#[derive(Debug, Clone, Default)]
pub struct RawReply<'a> {
    /// The HTTP status of the response.
    pub status: u16,
    /// The content type, if there is one.
    pub content_type: Option<&'a str>,
    /// The endpoint's id of the request, from a header.
    pub request_id: Option<&'a str>,
    /// The time that the endpoint asks to wait.
    pub retry_after: Option<Duration>,
    /// The bytes of the body.
    pub body: &'a [u8],
}

/// Understands an answer. The function is total: every status and body becomes a reply or a fault with a name.
///
/// # Errors
/// Returns the kind of fault, with the message of the endpoint.
pub fn parse_reply(raw: &RawReply<'_>) -> Result<ChatReply, ChatError> {
    let with_head = |error: ChatError| ChatError {
        status: Some(raw.status),
        request_id: raw.request_id.map(str::to_owned),
        retry_after: raw.retry_after,
        ..error
    };
    understand(raw).map_err(with_head)
}

fn understand(raw: &RawReply<'_>) -> Result<ChatReply, ChatError> {
    // Some servers begin with a byte order mark, which JSON does not allow.
    let body = raw.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw.body);
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let text = || String::from_utf8_lossy(raw.body);
    if !(200..300).contains(&raw.status) {
        return Err(refusal(raw.status, parsed.as_ref(), &text()));
    }
    let Some(value) = parsed else {
        let text = text();
        let start = text.trim_start().get(..15).unwrap_or(text.trim_start()).to_ascii_lowercase();
        let content_type = raw.content_type.unwrap_or_default();
        let kind = if start.starts_with("<!doctype") || start.starts_with("<html") || content_type.contains("html") {
            ErrorKind::HtmlBody
        } else if start.starts_with("data:") || start.starts_with("event:") || content_type.contains("event-stream") {
            ErrorKind::SseBody
        } else {
            ErrorKind::MalformedBody
        };
        return Err(ChatError::new(kind, &text));
    };
    let choices = value.get("choices");
    let is_error = |value: &Value| value.get("error").is_some_and(|error| !error.is_null());
    let Some(choice) = choices.and_then(Value::as_array).and_then(|all| all.first()) else {
        if is_error(&value) {
            return Err(error_with_200(&value));
        }
        let kind = if choices.is_some() { ErrorKind::EmptyChoices } else { ErrorKind::MalformedBody };
        return Err(ChatError::new(kind, &value.to_string()));
    };
    // A router puts the failure of the endpoint behind it into the choice.
    if is_error(choice) {
        return Err(error_with_200(choice));
    }
    Ok(completion(raw, &value, choice))
}

fn completion(raw: &RawReply<'_>, value: &Value, choice: &Value) -> ChatReply {
    let nothing = Value::Null;
    let message = choice.get("message").or_else(|| choice.get("delta")).unwrap_or(&nothing);
    let tool_calls = tool_calls(message);
    let text = text_of(message.get("content"), "text")
        .or_else(|| text_of(message.get("refusal"), "refusal"))
        .or_else(|| text_of(choice.get("text"), "text"));
    let reasoning = ["reasoning_content", "reasoning", "thinking"]
        .iter()
        .find_map(|key| text_of(message.get(*key), "text"))
        .or_else(|| text_of(message.get("content"), "thinking"));
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop") => FinishReason::Stop,
        Some("length" | "max_tokens") => FinishReason::Length,
        Some("tool_calls" | "function_call") => FinishReason::ToolCalls,
        Some("content_filter") => FinishReason::ContentFilter,
        other => FinishReason::Other(other.unwrap_or_default().chars().take(40).collect()),
    };
    ChatReply {
        content: text,
        reasoning,
        tool_calls,
        finish,
        model: value.get("model").and_then(Value::as_str).map(excerpt),
        usage: usage(value.get("usage")),
        request_id: raw
            .request_id
            .or_else(|| value.get("id").and_then(Value::as_str))
            .filter(|id| !id.is_empty())
            .map(|id| id.chars().take(200).collect()),
        latency_ms: 0,
        as_it_came: None,
        billed_usd: None,
        served: crate::chat::ServedBy::default(),
        retries: Vec::new(),
    }
}

/// A text that is a string, or an array of parts of which those of one kind count; none if it is empty.
fn text_of(value: Option<&Value>, kind: &str) -> Option<String> {
    let text = match value? {
        Value::String(text) if kind != "thinking" => text.clone(),
        Value::Array(parts) => {
            let of_kind = |part: &Value| {
                let this = part.get("type").and_then(Value::as_str).unwrap_or("text");
                let text = part.get(kind).or_else(|| part.get("text")).and_then(Value::as_str);
                text.filter(|_| this.contains(kind)).map(str::to_owned)
            };
            parts.iter().filter_map(of_kind).collect()
        }
        // This server has already parsed the model's JSON.
        object @ Value::Object(_) if kind == "text" => object.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn tool_calls(message: &Value) -> Vec<ToolCall> {
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
        .filter_map(|(index, (function, id))| {
            let arguments = match function.get("arguments") {
                Some(Value::String(text)) => text.clone(),
                None | Some(Value::Null) => String::new(),
                Some(other) => other.to_string(),
            };
            Some(ToolCall {
                id: id.filter(|id| !id.is_empty()).map_or_else(|| format!("call_{index}"), str::to_owned),
                name: function.get("name").and_then(Value::as_str)?.to_owned(),
                arguments,
            })
        })
        .collect()
}

/// The token counts; none if the endpoint gives none. Some endpoints give floats, and some leave parts out.
fn usage(value: Option<&Value>) -> Option<Usage> {
    let object = value?.as_object()?;
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).map(whole);
    let nested = |outer: &str, inner: &str| number(object.get(outer).and_then(|details| details.get(inner)));
    let prompt = number(object.get("prompt_tokens").or_else(|| object.get("input_tokens")));
    let completion = number(object.get("completion_tokens").or_else(|| object.get("output_tokens")));
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    Some(Usage {
        prompt_tokens: prompt.unwrap_or(0),
        cached_tokens: nested("prompt_tokens_details", "cached_tokens")
            .or_else(|| number(object.get("prompt_cache_hit_tokens")))
            .unwrap_or(0),
        completion_tokens: completion.unwrap_or(0),
        reasoning_tokens: nested("completion_tokens_details", "reasoning_tokens").unwrap_or(0),
        ..Usage::default()
    })
}

/// The most tokens that a call is taken to have, so that sums over a run cannot overflow. No call has as many.
const MOST_TOKENS: f64 = 1e12;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count can be")]
fn whole(n: f64) -> u64 {
    n.clamp(0.0, MOST_TOKENS) as u64
}
