//! The clients of models, and the limits of a run's spending on them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::ChatClient;
use crate::chat::adjust::Adjusted;
use crate::chat::endpoint::{Endpoint, EndpointClient};
use crate::chat::limit::{Limiter, WindowPolicy};
use crate::chat::retry::{RetryPolicy, Retrying};
use crate::chat::wire::ModelSettings;
use crate::cli::exit::Failure;
use crate::config::KeyedModel;
use crate::config::Settings;
use crate::config::options::Concurrency;
use crate::log::store;
use crate::run::Plan;
use crate::run::budget::{Amount, Limits, Rate};
use crate::run::cassette::{self, Folder, Recording, Replay};
use crate::run::estimate::{self, Forecast};
use incident_env::TaskId;

/// Returns the settings of calls to a model.
pub(in crate::cli) fn model_settings(model: &KeyedModel) -> ModelSettings {
    let asking = &model.asking;
    ModelSettings {
        model: model.spec.name.clone(),
        api: asking.api,
        max_tokens: Some(asking.max_tokens),
        token_param: model.spec.provider.token_param.unwrap_or_default(),
        temperature: asking.temperature,
        reasoning_effort: asking.reasoning_effort.clone(),
        thinking_budget: asking.thinking_budget,
        extra_body: asking.extra_body.clone(),
        ..ModelSettings::default()
    }
}

/// The limiters that make calls wait for their turn: one for each model, or under `auto` one for each endpoint.
#[derive(Default)]
pub(in crate::cli) struct Limiters(BTreeMap<String, Arc<Limiter>>);

impl Limiters {
    pub(in crate::cli) fn of(&mut self, settings: &Settings, model: &KeyedModel) -> Arc<Limiter> {
        let (name, pace) = match model.asking.concurrency {
            Concurrency::Auto => (&model.spec.base_url, WindowPolicy::adaptive(settings.max_retry_after)),
            Concurrency::Fixed(calls) => (&model.spec.label, WindowPolicy::fixed(calls, settings.max_retry_after)),
        };
        Arc::clone(self.0.entry(name.clone()).or_insert_with(|| Limiter::new(pace)))
    }
}

/// The advice for a recording that cannot be written.
pub(in crate::cli) const RECORD_HINT: &str =
    "check the space and the permissions there, or choose another folder with --record";

/// The advice for a recording of another endpoint.
const RECORD_ELSEWHERE: &str = "name another folder with --record, or remove this one if its answers are not needed";

/// Makes a client for a model, with retries, whose requests begin with what was learnt before. With `--replay` a
/// recording answers instead; with `--record` answers are kept.
pub(in crate::cli) fn client(
    settings: &Settings,
    model: &KeyedModel,
    limiter: Option<Arc<Limiter>>,
    adjusted: Adjusted,
) -> Result<Arc<dyn ChatClient>, Failure> {
    let folder = |path: &Path| Folder {
        path: path.to_owned(),
        settings: model_settings(model),
        protocol: model.asking.protocol.fixed(),
        base_url: model.spec.base_url.clone(),
    };
    if let Some(path) = &settings.replay {
        return Ok(Arc::new(Replay::new(folder(path))));
    }
    let endpoint = endpoint(model, limiter);
    let client = EndpointClient::new(&endpoint, model_settings(model), adjusted)
        .map_err(|error| Failure::usage(format!("model {}: {error}", model.spec.label)))?;
    let policy = RetryPolicy {
        max_retries: settings.max_retries,
        max_retry_after: settings.max_retry_after,
        ..RetryPolicy::default()
    };
    let client: Arc<dyn ChatClient> = Arc::new(Retrying::new(client, policy).with_chaos(settings.chaos.clone()));
    Ok(match &settings.record {
        Some(path) => {
            // This fails before the first call, which would cost money although its answer could not be kept.
            store::prepare(path).map_err(|error| Failure::from(error).hint(RECORD_HINT))?;
            let folder = folder(path);
            if let Some(other) = folder.taken_by() {
                return Err(Failure::usage(cassette::taken(&folder, &other)).hint(RECORD_ELSEWHERE));
            }
            Arc::new(Recording::new(client, folder))
        }
        None => client,
    })
}

/// Returns the endpoint of a model. A key that has a header of its own travels there alone.
fn endpoint(model: &KeyedModel, limiter: Option<Arc<Limiter>>) -> Endpoint {
    let provider = &model.spec.provider;
    let (mut headers, mut key) = (provider.headers.clone(), model.key.secret.clone());
    if let Some(header) = &provider.key_header
        && let Some(own) = key.take()
    {
        headers.entry(header.clone()).or_insert_with(|| own.expose_secret().to_owned());
    }
    Endpoint {
        base_url: model.spec.base_url.clone(),
        key,
        headers,
        patience: model.asking.patience(),
        limiter,
        ..Endpoint::default()
    }
}

/// Returns the longest time of one call with all its retries, so that a call ends even if every attempt hangs.
pub(in crate::cli) fn call_time(settings: &Settings, model: &KeyedModel) -> Duration {
    let waits = settings.max_retry_after.max(Duration::from_secs(60)).saturating_mul(settings.max_retries);
    let attempt = model.asking.patience().whole;
    attempt.saturating_mul(settings.max_retries + 1).saturating_add(waits)
}

/// Returns what the tokens of a model cost.
pub(in crate::cli) fn rate(model: &KeyedModel) -> Rate<'_> {
    Rate { price: model.asking.price.as_ref(), tier: model.asking.service_tier() }
}

/// Returns the limits of the run's spending.
pub(in crate::cli) fn limits(settings: &Settings) -> Limits {
    Limits { cost_usd: settings.max_cost, tokens: settings.max_total_tokens, time: settings.time_limit }
}

/// Estimates the cost of an episode of each model and task. A run without a limit on cost or tokens needs no estimate
/// and gets none.
pub(in crate::cli) fn forecast(
    settings: &Settings,
    plan: &Plan,
    prompts: &Arc<PromptSet>,
) -> BTreeMap<(String, TaskId), Amount> {
    if settings.max_cost.is_none() && settings.max_total_tokens.is_none() {
        return BTreeMap::new();
    }
    let models = settings.models.iter().map(|model| Forecast {
        label: &model.spec.label,
        rate: rate(model),
        protocol: model.asking.protocol.fixed().unwrap_or(Protocol::Json),
    });
    estimate::forecast(models, plan, prompts)
}
