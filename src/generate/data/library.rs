//! The library: all families with the vocabulary, the templates and the task texts that they are used with.

use std::collections::{BTreeMap, BTreeSet};

use rust_embed::RustEmbed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::env::{TaskId, hex};
use crate::generate::data::family::Family;
use crate::generate::data::templates::Telemetry;
use crate::generate::data::vocabulary::Vocabulary;

#[derive(RustEmbed)]
#[folder = "families/"]
pub(crate) struct Embedded;

const VOCABULARY: &str = "vocabulary.toml";
const TELEMETRY: &str = "telemetry.toml";
const TASKS: &str = "tasks.toml";

/// What each task asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskTexts {
    alert_classification: String,
    root_cause_analysis: String,
    remediation_planning: String,
}

impl TaskTexts {
    /// What a task asks for.
    #[must_use]
    pub fn of(&self, task: TaskId) -> &str {
        match task {
            TaskId::AlertClassification => &self.alert_classification,
            TaskId::RootCauseAnalysis => &self.root_cause_analysis,
            TaskId::RemediationPlanning => &self.remediation_planning,
        }
    }
}

/// All families, with what they are written in.
#[derive(Debug, Clone)]
pub struct Library {
    /// Classes, predicates and verbs.
    pub vocabulary: Vocabulary,
    /// How a state reads.
    pub telemetry: Telemetry,
    /// What each task asks for.
    pub tasks: TaskTexts,
    /// The families, by name.
    pub families: Vec<Family>,
    /// `sha256:` and the digest of all these files: other words are another suite.
    pub digest: String,
}

/// Why families cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct LibraryError {
    /// The file.
    pub file: String,
    /// What is wrong in it, and where.
    pub problem: String,
}

impl Library {
    /// The families of this program.
    ///
    /// # Errors
    /// Never for a released binary: a test has read every embedded file.
    pub fn embedded() -> Result<Self, LibraryError> {
        Self::with_overlay(Vec::new())
    }

    /// The families of this program with other files laid over them, each with its name and text: one of a known name stands
    /// in its place, any other is a family more. So a suite can have families and words that are published nowhere.
    ///
    /// # Errors
    /// What is wrong in which file.
    pub fn with_overlay(overlay: impl IntoIterator<Item = (String, String)>) -> Result<Self, LibraryError> {
        let embedded = Embedded::iter().map(|file| {
            let bytes = Embedded::get(&file).map(|file| file.data.into_owned()).unwrap_or_default();
            (file.into_owned(), String::from_utf8_lossy(&bytes).into_owned())
        });
        Self::of(&embedded.chain(overlay).collect())
    }

    /// All files by name; they are read in the order of their names.
    fn of(files: &BTreeMap<String, String>) -> Result<Self, LibraryError> {
        let text = |file: &str| files.get(file).map(String::as_str).unwrap_or_default();
        let wrong = |file: &str, problem| LibraryError { file: file.to_owned(), problem };
        let vocabulary = Vocabulary::parse(text(VOCABULARY)).map_err(|problem| wrong(VOCABULARY, problem))?;
        let telemetry = Telemetry::parse(text(TELEMETRY), &vocabulary).map_err(|problem| wrong(TELEMETRY, problem))?;
        let tasks = toml::from_str(text(TASKS)).map_err(|error| wrong(TASKS, error.to_string()))?;
        let (mut families, mut ids) = (Vec::new(), BTreeSet::new());
        for (file, text) in files.iter().filter(|(file, _)| ![VOCABULARY, TELEMETRY, TASKS].contains(&&***file)) {
            let family = Family::parse(text, &vocabulary).map_err(|problem| wrong(file, problem))?;
            family.lint(&vocabulary).map_err(|problem| wrong(file, problem))?;
            if !ids.insert(family.id.clone()) {
                return Err(wrong(file, format!("there is a family '{}' already", family.id)));
            }
            families.push(family);
        }
        let mut hash = Sha256::new();
        for (file, text) in files {
            hash.update(format!("{file} {}\n", text.len()));
            hash.update(text);
        }
        let digest = format!("sha256:{}", hex(&hash.finalize()));
        Ok(Self { vocabulary, telemetry, tasks, families, digest })
    }
}
