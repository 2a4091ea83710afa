//! What a call costs. Pure.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ChatReply, Usage};

/// The names by which endpoints call the service tier of the plain prices.
const STANDARD_TIERS: [&str; 5] = ["", "auto", "default", "on_demand", "standard"];
/// What writing to a cache costs at most where its price is not known, as a multiple of the price of the prompt: what the
/// dearest provider takes for an hour.
const DEAREST_WRITE: f64 = 2.0;
/// What a service tier costs at most where its price is not known, as a multiple of the plain price.
const DEAREST_TIER: f64 = 2.0;

/// The prices of a model in USD for a million tokens, at the service tier that is served if no other one is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The price of the prompt.
    pub input: f64,
    /// The price of the part of the prompt that came from the provider's cache. If it is missing, `input` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// The price of the part of the prompt that was written to the cache for its usual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// The price of the part of the prompt that was written to the cache for an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_hour: Option<f64>,
    /// The price of the answer.
    pub output: f64,
    /// The price of the part of the answer that was reasoning. If it is missing, `output` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<f64>,
    /// What long prompts cost, from the shortest of them up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_prompts: Vec<LongPrompt>,
    /// The factor on the price at each other service tier that has one, such as `flex` or `priority`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, f64>,
    /// The day on which the prices were true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// The document that states the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What else there is to know about the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a call costs whose prompt has at least this many tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrompt {
    /// The number of tokens of the prompt, cached ones included, from which the factors hold for the whole call.
    pub from: u64,
    /// The factor on the prices of the prompt and of the cache.
    pub input_times: f64,
    /// The factor on the prices of the answer.
    pub output_times: f64,
}

impl Price {
    /// The cost of a call in USD; none if a price of it is not known. `tier` is the service tier that was billed, as the
    /// endpoint names it.
    #[must_use]
    pub fn cost(&self, usage: &Usage, tier: Option<&str>) -> Option<f64> {
        let parts = Parts::of(usage);
        let write = priced(parts.written, self.cache_write)?;
        let hour = priced(parts.written_for_an_hour, self.cache_write_hour)?;
        Some(self.sum(usage, &parts, write + hour) * self.tier_times(tier)?)
    }

    /// The cost of a call in USD, or more: where a price is not known, the highest one that providers ask for counts.
    #[must_use]
    pub fn at_most(&self, usage: &Usage, tier: Option<&str>) -> f64 {
        let parts = Parts::of(usage);
        let dearest = self.input * DEAREST_WRITE;
        let write = parts.written * self.cache_write.unwrap_or(dearest)
            + parts.written_for_an_hour * self.cache_write_hour.unwrap_or(dearest);
        self.sum(usage, &parts, write) * self.tier_times(tier).unwrap_or(DEAREST_TIER)
    }

    /// The cost of a call that may write its whole prompt to the cache for the usual time, or more.
    #[must_use]
    pub fn before_a_call(&self, usage: &Usage, tier: Option<&str>) -> f64 {
        let input = self.cache_write.map_or(self.input, |write| write.max(self.input));
        Self { input, ..self.clone() }.at_most(usage, tier)
    }

    /// Adds the parts of a call up, of which the writes to the cache have their price already.
    fn sum(&self, usage: &Usage, parts: &Parts, writes: f64) -> f64 {
        let (input_times, output_times) = self.long_prompt_times(usage.prompt_tokens);
        let prompt = parts.fresh * self.input + parts.cached * self.cached_input.unwrap_or(self.input) + writes;
        let answer = parts.said * self.output + parts.thought * self.reasoning.unwrap_or(self.output);
        prompt * input_times + answer * output_times
    }

    fn long_prompt_times(&self, prompt_tokens: u64) -> (f64, f64) {
        let reached = self.long_prompts.iter().filter(|long| prompt_tokens >= long.from);
        reached.max_by_key(|long| long.from).map_or((1.0, 1.0), |long| (long.input_times, long.output_times))
    }

    fn tier_times(&self, tier: Option<&str>) -> Option<f64> {
        let tier = tier.unwrap_or_default().to_ascii_lowercase();
        let own = self.tiers.get(&tier).copied();
        own.or_else(|| STANDARD_TIERS.contains(&tier.as_str()).then_some(1.0))
    }

