//! Tests of what the client learns from refusals: the words are those of real endpoints, as their users reported them.

use std::sync::Arc;
use std::time::Duration;

use incident_bench::chat::adjust::{Adjusted, Adjustment, Change, Sent, learn, uncarried};
use incident_bench::chat::endpoint::{Endpoint, EndpointClient};
use incident_bench::chat::wire::{self, ModelSettings, Optional, RawReply};
use incident_bench::chat::{
    Api, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, Message, ReplyFormat, ToolSpec,
};
use serde_json::{Map, Value, json};

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

/// What was sent with these settings: all that a request for a call and one for JSON have, and messages with many fields.
fn sent(settings: &ModelSettings) -> Sent {
    let schema = json!({"type": "object", "properties": {"reasoning": {"type": "string", "maxLength": 9}}});
    let fields = json!({
        "role": "assistant", "content": "x", "reasoning_content": "x", "reasoning": "x", "annotations": [],
        "reasoning_details": [{"type": "reasoning.text", "text": "x", "signature": "x"}], "thoughtSignature": "x",
        "caller": {"type": "direct"},
    });
    let block = json!([{"type": "tool_use", "id": "1", "name": "a", "input": {}, "caller": {"type": "direct"}}]);
    let item =
        json!([{"type": "function_call", "call_id": "1", "name": "a", "arguments": "{}", "status": "completed"}]);
    let as_it_came = [fields, block, item].map(|raw| Message::Assistant {
        content: None,
        tool_calls: Vec::new(),
        as_it_came: Some(raw),
    });
    let messages: Vec<_> = std::iter::once(Message::User { content: "hello".to_owned() }).chain(as_it_came).collect();
    let tool = ToolSpec { name: "a".to_owned(), description: "b".to_owned(), parameters: schema.clone() };
    let formats = [ReplyFormat::Tools { tools: vec![tool] }, ReplyFormat::Json { name: "a".to_owned(), schema }];
    let mut all = Map::new();
    for format in formats {
        let request = ChatRequest { messages: messages.clone(), format, max_tokens: None };
        let Value::Object(fields) = wire::request_body(&request, settings) else { unreachable!() };
        all.extend(fields);
    }
    Sent::of(&Value::Object(all), settings)
}

/// Returns what is learnt from a refusal of all that is set.
fn learnt_by(api: Api, status: u16, body: &Value) -> Option<Change> {
    let settings = all_set(Some(api));
    // What a filter refuses is an answer of the model's side, and teaches nothing.
    let error = read(status, body).err()?;
    learn(&settings, &Adjusted::default(), &sent(&settings), &error).map(|learnt| learnt.change)
}

/// Returns the error that a client reads from a refusal.
fn refusal(status: u16, body: &Value) -> ChatError {
    read(status, body).unwrap_err()
}

fn read(status: u16, body: &Value) -> Result<ChatReply, ChatError> {
    let body = body.to_string();
    let raw = RawReply { status, body: body.as_bytes(), ..RawReply::default() };
    wire::parse_reply(Api::Chat, &raw)
}

/// An error in the form of `OpenAI`.
fn openai(message: &str, param: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": null}})
}

/// A refusal of a real endpoint, and what is learnt from it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Who refuses in these words, and where a user reported them.
    from: String,
    api: Api,
    status: u16,
    body: Value,
    /// The change; none if nothing can be learnt.
    learnt: Option<Change>,
}

