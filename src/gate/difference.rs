//! The difference of two contestants on the same scenarios, and how certain it is.

use serde::Serialize;

use super::decision::{Bounds, Verdict, decide};
use crate::stats::distribution::{count, normal_quantile, t_quantile};
use crate::stats::epochs::{Constant, posterior_variance, task_weights, variance_of_mean};
use crate::stats::exact::sign_flip;
use crate::stats::mean::{Estimate, mean};
use crate::stats::paired::weighted;
use crate::stats::power::Demand;
use crate::stats::uncertainty::Uncertainty;

/// The power behind the smallest difference and the epochs needed: the chance of finding an effect that exists.
const POWER: f64 = 0.8;

/// The seed of the sign flips if there are too many scenarios to try all choices.
const SEED: u64 = 0;

/// One scenario, played by both contestants.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<T> {
    /// The task of the scenario.
    pub task: T,
    /// The scores of the base in its epochs. Epochs without a score are left out.
    pub base: Vec<f64>,
    /// The scores of the new contestant in its epochs. Their number may differ.
    pub new: Vec<f64>,
}

/// Whether a contestant may play another way in another epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Epochs may differ, as those of a model do.
    Varies,
    /// Every epoch comes out the same, as those of a program without chance do.
    Repeats,
}

/// What the error of a difference was estimated from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorFrom {
    /// The spread over the epochs of each scenario.
    Epochs,
    /// The spread of the differences over the scenarios, because a scenario has a single epoch.
    Scenarios,
    /// The posterior of a single epoch, because all differences are equal and so show no spread.
    SingleEpoch,
}

/// The difference between two contestants over a set of scenarios. Scenarios weigh the same within a task, and tasks weigh
/// the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The mean of the task means of the base.
    pub base: f64,
    /// The mean of the task means of the new contestant.
    pub new: f64,
    /// The new score minus that of the base.
    pub delta: f64,
    /// The error for *the same scenarios played again*, from the epochs; none if a scenario has fewer than two epochs on a
    /// side.
    pub se_fixed: Option<f64>,
    /// The error by which the gate decides, and what it comes from; none if nothing shows how certain the difference is.
    pub error: Option<(Uncertainty, ErrorFrom)>,
    /// The difference with its error for *other incidents of the same kind*; none for fewer than two scenarios.
    pub paired: Option<Estimate>,
    /// The squared error that a single epoch of both sides would have; at most that, if it comes from single epochs.
    per_epoch: Option<f64>,
    /// The share of each scenario in the difference.
    contributions: Vec<f64>,
}

impl Difference {
    /// Compares the scores of two contestants, scenario by scenario.
    ///
    /// * With two epochs of each scenario on both sides, `SE`² = Σ wᵢ²(sᵢ²/K of the new scores + sᵢ²/K of the base), with
    ///   Satterthwaite's degrees of freedom over the cells that vary.
    /// * A side none of whose epochs differ has an estimated variance of 0, but that does not make it certain. For such a
    ///   side the variance of the Beta posterior is used for every scenario that scored all 0 or all 1. A side with any
    ///   spread keeps its estimates, and a side that is known to repeat itself has none.
    /// * With a single epoch anywhere, the error is the paired one, with n − 1 degrees of freedom. Where all differences
    ///   are equal, it is that of the Beta posterior after one epoch.
    ///
    /// None without scenarios, or if a side of a scenario has no score or one that is not finite.
    #[must_use]
    pub fn of<T: Ord>(pairs: &[Pair<T>], base_plays: Play, new_plays: Play) -> Option<Self> {
        let finite = pairs.iter().all(|pair| pair.base.iter().chain(&pair.new).all(|score| score.is_finite()));
        if pairs.is_empty() || !finite {
            return None;
        }
        let weights = task_weights(&pairs.iter().map(|pair| &pair.task).collect::<Vec<_>>());
        let base = Side::new(pairs.iter().map(|pair| pair.base.as_slice()), &weights, base_plays)?;
        let new = Side::new(pairs.iter().map(|pair| pair.new.as_slice()), &weights, new_plays)?;
        let contributions: Vec<_> =
            new.means.iter().zip(&base.means).zip(&weights).map(|((new, base), w)| w * (new - base)).collect();
        let paired = weighted(&new.means, &base.means, &weights);
        let parts = base.cells.as_ref().zip(new.cells.as_ref());
        let fixed = parts.map(|(base, new)| Uncertainty::of_parts(base.iter().chain(new).map(Cell::part)));
        let single = || {
            let paired = paired?;
            let df = count(pairs.len()) - 1.0;
            Some(if paired.se > 0.0 {
                (Uncertainty { se: paired.se, df }, ErrorFrom::Scenarios)
            } else {
                let means = base.means.iter().zip(&new.means).zip(&weights);
                let stand_in = |score: f64| posterior_variance(score.clamp(0.0, 1.0), 1.0);
                let squared: f64 = means.map(|((base, new), w)| w * w * (stand_in(*base) + stand_in(*new))).sum();
                (Uncertainty { se: squared.sqrt(), df }, ErrorFrom::SingleEpoch)
            })
        };
        let error = fixed.map(|fixed| (fixed, ErrorFrom::Epochs)).or_else(single);
        let per_epoch = match parts {
            Some((base, new)) => Some(base.iter().chain(new).map(|cell| cell.epochs * cell.variance).sum()),
            None => error.map(|(error, _)| error.se * error.se),
        };
        Some(Self {
            base: base.mean,
            new: new.mean,
            delta: contributions.iter().sum(),
            se_fixed: fixed.map(|fixed| fixed.se),
            error,
            paired,
            per_epoch,
            contributions,
        })
    }

