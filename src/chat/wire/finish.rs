//! Reads the reasons for which a model stopped. Pure.

use crate::chat::FinishReason;

/// The most characters that are kept of an unknown reason.
const LONGEST_REASON: usize = 40;

/// The reason by its word in Chat Completions or Messages, or in what is wrapped by them.
pub(super) fn finish(word: Option<&str>) -> FinishReason {
    let word = word.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "stop" | "end_turn" | "stop_sequence" => FinishReason::Stop,
        "length" | "max_tokens" | "max_output_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "content_filter"
        | "content_filtered"
        | "safety"
        | "recitation"
        | "prohibited_content"
        | "blocklist"
        | "spii"
        | "guardrail_intervened" => FinishReason::ContentFilter,
        "refusal" => FinishReason::Refusal,
        "model_context_window_exceeded" | "model_length" | "context_length_exceeded" => FinishReason::ContextWindow,
        // Gemini's compatible layer has words around it.
        lower if lower.contains("malformed_function_call") || lower.contains("malformed_tool_call") => {
            FinishReason::Malformed
        }
        _ => FinishReason::Other(word.chars().take(LONGEST_REASON).collect()),
    }
}
