//! The faults that can occur between a request and its reply, by kind.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::escape::one_line;

/// The most characters of an endpoint's message that an error repeats.
pub const LONGEST_MESSAGE: usize = 2_000;

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The endpoint refused the key (401 or 403).
    Auth,
    /// The endpoint does not have the model.
    UnknownModel,
    /// There is nothing at this address (404, and not about a model).
    NotFound,
    /// There were too many requests or tokens in a minute (429).
    RateLimited,
    /// The account has no credit left.
    Quota,
    /// The request is longer than the model's context.
    ContextLength,
    /// The request alone has more tokens than the endpoint takes in a minute, so that waiting does not help.
    TokensPerMinute,
    /// The request was refused for another reason (4xx).
    BadRequest,
    /// Another request is in the way (409).
    Conflict,
    /// The endpoint waited too long for the request (408).
    RequestTimeout,
    /// The endpoint failed (5xx).
    Server,
    /// No answer came in time.
    Timeout,
    /// No connection could be made: it was refused, the host does not exist, or TLS failed.
    Connect,
    /// A proxy refused the connection, or asks for a name and a password (407).
    ProxyRefused,
    /// The certificate of the endpoint, or of a proxy that opens the traffic, is not trusted here.
    Certificate,
    /// The connection broke before the answer was complete.
    ConnectionLost,
    /// The answer began, and then nothing came for too long.
    Stalled,
    /// The answer in pieces ended before it was complete.
    StreamCut,
    /// An error came in the midst of an answer in pieces.
    StreamError,
    /// The answer is larger than any completion.
    BodyTooLarge,
    /// The answer is a web page instead of JSON.
    HtmlBody,
    /// The answer is a stream of events instead of JSON.
    SseBody,
    /// The answer is not JSON, or it is JSON but not a completion.
    MalformedBody,
    /// The answer is a completion without a choice.
    EmptyChoices,
    /// The answer is an error that was sent with status 200.
    ErrorBody,
    /// The answer is a redirect. It is not followed, because the key must not travel to another host.
    Redirect,
    /// The recording that should answer does not contain this request.
    NotRecorded,
    /// The episode has used up its own limit of calls or tokens.
    EpisodeBudget,
    /// The recording that should keep the answer could not be written.
    RecordingFailed,
    /// The agent's process cannot be started.
    AgentStart,
    /// The agent's process ended, or closed its output, before it answered.
    AgentExited,
    /// The agent reports that its own infrastructure failed.
    AgentFailed,
    /// The call was cancelled on our side.
    Cancelled,
}

impl ErrorKind {
    /// Whether another attempt can help. Only faults that can pass are tried again.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Conflict
            | Self::RequestTimeout
            | Self::Server
            | Self::Timeout
            | Self::Connect
            | Self::ConnectionLost
            | Self::Stalled
            | Self::StreamCut
            | Self::StreamError
            | Self::HtmlBody
            | Self::SseBody
            | Self::MalformedBody
            | Self::EmptyChoices
            | Self::ErrorBody => true,
            Self::Auth
            | Self::UnknownModel
            | Self::NotFound
            | Self::Quota
            | Self::ContextLength
            | Self::TokensPerMinute
            | Self::ProxyRefused
            | Self::Certificate
            | Self::BadRequest
            | Self::BodyTooLarge
            | Self::Redirect
            | Self::NotRecorded
            | Self::EpisodeBudget
            | Self::RecordingFailed
            | Self::AgentStart
            | Self::AgentExited
            | Self::AgentFailed
            | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "the key was refused",
            Self::UnknownModel => "the endpoint does not have the model",
            Self::NotFound => "there is no chat endpoint at this address",
            Self::RateLimited => "rate limited",
            Self::Quota => "no credit left",
            Self::ContextLength => "longer than the model's context",
            Self::TokensPerMinute => "more tokens than the endpoint takes in a minute",
            Self::BadRequest => "the request was refused",
            Self::Conflict => "conflict with another request",
            Self::RequestTimeout => "the endpoint waited too long for the request",
            Self::Server => "the endpoint failed",
            Self::Timeout => "no answer in time",
            Self::Connect => "no connection",
            Self::ProxyRefused => "the proxy refused the connection",
            Self::Certificate => "the certificate is not trusted",
            Self::ConnectionLost => "the connection broke",
            Self::Stalled => "the answer stood still",
            Self::StreamCut => "the answer ended before it was complete",
            Self::StreamError => "an error came in the midst of the answer",
            Self::BodyTooLarge => "the answer is too large",
            Self::HtmlBody => "a web page answered where JSON was asked for",
            Self::SseBody => "a stream of events answered where JSON was asked for",
            Self::MalformedBody => "the answer is no chat completion",
            Self::EmptyChoices => "the answer has no choice",
            Self::ErrorBody => "an error came with status 200",
            Self::Redirect => "the endpoint redirects, which is not followed",
            Self::NotRecorded => "not in the recording",
            Self::EpisodeBudget => "the episode's budget is spent",
            Self::RecordingFailed => "the recording cannot be written",
            Self::AgentStart => "the agent could not be started",
            Self::AgentExited => "the agent exited",
            Self::AgentFailed => "the agent reports a fault of its own",
            Self::Cancelled => "given up",
        })
    }
}

