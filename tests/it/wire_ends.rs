//! Tests of how answers in pieces end: by a reason, by the wire, or untidily.

use std::time::Duration;

use incident_bench::chat::adjust::Adjusted;
use incident_bench::chat::endpoint::{Endpoint, EndpointClient, Patience};
use incident_bench::chat::retry::{RetryPolicy, Retrying};
use incident_bench::chat::wire::{self, ModelSettings, RawReply};
use incident_bench::chat::{
    Api, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat,
    Usage,
};
use serde_json::{Value, json};

use crate::server::{Reply, Server};

fn piece(delta: Value, reason: Value) -> String {
    format!(
        "data: {}\n\n",
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    )
}

fn counted(usage: Value) -> String {
    format!("data: {}\n\n", json!({"id": "c", "model": "m", "choices": [], "usage": usage}))
}

fn usage() -> String {
    counted(json!({"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}))
}

const DONE: &str = "data: [DONE]\n\n";

fn read(api: Api, body: &str) -> Result<ChatReply, ChatError> {
    wire::parse_reply(api, &RawReply { status: 200, body: body.as_bytes(), ..RawReply::default() })
}

#[test]
fn an_answer_that_the_wire_cut_is_not_the_models() {
    let begun = |reason: Value| piece(json!({"role": "assistant", "content": "I "}), reason);
    let more = |reason: Value| piece(json!({"content": "look"}), reason);
    for (what, body) in [
        ("an empty reason in each piece", [begun("".into()), more("".into())].concat()),
        ("an empty reason in each piece, and all is said to have come", [&begun("".into()), DONE].concat()),
        ("no reason, and all is said to have come", [&begun(Value::Null), &more(Value::Null), DONE].concat()),
        (
            "an error without its field",
            [&begun(Value::Null), "data: {\"detail\": \"Internal Server Error\"}\n\n", DONE].concat(),
        ),
        (
            "an object that is an error",
            [
                &begun(Value::Null),
                "data: {\"object\": \"error\", \"message\": \"EngineCore died\", \"code\": 500}\n\n",
                DONE,
            ]
            .concat(),
        ),
        (
            "a line that is no event",
            [&begun(Value::Null), "{\"error\": {\"message\": \"upstream died\"}}\n", DONE].concat(),
        ),
        ("a lost network", [begun(Value::Null), more("network_error".into()), usage()].concat()),
        ("an abort", [&begun(Value::Null), &more("abort".into()), DONE].concat()),
        ("a timeout", [&begun(Value::Null), &more("timeout".into()), DONE].concat()),
        ("a cancelled call", [&begun(Value::Null), &more("cancelled".into()), DONE].concat()),
    ] {
        let error = read(Api::Chat, &body).unwrap_err();
        assert!(error.is_retryable(), "{what}: {error}");
    }
    let cancelled = json!({"id": "r", "status": "cancelled", "output": [{"type": "message", "content": []}]});
    assert!(read(Api::Responses, &cancelled.to_string()).unwrap_err().is_retryable());
    let nothing = json!({"id": "r", "status": "completed", "output": [null]});
    assert_eq!(read(Api::Responses, &nothing.to_string()).unwrap_err().kind, ErrorKind::EmptyChoices);
    let aborted = json!({"id": "m", "content": [{"type": "text", "text": "I "}], "stop_reason": "error"});
    assert!(read(Api::Messages, &aborted.to_string()).unwrap_err().is_retryable());
    let nothing = json!({"id": "m", "content": [null], "stop_reason": "end_turn"});
    assert_eq!(read(Api::Messages, &nothing.to_string()).unwrap_err().kind, ErrorKind::EmptyChoices);
}

#[test]
fn an_answer_that_came_is_taken() {
    let begun = piece(json!({"role": "assistant", "content": "hm"}), "".into());
    let end = piece(json!({}), "stop".into());
    for (what, body) in [
        ("an empty reason until the last piece", [begun.clone(), end.clone()].concat()),
        ("no reason anywhere", ["data: {\"choices\": [{\"delta\": {\"content\": \"hm\"}}]}\n\n", DONE].concat()),
        ("counts instead of a reason", [&piece(json!({"content": "hm"}), Value::Null), &usage(), DONE].concat()),
        ("a greeting", ["event: open\ndata: connected\n\n", &begun, &end].concat()),
        ("rubbish behind the end", [&begun, &end, "data: DONE\n\n"].concat()),
    ] {
        assert_eq!(read(Api::Chat, &body).unwrap().content.as_deref(), Some("hm"), "{what}");
    }
    // An error that says that there is none.
    for error in [
        json!(""),
        json!(false),
        json!({}),
        json!([]),
        json!(0),
        json!({"code": 0, "message": ""}),
        json!({"code": null, "message": "success"}),
    ] {
        let chunk = |delta: Value, reason: Value| {
            format!("data: {}\n\n", json!({"error": error, "choices": [{"delta": delta, "finish_reason": reason}]}))
        };
        let body = [chunk(json!({"content": "hm"}), Value::Null), chunk(json!({}), "stop".into())].concat();
        assert_eq!(read(Api::Chat, &body).unwrap().content.as_deref(), Some("hm"), "{error}");
    }
    let sensitive = [&begun, &piece(json!({}), "sensitive".into()), DONE].concat();
    assert_eq!(read(Api::Chat, &sensitive).unwrap().finish, FinishReason::ContentFilter);
}

#[test]
fn calls_are_in_the_order_of_their_indices() {
    let call = |index: u32, name: &str| json!({"tool_calls": [{"index": index, "id": name, "function": {"name": name, "arguments": "{}"}}]});
    let body = [
        piece(call(1, "second"), Value::Null),
        piece(call(0, "first"), Value::Null),
        piece(json!({}), "tool_calls".into()),
    ]
    .concat();
    let names: Vec<_> = read(Api::Chat, &body).unwrap().tool_calls.into_iter().map(|call| call.name).collect();
    assert_eq!(names, ["first", "second"]);
}

#[test]
fn counts_that_come_in_parts_are_joined() {
    let end = piece(json!({"role": "assistant", "content": "hm"}), "stop".into());
    let of = |prompt_tokens, cached_tokens, cache_write_tokens, completion_tokens| {
        Some(Usage { prompt_tokens, cached_tokens, cache_write_tokens, completion_tokens, ..Usage::default() })
    };
    for (first, last, whole) in [
        (json!({"prompt_tokens": 1000}), json!({"completion_tokens": 100}), of(1000, 0, 0, 100)),
        (
            json!({"input_tokens": 500, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 200, "output_tokens": 1}),
            json!({"output_tokens": 100}),
            of(1000, 300, 200, 100),
        ),
        (
            json!({"prompt_tokens": 1000, "completion_tokens": 100}),
            json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
            of(1000, 0, 0, 100),
        ),
        (json!({"prompt_tokens": -1}), json!({"completion_tokens": -1}), None),
    ] {
        let body = [&counted(first.clone()), &end, &counted(last), DONE].concat();
        assert_eq!(read(Api::Chat, &body).unwrap().usage, whole, "{first}");
    }
    let event = |event: Value| format!("data: {event}\n\n");
    let body = [
        event(
            json!({"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 500, "cache_read_input_tokens": 300, "output_tokens": 1}}}),
        ),
        event(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "hm"}})),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 100}}),
        ),
    ];
    assert_eq!(read(Api::Messages, &body.concat()).unwrap().usage, of(800, 300, 0, 100));
}

