//! What an endpoint refuses is learnt in the check before a run, kept in the manifest with the endpoint's words, and not tried
//! again: neither in the run, nor when it is resumed or replayed.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::dialect::{Dialect, USUAL, refuses};
use super::endpoint::{Endpoint, KEY};
use super::kinds;
use super::play::{arguments, configured_price, play, problems_of_book, problems_of_row};
use crate::binary::{Ended, Place};

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

/// What of the changes no line of a text names.
fn unnamed(text: &str, lessons: &[(&str, &str)]) -> Vec<String> {
    let is_named = |change: &str| {
        let parts: Vec<_> = match change.split_once(' ') {
            Some((kind @ ("tool_choice" | "response_format" | "max_tokens"), to)) => vec![kind, to],
            Some((_, to)) => vec![to],
            None => vec![change],
        };
        text.lines().any(|line| parts.iter().all(|part| line.contains(part)))
    };
    let changes = lessons.iter().map(|(change, _)| *change);
    changes.filter(|change| !is_named(change)).map(|change| format!("'{change}' is not named")).collect()
}

#[test]
fn what_is_refused_is_learnt_in_the_check_and_kept() {
    let mut problems = Vec::new();
    for (name, more, lessons) in LESSONS {
        let dialect = kinds::named(name);
        let endpoint = Endpoint::of(dialect);
        let played = play(dialect, &endpoint, more);
        let mut found = problems_of_book(&endpoint, 1);
        if played.ended.code == Some(0) {
            found.extend(problems_of_row(&serde_json::from_str(&played.ended.stdout).unwrap(), dialect.model));
            let kept = adjusted(&played.place);
            let right = kept.len() == lessons.len()
                && lessons.iter().all(|(change, words)| kept.get(*change).is_some_and(|kept| kept.contains(words)));
            if !right {
                found.push(format!("learnt {kept:?} instead of {lessons:?}"));
            }
            found.extend(unnamed(&played.place.kept("SCORES.md").replace("\\_", "_"), lessons));
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

#[test]
fn the_doctor_says_what_is_learnt() {
    for (name, _, lessons) in LESSONS.iter().filter(|(_, more, _)| *more == ["--protocol", "text"]) {
        let dialect = kinds::named(name);
        let (place, endpoint) = (Place::empty(), Endpoint::of(dialect));
        let url = endpoint.base_url();
        let mut command = place.command(&["doctor", "--model", dialect.model, "--base-url", &url]);
        let ended = Ended::of(&command.env("API_KEY", KEY).output().unwrap()).exits(0);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(unnamed(&said, lessons), [""; 0], "{name}");
    }
}

/// Refuses a parameter that it took in the check and at the beginning of an incident.
static MOODY: Dialect = Dialect {
    name: "moody",
    sources: "a router that moves a conversation to another provider (2026)",
    refuses: &[refuses(
        |body| {
            body.get("parallel_tool_calls").is_some() && body["messages"].as_array().is_some_and(|all| all.len() > 5)
        },
        400,
        r#"{"error": {"message": "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.", "type": "invalid_request_error", "param": "parallel_tool_calls", "code": "unsupported_parameter"}}"#,
    )],
    ..USUAL
};

/// The number of episodes that are played at once.
const AT_ONCE: usize = 6;

#[test]
fn what_is_refused_in_the_midst_of_a_run_is_learnt_once() {
    let endpoint = Endpoint::of(&MOODY);
    let at_once = AT_ONCE.to_string();
    let played = play(&MOODY, &endpoint, &["--protocol", "tools", "--concurrency", &at_once]);
    assert_eq!(played.ended.code, Some(0), "{}", played.ended.stderr);
    let summary = serde_json::from_str(&played.ended.stdout).unwrap();
    assert_eq!(problems_of_row(&summary, MOODY.model), [""; 0]);
    // Calls in flight are refused as well and sent again; after that nothing is refused.
    let refused = endpoint.book(|book| book.refused.len());
    assert!((1..=AT_ONCE).contains(&refused), "{refused}");
    assert_eq!(endpoint.book(|book| book.notes.clone()), [""; 0]);
    // It was no part of the check, so it is an event.
    let events = played.place.kept("events.jsonl");
    assert_eq!(events.matches("Unsupported parameter: 'parallel_tool_calls'").count(), 1);
    let lesson = [("left_out parallel_tool_calls", "")];
    assert_eq!(unnamed(&played.place.kept("SCORES.md").replace("\\_", "_"), &lesson), [""; 0]);
}

#[test]
fn what_a_killed_run_has_learnt_is_not_learnt_again() {
    let place = Place::empty();
    place.write("bench.toml", &configured_price(&MOODY));
    let endpoint = Endpoint::slow(&MOODY, Duration::from_millis(20));
    let url = endpoint.base_url();
    let words = arguments(&MOODY, &url, &["--protocol", "tools", "--concurrency", "1"]);
    let mut command = place.command(&words);
    let mut child = command.env("API_KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(120);
    while !(place.path("results/latest").exists() && place.kept("events.jsonl").contains("\"endpoint.adjusted\"")) {
        assert!(Instant::now() < end && child.try_wait().unwrap().is_none(), "nothing was learnt");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let refused = endpoint.book(|book| book.refused.len());
    let resumed = place.command(&["resume", "--quiet"]).env("API_KEY", KEY).output().unwrap();
    Ended::of(&resumed).exits(0);
    assert_eq!((refused, endpoint.book(|book| book.refused.len())), (1, 1));
    assert_eq!(problems_of_row(&place.summary(), MOODY.model), [""; 0]);
}
