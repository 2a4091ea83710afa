//! `summary.json`: what a run came to. Made from the event log by [`Fold`], and by nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::conduct::{Conduct, conduct};
use super::event::StepTaken;
use super::failure::{Facts, Failure, classify};
use super::manifest::{CLIENT, Contestant, PlannedScenario};
use super::reliability::{Cell, Reliability, reliability};
use super::{EpisodeKey, Event, EventKind, Manifest, Outcome, RunId};
use crate::agent::{Builtin, StepSource, exec};
use crate::chat::{ErrorKind, Retry, Usage};
use crate::env::{Signal, TaskId, hex};
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

/// Folds events into a summary; the order of events matters only within an episode.
#[derive(Debug, Clone)]
pub struct Fold {
    head: RunHead,
    scenarios: Vec<PlannedScenario>,
    tallies: Vec<Tally>,
    /// A shard: its contestants play different episodes by design.
    is_share: bool,
    /// The epochs that count, where the comparison with a baseline was decided by fewer than planned.
    decided_after: Option<u32>,
}

/// What is counted for one contestant.
#[derive(Debug, Clone)]
struct Tally {
    contestant: Contestant,
    protocol: Option<String>,
    answered_by: Option<String>,
    episodes: BTreeMap<(String, u32), EpisodeTally>,
    usage: Usage,
    check_usage: Usage,
    calls_without_usage: usize,
    calls: usize,
    failed_calls: usize,
    retries: usize,
    waited_ms: u64,
    cost: Option<f64>,
    latencies: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
struct EpisodeTally {
    finished: Option<(Outcome, Option<f64>)>,
    steps: usize,
    by_source: BTreeMap<u8, usize>,
    problems: usize,
    dropped: usize,
    message: Option<String>,
    actions: Sha256,
    repeats: usize,
    last_source: Option<StepSource>,
    grade: Option<Value>,
    /// The total of the strict grade, where that is another one.
    strict: Option<f64>,
    /// What the last call failed of, if it did. Upon a score, the agent was gone.
    failed: Option<(ErrorKind, String)>,
}

impl Fold {
    /// A fold for the run that a manifest describes.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        let head = RunHead {
            id: manifest.id.clone(),
            started_at: manifest.started_at,
            finished_at: None,
            bench_version: manifest.bench_version.clone(),
            suite: manifest.suite.clone(),
            suite_digest: manifest.suite_digest.clone(),
            prompts: manifest.prompts.clone(),
            prompts_digest: manifest.prompts_digest.clone(),
            graders: manifest.graders.clone(),
            epochs: manifest.epochs,
            planned_epochs: None,
            seed: manifest.seed,
            stopped_by: None,
            chaos: manifest.options["chaos"]["value"].as_str().map(str::to_owned),
        };
        let planned = |contestant: &Contestant| {
            let scenarios = manifest.scenarios.iter();
            let all = scenarios.flat_map(|scenario| (0..manifest.epochs).map(|epoch| (scenario.id.clone(), epoch)));
            let keys = all.filter(|(scenario, epoch)| {
                let key = EpisodeKey { model: contestant.label.clone(), scenario: scenario.clone(), epoch: *epoch };
                manifest.shard.is_none_or(|shard| shard.includes(&key))
            });
            Tally {
                protocol: protocol(contestant),
                contestant: contestant.clone(),
                answered_by: None,
                episodes: keys.map(|key| (key, EpisodeTally::default())).collect(),
                usage: Usage::default(),
                check_usage: Usage::default(),
                calls_without_usage: 0,
                calls: 0,
                failed_calls: 0,
                retries: 0,
                waited_ms: 0,
                cost: Some(0.0),
                latencies: Vec::new(),
            }
        };
        let tallies = manifest.contestants.iter().map(planned).collect();
        Self {
            head,
            scenarios: manifest.scenarios.clone(),
            tallies,
            is_share: manifest.shard.is_some(),
            decided_after: None,
        }
    }

    /// Takes one event into account.
    pub fn apply(&mut self, event: &Event) {
        match (&event.event, &event.episode) {
            (EventKind::BudgetSpent { option }, _) => self.head.stopped_by = Some(option.clone()),
            (EventKind::RunDecided { epochs }, _) => self.decided_after = Some(*epochs),
            (EventKind::RunResumed, _) => (self.head.stopped_by, self.decided_after) = (None, None),
            (EventKind::RunFinished, _) => self.head.finished_at = self.head.finished_at.max(Some(event.at)),
            (EventKind::EndpointChecked { model, protocol, answered_by, replies, cost_usd, .. }, _) => {
                if let Some(tally) = self.tally(model) {
                    tally.protocol = Some(protocol.clone());
                    tally.note_model(answered_by.as_deref());
                    for usage in replies.iter().filter_map(|reply| reply.usage) {
                        tally.check_usage += usage;
                    }
                    tally.cost = tally.cost.map(|sum| sum + cost_usd.unwrap_or(0.0));
                }
            }
            (kind, Some(key)) => {
                if let EventKind::EpisodeRegraded { grader, .. } = kind
                    && !self.head.graders.contains(grader)
                {
                    self.head.graders.push(grader.clone());
                }
                if let Some(tally) = self.tally(&key.model) {
                    tally.apply(kind, key);
                }
            }
            (_, None) => {}
        }
    }

    fn tally(&mut self, label: &str) -> Option<&mut Tally> {
        self.tallies.iter_mut().find(|tally| tally.contestant.label == label)
    }

    /// The summary of what was taken into account so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        if let Some(epochs) = self.decided_after.filter(|epochs| *epochs < self.head.epochs) {
            let mut whole = self.clone();
            whole.decided_after = None;
            whole.head = RunHead { epochs, planned_epochs: Some(self.head.epochs), ..whole.head };
            whole.tallies.iter_mut().for_each(|tally| tally.episodes.retain(|(_, epoch), _| *epoch < epochs));
            return whole.summary();
        }
        let common = self.head.stopped_by.as_ref().filter(|_| !self.is_share).map(|_| self.common());
        let row = |tally: &Tally| {
            let Some(common) = &common else { return tally.row(&self.scenarios, self.head.epochs) };
            let (fair, set_aside) = tally.only(common);
            let row = fair.row(&self.scenarios, self.head.epochs);
            Row { set_aside, unfinished: row.unfinished - set_aside, ..row }
        };
        // Where all grades are the strict grader's, so is the score.
        let is_strict = self.head.graders.iter().all(|grader| grader.starts_with("strict/"));
        let row = |tally: &Tally| {
            let row = row(tally);
            let strict_overall = if is_strict { row.overall } else { row.strict_overall };
            Row { strict_overall, ..row }
        };
        let rows = self.tallies.iter().map(row).collect();
        Summary { schema: SCHEMA.to_owned(), run: self.head.clone(), rows }
    }

    /// The episodes that every contestant has ended: what a run that stopped early can compare.
    fn common(&self) -> BTreeSet<(String, u32)> {
        let ended = |tally: &Tally| -> BTreeSet<_> {
            tally.episodes.iter().filter(|(_, episode)| episode.has_ended()).map(|(key, _)| key.clone()).collect()
        };
        let all = self.tallies.iter().map(ended);
        all.reduce(|common, one| common.intersection(&one).cloned().collect()).unwrap_or_default()
    }
}

