//! Compares two runs, contestant by contestant and task by task. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gate::decision::{Criteria, Judgement, Pair, Verdict, judge};
use crate::log::summary::PASS_THRESHOLD;
use crate::log::{EpisodeKey, Event, EventKind, Row, Summary};
use incident_env::TaskId;

/// The name and version of the format of a comparison.
pub const SCHEMA: &str = "incident-bench/compare/1";

/// The scope that covers all tasks.
const OVERALL: &str = "overall";

/// The rules of the comparison: what is tolerated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The drop of a score that is tolerated.
    pub margin: f64,
    /// The error of each one-sided bound.
    pub alpha: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { margin: 0.02, alpha: 0.05 }
    }
}

/// The reason why two runs cannot be compared: they are not the same measurement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runs have different {what}: {base} and {new}")]
pub struct Drift {
    /// The part that differs: suite, prompts, graders, or how a contestant was asked.
    pub what: String,
    /// The value in the base.
    pub base: String,
    /// The value in the new run.
    pub new: String,
}

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The name and version of the format, which is [`SCHEMA`].
    pub schema: String,
    /// The id of the base run.
    pub base_run: String,
    /// The id of the new run.
    pub new_run: String,
    /// The drop of a score that is tolerated.
    pub margin: f64,
    /// The error of each one-sided bound.
    pub alpha: f64,
    /// The rows: for each contestant that both runs have, first the overall score and then each task.
    pub rows: Vec<CompareRow>,
    /// What a reader must know, such as contestants that only one run has.
    pub notes: Vec<String>,
}

/// The comparison of one contestant in one scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareRow {
    /// The label of the contestant.
    #[serde(rename = "model")]
    pub contestant: String,
    /// The scope: `overall`, or the name of a task.
    pub scope: String,
    /// The scores of both runs, the errors of their difference, and the verdict.
    // The row is flattened for the JSON, which has one object for each row. Nothing reads it back.
    #[serde(flatten)]
    pub judged: Judgement,
    /// Whether the verdict follows from equal trajectories and not from statistics.
    pub exact: bool,
    /// Whether the contestant is being measured, as opposed to the built-in agents.
    #[serde(skip)]
    pub is_measured: bool,
    /// Whether the contestant acts at random.
    #[serde(skip)]
    pub by_chance: bool,
    /// The scenarios whose score has changed.
    pub changed: Vec<Changed>,
}

/// A scenario whose score has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The id of the scenario.
    pub scenario: String,
    /// Its mean score in the base.
    pub base: f64,
    /// Its mean score in the new run.
    pub new: f64,
    /// The chance that its pass rate fell; none unless that is almost certain.
    pub p_worse: Option<f64>,
    /// The first step at which the trajectories differ, if both are known.
    pub first_difference: Option<FirstDifference>,
}

/// The first step at which two plays of a scenario differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstDifference {
    /// The number of the epoch, from 0.
    pub epoch: u32,
    /// The number of the step, from 1.
    pub step: u32,
    /// The action in the base; none if the episode had ended.
    pub base: Option<String>,
    /// The action in the new run; none if the episode had ended.
    pub new: Option<String>,
}

/// A run to compare: its summary, and its events if they are known.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The summary of the run.
    pub summary: &'a Summary,
    /// The events of the run; empty if only the summary is known.
    pub events: &'a [Event],
}

/// Compares a new run with a base.
///
/// # Errors
/// Fails if suite, prompts or graders differ, unless that is allowed.
pub fn compare(base: Side<'_>, new: Side<'_>, rules: Rules, allow_drift: bool) -> Result<Comparison, Drift> {
    let drifts = drifts(base.summary, new.summary);
    let mut notes = Vec::new();
    for drift in drifts {
        if !allow_drift {
            return Err(drift);
        }
        notes.push(format!("{drift}; the difference is not the agents' alone"));
    }
    let same_seed = base.summary.run.seed == new.summary.run.seed;
    if !same_seed {
        notes.push(format!("the runs have different seeds: {} and {}", base.summary.run.seed, new.summary.run.seed));
    }
    let mut rows = Vec::new();
    for row in &new.summary.rows {
        let Some(before) = base.summary.rows.iter().find(|other| other.contestant == row.contestant) else {
            notes.push(format!("{} is not in the base", row.contestant));
            continue;
        };
        if before.protocol != row.protocol || before.assist != row.assist {
            notes.push(format!("{} was asked in another way", row.contestant));
        }
        let steps = (steps(base.events, &row.contestant), steps(new.events, &row.contestant));
        let same_draws = same_seed && base.summary.run.epochs == new.summary.run.epochs;
        rows.extend(Contest { before, after: row, rules, same_draws, steps: &steps }.rows(&mut notes));
    }
    for row in &base.summary.rows {
        if new.summary.rows.iter().all(|other| other.contestant != row.contestant) {
            notes.push(format!("{} is not in the new run", row.contestant));
        }
    }
    Ok(Comparison {
        schema: SCHEMA.to_owned(),
        base_run: base.summary.run.id.to_string(),
        new_run: new.summary.run.id.to_string(),
        margin: rules.margin,
        alpha: rules.alpha,
        rows,
        notes,
    })
}

