//! The episodes of a kept run in the formats of other programs, written into the run's `logs/`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::agent::prompt::{PromptSet, Protocol};
use crate::chat::{ReplyFormat, ToolSpec};
use crate::cli::exit::Failure;
use crate::cli::out;
use crate::cli::setup::{prompts, suite};
use crate::config::options::LogFormat;
use crate::log::store::RunFolder;
use crate::log::{Manifest, RunRecord};
use crate::report::atif;
use crate::report::episodes::ExportedRun;
use crate::report::inspect::{self, Form};
use crate::report::score_table::plural;
use incident_env::{Catalog, Episode, EpisodeId, Scenario};

/// Writes the episodes of a run in another format, and prints where they are.
pub(in crate::cli) fn write(record: &RunRecord, format: LogFormat, quiet: bool) -> Result<(), Failure> {
    let RunRecord { folder, manifest, .. } = record;
    let catalog = catalog(manifest);
    let incidents = incidents(catalog.as_ref());
    let run = ExportedRun { manifest, events: record.events(), incidents: &incidents };
    let note = |text: String| {
        if !quiet {
            out::note(&text);
        }
    };
    let form = match format {
        LogFormat::Eval => Form::Eval,
        LogFormat::Json => Form::Json,
        LogFormat::Atif => {
            let tools = catalog.as_ref().and_then(|catalog| tools(manifest, catalog)).unwrap_or_default();
            let files = atif::export(&run, &tools);
            for (key, bytes) in &files {
                folder.write(&format!("logs/atif/{}", RunFolder::episode_file(key)), bytes)?;
            }
            let place = folder.path.join("logs").join("atif");
            note(format!("{} in {}", plural(files.len(), "file"), place.display()));
            return Ok(());
        }
    };
    for contestant in &manifest.contestants {
        let bytes = inspect::export(&run, &contestant.label, form).map_err(|e| Failure::other(e.to_string()))?;
        let name = format!("logs/{}", inspect::file_name(manifest, &contestant.label, form));
        folder.write(&name, &bytes)?;
        note(folder.path.join(name).display().to_string());
    }
    Ok(())
}

/// Returns the suite that was played, or `None` if it cannot be read any more or has changed.
fn catalog(manifest: &Manifest) -> Option<Catalog> {
    let catalog = suite::catalog(&manifest.suite, folder(manifest, "scenarios")).ok()?;
    (catalog.digest() == manifest.suite_digest).then_some(catalog)
}

/// Returns the folder that an option of the run named.
fn folder<'a>(manifest: &'a Manifest, option: &str) -> Option<&'a Path> {
    manifest.options[option]["value"].as_str().map(Path::new)
}

/// Returns the summary of each incident, by the id of its scenario.
fn incidents(catalog: Option<&Catalog>) -> BTreeMap<String, String> {
    let scenarios = catalog.into_iter().flat_map(Catalog::scenarios);
    scenarios.map(|scenario| (scenario.id().to_owned(), scenario.briefing().summary.clone())).collect()
}

/// Returns the actions of each scenario as tools, or `None` if the prompts that describe them have changed.
fn tools(manifest: &Manifest, catalog: &Catalog) -> Option<atif::Tools> {
    let names = manifest.options["tool-names"]["value"].as_u64().and_then(|names| usize::try_from(names).ok());
    let folder = folder(manifest, "prompts");
    let prompts = prompts::prompts(folder, &manifest.suite, names.unwrap_or(0), manifest.think()).ok()?;
    let known = prompts.digest() == manifest.prompts_digest;
    let scenarios = catalog.scenarios().iter();
    known.then(|| scenarios.map(|scenario| (scenario.id().to_owned(), tools_of(&prompts, scenario))).collect())
}

fn tools_of(prompts: &PromptSet, scenario: &Arc<Scenario>) -> Vec<ToolSpec> {
    let episode = Episode::reset(scenario, EpisodeId::nil());
    match prompts.format(episode.observation(), Protocol::Tools) {
        ReplyFormat::Tools { tools } => tools,
        ReplyFormat::Text | ReplyFormat::Json { .. } => Vec::new(),
    }
}
