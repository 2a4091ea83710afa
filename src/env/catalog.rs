//! The catalogue of scenarios: the embedded ones and those laid over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::scenario::{Scenario, ScenarioError};
use super::scenario_file::StrictFile;
use super::task::{TaskId, Tasks};

#[derive(RustEmbed)]
#[folder = "scenarios/"]
struct Embedded;

const TASKS_FILE: &str = "tasks.toml";

/// A scenario file that was read by somebody else: this layer opens no files.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, for errors.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Why a catalogue cannot be made, or has not what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// `tasks.toml` is wrong.
    #[error("{TASKS_FILE}: {0}")]
    Tasks(String),
    /// What the strict grader knows of the classic scenarios is wrong.
    #[error("graders/classic.toml: {0}")]
    Strict(String),
    /// A scenario file is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Two overlay files have the same id.
    #[error("{file}: id: scenario '{id}' stands also in {other}")]
    Twice {
        /// The file.
        file: String,
        /// The id.
        id: String,
        /// The other file.
        other: String,
    },
    /// There is no such scenario.
    #[error("unknown scenario '{id}'; scenarios: {known}")]
    UnknownScenario {
        /// What was asked for.
        id: String,
        /// What there is.
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
    /// The nine classic scenarios.
    ///
    /// # Errors
    /// Never for a released binary: a test has read every embedded file.
    pub fn embedded() -> Result<Self, CatalogError> {
        Self::with_overlay(Vec::new())
    }

    /// The embedded scenarios with others laid over them: a file with a known id replaces that scenario.
    ///
    /// # Errors
    /// Names the file and the places in it that are wrong.
    pub fn with_overlay(overlay: Vec<Source>) -> Result<Self, CatalogError> {
        let strict = super::grade::strict::truth::of_classic().map_err(CatalogError::Strict)?;
        Self::build(embedded_sources(), overlay, &strict)
    }

    /// These scenarios and no embedded ones, with the embedded rules.
    ///
    /// # Errors
    /// Names the file and the places in it that are wrong.
    pub fn of(sources: Vec<Source>) -> Result<Self, CatalogError> {
        Self::build(Vec::new(), sources, &BTreeMap::new())
    }

    /// Scenarios that were made elsewhere, with their rules and their digest.
    #[must_use]
    pub fn of_scenarios(tasks: Tasks, mut scenarios: Vec<Arc<Scenario>>, digest: String) -> Self {
        scenarios.sort_by(|a, b| (a.task(), a.id()).cmp(&(b.task(), b.id())));
        Self { tasks, scenarios, digest }
    }

    /// What the strict grader knows of scenarios in `base` may stand in `strict`.
    fn build(
        base: Vec<Source>,
        overlay: Vec<Source>,
        strict: &BTreeMap<String, StrictFile>,
    ) -> Result<Self, CatalogError> {
        let rules = embedded_text(TASKS_FILE).unwrap_or_default();
        let tasks = Tasks::parse(&rules).map_err(CatalogError::Tasks)?;
        let mut by_id: BTreeMap<String, (Arc<Scenario>, Source)> = BTreeMap::new();
        for (layer, strict) in [(base, strict), (overlay, &BTreeMap::new())] {
            let mut laid: BTreeMap<String, String> = BTreeMap::new();
            for source in layer {
                let scenario = Scenario::parse_with(&source.file, &source.text, &tasks, strict)?;
                // As scenarios are looked up: `ac-001` is AC-001.
                let id = scenario.id().to_uppercase();
                if let Some(other) = laid.insert(id.clone(), source.file.clone()) {
                    return Err(CatalogError::Twice { file: source.file, id, other });
                }
                by_id.insert(id, (Arc::new(scenario), source));
            }
        }

        let mut hash = Sha256::new();
        hash.update(&rules);
        for (id, (_, source)) in &by_id {
            hash.update(format!("\n{id} {}\n", source.text.len()));
            hash.update(&source.text);
        }
        let digest = format!("sha256:{}", hex(&hash.finalize()));
        let mut scenarios: Vec<_> = by_id.into_values().map(|(scenario, _)| scenario).collect();
        scenarios.sort_by(|a, b| (a.task(), a.id()).cmp(&(b.task(), b.id())));
        Ok(Self { tasks, scenarios, digest })
    }

    /// The rules that all scenarios share.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// All scenarios, ordered by task and id.
    #[must_use]
    pub fn scenarios(&self) -> &[Arc<Scenario>] {
        &self.scenarios
    }

    /// The scenarios of a task, ordered by id.
    pub fn of_task(&self, task: TaskId) -> impl Iterator<Item = &Arc<Scenario>> {
        self.scenarios.iter().filter(move |scenario| scenario.task() == task)
    }

    /// A scenario by its id, whatever the case.
    ///
    /// # Errors
    /// When there is none.
    pub fn scenario(&self, id: &str) -> Result<&Arc<Scenario>, CatalogError> {
        self.scenarios.iter().find(|scenario| scenario.id().eq_ignore_ascii_case(id.trim())).ok_or_else(|| {
            // A generated suite can have thousands.
            const MOST: usize = 30;
            let mut known: Vec<_> = self.scenarios.iter().take(MOST).map(|scenario| scenario.id()).collect();
            if self.scenarios.len() > MOST {
                known.push("…");
            }
            CatalogError::UnknownScenario { id: id.to_owned(), known: known.join(", ") }
        })
    }

    /// The versions of the graders that these scenarios are graded by.
    #[must_use]
    pub fn graders(&self) -> Vec<String> {
        let is_there = |simulated: bool| self.scenarios.iter().any(|scenario| scenario.is_simulated() == simulated);
        let versions = [(false, super::grade::VERSION), (true, super::grade::strict::VERSION)];
        versions
            .into_iter()
            .filter(|(simulated, _)| is_there(*simulated))
            .map(|(_, version)| version.to_owned())
            .collect()
    }

    /// `sha256:` and the digest of the rules and all scenario files: the identity of the suite.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
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

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
