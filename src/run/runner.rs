//! Plays the episodes of a plan, many at once and each in a task of its own.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::budget::{Admission, Amount, Budget};
use super::episode::{ModelAccess, Play};
use super::hub::Hub;
use super::journal::HubError;
use super::progress::{LoggedEpisode, Progress};
use super::{Cancel, Plan, plan};
use crate::agent::builtin::{Constant, KeywordSoup, Random, Scripted};
use crate::agent::exec::Exec;
use crate::agent::fallback::Fallback;
use crate::agent::greedy::Greedy;
use crate::agent::heuristic::Heuristic;
use crate::agent::llm::{Assist, Llm};
use crate::agent::prompt::{PromptSet, Protocol};
use crate::agent::table::TableSolver;
use crate::agent::tool_aliases::Renamed;
use crate::agent::{Builtin, Policy};
use crate::chat::ErrorKind;
use crate::chat::limit::Limiter;
use crate::chat::process::ProcessClient;
use crate::chat::program::Program;
use crate::log::{EpisodeKey, EventKind, Outcome};
use incident_env::{Scenario, TaskId};

/// The number of episodes that are played at once if nothing else limits them. It is enough to keep the log busy, and
/// few enough to stop soon.
const UNLIMITED: usize = 16;
/// With at least this many calls at once, the last episodes share the calls, so that none has to be played alone at the
/// end. With fewer calls, an episode keeps its call slot, because a small server has a cache for each slot that another
/// conversation would displace.
const SHARING: usize = 9;

/// A contestant that is ready to play.
pub struct Player {
    /// The label in tables and keys.
    pub label: String,
    /// The kind of player.
    pub kind: PlayerKind,
}

/// The kinds of players.
pub enum PlayerKind {
    /// A built-in agent, which needs no model.
    Builtin(Builtin),
    /// A model at an endpoint.
    Model(Box<ModelPlayer>),
    /// A program of the user.
    Exec(ExecPlayer),
    /// A model whose endpoint cannot be reached. Its episodes are void without another call.
    Unreachable(ErrorKind, String),
}

/// A model that is ready to play.
pub struct ModelPlayer {
    /// The protocol by which it is asked.
    pub protocol: Protocol,
    /// The assistance for unusable replies.
    pub assist: Assist,
    /// The prompts that it gets.
    pub prompts: Arc<PromptSet>,
    /// The access to the model.
    pub access: ModelAccess,
    /// How many of its calls may be under way at once.
    pub pace: CallPace,
}

/// How many calls of a model may be under way at once.
#[derive(Clone)]
pub enum CallPace {
    /// As many as its limiter allows.
    Limited(Arc<Limiter>),
    /// As many as this number of episodes makes; nothing else limits them.
    Episodes(usize),
}

/// A program that plays, with one process for each episode.
pub struct ExecPlayer {
    /// The program and its environment.
    pub program: Arc<Program>,
    /// The time for one answer.
    pub answer_time: Duration,
    /// The time for all answers of an episode.
    pub episode_time: Option<Duration>,
    /// How many episodes it plays at once.
    pub at_once: usize,
}

impl ExecPlayer {
    /// Makes the access for one episode. The process starts with the first call.
    fn access(&self) -> ModelAccess {
        ModelAccess {
            client: Arc::new(ProcessClient::new(Arc::clone(&self.program), self.answer_time)),
            price: None,
            tier: None,
            episode_time: self.episode_time,
            // The client times each answer, because in a resumed run one call may consist of many answers.
            call_time: None,
            max_tokens: 0,
            metered: false,
            episode_calls: None,
            episode_tokens: None,
        }
    }
}

/// Plays the episodes of a plan.
pub struct Runner {
    /// The plan that is played.
    pub plan: Plan,
    /// The players, one for each contestant.
    pub players: Vec<Arc<Player>>,
    /// The hub that gets the events.
    pub hub: Hub,
    /// The switches that stop the run.
    pub cancel: Cancel,
    /// The progress of an earlier process.
    pub progress: Progress,
    /// The budget of the run.
    pub budget: Arc<Budget>,
    /// The expected cost of an episode, by model and task.
    pub forecast: BTreeMap<(String, TaskId), Amount>,
}

