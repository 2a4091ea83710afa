//! Finds a lower limit on the tokens of an answer in the words with which an endpoint refused a higher one. Pure.

use crate::chat::wire::{counts, number_after};
use crate::chat::{ChatError, ErrorKind};

/// The lowest limit that is learnt. Below it a model could hardly answer, so the prompt must be shorter instead.
const LOWEST: u64 = 1_024;
/// The tokens that are left over, because endpoints count a few more than they say.
const SPARE: u64 = 64;

/// The lower limit, if the endpoint says enough and it would help.
pub(super) fn lower(current: u32, error: &ChatError) -> Option<u32> {
    let current = u64::from(current);
    let lower = match error.kind {
        ErrorKind::TokensPerMinute => of_a_minute(current, error),
        ErrorKind::ContextLength => of_the_context(current, error).or_else(|| of_the_model(error)),
        _ => of_the_model(error).or_else(|| of_the_context(current, error)),
    }?;
    u32::try_from(lower).ok().filter(|_| (LOWEST..current).contains(&lower))
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
fn of_the_context(current: u64, error: &ChatError) -> Option<u64> {
    let counts = counts(&error.message);
    let (context, prompt) = (counts.context?, counts.prompt?);
    // Where the limit is not counted, a lower one changes nothing.
    counts.limit.filter(|limit| *limit <= current)?;
    fit(context / 4, context.checked_sub(prompt + SPARE)?)
}

fn fit(wanted: u64, room: u64) -> Option<u64> {
    (room >= LOWEST).then(|| wanted.max(LOWEST).min(room))
}

/// The words before the highest limit that a model takes.
const HIGHEST: [&str; 14] = [
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
    " > ",
];

fn of_the_model(error: &ChatError) -> Option<u64> {
    let text = error.message.to_lowercase();
    let names = ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens"];
    let param = error.param.as_deref().unwrap_or_default();
    let is_named = names.iter().any(|name| param.ends_with(name) || text.contains(name));
    number_after(&text, &HIGHEST).filter(|_| is_named)
}
