//! The check before a run: one call that shows whether the endpoint accepts the key and the model, and which protocol
//! it speaks.

use serde_json::json;

use crate::agent::prompt::Protocol;
use crate::chat::{
    CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, Message, ReplyFormat, ToolSpec,
};

/// The result of the check.
#[derive(Debug)]
pub struct Checked {
    /// The protocol to use.
    pub protocol: Protocol,
    /// The replies of the calls that were made. The last one decided the protocol.
    pub replies: Vec<ChatReply>,
}

impl Checked {
    /// The model that answered, as the endpoint names it.
    #[must_use]
    pub fn answered_by(&self) -> Option<&str> {
        self.replies.last()?.model.as_deref()
    }
}

/// The limit on the tokens of the answer. It is enough for a reasoning model to say a word.
const ANSWER_TOKENS: u32 = 256;

/// Makes the call with the protocol that the run will use. For `auto` (none) it tries json, then tools, then text.
///
/// # Errors
/// Returns the fault of the last call.
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
                // The endpoint answered, but not in that form: it ignores parameters that it does not know.
            }
            Err(error) if is_about_the_form(error.kind) => {}
            Err(error) => return Err(error),
        }
    }
    replies.push(client.complete(&request(Protocol::Text), context).await?);
    Ok(Checked { protocol: Protocol::Text, replies })
}

/// Whether the fault may be about the form. Servers refuse a form that they do not know with 400 or 422, and some of
/// them with 500.
fn is_about_the_form(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BadRequest | ErrorKind::Server)
}

/// Whether a reply has the form that was asked for.
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

/// The short request in the form of a protocol.
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
