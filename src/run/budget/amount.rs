//! Amounts of money and tokens. Pure.

use crate::chat::price::{Price, cost_of};
use crate::chat::{ChatReply, Usage};

/// What the tokens of a model cost: its prices, and the service tier that it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rate<'a> {
    /// The prices; none if they are not known.
    pub price: Option<&'a Price>,
    /// The service tier; none if it is left to the endpoint.
    pub tier: Option<&'a str>,
}

impl Rate<'_> {
    /// The cost of a call in USD; none if it is not known. What the endpoint itself billed wins.
    #[must_use]
    pub fn cost(&self, reply: &ChatReply) -> Option<f64> {
        cost_of(reply, self.price, self.tier)
    }
}

/// An amount of money and tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amount {
    /// The money in USD; 0 if no price is known.
    pub cost_usd: f64,
    /// The tokens of prompts and answers.
    pub tokens: f64,
}

impl Amount {
    /// The tokens of this usage, and what they cost.
    #[must_use]
    pub fn of(usage: &Usage, cost_usd: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "token counts fit a double")]
        let tokens = (usage.prompt_tokens + usage.completion_tokens) as f64;
        Self { cost_usd, tokens }
    }

    /// The amount to expect for this usage, or more where a price is not known.
    #[must_use]
    pub fn expected(usage: &Usage, rate: Rate<'_>) -> Self {
        Self::of(usage, rate.price.map_or(0.0, |price| price.at_most(usage, rate.tier)))
    }

    /// The most that a call comes to which has at most this usage.
    #[must_use]
    pub fn before_a_call(usage: &Usage, rate: Rate<'_>) -> Self {
        Self::of(usage, rate.price.map_or(0.0, |price| price.before_a_call(usage, rate.tier)))
    }

    /// The amount that a call came to. A cost that is not known counts as the most that it can be, so that a budget is not
    /// overdrawn unnoticed. `used` are its tokens, which are an estimate if the endpoint counted none.
    #[must_use]
    pub fn came_to(reply: &ChatReply, used: &Usage, rate: Rate<'_>) -> Self {
        let tier = reply.served.service_tier.as_deref().or(rate.tier);
        let cost = rate.cost(reply).or_else(|| rate.price.map(|price| price.at_most(used, tier)));
        Self::of(used, cost.unwrap_or_default())
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
