//! Plays runs with the server's own agents: one at a time, for clients that may spend the server's money.
//!
//! The run itself is made elsewhere ([`Plays`]). This file checks the token, queues at most one run, and remembers
//! earlier runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use secrecy::SecretString;
use tokio::sync::watch;

use crate::serve::error::{Fault, excerpt};
use crate::serve::net::token;
use crate::serve::ports::{Ask, Plays, Progress, Spent};

/// The number of runs that are remembered.
const REMEMBERED: usize = 100;

/// The baseline runs of a server.
pub struct Baselines {
    plays: Arc<dyn Plays>,
    /// The token of clients that may start runs. `None` if the server can be reached from its own machine only.
    token: Option<SecretString>,
    history: Mutex<BaselineHistory>,
}

/// The remembered runs, and the costs of the forgotten ones before them.
#[derive(Debug, Default)]
struct BaselineHistory {
    runs: VecDeque<watch::Receiver<Progress>>,
    forgotten: Spent,
}

impl std::fmt::Debug for Baselines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Baselines").field("history", &self.history).finish_non_exhaustive()
    }
}

impl Baselines {
    /// Makes the state of a server that has played no run yet.
    #[must_use]
    pub fn new(plays: Arc<dyn Plays>, token: Option<SecretString>) -> Self {
        Self { plays, token, history: Mutex::default() }
    }

    fn history(&self) -> MutexGuard<'_, BaselineHistory> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the sum of what all runs so far have spent.
    pub(crate) fn spent(&self) -> Spent {
        let history = self.history();
        let mut spent = history.forgotten;
        history.runs.iter().for_each(|run| spent += run.borrow().spent);
        spent
    }

    /// Admits a request to start a run or to look at one.
    ///
    /// # Errors
    /// Returns what [`token::admit`] finds wrong.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), Fault> {
        token::admit(self.token.as_ref(), headers)
    }

    /// Starts a run, unless one is under way. The run goes on even if its client does not wait for it.
    pub(crate) fn start(&self, ask: &Ask) -> Result<watch::Receiver<Progress>, Fault> {
        let mut history = self.history();
        if let Some(run) = history.runs.back().filter(|run| run.borrow().outcome.is_none() && run.has_changed().is_ok())
        {
            return Err(Fault::Busy(run.borrow().run_id.clone()));
        }
        let (progress, run) = watch::channel(Progress::default());
        let playing = self.plays.play(ask, progress.clone())?;
        tokio::spawn(async move {
            let outcome = playing.await;
            progress.send_modify(|progress| progress.outcome = Some(outcome));
        });
        if history.runs.len() == REMEMBERED
            && let Some(oldest) = history.runs.pop_front()
        {
            history.forgotten += oldest.borrow().spent;
        }
        history.runs.push_back(run.clone());
        Ok(run)
    }

    /// Finds a remembered run by its id.
    pub(crate) fn find(&self, run_id: &str) -> Result<watch::Receiver<Progress>, Fault> {
        let run = self.history().runs.iter().find(|run| run.borrow().run_id.as_deref() == Some(run_id)).cloned();
        run.ok_or_else(|| Fault::UnknownRun(excerpt(run_id).into_owned()))
    }
}
