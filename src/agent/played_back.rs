//! What is played back to an endpoint of a reply as it came, where the reply cannot be played back unchanged.
//!
//! A reply that came as an object is a message of Chat Completions, and one that came as a list is of another API. Endpoints
//! check what they get back: some insist on the reasoning of every message, others on signatures of every call, and none takes
//! a message that says nothing. So of an object only what must change is changed, and a list that would have to change is
//! left out: the message is then written anew from its text and its calls, which every API takes.

use serde_json::{Map, Value};

/// The text that takes the place of thoughts. Some endpoints refuse a message without any.
const NO_THOUGHTS: &str = "[thoughts were dropped to fit the context limit]";

/// The fields of a message that hold thoughts as text.
const THOUGHTS: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// The field in which routers keep thoughts as a list of parts.
const DETAILS: &str = "reasoning_details";

/// The kinds of parts that are thoughts which can be read. Other parts are signatures and what is encrypted.
const READABLE: [&str; 2] = ["reasoning.text", "reasoning.summary"];

/// A reply that says nothing, with a text in place of its own.
pub(super) fn with_text(came: &Value, text: &str) -> Option<Value> {
    let mut message = came.as_object()?.clone();
    message.insert("content".to_owned(), text.into());
    Some(Value::Object(message))
}

/// A reply without its blocks of text that are blank, which no endpoint takes back.
pub(super) fn without_blank_text(came: &Value) -> Value {
    let is_blank =
        |block: &Value| block["type"] == "text" && block["text"].as_str().is_some_and(|text| text.trim().is_empty());
    match came {
        Value::Array(blocks) => blocks.iter().filter(|block| !is_blank(block)).cloned().collect(),
        other => other.clone(),
    }
}

/// A reply without the thoughts that can be read; none if it must be written anew. It stays as it is if it has no thoughts.
pub(super) fn without_thoughts(came: &Value) -> Option<Value> {
    let mut message = came.as_object()?.clone();
    for field in THOUGHTS {
        if let Some(text) = message.get_mut(field).filter(|text| text.is_string()) {
            *text = NO_THOUGHTS.into();
        }
    }
    keep(&mut message, DETAILS, |part| !part["type"].as_str().is_some_and(|kind| READABLE.contains(&kind)));
    // Some endpoints write thoughts as parts of the content.
    keep(&mut message, "content", |part| part["type"] != "thinking");
    Some(Value::Object(message))
}

/// A reply without the thoughts that can be read and with its text cut by this function; none if it must be written anew.
pub(super) fn shortened(came: &Value, cut: impl Fn(&str) -> String) -> Option<Value> {
    let mut message = without_thoughts(came)?;
    let text = cut(message.get("content")?.as_str()?);
    message["content"] = text.into();
    Some(message)
}

/// Keeps those items of a list in a message for which this holds.
fn keep(message: &mut Map<String, Value>, field: &str, holds: impl Fn(&Value) -> bool) {
    if let Some(Value::Array(parts)) = message.get_mut(field) {
        parts.retain(|part| holds(part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn thoughts_go_and_signatures_stay() {
        let signature = json!({"google": {"thought_signature": "c2ln"}});
        let calls = json!([{"id": "1", "type": "function", "extra_content": signature}]);
        for (came, expected) in [
            // DeepSeek and Kimi insist on the field in every message.
            (
                json!({"role": "assistant", "content": "a", "reasoning_content": "long"}),
                Some(json!({"role": "assistant", "content": "a", "reasoning_content": NO_THOUGHTS})),
            ),
            (
                json!({"content": null, "reasoning_content": null}),
                Some(json!({"content": null, "reasoning_content": null})),
            ),
            // Gemini insists on the signature of every call.
            (json!({"content": null, "tool_calls": calls}), Some(json!({"content": null, "tool_calls": calls}))),
            // OpenRouter: what is encrypted is a signature, too.
            (
                json!({"reasoning": "long", "reasoning_details": [
                    {"type": "reasoning.text", "text": "long"}, {"type": "reasoning.encrypted", "data": "x"}]}),
                Some(
                    json!({"reasoning": NO_THOUGHTS, "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}),
                ),
            ),
            // Mistral
            (
                json!({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}]}),
                Some(json!({"content": [{"type": "text", "text": "a"}]})),
            ),
            (json!([{"type": "reasoning", "encrypted_content": "x"}, {"type": "function_call"}]), None),
            (json!([{"type": "thinking", "signature": "x"}, {"type": "tool_use"}]), None),
        ] {
            let short = without_thoughts(&came);
            assert_eq!(short, expected, "{came}");
            if let Some(short) = short {
                assert_eq!(without_thoughts(&short), Some(short));
            }
        }
    }

    #[test]
    fn nothing_becomes_a_text() {
        let came = json!({"role": "assistant", "content": "", "reasoning_content": "hm"});
        let expected = json!({"role": "assistant", "content": "-", "reasoning_content": "hm"});
        assert_eq!(with_text(&came, "-"), Some(expected));
        assert_eq!(with_text(&json!([{"type": "thinking"}]), "-"), None);
        let blocks = json!([{"type": "thinking"}, {"type": "text", "text": " \n"}, {"type": "tool_use"}]);
        assert_eq!(without_blank_text(&blocks), json!([{"type": "thinking"}, {"type": "tool_use"}]));
        let message = json!({"content": ""});
        assert_eq!(without_blank_text(&message), message);
    }

    #[test]
    fn a_text_is_cut_where_it_stands() {
        let cut = |came: Value| shortened(&came, |text| text.chars().take(3).collect());
        let short = json!({"content": "abc", "reasoning": NO_THOUGHTS, "tool_calls": []});
        assert_eq!(cut(json!({"content": "abcd", "reasoning": "e", "tool_calls": []})), Some(short));
        for came in [json!({"content": null}), json!({"content": [{"type": "text"}]}), json!([{"type": "text"}])] {
            assert_eq!(cut(came), None);
        }
    }
}
