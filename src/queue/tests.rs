//! Coordinators and workers over a queue in memory, with a clock that only the tests move: killed, cut off and flooded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::coordinator::{CoordinatorError, Entrant};
use super::intake::Intake;
use super::memory::Memory;
use super::message::{EpisodeResult, JobId, pack};
use super::worker::Crews;
use super::{Announcement, Coordinator, Notice, Queue, Tell, Terms, Worker};
use crate::agent::Builtin;
use crate::agent::llm::Assist;
use crate::agent::prompt::{PromptSet, Protocol};
use crate::agent::think::Think;
use crate::chat::wire::Secrets;
use crate::chat::{CallContext, ChatClient, ChatError, ChatReply, ChatRequest, FinishReason, Usage};
use crate::log::manifest::{Machine, SCHEMA};
use crate::log::{Contestant, EpisodeKey, Event, EventKind, Manifest, RunId};
use crate::run::budget::{Amount, Budget, Limits};
use crate::run::episode::ModelAccess;
use crate::run::runner::{CallPace, ModelPlayer, PlayerKind};
use crate::run::{Cancel, Crew, Hub, Plan, Player};
use crate::stats::rng::SplitMix64;
use incident_env::{Catalog, TaskId};

const TERMS: Terms = Terms { lease: Duration::from_secs(2), deliveries: 1000 };

/// A time that is longer than any of these runs on their clock.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A model that takes its time, and always gives the same answer to the same conversation.
struct Slow {
    calls: Arc<Mutex<usize>>,
    time: Duration,
}

impl ChatClient for Slow {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        _: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(async move {
            sleep(self.time).await;
            *self.calls.lock().unwrap() += 1;
            let asked: usize = request.messages.iter().map(|message| message.content().len()).sum();
            let services = ["auth-service", "api-gateway", "postgres-primary", "redis", "nothing"];
            let action = ["query_logs", "check_metrics", "check_dependencies"][asked % 3];
            let service = services[asked / 3 % services.len()];
            Ok(ChatReply {
                content: Some(format!(r#"{{"action_type": "{action}", "parameters": {{"service": "{service}"}}}}"#)),
                reasoning: None,
                tool_calls: Vec::new(),
                finish: FinishReason::Stop,
                model: None,
                usage: Some(Usage { prompt_tokens: 100, completion_tokens: 10, ..Usage::default() }),
                request_id: None,
                latency_ms: 0,
                as_it_came: None,
                billed_usd: None,
                served: crate::chat::ServedBy::default(),
                retries: Vec::new(),
            })
        })
    }
}

#[derive(Clone)]
struct Setting {
    plan: Plan,
    calls: Arc<Mutex<usize>>,
    time: Duration,
    /// The reason why workers refuse the run, if they do.
    refuses: Option<String>,
}

impl Setting {
    fn new(epochs: u32) -> Self {
        let plan = Plan::new(&Catalog::embedded().unwrap(), &[], &[], epochs, 7).unwrap();
        Self { plan, calls: Arc::default(), time: Duration::from_millis(50), refuses: None }
    }

    fn players(&self) -> Vec<Player> {
        let client = Arc::new(Slow { calls: Arc::clone(&self.calls), time: self.time });
        let model = ModelPlayer {
            protocol: Protocol::Text,
            assist: Assist::Fallback,
            prompts: Arc::new(PromptSet::embedded(Think::Off).unwrap()),
            access: ModelAccess {
                client,
                price: None,
                tier: None,
                episode_time: None,
                call_time: None,
                max_tokens: 100,
                metered: true,
                episode_calls: None,
                episode_tokens: None,
            },
            pace: CallPace::Episodes(4),
        };
        let player = |label: &str, kind| Player { label: label.to_owned(), kind };
        vec![player("slow", PlayerKind::Model(Box::new(model))), player("random", PlayerKind::Builtin(Builtin::Random))]
    }

