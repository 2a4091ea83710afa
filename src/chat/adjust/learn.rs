//! Learns from a refusal: which parameter is to be changed, and how. Pure.

use super::adjustment::{Adjusted, Adjustment, Change};
use super::limits;
use super::refused::Refused;
use crate::chat::wire::{JsonForm, ModelSettings, ONLY_BY_RESPONSES, Optional, ThinkingForm, ToolChoice};
use crate::chat::{Api, ChatError, ErrorKind};

/// The most fields of messages that are left out. An endpoint that refuses more does not want the messages at all.
const MOST_FIELDS: usize = 8;
/// The most characters of the endpoint's words that are kept.
const LONGEST_WORDS: usize = 300;

/// The names of the limit on the tokens of an answer.
const LIMIT: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// Returns the change by which the endpoint may take the request, if its refusal names a parameter that was not changed
/// before. The settings are those with which the refused request was sent.
#[must_use]
pub fn learn(settings: &ModelSettings, adjusted: &Adjusted, error: &ChatError) -> Option<Adjustment> {
    let can_teach = matches!(
        error.kind,
        ErrorKind::BadRequest
            | ErrorKind::NotFound
            | ErrorKind::UnknownModel
            | ErrorKind::ContextLength
            | ErrorKind::TokensPerMinute
    );
    let refused = Refused::of(error);
    // What is missing cannot be left out.
    if !can_teach || refused.says(&["passed back", "must include", "field required", "missing required"]) {
        return None;
    }
    let change = other_api(settings, adjusted, &refused)
        .or_else(|| lower_limit(settings, adjusted, error))
        .filter(|change| adjusted.iter().all(|known| known.change != *change))
        .or_else(|| is_about_parameters(error, &refused).then(|| by_name(settings, adjusted, &refused))?)?;
    Some(Adjustment { change, words: error.message.chars().take(LONGEST_WORDS).collect() })
}

/// A request that is too long, or for a model or a path that does not exist, is not refused for a parameter. But a router
/// says with 404 that no provider takes one.
fn is_about_parameters(error: &ChatError, refused: &Refused) -> bool {
    error.kind == ErrorKind::BadRequest
        || (error.kind == ErrorKind::NotFound && refused.says(&["no endpoints found", "no provider"]))
}

/// The endpoint serves this model by Responses alone.
fn other_api(settings: &ModelSettings, adjusted: &Adjusted, refused: &Refused) -> Option<Change> {
    (settings.spoken() == Api::Chat && adjusted.of("api").is_none() && refused.says(&ONLY_BY_RESPONSES))
        .then_some(Change::Api(Api::Responses))
}

fn lower_limit(settings: &ModelSettings, adjusted: &Adjusted, error: &ChatError) -> Option<Change> {
    let current = settings.max_tokens.filter(|_| adjusted.of("max_tokens").is_none())?;
    limits::lower(current, error).map(Change::MaxTokens)
}

fn by_name(settings: &ModelSettings, adjusted: &Adjusted, refused: &Refused) -> Option<Change> {
    // The endpoint's own field for the parameter says more than its words, in which other parameters are named too.
    let as_param = |names: &[&str]| refused.names_as_param(names);
    let in_text = |names: &[&str]| refused.names_in_text(names);
    parameter(settings, adjusted, refused, &as_param)
        .or_else(|| message_field(settings, refused))
        .or_else(|| parameter(settings, adjusted, refused, &in_text))
}

fn message_field(settings: &ModelSettings, refused: &Refused) -> Option<Change> {
    let field = refused.message_field()?;
    let is_new = !settings.fields_left_out.contains(&field) && settings.fields_left_out.len() < MOST_FIELDS;
    // The mark of a cache is ours and not of the model's message.
    (is_new && field != Optional::CacheControl.as_str()).then_some(Change::MessageField(field))
}

