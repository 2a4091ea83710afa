//! Writes the body of a request. Pure.

use serde_json::Value;

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
