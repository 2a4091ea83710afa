//! From settings to the things that a command works with: catalogue, prompts, clients, manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::args::Cli;
use super::exit::Failure;
use crate::agent::exec;
use crate::agent::prompt::{LastStep, PromptError, PromptSet, Protocol, SET_FILE, TEMPLATES};
use crate::agent::tool_names::ToolNames;
use crate::chat::ChatClient;
use crate::chat::limit::{Limiter, Pace};
use crate::chat::openai::{Endpoint, OpenAiClient};
use crate::chat::retry::{RetryPolicy, Retrying};
use crate::chat::wire::ModelSettings;
use crate::config::options::Concurrency;
use crate::config::settings::{ConfigFile, KeyedModel};
use crate::config::{ConfigError, Environment, Options, Settings};
use crate::env::{Action, ActionKind, Catalog, Diagnostic, Episode, EpisodeId, Scenario, Source, verify};
use crate::generate::{Library, Secret, Suite};
use crate::log::manifest::{self, Machine, ModelRecord};
use crate::log::store::{self, RunFolder, Store, StoreError};
use crate::log::{Contestant, Manifest, RunId};
use crate::queue::address::without_login;
use crate::run::Plan;
use crate::run::budget::Limits;
use crate::run::cassette::{Recording, Replay};

/// Reads the environment and `bench.toml`, and resolves the options.
pub(super) fn settings(options: &Options, config: Option<&Path>) -> Result<Settings, Failure> {
    let folder = Path::new(".");
    let environment = Environment::read(folder).map_err(ConfigError::DotEnv)?;
    let file = ConfigFile::read(folder, config)?;
    Ok(Settings::resolve(options, &environment, &file)?)
}

/// The results folder: as the command line says, or `bench.toml`, or `results`.
pub(super) fn results(out: Option<&Path>) -> Result<PathBuf, Failure> {
    let given = out.map(Path::to_owned);
    let from_file = || ConfigFile::read(Path::new("."), None).map(|file| file.options.out);
    Ok(given.map_or_else(from_file, |out| Ok(Some(out)))?.unwrap_or_else(|| PathBuf::from("results")))
}

/// The scenarios of a suite, with others laid over them.
pub(super) fn catalog(suite: &str, overlay: Option<&Path>) -> Result<Catalog, Failure> {
    let foreign = suite != "classic" || overlay.is_some();
    if let Some(generated) = suite.strip_prefix("generated:") {
        return generated_suite(generated, overlay);
    }
    let overlay = overlay.map(scenario_files).transpose()?.unwrap_or_default();
    let catalog = if suite == "classic" {
        Catalog::with_overlay(overlay)
    } else {
        let path = Path::new(suite);
        if !path.exists() {
            let message =
                format!("unknown suite '{suite}': it is neither 'classic', nor 'generated:…', nor a file or folder");
            return Err(Failure::usage(message));
        }
        let mut sources = scenario_files(path)?;
        sources.extend(overlay);
        Catalog::of(sources)
    };
    let hint = "docs/SCENARIOS.md describes the format";
    let catalog = catalog.map_err(|error| Failure::usage(error.to_string()).hint(hint))?;
    if foreign {
        // The embedded scenarios were proved before the release.
        for scenario in catalog.scenarios() {
            let flawed = |flaw| Failure::usage(format!("{}: {flaw}", scenario.file())).hint(hint);
            verify::prove(scenario).map_err(flawed)?;
        }
    }
    Ok(catalog)
}

/// The variable that has the secret of private suites.
const SECRET: &str = "BENCH_SUITE_SECRET";

