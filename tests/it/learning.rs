//! Tests of what the client learns from refusals: the words are those of real endpoints, as their users reported them.

use std::sync::Arc;
use std::time::Duration;

use incident_bench::chat::adjust::{Adjusted, Adjustment, Change, learn};
use incident_bench::chat::endpoint::{Endpoint, EndpointClient};
use incident_bench::chat::wire::{
    self, JsonForm, ModelSettings, Optional, RawReply, ThinkingForm, TokenParam, ToolChoice,
};
use incident_bench::chat::{
    Api, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, Message, ReplyFormat,
};
use serde_json::{Value, json};

use crate::server::{Reply, Server};

/// Settings in which every parameter is set.
fn all_set(api: Option<Api>) -> ModelSettings {
    ModelSettings {
        model: "m".to_owned(),
        api,
        max_tokens: Some(16_384),
        temperature: Some(0.0),
        reasoning_effort: Some("high".to_owned()),
        thinking_budget: Some(2_048),
        ..ModelSettings::default()
    }
}

/// Returns the error that a client reads from a refusal.
fn refusal(status: u16, body: &Value) -> ChatError {
    let body = body.to_string();
    let raw = RawReply { status, body: body.as_bytes(), ..RawReply::default() };
    wire::parse_reply(Api::Chat, &raw).unwrap_err()
}

/// An error in the form of OpenAI.
fn openai(message: &str, param: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": null}})
}

fn anthropic(message: &str) -> Value {
    json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}, "request_id": "req_1"})
}

/// The words of a validator that refuses a field at this place.
fn forbidden(place: &Value) -> Value {
    json!({"detail": [{"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted", "input": null}]})
}

fn learnt(status: u16, body: &Value, api: Api) -> Option<Change> {
    let settings = all_set(Some(api));
    learn(&settings, &Adjusted::default(), &refusal(status, body)).map(|adjustment| adjustment.change)
}

