//! Settings: the options of a run, resolved and checked, each knowing where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use super::LONGEST_NAME;
use super::agents::{self, AgentChoice, ExecAgent};
use super::model::ModelError;
use super::options::{AssistChoice, Concurrency, Format, LogFormat, ProgressChoice, ProtocolChoice};
use super::{Environment, ModelSpec, Options, Providers};
use crate::agent::Builtin;
use crate::chat::chaos::Chaos;
use crate::env::{TaskId, UnknownName};
use crate::log::shard::Shard;
use crate::queue::nats::Access;
use crate::queue::{Address, Terms};

/// The configuration file.
pub const FILE: &str = "bench.toml";

/// More retries than these help nobody.
const MOST_RETRIES: u32 = 100;
/// The longest time that can be set: 30 days.
const LONGEST_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read {file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// `.env` cannot be read.
    #[error("{0}")]
    DotEnv(String),
    /// A model cannot be found.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model needs a key.
    #[error("model {model} needs an API key and {variable} is not set")]
    NoKey {
        /// The model.
        model: String,
        /// The variable that should hold the key.
        variable: String,
    },
    /// A task does not exist.
    #[error(transparent)]
    Task(#[from] UnknownName),
    /// An option has a value that makes no sense.
    #[error("{option}: {problem} (from {origin})")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong.
        problem: String,
        /// Where it was set.
        origin: Origin,
    },
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey { variable, .. } => Some(format!(
                "set {variable} in the environment or in .env, name another variable with --api-key-env, or give --base-url for an endpoint that needs no key"
            )),
            _ => None,
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable or `.env`.
    Environment,
    /// `bench.toml`.
    File,
    /// Nobody set it.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Flag => "the command line",
            Self::Environment => "the environment",
            Self::File => FILE,
            Self::Default => "the default",
        })
    }
}

/// A model with the key that it is asked with.
#[derive(Debug, Clone)]
pub struct KeyedModel {
    /// The model.
    pub spec: ModelSpec,
    /// The key, where one is needed or given.
    pub key: Option<SecretString>,
    /// The variable that should hold the key and does not; none where nothing is missing.
    pub missing_key: Option<String>,
}

/// A queue, and how its jobs are lent.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// How its server is reached.
    pub access: Access,
    /// How jobs are lent.
    pub terms: Terms,
}

/// The resolved options of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The models that play.
    pub models: Vec<KeyedModel>,
    /// The programs that play.
    pub programs: Vec<ExecAgent>,
    /// The built-in agents that play.
    pub builtins: Vec<Builtin>,
    /// Only these tasks; empty means all.
    pub tasks: Vec<TaskId>,
    /// Only these scenarios; empty means all.
    pub scenarios: Vec<String>,
    /// The suite: `classic`, or a path.
    pub suite: String,
    /// Scenario files that are laid over the suite.
    pub overlay: Option<PathBuf>,
    /// Repetitions.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that is played.
    pub shard: Option<Shard>,
    /// Calls of one model at once.
    pub concurrency: Concurrency,
    /// What the run's calls may cost, in USD.
    pub max_cost: Option<f64>,
    /// How many tokens they may use.
    pub max_total_tokens: Option<u64>,
    /// How long the run may take.
    pub time_limit: Option<Duration>,
    /// How many calls an episode may make.
    pub episode_calls: Option<u64>,
    /// How many tokens an episode may use.
    pub episode_tokens: Option<u64>,
    /// How models answer.
    pub protocol: ProtocolChoice,
    /// What helps when a reply cannot be used.
    pub assist: AssistChoice,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// The most tokens of an answer.
    pub max_tokens: u32,
    /// How much a reasoning model thinks.
    pub reasoning_effort: Option<String>,
    /// The time for one attempt.
    pub timeout: Duration,
    /// The time for all calls of an episode.
    pub episode_timeout: Option<Duration>,
    /// Attempts after the first one.
    pub max_retries: u32,
    /// The longest wait that an endpoint may ask for.
    pub max_retry_after: Duration,
    /// Faults on purpose.
    pub chaos: Option<Chaos>,
    /// Where answers are kept.
    pub record: Option<PathBuf>,
    /// From where answers come instead of from a network.
    pub replay: Option<PathBuf>,
    /// Prompts of one's own.
    pub prompts: Option<PathBuf>,
    /// The number of the names that models are told for their tools; 0 for the tools' own.
    pub tool_names: usize,
    /// The queue from which workers take the episodes; none where they are played here.
    pub queue: Option<QueueSettings>,
    /// The results folder.
    pub out: PathBuf,
    /// What is printed on stdout.
    pub format: Format,
    /// In which form the episodes are written for other programs.
    pub log_format: Option<LogFormat>,
    /// How progress is shown.
    pub progress: ProgressChoice,
    /// The score below which the run fails.
    pub fail_under: Option<f64>,
    /// The run to compare with at the end.
    pub baseline: Option<String>,
    /// The drop against the baseline that is tolerated.
    pub margin: f64,
    /// Whether the run ends as soon as the comparison with the baseline is decided.
    pub until_decided: bool,
    /// Void episodes that are tolerated.
    pub max_void: usize,
    /// Each option with its value and where it came from, for `run.json` and `--dry-run`.
    pub report: BTreeMap<&'static str, (serde_json::Value, Origin)>,
}

