//! What was changed in the requests to a model because its endpoint refused it. Pure.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::Api;
use crate::chat::wire::{JsonForm, ModelSettings, Optional, ThinkingForm, TokenParam, ToolChoice};

/// A change of one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "to", rename_all = "snake_case")]
pub enum Change {
    /// The endpoint is asked in another form.
    Api(Api),
    /// The limit on the tokens of an answer has another name.
    TokenParam(TokenParam),
    /// The limit on the tokens of an answer is lower.
    MaxTokens(u32),
    /// The model decides whether it calls a function.
    ToolChoice(ToolChoice),
    /// JSON is asked for less strictly.
    ResponseFormat(JsonForm),
    /// The model is told to think in another way.
    Thinking(ThinkingForm),
    /// A field of the model's earlier messages is not played back.
    MessageField(String),
    /// A parameter is not sent.
    LeftOut(Optional),
}

impl Change {
    /// The name of the parameter that is changed.
    #[must_use]
    pub fn parameter(&self) -> &str {
        match self {
            Self::Api(_) => "api",
            Self::TokenParam(_) => "token_param",
            Self::MaxTokens(_) => "max_tokens",
            Self::ToolChoice(_) => Optional::ToolChoice.as_str(),
            Self::ResponseFormat(_) => Optional::ResponseFormat.as_str(),
            Self::Thinking(_) => Optional::Thinking.as_str(),
            Self::MessageField(field) => field,
            Self::LeftOut(part) => part.as_str(),
        }
    }

    fn apply(&self, settings: &mut ModelSettings) {
        match self {
            Self::Api(api) => settings.api = Some(*api),
            Self::TokenParam(name) => settings.token_param = *name,
            Self::MaxTokens(limit) => settings.highest_limit = Some(*limit),
            Self::ToolChoice(choice) => settings.tool_choice = *choice,
            Self::ResponseFormat(form) => settings.json_form = *form,
            Self::Thinking(form) => settings.thinking_form = *form,
            Self::MessageField(field) => {
                settings.fields_left_out.insert(field.clone());
            }
            Self::LeftOut(part) => {
                settings.left_out.insert(*part);
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(api) => write!(f, "it is asked by its API '{api}'"),
            Self::TokenParam(name) => write!(f, "the limit of an answer is sent as {}", name.as_str()),
            Self::MaxTokens(limit) => write!(f, "max_tokens is {limit}"),
            Self::ToolChoice(ToolChoice::Auto) => f.write_str("tool_choice is auto"),
            Self::ToolChoice(ToolChoice::Required) => f.write_str("tool_choice is required"),
            Self::ResponseFormat(JsonForm::JsonObject) => f.write_str("response_format is json_object"),
            Self::ResponseFormat(JsonForm::JsonSchema) => f.write_str("response_format is json_schema"),
            Self::Thinking(ThinkingForm::Adaptive) => f.write_str("thinking is adaptive"),
            Self::Thinking(ThinkingForm::Budget) => f.write_str("thinking has a budget"),
            Self::MessageField(field) => write!(f, "'{field}' of its earlier messages is not sent back"),
            Self::LeftOut(part) => write!(f, "{part} is not sent"),
        }
    }
}

/// A change of one parameter, with the words by which the endpoint refused what was sent before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// The words of the endpoint.
    pub words: String,
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.change, self.words)
    }
}

/// All changes for one model, in the order in which they were learnt. Each parameter has at most one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Adjusted(Vec<Adjustment>);

impl Adjusted {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes in the order in which they were learnt.
    pub fn iter(&self) -> std::slice::Iter<'_, Adjustment> {
        self.0.iter()
    }

    /// The change of this parameter, if there is one.
    #[must_use]
    pub fn of(&self, parameter: &str) -> Option<&Adjustment> {
        self.0.iter().find(|known| known.change.parameter() == parameter)
    }

    /// Adds a change, in place of an earlier one of the same parameter. A limit that is not sent has no name.
    pub fn add(&mut self, adjustment: Adjustment) {
        let new = &adjustment.change;
        let is_replaced = |old: &Change| {
            let loses_its_name = matches!(old, Change::TokenParam(_)) && *new == Change::LeftOut(Optional::AnswerLimit);
            old.parameter() == new.parameter() || loses_its_name
        };
        self.0.retain(|known| !is_replaced(&known.change));
        self.0.push(adjustment);
    }

    /// The settings with which the model is asked after these changes.
    #[must_use]
    pub fn apply(&self, settings: &ModelSettings) -> ModelSettings {
        let mut settings = settings.clone();
        for adjustment in &self.0 {
            adjustment.change.apply(&mut settings);
        }
        settings
    }

    /// The changes without the endpoint's words, by which two runs can be compared.
    #[must_use]
    pub fn changes(&self) -> BTreeSet<String> {
        self.0.iter().map(|adjustment| adjustment.change.to_string()).collect()
    }
}

impl<'a> IntoIterator for &'a Adjusted {
    type Item = &'a Adjustment;
    type IntoIter = std::slice::Iter<'a, Adjustment>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
