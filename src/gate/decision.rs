//! The regression gate: whether an agent got worse on the same scenarios.

use serde::Serialize;

use crate::stats::distribution::{count, normal_quantile};
use crate::stats::epochs::{Constant, se_fixed, task_weights, variance_of_mean};
use crate::stats::exact::sign_flip;
use crate::stats::mean::mean;
use crate::stats::paired::weighted;
use crate::stats::power::Demand;
use crate::stats::proportion::{Rate, chance_of_less};

/// The chance of having got worse from which a scenario is named.
const MOVED: f64 = 0.99;

/// The power behind the smallest difference and the epochs needed: the chance of finding an effect that exists.
const POWER: f64 = 0.8;

/// The seed of the sign flips if there are too many scenarios to try all choices.
const SEED: u64 = 0;

/// One scenario, played before and after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<T> {
    /// The task of the scenario.
    pub task: T,
    /// The scores of the epochs before the change. Epochs without a score are left out.
    pub base: Vec<f64>,
    /// The scores of the epochs after the change. Their number may differ.
    pub new: Vec<f64>,
}

/// The thresholds by which the gate decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    /// The drop of the score that is tolerated.
    pub margin: f64,
    /// The error of each one-sided bound.
    pub alpha: f64,
    /// The score from which an episode counts as passed, for the guard of single scenarios.
    pub pass_threshold: f64,
}

incident_env::named_enum! {
    /// The decision of the gate.
    pub enum Verdict ("verdict", "verdicts") {
        /// The new scores are no worse than the margin allows.
        Pass = "pass",
        /// The new scores are worse.
        Regressed = "regressed",
        /// These epochs are too few to decide.
        Inconclusive = "inconclusive",
    }
}

/// A scenario that got worse almost certainly, judged by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// The index of the scenario in the list of pairs.
    pub scenario: usize,
    /// The chance that its pass rate fell.
    pub p_worse: f64,
}

/// The result of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The mean of the task means before the change.
    pub base: f64,
    /// The mean of the task means after the change.
    pub new: f64,
    /// The score after the change minus the score before it.
    pub delta: f64,
    /// The error of the difference for *the same scenarios played again*; none if a scenario has fewer than two epochs
    /// on a side.
    pub se_fixed: Option<f64>,
    /// The one-sided bounds of the difference, each with error alpha: Δ ∓ z₁₋α·SE.
    pub bounds_fixed: Option<[f64; 2]>,
    /// The error of the difference for *other incidents of the same kind*; none for fewer than two scenarios.
    pub se_paired: Option<f64>,
    /// The two-sided 95 % t interval of the difference for *other incidents of the same kind*.
    pub ci95_paired: Option<[f64; 2]>,
    /// The two-sided p-value of the sign flip over scenarios.
    pub p_sign_flip: Option<f64>,
    /// The decision of the gate.
    pub verdict: Verdict,
    /// The smallest true difference that these epochs would have shown four times in five.
    pub mde: Option<f64>,
    /// The epochs of each scenario after which, four times in five, a true drop of the margin would be found and an
    /// equal agent would pass; none without a margin.
    pub epochs_needed: Option<u64>,
    /// The scenarios that got worse almost certainly, judged by themselves.
    #[serde(skip)]
    pub moved: Vec<Moved>,
}

