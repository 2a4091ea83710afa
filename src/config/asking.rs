//! How each model is asked: its own settings, those for all models, and what suits it without any.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::error::ConfigError;
use super::layers::{Layers, Picked};
use super::model::{CUSTOM, ModelSpec};
use super::model_options::ModelOptions;
use super::options::{ApiChoice, Concurrency, Options, ProtocolChoice};
use super::origin::{FILE, Origin};
use crate::chat::Api;
use crate::chat::endpoint::Patience;
use crate::chat::price::{Price, asked_tier};

/// The most tokens of an answer of a model that may think.
const THINKING_TOKENS: u32 = 16_384;
/// The most tokens of an answer of a model that is known not to think.
const PLAIN_TOKENS: u32 = 2_048;
/// The number of calls at once.
const CALLS_AT_ONCE: usize = 4;

/// How a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    /// The sampling temperature. `None` leaves it to the endpoint.
    pub temperature: Option<f64>,
    /// The largest number of tokens of an answer.
    pub max_tokens: u32,
    /// The reasoning effort that the model is asked for, such as `low`.
    pub reasoning_effort: Option<String>,
    /// The largest number of tokens that the model may think for, where the API takes such a number.
    pub thinking_budget: Option<u32>,
    /// The protocol by which the model answers.
    pub protocol: ProtocolChoice,
    /// The form in which the model is asked. `None` if it has to be found out.
    pub api: Option<Api>,
    /// Additional top-level fields of every request.
    pub extra_body: Map<String, Value>,
    /// The longest silence of the endpoint. `None` if it is the usual one.
    pub timeout: Option<Duration>,
    /// The number of calls that are made at once.
    pub concurrency: Concurrency,
    /// The prices of its tokens; none if they are not known.
    pub price: Option<Price>,
    /// Whether it thinks before it answers; none if that is not known.
    pub reasoning: Option<bool>,
}

/// How a model was asked when its run began, which does not change while the run goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The route to the model, as `provider/name`.
    pub route: String,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// The largest number of tokens of an answer.
    pub max_tokens: u32,
    /// The reasoning effort.
    pub reasoning_effort: Option<String>,
    /// The largest number of tokens that the model may think for.
    pub thinking_budget: Option<u32>,
    /// The form in which the model is asked.
    pub api: Option<Api>,
    /// More fields of each request; none if they were not recorded.
    pub extra_body: Option<Map<String, Value>>,
    /// The prices of its tokens.
    pub price: Option<Price>,
}

impl Kept {
    /// Whether the provider of the model is known, and not only its URL.
    pub(super) fn has_provider(&self) -> bool {
        self.route.split_once('/').is_some_and(|(provider, _)| provider != CUSTOM)
    }
}

/// The models of a run that has begun, by their labels; empty for a new run.
pub type KeptModels = BTreeMap<String, Kept>;

/// The settings for all models, and those of `bench.toml` for single ones.
pub(super) struct ForAll<'a> {
    temperature: Picked<Option<String>>,
    max_tokens: Picked<Option<u32>>,
    reasoning_effort: Picked<Option<String>>,
    protocol: Picked<Option<ProtocolChoice>>,
    api: Picked<Option<ApiChoice>>,
    timeout: Picked<Option<f64>>,
    concurrency: Picked<Option<Concurrency>>,
    single: &'a BTreeMap<String, ModelOptions>,
}

impl<'a> ForAll<'a> {
    /// Picks and checks the settings.
    pub(super) fn pick(
        l: &mut Layers<'_, Options>,
        single: &'a BTreeMap<String, ModelOptions>,
    ) -> Result<Self, ConfigError> {
        let all = Self {
            temperature: l.optional("temperature", |o| o.temperature.clone()),
            max_tokens: l.optional("max-tokens", |o| o.max_tokens).at_least(1)?,
            reasoning_effort: l.optional("reasoning-effort", |o| o.reasoning_effort.clone()),
            protocol: l.optional("protocol", |o| o.protocol),
            api: l.optional("api", |o| o.api),
            timeout: l.optional("timeout", |o| o.timeout),
            concurrency: l.optional("concurrency", |o| o.concurrency),
            single,
        };
        if let Some(text) = &all.temperature.value {
            temperature(text).map_err(|problem| all.temperature.error(problem))?;
        }
        Picked { name: all.timeout.name, value: all.timeout.value, origin: all.timeout.origin }.seconds()?;
        for (model, options) in single {
            checked(options).map_err(|problem| of_file(model, &problem))?;
        }
        Ok(all)
    }

    /// The longest time for an answer of a program.
    pub(super) fn of_programs(&self) -> (Option<Duration>, Concurrency) {
        let timeout = self.timeout.value.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        (timeout, self.concurrency.value.unwrap_or(Concurrency::Fixed(CALLS_AT_ONCE)))
    }