    fn manifest(&self) -> Manifest {
        let contestant = |label: &str| Contestant { label: label.to_owned(), agent: label.to_owned(), settings: None };
        Manifest {
            schema: SCHEMA.to_owned(),
            id: RunId("2026-01-01T000000Z-0000".to_owned()),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            bench_version: "0".to_owned(),
            suite: "classic".to_owned(),
            suite_digest: String::new(),
            prompts: String::new(),
            prompts_digest: String::new(),
            graders: Vec::new(),
            contestants: vec![contestant("slow"), contestant("random")],
            scenarios: self.plan.listed(),
            epochs: self.plan.epochs,
            seed: self.plan.seed,
            shard: None,
            merged: Vec::new(),
            merged_logs: Vec::new(),
            options: serde_json::Value::Null,
            command: Vec::new(),
            machine: Machine { os: String::new(), arch: String::new(), cpus: 1 },
        }
    }

    fn keys(&self) -> BTreeSet<EpisodeKey> {
        let of = |label: &'static str| self.plan.episodes_of(label).map(|(_, key)| key);
        of("slow").chain(of("random")).collect()
    }
}

impl Crews for Setting {
    async fn crew(&self, _: Announcement) -> Result<Crew, String> {
        match &self.refuses {
            Some(reason) => Err(reason.clone()),
            None => Ok(Crew::new(&self.plan, self.players(), Secrets::default())),
        }
    }
}

fn coordinator(
    setting: &Setting,
    queue: &Memory,
    hub: &Hub,
    log: &[Event],
    limits: Limits,
    tell: &Tell,
) -> Coordinator<Memory> {
    let entrant = |label: &str, is_paced| Entrant { label: label.to_owned(), is_paced };
    Coordinator {
        queue: queue.clone(),
        terms: TERMS,
        plan: setting.plan.clone(),
        entrants: vec![entrant("slow", true), entrant("random", false)],
        manifest: setting.manifest(),
        hub: hub.clone(),
        cancel: Cancel::default(),
        budget: Arc::new(Budget::new(limits, Amount::default())),
        forecast: BTreeMap::new(),
        intake: Intake::of(log),
        is_complete: false,
        tell: Arc::clone(tell),
    }
}

fn worker(setting: &Setting, queue: &Memory, name: &str, tell: &Tell) -> Worker<Memory, Setting> {
    Worker {
        queue: queue.clone(),
        crews: setting.clone(),
        name: name.to_owned(),
        version: "0".to_owned(),
        episodes: 4,
        idle: None,
        cancel: Cancel::default(),
        tell: Arc::clone(tell),
    }
}

fn silent() -> Tell {
    Arc::new(|_| ())
}

/// Makes a receiver that keeps all notices.
fn noting() -> (Tell, Arc<Mutex<Vec<Notice>>>) {
    let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let notes = Arc::clone(&told);
    (Arc::new(move |notice| notes.lock().unwrap().push(notice)), told)
}

fn start_worker(setting: &Setting, queue: &Memory, n: usize, tell: &Tell) -> JoinHandle<()> {
    let worker = worker(setting, queue, &format!("w{n}"), tell);
    tokio::spawn(async move { drop(worker.run().await) })
}

/// Plays everything in one process, without a queue.
async fn alone(setting: &Setting) -> BTreeMap<EpisodeKey, Vec<EventKind>> {
    let crew = Crew::new(&setting.plan, setting.players(), Secrets::default());
    let mut played = BTreeMap::new();
    for key in setting.keys() {
        let events = crew.play(&key, &[], &Cancel::default()).await.unwrap();
        played.insert(key, events.into_iter().map(|event| event.event).collect());
    }
    played
}

/// The kinds of events of each episode.
fn by_episode(log: &[Event]) -> BTreeMap<EpisodeKey, Vec<EventKind>> {
    let mut episodes: BTreeMap<EpisodeKey, Vec<EventKind>> = BTreeMap::new();
    for event in log {
        if let Some(key) = &event.episode {
            episodes.entry(key.clone()).or_default().push(event.event.clone());
        }
    }
    episodes
}

/// Coordinates until the end, or until it is killed after a while. Returns whether it came to the end.
async fn coordinate(
    setting: &Setting,
    queue: &Memory,
    log: &mut Vec<Event>,
    killed_after: Option<Duration>,
    tell: &Tell,
) -> bool {
    let (hub, gathered) = Hub::gather();
    let mut coordinator = coordinator(setting, queue, &hub, log, Limits::default(), tell);
    drop(hub);
    let epochs = setting.plan.epochs;
    let mut task = tokio::spawn(async move {
        coordinator.play(0..epochs).await?;
        coordinator.finish().await?;
        Ok::<_, CoordinatorError>(())
    });
    let ended = tokio::time::timeout(killed_after.unwrap_or(FOREVER), &mut task).await;
    if let Ok(ended) = &ended {
        assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
    } else {
        assert!(killed_after.is_some(), "the run does not end");
        task.abort();
        let _ = task.await;
    }
    log.extend(gathered.events().await);
    ended.is_ok()
}

/// Workers and the coordinator are killed at random, and every tenth answer of the queue fails. For any seed, the log
/// ends like that of one process that nothing happened to.
#[tokio::test(start_paused = true)]
async fn whatever_is_killed_each_episode_is_scored_once_and_as_ever() {
    let mut setting = Setting::new(3);
    let expected = alone(&setting).await;
    // An episode takes as long as a few kills are apart.
    setting.time = Duration::from_secs(1);
    for seed in 0..4 {
        let mut chance = SplitMix64::new(seed);
        let queue = Memory::new(seed, 10);
        let mut workers: Vec<_> = (0..3).map(|n| start_worker(&setting, &queue, n, &silent())).collect();
        let (mut log, mut kills) = (Vec::new(), 0);
        loop {
            let pause = Duration::from_millis(chance.below(5000) as u64);
            if coordinate(&setting, &queue, &mut log, Some(pause), &silent()).await {
                break;
            }
            kills += 1;
            if chance.below(2) == 0 {
                let n = chance.below(3);
                workers[n].abort();
                workers[n] = start_worker(&setting, &queue, 10 + n, &silent());
                kills += 1;
            }
            if seed == 3 && kills >= 10 && chance.below(8) == 0 {
                queue.lose_everything();
            }
        }
        workers.iter().for_each(JoinHandle::abort);
        assert_eq!(by_episode(&log), expected, "seed {seed}");
        assert!(kills >= 10, "seed {seed}: {kills}");
        assert!(queue.is_empty(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_that_vanish_are_put_on_the_queue_again() {
    let setting = Setting::new(1);
    let queue = Memory::new(0, 0);
    let (tell, told) = noting();
    let (losing, mut log) = (queue.clone(), Vec::new());
    let loss = tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        losing.lose_jobs();
    });
    let late = {
        let (setting, queue) = (setting.clone(), queue.clone());
        tokio::spawn(async move {
            sleep(Duration::from_secs(2)).await;
            drop(worker(&setting, &queue, "late", &silent()).run().await);
        })
    };
    assert!(coordinate(&setting, &queue, &mut log, None, &tell).await);
    loss.await.unwrap();
    late.abort();
    assert_eq!(by_episode(&log).len(), 18);
    assert!(told.lock().unwrap().contains(&Notice::Renewed(18)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn people_hear_of_missing_workers_and_of_those_that_refuse() {
    let mut setting = Setting::new(1);
    let queue = Memory::new(0, 0);
    let (tell, told) = noting();
    setting.refuses = Some("another version".to_owned());
    let refusing = start_worker(&setting, &queue, 1, &silent());
    let mut log = Vec::new();
    assert!(!coordinate(&setting, &queue, &mut log, Some(Duration::from_secs(15)), &tell).await);
    let notices: Vec<_> = std::mem::take(&mut *told.lock().unwrap());
    let refusals = notices.iter().filter(|one| matches!(one, Notice::Refuses(_, why) if why == "another version"));
    assert_eq!(refusals.count(), 1, "{notices:?}");
    assert_eq!(notices.iter().filter(|one| **one == Notice::NoWorker).count(), 1, "{notices:?}");
    assert!(by_episode(&log).is_empty());
    refusing.abort();
    setting.refuses = None;
    // This is longer than the time for which a worker is silent.
    setting.time = Duration::from_secs(1);
    let taking = start_worker(&setting, &queue, 2, &silent());
    assert!(coordinate(&setting, &queue, &mut log, None, &tell).await);
    assert!(told.lock().unwrap().iter().any(|one| matches!(one, Notice::Takes(who) if who.worker == "w2")));
    taking.abort();
}

#[tokio::test(start_paused = true)]
async fn an_episode_that_costs_every_worker_is_given_up_with_the_reason() {
    let mut setting = Setting::new(1);
    // No worker lives for as long as one of its calls.
    setting.time = Duration::from_secs(3600);
    let queue = Memory::new(0, 0);
    let (hub, gathered) = Hub::gather();
    let mut coordinator = coordinator(&setting, &queue, &hub, &[], Limits::default(), &silent());
    drop(hub);
    coordinator.terms.deliveries = 3;
    coordinator.entrants.truncate(1);
    let task = tokio::spawn(async move {
        coordinator.play(0..1).await.unwrap();
        coordinator.finish().await.unwrap();
    });
    while !task.is_finished() {
        let worker = start_worker(&setting, &queue, 0, &silent());
        sleep(Duration::from_secs(9)).await;
        worker.abort();
        sleep(Duration::from_secs(3)).await;
    }
    let episodes = by_episode(&gathered.events().await);
    assert_eq!(episodes.len(), 9);
    for events in episodes.values() {
        let [EventKind::EpisodeFinished { message: Some(message), .. }] = &events[..] else { panic!("{events:?}") };
        assert!(message.contains("3 deliveries"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_ends_the_run_between_rounds_and_leaves_nothing_on_the_queue_but_what_is_played() {
    let setting = Setting::new(8);
    let queue = Memory::new(0, 0);
    let (hub, gathered) = Hub::gather();
    let limits = Limits { tokens: Some(20_000), ..Limits::default() };
    let mut coordinator = coordinator(&setting, &queue, &hub, &[], limits, &silent());
    drop(hub);
    coordinator.entrants.truncate(1);
    for task in TaskId::ALL {
        let expected = Amount { tokens: 1500.0, ..Amount::default() };
        coordinator.forecast.insert(("slow".to_owned(), task), expected);
    }
    let worker = start_worker(&setting, &queue, 0, &silent());
    coordinator.play(0..8).await.unwrap();
    let spent = coordinator.budget.state().1.tokens;
    assert!(coordinator.is_stopped());
    assert!(spent > 10_000.0 && spent <= 20_000.0, "{spent}");
    coordinator.finish().await.unwrap();
    worker.abort();
    let log = gathered.events().await;
    let episodes = by_episode(&log);
    // The run has whole rounds of three scenarios, one of each task.
    assert!(episodes.len() < 72 && episodes.len().is_multiple_of(3), "{}", episodes.len());
    assert!(log.iter().any(|event| matches!(event.event, EventKind::BudgetSpent { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_ends_what_it_has_begun_or_gives_it_back() {
    let mut setting = Setting::new(2);
    setting.time = Duration::from_secs(1);
    let queue = Memory::new(0, 0);
    let mut log = Vec::new();
    let (gentle, hard) = (worker(&setting, &queue, "gentle", &silent()), worker(&setting, &queue, "hard", &silent()));
    let (first, second) = (gentle.cancel.clone(), hard.cancel.clone());
    let (gentle, hard) = (tokio::spawn(gentle.run()), tokio::spawn(hard.run()));
    assert!(!coordinate(&setting, &queue, &mut log, Some(Duration::from_secs(5)), &silent()).await);
    first.pull();
    second.pull();
    second.pull();
    let started = tokio::time::Instant::now();
    hard.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_millis(10));
    // The worker had four episodes at once, and took them to their end.
    assert!(gentle.await.unwrap().unwrap() >= 4);
    // A job that was given back is available to others at once, before its lease is over.
    let expected = {
        setting.time = Duration::from_millis(1);
        alone(&setting).await
    };
    let other = start_worker(&setting, &queue, 9, &silent());
    assert!(coordinate(&setting, &queue, &mut log, None, &silent()).await);
    other.abort();
    assert_eq!(by_episode(&log), expected);
}

#[tokio::test(start_paused = true)]
async fn answers_that_were_paid_for_are_not_asked_for_again() {
    let setting = Setting::new(1);
    let expected = alone(&setting).await;
    let key = setting.keys().into_iter().find(|key| key.contestant == "slow").unwrap();
    // This is the log of a run that was cut off in the middle of an episode.
    let crew = Crew::new(&setting.plan, setting.players(), Secrets::default());
    let mut log = crew.play(&key, &[], &Cancel::default()).await.unwrap();
    let half = log.len() / 2;
    log.truncate(half);
    let paid = log.iter().filter(|event| matches!(event.event, EventKind::ModelCalled { .. })).count();
    assert!(paid > 0);
    *setting.calls.lock().unwrap() = 0;
    let queue = Memory::new(0, 0);
    let worker = start_worker(&setting, &queue, 0, &silent());
    assert!(coordinate(&setting, &queue, &mut log, None, &silent()).await);
    worker.abort();
    assert_eq!(by_episode(&log), expected);
    let all: usize = expected.values().flatten().filter(|one| matches!(one, EventKind::ModelCalled { .. })).count();
    assert_eq!(*setting.calls.lock().unwrap(), all - paid);
}

#[tokio::test(start_paused = true)]
async fn damaged_and_foreign_results_are_thrown_away_and_large_ones_say_so() {
    let setting = Setting::new(1);
    let queue = Memory::new(0, 0);
    let run = setting.manifest().id;
    queue.open(&run, Vec::new(), TERMS).await.unwrap();
    let key = setting.keys().into_iter().next().unwrap();
    let strange = EpisodeKey { contestant: "stranger".to_owned(), ..key.clone() };
    queue.store(&run, &JobId::of(&strange), b"no gzip".to_vec()).await.unwrap();
    // This worker continued another log.
    let late = EpisodeResult::crashed(key.clone(), 5, jiff::Timestamp::UNIX_EPOCH, "x".to_owned());
    queue.store(&run, &JobId::of(&key), pack(&late).unwrap()).await.unwrap();
    let (tell, told) = noting();
    let worker = start_worker(&setting, &queue, 0, &silent());
    let mut log = Vec::new();
    assert!(coordinate(&setting, &queue, &mut log, None, &tell).await);
    assert_eq!(by_episode(&log).len(), 18);
    let discarded = told.lock().unwrap().iter().filter(|one| matches!(one, Notice::Discarded(_))).count();
    assert_eq!(discarded, 2, "{told:?}");
    // The server takes only small messages, and each episode reports what to do.
    queue.set_largest(1200);
    let mut log = Vec::new();
    let only =
        Setting { plan: Plan { scenarios: setting.plan.scenarios[..1].to_vec(), ..setting.plan.clone() }, ..setting };
    assert!(coordinate(&only, &queue, &mut log, None, &silent()).await);
    worker.abort();
    let mut episodes = by_episode(&log);
    // The random agent ends early, so its result stays small.
    episodes.retain(|key, _| key.contestant == "slow");
    assert_eq!(episodes.len(), 1);
    for events in episodes.values() {
        let Some(EventKind::EpisodeFinished { message: Some(message), .. }) = events.last() else {
            panic!("{events:?}")
        };
        assert!(message.contains("max_payload"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_episode_that_two_workers_play_is_kept_once() {
    let mut setting = Setting::new(1);
    setting.time = Duration::from_millis(200);
    // Half of all extensions are lost, so that leases end under workers that live.
    let queue = Memory::new(1, 60);
    let workers: Vec<_> = (0..4).map(|n| start_worker(&setting, &queue, n, &silent())).collect();
    let mut log = Vec::new();
    assert!(coordinate(&setting, &queue, &mut log, None, &silent()).await);
    workers.iter().for_each(JoinHandle::abort);
    assert!(queue.doubles() > 0);
    assert_eq!(by_episode(&log), alone(&setting).await);
}
