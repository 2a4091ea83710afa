//! Reliability: how certain a score is, and how steadily it is reached. These are the numbers that accompany a mean.
//! Pure.

use serde::{Deserialize, Serialize};

use super::rounding::{round4, round6};
use crate::stats::epochs::{Constant, flip_rate, icc, se_fixed, task_weights};
use crate::stats::proportion::Clustered;
use crate::stats::{mean, passk};
use incident_env::TaskId;

/// How certain the overall score of a row is. Values have four decimals, and a value that cannot be estimated is
/// missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reliability {
    /// The standard error for *other incidents of the same kind*, from the spread over scenarios with the tasks as
    /// fixed strata. Leaderboards use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se_general: Option<f64>,
    /// The standard error for *the same scenarios played again*, from the spread over epochs. Gates use it. It needs at
    /// least two epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se_fixed: Option<f64>,
    /// The rate at which episodes pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_rate: Option<PassRate>,
    /// The values of pass@1, pass@2 … pass@K over scenarios of which all epochs have a score. They need at least two
    /// epochs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_at: Vec<f64>,
    /// The values of pass^1, pass^2 … pass^K over the same scenarios.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_hat: Vec<f64>,
    /// The share of scenarios that both pass and fail among their epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip_rate: Option<f64>,
    /// The intraclass correlation ICC(1). It is near 1 if the epochs of a scenario agree, and near 0 if they differ as
    /// much as scenarios do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icc: Option<f64>,
    /// The overall score if every void episode counted as 0. Together with `overall` it brackets the true score. It is
    /// present only if episodes are void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall_void_as_zero: Option<f64>,
}

/// The rate at which episodes pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PassRate {
    /// The score from which an episode counts as passed.
    pub threshold: f64,
    /// The mean over scenarios of the share of their epochs that pass.
    pub value: f64,
    /// The number of independent episodes that carry as much information.
    pub effective_n: f64,
    /// The 95 % interval of Wilson with `effective_n` episodes and t of one less than the number of scenarios.
    pub wilson95: [f64; 2],
}

/// The results of the epochs of one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The task of the scenario.
    pub task: TaskId,
    /// The scores of the epochs that have one.
    pub scores: Vec<f64>,
    /// The number of void epochs.
    pub void: usize,
    /// The number of planned epochs.
    pub planned: usize,
}

/// Computes the numbers of a row from the results of its scenarios; none if nothing has a score.
///
/// A policy that is known to be `deterministic` has no error on the same scenarios. For any other policy, scenarios
/// with the same score in every epoch do not count as certain if they would leave no error at all: the posterior
/// variance of their pass rate is used instead (see [`Constant::Posterior`]).
#[must_use]
pub fn reliability(cells: &[Cell], threshold: f64, deterministic: bool) -> Option<Reliability> {
    let scored: Vec<_> = cells.iter().filter(|cell| !cell.scores.is_empty()).collect();
    if scored.is_empty() {
        return None;
    }
    let by_epoch: Vec<_> = scored.iter().map(|cell| cell.scores.clone()).collect();
    let mut found = Reliability {
        se_general: general_error(cells).map(round4),
        pass_rate: pass_rate(&scored, threshold),
        flip_rate: flip_rate(&by_epoch, threshold).map(round4),
        icc: icc(&by_epoch).map(round4),
        ..Reliability::default()
    };
    // If a task has no score, there is no overall score that could have an error.
    if overall(cells, |cell| mean::mean(&cell.scores)).is_some() {
        let weights = task_weights(&scored.iter().map(|cell| cell.task).collect::<Vec<_>>());
        let error = |constant| se_fixed(&by_epoch, &weights, constant);
        let se = match error(Constant::Zero) {
            Some(se) if se <= 0.0 && !deterministic => error(Constant::Posterior),
            se => se,
        };
        found.se_fixed = se.map(round4);
    }
    if cells.iter().any(|cell| cell.void > 0) {
        let with_zeros = |cell: &Cell| {
            let zeros = std::iter::repeat_n(0.0, cell.void);
            mean::mean(&cell.scores.iter().copied().chain(zeros).collect::<Vec<_>>())
        };
        found.overall_void_as_zero = overall(cells, with_zeros).map(round4);
    }
    (found.pass_at, found.pass_hat) = repeated(cells, threshold);
    (found != Reliability::default()).then_some(found)
}

