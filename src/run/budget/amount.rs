//! Amounts of money and tokens. Pure.

use crate::chat::Usage;
use crate::chat::price::Price;

/// An amount of money and tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amount {
    /// The money in USD; 0 if no price is known.
    pub cost_usd: f64,
    /// The tokens of prompts and answers.
    pub tokens: f64,
}

impl Amount {
    /// The amount for this usage.
    #[must_use]
    pub fn of(usage: &Usage, price: Option<&Price>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "token counts fit a double")]
        let tokens = (usage.prompt_tokens + usage.completion_tokens) as f64;
        Self { cost_usd: price.map_or(0.0, |price| price.cost(usage)), tokens }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { cost_usd: self.cost_usd + other.cost_usd, tokens: self.tokens + other.tokens }
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self { cost_usd: self.cost_usd * factor, tokens: self.tokens * factor }
    }

    /// What is left after this much is taken away, which is never negative.
    pub(super) fn less(self, other: Self) -> Self {
        Self { cost_usd: (self.cost_usd - other.cost_usd).max(0.0), tokens: (self.tokens - other.tokens).max(0.0) }
    }
}
