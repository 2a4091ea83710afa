//! One call before a run: does the endpoint take the key and the model, and which protocol does it speak?

use serde_json::json;

use crate::agent::prompt::Protocol;
use crate::chat::{
    CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, Message, ReplyFormat, ToolSpec,
};

/// What the endpoint showed.
#[derive(Debug)]
pub struct Checked {
    /// The protocol to use.
    pub protocol: Protocol,
    /// The replies of the calls that were made, the one that settled it last.
    pub replies: Vec<ChatReply>,
}

impl Checked {
    /// The model that the endpoint says answered.
    #[must_use]
    pub fn answered_by(&self) -> Option<&str> {
        self.replies.last()?.model.as_deref()
    }
}

/// Tokens that the tiny call may spend on its answer; enough for a reasoning model to say a word.
const ANSWER_TOKENS: u32 = 256;

/// Makes the call with the protocol that will be used, or, for `auto` (none), tries json, then tools, then text.
///
/// # Errors
/// The fault of the last call.
pub async fn check(
    client: &dyn ChatClient,
    wanted: Option<Protocol>,
    context: &CallContext,
) -> Result<Checked, ChatError> {
    if let Some(protocol) = wanted {
        let reply = client.complete(&request(protocol), context).await?;
        return Ok(Checked { protocol, replies: vec![reply] });
    }
    let mut replies = Vec::new();
    for protocol in [Protocol::Json, Protocol::Tools] {
        match client.complete(&request(protocol), context).await {
            Ok(reply) => {
                let speaks = speaks(protocol, &reply);
                replies.push(reply);
                if speaks {
                    return Ok(Checked { protocol, replies });
                }
                // It answered, but not in that form: it ignores what it does not know.
            }
            Err(error) if is_about_the_form(error.kind) => {}
            Err(error) => return Err(error),
        }
    }
    replies.push(client.complete(&request(Protocol::Text), context).await?);
    Ok(Checked { protocol: Protocol::Text, replies })
}

/// Servers refuse a form that they do not know with 400 or 422, and some of them with 500.
fn is_about_the_form(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BadRequest | ErrorKind::Server)
}

/// Whether a reply came in the form that was asked for.
#[must_use]
pub fn speaks(protocol: Protocol, reply: &ChatReply) -> bool {
    match protocol {
        Protocol::Text => true,
        Protocol::Tools => !reply.tool_calls.is_empty(),
        Protocol::Json => {
            let text = reply.content.as_deref().unwrap_or_default();
            serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.get("word").is_some())
        }
    }
}

/// The tiny request in the form of a protocol.
#[must_use]
pub fn request(protocol: Protocol) -> ChatRequest {
    let schema = json!({
        "type": "object",
        "properties": { "word": { "type": "string", "enum": ["ready"] } },
        "required": ["word"],
        "additionalProperties": false,
    });
    let (format, how) = match protocol {
        Protocol::Text => (ReplyFormat::Text, "Answer with the word: ready"),
        Protocol::Json => (
            ReplyFormat::Json { name: "answer".to_owned(), schema },
            "Answer with the JSON object {\"word\": \"ready\"}",
        ),
        Protocol::Tools => {
            let tool = ToolSpec {
                name: "answer".to_owned(),
                description: "Says that you are ready.".to_owned(),
                parameters: schema,
            };
            (ReplyFormat::Tools { tools: vec![tool] }, "Call the function answer with the word: ready")
        }
    };
    let messages = vec![
        Message::System { content: "You check a connection.".to_owned() },
        Message::User { content: how.to_owned() },
    ];
    ChatRequest { messages, format, max_tokens: Some(ANSWER_TOKENS) }
}
