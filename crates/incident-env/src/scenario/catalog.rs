//! The catalogue of scenarios: the embedded ones and the ones of an overlay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use super::scenario::Scenario;
use crate::digest::Digest;
use crate::scripted::{self, ScenarioError, StrictFile};
use crate::task::{TaskId, Tasks};

#[derive(RustEmbed)]
#[folder = "scenarios/"]
struct Embedded;

const TASKS_FILE: &str = "tasks.toml";

/// A scenario file that the caller has read, because this crate opens no files.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name of the file, for errors.
    pub file: String,
    /// The text of the file.
    pub text: String,
}

/// The reason for which a catalogue cannot be made, or does not have a scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The file `tasks.toml` is wrong.
    #[error("{TASKS_FILE}: {0}")]
    Tasks(String),
    /// The file that tells the strict grader about the classic scenarios is wrong.
    #[error("graders/classic.toml: {0}")]
    Strict(String),
    /// A scenario file is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Two overlay files have the same id.
    #[error("{file}: id: scenario '{id}' stands also in {other}")]
    Twice {
        /// The file with the second occurrence.
        file: String,
        /// The id that occurs twice.
        id: String,
        /// The file with the first occurrence.
        other: String,
    },
    /// No scenario has this id.
    #[error("unknown scenario '{id}'; scenarios: {known}")]
    UnknownScenario {
        /// The id that was asked for.
        id: String,
        /// The first existing ids.
        known: String,
    },
}

/// All scenarios, ordered by task and id, with the rules that they share.
#[derive(Debug, Clone)]
pub struct Catalog {
    tasks: Tasks,
    scenarios: Vec<Arc<Scenario>>,
    digest: String,
}

impl Catalog {
    /// Returns the nine classic scenarios.
    ///
    /// # Errors
    /// Returns no error in a released binary: a test reads every embedded file.
    pub fn embedded() -> Result<Self, CatalogError> {
        Self::with_overlay(Vec::new())
    }

    /// Makes a catalogue of the embedded scenarios with an overlay: a file with a known id replaces that scenario.
    ///
    /// # Errors
    /// Returns an error that names the file and the places in it that are wrong.
    pub fn with_overlay(overlay: Vec<Source>) -> Result<Self, CatalogError> {
        let strict = scripted::of_classic().map_err(CatalogError::Strict)?;
        Self::build(embedded_sources(), overlay, &strict)
    }

    /// Makes a catalogue of these scenarios alone, without the embedded ones, by the embedded rules.
    ///
    /// # Errors
    /// Returns an error that names the file and the places in it that are wrong.
    pub fn of(sources: Vec<Source>) -> Result<Self, CatalogError> {
        Self::build(Vec::new(), sources, &BTreeMap::new())
    }

    /// Makes a catalogue of scenarios that exist already, with their rules and their digest.
    #[must_use]
    pub fn of_scenarios(tasks: Tasks, mut scenarios: Vec<Arc<Scenario>>, digest: String) -> Self {
        scenarios.sort_by(|a, b| (a.task(), a.id()).cmp(&(b.task(), b.id())));
        Self { tasks, scenarios, digest }
    }