// ---- the client ----

async fn ask(endpoint: Endpoint, api: Option<Api>, max_retries: u32) -> Result<ChatReply, ChatError> {
    let messages = vec![Message::User { content: "hello".to_owned() }];
    let request = ChatRequest { messages, format: ReplyFormat::Text, max_tokens: None };
    let settings = ModelSettings { model: "m".to_owned(), api, ..ModelSettings::default() };
    let client = EndpointClient::new(&endpoint, settings, Adjusted::default()).unwrap();
    let policy = RetryPolicy { max_retries, base_delay: Duration::from_millis(1), ..RetryPolicy::default() };
    Retrying::new(client, policy).complete(&request, &CallContext::default()).await
}

#[tokio::test]
async fn what_may_follow_a_whole_answer_is_not_waited_for() {
    let whole = [piece(json!({"role": "assistant", "content": "hm"}), "stop".into()), usage()].concat();
    let stays_open = Server::stalled(whole.clone());
    let patience = Patience {
        first_data: Duration::from_millis(900),
        between_data: Duration::from_millis(900),
        whole: Duration::from_secs(9),
    };
    let endpoint = Endpoint { base_url: stays_open.base_url(), patience, ..Endpoint::default() };
    let reply = ask(endpoint, Some(Api::Chat), 0).await.unwrap();
    assert_eq!((reply.content.as_deref(), reply.retries.len()), (Some("hm"), 0));
    assert!(reply.usage.is_some());
    // Pings behind the end do not prolong it.
    let mut pieces = vec![whole];
    pieces.extend((0..40).map(|_| ": ping\n\n".to_owned()));
    let pings = Server::slowly(pieces, Duration::from_millis(300));
    let endpoint = Endpoint { base_url: pings.base_url(), patience, ..Endpoint::default() };
    let reply = ask(endpoint, Some(Api::Chat), 0).await.unwrap();
    assert!(reply.latency_ms < 6_000, "{}", reply.latency_ms);
}

