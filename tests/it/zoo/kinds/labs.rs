//! The dialects of other makers of models.

use serde_json::json;

use crate::zoo::bill::{Caches, Price, bare, detailed};
use crate::zoo::dialect::{Dialect, Refuses, USUAL, refuses};
use crate::zoo::dress;
use crate::zoo::sse::{ChatStream, Usage};

/// Whether a call is demanded.
fn demands_call(body: &serde_json::Value) -> bool {
    body["tool_choice"] == "required" || body["tool_choice"].is_object()
}

const EXTRA_OF_MISTRAL: [Refuses; 3] = [
    refuses(
        |body| body.get("stream_options").is_some(),
        422,
        r#"{"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "input": {"include_usage": true}}]}, "type": "invalid_request_error", "param": null, "code": null, "raw_status_code": 422}"#,
    ),
    refuses(
        |body| body.get("max_completion_tokens").is_some(),
        422,
        r#"{"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted", "input": 16384}]}, "type": "invalid_request_error", "param": null, "code": null, "raw_status_code": 422}"#,
    ),
    refuses(
        |body| {
            let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
            let calls = messages.iter().filter_map(|message| message["tool_calls"].as_array()).flatten();
            let ids =
                calls.map(|call| &call["id"]).chain(messages.iter().filter_map(|message| message.get("tool_call_id")));
            let is_odd = |id: &str| id.len() != 9 || !id.bytes().all(|sign| sign.is_ascii_alphanumeric());
            ids.into_iter().any(|id| id.as_str().is_none_or(is_odd))
        },
        400,
        r#"{"object": "error", "message": "Tool call id was call_0 but must be a-z, A-Z, 0-9, with a length of 9.", "type": "invalid_function_call", "param": null, "code": "3280", "raw_status_code": 400}"#,
    ),
];

