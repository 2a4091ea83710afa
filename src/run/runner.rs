//! Plays the episodes of a plan: many at once, each in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::episode::{Line, Play};
use super::hub::{Hub, HubError};
use super::kept::{KeptEpisode, Progress};
use super::{Cancel, Plan, plan};
use crate::agent::baseline::{Random, Scripted};
use crate::agent::exec::Exec;
use crate::agent::fallback::Fallback;
use crate::agent::heuristic::Heuristic;
use crate::agent::llm::{Assist, Llm};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::agent::{Builtin, Policy};
use crate::chat::ErrorKind;
use crate::chat::process::ProcessClient;
use crate::env::{Scenario, verify};
use crate::log::{EpisodeKey, EventKind, Outcome};

/// How many episodes of a built-in agent are played at once.
const BUILTIN_CONCURRENCY: usize = 16;

/// A contestant, ready to play.
pub struct Player {
    /// The label in tables and keys.
    pub label: String,
    /// What decides.
    pub kind: PlayerKind,
}

/// What decides for a player.
pub enum PlayerKind {
    /// A built-in agent.
    Builtin(Builtin),
    /// A model.
    Model(Box<ModelPlayer>),
    /// A program of the user's.
    Exec(ExecPlayer),
    /// A model whose endpoint cannot be reached: its episodes are void without another call.
    Unreachable(ErrorKind, String),
}

/// A model, ready to play.
pub struct ModelPlayer {
    /// How it is asked.
    pub protocol: Protocol,
    /// What helps when a reply cannot be used.
    pub assist: Assist,
    /// The prompts.
    pub prompts: Arc<PromptSet>,
    /// How it is reached.
    pub line: Line,
    /// How many episodes it plays at once.
    pub concurrency: usize,
}

/// A program that plays, a process an episode.
pub struct ExecPlayer {
    /// The program and its arguments.
    pub words: Arc<[String]>,
    /// The time for one answer.
    pub answer_time: Duration,
    /// The time for all answers of an episode.
    pub episode_time: Option<Duration>,
    /// How many episodes it plays at once.
    pub concurrency: usize,
}

impl ExecPlayer {
    /// A line of its own for each episode; the process starts with the first call.
    fn line(&self) -> Line {
        Line {
            client: Arc::new(ProcessClient::new(Arc::clone(&self.words), self.answer_time)),
            price: None,
            episode_time: self.episode_time,
            // The client times each answer: on a resumed run, one call may be many answers.
            call_time: None,
        }
    }
}

/// Plays a plan.
pub struct Runner {
    /// What is played.
    pub plan: Plan,
    /// Who plays.
    pub players: Vec<Player>,
    /// Where events go.
    pub hub: Hub,
    /// The brakes.
    pub cancel: Cancel,
    /// How far an earlier process came.
    pub progress: Progress,
}

impl Runner {
    /// Plays every episode, or as many as the brakes allow.
    ///
    /// # Errors
    /// When the log cannot be written; nothing goes on then.
    pub async fn run(mut self) -> Result<(), HubError> {
        let mut players = JoinSet::new();
        for player in std::mem::take(&mut self.players) {
            let of_plan = self.plan.episodes().map(|(scenario, epoch)| {
                let key = EpisodeKey { model: player.label.clone(), scenario: scenario.id().to_owned(), epoch };
                (key, Arc::clone(scenario))
            });
            let left = of_plan.filter(|(key, _)| self.plan.includes(key) && !self.progress.is_finished(key));
            let left: Vec<_> = left.collect();
            let waiting: Vec<_> =
                left.into_iter().map(|(key, scenario)| (self.progress.take(&key), key, scenario)).collect();
            players.spawn(play_all(player, waiting, self.plan.seed, self.hub.clone(), self.cancel.clone()));
        }
        let mut first_error = Ok(());
        while let Some(ended) = players.join_next().await {
            if let Ok(Err(error)) = ended {
                // Without a log nothing that the others do would be kept.
                players.abort_all();
                first_error = first_error.and(Err(error));
            }
        }
        first_error?;
        if self.cancel.is_pulled() {
            self.hub.send(None, EventKind::RunCancelled { reason: "interrupted".to_owned() }).await?;
        }
        self.hub.send(None, EventKind::RunFinished).await
    }
}

