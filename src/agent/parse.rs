//! The tolerant parser: it finds an action in whatever a model wrote.
//!
//! Models answer with bare JSON, fenced JSON, JSON in prose, `<think>` blocks before it, trailing commas, a wrapper
//! object, keys of their own, or a tool call. All of these are read. A reply that cannot be read gets a named reason.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chat::{ChatReply, FinishReason, ToolCall};
use incident_env::{Action, ActionKind, LookParameter, Submission};

/// The reasons why a reply contains no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The reply is empty.
    #[error("the reply is empty")]
    Empty,
    /// The reply contains reasoning but no answer.
    #[error("the reply has reasoning but no answer")]
    ReasoningOnly,
    /// The provider's filter removed the answer.
    #[error("the provider's content filter stopped the reply")]
    ContentFilter,
    /// The token limit cut the answer before the action was complete.
    #[error("the reply was cut at the token limit before an action was complete")]
    Cut,
    /// The reply is text without JSON.
    #[error("the reply has no JSON object")]
    NoJson,
    /// The reply contains JSON but no action.
    #[error("the reply has JSON but no action_type")]
    NoAction,
    /// The reply is a tool call whose arguments are not JSON.
    #[error("the arguments of the function call are not valid JSON")]
    BadArguments,
}

/// Reads the action of a reply.
///
/// # Errors
/// Says what prevents it.
pub fn action(reply: &ChatReply) -> Result<Action, Unreadable> {
    let text = reply.content.as_deref().unwrap_or_default();
    let found = match reply.tool_calls.first() {
        // A call that cannot be read may come with a text that can.
        Some(call) => from_tool_call(call).or_else(|problem| from_text(text).map_err(|_| problem)),
        None => from_text(text),
    };
    match (found, &reply.finish) {
        (Ok(action), _) => Ok(action),
        (Err(_), FinishReason::ContentFilter) => Err(Unreadable::ContentFilter),
        (Err(_), FinishReason::Length) => Err(Unreadable::Cut),
        (Err(Unreadable::Empty), _) if reply.reasoning.as_deref().is_some_and(|text| !text.trim().is_empty()) => {
            Err(Unreadable::ReasoningOnly)
        }
        (Err(problem), _) => Err(problem),
    }
}

fn from_tool_call(call: &ToolCall) -> Result<Action, Unreadable> {
    let arguments = match call.arguments.trim() {
        "" => Value::Object(Map::new()),
        text => lenient_json(text).ok_or(Unreadable::BadArguments)?,
    };
    let Value::Object(arguments) = arguments else { return Err(Unreadable::BadArguments) };
    // Some models call a function "action" and put the whole action into the arguments. But if a function of this name
    // exists, its name says what is meant, whatever else among the arguments has that name.
    if !is_known(&call.name)
        && let Some(action) = from_object(&arguments)
    {
        return Ok(action);
    }
    Ok(build(&call.name, arguments))
}

/// Reads the action of a text.
///
/// # Errors
/// Says what prevents it.
pub fn from_text(text: &str) -> Result<Action, Unreadable> {
    if text.trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    let answer = without_thoughts(text);
    if answer.trim().is_empty() {
        return Err(Unreadable::ReasoningOnly);
    }
    // An answer that is JSON as a whole needs no search, however long it is.
    if let Some(action) = serde_json::from_str(answer.trim()).ok().as_ref().and_then(from_value) {
        return Ok(action);
    }
    let mut any_json = false;
    let mut unknown = None;
    for value in json_values(answer) {
        any_json = true;
        match from_value(&value) {
            Some(action) if !matches!(action.kind(), ActionKind::Other(_)) => return Ok(action),
            // This may be something else that has a name, and a real action may follow.
            Some(action) => unknown = unknown.or(Some(action)),
            None => {}
        }
    }
    unknown.ok_or(if any_json { Unreadable::NoAction } else { Unreadable::NoJson })
}

/// The text after the last `</think>`; nothing if the thoughts never end.
fn without_thoughts(text: &str) -> &str {
    for (open, close) in [("<think>", "</think>"), ("<thinking>", "</thinking>")] {
        if let Some(end) = text.rfind(close) {
            return &text[end + close.len()..];
        }
        if text.trim_start().starts_with(open) {
            return "";
        }
    }
    text
}

