//! `bench verify-run`: plays kept trajectories through the engine again and compares every step and score.

use crate::cli::args::kept::VerifyRunArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::catalog_of;
use crate::cli::setup::{prompts, record, results};
use crate::log::Manifest;
use crate::log::store::Store;
use crate::run::audit::audit;
use crate::run::completeness::completeness;

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
        let hint = format!("verify it with bench {}, which made it, and with its scenarios", manifest.bench_version);
        return Err(Failure::usage(message).hint(hint));
    }
    let now = catalog.graders();
    if let Some(other) = manifest.graders.iter().find(|version| !now.contains(version)) {
        let message = format!("run {} was graded by {other}, which this version no longer has", manifest.id);
        let hint =
            format!("bench {} made it and can verify it; 'bench regrade' grades it again", manifest.bench_version);
        return Err(Failure::usage(message).hint(hint));
    }
    let audit = audit(manifest, run.events(), &catalog);
    let found = completeness(manifest, run.events());
    let mut findings = found.findings;
    if let (Some(said), Some(chain)) = (&args.digest, &run.chain)
        && !chain.is(said)
    {
        findings.push(format!("the log has the digest {chain}, and not {said}"));
    }
    findings.extend(audit.differences.iter().map(ToString::to_string));
    let (prompts, mut not_checked) = (prompts_finding(manifest), audit.not_checked);
    match prompts {
        Prompts::Known => {}
        Prompts::Changed(finding) => findings.push(finding),
        Prompts::NotChecked(what) => _ = not_checked.insert(what, 1),
    }
    out::text(&format!(
        "{}: {} episodes, {} steps, {} differences; {} of {} planned episodes have a score\n",
        manifest.id,
        audit.graded.len(),
        audit.steps,
        findings.len(),
        found.scored,
        found.planned
    ))?;
    if let Some(chain) = &run.chain {
        out::text(&format!("  log {chain}\n"))?;
    }
    for finding in findings.iter().take(MOST_SHOWN) {
        out::text(&format!("  {finding}\n"))?;
    }
    if findings.len() > MOST_SHOWN {
        out::text(&format!("  and {} more\n", findings.len() - MOST_SHOWN))?;
    }
    for (what, count) in &not_checked {
        out::text(&format!("  not checked: {what}, {count} ×\n"))?;
    }
    Ok(match findings.len() {
        0 => Status::Done,
        n => Status::GateFailed(format!("{n} differences between the log, its plan and the engine")),
    })
}

/// What is known of the prompts that a run names.
enum Prompts {
    /// They are those of this version.
    Known,
    /// They have the name of this version's, and another digest.
    Changed(String),
    /// They are those of another version, or of somebody else.
    NotChecked(String),
}

/// Compares the prompts that a run names with those of this version.
fn prompts_finding(manifest: &Manifest) -> Prompts {
    let names = manifest.options["tool-names"]["value"].as_u64().and_then(|names| usize::try_from(names).ok());
    let own = prompts::prompts(None, &manifest.suite, names.unwrap_or(0), manifest.think()).ok();
    match own.filter(|own| own.label() == manifest.prompts) {
        Some(own) if own.digest() == manifest.prompts_digest => Prompts::Known,
        Some(own) => Prompts::Changed(format!(
            "run.json has the prompts {} with the digest {}; theirs is {}",
            manifest.prompts,
            manifest.prompts_digest,
            own.digest()
        )),
        None => Prompts::NotChecked(format!("prompts {}, which this version has not", manifest.prompts)),
    }
}