impl Comparison {
    /// The rows that count for the verdict. If anything is being measured, the built-in agents beside it do not count,
    /// because they are there only for scale. The one that acts at random counts only if there is no other.
    pub fn counting(&self) -> impl Iterator<Item = &CompareRow> {
        let any_measured = self.rows.iter().any(|row| row.is_measured);
        let alone = self.rows.iter().all(|row| row.by_chance);
        self.rows.iter().filter(move |row| if any_measured { row.is_measured } else { alone || !row.by_chance })
    }

    /// The verdict on the whole. It is a regression if any row that counts is one, whatever its scope. A task with few
    /// scenarios can seldom be decided alone, so only the `overall` rows can leave the whole inconclusive.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut overall = self.counting().filter(|row| row.scope == OVERALL);
        if self.counting().any(|row| row.judged.verdict == Verdict::Regressed) {
            Verdict::Regressed
        } else if overall.any(|row| row.judged.verdict == Verdict::Inconclusive) || self.rows.is_empty() {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }
}

fn drifts(base: &Summary, new: &Summary) -> Vec<Drift> {
    let (a, b) = (&base.run, &new.run);
    let any_model = base.rows.iter().chain(&new.rows).any(|row| row.protocol.is_some());
    let graders = (a.graders.join(", "), b.graders.join(", "));
    [
        ("suite", a.suite_digest.clone(), b.suite_digest.clone(), true),
        ("prompts", a.prompts_digest.clone(), b.prompts_digest.clone(), any_model),
        ("graders", graders.0, graders.1, true),
    ]
    .into_iter()
    .filter(|(_, base, new, matters)| *matters && base != new)
    .map(|(what, base, new, _)| Drift { what: what.to_owned(), base, new })
    .chain(asked_otherwise(base, new))
    .collect()
}

/// The differences between the requests to the contestants that both runs have. Older summaries do not say how a model
/// was asked.
fn asked_otherwise(base: &Summary, new: &Summary) -> Vec<Drift> {
    let mut drifts = Vec::new();
    for after in &new.rows {
        let Some(before) = base.rows.iter().find(|row| row.contestant == after.contestant) else { continue };
        let label = &after.contestant;
        if let Some((base, new)) = before.think.zip(after.think).filter(|(base, new)| base != new) {
            let what = format!("settings of {label} (think)");
            drifts.push(Drift { what, base: base.as_str().to_owned(), new: new.as_str().to_owned() });
        }
        let Some((base, new)) = before.asked.as_ref().zip(after.asked.as_ref()) else { continue };
        for ((what, base), (_, new)) in base.what_matters().into_iter().zip(new.what_matters()) {
            if base != new {
                drifts.push(Drift { what: format!("settings of {label} ({what})"), base, new });
            }
        }
    }
    drifts
}

type Steps = BTreeMap<(String, u32), Vec<String>>;

/// The actions of a contestant, by scenario and epoch.
fn steps(events: &[Event], model: &str) -> Steps {
    let mut steps = Steps::new();
    for event in events {
        if let (EventKind::StepTaken(step), Some(EpisodeKey { contestant: of, scenario, epoch })) =
            (&event.event, &event.episode)
            && of == model
        {
            let parameters = serde_json::to_string(&step.parameters).unwrap_or_default();
            let action = format!("{} {parameters}", step.action_type);
            steps.entry((scenario.clone(), *epoch)).or_default().push(action);
        }
    }
    steps
}

