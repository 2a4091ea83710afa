//! What a server has for its page beside its own suite: the suites of kept runs, and incidents that are made on demand.

use std::sync::Arc;

use super::exit::Failure;
use super::{audit, build};
use crate::env::{Catalog, Scenario, TaskId, Tasks};
use crate::generate::{Library, Suite, World, scenario, task_of};
use crate::log::Manifest;
use crate::serve::Incidents;
use crate::serve::runs::Suites;

/// The suites of runs, from where they came.
#[derive(Debug)]
pub(super) struct RunSuites;

impl Suites for RunSuites {
    fn of(&self, manifest: &Manifest) -> Option<Catalog> {
        let catalog = audit::catalog(manifest).ok()?;
        // Others would tell of what was not played.
        (catalog.digest() == manifest.suite_digest).then_some(catalog)
    }
}

/// Makes incidents of public seeds.
#[derive(Debug)]
pub(super) struct Maker {
    library: Arc<Library>,
    tasks: Tasks,
}

impl Maker {
    pub(super) fn new() -> Result<Self, Failure> {
        let rules = Catalog::embedded().map_err(|error| Failure::other(error.to_string()))?;
        Ok(Self { library: build::library(None)?, tasks: rules.tasks().clone() })
    }
}

impl Incidents for Maker {
    fn make(&self, suite: &str, task: Option<TaskId>, number: Option<u64>) -> Result<Arc<Scenario>, String> {
        let known = "expected generated:LEVEL,seed=N with easy, medium, hard or expert";
        let words = suite.strip_prefix("generated:").ok_or_else(|| format!("suite '{suite}': {known}"))?;
        let suite: Suite = words.parse().map_err(|problem| format!("suite: {problem}"))?;
        let [(level, _)] = suite.parts[..] else { return Err(format!("suite: {known}")) };
        // Some settings of knobs are searched for in vain for a third of a second, which anybody could ask for all the time.
        if !suite.turned.is_empty() {
            return Err(format!("suite: knobs are for a suite that is served whole; {known}"));
        }
        // An incident poses the task of its number, each in turn.
        let first = task.and_then(|task| TaskId::ALL.iter().position(|one| *one == task)).unwrap_or(0);
        let number = number.unwrap_or(first as u64);
        let incident = suite.incident(&self.library, level, number).map_err(|error| format!("suite: {error}"))?;
        let poses = task_of(&incident);
        if let Some(task) = task.filter(|task| *task != poses) {
            return Err(format!(
                "index: incident {number} poses {poses}, and not {task}; each task has every third one"
            ));
        }
        let world = World::new(incident, Arc::clone(&self.library));
        Ok(Arc::new(scenario(world, poses, &self.tasks, &suite.to_string())))
    }
}