/// Compares the scores before and after a change, scenario by scenario. Scenarios weigh the same within a task, and
/// tasks weigh the same.
///
/// * `SE_Δ`² = Σ wᵢ²(sᵢ²/K of the new scores + sᵢ²/K of the base).
/// * A side none of whose epochs differ has an estimated variance of 0, but that does not make it certain. For such a
///   side the variance of the Beta posterior is used for every scenario that scored all 0 or all 1. A side with any
///   spread keeps its estimates. Policies that are known to be deterministic are compared by their transcripts and not
///   here.
/// * The paired error is that of [`weighted`], over all scenarios and with n − 1 degrees of freedom.
/// * The smallest difference is (z₁₋α + z.₈)·`SE_Δ`; the epochs needed are those for which it equals the margin.
/// * The guard of single scenarios uses P(`p_new` < `p_base`) of two Beta(1, 1) posteriors.
///
/// None without scenarios, if a side of a scenario has no score or one that is not finite, and unless margin ≥ 0 and 0
/// < α < 1.
#[must_use]
pub fn judge<T: Ord>(pairs: &[Pair<T>], criteria: &Criteria) -> Option<Judgement> {
    let usable = criteria.margin >= 0.0 && criteria.margin.is_finite();
    let finite = pairs.iter().all(|pair| pair.base.iter().chain(&pair.new).all(|score| score.is_finite()));
    if pairs.is_empty() || !usable || !finite {
        return None;
    }
    let demand = Demand::one_sided(criteria.alpha, POWER)?;
    let critical = normal_quantile(1.0 - criteria.alpha)?;
    let weights = task_weights(&pairs.iter().map(|pair| &pair.task).collect::<Vec<_>>());
    let base = Estimates::new(&pairs.iter().map(|pair| pair.base.clone()).collect::<Vec<_>>(), &weights)?;
    let new = Estimates::new(&pairs.iter().map(|pair| pair.new.clone()).collect::<Vec<_>>(), &weights)?;
    let contributions: Vec<_> =
        new.means.iter().zip(&base.means).zip(&weights).map(|((new, base), weight)| weight * (new - base)).collect();
    let delta: f64 = contributions.iter().sum();
    let se_fixed = base.se.zip(new.se).map(|(base, new)| base.hypot(new));
    let bounds_fixed = se_fixed.map(|se| [delta - critical * se, delta + critical * se]);
    let paired = weighted(&new.means, &base.means, &weights);
    let per_epoch = base.per_epoch.zip(new.per_epoch).map(|(base, new)| base + new);
    Some(Judgement {
        base: base.mean,
        new: new.mean,
        delta,
        se_fixed,
        bounds_fixed,
        se_paired: paired.map(|paired| paired.se),
        ci95_paired: paired.map(|paired| paired.ci95),
        p_sign_flip: sign_flip(&contributions, SEED),
        verdict: bounds_fixed.map_or(Verdict::Inconclusive, |bounds| decide(delta, bounds, criteria.margin)),
        mde: se_fixed.and_then(|se| demand.detectable(se)),
        epochs_needed: per_epoch.and_then(|variance| demand.needed(variance, criteria.margin)),
        moved: moved(pairs, criteria.pass_threshold),
    })
}

/// Makes the decision alone. An agent has regressed if the upper bound is below 0 and Δ is below −margin. It has passed
/// if the lower bound is above −margin. Otherwise the result is inconclusive.
#[must_use]
pub fn decide(delta: f64, [lower, upper]: [f64; 2], margin: f64) -> Verdict {
    if upper < 0.0 && delta < -margin {
        Verdict::Regressed
    } else if lower > -margin {
        Verdict::Pass
    } else {
        Verdict::Inconclusive
    }
}

/// The estimates for one side of the comparison.
struct Estimates {
    means: Vec<f64>,
    mean: f64,
    se: Option<f64>,
    /// The squared error times the number of epochs, Σ wᵢ²σᵢ².
    per_epoch: Option<f64>,
}

impl Estimates {
    fn new(cells: &[Vec<f64>], weights: &[f64]) -> Option<Self> {
        let means: Vec<_> = cells.iter().map(|cell| mean(cell)).collect::<Option<_>>()?;
        let estimated = se_fixed(cells, weights, Constant::Zero);
        let constant = if estimated.is_some_and(|se| se <= 0.0) { Constant::Posterior } else { Constant::Zero };
        let parts = cells
            .iter()
            .zip(weights)
            .map(|(cell, weight)| Some(weight * weight * count(cell.len()) * variance_of_mean(cell, constant)?));
        Some(Self {
            mean: means.iter().zip(weights).map(|(mean, weight)| mean * weight).sum(),
            se: se_fixed(cells, weights, constant),
            per_epoch: parts.sum(),
            means,
        })
    }
}

