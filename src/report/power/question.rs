//! The question of a plan: which difference is to be shown, with what, and what is assumed about the spread of scores.

use crate::stats::power::Demand;
use crate::stats::spread::Components;

/// The standard deviation over epochs that is assumed without a run. Scores of 0 and 1 with the variance 0.12, which is
/// usual for language models, have it.
const WITHIN: f64 = 0.35;

/// The standard deviation over incidents that is assumed without a run. It is that of the measured models in the
/// published results of the suite `classic`, rounded up.
const BETWEEN: f64 = 0.35;

/// The correlation over incidents that is assumed where it cannot be measured. Miller (2024) reports 0.3 to 0.7 for pairs
/// of language models.
const CORRELATION: f64 = 0.5;

/// The question of a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// The difference of scores that is to be shown, above 0 and up to 1.
    pub difference: f64,
    /// The chance of showing it if it exists.
    pub power: f64,
    /// The error of the test: on one side for a gate, on both sides together for a comparison.
    pub alpha: f64,
    /// The number of incidents that can be played.
    pub incidents: usize,
    /// The number of epochs in which they are played.
    pub epochs: u32,
    /// Whether both agents play the same incidents.
    pub paired: bool,
}

impl Question {
    /// The demand of a gate. None unless the question has a possible error and power.
    pub(super) fn gate(&self) -> Option<Demand> {
        Demand::one_sided(self.alpha, self.power)
    }

    /// The demand of a comparison of agents. None unless the question has a possible error and power.
    pub(super) fn comparison(&self) -> Option<Demand> {
        Demand::two_sided(self.alpha, self.power)
    }

    /// The numbers of epochs for which the needed incidents are shown, in rising order.
    pub(super) fn epoch_choices(&self) -> Vec<u32> {
        let mut choices = vec![1, 3, 5, self.epochs];
        choices.sort_unstable();
        choices.dedup();
        choices
    }
}

/// The parts of the spread that the user gives, as standard deviations of scores; what is missing is taken from the run
/// or assumed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Assumptions {
    /// The standard deviation over the epochs of an incident, from 0 to 0.5.
    pub within: Option<f64>,
    /// The standard deviation over incidents of the true score, from 0 to 0.5.
    pub between: Option<f64>,
    /// The correlation over incidents between the true scores of two agents, from −1 to 1.
    pub correlation: Option<f64>,
}

impl Assumptions {
    /// Whether the user gives any part.
    pub(super) fn any(&self) -> bool {
        *self != Self::default()
    }

    /// The components without any run.
    pub(super) fn components(&self) -> Components {
        let (within, between) = (self.within.unwrap_or(WITHIN), self.between.unwrap_or(BETWEEN));
        Components { within: within * within, between: between * between, bounds_only: false }
    }

    /// The components of a run with the parts that the user gives in their place. After a single epoch one given part
    /// leaves the rest of the spread to the other.
    pub(super) fn over(&self, measured: Components) -> Components {
        let squared = |sd: Option<f64>| sd.map(|sd| sd * sd);
        let rest = |given: Option<f64>| {
            given.filter(|_| measured.bounds_only).map(|given| (measured.between - given).max(0.0))
        };
        let (within, between) = (squared(self.within), squared(self.between));
        Components {
            within: within.or_else(|| rest(between)).unwrap_or(measured.within),
            between: between.or_else(|| rest(within)).unwrap_or(measured.between),
            bounds_only: measured.bounds_only && within.is_none() && between.is_none(),
        }
    }

    /// The correlation of two agents whose scores are not both known.
    pub(super) fn correlation(&self) -> f64 {
        self.correlation.unwrap_or(CORRELATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_parts_take_the_place_of_measured_ones() {
        let one_epoch = Components { within: 0.09, between: 0.09, bounds_only: true };
        let measured = Components { bounds_only: false, ..one_epoch };
        let within = Assumptions { within: Some(0.2), ..Assumptions::default() };
        let between = Assumptions { between: Some(0.4), ..Assumptions::default() };
        for (given, run, expected) in [
            (Assumptions::default(), one_epoch, (0.09, 0.09, true)),
            (within, measured, (0.04, 0.09, false)),
            (within, one_epoch, (0.04, 0.05, false)),
            // More than the whole spread leaves nothing.
            (between, one_epoch, (0.0, 0.16, false)),
            (between, measured, (0.09, 0.16, false)),
        ] {
            let found = given.over(run);
            let expected = Components { within: expected.0, between: expected.1, bounds_only: expected.2 };
            assert!((found.within - expected.within).abs() < 1e-12, "{found:?} is not {expected:?}");
            assert!((found.between - expected.between).abs() < 1e-12, "{found:?} is not {expected:?}");
            assert_eq!(found.bounds_only, expected.bounds_only);
        }
    }
}
