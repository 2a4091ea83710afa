//! The chat-completions wire: strict in what we send, lenient in what we read. Pure.

use std::time::Duration;

use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage,
    ChatCompletionRequestUserMessage, ChatCompletionTool, ChatCompletionToolChoiceOption, ChatCompletionTools,
    CreateChatCompletionRequest, FunctionCall, FunctionObject, ResponseFormat, ResponseFormatJsonSchema,
    ToolChoiceOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::excerpt;
use super::{
    ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat, ToolCall, ToolSpec, Usage,
};

/// The parameter that limits an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenParam {
    /// The older name, which most servers know.
    #[default]
    MaxTokens,
    /// The newer name, which reasoning models insist on.
    MaxCompletionTokens,
}

/// How a model is asked, over and above what is said to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelSettings {
    /// The model's name at its endpoint.
    pub model: String,
    /// The most tokens of an answer.
    pub max_tokens: Option<u32>,
    /// The parameter for it.
    pub token_param: TokenParam,
    /// The sampling temperature; none leaves it to the endpoint.
    pub temperature: Option<f64>,
    /// How much a reasoning model thinks.
    pub reasoning_effort: Option<String>,
    /// More top-level fields, which win over ours.
    pub extra_body: Map<String, Value>,
    /// Whether a JSON schema is asked for strictly.
    pub strict_schema: bool,
}

/// The body of a request.
///
/// # Errors
/// Never for the types that are passed; the serialiser's signature allows for it.
pub fn request_body(request: &ChatRequest, settings: &ModelSettings) -> Result<Value, serde_json::Error> {
    let limit = request.max_tokens.or(settings.max_tokens);
    let (response_format, tools) = match &request.format {
        ReplyFormat::Text => (None, None),
        ReplyFormat::Json { name, schema } => (
            Some(ResponseFormat::JsonSchema {
                json_schema: ResponseFormatJsonSchema {
                    description: None,
                    name: name.clone(),
                    schema: schema.clone(),
                    strict: Some(settings.strict_schema),
                },
            }),
            None,
        ),
        ReplyFormat::Tools { tools } => (None, Some(tools.iter().map(tool).collect())),
    };
    let typed = CreateChatCompletionRequest {
        model: settings.model.clone(),
        messages: request.messages.iter().map(message).collect(),
        response_format,
        tool_choice: tools.as_ref().map(|_| ChatCompletionToolChoiceOption::Mode(ToolChoiceOptions::Required)),
        tools,
        max_completion_tokens: limit.filter(|_| settings.token_param == TokenParam::MaxCompletionTokens),
        ..CreateChatCompletionRequest::default()
    };
    let mut body = serde_json::to_value(typed)?;
    if let Value::Object(fields) = &mut body {
        // The typed struct marks the older name as deprecated and would widen a 32-bit temperature.
        if let Some(limit) = limit.filter(|_| settings.token_param == TokenParam::MaxTokens) {
            fields.insert("max_tokens".to_owned(), limit.into());
        }
        if let Some(temperature) = settings.temperature {
            fields.insert("temperature".to_owned(), temperature.into());
        }
        if let Some(effort) = &settings.reasoning_effort {
            fields.insert("reasoning_effort".to_owned(), effort.clone().into());
        }
        fields.extend(settings.extra_body.clone());
    }
    Ok(body)
}

fn message(message: &Message) -> ChatCompletionRequestMessage {
    match message {
        Message::System { content } => {
            ChatCompletionRequestSystemMessage { content: content.clone().into(), name: None }.into()
        }
        Message::User { content } => {
            ChatCompletionRequestUserMessage { content: content.clone().into(), name: None }.into()
        }
        Message::Tool { call_id, content } => {
            ChatCompletionRequestToolMessage { content: content.clone().into(), tool_call_id: call_id.clone() }.into()
        }
        Message::Assistant { content, tool_calls } => {
            let call = |call: &ToolCall| {
                ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall {
                    id: call.id.clone(),
                    function: FunctionCall { name: call.name.clone(), arguments: valid_arguments(&call.arguments) },
                })
            };
            let calls: Vec<_> = tool_calls.iter().map(call).collect();
            ChatCompletionRequestAssistantMessage {
                content: content.clone().map(Into::into),
                tool_calls: (!calls.is_empty()).then_some(calls),
                ..ChatCompletionRequestAssistantMessage::default()
            }
            .into()
        }
    }
}

