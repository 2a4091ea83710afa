//! Worlds that are simulated while they are played. A written scenario is a table of texts by facts; a live one answers.

use std::fmt;
use std::sync::Arc;

use super::action::{Action, Diagnostic, Remediation};
use super::grade::Grade;
use super::points::Points;
use super::task::TaskId;

/// What stands behind a scenario that is simulated.
pub trait Live: fmt::Debug + Send + Sync {
    /// Its world at the alert, for a new episode.
    fn start(&self, task: TaskId) -> Box<dyn LiveState>;

    /// A play that earns the full score.
    fn oracle(&self, task: TaskId) -> Vec<Action>;
}

/// The world of an episode.
pub trait LiveState: fmt::Debug + Send + Sync {
    /// The same world, from here on on its own.
    fn fork(&self) -> Box<dyn LiveState>;

    /// What a diagnostic of a service shows, by the service's place among the known ones.
    fn look(&mut self, kind: Diagnostic, service: usize) -> String;

    /// Does something to the world.
    ///
    /// # Errors
    /// Why it cannot be done; then nothing was.
    fn repair(&mut self, kind: Remediation, action: &Action) -> Result<Repaired, CannotRepair>;

    /// Whether an answer is one that can be graded.
    ///
    /// # Errors
    /// What is wrong in it, and what would be right.
    fn check(&self, answer: &Action) -> Result<(), String>;

    /// Whether there is no time left to do anything more.
    fn is_over(&self) -> bool {
        false
    }

    /// The grade, if it ended now with this answer or without one.
    fn grade(&self, answer: Option<&Action>) -> Grade;
}

/// What came of a remediation.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// What it was done to, as it reads in the observation.
    pub target: Arc<str>,
    /// What is reported of it.
    pub text: String,
    /// How much less users lose since, as a share: less than nothing where they lose more.
    pub gain: Points,
}

/// Why a remediation cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotRepair {
    /// A parameter is missing.
    Without(&'static str),
    /// A parameter names nothing that this can be done to: what is wrong, and what would be right.
    Unknown(String),
}

impl Clone for Box<dyn LiveState> {
    fn clone(&self) -> Self {
        self.fork()
    }
}
