//! Offers the actions as tools. A call of a tool that is an action counts as a step.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::serve::app::App;
use crate::serve::episodes::choice::Choice;
use crate::serve::episodes::play::Play;
use crate::serve::error::{Fault, Misfit, excerpt};
use incident_env::{
    Action, ActionKind, Definition, Diagnostic, LOOK_BACK, LookParameter, Remediation, Severity, Submission, TaskId,
    Tasks, without_service,
};

/// The tool that begins an episode. OpenEnv reserves the name `reset`.
pub(super) const START: &str = "start_incident";
/// The tool that shows the observation without a step.
pub(super) const SHOW: &str = "show_incident";

/// A tool: its name, its description, and the schema of its arguments.
struct Tool {
    name: String,
    description: String,
    schema: Value,
}

/// Lists all tools. They do not change with the task, so clients may keep the list. The observation's
/// `available_actions` names the ones that the task offers.
fn tools(tasks: &Tasks) -> impl Iterator<Item = Tool> {
    let start = Tool {
        name: START.to_owned(),
        description: "Start another incident: by scenario_id, by task_id and scenario_index, or drawn by a seed. \
                      Without arguments the first one. Not while one is under way."
            .to_owned(),
        schema: json!({
            "type": "object",
            "properties": {
                "task_id": { "type": "string", "enum": TaskId::ALL },
                "scenario_index": { "type": "integer", "minimum": 0 },
                "scenario_id": { "type": "string" },
                "seed": { "type": "integer", "minimum": 0 },
            },
        }),
    };
    let show = Tool {
        name: SHOW.to_owned(),
        description: "The incident as far as it is known: the alert, the actions that its task offers, services, and \
                      what was queried. Takes no step."
            .to_owned(),
        schema: json!({ "type": "object", "properties": {} }),
    };
    // Only simulated worlds define words.
    let simulated = tasks.iter().any(|task| !task.definitions.is_empty());
    let action = move |kind: ActionKind| {
        let (description, mut properties, mut required) = about(&kind);
        let mut description = description.to_owned();
        if let (ActionKind::Diagnostic(kind), true) = (&kind, simulated) {
            add_look_parameters(*kind, &mut description, &mut properties, &mut required);
        }
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        Tool { name: kind.as_str().to_owned(), description: defined(&description, &kind, tasks), schema }
    };
    [start, show].into_iter().chain(ActionKind::all().map(action))
}

/// Adds what only simulated worlds read of a look: its optional parameters, and that some looks need no service.
fn add_look_parameters(
    kind: Diagnostic,
    description: &mut String,
    properties: &mut Value,
    required: &mut Vec<&'static str>,
) {
    for parameter in LookParameter::of(kind) {
        let mut schema = match parameter {
            LookParameter::Window => {
                json!({ "type": "integer", "minimum": LOOK_BACK.start(), "maximum": LOOK_BACK.end() })
            }
            _ => json!({ "type": "string" }),
        };
        if !parameter.choices().is_empty() {
            schema["enum"] = json!(parameter.choices());
        }
        schema["description"] = format!("Optional: {}.", parameter.about()).into();
        properties[parameter.as_str()] = schema;
    }
    if let Some(what) = without_service(kind) {
        let _ = write!(description, " The service is optional: {what}.");
        required.clear();
    }
}

/// Appends what the tasks define about an action: to an answer the rules and mechanisms of its task, to a remediation what
/// it does, and to the steps of runbooks all of them.
fn defined(description: &str, kind: &ActionKind, tasks: &Tasks) -> String {
    let mut text = description.to_owned();
    let of_repairs = &tasks.get(TaskId::RemediationPlanning).definitions;
    let lists: Vec<&[Definition]> = match kind {
        ActionKind::Remediation(Remediation::ExecuteRunbookStep) => {
            vec![&of_repairs.verbs]
        }
        ActionKind::Remediation(kind) => {
            if let Some(verb) = of_repairs.verb(kind.as_str()) {
                text.push(' ');
                text.push_str(verb);
            }
            Vec::new()
        }
        ActionKind::Submission(kind) => {
            let asked = tasks.iter().filter(|task| task.id.submission() == *kind);
            asked.flat_map(|task| [&*task.definitions.mechanisms, &*task.definitions.rules]).collect()
        }
        ActionKind::Diagnostic(_) | ActionKind::Other(_) => Vec::new(),
    };
    for Definition { name, text: meaning } in lists.into_iter().flatten() {
        let _ = write!(text, "\n- {name}: {meaning}");
    }
    text
}