/// `bench.toml`: options, and providers and aliases beside them.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    /// The options.
    pub options: Options,
    /// More providers and aliases.
    pub providers: Option<Providers>,
}

impl ConfigFile {
    /// Reads a configuration file's text.
    ///
    /// # Errors
    /// Names the file and what is wrong in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let error =
            |problem: String| ConfigError::File { file: file.to_owned(), problem: problem.trim_end().to_owned() };
        // Not the line itself, which this error would quote: a header may hold a secret.
        let syntax = |e: toml::de::Error| {
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let (line, column) =
                (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
            error(format!("line {line}, column {column}: {}", e.message()))
        };
        // Here there is no line any more, but the path of the key.
        let wrong = |e: toml::de::Error| error(e.to_string());
        let mut table: toml::Table = toml::from_str(text).map_err(syntax)?;
        let mut aside = toml::Table::new();
        for key in ["providers", "aliases"] {
            if let Some(value) = table.remove(key) {
                aside.insert(key.to_owned(), value);
            }
        }
        let options = table.try_into().map_err(wrong)?;
        let providers = if aside.is_empty() { None } else { Some(aside.try_into().map_err(wrong)?) };
        Ok(Self { options, providers })
    }

    /// Reads `bench.toml` in a folder, or another file; the first may be missing.
    ///
    /// # Errors
    /// As [`Self::parse`], and when the file cannot be read.
    pub fn read(folder: &Path, named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.map_or_else(|| folder.join(FILE), Path::to_owned);
        if named.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map_err(|e| ConfigError::File { file: file.clone(), problem: e.to_string() })?;
        Self::parse(&file, &text)
    }
}

/// Picks the value of the highest source that has one, and notes it.
struct Layers<'a> {
    flags: &'a Options,
    file: &'a Options,
    report: BTreeMap<&'static str, (serde_json::Value, Origin)>,
}

