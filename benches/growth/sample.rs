//! What is measured at one number of episodes, and how it is taken: the same for every store.

use std::time::Instant;

use incident_bench::stats::rng::SplitMix64;
use serde::{Deserialize, Serialize};

use crate::figures::median;
use crate::table::{Sorted, rate};
use crate::{Arguments, Problem, memory};

/// Growth below this says little of an episode: what the process had given back to its allocator before, some megabytes,
/// is used first.
const LEAST: u64 = 64 << 20;

/// One number of live episodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) episodes: usize,
    /// The memory of the whole process, in bytes, with all episodes.
    rss: u64,
    /// What all new episodes added to it.
    new: u64,
    /// What they added when they had been played to a random place.
    played: u64,
    /// Nanoseconds of a step.
    pub(crate) step: f64,
    /// Nanoseconds of a change of a random line of a cache.
    pub(crate) line: f64,
    /// How many microseconds a batch of steps takes: the one that 99 of 100 are not above, and the longest.
    batch: [f64; 2],
}

/// Episodes that are alive, each somewhere in one of some plays.
pub(crate) trait Store {
    /// Steps between two looks at the clock: so many that the looks count for little.
    const BATCH: usize;

    /// How many steps each play has.
    fn lengths(&self) -> Vec<usize>;

    /// Starts the next episode, of this play, with its first step.
    fn start(&mut self, play: usize) -> Result<(), Problem>;

    /// Takes the next step of an episode, or, where it has ended, the first of another play in its place. Plays come by turns.
    fn step(&mut self, index: usize) -> Result<(), Problem>;
}

impl Sample {
    pub(crate) const HEAD: &'static str =
        "   RSS MB   B new  B played    steps/s   ns/step   ns/line   ratio  batch p99, max µs";

    /// Fills a store, and measures it. What it begins with is not counted as its episodes'.
    pub(crate) fn take<S: Store>(arguments: &Arguments, mut store: S) -> Result<Self, Problem> {
        let (episodes, mut random) = (arguments.episodes, SplitMix64::new(7));
        // A place among all steps of all plays: so it is as it will be when steps have been taken for long.
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
        // Afterwards, in the place of the episodes and not beside them: both would be twice the memory.
        drop(store);
        let line = memory::line(played, arguments.rounds, arguments.round())?;
        let batches = Sorted::new(batches);
        let batch = [99, 100].map(|percent| batches.percentile(percent).as_secs_f64() * 1e6);
        Ok(Self { episodes, rss, new, played, step: 1e9 / median(rates), line, batch })
    }

    /// Whether the memory of an episode can be told.
    pub(crate) fn tells(&self) -> bool {
        self.played >= LEAST
    }

    /// Bytes of an episode somewhere in its play.
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
