//! The JSON of `summary.json`, version 1. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use crate::agent::think::Think;
use crate::agent::{Builtin, StepSource, exec};
use crate::chat::Usage;
use crate::log::conduct::{CAUSE_RIGHT, Conduct};
use crate::log::failure::Failure;
use crate::log::reliability::Reliability;
use crate::log::{CLIENT, RunId};
use crate::stats::mean;
use incident_env::TaskId;

/// The name and version of the format of `summary.json`.
pub const SCHEMA: &str = "incident-bench/summary/1";

/// The score from which an episode counts as passed, for pass@k and pass^k.
pub const PASS_THRESHOLD: f64 = 0.8;

/// The content of `summary.json`: the results of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The name and version of the format, which is [`SCHEMA`].
    pub schema: String,
    /// The facts about the run as a whole.
    pub run: RunHead,
    /// The results, with one row for each contestant in the order of the plan.
    pub rows: Vec<Row>,
}

/// What a reader must know about a run before comparing it with another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// The id of the run.
    pub id: RunId,
    /// The time at which the run started.
    pub started_at: Timestamp,
    /// The time at which the run ended; none if it has not ended.
    pub finished_at: Option<Timestamp>,
    /// The version of the program.
    pub bench_version: String,
    /// The name of the suite.
    pub suite: String,
    /// The digest of the suite's rules and scenarios.
    pub suite_digest: String,
    /// The name of the prompt set.
    pub prompts: String,
    /// The digest of the files of the prompt set.
    pub prompts_digest: String,
    /// The versions of the graders.
    pub graders: Vec<String>,
    /// The number of repetitions of each scenario.
    pub epochs: u32,
    /// The number of repetitions that were planned, if the comparison with the baseline was decided before all were
    /// played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_epochs: Option<u32>,
    /// The seed of everything random.
    pub seed: u64,
    /// The digest of the chain over `run.json` and the log; none where rows of several runs stand together, or while a run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_digest: Option<String>,
    /// The option whose limit stopped the run, such as `--max-cost`; none if no limit did. If there is one, the rows
    /// contain only the episodes that every contestant has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// The injected faults that calls met, in the form of the option `--chaos`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaos: Option<String>,
}

/// The results of one contestant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The label of the contestant: a model, or a built-in agent's name.
    #[serde(rename = "model")]
    pub contestant: String,
    /// The name of the agent.
    pub agent: String,
    /// The protocol by which the model was asked, `exec` for a program, or `client` for a client of the server; none
    /// for built-in agents.
    pub protocol: Option<String>,
    /// Whether the model was told that it may think before it acts; none for agents without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<Think>,
    /// The settings with which the model was asked; none for agents without a model, and in older summaries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The assistance for unusable replies; none for agents without a model.
    pub assist: Option<String>,
    /// The model that answered, if the endpoint gives another name than the one that was asked for.
    pub answered_by: Option<String>,
    /// The scores by task.
    pub tasks: BTreeMap<TaskId, TaskScore>,
    /// The mean of the task scores; none if a task has no score.
    pub overall: Option<f64>,
    /// The 95 % interval of `overall` for other incidents of the same kind; none if too few scenarios have scores. It has six
    /// decimals.
    pub overall_ci95: Option<[f64; 2]>,
    /// The lowest and the highest score of a scenario, where too few have scores for an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall_range: Option<[f64; 2]>,
    /// The place of `overall` between the heuristic (0) and the oracle (1), over the scenarios for which all three have
    /// a score; none if one of the two does not play, or the oracle is less than 0.10 above the heuristic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// The overall score by the strict grader; none if it did not grade every episode.
    pub strict_overall: Option<f64>,
    /// The value of pass^k for all epochs; none with one epoch.
    pub pass_hat_k: Option<PassK>,
    /// How certain `overall` is, and how steadily episodes pass; none if there are too few scores for any estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<Reliability>,
    /// The digest of every step of the scored episodes, with the prefix `sha256:`. Rows with equal digests took the
    /// same steps. None without a score.
    #[serde(default)]
    pub trajectory_digest: Option<String>,
    /// The number of episodes that ended, including void ones.
    pub episodes: usize,
    /// The number of episodes that have no score because the infrastructure failed.
    pub void: usize,
    /// The number of episodes that did not end.
    pub unfinished: usize,
    /// The number of episodes that ended and are left out, because a limit stopped the run before every contestant had
    /// ended them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub set_aside: usize,
    /// The number of steps of the scored episodes.
    pub steps: usize,
    /// The number of these steps that the model chose itself.
    pub model_steps: usize,
    /// The number of these steps that the model chose after a message that said what was wrong.
    pub repaired_steps: usize,
    /// The number of these steps that the fallback chose instead of what the model proposed.
    pub override_steps: usize,
    /// The number of these steps that the fallback chose because the model proposed nothing readable.
    pub fallback_steps: usize,
    /// The number of these steps for which a reply of the model was wrong in some part, whoever chose in the end.
    pub problem_steps: usize,
    /// The number of replies in the scored episodes by which the model, or what guards it, refused to answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals: usize,
    /// The number of scored episodes whose agent was gone before the end. Their remaining steps counted as spent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_early: usize,
    /// The reason why the agent was gone in the first such episode by scenario and epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_message: Option<String>,
    /// The scored episodes that did not pass, by the kind of failure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<Failure, usize>,
    /// The measures of how the contestant worked, as far as the parts of its grades show it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conduct: Conduct,
    /// The scored episodes by the source of their last step, which is the step that decides the grade.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answered: BTreeMap<StepSource, Answered>,
    /// The number of pieces of evidence, and of the model's own messages, that were dropped to fit a context limit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped_evidence: usize,
    /// The number of model calls that succeeded.
    pub calls: usize,
    /// The number of model calls that failed after all retries.
    pub failed_calls: usize,
    /// The number of attempts that were repeated.
    pub retries: usize,
    /// The time in milliseconds that calls waited before attempts were repeated.
    #[serde(default, skip_serializing_if = "is_no_time")]
    pub waited_ms: u64,
    /// The tokens of all calls.
    pub usage: Usage,
    /// The tokens of the check before the run. They belong to no episode and are not part of `usage`.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub check_usage: Usage,
    /// The number of calls whose endpoint counted no tokens.
    pub calls_without_usage: usize,
    /// The cost of the calls in USD, including the check before the run; none if a price is not known.
    pub cost_usd: Option<f64>,
    /// The duration of calls; none without calls.
    pub latency_ms: Option<Latency>,
    /// The message of the first void episode by scenario and epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void_message: Option<String>,
    /// The void episodes by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub void_reasons: BTreeMap<String, usize>,
}

