//! Standard errors for scenarios that come in groups, such as variants of one template.

use std::collections::BTreeMap;

use super::distribution::count;
use super::mean::{Estimate, interval, mean};

/// Below this many groups a clustered error is itself too uncertain to use; take fixed strata instead (page 7.2).
pub const ENOUGH: usize = 20;

/// Miller's clustered error, SE² = `SE_CLT`² + (1/n²) `Σ_c Σ_{i≠j∈c}` (sᵢ − s̄)(sⱼ − s̄) (Miller 2024, eq. 4).
///
/// Reckoned as (`Σ_c` (`Σ_{i∈c}` rᵢ)² + Σ rᵢ²/(n − 1))/n² with rᵢ = sᵢ − s̄, which is the same and plainly not negative.
/// None for fewer than two values or lists of different lengths.
#[must_use]
pub fn clustered_se<C: Ord>(values: &[f64], clusters: &[C]) -> Option<f64> {
    let groups = residuals(values, clusters)?;
    let n = count(values.len());
    let totals: f64 = groups.values().map(|sums| sums.total * sums.total).sum();
    let squares: f64 = groups.values().map(|sums| sums.squares).sum();
    (values.len() > 1).then(|| (totals + squares / (n - 1.0)).sqrt() / n)
}

/// The cluster-robust error with the correction for few groups, SE² = C/(C − 1) `Σ_c` (`Σ_{i∈c}` (sᵢ − s̄))²/n², as in
/// Inspect and statsmodels (page 7.1). None for lists of different lengths or fewer than two groups.
#[must_use]
pub fn robust_se<C: Ord>(values: &[f64], clusters: &[C]) -> Option<f64> {
    let groups = residuals(values, clusters)?;
    let (n, c) = (count(values.len()), count(groups.len()));
    let squares: f64 = groups.values().map(|sums| sums.total * sums.total).sum();
    (groups.len() > 1).then(|| (c / (c - 1.0) * squares).sqrt() / n)
}

/// The mean with [`robust_se`] and a t interval with C − 1 degrees of freedom. Do not use it below [`ENOUGH`] groups.
#[must_use]
pub fn robust<C: Ord>(values: &[f64], clusters: &[C]) -> Option<Estimate> {
    let groups = residuals(values, clusters)?.len();
    Some(interval(mean(values)?, robust_se(values, clusters)?, count(groups) - 1.0))
}

/// What the residuals of a group come to.
#[derive(Default)]
struct Sums {
    total: f64,
    squares: f64,
}

fn residuals<'a, C: Ord>(values: &[f64], clusters: &'a [C]) -> Option<BTreeMap<&'a C, Sums>> {
    if values.len() != clusters.len() {
        return None;
    }
    let centre = mean(values).filter(|centre| centre.is_finite())?;
    let mut groups: BTreeMap<&C, Sums> = BTreeMap::new();
    for (value, cluster) in values.iter().zip(clusters) {
        let sums = groups.entry(cluster).or_default();
        sums.total += value - centre;
        sums.squares += (value - centre).powi(2);
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean::standard_error;
    use crate::stats::{A, means, near, near_both};

    #[test]
    fn vectors_of_the_contract() {
        let values = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0];
        let clusters: Vec<_> = "aaabbbbcccdd".chars().collect();
        near(standard_error(&values), 0.150_756, 1e-6);
        near(clustered_se(&values, &clusters), 0.260_511, 1e-6);
        near(robust_se(&values, &clusters), 0.296_586, 1e-6);
        // Three families: unusable, and it shows.
        let families = robust(&means(A), &[0, 0, 0, 1, 1, 1, 2, 2, 2]).unwrap();
        near(families.se, 0.2097, 5e-5);
        near_both(families.ci95, [-0.32, 1.49], 5e-3);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(clustered_se::<u8>(&[], &[]), None);
        assert_eq!(clustered_se(&[1.0], &[0]), None);
        assert_eq!(clustered_se(&[1.0, 0.0], &[0]), None);
        assert_eq!(robust_se(&[1.0, 0.0], &[0, 0]), None);
        assert_eq!(robust_se(&[f64::NAN, 0.0], &[0, 1]), None);
        // One group: its residuals cancel, and only Σr²/(n²(n − 1)) is left.
        near(clustered_se(&[1.0, 0.0], &[0, 0]), 0.125_f64.sqrt(), 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn groups_of_one_are_no_groups(values in proptest::collection::vec(0.0_f64..1.0, 2..30)) {
            let alone: Vec<_> = (0..values.len()).collect();
            let plain = standard_error(&values).unwrap();
            near(clustered_se(&values, &alone), plain, 1e-9);
            near(robust_se(&values, &alone), plain, 1e-9);
        }
    }
}
