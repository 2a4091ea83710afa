//! The cost of events in the log. Pure.

use super::amount::Amount;
use crate::chat::Usage;
use crate::log::{Event, EventKind};

/// The amount that the events of a run have cost.
#[must_use]
pub fn spent(events: &[Event]) -> Amount {
    events.iter().map(|event| spent_on(&event.event)).fold(Amount::default(), Amount::plus)
}

/// The amount that an event has cost, which is zero for most kinds.
#[must_use]
pub fn spent_on(event: &EventKind) -> Amount {
    match event {
        EventKind::ModelCalled { reply, cost_usd, new_messages, .. } => {
            let asked: usize = new_messages.iter().map(|message| message.content().len()).sum();
            let usage = reply.usage.unwrap_or_else(|| estimate(asked, reply.content.as_deref().map_or(0, str::len)));
            Amount::of(&usage, cost_usd.unwrap_or_default())
        }
        EventKind::EndpointChecked { replies, cost_usd, .. } => {
            let usages = replies.iter().filter_map(|reply| reply.usage);
            let tokens = usages.map(|usage| Amount::of(&usage, 0.0)).fold(Amount::default(), Amount::plus);
            Amount { cost_usd: cost_usd.unwrap_or_default(), ..tokens }
        }
        _ => Amount::default(),
    }
}

/// Estimates the tokens of a call from the bytes of prompt and answer, for endpoints that count none: four bytes a
/// token, as in English.
#[must_use]
pub fn estimate(prompt_bytes: usize, answer_bytes: usize) -> Usage {
    Usage { prompt_tokens: prompt_bytes as u64 / 4, completion_tokens: answer_bytes as u64 / 4, ..Usage::default() }
}
