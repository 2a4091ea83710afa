//! Joins the chunks of a completion. Pure.

use serde_json::{Map, Value};

use super::super::counts::join_counts;
use super::super::finish::word_of;
use super::super::join::join;
use super::super::progress::Progress;
use crate::chat::{ChatError, ErrorKind};

/// A completion of which chunks have come.
#[derive(Debug, Default)]
pub(in super::super) struct Completion {
    /// The fields beside the choices, of which the last one wins.
    envelope: Map<String, Value>,
    /// The first choice without its message.
    choice: Option<Map<String, Value>>,
    message: Map<String, Value>,
    /// Whether a message has begun.
    begun: bool,
    end: End,
}

/// How far the end has come.
#[derive(Debug, Default)]
struct End {
    /// Whether the endpoint says in its pieces why the model stopped, even if only that it has not yet.
    awaits_reason: bool,
    /// Whether it said why.
    has_reason: bool,
    /// Whether it said that all has come.
    done: bool,
}

impl Completion {
    /// Takes a chunk.
    pub(in super::super) fn push(&mut self, chunk: Value) {
        let Value::Object(chunk) = chunk else { return };
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("usage", Value::Object(counts)) => add_counts(&mut self.envelope, counts),
                ("choices", Value::Array(choices)) => choices.into_iter().for_each(|choice| self.choose(choice)),
                (_, Value::Null) if self.envelope.contains_key(&name) => {}
                (_, value) => {
                    self.envelope.insert(name, value);
                }
            }
        }
    }

    fn choose(&mut self, choice: Value) {
        let Value::Object(fields) = choice else { return };
        if fields.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
            return;
        }
        let whole = self.choice.get_or_insert_default();
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("delta", Value::Object(piece)) => {
                    self.begun = true;
                    join(&mut self.message, piece);
                }
                ("message", Value::Object(message)) => {
                    self.begun = true;
                    self.message = message;
                }
                ("usage", Value::Object(counts)) => add_counts(whole, counts),
                ("finish_reason", reason) => {
                    self.end.awaits_reason = true;
                    // Some endpoints put an empty reason into every piece.
                    if word_of(Some(&reason)).is_some() {
                        self.end.has_reason = true;
                        whole.insert(name, reason);
                    }
                }
                (_, Value::Null) | ("delta" | "message" | "logprobs", _) => {}
                (_, value) => {
                    whole.insert(name, value);
                }
            }
        }
    }

    /// Notes that the endpoint says that all has come.
    pub(in super::super) fn done(&mut self) {
        self.end.done = true;
    }

    /// Whether the endpoint said that all has come.
    pub(in super::super) fn is_over(&self) -> bool {
        self.end.done
    }

    /// Whether all that is needed has come, although the endpoint may not have said that it is all.
    pub(in super::super) fn progress(&self) -> Progress {
        let of_choice = self.choice.as_ref().is_some_and(|choice| choice.contains_key("usage"));
        let has_usage = of_choice || self.envelope.contains_key("usage");
        match (self.end.has_reason, has_usage) {
            (false, _) => Progress::Open,
            (true, false) => Progress::Ended,
            (true, true) => Progress::Counted,
        }
    }

    /// The completion as it would have come in one piece.
    ///
    /// # Errors
    /// Returns [`ErrorKind::StreamCut`] if the end is missing.
    pub(in super::super) fn finish(mut self) -> Result<Value, ChatError> {
        // A gateway says that all has come even where the endpoint behind it broke off. A reason was to come then, or at
        // least the counts.
        let is_whole = match self.progress() {
            Progress::Open => self.end.done && (!self.end.awaits_reason || self.envelope.contains_key("usage")),
            Progress::Ended | Progress::Counted => true,
        };
        if !is_whole {
            return Err(ChatError::new(ErrorKind::StreamCut, "no finish reason came"));
        }
        // The index joins the pieces of a call and is not part of it.
        if let Some(Value::Array(calls)) = self.message.get_mut("tool_calls") {
            in_order(calls);
            calls.iter_mut().filter_map(Value::as_object_mut).for_each(|call| {
                call.shift_remove("index");
            });
        }
        let choices = self.choice.map(|mut choice| {
            if self.begun {
                choice.insert("message".to_owned(), self.message.into());
            }
            Value::Object(choice)
        });
        self.envelope.insert("choices".to_owned(), choices.into_iter().collect::<Vec<_>>().into());
        Ok(Value::Object(self.envelope))
    }
}

fn add_counts(to: &mut Map<String, Value>, counts: Map<String, Value>) {
    match to.get_mut("usage") {
        Some(Value::Object(known)) => join_counts(known, counts),
        _ if counts.is_empty() => {}
        _ => {
            to.insert("usage".to_owned(), Value::Object(counts));
        }
    }
}

/// Puts calls into the order of their indices, which is not always the one in which they came.
fn in_order(calls: &mut [Value]) {
    let index = |call: &Value| call.get("index").and_then(Value::as_u64);
    if calls.iter().all(|call| index(call).is_some()) {
        calls.sort_by_key(index);
    }
}
