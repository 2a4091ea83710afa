//! Describes the schema of an action.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::shape::maybe_counted;
use incident_env::ActionKind;

/// Lists the 14 actions. Another name is a legal step that costs points, but a schema should say what is right.
pub(crate) fn action_types(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = ActionKind::all().map(|kind| kind.as_str().to_owned()).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// Describes a text that should be one of these names. Another text is read too, and judged by its use.
pub(crate) fn open(names: impl Iterator<Item = String>, orelse: &Value) -> Schema {
    let names: Vec<_> = names.collect();
    json_schema!({ "anyOf": [{ "type": "string", "enum": names }, orelse] })
}

pub(crate) fn any_action_type(_: &mut SchemaGenerator) -> Schema {
    open(ActionKind::all().map(|kind| kind.as_str().to_owned()), &json!({ "type": "string" }))
}

/// Describes a parameter that simulated worlds judge, so that another form than the described one costs the step. In other
/// worlds it is an ordinary key, which is kept and otherwise ignored.
pub(crate) fn judged_by_the_world(_: &mut SchemaGenerator) -> Schema {
    json_schema!({})
}

/// One action: a look, a repair, or the answer that ends the episode.
#[derive(JsonSchema)]
pub(crate) struct IncidentAction {
    /// What to do. `available_actions` of the observation lists what the task offers.
    #[schemars(schema_with = "action_types")]
    action_type: String,
    /// Its parameters. Other keys are kept in the history and otherwise ignored.
    #[serde(default)]
    parameters: Parameters,
}

/// The parameters of actions; each action needs those that its target takes.
#[derive(Default, JsonSchema, serde::Serialize)]
#[serde(default)]
#[schemars(inline)]
pub(crate) struct Parameters {
    /// The service: of diagnostics, of most remediations, and of `submit_root_cause`. In simulated worlds
    /// `check_recent_deploys` and `check_service_status` can do without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// The answer of `submit_severity`: P1, P2, P3 or P4.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<String>,
    /// The answer of `submit_root_cause`: how the service failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_mode: Option<String>,
    /// The answer of `submit_resolution`: what failed, what was done, and the present state.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    /// The flag of `disable_feature_flag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<String>,
    /// The step of `execute_runbook_step`.
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook_action: Option<String>,
    /// Stands in for a missing `runbook_action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// The version for `rollback_deploy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_version: Option<String>,
    /// How many replicas `scale_service` should come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "maybe_counted")]
    replicas: Option<i64>,
    /// In simulated worlds: what failed, one of `mechanisms`, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    mechanism: Option<String>,
    /// In simulated worlds: the change that set it off, or none, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    trigger: Option<String>,
    /// In simulated worlds: from the alerted service to the root, as a list of texts or a text with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    path: Option<Vec<String>>,
    /// In simulated worlds: the records that show it, at most eight, as a list of texts or a text with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    evidence: Option<Vec<String>>,
    /// In simulated worlds: how sure, a number from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    confidence: Option<f64>,
    /// In simulated worlds: resolved, mitigated, unresolved or `no_incident`, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    status: Option<String>,
    /// In simulated worlds: how long `observe` waits, a number from 1 to 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    minutes: Option<u32>,
    /// In simulated worlds, for `check_metrics`: one metric by its name, as a text. Without it the dashboard is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    metric: Option<String>,
    /// In simulated worlds, for `check_metrics`: what the metric is split by: node, zone, version, flag, client, route, code,
    /// peer, partition or reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    by: Option<String>,
    /// In simulated worlds, for `check_metrics` and `query_logs`: how many minutes to look back, a number from 1 to 120.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    window: Option<u32>,
    /// In simulated worlds, for `query_logs`: only lines that contain this text, which is no pattern.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    matching: Option<String>,
    /// In simulated worlds, for `query_logs`: only lines of this level: error, warn or info.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "judged_by_the_world")]
    level: Option<String>,
    /// Why; it is kept and changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
}

/// An action of any kind: a kind that is not known is a step that costs points.
#[derive(JsonSchema)]
pub(crate) struct AnyAction {
    /// What to do. `available_actions` of the observation lists what the task offers.
    #[schemars(schema_with = "any_action_type")]
    action_type: String,
    /// Its parameters. Other keys are kept in the history and otherwise ignored.
    #[serde(default)]
    parameters: Option<Parameters>,
}