/// Reads what a generated suite consists of, and finds its secret where it is private.
pub(super) fn read_suite(text: &str) -> Result<Suite, Failure> {
    let suite: Suite = text.parse().map_err(|problem| Failure::usage(format!("generated:{text}: {problem}")))?;
    if !suite.needs_secret() {
        return Ok(suite);
    }
    let environment = Environment::read(Path::new(".")).map_err(ConfigError::DotEnv)?;
    let hint = format!("a private suite is made from the secret in {SECRET}");
    let secret = environment.get(SECRET);
    let secret = secret.ok_or_else(|| Failure::usage(format!("{SECRET} is not set")).hint(hint.clone()))?;
    let secret = Secret::new(secret).map_err(|problem| Failure::usage(format!("{SECRET}: {problem}")).hint(hint))?;
    Ok(suite.with_secret(secret))
}

/// A suite that is made from its seed; every incident of it was proved when it was made.
fn generated_suite(text: &str, overlay: Option<&Path>) -> Result<Catalog, Failure> {
    let suite = read_suite(text)?;
    let library = library(overlay)?;
    let rules = Catalog::embedded().map_err(|error| Failure::other(error.to_string()))?;
    suite.catalog(&library, rules.tasks()).map_err(|error| Failure::other(error.to_string()).hint("take another seed"))
}

/// The fault families of this program, with those of a folder laid over them.
pub(super) fn library(overlay: Option<&Path>) -> Result<Arc<Library>, Failure> {
    let mut files = BTreeMap::new();
    for Source { file, text } in overlay.map(scenario_files).transpose()?.unwrap_or_default() {
        let name = Path::new(&file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if files.insert(name.clone(), text).is_some() {
            return Err(Failure::usage(format!("{file}: another file there is called {name} too")));
        }
    }
    let hint = "docs/GENERATED.md describes fault families, which is what --scenarios lays over a generated suite";
    let library = Library::with_overlay(files).map_err(|error| Failure::usage(error.to_string()).hint(hint))?;
    Ok(Arc::new(library))
}

/// The scenario files of a folder and the folders in it, sorted by path, or one file.
fn scenario_files(path: &Path) -> Result<Vec<Source>, Failure> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Failure::usage(format!("{}: no scenario files (*.toml) there", path.display())));
    }
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file)
            .map_err(|e| Failure::usage(format!("cannot read scenario file {}: {e}", file.display())))?;
        Ok(Source { file: file.display().to_string(), text })
    };
    files.into_iter().map(read).collect()
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::usage(format!("cannot read {}: {e}", path.display()));
    if !path.is_dir() {
        // Opened later; a missing one is named then.
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|ending| ending == "toml") {
            files.push(entry);
        }
    }
    Ok(())
}

/// The embedded prompts for a suite, or those of a folder, with the tools under the names of this number.
pub(super) fn prompts(folder: Option<&Path>, suite: &str, tool_names: usize) -> Result<Arc<PromptSet>, Failure> {
    let set = match folder {
        None if suite.starts_with("generated:") => PromptSet::simulated(),
        None => PromptSet::embedded(),
        Some(folder) => {
            let mut files = BTreeMap::new();
            for file in TEMPLATES.iter().chain([&SET_FILE]) {
                let path = folder.join(file);
                let text = fs::read_to_string(&path)
                    .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
                files.insert((*file).to_owned(), text);
            }
            let name = folder.file_name().map_or("custom".into(), |name| name.to_string_lossy().into_owned());
            PromptSet::new(&name, &files)
        }
    };
    let set = set.map_err(|error| Failure::usage(error.to_string()))?;
    if tool_names == 0 {
        return Ok(Arc::new(set));
    }
    let names = ToolNames::new(tool_names).map_err(|problem| Failure::usage(format!("--tool-names: {problem}")))?;
    Ok(Arc::new(set.with_tool_names(names)))
}

/// Renders every prompt of every scenario once, so that a template that breaks does so before a call is paid for.
pub(super) fn check_prompts(prompts: &PromptSet, plan: &Plan) -> Result<(), Failure> {
    let check = || {
        for scenario in &plan.scenarios {
            let episode = Episode::reset(scenario, EpisodeId::nil());
            let observation = episode.observation();
            for protocol in Protocol::ALL {
                prompts.system(observation.task(), protocol)?;
                prompts.first(observation, protocol)?;
            }
            check_steps(prompts, scenario)?;
        }
        prompts.repair("x")
    };
    check().map(drop).map_err(|error: PromptError| Failure::usage(error.to_string()))
}

