//! Pass rates: intervals that hold for few episodes and at 0 and 1, where the normal interval fails (Bowyer et al.
//! 2025).

use super::distribution::{count, t_quantile};
use super::mean::{mean, standard_error};

/// A number of passes among a number of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    passes: u32,
    attempts: u32,
}

impl Rate {
    /// Makes a rate; none without attempts or with more passes than attempts.
    #[must_use]
    pub const fn new(passes: u32, attempts: u32) -> Option<Self> {
        if attempts == 0 || passes > attempts { None } else { Some(Self { passes, attempts }) }
    }

    /// The number of passes.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// The number of attempts.
    #[must_use]
    pub const fn attempts(self) -> u32 {
        self.attempts
    }

    /// The share of passes.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.passes) / f64::from(self.attempts)
    }

    /// The parameters c + 1 and n − c + 1 of the posterior with the prior Beta(1, 1).
    fn posterior(self) -> (f64, f64) {
        (f64::from(self.passes) + 1.0, f64::from(self.attempts - self.passes) + 1.0)
    }
}

/// Wilson's score interval, (p + q²/2n ± q√(p(1 − p)/n + q²/4n²))/(1 + q²/n) (Wilson 1927).
///
/// The number `n` need not be whole (see [`effective_n`]); `critical` is q, the quantile of the normal distribution or
/// of t. None unless 0 ≤ p ≤ 1 and both others are positive.
#[must_use]
pub fn wilson(p: f64, n: f64, critical: f64) -> Option<[f64; 2]> {
    let usable = (0.0..=1.0).contains(&p) && n > 0.0 && n.is_finite() && critical > 0.0 && critical.is_finite();
    if !usable {
        return None;
    }
    let squared = critical * critical;
    let centre = p + squared / (2.0 * n);
    let half = critical * (p * (1.0 - p) / n + squared / (4.0 * n * n)).sqrt();
    let scale = 1.0 + squared / n;
    // At 0 and 1 one end is exact, and rounding must not move it.
    let low = if p <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if p >= 1.0 { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Some([low, high])
}

/// The number of independent episodes that carry as much information as a pass rate over n scenarios with K epochs: p(1
/// − p)/`SE_gen`², at most n·K (as in Inspect's `ci_wilson`).
///
/// If p is 0 or 1, the quotient is 0/0 and nothing shows whether epochs are independent. It is then n, one for each
/// scenario. None unless 0 ≤ p ≤ 1, the error is not negative, and there are scenarios and epochs.
#[must_use]
pub fn effective_n(p: f64, se_gen: f64, scenarios: usize, epochs: usize) -> Option<f64> {
    let usable = (0.0..=1.0).contains(&p) && se_gen >= 0.0 && scenarios > 0 && epochs > 0;
    if !usable {
        return None;
    }
    let spread = p * (1.0 - p);
    let cap = count(scenarios) * count(epochs);
    Some(if spread <= 0.0 { count(scenarios) } else { (spread / (se_gen * se_gen)).min(cap) })
}

/// A share whose attempts come in groups, such as the epochs of a scenario, which may depend on each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustered {
    /// The share of passes among all attempts.
    pub share: f64,
    /// The number of independent attempts that carry as much information.
    pub effective_n: f64,
    /// The 95 % interval of Wilson on `effective_n` attempts, with t of one less than the number of groups.
    pub ci95: [f64; 2],
}

impl Clustered {
    /// Estimates the mean pass rate of scenarios from the rate of each, of which none has more than so many epochs. Scenarios
    /// weigh the same, whatever their numbers of epochs. None for fewer than two scenarios.
    #[must_use]
    pub fn mean_of(rates: &[f64], epochs: usize) -> Option<Self> {
        let (share, n) = (mean(rates)?, rates.len());
        let effective_n = effective_n(share, standard_error(rates)?, n, epochs)?;
        let ci95 = wilson(share, effective_n, t_quantile(0.975, count(n) - 1.0)?)?;
        Some(Self { share, effective_n, ci95 })
    }