/// How a contestant is asked; none for one that is not.
fn protocol(contestant: &Contestant) -> Option<String> {
    let of_model = contestant.settings.as_ref().map(|settings| settings.protocol.clone());
    let others = [exec::NAME, CLIENT].into_iter().find(|name| contestant.agent == *name);
    of_model.or_else(|| others.map(str::to_owned))
}

/// The total of a kept grade.
fn total(grade: Option<&Value>) -> Option<f64> {
    grade?.get("total")?.as_f64()
}

/// Why an outcome is void; none where it is not.
fn void_reason(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Void(kind) => Some(kind.to_string()),
        Outcome::Crashed => Some("the harness failed".to_owned()),
        Outcome::Completed | Outcome::StepLimit | Outcome::Cancelled => None,
    }
}

const fn slot(source: StepSource) -> u8 {
    match source {
        StepSource::Model => 0,
        StepSource::Repaired => 1,
        StepSource::Override => 2,
        StepSource::Fallback => 3,
        StepSource::Builtin => 4,
    }
}

impl Tally {
    /// The same with these episodes alone, and how many that ended are left out.
    fn only(&self, common: &BTreeSet<(String, u32)>) -> (Self, usize) {
        let mut fair = self.clone();
        let mut set_aside = 0;
        for (_, episode) in fair.episodes.iter_mut().filter(|(key, _)| !common.contains(key)) {
            set_aside += usize::from(std::mem::take(episode).has_ended());
        }
        (fair, set_aside)
    }

