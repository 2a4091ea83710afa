//! `bench report`: everything that is derived from a kept run, made again from its event log.

use super::args::ReportArgs;
use super::exit::{Failure, Status};
use super::{out, run};
use crate::log::store::{RunFolder, Store};
use crate::log::{Fold, Manifest, Summary, reader};

pub(super) fn execute(args: &ReportArgs) -> Result<Status, Failure> {
    let store = Store::new(&args.out);
    let mut summaries = Vec::new();
    for name in &args.runs {
        let folder = store.find(name)?;
        let summary = refold(&folder)?;
        run::write_reports(&folder, &summary)?;
        summaries.push(summary);
    }
    let joined = join(summaries)?;
    run::print(args.format, &joined)?;
    Ok(Status::Done)
}

/// Folds the event log of a kept run.
fn refold(folder: &RunFolder) -> Result<Summary, Failure> {
    let manifest = folder.read(&folder.manifest())?;
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|e| Failure::other(format!("{}: {e}", folder.manifest().display())))?;
    let bytes = folder.read(&folder.events())?;
    let contents = reader::parse(&bytes).map_err(|e| Failure::other(format!("{}: {e}", folder.events().display())))?;
    if contents.whole_bytes < bytes.len() {
        let torn = bytes.len() - contents.whole_bytes;
        let path = folder.events();
        out::say("warning", &format!("{}: the last line is torn; {torn} bytes are left out", path.display()));
    }
    let mut fold = Fold::new(&manifest);
    for event in &contents.events {
        fold.apply(event);
    }
    Ok(fold.summary())
}

/// The rows of several runs in one table. Built-in agents that came to the same in each stand once.
fn join(summaries: Vec<Summary>) -> Result<Summary, Failure> {
    let mut summaries = summaries.into_iter();
    let Some(mut joined) = summaries.next() else { return Err(Failure::usage("no run was named")) };
    for summary in summaries {
        let (a, b) = (&joined.run, &summary.run);
        let same = [("suite", &a.suite_digest, &b.suite_digest), ("prompts", &a.prompts_digest, &b.prompts_digest)];
        if let Some((what, ..)) = same.iter().find(|(_, a, b)| a != b) {
            return Err(Failure::usage(format!(
                "runs {} and {} have different {what}: one table would compare what cannot be compared",
                a.id, b.id
            )));
        }
        if (&a.graders, a.epochs) != (&b.graders, b.epochs) {
            return Err(Failure::usage(format!("runs {} and {} have different graders or epochs", a.id, b.id)));
        }
        for row in summary.rows {
            let known = joined
                .rows
                .iter()
                .any(|other| row.protocol.is_none() && other.model == row.model && other.tasks == row.tasks);
            if !known {
                joined.rows.push(row);
            }
        }
    }
    // Models first, built-in agents below them, as in a single run.
    joined.rows.sort_by_key(|row| row.protocol.is_none());
    Ok(joined)
}