    /// Estimates the share from the rate of each group.
    ///
    /// The share is that of all attempts, p = Σ cᵢ/Σ nᵢ, and its error that of a ratio over C groups, SE² = C/(C − 1)·Σ (cᵢ −
    /// p·nᵢ)²/(Σ nᵢ)². The effective number is p(1 − p)/SE², at most that of all attempts, and C if p is 0 or 1, as in
    /// [`effective_n`]. None for fewer than two groups, which show nothing of how attempts depend on each other.
    #[must_use]
    pub fn of(groups: &[Rate]) -> Option<Self> {
        if groups.len() < 2 {
            return None;
        }
        let sum = |part: fn(Rate) -> u32| groups.iter().map(|rate| f64::from(part(*rate))).sum::<f64>();
        let (attempts, size) = (sum(Rate::attempts), count(groups.len()));
        let share = sum(Rate::passes) / attempts;
        let residual = |rate: &Rate| (f64::from(rate.passes) - share * f64::from(rate.attempts)).powi(2);
        let squared = size / (size - 1.0) * groups.iter().map(residual).sum::<f64>() / (attempts * attempts);
        let spread = share * (1.0 - share);
        let effective_n = if spread <= 0.0 { size } else { (spread / squared).min(attempts) };
        let ci95 = wilson(share, effective_n, t_quantile(0.975, size - 1.0)?)?;
        Some(Self { share, effective_n, ci95 })
    }
}

