//! Scores of simulated agents, whose true means are known.

use incident_bench::stats::rng::SplitMix64;

/// The form of the scores of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Passes and failures, with pass rates that are mostly near 0 and 1.
    Bimodal,
    /// Partial credit in fifteen steps.
    Partial,
    /// Half of the scenarios always have the same score, 0, ¼, ½, ¾ or 1; the others pass or fail.
    Mixed,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::Bimodal, Self::Partial, Self::Mixed];
}

/// The scores of one scenario: a number of draws that succeed or not, and a share of the score that is always there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    /// The chance of each draw.
    chance: f64,
    /// The number of draws of which the score is the mean; none for a score that never changes.
    draws: u32,
}

impl Scenario {
    /// A scenario of this form. Pass rates have the distribution of the arcsine, Beta(½, ½).
    fn drawn(shape: Shape, index: usize, rng: &mut SplitMix64) -> Self {
        let chance = (std::f64::consts::FRAC_PI_2 * rng.unit()).sin().powi(2);
        match shape {
            Shape::Partial => Self { chance, draws: 14 },
            Shape::Mixed if index.is_multiple_of(2) => Self { chance: (chance * 4.0).round() / 4.0, draws: 0 },
            Shape::Bimodal | Shape::Mixed => Self { chance, draws: 1 },
        }
    }

    /// The score of one epoch.
    pub(super) fn play(self, rng: &mut SplitMix64) -> f64 {
        if self.draws == 0 {
            return self.chance;
        }
        let hits = (0..self.draws).map(|_| u32::from(rng.unit() < self.chance)).sum::<u32>();
        f64::from(hits) / f64::from(self.draws)
    }
}

/// The scenarios of an agent before and after a change, in three tasks of one size, of which each loses exactly the drop.
/// What scores more loses more; what never changes does not.
pub(super) fn change(shape: Shape, n: usize, drop: f64, rng: &mut SplitMix64) -> Vec<(usize, Scenario, Scenario)> {
    let size = f64::from(u32::try_from(n / 3).unwrap());
    let mut of_task = |task: usize| {
        let (drawn, left) = loop {
            let drawn: Vec<_> = (0..n / 3).map(|index| Scenario::drawn(shape, index, rng)).collect();
            let varying = drawn.iter().filter(|one| one.draws > 0).map(|one| one.chance).sum::<f64>();
            // The drop is taken from what there is.
            if varying > 3.0 * drop * size {
                break (drawn, 1.0 - drop * size / varying.max(1e-9));
            }
        };
        let after = |one: Scenario| if one.draws > 0 { Scenario { chance: one.chance * left, ..one } } else { one };
        drawn.into_iter().map(|one| (task, one, after(one))).collect::<Vec<_>>()
    };
    (0..3).flat_map(&mut of_task).collect()
}
