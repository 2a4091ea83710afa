//! The JSON of `summary.json`, version 1. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::{Builtin, StepSource, exec};
use crate::chat::Usage;
use crate::env::TaskId;
use crate::log::conduct::Conduct;
use crate::log::failure::Failure;
use crate::log::reliability::Reliability;
use crate::log::{CLIENT, RunId};
use crate::stats::mean;

/// The schema of `summary.json`.
pub const SCHEMA: &str = "incident-bench/summary/1";

/// A score from which an episode counts as passed, for pass@k and pass^k.
pub const PASS_THRESHOLD: f64 = 0.8;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run.
    pub run: RunHead,
    /// A row a contestant, in the order of the plan.
    pub rows: Vec<Row>,
}

/// What a reader must know about a run before comparing it with another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// The run.
    pub id: RunId,
    /// When it started.
    pub started_at: Timestamp,
    /// When it finished; none where it did not.
    pub finished_at: Option<Timestamp>,
    /// The version of the program.
    pub bench_version: String,
    /// The suite.
    pub suite: String,
    /// The digest of its rules and scenarios.
    pub suite_digest: String,
    /// The prompt set.
    pub prompts: String,
    /// The digest of its files.
    pub prompts_digest: String,
    /// The versions of the graders.
    pub graders: Vec<String>,
    /// Repetitions of each scenario.
    pub epochs: u32,
    /// How many repetitions there would have been, had the comparison with the baseline not been decided before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_epochs: Option<u32>,
    /// The seed of everything random.
    pub seed: u64,
    /// The option whose limit stopped the run, such as `--max-cost`; none where none did. The rows then hold only the
    /// episodes that every contestant has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// The faults on purpose that calls met, as `--chaos` had them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaos: Option<String>,
}

/// What one contestant came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The model, or the built-in agent's name.
    pub model: String,
    /// The agent.
    pub agent: String,
    /// How the model was asked, `exec` for a program, `client` for who played through the server; none for built-in agents.
    pub protocol: Option<String>,
    /// What helped when a reply could not be used; none for agents without a model.
    pub assist: Option<String>,
    /// The model that the endpoint says answered, where that is another name.
    pub answered_by: Option<String>,
    /// By task.
    pub tasks: BTreeMap<TaskId, TaskScore>,
    /// The mean of the task scores; none where a task has no score.
    pub overall: Option<f64>,
    /// The 95 % interval of `overall` for incidents like these; none where too few scenarios have scores.
    pub overall_ci95: Option<[f64; 2]>,
    /// The overall score by the strict grader; none where an episode was not graded by it.
    pub strict_overall: Option<f64>,
    /// Whether every epoch passes; none with one epoch.
    pub pass_hat_k: Option<PassK>,
    /// How well `overall` is known, and how steadily episodes pass; none without enough scores for any of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<Reliability>,
    /// `sha256:` and the digest of every step of the scored episodes: equal ones did the same. None without a score.
    #[serde(default)]
    pub trajectory_digest: Option<String>,
    /// Episodes that ended, void ones included.
    pub episodes: usize,
    /// Episodes without a score because the infrastructure failed.
    pub void: usize,
    /// Episodes that did not end.
    pub unfinished: usize,
    /// Episodes that ended and are left out, because a limit stopped the run before every contestant had ended them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub set_aside: usize,
    /// Steps of the scored episodes.
    pub steps: usize,
    /// Of these, chosen by the model itself.
    pub model_steps: usize,
    /// Chosen by the model after a message that said what was wrong.
    pub repaired_steps: usize,
    /// Chosen by the fallback instead of what the model proposed.
    pub override_steps: usize,
    /// Chosen by the fallback because the model proposed nothing that could be read.
    pub fallback_steps: usize,
    /// Steps of which a part of the model's reply was wrong, whoever chose in the end.
    pub problem_steps: usize,
    /// Scored episodes whose agent was gone before their end: what was left of their steps was spent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_early: usize,
    /// Why it was gone in the first of them, by scenario and epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_message: Option<String>,
    /// Why scored episodes did not pass, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<Failure, usize>,
    /// How it worked, as far as the parts of its grades tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conduct: Conduct,
    /// The scored episodes by who chose their last step, which is what was graded in the end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answered: BTreeMap<StepSource, Answered>,
    /// Pieces of evidence, and of the model's own words, that were dropped to fit a context limit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped_evidence: usize,
    /// Model calls that succeeded.
    pub calls: usize,
    /// Model calls that failed after all retries.
    pub failed_calls: usize,
    /// Attempts that were repeated.
    pub retries: usize,
    /// Milliseconds that were waited before attempts were repeated, over all calls.
    #[serde(default, skip_serializing_if = "is_no_time")]
    pub waited_ms: u64,
    /// Tokens of all calls.
    pub usage: Usage,
    /// Tokens of the check before the run, which belong to no episode and are not in `usage`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub check_usage: Usage,
    /// Calls whose endpoint counted no tokens.
    pub calls_without_usage: usize,
    /// What the calls cost, the check before the run included, in USD; none where a price is not known.
    pub cost_usd: Option<f64>,
    /// How long calls took; none without calls.
    pub latency_ms: Option<Latency>,
    /// What happened in the first void episode, by scenario and epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void_message: Option<String>,
    /// Why episodes are void, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub void_reasons: BTreeMap<String, usize>,
}

