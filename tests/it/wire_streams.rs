//! Tests of answers in pieces: they are joined to what would have come in one piece, however the bytes are cut; faults in
//! their midst have names; and nothing secret gets through.

use std::time::Duration;

use incident_bench::chat::adjust::Adjusted;
use incident_bench::chat::endpoint::{Endpoint, EndpointClient, Patience};
use incident_bench::chat::retry::{RetryPolicy, Retrying};
use incident_bench::chat::wire::{self, Head, ModelSettings, RawReply, Reader, Secrets};
use incident_bench::chat::{
    Api, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::server::{Reply, Server};

/// Writes events as Chat Completions does.
fn chunks(events: &[Value]) -> String {
    let events: Vec<_> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    format!("{}data: [DONE]\n\n", events.concat())
}

/// Writes events as Responses and Messages do.
fn events(events: &[Value]) -> String {
    let written = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(written).collect::<Vec<_>>().concat()
}

fn delta(delta: Value) -> Value {
    json!({"id": "c-1", "object": "chat.completion.chunk", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "c-1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn read(api: Api, body: &str) -> Result<ChatReply, ChatError> {
    wire::parse_reply(api, &RawReply { status: 200, body: body.as_bytes(), ..RawReply::default() })
}

/// Each API's stream of one answer, and the same answer in one piece.
fn pairs() -> Vec<(Api, String, Value)> {
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16});
    let chat = chunks(&[
        delta(json!({"role": "assistant", "content": null, "reasoning_content": "Let"})),
        delta(json!({"reasoning_content": " me ü"})),
        delta(json!({"content": "I "})),
        delta(json!({"content": "look 😀."})),
        delta(
            json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
        ),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\""}}]})),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]})),
        finish("tool_calls"),
        json!({"id": "c-1", "model": "m", "choices": [], "usage": usage}),
    ]);
    let message = json!({
        "role": "assistant", "content": "I look 😀.", "reasoning_content": "Let me ü",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}],
    });
    let whole = json!({"id": "c-1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": usage});
    let item = json!({"id": "rs_1", "type": "reasoning", "encrypted_content": "gAAA", "summary": [{"type": "summary_text", "text": "hm"}]});
    let call = json!({"id": "fc_1", "type": "function_call", "status": "completed", "arguments": "{\"a\": 1}", "call_id": "c1", "name": "f"});
    let response = |output: Value, status: &str| json!({"id": "resp_1", "object": "response", "status": status, "model": "m", "output": output, "usage": {"input_tokens": 9, "output_tokens": 7}});
    // The last event of some servers has no items.
    let responses = |last: Value| {
        events(&[
            json!({"type": "response.created", "response": response(json!([]), "in_progress")}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": {"id": "rs_1", "type": "reasoning", "summary": []}}),
            json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "hm"}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "response.output_item.added", "output_index": 1, "item": {"id": "fc_1", "type": "function_call", "status": "in_progress", "arguments": "", "call_id": "c1", "name": "f"}}),
            json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{\"a\": "}),
            json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "1}"}),
            json!({"type": "response.output_item.done", "output_index": 1, "item": call}),
            json!({"type": "response.completed", "response": response(last, "completed")}),
        ])
    };
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
            {"type": "text", "text": "I look 😀."},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1, "b": "x"}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 7},
    });
    let messages = events(&[
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "EqQB"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I "}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "look 😀."}}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "t1", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\": 1, "}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "\"b\": \"x\"}"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ]);
    let whole_response = response(json!([item, call]), "completed");
    vec![
        (Api::Chat, chat, whole),
        (Api::Responses, responses(json!([item, call])), whole_response.clone()),
        (Api::Responses, responses(json!([])), whole_response),
        (Api::Messages, messages, answer),
    ]
}

