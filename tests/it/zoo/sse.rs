//! Writes answers as streams of events, in the pieces in which each API sends them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// The place of the counts in a stream of chunks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Usage {
    /// In a chunk of its own without choices, if it was asked for.
    IfAsked,
    /// In a chunk of its own without choices.
    Always,
    /// Beside the finish reason.
    WithFinish,
    /// In the choice with the finish reason.
    InChoice,
    /// Counted up in every chunk.
    InEveryChunk,
}

/// How an endpoint streams chat completions.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChatStream {
    pub(super) usage: Usage,
    /// A chunk before the first one.
    pub(super) opening: Option<&'static str>,
    /// A comment before the first chunk and between chunks.
    pub(super) comment: Option<&'static str>,
    /// Whether a call comes in one piece.
    pub(super) whole_calls: bool,
    /// Whether a chunk has fields without a value for all that it does not bring.
    pub(super) nulls: bool,
}

impl ChatStream {
    pub(super) const USUAL: Self =
        Self { usage: Usage::IfAsked, opening: None, comment: None, whole_calls: false, nulls: false };
}

/// Cuts a text into three pieces, of which the first ones are short.
fn pieces(text: &str) -> Vec<String> {
    let signs: Vec<char> = text.chars().collect();
    let cuts = [0, signs.len().min(3), signs.len().min(11), signs.len()];
    let piece = |pair: &[usize]| signs[pair[0]..pair[1]].iter().collect::<String>();
    cuts.windows(2).map(piece).filter(|piece| !piece.is_empty()).collect()
}

/// The pieces of a message of a chat completion.
fn deltas(message: &Value, style: &ChatStream) -> Vec<Value> {
    let fields = message.as_object().unwrap();
    let mut first = json!({"role": "assistant"});
    match fields.get("content") {
        Some(Value::Null) => first["content"] = Value::Null,
        Some(_) => first["content"] = "".into(),
        None => {}
    }
    let (mut deltas, mut last) = (vec![first], Vec::new());
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("content", Value::String(text)) => {
                last.extend(pieces(text).into_iter().map(|piece| json!({"content": piece})));
            }
            ("content", Value::Array(parts)) => last.extend(parts.iter().flat_map(content_part)),
            ("role" | "content", _) => {}
            ("tool_calls", Value::Array(calls)) => {
                for (index, call) in calls.iter().enumerate() {
                    last.extend(
                        call_in_pieces(index, call, style.whole_calls)
                            .into_iter()
                            .map(|piece| json!({"tool_calls": [piece]})),
                    );
                }
            }
            ("reasoning_details", Value::Array(details)) => {
                let parts = details.iter().flat_map(detail_in_pieces);
                deltas.extend(parts.map(|detail| json!({"reasoning_details": [detail]})));
            }
            (name, Value::String(text)) if name != "refusal" => {
                deltas.extend(pieces(text).into_iter().map(|piece| json!({name: piece})));
            }
            (name, other) => deltas.push(json!({name: other})),
        }
    }
    deltas.extend(last);
    if style.nulls {
        for delta in &mut deltas {
            for name in ["role", "content", "reasoning_content", "tool_calls"] {
                let known = fields.contains_key(name);
                let fields = delta.as_object_mut().unwrap();
                if known && !fields.contains_key(name) {
                    fields.insert(name.to_owned(), Value::Null);
                }
            }
        }
    }
    deltas
}