/// Joins the properties of an answer with those that only simulated worlds read.
fn answer(properties: &Value, more: &[&str]) -> Value {
    // Some clients pass over a tool with a property that has no type. A list in the place of the commas is read as well.
    let typed = |kind: &str, text: &str| json!({ "type": kind, "description": format!("In simulated worlds: {text}") });
    let in_simulated = |text: &str| typed("string", text);
    let about = |name: &str| match name {
        "mechanism" => in_simulated("one of mechanisms, or none."),
        "trigger" => in_simulated("the change that set it off, or none."),
        "path" => in_simulated("the services from the alerted one to the root, with commas between."),
        "evidence" => in_simulated("ids of records such as e-7k3mf9q2xd that show it, with commas between, at most 8."),
        "confidence" => typed("number", "how sure, from 0 to 1."),
        "status" => in_simulated("resolved, mitigated, unresolved or no_incident."),
        _ => in_simulated("the service at the root, or none."),
    };
    let mut all = properties.as_object().cloned().unwrap_or_default();
    all.extend(more.iter().map(|name| ((*name).to_owned(), about(name))));
    Value::Object(all)
}

/// Returns the description of an action, its parameters, and the names of the required ones.
fn about(kind: &ActionKind) -> (&'static str, Value, Vec<&'static str>) {
    let text = json!({ "type": "string" });
    let service = json!({ "type": "string", "description": "One of known_services." });
    let only_service = json!({ "service": service });
    let (description, properties) = match kind {
        ActionKind::Diagnostic(kind) => match kind {
            Diagnostic::QueryLogs => ("Recent log lines of a service.", only_service),
            Diagnostic::CheckMetrics => ("Metrics of a service with their baselines.", only_service),
            Diagnostic::CheckDependencies => ("What a service calls, and how those calls go.", only_service),
            Diagnostic::CheckRecentDeploys => ("Recent deploys and configuration changes of a service.", only_service),
            Diagnostic::CheckServiceStatus => ("Replicas, restarts, probes and resources of a service.", only_service),
        },
        ActionKind::Remediation(kind) => match kind {
            Remediation::RestartService => ("Restart a service.", only_service),
            Remediation::RollbackDeploy => {
                ("Take back a change of a service.", json!({ "service": service, "target_version": text }))
            }
            Remediation::ScaleService => {
                let replicas = json!({ "type": "integer" });
                ("Give a service more replicas.", json!({ "service": service, "replicas": replicas }))
            }
            Remediation::DisableFeatureFlag => {
                let flag = json!({ "type": "string", "description": "One of feature_flags." });
                ("Turn a feature flag off.", json!({ "flag": flag }))
            }
            Remediation::ClearCache => ("Empty the cache of a service.", only_service),
            Remediation::ExecuteRunbookStep => {
                let step = json!({ "type": "string", "description": "One of available_runbooks." });
                let target = json!({ "type": "string", "description": "In simulated worlds: what it is done to." });
                let minutes =
                    json!({ "type": "integer", "description": "In simulated worlds: how long observe waits." });
                ("Run one step of a runbook.", json!({ "runbook_action": step, "target": target, "minutes": minutes }))
            }
        },
        ActionKind::Submission(kind) => match kind {
            Submission::Severity => (
                "The answer to alert_classification: P1 (critical, core business down), P2 (major, degraded for many \
                 users), P3 (minor, little or no user impact) or P4 (informational). Ends the episode.",
                answer(
                    &json!({ "severity": { "type": "string", "enum": Severity::NAMES } }),
                    &["evidence", "confidence"],
                ),
            ),
            Submission::RootCause => (
                "The answer to root_cause_analysis: the service in which the incident began, and a sentence on how it \
                 failed. Ends the episode.",
                answer(
                    &json!({ "service": service, "failure_mode": text }),
                    &["mechanism", "trigger", "path", "evidence", "confidence"],
                ),
            ),
            Submission::Resolution => (
                "The answer to remediation_planning: what failed, what was done, and the state now, in a few \
                 sentences. Ends the episode.",
                answer(&json!({ "summary": text }), &["service", "mechanism", "status"]),
            ),
        },
        ActionKind::Other(_) => ("", json!({})),
    };
    let required = match kind {
        ActionKind::Diagnostic(_) => vec!["service"],
        ActionKind::Remediation(kind) => vec![kind.target_parameters()[0]],
        ActionKind::Submission(Submission::Severity) => vec!["severity"],
        ActionKind::Submission(Submission::RootCause) => vec!["service", "failure_mode"],
        ActionKind::Submission(Submission::Resolution) => vec!["summary"],
        ActionKind::Other(_) => Vec::new(),
    };
    (description, properties, required)
}

/// Returns the list for `tools/list`, with the schema under MCP's key and under OpenEnv's.
pub(super) fn listed(tasks: &Tasks) -> Value {
    let tool = |Tool { name, description, schema }: Tool| json!({ "name": name, "description": description, "inputSchema": schema, "input_schema": schema });
    json!({ "tools": tools(tasks).map(tool).collect::<Vec<_>>() })
}

/// Returns the list for the step action `list_tools`, whose clients know these keys only.
pub(super) fn listed_by_step(tasks: &Tasks) -> Value {
    let tool = |Tool { name, description, schema }: Tool| json!({ "name": name, "description": description, "input_schema": schema });
    json!({ "tools": tools(tasks).map(tool).collect::<Vec<_>>() })
}