#[test]
fn a_stream_is_read_as_the_answer_in_one_piece() {
    for (api, stream, whole) in pairs() {
        let (streamed, plain) = (read(api, &stream).unwrap(), read(api, &whole.to_string()).unwrap());
        let as_text = |reply: &ChatReply| reply.as_it_came.as_ref().map(Value::to_string);
        if api == Api::Chat {
            // The thoughts came first here, so the order of keys is that of the stream.
            assert_eq!(streamed, plain);
        } else {
            assert_eq!(as_text(&streamed), as_text(&plain));
            assert_eq!(streamed, plain);
        }
    }
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same_reply(which in 0_usize..4, cuts in proptest::collection::vec(0_usize..4_000, 0..12)) {
        let (api, stream, _) = pairs().swap_remove(which);
        let bytes = stream.as_bytes();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let head = Head { status: 200, ..Head::default() };
        let mut reader = Reader::new(api, head, Secrets::default());
        for pair in cuts.windows(2) {
            reader.push(&bytes[pair[0]..pair[1]]);
        }
        prop_assert_eq!(reader.finish(), read(api, &stream));
    }
}

#[test]
fn an_event_without_its_end_is_the_fault_of_the_wire() {
    for (api, stream, _) in pairs() {
        let parts: Vec<_> = stream.split_inclusive("\n\n").collect();
        for kept in 1..parts.len() {
            let cut = read(api, &parts[..kept].concat());
            // The end is a finish reason, or the last event.
            let ends = parts[..kept]
                .iter()
                .any(|part| part.contains("\"finish_reason\":\"") || part.contains("\"stop_reason\":\"tool"));
            match cut {
                Err(error) => assert_eq!(error.kind, ErrorKind::StreamCut, "{api} {kept}"),
                Ok(_) => assert!(ends, "{api} {kept}"),
            }
        }
    }
}

#[test]
fn faults_in_the_midst_of_a_stream() {
    let begun = delta(json!({"content": "I "}));
    let groq = json!({"error": {"message": "Failed to call a function.", "type": "invalid_request_error", "code": "tool_use_failed", "failed_generation": "{\"a", "status_code": 400}});
    let reply = read(Api::Chat, &chunks(&[begun.clone(), groq])).unwrap();
    assert_eq!((reply.content.as_deref(), reply.finish), (Some("{\"a"), FinishReason::Malformed));
    let openrouter = json!({"id": "c-1", "error": {"code": "server_error", "message": "Provider disconnected"}, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]});
    for (api, stream, kind) in [
        (Api::Chat, chunks(&[begun.clone(), openrouter]), ErrorKind::Server),
        (Api::Chat, chunks(&[begun.clone(), json!({"error": {"message": "odd"}})]), ErrorKind::StreamError),
        (
            Api::Chat,
            chunks(&[begun.clone(), json!({"error": {"code": 429, "message": "slow"}})]),
            ErrorKind::RateLimited,
        ),
        (
            Api::Chat,
            chunks(&[json!({"choices": [{"index": 0, "delta": {}, "error": {"code": 502, "message": "x"}}]})]),
            ErrorKind::Server,
        ),
        (
            Api::Chat,
            format!("data: {begun}\n\nevent: error\ndata: {{\"message\": \"broken\"}}\n\n"),
            ErrorKind::StreamError,
        ),
        (Api::Chat, format!("data: {begun}\n\ndata: {{\"choi\n\n"), ErrorKind::MalformedBody),
        (Api::Chat, "data: [DONE]\n\n".to_owned(), ErrorKind::EmptyChoices),
        (
            Api::Messages,
            events(&[json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})]),
            ErrorKind::Server,
        ),
        (
            Api::Responses,
            events(&[
                json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "x"}}}),
            ]),
            ErrorKind::Server,
        ),
        (
            Api::Responses,
            events(&[json!({"type": "error", "code": "rate_limit_exceeded", "message": "x"})]),
            ErrorKind::RateLimited,
        ),
    ] {
        let error = read(api, &stream).unwrap_err();
        assert_eq!(error.kind, kind, "{stream}");
        assert!(error.is_retryable(), "{stream}");
    }
}