    /// Checks that no price is negative and that every one is a number.
    ///
    /// # Errors
    /// Returns the name of the first price that cannot be one.
    pub fn check(&self) -> Result<(), String> {
        let named = [
            ("input", Some(self.input)),
            ("cached_input", self.cached_input),
            ("cache_write", self.cache_write),
            ("cache_write_hour", self.cache_write_hour),
            ("output", self.output.into()),
            ("reasoning", self.reasoning),
        ];
        let named = named.into_iter().filter_map(|(name, price)| Some((name.to_owned(), price?)));
        let tiers = self.tiers.iter().map(|(tier, times)| (format!("tiers.{tier}"), *times));
        let long = self.long_prompts.iter().flat_map(|long| {
            [("input_times", long.input_times), ("output_times", long.output_times)]
                .map(|(name, times)| (format!("long_prompts.{name}"), times))
        });
        let wrong = named.chain(tiers).chain(long).find(|(_, price)| !(price.is_finite() && *price >= 0.0));
        wrong.map_or(Ok(()), |(name, price)| Err(format!("{name} = {price} is no price: it must be 0 or more")))
    }
}

/// The service tier that requests ask for by their additional fields; none if it is left to the endpoint.
#[must_use]
pub fn asked_tier(extra_body: &Map<String, Value>) -> Option<&str> {
    extra_body.get("service_tier")?.as_str()
}

/// The cost of a call in USD; none if it is not known. What the endpoint itself billed wins over the table. `asked_tier` is
/// the service tier that was asked for, which counts where the endpoint does not say what it served.
#[must_use]
pub fn cost_of(reply: &ChatReply, price: Option<&Price>, asked_tier: Option<&str>) -> Option<f64> {
    if let Some(billed) = reply.billed_usd.filter(|billed| billed.is_finite() && *billed >= 0.0) {
        return Some(billed);
    }
    price?.cost(&reply.usage?, reply.served.service_tier.as_deref().or(asked_tier))
}

/// The tokens of a call in millions, told apart by what is asked for them. Each counts once, also if an endpoint counts more
/// in a part than in the whole.
struct Parts {
    fresh: f64,
    cached: f64,
    written: f64,
    written_for_an_hour: f64,
    said: f64,
    thought: f64,
}

impl Parts {
    fn of(usage: &Usage) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "token counts fit a double")]
        let millions = |tokens: u64| tokens as f64 / 1e6;
        let mut rest = usage.prompt_tokens;
        let mut take = |tokens: u64| {
            let taken = tokens.min(rest);
            rest -= taken;
            millions(taken)
        };
        let (cached, written) = (take(usage.cached_tokens), take(usage.cache_write_tokens));
        let written_for_an_hour = take(usage.cache_write_hour_tokens);
        let thought = usage.reasoning_tokens.min(usage.completion_tokens);
        Self {
            fresh: millions(rest),
            cached,
            written,
            written_for_an_hour,
            said: millions(usage.completion_tokens - thought),
            thought: millions(thought),
        }
    }
}

