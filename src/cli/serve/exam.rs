//! Exams of `bench serve` and `bench mcp`: the episodes of clients are kept as a run, whose scores `bench report`
//! shows.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::cli::exit::Failure;
use crate::cli::out;
use crate::cli::setup::manifest::{command_line, machine, new_run, run_id};
use crate::config::server::{EpisodeSettings, ExamSettings};
use crate::log::manifest::{PlannedScenario, SCHEMA};
use crate::log::store::{RunFolder, RunLock, Store, pretty};
use crate::log::{CLIENT, Contestant, Manifest};
use crate::report::files;
use crate::run::Exam;
use incident_env::{Catalog, Scenario};

/// An exam in progress.
#[derive(Debug)]
pub(super) struct Sitting {
    exam: Arc<Exam>,
    folder: RunFolder,
    _lock: RunLock,
}

impl Sitting {
    /// Makes the run of an exam. Returns `None` if no exam is held.
    pub(super) fn start(episodes: &EpisodeSettings, catalog: &Catalog) -> Result<Option<Self>, Failure> {
        let Some(exam) = &episodes.exam else { return Ok(None) };
        let store = Store::new(&exam.out);
        let (manifest, folder) = new_run(&store, || manifest(catalog, episodes, exam))?;
        let lock = folder.lock()?;
        folder.write_manifest(&pretty(&manifest))?;
        let exam = Arc::new(Exam::start(&manifest, folder.clone())?);
        store.set_latest(&manifest.id)?;
        Ok(Some(Self { exam, folder, _lock: lock }))
    }

    /// Returns the exam in which the server records its steps.
    pub(super) fn exam(&self) -> Arc<Exam> {
        Arc::clone(&self.exam)
    }

    /// Returns the folder of the exam's run.
    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// Ends the run and writes its scores, even if a request is still being answered.
    pub(super) fn finish(self, quiet: bool) -> Result<(), Failure> {
        files::write(&self.folder, &self.exam.finish()?)?;
        if !quiet {
            let folder = self.folder.path.display();
            out::note(&format!("kept in {folder}; 'bench report {folder}' shows the scores"));
        }
        Ok(())
    }
}

/// Returns the manifest of an exam, in which one client plays every scenario.
fn manifest(catalog: &Catalog, episodes: &EpisodeSettings, exam: &ExamSettings) -> Manifest {
    let started_at = jiff::Timestamp::now();
    let option = |value: &str| json!({ "value": value, "from": "serve" });
    let mut options = serde_json::Map::new();
    if let Some(overlay) = &episodes.overlay {
        // `bench verify-run` finds the scenarios by this option.
        options.insert("scenarios".to_owned(), option(&overlay.to_string_lossy()));
    }
    let planned = |scenario: &Arc<Scenario>| PlannedScenario { id: scenario.id().to_owned(), task: scenario.task() };
    Manifest {
        schema: SCHEMA.to_owned(),
        id: run_id(started_at),
        started_at,
        bench_version: env!("CARGO_PKG_VERSION").to_owned(),
        suite: episodes.suite.clone(),
        suite_digest: catalog.digest().to_owned(),
        // A client brings its own prompts, which are unknown here.
        prompts: "none".to_owned(),
        prompts_digest: "none".to_owned(),
        graders: catalog.graders(),
        contestants: vec![Contestant { label: exam.label.clone(), agent: CLIENT.to_owned(), settings: None }],
        scenarios: catalog.scenarios().iter().map(planned).collect(),
        epochs: exam.epochs,
        seed: 0,
        shard: None,
        merged: Vec::new(),
        options: options.into(),
        command: command_line(),
        machine: machine(),
    }
}
