//! Recorded model calls: `--record` keeps each answer under the digest of its whole request, and `--replay` answers
//! from there without a network.
//!
//! Each request is one file, `DIR/ab/abcdef….json`, which contains the request as well as its answers, so that a person
//! can read it and a missing answer can be explained by what differs. The same request in another epoch is another
//! repeat and has an answer of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::chat::adjust::Adjusted;
use crate::chat::wire::{self, ModelSettings};
use crate::chat::{
    BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, ReplyFormat, Retry,
};
use crate::log::store::{pretty, write_whole};
use incident_env::hex;

/// The name and version of the format of a recorded request.
pub const SCHEMA: &str = "incident-bench/cassette/1";

/// The name and version of the format of what was learnt of an endpoint.
pub const ADJUSTED_SCHEMA: &str = "incident-bench/adjusted/1";

/// A recorded request with its answers.
#[derive(Debug, Serialize, Deserialize)]
struct Tape {
    schema: String,
    request: Value,
    /// The answers by repeat.
    answers: BTreeMap<u32, Answer>,
}

/// The answer of an endpoint after all retries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly every answer is a reply")]
enum Answer {
    Reply(ChatReply),
    Fault(Fault),
}

/// A call that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Fault {
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

/// A folder of recorded requests.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    settings: ModelSettings,
}

/// What was learnt of an endpoint while its answers were recorded.
#[derive(Debug, Serialize, Deserialize)]
struct Learnt {
    schema: String,
    model: String,
    adjusted: Adjusted,
}

impl Folder {
    /// The file of what was learnt of the endpoint with these settings.
    fn file_of_adjusted(&self) -> PathBuf {
        let nothing = ChatRequest { messages: Vec::new(), format: ReplyFormat::Text, max_tokens: None };
        let digest = hex(&Sha256::digest(self.body(&nothing).to_string()));
        self.path.join("adjusted").join(format!("{}.json", &digest[..16]))
    }

    /// What was learnt of the endpoint when it was recorded.
    fn adjusted(&self) -> Adjusted {
        let learnt = fs::read(self.file_of_adjusted()).ok();
        let learnt = learnt.and_then(|bytes| serde_json::from_slice::<Learnt>(&bytes).ok());
        learnt.map(|learnt| learnt.adjusted).unwrap_or_default()
    }

    /// The request as it would be sent if the endpoint refused nothing, so that its digest does not depend on what was learnt.
    fn body(&self, request: &ChatRequest) -> Value {
        wire::request_body(request, &self.settings)
    }

    fn file(&self, body: &Value) -> PathBuf {
        let digest = hex(&Sha256::digest(body.to_string()));
        self.path.join(&digest[..2]).join(format!("{digest}.json"))
    }
}

fn read(file: &Path) -> Option<Tape> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// A client that records every answer of another client.
pub struct Recording {
    client: Arc<dyn ChatClient>,
    folder: Folder,
    /// Held while a file is written, because two epochs may get an answer to the same request at the same time. It is what
    /// was learnt so far and is in the folder.
    writing: Mutex<Adjusted>,
}

impl Recording {
    /// Records the answers of a client, which does its own retries, into a folder.
    #[must_use]
    pub fn new(client: Arc<dyn ChatClient>, path: PathBuf, settings: ModelSettings) -> Self {
        let folder = Folder { path, settings };
        let written = folder.adjusted();
        Self { client, folder, writing: Mutex::new(written) }
    }

    /// Records an answer. A call that was cancelled on our side has no answer.
    fn keep(&self, request: &ChatRequest, repeat: u32, answer: &Result<ChatReply, ChatError>) -> Result<(), ChatError> {
        let answer = match answer {
            Ok(reply) => Answer::Reply(reply.clone()),
            Err(error) if error.kind == ErrorKind::Cancelled => return Ok(()),
            Err(error) => Answer::Fault(error.into()),
        };
        let request = self.folder.body(request);
        let file = self.folder.file(&request);
        let mut written = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.keep_adjusted(&mut written)?;
        let mut tape =
            read(&file).unwrap_or_else(|| Tape { schema: SCHEMA.to_owned(), request, answers: BTreeMap::new() });
        tape.answers.insert(repeat, answer);
        // A recording with a gap would fail only when it is needed.
        write_whole(&file, &pretty(&tape)).map_err(|e| ChatError::new(ErrorKind::RecordingFailed, &e.to_string()))
    }

