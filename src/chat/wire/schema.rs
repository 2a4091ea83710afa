//! Reduces a JSON Schema to what an endpoint takes. Pure.

use serde_json::Value;

/// The rules that Anthropic's strict output refuses. What they say stays in the description of the prompt.
pub(super) const REFUSED_BY_MESSAGES: [&str; 10] = [
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

/// The rule on the length of a string, which strict output of `OpenAI` refuses as well.
pub(super) const LENGTH: [&str; 1] = ["maxLength"];

/// The schema without these rules.
pub(super) fn without(schema: &Value, rules: &[&str]) -> Value {
    match schema {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| !rules.contains(&name.as_str()) || value.is_object());
            // The names below `properties` are no rules, and their values are schemas again.
            Value::Object(kept.map(|(name, value)| (name.clone(), without(value, rules))).collect())
        }
        Value::Array(entries) => Value::Array(entries.iter().map(|entry| without(entry, rules)).collect()),
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
        assert_eq!(without(&schema, &REFUSED_BY_MESSAGES), expected);
    }
}
