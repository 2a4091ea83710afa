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
