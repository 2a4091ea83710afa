//! The contestants of a run: the models, each with its key, the programs, and the built-in agents.

use std::collections::BTreeSet;
use std::time::Duration;

use super::agents::{self, AgentChoice, ExecAgent, LONGEST_NAME};
use super::asking::{Asking, ForAll, KeptModels};
use super::error::ConfigError;
use super::file::ConfigFile;
use super::keys::{Key, Keys};
use super::layers::{Layers, Picked};
use super::model::{CUSTOM, Elsewhere, ModelSpec};
use super::model_options::ModelOptions;
use super::options::{Concurrency, Format, Options};
use super::origin::Origin;
use super::program_environment;
use super::providers::Providers;
use crate::agent::Builtin;
use crate::chat::program::ProgramEnvironment;

/// A model, with the key of its endpoint and its settings.
#[derive(Debug, Clone)]
pub struct KeyedModel {
    /// The model and its endpoint.
    pub spec: ModelSpec,
    /// The key of the endpoint, or what is missing.
    pub key: Key,
    /// How the model is asked.
    pub asking: Asking,
}

/// The contestants of a run.
pub(super) struct Contestants {
    /// The models, without repetition.
    pub(super) models: Vec<KeyedModel>,
    /// The programs that the user provides.
    pub(super) programs: Vec<ExecAgent>,
    /// The built-in agents, in the order of the table.
    pub(super) builtins: Vec<Builtin>,
    /// The longest time for an answer of a program; none if it is the usual one.
    pub(super) answer_time: Option<Duration>,
    /// The number of processes of a program that play at once.
    pub(super) processes: Concurrency,
    /// The environment that programs get.
    pub(super) program_environment: ProgramEnvironment,
}

impl Contestants {
    /// Resolves the contestants of a run of a suite. The providers of `bench.toml` are laid over the embedded ones; `kept` has
    /// the models of a run that has begun.
    pub(super) fn resolve(
        l: &mut Layers<'_, Options>,
        file: &ConfigFile,
        kept: &KeptModels,
        format: Format,
        suite: &str,
    ) -> Result<Self, ConfigError> {
        let agents = agents(l)?;
        let for_all = ForAll::pick(l, &file.models)?;
        let mut providers = Providers::embedded();
        if let Some(more) = &file.providers {
            providers.overlay(more.clone());
        }
        let models = models(l, &providers, kept, &for_all, &agents)?;
        let key_env = l.highest(|o| o.api_key_env.clone(), None).map(|(name, _)| name);
        let program_environment = program_environment::resolve(l, &providers, key_env.as_deref())?;
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
        let (answer_time, processes) = for_all.of_programs();
        let programs = programs.collect();
        Ok(Self { models, programs, builtins, answer_time, processes, program_environment })
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

/// Resolves the models that play, each with its route, its key and its settings.
fn models(
    l: &mut Layers<'_, Options>,
    providers: &Providers,
    kept: &KeptModels,
    for_all: &ForAll<'_>,
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
    let provider = l.optional("provider", |o| o.provider.clone());
    let key_env = l.optional("api-key-env", |o| o.api_key_env.clone());
    if agents.value.contains(&AgentChoice::Llm) && models.value.is_empty() {
        return Err(agents.error("llm needs a --model"));
    }

    let elsewhere = Elsewhere { base_url: base_url.value.as_deref(), provider: provider.value.as_deref() };
    let keys = Keys { named: key_env.value.as_deref(), base_url: base_url.origin, environment: l.environment };
    let mut keyed: Vec<KeyedModel> = Vec::new();
    for typed in models.value.iter().filter(|_| wants_llm) {
        check_name(typed).map_err(|problem| models.error(problem))?;
        let typed = &openenv_name(typed.trim(), providers, elsewhere, models.origin);
        let (name, own) = ModelOptions::split(typed).map_err(|problem| models.error(problem))?;
        let label = label(typed);
        if keyed.iter().any(|known| known.spec.label == label) {
            continue;
        }
        let kept = kept.get(&label);
        let mut routes = match kept {
            Some(kept) if elsewhere.base_url.is_none() || kept.has_provider() => {
                vec![providers.route(name, &kept.route, elsewhere.base_url)?]
            }
            _ => providers.routes(name, elsewhere)?,
        };
        for spec in &mut routes {
            spec.label.clone_from(&label);
            check_url(&spec.base_url).map_err(|problem| ConfigError::Option {
                option: "base_url of the provider".to_owned(),
                problem,
                origin: Origin::File,
            })?;
        }
        let Some((spec, key)) = keys.choose(routes)? else { continue };
        let asking = for_all.of(&spec, name, own, kept)?;
        keyed.push(KeyedModel { spec, key, asking });
    }
    let providers_used: BTreeSet<_> = keyed.iter().map(|model| &model.spec.provider_name).collect();
    if key_env.value.is_some() && providers_used.len() > 1 {
        return Err(key_env.error("would send one key to several providers; leave it out, each has its own variable"));
    }
    Ok(keyed)
}

/// The name of a model with its provider where the environment gives it without one: `OpenEnv` scripts name a model of the
/// Hugging Face router, whose URL is their default.
fn openenv_name(typed: &str, providers: &Providers, elsewhere: Elsewhere<'_>, origin: Origin) -> String {
    let is_bare = || {
        let name = typed.split_once('?').map_or(typed, |(name, _)| name);
        providers.routes(name, elsewhere).is_err()
    };
    if matches!(origin, Origin::Environment(_)) && is_bare() { format!("hf/{typed}") } else { typed.to_owned() }
}

/// The label of a contestant: what was typed. A row of the table, and every key in the log, must identify one contestant, so
/// that the name of another kind of contestant is told apart.
fn label(typed: &str) -> String {
    let is_builtin = Builtin::ALL.iter().any(|agent| agent.as_str() == typed);
    if is_builtin || typed.starts_with(agents::PREFIX) { format!("{CUSTOM}/{typed}") } else { typed.to_owned() }
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
        Ok(parsed) if parsed.fragment().is_some() => "must have no part behind a #".to_owned(),
        Ok(parsed) => match parsed.query_pairs().find(|(name, _)| is_secret(name)) {
            Some((name, _)) => format!("a URL with '{name}' in it would be written to logs; use --api-key-env"),
            None => return Ok(()),
        },
    })
}

/// Whether a parameter of a URL holds a secret by its name.
fn is_secret(parameter: &str) -> bool {
    let name = parameter.to_ascii_lowercase();
    ["key", "token", "secret", "password", "sig", "code", "auth"].iter().any(|word| name.contains(word))
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