/// The episodes whose last step was chosen by the same source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The number of these episodes.
    pub episodes: usize,
    /// The mean of their scores.
    pub mean: f64,
}

/// The score of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskScore {
    /// The mean over scenarios; none if no scenario has a score.
    pub mean: Option<f64>,
    /// The 95 % interval of the mean over scenarios; none for fewer than four scenarios.
    pub ci95: Option<[f64; 2]>,
    /// The lowest and the highest score of a scenario, where there is no interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// The place of the mean between the heuristic (0) and the oracle (1), as in [`Row::relative`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// The scores by the group of the fault's mechanism, such as `change` or `overload`, or `no fault` for false alarms.
    /// It has only the scenarios whose grade names the mechanism: root causes and repairs of simulated worlds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupScore>,
    /// The scores by scenario.
    pub scenarios: BTreeMap<String, ScenarioScore>,
}

/// The score of the scenarios of a task whose faults have mechanisms of one group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroupScore {
    /// The number of scenarios that have a score.
    pub scenarios: usize,
    /// The mean over these scenarios.
    pub mean: f64,
    /// The place of the mean between the heuristic (0) and the oracle (1); none as in [`Row::relative`], and also if the
    /// three do not have scores for the same number of scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
}

/// The score of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioScore {
    /// The mean over the epochs that have a score.
    pub mean: Option<f64>,
    /// The scores by epoch; none for an epoch without a score.
    pub epochs: Vec<Option<f64>>,
    /// The reasons why epochs are void, by epoch from 0. An epoch with neither a score nor a reason did not end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub void: BTreeMap<u32, String>,
}

/// The value of pass^k over the scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PassK {
    /// The number of epochs, all of which must pass.
    pub k: u32,
    /// The score from which an episode counts as passed.
    pub threshold: f64,
    /// The mean over scenarios.
    pub value: f64,
}

/// Quantiles of the duration of calls in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The median of the durations.
    pub p50: f64,
    /// The 99th percentile of the durations.
    pub p99: f64,
}

impl ScenarioScore {
    /// The mean of the epochs that have a score, before rounding.
    pub(super) fn exact_mean(&self) -> Option<f64> {
        let scored: Vec<_> = self.epochs.iter().flatten().copied().collect();
        mean::mean(&scored)
    }
}

impl Summary {
    /// The rows that a gate judges: the contestants that are being measured. The built-in agents beside them are there
    /// for comparison, so they are judged only if nothing is being measured.
    pub fn judged(&self) -> impl Iterator<Item = &Row> {
        let any_measured = self.rows.iter().any(Row::is_measured);
        self.rows.iter().filter(move |row| row.is_measured() == any_measured)
    }
}

impl Row {
    /// Whether the contestant is being measured, as opposed to the built-in agents that are there for comparison.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.protocol.is_some()
    }

    /// Whether the contestant is a program or a client of the user. These may call models of their own, or none.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.agent == exec::NAME || self.agent == CLIENT
    }

    /// The share of steps that the model chose itself, from 0 to 1; none for built-in agents and without steps.
    #[must_use]
    pub fn model_share(&self) -> Option<f64> {
        self.protocol.as_ref()?;
        #[expect(clippy::cast_precision_loss, reason = "counts of steps are small")]
        let share = self.model_steps as f64 / self.steps as f64;
        (self.steps > 0).then_some(share)
    }

    /// Whether the model was told that it may think before it acts.
    #[must_use]
    pub fn may_think(&self) -> bool {
        self.think == Some(Think::On)
    }

    /// Whether the contestant is the built-in agent that acts at random.
    #[must_use]
    pub fn is_by_chance(&self) -> bool {
        self.agent == Builtin::Random.as_str()
    }

    /// The share of root causes of simulated incidents whose service is right, from 0 to 1; none if there are none.
    #[must_use]
    pub fn cause_right(&self) -> Option<f64> {
        self.conduct.get(CAUSE_RIGHT).map(|measure| measure.value)
    }

    /// The mean score of a task.
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
