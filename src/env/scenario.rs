//! Scenarios: compiled from their files, with every name resolved and every rule of the format checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::action::{ActionKind, Diagnostic, Remediation};
use super::evidence::{Outcome, Remedy, RemedyKey, Text, Variant, World};
use super::facts::{FactNames, Guard};
use super::grade::strict::truth::{Names, StrictTruth};
use super::live::Live;
use super::names::{Aliases, canonical, same_name};
use super::observation::Briefing;
use super::scenario_file::{OutcomeFile, ScenarioFile, StrictFile, VariantFile};
use super::task::{SEVERITIES, TaskId, Tasks};

/// One incident: what is shown, what happens, and the sealed truth.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(super) briefing: Arc<Briefing>,
    pub(super) world: World,
    pub(super) truth: Truth,
    /// What the strict grader knows besides; none where there is the classic grade alone.
    pub(super) strict: Option<StrictTruth>,
    pub(super) facts: FactNames,
    /// What stands behind it instead of `world` and `truth`, where it is simulated.
    pub(super) live: Option<Arc<dyn Live>>,
    level: &'static str,
    file: Arc<str>,
}

impl Scenario {
    /// A scenario whose world is simulated, of a level.
    #[must_use]
    pub fn simulated(briefing: Briefing, origin: &str, level: &'static str, live: Arc<dyn Live>) -> Self {
        Self {
            briefing: Arc::new(briefing),
            world: World::default(),
            truth: Truth::default(),
            strict: None,
            facts: FactNames::default(),
            live: Some(live),
            level,
            file: origin.into(),
        }
    }

    /// Whether its world is simulated.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.live.is_some()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.briefing.scenario_id
    }

    /// How hard it is: its level where it is simulated, otherwise the difficulty of its task.
    #[must_use]
    pub fn level(&self) -> &'static str {
        self.level
    }

    /// The file that it was read from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The task that it poses.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.briefing.task.id
    }

    /// What an agent knows before its first step.
    #[must_use]
    pub fn briefing(&self) -> &Briefing {
        &self.briefing
    }
}

/// The right answers. Only graders and proofs read them; no observation can reach them.
#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) severity: String,
    pub(super) root_cause: String,
    pub(super) failure_mode_terms: Vec<String>,
    /// The repair, as indices into the world's remedies.
    pub(super) sequence: Vec<u16>,
    pub(super) wrong: Vec<u16>,
    pub(super) resolution_terms: Vec<String>,
    pub(super) goal: Guard,
    pub(super) aliases: Arc<Aliases>,
}

impl Truth {
    /// Whether a submitted service is the root cause, by its name or an alias.
    pub(super) fn is_root_cause(&self, submitted: &str) -> bool {
        self.aliases.names(submitted, &self.root_cause)
    }
}

/// Where in a scenario file something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path of keys, such as `evidence.query_logs.stock-db[1].when`.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

/// All that is wrong with a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file.
    pub file: String,
    /// The places, in the order of checking.
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

/// Words with which an evidence text would give the answer away.
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

impl Scenario {
    /// Reads and checks a scenario file.
    ///
    /// # Errors
    /// Names the file and every place in it that breaks a rule of the format.
    pub fn parse(file: &str, text: &str, tasks: &Tasks) -> Result<Self, ScenarioError> {
        Self::parse_with(file, text, tasks, &BTreeMap::new())
    }

    /// The same, where what the strict grader knows may stand elsewhere, by scenario.
    pub(super) fn parse_with(
        file: &str,
        text: &str,
        tasks: &Tasks,
        strict: &BTreeMap<String, StrictFile>,
    ) -> Result<Self, ScenarioError> {
        let error = |places| ScenarioError { file: file.to_owned(), places };
        let mut parsed: ScenarioFile = toml::from_str(text)
            .map_err(|e| error(vec![Place { path: String::new(), problem: e.to_string().trim_end().to_owned() }]))?;
        parsed.strict = parsed.strict.or_else(|| strict.get(&parsed.id).cloned());
        let mut compiler = Compiler { path: file, file: &parsed, places: Vec::new(), task: parsed.task };
        let scenario = compiler.compile(tasks);
        if compiler.places.is_empty() { Ok(scenario) } else { Err(error(compiler.places)) }
    }
}