    /// The one-sided bounds of the difference, each with error `alpha`.
    #[must_use]
    pub fn bounds(&self, alpha: f64) -> Option<[f64; 2]> {
        self.error?.0.bounds(self.delta, alpha)
    }

    /// Judges the difference by statistics: with error `alpha` for the bound of the row, and `of_command` for its share of
    /// the error of the command. Returns the bounds too, if there are any.
    #[must_use]
    pub fn judge(&self, alpha: f64, of_command: f64, margin: f64) -> (Verdict, Option<Bounds>) {
        let bounds = self.bounds(alpha).zip(self.bounds(of_command));
        let bounds = bounds.map(|(of_row, of_command)| Bounds { of_row, of_command });
        (bounds.map_or(Verdict::NotDecided, |bounds| decide(self.delta, bounds, margin)), bounds)
    }

    /// The one-sided p-value of the new contestant being worse; 1 if nothing shows how certain the difference is.
    #[must_use]
    pub fn p_worse(&self) -> f64 {
        self.error.map_or(1.0, |(error, _)| error.p_below_zero(self.delta))
    }

    /// The smallest true drop that these epochs would have called worse four times in five: as the bound with error `alpha`
    /// must show it, and the difference must exceed the margin, max((t₁₋α + z.₈)·SE, m + z.₈·SE).
    #[must_use]
    pub fn detectable(&self, alpha: f64, margin: f64) -> Option<f64> {
        let (error, _) = self.error?;
        let power = normal_quantile(POWER)?;
        if error.se <= 0.0 {
            return Some(margin);
        }
        let critical = t_quantile(1.0 - alpha, error.df)?;
        Some(((critical + power) * error.se).max(margin + power * error.se))
    }

    /// The epochs of each scenario after which an unchanged agent is called the same four times in five, at the error
    /// `alpha` of the lower bound: (z₁₋α + z.₈)²·Σ wᵢ²(σ² of both)/m². None without a margin. After single epochs it is at
    /// most that many.
    #[must_use]
    pub fn epochs_needed(&self, alpha: f64, margin: f64) -> Option<u64> {
        Demand::one_sided(alpha, POWER)?.needed(self.per_epoch?, margin)
    }

    /// The two-sided p-value of the sign flip over scenarios.
    #[must_use]
    pub fn p_sign_flip(&self) -> Option<f64> {
        sign_flip(&self.contributions, SEED)
    }
}

/// The estimates for one side of the comparison.
struct Side {
    means: Vec<f64>,
    mean: f64,
    /// The weighted variances of the scenario means; none if a scenario has a single epoch.
    cells: Option<Vec<Cell>>,
}

/// The variance that the epochs of one scenario leave in the weighted mean.
struct Cell {
    /// The variance wᵢ²sᵢ²/K.
    variance: f64,
    /// The number of epochs K.
    epochs: f64,
}

impl Cell {
    /// The variance with its degrees of freedom.
    fn part(&self) -> (f64, f64) {
        (self.variance, self.epochs - 1.0)
    }
}

