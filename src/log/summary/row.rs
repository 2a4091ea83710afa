//! Turns the counts of one contestant into its row of the summary. Pure.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::asked::Asked;
use super::shape::{Answered, GroupScore, Latency, PASS_THRESHOLD, PassK, Row, ScenarioScore, TaskScore};
use super::tally::{EpisodeTally, Tally};
use crate::agent::{Builtin, StepSource};
use crate::chat::ErrorKind;
use crate::log::Outcome;
use crate::log::conduct::{Conduct, conduct};
use crate::log::failure::{Facts, Failure, classify};
use crate::log::manifest::PlannedScenario;
use crate::log::reliability::{Cell, Reliability, reliability};
use crate::log::rounding::{round4, round6};
use crate::stats::mean;
use crate::stats::score_interval::ScoreInterval;
use incident_env::{Digest, TaskId, hex, mechanisms};

/// The scores of a contestant.
struct Scores {
    tasks: BTreeMap<TaskId, TaskScore>,
    overall: Option<f64>,
    interval: Option<ScoreInterval>,
    pass_hat_k: Option<PassK>,
    reliability: Option<Reliability>,
}

/// The steps of a contestant's scored episodes.
struct StepCounts {
    all: usize,
    by_model: usize,
    repaired: usize,
    overridden: usize,
    by_fallback: usize,
    with_problem: usize,
}

/// The void episodes of a contestant.
#[derive(Default)]
struct Voids {
    episodes: usize,
    /// The message of the first of them that has one.
    message: Option<String>,
    reasons: BTreeMap<String, usize>,
}

/// The reason why an outcome is void; none where it is not void.
fn void_reason(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Void(kind) => Some(kind.to_string()),
        Outcome::Crashed => Some("the harness failed".to_owned()),
        Outcome::Completed | Outcome::StepLimit | Outcome::GivenUp | Outcome::Cancelled => None,
    }
}

/// The group of a mechanism, or `no fault` for false alarms; none if the mechanism is not of the closed list.
fn group_of(mechanism: &str) -> Option<&'static str> {
    if mechanism == "none" {
        return Some("no fault");
    }
    mechanisms().iter().find(|known| known.id == mechanism).map(|known| known.group.as_str())
}

impl Tally {
    /// The scored episodes that did not pass, by the kind of failure.
    fn failures(&self) -> BTreeMap<Failure, usize> {
        let mut failures = BTreeMap::new();
        for episode in self.episodes.values() {
            let Some((outcome, Some(score))) = episode.finished else { continue };
            if score < PASS_THRESHOLD {
                let facts = Facts {
                    outcome,
                    steps: episode.steps,
                    problems: episode.problems,
                    refusals: episode.refused_steps.len(),
                    repeats: episode.repeats,
                    gone: episode.failed.as_ref().map(|(error, _)| *error),
                    grade: episode.grade.as_ref(),
                };
                *failures.entry(classify(&facts)).or_insert(0) += 1;
            }
        }
        failures
    }

    /// The scored episodes by the source of their last step; empty for a built-in agent, which always chooses itself.
    fn answered(&self) -> BTreeMap<StepSource, Answered> {
        let mut scores: BTreeMap<StepSource, Vec<f64>> = BTreeMap::new();
        for episode in self.episodes.values().filter(|_| self.contestant.is_measured()) {
            if let (Some((_, Some(score))), Some(source)) = (episode.finished, episode.last_source) {
                scores.entry(source).or_default().push(score);
            }
        }
        let answered =
            |scores: Vec<f64>| Answered { episodes: scores.len(), mean: mean::mean(&scores).map_or(0.0, round4) };
        scores.into_iter().map(|(source, scores)| (source, answered(scores))).collect()
    }

    /// Whether every epoch of a scenario comes out the same. The random agent is not deterministic: each epoch has a seed
    /// of its own.
    fn is_deterministic(&self) -> bool {
        !self.contestant.is_measured() && self.contestant.agent != Builtin::Random.to_string()
    }

    /// The digest of every step of the scored episodes; none where no episode has a score.
    fn trajectory_digest(&self) -> Option<String> {
        let mut all = Sha256::new();
        let mut any = false;
        for ((scenario, epoch), episode) in &self.episodes {
            if episode.is_scored() {
                any = true;
                all.update(format!("{scenario} {epoch} {}\n", hex(&episode.actions.clone().finalize())));
            }
        }
        any.then(|| Digest::from(all).to_string())
    }