    fn note_retries(&mut self, retries: &[Retry]) {
        self.retries += retries.len();
        self.waited_ms += retries.iter().map(|retry| retry.delay_ms).sum::<u64>();
    }

    fn note_model(&mut self, answered_by: Option<&str>) {
        let name = self.contestant.settings.as_ref().map(|settings| settings.name.as_str());
        if let Some(model) = answered_by.filter(|model| Some(*model) != name) {
            self.answered_by = Some(model.to_owned());
        }
    }

    fn apply(&mut self, kind: &EventKind, key: &EpisodeKey) {
        let episode = self.episodes.entry((key.scenario.clone(), key.epoch)).or_default();
        match kind {
            EventKind::StepTaken(step) => episode.note(step),
            EventKind::EpisodeFinished { outcome, score, message, grade, strict, .. } => {
                episode.strict = total(strict.as_ref());
                episode.message.clone_from(message);
                episode.grade.clone_from(grade);
                episode.finished = Some((*outcome, score.map(crate::env::Points::to_f64)));
            }
            EventKind::EpisodeRegraded { score, grade, strict, .. } => {
                episode.strict = total(strict.as_ref());
                episode.grade = Some(grade.clone());
                if let Some((_, kept)) = &mut episode.finished {
                    *kept = Some(score.to_f64());
                }
            }
            EventKind::ModelCalled { reply, cost_usd, dropped_evidence, .. } => {
                episode.failed = None;
                episode.dropped = episode.dropped.max(*dropped_evidence);
                self.calls += 1;
                self.note_retries(&reply.retries);
                self.latencies.push(reply.latency_ms);
                match reply.usage {
                    Some(usage) => self.usage += usage,
                    None => self.calls_without_usage += 1,
                }
                self.cost = self.cost.zip(*cost_usd).map(|(sum, cost)| sum + cost);
                self.note_model(reply.model.as_deref());
            }
            EventKind::ModelFailed { error, message, retries, .. } => {
                episode.failed = Some((*error, message.clone()));
                self.failed_calls += 1;
                self.note_retries(retries);
            }
            _ => {}
        }
    }

    fn failures(&self) -> BTreeMap<Failure, usize> {
        let mut failures = BTreeMap::new();
        for episode in self.episodes.values() {
            let Some((outcome, Some(score))) = episode.finished else { continue };
            if score < PASS_THRESHOLD {
                let facts = Facts {
                    outcome,
                    steps: episode.steps,
                    problems: episode.problems,
                    repeats: episode.repeats,
                    gone: episode.failed.as_ref().map(|(error, _)| *error),
                    grade: episode.grade.as_ref(),
                };
                *failures.entry(classify(&facts)).or_insert(0) += 1;
            }
        }
        failures
    }

    /// For those that are measured only: a built-in agent answers always itself.
    fn answered(&self) -> BTreeMap<StepSource, Answered> {
        let mut scores: BTreeMap<StepSource, Vec<f64>> = BTreeMap::new();
        for episode in self.episodes.values().filter(|_| self.contestant.is_measured()) {
            if let (Some((_, Some(score))), Some(source)) = (episode.finished, episode.last_source) {
                scores.entry(source).or_default().push(score);
            }
        }
        let answered =
            |scores: Vec<f64>| Answered { episodes: scores.len(), mean: mean::mean(&scores).map_or(0.0, round) };
        scores.into_iter().map(|(source, scores)| (source, answered(scores))).collect()
    }

