//! Reads what a model wrote from the refusal of its host. Pure.
//!
//! Some hosts check a call or JSON themselves and answer with an error where others pass on what the model wrote. It is
//! the model's fault on either, so it becomes a reply: what was written is its text.

use serde_json::Value;

use super::meta::Meta;
use super::said::said;
use crate::chat::{ChatReply, FinishReason};

/// The codes with which Groq refuses what a model wrote.
const CODES: [&str; 2] = ["tool_use_failed", "json_validate_failed"];

/// The reply if the error is about what the model wrote.
pub(super) fn malformed(value: &Value) -> Option<ChatReply> {
    let said = said(Some(value), "");
    if CODES.iter().any(|code| said.code.contains(code)) {
        let error = value.get("error").unwrap_or(value);
        let written = error.get("failed_generation").and_then(Value::as_str).map(str::to_owned);
        let cut = said.message.contains("max completion tokens reached");
        return Some(reply(written, if cut { FinishReason::Length } else { FinishReason::Malformed }));
    }
    // Ollama: error parsing tool call: raw='…', err=invalid character…
    if let Some((_, rest)) = said.message.split_once("error parsing tool call: raw='") {
        let written = rest.rsplit_once("', err=").map_or(rest, |(written, _)| written);
        return Some(reply(Some(written.to_owned()), FinishReason::Malformed));
    }
    // llama.cpp, which keeps what was written to itself.
    if said.message.starts_with("The model produced output that does not match the expected") {
        return Some(reply(None, FinishReason::Malformed));
    }
    // llama.cpp: Failed to parse input at pos 12: …
    let (place, written) = said.message.strip_prefix("Failed to parse input at pos ")?.split_once(": ")?;
    place.bytes().all(|byte| byte.is_ascii_digit()).then(|| reply(Some(written.to_owned()), FinishReason::Malformed))
}

fn reply(written: Option<String>, finish: FinishReason) -> ChatReply {
    ChatReply { content: written.filter(|text| !text.is_empty()), finish, ..Meta::default().into_reply() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_model_wrote_is_its_reply() {
        let groq = |code: &str, message: &str| json!({"error": {"message": message, "code": code, "failed_generation": "{\"a"}});
        for (body, content, finish) in [
            (groq("tool_use_failed", "Failed to call a function."), Some("{\"a"), FinishReason::Malformed),
            (groq("json_validate_failed", "Failed to generate JSON."), Some("{\"a"), FinishReason::Malformed),
            (
                groq("json_validate_failed", "max completion tokens reached before generating a valid document"),
                Some("{\"a"),
                FinishReason::Length,
            ),
            (json!({"error": {"message": "x", "code": "tool_use_failed"}}), None, FinishReason::Malformed),
            (
                json!({"error": {"message": "error parsing tool call: raw='ls -R', err=invalid character 'l'"}}),
                Some("ls -R"),
                FinishReason::Malformed,
            ),
            (json!({"error": "error parsing tool call: raw='{]', err="}), Some("{]"), FinishReason::Malformed),
            (
                json!({"error": {"code": 500, "message": "Failed to parse input at pos 12: </tool_call>"}}),
                Some("</tool_call>"),
                FinishReason::Malformed,
            ),
        ] {
            let reply = malformed(&body).unwrap();
            assert_eq!((reply.content.as_deref(), reply.finish), (content, finish), "{body}");
        }
        let kept = json!({"error": {"code": 500, "message": "The model produced output that does not match the expected peg-native format"}});
        assert_eq!(malformed(&kept).unwrap().finish, FinishReason::Malformed);
        for body in [json!({"error": {"message": "Failed to parse input", "code": 500}}), json!({}), json!("x")] {
            assert_eq!(malformed(&body), None, "{body}");
        }
    }
}