/// Servers parse the arguments of earlier calls: broken ones would turn the model's slip into a 500.
fn valid_arguments(arguments: &str) -> String {
    match serde_json::from_str::<Value>(arguments) {
        Ok(Value::Object(_)) => arguments.to_owned(),
        _ => "{}".to_owned(),
    }
}

fn tool(spec: &ToolSpec) -> ChatCompletionTools {
    ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: spec.name.clone(),
            description: Some(spec.description.clone()),
            parameters: Some(spec.parameters.clone()),
            strict: None,
        },
    })
}

/// What an endpoint answered, before it is understood.
#[derive(Debug, Clone, Default)]
pub struct RawReply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The content type, if any.
    pub content_type: Option<&'a str>,
    /// The endpoint's id of the request, from a header.
    pub request_id: Option<&'a str>,
    /// How long the endpoint asks to wait.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: &'a [u8],
}

/// Understands an answer. Total: every status and body is a reply or a named fault.
///
/// # Errors
/// The kind of fault, with what the endpoint said about it.
pub fn parse_reply(raw: &RawReply<'_>) -> Result<ChatReply, ChatError> {
    let with_head = |error: ChatError| ChatError {
        status: Some(raw.status),
        request_id: raw.request_id.map(str::to_owned),
        retry_after: raw.retry_after,
        ..error
    };
    understand(raw).map_err(with_head)
}

fn understand(raw: &RawReply<'_>) -> Result<ChatReply, ChatError> {
    // Some servers begin with a byte order mark, which JSON does not allow.
    let body = raw.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw.body);
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let text = || String::from_utf8_lossy(raw.body);
    if !(200..300).contains(&raw.status) {
        return Err(refusal(raw.status, parsed.as_ref(), &text()));
    }
    let Some(value) = parsed else {
        let text = text();
        let start = text.trim_start().get(..15).unwrap_or(text.trim_start()).to_ascii_lowercase();
        let content_type = raw.content_type.unwrap_or_default();
        let kind = if start.starts_with("<!doctype") || start.starts_with("<html") || content_type.contains("html") {
            ErrorKind::HtmlBody
        } else if start.starts_with("data:") || start.starts_with("event:") || content_type.contains("event-stream") {
            ErrorKind::SseBody
        } else {
            ErrorKind::MalformedBody
        };
        return Err(ChatError::new(kind, &text));
    };
    let choices = value.get("choices");
    let is_error = |value: &Value| value.get("error").is_some_and(|error| !error.is_null());
    let Some(choice) = choices.and_then(Value::as_array).and_then(|all| all.first()) else {
        if is_error(&value) {
            return Err(error_with_200(&value));
        }
        let kind = if choices.is_some() { ErrorKind::EmptyChoices } else { ErrorKind::MalformedBody };
        return Err(ChatError::new(kind, &value.to_string()));
    };
    // A router puts the failure of the endpoint behind it into the choice.
    if is_error(choice) {
        return Err(error_with_200(choice));
    }
    Ok(completion(raw, &value, choice))
}