pub(super) static DIALECTS: [Dialect; 8] = [
    Dialect {
        name: "gemini-3-compatible",
        sources: "openclaude#76 (2026-04-01), opensquilla#225 (2026-06-08), llmgateway#1267 (2025-11-29)",
        model: "gemini-3.1-pro",
        base: "/v1beta/openai",
        chat: dress::gemini,
        insists: Some((
            400,
            r#"[{"error": {"code": 400, "message": "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:query_logs` , position 2. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.", "status": "INVALID_ARGUMENT"}}]"#,
        )),
        stream: ChatStream { usage: Usage::InEveryChunk, whole_calls: true, ..ChatStream::USUAL },
        // The thoughts are in the total only.
        usage: |counts| {
            json!({
                "prompt_tokens": counts.prompt(), "completion_tokens": counts.visible,
                "total_tokens": counts.prompt() + counts.answer(),
            })
        },
        price: Price::new(2.0, 2.0, 2.0, 12.0),
        ..USUAL
    },
    Dialect {
        name: "deepseek-v4",
        sources: "Newelle#404 (2026-07-04), DeepSeek-V3#1376 (2026), langchain-ai/docs#3765 (2026-04-28), api-docs.deepseek.com thinking mode",
        model: "deepseek-v4-pro",
        protocols: &["text", "json", "tools"],
        refuses: &[
            refuses(
                demands_call,
                400,
                r#"{"error": {"message": "Thinking mode does not support this tool_choice", "type": "invalid_request_error", "param": null, "code": "invalid_request_error"}}"#,
            ),
            refuses(
                |body| body["response_format"]["type"] == "json_schema",
                400,
                r#"{"error": {"message": "This response_format type is unavailable now", "type": "invalid_request_error", "param": null, "code": "invalid_request_error"}}"#,
            ),
        ],
        chat: dress::reasoning_content,
        insists: Some((
            400,
            r#"{"error": {"message": "The `reasoning_content` in the thinking mode must be passed back to the API.", "type": "invalid_request_error", "param": null, "code": "invalid_request_error"}}"#,
        )),
        stream: ChatStream { usage: Usage::WithFinish, comment: Some("keep-alive"), ..ChatStream::USUAL },
        usage: |counts| {
            let mut usage = bare(counts);
            usage["prompt_cache_hit_tokens"] = counts.read.into();
            usage["prompt_cache_miss_tokens"] = counts.fresh.into();
            usage["completion_tokens_details"] = json!({"reasoning_tokens": counts.thoughts});
            usage
        },
        caches: Caches::Reads,
        price: Price::new(0.6, 0.06, 0.6, 2.4),
        ..USUAL
    },
    Dialect {
        name: "qwen-thinking",
        sources: "qwen-code#7659 (2026-07-24), claude-code-router#948 (2025-10-23), langchain4j#3974 (2025-10-30), presenton#184 (2025-08-04)",
        model: "qwen3.8-max-thinking",
        base: "/compatible-mode/v1",
        protocols: &["text", "json", "tools"],
        refuses: &[
            refuses(
                |body| body["stream"] != true,
                400,
                r#"{"error": {"code": "invalid_parameter_error", "message": "parameter.enable_thinking must be set to false for non-streaming calls", "param": null, "type": "invalid_request_error"}, "request_id": "214720c8"}"#,
            ),
            refuses(
                demands_call,
                400,
                r#"{"error": {"code": "invalid_parameter_error", "message": "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to required or object in thinking mode", "param": null, "type": "invalid_request_error"}, "request_id": "214720c9"}"#,
            ),
            refuses(
                |body| body.get("response_format").is_some(),
                400,
                r#"{"error": {"code": "invalid_parameter_error", "message": "<400> InternalError.Algo.InvalidParameter: Json mode response is not supported when enable_thinking is true", "param": null, "type": "invalid_request_error"}, "request_id": "214720ca"}"#,
            ),
        ],
        chat: dress::reasoning_content,
        insists: Some((
            400,
            r#"{"error": {"code": "invalid_parameter_error", "message": "messages[2]: assistant message with tool_calls must include reasoning_content", "param": null, "type": "invalid_request_error"}, "request_id": "214720cb"}"#,
        )),
        usage: detailed,
        caches: Caches::Reads,
        price: Price::new(1.2, 0.24, 1.2, 6.0),
        ..USUAL
    },
    Dialect {
        name: "xai",
        sources: "inspect_ai#5528 (2026-09-23): reasoning outside of completion_tokens; hermes-agent#23435 (2026-05-10)",
        model: "grok-4.20",
        refuses: &[refuses(
            |body| body.get("reasoning_effort").is_some(),
            400,
            r#"{"code": "Client specified an invalid argument", "error": "Model grok-4.20 does not support parameter reasoningEffort."}"#,
        )],
        chat: dress::reasoning_content,
        usage: |counts| {
            let mut usage = detailed(counts);
            usage["completion_tokens"] = counts.visible.into();
            usage
        },
        stream: ChatStream { usage: Usage::InEveryChunk, ..ChatStream::USUAL },
        caches: Caches::Reads,
        price: Price::new(1.25, 0.2, 1.25, 2.5),
        ..USUAL
    },
    Dialect {
        name: "mistral-thinking-parts",
        sources: "ironclaw#1241 (2026-03-16), crush#1590 (2026), docs.mistral.ai reasoning (2026)",
        model: "magistral-medium-2606",
        refuses: &EXTRA_OF_MISTRAL,
        chat: dress::mistral,
        insists: None,
        stream: ChatStream { usage: Usage::WithFinish, whole_calls: true, ..ChatStream::USUAL },
        price: Price::new(2.0, 2.0, 2.0, 5.0),
        ..USUAL
    },
    Dialect {
        name: "mistral-think-marks",
        sources: "Magistral's model card (2025-2026): [THINK] and [/THINK]; opencode#1680 (2025-08-07)",
        model: "magistral-small-2509",
        refuses: &EXTRA_OF_MISTRAL,
        chat: dress::marked,
        stream: ChatStream { usage: Usage::WithFinish, ..ChatStream::USUAL },
        price: Price::new(0.5, 0.5, 0.5, 1.5),
        ..USUAL
    },
    Dialect {
        name: "cohere",
        sources: "docs.cohere.com compatibility API (2026), litellm#40720 (2026-09-11)",
        model: "command-a-reasoning",
        base: "/compatibility/v1",
        refuses: &[refuses(
            |body| body.get("parallel_tool_calls").is_some(),
            422,
            r#"{"id": "1b0a", "message": "invalid request: unknown field: parameter 'parallel_tool_calls' is not a valid field"}"#,
        )],
        chat: dress::cohere,
        stream: ChatStream { usage: Usage::WithFinish, whole_calls: true, ..ChatStream::USUAL },
        price: Price::new(2.5, 2.5, 2.5, 10.0),
        ..USUAL
    },
    Dialect {
        name: "moonshot",
        sources: "continue#11600 (2026-03-18), oh-my-pi#1077 (2026-05-14), mastra#12592 (2026)",
        model: "kimi-k2.6",
        refuses: &[
            refuses(
                demands_call,
                400,
                r#"{"error": {"message": "tool_choice specified is incompatible with thinking enabled", "type": "invalid_request_error"}}"#,
            ),
            refuses(
                |body| body.get("temperature").is_some_and(|temperature| *temperature != 1),
                400,
                r#"{"error": {"message": "invalid temperature: only 1 is allowed for this model", "type": "invalid_request_error"}}"#,
            ),
        ],
        chat: dress::moonshot,
        insists: Some((
            400,
            r#"{"error": {"message": "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2", "type": "invalid_request_error"}}"#,
        )),
        stream: ChatStream { usage: Usage::InChoice, ..ChatStream::USUAL },
        usage: |counts| {
            let mut usage = bare(counts);
            usage["cached_tokens"] = counts.read.into();
            usage
        },
        caches: Caches::Reads,
        price: Price::new(0.95, 0.16, 0.95, 4.0),
        ..USUAL
    },
];
