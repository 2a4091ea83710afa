//! Learns from a refusal: which parameter is to be changed, and how. Pure.

use super::adjustment::{Adjusted, Adjustment, Change};
use super::limits::{self, Limit};
use super::refused::{Named, Refused};
use super::sent::Sent;
use crate::chat::wire::{JsonForm, ModelSettings, ONLY_BY_RESPONSES, Optional, ThinkingForm, ToolChoice};
use crate::chat::{Api, ChatError, ErrorKind};

/// The most fields of messages that are left out. An endpoint that refuses more does not want the messages at all.
const MOST_FIELDS: usize = 8;
/// The most characters of the endpoint's words that are kept.
const LONGEST_WORDS: usize = 300;

/// Returns the change by which the endpoint may take the request, if its refusal names a part of the request that was not
/// changed before. The settings are those with which the refused request was sent.
#[must_use]
pub fn learn(settings: &ModelSettings, adjusted: &Adjusted, sent: &Sent, error: &ChatError) -> Option<Adjustment> {
    let refused = Refused::of(error, sent);
    if !can_teach(error.kind) || (error.kind != ErrorKind::TokensPerMinute && refused.is_about_other_things()) {
        return None;
    }
    let change = other_api(settings, adjusted, &refused)
        .or_else(|| lower_limit(settings, adjusted, sent, error, &refused))
        .filter(|change| adjusted.iter().all(|known| known.change != *change))
        .or_else(|| is_about_parameters(error).then(|| by_name(settings, adjusted, &refused))?)?;
    Some(Adjustment { change, words: error.message.chars().take(LONGEST_WORDS).collect() })
}

/// Whether the endpoint refused the request for what is in it, so that another request may be taken.
#[must_use]
pub const fn can_teach(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BadRequest
            | ErrorKind::NotFound
            | ErrorKind::UnknownModel
            | ErrorKind::ContextLength
            | ErrorKind::TokensPerMinute
    )
}

/// A request that is too long, or for a model that does not exist, is not refused for a parameter. But gateways say with
/// 404 that no provider takes one.
fn is_about_parameters(error: &ChatError) -> bool {
    matches!(error.kind, ErrorKind::BadRequest | ErrorKind::NotFound)
}

/// The endpoint serves this model by Responses alone.
fn other_api(settings: &ModelSettings, adjusted: &Adjusted, refused: &Refused<'_>) -> Option<Change> {
    (settings.spoken() == Api::Chat && adjusted.of("api").is_none() && refused.says(&ONLY_BY_RESPONSES))
        .then_some(Change::Api(Api::Responses))
}

fn lower_limit(
    settings: &ModelSettings,
    adjusted: &Adjusted,
    sent: &Sent,
    error: &ChatError,
    refused: &Refused<'_>,
) -> Option<Change> {
    let limit = Limit {
        sent: sent.limit?,
        configured: settings.max_tokens.map_or(0, u64::from).max(sent.limit?),
        was_lowered: adjusted.iter().any(|known| matches!(known.change, Change::MaxTokens(_))),
    };
    limits::lower(limit, error, refused).map(Change::MaxTokens)
}

fn by_name(settings: &ModelSettings, adjusted: &Adjusted, refused: &Refused<'_>) -> Option<Change> {
    if let Some(part) = of_the_schema(settings, refused) {
        return Some(Change::LeftOut(part));
    }
    match refused.named()? {
        Named::Field(field) => {
            let is_new = !settings.fields_left_out.contains(&field) && settings.fields_left_out.len() < MOST_FIELDS;
            is_new.then_some(Change::MessageField(field))
        }
        Named::Part(part) => change_of(part, settings, adjusted, refused),
    }
}

/// Strict output of `OpenAI` and of some others takes no rule on the length of a string: the schema is followed as strictly
/// without it.
fn of_the_schema(settings: &ModelSettings, refused: &Refused<'_>) -> Option<Optional> {
    const BAD_SCHEMA: [&str; 4] = ["invalid schema", "invalid json schema", "schema is invalid", "schema too complex"];
    if refused.says(&["maxlength"]) && refused.had(Optional::MaxLength) {
        return Some(Optional::MaxLength);
    }
    let is_strict = refused.had(Optional::Strict) && settings.strict_schema;
    (is_strict && refused.says(&BAD_SCHEMA)).then_some(Optional::Strict)
}

/// How a part of the request is changed that the endpoint refuses.
fn change_of(part: Optional, settings: &ModelSettings, adjusted: &Adjusted, refused: &Refused<'_>) -> Option<Change> {
    let change = match part {
        Optional::ToolChoice if settings.tool_choice == ToolChoice::Required => Change::ToolChoice(ToolChoice::Auto),
        Optional::ResponseFormat
            if settings.json_form == JsonForm::JsonSchema && settings.spoken() != Api::Messages =>
        {
            Change::ResponseFormat(JsonForm::JsonObject)
        }
        Optional::Thinking => thinking(settings, refused),
        Optional::AnswerLimit => return name_of_limit(settings, adjusted, refused),
        other => Change::LeftOut(other),
    };
    Some(change)
}

/// Another name for the limit, or none at all if both are refused. Messages cannot be asked without one.
fn name_of_limit(settings: &ModelSettings, adjusted: &Adjusted, refused: &Refused<'_>) -> Option<Change> {
    let is_renamed = adjusted.of("token_param").is_some();
    match settings.spoken() {
        Api::Chat if !is_renamed && !limits::is_value_refused(refused) => {
            Some(Change::TokenParam(settings.token_param.other()))
        }
        Api::Chat | Api::Responses => {
            limits::is_name_refused(refused).then_some(Change::LeftOut(Optional::AnswerLimit))
        }
        Api::Messages => None,
    }
}

fn thinking(settings: &ModelSettings, refused: &Refused<'_>) -> Change {
    let by_budget = settings.thinking_budget.is_some() && settings.thinking_form == ThinkingForm::Budget;
    if by_budget && refused.says(&["adaptive"]) {
        Change::Thinking(ThinkingForm::Adaptive)
    } else {
        Change::LeftOut(Optional::Thinking)
    }
}
