//! Reads an endpoint's answer into a reply, or into a fault with a name. Pure.

use std::time::Duration;

use serde_json::Value;

use super::secrets::Secrets;
use super::usage::{billed, usage};
use super::{Reader, chat, messages, responses};
use crate::chat::error::excerpt;
use crate::chat::{Api, ChatError, ChatReply, FinishReason, ServedBy, Usage};

/// The answer of an endpoint before it is understood.
#[derive(Debug, Clone, Default)]
pub struct RawReply<'a> {
    /// The HTTP status of the response.
    pub status: u16,
    /// The content type, if there is one.
    pub content_type: Option<&'a str>,
    /// The endpoint's id of the request, from a header.
    pub request_id: Option<&'a str>,
    /// The time that the endpoint asks to wait.
    pub retry_after: Option<Duration>,
    /// The bytes of the body.
    pub body: &'a [u8],
}

/// Understands an answer, whether it came in one piece or as a stream of events. The function is total: every status and
/// body becomes a reply or a fault with a name.
///
/// # Errors
/// Returns the kind of fault, with the message of the endpoint.
pub fn parse_reply(api: Api, raw: &RawReply<'_>) -> Result<ChatReply, ChatError> {
    let head = Head {
        status: raw.status,
        content_type: raw.content_type.map(str::to_owned),
        request_id: raw.request_id.map(str::to_owned),
        retry_after: raw.retry_after,
        billed_usd: None,
    };
    let mut reader = Reader::new(api, head, Secrets::default());
    reader.push(raw.body);
    reader.finish()
}

/// What the headers of an answer say.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// The content type, if there is one.
    pub content_type: Option<String>,
    /// The endpoint's id of the request.
    pub request_id: Option<String>,
    /// The time that the endpoint asks to wait.
    pub retry_after: Option<Duration>,
    /// What the endpoint says that the call cost, in USD.
    pub billed_usd: Option<f64>,
}

/// Reads a body that came in one piece, or was joined from pieces.
pub(super) fn read(api: Api, body: Value) -> Result<ChatReply, ChatError> {
    match api {
        Api::Chat => chat::reply::reply(body),
        Api::Responses => responses::reply::reply(body),
        Api::Messages => messages::reply::reply(body),
    }
}

/// The most characters of an id or a name that are kept.
const LONGEST_NAME: usize = 200;

/// What a body says beside the message.
#[derive(Debug, Default)]
pub(super) struct Meta {
    model: Option<String>,
    usage: Option<Usage>,
    billed_usd: Option<f64>,
    served: ServedBy,
    id: Option<String>,
}

impl Meta {
    /// Reads what stands beside the message. Some endpoints put the counts into the choice, and Groq into a field of its
    /// own.
    pub(super) fn of(body: &Value, usage_of_choice: Option<&Value>) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let short = |name: &str| text(name).map(|text| text.chars().take(LONGEST_NAME).collect::<String>());
        let counts = body.get("usage").filter(|usage| usage.is_object()).or(usage_of_choice);
        let counts = counts.or_else(|| body.get("x_groq").and_then(|own| own.get("usage")));
        // Anthropic says in the counts by which tier it served.
        let tier = counts.and_then(|counts| counts.get("service_tier")).and_then(Value::as_str);
        Self {
            model: text("model").map(excerpt),
            usage: usage(counts),
            billed_usd: billed(counts),
            served: ServedBy {
                provider: short("provider"),
                service_tier: short("service_tier")
                    .or_else(|| tier.map(|tier| tier.chars().take(LONGEST_NAME).collect())),
                system_fingerprint: short("system_fingerprint"),
            },
            id: short("id"),
        }
    }

    /// A reply that has all but the message.
    pub(super) fn into_reply(self) -> ChatReply {
        ChatReply {
            content: None,
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Other(String::new()),
            model: self.model,
            usage: self.usage,
            as_it_came: None,
            billed_usd: self.billed_usd,
            served: self.served,
            request_id: self.id,
            latency_ms: 0,
            retries: Vec::new(),
        }
    }
}
