//! `bench verify`: makes every incident of a written suite again, compares it with its files, and proves it.

use crate::cli::args::suite::VerifyArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::{library, read_suite, tasks, world};
use crate::cli::suite::folder::SuiteFolder;
use std::sync::Arc;

use incident_generate::folder::{Listing, flaws};
use incident_generate::{Unmade, prove};

/// The largest number of flaws that are printed.
const MOST_SHOWN: usize = 20;

/// Prints the flaws of the suite, or a message that it has none.
pub(in crate::cli) fn execute(args: &VerifyArgs) -> Result<Status, Failure> {
    let folder = SuiteFolder::at(&args.suite);
    let written = folder.manifest()?;
    let unusable = |problem: String| folder.unusable(&problem);
    written.check_version().map_err(unusable)?;
    let listed = folder.listing()?;
    let suite = read_suite(&listed.suite)?;
    written.check_secret(&suite).map_err(unusable)?;
    let (library, tasks) = (library(args.families.scenarios.as_deref())?, tasks()?);
    written.check_data(&suite, &library).map_err(unusable)?;
    let unmade = |error: Unmade| Failure::other(error.to_string());
    let (mut found, mut listing) = (Vec::new(), Listing::of(&suite).map_err(unmade)?);
    for (index, incident) in suite.incidents(&library).enumerate() {
        let world = Arc::new(world(incident, &library)?);
        let entry = listing.add(&world);
        if listed.incidents.get(index) != Some(&entry) {
            found.push(format!("{}: the list of incidents has another one in its place", entry.id));
        }
        if let Err(problem) = folder.check_truth(&entry, &world) {
            found.push(format!("{}: {problem}", entry.id));
        }
        if let Err(flaw) = prove(&world, &tasks) {
            found.push(format!("{}: {flaw}", entry.id));
        }
    }
    let (made, listing) = listing.finish(&library).map_err(unmade)?;
    found.extend(flaws(&written, &made));
    let count = listing.incidents.len();
    if listed.incidents.len() != count {
        found.push(format!("{} incidents are listed; the suite has {count}", listed.incidents.len()));
    }
    if !found.is_empty() {
        let mut text = found.iter().take(MOST_SHOWN).fold(String::new(), |text, flaw| text + flaw + "\n");
        if found.len() > MOST_SHOWN {
            text.push_str("…\n");
        }
        out::text(&text)?;
        return Ok(Status::GateFailed(format!("{} flaws in {count} incidents", found.len())));
    }
    let digest = made.digest;
    out::result(&format!(
        "{count} incidents of {suite}: solvable, unique, non-trivial, severities right, record ids unique; {digest}\n"
    ))?;
    Ok(Status::Done)
}