#[test]
fn half_an_emoji_is_no_fault() {
    let plain = r#"{"choices": [{"message": {"content": "a\ud83d", "x": "\ude00"}, "finish_reason": "stop"}]}"#;
    assert_eq!(read(Api::Chat, plain).unwrap().content.as_deref(), Some("a\u{fffd}"));
    let stream = "data: {\"choices\": [{\"delta\": {\"content\": \"a\\ud83d\"}}]}\n\n\
                  data: {\"choices\": [{\"delta\": {\"content\": \"\\ude00b\"}, \"finish_reason\": \"stop\"}]}\n\n";
    assert_eq!(read(Api::Chat, stream).unwrap().content.as_deref(), Some("a\u{fffd}\u{fffd}b"));
}

#[test]
fn a_call_that_is_no_json_stays_as_the_model_wrote_it() {
    let stream = events(&[
        json!({"type": "message_start", "message": {"id": "msg_1", "content": []}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t1", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{\"a\": "}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}),
        json!({"type": "message_stop"}),
    ]);
    let reply = read(Api::Messages, &stream).unwrap();
    assert_eq!((reply.tool_calls[0].arguments.as_str(), &reply.finish), ("{\"a\": ", &FinishReason::Length));
}

// ---- the client ----

const KEY: &str = "sk-secret-123";

fn settings(api: Api) -> ModelSettings {
    ModelSettings { model: "m".to_owned(), api: Some(api), ..ModelSettings::default() }
}

async fn ask(endpoint: &Endpoint, api: Api) -> Result<ChatReply, ChatError> {
    let messages = vec![Message::User { content: "hello".to_owned() }];
    let request = ChatRequest { messages, format: ReplyFormat::Text, max_tokens: None };
    let client = EndpointClient::new(endpoint, settings(api), Adjusted::default()).unwrap();
    let policy = RetryPolicy { max_retries: 1, base_delay: Duration::from_millis(1), ..RetryPolicy::default() };
    Retrying::new(client, policy).complete(&request, &CallContext::default()).await
}

fn stream(body: &str) -> Reply {
    Reply::raw(200, body).header("content-type", "text/event-stream")
}

