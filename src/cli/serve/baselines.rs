//! The runs that `/baseline` of a server starts: which requests are allowed, and how they are played.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::agent::Builtin;
use crate::cli::exit::Failure;
use crate::cli::run::{Ready, Suite, ready};
use crate::cli::setup::{prompts, suite};
use crate::config::options::{Format, ProgressChoice};
use crate::config::{ConfigFile, Environment, Options, Settings};
use crate::log::{Event, EventKind, Fold};
use crate::run::{Cancel, Plan, Sink};
use crate::serve::{Ask, Misfit, Plays, Progress, RunFuture, Scores, Spent};
use incident_env::TaskId;

/// Plays with the models, keys and folders with which the server was started.
pub(super) struct OwnRuns {
    pub(super) environment: Environment,
    pub(super) file: ConfigFile,
    /// The suite that is served, and its overlay.
    pub(super) suite: String,
    pub(super) scenarios: Option<PathBuf>,
    /// The token that is cancelled when the server stops.
    pub(super) stop: CancellationToken,
}

impl Plays for OwnRuns {
    fn play(&self, ask: &Ask, progress: watch::Sender<Progress>) -> Result<RunFuture, Misfit> {
        let settings = self.settings(ask)?;
        let cancel = Cancel { gentle: self.stop.child_token(), ..Cancel::default() };
        Ok(Box::pin(
            async move { play(settings, cancel, progress).await.map_err(|failure| failure.message().to_owned()) },
        ))
    }
}

impl OwnRuns {
    /// Returns the models with which the server is configured, by the environment or `bench.toml`.
    fn models(&self) -> Result<Vec<String>, Misfit> {
        let settings = Settings::resolve(&Options::default(), &self.environment, &self.file);
        let settings = settings.map_err(|error| Misfit { place: "model".to_owned(), problem: error.to_string() })?;
        // Only models that could be called: a server without a key plays the agent that needs none.
        let models = settings.models.iter().filter(|model| model.key.missing.is_empty());
        Ok(models.map(|model| model.spec.label.clone()).collect())
    }

    fn settings(&self, ask: &Ask) -> Result<Settings, Misfit> {
        let wrong = |place: &str, problem: String| Misfit { place: place.to_owned(), problem };
        if let Some(suite) = ask.suite.as_ref().filter(|suite| **suite != self.suite) {
            return Err(wrong("suite", format!("expected '{}', which is served, found '{suite}'", self.suite)));
        }
        let models = self.models()?;
        let model = match (&ask.model, &ask.agent) {
            (None, _) => models.first().cloned(),
            (Some(model), _) if models.contains(model) => Some(model.clone()),
            (Some(model), _) => {
                let known = if models.is_empty() { "none".to_owned() } else { models.join(", ") };
                return Err(wrong("model", format!("'{model}' is not configured here; configured: {known}")));
            }
        };
        let agent = match (ask.agent.as_deref(), &model) {
            (None | Some("llm"), Some(_)) => "llm",
            (None, None) => Builtin::Heuristic.as_str(),
            (Some("llm"), None) => {
                return Err(wrong("agent", "llm needs a model, and none is configured here".to_owned()));
            }
            (Some(name), _) => {
                let mut known = Builtin::ALL.into_iter().map(Builtin::as_str);
                let unknown = || wrong("agent", format!("expected llm, {}, found '{name}'", names()));
                known.find(|agent| *agent == name).ok_or_else(unknown)?
            }
        };
        let options = Options {
            model: model.filter(|_| agent == "llm").into_iter().collect(),
            agent: vec![agent.to_owned()],
            suite: Some(self.suite.clone()),
            scenarios: self.scenarios.clone(),
            epochs: Some(ask.epochs),
            format: Some(Format::Json),
            progress: Some(ProgressChoice::None),
            ..Options::default()
        };
        Settings::resolve(&options, &self.environment, &self.file).map_err(|error| wrong("body", error.to_string()))
    }
}

fn names() -> String {
    Builtin::ALL.map(Builtin::as_str).join(", ")
}

async fn play(settings: Settings, cancel: Cancel, progress: watch::Sender<Progress>) -> Result<Scores, Failure> {
    let catalog = suite::catalog(&settings.suite, settings.overlay.as_deref())?;
    let plan = Plan::new(&catalog, &settings.tasks, &settings.scenarios, settings.epochs, settings.seed)?;
    let prompts = prompts::prompts(settings.prompts.as_deref(), &settings.suite, settings.tool_names, settings.think)?;
    let suite = Suite { catalog: &catalog, plan, prompts: &prompts };
    let stopped = || Failure::other("the server is stopping");
    let Ready { stage, players, opening, lock: _lock } =
        ready(settings, suite, cancel.clone(), true).await?.ok_or_else(stopped)?;
    let run_id = stage.manifest.id.to_string();
    let total = stage.plan.slots().len();
    progress.send_modify(|progress| (progress.run_id, progress.total) = (Some(run_id), total));
    let played = stage.run(players, opening, None, vec![Box::new(Counter(progress))]).await?;
    if cancel.is_pulled() {
        return Err(stopped());
    }
    let row = played.summary.rows.first().ok_or_else(|| Failure::other("the run has no row"))?;
    let tasks: BTreeMap<TaskId, Option<f64>> =
        TaskId::ALL.into_iter().map(|task| (task, row.task_mean(task))).collect();
    Ok(Scores {
        tasks,
        overall: row.overall,
        model: row.contestant.clone(),
        model_share: row.model_share(),
        void: row.void,
    })
}

/// A sink that counts the finished episodes and the cost of calls.
struct Counter(watch::Sender<Progress>);

impl Sink for Counter {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        let spent =
            |calls: usize, cost_usd: Option<f64>| Spent { calls: calls as u64, cost_usd: cost_usd.unwrap_or_default() };
        match &event.event {
            EventKind::EpisodeFinished { .. } => self.0.send_modify(|progress| progress.episodes += 1),
            // A call does not wake the clients that wait for progress.
            EventKind::ModelCalled { cost_usd, .. } => self.count(spent(1, *cost_usd)),
            EventKind::EndpointChecked { replies, cost_usd, .. } => self.count(spent(replies.len(), *cost_usd)),
            _ => {}
        }
        Ok(())
    }
}

impl Counter {
    fn count(&self, spent: Spent) {
        self.0.send_if_modified(|progress| {
            progress.spent += spent;
            false
        });
    }
}

/// Makes a token that nobody can guess, from two random UUIDs of 122 bits each.
pub(super) fn new_token() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
