//! Plays a prepared run, to the last report. This is the common part of `run` and `resume`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::status;
use super::queue;
use super::screen::{pace_of, progress_of, sinks, tell_waits};
use crate::chat::ChatClient;
use crate::chat::adjust::Adjusted;
use crate::cli::exit::{Failure, Status};
use crate::cli::kept::compare::Baseline;
use crate::cli::kept::export;
use crate::cli::out;
use crate::cli::setup::players::{clients, learnt_since};
use crate::cli::setup::record;
use crate::config::Settings;
use crate::gate::Rules;
use crate::log::learnt::learnt;
use crate::log::reader::Contents;
use crate::log::store::{RunFolder, Store};
use crate::log::{EventKind, Manifest, Summary};
use crate::queue::coordinator::{CoordinatorError, Entrant};
use crate::queue::intake::Intake;
use crate::queue::{Coordinator, Nats};
use crate::report::files;
use crate::report::score_table::left_early;
use crate::run::budget::{Amount, Budget};
use crate::run::progress::Progress;
use crate::run::runner::PlayerKind;
use crate::run::{Cancel, Hub, HubError, Plan, Player, Runner, Sink};
use crate::stats::alpha_spending::{self, Look};
use incident_env::TaskId;

/// The number of comparisons with the baseline under `--until-decided`.
const LOOKS: u32 = 3;

/// A run that is ready to be played.
pub(in crate::cli) struct Stage {
    pub(in crate::cli) settings: Settings,
    pub(in crate::cli) plan: Plan,
    pub(in crate::cli) manifest: Manifest,
    pub(in crate::cli) folder: RunFolder,
    pub(in crate::cli) store: Store,
    pub(in crate::cli) cancel: Cancel,
    pub(in crate::cli) budget: Arc<Budget>,
    pub(in crate::cli) forecast: BTreeMap<(String, TaskId), Amount>,
    /// The queue from which workers take the episodes. `None` if this process plays them.
    pub(in crate::cli) queue: Option<Nats>,
    /// The run to compare with at the end.
    pub(in crate::cli) baseline: Option<Baseline>,
    pub(in crate::cli) quiet: bool,
}

/// The player of the episodes.
enum Playing {
    /// This process plays the episodes.
    Here(Runner),
    /// Workers play the episodes, and this process plays those of contestants whose endpoint could not be reached.
    Queued { here: Runner, coordinator: Box<Coordinator<Nats>> },
}

impl Playing {
    async fn play(&mut self, epochs: Range<u32>) -> Result<(), CoordinatorError> {
        match self {
            Self::Here(runner) => Ok(runner.play(epochs).await?),
            Self::Queued { here, coordinator } => {
                here.play(epochs.clone()).await?;
                coordinator.play(epochs).await
            }
        }
    }

    fn is_stopped(&self) -> bool {
        match self {
            Self::Here(runner) => runner.is_stopped(),
            Self::Queued { coordinator, .. } => coordinator.is_stopped(),
        }
    }

    async fn finish(self) -> Result<(), CoordinatorError> {
        match self {
            Self::Here(runner) => Ok(runner.finish().await?),
            Self::Queued { here, coordinator } => {
                drop(here);
                coordinator.finish().await
            }
        }
    }
}

/// A run that was played.
pub(in crate::cli) struct Played {
    pub(in crate::cli) summary: Summary,
    /// Whether the files that are made from the log could be written.
    written: Result<(), Failure>,
    /// The error probability that the comparison with the baseline may spend now.
    alpha: f64,
}

