//! The difference of two agents that played the same scenarios.

use super::distribution::count;
use super::mean::{Estimate, interval};

/// Differences whose spread is below this share of the largest score are the same except for rounding.
const ROUNDING: f64 = 1e-12;

/// The mean difference a − b over scenarios, Δ = Σ wᵢdᵢ, with weights that sum to 1. Its error is that for *other
/// incidents of the same kind* (Miller 2024, eq. 7).
///
/// SE² = n/(n − 1)·Σ wᵢ²(dᵢ − Δ)² with n − 1 degrees of freedom. This is the linearised error of a weighted mean; with
/// equal weights, and so for tasks of one size, it is sd(d)/√n. None for lists of different lengths, fewer than two
/// scenarios, or a difference that is not finite.
#[must_use]
pub fn weighted(a: &[f64], b: &[f64], weights: &[f64]) -> Option<Estimate> {
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
    Some(interval(delta, se, n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{A, B, means, near, near_both};

    fn paired(a: &[f64], b: &[f64]) -> Option<Estimate> {
        weighted(a, b, &vec![1.0 / count(a.len()); a.len()])
    }

    #[test]
    fn worked_example() {
        let found = paired(&means(A), &means(B)).unwrap();
        near(found.mean, -0.083_333, 1e-6);
        near(found.se, 0.093_169, 1e-6);
        near_both(found.ci95, [-0.298, 0.132], 5e-4);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(paired(&[], &[]), None);
        assert_eq!(paired(&[1.0], &[0.0]), None);
        assert_eq!(paired(&[1.0, 0.0], &[0.0]), None);
        assert_eq!(paired(&[1.0, f64::NAN], &[0.0, 0.0]), None);
        // The differences 0.3 − 0.2 and 0.2 − 0.1 differ in the last bit, which is not a spread.
        near(paired(&[0.3, 0.2], &[0.2, 0.1]).unwrap().se, 0.0, 0.0);
    }
}
