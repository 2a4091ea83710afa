//! `bench compare`, and the gate of `--baseline`: decides whether a run is worse than another one.

use std::path::{Path, PathBuf};

use super::decode;
use crate::cli::args::kept::{CompareArgs, CompareFormat};
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::{record, results};
use crate::escape::lines;
use crate::gate::compare::Side;
use crate::gate::{Comparison, Refused, Rules, Verdict, check, compare, render};
use crate::log::store::{FindError, RunFolder, Store, pretty};
use crate::log::summary::SCHEMA;
use crate::log::{Event, Fold, Manifest, RunId, Summary};

/// A run to compare. Its events are empty if only its summary is known.
pub(super) struct Loaded {
    pub(super) summary: Summary,
    events: Vec<Event>,
    /// The contestant that is meant; all of them if none is named.
    contestant: Option<String>,
    /// The file of a summary apart from its run.
    file: Option<PathBuf>,
}

impl Loaded {
    /// A run of which only the summary is known.
    fn of(summary: Summary) -> Self {
        Self { summary, events: Vec::new(), contestant: None, file: None }
    }

    fn side(&self) -> Side<'_> {
        Side {
            summary: &self.summary,
            events: &self.events,
            contestant: self.contestant.as_deref(),
            is_apart: self.file.is_some(),
        }
    }
}

pub(in crate::cli) fn execute(args: &CompareArgs) -> Result<Status, Failure> {
    if !(0.0..=1.0).contains(&args.margin) || !(0.0..0.5).contains(&args.alpha) || args.alpha <= 0.0 {
        return Err(Failure::usage("--margin must lie between 0 and 1, and --alpha above 0 and below 0.5"));
    }
    let store = Store::new(results(args.results.out.as_deref())?);
    let (base, new) = (load_side(&store, &args.base)?, load_side(&store, &args.new)?);
    if base.file.is_some() && base.file == new.file && base.contestant == new.contestant {
        return Err(refused(&Refused::Itself(base.summary.run.id.to_string())));
    }
    let rules = Rules {
        margin: args.margin,
        alpha: args.alpha,
        allow_drift: args.allow_drift,
        allow_missing: args.allow_missing,
    };
    let comparison = judge(&base, &new, &rules)?;
    out::result(&match args.format {
        CompareFormat::Table => lines(&render::table(&comparison)),
        CompareFormat::Markdown => render::markdown(&comparison),
        CompareFormat::Github => render::annotations(&comparison) + &render::markdown(&comparison),
        CompareFormat::Json => String::from_utf8_lossy(&pretty(&comparison)).into_owned(),
        CompareFormat::Junit => render::junit(&comparison),
    })?;
    Ok(status(&comparison))
}

/// The run that `--baseline` names, read once when the command begins: a name such as `latest` would mean the new run itself
/// at its end.
pub(in crate::cli) struct Baseline {
    loaded: Loaded,
    /// The name by which a resumed run finds it again.
    name: String,
}

impl Baseline {
    /// Reads the baseline of a run.
    pub(in crate::cli) fn load(store: &Store, name: &str) -> Result<Self, Failure> {
        let loaded = load_side(store, name).map_err(|failure| failure.about("--baseline"))?;
        if let Some(contestant) = &loaded.contestant {
            return Err(Failure::usage(format!(
                "--baseline: a run is compared as a whole, and '{contestant}' is a part"
            ))
            .hint("`bench compare RUN:CONTESTANT RUN:CONTESTANT` compares any two"));
        }
        let id = &loaded.summary.run.id;
        let is_path = loaded.file.is_some() || Path::new(name).components().count() > 1;
        let stable = !is_path && store.has(id);
        let name = if stable { id.to_string() } else { name.to_owned() };
        Ok(Self { loaded, name })
    }

    /// Returns the name by which a resumed run finds the baseline again.
    pub(in crate::cli) fn name(&self) -> &str {
        &self.name
    }

    /// Checks that a run can be compared with the baseline at its end, before any call costs money.
    pub(in crate::cli) fn check(&self, manifest: &Manifest, rules: &Rules) -> Result<(), Failure> {
        self.is_not(&manifest.id)?;
        if manifest.shard.is_some() && !rules.allow_missing {
            return Err(Failure::usage("--baseline: a shard plays only its share of what the baseline has")
                .hint("compare what `bench merge` joins, or give --allow-missing"));
        }
        check(&self.loaded.summary, &Fold::new(manifest).summary(), rules).map_err(|error| refused(&error))
    }

    fn is_not(&self, id: &RunId) -> Result<(), Failure> {
        if self.loaded.summary.run.id == *id {
            return Err(refused(&Refused::Itself(id.to_string())));
        }
        Ok(())
    }

    /// Compares a run that has just ended with the baseline. The comparison is printed on stderr, because stdout has the
    /// run's own table.
    pub(in crate::cli) fn judge(&self, new: &Summary, rules: &Rules) -> Result<Status, Failure> {
        let new = Loaded::of(new.clone());
        let comparison = judge(&self.loaded, &new, rules)?;
        out::note(render::table(&comparison).trim_end());
        Ok(status(&comparison))
    }

