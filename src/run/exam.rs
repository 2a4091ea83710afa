//! An exam keeps as a run what clients of a server play. What a client may see of it is decided in
//! `serve::episodes::view`.
//!
//! An incident counts from the first step that is taken in it, and it may be played as often as the exam has epochs. No
//! second episode of it begins while one is open, so that nobody practises beside the episode that counts. An episode
//! that is left before its end is graded as it was left. All of this is read from the event log, so it also holds after
//! a server was stopped or killed.
//!
//! Steps come from many threads at once, and each is written before it is answered, so the journal is behind a lock
//! here and not on a thread of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::episode::step_taken;
use super::journal::{HubError, Journal};
use crate::agent::StepSource;
use crate::log::event::VERSION;
use crate::log::reader::Contents;
use crate::log::store::RunFolder;
use crate::log::{EpisodeKey, Event, EventKind, Manifest, Outcome, Summary};
use incident_env::{
    Action, ActionError, Catalog, CatalogError, Episode, EpisodeId, Feedback, Grade, Scenario, StepOutcome,
    strict_record,
};

/// The reasons why the exam of an earlier process cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The log cannot be written.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The log has an episode of a scenario that the suite does not have.
    #[error("{key}: {problem}")]
    Scenario {
        /// The key of the episode.
        key: EpisodeKey,
        /// The scenario that is missing.
        problem: CatalogError,
    },
    /// The log has a step that is no action.
    #[error("{key}: {problem}")]
    Action {
        /// The key of the episode.
        key: EpisodeKey,
        /// What is wrong with the step.
        problem: ActionError,
    },
}

/// The reasons why an exam does not let an episode begin or go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another episode of the scenario has taken a step and has not ended.
    #[error(
        "scenario '{0}' is being played: in an exam no second episode of it begins while one is open; go on with that \
         episode, or start another scenario"
    )]
    Open(String),
    /// The scenario was played as often as the exam allows.
    #[error(
        "scenario '{scenario}' is used up: in this exam {epochs} of its episodes count, each from its first step, and no \
         more are played; start another scenario"
    )]
    Used {
        /// The id of the scenario.
        scenario: String,
        /// The number of episodes of each scenario that count.
        epochs: u32,
    },
    /// The exam has ended, or its log cannot be written any more.
    #[error("the exam records nothing more, so nothing more is played; ask whoever holds the exam")]
    Ended,
}

/// The number of episodes that an exam has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The number of episodes that have begun.
    pub begun: usize,
    /// The number of episodes that the exam has in all.
    pub all: usize,
}

/// The exam of one contestant.
pub struct Exam {
    label: String,
    epochs: u32,
    scenarios: usize,
    state: Mutex<State>,
}

struct State {
    journal: Journal,
    /// What was played of each scenario, by its id.
    played: BTreeMap<String, Played>,
    failed: Option<HubError>,
}

/// What was played of one scenario.
#[derive(Default)]
struct Played {
    /// The number of episodes that began.
    begun: u32,
    /// The episode that has begun and not ended.
    open: Option<Open>,
}

/// An episode that has begun and not ended.
struct Open {
    epoch: u32,
    scenario: Arc<Scenario>,
    /// The steps so far, from which the episode is graded if it is given up.
    actions: Vec<Action>,
}

impl std::fmt::Debug for Exam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exam").field("label", &self.label).field("epochs", &self.epochs).finish_non_exhaustive()
    }
}

impl Exam {
    /// Starts the log of the run that a manifest describes, for its first contestant.
    ///
    /// # Errors
    /// Fails if the log cannot be created.
    pub fn start(manifest: &Manifest, folder: RunFolder) -> Result<Self, HubError> {
        let mut journal = Journal::create(manifest, folder, Vec::new())?;
        let run = manifest.id.clone();
        journal.take(None, None, EventKind::RunStarted { v: VERSION, run }, || {})?;
        Ok(Self::of(manifest, journal))
    }

