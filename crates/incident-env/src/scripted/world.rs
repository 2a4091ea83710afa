//! A world that was written by hand: its script, and the sealed answers.

use super::facts::FactNames;
use super::script::Script;
use super::strict_truth::StrictTruth;
use super::truth::Truth;

/// A world that was written by hand. What diagnostics show and what remediations do depends on the facts that hold.
#[derive(Debug)]
pub(crate) struct ScriptedWorld {
    /// The names of the facts.
    pub(super) facts: FactNames,
    /// The texts and outcomes.
    pub(super) script: Script,
    /// The right answers.
    pub(super) truth: Truth,
    /// What the strict grader knows besides. `None` where there is the classic grade alone.
    pub(super) strict: Option<StrictTruth>,
}
