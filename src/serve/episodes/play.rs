//! Keeps an episode under the name that its clients use, and has an exam record its steps.

use std::sync::{Arc, Mutex, PoisonError};

use crate::run::Exam;
use crate::run::exam::{Refused, Seat};
use incident_env::{Action, Episode, EpisodeId, Scenario, StepOutcome};

/// An episode under its name.
#[derive(Debug)]
pub(crate) struct Play {
    /// The name by which clients call the episode.
    pub(crate) name: Arc<str>,
    pub(crate) episode: Episode,
    /// The exam in which the episode counts from its first step. `None` if no exam is held.
    exam: Option<Arc<Exam>>,
    /// The seat in the exam. `None` before the first step. If it is dropped, the episode counts as given up.
    seat: Option<Seat>,
}

impl Play {
    /// Starts an episode, under a name that the client chose or a new one.
    pub(crate) fn start(scenario: &Arc<Scenario>, name: Option<&str>, exam: Option<Arc<Exam>>) -> Self {
        let id = EpisodeId(uuid::Uuid::new_v4());
        let name = name.map_or_else(|| id.to_string().into(), Arc::from);
        Self { name, episode: Episode::reset(scenario, id), exam, seat: None }
    }

    /// Takes a step, and has the exam record it if one is held. Returns the outcome, and the name of the episode.
    ///
    /// # Errors
    /// Returns an error if the exam does not let the episode begin, or could not record the step.
    pub(crate) fn step(&mut self, action: &Action) -> Result<(StepOutcome<'_>, &str), Refused> {
        let Self { name, episode, exam, seat } = self;
        if episode.is_done() {
            // A step after the end changes nothing, so there is nothing to record.
            return Ok((episode.step(action), name));
        }
        if let (Some(exam), None) = (exam, &seat) {
            *seat = Some(exam.begin(episode.scenario(), episode.observation().episode_id)?);
        }
        let outcome = episode.step(action);
        if let Some(seat) = seat {
            seat.step(action, &outcome)?;
        }
        Ok((outcome, name))
    }

    /// Returns whether an exam counts the episode, and it has not ended.
    pub(crate) fn is_open_in_exam(&self) -> bool {
        self.seat.is_some() && !self.episode.is_done()
    }

    /// Returns whether the episode plays this scenario and has taken no step.
    pub(crate) fn is_untouched(&self, scenario: &str) -> bool {
        self.episode.scenario().id() == scenario && self.episode.observation().step_count == 0
    }
}

/// Reads or changes an episode under its lock. No code under this lock is known to panic; if any did, a poisoned lock
/// must not spread the failure.
pub(crate) fn with<R>(play: &Mutex<Play>, act: impl FnOnce(&mut Play) -> R) -> R {
    act(&mut play.lock().unwrap_or_else(PoisonError::into_inner))
}
