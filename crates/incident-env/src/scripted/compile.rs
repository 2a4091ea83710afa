//! The compiler from a scenario file to a world: it resolves every name and checks every rule of the format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::facts::{FactNames, Guard};
use super::file::{OutcomeFile, ScenarioFile, StrictFile, VariantFile};
use super::script::{Outcome, Remedy, RemedyKey, Script, Variant};
use super::strict_truth::{Names, StrictTruth};
use super::truth::{Answer, Repair, RootCause, Truth};
use super::world::ScriptedWorld;
use crate::action::{ActionKind, Diagnostic, Remediation};
use crate::names::{canonical, same_name};
use crate::observation::{AnswerForm, Briefing, Targets};
use crate::severity::Severity;
use crate::task::{TaskId, Tasks};
use crate::text::Text;

/// A place in a scenario file that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path of keys, such as `evidence.query_logs.stock-db[1].when`.
    pub path: String,
    /// The problem at that place.
    pub problem: String,
}

/// Everything that is wrong with a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// The name of the file.
    pub file: String,
    /// The wrong places, in the order in which they are checked.
    pub places: Vec<Place>,
}

impl std::error::Error for ScenarioError {}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.places.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            match place.path.as_str() {
                "" => write!(f, "{newline}{}: {}", self.file, place.problem)?,
                path => write!(f, "{newline}{}: {path}: {}", self.file, place.problem)?,
            }
        }
        Ok(())
    }
}

/// Words in an evidence text that would give the answer away.
const GIVE_AWAYS: [&str; 11] = [
    "root cause",
    "root-cause",
    "culprit",
    "unrelated",
    "red herring",
    "decoy",
    "innocent",
    "not the cause",
    "caused by",
    "is the cause",
    "the real problem",
];

/// The largest number of characters of an id, which is part of file names.
const LONGEST_ID: usize = 100;

/// Reads and checks a scenario file. `strict` may hold the strict grader's facts about it instead, by scenario id.
///
/// # Errors
/// Returns an error that names the file and every place in it that breaks a rule of the format.
pub(crate) fn compile(
    file: &str,
    text: &str,
    tasks: &Tasks,
    strict: &BTreeMap<String, StrictFile>,
) -> Result<(Briefing, ScriptedWorld), ScenarioError> {
    let error = |places| ScenarioError { file: file.to_owned(), places };
    let mut parsed: ScenarioFile = toml::from_str(text)
        .map_err(|e| error(vec![Place { path: String::new(), problem: e.to_string().trim_end().to_owned() }]))?;
    parsed.strict = parsed.strict.or_else(|| strict.get(&parsed.id).cloned());
    let mut compiler = Compiler { file: &parsed, places: Vec::new(), task: parsed.task };
    let result = compiler.compile(tasks);
    if compiler.places.is_empty() { Ok(result) } else { Err(error(compiler.places)) }
}

struct Compiler<'a> {
    file: &'a ScenarioFile,
    task: TaskId,
    places: Vec<Place>,
}

