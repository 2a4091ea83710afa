//! Tests of Responses and Messages, and of what is played back: requests as snapshots, replies as tables.

use std::collections::BTreeSet;

use incident_bench::chat::wire::{self, ModelSettings, Optional, RawReply, ThinkingForm};
use incident_bench::chat::{
    Api, ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat, ToolCall, ToolSpec, Usage,
};
use serde_json::{Value, json};

fn settings(api: Api) -> ModelSettings {
    ModelSettings { model: "m".to_owned(), api: Some(api), max_tokens: Some(16_384), ..ModelSettings::default() }
}

fn read(api: Api, body: &Value) -> Result<ChatReply, ChatError> {
    let body = body.to_string();
    wire::parse_reply(api, &RawReply { status: 200, body: body.as_bytes(), ..RawReply::default() })
}

fn schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["service"],
        "properties": {"service": {"type": "string", "maxLength": 40}},
    })
}

fn formats() -> [(&'static str, ReplyFormat); 3] {
    let tool = ToolSpec { name: "query_logs".to_owned(), description: "Log lines.".to_owned(), parameters: schema() };
    [
        ("text", ReplyFormat::Text),
        ("json", ReplyFormat::Json { name: "incident_action".to_owned(), schema: schema() }),
        ("tools", ReplyFormat::Tools { tools: vec![tool] }),
    ]
}

fn system() -> Message {
    Message::System { content: "You are on call.".to_owned() }
}

fn user(content: &str) -> Message {
    Message::User { content: content.to_owned() }
}

fn result(call_id: &str, content: &str) -> Message {
    Message::Tool { call_id: call_id.to_owned(), content: content.to_owned() }
}

/// The model's message as a conversation keeps it.
fn said(reply: &ChatReply) -> Message {
    let nothing = reply.content.is_none() && reply.tool_calls.is_empty();
    Message::Assistant {
        content: reply.content.clone().or_else(|| nothing.then(|| "(no answer)".to_owned())),
        tool_calls: reply.tool_calls.clone(),
        as_it_came: reply.as_it_came.clone(),
    }
}

fn body(messages: Vec<Message>, format: ReplyFormat, settings: &ModelSettings) -> Value {
    wire::request_body(&ChatRequest { messages, format, max_tokens: None }, settings)
}

// ---- requests ----

#[test]
fn the_bodies_of_responses_and_messages() {
    for api in [Api::Responses, Api::Messages] {
        let settings = ModelSettings { temperature: Some(0.0), ..settings(api) };
        for (name, format) in formats() {
            let call = ToolCall {
                id: "c1".to_owned(),
                name: "query_logs".to_owned(),
                arguments: "{\"service\": 1".to_owned(),
            };
            let messages = vec![
                system(),
                user("It burns."),
                Message::Assistant {
                    content: Some("Let me see.".to_owned()),
                    tool_calls: vec![call],
                    as_it_came: None,
                },
                result("c1", "disk full"),
                user("Go on."),
            ];
            insta::assert_json_snapshot!(format!("{api}_{name}"), body(messages, format, &settings));
        }
    }
}

#[test]
fn thinking_is_asked_for_as_each_model_takes_it() {
    let tools = || formats().into_iter().last().unwrap().1;
    let ask = |settings: &ModelSettings| body(vec![system(), user("hello")], tools(), settings);
    let plain = ModelSettings { temperature: Some(0.0), ..settings(Api::Messages) };
    let auto = json!({"type": "auto", "disable_parallel_tool_use": true});
    let budget = ModelSettings { thinking_budget: Some(4_096), ..plain.clone() };
    let sent = ask(&budget);
    assert_eq!(sent["thinking"], json!({"type": "enabled", "budget_tokens": 4_096}));
    assert_eq!((&sent["tool_choice"], &sent["temperature"]), (&auto, &Value::Null));
    let sent = ask(&ModelSettings { thinking_form: ThinkingForm::Adaptive, ..budget.clone() });
    assert_eq!(sent["thinking"], json!({"type": "adaptive"}));
    // The thoughts are a part of the answer.
    assert_eq!(
        ask(&ModelSettings { thinking_budget: Some(90_000), ..plain.clone() })["thinking"]["budget_tokens"],
        16_383
    );
    let effort = ModelSettings { reasoning_effort: Some("high".to_owned()), ..plain.clone() };
    let sent = ask(&effort);
    assert_eq!((&sent["thinking"], &sent["output_config"]), (&json!({"type": "adaptive"}), &json!({"effort": "high"})));
    let left_out = [Optional::Thinking, Optional::ReasoningEffort].into();
    let sent = ask(&ModelSettings { left_out, ..effort });
    assert_eq!((&sent["thinking"], &sent["output_config"]), (&Value::Null, &Value::Null));
    assert_eq!(sent["tool_choice"], json!({"type": "any", "disable_parallel_tool_use": true}));
    let responses = ModelSettings { reasoning_effort: Some("high".to_owned()), ..settings(Api::Responses) };
    assert_eq!(ask(&responses)["reasoning"], json!({"effort": "high"}));
}

#[test]
fn everything_that_can_be_left_out_is_left_out() {
    let names = [
        "temperature",
        "tool_choice",
        "response_format",
        "strict",
        "parallel_tool_calls",
        "disable_parallel_tool_use",
        "reasoning_effort",
        "reasoning",
        "thinking",
        "stream",
        "stream_options",
        "cache_control",
        "include",
        "effort",
    ];
    for api in Api::ALL {
        for (name, format) in formats() {
            let settings = ModelSettings {
                temperature: Some(0.0),
                reasoning_effort: Some("high".to_owned()),
                thinking_budget: Some(2_000),
                left_out: Optional::ALL.into(),
                ..settings(api)
            };
            let text = body(vec![system(), user("hello")], format, &settings).to_string();
            for field in names {
                assert!(!text.contains(&format!("\"{field}\"")), "{api} {name}: {field} in {text}");
            }
        }
    }
}

#[test]
fn a_history_is_only_added_to() {
    // The prompt of a call is the beginning of the next one, but for the mark of the cache.
    for api in Api::ALL {
        let settings = settings(api);
        let mut messages = vec![system(), user("one")];
        let list = |messages: &[Message]| {
            let left_out = [Optional::CacheControl].into();
            let body = body(messages.to_vec(), ReplyFormat::Text, &ModelSettings { left_out, ..settings.clone() });
            let name = if api == Api::Responses { "input" } else { "messages" };
            serde_json::to_string(&body[name]).unwrap()
        };
        for turn in 0..4 {
            let before = list(&messages);
            messages.push(Message::Assistant {
                content: Some(format!("a{turn}")),
                tool_calls: vec![],
                as_it_came: None,
            });
            messages.push(user(&format!("u{turn}")));
            assert!(list(&messages).starts_with(before.trim_end_matches(']')), "{api}");
        }
    }
}

// ---- playback ----

/// Plays a reply back, and returns what stands for it in the next request.
fn played_back(api: Api, reply: &ChatReply, settings: &ModelSettings) -> Vec<Value> {
    let body = body(vec![user("hello"), said(reply)], ReplyFormat::Text, settings);
    match api {
        Api::Chat => body["messages"].as_array().unwrap()[1..].to_vec(),
        Api::Responses => body["input"].as_array().unwrap()[1..].to_vec(),
        Api::Messages => body["messages"][1]["content"].as_array().unwrap().clone(),
    }
}

#[test]
fn a_message_is_played_back_as_it_came() {
    let chat = [
        json!({"role": "assistant", "content": "a", "reasoning_content": "hm", "refusal": null, "annotations": []}),
        json!({"role": "assistant", "content": null, "reasoning_details": [{"type": "reasoning.encrypted", "data": "AA==", "id": "r", "format": "x", "index": 0}],
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{ \"a\":1 }"}, "extra_content": {"google": {"thought_signature": "c2ln"}}}]}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}], "role": "assistant", "next_years_field": {"b": [1.5]}}),
    ];
    for message in chat {
        let reply = read(Api::Chat, &json!({"choices": [{"message": message, "finish_reason": "stop"}]})).unwrap();
        // As text, because the order of keys counts too.
        let played = played_back(Api::Chat, &reply, &settings(Api::Chat));
        assert_eq!(played.iter().map(Value::to_string).collect::<Vec<_>>(), [message.to_string()]);
    }
    let items = json!([
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA", "next": 1},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
    ]);
    let reply = read(Api::Responses, &json!({"status": "completed", "output": items})).unwrap();
    assert_eq!(Value::Array(played_back(Api::Responses, &reply, &settings(Api::Responses))), items);
    let blocks = json!([
        {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "AA=="},
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
    ]);
    let reply = read(Api::Messages, &json!({"type": "message", "content": blocks, "stop_reason": "tool_use"})).unwrap();
    assert_eq!(Value::Array(played_back(Api::Messages, &reply, &settings(Api::Messages))), blocks);
}

