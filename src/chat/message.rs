//! The messages of a conversation, and the functions that a model may call. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// Standing instructions.
    System {
        /// The text.
        content: String,
    },
    /// What the environment says to the model.
    User {
        /// The text.
        content: String,
    },
    /// What the model said.
    Assistant {
        /// The text; none where the model answered with tool calls only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        /// The functions that it called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// The result of a tool call.
    Tool {
        /// The [`ToolCall::id`] that this answers.
        call_id: String,
        /// The text.
        content: String,
    },
}

impl Message {
    /// The text of the message, empty where there is none.
    #[must_use]
    pub fn content(&self) -> &str {
        match self {
            Self::System { content } | Self::User { content } | Self::Tool { content, .. } => content,
            Self::Assistant { content, .. } => content.as_deref().unwrap_or_default(),
        }
    }
}

/// A function call that a model asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The id that the result must name.
    pub id: String,
    /// The function.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, perhaps broken.
    pub arguments: String,
}

/// A function that is offered to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of the arguments.
    pub parameters: Value,
}
