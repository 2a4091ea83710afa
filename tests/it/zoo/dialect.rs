//! What makes a dialect: where and how it is asked, what it refuses, what it says, what it insists on getting back, and what
//! it bills.

use incident_bench::chat::Api;
use serde_json::Value;

use super::answer::Answer;
use super::bill::{Caches, Counts, Price, bare, of_messages, of_responses};
use super::dress;
use super::sse::ChatStream;
use crate::server::Reply;

/// The header in which the key is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Key {
    /// No key is looked at.
    None,
    Bearer,
    /// `x-api-key`, with `anthropic-version`.
    OfMessages,
    /// `api-key`
    OfAzure,
}

/// What an endpoint does not take.
pub(super) struct Refuses {
    /// The APIs by which it is refused.
    pub(super) by: &'static [Api],
    pub(super) when: fn(&Value) -> bool,
    pub(super) status: u16,
    /// The JSON of the answer.
    pub(super) says: &'static str,
}

/// A refusal by Chat Completions.
pub(super) const fn refuses(when: fn(&Value) -> bool, status: u16, says: &'static str) -> Refuses {
    Refuses { by: &[Api::Chat], when, status, says }
}

/// A dialect.
pub(super) struct Dialect {
    pub(super) name: &'static str,
    /// The documents and threads that describe it, with their dates.
    pub(super) sources: &'static str,
    pub(super) model: &'static str,
    /// The path and the query of the base URL.
    pub(super) base: &'static str,
    pub(super) key: Key,
    /// The APIs that there are.
    pub(super) apis: &'static [Api],
    /// What is said at the path of another API.
    pub(super) elsewhere: (u16, &'static str),
    /// The protocols in which it is played.
    pub(super) protocols: &'static [&'static str],
    pub(super) refuses: &'static [Refuses],
    /// Makes the message of a chat completion.
    pub(super) chat: fn(&Answer) -> Value,
    /// Makes the items of a response.
    pub(super) items: fn(&Answer) -> Vec<Value>,
    /// Makes the blocks of a message.
    pub(super) blocks: fn(&Answer) -> Vec<Value>,
    /// Makes of a message that was given what must come back.
    pub(super) back: fn(Value) -> Value,
    /// What is said if something else came back. If nothing is, the difference is noted and the answer is given.
    pub(super) insists: Option<(u16, &'static str)>,
    pub(super) stream: ChatStream,
    /// Whether answers come in one piece even if pieces are asked for.
    pub(super) never_streams: bool,
    pub(super) finish: (&'static str, &'static str),
    pub(super) usage: fn(&Counts) -> Value,
    /// Adds to the body of a chat completion.
    pub(super) adds: fn(&mut Value, &Counts, &Price),
    pub(super) caches: Caches,
    pub(super) price: Price,
    /// Whether the price must be configured, because the endpoint does not say what a call cost.
    pub(super) is_priced_by_table: bool,
    /// Changes the text of a body in its way to the client.
    pub(super) mangles: fn(String) -> String,
    /// Returns the answer to a request in place of the model's, where an endpoint fails now and then. The numbers are those of
    /// the step and of the attempt.
    pub(super) falters: fn(usize, usize) -> Option<Reply>,
}

/// A dialect as `OpenAI` began it.
pub(super) const USUAL: Dialect = Dialect {
    name: "",
    sources: "",
    model: "m",
    base: "/v1",
    key: Key::Bearer,
    apis: &[Api::Chat],
    elsewhere: (
        404,
        r#"{"error": {"message": "Not Found", "type": "invalid_request_error", "param": null, "code": null}}"#,
    ),
    protocols: &["text", "tools"],
    refuses: &[],
    chat: dress::plain,
    items: dress::items,
    blocks: dress::blocks,
    back: |given| given,
    insists: None,
    stream: ChatStream::USUAL,
    never_streams: false,
    finish: ("stop", "tool_calls"),
    usage: bare,
    adds: |_, _, _| {},
    caches: Caches::No,
    price: Price::new(1.0, 1.0, 1.0, 4.0),
    is_priced_by_table: true,
    mangles: |text| text,
    falters: |_, _| None,
};

impl Dialect {
    /// The counts of a call in the form of an API.
    pub(super) fn counted(&self, api: Api, counts: &Counts) -> Value {
        match api {
            Api::Chat => (self.usage)(counts),
            Api::Responses => of_responses(counts),
            Api::Messages => of_messages(counts),
        }
    }

    /// What the model says in the form of an API: a message, a list of items or a list of blocks.
    pub(super) fn dressed(&self, api: Api, answer: &Answer) -> Value {
        match api {
            Api::Chat => (self.chat)(answer),
            Api::Responses => (self.items)(answer).into(),
            Api::Messages => (self.blocks)(answer).into(),
        }
    }
}
