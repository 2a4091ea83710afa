//! The JSON form of traces in the OpenTelemetry protocol, one export request a trace. Names of fields, and numbers of 64
//! bits as strings, are those of OTLP/JSON.

use serde::Serialize;

/// A request to export spans, as an exporter sends it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportTraceServiceRequest {
    /// The spans, by what recorded them.
    pub resource_spans: Vec<ResourceSpans>,
}

/// The spans that one process recorded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceSpans {
    /// The process.
    pub resource: Resource,
    /// Its spans, by the library that recorded them.
    pub scope_spans: Vec<ScopeSpans>,
}

/// A process that records spans.
#[derive(Debug, Serialize)]
pub(super) struct Resource {
    /// What is known of it.
    pub attributes: Vec<Attribute>,
}

/// The spans that one library of a process recorded.
#[derive(Debug, Serialize)]
pub(super) struct ScopeSpans {
    /// The library.
    pub scope: Scope,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// A library that records spans.
#[derive(Debug, Serialize)]
pub(super) struct Scope {
    /// Its name.
    pub name: &'static str,
}

/// What a span is of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// Work within a process.
    Internal,
    /// The answer to a request.
    Server,
    /// A request to another process.
    Client,
    /// A message that is sent.
    Producer,
    /// A message that is handled.
    Consumer,
}

impl SpanKind {
    /// Returns the number that the protocol has for it.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Server => 2,
            Self::Client => 3,
            Self::Producer => 4,
            Self::Consumer => 5,
        }
    }
}

/// A part of the way of one request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    /// The id of the request, 32 hexadecimal digits.
    pub trace_id: String,
    /// The id of the span, 16 hexadecimal digits.
    #[serde(rename = "spanId")]
    pub id: String,
    /// The id of the span that it is a part of, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent_span_id: String,
    /// What was done.
    pub name: String,
    /// The number of its kind.
    pub kind: u8,
    /// When it began, in nanoseconds since 1970.
    pub start_time_unix_nano: String,
    /// When it ended, in nanoseconds since 1970.
    pub end_time_unix_nano: String,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
    /// How it ended.
    pub status: Status,
}

/// How a span ended.
#[derive(Debug, Default, Serialize)]
pub(super) struct Status {
    /// What went wrong, or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// 2 for an error, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
}

impl Status {
    /// Returns the status of a span that failed.
    pub(super) const fn error(message: String) -> Self {
        Self { message, code: Some(2) }
    }
}

/// Something that is known of a process or a span.
#[derive(Debug, Serialize)]
pub(super) struct Attribute {
    /// Its name, by the semantic conventions.
    pub key: &'static str,
    /// Its value.
    pub value: AnyValue,
}

impl Attribute {
    /// Returns an attribute that is a text.
    pub(super) fn text(key: &'static str, value: impl Into<String>) -> Self {
        Self { key, value: AnyValue::StringValue(value.into()) }
    }

    /// Returns an attribute that is a number.
    pub(super) fn number(key: &'static str, value: impl Into<u64>) -> Self {
        Self { key, value: AnyValue::IntValue(value.into().to_string()) }
    }
}

/// A value of an attribute.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum AnyValue {
    /// A text.
    StringValue(String),
    /// A number, written as a text.
    IntValue(String),
}
