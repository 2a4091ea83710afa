//! The strict grader's facts about a scripted world, with every name resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::{FactNames, Guard};
use super::file::StrictFile;
use super::script::Script;
use crate::action::{Diagnostic, Remediation};
use crate::mechanism::mechanisms;
use crate::task::TaskId;

/// Something that an agent can have looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// A diagnostic of a service, which is given as an index into the known ones.
    Reading(Diagnostic, u16),
    /// A runbook step that reads and changes nothing, as an index into the script's remedies.
    Check(u16),
}

/// The sealed truth of the strict grader.
#[derive(Debug, Clone, Default)]
pub(super) struct StrictTruth {
    /// The readings that tell the user impact; one of them is enough.
    pub(super) impact: Vec<Look>,
    /// The mechanism of the failure, as an index into the closed list.
    pub(super) mechanism: Option<usize>,
    /// The names by which an answer can give the change that set the incident off.
    pub(super) trigger: Vec<String>,
    /// Pairs of services, as indices into the known ones, of which the first makes the second fail.
    pub(super) acts: Vec<(u16, u16)>,
    /// The sets of readings that show the cause: one reading of each set is needed.
    pub(super) clues: Vec<Vec<Look>>,
    /// The runbook steps that read and change nothing, as indices into the script's remedies.
    pub(super) checks: Vec<u16>,
    /// The facts that hold once the change that set the incident off is gone.
    pub(super) durable: Guard,
    /// The sets of looks that verify the repair: one look of each set is needed after the last step that helped.
    pub(super) verify: Vec<Vec<Look>>,
}

/// The names that a file can refer to.
pub(super) struct Names<'a> {
    pub(super) task: TaskId,
    pub(super) services: &'a [Arc<str>],
    pub(super) script: &'a Script,
    pub(super) facts: &'a FactNames,
}

/// Returns the strict grader's facts about the nine embedded scenarios, by scenario id. They are kept in
/// `graders/classic.toml`, so that the digest of the classic suite covers the scenarios alone.
///
/// # Errors
/// Returns a text that says where the file is wrong.
pub(crate) fn of_classic() -> Result<BTreeMap<String, StrictFile>, String> {
    toml::from_str(include_str!("../../graders/classic.toml")).map_err(|error| error.to_string())
}

impl StrictTruth {
    /// Resolves the names of a file.
    ///
    /// # Errors
    /// Returns each wrong place: its path within the table, and what is wrong there.
    pub(super) fn compile(file: &StrictFile, names: &Names<'_>) -> Result<Self, Vec<(String, String)>> {
        let mut wrong = Vec::new();
        let mut truth = Self::default();
        let mut note = |path: String, problem: String| wrong.push((path, problem));
        if file.mechanism.is_some() && names.task == TaskId::AlertClassification {
            note("mechanism".to_owned(), format!("belongs to the other tasks, not to {}", names.task));
        } else if file.mechanism.is_none() && names.task == TaskId::RootCauseAnalysis {
            note("mechanism".to_owned(), format!("is missing; {} needs it", names.task));
        }
        for (name, given, task) in [
            ("impact", !file.impact.is_empty(), TaskId::AlertClassification),
            ("trigger", !file.trigger.is_empty(), TaskId::RootCauseAnalysis),
            ("acts", !file.acts.is_empty(), TaskId::RootCauseAnalysis),
            ("checks", !file.checks.is_empty(), TaskId::RemediationPlanning),
            ("durable", !file.durable.is_empty(), TaskId::RemediationPlanning),
            ("verify", !file.verify.is_empty(), TaskId::RemediationPlanning),
        ] {
            // A scenario may have neither a trigger nor a path nor checks.
            let must = !matches!(name, "trigger" | "acts" | "checks");
            if given && task != names.task {
                note(name.to_owned(), format!("belongs to {task}, not to {}", names.task));
            } else if must && !given && task == names.task {
                note(name.to_owned(), format!("is missing; {task} needs it"));
            }
        }
        if (names.task == TaskId::AlertClassification) != file.clues.is_empty() {
            let problem = if file.clues.is_empty() { "is missing" } else { "belongs to the other tasks" };
            note("clues".to_owned(), problem.to_owned());
        }
        let mut looks = |path: &str, keys: &[String]| -> Vec<Look> {
            let mut known = Vec::new();
            for key in keys {
                match names.look(key) {
                    Ok(look) => known.push(look),
                    Err(problem) => note(path.to_owned(), problem),
                }
            }
            known
        };
        truth.impact = looks("impact", &file.impact);
        truth.clues = file.clues.iter().map(|any| looks("clues", any)).collect();
        truth.verify = file.verify.iter().map(|any| looks("verify", any)).collect();
        for look in looks("checks", &file.checks) {
            match look {
                Look::Check(remedy) => truth.checks.push(remedy),
                Look::Reading(kind, _) => note("checks".to_owned(), format!("{kind} is no runbook step")),
            }
        }
        for (path, sets) in [("clues", &truth.clues), ("verify", &truth.verify)] {
            if sets.iter().any(Vec::is_empty) {
                note(path.to_owned(), "a list is empty".to_owned());
            }
        }
        truth.trigger.clone_from(&file.trigger);
        for pair in &file.acts {
            match (names.service(&pair[0]), names.service(&pair[1])) {
                (Ok(cause), Ok(effect)) => truth.acts.push((cause, effect)),
                (Err(problem), _) | (_, Err(problem)) => note("acts".to_owned(), problem),
            }
        }
        if let Some(id) = &file.mechanism {
            truth.mechanism = mechanisms().iter().position(|mechanism| mechanism.id == *id);
            if truth.mechanism.is_none() {
                let known: Vec<_> = mechanisms().iter().map(|mechanism| mechanism.id.as_str()).collect();
                note("mechanism".to_owned(), format!("unknown mechanism '{id}'; there are {}", known.join(", ")));
            }
        }
        match names.facts.guard(&file.durable) {
            Ok(guard) => truth.durable = guard,
            Err(problem) => note("durable".to_owned(), problem),
        }
        if wrong.is_empty() { Ok(truth) } else { Err(wrong) }
    }
}

impl Names<'_> {
    fn service(&self, name: &str) -> Result<u16, String> {
        let place = self.services.iter().position(|known| **known == *name);
        place
            .and_then(|place| u16::try_from(place).ok())
            .ok_or_else(|| format!("unknown service '{name}'; declared: {}", self.services.join(", ")))
    }

    fn look(&self, key: &str) -> Result<Look, String> {
        let (kind, target) =
            key.split_once(':').ok_or_else(|| format!("'{key}' is no reading; write diagnostic:service"))?;
        if let Some(kind) = Diagnostic::from_name(kind) {
            return Ok(Look::Reading(kind, self.service(target)?));
        }
        let is_step = kind == Remediation::ExecuteRunbookStep.as_str();
        match self.script.remedy_of_key(key).filter(|_| is_step) {
            Some(remedy) => Ok(Look::Check(remedy)),
            None => Err(format!("'{key}' is neither a reading nor a runbook step with an outcome")),
        }
    }
}
