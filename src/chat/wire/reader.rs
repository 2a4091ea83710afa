//! Takes the bytes of an answer as they come, in one piece or as a stream of events. Pure.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::filtered::filtered;
use super::malformed::malformed;
use super::progress::Progress;
use super::refusal::{error_in_stream, is_error, is_page, refusal};
use super::secrets::Secrets;
use super::sse::{Event, Splitter};
use super::{chat, json, messages, responses};
use crate::chat::{Api, ChatError, ChatReply, ErrorKind};

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
fn read(api: Api, body: Value) -> Result<ChatReply, ChatError> {
    match api {
        Api::Chat => chat::reply::reply(body),
        Api::Responses => responses::reply::reply(body),
        Api::Messages => messages::reply::reply(body),
    }
}

/// An answer of which bytes have come. However the bytes are cut, the reply is the same.
#[derive(Debug)]
pub struct Reader {
    api: Api,
    head: Head,
    secrets: Arc<Secrets>,
    form: Form,
    has_data: bool,
}

#[derive(Debug)]
enum Form {
    /// So few bytes have come that they may be either.
    Open(Vec<u8>),
    /// The answer comes in one piece.
    Plain(Vec<u8>),
    /// The answer is a stream of events.
    Stream(Box<Stream>),
    /// The answer is known, and what may still come is not read.
    Ended(Box<Result<ChatReply, ChatError>>),
}

#[derive(Debug)]
struct Stream {
    splitter: Splitter,
    pieces: Pieces,
}

#[derive(Debug)]
enum Pieces {
    Chat(chat::stream::Completion),
    Responses(responses::stream::Response),
    Messages(messages::stream::Answer),
}

/// The bytes that tell a stream from other bodies.
const ENOUGH_TO_TELL: usize = 6;
/// The data after the last event of Chat Completions.
const DONE: &str = "[DONE]";

impl Reader {
    /// Makes a reader for the answer with this head. Secrets are removed before anything is cut short.
    #[must_use]
    pub fn new(api: Api, head: Head, secrets: impl Into<Arc<Secrets>>) -> Self {
        Self { api, head, secrets: secrets.into(), form: Form::Open(Vec::new()), has_data: false }
    }

    /// Takes bytes. Returns whether the answer is complete, so that no more need to be read.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        match &mut self.form {
            Form::Open(begun) => {
                begun.extend_from_slice(bytes);
                let begun = std::mem::take(begun);
                self.form = self.decide(begun);
            }
            Form::Plain(body) => {
                body.extend_from_slice(bytes);
                self.has_data |= !bytes.trim_ascii().is_empty();
            }
            Form::Stream(stream) => {
                if let Some(end) = Self::take(stream, &self.secrets, &mut self.has_data, bytes) {
                    self.form = Form::Ended(Box::new(end));
                }
            }
            Form::Ended(_) => {}
        }
        match &self.form {
            Form::Stream(stream) => stream.pieces.is_over(),
            Form::Ended(_) => true,
            Form::Open(_) | Form::Plain(_) => false,
        }
    }

    /// Whether anything of the answer has come. Comments, pings and empty lines are nothing.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.has_data
    }

    /// Whether the answer is a stream of events.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.form, Form::Stream(_))
    }

    /// How far the answer has come. What is missing after its end is no reason to ask again.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.form {
            Form::Stream(stream) => stream.pieces.progress(),
            Form::Ended(_) => Progress::Counted,
            Form::Open(_) | Form::Plain(_) => Progress::Open,
        }
    }

    fn decide(&mut self, begun: Vec<u8>) -> Form {
        let text = begun.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&begun).trim_ascii_start();
        let is_typed = self.head.content_type.as_deref().is_some_and(|kind| kind.contains("event-stream"));
        let is_success = (200..300).contains(&self.head.status);
        let is_stream = match text.first() {
            None => return Form::Open(begun),
            Some(b'{' | b'[' | b'<' | b'"') => false,
            Some(b':') => true,
            Some(_) if is_typed => true,
            Some(_) if text.len() < ENOUGH_TO_TELL => return Form::Open(begun),
            Some(_) => [&b"data:"[..], b"event:", b"retry:"].iter().any(|start| text.starts_with(start)),
        };
        if !is_stream || !is_success {
            self.has_data = true;
            return Form::Plain(begun);
        }
        let pieces = match self.api {
            Api::Chat => Pieces::Chat(chat::stream::Completion::default()),
            Api::Responses => Pieces::Responses(responses::stream::Response::default()),
            Api::Messages => Pieces::Messages(messages::stream::Answer::default()),
        };
        let mut stream = Box::new(Stream { splitter: Splitter::default(), pieces });
        match Self::take(&mut stream, &self.secrets, &mut self.has_data, &begun) {
            None => Form::Stream(stream),
            Some(end) => Form::Ended(Box::new(end)),
        }
    }

    /// Takes bytes of a stream. Returns its end if an event is an error.
    fn take(
        stream: &mut Stream,
        secrets: &Secrets,
        has_data: &mut bool,
        bytes: &[u8],
    ) -> Option<Result<ChatReply, ChatError>> {
        let Stream { splitter, pieces } = stream;
        let taken = splitter.push(bytes, |event| {
            let result = pieces.push(&event, secrets);
            *has_data |= matches!(result, Ok(true));
            result.map(|_| ())
        });
        taken.err().map(|end| *end)
    }

    /// Understands the answer after its last byte.
    ///
    /// # Errors
    /// Returns the kind of fault, with the message of the endpoint.
    pub fn finish(self) -> Result<ChatReply, ChatError> {
        let Self { api, head, secrets, form, .. } = self;
        let result = match form {
            Form::Ended(result) => *result,
            Form::Open(body) | Form::Plain(body) => plain(api, &head, &secrets, &body),
            Form::Stream(mut stream) => {
                let last = stream.splitter.end().map(|event| stream.pieces.push(&event, &secrets));
                match last {
                    Some(Err(end)) => *end,
                    _ => stream.pieces.finish().and_then(|body| read(api, body)),
                }
            }
        };
        match result {
            Ok(reply) => Ok(ChatReply {
                request_id: head.request_id.filter(|id| !id.is_empty()).or(reply.request_id),
                billed_usd: reply.billed_usd.or(head.billed_usd),
                ..reply
            }),
            Err(error) => Err(ChatError {
                status: Some(head.status),
                request_id: head.request_id,
                retry_after: head.retry_after,
                ..error
            }),
        }
    }
}

