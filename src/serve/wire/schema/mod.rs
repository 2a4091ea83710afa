//! The shapes on the wire as types, for JSON Schema only: what is written and read has types of its own, made to be
//! fast. A test holds answers against these.

#![expect(dead_code, reason = "schemas are made of the types, and values of them never are")]

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::serve::api::baseline::MOST_EPOCHS;
use crate::serve::episodes::choice::SPLIT;
use crate::serve::wire::input::LONGEST_ID;
use crate::serve::openenv::metadata::NAME;
use crate::env::{ActionKind, Alert, TaskId};

/// The schema of a type on its own, without references.
pub(crate) fn standalone<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// The 14 actions. Another name is a legal step that costs points; a schema is there to say what is right.
fn action_types(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = ActionKind::all().map(|kind| kind.as_str().to_owned()).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// A text that should be one of these. Another one is read too, and judged by what it is for.
fn open(names: impl Iterator<Item = String>, orelse: &Value) -> Schema {
    let names: Vec<_> = names.collect();
    json_schema!({ "anyOf": [{ "type": "string", "enum": names }, orelse] })
}

fn any_action_type(_: &mut SchemaGenerator) -> Schema {
    open(ActionKind::all().map(|kind| kind.as_str().to_owned()), &json!({ "type": "string" }))
}

fn any_task(_: &mut SchemaGenerator) -> Schema {
    open(TaskId::ALL.iter().map(ToString::to_string), &json!({ "type": ["string", "null"] }))
}

/// The shape of a name in the query or the path.
pub(crate) fn named(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": LONGEST_ID })
}

/// The shape of any text.
pub(crate) fn texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

/// The shape of a number that counts scenarios. One that is out of range has the right form.
pub(crate) fn counted(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer" })
}

/// The shape of a parameter that is an ordinary key where no world is simulated, kept and otherwise ignored whatever it holds.
/// Where one is, another form than the one that is described costs the step.
fn judged_by_the_world(_: &mut SchemaGenerator) -> Schema {
    json_schema!({})
}

/// The shape of yes and no in a query.
pub(crate) fn truths(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "boolean" })
}

/// The shape of a whole number of any size, or null for none.
fn maybe_counted(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"] })
}

/// The shape of a seed.
pub(crate) fn seeds(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0 })
}

/// The name of the one environment.
pub(crate) fn environments(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [NAME] })
}

/// The name of the one split.
fn splits(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [SPLIT] })
}

/// The version of JSON-RPC.
fn two(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["2.0"] })
}

/// The id of a message.
fn message_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "integer", "null"] })
}

/// A value that is always there and may be null.
#[derive(JsonSchema)]
#[schemars(inline)]
struct Nullable<T>(Option<T>);

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
struct Parameters {
    /// The service: of diagnostics, of most remediations, and of `submit_root_cause`.
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
    /// Why; it is kept and changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
}

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
}

/// What an agent sees, as OpenEnv has it: `reward`, `done` and `metadata` travel beside the rest.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncidentObservation {
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
    /// What the last step was.
    feedback: String,
    /// Why the last action was refused.
    last_action_error: Nullable<String>,
    available_runbooks: Vec<String>,
    feature_flags: Vec<String>,
    /// What an answer can name; only where the world is simulated.
    #[serde(default)]
    mechanisms: Vec<String>,
    /// What the last step earned; null in an exam.
    #[serde(default)]
    reward: Option<f64>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// An action in the history.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct ActionRecord {
    action_type: String,
    parameters: Map<String, Value>,
    step: u32,
}

/// The state of an episode.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncidentState {
    episode_id: String,
    task_id: TaskId,
    scenario_id: String,
    step_count: u32,
    max_steps: u32,
    action_history: Vec<ActionRecord>,
    queried_data: BTreeMap<String, BTreeMap<String, String>>,
    submitted: bool,
    /// Whether a resolution was submitted that counts; null in an exam.
    resolved: Nullable<bool>,
    done: bool,
    /// The sum of all rewards; null in an exam.
    cumulative_reward: Nullable<f64>,
    feedback: String,
}

/// The state where no episode was reset yet, for hosts of OpenEnv.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoState {
    episode_id: (),
    step_count: u32,
}

/// The state of an episode, or of none.
#[derive(JsonSchema)]
#[serde(untagged)]
pub(crate) enum StateAnswer {
    Episode(IncidentState),
    None(NoState),
}

