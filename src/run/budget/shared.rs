//! The budget as the episodes of a run share it: the ledger behind a lock, with a clock and a way to wait.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::amount::Amount;
use super::ledger::{Admission, Kind, Ledger, Limits};
use crate::log::EpisodeKey;
use incident_env::TaskId;

/// The budget of a run, shared by its episodes.
#[derive(Debug)]
pub struct Budget {
    ledger: Mutex<Ledger>,
    /// A counter of the changes after which an episode that was told to come later may try again.
    changes: watch::Sender<u64>,
}

impl Budget {
    /// Makes the budget of a run that has spent this much before.
    #[must_use]
    pub fn new(limits: Limits, spent: Amount) -> Self {
        Self { ledger: Mutex::new(Ledger::new(limits, spent, Instant::now())), changes: watch::Sender::new(0) }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the remaining episodes, as [`Ledger::plan`] does.
    pub fn plan(
        &self,
        rounds: BTreeMap<usize, Vec<(EpisodeKey, TaskId)>>,
        forecast: BTreeMap<(String, TaskId), Amount>,
        fresh: bool,
    ) {
        self.ledger().plan(rounds, forecast, fresh);
    }

    /// Decides whether an episode may begin now, as [`Ledger::may_begin`] does.
    pub fn may_begin(&self, round: usize) -> Admission {
        let answer = self.ledger().may_begin(round, Instant::now());
        if answer == Admission::No {
            self.changed();
        }
        answer
    }

    /// Waits until a call that costs at most this much may be made. Returns false if the budget is spent.
    pub async fn hold(&self, most: Amount) -> bool {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let answer = self.ledger().hold(most, Instant::now());
            match answer {
                Admission::Yes => return true,
                Admission::No => {
                    self.changed();
                    return false;
                }
                // The sender lives as long as this value.
                Admission::Later => drop(changes.changed().await),
            }
        }
    }

    /// The most tokens that a prompt should have, as [`Ledger::prompt_tokens`] estimates it.
    #[must_use]
    pub fn prompt_tokens(&self, model: &str, bytes: usize) -> u64 {
        self.ledger().prompt_tokens(model, bytes)
    }

    /// Notes that an endpoint counted the tokens of a prompt, as [`Ledger::counted`] does.
    pub fn counted(&self, model: &str, bytes: usize, prompt_tokens: u64) {
        self.ledger().counted(model, bytes, prompt_tokens);
    }

    /// Notes that a call has ended, as [`Ledger::settle`] does.
    pub fn settle(&self, most: Amount, key: &EpisodeKey, came_to: Amount) {
        self.ledger().settle(most, key, came_to);
        self.changed();
    }

    /// Notes an amount that was spent outside any episode, as [`Ledger::charge`] does.
    pub fn charge(&self, amount: Amount) {
        self.ledger().charge(amount);
    }

    /// Notes that an episode has ended, as [`Ledger::ended`] does.
    pub fn ended(&self, key: &EpisodeKey, took: Option<Duration>) {
        self.ledger().ended(key, took);
        self.changed();
    }

    /// The time at which the run's time is up; none without a limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.ledger().deadline
    }

    /// Notes that the time is up.
    pub fn time_is_up(&self) {
        self.ledger().is_late(Instant::now());
        self.changed();
    }

    /// The limits, and the amount that was spent.
    #[must_use]
    pub fn state(&self) -> (Limits, Amount) {
        let ledger = self.ledger();
        (ledger.limits, ledger.spent)
    }

    /// The limit that stopped the run, if one did.
    #[must_use]
    pub fn out(&self) -> Option<Kind> {
        self.ledger().out
    }

    /// Follows the changes after which an episode that was told to come later may try again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
