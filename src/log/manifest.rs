//! `run.json`: what was asked of a run.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shard::Shard;
use crate::agent::exec;
use crate::chat::price::Price;
use crate::env::TaskId;

/// The schema of `run.json`.
pub const SCHEMA: &str = "incident-bench/run/1";

/// The id of a run: its start and four random digits, so that names sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl RunId {
    /// `2026-11-22T120918Z-7f3a`.
    #[must_use]
    pub fn new(start: Timestamp, salt: u16) -> Self {
        Self(format!("{}-{salt:04x}", start.strftime("%Y-%m-%dT%H%M%SZ")))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The agent of a contestant that plays through the server, by means that are not known here.
pub const CLIENT: &str = "client";

/// Who plays: a model with its settings, or a built-in agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contestant {
    /// The label in tables and keys, unique in a run.
    pub label: String,
    /// The agent: `llm`, `exec`, `client`, or a built-in agent's name.
    pub agent: String,
    /// The settings of the model, without any key; none for built-in agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ModelRecord>,
}

impl Contestant {
    /// Whether it is measured, beside the built-in agents that are there to compare with.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.settings.is_some() || self.agent == exec::NAME || self.agent == CLIENT
    }
}

/// The settings of a model in a run, for the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// The model's name at its endpoint.
    pub name: String,
    /// The provider.
    pub provider: String,
    /// The endpoint.
    pub base_url: String,
    /// `text`, `json` or `tools`; `auto` until the endpoint was asked.
    pub protocol: String,
    /// `fallback`, `repair` or `off`.
    pub assist: String,
    /// The sampling temperature; none leaves it to the endpoint.
    pub temperature: Option<f64>,
    /// The limit on an answer, in tokens.
    pub max_tokens: u32,
    /// How much a reasoning model thinks, where set.
    pub reasoning_effort: Option<String>,
    /// The prices, where known.
    pub price: Option<Price>,
}

/// What is planned for one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedScenario {
    /// The scenario.
    pub id: String,
    /// Its task.
    pub task: TaskId,
}

/// Where a run was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The operating system.
    pub os: String,
    /// The processor architecture.
    pub arch: String,
    /// Logical processors.
    pub cpus: usize,
}

impl Manifest {
    /// Whether two runs play the same episodes by the same rules, whoever plays them.
    #[must_use]
    pub fn plays_as(&self, other: &Self) -> bool {
        let plan = |run: &Self| (run.epochs, run.seed);
        plan(self) == plan(other)
            && self.suite_digest == other.suite_digest
            && self.prompts_digest == other.prompts_digest
            && self.graders == other.graders
            && self.scenarios == other.scenarios
    }
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run.
    pub id: RunId,
    /// When it started.
    pub started_at: Timestamp,
    /// The version of this program.
    pub bench_version: String,
    /// The suite, such as `classic`.
    pub suite: String,
    /// The digest of its rules and scenarios.
    pub suite_digest: String,
    /// The prompt set, such as `default/1`.
    pub prompts: String,
    /// The digest of its files.
    pub prompts_digest: String,
    /// The versions of the graders.
    pub graders: Vec<String>,
    /// Who plays.
    pub contestants: Vec<Contestant>,
    /// What is played, in table order.
    pub scenarios: Vec<PlannedScenario>,
    /// Repetitions of each scenario.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that this run plays; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The shards that this run was put together from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<RunId>,
    /// The options as they were resolved, each with its source; no secrets.
    pub options: Value,
    /// The command line.
    pub command: Vec<String>,
    /// Where.
    pub machine: Machine,
}
