//! The plan of a run: which episodes are played, and in which order. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::log::EpisodeKey;
use crate::log::manifest::PlannedScenario;
use crate::log::shard::Shard;
use crate::stats::rng::SplitMix64;
use incident_env::{Catalog, CatalogError, EpisodeId, Scenario, TaskId};

/// The plan: scenarios, repetitions, and the share that is played.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenarios, ordered by task and id.
    pub scenarios: Vec<Arc<Scenario>>,
    /// The number of repetitions of each scenario.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that is played; none for all of them.
    pub shard: Option<Shard>,
}

/// The place of an episode in the order of a run.
#[derive(Debug, Clone)]
pub struct Slot<'a> {
    /// The scenario of the episode.
    pub scenario: &'a Arc<Scenario>,
    /// The number of the repetition, from 0.
    pub epoch: u32,
    /// The number of the round, from 0.
    pub round: usize,
}

impl Slot<'_> {
    /// The key of the episode that a contestant plays in this place.
    #[must_use]
    pub fn key(&self, label: &str) -> EpisodeKey {
        EpisodeKey { contestant: label.to_owned(), scenario: self.scenario.id().to_owned(), epoch: self.epoch }
    }
}

/// The reasons why no plan can be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A requested scenario does not exist.
    #[error(transparent)]
    Unknown(#[from] CatalogError),
    /// The filters leave no scenario.
    #[error("no scenario is left: none of the chosen scenarios belongs to the chosen tasks")]
    Nothing,
}

impl Plan {
    /// Plans all scenarios of a catalogue, or those that the filters name.
    ///
    /// # Errors
    /// Fails if a scenario does not exist or the filters leave none.
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

    /// The episodes of each contestant in the order in which they begin.
    ///
    /// The order goes epoch by epoch, in rounds. A round has about one scenario of each task, drawn by the seed, with
    /// the longest first. A run that ends after any round has given every contestant the same scenarios, and every task
    /// its share.
    #[must_use]
    pub fn slots(&self) -> Vec<Slot<'_>> {
        let mut by_task: BTreeMap<TaskId, Vec<&Arc<Scenario>>> = BTreeMap::new();
        for scenario in &self.scenarios {
            by_task.entry(scenario.task()).or_default().push(scenario);
        }
        let rounds = by_task.values().map(Vec::len).max().unwrap_or(0);
        let mut slots = Vec::with_capacity(self.scenarios.len() * self.epochs as usize);
        for epoch in 0..self.epochs {
            for (task, scenarios) in &by_task {
                let mut drawn = scenarios.clone();
                shuffle(&mut drawn, order_seed(self.seed, *task, epoch));
                // A task with fewer scenarios than rounds is spread over the rounds.
                let round = |index: usize| epoch as usize * rounds + index * rounds / scenarios.len();
                slots.extend(drawn.into_iter().enumerate().map(|(n, scenario)| Slot {
                    scenario,
                    epoch,
                    round: round(n),
                }));
            }
        }
        // The sort is stable, so scenarios of the same length keep the order in which they were drawn.
        slots.sort_by_key(|slot| (slot.round, std::cmp::Reverse(slot.scenario.briefing().task.max_steps)));
        slots
    }

    /// Returns the same plan, of which only a share is played.
    #[must_use]
    pub fn sharded(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// Whether an episode is part of the share that is played.
    #[must_use]
    pub fn includes(&self, key: &EpisodeKey) -> bool {
        self.shard.is_none_or(|shard| shard.includes(key))
    }

    /// The episodes that a contestant plays, in their order.
    pub fn episodes_of(&self, label: &str) -> impl Iterator<Item = (Slot<'_>, EpisodeKey)> {
        let keyed = self.slots().into_iter().map(move |slot| {
            let key = slot.key(label);
            (slot, key)
        });
        keyed.filter(|(_, key)| self.includes(key))
    }

    /// The number of episodes that a contestant plays.
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

    /// The most steps that a contestant can take. Without repairs it is also the most calls of a model.
    #[must_use]
    pub fn most_steps(&self, label: &str) -> u64 {
        self.episodes_of(label).map(|(slot, _)| u64::from(slot.scenario.briefing().task.max_steps)).sum()
    }
}