impl Layers<'_> {
    fn pick<T: Clone + serde::Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&Options) -> Option<T>,
        environment: Option<T>,
        default: T,
    ) -> (T, Origin) {
        let found = field(self.flags)
            .map(|value| (value, Origin::Flag))
            .or_else(|| environment.map(|value| (value, Origin::Environment)))
            .or_else(|| field(self.file).map(|value| (value, Origin::File)))
            .unwrap_or((default, Origin::Default));
        let value = serde_json::to_value(&found.0).unwrap_or_default();
        self.report.insert(name, (value, found.1));
        found
    }

    /// What is written in a form of its own.
    fn parsed<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        option: &'static str,
        field: impl Fn(&Options) -> Option<String>,
    ) -> Result<Option<T>, ConfigError> {
        let name = option.trim_start_matches('-');
        let (text, origin) = self.pick(name, |options| field(options).map(Some), None, None);
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|problem: T::Err| ConfigError::Option { option, problem: problem.to_string(), origin })
    }

    fn list<T: Clone + serde::Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&Options) -> &Vec<T>,
        environment: Option<Vec<T>>,
    ) -> Vec<T> {
        let given = |options: &Options| Some(field(options).clone()).filter(|list| !list.is_empty());
        self.pick(name, given, environment, Vec::new()).0
    }
}

impl Settings {
    /// Checks that every model has the key that it needs. A run must not begin without; a look at its plan may.
    ///
    /// # Errors
    /// Names the first model without a key, and the variable that should hold it.
    pub fn require_keys(&self) -> Result<(), ConfigError> {
        if self.replay.is_some() {
            return Ok(());
        }
        let missing = self.models.iter().find_map(|model| Some((model, model.missing_key.as_ref()?)));
        missing.map_or(Ok(()), |(model, variable)| {
            Err(ConfigError::NoKey { model: model.spec.label.clone(), variable: variable.clone() })
        })
    }

    /// The options that somebody set: name, value and where it was set.
    pub fn chosen(&self) -> impl Iterator<Item = (&'static str, &serde_json::Value, Origin)> {
        let all = self.report.iter().map(|(name, (value, origin))| (*name, value, *origin));
        all.filter(|(_, value, origin)| *origin != Origin::Default && !value.is_null())
    }