fn moved<T>(pairs: &[Pair<T>], threshold: f64) -> Vec<Moved> {
    let rate = |scores: &[f64]| {
        let passes = scores.iter().filter(|score| **score >= threshold).count();
        Rate::new(u32::try_from(passes).ok()?, u32::try_from(scores.len()).ok()?)
    };
    let worse = |pair: &Pair<T>| Some(chance_of_less(rate(&pair.new)?, rate(&pair.base)?));
    let all = pairs.iter().enumerate();
    all.filter_map(|(scenario, pair)| Some(Moved { scenario, p_worse: worse(pair)? }))
        .filter(|moved| moved.p_worse > MOVED)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::{A, B, cells, near, near_both};

    const CRITERIA: Criteria = Criteria { margin: 0.02, alpha: 0.05, pass_threshold: 0.8 };

    fn pairs(base: &[Vec<f64>], new: &[Vec<f64>]) -> Vec<Pair<usize>> {
        let both = base.iter().zip(new).enumerate();
        both.map(|(at, (base, new))| Pair { task: at / 3, base: base.clone(), new: new.clone() }).collect()
    }

    fn swapped(pairs: &[Pair<usize>]) -> Vec<Pair<usize>> {
        pairs.iter().map(|pair| Pair { task: pair.task, base: pair.new.clone(), new: pair.base.clone() }).collect()
    }

    #[test]
    fn worked_example() {
        let found = judge(&pairs(&cells(A), &cells(B)), &CRITERIA).unwrap();
        near(found.base, 0.583_333, 1e-6);
        near(found.new, 0.666_667, 1e-6);
        near(found.delta, 0.0833, 5e-5);
        near(found.se_fixed, 0.094_879, 1e-6);
        near_both(found.bounds_fixed, [-0.0727, 0.2394], 5e-5);
        near(found.se_paired, 0.093_169, 1e-6);
        near_both(found.ci95_paired, [-0.132, 0.298], 5e-4);
        near(found.p_sign_flip, 0.5625, 1e-12);
        assert_eq!(found.verdict, Verdict::Inconclusive);
        // The difference is (1.6449 + .8416)·.094879, and the epochs that make it .02 are 4·(.23592/.02)².
        near(found.mde, 0.235_92, 1e-5);
        assert_eq!(found.epochs_needed, Some(557));
        assert_eq!(found.moved, []);
    }

    #[test]
    fn decisions() {
        for (delta, bounds, expected) in [
            (-0.10, [-0.15, -0.05], Verdict::Regressed),
            // The agent is certainly worse, but within the margin, or not certainly beyond it.
            (-0.01, [-0.015, -0.005], Verdict::Pass),
            (-0.015, [-0.025, -0.005], Verdict::Inconclusive),
            (-0.10, [-0.25, 0.05], Verdict::Inconclusive),
            (0.10, [0.05, 0.15], Verdict::Pass),
            (0.00, [-0.02, 0.02], Verdict::Inconclusive),
        ] {
            assert_eq!(decide(delta, bounds, 0.02), expected, "{delta} {bounds:?}");
        }
    }

    #[test]
    fn a_single_scenario_is_guarded() {
        let passes = |c: usize| (0..4).map(|epoch| if epoch < c { 1.0 } else { 0.0 }).collect::<Vec<_>>();
        let pair = |base, new| Pair { task: 0, base: passes(base), new: passes(new) };
        let found = judge(&[pair(4, 4), pair(4, 0), pair(4, 1), pair(0, 4)], &CRITERIA).unwrap().moved;
        assert_eq!(found.iter().map(|moved| moved.scenario).collect::<Vec<_>>(), [1]);
        near(found[0].p_worse, 0.996, 5e-4);
    }

    #[test]
    fn no_spread_is_not_certainty() {
        let perfect = vec![vec![1.0; 4]; 9];
        let found = judge(&pairs(&perfect, &perfect), &CRITERIA).unwrap();
        // The expected value is √(2·9·5/252)/9.
        near(found.se_fixed, 0.066_402, 1e-6);
        assert_eq!((found.verdict, found.p_sign_flip), (Verdict::Inconclusive, Some(1.0)));
        // Partial credit that never changes has no posterior, so the difference alone decides.
        let partial = vec![vec![0.6; 4]; 9];
        let found = judge(&pairs(&partial, &partial), &CRITERIA).unwrap();
        assert_eq!((found.se_fixed, found.verdict), (Some(0.0), Verdict::Pass));
        let lower = vec![vec![0.5; 4]; 9];
        assert_eq!(judge(&pairs(&partial, &lower), &CRITERIA).unwrap().verdict, Verdict::Regressed);
    }

    #[test]
    fn tasks_weigh_the_same() {
        let pair = |task, base: f64, new: f64| Pair { task, base: vec![base; 2], new: vec![new; 2] };
        let found = judge(&[pair("a", 0.0, 1.0), pair("b", 1.0, 1.0), pair("b", 0.0, 0.0)], &CRITERIA).unwrap();
        near(found.base, 0.25, 1e-12);
        near(found.new, 0.75, 1e-12);
        near(found.delta, 0.5, 1e-12);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(judge::<u8>(&[], &CRITERIA), None);
        let pair = |base: &[f64], new: &[f64]| vec![Pair { task: 0, base: base.to_vec(), new: new.to_vec() }];
        assert_eq!(judge(&pair(&[], &[1.0]), &CRITERIA), None);
        assert_eq!(judge(&pair(&[1.0], &[f64::NAN]), &CRITERIA), None);
        let usable = pair(&[1.0, 0.0], &[0.5, 0.5]);
        assert_eq!(judge(&usable, &Criteria { margin: -0.1, ..CRITERIA }), None);
        assert_eq!(judge(&usable, &Criteria { alpha: 0.0, ..CRITERIA }), None);
        assert_eq!(judge(&usable, &Criteria { margin: 0.0, ..CRITERIA }).unwrap().epochs_needed, None);
        // With one epoch the means are known, but nothing shows how certain they are.
        let once = judge(&pair(&[1.0], &[0.0]), &CRITERIA).unwrap();
        assert_eq!((once.delta, once.verdict), (-1.0, Verdict::Inconclusive));
        assert_eq!((once.se_fixed, once.bounds_fixed, once.se_paired), (None, None, None));
        assert_eq!((once.mde, once.epochs_needed), (None, None));
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
        fn never_passes_what_is_surely_too_low(pairs in any_pairs(), margin in 0.0_f64..0.3) {
            let found = judge(&pairs, &Criteria { margin, ..CRITERIA }).unwrap();
            let [lower, upper] = found.bounds_fixed.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
            prop_assert!(lower <= found.delta && found.delta <= upper);
            if upper < -margin {
                prop_assert_eq!(found.verdict, Verdict::Regressed);
            }
            if found.verdict == Verdict::Pass {
                prop_assert!(found.delta > -margin);
            }
        }

        #[test]
        fn better_scores_never_make_it_worse(pairs in any_pairs(), rise in 0.0_f64..0.5) {
            // A rise of all new scores leaves their spread as it is, unless they had none.
            let rank = |verdict| match verdict {
                Verdict::Regressed => 0,
                Verdict::Inconclusive => 1,
                Verdict::Pass => 2,
            };
            let mut risen = pairs.clone();
            risen.iter_mut().flat_map(|pair| &mut pair.new).for_each(|score| *score += rise);
            let (before, after) = (judge(&pairs, &CRITERIA).unwrap(), judge(&risen, &CRITERIA).unwrap());
            prop_assert!(after.delta >= before.delta - 1e-12);
            if before.se_fixed.zip(after.se_fixed).is_none_or(|(before, after)| (before - after).abs() < 1e-12) {
                prop_assert!(rank(after.verdict) >= rank(before.verdict));
            }
        }

        #[test]
        fn one_better_score_raises_the_difference(mut pairs in any_pairs(), rise in 0.01_f64..0.5) {
            let before = judge(&pairs, &CRITERIA).unwrap().delta;
            pairs[0].new[0] += rise;
            prop_assert!(judge(&pairs, &CRITERIA).unwrap().delta > before);
        }

        #[test]
        fn swapping_the_sides_mirrors(pairs in any_pairs()) {
            let (there, back) = (judge(&pairs, &CRITERIA).unwrap(), judge(&swapped(&pairs), &CRITERIA).unwrap());
            near(back.delta, -there.delta, 1e-12);
            prop_assert_eq!((back.base, back.new), (there.new, there.base));
            prop_assert_eq!(back.se_fixed.is_some(), there.se_fixed.is_some());
            if let Some([lower, upper]) = there.bounds_fixed {
                near_both(back.bounds_fixed, [-upper, -lower], 1e-12);
            }
            if let Some([lower, upper]) = there.ci95_paired {
                near_both(back.ci95_paired, [-upper, -lower], 1e-12);
            }
            prop_assert_eq!(back.p_sign_flip, there.p_sign_flip);
            prop_assert_eq!(back.epochs_needed, there.epochs_needed);
            if there.verdict == Verdict::Regressed {
                prop_assert_eq!(back.verdict, Verdict::Pass);
            }
        }
    }
}
