//! The cost of events in the log. Pure.

use super::amount::{Amount, Rate};
use crate::chat::price::asked_tier;
use crate::chat::{ChatReply, Usage};
use crate::log::manifest::ModelRecord;
use crate::log::{Event, EventKind, Manifest};

/// The amount that the events of a run have cost, by the prices that its manifest holds.
#[must_use]
pub fn spent(manifest: &Manifest, events: &[Event]) -> Amount {
    let rate = |label: &str| {
        let contestant = manifest.contestants.iter().find(|one| one.label == label);
        contestant.and_then(|one| one.settings.as_ref()).map(rate_of).unwrap_or_default()
    };
    let of_event = |event: &Event| match (&event.event, &event.episode) {
        (EventKind::EndpointChecked { model, .. }, _) => spent_on(&event.event, rate(model)),
        (_, Some(episode)) => spent_on(&event.event, rate(&episode.contestant)),
        (_, None) => Amount::default(),
    };
    events.iter().map(of_event).fold(Amount::default(), Amount::plus)
}

/// What the tokens of a model cost, as it is recorded.
fn rate_of(record: &ModelRecord) -> Rate<'_> {
    let tier = record.extra_body.as_ref().and_then(asked_tier);
    Rate { price: record.price.as_ref(), tier }
}

/// The amount that an event has cost, which is zero for most kinds. A cost that is not known counts as the most that it can be.
#[must_use]
pub fn spent_on(event: &EventKind, rate: Rate<'_>) -> Amount {
    match event {
        EventKind::ModelCalled { reply, cost_usd, new_messages, .. } => {
            let asked: usize = new_messages.iter().map(|message| message.content().len()).sum();
            let usage = reply.usage.unwrap_or_else(|| estimate(asked, reply.content.as_deref().map_or(0, str::len)));
            match cost_usd {
                Some(cost) => Amount::of(&usage, *cost),
                None => Amount::came_to(reply, &usage, rate),
            }
        }
        EventKind::EndpointChecked { replies, cost_usd, .. } => {
            let of_call = |reply: &ChatReply| Amount::came_to(reply, &reply.usage.unwrap_or_default(), rate);
            let all = replies.iter().map(of_call).fold(Amount::default(), Amount::plus);
            Amount { cost_usd: cost_usd.unwrap_or(all.cost_usd), ..all }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::price::Price;

    /// A call that wrote 1000 tokens to the cache, for which there may be no price.
    fn called(cost_usd: Option<f64>) -> EventKind {
        let usage = json!({"prompt_tokens": 1000, "cached_tokens": 0, "cache_write_tokens": 1000, "completion_tokens": 10,
            "reasoning_tokens": 0});
        let reply = json!({"content": "x", "reasoning": null, "tool_calls": [], "finish": "stop", "model": "m",
            "usage": usage, "request_id": null, "latency_ms": 1, "retries": []});
        let event = json!({"type": "model.called", "step": 0, "new_messages": [], "dropped_evidence": 0, "reply": reply,
            "cost_usd": cost_usd});
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn a_cost_that_is_not_known_counts_as_the_most_that_it_can_be() {
        let price: Price = serde_json::from_value(json!({"input": 1.0, "output": 10.0})).unwrap();
        let rate = Rate { price: Some(&price), tier: None };
        assert_eq!(spent_on(&called(Some(0.5)), rate), Amount { cost_usd: 0.5, tokens: 1010.0 });
        let most = spent_on(&called(None), rate);
        assert!(most.cost_usd >= 0.0011 && most.tokens > 1009.0, "{most:?}");
        assert_eq!(
            spent_on(&called(None), Rate::default()),
            Amount { cost_usd: 0.0, tokens: 1010.0 },
            "nothing is known"
        );
    }
}
