//! What a model writes wrongly scores the same on a host that refuses it and on a host that passes it on.

use serde_json::{Value, json};

use super::dialect::{Dialect, USUAL};
use super::endpoint::Endpoint;
use super::play::{play, row};
use crate::server::Reply;

/// The step in which the model writes wrongly.
const STEP: usize = 1;

/// A call whose arguments are cut, as the model writes it.
const WRITTEN: &str = "<tool_call>{\"name\": \"query_logs\", \"arguments\": {\"service\": \"api-gate";
/// A call of a service that there is, which is as it should be but for the form.
const ODD: &str = "<function=query_logs>{\"service\": \"api-gateway\"}</function>";
/// JSON that does not end.
const CUT: &str = "{\"reasoning\": \"the gateway\", \"action\": {\"action_type\": \"query_l";

fn passes(text: &str) -> Reply {
    Reply::says(text)
}

fn fails(code: &str, message: &str, text: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "code": code, "failed_generation": text}})
}

fn refuses_call(text: &str) -> Value {
    fails(
        "tool_use_failed",
        "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        text,
    )
}

fn refuses_json(text: &str) -> Value {
    fails(
        "json_validate_failed",
        "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
        text,
    )
}

fn in_stream(error: &Value) -> Reply {
    let begun = json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": null}]});
    Reply::raw(200, &format!("data: {begun}\n\nevent: error\ndata: {error}\n\n"))
        .header("content-type", "text/event-stream")
}

const HOST: Dialect = Dialect {
    name: "host",
    sources: "groq-typescript#28 (2024-05-12), amurex-backend#38 (2025-02-11), Vane#980 (2026-01-12)",
    ..USUAL
};

/// Makes a host that gives this reply in place of the model's second answer.
macro_rules! host {
    ($reply:expr) => {{
        static HOST_THAT_FAILS: Dialect = Dialect { falters: |step, _| (step == STEP).then(|| $reply), ..HOST };
        &HOST_THAT_FAILS
    }};
}

/// The numbers of a row that must not depend on the host.
fn score(dialect: &'static Dialect, protocol: &str, assist: &str) -> Value {
    let endpoint = Endpoint::of(dialect);
    let ended = play(dialect, &endpoint, &["--protocol", protocol, "--assist", assist, "--think", "on"]).ended;
    let ended = ended.exits(0);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    let row = row(&summary, dialect.model);
    let names =
        ["overall", "void", "episodes", "steps", "model_steps", "problem_steps", "fallback_steps", "override_steps"];
    names.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect()
}

#[test]
fn a_malformed_call_scores_the_same_everywhere() {
    for (text, vllm, groq, streamed) in [
        (
            WRITTEN,
            host!(passes(WRITTEN)),
            host!(Reply::json(400, refuses_call(WRITTEN))),
            host!(in_stream(&refuses_call(WRITTEN))),
        ),
        (ODD, host!(passes(ODD)), host!(Reply::json(400, refuses_call(ODD))), host!(in_stream(&refuses_call(ODD)))),
    ] {
        for assist in ["fallback", "off"] {
            let expected = score(vllm, "tools", assist);
            assert_eq!(expected["void"], 0);
            assert_eq!(score(groq, "tools", assist), expected, "{text} {assist}");
            assert_eq!(score(streamed, "tools", assist), expected, "{text} {assist} in a stream");
        }
    }
}

#[test]
fn malformed_json_scores_the_same_everywhere() {
    let (vllm, groq) = (host!(passes(CUT)), host!(Reply::json(400, refuses_json(CUT))));
    for assist in ["fallback", "off"] {
        let expected = score(vllm, "json", assist);
        assert!(expected["problem_steps"].as_u64() >= Some(9), "{expected}");
        assert_eq!(score(groq, "json", assist), expected, "{assist}");
    }
}
