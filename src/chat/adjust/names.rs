//! The names by which endpoints call the parameters of a request. Data.

use crate::chat::Api;
use crate::chat::wire::Optional;

/// The names of a parameter.
pub(super) struct Names {
    /// The parameter.
    pub(super) part: Optional,
    /// The API by which it has these names; none if that is all the same.
    pub(super) of: Option<Api>,
    /// Its names in code, the last parts of a path if they have a dot. Capitals and underscores are all the same.
    pub(super) code: &'static [&'static str],
    /// Its names in ordinary words, which name it only if the text says that just this is refused.
    pub(super) words: &'static [&'static str],
}

const fn names(part: Optional, code: &'static [&'static str], words: &'static [&'static str]) -> Names {
    Names { part, of: None, code, words }
}

/// All names. Where several fit, the longest does.
pub(super) const NAMES: [Names; 16] = [
    names(Optional::Temperature, &["temperature"], &["temperature"]),
    names(
        Optional::ToolChoice,
        &["tool_choice", "function_calling_config"],
        &["tool choice", "forced function calling", "forced tool use", "forced tool calling", "forced tool calls"],
    ),
    names(
        Optional::ResponseFormat,
        &[
            "response_format",
            "json_schema",
            "json_object",
            "response_schema",
            "output_config.format",
            "output_format",
            "text.format",
            "guided_json",
            "guided_decoding",
            "structured_outputs",
            "structured_output",
            "json_mode",
        ],
        &[
            "response format",
            "json schema",
            "json object",
            "json mode",
            "json output",
            "structured output",
            "structured outputs",
            "structured generation",
            "guided decoding",
            "constrained decoding",
        ],
    ),
    names(Optional::Strict, &["strict"], &["strict"]),
    names(Optional::MaxLength, &["maxLength"], &[]),
    names(
        Optional::ParallelToolCalls,
        &["parallel_tool_calls", "disable_parallel_tool_use"],
        &["parallel tool calls", "parallel tool calling", "parallel tool use", "parallel function calling"],
    ),
    names(
        Optional::ReasoningEffort,
        &["reasoning_effort", "effort", "output_config.effort"],
        &["reasoning effort", "effort", "reasoning"],
    ),
    Names { of: Some(Api::Responses), ..names(Optional::ReasoningEffort, &["reasoning"], &[]) },
    names(
        Optional::Thinking,
        &["thinking", "thinking.type", "thinking.type.enabled", "thinking.type.adaptive", "budget_tokens", "adaptive"],
        &["thinking", "adaptive thinking", "extended thinking"],
    ),
    names(Optional::Stream, &["stream", "streaming"], &["stream", "streaming", "streamed responses"]),
    names(Optional::StreamOptions, &["stream_options", "include_usage"], &["stream options"]),
    names(Optional::CacheControl, &["cache_control"], &["cache control", "prompt caching"]),
    names(
        Optional::EncryptedReasoning,
        &["include", "reasoning.encrypted_content", "encrypted_content"],
        &["encrypted content", "encrypted reasoning"],
    ),
    names(Optional::Store, &["store"], &[]),
    names(Optional::OutputConfig, &["output_config"], &[]),
    names(
        Optional::AnswerLimit,
        &[
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "max_new_tokens",
            "max_tokens_to_sample",
            "max_gen_len",
            "n_predict",
            "num_predict",
        ],
        &[
            "max tokens",
            "maximum tokens",
            "maximum number of tokens",
            "max output tokens",
            "max new tokens",
            "max completion tokens",
            "completion tokens",
            "output tokens",
        ],
    ),
];
