//! The prices of tokens.

use serde::{Deserialize, Serialize};

use super::Usage;

/// The prices in USD for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The price of the prompt.
    pub input: f64,
    /// The price of the part of the prompt that came from the provider's cache. If it is missing, `input` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// The price of the answer, including reasoning.
    pub output: f64,
}

impl Price {
    /// The cost of a call in USD: fresh and cached prompt tokens and the answer, each at its price.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "token counts fit a double")]
        let millions = |tokens: u64| tokens as f64 / 1e6;
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        millions(usage.prompt_tokens - cached) * self.input
            + millions(cached) * self.cached_input.unwrap_or(self.input)
            + millions(usage.completion_tokens) * self.output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_have_their_own_price() {
        let usage = Usage {
            prompt_tokens: 1_000_000,
            cached_tokens: 400_000,
            completion_tokens: 100_000,
            reasoning_tokens: 9,
            ..Usage::default()
        };
        let price = Price { input: 2.0, cached_input: Some(0.5), output: 8.0 };
        assert!((price.cost(&usage) - (1.2 + 0.2 + 0.8)).abs() < 1e-12);
        let price = Price { cached_input: None, ..price };
        assert!((price.cost(&usage) - (2.0 + 0.8)).abs() < 1e-12);
        // An endpoint that counts more cached tokens than tokens must not make a call earn money.
        let odd = Usage { prompt_tokens: 1, cached_tokens: 5, ..Usage::default() };
        assert!(price.cost(&odd) >= 0.0);
    }
}
