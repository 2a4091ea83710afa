//! Printed intervals: how often they hold the truth.

use incident_bench::stats::distribution::beta_quantile;
use incident_bench::stats::proportion::{Clustered, Rate};
use incident_bench::stats::rng::SplitMix64;
use incident_bench::stats::score_interval::ScoreInterval;

use super::populations::Population;
use super::{at_most, rate};

/// The least coverage of an interval that says 95 %.
const LEAST: f64 = 0.93;
/// The score from which an episode passes.
const PASSES: f64 = 0.8;

/// How often intervals held the truth, and how wide they were.
#[derive(Default)]
struct Found {
    rounds: u32,
    held: u32,
    width: f64,
}

impl Found {
    fn note(&mut self, [low, high]: [f64; 2], truth: f64) {
        assert!(0.0 <= low && low < high && high <= 1.0, "[{low}, {high}]");
        self.rounds += 1;
        self.held += u32::from(low <= truth && truth <= high);
        self.width += high - low;
    }

    /// Prints the coverage and the mean width, and notes what is too little.
    fn tell(&self, what: &str, n: usize, wrong: &mut Vec<String>) {
        let covered = rate(self.held, self.rounds);
        println!("| {what} | {n} | {covered:.3} | {:.3} |", self.width / f64::from(self.rounds));
        if 1.0 - covered > at_most(1.0 - LEAST, self.rounds) {
            wrong.push(format!("{what}, {n} scenarios: {covered:.4} and not {LEAST}"));
        }
    }
}

/// The true share of each scenario in which a contestant behaves in some way.
#[derive(Debug, Clone, Copy)]
enum Habit {
    /// The same everywhere.
    Coin,
    /// Nearly always in some scenarios and hardly ever in others.
    UShaped,
    /// Always or never, by the scenario.
    Fixed,
}

impl Habit {
    fn draw(self, rng: &mut SplitMix64) -> f64 {
        match self {
            Self::Coin => 0.5,
            Self::UShaped => beta_quantile(rng.unit().clamp(1e-9, 1.0 - 1e-9), 0.3, 0.3).unwrap(),
            Self::Fixed => f64::from(u8::from(rng.unit() < 0.5)),
        }
    }
}

/// Simulates runs of so many scenarios, prints the coverage, and checks its bound.
pub(super) fn expect(rounds: u32, sizes: &[usize]) {
    println!("| interval | n | coverage | mean width |\n|:--|--:|--:|--:|");
    let mut wrong = Vec::new();
    let mut rng = SplitMix64::new(17);
    let passes = |score: f64| f64::from(u8::from(score >= PASSES));
    for population in Population::all() {
        let (mean, pass_rate) = (population.mean(|score| score), population.mean(passes));
        for n in sizes {
            let (mut scores, mut rates) = (Found::default(), Found::default());
            for _ in 0..rounds {
                let drawn = population.draw(*n, &mut rng);
                scores.note(ScoreInterval::of(&drawn).unwrap().ci95().unwrap(), mean);
                let outcomes: Vec<_> = drawn.concat().into_iter().map(passes).collect();
                rates.note(Clustered::mean_of(&outcomes, 1).unwrap().ci95, pass_rate);
            }
            scores.tell(&format!("overall, {}", population.name), *n, &mut wrong);
            if *n >= 12 {
                rates.tell(&format!("pass rate, {}", population.name), *n, &mut wrong);
            }
        }
    }
    for habit in [Habit::Coin, Habit::UShaped, Habit::Fixed] {
        for epochs in [1_u32, 4, 8] {
            for n in sizes {
                let mut found = Found::default();
                for _ in 0..rounds {
                    let mut group = || {
                        let chance = habit.draw(&mut rng);
                        let hits = (0..epochs).filter(|_| rng.unit() < chance).count();
                        Rate::new(u32::try_from(hits).unwrap(), epochs).unwrap()
                    };
                    let groups: Vec<_> = (0..*n).map(|_| group()).collect();
                    found.note(Clustered::of(&groups).unwrap().ci95, 0.5);
                }
                found.tell(&format!("conduct, {habit:?}, {epochs} epochs"), *n, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
