//! The spread of scores: its parts for one agent, and for the difference between two agents.

/// The components of the variance of an agent's score in a scenario.
///
/// Both are scaled so that a component divided by the number of scenarios is the variance of the overall score, which is
/// the mean of the task means. For tasks of one size they are plain means over the scenarios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Components {
    /// The variance τ² over scenarios of a task of the true score.
    pub between: f64,
    /// The variance σ² of the score over epochs of a scenario.
    pub within: f64,
    /// Whether only the sum of both is known, as after a single epoch. Then each of them is the most that it can be.
    pub bounds_only: bool,
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

    /// The spread on fixed scenarios, which are not drawn anew and so add nothing. None without epochs.
    #[must_use]
    pub fn fixed(variance_a: f64, variance_b: f64, epochs: u32) -> Option<Self> {
        Self::new(0.0, variance_a, variance_b, epochs)
    }

    pub(super) fn total(self) -> Option<f64> {
        Some(self.between + self.noise).filter(|total| total.is_finite() && *total >= 0.0)
    }
}

/// The variance in a scenario of the difference between two agents, for any number of epochs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairSpread {
    /// The variance ω² over scenarios of the true difference.
    pub between: f64,
    /// The variance that a single epoch of both adds, `σ_A`² + `σ_B`².
    pub within: f64,
    /// Whether only the sum of both parts is known, as after a single epoch. Then each part is the most that it can be,
    /// and the greater of ω² and (`σ_A`² + `σ_B`²)/K counts, whichever share each has.
    pub bounds_only: bool,
}

impl PairSpread {
    /// The spread between two agents whose true scores have the variances τ² over scenarios and the correlation ρ:
    /// ω² = `τ_A`² + `τ_B`² − 2ρ·`τ_A`·`τ_B` (Miller 2024, section 4.2).
    #[must_use]
    pub fn correlated(a: Components, b: Components, correlation: f64) -> Self {
        let covariance = correlation * (a.between * b.between).sqrt();
        Self {
            between: (a.between + b.between - 2.0 * covariance).max(0.0),
            within: a.within + b.within,
            bounds_only: a.bounds_only || b.bounds_only,
        }
    }

    /// The spread with K epochs of both agents. None without epochs.
    #[must_use]
    pub fn with_epochs(self, epochs: u32) -> Option<Spread> {
        let spread = Spread::new(self.between, self.within, 0.0, epochs)?;
        Some(match self.bounds_only {
            false => spread,
            true if spread.noise > spread.between => Spread { between: 0.0, ..spread },
            true => Spread { noise: 0.0, ..spread },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    #[test]
    fn correlation_takes_the_spread_out_of_differences() {
        let one = |between| Components { between, within: 0.1, bounds_only: false };
        near(PairSpread::correlated(one(0.04), one(0.09), 0.0).between, 0.13, 1e-12);
        // 0.04 + 0.09 − 2·0.5·0.2·0.3 = 0.07
        near(PairSpread::correlated(one(0.04), one(0.09), 0.5).between, 0.07, 1e-12);
        near(PairSpread::correlated(one(0.04), one(0.04), 1.0).between, 0.0, 1e-12);
        near(PairSpread::correlated(one(0.04), one(0.09), 0.5).within, 0.2, 1e-12);
    }

    #[test]
    fn a_single_epoch_gives_bounds() {
        let spread = PairSpread { between: 0.06, within: 0.12, bounds_only: true };
        // In one epoch the noise may be everything; from the second on, the spread between scenarios may be.
        assert_eq!(spread.with_epochs(1), Some(Spread { between: 0.0, noise: 0.12 }));
        assert_eq!(spread.with_epochs(3), Some(Spread { between: 0.06, noise: 0.0 }));
        assert_eq!(spread.with_epochs(0), None);
    }
}
