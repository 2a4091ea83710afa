//! Holds the state that all requests share: the suite, the live episodes, the counters and the clock. It names no
//! handler.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::episodes::choice::Choice;
use super::episodes::play::{Play, with};
use super::episodes::session::{HeldSession, Session, Sessions};
use super::episodes::table::{EpisodeTable, Limits, NotPut};
use super::episodes::view::Visibility;
use super::error::{Fault, excerpt};
use super::net::metrics::Metrics;
use super::net::origins::Origins;
use super::net::rates::Rates;
use super::net::root_path::RootPath;
use super::ports::{Incidents, Spent};
use super::runs::baselines::Baselines;
use super::runs::kept::KeptRuns;
use crate::run::Exam;
use crate::run::exam::Refused;
use incident_env::{Action, Catalog, Scenario, StepOutcome};

/// The options of a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether `/health` and `/state` answer as hosts of OpenEnv expect, and not in the plain form.
    pub openenv: bool,
    /// Whether a request that names no episode means the one that was reset last, by whomever. It never does in an exam.
    /// It should not where clients of several people can reach the server.
    pub nameless: bool,
    /// The parts of an episode that clients may see.
    pub visibility: Visibility,
    /// The limits on the number of episodes and on their lifetime.
    pub limits: Limits,
    /// The size of the largest body, and of the largest action on a socket, in bytes.
    pub max_body: usize,
    /// The time without a frame after which a socket is closed.
    pub socket_idle: Duration,
    /// The time after which a connection is closed if no request arrives and no byte of an answer is taken.
    pub connection_idle: Duration,
    /// The web pages that may use the server.
    pub origins: Origins,
    /// The largest number of requests and messages a second from one client's address. `None` for any number.
    pub rate: Option<u32>,
    /// The function that is told of every answered request.
    pub access_log: Option<fn(&Access<'_>)>,
    /// The path under which a proxy shows the server.
    pub root_path: RootPath,
}

/// An answered request. Nothing in it names an episode or tells how it goes.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// The path without its query.
    pub path: &'a str,
    /// The address that the request came from, if it is known.
    pub client: Option<IpAddr>,
    /// The status of the answer.
    pub status: u16,
    /// The time from the arrival of the request's head to the answer.
    pub took: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            openenv: false,
            nameless: true,
            visibility: Visibility::default(),
            limits: Limits { ttl: Duration::from_secs(30 * 60), most: 100_000 },
            max_body: 64 << 10,
            // Trainers hold their sockets open while they optimize.
            socket_idle: Duration::from_secs(60 * 60),
            connection_idle: Duration::from_secs(75),
            origins: Origins::default(),
            rate: None,
            access_log: None,
            root_path: RootPath::default(),
        }
    }
}

/// The parts of a server that the program around it may add. Without them a server plays its suite and nothing else.
#[derive(Debug, Default)]
pub struct Backing {
    /// The runs of the server's own agents.
    pub baselines: Option<Baselines>,
    /// The exam that records the steps of the clients.
    pub exam: Option<Arc<Exam>>,
    /// The kept runs that are shown.
    pub runs: Option<Arc<KeptRuns>>,
    /// The maker of incidents on demand.
    pub incidents: Option<Arc<dyn Incidents>>,
}

/// The state that all requests share.
#[derive(Debug)]
pub struct App {
    pub(super) catalog: Catalog,
    pub(super) options: Options,
    pub(super) episodes: Arc<EpisodeTable<Play>>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) metrics: Metrics,
    pub(super) backing: Backing,
    pub(super) rates: Option<Rates>,
    /// The token that is cancelled when the server stops.
    pub(super) stop: CancellationToken,
    began: Instant,
}

impl App {
    /// Makes the state of a server without an episode, which counts its requests by the paths of its routes.
    pub(super) fn on(
        paths: impl IntoIterator<Item = &'static str>,
        catalog: Catalog,
        options: Options,
        stop: CancellationToken,
        backing: Backing,
    ) -> Arc<Self> {
        let (metrics, began) = (Metrics::new(paths), Instant::now());
        let episodes = Arc::new(EpisodeTable::new(options.limits, Play::is_open_in_exam));
        let sessions = Arc::new(Sessions::new(&episodes, began));
        let rates = options.rate.map(Rates::new);
        Arc::new(Self { catalog, options, episodes, sessions, metrics, backing, rates, stop, began })
    }

    /// Returns the time since the server began, by which the table of episodes reckons.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns whether the addresses of clients are needed.
    pub(super) fn wants_peers(&self) -> bool {
        self.rates.is_some() || self.options.access_log.is_some()
    }

