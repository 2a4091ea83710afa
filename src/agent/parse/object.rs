//! Reads an action from JSON, whatever the model called its keys.

use serde_json::{Map, Value};

use super::{json, name};
use incident_env::{Action, ActionKind};

/// The keys under which some models put the whole action.
const WRAPPERS: [&str; 5] = ["action", "next_action", "function", "tool_call", "tool_calls"];

/// The keys under which models put the name of the action.
const NAMES: [&str; 6] = ["action_type", "action", "tool", "name", "function", "tool_name"];

/// The keys under which models put the parameters.
const PARAMETERS: [&str; 5] = ["parameters", "arguments", "args", "params", "input"];

/// The parameters that some models write beside the action instead of within it.
const KNOWN: [&str; 9] = [
    "service",
    "severity",
    "failure_mode",
    "summary",
    "flag",
    "runbook_action",
    "target_version",
    "target",
    "replicas",
];

/// Reads the action of a JSON value, if it has one.
pub(super) fn from_value(value: &Value) -> Option<Action> {
    match value {
        Value::Object(object) => from_object(object),
        // This is a plan, whose first action is the next one.
        Value::Array(items) => items.iter().find_map(from_value),
        Value::String(text) if text.trim_start().starts_with('{') => from_object(&json::first_object(text)?),
        _ => None,
    }
}

/// Reads the action of a JSON object, if it has one.
pub(super) fn from_object(object: &Map<String, Value>) -> Option<Action> {
    let own = object.get("action_type").and_then(Value::as_str).filter(|name| name::is_known(name));
    let wrappers = if own.is_some() { &[][..] } else { &WRAPPERS };
    let parameters = || PARAMETERS.iter().find_map(|key| object.get_key_value(*key));
    let within = |wrapper: &&str| match (object.get(*wrapper)?, parameters()) {
        // Groq's Llama writes the parameters beside the function: `{"function": {"name": …}, "parameters": {…}}`.
        (Value::Object(inner), Some((key, value))) if !PARAMETERS.iter().any(|key| inner.contains_key(*key)) => {
            let mut whole = inner.clone();
            whole.insert(key.clone(), value.clone());
            from_object(&whole)
        }
        (inner, _) => from_value(inner),
    };
    if let Some(action) = wrappers.iter().find_map(within) {
        return Some(action);
    }
    let Some(name) = NAMES.iter().find_map(|key| object.get(*key).and_then(Value::as_str)) else {
        return keyed_by_name(object);
    };
    let mut parameters = match parameters().map(|(_, value)| value) {
        Some(Value::Object(parameters)) => parameters.clone(),
        Some(Value::String(text)) => json::first_object(text).unwrap_or_default(),
        _ => Map::new(),
    };
    for key in KNOWN.into_iter().chain(name::optional_parameters(name)) {
        if let (false, Some(value)) = (parameters.contains_key(key), object.get(key)) {
            parameters.insert(key.to_owned(), value.clone());
        }
    }
    Some(build(name, parameters))
}

/// Reads an object whose only key is the name of an action: `{"query_logs": {"service": "web"}}`.
fn keyed_by_name(object: &Map<String, Value>) -> Option<Action> {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, Value::Object(parameters))), None) if name::is_known(name) => {
            Some(build(name, parameters.clone()))
        }
        _ => None,
    }
}

/// Makes an action whose known parameters have their right types: a model that writes `"replicas": "3"` means 3.
pub(super) fn build(name: &str, mut parameters: Map<String, Value>) -> Action {
    for (key, value) in &mut parameters {
        let known = KNOWN.contains(&key.as_str()) || key == "reasoning";
        if key == "replicas" {
            let whole = match value {
                Value::String(text) => text.trim().parse::<i64>().ok(),
                Value::Number(n) => n.as_i64(),
                _ => None,
            };
            *value = whole.map_or(Value::Null, Value::from);
        } else if known && !value.is_null() && !value.is_string() {
            let words = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            let text = match &*value {
                Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
                other => other.to_string(),
            };
            *value = Value::String(text);
        }
    }
    let kind = match name::called(name) {
        Some((kind, arguments)) => {
            for (key, value) in arguments {
                parameters.entry(key).or_insert(Value::String(value));
            }
            kind
        }
        None => ActionKind::from(name::plain(name)),
    };
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}
