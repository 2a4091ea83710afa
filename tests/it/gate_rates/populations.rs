//! The populations of scores from which runs are drawn: those of programs on generated incidents, and artificial ones.

use incident_bench::stats::rng::SplitMix64;
use serde::Deserialize;

/// The scores of all incidents of a kind, by task: each score with the number of incidents that have it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Population {
    pub(super) name: String,
    pub(super) tasks: Vec<Vec<(f64, u32)>>,
}

impl Population {
    /// All populations.
    pub(super) fn all() -> Vec<Self> {
        // Of 220 to 300 incidents each (generated:LEVEL,count=300,seed=5), rounded to two decimals.
        let text = include_str!("../fixtures/score_populations.json");
        let mut all: Vec<Self> = serde_json::from_str(text).unwrap();
        for passes in [500, 900, 980] {
            let tasks = vec![vec![(1.0, passes), (0.0, 1000 - passes)]; 3];
            all.push(Self { name: format!("passes {:.2}", f64::from(passes) / 1000.0), tasks });
        }
        all
    }

    /// The mean of the task means of a value of the scores.
    pub(super) fn mean(&self, value: impl Fn(f64) -> f64) -> f64 {
        let of_task = |task: &Vec<(f64, u32)>| {
            let size: u32 = task.iter().map(|(_, count)| count).sum();
            task.iter().map(|(score, count)| value(*score) * f64::from(*count)).sum::<f64>() / f64::from(size)
        };
        let tasks = f64::from(u32::try_from(self.tasks.len()).unwrap());
        self.tasks.iter().map(of_task).sum::<f64>() / tasks
    }

    /// Scores of so many incidents, as many of each task.
    pub(super) fn draw(&self, n: usize, rng: &mut SplitMix64) -> Vec<Vec<f64>> {
        let mut one = |task: &Vec<(f64, u32)>| {
            let size: u32 = task.iter().map(|(_, count)| count).sum();
            let mut at = rng.below(size as usize);
            let found = task.iter().find(|(_, count)| {
                let here = at < *count as usize;
                at = at.saturating_sub(*count as usize);
                here
            });
            found.unwrap().0
        };
        let each = n / self.tasks.len();
        self.tasks.iter().map(|task| (0..each).map(|_| one(task)).collect()).collect()
    }
}
