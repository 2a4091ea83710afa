//! Joins the events of a response. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::join::join;
use crate::chat::{ChatError, ErrorKind};

/// A response of which events have come.
#[derive(Debug, Default)]
pub(in super::super) struct Response {
    /// The response of the last event that had one, without its items until the end.
    body: Map<String, Value>,
    /// The items by their place.
    items: BTreeMap<u64, Item>,
    over: bool,
}

#[derive(Debug, Default)]
struct Item {
    fields: Map<String, Value>,
    whole: bool,
}

impl Response {
    /// Takes an event.
    pub(in super::super) fn push(&mut self, event: Value) {
        let Value::Object(mut event) = event else { return };
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(Value::Object(response)) = event.remove("response") {
            self.over |= matches!(kind.as_str(), "response.completed" | "response.incomplete" | "response.failed");
            self.body = response;
            return;
        }
        let place = event.get("output_index").and_then(Value::as_u64).unwrap_or(0);
        if let Some(Value::Object(item)) = event.remove("item") {
            let whole = kind == "response.output_item.done";
            if whole || kind == "response.output_item.added" {
                self.items.insert(place, Item { fields: item, whole });
            }
            return;
        }
        let item = self.items.entry(place).or_default();
        if !item.whole
            && let Some(piece) = piece(&kind, &mut event)
        {
            join(&mut item.fields, piece);
        }
    }

    /// Whether the last event has come.
    pub(in super::super) fn is_over(&self) -> bool {
        self.over
    }

    /// The response as it would have come in one piece. The items of its last event win, then items that came whole, and
    /// then what was joined from pieces.
    ///
    /// # Errors
    /// Returns [`ErrorKind::StreamCut`] if the end is missing.
    pub(in super::super) fn finish(mut self) -> Result<Value, ChatError> {
        if !self.over {
            return Err(ChatError::new(ErrorKind::StreamCut, "no event says that the response is completed"));
        }
        let given = self.body.get("output").and_then(Value::as_array);
        if given.is_none_or(Vec::is_empty) {
            let items = self.items.into_values().map(|item| item.fields).filter(|fields| !fields.is_empty());
            let items: Vec<_> = items.map(Value::Object).collect();
            self.body.insert("output".to_owned(), items.into());
        }
        Ok(Value::Object(self.body))
    }
}

/// The piece of an item that an event brings, in the form of the item.
fn piece(kind: &str, event: &mut Map<String, Value>) -> Option<Map<String, Value>> {
    let (list, part_type, field) = match kind {
        "response.output_text.delta" => ("content", "output_text", "text"),
        "response.refusal.delta" => ("content", "refusal", "refusal"),
        "response.reasoning_text.delta" => ("content", "reasoning_text", "text"),
        "response.reasoning_summary_text.delta" => ("summary", "summary_text", "text"),
        "response.function_call_arguments.delta" => {
            return Some([("arguments".to_owned(), event.remove("delta")?)].into_iter().collect());
        }
        _ => return None,
    };
    let index = event.get("content_index").or_else(|| event.get("summary_index")).cloned().unwrap_or_else(|| 0.into());
    let fields = [("index", index), ("type", part_type.into()), (field, event.remove("delta")?)];
    let part: Map<_, _> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Some([(list.to_owned(), vec![Value::Object(part)].into())].into_iter().collect())
}
