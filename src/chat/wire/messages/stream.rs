//! Joins the events of a message. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::counts::join_counts;
use super::super::finish::word_of;
use super::super::join::join;
use super::super::json;
use super::super::progress::Progress;
use crate::chat::{ChatError, ErrorKind};

/// The field in which the arguments of a call are collected until they are complete.
const ARGUMENTS: &str = "partial_json";

/// A message of which events have come.
#[derive(Debug, Default)]
pub(in super::super) struct Answer {
    message: Map<String, Value>,
    blocks: BTreeMap<u64, Map<String, Value>>,
    stopped: bool,
    counted: bool,
    over: bool,
}

impl Answer {
    /// Takes an event.
    pub(in super::super) fn push(&mut self, event: Value) {
        let Value::Object(mut event) = event else { return };
        let place = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match (kind.as_str(), event.remove("message"), event.remove("content_block"), event.remove("delta")) {
            ("message_start", Some(Value::Object(message)), _, _) => self.message = message,
            ("content_block_start", _, Some(Value::Object(block)), _) => {
                self.blocks.insert(place, block);
            }
            ("content_block_delta", _, _, Some(Value::Object(mut piece))) => {
                // The type of a piece is not that of the block.
                piece.shift_remove("type");
                if let Some(citation) = piece.shift_remove("citation") {
                    piece.insert("citations".to_owned(), vec![citation].into());
                }
                join(self.blocks.entry(place).or_default(), piece);
            }
            ("message_delta", _, _, Some(Value::Object(fields))) => {
                self.stopped |= word_of(fields.get("stop_reason")).is_some();
                join(&mut self.message, fields);
                if let Some(Value::Object(counts)) = event.remove("usage")
                    && let Value::Object(usage) = self.message.entry("usage").or_insert_with(|| Map::new().into())
                {
                    self.counted = true;
                    // The counts at the end are of the whole message.
                    join_counts(usage, counts);
                }
            }
            ("message_stop", ..) => self.over = true,
            _ => {}
        }
    }

    /// Whether the last event has come.
    pub(in super::super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether all that is needed has come, although no event may have said that it is all.
    pub(in super::super) fn progress(&self) -> Progress {
        match (self.stopped, self.counted) {
            (false, _) => Progress::Open,
            (true, false) => Progress::Ended,
            (true, true) => Progress::Counted,
        }
    }

    /// The message as it would have come in one piece. Arguments that are no JSON stay a text.
    ///
    /// # Errors
    /// Returns [`ErrorKind::StreamCut`] if the end is missing.
    pub(in super::super) fn finish(mut self) -> Result<Value, ChatError> {
        if !self.over && !self.stopped {
            return Err(ChatError::new(ErrorKind::StreamCut, "no event says why the message stopped"));
        }
        let blocks = self.blocks.into_values().map(|mut block| {
            if let Some(Value::String(arguments)) = block.shift_remove(ARGUMENTS)
                && !arguments.is_empty()
            {
                let input = json::read(arguments.as_bytes()).unwrap_or(Value::String(arguments));
                block.insert("input".to_owned(), input);
            }
            Value::Object(block)
        });
        self.message.insert("content".to_owned(), blocks.collect::<Vec<_>>().into());
        Ok(Value::Object(self.message))
    }
}
