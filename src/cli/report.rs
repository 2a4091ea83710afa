//! `bench report`: everything that is derived from a kept run, made again from its event log.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::args::ReportArgs;
use super::exit::{Failure, NO_MANIFEST_HINT, Status};
use super::{build, logs, out, play};
use crate::config::options::Format;
use crate::log::reader::Contents;
use crate::log::store::{RunFolder, Store, pretty, write_whole};
use crate::log::{Event, Fold, Manifest, RunId, Summary, reader};
use crate::report::{csv, protocol, publish};
use crate::run::Sink;

pub(super) fn execute(args: &ReportArgs) -> Result<Status, Failure> {
    let store = Store::new(build::results(args.out.as_deref())?);
    let (mut manifests, mut summaries) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for name in &args.runs {
        let folder = store.find(name)?;
        let (manifest, events, summary) = refold(&folder)?;
        if !seen.insert(manifest.id.clone()) {
            return Err(Failure::usage(format!("run {} is named twice", manifest.id)));
        }
        play::write_reports(&folder, &summary)?;
        if args.format == Format::Openenv {
            out::result(&episode_lines(&manifest, &events)?)?;
        }
        if let Some(format) = args.log_format {
            logs::write(&folder, &manifest, &events, format, false)?;
        }
        manifests.push(manifest);
        summaries.push(summary);
    }
    let joined = join(summaries)?;
    if args.publish {
        published(&build::results(args.out.as_deref())?, &joined, &manifests)?;
    }
    play::print(args.format, &joined)?;
    Ok(Status::Done)
}

/// The line protocol of a kept run, as it was or would have been printed while it went on.
fn episode_lines(manifest: &Manifest, events: &[Event]) -> Result<String, Failure> {
    let mut lines = Vec::new();
    let mut sink = protocol::Protocol::new(&mut lines);
    let nothing = Fold::new(manifest);
    for event in events {
        sink.on_event(event, &nothing)?;
    }
    drop(sink);
    Ok(String::from_utf8_lossy(&lines).into_owned())
}

/// Writes the reference table into the results folder.
fn published(out: &Path, joined: &Summary, manifests: &[Manifest]) -> Result<(), Failure> {
    let path = out.join("models.toml");
    let files = match fs::read_to_string(&path) {
        Ok(text) => publish::model_files(&text).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failure::other(format!("cannot read {}: {error}", path.display()))),
    };
    let page = out.join("README.md");
    if fs::read_to_string(&page).is_ok_and(|text| !text.starts_with(publish::HEADING)) {
        let message = format!("{} is a page of somebody else; it is not overwritten", page.display());
        return Err(Failure::usage(message).hint("publish into another folder with --out, or move the page away"));
    }
    write_whole(&page, publish::render(joined, manifests, &files).as_bytes())?;
    write_whole(&out.join("reference.json"), &pretty(joined))?;
    write_whole(&out.join("scores.csv"), csv::render(joined).as_bytes())?;
    out::note(&format!("published {} rows in {}", joined.rows.len(), out.join("README.md").display()));
    Ok(())
}

/// The manifest of a kept run.
pub(super) fn manifest(folder: &RunFolder) -> Result<Manifest, Failure> {
    let manifest = folder.read(&folder.manifest())?;
    serde_json::from_slice(&manifest)
        .map_err(|e| Failure::other(format!("{}: {e}", folder.manifest().display())).hint(NO_MANIFEST_HINT))
}

/// Reads a kept run; warns where its log was torn.
pub(super) fn read(folder: &RunFolder) -> Result<(Manifest, Contents), Failure> {
    let manifest = manifest(folder)?;
    let bytes = match folder.read(&folder.events()) {
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    let contents = reader::parse(&bytes).map_err(|e| Failure::other(format!("{}: {e}", folder.events().display())))?;
    if contents.whole_bytes < bytes.len() {
        let torn = bytes.len() - contents.whole_bytes;
        let path = folder.events();
        out::say("warning", &format!("{}: the last line is torn; {torn} bytes are left out", path.display()));
    }
    Ok((manifest, contents))
}

/// Folds the event log of a kept run.
fn refold(folder: &RunFolder) -> Result<(Manifest, Vec<Event>, Summary), Failure> {
    let (manifest, contents) = read(folder)?;
    let mut fold = Fold::new(&manifest);
    for event in &contents.events {
        fold.apply(event);
    }
    let summary = fold.summary();
    Ok((manifest, contents.events, summary))
}

/// The scenarios of a run; every row has all of them.
fn scenarios(summary: &Summary) -> Vec<&String> {
    let tasks = summary.rows.first().map(|row| row.tasks.values());
    tasks.into_iter().flatten().flat_map(|task| task.scenarios.keys()).collect()
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
        if (&a.graders, a.epochs, a.seed) != (&b.graders, b.epochs, b.seed) {
            return Err(Failure::usage(format!("runs {} and {} have different graders, epochs or seeds", a.id, b.id)));
        }
        if scenarios(&joined) != scenarios(&summary) {
            return Err(Failure::usage(format!("runs {} and {} played different scenarios", a.id, b.id)));
        }
        for row in summary.rows {
            let known = joined
                .rows
                .iter()
                .any(|other| row.protocol.is_none() && other.contestant == row.contestant && other.tasks == row.tasks);
            if !known {
                joined.rows.push(row);
            }
        }
        let head = &mut joined.run;
        head.id = RunId(format!("{} {}", head.id, summary.run.id));
        head.started_at = head.started_at.min(summary.run.started_at);
        // Where one of them did not finish, neither did all of them.
        head.finished_at = head.finished_at.zip(summary.run.finished_at).map(|(a, b)| a.max(b));
    }
    // Models first, built-in agents below them, as in a single run.
    joined.rows.sort_by_key(|row| row.protocol.is_none());
    Ok(joined)
}
