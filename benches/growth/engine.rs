//! Keeps the episodes of the engine alone, in a list.

use std::hint::black_box;
use std::sync::Arc;

use incident_env::{Action, Catalog, Episode, EpisodeId, Scenario};
use incident_generate::{Generator, Level, Seeds, Suite};

use crate::long_play::long_play;
use crate::sample::{Sample, Store};
use crate::{Arguments, Problem};

/// The number of generated incidents.
const INCIDENTS: u64 = 60;

/// A scenario with a long play of it.
struct Play {
    scenario: Arc<Scenario>,
    actions: Vec<Action>,
}

/// An episode, the index of its play, and the number of steps that it has taken.
struct Live {
    episode: Episode,
    play: usize,
    taken: usize,
}

struct Episodes {
    plays: Vec<Play>,
    /// The index of the play of the next episode, which takes the place of one that has ended.
    next: usize,
    live: Vec<Live>,
}

impl Episodes {
    fn of(catalog: &Catalog, most: usize) -> Self {
        let play = |scenario: &Arc<Scenario>| Play { scenario: Arc::clone(scenario), actions: long_play(scenario) };
        Self { plays: catalog.scenarios().iter().map(play).collect(), next: 0, live: Vec::with_capacity(most) }
    }

    fn new_of(&self, play: usize) -> Live {
        Live { episode: Episode::reset(&self.plays[play].scenario, EpisodeId::nil()), play, taken: 0 }
    }
}

impl Store for Episodes {
    const BATCH: usize = 64;

    fn lengths(&self) -> Vec<usize> {
        self.plays.iter().map(|play| play.actions.len()).collect()
    }

    fn start(&mut self, play: usize) -> Result<(), Problem> {
        self.live.push(self.new_of(play));
        self.step(self.live.len() - 1)
    }

    fn step(&mut self, index: usize) -> Result<(), Problem> {
        let Live { play, taken, .. } = self.live[index];
        if taken == self.plays[play].actions.len() {
            self.live[index] = self.new_of(self.next);
            self.next = (self.next + 1) % self.plays.len();
        }
        let Live { episode, play, taken } = &mut self.live[index];
        black_box(episode.step(&self.plays[*play].actions[*taken]).reward);
        *taken += 1;
        Ok(())
    }
}

/// Measures episodes of the nine hand-written scenarios.
pub(crate) fn written(arguments: &Arguments) -> Result<Sample, Problem> {
    Sample::take(arguments, Episodes::of(&Catalog::embedded()?, arguments.episodes))
}

/// Measures episodes of generated incidents.
pub(crate) fn generated(arguments: &Arguments) -> Result<Sample, Problem> {
    let parts = vec![(Level::Medium, INCIDENTS)];
    let suite = Suite { name: Level::Medium.to_string(), parts, seeds: Seeds::Public(0), turned: Vec::new() };
    let generator = Generator::embedded()?;
    let catalog = suite.catalog(generator.library(), generator.tasks())?;
    Sample::take(arguments, Episodes::of(&catalog, arguments.episodes))
}