#[tokio::test]
async fn each_api_is_streamed() {
    for (api, body, whole) in pairs() {
        let server = Server::of([stream(&body)]);
        let endpoint = Endpoint { base_url: server.base_url(), ..Endpoint::default() };
        let reply = ask(&endpoint, api).await.unwrap();
        let expected = read(api, &whole.to_string()).unwrap();
        assert_eq!(ChatReply { latency_ms: 0, ..reply }, expected, "{api}");
        assert_eq!(server.seen()[0].body["stream"], true);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_asked_for_again() {
    let begun = format!("data: {}\n\n", delta(json!({"content": "I "})));
    let server = Server::of([stream(&begun), stream(&pairs().swap_remove(0).1)]);
    let endpoint = Endpoint { base_url: server.base_url(), ..Endpoint::default() };
    let reply = ask(&endpoint, Api::Chat).await.unwrap();
    assert_eq!(reply.retries.iter().map(|retry| retry.error).collect::<Vec<_>>(), [ErrorKind::StreamCut]);
}

#[tokio::test]
async fn silence_before_and_within_an_answer() {
    let begun = format!("data: {}\n\n", delta(json!({"content": "I "})));
    let ping = ": still there\n\n".to_owned();
    let ms = Duration::from_millis;
    for (pieces, pause, patience, result) in [
        // After its beginning, an answer may not be silent for long.
        (vec![begun.clone(), begun.clone()], ms(600), (ms(5_000), ms(150), ms(9_000)), Some(ErrorKind::Stalled)),
        // Comments begin the wait anew, and the first data may be late.
        (
            vec![ping.clone(), ping.clone(), ping.clone(), pairs().swap_remove(0).1],
            ms(150),
            (ms(400), ms(100), ms(9_000)),
            None,
        ),
        // But not for ever.
        (vec![ping; 30], ms(60), (ms(400), ms(400), ms(500)), Some(ErrorKind::Timeout)),
    ] {
        let server = Server::slowly(pieces, pause);
        let (first_data, between_data, whole) = patience;
        let patience = Patience { first_data, between_data, whole };
        let endpoint = Endpoint { base_url: server.base_url(), patience, ..Endpoint::default() };
        let answer = ask(&endpoint, Api::Chat).await;
        assert_eq!(answer.as_ref().err().map(|error| error.kind), result, "{answer:?}");
    }
}

#[tokio::test]
async fn no_secret_gets_through() {
    let secret = "Bearer header-secret-456";
    // The key comes whole, in pieces, with escapes, in names and in ids.
    let body = chunks(&[
        json!({"id": KEY, "model": format!("m {KEY}"), "provider": KEY, "system_fingerprint": KEY, "choices": [{"index": 0, "delta": {
            "role": "assistant", "content": "sk-sec", "reasoning": format!("{KEY} header-secret-456"), KEY: 1,
            "tool_calls": [{"index": 0, "id": KEY, "type": "function", "function": {"name": KEY, "arguments": "{\"a\": \"sk\\u002dsecret-123\"}"}}],
        }}]}),
        delta(json!({"content": "ret-123 and header-"})),
        delta(json!({"content": "secret-456"})),
        finish(KEY),
    ]);
    for reply in [stream(&body), stream(&body).header("x-request-id", KEY)] {
        let server = Server::of([reply]);
        let endpoint = Endpoint {
            base_url: server.base_url(),
            key: Some(KEY.into()),
            headers: [("x-proxy-token".to_owned(), secret.to_owned())].into(),
            ..Endpoint::default()
        };
        let reply = ask(&endpoint, Api::Chat).await.unwrap();
        let text = format!("{reply:?} {}", serde_json::to_string(&reply).unwrap());
        for hidden in [KEY, "header-secret-456", "secret-123"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
        assert_eq!(reply.content.as_deref(), Some("[key] and [key]"));
        assert_eq!(server.seen()[0].header("x-proxy-token"), Some(secret));
    }
    let padding = "x".repeat(1_990);
    let server =
        Server::of([Reply::json(400, json!({"error": {"message": format!("{padding} {KEY}"), "param": KEY}}))]);
    let endpoint = Endpoint { base_url: server.base_url(), key: Some(KEY.into()), ..Endpoint::default() };
    let error = format!("{:?}", ask(&endpoint, Api::Chat).await.unwrap_err());
    assert!(!error.contains("sk-"), "{error}");
}

#[tokio::test]
async fn the_key_and_the_query_travel_as_each_api_takes_them() {
    for (api, suffix, path, header, value) in [
        (Api::Chat, "", "/v1/chat/completions", "authorization", "Bearer sk-secret-123"),
        (Api::Responses, "/", "/v1/responses", "authorization", "Bearer sk-secret-123"),
        (Api::Messages, "", "/v1/messages", "x-api-key", KEY),
        (
            Api::Chat,
            "?api-version=2025-04-01-preview",
            "/v1/chat/completions?api-version=2025-04-01-preview",
            "api-key",
            KEY,
        ),
    ] {
        let server = Server::of([Reply::json(400, json!({}))]);
        let endpoint = Endpoint {
            base_url: format!("{}{suffix}", server.base_url()),
            key: Some(KEY.into()),
            ..Endpoint::default()
        };
        ask(&endpoint, api).await.unwrap_err();
        let seen = server.seen().remove(0);
        assert_eq!((seen.path(), seen.header(header)), (path, Some(value)));
        let version = (api == Api::Messages).then_some("2023-06-01");
        assert_eq!(seen.header("anthropic-version"), version);
        let keys = ["authorization", "x-api-key", "api-key"].iter().filter(|name| seen.header(name).is_some()).count();
        assert_eq!(keys, 1);
    }
}
