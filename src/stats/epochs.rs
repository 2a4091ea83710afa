//! Statistics of repeated scenarios: the error for *the same scenarios played again*, and how much of the spread is
//! within scenarios.

use std::collections::BTreeMap;

use super::distribution::count;
use super::mean::{mean, variance};

/// How to treat a scenario whose epochs all have the same score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    /// Its variance is 0, as estimated. This is right for a policy that is known to be deterministic.
    Zero,
    /// If all epochs scored 0 or all scored 1, its variance is the variance of the posterior of its pass rate;
    /// otherwise it is 0.
    Posterior,
}

/// The weight of each scenario if all scenarios of a task weigh the same and all tasks weigh the same: 1/(H·`n_h`) for
/// H tasks, of which this one has `n_h` scenarios. With these weights the weighted mean is the mean of the task means.
#[must_use]
pub fn task_weights<T: Ord>(tasks: &[T]) -> Vec<f64> {
    let mut sizes: BTreeMap<&T, usize> = BTreeMap::new();
    for task in tasks {
        *sizes.entry(task).or_default() += 1;
    }
    let strata = count(sizes.len());
    tasks.iter().filter_map(|task| sizes.get(task)).map(|size| 1.0 / (strata * count(*size))).collect()
}

/// The variance of a pass rate after c passes in K epochs with the prior Beta(1, 1): (c + 1)(K − c + 1)/((K + 2)²(K +
/// 3)). A score between 0 and 1 counts as that share of a pass.
#[must_use]
pub fn posterior_variance(passes: f64, epochs: f64) -> f64 {
    let (c, k) = (passes.min(epochs), epochs);
    (c + 1.0) * (k - c + 1.0) / ((k + 2.0).powi(2) * (k + 3.0))
}

/// The variance of a scenario's mean over its epochs, s²/K.
///
/// With [`Constant::Posterior`] it is [`posterior_variance`] if all scores are 0 or all are 1. That is the variance of
/// the rate itself, so it is not divided by K again. None for fewer than two epochs.
#[must_use]
pub fn variance_of_mean(scores: &[f64], constant: Constant) -> Option<f64> {
    let spread = variance(scores).filter(|spread| spread.is_finite())?;
    let all = |value: f64| scores.iter().all(|score| score.to_bits() == value.to_bits());
    let epochs = count(scores.len());
    let passes = if all(1.0) { Some(epochs) } else { all(0.0).then_some(0.0) };
    match (constant, passes) {
        (Constant::Posterior, Some(passes)) => Some(posterior_variance(passes, epochs)),
        _ if scores.iter().all(|score| score.to_bits() == scores[0].to_bits()) => Some(0.0),
        _ => Some(spread / epochs),
    }
}

/// The error of the weighted mean for *the same scenarios played again*, `SE_fix` = √(Σ wᵢ²sᵢ²/Kᵢ). With equal weights
/// 1/n it is (1/n)√(Σ sᵢ²/Kᵢ).
///
/// None without scenarios, for lists of different lengths, or if a scenario has fewer than two epochs.
#[must_use]
pub fn se_fixed(cells: &[Vec<f64>], weights: &[f64], constant: Constant) -> Option<f64> {
    if cells.is_empty() || cells.len() != weights.len() {
        return None;
    }
    let parts = cells.iter().zip(weights).map(|(cell, w)| Some(w * w * variance_of_mean(cell, constant)?));
    let squared: f64 = parts.sum::<Option<f64>>()?;
    Some(squared.sqrt())
}

/// The intraclass correlation ICC(1) of the epochs of a scenario, by one-way analysis of variance: (MSB − MSW)/(MSB +
/// (k₀ − 1)MSW) (Shrout and Fleiss 1979). Here k₀ = (N − ΣKᵢ²/N)/(n − 1), which is K if all scenarios have K epochs. It
/// is negative if scenarios differ less than they would by chance.
///
/// None for fewer than two scenarios, an empty scenario, no repetition at all, or if all scores are the same.
#[must_use]
pub fn icc(cells: &[Vec<f64>]) -> Option<f64> {
    if cells.len() < 2 {
        return None;
    }
    let all = cells.concat();
    let (n, total, centre) = (count(cells.len()), count(all.len()), mean(&all)?);
    let (mut between, mut within, mut sizes) = (0.0, 0.0, 0.0);
    for cell in cells {
        let (size, own) = (count(cell.len()), mean(cell)?);
        between += size * (own - centre).powi(2);
        within += cell.iter().map(|score| (score - own).powi(2)).sum::<f64>();
        sizes += size * size;
    }
    if all.len() == cells.len() {
        return None;
    }
    let (between, within) = (between / (n - 1.0), within / (total - n));
    let typical = (total - sizes / total) / (n - 1.0);
    let denominator = between + (typical - 1.0) * within;
    (denominator > 1e-24).then(|| (between - within) / denominator)
}

