//! Describes the schema of the list of tasks.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use incident_env::TaskId;

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those on the wire")]
pub(crate) struct Task {
    task_id: TaskId,
    difficulty: String,
    description: String,
    max_steps: u32,
    available_actions: Vec<String>,
    submission: String,
    scenarios: Vec<String>,
}

/// All tasks.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TasksAnswer {
    tasks: Vec<Task>,
    total: u32,
    action_schema: ActionSchema,
}

/// The actions by group, each with its parameters, and what is defined about their words.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionSchema {
    diagnostic: BTreeMap<String, BTreeMap<String, String>>,
    remediation: BTreeMap<String, BTreeMap<String, String>>,
    submission: BTreeMap<String, BTreeMap<String, String>>,
    /// What each mechanism is, where `service` points and what sets it apart; only where the world is simulated.
    #[serde(default)]
    mechanisms: BTreeMap<String, String>,
    /// What each remediation does, needs, takes and risks, and how it is taken back; only where the world is simulated.
    #[serde(default)]
    verbs: BTreeMap<String, String>,
    /// The rules and grades; only where the world is simulated.
    #[serde(default)]
    rules: BTreeMap<String, String>,
}
