//! Exams of `bench serve` and `bench mcp`: the episodes of clients are kept as a run, whose scores `bench report`
//! shows.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::exit::Failure;
use crate::cli::out;
use crate::cli::setup::manifest::{command_line, machine, new_run, run_id};
use crate::cli::setup::{lock, record, suite};
use crate::config::server::{EpisodeSettings, ExamSettings};
use crate::log::manifest::{PlannedScenario, SCHEMA};
use crate::log::store::{LockError, RunFolder, RunLock, Store, pretty};
use crate::log::{CLIENT, Contestant, Durations, Manifest, RunId, RunRecord};
use crate::report::files;
use crate::run::Exam;
use crate::run::exam::{ResumeError, Used};
use incident_env::{Catalog, Scenario};

/// An exam in progress.
#[derive(Debug)]
pub(super) struct Sitting {
    exam: Arc<Exam>,
    folder: RunFolder,
    /// The episodes that earlier processes used up. `None` if the exam begins now.
    used_before: Option<Used>,
    _lock: RunLock,
}

impl Sitting {
    /// Makes the run of an exam, or goes on with the one that the same contestant began on the same suite. Returns
    /// `None` if no exam is held.
    pub(super) fn start(episodes: &EpisodeSettings, catalog: &Catalog) -> Result<Option<Self>, Failure> {
        let Some(exam) = &episodes.exam else { return Ok(None) };
        let store = Store::new(&exam.out);
        // Two servers that start at once must not make two runs of one exam.
        let _alone = store.lock()?;
        if let Some((id, folder)) = begun_before(&store, &manifest(catalog, episodes, exam))? {
            return Self::go_on(&id, folder, catalog, exam).map(Some);
        }
        let (manifest, folder) = new_run(&store, || manifest(catalog, episodes, exam))?;
        let lock = lock(&folder)?;
        folder.write_manifest(&pretty(&manifest))?;
        let exam = Arc::new(Exam::start(&manifest, folder.clone())?);
        store.set_latest(&manifest.id)?;
        Ok(Some(Self { exam, folder, used_before: None, _lock: lock }))
    }

    /// Goes on with an exam, as long as it has episodes left.
    fn go_on(id: &RunId, folder: RunFolder, catalog: &Catalog, asked: &ExamSettings) -> Result<Self, Failure> {
        let label = &asked.label;
        let another = "give --label another name for another contestant, or --out another folder";
        let lock = folder.lock().map_err(|error| match error {
            LockError::Taken(_) => {
                let what = format!("another process holds the exam of '{label}' on this suite, run {id}");
                Failure::usage(what).hint(format!("stop it first; or {another}"))
            }
            LockError::Store(_) => error.into(),
        })?;
        let RunRecord { folder, manifest, contents, .. } = record(folder)?;
        let broken = |error: ResumeError| Failure::other(format!("run {id}: {error}")).hint(another);
        let exam = Arc::new(Exam::resume(&manifest, folder.clone(), &contents, catalog).map_err(broken)?);
        let used = exam.used();
        let sitting = Self { exam, folder, used_before: Some(used), _lock: lock };
        if used.begun < used.all {
            Store::new(&asked.out).set_latest(id)?;
            return Ok(sitting);
        }
        sitting.finish(true)?;
        let what = format!("'{label}' has used up every episode of this exam, which is kept as run {id}");
        Err(Failure::usage(what).hint(format!("'bench report {id}' shows its scores; {another}")))
    }

    /// Describes the exam where a server says that it is ready.
    pub(super) fn notice(&self) -> String {
        let folder = self.folder.path.display();
        match self.used_before {
            None => format!("an exam that is kept in {folder}"),
            Some(Used { begun, all }) => {
                format!("an exam that goes on in {folder}, where {begun} of {all} episodes are used up")
            }
        }
    }

    /// Returns the exam in which the server records its steps.
    pub(super) fn exam(&self) -> Arc<Exam> {
        Arc::clone(&self.exam)
    }

    /// Ends the run and writes its scores, even if a request is still being answered.
    pub(super) fn finish(self, quiet: bool) -> Result<(), Failure> {
        let summary = self.exam.finish()?;
        let durations = Durations::of(record(self.folder.clone())?.events());
        files::write(&self.folder, &summary, &durations)?;
        if !quiet {
            let folder = self.folder.path.display();
            out::note(&format!("kept in {folder}; 'bench report {folder}' shows the scores"));
        }
        Ok(())
    }
}

/// Returns the warning about an exam whose incidents are public. `None` if they are not, or no exam is held.
pub(super) fn warning(episodes: &EpisodeSettings) -> Option<String> {
    let is_public = episodes.exam.is_some() && suite::is_public(&episodes.suite);
    is_public.then(|| {
        format!(
            "the incidents of '{}' are public: whoever has this program can make them with their answers; hold exams on \
             --suite generated:LEVEL,private=EPOCH, with a secret in BENCH_SUITE_SECRET",
            episodes.suite
        )
    })
}

/// Returns the run of the same contestant on the same suite, the newest if there are several.
fn begun_before(store: &Store, now: &Manifest) -> Result<Option<(RunId, RunFolder)>, Failure> {
    for id in store.list()?.iter().rev() {
        // A folder of another name, or one whose manifest cannot be read, is no run that could go on.
        let Ok(folder) = store.by_id(id) else { continue };
        let Ok(then) = RunRecord::manifest(&folder) else { continue };
        if !then.is_exam() || then.contestants != now.contestants || then.suite_digest != now.suite_digest {
            continue;
        }
        let same = |what: &str, then: &str, now: &str| {
            let wrong = || Failure::usage(format!("run {id} is this exam and has {what} {then}, and not {now}"));
            let hint = "an exam goes on as it began; give --label another name for another contestant";
            if then == now { Ok(()) } else { Err(wrong().hint(hint)) }
        };
        same("--epochs", &then.epochs.to_string(), &now.epochs.to_string())?;
        same("the graders", &then.graders.join(", "), &now.graders.join(", "))?;
        return Ok(Some((then.id, folder)));
    }
    Ok(None)
}

/// Returns the manifest of an exam, in which one client plays every scenario.
fn manifest(catalog: &Catalog, episodes: &EpisodeSettings, exam: &ExamSettings) -> Manifest {
    let started_at = jiff::Timestamp::now();
    let option = |value: Value| json!({ "value": value, "from": "serve" });
    let mut options = serde_json::Map::new();
    if let Some(overlay) = &episodes.overlay {
        // `bench verify-run` finds the scenarios by this option.
        options.insert("scenarios".to_owned(), option(overlay.to_string_lossy().into()));
    }
    options.insert("public".to_owned(), option(suite::is_public(&episodes.suite).into()));
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
        merged_logs: Vec::new(),
        options: options.into(),
        command: command_line(),
        machine: machine(),
    }
}