/// An episode that is to be played.
pub(super) struct Waiting {
    pub(super) kept: LoggedEpisode,
    pub(super) key: EpisodeKey,
    pub(super) scenario: Arc<Scenario>,
    pub(super) round: usize,
}

/// What the players of a run share.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) seed: u64,
    pub(super) hub: Hub,
    pub(super) cancel: Cancel,
    pub(super) budget: Arc<Budget>,
}

impl Runner {
    /// Plays every episode, unless the run is stopped or its budget is spent.
    ///
    /// # Errors
    /// Fails if the log cannot be written; the run cannot continue then.
    pub async fn run(mut self) -> Result<(), HubError> {
        self.play(0..self.plan.epochs).await?;
        self.finish().await
    }

    /// Whether the run was stopped or has spent its budget.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.cancel.is_pulled() || self.budget.out().is_some()
    }

    /// Plays the episodes of these epochs that have no score yet.
    ///
    /// # Errors
    /// Fails as [`Self::run`] does.
    pub async fn play(&mut self, epochs: Range<u32>) -> Result<(), HubError> {
        let fresh = self.progress.is_empty();
        let mut rounds: BTreeMap<usize, Vec<(EpisodeKey, TaskId)>> = BTreeMap::new();
        let common = Common {
            seed: self.plan.seed,
            hub: self.hub.clone(),
            cancel: self.cancel.clone(),
            budget: Arc::clone(&self.budget),
        };
        let mut ready = Vec::new();
        for player in self.players.clone() {
            let waiting = self.left(&player, &epochs);
            if player.is_paced() {
                for episode in &waiting {
                    rounds.entry(episode.round).or_default().push((episode.key.clone(), episode.scenario.task()));
                }
            }
            ready.push((player, waiting));
        }
        self.budget.plan(rounds, self.forecast.clone(), fresh);
        let mut players = JoinSet::new();
        for (player, waiting) in ready {
            players.spawn(play_all(player, waiting, common.clone()));
        }
        let clock = tokio::spawn(stop_in_time(common.budget, common.cancel));
        let mut first_error = Ok(());
        while let Some(ended) = players.join_next().await {
            if let Ok(Err(error)) = ended {
                // Without a log, nothing that the other players do would be kept.
                players.abort_all();
                first_error = first_error.and(Err(error));
            }
        }
        clock.abort();
        first_error
    }

    /// Logs how the run ended.
    ///
    /// # Errors
    /// Fails as [`Self::run`] does.
    pub async fn finish(self) -> Result<(), HubError> {
        finish(&self.hub, &self.cancel, &self.budget).await
    }

    /// The episodes of a player that have no score yet, in their order.
    fn left(&mut self, player: &Player, epochs: &Range<u32>) -> VecDeque<Waiting> {
        let mut waiting = VecDeque::new();
        for (slot, key) in self.plan.episodes_of(&player.label) {
            if epochs.contains(&slot.epoch) && !self.progress.is_finished(&key) {
                let kept = self.progress.take(&key);
                waiting.push_back(Waiting { kept, key, scenario: Arc::clone(slot.scenario), round: slot.round });
            }
        }
        waiting
    }
}

/// Logs how a run ended.
///
/// # Errors
/// Fails if the log cannot be written.
pub async fn finish(hub: &Hub, cancel: &Cancel, budget: &Budget) -> Result<(), HubError> {
    if let Some(limit) = budget.out() {
        hub.send(None, EventKind::BudgetSpent { option: limit.option().to_owned() }).await?;
    } else if cancel.is_pulled() {
        hub.send(None, EventKind::RunCancelled { reason: "interrupted".to_owned() }).await?;
    }
    hub.send(None, EventKind::RunFinished).await
}

