//! Defines what the server needs from the program around it: its ports as traits, with the values that cross them.
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

/// Which incident of a generated suite is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one with this number, from 0.
    Numbered(u64),
    /// The one that comes after this many others that pose the same task, or after this many of all where no task is named.
    After(u64),
}

/// Makes incidents that are not in the suite.
pub trait Incidents: Send + Sync + Debug {
    /// Makes an incident of a generated suite, which poses `task` if a task is named.
    ///
    /// # Errors
    /// Returns a text that says what is wrong with the suite, and what would be right.
    fn make(&self, suite: &str, task: Option<TaskId>, which: Which) -> Result<Arc<Scenario>, String>;
}

/// Finds the suites on which kept runs were played.
pub trait Suites: Send + Sync + Debug {
    /// Returns the scenarios of a run, or `None` if they cannot be read or have changed since.
    fn of(&self, manifest: &Manifest) -> Option<Catalog>;
}

/// Plays the runs that `POST /baseline` starts.
pub trait Plays: Send + Sync {
    /// Prepares a run, which begins when the future is polled.
    ///
    /// # Errors
    /// Returns an error if the request asks for something that the server is not configured for.
    fn play(&self, ask: &Ask, progress: watch::Sender<Progress>) -> Result<RunFuture, Misfit>;
}

/// A baseline run while it is played. It resolves to the scores, or to the reason for which the run failed.
pub type RunFuture = Pin<Box<dyn Future<Output = Result<Scores, String>> + Send>>;

/// The request for a baseline run. Parts that it leaves out are as the server is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// A model with which the server is configured.
    pub model: Option<String>,
    /// The agent: `llm`, or the name of a built-in agent.
    pub agent: Option<String>,
    /// The suite, by the name under which the server serves it.
    pub suite: Option<String>,
    /// The number of repetitions, at least 1.
    pub epochs: u32,
}

/// The scores of a baseline run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// The mean score of each task, from 0 to 1. `None` if the task has no score.
    pub tasks: BTreeMap<TaskId, Option<f64>>,
    /// The mean of the tasks, from 0 to 1. `None` if a task has no score.
    pub overall: Option<f64>,
    /// The model, or the built-in agent.
    pub model: String,
    /// The share of steps that the model chose itself, from 0 to 1. `None` for built-in agents.
    pub model_share: Option<f64>,
    /// The number of episodes without a score because the infrastructure failed.
    pub void: usize,
}

/// The progress of a baseline run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// The id of the run. `None` while its endpoint is checked.
    pub run_id: Option<String>,
    /// The number of episodes that have ended.
    pub episodes: usize,
    /// The number of episodes in all.
    pub total: usize,
    /// The cost of the model calls so far.
    pub spent: Spent,
    /// The result, or the reason for which the run failed. `None` while the run goes on.
    pub outcome: Option<Result<Scores, String>>,
}

/// The cost of model calls.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// The number of calls that succeeded.
    pub calls: u64,
    /// Their cost in USD, as far as prices are known.
    pub cost_usd: f64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.cost_usd += other.cost_usd;
    }
}
