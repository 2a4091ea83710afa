//! Plays the model's earlier messages back as they came. Pure.
//!
//! Signatures, encrypted reasoning and whatever else an endpoint puts into a message survive, because nothing is taken
//! apart. What is changed would otherwise make the next request invalid: arguments that are no JSON object, a call
//! without an id, a message without text and calls, and a field that the endpoint refuses by its name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::chat::Api;

/// The message as it came, if it came by this API. Another API could not read it.
pub(super) fn of_api(as_it_came: Option<&Value>, api: Api) -> Option<&Value> {
    as_it_came.filter(|raw| match (api, raw) {
        (Api::Chat, raw) => raw.is_object(),
        (Api::Responses, Value::Array(items)) => !items.iter().any(is_block),
        (Api::Messages, Value::Array(blocks)) => blocks.iter().all(is_block),
        (Api::Responses | Api::Messages, _) => false,
    })
}

/// Whether an entry is a block of Messages and no item of Responses.
fn is_block(entry: &Value) -> bool {
    let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default();
    !matches!(kind, "message" | "reasoning" | "compaction")
        && !kind.ends_with("_call")
        && !kind.ends_with("_call_output")
}

/// The arguments of a call if they are a JSON object, otherwise `{}`. Servers parse them, and broken ones would turn the
/// model's mistake into a refusal of the whole conversation.
pub(super) fn valid_arguments(arguments: &str) -> Cow<'_, str> {
    match serde_json::from_str::<Map<String, Value>>(arguments) {
        Ok(_) => Cow::Borrowed(arguments),
        Err(_) => Cow::Borrowed("{}"),
    }
}

/// The id of a call that came without one, by its place among the calls of its message.
pub(super) fn id_of(place: usize) -> String {
    format!("call_{place}")
}

/// Removes fields from a message, wherever they are in it.
pub(super) fn leave_out(fields: &BTreeSet<String>, from: &mut Value) {
    if fields.is_empty() {
        return;
    }
    match from {
        Value::Object(object) => {
            object.retain(|name, _| !fields.contains(name));
            object.values_mut().for_each(|value| leave_out(fields, value));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| leave_out(fields, entry)),
        _ => {}
    }
}