/// Stops the run when its time is up, so that no call begins after that.
pub async fn stop_in_time(budget: Arc<Budget>, cancel: Cancel) {
    if let Some(deadline) = budget.deadline() {
        sleep_until(deadline).await;
        budget.time_is_up();
        cancel.gentle.cancel();
    }
}

/// Plays the episodes of one player. They begin in their order, a limited number at once, and none begins once the run
/// is stopped or the budget is spent.
async fn play_all(player: Arc<Player>, mut waiting: VecDeque<Waiting>, common: Common) -> Result<(), HubError> {
    let (costs, shares) = (player.is_paced(), player.shares_calls());
    let mut window = player.window();
    let mut changes = common.budget.changes();
    let mut playing = JoinSet::new();
    loop {
        if common.cancel.is_pulled() {
            waiting.clear();
        }
        changes.mark_unchanged();
        let at_once = window.as_mut().map_or(UNLIMITED, |window| *window.borrow_and_update());
        while !waiting.is_empty() && has_room(playing.len(), waiting.len(), at_once, shares) {
            let answer = match waiting.front() {
                Some(next) if costs => common.budget.may_begin(next.round),
                _ => Admission::Yes,
            };
            match answer {
                Admission::Later => break,
                Admission::No => waiting.clear(),
                Admission::Yes => {
                    if let Some(next) = waiting.pop_front() {
                        let key = next.key.clone();
                        playing.spawn(play(player.play(next, &common), key, common.clone()));
                    }
                }
            }
        }
        if playing.is_empty() && waiting.is_empty() {
            return Ok(());
        }
        tokio::select! {
            episode = playing.join_next(), if !playing.is_empty() => ended(episode)?,
            () = changed(&mut changes), if !waiting.is_empty() && costs => {}
            () = widened(window.as_mut()), if !waiting.is_empty() => {}
            () = common.cancel.gentle.cancelled(), if !waiting.is_empty() => {}
        }
    }
}

/// Whether one more episode may begin. The last episodes begin together and share the calls.
const fn has_room(playing: usize, waiting: usize, at_once: usize, shares: bool) -> bool {
    playing < at_once || shares && at_once >= SHARING && playing + waiting <= 2 * at_once
}

async fn changed(changes: &mut watch::Receiver<u64>) {
    // The budget outlives its players.
    drop(changes.changed().await);
}

