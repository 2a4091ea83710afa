//! One call: what is asked, and what is answered. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Retry;
use super::message::{Message, ToolCall, ToolSpec};

/// The form in which the answer is requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyFormat {
    /// The answer is free text.
    Text,
    /// The answer is JSON that follows a schema (`response_format: json_schema`).
    Json {
        /// The name of the schema.
        name: String,
        /// The JSON Schema that the answer must follow.
        schema: Value,
    },
    /// The answer is a call of one of several functions, one for each kind of action.
    Tools {
        /// The functions that are offered.
        tools: Vec<ToolSpec>,
    },
}

/// The request of one call, independent of provider and model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far, oldest message first.
    pub messages: Vec<Message>,
    /// The form of the answer.
    pub format: ReplyFormat,
    /// A limit on the tokens of the answer that overrides the model's setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

/// The tokens of a call, as the endpoint counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The tokens of the prompt, including those that were read from the provider's cache or written to it.
    pub prompt_tokens: u64,
    /// The tokens of the prompt that came from the provider's cache.
    pub cached_tokens: u64,
    /// The tokens of the prompt that were written to the provider's cache for its usual time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// The tokens of the prompt that were written to the provider's cache for an hour.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_hour_tokens: u64,
    /// The tokens of the answer, including reasoning.
    pub completion_tokens: u64,
    /// The tokens of the answer that were reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// No tokens at all, which is known and not the same as tokens that nobody counted.
    pub const NONE: Self = Self {
        prompt_tokens: 0,
        cached_tokens: 0,
        cache_write_tokens: 0,
        cache_write_hour_tokens: 0,
        completion_tokens: 0,
        reasoning_tokens: 0,
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.cache_write_hour_tokens += other.cache_write_hour_tokens;
        self.completion_tokens += other.completion_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
    }
}

/// The reasons why a model stops writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The limit on tokens cut the answer.
    Length,
    /// The model called tools.
    ToolCalls,
    /// The provider's filter stopped the answer.
    ContentFilter,
    /// The model, or what guards it, refused to answer.
    Refusal,
    /// The host refused the call or the JSON that the model wrote. The text of the reply is what the model wrote.
    Malformed,
    /// The conversation and the answer together reached the end of the model's context.
    ContextWindow,
    /// The endpoint gave another reason, or none (an empty text).
    Other(String),
}

impl FinishReason {
    /// Whether the model, or what guards it, refused to answer.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refusal | Self::ContentFilter)
    }
}

/// What an endpoint says about how it served a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedBy {
    /// The provider behind a router, as the router names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The service tier that was billed, such as `flex` or `priority`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The configuration of the backend, as the endpoint names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
}

impl ServedBy {
    /// Whether the endpoint said nothing.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.provider.is_none() && self.service_tier.is_none() && self.system_fingerprint.is_none()
    }
}

/// The answer of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The text of the answer.
    pub content: Option<String>,
    /// The reasoning, if the endpoint returns it separately.
    pub reasoning: Option<String>,
    /// The functions that the model called.
    pub tool_calls: Vec<ToolCall>,
    /// The reason why the model stopped.
    pub finish: FinishReason,
    /// The model that answered, as the endpoint names it.
    pub model: Option<String>,
    /// The tokens, if the endpoint counted them.
    pub usage: Option<Usage>,
    /// The message as the endpoint sent it, which later requests play back unchanged: an assistant's message of Chat
    /// Completions, the list of output items of Responses, or the list of content blocks of Messages. None if the client has
    /// none, as a program that plays has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_it_came: Option<Value>,
    /// What the endpoint itself says that the call cost, in USD; none if it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_usd: Option<f64>,
    /// What else the endpoint says about how it served the call.
    #[serde(default, skip_serializing_if = "ServedBy::is_nothing")]
    pub served: ServedBy,
    /// The endpoint's id of the request, from a header or the body.
    pub request_id: Option<String>,
    /// The duration of the last attempt in milliseconds.
    pub latency_ms: u64,
    /// The attempts that failed before it.
    pub retries: Vec<Retry>,
}

impl ChatReply {
    /// A reply that has nothing but why it ended.
    #[must_use]
    pub fn empty(finish: FinishReason) -> Self {
        Self {
            content: None,
            reasoning: None,
            tool_calls: Vec::new(),
            finish,
            model: None,
            usage: None,
            as_it_came: None,
            billed_usd: None,
            served: ServedBy::default(),
            request_id: None,
            latency_ms: 0,
            retries: Vec::new(),
        }
    }

    /// A reply that has nothing but a text, and why it ended.
    #[must_use]
    pub fn of_text(text: String, finish: FinishReason) -> Self {
        Self { content: Some(text), ..Self::empty(finish) }
    }
}
