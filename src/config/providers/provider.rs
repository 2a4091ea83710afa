//! A provider of models, as a file describes it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::chat::Api;
use crate::chat::price::Price;
use crate::chat::wire::TokenParam;
use crate::config::options::one_or_many;

/// A provider of models.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provider {
    /// The endpoint without its ending, such as `/chat/completions`. None if every user has an endpoint of their own.
    pub base_url: Option<String>,
    /// The environment variables that may hold the key; the first one that is set counts. Empty if no key is needed.
    #[serde(deserialize_with = "one_or_many")]
    pub key_env: Vec<String>,
    /// The header that carries the key alone. Without one the key travels as the API wants it.
    pub key_header: Option<String>,
    /// The form in which the endpoint is asked. None if it has to be found out.
    pub api: Option<Api>,
    /// The request parameter that limits the length of an answer.
    pub token_param: Option<TokenParam>,
    /// Whether models without a row think before they answer. None if that is not known.
    pub reasoning: Option<bool>,
    /// The day on which the provider closed, or will.
    pub closes: Option<Date>,
    /// Additional headers of every request.
    pub headers: BTreeMap<String, String>,
    /// Additional top-level fields of every request.
    pub extra_body: Map<String, Value>,
    /// The factor on the prices at each service tier, for models whose prices name none.
    pub tiers: BTreeMap<String, f64>,
    /// The models about which something is known, by their names at the endpoint.
    pub models: BTreeMap<String, ModelRow>,
    /// The prices, by model name, for models without a row.
    pub prices: BTreeMap<String, Price>,
}

/// What is known of a model.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelRow {
    /// Whether the model thinks before it answers. None if it is as the provider's other models.
    pub reasoning: Option<bool>,
    /// The form in which it is asked. None if it is as the provider's other models.
    pub api: Option<Api>,
    /// The day on which it will be switched off, or was.
    pub closes: Option<Date>,
    /// What its tokens cost.
    pub price: Option<Price>,
}

impl Provider {
    /// What is known of a model. A dated version of a model is taken for the model.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&ModelRow> {
        self.models.get(name).or_else(|| self.models.get(without_date(name)?))
    }

    /// What the tokens of a model cost, with the service tiers of the provider if the price names none.
    #[must_use]
    pub fn price(&self, name: &str) -> Option<Price> {
        let of_row = self.row(name).and_then(|row| row.price.as_ref());
        let mut price = of_row.or_else(|| self.prices.get(name))?.clone();
        if price.tiers.is_empty() {
            price.tiers.clone_from(&self.tiers);
        }
        Some(price)
    }

    /// Lays another description over this one: what it leaves out stays as it is.
    pub(super) fn overlay(&mut self, other: Self) {
        self.base_url = other.base_url.or(self.base_url.take());
        if !other.key_env.is_empty() {
            self.key_env = other.key_env;
        }
        self.key_header = other.key_header.or(self.key_header.take());
        self.api = other.api.or(self.api);
        self.token_param = other.token_param.or(self.token_param);
        self.reasoning = other.reasoning.or(self.reasoning);
        self.closes = other.closes.or(self.closes);
        self.headers.extend(other.headers);
        self.extra_body.extend(other.extra_body);
        self.tiers.extend(other.tiers);
        self.models.extend(other.models);
        // What a user says of a price wins over a row.
        for (name, price) in other.prices {
            self.models.entry(name).or_default().price = Some(price);
        }
    }
}

/// The name of a model without the date of its version: `-2026-03-05` or `-20260305` at its end.
fn without_date(name: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let cut = |length: usize| name.len().checked_sub(length).and_then(|at| name.split_at_checked(at));
    if let Some((rest, date)) = cut(11)
        && let ["", year, month, day] = date.split('-').collect::<Vec<_>>()[..]
        && (year.len(), month.len(), day.len()) == (4, 2, 2)
        && digits(&[year, month, day].concat())
    {
        return Some(rest);
    }
    let (rest, date) = cut(9)?;
    let date = date.strip_prefix('-')?;
    digits(date).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dated_version_is_taken_for_its_model() {
        for (name, expected) in [
            ("gpt-5.4-2026-03-05", Some("gpt-5.4")),
            ("claude-haiku-4-5-20251001", Some("claude-haiku-4-5")),
            ("gpt-5.4", None),
            ("mistral-large-2512", None),
            ("-20251001", Some("")),
            ("é-2025é001", None),
            ("", None),
        ] {
            assert_eq!(without_date(name), expected, "{name}");
        }
    }

    #[test]
    fn tiers_of_the_provider_hold_where_a_price_has_none() {
        let price = |tiers: &[(&str, f64)]| Price {
            tiers: tiers.iter().map(|(tier, times)| ((*tier).to_owned(), *times)).collect(),
            ..Price::default()
        };
        let row = |price| ModelRow { price: Some(price), ..ModelRow::default() };
        let provider = Provider {
            tiers: [("flex".to_owned(), 0.5)].into(),
            models: [("a".to_owned(), row(price(&[]))), ("b".to_owned(), row(price(&[("fast", 2.0)])))].into(),
            ..Provider::default()
        };
        assert_eq!(provider.price("a-2026-03-05").unwrap().tiers, provider.tiers);
        assert_eq!(provider.price("b").unwrap().tiers.keys().collect::<Vec<_>>(), ["fast"]);
        assert_eq!(provider.price("c"), None);
    }
}