/// Plays the episodes of one player: begun in their order, so many at once, and none once the brakes are pulled.
async fn play_all(
    player: Player,
    waiting: Vec<(KeptEpisode, EpisodeKey, Arc<Scenario>)>,
    seed: u64,
    hub: Hub,
    cancel: Cancel,
) -> Result<(), HubError> {
    let at_once = match &player.kind {
        PlayerKind::Model(model) => model.concurrency.max(1),
        PlayerKind::Exec(agent) => agent.concurrency.max(1),
        // Enough to keep the log busy, few enough to stop soon.
        PlayerKind::Builtin(_) | PlayerKind::Unreachable(..) => BUILTIN_CONCURRENCY,
    };
    let mut playing = JoinSet::new();
    for (kept, key, scenario) in waiting {
        if playing.len() >= at_once {
            ended(playing.join_next().await)?;
        }
        if cancel.is_pulled() {
            break;
        }
        let spec = player.play(key.clone(), &scenario, seed, kept);
        playing.spawn(play(spec, key, hub.clone(), cancel.clone()));
    }
    while !playing.is_empty() {
        ended(playing.join_next().await)?;
    }
    Ok(())
}

/// What became of an episode's task. A panic was caught within it, so that only the log can fail here.
fn ended(episode: Option<Result<Result<(), HubError>, JoinError>>) -> Result<(), HubError> {
    match episode {
        Some(Ok(result)) => result,
        Some(Err(_)) | None => Ok(()),
    }
}

/// Plays one episode; a panic in it becomes its outcome and touches no other.
async fn play(spec: Spec, key: EpisodeKey, hub: Hub, cancel: Cancel) -> Result<(), HubError> {
    let play = match spec {
        Spec::Play(play) => *play,
        Spec::Void(start, kind, message) => {
            hub.send(Some(&key), *start).await?;
            let event = EventKind::EpisodeFinished {
                outcome: Outcome::Void(kind),
                score: None,
                steps: 0,
                grade: None,
                message: Some(message),
            };
            return hub.send(Some(&key), event).await;
        }
    };
    let inner = hub.clone();
    let running = tokio::spawn(async move { play.run(&inner, &cancel).await });
    match running.await {
        Ok(result) => result,
        Err(panic) => {
            let event = EventKind::EpisodeFinished {
                outcome: Outcome::Crashed,
                score: None,
                steps: 0,
                grade: None,
                message: Some(format!("the harness failed in this episode: {panic}")),
            };
            hub.send(Some(&key), event).await
        }
    }
}

enum Spec {
    Play(Box<Play>),
    Void(Box<EventKind>, ErrorKind, String),
}

impl Player {
    fn play(&self, key: EpisodeKey, scenario: &Arc<Scenario>, seed: u64, kept: KeptEpisode) -> Spec {
        let (policy, line) = match &self.kind {
            PlayerKind::Unreachable(kind, message) => {
                let episode_id = plan::episode_id(seed, &key);
                let start = EventKind::EpisodeStarted { episode_id, task: scenario.task() };
                return Spec::Void(Box::new(start), *kind, message.clone());
            }
            PlayerKind::Builtin(agent) => (builtin(*agent, &key, scenario, seed), None),
            PlayerKind::Model(model) => {
                let llm = Llm::new(Arc::clone(&model.prompts), model.protocol, model.assist);
                (Box::new(llm) as Box<dyn Policy>, Some(model.line.clone()))
            }
            PlayerKind::Exec(agent) => {
                let exec = Exec::new(plan::episode_seed(seed, &key.scenario, key.epoch));
                (Box::new(exec) as Box<dyn Policy>, Some(agent.line()))
            }
        };
        Spec::Play(Box::new(Play { key, scenario: Arc::clone(scenario), policy, line, seed, kept }))
    }
}

/// The policy of a built-in agent. Only the oracle is shown the scenario.
fn builtin(agent: Builtin, key: &EpisodeKey, scenario: &Scenario, seed: u64) -> Box<dyn Policy> {
    match agent {
        Builtin::Random => Box::new(Random::new(plan::episode_seed(seed, &key.scenario, key.epoch))),
        Builtin::Fallback => Box::new(Fallback),
        Builtin::Heuristic => Box::new(Heuristic::default()),
        Builtin::Oracle => Box::new(Scripted::new(verify::oracle(scenario))),
    }
}