/// Which incident, and under which name. Without a word: the first of `alert_classification`. With a seed and no scenario:
/// the one that the seed draws, of the task or of all.
#[derive(JsonSchema)]
pub(crate) struct ResetRequest {
    #[serde(default)]
    #[schemars(schema_with = "any_task")]
    task_id: Option<TaskId>,
    /// Which scenario of the task, from 0.
    #[serde(default)]
    #[schemars(schema_with = "maybe_counted")]
    scenario_index: Option<u32>,
    /// A scenario by its id; the task and the index then do not matter.
    #[serde(default)]
    scenario_id: Option<String>,
    /// Equal seeds draw the same scenario.
    #[serde(default)]
    seed: Option<u64>,
    /// Of the scenarios of this level only: easy, medium, hard, expert.
    #[serde(default)]
    level: Option<String>,
    /// The name under which the episode is kept.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    episode_id: Option<String>,
    /// The split of the Task API that `index` counts in.
    #[serde(default)]
    split: Option<String>,
    /// Which task of the split, from 0; with `suite`, which incident of it.
    #[serde(default)]
    #[schemars(schema_with = "maybe_counted")]
    index: Option<u32>,
    /// An incident that is made for this episode, such as `generated:hard,seed=7`, instead of one of the suite that is served.
    #[serde(default)]
    suite: Option<String>,
}

/// The observation, and beside its keys those of OpenEnv.
#[derive(JsonSchema)]
pub(crate) struct ResetAnswer {
    #[serde(flatten)]
    top: Observation,
    observation: IncidentObservation,
    reward: Nullable<f64>,
    metadata: Map<String, Value>,
}

/// An action of any kind: a kind that is not known is a step that costs points.
#[derive(JsonSchema)]
struct AnyAction {
    /// What to do. `available_actions` of the observation lists what the task offers.
    #[schemars(schema_with = "any_action_type")]
    action_type: String,
    /// Its parameters. Other keys are kept in the history and otherwise ignored.
    #[serde(default)]
    parameters: Option<Parameters>,
}

/// A step as an action alone.
#[derive(JsonSchema)]
#[schemars(extend("not" = { "required": ["action"] }))]
pub(crate) struct PlainStepRequest {
    #[serde(flatten)]
    action: AnyAction,
    /// The episode, where neither header nor query names it.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    episode_id: Option<String>,
}

/// A step as OpenEnv has it.
#[derive(JsonSchema)]
pub(crate) struct OpenenvStepRequest {
    action: AnyAction,
    /// Read and not needed: a step takes no time.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    timeout_s: Option<f64>,
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    request_id: Option<String>,
    /// The episode, where neither header nor query names it.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_ID))]
    episode_id: Option<String>,
}

/// An action, or OpenEnv's request; each is answered in its own form.
#[derive(JsonSchema)]
#[serde(untagged)]
pub(crate) enum StepRequest {
    Plain(PlainStepRequest),
    Openenv(OpenenvStepRequest),
}

/// What a step earned. All null in an exam.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reward {
    score: Nullable<f64>,
    value: Nullable<f64>,
    reason: Nullable<String>,
    cumulative: Nullable<f64>,
}

/// What an episode is worth. The breakdown's keys depend on the task; right answers in it may be null.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Grade {
    total: f64,
    breakdown: Map<String, Value>,
    feedback: String,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Info {
    step: u32,
    feedback: String,
    /// The grade, at the end.
    #[serde(default)]
    grader: Option<Grade>,
    /// The last step's reward without the grade, at the end.
    #[serde(default)]
    shaping: Option<f64>,
}

/// The answer to an action.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepResult {
    observation: Observation,
    reward: Reward,
    done: bool,
    info: Info,
}

/// The answer to OpenEnv's request.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenenvStepResult {
    observation: IncidentObservation,
    reward: Nullable<f64>,
    done: bool,
    metadata: Map<String, Value>,
}

/// The answer to a step, in the form of its request.
#[derive(JsonSchema)]
#[serde(untagged)]
pub(crate) enum StepAnswer {
    Step(StepResult),
    Openenv(OpenenvStepResult),
}

/// The grade of an episode as it stands.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GraderAnswer {
    total: f64,
    breakdown: Map<String, Value>,
    feedback: String,
    task_id: TaskId,
    scenario_id: String,
    steps_used: u32,
    done: bool,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those on the wire")]
struct Task {
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

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    /// `ok`, or `healthy` for hosts of OpenEnv.
    status: String,
    version: String,
}

