//! The messages of a conversation, and the functions that a model may call. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// The instructions that hold for the whole conversation.
    System {
        /// The text of the message.
        content: String,
    },
    /// A message of the environment to the model.
    User {
        /// The text of the message.
        content: String,
    },
    /// A message of the model.
    Assistant {
        /// The text; none if the model answered only with tool calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        /// The functions that the model called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
        /// The message as the endpoint sent it, which is played back to it unchanged; none if it is to be written from the
        /// text and the calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_it_came: Option<Value>,
    },
    /// The result of a tool call.
    Tool {
        /// The [`ToolCall::id`] of the call that this answers.
        call_id: String,
        /// The text of the message.
        content: String,
    },
}

impl Message {
    /// The text of the message, which is empty if it has none.
    #[must_use]
    pub fn content(&self) -> &str {
        match self {
            Self::System { content } | Self::User { content } | Self::Tool { content, .. } => content,
            Self::Assistant { content, .. } => content.as_deref().unwrap_or_default(),
        }
    }
}

/// A function call that a model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The id that the result must name.
    pub id: String,
    /// The name of the function.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, which may be broken.
    pub arguments: String,
}

/// A function that is offered to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name of the function.
    pub name: String,
    /// A description of the function for the model.
    pub description: String,
    /// The JSON Schema of the arguments.
    pub parameters: Value,
}
