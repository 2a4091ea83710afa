//! Joins the pieces of a message that is streamed. Pure.

use serde_json::{Map, Value};

/// Whether the strings of this key are pieces of one text.
fn is_text(key: &str) -> bool {
    key.starts_with("reasoning")
        || matches!(
            key,
            "content" | "text" | "arguments" | "thinking" | "signature" | "refusal" | "summary" | "partial_json"
        )
}

/// Joins a piece to what came before. Strings of texts are appended, entries of lists are joined by their `index`, and of
/// other values the last one wins; nothing and an empty string take nothing away.
pub(super) fn join(whole: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (key, value) in piece {
        if let Some(old) = whole.get_mut(&key) {
            join_value(&key, old, value);
            continue;
        }
        let value = match value {
            Value::Array(entries) => {
                let mut joined = Vec::with_capacity(entries.len());
                join_lists(&mut joined, entries);
                Value::Array(joined)
            }
            other => other,
        };
        whole.insert(key, value);
    }
}

fn join_value(key: &str, old: &mut Value, new: Value) {
    match (old, new) {
        (_, Value::Null) => {}
        (Value::String(old), Value::String(new)) if is_text(key) => old.push_str(&new),
        (Value::String(old), Value::String(new)) if new.is_empty() && !old.is_empty() => {}
        (Value::Object(old), Value::Object(new)) => join(old, new),
        (Value::Array(old), Value::Array(new)) => join_lists(old, new),
        // Some models think in parts of a list and go on with a string, or the other way round.
        (Value::Array(old), Value::String(new)) if is_text(key) => join_lists(old, vec![text_part(new)]),
        (old @ Value::String(_), Value::Array(new)) if is_text(key) => {
            let mut parts = Vec::new();
            if let Value::String(text) = old
                && !text.is_empty()
            {
                parts.push(text_part(std::mem::take(text)));
            }
            join_lists(&mut parts, new);
            *old = Value::Array(parts);
        }
        (old, new) => *old = new,
    }
}

fn text_part(text: String) -> Value {
    let fields = [("type".to_owned(), Value::from("text")), ("text".to_owned(), text.into())];
    Value::Object(fields.into_iter().collect())
}

fn join_lists(old: &mut Vec<Value>, new: Vec<Value>) {
    for entry in new {
        match (of_same_entry(old, &entry).and_then(|place| old.get_mut(place)), entry) {
            (Some(Value::Object(old)), Value::Object(entry)) => join(old, entry),
            (_, entry) => old.push(entry),
        }
    }
}

/// The place of the entry of which this one is a further piece.
fn of_same_entry(old: &[Value], entry: &Value) -> Option<usize> {
    let text = |value: &'_ Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(index) = entry.get("index").and_then(Value::as_u64) {
        // Some servers give every call the index 0, and only the ids tell them apart.
        let is_other = |known: &Value, key: &str| match (text(known, key), text(entry, key)) {
            (Some(known), Some(new)) => !known.is_empty() && !new.is_empty() && known != new,
            _ => false,
        };
        return old.iter().rposition(|known| {
            known.get("index").and_then(Value::as_u64) == Some(index)
                && !is_other(known, "id")
                && !is_other(known, "type")
        });
    }
    let last = old.len().checked_sub(1)?;
    let of_text = matches!(text(entry, "type").as_deref(), Some("text" | "thinking"));
    let is_further = text(entry, "type") == text(&old[last], "type") && of_text && !begins_another(&old[last], entry);
    // A piece that says nothing of itself belongs to the entry before it.
    let named = ["id", "type", "name"].iter().any(|key| text(entry, key).is_some_and(|text| !text.is_empty()))
        || entry.get("function").is_some_and(|function| text(function, "name").is_some_and(|name| !name.is_empty()));
    (entry.is_object() && (is_further || !named)).then_some(last)
}

