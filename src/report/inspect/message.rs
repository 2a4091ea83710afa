//! The conversation of an episode as messages.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ids;
use super::names::object;
use crate::chat::{ChatReply, FinishReason, Message, ToolCall};

/// The conversation so far.
pub(super) struct Conversation {
    sample: String,
    messages: Vec<Value>,
    /// The names of the functions by the ids of their calls.
    functions: BTreeMap<String, String>,
}

impl Conversation {
    pub(super) fn new(sample: &str) -> Self {
        Self { sample: sample.to_owned(), messages: Vec::new(), functions: BTreeMap::new() }
    }

    fn next_id(&self) -> String {
        ids::part(&self.sample, "message", self.messages.len())
    }

    /// Notes what was said to the model.
    pub(super) fn say(&mut self, message: &Message) {
        let id = self.next_id();
        let message = match message {
            Message::System { content } => json!({ "id": id, "role": "system", "content": content }),
            Message::User { content } => json!({ "id": id, "role": "user", "content": content }),
            Message::Assistant { content, tool_calls, .. } => object(json!({
                "id": id, "role": "assistant", "content": content.as_deref().unwrap_or_default(),
                "tool_calls": self.calls(tool_calls),
            })),
            Message::Tool { call_id, content } => object(json!({
                "id": id, "role": "tool", "content": content, "tool_call_id": call_id,
                "function": self.functions.get(call_id),
            })),
        };
        self.messages.push(message);
    }

    /// Notes what the model said, and returns it as a message.
    pub(super) fn answer(&mut self, reply: &ChatReply, model: &str) -> Value {
        let text = reply.content.as_deref().unwrap_or_default();
        let content = match reply.reasoning.as_deref().filter(|reasoning| !reasoning.is_empty()) {
            None => text.into(),
            Some(reasoning) => {
                json!([{ "type": "reasoning", "reasoning": reasoning }, { "type": "text", "text": text }])
            }
        };
        let message = object(json!({
            "id": self.next_id(), "role": "assistant", "content": content, "source": "generate",
            "tool_calls": self.calls(&reply.tool_calls), "model": model,
        }));
        self.messages.push(message.clone());
        message
    }

    fn calls(&mut self, calls: &[ToolCall]) -> Value {
        if calls.is_empty() {
            return Value::Null;
        }
        self.functions.extend(calls.iter().map(|call| (call.id.clone(), call.name.clone())));
        calls.iter().map(tool_call).collect()
    }

    /// The number of messages. A request that is made now contains all of them.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn into_messages(self) -> Vec<Value> {
        self.messages
    }
}

/// A call with its arguments as an object. Arguments that are not an object are kept under the key `arguments`, with
/// the reason.
fn tool_call(call: &ToolCall) -> Value {
    let (arguments, problem) = match serde_json::from_str(&call.arguments) {
        Ok(Value::Object(arguments)) => (arguments, None),
        _ if call.arguments.trim().is_empty() => (Map::new(), None),
        Ok(_) => (raw(call), Some("the arguments are no JSON object".to_owned())),
        Err(error) => (raw(call), Some(format!("the arguments are no JSON: {error}"))),
    };
    object(json!({
        "id": call.id, "function": call.name, "arguments": arguments, "parse_error": problem, "type": "function",
    }))
}

fn raw(call: &ToolCall) -> Map<String, Value> {
    [("arguments".to_owned(), call.arguments.as_str().into())].into_iter().collect()
}

/// The reason why the model stopped, in the words of the format.
pub(super) const fn stop_reason(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "stop",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
        FinishReason::ContextWindow => "model_length",
        FinishReason::Malformed | FinishReason::Other(_) => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &str) -> Value {
        tool_call(&ToolCall { id: "c".to_owned(), name: "f".to_owned(), arguments: arguments.to_owned() })
    }

    #[test]
    fn arguments_become_objects() {
        assert_eq!(call(r#"{"a": null}"#)["arguments"], json!({"a": null}));
        assert_eq!(call(" ")["arguments"], json!({}));
        for broken in [r#"{"a": 1"#, "[1]", "null", "x"] {
            let call = call(broken);
            assert_eq!(call["arguments"], json!({ "arguments": broken }));
            assert!(call["parse_error"].is_string(), "{call}");
        }
    }
}
