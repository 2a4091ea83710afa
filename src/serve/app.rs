//! What all requests share: the suite, the live episodes, the counters, and the clock.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::baseline::{Baselines, Spent};
use super::episodes::choice::Choice;
use super::error::Fault;
use super::net::guard::{Origins, Rates};
use super::net::metrics::Metrics;
use super::api::routes::routes;
use super::api::runs::KeptRuns;
use super::episodes::session::Seat;
use super::episodes::table::{Limits, Sessions};
use super::episodes::view::Visibility;
use crate::env::{Action, Catalog, Episode, EpisodeId, Scenario, StepOutcome, TaskId};

/// How a server serves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether `/health` and `/state` answer as hosts of OpenEnv expect, and not in the plain form.
    pub openenv: bool,
    /// What clients may see.
    pub visibility: Visibility,
    /// How long and how many episodes live.
    pub limits: Limits,
    /// The largest body, and the largest action on a socket, in bytes.
    pub max_body: usize,
    /// After so much time without a frame a socket is closed.
    pub socket_idle: Duration,
    /// After so much time without a request, and without a byte of an answer that is taken, a connection is closed.
    pub connection_idle: Duration,
    /// Which web pages may use it.
    pub origins: Origins,
    /// The requests and messages a second that are taken from one client's address; none for any number.
    pub rate: Option<u32>,
    /// Who is told of every answered request.
    pub access_log: Option<fn(&Access<'_>)>,
}

/// An answered request. Nothing in it names an episode or says how it goes.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The method.
    pub method: &'a str,
    /// The path without its query.
    pub path: &'a str,
    /// Where it came from, as far as that is known.
    pub client: Option<IpAddr>,
    /// The status of the answer.
    pub status: u16,
    /// The time from the head of the request to the answer.
    pub took: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            openenv: false,
            visibility: Visibility::default(),
            limits: Limits { ttl: Duration::from_secs(30 * 60), most: 100_000 },
            max_body: 64 << 10,
            // Trainers hold their sockets while they optimize.
            socket_idle: Duration::from_secs(60 * 60),
            connection_idle: Duration::from_secs(75),
            origins: Origins::default(),
            rate: None,
            access_log: None,
        }
    }
}

/// An episode under its name.
#[derive(Debug)]
pub(super) struct Play {
    /// What its clients call it.
    pub(super) name: Arc<str>,
    pub(super) episode: Episode,
    record: Record,
}

/// Whether an episode is recorded.
#[derive(Debug, Clone, Copy)]
enum Record {
    /// It took no step yet.
    Undecided,
    /// Under this number.
    Kept(u32),
    /// No.
    Left,
}

/// Keeps what is played, step by step.
pub trait Records: Send + Sync + std::fmt::Debug {
    /// An episode takes its first step: gives the number under which it is kept, or none where it is not.
    fn begin(&self, scenario: &Scenario, id: EpisodeId) -> Option<u32>;

    /// Keeps a step of it. False where that failed: the server stops, since nothing may be played that is not kept.
    fn step(&self, scenario: &Scenario, number: u32, action: &Action, outcome: &StepOutcome<'_>) -> bool;
}

/// What a server has behind it.
#[derive(Debug, Default)]
pub struct Backing {
    /// The runs of its own agents.
    pub baselines: Option<Baselines>,
    /// What keeps the steps of its clients.
    pub records: Option<Arc<dyn Records>>,
    /// The runs that are shown.
    pub runs: Option<Arc<KeptRuns>>,
    /// What makes incidents on demand.
    pub incidents: Option<Arc<dyn Incidents>>,
}

/// Makes incidents that are not in the suite.
pub trait Incidents: Send + Sync + std::fmt::Debug {
    /// The incident of a generated suite with a number; or, with none, the first one of a task, or of all.
    ///
    /// # Errors
    /// What is wrong with the suite, and what would be right.
    fn make(&self, suite: &str, task: Option<TaskId>, number: Option<u64>) -> Result<Arc<Scenario>, String>;
}

impl Play {
    /// Starts an episode, under a name of the client's or a new one.
    pub(super) fn start(scenario: &Arc<Scenario>, name: Option<&str>) -> Self {
        let id = EpisodeId(uuid::Uuid::new_v4());
        let name = name.map_or_else(|| id.to_string().into(), Arc::from);
        Self { name, episode: Episode::reset(scenario, id), record: Record::Undecided }
    }
}

/// What all requests share.
#[derive(Debug)]
pub struct App {
    pub(super) catalog: Catalog,
    pub(super) options: Options,
    pub(super) sessions: Arc<Sessions<Play>>,
    pub(super) seats: Sessions<Seat>,
    pub(super) metrics: Metrics,
    pub(super) backing: Backing,
    pub(super) rates: Option<Rates>,
    /// Cancelled when the server stops.
    pub(super) stop: CancellationToken,
    began: Instant,
}

impl App {
    /// A server's state, without an episode.
    #[must_use]
    pub fn new(catalog: Catalog, options: Options, stop: CancellationToken) -> Arc<Self> {
        Self::backed(catalog, options, stop, Backing::default())
    }