async fn widened(window: Option<&mut watch::Receiver<usize>>) {
    if let Some(window) = window
        && window.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Makes a window that never changes.
fn always(at_once: usize) -> watch::Receiver<usize> {
    watch::Sender::new(at_once.max(1)).subscribe()
}

/// Returns the result of an episode's task. A panic was caught within the task, so only the log can fail here.
fn ended(episode: Option<Result<Result<(), HubError>, JoinError>>) -> Result<(), HubError> {
    match episode {
        Some(Ok(result)) => result,
        Some(Err(_)) | None => Ok(()),
    }
}

/// Plays one episode to its end, outside a run.
pub(super) async fn play_one(player: &Player, waiting: Waiting, common: Common) -> Result<(), HubError> {
    let key = waiting.key.clone();
    play(player.play(waiting, &common), key, common).await
}

/// Plays one episode. A panic in it becomes its outcome and does not affect other episodes.
async fn play(spec: Spec, key: EpisodeKey, common: Common) -> Result<(), HubError> {
    let Common { hub, cancel, budget, .. } = common;
    let play = match spec {
        Spec::Play(play) => *play,
        Spec::Void(start, kind, message) => {
            hub.send(Some(&key), *start).await?;
            return hub.send(Some(&key), EventKind::unscored(Outcome::Void(kind), message)).await;
        }
    };
    let resumed = play.kept.started;
    let (inner, started) = (hub.clone(), Instant::now());
    let running = tokio::spawn(async move { play.run(&inner, &cancel).await });
    let result = match running.await {
        Ok(result) => result.map(|outcome| (outcome.is_scored() && !resumed).then(|| started.elapsed())),
        Err(panic) => {
            let message = format!("the harness failed in this episode: {panic}");
            hub.send(Some(&key), EventKind::unscored(Outcome::Crashed, message)).await.map(|()| None)
        }
    };
    budget.ended(&key, result.as_ref().ok().copied().flatten());
    result.map(drop)
}

enum Spec {
    Play(Box<Play>),
    Void(Box<EventKind>, ErrorKind, String),
}

impl Player {
    /// Whether its episodes cost time or money, and so begin only if the run's limits allow it.
    #[must_use]
    pub const fn is_paced(&self) -> bool {
        matches!(self.kind, PlayerKind::Model(_) | PlayerKind::Exec(_))
    }

    /// The number of its episodes that are played at once, which may change; none if nothing limits it.
    fn window(&self) -> Option<watch::Receiver<usize>> {
        match &self.kind {
            PlayerKind::Model(model) => Some(match &model.pace {
                CallPace::Limited(limiter) => limiter.window(),
                CallPace::Episodes(at_once) => always(*at_once),
            }),
            PlayerKind::Exec(agent) => Some(always(agent.at_once)),
            PlayerKind::Builtin(_) | PlayerKind::Unreachable(..) => None,
        }
    }

    /// Whether more episodes than calls may be under way, because something makes the calls wait for their turn.
    fn shares_calls(&self) -> bool {
        matches!(&self.kind, PlayerKind::Model(model) if matches!(model.pace, CallPace::Limited(_)))
    }

    fn play(&self, next: Waiting, common: &Common) -> Spec {
        let (Waiting { kept, key, scenario, .. }, seed) = (next, common.seed);
        let (policy, access) = match &self.kind {
            PlayerKind::Unreachable(kind, message) => {
                let episode_id = plan::episode_id(seed, &key);
                let start = EventKind::EpisodeStarted { episode_id, task: scenario.task() };
                return Spec::Void(Box::new(start), *kind, message.clone());
            }
            PlayerKind::Builtin(agent) => (builtin(*agent, &key, &scenario, seed), None),
            PlayerKind::Model(model) => {
                let llm = Llm::new(Arc::clone(&model.prompts), model.protocol, model.assist);
                let policy: Box<dyn Policy> = match model.prompts.tool_names() {
                    None => Box::new(llm),
                    Some(names) => Box::new(Renamed::new(llm, Arc::clone(names))),
                };
                (policy, Some(model.access.clone()))
            }
            PlayerKind::Exec(agent) => {
                let exec = Exec::new(plan::episode_seed(seed, &key.scenario, key.epoch));
                (Box::new(exec) as Box<dyn Policy>, Some(agent.access()))
            }
        };
        let budget = Arc::clone(&common.budget);
        Spec::Play(Box::new(Play { key, scenario, policy, access, seed, kept, budget }))
    }
}

/// Makes the policy of a built-in agent. Only the oracle sees the answers of the scenario. What the program that reasons by
/// the rules plays is worked out from the scenario's records alone; where there are no such rules, it plays the fallback.
fn builtin(agent: Builtin, key: &EpisodeKey, scenario: &Scenario, seed: u64) -> Box<dyn Policy> {
    match agent {
        Builtin::Random => Box::new(Random::new(plan::episode_seed(seed, &key.scenario, key.epoch))),
        Builtin::Fallback => Box::new(Fallback),
        Builtin::Greedy => Box::new(Greedy::default()),
        Builtin::Heuristic => Box::new(Heuristic::default()),
        Builtin::Table => Box::new(TableSolver::new()),
        Builtin::Walk => Box::new(TableSolver::without_signs()),
        Builtin::Abduction => match scenario.abduction() {
            Some(actions) => Box::new(Scripted::new(actions)),
            None => Box::new(Fallback),
        },
        Builtin::Oracle => Box::new(Scripted::new(scenario.oracle())),
        Builtin::Constant => Box::new(Constant),
        Builtin::KeywordSoup => Box::new(KeywordSoup),
        Builtin::Leaked => Box::new(Scripted::new(scenario.oracle().pop())),
    }
}
