//! Reads the tokens of a call and what it cost, in the forms in which endpoints count them. Pure.

use serde_json::{Map, Value};

use crate::chat::Usage;

/// The most tokens that a call is taken to have, so that sums over a run cannot overflow. No call has as many.
const MOST_TOKENS: f64 = 1e12;

/// The ticks that xAI counts for one USD.
const TICKS_PER_USD: f64 = 1e10;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count can be")]
fn whole(n: f64) -> u64 {
    n.clamp(0.0, MOST_TOKENS) as u64
}

/// The counts of an object, of which endpoints leave some out and give some as floats.
struct Counts<'a>(&'a Map<String, Value>);

/// A number, which a few endpoints write as a text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number: &f64| number.is_finite())
}

impl Counts<'_> {
    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(number).map(whole)
    }

    fn nested(&self, outer: &[&str], inner: &str) -> Option<u64> {
        outer.iter().find_map(|outer| number(self.0.get(*outer)?.get(inner)?)).map(whole)
    }

    fn first(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| self.number(name))
    }

    /// Whether one of these counts is negative, by which some endpoints say that they did not count.
    fn has_negative(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.get(*name).and_then(number).is_some_and(|number| number < 0.0))
    }
}

const PROMPT: [&str; 2] = ["prompt_tokens", "input_tokens"];
const ANSWER: [&str; 2] = ["completion_tokens", "output_tokens"];
const OF_PROMPT: [&str; 2] = ["prompt_tokens_details", "input_tokens_details"];
const OF_ANSWER: [&str; 2] = ["completion_tokens_details", "output_tokens_details"];

/// Reads the token counts; none if the endpoint gives none, or too few to know what the prompt was.
///
/// Anthropic's input leaves out what was read from the cache or written to it, and so do some that write it in the form of
/// Chat Completions, where the total shows it. The answer of xAI and Gemini leaves out the reasoning, which shows in the
/// total.
pub(super) fn usage(value: Option<&Value>) -> Option<Usage> {
    let counts = Counts(value?.as_object()?);
    if counts.has_negative(&PROMPT) || counts.has_negative(&ANSWER) {
        return None;
    }
    let total = counts.number("total_tokens");
    let (input, output) = match (counts.first(&PROMPT), counts.first(&ANSWER)) {
        (Some(input), Some(output)) => (input, output),
        (Some(input), None) => (input, total.map_or(0, |total| total.saturating_sub(input))),
        (None, Some(output)) => (total?.checked_sub(output)?, output),
        (None, None) => return None,
    };
    let read = counts.number("cache_read_input_tokens");
    let created = counts.number("cache_creation_input_tokens");
    let hour = counts.nested(&["cache_creation"], "ephemeral_1h_input_tokens").unwrap_or(0);
    let cached = counts
        .nested(&OF_PROMPT, "cached_tokens")
        .or(read)
        .or_else(|| counts.first(&["prompt_cache_hit_tokens", "cached_tokens"]))
        .unwrap_or(0);
    let written = counts
        .nested(&OF_PROMPT, "cache_write_tokens")
        .or_else(|| counts.nested(&OF_PROMPT, "cache_creation_tokens"))
        .or(created)
        .or_else(|| counts.nested(&["cache_creation"], "ephemeral_5m_input_tokens").map(|usual| usual + hour))
        .unwrap_or(0);
    let names_cache = read.is_some() || created.is_some();
    let without_cache = names_cache
        && counts.number("prompt_tokens").is_none()
        && OF_PROMPT.iter().all(|details| counts.0.get(*details).is_none());
    let beyond = |known: u64| total.map_or(0, |total| total.saturating_sub(known));
    let in_cache = if names_cache { cached + written } else { 0 };
    let without_cache = without_cache || (in_cache > 0 && beyond(input + output) == in_cache);
    let prompt_tokens = if without_cache { input + cached + written } else { input };
    let reasoning = counts.nested(&OF_ANSWER, "reasoning_tokens").or_else(|| counts.number("reasoning_tokens"));
    let beyond = beyond(prompt_tokens + output);
    let outside = match reasoning {
        None | Some(0) => beyond,
        Some(reasoning) if reasoning == beyond => reasoning,
        Some(_) => 0,
    };
    let reasoning_tokens = reasoning.unwrap_or(0).max(outside);
    Some(Usage {
        prompt_tokens,
        cached_tokens: cached,
        cache_write_tokens: written.saturating_sub(hour),
        cache_write_hour_tokens: hour.min(written),
        completion_tokens: output + outside,
        reasoning_tokens,
    })
}

