//! Exams that `bench serve` and `bench mcp` hold: what clients play is kept as a run, and its scores are for `bench` to read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::args::KeptArgs;
use super::exit::Failure;
use super::serve::{Variables, or};
use super::{build, out, play};
use crate::env::{Catalog, Scenario};
use crate::log::manifest::{PlannedScenario, SCHEMA};
use crate::log::store::{RunFolder, RunLock, Store, pretty};
use crate::log::{CLIENT, Contestant, Manifest};
use crate::run::Exam;

/// An exam that is under way.
#[derive(Debug)]
pub(super) struct Sitting {
    exam: Arc<Exam>,
    folder: RunFolder,
    _lock: RunLock,
}

impl Sitting {
    /// Makes the run of an exam; none where none is held.
    pub(super) fn start(
        exam: bool,
        args: &KeptArgs,
        variables: &Variables<'_>,
        catalog: &Catalog,
        [suite, scenarios]: [&str; 2],
    ) -> Result<Option<Self>, Failure> {
        if !exam {
            return match [
                ("--label", args.label.is_some()),
                ("--epochs", args.epochs.is_some()),
                ("--out", args.out.is_some()),
            ]
            .into_iter()
            .find(|(_, given)| *given)
            {
                Some((name, _)) => Err(Failure::usage(format!("{name}: only an exam is kept; give --exam too"))),
                None => Ok(None),
            };
        }
        let label = or(args.label.clone(), variables, "BENCH_LABEL", CLIENT.to_owned())?;
        let epochs = or(args.epochs, variables, "BENCH_EPOCHS", 1)?;
        if epochs == 0 || label.trim().is_empty() {
            let name = if epochs == 0 { "--epochs: must be at least 1" } else { "--label: is empty" };
            return Err(Failure::usage(name));
        }
        let out: Option<PathBuf> = args.out.clone().map_or_else(|| variables.get("BENCH_OUT"), |out| Ok(Some(out)))?;
        let store = Store::new(build::results(out.as_deref())?);
        let (manifest, folder) =
            build::new_run(&store, || manifest(catalog, label.trim(), epochs, [suite, scenarios]))?;
        let lock = folder.lock()?;
        folder.write_manifest(&pretty(&manifest))?;
        let exam = Arc::new(Exam::start(&manifest, folder.clone())?);
        store.set_latest(&manifest.id)?;
        Ok(Some(Self { exam, folder, _lock: lock }))
    }

    /// The exam that the server records its steps in.
    pub(super) fn exam(&self) -> Arc<Exam> {
        Arc::clone(&self.exam)
    }

    /// The folder of its run.
    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// Ends the run and writes its scores, also where a request is still being answered.
    pub(super) fn finish(self, quiet: bool) -> Result<(), Failure> {
        play::write_reports(&self.folder, &self.exam.finish()?)?;
        if !quiet {
            let folder = self.folder.path.display();
            out::note(&format!("kept in {folder}; 'bench report {folder}' shows the scores"));
        }
        Ok(())
    }
}

fn manifest(catalog: &Catalog, label: &str, epochs: u32, [suite, scenarios]: [&str; 2]) -> Manifest {
    let started_at = jiff::Timestamp::now();
    let option = |value: &str| json!({ "value": value, "from": "serve" });
    let mut options = serde_json::Map::new();
    if !scenarios.is_empty() {
        // Where `bench verify-run` finds them.
        options.insert("scenarios".to_owned(), option(scenarios));
    }
    let planned = |scenario: &Arc<Scenario>| PlannedScenario { id: scenario.id().to_owned(), task: scenario.task() };
    Manifest {
        schema: SCHEMA.to_owned(),
        id: build::run_id(started_at),
        started_at,
        bench_version: env!("CARGO_PKG_VERSION").to_owned(),
        suite: suite.to_owned(),
        suite_digest: catalog.digest().to_owned(),
        // A client brings its own, and nothing is known of them.
        prompts: "none".to_owned(),
        prompts_digest: "none".to_owned(),
        graders: catalog.graders(),
        contestants: vec![Contestant { label: label.to_owned(), agent: CLIENT.to_owned(), settings: None }],
        scenarios: catalog.scenarios().iter().map(planned).collect(),
        epochs,
        seed: 0,
        shard: None,
        merged: Vec::new(),
        options: options.into(),
        command: build::command_line(),
        machine: build::machine(),
    }
}
