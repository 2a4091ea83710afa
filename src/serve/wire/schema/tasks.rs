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
    /// By group: each action with its parameters.
    action_schema: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}
