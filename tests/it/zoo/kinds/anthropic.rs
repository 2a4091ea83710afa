//! Anthropic's own dialects.

use incident_bench::chat::Api;

use crate::zoo::bill::{Caches, Price};
use crate::zoo::dialect::{Dialect, Key, Refuses, USUAL, refuses};
use crate::zoo::dress;

/// A refusal by Messages.
const fn messages(when: fn(&serde_json::Value) -> bool, says: &'static str) -> Refuses {
    Refuses { by: &[Api::Messages], when, status: 400, says }
}

const RULES: [Refuses; 5] = [
    messages(
        |body| body.get("max_tokens").is_none(),
        r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: Field required"}, "request_id": "req_1"}"#,
    ),
    messages(
        |body| body.get("temperature").is_some(),
        r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."}, "request_id": "req_1"}"#,
    ),
    messages(
        |body| body["thinking"]["type"] == "enabled",
        r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior."}, "request_id": "req_1"}"#,
    ),
    messages(
        |body| matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool")),
        r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "Thinking may not be enabled when tool_choice forces tool use."}, "request_id": "req_1"}"#,
    ),
    messages(
        |body| {
            let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
            let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str()).collect();
            roles.first() != Some(&Some("user")) || roles.windows(2).any(|pair| pair[0] == pair[1])
        },
        r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "messages: roles must alternate"}, "request_id": "req_1"}"#,
    ),
];

/// What is said where thoughts came back changed.
const MODIFIED: (u16, &str) = (
    400,
    r#"{"type": "error", "error": {"type": "invalid_request_error", "message": "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response."}, "request_id": "req_1"}"#,
);

pub(super) static DIALECTS: [Dialect; 2] = [
    Dialect {
        name: "anthropic-native",
        sources: "claude-code#63284 (2026-05-28), openai-agents-python#4155 (2026-08-03): empty thinking, yoagent 0.16.2 docs (2026), mastra#7507 (2025-09-05)",
        model: "claude-opus-5-5",
        key: Key::OfMessages,
        apis: &[Api::Messages],
        elsewhere: (
            404,
            r#"{"type": "error", "error": {"type": "not_found_error", "message": "Not Found"}, "request_id": "req_1"}"#,
        ),
        protocols: &["text", "json", "tools"],
        refuses: &RULES,
        insists: Some(MODIFIED),
        caches: Caches::Marked,
        price: Price::new(4.0, 0.4, 5.0, 20.0),
        ..USUAL
    },
    Dialect {
        name: "anthropic-compatible",
        sources: "platform.claude.com OpenAI SDK compatibility (2026): response_format, strict, effort and caching are ignored",
        model: "claude-sonnet-5-5",
        refuses: &[refuses(
            |body| body.get("temperature").is_some(),
            400,
            r#"{"error": {"code": "invalid_request_error", "message": "`temperature` is deprecated for this model.", "type": "invalid_request_error", "param": null}}"#,
        )],
        chat: dress::plain,
        protocols: &["text", "json", "tools"],
        price: Price::new(2.0, 0.2, 2.5, 10.0),
        ..USUAL
    },
];