/// The values of the scenarios, grouped by task.
fn strata(cells: &[Cell], value: impl Fn(&Cell) -> Option<f64>) -> Vec<Vec<f64>> {
    let mut tasks: Vec<_> = cells.iter().map(|cell| cell.task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let of_task = |task| cells.iter().filter(|cell| cell.task == task).filter_map(&value).collect();
    tasks.into_iter().map(of_task).collect()
}

fn overall(cells: &[Cell], value: impl Fn(&Cell) -> Option<f64>) -> Option<f64> {
    let means: Option<Vec<_>> = strata(cells, value).iter().map(|values| mean::mean(values)).collect();
    mean::mean(&means?)
}

fn general_error(cells: &[Cell]) -> Option<f64> {
    mean::stratified(&strata(cells, |cell| mean::mean(&cell.scores))).map(|estimate| estimate.se)
}

fn passes(scores: &[f64], threshold: f64) -> u32 {
    scores.iter().map(|score| u32::from(*score >= threshold)).sum()
}

fn pass_rate(scored: &[&Cell], threshold: f64) -> Option<PassRate> {
    let rate = |cell: &&Cell| {
        let epochs = u32::try_from(cell.scores.len()).ok()?;
        Some(f64::from(passes(&cell.scores, threshold)) / f64::from(epochs))
    };
    let rates: Vec<_> = scored.iter().map(rate).collect::<Option<_>>()?;
    let epochs = scored.iter().map(|cell| cell.scores.len()).max()?;
    let found = Clustered::mean_of(&rates, epochs)?;
    Some(PassRate {
        threshold,
        value: round6(found.share),
        effective_n: round6(found.effective_n),
        wilson95: found.ci95.map(round6),
    })
}

/// Computes pass@k and pass^k for every k up to the number of epochs; nothing with one epoch.
fn repeated(cells: &[Cell], threshold: f64) -> (Vec<f64>, Vec<f64>) {
    let whole: Vec<_> = cells.iter().filter(|cell| cell.planned > 1 && cell.scores.len() == cell.planned).collect();
    let epochs = whole.iter().map(|cell| cell.planned).max().and_then(|epochs| u32::try_from(epochs).ok()).unwrap_or(0);
    let over = |estimator: fn(u32, u32, u32) -> Option<f64>| {
        let of = |k| {
            let values: Option<Vec<_>> =
                whole.iter().map(|cell| estimator(k, passes(&cell.scores, threshold), epochs)).collect();
            mean::mean(&values?).map(round4)
        };
        (1..=epochs).filter_map(of).collect()
    };
    (over(passk::pass_at), over(passk::pass_hat))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{A, cells as vector, near, near_both};

    /// The worked example as one stratum, so that its formulas hold without weights.
    fn of_vector() -> Vec<Cell> {
        let cell = |scores: Vec<f64>| Cell { task: TaskId::RemediationPlanning, scores, void: 0, planned: 4 };
        vector(A).into_iter().map(cell).collect()
    }

    #[test]
    fn worked_example() {
        let found = reliability(&of_vector(), 0.8, false).unwrap();
        near(found.se_general, 0.1318, 1e-9);
        near(found.se_fixed, 0.0621, 1e-9);
        near(found.icc, 0.4667, 1e-9);
        near(found.flip_rate, 0.4444, 1e-9);
        let rate = found.pass_rate.unwrap();
        near(rate.effective_n, 14.0, 1e-4);
        near_both(rate.wilson95, [0.3007, 0.8201], 5e-5);
        assert_eq!(found.pass_hat, [0.5833, 0.4444, 0.3611, 0.3333]);
        assert_eq!(found.pass_at, [0.5833, 0.7222, 0.7778, 0.7778]);
        assert_eq!(found.overall_void_as_zero, None);
    }

    #[test]
    fn void_epochs_make_a_bracket_and_no_zero() {
        let mut cells = of_vector();
        cells[0].scores.truncate(2);
        cells[0].void = 2;
        let found = reliability(&cells, 0.8, false).unwrap();
        near(found.overall_void_as_zero, 0.5278, 1e-9);
        // The scenario with void epochs does not count for pass@k and pass^k.
        near(found.pass_hat[0], 17.0 / 32.0, 5e-5);
    }

    #[test]
    fn nothing_is_certain_unless_it_is_known_to_be_deterministic() {
        let cell = Cell { task: TaskId::RemediationPlanning, scores: vec![1.0; 4], void: 0, planned: 4 };
        let cells = vec![cell; 9];
        near(reliability(&cells, 0.8, true).unwrap().se_fixed, 0.0, 1e-12);
        near(reliability(&cells, 0.8, false).unwrap().se_fixed, 0.047, 1e-9);
    }

    #[test]
    fn little_data_says_little() {
        assert_eq!(reliability(&[], 0.8, false), None);
        let one = Cell { task: TaskId::RemediationPlanning, scores: vec![1.0], void: 0, planned: 1 };
        assert_eq!(reliability(std::slice::from_ref(&one), 0.8, false), None);
        let none = Cell { scores: vec![], void: 1, ..one };
        assert_eq!(reliability(&[none], 0.8, false), None);
    }
}