    /// Returns whether the comparison of an unfinished run is already decided, and prints it.
    pub(in crate::cli) fn so_far(&self, folder: &RunFolder, rules: &Rules, epochs: u32) -> Result<bool, Failure> {
        let run = record(folder.clone())?;
        let mut fold = Fold::new(&run.manifest);
        run.contents.events.iter().for_each(|event| fold.apply(event));
        // What comes after these epochs is not missing yet.
        fold.decided_after(epochs);
        let new = Loaded::of(fold.summary());
        let comparison = judge(&self.loaded, &new, rules)?;
        let decided = comparison.verdict != Verdict::NotDecided;
        let word = if decided { "decided" } else { "not decided yet" };
        out::note(&format!("after {epochs} of {} epochs: {word} (alpha {:.4})", run.manifest.epochs, rules.alpha));
        Ok(decided)
    }
}

fn judge(base: &Loaded, new: &Loaded, rules: &Rules) -> Result<Comparison, Failure> {
    compare(base.side(), new.side(), rules).map_err(|error| refused(&error))
}

fn refused(refused: &Refused) -> Failure {
    let failure = Failure::usage(refused.to_string());
    match refused {
        Refused::Drift(_) => failure.hint("--allow-drift compares them all the same"),
        Refused::Itself(_) => failure.hint("name the run that was there before"),
        Refused::Empty(_) => failure.hint("what has no scores agrees with nothing: name a run that was played"),
        Refused::Missing { .. } => failure.hint("--allow-missing compares what both have"),
        Refused::Which { .. } => failure.hint("name it after the run, as in RUN:CONTESTANT"),
        Refused::Unknown { .. } => failure,
    }
}

fn status(comparison: &Comparison) -> Status {
    let of = |verdict: Verdict| {
        let rows = comparison.counting().filter(|row| row.verdict == verdict);
        let rows = rows.map(|row| format!("{} {}", row.contestant, row.scope)).collect::<Vec<_>>().join(", ");
        (!rows.is_empty()).then_some(rows)
    };
    match comparison.verdict {
        Verdict::Same | Verdict::Better => Status::Done,
        Verdict::Worse | Verdict::WorseThanMargin => {
            let worse = [Verdict::WorseThanMargin, Verdict::Worse].into_iter();
            let worse = worse.filter_map(|verdict| Some(format!("{verdict}: {}", of(verdict)?)));
            Status::GateFailed(worse.collect::<Vec<_>>().join("; "))
        }
        Verdict::NotDecided => Status::NotDecided(why_not_decided(comparison, of(Verdict::NotDecided))),
    }
}

fn why_not_decided(comparison: &Comparison, rows: Option<String>) -> String {
    if comparison.is_incomplete() {
        let what = comparison.missing_texts().join("; ");
        return format!("the new run lacks {what}; --allow-missing compares what both have");
    }
    if comparison.rows.is_empty() {
        return "the runs have no contestant in common".to_owned();
    }
    rows.unwrap_or_else(|| "what the new run measures is not in the base".to_owned())
}

/// Reads a run by its id or its folder, or from a `summary.json`, with the contestant that may follow after a colon.
fn load_side(store: &Store, name: &str) -> Result<Loaded, Failure> {
    let whole = match load(store, name) {
        Ok(loaded) => return Ok(loaded),
        Err(failure) => failure,
    };
    // Labels and paths may hold colons too, so the first name that is a run counts.
    for (at, _) in name.match_indices(':') {
        let (run, contestant) = (&name[..at], &name[at + 1..]);
        if is_there(store, run) {
            return Ok(Loaded { contestant: Some(contestant.to_owned()), ..load(store, run)? });
        }
    }
    Err(whole)
}

/// Whether a name is that of a run or of a file.
fn is_there(store: &Store, name: &str) -> bool {
    let found = || !matches!(store.find(name), Err(FindError::NoRuns(_) | FindError::Unknown(_)));
    !name.trim().is_empty() && (Path::new(name).is_file() || found())
}

/// Reads a run by its id or its folder, or from a `summary.json`.
pub(super) fn load(store: &Store, name: &str) -> Result<Loaded, Failure> {
    let path = Path::new(name);
    // A results folder has a file `latest`, which is in the way where the command runs in that folder.
    let is_run = || path.components().count() == 1 && store.find(name).is_ok();
    if path.is_file() && !is_run() {
        let file = path.canonicalize().ok();
        return Ok(Loaded { file, ..Loaded::of(from_file(path, name)?) });
    }
    // A workflow file may add an end of line.
    let name = name.trim();
    if name.is_empty() {
        return Err(Failure::usage("the name of a run is empty").hint("`bench list runs` has those that are kept"));
    }
    if name.starts_with('-') {
        return Err(Failure::usage(format!("'{name}' is an option, and no run")));
    }
    let run = record(store.find(name)?)?;
    let summary = run.summary();
    Ok(Loaded { events: run.contents.events, ..Loaded::of(summary) })
}

fn from_file(path: &Path, name: &str) -> Result<Summary, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::usage(format!("cannot read {name}: {e}")))?;
    let wrong = |problem: String| Failure::usage(format!("{name} is no summary.json: {problem}"));
    let text = decode::text(&bytes).map_err(wrong)?;
    let summary: Summary = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if summary.schema != SCHEMA {
        return Err(wrong(format!("its schema is '{}', expected '{SCHEMA}'", summary.schema)));
    }
    Ok(summary)
}
