//! Means over scenarios, and how certain they are.

use super::distribution::{count, t_quantile};

/// The arithmetic mean; none for an empty list, or if it is not finite.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    let centre = (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()));
    centre.filter(|centre| centre.is_finite())
}

/// The sample variance, with n − 1 in the denominator; none for fewer than two values.
#[must_use]
pub fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    let free = count(values.len() - 1);
    Some(values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / free)
}

/// An estimate with its standard error and two-sided 95 % t interval. It is meant for differences; the interval of a printed
/// score is [`ScoreInterval`](super::score_interval::ScoreInterval), which stays inside the scale of scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate of the mean.
    pub mean: f64,
    /// The standard error of the mean.
    pub se: f64,
    /// The degrees of freedom of the t quantile.
    pub df: f64,
    /// The lower and the upper bound of the interval.
    pub ci95: [f64; 2],
}

/// The standard error of a mean by the central limit theorem, sd/√n = √(Σ(s − s̄)²/(n(n − 1))) (Miller 2024, eq. 1).
///
/// Over the means of scenarios this is `SE_gen`, which already contains the noise of the epochs. Over all n·K episodes
/// it is the naive error, which treats epochs of one scenario as independent incidents and is too small. None for fewer
/// than two values.
#[must_use]
pub fn standard_error(values: &[f64]) -> Option<f64> {
    Some((variance(values)? / count(values.len())).sqrt())
}

/// The mean over scenarios, for *other incidents of the same kind*: SE = sd/√n, with a t interval of n − 1 degrees of
/// freedom.
///
/// None for fewer than two scenarios.
#[must_use]
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    Some(interval(mean(values)?, standard_error(values)?, count(values.len()) - 1.0))
}

/// The mean of the means of fixed strata with equal weights, such as the three tasks.
///
/// SE² = Σ (1/H)² `s_h²/n_h`, with Satterthwaite's degrees of freedom (Σ `v_h)²` / Σ (`v_h²` / (`n_h` − 1)), where
/// `v_h` = (1/H)² `s_h²/n_h`. The weights are 1/H because every task weighs the same in the score. None if a stratum
/// has fewer than two scenarios.
#[must_use]
pub fn stratified(strata: &[Vec<f64>]) -> Option<Estimate> {
    if strata.is_empty() {
        return None;
    }
    let weight = 1.0 / count(strata.len());
    let (mut centre, mut total, mut denominator) = (0.0, 0.0, 0.0);
    for values in strata {
        let n = count(values.len());
        let part = weight * weight * variance(values)? / n;
        centre += weight * mean(values)?;
        total += part;
        denominator += part * part / (n - 1.0);
    }
    let df = if denominator > 0.0 { total * total / denominator } else { 1.0 };
    Some(interval(centre, total.sqrt(), df))
}

/// Makes an estimate with the t interval mean ± `t_df(.975)`·SE, which is infinitely wide if the degrees of freedom are
/// not positive.
pub(super) fn interval(mean: f64, se: f64, df: f64) -> Estimate {
    // Without any spread the quantile does not matter.
    let half = if se > 0.0 { se * t_quantile(0.975, df).unwrap_or(f64::INFINITY) } else { 0.0 };
    Estimate { mean, se, df, ci95: [mean - half, mean + half] }
}

/// A quantile by linear interpolation between order statistics (type 7); none for an empty list.
#[must_use]
pub fn quantile(values: &mut [u64], q: f64) -> Option<f64> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double")]
    let at = |index: usize| values[index.min(last)] as f64;
    #[expect(clippy::cast_precision_loss, reason = "counts fit a double")]
    let position = q.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position is not negative")]
    let below = position.floor() as usize;
    Some(at(below) + (position - position.floor()) * (at(below + 1) - at(below)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::SplitMix64;
    use crate::stats::{A, cells, means, near};

    #[test]
    fn worked_example() {
        let a_means = means(A);
        let a = estimate(&a_means).unwrap();
        near(a.mean, 0.583_333, 1e-6);
        near(a.se, 0.131_762, 1e-6);
        near(a.ci95[0], 0.2795, 1e-4);
        near(a.ci95[1], 0.8872, 1e-4);
        // With equal strata the weights 1/H and n_h/n are the same.
        let strata: Vec<_> = a_means.chunks(3).map(<[f64]>::to_vec).collect();
        let fixed = stratified(&strata).unwrap();
        near(fixed.se, 0.0921, 1e-4);
        near(fixed.df, 5.90, 1e-2);
        near(fixed.ci95[0], 0.357, 1e-3);
        near(fixed.ci95[1], 0.810, 1e-3);
    }

    #[test]
    fn episodes_taken_for_scenarios_look_too_certain() {
        near(standard_error(&cells(A).concat()), 0.083_333, 1e-6);
        near(standard_error(&means(A)), 0.131_762, 1e-6);
    }

    #[test]
    fn the_bootstrap_is_too_narrow_for_nine_scenarios() {
        // In the limit the bootstrap gives √((n − 1)/n)·SE, which is 5.7 % too small. This is why no bootstrap is
        // offered.
        let (values, mut rng) = (means(A), SplitMix64::new(1));
        let mut resample = || (0..9).map(|_| values[rng.below(9)]).sum::<f64>() / 9.0;
        let replicates: Vec<_> = (0..10_000).map(|_| resample()).collect();
        near(variance(&replicates).map(f64::sqrt), 0.1247, 0.003);
        near((8.0_f64 / 9.0).sqrt() * standard_error(&values).unwrap(), 0.124_226, 1e-6);
    }

    #[test]
    fn too_little_to_say() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[0.5, f64::NAN]), None);
        assert_eq!(estimate(&[0.5, f64::NAN]), None);
        assert_eq!(estimate(&[0.5]), None);
        assert_eq!(standard_error(&[0.5]), None);
        assert_eq!(stratified(&[vec![0.5, 0.6], vec![0.5]]), None);
        let [low, high] = estimate(&[1.0, 1.0]).unwrap().ci95;
        near(low, 1.0, 1e-12);
        near(high, 1.0, 1e-12);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&mut [], 0.5), None);
        assert_eq!(quantile(&mut [7], 0.99), Some(7.0));
        assert_eq!(quantile(&mut [4, 1, 3, 2], 0.5), Some(2.5));
        assert_eq!(quantile(&mut [1, 2, 3, 4, 5], 1.0), Some(5.0));
    }
}