    /// Resolves the options.
    ///
    /// # Errors
    /// Says which option is wrong and where it was set.
    pub fn resolve(flags: &Options, environment: &Environment, file: &ConfigFile) -> Result<Self, ConfigError> {
        let mut layers = Layers { flags, file: &file.options, report: BTreeMap::new() };
        let l = &mut layers;
        let format = l.pick("format", |o| o.format, None, Format::Table).0;
        let Contestants { models, programs, builtins } = contestants(l, environment, file, format)?;
        let tasks = l.list("task", |o| &o.task, None);
        let (temperature, temperature_origin) = l.pick("temperature", |o| o.temperature.clone(), None, "0".to_owned());
        let (timeout, timeout_origin) = l.pick("timeout", |o| o.timeout, None, 120.0);
        let (episode_timeout, episode_origin) = l.pick("episode-timeout", |o| o.episode_timeout.map(Some), None, None);
        let (max_retry_after, max_retry_after_origin) = l.pick("max-retry-after", |o| o.max_retry_after, None, 120.0);
        let (epochs, epochs_origin) = l.pick("epochs", |o| o.epochs, None, 1);
        let (max_tokens, max_tokens_origin) = l.pick("max-tokens", |o| o.max_tokens, None, 1024);
        let at_least_one = |option, value: u64, origin| {
            let problem = "must be at least 1".to_owned();
            if value == 0 { Err(ConfigError::Option { option, problem, origin }) } else { Ok(()) }
        };
        let (max_retries, max_retries_origin) = l.pick("max-retries", |o| o.max_retries, None, 4);
        if max_retries > MOST_RETRIES {
            let problem = format!("must be at most {MOST_RETRIES}");
            return Err(ConfigError::Option { option: "--max-retries", problem, origin: max_retries_origin });
        }
        let chaos = l.parsed("--chaos", |o| o.chaos.clone())?;
        at_least_one("--epochs", u64::from(epochs), epochs_origin)?;
        at_least_one("--max-tokens", u64::from(max_tokens), max_tokens_origin)?;
        let (max_cost, max_cost_origin) = l.pick("max-cost", |o| o.max_cost.map(Some), None, None);
        if let Some(limit) = max_cost {
            check_max_cost(limit, max_cost_origin, &models)?;
        }
        let (max_total_tokens, origin) = l.pick("max-total-tokens", |o| o.max_total_tokens.map(Some), None, None);
        at_least_one("--max-total-tokens", max_total_tokens.unwrap_or(1), origin)?;
        let (time_limit, time_limit_origin) = l.pick("time-limit", |o| o.time_limit.map(Some), None, None);
        let (episode_calls, origin) = l.pick("episode-calls", |o| o.episode_calls.map(Some), None, None);
        at_least_one("--episode-calls", episode_calls.unwrap_or(1), origin)?;
        let (episode_tokens, origin) = l.pick("episode-tokens", |o| o.episode_tokens.map(Some), None, None);
        at_least_one("--episode-tokens", episode_tokens.unwrap_or(1), origin)?;
        let (fail_under, fail_origin) = l.pick("fail-under", |o| o.fail_under.map(Some), None, None);
        if fail_under.is_some_and(|limit| !(0.0..=1.0).contains(&limit)) {
            let problem = "must lie between 0 and 1".to_owned();
            return Err(ConfigError::Option { option: "--fail-under", problem, origin: fail_origin });
        }
        let shard = l.parsed::<Shard>("--shard", |o| o.shard.clone())?;
        let (margin, margin_origin) = l.pick("margin", |o| o.margin, None, 0.02);
        if !(0.0..=1.0).contains(&margin) {
            let problem = "must lie between 0 and 1".to_owned();
            return Err(ConfigError::Option { option: "--margin", problem, origin: margin_origin });
        }
        let baseline = l.pick("baseline", |o| o.baseline.clone().map(Some), None, None).0;
        let (until_decided, until_origin) = l.pick("until-decided", |o| o.until_decided, None, false);
        if until_decided && (baseline.is_none() || shard.is_some()) {
            let problem = if baseline.is_none() { "needs a --baseline" } else { "a shard alone decides nothing" };
            let problem = problem.to_owned();
            return Err(ConfigError::Option { option: "--until-decided", problem, origin: until_origin });
        }
        Ok(Self {
            models,
            programs,
            builtins,
            tasks: tasks.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
            scenarios: l.list("scenario", |o| &o.scenario, None),
            suite: l.pick("suite", |o| o.suite.clone(), None, "classic".to_owned()).0,
            overlay: l.pick("scenarios", |o| o.scenarios.clone().map(Some), None, None).0,
            epochs,
            seed: l.pick("seed", |o| o.seed, None, 0).0,
            shard,
            concurrency: l.pick("concurrency", |o| o.concurrency, None, Concurrency::Fixed(4)).0,
            max_cost,
            max_total_tokens,
            time_limit: time_limit.map(|time| seconds("--time-limit", time, time_limit_origin)).transpose()?,
            episode_calls,
            episode_tokens,
            protocol: l.pick("protocol", |o| o.protocol, None, ProtocolChoice::Text).0,
            assist: l.pick("assist", |o| o.assist, None, AssistChoice::Fallback).0,
            temperature: parse_temperature(&temperature, temperature_origin)?,
            max_tokens,
            reasoning_effort: l.pick("reasoning-effort", |o| o.reasoning_effort.clone().map(Some), None, None).0,
            timeout: seconds("--timeout", timeout, timeout_origin)?,
            episode_timeout: episode_timeout
                .map(|time| seconds("--episode-timeout", time, episode_origin))
                .transpose()?,
            max_retries,
            max_retry_after: seconds("--max-retry-after", max_retry_after, max_retry_after_origin)?,
            chaos,
            record: l.pick("record", |o| o.record.clone().map(Some), None, None).0,
            replay: l.pick("replay", |o| o.replay.clone().map(Some), None, None).0,
            prompts: l.pick("prompts", |o| o.prompts.clone().map(Some), None, None).0,
            tool_names: l.pick("tool-names", |o| o.tool_names, None, 0).0,
            queue: queue(l, environment)?,
            out: l.pick("out", |o| o.out.clone(), None, PathBuf::from("results")).0,
            format,
            log_format: l.pick("log-format", |o| o.log_format.map(Some), None, None).0,
            progress: l.pick("progress", |o| o.progress, None, ProgressChoice::Auto).0,
            fail_under,
            baseline,
            margin,
            until_decided,
            max_void: l.pick("max-void", |o| o.max_void, None, 0).0,
            report: layers.report,
        })
    }
}

