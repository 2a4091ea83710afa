//! `bench generate`: writes a suite, with the sealed truth apart from the files that agents may see.

use crate::cli::args::suite::GenerateArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::{library, read_suite, tasks, world};
use crate::cli::suite::folder::SuiteFolder;
use incident_generate::Unmade;
use incident_generate::folder::{Listing, shown};

/// Writes every incident of the suite, and the manifest last.
pub(in crate::cli) fn execute(args: &GenerateArgs) -> Result<Status, Failure> {
    let suite = read_suite(&name(args))?;
    let (library, tasks) = (library(args.families.scenarios.as_deref())?, tasks()?);
    let folder = SuiteFolder::create(&args.out)?;
    let unmade = |error: Unmade| Failure::other(error.to_string());
    let mut listing = Listing::of(&suite).map_err(unmade)?;
    for incident in suite.incidents(&library) {
        let world = world(incident, &library)?;
        let entry = listing.add(&world);
        folder.seal(&entry, &world)?;
        folder.show(&entry, &shown(&entry, world, &tasks))?;
    }
    let (manifest, listing) = listing.finish(&library).map_err(unmade)?;
    folder.finish(&manifest, &listing)?;
    let count = listing.incidents.len();
    out::result(&format!("{count} incidents of {suite} in {}, {}\n", args.out.display(), manifest.digest))?;
    Ok(Status::Done)
}

/// Returns the name of the suite in the form of `--suite generated:…`.
fn name(args: &GenerateArgs) -> String {
    let name = match args.private {
        Some(epoch) => format!("{},private={epoch}", args.level),
        None => format!("{},seed={}", args.level, args.seed.unwrap_or(0)),
    };
    let name = match args.count {
        Some(count) => format!("{name},count={count}"),
        None => name,
    };
    args.knobs.iter().fold(name, |name, knob| format!("{name},{knob}"))
}
