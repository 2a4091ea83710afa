//! The settings with which a model is asked. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schema::{LENGTH, without};
use crate::chat::Api;

/// The parameter that limits the length of an answer of Chat Completions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenParam {
    /// The older name, which most servers know.
    #[default]
    MaxTokens,
    /// The newer name, which reasoning models insist on.
    MaxCompletionTokens,
}

impl TokenParam {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }

    /// The other name.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::MaxTokens => Self::MaxCompletionTokens,
            Self::MaxCompletionTokens => Self::MaxTokens,
        }
    }
}

/// Whether a model must call one of the functions that are offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// The model must call a function.
    #[default]
    Required,
    /// The model decides.
    Auto,
}

/// How strongly an endpoint is asked for JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonForm {
    /// The answer must follow a JSON Schema.
    #[default]
    JsonSchema,
    /// The answer must be some JSON object.
    JsonObject,
}

/// How a model of Messages is told to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingForm {
    /// For a number of tokens.
    #[default]
    Budget,
    /// As long as it finds right.
    Adaptive,
}

incident_env::named_enum! {
    /// A part of a request that an endpoint may refuse, and without which it can still be asked.
    pub enum Optional ("optional parameter", "optional parameters") {
        /// The sampling temperature.
        Temperature = "temperature",
        /// Whether the model must call a function.
        ToolChoice = "tool_choice",
        /// The demand for JSON.
        ResponseFormat = "response_format",
        /// The demand that a schema is followed exactly.
        Strict = "strict",
        /// The longest that a string in a schema may be.
        MaxLength = "maxLength",
        /// The demand for one call of a function at a time.
        ParallelToolCalls = "parallel_tool_calls",
        /// The effort of a reasoning model.
        ReasoningEffort = "reasoning_effort",
        /// The tokens that a model may think for.
        Thinking = "thinking",
        /// The answer in pieces.
        Stream = "stream",
        /// The count of tokens at the end of an answer in pieces.
        StreamOptions = "stream_options",
        /// The marks up to which a prompt is cached.
        CacheControl = "cache_control",
        /// The demand for encrypted reasoning, which later requests play back.
        EncryptedReasoning = "include",
        /// The wish that nothing is stored at the provider.
        Store = "store",
        /// The object in which Messages takes the demand for JSON and the effort.
        OutputConfig = "output_config",
        /// The limit on the tokens of an answer.
        AnswerLimit = "max_tokens",
    }
}

/// The settings with which a model is asked, apart from the messages.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// The model's name at its endpoint.
    pub model: String,
    /// The form of conversation; with none, the client finds out which one the endpoint speaks.
    pub api: Option<Api>,
    /// The limit on the tokens of an answer.
    pub max_tokens: Option<u32>,
    /// The highest limit that the endpoint takes, also for requests with a limit of their own; none if it is not known.
    pub highest_limit: Option<u32>,
    /// The parameter that carries this limit.
    pub token_param: TokenParam,
    /// The sampling temperature; with none, the endpoint chooses it.
    pub temperature: Option<f64>,
    /// The effort that a reasoning model is asked for.
    pub reasoning_effort: Option<String>,
    /// The number of tokens that a model may think for before it answers, for APIs that take one; none if it is not set.
    pub thinking_budget: Option<u32>,
    /// Further top-level fields, which take precedence over ours.
    pub extra_body: Map<String, Value>,
    /// Whether a JSON schema is requested strictly.
    pub strict_schema: bool,
    /// Whether the model must call a function if it is offered some.
    pub tool_choice: ToolChoice,
    /// How strongly JSON is asked for.
    pub json_form: JsonForm,
    /// How a model is told to think if a number of tokens is set for it.
    pub thinking_form: ThinkingForm,
    /// What is left out of requests, because the endpoint refuses it.
    pub left_out: BTreeSet<Optional>,
    /// The fields of the model's earlier messages that are not played back, because the endpoint refuses them.
    pub fields_left_out: BTreeSet<String>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            model: String::new(),
            api: None,
            max_tokens: None,
            highest_limit: None,
            token_param: TokenParam::default(),
            temperature: None,
            reasoning_effort: None,
            thinking_budget: None,
            extra_body: Map::new(),
            strict_schema: true,
            tool_choice: ToolChoice::default(),
            json_form: JsonForm::default(),
            thinking_form: ThinkingForm::default(),
            left_out: BTreeSet::new(),
            fields_left_out: BTreeSet::new(),
        }
    }
}

impl ModelSettings {
    /// Whether this part is put into requests.
    #[must_use]
    pub fn sends(&self, part: Optional) -> bool {
        !self.left_out.contains(&part)
    }

    /// The form of conversation that is spoken until another one is found.
    #[must_use]
    pub fn spoken(&self) -> Api {
        self.api.unwrap_or(Api::Chat)
    }

    /// The temperature, if it is sent.
    pub(super) fn sent_temperature(&self) -> Option<f64> {
        self.temperature.filter(|_| self.sends(Optional::Temperature))
    }

    /// The effort, if it is sent.
    pub(super) fn sent_effort(&self) -> Option<&str> {
        self.reasoning_effort.as_deref().filter(|_| self.sends(Optional::ReasoningEffort))
    }

    /// The choice of tools, if it is sent.
    pub(super) fn sent_tool_choice(&self) -> Option<ToolChoice> {
        self.sends(Optional::ToolChoice).then_some(self.tool_choice)
    }

    /// Whether schemas are sent as strict; none if nothing is said about it.
    pub(super) fn sent_strict(&self) -> Option<bool> {
        self.sends(Optional::Strict).then_some(self.strict_schema)
    }

    /// A schema as it is sent.
    pub(super) fn sent_schema(&self, schema: &Value) -> Value {
        if self.sends(Optional::MaxLength) { schema.clone() } else { without(schema, &LENGTH) }
    }

    /// Whether answers are asked for in pieces.
    #[must_use]
    pub fn streams(&self) -> bool {
        self.sends(Optional::Stream)
    }
}
