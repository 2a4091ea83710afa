//! Keeps an episode under the name that its clients use, and has an exam record its steps.

use std::sync::{Arc, Mutex, PoisonError};

use crate::run::Exam;
use incident_env::{Action, Episode, EpisodeId, Scenario, StepOutcome};

/// An episode under its name.
#[derive(Debug)]
pub(crate) struct Play {
    /// The name by which clients call the episode.
    pub(crate) name: Arc<str>,
    pub(crate) episode: Episode,
    recording: Recording,
}

/// Whether an exam records an episode.
#[derive(Debug, Clone, Copy)]
enum Recording {
    /// The episode took no step yet, so it is not decided.
    Undecided,
    /// The exam records the episode as this epoch of its scenario.
    Epoch(u32),
    /// The exam has enough episodes of this scenario.
    Off,
}

/// The result of a step.
#[derive(Debug)]
pub(crate) struct Stepped<'a> {
    pub(crate) outcome: StepOutcome<'a>,
    /// The name of the episode.
    pub(crate) name: &'a str,
    /// Whether the step is safe: it is false if an exam could not record it.
    pub(crate) is_safe: bool,
}

impl Play {
    /// Starts an episode, under a name that the client chose or a new one.
    pub(crate) fn start(scenario: &Arc<Scenario>, name: Option<&str>) -> Self {
        let id = EpisodeId(uuid::Uuid::new_v4());
        let name = name.map_or_else(|| id.to_string().into(), Arc::from);
        Self { name, episode: Episode::reset(scenario, id), recording: Recording::Undecided }
    }

    /// Takes a step, and has the exam record it if one is held.
    pub(crate) fn step(&mut self, action: &Action, exam: Option<&Exam>) -> Stepped<'_> {
        let Self { name, episode, recording } = self;
        let Some(exam) = exam.filter(|_| !episode.is_done()) else {
            return Stepped { outcome: episode.step(action), name, is_safe: true };
        };
        let scenario = Arc::clone(episode.scenario());
        if matches!(recording, Recording::Undecided) {
            let epoch = exam.begin(&scenario, episode.observation().episode_id);
            *recording = epoch.map_or(Recording::Off, Recording::Epoch);
        }
        let outcome = episode.step(action);
        let is_safe = match *recording {
            Recording::Epoch(epoch) => exam.step(&scenario, epoch, action, &outcome),
            Recording::Undecided | Recording::Off => true,
        };
        Stepped { outcome, name, is_safe }
    }
}

/// Reads or changes an episode under its lock. No code under this lock is known to panic; if any did, a poisoned lock
/// must not spread the failure.
pub(crate) fn with<R>(play: &Mutex<Play>, act: impl FnOnce(&mut Play) -> R) -> R {
    act(&mut play.lock().unwrap_or_else(PoisonError::into_inner))
}
