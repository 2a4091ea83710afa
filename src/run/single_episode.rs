//! Plays single episodes of a plan outside their run: another process owns the log and gets their events.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{Amount, Budget, Limits};
use super::hub::Hub;
use super::progress::Progress;
use super::runner::{Common, Waiting, play_one};
use super::{Cancel, Plan, Player};
use crate::chat::wire::Secrets;
use crate::log::{EpisodeKey, Event};
use incident_env::Scenario;

/// The players and the scenarios of a plan.
pub struct Crew {
    players: BTreeMap<String, Player>,
    scenarios: BTreeMap<String, Arc<Scenario>>,
    epochs: u32,
    seed: u64,
    /// What no event may have in it.
    secrets: Arc<Secrets>,
    /// The budget has no limits, because the owner of the run does the counting.
    budget: Arc<Budget>,
}

impl Crew {
    /// Gathers the players of a plan.
    #[must_use]
    pub fn new(plan: &Plan, players: Vec<Player>, secrets: Secrets) -> Self {
        Self {
            players: players.into_iter().map(|player| (player.label.clone(), player)).collect(),
            scenarios: plan.scenarios.iter().map(|one| (one.id().to_owned(), Arc::clone(one))).collect(),
            epochs: plan.epochs,
            seed: plan.seed,
            secrets: Arc::new(secrets),
            budget: Arc::new(Budget::new(Limits::default(), Amount::default())),
        }
    }

    /// Plays an episode after the events that its log contains already, and returns the events that follow; none if the
    /// episode is not in the plan.
    pub async fn play(&self, key: &EpisodeKey, past: &[Event], cancel: &Cancel) -> Option<Vec<Event>> {
        let player = self.players.get(&key.contestant)?;
        let scenario = Arc::clone(self.scenarios.get(&key.scenario).filter(|_| key.epoch < self.epochs)?);
        let (hub, gathered) = Hub::gather();
        let hub = hub.hiding(Arc::clone(&self.secrets));
        let kept = Progress::of(past).take(key);
        let waiting = Waiting { kept, key: key.clone(), scenario, round: 0 };
        let common = Common { seed: self.seed, hub, cancel: cancel.clone(), budget: Arc::clone(&self.budget) };
        // The hub of this episode has no disk that could fail.
        let _ = play_one(player, waiting, common).await;
        Some(gathered.events().await)
    }
}
