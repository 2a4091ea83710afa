//! A hand-written world: its script, and the sealed answers.

use super::facts::FactNames;
use super::script::Script;
use super::strict_truth::StrictTruth;
use super::truth::Truth;

/// A hand-written world. The texts of diagnostics and the outcomes of remediations depend on the facts that hold.
#[derive(Debug)]
pub(crate) struct ScriptedWorld {
    /// The names of the facts.
    pub(super) facts: FactNames,
    /// The texts and outcomes.
    pub(super) script: Script,
    /// The right answers.
    pub(super) truth: Truth,
    /// The strict grader's facts. `None` if the world has the classic grade alone.
    pub(super) strict: Option<StrictTruth>,
}