#[test]
fn each_refusal_changes_the_parameter_that_it_names() {
    use Change::{LeftOut, MaxTokens, MessageField, ResponseFormat, Thinking, TokenParam as Name};
    let field = |name: &str| MessageField(name.to_owned());
    for (status, body, change) in [
        // Temperature.
        (
            400,
            openai(
                "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
                Some("temperature"),
            ),
            LeftOut(Optional::Temperature),
        ),
        (400, anthropic("`temperature` is deprecated for this model."), LeftOut(Optional::Temperature)),
        (
            400,
            anthropic(
                "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. Please consult our documentation at https://platform.claude.com/docs/en/build-with-claude/extended-thinking",
            ),
            LeftOut(Optional::Temperature),
        ),
        (400, openai("invalid temperature: only 1 is allowed for this model", None), LeftOut(Optional::Temperature)),
        // The name of the limit.
        (
            400,
            openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                Some("max_tokens"),
            ),
            Name(TokenParam::MaxCompletionTokens),
        ),
        (422, forbidden(&json!(["body", "max_tokens"])), Name(TokenParam::MaxCompletionTokens)),
        // The limit itself.
        (
            400,
            openai(
                "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided 16384.",
                Some("max_tokens"),
            ),
            MaxTokens(4096),
        ),
        (400, openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", None), MaxTokens(8192)),
        (
            400,
            openai("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]", None),
            MaxTokens(8192),
        ),
        (
            400,
            openai(
                "The parameter `max_completion_tokens` specified in the request are not valid: integer above maximum value, expected a value <= 12288, but got 16384 instead.",
                Some("max_completion_tokens"),
            ),
            MaxTokens(12288),
        ),
        (
            400,
            openai(
                "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
                None,
            ),
            MaxTokens(8192),
        ),
        (
            400,
            anthropic(
                "max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens for claude-3-5-haiku-20241022",
            ),
            MaxTokens(8192),
        ),
        // The context is too short for prompt and limit together.
        (
            400,
            openai(
                "This model's maximum context length is 16384 tokens. However, you requested 18384 tokens (2000 in the messages, 16384 in the completion). Please reduce the length of the messages or completion.",
                None,
            ),
            MaxTokens(4096),
        ),
        (
            400,
            openai(
                "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 tokens and your request has 500 input tokens (16384 > 8192 - 500).",
                None,
            ),
            MaxTokens(2048),
        ),
        (
            400,
            openai(
                "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 7000 `inputs` tokens and 16384 `max_new_tokens`",
                None,
            ),
            MaxTokens(1129),
        ),
        (
            400,
            anthropic(
                "input length and `max_tokens` exceed context limit: 190000 + 16384 > 200000, decrease input length or `max_tokens` and try again",
            ),
            MaxTokens(9936),
        ),
        // What a minute allows.
        (
            413,
            json!({"error": {"message": "Request too large for model `llama-3.3-70b-versatile` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 17137, please reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing", "type": "tokens", "code": "rate_limit_exceeded"}}),
            MaxTokens(4000),
        ),
        (
            429,
            openai(
                "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens must be reduced in order to run successfully.",
                None,
            ),
            MaxTokens(6320),
        ),
        // Tools.
        (400, openai("Thinking mode does not support this tool_choice", None), Change::ToolChoice(ToolChoice::Auto)),
        (
            400,
            openai(
                "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to required or object in thinking mode",
                None,
            ),
            Change::ToolChoice(ToolChoice::Auto),
        ),
        (
            400,
            anthropic("Thinking may not be enabled when tool_choice forces tool use."),
            Change::ToolChoice(ToolChoice::Auto),
        ),
        (
            400,
            openai(
                "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.",
                Some("parallel_tool_calls"),
            ),
            LeftOut(Optional::ParallelToolCalls),
        ),
        (
            400,
            json!({"message": "Malformed input request: #: subject must not be valid against schema {\"required\":[\"messages\"]}#/tool_choice: extraneous key [disable_parallel_tool_use] is not permitted, please reformat your input and try again."}),
            LeftOut(Optional::ParallelToolCalls),
        ),
        (422, forbidden(&json!(["body", "tools", 0, "function", "strict"])), LeftOut(Optional::Strict)),
        (
            400,
            openai(
                "Invalid schema for function 'query_logs': In context=(), 'required' is required to be supplied",
                Some("tools[0].function.parameters"),
            ),
            LeftOut(Optional::Strict),
        ),
        // JSON.
        (400, openai("This response_format type is unavailable now", None), ResponseFormat(JsonForm::JsonObject)),
        (
            400,
            openai(
                "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more about supported models at the Structured Outputs guide",
                None,
            ),
            ResponseFormat(JsonForm::JsonObject),
        ),
        // Reasoning.
        (
            400,
            openai(
                "Unsupported value: 'reasoning_effort' does not support 'high' with this model. Supported values are: 'low'.",
                Some("reasoning_effort"),
            ),
            LeftOut(Optional::ReasoningEffort),
        ),
        (
            400,
            openai(
                "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
                Some("reasoning.effort"),
            ),
            LeftOut(Optional::ReasoningEffort),
        ),
        // Streams.
        (
            400,
            openai(
                "Your organization must be verified to stream this model. Please go to: https://platform.openai.com/settings/organization/general",
                Some("stream"),
            ),
            LeftOut(Optional::Stream),
        ),
        (422, forbidden(&json!(["body", "stream_options"])), LeftOut(Optional::StreamOptions)),
        (400, openai("Unrecognized request argument supplied: stream_options", None), LeftOut(Optional::StreamOptions)),
        // Fields of earlier messages.
        (
            400,
            openai(
                "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]",
                None,
            ),
            field("reasoning_content"),
        ),
        (
            400,
            json!({"message": "messages.2.assistant.reasoning_content: property 'messages.2.assistant.reasoning_content' is unsupported", "type": "invalid_request_error", "param": "validation_error", "code": "wrong_api_format"}),
            field("reasoning_content"),
        ),
        (422, forbidden(&json!(["body", "messages", 2, "assistant", "reasoning_content"])), field("reasoning_content")),
        (
            422,
            json!({"object": "error", "message": forbidden(&json!(["body", "messages", 2, "assistant", "annotations"])), "type": "invalid_request_error"}),
            field("annotations"),
        ),
        (
            400,
            openai("Unknown parameter: 'messages[2].reasoning_details'.", Some("messages[2].reasoning_details")),
            field("reasoning_details"),
        ),
        (
            400,
            openai("Additional properties are not allowed ('reasoning' was unexpected) - 'messages.1'", None),
            field("reasoning"),
        ),
        (400, anthropic("messages.1.content.0.tool_use.caller: Extra inputs are not permitted"), field("caller")),
        // Another API.
        (
            404,
            openai("This model is only supported in v1/responses and not in v1/chat/completions.", Some("model")),
            Change::Api(Api::Responses),
        ),
        (
            400,
            openai(
                "Function tools with reasoning_effort are not supported for gpt-5.6-terra in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
                Some("reasoning_effort"),
            ),
            Change::Api(Api::Responses),
        ),
        (
            404,
            openai(
                "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?",
                Some("model"),
            ),
            Change::Api(Api::Responses),
        ),
    ] {
        assert_eq!(learnt(status, &body, Api::Chat), Some(change), "{body}");
    }
    for (body, change) in [
        (
            openai("Encrypted content is not supported with this model.", Some("include")),
            LeftOut(Optional::EncryptedReasoning),
        ),
        (
            openai("Unsupported parameter: 'temperature' is not supported with this model.", Some("temperature")),
            LeftOut(Optional::Temperature),
        ),
        (openai("Unsupported parameter: text.format", Some("text.format")), ResponseFormat(JsonForm::JsonObject)),
    ] {
        assert_eq!(learnt(400, &body, Api::Responses), Some(change), "{body}");
    }
    for (body, change) in [
        (
            anthropic(
                "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
            ),
            Thinking(ThinkingForm::Adaptive),
        ),
        (anthropic("output_config.format: Extra inputs are not permitted"), LeftOut(Optional::ResponseFormat)),
        (anthropic("system.0.cache_control: Extra inputs are not permitted"), LeftOut(Optional::CacheControl)),
        (anthropic("adaptive thinking is not supported on this model"), Thinking(ThinkingForm::Adaptive)),
    ] {
        assert_eq!(learnt(400, &body, Api::Messages), Some(change), "{body}");
    }
}