/// The probability P(p₁ < p₂) for the posteriors Beta(aᵢ, bᵢ) = Beta(cᵢ + 1, nᵢ − cᵢ + 1).
///
/// It is the exact sum Σ B(a₁ + i, b₁ + b₂)/((b₂ + i)·B(1 + i, b₂)·B(a₁, b₁)) over i from 0 to a₂ − 1. All terms are
/// positive, and each is computed from the last by their ratio (Miller 2015, "Formulas for Bayesian A/B testing").
#[must_use]
pub fn chance_of_less(first: Rate, second: Rate) -> f64 {
    let ((a, b), (_, other)) = (first.posterior(), second.posterior());
    // The first term is B(a, b + b₂)/B(a, b). It may be very small, so it is computed as a product in logarithms.
    let mut term: f64 =
        (0..=second.attempts - second.passes).map(|i| ((b + f64::from(i)) / (a + b + f64::from(i))).ln()).sum();
    let mut sum = 0.0;
    for i in (0..=second.passes).map(f64::from) {
        sum += term.exp();
        term += ((a + i) / (a + b + other + i) * (other + i) / (1.0 + i)).ln();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::distribution::normal_quantile;
    use crate::stats::{A, means, near, near_both};

    /// Wilson's interval of a count, with normal quantiles.
    fn wilson_of(rate: Rate) -> Option<[f64; 2]> {
        wilson(rate.share(), f64::from(rate.attempts), normal_quantile(0.975)?)
    }

    fn rate(passes: u32, attempts: u32) -> Rate {
        Rate::new(passes, attempts).unwrap()
    }

    #[test]
    fn intervals_of_the_worked_example() {
        for (c, n, expected) in [
            (6, 9, [0.3542, 0.8794]),
            (9, 9, [0.7009, 1.0]),
            (0, 9, [0.0, 0.2991]),
            (24, 36, [0.5033, 0.7979]),
            (700, 1000, [0.6709, 0.7276]),
        ] {
            near_both(wilson_of(rate(c, n)), expected, 5.1e-5);
        }
    }

    #[test]
    fn wilson_on_the_effective_size() {
        let (p, se) = (0.583_333_333, 0.131_761_569);
        let n = effective_n(p, se, 9, 4).unwrap();
        near(n, 14.0, 1e-4);
        near_both(wilson(p, n, 1.959_963_985), [0.3359, 0.7949], 5.1e-5);
        near_both(wilson(p, n, t_quantile(0.975, 8.0).unwrap()), [0.3007, 0.8201], 5.1e-5);
        for (p, se, expected) in [(0.5, 0.001, 36.0), (0.5, 0.0, 36.0), (1.0, 0.0, 9.0), (0.0, 0.0, 9.0)] {
            assert_eq!(effective_n(p, se, 9, 4), Some(expected));
        }
    }

    #[test]
    fn epochs_of_one_scenario_are_no_scenarios() {
        // Ten scenarios with eight epochs each that come out the same, and seven of them right.
        let groups: Vec<_> = (0..10).map(|at| rate(if at < 7 { 8 } else { 0 }, 8)).collect();
        let found = Clustered::of(&groups).unwrap();
        // SE² = 10/9·(7·2.4² + 3·5.6²)/6400 = .21/9, and .21/SE² = 9; Wilson with t₉ = 2.2622.
        near(found.share, 0.7, 1e-12);
        near(found.effective_n, 9.0, 1e-9);
        near_both(found.ci95, [0.3422, 0.9128], 5e-4);
        // Epochs that differ as coins do are worth all of their number at most.
        let coins: Vec<_> = (0..10).map(|at| rate(3 + at % 3, 8)).collect();
        near(Clustered::of(&coins).unwrap().effective_n, 80.0, 1e-9);
        near(Clustered::of(&[rate(4, 4), rate(4, 4), rate(4, 4)]).unwrap().effective_n, 3.0, 1e-12);
        assert_eq!(Clustered::of(&groups[..1]), None);
    }

    #[test]
    fn the_pass_rate_of_the_worked_example() {
        let found = Clustered::mean_of(&means(A), 4).unwrap();
        near(found.share, 0.583_333, 1e-6);
        near(found.effective_n, 14.0, 1e-4);
        near_both(found.ci95, [0.3007, 0.8201], 5e-5);
        assert_eq!(Clustered::mean_of(&[1.0], 4), None);
    }

    #[test]
    fn two_rates_of_the_worked_example() {
        near(chance_of_less(rate(30, 36), rate(22, 36)), 0.0189, 5e-5);
        near(chance_of_less(rate(0, 4), rate(4, 4)), 0.996, 5e-4);
        near(chance_of_less(rate(1, 4), rate(4, 4)), 0.976, 5e-4);
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(Rate::new(0, 0), None);
        assert_eq!(Rate::new(2, 1), None);
        for (p, n, critical) in [(f64::NAN, 9.0, 2.0), (1.1, 9.0, 2.0), (0.5, 0.0, 2.0), (0.5, 9.0, f64::NAN)] {
            assert_eq!(wilson(p, n, critical), None);
        }
        assert_eq!(effective_n(0.5, f64::NAN, 9, 4), None);
        assert_eq!(effective_n(0.5, 0.1, 0, 4), None);
    }

    fn any_rate() -> impl proptest::strategy::Strategy<Value = Rate> {
        use proptest::strategy::Strategy;
        (1_u32..400).prop_flat_map(|n| (0..=n, proptest::strategy::Just(n)).prop_map(|(c, n)| rate(c, n)))
    }

    proptest::proptest! {
        #[test]
        fn intervals_hold_the_share_and_mirror(any in any_rate()) {
            let mirror = rate(any.attempts - any.passes, any.attempts);
            let [low, high] = wilson_of(any).unwrap();
            proptest::prop_assert!(0.0 <= low && low <= any.share() && any.share() <= high && high <= 1.0);
            near_both(wilson_of(mirror), [1.0 - high, 1.0 - low], 1e-9);
        }

        #[test]
        fn one_of_two_is_less(first in any_rate(), second in any_rate()) {
            near(chance_of_less(first, second) + chance_of_less(second, first), 1.0, 1e-9);
        }
    }
}