/// The episodes whose last step one source chose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// How many.
    pub episodes: usize,
    /// Their mean score.
    pub mean: f64,
}

/// The score of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskScore {
    /// The mean over scenarios; none where none has a score.
    pub mean: Option<f64>,
    /// Its 95 % interval over scenarios; none for fewer than two.
    pub ci95: Option<[f64; 2]>,
    /// By scenario.
    pub scenarios: BTreeMap<String, ScenarioScore>,
}

/// The score of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioScore {
    /// The mean over epochs that have a score.
    pub mean: Option<f64>,
    /// By epoch; none where it has no score.
    pub epochs: Vec<Option<f64>>,
    /// Why an epoch is void, by epoch from 0. One that has neither a score nor a reason did not end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub void: BTreeMap<u32, String>,
}

/// pass^k over the scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PassK {
    /// The number of epochs that must all pass.
    pub k: u32,
    /// The score from which an episode counts as passed.
    pub threshold: f64,
    /// The mean over scenarios.
    pub value: f64,
}

/// Quantiles of the latency of calls, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl ScenarioScore {
    /// The mean of the epochs that have a score, before rounding.
    pub(super) fn exact_mean(&self) -> Option<f64> {
        let scored: Vec<_> = self.epochs.iter().flatten().copied().collect();
        mean::mean(&scored)
    }
}

impl Row {
    /// Whether it is measured, beside the built-in agents that are there to compare with.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.protocol.is_some()
    }

    /// Whether it is a program or a client of the user's, which asks models of its own or none.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.agent == exec::NAME || self.agent == CLIENT
    }

    /// The share of steps that the model chose itself, 0 to 1; none for built-in agents and without steps.
    #[must_use]
    pub fn model_share(&self) -> Option<f64> {
        self.protocol.as_ref()?;
        #[expect(clippy::cast_precision_loss, reason = "counts of steps are small")]
        let share = self.model_steps as f64 / self.steps as f64;
        (self.steps > 0).then_some(share)
    }

    /// Whether it is the built-in agent that plays by chance.
    #[must_use]
    pub fn is_by_chance(&self) -> bool {
        self.agent == Builtin::Random.as_str()
    }

    /// The mean of a task.
    #[must_use]
    pub fn task_mean(&self, task: TaskId) -> Option<f64> {
        self.tasks.get(&task)?.mean
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_no_time(ms: &u64) -> bool {
    *ms == 0
}

fn is_nothing(usage: &Usage) -> bool {
    *usage == Usage::default()
}
