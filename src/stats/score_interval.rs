//! The interval of a mean score that is printed: for *other incidents of the same kind*, never outside of [0, 1] and never
//! without width.

use super::distribution::{count, t_quantile};
use super::mean::stratified;
use super::proportion::wilson;

/// A standard error below this is 0 except for rounding.
const ROUNDING: f64 = 1e-9;

/// Below this many degrees of freedom no interval is given, because it would say next to nothing.
const LEAST_DF: usize = 3;

/// What is said beside a mean score of how far it may lie from that of other incidents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScoreInterval {
    /// The two-sided 95 % interval.
    Ci95([f64; 2]),
    /// The lowest and the highest score, because the scenarios are too few for an interval. It covers nothing for certain.
    Range([f64; 2]),
}

impl ScoreInterval {
    /// Computes the interval of the mean of the stratum means, from the scores of the scenarios of each stratum. The strata
    /// are the tasks of the row.
    ///
    /// It is Wilson's with t(n − H), for n scenarios in H tasks, on the number of yes-or-no scores that would have the same
    /// error: m(1 − m)/SE², at most max(2n, n²/30), because the SE of few scenarios is often far too small by chance; and n
    /// where no spread was seen. Where n − H < 3, or a task has a single scenario and so no spread, the scores have a range
    /// and no interval. None without a score in some stratum.
    #[must_use]
    pub fn of(strata: &[Vec<f64>]) -> Option<Self> {
        if strata.is_empty() || strata.iter().any(Vec::is_empty) {
            return None;
        }
        let n = strata.iter().map(Vec::len).sum::<usize>();
        let free = n.saturating_sub(strata.len());
        let interval = || {
            let found = stratified(strata).filter(|_| free >= LEAST_DF)?;
            // Rounding must not take a mean out of the scale of scores.
            let mean = found.mean.clamp(0.0, 1.0);
            let spread = mean * (1.0 - mean);
            let n = count(n);
            let most = (2.0 * n).max(n * n / 30.0);
            let effective =
                if found.se > ROUNDING && spread > 0.0 { (spread / (found.se * found.se)).min(most) } else { n };
            wilson(mean, effective, t_quantile(0.975, count(free))?)
        };
        let all = || strata.iter().flatten().copied();
        let range = [all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max)];
        Some(interval().map_or(Self::Range(range), Self::Ci95))
    }

    /// The interval; none if there is only a range.
    #[must_use]
    pub fn ci95(self) -> Option<[f64; 2]> {
        if let Self::Ci95(ends) = self { Some(ends) } else { None }
    }

    /// The range; none if there is an interval.
    #[must_use]
    pub fn range(self) -> Option<[f64; 2]> {
        if let Self::Range(ends) = self { Some(ends) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{A, means, near_both};

    #[test]
    fn worked_example() {
        let a = means(A);
        let ci95 = |strata: &[Vec<f64>]| ScoreInterval::of(strata).unwrap().ci95();
        // H = 1: SE .1318, n_eff 14.0, t₈. H = 3: SE .0921, 28.6 but at most 18, t₆.
        near_both(ci95(std::slice::from_ref(&a)), [0.3007, 0.8201], 5e-5);
        near_both(ci95(&a.chunks(3).map(<[f64]>::to_vec).collect::<Vec<_>>()), [0.3153, 0.8097], 5e-5);
    }

    #[test]
    fn no_spread_is_not_certainty() {
        for (score, expected) in [(1.0, [0.600, 1.0]), (0.0, [0.0, 0.400])] {
            let strata = vec![vec![score; 3]; 3];
            near_both(ScoreInterval::of(&strata).unwrap().ci95(), expected, 1e-3);
        }
        near_both(ScoreInterval::of(&vec![vec![1.0; 4]; 3]).unwrap().ci95(), [0.701, 1.0], 1e-3);
        // Partial credit that is the same everywhere: Wilson of .1 among 9, with t₆ = 2.4469.
        near_both(ScoreInterval::of(&vec![vec![0.1; 3]; 3]).unwrap().ci95(), [0.0118, 0.5078], 5e-4);
    }

    #[test]
    fn few_scenarios_have_a_range() {
        use ScoreInterval::Range;
        assert_eq!(ScoreInterval::of(&[vec![0.1; 3]]), Some(Range([0.1, 0.1])));
        assert_eq!(ScoreInterval::of(&[vec![0.5, 1.0]]), Some(Range([0.5, 1.0])));
        assert_eq!(ScoreInterval::of(&[vec![0.2], vec![0.9]]), Some(Range([0.2, 0.9])));
        // Five scenarios are enough, but the one of the second task shows no spread.
        assert_eq!(ScoreInterval::of(&[vec![0.1, 0.2, 0.3, 0.4, 0.5], vec![0.9]]), Some(Range([0.1, 0.9])));
        assert!(matches!(ScoreInterval::of(&[vec![0.1, 0.2, 0.3, 0.4]]), Some(ScoreInterval::Ci95(_))));
        assert_eq!(ScoreInterval::of(&[]), None);
        assert_eq!(ScoreInterval::of(&[vec![1.0; 9], vec![]]), None);
    }

    proptest::proptest! {
        #[test]
        fn an_interval_is_inside_the_scale_and_holds_the_mean(
            strata in proptest::collection::vec(proptest::collection::vec(
                proptest::prop_oneof![proptest::strategy::Just(0.0), proptest::strategy::Just(1.0), 0.0_f64..1.0], 1..12,
            ), 1..4),
        ) {
            let mean = strata.iter().map(|s| s.iter().sum::<f64>() / count(s.len())).sum::<f64>() / count(strata.len());
            if let Some(ScoreInterval::Ci95([low, high])) = ScoreInterval::of(&strata) {
                proptest::prop_assert!(0.0 <= low && low <= mean + 1e-12 && mean - 1e-12 <= high && high <= 1.0);
                proptest::prop_assert!(high - low > 1e-6);
            }
        }
    }
}