/// One contestant before and after.
struct Contest<'a> {
    before: &'a Row,
    after: &'a Row,
    rules: Rules,
    /// Whether both runs have the same seed and epochs. With another seed, the contestant that acts at random is
    /// another player.
    same_draws: bool,
    steps: &'a (Steps, Steps),
}

impl Contest<'_> {
    fn rows(&self, notes: &mut Vec<String>) -> Vec<CompareRow> {
        let mut names = Vec::new();
        let mut pairs: Vec<Pair<TaskId>> = Vec::new();
        for (task, after) in &self.after.tasks {
            for (scenario, new) in &after.scenarios {
                let base = self.before.tasks.get(task).and_then(|task| task.scenarios.get(scenario));
                let scores = |epochs: &[Option<f64>]| epochs.iter().flatten().copied().collect::<Vec<_>>();
                let (base, new) = (base.map(|base| scores(&base.epochs)).unwrap_or_default(), scores(&new.epochs));
                if base.is_empty() || new.is_empty() {
                    notes.push(format!(
                        "{}: {scenario} has no score in one of the runs and is left out",
                        self.after.contestant
                    ));
                    continue;
                }
                names.push(scenario.clone());
                pairs.push(Pair { task: *task, base, new });
            }
        }
        let mut rows: Vec<_> = self.row(OVERALL, &names, &pairs).into_iter().collect();
        for task in TaskId::ALL {
            let of_task = |pair: &&(&String, &Pair<TaskId>)| pair.1.task == task;
            let chosen: Vec<_> = names.iter().zip(&pairs).collect();
            let (names, pairs): (Vec<_>, Vec<_>) =
                chosen.iter().filter(of_task).map(|(name, pair)| ((*name).clone(), (*pair).clone())).unzip();
            rows.extend(self.row(task.as_str(), &names, &pairs));
        }
        rows
    }

    fn row(&self, scope: &str, names: &[String], pairs: &[Pair<TaskId>]) -> Option<CompareRow> {
        let Rules { margin, alpha } = self.rules;
        let judged = judge(pairs, &Criteria { margin, alpha, pass_threshold: PASS_THRESHOLD })?;
        // A policy without a model does the same again, and a contestant that took the same steps cannot have got
        // worse.
        let same =
            self.before.trajectory_digest.is_some() && self.before.trajectory_digest == self.after.trajectory_digest;
        let by_chance = self.after.is_by_chance();
        let exact = same || (!self.after.is_measured() && (!by_chance || self.same_draws));
        let verdict = match (exact, judged.verdict) {
            (true, _) if same || judged.delta >= 0.0 => Verdict::Pass,
            (true, _) => Verdict::Regressed,
            (false, verdict) => verdict,
        };
        let mean = |scores: &[f64]| crate::stats::mean::mean(scores).unwrap_or_default();
        let changed = names.iter().zip(pairs).enumerate().filter_map(|(index, (scenario, pair))| {
            let (base, new) = (mean(&pair.base), mean(&pair.new));
            let p_worse = judged.moved.iter().find(|moved| moved.scenario == index).map(|moved| moved.p_worse);
            let is_changed = (base - new).abs() > 1e-12;
            is_changed.then(|| Changed {
                scenario: scenario.clone(),
                base,
                new,
                p_worse,
                first_difference: self.first_difference(scenario),
            })
        });
        Some(CompareRow {
            contestant: self.after.contestant.clone(),
            scope: scope.to_owned(),
            changed: changed.collect(),
            judged: Judgement { verdict, ..judged },
            exact,
            is_measured: self.after.is_measured(),
            by_chance,
        })
    }

    fn first_difference(&self, scenario: &str) -> Option<FirstDifference> {
        let (base, new) = self.steps;
        base.iter().filter(|((of, _), _)| of == scenario).find_map(|(key, before)| {
            let after = new.get(key)?;
            let longest = before.len().max(after.len());
            let step = (0..longest).find(|step| before.get(*step) != after.get(*step))?;
            Some(FirstDifference {
                epoch: key.1,
                step: u32::try_from(step + 1).unwrap_or(u32::MAX),
                base: before.get(step).cloned(),
                new: after.get(step).cloned(),
            })
        })
    }
}
