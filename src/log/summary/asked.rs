//! The settings with which a model was asked, as a summary keeps them. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chat::Api;
use crate::chat::adjust::{Adjusted, Change};
use crate::chat::wire::Optional;
use crate::log::manifest::ModelRecord;

/// The settings with which a model was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The model's name at its endpoint.
    pub name: String,
    /// The name of the provider.
    pub provider: String,
    /// The host of the endpoint, without a port: a server may listen at another one the next time.
    pub host: String,
    /// The sampling temperature of the settings; with none, the endpoint chose it.
    pub temperature: Option<f64>,
    /// The limit on the length of an answer in tokens, as it was set.
    pub max_tokens: u32,
    /// The effort of the settings; none if it was not set.
    pub reasoning_effort: Option<String>,
    /// The form in which the model was asked; none if it was found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// The most tokens that the model may think for; none if it was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<u32>,
    /// More fields of each request.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra_body: Map<String, Value>,
    /// What was changed in requests before the run, because the endpoint refused it.
    #[serde(default, skip_serializing_if = "Adjusted::is_empty")]
    pub adjusted: Adjusted,
    /// What was changed during the run.
    #[serde(default, skip_serializing_if = "Adjusted::is_empty")]
    pub adjusted_later: Adjusted,
}

/// The parameters that matter for a score and are compared by the change alone.
const MATTERS: [(&str, &str); 5] = [
    ("tool choice", "tool_choice"),
    ("response format", "response_format"),
    ("strictness", "strict"),
    ("length limits", "maxLength"),
    ("thinking", "thinking"),
];

/// The value of a parameter that is not sent.
const ENDPOINTS_OWN: &str = "the endpoint's own";

impl Asked {
    /// The settings of a manifest, with what was learnt during the run.
    #[must_use]
    pub fn of(record: &ModelRecord, later: &Adjusted) -> Self {
        Self {
            name: record.name.clone(),
            provider: record.provider.clone(),
            host: host(&record.base_url).to_owned(),
            temperature: record.temperature,
            max_tokens: record.max_tokens,
            reasoning_effort: record.reasoning_effort.clone(),
            api: record.api,
            thinking_budget: record.thinking_budget,
            extra_body: record.extra_body.clone().unwrap_or_default(),
            adjusted: record.adjusted.clone(),
            adjusted_later: later.clone(),
        }
    }

    /// The route to the model: the provider, and the name of the model there.
    #[must_use]
    pub fn route(&self) -> String {
        format!("{}/{}", self.provider, self.name)
    }

    /// Everything about the requests that may change a score, each with its name. The name of the limit on an answer is
    /// not part of it, and neither is the port of a server.
    #[must_use]
    pub fn what_matters(&self) -> Vec<(&'static str, String)> {
        let mut all = self.adjusted.clone();
        self.adjusted_later.iter().for_each(|one| all.add(one.clone()));
        let is_sent = |part: Optional| all.iter().all(|one| one.change != Change::LeftOut(part));
        let own = || ENDPOINTS_OWN.to_owned();
        let temperature = self.temperature.filter(|_| is_sent(Optional::Temperature));
        let is_effort_sent = is_sent(Optional::ReasoningEffort) && is_sent(Optional::OutputConfig);
        let effort = self.reasoning_effort.clone().filter(|_| is_effort_sent);
        let budget = self.thinking_budget.filter(|_| is_sent(Optional::Thinking));
        let found = all.iter().find_map(|one| match one.change {
            Change::Api(api) => Some(api),
            _ => None,
        });
        // Where no API is set, the first one that is tried is Chat Completions.
        let api = found.or(self.api).unwrap_or(Api::Chat);
        let limit = all.iter().find_map(|one| match one.change {
            Change::MaxTokens(limit) => Some(limit),
            _ => None,
        });
        let limit = limit.map_or(self.max_tokens, |limit| limit.min(self.max_tokens)).to_string();
        let mut matters = vec![
            ("route", format!("{} at {}", self.name, self.host)),
            ("temperature", temperature.map_or_else(own, |value| value.to_string())),
            ("reasoning effort", effort.unwrap_or_else(own)),
            ("thinking budget", budget.map_or_else(own, |tokens| tokens.to_string())),
            ("API", api.to_string()),
            ("extra_body", Value::Object(self.extra_body.clone()).to_string()),
            ("limit of an answer", if is_sent(Optional::AnswerLimit) { limit } else { own() }),
        ];
        for (name, parameter) in MATTERS {
            let change = all.of(parameter).map(|one| one.change.to_string());
            matters.push((name, change.unwrap_or_else(|| "as set".to_owned())));
        }
        matters
    }
}

/// The host of a URL, without a port and without a login.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    place.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(place, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("https://api.example.com/v1", "api.example.com"),
            ("http://127.0.0.1:8080/v1?x=1", "127.0.0.1"),
            ("http://[::1]:80", "[::1]"),
            ("http://[::1]", "[::1]"),
            ("https://user:word@example.com:1", "example.com"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
