//! Reads the reasons for which a model stopped. Pure.

use serde_json::Value;

use crate::chat::{ChatError, ErrorKind, FinishReason};

/// The most characters that are kept of an unknown reason.
const LONGEST_REASON: usize = 40;

/// What is in the reasons of filters.
const OF_A_FILTER: [&str; 12] = [
    "filter",
    "safety",
    "unsafe",
    "sensitive",
    "moderation",
    "guardrail",
    "prohibited",
    "recitation",
    "blocklist",
    "spii",
    "toxic",
    "content_policy",
];

/// What is in the reasons that say that the wire or the server failed, and not that the model was done.
const OF_A_FAILURE: [&str; 9] = [
    "error",
    "abort",
    "timeout",
    "timed_out",
    "cancel",
    "disconnect",
    "unavailable",
    "overload",
    "insufficient_system",
];

/// The reason by its word in Chat Completions or Messages, or in what is wrapped by them.
pub(super) fn finish(word: Option<&str>) -> FinishReason {
    let word = word.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "stop" | "end_turn" | "stop_sequence" => FinishReason::Stop,
        "length" | "max_tokens" | "max_output_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        "model_context_window_exceeded" | "model_length" | "context_length_exceeded" | "error_limit" => {
            FinishReason::ContextWindow
        }
        // Gemini's compatible layer has words around it.
        lower if lower.contains("malformed_function_call") || lower.contains("malformed_tool_call") => {
            FinishReason::Malformed
        }
        lower if has_one(lower, &OF_A_FILTER) => FinishReason::ContentFilter,
        _ => FinishReason::Other(word.chars().take(LONGEST_REASON).collect()),
    }
}

/// The word with which an endpoint says why the model stopped. Some put an empty one into every piece.
pub(super) fn word_of(value: Option<&Value>) -> Option<&str> {
    let word = value?.as_str()?.trim();
    (!matches!(word.to_ascii_lowercase().as_str(), "" | "null" | "none")).then_some(word)
}

/// The fault of an answer whose reason says that the wire or the server failed. What the model wrote is not whole then.
pub(super) fn failure(word: Option<&str>) -> Option<ChatError> {
    let word = word?;
    let said =
        matches!(finish(Some(word)), FinishReason::Other(_)) && has_one(&word.to_ascii_lowercase(), &OF_A_FAILURE);
    let word: String = word.chars().take(LONGEST_REASON).collect();
    said.then(|| ChatError::new(ErrorKind::StreamError, &format!("it stopped with '{word}'")))
}

fn has_one(word: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| word.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_many_endpoints() {
        for (word, reason) in [
            ("stop", FinishReason::Stop),
            ("MAX_TOKENS", FinishReason::Length),
            ("sensitive", FinishReason::ContentFilter),
            ("IMAGE_SAFETY", FinishReason::ContentFilter),
            ("guardrail_intervened", FinishReason::ContentFilter),
            ("ERROR_TOXIC", FinishReason::ContentFilter),
            ("ERROR_LIMIT", FinishReason::ContextWindow),
            ("function_call_filter: MALFORMED_FUNCTION_CALL", FinishReason::Malformed),
            ("eos", FinishReason::Other("eos".to_owned())),
        ] {
            assert_eq!(finish(Some(word)), reason, "{word}");
            assert_eq!(failure(Some(word)), None, "{word}");
        }
        for word in [
            "error",
            "network_error",
            "abort",
            "timeout",
            "cancelled",
            "canceled",
            "insufficient_system_resource",
            "server_error",
            "client_disconnected",
        ] {
            assert!(failure(Some(word)).unwrap().is_retryable(), "{word}");
        }
    }
}