/// Renders the messages after a look, after an error, and after a reply that was not used.
fn check_steps(prompts: &PromptSet, scenario: &Arc<Scenario>) -> Result<(), PromptError> {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    let service = scenario.briefing().services.first().map_or("", |name| name);
    let look = Action::with(ActionKind::Diagnostic(Diagnostic::QueryLogs), &[("service", service)]);
    let unknown = Action::with(ActionKind::from("invalid"), &[]);
    for action in [look, unknown] {
        episode.step(&action);
        for not_used in [None, Some("x".to_owned())] {
            let last = LastStep { action: Some(action.clone()), not_used };
            for protocol in Protocol::ALL {
                prompts.step(episode.observation(), &last, protocol)?;
            }
        }
    }
    Ok(())
}

/// How a model is called.
pub(super) fn model_settings(settings: &Settings, model: &KeyedModel) -> ModelSettings {
    ModelSettings {
        model: model.spec.name.clone(),
        max_tokens: Some(settings.max_tokens),
        token_param: model.spec.provider.token_param,
        temperature: settings.temperature,
        reasoning_effort: settings.reasoning_effort.clone(),
        extra_body: model.spec.provider.extra_body.clone(),
        strict_schema: true,
    }
}

/// What makes the calls of models wait for their turn: one for each model, or under `auto` one for each endpoint.
#[derive(Default)]
pub(super) struct Limiters(BTreeMap<String, Arc<Limiter>>);

impl Limiters {
    pub(super) fn of(&mut self, settings: &Settings, model: &KeyedModel) -> Arc<Limiter> {
        let (name, pace) = match settings.concurrency {
            Concurrency::Auto => (&model.spec.provider.base_url, Pace::adaptive(settings.max_retry_after)),
            Concurrency::Fixed(calls) => (&model.spec.label, Pace::fixed(calls, settings.max_retry_after)),
        };
        Arc::clone(self.0.entry(name.clone()).or_insert_with(|| Limiter::new(pace)))
    }
}
/// What to do about a recording that cannot be written.
pub(super) const RECORD_HINT: &str =
    "check the space and the permissions there, or choose another folder with --record";

/// A client for a model, with retries; a recording instead of it or beside it where one is asked for.
pub(super) fn client(
    settings: &Settings,
    model: &KeyedModel,
    limiter: Option<Arc<Limiter>>,
) -> Result<Arc<dyn ChatClient>, Failure> {
    if let Some(folder) = &settings.replay {
        return Ok(Arc::new(Replay::new(folder.clone(), model_settings(settings, model))));
    }
    let endpoint = Endpoint {
        base_url: model.spec.provider.base_url.clone(),
        key: model.key.clone(),
        headers: model.spec.provider.headers.clone(),
        timeout: settings.timeout,
        limiter,
        ..Endpoint::default()
    };
    let client = OpenAiClient::new(&endpoint, model_settings(settings, model))
        .map_err(|error| Failure::usage(format!("model {}: {error}", model.spec.label)))?;
    let policy = RetryPolicy {
        max_retries: settings.max_retries,
        max_retry_after: settings.max_retry_after,
        ..RetryPolicy::default()
    };
    let client: Arc<dyn ChatClient> = Arc::new(Retrying::new(client, policy).with_chaos(settings.chaos.clone()));
    Ok(match &settings.record {
        Some(folder) => {
            // Before a call is paid for whose answer could not be kept.
            store::prepare(folder).map_err(|error| Failure::from(error).hint(RECORD_HINT))?;
            Arc::new(Recording::new(client, folder.clone(), model_settings(settings, model)))
        }
        None => client,
    })
}

