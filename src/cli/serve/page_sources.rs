//! The sources of a server's page besides its own suite: the suites of kept runs, and incidents that are made on
//! demand.

use std::sync::Arc;

use crate::cli::exit::Failure;
use crate::cli::setup::suite::{catalog_of, library, tasks};
use crate::log::Manifest;
use crate::serve::{Incidents, Suites, Which};
use incident_env::{Catalog, Scenario, TaskId, Tasks};
use incident_generate::{Library, Suite, Unmade, World, scenario, task_of};

/// The number of incidents of a task that an error names.
const SHOWN: usize = 4;
/// How far into the incidents of a task a stranger may count, who must not keep the server busy.
const FARTHEST: usize = 9_999;

/// Reads the suites of kept runs again from their sources.
#[derive(Debug)]
pub(super) struct RunSuites;

impl Suites for RunSuites {
    fn of(&self, manifest: &Manifest) -> Option<Catalog> {
        let catalog = catalog_of(manifest).ok()?;
        // A suite that has changed would describe other incidents than those that were played.
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
        Ok(Self { library: library(None)?, tasks: tasks()? })
    }
}

impl Incidents for Maker {
    fn make(&self, suite: &str, task: Option<TaskId>, which: Which) -> Result<Arc<Scenario>, String> {
        let known = "expected generated:LEVEL,seed=N with easy, medium, hard or expert";
        let words = suite.strip_prefix("generated:").ok_or_else(|| format!("suite '{suite}': {known}"))?;
        let suite: Suite = words.parse().map_err(|problem| format!("suite: {problem}"))?;
        let [(level, _)] = suite.parts[..] else { return Err(format!("suite: {known}")) };
        // Some settings of knobs make the generator search in vain for a third of a second, which a stranger could
        // exploit to keep it busy.
        if !suite.turned.is_empty() {
            return Err(format!("suite: knobs are for a suite that is served whole; {known}"));
        }
        // The number of an incident decides which task it poses.
        let failed = |error: Unmade| format!("suite: {error}");
        let posing = |task| suite.numbers_of(level, task).map_err(failed);
        let number = match (which, task) {
            (Which::Numbered(number), _) | (Which::After(number), None) => number,
            (Which::After(others), Some(task)) => {
                let others = usize::try_from(others)
                    .ok()
                    .filter(|others| *others <= FARTHEST)
                    .ok_or_else(|| format!("scenario_index: expected at most {FARTHEST}, found {others}"))?;
                posing(task)?.nth(others).ok_or_else(|| format!("suite: no incident poses {task}"))?
            }
        };
        let incident = suite.incident(&self.library, level, number).map_err(failed)?;
        let poses = task_of(&incident);
        if let Some(task) = task.filter(|task| *task != poses) {
            let numbers: Vec<_> = posing(task)?.take(SHOWN).map(|number| number.to_string()).collect();
            return Err(format!(
                "index: incident {number} poses {poses}, and not {task}; {task} is posed by {}, and others",
                numbers.join(", ")
            ));
        }
        let world = World::new(incident, Arc::clone(&self.library));
        Ok(Arc::new(scenario(world, poses, &self.tasks)))
    }
}
