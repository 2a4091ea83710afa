//! Joins the chunks of a completion. Pure.

use serde_json::{Map, Value};

use super::super::join::join;
use crate::chat::{ChatError, ErrorKind};

/// A completion of which chunks have come.
#[derive(Debug, Default)]
pub(in super::super) struct Completion {
    /// The fields beside the choices, of which the last one wins.
    envelope: Map<String, Value>,
    /// The first choice without its message.
    choice: Option<Map<String, Value>>,
    message: Map<String, Value>,
    finished: bool,
    done: bool,
}

impl Completion {
    /// Takes a chunk.
    pub(in super::super) fn push(&mut self, chunk: Value) {
        let Value::Object(chunk) = chunk else { return };
        for (name, value) in chunk {
            match (name.as_str(), value) {
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
                ("delta", Value::Object(piece)) => join(&mut self.message, piece),
                ("message", Value::Object(message)) => self.message = message,
                (_, Value::Null) | ("delta" | "message" | "logprobs", _) => {}
                (_, value) => {
                    self.finished |= name == "finish_reason";
                    whole.insert(name, value);
                }
            }
        }
    }

    /// Notes that the endpoint says that all has come.
    pub(in super::super) fn done(&mut self) {
        self.done = true;
    }

    /// Whether the endpoint said that all has come.
    pub(in super::super) fn is_over(&self) -> bool {
        self.done
    }

    /// The completion as it would have come in one piece.
    ///
    /// # Errors
    /// Returns [`ErrorKind::StreamCut`] if the end is missing.
    pub(in super::super) fn finish(mut self) -> Result<Value, ChatError> {
        if !self.finished && !self.done {
            return Err(ChatError::new(ErrorKind::StreamCut, "no finish reason came"));
        }
        // The index joins the pieces of a call and is not part of it.
        if let Some(Value::Array(calls)) = self.message.get_mut("tool_calls") {
            calls.iter_mut().filter_map(Value::as_object_mut).for_each(|call| {
                call.shift_remove("index");
            });
        }
        let choices = self.choice.map(|mut choice| {
            choice.insert("message".to_owned(), self.message.into());
            Value::Object(choice)
        });
        self.envelope.insert("choices".to_owned(), choices.into_iter().collect::<Vec<_>>().into());
        Ok(Value::Object(self.envelope))
    }
}
