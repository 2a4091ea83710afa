//! Tests of the model client against a scripted server: what it sends, what it reads, and what it tries again.

use std::time::Duration;

use incident_bench::agent::parse::{self, Counts};
use incident_bench::chat::adjust::Adjusted;
use incident_bench::chat::endpoint::{Endpoint, EndpointClient, Patience, SetupError};
use incident_bench::chat::retry::{RetryPolicy, Retrying};
use incident_bench::chat::wire::{self, Allowance, ModelSettings, RateLimit, RawReply, TokenParam};
use incident_bench::chat::{
    Api, BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message,
    ReplyFormat, ToolCall, ToolSpec, Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::server::{Fault, Reply, Server, dead_url};

const KEY: &str = "sk-secret-123";

/// A client that lets the clock stand still between calls, so that a wait for the next attempt takes no time. A call
/// itself needs a running clock: one that stands still jumps to the next timeout while a socket is quiet.
struct Hasty<C>(C);

impl<C: ChatClient> ChatClient for Hasty<C> {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(async move {
            tokio::time::resume();
            let answer = self.0.complete(request, context).await;
            tokio::time::pause();
            answer
        })
    }
}

fn endpoint(base_url: String) -> Endpoint {
    Endpoint { base_url, ..Endpoint::default() }
}

fn settings() -> ModelSettings {
    ModelSettings { model: "m".to_owned(), api: Some(Api::Chat), ..ModelSettings::default() }
}

fn request() -> ChatRequest {
    let messages = vec![Message::User { content: "hello".to_owned() }];
    ChatRequest { messages, format: ReplyFormat::Text, max_tokens: None }
}

/// Asks once, with two retries. The runtime must have a clock that stands still.
async fn ask_at(endpoint: &Endpoint) -> Result<ChatReply, ChatError> {
    let client = Hasty(EndpointClient::new(endpoint, settings(), Adjusted::default()).unwrap());
    let policy = RetryPolicy { max_retries: 2, base_delay: Duration::from_millis(1), ..RetryPolicy::default() };
    Retrying::new(client, policy).complete(&request(), &CallContext::default()).await
}

async fn ask(server: &Server) -> Result<ChatReply, ChatError> {
    ask_at(&endpoint(server.base_url())).await
}

fn ready() -> Reply {
    Reply::says("ready")
}

// ---- what is tried again ----

