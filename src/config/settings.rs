//! The settings of a run: its options, resolved and checked.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::agents::ExecAgent;
use super::asking::KeptModels;
use super::contestants::{Contestants, KeyedModel};
use super::environment::Environment;
use super::error::ConfigError;
use super::file::ConfigFile;
use super::layers::{Layers, Report};
use super::options::{AssistChoice, Concurrency, Format, LogFormat, Options, ProgressChoice, ThinkChoice};
use super::origin::{FILE, Origin};
use super::queue::QueueSettings;
use crate::agent::Builtin;
use crate::agent::think::Think;
use crate::chat::chaos::Chaos;
use crate::chat::endpoint::header_secrets;
use crate::chat::program::{Program, ProgramEnvironment};
use crate::chat::wire::Secrets;
use crate::log::manifest::MOST_EPOCHS;
use crate::log::shard::Shard;
use incident_env::TaskId;

/// The largest number of retries that can be set; more of them help nobody.
const MOST_RETRIES: u32 = 100;
/// The usual time for an answer of a program.
const ANSWER_TIME: Duration = Duration::from_secs(120);

/// The resolved options of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The models that play.
    pub models: Vec<KeyedModel>,
    /// The programs that play.
    pub programs: Vec<ExecAgent>,
    /// The environment that programs get.
    pub program_environment: ProgramEnvironment,
    /// The built-in agents that play.
    pub builtins: Vec<Builtin>,
    /// The tasks that are played; empty means all.
    pub tasks: Vec<TaskId>,
    /// The scenarios that are played; empty means all.
    pub scenarios: Vec<String>,
    /// The suite: `classic`, the name of a generated suite, or a path.
    pub suite: String,
    /// The folder of scenario files, or of fault families, that are laid over the suite.
    pub overlay: Option<PathBuf>,
    /// The number of times that each scenario is played.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that is played. `None` for all of them.
    pub shard: Option<Shard>,
    /// The number of processes of a program that play at once.
    pub concurrency: Concurrency,
    /// The largest cost of the run's calls, in USD.
    pub max_cost: Option<f64>,
    /// The largest number of tokens that the run's calls may use.
    pub max_total_tokens: Option<u64>,
    /// The largest duration of the run.
    pub time_limit: Option<Duration>,
    /// The largest number of calls of an episode.
    pub episode_calls: Option<u64>,
    /// The largest number of tokens that an episode may use.
    pub episode_tokens: Option<u64>,
    /// Whether a model is told that it may think before it acts.
    pub think: Think,
    /// The help that a model gets when its reply cannot be used.
    pub assist: AssistChoice,
    /// The longest time for an answer of a program.
    pub answer_time: Duration,
    /// The largest duration of all calls of an episode.
    pub episode_timeout: Option<Duration>,
    /// The largest number of attempts after the first one.
    pub max_retries: u32,
    /// The longest wait that an endpoint may ask for.
    pub max_retry_after: Duration,
    /// The faults that are injected on purpose.
    pub chaos: Option<Chaos>,
    /// The folder in which answers are recorded.
    pub record: Option<PathBuf>,
    /// The folder from which recorded answers are replayed instead of calling an endpoint.
    pub replay: Option<PathBuf>,
    /// The folder of the user's own prompts.
    pub prompts: Option<PathBuf>,
    /// The number of the set of names that models are told for their tools; 0 for the tools' own names.
    pub tool_names: usize,
    /// The queue from which workers take the episodes. `None` if this process plays them.
    pub queue: Option<QueueSettings>,
    /// The results folder.
    pub out: PathBuf,
    /// The format of the result on stdout.
    pub format: Format,
    /// The format in which the episodes are also written for other programs.
    pub log_format: Option<LogFormat>,
    /// The way in which progress is shown.
    pub progress: ProgressChoice,
    /// The score below which the run fails.
    pub fail_under: Option<f64>,
    /// The run to compare with at the end: its id, its folder, or its `summary.json`.
    pub baseline: Option<String>,
    /// The drop against the baseline that is tolerated.
    pub margin: f64,
    /// Whether the run may lack what the baseline has.
    pub allow_missing: bool,
    /// Whether the run ends as soon as the comparison with the baseline is decided.
    pub until_decided: bool,
    /// The number of void episodes that are tolerated.
    pub max_void: usize,
    /// Each option with its value and the layer that set it, for `run.json` and `--dry-run`.
    pub report: Report,
}