/// The most time for one call with all its retries: a call must end even where every attempt hangs.
pub(super) fn call_time(settings: &Settings) -> Duration {
    let waits = settings.max_retry_after.max(Duration::from_secs(60)).saturating_mul(settings.max_retries);
    settings.timeout.saturating_mul(settings.max_retries + 1).saturating_add(waits)
}

/// What the run may spend.
pub(super) fn limits(settings: &Settings) -> Limits {
    Limits { cost_usd: settings.max_cost, tokens: settings.max_total_tokens, time: settings.time_limit }
}

/// A new id. Randomness only names the folder: nothing that is scored depends on it.
pub(super) fn run_id(started_at: jiff::Timestamp) -> RunId {
    let salt = uuid::Uuid::new_v4().as_u128().to_le_bytes();
    RunId::new(started_at, u16::from_le_bytes([salt[0], salt[1]]))
}

/// The folder of a new run, with the manifest whose id it has.
pub(super) fn new_run(store: &Store, manifest: impl Fn() -> Manifest) -> Result<(Manifest, RunFolder), StoreError> {
    loop {
        let manifest = manifest();
        match store.create(&manifest.id) {
            Ok(folder) => return Ok((manifest, folder)),
            // Another run of this second drew the same digits.
            Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists && store.has(&manifest.id) => {}
            Err(error) => return Err(error),
        }
    }
}

/// `run.json`.
pub(super) fn manifest(
    settings: &Settings,
    plan: &Plan,
    catalog: &Catalog,
    prompts: &PromptSet,
    protocols: &BTreeMap<String, String>,
) -> Manifest {
    let started_at = jiff::Timestamp::now();
    let models = settings.models.iter().map(|model| {
        let spec = &model.spec;
        let fixed = settings.protocol.fixed().map_or("auto".to_owned(), |protocol| protocol.to_string());
        let record = ModelRecord {
            name: spec.name.clone(),
            provider: spec.provider_name.clone(),
            base_url: spec.provider.base_url.clone(),
            protocol: protocols.get(&spec.label).cloned().unwrap_or(fixed),
            assist: crate::agent::llm::Assist::from(settings.assist).to_string(),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            reasoning_effort: settings.reasoning_effort.clone(),
            price: spec.price().copied(),
        };
        Contestant { label: spec.label.clone(), agent: "llm".to_owned(), settings: Some(record) }
    });
    let programs = settings.programs.iter().map(|agent| Contestant {
        label: agent.label.clone(),
        agent: exec::NAME.to_owned(),
        settings: None,
    });
    let builtins = settings.builtins.iter().map(|agent| Contestant {
        label: agent.to_string(),
        agent: agent.to_string(),
        settings: None,
    });
    let options: serde_json::Map<_, _> = settings
        .report
        .iter()
        .map(|(name, (value, origin))| ((*name).to_owned(), json!({ "value": value, "from": origin })))
        .collect();
    Manifest {
        schema: manifest::SCHEMA.to_owned(),
        id: run_id(started_at),
        started_at,
        bench_version: env!("CARGO_PKG_VERSION").to_owned(),
        suite: settings.suite.clone(),
        suite_digest: catalog.digest().to_owned(),
        prompts: prompts.label(),
        prompts_digest: prompts.digest().to_owned(),
        graders: catalog.graders(),
        contestants: models.chain(programs).chain(builtins).collect(),
        scenarios: plan.listed(),
        epochs: plan.epochs,
        seed: plan.seed,
        shard: plan.shard,
        merged: Vec::new(),
        options: options.into(),
        command: command_line(),
        machine: machine(),
    }
}

/// Where this runs.
pub(super) fn machine() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(0, Into::into),
    }
}

/// The arguments as they were given. No option takes a key, and the address of a queue loses its user.
pub(super) fn command_line() -> Vec<String> {
    use clap::CommandFactory;
    let name = Cli::command().get_name().to_owned();
    let arguments = std::env::args_os().skip(1).map(|argument| without_login(&argument.to_string_lossy()));
    std::iter::once(name).chain(arguments).collect()
}
