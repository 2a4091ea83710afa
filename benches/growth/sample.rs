//! Takes the measurements at one number of episodes, in the same way for every store.

use std::time::Instant;

use incident_bench::stats::rng::SplitMix64;
use serde::{Deserialize, Serialize};

use crate::figures::median;
use crate::table::{Sorted, rate};
use crate::{Arguments, Problem, memory};

/// The growth of memory, in bytes, below which it tells little about an episode: some megabytes that the process had
/// given back to its allocator before are used first.
const LEAST: u64 = 64 << 20;

/// The measurements at one number of live episodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) episodes: usize,
    /// The memory of the whole process with all episodes, in bytes.
    rss: u64,
    /// The memory that all new episodes added, in bytes.
    new: u64,
    /// The memory that they added once they had been played to a random place, in bytes.
    played: u64,
    /// The duration of a step, in nanoseconds.
    pub(crate) step: f64,
    /// The duration of a change of a random cache line, in nanoseconds.
    pub(crate) line: f64,
    /// The duration of a batch of steps, in microseconds: the 99th percentile, and the maximum.
    batch: [f64; 2],
}

/// A store of live episodes, each at some place in one of several plays.
pub(crate) trait Store {
    /// The number of steps between two readings of the clock, which is large enough that the readings cost little.
    const BATCH: usize;

    /// Returns the number of steps of each play.
    fn lengths(&self) -> Vec<usize>;

    /// Starts the next episode with the first step of this play.
    fn start(&mut self, play: usize) -> Result<(), Problem>;

    /// Takes the next step of an episode or, if it has ended, the first step of another play in its place. Plays take
    /// turns.
    fn step(&mut self, index: usize) -> Result<(), Problem>;
}

impl Sample {
    pub(crate) const HEAD: &'static str =
        "   RSS MB   B new  B played    steps/s   ns/step   ns/line   ratio  batch p99, max µs";

    /// Fills a store, and measures it. The memory before the first episode is not counted.
    pub(crate) fn take<S: Store>(arguments: &Arguments, mut store: S) -> Result<Self, Problem> {
        let (episodes, mut random) = (arguments.episodes, SplitMix64::new(7));
        // Each episode is put at a random place among all steps of all plays, as it would be after many steps.
        let lengths = store.lengths();
        let places: Vec<_> =
            (0..).zip(&lengths).flat_map(|(play, steps)| (0..*steps).map(move |step| (play, step))).collect();
        let drawn = |random: &mut SplitMix64| places[random.below(places.len())];
        let (mut again, before) = (random.clone(), memory::resident()?);
        for _ in 0..episodes {
            store.start(drawn(&mut random).0)?;
        }
        let new = memory::resident()?.saturating_sub(before);
        for index in 0..episodes {
            for _ in 0..drawn(&mut again).1 {
                store.step(index)?;
            }
        }
        let rss = memory::resident()?;
        let played = rss.saturating_sub(before);
        let (mut rates, mut batches) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            let (began, mut steps) = (Instant::now(), 0);
            while began.elapsed() < arguments.round() {
                let batch = Instant::now();
                for _ in 0..S::BATCH {
                    store.step(random.below(episodes))?;
                }
                batches.push(batch.elapsed());
                steps += S::BATCH;
            }
            rates.push(rate(steps, began.elapsed()));
        }
        // The array is made after the episodes are dropped: both together would need twice the memory.
        drop(store);
        let line = memory::line(played, arguments.rounds, arguments.round())?;
        let batches = Sorted::new(batches);
        let batch = [99, 100].map(|percent| batches.percentile(percent).as_secs_f64() * 1e6);
        Ok(Self { episodes, rss, new, played, step: 1e9 / median(rates), line, batch })
    }

    /// Returns whether the memory of an episode can be told.
    pub(crate) fn tells(&self) -> bool {
        self.played >= LEAST
    }

    /// Returns the memory of an episode at some place of its play, in bytes.
    pub(crate) fn each(&self) -> f64 {
        self.played as f64 / self.episodes as f64
    }

    pub(crate) fn text(&self) -> String {
        let Self { episodes, rss, step, line, batch: [most, longest], .. } = self;
        let bytes = |grown: u64| if grown < LEAST { "–".to_owned() } else { (grown / *episodes as u64).to_string() };
        let (new, played, rate, megabytes) = (bytes(self.new), bytes(self.played), 1e9 / step, *rss as f64 / 1e6);
        let ratio = step / line;
        format!(
            "{megabytes:>9.1} {new:>7} {played:>9} {rate:>10.0} {step:>9.1} {line:>9.1} {ratio:>7.1}  {most:>9.1} {longest:>9.0}"
        )
    }
}