impl Settings {
    /// Checks that every model has the key that it needs. A run must not begin without the keys; a dry run may.
    ///
    /// # Errors
    /// Returns an error that names the first model without a key, and the variables of which one should hold it.
    pub fn require_keys(&self) -> Result<(), ConfigError> {
        if self.replay.is_some() {
            return Ok(());
        }
        for model in &self.models {
            let (label, key) = (&model.spec.label, &model.key);
            if !key.missing.is_empty() {
                return Err(ConfigError::NoKey { model: label.clone(), variables: key.missing.clone() });
            }
            if let Some(problem) = &key.problem {
                return Err(ConfigError::Key { model: label.clone(), problem: problem.clone() });
            }
        }
        Ok(())
    }

    /// Returns what must be in no text that is kept: the keys that are set, those of the models, and what their headers
    /// carry.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let keys = self.models.iter().filter_map(|model| model.key.secret.as_ref());
        let keys = Secrets::new(keys.map(|key| key.expose_secret().to_owned()));
        let headers = self.models.iter().map(|model| header_secrets(&model.spec.provider.headers));
        headers.fold(self.program_environment.secrets.clone().and(keys), Secrets::and)
    }

    /// Returns a program with the environment that it gets.
    #[must_use]
    pub fn program(&self, agent: &ExecAgent) -> Program {
        let environment = ProgramEnvironment { secrets: self.secrets(), ..self.program_environment.clone() };
        Program { words: agent.words.clone(), environment }
    }

    /// Gives the baseline a name that means the same run later, for `run.json`.
    pub fn pin_baseline(&mut self, name: &str) {
        self.baseline = Some(name.to_owned());
        if let Some((value, _)) = self.report.get_mut("baseline") {
            *value = name.into();
        }
    }

    /// Returns the options that are not defaults, each with its name, its value and the layer that set it.
    pub fn chosen(&self) -> impl Iterator<Item = (&'static str, &serde_json::Value, Origin)> {
        let all = self.report.iter().map(|(name, (value, origin))| (*name, value, *origin));
        all.filter(|(_, value, origin)| *origin != Origin::Default && !value.is_null())
    }

    /// Resolves the options of a run.
    ///
    /// # Errors
    /// Returns an error that says which option is wrong and which layer set it.
    pub fn resolve(flags: &Options, environment: &Environment, file: &ConfigFile) -> Result<Self, ConfigError> {
        Self::resolve_kept(flags, environment, file, &KeptModels::new())
    }

    /// Resolves the options of a run that has begun: its models keep their routes and what they are asked with.
    ///
    /// # Errors
    /// Returns an error as [`Self::resolve`] does.
    pub fn resolve_kept(
        flags: &Options,
        environment: &Environment,
        file: &ConfigFile,
        kept: &KeptModels,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::new(flags, environment, &file.options);
        let l = &mut layers;
        let format = l.pick("format", |o| o.format, Format::Table).value;
        let suite = l.pick("suite", |o| o.suite.clone(), "classic".to_owned()).value;
        let Contestants { models, programs, builtins, answer_time, processes, program_environment } =
            Contestants::resolve(l, file, kept, format, &suite)?;
        let max_cost = max_cost(l, &models)?;
        let shard = l.parsed::<Shard>("shard", |o| o.shard.clone())?.value;
        let baseline = l.optional("baseline", |o| o.baseline.clone()).value;
        let until_decided = until_decided(l, baseline.as_deref(), shard)?;
        let tasks = l.list("task", |o| &o.task, None).value;
        Ok(Self {
            models,
            programs,
            program_environment,
            builtins,
            tasks: tasks.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
            scenarios: l.list("scenario", |o| &o.scenario, None).value,
            suite,
            overlay: l.optional("scenarios", |o| o.scenarios.clone()).value,
            epochs: l.pick("epochs", |o| o.epochs, 1).at_least(1)?.at_most(MOST_EPOCHS)?.value,
            seed: l.pick("seed", |o| o.seed, 0).value,
            shard,
            concurrency: processes,
            max_cost,
            max_total_tokens: l.optional("max-total-tokens", |o| o.max_total_tokens).at_least(1)?.value,
            time_limit: l.optional("time-limit", |o| o.time_limit).seconds()?,
            episode_calls: l.optional("episode-calls", |o| o.episode_calls).at_least(1)?.value,
            episode_tokens: l.optional("episode-tokens", |o| o.episode_tokens).at_least(1)?.value,
            think: l.pick("think", |o| o.think, ThinkChoice::On).value.into(),
            assist: l.pick("assist", |o| o.assist, AssistChoice::Fallback).value,
            answer_time: answer_time.unwrap_or(ANSWER_TIME),
            episode_timeout: l.optional("episode-timeout", |o| o.episode_timeout).seconds()?,
            max_retries: l.pick("max-retries", |o| o.max_retries, 4).at_most(MOST_RETRIES)?.value,
            max_retry_after: l.pick("max-retry-after", |o| o.max_retry_after, 120.0).seconds()?,
            chaos: l.parsed("chaos", |o| o.chaos.clone())?.value,
            record: l.optional("record", |o| o.record.clone()).value,
            replay: l.optional("replay", |o| o.replay.clone()).value,
            prompts: l.optional("prompts", |o| o.prompts.clone()).value,
            tool_names: l.pick("tool-names", |o| o.tool_names, 0).value,
            queue: QueueSettings::resolve(l)?,
            out: l.pick("out", |o| o.out.clone(), PathBuf::from("results")).value,
            format,
            log_format: l.optional("log-format", |o| o.log_format).value,
            progress: l.pick("progress", |o| o.progress, ProgressChoice::Auto).value,
            fail_under: l.optional("fail-under", |o| o.fail_under).within(0.0..=1.0)?.value,
            baseline,
            margin: l.pick("margin", |o| o.margin, 0.02).within(0.0..=1.0)?.value,
            allow_missing: l.pick("allow-missing", |o| o.allow_missing, false).value,
            until_decided,
            max_void: l.pick("max-void", |o| o.max_void, 0).value,
            report: layers.report,
        })
    }
}