    /// Goes on with the exam of an earlier process. Scenarios that were begun stay used. Episodes that were open when
    /// the process ended count as given up: their clients may have lost them, and nobody can tell who comes back.
    ///
    /// # Errors
    /// Fails if the log cannot be written, or does not fit the suite.
    pub fn resume(
        manifest: &Manifest,
        folder: RunFolder,
        past: &Contents,
        catalog: &Catalog,
    ) -> Result<Self, ResumeError> {
        let mut journal = Journal::resume(manifest, folder, past, Vec::new())?;
        let first = match past.events.first() {
            // The process died before it wrote anything.
            None => EventKind::RunStarted { v: VERSION, run: manifest.id.clone() },
            Some(_) => EventKind::RunResumed,
        };
        journal.take(None, None, first, || {})?;
        let exam = Self::of(manifest, journal);
        {
            let mut state = exam.state();
            for event in &past.events {
                state.remember(event, catalog)?;
            }
            state.give_up_all(&exam.label);
            state.sync();
            if let Some(error) = state.failed.take() {
                return Err(error.into());
            }
        }
        Ok(exam)
    }

    fn of(manifest: &Manifest, journal: Journal) -> Self {
        let label = manifest.contestants.first().map(|contestant| contestant.label.clone()).unwrap_or_default();
        let state = State { journal, played: BTreeMap::new(), failed: None };
        Self { label, epochs: manifest.epochs, scenarios: manifest.scenarios.len(), state: Mutex::new(state) }
    }

    /// Returns the number of episodes that have begun.
    #[must_use]
    pub fn used(&self) -> Used {
        let begun = self.state().played.values().map(|played| played.begun as usize).sum();
        Used { begun, all: self.scenarios * self.epochs as usize }
    }

    /// Checks that an episode of a scenario could begin now. Nothing is reserved: who takes the first step has it.
    ///
    /// # Errors
    /// Returns the reason why it could not.
    pub fn admits(&self, scenario: &Scenario) -> Result<(), Refused> {
        self.state().admits(scenario, self.epochs)
    }

    /// Registers the first step of an episode. The episode counts from here on, and it is open until its last step, or
    /// until the returned seat is dropped.
    ///
    /// # Errors
    /// Returns the reason why the episode must not begin.
    pub fn begin(self: &Arc<Self>, scenario: &Arc<Scenario>, id: EpisodeId) -> Result<Seat, Refused> {
        let mut state = self.state();
        state.admits(scenario, self.epochs)?;
        let played = state.played.entry(scenario.id().to_owned()).or_default();
        let epoch = played.begun;
        played.begun += 1;
        played.open = Some(Open { epoch, scenario: Arc::clone(scenario), actions: Vec::new() });
        let key = key(&self.label, scenario.id(), epoch);
        state.take(&key, EventKind::EpisodeStarted { episode_id: id, task: scenario.task() });
        if state.failed.is_some() {
            return Err(Refused::Ended);
        }
        drop(state);
        Ok(Seat { exam: Arc::clone(self), key })
    }