/// The queue of a run, where one is named.
fn queue(l: &mut Layers<'_>, environment: &Environment) -> Result<Option<QueueSettings>, ConfigError> {
    let access = queue_access(l, environment)?;
    let (lease, lease_origin) = l.pick("queue-lease", |o| o.queue_lease, None, 30.0);
    let (deliveries, origin) = l.pick("queue-deliveries", |o| o.queue_deliveries, None, 5);
    if deliveries == 0 {
        let problem = "must be at least 1".to_owned();
        return Err(ConfigError::Option { option: "--queue-deliveries", problem, origin });
    }
    let lease = seconds("--queue-lease", lease, lease_origin)?;
    let record = l.pick("record", |o| o.record.clone().map(Some), None, None);
    if access.is_some() && record.0.is_some() {
        let problem = "with --queue each worker would keep answers of its own; record a run that is played here";
        return Err(ConfigError::Option { option: "--record", problem: problem.to_owned(), origin: record.1 });
    }
    Ok(access.map(|access| QueueSettings { access, terms: Terms { lease, deliveries } }))
}

/// How the server of a queue is reached. The address goes into the report without the user in it.
fn queue_access(l: &mut Layers<'_>, environment: &Environment) -> Result<Option<Access>, ConfigError> {
    let variable = |name| environment.get(name).map(str::to_owned);
    // Not by `pick`, which would note the text as it is.
    let (text, origin) = match (l.flags.queue.clone(), variable("BENCH_QUEUE"), l.file.queue.clone()) {
        (Some(text), ..) => (Some(text), Origin::Flag),
        (None, Some(text), _) => (Some(text), Origin::Environment),
        (None, None, Some(text)) => (Some(text), Origin::File),
        (None, None, None) => (None, Origin::Default),
    };
    let address = text.map(|text| text.parse::<Address>()).transpose();
    let address =
        address.map_err(|error| ConfigError::Option { option: "--queue", problem: error.to_string(), origin })?;
    l.report.insert("queue", (serde_json::to_value(&address).unwrap_or_default(), origin));
    let path = |name| variable(name).map(|path| Some(PathBuf::from(path)));
    let credentials = l.pick("queue-creds", |o| o.queue_creds.clone().map(Some), path("BENCH_QUEUE_CREDS"), None).0;
    let authorities = l.pick("queue-ca", |o| o.queue_ca.clone().map(Some), path("BENCH_QUEUE_CA"), None).0;
    Ok(address.map(|address| Access { address, credentials, authorities }))
}

/// The queue that a worker takes episodes from.
///
/// # Errors
/// Where it is named nowhere, or by something that is no address.
pub fn workers_queue(flags: &Options, environment: &Environment, file: &ConfigFile) -> Result<Access, ConfigError> {
    let mut layers = Layers { flags, file: &file.options, report: BTreeMap::new() };
    queue_access(&mut layers, environment)?.ok_or_else(|| ConfigError::Option {
        option: "--queue",
        problem: "a worker needs the URL of a queue, such as nats://HOST:4222".to_owned(),
        origin: Origin::Default,
    })
}

/// Who plays.
struct Contestants {
    models: Vec<KeyedModel>,
    programs: Vec<ExecAgent>,
    builtins: Vec<Builtin>,
}