/// Whether a piece begins another thought: the one before it has its signature, which comes last, and this piece brings a
/// thought or a signature.
fn begins_another(before: &Value, piece: &Value) -> bool {
    let has = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    has(before, "signature") && (has(piece, "thinking") || has(piece, "signature"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn joined(pieces: Vec<Value>) -> Value {
        let mut whole = Map::new();
        for piece in pieces {
            if let Value::Object(piece) = piece {
                join(&mut whole, piece);
            }
        }
        Value::Object(whole)
    }

    #[test]
    fn pieces_of_many_servers() {
        for (pieces, whole) in [
            // The texts are appended byte for byte; the role comes once.
            (
                vec![
                    json!({"role": "assistant", "content": ""}),
                    json!({"content": "{\"a\""}),
                    json!({"content": ": 1}"}),
                ],
                json!({"role": "assistant", "content": "{\"a\": 1}"}),
            ),
            (
                vec![json!({"content": null, "reasoning_content": "h"}), json!({"reasoning_content": "m"})],
                json!({"content": null, "reasoning_content": "hm"}),
            ),
            (vec![json!({"content": "a"}), json!({"content": null})], json!({"content": "a"})),
            // A call in pieces, and a second one beside it.
            (
                vec![
                    json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
                    json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a"}}]}),
                    json!({"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "g", "arguments": "{}"}}]}),
                    json!({"tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": "\": 1}"}}]}),
                ],
                json!({"tool_calls": [
                    {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
                    {"index": 1, "id": "c2", "function": {"name": "g", "arguments": "{}"}},
                ]}),
            ),
            // Two whole calls with the same index.
            (
                vec![
                    json!({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}]}),
                    json!({"tool_calls": [{"index": 0, "id": "c2", "function": {"name": "f", "arguments": "{}"}}]}),
                ],
                json!({"tool_calls": [
                    {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}},
                    {"index": 0, "id": "c2", "function": {"name": "f", "arguments": "{}"}},
                ]}),
            ),
            // Calls without an index.
            (
                vec![
                    json!({"tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{\"a\""}}]}),
                    json!({"tool_calls": [{"function": {"arguments": ":1}"}}]}),
                    json!({"tool_calls": [{"id": "c2", "function": {"name": "g", "arguments": "{}"}}]}),
                ],
                json!({"tool_calls": [
                    {"id": "c1", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                    {"id": "c2", "function": {"name": "g", "arguments": "{}"}},
                ]}),
            ),
            // What is signed and what is encrypted stays whole, and stays apart.
            (
                vec![
                    json!({"reasoning_details": [{"type": "reasoning.text", "text": "h", "index": 0, "format": "x"}]}),
                    json!({"reasoning_details": [{"type": "reasoning.text", "text": "m", "index": 0, "signature": "sig"}]}),
                    json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "AA==", "index": 0}]}),
                ],
                json!({"reasoning_details": [
                    {"type": "reasoning.text", "text": "hm", "index": 0, "format": "x", "signature": "sig"},
                    {"type": "reasoning.encrypted", "data": "AA==", "index": 0},
                ]}),
            ),
            (
                vec![
                    json!({"tool_calls": [{"index": 0, "id": "c1", "extra_content": {"google": {"thought_signature": "s"}}}]}),
                    json!({"tool_calls": [{"index": 0, "extra_content": {"google": {"thought_signature": "t"}}}]}),
                ],
                json!({"tool_calls": [{"index": 0, "id": "c1", "extra_content": {"google": {"thought_signature": "t"}}}]}),
            ),
            // A thought that has its signature is closed.
            (
                vec![
                    json!({"thinking_blocks": [{"type": "thinking", "thinking": "a", "signature": null}]}),
                    json!({"thinking_blocks": [{"type": "thinking", "thinking": "b"}]}),
                    json!({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S0"}]}),
                    json!({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": ""}]}),
                    json!({"thinking_blocks": [{"type": "thinking", "thinking": "c"}]}),
                    json!({"thinking_blocks": [{"type": "thinking", "signature": "S1"}]}),
                    json!({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S2"}]}),
                ],
                json!({"thinking_blocks": [
                    {"type": "thinking", "thinking": "ab", "signature": "S0"},
                    {"type": "thinking", "thinking": "c", "signature": "S1"},
                    {"type": "thinking", "thinking": "", "signature": "S2"},
                ]}),
            ),
            // Thoughts as parts of the content, and then a text.
            (
                vec![
                    json!({"content": ""}),
                    json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}),
                    json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "m"}], "closed": true}]}),
                    json!({"content": "a"}),
                    json!({"content": "b"}),
                ],
                json!({"content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": true},
                    {"type": "text", "text": "ab"},
                ]}),
            ),
        ] {
            assert_eq!(joined(pieces.clone()).to_string(), whole.to_string(), "{pieces:?}");
        }
    }
}