fn parameter(
    settings: &ModelSettings,
    adjusted: &Adjusted,
    refused: &Refused,
    is_named: &dyn Fn(&[&str]) -> bool,
) -> Option<Change> {
    let leave_out =
        |part: Optional, names: &[&str]| (settings.sends(part) && is_named(names)).then_some(Change::LeftOut(part));
    // Strict output of OpenAI and of some others takes no rule on the length of a string: the schema is followed as strictly
    // without it.
    if refused.says(&["maxlength"]) && settings.sends(Optional::MaxLength) {
        return Some(Change::LeftOut(Optional::MaxLength));
    }
    let is_bad_schema =
        refused.says(&["invalid schema", "invalid json schema", "schema is invalid", "schema too complex"]);
    if is_bad_schema && settings.sends(Optional::Strict) && settings.strict_schema {
        return Some(Change::LeftOut(Optional::Strict));
    }
    leave_out(Optional::StreamOptions, &["stream_options", "include_usage"])
        .or_else(|| leave_out(Optional::ParallelToolCalls, &["parallel_tool_calls", "disable_parallel_tool_use"]))
        .or_else(|| tool_choice(settings, is_named))
        .or_else(|| leave_out(Optional::Strict, &["strict"]))
        .or_else(|| json_form(settings, is_named))
        .or_else(|| settings.temperature.and_then(|_| leave_out(Optional::Temperature, &["temperature"])))
        .or_else(|| name_of_limit(settings, adjusted, is_named))
        .or_else(|| thinking(settings, refused, is_named))
        .or_else(|| {
            const EFFORT: [&str; 5] =
                ["reasoning_effort", "reasoningeffort", "reasoning.effort", "effort", "reasoning"];
            settings.reasoning_effort.as_ref().and_then(|_| leave_out(Optional::ReasoningEffort, &EFFORT))
        })
        .or_else(|| leave_out(Optional::CacheControl, &["cache_control"]))
        .or_else(|| {
            let names = ["include", "reasoning.encrypted_content", "encrypted content"];
            (settings.spoken() == Api::Responses).then(|| leave_out(Optional::EncryptedReasoning, &names))?
        })
        .or_else(|| leave_out(Optional::Stream, &["stream", "streaming"]))
}

fn tool_choice(settings: &ModelSettings, is_named: &dyn Fn(&[&str]) -> bool) -> Option<Change> {
    let choice = settings.sends(Optional::ToolChoice) && is_named(&["tool_choice"]);
    let change = match settings.tool_choice {
        ToolChoice::Required => Change::ToolChoice(ToolChoice::Auto),
        ToolChoice::Auto => Change::LeftOut(Optional::ToolChoice),
    };
    choice.then_some(change)
}

fn json_form(settings: &ModelSettings, is_named: &dyn Fn(&[&str]) -> bool) -> Option<Change> {
    const NAMES: [&str; 9] = [
        "response_format",
        "json_schema",
        "json_object",
        "output_config.format",
        "output_format",
        "text.format",
        "format",
        "structured outputs",
        "json mode",
    ];
    let format = settings.sends(Optional::ResponseFormat) && is_named(&NAMES);
    format.then(|| match (settings.json_form, settings.spoken()) {
        (JsonForm::JsonSchema, Api::Chat | Api::Responses) => Change::ResponseFormat(JsonForm::JsonObject),
        _ => Change::LeftOut(Optional::ResponseFormat),
    })
}

fn name_of_limit(settings: &ModelSettings, adjusted: &Adjusted, is_named: &dyn Fn(&[&str]) -> bool) -> Option<Change> {
    (settings.spoken() == Api::Chat && adjusted.of("token_param").is_none() && is_named(&LIMIT))
        .then(|| Change::TokenParam(settings.token_param.other()))
}

fn thinking(settings: &ModelSettings, refused: &Refused, is_named: &dyn Fn(&[&str]) -> bool) -> Option<Change> {
    let thinks = settings.thinking_budget.is_some() || settings.reasoning_effort.is_some();
    let thinks = thinks && settings.spoken() == Api::Messages;
    let names = ["thinking", "thinking.type.enabled", "budget_tokens", "adaptive"];
    let is_about_it = thinks && settings.sends(Optional::Thinking) && is_named(&names);
    is_about_it.then(|| {
        let by_budget = settings.thinking_budget.is_some() && settings.thinking_form == ThinkingForm::Budget;
        if by_budget && refused.says(&["adaptive"]) {
            Change::Thinking(ThinkingForm::Adaptive)
        } else {
            Change::LeftOut(Optional::Thinking)
        }
    })
}
