//! Reads the scenarios of a suite from its name: embedded ones, generated ones, and those of files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::exit::Failure;
use crate::cli::setup::environment;
use crate::files;
use crate::log::Manifest;
use incident_env::{Catalog, Source, Tasks, prove};
use incident_generate::{Incident, Library, Secret, Suite, World};

/// Returns the scenarios of a suite, with an overlay.
pub(in crate::cli) fn catalog(suite: &str, overlay: Option<&Path>) -> Result<Catalog, Failure> {
    let foreign = suite != "classic" || overlay.is_some();
    if let Some(generated) = suite.strip_prefix("generated:") {
        return generated_suite(generated, overlay);
    }
    let overlay = overlay.map(scenario_files).transpose()?.unwrap_or_default();
    let catalog = if suite == "classic" {
        Catalog::with_overlay(overlay)
    } else {
        let path = Path::new(suite);
        if !path.exists() {
            let message =
                format!("unknown suite '{suite}': it is neither 'classic', nor 'generated:…', nor a file or folder");
            return Err(Failure::usage(message));
        }
        let mut sources = scenario_files(path)?;
        sources.extend(overlay);
        Catalog::of(sources)
    };
    let hint = "docs/SCENARIOS.md describes the format";
    let catalog = catalog.map_err(|error| Failure::usage(error.to_string()).hint(hint))?;
    if foreign {
        // The embedded scenarios were proved before the release.
        for scenario in catalog.scenarios() {
            let flawed = |flaw| Failure::usage(format!("{}: {flaw}", scenario.origin())).hint(hint);
            prove(scenario).map_err(flawed)?;
        }
    }
    Ok(catalog)
}

/// The variable that has the secret of private suites.
const SECRET: &str = "BENCH_SUITE_SECRET";

/// Reads what a generated suite consists of, and finds its secret if it is private.
pub(in crate::cli) fn read_suite(text: &str) -> Result<Suite, Failure> {
    let suite: Suite = text.parse().map_err(|problem| Failure::usage(format!("generated:{text}: {problem}")))?;
    if !suite.needs_secret() {
        return Ok(suite);
    }
    let environment = environment()?;
    let hint = format!("a private suite is made from the secret in {SECRET}; `bench new-secret` prints a new one");
    let secret = environment.get(SECRET);
    let secret = secret.ok_or_else(|| Failure::usage(format!("{SECRET} is not set")).hint(hint.clone()))?;
    let secret = Secret::new(secret).map_err(|problem| Failure::usage(format!("{SECRET}: {problem}")).hint(hint))?;
    Ok(suite.with_secret(secret))
}

/// Returns the number of incidents of a suite. A generated suite need not be made for it, and a private one needs no secret.
pub(in crate::cli) fn size(suite: &str) -> Result<usize, Failure> {
    let Some(generated) = suite.strip_prefix("generated:") else {
        return catalog(suite, None).map(|catalog| catalog.scenarios().len());
    };
    let parsed: Suite = generated.parse().map_err(|problem| Failure::usage(format!("{suite}: {problem}")))?;
    let count: u64 = parsed.parts.iter().map(|(_, count)| count).sum();
    usize::try_from(count).map_err(|_| Failure::usage(format!("{suite}: too many incidents")))
}

/// Returns whether everybody who has this program can make the incidents of a suite: its own ones, and those of a seed
/// that the name of the suite tells.
pub(in crate::cli) fn is_public(suite: &str) -> bool {
    match suite.strip_prefix("generated:") {
        Some(generated) => !generated.parse().is_ok_and(|suite: Suite| suite.needs_secret()),
        None => suite == "classic",
    }
}

/// Makes a suite from its seed; each incident is proved when it is made.
fn generated_suite(text: &str, overlay: Option<&Path>) -> Result<Catalog, Failure> {
    let suite = read_suite(text)?;
    let library = library(overlay)?;
    let rules = Catalog::embedded().map_err(|error| Failure::other(error.to_string()))?;
    suite.catalog(&library, rules.tasks()).map_err(|error| {
        Failure::other(error.to_string()).hint("take another seed, or another epoch of a private suite")
    })
}

/// Returns the fault families of this program, with those of a folder laid over them.
pub(in crate::cli) fn library(overlay: Option<&Path>) -> Result<Arc<Library>, Failure> {
    let mut files = BTreeMap::new();
    for Source { file, text } in overlay.map(scenario_files).transpose()?.unwrap_or_default() {
        let name = Path::new(&file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if files.insert(name.clone(), text).is_some() {
            return Err(Failure::usage(format!("{file}: another file there is called {name} too")));
        }
    }
    let hint = "docs/GENERATED.md describes fault families, which is what --scenarios lays over a generated suite";
    let library = Library::with_overlay(files).map_err(|error| Failure::usage(error.to_string()).hint(hint))?;
    Ok(Arc::new(library))
}

/// Reads one scenario file, or the scenario files of a folder and the folders in it, sorted by path.
fn scenario_files(path: &Path) -> Result<Vec<Source>, Failure> {
    let mut found = Vec::new();
    collect(path, &mut found)?;
    found.sort();
    if found.is_empty() {
        return Err(Failure::usage(format!("{}: no scenario files (*.toml) there", path.display())));
    }
    let read = |file: PathBuf| {
        let text = files::read_text(&file)
            .map_err(|e| Failure::usage(format!("cannot read scenario file {}: {e}", file.display())))?;
        Ok(Source { file: file.display().to_string(), text })
    };
    found.into_iter().map(read).collect()
}

/// Collects the files of a folder and the folders in it. What is hidden belongs to other programs: editors, notebooks, file
/// systems.
fn collect(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::usage(format!("cannot read {}: {e}", path.display()));
    if !path.is_dir() {
        // The file is opened later; if it is missing, that error names it.
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        let is_hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if files::is_link_to_folder(&entry) {
            let message = format!("{} is a link to a folder, which may lead in a circle", entry.display());
            return Err(Failure::usage(message).hint("name the folder itself, or put the files where the link is"));
        }
        if entry.is_dir() {
            collect(&entry, found)?;
        } else if entry.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
            found.push(entry);
        }
    }
    Ok(())
}

/// Reads the scenarios on which a run was played again from their sources.
pub(in crate::cli) fn catalog_of(manifest: &Manifest) -> Result<Catalog, Failure> {
    let overlay = manifest.options["scenarios"]["value"].as_str().map(Path::new);
    let is_file = manifest.suite != "classic" && !manifest.suite.starts_with("generated:");
    catalog(&manifest.suite, overlay).map_err(|failure| {
        if !is_file && overlay.is_none() {
            return failure;
        }
        // A run of somebody else may name any file of this machine, of which nothing must be quoted.
        let message = format!("the suite that run {} names cannot be used: {}", manifest.id, manifest.suite);
        Failure::usage(message).hint("bench list scenarios --scenarios DIR says what is wrong in scenarios of your own")
    })
}

/// Returns the rules of the three tasks.
pub(in crate::cli) fn tasks() -> Result<Tasks, Failure> {
    Catalog::embedded().map(|catalog| catalog.tasks().clone()).map_err(|error| Failure::other(error.to_string()))
}

/// Returns the world of an incident, or a failure if the incident could not be made.
pub(in crate::cli) fn world(
    incident: Result<Incident, impl std::fmt::Display>,
    library: &Arc<Library>,
) -> Result<World, Failure> {
    let incident = incident.map_err(|error| {
        Failure::other(error.to_string()).hint("take another seed, or another epoch of a private suite")
    })?;
    Ok(World::new(incident, Arc::clone(library)))
}
