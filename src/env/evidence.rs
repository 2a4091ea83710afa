//! Evidence and outcomes: texts that depend on the state of the world.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::action::{Diagnostic, Remediation};
use super::facts::{Effect, Facts, Guard};

/// A text that is kept with its JSON form, so that an observation is written without escaping it again.
#[derive(Debug, Clone)]
pub struct Text(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    plain: String,
    json: Box<RawValue>,
}

impl Text {
    /// Keeps a text.
    #[must_use]
    pub fn new(plain: impl Into<String>) -> Self {
        let plain = plain.into();
        let json = raw(&plain);
        Self(Arc::new(Inner { plain, json }))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.plain
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0.plain == other.0.plain
    }
}

/// The JSON form of a value that has one. `null` stands in for a value that has none, which no caller passes.
pub(super) fn raw<T: Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A text that is shown while a guard holds.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) guard: Guard,
    pub(crate) text: Text,
}

/// What a remediation does while a guard holds.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) guard: Guard,
    pub(crate) effect: Effect,
    pub(crate) text: Text,
}

/// A remediation and its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemedyKey {
    pub(crate) kind: Remediation,
    pub(crate) target: Arc<str>,
}

impl std::fmt::Display for RemedyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.target)
    }
}

/// A remediation that the scenario knows.
#[derive(Debug, Clone)]
pub(crate) struct Remedy {
    pub(crate) key: RemedyKey,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The world of a scenario: what each diagnostic shows and what each remediation does, by the facts.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    /// The facts at the start.
    pub(crate) start: Facts,
    /// By diagnostic, then by service index.
    pub(crate) evidence: Vec<Vec<Vec<Variant>>>,
    /// All remediations that the scenario knows.
    pub(crate) remedies: Vec<Remedy>,
    /// By remediation, then by target index (service, flag or runbook): an index into `remedies`.
    pub(crate) remedy_index: Vec<Vec<Option<u16>>>,
}

impl World {
    /// What a diagnostic shows.
    pub(crate) fn look(&self, kind: Diagnostic, service: usize, facts: Facts) -> Option<&Text> {
        let variants = self.evidence.get(kind.index())?.get(service)?;
        variants.iter().find(|variant| variant.guard.allows(facts)).map(|variant| &variant.text)
    }

    /// The remediation with this target, if the scenario says anything about it.
    pub(crate) fn remedy(&self, kind: Remediation, target: usize) -> Option<u16> {
        *self.remedy_index.get(kind.index())?.get(target)?
    }

    /// What a remediation does now.
    pub(crate) fn outcome(&self, remedy: u16, facts: Facts) -> Option<&Outcome> {
        self.remedies.get(usize::from(remedy))?.outcomes.iter().find(|outcome| outcome.guard.allows(facts))
    }
}

/// What a remediation answers about which the scenario says nothing.
pub(crate) fn default_outcome(kind: Remediation, target: &str) -> String {
    match kind {
        Remediation::RestartService => {
            format!("{target}: rolling restart completed, no change seen in its probes.")
        }
        Remediation::RollbackDeploy => format!("{target}: previous release deployed, no change seen in its probes."),
        Remediation::ScaleService => format!("{target}: one replica added, no change seen in its probes."),
        Remediation::DisableFeatureFlag => format!("No flag named '{target}' exists; nothing was changed."),
        Remediation::ClearCache => format!("{target}: cache emptied, no change seen in its probes."),
        Remediation::ExecuteRunbookStep => format!("No runbook step named '{target}' exists; nothing was executed."),
    }
}
