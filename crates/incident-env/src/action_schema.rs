//! The schema of actions: the actions by group with their parameters, and what is defined about their words.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::action::{ActionKind, Remediation, Submission};
use crate::definitions::{Definition, Definitions};
use crate::question::{LookParameter, without_service};
use crate::severity::Severity;
use crate::task::{Task, Tasks};

/// A parameter with its form.
type Parameter = (&'static str, String);

/// The actions that are offered, with their parameters, and the definitions of their words.
#[derive(Debug, Clone)]
pub struct ActionSchema {
    actions: Vec<ActionKind>,
    definitions: Definitions,
}

impl ActionSchema {
    /// Returns the schema of all actions, with what any of the tasks defines.
    #[must_use]
    pub fn of_all(tasks: &Tasks) -> Self {
        let mut definitions = Definitions::default();
        for task in tasks.iter() {
            let Definitions { mechanisms, verbs, rules } = &*task.definitions;
            add(&mut definitions.mechanisms, mechanisms);
            add(&mut definitions.verbs, verbs);
            add(&mut definitions.rules, rules);
        }
        Self { actions: ActionKind::all().collect(), definitions }
    }

    /// Returns the schema of the actions that a task offers, or `None` if the task defines nothing.
    #[must_use]
    pub fn of(task: &Task) -> Option<Self> {
        let definitions = &*task.definitions;
        let schema = || Self { actions: task.actions.clone(), definitions: definitions.clone() };
        (!definitions.is_empty()).then(schema)
    }

    /// Returns the parameters of an action.
    fn parameters(&self, kind: &ActionKind) -> Vec<Parameter> {
        let text = |name: &'static str| (name, "string".to_owned());
        // Where words are defined, answers name them, and cite records.
        let cites = !self.definitions.is_empty();
        let form = |name: &'static str| match name {
            "path" | "evidence" => (name, "array of strings".to_owned()),
            "confidence" => (name, "number from 0 to 1".to_owned()),
            _ => text(name),
        };
        let names = |names: &[&'static str]| names.iter().map(|name| form(name)).collect::<Vec<_>>();
        match kind {
            ActionKind::Diagnostic(kind) if cites => {
                let service = match without_service(*kind) {
                    Some(what) => ("service", format!("string, optional: {what}")),
                    None => text("service"),
                };
                let optional =
                    |one: &LookParameter| (one.as_str(), format!("{}, optional: {}", one.form(), one.about()));
                [service].into_iter().chain(LookParameter::of(*kind).iter().map(optional)).collect()
            }
            ActionKind::Diagnostic(_) => names(&["service"]),
            ActionKind::Remediation(kind) => {
                let extra = match kind {
                    Remediation::RollbackDeploy => vec![("target_version", "string, optional".to_owned())],
                    Remediation::ScaleService => vec![("replicas", "integer, optional".to_owned())],
                    Remediation::ExecuteRunbookStep if cites => vec![
                        ("target", "string; observe takes none".to_owned()),
                        ("minutes", "integer, for observe alone".to_owned()),
                    ],
                    _ => Vec::new(),
                };
                [text(kind.target_parameters()[0])].into_iter().chain(extra).collect()
            }
            ActionKind::Submission(Submission::Severity) => {
                let more = if cites { names(&["evidence", "confidence"]) } else { Vec::new() };
                [("severity", Severity::NAMES.join(" | "))].into_iter().chain(more).collect()
            }
            ActionKind::Submission(Submission::RootCause) if cites => {
                names(&["service", "mechanism", "trigger", "path", "evidence", "confidence"])
            }
            ActionKind::Submission(Submission::RootCause) => names(&["service", "failure_mode"]),
            ActionKind::Submission(Submission::Resolution) if cites => names(&["service", "mechanism", "status"]),
            ActionKind::Submission(Submission::Resolution) => names(&["summary"]),
            ActionKind::Other(_) => Vec::new(),
        }
    }
}

/// Adds the definitions that are not there yet.
fn add(to: &mut Vec<Definition>, from: &[Definition]) {
    for one in from {
        if to.iter().all(|known| known.name != one.name) {
            to.push(one.clone());
        }
    }
}

impl Serialize for ActionSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |is: fn(&ActionKind) -> bool| OfGroup { schema: self, is };
        let mut groups = serializer.serialize_map(None)?;
        groups.serialize_entry("diagnostic", &of(|kind| matches!(kind, ActionKind::Diagnostic(_))))?;
        groups.serialize_entry("remediation", &of(|kind| matches!(kind, ActionKind::Remediation(_))))?;
        groups.serialize_entry("submission", &of(|kind| matches!(kind, ActionKind::Submission(_))))?;
        for (name, list) in self.definitions.lists() {
            groups.serialize_entry(name, &ByName(list))?;
        }
        groups.end()
    }
}

/// The actions of a group: `{action: {parameter: form}}`.
struct OfGroup<'a> {
    schema: &'a ActionSchema,
    is: fn(&ActionKind) -> bool,
}

impl Serialize for OfGroup<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let actions = self.schema.actions.iter().filter(|kind| (self.is)(kind));
        serializer.collect_map(actions.map(|kind| (kind.as_str(), Parameters(self.schema.parameters(kind)))))
    }
}

/// Parameters on the wire: `{parameter: form}`.
struct Parameters(Vec<Parameter>);

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, form)| (name, form)))
    }
}

/// Definitions on the wire: `{name: text}`, in their order.
struct ByName<'a>(&'a [Definition]);

impl Serialize for ByName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|one| (&one.name, &one.text)))
    }
}
