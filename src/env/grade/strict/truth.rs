//! What the strict grader knows of a written scenario, with every name resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assertion::mechanisms;
use crate::env::action::{Diagnostic, Remediation};
use crate::env::evidence::World;
use crate::env::facts::{FactNames, Guard};
use crate::env::scenario_file::StrictFile;
use crate::env::task::TaskId;

/// What an agent can have looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::env) enum Look {
    /// A diagnostic of a service, by its place among the known ones.
    Reading(Diagnostic, u16),
    /// A runbook step that looks, by its place among the remedies.
    Check(u16),
}

/// The sealed truth of the strict grader.
#[derive(Debug, Clone, Default)]
pub(in crate::env) struct StrictTruth {
    pub(in crate::env) impact: Vec<Look>,
    /// A place in the closed list.
    pub(in crate::env) mechanism: Option<usize>,
    pub(in crate::env) trigger: Vec<String>,
    pub(in crate::env) acts: Vec<(u16, u16)>,
    pub(in crate::env) clues: Vec<Vec<Look>>,
    pub(in crate::env) checks: Vec<u16>,
    pub(in crate::env) durable: Guard,
    pub(in crate::env) verify: Vec<Vec<Look>>,
}

/// What the names of a file can mean.
pub(in crate::env) struct Names<'a> {
    pub(in crate::env) task: TaskId,
    pub(in crate::env) services: &'a [Arc<str>],
    pub(in crate::env) world: &'a World,
    pub(in crate::env) facts: &'a FactNames,
}

/// What stands in `graders/classic.toml` of an embedded scenario.
pub(in crate::env) fn of_classic() -> Result<BTreeMap<String, StrictFile>, String> {
    toml::from_str(include_str!("../../../../graders/classic.toml")).map_err(|error| error.to_string())
}

impl StrictTruth {
    /// Resolves a file's names.
    ///
    /// # Errors
    /// Where what is wrong: the path within the table, and the problem.
    pub(in crate::env) fn compile(file: &StrictFile, names: &Names<'_>) -> Result<Self, Vec<(String, String)>> {
        let mut wrong = Vec::new();
        let mut truth = Self::default();
        let mut note = |path: String, problem: String| wrong.push((path, problem));
        for (name, given, task) in [
            ("impact", !file.impact.is_empty(), TaskId::AlertClassification),
            ("mechanism", file.mechanism.is_some(), TaskId::RootCauseAnalysis),
            ("trigger", !file.trigger.is_empty(), TaskId::RootCauseAnalysis),
            ("acts", !file.acts.is_empty(), TaskId::RootCauseAnalysis),
            ("checks", !file.checks.is_empty(), TaskId::RemediationPlanning),
            ("durable", !file.durable.is_empty(), TaskId::RemediationPlanning),
            ("verify", !file.verify.is_empty(), TaskId::RemediationPlanning),
        ] {
            // A scenario without a trigger or a path of its own can do without them.
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
        if let Some(kind) = Diagnostic::ALL.iter().find(|known| known.as_str() == kind) {
            return Ok(Look::Reading(*kind, self.service(target)?));
        }
        let remedy = self.world.remedies.iter().position(|remedy| remedy.key.to_string() == key);
        let is_step = kind == Remediation::ExecuteRunbookStep.as_str();
        match remedy.and_then(|remedy| u16::try_from(remedy).ok()).filter(|_| is_step) {
            Some(remedy) => Ok(Look::Check(remedy)),
            None => Err(format!("'{key}' is neither a reading nor a runbook step with an outcome")),
        }
    }
}