#[tokio::test(start_paused = true)]
async fn what_can_pass_is_tried_again() {
    for (status, kind) in [
        (408, ErrorKind::RequestTimeout),
        (409, ErrorKind::Conflict),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Server),
        (502, ErrorKind::Server),
        (503, ErrorKind::Server),
        (529, ErrorKind::Server),
    ] {
        let server = Server::of([Reply::error(status, "x", "try later"), ready()]);
        let reply = ask(&server).await.unwrap();
        assert_eq!(reply.content.as_deref(), Some("ready"), "{status}");
        let [retry] = reply.retries.as_slice() else { panic!("{status}: {:?}", reply.retries) };
        assert_eq!((retry.error, retry.status), (kind, Some(status)));
        assert!(retry.delay_ms <= 1, "{status}: {}", retry.delay_ms);
        assert_eq!(server.calls(), 2, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_is_not() {
    for (reply, kind) in [
        (Reply::error(400, "invalid_request_error", "no such field"), ErrorKind::BadRequest),
        (Reply::error(422, "invalid_request_error", "no such field"), ErrorKind::BadRequest),
        (Reply::error(401, "invalid_api_key", "wrong key"), ErrorKind::Auth),
        (Reply::error(403, "forbidden", "not for you"), ErrorKind::Auth),
        (Reply::error(402, "x", "pay first"), ErrorKind::Quota),
        (Reply::error(404, "x", "not here"), ErrorKind::NotFound),
        (Reply::html(404), ErrorKind::NotFound),
        (Reply::error(404, "x", "The model `m` was not found"), ErrorKind::UnknownModel),
        (Reply::error(400, "model_not_found", "?"), ErrorKind::UnknownModel),
        (Reply::error(400, "x", "The model `m` does not exist"), ErrorKind::UnknownModel),
        (Reply::json(400, json!({"message": "Invalid model: m", "type": "invalid_model"})), ErrorKind::UnknownModel),
        (Reply::error(400, "model_decommissioned", "The model `m` is no longer supported"), ErrorKind::UnknownModel),
        (Reply::error(429, "insufficient_quota", "You exceeded your current quota"), ErrorKind::Quota),
        (Reply::error(400, "x", "Your credit balance is too low"), ErrorKind::Quota),
        (Reply::json(413, json!({"error": "Request too large"})), ErrorKind::ContextLength),
        (
            Reply::raw(413, "<html>\r\n<head><title>413 Request Entity Too Large</title></head></html>"),
            ErrorKind::BadRequest,
        ),
        (Reply::json(200, json!({"error": {"code": "401", "message": "who?"}})), ErrorKind::Auth),
    ] {
        let server = Server::of([reply.clone(), ready()]);
        let error = ask(&server).await.unwrap_err();
        assert_eq!(error.kind, kind, "{reply:?}");
        assert_eq!((error.retries.len(), server.calls()), (0, 1), "{reply:?}");
    }
}

#[test]
fn a_filter_of_the_host_is_a_refusal() {
    let all: Vec<Value> = serde_json::from_str(include_str!("fixtures/filters.json")).unwrap();
    for case in all {
        let body = case["body"].to_string();
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        for api in Api::ALL {
            let answer = wire::parse_reply(api, &RawReply { status, body: body.as_bytes(), ..RawReply::default() });
            let is_filter = answer.as_ref().is_ok_and(|reply| reply.finish == FinishReason::ContentFilter);
            assert_eq!(is_filter, case["is_filter"].as_bool().unwrap(), "{api} {case}: {answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_answer_is_asked_for_again() {
    for (reply, kind) in [
        (Reply::html(200), ErrorKind::HtmlBody),
        (Reply::raw(200, "data: {\"choices\": []}\n\ndata: [DONE]\n"), ErrorKind::EmptyChoices),
        (Reply::raw(200, "").header("content-type", "text/event-stream"), ErrorKind::SseBody),
        (Reply::raw(200, "not json"), ErrorKind::MalformedBody),
        (Reply::raw(200, ""), ErrorKind::MalformedBody),
        (Reply::json(200, json!({"hello": "world"})), ErrorKind::MalformedBody),
        (Reply::json(200, json!("hello")), ErrorKind::MalformedBody),
        (Reply::json(200, json!({"choices": []})), ErrorKind::EmptyChoices),
        (Reply::json(200, json!({"choices": null})), ErrorKind::EmptyChoices),
        (Reply::json(200, json!({"choices": [null]})), ErrorKind::EmptyChoices),
        (Reply::json(200, json!({"choices": ["x"]})), ErrorKind::EmptyChoices),
        (Reply::json(200, json!({"choices": [{}]})), ErrorKind::EmptyChoices),
        (Reply::choice(json!({"index": 0, "finish_reason": "stop"})), ErrorKind::EmptyChoices),
        (Reply::choice(json!({"index": 0, "message": null, "finish_reason": "stop"})), ErrorKind::EmptyChoices),
        (Reply::json(200, json!({"choices": [{"message": {}, "finish_reason": "stop"}]})), ErrorKind::EmptyChoices),
        (
            Reply::choice(
                json!({"message": {"role": "assistant", "content": "half"}, "finish_reason": "network_error"}),
            ),
            ErrorKind::StreamError,
        ),
        (Reply::json(200, json!({"error": {"message": "upstream is odd"}})), ErrorKind::ErrorBody),
        (Reply::json(200, json!({"error": "odd", "choices": []})), ErrorKind::ErrorBody),
        (Reply::raw(200, "{\"choices\": [{\"message\": {\"content\": \"hal"), ErrorKind::MalformedBody),
        (
            Reply::json(498, json!({"error": {"message": "capacity", "code": "capacity_exceeded"}})),
            ErrorKind::RateLimited,
        ),
    ] {
        let server = Server::of([reply.clone(), ready()]);
        let answer = ask(&server).await.unwrap();
        let tried: Vec<_> = answer.retries.iter().map(|retry| retry.error).collect();
        assert_eq!((tried.as_slice(), server.calls()), ([kind].as_slice(), 2), "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn words_that_only_look_like_another_fault() {
    for (reply, kind) in [
        // Groq words a limit a minute like this.
        (
            Reply::error(
                429,
                "rate_limit_exceeded",
                "Rate limit reached for model `m` on tokens per minute (TPM): Limit 6000. Please try again in 2s. \
                 Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
            ),
            ErrorKind::RateLimited,
        ),
        // Gemini words a limit like this.
        (
            Reply::json(
                429,
                json!([{"error": {
                    "code": 429, "status": "RESOURCE_EXHAUSTED",
                    "message": "You exceeded your current quota, please check your plan and billing details. Please retry in 2s.",
                }}]),
            ),
            ErrorKind::RateLimited,
        ),
        // OpenAI words a wrong parameter like this.
        (
            Reply::error(400, "unsupported_parameter", "'max_tokens' is not supported with this model."),
            ErrorKind::BadRequest,
        ),
        (Reply::error(400, "x", "Unknown parameter: 'response_format' for this model"), ErrorKind::BadRequest),
    ] {
        let server = Server::of([reply.clone()]);
        assert_eq!(ask(&server).await.unwrap_err().kind, kind, "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_with_200_that_can_pass_is_tried_again() {
    for (body, kind) in [
        (json!({"error": {"code": 429, "message": "slow down"}}), ErrorKind::RateLimited),
        (json!({"error": {"code": 502, "message": "upstream"}}), ErrorKind::Server),
        (json!({"error": {"message": "Rate limit reached"}}), ErrorKind::RateLimited),
        // OpenRouter reports an upstream's failure like this.
        (
            json!({"choices": [{
                "error": {"code": 502, "message": "Provider returned error"},
                "message": {"role": "assistant", "content": ""}, "finish_reason": "error",
            }]}),
            ErrorKind::Server,
        ),
    ] {
        let server = Server::of([Reply::json(200, body.clone()), ready()]);
        let reply = ask(&server).await.unwrap();
        assert_eq!(reply.retries.first().map(|retry| retry.error), Some(kind), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end() {
    let server = Server::of([Reply::error(503, "x", "loading").header("x-request-id", "r-7")]);
    let error = ask(&server).await.unwrap_err();
    assert_eq!((error.kind, error.retries.len(), server.calls()), (ErrorKind::Server, 2, 3));
    assert_eq!(error.to_string(), "the endpoint failed (HTTP 503): loading [request r-7], after 3 attempts");
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_says_how_long_to_wait() {
    let now = jiff::Timestamp::now();
    let date =
        |seconds| (now + jiff::SignedDuration::from_secs(seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let soon = date(60);
    for (headers, delays) in [
        (vec![("retry-after", "7")], 7_000..=7_000),
        (vec![("retry-after", "0.25")], 250..=250),
        (vec![("retry-after-ms", "40")], 40..=40),
        (vec![("retry-after-ms", "40"), ("retry-after", "7")], 40..=40),
        (vec![("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], 0..=0),
        (vec![("retry-after", soon.as_str())], 2..=60_000),
        // The header is not understood, so the client chooses the delay.
        (vec![("retry-after", "soon")], 0..=1),
        (vec![("retry-after", "-7")], 0..=1),
        (vec![("retry-after", "inf")], 0..=1),
    ] {
        for status in [429, 503] {
            let busy = Reply::error(status, "x", "busy");
            let busy = headers.iter().fold(busy, |reply, (name, value)| reply.header(name, value));
            let reply = ask(&Server::of([busy, ready()])).await.unwrap();
            let [retry] = reply.retries.as_slice() else { panic!("{headers:?}: {:?}", reply.retries) };
            assert!(delays.contains(&retry.delay_ms), "{headers:?}: {retry:?}");
        }
    }
    // The client does not wait for an hour.
    for late in ["3600", date(3600).as_str()] {
        let server = Server::of([Reply::error(429, "x", "busy").header("retry-after", late), ready()]);
        let error = ask(&server).await.unwrap_err();
        assert_eq!((error.kind, server.calls()), (ErrorKind::RateLimited, 1), "{late}");
        assert!(error.retry_after.unwrap() > Duration::from_secs(120), "{late}");
    }
}

#[test]
fn a_date_counts_from_now() {
    let now = "2026-11-24T07:00:00Z".parse().unwrap();
    let ask = |header| wire::retry_after(None, Some(header), now);
    assert_eq!(ask("Tue, 24 Nov 2026 07:00:30 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(ask("Tue, 24 Nov 2026 06:59:30 GMT"), Some(Duration::ZERO));
    assert_eq!(ask("30"), Some(Duration::from_secs(30)));
    assert_eq!(ask("30 s"), None);
    assert_eq!(wire::retry_after(Some("x"), Some("3"), now), Some(Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let server = Server::of([Reply::error(429, "x", "busy").header("retry-after", "60"), ready()]);
    let client = Hasty(EndpointClient::new(&endpoint(server.base_url()), settings(), Adjusted::default()).unwrap());
    let deadline = Some(tokio::time::Instant::now() + Duration::from_secs(30));
    let context = CallContext { deadline, jitter_seed: 0, ..CallContext::default() };
    let error = Retrying::new(client, RetryPolicy::default()).complete(&request(), &context).await.unwrap_err();
    assert_eq!((error.kind, server.calls()), (ErrorKind::RateLimited, 1));
}

// ---- below HTTP ----

#[tokio::test(start_paused = true)]
async fn faults_of_the_connection_are_named_and_tried_again() {
    for fault in Fault::ALL {
        let server = Server::broken(fault);
        let (timeout, kind) = match fault {
            Fault::Silence => (Duration::from_millis(50), ErrorKind::Timeout),
            _ => (Duration::from_secs(5), ErrorKind::ConnectionLost),
        };
        let error = ask_at(&Endpoint { patience: Patience::of_silence(timeout), ..endpoint(server.base_url()) })
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{fault:?}: {error}");
        assert_eq!((error.retries.len(), server.calls()), (2, 3), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_a_timeout() {
    let late = ready().late(Duration::from_secs(30));
    let server = Server::start(move |index, _| if index == 0 { late.clone() } else { ready() });
    let endpoint =
        Endpoint { patience: Patience::of_silence(Duration::from_millis(200)), ..endpoint(server.base_url()) };
    let reply = ask_at(&endpoint).await.unwrap();
    let first = reply.retries.first().map(|retry| (retry.error, retry.status));
    assert_eq!(first, Some((ErrorKind::Timeout, None)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_closed_after_an_answer_is_no_fault() {
    // llama.cpp's server closes each connection after a stream, and does not say so.
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "ready"}, "finish_reason": "stop"}]});
    let stream = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    let server = Server::slowly(vec![stream], Duration::ZERO);
    let client = EndpointClient::new(&endpoint(server.base_url()), settings(), Adjusted::default()).unwrap();
    for call in 0..100 {
        let reply = client.complete(&request(), &CallContext::default()).await.unwrap();
        assert_eq!(reply.content.as_deref(), Some("ready"), "{call}");
    }
    assert_eq!(server.calls(), 100);
}

#[tokio::test(start_paused = true)]
async fn nobody_listens() {
    let error = ask_at(&endpoint(dead_url())).await.unwrap_err();
    assert_eq!((error.kind, error.retries.len()), (ErrorKind::Connect, 2), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_body_has_a_limit() {
    let server = Server::broken(Fault::Flood(10 << 20));
    let error = ask(&server).await.unwrap_err();
    assert_eq!((error.kind, error.status, server.calls()), (ErrorKind::BodyTooLarge, Some(200), 1));
    let server = Server::of([ready()]);
    let small = Endpoint { max_body: 10, ..endpoint(server.base_url()) };
    assert_eq!(ask_at(&small).await.unwrap_err().to_string(), "the answer is too large (HTTP 200): more than 10 bytes");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed() {
    let other = Server::of([ready()]);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/chat/completions", other.base_url());
        let server = Server::of([Reply::raw(status, "").header("location", &location)]);
        let endpoint = Endpoint { key: Some(KEY.into()), ..endpoint(server.base_url()) };
        let error = ask_at(&endpoint).await.unwrap_err();
        assert_eq!((error.kind, server.calls()), (ErrorKind::Redirect, 1), "{status}");
    }
    assert_eq!(other.calls(), 0, "the key must not travel to another host");
}

// ---- context length ----

#[tokio::test(start_paused = true)]
async fn a_context_limit_is_understood() {
    let llama = json!({"error": {
        "code": 400, "message": "request (9000 tokens) exceeds the available context size (8192 tokens)",
        "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 8192,
    }});
    let openai = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.";
    for (reply, tokens) in [
        (Reply::json(400, llama), (Some(9000), Some(8192))),
        (Reply::error(400, "context_length_exceeded", openai), (None, None)),
        (Reply::error(400, "x", openai), (None, None)),
        (Reply::json(500, json!({"detail": "prompt is too long: 9000 tokens > 8192"})), (None, None)),
        (Reply::json(200, json!({"error": {"message": openai}})), (None, None)),
    ] {
        let server = Server::of([reply.clone()]);
        let error = ask(&server).await.unwrap_err();
        assert_eq!((error.kind, server.calls()), (ErrorKind::ContextLength, 1), "{reply:?}");
        assert_eq!((error.prompt_tokens, error.context_limit), tokens, "{reply:?}");
    }
}

// ---- what is read ----

/// Returns the reply that a client reads from a choice.
async fn read(choice: Value) -> ChatReply {
    let reply = ask(&Server::of([Reply::choice(choice.clone())])).await;
    reply.unwrap_or_else(|error| panic!("{choice}: {error}"))
}

#[tokio::test(start_paused = true)]
async fn texts_and_thoughts() {
    for (message, content, reasoning) in [
        (json!({"content": "a"}), Some("a"), None),
        (json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}), Some("ab"), None),
        (
            json!({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}]}),
            Some("a"),
            Some("hm"),
        ),
        (json!({"content": null, "reasoning_content": "hm"}), None, Some("hm")),
        (json!({"content": "", "reasoning": "hm"}), None, Some("hm")),
        (json!({"content": null, "refusal": "no"}), Some("no"), None),
        (json!({"content": null}), None, None),
        (json!({"content": 7}), None, None),
        (json!({}), None, None),
    ] {
        let reply = read(json!({"message": message, "finish_reason": "stop"})).await;
        assert_eq!((reply.content.as_deref(), reply.reasoning.as_deref()), (content, reasoning), "{message}");
    }
    assert_eq!(read(json!({"text": "a"})).await.content.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn tool_calls_are_kept_as_they_came() {
    for (call, name, id, arguments) in [
        (json!({"id": "c1", "function": {"name": "f", "arguments": "{\"a\": 1}"}}), "f", "c1", "{\"a\": 1}"),
        (json!({"id": "c1", "function": {"name": "f", "arguments": "{\"a\": "}}), "f", "c1", "{\"a\": "),
        (json!({"function": {"name": "f", "arguments": {"a": 1}}}), "f", "call_0", "{\"a\":1}"),
        (json!({"id": "", "function": {"name": "f", "arguments": null}}), "f", "call_0", ""),
        (json!({"id": "c1", "name": "f", "arguments": "{}"}), "f", "c1", "{}"),
    ] {
        let message = json!({"content": null, "tool_calls": [call]});
        let reply = read(json!({"message": message, "finish_reason": "tool_calls"})).await;
        let expected = ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() };
        assert_eq!((reply.tool_calls.as_slice(), &reply.finish), ([expected].as_slice(), &FinishReason::ToolCalls));
    }
    let legacy = json!({"message": {"function_call": {"name": "f", "arguments": "{}"}}});
    assert_eq!(read(legacy).await.tool_calls.len(), 1);
    // A call without a name is ignored.
    let nameless = json!({"message": {"tool_calls": [{"function": {"arguments": "{}"}}, 7, null]}});
    assert_eq!(read(nameless).await.tool_calls, []);
}

#[tokio::test(start_paused = true)]
async fn reasons_to_stop() {
    for (reason, finish) in [
        (json!("stop"), FinishReason::Stop),
        (json!("length"), FinishReason::Length),
        (json!("tool_calls"), FinishReason::ToolCalls),
        (json!("content_filter"), FinishReason::ContentFilter),
        (json!("end_turn"), FinishReason::Stop),
        (json!("stop_sequence"), FinishReason::Stop),
        (json!("max_tokens"), FinishReason::Length),
        (json!("tool_use"), FinishReason::ToolCalls),
        (json!("SAFETY"), FinishReason::ContentFilter),
        (json!("refusal"), FinishReason::Refusal),
        (json!("model_context_window_exceeded"), FinishReason::ContextWindow),
        (json!("function_call_filter: MALFORMED_FUNCTION_CALL"), FinishReason::Malformed),
        (json!("pause_turn"), FinishReason::Other("pause_turn".to_owned())),
        (json!("eos"), FinishReason::Other("eos".to_owned())),
        (json!(null), FinishReason::Other(String::new())),
        (json!(3), FinishReason::Other(String::new())),
        (json!("x".repeat(1000)), FinishReason::Other("x".repeat(40))),
    ] {
        assert_eq!(read(json!({"message": {"content": "a"}, "finish_reason": reason})).await.finish, finish);
    }
}

#[tokio::test(start_paused = true)]
async fn token_counts() {
    let usage = |prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens| {
        Some(Usage { prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, ..Usage::default() })
    };
    for (given, counted) in [
        (json!({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}), usage(9, 0, 2, 0)),
        (json!({"prompt_tokens": 9.0, "completion_tokens": 2.9}), usage(9, 0, 2, 0)),
        (json!({"prompt_tokens": -9, "completion_tokens": null}), None),
        (json!({"prompt_tokens": 9, "completion_tokens": -1}), None),
        (json!({"input_tokens": 9, "output_tokens": 2}), usage(9, 0, 2, 0)),
        (
            json!({
                "prompt_tokens": 9, "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 4},
            }),
            usage(9, 5, 7, 4),
        ),
        (json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 5}), usage(9, 5, 2, 0)),
        (json!({"prompt_tokens": 9, "prompt_tokens_details": null}), usage(9, 0, 0, 0)),
        (
            json!({"prompt_tokens": u64::MAX, "completion_tokens": 1e300}),
            usage(1_000_000_000_000, 0, 1_000_000_000_000, 0),
        ),
        (json!({"total_tokens": 9}), None),
        (json!({}), None),
        (json!(null), None),
        (json!("many"), None),
    ] {
        let body = json!({"choices": [{"message": {"content": "a"}}], "usage": given});
        assert_eq!(ask(&Server::of([Reply::json(200, body)])).await.unwrap().usage, counted, "{given}");
    }
    let without = json!({"choices": [{"message": {"content": "a"}}]});
    assert_eq!(ask(&Server::of([Reply::json(200, without)])).await.unwrap().usage, None);
}

#[tokio::test(start_paused = true)]
async fn names_of_the_request_and_the_model() {
    let reply = ask(&Server::of([ready()])).await.unwrap();
    assert_eq!((reply.request_id.as_deref(), reply.model.as_deref()), (Some("chatcmpl-1"), Some("m")));
    for header in ["x-request-id", "request-id", "cf-ray"] {
        let reply = ask(&Server::of([ready().header(header, "r-7")])).await.unwrap();
        assert_eq!(reply.request_id.as_deref(), Some("r-7"), "{header}");
    }
}

// ---- what is sent ----

fn conversation(format: ReplyFormat) -> ChatRequest {
    let call = |id: &str, arguments: &str| ToolCall {
        id: id.to_owned(),
        name: "query_logs".to_owned(),
        arguments: arguments.to_owned(),
    };
    let text = str::to_owned;
    let messages = vec![
        Message::System { content: text("You are on call.") },
        Message::User { content: text("It burns.") },
        Message::Assistant { content: Some(text("Let me see.")), tool_calls: vec![], as_it_came: None },
        Message::User { content: text("Go on.") },
        Message::Assistant {
            content: None,
            tool_calls: vec![call("c1", r#"{"service": "web"}"#), call("c2", "{\"a")],
            as_it_came: None,
        },
        Message::Tool { call_id: text("c1"), content: text("disk full") },
        Message::Tool { call_id: text("c2"), content: text("Not carried out.") },
    ];
    ChatRequest { messages, format, max_tokens: None }
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]})
}

#[test]
fn the_body_of_each_protocol() {
    let tool = ToolSpec { name: "query_logs".to_owned(), description: "Log lines.".to_owned(), parameters: schema() };
    let settings = ModelSettings {
        max_tokens: Some(512),
        temperature: Some(0.1),
        reasoning_effort: Some("low".to_owned()),
        strict_schema: true,
        ..settings()
    };
    for (name, format) in [
        ("text", ReplyFormat::Text),
        ("json", ReplyFormat::Json { name: "incident_action".to_owned(), schema: schema() }),
        ("tools", ReplyFormat::Tools { tools: vec![tool] }),
    ] {
        let body = wire::request_body(&conversation(format), &settings);
        insta::assert_json_snapshot!(format!("body_{name}"), body);
    }
}

#[test]
fn limits_and_fields_of_ones_own() {
    let body =
        |max_tokens, settings: ModelSettings| wire::request_body(&ChatRequest { max_tokens, ..request() }, &settings);
    let plain = json!({
        "messages": [{"role": "user", "content": "hello"}], "model": "m",
        "stream": true, "stream_options": {"include_usage": true},
    });
    assert_eq!(body(None, settings()), plain);
    for (token_param, name) in
        [(TokenParam::MaxTokens, "max_tokens"), (TokenParam::MaxCompletionTokens, "max_completion_tokens")]
    {
        let with = |max_tokens| ModelSettings { max_tokens, token_param, ..settings() };
        for (asked, set, sent) in [(None, Some(7), 7), (Some(3), Some(7), 3), (Some(3), None, 3)] {
            let mut expected = plain.clone();
            expected[name] = json!(sent);
            assert_eq!(body(asked, with(set)), expected, "{name}");
        }
        assert_eq!(body(None, with(None)), plain);
    }
    let Value::Object(extra_body) = json!({"temperature": 1, "model": "n", "provider": {"sort": "price"}}) else {
        unreachable!()
    };
    let own = body(None, ModelSettings { temperature: Some(0.0), extra_body, ..settings() });
    assert_eq!((&own["temperature"], &own["model"]), (&json!(1), &json!("n")));
    assert_eq!(own["provider"], json!({"sort": "price"}));
}

#[tokio::test(start_paused = true)]
async fn what_travels_is_what_was_built() {
    let server = Server::of([ready()]);
    ask(&server).await.unwrap();
    // A slash at the end of the URL does not make a second one.
    ask_at(&endpoint(format!("{}/", server.base_url()))).await.unwrap();
    for seen in server.seen() {
        assert_eq!(seen.body, wire::request_body(&request(), &settings()));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
}

// ---- the key ----

#[tokio::test(start_paused = true)]
async fn the_key_is_sent_where_there_is_one() {
    let server = Server::of([ready()]);
    let plain = endpoint(server.base_url());
    ask_at(&plain).await.unwrap();
    ask_at(&Endpoint { key: Some(KEY.into()), ..plain.clone() }).await.unwrap();
    let headers = [("x-title".to_owned(), "bench".to_owned())].into();
    ask_at(&Endpoint { headers, ..plain }).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[1].header("authorization"), Some("Bearer sk-secret-123"));
    assert_eq!((seen[2].header("authorization"), seen[2].header("x-title")), (None, Some("bench")));
}

#[tokio::test(start_paused = true)]
async fn the_key_is_in_no_text() {
    let echo = format!("Incorrect API key provided: {KEY}. You sent 'Bearer {KEY}'.");
    let dead = endpoint(dead_url());
    for (what, reply) in [
        ("json", Some(Reply::error(401, "invalid_api_key", &echo))),
        ("text", Some(Reply::raw(400, &echo))),
        ("html", Some(Reply::raw(200, &format!("<html>{echo}</html>")))),
        ("escaped", Some(Reply::raw(403, &format!("{{\"error\": \"{}\"}}", KEY.replace('-', "\\u002d"))))),
        ("dead", None),
    ] {
        let server = reply.map(|reply| Server::of([reply]));
        let plain = server.as_ref().map_or(dead.clone(), |server| endpoint(server.base_url()));
        let endpoint = Endpoint { key: Some(KEY.into()), ..plain };
        let client = EndpointClient::new(&endpoint, settings(), Adjusted::default()).unwrap();
        let error = ask_at(&endpoint).await.unwrap_err();
        for text in [format!("{endpoint:?}"), format!("{client:?}"), format!("{error:?}"), error.to_string()] {
            assert!(!text.contains(KEY), "{what}: {text}");
        }
    }
}

#[test]
fn what_no_header_can_carry_is_refused() {
    for key in ["sk-secret\n123", "sk-secret\r\nhost: x", "sk\0secret", "sk-\u{7f}secret"] {
        let endpoint = Endpoint { key: Some(key.into()), ..endpoint("http://127.0.0.1:1/v1".to_owned()) };
        let error = EndpointClient::new(&endpoint, settings(), Adjusted::default()).unwrap_err();
        assert!(matches!(error, SetupError::Key), "{key:?}");
        assert!(!format!("{error} {error:?} {endpoint:?}").contains("secret"), "{key:?}");
    }
    for (name, value) in [("x title", "a"), ("x-title", "a\nb")] {
        let headers = [(name.to_owned(), value.to_owned())].into();
        let endpoint = Endpoint { headers, ..endpoint("http://127.0.0.1:1/v1".to_owned()) };
        assert!(
            matches!(EndpointClient::new(&endpoint, settings(), Adjusted::default()), Err(SetupError::Header(bad)) if bad == name)
        );
    }
    assert!(matches!(
        EndpointClient::new(&endpoint("no url".to_owned()), settings(), Adjusted::default()),
        Err(SetupError::Url { .. })
    ));
}

// ---- whatever may come ----

/// Makes JSON from the words that matter here, in places where they do not belong.
fn odd_json() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 24] = [
        "choices",
        "message",
        "content",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "error",
        "code",
        "type",
        "text",
        "reasoning_content",
        "id",
        "refusal",
        "delta",
        "function_call",
        "length",
        "query_logs",
    ];
    let word = || proptest::sample::select(WORDS.as_slice()).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        word().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_reply_is_understood(api: Api, status: u16, content_type: Option<&str>, body: &[u8]) {
    let raw = RawReply { status, content_type, request_id: None, retry_after: None, body };
    match wire::parse_reply(api, &raw) {
        Ok(reply) => {
            for counts in [Counts::First, Counts::Last] {
                let _ = parse::action(&reply, counts);
            }
            let mut sum = Usage::default();
            for usage in reply.usage.iter().cycle().take(1000) {
                sum += *usage;
            }
        }
        Err(error) => assert!(error.message.len() <= 2_000 && error.status == Some(status)),
    }
}

proptest! {
    #[test]
    fn any_bytes(
        status in 100_u16..1000,
        content_type in proptest::option::of("[a-z/;= -]{0,20}"),
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for api in Api::ALL {
            any_reply_is_understood(api, status, content_type.as_deref(), &body);
        }
    }

    #[test]
    fn any_json(status in prop_oneof![Just(200), 100_u16..1000], body in odd_json()) {
        for api in Api::ALL {
            any_reply_is_understood(api, status, Some("application/json"), body.to_string().as_bytes());
        }
    }

    #[test]
    fn any_choice(message in odd_json(), usage in odd_json(), finish in odd_json()) {
        let body = json!({"choices": [{"message": message, "finish_reason": finish}], "usage": usage});
        any_reply_is_understood(Api::Chat, 200, Some("application/json"), body.to_string().as_bytes());
    }
}

#[test]
fn rate_limit_headers_of_many_endpoints() {
    let now: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let left = |headers: &[(&str, &str)]| {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        wire::rate_limit(header, now)
    };
    let allowed = |remaining, reset: f64| Some(Allowance { remaining, reset: Some(Duration::from_secs_f64(reset)) });
    for (headers, requests, tokens) in [
        (
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "2m59.56s"),
                ("x-ratelimit-remaining-tokens", "149984"),
                ("x-ratelimit-reset-tokens", "6ms"),
            ][..],
            allowed(0, 179.56),
            allowed(149_984, 0.006),
        ),
        (
            &[
                ("anthropic-ratelimit-requests-remaining", "49"),
                ("anthropic-ratelimit-requests-reset", "2026-11-22T12:00:30Z"),
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2026-11-22T11:59:00Z"),
            ],
            allowed(49, 30.0),
            allowed(0, 0.0),
        ),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795348815000")], allowed(0, 15.0), None),
        (&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1795348815")], allowed(3, 15.0), None),
        (&[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], allowed(0, 7.0), None),
        (
            &[("ratelimit-remaining", "1"), ("ratelimit-reset", "soon")],
            Some(Allowance { remaining: 1, reset: None }),
            None,
        ),
        (&[("ratelimit-remaining", "-1"), ("x-ratelimit-reset", "1h")], None, None),
        (&[], None, None),
    ] {
        assert_eq!(left(headers), RateLimit { requests, tokens }, "{headers:?}");
    }
}
