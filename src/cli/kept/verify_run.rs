//! `bench verify-run`: plays kept trajectories through the engine again and compares every step and score.

use crate::cli::args::kept::VerifyRunArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::catalog_of;
use crate::cli::setup::{record, results};
use crate::log::store::Store;
use crate::run::audit::audit;

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
    let audit = audit(run.events(), &catalog, manifest.seed);
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