    /// Whether the same episode comes out the same in every epoch. A random agent has another seed in each.
    fn is_deterministic(&self) -> bool {
        !self.contestant.is_measured() && self.contestant.agent != Builtin::Random.to_string()
    }

    fn trajectory_digest(&self) -> Option<String> {
        let mut all = Sha256::new();
        let mut any = false;
        for ((scenario, epoch), episode) in &self.episodes {
            if episode.finished.is_some_and(|(outcome, _)| outcome.is_scored()) {
                any = true;
                all.update(format!("{scenario} {epoch} {}\n", hex(&episode.actions.clone().finalize())));
            }
        }
        any.then(|| format!("sha256:{}", hex(&all.finalize())))
    }

    /// The overall score by the strict grader that stands beside another one; none where an episode with a score has none of it.
    fn strict_overall(&self, planned: &[PlannedScenario]) -> Option<f64> {
        let mut by_scenario: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ((scenario, _), episode) in &self.episodes {
            if episode.finished.is_some_and(|(outcome, _)| outcome.is_scored()) {
                by_scenario.entry(scenario).or_default().push(episode.strict?);
            }
        }
        let mut tasks: BTreeMap<TaskId, Vec<f64>> = BTreeMap::new();
        for scenario in planned {
            let scores = by_scenario.get(scenario.id.as_str());
            tasks.entry(scenario.task).or_default().extend(scores.and_then(|scores| mean::mean(scores)));
        }
        let means: Option<Vec<_>> = tasks.values().map(|scores| mean::mean(scores)).collect();
        means.and_then(|means| mean::mean(&means)).map(round)
    }