impl Side {
    fn new<'a>(scores: impl Iterator<Item = &'a [f64]>, weights: &[f64], plays: Play) -> Option<Self> {
        let scores: Vec<_> = scores.collect();
        let means: Vec<_> = scores.iter().map(|cell| mean(cell)).collect::<Option<_>>()?;
        let cells = |constant| -> Option<Vec<Cell>> {
            let cell = |(scores, weight): (&&[f64], &f64)| {
                let variance = weight * weight * variance_of_mean(scores, constant)?;
                Some(Cell { variance, epochs: count(scores.len()) })
            };
            scores.iter().zip(weights).map(cell).collect()
        };
        let estimated = cells(Constant::Zero);
        let is_still = |cells: &Vec<Cell>| cells.iter().all(|cell| cell.variance <= 0.0);
        let cells = match (plays, estimated) {
            (Play::Varies, Some(still)) if is_still(&still) => cells(Constant::Posterior),
            (Play::Repeats, Some(mut known)) => {
                for cell in &mut known {
                    cell.variance = 0.0;
                }
                Some(known)
            }
            (_, estimated) => estimated,
        };
        Some(Self { mean: means.iter().zip(weights).map(|(mean, weight)| mean * weight).sum(), cells, means })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::{A, B, cells, near, near_both};

    fn pairs(base: &[Vec<f64>], new: &[Vec<f64>]) -> Vec<Pair<usize>> {
        let both = base.iter().zip(new).enumerate();
        both.map(|(at, (base, new))| Pair { task: at / 3, base: base.clone(), new: new.clone() }).collect()
    }

    fn between<T: Ord>(pairs: &[Pair<T>]) -> Option<Difference> {
        Difference::of(pairs, Play::Varies, Play::Varies)
    }

    #[test]
    fn worked_example() {
        let found = between(&pairs(&cells(A), &cells(B))).unwrap();
        near(found.base, 0.583_333, 1e-6);
        near(found.new, 0.666_667, 1e-6);
        near(found.delta, 0.0833, 5e-5);
        near(found.se_fixed, 0.094_879, 1e-6);
        let (error, from) = found.error.unwrap();
        near(error.se, 0.094_879, 1e-6);
        near(error.df, 29.40, 5e-3);
        assert_eq!(from, ErrorFrom::Epochs);
        near_both(found.bounds(0.05), [-0.0778, 0.2445], 5e-5);
        near_both(found.bounds(0.0125), [-0.1408, 0.3074], 5e-5);
        // The bounds of the first release, by the normal quantile.
        near_both(Uncertainty { df: f64::INFINITY, ..error }.bounds(found.delta, 0.05), [-0.0727, 0.2394], 5e-5);
        near(found.paired.map(|paired| paired.se), 0.093_169, 1e-6);
        near_both(found.paired.map(|paired| paired.ci95), [-0.132, 0.298], 5e-4);
        near(found.p_sign_flip(), 0.5625, 1e-12);
        // t at 29.40 degrees of freedom and .9875 is 2.36144, and (2.36144 + .84162)·.094879 = .30390, which is more than
        // .02 + .84162·.094879. The epochs needed are 4·((1.64485 + .84162)·.094879/.02)².
        near(found.detectable(0.0125, 0.02), 0.303_9, 1e-4);
        near(found.detectable(0.0125, 0.5), 0.5 + 0.841_62 * 0.094_879, 1e-5);
        assert_eq!(found.epochs_needed(0.05, 0.02), Some(557));
        assert_eq!(found.epochs_needed(0.05, 0.0), None);
    }

    #[test]
    fn a_single_epoch_anywhere_is_judged_over_scenarios() {
        let base = vec![vec![1.0], vec![1.0], vec![0.5, 0.5]];
        let new = vec![vec![0.0], vec![1.0], vec![0.5]];
        let found = between(&pairs(&base, &new)).unwrap();
        // The differences are −1, 0 and 0: sd √(1/3), SE 1/3, two degrees of freedom.
        assert_eq!((found.se_fixed, found.error.unwrap().1), (None, ErrorFrom::Scenarios));
        near(found.error.unwrap().0.se, 1.0 / 3.0, 1e-12);
        near(found.error.unwrap().0.df, 2.0, 1e-12);
        assert!(found.epochs_needed(0.05, 0.02).is_some());
    }

    #[test]
    fn equal_differences_of_single_epochs_are_not_certain() {
        let ones = |value: f64, n| vec![vec![value]; n];
        // One cell has the variance 2·1/(9·4) = 1/18, and so nine differences √(2/18/9).
        let found = between(&pairs(&ones(1.0, 9), &ones(0.0, 9))).unwrap();
        let (error, from) = found.error.unwrap();
        assert_eq!(from, ErrorFrom::SingleEpoch);
        near(error.se, (1.0_f64 / 81.0).sqrt(), 1e-12);
        near(error.df, 8.0, 1e-12);
        // A partial score .6 counts as .6 passes: 1.6·1.4/36.
        let partial = between(&pairs(&ones(0.6, 9), &ones(0.6, 9))).unwrap();
        near(partial.error.unwrap().0.se, (2.0_f64 * 1.6 * 1.4 / 36.0 / 9.0).sqrt(), 1e-12);
        // One scenario shows nothing.
        assert_eq!(between(&pairs(&ones(1.0, 1), &ones(0.0, 1))).unwrap().error, None);
        near(between(&pairs(&ones(1.0, 1), &ones(0.0, 1))).unwrap().p_worse(), 1.0, 0.0);
    }

    #[test]
    fn no_spread_is_not_certainty_unless_it_is_known() {
        let perfect = vec![vec![1.0; 4]; 9];
        let found = between(&pairs(&perfect, &perfect)).unwrap();
        // The expected value is √(2·9·5/252)/9, and each cell has three degrees of freedom.
        near(found.se_fixed, 0.066_402, 1e-6);
        near(found.error.unwrap().0.df, 54.0, 1e-9);
        let known = Difference::of(&pairs(&perfect, &perfect), Play::Repeats, Play::Repeats).unwrap();
        assert_eq!((known.se_fixed, known.bounds(0.05)), (Some(0.0), Some([0.0, 0.0])));
        // Partial credit that never changes has no posterior.
        let partial = vec![vec![0.6; 4]; 9];
        assert_eq!(between(&pairs(&partial, &partial)).unwrap().se_fixed, Some(0.0));
        near(between(&pairs(&partial, &partial)).unwrap().detectable(0.05, 0.02), 0.02, 1e-12);
    }

    #[test]
    fn tasks_weigh_the_same() {
        let pair = |task, base: f64, new: f64| Pair { task, base: vec![base; 2], new: vec![new; 2] };
        let found = between(&[pair("a", 0.0, 1.0), pair("b", 1.0, 1.0), pair("b", 0.0, 0.0)]).unwrap();
        near(found.base, 0.25, 1e-12);
        near(found.new, 0.75, 1e-12);
        near(found.delta, 0.5, 1e-12);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(between::<u8>(&[]), None);
        let pair = |base: &[f64], new: &[f64]| vec![Pair { task: 0, base: base.to_vec(), new: new.to_vec() }];
        assert_eq!(between(&pair(&[], &[1.0])), None);
        assert_eq!(between(&pair(&[1.0], &[f64::NAN])), None);
    }

    fn any_pairs() -> impl Strategy<Value = Vec<Pair<usize>>> {
        // Whole numbers are frequent enough here to give sides without spread.
        let score = prop_oneof![Just(0.0), Just(1.0), 0.0_f64..1.0];
        let scores = prop_oneof![prop::collection::vec(score, 1..5), Just(vec![1.0; 4]), Just(vec![0.0; 4])];
        let pair = (0_usize..3, scores.clone(), scores).prop_map(|(task, base, new)| Pair { task, base, new });
        prop::collection::vec(pair, 1..9)
    }

    proptest! {
        #[test]
        fn bounds_hold_the_difference_and_widen_with_less_error(pairs in any_pairs()) {
            let found = between(&pairs).unwrap();
            if let Some(([low, high], [wider, higher])) = found.bounds(0.05).zip(found.bounds(0.01)) {
                prop_assert!(wider <= low && low <= found.delta && found.delta <= high && high <= higher);
            }
        }

        #[test]
        fn one_better_score_raises_the_difference(mut pairs in any_pairs(), rise in 0.01_f64..0.5) {
            let before = between(&pairs).unwrap().delta;
            pairs[0].new[0] += rise;
            prop_assert!(between(&pairs).unwrap().delta > before);
        }

        #[test]
        fn swapping_the_sides_mirrors(pairs in any_pairs()) {
            let swap = |pair: &Pair<usize>| Pair { task: pair.task, base: pair.new.clone(), new: pair.base.clone() };
            let (there, back) = (between(&pairs).unwrap(), between(&pairs.iter().map(swap).collect::<Vec<_>>()).unwrap());
            near(back.delta, -there.delta, 1e-12);
            prop_assert_eq!((back.base, back.new), (there.new, there.base));
            prop_assert_eq!(back.error.is_some(), there.error.is_some());
            if let Some([lower, upper]) = there.bounds(0.05) {
                near_both(back.bounds(0.05), [-upper, -lower], 1e-9);
                if there.error.is_some_and(|(error, _)| error.se > 1e-9) {
                    near(back.p_worse(), 1.0 - there.p_worse(), 1e-9);
                }
            }
            prop_assert_eq!(back.p_sign_flip(), there.p_sign_flip());
        }
    }
}