#[test]
fn what_would_make_the_next_request_invalid_is_mended() {
    let call =
        |arguments: &str| json!({"id": "", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let message =
        json!({"role": "assistant", "content": null, "tool_calls": [call("{\"a"), call("[1]"), call("{\"a\": 1}")]});
    let reply = read(Api::Chat, &json!({"choices": [{"message": message}]})).unwrap();
    assert_eq!(reply.tool_calls[0].arguments, "{\"a", "what the model wrote is kept");
    let played = played_back(Api::Chat, &reply, &settings(Api::Chat)).remove(0);
    let calls: Vec<_> = played["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| (&call["id"], &call["function"]["arguments"]))
        .collect();
    assert_eq!(
        calls,
        [(&json!("call_0"), &json!("{}")), (&json!("call_1"), &json!("{}")), (&json!("call_2"), &json!("{\"a\": 1}"))]
    );
    // A message of thoughts alone gets a text.
    for (api, answer, texts) in [
        (
            Api::Chat,
            json!({"choices": [{"message": {"role": "assistant", "content": "", "reasoning_content": "hm"}, "finish_reason": "length"}]}),
            "\"content\":\"(no answer)\"",
        ),
        (
            Api::Responses,
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [{"type": "reasoning", "id": "rs_1", "summary": []}]}),
            "{\"role\":\"assistant\",\"content\":\"(no answer)\"}",
        ),
        (
            Api::Messages,
            json!({"content": [{"type": "thinking", "thinking": "hm", "signature": "s"}], "stop_reason": "max_tokens"}),
            "{\"type\":\"text\",\"text\":\"(no answer)\"}",
        ),
    ] {
        let reply = read(api, &answer).unwrap();
        assert_eq!((reply.content.as_deref(), &reply.finish), (None, &FinishReason::Length), "{api}");
        let played = Value::Array(played_back(api, &reply, &settings(api))).to_string();
        assert!(played.contains(texts), "{played}");
    }
    // Arguments that were no JSON came as a text.
    let blocks = json!([{"type": "tool_use", "id": "t1", "name": "f", "input": "{\"a"}]);
    let reply = read(Api::Messages, &json!({"content": blocks, "stop_reason": "tool_use"})).unwrap();
    assert_eq!(reply.tool_calls[0].arguments, "{\"a");
    assert_eq!(played_back(Api::Messages, &reply, &settings(Api::Messages))[0]["input"], json!({}));
}

#[test]
fn a_field_that_is_refused_is_not_played_back() {
    let message =
        json!({"role": "assistant", "content": "a", "reasoning_content": "hm", "x": {"reasoning_content": 1, "y": 2}});
    let reply = read(Api::Chat, &json!({"choices": [{"message": message}]})).unwrap();
    let fields_left_out = BTreeSet::from(["reasoning_content".to_owned()]);
    let played = played_back(Api::Chat, &reply, &ModelSettings { fields_left_out, ..settings(Api::Chat) });
    assert_eq!(played, [json!({"role": "assistant", "content": "a", "x": {"y": 2}})]);
}

#[test]
fn a_message_of_another_api_is_written_anew() {
    let reply = read(
        Api::Messages,
        &json!({"content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
    ], "stop_reason": "tool_use"}),
    )
    .unwrap();
    let call = json!({"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}});
    assert_eq!(
        played_back(Api::Chat, &reply, &settings(Api::Chat)),
        [json!({"role": "assistant", "content": "a", "tool_calls": [call]})]
    );
    assert_eq!(
        played_back(Api::Responses, &reply, &settings(Api::Responses)),
        [
            json!({"role": "assistant", "content": "a"}),
            json!({"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{\"a\":1}"}),
        ]
    );
}

// ---- replies ----

#[test]
fn responses_are_read() {
    let reply = read(
        Api::Responses,
        &json!({
            "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-6-sol", "service_tier": "flex", "error": null,
            "output": [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}]},
                {"type": "function_call", "call_id": "c1", "id": "fc_1", "name": "f", "arguments": "{\"a\": "},
            ],
            "usage": {"input_tokens": 75, "input_tokens_details": {"cached_tokens": 50}, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}},
        }),
    )
    .unwrap();
    assert_eq!((reply.content.as_deref(), reply.reasoning.as_deref()), (Some("ab"), Some("hm")));
    assert_eq!(
        reply.tool_calls,
        [ToolCall { id: "c1".to_owned(), name: "f".to_owned(), arguments: "{\"a\": ".to_owned() }]
    );
    assert_eq!((&reply.finish, reply.served.service_tier.as_deref()), (&FinishReason::ToolCalls, Some("flex")));
    let usage =
        Usage { prompt_tokens: 75, cached_tokens: 50, completion_tokens: 9, reasoning_tokens: 4, ..Usage::default() };
    assert_eq!((reply.usage, reply.request_id.as_deref()), (Some(usage), Some("resp_1")));
    let says = |part: Value| json!([{"type": "message", "content": [part]}]);
    for (status, details, output, finish) in [
        ("completed", json!(null), says(json!({"type": "output_text", "text": "a"})), FinishReason::Stop),
        ("completed", json!(null), says(json!({"type": "refusal", "refusal": "a"})), FinishReason::Refusal),
        (
            "incomplete",
            json!({"reason": "max_output_tokens"}),
            says(json!({"type": "output_text", "text": "a"})),
            FinishReason::Length,
        ),
        (
            "incomplete",
            json!({"reason": "content_filter"}),
            says(json!({"type": "output_text", "text": "a"})),
            FinishReason::ContentFilter,
        ),
    ] {
        let reply =
            read(Api::Responses, &json!({"status": status, "incomplete_details": details, "output": output})).unwrap();
        assert_eq!((reply.content.as_deref(), reply.finish), (Some("a"), finish), "{status} {details}");
    }
    for (body, kind) in [
        (
            json!({"status": "failed", "error": {"code": "server_error", "message": "x"}, "output": []}),
            ErrorKind::Server,
        ),
        (json!({"status": "completed", "output": []}), ErrorKind::EmptyChoices),
        (json!({"status": "completed"}), ErrorKind::MalformedBody),
        (json!({"choices": []}), ErrorKind::MalformedBody),
    ] {
        assert_eq!(read(Api::Responses, &body).unwrap_err().kind, kind, "{body}");
    }
}