impl Stage {
    /// Plays the remaining episodes, appends them to the kept part of the run, and writes and prints its reports.
    pub(in crate::cli) async fn play(
        self,
        players: Vec<Player>,
        opening: Vec<EventKind>,
        past: Option<&Contents>,
    ) -> Result<Status, Failure> {
        let kept = past.map(|past| Progress::of(&past.events)).unwrap_or_default();
        let pace = pace_of(&players, &self.budget);
        let sinks = sinks(&self.settings, &self.manifest, &self.plan, &kept, &pace, self.quiet);
        let waits = tokio::spawn(tell_waits(pace, progress_of(&self.settings, self.quiet)));
        let played = self.run(players, opening, past, sinks).await;
        waits.abort();
        let Played { summary, written, alpha } = played?;
        // The scores are printed even if a derived file could not be written.
        out::summary(self.settings.format, &summary)?;
        written.map_err(|failure| {
            let path = self.folder.path.display();
            failure.hint(format!(
                "every episode is in the event log; `bench report {path}` writes the files once the disk takes them"
            ))
        })?;
        for row in summary.rows.iter().filter(|_| !self.quiet) {
            if let Some(left) = left_early(row) {
                out::say("warning", &format!("{}: {left}", row.contestant));
            }
        }
        let status = status(&self.settings, &summary, &self.cancel, &self.budget, &self.folder);
        match &self.baseline {
            Some(baseline) if status == Status::Done => baseline.judge(&summary, &rules(&self.settings, alpha)),
            _ => Ok(status),
        }
    }

    /// Plays the remaining episodes, tells the sinks, and writes the files that are made from the log.
    pub(in crate::cli) async fn run(
        &self,
        players: Vec<Player>,
        opening: Vec<EventKind>,
        past: Option<&Contents>,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<Played, Failure> {
        let Self { settings, manifest, folder, store, .. } = self;
        // A run that was named by its folder may be outside the results folder.
        if store.has(&manifest.id)
            && let Err(error) = store.set_latest(&manifest.id)
        {
            out::say("warning", &format!("{error}; `latest` does not name this run"));
        }
        let stopped = |error: HubError| {
            Failure::from(error).hint(format!(
                "the run was stopped, because nothing may go on without its log; what was written before is kept, and \
                 `bench resume {}` goes on once the disk takes it",
                folder.path.display()
            ))
        };
        let hub = match past {
            None => Hub::start(manifest, folder.clone(), sinks),
            Some(past) => Hub::resume(manifest, folder.clone(), past, sinks),
        };
        let (hub, thread) = hub.map_err(stopped)?;
        let hub = hub.hiding(Arc::new(settings.secrets()));
        let known = learnt(manifest, past.map(|past| past.events.as_slice()).unwrap_or_default());
        let lessons = Lessons { clients: clients(&players), known };
        let playing = self.playing(players, &hub, past);
        let result = self.play_looks(playing, hub, opening, lessons).await;
        // The hub knows the reason for which it gave up; the runner only knows that it did.
        let ended = thread.join().map_err(stopped)?;
        let alpha = result.map_err(|error| match error {
            CoordinatorError::Hub(error) => stopped(error),
            other => Failure::other(other.to_string()),
        })??;
        for error in ended.sink_errors.iter().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            out::say("warning", &format!("a display of the run failed and was left out: {error}"));
        }
        let mut summary = ended.fold.summary();
        summary.run.log_digest.clone_from(&ended.log_digest);
        let logs = settings.log_format.map_or(Ok(()), |format| {
            // The export of a resumed run includes what happened before it was stopped.
            export::write(&record(folder.clone())?, format, self.quiet)
        });
        let written = files::write(folder, &summary, &ended.durations).map_err(Failure::from).and(logs);
        Ok(Played { summary, written, alpha })
    }

    /// Returns the player of the episodes that are not in the kept part of the run.
    fn playing(&self, players: Vec<Player>, hub: &Hub, past: Option<&Contents>) -> Playing {
        let runner = |players: Vec<Player>| Runner {
            plan: self.plan.clone(),
            players: players.into_iter().map(Arc::new).collect(),
            hub: hub.clone(),
            cancel: self.cancel.clone(),
            progress: past.map(|past| Progress::of(&past.events)).unwrap_or_default(),
            budget: Arc::clone(&self.budget),
            forecast: self.forecast.clone(),
        };
        let (Some(nats), Some(settings)) = (&self.queue, &self.settings.queue) else {
            return Playing::Here(runner(players));
        };
        let unreachable = |player: &Player| matches!(player.kind, PlayerKind::Unreachable(..));
        let (here, queued): (Vec<_>, Vec<_>) = players.into_iter().partition(unreachable);
        let entrant = |player: &Player| Entrant { label: player.label.clone(), is_paced: player.is_paced() };
        let coordinator = Coordinator {
            queue: nats.clone(),
            terms: settings.terms,
            plan: self.plan.clone(),
            entrants: queued.iter().map(entrant).collect(),
            manifest: self.manifest.clone(),
            hub: hub.clone(),
            cancel: self.cancel.clone(),
            budget: Arc::clone(&self.budget),
            forecast: self.forecast.clone(),
            intake: past.map(|past| Intake::of(&past.events)).unwrap_or_default(),
            is_complete: false,
            tell: queue::teller(self.quiet),
        };
        Playing::Queued { here: runner(here), coordinator: Box::new(coordinator) }
    }

