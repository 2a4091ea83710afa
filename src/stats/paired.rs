//! Two agents on the same scenarios: the difference, and what pairing is worth.

use super::distribution::{count, t_two_sided};
use super::mean::{Estimate, interval, mean, variance};

/// Differences that spread less than this share of the largest score are the same but for rounding.
const ROUNDING: f64 = 1e-12;

/// The mean difference of two agents over scenarios, for *incidents like these*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// The mean of the differences, with sd(d)/√n and the t interval with n − 1 degrees of freedom.
    pub difference: Estimate,
    /// The t statistic; none where every difference is the same.
    pub t: Option<f64>,
    /// Its two-sided p-value.
    pub p: Option<f64>,
}

/// a − b by scenario with equal weights (Miller 2024, eq. 7; page 7.1).
///
/// None for lists of different lengths or fewer than two scenarios.
#[must_use]
pub fn paired(a: &[f64], b: &[f64]) -> Option<Paired> {
    let n = count(a.len());
    let weights = vec![1.0 / n; a.len()];
    weighted(a, b, &weights)
}

/// a − b by scenario, Δ = Σ wᵢdᵢ, with weights that sum to 1.
///
/// SE² = n/(n − 1)·Σ wᵢ²(dᵢ − Δ)² with n − 1 degrees of freedom: the linearised error of a weighted mean, which is
/// sd(d)/√n where all weights are the same, and so for tasks of one size. None as for [`paired`].
#[must_use]
pub fn weighted(a: &[f64], b: &[f64], weights: &[f64]) -> Option<Paired> {
    if a.len() != b.len() || a.len() != weights.len() || a.len() < 2 {
        return None;
    }
    let n = count(a.len());
    let differences: Vec<_> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let delta: f64 = differences.iter().zip(weights).map(|(d, w)| d * w).sum();
    if !delta.is_finite() {
        return None;
    }
    let scale = a.iter().chain(b).fold(0.0_f64, |scale, score| scale.max(score.abs()));
    let same = differences.iter().all(|d| (d - differences[0]).abs() <= ROUNDING * scale);
    let squares: f64 = differences.iter().zip(weights).map(|(d, w)| (w * (d - delta)).powi(2)).sum();
    let se = if same { 0.0 } else { (n / (n - 1.0) * squares).sqrt() };
    let t = (se > 0.0).then(|| delta / se);
    Some(Paired { difference: interval(delta, se, n - 1.0), t, p: t.and_then(|t| t_two_sided(t, n - 1.0)) })
}

/// The standard error of a difference without pairing, √(`SE_A`² + `SE_B`²); none where a side has fewer than two.
#[must_use]
pub fn unpaired_se(a: &[f64], b: &[f64]) -> Option<f64> {
    Some((variance(a)? / count(a.len()) + variance(b)? / count(b.len())).sqrt())
}

/// Pearson's correlation ρ of the scores of two agents: SE² = `SE_A`² + `SE_B`² − 2ρ·`SE_A`·`SE_B` (page 7.1).
///
/// None for lists of different lengths, fewer than two scenarios, or an agent whose scores are all the same.
#[must_use]
pub fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (centre_a, centre_b) = (mean(a)?, mean(b)?);
    let spread = (variance(a)? * variance(b)?).sqrt();
    if a.len() != b.len() || spread.is_nan() || spread <= ROUNDING {
        return None;
    }
    let products: f64 = a.iter().zip(b).map(|(a, b)| (a - centre_a) * (b - centre_b)).sum();
    Some((products / (count(a.len()) - 1.0) / spread).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean::standard_error;
    use crate::stats::{A, B, means, near, near_both};

    #[test]
    fn vectors_of_the_contract() {
        let (a, b) = (means(A), means(B));
        let found = paired(&a, &b).unwrap();
        near(found.difference.mean, -0.083_333, 1e-6);
        near(found.difference.se, 0.093_169, 1e-6);
        near_both(found.difference.ci95, [-0.298, 0.132], 5e-4);
        near(found.t, -0.894, 5e-4);
        near(found.p, 0.3972, 5e-5);
        near(unpaired_se(&a, &b), 0.166_667, 1e-6);
        near(correlation(&a, &b), 0.710, 5e-4);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(paired(&[], &[]), None);
        assert_eq!(paired(&[1.0], &[0.0]), None);
        assert_eq!(paired(&[1.0, 0.0], &[0.0]), None);
        assert_eq!(paired(&[1.0, f64::NAN], &[0.0, 0.0]), None);
        assert_eq!(unpaired_se(&[1.0], &[0.0, 1.0]), None);
        assert_eq!(correlation(&[1.0, 1.0], &[0.0, 1.0]), None);
        assert_eq!(correlation(&[], &[]), None);
        // 0.3 − 0.2 and 0.2 − 0.1 differ in the last bit; that is no spread.
        let same = paired(&[0.3, 0.2], &[0.2, 0.1]).unwrap();
        assert_eq!((same.difference.se, same.t, same.p), (0.0, None, None));
    }

    proptest::proptest! {
        #[test]
        fn pairing_is_worth_the_correlation(scores in proptest::collection::vec((0.0_f64..1.0, 0.0_f64..1.0), 2..20)) {
            let (a, b): (Vec<_>, Vec<_>) = scores.into_iter().unzip();
            let found = paired(&a, &b).unwrap().difference.se;
            if let Some(rho) = correlation(&a, &b) {
                let (se_a, se_b) = (standard_error(&a).unwrap(), standard_error(&b).unwrap());
                let expected = se_a * se_a + se_b * se_b - 2.0 * rho * se_a * se_b;
                proptest::prop_assert!((found * found - expected).abs() < 1e-9);
            }
        }
    }
}
