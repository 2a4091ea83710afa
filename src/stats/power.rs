//! Power: how much must be played to find a difference, and which difference can be found.

use super::distribution::{count, normal_quantile, t_quantile};
use super::spread::{PairSpread, Spread};

/// The demands on a finding: the error that it may have, and the power, which is the chance of finding a difference
/// that exists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// The error in one tail: α on one side, α/2 on two sides.
    tail: f64,
    /// The chance of finding a difference that exists.
    chance: f64,
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
        let (critical, quantile) = (normal_quantile(1.0 - alpha)?, normal_quantile(power)?);
        Some(Self { tail: alpha, chance: power, critical, power: quantile })
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

    /// The same demands by Student's t with n − 1 degrees of freedom, for the t interval over n scenarios. They ask for
    /// more than the normal ones, noticeably so below about 30 scenarios. None for fewer than two scenarios.
    #[must_use]
    pub fn by_t(self, scenarios: usize) -> Option<Self> {
        let df = count(scenarios) - 1.0;
        let (critical, power) = (t_quantile(1.0 - self.tail, df)?, t_quantile(self.chance, df)?);
        Some(Self { critical, power, ..self })
    }

    /// The number of scenarios needed to find a difference δ: n = (`z_crit` + `z_power`)²(ω² + noise)/δ², rounded up
    /// (Miller 2024, eq. 9).
    #[must_use]
    pub fn scenarios(self, spread: Spread, difference: f64) -> Option<u64> {
        self.needed(spread.total()?, difference)
    }

    /// The number of scenarios needed to find a difference δ by the t interval over them: the smallest n of at least 2
    /// for which [`Demand::by_t`] can find it.
    #[must_use]
    pub fn scenarios_by_t(self, spread: Spread, difference: f64) -> Option<u64> {
        let mut needed = self.scenarios(spread, difference)?.max(2);
        // The search starts at the normal answer, which is too small by about two.
        loop {
            let Ok(scenarios) = usize::try_from(needed) else { return Some(needed) };
            let found = self.by_t(scenarios)?.detectable_with(spread, scenarios)?;
            if found <= difference * (1.0 + 1e-12) {
                return Some(needed);
            }
            needed += 1;
        }
    }

    /// The number of epochs of each scenario needed to find a difference δ on n fixed scenarios: K = (`z_crit` +
    /// `z_power`)²(`σ_A`² + `σ_B`²)/(n·δ²), rounded up. The variances are the means of the variances within a scenario.
    /// None without scenarios.
    #[must_use]
    pub fn epochs(self, variance_a: f64, variance_b: f64, scenarios: usize, difference: f64) -> Option<u64> {
        self.needed((variance_a + variance_b) / count(scenarios), difference)
    }

    /// The number of epochs of each scenario needed to find a difference δ over n new scenarios: K = (`z_crit` +
    /// `z_power`)²(`σ_A`² + `σ_B`²)/(n·δ² − (`z_crit` + `z_power`)²ω²), rounded up. This is [`Demand::scenarios`] solved
    /// for K.
    ///
    /// None if no number of epochs suffices, because the spread ω² between the scenarios alone hides the difference.
    #[must_use]
    pub fn epochs_over_new(self, spread: PairSpread, scenarios: usize, difference: f64) -> Option<u64> {
        let least = self.needed(spread.between, difference)?;
        let per_unit = spread.within / count(scenarios);
        if spread.bounds_only {
            // Either part may be all of the spread, so each must be small enough by itself.
            let enough = u64::try_from(scenarios).is_ok_and(|scenarios| least <= scenarios);
            return if enough { self.needed(per_unit, difference) } else { None };
        }
        let hidden = (self.critical + self.power).powi(2) * spread.between / count(scenarios);
        self.needed(per_unit, (difference * difference - hidden).sqrt())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean::{estimate, mean, variance};
    use crate::stats::near;
    use crate::stats::rng::SplitMix64;

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
    fn epochs_over_new_scenarios() {
        let two = Demand::two_sided(0.05, 0.8).unwrap();
        // z = 1.959964 + 0.841621 = 2.801585, so z² = 7.848880. With ω² = 0.06 and σ_A² + σ_B² = 0.24 on 200 scenarios,
        // the difference 0.05 needs K = 7.848880·0.24/(200·0.0025 − 7.848880·0.06) = 1.883731/0.029067 = 64.8.
        let spread = PairSpread { between: 0.06, within: 0.24, bounds_only: false };
        assert_eq!(two.epochs_over_new(spread, 200, 0.05), Some(65));
        // Infinitely many epochs leave ω², which needs 7.848880·0.06/0.0025 = 188.4 scenarios.
        assert_eq!(two.epochs_over_new(spread, 188, 0.05), None);
        assert!(two.epochs_over_new(spread, 189, 0.05).is_some());
        assert_eq!(two.scenarios(Spread { between: 0.06, noise: 0.0 }, 0.05), Some(189));
        // Without any spread between scenarios, epochs and scenarios are worth the same: 1.883731/(9·0.0025) = 83.7.
        let same = PairSpread { between: 0.0, ..spread };
        assert_eq!(two.epochs_over_new(same, 9, 0.05), Some(84));
        assert_eq!(two.epochs_over_new(spread, 0, 0.05), None);
    }

    #[test]
    fn a_single_epoch_gives_bounds() {
        let two = Demand::two_sided(0.05, 0.8).unwrap();
        let spread = PairSpread { between: 0.06, within: 0.12, bounds_only: true };
        // On 200 scenarios: 7.848880·0.12/(200·0.0025) = 1.88 epochs; on 188, ω² = 0.06 may hide the difference.
        assert_eq!(two.epochs_over_new(spread, 200, 0.05), Some(2));
        assert_eq!(two.epochs_over_new(spread, 188, 0.05), None);
    }

    #[test]
    fn few_scenarios_need_more_by_t() {
        // t₈ at .975 is 2.306004 and at .8 is 0.888890, in sum 3.194894; √(0.12/9) = 0.115470.
        let two = Demand::two_sided(0.05, 0.8).unwrap();
        let spread = Spread { between: 0.06, noise: 0.06 };
        near(two.by_t(9).unwrap().detectable_with(spread, 9), 0.368_914, 1e-5);
        assert_eq!(two.by_t(1), None);
        // By the normal distribution, 2.801585²·0.12/0.3² = 10.5 scenarios are needed. With 12, t₁₁ is 2.200985 and
        // 0.875530, and 3.076515·√(0.12/12) = 0.3077 is too much; with 13, t₁₂ is 2.178813 and 0.872609, and
        // 3.051422·√(0.12/13) = 0.2932 is enough.
        assert_eq!((two.scenarios(spread, 0.3), two.scenarios_by_t(spread, 0.3)), (Some(11), Some(13)));
        // Many scenarios need two more, z²/2 (Guenther 1981).
        assert_eq!((two.scenarios(spread, 0.03), two.scenarios_by_t(spread, 0.03)), (Some(1047), Some(1049)));
        assert_eq!(two.scenarios_by_t(Spread { between: 0.0, noise: 0.0 }, 0.3), Some(2));
    }

    /// A number with mean 0 and variance 1 that is nearly normal: the sum of twelve uniform ones.
    fn noise(rng: &mut SplitMix64) -> f64 {
        (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0
    }

    /// The share of simulated comparisons that find the difference.
    fn found(rounds: u32, mut comparison: impl FnMut() -> bool) -> f64 {
        f64::from((0..rounds).map(|_| u32::from(comparison())).sum::<u32>()) / f64::from(rounds)
    }

    #[test]
    fn a_gate_of_the_computed_size_finds_four_in_five() {
        let (sigma, drop, n) = (0.35, 0.1, 9_usize);
        let epochs = Demand::one_sided(0.05, 0.8).unwrap().epochs(sigma * sigma, sigma * sigma, n, drop).unwrap();
        assert_eq!(epochs, 17);
        let mut rng = SplitMix64::new(7);
        let share = found(2000, || {
            let (mut delta, mut squared) = (0.0, 0.0);
            for _ in 0..n {
                for shift in [0.0, -drop] {
                    let cell: Vec<_> = (0..epochs).map(|_| shift + sigma * noise(&mut rng)).collect();
                    delta += if shift < 0.0 { 1.0 } else { -1.0 } * mean(&cell).unwrap();
                    squared += variance(&cell).unwrap() / f64::from(u32::try_from(epochs).unwrap());
                }
            }
            delta + normal_quantile(0.95).unwrap() * squared.sqrt() < 0.0
        });
        near(share, 0.8, 0.05);
    }

    #[test]
    fn a_leaderboard_of_the_computed_size_finds_four_in_five() {
        let (omega, sigma) = (0.25_f64, 0.3_f64);
        let spread = PairSpread { between: omega * omega, within: 2.0 * sigma * sigma, bounds_only: false };
        let two = Demand::two_sided(0.05, 0.8).unwrap();
        // The difference is the smallest for each number of scenarios, so that rounding up adds no power.
        for (epochs, n) in [(1, 200), (5, 80), (5, 9)] {
            let here = spread.with_epochs(epochs).unwrap();
            let difference = two.by_t(n).unwrap().detectable_with(here, n).unwrap();
            assert_eq!(two.scenarios_by_t(here, difference), u64::try_from(n).ok());
            let mut rng = SplitMix64::new(11);
            let share = found(2000, || {
                let differences: Vec<_> = (0..n)
                    .map(|_| {
                        let truth = difference + omega * noise(&mut rng);
                        let played: f64 = (0..epochs).map(|_| sigma * (noise(&mut rng) - noise(&mut rng))).sum();
                        truth + played / f64::from(epochs)
                    })
                    .collect();
                estimate(&differences).unwrap().ci95[0] > 0.0
            });
            near(share, 0.8, 0.05);
        }
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(Demand::one_sided(0.0, 0.8), None);
        assert_eq!(Demand::two_sided(0.05, f64::NAN), None);
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

        #[test]
        fn more_is_needed_for_less_difference_and_for_more_power(
            between in 0.0_f64..0.25,
            within in 0.001_f64..0.5,
            difference in 0.02_f64..0.5,
            power in 0.5_f64..0.95,
            n in 1_usize..500,
            bounds_only: bool,
        ) {
            let spread = PairSpread { between, within, bounds_only };
            let needs = |difference: f64, power: f64| {
                let demand = Demand::two_sided(0.05, power).unwrap();
                let scenarios = |epochs| demand.scenarios(spread.with_epochs(epochs).unwrap(), difference).unwrap();
                let fixed = demand.epochs(within, within, n, difference).unwrap();
                // No number of epochs is more than any.
                let epochs = demand.epochs_over_new(spread, n, difference).unwrap_or(u64::MAX);
                [scenarios(1), scenarios(3), fixed, epochs]
            };
            let usual = needs(difference, power);
            proptest::prop_assert!(usual[1] <= usual[0]);
            for harder in [needs(difference * 0.8, power), needs(difference, power + 0.04)] {
                for (harder, usual) in harder.iter().zip(usual) {
                    proptest::prop_assert!(*harder >= usual);
                }
            }
            // The epochs that are needed make the scenarios that there are enough.
            if let Ok(epochs) = u32::try_from(usual[3]) {
                let demand = Demand::two_sided(0.05, power).unwrap();
                let enough = demand.scenarios(spread.with_epochs(epochs).unwrap(), difference).unwrap();
                proptest::prop_assert!(enough <= u64::try_from(n).unwrap());
            }
        }
    }
}