/// What a run of the server's own agents should be. Where it calls is the server's configuration.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineRequest {
    /// A model that the server is configured with; the first one without it.
    #[serde(default)]
    model: Option<String>,
    /// `llm` or a built-in agent; `llm` without it, or `heuristic` where no model is configured.
    #[serde(default)]
    agent: Option<String>,
    /// The suite that is served.
    #[serde(default)]
    suite: Option<String>,
    /// Repetitions, 1 to 100.
    #[serde(default)]
    #[schemars(range(min = 1, max = MOST_EPOCHS))]
    epochs: Option<u32>,
}

/// What a run came to.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineAnswer {
    alert_classification: Nullable<f64>,
    root_cause_analysis: Nullable<f64>,
    remediation_planning: Nullable<f64>,
    /// The mean of the three.
    overall: Nullable<f64>,
    /// The model, or the built-in agent.
    model: String,
    run_id: String,
    /// The share of steps that the model chose itself; null for built-in agents.
    model_share: Nullable<f64>,
    /// Episodes without a score because the infrastructure failed.
    void: u32,
}

/// How far a run is.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineProgress {
    run_id: String,
    /// `running`, `done` or `failed`.
    status: String,
    /// Episodes that ended.
    episodes: u32,
    /// Episodes in all.
    total: u32,
    result: Nullable<BaselineAnswer>,
    error: Nullable<String>,
}

/// A request of JSON-RPC 2.0.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonRpcRequest {
    #[schemars(schema_with = "two")]
    jsonrpc: String,
    /// Left out of a notification.
    #[serde(default)]
    #[schemars(schema_with = "message_ids")]
    id: Value,
    /// As `tools/list`.
    method: String,
    #[serde(default)]
    params: Map<String, Value>,
}

/// A reply of JSON-RPC 2.0, with a result or an error.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonRpcReply {
    #[schemars(schema_with = "two")]
    jsonrpc: String,
    /// That of the request.
    #[schemars(schema_with = "message_ids")]
    id: Value,
    #[serde(default)]
    result: Option<Map<String, Value>>,
    #[serde(default)]
    error: Option<JsonRpcError>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct JsonRpcError {
    code: i32,
    message: String,
    /// More for programs; often null.
    data: Value,
}

/// Why a request was refused, and what would be right.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    detail: String,
    /// A word for programs.
    code: String,
    /// The run that is under way, where one is in the way.
    #[serde(default)]
    run_id: Option<String>,
}

/// What the environment is.
#[derive(JsonSchema, serde::Serialize)]
pub(crate) struct Metadata {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) readme_content: Option<&'static str>,
    pub(crate) version: &'static str,
    pub(crate) author: Option<&'static str>,
    pub(crate) documentation_url: Option<&'static str>,
}

/// The schemas of OpenEnv's messages.
#[derive(JsonSchema)]
pub(crate) struct Schemas {
    action: Map<String, Value>,
    observation: Map<String, Value>,
    state: Map<String, Value>,
}

/// A part of the suite.
#[derive(JsonSchema, serde::Serialize)]
pub(crate) struct Split {
    pub(crate) name: &'static str,
    pub(crate) r#type: &'static str,
}

/// A task of a split: one scenario. Pass its split and index, or its `scenario_id`, to a reset.
#[derive(JsonSchema, serde::Serialize)]
pub(crate) struct SplitTask<'a> {
    pub(crate) index: usize,
    pub(crate) task_id: TaskId,
    pub(crate) scenario_id: &'a str,
    pub(crate) max_steps: u32,
    pub(crate) description: &'a str,
}

#[derive(JsonSchema)]
pub(crate) struct SplitRequest {
    #[schemars(schema_with = "splits")]
    split: String,
}

#[derive(JsonSchema)]
pub(crate) struct TaskRequest {
    #[schemars(schema_with = "splits")]
    split: String,
    index: u32,
}

#[derive(JsonSchema)]
pub(crate) struct RangeRequest {
    #[schemars(schema_with = "splits")]
    split: String,
    /// The first index [default: 0].
    #[serde(default)]
    start: Option<u32>,
    /// The index after the last one [default: their number].
    #[serde(default)]
    stop: Option<u32>,
}

#[derive(JsonSchema)]
pub(crate) struct SplitTasks {
    tasks: Vec<SplitTask<'static>>,
    env_name: String,
}

#[derive(JsonSchema)]
pub(crate) struct NumTasks {
    num_tasks: usize,
}

#[derive(JsonSchema)]
pub(crate) struct OneTask {
    task: SplitTask<'static>,
}

#[derive(JsonSchema)]
pub(crate) struct SomeTasks {
    tasks: Vec<SplitTask<'static>>,
}
