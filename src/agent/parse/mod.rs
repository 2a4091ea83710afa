//! The tolerant parser: it finds an action in whatever a model wrote.
//!
//! Models answer with bare JSON, fenced JSON, JSON in prose, thoughts before it, trailing commas, a wrapper object, keys of
//! their own, a tool call, or a tool call in the marks of their own template that a server left in the text. All of these
//! are read. Thoughts are never searched for actions. A reply that cannot be read gets a named reason.

mod calls;
mod counts;
mod json;
mod name;
mod object;
mod pythonic;
#[cfg(test)]
mod tests;
mod thoughts;

pub use counts::Counts;
pub use thoughts::without as without_thoughts;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::chat::{ChatReply, FinishReason, ToolCall};
use incident_env::{Action, ActionKind};

/// The reasons why a reply contains no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The reply is empty.
    #[error("the reply is empty")]
    Empty,
    /// The reply contains reasoning but no answer.
    #[error("the reply has reasoning but no answer")]
    ReasoningOnly,
    /// The model, or what guards it, refused to answer.
    #[error("the model refused to answer")]
    Refused,
    /// The provider's filter removed the answer.
    #[error("the provider's content filter stopped the reply")]
    ContentFilter,
    /// The token limit cut the answer before the action was complete.
    #[error("the reply was cut at the token limit before an action was complete")]
    Cut,
    /// The token limit cut the reply before the answer began.
    #[error("the reply was cut at the token limit while the model was still thinking")]
    CutWhileThinking,
    /// The end of the model's context cut the answer before the action was complete.
    #[error("the reply was cut at the end of the model's context before an action was complete")]
    ContextFull,
    /// The host refused the call or the JSON that the model wrote, and there is no action in what it wrote.
    #[error("the host refused what the model wrote, which has no whole action")]
    Malformed,
    /// The reply is text without JSON.
    #[error("the reply has no JSON object")]
    NoJson,
    /// The reply contains JSON but no action.
    #[error("the reply has JSON but no action_type")]
    NoAction,
    /// The reply is a tool call whose arguments are not JSON.
    #[error("the arguments of the function call are not valid JSON")]
    BadArguments,
}

/// Reads the action of a reply.
///
/// # Errors
/// Says what prevents it.
pub fn action(reply: &ChatReply, counts: Counts) -> Result<Action, Unreadable> {
    // What was written before a refusal is not meant to be used.
    if reply.finish == FinishReason::Refusal {
        return Err(Unreadable::Refused);
    }
    let text = reply.content.as_deref().unwrap_or_default();
    let was_cut = matches!(reply.finish, FinishReason::Length | FinishReason::ContextWindow);
    // The last action of a thought that was cut, or beside a call, is not what the thought came to.
    let must_end_with_it = counts == Counts::Last && (was_cut || !reply.tool_calls.is_empty());
    let in_text = || match from_text(text, counts) {
        Ok(_) if must_end_with_it && !ends_with_action(text) => Err(Unreadable::Cut),
        found => found,
    };
    let found = match reply.tool_calls.first() {
        // A call that cannot be read may come with a text that can.
        Some(call) => from_tool_call(call).or_else(|problem| in_text().map_err(|_| problem)),
        None => in_text(),
    };
    let has_reasoning = || reply.reasoning.as_deref().is_some_and(|text| !text.trim().is_empty());
    found.map_err(|problem| match (&reply.finish, problem) {
        (FinishReason::ContentFilter, _) => Unreadable::ContentFilter,
        (FinishReason::ContextWindow, _) => Unreadable::ContextFull,
        (FinishReason::Malformed, _) => Unreadable::Malformed,
        (FinishReason::Length, Unreadable::ReasoningOnly) => Unreadable::CutWhileThinking,
        (FinishReason::Length, Unreadable::Empty) if has_reasoning() => Unreadable::CutWhileThinking,
        (FinishReason::Length, _) => Unreadable::Cut,
        (_, Unreadable::Empty) if has_reasoning() => Unreadable::ReasoningOnly,
        (_, problem) => problem,
    })
}

fn from_tool_call(call: &ToolCall) -> Result<Action, Unreadable> {
    let arguments = match call.arguments.trim() {
        "" => Map::new(),
        text => json::first_object(text).ok_or(Unreadable::BadArguments)?,
    };
    // Some models call a function "action" and put the whole action into the arguments. But if a function of this name
    // exists, its name says what is meant, whatever else among the arguments has that name.
    if !name::is_known(&call.name)
        && let Some(action) = object::from_object(&arguments)
    {
        return Ok(action);
    }
    Ok(object::build(&call.name, arguments))
}

/// Reads the action of a text.
///
/// # Errors
/// Says what prevents it.
pub fn from_text(text: &str, counts: Counts) -> Result<Action, Unreadable> {
    if text.trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    // An answer that is JSON as a whole needs no search, however long it is and whatever its strings contain.
    if let Some(action) = whole(text) {
        return Ok(action);
    }
    let answer = thoughts::without(text);
    if thoughts::is_bare(&answer) {
        return Err(Unreadable::ReasoningOnly);
    }
    if let Some(action) = whole(&answer) {
        return Ok(action);
    }
    // A long thought may be full of brackets. Its end is where the action is to be, so that is read first.
    let tails = json::tails(&answer).filter(|_| counts == Counts::Last);
    let at_the_end = tails.filter_map(|tail| search(tail, counts).ok()).find(is_real);
    at_the_end.map_or_else(|| search(&answer, counts), Ok)
}

fn whole(text: &str) -> Option<Action> {
    serde_json::from_str(text.trim()).ok().as_ref().and_then(object::from_value)
}

fn is_real(action: &Action) -> bool {
    !matches!(action.kind(), ActionKind::Other(_))
}

/// Searches a text for the action that counts. A name that exists wins over one that does not: something else may have a
/// name, too.
fn search(text: &str, counts: Counts) -> Result<Action, Unreadable> {
    let found = calls::find(text);
    let real = found.actions.iter().filter(|action| is_real(action));
    let chosen = counts.pick(real).cloned().or_else(|| pythonic::find(text, counts));
    chosen.or_else(|| counts.pick(found.actions.iter()).cloned()).ok_or(if found.any_json {
        Unreadable::NoAction
    } else {
        Unreadable::NoJson
    })
}

/// Whether nothing but closing marks follows the last action of a text.
fn ends_with_action(text: &str) -> bool {
    let answer = thoughts::without(text);
    whole(&answer).is_some() || calls::end_of_last(&answer).is_some_and(|end| thoughts::is_bare(&answer[end..]))
}
