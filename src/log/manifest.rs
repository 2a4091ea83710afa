//! The manifest of a run, `run.json`: what the run was asked to do.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::EpisodeKey;
use super::shard::Shard;
use crate::agent::exec;
use crate::agent::think::Think;
use crate::chat::Api;
use crate::chat::adjust::Adjusted;
use crate::chat::price::Price;
use incident_env::TaskId;

/// The name and version of the format of `run.json`.
pub const SCHEMA: &str = "incident-bench/run/2";
/// The format of runs whose feedback was worded by earlier rules, which are read as well.
pub const OLD_SCHEMA: &str = "incident-bench/run/1";

/// The most repetitions of a scenario.
pub const MOST_EPOCHS: u32 = 100_000;
/// The most episodes of a plan. A place is kept for each.
const MOST_EPISODES: usize = 5_000_000;

/// The id of a run, made of its start time and four random hexadecimal digits, so that ids sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl RunId {
    /// Makes an id such as `2026-11-22T120918Z-7f3a`.
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

/// The agent name of a contestant that plays through the server. How it chooses its actions is not known here.
pub const CLIENT: &str = "client";

/// A contestant: a model with its settings, a program, a client, or a built-in agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contestant {
    /// The label in tables and keys, which is unique in a run.
    pub label: String,
    /// The name of the agent: `llm`, `exec`, `client`, or a built-in agent's name.
    pub agent: String,
    /// The settings of the model, which never contain a key; none for built-in agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ModelRecord>,
}

impl Contestant {
    /// Whether the contestant is being measured, as opposed to the built-in agents that are there for comparison.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.settings.is_some() || self.agent == exec::NAME || self.agent == CLIENT
    }
}

/// The settings of a model, as they are recorded for a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    /// The model's name at its endpoint.
    pub name: String,
    /// The name of the provider.
    pub provider: String,
    /// The URL of the endpoint.
    pub base_url: String,
    /// The protocol: `text`, `json` or `tools`, or `auto` until the endpoint has been asked.
    pub protocol: String,
    /// Whether the model is told that it may think before it acts.
    #[serde(default = "Think::of_older_runs")]
    pub think: Think,
    /// The assistance for unusable replies: `fallback`, `repair` or `off`.
    pub assist: String,
    /// The form in which the model is asked; none if it was found out, or if the run was made before there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// The sampling temperature; with none, the endpoint chooses it.
    pub temperature: Option<f64>,
    /// The limit on the length of an answer in tokens.
    pub max_tokens: u32,
    /// The effort that a reasoning model is asked for; none if it is not set.
    pub reasoning_effort: Option<String>,
    /// The most tokens that the model may think for; none if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<u32>,
    /// More fields of each request, as they were set; none in a run of a version that did not record them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_body: Option<Map<String, Value>>,
    /// The prices of tokens; none if they are not known.
    pub price: Option<Price>,
    /// What was changed in requests before the run, because the endpoint refused it.
    #[serde(default, skip_serializing_if = "Adjusted::is_empty")]
    pub adjusted: Adjusted,
}

/// A scenario of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedScenario {
    /// The id of the scenario.
    pub id: String,
    /// The task of the scenario.
    pub task: TaskId,
}

/// The machine on which a run was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The name of the operating system.
    pub os: String,
    /// The name of the processor architecture.
    pub arch: String,
    /// The number of logical processors.
    pub cpus: usize,
}

impl Manifest {
    /// Reads the text of `run.json`.
    ///
    /// # Errors
    /// Says where the text is wrong, that it has a format that is not read here, or that its plan has numbers that no run has.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if let Some(schema) = value["schema"].as_str()
            && ![SCHEMA, OLD_SCHEMA].contains(&schema)
        {
            return Err(format!("it has the format '{schema}', and this version reads '{SCHEMA}' and '{OLD_SCHEMA}'"));
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks that the plan is one that can be played: a file may have been changed, and a place is kept for each episode.
    ///
    /// # Errors
    /// Says which number is beyond its bounds.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MOST_EPOCHS).contains(&self.epochs) {
            return Err(format!("epochs is {}, and must lie between 1 and {MOST_EPOCHS}", self.epochs));
        }
        let contestants = self.contestants.len().max(1);
        let episodes = contestants.saturating_mul(self.scenarios.len()).saturating_mul(self.epochs as usize);
        if episodes > MOST_EPISODES {
            return Err(format!(
                "{episodes} episodes are planned, and at most {MOST_EPISODES} can be; play them in several runs"
            ));
        }
        Ok(())
    }

    /// Whether it was made by the rules by which this version words what agents are told.
    #[must_use]
    pub fn has_present_wording(&self) -> bool {
        self.schema == SCHEMA
    }

    /// The keys of the episodes that the run plays, by contestant, scenario and epoch.
    pub fn episodes(&self) -> impl Iterator<Item = EpisodeKey> {
        let of_scenario = |label: &str, scenario: &str| {
            let (label, scenario) = (label.to_owned(), scenario.to_owned());
            let key = move |epoch| EpisodeKey { contestant: label.clone(), scenario: scenario.clone(), epoch };
            (0..self.epochs).map(key)
        };
        let contestants = self.contestants.iter();
        let all = contestants
            .flat_map(move |one| self.scenarios.iter().flat_map(move |scenario| of_scenario(&one.label, &scenario.id)));
        all.filter(|key| self.shard.is_none_or(|shard| shard.includes(key)))
    }

    /// Whether the run is an exam, which clients of a server play.
    #[must_use]
    pub fn is_exam(&self) -> bool {
        self.contestants.iter().any(|contestant| contestant.agent == CLIENT)
    }

    /// Whether the models of the run are told that they may think before they act.
    #[must_use]
    pub fn think(&self) -> Think {
        let chosen = self.options["think"]["value"].as_str().and_then(Think::from_name);
        chosen.unwrap_or_else(Think::of_older_runs)
    }

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

/// The content of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name and version of the format, which is [`SCHEMA`].
    pub schema: String,
    /// The id of the run.
    pub id: RunId,
    /// The time at which the run started.
    pub started_at: Timestamp,
    /// The version of this program.
    pub bench_version: String,
    /// The name of the suite, such as `classic`.
    pub suite: String,
    /// The digest of the suite's rules and scenarios.
    pub suite_digest: String,
    /// The name of the prompt set, such as `default/1`.
    pub prompts: String,
    /// The digest of the files of the prompt set.
    pub prompts_digest: String,
    /// The versions of the graders.
    pub graders: Vec<String>,
    /// The contestants of the run.
    pub contestants: Vec<Contestant>,
    /// The scenarios of the run, in the order of the tables.
    pub scenarios: Vec<PlannedScenario>,
    /// The number of repetitions of each scenario.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that this run plays; none if it plays all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The runs of shards that this run was merged from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<RunId>,
    /// The digests of their logs, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_logs: Vec<String>,
    /// The options as they were resolved, each with its origin. They contain no secrets.
    pub options: Value,
    /// The command line that started the run.
    pub command: Vec<String>,
    /// The machine on which the run was made.
    pub machine: Machine,
}
