//! Tapes: the files of a recording, each with one request and its answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::{ChatError, ChatReply, ErrorKind, Retry};
use crate::files;

/// The name and version of the format of a recorded request.
pub(super) const SCHEMA: &str = "incident-bench/cassette/1";

/// A recorded request with its answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tape {
    pub(super) schema: String,
    /// The address of the endpoint that answered. Recordings of before it was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<String>,
    pub(super) request: Value,
    /// The answers by repeat.
    pub(super) answers: BTreeMap<u32, Answer>,
}

/// The answer of an endpoint after all retries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly every answer is a reply")]
pub(super) enum Answer {
    Reply(ChatReply),
    Fault(Fault),
}

/// A call that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fault {
    kind: ErrorKind,
    message: String,
    status: Option<u16>,
    request_id: Option<String>,
    prompt_tokens: Option<u64>,
    context_limit: Option<u64>,
    retries: Vec<Retry>,
    latency_ms: u64,
}

impl From<&ChatError> for Fault {
    fn from(error: &ChatError) -> Self {
        Self {
            kind: error.kind,
            message: error.message.clone(),
            status: error.status,
            request_id: error.request_id.clone(),
            prompt_tokens: error.prompt_tokens,
            context_limit: error.context_limit,
            retries: error.retries.clone(),
            latency_ms: error.latency_ms,
        }
    }
}

impl From<Fault> for ChatError {
    fn from(fault: Fault) -> Self {
        Self {
            status: fault.status,
            request_id: fault.request_id,
            prompt_tokens: fault.prompt_tokens,
            context_limit: fault.context_limit,
            retries: fault.retries,
            latency_ms: fault.latency_ms,
            ..Self::new(fault.kind, &fault.message)
        }
    }
}

/// Reads a tape; none if there is no such file.
///
/// # Errors
/// Says that the file cannot be read, is damaged, or has the format of another version.
pub(super) fn read(file: &Path) -> Result<Option<Tape>, String> {
    let name = file.display();
    let bytes = match files::read(file) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("{name} cannot be read: {error}")),
    };
    let damaged = |error: serde_json::Error| format!("{name} is damaged: {error}; record it anew");
    let text = files::decode(&bytes).map_err(|problem| format!("{name} is damaged: {problem}"))?;
    let value: Value = serde_json::from_str(&text).map_err(damaged)?;
    match value.get("schema").and_then(Value::as_str) {
        Some(SCHEMA) => serde_json::from_value(value).map(Some).map_err(damaged),
        Some(other) => Err(format!("{name} has the format '{other}', and this version reads '{SCHEMA}'")),
        None => Err(format!("{name} is damaged: it does not name its format; record it anew")),
    }
}

/// Reads all recorded requests of a folder.
pub(super) fn tapes(folder: &Path) -> Vec<Tape> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries(folder).filter(|path| path.is_dir()).flat_map(|path| entries(&path)).collect();
    files.sort();
    files.iter().filter_map(|file| read(file).ok().flatten()).collect()
}

/// Says in which place two values differ first, as in `messages[3].content: recorded '…', asked '…'`.
pub(super) fn difference(recorded: &Value, asked: &Value) -> Option<String> {
    fn find(path: &str, a: &Value, b: &Value) -> Option<String> {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                let mut keys: Vec<_> = a.keys().chain(b.keys()).collect();
                keys.sort();
                keys.dedup();
                let nothing = Value::Null;
                keys.into_iter().find_map(|key| {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    find(&path, a.get(key).unwrap_or(&nothing), b.get(key).unwrap_or(&nothing))
                })
            }
            (Value::Array(a), Value::Array(b)) => {
                let each = a.iter().zip(b).enumerate();
                let within = each.into_iter().find_map(|(n, (a, b))| find(&format!("{path}[{n}]"), a, b));
                let lengths = || format!("{path}: recorded {} entries, asked {}", a.len(), b.len());
                within.or_else(|| (a.len() != b.len()).then(lengths))
            }
            (Value::String(a), Value::String(b)) if a != b => {
                let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
                let from = |text: &str| text.chars().skip(same.saturating_sub(20)).take(80).collect::<String>();
                Some(format!("{path}: recorded '…{}', asked '…{}'", from(a), from(b)))
            }
            (a, b) if a != b => Some(format!("{path}: recorded {a}, asked {b}")),
            _ => None,
        }
    }
    find("", recorded, asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_damaged_tape_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("a.json");
        assert!(read(&file).unwrap().is_none());
        let whole = json!({"schema": SCHEMA, "request": {}, "answers": {}}).to_string();
        for (text, says) in [
            (&whole[..whole.len() / 2], "is damaged"),
            ("", "is damaged"),
            ("{}", "does not name its format"),
            (&whole.replace("cassette/1", "cassette/9"), "has the format 'incident-bench/cassette/9'"),
            (&whole.replace("answers", "questions"), "is damaged"),
        ] {
            fs::write(&file, text).unwrap();
            assert!(read(&file).unwrap_err().contains(says), "{text}");
        }
        fs::write(&file, whole).unwrap();
        assert!(read(&file).unwrap().is_some());
    }

    #[test]
    fn the_first_difference_is_named() {
        for (recorded, asked, expected) in [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1, "m": "x"}), json!({"a": 1, "m": "y"}), Some("m: recorded '…x', asked '…y'")),
            (json!({"a": 1}), json!({"a": 1, "seed": 3}), Some("seed: recorded null, asked 3")),
            (json!([{"t": 0.0}]), json!([{"t": 0.5}]), Some("[0].t: recorded 0.0, asked 0.5")),
            (json!({"m": [1]}), json!({"m": [1, 2]}), Some("m: recorded 1 entries, asked 2")),
        ] {
            assert_eq!(difference(&recorded, &asked).as_deref(), expected);
        }
    }
}
