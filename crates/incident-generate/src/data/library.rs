//! The library: all families with the vocabulary, the templates and the task texts that they are used with.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_embed::RustEmbed;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::data::companies::{self, Companies};
use crate::data::dialect::{Dialect, Dialects};
use crate::data::family::Family;
use crate::data::rules::Rules;
use crate::data::separation;
use crate::data::templates::Templates;
use crate::data::verb_texts::VerbTexts;
use crate::data::vocabulary::Vocabulary;
use crate::told::definitions::{Sources, description};
use crate::told::figures::figure;
use incident_env::{Definitions, Digest, Severity, TaskId};

#[derive(RustEmbed)]
#[folder = "families/"]
pub(crate) struct Embedded;

const VOCABULARY: &str = "vocabulary.toml";
const TELEMETRY: &str = "telemetry.toml";
const TASKS: &str = "tasks.toml";
const VERBS: &str = "verbs.toml";
const RULES: &str = "rules.toml";
/// The files that are no family.
const COMMON: [&str; 5] = [VOCABULARY, TELEMETRY, TASKS, VERBS, RULES];

/// The folder of the dialects.
const DIALECTS: &str = "dialects/";

/// What each task asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskFile {
    alert_classification: String,
    root_cause_analysis: String,
    remediation_planning: String,
}

impl TaskFile {
    fn of(&self, task: TaskId) -> &str {
        match task {
            TaskId::AlertClassification => &self.alert_classification,
            TaskId::RootCauseAnalysis => &self.root_cause_analysis,
            TaskId::RemediationPlanning => &self.remediation_planning,
        }
    }
}

/// What agents are told in each task.
#[derive(Debug, Clone)]
pub struct TaskTexts([TaskText; TaskId::COUNT]);

/// What agents are told in a task.
#[derive(Debug, Clone)]
pub struct TaskText {
    /// What it asks for, and everything that is defined.
    pub description: String,
    /// The definitions alone.
    pub definitions: Arc<Definitions>,
}

impl TaskTexts {
    fn new(file: &TaskFile, sources: Sources<'_>) -> Self {
        Self(TaskId::ALL.map(|task| {
            let definitions = sources.of(task);
            TaskText { description: description(file.of(task), &definitions), definitions }
        }))
    }

    /// Returns what agents are told in a task.
    #[must_use]
    pub fn of(&self, task: TaskId) -> &TaskText {
        &self.0[task.index()]
    }
}

/// All fault families, with the vocabulary, templates and texts that incidents are made from.
#[derive(Debug, Clone)]
pub struct Library {
    /// The classes, predicates and verbs that families use.
    pub vocabulary: Vocabulary,
    /// The templates of all records.
    pub telemetry: Templates,
    /// How technologies print their logs and name their series.
    pub dialects: Dialects,
    /// The texts of the verbs, in the order of the vocabulary.
    pub verbs: VerbTexts,
    /// The rules that agents are told.
    pub rules: Rules,
    /// The texts of the tasks.
    pub tasks: TaskTexts,
    /// The families, in the order of their file names.
    pub families: Vec<Family>,
    /// How often each family comes up at each severity, by the number of the severity and then of the family.
    pub(crate) quotas: [Vec<u32>; Severity::COUNT],
    /// The digest of all these files, as `sha256:` and hexadecimal digits. Other words make another suite.
    pub digest: String,
}

/// The reason why a library cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct LibraryError {
    /// The name of the file.
    pub file: String,
    /// What is wrong in the file, and where.
    pub problem: String,
}

impl Library {
    /// Reads the library that is embedded in this program.
    ///
    /// # Errors
    /// A release never fails here, because a test reads every embedded file.
    pub fn embedded() -> Result<Self, LibraryError> {
        Self::with_overlay(Vec::new())
    }

