//! The components of the variance of scores: how much scenarios differ from each other, and epochs of one scenario.

use super::distribution::count;
use super::epochs::{Constant, se_fixed, task_weights, variance_of_mean};
use super::mean::{mean, stratified};
use super::paired::weighted;
use super::spread::{Components, PairSpread};

/// The scores of an agent by scenario, from which components can be estimated.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored<T> {
    /// The task of each scenario.
    pub tasks: Vec<T>,
    /// The scores of the epochs of each scenario, of which there is at least one.
    pub cells: Vec<Vec<f64>>,
    /// Whether the agent is known to play the same in every epoch, so that its variance within scenarios is 0.
    pub deterministic: bool,
}

impl<T: Ord> Scored<T> {
    /// Estimates the components: σ² from the spread over epochs, and τ² as the variance of the scenario means within
    /// tasks less the noise of the epochs, or 0 if that is negative.
    ///
    /// If every scenario has the same score in all its epochs and the agent may still vary, the variance of
    /// [`Constant::Posterior`] is used for σ², as in the gate. With a single epoch the variance of the scores is the
    /// sum of both components, and it bounds each of them. None for fewer than two scenarios, or if no spread can be
    /// estimated at all because a single epoch gave the same score everywhere.
    #[must_use]
    pub fn components(&self) -> Option<Components> {
        let total = self.variance_of_means()?;
        if self.deterministic {
            return Some(Components { between: total, within: 0.0, bounds_only: false });
        }
        match self.noise() {
            Some(Noise { per_epoch, of_means }) => {
                Some(Components { between: (total - of_means).max(0.0), within: per_epoch, bounds_only: false })
            }
            None => (total > 1e-12).then_some(Components { between: total, within: total, bounds_only: true }),
        }
    }

    /// Estimates the spread of the difference from another agent on the same scenarios: ω² as the variance of the
    /// paired differences, by the error of [`weighted`], less the noise of the epochs of both.
    ///
    /// If one of the agents has only single epochs and may vary, only the sum of the parts is known. None unless both
    /// have the same scenarios, of which there are at least two.
    #[must_use]
    pub fn against(&self, other: &Self) -> Option<PairSpread> {
        if self.tasks != other.tasks {
            return None;
        }
        let (n, weights) = (count(self.cells.len()), self.weights());
        let total = n * weighted(&self.means()?, &other.means()?, &weights)?.se.powi(2);
        let known = |side: &Self| if side.deterministic { Some(Noise::default()) } else { side.noise() };
        Some(match known(self).zip(known(other)) {
            Some((a, b)) => PairSpread {
                between: (total - a.of_means - b.of_means).max(0.0),
                within: a.per_epoch + b.per_epoch,
                bounds_only: false,
            },
            None => PairSpread { between: total, within: total, bounds_only: true },
        })
    }

    fn means(&self) -> Option<Vec<f64>> {
        self.cells.iter().map(|cell| mean(cell)).collect()
    }

    fn weights(&self) -> Vec<f64> {
        task_weights(&self.tasks.iter().collect::<Vec<_>>())
    }

    /// The variance of the scenario means within tasks, or over all scenarios if a task has only one.
    fn variance_of_means(&self) -> Option<f64> {
        let (n, means) = (count(self.cells.len()), self.means()?);
        let mut tasks: Vec<_> = self.tasks.iter().collect();
        tasks.sort_unstable();
        tasks.dedup();
        let of_task = |task: &T| {
            let chosen = self.tasks.iter().zip(&means).filter(|(of, _)| *of == task);
            chosen.map(|(_, mean)| *mean).collect::<Vec<_>>()
        };
        let strata: Vec<_> = tasks.into_iter().map(of_task).collect();
        let all = || weighted(&means, &vec![0.0; means.len()], &self.weights());
        let se = stratified(&strata).or_else(all)?.se;
        Some(n * se * se)
    }

    /// The noise of the epochs; none if no scenario has two of them. Scenarios with a single epoch count as the others
    /// do on average.
    fn noise(&self) -> Option<Noise> {
        let weights = self.weights();
        let repeated: Vec<_> = self.cells.iter().zip(&weights).filter(|(cell, _)| cell.len() > 1).collect();
        let (cells, of_cells): (Vec<_>, Vec<_>) = repeated.iter().map(|(cell, w)| ((*cell).clone(), **w)).unzip();
        let still = se_fixed(&cells, &of_cells, Constant::Zero)? <= 0.0;
        let constant = if still { Constant::Posterior } else { Constant::Zero };
        let variance = |cell: &[f64]| Some(count(cell.len()) * variance_of_mean(cell, constant)?);
        let squared: f64 = of_cells.iter().map(|w| w * w).sum();
        let sum: f64 = repeated.iter().map(|(cell, w)| Some(**w * **w * variance(cell)?)).sum::<Option<f64>>()?;
        let typical = sum / squared;
        let n = count(self.cells.len());
        let mut noise = Noise::default();
        for (cell, w) in self.cells.iter().zip(&weights) {
            let own = variance(cell).unwrap_or(typical);
            noise.per_epoch += n * w * w * own;
            noise.of_means += n * w * w * own / count(cell.len());
        }
        Some(noise)
    }
}

