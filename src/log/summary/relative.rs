//! The place of a score between two programs that play beside it: 0 is the heuristic, 1 is the oracle. Pure.

use std::collections::BTreeMap;

use super::shape::{Row, TaskScore};
use crate::agent::Builtin;
use crate::log::rounding::round4;
use crate::stats::mean;
use incident_env::TaskId;

/// The least distance from the heuristic to the oracle. Over a smaller one the place of a score is mostly noise.
const LEAST_DISTANCE: f64 = 0.10;

/// The score of a contestant beside those of the two programs for the same scenarios.
#[derive(Debug, Clone, Copy)]
struct Beside {
    score: f64,
    heuristic: f64,
    oracle: f64,
}

impl Beside {
    /// The place of the score; none if the oracle is too little above the heuristic.
    fn relative(self) -> Option<f64> {
        let distance = self.oracle - self.heuristic;
        // The difference of two decimals such as 1.0 and 0.9 is not exact.
        (round4(distance) >= LEAST_DISTANCE).then(|| round4((self.score - self.heuristic) / distance))
    }

    /// The mean of each of the three scores; none of nothing.
    fn mean(all: &[Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> f64| mean::mean(&all.iter().map(of).collect::<Vec<_>>());
        Some(Self {
            score: mean(|one| one.score)?,
            heuristic: mean(|one| one.heuristic)?,
            oracle: mean(|one| one.oracle)?,
        })
    }

    /// The means over the scenarios of a task for which all three have a score; none if there is no such scenario.
    fn of_task(task: &TaskScore, heuristic: &TaskScore, oracle: &TaskScore) -> Option<Self> {
        let shared = task.scenarios.iter().filter_map(|(id, scenario)| {
            let score = |of: &TaskScore| of.scenarios.get(id)?.exact_mean();
            Some(Self { score: scenario.exact_mean()?, heuristic: score(heuristic)?, oracle: score(oracle)? })
        });
        Self::mean(&shared.collect::<Vec<_>>())
    }
}

/// Sets the place of each row between the heuristic and the oracle, overall, by task and by group of mechanisms.
pub(in crate::log) fn relate(rows: &mut [Row]) {
    let tasks_of = |agent: Builtin| rows.iter().find(|row| row.agent == agent.as_str()).map(|row| row.tasks.clone());
    let programs = tasks_of(Builtin::Heuristic).zip(tasks_of(Builtin::Oracle));
    let of = |task: TaskId| -> Option<(&TaskScore, &TaskScore)> {
        let (heuristic, oracle) = programs.as_ref()?;
        heuristic.get(&task).zip(oracle.get(&task))
    };
    for row in rows {
        let beside: BTreeMap<_, _> = row
            .tasks
            .iter()
            .map(|(task, score)| {
                let beside = of(*task).and_then(|(heuristic, oracle)| Beside::of_task(score, heuristic, oracle));
                (*task, beside)
            })
            .collect();
        let all: Option<Vec<_>> = beside.values().copied().collect();
        row.relative = all.and_then(|all| Beside::mean(&all)?.relative());
        for (task, score) in &mut row.tasks {
            score.relative = beside.get(task).copied().flatten().and_then(Beside::relative);
            for (name, group) in &mut score.groups {
                group.relative = of(*task).and_then(|(heuristic, oracle)| {
                    let (heuristic, oracle) = heuristic.groups.get(name).zip(oracle.groups.get(name))?;
                    let same = [heuristic, oracle].iter().all(|other| other.scenarios == group.scenarios);
                    let beside = Beside { score: group.mean, heuristic: heuristic.mean, oracle: oracle.mean };
                    same.then_some(beside)?.relative()
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::shape::GroupScore;
    use super::*;
    use TaskId::{AlertClassification as Severity, RootCauseAnalysis as Cause};

    /// A row of an agent with these scores of scenarios by task. The scenarios of a task are numbered.
    fn row(agent: &str, tasks: &[(TaskId, &[Option<f64>])]) -> Row {
        let scenario =
            |(number, score): (usize, &Option<f64>)| (number.to_string(), json!({"mean": score, "epochs": [score]}));
        let task = |(task, scores): &(TaskId, &[Option<f64>])| {
            let scenarios: serde_json::Map<_, _> = scores.iter().enumerate().map(scenario).collect();
            (task.to_string(), json!({"mean": null, "ci95": null, "scenarios": scenarios}))
        };
        let tasks: serde_json::Map<_, _> = tasks.iter().map(task).collect();
        let mut row = json!({"model": agent, "agent": agent, "tasks": tasks, "usage": {
            "prompt_tokens": 0, "cached_tokens": 0, "completion_tokens": 0, "reasoning_tokens": 0}});
        for key in ["episodes", "void", "unfinished", "steps", "model_steps", "repaired_steps", "override_steps"] {
            row[key] = json!(0);
        }
        for key in ["fallback_steps", "problem_steps", "calls", "failed_calls", "retries", "calls_without_usage"] {
            row[key] = json!(0);
        }
        row["relative"] = Value::Null;
        serde_json::from_value(row).unwrap()
    }

    fn related<const N: usize>(mut rows: [Row; N]) -> [Row; N] {
        relate(&mut rows);
        rows
    }

    #[test]
    fn the_programs_are_the_ends_of_the_scale() {
        let scores: [(&str, f64, f64); 5] = [
            ("llm", 0.5, 0.9),
            ("random", 0.0, 0.2),
            ("greedy", 0.3, 0.4),
            ("heuristic", 0.4, 0.6),
            ("oracle", 1.0, 1.0),
        ];
        let rows = scores
            .map(|(agent, severity, cause)| row(agent, &[(Severity, &[Some(severity)]), (Cause, &[Some(cause)])]));
        let found = related(rows).map(|row| (row.relative, row.tasks[&Severity].relative, row.tasks[&Cause].relative));
        // The means of both tasks are 0.7, 0.1, 0.35, 0.5 and 1.
        let expected =
            [(0.4, 0.1667, 0.75), (-0.8, -0.6667, -1.0), (-0.3, -0.1667, -0.5), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)];
        assert_eq!(found, expected.map(|(overall, severity, cause)| (Some(overall), Some(severity), Some(cause))));
    }

    #[test]
    fn there_is_no_place_without_a_scale() {
        let one = |agent: &str, score: f64| row(agent, &[(Severity, &[Some(score)])]);
        for other in ["greedy", "oracle", "heuristic"] {
            let [row, _] = related([one("llm", 0.5), one(other, 1.0)]);
            assert_eq!(row.relative, None, "only {other} plays beside it");
        }
        for (heuristic, expected) in [(0.9, Some(-4.0)), (0.9001, None), (1.0, None)] {
            let [row, ..] = related([one("llm", 0.5), one("heuristic", heuristic), one("oracle", 1.0)]);
            assert_eq!((row.relative, row.tasks[&Severity].relative), (expected, expected), "{heuristic}");
        }
    }

    #[test]
    fn a_task_without_a_scale_counts_overall() {
        let both = |agent: &str, severity: f64, cause: f64| {
            row(agent, &[(Severity, &[Some(severity)]), (Cause, &[Some(cause)])])
        };
        let [row, ..] = related([both("llm", 0.5, 0.6), both("heuristic", 0.95, 0.45), both("oracle", 1.0, 1.0)]);
        assert_eq!((row.tasks[&Severity].relative, row.relative), (None, Some(-0.5)));
    }

    #[test]
    fn only_scenarios_that_all_three_have_played_count() {
        let rows = [
            row("llm", &[(Severity, &[Some(0.5), None, Some(1.0)])]),
            row("heuristic", &[(Severity, &[Some(0.0), Some(0.0), None])]),
            row("oracle", &[(Severity, &[Some(1.0), Some(1.0), Some(1.0)])]),
        ];
        assert_eq!(related(rows)[0].relative, Some(0.5));
        let apart = [
            row("llm", &[(Severity, &[None, Some(1.0)]), (Cause, &[Some(1.0)])]),
            row("heuristic", &[(Severity, &[Some(0.0), None]), (Cause, &[Some(0.0)])]),
            row("oracle", &[(Severity, &[Some(1.0), Some(1.0)]), (Cause, &[Some(1.0)])]),
        ];
        let [row, ..] = related(apart);
        assert_eq!((row.relative, row.tasks[&Cause].relative), (None, Some(1.0)), "a task is not known");
    }

    #[test]
    fn groups_have_places_of_their_own() {
        let with = |agent: &str, groups: &[(&str, usize, f64)]| {
            let mut row = row(agent, &[(Cause, &[Some(0.5)])]);
            let group = |(name, scenarios, mean): &(&str, usize, f64)| {
                ((*name).to_owned(), GroupScore { scenarios: *scenarios, mean: *mean, relative: None })
            };
            row.tasks.entry(Cause).or_default().groups = groups.iter().map(group).collect();
            row
        };
        let [row, ..] = related([
            with("llm", &[("change", 2, 0.5), ("network", 1, 0.5), ("store", 3, 0.5), ("overload", 1, 0.5)]),
            with("heuristic", &[("change", 2, 0.25), ("network", 1, 0.95), ("store", 4, 0.0)]),
            with("oracle", &[("change", 2, 0.75), ("network", 1, 1.0), ("store", 4, 1.0), ("overload", 1, 1.0)]),
        ]);
        let places: Vec<_> = row.tasks[&Cause].groups.iter().map(|(name, one)| (name.as_str(), one.relative)).collect();
        assert_eq!(places, [("change", Some(0.5)), ("network", None), ("overload", None), ("store", None)]);
    }
}
