//! `bench regrade`: grades kept trajectories again with the present graders, without a model call.

use std::collections::BTreeSet;

use crate::cli::args::kept::RegradeArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::catalog_of;
use crate::cli::setup::{lock, record, results};
use crate::log::store::{RunFolder, Store};
use crate::log::{Durations, EpisodeKey, EventKind};
use crate::report::files;
use crate::run::Hub;
use crate::run::audit::{Audit, Graded, audit};
use incident_env::STRICT_VERSION;

/// The largest number of changed scores that are printed.
const MOST_SHOWN: usize = 20;

/// Adds the new grades to the log, and writes and prints the reports that follow from them.
pub(in crate::cli) async fn execute(args: &RegradeArgs) -> Result<Status, Failure> {
    let folder = Store::new(results(args.results.out.as_deref())?).find(&args.run.run)?;
    let _lock = lock(&folder)?;
    let run = record(folder)?;
    let audit = audit(&run.manifest, run.events(), &catalog_of(&run.manifest)?);
    if let Some(missing) = audit.differences.iter().find(|difference| difference.what.contains("no such scenario")) {
        return Err(
            Failure::usage(missing.to_string()).hint("give the scenarios with the run's own --suite or --scenarios")
        );
    }
    let changed = changed(&audit);
    if !changed.is_empty() {
        let (hub, thread) = Hub::resume(&run.manifest, run.folder.clone(), &run.contents, Vec::new())?;
        for (key, event) in changed {
            hub.send(Some(&key), event).await?;
        }
        drop(hub);
        thread.join()?;
    }
    finish(args, run.folder, &audit)
}

/// Returns a new event for each episode whose score changed, or whose strict grade is not in the log.
fn changed(audit: &Audit) -> Vec<(EpisodeKey, EventKind)> {
    let other = audit.graded.iter().filter(|graded| graded.now.total != graded.kept || graded.has_new_strict_grade());
    other
        .map(|graded| {
            let grade = serde_json::to_value(&graded.now).unwrap_or_default();
            let event = EventKind::EpisodeRegraded {
                grader: graded.grader().to_owned(),
                score: graded.now.total,
                grade,
                strict: graded.strict.clone(),
            };
            (graded.key.clone(), event)
        })
        .collect()
}

/// Writes the reports of the run with its present grades, and prints what changed.
fn finish(args: &RegradeArgs, folder: RunFolder, audit: &Audit) -> Result<Status, Failure> {
    let regraded = record(folder)?;
    let summary = regraded.summary();
    files::write(&regraded.folder, &summary, &Durations::of(regraded.events()))?;
    let other: Vec<_> = audit.graded.iter().filter(|graded| graded.now.total != graded.kept).collect();
    let graders: BTreeSet<_> = audit.graded.iter().map(Graded::grader).collect();
    let graders = graders.into_iter().collect::<Vec<_>>().join(", ");
    out::note(&format!("{} of {} episodes have another score by {graders}", other.len(), audit.graded.len()));
    let strict = audit.graded.iter().filter(|graded| graded.has_new_strict_grade()).count();
    if strict > 0 {
        out::note(&format!("{strict} have another strict grade, by {STRICT_VERSION}"));
    }
    for graded in other.iter().take(MOST_SHOWN) {
        out::note(&format!("  {}: {} → {}", graded.key, graded.kept, graded.now.total));
    }
    out::summary(args.printed.format, &summary)?;
    Ok(Status::Done)
}