/// Finds every top-level JSON object or array in a text, repaired if that is possible.
fn json_values(text: &str) -> impl Iterator<Item = Value> + '_ {
    let (mut rest, mut left) = (text, MOST_SCANNED);
    std::iter::from_fn(move || {
        while let Some(start) = rest.find(['{', '[']).filter(|_| left > 0) {
            let candidate = &rest[start..];
            let end = balanced_end(candidate);
            left = left.saturating_sub(end.unwrap_or(LONGEST_VALUE.min(candidate.len())));
            let Some(end) = end else {
                // Prose such as "[note" never closes, but what follows it may.
                rest = &candidate[1..];
                continue;
            };
            match lenient_json(&candidate[..end]) {
                Some(value) => {
                    rest = &candidate[end..];
                    return Some(value);
                }
                None => rest = &candidate[1..],
            }
        }
        None
    })
    .take(64)
}

/// The most bytes of one JSON value.
const LONGEST_VALUE: usize = 64 * 1024;
/// The most bytes that are scanned repeatedly, because a million brackets must not take quadratic time.
const MOST_SCANNED: usize = 8 * 1024 * 1024;

/// The end of the bracket that opens a text. Brackets within strings do not count.
fn balanced_end(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate().take(LONGEST_VALUE) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads JSON after removing trailing commas and escaping raw line breaks in strings, if that is needed.
fn lenient_json(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(text))).ok()
}

fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let chars = text.char_indices();
    for (at, c) in chars {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '\n' if in_string => {
                out.push_str("\\n");
                continue;
            }
            '\r' | '\t' if in_string => {
                out.push(' ');
                continue;
            }
            ',' if !in_string => {
                let next = text[at + 1..].trim_start().chars().next();
                if matches!(next, Some('}' | ']') | None) {
                    continue;
                }
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

fn from_value(value: &Value) -> Option<Action> {
    match value {
        Value::Object(object) => from_object(object),
        // This is a plan, whose first action is the next one.
        Value::Array(items) => items.iter().find_map(from_value),
        _ => None,
    }
}

/// Whether an action of this name exists.
fn is_known(name: &str) -> bool {
    !matches!(ActionKind::from(name.trim()), ActionKind::Other(_)) || called(name.trim()).is_some()
}

fn from_object(object: &Map<String, Value>) -> Option<Action> {
    let own = object.get("action_type").and_then(Value::as_str).filter(|name| is_known(name));
    let wrappers = if own.is_some() { &[][..] } else { &WRAPPERS };
    for wrapper in wrappers {
        if let Some(inner @ (Value::Object(_) | Value::Array(_))) = object.get(*wrapper)
            && let Some(action) = from_value(inner)
        {
            return Some(action);
        }
    }
    let name = ["action_type", "action", "tool", "name", "function"]
        .iter()
        .find_map(|key| object.get(*key).and_then(Value::as_str))?;
    let named = ["parameters", "arguments", "args", "params", "input"].iter().find_map(|key| object.get(*key));
    let mut parameters = match named {
        Some(Value::Object(parameters)) => parameters.clone(),
        Some(Value::String(text)) => match lenient_json(text) {
            Some(Value::Object(parameters)) => parameters,
            _ => Map::new(),
        },
        _ => Map::new(),
    };
    // These parameters are beside the action instead of within it.
    for key in KNOWN {
        if let (false, Some(value)) = (parameters.contains_key(key), object.get(key)) {
            parameters.insert(key.to_owned(), value.clone());
        }
    }
    if let ActionKind::Diagnostic(kind) = ActionKind::from(name.trim()) {
        for key in LookParameter::of(kind).iter().map(|parameter| parameter.as_str()) {
            if let (false, Some(value)) = (parameters.contains_key(key), object.get(key)) {
                parameters.insert(key.to_owned(), value.clone());
            }
        }
    }
    Some(build(name, parameters))
}

/// The keys under which some models put the whole action.
const WRAPPERS: [&str; 5] = ["action", "next_action", "function", "tool_call", "tool_calls"];

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

/// Makes an action whose known parameters have their right types: a model that writes `"replicas": "3"` means 3.
fn build(name: &str, mut parameters: Map<String, Value>) -> Action {
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
    let kind = match called(name.trim()) {
        Some((kind, arguments)) => {
            for (key, value) in arguments {
                parameters.entry(key).or_insert(Value::String(value));
            }
            kind
        }
        None => ActionKind::from(name.trim()),
    };
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}

/// Reads an action that is written as a call in place of its name: `query_logs(web)`, `query_logs(service=web)`.
fn called(name: &str) -> Option<(ActionKind, Vec<(String, String)>)> {
    let (name, rest) = name.split_once('(')?;
    let kind = ActionKind::from(name.trim());
    let first = match &kind {
        ActionKind::Diagnostic(_) => "service",
        ActionKind::Remediation(kind) => kind.target_parameters()[0],
        ActionKind::Submission(Submission::Severity) => "severity",
        ActionKind::Submission(_) | ActionKind::Other(_) => return None,
    };
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let argument = |text: &str| match text.split_once('=') {
        Some((key, value)) => (bare(key), bare(value)),
        None => (first.to_owned(), bare(text)),
    };
    let arguments = rest.strip_suffix(')')?.split(',').filter(|text| !text.trim().is_empty()).map(argument).collect();
    Some((kind, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> Result<Value, Unreadable> {
        from_text(text).map(|action| serde_json::to_value(action).unwrap())
    }

    fn logs(service: &str) -> Value {
        json!({"action_type": "query_logs", "parameters": {"service": service}})
    }

    #[test]
    fn every_way_to_write_an_action() {
        for text in [
            r#"{"action_type": "query_logs", "parameters": {"service": "a"}}"#,
            "```json\n{\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}\n```",
            "I would look at the logs first.\n\n{\"action_type\":\"query_logs\",\"parameters\":{\"service\":\"a\"}}\nThen more.",
            "<think>maybe {\"action_type\": \"restart_service\"}?</think>{\"action_type\":\"query_logs\",\"parameters\":{\"service\":\"a\"}}",
            r#"{"action_type": "query_logs", "parameters": {"service": "a",},}"#,
            r#"{"action": {"action_type": "query_logs", "parameters": {"service": "a"}}}"#,
            r#"{"action": "query_logs", "parameters": {"service": "a"}}"#,
            r#"{"name": "query_logs", "arguments": {"service": "a"}}"#,
            r#"{"function": {"name": "query_logs", "arguments": "{\"service\": \"a\"}"}}"#,
            r#"{"tool": "query_logs", "args": {"service": "a"}}"#,
            r#"{"action_type": "query_logs", "service": "a"}"#,
            r#"{"action_type": "query_logs(a)", "parameters": {}}"#,
            r#"{"action_type": "query_logs(service=a)", "parameters": {"service": "a"}}"#,
            r#"{"action_type": "query_logs('a')"}"#,
            r#"[{"action_type": "query_logs", "parameters": {"service": "a"}}, {"action_type": "x"}]"#,
            r#"Options: [none] {"thought": "hm"} {"action_type": "query_logs", "parameters": {"service": "a"}}"#,
            "[unclosed {\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"a\"}}",
        ] {
            assert_eq!(parsed(text), Ok(logs("a")), "{text}");
        }
    }

    #[test]
    fn what_is_meant_wins_over_what_is_merely_named() {
        for text in [
            r#"{"action_type": "query_logs", "parameters": {"service": "a"}, "next_action": {"action_type": "nap"}}"#,
            r#"First {"name": "postgres-db"}, then {"action_type": "query_logs", "parameters": {"service": "a"}}"#,
            r#"{"action_type": "think", "action": {"action_type": "query_logs", "parameters": {"service": "a"}}}"#,
        ] {
            assert_eq!(parsed(text), Ok(logs("a")), "{text}");
        }
        assert_eq!(parsed(r#"{"name": "postgres-db"}"#), Ok(json!({"action_type": "postgres-db", "parameters": {}})));
        let long = "x".repeat(100_000);
        let text = json!({"action_type": "submit_resolution", "parameters": {"summary": long}}).to_string();
        assert!(parsed(&text).is_ok());
    }

    #[test]
    fn strings_keep_what_looks_like_syntax() {
        let text = "{\"action_type\": \"submit_resolution\", \"parameters\": {\"summary\": \"a ,} \\\" {\n done\",}}";
        assert_eq!(
            parsed(text),
            Ok(json!({"action_type": "submit_resolution", "parameters": {"summary": "a ,} \" {\n done"}}))
        );
    }

    #[test]
    fn types_that_are_meant() {
        let text = r#"{"action_type": "scale_service", "parameters": {"service": ["a", "b"], "replicas": "3", "flag": null, "reasoning": 5}}"#;
        assert_eq!(
            parsed(text),
            Ok(
                json!({"action_type": "scale_service", "parameters": {"service": "a, b", "replicas": 3, "reasoning": "5"}})
            )
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, expected) in [
            ("", Unreadable::Empty),
            (" \n", Unreadable::Empty),
            ("<think>so {\"action_type\": \"query_logs\"}", Unreadable::ReasoningOnly),
            ("<think>so</think>  ", Unreadable::ReasoningOnly),
            ("I will query the logs.", Unreadable::NoJson),
            ("{\"service\": \"a\"}", Unreadable::NoAction),
            ("{broken", Unreadable::NoJson),
        ] {
            assert_eq!(parsed(text), Err(expected), "{text}");
        }
    }

    fn reply(content: Option<&str>, finish: FinishReason) -> ChatReply {
        ChatReply {
            content: content.map(str::to_owned),
            reasoning: None,
            tool_calls: Vec::new(),
            finish,
            model: None,
            usage: None,
            request_id: None,
            latency_ms: 0,
            as_it_came: None,
            billed_usd: None,
            served: crate::chat::ServedBy::default(),
            retries: Vec::new(),
        }
    }

    #[test]
    fn the_finish_reason_explains_a_missing_action() {
        let whole = r#"{"action_type": "query_logs", "parameters": {"service": "a"}}"#;
        assert!(action(&reply(Some(whole), FinishReason::Length)).is_ok());
        assert_eq!(action(&reply(Some(&whole[..30]), FinishReason::Length)), Err(Unreadable::Cut));
        assert_eq!(action(&reply(None, FinishReason::ContentFilter)), Err(Unreadable::ContentFilter));
        assert_eq!(action(&reply(None, FinishReason::Stop)), Err(Unreadable::Empty));
        let thoughtful = ChatReply { reasoning: Some("hm".into()), ..reply(None, FinishReason::Stop) };
        assert_eq!(action(&thoughtful), Err(Unreadable::ReasoningOnly));
    }

    #[test]
    fn tool_calls() {
        let call = |name: &str, arguments: &str| ChatReply {
            tool_calls: vec![ToolCall { id: "1".into(), name: name.into(), arguments: arguments.into() }],
            ..reply(None, FinishReason::ToolCalls)
        };
        let json = |reply| action(&reply).map(|action| serde_json::to_value(action).unwrap());
        assert_eq!(json(call("query_logs", r#"{"service": "a"}"#)), Ok(logs("a")));
        assert_eq!(json(call("query_logs", r#"{"service": "a",}"#)), Ok(logs("a")));
        assert_eq!(json(call("act", &logs("a").to_string())), Ok(logs("a")));
        assert_eq!(json(call("query_logs", "")), Ok(json!({"action_type": "query_logs", "parameters": {}})));
        assert_eq!(json(call("query_logs", r#"{"service": "#)), Err(Unreadable::BadArguments));
        assert_eq!(json(call("query_logs", "[1]")), Err(Unreadable::BadArguments));
        let odd = call("query_logs", r#"{"service": "a", "action": "look"}"#);
        assert_eq!(action(&odd).unwrap().kind().as_str(), "query_logs");
        let beside = ChatReply { content: Some(logs("a").to_string()), ..call("query_logs", "{broken") };
        assert_eq!(json(beside), Ok(logs("a")));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
            let _ = from_text(&text);
        }

        #[test]
        fn any_brackets_and_quotes(text in "[\\{\\}\\[\\]\",:a\\\\ \n]{0,80}") {
            let _ = from_text(&text);
        }
    }
}