/// What these tokens cost; none if they have no price. No tokens cost nothing.
fn priced(millions: f64, price: Option<f64>) -> Option<f64> {
    if millions > 0.0 { price.map(|price| millions * price) } else { Some(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{FinishReason, ServedBy};

    /// A million tokens of each part.
    const EACH: Usage = Usage {
        prompt_tokens: 4_000_000,
        cached_tokens: 1_000_000,
        cache_write_tokens: 1_000_000,
        cache_write_hour_tokens: 1_000_000,
        completion_tokens: 2_000_000,
        reasoning_tokens: 1_000_000,
    };

    fn full() -> Price {
        Price {
            input: 2.0,
            cached_input: Some(0.2),
            cache_write: Some(2.5),
            cache_write_hour: Some(4.0),
            output: 10.0,
            reasoning: Some(5.0),
            long_prompts: vec![LongPrompt { from: 272_001, input_times: 2.0, output_times: 1.5 }],
            tiers: [("flex".to_owned(), 0.5), ("priority".to_owned(), 2.0)].into(),
            ..Price::default()
        }
    }

    fn short(price: Price) -> Price {
        Price { long_prompts: Vec::new(), ..price }
    }

    fn same(found: Option<f64>, expected: Option<f64>) -> bool {
        match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        }
    }

    #[test]
    fn every_part_has_its_price() {
        let plain = short(Price { input: 2.0, output: 10.0, ..Price::default() });
        let read = Usage { cache_write_tokens: 0, cache_write_hour_tokens: 0, ..EACH };
        let cases = [
            (short(full()), EACH, None, Some(2.0 + 0.2 + 2.5 + 4.0 + 10.0 + 5.0)),
            (short(Price { reasoning: None, ..full() }), EACH, None, Some(2.0 + 0.2 + 2.5 + 4.0 + 20.0)),
            // A cheaper price for what was read may be left out; one for what was written may not.
            (plain.clone(), read, None, Some(8.0 + 20.0)),
            (plain.clone(), EACH, None, None),
            (short(Price { cache_write_hour: None, ..full() }), EACH, None, None),
            (plain, Usage::default(), None, Some(0.0)),
            // A provider may count more in a part than in the whole: no call earns money.
            (short(full()), Usage { prompt_tokens: 1_000_000, ..EACH }, None, Some(0.2 + 15.0)),
            (short(full()), Usage { reasoning_tokens: 9_000_000, ..read }, None, Some(6.0 + 0.2 + 10.0)),
        ];
        for (index, (price, usage, tier, expected)) in cases.into_iter().enumerate() {
            let found = price.cost(&usage, tier);
            assert!(same(found, expected), "{index}: {found:?}, not {expected:?}");
        }
    }

    #[test]
    fn the_tier_that_was_served_counts() {
        for (tier, times) in [
            (None, Some(1.0)),
            (Some("default"), Some(1.0)),
            (Some("on_demand"), Some(1.0)),
            (Some("flex"), Some(0.5)),
            (Some("Priority"), Some(2.0)),
            (Some("scale"), None),
        ] {
            let found = short(full()).cost(&EACH, tier);
            assert!(same(found, times.map(|times| 23.7 * times)), "{tier:?}: {found:?}");
        }
    }

    #[test]
    fn a_long_prompt_costs_more_from_its_first_token_on() {
        let usage = |prompt_tokens| Usage { prompt_tokens, completion_tokens: 1_000, ..Usage::default() };
        for (prompt, expected) in [(272_000, 0.544 + 0.01), (272_001, 1.088_004 + 0.015), (900_000, 3.6 + 0.015)] {
            let found = full().cost(&usage(prompt), None);
            assert!(same(found, Some(expected)), "{prompt}: {found:?}");
        }
        // Of several, the highest that is reached counts, in whichever order they stand.
        let longer = LongPrompt { from: 500_000, input_times: 4.0, output_times: 4.0 };
        let price = Price { long_prompts: vec![longer, full().long_prompts[0]], ..full() };
        assert!(same(price.cost(&usage(900_000), None), Some(7.2 + 0.04)));
    }

    #[test]
    fn what_the_endpoint_billed_wins() {
        let mut reply = ChatReply {
            content: None,
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Stop,
            model: None,
            usage: Some(EACH),
            as_it_came: None,
            billed_usd: Some(0.125),
            served: ServedBy { service_tier: Some("flex".to_owned()), ..ServedBy::default() },
            request_id: None,
            latency_ms: 0,
            retries: Vec::new(),
        };
        let price = short(full());
        assert_eq!(cost_of(&reply, Some(&price), None), Some(0.125));
        assert_eq!(cost_of(&reply, None, None), Some(0.125));
        for nonsense in [Some(f64::NAN), Some(-1.0), None] {
            reply.billed_usd = nonsense;
            assert!(same(cost_of(&reply, Some(&price), Some("priority")), Some(23.7 / 2.0)), "{nonsense:?}");
            assert_eq!(cost_of(&reply, None, None), None);
        }
        reply.served.service_tier = None;
        assert!(same(cost_of(&reply, Some(&price), Some("priority")), Some(23.7 * 2.0)));
        reply.usage = None;
        assert_eq!(cost_of(&reply, Some(&price), None), None);
    }

    #[test]
    fn a_bound_is_never_below_the_cost() {
        let prices = [full(), short(full()), Price { input: 2.0, output: 10.0, ..Price::default() }];
        for price in prices {
            for usage in [EACH, Usage { prompt_tokens: 300_000, ..EACH }, Usage::default()] {
                for tier in [None, Some("flex"), Some("priority"), Some("scale")] {
                    let (most, before) = (price.at_most(&usage, tier), price.before_a_call(&usage, tier));
                    if let Some(cost) = price.cost(&usage, tier) {
                        assert!(most >= cost - 1e-9, "{price:?} {usage:?} {tier:?}");
                    }
                    let written = Usage { cached_tokens: 0, cache_write_tokens: usage.prompt_tokens, ..usage };
                    let unread = Usage { cached_tokens: 0, cache_write_tokens: 0, cache_write_hour_tokens: 0, ..usage };
                    if price.cache_write.is_some() {
                        let cost = price.cost(&Usage { cache_write_hour_tokens: 0, ..written }, tier);
                        assert!(price.before_a_call(&unread, tier) >= cost.unwrap_or(0.0) - 1e-9);
                    }
                    assert!(before >= most - 1e-9 || price.cache_write.is_none());
                }
            }
        }
    }

    #[test]
    fn what_is_no_price_is_named() {
        assert_eq!(full().check(), Ok(()));
        let flex = |times| Price { tiers: [("flex".to_owned(), times)].into(), ..full() };
        for (price, name) in [
            (Price { input: -1.0, ..full() }, "input = -1"),
            (Price { cached_input: Some(f64::NAN), ..full() }, "cached_input = NaN"),
            (Price { output: f64::INFINITY, ..full() }, "output = inf"),
            (flex(-0.5), "tiers.flex = -0.5"),
        ] {
            let problem = price.check().unwrap_err();
            assert!(problem.starts_with(name), "{problem}");
        }
    }
}