/// The reason for which a call is not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallFault {
    /// No tool has the name.
    #[error("Unknown tool: '{0}'")]
    Unknown(String),
    /// The arguments have the wrong form.
    #[error("{0}")]
    Arguments(Misfit),
    /// The incident cannot be started, or must not be played on.
    #[error(transparent)]
    Refused(Fault),
    /// An incident is under way, and starting over would undo steps that cost points.
    #[error(
        "this incident is still under way (step {step} of {most}); submit an answer, or use up the steps, before you \
         start another"
    )]
    UnderWay {
        /// The number of steps taken.
        step: u32,
        /// The step limit.
        most: u32,
    },
}

impl CallFault {
    /// Returns OpenEnv's code word for the reason.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "tool_not_found",
            Self::Arguments(_) => "invalid_args",
            Self::Refused(_) | Self::UnderWay { .. } => "execution_error",
        }
    }
}

/// The result of a call, in the form of an answer to a step on a socket: `{observation, reward, done}` and, after a
/// step, `metadata`.
#[derive(Debug)]
pub(super) struct ToolResult(Box<RawValue>);

/// The parts of a result that are repeated beside it.
#[derive(Deserialize)]
pub(super) struct Parts<'a> {
    #[serde(borrow)]
    pub(super) reward: &'a RawValue,
    pub(super) done: bool,
    #[serde(borrow)]
    pub(super) metadata: Option<&'a RawValue>,
}

impl ToolResult {
    fn of<T: Serialize>(view: &T) -> Self {
        Self(to_raw_value(view).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// Reads reward, end and metadata from the text that was made for the client, so that nothing else can be
    /// disclosed.
    pub(super) fn parts(&self) -> Parts<'_> {
        let nothing = Parts { reward: RawValue::NULL, done: false, metadata: None };
        serde_json::from_str(self.0.get()).unwrap_or(nothing)
    }
}

/// Calls a tool.
pub(super) fn call(
    app: &App,
    play: &mut Play,
    name: &str,
    arguments: Map<String, Value>,
) -> Result<ToolResult, CallFault> {
    let visibility = app.options.visibility;
    match (name, ActionKind::from(name)) {
        (START, _) => {
            let choice = Choice::read(arguments).map_err(CallFault::Arguments)?;
            let (step, most) = (play.episode.observation().step_count, play.episode.observation().task().max_steps);
            if step > 0 && !play.episode.is_done() {
                return Err(CallFault::UnderWay { step, most });
            }
            *play = app.start(&choice).map_err(CallFault::Refused)?;
            app.metrics.episode();
            Ok(ToolResult::of(&visibility.openenv_reset(&play.episode, &play.name)))
        }
        (SHOW, _) => Ok(ToolResult::of(&visibility.openenv_seen(&play.episode, &play.name))),
        (_, ActionKind::Other(_)) => Err(CallFault::Unknown(excerpt(name).into_owned())),
        (_, kind) => {
            let action = Action::new(kind, arguments).map_err(|error| {
                let misfit = Misfit::from(error);
                let place = misfit.place.strip_prefix("parameters.").unwrap_or(&misfit.place).to_owned();
                CallFault::Arguments(Misfit { place, ..misfit })
            })?;
            let (outcome, name) = app.step(play, &action).map_err(CallFault::Refused)?;
            Ok(ToolResult::of(&visibility.openenv_step(&outcome, name)))
        }
    }
}

/// The answer to a call, in MCP's keys and in those of OpenEnv's clients.
#[derive(Serialize)]
pub(super) struct CallResult<'a> {
    content: [Text<'a>; 1],
    #[serde(rename = "structuredContent", skip_serializing_if = "Option::is_none")]
    structured: Option<&'a RawValue>,
    structured_content: Option<&'a RawValue>,
    data: Data<'a>,
    #[serde(rename = "isError")]
    is_error_in_mcp: bool,
    is_error: bool,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta_in_mcp: Option<Meta<'a>>,
    meta: Option<Meta<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// The part that OpenEnv's clients pass on: the whole result, or the problem.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    ToolResult(&'a RawValue),
    Problem(&'a str),
}

#[derive(Clone, Copy, Serialize)]
struct Meta<'a> {
    reward: &'a RawValue,
    done: bool,
}

impl<'a> CallResult<'a> {
    /// Makes the answer to a call that was carried out.
    pub(super) fn good(tool_result: &'a ToolResult) -> Self {
        let Parts { reward, done, .. } = tool_result.parts();
        let meta = Some(Meta { reward, done });
        Self {
            content: [Text { r#type: "text", text: tool_result.0.get() }],
            structured: Some(&tool_result.0),
            structured_content: Some(&tool_result.0),
            data: Data::ToolResult(&tool_result.0),
            is_error_in_mcp: false,
            is_error: false,
            meta_in_mcp: meta,
            meta,
        }
    }

    /// Makes the answer to a call with a problem that the caller can correct.
    pub(super) fn bad(problem: &'a str) -> Self {
        Self {
            content: [Text { r#type: "text", text: problem }],
            structured: None,
            structured_content: None,
            data: Data::Problem(problem),
            is_error_in_mcp: true,
            is_error: true,
            meta_in_mcp: None,
            meta: None,
        }
    }
}
