//! Describes the schemas of what an agent sees, in the plain form and in OpenEnv's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::shape::Nullable;
use super::tasks::ActionSchema;
use incident_env::{Alert, TaskId};

/// What an agent sees.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Observation {
    /// The episode; a UUID unless the client named it.
    episode_id: String,
    task_id: TaskId,
    scenario_id: String,
    /// Steps taken.
    step_count: u32,
    /// Steps after which the episode times out.
    max_steps: u32,
    incident_summary: String,
    alert: Alert,
    /// What the task offers.
    available_actions: Vec<String>,
    /// What was brought up so far: by action, then by target.
    queried_data: BTreeMap<String, BTreeMap<String, String>>,
    known_services: Vec<String>,
    /// The sum of all rewards; null in an exam.
    cumulative_reward: Nullable<f64>,
    done: bool,
    /// What the last step was.
    feedback: String,
    /// Why the last action was refused.
    last_action_error: Nullable<String>,
    available_runbooks: Vec<String>,
    feature_flags: Vec<String>,
    /// What an answer can name; only where the world is simulated.
    #[serde(default)]
    mechanisms: Vec<String>,
    /// What the task offers and defines; only in the first observation, where the world is simulated.
    #[serde(default)]
    action_schema: Option<ActionSchema>,
}

/// What an agent sees, as OpenEnv has it: `reward`, `done` and `metadata` travel beside the rest.
pub(crate) struct IncidentObservation;

/// The keys that OpenEnv has beside the rest.
#[derive(JsonSchema)]
struct Beside {
    /// What the last step earned; null in an exam.
    #[serde(default)]
    reward: Option<f64>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
}

// It is made of the plain form, so that no key is described twice.
impl JsonSchema for IncidentObservation {
    fn schema_name() -> Cow<'static, str> {
        "IncidentObservation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Observation::json_schema(generator);
        let mut beside = Beside::json_schema(generator);
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.shift_remove("done");
            if let Some(Value::Object(more)) = beside.get_mut("properties") {
                properties.append(more);
            }
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|key| key != "done");
        }
        let about = "What an agent sees, as OpenEnv has it: `reward`, `done` and `metadata` travel beside the rest.";
        schema.insert("description".to_owned(), about.into());
        schema
    }
}