    /// The overall score by the strict grader where another grader made the scores; none where a scored episode has no
    /// strict grade.
    fn strict_overall(&self, planned: &[PlannedScenario]) -> Option<f64> {
        let mut by_scenario: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ((scenario, _), episode) in &self.episodes {
            if episode.is_scored() {
                by_scenario.entry(scenario).or_default().push(episode.strict?);
            }
        }
        let mut tasks: BTreeMap<TaskId, Vec<f64>> = BTreeMap::new();
        for scenario in planned {
            let scores = by_scenario.get(scenario.id.as_str());
            tasks.entry(scenario.task).or_default().extend(scores.and_then(|scores| mean::mean(scores)));
        }
        let means: Option<Vec<_>> = tasks.values().map(|scores| mean::mean(scores)).collect();
        means.and_then(|means| mean::mean(&means)).map(round4)
    }

    /// The row of the contestant over all planned scenarios and epochs.
    pub(super) fn row(&self, planned: &[PlannedScenario], epochs: u32) -> Row {
        let scores = self.scores(planned, epochs);
        let steps = self.step_counts();
        let voids = self.voids();
        let (cost_usd, latency_ms) = (self.cost_usd(), self.latency());
        let ended = self.episodes.values().filter(|episode| episode.has_ended()).count();
        Row {
            contestant: self.contestant.label.clone(),
            agent: self.contestant.agent.clone(),
            protocol: self.protocol.clone(),
            asked: self.contestant.settings.as_ref().map(|settings| Asked::of(settings, &self.adjusted_later)),
            think: self.contestant.settings.as_ref().map(|settings| settings.think),
            assist: self.contestant.settings.as_ref().map(|settings| settings.assist.clone()),
            answered_by: self.answered_by.clone(),
            tasks: scores.tasks,
            overall: scores.overall,
            overall_ci95: ci95(scores.interval),
            overall_range: range(scores.interval),
            // It is known once all rows are there.
            relative: None,
            strict_overall: self.strict_overall(planned),
            pass_hat_k: scores.pass_hat_k,
            reliability: scores.reliability,
            trajectory_digest: self.trajectory_digest(),
            episodes: ended,
            void: voids.episodes,
            unfinished: self.episodes.len() - ended,
            set_aside: 0,
            steps: steps.all,
            model_steps: steps.by_model,
            repaired_steps: steps.repaired,
            override_steps: steps.overridden,
            fallback_steps: steps.by_fallback,
            problem_steps: steps.with_problem,
            refusals: self.scored().map(|episode| episode.refusals).sum(),
            left_early: self.gone().count(),
            left_message: self.gone().next().map(|(error, message)| format!("{error}: {message}")),
            failures: self.failures(),
            conduct: self.conduct(),
            answered: self.answered(),
            dropped_evidence: self.episodes.values().map(|episode| episode.dropped).sum(),
            calls: self.calls,
            failed_calls: self.failed_calls,
            retries: self.retries,
            waited_ms: self.waited_ms,
            usage: self.usage,
            check_usage: self.check_usage,
            calls_without_usage: self.calls_without_usage,
            cost_usd,
            latency_ms,
            void_message: voids.message,
            void_reasons: voids.reasons,
        }
    }

    /// The episodes that have a score.
    fn scored(&self) -> impl Iterator<Item = &EpisodeTally> {
        self.episodes.values().filter(|episode| episode.is_scored())
    }

    /// How the contestant worked in the scored episodes of each scenario.
    fn conduct(&self) -> Conduct {
        let graded = self.episodes.iter().filter(|(_, episode)| episode.is_scored());
        conduct(graded.filter_map(|((scenario, _), episode)| Some((scenario.as_str(), episode.grade.as_ref()?))))
    }

    /// The last fault of each scored episode whose agent was gone before its end.
    fn gone(&self) -> impl Iterator<Item = &(ErrorKind, String)> {
        self.scored().filter_map(|episode| episode.failed.as_ref())
    }

    /// The scores of the tasks and what follows from them.
    fn scores(&self, planned: &[PlannedScenario], epochs: u32) -> Scores {
        let mut tasks: BTreeMap<TaskId, TaskScore> = BTreeMap::new();
        for scenario in planned {
            let task = tasks.entry(scenario.task).or_default();
            task.scenarios.insert(scenario.id.clone(), self.scenario_score(&scenario.id, epochs));
        }
        let mut strata = Vec::new();
        for task in tasks.values_mut() {
            // From the exact scores, not from the rounded means.
            let means: Vec<_> = task.scenarios.values().filter_map(ScenarioScore::exact_mean).collect();
            task.mean = mean::mean(&means).map(round4);
            let interval = ScoreInterval::of(std::slice::from_ref(&means));
            (task.ci95, task.range) = (ci95(interval), range(interval));
            task.groups = self.groups(&task.scenarios);
            strata.push(means);
        }
        let reliability = reliability(&cells(&tasks), PASS_THRESHOLD, self.is_deterministic());
        let task_means: Option<Vec<_>> = strata.iter().map(|means| mean::mean(means)).collect();
        let pass_hat = reliability.as_ref().and_then(|found| found.pass_hat.last());
        Scores {
            overall: task_means.and_then(|means| mean::mean(&means)).map(round4),
            interval: ScoreInterval::of(&strata),
            pass_hat_k: pass_hat.map(|value| PassK { k: epochs, threshold: PASS_THRESHOLD, value: *value }),
            tasks,
            reliability,
        }
    }

