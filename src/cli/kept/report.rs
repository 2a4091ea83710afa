//! `bench report`: writes everything that is derived from a kept run again, from its event log.

use std::collections::BTreeSet;
use std::path::Path;

use super::export;
use crate::cli::args::kept::ReportArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::{record, results, salvaged};
use crate::config::options::Format;
use crate::files::read_text;
use crate::log::join::join;
use crate::log::store::{Store, pretty, write_whole};
use crate::log::{Durations, Fold, Manifest, RunRecord, Summary};
use crate::report::{csv, files, protocol, reference_page};
use crate::run::Sink;

/// Writes the reports of each run, and prints one table of all of them.
pub(in crate::cli) fn execute(args: &ReportArgs) -> Result<Status, Failure> {
    let folder = results(args.results.out.as_deref())?;
    let store = Store::new(&folder);
    let (mut manifests, mut summaries) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for name in &args.runs {
        let folder = store.find(name)?;
        let run = if args.skip_damaged { salvaged(folder)?.0 } else { record(folder)? };
        let summary = run.summary();
        if !seen.insert(run.manifest.id.clone()) {
            return Err(Failure::usage(format!("run {} is named twice", run.manifest.id)));
        }
        files::write(&run.folder, &summary, &Durations::of(run.events()))?;
        if args.printed.format == Format::Openenv {
            out::result(&episode_lines(&run)?)?;
        }
        if let Some(format) = args.log_format {
            export::write(&run, format, false)?;
        }
        manifests.push(run.manifest);
        summaries.push(summary);
    }
    let joined = join(summaries)?;
    if args.publish {
        write_reference(&folder, &joined, &manifests)?;
    }
    out::summary(args.printed.format, &joined)?;
    Ok(Status::Done)
}

/// Returns the line protocol of a kept run, as it would have been printed while the run was played.
fn episode_lines(run: &RunRecord) -> Result<String, Failure> {
    let mut lines = Vec::new();
    let mut sink = protocol::Protocol::new(&mut lines);
    let nothing = Fold::new(&run.manifest);
    for event in run.events() {
        sink.on_event(event, &nothing)?;
    }
    drop(sink);
    Ok(String::from_utf8_lossy(&lines).into_owned())
}

/// Writes the reference table into the results folder.
fn write_reference(out: &Path, joined: &Summary, manifests: &[Manifest]) -> Result<(), Failure> {
    let path = out.join("models.toml");
    let files = match read_text(&path) {
        Ok(text) => {
            reference_page::model_files(&text).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failure::other(format!("cannot read {}: {error}", path.display()))),
    };
    let page = out.join("README.md");
    if read_text(&page).is_ok_and(|text| !text.starts_with(reference_page::HEADING)) {
        let message = format!("{} is a page of somebody else; it is not overwritten", page.display());
        return Err(Failure::usage(message).hint("publish into another folder with --out, or move the page away"));
    }
    write_whole(&page, reference_page::render(joined, manifests, &files).as_bytes())?;
    write_whole(&out.join("reference.json"), &pretty(joined))?;
    write_whole(&out.join("scores.csv"), csv::render(joined).as_bytes())?;
    out::note(&format!("published {} rows in {}", joined.rows.len(), out.join("README.md").display()));
    Ok(())
}