/// A failed attempt that was followed by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// The kind of fault.
    pub error: ErrorKind,
    /// The HTTP status; none if there was no response.
    pub status: Option<u16>,
    /// The delay before the next attempt in milliseconds.
    pub delay_ms: u64,
}

/// The error of a call that failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct ChatError {
    /// The kind of fault.
    pub kind: ErrorKind,
    /// The message of the endpoint or the system, cut to [`LONGEST_MESSAGE`] characters. It never contains the key.
    pub message: String,
    /// The HTTP status; none if there was no response.
    pub status: Option<u16>,
    /// The endpoint's id of the request.
    pub request_id: Option<String>,
    /// The parameter that the endpoint names as the reason of a refusal, such as `temperature` or
    /// `messages.2.reasoning_content`.
    pub param: Option<String>,
    /// The time that the endpoint asks to wait.
    pub retry_after: Option<Duration>,
    /// The tokens of the request, for [`ErrorKind::ContextLength`] and if the endpoint gives the number.
    pub prompt_tokens: Option<u64>,
    /// The limit in tokens, for [`ErrorKind::ContextLength`] and if the endpoint gives the number.
    pub context_limit: Option<u64>,
    /// The failed attempts before the last one.
    pub retries: Vec<Retry>,
    /// The duration of the last attempt in milliseconds.
    pub latency_ms: u64,
    /// The end of what a program wrote to stderr; none for an endpoint.
    pub stderr: Option<String>,
}

impl ChatError {
    /// Makes an error of this kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: &str) -> Self {
        Self {
            kind,
            message: excerpt(message),
            status: None,
            request_id: None,
            param: None,
            retry_after: None,
            prompt_tokens: None,
            context_limit: None,
            retries: Vec::new(),
            latency_ms: 0,
            stderr: None,
        }
    }

    /// Whether another attempt can help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

impl fmt::Display for ChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(status) = self.status {
            write!(f, " (HTTP {status})")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " [request {id}]")?;
        }
        if !self.retries.is_empty() {
            write!(f, ", after {} attempts", self.retries.len() + 1)?;
        }
        Ok(())
    }
}

/// The beginning of a text, on one line and of what can be seen.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let (text, mut out) = (one_line(text), String::new());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > LONGEST_MESSAGE {
            let end = (0..=LONGEST_MESSAGE - 4).rev().find(|end| out.is_char_boundary(*end)).unwrap_or(0);
            out.truncate(end);
            out.push('…');
            break;
        }
    }
    out
}

/// The message of an error with its causes, because the outermost message alone says little.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}