    fn row(&self, planned: &[PlannedScenario], epochs: u32) -> Row {
        let score = |scenario: &str, epoch| {
            let (outcome, score) = self.episodes.get(&(scenario.to_owned(), epoch))?.finished?;
            score.filter(|_| outcome.is_scored())
        };
        let mut tasks: BTreeMap<TaskId, TaskScore> = BTreeMap::new();
        for scenario in planned {
            let by_epoch: Vec<_> = (0..epochs).map(|epoch| score(&scenario.id, epoch)).collect();
            let scored: Vec<_> = by_epoch.iter().flatten().copied().collect();
            let reason = |epoch| {
                let (outcome, _) = self.episodes.get(&(scenario.id.clone(), epoch))?.finished?;
                void_reason(outcome).map(|reason| (epoch, reason))
            };
            let void = (0..epochs).filter_map(reason).collect();
            let entry = ScenarioScore { mean: mean::mean(&scored).map(round), epochs: by_epoch, void };
            let task = tasks.entry(scenario.task).or_insert_with(|| TaskScore {
                mean: None,
                ci95: None,
                scenarios: BTreeMap::new(),
            });
            task.scenarios.insert(scenario.id.clone(), entry);
        }
        let mut strata = Vec::new();
        for task in tasks.values_mut() {
            // From the exact scores, not from the rounded means.
            let means: Vec<_> = task.scenarios.values().filter_map(ScenarioScore::exact_mean).collect();
            task.mean = mean::mean(&means).map(round);
            task.ci95 = mean::estimate(&means).map(|estimate| estimate.ci95.map(round));
            strata.push(means);
        }
        let reliability = reliability(&cells(&tasks), PASS_THRESHOLD, self.is_deterministic());
        let task_means: Option<Vec<_>> = strata.iter().map(|means| mean::mean(means)).collect();
        let finished = || self.episodes.values().filter_map(|episode| episode.finished);
        let scored = || {
            self.episodes.values().filter(|episode| episode.finished.is_some_and(|(outcome, _)| outcome.is_scored()))
        };
        let by_source = |source| scored().filter_map(|episode| episode.by_source.get(&slot(source))).sum();
        let gone = || scored().filter_map(|episode| episode.failed.as_ref());
        let mut void_reasons = BTreeMap::new();
        for reason in finished().filter_map(|(outcome, _)| void_reason(outcome)) {
            *void_reasons.entry(reason).or_insert(0) += 1;
        }
        let mut latencies = self.latencies.clone();
        let p50 = mean::quantile(&mut latencies, 0.5);
        let p99 = mean::quantile(&mut latencies, 0.99);
        let is_model = self.contestant.settings.is_some();
        Row {
            model: self.contestant.label.clone(),
            agent: self.contestant.agent.clone(),
            protocol: self.protocol.clone(),
            assist: self.contestant.settings.as_ref().map(|settings| settings.assist.clone()),
            answered_by: self.answered_by.clone(),
            overall: task_means.and_then(|means| mean::mean(&means)).map(round),
            overall_ci95: mean::stratified(&strata).map(|estimate| estimate.ci95.map(round)),
            strict_overall: self.strict_overall(planned),
            conduct: conduct(scored().filter_map(|episode| episode.grade.as_ref())),
            pass_hat_k: reliability.as_ref().and_then(|found| found.pass_hat.last()).map(|value| PassK {
                k: epochs,
                threshold: PASS_THRESHOLD,
                value: *value,
            }),
            reliability,
            tasks,
            trajectory_digest: self.trajectory_digest(),
            episodes: finished().filter(|(outcome, _)| *outcome != Outcome::Cancelled).count(),
            void: finished().filter(|(outcome, _)| outcome.is_void()).count(),
            set_aside: 0,
            unfinished: self.episodes.len() - finished().filter(|(outcome, _)| *outcome != Outcome::Cancelled).count(),
            steps: scored().map(|episode| episode.steps).sum(),
            model_steps: by_source(StepSource::Model),
            repaired_steps: by_source(StepSource::Repaired),
            override_steps: by_source(StepSource::Override),
            fallback_steps: by_source(StepSource::Fallback),
            problem_steps: scored().map(|episode| episode.problems).sum(),
            left_early: gone().count(),
            left_message: gone().next().map(|(error, message)| format!("{error}: {message}")),
            failures: self.failures(),
            answered: self.answered(),
            dropped_evidence: self.episodes.values().map(|episode| episode.dropped).sum(),
            calls: self.calls,
            failed_calls: self.failed_calls,
            retries: self.retries,
            waited_ms: self.waited_ms,
            usage: self.usage,
            check_usage: self.check_usage,
            calls_without_usage: self.calls_without_usage,
            // To a billionth of a dollar: the last bits of a sum depend on the order of the calls.
            cost_usd: self.cost.filter(|_| is_model && self.calls > 0).map(|cost| (cost * 1e9).round() / 1e9),
            latency_ms: p50.zip(p99).map(|(p50, p99)| Latency { p50, p99 }),
            void_message: {
                let void = |episode: &&EpisodeTally| episode.finished.is_some_and(|(outcome, _)| outcome.is_void());
                self.episodes.values().filter(void).find_map(|episode| episode.message.clone())
            },
            void_reasons,
        }
    }
}

/// What reliability is estimated from.
fn cells(tasks: &BTreeMap<TaskId, TaskScore>) -> Vec<Cell> {
    let cell = |task: TaskId, scenario: &ScenarioScore| Cell {
        task,
        scores: scenario.epochs.iter().flatten().copied().collect(),
        void: scenario.void.len(),
        planned: scenario.epochs.len(),
    };
    tasks.iter().flat_map(|(task, score)| score.scenarios.values().map(move |one| cell(*task, one))).collect()
}

impl EpisodeTally {
    /// Whether it was played to an end, be it a void one.
    fn has_ended(&self) -> bool {
        self.finished.is_some_and(|(outcome, _)| outcome != Outcome::Cancelled)
    }

    fn note(&mut self, step: &StepTaken) {
        self.steps += 1;
        *self.by_source.entry(slot(step.source)).or_insert(0) += 1;
        self.problems += usize::from(step.problem.is_some());
        self.repeats += usize::from(step.reason.contains(Signal::ExactRepeat.as_str()));
        self.last_source = Some(step.source);
        let parameters = serde_json::to_string(&step.parameters).unwrap_or_default();
        self.actions.update(format!("{} {} {parameters}\n", step.step, step.action_type));
    }
}

impl ScenarioScore {
    fn exact_mean(&self) -> Option<f64> {
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

/// Four decimals, as everywhere on the wire.
pub(super) fn round(value: f64) -> f64 {
    crate::env::Points::round(value).to_f64()
}