    /// Finds the scenario that a request asks for in the suite that is served, or makes it for this request.
    pub(super) fn scenario(&self, choice: &Choice) -> Result<Arc<Scenario>, Fault> {
        match (choice.suite(), &self.backing.incidents) {
            // Which incidents are of which level is not told in an exam.
            (None, _) if self.options.visibility.exam && choice.names_level() => Err(Fault::ExamLevel),
            (None, _) => choice.scenario(&self.catalog).cloned(),
            // In an exam every client plays the suite of the exam.
            (Some(_), _) if self.options.visibility.exam => Err(Fault::Exam),
            (Some(suite), Some(incidents)) => choice.made(suite, incidents.as_ref()),
            (Some(suite), None) => Err(Fault::Suite(format!("unknown suite '{}'", excerpt(suite)))),
        }
    }

    /// Starts an episode that no table has yet. In an exam its scenario must be free.
    pub(super) fn start(&self, choice: &Choice) -> Result<Play, Fault> {
        let scenario = self.scenario(choice)?;
        if let Some(exam) = &self.backing.exam {
            exam.admits(&scenario)?;
        }
        Ok(self.play(&scenario, choice.episode_id.as_deref()))
    }

    fn play(&self, scenario: &Arc<Scenario>, name: Option<&str>) -> Play {
        Play::start(scenario, name, self.backing.exam.clone())
    }

    /// Starts an episode and keeps it under its name. In an exam the name of an episode that has not ended is not given
    /// to another episode; who asks again for an episode without a step gets the same one.
    pub(super) fn reset(&self, choice: &Choice) -> Result<Arc<Mutex<Play>>, Fault> {
        let play = self.start(choice)?;
        let (name, scenario) = (Arc::clone(&play.name), Arc::clone(play.episode.scenario()));
        let is_kept = |earlier: &Play| self.options.visibility.exam && !earlier.episode.is_done();
        match self.episodes.put_unless(&name, play, self.now(), is_kept) {
            Ok(kept) => {
                self.metrics.episode();
                Ok(kept)
            }
            Err(NotPut::Taken(earlier)) if with(&earlier, |earlier| earlier.is_untouched(scenario.id())) => Ok(earlier),
            Err(NotPut::Taken(_)) => Err(Fault::NameTaken(excerpt(&name).into_owned())),
            Err(NotPut::Full(full)) => Err(full.into()),
        }
    }

    /// Finds the episode with this name or, without a name, the last one that was reset, if this server allows it.
    pub(super) fn find(&self, name: Option<&str>) -> Result<Arc<Mutex<Play>>, Fault> {
        match name {
            Some(name) => {
                self.episodes.get(name, self.now()).ok_or_else(|| Fault::UnknownEpisode(excerpt(name).into_owned()))
            }
            None if !self.options.nameless || self.options.visibility.exam => Err(Fault::Unnamed),
            None => self.episodes.last(self.now()).ok_or(Fault::NoEpisode),
        }
    }

    /// Starts the episode that a reset without a choice would start. No table has it yet.
    pub(super) fn first_play(&self) -> Result<Play, Fault> {
        Ok(self.play(Choice::default().scenario(&self.catalog)?, None))
    }

    /// Opens a session with the first episode, so that its client may step at once.
    pub(super) fn open_session(&self) -> Result<(Arc<str>, Arc<Mutex<Session>>), Fault> {
        Ok(self.sessions.open(self.first_play()?)?)
    }

    /// Opens a session of the same kind that ends with its holder.
    pub(super) fn hold_session(&self) -> Result<HeldSession, Fault> {
        Ok(HeldSession::open(&self.sessions, self.first_play()?)?)
    }

    /// Takes a step, and has the exam record it. Returns the outcome, and the name of the episode.
    pub(super) fn step<'a>(&self, play: &'a mut Play, action: &Action) -> Result<(StepOutcome<'a>, &'a str), Fault> {
        let stepped = play.step(action).inspect_err(|refused| {
            if *refused == Refused::Ended {
                // Nothing may be played without being recorded.
                self.stop.cancel();
            }
        })?;
        self.metrics.step();
        Ok(stepped)
    }

    /// Returns what the server's own runs have spent.
    pub(super) fn spent(&self) -> Spent {
        self.backing.baselines.as_ref().map(Baselines::spent).unwrap_or_default()
    }

    /// Drops the episodes that have expired, and returns how many are left.
    pub(super) fn sweep(&self) -> usize {
        if let Some(rates) = &self.rates {
            rates.sweep(self.now());
        }
        self.sessions.sweep();
        self.episodes.sweep(self.now())
    }
}
