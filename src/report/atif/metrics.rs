//! The tokens and costs of a call and of an episode.

use serde_json::json;

use super::schema::{FinalMetrics, Metrics, extra};
use crate::chat::{ChatReply, Usage};

/// The metrics of one answer.
pub(super) fn of(reply: &ChatReply, cost_usd: Option<f64>) -> Metrics {
    let usage = reply.usage;
    Metrics {
        prompt_tokens: usage.map(|usage| usage.prompt_tokens),
        completion_tokens: usage.map(|usage| usage.completion_tokens),
        cached_tokens: usage.map(|usage| usage.cached_tokens),
        cost_usd,
        extra: extra([
            ("reasoning_tokens", json!(usage.map(|usage| usage.reasoning_tokens))),
            ("latency_ms", json!(reply.latency_ms)),
            ("retries", json!(some(reply.retries.len()))),
        ]),
    }
}

/// A count that is worth reporting; none for zero.
pub(super) fn some(count: usize) -> Option<usize> {
    (count > 0).then_some(count)
}

/// The totals of the calls of an episode.
#[derive(Debug)]
pub(super) struct Totals {
    usage: Usage,
    /// The cost in USD; none as soon as the price of one call is not known.
    cost: Option<f64>,
    calls: usize,
    failed_calls: usize,
    retries: usize,
    calls_without_usage: usize,
    dropped_evidence: usize,
}

impl Totals {
    pub(super) const NOTHING: Self = Self {
        usage: Usage::NONE,
        cost: Some(0.0),
        calls: 0,
        failed_calls: 0,
        retries: 0,
        calls_without_usage: 0,
        dropped_evidence: 0,
    };

    /// Adds a call that was answered; `dropped_evidence` counts from the beginning of the episode.
    pub(super) fn call(&mut self, reply: &ChatReply, cost: Option<f64>, dropped_evidence: usize) {
        self.calls += 1;
        self.retries += reply.retries.len();
        self.cost = self.cost.zip(cost).map(|(sum, cost)| sum + cost);
        self.dropped_evidence = dropped_evidence;
        match reply.usage {
            Some(usage) => self.usage += usage,
            None => self.calls_without_usage += 1,
        }
    }

    /// Adds a call that failed.
    pub(super) fn failed(&mut self, retries: usize) {
        self.failed_calls += 1;
        self.retries += retries;
    }

    /// The totals of a file with so many steps, about an episode with so many steps.
    pub(super) fn finish(&self, total_steps: usize, episode_steps: u32) -> FinalMetrics {
        // If no endpoint counted tokens, nothing is known; if no model was asked, nothing was spent.
        let known = self.calls == 0 || self.calls > self.calls_without_usage;
        let tokens = |count: u64| known.then_some(count);
        FinalMetrics {
            total_prompt_tokens: tokens(self.usage.prompt_tokens),
            total_completion_tokens: tokens(self.usage.completion_tokens),
            total_cached_tokens: tokens(self.usage.cached_tokens),
            // The cost is rounded to a billionth of a dollar, as in the summary.
            total_cost_usd: self.cost.map(|cost| (cost * 1e9).round() / 1e9),
            total_steps,
            extra: extra([
                ("episode_steps", json!(episode_steps)),
                ("calls", json!(self.calls)),
                ("failed_calls", json!(some(self.failed_calls))),
                ("retries", json!(some(self.retries))),
                ("calls_without_usage", json!(some(self.calls_without_usage))),
                ("reasoning_tokens", json!(tokens(self.usage.reasoning_tokens))),
                ("dropped_evidence", json!(some(self.dropped_evidence))),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::FinishReason;

    fn reply(usage: Option<Usage>) -> ChatReply {
        ChatReply {
            content: None,
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Stop,
            model: None,
            usage,
            request_id: None,
            latency_ms: 1,
            as_it_came: None,
            billed_usd: None,
            served: crate::chat::ServedBy::default(),
            retries: Vec::new(),
        }
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        let usage = Usage {
            prompt_tokens: 10,
            cached_tokens: 4,
            completion_tokens: 3,
            reasoning_tokens: 2,
            ..Usage::default()
        };
        let cases = [
            (vec![], Some(0), Some(0.0)),
            (vec![(None, None)], None, None),
            (vec![(Some(usage), None)], Some(10), None),
            (vec![(Some(usage), Some(0.1)), (Some(usage), Some(0.2))], Some(20), Some(0.3)),
            (vec![(Some(usage), Some(0.1)), (None, None)], Some(10), None),
        ];
        for (calls, prompt, cost) in cases {
            let mut totals = Totals::NOTHING;
            for (usage, cost) in &calls {
                totals.call(&reply(*usage), *cost, 0);
            }
            let found = totals.finish(1, 1);
            assert_eq!((found.total_prompt_tokens, found.total_cost_usd), (prompt, cost), "{calls:?}");
        }
    }
}