/// Who plays: the models, each with its key, the programs, and the built-in agents.
fn contestants(
    l: &mut Layers<'_>,
    environment: &Environment,
    file: &ConfigFile,
    format: Format,
) -> Result<Contestants, ConfigError> {
    let variable = |name| environment.get(name).map(str::to_owned);
    let mut agents = agents(l)?;
    let asks_for_a_model = !l.flags.model.is_empty() && l.flags.agent.is_empty();
    if asks_for_a_model && !agents.is_empty() && !agents.contains(&AgentChoice::Llm) {
        // Agents that a file names must not send away the model that the command line asks for.
        agents.push(AgentChoice::Llm);
    }
    // A model in the environment must not take part in a run that names its agents and not `llm`.
    let wants_llm = agents.is_empty() || agents.contains(&AgentChoice::Llm);
    let names = |list: String| list.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let from_environment = variable("MODEL_NAME").filter(|_| wants_llm).map(names);
    let models: Vec<String> = l.list("model", |o| &o.model, from_environment);
    let (base_url, base_url_origin) =
        l.pick("base-url", |o| o.base_url.clone().map(Some), variable("API_BASE_URL").map(Some), None);
    if let Some(url) = &base_url {
        check_url("--base-url", url, base_url_origin)?;
    }
    let (api_key_env, _) = l.pick("api-key-env", |o| o.api_key_env.clone().map(Some), None, None);
    if agents.contains(&AgentChoice::Llm) && models.is_empty() {
        let problem = "llm needs a --model".to_owned();
        return Err(ConfigError::Option { option: "--agent", problem, origin: l.report["agent"].1 });
    }

    let mut providers = Providers::embedded();
    if let Some(more) = &file.providers {
        providers.overlay(more.clone());
    }
    let mut keyed: Vec<KeyedModel> = Vec::new();
    for model in models.iter().filter(|_| wants_llm) {
        check_name(model, l.report["model"].1)?;
        let mut spec = match providers.resolve(model.trim(), base_url.as_deref()) {
            // OpenEnv scripts name a model of the Hugging Face router, whose URL is their default.
            Err(_) if l.report["model"].1 == Origin::Environment => {
                providers.resolve(&format!("hf/{}", model.trim()), None)?
            }
            other => other?,
        };
        let is_builtin = Builtin::ALL.iter().any(|agent| agent.as_str() == spec.label);
        if is_builtin || spec.label.starts_with(agents::PREFIX) {
            // A row of the table, and every key in the log, must mean one contestant.
            spec.label = format!("{}/{}", spec.provider_name, spec.label);
        }
        check_url("base_url of the provider", &spec.provider.base_url, Origin::File)?;
        if keyed.iter().any(|known| known.spec.label == spec.label) {
            continue;
        }
        keyed.push(match key(&spec, api_key_env.as_deref(), base_url_origin, environment) {
            Ok(key) => KeyedModel { spec, key, missing_key: None },
            Err(variable) => KeyedModel { spec, key: None, missing_key: Some(variable) },
        });
    }
    let providers_used: BTreeSet<_> = keyed.iter().map(|model| &model.spec.provider_name).collect();
    if api_key_env.is_some() && providers_used.len() > 1 {
        let problem = "would send one key to several providers; leave it out, each has its own variable".to_owned();
        return Err(ConfigError::Option { option: "--api-key-env", problem, origin: l.report["api-key-env"].1 });
    }
    let builtins = if !agents.is_empty() {
        Builtin::ALL.into_iter().filter(|builtin| agents.contains(&AgentChoice::Builtin(*builtin))).collect()
    } else if format == Format::Openenv && !keyed.is_empty() {
        // Who reads that protocol reads the scores of one agent.
        Vec::new()
    } else {
        Builtin::USUAL.to_vec()
    };
    let programs = agents.into_iter().filter_map(|agent| match agent {
        AgentChoice::Exec(agent) => Some(agent),
        AgentChoice::Llm | AgentChoice::Builtin(_) => None,
    });
    Ok(Contestants { models: keyed, programs: programs.collect(), builtins })
}