/// The end of a stream that an event brings.
type End = Box<Result<ChatReply, ChatError>>;

impl Pieces {
    /// Takes an event. Returns whether it is data.
    fn push(&mut self, event: &Event, secrets: &Secrets) -> Result<bool, End> {
        let data = event.data.trim();
        if data == DONE {
            if let Self::Chat(completion) = self {
                completion.done();
            }
            return Ok(true);
        }
        let data = secrets.clean(data);
        let Some(value) = json::read(data.as_bytes()) else {
            return if self.is_nothing(&event.name, &data) {
                Ok(false)
            } else {
                Err(Box::new(Err(ChatError::new(ErrorKind::MalformedBody, &data))))
            };
        };
        let kind = value.get("type").and_then(Value::as_str).unwrap_or(&event.name);
        if matches!(kind, "ping" | "keepalive") {
            return Ok(false);
        }
        // A response that failed has its error inside, and a router puts the failure behind it into the choice.
        let failed = (kind == "response.failed").then(|| value.get("response")).flatten();
        let choice = value.get("choices").and_then(|choices| choices.get(0)).filter(|choice| is_error(choice));
        let is_named = event.name == "error" || kind == "error" || is_error(&value) || self.is_bare_error(&value);
        if let Some(error) = failed.or(is_named.then_some(&value)).or(choice) {
            let reply = malformed(error).or_else(|| filtered(200, error));
            return Err(Box::new(reply.ok_or_else(|| error_in_stream(error))));
        }
        match self {
            Self::Chat(completion) => completion.push(value),
            Self::Responses(response) => response.push(value),
            Self::Messages(answer) => answer.push(value),
        }
        Ok(true)
    }

    /// Whether data that are no JSON say nothing: a ping may have anything as its data, a stream may begin with a greeting,
    /// and after the end of the message nothing is missing.
    fn is_nothing(&self, name: &str, data: &str) -> bool {
        let is_greeting = !name.is_empty() && name != "error" && name != "message" && !data.contains(['{', '[']);
        data.is_empty() || name == "ping" || is_greeting || self.progress() != Progress::Open
    }

    /// Whether a chunk of Chat Completions is an error that is not in a field of that name.
    fn is_bare_error(&self, value: &Value) -> bool {
        let has = |name: &str| value.get(name).is_some_and(|field| !field.is_null());
        matches!(self, Self::Chat(_))
            && !has("choices")
            && (value.get("object").and_then(Value::as_str) == Some("error")
                || (!has("usage") && !has("id") && ["detail", "message", "msg", "errors"].into_iter().any(has)))
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Chat(completion) => completion.progress(),
            Self::Responses(response) if response.is_over() => Progress::Counted,
            Self::Responses(_) => Progress::Open,
            Self::Messages(answer) => answer.progress(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Chat(completion) => completion.is_over(),
            Self::Responses(response) => response.is_over(),
            Self::Messages(answer) => answer.is_over(),
        }
    }

    fn finish(self) -> Result<Value, ChatError> {
        match self {
            Self::Chat(completion) => completion.finish(),
            Self::Responses(response) => response.finish(),
            Self::Messages(answer) => answer.finish(),
        }
    }
}

/// The text of a body. One that is compressed, for which nobody asked, cannot be read.
fn readable(body: &[u8]) -> Cow<'_, str> {
    const COMPRESSED: [(&[u8], &str); 2] = [(b"\x1F\x8B", "gzip"), (b"\x28\xB5\x2F\xFD", "zstd")];
    match COMPRESSED.iter().find(|(start, _)| body.starts_with(start)) {
        Some((_, by)) => format!("the body is compressed by {by}, although the request does not allow it").into(),
        None => String::from_utf8_lossy(body),
    }
}

/// Understands a body that came in one piece.
fn plain(api: Api, head: &Head, secrets: &Secrets, body: &[u8]) -> Result<ChatReply, ChatError> {
    let text = readable(body);
    let text = secrets.clean(&text);
    // Some servers begin with a byte order mark, which JSON does not allow.
    let parsed = json::read(text.strip_prefix('\u{feff}').unwrap_or(&text).as_bytes());
    if !(200..300).contains(&head.status) {
        let reply = parsed.as_ref().and_then(|value| malformed(value).or_else(|| filtered(head.status, value)));
        return reply.ok_or_else(|| refusal(head.status, parsed.as_ref(), &text));
    }
    let Some(value) = parsed else {
        let content_type = head.content_type.as_deref().unwrap_or_default();
        let kind = if is_page(&text) || content_type.contains("html") {
            ErrorKind::HtmlBody
        } else if content_type.contains("event-stream") {
            ErrorKind::SseBody
        } else {
            ErrorKind::MalformedBody
        };
        return Err(ChatError::new(kind, &text));
    };
    if is_error(&value)
        && let Some(reply) = malformed(&value).or_else(|| filtered(head.status, &value))
    {
        return Ok(reply);
    }
    read(api, value)
}