/// A part of a content that is a list: thoughts come as parts, and the text as strings.
fn content_part(part: &Value) -> Vec<Value> {
    if part["type"] == "text" {
        return pieces(part["text"].as_str().unwrap()).into_iter().map(|piece| json!({"content": piece})).collect();
    }
    let text = part["thinking"][0]["text"].as_str().unwrap();
    let thinking = |piece: String| json!([{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]);
    let mut parts: Vec<_> = pieces(text).into_iter().map(|piece| json!({"content": thinking(piece)})).collect();
    if let Some(last) = parts.last_mut() {
        last["content"][0]["closed"] = true.into();
    }
    parts
}

fn call_in_pieces(index: usize, call: &Value, is_whole: bool) -> Vec<Value> {
    let mut first = json!({ "index": index });
    first.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
    if is_whole {
        return vec![first];
    }
    let arguments = std::mem::replace(&mut first["function"]["arguments"], "".into());
    let rest = pieces(arguments.as_str().unwrap());
    let rest = rest.into_iter().map(|piece| json!({"index": index, "function": {"arguments": piece}}));
    std::iter::once(first).chain(rest).collect()
}

fn detail_in_pieces(detail: &Value) -> Vec<Value> {
    let Some(text) = detail["text"].as_str() else { return vec![detail.clone()] };
    let (start, end) = text.split_at(text.char_indices().nth(5).map_or(text.len(), |(place, _)| place));
    let mut fields: Map<String, Value> = detail.as_object().unwrap().clone();
    let signature = fields.shift_remove("signature").unwrap_or_default();
    let mut piece = |text: &str| {
        fields.insert("text".to_owned(), text.into());
        Value::from(fields.clone())
    };
    let (first, mut second) = (piece(start), piece(end));
    second["signature"] = signature;
    vec![first, second]
}

/// Writes a chat completion as chunks. The body is that of the answer in one piece.
pub(super) fn of_chat(body: &Value, style: &ChatStream, usage_is_asked: bool) -> String {
    let choice = &body["choices"][0];
    let mut envelope = body.as_object().unwrap().clone();
    envelope.shift_remove("choices");
    let usage = envelope.shift_remove("usage").unwrap_or_default();
    envelope.insert("object".to_owned(), "chat.completion.chunk".into());
    let mut out = String::new();
    let mut send = |choices: Value, usage: Option<&Value>| {
        let mut chunk = envelope.clone();
        chunk.insert("choices".to_owned(), choices);
        if let Some(usage) = usage {
            chunk.insert("usage".to_owned(), usage.clone());
        }
        if let Some(comment) = style.comment {
            let _ = write!(out, ": {comment}\n\n");
        }
        let _ = write!(out, "data: {}\n\n", Value::from(chunk));
    };
    let in_every = Some(&usage).filter(|_| style.usage == Usage::InEveryChunk);
    for delta in deltas(&choice["message"], style) {
        send(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]), in_every);
    }
    let mut end = json!({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]});
    // What an endpoint puts into a choice beside the message comes with its end.
    for (name, value) in choice.as_object().unwrap() {
        if !["index", "message", "finish_reason"].contains(&name.as_str()) {
            end[name] = value.clone();
        }
    }
    if style.usage == Usage::InChoice {
        end["usage"] = usage.clone();
    }
    let with_finish = matches!(style.usage, Usage::WithFinish | Usage::InEveryChunk);
    send(json!([end]), Some(&usage).filter(|_| with_finish));
    if style.usage == Usage::Always || (style.usage == Usage::IfAsked && usage_is_asked) {
        send(json!([]), Some(&usage));
    }
    let opening = style.opening.map_or(String::new(), |chunk| format!("data: {chunk}\n\n"));
    format!("{opening}{out}data: [DONE]\n\n")
}

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap())
}

/// Writes a response as events.
pub(super) fn of_responses(body: &Value) -> String {
    let mut begun = body.clone();
    begun["status"] = "in_progress".into();
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    let mut events = vec![json!({"type": "response.created", "response": begun})];
    for (place, item) in body["output"].as_array().unwrap().iter().enumerate() {
        let (kind, part, text) = match item["type"].as_str().unwrap() {
            "reasoning" => ("response.reasoning_summary_text.delta", "summary_index", &item["summary"][0]["text"]),
            "message" => ("response.output_text.delta", "content_index", &item["content"][0]["text"]),
            _ => ("response.function_call_arguments.delta", "sequence_number", &item["arguments"]),
        };
        let mut added = item.clone();
        added
            .as_object_mut()
            .unwrap()
            .retain(|name, _| ["id", "type", "call_id", "name", "role"].contains(&name.as_str()));
        events.push(json!({"type": "response.output_item.added", "output_index": place, "item": added}));
        for piece in pieces(text.as_str().unwrap()) {
            events.push(json!({"type": kind, "item_id": item["id"], "output_index": place, part: 0, "delta": piece}));
        }
        events.push(json!({"type": "response.output_item.done", "output_index": place, "item": item}));
    }
    events.push(json!({"type": "response.completed", "response": body}));
    events.iter().map(event).collect()
}

/// Writes a message of Anthropic as events.
pub(super) fn of_messages(body: &Value) -> String {
    let mut begun = body.clone();
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    begun["usage"]["output_tokens"] = 1.into();
    let mut events = vec![json!({"type": "message_start", "message": begun})];
    for (place, block) in body["content"].as_array().unwrap().iter().enumerate() {
        let delta = |delta: Value| json!({"type": "content_block_delta", "index": place, "delta": delta});
        let text = |name: &str| pieces(block[name].as_str().unwrap());
        let mut empty = block.clone();
        let parts: Vec<_> = match block["type"].as_str().unwrap() {
            "thinking" => {
                (empty["thinking"], empty["signature"]) = ("".into(), "".into());
                let thoughts =
                    text("thinking").into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
                let signature =
                    text("signature").into_iter().map(|piece| json!({"type": "signature_delta", "signature": piece}));
                thoughts.chain(signature).collect()
            }
            "text" => {
                empty["text"] = "".into();
                text("text").into_iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect()
            }
            "tool_use" => {
                empty["input"] = json!({});
                let parts = pieces(&block["input"].to_string());
                parts.into_iter().map(|piece| json!({"type": "input_json_delta", "partial_json": piece})).collect()
            }
            _ => Vec::new(),
        };
        events.push(json!({"type": "content_block_start", "index": place, "content_block": empty}));
        events.push(json!({"type": "ping"}));
        events.extend(parts.into_iter().map(delta));
        events.push(json!({"type": "content_block_stop", "index": place}));
    }
    let output = &body["usage"]["output_tokens"];
    events.push(json!({
        "type": "message_delta", "delta": {"stop_reason": body["stop_reason"], "stop_sequence": null},
        "usage": {"output_tokens": output},
    }));
    events.push(json!({"type": "message_stop"}));
    events.iter().map(event).collect()
}