    /// Makes a catalogue from files. `strict` may hold the strict grader's facts about the scenarios in `base`, by id.
    fn build(
        base: Vec<Source>,
        overlay: Vec<Source>,
        strict: &BTreeMap<String, StrictFile>,
    ) -> Result<Self, CatalogError> {
        let rules = embedded_text(TASKS_FILE).ok_or_else(|| CatalogError::Tasks("is not embedded".to_owned()))?;
        let tasks = Tasks::parse(&rules).map_err(CatalogError::Tasks)?;
        let mut by_id: BTreeMap<String, (Arc<Scenario>, Identity)> = BTreeMap::new();
        for (is_base, layer, strict) in [(true, base, strict), (false, overlay, &BTreeMap::new())] {
            let mut laid: BTreeMap<String, String> = BTreeMap::new();
            for mut source in layer {
                source.text = normal(&source.text);
                let scenario = Scenario::parse_with(&source.file, &source.text, &tasks, strict)?;
                // Ids are compared as they are looked up: `ac-001` is AC-001.
                let id = scenario.id().to_uppercase();
                if let Some(other) = laid.insert(id.clone(), source.file.clone()) {
                    return Err(CatalogError::Twice { file: source.file, id, other });
                }
                let identity = match by_id.get(&id) {
                    _ if is_base => Identity::Text(source.text),
                    // A copy of a scenario is that scenario.
                    Some((_, Identity::Text(text))) if scripted::content(text) == scripted::content(&source.text) => {
                        Identity::Text(text.clone())
                    }
                    _ => Identity::Content(scripted::content(&source.text).unwrap_or(source.text)),
                };
                by_id.insert(id, (Arc::new(scenario), identity));
            }
        }

        let mut hash = Sha256::new();
        hash.update(normal(&rules));
        for (id, (_, identity)) in &by_id {
            let text = match identity {
                Identity::Text(text) | Identity::Content(text) => text,
            };
            hash.update(format!("\n{id} {}\n", text.len()));
            hash.update(text);
        }
        let digest = Digest::from(hash).to_string();
        let mut scenarios: Vec<_> = by_id.into_values().map(|(scenario, _)| scenario).collect();
        scenarios.sort_by(|a, b| (a.task(), a.id()).cmp(&(b.task(), b.id())));
        Ok(Self { tasks, scenarios, digest })
    }

    /// Returns the rules that all scenarios share.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Returns all scenarios, ordered by task and id.
    #[must_use]
    pub fn scenarios(&self) -> &[Arc<Scenario>] {
        &self.scenarios
    }

    /// Returns the scenarios of a task, ordered by id.
    pub fn of_task(&self, task: TaskId) -> impl Iterator<Item = &Arc<Scenario>> {
        self.scenarios.iter().filter(move |scenario| scenario.task() == task)
    }

    /// Finds a scenario by its id, ignoring case.
    ///
    /// # Errors
    /// Returns [`CatalogError::UnknownScenario`] if no scenario has this id.
    pub fn scenario(&self, id: &str) -> Result<&Arc<Scenario>, CatalogError> {
        self.scenarios.iter().find(|scenario| scenario.id().eq_ignore_ascii_case(id.trim())).ok_or_else(|| {
            // A generated suite can have thousands of scenarios.
            const MOST: usize = 30;
            let mut known: Vec<_> = self.scenarios.iter().take(MOST).map(|scenario| scenario.id()).collect();
            if self.scenarios.len() > MOST {
                known.push("…");
            }
            CatalogError::UnknownScenario { id: id.to_owned(), known: known.join(", ") }
        })
    }

    /// Returns the versions of the graders of these scenarios, each once, in alphabetical order.
    #[must_use]
    pub fn graders(&self) -> Vec<String> {
        let versions: BTreeSet<_> = self.scenarios.iter().map(|scenario| scenario.graders()).collect();
        versions.into_iter().map(str::to_owned).collect()
    }

    /// Returns the digest of the rules and of what all scenarios say, which identifies the suite: `sha256:` and 64 hexadecimal
    /// digits. Line ends, comments and the order of keys in scenario files do not count.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// What a scenario contributes to the digest of its catalogue.
enum Identity {
    /// The text of an embedded file, so that published digests stay what they are.
    Text(String),
    /// What a file of somebody else says, whatever its comments, its order of keys and its line ends.
    Content(String),
}

/// A text without what editors and version control add: the byte order mark, and line ends of Windows.
fn normal(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

fn embedded_text(file: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&Embedded::get(file)?.data).into_owned())
}

fn embedded_sources() -> Vec<Source> {
    let read = |file: std::borrow::Cow<'static, str>| {
        let text = embedded_text(&file)?;
        Some(Source { file: file.into_owned(), text })
    };
    Embedded::iter().filter(|file| file != TASKS_FILE).filter_map(read).collect()
}
