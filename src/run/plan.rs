//! The plan of a run: which episodes, in which order. Pure.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::env::{Catalog, CatalogError, EpisodeId, Scenario, TaskId};
use crate::log::EpisodeKey;
use crate::log::manifest::PlannedScenario;
use crate::log::shard::Shard;

/// Which scenarios, and how often.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenarios, ordered by task and id.
    pub scenarios: Vec<Arc<Scenario>>,
    /// Repetitions of each.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that is played; none for all of them.
    pub shard: Option<Shard>,
}

/// Why nothing can be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A scenario that was asked for does not exist.
    #[error(transparent)]
    Unknown(#[from] CatalogError),
    /// The filters leave nothing.
    #[error("no scenario is left: none of the chosen scenarios belongs to the chosen tasks")]
    Nothing,
}

impl Plan {
    /// All scenarios of a catalogue, or those that the filters name.
    ///
    /// # Errors
    /// When a scenario does not exist, or the filters leave nothing.
    pub fn new(
        catalog: &Catalog,
        tasks: &[TaskId],
        scenarios: &[String],
        epochs: u32,
        seed: u64,
    ) -> Result<Self, PlanError> {
        let named = scenarios.iter().map(|id| catalog.scenario(id)).collect::<Result<Vec<_>, _>>()?;
        let wanted = |scenario: &&Arc<Scenario>| {
            (tasks.is_empty() || tasks.contains(&scenario.task()))
                && (named.is_empty() || named.iter().any(|chosen| chosen.id() == scenario.id()))
        };
        let scenarios: Vec<_> = catalog.scenarios().iter().filter(wanted).cloned().collect();
        if scenarios.is_empty() {
            return Err(PlanError::Nothing);
        }
        Ok(Self { scenarios, epochs, seed, shard: None })
    }

    /// The episodes of each contestant: scenario and epoch, longest tasks first, so that no long one starts last.
    pub fn episodes(&self) -> impl Iterator<Item = (&Arc<Scenario>, u32)> {
        let mut longest_first: Vec<_> = self.scenarios.iter().collect();
        longest_first.sort_by_key(|scenario| std::cmp::Reverse(scenario.briefing().task.max_steps));
        (0..self.epochs).flat_map(move |epoch| longest_first.clone().into_iter().map(move |scenario| (scenario, epoch)))
    }

    /// The same plan, of which only a share is played.
    #[must_use]
    pub fn sharded(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// Whether an episode is to be played here.
    #[must_use]
    pub fn includes(&self, key: &EpisodeKey) -> bool {
        self.shard.is_none_or(|shard| shard.includes(key))
    }

    /// The episodes that a contestant plays here.
    pub fn episodes_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = (&'a Arc<Scenario>, EpisodeKey)> {
        let key = move |(scenario, epoch): (&'a Arc<Scenario>, u32)| {
            (scenario, EpisodeKey { model: label.to_owned(), scenario: scenario.id().to_owned(), epoch })
        };
        self.episodes().map(key).filter(|(_, key)| self.includes(key))
    }

    /// How many episodes a contestant plays.
    #[must_use]
    pub fn count(&self, label: &str) -> usize {
        self.episodes_of(label).count()
    }

    /// The scenarios as `run.json` lists them.
    #[must_use]
    pub fn listed(&self) -> Vec<PlannedScenario> {
        let list = |scenario: &Arc<Scenario>| PlannedScenario { id: scenario.id().to_owned(), task: scenario.task() };
        self.scenarios.iter().map(list).collect()
    }

    /// The most steps, and so the most model calls without repairs, that a contestant can take.
    #[must_use]
    pub fn most_steps(&self, label: &str) -> u64 {
        self.episodes_of(label).map(|(scenario, _)| u64::from(scenario.briefing().task.max_steps)).sum()
    }
}

/// The seed of an episode: the same for every contestant, so that comparisons are paired.
#[must_use]
pub fn episode_seed(seed: u64, scenario: &str, epoch: u32) -> u64 {
    let digest = Sha256::digest(format!("episode\n{seed}\n{scenario}\n{epoch}"));
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// The id of an episode: a custom UUID (version 8) from the seed and the key, so that a run can be repeated byte for byte.
#[must_use]
pub fn episode_id(seed: u64, key: &EpisodeKey) -> EpisodeId {
    let digest = Sha256::digest(format!("id\n{seed}\n{}\n{}\n{}", key.model, key.scenario, key.epoch));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    EpisodeId(Uuid::from_bytes(*Builder::from_custom_bytes(bytes).as_uuid().as_bytes()))
}
