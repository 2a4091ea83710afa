//! Keeps the runs of a results folder that the server shows, with the suites on which they were played.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::log::Manifest;
use crate::log::run_index::{RunIndex, RunIndexError};
use crate::serve::error::Fault;
use crate::serve::ports::Suites;
use incident_env::{Catalog, Scenario};

/// The number of suites that are kept for the briefings of their scenarios.
const SUITES: usize = 4;

/// The kept runs that a server shows.
#[derive(Debug)]
pub struct KeptRuns {
    pub(crate) shelf: RunIndex,
    suites: Arc<dyn Suites>,
    /// The suites that were looked for, by their digest. `None` for a suite that was not found.
    known: Mutex<BTreeMap<String, Option<Arc<Catalog>>>>,
}

impl KeptRuns {
    /// Takes the runs, and the source of their suites.
    #[must_use]
    pub fn new(shelf: RunIndex, suites: Arc<dyn Suites>) -> Self {
        Self { shelf, suites, known: Mutex::default() }
    }

    /// Finds the scenario of an episode as the suite of its run has it.
    pub(crate) fn scenario(&self, manifest: &Manifest, id: &str) -> Option<Arc<Scenario>> {
        let digest = &manifest.suite_digest;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        let catalog = known.unwrap_or_else(|| {
            // The lock is not held, because making a suite can take long.
            let catalog = self.suites.of(manifest).map(Arc::new);
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= SUITES {
                known.clear();
            }
            known.insert(digest.clone(), catalog.clone());
            catalog
        });
        catalog?.scenario(id).ok().cloned()
    }
}

impl From<RunIndexError> for Fault {
    fn from(error: RunIndexError) -> Self {
        match error {
            RunIndexError::Find(_) | RunIndexError::NoEpisode(_) => Self::NoRun(error.to_string()),
            RunIndexError::Store(_) | RunIndexError::Damaged { .. } => Self::Runs(error.to_string()),
        }
    }
}
