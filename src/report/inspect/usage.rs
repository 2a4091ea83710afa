//! The tokens and costs as Inspect counts them.

use serde_json::{Value, json};

use super::names::object;
use crate::chat::Usage;

/// The totals of calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    usage: Usage,
    /// The cost in USD; none if a price is not known.
    cost: Option<f64>,
    /// The number of calls whose endpoint counted the tokens.
    counted: usize,
}

impl Spent {
    pub(super) const NOTHING: Self = Self { usage: Usage::NONE, cost: Some(0.0), counted: 0 };

    /// Adds the tokens and the cost of a call.
    pub(super) fn call(&mut self, usage: Option<Usage>, cost: Option<f64>) {
        if let Some(usage) = usage {
            self.add(&Self { usage, cost, counted: 1 });
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.usage += other.usage;
        self.cost = self.cost.zip(other.cost).map(|(sum, cost)| sum + cost);
        self.counted += other.counted;
    }

    /// The totals by model, of which there is one; empty if no tokens were counted.
    pub(super) fn by_model(&self, label: &str) -> Value {
        if self.counted == 0 { json!({}) } else { json!({ label: tokens(self.usage, self.cost) }) }
    }
}

/// The tokens of one or more calls. Inspect's input does not include what came from the cache, while ours does.
pub(super) fn tokens(usage: Usage, cost: Option<f64>) -> Value {
    let cached = usage.cached_tokens.min(usage.prompt_tokens);
    object(json!({
        "input_tokens": usage.prompt_tokens - cached,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "input_tokens_cache_read": cached,
        "reasoning_tokens": usage.reasoning_tokens,
        // The cost is rounded to a billionth of a dollar, as in the summary.
        "total_cost": cost.map(|cost| (cost * 1e9).round() / 1e9),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_total() {
        for (prompt, cached, input, read) in [(100, 0, 100, 0), (100, 60, 40, 60), (100, 100, 0, 100), (5, 9, 0, 5)] {
            let usage = Usage {
                prompt_tokens: prompt,
                cached_tokens: cached,
                completion_tokens: 7,
                reasoning_tokens: 3,
                ..Usage::default()
            };
            let expected = json!({
                "input_tokens": input, "output_tokens": 7, "total_tokens": prompt + 7,
                "input_tokens_cache_read": read, "reasoning_tokens": 3,
            });
            assert_eq!(tokens(usage, None), expected);
        }
    }

    #[test]
    fn one_unknown_price_leaves_the_sum_unknown() {
        let mut spent = Spent::NOTHING;
        assert_eq!(spent.by_model("m"), json!({}));
        let usage = Usage { prompt_tokens: 1, ..Usage::default() };
        spent.call(Some(usage), Some(0.1));
        spent.call(Some(usage), Some(0.2));
        spent.call(None, None);
        assert_eq!(spent.by_model("m")["m"]["total_cost"], json!(0.3));
        spent.call(Some(usage), None);
        assert_eq!(spent.by_model("m")["m"]["input_tokens"], json!(3));
        assert_eq!(spent.by_model("m")["m"].get("total_cost"), None);
    }
}
