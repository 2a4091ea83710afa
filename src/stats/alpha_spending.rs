//! Alpha spending: how much of the allowed error each look at incoming data may use up.
//!
//! A test at 5 % after every epoch is wrong far more often than in 5 % of cases. So the error is distributed over the
//! looks by the rule of O'Brien and Fleming in the form of Lan and `DeMets` (1983), which gives little to the early
//! looks. The errors of the looks add up to no more than the whole (Boole's inequality), however the looks depend on
//! each other. This is a little stricter than boundaries that take their correlation into account.

use super::distribution::{normal_quantile, normal_tail};

/// One look at the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// The number of epochs after which the look is taken.
    pub epochs: u32,
    /// The error of each one-sided bound at this look.
    pub alpha: f64,
}

/// Plans the looks at a run of so many epochs. They come after about equal shares of the epochs, and their errors sum
/// to `alpha`.
///
/// At least two epochs precede a look, because one epoch shows no spread. There are fewer looks than wanted if the
/// epochs do not suffice, and none without epochs or unless 0 < alpha < 0.5.
#[must_use]
pub fn looks(epochs: u32, wanted: u32, alpha: f64) -> Vec<Look> {
    if epochs == 0 || wanted == 0 || !(alpha > 0.0 && alpha < 0.5) {
        return Vec::new();
    }
    let mut looks: Vec<Look> = Vec::new();
    let mut spent = 0.0;
    for look in 1..=wanted {
        let after = (u64::from(epochs) * u64::from(look)).div_ceil(u64::from(wanted));
        let after = u32::try_from(after).unwrap_or(epochs).max(2).min(epochs);
        if looks.last().is_some_and(|last| last.epochs == after) {
            continue;
        }
        let total = spending(f64::from(after) / f64::from(epochs), alpha);
        looks.push(Look { epochs: after, alpha: total - spent });
        spent = total;
    }
    looks
}

/// The error that is spent after a share of the data: 2 − 2Φ(z₁₋α⁄₂ ⁄ √share). After all data it is the whole error.
fn spending(share: f64, alpha: f64) -> f64 {
    match normal_quantile(1.0 - alpha / 2.0) {
        Some(critical) if share < 1.0 => 2.0 * normal_tail(critical / share.sqrt()),
        _ => alpha,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::SplitMix64;

    #[test]
    fn three_looks_spend_little_at_first() {
        let looks = looks(12, 3, 0.05);
        assert_eq!(looks.iter().map(|look| look.epochs).collect::<Vec<_>>(), [4, 8, 12]);
        // These are the values of Lan and DeMets' function at a third, two thirds and all of the data.
        for (look, expected) in looks.iter().zip([0.000_69, 0.015_69, 0.033_62]) {
            assert!((look.alpha - expected).abs() < 2e-5, "{looks:?}");
        }
    }

    #[test]
    fn few_epochs_have_few_looks() {
        let epochs = |n| looks(n, 3, 0.05).iter().map(|look| look.epochs).collect::<Vec<_>>();
        assert_eq!(epochs(0), [0_u32; 0]);
        assert_eq!(epochs(1), [1]);
        assert_eq!(epochs(2), [2]);
        assert_eq!(epochs(3), [2, 3]);
        assert_eq!(epochs(5), [2, 4, 5]);
        assert_eq!(looks(9, 3, 0.5), []);
    }

    proptest::proptest! {
        #[test]
        fn the_errors_sum_to_the_whole(epochs in 1_u32..500, wanted in 1_u32..10, alpha in 0.001..0.4_f64) {
            let looks = looks(epochs, wanted, alpha);
            let sum: f64 = looks.iter().map(|look| look.alpha).sum();
            proptest::prop_assert!((sum - alpha).abs() < 1e-12);
            proptest::prop_assert!(looks.iter().all(|look| look.alpha > 0.0 || sum == 0.0));
            proptest::prop_assert!(looks.is_sorted_by(|a, b| a.epochs < b.epochs));
            proptest::prop_assert_eq!(looks.last().map(|look| look.epochs), Some(epochs));
        }
    }

    /// The rate at which a test of normal data without any effect rejects at some look.
    fn false_alarms(looks: &[Look], rng: &mut SplitMix64) -> f64 {
        let runs = 20_000;
        let mut alarms = 0;
        for _ in 0..runs {
            let (mut sum, mut n) = (0.0, 0);
            let alarm = looks.iter().any(|look| {
                while n < look.epochs {
                    sum += normal_quantile(rng.unit().clamp(1e-12, 1.0 - 1e-12)).unwrap();
                    n += 1;
                }
                sum / f64::from(n).sqrt() > normal_quantile(1.0 - look.alpha).unwrap()
            });
            alarms += u32::from(alarm);
        }
        f64::from(alarms) / f64::from(runs)
    }

    #[test]
    fn peeking_costs_no_more_than_was_allowed() {
        let mut rng = SplitMix64::new(1);
        let fair = false_alarms(&looks(12, 3, 0.05), &mut rng);
        assert!((0.04..=0.053).contains(&fair), "{fair}");
        // The same looks with an error of 5 % each show why this module exists.
        let naive: Vec<_> = looks(12, 3, 0.05).into_iter().map(|look| Look { alpha: 0.05, ..look }).collect();
        let naive = false_alarms(&naive, &mut rng);
        assert!(naive > 0.08, "{naive}");
    }
}
