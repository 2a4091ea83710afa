//! `bench verify-run` and `bench regrade`: kept trajectories through the present engine and graders.

use super::args::{RegradeArgs, VerifyRunArgs};
use super::exit::{Failure, Status};
use super::{build, out, play, report};
use crate::env::Catalog;
use crate::env::STRICT_VERSION;
use crate::log::store::{RunFolder, Store};
use crate::log::{EventKind, Fold, Manifest};
use crate::run::Hub;
use crate::run::audit::{Audit, Graded, audit};

/// The most differences that are printed.
const MOST_SHOWN: usize = 20;

pub(super) fn verify_run(args: &VerifyRunArgs) -> Result<Status, Failure> {
    let folder = Store::new(build::results(args.out.as_deref())?).find(&args.run)?;
    let (manifest, past) = report::read(&folder)?;
    let catalog = catalog(&manifest)?;
    if catalog.digest() != manifest.suite_digest {
        let message =
            format!("the suite of run {} was {}, and is {} now", manifest.id, manifest.suite_digest, catalog.digest());
        return Err(Failure::usage(message).hint("verify it with the version and the scenarios that made it"));
    }
    let audit = audit(&past.events, &catalog, manifest.seed);
    out::result(&format!(
        "{}: {} episodes, {} steps, {} differences\n",
        manifest.id,
        audit.graded.len(),
        audit.steps,
        audit.differences.len()
    ))?;
    for difference in audit.differences.iter().take(MOST_SHOWN) {
        out::result(&format!("  {difference}\n"))?;
    }
    Ok(match audit.differences.len() {
        0 => Status::Done,
        n => Status::GateFailed(format!("{n} differences between the log and the engine")),
    })
}

pub(super) async fn regrade(args: &RegradeArgs) -> Result<Status, Failure> {
    let folder = Store::new(build::results(args.out.as_deref())?).find(&args.run)?;
    let _lock = folder.lock()?;
    let (manifest, past) = report::read(&folder)?;
    let audit = audit(&past.events, &catalog(&manifest)?, manifest.seed);
    if let Some(missing) = audit.differences.iter().find(|difference| difference.what.contains("no such scenario")) {
        return Err(
            Failure::usage(missing.to_string()).hint("give the scenarios with the run's own --suite or --scenarios")
        );
    }
    let changed = changed(&audit);
    if !changed.is_empty() {
        let (hub, thread) = Hub::resume(&manifest, folder.clone(), &past, Vec::new())?;
        for (key, event) in changed {
            hub.send(Some(&key), event).await?;
        }
        drop(hub);
        thread.join()?;
    }
    finish(args, &folder, &manifest, &audit)
}

/// A new event for each episode of which a score is another now, or whose strict grade is one that the log has not.
fn changed(audit: &Audit) -> Vec<(crate::log::EpisodeKey, EventKind)> {
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

fn finish(args: &RegradeArgs, folder: &RunFolder, manifest: &Manifest, audit: &Audit) -> Result<Status, Failure> {
    let (_, contents) = report::read(folder)?;
    let mut fold = Fold::new(manifest);
    contents.events.iter().for_each(|event| fold.apply(event));
    let summary = fold.summary();
    play::write_reports(folder, &summary)?;
    let other: Vec<_> = audit.graded.iter().filter(|graded| graded.now.total != graded.kept).collect();
    let graders: std::collections::BTreeSet<_> = audit.graded.iter().map(Graded::grader).collect();
    let graders = graders.into_iter().collect::<Vec<_>>().join(", ");
    out::note(&format!("{} of {} episodes have another score by {graders}", other.len(), audit.graded.len()));
    let strict = audit.graded.iter().filter(|graded| graded.has_new_strict_grade()).count();
    if strict > 0 {
        out::note(&format!("{strict} have another strict grade, by {STRICT_VERSION}"));
    }
    for graded in other.iter().take(MOST_SHOWN) {
        out::note(&format!("  {}: {} → {}", graded.key, graded.kept, graded.now.total));
    }
    play::print(args.format, &summary)?;
    Ok(Status::Done)
}

/// The scenarios that a run was played on, from where they came.
pub(super) fn catalog(manifest: &Manifest) -> Result<Catalog, Failure> {
    let overlay = manifest.options["scenarios"]["value"].as_str().map(std::path::Path::new);
    build::catalog(&manifest.suite, overlay)
}
