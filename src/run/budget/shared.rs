//! The budget that the episodes of a run share: the ledger behind a lock, with the clock, and a way to wait for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::amount::Amount;
use super::ledger::{Answer, Kind, Ledger, Limits};
use crate::env::TaskId;
use crate::log::EpisodeKey;

/// The budget of a run, shared by its episodes.
#[derive(Debug)]
pub struct Budget {
    ledger: Mutex<Ledger>,
    /// Counts what may let somebody go on who was told to come later.
    changes: watch::Sender<u64>,
}

impl Budget {
    /// A budget of which this much was spent before.
    #[must_use]
    pub fn new(limits: Limits, spent: Amount) -> Self {
        Self { ledger: Mutex::new(Ledger::new(limits, spent, Instant::now())), changes: watch::Sender::new(0) }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Ledger::plan`].
    pub fn plan(
        &self,
        rounds: BTreeMap<usize, Vec<(EpisodeKey, TaskId)>>,
        forecast: BTreeMap<(String, TaskId), Amount>,
        fresh: bool,
    ) {
        self.ledger().plan(rounds, forecast, fresh);
    }

    /// As [`Ledger::may_begin`], now.
    pub fn may_begin(&self, round: usize) -> Answer {
        let answer = self.ledger().may_begin(round, Instant::now());
        if answer == Answer::No {
            self.changed();
        }
        answer
    }

    /// Waits until a call may be made that comes to this much at most; false where the budget is spent.
    pub async fn hold(&self, most: Amount) -> bool {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let answer = self.ledger().hold(most, Instant::now());
            match answer {
                Answer::Yes => return true,
                Answer::No => {
                    self.changed();
                    return false;
                }
                // The sender lives as long as this.
                Answer::Later => drop(changes.changed().await),
            }
        }
    }

    /// As [`Ledger::prompt_tokens`].
    #[must_use]
    pub fn prompt_tokens(&self, model: &str, bytes: usize) -> u64 {
        self.ledger().prompt_tokens(model, bytes)
    }

    /// As [`Ledger::counted`].
    pub fn counted(&self, model: &str, bytes: usize, prompt_tokens: u64) {
        self.ledger().counted(model, bytes, prompt_tokens);
    }

    /// As [`Ledger::settle`].
    pub fn settle(&self, most: Amount, key: &EpisodeKey, came_to: Amount) {
        self.ledger().settle(most, key, came_to);
        self.changed();
    }

    /// As [`Ledger::charge`].
    pub fn charge(&self, amount: Amount) {
        self.ledger().charge(amount);
    }

    /// As [`Ledger::ended`].
    pub fn ended(&self, key: &EpisodeKey, took: Option<Duration>) {
        self.ledger().ended(key, took);
        self.changed();
    }

    /// When the run's time is up; none where it has no limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.ledger().deadline
    }

    /// The time is up.
    pub fn time_is_up(&self) {
        self.ledger().is_late(Instant::now());
        self.changed();
    }

    /// The limits, and what was spent.
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

    /// Follows what may let somebody go on who was told to come later.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