/// What the endpoint says that a call cost, in USD: `cost` of `OpenRouter` and `LiteLLM`, whose credits are dollars, with what
/// the provider behind it charges to a key of one's own; ticks of xAI; and the estimate of `DeepInfra`.
pub(super) fn billed(usage: Option<&Value>) -> Option<f64> {
    let usage = usage?;
    let number = |value: Option<&Value>| value.and_then(number).filter(|usd| *usd >= 0.0);
    if let Some(cost) = number(usage.get("cost")) {
        let upstream = usage.get("cost_details").and_then(|details| details.get("upstream_inference_cost"));
        let own_key = usage.get("is_byok").and_then(Value::as_bool) == Some(true);
        return Some(cost + number(upstream).filter(|_| own_key).unwrap_or(0.0));
    }
    number(usage.get("cost_in_usd_ticks"))
        .map(|ticks| ticks / TICKS_PER_USD)
        .or_else(|| number(usage.get("cost").and_then(|cost| cost.get("total_cost"))))
        .or_else(|| number(usage.get("estimated_cost")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_of_many_endpoints() {
        let usage_of = |numbers: [u64; 6]| Usage {
            prompt_tokens: numbers[0],
            cached_tokens: numbers[1],
            cache_write_tokens: numbers[2],
            cache_write_hour_tokens: numbers[3],
            completion_tokens: numbers[4],
            reasoning_tokens: numbers[5],
        };
        for (what, given, counted) in [
            (
                "a small server",
                json!({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}),
                [9, 0, 0, 0, 2, 0],
            ),
            (
                "OpenAI",
                json!({
                    "prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300,
                    "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 500},
                    "completion_tokens_details": {"reasoning_tokens": 250},
                }),
                [2000, 1000, 500, 0, 300, 250],
            ),
            (
                "OpenAI's Responses",
                json!({
                    "input_tokens": 75, "input_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 20},
                    "output_tokens": 1186, "output_tokens_details": {"reasoning_tokens": 1024}, "total_tokens": 1261,
                }),
                [75, 50, 20, 0, 1186, 1024],
            ),
            (
                "Anthropic",
                json!({
                    "input_tokens": 50, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 1000,
                    "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
                    "output_tokens": 100,
                }),
                [10_050, 9000, 400, 600, 100, 0],
            ),
            (
                "Anthropic's counts behind a proxy of Chat Completions",
                json!({"input_tokens": 50, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 1000, "output_tokens": 100}),
                [10_050, 9000, 1000, 0, 100, 0],
            ),
            (
                "LiteLLM, whose prompt has the cached tokens in it",
                json!({
                    "prompt_tokens": 10_050, "completion_tokens": 100, "total_tokens": 10_150,
                    "prompt_tokens_details": {"cached_tokens": 9000, "cache_creation_tokens": 1000},
                    "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 1000,
                }),
                [10_050, 9000, 1000, 0, 100, 0],
            ),
            (
                "xAI, whose answer has no reasoning in it",
                json!({
                    "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
                    "completion_tokens_details": {"reasoning_tokens": 94},
                }),
                [32, 0, 0, 0, 103, 94],
            ),
            (
                "Gemini, which shows thoughts in the total only",
                json!({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}),
                [20, 0, 0, 0, 603, 405],
            ),
            (
                "DeepSeek",
                json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 5, "prompt_cache_miss_tokens": 4}),
                [9, 5, 0, 0, 2, 0],
            ),
            ("an answer and a total", json!({"completion_tokens": 100, "total_tokens": 1100}), [1000, 0, 0, 0, 100, 0]),
            ("a prompt and a total", json!({"prompt_tokens": 1000, "total_tokens": 1100}), [1000, 0, 0, 0, 100, 0]),
            (
                "a prompt without its cache, beside a total with it",
                json!({
                    "prompt_tokens": 500, "completion_tokens": 100, "total_tokens": 1100,
                    "cache_read_input_tokens": 300, "cache_creation_input_tokens": 200,
                    "prompt_tokens_details": {"cached_tokens": 300},
                }),
                [1000, 300, 200, 0, 100, 0],
            ),
            (
                "thoughts that are counted as none and show in the total",
                json!({
                    "prompt_tokens": 1000, "completion_tokens": 60, "total_tokens": 1100,
                    "completion_tokens_details": {"reasoning_tokens": 0},
                }),
                [1000, 0, 0, 0, 100, 40],
            ),
            ("texts", json!({"prompt_tokens": "9", "completion_tokens": "2"}), [9, 0, 0, 0, 2, 0]),
            ("Moonshot", json!({"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 5}), [9, 5, 0, 0, 2, 0]),
        ] {
            assert_eq!(usage(Some(&given)), Some(usage_of(counted)), "{what}");
        }
    }

    #[test]
    fn what_is_not_counted_is_not_known() {
        for given in [
            json!({"prompt_tokens": -1, "completion_tokens": -1}),
            json!({"prompt_tokens": -1, "completion_tokens": 100, "total_tokens": 99}),
            json!({"input_tokens": 5, "output_tokens": -1}),
            json!({"completion_tokens": 100}),
            json!({"total_tokens": 7}),
            json!({}),
            json!([]),
        ] {
            assert_eq!(usage(Some(&given)), None, "{given}");
        }
    }

    #[test]
    fn what_was_billed() {
        for (given, usd) in [
            (json!({"cost": 0.95, "cost_details": {"upstream_inference_cost": 19}}), Some(0.95)),
            (json!({"cost": 0.05, "is_byok": true, "cost_details": {"upstream_inference_cost": 1.0}}), Some(1.05)),
            (json!({"cost_in_usd_ticks": 37_756_000}), Some(0.003_775_6)),
            (json!({"cost": {"total_cost": 0.5}}), Some(0.5)),
            (json!({"estimated_cost": 0.25}), Some(0.25)),
            (json!({"cost": "0.5"}), Some(0.5)),
            (json!({"cost": "much"}), None),
            (json!({"cost": -1}), None),
            (json!({"prompt_tokens": 1}), None),
        ] {
            assert_eq!(billed(Some(&given)), usd, "{given}");
        }
    }
}