/// The variance that epochs add to the score of a scenario.
#[derive(Debug, Clone, Copy, Default)]
struct Noise {
    /// The variance of a single epoch.
    per_epoch: f64,
    /// The variance of the mean over the epochs that were played.
    of_means: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::SplitMix64;
    use crate::stats::{A, B, cells, near};

    fn scored(cells: Vec<Vec<f64>>) -> Scored<usize> {
        Scored { tasks: (0..cells.len()).map(|at| at / 3).collect(), cells, deterministic: false }
    }

    #[test]
    fn worked_example() {
        let (a, b) = (scored(cells(A)), scored(cells(B)));
        let found = a.components().unwrap();
        // Four scenarios of A pass twice in four epochs or thrice: s² is 1/3 for 1010, 0101 and 1010, 1/4 for 0111, and 0
        // for the others, in sum 1.25; over nine scenarios σ² = 0.138889.
        near(found.within, 1.25 / 9.0, 1e-12);
        // The error of the stratified mean is .0921, so the variance of the means is 9·.0921² = .07639, less σ²/4.
        near(found.between, 9.0 * 0.092_13_f64.powi(2) - 1.25 / 36.0, 5e-4);
        assert!(!found.bounds_only);
        let pair = a.against(&b).unwrap();
        // The paired error is .093169, so the variance of the differences is 9·.093169² = .078125. The error on fixed
        // scenarios is .094879, so the epochs add 9·.094879² = .081018 to it: nothing is left between scenarios.
        near(pair.between, 0.0, 1e-12);
        near(pair.within, 4.0 * 9.0 * 0.094_879_f64.powi(2), 1e-5);
    }

    #[test]
    fn what_one_epoch_leaves_open() {
        let one = scored(vec![vec![1.0], vec![0.0], vec![1.0], vec![0.5], vec![0.5], vec![0.5]]);
        let found = one.components().unwrap();
        // The first task has the variance 1/3 and the second 0; (1/2)²·(1/3)/3·6 = 1/6.
        near(found.within, 1.0 / 6.0, 1e-12);
        assert_eq!(found, Components { between: found.within, within: found.within, bounds_only: true });
        let fixed = Scored { deterministic: true, ..one.clone() };
        assert_eq!(fixed.components(), Some(Components { within: 0.0, bounds_only: false, ..found }));
        assert!(one.against(&fixed).unwrap().bounds_only);
        assert!(!fixed.against(&fixed).unwrap().bounds_only);
        // A single epoch that gave the same score everywhere says nothing about the spread.
        assert_eq!(scored(vec![vec![1.0]; 6]).components(), None);
        assert_eq!(scored(vec![vec![1.0, 0.0]]).components(), None);
        // Three epochs without any spread are not certain: 3·4·1/(25·6) = 0.08.
        near(scored(vec![vec![1.0; 3]; 6]).components().unwrap().within, 0.08, 1e-12);
    }

    #[test]
    fn other_scenarios_are_no_pair() {
        let (a, mut b) = (scored(cells(A)), scored(cells(B)));
        b.tasks.reverse();
        assert_eq!(a.against(&b), None);
    }

    #[test]
    fn the_components_that_made_the_scores_come_out() {
        let mut rng = SplitMix64::new(5);
        let mut even = move |half: f64| half * (2.0 * rng.unit() - 1.0);
        // A uniform number on [−h, h] has the variance h²/3: τ² = .03 and σ² = .0075. Of 3000 scenarios, every fifth
        // lacks all but one epoch.
        let cells: Vec<Vec<f64>> = (0..3000)
            .map(|at| {
                let truth = 0.5 + even(0.3);
                (0..if at % 5 == 0 { 1 } else { 3 }).map(|_| truth + even(0.15)).collect()
            })
            .collect();
        let tasks = (0..3000).map(|at| at % 3).collect();
        let found = Scored { tasks, cells, deterministic: false }.components().unwrap();
        near(found.between, 0.03, 0.0015);
        near(found.within, 0.0075, 0.0004);
    }
}
