//! Names the fault that an error body reports. Pure.

use serde_json::Value;

use crate::chat::{ChatError, ErrorKind};

/// The content of an error body: its message, its code or type, and token counts.
struct Said {
    message: String,
    code: String,
    prompt_tokens: Option<u64>,
    context_limit: Option<u64>,
}

/// Reads `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `{"detail": …}` and `[{"error": …}]`.
fn said(value: Option<&Value>, text: &str) -> Said {
    let value = match value {
        Some(Value::Array(items)) => items.first(),
        other => other,
    };
    let error = value.map(|value| value.get("error").filter(|error| !error.is_null()).unwrap_or(value));
    let field = |name: &str| error.and_then(|error| error.get(name));
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let message = match error {
        Some(Value::String(message)) => message.clone(),
        _ => ["message", "detail", "msg"]
            .iter()
            .find_map(|name| field(name).filter(|value| !value.is_null()))
            .map_or_else(|| text.to_owned(), words),
    };
    let code: Vec<_> = ["code", "type", "status"].iter().filter_map(|name| field(name).map(words)).collect();
    Said {
        message,
        code: code.join(" ").to_lowercase(),
        prompt_tokens: field("n_prompt_tokens").and_then(Value::as_u64),
        context_limit: field("n_ctx").and_then(Value::as_u64),
    }
}

impl Said {
    fn mentions(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|word| self.code.contains(word) || message.contains(word))
    }

    fn is_context_length(&self) -> bool {
        self.mentions(&[
            "context_length",
            "exceed_context_size",
            "context length",
            "context window",
            "context size",
            "maximum context",
            "too many tokens",
            "prompt is too long",
        ])
    }

    fn is_quota(&self) -> bool {
        // Gemini words a limit a minute as a quota; its status tells them apart.
        !self.code.contains("resource_exhausted")
            && self.mentions(&[
                "insufficient_quota",
                "exceeded your current quota",
                "billing_hard_limit",
                "billing_not_active",
                "credit balance",
                "insufficient balance",
            ])
    }

    fn is_unknown_model(&self) -> bool {
        // The phrase "not supported" is missing here, because it is also used for parameters that a model does not
        // take.
        self.mentions(&["model_not_found", "unknown_model", "invalid_model", "model_not_supported", "decommissioned"])
            || (self.mentions(&["model"])
                && self.mentions(&[
                    "does not exist",
                    "not found",
                    "unknown model",
                    "no such model",
                    "invalid model",
                    "not a valid model",
                    "model not supported",
                    "model not exist",
                ]))
    }

    fn error(self, kind: ErrorKind) -> ChatError {
        ChatError {
            prompt_tokens: self.prompt_tokens,
            context_limit: self.context_limit,
            ..ChatError::new(kind, &self.message)
        }
    }
}

/// Names a fault by its status and by the content of the body.
pub(super) fn refusal(status: u16, value: Option<&Value>, text: &str) -> ChatError {
    let said = said(value, text);
    let kind = match status {
        300..=399 => ErrorKind::Redirect,
        401 | 403 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        408 => ErrorKind::RequestTimeout,
        409 => ErrorKind::Conflict,
        429 if said.is_quota() => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        // Some proxies wrap an upstream's refusal into a 500, and waiting does not shorten a prompt.
        400..=599 if said.is_context_length() => ErrorKind::ContextLength,
        413 => ErrorKind::ContextLength,
        400..=499 if said.is_unknown_model() => ErrorKind::UnknownModel,
        400..=499 if said.is_quota() => ErrorKind::Quota,
        // This is about the path and not about a model.
        404 | 405 => ErrorKind::NotFound,
        400..=499 => ErrorKind::BadRequest,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::MalformedBody,
    };
    said.error(kind)
}

/// Names the fault of an error body that came with a 2xx status. If its own code is a status, that decides the kind.
pub(super) fn error_with_200(value: &Value) -> ChatError {
    let code = value.get("error").and_then(|error| error.get("code").or_else(|| error.get("status")));
    let status = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    if let Some(status) =
        status.and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status))
    {
        refusal(status, Some(value), "")
    } else {
        let said = said(Some(value), "");
        let kind = if said.is_context_length() {
            ErrorKind::ContextLength
        } else if said.is_quota() {
            ErrorKind::Quota
        } else if said.mentions(&["rate limit", "rate_limit"]) {
            ErrorKind::RateLimited
        } else if said.is_unknown_model() {
            ErrorKind::UnknownModel
        } else {
            ErrorKind::ErrorBody
        };
        said.error(kind)
    }
}
