//! What all requests share: the suite, the live episodes, the counters, and the clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::baseline::Baselines;
use super::choice::Choice;
use super::error::Fault;
use super::metrics::Metrics;
use super::seats::Seat;
use super::session::{Limits, Sessions};
use super::view::Visibility;
use crate::env::{Action, Catalog, Episode, EpisodeId, Scenario, StepOutcome};

/// How a server serves.
#[derive(Debug, Clone, Copy)]
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
}

impl Play {
    /// Starts an episode, under a name of the client's or a new one.
    pub(super) fn start(scenario: &Arc<Scenario>, name: Option<&str>) -> Self {
        let id = EpisodeId(uuid::Uuid::new_v4());
        let name = name.map_or_else(|| id.to_string().into(), Arc::from);
        Self { name, episode: Episode::reset(scenario, id) }
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
    /// The runs of its own agents; none where it has none.
    pub(super) baselines: Option<Baselines>,
    /// Cancelled when the server stops.
    pub(super) stop: CancellationToken,
    began: Instant,
}

impl App {
    /// A server's state, without an episode.
    #[must_use]
    pub fn new(catalog: Catalog, options: Options, stop: CancellationToken) -> Arc<Self> {
        Self::with_baselines(catalog, options, stop, None)
    }

    /// The same for a server that also plays runs of its own agents.
    #[must_use]
    pub fn with_baselines(
        catalog: Catalog,
        options: Options,
        stop: CancellationToken,
        baselines: Option<Baselines>,
    ) -> Arc<Self> {
        let sessions = Arc::new(Sessions::new(options.limits));
        // Each seat has a place among the sessions, which are counted there.
        let seats = Sessions::new(Limits { most: usize::MAX, ..options.limits });
        let (metrics, began) = (Metrics::default(), Instant::now());
        Arc::new(Self { catalog, options, sessions, seats, metrics, baselines, stop, began })
    }

    /// The time, for the table of episodes.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Starts an episode that is found by its name.
    pub(super) fn reset(&self, choice: &Choice) -> Result<Arc<Mutex<Play>>, Fault> {
        let play = Play::start(choice.scenario(&self.catalog)?, choice.episode_id.as_deref());
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

    /// Takes a step.
    pub(super) fn step<'a>(&self, episode: &'a mut Episode, action: &Action) -> StepOutcome<'a> {
        self.metrics.step();
        episode.step(action)
    }

    /// Drops episodes that have expired.
    pub(super) fn sweep(&self) -> usize {
        self.seats.sweep(self.now());
        self.sessions.sweep(self.now())
    }
}

/// What is read or changed under an episode's lock. A panic in there, of which none is known, must not spread.
pub(super) fn with<R>(play: &Mutex<Play>, act: impl FnOnce(&mut Play) -> R) -> R {
    act(&mut play.lock().unwrap_or_else(PoisonError::into_inner))
}
