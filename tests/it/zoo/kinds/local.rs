//! The dialects of servers that run on one's own machines.

use serde_json::json;

use crate::zoo::bill::{Caches, bare};
use crate::zoo::dialect::{Dialect, Key, USUAL, refuses};
use crate::zoo::dress;
use crate::zoo::sse::{ChatStream, Usage};

pub(super) static DIALECTS: [Dialect; 7] = [
    Dialect {
        name: "vllm",
        sources: "vllm#27755 (2025-10-29), opencode#30477 (2026-06-02): reads only `reasoning` back",
        model: "Qwen/Qwen3.6-35B-A3B",
        refuses: &[refuses(
            |body| body["max_tokens"].as_u64().or_else(|| body["max_completion_tokens"].as_u64()).unwrap_or(0) > 7_000,
            400,
            r#"{"error": {"message": "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 tokens and your request has 500 input tokens (16384 > 8192 - 500).", "type": "BadRequestError", "param": null, "code": 400}}"#,
        )],
        chat: dress::vllm,
        stream: ChatStream { whole_calls: true, ..ChatStream::USUAL },
        adds: |body, _, _| {
            body["choices"][0]["stop_reason"] = serde_json::Value::Null;
            body["prompt_logprobs"] = serde_json::Value::Null;
        },
        ..USUAL
    },
    Dialect {
        name: "vllm-no-reasoning-parser",
        sources: "perf_analyzer#433 (2025-08-14): without a reasoning parser the thoughts are in the content, between <think> marks",
        model: "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
        chat: dress::think_marks,
        ..USUAL
    },
    Dialect {
        name: "sglang",
        sources: "sglang#15562 (2025-12-21), sglang#17156 (2026-01-15): fields without a value, reasoning_tokens beside the counts",
        model: "default",
        chat: dress::reasoning_content,
        stream: ChatStream { nulls: true, ..ChatStream::USUAL },
        usage: |counts| {
            let mut usage = bare(counts);
            usage["prompt_tokens_details"] = serde_json::Value::Null;
            usage["reasoning_tokens"] = counts.thoughts.into();
            usage
        },
        adds: |body, _, _| body["choices"][0]["matched_stop"] = serde_json::Value::Null,
        ..USUAL
    },
    Dialect {
        name: "llama-cpp",
        sources: "openai-php/client#780 (2026): chunks with timings; llama.cpp#21889 (2026-04-14); recorded answers of a real server (2026)",
        model: "gemma-4-31B-it-UD-Q6_K_XL.gguf",
        key: Key::None,
        chat: dress::reasoning_content,
        usage: |counts| {
            let mut usage = bare(counts);
            usage["prompt_tokens_details"] = json!({"cached_tokens": counts.read});
            usage
        },
        adds: |body, counts, _| {
            body["timings"] = json!({"cache_n": counts.read, "prompt_n": counts.fresh, "predicted_per_second": 68.7});
        },
        caches: Caches::Reads,
        ..USUAL
    },
    Dialect {
        name: "ollama",
        sources: "opencode#46061 (2026-08-29): `reasoning` beside an empty content",
        model: "gemma4:26b",
        key: Key::None,
        chat: dress::reasoning,
        stream: ChatStream { whole_calls: true, ..ChatStream::USUAL },
        adds: |body, _, _| body["system_fingerprint"] = "fp_ollama".into(),
        ..USUAL
    },
    Dialect {
        name: "lm-studio",
        sources: "tada#16 (2026-01-07), lmstudio-bug-tracker#670 (2025-05-21): errors that are texts",
        model: "qwen/qwen3.6-35b-a3b",
        key: Key::None,
        protocols: &["text", "json", "tools"],
        refuses: &[
            refuses(
                |body| body["response_format"]["type"] == "json_object",
                400,
                r#"{"error": "'response_format.type' must be 'json_schema' or 'text'"}"#,
            ),
            refuses(
                |body| body["tool_choice"].is_object(),
                400,
                r#"{"error": "Invalid tool_choice type: 'object'. Supported string values: none, auto, required"}"#,
            ),
        ],
        chat: dress::reasoning_content,
        stream: ChatStream { usage: Usage::Always, ..ChatStream::USUAL },
        adds: |body, _, _| body["stats"] = json!({}),
        ..USUAL
    },
    Dialect {
        name: "lm-studio-calls-as-text",
        sources: "lmstudio-bug-tracker#2115 (2026-06-28): a demanded call comes as text",
        model: "qwen/qwen3.6-35b-a3b",
        key: Key::None,
        protocols: &["tools"],
        chat: dress::call_as_text,
        finish: ("stop", "stop"),
        stream: ChatStream { usage: Usage::Always, ..ChatStream::USUAL },
        ..USUAL
    },
];