#[test]
fn other_refusals_teach_nothing() {
    for (status, body) in [
        (400, openai("The `reasoning_content` in the thinking mode must be passed back to the API.", None)),
        (400, openai("messages[51]: assistant message with tool_calls must include reasoning_content", None)),
        (400, openai("no such field", None)),
        (400, openai("Invalid 'messages': empty array", Some("messages"))),
        (401, openai("Incorrect API key; temperature, max_tokens and stream are not the problem", None)),
        (404, openai("The model `temperature-1` does not exist", Some("model"))),
        (500, openai("temperature is not supported", Some("temperature"))),
        (429, openai("Rate limit reached on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443.", None)),
        // The prompt alone is too long: evidence has to go.
        (
            400,
            openai(
                "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
                None,
            ),
        ),
        (
            400,
            json!({"error": {"code": 400, "message": "request (9000 tokens) exceeds the available context size (8192 tokens)", "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 8192}}),
        ),
        (
            413,
            openai(
                "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 21500, please reduce your message size",
                None,
            ),
        ),
    ] {
        assert_eq!(learnt(status, &body, Api::Chat), None, "{body}");
    }
}

#[test]
fn each_parameter_is_changed_once() {
    let mut adjusted = Adjusted::default();
    let mut changes = Vec::new();
    let refusals = [
        openai("tool_choice is not supported", Some("tool_choice")),
        openai("response_format is not supported", Some("response_format")),
        openai("max_tokens is not supported", Some("max_tokens")),
        openai("temperature is not supported", Some("temperature")),
    ];
    // An endpoint that refuses whatever is sent is asked a few times, and then given up.
    for body in refusals.iter().cycle().take(40) {
        let settings = adjusted.apply(&all_set(Some(Api::Chat)));
        if let Some(adjustment) = learn(&settings, &adjusted, &refusal(400, body)) {
            changes.push(adjustment.change.to_string());
            adjusted.add(adjustment);
        }
    }
    assert_eq!(
        changes,
        [
            "tool_choice is auto",
            "response_format is json_object",
            "the limit of an answer is sent as max_completion_tokens",
            "temperature is not sent",
            "tool_choice is not sent",
            "response_format is not sent",
        ]
    );
    assert_eq!(adjusted.iter().count(), 4, "a second change of a parameter takes the place of the first");
}

#[test]
fn what_was_learnt_is_written_and_read() {
    let adjustment = |change| Adjustment { change, words: "no".to_owned() };
    let mut adjusted = Adjusted::default();
    for change in [
        Change::Api(Api::Messages),
        Change::MaxTokens(2048),
        Change::LeftOut(Optional::Temperature),
        Change::MessageField("reasoning_content".to_owned()),
    ] {
        adjusted.add(adjustment(change));
    }
    let text = serde_json::to_value(&adjusted).unwrap();
    assert_eq!(
        text,
        json!([
            {"change": "api", "to": "messages", "words": "no"},
            {"change": "max_tokens", "to": 2048, "words": "no"},
            {"change": "left_out", "to": "temperature", "words": "no"},
            {"change": "message_field", "to": "reasoning_content", "words": "no"},
        ])
    );
    assert_eq!(serde_json::from_value::<Adjusted>(text).unwrap(), adjusted);
    let settings = adjusted.apply(&all_set(None));
    assert_eq!((settings.api, settings.max_tokens), (Some(Api::Messages), Some(2048)));
}

// ---- the client ----

fn request() -> ChatRequest {
    let messages = vec![Message::User { content: "hello".to_owned() }];
    ChatRequest { messages, format: ReplyFormat::Text, max_tokens: None }
}

fn client(server: &Server, settings: ModelSettings, adjusted: Adjusted) -> EndpointClient {
    let endpoint = Endpoint { base_url: server.base_url(), key: Some("sk-test-key".into()), ..Endpoint::default() };
    EndpointClient::new(&endpoint, settings, adjusted).unwrap()
}

async fn ask(client: &EndpointClient) -> Result<ChatReply, ChatError> {
    client.complete(&request(), &CallContext::default()).await
}

/// Refuses a temperature, and answers what comes without one.
fn without_temperature(seen: &crate::server::Seen) -> Reply {
    if seen.body.get("temperature").is_some() {
        return Reply::json(400, openai("temperature is not supported", Some("temperature")));
    }
    Reply::says("ready")
}

#[tokio::test]
async fn a_refused_parameter_is_left_out_from_then_on() {
    let server = Server::start(|_, seen| without_temperature(seen));
    let settings = ModelSettings { temperature: Some(0.0), ..all_set(Some(Api::Chat)) };
    let first = client(&server, settings.clone(), Adjusted::default());
    assert!(ask(&first).await.unwrap().retries.is_empty());
    ask(&first).await.unwrap();
    assert_eq!(server.calls(), 3, "the refused call, the same without it, and the next one");
    let adjusted = first.adjusted();
    assert_eq!(adjusted.changes().into_iter().collect::<Vec<_>>(), ["temperature is not sent"]);
    assert_eq!(adjusted.iter().next().unwrap().words, "temperature is not supported");
    // A later client begins with what is known.
    ask(&client(&server, settings, adjusted)).await.unwrap();
    assert_eq!(server.calls(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_learn_once() {
    let server = Server::start(|_, seen| without_temperature(seen).late(Duration::from_millis(30)));
    let client = Arc::new(client(&server, all_set(Some(Api::Chat)), Adjusted::default()));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = Arc::clone(&client);
        calls.spawn(async move { ask(&client).await.map(|_| ()) });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(client.adjusted().iter().count(), 1);
    assert!(server.calls() <= 16, "{}", server.calls());
}

#[tokio::test]
async fn what_cannot_be_learnt_is_the_error() {
    let server = Server::of([Reply::json(400, openai("temperature is not supported", Some("temperature")))]);
    let client = client(&server, all_set(Some(Api::Chat)), Adjusted::default());
    let error = ask(&client).await.unwrap_err();
    assert_eq!((error.kind, server.calls()), (ErrorKind::BadRequest, 2));
}

#[tokio::test]
async fn the_api_is_found_by_what_comes_back() {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "ready"}], "usage": {"input_tokens": 9, "output_tokens": 2},
    });
    let response = json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "m",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ready"}]}],
    });
    for (path, answer, api) in [
        ("/v1/messages", Reply::json(200, message), Some(Api::Messages)),
        ("/v1/responses", Reply::json(200, response), Some(Api::Responses)),
        ("/v1/chat/completions", Reply::says("ready"), None),
    ] {
        let server = Server::start(move |_, seen| {
            if seen.path() == path { answer.clone() } else { Reply::json(404, json!({"error": "Not Found"})) }
        });
        let client = client(&server, ModelSettings { api: None, ..all_set(None) }, Adjusted::default());
        assert_eq!(ask(&client).await.unwrap().content.as_deref(), Some("ready"), "{path}");
        let calls = server.calls();
        ask(&client).await.unwrap();
        assert_eq!(server.calls(), calls + 1, "{path}: what was found is kept");
        let change = client.adjusted().iter().next().map(|adjustment| adjustment.change.clone());
        assert_eq!(change, api.map(Change::Api), "{path}");
        let last = server.seen().pop().unwrap();
        let key = if api == Some(Api::Messages) { "x-api-key" } else { "authorization" };
        assert!(last.header(key).is_some_and(|key| key.contains("sk-test-key")), "{path}");
    }
    // There is nothing at all, and the first refusal says so.
    let server = Server::of([Reply::json(404, json!({"error": "Not Found"}))]);
    let client = client(&server, all_set(None), Adjusted::default());
    assert_eq!(ask(&client).await.unwrap_err().kind, ErrorKind::NotFound);
    assert!(client.adjusted().is_empty());
}
