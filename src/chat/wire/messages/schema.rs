//! Reduces a JSON Schema to what Anthropic's strict output takes. Pure.

use serde_json::Value;

/// The rules that strict output refuses. What they say stays in the description of the prompt.
const REFUSED: [&str; 10] = [
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "maxItems",
    "uniqueItems",
];

/// The schema without the rules that are refused.
pub(super) fn supported(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| !REFUSED.contains(&name.as_str()) || value.is_object());
            // The names below `properties` are no rules, and their values are schemas again.
            Value::Object(kept.map(|(name, value)| (name.clone(), supported(value))).collect())
        }
        Value::Array(entries) => Value::Array(entries.iter().map(supported).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_go_and_names_stay() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["pattern"],
            "properties": {"pattern": {"type": "string", "maxLength": 9}, "n": {"type": "integer", "minimum": 1}},
        });
        let expected = json!({
            "type": "object", "additionalProperties": false, "required": ["pattern"],
            "properties": {"pattern": {"type": "string"}, "n": {"type": "integer"}},
        });
        assert_eq!(supported(&schema), expected);
    }
}
