//! The TOML form of a scenario. `schemas/scenario.schema.json` is made from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::Alert;
use crate::task::TaskId;

/// The alert in a scenario file.
pub type AlertFile = Alert;

/// One scenario: what is shown, what happens, and the sealed truth.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Unique; letters, digits and `-`.
    pub id: String,
    /// The task that it poses.
    pub task: TaskId,
    /// What the pager says: the agent's first view of the incident.
    pub summary: String,
    /// Every service that exists.
    pub services: Vec<String>,
    /// The runbook steps that can be executed, decoys among them (`remediation_planning` only).
    #[serde(default)]
    pub runbooks: Vec<String>,
    /// The feature flags that can be disabled, decoys among them (`remediation_planning` only).
    #[serde(default)]
    pub flags: Vec<String>,
    /// The alert that opened the incident.
    pub alert: AlertFile,
    /// The latent state at the start: named booleans (`remediation_planning` only).
    #[serde(default)]
    pub facts: BTreeMap<String, bool>,
    /// The right answers; no observation can reach them.
    pub truth: TruthFile,
    /// What the strict grader has to know besides; without it there is the classic grade alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<StrictFile>,
    /// By diagnostic, then by service: variants, the first of which whose guard holds is shown.
    pub evidence: BTreeMap<String, BTreeMap<String, Vec<VariantFile>>>,
    /// By remediation, then by target: what it does, the first whose guard holds.
    #[serde(default)]
    pub outcome: BTreeMap<String, BTreeMap<String, Vec<OutcomeFile>>>,
}

/// What the text of a scenario file says, in one form whatever its comments, its line ends and the order of its keys; none if it
/// says no scenario.
pub(crate) fn content(text: &str) -> Option<String> {
    serde_json::to_string(&toml::from_str::<ScenarioFile>(text).ok()?).ok()
}

/// The right answers of a scenario; which of them are needed depends on the task.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TruthFile {
    /// `alert_classification`: P1, P2, P3 or P4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// `root_cause_analysis`: the service in which it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<String>,
    /// `root_cause_analysis`: terms, one of which a right failure mode contains.
    #[serde(default)]
    pub failure_mode_terms: Vec<String>,
    /// `remediation_planning`: the repair, as `kind:target`, in order.
    #[serde(default)]
    pub correct_sequence: Vec<String>,
    /// Remediations that do harm, as `kind:target`.
    #[serde(default)]
    pub wrong_actions: Vec<String>,
    /// `remediation_planning`: terms that a good summary contains.
    #[serde(default)]
    pub resolution_terms: Vec<String>,
    /// `remediation_planning`: the facts that hold when the incident is over (`!` negates).
    #[serde(default)]
    pub goal: Vec<String>,
}

/// What the strict grader of a scenario knows. Readings are `diagnostic:service`, changes `remediation:target`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StrictFile {
    /// `alert_classification`: the readings that say what users lose.
    #[serde(default)]
    pub impact: Vec<String>,
    /// `root_cause_analysis`, and if wanted `remediation_planning`: how it failed, one of the closed list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mechanism: Option<String>,
    /// `root_cause_analysis`: the names by which an answer can give the change that set it off.
    #[serde(default)]
    pub trigger: Vec<String>,
    /// `root_cause_analysis`: the pairs of services of which the first makes the second fail.
    #[serde(default)]
    pub acts: Vec<[String; 2]>,
    /// What has to be seen to know the cause: of each of these, one reading.
    #[serde(default)]
    pub clues: Vec<Vec<String>>,
    /// `remediation_planning`: the runbook steps that look and change nothing.
    #[serde(default)]
    pub checks: Vec<String>,
    /// `remediation_planning`: the facts that hold when what set it off is gone (`!` negates).
    #[serde(default)]
    pub durable: Vec<String>,
    /// `remediation_planning`: what has to be looked at after the last step that helped: of each of these, one reading or check.
    #[serde(default)]
    pub verify: Vec<Vec<String>>,
}

/// A text that is shown while its guard holds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantFile {
    /// Facts that must hold (`!` negates); empty means always.
    #[serde(default)]
    pub when: Vec<String>,
    /// What the tool prints.
    pub text: String,
}

/// What a remediation does while its guard holds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeFile {
    /// Facts that must hold (`!` negates); empty means always.
    #[serde(default)]
    pub when: Vec<String>,
    /// Facts that become true.
    #[serde(default)]
    pub set: Vec<String>,
    /// Facts that become false.
    #[serde(default)]
    pub clear: Vec<String>,
    /// What the tool prints.
    pub text: String,
}
