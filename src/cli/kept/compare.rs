//! `bench compare`, and the gate of `--baseline`: decides whether a run is worse than another one.

use std::path::Path;

use crate::cli::args::kept::{CompareArgs, CompareFormat};
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::{record, results};
use crate::escape::lines;
use crate::gate::compare::Side;
use crate::gate::decision::Verdict;
use crate::gate::{Comparison, Rules, compare, render};
use crate::log::store::{RunFolder, Store, pretty};
use crate::log::{Event, Fold, Manifest, Summary};

/// A run to compare. Its events are empty if only its summary is known.
pub(super) struct Loaded {
    pub(super) summary: Summary,
    events: Vec<Event>,
}

impl Loaded {
    fn side(&self) -> Side<'_> {
        Side { summary: &self.summary, events: &self.events }
    }
}

pub(in crate::cli) fn execute(args: &CompareArgs) -> Result<Status, Failure> {
    let store = Store::new(results(args.results.out.as_deref())?);
    let (base, new) = (load(&store, &args.base)?, load(&store, &args.new)?);
    let rules = Rules { margin: args.margin, alpha: args.alpha };
    if !(0.0..=1.0).contains(&args.margin) || !(0.0..0.5).contains(&args.alpha) || args.alpha <= 0.0 {
        return Err(Failure::usage("--margin must lie between 0 and 1, and --alpha above 0 and below 0.5"));
    }
    let comparison = judge(&base, &new, rules, args.allow_drift)?;
    out::result(&match args.format {
        CompareFormat::Table => lines(&render::table(&comparison)),
        CompareFormat::Markdown => render::markdown(&comparison),
        CompareFormat::Github => render::annotations(&comparison) + &render::markdown(&comparison),
        CompareFormat::Json => String::from_utf8_lossy(&pretty(&comparison)).into_owned(),
        CompareFormat::Junit => render::junit(&comparison),
    })?;
    Ok(status(&comparison))
}

/// Compares a run that has just ended with a baseline. The comparison is printed on stderr, because stdout has the run's
/// own table.
pub(in crate::cli) fn against_baseline(
    store: &Store,
    baseline: &str,
    new: &Summary,
    rules: Rules,
) -> Result<Status, Failure> {
    let base = load(store, baseline)?;
    let new = Loaded { summary: new.clone(), events: Vec::new() };
    let comparison = judge(&base, &new, rules, false)?;
    out::note(render::table(&comparison).trim_end());
    Ok(status(&comparison))
}

/// Checks that a run can be compared with its baseline at the end, before any call costs money.
pub(in crate::cli) fn check_baseline(store: &Store, baseline: &str, manifest: &Manifest) -> Result<(), Failure> {
    let base = load(store, baseline)?;
    let nothing_yet = Loaded { summary: Fold::new(manifest).summary(), events: Vec::new() };
    judge(&base, &nothing_yet, Rules::default(), false).map(drop)
}

/// Returns whether the comparison of an unfinished run with its baseline is already decided, and prints it.
pub(in crate::cli) fn so_far(
    store: &Store,
    folder: &RunFolder,
    baseline: &str,
    rules: Rules,
    epochs: u32,
) -> Result<bool, Failure> {
    let run = record(folder.clone())?;
    let new = Loaded { summary: run.summary(), events: Vec::new() };
    let comparison = judge(&load(store, baseline)?, &new, rules, false)?;
    let decided = comparison.verdict() != Verdict::Inconclusive;
    let word = if decided { "decided" } else { "not decided yet" };
    out::note(&format!("after {epochs} of {} epochs: {word} (alpha {:.4})", run.manifest.epochs, rules.alpha));
    Ok(decided)
}

fn judge(base: &Loaded, new: &Loaded, rules: Rules, allow_drift: bool) -> Result<Comparison, Failure> {
    compare(base.side(), new.side(), rules, allow_drift)
        .map_err(|drift| Failure::usage(drift.to_string()).hint("--allow-drift compares them all the same"))
}

fn status(comparison: &Comparison) -> Status {
    let of = |verdict: Verdict| {
        let rows = comparison.counting().filter(|row| row.judged.verdict == verdict);
        rows.map(|row| format!("{} {}", row.contestant, row.scope)).collect::<Vec<_>>().join(", ")
    };
    match comparison.verdict() {
        Verdict::Pass => Status::Done,
        Verdict::Regressed => Status::GateFailed(format!("regressed: {}", of(Verdict::Regressed))),
        Verdict::Inconclusive if comparison.rows.is_empty() => {
            Status::Inconclusive("the runs have no contestant in common".to_owned())
        }
        Verdict::Inconclusive => Status::Inconclusive(format!("cannot be decided: {}", of(Verdict::Inconclusive))),
    }
}

/// Reads a run by its id or its folder, or from a `summary.json`.
pub(super) fn load(store: &Store, name: &str) -> Result<Loaded, Failure> {
    let path = Path::new(name);
    if path.is_file() {
        let bytes = std::fs::read(path).map_err(|e| Failure::usage(format!("cannot read {name}: {e}")))?;
        let summary =
            serde_json::from_slice(&bytes).map_err(|e| Failure::usage(format!("{name} is no summary.json: {e}")))?;
        return Ok(Loaded { summary, events: Vec::new() });
    }
    let run = record(store.find(name)?)?;
    Ok(Loaded { summary: run.summary(), events: run.contents.events })
}