fn completion(raw: &RawReply<'_>, value: &Value, choice: &Value) -> ChatReply {
    let nothing = Value::Null;
    let message = choice.get("message").or_else(|| choice.get("delta")).unwrap_or(&nothing);
    let tool_calls = tool_calls(message);
    let text = text_of(message.get("content"), "text")
        .or_else(|| text_of(message.get("refusal"), "refusal"))
        .or_else(|| text_of(choice.get("text"), "text"));
    let reasoning = ["reasoning_content", "reasoning", "thinking"]
        .iter()
        .find_map(|key| text_of(message.get(*key), "text"))
        .or_else(|| text_of(message.get("content"), "thinking"));
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop") => FinishReason::Stop,
        Some("length" | "max_tokens") => FinishReason::Length,
        Some("tool_calls" | "function_call") => FinishReason::ToolCalls,
        Some("content_filter") => FinishReason::ContentFilter,
        other => FinishReason::Other(other.unwrap_or_default().chars().take(40).collect()),
    };
    ChatReply {
        content: text,
        reasoning,
        tool_calls,
        finish,
        model: value.get("model").and_then(Value::as_str).map(excerpt),
        usage: usage(value.get("usage")),
        request_id: raw
            .request_id
            .or_else(|| value.get("id").and_then(Value::as_str))
            .filter(|id| !id.is_empty())
            .map(|id| id.chars().take(200).collect()),
        latency_ms: 0,
        retries: Vec::new(),
    }
}

