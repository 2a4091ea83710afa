//! Writes the body of a request. Pure.

use serde_json::{Map, Value};

use super::settings::ModelSettings;
use super::{chat, messages, responses};
use crate::chat::{Api, ChatRequest};

/// Makes the body of a request, in the form in which the endpoint is asked.
#[must_use]
pub fn request_body(request: &ChatRequest, settings: &ModelSettings) -> Value {
    let mut fields = match settings.spoken() {
        Api::Chat => chat::request::body(request, settings),
        Api::Responses => responses::request::body(request, settings),
        Api::Messages => messages::request::body(request, settings),
    };
    fields.extend(settings.extra_body.clone());
    Value::Object(fields)
}

/// The limit on the tokens of an answer: what the request asks for, but no more than what the settings allow.
pub(super) fn limit(request: &ChatRequest, settings: &ModelSettings) -> Option<u32> {
    request.max_tokens.into_iter().chain(settings.max_tokens).min()
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

    /// The fields.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
