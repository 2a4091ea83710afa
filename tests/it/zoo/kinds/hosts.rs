//! The dialects of hosts and routers of other makers' models.

use serde_json::json;

use crate::server::Reply;
use crate::zoo::bill::{Caches, Price, bare, detailed};
use crate::zoo::dialect::{Dialect, Key, USUAL, refuses};
use crate::zoo::dress;
use crate::zoo::sse::{ChatStream, Usage};

/// The limit of an answer in a request.
fn limit(body: &serde_json::Value) -> u64 {
    ["max_completion_tokens", "max_tokens"].iter().find_map(|name| body[*name].as_u64()).unwrap_or(0)
}

pub(super) static DIALECTS: [Dialect; 6] = [
    Dialect {
        name: "groq",
        sources: "continue#10218 (2026): 413 counts max_tokens; console.groq.com flex processing (2026): 498; ServiceStack/llms#17 (2026-01-26): unknown fields of messages",
        model: "openai/gpt-oss-120b",
        base: "/openai/v1",
        refuses: &[
            refuses(
                |body| limit(body) > 8_000,
                413,
                r#"{"error": {"message": "Request too large for model `openai/gpt-oss-120b` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 17137, please reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing", "type": "tokens", "code": "rate_limit_exceeded"}}"#,
            ),
            refuses(
                |body| {
                    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
                    messages.iter().any(|message| message.get("annotations").is_some())
                },
                400,
                r#"{"error": {"message": "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'annotations' is unsupported)]", "type": "invalid_request_error"}}"#,
            ),
        ],
        chat: dress::reasoning,
        stream: ChatStream { usage: Usage::WithFinish, ..ChatStream::USUAL },
        usage: |counts| {
            let mut usage = detailed(counts);
            usage["queue_time"] = 0.05.into();
            usage["total_time"] = 0.4.into();
            usage
        },
        adds: |body, _, _| body["x_groq"] = json!({"id": "req_01hx"}),
        caches: Caches::Reads,
        price: Price::new(0.15, 0.075, 0.15, 0.6),
        falters: |step, attempt| {
            let error = r#"{"error": {"message": "Flex tier capacity exceeded", "type": "capacity_exceeded", "code": "capacity_exceeded"}}"#;
            (step == 1 && attempt == 1).then(|| Reply::raw(498, error).header("retry-after-ms", "1"))
        },
        ..USUAL
    },
    Dialect {
        name: "openrouter",
        sources: "openrouter.ai/docs errors and debugging, reasoning tokens, usage accounting (2026)",
        model: "anthropic/claude-opus-5.5",
        base: "/api/v1",
        refuses: &[refuses(
            |body| body["tool_choice"] == "required",
            404,
            r#"{"error": {"message": "No endpoints found that support the provided 'tool_choice' value. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing", "code": 404}}"#,
        )],
        chat: dress::openrouter,
        insists: Some((
            400,
            r#"{"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.1.content.0: Invalid `signature` in `thinking` block\"}}", "provider_name": "Anthropic"}}}"#,
        )),
        stream: ChatStream { usage: Usage::Always, comment: Some("OPENROUTER PROCESSING"), ..ChatStream::USUAL },
        usage: detailed,
        adds: |body, counts, price| {
            body["provider"] = "Anthropic".into();
            body["usage"]["cost"] = price.of(counts).into();
            body["usage"]["is_byok"] = false.into();
            body["choices"][0]["native_finish_reason"] = "end_turn".into();
        },
        caches: Caches::ReadsAndWrites,
        price: Price::new(4.0, 0.4, 5.0, 20.0),
        is_priced_by_table: false,
        falters: |step, attempt| {
            let begun = r#"{"id": "gen-1", "object": "chat.completion.chunk", "model": "anthropic/claude-opus-5.5", "provider": "Anthropic", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "I "}, "finish_reason": null}]}"#;
            let error = r#"{"id": "gen-1", "object": "chat.completion.chunk", "model": "anthropic/claude-opus-5.5", "provider": "Anthropic", "error": {"code": "server_error", "message": "Provider disconnected unexpectedly"}, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}"#;
            let stream = format!(": OPENROUTER PROCESSING\n\ndata: {begun}\n\ndata: {error}\n\n");
            (step == 1 && attempt == 1).then(|| Reply::raw(200, &stream).header("content-type", "text/event-stream"))
        },
        ..USUAL
    },
    Dialect {
        name: "together",
        sources: "together-python issues (2025-2026): inputs + max_new_tokens; docs.together.ai reasoning (2026)",
        model: "zai-org/GLM-5.2",
        refuses: &[refuses(
            |body| limit(body) > 7_000,
            422,
            r#"{"id": "oc1", "error": {"message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 1020 `inputs` tokens and 16384 `max_new_tokens`", "type": "invalid_request_error", "param": "max_tokens", "code": null}}"#,
        )],
        chat: dress::reasoning,
        stream: ChatStream { usage: Usage::WithFinish, whole_calls: true, ..ChatStream::USUAL },
        adds: |body, _, _| body["prompt"] = json!([]),
        price: Price::new(1.0, 1.0, 1.0, 3.2),
        ..USUAL
    },
    Dialect {
        name: "fireworks",
        sources: "docs.fireworks.ai (2026): more than 4096 tokens only in a stream; docs.getbifrost.ai fireworks (2026): reasoning_content is kept",
        model: "accounts/fireworks/models/kimi-k2p6",
        base: "/inference/v1",
        refuses: &[refuses(
            |body| limit(body) > 4_096 && body["stream"] != true,
            400,
            r#"{"error": {"object": "error", "type": "invalid_request_error", "code": "invalid_request_error", "message": "Requests with max_tokens > 4096 must have stream=true"}}"#,
        )],
        chat: dress::reasoning_content,
        stream: ChatStream { usage: Usage::WithFinish, ..ChatStream::USUAL },
        usage: |counts| {
            let mut usage = bare(counts);
            usage["prompt_tokens_details"] = json!({"cached_tokens": counts.read});
            usage
        },
        caches: Caches::Reads,
        price: Price::new(0.95, 0.16, 0.95, 4.0),
        ..USUAL
    },
    Dialect {
        name: "cerebras",
        sources: "kilocode#10375 (2026): reasoning_content of earlier messages is refused; jan#8136 (2026)",
        model: "zai-glm-5.2",
        refuses: &[refuses(
            |body| {
                let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
                messages.iter().any(|message| message.get("reasoning_content").is_some())
            },
            400,
            r#"{"message": "messages.2.assistant.reasoning_content: property 'messages.2.assistant.reasoning_content' is unsupported", "type": "invalid_request_error", "param": "validation_error", "code": "wrong_api_format"}"#,
        )],
        chat: dress::reasoning_content,
        back: |mut given| {
            given.as_object_mut().unwrap().shift_remove("reasoning_content");
            given
        },
        usage: detailed,
        price: Price::new(2.25, 2.25, 2.25, 2.75),
        ..USUAL
    },
    Dialect {
        name: "azure",
        sources: "chatgpt-shell#155 (2023-12-12), archive-old-cli-mentat#429 (2023-12-28), chatbox#861 (2023-07-26); learn.microsoft.com (2026): api-version",
        model: "gpt-5.4-deployment",
        base: "/openai/deployments/gpt-5.4?api-version=2025-04-01-preview",
        key: Key::OfAzure,
        elsewhere: (404, r#"{"error": {"code": "404", "message": "Resource not found"}}"#),
        refuses: &[refuses(
            |body| body.get("max_tokens").is_some(),
            400,
            r#"{"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}}"#,
        )],
        chat: dress::openai,
        stream: ChatStream {
            opening: Some(
                r#"{"id": "", "object": "", "created": 0, "model": "", "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": false, "severity": "safe"}}}], "choices": [], "usage": null}"#,
            ),
            ..ChatStream::USUAL
        },
        usage: detailed,
        adds: |body, _, _| {
            body["choices"][0]["content_filter_results"] = json!({"hate": {"filtered": false, "severity": "safe"}});
        },
        caches: Caches::Reads,
        price: Price::new(2.5, 0.25, 2.5, 15.0),
        ..USUAL
    },
];