    /// Ends the run and returns its summary. Episodes that are still open count as given up.
    ///
    /// # Errors
    /// Returns the reason why its log is incomplete.
    pub fn finish(&self) -> Result<Summary, HubError> {
        let mut state = self.state();
        state.give_up_all(&self.label);
        if let Some(error) = state.failed.take() {
            return Err(error);
        }
        state.journal.take(None, None, EventKind::RunFinished, || {})?;
        state.journal.sync()?;
        // Nothing is recorded after the end.
        state.failed = Some(HubError::Gone);
        Ok(state.journal.summary())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An episode that counts in an exam, from its first step on. If it is dropped before the episode has ended, the
/// episode counts as given up.
#[derive(Debug)]
pub struct Seat {
    exam: Arc<Exam>,
    key: EpisodeKey,
}

impl Seat {
    /// Records a step, and with the last step the end of its episode.
    ///
    /// # Errors
    /// Returns an error if the step could not be recorded. It must not be answered then.
    pub fn step(&self, action: &Action, outcome: &StepOutcome<'_>) -> Result<(), Refused> {
        let mut state = self.exam.state();
        let Some(open) = state.open(&self.key) else { return Err(Refused::Ended) };
        open.actions.push(action.clone());
        state.take(&self.key, EventKind::StepTaken(Box::new(step_taken(action, StepSource::Model, outcome))));
        if let Some(grade) = &outcome.info.grader {
            let timed_out = matches!(outcome.info.feedback, Feedback::TimedOut { .. });
            let how = if timed_out { Outcome::StepLimit } else { Outcome::Completed };
            state.close(&self.key, finished(how, outcome.info.step, grade, outcome.strict_grade().as_ref()));
            state.sync();
        }
        if state.failed.is_some() { Err(Refused::Ended) } else { Ok(()) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.exam.state().give_up(&self.key);
    }
}

impl State {
    fn admits(&self, scenario: &Scenario, epochs: u32) -> Result<(), Refused> {
        if self.failed.is_some() {
            return Err(Refused::Ended);
        }
        match self.played.get(scenario.id()) {
            Some(Played { open: Some(_), .. }) => Err(Refused::Open(scenario.id().to_owned())),
            Some(played) if played.begun >= epochs => Err(Refused::Used { scenario: scenario.id().to_owned(), epochs }),
            _ => Ok(()),
        }
    }

    /// Returns the open episode with this key.
    fn open(&mut self, key: &EpisodeKey) -> Option<&mut Open> {
        self.played.get_mut(&key.scenario)?.open.as_mut().filter(|open| open.epoch == key.epoch)
    }

    /// Takes an event of an earlier process into account.
    fn remember(&mut self, event: &Event, catalog: &Catalog) -> Result<(), ResumeError> {
        let Some(key) = &event.episode else { return Ok(()) };
        match &event.event {
            EventKind::EpisodeStarted { .. } => {
                let scenario = catalog.scenario(&key.scenario);
                let scenario = scenario.map_err(|problem| ResumeError::Scenario { key: key.clone(), problem })?;
                let open = Open { epoch: key.epoch, scenario: Arc::clone(scenario), actions: Vec::new() };
                self.played.insert(key.scenario.clone(), Played { begun: key.epoch + 1, open: Some(open) });
            }
            EventKind::StepTaken(step) => {
                let action = Action::new(step.action_type.clone(), step.parameters.clone());
                let action = action.map_err(|problem| ResumeError::Action { key: key.clone(), problem })?;
                if let Some(open) = self.open(key) {
                    open.actions.push(action);
                }
            }
            EventKind::EpisodeFinished { .. } => {
                if let Some(played) = self.played.get_mut(&key.scenario) {
                    played.open = None;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends an episode, if it is open, with the grade of what was done in it.
    fn give_up(&mut self, key: &EpisodeKey) {
        let Some(open) = self.open(key) else { return };
        let mut episode = Episode::reset(&open.scenario, EpisodeId::nil());
        for action in &open.actions {
            episode.step(action);
        }
        // A process that was killed may have written the last step of an episode and not its end.
        let how = match (episode.is_done(), episode.trajectory().answer()) {
            (true, Some(_)) => Outcome::Completed,
            (true, None) => Outcome::StepLimit,
            (false, _) => Outcome::GivenUp,
        };
        let steps = episode.observation().step_count;
        self.close(key, finished(how, steps, &episode.grade_now(), episode.strict_grade().as_ref()));
    }

    fn give_up_all(&mut self, label: &str) {
        let open = self.played.iter().filter_map(|(id, played)| Some((id.clone(), played.open.as_ref()?.epoch)));
        for (scenario, epoch) in open.collect::<Vec<_>>() {
            self.give_up(&key(label, &scenario, epoch));
        }
    }

    fn close(&mut self, key: &EpisodeKey, end: EventKind) {
        if let Some(played) = self.played.get_mut(&key.scenario) {
            played.open = None;
        }
        self.take(key, end);
    }

    fn take(&mut self, key: &EpisodeKey, event: EventKind) {
        // A log with a gap would be worse than a log that ends early.
        if self.failed.is_none() {
            self.failed = self.journal.take(None, Some(key.clone()), event, || {}).err();
        }
    }

    fn sync(&mut self) {
        if self.failed.is_none() {
            self.failed = self.journal.sync().err();
        }
    }
}

fn key(label: &str, scenario: &str, epoch: u32) -> EpisodeKey {
    EpisodeKey { contestant: label.to_owned(), scenario: scenario.to_owned(), epoch }
}

/// Makes the event that ends an episode with its grades.
fn finished(outcome: Outcome, steps: u32, grade: &Grade, strict: Option<&Grade>) -> EventKind {
    EventKind::EpisodeFinished {
        outcome,
        score: Some(grade.total),
        steps,
        grade: serde_json::to_value(grade).ok(),
        strict: strict.map(strict_record),
        message: None,
    }
}