/// The share of scenarios that both pass and fail among their epochs. An epoch passes with a score of at least
/// `threshold`.
///
/// Scenarios with fewer than two epochs cannot flip and do not count; none if no scenario is left.
#[must_use]
pub fn flip_rate(cells: &[Vec<f64>], threshold: f64) -> Option<f64> {
    let repeated: Vec<_> = cells.iter().filter(|cell| cell.len() > 1).collect();
    let passes = |cell: &[f64]| cell.iter().filter(|score| **score >= threshold).count();
    let flips = repeated.iter().filter(|cell| (1..cell.len()).contains(&passes(cell))).count();
    (!repeated.is_empty()).then(|| count(flips) / count(repeated.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{A, B, cells, near};

    const EQUAL: [f64; 9] = [1.0 / 9.0; 9];

    #[test]
    fn worked_example() {
        let a = cells(A);
        let (se_a, se_b) =
            (se_fixed(&a, &EQUAL, Constant::Zero).unwrap(), se_fixed(&cells(B), &EQUAL, Constant::Zero).unwrap());
        near(se_a, 0.062_113, 1e-6);
        near(se_a.hypot(se_b), 0.094_879, 1e-6);
        near(icc(&a), 0.4667, 5e-5);
        near(flip_rate(&a, 0.8), 0.4444, 5e-5);
    }

    #[test]
    fn constant_scenarios_are_not_certain() {
        near(posterior_variance(4.0, 4.0), 5.0 / (36.0 * 7.0), 1e-12);
        near(posterior_variance(0.0, 4.0), 5.0 / (36.0 * 7.0), 1e-12);
        for (scores, zero, posterior) in [
            (vec![1.0; 4], 0.0, 5.0 / 252.0),
            (vec![0.0; 4], 0.0, 5.0 / 252.0),
            // These scores are not binary, so nothing is known beyond the estimate, which rounding must not turn into a
            // spread.
            (vec![0.1; 3], 0.0, 0.0),
            // These scores are not constant.
            (vec![1.0, 0.0], 0.25, 0.25),
        ] {
            near(variance_of_mean(&scores, Constant::Zero), zero, 1e-15);
            near(variance_of_mean(&scores, Constant::Posterior), posterior, 1e-15);
        }
    }

    #[test]
    fn weights_make_the_mean_of_task_means() {
        assert_eq!(task_weights(&["easy", "hard", "easy"]), [0.25, 0.5, 0.25]);
        assert!(task_weights::<u8>(&[]).is_empty());
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(se_fixed(&[], &[], Constant::Zero), None);
        assert_eq!(se_fixed(&[vec![1.0, 0.0], vec![1.0]], &[0.5, 0.5], Constant::Posterior), None);
        assert_eq!(se_fixed(&[vec![1.0, f64::NAN]], &[1.0], Constant::Zero), None);
        assert_eq!(icc(&[]), None);
        assert_eq!(icc(&[vec![1.0, 0.0]]), None);
        assert_eq!(icc(&[vec![1.0], vec![0.0]]), None);
        assert_eq!(icc(&[vec![1.0, 1.0], vec![]]), None);
        assert_eq!(icc(&[vec![0.1; 3], vec![0.1; 3]]), None);
        assert_eq!(flip_rate(&[vec![1.0]], 0.8), None);
        near(icc(&[vec![1.0, 1.0], vec![0.0, 0.0]]), 1.0, 1e-12);
    }

    proptest::proptest! {
        #[test]
        fn the_correlation_stays_in_range(
            cells in proptest::collection::vec(proptest::collection::vec(0.0_f64..1.0, 1..6), 2..9),
        ) {
            if let Some(found) = icc(&cells) {
                proptest::prop_assert!(found <= 1.0 + 1e-9 && found.is_finite());
            }
        }

        #[test]
        fn weights_sum_to_one(tasks in proptest::collection::vec(0_u8..4, 1..30)) {
            near(task_weights(&tasks).iter().sum::<f64>(), 1.0, 1e-9);
        }
    }
}