struct Compiler<'a> {
    path: &'a str,
    file: &'a ScenarioFile,
    task: TaskId,
    places: Vec<Place>,
}

impl Compiler<'_> {
    fn wrong(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.places.push(Place { path: path.into(), problem: problem.into() });
    }

    /// Takes a value, or notes what is wrong and goes on with a default, so that one pass finds everything.
    fn take<T: Default>(&mut self, path: &str, value: Result<T, String>) -> T {
        value.unwrap_or_else(|problem| {
            self.wrong(path, problem);
            T::default()
        })
    }

    fn compile(&mut self, tasks: &Tasks) -> Scenario {
        let file = self.file;
        let task = Arc::clone(tasks.get(self.task));
        if file.id.is_empty() || !file.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            self.wrong("id", format!("'{}' is no id; use letters, digits and '-'", file.id));
        }
        let services = self.names("services", &file.services);
        let runbooks = self.names("runbooks", &file.runbooks);
        let flags = self.names("flags", &file.flags);
        if services.is_empty() {
            self.wrong("services", "at least one is needed");
        }
        self.check_alert(&services);
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
        let targets = [services, runbooks, flags];
        let mut world = World { start, ..World::default() };
        world.evidence = self.evidence(&task.actions, &targets[0], &facts);
        self.remedies(&mut world, &targets, &facts);
        let truth = self.truth(&world, &facts, &targets[0], Arc::clone(&tasks.aliases));
        let strict = self.strict(&world, &facts, &targets[0]);
        self.check_facts_are_read(&world, &truth, &facts);
        let briefing =
            Briefing::new(file.id.clone(), task, file.summary.trim_end().to_owned(), file.alert.clone(), targets)
                .with_aliases(Arc::clone(&tasks.aliases));
        let level = briefing.task.difficulty.as_str();
        let (briefing, file) = (Arc::new(briefing), Arc::from(self.path));
        Scenario { briefing, world, truth, strict, facts, live: None, level, file }
    }

    fn strict(&mut self, world: &World, facts: &FactNames, services: &[Arc<str>]) -> Option<StrictTruth> {
        let names = Names { task: self.task, services, world, facts };
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
        if alert.severity_fired.as_deref().is_some_and(|level| !SEVERITIES.contains(&level)) {
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

    /// By diagnostic and service. Every pair that the task offers must be there and end without a guard.
    fn evidence(&mut self, offered: &[ActionKind], services: &[Arc<str>], facts: &FactNames) -> Vec<Vec<Vec<Variant>>> {
        let file = self.file;
        for (kind, by_service) in &file.evidence {
            if !Diagnostic::ALL.iter().any(|known| known.as_str() == kind) {
                self.wrong(format!("evidence.{kind}"), "is no diagnostic");
            }
            for service in by_service.keys().filter(|name| !services.iter().any(|known| **known == ***name)) {
                self.wrong(format!("evidence.{kind}.{service}"), unknown("service", service, services));
            }
        }
        let mut table = vec![vec![Vec::new(); services.len()]; Diagnostic::ALL.len()];
        for kind in Diagnostic::ALL {
            for (index, service) in services.iter().enumerate() {
                let path = format!("evidence.{kind}.{service}");
                let variants = file.evidence.get(kind.as_str()).and_then(|by| by.get(&**service));
                match variants {
                    Some(variants) => table[kind.index()][index] = self.variants(&path, variants, facts),
                    None if offered.contains(&ActionKind::Diagnostic(*kind)) => {
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

    /// The last entry must always apply, and nothing may stand behind an entry that always does.
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

    fn remedies(&mut self, world: &mut World, targets: &[Vec<Arc<str>>; 3], facts: &FactNames) {
        let file = self.file;
        for kind in file.outcome.keys().filter(|kind| Remediation::ALL.iter().all(|known| known.as_str() != *kind)) {
            self.wrong(format!("outcome.{kind}"), "is no remediation");
        }
        for kind in Remediation::ALL {
            let names = targets_of(*kind, targets);
            let mut index = vec![None; names.len()];
            for (target, outcomes) in file.outcome.get(kind.as_str()).into_iter().flatten() {
                let path = format!("outcome.{kind}.{target}");
                let Some(position) = names.iter().position(|name| **name == **target) else {
                    self.wrong(path, unknown(namespace(*kind), target, names));
                    continue;
                };
                index[position] = u16::try_from(world.remedies.len()).ok();
                let key = RemedyKey { kind: *kind, target: Arc::clone(&names[position]) };
                let outcomes = self.outcomes(&path, outcomes, facts);
                world.remedies.push(Remedy { key, outcomes });
            }
            for (position, name) in names.iter().enumerate() {
                let must = matches!(kind, Remediation::DisableFeatureFlag | Remediation::ExecuteRunbookStep);
                if must && index[position].is_none() {
                    self.wrong(format!("outcome.{kind}.{name}"), "is missing; every listed runbook and flag has one");
                }
            }
            world.remedy_index.push(index);
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

    fn truth(&mut self, world: &World, facts: &FactNames, services: &[Arc<str>], aliases: Arc<Aliases>) -> Truth {
        let truth = &self.file.truth;
        let planning = self.task == TaskId::RemediationPlanning;
        self.check_which_truths();
        let severity = truth.severity.clone().unwrap_or_default();
        if self.task == TaskId::AlertClassification && !SEVERITIES.contains(&severity.as_str()) {
            self.wrong("truth.severity", "must be P1, P2, P3 or P4");
        }
        let root_cause = truth.root_cause.clone().unwrap_or_default();
        if self.task == TaskId::RootCauseAnalysis && !services.iter().any(|known| **known == *root_cause) {
            self.wrong("truth.root_cause", unknown("service", &root_cause, services));
        }
        let sequence = self.keys("truth.correct_sequence", &truth.correct_sequence, world, planning);
        let wrong = self.keys("truth.wrong_actions", &truth.wrong_actions, world, planning);
        for key in truth.correct_sequence.iter().filter(|key| truth.wrong_actions.contains(key)) {
            self.wrong("truth.wrong_actions", format!("'{key}' also stands in correct_sequence"));
        }
        if sequence.iter().collect::<BTreeSet<_>>().len() < sequence.len() {
            self.wrong("truth.correct_sequence", "a step stands twice");
        }
        if planning && truth.resolution_terms.len() < 3 {
            self.wrong("truth.resolution_terms", "at least three are needed for a full score");
        }
        if planning && truth.goal.is_empty() {
            self.wrong("truth.goal", "is missing; say which facts hold when the incident is over");
        }
        let goal = self.take("truth.goal", facts.guard(&truth.goal));
        Truth {
            severity,
            root_cause,
            failure_mode_terms: truth.failure_mode_terms.clone(),
            sequence,
            wrong,
            resolution_terms: truth.resolution_terms.clone(),
            goal,
            aliases,
        }
    }

    /// Each task has its own answers; those of another task would be dead data.
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

    /// Remediation keys as indices. Where no outcome is needed (other tasks) only their form is checked.
    fn keys(&mut self, path: &str, keys: &[String], world: &World, planning: bool) -> Vec<u16> {
        let mut indices = Vec::new();
        for key in keys {
            let split = key.split_once(':');
            let known = split.is_some_and(|(kind, _)| Remediation::ALL.iter().any(|k| k.as_str() == kind));
            let remedy = world.remedies.iter().position(|remedy| remedy.key.to_string() == *key);
            match remedy.and_then(|index| u16::try_from(index).ok()) {
                _ if !known => self.wrong(path, format!("'{key}' is no remediation key; write kind:target")),
                Some(index) => indices.push(index),
                None if planning => self.wrong(path, format!("'{key}' has no outcome")),
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

    fn check_facts_are_read(&mut self, world: &World, truth: &Truth, facts: &FactNames) {
        let variants = world.evidence.iter().flatten().flatten().map(|variant| variant.guard);
        let outcomes = world.remedies.iter().flat_map(|remedy| remedy.outcomes.iter().map(|outcome| outcome.guard));
        let unread = facts.unread(variants.chain(outcomes).chain(std::iter::once(truth.goal)));
        for name in unread.into_iter().map(str::to_owned).collect::<Vec<_>>() {
            self.wrong(format!("facts.{name}"), "no guard reads it");
        }
    }
}

fn targets_of(kind: Remediation, [services, runbooks, flags]: &[Vec<Arc<str>>; 3]) -> &[Arc<str>] {
    match kind {
        Remediation::ExecuteRunbookStep => runbooks,
        Remediation::DisableFeatureFlag => flags,
        _ => services,
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
