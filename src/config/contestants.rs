//! The contestants of a run: the models, each with its key, the programs, and the built-in agents.

use std::collections::BTreeSet;

use super::agents::{self, AgentChoice, ExecAgent, LONGEST_NAME};
use super::error::ConfigError;
use super::keys::KeyedModel;
use super::layers::{Layers, Picked};
use super::model::{ModelSpec, Providers};
use super::options::{Format, Options};
use super::origin::Origin;
use crate::agent::Builtin;

/// The contestants of a run.
pub(super) struct Contestants {
    /// The models, without repetition.
    pub(super) models: Vec<KeyedModel>,
    /// The programs that the user provides.
    pub(super) programs: Vec<ExecAgent>,
    /// The built-in agents, in the order of the table.
    pub(super) builtins: Vec<Builtin>,
}

impl Contestants {
    /// Resolves the contestants of a run of a suite. `more` has the providers of `bench.toml`, which are laid over the
    /// embedded ones.
    pub(super) fn resolve(
        l: &mut Layers<'_, Options>,
        more: Option<&Providers>,
        format: Format,
        suite: &str,
    ) -> Result<Self, ConfigError> {
        let agents = agents(l)?;
        let models = models(l, more, &agents)?;
        let agents = agents.value;
        let builtins = if !agents.is_empty() {
            Builtin::ALL.into_iter().filter(|builtin| agents.contains(&AgentChoice::Builtin(*builtin))).collect()
        } else if format == Format::Openenv && !models.is_empty() {
            // A program that reads the line protocol expects the scores of one agent.
            Vec::new()
        } else if suite.starts_with("generated:") {
            Builtin::USUAL_ON_GENERATED.to_vec()
        } else {
            Builtin::USUAL.to_vec()
        };
        let programs = agents.into_iter().filter_map(|agent| match agent {
            AgentChoice::Exec(agent) => Some(agent),
            AgentChoice::Llm | AgentChoice::Builtin(_) => None,
        });
        Ok(Self { models, programs: programs.collect(), builtins })
    }
}

/// Resolves the agents that are named. The report lists them one by one, as they were named.
fn agents(l: &mut Layers<'_, Options>) -> Result<Picked<Vec<AgentChoice>>, ConfigError> {
    let named = l.list("agent", |o| &o.agent, None);
    let mut agents = agents::choices(&named.value).map_err(|problem| named.error(problem))?;
    let Picked { name, origin, .. } = named;
    l.report.insert(name, (agents.iter().map(AgentChoice::name).collect(), origin));
    let asks_for_a_model = !l.flags.model.is_empty() && l.flags.agent.is_empty();
    if asks_for_a_model && !agents.is_empty() && !agents.contains(&AgentChoice::Llm) {
        // Agents that a file names must not send away the model that the command line asks for.
        agents.push(AgentChoice::Llm);
    }
    Ok(Picked { name, value: agents, origin })
}

/// Resolves the models that play, each with its key.
fn models(
    l: &mut Layers<'_, Options>,
    more: Option<&Providers>,
    agents: &Picked<Vec<AgentChoice>>,
) -> Result<Vec<KeyedModel>, ConfigError> {
    // A model in the environment must not take part in a run that names its agents and not `llm`.
    let wants_llm = agents.value.is_empty() || agents.value.contains(&AgentChoice::Llm);
    let names = |list: String| list.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let from_environment = l.variable("MODEL_NAME").filter(|_| wants_llm).map(|(name, list)| (name, names(list)));
    let models = l.list("model", |o| &o.model, from_environment);
    let base_url = l.optional_or("base-url", |o| o.base_url.clone(), l.variable("API_BASE_URL"));
    if let Some(url) = &base_url.value {
        check_url(url).map_err(|problem| base_url.error(problem))?;
    }
    let key_env = l.optional("api-key-env", |o| o.api_key_env.clone());
    if agents.value.contains(&AgentChoice::Llm) && models.value.is_empty() {
        return Err(agents.error("llm needs a --model"));
    }

    let mut providers = Providers::embedded();
    if let Some(more) = more {
        providers.overlay(more.clone());
    }
    let mut keyed: Vec<KeyedModel> = Vec::new();
    for model in models.value.iter().filter(|_| wants_llm) {
        check_name(model).map_err(|problem| models.error(problem))?;
        let spec = spec(model.trim(), &providers, base_url.value.as_deref(), models.origin)?;
        if keyed.iter().any(|known| known.spec.label == spec.label) {
            continue;
        }
        keyed.push(KeyedModel::find(spec, key_env.value.as_deref(), base_url.origin, l.environment));
    }
    let providers_used: BTreeSet<_> = keyed.iter().map(|model| &model.spec.provider_name).collect();
    if key_env.value.is_some() && providers_used.len() > 1 {
        return Err(key_env.error("would send one key to several providers; leave it out, each has its own variable"));
    }
    Ok(keyed)
}

/// Resolves the endpoint, the name and the label of a model.
fn spec(model: &str, providers: &Providers, base_url: Option<&str>, origin: Origin) -> Result<ModelSpec, ConfigError> {
    let mut spec = match providers.resolve(model, base_url) {
        // OpenEnv scripts name a model of the Hugging Face router, whose URL is their default.
        Err(_) if matches!(origin, Origin::Environment(_)) => providers.resolve(&format!("hf/{model}"), None)?,
        other => other?,
    };
    let is_builtin = Builtin::ALL.iter().any(|agent| agent.as_str() == spec.label);
    if is_builtin || spec.label.starts_with(agents::PREFIX) {
        // A row of the table, and every key in the log, must identify one contestant.
        spec.label = format!("{}/{}", spec.provider_name, spec.label);
    }
    check_url(&spec.provider.base_url).map_err(|problem| ConfigError::Option {
        option: "base_url of the provider".to_owned(),
        problem,
        origin: Origin::File,
    })?;
    Ok(spec)
}

/// Checks that a base URL can be used and shown.
fn check_url(url: &str) -> Result<(), String> {
    // A URL that is wrong in another way may still hold a password, which must not be repeated.
    let shown = url.rsplit_once('@').map_or(url.to_owned(), |(_, host)| format!("…@{host}"));
    Err(match reqwest::Url::parse(url) {
        Err(error) => format!("'{shown}' is no URL: {error}"),
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") => {
            format!("'{shown}' must begin with http:// or https://")
        }
        Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            "a URL with a user or password in it would be written to logs; use --api-key-env".to_owned()
        }
        Ok(parsed) if parsed.query().is_some() || parsed.fragment().is_some() => {
            "must end before /chat/completions and have no query".to_owned()
        }
        Ok(_) => return Ok(()),
    })
}

/// Checks the name of a model, which is shown in tables and on terminals and is part of file names.
fn check_name(name: &str) -> Result<(), String> {
    Err(if name.trim().is_empty() {
        "a model's name is empty".to_owned()
    } else if name.chars().any(char::is_control) {
        format!("a model's name has a line break or another control character: {name:?}")
    } else if name.chars().count() > LONGEST_NAME {
        format!("a model's name has more than {LONGEST_NAME} characters")
    } else {
        return Ok(());
    })
}
