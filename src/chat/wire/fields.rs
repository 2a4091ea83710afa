//! Builds the fields of a body. Pure.

use serde_json::{Map, Value};

use super::settings::{ModelSettings, Optional, ToolChoice};
use crate::chat::ChatRequest;

/// The limit on the tokens of an answer: what the request or else the settings ask for, but no
/// more than what the endpoint takes.
pub(super) fn limit(request: &ChatRequest, settings: &ModelSettings) -> Option<u32> {
    let asked = request.max_tokens.or(settings.max_tokens);
    if !settings.sends(Optional::AnswerLimit) {
        return None;
    }
    match (asked, settings.highest_limit) {
        (Some(asked), Some(highest)) => Some(asked.min(highest)),
        (asked, highest) => asked.or(highest),
    }
}

/// The fields of a body, in the order in which they are added.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Adds a field.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Adds a field if there is a value.
    pub(super) fn set_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds tools, and how they may be called, as Chat Completions and Responses both say it.
    pub(super) fn set_tools(&mut self, tools: Vec<Value>, settings: &ModelSettings) {
        self.set("tools", tools);
        let choice = settings.sent_tool_choice().map(|choice| match choice {
            ToolChoice::Required => "required",
            ToolChoice::Auto => "auto",
        });
        self.set_some("tool_choice", choice);
        if settings.sends(Optional::ParallelToolCalls) {
            self.set("parallel_tool_calls", false);
        }
    }

    /// The fields.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// Makes an object of these fields.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
