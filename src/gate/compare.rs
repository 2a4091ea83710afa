//! The comparison of two runs, contestant by contestant and task by task. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::env::TaskId;
use crate::log::summary::PASS_THRESHOLD;
use crate::log::{EpisodeKey, Event, EventKind, Row, Summary};
use crate::stats::gate::{Criteria, Judgement, Pair, Verdict, judge};

/// The schema of a comparison.
pub const SCHEMA: &str = "incident-bench/compare/1";

/// The scope of all tasks.
const OVERALL: &str = "overall";

/// What is tolerated.
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

/// Why two runs cannot be compared: they are not the same measurement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runs have different {what}: {base} and {new}")]
pub struct Drift {
    /// Suite, prompts or graders.
    pub what: &'static str,
    /// In the base.
    pub base: String,
    /// In the new run.
    pub new: String,
}

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// The id of the base.
    pub base_run: String,
    /// The id of the new run.
    pub new_run: String,
    /// The drop that is tolerated.
    pub margin: f64,
    /// The error of each one-sided bound.
    pub alpha: f64,
    /// For each contestant that both runs have: overall, then each task.
    pub rows: Vec<CompareRow>,
    /// Contestants of one run only, and other things that a reader must know.
    pub notes: Vec<String>,
}

/// One contestant in one scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareRow {
    /// The contestant.
    pub model: String,
    /// `overall`, or a task.
    pub scope: String,
    /// The scores of both runs, the errors of their difference, and the verdict.
    // Flattening is for the JSON, which has one object a row; nothing reads a row back.
    #[serde(flatten)]
    pub judged: Judgement,
    /// Whether the verdict is by equality of trajectories and not by statistics.
    pub exact: bool,
    /// Whether the contestant is the one that plays by chance.
    #[serde(skip)]
    pub by_chance: bool,
    /// The scenarios whose score is another one.
    pub changed: Vec<Changed>,
}

/// A scenario whose score is another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The scenario.
    pub scenario: String,
    /// Its mean in the base.
    pub base: f64,
    /// Its mean in the new run.
    pub new: f64,
    /// The chance that its pass rate fell, where that is almost sure.
    pub p_worse: Option<f64>,
    /// Where the trajectories part, where both are at hand.
    pub first_difference: Option<FirstDifference>,
}

/// The first step at which two plays of a scenario do not do the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstDifference {
    /// The epoch.
    pub epoch: u32,
    /// The step, from 1.
    pub step: u32,
    /// What the base did; none where it had ended.
    pub base: Option<String>,
    /// What the new run did; none where it had ended.
    pub new: Option<String>,
}

/// A run to compare: its summary, and its events where they are at hand.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The summary.
    pub summary: &'a Summary,
    /// The events; empty where only the summary is known.
    pub events: &'a [Event],
}

/// Compares two runs.
///
/// # Errors
/// Where suite, prompts or graders differ, unless that is allowed.
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
        let Some(before) = base.summary.rows.iter().find(|other| other.model == row.model) else {
            notes.push(format!("{} is not in the base", row.model));
            continue;
        };
        if before.protocol != row.protocol || before.assist != row.assist {
            notes.push(format!("{} was asked in another way", row.model));
        }
        let steps = (steps(base.events, &row.model), steps(new.events, &row.model));
        let same_draws = same_seed && base.summary.run.epochs == new.summary.run.epochs;
        rows.extend(Contest { before, after: row, rules, same_draws, steps: &steps }.rows(&mut notes));
    }
    for row in &base.summary.rows {
        if new.summary.rows.iter().all(|other| other.model != row.model) {
            notes.push(format!("{} is not in the new run", row.model));
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
    /// The verdict on all: regressed where any row is, whatever its scope. A task of few scenarios can seldom be decided
    /// alone, so only the `overall` rows can leave the whole undecided, and of these not the one that plays by chance where
    /// others play too: it stands there for scale.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let alone = self.rows.iter().all(|row| row.by_chance);
        let overall = || self.rows.iter().filter(|row| row.scope == OVERALL && (alone || !row.by_chance));
        if self.rows.iter().any(|row| row.judged.verdict == Verdict::Regressed && (alone || !row.by_chance)) {
            Verdict::Regressed
        } else if overall().any(|row| row.judged.verdict == Verdict::Inconclusive) || self.rows.is_empty() {
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
    .map(|(what, base, new, _)| Drift { what, base, new })
    .collect()
}

type Steps = BTreeMap<(String, u32), Vec<String>>;

/// What a contestant did, by scenario and epoch.
fn steps(events: &[Event], model: &str) -> Steps {
    let mut steps = Steps::new();
    for event in events {
        if let (EventKind::StepTaken(step), Some(EpisodeKey { model: of, scenario, epoch })) =
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
    /// Whether both runs have the same seed and epochs: a player by chance with others is another player.
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
                        self.after.model
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
        // A policy without a model does the same again; and what did the same in every step cannot have got worse.
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
            model: self.after.model.clone(),
            scope: scope.to_owned(),
            changed: changed.collect(),
            judged: Judgement { verdict, ..judged },
            exact,
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