    /// Records what the client has learnt, if that has changed.
    fn keep_adjusted(&self, written: &mut Adjusted) -> Result<(), ChatError> {
        let adjusted = self.client.adjusted();
        if adjusted == *written {
            return Ok(());
        }
        let model = self.folder.settings.model.clone();
        let learnt = Learnt { schema: ADJUSTED_SCHEMA.to_owned(), model, adjusted: adjusted.clone() };
        write_whole(&self.folder.file_of_adjusted(), &pretty(&learnt))
            .map_err(|e| ChatError::new(ErrorKind::RecordingFailed, &e.to_string()))?;
        *written = adjusted;
        Ok(())
    }
}

impl ChatClient for Recording {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(async move {
            let answer = self.client.complete(request, context).await;
            self.keep(request, context.repeat, &answer)?;
            answer
        })
    }

    fn adjusted(&self) -> Adjusted {
        self.client.adjusted()
    }
}

/// A client that answers from a recording and never uses a network.
#[derive(Debug)]
pub struct Replay {
    folder: Folder,
    adjusted: Adjusted,
}

impl Replay {
    /// Makes a client that answers from a folder.
    #[must_use]
    pub fn new(path: PathBuf, settings: ModelSettings) -> Self {
        let folder = Folder { path, settings };
        let adjusted = folder.adjusted();
        Self { folder, adjusted }
    }

    fn answer(&self, request: &ChatRequest, repeat: u32) -> Result<ChatReply, ChatError> {
        let body = self.folder.body(request);
        let tape = read(&self.folder.file(&body));
        match tape.as_ref().and_then(|tape| tape.answers.get(&repeat)) {
            Some(Answer::Reply(reply)) => Ok(reply.clone()),
            Some(Answer::Fault(fault)) => Err(fault.clone().into()),
            None => Err(ChatError::new(ErrorKind::NotRecorded, &self.miss(&body, repeat, tape.as_ref()))),
        }
    }

    /// Says what differs from the recorded request that is most similar to this one.
    fn miss(&self, body: &Value, repeat: u32, tape: Option<&Tape>) -> String {
        let path = self.folder.path.display();
        if let Some(tape) = tape {
            let repeats: Vec<_> = tape.answers.keys().map(ToString::to_string).collect();
            return format!("{path} has this request for the epochs {} and not for {repeat}", repeats.join(", "));
        }
        let wanted = body.to_string();
        let alike = |tape: &Tape| {
            let kept = tape.request.to_string();
            kept.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count()
        };
        match tapes(&self.folder.path).into_iter().max_by_key(alike) {
            None => format!("{path} holds no recorded requests"),
            Some(nearest) => {
                let difference = difference(&nearest.request, body).unwrap_or_else(|| "the order of keys".to_owned());
                format!("{path} does not hold this request; the nearest one differs in {difference}")
            }
        }
    }
}

impl ChatClient for Replay {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(async move { self.answer(request, context.repeat) })
    }

    /// What was learnt when it was recorded. A replay learns nothing.
    fn adjusted(&self) -> Adjusted {
        self.adjusted.clone()
    }
}

/// Reads all recorded requests of a folder.
fn tapes(folder: &Path) -> Vec<Tape> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries(folder).filter(|path| path.is_dir()).flat_map(|path| entries(&path)).collect();
    files.sort();
    files.iter().filter_map(|file| read(file)).collect()
}

/// Says in which place two values differ first, as in `messages[3].content: recorded '…', asked '…'`.
fn difference(recorded: &Value, asked: &Value) -> Option<String> {
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
