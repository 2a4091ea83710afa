//! Reads what stands beside the message in a body. Pure.

use serde_json::Value;

use super::usage::{billed, usage};
use crate::chat::error::excerpt;
use crate::chat::{ChatReply, FinishReason, ServedBy, Usage};

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

    /// Whether the endpoint counted tokens of an answer.
    pub(super) fn has_answer_tokens(&self) -> bool {
        self.usage.is_some_and(|usage| usage.completion_tokens > 0)
    }

    /// A reply that has all but the message.
    pub(super) fn into_reply(self) -> ChatReply {
        ChatReply {
            model: self.model,
            usage: self.usage,
            billed_usd: self.billed_usd,
            served: self.served,
            request_id: self.id,
            ..ChatReply::empty(FinishReason::Other(String::new()))
        }
    }
}