    /// How a model is asked. `name` is what was typed without the settings behind `?`, which are `own`.
    pub(super) fn of(
        &self,
        spec: &ModelSpec,
        name: &str,
        own: ModelOptions,
        kept: Option<&Kept>,
    ) -> Result<Asking, ConfigError> {
        checked(&own).map_err(|problem| ConfigError::Option {
            option: format!("--model {}", spec.label),
            problem,
            origin: Origin::Flag,
        })?;
        let single = self.single(&[&spec.label, name, &spec.route()]);
        let text = choose(own.temperature, &self.temperature, single.temperature);
        let plain = spec.reasoning() == Some(false);
        let default_temperature = plain.then_some(0.0);
        let default_tokens = if plain { PLAIN_TOKENS } else { THINKING_TOKENS };
        let seconds = choose(own.timeout, &self.timeout, single.timeout);
        let mut extra_body = spec.provider.extra_body.clone();
        extra_body.extend(single.extra_body);
        let asking = Asking {
            temperature: text.map_or(default_temperature, |text| temperature(&text).unwrap_or_default()),
            max_tokens: choose(own.max_tokens, &self.max_tokens, single.max_tokens).unwrap_or(default_tokens),
            reasoning_effort: choose(own.reasoning_effort, &self.reasoning_effort, single.reasoning_effort),
            thinking_budget: own.thinking_budget.or(single.thinking_budget),
            protocol: choose(own.protocol, &self.protocol, single.protocol).unwrap_or(ProtocolChoice::Text),
            api: choose(own.api, &self.api, single.api).map_or(spec.api(), ApiChoice::fixed),
            extra_body,
            timeout: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            concurrency: choose(own.concurrency, &self.concurrency, single.concurrency)
                .unwrap_or(Concurrency::Fixed(CALLS_AT_ONCE)),
            price: single.price.or_else(|| spec.price()),
            reasoning: spec.reasoning(),
        };
        Ok(match kept {
            None => asking,
            Some(kept) => Asking {
                temperature: kept.temperature,
                max_tokens: kept.max_tokens,
                reasoning_effort: kept.reasoning_effort.clone(),
                thinking_budget: kept.thinking_budget,
                extra_body: kept.extra_body.clone().unwrap_or(asking.extra_body),
                api: kept.api,
                price: kept.price.clone(),
                ..asking
            },
        })
    }

    /// The settings of `bench.toml` for a model, by whichever of these names it has there; the first one wins.
    fn single(&self, names: &[&str]) -> ModelOptions {
        let mut seen: Vec<&str> = Vec::new();
        let mut found = ModelOptions::default();
        for name in names {
            if let Some(options) = self.single.get(*name).filter(|_| !seen.contains(name)) {
                seen.push(name);
                found = found.or(options.clone());
            }
        }
        found
    }
}

/// Takes the value behind `?`, else that of the command line or the environment, else that of `bench.toml` for the model, else
/// that of `bench.toml` for all models.
fn choose<T: Clone>(own: Option<T>, all: &Picked<Option<T>>, single: Option<T>) -> Option<T> {
    let all_value = || all.value.clone();
    own.or_else(|| if all.origin == Origin::File { single.or_else(all_value) } else { all_value().or(single) })
}

impl Asking {
    /// The waits for an answer. A timeout is the longest silence of the endpoint.
    #[must_use]
    pub fn patience(&self) -> Patience {
        match self.timeout {
            Some(silence) => Patience::of_silence(silence),
            None if self.reasoning == Some(false) => Patience::default(),
            None => Patience::with_reasoning(),
        }
    }

    /// The service tier that is asked for; none if it is left to the endpoint.
    #[must_use]
    pub fn service_tier(&self) -> Option<&str> {
        asked_tier(&self.extra_body)
    }
}

/// Checks the settings of one model.
fn checked(options: &ModelOptions) -> Result<(), String> {
    if let Some(text) = &options.temperature {
        temperature(text).map_err(|problem| format!("temperature: {problem}"))?;
    }
    for (name, number) in [("max_tokens", options.max_tokens), ("thinking_budget", options.thinking_budget)] {
        if number == Some(0) {
            return Err(format!("{name}: must be at least 1"));
        }
    }
    if let Some(seconds) = options.timeout {
        Picked { name: "timeout", value: seconds, origin: Origin::File }
            .seconds()
            .map_err(|_| format!("timeout: {seconds} must be a number of seconds above 0"))?;
    }
    options.price.as_ref().map_or(Ok(()), |price| price.check().map_err(|problem| format!("price: {problem}")))
}

fn of_file(model: &str, problem: &str) -> ConfigError {
    ConfigError::File { file: FILE.to_owned(), problem: format!("models.\"{model}\": {problem}") }
}

/// Reads a sampling temperature; `none` leaves it to the endpoint.
fn temperature(text: &str) -> Result<Option<f64>, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if (0.0..=2.0).contains(&value) => Ok(Some(value)),
        _ => Err(format!("'{text}' must be a number from 0 to 2, or none")),
    }
}