    /// Reads the embedded library with other files laid over it, each given by name and text. A file with the name of
    /// an embedded one replaces it, and any other file adds a family. This allows suites with unpublished families
    /// and words.
    ///
    /// # Errors
    /// The error names the file and what is wrong in it.
    pub fn with_overlay(overlay: impl IntoIterator<Item = (String, String)>) -> Result<Self, LibraryError> {
        let read = |file: Cow<'static, str>| {
            let bytes = Embedded::get(&file)?.data;
            Some((file.into_owned(), String::from_utf8_lossy(&bytes).into_owned()))
        };
        let embedded = Embedded::iter().filter_map(read);
        Self::of(&embedded.chain(overlay).collect())
    }

    /// Reads all files in the order of their names.
    fn of(files: &BTreeMap<String, String>) -> Result<Self, LibraryError> {
        let text = |file: &str| files.get(file).map(String::as_str).unwrap_or_default();
        let wrong = |file: &str, problem| LibraryError { file: file.to_owned(), problem };
        Companies::check().map_err(|problem| wrong(companies::FILE, problem))?;
        let vocabulary = Vocabulary::parse(text(VOCABULARY)).map_err(|problem| wrong(VOCABULARY, problem))?;
        let telemetry = Templates::parse(text(TELEMETRY), &vocabulary).map_err(|problem| wrong(TELEMETRY, problem))?;
        let is_dialect = |file: &str| file.starts_with(DIALECTS);
        let dialects = files
            .iter()
            .filter(|(file, _)| is_dialect(file))
            .map(|(file, text)| Dialect::parse(text, &vocabulary).map_err(|problem| wrong(file, problem)));
        let dialects =
            Dialects::new(dialects.collect::<Result<_, _>>()?).map_err(|problem| wrong(DIALECTS, problem))?;
        let verbs = VerbTexts::parse(text(VERBS), &vocabulary).map_err(|problem| wrong(VERBS, problem))?;
        let rules = Rules::parse(text(RULES), figure).map_err(|problem| wrong(RULES, problem))?;
        let asks: TaskFile = toml::from_str(text(TASKS)).map_err(|error| wrong(TASKS, error.to_string()))?;
        let (mut families, mut ids) = (Vec::new(), BTreeSet::new());
        for (file, text) in files.iter().filter(|(file, _)| !COMMON.contains(&file.as_str()) && !is_dialect(file)) {
            let family = Family::parse(text, &vocabulary).map_err(|problem| wrong(file, problem))?;
            family.lint(&vocabulary).map_err(|problem| wrong(file, problem))?;
            if !ids.insert(family.id.clone()) {
                return Err(wrong(file, format!("there is a family '{}' already", family.id)));
            }
            families.push(family);
        }
        separation::check(&families, &vocabulary)
            .map_err(|(family, problem)| wrong(&format!("{family}.toml"), problem))?;
        let sources = Sources { vocabulary: &vocabulary, families: &families, verbs: &verbs, rules: &rules };
        let tasks = TaskTexts::new(&asks, sources);
        let quotas = quotas(&families);
        let mut hash = Sha256::new();
        for (file, text) in files {
            hash.update(format!("{file} {}\n", text.len()));
            hash.update(text);
        }
        let digest = Digest::from(hash).to_string();
        Ok(Self { vocabulary, telemetry, dialects, verbs, rules, tasks, families, quotas, digest })
    }

    /// Returns how often each family comes up among the faults of a severity, by the number of the family.
    #[must_use]
    pub(crate) fn quotas(&self, severity: Severity) -> &[u32] {
        &self.quotas[severity.index()]
    }
}

/// Computes quotas of families by severity, by iterative proportional fitting (Deming and Stephan 1940): each family
/// comes up equally often over all severities that it can have, one that has a single severity half as often, and each
/// severity equally often.
fn quotas(families: &[Family]) -> [Vec<u32>; Severity::COUNT] {
    const ROUNDS: usize = 200;
    const WHOLE: f64 = 1e6;
    let share = |family: &Family| if family.severities.len() > 1 { 1.0 } else { 0.5 };
    let whole: f64 = families.iter().map(share).sum();
    let can =
        |family: &Family| Severity::ALL.map(|severity| f64::from(u8::from(family.severities.contains(&severity))));
    let mut table: Vec<[f64; Severity::COUNT]> = families.iter().map(can).collect();
    for _ in 0..ROUNDS {
        for (row, family) in table.iter_mut().zip(families) {
            let sum: f64 = row.iter().sum();
            for cell in row {
                *cell *= share(family) / sum.max(f64::MIN_POSITIVE);
            }
        }
        for column in 0..Severity::COUNT {
            let sum: f64 = table.iter().map(|row| row[column]).sum();
            let wanted = whole / 4.0;
            for row in &mut table {
                row[column] *= wanted / sum.max(f64::MIN_POSITIVE);
            }
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cell is from 0 to the number of families"
    )]
    let counted = |cell: f64| (cell * WHOLE).round() as u32;
    [0, 1, 2, 3].map(|column| table.iter().map(|row| counted(row[column])).collect())
}
