//! Names the fault that an error body reports. Pure.

use serde_json::Value;

use super::said::{ONLY_BY_RESPONSES, Said, said};
use crate::chat::{ChatError, ErrorKind};

/// Whether a value reports an error.
pub(super) fn is_error(value: &Value) -> bool {
    value.get("error").is_some_and(|error| !says_nothing(error))
}

/// Whether an error says that there is none. Some servers put one into every piece.
fn says_nothing(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => {
            matches!(text.trim().to_ascii_lowercase().as_str(), "" | "0" | "ok" | "success" | "none")
        }
        Value::Array(entries) => entries.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}

impl Said {
    fn is_context_length(&self) -> bool {
        self.mentions(&[
            "context_length",
            "exceed_context_size",
            "context length",
            "context window",
            "context size",
            "context limit",
            "maximum context",
            "too many tokens",
            "prompt is too long",
            "input is too long",
            "model_max_prompt_tokens_exceeded",
            // Together counts the prompt and the limit together.
            "`inputs` tokens + `max_new_tokens` must be",
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

    /// Whether the path of the request is not known, and not a model.
    fn is_unknown_path(&self) -> bool {
        let says_path = self.mentions(&["/chat/completions", "endpoint", "route", "path", "url"]);
        let names_model = self.mentions(&["model_not_found", "unknown_model", "invalid_model", "model `", "model '"]);
        says_path
            && !names_model
            && self.mentions(&[
                "unknown endpoint",
                "unknown route",
                "unknown path",
                "unknown url",
                "unrecognized request url",
                "invalid url",
                "no such endpoint",
                "no such route",
                "endpoint not found",
                "route not found",
                "path not found",
                "/chat/completions not found",
                "/chat/completions was not found",
                "/chat/completions does not exist",
                "cannot post",
                "use /v1/messages",
                "use the messages api",
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
            // Anthropic names the model and nothing else.
            || (self.code.contains("not_found_error") && self.message.trim_start().starts_with("model:"))
    }

    fn is_about_the_api(&self) -> bool {
        self.mentions(&ONLY_BY_RESPONSES)
    }

    fn error(self, kind: ErrorKind) -> ChatError {
        ChatError {
            prompt_tokens: self.prompt_tokens,
            context_limit: self.context_limit,
            param: self.param,
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
        407 => ErrorKind::ProxyRefused,
        408 => ErrorKind::RequestTimeout,
        409 => ErrorKind::Conflict,
        // OpenAI says with 429 and Groq with 413 that the request alone is more than what a minute allows.
        413 | 429 if said.is_tokens_per_minute() => ErrorKind::TokensPerMinute,
        429 if said.is_quota() => ErrorKind::Quota,
        // Groq's flexible tier has no room just now.
        429 | 498 => ErrorKind::RateLimited,
        // Some proxies wrap an upstream's refusal into a 500, and waiting does not shorten a prompt.
        400..=599 if said.is_context_length() => ErrorKind::ContextLength,
        // A proxy limits the bytes of a request, which says nothing about the model.
        413 if is_page(&said.message) => ErrorKind::BadRequest,
        413 => ErrorKind::ContextLength,
        // The endpoint has the model, and wants to be asked for it in another form.
        400..=499 if said.is_about_the_api() => ErrorKind::BadRequest,
        400 | 404 | 405 | 410 | 421 if said.is_unknown_path() => ErrorKind::NotFound,
        400..=499 if said.is_unknown_model() => ErrorKind::UnknownModel,
        400..=499 if said.is_quota() => ErrorKind::Quota,
        404 | 405 if said.param.as_deref().is_some_and(|param| param != "model") => ErrorKind::BadRequest,
        // This is about the path and not about a model.
        404 | 405 | 410 => ErrorKind::NotFound,
        400..=499 => ErrorKind::BadRequest,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::MalformedBody,
    };
    said.error(kind)
}

/// Whether a text is a web page.
#[must_use]
pub fn is_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<head")
}

/// Names the fault of an error body that came with a 2xx status. If its own code is a status, that decides the kind.
pub(super) fn error_with_200(value: &Value) -> ChatError {
    without_status(value, ErrorKind::ErrorBody)
}

/// Names the fault of an error in the midst of a stream.
pub(super) fn error_in_stream(value: &Value) -> ChatError {
    without_status(value, ErrorKind::StreamError)
}

fn without_status(value: &Value, otherwise: ErrorKind) -> ChatError {
    let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
    let number = |name: &str| {
        let code = error.get(name).or_else(|| value.get(name))?;
        let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
        u16::try_from(number).ok().filter(|status| (400..600).contains(status))
    };
    if let Some(status) = ["code", "status", "status_code"].iter().find_map(|name| number(name)) {
        return refusal(status, Some(value), "");
    }
    let said = said(Some(value), "");
    let kind = if said.is_context_length() {
        ErrorKind::ContextLength
    } else if said.is_quota() {
        ErrorKind::Quota
    } else if said.mentions(&["rate limit", "rate_limit"]) {
        ErrorKind::RateLimited
    } else if said.is_unknown_model() {
        ErrorKind::UnknownModel
    } else if said.mentions(&["overloaded", "server_error", "api_error", "timeout_error"]) {
        ErrorKind::Server
    } else if said.code.contains("authentication_error") || said.code.contains("permission_error") {
        ErrorKind::Auth
    } else if said.code.contains("invalid_request_error") {
        ErrorKind::BadRequest
    } else {
        otherwise
    };
    said.error(kind)
}
