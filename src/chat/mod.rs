//! The chat protocol: what is asked of a model, what came back, and what went wrong.
//!
//! This layer knows no task and no scenario. [`ChatClient`] is the one boundary to the network; [`openai::OpenAiClient`]
//! speaks to any OpenAI-compatible endpoint and [`retry::Retrying`] adds the retry policy around it;
//! [`process::ProcessClient`] speaks to a program in lines.
//!
//! ```text
//! ChatRequest ─► Retrying ─► OpenAiClient ─► Limiter ─► HTTP ─► wire::parse_reply ─► ChatReply | ChatError
//! ```

pub mod chaos;
pub mod error;
pub mod limit;
pub mod openai;
pub mod price;
pub mod process;
pub mod retry;
pub mod wire;

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use error::{ChatError, ErrorKind};

/// A boxed future, as returned by the object-safe [`ChatClient`].
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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

/// A failed attempt that was followed by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// What went wrong.
    pub error: ErrorKind,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long was waited before the next attempt, in milliseconds.
    pub delay_ms: u64,
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

/// The circumstances of a call, which are not part of the request.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// When the call must be over, retries included.
    pub deadline: Option<Instant>,
    /// Seeds the jitter of the retry delays.
    pub jitter_seed: u64,
    /// Which repetition of the request it is, from 0: a recording has an answer for each.
    pub repeat: u32,
    /// Once it is cancelled, no further attempt is begun; one that is under way goes on.
    pub stop: CancellationToken,
    /// Whether faults on purpose leave it alone, as they do the question before a run.
    pub spared: bool,
}

/// A way to reach a model. The one asynchronous boundary below the runner.
pub trait ChatClient: Send + Sync {
    /// Asks for one completion. Dropping the future abandons the call.
    ///
    /// # Errors
    /// A [`ChatError`] that says what kind of fault it was and after how many attempts.
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>>;

    /// Ends a conversation, with a last message that needs no answer where there is one. For clients that keep something
    /// open; an endpoint is told nothing.
    fn close<'a>(&'a self, last: Option<&'a str>) -> BoxFuture<'a, ()> {
        let _ = last;
        Box::pin(std::future::ready(()))
    }
}