/// Resolves the largest cost of the calls in USD, which has a meaning only if every model has a price.
fn max_cost(l: &mut Layers<'_, Options>, models: &[KeyedModel]) -> Result<Option<f64>, ConfigError> {
    let limit = l.optional("max-cost", |o| o.max_cost);
    let Some(amount) = limit.value else { return Ok(None) };
    if !(amount.is_finite() && amount > 0.0) {
        return Err(limit.error("must be an amount of USD above 0"));
    }
    match models.iter().find(|model| model.asking.price.is_none()) {
        Some(model) => Err(limit.error(format!(
            "the price of {} is not known; give it in {FILE}, in [models.\"{}\"], or use --max-total-tokens",
            model.spec.label, model.spec.label
        ))),
        None => Ok(Some(amount)),
    }
}

/// Resolves whether the run ends as soon as its comparison with the baseline is decided.
fn until_decided(
    l: &mut Layers<'_, Options>,
    baseline: Option<&str>,
    shard: Option<Shard>,
) -> Result<bool, ConfigError> {
    let wanted = l.pick("until-decided", |o| o.until_decided, false);
    match (baseline, shard) {
        (None, _) if wanted.value => Err(wanted.error("needs a --baseline")),
        (_, Some(_)) if wanted.value => Err(wanted.error("a shard alone decides nothing")),
        _ => Ok(wanted.value),
    }
}