    /// Plays up to each comparison with the baseline, and stops at the first one that decides. What is learnt of endpoints
    /// meanwhile is logged soon, so that a run that is killed need not learn it again. Returns the error probability that the
    /// last comparison may spend.
    async fn play_looks(
        &self,
        mut playing: Playing,
        hub: Hub,
        opening: Vec<EventKind>,
        mut lessons: Lessons,
    ) -> Result<Result<f64, Failure>, CoordinatorError> {
        for event in opening {
            hub.send(None, event).await?;
        }
        let (mut played, mut result) = (0, Ok(Rules::default().alpha));
        let looks = looks(&self.settings, &self.plan);
        for look in &looks {
            let played_now = {
                let mut play = Box::pin(playing.play(played..look.epochs));
                loop {
                    tokio::select! {
                        ended = &mut play => break ended,
                        () = tokio::time::sleep(LESSONS_EVERY) => lessons.log(&hub).await?,
                    }
                }
            };
            match played_now {
                Err(CoordinatorError::Hub(error)) => return Err(error.into()),
                Err(error) => {
                    result = Err(queue::failure(&error, &self.folder));
                    break;
                }
                Ok(()) => {}
            }
            (played, result) = (look.epochs, Ok(look.alpha));
            if playing.is_stopped() || Some(look) == looks.last() {
                break;
            }
            let rules = rules(&self.settings, look.alpha);
            let decided = |baseline: &Baseline| baseline.so_far(&self.folder, &rules, played);
            match self.baseline.as_ref().map_or(Ok(false), decided) {
                Ok(false) => {}
                Ok(true) => {
                    hub.send(None, EventKind::RunDecided { epochs: played }).await?;
                    break;
                }
                Err(failure) => {
                    result = Err(failure);
                    break;
                }
            }
        }
        lessons.log(&hub).await?;
        drop(hub);
        playing.finish().await?;
        Ok(result)
    }
}

/// Returns the rules of the comparison with the baseline, with the error that it may spend.
pub(in crate::cli) fn rules(settings: &Settings, alpha: f64) -> Rules {
    Rules { margin: settings.margin, alpha, allow_drift: false, allow_missing: settings.allow_missing }
}

/// The longest time for which what was learnt of an endpoint is not in the log.
const LESSONS_EVERY: Duration = Duration::from_millis(250);

/// What was learnt of the endpoints of a run.
struct Lessons {
    /// The clients by the labels of their models.
    clients: Vec<(String, Arc<dyn ChatClient>)>,
    /// What manifest and log say already.
    known: BTreeMap<String, Adjusted>,
}

impl Lessons {
    /// Logs what was learnt since the last time.
    async fn log(&mut self, hub: &Hub) -> Result<(), HubError> {
        for (label, new) in learnt_since(&self.clients, &self.known) {
            let known = self.known.entry(label.clone()).or_default();
            new.iter().for_each(|one| known.add(one.clone()));
            hub.send(None, EventKind::EndpointAdjusted { model: label, adjusted: new }).await?;
        }
        Ok(())
    }
}

/// Returns the epochs after which the run is compared with its baseline: the last one, and under `--until-decided`
/// earlier ones as well.
fn looks(settings: &Settings, plan: &Plan) -> Vec<Look> {
    let wanted = if settings.until_decided { LOOKS } else { 1 };
    alpha_spending::looks(plan.epochs, wanted, Rules::default().alpha)
}