    /// The scores of these scenarios by the group of the fault's mechanism.
    fn groups(&self, scenarios: &BTreeMap<String, ScenarioScore>) -> BTreeMap<String, GroupScore> {
        let mut scores: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (id, scenario) in scenarios {
            if let Some((group, score)) = self.group(id).zip(scenario.exact_mean()) {
                scores.entry(group.to_owned()).or_default().push(score);
            }
        }
        let group = |scores: &Vec<f64>| {
            let mean = mean::mean(scores).map(round4)?;
            Some(GroupScore { scenarios: scores.len(), mean, relative: None })
        };
        scores.into_iter().filter_map(|(name, scores)| Some((name, group(&scores)?))).collect()
    }

    /// The group of the mechanism of a scenario's fault, as a grade names it; none if no grade does.
    fn group(&self, scenario: &str) -> Option<&'static str> {
        let epochs = (scenario.to_owned(), 0)..=(scenario.to_owned(), u32::MAX);
        let grades = self.episodes.range(epochs).filter_map(|(_, episode)| episode.grade.as_ref());
        let mut named = grades.filter_map(|grade| grade["breakdown"]["correct_mechanism"].as_str());
        group_of(named.next()?)
    }

    /// The score of one scenario, with the reasons of its void epochs.
    fn scenario_score(&self, scenario: &str, epochs: u32) -> ScenarioScore {
        let finished = |epoch| self.episodes.get(&(scenario.to_owned(), epoch))?.finished;
        let score = |epoch| finished(epoch).and_then(|(outcome, score)| score.filter(|_| outcome.is_scored()));
        let by_epoch: Vec<_> = (0..epochs).map(score).collect();
        let scored: Vec<_> = by_epoch.iter().flatten().copied().collect();
        let reason = |epoch| void_reason(finished(epoch)?.0).map(|reason| (epoch, reason));
        let void = (0..epochs).filter_map(reason).collect();
        ScenarioScore { mean: mean::mean(&scored).map(round4), epochs: by_epoch, void }
    }

    /// The steps of the scored episodes, by the source that chose them.
    fn step_counts(&self) -> StepCounts {
        let by = |source| self.scored().filter_map(|episode| episode.by_source.get(&source)).sum();
        StepCounts {
            all: self.scored().map(|episode| episode.steps).sum(),
            by_model: by(StepSource::Model),
            repaired: by(StepSource::Repaired),
            overridden: by(StepSource::Override),
            by_fallback: by(StepSource::Fallback),
            with_problem: self.scored().map(|episode| episode.problems).sum(),
        }
    }

    /// Counts the void episodes and collects their reasons.
    fn voids(&self) -> Voids {
        let mut voids = Voids::default();
        for episode in self.episodes.values() {
            let Some((outcome, _)) = episode.finished else { continue };
            if let Some(reason) = void_reason(outcome) {
                *voids.reasons.entry(reason).or_insert(0) += 1;
            }
            if outcome.is_void() {
                voids.episodes += 1;
                voids.message = voids.message.or_else(|| episode.message.clone());
            }
        }
        voids
    }

    /// The cost of the calls of a model in USD, to a billionth of a dollar: the last bits of a sum depend on the order of
    /// the calls.
    fn cost_usd(&self) -> Option<f64> {
        let is_model = self.contestant.settings.is_some();
        self.cost.filter(|_| is_model && self.calls > 0).map(|cost| (cost * 1e9).round() / 1e9)
    }

    fn latency(&self) -> Option<Latency> {
        let mut latencies = self.latencies.clone();
        let (p50, p99) = (mean::quantile(&mut latencies, 0.5)?, mean::quantile(&mut latencies, 0.99)?);
        Some(Latency { p50, p99 })
    }
}

/// The interval of a score as it is kept.
fn ci95(interval: Option<ScoreInterval>) -> Option<[f64; 2]> {
    Some(interval?.ci95()?.map(round6))
}

/// The range of the scores of too few scenarios as it is kept.
fn range(interval: Option<ScoreInterval>) -> Option<[f64; 2]> {
    Some(interval?.range()?.map(round6))
}

/// The scenarios as the estimators of reliability take them.
fn cells(tasks: &BTreeMap<TaskId, TaskScore>) -> Vec<Cell> {
    let cell = |task: TaskId, scenario: &ScenarioScore| Cell {
        task,
        scores: scenario.epochs.iter().flatten().copied().collect(),
        void: scenario.void.len(),
        planned: scenario.epochs.len(),
    };
    tasks.iter().flat_map(|(task, score)| score.scenarios.values().map(move |one| cell(*task, one))).collect()
}