    /// The same with something behind it.
    #[must_use]
    pub fn backed(catalog: Catalog, options: Options, stop: CancellationToken, backing: Backing) -> Arc<Self> {
        let sessions = Arc::new(Sessions::new(options.limits));
        // Each seat has a place among the sessions, which are counted there.
        let seats = Sessions::new(Limits { most: usize::MAX, ..options.limits });
        let (metrics, began) = (Metrics::new(routes().iter().map(|route| route.path)), Instant::now());
        let rates = options.rate.map(Rates::new);
        Arc::new(Self { catalog, options, sessions, seats, metrics, backing, rates, stop, began })
    }

    /// The time, for the table of episodes.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether anybody asks where a request came from.
    pub(super) fn wants_peers(&self) -> bool {
        self.rates.is_some() || self.options.access_log.is_some()
    }

    /// The scenario that is meant: of the suite that is served, or made for this request.
    pub(super) fn scenario(&self, choice: &Choice) -> Result<Arc<Scenario>, Fault> {
        match (choice.suite(), &self.backing.incidents) {
            (None, _) => choice.scenario(&self.catalog).cloned(),
            // In an exam everybody plays what it is about.
            (Some(_), _) if self.options.visibility.exam => Err(Fault::Exam),
            (Some(suite), Some(incidents)) => choice.made(suite, incidents.as_ref()),
            (Some(suite), None) => Err(Fault::Suite(format!("unknown suite '{}'", super::error::excerpt(suite)))),
        }
    }

    /// Starts an episode that is found by its name.
    pub(super) fn reset(&self, choice: &Choice) -> Result<Arc<Mutex<Play>>, Fault> {
        let play = Play::start(&self.scenario(choice)?, choice.episode_id.as_deref());
        let name = Arc::clone(&play.name);
        let kept = self.sessions.put(&name, play, self.now())?;
        self.metrics.episode();
        Ok(kept)
    }

    /// The episode of a name, or the last one of all.
    pub(super) fn find(&self, name: Option<&str>) -> Result<Arc<Mutex<Play>>, Fault> {
        match name {
            Some(name) => self
                .sessions
                .get(name, self.now())
                .ok_or_else(|| Fault::UnknownEpisode(super::error::excerpt(name).into_owned())),
            None => self.sessions.last(self.now()).ok_or(Fault::NoEpisode),
        }
    }

    /// Takes a step, and keeps it where steps are kept. Gives what it brought, and the name of the episode.
    pub(super) fn step<'a>(&self, play: &'a mut Play, action: &Action) -> (StepOutcome<'a>, &'a str) {
        self.metrics.step();
        let Play { name, episode, record } = play;
        let Some(records) = self.backing.records.as_ref().filter(|_| !episode.is_done()) else {
            return (episode.step(action), name);
        };
        let scenario = Arc::clone(episode.scenario());
        if matches!(record, Record::Undecided) {
            *record = records.begin(&scenario, episode.observation().episode_id).map_or(Record::Left, Record::Kept);
        }
        let outcome = episode.step(action);
        if let Record::Kept(number) = *record
            && !records.step(&scenario, number, action, &outcome)
        {
            self.stop.cancel();
        }
        (outcome, name)
    }

    /// What its own runs have spent.
    pub(super) fn spent(&self) -> Spent {
        self.backing.baselines.as_ref().map(Baselines::spent).unwrap_or_default()
    }

    /// Drops episodes that have expired.
    pub(super) fn sweep(&self) -> usize {
        if let Some(rates) = &self.rates {
            rates.sweep(self.now());
        }
        self.seats.sweep(self.now());
        self.sessions.sweep(self.now())
    }
}

/// What is read or changed under an episode's lock. A panic in there, of which none is known, must not spread.
pub(super) fn with<R>(play: &Mutex<Play>, act: impl FnOnce(&mut Play) -> R) -> R {
    act(&mut play.lock().unwrap_or_else(PoisonError::into_inner))
}