#[test]
fn messages_are_read() {
    let reply = read(
        Api::Messages,
        &json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "stop_reason": "tool_use",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "a"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            ],
            "usage": {
                "input_tokens": 50, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 1000, "output_tokens": 100,
                "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}, "service_tier": "standard",
            },
        }),
    )
    .unwrap();
    assert_eq!((reply.content.as_deref(), reply.reasoning.as_deref()), (Some("a"), Some("hm")));
    assert_eq!(
        reply.tool_calls,
        [ToolCall { id: "t1".to_owned(), name: "f".to_owned(), arguments: "{\"a\":1}".to_owned() }]
    );
    assert_eq!((&reply.finish, reply.served.service_tier.as_deref()), (&FinishReason::ToolCalls, Some("standard")));
    let usage = Usage {
        prompt_tokens: 10_050,
        cached_tokens: 9_000,
        cache_write_tokens: 400,
        cache_write_hour_tokens: 600,
        completion_tokens: 100,
        reasoning_tokens: 0,
    };
    assert_eq!(reply.usage, Some(usage));
    for (reason, finish) in [
        ("end_turn", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("refusal", FinishReason::Refusal),
        ("model_context_window_exceeded", FinishReason::ContextWindow),
        ("pause_turn", FinishReason::Other("pause_turn".to_owned())),
    ] {
        let body = json!({"content": [{"type": "text", "text": "a"}], "stop_reason": reason});
        assert_eq!(read(Api::Messages, &body).unwrap().finish, finish);
    }
    for (body, kind) in [
        (json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), ErrorKind::Server),
        (json!({"content": [], "stop_reason": null}), ErrorKind::EmptyChoices),
        (json!({"content": "a"}), ErrorKind::MalformedBody),
    ] {
        assert_eq!(read(Api::Messages, &body).unwrap_err().kind, kind, "{body}");
    }
}

#[test]
fn a_refusal_is_no_answer() {
    for message in [
        json!({"role": "assistant", "content": null, "refusal": "I can't help."}),
        json!({"role": "assistant", "content": [{"type": "refusal", "refusal": "I can't help."}]}),
    ] {
        let reply = read(Api::Chat, &json!({"choices": [{"message": message, "finish_reason": "stop"}]})).unwrap();
        assert_eq!((reply.content.as_deref(), reply.finish), (Some("I can't help."), FinishReason::Refusal));
    }
}

#[test]
fn who_served_and_what_it_cost() {
    let reply = read(
        Api::Chat,
        &json!({
            "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "provider": "DeepInfra",
            "service_tier": "default", "system_fingerprint": "fp_1", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.25},
        }),
    )
    .unwrap();
    assert_eq!(reply.billed_usd, Some(0.25));
    assert_eq!(reply.served.provider.as_deref(), Some("DeepInfra"));
    assert_eq!(
        (reply.served.service_tier.as_deref(), reply.served.system_fingerprint.as_deref()),
        (Some("default"), Some("fp_1"))
    );
}