#[test]
fn each_refusal_changes_the_parameter_that_it_names() {
    let table: Vec<Known> = serde_json::from_str(include_str!("fixtures/refusals.json")).unwrap();
    assert!(table.len() > 50);
    let mut wrong = Vec::new();
    for Known { from, api, status, body, learnt } in table {
        let change = learnt_by(api, status, &body);
        if change != learnt {
            wrong.push(format!("{from}: {change:?} instead of {learnt:?}: {body}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
        if let Some(adjustment) = learn(&settings, &adjusted, &sent(&settings), &refusal(400, body)) {
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
            "max_tokens is not sent",
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
    assert_eq!((settings.api, settings.highest_limit), (Some(Api::Messages), Some(2048)));
}

// ---- the client ----

/// Settings in which every parameter is set that each API can carry.
fn carried(api: Option<Api>) -> ModelSettings {
    ModelSettings { thinking_budget: None, ..all_set(api) }
}

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
    let settings = ModelSettings { temperature: Some(0.0), ..carried(Some(Api::Chat)) };
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

#[tokio::test]
async fn a_limit_is_halved_where_no_number_is_said() {
    for (highest, answers, calls) in [(4_000, true, 4), (1_024, true, 5), (1_000, false, 5)] {
        let server = Server::start(move |_, seen| match seen.body["max_tokens"].as_u64() {
            Some(limit) if limit <= highest => Reply::says("ready"),
            _ => Reply::json(400, openai("max_tokens is too large for this model", None)),
        });
        let client = client(&server, carried(Some(Api::Chat)), Adjusted::default());
        assert_eq!((ask(&client).await.is_ok(), server.calls()), (answers, calls), "{highest}");
        let changes = client.adjusted().changes();
        assert!(changes.iter().any(|change| change.starts_with("max_tokens is ")), "{changes:?}");
    }
}

#[tokio::test]
async fn a_prompt_that_grows_lowers_a_limit_twice_at_most() {
    let server = Server::start(|call, seen| {
        let (limit, prompt) = (seen.body["max_tokens"].as_u64().unwrap(), 500 + 200 * call as u64);
        if prompt + limit <= 8_192 {
            return Reply::says("ready");
        }
        let message = format!(
            "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of {} \
             tokens: {prompt} tokens from the input messages and {limit} tokens for the completion.",
            prompt + limit
        );
        Reply::json(400, openai(&message, None))
    });
    let client = client(&server, carried(Some(Api::Chat)), Adjusted::default());
    let mut answered = 0;
    while ask(&client).await.is_ok() {
        answered += 1;
    }
    assert_eq!(
        (answered, server.calls()),
        (32, 35),
        "two refusals teach, and the last one says that the prompt is too long"
    );
    assert_eq!(client.adjusted().changes().into_iter().collect::<Vec<_>>(), ["max_tokens is 1024"]);
}

#[tokio::test]
async fn what_an_api_cannot_carry_is_not_said_to_hold() {
    for (api, temperature, budget, said) in [
        (Api::Chat, None, Some(2_000), Some("thinking is not sent")),
        (Api::Responses, None, Some(2_000), Some("thinking is not sent")),
        (Api::Messages, None, Some(2_000), None),
        (Api::Messages, Some(0.5), Some(2_000), Some("temperature is not sent")),
        (Api::Chat, Some(0.5), None, None),
        (Api::Messages, Some(0.5), None, None),
    ] {
        let settings =
            ModelSettings { temperature, thinking_budget: budget, reasoning_effort: None, ..all_set(Some(api)) };
        let changes: Vec<_> = uncarried(&settings).iter().map(|one| one.change.to_string()).collect();
        assert_eq!(changes, Vec::from_iter(said), "{api}");
        let server = Server::of([Reply::says("ready")]);
        let known: Vec<_> = client(&server, settings, Adjusted::default()).adjusted().changes().into_iter().collect();
        assert_eq!(known, Vec::from_iter(said), "{api} is known before the first call");
    }
    // The API is found by the first answer.
    let server = Server::of([Reply::says("ready")]);
    let client = client(&server, all_set(None), Adjusted::default());
    assert!(client.adjusted().is_empty());
    ask(&client).await.unwrap();
    assert_eq!(client.adjusted().changes().into_iter().collect::<Vec<_>>(), ["thinking is not sent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_learn_once() {
    let server = Server::start(|_, seen| without_temperature(seen).late(Duration::from_millis(30)));
    let client = Arc::new(client(&server, carried(Some(Api::Chat)), Adjusted::default()));
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
    let client = client(&server, carried(Some(Api::Chat)), Adjusted::default());
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
            if seen.path() == path {
                answer.clone()
            } else {
                Reply::json(404, json!({"error": format!("Cannot POST {}", seen.path())}))
            }
        });
        let client = client(&server, ModelSettings { api: None, ..carried(None) }, Adjusted::default());
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
    let client = client(&server, carried(None), Adjusted::default());
    assert_eq!(ask(&client).await.unwrap_err().kind, ErrorKind::NotFound);
    assert!(client.adjusted().is_empty());
}
