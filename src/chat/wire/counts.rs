//! Joins the counts of tokens that a stream gives in more than one place. Pure.

use serde_json::{Map, Value};

/// Joins counts to those that came before. The last count wins, but for one that is nothing: some endpoints count the prompt
/// in the first piece and the answer in the last, and give zeros for the rest.
pub(super) fn join_counts(whole: &mut Map<String, Value>, counts: Map<String, Value>) {
    for (name, new) in counts {
        match (whole.get_mut(&name), new) {
            (Some(Value::Object(old)), Value::Object(new)) => join_counts(old, new),
            (Some(old), new) if is_nothing(&new) && !is_nothing(old) => {}
            (_, new) => {
                whole.insert(name, new);
            }
        }
    }
}

/// Whether a value counts nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => number.as_f64().is_none_or(|number| number <= 0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_in_parts() {
        for (parts, whole) in [
            (
                vec![json!({"prompt_tokens": 1000, "completion_tokens": 0}), json!({"completion_tokens": 100})],
                json!({"prompt_tokens": 1000, "completion_tokens": 100}),
            ),
            (
                vec![
                    json!({"prompt_tokens": 9, "completion_tokens": 1}),
                    json!({"prompt_tokens": 0, "completion_tokens": 7}),
                ],
                json!({"prompt_tokens": 9, "completion_tokens": 7}),
            ),
            (
                vec![json!({"prompt_tokens": 9, "cost": 0.5}), json!({"cost": 0, "prompt_tokens": null})],
                json!({"prompt_tokens": 9, "cost": 0.5}),
            ),
            (vec![json!({"prompt_tokens": 0}), json!({"prompt_tokens": 9})], json!({"prompt_tokens": 9})),
            (
                vec![
                    json!({"prompt_tokens_details": {"cached_tokens": 5}}),
                    json!({"prompt_tokens_details": {"cached_tokens": 0, "x": 1}}),
                ],
                json!({"prompt_tokens_details": {"cached_tokens": 5, "x": 1}}),
            ),
            (vec![json!({"prompt_tokens": 9}), json!({"prompt_tokens": -1})], json!({"prompt_tokens": 9})),
        ] {
            let mut joined = Map::new();
            for part in parts {
                if let Value::Object(part) = part {
                    join_counts(&mut joined, part);
                }
            }
            assert_eq!(Value::Object(joined), whole);
        }
    }
}