impl Compiler<'_> {
    fn wrong(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.places.push(Place { path: path.into(), problem: problem.into() });
    }

    /// Takes a value, or notes the error and goes on with a default, so that one pass finds every error. A scenario
    /// with an error is refused, so the default is never used.
    fn take<T: Default>(&mut self, path: &str, value: Result<T, String>) -> T {
        value.unwrap_or_else(|problem| {
            self.wrong(path, problem);
            T::default()
        })
    }

    fn compile(&mut self, tasks: &Tasks) -> (Briefing, ScriptedWorld) {
        let file = self.file;
        let task = Arc::clone(tasks.get(self.task));
        if file.id.len() > LONGEST_ID {
            self.wrong("id", format!("has {} characters, and at most {LONGEST_ID} are allowed", file.id.len()));
        }
        if file.id.is_empty() || !file.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            self.wrong("id", format!("'{}' is no id; use letters, digits and '-'", file.id));
        }
        let targets = Targets {
            services: self.names("services", &file.services),
            runbooks: self.names("runbooks", &file.runbooks),
            flags: self.names("flags", &file.flags),
        };
        if targets.services.is_empty() {
            self.wrong("services", "at least one is needed");
        }
        self.check_alert(&targets.services);
        self.check_texts();
        if self.task != TaskId::RemediationPlanning {
            for (path, given) in [
                ("facts", !file.facts.is_empty()),
                ("outcome", !file.outcome.is_empty()),
                ("runbooks", !file.runbooks.is_empty()),
                ("flags", !file.flags.is_empty()),
            ] {
                if given {
                    self.wrong(path, format!("only remediation_planning has {path}"));
                }
            }
        }
        let declared = FactNames::new(file.facts.iter().map(|(name, value)| (name.as_str(), *value)));
        let (facts, start) = self.take("facts", declared);
        let mut script = Script { start, ..Script::default() };
        script.evidence = self.evidence(&task.actions, &targets.services, &facts);
        self.remedies(&mut script, &targets, &facts);
        let truth = self.truth(&script, &facts, &targets.services, tasks);
        let strict = self.strict(&script, &facts, &targets.services);
        self.check_facts_are_read(&script, &truth, &facts);
        let summary = file.summary.trim_end().to_owned();
        let briefing = Briefing::new(file.id.clone(), task, summary, file.alert.clone(), targets, AnswerForm::FreeText)
            .with_aliases(Arc::clone(&tasks.aliases));
        (briefing, ScriptedWorld { facts, script, truth, strict })
    }

    fn strict(&mut self, script: &Script, facts: &FactNames, services: &[Arc<str>]) -> Option<StrictTruth> {
        let names = Names { task: self.task, services, script, facts };
        match StrictTruth::compile(self.file.strict.as_ref()?, &names) {
            Ok(truth) => Some(truth),
            Err(wrong) => {
                for (path, problem) in wrong {
                    self.wrong(format!("strict.{path}"), problem);
                }
                None
            }
        }
    }

    fn names(&mut self, path: &str, names: &[String]) -> Vec<Arc<str>> {
        let mut seen = BTreeSet::new();
        for name in names {
            if name.is_empty() || name.trim() != name || name.contains(':') {
                self.wrong(path, format!("'{name}' is no name"));
            } else if !seen.insert(canonical(name)) {
                self.wrong(path, format!("'{name}' stands twice"));
            }
        }
        let mut sorted: Vec<Arc<str>> = names.iter().map(|name| Arc::from(name.as_str())).collect();
        sorted.sort();
        sorted
    }

    fn check_alert(&mut self, services: &[Arc<str>]) {
        let alert = &self.file.alert;
        for service in &alert.affected_services {
            if !services.iter().any(|known| **known == **service) {
                self.wrong("alert.affected_services", unknown("service", service, services));
            }
        }
        if alert.error_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            self.wrong("alert.error_rate", "must lie between 0 and 1");
        }
        for (path, value) in
            [("duration_minutes", &alert.duration_minutes), ("revenue_impact_per_min", &alert.revenue_impact_per_min)]
        {
            if value.as_ref().and_then(serde_json::Number::as_f64).is_some_and(|value| value < 0.0) {
                self.wrong(format!("alert.{path}"), "must not be negative");
            }
        }
        if alert.severity_fired.as_deref().is_some_and(|level| Severity::from_name(level).is_none()) {
            self.wrong("alert.severity_fired", "must be P1, P2, P3 or P4");
        }
    }

    fn check_texts(&mut self) {
        let file = self.file;
        let evidence = file.evidence.iter().flat_map(|(kind, by)| {
            by.iter().flat_map(move |(target, all)| {
                all.iter().enumerate().map(move |(n, v)| (format!("evidence.{kind}.{target}[{n}].text"), &v.text))
            })
        });
        let outcomes = file.outcome.iter().flat_map(|(kind, by)| {
            by.iter().flat_map(move |(target, all)| {
                all.iter().enumerate().map(move |(n, v)| (format!("outcome.{kind}.{target}[{n}].text"), &v.text))
            })
        });
        let summary = std::iter::once(("summary".to_owned(), &file.summary));
        let title = std::iter::once(("alert.title".to_owned(), &file.alert.title));
        let symptoms = file.alert.symptoms.iter().enumerate().map(|(n, text)| (format!("alert.symptoms[{n}]"), text));
        let mut found = Vec::new();
        for (path, text) in summary.chain(title).chain(symptoms).chain(evidence).chain(outcomes) {
            let lowered = text.to_lowercase();
            if text.trim().is_empty() {
                found.push((path, "is blank".to_owned()));
            } else if let Some(phrase) = GIVE_AWAYS.iter().find(|phrase| lowered.contains(**phrase)) {
                found.push((path, format!("gives the answer away: '{phrase}'")));
            }
        }
        for (path, problem) in found {
            self.wrong(path, problem);
        }
    }

    /// Reads the evidence by diagnostic and service. Every pair that the task offers must have an entry whose last
    /// variant has no guard.
    fn evidence(&mut self, offered: &[ActionKind], services: &[Arc<str>], facts: &FactNames) -> Vec<Vec<Vec<Variant>>> {
        let file = self.file;
        for (kind, by_service) in &file.evidence {
            if !Diagnostic::NAMES.contains(&kind.as_str()) {
                self.wrong(format!("evidence.{kind}"), "is no diagnostic");
            }
            for service in by_service.keys().filter(|name| !services.iter().any(|known| **known == ***name)) {
                self.wrong(format!("evidence.{kind}.{service}"), unknown("service", service, services));
            }
        }
        let mut table = vec![vec![Vec::new(); services.len()]; Diagnostic::COUNT];
        for kind in Diagnostic::ALL {
            for (index, service) in services.iter().enumerate() {
                let path = format!("evidence.{kind}.{service}");
                let variants = file.evidence.get(kind.as_str()).and_then(|by| by.get(&**service));
                match variants {
                    Some(variants) => table[kind.index()][index] = self.variants(&path, variants, facts),
                    None if offered.contains(&ActionKind::Diagnostic(kind)) => {
                        self.wrong(path, "is missing; every diagnostic of the task shows something for every service");
                    }
                    None => {}
                }
            }
        }
        table
    }

    fn variants(&mut self, path: &str, variants: &[VariantFile], facts: &FactNames) -> Vec<Variant> {
        let compiled: Vec<_> = variants
            .iter()
            .enumerate()
            .map(|(n, variant)| Variant {
                guard: self.take(&format!("{path}[{n}].when"), facts.guard(&variant.when)),
                text: Text::new(variant.text.trim_end()),
            })
            .collect();
        self.check_order(path, compiled.iter().map(|variant| variant.guard));
        compiled
    }

    /// Checks that the last entry always applies, and that no entry follows one that always applies.
    fn check_order(&mut self, path: &str, guards: impl Iterator<Item = Guard>) {
        let guards: Vec<_> = guards.collect();
        match guards.iter().position(|guard| guard.is_empty()) {
            None => self.wrong(path, "the last variant must have no `when`, so that there is always one"),
            Some(open) if open + 1 < guards.len() => {
                self.wrong(format!("{path}[{}]", open + 1), "can never be shown: the variant before it has no `when`");
            }
            Some(_) => {}
        }
    }

    fn remedies(&mut self, script: &mut Script, targets: &Targets, facts: &FactNames) {
        let file = self.file;
        for kind in file.outcome.keys().filter(|kind| !Remediation::NAMES.contains(&kind.as_str())) {
            self.wrong(format!("outcome.{kind}"), "is no remediation");
        }
        for kind in Remediation::ALL {
            let names = targets_of(kind, targets);
            let mut index = vec![None; names.len()];
            for (target, outcomes) in file.outcome.get(kind.as_str()).into_iter().flatten() {
                let path = format!("outcome.{kind}.{target}");
                let Some(position) = names.iter().position(|name| **name == **target) else {
                    self.wrong(path, unknown(namespace(kind), target, names));
                    continue;
                };
                index[position] = u16::try_from(script.remedies.len()).ok();
                let key = RemedyKey { kind, target: Arc::clone(&names[position]) };
                let outcomes = self.outcomes(&path, outcomes, facts);
                script.remedies.push(Remedy { key, outcomes });
            }
            for (position, name) in names.iter().enumerate() {
                let must = matches!(kind, Remediation::DisableFeatureFlag | Remediation::ExecuteRunbookStep);
                if must && index[position].is_none() {
                    self.wrong(format!("outcome.{kind}.{name}"), "is missing; every listed runbook and flag has one");
                }
            }
            script.remedy_index.push(index);
        }
    }

    fn outcomes(&mut self, path: &str, outcomes: &[OutcomeFile], facts: &FactNames) -> Vec<Outcome> {
        let compiled: Vec<_> = outcomes
            .iter()
            .enumerate()
            .map(|(n, outcome)| Outcome {
                guard: self.take(&format!("{path}[{n}].when"), facts.guard(&outcome.when)),
                effect: self.take(&format!("{path}[{n}]"), facts.effect(&outcome.set, &outcome.clear)),
                text: Text::new(outcome.text.trim_end()),
            })
            .collect();
        self.check_order(path, compiled.iter().map(|outcome| outcome.guard));
        compiled
    }

    fn truth(&mut self, script: &Script, facts: &FactNames, services: &[Arc<str>], tasks: &Tasks) -> Truth {
        let truth = &self.file.truth;
        self.check_which_truths();
        let sequence = self.keys("truth.correct_sequence", &truth.correct_sequence, script);
        let wrong = self.keys("truth.wrong_actions", &truth.wrong_actions, script);
        for key in truth.correct_sequence.iter().filter(|key| truth.wrong_actions.contains(key)) {
            self.wrong("truth.wrong_actions", format!("'{key}' also stands in correct_sequence"));
        }
        if sequence.iter().collect::<BTreeSet<_>>().len() < sequence.len() {
            self.wrong("truth.correct_sequence", "a step stands twice");
        }
        let goal = self.take("truth.goal", facts.guard(&truth.goal));
        let answer = match self.task {
            TaskId::AlertClassification => {
                let severity = truth.severity.as_deref().and_then(Severity::from_name);
                if severity.is_none() {
                    self.wrong("truth.severity", "must be P1, P2, P3 or P4");
                }
                // Any severity will do here: an error was noted, so the whole scenario is refused.
                Answer::Severity(severity.unwrap_or(Severity::P4))
            }
            TaskId::RootCauseAnalysis => {
                let service = truth.root_cause.clone().unwrap_or_default();
                if !services.iter().any(|known| **known == *service) {
                    self.wrong("truth.root_cause", unknown("service", &service, services));
                }
                Answer::RootCause(RootCause { service, failure_mode_terms: truth.failure_mode_terms.clone() })
            }
            TaskId::RemediationPlanning => {
                if truth.resolution_terms.len() < 3 {
                    self.wrong("truth.resolution_terms", "at least three are needed for a full score");
                }
                if truth.goal.is_empty() {
                    self.wrong("truth.goal", "is missing; say which facts hold when the incident is over");
                }
                Answer::Repair(Repair { sequence, resolution_terms: truth.resolution_terms.clone(), goal })
            }
        };
        Truth { answer, wrong, aliases: Arc::clone(&tasks.aliases) }
    }

    /// Checks that the answers are those of the task: answers of another task would be dead data.
    fn check_which_truths(&mut self) {
        let truth = &self.file.truth;
        let given = [
            ("severity", truth.severity.is_some(), TaskId::AlertClassification),
            ("root_cause", truth.root_cause.is_some(), TaskId::RootCauseAnalysis),
            ("failure_mode_terms", !truth.failure_mode_terms.is_empty(), TaskId::RootCauseAnalysis),
            ("correct_sequence", !truth.correct_sequence.is_empty(), TaskId::RemediationPlanning),
            ("resolution_terms", !truth.resolution_terms.is_empty(), TaskId::RemediationPlanning),
        ];
        for (name, is_given, task) in given {
            let path = format!("truth.{name}");
            if task == self.task && !is_given {
                self.wrong(path, format!("is missing; {task} needs it"));
            } else if task != self.task && is_given {
                self.wrong(path, format!("belongs to {task}, not to {}", self.task));
            }
        }
    }

    /// Resolves remediation keys to indices. In tasks that need no outcome only their form is checked.
    fn keys(&mut self, path: &str, keys: &[String], script: &Script) -> Vec<u16> {
        let mut indices = Vec::new();
        for key in keys {
            let split = key.split_once(':');
            let known = split.is_some_and(|(kind, _)| Remediation::from_name(kind).is_some());
            match script.remedy_of_key(key) {
                _ if !known => self.wrong(path, format!("'{key}' is no remediation key; write kind:target")),
                Some(index) => indices.push(index),
                None if self.task == TaskId::RemediationPlanning => {
                    self.wrong(path, format!("'{key}' has no outcome"));
                }
                None => {
                    let target = split.map_or("", |(_, target)| target);
                    if !self.file.services.iter().any(|service| same_name(service, target)) {
                        self.wrong(path, format!("'{key}' names no service of the scenario"));
                    }
                }
            }
        }
        indices
    }

    fn check_facts_are_read(&mut self, script: &Script, truth: &Truth, facts: &FactNames) {
        let variants = script.evidence.iter().flatten().flatten().map(|variant| variant.guard);
        let outcomes = script.remedies.iter().flat_map(|remedy| remedy.outcomes.iter().map(|outcome| outcome.guard));
        let unread = facts.unread(variants.chain(outcomes).chain(std::iter::once(truth.goal())));
        for name in unread.into_iter().map(str::to_owned).collect::<Vec<_>>() {
            self.wrong(format!("facts.{name}"), "no guard reads it");
        }
    }
}

fn targets_of(kind: Remediation, targets: &Targets) -> &[Arc<str>] {
    match kind {
        Remediation::ExecuteRunbookStep => &targets.runbooks,
        Remediation::DisableFeatureFlag => &targets.flags,
        _ => &targets.services,
    }
}

fn namespace(kind: Remediation) -> &'static str {
    match kind {
        Remediation::ExecuteRunbookStep => "runbook",
        Remediation::DisableFeatureFlag => "flag",
        _ => "service",
    }
}

fn unknown(what: &str, name: &str, known: &[Arc<str>]) -> String {
    format!("unknown {what} '{name}'; declared: {}", known.join(", "))
}
