//! One call: what is asked, and what is answered. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Retry;
use super::message::{Message, ToolCall, ToolSpec};

/// The form in which the answer is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyFormat {
    /// Free text.
    Text,
    /// `response_format: json_schema`.
    Json {
        /// The name of the schema.
        name: String,
        /// The JSON Schema.
        schema: Value,
    },
    /// One function a kind of action, one of which must be called.
    Tools {
        /// The functions.
        tools: Vec<ToolSpec>,
    },
}

/// One call, independent of provider and model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The form of the answer.
    pub format: ReplyFormat,
    /// A limit on the answer, in tokens, that overrides the model's setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

/// Tokens of one call, as the endpoint counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that came from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub completion_tokens: u64,
    /// Tokens of the answer that were reasoning.
    pub reasoning_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.completion_tokens += other.completion_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
    }
}

/// Why a model stopped writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// The token limit cut it.
    Length,
    /// It called tools.
    ToolCalls,
    /// The provider's filter stopped it.
    ContentFilter,
    /// The endpoint said something else, or nothing (empty).
    Other(String),
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The text of the answer.
    pub content: Option<String>,
    /// The reasoning, where the endpoint shows it apart.
    pub reasoning: Option<String>,
    /// The functions called.
    pub tool_calls: Vec<ToolCall>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// The model that the endpoint says answered.
    pub model: Option<String>,
    /// The tokens, where the endpoint counted them.
    pub usage: Option<Usage>,
    /// The endpoint's id of the request, from a header or the body.
    pub request_id: Option<String>,
    /// How long the last attempt took, in milliseconds.
    pub latency_ms: u64,
    /// The attempts that failed before it.
    pub retries: Vec<Retry>,
}
