//! An exam keeps as a run the first episodes of each scenario that clients of a server play. What a
//! client may see of them is decided in `serve::episodes::view`.
//!
//! Steps come from many threads at once, and each is written before it is answered, so the journal is behind a lock
//! here and not on a thread of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::episode::step_taken;
use super::journal::{HubError, Journal};
use crate::agent::StepSource;
use crate::log::event::VERSION;
use crate::log::store::RunFolder;
use crate::log::{EpisodeKey, EventKind, Manifest, Outcome, Summary};
use incident_env::{Action, EpisodeId, Feedback, Scenario, StepOutcome, strict_record};

/// The exam of one contestant.
pub struct Exam {
    label: String,
    epochs: u32,
    state: Mutex<State>,
}

struct State {
    journal: Journal,
    /// The number of episodes that began, by scenario.
    begun: BTreeMap<String, u32>,
    failed: Option<HubError>,
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
        let label = manifest.contestants.first().map(|contestant| contestant.label.clone()).unwrap_or_default();
        let state = State { journal, begun: BTreeMap::new(), failed: None };
        Ok(Self { label, epochs: manifest.epochs, state: Mutex::new(state) })
    }

    /// Registers the first step of an episode. Returns the episode's number among those of its scenario, from 0, or
    /// none if enough of them are recorded already. An episode that was abandoned counts, so that nobody gets a second
    /// try.
    pub fn begin(&self, scenario: &Scenario, id: EpisodeId) -> Option<u32> {
        let mut state = self.state();
        let begun = state.begun.entry(scenario.id().to_owned()).or_default();
        let epoch = *begun;
        if epoch >= self.epochs {
            return None;
        }
        *begun += 1;
        state.take(&self.key(scenario, epoch), EventKind::EpisodeStarted { episode_id: id, task: scenario.task() });
        Some(epoch)
    }

    /// Records a step, and with the last step the end of its episode. Returns whether the log could be written, now and
    /// before.
    pub fn step(&self, scenario: &Scenario, epoch: u32, action: &Action, outcome: &StepOutcome<'_>) -> bool {
        let key = self.key(scenario, epoch);
        let mut state = self.state();
        state.take(&key, EventKind::StepTaken(Box::new(step_taken(action, StepSource::Model, outcome))));
        if let Some(grade) = &outcome.info.grader {
            let timed_out = matches!(outcome.info.feedback, Feedback::TimedOut { .. });
            let finished = EventKind::EpisodeFinished {
                outcome: if timed_out { Outcome::StepLimit } else { Outcome::Completed },
                score: Some(grade.total),
                steps: outcome.info.step,
                grade: serde_json::to_value(&**grade).ok(),
                strict: outcome.strict_grade().map(|grade| strict_record(&grade)),
                message: None,
            };
            state.take(&key, finished);
            state.sync();
        }
        state.failed.is_none()
    }

    /// Ends the run and returns its summary.
    ///
    /// # Errors
    /// Returns the reason why its log is incomplete.
    pub fn finish(&self) -> Result<Summary, HubError> {
        let mut state = self.state();
        if let Some(error) = state.failed.take() {
            return Err(error);
        }
        state.journal.take(None, None, EventKind::RunFinished, || {})?;
        state.journal.sync()?;
        // Nothing is recorded after the end.
        state.failed = Some(HubError::Gone);
        Ok(state.journal.summary())
    }

    fn key(&self, scenario: &Scenario, epoch: u32) -> EpisodeKey {
        EpisodeKey { contestant: self.label.clone(), scenario: scenario.id().to_owned(), epoch }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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
