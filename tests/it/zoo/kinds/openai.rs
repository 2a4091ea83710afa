//! `OpenAI`'s own dialects.

use incident_bench::chat::Api;

use crate::zoo::bill::{Caches, Price, detailed};
use crate::zoo::dialect::{Dialect, Refuses, USUAL, refuses};
use crate::zoo::dress;

const MAX_TOKENS: Refuses = refuses(
    |body| body.get("max_tokens").is_some(),
    400,
    r#"{"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}}"#,
);

const TEMPERATURE: Refuses = refuses(
    |body| body.get("temperature").is_some_and(|temperature| *temperature != 1),
    400,
    r#"{"error": {"message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}}"#,
);

const MAX_LENGTH: Refuses = refuses(
    |body| body["response_format"].to_string().contains("\"maxLength\""),
    400,
    r#"{"error": {"message": "Invalid schema for response_format 'incident_action': In context=('properties', 'reasoning'), 'maxLength' is not permitted.", "type": "invalid_request_error", "param": "response_format", "code": null}}"#,
);

const TEMPERATURE_OF_RESPONSES: Refuses = Refuses {
    by: &[Api::Responses],
    when: |body| body.get("temperature").is_some(),
    status: 400,
    says: r#"{"error": {"message": "Unsupported parameter: 'temperature' is not supported with this model.", "type": "invalid_request_error", "param": "temperature", "code": null}}"#,
};

/// Nothing is stored, so what comes back must hold its own reasoning, which must be asked for.
const NOT_FOUND: Refuses = Refuses {
    by: &[Api::Responses],
    when: |body| {
        let items = body["input"].as_array().map_or(&[][..], Vec::as_slice);
        let is_bare =
            |item: &serde_json::Value| item["type"] == "reasoning" && item["encrypted_content"].as_str().is_none();
        items.iter().any(is_bare)
            || (items.iter().any(|item| item["type"] == "reasoning")
                && !body["include"].to_string().contains("reasoning.encrypted_content"))
            || body["store"] != false
    },
    status: 404,
    says: r#"{"error": {"message": "Item with id 'rs_0' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.", "type": "invalid_request_error", "param": "input", "code": null}}"#,
};

const TOOLS_BY_RESPONSES: Refuses = refuses(
    |body| body.get("tools").is_some() && body["reasoning_effort"] != "none",
    400,
    r#"{"error": {"message": "Function tools with reasoning_effort are not supported for gpt-6-sol in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.", "type": "invalid_request_error", "param": "reasoning_effort", "code": null}}"#,
);

pub(super) static DIALECTS: [Dialect; 3] = [
    Dialect {
        name: "openai-chat",
        sources: "basyx-pdf-to-aas#8 (2025-09-08), dms-ai-assistant#12 (2026-05-22), litellm#33738 (2026), developers.openai.com prompt caching",
        model: "gpt-5.4",
        protocols: &["text", "json", "tools"],
        refuses: &[MAX_TOKENS, TEMPERATURE, MAX_LENGTH],
        chat: dress::openai,
        usage: detailed,
        adds: |body, _, _| {
            body["service_tier"] = "default".into();
            body["system_fingerprint"] = "fp_4f8a1b".into();
        },
        caches: Caches::Reads,
        price: Price::new(2.5, 0.25, 2.5, 15.0),
        ..USUAL
    },
    Dialect {
        name: "openai-gpt-6",
        sources: "litellm#34569 (2026), OpenAI prompt caching guide (2026): writes cost 1.25 times from GPT-5.6 on",
        model: "gpt-6-sol",
        apis: &[Api::Chat, Api::Responses],
        refuses: &[MAX_TOKENS, TEMPERATURE, TOOLS_BY_RESPONSES, TEMPERATURE_OF_RESPONSES, NOT_FOUND],
        chat: dress::openai,
        usage: detailed,
        caches: Caches::ReadsAndWrites,
        price: Price::new(2.0, 0.2, 2.5, 10.0),
        ..USUAL
    },
    Dialect {
        name: "openai-responses",
        sources: "bifrost#5410 (2026-07-21), openai-agents-js#546 (2025-09-30), docs.rs openai-interface 0.9 (2026): no [DONE]",
        model: "gpt-6-sol-pro",
        apis: &[Api::Responses],
        elsewhere: (
            404,
            r#"{"error": {"message": "This model is only supported in v1/responses and not in v1/chat/completions.", "type": "invalid_request_error", "param": "model", "code": null}}"#,
        ),
        protocols: &["text", "json", "tools"],
        refuses: &[TEMPERATURE_OF_RESPONSES, NOT_FOUND],
        caches: Caches::ReadsAndWrites,
        price: Price::new(10.0, 1.0, 12.5, 60.0),
        ..USUAL
    },
];
