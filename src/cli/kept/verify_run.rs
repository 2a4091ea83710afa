//! `bench verify-run`: plays kept trajectories through the engine again and compares every step and score.

use crate::cli::args::kept::VerifyRunArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::catalog_of;
use crate::cli::setup::{record, results};
use crate::log::store::Store;
use crate::log::{Event, EventKind};
use crate::run::audit::audit;
use incident_env::STRICT_VERSION;

/// The largest number of differences that are printed.
const MOST_SHOWN: usize = 20;

/// Prints the differences between the log and the engine.
pub(in crate::cli) fn execute(args: &VerifyRunArgs) -> Result<Status, Failure> {
    let run = record(Store::new(results(args.results.out.as_deref())?).find(&args.run.run)?)?;
    let manifest = &run.manifest;
    let catalog = catalog_of(manifest)?;
    if catalog.digest() != manifest.suite_digest {
        let message =
            format!("the suite of run {} was {}, and is {} now", manifest.id, manifest.suite_digest, catalog.digest());
        return Err(Failure::usage(message).hint("verify it with the version and the scenarios that made it"));
    }
    let now: Vec<_> = catalog.graders().into_iter().chain([STRICT_VERSION.to_owned()]).collect();
    if let Some(other) =
        graders(run.events(), &manifest.graders).find(|version| !now.iter().any(|known| known == version))
    {
        let message = format!("run {} was graded by {other}, which this version no longer has", manifest.id);
        return Err(Failure::usage(message)
            .hint("verify it with the version that made it, or grade it again with 'bench regrade'"));
    }
    let audit = audit(run.events(), &catalog, manifest.seed);
    out::text(&format!(
        "{}: {} episodes, {} steps, {} differences\n",
        manifest.id,
        audit.graded.len(),
        audit.steps,
        audit.differences.len()
    ))?;
    for difference in audit.differences.iter().take(MOST_SHOWN) {
        out::text(&format!("  {difference}\n"))?;
    }
    Ok(match audit.differences.len() {
        0 => Status::Done,
        n => Status::GateFailed(format!("{n} differences between the log and the engine")),
    })
}

/// Goes through the versions of the graders of a run: those of its scores, and those of the strict grades beside them.
fn graders<'a>(events: &'a [Event], of_scores: &'a [String]) -> impl Iterator<Item = &'a str> {
    let beside = events.iter().filter_map(|event| match &event.event {
        EventKind::EpisodeFinished { strict, .. } => strict.as_ref()?["grader"].as_str(),
        _ => None,
    });
    of_scores.iter().map(String::as_str).chain(beside)
}