/// The agents that are named, one by one also in the report.
fn agents(l: &mut Layers<'_>) -> Result<Vec<AgentChoice>, ConfigError> {
    let values = l.list("agent", |o| &o.agent, None);
    let origin = l.report["agent"].1;
    let agents =
        agents::choices(&values).map_err(|problem| ConfigError::Option { option: "--agent", problem, origin })?;
    l.report.insert("agent", (agents.iter().map(AgentChoice::name).collect(), origin));
    Ok(agents)
}

/// The key of a model.
///
/// A provider's key goes to that provider only. A custom endpoint gets `API_KEY`, and `HF_TOKEN` only where the endpoint
/// itself was given by the environment: a token that lies around for another service must not travel to any URL.
/// An error is the variable that should hold a key and does not.
fn key(
    spec: &ModelSpec,
    named: Option<&str>,
    base_url: Origin,
    environment: &Environment,
) -> Result<Option<SecretString>, String> {
    let secret = |name: &str| environment.get(name).map(SecretString::from);
    if let Some(name) = named {
        return secret(name).map(Some).ok_or_else(|| name.to_owned());
    }
    match &spec.provider.key_env {
        Some(name) => secret(name).map(Some).ok_or_else(|| name.clone()),
        None if spec.provider_name != "custom" => Ok(None),
        None if base_url == Origin::Environment => Ok(secret("API_KEY").or_else(|| secret("HF_TOKEN"))),
        None => Ok(secret("API_KEY")),
    }
}

/// A limit in USD means something only where every model has a price.
fn check_max_cost(limit: f64, origin: Origin, models: &[KeyedModel]) -> Result<(), ConfigError> {
    let unpriced = models.iter().find(|model| model.spec.price().is_none());
    let problem = match unpriced {
        _ if !(limit.is_finite() && limit > 0.0) => "must be an amount of USD above 0".to_owned(),
        Some(model) => format!(
            "the price of {} is not known; give prices for its provider in {FILE}, or use --max-total-tokens",
            model.spec.label
        ),
        None => return Ok(()),
    };
    Err(ConfigError::Option { option: "--max-cost", problem, origin })
}

fn check_url(option: &'static str, url: &str, origin: Origin) -> Result<(), ConfigError> {
    // A URL that is wrong otherwise may hold a password all the same, which must not be repeated.
    let shown = url.rsplit_once('@').map_or(url.to_owned(), |(_, host)| format!("…@{host}"));
    let problem = match reqwest::Url::parse(url) {
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
    };
    Err(ConfigError::Option { option, problem, origin })
}

/// A name stands in tables, on terminals and in file names.
fn check_name(name: &str, origin: Origin) -> Result<(), ConfigError> {
    let problem = if name.trim().is_empty() {
        "a model's name is empty".to_owned()
    } else if name.chars().any(char::is_control) {
        format!("a model's name has a line break or another control character: {name:?}")
    } else if name.chars().count() > LONGEST_NAME {
        format!("a model's name has more than {LONGEST_NAME} characters")
    } else {
        return Ok(());
    };
    Err(ConfigError::Option { option: "--model", problem, origin })
}

fn parse_temperature(text: &str, origin: Origin) -> Result<Option<f64>, ConfigError> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if (0.0..=2.0).contains(&value) => Ok(Some(value)),
        _ => {
            let problem = format!("'{text}' must be a number from 0 to 2, or none");
            Err(ConfigError::Option { option: "--temperature", problem, origin })
        }
    }
}

fn seconds(option: &'static str, value: f64, origin: Origin) -> Result<Duration, ConfigError> {
    let in_range = |time: &Duration| !time.is_zero() && *time <= LONGEST_TIME;
    Duration::try_from_secs_f64(value).ok().filter(in_range).ok_or_else(|| ConfigError::Option {
        option,
        problem: format!("must be a number of seconds above 0, and at most {}", LONGEST_TIME.as_secs()),
        origin,
    })
}
