//! Power: how much must be played to find a difference, and which difference can be found.

use super::distribution::{count, normal_quantile};

/// The demands on a finding: the error that it may have, and the power, which is the chance of finding a difference
/// that exists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// The quantile z of the error: z₁₋α on one side, z₁₋α⸝₂ on two sides.
    critical: f64,
    /// The quantile z of the power.
    power: f64,
}

impl Demand {
    /// The demands of a comparison of models, with the error `alpha` on both sides together. None unless both arguments
    /// are between 0 and 1.
    #[must_use]
    pub fn two_sided(alpha: f64, power: f64) -> Option<Self> {
        Self::one_sided(alpha / 2.0, power)
    }

    /// The demands of a gate, which asks about one direction, with the error `alpha`. None unless both arguments are
    /// between 0 and 1.
    #[must_use]
    pub fn one_sided(alpha: f64, power: f64) -> Option<Self> {
        Some(Self { critical: normal_quantile(1.0 - alpha)?, power: normal_quantile(power)? })
    }

    /// The smallest difference that can be found with a standard error: (`z_crit` + `z_power`)·SE.
    #[must_use]
    pub fn detectable(self, se: f64) -> Option<f64> {
        Some((self.critical + self.power) * se).filter(|difference| difference.is_finite() && *difference >= 0.0)
    }

    /// The smallest difference that can be found with n scenarios: (`z_crit` + `z_power`)·√((ω² + noise)/n). This is
    /// [`Demand::scenarios`] solved for δ (Miller 2024, eq. 10). None without scenarios.
    #[must_use]
    pub fn detectable_with(self, spread: Spread, scenarios: usize) -> Option<f64> {
        self.detectable((spread.total()? / count(scenarios)).sqrt())
    }

    /// The number of scenarios needed to find a difference δ: n = (`z_crit` + `z_power`)²(ω² + noise)/δ², rounded up
    /// (Miller 2024, eq. 9).
    #[must_use]
    pub fn scenarios(self, spread: Spread, difference: f64) -> Option<u64> {
        self.needed(spread.total()?, difference)
    }

    /// The number of epochs of each scenario needed to find a difference δ on n fixed scenarios: K = (`z_crit` +
    /// `z_power`)²(`σ_A`² + `σ_B`²)/(n·δ²), rounded up. The variances are the means of the variances within a scenario.
    /// None without scenarios.
    #[must_use]
    pub fn epochs(self, variance_a: f64, variance_b: f64, scenarios: usize, difference: f64) -> Option<u64> {
        self.needed((variance_a + variance_b) / count(scenarios), difference)
    }

    /// The number of units for which the variance `per_unit`/units is small enough: (`z_crit` +
    /// `z_power`)²·`per_unit`/δ², rounded up, at least 1.
    ///
    /// None unless the difference is positive and the answer is below 9·10¹⁵.
    pub(crate) fn needed(self, per_unit: f64, difference: f64) -> Option<u64> {
        let needed = ((self.critical + self.power) / difference).powi(2) * per_unit;
        // The factor takes off what rounding may have added to a whole number.
        let needed = (needed * (1.0 - 1e-12)).ceil();
        let usable = difference > 0.0 && (0.0..9e15).contains(&needed);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked, and whole")]
        let whole = usable.then_some(needed as u64);
        whole.map(|needed| needed.max(1))
    }
}

/// The two parts of the variance of a difference between two agents over scenarios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The variance ω² over scenarios of the true difference.
    pub between: f64,
    /// The variance that the epochs add, `σ_A`²/`K_A` + `σ_B`²/`K_B`. It is 0 for infinitely many epochs.
    pub noise: f64,
}

impl Spread {
    /// The spread for variances σ² within a scenario and K epochs of both agents. None without epochs.
    #[must_use]
    pub fn new(between: f64, variance_a: f64, variance_b: f64, epochs: u32) -> Option<Self> {
        (epochs > 0).then(|| Self { between, noise: (variance_a + variance_b) / f64::from(epochs) })
    }

    fn total(self) -> Option<f64> {
        Some(self.between + self.noise).filter(|total| total.is_finite() && *total >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    #[test]
    fn worked_example() {
        let two = Demand::two_sided(0.05, 0.8).unwrap();
        let ninth = 1.0 / 9.0;
        assert_eq!(two.scenarios(Spread { between: ninth, noise: 0.0 }, 0.03), Some(969));
        for (epochs, expected) in [(1, 3876), (10, 1260)] {
            let spread = Spread::new(ninth, 1.0 / 6.0, 1.0 / 6.0, epochs).unwrap();
            assert_eq!(two.scenarios(spread, 0.03), Some(expected));
        }
        let spread = Spread::new(0.06, 0.12, 0.12, 4).unwrap();
        for (n, expected) in [(9, 0.3235), (30, 0.1772), (100, 0.0971), (1000, 0.0307)] {
            // The worked example says .0971, where .09705 rounds to .0970.
            near(two.detectable_with(spread, n), expected, 6e-5);
        }
        let one = Demand::one_sided(0.05, 0.8).unwrap();
        for (variance, difference, expected) in
            [(0.12, 0.05, 66), (0.12, 0.1, 17), (0.0173, 0.05, 10), (0.0173, 0.02, 60)]
        {
            assert_eq!(one.epochs(variance, variance, 9, difference), Some(expected));
        }
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(Demand::one_sided(0.0, 0.8), None);
        assert_eq!(Demand::two_sided(0.05, f64::NAN), None);
        assert_eq!(Spread::new(0.1, 0.1, 0.1, 0), None);
        let demand = Demand::one_sided(0.05, 0.8).unwrap();
        for difference in [0.0, -0.1, f64::NAN, 1e-300] {
            assert_eq!(demand.epochs(0.1, 0.1, 9, difference), None);
        }
        assert_eq!(demand.epochs(0.1, 0.1, 0, 0.1), None);
        assert_eq!(demand.epochs(0.0, 0.0, 9, 0.1), Some(1));
        assert_eq!(demand.detectable_with(Spread { between: 0.1, noise: 0.0 }, 0), None);
        assert_eq!(demand.detectable_with(Spread { between: f64::NAN, noise: 0.0 }, 9), None);
        assert_eq!(demand.detectable(-1.0), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_needed_is_enough(between in 0.001_f64..1.0, noise in 0.0_f64..1.0, difference in 0.01_f64..1.0) {
            let (demand, spread) = (Demand::two_sided(0.05, 0.8).unwrap(), Spread { between, noise });
            let n = usize::try_from(demand.scenarios(spread, difference).unwrap()).unwrap();
            proptest::prop_assert!(demand.detectable_with(spread, n).unwrap() <= difference * (1.0 + 1e-9));
            if n > 1 {
                proptest::prop_assert!(demand.detectable_with(spread, n - 1).unwrap() > difference);
            }
        }
    }
}
