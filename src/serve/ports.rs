//! Says what the server needs from the program around it: its ports as traits, with the values that cross them.
//!
//! The server is given an implementation of each, since only the command line knows models, keys, folders and the
//! generator of incidents.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::error::Misfit;
use crate::log::Manifest;
use incident_env::{Catalog, Scenario, TaskId};

/// Makes incidents that are not in the suite.
pub trait Incidents: Send + Sync + Debug {
    /// Makes the incident of a generated suite that has a number. Without a number it is the first incident of a task, or of
    /// the suite.
    ///
    /// # Errors
    /// The text says what is wrong with the suite, and what would be right.
    fn make(&self, suite: &str, task: Option<TaskId>, number: Option<u64>) -> Result<Arc<Scenario>, String>;
}

/// Finds the suites on which kept runs were played.
pub trait Suites: Send + Sync + Debug {
    /// Gives the scenarios of a run, if they can be had and are unchanged since.
    fn of(&self, manifest: &Manifest) -> Option<Catalog>;
}

/// Plays the runs that `POST /baseline` starts.
pub trait Plays: Send + Sync {
    /// Prepares a run, which begins when the future is polled.
    ///
    /// # Errors
    /// It fails if the request asks for something that the server is not configured for.
    fn play(&self, ask: &Ask, progress: watch::Sender<Progress>) -> Result<RunFuture, Misfit>;
}

/// This is a baseline run while it is played. It gives the scores, or the reason for which the run failed.
pub type RunFuture = Pin<Box<dyn Future<Output = Result<Scores, String>> + Send>>;

/// This is what a request for a baseline run asks for. Whatever it leaves out is as the server is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// This is a model that the server is configured with.
    pub model: Option<String>,
    /// This is `llm`, or the name of a built-in agent.
    pub agent: Option<String>,
    /// This is the suite, by the name under which the server serves it.
    pub suite: Option<String>,
    /// This is the number of repetitions, at least 1.
    pub epochs: u32,
}

/// These are the scores of a baseline run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// This is the mean score of each task, from 0 to 1; none where the task has no score.
    pub tasks: BTreeMap<TaskId, Option<f64>>,
    /// This is the mean of the tasks; none where one of them has no score.
    pub overall: Option<f64>,
    /// This is the model, or the built-in agent.
    pub model: String,
    /// This is the share of steps that the model chose itself, from 0 to 1; none for built-in agents.
    pub model_share: Option<f64>,
    /// This counts the episodes without a score because the infrastructure failed.
    pub void: usize,
}

/// This says how far a baseline run is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// This is the id of the run; none while its endpoint is checked.
    pub run_id: Option<String>,
    /// This counts the episodes that ended.
    pub episodes: usize,
    /// This is the number of episodes in all.
    pub total: usize,
    /// This is what the model calls have cost so far.
    pub spent: Spent,
    /// This is the result, or the reason for which the run failed; none while it goes on.
    pub outcome: Option<Result<Scores, String>>,
}

/// This is what model calls have cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// This counts the calls that succeeded.
    pub calls: u64,
    /// This is their cost in USD, as far as prices are known.
    pub cost_usd: f64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.cost_usd += other.cost_usd;
    }
}
