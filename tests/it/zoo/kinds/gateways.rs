//! The dialects of what stands between a client and a model, and of formats that leak.

use serde_json::json;

use crate::zoo::bill::{Caches, Price, bare};
use crate::zoo::dialect::{Dialect, USUAL, refuses};
use crate::zoo::dress;
use crate::zoo::sse::{ChatStream, Usage};

pub(super) static DIALECTS: [Dialect; 5] = [
    Dialect {
        name: "litellm",
        sources: "litellm#9171 (2025-03-12), litellm#26413 (2026-04-24), litellm#40720 (2026-09-11)",
        model: "anthropic/claude-opus-5-5",
        refuses: &[refuses(
            |body| body.get("parallel_tool_calls").is_some(),
            400,
            r#"{"error": {"message": "litellm.UnsupportedParamsError: anthropic does not support parameters: ['parallel_tool_calls'], for model=claude-opus-5-5. To drop these, set `litellm.drop_params=True` or for proxy:\n\n`litellm_settings:\n drop_params: true`\n. Received Model Group=anthropic/claude-opus-5-5\nAvailable Model Group Fallbacks=None", "type": "None", "param": null, "code": "400"}}"#,
        )],
        chat: dress::litellm,
        insists: Some((
            400,
            r#"{"error": {"message": "litellm.BadRequestError: AnthropicException - {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.1.content.0: Invalid `signature` in `thinking` block\"}}", "type": "invalid_request_error", "param": null, "code": "400"}}"#,
        )),
        // The prompt has the cached tokens in it here, and Anthropic's own names are beside it.
        usage: |counts| {
            let mut usage = bare(counts);
            usage["prompt_tokens_details"] =
                json!({"cached_tokens": counts.read, "cache_creation_tokens": counts.written});
            usage["cache_creation_input_tokens"] = counts.written.into();
            usage["cache_read_input_tokens"] = counts.read.into();
            usage
        },
        stream: ChatStream { usage: Usage::IfAsked, ..ChatStream::USUAL },
        caches: Caches::ReadsAndWrites,
        price: Price::new(4.0, 0.4, 5.0, 20.0),
        ..USUAL
    },
    Dialect {
        name: "gateway-with-counts-of-messages",
        sources: "a study of proxies before Anthropic (2026): input_tokens without what a cache holds, in a chat completion",
        model: "claude-sonnet-5-5",
        chat: dress::plain,
        usage: |counts| {
            json!({
                "input_tokens": counts.fresh, "cache_read_input_tokens": counts.read,
                "cache_creation_input_tokens": counts.written, "output_tokens": counts.answer(),
            })
        },
        never_streams: true,
        caches: Caches::ReadsAndWrites,
        price: Price::new(2.0, 0.2, 2.5, 10.0),
        ..USUAL
    },
    Dialect {
        name: "gateway-that-cuts-emoji",
        sources: "pieces of UTF-16 that a gateway cuts between the halves of a pair (openai-python and vllm issues, 2024-2026)",
        model: "m",
        chat: dress::cut_emoji,
        mangles: |text| text.replace(dress::HALF, "\\ud83d"),
        ..USUAL
    },
    Dialect {
        name: "harmony-names",
        sources: "vllm#32587 (2026-05-07): names with channels; mlx-openai-server#51 (2025-08-14): names with `functions.`",
        model: "openai/gpt-oss-20b",
        chat: dress::harmony,
        ..USUAL
    },
    Dialect {
        name: "harmony-markup",
        sources: "mlxcel#654 (2026-07-04): a server that does not read the format; vllm-mlx#50 (2026-02-09)",
        model: "openai/gpt-oss-120b",
        chat: dress::harmony_markup,
        finish: ("stop", "stop"),
        ..USUAL
    },
];