/// The seed of the order in which a task's scenarios begin.
fn order_seed(seed: u64, task: TaskId, epoch: u32) -> u64 {
    first_bits(&Sha256::digest(format!("order\n{seed}\n{task}\n{epoch}")))
}

/// Shuffles the items so that every order is equally likely (Fisher and Yates; Durstenfeld 1964).
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = SplitMix64::new(seed);
    for last in (1..items.len()).rev() {
        items.swap(last, rng.below(last + 1));
    }
}

fn first_bits(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// The seed of an episode. It is the same for every contestant, so that comparisons are paired.
#[must_use]
pub fn episode_seed(seed: u64, scenario: &str, epoch: u32) -> u64 {
    first_bits(&Sha256::digest(format!("episode\n{seed}\n{scenario}\n{epoch}")))
}

/// The id of an episode: a custom UUID (version 8) made of the seed and the key, so that a run can be repeated byte for
/// byte.
#[must_use]
pub fn episode_id(seed: u64, key: &EpisodeKey) -> EpisodeId {
    let digest = Sha256::digest(format!("id\n{seed}\n{}\n{}\n{}", key.contestant, key.scenario, key.epoch));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    EpisodeId(Uuid::from_bytes(*Builder::from_custom_bytes(bytes).as_uuid().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan(tasks: &[TaskId], scenarios: &[&str], epochs: u32, seed: u64) -> Plan {
        let named: Vec<_> = scenarios.iter().map(|id| (*id).to_owned()).collect();
        Plan::new(&Catalog::embedded().unwrap(), tasks, &named, epochs, seed).unwrap()
    }

    fn order(plan: &Plan) -> Vec<String> {
        plan.slots().iter().map(|slot| format!("{}/{}", slot.scenario.id(), slot.epoch)).collect()
    }

    #[test]
    fn the_seed_draws_the_order_and_epochs_differ() {
        let first = order(&plan(&[], &[], 2, 0));
        assert_eq!(first, order(&plan(&[], &[], 2, 0)));
        assert!((1..20).any(|seed| order(&plan(&[], &[], 2, seed)) != first));
        assert!((0..20).any(|seed| {
            let order = order(&plan(&[], &[], 2, seed));
            let ids: Vec<_> = order.iter().map(|id| id.split('/').next()).collect();
            ids[..9] != ids[9..]
        }));
    }

    #[test]
    fn a_round_has_a_scenario_of_each_task_and_the_longest_first() {
        let plan = plan(&[], &[], 3, 7);
        let slots = plan.slots();
        assert_eq!(slots.len(), 27);
        for (round, slots) in slots.chunks(3).enumerate() {
            assert!(slots.iter().all(|slot| slot.round == round && slot.epoch as usize == round / 3));
            let tasks: BTreeSet<_> = slots.iter().map(|slot| slot.scenario.task()).collect();
            assert_eq!(tasks.len(), 3);
            let steps: Vec<_> = slots.iter().map(|slot| slot.scenario.briefing().task.max_steps).collect();
            assert!(steps.is_sorted_by(|a, b| a >= b), "{steps:?}");
        }
    }

    #[test]
    fn a_task_with_fewer_scenarios_is_spread_over_the_rounds() {
        let plan = plan(&[], &["AC-001", "AC-002", "AC-003", "RP-001"], 2, 0);
        let rounds: Vec<_> = plan.slots().iter().map(|slot| (slot.round, slot.scenario.task())).collect();
        let of = |task| rounds.iter().filter(|slot| slot.1 == task).map(|slot| slot.0).collect::<Vec<_>>();
        assert_eq!(of(TaskId::AlertClassification), [0, 1, 2, 3, 4, 5]);
        assert_eq!(of(TaskId::RemediationPlanning), [0, 3]);
    }

    proptest::proptest! {
        #[test]
        fn every_episode_has_one_place(epochs in 1_u32..5, seed: u64) {
            let plan = plan(&[], &[], epochs, seed);
            let order = order(&plan);
            proptest::prop_assert_eq!(order.len(), 9 * epochs as usize);
            proptest::prop_assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), order.len());
            proptest::prop_assert!(plan.slots().iter().map(|slot| slot.round).is_sorted());
        }
    }
}