#[tokio::test]
async fn a_fault_that_passes_does_not_hide_an_api() {
    let responses = || json!({"id": "r", "status": "completed", "model": "m", "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hm"}]}]});
    let messages = || json!({"id": "m", "model": "m", "role": "assistant", "content": [{"type": "text", "text": "hm"}], "stop_reason": "end_turn"});
    for (path, status) in [
        ("/responses", 503),
        ("/responses", 500),
        ("/responses", 529),
        ("/responses", 408),
        ("/responses", 429),
        ("/messages", 503),
    ] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |_, seen| {
            if !seen.path().ends_with(path) {
                return Reply::json(404, json!({"error": {"message": "Not Found"}}));
            }
            match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Reply::json(status, json!({"error": {"message": "Service temporarily unavailable"}})),
                _ if path == "/responses" => Reply::json(200, responses()),
                _ => Reply::json(200, messages()),
            }
        });
        let endpoint = || Endpoint { base_url: server.base_url(), ..Endpoint::default() };
        let reply = ask(endpoint(), None, 2).await.unwrap();
        assert_eq!((reply.content.as_deref(), reply.retries.len()), (Some("hm"), 1), "{path} {status}");
    }
    // It is the fault that is told, and not that there is nothing.
    let server = Server::start(|_, seen| {
        let (status, words) = if seen.path().ends_with("/responses") { (503, "down") } else { (404, "Not Found") };
        Reply::json(status, json!({"error": {"message": words}}))
    });
    let error = ask(Endpoint { base_url: server.base_url(), ..Endpoint::default() }, None, 1).await.unwrap_err();
    assert_eq!((error.kind, error.retries.len()), (ErrorKind::Server, 1), "{error}");
    // A stream that has begun shows which API it is.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_, seen| {
        if !seen.path().ends_with("/responses") {
            return Reply::json(404, json!({"error": {"message": "Not Found"}}));
        }
        match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Reply::raw(200, "data: {\"type\": \"response.created\", \"response\": {\"id\": \"r\"}}\n\n"),
            _ => Reply::json(200, responses()),
        }
    });
    let reply = ask(Endpoint { base_url: server.base_url(), ..Endpoint::default() }, None, 1).await.unwrap();
    assert_eq!((reply.content.as_deref(), server.calls()), (Some("hm"), 3));
}