/// A text that is a string, or an array of parts of which those of one kind count; none where it is empty.
fn text_of(value: Option<&Value>, kind: &str) -> Option<String> {
    let text = match value? {
        Value::String(text) if kind != "thinking" => text.clone(),
        Value::Array(parts) => {
            let of_kind = |part: &Value| {
                let this = part.get("type").and_then(Value::as_str).unwrap_or("text");
                let text = part.get(kind).or_else(|| part.get("text")).and_then(Value::as_str);
                text.filter(|_| this.contains(kind)).map(str::to_owned)
            };
            parts.iter().filter_map(of_kind).collect()
        }
        // A server that parsed the model's JSON for us.
        object @ Value::Object(_) if kind == "text" => object.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn tool_calls(message: &Value) -> Vec<ToolCall> {
    let listed = message.get("tool_calls").and_then(Value::as_array);
    // The form before tools: one function, without an id.
    let legacy = message.get("function_call").filter(|call| call.is_object()).map(|call| (call, None));
    let calls = listed.into_iter().flatten().map(|call| {
        let function = call.get("function").unwrap_or(call);
        (function, call.get("id").and_then(Value::as_str))
    });
    calls
        .chain(legacy.filter(|_| listed.is_none_or(Vec::is_empty)))
        .enumerate()
        .filter_map(|(index, (function, id))| {
            let arguments = match function.get("arguments") {
                Some(Value::String(text)) => text.clone(),
                None | Some(Value::Null) => String::new(),
                Some(other) => other.to_string(),
            };
            Some(ToolCall {
                id: id.filter(|id| !id.is_empty()).map_or_else(|| format!("call_{index}"), str::to_owned),
                name: function.get("name").and_then(Value::as_str)?.to_owned(),
                arguments,
            })
        })
        .collect()
}

/// Token counts, where an endpoint gives any. Some give floats, some leave parts out.
fn usage(value: Option<&Value>) -> Option<Usage> {
    let object = value?.as_object()?;
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).map(whole);
    let nested = |outer: &str, inner: &str| number(object.get(outer).and_then(|details| details.get(inner)));
    let prompt = number(object.get("prompt_tokens").or_else(|| object.get("input_tokens")));
    let completion = number(object.get("completion_tokens").or_else(|| object.get("output_tokens")));
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    Some(Usage {
        prompt_tokens: prompt.unwrap_or(0),
        cached_tokens: nested("prompt_tokens_details", "cached_tokens")
            .or_else(|| number(object.get("prompt_cache_hit_tokens")))
            .unwrap_or(0),
        completion_tokens: completion.unwrap_or(0),
        reasoning_tokens: nested("completion_tokens_details", "reasoning_tokens").unwrap_or(0),
    })
}

/// No call has as many; their sum over a run must not overflow.
const MOST_TOKENS: f64 = 1e12;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count can be")]
fn whole(n: f64) -> u64 {
    n.clamp(0.0, MOST_TOKENS) as u64
}

/// What an error body says: its words, its code or type, and token counts.
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
        // Not "not supported": so are parameters that a model does not take.
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

/// A fault by its status and what the body says.
fn refusal(status: u16, value: Option<&Value>, text: &str) -> ChatError {
    let said = said(value, text);
    let kind = match status {
        300..=399 => ErrorKind::Redirect,
        401 | 403 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        408 => ErrorKind::RequestTimeout,
        409 => ErrorKind::Conflict,
        429 if said.is_quota() => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        // Some proxies wrap an upstream's refusal into a 500; waiting does not shorten a prompt.
        400..=599 if said.is_context_length() => ErrorKind::ContextLength,
        413 => ErrorKind::ContextLength,
        400..=499 if said.is_unknown_model() => ErrorKind::UnknownModel,
        400..=499 if said.is_quota() => ErrorKind::Quota,
        // Said of the path and not of a model.
        404 | 405 => ErrorKind::NotFound,
        400..=499 => ErrorKind::BadRequest,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::MalformedBody,
    };
    said.error(kind)
}

/// An error body that came with a 2xx: its own code tells the kind where it is a status.
fn error_with_200(value: &Value) -> ChatError {
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

/// How long an endpoint asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date.
#[must_use]
pub fn retry_after(milliseconds: Option<&str>, header: Option<&str>, now: jiff::Timestamp) -> Option<Duration> {
    let seconds = |text: &str, unit: f64| {
        let value: f64 = text.trim().parse().ok()?;
        Duration::try_from_secs_f64(value * unit).ok()
    };
    if let Some(delay) = milliseconds.and_then(|text| seconds(text, 1e-3)) {
        return Some(delay);
    }
    let header = header?;
    seconds(header, 1.0).or_else(|| {
        let date = jiff::fmt::rfc2822::parse(header.trim()).ok()?.timestamp();
        // A date that has passed means now.
        Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
    })
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many more are allowed now.
    pub remaining: u64,
    /// How long until there are more, where the endpoint says.
    pub reset: Option<Duration>,
}

/// What an endpoint says of its limits with an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests.
    pub requests: Option<Allowance>,
    /// Tokens.
    pub tokens: Option<Allowance>,
}

/// The names under which endpoints say what is left, and when there will be more: requests, then tokens.
const RATE_LIMIT_HEADERS: [&[(&str, &str)]; 2] = [
    &[
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
    ],
    &[
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ],
];

/// Reads the headers in which endpoints tell of their limits. What cannot be read is as if it were not there.
#[must_use]
pub fn rate_limit<'a>(header: impl Fn(&str) -> Option<&'a str>, now: jiff::Timestamp) -> RateLimit {
    let allowance = |names: &[(&str, &str)]| {
        names.iter().find_map(|(remaining, reset)| {
            let remaining = header(remaining)?.trim().parse().ok()?;
            Some(Allowance { remaining, reset: header(reset).and_then(|text| time_until(text, now)) })
        })
    };
    let [requests, tokens] = RATE_LIMIT_HEADERS.map(allowance);
    RateLimit { requests, tokens }
}

/// How long until a moment that is written as a duration (`6m0.5s`, `120ms`), as seconds, as a Unix time in seconds or
/// milliseconds, or as a date.
fn time_until(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    /// Above this, a number is a Unix time in seconds: nobody waits for thirty years.
    const UNIX_SECONDS: f64 = 1e9;
    /// Above this, it is one in milliseconds.
    const UNIX_MILLISECONDS: f64 = 1e12;
    let text = text.trim();
    let until = |moment: jiff::Timestamp| Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO);
    if let Ok(number) = text.parse::<f64>() {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit a double")]
        let now = now.as_millisecond() as f64 / 1e3;
        let seconds = match number {
            _ if number >= UNIX_MILLISECONDS => number / 1e3 - now,
            _ if number >= UNIX_SECONDS => number - now,
            _ => number,
        };
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(until(moment));
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        seconds += value
            * match &rest[digits..unit_end] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}
