//! The settings of one model, as `[models."NAME"]` of `bench.toml` or the part of a name behind `?` gives them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::options::{ApiChoice, Concurrency, ProtocolChoice, number_or_text};
use crate::chat::price::Price;

/// The settings of one model. What is left out is as for every model.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelOptions {
    /// The sampling temperature; `none` leaves it to the endpoint.
    #[serde(deserialize_with = "number_or_text")]
    pub temperature: Option<String>,
    /// The most tokens of an answer.
    pub max_tokens: Option<u32>,
    /// How much a reasoning model thinks.
    #[serde(alias = "effort")]
    pub reasoning_effort: Option<String>,
    /// The most tokens that a model may think for, where the API takes such a number.
    pub thinking_budget: Option<u32>,
    /// How the model answers.
    pub protocol: Option<ProtocolChoice>,
    /// The form in which the model is asked.
    pub api: Option<ApiChoice>,
    /// Additional top-level fields of every request.
    pub extra_body: Map<String, Value>,
    /// The longest silence of the endpoint in seconds.
    pub timeout: Option<f64>,
    /// The number of calls at once.
    pub concurrency: Option<Concurrency>,
    /// The prices of its tokens.
    pub price: Option<Price>,
}

impl ModelOptions {
    /// Fills what is left out with what is set in other options.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut extra_body = other.extra_body;
        extra_body.extend(self.extra_body);
        Self {
            temperature: self.temperature.or(other.temperature),
            max_tokens: self.max_tokens.or(other.max_tokens),
            reasoning_effort: self.reasoning_effort.or(other.reasoning_effort),
            thinking_budget: self.thinking_budget.or(other.thinking_budget),
            protocol: self.protocol.or(other.protocol),
            api: self.api.or(other.api),
            extra_body,
            timeout: self.timeout.or(other.timeout),
            concurrency: self.concurrency.or(other.concurrency),
            price: self.price.or(other.price),
        }
    }

    /// Reads a name with its settings, such as `openai/gpt-6-sol?effort=high&max_tokens=8000`. Returns the name without them.
    ///
    /// # Errors
    /// Returns a text that says what is wrong with the settings.
    pub fn split(typed: &str) -> Result<(&str, Self), String> {
        let Some((name, settings)) = typed.split_once('?') else { return Ok((typed, Self::default())) };
        let mut table = toml::Table::new();
        for pair in settings.split('&') {
            let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err(format!("'{typed}': a setting is written as name=value, and '{pair}' is not"));
            };
            if matches!(key, "extra_body" | "price") {
                return Err(format!("'{typed}': {key} is set in bench.toml only, in [models.\"{name}\"]"));
            }
            if table.insert(key.to_owned(), value_of(key, value)).is_some() {
                return Err(format!("'{typed}': {key} is set twice"));
            }
        }
        let settings = table.try_into().map_err(|error: toml::de::Error| {
            let problem = error.to_string();
            format!("'{typed}': {}", problem.lines().next().unwrap_or_default())
        })?;
        Ok((name, settings))
    }
}

/// The value of a setting: a number where one is meant and written, else the text.
fn value_of(key: &str, text: &str) -> toml::Value {
    let number = match key {
        "max_tokens" | "thinking_budget" => text.parse().ok().map(toml::Value::Integer),
        "timeout" => text.parse().ok().map(toml::Value::Float),
        _ => None,
    };
    number.unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_carry_settings() {
        let (name, settings) = ModelOptions::split(
            "openai/gpt-6-sol?effort=high&max_tokens=8000&temperature=none&api=chat&protocol=json&timeout=30&concurrency=auto&thinking_budget=9",
        )
        .unwrap();
        let expected = ModelOptions {
            temperature: Some("none".to_owned()),
            max_tokens: Some(8000),
            reasoning_effort: Some("high".to_owned()),
            thinking_budget: Some(9),
            protocol: Some(ProtocolChoice::Json),
            api: Some(ApiChoice::Chat),
            timeout: Some(30.0),
            concurrency: Some(Concurrency::Auto),
            ..ModelOptions::default()
        };
        assert_eq!((name, settings), ("openai/gpt-6-sol", expected));
        assert_eq!(ModelOptions::split("ollama/qwen3:8b"), Ok(("ollama/qwen3:8b", ModelOptions::default())));
    }

    #[test]
    fn settings_that_cannot_be_read_are_explained() {
        for (typed, words) in [
            ("m?", "name=value"),
            ("m?effort", "'effort' is not"),
            ("m?=1", "name=value"),
            ("m?max_tokens=1&max_tokens=2", "max_tokens is set twice"),
            ("m?max_tokens=many", "invalid type: string \"many\", expected u32"),
            ("m?tokens=1", "unknown field `tokens`"),
            ("m?protocol=xml", "unknown variant `xml`"),
            ("m?price=1", "bench.toml only"),
        ] {
            let problem = ModelOptions::split(typed).unwrap_err();
            assert!(problem.contains(words) && problem.contains(typed), "{problem}");
        }
    }
}
