//! The script of a hand-written world: what diagnostics show and what remediations do, depending on the facts that
//! hold.

use std::sync::Arc;

use super::facts::{Effect, FactSet, Guard};
use crate::action::{Diagnostic, Remediation};
use crate::text::Text;

/// A text that is shown while a guard holds.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    pub(super) guard: Guard,
    pub(super) text: Text,
}

/// The outcome of a remediation while a guard holds.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) guard: Guard,
    pub(super) effect: Effect,
    pub(super) text: Text,
}

/// A remediation with its target, written `kind:target`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemedyKey {
    pub(super) kind: Remediation,
    pub(super) target: Arc<str>,
}

impl std::fmt::Display for RemedyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.target)
    }
}

/// A remediation that the scenario knows.
#[derive(Debug, Clone)]
pub(super) struct Remedy {
    pub(super) key: RemedyKey,
    pub(super) outcomes: Vec<Outcome>,
}

/// The texts of all diagnostics and the outcomes of all remediations, depending on the facts.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The facts at the start.
    pub(super) start: FactSet,
    /// The variants of each text, by the index of the diagnostic and then by the index of the service.
    pub(super) evidence: Vec<Vec<Vec<Variant>>>,
    /// All remediations that the scenario knows.
    pub(super) remedies: Vec<Remedy>,
    /// Indices into `remedies`, by the index of the remediation and then by that of its target (a service, flag or
    /// runbook step).
    pub(super) remedy_index: Vec<Vec<Option<u16>>>,
}

impl Script {
    /// Returns the text that a diagnostic shows. The compiler checks that every diagnostic that the task offers has a
    /// text for every service in every state.
    pub(super) fn look(&self, kind: Diagnostic, service: u16, facts: FactSet) -> Option<&Text> {
        let variants = self.evidence.get(kind.index())?.get(usize::from(service))?;
        variants.iter().find(|variant| variant.guard.allows(facts)).map(|variant| &variant.text)
    }

    /// Returns the remediation with this target, if the scenario describes it.
    pub(super) fn remedy(&self, kind: Remediation, target: usize) -> Option<u16> {
        *self.remedy_index.get(kind.index())?.get(target)?
    }

    /// Returns the remediation of this key, such as `restart_service:stock-db`.
    pub(super) fn remedy_of_key(&self, key: &str) -> Option<u16> {
        let found = self.remedies.iter().position(|remedy| remedy.key.to_string() == key);
        found.and_then(|index| u16::try_from(index).ok())
    }

    /// Returns the outcome of a remediation in a state.
    pub(super) fn outcome(&self, remedy: u16, facts: FactSet) -> Option<&Outcome> {
        self.remedies.get(usize::from(remedy))?.outcomes.iter().find(|outcome| outcome.guard.allows(facts))
    }
}

/// Returns the text of a remediation that the scenario does not describe.
pub(super) fn default_outcome(kind: Remediation, target: &str) -> String {
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
