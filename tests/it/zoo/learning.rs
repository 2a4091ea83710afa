//! What an endpoint refuses is learnt in the check before a run, kept in the manifest with the endpoint's words, and not tried
//! again: neither in the run, nor when it is resumed or replayed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::endpoint::Endpoint;
use super::kinds;
use super::play::{play, problems_of_book, problems_of_row};
use crate::binary::Place;

/// All that stands under this key in a value, wherever it is.
fn all_under<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| if name == key { vec![value] } else { all_under(value, key) })
            .collect(),
        Value::Array(entries) => entries.iter().flat_map(|entry| all_under(entry, key)).collect(),
        _ => Vec::new(),
    }
}

/// The changes that the manifest of the newest run keeps, with the endpoint's words.
fn adjusted(place: &Place) -> BTreeMap<String, String> {
    let manifest: Value = serde_json::from_str(&place.kept("run.json")).unwrap();
    let lists = all_under(&manifest, "adjusted").into_iter().filter_map(Value::as_array);
    let change = |entry: &Value| {
        let to = entry["to"].as_str().map_or_else(|| entry["to"].to_string(), str::to_owned);
        (
            format!("{} {to}", entry["change"].as_str().unwrap_or_default()),
            entry["words"].as_str().unwrap_or_default().to_owned(),
        )
    };
    lists.flatten().map(change).collect()
}

/// A dialect, the arguments of the run, and the changes that are learnt, each with a part of the endpoint's words.
type Lesson = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const LESSONS: [Lesson; 12] = [
    (
        "openai-chat",
        &["--temperature", "0", "--protocol", "tools"],
        &[
            ("token_param max_completion_tokens", "Use 'max_completion_tokens' instead"),
            ("left_out temperature", "Only the default (1) value is supported"),
        ],
    ),
    (
        "openai-chat",
        &["--protocol", "json"],
        &[
            ("token_param max_completion_tokens", "Unsupported parameter: 'max_tokens'"),
            ("left_out maxLength", "'maxLength' is not permitted"),
        ],
    ),
    (
        "openai-gpt-6",
        &["--protocol", "tools"],
        &[
            ("token_param max_completion_tokens", "Unsupported parameter: 'max_tokens'"),
            ("api responses", "To use function tools, use /v1/responses"),
        ],
    ),
    ("openai-responses", &["--protocol", "text"], &[("api responses", "only supported in v1/responses")]),
    (
        "anthropic-native",
        &["--protocol", "tools"],
        &[
            ("api messages", "Not Found"),
            ("tool_choice auto", "Thinking may not be enabled when tool_choice forces tool use"),
        ],
    ),
    (
        "deepseek-v4",
        &["--protocol", "tools"],
        &[("tool_choice auto", "Thinking mode does not support this tool_choice")],
    ),
    (
        "deepseek-v4",
        &["--protocol", "json"],
        &[("response_format json_object", "This response_format type is unavailable now")],
    ),
    (
        "mistral-thinking-parts",
        &["--protocol", "tools"],
        &[("left_out stream_options", "Extra inputs are not permitted")],
    ),
    (
        "litellm",
        &["--protocol", "tools"],
        &[("left_out parallel_tool_calls", "does not support parameters: ['parallel_tool_calls']")],
    ),
    (
        "cerebras",
        &["--protocol", "text"],
        &[("message_field reasoning_content", "property 'messages.2.assistant.reasoning_content' is unsupported")],
    ),
    ("groq", &["--protocol", "tools"], &[("max_tokens 4000", "on tokens per minute (TPM): Limit 12000")]),
    (
        "xai",
        &["--reasoning-effort", "high"],
        &[("left_out reasoning_effort", "does not support parameter reasoningEffort")],
    ),
];

#[test]
fn what_is_refused_is_learnt_in_the_check_and_kept() {
    let mut problems = Vec::new();
    for (name, more, lessons) in LESSONS {
        let dialect = kinds::named(name);
        let endpoint = Endpoint::of(dialect);
        let played = play(dialect, &endpoint, more);
        let mut found = problems_of_book(&endpoint);
        if played.ended.code == Some(0) {
            found.extend(problems_of_row(&serde_json::from_str(&played.ended.stdout).unwrap(), dialect.model));
            let kept = adjusted(&played.place);
            let right = kept.len() == lessons.len()
                && lessons.iter().all(|(change, words)| kept.get(*change).is_some_and(|kept| kept.contains(words)));
            if !right {
                found.push(format!("learnt {kept:?} instead of {lessons:?}"));
            }
            let table = played.place.kept("SCORES.md");
            for parameter in lessons.iter().filter_map(|(change, _)| change.split(' ').next_back()) {
                if !table.contains(parameter) {
                    found.push(format!("'{parameter}' is not named under the table"));
                }
            }
        } else {
            found.push(format!("exit {:?}: {}", played.ended.code, played.ended.stderr));
        }
        // Each parameter is refused once.
        let refused = endpoint.book(|book| book.refused.len());
        if refused > lessons.len() {
            found.push(format!("{refused} requests were refused for {} lessons", lessons.len()));
        }
        problems.extend(found.into_iter().map(|problem| format!("{name} {}: {problem}", more.join(" "))));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
