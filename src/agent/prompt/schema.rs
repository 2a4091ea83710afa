//! The JSON Schemas of answers and of the parameters of functions.

use serde_json::{Map, Value, json};

use super::actions::{ActionDoc, ParameterDoc};
use crate::agent::think::Think;
use incident_env::{Dimension, LogLevel, Observation, Severity};

/// The most characters of the thought that an answer in JSON has before its action.
pub(super) const LONGEST_REASONING: u32 = 1_200;

/// The schema of an answer in JSON, which holds one of these actions.
pub(super) fn answer<'a>(
    actions: impl Iterator<Item = &'a ActionDoc>,
    observation: &Observation,
    think: Think,
) -> Value {
    let variants: Vec<_> = actions.map(|doc| action(doc, observation)).collect();
    let action = json!({ "anyOf": variants });
    // A model writes the properties in this order, so it thinks before it acts.
    let properties = match think {
        Think::On => {
            let reasoning = json!({ "type": "string", "maxLength": LONGEST_REASONING });
            json!({ "reasoning": reasoning, "action": action })
        }
        Think::Off => json!({ "action": action }),
    };
    let required: Vec<_> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The schema of one kind of action.
fn action(doc: &ActionDoc, observation: &Observation) -> Value {
    json!({
        "type": "object",
        "properties": {
            "action_type": { "type": "string", "enum": [doc.name] },
            "parameters": parameters(doc, observation, Absence::Null),
        },
        "required": ["action_type", "parameters"],
        "additionalProperties": false,
    })
}

/// How a model says that it does without an optional parameter. A strict schema requires every parameter.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Absence {
    LeftOut,
    Null,
}

/// The schema of the parameters of one kind of action.
pub(super) fn parameters(doc: &ActionDoc, observation: &Observation, absence: Absence) -> Value {
    let briefing = &observation.briefing;
    let property = |parameter: &ParameterDoc| {
        let names: Vec<&str> = match parameter.of.as_deref() {
            Some("known_services") => briefing.services.iter().map(|name| &**name).collect(),
            Some("available_runbooks") => briefing.runbooks.iter().map(|name| &**name).collect(),
            Some("feature_flags") => briefing.flags.iter().map(|name| &**name).collect(),
            Some("mechanisms") => briefing.mechanisms().iter().map(|name| &**name).collect(),
            Some("severities") => Severity::NAMES.to_vec(),
            Some("dimensions") => Dimension::NAMES.to_vec(),
            Some("levels") => LogLevel::NAMES.to_vec(),
            _ => Vec::new(),
        };
        let nullable = parameter.optional && absence == Absence::Null;
        let mut schema = json!({ "type": if nullable { json!(["string", "null"]) } else { json!("string") } });
        // An empty `enum` would allow nothing and is not a valid schema.
        if !names.is_empty() {
            let null = nullable.then_some(Value::Null);
            schema["enum"] = names.into_iter().map(Value::from).chain(null).collect();
        }
        (parameter.name.clone(), schema)
    };
    let is_required = |parameter: &&ParameterDoc| !parameter.optional || absence == Absence::Null;
    let required: Vec<_> = doc.parameters.iter().filter(is_required).map(|parameter| parameter.name.as_str()).collect();
    json!({
        "type": "object",
        "properties": doc.parameters.iter().map(property).collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}
