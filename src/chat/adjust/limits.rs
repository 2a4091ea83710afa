//! Finds a lower limit on the tokens of an answer in the words with which an endpoint refused a higher one. Pure.

use super::numbers::numbers;
use super::refused::Refused;
use crate::chat::wire::{Counts, counts, number_after};
use crate::chat::{ChatError, ErrorKind};

/// The lowest limit that is learnt. Below it a model could hardly answer, so the prompt must be shorter instead.
const LOWEST: u64 = 1_024;
/// The tokens that are left over, because endpoints count a few more than they say.
const SPARE: u64 = 64;
/// How far a limit is halved if the endpoint says no number.
const MOST_HALVINGS: u32 = 4;

/// The limit with which a request was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// The limit that was sent.
    pub(super) sent: u64,
    /// The limit as it was configured.
    pub(super) configured: u64,
    /// Whether it was lowered before.
    pub(super) was_lowered: bool,
}

/// The lower limit, if the endpoint says enough and it would help.
pub(super) fn lower(limit: Limit, error: &ChatError, refused: &Refused<'_>) -> Option<u32> {
    let lower = match error.kind {
        ErrorKind::TokensPerMinute => of_a_minute(limit.sent, error),
        kind => {
            let counted = counts(&error.message);
            if counted.context.is_some() && counted.prompt.is_some() && kind == ErrorKind::ContextLength {
                of_the_context(limit.sent, &counted)
            } else {
                said(limit.sent, error, refused).or_else(|| {
                    let half = limit.sent / 2;
                    let is_refused = is_too_high(limit.sent, error, refused);
                    (is_refused && half >= (limit.configured >> MOST_HALVINGS)).then_some(half.max(LOWEST))
                })
            }
        }
    }?;
    // A prompt that grows would lower the limit a little at each step.
    let lower = if limit.was_lowered { lower.min((limit.sent / 2).max(LOWEST)) } else { lower };
    u32::try_from(lower).ok().filter(|_| (LOWEST..limit.sent).contains(&lower))
}

/// The prompt grows with each step, so that a third of what a minute allows is left for an answer, or less.
fn of_a_minute(current: u64, error: &ChatError) -> Option<u64> {
    let text = error.message.to_lowercase();
    let allowed = number_after(&text, &["limit "])?;
    let requested = number_after(&text, &["requested "])?;
    let room = allowed.checked_sub(requested.saturating_sub(current) + SPARE)?;
    fit(allowed / 3, room)
}

/// The prompt grows with each step, so that a quarter of the context is left for an answer, or less.
fn of_the_context(current: u64, counts: &Counts) -> Option<u64> {
    let (context, prompt) = (counts.context?, counts.prompt?);
    // Where the limit is not counted, a lower one changes nothing.
    counts.limit.filter(|limit| *limit <= current)?;
    fit(context / 4, context.checked_sub(prompt + SPARE)?)
}

fn fit(wanted: u64, room: u64) -> Option<u64> {
    (room >= LOWEST).then(|| wanted.max(LOWEST).min(room))
}

/// The words before the highest limit that a model takes.
const HIGHEST: [&str; 20] = [
    "supports at most ",
    "at most ",
    "less than or equal to ",
    "must be <= ",
    "a value <= ",
    "<= ",
    "[1, ",
    "[1,",
    "[0, ",
    "maximum value of ",
    "maximum allowed value is ",
    "limited to ",
    "tokens: 0 < max_tokens <= ",
    "limit of ",
    "up to ",
    "no more than ",
    "between 1 and ",
    "between 0 and ",
    "exceeds maximum ",
    " > ",
];

/// The words before a limit that is itself too high.
const ABOVE_HIGHEST: [&str; 5] =
    ["must be less than ", "should be less than ", "must be lower than ", "must be smaller than ", "must be < "];

/// The words that say that the limit was counted together with the prompt.
const WITH_PROMPT: [&str; 14] = [
    "context",
    "prompt",
    "input length",
    "input tokens",
    "input messages",
    "inputs",
    "sum of",
    "total",
    "seq_len",
    "session_len",
    "model_len",
    "n_ctx",
    " plus ",
    "sequence length",
];

/// The words that say that it is the name of the limit that is not taken.
const NAME_IS_REFUSED: [&str; 21] = [
    "unknown",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "extra",
    "additional",
    "not permitted",
    "not allowed",
    "unsupported",
    "not support",
    "n't support",
    "not accept",
    "instead",
    "deprecated",
    "not recognized",
    "not recognised",
    "not available",
    "not implemented",
    "not exist",
    "no such",
    "cannot find field",
];

/// The words that say that the limit is too high.
const TOO_HIGH: [&str; 20] = [
    "between",
    "too large",
    "too high",
    "too big",
    "too many",
    "too long",
    "exceed",
    "greater than",
    "more than",
    "larger than",
    "higher than",
    "maximum",
    "at most",
    "out of range",
    "valid range",
    "less than",
    "lower than",
    "smaller",
    "reduce",
    "超",
];

/// Whether the endpoint refuses the name of the limit and not its value.
pub(super) fn is_name_refused(refused: &Refused<'_>) -> bool {
    refused.says(&NAME_IS_REFUSED)
}

/// Whether the endpoint refuses the value of the limit and not its name.
pub(super) fn is_value_refused(refused: &Refused<'_>) -> bool {
    refused.says(&TOO_HIGH) && !is_name_refused(refused)
}

/// Whether the endpoint refuses the limit because it is too high, whatever number it takes.
fn is_too_high(sent: u64, error: &ChatError, refused: &Refused<'_>) -> bool {
    let follows_name = |words: &[&str]| number_after(refused.text().lower(), words) == Some(sent);
    let is_value = follows_name(&["tokens ", "tokens=", "tokens: ", "tokens (", "tokens of ", "tokens` "]);
    let is_of_context = error.kind == ErrorKind::ContextLength && !is_name_refused(refused);
    is_value || (refused.names_limit() && (is_of_context || is_value_refused(refused)))
}

/// The highest limit by the numbers of the text: that of the model, or what the prompt leaves of the context.
fn said(sent: u64, error: &ChatError, refused: &Refused<'_>) -> Option<u64> {
    let text = refused.text().lower();
    let numbers = numbers(text);
    let is_named = refused.names_limit();
    let has_sent = numbers.contains(&sent);
    let total = numbers.iter().copied().filter(|number| *number > sent && numbers.contains(&(number - sent))).max();
    if !(is_named || has_sent) {
        return None;
    }
    let is_lower = |number: &u64| (LOWEST..sent).contains(number);
    let is_with_prompt = error.kind == ErrorKind::ContextLength || refused.says(&WITH_PROMPT);
    if let Some(highest) = HIGHEST.iter().find_map(|words| number_after(text, &[words]).filter(is_lower))
        && is_named
        && error.kind != ErrorKind::ContextLength
    {
        return Some(highest);
    }
    if is_name_refused(refused) && !has_sent {
        return None;
    }
    let prompt = total.map(|total| total - sent);
    let highest = numbers.iter().copied().filter(|number| is_lower(number) && Some(*number) != prompt).max()?;
    if is_with_prompt {
        let other = numbers.iter().copied().filter(|number| *number < highest).max().unwrap_or_default();
        return fit(highest / 4, highest.checked_sub(prompt.unwrap_or(other) + SPARE)?);
    }
    let is_above = number_after(text, &ABOVE_HIGHEST) == Some(highest);
    Some(if is_above { highest - 1 } else { highest })
}
